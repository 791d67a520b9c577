// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From what a card says to the store: rows of card state, content that is no
 * longer true, gate one, and incorporation.
 */
#include <errno.h>
#include <time.h>

#include "card/plan.h"
#include "dmsc-client/card_int.h"
#include "util/log.h"

/* --- the store ----------------------------------------------------------- */

struct slice card_iccid(const struct card *c)
{
	return slice_of(c->iccid, c->iccid_len);
}

bool card_same_insertion(const struct card *c, const struct store_card *row)
{
	return !strcmp(row->boot_id, c->start.boot_id) && !strcmp(row->slot, c->slot) &&
	       row->seq == c->start.seq;
}

int card_row_get(struct card *c, struct store *s, const char *server, struct store_card *row)
{
	int r = store_card_get(s, card_iccid(c), c->digest, server, row);

	if (r != -ENOENT)
		return r;
	memset(row, 0, sizeof(*row));
	memcpy(row->iccid, c->iccid, c->iccid_len);
	row->iccid_len = (uint8_t)c->iccid_len;
	memcpy(row->digest, c->digest, STORE_DIGEST_LEN);
	memcpy(row->server, server, strlen(server) + 1);
	return 0;
}

int card_row_put(struct card *c, struct store *s, struct store_card *row,
		   enum store_card_phase phase, const char *reason)
{
	row->phase = phase;
	client_reason(row->reason, sizeof(row->reason), "%s", reason);
	memcpy(row->boot_id, c->start.boot_id, sizeof(row->boot_id));
	memcpy(row->slot, c->slot, sizeof(row->slot));
	row->seq = c->start.seq;
	row->updated = time(NULL);
	return store_card_put(s, row);
}

int card_row_record(struct card *c, struct store_card *row, enum store_card_phase phase,
		      const char *reason)
{
	_cleanup_store_ struct store *s = NULL;

	if (client_store_open(&c->args, STORE_WRITE, &s))
		return -EIO;
	return card_row_put(c, s, row, phase, reason);
}

struct stale {
	const struct card *c;
	bool same_iccid;	/* older content of this card, else other cards */
	size_t n;
	uint32_t id[64];
};

static int stale_collect(void *ctx, const struct store_origin *o)
{
	struct stale *st = ctx;
	bool same = slice_eq(slice_of(o->iccid, o->iccid_len), card_iccid(st->c));

	if (strcmp(o->slot, st->c->slot) && !(same && o->iccid_len))
		return 0;
	if (same != st->same_iccid || (same && !memcmp(o->digest, st->c->digest, STORE_DIGEST_LEN)))
		return 0;
	if (st->n < 64)
		st->id[st->n++] = o->id;
	return 0;
}

/* Takes back what this slot's earlier cards, or this card's earlier content, left. */
int card_stale_remove(struct card *c, struct store *s, bool same_iccid)
{
	struct stale st = { .c = c, .same_iccid = same_iccid };
	unsigned int accounts;
	size_t i;
	int r;

	if (!c->iccid_len && !same_iccid)
		return 0;	/* who this is cannot be told: delete nothing */
	r = store_origin_each(s, stale_collect, &st);
	for (i = 0; !r && i < st.n; i++) {
		r = client_bootstrap_remove(s, st.id[i], &accounts);
		if (!r)
			log_notice("%s: %u account%s of %s removed", c->slot, accounts,
				   accounts == 1 ? "" : "s",
				   same_iccid ? "this card's earlier content" : "an earlier card");
	}
	return r;
}

/* --- gate one ------------------------------------------------------------ */

static int known_origin(void *ctx, const struct store_origin *o)
{
	const struct card *c = ctx;

	return slice_eq(slice_of(o->iccid, o->iccid_len), card_iccid(c)) &&
	       !memcmp(o->digest, c->digest, STORE_DIGEST_LEN);
}

/* 1 go on, 0 stop here (logged), -errno. Nobody holds the store while the user thinks. */
int card_gate(struct card *c)
{
	struct store *s = NULL;
	enum plan_gate gate;
	struct store_card row;
	struct ipc_msg q, a;
	int known = 0, r;

	if (client_store_open(&c->args, STORE_WRITE, &s))
		return -EIO;
	r = card_stale_remove(c, s, false);
	if (!r)
		r = card_row_get(c, s, "", &row);
	if (!r)
		known = store_origin_each(s, known_origin, c);
	if (!r && known < 0)
		r = known;
	store_close(s);
	if (r)
		return r;
	gate = plan_incorporate(&c->ind, row.phase == STORE_CARD_REFUSED, known == 1);
	if (gate == PLAN_GO)
		return 1;
	if (gate == PLAN_REFUSED || (row.phase == STORE_CARD_FAILED && card_same_insertion(c, &row))) {
		log_notice("%s: the user was asked about this content before (%s): nothing is applied",
			   c->start.slot, row.reason);
		return 0;
	}
	ipc_prepare(&q, IPC_ASK);
	q.ask.timeout_s = c->ind.timeout_s;
	child_text(q.ask.text, sizeof(q.ask.text), c->ind.text);
	r = card_request(c, &q, &a, -1, IPC_OUTCOME);
	if (r)
		return r;
	if (a.outcome.result == IPC_DONE)
		return 1;
	log_notice("%s: taking over the card's data: %s; nothing is applied", c->start.slot,
		   a.outcome.result == IPC_FAILED ? a.outcome.reason :
		   ipc_result_name(a.outcome.result));
	if (a.outcome.result == IPC_REFUSED)
		r = card_row_record(c, &row, STORE_CARD_REFUSED, "the user refused the card's data");
	else if (a.outcome.result == IPC_TIMEOUT)
		r = card_row_record(c, &row, STORE_CARD_FAILED, "the user did not answer");
	return r;
}

/* --- incorporation ------------------------------------------------------- */

int card_incorporate(struct card *c)
{
	_cleanup_store_ struct store *s = NULL;
	const struct client_bootstrap_doc doc = { CLIENT_PROFILE_DM, buf_slice(&c->bootstrap) };
	struct client_bootstrap_result res;
	struct store_origin o = { .created = time(NULL) };
	struct store_card row;
	size_t i;
	int r;

	if (client_store_open(&c->args, STORE_WRITE, &s))
		return -EIO;
	memcpy(o.slot, c->slot, sizeof(o.slot));
	memcpy(o.iccid, c->iccid, c->iccid_len);
	o.iccid_len = (uint8_t)c->iccid_len;
	memcpy(o.digest, c->digest, STORE_DIGEST_LEN);
	r = card_stale_remove(c, s, true);
	if (!r)
		r = store_begin(s);
	if (!r)
		r = store_origin_put(s, &o);
	if (!r)
		r = card_row_get(c, s, "", &row);
	if (!r)	/* the insertion this is about: a reconcile of an earlier one must see it */
		r = card_row_put(c, s, &row, STORE_CARD_NONE, "applied");
	if (r) {
		log_err("%s: the store: %s; nothing is applied", c->start.slot, store_strerror(r));
		return r;
	}
	r = client_bootstrap_apply(s, &doc, 1, o.id, &res);
	if (r) {
		log_err("%s: the bootstrap message is not applied: %s; the tree is as it was",
			c->start.slot, res.reason);
		return r;
	}
	for (i = 0; i < res.nservers; i++) {
		memcpy(c->server[i].id, res.server_id[i], STORE_SERVER_MAX);
		log_notice("%s: bootstrap %s: account of server %s", c->start.slot,
			   res.changed ? "applied" : "unchanged", res.server_id[i]);
	}
	c->nservers = res.nservers;
	return 0;
}
