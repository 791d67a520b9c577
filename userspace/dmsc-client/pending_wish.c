// SPDX-License-Identifier: GPL-2.0-or-later
/* Sessions that are wanted: one after the other, each until it is done or given up. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "dmsc-client/connect.h"
#include "dmsc-client/pending.h"
#include "mo/dmacc.h"
#include "util/log.h"

#define FAILURES_MAX 32		/* beyond that the waits do not grow */

/*
 * How a wish of before this start goes on: one of before this boot, at once. Clocks may
 * have been wrong then, or be wrong now: no wait is longer than the longest, and patience
 * is counted by spent.
 */
static void turn_resume(struct pending *p, struct turn *t, const struct store_wish *w)
{
	int64_t now = turns_uptime_s(), date = time(NULL), wait = w->next_attempt - date;

	t->open = true;
	t->first = now - (w->spent > 0 ? w->spent : 0);
	t->failures = w->attempts < FAILURES_MAX ? w->attempts : FAILURES_MAX;
	t->due = 0;
	if (w->next_attempt && wait > 0 && w->updated >= date - now)
		t->due = now + (wait < p->turns.policy.max_s ? wait : p->turns.policy.max_s);
}

static int on_wish(void *ctx, const struct store_wish *w)
{
	struct pending *p = ctx;
	struct pending_job *j;
	bool is_new, renewed;
	char key[24];

	if (w->phase != STORE_WISH_PENDING)
		return 0;
	snprintf(key, sizeof(key), "%" PRId64, w->id);
	j = pending_found(p, &pending_wishes, key, &is_new);
	if (!j)
		return 0;	/* when others are done */
	renewed = !w->attempts && j->wish.attempts;
	j->wish = *w;
	child_text(j->name, sizeof(j->name), w->server);
	if (is_new || renewed)
		turn_resume(p, &j->turn, w);
	return 0;
}

static int wishes_look(struct pending *p, struct store *s)
{
	return store_wish_each(s, on_wish, p);
}

/* The wish has an end, or waits: @phase, and why. */
static int record(struct pending *p, struct pending_job *j, enum store_wish_phase phase,
		  const char *reason, uint32_t wait)
{
	_cleanup_client_store_ struct store *s = NULL;
	int64_t now = time(NULL);

	if (client_store_open(&p->args, STORE_WRITE, &s))
		return -EIO;
	j->wish.phase = phase;
	j->wish.spent = turns_uptime_s() - j->turn.first;
	j->wish.next_attempt = wait ? now + wait : 0;
	client_reason(j->wish.reason, sizeof(j->wish.reason), "%s", reason);
	return store_wish_update(s, &j->wish, now);
}

static int failed(struct pending *p, struct pending_job *j, const char *reason)
{
	turn_close(&j->turn);
	log_notice("pending: no session with %s: %s", j->name, reason);
	return record(p, j, STORE_WISH_FAILED, reason, 0);
}

static int done(struct pending *p, struct pending_job *j)
{
	_cleanup_client_store_ struct store *s = NULL;

	turn_close(&j->turn);
	if (client_store_open(&p->args, STORE_WRITE, &s))
		return -EIO;
	return store_wish_delete(s, j->wish.id);
}

static int try_later(struct pending *p, struct pending_job *j, const char *reason, uint32_t at_least)
{
	char text[STORE_REASON_MAX];
	uint32_t wait = turn_again(&p->turns, &j->turn, at_least);

	if (wait) {
		log_notice("pending: session with %s failed (%s); next try in %u s", j->name, reason,
			   wait);
		return record(p, j, STORE_WISH_PENDING, reason, wait);
	}
	client_reason(text, sizeof(text), "given up after %u attempts: %s", j->wish.attempts, reason);
	return failed(p, j, text);
}

static int outcome_record(struct pending *p, struct pending_job *j, const struct ipc_outcome *o)
{
	const char *reason = o->reason[0] ? o->reason : ipc_result_name(o->result);

	switch (o->result) {
	case IPC_DONE:
		return done(p, j);
	case IPC_REFUSED:
		return failed(p, j, "the person said no");
	case IPC_TIMEOUT:
		return failed(p, j, reason);
	case IPC_WITHDRAWN:	/* it was taken from us, not answered */
		return try_later(p, j, reason, 0);
	default:
		return o->retry ? try_later(p, j, reason, o->retry) : failed(p, j, reason);
	}
}

static bool has_account(struct store *s, const char *server)
{
	struct dm_tree *t = NULL;
	struct dm_account a;
	int r;

	if (client_tree_open(s, NULL, &t))
		return true;	/* the session will say what is wrong */
	r = dmacc_read(t, slice_str(server), &a);
	dm_account_fini(&a);
	dm_tree_free(t);
	return r != -ENOENT;
}

/* 1: its session may start. 0: there is nothing to start (any more). -errno. */
static int claim(struct pending *p, struct pending_job *j)
{
	_cleanup_client_store_ struct store *s = NULL;
	int64_t now = time(NULL);
	bool known;
	int r;

	if (client_store_open(&p->args, STORE_WRITE, &s))
		return -EIO;
	r = store_wish_get(s, j->wish.id, &j->wish);
	if (!r && j->wish.phase != STORE_WISH_PENDING)
		r = -ENOENT;
	if (r) {	/* a session of somebody else's has done it meanwhile */
		turn_close(&j->turn);
		return r == -ENOENT ? 0 : r;
	}
	known = has_account(s, j->wish.server);
	if (known) {
		r = store_wish_claim(s, j->wish.id, now);
		j->wish.attempts++;
		return r ? r : 1;
	}
	client_store_rest(&s);
	return failed(p, j, "there is no account for this server (any more)");
}

static int wish_try(struct pending *p, struct pending_job *j)
{
	struct ipc_msg q, a;
	int r;

	if (strcmp(j->name, j->wish.server))
		return failed(p, j, "the server id is not printable");
	r = claim(p, j);
	if (r <= 0)
		return r;
	ipc_prepare(&q, IPC_SESSION);
	q.session.ui = j->wish.ui;
	q.session.session_id = j->wish.session_id;
	q.session.server_initiated = !strcmp(j->wish.cause, STORE_CAUSE_NOTIFICATION) ||
				     j->wish.session_id;
	child_text(q.session.server_id, sizeof(q.session.server_id), j->wish.server);
	child_text(q.session.cause, sizeof(q.session.cause), j->wish.cause);
	r = client_connect_say(&p->args, "pending", j->wish.server,
			       j->wish.attempts ? j->wish.attempts - 1 : 0);
	p->gone |= r != 0;
	if (!r)
		r = pending_request(p, &q, &a, IPC_OUTCOME);
	return r ? r : outcome_record(p, j, &a.outcome);
}

const struct pending_kind pending_wishes = { wishes_look, wish_try };
