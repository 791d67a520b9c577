/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which PIN of a card a person is asked for, how often, and in what words.
 * Pure: no card, no clock, no I/O; pin.c does what comes out of it. A PIN
 * itself is never in here (Documentation/card-data.rst, "Files behind a PIN").
 */
#ifndef DMSC_HELPER_PIN_RULES_H
#define DMSC_HELPER_PIN_RULES_H

#include "ipc/ipc.h"
#include "kernel/ef.h"
#include "kernel/nl.h"

#define PIN_KEYS_MAX 16		/* PINs of one card; the others are not asked for */
#define PIN_NAME_MAX 48
#define PIN_TEXT_MAX 256

enum pin_next {
	PIN_CHECK,	/* ask the card how PIN @ref stands; then pin_rules_checked() */
	PIN_ASK,	/* ask a person for it, in the words of @text; then pin_rules_answered() */
	PIN_TELL,	/* it is over, and the person who answered is told @text */
	PIN_OVER,	/* it is over: @result and @reason */
};

/* What became of one PIN in this insertion; what is over is not asked for again. */
enum pin_fate {
	PIN_FATE_VERIFIED,
	PIN_FATE_UNUSABLE,	/* disabled, blocked, or not on the card: another may do */
	PIN_FATE_ENDED,		/* refused, not answered, or wrong too often */
};

struct pin_key {
	uint8_t ref;
	char app[IPC_PATH_MAX];		/* of a local PIN, its application; "" = the card's */
	enum pin_fate fate;
	bool disabled;			/* UNUSABLE: because nothing has to be verified */
	enum ipc_result result;		/* for who asks for the next file behind it */
	const char *reason;
};

struct pin_rules {
	/* of the insertion */
	char slot[32];
	size_t nkeys;
	struct pin_key keys[PIN_KEYS_MAX];
	/* of the file at hand */
	char app[IPC_PATH_MAX];
	struct ef_access want;
	size_t at;			/* in @want */
	bool progress;			/* a PIN was verified for this file */
	bool again;			/* the last one was wrong */
	const char *passed;		/* why the PINs before @at do not help */
	/* what is to be done */
	uint8_t ref;
	char text[PIN_TEXT_MAX];
	enum ipc_result result;
	const char *reason;
};

void pin_rules_init(struct pin_rules *p, const char *slot);
/* The card keeps the file @path back, and says that it wants @want. */
enum pin_next pin_rules_begin(struct pin_rules *p, const char *path, const struct ef_access *want);
/* After PIN_CHECK: what the card said. */
enum pin_next pin_rules_checked(struct pin_rules *p, enum unl_pin_result result, uint32_t tries);
/* After PIN_ASK: how the question ended. */
enum pin_next pin_rules_answered(struct pin_rules *p, const struct unl_answer *a);

#endif
