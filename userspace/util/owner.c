// SPDX-License-Identifier: GPL-2.0-or-later
/* Dropping root's rights for the owner of a directory; what root may run. */
#include "util/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int owner_become(const char *dir)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (stat(dir, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (st.st_uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) < 0 ||
	    setresuid(st.st_uid, st.st_uid, st.st_uid) < 0)
		return -errno;
	return 0;
}

int owner_root_alone(int fd, bool directory)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (directory ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		return -ENODEV;
	return st.st_uid || st.st_mode & (S_IWGRP | S_IWOTH) ? -EPERM : 0;
}

/* One step of a path, opened below the one before. */
static int step(int *at, const char *name, bool directory)
{
	int fd = openat(*at, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
			(directory ? O_DIRECTORY | O_PATH : 0));
	int r = fd < 0 ? -errno : owner_root_alone(fd, directory);

	if (*at >= 0)
		close(*at);
	*at = fd;
	return r;
}

int owner_open_program(const char *path)
{
	char copy[PATH_MAX], *name = copy + 1, *slash;
	int fd = -1, r;

	if (path[0] != '/' || strlen(path) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, path);
	r = step(&fd, "/", true);
	for (; !r && (slash = strchr(name, '/')); name = slash + 1) {
		*slash = 0;
		if (*name)	/* not between two slashes */
			r = step(&fd, name, true);
	}
	if (!r)
		r = *name ? step(&fd, name, false) : -ENODEV;
	if (r && fd >= 0)
		close(fd);
	return r ? r : fd;
}
