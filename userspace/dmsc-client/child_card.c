// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * card-child: reads one card's data through the helper, incorporates it,
 * and asks the helper for the sessions the data wants. It has no network and
 * never holds the store while a person or a server is waited for.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "card/iccid.h"
#include "card/plan.h"
#include "dmsc-client/bootstrap.h"
#include "dmsc-client/child_common.h"
#include "util/digest.h"
#include "util/log.h"
#include "util/str.h"

#define START_MS 10000
#define READ_MS 120000		/* the kernel bounds a card's silence; this bounds the helper's */
#define FIRST_BOOTSTRAP (4 * CARD_READ_MAX)	/* bytes asked for at first */
#define BACKOFF_FIRST_S 15
#define BACKOFF_MAX_S 3600

/* The places of OIDs in the list pkcs15_find() is given. */
enum { OID_DM, OID_PROVSC, OID_CONFIG1, OID_CONFIG2, OID_INDICATOR };

struct server {
	char id[STORE_SERVER_MAX];
	struct store_card row;	/* keyed by content and server */
	enum plan_verdict verdict;
	bool open;		/* a try is still to come */
	int64_t due;		/* when, by uptime_s(); 0 = now */
	unsigned int backoff_s;
};

struct card {
	struct client_args args;
	struct ipc_start start;
	char slot[STORE_SLOT_MAX];	/* "TRANSPORT:LOCATION" */
	bool gone;			/* the card, or the helper */
	uint8_t iccid[STORE_ICCID_MAX];
	size_t iccid_len;
	bool bootstrap_read;
	int bootstrap_err;		/* when it was not */
	struct buf bootstrap;
	struct indicator ind;
	uint8_t digest[STORE_DIGEST_LEN];	/* of indicator and bootstrap */
	size_t nservers;
	struct server server[CLIENT_BOOTSTRAP_SERVERS];
};

/* Seconds that no clock setting moves: a device may learn the date after its first try. */
static int64_t uptime_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

/* --- the helper ---------------------------------------------------------- */

static int request(struct card *c, const struct ipc_msg *q, struct ipc_msg *a, int timeout_ms,
		   enum ipc_type type)
{
	int r = ipc_send(IPC_CHILD_FD, q, READ_MS);

	if (!r)
		r = ipc_recv(IPC_CHILD_FD, a, timeout_ms);
	if (!r && a->type != type)
		r = -EPROTO;
	if (r)
		c->gone = true;
	return r;
}

static int read_ef(void *ctx, const char *path, size_t off, uint8_t *buf, size_t n)
{
	struct card *c = ctx;
	struct ipc_msg q, a;
	size_t got = 0, want;

	while (got < n) {
		want = n - got < IPC_DATA_MAX ? n - got : IPC_DATA_MAX;
		ipc_prepare(&q, IPC_READ);
		q.read.off = (uint32_t)(off + got);
		q.read.len = (uint32_t)want;
		if (str_copy(q.read.path, sizeof(q.read.path), slice_str(path)))
			return -EINVAL;
		if (request(c, &q, &a, READ_MS, IPC_DATA))
			return -ENODEV;
		if (a.data.err)
			return a.data.err;	/* a part would pass for the whole file */
		if (a.data.len > want)
			return -EPROTO;
		memcpy(buf + got, a.data.data, a.data.len);
		got += a.data.len;
		if (a.data.len < want)
			break;
	}
	return (int)got;
}

static const char *card_error(int r)
{
	switch (r) {
	case -ENOENT:
		return "there is no such file";
	case -EACCES:
		return "a PIN is needed";
	case -EPERM:
		return "the file is outside of what may be read";
	case -ENODEV:
		return "the card is gone";
	case -ETIMEDOUT:
		return "the card does not answer";
	case -EPROTO:
		return "the card answers nonsense";
	case -EBADMSG:
		return "its content is malformed";
	case -ENODATA:
		return "the file is shorter than its entry says";
	case -EMSGSIZE:
		return "the file is larger than a bootstrap message may be";
	default:
		return strerror(-r);
	}
}

/* --- reading ------------------------------------------------------------- */

/* 0, or -ENODEV. Without an ICCID the card's data is known by its content alone. */
static int iccid_read(struct card *c, const struct card_reader *rd)
{
	int r = rd->read(rd->ctx, "3f00.2fe2", 0, c->iccid, ICCID_LEN);

	if (r == ICCID_LEN) {
		c->iccid_len = ICCID_LEN;
		return 0;
	}
	memset(c->iccid, 0, sizeof(c->iccid));
	if (r == -ENODEV)
		return r;
	log_warn("%s: EF(ICCID): %s", c->start.slot, r < 0 ? card_error(r) : "too short");
	return 0;
}

