// SPDX-License-Identifier: GPL-2.0-or-later
/* The canonical text of codec_dump.h. */
#include "codec_dump.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "util/str.h"

static const char *const kinds[] = {
	[DM_CMD_STATUS] = "Status", [DM_CMD_RESULTS] = "Results", [DM_CMD_ALERT] = "Alert",
	[DM_CMD_GET] = "Get", [DM_CMD_ADD] = "Add", [DM_CMD_REPLACE] = "Replace",
	[DM_CMD_DELETE] = "Delete", [DM_CMD_COPY] = "Copy", [DM_CMD_EXEC] = "Exec",
	[DM_CMD_ATOMIC] = "Atomic", [DM_CMD_SEQUENCE] = "Sequence", [DM_CMD_OTHER] = "other",
};

static void quoted(struct buf *out, struct slice s)
{
	buf_put_u8(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] >= 0x20 && s.p[i] < 0x7f && s.p[i] != '"' && s.p[i] != '\\')
			buf_put_u8(out, s.p[i]);
		else
			buf_printf(out, "\\x%02x", s.p[i]);
	}
	buf_put_u8(out, '"');
}

/* The two notations name the type of what they embed after themselves. */
static struct slice without_notation(struct slice type)
{
	if (str_ends(type, "+wbxml"))
		type.n -= strlen("wbxml");
	else if (str_ends(type, "+xml"))
		type.n -= strlen("xml");
	return type;
}

static void field(struct buf *out, const char *name, struct slice s)
{
	if (!slice_present(s))
		return;
	buf_printf(out, " %s=", name);
	quoted(out, s);
}

static void number(struct buf *out, const char *name, bool has, uint64_t v)
{
	if (has)
		buf_printf(out, " %s=%llu", name, (unsigned long long)v);
}

static void meta(struct buf *out, const char *where, const struct dm_meta *m, bool unify)
{
	struct buf t = BUF_INIT;

	field(&t, "format", m->format);
	field(&t, "type", unify ? without_notation(m->type) : m->type);
	field(&t, "mark", m->mark);
	field(&t, "version", m->version);
	field(&t, "nonce", m->next_nonce);
	if (m->nonce_opaque && !unify)
		buf_put_str(&t, " (opaque)");
	number(&t, "size", m->has_size, m->size);
	number(&t, "maxmsgsize", m->has_max_msg_size, m->max_msg_size);
	number(&t, "maxobjsize", m->has_max_obj_size, m->max_obj_size);
	if (t.len)
		buf_printf(out, " %s={%s }", where, buf_cstr(&t));
	buf_fini(&t);
}

static void cred(struct buf *out, const struct dm_cred *c, bool unify)
{
	buf_put_str(out, " cred={");
	meta(out, "meta", &c->meta, unify);
	field(out, "data", c->data);
	buf_put_str(out, c->data_opaque && !unify ? " (opaque) }" : " }");
}

static void tnds(struct buf *out, const struct dm_tnds *t, bool unify)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct dm_tnds_node *n = &t->nodes[i];

		buf_printf(out, "  node %u", n->depth);
		field(out, "name", n->name);
		field(out, "path", n->path);
		field(out, "format", n->format);
		field(out, "type", n->type);
		field(out, "acl", n->acl);
		field(out, "title", n->title);
		field(out, "tstamp", n->tstamp);
		field(out, "verno", n->verno);
		if (n->has_value)
			field(out, n->value_opaque && !unify ? "value(opaque)" : "value", n->value);
		buf_put_u8(out, '\n');
	}
}

void codec_dump_tnds(struct buf *out, const struct dm_tnds *t)
{
	tnds(out, t, false);
}

