// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Serialized tree objects (TNDS 1.2) as the data of Add and Replace. How they
 * are encoded is codec/'s; where an Inbox object goes is inbox.c.
 */
#include <errno.h>

#include "dm/account.h"
#include "dm/acl.h"
#include "dm/cmd_int.h"
#include "util/digest.h"
#include "util/str.h"

bool dm_cmd_has_tnds(const struct dm_cmd *cmd, const struct dm_item *item)
{
	return item->tnds || dm_tnds_is_mime(str_trim(dm_cmd_type(cmd, item)));
}

struct decoded {
	dm_cmd_tnds_fn *fn;
	void *ctx;
	enum dm_status st;
};

static int on_decoded(void *ctx, const struct dm_tnds *tnds)
{
	struct decoded *d = ctx;

	d->st = d->fn(d->ctx, tnds);
	return 0;
}

enum dm_status dm_cmd_with_tnds(struct dm_cmd_env *env, const struct dm_cmd *cmd,
				const struct dm_item *item, dm_cmd_tnds_fn *fn, void *ctx)
{
	struct slice f = str_trim(dm_cmd_format(cmd, item));
	struct decoded d = { fn, ctx, DM_ST_FAILED };
	_cleanup_buf_ struct buf raw = BUF_INIT;
	struct slice doc = item->data;
	int rc = 0;

	if (item->tnds)
		return fn(ctx, item->tnds);
	if (!slice_present(doc))
		return DM_ST_BAD_REQUEST;
	if (!env->tnds || !env->tnds->decode)
		return DM_ST_BAD_FORMAT;
	if (doc.n > DM_VALUE_MAX || (env->max_obj_size && doc.n > env->max_obj_size))
		return DM_ST_TOO_LARGE;
	if (slice_eq_str(f, "b64") && !item->data_opaque) {
		rc = base64_decode(&raw, doc);
		if (rc)
			return rc == -EBADMSG ? DM_ST_BAD_REQUEST : dm_cmd_errno(rc);
		doc = buf_slice(&raw);
	}
	rc = env->tnds->decode(doc, str_trim(dm_cmd_type(cmd, item)), on_decoded, &d);
	return rc ? dm_cmd_errno(rc == -EBADMSG ? -EPROTO : rc) : d.st;
}

size_t dm_tnds_subtree_end(const struct dm_tnds *tnds, size_t i)
{
	size_t j = i + 1;

	while (j < tnds->n && tnds->nodes[j].depth > tnds->nodes[i].depth)
		j++;
	return j;
}

/* --- one node ------------------------------------------------------------ */

static enum dm_status tnds_value(const struct dm_tnds_node *x, struct dm_node_init *in,
				 struct buf *scratch)
{
	/* In an XML object binary values are base64; raw text is taken as it is. */
	if (in->format == DM_FMT_BIN && !x->value_opaque && base64_decode(scratch, x->value) == 0) {
		in->value = buf_slice(scratch);
		return DM_ST_NONE;
	}
	buf_reset(scratch);
	return dm_cmd_value(&in->format, x->value, x->value_opaque, scratch, &in->value);
}

static enum dm_status tnds_content(const struct dm_cmd_env *env, const struct dm_tnds_node *x,
				   bool has_children, struct dm_node_init *in, struct buf *scratch)
{
	struct slice f = str_trim(x->format);

	in->format = has_children || !x->has_value ? DM_FMT_NODE : DM_FMT_CHR;
	if (f.n && dm_format_parse(f, &in->format))
		return DM_ST_BAD_FORMAT;
	if (in->format == DM_FMT_NODE ? x->value.n > 0 : has_children)
		return DM_ST_BAD_FORMAT;
	if (!dm_acl_valid(x->acl))
		return DM_ST_BAD_REQUEST;
	in->type = str_trim(x->type);
	in->acl = x->acl;
	in->title = x->title.n <= 255 ? x->title : SLICE_NONE;
	if (in->format == DM_FMT_NODE)
		return DM_ST_NONE;
	if (x->value.n > DM_VALUE_MAX || (env->max_obj_size && x->value.n > env->max_obj_size))
		return DM_ST_TOO_LARGE;
	if (!in->type.n)
		in->type = SLICE_LIT("text/plain");
	return tnds_value(x, in, scratch);
}

static enum dm_status graft_one(struct dm_cmd_env *env, struct dm_node *parent, struct slice name,
				const struct dm_tnds_node *x, bool has_children,
				struct dm_node **out)
{
	struct buf scratch = BUF_INIT;
	struct dm_node_init in = { .name = name };
	enum dm_status st;

	if (env->limits.max_segment && name.n > env->limits.max_segment)
		return DM_ST_URI_TOO_LONG;
	st = dm_cmd_may_add(env, parent);
	if (!st && dm_tree_child(env->tree, parent, name))
		st = DM_ST_EXISTS;
	if (!st)
		st = tnds_content(env, x, has_children, &in, &scratch);
	if (!st)
		st = dm_cmd_make(env, parent, &in, out);
	buf_wipe_fini(&scratch);
	return st == DM_ST_OK ? DM_ST_NONE : st;
}

