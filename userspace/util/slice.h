/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A borrowed range of bytes. It owns nothing and need not be NUL terminated;
 * whoever hands one out says how long the bytes stay valid.
 */
#ifndef DMSC_UTIL_SLICE_H
#define DMSC_UTIL_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *p;	/* NULL means "not present"; see slice_present() */
	size_t n;		/* bytes */
};

#define SLICE_NONE ((struct slice){ NULL, 0 })
#define SLICE_LIT(s) ((struct slice){ (const uint8_t *)(s), sizeof(s) - 1 })

static inline struct slice slice_of(const void *p, size_t n)
{
	return (struct slice){ p, n };
}

static inline struct slice slice_str(const char *s)
{
	return (struct slice){ (const uint8_t *)s, s ? strlen(s) : 0 };
}

/* An element that is there but empty is present with n == 0. */
static inline bool slice_present(struct slice s)
{
	return s.p != NULL;
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_eq_str(struct slice a, const char *s)
{
	return slice_eq(a, slice_str(s));
}

#endif
