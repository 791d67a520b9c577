/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/uicc.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_UICC_H
#define _UAPI_LINUX_UICC_H

#define UICC_FAMILY_NAME	"uicc"
#define UICC_FAMILY_VERSION	1

#define UICC_NAME_MAX		31
#define UICC_ORIGIN_MAX		255
#define UICC_TEXT_MAX		1024
#define UICC_OPTIONS_MAX	255
#define UICC_CHOICE_MAX		255
#define UICC_CHOICES_MAX	32
#define UICC_VALUE_MAX		1024
#define UICC_TIMEOUT_MAX_MS	3600000
#define UICC_PIN_MIN		4
#define UICC_PIN_MAX		8

/**
 * enum uicc_slot_state - What a slot holds.
 * @UICC_SLOT_STATE_EMPTY: No card in the slot.
 * @UICC_SLOT_STATE_READY: A powered card that answered its reset; the card
 *   device exists.
 * @UICC_SLOT_STATE_MUTE: A card that did not answer its reset, or not with an
 *   ATR.
 */
enum uicc_slot_state {
	UICC_SLOT_STATE_EMPTY,
	UICC_SLOT_STATE_READY,
	UICC_SLOT_STATE_MUTE,
};

/**
 * enum uicc_kind - What is asked.
 * @UICC_KIND_SESSION: May a device management session start?
 * @UICC_KIND_PROVISION: May the card's data be taken over?
 * @UICC_KIND_PIN: The PIN of a protected file.
 * @UICC_KIND_DISPLAY: Something to show; yes means shown.
 * @UICC_KIND_CONFIRM: Yes or no to the text.
 * @UICC_KIND_TEXT: Text to type; the answer is in value.
 * @UICC_KIND_SINGLE_CHOICE: One of the choices; the answer is in selected.
 * @UICC_KIND_MULTIPLE_CHOICE: Any number of the choices; the answer is in
 *   selected.
 */
enum uicc_kind {
	UICC_KIND_SESSION,
	UICC_KIND_PROVISION,
	UICC_KIND_PIN,
	UICC_KIND_DISPLAY,
	UICC_KIND_CONFIRM,
	UICC_KIND_TEXT,
	UICC_KIND_SINGLE_CHOICE,
	UICC_KIND_MULTIPLE_CHOICE,
};

/**
 * enum uicc_outcome - How a question ended.
 * @UICC_OUTCOME_YES: Agreed, or answered.
 * @UICC_OUTCOME_NO: Refused.
 * @UICC_OUTCOME_CANCELLED: The person closed the question without an answer.
 * @UICC_OUTCOME_TIMEOUT: Nobody answered in time.
 * @UICC_OUTCOME_WITHDRAWN: The asker took it back or died, or the card was
 *   removed.
 */
enum uicc_outcome {
	UICC_OUTCOME_YES,
	UICC_OUTCOME_NO,
	UICC_OUTCOME_CANCELLED,
	UICC_OUTCOME_TIMEOUT,
	UICC_OUTCOME_WITHDRAWN,
};

/**
 * enum uicc_consent_state - Where a question stands.
 * @UICC_CONSENT_STATE_PENDING: No agent has taken it.
 * @UICC_CONSENT_STATE_ACCEPTED: An agent shows it; the time to answer runs.
 */
enum uicc_consent_state {
	UICC_CONSENT_STATE_PENDING,
	UICC_CONSENT_STATE_ACCEPTED,
};

/**
 * enum uicc_pin_result - What the card says of a PIN.
 * @UICC_PIN_RESULT_VERIFIED: Verified; what it protects can be read.
 * @UICC_PIN_RESULT_NOT_VERIFIED: Not verified yet, as far as the card tells;
 *   the answer to pin-get.
 * @UICC_PIN_RESULT_WRONG: Not the PIN; the card has counted it.
 * @UICC_PIN_RESULT_BLOCKED: No try is left; only the issuer's unblocking key
 *   helps.
 * @UICC_PIN_RESULT_DISABLED: Not in use; nothing has to be verified.
 * @UICC_PIN_RESULT_REFUSED: No such key, or the card answered with an error.
 * @UICC_PIN_RESULT_GONE: The card was removed, or the socket closed, before it
 *   answered.
 * @UICC_PIN_RESULT_TIMEOUT: The card did not answer in time. Whether it saw
 *   the PIN is not known; pin-get tells.
 */
