/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CCID reader with cards, on the USB of this very machine: FunctionFS on dummy_hcd.
 * Any level of exchange, T=0 and T=1, up to four slots. It obeys the specification
 * (CCID 1.1) but for the lies that a test sets, and watches that the driver does.
 * ucard.c is the device, ucard_pipe.c what goes over its pipes, ucard_slot.c what the
 * reader does with its cards, and ucard_card.c what the class has of all that.
 */
#ifndef UCARD_H
#define UCARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "chip.h"
#include "t1card.h"

#define UCARD_SLOTS	4
#define UCARD_LIES	4
#define UCARD_DATA_MAX	8192
/* Ids of a maker that there is not: nothing but a test binds to it. */
#define UCARD_VENDOR	0x1209
#define UCARD_PRODUCT	0xcc1d

/* Message types (CCID 6.1 to 6.3) */
enum {
	CCID_SET_PARAMETERS = 0x61, CCID_POWER_ON = 0x62, CCID_POWER_OFF = 0x63,
	CCID_SLOT_STATUS = 0x65, CCID_SECURE = 0x69, CCID_T0_APDU = 0x6a, CCID_ESCAPE = 0x6b,
	CCID_GET_PARAMETERS = 0x6c, CCID_RESET_PARAMETERS = 0x6d, CCID_CLOCK = 0x6e,
	CCID_XFR_BLOCK = 0x6f, CCID_MECHANICAL = 0x71, CCID_ABORT = 0x72,
	CCID_SET_RATE = 0x73,
	CCID_IS_DATA = 0x80, CCID_IS_STATUS = 0x81, CCID_IS_PARAMETERS = 0x82,
	CCID_IS_ESCAPE = 0x83, CCID_IS_RATE = 0x84,
};

/* dwFeatures */
#define CCID_AUTO_CONFIG	0x2
#define CCID_AUTO_ACTIVATE	0x4
#define CCID_AUTO_VOLTAGE	0x8
#define CCID_AUTO_CLOCK		0x10
#define CCID_AUTO_BAUD		0x20
#define CCID_AUTO_NEGOTIATE	0x40
#define CCID_AUTO_PPS		0x80
#define CCID_AUTO_IFSD		0x400
#define CCID_CHARACTER		0
#define CCID_TPDU		0x10000
#define CCID_SHORT		0x20000
#define CCID_EXTENDED		0x40000
#define CCID_LEVEL		0x70000

/* The class descriptor (CCID 5.1); little endian, as this machine is. */
struct ccid_desc {
	uint8_t bLength, bDescriptorType;
	uint16_t bcdCCID;
	uint8_t bMaxSlotIndex, bVoltageSupport;
	uint32_t dwProtocols, dwDefaultClock, dwMaximumClock;
	uint8_t bNumClockSupported;
	uint32_t dwDataRate, dwMaxDataRate;
	uint8_t bNumDataRatesSupported;
	uint32_t dwMaxIFSD, dwSynchProtocols, dwMechanical, dwFeatures, dwMaxCCIDMessageLength;
	uint8_t bClassGetResponse, bClassEnvelope;
	uint16_t wLcdLayout;
	uint8_t bPINSupport, bMaxCCIDBusySlots;
} __attribute__((packed));

/* Which endpoints the interface has. */
enum { UCARD_OUT = 1, UCARD_IN = 2, UCARD_IRQ = 4, UCARD_ALL = 7 };

/* What becomes of the answer to one message. */
enum ucard_lie {
	UCARD_HONEST,
	UCARD_SILENT,		/* there is none */
	UCARD_LATE,		/* it comes when the next message has come, before its answer */
	UCARD_TWICE,
	UCARD_OTHER_SLOT,	/* @arg is added to bSlot */
	UCARD_OTHER_SEQ,	/* ... to bSeq */
	UCARD_OTHER_TYPE,	/* bMessageType is @arg */
	UCARD_OTHER_LENGTH,	/* @arg is added to dwLength, the bytes stay */
	UCARD_CUT,		/* the first @arg bytes alone */
	UCARD_PADDED,		/* @arg bytes more, of which dwLength knows */
	UCARD_ERROR,		/* failed: bError is @arg */
	UCARD_STATUS,		/* bStatus is @arg */
	UCARD_PARAM,		/* byte 9, bChainParameter and others, is @arg */
	UCARD_TIME,		/* time extensions first, @arg of them; -1: without end */
	UCARD_STALL_IN,		/* the pipe halts */
	UCARD_STALL_OUT,
	UCARD_UNPLUG,		/* off the bus */
	UCARD_PULL,		/* the card is pulled out; the answer says so */
	UCARD_PULL_SILENT,	/* and there is none */
	UCARD_RUBBISH,		/* @arg bytes of no sense */
};