void codec_dump_prov(struct buf *out, const struct dm_prov *p)
{
	buf_put_str(out, "prov");
	field(out, "version", p->version);
	buf_put_u8(out, '\n');
	for (size_t i = 0; i < p->n; i++) {
		const struct dm_prov_item *it = &p->items[i];

		buf_printf(out, "%u %s", it->depth, it->kind == DM_PROV_PARM ? "parm" : "characteristic");
		field(out, it->kind == DM_PROV_PARM ? "name" : "type", it->name);
		field(out, "value", it->value);
		buf_put_u8(out, '\n');
	}
}

static int called(struct codec_dump *d)
{
	return ++d->calls == d->fail_at ? d->fail_with : 0;
}

static int on_header(void *ctx, const struct dm_hdr *h)
{
	struct codec_dump *d = ctx;

	d->headers++;
	buf_put_str(&d->out, "header");
	field(&d->out, "verdtd", h->ver_dtd);
	field(&d->out, "verproto", h->ver_proto);
	field(&d->out, "session", h->session_id);
	field(&d->out, "msg", h->msg_id);
	field(&d->out, "target", h->target);
	field(&d->out, "targetname", h->target_name);
	field(&d->out, "source", h->source);
	field(&d->out, "sourcename", h->source_name);
	field(&d->out, "respuri", h->resp_uri);
	if (h->no_resp)
		buf_put_str(&d->out, " noresp");
	if (h->has_cred)
		cred(&d->out, &h->cred, d->unify);
	meta(&d->out, "meta", &h->meta, d->unify);
	buf_put_u8(&d->out, '\n');
	return called(d);
}

/* Markup DM has no use for (DevInf of data synchronisation) counts as nothing in either notation. */
static bool is_foreign(struct slice s)
{
	return s.n > 4 && s.p[0] >= 1 && s.p[0] <= 3 && s.p[3] == 0x6a;
}

static void data(struct codec_dump *d, const struct dm_item *it)
{
	struct codec_tnds *t = NULL;
	struct slice s = it->data;

	if (d->unify && it->data_opaque &&
	    codec_tnds_decode(CODEC_WBXML, it->data, NULL, &t, NULL) == 0) {
		buf_put_str(&d->out, " tnds\n");
		tnds(&d->out, codec_tnds_get(t), true);
		codec_tnds_free(t);
		return;
	}
	if (d->unify && it->data_opaque && is_foreign(s))
		s.n = 0;
	field(&d->out, it->data_opaque && !d->unify ? "data(opaque)" : "data", s);
	buf_put_u8(&d->out, '\n');
}

static void item(struct codec_dump *d, const struct dm_item *it)
{
	buf_put_str(&d->out, " item");
	field(&d->out, "target", it->target);
	field(&d->out, "targetname", it->target_name);
	field(&d->out, "source", it->source);
	field(&d->out, "sourcename", it->source_name);
	meta(&d->out, "meta", &it->meta, d->unify);
	if (it->more_data)
		buf_put_str(&d->out, " more");
	if (!it->tnds) {
		data(d, it);
		return;
	}
	buf_put_str(&d->out, " tnds\n");
	tnds(&d->out, it->tnds, d->unify);
}

static void command(struct codec_dump *d, const struct dm_cmd *c)
{
	struct buf *o = &d->out;

	buf_printf(o, "%u %s", d->depth, kinds[c->kind]);
	if (c->kind == DM_CMD_OTHER)
		field(o, "name", c->name);
	field(o, "id", c->cmd_id);
	if (c->no_resp)
		buf_put_str(o, " noresp");
	field(o, "msgref", c->msg_ref);
	field(o, "cmdref", c->cmd_ref);
	field(o, "cmd", c->cmd);
	field(o, "targetref", c->target_ref);
	field(o, "sourceref", c->source_ref);
	meta(o, "meta", &c->meta, d->unify);
	if (c->has_cred)
		cred(o, &c->cred, d->unify);
	if (c->has_chal)
		meta(o, "chal", &c->chal, d->unify);
	field(o, "data", c->data);
	field(o, "correlator", c->correlator);
	buf_put_u8(o, '\n');
	for (size_t i = 0; i < c->nitems; i++)
		item(d, &c->items[i]);
}

