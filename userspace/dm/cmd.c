// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands on the tree: the decision, Delete, Exec and the dispatch. Get is
 * cmd_get.c, what writes values is cmd_write.c, serialized objects cmd_tnds.c.
 */
#include "dm/cmd.h"

#include <errno.h>

#include "dm/account.h"
#include "dm/acl.h"
#include "dm/cmd_int.h"
#include "dm/ddf.h"
#include "util/str.h"

bool dm_tnds_is_mime(struct slice type)
{
	return str_starts(type, "application/vnd.syncml.dmtnds+");
}

enum dm_status dm_cmd_errno(int rc)
{
	switch (rc) {
	case 0:
		return DM_ST_OK;
	case -EEXIST:
		return DM_ST_EXISTS;
	case -ENOENT:
		return DM_ST_NOT_FOUND;
	case -ENOTDIR:
		return DM_ST_NOT_ALLOWED;
	case -EINVAL:
	case -EPROTO:
		return DM_ST_BAD_REQUEST;
	case -EOPNOTSUPP:
		return DM_ST_BAD_FORMAT;
	case -EMSGSIZE:
		return DM_ST_TOO_LARGE;
	case -ENOMEM:
	case -ENOSPC:
		return DM_ST_DEVICE_FULL;
	default:
		return DM_ST_FAILED;
	}
}

enum dm_status dm_cmd_check(const struct dm_cmd_env *env, const struct dm_node *n,
			    enum dm_access right)
{
	if (env->trusted)
		return DM_ST_NONE;
	if (!dm_acl_allows(n, right, env->server))
		return DM_ST_DENIED;
	return n->access & right ? DM_ST_NONE : DM_ST_NOT_ALLOWED;
}

bool dm_cmd_is_inbox(const struct dm_uri *u)
{
	struct slice path = u->path, seg;

	return dm_uri_next_segment(&path, &seg) && slice_eq_str(seg, "Inbox");
}

struct slice dm_cmd_format(const struct dm_cmd *cmd, const struct dm_item *item)
{
	return slice_present(item->meta.format) ? item->meta.format : cmd->meta.format;
}

struct slice dm_cmd_type(const struct dm_cmd *cmd, const struct dm_item *item)
{
	return slice_present(item->meta.type) ? item->meta.type : cmd->meta.type;
}

/* --- descriptions -------------------------------------------------------- */

static enum dm_status ask(const struct dm_cmd_env *env, const struct dm_node *parent,
			  struct slice name, enum dm_format format, struct slice value)
{
	if (!env->ops || !env->ops->check)
		return DM_ST_NONE;
	return env->ops->check(env->ctx, parent, name, format, value);
}

enum dm_status dm_cmd_described_child(const struct dm_cmd_env *env, const struct dm_node *parent,
				      const struct dm_node_init *in)
{
	enum dm_status st;

	if (!parent->ddf || !env->server.n)
		return DM_ST_NONE;
	st = dm_ddf_may_make(parent, in);
	if (st || in->format == DM_FMT_NODE || !dm_ddf_child(parent->ddf, in->name))
		return st;
	return ask(env, parent, in->name, in->format, in->value);
}

enum dm_status dm_cmd_described_value(const struct dm_cmd_env *env, const struct dm_node *n,
				      enum dm_format format, struct slice type, struct slice value)
{
	enum dm_status st;

	if (!n->ddf || !env->server.n)
		return DM_ST_NONE;
	st = dm_ddf_may_set(n, format, type);
	return st ? st : ask(env, n->parent, slice_of(n->name, n->name_len), format, value);
}

/* --- Delete, Exec -------------------------------------------------------- */

/* The node an item addresses, or the status why not. */
static enum dm_status locate(struct dm_cmd_env *env, struct slice target, struct dm_uri *u,
			     struct dm_node **n)
{
	enum dm_status st;

	if (!slice_present(target))
		return DM_ST_BAD_REQUEST;
	st = dm_uri_parse(target, &env->limits, u);
	if (st)
		return st;
	*n = dm_tree_find(env->tree, u->path);
	return DM_ST_NONE;
}

