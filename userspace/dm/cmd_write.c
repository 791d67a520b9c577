// SPDX-License-Identifier: GPL-2.0-or-later
/* Add, Replace and Copy of single nodes and properties; serialized objects are cmd_tnds.c. */
#include <errno.h>

#include "dm/account.h"
#include "dm/acl.h"
#include "dm/cmd_int.h"
#include "dm/ddf.h"
#include "util/str.h"

#define ACCOUNTS_MAX 64			/* that servers may make; a card's are not counted */

static enum dm_status undo(struct dm_cmd_env *env, dm_mark mark, enum dm_status st)
{
	if (st >= DM_ST_OK && st < 300)
		return st;
	return dm_tree_rollback(env->tree, mark) ? DM_ST_FAILED : st;
}

static bool too_large(const struct dm_cmd_env *env, size_t n)
{
	return n > DM_VALUE_MAX || (env->max_obj_size && n > env->max_obj_size);
}

/* --- Add ----------------------------------------------------------------- */

enum dm_status dm_cmd_may_add(struct dm_cmd_env *env, const struct dm_node *parent)
{
	enum dm_status st = dm_cmd_check(env, parent, DM_ACC_ADD);

	if (st)
		return st;
	return parent->format == DM_FMT_NODE ? DM_ST_NONE : DM_ST_NOT_ALLOWED;
}

/*
 * A server may make accounts, but none that takes another's identity, and not
 * without end. DM_ST_NONE: this node may be made.
 */
static enum dm_status account_guard(struct dm_cmd_env *env, struct dm_node *parent,
				    const struct dm_node_init *in)
{
	size_t n = 0;

	if (!env->server.n)
		return DM_ST_NONE;
	if (slice_eq_str(in->name, "ServerID") && dm_account_is_root(parent)) {
		if (!dm_acl_server_valid(in->value))
			return DM_ST_BAD_FORMAT;
		return dm_account_find(env->tree, in->value) ? DM_ST_EXISTS : DM_ST_NONE;
	}
	if (parent->parent && !parent->parent->parent && !strcmp(parent->name, "DMAcc"))
		for (const struct dm_node *x = parent->first_child; x; x = x->next)
			n++;
	return n < ACCOUNTS_MAX ? DM_ST_NONE : DM_ST_DEVICE_FULL;
}

enum dm_status dm_cmd_make(struct dm_cmd_env *env, struct dm_node *parent,
			   const struct dm_node_init *init, struct dm_node **out)
{
	_cleanup_buf_ struct buf acl = BUF_INIT;
	struct dm_node_init in = *init;
	enum dm_status st;

	if (dm_tree_count(env->tree) >= (env->max_nodes ? env->max_nodes : DM_MAX_NODES) ||
	    !dm_cmd_room(env, sizeof(struct dm_node) + in.name.n + in.value.n + in.acl.n))
		return DM_ST_DEVICE_FULL;
	st = account_guard(env, parent, init);
	if (!st && parent->ddf)
		st = dm_cmd_described_child(env, parent, init);
	if (st)
		return st;
	/* ACL-8: who cannot Replace on the parent is made master of what it creates. */
	if (in.format == DM_FMT_NODE && !env->trusted && !in.acl.n &&
	    !dm_acl_allows(parent, DM_ACC_REPLACE, env->server)) {
		dm_acl_for_creator(env->server, &acl);
		if (buf_error(&acl))
			return dm_cmd_errno(buf_error(&acl));
		if (!acl.len)
			return DM_ST_DENIED;
		in.acl = buf_slice(&acl);
	}
	in.access = dm_account_access(parent, in.name);
	in.origin = env->origin;
	return dm_cmd_errno(dm_tree_add(env->tree, parent, &in, env->now, out));
}

enum dm_status dm_cmd_parents(struct dm_cmd_env *env, struct dm_node *base, struct slice path,
			      struct dm_node **parent, struct slice *name)
{
	struct slice seg;

