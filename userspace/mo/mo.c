// SPDX-License-Identifier: GPL-2.0-or-later
/* A set of management objects: what they describe together, and how they are installed. */
#include "mo/mo.h"

#include <errno.h>
#include <stdlib.h>

#include "dm/acl.h"
#include "dm/uri.h"
#include "mo/mo_int.h"
#include "util/log.h"
#include "util/str.h"

#define DDF_MAX_DEPTH 32		/* levels of one description */
#define DDF_MAX_ENTRIES 1024		/* of one description */
#define OCCURS_MAX 1024			/* N of ZeroOrN: siblings are counted */
#define LEVELS (sizeof(((struct mo_set *)0)->levels) / sizeof(struct dmsc_ddf *))

/* "." holds the objects, and whatever servers put beside them. */
static const struct dmsc_ddf plain_root = {
	.name = ".", .formats = DMSC_FMT(DMSC_NODE), .access = DMSC_ADD | DMSC_GET | DMSC_REPLACE,
	.flags = DMSC_PERMANENT | DMSC_OPEN, .min = 1, .max = 1, .children = mo_builtin_ddf,
};

/* --- nodes ---------------------------------------------------------------- */

int mo_put(struct dm_tree *t, struct dm_node *parent, const struct dm_node_init *want, int64_t now,
	   struct dm_node **out)
{
	struct dm_node *n = dm_tree_child(t, parent, want->name);
	int rc = 0;

	if (!n)
		return dm_tree_add(t, parent, want, now, out);
	if (want->format != DM_FMT_NODE &&
	    (n->format != want->format || !slice_eq(dm_node_value(n), want->value)))
		rc = dm_tree_set_value(t, n, want->format, slice_str(n->type ? n->type : ""),
				       want->value, now);
	if (!rc && out)
		*out = n;
	return rc;
}

int mo_host_text(const struct dmsc_host *h, const struct mo_leaf *leaves, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++) {
		const struct dmsc_value v = { DMSC_CHR, leaves[i].value, strlen(leaves[i].value) };

		rc = h->put(h, leaves[i].uri, v);
	}
	return rc;
}

/* --- what install() may do ------------------------------------------------ */

struct host {
	const struct mo_set *s;		/* NULL: there is no session */
	struct dm_tree *t;
	const struct mo_entry *e;
	int64_t now;
};

/* An object touches what is its own: is @n one of its roots, or below one? */
static bool owns(const struct mo_entry *e, const struct dm_node *n)
{
	for (; n; n = n->parent)
		for (size_t i = 0; i < e->nroots && n->ddf; i++)
			if (n->ddf == e->roots[i])
				return true;
	return false;
}

static int host_put(const struct dmsc_host *h, const char *uri, struct dmsc_value v)
{
	struct host *x = h->priv;
	struct dm_node *n = dm_tree_root(x->t);
	struct slice path = SLICE_NONE, seg;
	struct dm_uri u;

	if (dm_uri_parse(slice_str(uri), NULL, &u) || u.query != DM_URI_NODE || !u.depth ||
	    v.format > DMSC_FLOAT || (v.format == DMSC_NODE && v.len) || v.len > DM_VALUE_MAX)
		return -EINVAL;
	path = u.path;
	while (dm_uri_next_segment(&path, &seg)) {
		const struct dmsc_ddf *d = dm_ddf_child(n->ddf, seg);
		struct dm_node_init in = { .name = seg, .format = DM_FMT_NODE,
					   .access = DM_ACC_ALL };
		int rc;

		if (d && d->formats & DMSC_FMT(DMSC_NODE))
			in.type = slice_str(d->type);
		if (!path.n && v.format != DMSC_NODE) {
			in.format = (enum dm_format)v.format;
			in.value = slice_of(v.data, v.len);
			in.type = d && d->type ? slice_str(d->type) :
				  in.format == DM_FMT_BIN ? SLICE_NONE : SLICE_LIT("text/plain");
		}
		if (d && !(d->formats & DMSC_FMT(in.format)))
			return -EINVAL;
		rc = mo_put(x->t, n, &in, x->now, &n);
		if (rc)
			return rc;
		if (!path.n && !owns(x->e, n))
			return -EPERM;		/* the whole installation is taken back */
	}
	return 0;
}

