// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeps what a decoder calls out: message.h. */
#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool dup_meta(struct pool *a, struct dm_meta *m)
{
	return pool_dup(a, m->format, &m->format) && pool_dup(a, m->type, &m->type) &&
	       pool_dup(a, m->mark, &m->mark) && pool_dup(a, m->next_nonce, &m->next_nonce) &&
	       pool_dup(a, m->version, &m->version);
}

static bool dup_cred(struct pool *a, struct dm_cred *c)
{
	return dup_meta(a, &c->meta) && pool_dup(a, c->data, &c->data);
}

/*
 * A tree in Results is kept as a stand-alone document in XML: what a reader of
 * the record wants, and one text to own in place of many.
 */
static bool keep_tree(struct pool *a, struct dm_item *it)
{
	struct buf doc = BUF_INIT;
	bool ok;

	codec_tnds_encode(CODEC_XML, &doc, it->tnds);
	ok = !buf_error(&doc) && pool_dup(a, buf_slice(&doc), &it->data);
	it->tnds = NULL;
	it->data_opaque = false;
	buf_fini(&doc);
	return ok;
}

static bool dup_item(struct pool *a, struct dm_item *it)
{
	if (!pool_dup(a, it->target, &it->target) ||
	    !pool_dup(a, it->target_name, &it->target_name) ||
	    !pool_dup(a, it->source, &it->source) ||
	    !pool_dup(a, it->source_name, &it->source_name) || !dup_meta(a, &it->meta))
		return false;
	if (it->tnds)
		return keep_tree(a, it);
	return pool_dup(a, it->data, &it->data);
}

static bool dup_cmd(struct pool *a, const struct dm_cmd *from, struct dm_cmd *c)
{
	struct dm_item *items = NULL;
	size_t i;

	*c = *from;
	if (!pool_dup(a, c->name, &c->name) || !pool_dup(a, c->cmd_id, &c->cmd_id) ||
	    !dup_meta(a, &c->meta) || !pool_dup(a, c->msg_ref, &c->msg_ref) ||
	    !pool_dup(a, c->cmd_ref, &c->cmd_ref) || !pool_dup(a, c->cmd, &c->cmd) ||
	    !pool_dup(a, c->target_ref, &c->target_ref) ||
	    !pool_dup(a, c->source_ref, &c->source_ref) || !pool_dup(a, c->data, &c->data) ||
	    !pool_dup(a, c->correlator, &c->correlator) || !dup_cred(a, &c->cred) ||
	    !dup_meta(a, &c->chal))
		return false;
	if (c->nitems) {
		items = pool_alloc(a, c->nitems * sizeof(*items));
		if (!items)
			return false;
	}
	for (i = 0; i < c->nitems; i++) {
		items[i] = from->items[i];
		if (!dup_item(a, &items[i]))
			return false;
	}
	c->items = items;
	return true;
}

static int on_header(void *ctx, const struct dm_hdr *from)
{
	struct message *m = ctx;
	struct pool *a = &m->mem;
	struct dm_hdr *h = &m->hdr;

	*h = *from;
	if (!pool_dup(a, h->ver_dtd, &h->ver_dtd) || !pool_dup(a, h->ver_proto, &h->ver_proto) ||
	    !pool_dup(a, h->session_id, &h->session_id) || !pool_dup(a, h->msg_id, &h->msg_id) ||
	    !pool_dup(a, h->target, &h->target) ||
	    !pool_dup(a, h->target_name, &h->target_name) ||
	    !pool_dup(a, h->source, &h->source) ||
	    !pool_dup(a, h->source_name, &h->source_name) ||
	    !pool_dup(a, h->resp_uri, &h->resp_uri) || !dup_cred(a, &h->cred) ||
	    !dup_meta(a, &h->meta))
		return -ENOMEM;
	m->has_hdr = true;
	return 0;
}

static int on_command(void *ctx, const struct dm_cmd *from)
{
	struct message *m = ctx;
	struct message_cmd *more;
	size_t cap;

	if (m->n == MESSAGE_MAX_CMDS)
		return -E2BIG;
	if (m->n == m->cap) {
		cap = m->cap ? 2 * m->cap : 16;
		more = realloc(m->cmds, cap * sizeof(*more));
		if (!more)
			return -ENOMEM;
		m->cmds = more;
		m->cap = cap;
	}
	if (!dup_cmd(&m->mem, from, &m->cmds[m->n].c))
		return -ENOMEM;
	m->cmds[m->n++].depth = m->depth;
	return 0;
}

static int on_container_begin(void *ctx, const struct dm_cmd *cmd)
{
	struct message *m = ctx;
	int err = on_command(ctx, cmd);

	if (!err)
		m->depth++;
	return err;
}

static int on_container_end(void *ctx)
{
	struct message *m = ctx;

	m->depth--;
	return 0;
}

static int on_end(void *ctx, bool final)
{
	struct message *m = ctx;

	m->final = final;
	return 0;
}

static const struct dm_sink message_sink = {
	.header = on_header,
	.command = on_command,
	.container_begin = on_container_begin,
	.container_end = on_container_end,
	.end = on_end,
};

int message_decode(struct message *m, enum codec_format format, struct slice bytes,
		   struct codec_error *why)
{
	int err;

	memset(m, 0, sizeof(*m));
	memset(why, 0, sizeof(*why));
	m->format = format;
	err = codec_decode(format, bytes, NULL, &message_sink, m, why);
	if (!err && !m->has_hdr) {
		snprintf(why->text, sizeof(why->text), "no SyncHdr");
		err = -EBADMSG;
	}
	if (err == -E2BIG && !why->text[0])
		snprintf(why->text, sizeof(why->text), "more than %d commands", MESSAGE_MAX_CMDS);
	return err;
}

void message_fini(struct message *m)
{
	pool_free(&m->mem);
	free(m->cmds);
	memset(m, 0, sizeof(*m));
}

bool message_has_alert(const struct message *m, const char *code)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->cmds[i].c.kind == DM_CMD_ALERT && slice_eq_str(m->cmds[i].c.data, code))
			return true;
	return false;
}
