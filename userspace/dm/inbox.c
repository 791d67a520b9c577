// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ./Inbox (DM StdObj 1.2): management objects of a serialized tree go where
 * their identifier says, under a name that is free, and references among them
 * of the form ./Inbox/... are turned into real URIs. Nothing stays in the
 * Inbox. Whether the sender may use it is the caller's question.
 */
#include <errno.h>

#include "dm/account.h"
#include "dm/cmd_int.h"
#include "util/str.h"

#define MAX_PLACED 32			/* management objects of one serialized tree */
#define MAX_COUNTER 10000		/* names tried before giving up */

static const struct {
	const char *type;		/* prefix: minor versions share a place */
	const char *dir;
} places[] = {
	{ "urn:oma:mo:oma-dm-dmacc:1.", "DMAcc" },
	{ DM_DMACC_TYPE_OLD, "DMAcc" },
	{ "urn:oma:mo:oma-connmo-nap:1.", "NAP" },
	{ "urn:oma:mo:oma-connmo-proxy:1.", "Proxy" },
	{ "org.openmobilealliance/1.0/ConnMO", "ConnMO" },
};

struct placed {
	struct dm_node *top;
	struct buf from;		/* "./Inbox/..." as the object names it */
	struct buf to;			/* where it is now */
};

struct place {
	struct dm_cmd_env *env;
	const struct dm_tnds *tnds;
	struct slice names[DM_URI_MAX_DEPTH];	/* of the nodes above and at the current one */
	struct placed placed[MAX_PLACED];
	size_t n;
};

static const char *dir_of(struct slice type)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (str_starts(type, places[i].type))
			return places[i].dir;
	return NULL;
}

/* Has node @i a direct child of this name? */
static bool has_child(const struct dm_tnds *t, size_t i, const char *name)
{
	size_t end = dm_tnds_subtree_end(t, i);

	for (size_t j = i + 1; j < end; j++)
		if (t->nodes[j].depth == t->nodes[i].depth + 1 &&
		    slice_eq_str(t->nodes[j].name, name))
			return true;
	return false;
}

/*
 * Where node @i is to go; NULL = it is no known management object. The
 * identifier of an account is sometimes given to the directory above it: then
 * the children are the accounts.
 */
static const char *place_of(const struct place *p, size_t i)
{
	const struct dm_tnds *t = p->tnds;
	const char *dir = dir_of(str_trim(t->nodes[i].type));
	size_t up = i;

	if (dir && strcmp(dir, "DMAcc") != 0)
		return dir;
	if (dir)
		return has_child(t, i, "ServerID") ? dir : NULL;
	if (!t->nodes[i].depth || !has_child(t, i, "ServerID"))
		return NULL;
	while (up > 0 && t->nodes[up].depth >= t->nodes[i].depth)
		up--;
	dir = dir_of(str_trim(t->nodes[up].type));
	return dir && strcmp(dir, "DMAcc") == 0 && !has_child(t, up, "ServerID") ? dir : NULL;
}

static enum dm_status open_dir(struct dm_cmd_env *env, const char *name, struct dm_node **dir)
{
	struct dm_node *root = dm_tree_root(env->tree);
	struct dm_node_init in = { .name = slice_str(name), .format = DM_FMT_NODE,
				   .access = DM_ACC_ALL };

	*dir = dm_tree_child(env->tree, root, in.name);
	if (*dir)
		return (*dir)->format == DM_FMT_NODE ? DM_ST_NONE : DM_ST_EXISTS;
	/* The directory is nobody's: it stays when the card goes. */
	return dm_tree_add(env->tree, root, &in, env->now, dir) ? DM_ST_DEVICE_FULL : DM_ST_NONE;
}

/* The wanted name when it is good and free, else the first free number. */
static enum dm_status choose_name(struct dm_cmd_env *env, struct dm_node *dir, struct slice wanted,
				  struct buf *out)
{
	size_t max = env->limits.max_segment ? env->limits.max_segment : DM_URI_MAX;

	if (dm_uri_segment_valid(wanted) && wanted.n <= max &&
	    !dm_tree_child(env->tree, dir, wanted)) {
		buf_put_slice(out, wanted);
		return buf_error(out) ? DM_ST_DEVICE_FULL : DM_ST_NONE;
	}
	for (unsigned int i = 1; i < MAX_COUNTER; i++) {
		buf_reset(out);
		buf_printf(out, "%u", i);
		if (buf_error(out))
			return DM_ST_DEVICE_FULL;
		if (!dm_tree_child(env->tree, dir, buf_slice(out)))
			return DM_ST_NONE;
	}
	return DM_ST_DEVICE_FULL;
}

