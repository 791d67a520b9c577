// SPDX-License-Identifier: GPL-2.0-only
/*
 * PINs over netlink: the sockets that want something of a card's PIN, and the
 * work that talks to the card. Which request is next and who is told what, pin.c
 * decides; questions about PINs come here from netlink_consent.c.
 *
 * A PIN is in the request it came with until that was looked at, in one request
 * of the queue until the card has answered, and in the command on its way. Each
 * is cleared. None is ever in a message to a socket.
 */
#include <linux/slab.h>
#include <net/genetlink.h>

#include "compat.h"
#include "internal.h"
#include "netlink.h"
#include "pin.h"

/* With uicc_consent_lock. */
static struct uicc_pin_queue uicc_pins;

/* --- the card's side ------------------------------------------------------- */

/* Changes of mode or channel in one operation; each ends by itself sooner. */
#define UICC_PIN_AGAIN_MAX	4

static int uicc_pin_state_2g(struct uicc_card *card, u8 key_ref, enum uicc_pin_result *result,
			     u32 *tries)
{
	u8 chv = uicc_pin_chv(key_ref), status[32];
	struct uicc_rapdu r = { .data = status, .size = sizeof(status) };
	struct uicc_apdu apdu;
	int ret;

	uicc_apdu_status(&apdu, UICC_MODE_SIM2G, true);
	ret = uicc_card_command(card, &apdu, &r);
	if (ret)
		*result = uicc_pin_judge_errno(ret);
	else if (chv)
		*result = uicc_pin_judge_chv(status, r.len, chv, tries);
	else
		*result = UICC_PIN_RESULT_REFUSED;
	return ret;
}

static int uicc_pin_state_uicc(struct uicc_card *card, u8 key_ref, enum uicc_pin_result *result,
			       u32 *tries)
{
	struct uicc_rapdu r = {};
	struct uicc_apdu apdu;
	int ret;

	ret = uicc_apdu_pin_status(&apdu, key_ref);
	if (!ret)
		ret = uicc_card_command(card, &apdu, &r);
	if (r.sw && ret != -EAGAIN)
		*result = uicc_pin_judge(r.sw, UICC_MODE_UICC, false, tries);
	else
		*result = uicc_pin_judge_errno(ret);
	return ret;
}

static enum uicc_pin_result uicc_pin_state(struct uicc_card *card, u8 key_ref, u32 *tries)
{
	enum uicc_pin_result result;
	unsigned int i;
	int ret;

	for (i = 0; i < UICC_PIN_AGAIN_MAX; i++) {
		if (card->io.mode == UICC_MODE_UICC)
			ret = uicc_pin_state_uicc(card, key_ref, &result, tries);
		else
			ret = uicc_pin_state_2g(card, key_ref, &result, tries);
		if (ret != -EAGAIN)
			break;
	}
	return result;
}

static enum uicc_pin_result uicc_pin_verify(struct uicc_card *card,
					    const struct uicc_pin_request *request, u32 *tries)
{
	bool sim2g = card->io.mode == UICC_MODE_SIM2G;
	u8 ref = sim2g ? uicc_pin_chv(request->key_ref) : request->key_ref;
	enum uicc_pin_result result, state;
	struct uicc_rapdu r = {};
	struct uicc_apdu apdu;
	int ret;

	if (!ref)
		return UICC_PIN_RESULT_REFUSED;
	ret = uicc_apdu_verify(&apdu, ref, request->pin, request->len);
	if (!ret)
		ret = uicc_card_command(card, &apdu, &r);
	/*
	 * The channel was not there, so the PIN was not looked at. On a new one the
	 * same key is meant only if it is the whole card's.
	 */
	if (ret == -EAGAIN && uicc_pin_key_global(request->key_ref) &&
	    !READ_ONCE(request->over))
		ret = uicc_card_command(card, &apdu, &r);
	memzero_explicit(&apdu, sizeof(apdu));
	if (!r.sw || ret == -EAGAIN)
		return uicc_pin_judge_errno(ret);
	result = uicc_pin_judge(r.sw, card->io.mode, true, tries);
	/* A 2G card does not say with it how many tries are left. */
	if (sim2g && result == UICC_PIN_RESULT_WRONG) {
		uicc_pin_state_2g(card, request->key_ref, &state, tries);
		if (state == UICC_PIN_RESULT_BLOCKED)
			return state;
	}
	return result;
}

