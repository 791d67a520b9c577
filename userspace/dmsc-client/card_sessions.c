// SPDX-License-Identifier: GPL-2.0-or-later
/* Gate two: which sessions a card's data asks for, and one of them after the other. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "card/plan.h"
#include "dmsc-client/card_int.h"
#include "util/log.h"

#define BACKOFF_FIRST_S 15
#define BACKOFF_MAX_S 3600
#define NETWORK_SOON_S 2

/* Seconds that no clock setting moves: a device may learn the date after its first try. */
static int64_t uptime_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

static unsigned int pause_after(unsigned int s)
{
	return !s ? BACKOFF_FIRST_S : s > BACKOFF_MAX_S / 2 ? BACKOFF_MAX_S : s * 2;
}

static enum plan_past past_of(const struct store_card *row)
{
	switch (row->phase) {
	case STORE_CARD_DONE:
		return PLAN_PAST_DONE;
	case STORE_CARD_REFUSED:
		return PLAN_PAST_REFUSED;
	case STORE_CARD_PENDING:
	case STORE_CARD_FAILED:
		return PLAN_PAST_PENDING;
	default:
		return PLAN_PAST_NONE;
	}
}

/* Decides about every server; 0 or -errno. */
int card_sessions_plan(struct card *c)
{
	_cleanup_store_ struct store *s = NULL;
	const char *why;
	size_t i;
	int r;

	if (client_store_open(&c->args, STORE_WRITE, &s))
		return -EIO;
	for (i = 0; i < c->nservers; i++) {
		struct server *v = &c->server[i];
		struct plan_input in = {
			.ind = &c->data.ind, .bootstrapped = true, .cp_init = v->init,
			.connect_without_indicator = c->args.conf.connect_without_indicator,
			.server_id = slice_str(v->id),
		};

		r = card_row_get(c, s, v->id, &v->row);
		if (r)
			return r;
		in.past = past_of(&v->row);
		in.done_in_this_power_on = card_same_insertion(c, &v->row);
		v->verdict = plan_session(&in, &why);
		if (v->verdict != PLAN_NO_SESSION && v->row.phase == STORE_CARD_FAILED &&
		    card_same_insertion(c, &v->row)) {
			v->verdict = PLAN_NO_SESSION;
			why = "tried in this insertion already";
		}
		v->open = v->verdict != PLAN_NO_SESSION;
		v->backoff_s = BACKOFF_FIRST_S;
		log_info("%s: %s session with %s: %s", c->start.slot,
			 v->open ? "automatic" : "no automatic", v->id, why);
		if (!v->open)
			continue;
		if (!card_same_insertion(c, &v->row)) {
			v->row.attempts = 0;
			v->row.next_attempt = 0;
		}
		r = card_row_put(c, s, &v->row, STORE_CARD_PENDING, why);
		if (r)
			return r;
	}
	return 0;
}

/* 1: a session of somebody else's has done it meanwhile; 0: not; -errno. */
static int done_meanwhile(struct card *c, struct store *s, struct server *v)
{
	struct store_card now;
	int r = card_row_get(c, s, v->id, &now);

	if (r || now.phase != STORE_CARD_DONE)
		return r;
	v->open = false;
	log_info("%s: a session with %s was started by a person meanwhile, and succeeded",
		 c->start.slot, v->id);
	return 1;
}

/* A person's no counts whenever it is said; that nobody answered does not undo what is done. */
static int outcome_store(struct card *c, struct server *v, enum store_card_phase phase,
			 const char *reason)
{
	_cleanup_store_ struct store *s = NULL;
	int r = 0;

	if (client_store_open(&c->args, STORE_WRITE, &s))
		return -EIO;
	if (phase != STORE_CARD_DONE && phase != STORE_CARD_REFUSED)
		r = done_meanwhile(c, s, v);
	if (r)
		return r < 0 ? r : 0;
	return card_row_put(c, s, &v->row, phase, reason);
}

/* Before a session is tried again. As done_meanwhile(). */
static int is_settled(struct card *c, struct server *v)
{
	_cleanup_store_ struct store *s = NULL;

	if (!v->row.attempts)
		return 0;
	return client_store_open(&c->args, STORE_WRITE, &s) ? -EIO : done_meanwhile(c, s, v);
}

