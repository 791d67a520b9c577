// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows about cards: origins, the state of a card's wish, and pairs already announced. No policy. */
#include <errno.h>
#include <stdio.h>
#include "store/db.h"
#include "util/log.h"

static bool iccid_ok(struct slice iccid)
{
	return iccid.n <= STORE_ICCID_MAX;
}

/* An absent ICCID is stored as an empty blob, so that it takes part in keys. */
static void bind_iccid(sqlite3_stmt *st, int i, struct slice iccid)
{
	if (iccid.n > 0)
		sqlite3_bind_blob64(st, i, iccid.p, iccid.n, SQLITE_STATIC);
	else
		sqlite3_bind_zeroblob(st, i, 0);
}

/* --- origins --- */

static void get_origin(sqlite3_stmt *st, struct store_origin *o)
{
	memset(o, 0, sizeof(*o));
	o->id = (uint32_t)sqlite3_column_int64(st, 0);
	db_get_text(st, 1, o->slot, sizeof(o->slot));
	o->iccid_len = (uint8_t)db_get_blob(st, 2, o->iccid, sizeof(o->iccid));
	db_get_blob(st, 3, o->digest, sizeof(o->digest));
	o->created = sqlite3_column_int64(st, 4);
}

static int put_origin(struct store *s, struct store_origin *o)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err, rc;

	err = db_prepare(s, "INSERT INTO origin (slot, iccid, digest, created) VALUES (?,?,?,?)"
			    " ON CONFLICT (iccid, digest) DO UPDATE SET slot = excluded.slot"
			    " RETURNING id, created", &st);
	if (err)
		return err;
	db_bind_text(st, 1, o->slot);
	bind_iccid(st, 2, slice_of(o->iccid, o->iccid_len));
	db_bind_slice(st, 3, slice_of(o->digest, sizeof(o->digest)));
	sqlite3_bind_int64(st, 4, o->created);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return db_error(s, rc, "writing an origin");
	o->id = (uint32_t)sqlite3_column_int64(st, 0);
	o->created = sqlite3_column_int64(st, 1);
	rc = sqlite3_step(st);
	return rc == SQLITE_DONE ? 0 : db_error(s, rc, "writing an origin");
}

int store_origin_put(struct store *s, struct store_origin *o)
{
	bool own;
	int err;

	if (o->iccid_len > STORE_ICCID_MAX || !db_fits(o->slot, sizeof(o->slot)))
		return -EINVAL;
	err = db_write_begin(s, &own);
	if (err)
		return err;
	return db_write_end(s, own, put_origin(s, o));
}

static int renew_origin(struct store *s, const struct store_origin *o)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err = db_prepare(s, "UPDATE origin SET slot = ?, digest = ? WHERE id = ? RETURNING id", &st);
	int rc;

	if (err)
		return err;
	db_bind_text(st, 1, o->slot);
	db_bind_slice(st, 2, slice_of(o->digest, sizeof(o->digest)));
	sqlite3_bind_int64(st, 3, o->id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return -ENOENT;
	if (rc == SQLITE_ROW)
		rc = sqlite3_step(st);
	return rc == SQLITE_DONE ? 0 : db_error(s, rc, "renewing an origin");
}

int store_origin_renew(struct store *s, const struct store_origin *o)
{
	bool own;
	int err;

	if (!db_fits(o->slot, sizeof(o->slot)))
		return -EINVAL;
	err = db_write_begin(s, &own);
	if (err)
		return err;
	return db_write_end(s, own, renew_origin(s, o));
}

int store_origin_get(struct store *s, uint32_t id, struct store_origin *out)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err, rc;

	err = db_prepare(s, "SELECT id, slot, iccid, digest, created FROM origin WHERE id = ?", &st);
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return -ENOENT;
	if (rc != SQLITE_ROW)
		return db_error(s, rc, "reading an origin");
	get_origin(st, out);
	return 0;
}

int store_origin_delete(struct store *s, uint32_t id)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	bool own;
	int err = db_write_begin(s, &own);

	if (err)
		return err;
	err = db_prepare(s, "DELETE FROM origin WHERE id = ?", &st);
	if (!err) {
		sqlite3_bind_int64(st, 1, id);
		err = db_run(s, st, "deleting an origin");
	}
	return db_write_end(s, own, err);
}

