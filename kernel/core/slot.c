// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots: the life of a reader's place for a card, and of the cards in it.
 * How a card is talked to, card.c knows.
 */
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "compat.h"
#include "internal.h"
#include "trace.h"

/*
 * Each insertion makes devices, uevents and maybe a program that reads the card. A
 * reader may report more of them than any contact can make; then the last one of
 * a second is the one that is powered.
 */
#define UICC_INSERTIONS_PER_S	200

/* Cards come and go in the slot's work, and when that is stopped for good. */
static void uicc_slot_assert_work(const struct uicc_slot *slot)
{
	lockdep_assert(current_work() == &slot->detect || slot->closing);
	lockdep_assert_not_held(&slot->state_lock);
}

static int uicc_slot_uevent(uicc_uevent_dev *dev, struct kobj_uevent_env *env)
{
	const struct uicc_slot *slot = to_uicc_slot(dev);

	return add_uevent_var(env, "UICC_SLOT=%s", dev_name(dev)) ?:
	       add_uevent_var(env, "UICC_TRANSPORT=%s", slot->transport);
}

static void uicc_slot_release(struct device *dev)
{
	struct uicc_slot *slot = to_uicc_slot(dev);

	uicc_slots_release(slot->index);
	mutex_destroy(&slot->state_lock);
	kfree_const(slot->transport);
	kfree_const(slot->location);
	kfree(slot);
	uicc_device_dead();
}

const struct device_type uicc_slot_type = {
	.name = "uicc_slot",
	.groups = uicc_slot_groups,
	.uevent = uicc_slot_uevent,
	.release = uicc_slot_release,
};

/**
 * uicc_slot_card_get() - the card in a slot
 * @slot: the slot
 *
 * Context: may sleep; takes slot->state_lock.
 * Return: the card, whose device reference the caller drops, or NULL.
 */
struct uicc_card *uicc_slot_card_get(struct uicc_slot *slot)
{
	struct uicc_card *card;

	mutex_lock(&slot->state_lock);
	card = slot->card;
	if (card)
		get_device(&card->dev);
	mutex_unlock(&slot->state_lock);
	return card;
}

/**
 * uicc_slot_state() - what a slot holds
 * @slot: the slot
 *
 * Context: may sleep; takes slot->state_lock.
 * Return: its state.
 */
enum uicc_slot_state uicc_slot_state(struct uicc_slot *slot)
{
	enum uicc_slot_state state;

	mutex_lock(&slot->state_lock);
	state = slot->state;
	mutex_unlock(&slot->state_lock);
	return state;
}

/**
 * uicc_slot_seq() - how many insertions were reported
 * @slot: the slot
 *
 * Context: any.
 * Return: the number.
 */
u64 uicc_slot_seq(struct uicc_slot *slot)
{
	unsigned long flags;
	u64 seq;

	spin_lock_irqsave(&slot->event_lock, flags);
	seq = slot->seq;
	spin_unlock_irqrestore(&slot->event_lock, flags);
	return seq;
}

static void uicc_slot_set(struct uicc_slot *slot, struct uicc_card *card,
			  enum uicc_slot_state state)
{
	mutex_lock(&slot->state_lock);
	slot->card = card;
	slot->state = state;
	mutex_unlock(&slot->state_lock);
}

/* Wakes who polls the attribute. */
static void uicc_slot_notify(struct uicc_slot *slot)
{
	sysfs_notify(&slot->dev.kobj, NULL, "state");
}

/*
 * Takes the card away: nobody finds it, nobody talks to it, then its device
 * goes. No lock is held, so a reader that waits for the card gets -ENODEV while
 * device_del() waits for the reader.
 */
static void uicc_slot_drop_card(struct uicc_slot *slot)
{
	struct uicc_card *card = slot->card;	/* only this context writes it */

	uicc_slot_assert_work(slot);
	if (!card)
		return;
	uicc_slot_set(slot, NULL, UICC_SLOT_STATE_EMPTY);
	uicc_card_stop(card);
	slot->ops->power_off(slot);
	WRITE_ONCE(slot->supply, UICC_SUPPLY_UNKNOWN);
	trace_uicc_remove(slot->index, card->seq, 0);
	uicc_netlink_card_gone(slot);
	uicc_netlink_card_event(card, UICC_CMD_CARD_DEL);
	device_del(&card->dev);
	put_device(&card->dev);
	uicc_slot_notify(slot);
}

