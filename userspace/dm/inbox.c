// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ./Inbox (DM StdObj 1.2): management objects of a serialized tree go where
 * their identifier says, under a name that is free, and references among them
 * of the form ./Inbox/... are turned into real URIs. Nothing stays in the
 * Inbox. Whether the sender may use it is the caller's question.
 */
#include <stdlib.h>

#include "dm/account.h"
#include "dm/cmd_int.h"
#include "util/str.h"

#define MAX_FOUND 64			/* management objects of one serialized tree */
#define MAX_COUNTER 10000		/* names tried before giving up */

enum dir { D_DMACC, D_NAP, D_PROXY, D_CONNMO, D_COUNT };

static const char *const dirs[D_COUNT] = { "DMAcc", "NAP", "Proxy", "ConnMO" };

/* Identifiers we know; what is behind a prefix is the minor version. The newest row wins. */
static const struct {
	const char *type;
	bool prefix;			/* minor versions share a place */
	enum dir dir;
} places[] = {
	{ DM_DMACC_TYPE_OLD, false, D_DMACC },
	{ "urn:oma:mo:oma-dm-dmacc:1.", true, D_DMACC },
	{ "urn:oma:mo:oma-connmo-nap:1.", true, D_NAP },
	{ "urn:oma:mo:oma-connmo-proxy:1.", true, D_PROXY },
	{ "org.openmobilealliance/1.0/ConnMO", false, D_CONNMO },
};

#define NOWHERE UINT32_MAX

/* What one pass over the object found out of each node. */
struct info {
	uint32_t end;			/* behind its subtree */
	uint32_t parent;		/* NOWHERE at the top */
	uint32_t id;			/* child whose value identifies it; NOWHERE = none */
	bool account;			/* has a ServerID */
};

struct found {
	size_t node;
	enum dir dir;
	uint32_t version;		/* 0 oldest */
	bool superseded;		/* a newer version of the same object is here */
	struct dm_node *top;		/* NULL until placed */
	struct buf from;		/* "./Inbox/..." as the object names it */
	struct buf to;			/* where it is now */
};

struct place {
	struct dm_cmd_env *env;
	const struct dm_tnds *tnds;
	struct info *info;
	struct slice names[DM_URI_MAX_DEPTH];	/* of the nodes above and at the current one */
	struct found found[MAX_FOUND];
	size_t n;
	unsigned int counter[D_COUNT];	/* numbers below are taken as names */
	size_t steps;			/* nodes looked at */
};

/* --- one pass ------------------------------------------------------------ */

static void note_child(struct place *p, uint32_t i)
{
	static const char *const ids[] = { "ServerID", "NAPID", "NapId", "ProxyID", "ProxyId" };
	const struct dm_tnds_node *x = &p->tnds->nodes[i];
	struct info *up = &p->info[p->info[i].parent];

	for (size_t k = 0; k < sizeof(ids) / sizeof(ids[0]); k++) {
		if (!slice_eq_str(x->name, ids[k]))
			continue;
		up->account |= k == 0;
		if (x->has_value)
			up->id = i;
	}
}

/* Parents, ends and identities of all nodes; each is looked at once. */
static enum dm_status look(struct place *p)
{
	const struct dm_tnds *t = p->tnds;
	uint32_t path[DM_URI_MAX_DEPTH];
	unsigned int depth = 0;

	if (!t->n || t->n >= NOWHERE)
		return DM_ST_BAD_REQUEST;
	p->info = calloc(t->n, sizeof(*p->info));
	if (!p->info)
		return DM_ST_DEVICE_FULL;
	for (uint32_t i = 0; i < t->n; i++) {
		unsigned int d = t->nodes[i].depth;

		p->steps++;
		if (d >= DM_URI_MAX_DEPTH)
			return DM_ST_URI_TOO_LONG;
		if (d > depth)
			return DM_ST_BAD_REQUEST;
		while (depth > d)
			p->info[path[--depth]].end = i;
		p->info[i] = (struct info){ (uint32_t)t->n, d ? path[d - 1] : NOWHERE, NOWHERE,
					    false };
		path[depth++] = i;
		if (d)
			note_child(p, i);
	}
	return DM_ST_NONE;
}

/* --- what is known ------------------------------------------------------- */

/* True when @type is an identifier we know. */
static bool known(struct slice type, enum dir *dir, uint32_t *version)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t n = strlen(places[i].type);
		uint32_t minor = 0;

		if (places[i].prefix ? !str_starts(type, places[i].type) :
				       !slice_eq_str(type, places[i].type))
			continue;
		if (places[i].prefix && str_parse_u32(slice_of(type.p + n, type.n - n), &minor))
			minor = 0;
		*dir = places[i].dir;
		*version = (uint32_t)i << 16 | (minor < 0xffff ? minor : 0xffff);
		return true;
	}
	return false;
}

/*
 * Is node @i a management object? The identifier of an account is sometimes
 * given to the directory above it: then the children are the accounts.
 */
static bool is_object(const struct place *p, size_t i, enum dir *dir, uint32_t *version)
{
	const struct info *x = &p->info[i], *up;

	if (known(str_trim(p->tnds->nodes[i].type), dir, version))
		return *dir != D_DMACC || x->account;
	if (x->parent == NOWHERE || !x->account)
		return false;
	up = &p->info[x->parent];
	return !up->account && known(str_trim(p->tnds->nodes[x->parent].type), dir, version) &&
	       *dir == D_DMACC;
}

