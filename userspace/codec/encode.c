// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The encoder: which elements a message is made of, in the order of the
 * RepPro 1.2 and MetInf DTDs. How they look is a struct codec_syntax.
 */
#include <errno.h>
#include "codec/tags.h"
#include "codec/write.h"

static void leaf(struct codec_writer *w, unsigned int tag, struct slice s)
{
	if (slice_present(s))
		w->syntax->text(w, tag, s);
}

static void number(struct codec_writer *w, unsigned int tag, bool has, uint64_t v)
{
	char text[20];
	size_t at = sizeof(text);

	if (!has)
		return;
	do {
		text[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	w->syntax->text(w, tag, slice_of(text + at, sizeof(text) - at));
}

static void flag(struct codec_writer *w, unsigned int tag, bool set)
{
	if (set)
		w->syntax->empty(w, tag);
}

static void put_meta(struct codec_writer *w, const struct dm_meta *m)
{
	if (!slice_present(m->format) && !slice_present(m->type) && !slice_present(m->mark) &&
	    !slice_present(m->version) && !slice_present(m->next_nonce) && !m->has_size &&
	    !m->has_max_msg_size && !m->has_max_obj_size)
		return;
	w->syntax->open(w, TAG_SML_META);
	leaf(w, TAG_MET_FORMAT, m->format);
	leaf(w, TAG_MET_TYPE, m->type);
	leaf(w, TAG_MET_MARK, m->mark);
	number(w, TAG_MET_SIZE, m->has_size, m->size);
	leaf(w, TAG_MET_VERSION, m->version);
	if (slice_present(m->next_nonce))
		w->syntax->data(w, TAG_MET_NEXT_NONCE, m->next_nonce, m->nonce_opaque);
	number(w, TAG_MET_MAX_MSG_SIZE, m->has_max_msg_size, m->max_msg_size);
	number(w, TAG_MET_MAX_OBJ_SIZE, m->has_max_obj_size, m->max_obj_size);
	w->syntax->close(w, TAG_SML_META);
}

static void put_loc(struct codec_writer *w, unsigned int tag, struct slice uri, struct slice name)
{
	if (!slice_present(uri) && !slice_present(name))
		return;
	w->syntax->open(w, tag);
	/* Target and Source cannot be without it. */
	w->syntax->text(w, TAG_SML_LOC_URI, uri);
	leaf(w, TAG_SML_LOC_NAME, name);
	w->syntax->close(w, tag);
}

static void put_cred(struct codec_writer *w, const struct dm_cred *c)
{
	w->syntax->open(w, TAG_SML_CRED);
	put_meta(w, &c->meta);
	w->syntax->data(w, TAG_SML_DATA, c->data, c->data_opaque);
	w->syntax->close(w, TAG_SML_CRED);
}

/* --- serialized trees ---------------------------------------------------------- */

static void put_format(struct codec_writer *w, struct slice name)
{
	unsigned int tag;

	if (!slice_present(name))
		return;
	tag = codec_tag_find(CODEC_PAGE_DDF, name.p, name.n);
	/* Format names are the page's lower-case elements. */
	if (!tag || name.p[0] < 'a') {
		codec_write_fail(w, -EINVAL);
		return;
	}
	w->syntax->open(w, TAG_DDF_FORMAT);
	w->syntax->empty(w, tag);
	w->syntax->close(w, TAG_DDF_FORMAT);
}

static void put_type(struct codec_writer *w, const struct dm_tnds_node *n)
{
	bool interior = slice_eq(n->format, SLICE_LIT("node")) ||
			(!slice_present(n->format) && !n->has_value && !n->leaf);

	if (!slice_present(n->type))
		return;
	w->syntax->open(w, TAG_DDF_TYPE);
	w->syntax->text(w, interior ? TAG_DDF_DDFNAME : TAG_DDF_MIME, n->type);
	w->syntax->close(w, TAG_DDF_TYPE);
}

static void put_node(struct codec_writer *w, const struct dm_tnds_node *n)
{
	w->syntax->open(w, TAG_DDF_NODE);
	w->syntax->text(w, TAG_DDF_NODE_NAME, n->name);
	leaf(w, TAG_DDF_PATH, n->path);
	if (slice_present(n->acl) || slice_present(n->format) || slice_present(n->title) ||
	    slice_present(n->tstamp) || slice_present(n->type) || slice_present(n->verno)) {
		w->syntax->open(w, TAG_DDF_RTPROPERTIES);
		leaf(w, TAG_DDF_ACL, n->acl);
		put_format(w, n->format);
		leaf(w, TAG_DDF_TITLE, n->title);
		leaf(w, TAG_DDF_TSTAMP, n->tstamp);
		put_type(w, n);
		leaf(w, TAG_DDF_VER_NO, n->verno);
		w->syntax->close(w, TAG_DDF_RTPROPERTIES);
	} else {
		w->syntax->empty(w, TAG_DDF_RTPROPERTIES);	/* mandatory in TNDS */
	}
	if (n->has_value)
		w->syntax->data(w, TAG_DDF_VALUE, n->value, n->value_opaque);
}

static void put_tree(struct codec_writer *w, const struct dm_tnds *t)
{
	unsigned int open = 0;

	w->syntax->open(w, TAG_DDF_MGMT_TREE);
	w->syntax->text(w, TAG_DDF_VER_DTD, SLICE_LIT("1.2"));
	for (size_t i = 0; i < t->n; i++) {
		if (t->nodes[i].depth > open) {	/* deeper than a child: no tree */
			codec_write_fail(w, -EINVAL);
			return;
		}
		for (; open > t->nodes[i].depth; open--)
			w->syntax->close(w, TAG_DDF_NODE);
		put_node(w, &t->nodes[i]);
		open++;
	}
	for (; open; open--)
		w->syntax->close(w, TAG_DDF_NODE);
	w->syntax->close(w, TAG_DDF_MGMT_TREE);
}

/* --- messages -------------------------------------------------------------------- */

static void put_item(struct codec_writer *w, const struct dm_item *it)
{
	w->syntax->open(w, TAG_SML_ITEM);
	put_loc(w, TAG_SML_TARGET, it->target, it->target_name);
	put_loc(w, TAG_SML_SOURCE, it->source, it->source_name);
	put_meta(w, &it->meta);
	if (it->tnds) {
		w->syntax->open(w, TAG_SML_DATA);
		put_tree(w, it->tnds);
		w->syntax->close(w, TAG_SML_DATA);
	} else if (slice_present(it->data)) {
		w->syntax->data(w, TAG_SML_DATA, it->data, it->data_opaque);
	}
	flag(w, TAG_SML_MORE_DATA, it->more_data);
	w->syntax->close(w, TAG_SML_ITEM);
}

static const uint8_t kind_tags[] = {
	[DM_CMD_STATUS] = TAG_SML_STATUS,
	[DM_CMD_RESULTS] = TAG_SML_RESULTS,
	[DM_CMD_ALERT] = TAG_SML_ALERT,
	[DM_CMD_GET] = TAG_SML_GET,
	[DM_CMD_ADD] = TAG_SML_ADD,
	[DM_CMD_REPLACE] = TAG_SML_REPLACE,
	[DM_CMD_DELETE] = TAG_SML_DELETE,
	[DM_CMD_COPY] = TAG_SML_COPY,
	[DM_CMD_EXEC] = TAG_SML_EXEC,
	[DM_CMD_ATOMIC] = TAG_SML_ATOMIC,
	[DM_CMD_SEQUENCE] = TAG_SML_SEQUENCE,
};

static unsigned int command_tag(const struct dm_cmd *c)
{
	if ((size_t)c->kind < sizeof(kind_tags))
		return kind_tags[c->kind];
	return codec_tag_find(CODEC_PAGE_SYNCML, c->name.p, c->name.n);
}

/* Everything of a command but its start, its members and its end. */
static void put_content(struct codec_writer *w, const struct dm_cmd *c)
{
	leaf(w, TAG_SML_CMD_ID, c->cmd_id);
	flag(w, TAG_SML_NO_RESP, c->no_resp);
	leaf(w, TAG_SML_MSG_REF, c->msg_ref);
	leaf(w, TAG_SML_CMD_REF, c->cmd_ref);
	leaf(w, TAG_SML_CMD, c->cmd);
	/* Results have Meta before the references, Status has none. */
	put_meta(w, &c->meta);
	leaf(w, TAG_SML_TARGET_REF, c->target_ref);
	leaf(w, TAG_SML_SOURCE_REF, c->source_ref);
	if (c->has_cred)
		put_cred(w, &c->cred);
	if (c->has_chal) {
		w->syntax->open(w, TAG_SML_CHAL);
		put_meta(w, &c->chal);
		w->syntax->close(w, TAG_SML_CHAL);
	}
	leaf(w, TAG_SML_DATA, c->data);
	leaf(w, TAG_SML_CORRELATOR, c->correlator);
	for (size_t i = 0; i < c->nitems; i++)
		put_item(w, &c->items[i]);
}

static void put_command(const struct codec_syntax *syntax, struct buf *out, const struct dm_cmd *c,
			bool complete)
{
	struct codec_writer w = { .out = out, .syntax = syntax };
	unsigned int tag = command_tag(c);

	if (!tag) {
		codec_write_fail(&w, -EINVAL);
		return;
	}
	syntax->open(&w, tag);
	put_content(&w, c);
	syntax->settle(&w);
	if (complete)
		syntax->close(&w, tag);
}

static void put_header(const struct codec_syntax *syntax, struct buf *out, const struct dm_hdr *h)
{
	struct codec_writer w = { .out = out, .syntax = syntax };

	syntax->prolog(&w);
	syntax->open(&w, TAG_SML_SYNC_ML);
	syntax->open(&w, TAG_SML_SYNC_HDR);
	leaf(&w, TAG_SML_VER_DTD, h->ver_dtd);
	leaf(&w, TAG_SML_VER_PROTO, h->ver_proto);
	leaf(&w, TAG_SML_SESSION_ID, h->session_id);
	leaf(&w, TAG_SML_MSG_ID, h->msg_id);
	put_loc(&w, TAG_SML_TARGET, h->target, h->target_name);
	put_loc(&w, TAG_SML_SOURCE, h->source, h->source_name);
	leaf(&w, TAG_SML_RESP_URI, h->resp_uri);
	flag(&w, TAG_SML_NO_RESP, h->no_resp);
	if (h->has_cred)
		put_cred(&w, &h->cred);
	put_meta(&w, &h->meta);
	syntax->settle(&w);
	syntax->close(&w, TAG_SML_SYNC_HDR);
	syntax->open(&w, TAG_SML_SYNC_BODY);
}

static void put_end(const struct codec_syntax *syntax, struct buf *out, bool final)
{
	struct codec_writer w = { .out = out, .syntax = syntax };

	flag(&w, TAG_SML_FINAL, final);
	syntax->close(&w, TAG_SML_SYNC_BODY);
	syntax->close(&w, TAG_SML_SYNC_ML);
}

static void put_container_end(const struct codec_syntax *syntax, struct buf *out,
			      enum dm_cmd_kind kind)
{
	struct codec_writer w = { .out = out, .syntax = syntax };

	if ((size_t)kind < sizeof(kind_tags))
		syntax->close(&w, kind_tags[kind]);
	else
		codec_write_fail(&w, -EINVAL);
}

/* struct dm_encoder has no context: one set of entrances for each syntax. */
#define ENTRANCES(x) \
static void x##_begin(struct buf *out, const struct dm_hdr *hdr) \
{ \
	put_header(&codec_##x##_syntax, out, hdr); \
} \
static void x##_command(struct buf *out, const struct dm_cmd *cmd) \
{ \
	put_command(&codec_##x##_syntax, out, cmd, true); \
} \
static void x##_container_begin(struct buf *out, const struct dm_cmd *cmd) \
{ \
	put_command(&codec_##x##_syntax, out, cmd, false); \
} \
static void x##_container_end(struct buf *out, enum dm_cmd_kind kind) \
{ \
	put_container_end(&codec_##x##_syntax, out, kind); \
} \
static void x##_finish(struct buf *out, bool final) \
{ \
	put_end(&codec_##x##_syntax, out, final); \
}

ENTRANCES(xml)
ENTRANCES(wbxml)

static const struct dm_encoder xml_encoder = {
	.mime = "application/vnd.syncml.dm+xml",
	.tnds_mime = "application/vnd.syncml.dmtnds+xml",
	.tail_size = sizeof("<Final/></SyncBody></SyncML>") - 1,
	.binary = false,
	.begin = xml_begin,
	.command = xml_command,
	.container_begin = xml_container_begin,
	.container_end = xml_container_end,
	.finish = xml_finish,
};

static const struct dm_encoder wbxml_encoder = {
	.mime = "application/vnd.syncml.dm+wbxml",
	.tnds_mime = "application/vnd.syncml.dmtnds+wbxml",
	.tail_size = 3,		/* Final, and two ends */
	.binary = true,
	.begin = wbxml_begin,
	.command = wbxml_command,
	.container_begin = wbxml_container_begin,
	.container_end = wbxml_container_end,
	.finish = wbxml_finish,
};

const struct dm_encoder *codec_encoder(enum codec_format format)
{
	return format == CODEC_XML ? &xml_encoder : &wbxml_encoder;
}

void codec_tnds_encode(enum codec_format format, struct buf *out, const struct dm_tnds *tnds)
{
	struct codec_writer w = {
		.out = out,
		.syntax = format == CODEC_XML ? &codec_xml_syntax : &codec_wbxml_syntax,
	};

	w.syntax->tnds_prolog(&w);
	put_tree(&w, tnds);
}