/* Powers the card that was put in as number @seq, and adds its device. */
static void uicc_slot_take_card(struct uicc_slot *slot, u64 seq, unsigned long event)
{
	struct uicc_card *card;
	struct uicc_atr atr;
	u8 raw[UICC_ATR_MAX];
	int ret;

	uicc_slot_assert_work(slot);
	ret = slot->ops->power_on(slot, raw);
	trace_uicc_insert(slot->index, seq, ret);
	if (ret == -ENODEV)
		return;		/* pulled out again: the report of that follows */
	if (ret >= 0)
		ret = uicc_atr_parse(&atr, raw, ret);
	if (ret) {
		dev_info_ratelimited(&slot->dev, "card %llu gives no answer to reset (%d)\n",
				     seq, ret);
		goto err_mute;
	}
	card = uicc_card_new(slot, seq, event, &atr);
	if (IS_ERR(card)) {
		ret = PTR_ERR(card);
		goto err_add;
	}
	/* First, so that whoever the uevent wakes can already ask about the card. */
	uicc_slot_set(slot, card, UICC_SLOT_STATE_READY);
	ret = device_add(&card->dev);
	if (!ret) {
		uicc_netlink_card_event(card, UICC_CMD_CARD_ADD);
		uicc_slot_notify(slot);
		return;
	}
	uicc_slot_set(slot, NULL, UICC_SLOT_STATE_EMPTY);
	uicc_card_stop(card);
	uicc_netlink_card_gone(slot);
	put_device(&card->dev);
err_add:
	dev_err_ratelimited(&slot->dev, "cannot add card %llu (%d)\n", seq, ret);
err_mute:
	slot->ops->power_off(slot);
	uicc_slot_set(slot, NULL, UICC_SLOT_STATE_MUTE);
	uicc_slot_notify(slot);
}

/*
 * When too many cards were inserted in one second, waits for its end. Returns false
 * when the card is not to be powered now: another was reported meanwhile, the slot
 * is to go, or to sleep.
 */
static bool uicc_slot_pace(struct uicc_slot *slot)
{
	unsigned long end = slot->second + HZ;

	/* Not "after the end": of a slot that saw no card for weeks jiffies have gone round. */
	if (!time_in_range_open(jiffies, slot->second, end)) {
		slot->second = jiffies;
		slot->insertions = 0;
	}
	if (slot->insertions++ < UICC_INSERTIONS_PER_S)
		return true;
	wait_event_timeout(slot->woken, READ_ONCE(slot->closing) ||
			   READ_ONCE(slot->sleep) == UICC_FALLING_ASLEEP,
			   max_t(long, end - jiffies, 1));
	return READ_ONCE(slot->events) == slot->handled && !READ_ONCE(slot->closing) &&
	       READ_ONCE(slot->sleep) != UICC_FALLING_ASLEEP;
}

/* Brings the slot in line with what was reported last. */
static void uicc_slot_update(struct uicc_slot *slot, bool present, u64 seq)
{
	/* Whatever happened in between, the card we knew is not this one. */
	uicc_slot_drop_card(slot);
	if (present) {
		if (uicc_slot_pace(slot))
			uicc_slot_take_card(slot, seq, slot->handled);
	} else if (slot->state != UICC_SLOT_STATE_EMPTY) {
		uicc_slot_set(slot, NULL, UICC_SLOT_STATE_EMPTY);
		uicc_slot_notify(slot);
	}
}

/* After the sleep of the system, with no report since: which card is there? */
static void uicc_slot_check(struct uicc_slot *slot, bool present, u64 seq)
{
	struct uicc_card *card = slot->card;
	int ret;

	uicc_slot_assert_work(slot);
	if (!card) {
		/* It was mute, or the sleep came before it answered. */
		if (present)
			uicc_slot_take_card(slot, seq, slot->handled);
		return;
	}
	ret = uicc_card_wake(card);
	trace_uicc_resume(slot->index, card->seq, ret);
	/* The same; or it is to sleep again, and will be looked at after that. */
	if (!ret || READ_ONCE(slot->sleep) != UICC_WAKING)
		return;
	if (ret == -ESTALE)
		uicc_slot_card_swapped(slot, card->event);
	if (READ_ONCE(slot->events) != slot->handled)
		return;		/* swapped: the caller sees to it */
	uicc_slot_drop_card(slot);
	if (ret != -ENODEV) {
		uicc_slot_set(slot, NULL, UICC_SLOT_STATE_MUTE);
		uicc_slot_notify(slot);
	}
}

