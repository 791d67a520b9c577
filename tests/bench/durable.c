// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What it costs that a message's changes are on disk before its answer leaves,
 * beside writing as many bytes to a plain file of the same file system and
 * syncing that.
 *
 * Disks have moods: a sync takes 0.2 ms here and 4 ms there, for minutes or from
 * one to the next, and other programs write too. So both are done in pairs, in turns
 * the one first and the other; of all pairs the middle half counts, by what a pair took
 * in sum, and the figures are means over these same pairs. A median of each
 * would compare the disk in one mood with the disk in another.
 *
 * The plain file is written as the store's log is: it grows, and begins from the front
 * again, over blocks it has, when it is as long as the log becomes.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"
#include "util/str.h"

static double clock_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* Bytes this process has handed to write() and its kin. */
static uint64_t written(void)
{
	char line[64];
	uint64_t n = 0;
	FILE *f = fopen("/proc/self/io", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "wchar: %lu", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

static int commit(void *ctx, struct dm_tree *tree)
{
	return store_tree_commit(ctx, tree);
}

static int plain_write(int fd, const uint8_t *bytes, size_t n)
{
	while (n) {
		ssize_t k = write(fd, bytes, n);

		if (k < 0)
			return -errno;
		bytes += k;
		n -= (size_t)k;
	}
	return fdatasync(fd) ? -errno : 0;
}

struct pair {
	double message_us, cpu_us, plain_us;
};

struct durable {
	struct bench_engine e;
	struct dm_tree *tree;
	struct store *store;
	struct buf msg;
	unsigned int leaves, changes, rounds;
	int plain_fd;
	uint8_t *zeros;
	enum codec_format format;
	struct pair *pairs;
	uint64_t bytes, last;	/* of all messages, of the last one */
	uint64_t plain_at;
};

#define PLAIN_MAX (1u << 20)
#define LOG_SIZE (1000 * (1024 + 24))	/* pages of the log before it is worked in, with their heads */

static int one_message(struct durable *d, unsigned int i)
{
	uint64_t before = written();
	double wall = clock_us(CLOCK_MONOTONIC), cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	int err = bench_engine_run(&d->e, d->format, buf_slice(&d->msg), BENCH_NOW + i);

	d->pairs[i].message_us = clock_us(CLOCK_MONOTONIC) - wall;
	d->pairs[i].cpu_us = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	d->last = written() - before;
	d->bytes += d->last;
	if (!err && dm_session_result(d->e.session)->commands != d->changes * (i + 1))
		err = -EPROTO;
	return err;
}

static int one_plain(struct durable *d, unsigned int i)
{
	size_t n = d->last < PLAIN_MAX ? d->last : PLAIN_MAX;
	double start;
	int err;

	if (d->plain_at + n > LOG_SIZE) {
		if (lseek(d->plain_fd, 0, SEEK_SET) < 0)
			return -errno;
		d->plain_at = 0;
	}
	d->plain_at += n;
	start = clock_us(CLOCK_MONOTONIC);
	err = plain_write(d->plain_fd, d->zeros, n);
	d->pairs[i].plain_us = clock_us(CLOCK_MONOTONIC) - start;
	return err;
}

static int one_round(struct durable *d, unsigned int i)
{
	int err;

	buf_reset(&d->msg);
	err = bench_changes(&d->msg, d->format, d->changes, d->leaves, i + 1);
	/* Who comes first changes: a sync finds less to do behind another. */
	if (!err && i % 2)
		err = one_plain(d, i);
	if (!err)
		err = one_message(d, i);
	if (!err && i % 2 == 0)
		err = one_plain(d, i);
	return err;
}

static int setup(struct durable *d, const char *dir)
{
	char path[512];
	int err;

	if (snprintf(path, sizeof(path), "%s/plain", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	d->plain_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (d->plain_fd < 0)
		return -errno;
	d->zeros = calloc(1, PLAIN_MAX);
	d->pairs = calloc(d->rounds, sizeof(*d->pairs));
	d->tree = dm_tree_new();
	if (!d->zeros || !d->pairs || !d->tree)
		return -ENOMEM;
	memset(d->zeros, 0xa5, PLAIN_MAX);
	if (snprintf(path, sizeof(path), "%s/store", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	err = store_open(path, STORE_WRITE, 0, &d->store);
	if (!err)
		err = bench_tree(d->tree, d->leaves);
	if (!err)
		err = store_tree_commit(d->store, d->tree);
	if (!err)
		err = bench_engine_init(&d->e, d->format, d->tree, commit, d->store);
	return err;
}

static int by_sum(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	double d = x->message_us + x->plain_us - y->message_us - y->plain_us;

	return d < 0 ? -1 : d > 0;
}

static int by_ratio(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	double d = x->message_us / x->plain_us - y->message_us / y->plain_us;

	return d < 0 ? -1 : d > 0;
}

static void report(struct durable *d)
{
	unsigned int from = d->rounds / 4, to = d->rounds - from;
	struct pair sum = { 0 };

	qsort(d->pairs, d->rounds, sizeof(*d->pairs), by_sum);
	for (unsigned int i = from; i < to; i++) {
		sum.message_us += d->pairs[i].message_us / (to - from);
		sum.cpu_us += d->pairs[i].cpu_us / (to - from);
		sum.plain_us += d->pairs[i].plain_us / (to - from);
	}
	qsort(d->pairs, d->rounds, sizeof(*d->pairs), by_ratio);
	printf("message_us %.1f\nmessage_cpu_us %.1f\nfdatasync_us %.1f\npair_percent %.1f\n"
	       "bytes_per_message %lu\n", sum.message_us, sum.cpu_us, sum.plain_us,
	       d->pairs[d->rounds / 2].message_us / d->pairs[d->rounds / 2].plain_us * 100,
	       (unsigned long)(d->bytes / d->rounds));
}

int bench_durable(const char *dir, enum codec_format f, unsigned int leaves, unsigned int changes,
		  unsigned int rounds)
{
	struct durable d = { .format = f, .leaves = leaves, .changes = changes, .rounds = rounds,
			     .plain_fd = -1 };
	int err = setup(&d, dir);

	for (unsigned int i = 0; i < rounds && !err; i++)
		err = one_round(&d, i);
	if (err)
		fprintf(stderr, "bench durable: %s\n", strerror(-err));
	else
		report(&d);
	bench_engine_fini(&d.e);
	store_close(d.store);
	dm_tree_free(d.tree);
	buf_fini(&d.msg);
	free(d.zeros);
	free(d.pairs);
	if (d.plain_fd >= 0)
		close(d.plain_fd);
	return err ? 1 : 0;
}
