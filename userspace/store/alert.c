// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows about Generic Alerts; the contract is in alert.h. */
#include <errno.h>
#include <stdio.h>
#include "store/alert.h"
#include "store/db.h"
#include "util/log.h"

#define XSTR(x) #x
#define STR(x) XSTR(x)

/* An Exec that goes on is a row without anything to say; no alert has this code. */
#define CODE_EXPECTED 202
#define WAITING "code <> " STR(CODE_EXPECTED)
#define COLUMNS "id, server, code, source, type, format, mark, data, correlator, created, tries"

static bool fits(const struct store_alert *a)
{
	return db_fits(a->server, sizeof(a->server)) && db_fits(a->source, sizeof(a->source)) &&
	       db_fits(a->type, sizeof(a->type)) && db_fits(a->format, sizeof(a->format)) &&
	       db_fits(a->mark, sizeof(a->mark)) && db_fits(a->correlator, sizeof(a->correlator)) &&
	       a->type[0] && a->code && a->code != CODE_EXPECTED &&
	       a->data.n <= STORE_ALERT_DATA_MAX;
}

/* ?1 to ?8 */
static void bind(sqlite3_stmt *st, const struct store_alert *a, const char *server)
{
	db_bind_text(st, 1, server);
	sqlite3_bind_int(st, 2, (int)a->code);
	db_bind_text(st, 3, a->source);
	db_bind_text(st, 4, a->type);
	db_bind_text(st, 5, a->format);
	db_bind_text(st, 6, a->mark);
	db_bind_slice(st, 7, a->data.n ? a->data : SLICE_LIT(""));
	db_bind_text(st, 8, a->correlator);
}

/* Whose Exec it answers; @server stays as it is when that is not known. */
static int find_server(struct store *s, const char *correlator, char server[STORE_SERVER_MAX])
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err, rc;

	err = db_prepare(s, "SELECT server FROM alert WHERE code = " STR(CODE_EXPECTED)
			    " AND correlator = ? ORDER BY id DESC LIMIT 1", &st);
	if (err)
		return err;
	db_bind_text(st, 1, correlator);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		db_get_text(st, 0, server, STORE_SERVER_MAX);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : db_error(s, rc, "reading alerts");
}

/* How many wait, and how many of those are the same. */
static int count(struct store *s, const struct store_alert *a, const char *server, int *all, int *same)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err, rc;

	err = db_prepare(s, "SELECT count(*), count(*) FILTER (WHERE server = ?1 AND code = ?2 AND"
			    " source = ?3 AND type = ?4 AND format = ?5 AND mark = ?6 AND data = ?7 AND"
			    " correlator = ?8) FROM alert WHERE " WAITING, &st);
	if (err)
		return err;
	bind(st, a, server);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return db_error(s, rc, "reading alerts");
	*all = sqlite3_column_int(st, 0);
	*same = sqlite3_column_int(st, 1);
	return 0;
}

static int insert(struct store *s, const struct store_alert *a, const char *server, int64_t now)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err = db_prepare(s, "INSERT INTO alert (server, code, source, type, format, mark, data,"
				" correlator, created, tries) VALUES (?,?,?,?,?,?,?,?,?,0)", &st);

	if (err)
		return err;
	bind(st, a, server);
	sqlite3_bind_int64(st, 9, now);
	return db_run(s, st, "writing an alert");
}

static int put(struct store *s, const struct store_alert *a, int64_t now)
{
	char server[STORE_SERVER_MAX];
	int all = 0, same = 0;
	int err = 0;

	snprintf(server, sizeof(server), "%s", a->server);
	if (!server[0] && a->correlator[0])
		err = find_server(s, a->correlator, server);
	if (!err)
		err = count(s, a, server, &all, &same);
	if (err || same)
		return err;
	if (all >= STORE_ALERTS_MAX) {
		log_err("store: %d alerts wait to be told already; this one is not kept", all);
		return -ENOSPC;
	}
	return insert(s, a, server, now);
}

