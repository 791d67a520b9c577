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

#define LINKS_MAX 40	/* as the kernel follows */

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

/*
 * A symbolic link's words take its place in @rest; an absolute one begins at "/" anew.
 * The link itself is as safe as the directory it is in.
 */
static int follow(int *at, int link, char rest[PATH_MAX])
{
	char words[PATH_MAX];
	ssize_t n = readlinkat(link, "", words, sizeof(words));
	size_t behind = strlen(rest);

	if (n <= 0)
		return n ? -errno : -ENOENT;
	if ((size_t)n + 1 + behind >= PATH_MAX)
		return -ENAMETOOLONG;
	memmove(rest + n + 1, rest, behind + 1);
	memcpy(rest, words, (size_t)n);
	rest[n] = '/';
	if (words[0] != '/')
		return 0;
	close(*at);
	*at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *at < 0 ? -errno : owner_root_alone(*at, true);
}

/* The first name of @rest, and what is behind it in its place; "" when there is none. */
static void name_take(char rest[PATH_MAX], char name[PATH_MAX])
{
	size_t skip = strspn(rest, "/"), n = strcspn(rest + skip, "/");

	memcpy(name, rest + skip, n);
	name[n] = 0;
	skip += n;
	skip += strspn(rest + skip, "/");
	memmove(rest, rest + skip, strlen(rest + skip) + 1);
}

/* Goes from the directory *@at to @name. 1: it was a link, which is in @rest now; 0 or -errno. */
static int step(int *at, const char *name, char rest[PATH_MAX])
{
	int fd = openat(*at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), r;
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		r = -errno;
	} else if (S_ISLNK(st.st_mode)) {
		r = follow(at, fd, rest);
		close(fd);
		return r ? r : 1;
	} else if (rest[0]) {
		r = owner_root_alone(fd, true);
	} else {	/* what was looked at may be swapped by now: what is opened is looked at */
		close(fd);
		fd = openat(*at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		r = fd < 0 ? -errno : owner_root_alone(fd, false);
	}
	close(*at);
	*at = fd;
	return r;
}

int owner_open_program(const char *path)
{
	char rest[PATH_MAX], name[PATH_MAX];
	int fd, r, links = 0;

	if (path[0] != '/' || strlen(path) >= sizeof(rest))
		return -EINVAL;
	if (path[strlen(path) - 1] == '/')
		return -ENODEV;
	strcpy(rest, path);
	fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : owner_root_alone(fd, true);
	do {
		if (r < 0)
			break;
		links += r;
		name_take(rest, name);
		r = links > LINKS_MAX ? -ELOOP : step(&fd, name, rest);
	} while (r || rest[0]);
	if (r && fd >= 0)
		close(fd);
	return r ? r : fd;
}