/* One step of the way between awake and asleep is done, unless it was taken back. */
static void uicc_slot_sleep_step(struct uicc_slot *slot, enum uicc_sleep from,
				 enum uicc_sleep to)
{
	spin_lock_irq(&slot->event_lock);
	if (slot->sleep == from)
		WRITE_ONCE(slot->sleep, to);
	spin_unlock_irq(&slot->event_lock);
}

static void uicc_slot_fall_asleep(struct uicc_slot *slot, unsigned long until)
{
	struct uicc_card *card = slot->card;
	int ret;

	if (card) {
		ret = uicc_card_sleep(card, until);
		trace_uicc_suspend(slot->index, card->seq, ret);
	}
	uicc_slot_sleep_step(slot, UICC_FALLING_ASLEEP, UICC_ASLEEP);
	complete(&slot->settled);
}

static void uicc_slot_detect(struct work_struct *work)
{
	struct uicc_slot *slot = container_of(work, struct uicc_slot, detect);
	enum uicc_sleep sleep;
	unsigned long until;
	bool present, more;
	u64 seq;

	for (;;) {
		spin_lock_irq(&slot->event_lock);
		sleep = slot->sleep;
		until = slot->sleep_until;
		present = slot->present;
		seq = slot->seq;
		more = slot->events != slot->handled;
		if (slot->closing || sleep == UICC_ASLEEP || (sleep == UICC_AWAKE && !more)) {
			spin_unlock_irq(&slot->event_lock);
			return;
		}
		if (sleep != UICC_FALLING_ASLEEP)
			slot->handled = slot->events;
		spin_unlock_irq(&slot->event_lock);

		if (sleep == UICC_FALLING_ASLEEP)
			uicc_slot_fall_asleep(slot, until);
		else if (more)
			uicc_slot_update(slot, present, seq);
		else
			uicc_slot_check(slot, present, seq);
		if (sleep == UICC_WAKING && READ_ONCE(slot->events) == slot->handled) {
			uicc_slot_sleep_step(slot, UICC_WAKING, UICC_AWAKE);
			wake_up_all(&slot->woken);
		}
	}
}

/**
 * uicc_slot_sleep() - put the card to sleep
 * @slot: a registered slot
 * @until: in jiffies: when an operation that still runs is broken off
 *
 * The slot's work does it and completes @slot->settled.
 *
 * Context: may sleep; uicc_pm_lock is held.
 */
void uicc_slot_sleep(struct uicc_slot *slot, unsigned long until)
{
	spin_lock_irq(&slot->event_lock);
	reinit_completion(&slot->settled);
	slot->sleep_until = until;
	WRITE_ONCE(slot->sleep, UICC_FALLING_ASLEEP);
	queue_work(uicc_wq, &slot->detect);
	spin_unlock_irq(&slot->event_lock);
	wake_up_all(&slot->woken);
}

/**
 * uicc_slot_wake() - look after the sleep which card is there
 * @slot: a registered slot, also one that was not put to sleep
 *
 * The slot's work does it, and lets those go on who wait for the card.
 *
 * Context: may sleep; uicc_pm_lock is held.
 */
void uicc_slot_wake(struct uicc_slot *slot)
{
	spin_lock_irq(&slot->event_lock);
	WRITE_ONCE(slot->sleep, UICC_WAKING);
	queue_work(uicc_wq, &slot->detect);
	spin_unlock_irq(&slot->event_lock);
}

static void uicc_slot_note(struct uicc_slot *slot, bool present)
{
	lockdep_assert_held(&slot->event_lock);
	if (slot->closing || (!present && !slot->present))
		return;
	slot->present = present;
	if (present)
		slot->seq++;
	WRITE_ONCE(slot->events, slot->events + 1);
	queue_work(uicc_wq, &slot->detect);
}

