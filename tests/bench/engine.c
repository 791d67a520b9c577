// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine as the benchmarks drive it: a session on a tree, no network, no clock. */
#include "bench.h"

#include <errno.h>
#include <string.h>

static int no_random(void *ctx, void *p, size_t n)
{
	memset(p, 0x5a, n);
	return 0;
}

static int in_memory(void *ctx, struct dm_tree *tree)
{
	dm_tree_committed(tree);
	return 0;
}

int bench_engine_init(struct bench_engine *e, enum codec_format f, struct dm_tree *tree,
		      int (*commit)(void *ctx, struct dm_tree *tree), void *ctx)
{
	struct dm_session_config cfg = {
		.tree = tree, .encoder = codec_encoder(f), .account = &e->account,
		.device_id = SLICE_LIT(BENCH_DEVICE), .session_id = 1,
		.transport_authenticated = true, .max_msg_size = 0x7fffffff, .ops = &e->ops, .ctx = ctx,
	};

	memset(e, 0, sizeof(*e));
	e->tree = tree;
	e->ops.random = no_random;
	e->ops.commit = commit ? commit : in_memory;
	dm_account_init(&e->account);
	buf_put_str(&e->account.server_id, BENCH_SERVER);
	buf_put_str(&e->account.url, "https://" BENCH_SERVER ":8443/dm");
	e->session = dm_session_new(&cfg);
	return e->session ? dm_session_start(e->session, BENCH_NOW, &e->out) : -ENOMEM;
}

void bench_engine_fini(struct bench_engine *e)
{
	dm_session_free(e->session);
	dm_account_fini(&e->account);
	buf_fini(&e->out);
}

int bench_engine_run(struct bench_engine *e, enum codec_format f, struct slice msg, int64_t now)
{
	static const struct codec_limits limits = { .message = 256u << 20, .elements = 1u << 24 };
	int err, rc;

	dm_session_message(e->session, now);
	err = codec_decode(f, msg, &limits, dm_session_sink(), e->session, NULL);
	rc = dm_session_reply(e->session, now, &e->out);
	if (err)
		return err;
	return rc < 0 ? rc : 0;
}
