// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cards: one insertion of a card, and who may talk to it. What it has selected,
 * select.c knows; the content of its files, file.c.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "compat.h"
#include "internal.h"
#include "trace.h"

/*
 * A card that answers each of many commands just in time must not keep a reader,
 * and those who wait behind it, for hours. A read of a page takes seconds.
 */
#define UICC_OPERATION_MS	60000

/*
 * How long a card is left alone that was silent, was reset, and is silent still:
 * who reads all attributes of a card one by one waits for it twice, not each time.
 */
#define UICC_SILENT_MS		5000

#define UICC_INS_SELECT		0xa4

/**
 * uicc_atr_print() - an answer to reset in hex
 * @atr: the answer
 * @text: out: upper-case digits and a NUL, 2 * UICC_ATR_MAX + 1 bytes of room
 *
 * Context: any.
 */
void uicc_atr_print(const struct uicc_atr *atr, char *text)
{
	unsigned int i;

	for (i = 0; i < atr->len; i++)
		text = hex_byte_pack_upper(text, atr->raw[i]);
	*text = '\0';
}

static int uicc_card_uevent(uicc_uevent_dev *dev, struct kobj_uevent_env *env)
{
	const struct uicc_card *card = to_uicc_card(dev);
	const struct uicc_slot *slot = card->slot;
	char atr[2 * UICC_ATR_MAX + 1];

	uicc_atr_print(&card->atr, atr);
	return add_uevent_var(env, "UICC_SLOT=%s", dev_name(&slot->dev)) ?:
	       add_uevent_var(env, "UICC_TRANSPORT=%s", slot->transport) ?:
	       add_uevent_var(env, "UICC_PROTOCOL=T=%u", uicc_atr_protocol(&card->atr)) ?:
	       add_uevent_var(env, "UICC_ATR=%s", atr) ?:
	       add_uevent_var(env, "UICC_SEQ=%llu", card->seq);
}

static void uicc_card_release(struct device *dev)
{
	struct uicc_card *card = to_uicc_card(dev);
	struct uicc_slot *slot = card->slot;

	uicc_files_free(card);
	mutex_destroy(&card->files_lock);
	mutex_destroy(&card->cache_lock);
	mutex_destroy(&card->cmd_lock);
	kfree_sensitive(card->io.cmd);
	kfree_sensitive(card->io.rsp);
	kfree_sensitive(card);
	put_device(&slot->dev);
	uicc_device_dead();
}

const struct device_type uicc_card_type = {
	.name = "uicc_card",
	.groups = uicc_card_groups,
	.uevent = uicc_card_uevent,
	.release = uicc_card_release,
};

/* Removed, or something was reported since: what is in the slot is not this card. */
static bool uicc_card_stale(const struct uicc_card *card)
{
	return READ_ONCE(card->gone) || READ_ONCE(card->slot->events) != card->event;
}

/* Notes whether the card said anything at all: @ret is what an op returned. */
static void uicc_card_heard(struct uicc_card *card, int ret, bool command)
{
	lockdep_assert_held(&card->cmd_lock);
	if (ret >= 0 && command) {
		card->silent = false;
	} else if (ret == -ETIMEDOUT) {
		/* At the first time a reset may bring it back. */
		card->silent_until = jiffies;
		if (card->silent || !command)
			card->silent_until += msecs_to_jiffies(UICC_SILENT_MS);
		card->silent = true;
	}
}

/* It is of no use to wait for this card again just now. */
static bool uicc_card_silent(const struct uicc_card *card)
{
	unsigned long since = card->silent_until - msecs_to_jiffies(UICC_SILENT_MS);

	/* Not "before the end": nobody may have asked for so long that jiffies went round. */
	return card->silent && time_in_range_open(jiffies, since, card->silent_until);
}

/* The only place where counters change: a card's, and its slot's with them. */
static void uicc_card_count(struct uicc_card *card, enum uicc_stat stat, u64 n)
{
	atomic64_add(n, &card->stats[stat]);
	atomic64_add(n, &card->slot->stats[stat]);
}

static void uicc_card_count_tpdu(struct uicc_card *card, size_t sent, int ret)
{
	uicc_card_count(card, UICC_STAT_TPDUS, 1);
	uicc_card_count(card, UICC_STAT_BYTES_SENT, sent);
	if (ret < 0)
		uicc_card_count(card, UICC_STAT_ERRORS, 1);
	else
		uicc_card_count(card, UICC_STAT_BYTES_RECEIVED, ret);
}

