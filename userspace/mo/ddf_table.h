/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptions as a list of rows, for who gets them line by line. */
#ifndef DMSC_MO_DDF_TABLE_H
#define DMSC_MO_DDF_TABLE_H

#include "dmsc/mo.h"
#include "util/cleanup.h"

struct mo_ddf_row {
	struct dmsc_ddf d;		/* children: not looked at */
	size_t parent;			/* a row before this one; of the first: itself */
};

/* Tables for @rows, whose strings they borrow; [0] is the root. To be freed. NULL: no memory. */
struct dmsc_ddf *mo_ddf_tables(const struct mo_ddf_row *rows, size_t n);

/*
 * The other way round: calls @fn for each entry, parents first, with the
 * number of the parent, from 0. Levels beyond 256 are left out. 0, or what
 * @fn returned to end it.
 */
int mo_ddf_each(const struct dmsc_ddf *root,
		int (*fn)(void *ctx, const struct dmsc_ddf *d, size_t parent), void *ctx);

#endif
