// SPDX-License-Identifier: GPL-2.0-or-later
/* Filling the tree from stored rows; their ids are found in a map that lives only meanwhile. */
#include <errno.h>
#include <stdlib.h>

#include "dm/tree_int.h"
#include "dm/uri.h"

void dm_tree_id_map_drop(struct dm_tree *t)
{
	free(t->by_id);
	t->by_id = NULL;
	t->by_id_size = t->by_id_used = 0;
}

static size_t id_slot(const struct dm_tree *t, uint64_t id)
{
	size_t i = (id * 0x9e3779b97f4a7c15ull >> 20) & (t->by_id_size - 1);

	while (t->by_id[i] && t->by_id[i]->n.id != id)
		i = (i + 1) & (t->by_id_size - 1);
	return i;
}

/* (Re)builds the map from ids to nodes with room for twice what there is. */
static int id_map_build(struct dm_tree *t)
{
	size_t size = 256;

	dm_tree_id_map_drop(t);
	while (size < t->count * 4)
		size *= 2;
	t->by_id = calloc(size, sizeof(*t->by_id));
	if (!t->by_id)
		return -ENOMEM;
	t->by_id_size = size;
	for (struct dm_node *n = &t->root->n; n; n = dm_tree_next(&t->root->n, n)) {
		t->by_id[id_slot(t, n->id)] = tn(n);
		t->by_id_used++;
	}
	return 0;
}

/* A stored row for a node that stands already: its content replaces the node's. */
static int load_over(struct dm_tree *t, struct tnode *n, const struct dm_node_row *row)
{
	struct tnode *x = dm_tree_node_new(t, &row->init);
	uint8_t flags = n->n.flags;

	if (!x)
		return -ENOMEM;
	if ((x->n.format == DM_FMT_NODE) != (n->n.format == DM_FMT_NODE)) {
		dm_tree_node_free(t, x);
		return -EINVAL;
	}
#define SWAP(f) do { __typeof__(n->n.f) s_ = n->n.f; n->n.f = x->n.f; x->n.f = s_; } while (0)
	SWAP(type); SWAP(acl); SWAP(title); SWAP(value); SWAP(value_len);
#undef SWAP
	n->n.format = x->n.format;
	n->n.access = row->init.access;
	n->n.flags = row->init.flags | (flags & DM_NODE_PERMANENT);
	n->n.origin = row->init.origin;
	n->n.tstamp = row->tstamp;
	n->n.verno = row->verno;
	dm_tree_node_free(t, x);
	return 0;
}

/* No URI leads deeper, and whoever walks the tree counts on it. */
static bool fits_below(const struct dm_node *parent)
{
	unsigned int depth = 1;

	for (; parent->parent && depth <= DM_URI_MAX_DEPTH; parent = parent->parent)
		depth++;
	return depth <= DM_URI_MAX_DEPTH;
}

int dm_tree_load(struct dm_tree *t, const struct dm_node_row *row)
{
	struct tnode *n, *parent;
	struct dm_node *taken;

	if (row->id == t->root->n.id)
		return row->parent ? -EINVAL : load_over(t, t->root, row);
	if ((!t->by_id || t->by_id_used * 2 >= t->by_id_size) && id_map_build(t))
		return -ENOMEM;
	parent = row->parent ? t->by_id[id_slot(t, row->parent)] : NULL;
	if (!row->id || !parent || parent->n.format != DM_FMT_NODE || !fits_below(&parent->n) ||
	    !dm_uri_segment_valid(row->init.name) || row->init.format >= DM_FMT_COUNT ||
	    row->init.value.n > UINT32_MAX ||
	    (row->init.format == DM_FMT_NODE && row->init.value.n))
		return -EINVAL;
	n = t->by_id[id_slot(t, row->id)];
	taken = dm_tree_child(t, &parent->n, row->init.name);
	if (n || taken) {
		if (!n || &n->n != taken || !(taken->flags & DM_NODE_PERMANENT))
			return -EINVAL;
		return load_over(t, n, row);
	}
	n = dm_tree_node_new(t, &row->init);
	if (!n)
		return -ENOMEM;
	n->n.id = row->id;
	n->n.tstamp = row->tstamp;
	n->n.verno = row->verno;
	if (row->id >= t->next_id)
		t->next_id = row->id + 1;
	dm_tree_attach(t, &parent->n, n);
	t->by_id[id_slot(t, n->n.id)] = n;
	t->by_id_used++;
	return 0;
}
