// SPDX-License-Identifier: GPL-2.0-or-later
/* The growing byte buffer of util/buf.h. */
#include "util/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_fini(struct buf *b)
{
	size_t max = b->max;

	free(b->data);
	buf_init(b, max);
}

void buf_wipe_fini(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	buf_fini(b);
}

void buf_reset(struct buf *b)
{
	buf_truncate(b, 0);
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len > b->len)
		len = b->len;
	b->len = len;
	b->err = 0;
	if (b->data)
		b->data[len] = 0;
}

uint8_t *buf_grow(struct buf *b, size_t n)
{
	size_t need, cap;
	uint8_t *p;

	if (b->err)
		return NULL;
	if (n > SIZE_MAX / 2 - b->len || (b->max && b->len + n > b->max)) {
		b->err = -EMSGSIZE;
		return NULL;
	}
	need = b->len + n + 1;
	if (need <= b->cap)
		return b->data + b->len;
	cap = b->cap ? b->cap : 64;
	while (cap < need)
		cap *= 2;
	/* Not realloc: the old bytes may be a secret and would stay behind in the heap. */
	p = malloc(cap);
	if (!p) {
		b->err = -ENOMEM;
		return NULL;
	}
	if (b->data) {
		memcpy(p, b->data, b->len);
		explicit_bzero(b->data, b->len);
		free(b->data);
	}
	p[b->len] = 0;
	b->data = p;
	b->cap = cap;
	return p + b->len;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	uint8_t *to;

	if (n == 0)
		return;
	to = buf_room(b, n);
	if (!to)
		return;
	memcpy(to, p, n);
	b->len += n;
	b->data[b->len] = 0;
}

void buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

void buf_put_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_put_slice(struct buf *b, struct slice s)
{
	buf_put(b, s.p, s.n);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	uint8_t *to;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->err = -EINVAL;
		return;
	}
	to = buf_room(b, (size_t)n);
	if (!to)
		return;
	vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

int buf_read_file(struct buf *b, const char *path)
{
	size_t start = b->len;
	int fd, ret = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (;;) {
		uint8_t chunk[4096];
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			ret = -errno;
		if (n <= 0)
			break;
		buf_put(b, chunk, (size_t)n);
		explicit_bzero(chunk, (size_t)n);
		ret = buf_error(b);
		if (ret)
			break;
	}
	close(fd);
	if (ret)
		buf_truncate(b, start);
	return ret;
}
