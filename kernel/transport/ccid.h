/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the USB reader driver share: ccid.c (binding, slots, sleep),
 * ccid_notify.c (cards come and go), ccid_io.c (messages), ccid_card.c (a card is
 * powered and talked to).
 */
#ifndef UICC_CCID_H
#define UICC_CCID_H

#include <linux/spinlock.h>
#include <linux/uicc.h>
#include <linux/uicc_atr.h>
#include <linux/usb.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "ccid_proto.h"
#include "iso7816.h"

/* Longest message either way: what the core sends and reads at most, and a header. */
#define CCID_MESSAGE_MAX	(CCID_HEADER_LEN + UICC_COMMAND_EXT_MAX)

/* Whatever an ATR says, a card is not waited for longer for one answer. */
#define CCID_WAIT_MAX_MS	60000

struct ccid_reader;

/**
 * struct ccid_slot - one slot of a reader
 * @reader: whose
 * @slot: the core's; NULL until it is registered
 * @index: bSlot
 * @running: an op of the core's runs; with reader->lock, as the next six
 * @ended: it is to end at once, with -ENODEV
 * @present: a card is there, as far as was reported
 * @powered: it has answered a reset, and was not removed since
 * @heard: the reader has told of a change since it was started
 * @denied: answers said there is no card while the reader said that there is
 * @events: insertions and removals seen so far
 * @atr: answer to reset of the powered card; this and what follows are the op's
 * @protocol: T it speaks
 * @active: it has power, as far as the reader said
 * @no_pps: the reader and the card of @no_pps_at do not agree about a speed: keep the slowest
 * @no_pps_at: @events of that card
 * @wait_ms: how long the card may be silent, added to how long the reader may
 * @deadline: in jiffies: when the op has to be over, however many commands it takes
 * @t1_used: blocks of T=1 go out, by @t1
 * @t1: protocol machine
 */
struct ccid_slot {
	struct ccid_reader *reader;
	struct uicc_slot *slot;
	u8 index;

	bool running;
	bool ended;
	bool present;
	bool powered;
	bool heard;
	u8 denied;
	unsigned int events;

	struct uicc_atr atr;
	u8 protocol;
	bool active;
	bool no_pps;
	unsigned int no_pps_at;
	unsigned int wait_ms;
	unsigned long deadline;
	bool t1_used;
	struct iso7816_t1 t1;
};

/**
 * struct ccid_reader - one USB interface that is a reader
 * @intf: the interface
 * @udev: its device
 * @desc: what it says of itself
 * @rates: data rates it knows
 * @n_rates: their number; 0: not known, or any
 * @lock: protects @busy, @done, @gone, @closing, @stopped, @notify_errors, @polled and
 *	what slots report; taken in interrupts
 * @wait: whoever waits: for @busy, for @done, or to be told to end
 * @busy: somebody uses the bulk endpoints, and what is below @seq
 * @done: the transfer under way is over
 * @gone: the device is no more
 * @closing: the driver lets go of it: cards may be switched off, nothing else
 * @stopped: asleep, or about to be reset
 * @out: bulk transfers to the reader
 * @in: bulk transfers from it
 * @notify: interrupt transfers from it; NULL without such an endpoint
 * @out_pipe: where @out goes
 * @in_pipe: where @in comes from
 * @notify_pipe: where @notify comes from
 * @in_mps: size of a packet of @in_pipe
 * @out_size: longest command, header included
 * @in_size: longest answer, a multiple of @in_mps
 * @notify_size: bytes of @notify_buf
 * @notify_interval: bInterval of that endpoint
 * @out_buf: the command
 * @in_buf: the answer
 * @notify_buf: what @notify brings
 * @seq: bSeq of the last command
 * @started: when notifications began, in jiffies
 * @notify_errors: transfers of @notify that failed in a row
 * @halted: the last of them was a stall
 * @polled: slots are asked, as there is no @notify or it does not work
 * @poll_failures: how often in a row a slot did not answer; the work's own
 * @poll: asks them
 * @resubmit: starts @notify again
 * @slots: desc.slots of them
 */
struct ccid_reader {
	struct usb_interface *intf;
	struct usb_device *udev;
	struct ccid_desc desc;
	u32 rates[CCID_RATES_MAX];
	size_t n_rates;

	spinlock_t lock;	/* what ends a wait, what slots report */
	wait_queue_head_t wait;
	bool busy;
	bool done;
	bool gone;
	bool closing;
	bool stopped;

	struct urb *out;
	struct urb *in;
	struct urb *notify;
	unsigned int out_pipe;
	unsigned int in_pipe;
	unsigned int notify_pipe;
	u16 in_mps;
	size_t out_size;
	size_t in_size;
	size_t notify_size;
	u8 notify_interval;
	u8 *out_buf;
	u8 *in_buf;
	u8 *notify_buf;
	u8 seq;

	unsigned long started;
	unsigned int notify_errors;
	bool halted;
	bool polled;
	unsigned int poll_failures;
	struct delayed_work poll;
	struct delayed_work resubmit;

	struct ccid_slot slots[];
};

/**
 * enum ccid_patience - how a wait can end early
 * @CCID_PATIENT: when the device is gone or the driver is to stop; no signal, no cancel
 * @CCID_CANCEL: also when the op of the slot is to end, or its task is killed
 */
enum ccid_patience {
	CCID_PATIENT,
	CCID_CANCEL,
};

/**
 * struct ccid_command - one command
 * @type: bMessageType
 * @param: byte 7 of the header
 * @level: bytes 8 and 9
 * @data: what follows it
 * @len: bytes of @data
 * @limit_ms: how long the reader may be silent
 * @patience: how waiting for it can end early
 */
struct ccid_command {
	u8 type;
	u8 param;
	u16 level;
	const u8 *data;
	size_t len;
	unsigned int limit_ms;
	enum ccid_patience patience;
};

/* ccid_io.c */
int uicc_ccid_lock(struct ccid_slot *slot, enum ccid_patience patience, unsigned int limit_ms);
bool uicc_ccid_trylock(struct ccid_reader *reader);
void uicc_ccid_unlock(struct ccid_reader *reader);
int uicc_ccid_pause(struct ccid_slot *slot, enum ccid_patience patience, unsigned int ms);
int uicc_ccid_exchange(struct ccid_slot *slot, const struct ccid_command *cmd,
		       struct ccid_msg *msg);
unsigned int uicc_ccid_timeout_ms(void);
unsigned int uicc_ccid_extension_ms(void);
void uicc_ccid_read_rates(struct ccid_reader *reader);
void uicc_ccid_transfer_done(struct urb *urb);

/* ccid_notify.c */
extern struct workqueue_struct *uicc_ccid_wq;
void uicc_ccid_seen(struct ccid_slot *slot, bool present, bool changed, const unsigned int *events);
void uicc_ccid_denied(struct ccid_slot *slot);
void uicc_ccid_notify_init(struct ccid_reader *reader);
void uicc_ccid_notify_start(struct ccid_reader *reader);
void uicc_ccid_notify_stop(struct ccid_reader *reader);

/* ccid_card.c */
extern const struct uicc_slot_ops uicc_ccid_ops;

#endif /* UICC_CCID_H */
