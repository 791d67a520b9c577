// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink family "uicc" (Documentation/netlink/specs/uicc.yaml): who may
 * what, slots, cards and their events. The consent broker's sockets are in
 * netlink_consent.c.
 *
 * No handler of the family waits for a card. It is registered by hand: what the
 * generator makes of a family needs genl_split_ops, which 6.1 has not.
 *
 * It lives in the first network namespace alone (netnsok is false): slots are
 * the machine's, no namespace has its own, and who may answer is a group of the
 * first user namespace.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "internal.h"
#include "netlink.h"

/*
 * Rights are those of whoever opened the socket, not of whoever writes to it: a
 * privileged program that was made to write to somebody else's socket lends it
 * nothing. The handler runs inside the sender's sendmsg(), which keeps the
 * socket and its file alive.
 */
static const struct file *uicc_opener(const struct sk_buff *skb)
{
	const struct sock *sk = NETLINK_CB(skb).sk;

	return sk && sk->sk_socket ? sk->sk_socket->file : NULL;
}

/**
 * uicc_netlink_may_ask() - may the sender ask, and talk to cards
 * @skb: its request
 *
 * Context: in a doit.
 * Return: true when the opener of its socket has CAP_NET_ADMIN.
 */
bool uicc_netlink_may_ask(const struct sk_buff *skb)
{
	const struct file *file = uicc_opener(skb);

	return file && file_ns_capable(file, &init_user_ns, CAP_NET_ADMIN);
}

/**
 * uicc_netlink_may_answer() - may the sender answer a question
 * @skb: its request
 *
 * Context: in a doit.
 * Return: true when it may ask, or the opener is in the group of agents.
 */
bool uicc_netlink_may_answer(const struct sk_buff *skb)
{
	const struct file *file = uicc_opener(skb);
	kgid_t gid = uicc_agent_gid();
	const struct group_info *groups;
	int i;

	if (uicc_netlink_may_ask(skb))
		return true;
	if (!file || !gid_valid(gid))
		return false;
	if (gid_eq(file->f_cred->fsgid, gid))
		return true;
	groups = file->f_cred->group_info;
	for (i = 0; i < groups->ngroups; i++)
		if (gid_eq(groups->gid[i], gid))
			return true;
	return false;
}

/**
 * uicc_netlink_wipe() - clear what a request carries in an attribute
 * @info: the request
 * @type: the attribute, every one of them
 *
 * A request is not cleared when it is freed, and an error sends it back whole.
 * A tap (nlmon) may have seen it before; only root can set one up. A message that
 * the policy refuses never gets here: its sender alone gets it back.
 * Context: in a doit.
 */
void uicc_netlink_wipe(struct genl_info *info, int type)
{
	struct nlattr *attr;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem)
		if (nla_type(attr) == type)
			memzero_explicit(nla_data(attr), nla_len(attr));
}

/**
 * uicc_netlink_reply_id() - answer a request with a number
 * @info: the request
 * @cmd: its command
 * @type: attribute of the number
 * @id: the number
 *
 * Context: in a doit; may sleep.
 * Return: 0; -ENOMEM, or what sending returned: the sender does not know the number.
 */
int uicc_netlink_reply_id(struct genl_info *info, u8 cmd, int type, u32 id)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *head;

	if (!msg)
		return -ENOMEM;
	head = genlmsg_put_reply(msg, info, &uicc_family, 0, cmd);
	if (!head || nla_put_u32(msg, type, id)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
}

/* --- slots and cards ------------------------------------------------------ */

static int uicc_fill_slot(struct sk_buff *skb, struct uicc_slot *slot, u32 portid, u32 seq,
			  int flags, u8 cmd)
{
	void *head = genlmsg_put(skb, portid, seq, &uicc_family, flags, cmd);

	if (!head)
		return -EMSGSIZE;
	if (nla_put_u32(skb, UICC_A_SLOT_INDEX, slot->index) ||
	    nla_put_string(skb, UICC_A_SLOT_NAME, dev_name(&slot->dev)) ||
	    nla_put_string(skb, UICC_A_SLOT_TRANSPORT, slot->transport) ||
	    nla_put_string(skb, UICC_A_SLOT_LOCATION, slot->location) ||
	    nla_put_u32(skb, UICC_A_SLOT_STATE, uicc_slot_state(slot)) ||
	    nla_put_u64_64bit(skb, UICC_A_SLOT_SEQ, uicc_slot_seq(slot), UICC_A_SLOT_PAD)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

static int uicc_fill_card(struct sk_buff *skb, struct uicc_card *card, u32 portid, u32 seq,
			  int flags, u8 cmd)
{
	void *head = genlmsg_put(skb, portid, seq, &uicc_family, flags, cmd);
	char protocol[8];

	if (!head)
		return -EMSGSIZE;
	snprintf(protocol, sizeof(protocol), "T=%u", uicc_atr_protocol(&card->atr));
	if (nla_put_u32(skb, UICC_A_CARD_SLOT, card->slot->index) ||
	    nla_put_string(skb, UICC_A_CARD_NAME, dev_name(&card->dev)) ||
	    nla_put_u64_64bit(skb, UICC_A_CARD_SEQ, card->seq, UICC_A_CARD_PAD) ||
	    nla_put_string(skb, UICC_A_CARD_PROTOCOL, protocol) ||
	    nla_put(skb, UICC_A_CARD_ATR, card->atr.len, card->atr.raw) ||
	    nla_put_string(skb, UICC_A_CARD_TRANSPORT, card->slot->transport)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

int uicc_nl_slot_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct uicc_slot *slot;
	struct sk_buff *msg;
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, UICC_A_SLOT_INDEX))
		return -EINVAL;
	slot = uicc_slots_find(nla_get_u32(info->attrs[UICC_A_SLOT_INDEX]));
	if (!slot)
		return -ENODEV;
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	ret = msg ? uicc_fill_slot(msg, slot, info->snd_portid, info->snd_seq, 0,
				   UICC_CMD_SLOT_GET) : -ENOMEM;
	put_device(&slot->dev);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return genlmsg_reply(msg, info);
}

int uicc_nl_slot_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long from = cb->args[0];
	struct uicc_slot *slot;
	int ret = 0;

	while (!ret && (slot = uicc_slots_next(from))) {
		ret = uicc_fill_slot(skb, slot, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				     NLM_F_MULTI, UICC_CMD_SLOT_GET);
		if (!ret)
			from = slot->index + 1;
		put_device(&slot->dev);
	}
	cb->args[0] = from;
	return skb->len;
}

