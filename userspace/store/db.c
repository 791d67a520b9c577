// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening, locking and committing the store; contracts are in store.h. The
 * tables' meaning is in the other files of this directory.
 *
 * Write-ahead log with synchronous=FULL: one fsync makes a message's changes
 * durable, and readers never wait for a writer.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include "store/db.h"
#include "util/log.h"

#define BUSY_MS 5000		/* a checkpoint or WAL recovery of another process */
#define VALUE_MAX (64 << 20)	/* bytes of one column; the engine's limits are far lower */

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
		err = -EIO;
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
		return "the store is damaged or not a dmsc store; it was left untouched: "
		       "move it away (keep it for analysis) and bootstrap again";
	case -EPROTO:
		return "the store was made by a newer dmsc; it was left untouched: "
		       "install that version, or move the store away and bootstrap again";
	case -EACCES:
	case -EPERM:
	case -ELOOP:
		return "no access to the store: run as its owner or as root";
	case -ENOENT:
		return "there is no store yet";
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

int store_begin(struct store *s)
{
	int err;

	if (s->mode != STORE_WRITE)
		return -EROFS;
	if (s->in_txn)
		return -EINVAL;
	err = db_exec(s, "BEGIN IMMEDIATE", "starting a transaction");
	s->in_txn = err == 0;
	return err;
}

int store_commit(struct store *s)
{
	int err;

	if (!s->in_txn)
		return 0;
	err = db_exec(s, "COMMIT", "committing");
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

/* --- opening --- */

/* The store's owner stays its owner when root is the first to touch it. */
static int open_private(int dir_fd, const struct stat *dir, const char *name)
{
	struct stat st;
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EBADMSG;
	}
	if (geteuid() == 0 && st.st_uid != dir->st_uid && st.st_size == 0 &&
	    fchown(fd, dir->st_uid, dir->st_gid) < 0)
		log_warn("store: cannot give %s to the directory's owner", name);
	if ((st.st_mode & 077) && fchmod(fd, 0600) < 0)
		log_warn("store: %s is readable by others and cannot be closed to them", name);
	return fd;
}

static int64_t monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/*
 * Tried again and again instead of a blocking flock(): a signal that came just
 * before it would be lost.
 */
static int lock_file(int fd, const char *dir, int wait_ms, const volatile sig_atomic_t *stop)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000000 };
	int64_t end = monotonic_ms() + wait_ms;
	bool told = false;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (stop && *stop)
			return -EINTR;
		if (wait_ms >= 0 && monotonic_ms() >= end) {
			log_err("store %s is still in use by another dmsc process; giving up", dir);
			return -EBUSY;
		}
		if (!told)
			log_notice("store %s is in use by another dmsc process; waiting for it", dir);
		told = true;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int open_files(struct store *s, const char *dir, int wait_ms,
		      const volatile sig_atomic_t *stop)
{
	_cleanup_close_ int dir_fd = -1;
	struct stat st;
	int fd;

	if (s->mode == STORE_WRITE && mkdir(dir, 0700) < 0 && errno != EEXIST) {
		int err = -errno;

		log_err("store: cannot make %s: %s", dir, strerror(-err));
		return err;
	}
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0 || fstat(dir_fd, &st) < 0)
		return -errno;
	if (s->mode == STORE_READ)
		return faccessat(dir_fd, STORE_FILE, R_OK, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
	if (st.st_mode & 022)
		log_warn("store: %s can be written by others than its owner", dir);
	fd = open_private(dir_fd, &st, STORE_LOCK_FILE);
	if (fd < 0)
		return fd;
	s->lock_fd = fd;
	fd = lock_file(s->lock_fd, dir, wait_ms, stop);
	if (fd < 0)
		return fd;
	/* Made here so that it is private from its first byte; SQLite gives its side files the same mode. */
	fd = open_private(dir_fd, &st, STORE_FILE);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int query_int(struct store *s, const char *sql, int *out)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err = db_prepare(s, sql, &st);
	int rc;

	if (err)
		return err;
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return db_error(s, rc, "reading the store");
	*out = sqlite3_column_int(st, 0);
	return 0;
}

