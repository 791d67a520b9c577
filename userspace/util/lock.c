// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/log.h"

#define OPENS_MAX 4

/* Of one that was removed between its opening and its locking nobody else would know. */
static bool stands(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_nlink;
}

int lock_open(const char *path, bool create)
{
	int fd, r;

	for (int i = 0; i < OPENS_MAX; i++) {
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);
		if (fd < 0)
			return -errno;
		r = flock(fd, LOCK_EX | LOCK_NB) ? -errno : 0;
		if (!r && stands(fd))
			return fd;
		close(fd);
		if (r)
			return r;
	}
	return -EWOULDBLOCK;
}

int lock_with_pid(const char *path)
{
	int fd = lock_open(path, true);

	if (fd >= 0 && (ftruncate(fd, 0) || dprintf(fd, "%d\n", getpid()) < 0))
		log_warn("%s: %s: nobody will find this process by it", path, strerror(errno));
	return fd;
}
