/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the crash test share: a history of the store, the judging of what is found. */
#ifndef DMSC_TESTS_CRASH_H
#define DMSC_TESTS_CRASH_H

#include "disk.h"
#include "store/store.h"

/*
 * A status that the server received says this of a node, from then on until a
 * later status says otherwise.
 */
struct fact {
	int message;		/* the server's message it is about, from 1 on */
	const char *uri;
	char what;		/* 'v' value, 'a' ACL, 't' title, '0' there is no such node */
	const char *is;
	size_t repeat;		/* the value is @is that many times; 0 = once */
};

/* What a commit left: the whole store as text. */
struct state {
	char *text;
	size_t begun;		/* operations of the disk before its commit */
	int message;		/* the last message that is whole in it */
};

/* Something was said to somebody outside. */
struct said {
	size_t at;		/* operations of the disk before it */
	size_t state;		/* the last state that was promised */
	int message;		/* what it answered */
};

struct history {
	struct disk *disk;
	char dir[64];		/* of the store; only its lock is really there */
	struct state *states;
	size_t nstates;
	struct said *saids;
	size_t nsaids;
	const struct fact *facts;
	size_t nfacts;
};

/* What may be found. */
struct range {
	size_t from, to;	/* states */
	int message;		/* whose statuses have to be true, at least */
};

/* How the store, or the machine, is made worse to prove that the test sees it. */
enum harm {
	HARM_NONE,
	HARM_DEAF_DISK,		/* syncs do nothing: synchronous=OFF */
	HARM_NORMAL,		/* synchronous=NORMAL */
	HARM_NO_JOURNAL,	/* a rollback journal in memory */
	HARM_REPLY_FIRST,	/* the answer leaves before the commit */
	HARM_TWO_COMMITS,	/* a message is committed in two halves */
	HARMS
};

const char *harm_name(enum harm h);

/* Runs bootstrap and session; @checkpoint: pages of log before it is worked in, 0 = as always. */
struct history *history_make(enum harm harm, int checkpoint);
void history_free(struct history *h);

/* As the client opens it: the store to write, and its tree. 0 or -errno. */
int crash_open(const char *dir, struct store **s, struct dm_tree **t);
/* The whole store as text: rows, and the tree without what is made anew at every start. */
char *dump_store(struct store *s, struct dm_tree *t);
/* What of @facts, up to @message, is not true of @t; NULL = all is true. Static text. */
const char *facts_broken(const struct fact *facts, size_t n, int message, struct dm_tree *t);

/* Each call to the disk fails in turn, after the history: 0, or how often that went wrong. */
size_t failing_disk(const struct history *h, bool verbose);

/*
 * Cuts the power while the store that @h ends with is brought to a version that is not yet.
 * @split: by a step that commits in between, which has to go wrong. True when all is as it
 * should be.
 */
bool migration(const struct history *h, unsigned int seeds, bool split);

/*
 * Opens what is on @d as the client does and compares it with the states of @r.
 * NULL when all is well; else what is not (static text). @*state: which it was.
 */
const char *judge(const struct history *h, struct disk *d, const struct range *r, size_t *state);

#endif
