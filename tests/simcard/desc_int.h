/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the description reader share; no other file includes this. */
#ifndef SIMCARD_DESC_INT_H
#define SIMCARD_DESC_INT_H

#include "desc.h"
#include "profile_int.h"

enum desc_key_kind {
	KEY_TEXT,	/* "STRING" of min to max bytes into a char[] */
	KEY_NUMBER,	/* min to max into an unsigned int */
	KEY_FLAG,	/* nothing behind the word; sets a bool */
	KEY_CHOICE,	/* one of @names; its place into an int */
	KEY_CALL,	/* run(), which may be called again */
	KEY_CALL_ONCE,
};

struct desc_reader;

struct desc_key {
	const char *word;
	enum desc_key_kind kind;
	size_t offset;		/* in what the block describes */
	unsigned int min, max;
	const char *const *names;	/* ends with NULL */
	int (*run)(struct desc_reader *r, void *what);
};

/* A block from its opening line to its "end". */
struct desc_block {
	const char *word;
	const struct desc_key *keys;
	size_t nkeys;
	int (*end)(struct desc_reader *r, void *what);	/* what must be there; may be NULL */
};

struct desc_reader {
	struct reader r;
	struct desc *d;
	struct desc_doc *doc;		/* that of the last `profile` line, or NULL */
	const struct desc_block *block;	/* NULL = outside */
	void *what;			/* what the block describes */
	unsigned int block_line;	/* where it begins */
	uint64_t seen;			/* keys of the block that came, by place */
	uint64_t top_seen;		/* the same outside of blocks */
	uint16_t object, instance;	/* LwM2M: the current ones */
	bool has_object, has_instance;
};

/* All return 0, or -EINVAL with the error text set. */
int desc_text(struct desc_reader *r, int at, unsigned int min, unsigned int max, char *out);
/* The place of word @at in @names. */
int desc_choice(struct desc_reader *r, int at, const char *const *names, int *out);
int desc_no_more(struct desc_reader *r, int at);
/* The line that is being read. */
unsigned int desc_line_now(const struct desc_reader *r);
bool desc_word_is(const struct desc_reader *r, int at, const char *s);

/* desc_block.c: the lines that open a block. */
int desc_open_server(struct desc_reader *r, void *what);
int desc_open_nap(struct desc_reader *r, void *what);
int desc_open_proxy(struct desc_reader *r, void *what);
int desc_open_indicator(struct desc_reader *r, void *what);
/* desc_lwm2m.c */
int desc_open_lwm2m(struct desc_reader *r, void *what);

#endif
