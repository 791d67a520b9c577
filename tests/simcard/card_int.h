/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the card model share; no other file includes this. */
#ifndef SIMCARD_CARD_INT_H
#define SIMCARD_CARD_INT_H

#include "card.h"

/* Status words, TS 102 221 10.2.1 and ISO 7816-4. */
enum sw {
	SW_OK = 0x9000,
	SW_EOF = 0x6282,
	SW_MORE_DATA = 0x62F1,
	SW_MORE_EXPECTED = 0x63F1,
	SW_DEACTIVATED = 0x6283,
	SW_LENGTH = 0x6700,
	SW_NO_CHANNEL = 0x6881,
	SW_STRUCTURE = 0x6981,
	SW_SECURITY = 0x6982,
	SW_BLOCKED = 0x6983,
	SW_NOT_USABLE = 0x6984,
	SW_CONDITIONS = 0x6985,
	SW_NO_EF = 0x6986,
	SW_DATA = 0x6A80,
	SW_NOT_SUPPORTED = 0x6A81,
	SW_NOT_FOUND = 0x6A82,
	SW_NO_RECORD = 0x6A83,
	SW_NO_SPACE = 0x6A84,
	SW_P1P2 = 0x6A86,
	SW_NO_REFERENCE = 0x6A88,
	SW_OFFSET = 0x6B00,
	SW_INS = 0x6D00,
	SW_CLA = 0x6E00,
};

#define LE_MAX 256		/* of a short command */
#define LE_EXT_MAX 65536
#define DATA_MAX (REPLY_MAX - 2)	/* more is not given in one answer */

struct command {
	uint8_t cla, ins, p1, p2;
	const uint8_t *data;
	size_t lc;
	size_t le;		/* 1 .. LE_EXT_MAX; 0 = absent */
	bool any;		/* Le was 00 (or 0000): as much as there is */
	int channel;
};

struct answer {
	uint8_t data[REPLY_MAX];
	size_t n;
	unsigned int sw;
	bool shorter;		/* may be shorter than Le */
};

/* Each runs one command on @ch and returns the status word; data goes to @a. */
unsigned int cmd_select(struct card *c, struct channel *ch, const struct command *cmd,
			struct answer *a);
unsigned int cmd_status(struct card *c, struct channel *ch, const struct command *cmd,
			struct answer *a);
unsigned int cmd_read_binary(struct card *c, struct channel *ch, const struct command *cmd,
			     struct answer *a);
unsigned int cmd_read_record(struct card *c, struct channel *ch, const struct command *cmd,
			     struct answer *a);
unsigned int cmd_update_binary(struct card *c, struct channel *ch, const struct command *cmd);
unsigned int cmd_update_record(struct card *c, struct channel *ch, const struct command *cmd);
unsigned int cmd_retrieve_data(struct card *c, struct channel *ch, const struct command *cmd,
			       struct answer *a);
unsigned int cmd_set_data(struct card *c, struct channel *ch, const struct command *cmd);

/* What a command works on. */
enum content { CONTENT_BINARY, CONTENT_RECORDS, CONTENT_OBJECTS };

/*
 * The EF a command means: the current one, or the one of @sfi (then it becomes
 * current). Checks its structure and the access condition.
 */
unsigned int card_ef(struct card *c, struct channel *ch, int sfi, enum content content,
		     bool update, struct card_file **out);

/* Whether commands are APDUs rather than the TPDUs of T=0. */
static inline bool card_apdus(const struct card *c)
{
	return c->p->apdu || c->p->protocol;
}

/* The FCP template of a file (TS 102 221 11.1.1.3) into @out; returns its length. */
size_t fcp_build(const struct card *c, int file, uint8_t out[LE_MAX]);
/* The answer to SELECT and STATUS of a 2G card (TS 51.011 9.2.1). */
size_t gsm_response(const struct card *c, int file, uint8_t out[LE_MAX]);

/*
 * The quirk of this kind that applies to the command at hand, or NULL. Counts
 * the match, so "after" and "times" move on.
 */
const struct quirk *card_quirk(struct card *c, enum quirk_kind kind, const struct channel *ch);
bool card_has_quirk(const struct card *c, enum quirk_kind kind);

#endif
