// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspend and resume: when the cards of all slots go to sleep, and how a card is
 * known again. What becomes of one that is not, slot.c decides.
 *
 * A notifier and not the dev_pm_ops of the class: those run while userspace is
 * frozen, and the card may be a program. Nor may a reader be frozen in the middle
 * of a command, with the card's locks held. So all is over before the freezer
 * begins, and the cards are looked at again after the thaw; a transport's own
 * suspend and resume lie in between. In the meantime whoever wants a card waits
 * in uicc_card_get(), without a lock, until the slot is awake.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/suspend.h>

#include "internal.h"
#include "trace.h"

/* How long operations may go on when the system wants to sleep. */
#define UICC_SLEEP_GRACE_MS	2000
/* And how long until no slot is waited for: a transport that does not cancel. */
#define UICC_SLEEP_GIVE_UP_MS	5000

/* Taken for all of the way into sleep: no slot comes or goes then. */
static DEFINE_MUTEX(uicc_pm_lock);
static bool uicc_pm_sleeping;

/* EF(ICCID), TS 102 221 13.2: which card it is. */
static const struct uicc_path uicc_iccid = { .n = 1, .fids = { 0x2fe2 } };

static bool uicc_slot_awake(const struct uicc_slot *slot)
{
	return READ_ONCE(slot->sleep) == UICC_AWAKE;
}

/**
 * uicc_card_wait_awake() - wait until the card may be asked
 * @card: the card; the caller holds a reference and no lock
 *
 * Interruptible, although operations on a card are not: so the freezer gets a
 * waiting task out of here and freezes it outside of the kernel.
 *
 * Context: may sleep.
 * Return: 0, also when the card is gone, or -ERESTARTNOINTR.
 */
int uicc_card_wait_awake(struct uicc_card *card)
{
	struct uicc_slot *slot = card->slot;

	if (wait_event_interruptible(slot->woken, uicc_slot_awake(slot) || READ_ONCE(card->gone)))
		return -ERESTARTNOINTR;
	return 0;
}

/* Keeps what has been read of EF(ICCID), which the reset will drop. */
static void uicc_card_keep_id(struct uicc_card *card)
{
	size_t miss = UICC_ICCID_LEN, miss_len;
	struct uicc_file *file;

	lockdep_assert_held(&card->cmd_lock);
	mutex_lock(&card->files_lock);
	list_for_each_entry(file, &card->files, node) {
		if (memcmp(&file->path, &uicc_iccid, sizeof(uicc_iccid)))
			continue;
		mutex_lock(&card->cache_lock);
		uicc_cache_missing(&file->cache, 0, UICC_ICCID_LEN, &miss, &miss_len);
		miss = uicc_cache_copy(&file->cache, 0, card->id, miss);
		mutex_unlock(&card->cache_lock);
		if (miss)
			card->id_len = miss;
		break;
	}
	mutex_unlock(&card->files_lock);
}

/**
 * uicc_card_sleep() - end what runs on the card, and take its power
 * @card: the card
 * @until: in jiffies: when what still runs is broken off
 *
 * Operations that are broken off begin anew once the slot is awake.
 *
 * Context: may sleep; the slot's work item. No new operation begins.
 * Return: 0, or -EINTR when an operation was broken off.
 */
int uicc_card_sleep(struct uicc_card *card, unsigned long until)
{
	const struct uicc_slot_ops *ops = card->slot->ops;
	int ret = 0;

	/* At once: who takes it for writing is this very work, or stops it first. */
	down_read(&card->ops_lock);
	while (!mutex_trylock(&card->cmd_lock)) {
		if (time_after(jiffies, until)) {
			WRITE_ONCE(card->broken_off, true);
			ops->cancel(card->slot);
			ret = -EINTR;
		}
		usleep_range(1000, 3000);
	}
	WRITE_ONCE(card->broken_off, false);
	uicc_card_keep_id(card);
	/*
	 * The modem may reset the card while we sleep, and be given the channel that was
	 * ours: so it is closed before, and another opened by the first operation after.
	 */
	card->until = jiffies + msecs_to_jiffies(UICC_SLEEP_GRACE_MS);
	uicc_channel_leave(card);
	/* Not from a modem that goes on talking to it. */
	if (!(card->slot->flags & UICC_SLOT_SHARED))
		ops->power_off(card->slot);
	card->reset_needed = true;
	mutex_unlock(&card->cmd_lock);
	up_read(&card->ops_lock);
	/* A PIN does not wait for the card to wake: no image of a hibernation has it. */
	flush_work(&card->pin_work);
	return ret;
}

/* Reads as much of EF(ICCID) as was known and compares: 0 or -ESTALE. */
static int uicc_card_check_id(struct uicc_card *card)
{
	u8 data[UICC_ICCID_LEN];
	struct uicc_rapdu r = { .data = data, .size = sizeof(data) };
	struct uicc_apdu apdu;
	int ret = -EAGAIN;
	int tries;

	lockdep_assert_held(&card->cmd_lock);
	if (!card->id_len)
		return 0;
	/* Anew when the card turns out to want another class of commands. */
	for (tries = 0; tries < 3 && ret == -EAGAIN; tries++) {
		ret = uicc_card_select(card, &uicc_iccid, false, &r);
		if (!ret)
			ret = uicc_apdu_read_binary(&apdu, 0, card->id_len);
		if (!ret)
			ret = uicc_card_command(card, &apdu, &r);
	}
	if (ret || r.len != card->id_len || memcmp(data, card->id, r.len))
		ret = -ESTALE;
	memzero_explicit(data, sizeof(data));
	return ret;
}