static bool has_permanent(struct dm_cmd_env *env, const struct dm_node *top)
{
	for (const struct dm_node *n = top; n; n = dm_tree_next(top, n)) {
		env->work += 3;		/* what deletes, and takes that back, walks here too */
		if (n->flags & DM_NODE_PERMANENT)
			return true;
	}
	return false;
}

int dm_cmd_forget(struct dm_cmd_env *env, struct slice server)
{
	struct dm_node *root = dm_tree_root(env->tree);

	for (const struct dm_node *n = root; n; n = dm_tree_next(root, n))
		env->work += 1 + (n->acl ? strlen(n->acl) / 16 : 0);	/* each name is looked at */
	return dm_acl_remove_server(env->tree, server, env->now);
}

static enum dm_status delete_node(struct dm_cmd_env *env, struct dm_node *n)
{
	dm_mark mark = dm_tree_mark(env->tree);
	struct dm_node *id = NULL;
	struct buf server = BUF_INIT;
	int rc;

	/* An account that goes takes its server out of every ACL (ACL-10). */
	if (dm_account_is_root(n))
		id = dm_tree_child(env->tree, n, SLICE_LIT("ServerID"));
	if (id)
		buf_put_slice(&server, dm_node_value(id));
	rc = buf_error(&server);
	if (!rc)
		rc = dm_tree_delete(env->tree, n);
	if (!rc && server.len)
		rc = dm_cmd_forget(env, buf_slice(&server));
	buf_fini(&server);
	if (rc && dm_tree_rollback(env->tree, mark))
		return DM_ST_FAILED;
	return dm_cmd_errno(rc);
}

enum dm_status dm_cmd_delete(struct dm_cmd_env *env, const struct dm_item *item)
{
	struct dm_uri u;
	struct dm_node *n = NULL;
	enum dm_status st = locate(env, item->target, &u, &n);

	if (st)
		return st;
	if (u.query != DM_URI_NODE)
		return DM_ST_NOT_ALLOWED;
	if (!n)
		return DM_ST_NOT_FOUND;
	st = dm_cmd_check(env, n, DM_ACC_DELETE);
	if (st == DM_ST_DENIED && !n->parent)
		return DM_ST_NOT_ALLOWED;	/* the root: 405 whatever its ACL says */
	if (st)
		return st;
	if (!n->parent || has_permanent(env, n))
		return DM_ST_NOT_ALLOWED;
	if (n->ddf && env->server.n)
		st = dm_ddf_may_delete(n);
	if (st)
		return st;
	return delete_node(env, n);
}

enum dm_status dm_cmd_exec(struct dm_cmd_env *env, const struct dm_cmd *cmd,
			   const struct dm_item *item)
{
	struct dm_uri u;
	struct dm_node *n = NULL;
	enum dm_status st = locate(env, item->target, &u, &n);

	if (st)
		return st;
	if (u.query != DM_URI_NODE)
		return DM_ST_NOT_ALLOWED;
	if (!n)
		return DM_ST_NOT_FOUND;
	st = dm_cmd_check(env, n, DM_ACC_EXEC);
	if (st)
		return st;
	if (env->ops && env->ops->exec)
		st = env->ops->exec(env->ctx, env->tree, n, item->data, cmd->correlator);
	return st ? st : DM_ST_NOT_ALLOWED;
}

/* --- dispatch ------------------------------------------------------------ */

enum dm_status dm_cmd_item(struct dm_cmd_env *env, const struct dm_cmd *cmd,
			   const struct dm_item *item, dm_cmd_result_fn *fn, void *ctx)
{
	env->failed_at = SLICE_NONE;
	if (env->work > DM_MAX_WORK)
		return DM_ST_TOO_LARGE;
	switch (cmd->kind) {
	case DM_CMD_GET:
		if (!slice_present(item->target))
			return DM_ST_BAD_REQUEST;
		return dm_cmd_get(env, item->target, fn, ctx);
	case DM_CMD_ADD:
		return dm_cmd_add(env, cmd, item);
	case DM_CMD_REPLACE:
		return dm_cmd_replace(env, cmd, item);
	case DM_CMD_DELETE:
		return dm_cmd_delete(env, item);
	case DM_CMD_COPY:
		return dm_cmd_copy(env, item);
	case DM_CMD_EXEC:
		return dm_cmd_exec(env, cmd, item);
	default:
		return DM_ST_NOT_ALLOWED;
	}
}
