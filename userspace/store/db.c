// SPDX-License-Identifier: GPL-2.0-or-later
/* What the other files of this directory share: errors, statements, transactions. No table's meaning. */
#include <errno.h>
#include <stdio.h>
#include "store/db.h"
#include "util/log.h"

/* SQLite says "full" of its database file alone, and "I/O error" of the files beside it. */
static bool no_space(struct store *s, int rc)
{
	int os = s->db && (rc & 0xff) == SQLITE_IOERR ? sqlite3_system_errno(s->db) : 0;

	return os == ENOSPC || os == EDQUOT;
}

int db_error(struct store *s, int rc, const char *what)
{
	int err;

	if (rc == SQLITE_IOERR_NOMEM)
		return -ENOMEM;
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		err = -EBUSY;
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		s->damaged = true;
		err = -EBADMSG;
		break;
	case SQLITE_FULL:
		err = -ENOSPC;
		break;
	case SQLITE_READONLY:
		err = -EROFS;
		break;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		err = -EACCES;
		break;
	case SQLITE_TOOBIG:
		err = -EINVAL;
		break;
	default:
		err = no_space(s, rc) ? -ENOSPC : -EIO;
	}
	log_err("store: %s: %s", what, s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc));
	return err;
}

const char *store_strerror(int err)
{
	switch (err) {
	case -EBUSY:
		return "another dmsc process is using the store; try again when it has ended";
	case -EBADMSG:
		return "the store is damaged; who opens it to write next keeps its files "
		       "under another name and begins a new one";
	case -EDQUOT:
		return "the store is damaged, and as many damaged ones as are kept stand beside it: "
		       "look at them, and move them away";
	case -EEXIST:
		return "what stands in the store's place is not a dmsc store, or a link; it was left "
		       "untouched: move it away";
	case -EPROTO:
		return "the store was made by a newer dmsc; it was left untouched: "
		       "install that version, or move the store away and bootstrap again";
	case -EACCES:
	case -EPERM:
	case -ELOOP:
		return "no access to the store: run as its owner or as root";
	case -ENOENT:
		return "there is no store yet";
	case -ENOTDIR:
		return "it is not a directory";
	case -ENOSPC:
		return "no space left for the store; nothing of the last step was kept";
	case -EROFS:
		return "the store is read-only here";
	case -EINTR:
		return "interrupted while waiting for the store";
	case -ENOMEM:
		return "out of memory";
	case -EINVAL:
		return "a value is too long for the store";
	default:
		return "input/output error; nothing of the last step was kept";
	}
}

int db_exec(struct store *s, const char *sql, const char *what)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : db_error(s, rc, what);
}

int db_prepare(struct store *s, const char *sql, sqlite3_stmt **out)
{
	int rc;

	*out = NULL;
	rc = sqlite3_prepare_v2(s->db, sql, -1, out, NULL);
	return rc == SQLITE_OK ? 0 : db_error(s, rc, "preparing a query");
}

int db_keep(struct store *s, enum db_kept which, sqlite3_stmt **out)
{
	static const char *const sql[DB_KEPT] = {
		[DB_BEGIN] = "BEGIN IMMEDIATE",
		[DB_COMMIT] = "COMMIT",
		[DB_PUT_NODE] = "REPLACE INTO node VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
		[DB_DELETE_NODE] = "DELETE FROM node WHERE id = ?",
	};
	int rc = SQLITE_OK;

	if (!s->kept[which])
		rc = sqlite3_prepare_v3(s->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT,
					&s->kept[which], NULL);
	*out = s->kept[which];
	return rc == SQLITE_OK ? 0 : db_error(s, rc, "preparing a statement");
}

void db_drop_kept(struct store *s)
{
	for (int i = 0; i < DB_KEPT; i++) {
		sqlite3_finalize(s->kept[i]);
		s->kept[i] = NULL;
	}
}

int db_run(struct store *s, sqlite3_stmt *st, const char *what)
{
	int rc = sqlite3_step(st);
	int err = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : db_error(s, rc, what);

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return err;
}

void db_bind_slice(sqlite3_stmt *st, int i, struct slice v)
{
	if (slice_present(v))
		sqlite3_bind_blob64(st, i, v.p, v.n, SQLITE_STATIC);
	else
		sqlite3_bind_null(st, i);
}

void db_bind_text(sqlite3_stmt *st, int i, const char *v)
{
	if (v)
		sqlite3_bind_text(st, i, v, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(st, i);
}

void db_get_text(sqlite3_stmt *st, int col, char *out, size_t size)
{
	const unsigned char *v = sqlite3_column_text(st, col);

	snprintf(out, size, "%s", v ? (const char *)v : "");
}

size_t db_get_blob(sqlite3_stmt *st, int col, uint8_t *out, size_t size)
{
	const void *v = sqlite3_column_blob(st, col);
	size_t n = (size_t)sqlite3_column_bytes(st, col);

	if (n > size)
		n = size;
	if (n > 0)
		memcpy(out, v, n);
	return n;
}

bool db_fits(const char *v, size_t size)
{
	return v && strnlen(v, size) < size;
}

/* --- transactions --- */

static int run_kept(struct store *s, enum db_kept which, const char *what)
{
	sqlite3_stmt *st;
	int err = db_keep(s, which, &st);

	return err ? err : db_run(s, st, what);
}

/* How a transaction commits is settled before it begins. Without a sync of its own: @soon. */
static int set_sync(struct store *s, bool soon)
{
	int err = 0;

	if (s->soon != soon)
		err = db_exec(s, soon ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL",
			      "choosing when to sync");
	if (!err)
		s->soon = soon;
	return err;
}

static int begin(struct store *s, bool soon)
{
	int err;

	if (s->mode != STORE_WRITE)
		return -EROFS;
	if (s->in_txn)
		return -EINVAL;
	err = set_sync(s, soon);
	if (!err)
		err = run_kept(s, DB_BEGIN, "starting a transaction");
	s->in_txn = err == 0;
	return err;
}

int store_begin(struct store *s)
{
	return begin(s, false);
}

int store_begin_soon(struct store *s)
{
	return begin(s, true);
}

int store_commit(struct store *s)
{
	int err;

	if (!s->in_txn)
		return 0;
	err = run_kept(s, DB_COMMIT, "committing");
	if (err)
		store_rollback(s);
	s->in_txn = false;
	return err;
}

void store_rollback(struct store *s)
{
	/* SQLite has already rolled back by itself after some errors. */
	if (s->in_txn && !sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->in_txn = false;
}

bool store_in_transaction(const struct store *s)
{
	return s->in_txn;
}

int db_write_begin(struct store *s, bool *own)
{
	*own = !s->in_txn;
	return *own ? store_begin(s) : 0;
}

int db_write_end(struct store *s, bool own, int err)
{
	if (!own)
		return err;
	if (!err)
		return store_commit(s);
	store_rollback(s);
	return err;
}
