/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DM commands on the tree (RepPro 1.2 section 6.6): decision and execution of
 * one item. Message framing, containers and statuses are dm/session's.
 *
 * Decision order: URI limits (414), ACL (425), access type (405), existence
 * (404, 418), format (415), size (413, 420). What a description (dm/ddf.h)
 * says comes after these: 405, 415, then what the object itself says.
 */
#ifndef DMSC_DM_CMD_H
#define DMSC_DM_CMD_H

#include "dm/msg.h"
#include "dm/status.h"
#include "dm/tnds.h"
#include "dm/tree.h"
#include "dm/ui.h"
#include "dm/uri.h"

/* A UI alert (RepPro 1100-1104) as the user is to see it. Borrowed. */
struct dm_ui_request {
	unsigned int code;		/* enum dm_ui_code */
	struct slice options;		/* "MINDT=10&MAXDT=30", as sent; may be empty */
	struct dm_ui_options opts;	/* the same, read */
	struct slice text;
	const struct dm_item *choices;	/* .data each; numbered from 1 */
	size_t nchoices;
};

/* Choices that are none are not sent, nor is text beyond DM_UI_MAX_TEXT bytes or MAXLEN. */
struct dm_ui_answer {
	struct buf text;		/* 1102 */
	unsigned int chosen[DM_UI_MAX_CHOICES];	/* 1103, 1104: numbers from 1 */
	size_t nchosen;
};

/* What commands may ask of the world. Any member may be NULL. */
struct dm_cmd_ops {
	/* Exec on @node; the status to answer. NULL, or DM_ST_NONE: 405. */
	enum dm_status (*exec)(void *ctx, struct dm_tree *tree, struct dm_node *node,
			       struct slice data, struct slice correlator);
	/*
	 * Appends the value of a live leaf, which a Get is about to see. DM_ST_NONE,
	 * or the status to answer. NULL: the stored value.
	 */
	enum dm_status (*read)(void *ctx, const struct dm_node *leaf, struct buf *out);
	/*
	 * May a server set the described leaf @name below @parent to @value? Nothing
	 * is changed yet, and may still be taken back. DM_ST_NONE: yes. NULL: yes.
	 */
	enum dm_status (*check)(void *ctx, const struct dm_node *parent, struct slice name,
				enum dm_format format, struct slice value);
	/* A UI alert: 200, 304 (no), 214 (cancelled), 408, 406 ... NULL: 406. */
	enum dm_status (*ui)(void *ctx, const struct dm_ui_request *req,
			     struct dm_ui_answer *answer);
};

struct dm_cmd_env {
	struct dm_tree *tree;
	struct slice server;		/* ServerID that acts */
	bool trusted;			/* no ACL, no access types: a card's bootstrap */
	uint32_t origin;		/* given to every node made */
	int64_t now;			/* seconds since the epoch */
	struct dm_uri_limits limits;
	uint64_t max_obj_size;		/* bytes of one value; 0 = only the built-in limit */
	size_t max_nodes;		/* of the whole tree; 0 = built-in limit */
	size_t max_bytes;		/* of the whole tree, dm_tree_bytes(); 0 = built-in limit */
	size_t work;			/* nodes walked, bytes read; the caller begins anew with 0 */
	const struct dm_tnds_ops *tnds;	/* NULL: TNDS documents are 415 */
	const char *tnds_mime;		/* of ?list=TNDS */
	const struct dm_cmd_ops *ops;
	void *ctx;
	/*
	 * Set by a command that failed because a missing parent could not be made:
	 * its LocURI, part of the item's target (RepPro 1.2 section 6.6.1).
	 */
	struct slice failed_at;
};

/* One Results item. All borrowed until the callback returns. */
struct dm_cmd_result {
	struct slice source;		/* URI as asked, or of the node of a ?list */
	struct slice format, type;	/* SLICE_NONE = default */
	struct slice data;
	bool binary;			/* needs base64 where raw bytes cannot go */
};

/* Takes results; the tree is not changed meanwhile. 0 or -errno. */
typedef int dm_cmd_result_fn(void *ctx, const struct dm_cmd_result *r);

/* A value larger than this is never taken. */
#define DM_VALUE_MAX (16u << 20)
#define DM_MAX_NODES 200000u
#define DM_MAX_BYTES (64u << 20)
#define DM_TEXT_MAX 255			/* bytes of a Title (TND 1.2) or a Type */
/*
 * A command of thirty bytes may list, or delete, a tree of a hundred thousand
 * nodes, or read all that is in them. Once those of a message have walked over
 * so many, the rest is 413.
 */
#define DM_MAX_WORK 2000000u
#define DM_MAX_RESULTS (24u << 20)	/* bytes held beyond which no Results are taken */

/* Text that XML and a WBXML string can carry. */
bool dm_cmd_is_text(struct slice v);

/*
 * One item each; the status to answer. Those that change the tree leave it
 * as it was unless the status is 2xx.
 */
enum dm_status dm_cmd_get(struct dm_cmd_env *env, struct slice uri, dm_cmd_result_fn *fn,
			  void *ctx);
enum dm_status dm_cmd_add(struct dm_cmd_env *env, const struct dm_cmd *cmd,
			  const struct dm_item *item);
enum dm_status dm_cmd_replace(struct dm_cmd_env *env, const struct dm_cmd *cmd,
			      const struct dm_item *item);
enum dm_status dm_cmd_delete(struct dm_cmd_env *env, const struct dm_item *item);
enum dm_status dm_cmd_copy(struct dm_cmd_env *env, const struct dm_item *item);
enum dm_status dm_cmd_exec(struct dm_cmd_env *env, const struct dm_cmd *cmd,
			   const struct dm_item *item);
/* Any of the above by cmd->kind; 405 for the rest. @fn only for Get. */
enum dm_status dm_cmd_item(struct dm_cmd_env *env, const struct dm_cmd *cmd,
			   const struct dm_item *item, dm_cmd_result_fn *fn, void *ctx);

#endif
