// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of firmware packages in the store: made, measured, swept away. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dmsc-client/firmware_job.h"
#include "util/log.h"
#include "util/str.h"

#define NAME_SIZE (STORE_FIRMWARE_PATH_MAX + 8)

int firmware_dir(const char *store)
{
	_cleanup_close_ int parent = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (parent < 0)
		return -errno;
	if (mkdirat(parent, FIRMWARE_DIR, 0700) == 0) {
		if (fsync(parent))
			return -errno;
	} else if (errno != EEXIST) {
		return -errno;
	}
	fd = openat(parent, FIRMWARE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

static bool belongs(const char *name, const char *path)
{
	size_t n = path ? strlen(path) : 0;

	return n && !strncmp(name, path, n) && name[n] == '.';
}

int firmware_sweep(int dir, const char *path)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	int err = 0;

	if (!d) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && !belongs(e->d_name, path) &&
		    unlinkat(dir, e->d_name, 0) && errno != ENOENT)
			err = -errno;
	closedir(d);
	return err;
}

int firmware_package_size(int dir, const char *path, uint64_t *out)
{
	char name[NAME_SIZE];
	struct stat st;

	if (!path[0])
		return -ENOENT;
	snprintf(name, sizeof(name), "%s.pkg", path);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOENT;
	*out = (uint64_t)st.st_size;
	return 0;
}

static int write_all(int fd, struct slice data)
{
	while (data.n) {
		ssize_t n = write(fd, data.p, data.n);

		if (n < 0)
			return -errno;
		data = slice_of(data.p + n, data.n - (size_t)n);
	}
	return fsync(fd) ? -errno : 0;
}

int firmware_package_write(int dir, const char *path, struct slice data)
{
	char part[NAME_SIZE], name[NAME_SIZE];
	_cleanup_close_ int fd = -1;
	int err;

	snprintf(part, sizeof(part), "%s.part", path);
	snprintf(name, sizeof(name), "%s.pkg", path);
	fd = openat(dir, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(fd, data);
	if (!err && (renameat(dir, part, dir, name) || fsync(dir)))
		err = -errno;
	if (err)
		unlinkat(dir, part, 0);
	return err;
}
