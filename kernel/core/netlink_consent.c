// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sockets at both ends of the consent broker. What becomes of a question,
 * consent.c decides.
 */
#include <linux/ktime.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "compat.h"
#include "consent.h"
#include "internal.h"
#include "netlink.h"
#include "pin.h"
#include "trace.h"

/* The one broker; sockets are known to it by their numbers as peers. */
static struct uicc_consent_broker uicc_broker;
DEFINE_MUTEX(uicc_consent_lock);	/* the broker, the PINs, the peers */

static void uicc_consent_expire(struct work_struct *work);
static DECLARE_DELAYED_WORK(uicc_consent_work, uicc_consent_expire);

/**
 * uicc_netlink_now_ms() - the broker's clock, and that of the queue of PINs
 *
 * Context: any.
 * Return: milliseconds since the machine was started, without those asleep.
 */
u64 uicc_netlink_now_ms(void)
{
	return ktime_get_ns() / NSEC_PER_MSEC;
}

/**
 * uicc_netlink_unlock() - release uicc_consent_lock
 *
 * To be called whenever the broker or the queue was: sees to it that their next
 * deadline is kept.
 * Context: uicc_consent_lock is held, afterwards not.
 */
void uicc_netlink_unlock(void)
{
	u64 due = min(uicc_consent_deadline(&uicc_broker), uicc_netlink_pin_deadline());
	u64 now = uicc_netlink_now_ms();

	if (due != UICC_CONSENT_NEVER)
		mod_delayed_work(uicc_wq, &uicc_consent_work,
				 due > now ? msecs_to_jiffies(due - now) + 1 : 0);
	mutex_unlock(&uicc_consent_lock);
}

static void uicc_consent_expire(struct work_struct *work)
{
	mutex_lock(&uicc_consent_lock);
	uicc_netlink_pin_tick();
	uicc_consent_tick(&uicc_broker, uicc_netlink_now_ms());
	uicc_netlink_unlock();
}

/* A question's own bytes and the room around them, generously. */
#define UICC_QUESTION_SIZE	(UICC_ORIGIN_MAX + UICC_TEXT_MAX + UICC_OPTIONS_MAX + \
				 UICC_CHOICES_MAX * (UICC_CHOICE_MAX + 2 * NLA_HDRLEN) + 512)
#define UICC_ANSWER_SIZE	(UICC_VALUE_MAX + UICC_CHOICES_MAX * 2 * NLA_HDRLEN + 256)

static void uicc_consent_ready(void *ctx, u32 id)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *head;

	trace_uicc_consent(id, UICC_CMD_CONSENT_READY, 0, -1);
	if (!msg)
		return;		/* agents also find it by consent-accept */
	head = genlmsg_put(msg, 0, 0, &uicc_family, 0, UICC_CMD_CONSENT_READY);
	if (!head || nla_put_u32(msg, UICC_A_CONSENT_ID, id)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, head);
	genlmsg_multicast(&uicc_family, msg, 0, UICC_NLGRP_AGENTS, GFP_KERNEL);
}

static int uicc_fill_completed(struct sk_buff *msg, const struct uicc_consent_question *q,
			       const struct uicc_consent_answer *a)
{
	void *head = genlmsg_put(msg, 0, 0, &uicc_family, 0, UICC_CMD_CONSENT_COMPLETED);
	char *value;
	u32 i;

	if (!head || nla_put_u32(msg, UICC_A_CONSENT_ID, q->id) ||
	    nla_put_u32(msg, UICC_A_CONSENT_OUTCOME, a->outcome))
		return -EMSGSIZE;
	if (a->value && q->kind != UICC_KIND_PIN) {
		struct nlattr *attr = nla_reserve(msg, UICC_A_CONSENT_VALUE, a->value_len + 1);

		if (!attr)
			return -EMSGSIZE;
		value = nla_data(attr);
		memcpy(value, a->value, a->value_len);
		value[a->value_len] = '\0';
	}
	for (i = 0; i < a->n_selected; i++)
		if (nla_put_u32(msg, UICC_A_CONSENT_SELECTED, a->selected[i]))
			return -EMSGSIZE;
	if (a->by_card && nla_put_u32(msg, UICC_A_CONSENT_PIN_RESULT, a->pin_result))
		return -EMSGSIZE;
	if (a->by_card && a->tries != UICC_CONSENT_TRIES_UNKNOWN &&
	    nla_put_u32(msg, UICC_A_CONSENT_RETRIES, a->tries))
		return -EMSGSIZE;
	genlmsg_end(msg, head);
	return 0;
}