/* One request: at most one PIN is presented, and only once. */
static enum uicc_pin_result uicc_pin_run(struct uicc_card *card,
					 const struct uicc_pin_request *request, u32 *tries)
{
	enum uicc_pin_result result;
	int ret = uicc_card_get_awake(card);

	*tries = UICC_PIN_TRIES_UNKNOWN;
	if (ret)
		return uicc_pin_judge_errno(ret);
	if (!request->len) {
		result = uicc_pin_state(card, request->key_ref, tries);
	} else {
		/* The first command after a reset may be refused for its class: not this one. */
		if (!card->mode_known)
			result = uicc_pin_state(card, request->key_ref, tries);
		*tries = UICC_PIN_TRIES_UNKNOWN;
		/*
		 * It may have waited for the card longer than anybody waits for it, who was
		 * told so and maybe asks for another PIN: a try spent now is one too many.
		 */
		if (READ_ONCE(request->over))
			result = UICC_PIN_RESULT_TIMEOUT;
		else if (card->mode_known)
			result = uicc_pin_verify(card, request, tries);
	}
	uicc_card_put(card);
	return result;
}

/**
 * uicc_netlink_pin_work() - do what is wanted of a card's PINs, one after the other
 * @work: the card's pin_work
 *
 * Context: work item; may wait for the card.
 */
void uicc_netlink_pin_work(struct work_struct *work)
{
	struct uicc_card *card = container_of(work, struct uicc_card, pin_work);
	struct uicc_pin_request *request;
	enum uicc_pin_result result;
	u32 tries;

	mutex_lock(&uicc_consent_lock);
	for (;;) {
		request = uicc_pin_take(&uicc_pins, uicc_netlink_now_ms(), card->slot->index,
					card->seq);
		if (!request)
			break;
		uicc_netlink_unlock();
		result = uicc_pin_run(card, request, &tries);
		mutex_lock(&uicc_consent_lock);
		uicc_pin_finish(&uicc_pins, request, result, tries);
	}
	uicc_netlink_unlock();
	put_device(&card->dev);
}

/* --- the sockets' side ----------------------------------------------------- */

static int uicc_fill_pin(struct sk_buff *msg, const struct uicc_pin_request *request,
			 enum uicc_pin_result result, u32 tries)
{
	void *head = genlmsg_put(msg, 0, 0, &uicc_family, 0, UICC_CMD_PIN_COMPLETED);

	if (!head || nla_put_u32(msg, UICC_A_PIN_ID, request->id) ||
	    nla_put_u32(msg, UICC_A_PIN_SLOT, request->slot) ||
	    nla_put_u64_64bit(msg, UICC_A_PIN_SEQ, request->seq, UICC_A_PIN_PAD) ||
	    nla_put_u8(msg, UICC_A_PIN_KEY_REF, request->key_ref) ||
	    nla_put_u32(msg, UICC_A_PIN_RESULT, result))
		return -EMSGSIZE;
	if (tries != UICC_PIN_TRIES_UNKNOWN && nla_put_u32(msg, UICC_A_PIN_RETRIES, tries))
		return -EMSGSIZE;
	genlmsg_end(msg, head);
	return 0;
}

/* As with a question: the one completion does not depend on memory. */
static void uicc_pin_complete(void *ctx, const struct uicc_pin_request *request,
			      enum uicc_pin_result result, u32 tries)
{
	struct sk_buff *msg;

	if (request->question) {
		uicc_netlink_question_pin(request->question, result, tries);
		return;
	}
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL | __GFP_NOFAIL);
	if (WARN_ON_ONCE(!msg || uicc_fill_pin(msg, request, result, tries))) {
		nlmsg_free(msg);
		return;
	}
	uicc_peer_send(request->owner, msg);	/* it may be gone */
}

/**
 * uicc_netlink_pin_add() - have something done with a card's PIN
 * @what: the request; @what->seq 0 means the card that is there, and is set to it
 * @id: out: number of the request
 *
 * Context: may sleep; uicc_consent_lock is held: so uicc_netlink_card_gone() comes
 * before or after.
 * Return: 0 or what uicc_pin_add() returned; -ENODEV the card is not there.
 */
int uicc_netlink_pin_add(struct uicc_pin_request *what, u32 *id)
{
	struct uicc_slot *slot = uicc_slots_find(what->slot);
	struct uicc_card *card = slot ? uicc_slot_card_get(slot) : NULL;
	int ret = -ENODEV;

	lockdep_assert_held(&uicc_consent_lock);
	if (card && (!what->seq || what->seq == card->seq)) {
		what->seq = card->seq;
		ret = uicc_pin_add(&uicc_pins, uicc_netlink_now_ms(), what, id);
	}
	/* The work takes over the reference, unless it is queued with one already. */
	if (card && (ret || !queue_work(uicc_wq, &card->pin_work)))
		put_device(&card->dev);
	if (slot)
		put_device(&slot->dev);
	return ret;
}

