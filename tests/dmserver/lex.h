/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of a script or users file into words: blanks separate, "..." keeps
 * blanks (with \" \\ \n \r \t \xNN inside), # outside quotes starts a comment.
 * It knows no statement.
 */
#ifndef DMSERVER_LEX_H
#define DMSERVER_LEX_H

#include "util/slice.h"

#define LEX_MAX_WORDS 48

struct lex_line {
	struct slice word[LEX_MAX_WORDS];	/* in the line; each followed by a NUL */
	bool quoted[LEX_MAX_WORDS];
	unsigned int n;
};

/*
 * Splits @line in place; @out borrows it. NULL, or what is wrong with the line.
 */
const char *lex_split(char *line, struct lex_line *out);

/* Word @i as a C string (it may hold a NUL of its own, from \x00), "" when there is none. */
const char *lex_word(const struct lex_line *l, unsigned int i);

#endif
