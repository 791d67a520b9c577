/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thing after the other, each until it is done or given up: whose turn is next,
 * when what failed is tried again, and what a new way into the network means for that.
 * It knows neither what is tried nor where it is remembered. Times are seconds of an
 * uptime: a device may learn the date after its first try.
 */
#ifndef DMSC_CLIENT_TURNS_H
#define DMSC_CLIENT_TURNS_H

#include "net/retry.h"
#include "util/cleanup.h"

#define TURNS_MAX 512		/* in one list */

/* What is to be done; a part of the caller's own record. */
struct turn {
	bool open;			/* a try is still to come */
	int64_t due;			/* 0 = now */
	int64_t first;			/* when its patience began */
	uint32_t failures;		/* since the waits were short last */
	int64_t not_before;		/* whatever the network does: somebody wants to be left alone */
	int64_t woken;			/* the last try for a new route's sake; 0 = none */
	uint32_t wakings;
	const char *name;		/* for the log; borrowed */
	void *of;			/* the record it is a part of */
};

struct turns {
	struct retry_policy policy;
	bool network;			/* a way into the network came since this was looked at last */
	const char *who;		/* for the log */
	size_t n;
	struct turn *turn[TURNS_MAX];	/* in the order of those that are due; borrowed */
	/* Before each look for the next turn: may make the list anew. NULL = it stays. */
	int (*refresh)(void *ctx);
	/* One try of @t, which says how it goes on with turn_close() or turn_again(). */
	int (*try)(void *ctx, struct turn *t);
	/* Nothing is due for so long; shorter when the network came, or the list is to be made anew. */
	int (*wait)(void *ctx, int64_t ms);
	void *ctx;
};

/* Short waits first, then up to an hour, for @patience_s (0: nothing is tried twice). */
struct retry_policy turns_policy(unsigned int patience_s);

/* CLOCK_BOOTTIME. */
int64_t turns_uptime_s(void);

/* Until no turn is open: 0, or the first value but 0 that a function of @x returned. */
int turns_run(struct turns *x) must_check;

static inline void turn_close(struct turn *t)
{
	t->open = false;
}
/*
 * It failed for now: due after a wait, of @at_least seconds, which is returned. 0:
 * patience is over before that, and the turn is closed.
 */
uint32_t turn_again(struct turns *x, struct turn *t, uint32_t at_least);

#endif
