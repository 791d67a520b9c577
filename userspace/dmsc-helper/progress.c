// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes progress files; see progress.h. Who shows them is not known here. */
#include "dmsc-helper/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/log.h"

/* The umask of a service keeps others out; these are for everybody. */
static int dir_open(const char *dir, bool make)
{
	int fd;

	if (make && mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (make && fchmod(fd, 0755)) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

void progress_init(struct progress *p, const char *dir, const char *name)
{
	*p = (struct progress){ .dir = dir ? dir : PROGRESS_DIR };
	snprintf(p->name, sizeof(p->name), "%s", name);
	progress_end(p);
}

static int replace(int dir, const char *name, const char *text, size_t n)
{
	char new[48];
	int fd, r = 0;

	snprintf(new, sizeof(new), ".%s", name);	/* one writer: no other makes this file */
	fd = openat(dir, new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0644) || write(fd, text, n) != (ssize_t)n)
		r = -EIO;
	if (close(fd) && !r)
		r = -errno;
	if (!r && renameat(dir, new, dir, name))
		r = -errno;
	if (r)
		unlinkat(dir, new, 0);
	return r;
}

void progress_write(struct progress *p, int64_t now_ms, const char *server, const char *what,
		    uint64_t done, uint64_t total)
{
	char text[640];
	int dir, n, r;
	bool whole = total && done >= total;

	if (now_ms < p->next_ms && (!whole || p->whole))
		return;
	p->whole = whole;
	n = snprintf(text, sizeof(text), "server %s\nwhat %s\ndone %" PRIu64 "\ntotal %" PRIu64 "\n",
		     server, what, done, total);
	if (n < 0 || n >= (int)sizeof(text))
		return;
	dir = dir_open(p->dir, true);
	r = dir < 0 ? dir : replace(dir, p->name, text, (size_t)n);
	if (dir >= 0)
		close(dir);
	if (r && !p->next_ms)	/* said once */
		log_warn("%s: %s; progress is not shown", p->dir, strerror(-r));
	p->next_ms = now_ms + PROGRESS_EVERY_MS;
}

void progress_end(struct progress *p)
{
	char new[48];
	int dir = dir_open(p->dir, false);

	p->next_ms = 0;
	if (dir < 0)
		return;
	snprintf(new, sizeof(new), ".%s", p->name);
	unlinkat(dir, new, 0);
	unlinkat(dir, p->name, 0);
	close(dir);
}
