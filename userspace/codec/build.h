/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The meaning of elements: events of either parser in, dm types out. One
 * builder reads one document; it holds one command, or one TNDS tree.
 */
#ifndef DMSC_CODEC_BUILD_H
#define DMSC_CODEC_BUILD_H

#include "codec/arena.h"
#include "codec/events.h"
#include "dm/msg.h"

/* What the element on top of the stack is, and with it what its children may be. */
enum build_scope {
	SC_SKIP,	/* unknown, unused, or a repeated element: nothing inside counts */
	SC_DOC,		/* bottom of the stack: expects the root */
	SC_SYNCML,
	SC_HDR,
	SC_BODY,
	SC_CMD,
	SC_ITEM,
	SC_LOC,		/* Target or Source */
	SC_CRED,
	SC_CHAL,
	SC_META,
	SC_TEXT,	/* a leaf: its text goes to build.text.dest */
	SC_DATA,	/* Data of an item: text, or a MgmtTree */
	SC_MGMT,
	SC_NODE,
	SC_RT,		/* RTProperties */
	SC_FORMAT,	/* of a node: one empty element */
	SC_TYPE,	/* of a node: MIME or DDFName */
};

#define BUILD_MAX_DEPTH 250u	/* below libxml2's own 256 */

struct build_frame {
	uint8_t scope;		/* enum build_scope */
	uint8_t tag;
	bool begun;		/* container: container_begin was called */
	uint32_t node;		/* SC_NODE: index into nodes */
};

/* The text being collected; only one element at a time collects. */
struct build_text {
	uint8_t *own;		/* arena piece, NULL while borrowed */
	struct slice s;		/* what there is so far */
	struct slice *dest;
	bool *opaque_dest;	/* set when a part was OPAQUE or is no UTF-8; NULL = text only */
	bool opaque;
	bool trim;		/* white space around it does not count */
};

/* One MgmtTree; its nodes are found by index, as the array may move while it grows. */
struct build_tree {
	struct dm_tnds tnds;
	size_t first;		/* index of its first node */
	size_t item;		/* index of the item it is the Data of */
};

struct build {
	struct codec_limits lim;
	struct codec_error *err;
	const struct dm_sink *sink;	/* NULL: a TNDS document */
	void *ctx;
	bool borrow;			/* stable slices may be kept without a copy */
	bool check_utf8;		/* the parser did not */
	bool saw_hdr, saw_body, final;
	unsigned int shift;		/* TNDS in WBXML without a switch to its page */

	unsigned int elements, containers, node_depth;
	struct arena arena;
	struct build_text text;
	struct slice number;		/* text of a number before it is parsed */
	struct dm_meta *meta;		/* where SC_META writes */
	struct slice *loc_uri, *loc_name;
	struct dm_hdr hdr;
	struct dm_cmd cmd;
	struct dm_item *items;
	size_t nitems, items_cap;
	struct dm_tnds_node *nodes;	/* of all trees of the command */
	size_t nnodes, nodes_cap;
	struct build_tree *trees;
	size_t ntrees, trees_cap;
	int stopped;			/* what a callback returned inside build_events.start */

	unsigned int top;		/* index of the innermost frame */
	struct build_frame frames[BUILD_MAX_DEPTH + 1];
};

extern const struct codec_events build_events;

/* @sink NULL: the document is a MgmtTree. @limits NULL: defaults. */
void build_init(struct build *b, const struct codec_limits *limits, const struct dm_sink *sink,
		void *ctx, struct codec_error *err);
void build_fini(struct build *b);
/* After the parser ended well: the message's end. 0, -EBADMSG or what the sink returned. */
int build_finish(struct build *b);

/* The scope of a new element below @parent, or -errno; with b->stopped set, that is the result. */
int build_child(struct build *b, struct build_frame *parent, unsigned int tag,
		struct build_frame *frame);
/* What follows from the end of SyncHdr, of a command, of an element with a number. */
int build_hdr_end(struct build *b);
int build_command_end(struct build *b, struct build_frame *f);
void build_number_end(struct build *b, unsigned int tag);

/* build_tnds.c: children of the TNDS scopes. The scope of the new element, or -errno. */
int build_tnds_child(struct build *b, const struct build_frame *parent, unsigned int tag,
		     struct build_frame *frame);
void build_tnds_end(struct build *b, const struct build_frame *frame);
int build_tnds_root(struct build *b);
/* Points trees and items at the nodes, once these no longer move. */
void build_tnds_bind(struct build *b);

/* The new element's text goes to @dest, or nowhere when that was filled before: the first one counts. */
int build_text_into(struct build *b, struct slice *dest, bool *opaque_dest);

#endif
