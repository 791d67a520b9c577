// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows about notifications; the contract is in notified.h. */
#include <errno.h>
#include "store/db.h"
#include "store/notified.h"

#define XSTR(x) #x
#define STR(x) XSTR(x)

/* Both counts at one look: was it there, and how many were within an hour of now, before or behind. */
static int look(struct store *s, const char *server, uint16_t session_id, const uint8_t *digest,
		int64_t now, enum store_notified *out)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err = db_prepare(s, "SELECT count(*) FILTER (WHERE digest = ?1 OR (session_id = ?2 AND"
				" abs(at - ?3) < " STR(STORE_NOTIFIED_ID_S) ")),"
				" count(*) FILTER (WHERE abs(at - ?3) < 3600)"
				" FROM notified WHERE server = ?4", &st);
	int rc;

	if (err)
		return err;
	db_bind_slice(st, 1, slice_of(digest, STORE_NOTIFIED_DIGEST));
	sqlite3_bind_int(st, 2, session_id);
	sqlite3_bind_int64(st, 3, now);
	db_bind_text(st, 4, server);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return db_error(s, rc, "reading notifications");
	if (sqlite3_column_int(st, 0))
		*out = STORE_NOTIFIED_AGAIN;
	else if (sqlite3_column_int(st, 1) >= STORE_NOTIFIED_PER_HOUR)
		*out = STORE_NOTIFIED_TOO_MANY;
	else
		*out = STORE_NOTIFIED_NEW;
	return 0;
}

static int note(struct store *s, const char *server, uint16_t session_id, const uint8_t *digest,
		int64_t now)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err = db_prepare(s, "INSERT INTO notified (server, session_id, digest, at)"
				" VALUES (?,?,?,?)", &st);

	if (err)
		return err;
	db_bind_text(st, 1, server);
	sqlite3_bind_int(st, 2, session_id);
	db_bind_slice(st, 3, slice_of(digest, STORE_NOTIFIED_DIGEST));
	sqlite3_bind_int64(st, 4, now);
	return db_run(s, st, "noting a notification");
}

/* The one noted last stays, whatever the clock said of the others. */
static int forget(struct store *s, const char *server, const uint8_t *digest)
{
	static const char *const sql[] = {
		"DELETE FROM notified WHERE server = ?1 AND digest IN"
		" (SELECT digest FROM notified WHERE server = ?1 AND digest <> ?2"
		"  ORDER BY at DESC LIMIT -1 OFFSET " STR(STORE_NOTIFIED_ROWS) " - 1)",
		"DELETE FROM notified WHERE (server, digest) IN"
		" (SELECT server, digest FROM notified WHERE NOT (server = ?1 AND digest = ?2)"
		"  ORDER BY at DESC LIMIT -1 OFFSET " STR(STORE_NOTIFIED_ALL) " - 1)",
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]) && !err; i++) {
		_cleanup_stmt_ sqlite3_stmt *st = NULL;

		err = db_prepare(s, sql[i], &st);
		if (err)
			break;
		db_bind_text(st, 1, server);
		db_bind_slice(st, 2, slice_of(digest, STORE_NOTIFIED_DIGEST));
		err = db_run(s, st, "forgetting notifications");
	}
	return err;
}

int store_notified_take(struct store *s, const char *server, uint16_t session_id,
			const uint8_t digest[STORE_NOTIFIED_DIGEST], int64_t now,
			enum store_notified *out)
{
	bool own;
	int err;

	if (!db_fits(server, STORE_SERVER_MAX) || !server[0] || !session_id)
		return -EINVAL;
	err = db_write_begin(s, &own);
	if (err)
		return err;
	err = look(s, server, session_id, digest, now, out);
	if (!err && *out == STORE_NOTIFIED_NEW)
		err = note(s, server, session_id, digest, now);
	if (!err && *out == STORE_NOTIFIED_NEW)
		err = forget(s, server, digest);
	return db_write_end(s, own, err);
}
