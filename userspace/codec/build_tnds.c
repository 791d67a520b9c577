// SPDX-License-Identifier: GPL-2.0-or-later
/* MgmtTree markup (TND 1.2, section 9) to struct dm_tnds, inside a message or alone. */
#include <errno.h>
#include <stdlib.h>
#include "codec/build.h"
#include "codec/tags.h"

int build_tnds_root(struct build *b)
{
	struct build_tree *t;

	if (b->ntrees == b->trees_cap) {
		size_t cap = b->trees_cap ? 2 * b->trees_cap : 2;

		t = reallocarray(b->trees, cap, sizeof(*t));
		if (!t)
			return codec_fail(b->err, -ENOMEM, "out of memory");
		b->trees = t;
		b->trees_cap = cap;
	}
	t = &b->trees[b->ntrees++];
	*t = (struct build_tree){
		.first = b->nnodes,
		.item = b->nitems ? b->nitems - 1 : 0,
	};
	b->node_depth = 0;
	return SC_MGMT;
}

void build_tnds_bind(struct build *b)
{
	for (size_t i = 0; i < b->ntrees; i++) {
		struct build_tree *t = &b->trees[i];

		t->tnds.nodes = t->tnds.n ? b->nodes + t->first : NULL;
		if (t->item < b->nitems)
			b->items[t->item].tnds = &t->tnds;
	}
}

static int begin_node(struct build *b, struct build_frame *frame)
{
	struct dm_tnds_node *n;

	if (b->nnodes == b->lim.nodes)
		return codec_fail(b->err, -E2BIG, "too many nodes in one tree");
	if (b->nnodes == b->nodes_cap) {
		size_t cap = b->nodes_cap ? 2 * b->nodes_cap : 16;

		n = reallocarray(b->nodes, cap, sizeof(*n));
		if (!n)
			return codec_fail(b->err, -ENOMEM, "out of memory");
		b->nodes = n;
		b->nodes_cap = cap;
	}
	frame->node = (uint32_t)b->nnodes;
	n = &b->nodes[b->nnodes++];
	memset(n, 0, sizeof(*n));
	n->depth = (uint16_t)b->node_depth++;
	return SC_NODE;
}

static int node_child(struct build *b, struct dm_tnds_node *n, unsigned int tag,
		      struct build_frame *frame)
{
	switch (tag) {
	case TAG_DDF_NODE:
		return begin_node(b, frame);
	case TAG_DDF_NODE_NAME:
		return build_text_into(b, &n->name, NULL);
	case TAG_DDF_PATH:
		return build_text_into(b, &n->path, NULL);
	case TAG_DDF_RTPROPERTIES:
		return SC_RT;
	case TAG_DDF_VALUE:
		n->has_value = true;
		return build_text_into(b, &n->value, &n->value_opaque);
	default:
		return SC_SKIP;
	}
}

static int rt_child(struct build *b, struct dm_tnds_node *n, unsigned int tag)
{
	switch (tag) {
	case TAG_DDF_ACL:
		return build_text_into(b, &n->acl, NULL);
	case TAG_DDF_TITLE:
		return build_text_into(b, &n->title, NULL);
	case TAG_DDF_TSTAMP:
		return build_text_into(b, &n->tstamp, NULL);
	case TAG_DDF_VER_NO:
		return build_text_into(b, &n->verno, NULL);
	case TAG_DDF_FORMAT:
		/* Written as text by some peers: collected until an element proves otherwise. */
		return build_text_into(b, &n->format, NULL) == SC_TEXT ? SC_FORMAT : SC_SKIP;
	case TAG_DDF_TYPE:
		return SC_TYPE;
	default:
		return SC_SKIP;
	}
}

static bool is_format(unsigned int tag)
{
	switch (tag) {
	case TAG_DDF_FMT_B64:
	case TAG_DDF_FMT_BIN:
	case TAG_DDF_FMT_BOOL:
	case TAG_DDF_FMT_CHR:
	case TAG_DDF_FMT_DATE:
	case TAG_DDF_FMT_FLOAT:
	case TAG_DDF_FMT_INT:
	case TAG_DDF_FMT_NODE:
	case TAG_DDF_FMT_NULL:
	case TAG_DDF_FMT_TIME:
	case TAG_DDF_FMT_XML:
		return true;
	default:
		return false;
	}
}

int build_tnds_child(struct build *b, const struct build_frame *parent, unsigned int tag,
		     struct build_frame *frame)
{
	struct dm_tnds_node *n;

	if (parent->scope == SC_MGMT)
		return tag == TAG_DDF_NODE ? begin_node(b, frame) : (int)SC_SKIP;
	frame->node = parent->node;
	n = &b->nodes[parent->node];
	switch (parent->scope) {
	case SC_NODE:
		return node_child(b, n, tag, frame);
	case SC_RT:
		return rt_child(b, n, tag);
	case SC_FORMAT:
		if (b->text.dest && is_format(tag)) {
			n->format = codec_tag_name(tag);
			b->text.dest = NULL;
		}
		return SC_SKIP;
	default:	/* SC_TYPE */
		if (tag == TAG_DDF_MIME || tag == TAG_DDF_DDFNAME)
			return build_text_into(b, &n->type, NULL);
		return SC_SKIP;
	}
}

void build_tnds_end(struct build *b, const struct build_frame *frame)
{
	struct build_tree *t = &b->trees[b->ntrees - 1];
	struct dm_tnds_node *n;

	if (frame->scope == SC_MGMT) {
		t->tnds.n = b->nnodes - t->first;
		return;
	}
	/* An empty Format says nothing. */
	n = &b->nodes[frame->node];
	if (n->format.n == 0)
		n->format = SLICE_NONE;
}