/*
 * The promise of one completion must not depend on memory: the allocation may
 * not fail. A socket takes it unless its owner let its buffer overflow; then
 * the owner is told so by -ENOBUFS, as always with netlink.
 */
static void uicc_consent_complete(void *ctx, const struct uicc_consent_question *q,
				  const struct uicc_consent_answer *a)
{
	struct sk_buff *msg = genlmsg_new(UICC_ANSWER_SIZE, GFP_KERNEL | __GFP_NOFAIL);

	trace_uicc_consent(q->id, UICC_CMD_CONSENT_COMPLETED, uicc_peer_portid(q->asker),
			   a->outcome);
	if (q->kind == UICC_KIND_PIN)
		uicc_netlink_pin_forget(q->id);
	if (WARN_ON_ONCE(!msg || uicc_fill_completed(msg, q, a))) {
		nlmsg_free(msg);
		return;
	}
	uicc_peer_send(q->asker, msg);	/* it may be gone */
}

static void uicc_consent_withdrawn(void *ctx, u32 agent, u32 id, enum uicc_outcome why)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *head;

	trace_uicc_consent(id, UICC_CMD_CONSENT_WITHDRAWN, uicc_peer_portid(agent), why);
	if (!msg)
		return;		/* its consent-done will be -ENOENT */
	head = genlmsg_put(msg, 0, 0, &uicc_family, 0, UICC_CMD_CONSENT_WITHDRAWN);
	if (!head || nla_put_u32(msg, UICC_A_CONSENT_ID, id) ||
	    nla_put_u32(msg, UICC_A_CONSENT_OUTCOME, why)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, head);
	uicc_peer_send(agent, msg);
}

static int uicc_consent_pin_check(void *ctx, const struct uicc_consent_question *q)
{
	struct uicc_pin_request what = {
		.question = q->id, .slot = q->slot, .seq = q->seq, .key_ref = q->key_ref,
	};
	u32 id;

	return uicc_netlink_pin_add(&what, &id);
}

static int uicc_consent_pin_present(void *ctx, const struct uicc_consent_question *q,
				    const char *pin, u32 len)
{
	struct uicc_pin_request what = {
		.question = q->id, .slot = q->slot, .seq = q->seq, .key_ref = q->key_ref,
		.len = len,
	};
	u32 id;
	int ret;

	if (len > sizeof(what.pin))
		return -EINVAL;
	memcpy(what.pin, pin, len);
	ret = uicc_netlink_pin_add(&what, &id);
	memzero_explicit(&what, sizeof(what));
	return ret;
}

static const struct uicc_consent_ops uicc_consent_ops = {
	.ready = uicc_consent_ready,
	.complete = uicc_consent_complete,
	.withdrawn = uicc_consent_withdrawn,
	.pin_check = uicc_consent_pin_check,
	.pin_present = uicc_consent_pin_present,
};

int uicc_nl_agent_register_doit(struct sk_buff *skb, struct genl_info *info)
{
	char name[UICC_NAME_MAX + 1] = "";
	u32 agent;
	int ret;

	if (!uicc_netlink_may_answer(skb))
		return -EPERM;
	if (info->attrs[UICC_A_CONSENT_AGENT])
		nla_strscpy(name, info->attrs[UICC_A_CONSENT_AGENT], sizeof(name));
	mutex_lock(&uicc_consent_lock);
	ret = uicc_peer_number(skb, &agent);
	if (!ret)
		ret = uicc_consent_agent_add(&uicc_broker, uicc_netlink_now_ms(), agent);
	uicc_netlink_unlock();
	if (!ret)
		trace_uicc_agent(info->snd_portid, name);
	return ret;
}

/* A copy: an attribute that may come several times need not end in a NUL. */
static int uicc_ask_choices(struct genl_info *info, struct uicc_consent_question *q)
{
	struct nlattr *attr;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != UICC_A_CONSENT_CHOICE)
			continue;
		if (q->n_choices == UICC_CHOICES_MAX)
			return -EINVAL;
		q->choices[q->n_choices] = nla_strdup(attr, GFP_KERNEL);
		if (!q->choices[q->n_choices])
			return -ENOMEM;
		q->n_choices++;
	}
	return 0;
}