	*parent = base;
	while (dm_uri_next_segment(&path, &seg)) {
		struct dm_node_init in = { .name = seg, .format = DM_FMT_NODE };
		struct dm_node *child = dm_tree_child(env->tree, *parent, seg);
		enum dm_status st;

		*name = seg;
		if (!path.n)
			return dm_cmd_may_add(env, *parent);
		if (child) {
			*parent = child;
			continue;
		}
		st = dm_cmd_may_add(env, *parent);
		if (!st)
			st = dm_cmd_make(env, *parent, &in, &child);
		if (st != DM_ST_OK)
			return st;
		*parent = child;
	}
	return DM_ST_NONE;
}

void dm_cmd_failed_at(struct dm_cmd_env *env, struct slice target, const struct dm_uri *u,
		      struct slice name)
{
	const uint8_t *end = name.p + name.n;

	if (end < u->path.p + u->path.n)
		env->failed_at = slice_of(target.p, end - target.p);
}

/* Format, type and value of a new node. */
static enum dm_status add_content(struct dm_cmd_env *env, const struct dm_cmd *cmd,
				  const struct dm_item *item, struct buf *scratch,
				  struct dm_node_init *in)
{
	struct slice f = dm_cmd_format(cmd, item);
	enum dm_status st;

	in->format = DM_FMT_CHR;
	in->type = str_trim(dm_cmd_type(cmd, item));
	if (!dm_cmd_type_good(in->type) || (f.n && dm_format_parse(str_trim(f), &in->format)))
		return DM_ST_BAD_FORMAT;
	if (in->format == DM_FMT_NODE) {
		if (slice_eq_str(in->type, "text/plain"))
			in->type = SLICE_NONE;
		return item->data.n ? DM_ST_BAD_FORMAT : DM_ST_NONE;
	}
	if (!slice_present(item->data) && in->format != DM_FMT_NULL)
		return DM_ST_BAD_REQUEST;
	if (too_large(env, item->data.n))
		return DM_ST_TOO_LARGE;
	if (!in->type.n)
		in->type = SLICE_LIT("text/plain");
	st = dm_cmd_value(&in->format, item->data, item->data_opaque, scratch, &in->value);
	return st;
}

static enum dm_status add_node(struct dm_cmd_env *env, const struct dm_cmd *cmd,
			       const struct dm_item *item, const struct dm_uri *u)
{
	struct buf scratch = BUF_INIT;
	struct dm_node_init in = { 0 };
	struct dm_node *parent;
	enum dm_status st;

	st = dm_cmd_parents(env, dm_tree_root(env->tree), u->path, &parent, &in.name);
	if (st)
		dm_cmd_failed_at(env, item->target, u, in.name);
	else if (dm_tree_child(env->tree, parent, in.name))
		st = DM_ST_EXISTS;
	if (!st)
		st = add_content(env, cmd, item, &scratch, &in);
	if (!st)
		st = dm_cmd_make(env, parent, &in, NULL);
	buf_wipe_fini(&scratch);
	return st;
}

static enum dm_status inbox_tnds(void *ctx, const struct dm_tnds *tnds)
{
	struct dm_inbox_result res = { 0 };
	enum dm_status st = dm_inbox_place(ctx, tnds, &res);

	/* In a session the server must hear that nothing was taken. */
	return st == DM_ST_OK && !res.placed ? DM_ST_NOT_FOUND : st;
}

/* ./Inbox takes serialized objects only; where they go says their identifier. */
static enum dm_status to_inbox(struct dm_cmd_env *env, const struct dm_cmd *cmd,
			       const struct dm_item *item)
{
	struct dm_node *inbox = dm_tree_find(env->tree, SLICE_LIT("./Inbox"));
	enum dm_status st;

	if (!inbox)
		return DM_ST_NOT_FOUND;
	st = dm_cmd_check(env, inbox, DM_ACC_ADD);
	if (st)
		return st;
	if (!dm_cmd_has_tnds(cmd, item))
		return DM_ST_NOT_ALLOWED;
	return dm_cmd_with_tnds(env, cmd, item, inbox_tnds, env);
}

