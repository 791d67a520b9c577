// SPDX-License-Identifier: GPL-2.0-only
/*
 * USB smart card readers: messages over the bulk endpoints. One command at a time for
 * each reader, whatever its number of slots; what commands mean, ccid_card.c knows.
 *
 * Whoever waits here waits for reader->wait, and every reason to stop waiting is a flag
 * under reader->lock: so no wait outlives the device, the driver or the op.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "ccid.h"

static unsigned int timeout_ms = 10000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "how long a reader may be silent, 10 to 600000 (10000)");

static unsigned int extension_ms = 60000;
module_param(extension_ms, uint, 0644);
MODULE_PARM_DESC(extension_ms,
		 "how long one command may take when the card asks for time, 10 to 600000 (60000)");

/* A bulk transfer to a reader that takes it. */
#define CCID_SEND_MS		2000
/* From a failed transfer until the USB core has noticed that the device is not there. */
#define CCID_LEAVE_MS		300
/* Each step of bringing a reader back in line. */
#define CCID_RECOVER_MS		1000
/* Time extensions of one command; a card asks for one in half a second or so. */
#define CCID_EXTENSIONS_MAX	1000
/* Answers to something else that are read over for one command, and in recovery. */
#define CCID_STALE_MAX		32
#define CCID_STALE_RECOVER	1024
/* A slot that says "busy": tries, and the pause between two. */
#define CCID_BUSY_TRIES		10
#define CCID_BUSY_MS		50

/**
 * uicc_ccid_timeout_ms() - how long a reader may be silent
 *
 * Context: any.
 * Return: milliseconds, of the module's parameter.
 */
unsigned int uicc_ccid_timeout_ms(void)
{
	return clamp(READ_ONCE(timeout_ms), 10U, 600000U);
}

/**
 * uicc_ccid_extension_ms() - how long one command may take
 *
 * Context: any.
 * Return: milliseconds, of the module's parameter.
 */
unsigned int uicc_ccid_extension_ms(void)
{
	return clamp(READ_ONCE(extension_ms), 10U, 600000U);
}

/* Why a wait has to end now: 0, -ENODEV, or -ESHUTDOWN before a sleep or a reset. */
static int ccid_ended(const struct ccid_slot *slot, enum ccid_patience patience)
{
	const struct ccid_reader *reader = slot->reader;

	if (READ_ONCE(reader->gone))
		return -ENODEV;
	if (READ_ONCE(reader->stopped))
		return -ESHUTDOWN;
	if (patience == CCID_CANCEL && (READ_ONCE(slot->ended) || READ_ONCE(reader->closing)))
		return -ENODEV;
	return 0;
}

/*
 * Waits until @met: 0, -ETIMEDOUT, -EINTR or what ccid_ended() says. What is met is met,
 * also when there is a reason to end: it may have been a lock.
 */
static int ccid_wait(struct ccid_slot *slot, enum ccid_patience patience, unsigned int limit_ms,
		     bool (*met)(struct ccid_reader *reader))
{
	struct ccid_reader *reader = slot->reader;
	unsigned int state = patience == CCID_CANCEL ? TASK_KILLABLE : TASK_UNINTERRUPTIBLE;
	bool is_met = false;
	long left;

	left = ___wait_event(reader->wait,
			     ___wait_cond_timeout((is_met = met(reader)) ||
						  ccid_ended(slot, patience)),
			     state, 0, (long)msecs_to_jiffies(limit_ms) + 1,
			     __ret = schedule_timeout(__ret));
	if (is_met)
		return 0;
	return left < 0 ? -EINTR : ccid_ended(slot, patience) ?: -ETIMEDOUT;
}

static bool ccid_is_done(struct ccid_reader *reader)
{
	return READ_ONCE(reader->done);
}

static bool ccid_is_never(struct ccid_reader *reader)
{
	return false;
}

/**
 * uicc_ccid_trylock() - use the bulk endpoints, if nobody does
 * @reader: the reader
 *
 * Context: any.
 * Return: whether they are the caller's now; it ends with uicc_ccid_unlock().
 */
bool uicc_ccid_trylock(struct ccid_reader *reader)
{
	bool mine = false;

	spin_lock_irq(&reader->lock);
	if (!reader->busy && !reader->gone && !reader->stopped) {
		WRITE_ONCE(reader->busy, true);
		mine = true;
	}
	spin_unlock_irq(&reader->lock);
	return mine;
}

/**
 * uicc_ccid_lock() - wait until nobody else uses the bulk endpoints
 * @slot: for which slot they are wanted
 * @patience: how the wait can end early
 * @limit_ms: how long it may last
 *
 * Context: may sleep; process context.
 * Return: 0, and uicc_ccid_unlock() ends it; -ENODEV when the device or the op is to
 * end, -ESHUTDOWN before a sleep or a reset, -EINTR after a fatal signal, -ETIMEDOUT.
 */
