/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device descriptions (TND 1.2 section 8, DDF) bound to nodes: a node that a
 * description covers points to its entry (dm_node.ddf), all others to NULL, so
 * that whoever works below an undescribed node pays for one look at a pointer.
 *
 * Rules are for servers. What a card's bootstrap brings is kept as the issuer
 * wrote it, within the limits of every tree.
 */
#ifndef DMSC_DM_DDF_H
#define DMSC_DM_DDF_H

#include "dm/status.h"
#include "dm/tree.h"
#include "dmsc/mo.h"

/* The entry of a child of a node with entry @d (may be NULL); NULL = not described. */
const struct dmsc_ddf *dm_ddf_child(const struct dmsc_ddf *d, struct slice name);
/*
 * Describes the tree: @root is the entry of "." and is borrowed for the tree's
 * life. Nodes that are there get access types and scope of their entries, and
 * permanent ones that have none any more become dynamic; nodes made later get
 * their entry when they are made.
 */
void dm_ddf_bind(struct dm_tree *t, const struct dmsc_ddf *root);
/* Finds the entry of one node, whose parent has its own; access types and scope follow it. */
void dm_ddf_attach(struct dm_node *n);

/* May a server make this child? DM_ST_NONE, 405 or 415. @parent is described. */
enum dm_status dm_ddf_may_make(const struct dm_node *parent, const struct dm_node_init *in);
/* May a server give the described leaf @n this content? DM_ST_NONE or 415. */
enum dm_status dm_ddf_may_set(const struct dm_node *n, enum dm_format format, struct slice type);
/* May a server delete @n itself? Its parent is described. DM_ST_NONE or 405. */
enum dm_status dm_ddf_may_delete(const struct dm_node *n);
/* May a server rename @n? Its parent is described. DM_ST_NONE or 405. */
enum dm_status dm_ddf_may_rename(const struct dm_node *n, struct slice name);

#endif
