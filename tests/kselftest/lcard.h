/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card at the far end of a serial line, byte for byte as ISO 7816-3 has it: answer
 * to reset, PPS, T=0 or T=1, on the master of a pty whose slave a line discipline
 * drives. What it answers to commands is chip.h's; it obeys the standard but for the
 * one fault that a test arms, at a byte of its choice, and the manners it sets.
 *
 * A pty carries bytes, speeds and nothing else: no parity, no etu, no signals.
 */
#ifndef LCARD_H
#define LCARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip.h"
#include "t1card.h"

#define LCARD_ATR_T0		"3B 93 11 80 1F 43 80 31 E0"
#define LCARD_QUEUE		16384
#define LCARD_LOG		16384

/* What goes wrong, once, at one byte of the line. */
enum lcard_fault {
	LCARD_NONE,
	LCARD_SILENT,	/* it says and hears nothing, until it is inserted anew */
	LCARD_DOZE,	/* the same, until the next reset */
	LCARD_PULL,	/* pulled out of the reader */
	LCARD_HANGUP,	/* the line itself is gone */
	LCARD_DAMAGE,	/* @value is turned in the byte, whoever sent it */
	LCARD_LOSE,	/* the byte gets lost */
	LCARD_NOISE,	/* @value bytes that nobody sent come before it */
	LCARD_NULLS,	/* from here on NULL procedure bytes, each @ms, for ever */
	LCARD_WAIT,	/* it comes @ms later */
};

enum lcard_pps {
	LCARD_PPS_AGREE,
	LCARD_PPS_PLAIN,	/* agrees to the protocol alone, without PPS1 */
	LCARD_PPS_SILENT,
	LCARD_PPS_OTHER,	/* another speed than it was asked */
	LCARD_PPS_PROTOCOL,	/* another protocol */
	LCARD_PPS_PCK,		/* a check byte that is wrong */
	LCARD_PPS_HALF,		/* stops after two bytes */
};

enum lcard_ack {
	LCARD_ACK_ALL,	/* INS: all that remains */
	LCARD_ACK_ONE,	/* INS ^ FF: one byte each time */
	LCARD_ACK_MIX,	/* the one, then the other */
};

struct lcard_t0 {
	/* manners */
	enum lcard_ack ack;
	unsigned int nulls;	/* NULL bytes before each procedure byte and status */
	unsigned int null_ms;	/* and the time before each */
	bool status_first;	/* refuses data with a status word, without ACK */
	bool ack_status;	/* after the ACK of a read comes the status, no data */
	uint8_t bad_procedure;	/* sends this once instead of ACK; 0: no */

	/* its state */
	uint8_t cmd[5 + 255], rsp[CHIP_RESPONSE_MAX];
	size_t n_cmd, want, acked;
	bool one;
};

struct lcard {
	/* Set these before it is inserted, or with the lock held. */
	uint8_t atr[40];
	size_t n_atr;
	unsigned int atr_ms;	/* before its ATR */
	unsigned int atr_gap_at, atr_gap_ms;	/* and before this byte of it */
	bool inverse;		/* the convention; TS of @atr is set by it */
	bool echo;		/* the line gives back what the reader sends */
	bool in_band;		/* FF FF is a reset */
	bool tells;		/* the far end says 00 for a card that is not there */
	bool singly;		/* each byte is a write of its own */
	int protocol;		/* that it speaks; of the ATR when it was set */
	bool specific;		/* no PPS, as TA2 says */
	enum lcard_pps pps;
	struct lcard_t0 t0;
	struct t1card t1;	/* its ifsc and crc are what the ATR says */
	unsigned int block_ms;	/* before each block of T=1 ... */
	unsigned int wtx_ms;	/* and before one that it asked time for */
	unsigned int cwt_ms;	/* so long after a part of a block it has failed */
	struct chip chip;

	/* What happened. */
	unsigned int resets, flushes;
	unsigned int count;		/* bytes on the line since lcard_arm() */
	unsigned int hits;		/* the fault came */
	uint64_t hit_us;		/* when; CLOCK_MONOTONIC */
	unsigned int pps_seen;
	uint8_t pps_bytes[6];
	uint16_t log[LCARD_LOG];	/* bytes; those of the reader with LCARD_READER */
	unsigned int n_log;

	/* The line. */
	int master, slave, stop[2], timer;
	char tty[16], path[32];		/* "pts3", "/dev/pts/3" */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;

	/* Its own. */
	enum { LCARD_OFF, LCARD_PTS, LCARD_WORKS } state;
	bool inserted, deaf, endless, flushed;
	enum lcard_fault fault;
	int fault_at;
	unsigned int value, ms;
	int first_protocol;
	uint8_t pps_rx[6], block[T1_BLOCK_MAX];
	size_t n_pps, n_block;
	struct lcard_out {
		uint8_t byte;
		uint32_t ms;
	} queue[LCARD_QUEUE];
	unsigned int head, tail;
	uint64_t due;		/* in us, of the first in the queue, when it has to wait */
};

#define LCARD_READER	0x100

/* A line with no card in it yet, its ends open, no line discipline on it. */
struct lcard *lcard_new(void);
void lcard_free(struct lcard *c);
/*
 * Another card: its ATR (hex; the TCK is put behind it where it needs one), protocol,
 * convention and IFSC by what that says. It has no bad manners, and no fault.
 */
void lcard_set_atr(struct lcard *c, const char *atr);
void lcard_arm(struct lcard *c, enum lcard_fault fault, int at, unsigned int value,
	       unsigned int ms);
/* Puts the card into the line, or takes it out; what the driver is told is its caller's. */
void lcard_in(struct lcard *c);
void lcard_out(struct lcard *c);
/* The ATR, unasked, as after a reset. */
void lcard_say_atr(struct lcard *c);
/* A character on the line that looks like the beginning of an ATR. */
void lcard_bounce(struct lcard *c);
/* Closes the line's far end. */
void lcard_hangup(struct lcard *c);
/* The speed that the line is set to, and c_cflag of <asm/termbits.h>. */
unsigned int lcard_speed(struct lcard *c, unsigned int *flags);

/* Parts of it, for each other; with the lock held. */
void lcard_put(struct lcard *c, uint8_t byte, unsigned int ms);
void lcard_puts(struct lcard *c, const uint8_t *bytes, size_t n);
void lcard_reset(struct lcard *c);
void lcard_take(struct lcard *c, uint8_t byte);
/* Is it in the middle of a block? Then silence matters. */
bool lcard_waits(const struct lcard *c);
void lcard_quiet(struct lcard *c);

#endif /* LCARD_H */