/* The card in the slot, if it is the insertion the question is about. */
static int uicc_ask_card(struct uicc_consent_question *q)
{
	struct uicc_slot *slot = uicc_slots_find(q->slot);
	struct uicc_card *card = slot ? uicc_slot_card_get(slot) : NULL;
	int ret = -ENODEV;

	/* Under it, so that uicc_netlink_card_gone() comes before or after the ask. */
	lockdep_assert_held(&uicc_consent_lock);
	if (card && (!q->seq || q->seq == card->seq)) {
		q->seq = card->seq;
		ret = 0;
	}
	if (card)
		put_device(&card->dev);
	if (slot)
		put_device(&slot->dev);
	return ret;
}

/* The number is told under the lock: before the question can be completed. */
static int uicc_ask(struct sk_buff *skb, struct genl_info *info, struct uicc_consent_question *q)
{
	u32 id, asker;
	int ret;

	mutex_lock(&uicc_consent_lock);
	ret = uicc_peer_number(skb, &asker) ?: uicc_ask_card(q);
	if (!ret)
		ret = uicc_consent_ask(&uicc_broker, uicc_netlink_now_ms(), asker, q, &id);
	if (ret)
		goto out;
	trace_uicc_consent(id, UICC_CMD_CONSENT_ASK, info->snd_portid, -1);
	ret = uicc_netlink_reply_id(info, UICC_CMD_CONSENT_ASK, UICC_A_CONSENT_ID, id);
	/* Without its number the asker can do nothing with the question. */
	if (ret && uicc_consent_withdraw(&uicc_broker, uicc_netlink_now_ms(), asker, id))
		pr_debug("question %u is gone already\n", id);
out:
	uicc_netlink_unlock();
	return ret;
}

static const char *uicc_attr_string(struct genl_info *info, int type)
{
	return info->attrs[type] ? nla_data(info->attrs[type]) : NULL;
}

int uicc_nl_consent_ask_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct uicc_consent_question *q;
	int ret;

	if (!uicc_netlink_may_ask(skb))
		return -EPERM;
	if (GENL_REQ_ATTR_CHECK(info, UICC_A_CONSENT_SLOT) ||
	    GENL_REQ_ATTR_CHECK(info, UICC_A_CONSENT_KIND) ||
	    GENL_REQ_ATTR_CHECK(info, UICC_A_CONSENT_ORIGIN))
		return -EINVAL;
	q = kzalloc(sizeof(*q), GFP_KERNEL);
	if (!q)
		return -ENOMEM;
	q->slot = nla_get_u32(info->attrs[UICC_A_CONSENT_SLOT]);
	q->kind = nla_get_u32(info->attrs[UICC_A_CONSENT_KIND]);
	q->origin = uicc_attr_string(info, UICC_A_CONSENT_ORIGIN);
	q->text = uicc_attr_string(info, UICC_A_CONSENT_TEXT);
	q->options = uicc_attr_string(info, UICC_A_CONSENT_OPTIONS);
	if (info->attrs[UICC_A_CONSENT_SEQ])
		q->seq = nla_get_u64(info->attrs[UICC_A_CONSENT_SEQ]);
	if (info->attrs[UICC_A_CONSENT_TIMEOUT_MS])
		q->timeout_ms = nla_get_u32(info->attrs[UICC_A_CONSENT_TIMEOUT_MS]);
	if (info->attrs[UICC_A_CONSENT_KEY_REF])
		q->key_ref = nla_get_u8(info->attrs[UICC_A_CONSENT_KEY_REF]);
	ret = uicc_ask_choices(info, q);
	if (!ret)
		ret = uicc_ask(skb, info, q);
	while (q->n_choices)
		kfree(q->choices[--q->n_choices]);
	kfree(q);
	return ret;
}

static int uicc_fill_question(struct sk_buff *msg, struct genl_info *info,
			      const struct uicc_consent_question *q)
{
	void *head = genlmsg_put_reply(msg, info, &uicc_family, 0, UICC_CMD_CONSENT_ACCEPT);
	u32 i;

	if (!head || nla_put_u32(msg, UICC_A_CONSENT_ID, q->id) ||
	    nla_put_u32(msg, UICC_A_CONSENT_SLOT, q->slot) ||
	    nla_put_u64_64bit(msg, UICC_A_CONSENT_SEQ, q->seq, UICC_A_CONSENT_PAD) ||
	    nla_put_u32(msg, UICC_A_CONSENT_KIND, q->kind) ||
	    nla_put_string(msg, UICC_A_CONSENT_ORIGIN, q->origin) ||
	    nla_put_string(msg, UICC_A_CONSENT_TEXT, q->text) ||
	    nla_put_string(msg, UICC_A_CONSENT_OPTIONS, q->options) ||
	    nla_put_u32(msg, UICC_A_CONSENT_TIMEOUT_MS, q->timeout_ms ?: UICC_CONSENT_TIMEOUT_MS))
		return -EMSGSIZE;
	for (i = 0; i < q->n_choices; i++)
		if (nla_put_string(msg, UICC_A_CONSENT_CHOICE, q->choices[i]))
			return -EMSGSIZE;
	if (q->key_ref && nla_put_u8(msg, UICC_A_CONSENT_KEY_REF, q->key_ref))
		return -EMSGSIZE;
	if (q->tries != UICC_CONSENT_TRIES_UNKNOWN &&
	    nla_put_u32(msg, UICC_A_CONSENT_RETRIES, q->tries))
		return -EMSGSIZE;
	genlmsg_end(msg, head);
	return 0;
}

