/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading what record.c wrote: lines, their fields, the messages. The file is
 * input like any other: bounded, and wrong until it proves right.
 */
#ifndef DMSC_CLIENT_TAPE_H
#define DMSC_CLIENT_TAPE_H

#include "util/cleanup.h"
#include "util/slice.h"

struct tape {
	int dir_fd;
	struct buf file;
	uint8_t *next, *end;		/* lines not taken yet */
	uint8_t *at, *stop;		/* fields of the line that was taken */
	unsigned int line;		/* its number, from 1 */
	bool whole;			/* the recorder came to its end */
	char error[200];		/* why it cannot be read; the first reason stays */
};

/* 0 or -errno with t->error; tape_close() in any case. */
int tape_open(struct tape *t, const char *dir) must_check;
void tape_close(struct tape *t);

void tape_fail(struct tape *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline bool tape_bad(const struct tape *t)
{
	return t->error[0] != 0;
}

/* No line is left, or the tape is bad. */
bool tape_over(const struct tape *t);
/* The first word of the next line; for messages. */
struct slice tape_peek(const struct tape *t);
bool tape_is(const struct tape *t, const char *word);
/* Takes the next line, which must be a @word. */
bool tape_take(struct tape *t, const char *word);

/* The fields in order; a missing or wrong one makes the tape bad and gives 0 or SLICE_NONE. */
int64_t tape_number(struct tape *t, int64_t min, int64_t max);
bool tape_flag(struct tape *t);
struct slice tape_word(struct tape *t);
/* Valid until tape_close(); NUL terminated only by chance. */
struct slice tape_text(struct tape *t);
/* True when the line has no field left, as it must be. */
bool tape_line_end(struct tape *t);

/* The two fields of a message; reads its file "NNN-@dir.@ext" into @out (emptied first). */
bool tape_message(struct tape *t, int64_t number, const char *dir, const char *ext,
		  struct buf *out);

#endif
