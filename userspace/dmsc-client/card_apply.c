// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From what a card says to the store: rows of card state, content that is no
 * longer true, incorporation, and gate one before it.
 */
#include <errno.h>
#include <time.h>

#include "card/plan.h"
#include "dmsc-client/card_int.h"
#include "util/log.h"

#define STALE_MAX 64	/* origins that go at once; more of them at the next insertion */

/* --- the store ----------------------------------------------------------- */

struct slice card_iccid(const struct card *c)
{
	return slice_of(c->data.iccid, c->data.iccid_len);
}

bool card_same_insertion(const struct card *c, const struct store_card *row)
{
	return !strcmp(row->boot_id, c->start.boot_id) && !strcmp(row->slot, c->slot) &&
	       row->seq == c->start.seq;
}

int card_row_get(struct card *c, struct store *s, const char *server, struct store_card *row)
{
	int r = store_card_get(s, card_iccid(c), c->data.digest, server, row);

	if (r != -ENOENT)
		return r;
	memset(row, 0, sizeof(*row));
	memcpy(row->iccid, c->data.iccid, c->data.iccid_len);
	row->iccid_len = (uint8_t)c->data.iccid_len;
	memcpy(row->digest, c->data.digest, STORE_DIGEST_LEN);
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
	_cleanup_client_store_ struct store *s = NULL;

	if (client_store_open(&c->args, STORE_WRITE, &s))
		return -EIO;
	return card_row_put(c, s, row, phase, reason);
}

struct stale {
	const struct card *c;
	bool same_iccid;	/* older content of this card, else other cards */
	size_t n;
	uint32_t id[STALE_MAX];
};

static int stale_collect(void *ctx, const struct store_origin *o)
{
	struct stale *st = ctx;
	bool same = slice_eq(slice_of(o->iccid, o->iccid_len), card_iccid(st->c));

	if (strcmp(o->slot, st->c->slot) && !(same && o->iccid_len))
		return 0;
	if (same != st->same_iccid ||
	    (same && !memcmp(o->digest, st->c->data.digest, STORE_DIGEST_LEN)))
		return 0;
	if (st->n < STALE_MAX)
		st->id[st->n++] = o->id;
	return 0;
}

