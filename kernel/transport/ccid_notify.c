// SPDX-License-Identifier: GPL-2.0-only
/*
 * USB smart card readers: how the driver learns that a card was put in or pulled out.
 * By the interrupt endpoint; where there is none, or it fails, by asking each slot.
 */
#include <linux/jiffies.h>
#include <linux/module.h>

#include "ccid.h"

static unsigned int poll_ms = 500;
module_param(poll_ms, uint, 0644);
MODULE_PARM_DESC(poll_ms,
		 "how often slots of a reader that does not notify are asked, 100 to 60000 (500)");

/* A reader that was just started tells of cards which are there as if they had come, once. */
#define CCID_SETTLE_MS		1000
/* Pause after a failed interrupt transfer; it doubles with each in a row, up to six times. */
#define CCID_RESUBMIT_MS	50
#define CCID_RESUBMIT_DOUBLED	6
/* So many in a row, and slots are asked. */
#define CCID_NOTIFY_ERRORS	8
/* A slot that does not answer the question for its state: the pause doubles as well. */
#define CCID_STATUS_MS		1000
#define CCID_POLL_DOUBLED	5

/* Answers that deny a card of which the reader says, when asked, that it is there. */
#define CCID_DENIED_MAX		3

struct workqueue_struct *uicc_ccid_wq;

static unsigned int ccid_poll_ms(void)
{
	return clamp(READ_ONCE(poll_ms), 100U, 60000U);
}

/* With reader->lock: nothing is begun any more. */
static bool ccid_quiet(const struct ccid_reader *reader)
{
	return reader->gone || reader->closing || reader->stopped;
}

static void ccid_queue(struct ccid_reader *reader, struct delayed_work *work, unsigned int ms)
{
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	if (!ccid_quiet(reader))
		queue_delayed_work(uicc_ccid_wq, work, msecs_to_jiffies(ms));
	spin_unlock_irqrestore(&reader->lock, flags);
}

/* Asks the slots again, soon. */
static void ccid_recheck(struct ccid_reader *reader)
{
	ccid_queue(reader, &reader->poll, ccid_poll_ms());
}

/* Tells the core, under the lock: no command finds a card of which it does not know. */
static void ccid_report(struct ccid_slot *slot, bool present)
{
	lockdep_assert_held(&slot->reader->lock);
	slot->present = present;
	slot->powered = false;
	slot->events++;
	/* What runs is for the card that was there. */
	WRITE_ONCE(slot->ended, true);
	wake_up_all(&slot->reader->wait);
	if (present)
		uicc_slot_card_inserted(slot->slot);
	else
		uicc_slot_card_removed(slot->slot);
}

/**
 * uicc_ccid_seen() - note whether a card is in a slot, as the reader told or was asked
 * @slot: the slot
 * @present: it is
 * @changed: it was put in or pulled out since the reader told last
 * @events: slot->events before the reader was asked, or NULL; what the reader said
 *	is not news when it was asked before the last change
 *
 * Context: any.
 */
void uicc_ccid_seen(struct ccid_slot *slot, bool present, bool changed,
		    const unsigned int *events)
{
	struct ccid_reader *reader = slot->reader;
	unsigned long settled, flags;
	bool hello;

	spin_lock_irqsave(&reader->lock, flags);
	settled = reader->started + msecs_to_jiffies(CCID_SETTLE_MS);
	hello = !slot->heard && time_in_range(jiffies, reader->started, settled);
	slot->heard |= changed;
	if (changed || !present)
		slot->denied = 0;
	if (!ccid_quiet(reader) && !(events && *events != slot->events) &&
	    (slot->present != present || (present && changed && !hello)))
		ccid_report(slot, present);
	spin_unlock_irqrestore(&reader->lock, flags);
}

/**
 * uicc_ccid_denied() - note that an answer says there is no card
 * @slot: the slot
 *
 * It was pulled out, and whether it is so the reader is asked soon. One that says then
 * that the card is there, and denies it again, is believed a few times.
 *
 * Context: process context.
 */
void uicc_ccid_denied(struct ccid_slot *slot)
{
	struct ccid_reader *reader = slot->reader;
	bool removed;

	spin_lock_irq(&reader->lock);
	removed = !ccid_quiet(reader) && slot->present && slot->denied < CCID_DENIED_MAX;
	if (removed) {
		slot->denied++;
		ccid_report(slot, false);
	}
	spin_unlock_irq(&reader->lock);
	if (removed)
		ccid_recheck(reader);
}

/* Asks one slot: 0, -EBUSY when the reader is in use, -EIO when it did not say. */
static int ccid_ask(struct ccid_slot *slot)
{
	const struct ccid_command cmd = {
		.type = CCID_GET_SLOT_STATUS,
		.limit_ms = CCID_STATUS_MS,
		.patience = CCID_PATIENT,
	};
	struct ccid_reader *reader = slot->reader;
	unsigned int events = READ_ONCE(slot->events);
	struct ccid_msg msg;

	if (!uicc_ccid_trylock(reader))
		return -EBUSY;
	uicc_ccid_exchange(slot, &cmd, &msg);
	uicc_ccid_unlock(reader);
	if (!msg.type)
		return -EIO;
	uicc_ccid_seen(slot, msg.icc != CCID_ICC_ABSENT, false, &events);
	return 0;
}