static int host_get(const struct dmsc_host *h, const char *uri, struct dmsc_value *out)
{
	struct host *x = h->priv;
	struct dm_node *n = dm_tree_find(x->t, slice_str(uri));

	if (!n || !owns(x->e, n))
		return -ENOENT;
	*out = (struct dmsc_value){ (enum dmsc_format)n->format, dm_node_value(n).p, n->value_len };
	return 0;
}

static int host_drop(const struct dmsc_host *h, const char *uri)
{
	struct host *x = h->priv;
	struct dm_node *n = dm_tree_find(x->t, slice_str(uri));

	if (n && !owns(x->e, n))
		return -EPERM;
	return n ? dm_tree_delete(x->t, n) : 0;
}

static int host_alert(const struct dmsc_host *h, const struct dmsc_alert *a)
{
	const struct host *x = h->priv;

	if (!x->s || !x->s->alert)
		return -EOPNOTSUPP;
	if (!a || !a->type || a->value.format > DMSC_FLOAT || (a->value.len && !a->value.data))
		return -EINVAL;
	if (a->source) {
		struct dm_node *n = dm_tree_find(x->t, slice_str(a->source));

		if (!n || !owns(x->e, n))
			return -EPERM;
	}
	return x->s->alert(x->s->alert_ctx, a);
}

static int install_root(const struct dmsc_host *h, const char *uri, const char *acl)
{
	struct host *x = h->priv;
	bool there = dm_tree_find(x->t, slice_str(uri));
	int rc = host_put(h, uri, (struct dmsc_value){ .format = DMSC_NODE });

	if (rc || there || !acl)
		return rc;
	return dm_tree_set_acl(x->t, dm_tree_find(x->t, slice_str(uri)), slice_str(acl), x->now);
}

static bool is_builtin(const struct dmsc_mo *mo)
{
	return mo->ddf >= mo_builtin_ddf && mo->ddf < mo_builtin_ddf + MO_BUILTIN;
}

/* The roots that always stand, then what the object does itself. */
static int install(const struct mo_set *s, struct mo_entry *e, struct dm_tree *t, int64_t now)
{
	struct host x = { s, t, e, now };
	const struct dmsc_host h = { DMSC_HOST_ABI, host_put, host_get, host_drop, &x, host_alert };
	dm_mark mark = dm_tree_mark(t);
	int rc = 0;

	for (size_t i = 0; i < e->nroots && !rc; i++)
		if (e->roots[i]->flags & DMSC_PERMANENT)
			rc = install_root(&h, e->mo->roots[i], e->mo->acl);
	if (!rc && e->mo->install && (e->ctx || !is_builtin(e->mo)))
		rc = e->mo->install(e->ctx, &h);
	if (rc && dm_tree_rollback(t, mark))
		return -EIO;
	return rc > 0 ? -EINVAL : rc;
}

/* --- what they describe together ------------------------------------------ */

/* Bounded in every direction, and only what the engine can keep. */
static bool ddf_good(const struct dmsc_ddf *root)
{
	const struct dmsc_ddf *stack[DDF_MAX_DEPTH] = { root };
	size_t depth = 1, seen = 0;

	if (!root || root->formats != DMSC_FMT(DMSC_NODE))
		return false;
	while (depth) {
		const struct dmsc_ddf *d = stack[depth - 1];
		bool node = d->formats & DMSC_FMT(DMSC_NODE);

		if (++seen > DDF_MAX_ENTRIES || d->formats >= DMSC_FMT(DMSC_FLOAT + 1) ||
		    (node && d->formats != DMSC_FMT(DMSC_NODE)) || d->max > OCCURS_MAX ||
		    (d->max && d->min > d->max) || d->min > 1 || (d->children && !node) ||
		    (d->flags & DMSC_LIVE && (node || d->access & DMSC_COPY)))
			return false;	/* a copy would be of what is stored */
		if (d != root && d->name && !dm_uri_segment_valid(slice_str(d->name)))
			return false;
		if (d != root && !d->name && d[1].formats)
			return false;		/* what follows could never be meant */
		if (d->children && d->children->formats) {
			if (depth == DDF_MAX_DEPTH)
				return false;
			stack[depth++] = d->children;
			continue;
		}
		/* On to the next sibling, or up to one that has one. */
		while (--depth) {
			if (stack[depth][1].formats) {
				stack[depth++]++;
				break;
			}
		}
	}
	return true;
}