struct ucard_fault {
	enum ucard_lie lie;
	uint8_t type;		/* of messages of this type, 0 = any */
	int slot;		/* -1 = any */
	unsigned int at;	/* the message, from 0, since ucard_lie() */
	unsigned int count;	/* so many in a row, 0 = one */
	int arg;
	unsigned int seen;
};

struct ucard_message {
	uint8_t type, slot, seq, p[3];
	uint32_t len;
	uint8_t data[UCARD_DATA_MAX];
};

struct ucard;

/* Everything behind @lock of the reader. */
struct ucard_slot {
	struct ucard *u;
	unsigned int number;
	pthread_t thread;

	/* the card */
	struct chip chip;
	struct t1card t1;
	bool present;
	uint8_t atr[40];
	size_t n_atr;
	uint8_t classes;	/* it works at: 1 = 5 V, 2 = 3 V, 4 = 1.8 V */
	uint8_t ta1, first_protocol;	/* of the ATR; T of TA2 if there is one */
	bool specific;		/* ... and it is, so that PPS is out of place */
	uint8_t protocol;	/* it speaks now */
	uint8_t speed;		/* Fi and Di it has now */
	uint8_t pps_answer;	/* 0: as asked; 1: mute; 2: another rate; 3: without PPS1 */
	unsigned int think_ms;
	unsigned int part_max;	/* bytes of an answer in one message; 0: what fits */

	/* the reader's side of it */
	bool powered;
	uint8_t supply;		/* as bPowerSelect */
	uint8_t reader_protocol, reader_speed;
	uint8_t parameters[7];
	bool fresh;		/* nothing went to the card since its reset */
	bool changed;		/* to be notified */
	bool aborting;
	uint8_t abort_seq;
	uint8_t command[UCARD_DATA_MAX];	/* that comes in parts */
	size_t n_command;
	uint8_t answer[UCARD_DATA_MAX];		/* that goes in parts */
	size_t n_answer, at_answer;

	/* what happened */
	unsigned int power_ons, power_offs, xfrs, pps, set_parameters, aborts;
	uint8_t power_selects[16];

	bool busy;
	struct ucard_message work;
};

struct ucard {
	/* Set before ucard_start(). */
	struct ccid_desc desc;
	bool no_desc;			/* the interface lacks it */
	unsigned int endpoints;		/* UCARD_OUT ... */
	bool full_speed;		/* packets of 64 bytes, not 512 */
	bool quiet;			/* reports no card of its own at the start */
	bool unbound;			/* no driver is told to take it */
	uint8_t class, subclass;	/* of the interface */

	struct ucard_slot slots[UCARD_SLOTS];
	unsigned int n_slots;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct ucard_fault lies[UCARD_LIES];
	int tear_at;			/* off the bus when this transfer has ended, -1: never */
	bool tear_half;			/* in the middle of answer @tear_at */
	unsigned int torn;

	/* what happened */
	int transfers;			/* since ucard_tear() */
	int answers;			/* and messages among them that the reader began to send */
	unsigned int messages;		/* since the start */
	unsigned int notified;		/* interrupt transfers */
	unsigned int broken;		/* times that the driver broke a rule */
	unsigned int enabled;		/* configured so often */
	unsigned int suspends, resumes, control_aborts;
	uint8_t last_seq;

	/* the device */
	char name[32];			/* of the gadget */
	char dir[64];			/* where its endpoints are */
	int ep0, out, in, irq;
	int stop_pipe[2];
	unsigned int mps;
	bool up, stop, started, in_event;
	uint8_t late[UCARD_DATA_MAX + 16];
	size_t n_late;
	bool irq_due;
	uint8_t irq_error;		/* a hardware error to report, its code */
	pthread_t events, reader, interrupts;
	pthread_mutex_t in_lock;	/* one message at a time into the pipe */
};

