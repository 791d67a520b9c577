// SPDX-License-Identifier: GPL-2.0-or-later
/* The all-at-once memory of pool.h. */
#include "pool.h"

#include <stdalign.h>
#include <stdlib.h>

#define POOL_BLOCK 8192

struct pool_block {
	struct pool_block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char mem[];
};

void pool_free(struct pool *a)
{
	struct pool_block *b, *next;

	for (b = a->head; b; b = next) {
		next = b->next;
		free(b);
	}
	a->head = NULL;
}

void *pool_alloc(struct pool *a, size_t n)
{
	struct pool_block *b = a->head;
	size_t size;
	void *p;

	n = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!b || b->size - b->used < n) {
		size = n > POOL_BLOCK ? n : POOL_BLOCK;
		b = calloc(1, sizeof(*b) + size);
		if (!b)
			return NULL;
		b->size = size;
		b->next = a->head;
		a->head = b;
	}
	p = b->mem + b->used;
	b->used += n;
	return p;
}

bool pool_dup(struct pool *a, struct slice s, struct slice *out)
{
	uint8_t *p;

	*out = SLICE_NONE;
	if (!slice_present(s))
		return true;
	p = pool_alloc(a, s.n + 1);
	if (!p)
		return false;
	if (s.n)
		memcpy(p, s.p, s.n);
	*out = slice_of(p, s.n);
	return true;
}
