/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that one process at a time holds; the lock goes with its descriptor. */
#ifndef DMSC_UTIL_LOCK_H
#define DMSC_UTIL_LOCK_H

#include <stdbool.h>
#include "util/cleanup.h"

/*
 * Opens @path, which may be no link, and locks it; with @create it is made, for its owner
 * alone. The descriptor, -EWOULDBLOCK when another one holds it, or -errno.
 */
int lock_open(const char *path, bool create) must_check;
/* The same, made when missing, and our process number is all that is in it. */
int lock_with_pid(const char *path) must_check;

#endif