static int outcome_record(struct card *c, struct server *v, const struct ipc_outcome *o,
			  int64_t give_up)
{
	char reason[STORE_REASON_MAX];
	enum store_card_phase phase = STORE_CARD_FAILED;
	int64_t now = uptime_s();

	v->open = false;
	snprintf(reason, sizeof(reason), "%s",
		 o->reason[0] ? o->reason : ipc_result_name(o->result));
	if (o->result == IPC_DONE) {
		phase = STORE_CARD_DONE;
	} else if (o->result == IPC_REFUSED) {
		phase = STORE_CARD_REFUSED;
	} else if (o->result == IPC_WITHDRAWN) {
		phase = STORE_CARD_PENDING;	/* it was taken from us, not answered */
	} else if (o->result == IPC_FAILED && o->retry && now + v->backoff_s <= give_up) {
		phase = STORE_CARD_PENDING;
		v->open = true;
		v->due = now + v->backoff_s;
		v->row.next_attempt = time(NULL) + v->backoff_s;	/* for people */
		v->row.attempts++;
		log_notice("%s: session with %s failed (%s); next try in %u s", c->start.slot,
			   v->id, o->reason, v->backoff_s);
		v->backoff_s = pause_after(v->backoff_s);
	}
	if (!v->open && o->result != IPC_DONE)
		log_notice("%s: no session with %s: %s; the account stays", c->start.slot, v->id,
			   o->reason[0] ? o->reason : ipc_result_name(o->result));
	return outcome_store(c, v, phase, reason);
}

static int session_ask(struct card *c, struct server *v, int64_t give_up)
{
	struct ipc_msg q, a;
	int r = is_settled(c, v);

	if (r)
		return r < 0 ? r : 0;
	ipc_prepare(&q, IPC_SESSION);
	q.session.ui = v->verdict == PLAN_SESSION_ASK ? IPC_UI_ASK :
		       v->verdict == PLAN_SESSION_NOTICE ? IPC_UI_NOTICE : IPC_UI_NONE;
	q.session.timeout_s = c->data.ind.timeout_s;
	child_text(q.session.server_id, sizeof(q.session.server_id), v->id);
	child_text(q.session.text, sizeof(q.session.text), c->data.ind.text);
	child_text(q.session.cause, sizeof(q.session.cause), STORE_CAUSE_CARD);
	if (strcmp(q.session.server_id, v->id)) {
		log_err("%s: the server id is not printable: no session", c->start.slot);
		v->open = false;
		return card_row_record(c, &v->row, STORE_CARD_FAILED, "the server id is not printable");
	}
	r = card_request(c, &q, &a, -1, IPC_OUTCOME);
	return r ? r : outcome_record(c, v, &a.outcome, give_up);
}

/* The open server whose turn is next, or NULL. Card order among those due. */
static struct server *next_server(struct card *c, int64_t now)
{
	struct server *best = NULL;
	size_t i;

	for (i = 0; i < c->nservers; i++) {
		struct server *v = &c->server[i];

		if (!v->open)
			continue;
		if (v->due <= now)
			return v;
		if (!best || v->due < best->due)
			best = v;
	}
	return best;
}

/*
 * What waits to be tried again is tried soon; names may be resolved a little later
 * than packets go. A route that flaps is worth one try per pause, and the pauses grow.
 */
static void network_came(struct card *c, int64_t now)
{
	c->network = false;
	for (size_t i = 0; i < c->nservers; i++) {
		struct server *v = &c->server[i];
		int64_t due = now + NETWORK_SOON_S;

		if (now > v->woken + BACKOFF_MAX_S)
			v->woken_pause_s = 0;
		if (due < v->woken + v->woken_pause_s)
			due = v->woken + v->woken_pause_s;
		if (!v->open || v->due <= due)
			continue;
		v->due = v->woken = due;
		v->woken_pause_s = pause_after(v->woken_pause_s);
		v->backoff_s = BACKOFF_FIRST_S;
		log_info("%s: a way into the network came: session with %s is tried again in %d s",
			 c->start.slot, v->id, (int)(due - now));
	}
}

/* One session after the other, in card order, until each is done or given up. */
int card_sessions_run(struct card *c)
{
	int64_t give_up = uptime_s() + c->args.conf.patience_s, now;
	struct server *v;
	int r;

	while ((v = next_server(c, now = uptime_s()))) {
		if (c->network) {
			network_came(c, now);
			continue;
		}
		/* What another client waits for need not wait for a person or a broken network. */
		if (v->due > now || v->verdict == PLAN_SESSION_ASK) {
			r = card_lwm2m(c);
			if (r)
				return r;
		}
		if (v->due > now) {
			r = card_wait(c, (v->due - now) * 1000);
			if (r)
				return r;
			continue;
		}
		r = session_ask(c, v, give_up);
		if (r)
			return r;
	}
	return 0;
}
