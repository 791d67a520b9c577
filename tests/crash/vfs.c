// SPDX-License-Identifier: GPL-2.0-or-later
/* SQLite's VFS on a struct disk; see the header. One connection at a time. */
#include "vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHM_REGIONS 64

struct file {
	sqlite3_file base;
	int file;
	bool sync_dir;		/* it is new, and its name has to be kept by its first sync */
	int lock;
};

static struct disk *disk;
static sqlite3 *last;
static bool deaf;
static void *shm[SHM_REGIONS];
static struct { unsigned long nth, count; enum vfs_error e; bool on, hit; } fail;
static uint64_t random_state;
static sqlite3_vfs *unix_vfs;

void vfs_use(struct disk *d)
{
	disk = d;
	random_state = 1;
}

void vfs_deaf(bool yes)
{
	deaf = yes;
}

void vfs_fail(unsigned long nth, enum vfs_error e, bool from_then_on)
{
	fail.nth = nth;
	fail.e = e;
	fail.on = from_then_on;
	fail.count = 0;
	fail.hit = false;
}

bool vfs_failed(void)
{
	return fail.hit;
}

static bool fails(void)
{
	if (!fail.nth || ++fail.count < fail.nth || (fail.count > fail.nth && !fail.on))
		return false;
	fail.hit = true;
	return true;
}

static int failure(int io)
{
	return fail.e == VFS_FULL ? SQLITE_FULL : fail.e == VFS_NOMEM ? SQLITE_IOERR_NOMEM : io;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* --- a file --- */

static int f_close(sqlite3_file *f)
{
	return SQLITE_OK;
}

static int f_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	size_t got;

	if (fails())
		return failure(SQLITE_IOERR_READ);
	got = disk_read(disk, ((struct file *)f)->file, (size_t)at, to, (size_t)n);
	if (got == (size_t)n)
		return SQLITE_OK;
	memset((char *)to + got, 0, (size_t)n - got);
	return SQLITE_IOERR_SHORT_READ;
}

static int f_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	if (fails())
		return failure(SQLITE_IOERR_WRITE);
	disk_write(disk, ((struct file *)f)->file, (size_t)at, from, (size_t)n);
	return SQLITE_OK;
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	if (fails())
		return failure(SQLITE_IOERR_TRUNCATE);
	disk_truncate(disk, ((struct file *)f)->file, (size_t)size);
	return SQLITE_OK;
}

static int f_sync(sqlite3_file *f, int flags)
{
	struct file *x = (struct file *)f;

	if (fails())
		return failure(SQLITE_IOERR_FSYNC);
	if (deaf)
		return SQLITE_OK;
	disk_sync(disk, x->file);
	if (x->sync_dir)
		disk_sync_dir(disk);
	x->sync_dir = false;
	return SQLITE_OK;
}

static int f_size(sqlite3_file *f, sqlite3_int64 *size)
{
	*size = (sqlite3_int64)disk_size(disk, ((struct file *)f)->file);
	return SQLITE_OK;
}

static int f_lock(sqlite3_file *f, int level)
{
	((struct file *)f)->lock = level;
	return SQLITE_OK;
}

static int f_reserved(sqlite3_file *f, int *out)
{
	*out = ((struct file *)f)->lock >= SQLITE_LOCK_RESERVED;
	return SQLITE_OK;
}

static int f_control(sqlite3_file *f, int op, void *arg)
{
	return SQLITE_NOTFOUND;
}

/* As the unix VFS says of a disk by default. */
static int f_sector(sqlite3_file *f)
{
	return 4096;
}

static int f_character(sqlite3_file *f)
{
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* The index of the log. The first to come empties what a power cut left of it: it starts empty. */
static int f_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **out)
{
	*out = NULL;
	if (region >= SHM_REGIONS)
		return SQLITE_IOERR_SHMMAP;
	if (!shm[region] && extend) {
		if (fails())
			return failure(SQLITE_IOERR_SHMMAP);
		shm[region] = calloc(1, (size_t)size);
		if (!shm[region])
			return SQLITE_IOERR_NOMEM;
	}
	*out = shm[region];
	return SQLITE_OK;
}

