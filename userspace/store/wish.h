/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions that are wanted without a card being put in: a notification came, there
 * is something to tell a server, a person asked. A wish stays until a session with
 * its server succeeds or its reason is known, whatever reboots come between. Every
 * function returns as store.h says.
 *
 * There is one open wish for a server: another one joins it. dmsc-helper --pending
 * works on them (Documentation/sessions.rst); nothing here decides when.
 */
#ifndef DMSC_STORE_WISH_H
#define DMSC_STORE_WISH_H

#include "store/store.h"

#define STORE_WISH_ROWS 256			/* open ones, and as many that failed */
#define STORE_WISH_KEEP_S (30 * 24 * 3600)	/* a failed one is shown that long */

enum store_wish_phase {
	STORE_WISH_PENDING,	/* to be tried at next_attempt */
	STORE_WISH_RUNNING,	/* its session runs, or the power went in it */
	STORE_WISH_FAILED,	/* given up; reason says why */
	STORE_WISH_PHASES
};

const char *store_wish_phase_name(enum store_wish_phase p);

/* What a person is told or asked first; numbers of enum ipc_ui. */
enum store_wish_ui { STORE_WISH_QUIET, STORE_WISH_NOTICE, STORE_WISH_ASK };

struct store_wish {
	int64_t id;
	char server[STORE_SERVER_MAX];
	char cause[STORE_CAUSE_MAX];	/* a STORE_CAUSE_* */
	uint32_t ui;			/* enum store_wish_ui */
	uint16_t session_id;		/* of a notification, whose wish it then is; else 0 */
	enum store_wish_phase phase;
	char reason[STORE_REASON_MAX];	/* of the last attempt's failure */
	uint32_t attempts;
	int64_t first;			/* attempt; 0 = there was none */
	int64_t spent;			/* seconds of this device being on since then; no clock moves them */
	int64_t next_attempt;		/* 0 = at once */
	int64_t created, updated;
};

/*
 * A new wish of @w's server, cause, ui and session_id, due at once. An open one of the
 * same server is renewed: it is due, all its patience is back, the ui that asks less
 * holds, and the session id of a notification stays unless there is another. What is
 * known of one that failed is forgotten. -ENOSPC: STORE_WISH_ROWS are open.
 */
int store_wish_put(struct store *s, const struct store_wish *w, int64_t now) must_check;
/* -ENOENT when there is none; *out is then unmodified. */
int store_wish_get(struct store *s, int64_t id, struct store_wish *out) must_check;
/* In the order they were made. The callback's first non-zero return ends the walk and is returned. */
typedef int store_wish_fn(void *ctx, const struct store_wish *w);
int store_wish_each(struct store *s, store_wish_fn *fn, void *ctx);

/* Its session starts now: RUNNING, one more attempt. -ENOENT: it is not PENDING (any more). */
int store_wish_claim(struct store *s, int64_t id, int64_t now) must_check;
/*
 * Writes @w's phase, reason, spent and next_attempt. One that becomes PENDING again while
 * another of its server is so goes. Failed ones beyond the bounds go. 0 also when there is none.
 */
int store_wish_update(struct store *s, const struct store_wish *w, int64_t now) must_check;
/* 0 also when there was none. */
int store_wish_delete(struct store *s, int64_t id) must_check;
/*
 * A session with @server succeeded: whatever was wanted of it is done. A notification's wish
 * stays unless the session was for it, as @session_id says.
 */
int store_wish_settle(struct store *s, const char *server, uint16_t session_id) must_check;
/* What was RUNNING when the power went is PENDING, and due. */
int store_wish_recover(struct store *s, int64_t now) must_check;

#endif
