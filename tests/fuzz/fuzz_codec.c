// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of the codec: the first byte selects what the rest is
 * (0 XML message, 1 WBXML message, 2 XML tree, 3 WBXML tree, modulo 4; bit 7:
 * padding allowed). What decodes must survive being written and read again.
 *
 * Without make:
 *   clang -g -O1 -std=gnu11 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined \
 *     -fno-sanitize-recover=all -Iuserspace $(xml2-config --cflags) \
 *     tests/fuzz/fuzz_codec.c userspace/codec/?*.c userspace/util/{buf,str}.c \
 *     -lxml2 -o fuzz_codec
 *   ./fuzz_codec -max_total_time=60 -dict=tests/fuzz/codec.dict CORPUS
 */
#include <errno.h>
#include <stdlib.h>
#include "codec/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

static void check_code(int ret)
{
	if (ret && ret != -EBADMSG && ret != -E2BIG)
		abort();
}

static void message(enum codec_format from, struct slice in, const struct codec_limits *lim)
{
	for (enum codec_format to = CODEC_XML; to <= CODEC_WBXML; to++) {
		struct copy c = { .to = to }, again = { .to = to };
		struct codec_error err;
		int ret = codec_decode(from, in, lim, &sink, &c, &err);

		check_code(ret);
		/* What XML cannot carry is refused, all else must read back and be written alike. */
		if (!ret && !buf_error(&c.out)) {
			if (codec_decode(to, buf_slice(&c.out), NULL, &sink, &again, &err))
				abort();
			if (buf_error(&again.out) || !slice_eq(buf_slice(&c.out), buf_slice(&again.out)))
				abort();
		}
		buf_fini(&c.out);
		buf_fini(&again.out);
	}
}

static void tree(enum codec_format from, struct slice in, const struct codec_limits *lim)
{
	struct codec_error err;
	struct codec_tnds *t, *again;
	int ret = codec_tnds_decode(from, in, lim, &t, &err);

	check_code(ret);
	if (ret)
		return;
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
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct codec_limits lim = { 0 };
	enum codec_format f;

	if (!size)
		return 0;
	f = data[0] & 1 ? CODEC_WBXML : CODEC_XML;
	lim.allow_padding = data[0] & 0x80;
	if (data[0] & 2)
		tree(f, slice_of(data + 1, size - 1), &lim);
	else
		message(f, slice_of(data + 1, size - 1), &lim);
	return 0;
}