static unsigned int node_depth(const struct dm_node *n)
{
	unsigned int d = 0;

	for (; n->parent; n = n->parent)
		d++;
	return d;
}

/*
 * Inside one object the outermost node's rights count: the server made it. Its
 * own ACL, obeyed as the object wants it, must not cut off the rest of the
 * same object, so what is below it is made without asking again.
 */
enum dm_status dm_cmd_tnds_graft(struct dm_cmd_env *env, struct dm_node *base, struct slice name,
				 const struct dm_tnds *tnds, size_t from, size_t to,
				 struct dm_node **top)
{
	struct dm_node *stack[DM_URI_MAX_DEPTH + 1];
	unsigned int base_depth = node_depth(base), d0 = tnds->nodes[from].depth;
	unsigned int max = env->limits.max_depth ? env->limits.max_depth : DM_URI_MAX_DEPTH;
	struct dm_cmd_env inner = *env;
	unsigned int have = 0;		/* stack[0 .. have-1] is valid */

	inner.trusted = true;
	for (size_t i = from; i < to; i++) {
		const struct dm_tnds_node *x = &tnds->nodes[i];
		unsigned int d = x->depth - d0;
		bool has_children = i + 1 < to && tnds->nodes[i + 1].depth > x->depth;
		enum dm_status st;

		if (x->depth < d0 || d > have)
			return DM_ST_BAD_REQUEST;
		if (d >= DM_URI_MAX_DEPTH || base_depth + d + 1 > max)
			return DM_ST_URI_TOO_LONG;
		st = graft_one(d ? &inner : env, d ? stack[d - 1] : base, d ? x->name : name, x,
			       has_children, &stack[d]);
		if (st)
			return st;
		have = d + 1;
	}
	if (top)
		*top = stack[0];
	return DM_ST_NONE;
}

/* --- Add, Replace -------------------------------------------------------- */

struct apply {
	struct dm_cmd_env *env;
	struct dm_node *base;
	const struct dm_uri *u;
};

/* Every outermost node becomes a child of @base, below its own Path. */
static enum dm_status graft_all(struct dm_cmd_env *env, struct dm_node *base,
				const struct dm_tnds *t)
{
	for (size_t i = 0; i < t->n; i = dm_tnds_subtree_end(t, i)) {
		struct dm_node *parent = base;
		struct slice path = t->nodes[i].path, name;
		enum dm_status st;

		if (t->nodes[i].depth)
			return DM_ST_BAD_REQUEST;
		if (path.n) {
			/* A last segment is added only to have all of Path made. */
			_cleanup_buf_ struct buf p = BUF_INIT;
			struct dm_uri u;

			buf_put_slice(&p, path);
			buf_put_str(&p, "/x");
			if (buf_error(&p))
				return DM_ST_DEVICE_FULL;
			st = dm_uri_parse(buf_slice(&p), &env->limits, &u);
			if (!st && u.query != DM_URI_NODE)
				st = DM_ST_BAD_REQUEST;
			if (!st)
				st = dm_cmd_parents(env, base, u.path, &parent, &name);
			if (st)
				return st;
		}
		st = dm_cmd_tnds_graft(env, parent, t->nodes[i].name, t, i,
				       dm_tnds_subtree_end(t, i), NULL);
		if (st)
			return st;
	}
	return t->n ? DM_ST_OK : DM_ST_BAD_REQUEST;
}

/* Does the object describe the target itself: one outermost node of its name, or of none? */
static bool is_target(const struct dm_tnds *t, struct slice name)
{
	return t->n && !t->nodes[0].path.n && dm_tnds_subtree_end(t, 0) == t->n &&
	       (!t->nodes[0].name.n || slice_eq(t->nodes[0].name, name));
}

static enum dm_status add_object(void *ctx, const struct dm_tnds *t)
{
	struct apply *a = ctx;
	struct dm_node *parent = NULL, *base = dm_tree_find(a->env->tree, a->u->path);
	struct dm_node_init in = { .format = DM_FMT_NODE };
	struct slice name = a->u->name;
	enum dm_status st;

	if (base) {
		if (t->n == 1 && is_target(t, name))
			return DM_ST_EXISTS;
		return graft_all(a->env, base, t);
	}
	st = dm_cmd_parents(a->env, dm_tree_root(a->env->tree), a->u->path, &parent, &name);
	if (st)
		return st;
	if (is_target(t, name)) {
		st = dm_cmd_tnds_graft(a->env, parent, name, t, 0, t->n, NULL);
		return st ? st : DM_ST_OK;
	}
	in.name = name;
	st = dm_cmd_make(a->env, parent, &in, &base);
	return st == DM_ST_OK ? graft_all(a->env, base, t) : st;
}