int uicc_nl_card_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct uicc_card *card = NULL;
	struct uicc_slot *slot;
	struct sk_buff *msg;
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, UICC_A_CARD_SLOT))
		return -EINVAL;
	slot = uicc_slots_find(nla_get_u32(info->attrs[UICC_A_CARD_SLOT]));
	if (slot) {
		card = uicc_slot_card_get(slot);
		put_device(&slot->dev);
	}
	if (!card)
		return -ENODEV;
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	ret = msg ? uicc_fill_card(msg, card, info->snd_portid, info->snd_seq, 0,
				   UICC_CMD_CARD_GET) : -ENOMEM;
	put_device(&card->dev);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return genlmsg_reply(msg, info);
}

int uicc_nl_card_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long from = cb->args[0];
	struct uicc_slot *slot;
	struct uicc_card *card;
	int ret = 0;

	while (!ret && (slot = uicc_slots_next(from))) {
		card = uicc_slot_card_get(slot);
		if (card) {
			ret = uicc_fill_card(skb, card, NETLINK_CB(cb->skb).portid,
					     cb->nlh->nlmsg_seq, NLM_F_MULTI, UICC_CMD_CARD_GET);
			put_device(&card->dev);
		}
		if (!ret)
			from = slot->index + 1;
		put_device(&slot->dev);
	}
	cb->args[0] = from;
	return skb->len;
}

/**
 * uicc_netlink_slot_event() - tell the group "events" of a slot
 * @slot: the slot
 * @cmd: UICC_CMD_SLOT_ADD or UICC_CMD_SLOT_DEL
 *
 * Context: may sleep.
 */
void uicc_netlink_slot_event(struct uicc_slot *slot, u8 cmd)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (msg && !uicc_fill_slot(msg, slot, 0, 0, 0, cmd))
		genlmsg_multicast(&uicc_family, msg, 0, UICC_NLGRP_EVENTS, GFP_KERNEL);
	else
		nlmsg_free(msg);
}

/**
 * uicc_netlink_card_event() - tell the group "events" of a card
 * @card: the card
 * @cmd: UICC_CMD_CARD_ADD or UICC_CMD_CARD_DEL
 *
 * Context: may sleep.
 */
void uicc_netlink_card_event(struct uicc_card *card, u8 cmd)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (msg && !uicc_fill_card(msg, card, 0, 0, 0, cmd))
		genlmsg_multicast(&uicc_family, msg, 0, UICC_NLGRP_EVENTS, GFP_KERNEL);
	else
		nlmsg_free(msg);
}

/* --- family --------------------------------------------------------------- */

/* A socket is closed, of this protocol and namespace. */
static int uicc_netlink_release(struct notifier_block *nb, unsigned long event, void *data)
{
	struct netlink_notify *n = data;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC ||
	    !net_eq(n->net, &init_net))
		return NOTIFY_DONE;
	uicc_netlink_consent_release(n->portid);
	return NOTIFY_DONE;
}

static struct notifier_block uicc_netlink_notifier = {
	.notifier_call = uicc_netlink_release,
};

static const struct genl_multicast_group uicc_mcgrps[] = {
	[UICC_NLGRP_EVENTS] = { .name = UICC_MCGRP_EVENTS },
	[UICC_NLGRP_AGENTS] = { .name = UICC_MCGRP_AGENTS },
};

struct genl_family uicc_family __ro_after_init = {
	.name = UICC_FAMILY_NAME,
	.version = UICC_FAMILY_VERSION,
	.module = THIS_MODULE,
	.netnsok = false,
	.ops = uicc_nl_ops,
	.n_ops = ARRAY_SIZE(uicc_nl_ops),
	.resv_start_op = UICC_CMD_SLOT_GET,
	.mcgrps = uicc_mcgrps,
	.n_mcgrps = ARRAY_SIZE(uicc_mcgrps),
};

/**
 * uicc_netlink_init() - register the family
 *
 * Context: module init.
 * Return: 0 or an errno.
 */
int __init uicc_netlink_init(void)
{
	int ret;

	uicc_netlink_consent_init();
	uicc_netlink_pin_init();
	ret = netlink_register_notifier(&uicc_netlink_notifier);
	if (ret)
		return ret;
	ret = genl_register_family(&uicc_family);
	if (ret)
		netlink_unregister_notifier(&uicc_netlink_notifier);
	return ret;
}

/**
 * uicc_netlink_exit() - unregister the family
 *
 * Context: module exit; no slot is left, so no question is either.
 */
void uicc_netlink_exit(void)
{
	genl_unregister_family(&uicc_family);
	netlink_unregister_notifier(&uicc_netlink_notifier);
	uicc_netlink_consent_exit();
}