/**
 * uicc_card_wake() - power the card after sleep, and see whether it is the same
 * @card: the card
 *
 * The same is a card with the same answer to reset and, as far as that was read
 * before, the same EF(ICCID): cards of one model have one answer to reset.
 *
 * Context: may sleep; the slot's work item. No operation begins.
 * Return: 0; -ESTALE when it is another card, or one that cannot be told; else
 * what the reset returned.
 */
int uicc_card_wake(struct uicc_card *card)
{
	int ret;

	down_read(&card->ops_lock);
	mutex_lock(&card->cmd_lock);
	card->silent = false;
	card->reset_needed = true;
	ret = uicc_card_begin(card);
	if (!ret)
		ret = uicc_card_check_id(card);
	if (!ret) {
		memzero_explicit(card->id, sizeof(card->id));
		card->id_len = 0;
	} else {
		/* Of a card that is another one: its next device opens a channel of its own. */
		uicc_channel_leave(card);
	}
	mutex_unlock(&card->cmd_lock);
	up_read(&card->ops_lock);
	return ret;
}

/**
 * uicc_pm_slot_show() - let a slot be found, asleep when the system is
 * @slot: a slot whose device is about to be added
 *
 * Context: may sleep; takes uicc_pm_lock.
 */
void uicc_pm_slot_show(struct uicc_slot *slot)
{
	mutex_lock(&uicc_pm_lock);
	slot->sleep = uicc_pm_sleeping ? UICC_ASLEEP : UICC_AWAKE;
	uicc_slots_show(slot);
	mutex_unlock(&uicc_pm_lock);
}

/**
 * uicc_pm_slot_hide() - let a slot not be found any more, nor put to sleep
 * @slot: a slot
 *
 * Context: may sleep; takes uicc_pm_lock.
 */
void uicc_pm_slot_hide(struct uicc_slot *slot)
{
	mutex_lock(&uicc_pm_lock);
	uicc_slots_hide(slot);
	mutex_unlock(&uicc_pm_lock);
}

/* The work is in the middle of powering a card: it does not cancel itself. */
static void uicc_pm_settle(struct uicc_slot *slot, unsigned long grace, unsigned long give_up)
{
	lockdep_assert_held(&uicc_pm_lock);
	while (!wait_for_completion_timeout(&slot->settled, msecs_to_jiffies(10))) {
		if (time_after(jiffies, give_up)) {
			dev_warn(&slot->dev, "the card does not come to rest\n");
			return;
		}
		if (time_after(jiffies, grace))
			slot->ops->cancel(slot);
	}
}

/* For a walk over the slots: gives one back, and tells where the next begins. */
static unsigned int uicc_slot_done(struct uicc_slot *slot)
{
	unsigned int next = slot->index + 1;

	put_device(&slot->dev);
	return next;
}

static void uicc_pm_sleep(void)
{
	unsigned long until = jiffies + msecs_to_jiffies(UICC_SLEEP_GRACE_MS);
	/* Later than the work, which knows whom it breaks off. */
	unsigned long cancel = until + msecs_to_jiffies(UICC_SLEEP_GRACE_MS / 4);
	unsigned long give_up = jiffies + msecs_to_jiffies(UICC_SLEEP_GIVE_UP_MS);
	struct uicc_slot *slot;
	unsigned int next;

	mutex_lock(&uicc_pm_lock);
	uicc_pm_sleeping = true;
	for (next = 0; (slot = uicc_slots_next(next)); next = uicc_slot_done(slot))
		uicc_slot_sleep(slot, until);
	for (next = 0; (slot = uicc_slots_next(next)); next = uicc_slot_done(slot))
		uicc_pm_settle(slot, cancel, give_up);
	mutex_unlock(&uicc_pm_lock);
}

static void uicc_pm_wake(void)
{
	struct uicc_slot *slot;
	unsigned int next;

	mutex_lock(&uicc_pm_lock);
	uicc_pm_sleeping = false;
	for (next = 0; (slot = uicc_slots_next(next)); next = uicc_slot_done(slot))
		uicc_slot_wake(slot);
	mutex_unlock(&uicc_pm_lock);
}

static int uicc_pm_notify(struct notifier_block *nb, unsigned long event, void *unused)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		uicc_pm_sleep();
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		uicc_pm_wake();
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block uicc_pm_nb = { .notifier_call = uicc_pm_notify };

/**
 * uicc_pm_init() - hear of suspend and resume
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int uicc_pm_init(void)
{
	return register_pm_notifier(&uicc_pm_nb);
}

/**
 * uicc_pm_exit() - hear of it no more
 *
 * Context: may sleep; there are no slots.
 */
void uicc_pm_exit(void)
{
	unregister_pm_notifier(&uicc_pm_nb);
}
