// SPDX-License-Identifier: GPL-2.0-or-later
/* Elements of a SyncML message to the calls of a struct dm_sink. */
#include <errno.h>
#include <stdlib.h>
#include "codec/build.h"
#include "codec/tags.h"
#include "util/str.h"

static int fail_nomem(struct build *b)
{
	return codec_fail(b->err, -ENOMEM, "out of memory");
}

static int loc_child(struct build *b, unsigned int tag)
{
	if (tag == TAG_SML_LOC_URI)
		return build_text_into(b, b->loc_uri, NULL);
	if (tag == TAG_SML_LOC_NAME)
		return build_text_into(b, b->loc_name, NULL);
	return SC_SKIP;
}

static int begin_loc(struct build *b, struct slice *uri, struct slice *name)
{
	b->loc_uri = uri;
	b->loc_name = name;
	return SC_LOC;
}

static int begin_meta(struct build *b, struct dm_meta *meta)
{
	b->meta = meta;
	return SC_META;
}

static int number_into(struct build *b, bool has)
{
	b->number = SLICE_NONE;
	return has ? (int)SC_SKIP : build_text_into(b, &b->number, NULL);
}

static int meta_child(struct build *b, unsigned int tag)
{
	struct dm_meta *m = b->meta;

	switch (tag) {
	case TAG_MET_MET_INF:	/* MetInf DTD: its own root may stand inside Meta */
		return SC_META;
	case TAG_MET_FORMAT:
		return build_text_into(b, &m->format, NULL);
	case TAG_MET_TYPE:
		return build_text_into(b, &m->type, NULL);
	case TAG_MET_MARK:
		return build_text_into(b, &m->mark, NULL);
	case TAG_MET_VERSION:
		return build_text_into(b, &m->version, NULL);
	case TAG_MET_NEXT_NONCE:
		return build_text_into(b, &m->next_nonce, &m->nonce_opaque);
	case TAG_MET_SIZE:
		return number_into(b, m->has_size);
	case TAG_MET_MAX_MSG_SIZE:
		return number_into(b, m->has_max_msg_size);
	case TAG_MET_MAX_OBJ_SIZE:
		return number_into(b, m->has_max_obj_size);
	default:
		return SC_SKIP;
	}
}

/* A number that is none counts as not sent: who needs it answers 411. */
void build_number_end(struct build *b, unsigned int tag)
{
	struct dm_meta *m = b->meta;
	uint64_t v;

	if (str_parse_u64(b->number, &v))
		return;
	if (tag == TAG_MET_SIZE) {
		m->has_size = true;
		m->size = v;
	} else if (tag == TAG_MET_MAX_MSG_SIZE) {
		m->has_max_msg_size = true;
		m->max_msg_size = v;
	} else {
		m->has_max_obj_size = true;
		m->max_obj_size = v;
	}
}

static int cred_child(struct build *b, unsigned int tag)
{
	struct dm_cred *cred = b->saw_hdr ? &b->cmd.cred : &b->hdr.cred;

	if (tag == TAG_SML_META)
		return begin_meta(b, &cred->meta);
	if (tag == TAG_SML_DATA)
		return build_text_into(b, &cred->data, &cred->data_opaque);
	return SC_SKIP;
}

static int hdr_child(struct build *b, unsigned int tag)
{
	struct dm_hdr *h = &b->hdr;

	switch (tag) {
	case TAG_SML_VER_DTD:
		return build_text_into(b, &h->ver_dtd, NULL);
	case TAG_SML_VER_PROTO:
		return build_text_into(b, &h->ver_proto, NULL);
	case TAG_SML_SESSION_ID:
		return build_text_into(b, &h->session_id, NULL);
	case TAG_SML_MSG_ID:
		return build_text_into(b, &h->msg_id, NULL);
	case TAG_SML_TARGET:
		return begin_loc(b, &h->target, &h->target_name);
	case TAG_SML_SOURCE:
		return begin_loc(b, &h->source, &h->source_name);
	case TAG_SML_RESP_URI:
		return build_text_into(b, &h->resp_uri, NULL);
	case TAG_SML_NO_RESP:
		h->no_resp = true;
		return SC_SKIP;
	case TAG_SML_CRED:
		h->has_cred = true;
		return SC_CRED;
	case TAG_SML_META:
		return begin_meta(b, &h->meta);
	default:
		return SC_SKIP;
	}
}

