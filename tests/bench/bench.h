/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the benchmark program share; it measures, it judges nothing. */
#ifndef DMSC_TESTS_BENCH_H
#define DMSC_TESTS_BENCH_H

#include "codec/codec.h"
#include "dm/session.h"

#define BENCH_DEVICE "IMEI:493005100592800"
#define BENCH_SERVER "dm.example.net"
#define BENCH_NOW 1262304000	/* 2010-01-01T00:00:00Z */

/*
 * One server message of @n commands: 70% Get, 20% Replace, 10% Add, in an
 * order and on leaves drawn from a fixed seed, behind the statuses of package 1.
 * @leaves: the tree the leaves are drawn from.
 */
int bench_message(struct buf *out, enum codec_format f, unsigned int n, unsigned int leaves);
/* @n Replaces of leaves spread over the tree; message @round of a session. */
int bench_changes(struct buf *out, enum codec_format f, unsigned int n, unsigned int leaves,
		  unsigned int round);
/* The tree they are for, as a serialized object. */
int bench_tnds(struct buf *out, enum codec_format f, unsigned int leaves);
/*
 * The same into @t, with the standing objects: ./Vendor/Bench (its ACL the only one there is
 * but for those) / g<i / 100> / n<i>. Not committed.
 */
int bench_tree(struct dm_tree *t, unsigned int leaves);

/* An engine with nothing around it; @commit is handed @ctx. */
struct bench_engine {
	struct dm_tree *tree;
	struct dm_account account;
	struct dm_session *session;
	struct dm_session_ops ops;
	struct buf out;
};

int bench_engine_init(struct bench_engine *e, enum codec_format f, struct dm_tree *tree,
		      int (*commit)(void *ctx, struct dm_tree *tree), void *ctx);
void bench_engine_fini(struct bench_engine *e);
/* Decodes @msg, runs it, writes the reply to e->out. 0 or -errno. */
int bench_engine_run(struct bench_engine *e, enum codec_format f, struct slice msg, int64_t now);

/* Subcommands: 0 or an exit code. */
int bench_durable(const char *dir, enum codec_format f, unsigned int leaves, unsigned int changes,
		  unsigned int rounds);

#endif
