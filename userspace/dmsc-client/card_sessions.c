// SPDX-License-Identifier: GPL-2.0-or-later
/* Gate two: which sessions a card's data asks for, and one of them after the other. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "card/plan.h"
#include "dmsc-client/card_int.h"
#include "dmsc-client/connect.h"
#include "util/log.h"

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
	_cleanup_client_store_ struct store *s = NULL;
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
		v->turn = (struct turn){ .open = v->verdict != PLAN_NO_SESSION, .name = v->id,
					.of = v };
		log_info("%s: %s session with %s: %s", c->start.slot,
			 v->turn.open ? "automatic" : "no automatic", v->id, why);
		if (!v->turn.open)
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
	turn_close(&v->turn);
	log_info("%s: a session with %s was started by a person meanwhile, and succeeded",
		 c->start.slot, v->id);
	return 1;
}

/* A person's no counts whenever it is said; that nobody answered does not undo what is done. */
static int outcome_store(struct card *c, struct server *v, enum store_card_phase phase,
			 const char *reason)
{
	_cleanup_client_store_ struct store *s = NULL;
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
	_cleanup_client_store_ struct store *s = NULL;

	if (!v->row.attempts)
		return 0;
	return client_store_open(&c->args, STORE_WRITE, &s) ? -EIO : done_meanwhile(c, s, v);
}

static int outcome_record(struct card *c, struct server *v, const struct ipc_outcome *o)
{
	char reason[STORE_REASON_MAX];
	enum store_card_phase phase = STORE_CARD_FAILED;
	uint32_t wait = 0;

	snprintf(reason, sizeof(reason), "%s",
		 o->reason[0] ? o->reason : ipc_result_name(o->result));
	if (o->result == IPC_FAILED && o->retry)
		wait = turn_again(&c->turns, &v->turn, o->retry);
	else
		turn_close(&v->turn);
	if (o->result == IPC_DONE) {
		phase = STORE_CARD_DONE;
	} else if (o->result == IPC_REFUSED) {
		phase = STORE_CARD_REFUSED;
	} else if (o->result == IPC_WITHDRAWN) {
		phase = STORE_CARD_PENDING;	/* it was taken from us, not answered */
	} else if (wait) {
		phase = STORE_CARD_PENDING;
		v->row.next_attempt = time(NULL) + wait;	/* for people */
		v->row.attempts++;
		log_notice("%s: session with %s failed (%s); next try in %u s", c->start.slot,
			   v->id, o->reason, wait);
	}
	if (!v->turn.open && o->result != IPC_DONE)
		log_notice("%s: no session with %s: %s; the account stays", c->start.slot, v->id,
			   o->reason[0] ? o->reason : ipc_result_name(o->result));
	return outcome_store(c, v, phase, reason);
}

static int session_ask(struct card *c, struct server *v)
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
		turn_close(&v->turn);
		return card_row_record(c, &v->row, STORE_CARD_FAILED, "the server id is not printable");
	}
	r = client_connect_say(&c->args, c->start.slot, v->id, v->row.attempts);
	c->gone |= r != 0;
	if (!r)
		r = card_request(c, &q, &a, -1, IPC_OUTCOME);
	return r ? r : outcome_record(c, v, &a.outcome);
}

static int session_try(void *ctx, struct turn *t)
{
	struct card *c = ctx;
	struct server *v = t->of;
	int r = 0;

	/* What another client waits for need not wait for a person. */
	if (v->verdict == PLAN_SESSION_ASK)
		r = card_lwm2m(c);
	return r ? r : session_ask(c, v);
}

/* Nor for a broken network. */
static int session_wait(void *ctx, int64_t ms)
{
	struct card *c = ctx;
	int r = card_lwm2m(c);

	return r ? r : card_wait(c, ms);
}

/* One session after the other, in card order, until each is done or given up. */
int card_sessions_run(struct card *c)
{
	int64_t now = turns_uptime_s();

	c->turns.policy = turns_policy(c->args.conf.patience_s);
	c->turns.who = c->start.slot;
	c->turns.try = session_try;
	c->turns.wait = session_wait;
	c->turns.ctx = c;
	c->turns.n = 0;
	for (size_t i = 0; i < c->nservers; i++) {
		c->server[i].turn.first = now;
		c->turns.turn[c->turns.n++] = &c->server[i].turn;
	}
	return turns_run(&c->turns);
}