int store_origin_each(struct store *s, store_origin_fn *fn, void *ctx)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	struct store_origin o;
	int err, rc;

	err = db_prepare(s, "SELECT id, slot, iccid, digest, created FROM origin ORDER BY id", &st);
	if (err)
		return err;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		get_origin(st, &o);
		err = fn(ctx, &o);
		if (err)
			return err;
	}
	return rc == SQLITE_DONE ? 0 : db_error(s, rc, "reading origins");
}

/* --- card state --- */

static const char *const phase_names[STORE_CARD_PHASES] = {
	[STORE_CARD_NONE] = "none",
	[STORE_CARD_PENDING] = "pending",
	[STORE_CARD_DONE] = "done",
	[STORE_CARD_REFUSED] = "refused",
	[STORE_CARD_FAILED] = "failed",
};

const char *store_card_phase_name(enum store_card_phase p)
{
	return (unsigned int)p < STORE_CARD_PHASES ? phase_names[p] : "?";
}

#define CARD_COLUMNS "iccid, digest, server, phase, reason, boot_id, slot, seq, attempts, next_attempt, updated"

#define CARD_KEY "iccid = ?1 AND digest = ?2 AND server = ?3"

static void bind_key(sqlite3_stmt *st, struct slice iccid, const uint8_t digest[STORE_DIGEST_LEN],
		     const char *server)
{
	bind_iccid(st, 1, iccid);
	db_bind_slice(st, 2, slice_of(digest, STORE_DIGEST_LEN));
	db_bind_text(st, 3, server);
}

static int get_card(struct store *s, sqlite3_stmt *st, struct store_card *c)
{
	char phase[16];
	int p;

	memset(c, 0, sizeof(*c));
	c->iccid_len = (uint8_t)db_get_blob(st, 0, c->iccid, sizeof(c->iccid));
	db_get_blob(st, 1, c->digest, sizeof(c->digest));
	db_get_text(st, 2, c->server, sizeof(c->server));
	db_get_text(st, 3, phase, sizeof(phase));
	for (p = 0; p < STORE_CARD_PHASES && strcmp(phase, phase_names[p]) != 0; p++)
		;
	if (p == STORE_CARD_PHASES) {
		log_err("store: unknown card state; the store is damaged");
		s->damaged = true;
		return -EBADMSG;
	}
	c->phase = p;
	db_get_text(st, 4, c->reason, sizeof(c->reason));
	db_get_text(st, 5, c->boot_id, sizeof(c->boot_id));
	db_get_text(st, 6, c->slot, sizeof(c->slot));
	c->seq = (uint64_t)sqlite3_column_int64(st, 7);
	c->attempts = (uint32_t)sqlite3_column_int64(st, 8);
	c->next_attempt = sqlite3_column_int64(st, 9);
	c->updated = sqlite3_column_int64(st, 10);
	return 0;
}

int store_card_get(struct store *s, struct slice iccid, const uint8_t digest[STORE_DIGEST_LEN],
		   const char *server, struct store_card *out)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	struct store_card c;
	int err, rc;

	if (!iccid_ok(iccid))
		return -EINVAL;
	err = db_prepare(s, "SELECT " CARD_COLUMNS " FROM card WHERE " CARD_KEY, &st);
	if (err)
		return err;
	bind_key(st, iccid, digest, server);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return -ENOENT;
	if (rc != SQLITE_ROW)
		return db_error(s, rc, "reading a card's state");
	err = get_card(s, st, &c);
	if (!err)
		*out = c;
	return err;
}

static int put_card(struct store *s, const struct store_card *c)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err = db_prepare(s, "REPLACE INTO card (" CARD_COLUMNS ") VALUES"
				" (?1,?2,?3,?,?,?,?,?,?,?,?)", &st);

	if (err)
		return err;
	bind_key(st, slice_of(c->iccid, c->iccid_len), c->digest, c->server);
	db_bind_text(st, 4, phase_names[c->phase]);
	db_bind_text(st, 5, c->reason);
	db_bind_text(st, 6, c->boot_id);
	db_bind_text(st, 7, c->slot);
	sqlite3_bind_int64(st, 8, (int64_t)c->seq);
	sqlite3_bind_int64(st, 9, c->attempts);
	sqlite3_bind_int64(st, 10, c->next_attempt);
	sqlite3_bind_int64(st, 11, c->updated);
	return db_run(s, st, "writing a card's state");
}