static int item_child(struct build *b, unsigned int tag)
{
	struct dm_item *it = &b->items[b->nitems - 1];

	switch (tag) {
	case TAG_SML_TARGET:
		return begin_loc(b, &it->target, &it->target_name);
	case TAG_SML_SOURCE:
		return begin_loc(b, &it->source, &it->source_name);
	case TAG_SML_META:
		return begin_meta(b, &it->meta);
	case TAG_SML_DATA:
		if (b->ntrees && b->trees[b->ntrees - 1].item == b->nitems - 1)
			return SC_SKIP;
		if (build_text_into(b, &it->data, &it->data_opaque) != SC_TEXT)
			return SC_SKIP;
		return SC_DATA;
	case TAG_SML_MORE_DATA:
		it->more_data = true;
		return SC_SKIP;
	default:
		return SC_SKIP;
	}
}

static int data_child(struct build *b, unsigned int tag)
{
	b->text.trim = true;	/* white space beside markup is layout */
	if (tag != TAG_DDF_MGMT_TREE || !b->text.dest)
		return SC_SKIP;
	/* Only white space can stand beside the tree; a second tree does not count. */
	b->text.dest = NULL;
	return build_tnds_root(b);
}

/* The command of an element, or -1. */
static int command_kind(unsigned int tag)
{
	switch (tag) {
	case TAG_SML_STATUS:
		return DM_CMD_STATUS;
	case TAG_SML_RESULTS:
		return DM_CMD_RESULTS;
	case TAG_SML_ALERT:
		return DM_CMD_ALERT;
	case TAG_SML_GET:
		return DM_CMD_GET;
	case TAG_SML_ADD:
		return DM_CMD_ADD;
	case TAG_SML_REPLACE:
		return DM_CMD_REPLACE;
	case TAG_SML_DELETE:
		return DM_CMD_DELETE;
	case TAG_SML_COPY:
		return DM_CMD_COPY;
	case TAG_SML_EXEC:
		return DM_CMD_EXEC;
	case TAG_SML_ATOMIC:
		return DM_CMD_ATOMIC;
	case TAG_SML_SEQUENCE:
		return DM_CMD_SEQUENCE;
	case TAG_SML_MAP:
	case TAG_SML_MOVE:
	case TAG_SML_PUT:
	case TAG_SML_SEARCH:
	case TAG_SML_SYNC:
		return DM_CMD_OTHER;
	default:
		return -1;
	}
}

static bool is_container(unsigned int tag)
{
	return tag == TAG_SML_ATOMIC || tag == TAG_SML_SEQUENCE;
}

static int begin_command(struct build *b, unsigned int tag, int kind)
{
	if (is_container(tag) && ++b->containers > b->lim.containers)
		return codec_fail(b->err, -E2BIG, "containers are nested too deep");
	memset(&b->cmd, 0, sizeof(b->cmd));
	b->cmd.kind = (enum dm_cmd_kind)kind;
	b->cmd.name = codec_tag_name(tag);
	b->nitems = 0;
	return SC_CMD;
}

static int begin_item(struct build *b)
{
	if (b->nitems == b->lim.items)
		return codec_fail(b->err, -E2BIG, "too many items in one command");
	if (b->nitems == b->items_cap) {
		size_t cap = b->items_cap ? 2 * b->items_cap : 4;
		struct dm_item *p = reallocarray(b->items, cap, sizeof(*p));

		if (!p)
			return fail_nomem(b);
		b->items = p;
		b->items_cap = cap;
	}
	memset(&b->items[b->nitems++], 0, sizeof(*b->items));
	return SC_ITEM;
}

static int call(struct build *b, int (*fn)(void *ctx, const struct dm_cmd *cmd))
{
	int ret;

	b->cmd.items = b->nitems ? b->items : NULL;
	b->cmd.nitems = b->nitems;
	build_tnds_bind(b);
	ret = fn ? fn(b->ctx, &b->cmd) : 0;
	arena_reset(&b->arena);
	b->nnodes = 0;
	b->ntrees = 0;
	return ret ? codec_fail(b->err, ret, "stopped by the receiver") : 0;
}

/* A container's own elements end where its first member begins. */
static int begin_container(struct build *b, struct build_frame *container)
{
	container->begun = true;
	return call(b, b->sink->container_begin);
}

