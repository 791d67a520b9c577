// SPDX-License-Identifier: GPL-2.0-or-later
/* A package over HTTP into a file, in as many attempts as it takes; the contract is in download.h. */
#include "dmsc-client/download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/str.h"

#define NAME_SIZE (STORE_FIRMWARE_PATH_MAX + 8)
#define LOOK_EVERY (1u << 20)	/* bytes between two looks at the file system, and at progress */
/* What ends a transfer for a reason of ours. */
#define E_TOO_LARGE (-EFBIG)
#define E_NO_ROOM (-ENOSPC)
#define E_OTHER_FILE (-ESTALE)	/* what came is not the rest of what is there */
#define E_NO_SIZE (-ENODATA)
#define E_TOO_MUCH (-EOVERFLOW)

struct work {
	const struct download *d;
	struct download_end *end;
	int fd;				/* of PATH.part */
	uint64_t have, total;		/* bytes; total 0 = not known */
	uint64_t looked;		/* at which size the file system was looked at */
	char validator[HTTP_VALIDATOR_MAX];
};

static void finish(struct work *w, uint32_t code, bool retry, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void finish(struct work *w, uint32_t code, bool retry, const char *fmt, ...)
{
	va_list ap;

	w->end->code = code;
	w->end->retry = retry;
	w->end->size = w->have;
	va_start(ap, fmt);
	vsnprintf(w->end->reason, sizeof(w->end->reason), fmt, ap);
	va_end(ap);
}

/* --- the files ------------------------------------------------------------- */

static int open_named(const struct work *w, const char *ending, int flags)
{
	char name[NAME_SIZE];
	int fd;

	snprintf(name, sizeof(name), "%s.%s", w->d->path, ending);
	fd = openat(w->d->dir, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	return fd < 0 ? -errno : fd;
}

static void remove_named(const struct work *w, const char *ending)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%s.%s", w->d->path, ending);
	unlinkat(w->d->dir, name, 0);
}

/* What is there belongs to this: size, line feed, validator. Durable before the first byte is. */
static int write_tag(const struct work *w)
{
	char text[HTTP_VALIDATOR_MAX + 32];
	_cleanup_close_ int fd = open_named(w, "tag", O_WRONLY | O_CREAT | O_TRUNC);
	int n = snprintf(text, sizeof(text), "%llu\n%s", (unsigned long long)w->total, w->validator);

	if (fd < 0)
		return fd;
	errno = 0;
	if (write(fd, text, (size_t)n) != n || fsync(fd))
		return errno ? -errno : -ENOSPC;
	return 0;
}

static bool read_tag(struct work *w)
{
	char text[HTTP_VALIDATOR_MAX + 32];
	_cleanup_close_ int fd = open_named(w, "tag", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	struct slice rest, size;

	if (n <= 0)
		return false;
	rest = slice_of(text, (size_t)n);
	return str_split(&rest, '\n', &size) && !str_parse_u64(size, &w->total) && slice_present(rest) &&
	       str_plain(rest) && !str_copy(w->validator, sizeof(w->validator), rest);
}

static int begin_anew(struct work *w)
{
	w->have = w->total = w->looked = 0;
	w->validator[0] = '\0';
	return ftruncate(w->fd, 0) ? -errno : 0;
}

/* What an earlier attempt left counts if it is known what it is a part of. */
static int open_part(struct work *w)
{
	struct stat st;

	w->fd = open_named(w, "part", O_RDWR | O_CREAT);
	if (w->fd < 0)
		return w->fd;
	if (fstat(w->fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	w->have = (uint64_t)st.st_size;
	if (!w->have)
		return 0;
	/* Without a validator nobody could tell it from a part of another file. */
	if (read_tag(w) && w->validator[0] && w->total && w->have <= w->total)
		return 0;
	return begin_anew(w);
}

/* Would @more bytes leave less than has to stay free? */
static bool no_room(const struct work *w, uint64_t more)
{
	struct statfs fs;
	uint64_t unit, reserve, is_free;

	if (fstatfs(w->fd, &fs))
		return false;	/* writing will tell */
	unit = (uint64_t)fs.f_bsize;
	reserve = (uint64_t)fs.f_blocks * unit / 20;
	if (reserve < DOWNLOAD_RESERVE_MIN)
		reserve = DOWNLOAD_RESERVE_MIN;
	is_free = (uint64_t)fs.f_bavail * unit;
	return is_free < reserve || is_free - reserve < more;
}

static int keep_package(struct work *w)
{
	char part[NAME_SIZE], pkg[NAME_SIZE];

	snprintf(part, sizeof(part), "%s.part", w->d->path);
	snprintf(pkg, sizeof(pkg), "%s.pkg", w->d->path);
	if (fsync(w->fd) || renameat(w->d->dir, part, w->d->dir, pkg) || fsync(w->d->dir))
		return -errno;
	remove_named(w, "tag");
	return 0;
}

/* --- what comes ------------------------------------------------------------ */

static int on_file(void *ctx, const struct http_file *f)
{
	struct work *w = ctx;
	int err;

	if (f->status == 206) {
		if (f->from != w->have || f->total != w->total || !w->have)
			return E_OTHER_FILE;
		/* Not every server minds If-Range. */
		if (f->validator[0] && strcmp(f->validator, w->validator))
			return E_OTHER_FILE;
		return no_room(w, w->total - w->have) ? E_NO_ROOM : 0;
	}
	/* The whole file: it knows no ranges, or the file is another one by now. */
	err = begin_anew(w);
	if (err)
		return err;
	if (!f->total)
		return E_NO_SIZE;
	if (f->total > w->d->max)
		return E_TOO_LARGE;
	if (no_room(w, f->total))
		return E_NO_ROOM;
	w->total = f->total;
	memcpy(w->validator, f->validator, sizeof(w->validator));
	return write_tag(w);
}

static int on_bytes(void *ctx, const void *p, size_t n)
{
	struct work *w = ctx;
	ssize_t put;

	if (n > w->total - w->have)
		return E_TOO_MUCH;
	while (n) {
		put = pwrite(w->fd, p, n, (off_t)w->have);
		if (put < 0)
			return errno == EDQUOT || errno == EFBIG ? E_NO_ROOM : -errno;
		w->have += (uint64_t)put;
		p = (const char *)p + put;
		n -= (size_t)put;
	}
	if (w->have - w->looked < LOOK_EVERY && w->have != w->total)
		return 0;
	w->looked = w->have;
	if (w->d->progress)
		w->d->progress(w->d->ctx, w->have, w->total);
	/* Others fill it, too. */
	return no_room(w, w->total - w->have) && w->have != w->total ? E_NO_ROOM : 0;
}

/* --- how it ended ---------------------------------------------------------- */

static void judge_transfer(struct work *w, const struct http_response *r)
{
	if (r->err == HTTP_ERR_URL)
		finish(w, FIRMWARE_BAD_URL, false, "%s", r->error);
	else
		finish(w, r->err == HTTP_ERR_TIMEOUT ? FIRMWARE_TIMEOUT : FIRMWARE_NETWORK,
		       r->err != HTTP_ERR_FILE, "%s", r->error);
}

/* Of what is ours: the disk's errors, and the E_ above. */
static void judge_error(struct work *w, int err)
{
	switch (err) {
	case E_TOO_LARGE:
		finish(w, FIRMWARE_NO_ROOM, false, "the package is larger than update-max allows");
		return;
	case E_NO_ROOM:
		finish(w, FIRMWARE_NO_ROOM, false, "there is no room for the package");
		return;
	case E_NO_SIZE:
		finish(w, FIRMWARE_CLIENT_ERROR, false, "the server does not say how large the package is");
		return;
	case E_OTHER_FILE:
		finish(w, FIRMWARE_CORRUPT, false, "the server sends other parts than it is asked for");
		return;
	case E_TOO_MUCH:
		finish(w, FIRMWARE_CORRUPT, false, "more came than the package has");
		return;
	default:
		finish(w, FIRMWARE_CLIENT_ERROR, false, "the package could not be written: %s",
		       strerror(-err));
	}
}

static void judge_status(struct work *w, long status)
{
	switch (status) {
	case 401:
	case 403:
	case 407:
		finish(w, FIRMWARE_AUTH, false, "the server wants credentials (HTTP %ld)", status);
		return;
	case 404:
	case 410:
		finish(w, FIRMWARE_BAD_URL, false, "there is no such package (HTTP %ld)", status);
		return;
	case 408:
	case 504:
		finish(w, FIRMWARE_TIMEOUT, true, "the server answered HTTP %ld", status);
		return;
	default:
		finish(w, status == 429 || status >= 500 ? FIRMWARE_NETWORK : FIRMWARE_CLIENT_ERROR,
		       status == 429 || status >= 500, "the server answered HTTP %ld", status);
	}
}

static void judge_whole(struct work *w)
{
	int err;

	if (w->have != w->total) {
		finish(w, FIRMWARE_NETWORK, true, "%llu of %llu bytes came",
		       (unsigned long long)w->have, (unsigned long long)w->total);
		return;
	}
	err = keep_package(w);
	if (err)
		judge_error(w, err);
	else
		finish(w, FIRMWARE_OK, false, "%s", "");
}

/* --- one attempt ----------------------------------------------------------- */

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* 0 with r->status not a redirect; what http_get() returned; 1: @w is finished. */
static int get(struct work *w, struct http *h, struct http_response *r)
{
	const struct http_sink sink = { on_file, on_bytes, w };
	char url[HTTP_URL_MAX];
	int err = str_copy(url, sizeof(url), slice_str(w->d->url));

	for (int i = 0; !err && i <= DOWNLOAD_REDIRECTS_MAX; i++) {
		err = http_get(h, url, w->have, w->validator, &sink, r);
		if (err || !is_redirect(r->status))
			return err;
		/* From https to nothing else; http, where it is allowed, may get better. */
		if (!http_url_is_https(r->location) &&
		    (http_url_is_https(url) || !http_url_is_plain(r->location))) {
			finish(w, FIRMWARE_BAD_URL, false,
			       "HTTP %ld redirects to an address that is not https", r->status);
			return 1;
		}
		err = str_copy(url, sizeof(url), slice_str(r->location));
	}
	finish(w, FIRMWARE_BAD_URL, false, "%s", err ? "an address is too long" :
	       "too many HTTP redirects");
	return 1;
}

static void attempt(struct work *w, struct http *h, struct http_response *r)
{
	/* Once more from the beginning, when what is there turns out to be of another file. */
	for (int i = 0; i < 2; i++) {
		int err = get(w, h, r);

		if (err == 1)
			return;
		if (!err && r->status == 416 && w->have && w->have == w->total) {
			judge_whole(w);
			return;
		}
		if (!i && (err == E_OTHER_FILE || (!err && r->status == 416 && w->have))) {
			err = begin_anew(w);
			if (!err)
				continue;
		}
		/* A disk can have the same number: then nothing is wrong with the transfer. */
		if (err == -EIO && r->err != HTTP_OK)
			judge_transfer(w, r);
		else if (err)
			judge_error(w, err);
		else if (r->status == 200 || r->status == 206)
			judge_whole(w);
		else
			judge_status(w, r->status);
		return;
	}
}

static void with_part(struct work *w)
{
	struct http_response r;
	struct http *h;
	int err = http_new(w->d->http, &h);

	if (err) {
		finish(w, FIRMWARE_CLIENT_ERROR, false, "%s", err == -EINVAL ?
		       "the CA file cannot be read" : "out of memory");
	} else {
		http_response_init(&r);
		attempt(w, h, &r);
		http_response_fini(&r);
		http_free(h);
	}
	if (w->end->code == FIRMWARE_OK)
		return;
	/* What may be gone on with is worth a sync, what may not is room for others. */
	if (w->end->retry) {
		(void)!fsync(w->fd);
	} else {
		remove_named(w, "part");
		remove_named(w, "tag");
	}
}

void download_run(const struct download *d, struct download_end *end)
{
	struct work w = { .d = d, .end = end, .fd = -1 };
	uint64_t size;
	int err;

	memset(end, 0, sizeof(*end));
	/* Whole since before a power cut. */
	if (!firmware_package_size(d->dir, d->path, &size)) {
		w.have = size;
		finish(&w, FIRMWARE_OK, false, "%s", "");
		return;
	}
	err = open_part(&w);
	if (err)
		judge_error(&w, err);
	else
		with_part(&w);
	if (w.fd >= 0)
		close(w.fd);
}
