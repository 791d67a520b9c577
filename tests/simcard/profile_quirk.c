// SPDX-License-Identifier: GPL-2.0-or-later
/* The `quirk` lines of a card profile: which faults there are and how they are written. */
#include <errno.h>
#include <string.h>

#include "profile_int.h"

/* What stands between the quirk's name and its "on", "after" and "times". */
enum args {
	ARGS_NONE,
	ARGS_NUMBER,
	ARGS_INS,
	ARGS_INS_SW,
	ARGS_INS_HEX,
	ARGS_INS_NUMBER,
	ARGS_SW,
	ARGS_SW_SW,
	ARGS_SECURITY,
};

static const struct {
	const char *name;
	enum quirk_kind kind;
	enum args args;
	unsigned int max;	/* of the number */
	bool filter;		/* takes on, after, times */
} quirks[] = {
	{ "silent-after", QUIRK_SILENT_AFTER, ARGS_NUMBER, 1000000, false },
	{ "silent", QUIRK_SILENT, ARGS_INS, 0, true },
	{ "sw", QUIRK_SW, ARGS_INS_SW, 0, true },
	{ "reply", QUIRK_REPLY, ARGS_INS_HEX, 0, true },
	{ "truncate", QUIRK_TRUNCATE, ARGS_INS_NUMBER, 256, true },
	{ "extra", QUIRK_EXTRA, ARGS_INS_NUMBER, 256, true },
	{ "delay", QUIRK_DELAY, ARGS_INS_NUMBER, 60000, true },
	{ "map", QUIRK_MAP, ARGS_SW_SW, 0, true },
	{ "no-fcp", QUIRK_NO_FCP, ARGS_NONE, 0, false },
	{ "no-fci", QUIRK_NO_FCI, ARGS_SW, 0, false },
	{ "le-6c", QUIRK_LE_6C, ARGS_NUMBER, 255, true },
	{ "le-00-none", QUIRK_LE_00_NONE, ARGS_NONE, 0, true },
	{ "eof-6c00", QUIRK_EOF_6C00, ARGS_NONE, 0, true },
	{ "no-channels", QUIRK_NO_CHANNELS, ARGS_SW, 0, false },
	{ "ignore-channel", QUIRK_IGNORE_CHANNEL, ARGS_NONE, 0, false },
	{ "global-fid", QUIRK_GLOBAL_FID, ARGS_NONE, 0, false },
	{ "no-path-to-adf", QUIRK_NO_PATH_TO_ADF, ARGS_NONE, 0, false },
	{ "fcp-internal", QUIRK_FCP_INTERNAL, ARGS_NONE, 0, false },
	{ "fcp-padded-aid", QUIRK_FCP_PADDED_AID, ARGS_NONE, 0, false },
	{ "fcp-reversed", QUIRK_FCP_REVERSED, ARGS_NONE, 0, false },
	{ "fcp-security", QUIRK_FCP_SECURITY, ARGS_SECURITY, 0, false },
	{ "fcp-size", QUIRK_FCP_SIZE, ARGS_NUMBER, 65535, true },
	{ "mute", QUIRK_MUTE, ARGS_NONE, 0, false },
	{ "bad-atr", QUIRK_BAD_ATR, ARGS_NONE, 0, false },
};

static const struct {
	const char *name;
	int ins;
} instructions[] = {
	{ "SELECT", 0xA4 }, { "STATUS", 0xF2 }, { "READ-BINARY", 0xB0 }, { "READ-RECORD", 0xB2 },
	{ "UPDATE-BINARY", 0xD6 }, { "UPDATE-RECORD", 0xDC }, { "VERIFY", 0x20 },
	{ "RETRIEVE-DATA", 0xCB }, { "SET-DATA", 0xDB }, { "MANAGE-CHANNEL", 0x70 }, { "GET-RESPONSE", 0xC0 }, { "READ", INS_READ },
	{ "ANY", INS_ANY },
};

const char *ins_name(uint8_t ins)
{
	for (size_t i = 0; i < COUNT(instructions); i++) {
		if (instructions[i].ins == ins)
			return instructions[i].name;
	}
	return NULL;
}

const struct quirk *profile_quirk(const struct profile *p, enum quirk_kind kind)
{
	for (int i = 0; i < p->n_quirks; i++) {
		if (p->quirks[i].kind == kind)
			return &p->quirks[i];
	}
	return NULL;
}

static int parse_ins(struct reader *r, int at, int *ins)
{
	for (size_t i = 0; at < r->n_words && i < COUNT(instructions); i++) {
		if (!strcmp(r->words[at].s, instructions[i].name)) {
			*ins = instructions[i].ins;
			return 0;
		}
	}
	return reader_fail(r, "a command expected (SELECT, READ-BINARY, READ, ANY ...), not \"%s\"",
			   at < r->n_words ? r->words[at].s : "");
}

