// SPDX-License-Identifier: GPL-2.0-or-later
/* The record directory of record.h. */
#include "record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "util/cleanup.h"
#include "util/log.h"

static int write_all(int fd, struct slice s)
{
	ssize_t n;

	while (s.n) {
		n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		s.p += n;
		s.n -= (size_t)n;
	}
	return 0;
}

static void report(struct record *r, const char *what, int err)
{
	if (err && !r->failed) {
		log_err("record: %s: %s", what, strerror(-err));
		r->failed = true;
	}
}

/* A second run in the same directory goes on where the first one ended. */
static unsigned int last_exchange(int dirfd)
{
	unsigned int max = 0, n;
	struct dirent *e;
	DIR *d = NULL;
	int fd = dup(dirfd);

	if (fd >= 0)
		d = fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	rewinddir(d);
	while ((e = readdir(d)))
		if (sscanf(e->d_name, "%9u-in.", &n) == 1 && n > max)
			max = n;
	closedir(d);
	return max;
}

int record_open(struct record *r, const char *dir, bool raw)
{
	int err;

	*r = (struct record){ .dirfd = -1, .fd = -1, .raw = raw };
	if (!dir)
		return 0;
	if (mkdir(dir, 0700) && errno != EEXIST)
		return -errno;
	r->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dirfd < 0)
		return -errno;
	r->fd = openat(r->dirfd, "record.jsonl", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (r->fd < 0) {
		err = -errno;
		record_close(r);
		return err;
	}
	r->exchange = last_exchange(r->dirfd);
	return 0;
}

void record_close(struct record *r)
{
	if (r->fd >= 0)
		close(r->fd);
	if (r->dirfd >= 0)
		close(r->dirfd);
	r->fd = -1;
	r->dirfd = -1;
	buf_fini(&r->event);
}

struct buf *record_begin(struct record *r, const char *name)
{
	struct timespec now;
	struct tm tm;
	char date[32];

	buf_reset(&r->event);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	json_open(&r->event, NULL, '{');
	/* The first value of a document takes no comma. */
	json_str(&r->event, "event", name);
	buf_printf(&r->event, ",\"time\":\"%s.%03ldZ\"", date, now.tv_nsec / 1000000);
	return &r->event;
}

void record_end(struct record *r)
{
	int err;

	json_close(&r->event, '}');
	buf_put_u8(&r->event, '\n');
	if (r->fd < 0)
		return;
	err = buf_error(&r->event);
	if (!err)
		err = write_all(r->fd, buf_slice(&r->event));
	report(r, "record.jsonl", err);
}

static void keep(struct record *r, unsigned int exchange, const char *way, const char *ext,
		 struct slice bytes)
{
	_cleanup_close_ int fd = -1;
	char name[48];

	if (r->dirfd < 0 || !r->raw)
		return;
	snprintf(name, sizeof(name), "%03u-%s.%s", exchange, way, ext);
	fd = openat(r->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	report(r, name, fd < 0 ? -errno : write_all(fd, bytes));
}

static const char *extension(enum codec_format format)
{
	return format == CODEC_WBXML ? "wbxml" : "xml";
}

unsigned int record_request(struct record *r, enum codec_format format, struct slice bytes)
{
	keep(r, ++r->exchange, "in", extension(format), bytes);
	return r->exchange;
}

void record_response(struct record *r, unsigned int exchange, enum codec_format format,
		     struct slice bytes)
{
	keep(r, exchange, "out", extension(format), bytes);
}

int record_replace(struct record *r, const char *name, struct slice bytes)
{
	_cleanup_close_ int fd = -1;
	char tmp[64];
	int err;

	if (r->dirfd < 0)
		return 0;
	snprintf(tmp, sizeof(tmp), ".%s.new", name);
	fd = openat(r->dirfd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(fd, bytes);
	if (!err && fsync(fd))
		err = -errno;
	if (!err && renameat(r->dirfd, tmp, r->dirfd, name))
		err = -errno;
	return err;
}