static size_t oids_collect(const struct conf *conf, struct pkcs15_oid *oids)
{
	size_t i, n = OID_INDICATOR;

	oids[OID_DM] = PKCS15_OID_DM_BOOTSTRAP;
	oids[OID_PROVSC] = PKCS15_OID_PROVSC_BOOTSTRAP;
	oids[OID_CONFIG1] = PKCS15_OID_PROVSC_CONFIG1;
	oids[OID_CONFIG2] = PKCS15_OID_PROVSC_CONFIG2;
	for (i = 0; i < conf->indicator_oids.n; i++)
		if (!pkcs15_oid_parse(slice_str(conf->indicator_oids.v[i]), &oids[n]))
			n++;
	return n;
}

static const struct pkcs15_object *indicator_object(const struct pkcs15_dir *dir, size_t noids)
{
	const struct pkcs15_object *o = NULL;
	unsigned int i;

	for (i = OID_INDICATOR; i < noids && !o; i++)
		o = pkcs15_object_get(dir, i);
	return o;
}

static void indicator_log(const struct card *c)
{
	const struct indicator *i = &c->ind;
	static const char *const ui[] = { "", "", ", with a notice", ", after asking the user" };

	switch (i->state) {
	case INDICATOR_ABSENT:
		log_info("%s: the card has no indicator", c->start.slot);
		break;
	case INDICATOR_VALID:
		log_info("%s: indicator: %s%s%s%s%s", c->start.slot,
			 i->connect ? "connect" : "do not connect", i->connect ? ui[i->ui] : "",
			 i->every_power_on ? ", at every power-on" : "",
			 i->ask_incorporate ? ", ask before taking over data" : "",
			 i->nservers ? ", for named servers" : "");
		break;
	case INDICATOR_MALFORMED:
	case INDICATOR_UNREADABLE:
		log_err("%s: the indicator is %s (%s): no automatic session, and the user is asked before data is taken over",
			c->start.slot,
			i->state == INDICATOR_MALFORMED ? "malformed" : "unreadable", i->reason);
		break;
	}
}

/* 0 or -ENODEV; what is wrong otherwise is the indicator's state. */
static int indicator_find(struct card *c, const struct card_reader *rd,
			  const struct pkcs15_dir *dir, size_t noids)
{
	const struct pkcs15_object *o = indicator_object(dir, noids);
	int r = 0;

	memset(&c->ind, 0, sizeof(c->ind));
	if (o) {
		r = indicator_read(rd, o, &c->ind);
	} else if (dir->incomplete || dir->dropped) {
		/* Absence proves nothing here. */
		c->ind.state = INDICATOR_UNREADABLE;
		c->ind.reason = "part of EF(DODF) cannot be read";
		c->ind.err = dir->incomplete;
	}
	if (!r)
		indicator_log(c);
	return r;
}

static void content_digest(struct card *c)
{
	/* State and length keep indicator and bootstrap apart. */
	uint8_t head[6] = { 'd', '1', c->ind.state, (uint8_t)-c->ind.err,
			    (uint8_t)(c->ind.raw_len >> 8), (uint8_t)c->ind.raw_len };
	struct slice parts[] = { slice_of(head, sizeof(head)),
				 slice_of(c->ind.raw, c->ind.raw_len), buf_slice(&c->bootstrap) };

	digest_sha256_parts(parts, 3, c->digest);
}

static bool is_erased(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] != 0xff && s.p[i] != 0x00)
			return false;
	return true;
}

/*
 * The bootstrap message is read as soon as its entry is seen: all that is read
 * before it, the user waits for.
 */
static int bootstrap_seen(void *ctx, const struct pkcs15_object *o)
{
	struct card *c = ctx;
	const struct card_reader rd = { read_ef, c };

	if (o->oid != OID_DM || c->bootstrap_read)
		return 0;
	c->bootstrap_err = pkcs15_object_read(&rd, o, FIRST_BOOTSTRAP, &c->bootstrap);
	c->bootstrap_read = !c->bootstrap_err;
	return c->bootstrap_err;
}