/* Loads what is needed, and skips the whole program where the kernel does not have it. */
void ucard_need(void);
/* A reader of this level (CCID_TPDU ...), with @slots empty slots; not on the bus yet. */
struct ucard *ucard_new(uint32_t level, unsigned int slots);
/* On the bus, and bound to the driver: dies when USB refuses it. */
void ucard_start(struct ucard *u);
/* Until the class has a slot for each of the reader's; false after 10 s. */
bool ucard_ready(struct ucard *u);
void ucard_free(struct ucard *u);
/* The cable is pulled, and put in again. */
void ucard_unplug(struct ucard *u);
void ucard_plug(struct ucard *u);

/* A card with this ATR (hex) lies ready; with the card's protocol and IFSC in it. */
void ucard_card(struct ucard *u, unsigned int slot, const char *atr);
void ucard_insert_quiet(struct ucard *u, unsigned int slot);	/* tells nobody */
void ucard_remove_quiet(struct ucard *u, unsigned int slot);
/* Reports it, where the reader has an endpoint for that. */
void ucard_put(struct ucard *u, unsigned int slot);
void ucard_pull(struct ucard *u, unsigned int slot);
/* And waits for the card's device and its discovery files, or that it is gone. */
bool ucard_insert(struct ucard *u, unsigned int slot);
bool ucard_remove(struct ucard *u, unsigned int slot);
bool ucard_wait_card(struct ucard *u, unsigned int slot, bool there);
/* Name of a slot in the class, as "/sys/class/uicc/uicc3"; NULL = none. */
const char *ucard_class(struct ucard *u, unsigned int slot);
const char *ucard_path(struct ucard *u, unsigned int slot, const char *name);

/*
 * ATR of a card of T=0 or T=1 that knows rates up to @ta1; @ifsc and @crc are for T=1.
 * With @specific it has TA2. It has the capability of extended APDUs.
 */
const char *ucard_atr(unsigned int protocol, uint8_t ta1, uint8_t ifsc, bool crc, bool specific);
/* The content of all files of the chip, as sysfs has it. */
bool ucard_files(struct ucard *u, unsigned int slot);
/* Reads one of them, cached or not: bytes or -errno. */
int ucard_read(struct ucard *u, unsigned int slot, const char *file);
/* One that no other test has read, so that it comes from the card. */
int ucard_probe(struct ucard *u, unsigned int slot);
long long ucard_now_ms(void);
/* A parameter of the driver's module; the value before in @old, which may be NULL. */
void ucard_param(const char *name, const char *value, char *old, size_t size);

/* Forgets older lies and tells this one. */
void ucard_lie(struct ucard *u, enum ucard_lie lie, uint8_t type, unsigned int at, int arg);
struct ucard_fault *ucard_lie_more(struct ucard *u, enum ucard_lie lie, uint8_t type,
				   unsigned int at, int arg);
void ucard_no_lie(struct ucard *u);
/*
 * Counts transfers from 0 again, and leaves the bus after number @at (-1: not); with
 * @half in the middle of answer number @at.
 */
void ucard_tear(struct ucard *u, int at, bool half);
/* A notification of the reader's own making. */
bool ucard_interrupt(struct ucard *u, const void *data, size_t len);

/* Among the files of the reader; with @lock held. */
void ucard_slot_message(struct ucard_slot *s, const struct ucard_message *m);
void ucard_slot_reset(struct ucard_slot *s);
/* Sends an answer, or what the lies make of it; drops @lock meanwhile. */
struct ucard_reply {
	uint8_t type, status, error, param;
	const uint8_t *data;
	size_t len;
};
void ucard_reply(struct ucard *u, const struct ucard_message *m, const struct ucard_reply *r);
void ucard_broken(struct ucard *u, const char *rule);
void ucard_leave(struct ucard *u);

/* Without. */
void ucard_off(struct ucard *u);
void *ucard_slot_thread(void *slot);
void *ucard_reader_thread(void *u);
void *ucard_interrupt_thread(void *u);
void *ucard_event_thread(void *u);

#endif /* UCARD_H */