int uicc_ccid_lock(struct ccid_slot *slot, enum ccid_patience patience, unsigned int limit_ms)
{
	return ccid_wait(slot, patience, limit_ms, uicc_ccid_trylock);
}

/**
 * uicc_ccid_unlock() - let others use the bulk endpoints
 * @reader: the reader
 *
 * What went over them is wiped: a command may have been a PIN, an answer the content
 * of a file.
 *
 * Context: process context.
 */
void uicc_ccid_unlock(struct ccid_reader *reader)
{
	memzero_explicit(reader->out_buf, reader->out_size);
	memzero_explicit(reader->in_buf, reader->in_size);
	spin_lock_irq(&reader->lock);
	WRITE_ONCE(reader->busy, false);
	spin_unlock_irq(&reader->lock);
	wake_up_all(&reader->wait);
}

/**
 * uicc_ccid_pause() - wait for a while
 * @slot: whose op waits
 * @patience: how the wait can end early
 * @ms: how long
 *
 * Context: may sleep.
 * Return: 0, or why the wait ended early, as uicc_ccid_lock().
 */
int uicc_ccid_pause(struct ccid_slot *slot, enum ccid_patience patience, unsigned int ms)
{
	int ret = ccid_wait(slot, patience, ms, ccid_is_never);

	return ret == -ETIMEDOUT ? 0 : ret;
}

/**
 * uicc_ccid_transfer_done() - completion of a bulk transfer
 * @urb: the transfer
 *
 * Context: interrupt.
 */
void uicc_ccid_transfer_done(struct urb *urb)
{
	struct ccid_reader *reader = urb->context;
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	WRITE_ONCE(reader->done, true);
	spin_unlock_irqrestore(&reader->lock, flags);
	wake_up_all(&reader->wait);
}

/* What USB says of a transfer, in words that no card and no reader has for anything. */
static int ccid_usb_errno(int ret)
{
	switch (ret) {
	case -EPIPE:
	case -ENOMEM:
		return ret;
	case -ENODEV:
	case -ENOENT:
	case -ESHUTDOWN:
		return -ENODEV;
	case -EOVERFLOW:
		return -EPROTO;
	default:
		return -ECOMM;
	}
}

/* One transfer: bytes that went over, -EPIPE for a stall, or another errno. */
static int ccid_transfer(struct ccid_slot *slot, struct urb *urb, u8 *buf, size_t len,
			 enum ccid_patience patience, unsigned int limit_ms)
{
	struct ccid_reader *reader = slot->reader;
	int ret;

	ret = ccid_ended(slot, patience);
	if (ret)
		return ret;
	spin_lock_irq(&reader->lock);
	reader->done = false;
	spin_unlock_irq(&reader->lock);
	urb->transfer_buffer = buf;
	urb->transfer_buffer_length = len;
	/* No I/O for memory: who resets a device with a disk in it waits for us. */
	ret = usb_submit_urb(urb, GFP_NOIO);
	if (ret)
		return ccid_usb_errno(ret);
	ret = ccid_wait(slot, patience, limit_ms, ccid_is_done);
	if (ret) {
		/* What comes in the last moment is lost; the rest of it is read over as stale. */
		usb_kill_urb(urb);
		return ret == -ETIMEDOUT ? -ETIME : ret;
	}
	if (!urb->status)
		return urb->actual_length;
	ret = ccid_usb_errno(urb->status);
	if (ret == -ECOMM) {
		/* A cable that is pulled out shows so first; that it was, a moment later. */
		ret = ccid_wait(slot, patience, CCID_LEAVE_MS, ccid_is_never);
		if (ret == -ETIMEDOUT)
			ret = -ECOMM;
	}
	return ret;
}

/* A stalled endpoint is cleared, and the transfer done once more. */
static int ccid_transfer_again(struct ccid_slot *slot, struct urb *urb, u8 *buf, size_t len,
			       enum ccid_patience patience, unsigned int limit_ms)
{
	int ret = ccid_transfer(slot, urb, buf, len, patience, limit_ms);

	if (ret != -EPIPE)
		return ret;
	ret = usb_clear_halt(slot->reader->udev, urb->pipe);
	if (!ret)
		ret = ccid_transfer(slot, urb, buf, len, patience, limit_ms);
	return ret == -EPIPE ? -ECOMM : ret;
}

/* Sends the header that is in @out_buf and @len bytes behind it. */
static int ccid_send(struct ccid_slot *slot, size_t len, enum ccid_patience patience,
		     unsigned int limit_ms)
{
	struct ccid_reader *reader = slot->reader;
	int ret;

	ret = ccid_transfer_again(slot, reader->out, reader->out_buf, CCID_HEADER_LEN + len,
				  patience, limit_ms);
	if (ret >= 0 && ret != CCID_HEADER_LEN + len)
		ret = -ECOMM;
	return min(ret, 0);
}