int uicc_nl_consent_accept_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct uicc_consent_question *q;
	struct sk_buff *msg;
	u32 id = 0, agent;
	int ret;

	if (!uicc_netlink_may_answer(skb))
		return -EPERM;
	if (info->attrs[UICC_A_CONSENT_ID])
		id = nla_get_u32(info->attrs[UICC_A_CONSENT_ID]);
	msg = genlmsg_new(UICC_QUESTION_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&uicc_consent_lock);
	ret = uicc_peer_number(skb, &agent);
	if (!ret)
		ret = uicc_consent_accept(&uicc_broker, uicc_netlink_now_ms(), agent, id, &q);
	if (ret) {
		nlmsg_free(msg);
		goto out;
	}
	id = q->id;
	trace_uicc_consent(id, UICC_CMD_CONSENT_ACCEPT, info->snd_portid, -1);
	ret = uicc_fill_question(msg, info, q);
	if (ret)
		nlmsg_free(msg);
	else
		ret = genlmsg_reply(msg, info);
	/* An agent that did not get the question cannot show it. */
	if (ret && uicc_consent_give_back(&uicc_broker, uicc_netlink_now_ms(), agent, id))
		pr_debug("question %u is gone already\n", id);
out:
	uicc_netlink_unlock();
	return ret;
}

static int uicc_done_selected(struct genl_info *info, struct uicc_consent_answer *a)
{
	struct nlattr *attr;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != UICC_A_CONSENT_SELECTED)
			continue;
		if (a->n_selected == UICC_CHOICES_MAX)
			return -EINVAL;
		a->selected[a->n_selected++] = nla_get_u32(attr);
	}
	return 0;
}

static int uicc_done(struct sk_buff *skb, struct genl_info *info)
{
	struct uicc_consent_answer a = {};
	u32 id, agent;
	int ret;

	if (!uicc_netlink_may_answer(skb))
		return -EPERM;
	if (GENL_REQ_ATTR_CHECK(info, UICC_A_CONSENT_ID) ||
	    GENL_REQ_ATTR_CHECK(info, UICC_A_CONSENT_OUTCOME))
		return -EINVAL;
	id = nla_get_u32(info->attrs[UICC_A_CONSENT_ID]);
	a.outcome = nla_get_u32(info->attrs[UICC_A_CONSENT_OUTCOME]);
	a.value = uicc_attr_string(info, UICC_A_CONSENT_VALUE);
	if (a.value)
		a.value_len = strlen(a.value);
	ret = uicc_done_selected(info, &a);
	if (ret)
		return ret;
	mutex_lock(&uicc_consent_lock);
	ret = uicc_peer_number(skb, &agent);
	if (!ret)
		ret = uicc_consent_done(&uicc_broker, uicc_netlink_now_ms(), agent, id, &a);
	uicc_netlink_unlock();
	return ret;
}

int uicc_nl_consent_done_doit(struct sk_buff *skb, struct genl_info *info)
{
	int ret = uicc_done(skb, info);

	uicc_netlink_wipe(info, UICC_A_CONSENT_VALUE);	/* may be a PIN */
	return ret;
}

int uicc_nl_consent_withdraw_doit(struct sk_buff *skb, struct genl_info *info)
{
	u32 asker;
	int ret;

	if (!uicc_netlink_may_ask(skb))
		return -EPERM;
	if (GENL_REQ_ATTR_CHECK(info, UICC_A_CONSENT_ID))
		return -EINVAL;
	mutex_lock(&uicc_consent_lock);
	ret = uicc_peer_number(skb, &asker);
	if (!ret)
		ret = uicc_consent_withdraw(&uicc_broker, uicc_netlink_now_ms(), asker,
					    nla_get_u32(info->attrs[UICC_A_CONSENT_ID]));
	uicc_netlink_unlock();
	return ret;
}

