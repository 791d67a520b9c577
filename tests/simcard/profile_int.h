/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the profile reader share; no other file includes this. */
#ifndef SIMCARD_PROFILE_INT_H
#define SIMCARD_PROFILE_INT_H

#include <stdio.h>

#include "profile.h"
#include "util/buf.h"

#define WORDS_MAX 600
#define WORD_BYTES_MAX 1024
#define LINE_BYTES_MAX 4096
#define INCLUDE_DEPTH_MAX 4

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct word {
	char *s;	/* NUL-terminated, inside reader.text; a quoted string may hold NULs */
	size_t n;
	bool quoted;
};

/* One text file being read; an include stacks another on top. */
struct source {
	FILE *f;
	char *path;
	unsigned int line;
};

struct reader {
	struct source stack[INCLUDE_DEPTH_MAX];
	int depth;
	char text[LINE_BYTES_MAX];	/* the words of the line */
	struct word words[WORDS_MAX];
	int n_words;
	char *error;
	size_t error_size;
};

int reader_open(struct reader *r, const char *path);
void reader_close(struct reader *r);
/* The next line that holds words: 1, or 0 at the end, or -errno with the error text set. */
int reader_next(struct reader *r);
/* Writes the error text "FILE:LINE: ..." and returns -EINVAL. */
int reader_fail(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* @name beside the file being read; the caller frees it; NULL when out of memory. */
char *reader_beside(const struct reader *r, const char *name);

/* The words from @first (to @end, exclusive) as hex digits; -errno with the error text set. */
int word_hex(struct reader *r, int first, int end, uint8_t *out, size_t max, size_t *len);
/* One word as exactly @len bytes of hex. */
int word_hex_exact(struct reader *r, int at, uint8_t *out, size_t len);
/* One word as a decimal number of @min .. @max. */
int word_number(struct reader *r, int at, unsigned int min, unsigned int max, unsigned int *out);

/* What is being built while lines are read. */
struct builder {
	struct reader r;
	struct profile *p;
	int dir;		/* index of the directory lines add to */
	int ef;			/* the EF that content lines belong to, or -1 */
	struct buf content;
	unsigned int size;	/* declared; 0 = none */
	unsigned int records;	/* declared; 0 = none */
	bool atr_seen, protocol_seen, card_seen;
};

/* profile.c: what its lines share. All return 0 or -errno with the error text set. */
bool builder_word_is(const struct builder *b, int at, const char *s);
int builder_no_more(struct builder *b, int at);
int builder_parse_fid(struct builder *b, int at, uint16_t *fid);
/*
 * Ends the EF before, and begins the next file, which is not counted yet: its FID is
 * word 1, which no other file of the current directory may have.
 */
int builder_new_fid(struct builder *b, enum file_kind kind, struct card_file **out);
/* `label "..."` as the last words of a line. */
int builder_parse_label(struct builder *b, int at, struct card_file *f);

/* profile_ef.c: an `ef` line; a line that belongs to the EF above it; the end of that EF. */
int builder_ef(struct builder *b);
int builder_ef_line(struct builder *b, const char *word);
int builder_end_ef(struct builder *b);

/* The words of a `quirk` line. */
int quirk_parse(struct reader *r, struct profile *p);

#endif