static int on_command(void *ctx, const struct dm_cmd *c)
{
	struct codec_dump *d = ctx;

	d->commands++;
	command(d, c);
	return called(d);
}

static int on_container_begin(void *ctx, const struct dm_cmd *c)
{
	struct codec_dump *d = ctx;

	command(d, c);
	d->depth++;
	return called(d);
}

static int on_container_end(void *ctx)
{
	struct codec_dump *d = ctx;

	d->depth--;
	buf_printf(&d->out, "%u close\n", d->depth);
	return called(d);
}

static int on_end(void *ctx, bool final)
{
	struct codec_dump *d = ctx;

	d->ends++;
	buf_put_str(&d->out, final ? "end final\n" : "end\n");
	return called(d);
}

const struct dm_sink codec_dump_sink = {
	.header = on_header,
	.command = on_command,
	.container_begin = on_container_begin,
	.container_end = on_container_end,
	.end = on_end,
};

int codec_dump(enum codec_format format, struct slice msg, const struct codec_limits *limits,
	       struct buf *out)
{
	struct codec_dump d = { .out = BUF_INIT };
	int ret = codec_decode(format, msg, limits, &codec_dump_sink, &d, NULL);

	buf_put_slice(out, buf_slice(&d.out));
	buf_fini(&d.out);
	return ret;
}

/* --- decode and encode again -------------------------------------------------------- */

static int copy_header(void *ctx, const struct dm_hdr *h)
{
	struct codec_copy *c = ctx;

	c->enc->begin(&c->out, h);
	return buf_error(&c->out);
}

static int copy_command(void *ctx, const struct dm_cmd *cmd)
{
	struct codec_copy *c = ctx;

	c->enc->command(&c->out, cmd);
	return buf_error(&c->out);
}

static int copy_container_begin(void *ctx, const struct dm_cmd *cmd)
{
	struct codec_copy *c = ctx;

	if (c->nopen == sizeof(c->open) / sizeof(c->open[0]))
		return -E2BIG;
	c->open[c->nopen++] = cmd->kind;
	c->enc->container_begin(&c->out, cmd);
	return buf_error(&c->out);
}

static int copy_container_end(void *ctx)
{
	struct codec_copy *c = ctx;

	c->enc->container_end(&c->out, c->open[--c->nopen]);
	return buf_error(&c->out);
}

static int copy_end(void *ctx, bool final)
{
	struct codec_copy *c = ctx;

	c->enc->finish(&c->out, final);
	return buf_error(&c->out);
}

const struct dm_sink codec_copy_sink = {
	.header = copy_header,
	.command = copy_command,
	.container_begin = copy_container_begin,
	.container_end = copy_container_end,
	.end = copy_end,
};

int codec_convert(enum codec_format from, struct slice msg, enum codec_format to, struct buf *out)
{
	struct codec_copy c = { .enc = codec_encoder(to) };
	int ret = codec_decode(from, msg, NULL, &codec_copy_sink, &c, NULL);

	if (!ret)
		buf_put_slice(out, buf_slice(&c.out));
	buf_fini(&c.out);
	return ret;
}

void codec_vector(const char *name, struct buf *out)
{
	char path[128];

	snprintf(path, sizeof(path), "tests/vectors/codec/%s", name);
	if (buf_read_file(out, path))
		fail_msg("%s cannot be read: run from the top directory", path);
}

void codec_expect(enum codec_format format, struct slice msg, const char *golden)
{
	struct codec_dump d = { .out = BUF_INIT, .unify = true };
	struct buf want = BUF_INIT;

	codec_vector(golden, &want);
	assert_int_equal(codec_decode(format, msg, NULL, &codec_dump_sink, &d, NULL), 0);
	assert_string_equal(buf_cstr(&d.out), buf_cstr(&want));
	buf_fini(&want);
	buf_fini(&d.out);
}
