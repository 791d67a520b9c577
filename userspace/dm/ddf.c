// SPDX-License-Identifier: GPL-2.0-or-later
/* Descriptions of nodes and what they allow a server; ACLs and permanence are dm/cmd's. */
#include "dm/ddf.h"

#include <assert.h>

#include "util/str.h"

static_assert((int)DMSC_NODE == DM_FMT_NODE && (int)DMSC_BIN == DM_FMT_BIN &&
	      (int)DMSC_NULL == DM_FMT_NULL && DMSC_FLOAT + 1 == (int)DM_FMT_COUNT,
	      "the formats objects name are the tree's");
static_assert((int)DMSC_ADD == DM_ACC_ADD && (int)DMSC_GET == DM_ACC_GET &&
	      (int)DMSC_REPLACE == DM_ACC_REPLACE, "the access types objects name are the tree's");

const struct dmsc_ddf *dm_ddf_child(const struct dmsc_ddf *d, struct slice name)
{
	const struct dmsc_ddf *c = d ? d->children : NULL;

	for (; c && c->formats; c++)
		if (!c->name || slice_eq_str(name, c->name))
			return c;
	return NULL;
}

/* What described permanent nodes here is gone: what it left is a server's to delete. */
static void release(struct dm_node *top)
{
	for (struct dm_node *n = top; n; n = dm_tree_next(top, n)) {
		n->ddf = NULL;
		if (!(n->flags & DM_NODE_PERMANENT))
			continue;
		n->flags &= ~DM_NODE_PERMANENT;
		n->access = DM_ACC_ALL;
	}
}

void dm_ddf_bind(struct dm_tree *t, const struct dmsc_ddf *root)
{
	struct dm_node *top = dm_tree_root(t), *n = top;

	top->ddf = root;
	/* What has no entry hides what is below it. */
	while (n) {
		n = n->ddf || n == top ? dm_tree_next(top, n) : dm_tree_skip(top, n);
		if (!n)
			break;
		dm_ddf_attach(n);
		if (!n->ddf)
			release(n);
	}
}

void dm_ddf_attach(struct dm_node *n)
{
	const struct dmsc_ddf *d = dm_ddf_child(n->parent->ddf, slice_of(n->name, n->name_len));

	/* A card may have made a leaf of an interior node, or the other way round. */
	if (d && (n->format == DM_FMT_NODE) != !!(d->formats & DMSC_FMT(DMSC_NODE)))
		d = NULL;
	n->ddf = d;
	if (!d)
		return;
	n->access = d->access;
	n->flags = (n->flags & ~DM_NODE_PERMANENT) |
		   (d->flags & DMSC_PERMANENT ? DM_NODE_PERMANENT : 0);
}

static bool is_full(const struct dm_node *parent, const struct dmsc_ddf *d)
{
	unsigned int n = 0;

	if (!d->max || d->name)		/* siblings of one name there cannot be */
		return false;
	for (const struct dm_node *c = parent->first_child; c && n < d->max; c = c->next)
		n += c->ddf == d;
	return n >= d->max;
}

static enum dm_status type_fits(const struct dmsc_ddf *d, struct slice type)
{
	return !d->type || !type.n || slice_eq_str(type, d->type) ? DM_ST_NONE : DM_ST_BAD_FORMAT;
}

enum dm_status dm_ddf_may_make(const struct dm_node *parent, const struct dm_node_init *in)
{
	const struct dmsc_ddf *d = dm_ddf_child(parent->ddf, in->name);

	if (!d)
		return parent->ddf->flags & DMSC_OPEN ? DM_ST_NONE : DM_ST_NOT_ALLOWED;
	if (d->flags & DMSC_PERMANENT || is_full(parent, d))
		return DM_ST_NOT_ALLOWED;
	if (!(d->formats & DMSC_FMT(in->format)))
		return DM_ST_BAD_FORMAT;
	return in->format == DM_FMT_NODE ? DM_ST_NONE : type_fits(d, in->type);
}

enum dm_status dm_ddf_may_set(const struct dm_node *n, enum dm_format format, struct slice type)
{
	const struct dmsc_ddf *d = n->ddf;

	/* A card's odd leaf may be kept as it is. */
	if (format != n->format && !(d->formats & DMSC_FMT(format)))
		return DM_ST_BAD_FORMAT;
	return n->type && slice_eq_str(type, n->type) ? DM_ST_NONE : type_fits(d, type);
}

enum dm_status dm_ddf_may_delete(const struct dm_node *n)
{
	const struct dmsc_ddf *d = n->ddf;
	unsigned int left = 0;

	if (!d || !d->min)
		return DM_ST_NONE;
	for (const struct dm_node *c = n->parent->first_child; c && !d->name && left < 2;
	     c = c->next)
		left += c->ddf == d;
	return left < 2 ? DM_ST_NOT_ALLOWED : DM_ST_NONE;
}

enum dm_status dm_ddf_may_rename(const struct dm_node *n, struct slice name)
{
	const struct dmsc_ddf *d = dm_ddf_child(n->parent->ddf, name);

	/* Another name must not make another node of it, nor free it of its description. */
	if (d != n->ddf || (!d && !(n->parent->ddf->flags & DMSC_OPEN)))
		return DM_ST_NOT_ALLOWED;
	return DM_ST_NONE;
}
