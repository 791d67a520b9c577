// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The store's tables, one step per schema version. A step that was released is
 * never edited: a change is a new step, and the file's PRAGMA user_version
 * says which were done. It holds no query.
 */
#include <errno.h>
#include <stdio.h>
#include "store/db.h"
#include "util/log.h"

#define XSTR(x) #x
#define STR(x) XSTR(x)

static const char *const released[] = {
	/* 1: parents have smaller ids than their children, so loading by id is enough. */
	"PRAGMA application_id = " STR(DB_APPLICATION_ID) ";"
	"CREATE TABLE node ("
	" id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, name TEXT NOT NULL,"
	" format TEXT NOT NULL, type TEXT, value BLOB, acl TEXT, title TEXT,"
	" tstamp INTEGER NOT NULL, verno INTEGER NOT NULL, origin INTEGER NOT NULL,"
	" access INTEGER NOT NULL, flags INTEGER NOT NULL) STRICT;"
	"CREATE TABLE origin ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, slot TEXT NOT NULL, iccid BLOB NOT NULL,"
	" digest BLOB NOT NULL, created INTEGER NOT NULL, UNIQUE (iccid, digest)) STRICT;"
	"CREATE TABLE card ("
	" iccid BLOB NOT NULL, digest BLOB NOT NULL, phase TEXT NOT NULL, reason TEXT NOT NULL,"
	" boot_id TEXT NOT NULL, slot TEXT NOT NULL, seq INTEGER NOT NULL,"
	" attempts INTEGER NOT NULL, next_attempt INTEGER NOT NULL, updated INTEGER NOT NULL,"
	" PRIMARY KEY (iccid, digest)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE pair ("
	" device TEXT NOT NULL, iccid BLOB NOT NULL, server TEXT NOT NULL, told INTEGER NOT NULL,"
	" PRIMARY KEY (device, iccid, server)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE session ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, started INTEGER NOT NULL,"
	" ended INTEGER NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,"
	" messages INTEGER NOT NULL, notes INTEGER NOT NULL) STRICT;"
	"CREATE TABLE note ("
	" session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE, n INTEGER NOT NULL,"
	" op TEXT NOT NULL, uri TEXT NOT NULL, status INTEGER NOT NULL,"
	" PRIMARY KEY (session, n)) STRICT, WITHOUT ROWID;",
	/*
	 * 2: what became of a card's server has a column of its own. Step 1 kept it as a
	 * content nobody has; such a row stays, and nobody finds it: that server is seen anew.
	 */
	"CREATE TABLE card2 ("
	" iccid BLOB NOT NULL, digest BLOB NOT NULL, server TEXT NOT NULL, phase TEXT NOT NULL,"
	" reason TEXT NOT NULL, boot_id TEXT NOT NULL, slot TEXT NOT NULL, seq INTEGER NOT NULL,"
	" attempts INTEGER NOT NULL, next_attempt INTEGER NOT NULL, updated INTEGER NOT NULL,"
	" PRIMARY KEY (iccid, digest, server)) STRICT, WITHOUT ROWID;"
	"INSERT INTO card2 SELECT iccid, digest, '', phase, reason, boot_id, slot, seq, attempts,"
	" next_attempt, updated FROM card;"
	"DROP TABLE card;"
	"ALTER TABLE card2 RENAME TO card;",
	/* 3: what is still to be done without a card being put in, and why a session was. */
	"CREATE TABLE wish ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, cause TEXT NOT NULL,"
	" ui INTEGER NOT NULL, session_id INTEGER NOT NULL, phase TEXT NOT NULL,"
	" reason TEXT NOT NULL, attempts INTEGER NOT NULL, first INTEGER NOT NULL,"
	" spent INTEGER NOT NULL, next_attempt INTEGER NOT NULL, created INTEGER NOT NULL,"
	" updated INTEGER NOT NULL) STRICT;"
	"CREATE TABLE alert ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, code INTEGER NOT NULL,"
	" source TEXT NOT NULL, type TEXT NOT NULL, format TEXT NOT NULL, mark TEXT NOT NULL,"
	" data BLOB NOT NULL, correlator TEXT NOT NULL, created INTEGER NOT NULL,"
	" tries INTEGER NOT NULL) STRICT;"
	"CREATE TABLE notified ("
	" server TEXT NOT NULL, session_id INTEGER NOT NULL, digest BLOB NOT NULL,"
	" at INTEGER NOT NULL, PRIMARY KEY (server, session_id, digest)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE firmware ("
	" uri TEXT PRIMARY KEY NOT NULL, server TEXT NOT NULL, op TEXT NOT NULL, url TEXT NOT NULL,"
	" correlator TEXT NOT NULL, phase TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL,"
	" result INTEGER NOT NULL, reason TEXT NOT NULL, boot_id TEXT NOT NULL,"
	" attempts INTEGER NOT NULL, first INTEGER NOT NULL, spent INTEGER NOT NULL,"
	" next_attempt INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;"
	"ALTER TABLE session ADD COLUMN cause TEXT NOT NULL DEFAULT '';",
};

