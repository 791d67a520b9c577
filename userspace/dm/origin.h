/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came from one card, and how all of it goes again (DM Bootstrap 1.2: removal of the card). */
#ifndef DMSC_DM_ORIGIN_H
#define DMSC_DM_ORIGIN_H

#include "dm/tree.h"

/*
 * Deletes every node of @origin (!= 0), accounts included, and takes the
 * servers of its accounts out of every ACL (ACL-10). 0, or -errno with the
 * tree as it was. *removed (may be NULL): nodes deleted. Not committed.
 */
int dm_origin_remove(struct dm_tree *t, uint32_t origin, int64_t now, size_t *removed) must_check;
/* True when a node of @origin exists. */
bool dm_origin_exists(struct dm_tree *t, uint32_t origin);
/* Calls @fn with the ServerID of each account of @origin, until it returns non-zero (returned). */
int dm_origin_servers(struct dm_tree *t, uint32_t origin,
		      int (*fn)(void *ctx, struct slice server_id), void *ctx);

#endif