/* What the directory says when it has no EF(DM_Bootstrap). 0 or -errno, logged. */
static int bootstrap_missing(struct card *c, const struct pkcs15_dir *dir)
{
	bool cp = pkcs15_object_get(dir, OID_PROVSC) || pkcs15_object_get(dir, OID_CONFIG1) ||
		  pkcs15_object_get(dir, OID_CONFIG2);

	if (dir->incomplete || dir->dropped) {
		log_err("%s: EF(DM_Bootstrap) was not found in what could be read; nothing is changed",
			c->start.slot);
		return dir->incomplete ? dir->incomplete : -EBADMSG;
	}
	log_notice("%s: the card has no EF(DM_Bootstrap)%s: nothing to apply", c->start.slot,
		   cp ? ", and its CP documents are not supported" : "");
	return 0;
}

/* 1: there is something to apply; 0: there is not; -errno, logged. */
static int data_read(struct card *c, const struct card_reader *rd)
{
	struct pkcs15_oid oids[OID_INDICATOR + CONF_LIST_MAX];
	static struct pkcs15_dir dir;
	size_t noids = oids_collect(&c->args.conf, oids);
	int r = pkcs15_walk(rd, oids, noids, bootstrap_seen, c, &dir);

	if (r == -ENOENT) {
		log_notice("%s: the card has no PKCS#15 directory: nothing to apply",
			   c->start.slot);
		return 0;
	}
	if (c->bootstrap_err) {
		log_err("%s: EF(DM_Bootstrap): %s; nothing is applied", c->start.slot,
			card_error(c->bootstrap_err));
		return c->bootstrap_err;
	}
	if (r) {
		log_err("%s: EF(ODF): %s; nothing is applied", c->start.slot, card_error(r));
		return r;
	}
	if (dir.incomplete)
		log_warn("%s: EF(DODF): %s", c->start.slot, card_error(dir.incomplete));
	if (!c->bootstrap_read)
		return bootstrap_missing(c, &dir);
	if (is_erased(buf_slice(&c->bootstrap))) {
		log_notice("%s: EF(DM_Bootstrap) is empty: nothing to apply", c->start.slot);
		return 0;
	}
	r = indicator_find(c, rd, &dir, noids);
	if (r)
		return r;
	log_info("%s: EF(DM_Bootstrap) read, %zu bytes", c->start.slot, c->bootstrap.len);
	content_digest(c);
	return 1;
}

/* As data_read(). EF(ICCID) comes last: it is needed by what follows, not by what is read. */
static int card_read(struct card *c)
{
	const struct card_reader rd = { read_ef, c };
	int found = data_read(c, &rd), r = 0;

	if (found >= 0)
		r = iccid_read(c, &rd);
	return r ? r : found;
}

/* --- the store ----------------------------------------------------------- */

static struct slice iccid_of(const struct card *c)
{
	return slice_of(c->iccid, c->iccid_len);
}

static bool same_insertion(const struct card *c, const struct store_card *row)
{
	return !strcmp(row->boot_id, c->start.boot_id) && !strcmp(row->slot, c->slot) &&
	       row->seq == c->start.seq;
}

/* The row of (ICCID, digest), or a fresh one. */
static int row_get(struct card *c, struct store *s, const uint8_t digest[STORE_DIGEST_LEN],
		   struct store_card *row)
{
	int r = store_card_get(s, iccid_of(c), digest, row);

	if (r != -ENOENT)
		return r;
	memset(row, 0, sizeof(*row));
	memcpy(row->iccid, c->iccid, c->iccid_len);
	row->iccid_len = (uint8_t)c->iccid_len;
	memcpy(row->digest, digest, STORE_DIGEST_LEN);
	return 0;
}

static int row_put(struct card *c, struct store *s, struct store_card *row,
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

/* One row written with the store opened for just that. */
static int row_record(struct card *c, struct store_card *row, enum store_card_phase phase,
		      const char *reason)
{
	_cleanup_store_ struct store *s = NULL;

	if (client_store_open(&c->args, STORE_WRITE, &s))
		return -EIO;
	return row_put(c, s, row, phase, reason);
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
	bool same = slice_eq(slice_of(o->iccid, o->iccid_len), iccid_of(st->c));

	if (strcmp(o->slot, st->c->slot) && !(same && o->iccid_len))
		return 0;
	if (same != st->same_iccid || (same && !memcmp(o->digest, st->c->digest, STORE_DIGEST_LEN)))
		return 0;
	if (st->n < 64)
		st->id[st->n++] = o->id;
	return 0;
}

/* Takes back what this slot's earlier cards, or this card's earlier content, left. */
static int stale_remove(struct card *c, struct store *s, bool same_iccid)
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

	return slice_eq(slice_of(o->iccid, o->iccid_len), iccid_of(c)) &&
	       !memcmp(o->digest, c->digest, STORE_DIGEST_LEN);
}