static const struct db_schema ours = { released, sizeof(released) / sizeof(released[0]) };
const struct db_schema *db_schema = &ours;

/* Asked for with a limit of no row, by version: what the statements of this directory name. */
static const struct { int since; const char *sql; } shape[] = {
	{ 1, "SELECT id, parent, name, format, type, value, acl, title, tstamp, verno, origin, access,"
	     " flags FROM node LIMIT 0" },
	{ 1, "SELECT id, slot, iccid, digest, created FROM origin LIMIT 0" },
	{ 1, "SELECT iccid, digest, phase, reason, boot_id, slot, seq, attempts, next_attempt, updated"
	     " FROM card LIMIT 0" },
	{ 1, "SELECT device, iccid, server, told FROM pair LIMIT 0" },
	{ 1, "SELECT id, server, started, ended, outcome, reason, messages, notes FROM session LIMIT 0" },
	{ 2, "SELECT server FROM card LIMIT 0" },
	{ 1, "SELECT session, n, op, uri, status FROM note LIMIT 0" },
	{ 3, "SELECT id, server, cause, ui, session_id, phase, reason, attempts, first, spent,"
	     " next_attempt, created, updated FROM wish LIMIT 0" },
	{ 3, "SELECT id, server, code, source, type, format, mark, data, correlator, created, tries"
	     " FROM alert LIMIT 0" },
	{ 3, "SELECT server, session_id, digest, at FROM notified LIMIT 0" },
	{ 3, "SELECT uri, server, op, url, correlator, phase, path, size, result, reason, boot_id,"
	     " attempts, first, spent, next_attempt, created, updated FROM firmware LIMIT 0" },
	{ 3, "SELECT cause FROM session LIMIT 0" },
};

int db_check_schema(struct store *s, int version)
{
	for (size_t i = 0; i < sizeof(shape) / sizeof(shape[0]); i++) {
		sqlite3_stmt *st = NULL;
		int rc;

		if (shape[i].since > version)
			continue;
		rc = sqlite3_prepare_v2(s->db, shape[i].sql, -1, &st, NULL);
		sqlite3_finalize(st);
		/* The statement is right: then the table is wrong. */
		if (rc == SQLITE_ERROR) {
			log_err("store %s is damaged: %s", s->dir, sqlite3_errmsg(s->db));
			s->damaged = true;
			return -EBADMSG;
		}
		if (rc != SQLITE_OK)
			return db_error(s, rc, "looking at the schema");
	}
	return 0;
}

int db_migrate(struct store *s)
{
	char version[64];
	int err, from = s->version;

	err = db_exec(s, "BEGIN IMMEDIATE", "starting the migration");
	if (err)
		return err;
	for (int v = from; v < db_schema->version && !err; v++)
		err = db_exec(s, db_schema->steps[v], "migrating the schema");
	snprintf(version, sizeof(version), "PRAGMA user_version = %d", db_schema->version);
	if (!err)
		err = db_exec(s, version, "migrating the schema");
	if (!err)
		err = db_exec(s, "COMMIT", "committing the migration");
	if (err) {
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		return err;
	}
	s->version = db_schema->version;
	if (from > 0)
		log_notice("store: brought from version %d to %d", from, db_schema->version);
	return 0;
}
