/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may read and update a file (TS 102 221 clause 9, ISO 7816-4 5.4.3), and
 * which PINs a directory knows: from an FCP, a record of EF(ARR), or 2G bytes.
 * It only says what the card said: the card itself decides.
 */
#ifndef UICC_CORE_ACCESS_H
#define UICC_CORE_ACCESS_H

#include <linux/types.h>

#include "fcp.h"

#define UICC_CONDITION_REFS_MAX	8
/* "pin 01", " and 81" for each more, and a NUL */
#define UICC_CONDITION_TEXT_MAX	(6 + 7 * (UICC_CONDITION_REFS_MAX - 1) + 1)
#define UICC_PINS_MAX		16
#define UICC_FCP_TRIES_UNKNOWN	0xff

enum uicc_condition_kind {
	UICC_CONDITION_UNKNOWN,		/* not said, or nothing that a PIN alone fulfils */
	UICC_CONDITION_ALWAYS,
	UICC_CONDITION_NEVER,
	UICC_CONDITION_PINS,
};

/**
 * struct uicc_condition - what has to be so for an operation
 * @kind: how to read the rest
 * @all: all of @refs have to be verified, else any one of them
 * @n: number of @refs, at least 1, when @kind is UICC_CONDITION_PINS
 * @refs: key references, no two alike
 */
struct uicc_condition {
	enum uicc_condition_kind kind;
	bool all;
	u8 n;
	u8 refs[UICC_CONDITION_REFS_MAX];
};

/**
 * struct uicc_access - the conditions of a file
 * @read: READ BINARY, READ RECORD, RETRIEVE DATA
 * @update: UPDATE BINARY, UPDATE RECORD, SET DATA
 */
struct uicc_access {
	struct uicc_condition read;
	struct uicc_condition update;
};

/**
 * struct uicc_pin - a PIN that a directory knows
 * @ref: key reference
 * @enabled: it has to be verified where a condition names it
 * @usage: usage qualifier, 08 (it is used) when not said; of the universal PIN 00 means that
 *	it does not stand for the application's PIN
 * @tries: tries left, UICC_FCP_TRIES_UNKNOWN when not said
 */
struct uicc_pin {
	u8 ref;
	bool enabled;
	u8 usage;
	u8 tries;
};

/**
 * struct uicc_pins - the PINs that a directory knows
 * @n: their number
 * @pin: the PINs as the card lists them
 */
struct uicc_pins {
	u8 n;
	struct uicc_pin pin[UICC_PINS_MAX];
};

int uicc_access_fcp(struct uicc_access *acc, const struct uicc_fcp *fcp, const u8 *raw,
		    size_t len);
int uicc_access_rules(struct uicc_access *acc, const u8 *rules, size_t len);
void uicc_condition_print(const struct uicc_condition *cond, char *text);
int uicc_pins_fcp(struct uicc_pins *pins, const struct uicc_fcp *fcp, const u8 *raw, size_t len);
int uicc_pins_2g(struct uicc_pins *pins, const u8 *buf, size_t len);

#endif /* UICC_CORE_ACCESS_H */