/* Takes back what this slot's earlier cards, or this card's other content, left. */
static int stale_remove(struct card *c, struct store *s, bool same_iccid)
{
	struct stale st = { .c = c, .same_iccid = same_iccid };
	unsigned int accounts;
	size_t i;
	int r;

	if (!c->data.iccid_len && !same_iccid)
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

int card_take_back(struct card *c)
{
	_cleanup_client_store_ struct store *s = NULL;
	int r;

	if (client_store_open(&c->args, STORE_WRITE, &s))
		return -EIO;
	r = stale_remove(c, s, false);
	return r ? r : stale_remove(c, s, true);
}

/* --- incorporation ------------------------------------------------------- */

/* What an attempt came to; the row of the content says it to people. */
static int attempt_failed(struct card *c, struct store *s, int r, const char *reason)
{
	struct store_card row;

	if (r == -EEXIST && c->room_s)
		return r;	/* said once, while it is waited for */
	if (!card_row_get(c, s, "", &row) && row.phase == STORE_CARD_NONE)
		(void)!card_row_put(c, s, &row, STORE_CARD_NONE, reason);
	log_err("%s: the bootstrap message is not applied: %s; the tree is as it was",
		c->start.slot, reason);
	return r;
}

static int known_origin(void *ctx, const struct store_origin *o)
{
	const struct card *c = ctx;

	return slice_eq(slice_of(o->iccid, o->iccid_len), card_iccid(c)) &&
	       !memcmp(o->digest, c->data.digest, STORE_DIGEST_LEN);
}

/*
 * Begins the transaction with the origin of what was read. When this card's earlier
 * content had the same documents and another indicator, it is that origin under its new
 * digest: accounts are not made anew for what does not speak of them. What else is in
 * @old goes. *@id; 0 or -errno.
 */
static int origin_begin(struct card *c, struct store *s, const struct client_bootstrap_doc *docs,
			size_t n, struct stale *old, uint32_t *id)
{
	struct store_origin o = { .created = time(NULL) };
	size_t i;
	int r = store_origin_each(s, stale_collect, old);

	if (!r)
		r = store_origin_each(s, known_origin, c);
	for (i = 0; !r && i < old->n && !o.id; i++)
		if (client_bootstrap_is(s, docs, n, old->id[i])) {
			o.id = old->id[i];
			old->id[i] = old->id[--old->n];
		}
	if (r < 0)
		return r;
	memcpy(o.slot, c->slot, sizeof(o.slot));
	memcpy(o.iccid, c->data.iccid, c->data.iccid_len);
	o.iccid_len = (uint8_t)c->data.iccid_len;
	memcpy(o.digest, c->data.digest, STORE_DIGEST_LEN);
	r = store_begin(s);
	if (!r)
		r = o.id ? store_origin_renew(s, &o) : store_origin_put(s, &o);
	*id = o.id;
	return r;
}

/* Was a part of the directory not read, in which more of the content may be? What is malformed was. */
static bool part_unread(const struct pkcs15_dir *d)
{
	return d->incomplete && d->incomplete != -EBADMSG && d->incomplete != -ENOENT;
}

/*
 * Applies the documents in place of what this card's earlier content made, or only tries
 * it. 0 or -errno of client_bootstrap_replace(), logged.
 */
static int attempt(struct card *c, struct store *s, bool dry, struct client_bootstrap_result *res)
{
	struct client_bootstrap_doc docs[CARD_FILES_MAX];
	size_t n = card_data_docs(&c->data, docs);
	struct stale old = { .c = c, .same_iccid = true };
	struct store_card row;
	uint32_t id;
	int r = origin_begin(c, s, docs, n, &old, &id);

	if (!r)
		r = card_row_get(c, s, "", &row);
	if (!r)	/* the insertion this is about: a reconcile of an earlier one must see it */
		r = card_row_put(c, s, &row, STORE_CARD_NONE, "applied");
	if (r) {
		log_err("%s: the store: %s; nothing is applied", c->start.slot, store_strerror(r));
		return r;
	}
	if (old.n && part_unread(&c->data.dir)) {	/* what is not seen may be what was there */
		store_rollback(s);
		return attempt_failed(c, s, c->data.dir.incomplete,
				      "part of EF(DODF) cannot be read, and other content was applied before");
	}
	r = dry ? client_bootstrap_check(s, docs, n, id, old.id, old.n, res) :
		  client_bootstrap_replace(s, docs, n, id, old.id, old.n, res);
	if (!r && !dry && old.n)
		log_notice("%s: what the card held before is replaced", c->slot);
	return r ? attempt_failed(c, s, r, res->reason) : 0;
}

/* Does the card still hold what was read? 0, -ESTALE, or another -errno, logged. */
static int verify(struct card *c)
{
	static struct card_data now;
	int r;

	card_data_init(&now);
	now.rd = c->data.rd;
	now.conf = c->data.conf;
	now.name = c->data.name;
	now.say = CARD_SAY_ERRORS;
	c->holds_store = true;
	r = card_data_read(&now);
	if (r == 1 && now.profile != c->data.profile)
		r = card_data_fall_back(&now, -EBADMSG);
	c->holds_store = false;
	/*
	 * A PIN is needed again: it is asked for when nobody waits for the store. What is
	 * malformed only now says nothing of the documents that were read.
	 */
	if (r == -EACCES || r == -EBADMSG || r == -EMSGSIZE)
		r = -ESTALE;
	if (r >= 0)
		r = r == 1 && slice_eq(slice_of(now.iccid, now.iccid_len), card_iccid(c)) &&
		    !memcmp(now.digest, c->data.digest, STORE_DIGEST_LEN) ? 0 : -ESTALE;
	card_data_fini(&now);
	return r;
}

/* As card_incorporate(). */
static int incorporate(struct card *c, struct store *s)
{
	struct client_bootstrap_result res;
	size_t i;
	int r;

	/* A person may have thought for long, and another's session may have had the store. */
	r = verify(c);
	if (!r)
		r = attempt(c, s, false, &res);
	if (r)
		return r;
	for (i = 0; i < res.nservers; i++) {
		memcpy(c->server[i].id, res.server_id[i], STORE_SERVER_MAX);
		c->server[i].init = res.init[i];
		log_notice("%s: bootstrap %s: account of server %s", c->start.slot,
			   res.changed ? "applied" : "unchanged", res.server_id[i]);
	}
	c->nservers = res.nservers;
	return 0;
}

int card_incorporate(struct card *c)
{
	_cleanup_client_store_ struct store *s = NULL;

	if (client_store_open(&c->args, STORE_WRITE, &s))
		return -EIO;
	return incorporate(c, s);
}

/* --- gate one ------------------------------------------------------------ */

struct known {
	struct store_card row;	/* of the content */
	bool applied;		/* what it makes is in the tree */
	enum plan_gate gate;
};

static enum plan_gate gate_of(const struct card *c, const struct known *k)
{
	if (c->agreed.yes && !memcmp(c->agreed.iccid, c->data.iccid, STORE_ICCID_MAX) &&
	    !memcmp(c->agreed.digest, c->data.digest, STORE_DIGEST_LEN))
		return PLAN_GO;
	return plan_incorporate(&c->data.ind, k->row.phase == STORE_CARD_REFUSED, k->applied);
}

/*
 * Ends what other cards left. When nobody is to be asked the documents are applied at
 * once: 0. Else they are tried: 1, when they are of use. While an account in the way is
 * waited for they are tried, too: that does not read the card. -errno, logged.
 */
static int examine(struct card *c, struct known *k)
{
	_cleanup_client_store_ struct store *s = NULL;
	struct client_bootstrap_result res;
	int r;

	if (client_store_open(&c->args, STORE_WRITE, &s))
		return -EIO;
	r = stale_remove(c, s, false);
	if (!r)
		r = card_row_get(c, s, "", &k->row);
	if (!r)
		r = store_origin_each(s, known_origin, c);
	if (r < 0)
		return r;
	k->applied = r == 1;
	k->gate = gate_of(c, k);
	if (k->gate == PLAN_GO && !c->room_s)
		return incorporate(c, s);
	r = attempt(c, s, true, &res);
	return r ? r : 1;
}

/* The same, and of the profile that comes next when the first is of none. */
static int choose(struct card *c, struct known *k)
{
	int r = examine(c, k), next;

	if (r >= 0)
		return r;
	next = card_data_fall_back(&c->data, r);
	if (next <= 0)
		return next ? next : r;
	log_err("%s: the DM profile of the card is unusable; its CP profile is taken instead",
		c->start.slot);
	return examine(c, k);
}

static int ask(struct card *c, struct store_card *row)
{
	struct ipc_msg q, a;
	int r;

	ipc_prepare(&q, IPC_ASK);
	q.ask.timeout_s = c->data.ind.timeout_s;
	child_text(q.ask.text, sizeof(q.ask.text), c->data.ind.text);
	r = card_request(c, &q, &a, -1, IPC_OUTCOME);
	if (r)
		return r;
	if (a.outcome.result == IPC_DONE) {
		c->agreed.yes = true;
		memcpy(c->agreed.iccid, c->data.iccid, STORE_ICCID_MAX);
		memcpy(c->agreed.digest, c->data.digest, STORE_DIGEST_LEN);
		return 1;
	}
	log_notice("%s: taking over the card's data: %s; nothing is applied", c->start.slot,
		   a.outcome.result == IPC_FAILED ? a.outcome.reason :
		   ipc_result_name(a.outcome.result));
	if (a.outcome.result == IPC_REFUSED)
		r = card_row_record(c, row, STORE_CARD_REFUSED, "the user refused the card's data");
	else if (a.outcome.result == IPC_TIMEOUT)
		r = card_row_record(c, row, STORE_CARD_FAILED, "the user did not answer");
	return r ? r : -ECANCELED;
}

int card_gate(struct card *c)
{
	struct known k;
	int r = choose(c, &k);

	if (r <= 0 || k.gate == PLAN_GO)
		return r;
	if (k.gate == PLAN_ASK && !(k.row.phase == STORE_CARD_FAILED && card_same_insertion(c, &k.row)))
		return ask(c, &k.row);
	log_notice("%s: the user was asked about this content before (%s): nothing is applied",
		   c->start.slot, k.row.reason);
	return -ECANCELED;
}