/* A table for the children of an entry that is no object's. 0, -ENOSPC or -ENOMEM. */
static int level_new(struct mo_set *s, const struct dmsc_ddf **out)
{
	struct dmsc_ddf *l;

	if (s->nlevels == LEVELS)
		return -ENOSPC;
	/* Room for all that may be added: each root of an object makes one entry at most. */
	l = calloc(MO_BUILTIN + MO_MAX * MO_ROOTS_MAX + 1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	s->levels[s->nlevels++] = l;
	*out = l;
	return 0;
}

static size_t entries(const struct dmsc_ddf *table)
{
	size_t n = 0;

	while (table[n].formats)
		n++;
	return n;
}

/* Back to @nlevels levels with @had entries each: what came since is at their ends. */
static void cut_back(struct mo_set *s, size_t nlevels, const size_t had[])
{
	for (size_t i = 0; i < s->nlevels; i++) {
		size_t keep = i < nlevels ? had[i] : 0;

		for (struct dmsc_ddf *d = s->levels[i] + keep; d->formats; d++) {
			free((char *)d->name);
			*d = (struct dmsc_ddf){ .formats = 0 };
		}
		if (i >= nlevels)
			free(s->levels[i]);
	}
	s->nlevels = nlevels;
}

static bool is_level(const struct mo_set *s, const struct dmsc_ddf *table)
{
	for (size_t i = 0; i < s->nlevels; i++)
		if (s->levels[i] == table)
			return true;
	return false;
}

/* Where the objects of several makers meet nothing else is described. */
static int place_root(struct mo_set *s, struct mo_entry *e, const char *uri)
{
	struct dmsc_ddf *table = s->levels[0], *at = NULL;
	struct slice path, seg;
	struct dm_uri u;
	int rc = 0;

	if (dm_uri_parse(slice_str(uri), NULL, &u) || u.query != DM_URI_NODE || !u.depth)
		return -EINVAL;
	path = u.path;
	while (dm_uri_next_segment(&path, &seg)) {
		if (!table)
			return -EEXIST;
		for (at = table; at->formats && !slice_eq_str(seg, at->name); at++)
			;
		if (at->formats && !path.n)
			return -EEXIST;
		if (!at->formats) {
			struct dmsc_ddf d = { .formats = DMSC_FMT(DMSC_NODE), .access = DM_ACC_ALL,
					      .flags = DMSC_OPEN };

			if (path.n)
				rc = level_new(s, &d.children);
			if (rc)
				return rc;
			if (!path.n)
				d = *e->mo->ddf;
			d.name = str_dup(seg);
			if (!d.name)
				return -ENOMEM;
			*at = d;
		}
		table = is_level(s, at->children) ? (struct dmsc_ddf *)at->children : NULL;
	}
	e->roots[e->nroots++] = at;
	return 0;
}

static int add(struct mo_set *s, struct mo_entry *e)
{
	const struct dmsc_mo *mo = e->mo;
	int rc = 0;

	if (!mo || mo->abi != DMSC_MO_ABI)
		return -EPROTO;
	if (s->n == MO_BUILTIN + MO_MAX)
		return -ENOSPC;
	if (!mo->roots || !mo->roots[0] || !ddf_good(mo->ddf) || !dm_acl_valid(slice_str(mo->acl)))
		return -EINVAL;
	for (size_t i = 0; mo->roots[i] && !rc; i++)
		rc = i < MO_ROOTS_MAX ? place_root(s, e, mo->roots[i]) : -EINVAL;
	return rc;
}

const char *mo_strerror(int rc)
{
	switch (rc) {
	case -EPERM:
		return "it is not root's, or others may write it";
	case -ELOOP:
	case -ENODEV:
		return "it is no plain file";
	case -EINVAL:
		return "what it describes cannot be";
	case -EEXIST:
		return "another object stands where it wants to, or below";
	case -ENOSPC:
		return "there are too many objects";
	case -EPROTO:
		return "it is for another version of dmsc";
	default:
		return strerror(-rc);
	}
}

int mo_set_add(struct mo_set *s, const struct dmsc_mo *mo, void (*end)(void *arg), void *arg)
{
	struct mo_entry e = { mo, mo ? mo->ctx : NULL, end, arg, { NULL }, 0 };
	size_t had[LEVELS], nlevels = s->nlevels;
	int rc;

	for (size_t i = 0; i < nlevels; i++)
		had[i] = entries(s->levels[i]);
	rc = add(s, &e);
	if (!rc) {
		s->v[s->n++] = e;
		return 0;
	}
	cut_back(s, nlevels, had);
	if (end)
		end(arg);
	return rc;
}

struct mo_set *mo_set_new(const struct mo_facts *f)
{
	static const struct dmsc_mo *const objects[MO_BUILTIN] = {
		[MO_DEVINFO] = &mo_devinfo, [MO_DEVDETAIL] = &mo_devdetail, [MO_DMACC] = &mo_dmacc,
		[MO_INBOX] = &mo_inbox, [MO_NAP] = &mo_nap, [MO_PROXY] = &mo_proxy,
	};
	struct mo_set *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->facts = *f;
	s->root = plain_root;
	if (level_new(s, &s->root.children)) {
		free(s);
		return NULL;
	}
	for (size_t i = 0; i < MO_BUILTIN; i++)
		if (mo_set_add(s, objects[i], NULL, NULL))
			break;
		else
			s->v[i].ctx = &s->facts;
	if (s->n == MO_BUILTIN)
		return s;
	mo_set_free(s);
	return NULL;
}

void mo_set_free(struct mo_set *s)
{
	if (!s)
		return;
	for (size_t i = s->n; i-- > 0; )
		if (s->v[i].end)
			s->v[i].end(s->v[i].end_arg);
	for (size_t i = 0; i < s->nlevels; i++) {
		for (struct dmsc_ddf *d = s->levels[i]; d->formats; d++)
			free((char *)d->name);
		free(s->levels[i]);
	}
	buf_fini(&s->uri);
	buf_wipe_fini(&s->changed);
	free(s);
}

void mo_set_on_alert(struct mo_set *s, mo_alert_fn *fn, void *ctx)
{
	if (!s)
		return;
	s->alert = fn;
	s->alert_ctx = ctx;
}

size_t mo_set_count(const struct mo_set *s)
{
	return s->n;
}

const struct mo_facts *mo_set_facts(const struct mo_set *s)
{
	return &s->facts;
}

int mo_set_install(struct mo_set *s, struct dm_tree *t, int64_t now)
{
	dm_mark mark = dm_tree_mark(t);

	dm_ddf_bind(t, &s->root);
	for (size_t i = 0; i < s->n; i++) {
		int rc = install(s, &s->v[i], t, now);

		if (rc && i < MO_BUILTIN)
			return dm_tree_rollback(t, mark) ? -EIO : rc;
		if (rc)
			log_err("management object %s at %s: not installed: %s", s->v[i].mo->id ?
				s->v[i].mo->id : "", s->v[i].mo->roots[0], strerror(-rc));
	}
	return 0;
}

int mo_install(struct dm_tree *t, const struct mo_facts *f, int64_t now)
{
	static const struct dmsc_mo *const objects[MO_BUILTIN] = {
		[MO_DEVINFO] = &mo_devinfo, [MO_DEVDETAIL] = &mo_devdetail, [MO_DMACC] = &mo_dmacc,
		[MO_INBOX] = &mo_inbox, [MO_NAP] = &mo_nap, [MO_PROXY] = &mo_proxy,
	};
	dm_mark mark = dm_tree_mark(t);
	int rc = 0;

	dm_ddf_bind(t, &plain_root);
	for (size_t i = 0; i < MO_BUILTIN && !rc; i++) {
		struct mo_entry e = { .mo = objects[i], .ctx = (void *)f,
				      .roots = { &mo_builtin_ddf[i] }, .nroots = 1 };

		rc = install(NULL, &e, t, now);
	}
	if (rc && dm_tree_rollback(t, mark))
		return -EIO;
	return rc;
}
