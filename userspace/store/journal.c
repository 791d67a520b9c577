// SPDX-License-Identifier: GPL-2.0-or-later
/* The journal of sessions: who, when, how it ended, and which nodes were touched; never a value. */
#include <errno.h>
#include <stdio.h>
#include "store/db.h"

#define XSTR(x) #x
#define STR(x) XSTR(x)

static int begin_session(struct store *s, const char *server_id, const char *cause, int64_t now,
			 int64_t *id)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err;

	err = db_prepare(s, "INSERT INTO session (server, cause, started, ended, outcome, reason,"
			    " messages, notes) VALUES (?,?,?,0,'','',0,0)", &st);
	if (err)
		return err;
	db_bind_text(st, 1, server_id);
	db_bind_text(st, 2, cause);
	sqlite3_bind_int64(st, 3, now);
	err = db_run(s, st, "writing the journal");
	if (err)
		return err;
	*id = sqlite3_last_insert_rowid(s->db);
	return db_exec(s, "DELETE FROM session WHERE id <= (SELECT max(id) FROM session) - "
			  STR(STORE_JOURNAL_SESSIONS), "trimming the journal");
}

int store_session_begin(struct store *s, const char *server_id, const char *cause, int64_t now,
			int64_t *id)
{
	bool own;
	int err;

	if (!db_fits(server_id, STORE_SERVER_MAX) || !db_fits(cause, STORE_CAUSE_MAX))
		return -EINVAL;
	err = db_write_begin(s, &own);
	return err ? err : db_write_end(s, own, begin_session(s, server_id, cause, now, id));
}

/* Counts the note; *n is how many there were before. */
static int count_note(struct store *s, int64_t id, int *n)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err, rc;

	err = db_prepare(s, "UPDATE session SET notes = notes + 1 WHERE id = ? RETURNING notes", &st);
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return -ENOENT;
	if (rc != SQLITE_ROW)
		return db_error(s, rc, "writing the journal");
	*n = sqlite3_column_int(st, 0) - 1;
	rc = sqlite3_step(st);
	return rc == SQLITE_DONE ? 0 : db_error(s, rc, "writing the journal");
}

static int add_note(struct store *s, int64_t id, const char *op, struct slice uri, int status)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int n = 0;
	int err;

	err = count_note(s, id, &n);
	if (err || n >= STORE_JOURNAL_NOTES)
		return err;
	err = db_prepare(s, "INSERT INTO note (session, n, op, uri, status) VALUES (?,?,?,?,?)", &st);
	if (err)
		return err;
	if (uri.n >= STORE_URI_MAX)
		uri.n = STORE_URI_MAX - 1;
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int(st, 2, n);
	db_bind_text(st, 3, op);
	sqlite3_bind_text(st, 4, uri.p ? (const char *)uri.p : "", (int)uri.n, SQLITE_STATIC);
	sqlite3_bind_int(st, 5, status);
	return db_run(s, st, "writing the journal");
}

int store_session_note(struct store *s, int64_t id, const char *op, struct slice uri, int status)
{
	bool own;
	int err;

	if (!db_fits(op, sizeof(((struct store_note *)0)->op)))
		return -EINVAL;
	err = db_write_begin(s, &own);
	return err ? err : db_write_end(s, own, add_note(s, id, op, uri, status));
}

int store_session_end(struct store *s, int64_t id, const char *outcome, const char *reason,
		      uint32_t messages, int64_t now)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	bool own;
	int err;

	if (!db_fits(outcome, sizeof(((struct store_session *)0)->outcome)) ||
	    !db_fits(reason, STORE_REASON_MAX))
		return -EINVAL;
	err = db_write_begin(s, &own);
	if (err)
		return err;
	err = db_prepare(s, "UPDATE session SET ended = ?, outcome = ?, reason = ?, messages = ?"
			    " WHERE id = ?", &st);
	if (!err) {
		sqlite3_bind_int64(st, 1, now);
		db_bind_text(st, 2, outcome);
		db_bind_text(st, 3, reason);
		sqlite3_bind_int64(st, 4, messages);
		sqlite3_bind_int64(st, 5, id);
		err = db_run(s, st, "writing the journal");
	}
	return db_write_end(s, own, err);
}

int store_session_each(struct store *s, unsigned int max, store_session_fn *fn, void *ctx)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	struct store_session j;
	int err, rc;

#define COLUMNS(cause) "SELECT id, server, started, ended, outcome, reason, messages, notes, " cause \
		       " FROM session ORDER BY id DESC LIMIT ?"
	err = db_prepare(s, s->version < DB_STEP_WISHES ? COLUMNS("''") : COLUMNS("cause"), &st);
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, max ? (int64_t)max : -1);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		memset(&j, 0, sizeof(j));
		j.id = sqlite3_column_int64(st, 0);
		db_get_text(st, 1, j.server_id, sizeof(j.server_id));
		j.started = sqlite3_column_int64(st, 2);
		j.ended = sqlite3_column_int64(st, 3);
		db_get_text(st, 4, j.outcome, sizeof(j.outcome));
		db_get_text(st, 5, j.reason, sizeof(j.reason));
		j.messages = (uint32_t)sqlite3_column_int64(st, 6);
		j.notes = (uint32_t)sqlite3_column_int64(st, 7);
		db_get_text(st, 8, j.cause, sizeof(j.cause));
		err = fn(ctx, &j);
		if (err)
			return err;
	}
	return rc == SQLITE_DONE ? 0 : db_error(s, rc, "reading the journal");
}

int store_note_each(struct store *s, int64_t id, store_note_fn *fn, void *ctx)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	struct store_note n;
	int err, rc;

	err = db_prepare(s, "SELECT op, uri, status FROM note WHERE session = ? ORDER BY n", &st);
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, id);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		memset(&n, 0, sizeof(n));
		n.session = id;
		db_get_text(st, 0, n.op, sizeof(n.op));
		db_get_text(st, 1, n.uri, sizeof(n.uri));
		n.status = sqlite3_column_int(st, 2);
		err = fn(ctx, &n);
		if (err)
			return err;
	}
	return rc == SQLITE_DONE ? 0 : db_error(s, rc, "reading the journal");
}