enum uicc_pin_result {
	UICC_PIN_RESULT_VERIFIED,
	UICC_PIN_RESULT_NOT_VERIFIED,
	UICC_PIN_RESULT_WRONG,
	UICC_PIN_RESULT_BLOCKED,
	UICC_PIN_RESULT_DISABLED,
	UICC_PIN_RESULT_REFUSED,
	UICC_PIN_RESULT_GONE,
	UICC_PIN_RESULT_TIMEOUT,
};

enum {
	UICC_A_SLOT_INDEX = 1,
	UICC_A_SLOT_NAME,
	UICC_A_SLOT_TRANSPORT,
	UICC_A_SLOT_LOCATION,
	UICC_A_SLOT_STATE,
	UICC_A_SLOT_SEQ,
	UICC_A_SLOT_PAD,

	__UICC_A_SLOT_MAX,
	UICC_A_SLOT_MAX = (__UICC_A_SLOT_MAX - 1)
};

enum {
	UICC_A_CARD_SLOT = 1,
	UICC_A_CARD_NAME,
	UICC_A_CARD_SEQ,
	UICC_A_CARD_PROTOCOL,
	UICC_A_CARD_ATR,
	UICC_A_CARD_TRANSPORT,
	UICC_A_CARD_PAD,

	__UICC_A_CARD_MAX,
	UICC_A_CARD_MAX = (__UICC_A_CARD_MAX - 1)
};

enum {
	UICC_A_CONSENT_ID = 1,
	UICC_A_CONSENT_SLOT,
	UICC_A_CONSENT_SEQ,
	UICC_A_CONSENT_KIND,
	UICC_A_CONSENT_ORIGIN,
	UICC_A_CONSENT_TEXT,
	UICC_A_CONSENT_TIMEOUT_MS,
	UICC_A_CONSENT_OPTIONS,
	UICC_A_CONSENT_CHOICE,
	UICC_A_CONSENT_OUTCOME,
	UICC_A_CONSENT_VALUE,
	UICC_A_CONSENT_SELECTED,
	UICC_A_CONSENT_STATE,
	UICC_A_CONSENT_AGENT,
	UICC_A_CONSENT_PAD,
	UICC_A_CONSENT_KEY_REF,
	UICC_A_CONSENT_PIN_RESULT,
	UICC_A_CONSENT_RETRIES,

	__UICC_A_CONSENT_MAX,
	UICC_A_CONSENT_MAX = (__UICC_A_CONSENT_MAX - 1)
};

enum {
	UICC_A_PIN_ID = 1,
	UICC_A_PIN_SLOT,
	UICC_A_PIN_SEQ,
	UICC_A_PIN_KEY_REF,
	UICC_A_PIN_VALUE,
	UICC_A_PIN_RESULT,
	UICC_A_PIN_RETRIES,
	UICC_A_PIN_PAD,

	__UICC_A_PIN_MAX,
	UICC_A_PIN_MAX = (__UICC_A_PIN_MAX - 1)
};

enum {
	UICC_CMD_SLOT_GET = 1,
	UICC_CMD_SLOT_ADD,
	UICC_CMD_SLOT_DEL,
	UICC_CMD_CARD_GET,
	UICC_CMD_CARD_ADD,
	UICC_CMD_CARD_DEL,
	UICC_CMD_AGENT_REGISTER,
	UICC_CMD_CONSENT_ASK,
	UICC_CMD_CONSENT_READY,
	UICC_CMD_CONSENT_ACCEPT,
	UICC_CMD_CONSENT_DONE,
	UICC_CMD_CONSENT_WITHDRAW,
	UICC_CMD_CONSENT_COMPLETED,
	UICC_CMD_CONSENT_WITHDRAWN,
	UICC_CMD_CONSENT_GET,
	UICC_CMD_PIN_GET,
	UICC_CMD_PIN_VERIFY,
	UICC_CMD_PIN_COMPLETED,

	__UICC_CMD_MAX,
	UICC_CMD_MAX = (__UICC_CMD_MAX - 1)
};

#define UICC_MCGRP_EVENTS	"events"
#define UICC_MCGRP_AGENTS	"agents"

#endif /* _UAPI_LINUX_UICC_H */
