/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk that can lose power: one directory of files in memory, every operation
 * on it recorded, and what may be found after a power cut at any point.
 *
 * What a sync of a file, or of the directory, came after is there. Of the rest any part
 * may be: writes in any order, in sectors of 512 bytes, a file longer than what
 * was written into it, names that came or stayed. Bytes around a write are never
 * harmed (what SQLite calls powersafe overwrite, and assumes of Linux).
 */
#ifndef DMSC_TESTS_CRASH_DISK_H
#define DMSC_TESTS_CRASH_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk;

struct disk *disk_new(void);
void disk_free(struct disk *d);

/* As the running system sees it. @name: at most 63 bytes. The file's number, or -1. */
int disk_lookup(const struct disk *d, const char *name);
int disk_create(struct disk *d, const char *name);
void disk_unlink(struct disk *d, const char *name);
size_t disk_size(const struct disk *d, int file);
/* Bytes read; what is behind the end is not. */
size_t disk_read(const struct disk *d, int file, size_t at, void *to, size_t n);
void disk_write(struct disk *d, int file, size_t at, const void *from, size_t n);
void disk_truncate(struct disk *d, int file, size_t size);
void disk_sync(struct disk *d, int file);
void disk_sync_dir(struct disk *d);

enum disk_loss {
	DISK_LOSE_NOTHING,	/* the process was killed, not the machine */
	DISK_LOSE_UNSYNCED,	/* only what was synced is there */
	DISK_LOSE_SOME,		/* anything between, drawn from a seed */
};

/* Operations recorded so far; crash point p is behind the first p of them. */
size_t disk_ops(const struct disk *d);

/* Walks the crash points of a disk from the first to the last. */
struct disk_walk;
struct disk_walk *disk_walk_new(const struct disk *d);
void disk_walk_free(struct disk_walk *w);
/* To crash point @p, not before the one it stands at. */
void disk_walk_to(struct disk_walk *w, size_t p);
/* Operations that need not have survived here. */
size_t disk_walk_pending(const struct disk_walk *w);
/* What is found there after the power is back: a disk of its own, all of it durable. */
struct disk *disk_found(const struct disk_walk *w, enum disk_loss loss, uint64_t seed);

/* A number from a seed; the seed moves on (splitmix64). */
uint64_t disk_draw(uint64_t *seed);

#endif
