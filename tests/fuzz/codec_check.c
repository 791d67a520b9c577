// SPDX-License-Identifier: GPL-2.0-or-later
/* Decode, write, read again, and compare; see the header. */
#include "codec_check.h"

#include <errno.h>
#include <stdlib.h>

struct copy {
	enum codec_format to;
	struct buf out;
	enum dm_cmd_kind open[16];
	unsigned int nopen;
};

static int on_header(void *ctx, const struct dm_hdr *h)
{
	struct copy *c = ctx;

	codec_encoder(c->to)->begin(&c->out, h);
	return 0;
}

/* The writers read every byte of a command: the sanitizer judges each slice. */
static int on_command(void *ctx, const struct dm_cmd *cmd)
{
	struct copy *c = ctx;

	codec_encoder(c->to)->command(&c->out, cmd);
	return 0;
}

static int on_container_begin(void *ctx, const struct dm_cmd *cmd)
{
	struct copy *c = ctx;

	if (c->nopen == 16)
		abort();
	c->open[c->nopen++] = cmd->kind;
	codec_encoder(c->to)->container_begin(&c->out, cmd);
	return 0;
}

static int on_container_end(void *ctx)
{
	struct copy *c = ctx;

	if (!c->nopen)
		abort();
	codec_encoder(c->to)->container_end(&c->out, c->open[--c->nopen]);
	return 0;
}

static int on_end(void *ctx, bool final)
{
	struct copy *c = ctx;

	if (c->nopen)
		abort();
	codec_encoder(c->to)->finish(&c->out, final);
	return 0;
}

static const struct dm_sink sink = {
	.header = on_header,
	.command = on_command,
	.container_begin = on_container_begin,
	.container_end = on_container_end,
	.end = on_end,
};

/* Out of memory says something of the machine alone. */
static void check_code(int ret)
{
	if (ret && ret != -ENOMEM && ret != -EBADMSG && ret != -E2BIG)
		abort();
}

/* A whole document ends with the END of its root. */
static struct codec_limits limits_for(struct slice in)
{
	return (struct codec_limits){ .allow_padding = in.n && in.p[in.n - 1] != 0x01 };
}

void codec_check_message(enum codec_format from, struct slice in)
{
	struct codec_limits lim = limits_for(in);

	for (enum codec_format to = CODEC_XML; to <= CODEC_WBXML; to++) {
		struct copy c = { .to = to }, again = { .to = to };
		struct codec_error err;
		int ret = codec_decode(from, in, &lim, &sink, &c, &err);

		check_code(ret);
		/* What XML cannot carry is refused, all else must read and be written alike. */
		if (!ret && !buf_error(&c.out)) {
			if (codec_decode(to, buf_slice(&c.out), NULL, &sink, &again, &err))
				abort();
			if (buf_error(&again.out) ||
			    !slice_eq(buf_slice(&c.out), buf_slice(&again.out)))
				abort();
		}
		buf_fini(&c.out);
		buf_fini(&again.out);
	}
}

bool codec_check_tree(enum codec_format from, struct slice in)
{
	struct codec_limits lim = limits_for(in);
	struct codec_error err;
	struct codec_tnds *t, *again;
	int ret = codec_tnds_decode(from, in, &lim, &t, &err);

	check_code(ret);
	if (ret)
		return false;
	for (enum codec_format to = CODEC_XML; to <= CODEC_WBXML; to++) {
		struct buf out = BUF_INIT, out2 = BUF_INIT;

		codec_tnds_encode(to, &out, codec_tnds_get(t));
		if (!buf_error(&out)) {
			if (codec_tnds_decode(to, buf_slice(&out), NULL, &again, &err))
				abort();
			codec_tnds_encode(to, &out2, codec_tnds_get(again));
			if (!slice_eq(buf_slice(&out), buf_slice(&out2)))
				abort();
			codec_tnds_free(again);
		}
		buf_fini(&out);
		buf_fini(&out2);
	}
	codec_tnds_free(t);
	return true;
}