static void ccid_poll(struct work_struct *work)
{
	struct ccid_reader *reader = container_of(work, struct ccid_reader, poll.work);
	unsigned int i;
	int ret = 0;

	/* One that keeps silent is not asked for all its slots. */
	for (i = 0; i < reader->desc.slots && !ret; i++)
		ret = ccid_ask(&reader->slots[i]);
	if (!ret)
		reader->poll_failures = 0;
	else if (ret != -EBUSY && reader->poll_failures < CCID_POLL_DOUBLED)
		reader->poll_failures++;
	if (ret || READ_ONCE(reader->polled))
		ccid_queue(reader, &reader->poll, ccid_poll_ms() << reader->poll_failures);
}

static void ccid_take_notification(struct ccid_reader *reader, const u8 *buf, size_t len)
{
	unsigned int i;
	bool changed;
	int ret;

	if (len >= 4 && buf[0] == CCID_HARDWARE_ERROR) {
		dev_warn_ratelimited(&reader->intf->dev, "slot %u: hardware error %u\n",
				     buf[1], buf[3]);
		ccid_recheck(reader);
		return;
	}
	for (i = 0; i < reader->desc.slots; i++) {
		ret = uicc_ccid_slot_change(buf, len, i, &changed);
		if (ret >= 0)
			uicc_ccid_seen(&reader->slots[i], ret, changed, NULL);
	}
}

/* Tries again later; a reader that fails on and on is asked meanwhile. */
static void ccid_notify_failed(struct ccid_reader *reader, int status)
{
	unsigned int doubled = min_t(unsigned int, reader->notify_errors, CCID_RESUBMIT_DOUBLED);

	reader->halted = status == -EPIPE;
	if (reader->notify_errors < CCID_NOTIFY_ERRORS &&
	    ++reader->notify_errors == CCID_NOTIFY_ERRORS) {
		dev_warn(&reader->intf->dev, "no notifications (%d): asking for cards\n", status);
		WRITE_ONCE(reader->polled, true);
		ccid_queue(reader, &reader->poll, 0);
	}
	ccid_queue(reader, &reader->resubmit, CCID_RESUBMIT_MS << doubled);
}

static void ccid_notify_done(struct urb *urb)
{
	struct ccid_reader *reader = urb->context;
	int ret = urb->status;

	switch (ret) {
	case 0:
		reader->notify_errors = 0;
		WRITE_ONCE(reader->polled, false);
		ccid_take_notification(reader, reader->notify_buf, urb->actual_length);
		ret = usb_submit_urb(urb, GFP_ATOMIC);
		break;
	case -ENOENT:
	case -ECONNRESET:
	case -ESHUTDOWN:
	case -ENODEV:
		return;
	}
	if (ret)
		ccid_notify_failed(reader, ret);
}

static void ccid_resubmit(struct work_struct *work)
{
	struct ccid_reader *reader = container_of(work, struct ccid_reader, resubmit.work);
	int ret = 0;

	if (reader->halted)
		ret = usb_clear_halt(reader->udev, reader->notify_pipe);
	if (!ret)
		ret = usb_submit_urb(reader->notify, GFP_NOIO);
	if (ret && ret != -ENODEV && ret != -ESHUTDOWN)
		ccid_notify_failed(reader, ret);
}

/**
 * uicc_ccid_notify_init() - prepare for notifications
 * @reader: a reader with its endpoints known
 *
 * Context: any.
 */
void uicc_ccid_notify_init(struct ccid_reader *reader)
{
	INIT_DELAYED_WORK(&reader->poll, ccid_poll);
	INIT_DELAYED_WORK(&reader->resubmit, ccid_resubmit);
	if (reader->notify)
		usb_fill_int_urb(reader->notify, reader->udev, reader->notify_pipe,
				 reader->notify_buf, reader->notify_size, ccid_notify_done,
				 reader, reader->notify_interval);
}

/**
 * uicc_ccid_notify_start() - ask the slots, and listen from now on
 * @reader: a reader with its slots registered
 *
 * Context: may sleep.
 */
void uicc_ccid_notify_start(struct ccid_reader *reader)
{
	unsigned int i;

	spin_lock_irq(&reader->lock);
	reader->started = jiffies;
	for (i = 0; i < reader->desc.slots; i++)
		reader->slots[i].heard = false;
	spin_unlock_irq(&reader->lock);
	reader->notify_errors = 0;
	reader->poll_failures = 0;
	reader->halted = false;
	WRITE_ONCE(reader->polled, !reader->notify);
	/* In any order: the reader keeps what it has to tell until it is listened to. */
	if (reader->notify)
		ccid_queue(reader, &reader->resubmit, 0);
	ccid_queue(reader, &reader->poll, 0);
}

/**
 * uicc_ccid_notify_stop() - listen no more
 * @reader: a reader that is marked as gone, closing or stopped
 *
 * Context: may sleep.
 */
void uicc_ccid_notify_stop(struct ccid_reader *reader)
{
	cancel_delayed_work_sync(&reader->poll);
	cancel_delayed_work_sync(&reader->resubmit);
	usb_kill_urb(reader->notify);
}
