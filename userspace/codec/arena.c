// SPDX-License-Identifier: GPL-2.0-or-later
/* The piecewise memory of codec/arena.h. */
#include "codec/arena.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 4096u

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;	/* bytes of data */
	uint8_t data[];
};

void arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){ .max = max };
}

void arena_fini(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *c = a->chunks;

		a->chunks = c->next;
		free(c);
	}
	arena_init(a, a->max);
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *c = a->chunks;

	if (!c)
		return;
	/* A chunk made large by one long text is not kept. */
	if (c->next || c->size > CHUNK_SIZE) {
		arena_fini(a);
		return;
	}
	a->top = c->data;
}

static uint8_t *new_chunk(struct arena *a, size_t size)
{
	struct arena_chunk *c = malloc(sizeof(*c) + size);

	if (!c)
		return NULL;
	c->size = size;
	c->next = a->chunks;
	a->chunks = c;
	a->held += size;
	a->top = c->data;
	a->end = c->data + size;
	return c->data;
}

/* The C library moves or extends the newest chunk: a long text then exists only once. */
static uint8_t *resize_chunk(struct arena *a, size_t size)
{
	struct arena_chunk *c = realloc(a->chunks, sizeof(*c) + size);

	if (!c)
		return NULL;
	a->held += size - c->size;
	c->size = size;
	a->chunks = c;
	a->end = c->data + size;
	return c->data;
}

uint8_t *arena_grow(struct arena *a, uint8_t *old, size_t len, size_t more, int *err)
{
	bool alone = old && old == a->chunks->data;
	size_t need, size, avail;
	uint8_t *p;

	if (a->top && (size_t)(a->end - a->top) >= more) {
		p = old ? old : a->top;
		a->top += more;
		return p;
	}
	avail = a->max - a->held + (alone ? a->chunks->size : 0);
	if (len > avail || more > avail - len) {
		*err = -E2BIG;
		return NULL;
	}
	need = len + more;
	/* Half as much again, so that a text that comes in crumbs is copied seldom. */
	size = need <= CHUNK_SIZE / 2 ? CHUNK_SIZE : need + need / 2;
	if (size > avail)
		size = avail;
	p = alone ? resize_chunk(a, size) : new_chunk(a, size);
	if (!p) {
		*err = -ENOMEM;
		return NULL;
	}
	if (len && !alone)
		memcpy(p, old, len);
	a->top = p + need;
	return p;
}
