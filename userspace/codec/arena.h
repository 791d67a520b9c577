/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for the texts of one command: many small pieces, released together.
 *
 * Only the newest piece can grow. Not a general allocator: pieces are bytes
 * without alignment.
 */
#ifndef DMSC_CODEC_ARENA_H
#define DMSC_CODEC_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;	/* newest first */
	uint8_t *top, *end;		/* free part of the newest */
	size_t held;			/* bytes of all chunks */
	size_t max;			/* bytes allowed */
};

void arena_init(struct arena *a, size_t max);
void arena_fini(struct arena *a);
/* Drops all pieces; keeps one chunk for the next command. */
void arena_reset(struct arena *a);
/*
 * Makes the newest piece @old (@len bytes, NULL for none) @more bytes longer
 * and returns it, perhaps moved; the caller fills the new bytes. NULL with
 * *@err = -ENOMEM or -E2BIG, and @old as it was.
 */
uint8_t *arena_grow(struct arena *a, uint8_t *old, size_t len, size_t more, int *err);

#endif
