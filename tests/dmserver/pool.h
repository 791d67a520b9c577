/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is given back all at once: a script, or one received message.
 * Not a general allocator: nothing in it is freed alone.
 */
#ifndef DMSERVER_POOL_H
#define DMSERVER_POOL_H

#include "util/slice.h"

struct pool_block;

struct pool {
	struct pool_block *head;
};

void pool_free(struct pool *a);
/* @n zeroed bytes, aligned for any object, or NULL without memory. */
void *pool_alloc(struct pool *a, size_t n);
/* A copy of @s, NUL behind it; an absent slice stays absent. False without memory. */
bool pool_dup(struct pool *a, struct slice s, struct slice *out);

#endif
