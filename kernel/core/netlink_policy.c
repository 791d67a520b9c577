// SPDX-License-Identifier: GPL-2.0-only
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/uicc.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_policy.h"

#include <uapi/linux/uicc.h>

/* UICC_CMD_SLOT_GET - do */
const struct nla_policy uicc_slot_get_nl_policy[UICC_A_SLOT_INDEX + 1] = {
	[UICC_A_SLOT_INDEX] = { .type = NLA_U32, },
};

/* UICC_CMD_CARD_GET - do */
const struct nla_policy uicc_card_get_nl_policy[UICC_A_CARD_SLOT + 1] = {
	[UICC_A_CARD_SLOT] = { .type = NLA_U32, },
};

/* UICC_CMD_AGENT_REGISTER - do */
const struct nla_policy uicc_agent_register_nl_policy[UICC_A_CONSENT_AGENT + 1] = {
	[UICC_A_CONSENT_AGENT] = { .type = NLA_NUL_STRING, .len = UICC_NAME_MAX, },
};

/* UICC_CMD_CONSENT_ASK - do */
const struct nla_policy uicc_consent_ask_nl_policy[UICC_A_CONSENT_KEY_REF + 1] = {
	[UICC_A_CONSENT_SLOT] = { .type = NLA_U32, },
	[UICC_A_CONSENT_SEQ] = { .type = NLA_U64, },
	[UICC_A_CONSENT_KIND] = NLA_POLICY_MAX(NLA_U32, 7),
	[UICC_A_CONSENT_ORIGIN] = { .type = NLA_NUL_STRING, .len = UICC_ORIGIN_MAX, },
	[UICC_A_CONSENT_TEXT] = { .type = NLA_NUL_STRING, .len = UICC_TEXT_MAX, },
	[UICC_A_CONSENT_TIMEOUT_MS] = { .type = NLA_U32, },
	[UICC_A_CONSENT_OPTIONS] = { .type = NLA_NUL_STRING, .len = UICC_OPTIONS_MAX, },
	[UICC_A_CONSENT_CHOICE] = { .type = NLA_STRING, .len = UICC_CHOICE_MAX, },
	[UICC_A_CONSENT_KEY_REF] = NLA_POLICY_MIN(NLA_U8, 1),
};

/* UICC_CMD_CONSENT_ACCEPT - do */
const struct nla_policy uicc_consent_accept_nl_policy[UICC_A_CONSENT_ID + 1] = {
	[UICC_A_CONSENT_ID] = { .type = NLA_U32, },
};

/* UICC_CMD_CONSENT_DONE - do */
const struct nla_policy uicc_consent_done_nl_policy[UICC_A_CONSENT_SELECTED + 1] = {
	[UICC_A_CONSENT_ID] = { .type = NLA_U32, },
	[UICC_A_CONSENT_OUTCOME] = NLA_POLICY_MAX(NLA_U32, 4),
	[UICC_A_CONSENT_VALUE] = { .type = NLA_NUL_STRING, .len = UICC_VALUE_MAX, },
	[UICC_A_CONSENT_SELECTED] = NLA_POLICY_MAX(NLA_U32, UICC_CHOICES_MAX),
};

/* UICC_CMD_CONSENT_WITHDRAW - do */
const struct nla_policy uicc_consent_withdraw_nl_policy[UICC_A_CONSENT_ID + 1] = {
	[UICC_A_CONSENT_ID] = { .type = NLA_U32, },
};

/* UICC_CMD_CONSENT_GET - do */
const struct nla_policy uicc_consent_get_nl_policy[UICC_A_CONSENT_ID + 1] = {
	[UICC_A_CONSENT_ID] = { .type = NLA_U32, },
};

/* UICC_CMD_PIN_GET - do */
const struct nla_policy uicc_pin_get_nl_policy[UICC_A_PIN_KEY_REF + 1] = {
	[UICC_A_PIN_SLOT] = { .type = NLA_U32, },
	[UICC_A_PIN_SEQ] = { .type = NLA_U64, },
	[UICC_A_PIN_KEY_REF] = NLA_POLICY_MIN(NLA_U8, 1),
};

/* UICC_CMD_PIN_VERIFY - do */
const struct nla_policy uicc_pin_verify_nl_policy[UICC_A_PIN_VALUE + 1] = {
	[UICC_A_PIN_SLOT] = { .type = NLA_U32, },
	[UICC_A_PIN_SEQ] = { .type = NLA_U64, },
	[UICC_A_PIN_KEY_REF] = NLA_POLICY_MIN(NLA_U8, 1),
	[UICC_A_PIN_VALUE] = { .type = NLA_BINARY, },
};

/* Ops table for uicc */
const struct genl_ops uicc_nl_ops[10] = {
	{
		.cmd		= UICC_CMD_SLOT_GET,
		.doit		= uicc_nl_slot_get_doit,
		.dumpit		= uicc_nl_slot_get_dumpit,
		.policy		= uicc_slot_get_nl_policy,
		.maxattr	= UICC_A_SLOT_INDEX,
	},
	{
		.cmd		= UICC_CMD_CARD_GET,
		.doit		= uicc_nl_card_get_doit,
		.dumpit		= uicc_nl_card_get_dumpit,
		.policy		= uicc_card_get_nl_policy,
		.maxattr	= UICC_A_CARD_SLOT,
	},
	{
		.cmd		= UICC_CMD_AGENT_REGISTER,
		.doit		= uicc_nl_agent_register_doit,
		.policy		= uicc_agent_register_nl_policy,
		.maxattr	= UICC_A_CONSENT_AGENT,
	},
	{
		.cmd		= UICC_CMD_CONSENT_ASK,
		.doit		= uicc_nl_consent_ask_doit,
		.policy		= uicc_consent_ask_nl_policy,
		.maxattr	= UICC_A_CONSENT_KEY_REF,
	},
	{
		.cmd		= UICC_CMD_CONSENT_ACCEPT,
		.doit		= uicc_nl_consent_accept_doit,
		.policy		= uicc_consent_accept_nl_policy,
		.maxattr	= UICC_A_CONSENT_ID,
	},
	{
		.cmd		= UICC_CMD_CONSENT_DONE,
		.doit		= uicc_nl_consent_done_doit,
		.policy		= uicc_consent_done_nl_policy,
		.maxattr	= UICC_A_CONSENT_SELECTED,
	},
	{
		.cmd		= UICC_CMD_CONSENT_WITHDRAW,
		.doit		= uicc_nl_consent_withdraw_doit,
		.policy		= uicc_consent_withdraw_nl_policy,
		.maxattr	= UICC_A_CONSENT_ID,
	},
	{
		.cmd		= UICC_CMD_CONSENT_GET,
		.doit		= uicc_nl_consent_get_doit,
		.dumpit		= uicc_nl_consent_get_dumpit,
		.policy		= uicc_consent_get_nl_policy,
		.maxattr	= UICC_A_CONSENT_ID,
	},
	{
		.cmd		= UICC_CMD_PIN_GET,
		.doit		= uicc_nl_pin_get_doit,
		.policy		= uicc_pin_get_nl_policy,
		.maxattr	= UICC_A_PIN_KEY_REF,
	},
	{
		.cmd		= UICC_CMD_PIN_VERIFY,
		.doit		= uicc_nl_pin_verify_doit,
		.policy		= uicc_pin_verify_nl_policy,
		.maxattr	= UICC_A_PIN_VALUE,
	},
};