/* What two versions of one object have in common: its identity, else its name. */
static struct slice identity(const struct place *p, const struct found *f)
{
	uint32_t id = p->info[f->node].id;

	return id == NOWHERE ? p->tnds->nodes[f->node].name : p->tnds->nodes[id].value;
}

/* The newest version supported is used, the others are not (Bootstrap 1.2). */
static struct found *newest(struct place *p, struct found *f)
{
	struct found *best = f;

	for (size_t i = 0; i < p->n; i++) {
		struct found *o = &p->found[i];

		if (o->dir == f->dir && o->version > best->version && identity(p, f).n &&
		    slice_eq(identity(p, o), identity(p, f)))
			best = o;
	}
	return best;
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
static enum dm_status choose_name(struct place *p, enum dir where, struct dm_node *dir,
				  struct slice wanted, struct buf *out)
{
	struct dm_cmd_env *env = p->env;
	size_t max = env->limits.max_segment ? env->limits.max_segment : DM_URI_MAX;

	if (dm_uri_segment_valid(wanted) && wanted.n <= max &&
	    !dm_tree_child(env->tree, dir, wanted)) {
		buf_put_slice(out, wanted);
		return buf_error(out) ? DM_ST_DEVICE_FULL : DM_ST_NONE;
	}
	while (++p->counter[where] < MAX_COUNTER) {
		p->steps++;
		buf_reset(out);
		buf_printf(out, "%u", p->counter[where]);
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

static enum dm_status place_one(struct place *p, struct found *f)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct dm_node *dir;
	enum dm_status st;

	st = open_dir(p->env, dirs[f->dir], &dir);
	if (!st)
		st = choose_name(p, f->dir, dir, p->tnds->nodes[f->node].name, &name);
	if (!st)
		st = dm_cmd_tnds_graft(p->env, dir, buf_slice(&name), p->tnds, f->node,
				       p->info[f->node].end, &f->top);
	if (st)
		return st;
	p->steps += p->info[f->node].end - f->node;
	dm_node_uri(f->top, &f->to);
	return buf_error(&f->to) ? DM_ST_DEVICE_FULL : DM_ST_NONE;
}

static enum dm_status place_all(struct place *p, struct dm_inbox_result *res)
{
	enum dm_status st = DM_ST_NONE;

	for (size_t i = 0; i < p->n && !st; i++) {
		p->found[i].superseded = newest(p, &p->found[i]) != &p->found[i];
		if (p->found[i].superseded)
			res->ignored++;
		else
			st = place_one(p, &p->found[i]);
		res->placed += !st && !p->found[i].superseded;
	}
	/* Who meant the older version means this one. */
	for (size_t i = 0; i < p->n && !st; i++) {
		if (!p->found[i].superseded)
			continue;
		buf_put_slice(&p->found[i].to, buf_slice(&newest(p, &p->found[i])->to));
		if (buf_error(&p->found[i].to))
			st = DM_ST_DEVICE_FULL;
	}
	return st;
}

/* --- references ---------------------------------------------------------- */

/* The object @value points into: the longest matching path, whole segments only. */
static const struct found *referred(const struct place *p, struct slice value)
{
	const struct found *best = NULL;

	for (size_t i = 0; i < p->n; i++) {
		const struct found *x = &p->found[i];

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
	const struct found *x;

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
		struct dm_node *top = p->found[i].top;

		for (struct dm_node *n = top; n; n = dm_tree_next(top, n)) {
			enum dm_status st = rewrite(p, n);

			p->steps++;

			if (st)
				return st;
		}
	}
	return DM_ST_NONE;
}

/* --- the walk ------------------------------------------------------------ */

/* One outermost node: finds what is known in it. */
static enum dm_status find_in(struct place *p, size_t top, size_t end)
{
	size_t i = top;

	while (i < end) {
		struct found f = { .node = i };

		p->steps++;
		p->names[p->tnds->nodes[i].depth] = p->tnds->nodes[i].name;
		if (!is_object(p, i, &f.dir, &f.version)) {
			i++;
			continue;
		}
		if (p->n == MAX_FOUND)
			return DM_ST_TOO_LARGE;
		put_inbox_path(p, i, top, &f.from);
		p->found[p->n++] = f;
		if (buf_error(&f.from))
			return DM_ST_DEVICE_FULL;
		i = p->info[i].end;
	}
	return DM_ST_NONE;
}

static enum dm_status place(struct place *p, struct dm_inbox_result *res)
{
	enum dm_status st = look(p);

	for (size_t i = 0; !st && i < p->tnds->n; i = p->info[i].end) {
		size_t before = p->n;

		st = find_in(p, i, p->info[i].end);
		res->ignored += p->n == before;
	}
	if (!st)
		st = place_all(p, res);
	return st ? st : rewrite_all(p);
}

enum dm_status dm_inbox_place(struct dm_cmd_env *env, const struct dm_tnds *tnds,
			      struct dm_inbox_result *res)
{
	struct place *p = calloc(1, sizeof(*p));
	enum dm_status st;

	if (!p)
		return DM_ST_DEVICE_FULL;
	p->env = env;
	p->tnds = tnds;
	st = place(p, res);
	res->steps += p->steps;
	env->work += p->steps;
	for (size_t i = 0; i < p->n; i++) {
		buf_fini(&p->found[i].from);
		buf_fini(&p->found[i].to);
	}
	free(p->info);
	free(p);
	return st ? st : DM_ST_OK;
}
