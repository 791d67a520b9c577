/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A far end whose client has management objects: what it asks of a node goes to them. */
#ifndef DMSC_TEST_MO_FAR_END_H
#define DMSC_TEST_MO_FAR_END_H

#include "dm_far_end.h"
#include "mo/mo.h"

static struct mo_set *mo_far_set;	/* the engine's ctx is the far end's */

static enum dm_status mo_far_read(void *ctx, const struct dm_node *n, struct buf *out)
{
	return mo_set_read(mo_far_set, n, out);
}

static enum dm_status mo_far_check(void *ctx, const struct dm_node *parent, struct slice name,
				   enum dm_format format, struct slice value)
{
	return mo_set_check(mo_far_set, parent, name, format, value);
}

static enum dm_status mo_far_exec(void *ctx, struct dm_tree *t, struct dm_node *n,
				  struct slice data, struct slice correlator)
{
	return mo_set_exec(mo_far_set, n, data, correlator);
}

/* Its ops are those of @set from here on; the one before is asked no more. */
static void mo_far_objects(struct far_end *f, struct mo_set *set)
{
	mo_far_set = set;
	f->ops.cmd.read = mo_far_read;
	f->ops.cmd.check = mo_far_check;
	f->ops.cmd.exec = mo_far_exec;
}

#endif
