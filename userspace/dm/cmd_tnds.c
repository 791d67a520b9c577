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

/* One of the two MIME types, parameters aside. */
static bool is_known(struct slice type)
{
	struct slice name;

	if (!str_split(&type, ';', &name))
		return false;
	name = str_trim(name);
	return dm_tnds_is_mime(name) && (str_ends(name, "+xml") || str_ends(name, "+wbxml"));
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
	struct slice f = str_trim(dm_cmd_format(cmd, item)), type = str_trim(dm_cmd_type(cmd, item));
	struct decoded d = { fn, ctx, DM_ST_FAILED };
	_cleanup_buf_ struct buf raw = BUF_INIT;
	struct slice doc = item->data;
	int rc = 0;

	/* Markup that says it is something else is not what it looks like. */
	if (item->tnds)
		return type.n && !is_known(type) ? DM_ST_BAD_FORMAT : fn(ctx, item->tnds);
	if (!slice_present(doc))
		return DM_ST_BAD_REQUEST;
	if (!env->tnds || !env->tnds->decode || !is_known(type))
		return DM_ST_BAD_FORMAT;
	if (doc.n > DM_VALUE_MAX || (env->max_obj_size && doc.n > env->max_obj_size))
		return DM_ST_TOO_LARGE;
	if (slice_eq_str(f, "b64") && !item->data_opaque) {
		rc = base64_decode(&raw, doc);
		if (rc)
			return rc == -EBADMSG ? DM_ST_BAD_REQUEST : dm_cmd_errno(rc);
		doc = buf_slice(&raw);
	}
	rc = env->tnds->decode(doc, type, on_decoded, &d);
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

static enum dm_status tnds_value(const struct dm_cmd_env *env, const struct dm_tnds_node *x,
				 struct dm_node_init *in, struct buf *scratch)
{
	/* In an XML object binary values are base64; raw text is taken as it is from a card. */
	if (in->format == DM_FMT_BIN && !x->value_opaque) {
		int rc = base64_decode(scratch, x->value);

		if (!rc) {
			in->value = buf_slice(scratch);
			return DM_ST_NONE;
		}
		if (env->server.n || rc != -EBADMSG)
			return rc == -EBADMSG ? DM_ST_BAD_REQUEST : dm_cmd_errno(rc);
		buf_reset(scratch);
	}
	return dm_cmd_value(&in->format, x->value, x->value_opaque, scratch, &in->value);
}

static enum dm_status tnds_content(const struct dm_cmd_env *env, const struct dm_tnds_node *x,
				   bool has_children, struct dm_node_init *in, struct buf *scratch)
{
	struct slice f = str_trim(x->format);
	enum dm_status st = dm_cmd_title(x->title);

	in->format = has_children || !x->has_value ? DM_FMT_NODE : DM_FMT_CHR;
	if (f.n && dm_format_parse(f, &in->format))
		return DM_ST_BAD_FORMAT;
	if (in->format == DM_FMT_NODE ? x->value.n > 0 : has_children)
		return DM_ST_BAD_FORMAT;
	if (!dm_acl_valid(x->acl))
		return DM_ST_BAD_REQUEST;
	in->type = str_trim(x->type);
	in->acl = x->acl;
	in->title = x->title;
	if (st || !dm_cmd_type_good(in->type))
		return st ? st : DM_ST_BAD_FORMAT;
	if (in->format == DM_FMT_NODE)
		return DM_ST_NONE;
	if (x->value.n > DM_VALUE_MAX || (env->max_obj_size && x->value.n > env->max_obj_size))
		return DM_ST_TOO_LARGE;
	if (!in->type.n)
		in->type = SLICE_LIT("text/plain");
	return tnds_value(env, x, in, scratch);
}

static enum dm_status graft_one(struct dm_cmd_env *env, struct dm_node *parent, struct slice name,
				const struct dm_tnds_node *x, bool has_children,
				struct dm_node **out)
{
	struct buf scratch = BUF_INIT;
	struct dm_node_init in = { .name = name };
	enum dm_status st;

	st = dm_cmd_may_add(env, parent);
	if (!st && dm_tree_child(env->tree, parent, name))
		st = DM_ST_EXISTS;
	if (!st)
		st = tnds_content(env, x, has_children, &in, &scratch);
	/* ACL-7: who makes an interior node may say its ACL; a leaf's is the parent's matter. */
	if (!st && !env->trusted && in.acl.n && in.format != DM_FMT_NODE &&
	    !dm_acl_allows(parent, DM_ACC_REPLACE, env->server))
		st = DM_ST_DENIED;
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
 * MaxSegLen and MaxTotLen for @name, the @d'th below where chars[0] characters
 * of a URI lead; chars[d + 1] is then what leads below it.
 */
static bool fits(const struct dm_uri_limits *lim, struct slice name, size_t *chars, unsigned int d)
{
	size_t n = dm_uri_chars(name);

	chars[d + 1] = chars[d] + n + 1;
	return (!lim->max_segment || n <= lim->max_segment) &&
	       chars[d] + n <= (lim->max_total ? lim->max_total : DM_URI_MAX);
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
	size_t chars[DM_URI_MAX_DEPTH + 1] = { base->parent ? dm_node_uri_chars(base) + 1 : 0 };
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

		if (x->depth < d0 || d > have || (x->depth && x->path.n))
			return DM_ST_BAD_REQUEST;
		if (d >= DM_URI_MAX_DEPTH || base_depth + d + 1 > max)
			return DM_ST_URI_TOO_LONG;
		if (!fits(&env->limits, d ? x->name : name, chars, d))
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
	struct slice target;
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
		if (is_target(t, name))
			return DM_ST_EXISTS;
		return graft_all(a->env, base, t);
	}
	st = dm_cmd_parents(a->env, dm_tree_root(a->env->tree), a->u->path, &parent, &name);
	if (st) {
		dm_cmd_failed_at(a->env, a->target, a->u, name);
		return st;
	}
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
	struct apply a = { env, NULL, u, item->target };

	return dm_cmd_with_tnds(env, cmd, item, add_object, &a);
}

static enum dm_status clear(struct dm_cmd_env *env, struct dm_node *n)
{
	for (const struct dm_node *x = dm_tree_next(n, n); x; x = dm_tree_next(n, x)) {
		env->work += 3;
		if (x->flags & DM_NODE_PERMANENT)
			return DM_ST_NOT_ALLOWED;
	}
	while (n->first_child) {
		int rc = dm_tree_delete(env->tree, n->first_child);

		if (rc)
			return dm_cmd_errno(rc);
	}
	return DM_ST_NONE;
}

/* The properties of the target itself; those of a permanent node stay (RepPro 1.2, Replace). */
static enum dm_status replace_props(struct dm_cmd_env *env, struct dm_node *n,
				    const struct dm_tnds_node *x)
{
	struct slice type = str_trim(x->type), f = str_trim(x->format);
	enum dm_status st = dm_cmd_title(x->title);
	int rc = 0;

	if (x->has_value || (f.n && !slice_eq_str(f, "node")) || !dm_cmd_type_good(type))
		return DM_ST_BAD_FORMAT;
	if (st || !dm_acl_valid(x->acl))
		return st ? st : DM_ST_BAD_REQUEST;
	if (!dm_cmd_room(env, x->acl.n + x->title.n + type.n))
		return DM_ST_DEVICE_FULL;
	/* Whoever may Replace an interior node may change its ACL (ACL-7). */
	if (slice_present(x->acl))
		rc = dm_tree_set_acl(env->tree, n, x->acl, env->now);
	if (!rc && slice_present(x->title))
		rc = dm_tree_set_title(env->tree, n, x->title, env->now);
	if (!rc && slice_present(x->type) && !slice_eq_str(type, n->type ? n->type : "")) {
		if (n->flags & DM_NODE_PERMANENT)
			return DM_ST_NOT_ALLOWED;
		rc = dm_tree_set_type(env->tree, n, type, env->now);
	}
	return dm_cmd_errno(rc);
}

/* The object's first node is the target: its properties, then its children. */
static enum dm_status replace_self(struct dm_cmd_env *env, struct dm_node *n,
				   const struct dm_tnds *t)
{
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
	return replace_props(env, n, &t->nodes[0]);
}

/* The ServerID of the account @n is; nothing when it is none. */
static struct slice server_of(struct dm_cmd_env *env, const struct dm_node *n)
{
	struct dm_node *id = NULL;

	if (dm_account_is_root(n))
		id = dm_tree_child(env->tree, n, SLICE_LIT("ServerID"));
	return id ? dm_node_value(id) : SLICE_LIT("");
}

/* Appends the server of @n, or of each account below it: its name and a NUL, which no name has. */
static void note_servers(struct dm_cmd_env *env, const struct dm_node *n, struct buf *out)
{
	const struct dm_node *x = dm_account_is_root(n) ? n : n->first_child;

	for (; x; x = x == n ? NULL : x->next) {
		struct slice id = server_of(env, x);

		if (!id.n)
			continue;
		buf_put_slice(out, id);
		buf_put_u8(out, 0);
	}
}

/*
 * Of the servers noted before: an account that is replaced stays its server's;
 * one that went takes its server out of every ACL (ACL-10).
 */
static enum dm_status settle_servers(struct dm_cmd_env *env, const struct dm_node *base,
				     struct slice before)
{
	for (struct slice id; before.n && str_split(&before, 0, &id); ) {
		if (!env->trusted && dm_account_is_root(base) &&
		    !slice_eq(id, server_of(env, base)))
			return DM_ST_NOT_ALLOWED;
		if (dm_account_find(env->tree, id))
			continue;
		if (dm_cmd_forget(env, id))
			return DM_ST_DEVICE_FULL;
	}
	return DM_ST_OK;
}

static enum dm_status replace_object(void *ctx, const struct dm_tnds *t)
{
	struct apply *a = ctx;
	/* Replace on the node covers making and deleting what is below it. */
	struct dm_cmd_env inner = *a->env;
	_cleanup_buf_ struct buf servers = BUF_INIT;
	enum dm_status st;

	note_servers(a->env, a->base, &servers);
	if (buf_error(&servers))
		return DM_ST_DEVICE_FULL;
	st = clear(a->env, a->base);
	if (st)
		return st;
	inner.trusted = true;
	if (is_target(t, slice_of(a->base->name, a->base->name_len)) && a->base->parent)
		st = replace_self(&inner, a->base, t);
	else
		st = graft_all(&inner, a->base, t);
	return st == DM_ST_OK ? settle_servers(a->env, a->base, buf_slice(&servers)) : st;
}

enum dm_status dm_cmd_tnds_replace(struct dm_cmd_env *env, const struct dm_cmd *cmd,
				   const struct dm_item *item, struct dm_node *n)
{
	struct apply a = { env, n, NULL, item->target };

	return dm_cmd_with_tnds(env, cmd, item, replace_object, &a);
}