/*
 * One message, or one packet of something that is no answer of ours. A first read of
 * one packet says how much follows: so a reader that ends a message of whole packets
 * without an empty one is understood, and what it sends is never more than there is
 * room, however much it announces.
 */
static int ccid_receive(struct ccid_slot *slot, enum ccid_patience patience,
			unsigned int limit_ms)
{
	struct ccid_reader *reader = slot->reader;
	size_t first = roundup(CCID_HEADER_LEN, reader->in_mps);
	size_t total;
	int got, more;

	got = ccid_transfer_again(slot, reader->in, reader->in_buf, first, patience, limit_ms);
	if (got < (int)first || !uicc_ccid_ours(reader->in_buf, got, slot->index, reader->seq))
		return got;
	total = uicc_ccid_total(reader->in_buf, got);
	if (total <= got)
		return got;
	if (total > reader->in_size)
		return -EPROTO;
	more = ccid_transfer(slot, reader->in, reader->in_buf + got,
			     roundup(total - got, reader->in_mps), patience, limit_ms);
	return more < 0 ? more : got + more;
}

static void ccid_put_command(struct ccid_reader *reader, const struct ccid_slot *slot,
			     const struct ccid_command *cmd)
{
	u8 *msg = reader->out_buf;

	uicc_ccid_header(msg, cmd->type, cmd->len, slot->index, ++reader->seq);
	msg[7] = cmd->param;
	msg[8] = cmd->level;
	msg[9] = cmd->level >> 8;
	if (cmd->len)
		memcpy(msg + CCID_HEADER_LEN, cmd->data, cmd->len);
}

/* How long the card is given now: so many times its waiting time, and the reader its own. */
static unsigned int ccid_extension(const struct ccid_slot *slot, const struct ccid_command *cmd,
				   const struct ccid_msg *msg)
{
	return cmd->limit_ms + min_t(u64, (u64)slot->wait_ms * msg->error, CCID_WAIT_MAX_MS);
}

/* Reads until the answer to the last command comes; other messages are read over. */
static int ccid_answer(struct ccid_slot *slot, const struct ccid_command *cmd,
		       struct ccid_msg *msg, unsigned int stale_max)
{
	struct ccid_reader *reader = slot->reader;
	unsigned long silent = jiffies + msecs_to_jiffies(cmd->limit_ms);
	/* Who cannot be told to end does not wait for a card. */
	unsigned int longest = cmd->patience == CCID_PATIENT ? cmd->limit_ms :
			       max(uicc_ccid_extension_ms(), cmd->limit_ms);
	unsigned long end = jiffies + msecs_to_jiffies(longest);
	unsigned int stale = 0, extensions = 0;
	long left;
	int ret;

	if (cmd->patience == CCID_CANCEL && time_after(end, slot->deadline))
		end = slot->deadline;
	for (;;) {
		left = min_t(long, silent - jiffies, end - jiffies);
		if (left <= 0)
			return -ETIME;
		ret = ccid_receive(slot, cmd->patience, jiffies_to_msecs(left));
		if (ret < 0)
			return ret;
		switch (uicc_ccid_judge(msg, cmd->type, slot->index, reader->seq, reader->in_buf,
					ret)) {
		case CCID_ANSWER:
			return 0;
		case CCID_EXTENSION:
			if (++extensions > CCID_EXTENSIONS_MAX)
				return -ETIME;
			silent = jiffies + msecs_to_jiffies(ccid_extension(slot, cmd, msg));
			break;
		case CCID_STALE:
			if (++stale > stale_max)
				return -EPROTO;
			break;
		case CCID_BROKEN:
			return -EPROTO;
		}
	}
}

/* One command without data, already numbered, while the reader is brought back in line. */
static int ccid_quick(struct ccid_slot *slot, const struct ccid_command *cmd)
{
	struct ccid_msg msg;

	return ccid_send(slot, 0, CCID_PATIENT, CCID_RECOVER_MS) ?:
	       ccid_answer(slot, cmd, &msg, CCID_STALE_RECOVER);
}

/*
 * The reader still works on a command that nobody waits for any more, or nobody knows
 * what it does. CCID 5.3.1: an abort on the control pipe and one on the bulk pipe with
 * the same number; the answer to the second is the first message of the new time. For
 * a reader without that, the answer to a harmless command marks it.
 */