static void uicc_slot_report(struct uicc_slot *slot, bool present)
{
	unsigned long flags;

	spin_lock_irqsave(&slot->event_lock, flags);
	uicc_slot_note(slot, present);
	spin_unlock_irqrestore(&slot->event_lock, flags);
}

/**
 * uicc_slot_card_swapped() - another card answers than the one that was reported
 * @slot: the slot
 * @event: slot->events of the report that brought the card
 *
 * A new insertion, unless the transport has reported one, or a removal, since: what
 * it says comes first.
 *
 * Context: any.
 */
void uicc_slot_card_swapped(struct uicc_slot *slot, unsigned long event)
{
	unsigned long flags;

	spin_lock_irqsave(&slot->event_lock, flags);
	if (slot->events == event)
		uicc_slot_note(slot, true);
	spin_unlock_irqrestore(&slot->event_lock, flags);
}

/**
 * uicc_slot_card_inserted() - report that a card was put in
 * @slot: a registered slot
 *
 * Each call is one insertion and makes one new card; when a card was there, it
 * was swapped. The card is powered later, from a work item. Of several reports
 * in a short time the last one counts.
 *
 * Context: any.
 */
void uicc_slot_card_inserted(struct uicc_slot *slot)
{
	uicc_slot_report(slot, true);
}
EXPORT_SYMBOL_GPL(uicc_slot_card_inserted);

/**
 * uicc_slot_card_removed() - report that the card was pulled out
 * @slot: a registered slot
 *
 * The transport has ended the running command with -ENODEV and takes no other.
 * The card device goes later, from a work item. Harmless without a card.
 *
 * Context: any.
 */
void uicc_slot_card_removed(struct uicc_slot *slot)
{
	uicc_slot_report(slot, false);
}
EXPORT_SYMBOL_GPL(uicc_slot_card_removed);

/**
 * uicc_slot_priv() - the transport's own pointer
 * @slot: the slot
 *
 * Context: any.
 * Return: what uicc_slot_alloc() was given.
 */
void *uicc_slot_priv(struct uicc_slot *slot)
{
	return slot->priv;
}
EXPORT_SYMBOL_GPL(uicc_slot_priv);

/**
 * uicc_slot_index() - the number in the slot's name
 * @slot: the slot
 *
 * Context: any.
 * Return: the number.
 */
unsigned int uicc_slot_index(const struct uicc_slot *slot)
{
	return slot->index;
}
EXPORT_SYMBOL_GPL(uicc_slot_index);

/**
 * uicc_slot_set_flags() - tell what a transport can do
 * @slot: a slot that is not registered yet
 * @flags: UICC_SLOT_APDU, UICC_SLOT_EXTENDED, UICC_SLOT_SHARED or none
 *
 * Context: any.
 */
void uicc_slot_set_flags(struct uicc_slot *slot, u32 flags)
{
	if (WARN_ON_ONCE(slot->registered || flags & ~UICC_SLOT_FLAGS))
		return;
	slot->flags = flags;
}
EXPORT_SYMBOL_GPL(uicc_slot_set_flags);

/**
 * uicc_slot_set_supply() - tell with which voltage the card is powered
 * @slot: the slot
 * @supply: its class
 *
 * Called from power_on, before it returns an ATR. A transport that never knows
 * need not call it.
 *
 * Context: any.
 */
void uicc_slot_set_supply(struct uicc_slot *slot, enum uicc_supply supply)
{
	WRITE_ONCE(slot->supply, supply);
}
EXPORT_SYMBOL_GPL(uicc_slot_set_supply);

/**
 * uicc_slot_alloc() - make a slot
 * @parent: device of the reader
 * @ops: how to reach the card; stays valid until uicc_slot_unregister() returned
 * @location: stable name of the reader, copied; where it is plugged in, rather
 *	than in which order it came
 * @priv: for uicc_slot_priv()
 *
 * Context: may sleep.
 * Return: the slot, which the caller gives back with uicc_slot_put(), or
 * ERR_PTR(-ENOMEM), -ENOSPC, or -EINVAL for ops or a location that will not do.
 */
