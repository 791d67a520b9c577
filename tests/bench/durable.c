// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What it costs that a message's changes are on disk before its answer leaves,
 * beside writing as many bytes to a plain file of the same file system and
 * syncing that. Both are done in turns, so that the disk's mood hits both.
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

static int compare(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return d < 0 ? -1 : d > 0;
}

static double median(double *v, unsigned int n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
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

struct durable {
	struct bench_engine e;
	struct dm_tree *tree;
	struct store *store;
	struct buf msg;
	unsigned int leaves, changes, rounds;
	int plain_fd;
	uint8_t *zeros;
	double *message_us, *cpu_us, *plain_us;
	uint64_t bytes, last;	/* of all messages, of the last one */
};

#define PLAIN_MAX (1u << 20)

static int one_message(struct durable *d, unsigned int i)
{
	uint64_t before = written();
	double wall = clock_us(CLOCK_MONOTONIC), cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	int err = bench_engine_run(&d->e, CODEC_XML, buf_slice(&d->msg), BENCH_NOW + i);

	d->message_us[i] = clock_us(CLOCK_MONOTONIC) - wall;
	d->cpu_us[i] = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	d->last = written() - before;
	d->bytes += d->last;
	if (!err && dm_session_result(d->e.session)->commands != d->changes * (i + 1))
		err = -EPROTO;
	return err;
}

static int one_plain(struct durable *d, unsigned int i)
{
	double start = clock_us(CLOCK_MONOTONIC);
	int err = plain_write(d->plain_fd, d->zeros, d->last < PLAIN_MAX ? d->last : PLAIN_MAX);

	d->plain_us[i] = clock_us(CLOCK_MONOTONIC) - start;
	return err;
}

static int one_round(struct durable *d, unsigned int i)
{
	int err;

	buf_reset(&d->msg);
	err = bench_changes(&d->msg, CODEC_XML, d->changes, d->leaves, i + 1);
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
	d->message_us = calloc(d->rounds, sizeof(double));
	d->cpu_us = calloc(d->rounds, sizeof(double));
	d->plain_us = calloc(d->rounds, sizeof(double));
	d->tree = dm_tree_new();
	if (!d->zeros || !d->message_us || !d->cpu_us || !d->plain_us || !d->tree)
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
		err = bench_engine_init(&d->e, CODEC_XML, d->tree, commit, d->store);
	return err;
}

int bench_durable(const char *dir, unsigned int leaves, unsigned int changes, unsigned int rounds)
{
	struct durable d = { .leaves = leaves, .changes = changes, .rounds = rounds, .plain_fd = -1 };
	int err = setup(&d, dir);

	for (unsigned int i = 0; i < rounds && !err; i++)
		err = one_round(&d, i);
	if (err)
		fprintf(stderr, "bench durable: %s\n", strerror(-err));
	else
		printf("message_us %.1f\nmessage_cpu_us %.1f\nfdatasync_us %.1f\n"
		       "bytes_per_message %lu\n",
		       median(d.message_us, rounds), median(d.cpu_us, rounds), median(d.plain_us, rounds),
		       (unsigned long)(d.bytes / rounds));
	bench_engine_fini(&d.e);
	store_close(d.store);
	dm_tree_free(d.tree);
	buf_fini(&d.msg);
	free(d.zeros);
	free(d.message_us);
	free(d.cpu_us);
	free(d.plain_us);
	if (d.plain_fd >= 0)
		close(d.plain_fd);
	return err ? 1 : 0;
}