static int cmd_child(struct build *b, struct build_frame *parent, unsigned int tag)
{
	struct dm_cmd *c = &b->cmd;
	int kind = command_kind(tag);

	if (kind >= 0) {
		if (!is_container(parent->tag))
			return SC_SKIP;
		if (!parent->begun) {
			b->stopped = begin_container(b, parent);
			if (b->stopped)
				return -ECANCELED;
		}
		return begin_command(b, tag, kind);
	}
	if (parent->begun)
		return SC_SKIP;
	switch (tag) {
	case TAG_SML_CMD_ID:
		return build_text_into(b, &c->cmd_id, NULL);
	case TAG_SML_NO_RESP:
		c->no_resp = true;
		return SC_SKIP;
	case TAG_SML_META:
		return begin_meta(b, &c->meta);
	case TAG_SML_ITEM:
		return begin_item(b);
	case TAG_SML_MSG_REF:
		return build_text_into(b, &c->msg_ref, NULL);
	case TAG_SML_CMD_REF:
		return build_text_into(b, &c->cmd_ref, NULL);
	case TAG_SML_CMD:
		return build_text_into(b, &c->cmd, NULL);
	case TAG_SML_TARGET_REF:
		return build_text_into(b, &c->target_ref, NULL);
	case TAG_SML_SOURCE_REF:
		return build_text_into(b, &c->source_ref, NULL);
	case TAG_SML_DATA:
		return build_text_into(b, &c->data, NULL);
	case TAG_SML_CORRELATOR:
		return build_text_into(b, &c->correlator, NULL);
	case TAG_SML_CRED:
		c->has_cred = true;
		return SC_CRED;
	case TAG_SML_CHAL:
		c->has_chal = true;
		return SC_CHAL;
	default:
		return SC_SKIP;
	}
}

static int body_child(struct build *b, unsigned int tag)
{
	int kind = command_kind(tag);

	if (kind >= 0)
		return begin_command(b, tag, kind);
	if (tag == TAG_SML_FINAL)
		b->final = true;
	return SC_SKIP;
}

static int doc_child(struct build *b, unsigned int tag)
{
	if (b->sink) {
		if (tag == TAG_SML_SYNC_ML)
			return SC_SYNCML;
		return codec_fail(b->err, -EBADMSG, "the root element is not SyncML");
	}
	/* A stand-alone WBXML tree should switch to its page first; some do not. */
	if (tag == codec_tag_token(TAG_DDF_MGMT_TREE)) {
		b->shift = CODEC_PAGE_DDF * CODEC_PAGE_TAGS;
		tag = TAG_DDF_MGMT_TREE;
	}
	if (tag != TAG_DDF_MGMT_TREE)
		return codec_fail(b->err, -EBADMSG, "the root element is not MgmtTree");
	return build_tnds_root(b);
}

static int syncml_child(struct build *b, unsigned int tag)
{
	if (tag == TAG_SML_SYNC_HDR && !b->saw_hdr)
		return SC_HDR;
	if (tag == TAG_SML_SYNC_BODY) {
		if (!b->saw_hdr)
			return codec_fail(b->err, -EBADMSG, "SyncBody before SyncHdr");
		b->saw_body = true;
		return SC_BODY;
	}
	return SC_SKIP;
}

int build_child(struct build *b, struct build_frame *parent, unsigned int tag,
		struct build_frame *frame)
{
	switch (parent->scope) {
	case SC_DOC:
		return doc_child(b, tag);
	case SC_SYNCML:
		return syncml_child(b, tag);
	case SC_HDR:
		return hdr_child(b, tag);
	case SC_BODY:
		return body_child(b, tag);
	case SC_CMD:
		return cmd_child(b, parent, tag);
	case SC_ITEM:
		return item_child(b, tag);
	case SC_LOC:
		return loc_child(b, tag);
	case SC_META:
		return meta_child(b, tag);
	case SC_CRED:
		return cred_child(b, tag);
	case SC_CHAL:
		return tag == TAG_SML_META ? begin_meta(b, &b->cmd.chal) : (int)SC_SKIP;
	case SC_DATA:
		return data_child(b, tag);
	case SC_MGMT:
	case SC_NODE:
	case SC_RT:
	case SC_FORMAT:
	case SC_TYPE:
		return build_tnds_child(b, parent, tag, frame);
	default:
		return SC_SKIP;
	}
}

int build_hdr_end(struct build *b)
{
	int ret = b->sink->header ? b->sink->header(b->ctx, &b->hdr) : 0;

	b->saw_hdr = true;
	arena_reset(&b->arena);
	return ret ? codec_fail(b->err, ret, "stopped by the receiver") : 0;
}

int build_command_end(struct build *b, struct build_frame *f)
{
	int ret = 0;

	if (!is_container(f->tag))
		return call(b, b->sink->command);
	if (!f->begun)
		ret = begin_container(b, f);
	if (ret)
		return ret;
	b->containers--;
	ret = b->sink->container_end ? b->sink->container_end(b->ctx) : 0;
	return ret ? codec_fail(b->err, ret, "stopped by the receiver") : 0;
}