enum dm_status dm_cmd_add(struct dm_cmd_env *env, const struct dm_cmd *cmd,
			  const struct dm_item *item)
{
	dm_mark mark = dm_tree_mark(env->tree);
	struct dm_uri u;
	enum dm_status st;

	if (!slice_present(item->target))
		return DM_ST_BAD_REQUEST;
	st = dm_uri_parse(item->target, &env->limits, &u);
	if (st)
		return st;
	if (u.query != DM_URI_NODE)
		return DM_ST_NOT_ALLOWED;
	if (dm_cmd_is_inbox(&u))
		return undo(env, mark, to_inbox(env, cmd, item));
	if (dm_cmd_has_tnds(cmd, item))
		return undo(env, mark, dm_cmd_tnds_add(env, cmd, item, &u));
	if (!u.depth)
		return DM_ST_EXISTS;
	return undo(env, mark, add_node(env, cmd, item, &u));
}

/* --- Replace ------------------------------------------------------------- */

static enum dm_status replace_acl(struct dm_cmd_env *env, struct dm_node *n, struct slice acl)
{
	if (!env->trusted && !dm_acl_may_change(n, env->server))
		return DM_ST_DENIED;
	if (acl.n > DM_ACL_MAX)
		return DM_ST_TOO_LARGE;
	if (!dm_acl_valid(acl))
		return DM_ST_BAD_REQUEST;
	/* ACL-1 and ACL-9: the root has a value, and everybody may add below it. */
	if (!n->parent && !dm_acl_grants(acl, DM_ACC_ADD, SLICE_LIT("*")))
		return DM_ST_NOT_ALLOWED;
	if (!dm_cmd_room(env, acl.n))
		return DM_ST_DEVICE_FULL;
	return dm_cmd_errno(dm_tree_set_acl(env->tree, n, acl, env->now));
}

/* Would @name make a URI of the node, or of one below it, too long to be used (MaxTotLen)? */
static bool too_long_below(struct dm_cmd_env *env, const struct dm_node *n, struct slice name)
{
	size_t was = dm_uri_chars(slice_of(n->name, n->name_len)), is = dm_uri_chars(name);
	size_t max = env->limits.max_total ? env->limits.max_total : DM_URI_MAX;

	if (is <= was)
		return false;
	for (const struct dm_node *x = n; x; x = dm_tree_next(n, x)) {
		size_t chars = dm_node_uri_chars(x);

		env->work++;
		dm_cmd_worked(env, chars);
		if (chars + is - was > max)
			return true;
	}
	return false;
}

static enum dm_status replace_name(struct dm_cmd_env *env, struct dm_node *n, struct slice name)
{
	if (n->flags & DM_NODE_PERMANENT)
		return DM_ST_NOT_ALLOWED;
	/* The back door to another ServerID, and to a secret that could be read. */
	if (!env->trusted && dm_account_access(n->parent, name) !=
			     dm_account_access(n->parent, slice_of(n->name, n->name_len)))
		return DM_ST_NOT_ALLOWED;
	if (dm_uri_over(name, env->limits.max_segment) || too_long_below(env, n, name))
		return DM_ST_URI_TOO_LONG;
	if (slice_eq(name, slice_of(n->name, n->name_len)))
		return DM_ST_OK;
	if (n->parent->ddf && env->server.n && dm_ddf_may_rename(n, name))
		return DM_ST_NOT_ALLOWED;
	if (!dm_cmd_room(env, name.n))
		return DM_ST_DEVICE_FULL;
	return dm_cmd_errno(dm_tree_rename(env->tree, n, name, env->now));
}