int store_alert_put(struct store *s, const struct store_alert *a, int64_t now)
{
	bool own;
	int err;

	if (!fits(a))
		return -EINVAL;
	err = db_write_begin(s, &own);
	return err ? err : db_write_end(s, own, put(s, a, now));
}

int store_alert_each(struct store *s, const char *server, store_alert_fn *fn, void *ctx)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	struct store_alert a;
	int err, rc;

	if (s->version < DB_STEP_WISHES)
		return 0;
	err = db_prepare(s, "SELECT " COLUMNS " FROM alert WHERE " WAITING
			    " AND (?1 IS NULL OR server = ?1 OR server = '') ORDER BY id", &st);
	if (err)
		return err;
	db_bind_text(st, 1, server);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		memset(&a, 0, sizeof(a));
		a.id = sqlite3_column_int64(st, 0);
		db_get_text(st, 1, a.server, sizeof(a.server));
		a.code = (unsigned int)sqlite3_column_int(st, 2);
		db_get_text(st, 3, a.source, sizeof(a.source));
		db_get_text(st, 4, a.type, sizeof(a.type));
		db_get_text(st, 5, a.format, sizeof(a.format));
		db_get_text(st, 6, a.mark, sizeof(a.mark));
		a.data.p = sqlite3_column_blob(st, 7);
		a.data.n = (size_t)sqlite3_column_bytes(st, 7);
		db_get_text(st, 8, a.correlator, sizeof(a.correlator));
		a.created = sqlite3_column_int64(st, 9);
		a.tries = (uint32_t)sqlite3_column_int64(st, 10);
		err = fn(ctx, &a);
		if (err)
			return err;
	}
	return rc == SQLITE_DONE ? 0 : db_error(s, rc, "reading alerts");
}

static int change(struct store *s, const char *sql, int64_t id)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	bool own;
	int err;

	err = db_write_begin(s, &own);
	if (err)
		return err;
	err = db_prepare(s, sql, &st);
	if (!err) {
		sqlite3_bind_int64(st, 1, id);
		err = db_run(s, st, "writing an alert");
	}
	return db_write_end(s, own, err);
}

int store_alert_delete(struct store *s, int64_t id)
{
	return change(s, "DELETE FROM alert WHERE id = ? AND " WAITING, id);
}

int store_alert_tried(struct store *s, int64_t id)
{
	return change(s, "UPDATE alert SET tries = tries + 1 WHERE id = ? AND " WAITING, id);
}

static int expect(struct store *s, const char *server, const char *correlator, int64_t now)
{
	struct store_alert row = { .code = CODE_EXPECTED };
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err;

	err = db_prepare(s, "DELETE FROM alert WHERE code = " STR(CODE_EXPECTED)
			    " AND server = ?1 AND correlator = ?2", &st);
	if (err)
		return err;
	db_bind_text(st, 1, server);
	db_bind_text(st, 2, correlator);
	err = db_run(s, st, "writing an alert");
	snprintf(row.correlator, sizeof(row.correlator), "%s", correlator);
	if (!err)
		err = insert(s, &row, server, now);
	return err ? err : db_exec(s, "DELETE FROM alert WHERE code = " STR(CODE_EXPECTED) " AND id <="
				      " (SELECT id FROM alert WHERE code = " STR(CODE_EXPECTED)
				      "  ORDER BY id DESC LIMIT 1 OFFSET " STR(STORE_ALERTS_EXPECTED) ")",
				   "forgetting what ran long ago");
}

int store_alert_expect(struct store *s, const char *server, const char *correlator, int64_t now)
{
	bool own;
	int err;

	if (!db_fits(server, STORE_SERVER_MAX) || !server[0] ||
	    !db_fits(correlator, STORE_ALERT_WORD_MAX) || !correlator[0])
		return -EINVAL;
	err = db_write_begin(s, &own);
	return err ? err : db_write_end(s, own, expect(s, server, correlator, now));
}
