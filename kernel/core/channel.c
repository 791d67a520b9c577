// SPDX-License-Identifier: GPL-2.0-only
/*
 * Logical channels (TS 102 221 11.1.17): a card that somebody else uses too is
 * talked to on a channel of our own, where it has one to give. What is selected
 * on it, select.c knows.
 */
#include <linux/workqueue.h>

#include "internal.h"

/* For a card that goes silent just when its channel is to be closed. */
#define UICC_CHANNEL_CLOSE_MS	1000
#define UICC_CHANNEL_CANCEL_MS	10

static bool uicc_card_shared(const struct uicc_card *card)
{
	return card->slot->flags & UICC_SLOT_SHARED;
}

/*
 * Asks for a channel, on the basic one. A card that refuses (6881, 6D00, 6A81,
 * 6E00 ...) or names none that there is leaves us there: only a channel that was
 * opened is used, for some cards take any number in the class for the basic one.
 */
static int uicc_channel_open(struct uicc_card *card)
{
	u8 number = 0;
	struct uicc_rapdu r = { .data = &number, .size = sizeof(number) };
	struct uicc_apdu apdu;
	int ret;

	WRITE_ONCE(card->io.channel, 0);
	uicc_card_drop_selection(card);
	uicc_apdu_channel_open(&apdu);
	ret = uicc_apdu_exchange(&card->io, &apdu, &r);
	if (ret == -EPROTO)
		card->reset_needed = true;
	if (ret)
		return ret;
	card->channel_asked = true;
	if (!uicc_sw_to_errno(r.sw, UICC_MODE_UICC) && r.len == 1 && !r.truncated &&
	    number && number <= UICC_CHANNEL_MAX)
		WRITE_ONCE(card->io.channel, number);
	return 0;
}

/**
 * uicc_channel_begin() - see to the channel of a shared card
 * @card: the card, for which an operation begins
 *
 * Opens a channel when none was asked for yet. On the basic channel of a shared
 * card nothing is taken for selected: the other user may have selected anything
 * since the last operation. A card of our own needs no channel.
 *
 * Context: may sleep; card->cmd_lock is held.
 * Return: 0, or what uicc_apdu_exchange() returned.
 */
int uicc_channel_begin(struct uicc_card *card)
{
	int ret;

	lockdep_assert_held(&card->cmd_lock);
	card->channel_lost = false;
	if (!uicc_card_shared(card))
		return 0;
	if (!card->channel_asked && card->io.mode == UICC_MODE_UICC) {
		ret = uicc_channel_open(card);
		if (ret)
			return ret;
	}
	if (!card->io.channel)
		uicc_card_drop_selection(card);
	return 0;
}

/**
 * uicc_channel_lost() - the card does not know our channel any more
 * @card: the card, in an operation
 *
 * Somebody has reset it or closed the channel, so its files may be others. The
 * channel is opened again; if that one is lost in the same operation too, the
 * basic channel has to do from then on, until a sleep of the system.
 *
 * Context: may sleep; card->cmd_lock is held.
 * Return: -EAGAIN: begin anew; or what uicc_apdu_exchange() returned.
 */
int uicc_channel_lost(struct uicc_card *card)
{
	int ret = 0;

	lockdep_assert_held(&card->cmd_lock);
	WRITE_ONCE(card->io.channel, 0);
	uicc_card_drop_selection(card);
	uicc_files_drop_caches(card);
	if (!card->channel_lost) {
		card->channel_asked = false;
		ret = uicc_channel_open(card);
	}
	card->channel_lost = true;
	return ret ?: -EAGAIN;
}

/**
 * uicc_channel_leave() - close our channel; the next operation opens another
 * @card: the card, asleep or in an operation
 *
 * Also after a command that was broken off, for which any other card would need a
 * reset: that of a shared card is none, the channel would stay open for ever. Not
 * when the card was silent. A refusal changes nothing: we let go of it anyway.
 *
 * Context: may sleep; card->cmd_lock is held.
 */