static int uicc_fill_info(struct sk_buff *msg, const struct uicc_consent_info *q, u32 portid,
			  u32 seq, int flags)
{
	void *head = genlmsg_put(msg, portid, seq, &uicc_family, flags, UICC_CMD_CONSENT_GET);

	if (!head)
		return -EMSGSIZE;
	if (nla_put_u32(msg, UICC_A_CONSENT_ID, q->id) ||
	    nla_put_u32(msg, UICC_A_CONSENT_SLOT, q->slot) ||
	    nla_put_u32(msg, UICC_A_CONSENT_KIND, q->kind) ||
	    nla_put_u32(msg, UICC_A_CONSENT_STATE, q->accepted ? UICC_CONSENT_STATE_ACCEPTED :
			UICC_CONSENT_STATE_PENDING)) {
		genlmsg_cancel(msg, head);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, head);
	return 0;
}

int uicc_nl_consent_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct uicc_consent_info q;
	struct sk_buff *msg;
	bool found;
	u32 id;
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, UICC_A_CONSENT_ID))
		return -EINVAL;
	id = nla_get_u32(info->attrs[UICC_A_CONSENT_ID]);
	if (!id)
		return -EINVAL;
	mutex_lock(&uicc_consent_lock);
	found = uicc_consent_next(&uicc_broker, id - 1, &q) && q.id == id;
	mutex_unlock(&uicc_consent_lock);
	if (!found)
		return -ENOENT;
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	ret = uicc_fill_info(msg, &q, info->snd_portid, info->snd_seq, 0);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return genlmsg_reply(msg, info);
}

int uicc_nl_consent_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct uicc_consent_info q;
	u32 after = cb->args[0];

	mutex_lock(&uicc_consent_lock);
	while (uicc_consent_next(&uicc_broker, after, &q)) {
		if (uicc_fill_info(skb, &q, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				   NLM_F_MULTI))
			break;
		after = q.id;
	}
	mutex_unlock(&uicc_consent_lock);
	cb->args[0] = after;
	return skb->len;
}

/**
 * uicc_netlink_card_gone() - end what is wanted of a slot's card
 * @slot: the slot, in which nobody finds that card any more
 *
 * Context: may sleep; takes uicc_consent_lock.
 */
void uicc_netlink_card_gone(struct uicc_slot *slot)
{
	mutex_lock(&uicc_consent_lock);
	uicc_consent_slot_gone(&uicc_broker, uicc_netlink_now_ms(), slot->index);
	uicc_netlink_pin_slot_gone(slot->index);
	uicc_netlink_unlock();
}

/**
 * uicc_netlink_question_pin() - what a card said of the PIN of a question
 * @id: number of the question
 * @result: what it said
 * @tries: how many are left, or UICC_CONSENT_TRIES_UNKNOWN
 *
 * Context: may sleep; uicc_consent_lock is held.
 */
void uicc_netlink_question_pin(u32 id, enum uicc_pin_result result, u32 tries)
{
	uicc_consent_pin_result(&uicc_broker, uicc_netlink_now_ms(), id, result, tries);
}

/**
 * uicc_netlink_consent_release() - a socket is closed
 * @portid: its port
 *
 * Context: may sleep; takes uicc_consent_lock.
 */
void uicc_netlink_consent_release(u32 portid)
{
	u32 peer;
	u64 now;

	mutex_lock(&uicc_consent_lock);
	now = uicc_netlink_now_ms();
	while ((peer = uicc_peer_closed(portid))) {
		uicc_consent_asker_gone(&uicc_broker, now, peer);
		uicc_consent_agent_gone(&uicc_broker, now, peer);
		uicc_netlink_pin_peer_gone(peer);
	}
	uicc_netlink_unlock();
}

/**
 * uicc_netlink_consent_init() - make the broker
 *
 * Context: module init.
 */
void __init uicc_netlink_consent_init(void)
{
	uicc_consent_init(&uicc_broker, &uicc_consent_ops, NULL, &uicc_consent_lock);
}

/**
 * uicc_netlink_consent_exit() - end the broker and the queue of PINs
 *
 * Context: module exit; the family is unregistered.
 */
void uicc_netlink_consent_exit(void)
{
	cancel_delayed_work_sync(&uicc_consent_work);
	mutex_lock(&uicc_consent_lock);
	uicc_consent_fini(&uicc_broker);
	uicc_netlink_pin_exit();
	uicc_peers_exit();
	mutex_unlock(&uicc_consent_lock);
}
