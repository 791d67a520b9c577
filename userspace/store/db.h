/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of store/: the SQLite handle and the few helpers its files share. Not for callers. */
#ifndef DMSC_STORE_DB_H
#define DMSC_STORE_DB_H

#include <sqlite3.h>
#include "store/store.h"

struct store {
	sqlite3 *db;
	int lock_fd;		/* -1 for a reader */
	enum store_mode mode;
	bool in_txn;		/* store_begin() of the caller */
};

/* The current schema version: PRAGMA user_version of a file this code writes. */
extern const int db_schema_version;
/* Brings an empty or older file to it, in one transaction. */
int db_migrate(struct store *s, int from);

/* Logs "store: <what>: <SQLite's text>" and gives the -errno for it. */
int db_error(struct store *s, int rc, const char *what);
int db_exec(struct store *s, const char *sql, const char *what);
/* *out is NULL on failure. */
int db_prepare(struct store *s, const char *sql, sqlite3_stmt **out);
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
