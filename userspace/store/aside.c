// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keeping a damaged store: its files get names that nothing else has, and are
 * never looked at again. Whether it is damaged, others have found out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include "store/db.h"
#include "util/log.h"

/* The file itself first: see move_files(). */
static const char *const parts[] = { "", "-wal", "-journal", "-shm" };
#define PARTS (sizeof(parts) / sizeof(parts[0]))

#define NAME_SIZE 64

int db_sync_dir(int dir_fd)
{
	/* EINVAL: a file system that has nothing to sync there. */
	return fsync(dir_fd) < 0 && errno != EINVAL ? -errno : 0;
}

static void kept_name(char out[NAME_SIZE], unsigned int n, const char *part)
{
	snprintf(out, NAME_SIZE, STORE_FILE ".damaged-%u%s", n, part);
}

/* Bytes of the file, 0 also when there is none; -errno. */
static int64_t size_of(int dir_fd, const char *name)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return st.st_size;
	return errno == ENOENT ? 0 : -errno;
}

static bool exists(int dir_fd, const char *name)
{
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* Never onto a file that is there. -ENOENT: there is nothing to move. */
static int move(int dir_fd, const char *from, const char *to)
{
	if (renameat2(dir_fd, from, dir_fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	/* A file system that cannot promise it; the writer lock keeps other stores away. */
	if (exists(dir_fd, to))
		return -EEXIST;
	return renameat(dir_fd, from, dir_fd, to) < 0 ? -errno : 0;
}

/*
 * From part @first on. A power cut between two leaves parts that belong to no store:
 * db_finish_aside() moves them, before SQLite takes a log for that of a new file.
 * Were the log moved first, what was left would be an older store that looks whole.
 */
static int move_files(int dir_fd, unsigned int n, size_t first)
{
	char from[NAME_SIZE], to[NAME_SIZE];

	for (size_t i = first; i < PARTS; i++) {
		int err;

		snprintf(from, sizeof(from), STORE_FILE "%s", parts[i]);
		kept_name(to, n, parts[i]);
		err = move(dir_fd, from, to);
		if (err && err != -ENOENT)
			return err;
	}
	return db_sync_dir(dir_fd);
}

/* No name that belongs to it is taken. */
static bool is_free(int dir_fd, unsigned int n, size_t first)
{
	char name[NAME_SIZE];

	for (size_t i = first; i < PARTS; i++) {
		kept_name(name, n, parts[i]);
		if (exists(dir_fd, name))
			return false;
	}
	return true;
}

int db_move_aside(int dir_fd, const char *dir)
{
	unsigned int n = 1;
	int err;

	while (n <= STORE_DAMAGED_MAX && !is_free(dir_fd, n, 0))
		n++;
	if (n > STORE_DAMAGED_MAX)
		return -EDQUOT;
	err = move_files(dir_fd, n, 0);
	if (err) {
		log_err("store %s: the damaged store cannot be kept aside: %s", dir, strerror(-err));
		return err;
	}
	log_err("store %s was damaged: it is kept as " STORE_FILE ".damaged-%u, and a new one begins; "
		"cards are bootstrapped again, and what a person decided about them is not known any more",
		dir, n);
	return 0;
}

int db_finish_aside(int dir_fd, const char *dir)
{
	int64_t store = size_of(dir_fd, STORE_FILE), wal = size_of(dir_fd, STORE_FILE "-wal");
	unsigned int n = STORE_DAMAGED_MAX;
	char name[NAME_SIZE];

	if (store < 0 || wal < 0)
		return (int)(store < 0 ? store : wal);
	if (store > 0 || wal == 0)
		return 0;
	/* It is that of the last one that was moved, if that has none. */
	for (; n > 0; n--) {
		kept_name(name, n, "");
		if (exists(dir_fd, name))
			break;
	}
	if (n == 0 || !is_free(dir_fd, n, 1))
		return db_move_aside(dir_fd, dir);
	log_warn("store %s: finishing to keep " STORE_FILE ".damaged-%u aside", dir, n);
	return move_files(dir_fd, n, 1);
}