static void put_inbox_path(const struct place *p, size_t i, size_t top, struct buf *out)
{
	struct slice path = p->tnds->nodes[top].path;

	buf_put_str(out, "./Inbox");
	if (str_starts(path, "./"))
		path = slice_of(path.p + 2, path.n - 2);
	if (path.n) {
		buf_put_u8(out, '/');
		buf_put_slice(out, path);
	}
	for (unsigned int d = 0; d <= p->tnds->nodes[i].depth; d++) {
		buf_put_u8(out, '/');
		buf_put_slice(out, p->names[d]);
	}
}

static enum dm_status place_one(struct place *p, size_t i, size_t top, const char *where)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct placed *x = &p->placed[p->n];
	struct dm_node *dir;
	enum dm_status st;

	if (p->n == MAX_PLACED)
		return DM_ST_TOO_LARGE;
	st = open_dir(p->env, where, &dir);
	if (!st)
		st = choose_name(p->env, dir, p->tnds->nodes[i].name, &name);
	if (!st)
		st = dm_cmd_tnds_graft(p->env, dir, buf_slice(&name), p->tnds, i,
				       dm_tnds_subtree_end(p->tnds, i), &x->top);
	if (st)
		return st;
	p->n++;
	put_inbox_path(p, i, top, &x->from);
	dm_node_uri(x->top, &x->to);
	return buf_error(&x->from) || buf_error(&x->to) ? DM_ST_DEVICE_FULL : DM_ST_NONE;
}

/* --- references ---------------------------------------------------------- */

/* The object @value points into: the longest matching path, whole segments only. */
static const struct placed *referred(const struct place *p, struct slice value)
{
	const struct placed *best = NULL;

	for (size_t i = 0; i < p->n; i++) {
		const struct placed *x = &p->placed[i];

		if (value.n < x->from.len || memcmp(value.p, x->from.data, x->from.len) != 0)
			continue;
		if (value.n > x->from.len && value.p[x->from.len] != '/')
			continue;
		if (!best || x->from.len > best->from.len)
			best = x;
	}
	return best;
}

static enum dm_status rewrite(struct place *p, struct dm_node *n)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct slice v = dm_node_value(n);
	const struct placed *x;

	if (n->format != DM_FMT_CHR || !str_starts(v, "./Inbox/"))
		return DM_ST_NONE;
	x = referred(p, v);
	if (!x)
		return DM_ST_NONE;	/* it may point to an object that was ignored */
	buf_put_slice(&b, buf_slice(&x->to));
	buf_put(&b, v.p + x->from.len, v.n - x->from.len);
	if (buf_error(&b) ||
	    dm_tree_set_value(p->env->tree, n, n->format, slice_str(n->type ? n->type : ""),
			      buf_slice(&b), p->env->now))
		return DM_ST_DEVICE_FULL;
	return DM_ST_NONE;
}

static enum dm_status rewrite_all(struct place *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct dm_node *top = p->placed[i].top;

		for (struct dm_node *n = top; n; n = dm_tree_next(top, n)) {
			enum dm_status st = rewrite(p, n);

			if (st)
				return st;
		}
	}
	return DM_ST_NONE;
}

/* --- the walk ------------------------------------------------------------ */

/* One outermost node: places what is known in it. */
static enum dm_status place_branch(struct place *p, size_t top, size_t end)
{
	const struct dm_tnds *t = p->tnds;
	size_t i = top;

	while (i < end) {
		const char *where;
		enum dm_status st;

		if (t->nodes[i].depth >= DM_URI_MAX_DEPTH)
			return DM_ST_URI_TOO_LONG;
		if (i > top && t->nodes[i].depth > t->nodes[i - 1].depth + 1)
			return DM_ST_BAD_REQUEST;
		p->names[t->nodes[i].depth] = t->nodes[i].name;
		where = place_of(p, i);
		if (!where) {
			i++;
			continue;
		}
		st = place_one(p, i, top, where);
		if (st)
			return st;
		i = dm_tnds_subtree_end(t, i);
	}
	return DM_ST_NONE;
}

enum dm_status dm_inbox_place(struct dm_cmd_env *env, const struct dm_tnds *tnds,
			      struct dm_inbox_result *res)
{
	struct place *p = calloc(1, sizeof(*p));
	enum dm_status st = tnds->n ? DM_ST_NONE : DM_ST_BAD_REQUEST;

	if (!p)
		return DM_ST_DEVICE_FULL;
	p->env = env;
	p->tnds = tnds;
	for (size_t i = 0, end; i < tnds->n && !st; i = end) {
		size_t before = p->n;

		end = dm_tnds_subtree_end(tnds, i);
		st = tnds->nodes[i].depth ? DM_ST_BAD_REQUEST : place_branch(p, i, end);
		if (p->n == before)
			res->ignored++;
	}
	if (!st)
		st = rewrite_all(p);
	if (!st)
		res->placed += p->n;
	for (size_t i = 0; i < p->n; i++) {
		buf_fini(&p->placed[i].from);
		buf_fini(&p->placed[i].to);
	}
	free(p);
	return st ? st : DM_ST_OK;
}
