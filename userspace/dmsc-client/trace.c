// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages into files; the contract is in trace.h. It looks into none of them. */
#include "dmsc-client/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/log.h"

int trace_open(struct trace *t, const char *dir)
{
	int err;

	t->dir_fd = -1;
	t->n = 0;
	t->broken = false;
	if (!dir)
		return 0;
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	t->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dir_fd < 0)
		return -errno;
	/* Two sessions mixed in one directory would replay as nonsense. */
	if (faccessat(t->dir_fd, "001-out.xml", F_OK, 0) == 0 ||
	    faccessat(t->dir_fd, "001-out.wbxml", F_OK, 0) == 0)
		err = -EEXIST;
	else
		return 0;
	trace_close(t);
	return err;
}

void trace_close(struct trace *t)
{
	if (t->dir_fd >= 0)
		close(t->dir_fd);
	t->dir_fd = -1;
}

static bool write_all(int fd, struct slice s)
{
	while (s.n) {
		ssize_t w = write(fd, s.p, s.n);

		if (w < 0)
			return false;
		s.p += w;
		s.n -= (size_t)w;
	}
	return true;
}

static void put(struct trace *t, const char *dir, const char *ext, struct slice msg)
{
	_cleanup_close_ int fd = -1;
	char name[64];

	if (t->dir_fd < 0)
		return;
	snprintf(name, sizeof(name), "%03u-%s.%s", t->n, dir, ext);
	fd = openat(t->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && write_all(fd, msg))
		return;
	log_err("trace: cannot write %s: %s", name, strerror(errno));
	t->broken = true;
}

void trace_out(struct trace *t, const char *ext, struct slice msg)
{
	t->n++;
	put(t, "out", ext, msg);
}

void trace_in(struct trace *t, const char *ext, struct slice msg)
{
	put(t, "in", ext, msg);
}