static int f_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return SQLITE_OK;
}

static void f_shm_barrier(sqlite3_file *f)
{
}

static int f_shm_unmap(sqlite3_file *f, int del)
{
	for (int i = 0; i < SHM_REGIONS; i++) {
		free(shm[i]);
		shm[i] = NULL;
	}
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, .xClose = f_close, .xRead = f_read, .xWrite = f_write,
	.xTruncate = f_truncate, .xSync = f_sync, .xFileSize = f_size, .xLock = f_lock,
	.xUnlock = f_lock, .xCheckReservedLock = f_reserved, .xFileControl = f_control,
	.xSectorSize = f_sector, .xDeviceCharacteristics = f_character, .xShmMap = f_shm_map,
	.xShmLock = f_shm_lock, .xShmBarrier = f_shm_barrier, .xShmUnmap = f_shm_unmap,
};

/* --- the directory --- */

static int v_open(sqlite3_vfs *v, const char *path, sqlite3_file *f, int flags, int *out_flags)
{
	struct file *x = (struct file *)f;

	memset(x, 0, sizeof(*x));
	if (!path) {
		fputs("crash: the store wants a temporary file\n", stderr);
		exit(2);
	}
	if (fails())
		return fail.e == VFS_NOMEM ? SQLITE_NOMEM : SQLITE_CANTOPEN;
	x->file = disk_lookup(disk, base_name(path));
	if (x->file < 0) {
		/* The store makes its file itself, before SQLite sees it. */
		if (!(flags & (SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)))
			return SQLITE_CANTOPEN;
		x->file = disk_create(disk, base_name(path));
		x->sync_dir = flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL);
	}
	if (out_flags)
		*out_flags = flags;
	x->base.pMethods = &methods;
	return SQLITE_OK;
}

static int v_delete(sqlite3_vfs *v, const char *path, int sync_dir)
{
	if (fails())
		return failure(SQLITE_IOERR_DELETE);
	if (disk_lookup(disk, base_name(path)) < 0)
		return SQLITE_IOERR_DELETE_NOENT;
	disk_unlink(disk, base_name(path));
	if (sync_dir && !deaf)
		disk_sync_dir(disk);
	return SQLITE_OK;
}

static int v_access(sqlite3_vfs *v, const char *path, int flags, int *out)
{
	int file = disk_lookup(disk, base_name(path));

	/* The unix VFS takes an empty file for none when asked whether one exists. */
	*out = file >= 0 && (flags != SQLITE_ACCESS_EXISTS || disk_size(disk, file) > 0);
	return SQLITE_OK;
}

static int v_full(sqlite3_vfs *v, const char *path, int n, char *out)
{
	snprintf(out, (size_t)n, "%s", path);
	return SQLITE_OK;
}

/* The same every time, so that a run can be repeated. */
static int v_random(sqlite3_vfs *v, int n, char *out)
{
	for (int i = 0; i < n; i++)
		out[i] = (char)disk_draw(&random_state);
	return n;
}

static int v_sleep(sqlite3_vfs *v, int us)
{
	return us;
}

static int v_time(sqlite3_vfs *v, double *out)
{
	return unix_vfs->xCurrentTime(unix_vfs, out);
}

static int v_error(sqlite3_vfs *v, int n, char *out)
{
	return 0;
}

static int remember(sqlite3 *db, const char **err, const void *api)
{
	last = db;
	return SQLITE_OK;
}

int vfs_sql(const char *sql)
{
	return sqlite3_exec(last, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

int vfs_register(void)
{
	static sqlite3_vfs vfs = {
		.iVersion = 1, .szOsFile = sizeof(struct file), .mxPathname = 4096, .zName = "crash",
		.xOpen = v_open, .xDelete = v_delete, .xAccess = v_access, .xFullPathname = v_full,
		.xRandomness = v_random, .xSleep = v_sleep, .xCurrentTime = v_time,
		.xGetLastError = v_error,
	};

	unix_vfs = sqlite3_vfs_find("unix");
	if (!unix_vfs || sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
		return -1;
	return sqlite3_auto_extension((void (*)(void))remember) == SQLITE_OK ? 0 : -1;
}