void uicc_channel_leave(struct uicc_card *card)
{
	bool reset_needed = card->reset_needed;
	struct uicc_rapdu r = {};
	struct uicc_apdu apdu;

	lockdep_assert_held(&card->cmd_lock);
	if (card->io.channel && !card->silent &&
	    !uicc_apdu_channel_close(&apdu, card->io.channel)) {
		card->reset_needed = false;
		if (uicc_apdu_exchange(&card->io, &apdu, &r))
			reset_needed = true;
		card->reset_needed = reset_needed;
	}
	WRITE_ONCE(card->io.channel, 0);
	card->channel_asked = false;
	uicc_card_drop_selection(card);
}

/**
 * uicc_channel_refused() - the card has given a channel, but knows no command on it
 * @card: the card, in an operation
 *
 * The channel is closed, in a command of the only class that the card may know, and
 * the basic one has to do from then on.
 *
 * Context: may sleep; card->cmd_lock is held.
 * Return: -EAGAIN: begin anew; or what uicc_apdu_exchange() returned.
 */
int uicc_channel_refused(struct uicc_card *card)
{
	struct uicc_rapdu r = {};
	struct uicc_apdu apdu;
	int ret;

	lockdep_assert_held(&card->cmd_lock);
	ret = uicc_apdu_channel_close(&apdu, card->io.channel);
	WRITE_ONCE(card->io.channel, 0);
	uicc_card_drop_selection(card);
	if (!ret)
		ret = uicc_apdu_exchange(&card->io, &apdu, &r);
	if (ret == -EPROTO)
		card->reset_needed = true;
	return ret ?: -EAGAIN;
}

/* uicc_apdu_io's way to a card for which no operation is begun any more. */
static int uicc_channel_transmit(void *ctx, const u8 *cmd, size_t cmd_len, u8 *rsp,
				 size_t rsp_size)
{
	struct uicc_card *card = ctx;

	lockdep_assert_held_write(&card->ops_lock);
	return uicc_card_send(card, cmd, cmd_len, rsp, rsp_size);
}

struct uicc_channel_timeout {
	struct delayed_work work;
	struct uicc_slot *slot;
};

static void uicc_channel_timeout(struct work_struct *work)
{
	struct uicc_channel_timeout *timeout =
		container_of(to_delayed_work(work), struct uicc_channel_timeout, work);

	timeout->slot->ops->cancel(timeout->slot);
	/* The command may begin only now, on a busy machine: again, until it has ended. */
	queue_delayed_work(uicc_wq, &timeout->work, msecs_to_jiffies(UICC_CHANNEL_CANCEL_MS));
}

/**
 * uicc_channel_close() - close our channel, if the card is there to hear it
 * @card: the card, for which no operation runs or will run
 *
 * Not after a report of another card or of none, nor when the card was silent at
 * the last command; but also when that was broken off. A refusal changes nothing: we
 * let go of it anyway.
 *
 * Context: may sleep, UICC_CHANNEL_CLOSE_MS; card->ops_lock is held for writing.
 */
void uicc_channel_close(struct uicc_card *card)
{
	struct uicc_channel_timeout timeout = { .slot = card->slot };
	struct uicc_rapdu r = {};
	struct uicc_apdu apdu;

	lockdep_assert_held_write(&card->ops_lock);
	if (!card->io.channel || card->silent ||
	    READ_ONCE(card->slot->events) != card->event ||
	    uicc_apdu_channel_close(&apdu, card->io.channel))
		return;
	INIT_DELAYED_WORK_ONSTACK(&timeout.work, uicc_channel_timeout);
	queue_delayed_work(uicc_wq, &timeout.work, msecs_to_jiffies(UICC_CHANNEL_CLOSE_MS));
	card->io.transmit = uicc_channel_transmit;
	if (!uicc_apdu_exchange(&card->io, &apdu, &r))
		WRITE_ONCE(card->io.channel, 0);
	cancel_delayed_work_sync(&timeout.work);
	destroy_delayed_work_on_stack(&timeout.work);
}
