/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of store/: the SQLite handle and the few helpers its files share. Not for callers. */
#ifndef DMSC_STORE_DB_H
#define DMSC_STORE_DB_H

#include <sqlite3.h>
#include <sys/types.h>
#include "store/store.h"

/* Statements that every message needs: prepared once, kept until the store is closed. */
enum db_kept { DB_BEGIN, DB_COMMIT, DB_PUT_NODE, DB_DELETE_NODE, DB_KEPT };

struct store {
	sqlite3 *db;
	sqlite3_stmt *kept[DB_KEPT];
	char *dir;
	int dir_fd, lock_fd;	/* -1 for a reader */
	dev_t dev;		/* what the file is that is open, of a writer */
	ino_t ino;
	enum store_mode mode;
	int version;		/* of its tables; below ours before a reader alone */
	bool damaged;		/* found so: a writer keeps it aside when it is closed */
	bool in_txn;		/* store_begin() of the caller */
	bool soon;		/* its commit waits for no disk */
};

/* "dmsc" as SQLite's application id, so that another program's file is not taken for ours. */
#define DB_APPLICATION_ID 0x646d7363

/* The step that added wish, alert, notified and firmware, and the cause of a session. */
#define DB_STEP_WISHES 3

/* The steps to the current version, which is PRAGMA user_version of a file this code writes. */
struct db_schema {
	const char *const *steps;
	int version;
};
/* The released one; a test of migration adds a step. */
extern const struct db_schema *db_schema;
/* Brings an empty or older file to it, in one transaction. */
int db_migrate(struct store *s);
/* Every table and column of @version is there. 0, -EBADMSG or another -errno. */
int db_check_schema(struct store *s, int version);

/*
 * Renames the store's files, durably, to store.db.damaged-N, -wal and so on: the first N
 * that is free. The lock is held and nothing open. 0, -EDQUOT (STORE_DAMAGED_MAX are
 * kept already, nothing was done) or another -errno; it has said in the log what it did.
 */
int db_move_aside(int dir_fd, const char *dir) must_check;
/* Names that came or went there are durable. 0 or -errno. */
int db_sync_dir(int dir_fd) must_check;
/* What a power cut left of that; before a new store is made. 0 or -errno. */
int db_finish_aside(int dir_fd, const char *dir) must_check;

/* Logs "store: <what>: <SQLite's text>" and gives the -errno for it. */
int db_error(struct store *s, int rc, const char *what);
int db_exec(struct store *s, const char *sql, const char *what);
/* *out is NULL on failure. */
int db_prepare(struct store *s, const char *sql, sqlite3_stmt **out);
/* Borrowed, with nothing bound; db_run() leaves it so. */
int db_keep(struct store *s, enum db_kept which, sqlite3_stmt **out);
void db_drop_kept(struct store *s);
/* Steps a statement that returns no row, and resets it for the next use. */
int db_run(struct store *s, sqlite3_stmt *st, const char *what);

/* A write of its own when no transaction is open, else a part of it. */
int db_write_begin(struct store *s, bool *own);
int db_write_end(struct store *s, bool own, int err);

void db_bind_slice(sqlite3_stmt *st, int i, struct slice v);	/* blob; absent = NULL */
void db_bind_text(sqlite3_stmt *st, int i, const char *v);	/* NULL = NULL */
void db_get_text(sqlite3_stmt *st, int col, char *out, size_t size);
/* Bytes copied, at most @size. */
size_t db_get_blob(sqlite3_stmt *st, int col, uint8_t *out, size_t size);
/* True when @v fits @size with its NUL. */
bool db_fits(const char *v, size_t size);

static inline void cleanup_stmt_(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
}
#define _cleanup_stmt_ __attribute__((cleanup(cleanup_stmt_)))

#endif