enum dm_status dm_cmd_tnds_add(struct dm_cmd_env *env, const struct dm_cmd *cmd,
			       const struct dm_item *item, const struct dm_uri *u)
{
	struct apply a = { env, NULL, u };

	return dm_cmd_with_tnds(env, cmd, item, add_object, &a);
}

static enum dm_status clear(struct dm_cmd_env *env, struct dm_node *n)
{
	for (const struct dm_node *x = dm_tree_next(n, n); x; x = dm_tree_next(n, x))
		if (x->flags & DM_NODE_PERMANENT)
			return DM_ST_NOT_ALLOWED;
	while (n->first_child) {
		int rc = dm_tree_delete(env->tree, n->first_child);

		if (rc)
			return dm_cmd_errno(rc);
	}
	return DM_ST_NONE;
}

/* The properties the object gives to the target itself, then its children. */
static enum dm_status replace_self(struct dm_cmd_env *env, struct dm_node *n,
				   const struct dm_tnds *t)
{
	const struct dm_tnds_node *x = &t->nodes[0];
	int rc = 0;

	if (slice_present(x->format) && str_trim(x->format).n &&
	    !slice_eq_str(str_trim(x->format), "node"))
		return DM_ST_BAD_FORMAT;
	if (!dm_acl_valid(x->acl))
		return DM_ST_BAD_REQUEST;
	for (size_t i = 1; i < t->n; ) {
		size_t end = dm_tnds_subtree_end(t, i);
		enum dm_status st;

		if (t->nodes[i].depth != 1)
			return DM_ST_BAD_REQUEST;
		st = dm_cmd_tnds_graft(env, n, t->nodes[i].name, t, i, end, NULL);
		if (st)
			return st;
		i = end;
	}
	if (slice_present(x->acl) && (env->trusted || dm_acl_may_change(n, env->server)))
		rc = dm_tree_set_acl(env->tree, n, x->acl, env->now);
	if (!rc && str_trim(x->type).n)
		rc = dm_tree_set_type(env->tree, n, str_trim(x->type), env->now);
	return dm_cmd_errno(rc);
}

/* The ServerID of the account @n is; nothing when it is none. */
static struct slice server_of(struct dm_cmd_env *env, const struct dm_node *n)
{
	struct dm_node *id = NULL;

	if (dm_account_is_root(n))
		id = dm_tree_child(env->tree, n, SLICE_LIT("ServerID"));
	return id ? dm_node_value(id) : SLICE_LIT("");
}

static void note_server(struct dm_cmd_env *env, const struct dm_node *account, struct buf *ids)
{
	struct slice id = server_of(env, account);

	if (!id.n)
		return;
	buf_put_slice(ids, id);
	buf_put_u8(ids, 0);
}

/* The servers of the accounts at or right below @n, a NUL behind each. */
static int servers_at(struct dm_cmd_env *env, const struct dm_node *n, struct buf *ids)
{
	note_server(env, n, ids);
	for (const struct dm_node *x = n->first_child; x; x = x->next)
		note_server(env, x, ids);
	return buf_error(ids);
}

/* A server whose account did not come back leaves every ACL, as by a Delete (ACL-10). */
static int drop_gone(struct dm_cmd_env *env, struct slice ids)
{
	struct slice id;
	int rc = 0;

	while (!rc && ids.n && str_split(&ids, 0, &id))
		if (id.n && !dm_account_find(env->tree, id))
			rc = dm_acl_remove_server(env->tree, id, env->now);
	return rc;
}

static enum dm_status replace_object(void *ctx, const struct dm_tnds *t)
{
	struct apply *a = ctx;
	/* Replace on the node covers making and deleting what is below it. */
	struct dm_cmd_env inner = *a->env;
	_cleanup_buf_ struct buf server = BUF_INIT, before = BUF_INIT;
	enum dm_status st;

	buf_put_slice(&server, server_of(a->env, a->base));
	if (buf_error(&server) || servers_at(a->env, a->base, &before))
		return DM_ST_DEVICE_FULL;
	st = clear(a->env, a->base);
	if (st)
		return st;
	inner.trusted = true;
	if (is_target(t, slice_of(a->base->name, a->base->name_len)) && a->base->parent)
		st = replace_self(&inner, a->base, t);
	else
		st = graft_all(&inner, a->base, t);
	/* An account may be replaced, but not by another server's. */
	if (st == DM_ST_OK && !a->env->trusted && server.len &&
	    !slice_eq(buf_slice(&server), server_of(a->env, a->base)))
		return DM_ST_NOT_ALLOWED;
	if (st == DM_ST_OK && drop_gone(a->env, buf_slice(&before)))
		return DM_ST_DEVICE_FULL;
	return st;
}

enum dm_status dm_cmd_tnds_replace(struct dm_cmd_env *env, const struct dm_cmd *cmd,
				   const struct dm_item *item, struct dm_node *n)
{
	struct apply a = { env, n, NULL };

	return dm_cmd_with_tnds(env, cmd, item, replace_object, &a);
}
