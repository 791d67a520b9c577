/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the cmd_*.c files share; nobody else in or outside dm/ but inbox.c and bootstrap.c. */
#ifndef DMSC_DM_CMD_INT_H
#define DMSC_DM_CMD_INT_H

#include "dm/cmd.h"

/* Is there room in the tree for @n bytes more? Else the status is 420. */
static inline bool dm_cmd_room(const struct dm_cmd_env *env, size_t n)
{
	size_t max = env->max_bytes ? env->max_bytes : DM_MAX_BYTES, have = dm_tree_bytes(env->tree);

	return have < max && n < max - have;
}

/* Bytes that are looked at are work too: so many cost what walking over a node does. */
static inline void dm_cmd_worked(struct dm_cmd_env *env, size_t bytes)
{
	env->work += bytes / 64;
}

/* ACL-10 for a server that goes. 0 or -errno; the caller rolls back. */
int dm_cmd_forget(struct dm_cmd_env *env, struct slice server);

/* The engine's status for a failed tree or buffer operation. */
enum dm_status dm_cmd_errno(int rc);

/* ACL and access type of one existing node, in this order: DM_ST_NONE, 425 or 405. */
enum dm_status dm_cmd_check(const struct dm_cmd_env *env, const struct dm_node *n,
			    enum dm_access right);

/* True for ./Inbox and everything below it. */
bool dm_cmd_is_inbox(const struct dm_uri *u);

/* Meta of the item, else of the command. */
struct slice dm_cmd_format(const struct dm_cmd *cmd, const struct dm_item *item);
struct slice dm_cmd_type(const struct dm_cmd *cmd, const struct dm_item *item);

/* A MIME type or identifier, as it goes out again in Meta: short text on one line. */
bool dm_cmd_type_good(struct slice type);
/* DM_ST_NONE, 413 or 415. */
enum dm_status dm_cmd_title(struct slice title);
/*
 * A leaf value as it will be stored: *value borrows from @data or @scratch.
 * *format is changed from b64 to bin when base64 was taken off.
 */
enum dm_status dm_cmd_value(enum dm_format *format, struct slice data, bool opaque,
			    struct buf *scratch, struct slice *value);

/*
 * The node at @path, made with all missing parents as interior nodes; rights
 * of an explicit Add at each level (ACL-8 included). The last segment, *name,
 * is not made; *parent is where it is to go. On failure *name is the segment
 * that failed: the last one, or a parent that could not be made.
 */
enum dm_status dm_cmd_parents(struct dm_cmd_env *env, struct dm_node *base, struct slice path,
			      struct dm_node **parent, struct slice *name);
/*
 * Has env->failed_at name the parent that @name, a segment of @target, is; not
 * so when it is the last segment.
 */
void dm_cmd_failed_at(struct dm_cmd_env *env, struct slice target, const struct dm_uri *u,
		      struct slice name);
/* One new node below @parent, with the creator's ACL where ACL-8 wants it. */
enum dm_status dm_cmd_make(struct dm_cmd_env *env, struct dm_node *parent,
			   const struct dm_node_init *init, struct dm_node **out);
/*
 * What the description of @parent, and the object it belongs to, say of the
 * new child @in; of the new content of the leaf @n. DM_ST_NONE when nothing is
 * described, or no server acts.
 */
enum dm_status dm_cmd_described_child(const struct dm_cmd_env *env, const struct dm_node *parent,
				      const struct dm_node_init *in);
enum dm_status dm_cmd_described_value(const struct dm_cmd_env *env, const struct dm_node *n,
				      enum dm_format format, struct slice type, struct slice value);
/* May the server add below @parent? */
enum dm_status dm_cmd_may_add(struct dm_cmd_env *env, const struct dm_node *parent);

/* cmd_tnds.c: true when the item carries a serialized tree object. */
bool dm_cmd_has_tnds(const struct dm_cmd *cmd, const struct dm_item *item);
/* Calls @fn with the item's object, decoded when it is a document. */
typedef enum dm_status dm_cmd_tnds_fn(void *ctx, const struct dm_tnds *tnds);
enum dm_status dm_cmd_with_tnds(struct dm_cmd_env *env, const struct dm_cmd *cmd,
				const struct dm_item *item, dm_cmd_tnds_fn *fn, void *ctx);
enum dm_status dm_cmd_tnds_add(struct dm_cmd_env *env, const struct dm_cmd *cmd,
			       const struct dm_item *item, const struct dm_uri *u);
enum dm_status dm_cmd_tnds_replace(struct dm_cmd_env *env, const struct dm_cmd *cmd,
				   const struct dm_item *item, struct dm_node *n);
/* Makes the nodes [from, to) of @tnds; the first is a child of @base and named @name. */
enum dm_status dm_cmd_tnds_graft(struct dm_cmd_env *env, struct dm_node *base, struct slice name,
				 const struct dm_tnds *tnds, size_t from, size_t to,
				 struct dm_node **top);
/* Index behind the subtree that starts at @i. */
size_t dm_tnds_subtree_end(const struct dm_tnds *tnds, size_t i);

/* inbox.c: places the management objects of @tnds by their identifiers. */
struct dm_inbox_result {
	size_t placed, ignored;
	size_t steps;			/* nodes looked at, to show that it does not grow faster than they */
};
enum dm_status dm_inbox_place(struct dm_cmd_env *env, const struct dm_tnds *tnds,
			      struct dm_inbox_result *res);

#endif