static int uicc_pin_request(struct sk_buff *skb, struct genl_info *info, bool verify)
{
	struct uicc_pin_request what = {};
	u32 id;
	int ret;

	if (!uicc_netlink_may_ask(skb))
		return -EPERM;
	if (GENL_REQ_ATTR_CHECK(info, UICC_A_PIN_SLOT) ||
	    GENL_REQ_ATTR_CHECK(info, UICC_A_PIN_KEY_REF) ||
	    (verify && GENL_REQ_ATTR_CHECK(info, UICC_A_PIN_VALUE)))
		return -EINVAL;
	what.slot = nla_get_u32(info->attrs[UICC_A_PIN_SLOT]);
	what.key_ref = nla_get_u8(info->attrs[UICC_A_PIN_KEY_REF]);
	if (info->attrs[UICC_A_PIN_SEQ])
		what.seq = nla_get_u64(info->attrs[UICC_A_PIN_SEQ]);
	if (verify) {
		ret = nla_len(info->attrs[UICC_A_PIN_VALUE]);
		if (!ret || ret > sizeof(what.pin))
			return -EINVAL;
		what.len = ret;
		memcpy(what.pin, nla_data(info->attrs[UICC_A_PIN_VALUE]), ret);
	}
	mutex_lock(&uicc_consent_lock);
	uicc_netlink_pin_tick();
	ret = uicc_peer_number(skb, &what.owner) ?: uicc_netlink_pin_add(&what, &id);
	if (!ret) {
		/* Under the lock: before it can be completed. */
		ret = uicc_netlink_reply_id(info, verify ? UICC_CMD_PIN_VERIFY : UICC_CMD_PIN_GET,
					    UICC_A_PIN_ID, id);
		if (ret)
			uicc_pin_forget_id(&uicc_pins, id);
	}
	uicc_netlink_unlock();
	memzero_explicit(&what, sizeof(what));
	return ret;
}

int uicc_nl_pin_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return uicc_pin_request(skb, info, false);
}

int uicc_nl_pin_verify_doit(struct sk_buff *skb, struct genl_info *info)
{
	int ret = uicc_pin_request(skb, info, true);

	uicc_netlink_wipe(info, UICC_A_PIN_VALUE);
	return ret;
}

/* --- the rest of the family ------------------------------------------------ */

/**
 * uicc_netlink_pin_peer_gone() - a socket is closed
 * @peer: its number
 *
 * Context: uicc_consent_lock is held.
 */
void uicc_netlink_pin_peer_gone(u32 peer)
{
	uicc_pin_owner_gone(&uicc_pins, uicc_netlink_now_ms(), peer);
}

/**
 * uicc_netlink_pin_slot_gone() - a card is removed
 * @slot: number of its slot
 *
 * Context: uicc_consent_lock is held.
 */
void uicc_netlink_pin_slot_gone(u32 slot)
{
	uicc_pin_slot_gone(&uicc_pins, uicc_netlink_now_ms(), slot);
}

/**
 * uicc_netlink_pin_forget() - a question is over
 * @question: its number
 *
 * Context: uicc_consent_lock is held.
 */
void uicc_netlink_pin_forget(u32 question)
{
	uicc_pin_forget_question(&uicc_pins, question);
}

/**
 * uicc_netlink_pin_tick() - do what is due
 *
 * Context: uicc_consent_lock is held.
 */
void uicc_netlink_pin_tick(void)
{
	uicc_pin_tick(&uicc_pins, uicc_netlink_now_ms());
}

/**
 * uicc_netlink_pin_deadline() - when something is due
 *
 * Context: uicc_consent_lock is held.
 * Return: time in ms; UICC_PIN_NEVER when nothing is.
 */
u64 uicc_netlink_pin_deadline(void)
{
	return uicc_pin_deadline(&uicc_pins);
}

/**
 * uicc_netlink_pin_init() - make the queue
 *
 * Context: module init.
 */
void __init uicc_netlink_pin_init(void)
{
	uicc_pin_init(&uicc_pins, uicc_pin_complete, NULL, &uicc_consent_lock);
}

/**
 * uicc_netlink_pin_exit() - end the queue
 *
 * Context: module exit; no card is left; uicc_consent_lock is held.
 */
void uicc_netlink_pin_exit(void)
{
	uicc_pin_fini(&uicc_pins);
}