static void ccid_recover(struct ccid_slot *slot)
{
	const struct ccid_command abort = { .type = CCID_ABORT, .limit_ms = CCID_RECOVER_MS };
	const struct ccid_command status = { .type = CCID_GET_SLOT_STATUS,
					     .limit_ms = CCID_RECOVER_MS };
	struct ccid_reader *reader = slot->reader;
	u16 interface = reader->intf->cur_altsetting->desc.bInterfaceNumber;
	int ret;

	if (ccid_ended(slot, CCID_PATIENT))
		return;
	ccid_put_command(reader, slot, &abort);
	ret = usb_control_msg_send(reader->udev, 0, CCID_REQ_ABORT,
				   USB_DIR_OUT | USB_TYPE_CLASS | USB_RECIP_INTERFACE,
				   reader->seq << 8 | slot->index, interface, NULL, 0,
				   CCID_RECOVER_MS, GFP_NOIO);
	if (!ret)
		ret = ccid_quick(slot, &abort);
	if (!ret || ccid_ended(slot, CCID_PATIENT))
		return;
	/* One that has no time for its control pipe has none for this either. */
	if (ret != -ETIMEDOUT) {
		usb_clear_halt(reader->udev, reader->out_pipe);
		usb_clear_halt(reader->udev, reader->in_pipe);
	}
	ccid_put_command(reader, slot, &status);
	ret = ccid_quick(slot, &status);
	/* Not of one that is being pulled out, whose transfers fail. */
	if (ret == -ETIME || ret == -EPROTO)
		dev_warn_ratelimited(&reader->intf->dev, "the reader does not recover (%d)\n", ret);
}

/**
 * uicc_ccid_exchange() - one command and its answer
 * @slot: the slot, of a reader that uicc_ccid_lock() gave
 * @cmd: the command; one with more data than the reader takes is not sent
 * @msg: the answer, in the reader's buffer: valid until the next command or the unlock
 *
 * Tried again for a while when the slot is busy. When there is no answer, or a broken
 * one, the reader is brought back to where it takes commands.
 *
 * Context: may sleep, for limit_ms, and longer when the card asks for time.
 * Return: as uicc_ccid_errno(); -EMSGSIZE; -ENODEV when the device is gone or the op was
 * told to end; -ETIME when the reader is silent, which is not the card's fault; -EINTR
 * after a fatal signal; -EPROTO for an answer that is none; -ECOMM for a transfer that
 * failed; -ESHUTDOWN before a sleep or a reset. @msg->type is 0 when there is no answer.
 */
int uicc_ccid_exchange(struct ccid_slot *slot, const struct ccid_command *cmd,
		       struct ccid_msg *msg)
{
	struct ccid_reader *reader = slot->reader;
	unsigned int stale_max = CCID_STALE_MAX + reader->in_size / reader->in_mps;
	unsigned int tries = CCID_BUSY_TRIES;
	int ret;

	msg->type = 0;
	if (cmd->len > reader->out_size - CCID_HEADER_LEN)
		return -EMSGSIZE;
	for (;;) {
		ret = ccid_ended(slot, cmd->patience);
		if (ret)
			return ret;
		if (cmd->patience == CCID_CANCEL && time_after_eq(jiffies, slot->deadline))
			return -ETIME;
		ccid_put_command(reader, slot, cmd);
		ret = ccid_send(slot, cmd->len, cmd->patience, CCID_SEND_MS) ?:
		      ccid_answer(slot, cmd, msg, stale_max);
		if (ret) {
			msg->type = 0;
			ccid_recover(slot);
			return ret;
		}
		ret = uicc_ccid_errno(msg);
		slot->active = msg->icc == CCID_ICC_ACTIVE;
		if (msg->icc == CCID_ICC_ABSENT && cmd->patience == CCID_CANCEL)
			uicc_ccid_denied(slot);
		if (ret != -EBUSY || !--tries)
			return ret;
		ret = uicc_ccid_pause(slot, cmd->patience, CCID_BUSY_MS);
		if (ret)
			return ret;
	}
}

/**
 * uicc_ccid_read_rates() - ask the reader which data rates it knows
 * @reader: the reader; nobody else uses it yet
 *
 * One that does not say is one that does any rate up to its fastest.
 *
 * Context: may sleep.
 */
void uicc_ccid_read_rates(struct ccid_reader *reader)
{
	u16 interface = reader->intf->cur_altsetting->desc.bInterfaceNumber;
	size_t len = min_t(size_t, reader->desc.n_rates, CCID_RATES_MAX) * sizeof(u32);
	u8 *buf;
	int ret;

	reader->n_rates = 0;
	if (!len)
		return;
	buf = kmalloc(len, GFP_KERNEL);
	if (!buf)
		return;
	ret = usb_control_msg(reader->udev, usb_rcvctrlpipe(reader->udev, 0),
			      CCID_REQ_GET_DATA_RATES,
			      USB_DIR_IN | USB_TYPE_CLASS | USB_RECIP_INTERFACE, 0, interface,
			      buf, len, CCID_RECOVER_MS);
	if (ret > 0)
		reader->n_rates = uicc_ccid_rates(reader->rates, buf, ret);
	kfree(buf);
}