/**
 * uicc_card_send() - one TPDU or APDU to the transport, counted and traced
 * @card: the card
 * @cmd: the command
 * @cmd_len: its length
 * @rsp: where the answer goes
 * @rsp_size: room there
 *
 * Context: may sleep; card->ops_lock is held, card->ops is there.
 * Return: as struct uicc_slot_ops says of transmit.
 */
int uicc_card_send(struct uicc_card *card, const u8 *cmd, size_t cmd_len, u8 *rsp,
		   size_t rsp_size)
{
	u16 sw = 0;
	int ret;

	lockdep_assert_held(&card->ops_lock);
	ret = card->ops->transmit(card->slot, cmd, cmd_len, rsp, rsp_size);
	if (ret > (int)rsp_size)
		ret = -EPROTO;
	uicc_card_count_tpdu(card, cmd_len, ret);
	if (ret >= 2)
		sw = rsp[ret - 2] << 8 | rsp[ret - 1];
	trace_uicc_transmit(card->slot->index, cmd_len, ret < 0 ? 0 : ret, sw, min(ret, 0));
	return ret;
}

/* uicc_apdu_io's way to the card: one TPDU. */
static int uicc_card_transmit(void *ctx, const u8 *cmd, size_t cmd_len, u8 *rsp, size_t rsp_size)
{
	struct uicc_card *card = ctx;
	int ret;

	lockdep_assert_held(&card->cmd_lock);
	lockdep_assert_held_read(&card->ops_lock);
	if (uicc_card_stale(card))
		return -ENODEV;
	if (READ_ONCE(card->broken_off))
		return -ERESTARTNOINTR;
	if (card->reset_needed)
		return -EPROTO;
	if (time_after(jiffies, card->until))
		return -ETIMEDOUT;
	ret = uicc_card_send(card, cmd, cmd_len, rsp, rsp_size);
	uicc_card_heard(card, ret, true);
	if (ret < 0) {
		/* Nobody knows where in the command it stands. */
		card->reset_needed = true;
		if (uicc_card_stale(card))
			ret = -ENODEV;
		else if (READ_ONCE(card->broken_off))
			ret = -ERESTARTSYS;
	}
	return ret;
}

/*
 * Cold reset; of a shared card, what its transport has in place of one. When
 * another card answers, it is a new insertion.
 */
static int uicc_card_reset(struct uicc_card *card)
{
	u8 atr[UICC_ATR_MAX];
	int ret;

	lockdep_assert_held(&card->cmd_lock);
	uicc_card_drop_selection(card);
	WRITE_ONCE(card->mode_known, false);
	card->mode_tried = false;
	card->reset_needed = true;
	if (uicc_card_stale(card))
		return -ENODEV;
	ret = card->ops->power_on(card->slot, atr);
	uicc_card_count(card, UICC_STAT_RESETS, 1);
	if (ret < 0)
		uicc_card_count(card, UICC_STAT_ERRORS, 1);
	trace_uicc_reset(card->slot->index, card->seq, ret);
	uicc_card_heard(card, ret, false);
	if (uicc_card_stale(card))
		return -ENODEV;
	if (ret < 0)
		return READ_ONCE(card->broken_off) ? -ERESTARTNOINTR : ret;
	if (ret != card->atr.len || memcmp(atr, card->atr.raw, ret)) {
		uicc_slot_card_swapped(card->slot, card->event);
		return -ENODEV;
	}
	card->reset_needed = false;
	/* It is the same card, but who knows what was written to it meanwhile. */
	uicc_files_drop_caches(card);
	return 0;
}

/**
 * uicc_card_begin() - make the card ready for the commands of an operation
 * @card: the card
 *
 * Context: may sleep; card->cmd_lock is held.
 * Return: 0; -ENODEV when the card is gone, or was swapped, which is reported as
 * an insertion then; -ERESTARTNOINTR; else what the reset or the opening of the
 * channel returned.
 */
int uicc_card_begin(struct uicc_card *card)
{
	int ret;

	lockdep_assert_held(&card->cmd_lock);
	lockdep_assert_held_read(&card->ops_lock);
	card->until = jiffies + msecs_to_jiffies(UICC_OPERATION_MS);
	ret = card->reset_needed ? uicc_card_reset(card) : 0;
	return ret ?: uicc_channel_begin(card);
}

