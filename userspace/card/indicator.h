/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection indicator of a card: does the issuer want a session right
 * after bootstrap, and must the user be asked (Documentation/card-data.rst).
 * It reads bytes into facts; what follows from them is card/plan.
 */
#ifndef DMSC_CARD_INDICATOR_H
#define DMSC_CARD_INDICATOR_H

#include "card/pkcs15.h"

#define INDICATOR_SIZE_MAX 512		/* the outer object with its header */
#define INDICATOR_SERVERS_MAX 32
#define INDICATOR_TEXT_MAX 120		/* bytes of UTF-8 */

enum indicator_state {
	INDICATOR_ABSENT,	/* no such object, or an erased file */
	INDICATOR_VALID,
	INDICATOR_MALFORMED,	/* fail closed: no automatic session, incorporation asks first */
	INDICATOR_UNREADABLE,	/* the same: unreadable is not absent */
};

enum indicator_ui {
	INDICATOR_UI_UNSPECIFIED = 0,	/* as background: nobody is asked */
	INDICATOR_UI_BACKGROUND = 1,
	INDICATOR_UI_INFORMATIVE = 2,	/* a notice, no question */
	INDICATOR_UI_CONFIRM = 3,	/* DM-SC-USE-X: ask before the session */
};

struct indicator {
	enum indicator_state state;
	const char *reason;		/* MALFORMED, UNREADABLE: static text for the log */
	size_t error_at;		/* MALFORMED: the byte where what is wrong begins */
	int err;			/* UNREADABLE: the reader's -errno */
	bool connect;			/* C1 b1 */
	bool every_power_on;		/* C1 b2 */
	bool ask_incorporate;		/* C1 b3 */
	enum indicator_ui ui;		/* C2 */
	unsigned int timeout_s;		/* C5; 0 = local default */
	size_t nservers;		/* C3; 0 = every server of this card */
	struct slice servers[INDICATOR_SERVERS_MAX];	/* point into raw[] */
	char text[INDICATOR_TEXT_MAX + 1];	/* C4 without control characters; "" = none */
	size_t raw_len;			/* the outer object as read; for the content digest */
	uint8_t raw[INDICATOR_SIZE_MAX];
};

/* Parses a file's bytes. *@out is always filled; it must not be copied afterwards (servers point into it). */
void indicator_parse(struct slice file, struct indicator *out);

/*
 * Reads and parses the indicator behind @obj. Never fails: an error becomes
 * INDICATOR_UNREADABLE, except -ENODEV (the card is gone), which is returned.
 */
int indicator_read(const struct card_reader *rd, const struct pkcs15_object *obj,
		   struct indicator *out) must_check;

/* Does the indicator speak for this server? */
bool indicator_covers(const struct indicator *ind, struct slice server_id);

#endif