static enum dm_status replace_prop(struct dm_cmd_env *env, const struct dm_cmd *cmd,
				   const struct dm_item *item, struct dm_node *n, struct slice prop)
{
	static const char *const fixed[] = { "Format", "Size", "TStamp", "Type", "VerNo" };
	enum dm_status st;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (slice_eq_str(prop, fixed[i]))
			return DM_ST_NOT_ALLOWED;
	if (!slice_eq_str(prop, "ACL") && !slice_eq_str(prop, "Name") &&
	    !slice_eq_str(prop, "Title"))
		return DM_ST_UNSUPPORTED;
	if (!slice_present(item->data))
		return DM_ST_BAD_REQUEST;
	/* They are strings and need no Meta (TND 1.2 section 7.3); what is no string is none. */
	if (slice_eq_str(str_trim(dm_cmd_format(cmd, item)), "b64"))
		return DM_ST_BAD_FORMAT;
	if (slice_eq_str(prop, "ACL"))
		return replace_acl(env, n, item->data);
	/* The node's Replace right covers its name and title (ACL-7). */
	if (!env->trusted && !dm_acl_allows(n, DM_ACC_REPLACE, env->server))
		return DM_ST_DENIED;
	if (slice_eq_str(prop, "Name"))
		return replace_name(env, n, item->data);
	st = dm_cmd_title(item->data);
	if (!st && !dm_cmd_room(env, item->data.n))
		st = DM_ST_DEVICE_FULL;
	return st ? st : dm_cmd_errno(dm_tree_set_title(env->tree, n, item->data, env->now));
}

/* Without Meta a leaf keeps its format and type; a permanent one always does. */
static enum dm_status replace_value(struct dm_cmd_env *env, const struct dm_cmd *cmd,
				    const struct dm_item *item, struct dm_node *n)
{
	struct slice f = dm_cmd_format(cmd, item), type = str_trim(dm_cmd_type(cmd, item)), value;
	enum dm_format format = n->format;
	struct buf scratch = BUF_INIT;
	enum dm_status st;

	if (!dm_cmd_type_good(type) ||
	    (f.n && (dm_format_parse(str_trim(f), &format) || format == DM_FMT_NODE)))
		return DM_ST_BAD_FORMAT;
	if (!slice_present(item->data) && format != DM_FMT_NULL)
		return DM_ST_BAD_REQUEST;
	if (too_large(env, item->data.n))
		return DM_ST_TOO_LARGE;
	if (!type.n)
		type = slice_str(n->type ? n->type : "");
	st = dm_cmd_value(&format, item->data, item->data_opaque, &scratch, &value);
	if (!st && !dm_cmd_room(env, value.n))
		st = DM_ST_DEVICE_FULL;
	/* RepPro 1.2 section 6.6.11: format and type of a permanent node stay. */
	if ((n->flags & DM_NODE_PERMANENT) && st != DM_ST_BAD_REQUEST &&
	    (format != n->format || !slice_eq_str(type, n->type ? n->type : "")))
		st = DM_ST_NOT_ALLOWED;
	if (!st && n->ddf)
		st = dm_cmd_described_value(env, n, format, type, value);
	if (!st)
		st = dm_cmd_errno(dm_tree_set_value(env->tree, n, format, type, value, env->now));
	buf_wipe_fini(&scratch);
	return st;
}

static enum dm_status replace_node(struct dm_cmd_env *env, const struct dm_cmd *cmd,
				   const struct dm_item *item, struct dm_node *n)
{
	enum dm_status st = dm_cmd_check(env, n, DM_ACC_REPLACE);

	if (st)
		return st;
	/* An object replaces an interior node, anything else a leaf. */
	if ((n->format == DM_FMT_NODE) != dm_cmd_has_tnds(cmd, item))
		return DM_ST_NOT_ALLOWED;
	if (n->format != DM_FMT_NODE)
		return replace_value(env, cmd, item, n);
	return dm_cmd_tnds_replace(env, cmd, item, n);
}

enum dm_status dm_cmd_replace(struct dm_cmd_env *env, const struct dm_cmd *cmd,
			      const struct dm_item *item)
{
	dm_mark mark = dm_tree_mark(env->tree);
	struct dm_node *n;
	struct dm_uri u;
	enum dm_status st;

	if (!slice_present(item->target))
		return DM_ST_BAD_REQUEST;
	st = dm_uri_parse(item->target, &env->limits, &u);
	if (st)
		return st;
	if (u.query == DM_URI_LIST)
		return DM_ST_NOT_ALLOWED;
	if (dm_cmd_is_inbox(&u) && u.query == DM_URI_NODE)
		return undo(env, mark, to_inbox(env, cmd, item));
	n = dm_tree_find(env->tree, u.path);
	if (!n)
		return DM_ST_NOT_FOUND;
	if (u.query == DM_URI_PROP)
		return undo(env, mark, replace_prop(env, cmd, item, n, u.arg));
	return undo(env, mark, replace_node(env, cmd, item, n));
}

