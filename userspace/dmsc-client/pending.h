/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pending-child: what is to be done without a card being put in, one thing after the
 * other: sessions that are wanted (store/wish.h), and whatever else has a kind here.
 * It has the store, no network, and holds the store only for a moment: sessions are
 * the helper's to start.
 */
#ifndef DMSC_CLIENT_PENDING_H
#define DMSC_CLIENT_PENDING_H

#include "dmsc-client/child_common.h"
#include "dmsc-client/turns.h"
#include "store/wish.h"

struct pending;
struct pending_job;

/* One sort of work. */
struct pending_kind {
	/* pending_found() for all that is open in the store. 0 or -errno, logged. */
	int (*look)(struct pending *p, struct store *s);
	/* One try, as turns_run() wants it. */
	int (*try)(struct pending *p, struct pending_job *j);
};

struct pending_job {
	struct turn turn;
	const struct pending_kind *kind;
	bool seen;			/* by the last look */
	char key[STORE_URI_MAX];	/* unique among its kind */
	char name[STORE_SERVER_MAX];	/* for the log */
	struct store_wish wish;
	int64_t made;			/* a firmware update: when it was asked for */
};

struct pending {
	struct client_args args;
	struct ipc_start start;		/* boot_id alone */
	bool gone;			/* the helper */
	bool ends;			/* another one is to begin anew */
	struct turns turns;
	struct pending_job *job[TURNS_MAX];	/* owned */
	size_t njobs;
};

/* --- child_pending.c --- */

/*
 * The job of that key, marked as seen; *is_new: it was not known, its turn is open and
 * due. NULL: there are TURNS_MAX, or no memory.
 */
struct pending_job *pending_found(struct pending *p, const struct pending_kind *kind,
				  const char *key, bool *is_new);
/* Sends @q and waits for the answer, which must be of @type. 0 or -errno; then p->gone. */
int pending_request(struct pending *p, const struct ipc_msg *q, struct ipc_msg *a,
		    enum ipc_type type) must_check;

/* --- pending_wish.c --- */

extern const struct pending_kind pending_wishes;

/* --- pending_firmware.c --- */

extern const struct pending_kind pending_firmware;

/* --- pending_any.c: what others ask of it --- */

/* Is there anything for a pending-child to do, now or later? */
bool pending_any(struct store *s);

#endif
