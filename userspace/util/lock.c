// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "util/log.h"

int lock_open(const char *path, bool create)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

int lock_with_pid(const char *path)
{
	int fd = lock_open(path, true);

	if (fd >= 0 && (ftruncate(fd, 0) || dprintf(fd, "%d\n", getpid()) < 0))
		log_warn("%s: %s: nobody will find this process by it", path, strerror(errno));
	return fd;
}