static int parse_security(struct reader *r, int at, unsigned int *number)
{
	static const char *const names[] = { "expanded", "compact", "none" };

	for (unsigned int i = 0; at < r->n_words && i < COUNT(names); i++) {
		if (!strcmp(r->words[at].s, names[i])) {
			*number = i;
			return 0;
		}
	}
	return reader_fail(r, "fcp-security is expanded, compact or none");
}

/* Reads what stands behind the name; *at is where it ends. */
static int parse_args(struct reader *r, enum args args, unsigned int max, struct quirk *q, int *at)
{
	bool ins = args == ARGS_INS || args == ARGS_INS_SW || args == ARGS_INS_HEX ||
		   args == ARGS_INS_NUMBER;
	int err = 0, end;

	*at = 2;
	if (ins)
		err = parse_ins(r, (*at)++, &q->ins);
	if (err)
		return err;
	switch (args) {
	case ARGS_NONE:
	case ARGS_INS:
		return 0;
	case ARGS_NUMBER:
	case ARGS_INS_NUMBER:
		return word_number(r, (*at)++, 0, max, &q->number);
	case ARGS_SW:
	case ARGS_INS_SW:
		q->n_bytes = 2;
		return word_hex_exact(r, (*at)++, q->bytes, 2);
	case ARGS_SW_SW:
		q->n_bytes = 4;
		err = word_hex_exact(r, (*at)++, q->bytes, 2);
		return err ? err : word_hex_exact(r, (*at)++, q->bytes + 2, 2);
	case ARGS_SECURITY:
		return parse_security(r, (*at)++, &q->number);
	case ARGS_INS_HEX:
		break;
	}
	for (end = *at; end < r->n_words; end++) {
		if (!strcmp(r->words[end].s, "on") || !strcmp(r->words[end].s, "after") ||
		    !strcmp(r->words[end].s, "times"))
			break;
	}
	err = word_hex(r, *at, end, q->bytes, sizeof(q->bytes), &q->n_bytes);
	*at = end;
	if (!err && q->n_bytes < 2)
		return reader_fail(r, "a reply ends with a status word");
	return err;
}

/* [on FID] [after N] [times N] */
static int parse_filter(struct reader *r, int at, struct quirk *q)
{
	uint8_t fid[2];
	int err = 0;

	while (!err && at < r->n_words) {
		if (!strcmp(r->words[at].s, "on")) {
			err = word_hex_exact(r, at + 1, fid, 2);
			q->on_fid = fid[0] << 8 | fid[1];
		} else if (!strcmp(r->words[at].s, "after")) {
			err = word_number(r, at + 1, 1, 1000000, &q->after);
		} else if (!strcmp(r->words[at].s, "times")) {
			err = word_number(r, at + 1, 1, 1000000, &q->times);
		} else {
			return reader_fail(r, "on, after or times expected, not \"%s\"",
					   r->words[at].s);
		}
		at += 2;
	}
	return err;
}

static void quirk_describe(const struct reader *r, struct quirk *q)
{
	size_t used = 0;

	for (int i = 1; i < r->n_words && used < sizeof(q->text); i++) {
		int n = snprintf(q->text + used, sizeof(q->text) - used, "%s%s", i > 1 ? " " : "",
				 r->words[i].s);

		used += n > 0 ? (size_t)n : 0;
	}
}

int quirk_parse(struct reader *r, struct profile *p)
{
	struct quirk *q = &p->quirks[p->n_quirks];
	size_t i = COUNT(quirks);
	int at, err;

	if (p->n_quirks == PROFILE_QUIRKS_MAX)
		return reader_fail(r, "more than %d quirks", PROFILE_QUIRKS_MAX);
	if (r->n_words > 1) {
		for (i = 0; i < COUNT(quirks) && strcmp(r->words[1].s, quirks[i].name); i++)
			;
	}
	if (i == COUNT(quirks))
		return reader_fail(r, "unknown quirk \"%s\"", r->n_words > 1 ? r->words[1].s : "");
	memset(q, 0, sizeof(*q));
	q->kind = quirks[i].kind;
	q->ins = INS_ANY;
	q->on_fid = -1;
	err = parse_args(r, quirks[i].args, quirks[i].max, q, &at);
	if (err)
		return err;
	if (at < r->n_words && !quirks[i].filter)
		return reader_fail(r, "\"%s\" is one word too many", r->words[at].s);
	err = parse_filter(r, at, q);
	if (err)
		return err;
	quirk_describe(r, q);
	p->n_quirks++;
	return 0;
}
