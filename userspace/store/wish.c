// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows about sessions that are wanted; the contract is in wish.h. No policy. */
#include <errno.h>
#include <stdio.h>
#include "store/db.h"
#include "store/wish.h"
#include "util/log.h"

#define COLUMNS "id, server, cause, ui, session_id, phase, reason, attempts, first, spent," \
		" next_attempt, created, updated"

static const char *const phase_names[STORE_WISH_PHASES] = {
	[STORE_WISH_PENDING] = "pending",
	[STORE_WISH_RUNNING] = "running",
	[STORE_WISH_FAILED] = "failed",
};

const char *store_wish_phase_name(enum store_wish_phase p)
{
	return (unsigned int)p < STORE_WISH_PHASES ? phase_names[p] : "?";
}

static int get_wish(struct store *s, sqlite3_stmt *st, struct store_wish *w)
{
	char phase[16];
	int64_t ui, session_id;
	int p;

	memset(w, 0, sizeof(*w));
	w->id = sqlite3_column_int64(st, 0);
	db_get_text(st, 1, w->server, sizeof(w->server));
	db_get_text(st, 2, w->cause, sizeof(w->cause));
	ui = sqlite3_column_int64(st, 3);
	session_id = sqlite3_column_int64(st, 4);
	db_get_text(st, 5, phase, sizeof(phase));
	for (p = 0; p < STORE_WISH_PHASES && strcmp(phase, phase_names[p]) != 0; p++)
		;
	if (p == STORE_WISH_PHASES || ui < 0 || ui > STORE_WISH_ASK || session_id < 0 ||
	    session_id > UINT16_MAX) {
		log_err("store: a session is wanted in a way that cannot be; the store is damaged");
		s->damaged = true;
		return -EBADMSG;
	}
	w->ui = (uint32_t)ui;
	w->session_id = (uint16_t)session_id;
	w->phase = p;
	db_get_text(st, 6, w->reason, sizeof(w->reason));
	w->attempts = (uint32_t)sqlite3_column_int64(st, 7);
	w->first = sqlite3_column_int64(st, 8);
	w->spent = sqlite3_column_int64(st, 9);
	w->next_attempt = sqlite3_column_int64(st, 10);
	w->created = sqlite3_column_int64(st, 11);
	w->updated = sqlite3_column_int64(st, 12);
	return 0;
}

/* One statement; ?1, ?2 and ?3 are @n, @now and @text. One that it does not name is not bound. */
static int run(struct store *s, const char *sql, int64_t n, int64_t now, const char *text)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err = db_prepare(s, sql, &st);

	if (err)
		return err;
	if (sqlite3_bind_parameter_count(st) >= 1)
		sqlite3_bind_int64(st, 1, n);
	if (sqlite3_bind_parameter_count(st) >= 2)
		sqlite3_bind_int64(st, 2, now);
	if (sqlite3_bind_parameter_count(st) >= 3)
		db_bind_text(st, 3, text);
	return db_run(s, st, "writing what sessions are wanted");
}

/* How many rows the last statement of this connection changed. */
static bool changed(const struct store *s)
{
	return sqlite3_changes(s->db) > 0;
}

static int count_open(struct store *s, int64_t *n)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err = db_prepare(s, "SELECT count(*) FROM wish WHERE phase <> 'failed'", &st);
	int rc;

	if (err)
		return err;
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return db_error(s, rc, "reading what sessions are wanted");
	*n = sqlite3_column_int64(st, 0);
	return 0;
}

static int join(struct store *s, const struct store_wish *w, int64_t now)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err = db_prepare(s, "UPDATE wish SET cause = ?1, ui = min(ui, ?2),"
				" session_id = CASE ?3 WHEN 0 THEN session_id ELSE ?3 END, reason = '',"
				" attempts = 0, first = 0, spent = 0, next_attempt = 0, updated = ?4"
				" WHERE server = ?5 AND phase = 'pending'", &st);

	if (err)
		return err;
	db_bind_text(st, 1, w->cause);
	sqlite3_bind_int64(st, 2, w->ui);
	sqlite3_bind_int64(st, 3, w->session_id);
	sqlite3_bind_int64(st, 4, now);
	db_bind_text(st, 5, w->server);
	return db_run(s, st, "writing what sessions are wanted");
}

static int insert(struct store *s, const struct store_wish *w, int64_t now)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int64_t n = 0;
	int err = count_open(s, &n);

	if (err)
		return err;
	if (n >= STORE_WISH_ROWS) {
		log_err("store: %d sessions are wanted already; one with %s is not noted",
			STORE_WISH_ROWS, w->server);
		return -ENOSPC;
	}
	err = db_prepare(s, "INSERT INTO wish (server, cause, ui, session_id, phase, reason, attempts,"
			    " first, spent, next_attempt, created, updated)"
			    " VALUES (?1,?2,?3,?4,'pending','',0,0,0,0,?5,?5)", &st);
	if (err)
		return err;
	db_bind_text(st, 1, w->server);
	db_bind_text(st, 2, w->cause);
	sqlite3_bind_int64(st, 3, w->ui);
	sqlite3_bind_int64(st, 4, w->session_id);
	sqlite3_bind_int64(st, 5, now);
	return db_run(s, st, "writing what sessions are wanted");
}

static int put(struct store *s, const struct store_wish *w, int64_t now)
{
	int err = run(s, "DELETE FROM wish WHERE server = ?3 AND phase = 'failed'", 0, 0, w->server);

	if (!err)
		err = join(s, w, now);
	if (err || changed(s))
		return err;
	return insert(s, w, now);
}

