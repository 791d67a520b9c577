/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a modem says, byte by byte, made into lines of which it is known what they
 * are: the answer that is waited for, the end of a command, or something the modem
 * says unasked. It knows no command, reads nothing and keeps no time.
 */
#ifndef UICC_BRIDGE_AT_LINE_H
#define UICC_BRIDGE_AT_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* The longest there is: "+CGLA: 516," and 258 bytes in hex, with room for other words. */
#define AT_LINE_MAX 640
#define AT_PREFIX_MAX 16

enum at_kind {
	AT_NOTHING,	/* all bytes are taken, no line is whole */
	AT_ANSWER,	/* a line that begins with the expected prefix */
	AT_OK,		/* the command has ended well */
	AT_ERROR,	/* it has not: ERROR, +CME ERROR: ... */
	AT_UNASKED,	/* anything else: an unsolicited code, or noise */
};

struct at_line {
	char text[AT_LINE_MAX + 1];	/* the line that at_line_next() returned */
	/* private */
	char raw[AT_LINE_MAX + 1];	/* what came of the line under way */
	size_t n;
	bool too_long;
	char rest[AT_LINE_MAX + 1];	/* a line that stood behind another without an end between */
	char part[AT_LINE_MAX + 1];	/* an answer whose string is not closed yet */
	size_t joined;			/* bytes of it */
	char echo[2 * AT_LINE_MAX];	/* the command, which may come back */
	char prefix[AT_PREFIX_MAX];
	bool number;
};

void at_line_init(struct at_line *l);

/*
 * The command that was just sent, without its end, and what its answer begins with
 * ("" for one that has none); @number: a line of digits alone is an answer too, as
 * earlier editions of TS 27.007 have it for +CCHO. An echo that is no longer than
 * AT_LINE_MAX is recognised; what is longer is dropped as any line too long.
 */
void at_line_expect(struct at_line *l, const char *command, const char *prefix, bool number);

/* Forgets the command, and what was sent in it, which may be a PIN. */
void at_line_forget(struct at_line *l);

/*
 * Takes bytes of *@p (*@n of them) until a line is whole, which is in @l->text then.
 * To be called until it returns AT_NOTHING. A line longer than AT_LINE_MAX is
 * dropped to its end.
 */
enum at_kind at_line_next(struct at_line *l, const char **p, size_t *n);

#endif