/* --- Copy ---------------------------------------------------------------- */

/* The leaf to copy, when it may be read. */
static enum dm_status copy_source(struct dm_cmd_env *env, struct slice uri, struct dm_node **out)
{
	struct dm_uri u;
	enum dm_status st = dm_uri_parse(uri, &env->limits, &u);

	if (st)
		return st;
	if (u.query != DM_URI_NODE || dm_cmd_is_inbox(&u))
		return DM_ST_NOT_ALLOWED;
	*out = dm_tree_find(env->tree, u.path);
	if (!*out)
		return DM_ST_NOT_FOUND;
	st = dm_cmd_check(env, *out, DM_ACC_GET);
	dm_cmd_worked(env, (*out)->value_len);
	if (!st && (!((*out)->access & DM_ACC_COPY) || (*out)->format == DM_FMT_NODE))
		st = DM_ST_NOT_ALLOWED;
	return st;
}

static const char *type_of(const struct dm_node *n)
{
	return n->type ? n->type : "";
}

static enum dm_status copy_over(struct dm_cmd_env *env, const struct dm_node *src,
				struct dm_node *dst)
{
	enum dm_status st = dm_cmd_check(env, dst, DM_ACC_REPLACE);

	if (st)
		return st == DM_ST_NOT_ALLOWED ? DM_ST_FORBIDDEN : st;
	/* Whatever is not a matter of rights is 403 (RepPro 1.2 section 6.6.4). */
	if (dst->format == DM_FMT_NODE)
		return DM_ST_FORBIDDEN;
	if ((dst->flags & DM_NODE_PERMANENT) &&
	    (dst->format != src->format || strcmp(type_of(dst), type_of(src)) != 0))
		return DM_ST_FORBIDDEN;
	if (!dm_cmd_room(env, src->value_len))
		return DM_ST_DEVICE_FULL;
	st = dm_cmd_described_value(env, dst, src->format, slice_str(type_of(src)),
				    dm_node_value(src));
	if (st)
		return st;
	return dm_cmd_errno(dm_tree_set_value(env->tree, dst, src->format,
					      slice_str(type_of(src)),
					      dm_node_value(src), env->now));
}

static enum dm_status copy_new(struct dm_cmd_env *env, const struct dm_node *src,
			       struct slice target, const struct dm_uri *u)
{
	struct dm_node_init in = {
		.format = src->format, .type = slice_str(type_of(src)),
		.value = dm_node_value(src),
	};
	struct dm_node *parent;
	enum dm_status st;

	st = dm_cmd_parents(env, dm_tree_root(env->tree), u->path, &parent, &in.name);
	if (st)
		dm_cmd_failed_at(env, target, u, in.name);
	return st ? st : dm_cmd_make(env, parent, &in, NULL);
}

enum dm_status dm_cmd_copy(struct dm_cmd_env *env, const struct dm_item *item)
{
	dm_mark mark = dm_tree_mark(env->tree);
	struct dm_node *src, *dst;
	struct dm_uri u;
	enum dm_status st;

	if (!slice_present(item->target) || !slice_present(item->source))
		return DM_ST_BAD_REQUEST;
	st = dm_uri_parse(item->target, &env->limits, &u);
	if (!st && (u.query != DM_URI_NODE || dm_cmd_is_inbox(&u)))
		st = DM_ST_NOT_ALLOWED;
	if (!st)
		st = copy_source(env, item->source, &src);
	if (st)
		return st;
	dst = dm_tree_find(env->tree, u.path);
	return undo(env, mark, dst ? copy_over(env, src, dst) : copy_new(env, src, item->target, &u));
}
