// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening, checking, locking and closing the store; contracts are in store.h.
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

/* The store's owner stays its owner when root is the first to touch it. */
static int open_private(int dir_fd, const struct stat *dir, const char *name)
{
	struct stat st;
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EISDIR || errno == ELOOP ? -EEXIST : -errno;
	/*
	 * A file with another name may be anybody's: who may write to the directory must
	 * not have root give it away. Who copies stores by hard links moves the copy.
	 */
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1) {
		close(fd);
		return -EEXIST;
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

/* A name that was just made is durable, too: what is committed later must be found. */
static int make_dir(const char *dir, int *out)
{
	_cleanup_close_ int parent = -1;
	bool made = mkdir(dir, 0700) == 0;
	int fd;

	if (!made && errno != EEXIST) {
		int err = -errno;

		log_err("store: cannot make %s: %s", dir, strerror(-err));
		return err;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*out = fd;
	if (!made)
		return 0;
	parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Who may make a directory there need not be allowed to read it. */
	return parent < 0 ? 0 : db_sync_dir(parent);
}

/*
 * Made here so that it is private from its first byte; SQLite gives its side files
 * the same mode.
 */
static int make_file(struct store *s)
{
	_cleanup_close_ int fd = -1;
	struct stat dir, st;

	if (fstat(s->dir_fd, &dir) < 0)
		return -errno;
	fd = open_private(s->dir_fd, &dir, STORE_FILE);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_size == 0 ? db_sync_dir(s->dir_fd) : 0;
}

static int open_to_read(const char *dir)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return faccessat(fd, STORE_FILE, R_OK, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int open_files(struct store *s, const char *dir, int wait_ms,
		      const volatile sig_atomic_t *stop)
{
	struct stat st;
	int err;

	if (s->mode == STORE_READ)
		return open_to_read(dir);
	err = make_dir(dir, &s->dir_fd);
	if (err)
		return err;
	if (fstat(s->dir_fd, &st) < 0)
		return -errno;
	if (st.st_mode & 022)
		log_warn("store: %s can be written by others than its owner", dir);
	s->lock_fd = open_private(s->dir_fd, &st, STORE_LOCK_FILE);
	if (s->lock_fd < 0)
		return s->lock_fd;
	err = lock_file(s->lock_fd, dir, wait_ms, stop);
	if (!err)
		err = db_finish_aside(s->dir_fd, dir);
	return err ? err : make_file(s);
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

static uint32_t big_endian(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int newer(const char *dir, int version)
{
	log_err("store %s has version %d, this dmsc knows %d; left untouched", dir, version,
		db_schema->version);
	return -EPROTO;
}

static int foreign(const char *dir)
{
	log_err("store %s: %s is not a dmsc store; left untouched", dir, STORE_FILE);
	return -EEXIST;
}

/*
 * A look at the file's head (SQLite file format 1.3) before SQLite sees it: that would
 * tidy up behind another program, or replay the log of a newer one.
 */
static int check_head(const char *path, const char *dir)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t head[100];
	uint32_t app, version;

	if (fd < 0)
		return -errno;
	if (read(fd, head, sizeof(head)) != sizeof(head) || memcmp(head, "SQLite format 3", 16) != 0)
		return 0;
	version = big_endian(head + 60);
	app = big_endian(head + 68);
	if (app && app != DB_APPLICATION_ID)
		return foreign(dir);
	/* An id that is still in the log is 0 here. */
	return app && version > (uint32_t)db_schema->version && version <= INT32_MAX
		       ? newer(dir, (int)version) : 0;
}

/* Read-only questions first: a file that is not ours must not change by a bit. */
static int check_version(struct store *s, const char *dir)
{
	int tables, app, err;

	err = query_int(s, "PRAGMA user_version", &s->version);
	if (!err)
		err = query_int(s, "PRAGMA application_id", &app);
	if (!err)
		err = query_int(s, "SELECT count(*) FROM sqlite_schema", &tables);
	if (err)
		return err;
	if (app == DB_APPLICATION_ID && s->version > db_schema->version)
		return newer(dir, s->version);
	if (app == 0 && tables == 0 && s->version == 0)
		return s->mode == STORE_READ ? -ENOENT : 0;
	if (app != DB_APPLICATION_ID)
		return foreign(dir);
	if (s->version > 0)
		return 0;
	log_err("store %s is damaged: it has no version", dir);
	s->damaged = true;
	return -EBADMSG;
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
	s->damaged = true;
	return -EBADMSG;
}

static int configure(struct store *s)
{
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	/* Until it is known to be ours, and whole. */
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	return db_exec(s, s->mode == STORE_READ ? "PRAGMA query_only = 1; PRAGMA cell_size_check = 1"
						: "PRAGMA cell_size_check = 1", "configuring");
}

static int note_file(struct store *s, const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return -errno;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return 0;
}

static int open_db(struct store *s, const char *dir)
{
	char path[PATH_MAX];
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_PRIVATECACHE;
	char real[PATH_MAX];
	int rc, err;

	/* SQLITE_OPEN_NOFOLLOW refuses a link anywhere in the path; only our own file matters. */
	if (!realpath(dir, real))
		return -errno;
	if (snprintf(path, sizeof(path), "%s/%s", real, STORE_FILE) >= (int)sizeof(path))
		return -EINVAL;
	/* Only where no connection of this process can be: closing a file drops its locks. */
	err = s->mode == STORE_WRITE ? check_head(path, dir) : 0;
	if (err)
		return err;
	rc = sqlite3_open_v2(path, &s->db, flags, NULL);
	if (rc != SQLITE_OK)
		return db_error(s, rc, "opening");
	err = configure(s);
	if (!err)
		err = check_version(s, dir);
	if (!err && s->version > 0 && s->mode == STORE_WRITE)
		err = check_integrity(s, dir);
	if (!err && s->version > 0 && s->mode == STORE_WRITE)
		err = db_check_schema(s, s->version);
	if (!err)
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	if (err || s->mode == STORE_READ)
		return err;
	err = note_file(s, path);
	if (err)
		return err;
	/* Small pages, while there is none yet: a changed leaf costs a page of the log. */
	err = db_exec(s, "PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			 "PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;"
			 /* The sandbox has no place for temporary files, and they would hold secrets. */
			 "PRAGMA temp_store = MEMORY", "configuring");
	if (!err && s->version < db_schema->version)
		err = db_migrate(s);
	return err;
}

/* Is the file of this name still the one behind a descriptor, or that was opened? */
static bool same_file(const char *dir, const char *name, dev_t dev, ino_t ino)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return false;
	return !lstat(path, &st) && st.st_dev == dev && st.st_ino == ino;
}

/* Nobody can have put another one into its place while we hold its lock. */
static bool is_ours_still(const struct store *s)
{
	struct stat lock;

	return !fstat(s->lock_fd, &lock) &&
	       same_file(s->dir, STORE_LOCK_FILE, lock.st_dev, lock.st_ino) &&
	       same_file(s->dir, STORE_FILE, s->dev, s->ino);
}

static void close_db(struct store *s)
{
	if (!s->db)
		return;
	store_rollback(s);
	db_drop_kept(s);
	if (s->damaged)
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(s->db);
	s->db = NULL;
}

/* Damage that was met on the way: this run has failed, the next one begins anew. */
static void put_aside(struct store *s)
{
	bool damaged = s->damaged && s->mode == STORE_WRITE;

	close_db(s);
	s->damaged = false;
	if (damaged && db_move_aside(s->dir_fd, s->dir) == -EDQUOT)
		log_err("store %s: %s", s->dir, store_strerror(-EDQUOT));
}

void store_rest(struct store *s)
{
	store_rollback(s);
	/* While the lock is ours: what another one begins in its place is not for us to move. */
	if (s->damaged)
		put_aside(s);
	(void)!flock(s->lock_fd, LOCK_UN);
}

/* One that was brought up to date by a newer dmsc meanwhile is not ours to write, or to tidy up. */
static int check_version_still(struct store *s)
{
	int version, err = query_int(s, "PRAGMA user_version", &version);

	if (err || version == s->version)
		return err;
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return -ESTALE;
}

int store_resume(struct store *s, int wait_ms, const volatile sig_atomic_t *stop)
{
	int err = s->db ? lock_file(s->lock_fd, s->dir, wait_ms, stop) : -ESTALE;

	if (!err && !is_ours_still(s))
		err = -ESTALE;
	return err ? err : check_version_still(s);
}

/* A writer that finds it damaged keeps it aside and begins a new one. */
static int open_or_begin_anew(struct store *s, const char *dir)
{
	int err = open_db(s, dir);

	if (err != -EBADMSG || s->mode == STORE_READ)
		return err;
	close_db(s);
	s->damaged = false;
	err = db_move_aside(s->dir_fd, dir);
	if (!err)
		err = make_file(s);
	return err ? err : open_db(s, dir);
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
	s->lock_fd = s->dir_fd = -1;
	s->mode = mode;
	s->dir = strdup(dir);
	err = s->dir ? 0 : -ENOMEM;
	if (!err)
		err = open_files(s, dir, wait_ms, stop);
	if (!err)
		err = open_or_begin_anew(s, dir);
	if (err) {
		s->damaged = false;
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
	put_aside(s);
	if (s->dir_fd >= 0)
		close(s->dir_fd);
	/* The lock goes last: the next writer must find the file closed. */
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->dir);
	free(s);
}
