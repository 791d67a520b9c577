/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing byte buffer with a sticky error.
 *
 * Appends after a failed allocation (or past @max) do nothing, so a writer
 * checks buf_error() once at its end. The content is always followed by one
 * NUL that does not count, so text can be printed.
 */
#ifndef DMSC_UTIL_BUF_H
#define DMSC_UTIL_BUF_H

#include <stdarg.h>
#include "util/slice.h"

struct buf {
	uint8_t *data;
	size_t len;	/* bytes used */
	size_t cap;	/* bytes allocated, the NUL included */
	size_t max;	/* bytes allowed; 0 = no limit */
	int err;	/* 0, -ENOMEM or -EMSGSIZE; sticky */
};

#define BUF_INIT { NULL, 0, 0, 0, 0 }

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
/* Wipes before it frees: for passwords and nonces. */
void buf_wipe_fini(struct buf *b);
/* Empties, keeps the memory, clears the error. */
void buf_reset(struct buf *b);
/* Drops everything behind @len (<= b->len) and clears the error: the way back from a mark. */
void buf_truncate(struct buf *b, size_t len);
void buf_put(struct buf *b, const void *p, size_t n);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_str(struct buf *b, const char *s);
void buf_put_slice(struct buf *b, struct slice s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* For buf_room(). */
uint8_t *buf_grow(struct buf *b, size_t n);

/* Makes room for @n more bytes and returns where they go, or NULL; add to b->len what was used. */
static inline uint8_t *buf_room(struct buf *b, size_t n)
{
	/* With no memory yet, cap is 0. */
	if (n < b->cap - b->len && !b->err && (!b->max || n <= b->max - b->len))
		return b->data + b->len;
	return buf_grow(b, n);
}

/* Reads a whole file into @b. 0, or -errno with @b as it was; -EMSGSIZE past b->max. */
int buf_read_file(struct buf *b, const char *path);

static inline int buf_error(const struct buf *b)
{
	return b->err;
}

static inline struct slice buf_slice(const struct buf *b)
{
	return slice_of(b->data ? b->data : (const uint8_t *)"", b->len);
}

/* The content as a C string; "" when nothing was ever written. */
static inline const char *buf_cstr(const struct buf *b)
{
	return b->data ? (const char *)b->data : "";
}

#endif
