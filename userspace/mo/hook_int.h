/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the hook*.c files share; nobody else includes this. */
#ifndef DMSC_MO_HOOK_INT_H
#define DMSC_MO_HOOK_INT_H

#include <sys/types.h>

#include "mo/hook.h"
#include "util/cleanup.h"

/* --- hook_io.c: the program and its lines ---------------------------------- */

struct hook_io {
	const char *name;		/* for messages; borrowed */
	pid_t pid;
	int fd;				/* -1: it is done for */
	struct buf in;			/* received; the first @taken bytes are used up */
	size_t taken;
	struct buf out;			/* lines to be sent */
};

/* 0 or -errno; on failure there is no process. */
int hook_io_start(struct hook_io *io, int exe, const char *path) must_check;
/* Ends it, now. */
void hook_io_stop(struct hook_io *io);
/* Sends io->out. 0, -ETIMEDOUT, -EPIPE, -ENOMEM; then the hook is done for. */
int hook_io_send(struct hook_io *io, int64_t deadline) must_check;
/* One line without its end; valid until the next call. The same errors, and -EPROTO. */
int hook_io_line(struct hook_io *io, int64_t deadline, struct slice *line) must_check;
/* Has it said nothing that nobody took? */
bool hook_io_quiet(const struct hook_io *io);
/* Milliseconds of a clock that only goes forward. */
int64_t hook_io_now(void);

/* Appends @s with %XX for what a line cannot carry; @word: for blanks too. */
void hook_put(struct buf *b, struct slice s, bool word);
/* Takes %XX off; -EPROTO. */
int hook_decode(struct slice s, struct buf *out) must_check;
/* The next word of *line, which loses it and the blank behind it; empty at the end. */
struct slice hook_word(struct slice *line);

/* --- hook_describe.c: what it says it is ------------------------------------ */

struct hook_put {
	char *uri;
	enum dmsc_format format;
	struct buf value;
	bool keep;			/* what is there stays */
};

#define HOOK_ALERTS_MAX 8

struct hook_alert {
	char *word[4];			/* type, source, mark, correlator; NULL = none */
	enum dmsc_format format;
	struct buf value;
};

struct hook_desc {
	char *id, *acl;
	char *roots[9];			/* NULL behind the last */
	size_t nroots;
	struct hook_node *nodes;
	size_t nnodes;
	struct dmsc_ddf *tables;	/* built from the nodes; [0] is the root */
	struct hook_put *puts;
	size_t nputs;
	struct hook_alert alerts[HOOK_ALERTS_MAX];
	size_t nalerts;
};

/* One line of the answer to "describe". 0, 1: that was the last, or -errno. */
int hook_desc_line(struct hook_desc *d, struct slice line) must_check;
/* The table of what was described. 0, -EPROTO or -ENOMEM. */
int hook_desc_finish(struct hook_desc *d) must_check;
void hook_desc_fini(struct hook_desc *d);

const char *hook_format_name(enum dmsc_format f);

#endif
