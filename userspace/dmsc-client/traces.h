/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The traces that sessions leave by configuration: STORE/traces/N, N as in the journal. */
#ifndef DMSC_CLIENT_TRACES_H
#define DMSC_CLIENT_TRACES_H

#include <stddef.h>
#include <stdint.h>
#include "util/cleanup.h"

#define TRACES_KEPT 8
#define TRACES_PATH_MAX 512

/*
 * A place for the trace of session @id in @store, as its path; of the older ones the newest
 * stay that TRACES_KEPT leave room for. 0 or -errno.
 */
int traces_place(const char *store, int64_t id, char out[TRACES_PATH_MAX]) must_check;

#endif
