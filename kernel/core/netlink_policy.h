/* SPDX-License-Identifier: GPL-2.0-only */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/uicc.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_UICC_GEN_H
#define _LINUX_UICC_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/uicc.h>

extern const struct nla_policy uicc_slot_get_nl_policy[UICC_A_SLOT_INDEX + 1];

extern const struct nla_policy uicc_card_get_nl_policy[UICC_A_CARD_SLOT + 1];

extern const struct nla_policy uicc_agent_register_nl_policy[UICC_A_CONSENT_AGENT + 1];

extern const struct nla_policy uicc_consent_ask_nl_policy[UICC_A_CONSENT_KEY_REF + 1];

extern const struct nla_policy uicc_consent_accept_nl_policy[UICC_A_CONSENT_ID + 1];

extern const struct nla_policy uicc_consent_done_nl_policy[UICC_A_CONSENT_SELECTED + 1];

extern const struct nla_policy uicc_consent_withdraw_nl_policy[UICC_A_CONSENT_ID + 1];

extern const struct nla_policy uicc_consent_get_nl_policy[UICC_A_CONSENT_ID + 1];

extern const struct nla_policy uicc_pin_get_nl_policy[UICC_A_PIN_KEY_REF + 1];

extern const struct nla_policy uicc_pin_verify_nl_policy[UICC_A_PIN_VALUE + 1];

/* Ops table for uicc */
extern const struct genl_ops uicc_nl_ops[10];

int uicc_nl_slot_get_doit(struct sk_buff *skb, struct genl_info *info);
int uicc_nl_slot_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int uicc_nl_card_get_doit(struct sk_buff *skb, struct genl_info *info);
int uicc_nl_card_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int uicc_nl_agent_register_doit(struct sk_buff *skb, struct genl_info *info);
int uicc_nl_consent_ask_doit(struct sk_buff *skb, struct genl_info *info);
int uicc_nl_consent_accept_doit(struct sk_buff *skb, struct genl_info *info);
int uicc_nl_consent_done_doit(struct sk_buff *skb, struct genl_info *info);
int uicc_nl_consent_withdraw_doit(struct sk_buff *skb, struct genl_info *info);
int uicc_nl_consent_get_doit(struct sk_buff *skb, struct genl_info *info);
int uicc_nl_consent_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int uicc_nl_pin_get_doit(struct sk_buff *skb, struct genl_info *info);
int uicc_nl_pin_verify_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	UICC_NLGRP_EVENTS,
	UICC_NLGRP_AGENTS,
};

#endif /* _LINUX_UICC_GEN_H */