/* 1 go on, 0 stop here (logged), -errno. Nobody holds the store while the user thinks. */
static int gate_incorporate(struct card *c)
{
	struct store *s = NULL;
	enum plan_gate gate;
	struct store_card row;
	struct ipc_msg q, a;
	int known = 0, r;

	if (client_store_open(&c->args, STORE_WRITE, &s))
		return -EIO;
	r = stale_remove(c, s, false);
	if (!r)
		r = row_get(c, s, c->digest, &row);
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
	if (gate == PLAN_REFUSED || (row.phase == STORE_CARD_FAILED && same_insertion(c, &row))) {
		log_notice("%s: the user was asked about this content before (%s): nothing is applied",
			   c->start.slot, row.reason);
		return 0;
	}
	ipc_prepare(&q, IPC_ASK);
	q.ask.timeout_s = c->ind.timeout_s;
	child_text(q.ask.text, sizeof(q.ask.text), c->ind.text);
	r = request(c, &q, &a, -1, IPC_OUTCOME);
	if (r)
		return r;
	if (a.outcome.result == IPC_DONE)
		return 1;
	log_notice("%s: taking over the card's data: %s; nothing is applied", c->start.slot,
		   a.outcome.result == IPC_FAILED ? a.outcome.reason :
		   ipc_result_name(a.outcome.result));
	if (a.outcome.result == IPC_REFUSED)
		r = row_record(c, &row, STORE_CARD_REFUSED, "the user refused the card's data");
	else if (a.outcome.result == IPC_TIMEOUT)
		r = row_record(c, &row, STORE_CARD_FAILED, "the user did not answer");
	return r;
}

/* --- incorporation ------------------------------------------------------- */