/* A card may have other content each time it is put in: what is remembered of them is bounded. */
static int drop_old_cards(struct store *s, const struct store_card *kept)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err = db_prepare(s, "DELETE FROM card WHERE NOT (" CARD_KEY ") AND (iccid, digest, server) IN"
				" (SELECT iccid, digest, server FROM card"
				" WHERE (iccid, digest) NOT IN (SELECT iccid, digest FROM origin)"
				" ORDER BY updated DESC LIMIT -1 OFFSET ?4)", &st);

	if (err)
		return err;
	bind_key(st, slice_of(kept->iccid, kept->iccid_len), kept->digest, kept->server);
	sqlite3_bind_int(st, 4, STORE_CARD_ROWS);
	return db_run(s, st, "forgetting old cards");
}

int store_card_put(struct store *s, const struct store_card *c)
{
	bool own;
	int err;

	if (c->iccid_len > STORE_ICCID_MAX || (unsigned int)c->phase >= STORE_CARD_PHASES ||
	    !db_fits(c->server, sizeof(c->server)) || !db_fits(c->reason, sizeof(c->reason)) ||
	    !db_fits(c->boot_id, sizeof(c->boot_id)) || !db_fits(c->slot, sizeof(c->slot)))
		return -EINVAL;
	err = db_write_begin(s, &own);
	if (err)
		return err;
	err = put_card(s, c);
	if (!err)
		err = drop_old_cards(s, c);
	return db_write_end(s, own, err);
}

int store_card_delete(struct store *s, struct slice iccid, const uint8_t digest[STORE_DIGEST_LEN],
		      const char *server)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	bool own;
	int err;

	if (!iccid_ok(iccid))
		return -EINVAL;
	err = db_write_begin(s, &own);
	if (err)
		return err;
	err = db_prepare(s, "DELETE FROM card WHERE " CARD_KEY, &st);
	if (!err) {
		bind_key(st, iccid, digest, server);
		err = db_run(s, st, "deleting a card's state");
	}
	return db_write_end(s, own, err);
}

int store_card_each(struct store *s, store_card_fn *fn, void *ctx)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	struct store_card c;
	int err, rc;

	err = db_prepare(s, "SELECT " CARD_COLUMNS " FROM card ORDER BY updated, iccid, digest, server", &st);
	if (err)
		return err;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		err = get_card(s, st, &c);
		if (!err)
			err = fn(ctx, &c);
		if (err)
			return err;
	}
	return rc == SQLITE_DONE ? 0 : db_error(s, rc, "reading card states");
}

/* --- pairs --- */

int store_pair_known(struct store *s, const char *device_id, struct slice iccid,
		     const char *server_id, bool *known)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err, rc;

	if (!iccid_ok(iccid))
		return -EINVAL;
	err = db_prepare(s, "SELECT 1 FROM pair WHERE device = ? AND iccid = ? AND server = ?", &st);
	if (err)
		return err;
	db_bind_text(st, 1, device_id);
	bind_iccid(st, 2, iccid);
	db_bind_text(st, 3, server_id);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return db_error(s, rc, "reading pairs");
	*known = rc == SQLITE_ROW;
	return 0;
}

int store_pair_put(struct store *s, const char *device_id, struct slice iccid,
		   const char *server_id, int64_t now)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	bool own;
	int err;

	if (!iccid_ok(iccid) || !db_fits(device_id, STORE_SERVER_MAX) ||
	    !db_fits(server_id, STORE_SERVER_MAX))
		return -EINVAL;
	err = db_write_begin(s, &own);
	if (err)
		return err;
	err = db_prepare(s, "REPLACE INTO pair (device, iccid, server, told) VALUES (?,?,?,?)", &st);
	if (!err) {
		db_bind_text(st, 1, device_id);
		bind_iccid(st, 2, iccid);
		db_bind_text(st, 3, server_id);
		sqlite3_bind_int64(st, 4, now);
		err = db_run(s, st, "writing a pair");
	}
	return db_write_end(s, own, err);
}
