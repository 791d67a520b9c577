/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the management objects share; nobody outside mo/ includes this. */
#ifndef DMSC_MO_MO_INT_H
#define DMSC_MO_MO_INT_H

#include "mo/mo.h"

struct mo_leaf {
	const char *name;
	const char *value;
};

/*
 * The child @name of @parent, made or brought up to date: value, format,
 * nothing else. @access: enum dm_access bits of a new node, permanent when
 * @flags say so. An unchanged node is not touched. 0 or -errno.
 */
int mo_put(struct dm_tree *t, struct dm_node *parent, const struct dm_node_init *want, int64_t now,
	   struct dm_node **out) must_check;
/* A permanent interior node; @type may be NULL. */
int mo_put_dir(struct dm_tree *t, struct dm_node *parent, const char *name, const char *type,
	       unsigned int access, int64_t now, struct dm_node **out) must_check;
/* Permanent leaves of text that a server may only read. */
int mo_put_leaves(struct dm_tree *t, struct dm_node *parent, const struct mo_leaf *leaves, size_t n,
		  int64_t now) must_check;

extern const struct mo_ops mo_devinfo, mo_devdetail, mo_dmacc, mo_inbox;

#endif