/* Read-only questions first: a file that is not ours must not change by a bit. */
static int check_version(struct store *s, const char *dir, int *version)
{
	int tables, app, err;

	err = query_int(s, "PRAGMA user_version", version);
	if (!err)
		err = query_int(s, "PRAGMA application_id", &app);
	if (!err)
		err = query_int(s, "SELECT count(*) FROM sqlite_schema", &tables);
	if (err)
		return err;
	if (*version > db_schema_version && app == 0x646d7363) {
		log_err("store %s has version %d, this dmsc knows %d; left untouched", dir, *version,
			db_schema_version);
		return -EPROTO;
	}
	if (tables == 0 && *version == 0)
		return s->mode == STORE_READ ? -ENOENT : 0;
	if (app != 0x646d7363 || *version <= 0) {
		log_err("store %s: %s is not a dmsc store; left untouched", dir, STORE_FILE);
		return -EBADMSG;
	}
	return 0;
}

/*
 * SQLite puts a page that it could not read into its report as one more line. That is
 * no damage: the disk, or memory, failed while we looked. What it says then is all
 * there is to tell them apart; the crash test fails when another version words it
 * otherwise.
 */
static int code_in_report(const char *report)
{
	static const char mark[] = "error code";
	const char *at = strstr(report, mark);

	if (at)
		return atoi(at + sizeof(mark)) & 0xff;	/* behind it is '=' or a blank */
	return strstr(report, "failed to get page") ? SQLITE_IOERR : SQLITE_CORRUPT;
}

static int check_integrity(struct store *s, const char *dir)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err = db_prepare(s, "PRAGMA quick_check(1)", &st);
	const char *report;
	int rc;

	if (err)
		return err;
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return db_error(s, rc, "checking the store");
	report = (const char *)sqlite3_column_text(st, 0);
	if (!report)
		return -ENOMEM;
	if (strcmp(report, "ok") == 0)
		return 0;
	rc = code_in_report(report);
	if (rc != SQLITE_CORRUPT && rc != SQLITE_NOTADB) {
		log_err("store %s cannot be checked: %s", dir, report);
		return rc == SQLITE_NOMEM ? -ENOMEM : -EIO;
	}
	log_err("store %s is damaged: %s", dir, report);
	return -EBADMSG;
}

static int configure(struct store *s)
{
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	return db_exec(s, s->mode == STORE_READ ? "PRAGMA query_only = 1; PRAGMA cell_size_check = 1"
						: "PRAGMA cell_size_check = 1", "configuring");
}

static int open_db(struct store *s, const char *dir)
{
	char path[PATH_MAX];
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_FULLMUTEX |
		    SQLITE_OPEN_PRIVATECACHE;
	char real[PATH_MAX];
	int version, rc, err;

	/* SQLITE_OPEN_NOFOLLOW refuses a link anywhere in the path; only our own file matters. */
	if (!realpath(dir, real))
		return -errno;
	if (snprintf(path, sizeof(path), "%s/%s", real, STORE_FILE) >= (int)sizeof(path))
		return -EINVAL;
	rc = sqlite3_open_v2(path, &s->db, flags, NULL);
	if (rc != SQLITE_OK)
		return db_error(s, rc, "opening");
	err = configure(s);
	if (!err)
		err = check_version(s, dir, &version);
	if (!err && version > 0 && s->mode == STORE_WRITE)
		err = check_integrity(s, dir);
	if (err || s->mode == STORE_READ)
		return err;
	err = db_exec(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			 "PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;"
			 /* The sandbox has no place for temporary files, and they would hold secrets. */
			 "PRAGMA temp_store = MEMORY", "configuring");
	if (!err && version < db_schema_version)
		err = db_migrate(s, version);
	return err;
}

int store_open(const char *dir, enum store_mode mode, int wait_ms, struct store **out)
{
	return store_open_until(dir, mode, wait_ms, NULL, out);
}

int store_open_until(const char *dir, enum store_mode mode, int wait_ms,
		     const volatile sig_atomic_t *stop, struct store **out)
{
	struct store *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->lock_fd = -1;
	s->mode = mode;
	err = open_files(s, dir, wait_ms, stop);
	if (!err)
		err = open_db(s, dir);
	if (err) {
		store_close(s);
		if (err != -ENOENT || mode == STORE_WRITE)
			log_err("store %s: %s", dir, store_strerror(err));
		return err;
	}
	*out = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	store_rollback(s);
	sqlite3_close(s->db);
	/* The lock goes last: the next writer must find the file closed. */
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s);
}