int store_wish_put(struct store *s, const struct store_wish *w, int64_t now)
{
	bool own;
	int err;

	if (!w->server[0] || !db_fits(w->server, sizeof(w->server)) ||
	    !db_fits(w->cause, sizeof(w->cause)) || w->ui > STORE_WISH_ASK)
		return -EINVAL;
	err = db_write_begin(s, &own);
	return err ? err : db_write_end(s, own, put(s, w, now));
}

int store_wish_get(struct store *s, int64_t id, struct store_wish *out)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	struct store_wish w;
	int err = db_prepare(s, "SELECT " COLUMNS " FROM wish WHERE id = ?", &st);
	int rc;

	if (err)
		return err;
	sqlite3_bind_int64(st, 1, id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return -ENOENT;
	if (rc != SQLITE_ROW)
		return db_error(s, rc, "reading what sessions are wanted");
	err = get_wish(s, st, &w);
	if (!err)
		*out = w;
	return err;
}

int store_wish_each(struct store *s, store_wish_fn *fn, void *ctx)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	struct store_wish w;
	int err, rc;

	if (s->version < DB_STEP_WISHES)
		return 0;
	err = db_prepare(s, "SELECT " COLUMNS " FROM wish ORDER BY id", &st);
	if (err)
		return err;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		err = get_wish(s, st, &w);
		if (!err)
			err = fn(ctx, &w);
		if (err)
			return err;
	}
	return rc == SQLITE_DONE ? 0 : db_error(s, rc, "reading what sessions are wanted");
}

int store_wish_claim(struct store *s, int64_t id, int64_t now)
{
	bool own;
	int err = db_write_begin(s, &own);

	if (err)
		return err;
	err = run(s, "UPDATE wish SET phase = 'running', attempts = attempts + 1, next_attempt = 0,"
		     " first = CASE first WHEN 0 THEN ?2 ELSE first END, updated = ?2"
		     " WHERE id = ?1 AND phase = 'pending'", id, now, NULL);
	if (!err && !changed(s))
		err = -ENOENT;
	return db_write_end(s, own, err);
}

/*
 * Another wish came while the session of this one ran: it takes the place, and the session
 * that a server named. 0 as @id: of all that run.
 */
static int step_aside(struct store *s, int64_t id)
{
	int err = run(s, "UPDATE wish SET session_id = o.session_id FROM wish AS o"
			 " WHERE wish.phase = 'pending' AND wish.session_id = 0 AND"
			 " o.server = wish.server AND o.phase = 'running' AND ?1 IN (0, o.id)", id, 0, NULL);

	return err ? err : run(s, "DELETE FROM wish WHERE phase = 'running' AND ?1 IN (0, id) AND server IN"
				  " (SELECT server FROM wish WHERE phase = 'pending')", id, 0, NULL);
}

static int trim(struct store *s, int64_t now)
{
	int err = run(s, "DELETE FROM wish WHERE phase = 'failed' AND updated < ?2 - ?1",
		      STORE_WISH_KEEP_S, now, NULL);

	return err ? err : run(s, "DELETE FROM wish WHERE phase = 'failed' AND id NOT IN"
				  " (SELECT id FROM wish WHERE phase = 'failed'"
				  " ORDER BY updated DESC, id DESC LIMIT ?1)", STORE_WISH_ROWS, 0, NULL);
}

static int update(struct store *s, const struct store_wish *w, int64_t now)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err = w->phase == STORE_WISH_PENDING ? step_aside(s, w->id) : 0;

	if (!err)
		err = db_prepare(s, "UPDATE wish SET phase = ?, reason = ?, spent = ?, next_attempt = ?,"
				    " updated = ? WHERE id = ?", &st);
	if (err)
		return err;
	db_bind_text(st, 1, phase_names[w->phase]);
	db_bind_text(st, 2, w->reason);
	sqlite3_bind_int64(st, 3, w->spent);
	sqlite3_bind_int64(st, 4, w->next_attempt);
	sqlite3_bind_int64(st, 5, now);
	sqlite3_bind_int64(st, 6, w->id);
	err = db_run(s, st, "writing what sessions are wanted");
	return err ? err : trim(s, now);
}

int store_wish_update(struct store *s, const struct store_wish *w, int64_t now)
{
	bool own;
	int err;

	if ((unsigned int)w->phase >= STORE_WISH_PHASES || !db_fits(w->reason, sizeof(w->reason)))
		return -EINVAL;
	err = db_write_begin(s, &own);
	return err ? err : db_write_end(s, own, update(s, w, now));
}

/* A transaction of one statement. */
static int alone(struct store *s, const char *sql, int64_t n, int64_t now, const char *text)
{
	bool own;
	int err = db_write_begin(s, &own);

	return err ? err : db_write_end(s, own, run(s, sql, n, now, text));
}

int store_wish_delete(struct store *s, int64_t id)
{
	return alone(s, "DELETE FROM wish WHERE id = ?1", id, 0, NULL);
}

int store_wish_settle(struct store *s, const char *server, uint16_t session_id)
{
	return alone(s, "DELETE FROM wish WHERE server = ?3"
			" AND (session_id = 0 OR session_id = ?1 OR phase = 'failed')",
		     session_id, 0, server);
}

static int recover(struct store *s, int64_t now)
{
	int err = step_aside(s, 0);

	return err ? err : run(s, "UPDATE wish SET phase = 'pending', next_attempt = ?1, updated = ?2"
				  " WHERE phase = 'running'", 0, now, NULL);
}

int store_wish_recover(struct store *s, int64_t now)
{
	bool own;
	int err = db_write_begin(s, &own);

	return err ? err : db_write_end(s, own, recover(s, now));
}