/**
 * uicc_card_get_awake() - begin an operation on the card, but not after a sleep
 * @card: the card
 *
 * As uicc_card_get(), for an operation that must not wait while the system sleeps:
 * what it holds (a PIN) would go into the image of a hibernation.
 *
 * Context: may sleep, killable, as long as other operations last.
 * Return: as uicc_card_get(); -ERESTARTNOINTR when the card is not awake.
 */
int uicc_card_get_awake(struct uicc_card *card)
{
	int ret;

	get_device(&card->dev);
	ret = down_read_killable(&card->ops_lock);
	if (ret)
		goto err_put;
	ret = mutex_lock_killable(&card->cmd_lock);
	if (ret)
		goto err_up;
	ret = -ENODEV;
	if (READ_ONCE(card->gone) || !card->ops)
		goto err_unlock;
	ret = -ERESTARTNOINTR;
	if (READ_ONCE(card->slot->sleep) != UICC_AWAKE)
		goto err_unlock;
	ret = -ETIMEDOUT;
	if (uicc_card_silent(card))
		goto err_unlock;
	ret = uicc_card_begin(card);
	if (ret)
		goto err_unlock;
	return 0;

err_unlock:
	mutex_unlock(&card->cmd_lock);
err_up:
	up_read(&card->ops_lock);
err_put:
	put_device(&card->dev);
	return ret;
}

/**
 * uicc_card_get() - begin an operation on the card
 * @card: the card, to which the caller holds a reference
 *
 * Takes a reference, the ops and the card's attention; resets the card if the
 * last operation was broken off, and opens a logical channel on a shared one.
 * Ended by uicc_card_put(). Commands begun more than UICC_OPERATION_MS later fail
 * with -ETIMEDOUT. A card that is silent after a reset too is not asked again for
 * UICC_SILENT_MS. When the system sleeps, waits until the card is awake, with no
 * lock held: it would be in the way of the freezer.
 *
 * Context: may sleep, killable, as long as other operations last.
 * Return: 0; -EINTR after a fatal signal; -ENODEV when the card is gone;
 * -ETIMEDOUT when it is known to be silent; -ERESTARTNOINTR when the wait for the
 * end of the sleep was interrupted; else what the reset or the opening of the
 * channel returned. Nothing is held on failure.
 */
int uicc_card_get(struct uicc_card *card)
{
	int ret;

	do {
		ret = uicc_card_wait_awake(card);
		if (ret)
			return ret;
		ret = uicc_card_get_awake(card);
	} while (ret == -ERESTARTNOINTR);
	return ret;
}

/**
 * uicc_card_put() - end an operation on the card
 * @card: the card of uicc_card_get()
 *
 * Context: may sleep.
 */
void uicc_card_put(struct uicc_card *card)
{
	mutex_unlock(&card->cmd_lock);
	up_read(&card->ops_lock);
	put_device(&card->dev);
}

/**
 * uicc_card_stop() - let nobody talk to the card any more
 * @card: the card
 *
 * Operations that run get -ENODEV. A channel that was opened on a card that is
 * still there is closed. When this returns no op runs for this card and none
 * will.
 *
 * Context: may sleep; not from sysfs, netlink or an op. No lock is held.
 */
void uicc_card_stop(struct uicc_card *card)
{
	lockdep_assert_not_held(&card->cmd_lock);
	lockdep_assert_not_held(&card->ops_lock);
	lockdep_assert_not_held(&card->files_lock);
	WRITE_ONCE(card->gone, true);
	wake_up_all(&card->slot->woken);
	/*
	 * A reader that looked at gone just before may begin a command just
	 * after the cancel: cancel until all have let go.
	 */
	card->slot->ops->cancel(card->slot);
	while (!down_write_trylock(&card->ops_lock)) {
		usleep_range(200, 1000);
		card->slot->ops->cancel(card->slot);
	}
	uicc_channel_close(card);
	card->ops = NULL;
	up_write(&card->ops_lock);
}

/*
 * The class of the first command after a reset decides in which mode the card is
 * until the next one. Refused: into the other mode, once per reset.
 */
static int uicc_card_other_mode(struct uicc_card *card)
{
	bool to_2g = card->io.mode == UICC_MODE_UICC;
	int ret = 0;

	/* A shared card keeps the mode that the other user has put it in. */
	if (!(card->slot->flags & UICC_SLOT_SHARED))
		ret = uicc_card_reset(card);
	if (ret)
		return ret;
	WRITE_ONCE(card->io.mode, to_2g ? UICC_MODE_SIM2G : UICC_MODE_UICC);
	card->mode_tried = true;
	return -EAGAIN;
}

