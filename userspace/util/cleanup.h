/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scope-bound release, so that no error path can leak. */
#ifndef DMSC_UTIL_CLEANUP_H
#define DMSC_UTIL_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>
#include "util/buf.h"

static inline void cleanup_free_(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close_(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_buf_(struct buf *b)
{
	buf_fini(b);
}

#define _cleanup_free_ __attribute__((cleanup(cleanup_free_)))
#define _cleanup_close_ __attribute__((cleanup(cleanup_close_)))
#define _cleanup_buf_ __attribute__((cleanup(cleanup_buf_)))

/* Hands a pointer out of a _cleanup_free_ variable. */
#define take_ptr(p)                      \
	({                               \
		__typeof__(p) took_ = (p); \
		(p) = NULL;              \
		took_;                   \
	})

#define must_check __attribute__((warn_unused_result))

#endif