struct uicc_slot *uicc_slot_alloc(struct device *parent, const struct uicc_slot_ops *ops,
				  const char *location, void *priv)
{
	struct uicc_slot *slot;
	int ret;

	if (!ops->transport || !ops->power_on || !ops->power_off || !ops->transmit ||
	    !ops->cancel || !location[0] || strlen(location) > UICC_NAME_MAX ||
	    strlen(ops->transport) > UICC_NAME_MAX)
		return ERR_PTR(-EINVAL);
	slot = kzalloc(sizeof(*slot), GFP_KERNEL);
	if (!slot)
		return ERR_PTR(-ENOMEM);
	slot->location = kstrdup_const(location, GFP_KERNEL);
	slot->transport = kstrdup_const(ops->transport, GFP_KERNEL);
	ret = slot->location && slot->transport ? uicc_slots_reserve(&slot->index) : -ENOMEM;
	if (ret) {
		kfree_const(slot->transport);
		kfree_const(slot->location);
		kfree(slot);
		return ERR_PTR(ret);
	}
	mutex_init(&slot->state_lock);
	spin_lock_init(&slot->event_lock);
	INIT_WORK(&slot->detect, uicc_slot_detect);
	init_waitqueue_head(&slot->woken);
	init_completion(&slot->settled);
	slot->state = UICC_SLOT_STATE_EMPTY;
	slot->ops = ops;
	slot->priv = priv;

	uicc_device_live();
	device_initialize(&slot->dev);
	slot->dev.class = &uicc_class;
	slot->dev.type = &uicc_slot_type;
	slot->dev.parent = parent;
	ret = dev_set_name(&slot->dev, "uicc%u", slot->index);
	if (ret) {
		put_device(&slot->dev);	/* frees it all */
		return ERR_PTR(ret);
	}
	return slot;
}
EXPORT_SYMBOL_GPL(uicc_slot_alloc);

/**
 * uicc_slot_register() - show a slot to the world
 * @slot: from uicc_slot_alloc()
 *
 * Reports of cards are taken once this returned 0.
 *
 * Context: may sleep.
 * Return: 0, or an errno of device_add(); the caller puts the slot then.
 */
int uicc_slot_register(struct uicc_slot *slot)
{
	int ret;

	/* First, so that whoever the uevent wakes can already ask about the slot. */
	uicc_pm_slot_show(slot);
	ret = device_add(&slot->dev);
	if (ret) {
		uicc_pm_slot_hide(slot);
		cancel_work_sync(&slot->detect);	/* a sleep may have begun */
		return ret;
	}
	slot->registered = true;
	uicc_netlink_slot_event(slot, UICC_CMD_SLOT_ADD);
	return 0;
}
EXPORT_SYMBOL_GPL(uicc_slot_register);

/**
 * uicc_slot_unregister() - take a slot away, and the card in it
 * @slot: a slot, registered or not
 *
 * Running commands are cancelled. When this returns no op runs or will run.
 * Not to be called from an op, a sysfs attribute or a netlink handler.
 *
 * Context: may sleep.
 */
void uicc_slot_unregister(struct uicc_slot *slot)
{
	if (!slot->registered)
		return;
	/* First: from here on nobody waits for the work to put the card to sleep. */
	uicc_pm_slot_hide(slot);
	spin_lock_irq(&slot->event_lock);
	WRITE_ONCE(slot->closing, true);
	spin_unlock_irq(&slot->event_lock);
	wake_up_all(&slot->woken);

	/* It may wait for the card, and may begin to just after a cancel. */
	cancel_work(&slot->detect);
	while (work_busy(&slot->detect) & WORK_BUSY_RUNNING) {
		slot->ops->cancel(slot);
		usleep_range(500, 2000);
	}
	cancel_work_sync(&slot->detect);
	uicc_slot_drop_card(slot);
	uicc_netlink_slot_event(slot, UICC_CMD_SLOT_DEL);
	device_del(&slot->dev);
	slot->registered = false;
}
EXPORT_SYMBOL_GPL(uicc_slot_unregister);

/**
 * uicc_slot_put() - give a slot back
 * @slot: from uicc_slot_alloc(), unregistered
 *
 * Context: may sleep.
 */
void uicc_slot_put(struct uicc_slot *slot)
{
	put_device(&slot->dev);
}
EXPORT_SYMBOL_GPL(uicc_slot_put);