/**
 * uicc_card_command() - one command, in the class the card understands
 * @card: the card, from uicc_card_get()
 * @apdu: the command; its class is the UICC's
 * @r: the answer
 *
 * An answer that is none leaves the card nobody knows where: the next operation
 * resets it.
 *
 * Context: may sleep; card->cmd_lock is held.
 * Return: as uicc_apdu_command(). -EAGAIN, a few times in one operation at most:
 * the card is in its other mode now, or on another channel. Nothing is selected
 * and what was read is forgotten; the caller begins anew.
 */
int uicc_card_command(struct uicc_card *card, const struct uicc_apdu *apdu,
		      struct uicc_rapdu *r)
{
	int ret;

	lockdep_assert_held(&card->cmd_lock);
	ret = uicc_apdu_exchange(&card->io, apdu, r);
	if (ret == -EPROTO)
		card->reset_needed = true;
	if (ret)
		return ret;
	/* 6D00: as old SIMs refuse the class of a SELECT. */
	if (!card->mode_known && !card->mode_tried &&
	    (r->sw == 0x6e00 || (r->sw == 0x6d00 && apdu->ins == UICC_INS_SELECT)))
		return card->io.channel ? uicc_channel_refused(card) : uicc_card_other_mode(card);
	if (card->io.channel && r->sw == 0x6881)
		return uicc_channel_lost(card);
	WRITE_ONCE(card->mode_known, true);
	return uicc_apdu_errno(apdu, r->sw, card->io.mode);
}

/* The way for APDUs. What is made here, uicc_card_release() frees. */
static int uicc_card_io_init(struct uicc_card *card)
{
	struct uicc_apdu_io *io = &card->io;

	io->transmit = uicc_card_transmit;
	io->ctx = card;
	io->t0 = !(card->slot->flags & UICC_SLOT_APDU) && uicc_atr_protocol(&card->atr) == 0;
	io->extended = !io->t0 && (card->slot->flags & UICC_SLOT_EXTENDED) &&
		       uicc_atr_extended(&card->atr);
	io->cmd_size = io->extended ? UICC_COMMAND_EXT_MAX : UICC_APDU_MAX;
	io->rsp_size = io->extended ? UICC_RESPONSE_EXT_MAX : UICC_RESPONSE_MAX;
	io->cmd = kzalloc(io->cmd_size, GFP_KERNEL);
	io->rsp = kzalloc(io->rsp_size, GFP_KERNEL);
	return io->cmd && io->rsp ? 0 : -ENOMEM;
}

/**
 * uicc_card_new() - make the device of a card, not yet added
 * @slot: where it is
 * @seq: number of the insertion
 * @event: slot->events when it was put in
 * @atr: its answer to reset
 *
 * Context: may sleep.
 * Return: the card, with one reference, or ERR_PTR(-ENOMEM).
 */
struct uicc_card *uicc_card_new(struct uicc_slot *slot, u64 seq, unsigned long event,
				const struct uicc_atr *atr)
{
	struct uicc_card *card;
	int ret;

	card = kzalloc(sizeof(*card), GFP_KERNEL);
	if (!card)
		return ERR_PTR(-ENOMEM);
	/* Not as its parent alone: that reference goes with device_del(). */
	get_device(&slot->dev);
	card->slot = slot;
	card->seq = seq;
	card->event = event;
	card->atr = *atr;
	card->ops = slot->ops;
	init_rwsem(&card->ops_lock);
	mutex_init(&card->cmd_lock);
	mutex_init(&card->cache_lock);
	mutex_init(&card->files_lock);
	INIT_LIST_HEAD(&card->files);
	INIT_WORK(&card->pin_work, uicc_netlink_pin_work);
	uicc_device_live();
	device_initialize(&card->dev);
	card->dev.class = &uicc_class;
	card->dev.type = &uicc_card_type;
	card->dev.parent = &slot->dev;
	card->dev.groups = card->groups;
	ret = dev_set_name(&card->dev, "%s.card", dev_name(&slot->dev));
	if (!ret)
		ret = uicc_card_io_init(card);
	if (!ret)
		ret = uicc_files_init(card);
	if (ret) {
		put_device(&card->dev);
		return ERR_PTR(ret);
	}
	return card;
}