static int incorporate(struct card *c)
{
	_cleanup_store_ struct store *s = NULL;
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
	r = stale_remove(c, s, true);
	if (!r)
		r = store_begin(s);
	if (!r)
		r = store_origin_put(s, &o);
	if (!r)
		r = row_get(c, s, c->digest, &row);
	if (!r)	/* the insertion this is about: a reconcile of an earlier one must see it */
		r = row_put(c, s, &row, STORE_CARD_NONE, "applied");
	if (r) {
		log_err("%s: the store: %s; nothing is applied", c->start.slot, store_strerror(r));
		return r;
	}
	r = client_bootstrap_apply(s, buf_slice(&c->bootstrap), o.id, &res);
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

/* --- gate two ------------------------------------------------------------ */

static void server_digest(const struct card *c, const char *server, uint8_t out[STORE_DIGEST_LEN])
{
	struct slice parts[] = { SLICE_LIT("session"), slice_of(c->digest, STORE_DIGEST_LEN),
				 slice_str(server) };

	digest_sha256_parts(parts, 3, out);
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
static int sessions_plan(struct card *c)
{
	_cleanup_store_ struct store *s = NULL;
	uint8_t digest[STORE_DIGEST_LEN];
	const char *why;
	size_t i;
	int r;

	if (client_store_open(&c->args, STORE_WRITE, &s))
		return -EIO;
	for (i = 0; i < c->nservers; i++) {
		struct server *v = &c->server[i];
		struct plan_input in = {
			.ind = &c->ind, .bootstrapped = true,
			.connect_without_indicator = c->args.conf.connect_without_indicator,
			.server_id = slice_str(v->id),
		};

		server_digest(c, v->id, digest);
		r = row_get(c, s, digest, &v->row);
		if (r)
			return r;
		in.past = past_of(&v->row);
		in.done_in_this_power_on = same_insertion(c, &v->row);
		v->verdict = plan_session(&in, &why);
		if (v->verdict != PLAN_NO_SESSION && v->row.phase == STORE_CARD_FAILED &&
		    same_insertion(c, &v->row)) {
			v->verdict = PLAN_NO_SESSION;
			why = "tried in this insertion already";
		}
		v->open = v->verdict != PLAN_NO_SESSION;
		v->backoff_s = BACKOFF_FIRST_S;
		log_info("%s: %s session with %s: %s", c->start.slot,
			 v->open ? "automatic" : "no automatic", v->id, why);
		if (!v->open)
			continue;
		if (!same_insertion(c, &v->row)) {
			v->row.attempts = 0;
			v->row.next_attempt = 0;
		}
		r = row_put(c, s, &v->row, STORE_CARD_PENDING, v->id);
		if (r)
			return r;
	}
	return 0;
}

static int outcome_record(struct card *c, struct server *v, const struct ipc_outcome *o,
			  int64_t give_up)
{
	char reason[STORE_REASON_MAX];
	enum store_card_phase phase = STORE_CARD_FAILED;
	int64_t now = uptime_s();

	v->open = false;
	snprintf(reason, sizeof(reason), "%.80s: %s", v->id,
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
		v->backoff_s = v->backoff_s * 2 > BACKOFF_MAX_S ? BACKOFF_MAX_S : v->backoff_s * 2;
	}
	if (!v->open && o->result != IPC_DONE)
		log_notice("%s: no session with %s: %s; the account stays", c->start.slot, v->id,
			   o->reason[0] ? o->reason : ipc_result_name(o->result));
	return row_record(c, &v->row, phase, reason);
}

static int session_ask(struct card *c, struct server *v, int64_t give_up)
{
	struct ipc_msg q, a;
	int r;

	ipc_prepare(&q, IPC_SESSION);
	q.session.ui = v->verdict == PLAN_SESSION_ASK ? IPC_UI_ASK :
		       v->verdict == PLAN_SESSION_NOTICE ? IPC_UI_NOTICE : IPC_UI_NONE;
	q.session.timeout_s = c->ind.timeout_s;
	child_text(q.session.server_id, sizeof(q.session.server_id), v->id);
	child_text(q.session.text, sizeof(q.session.text), c->ind.text);
	if (strcmp(q.session.server_id, v->id)) {
		log_err("%s: the server id is not printable: no session", c->start.slot);
		v->open = false;
		return row_record(c, &v->row, STORE_CARD_FAILED, "the server id is not printable");
	}
	r = request(c, &q, &a, -1, IPC_OUTCOME);
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

/* One session after the other, in card order, until each is done or given up. */
static int sessions_run(struct card *c)
{
	int64_t give_up = uptime_s() + c->args.conf.patience_s, now;
	struct pollfd p = { .fd = IPC_CHILD_FD, .events = POLLIN };
	struct server *v;
	int r;

	while ((v = next_server(c, now = uptime_s()))) {
		if (v->due > now) {
			/* Nothing is due: the helper's end wakes us. */
			r = poll(&p, 1, (int)(v->due - now) * 1000);
			if (r > 0) {
				c->gone = true;
				return -EPIPE;
			}
			continue;
		}
		r = session_ask(c, v, give_up);
		if (r)
			return r;
	}
	return 0;
}

static int card_run(struct card *c)
{
	int r = card_read(c);

	if (r < 0)
		return r;
	if (r == 0) {
		/* A card without data still ends what an earlier one brought. */
		_cleanup_store_ struct store *s = NULL;

		if (client_store_open(&c->args, STORE_WRITE, &s))
			return -EIO;
		r = stale_remove(c, s, false);
		return r ? r : stale_remove(c, s, true);
	}
	r = gate_incorporate(c);
	if (r <= 0)
		return r;
	r = incorporate(c);
	if (!r)
		r = sessions_plan(c);
	return r ? r : sessions_run(c);
}

int child_card_main(int argc, char **argv)
{
	static struct card c;
	struct ipc_msg m;
	int r;

	r = child_start(argc, argv, false, &c.args, NULL, NULL);
	if (r)
		return r;
	r = ipc_recv(IPC_CHILD_FD, &m, START_MS);
	if (r || m.type != IPC_START) {
		log_err("card-child: no start message: %s", strerror(r ? -r : EPROTO));
		return CHILD_IPC;
	}
	c.start = m.start;
	if (snprintf(c.slot, sizeof(c.slot), "%s:%s", m.start.transport, m.start.location) >=
	    (int)sizeof(c.slot))
		return CHILD_IPC;
	buf_init(&c.bootstrap, CLIENT_BOOTSTRAP_MAX);
	r = card_run(&c);
	buf_wipe_fini(&c.bootstrap);
	if (r == 0)
		return CHILD_OK;
	if (c.gone || r == -ENODEV) {
		log_info("%s: the card or the helper is gone; what was committed stays",
			 c.start.slot);
		return CHILD_IPC;
	}
	return CHILD_FAILED;
}
