/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access control lists (TND 1.2 section 7.7.1): grammar, inheritance and the
 * decision. Rights are enum dm_access bits; ACL has no Copy right.
 */
#ifndef DMSC_DM_ACL_H
#define DMSC_DM_ACL_H

#include "dm/tree.h"
#include "util/buf.h"

#define DM_ACL_MAX 4096			/* bytes of one ACL */

/* True for the grammar of TND 7.7.1.5; the empty ACL (= no value) is valid too. */
bool dm_acl_valid(struct slice acl);

/* May an ACL name this server? The grammar's identifiers, but for "*". */
bool dm_acl_server_valid(struct slice id);

/* Does this one value grant @right to @server ("*" grants everybody, ACL-5)? */
bool dm_acl_grants(struct slice acl, enum dm_access right, struct slice server);

/* The value that rules @n: its own, else the nearest ancestor's, whole (ACL-2). Borrowed. */
struct slice dm_acl_effective(const struct dm_node *n);

/* dm_acl_grants() on the effective value. */
bool dm_acl_allows(const struct dm_node *n, enum dm_access right, struct slice server);

/* ACL-7: interior node: Replace on it or its parent; leaf: Replace on its parent. */
bool dm_acl_may_change(const struct dm_node *n, struct slice server);

/*
 * The value ACL-8 gives an interior node to its creator; appended to @out.
 * Nothing when no ACL can name @server.
 */
void dm_acl_for_creator(struct slice server, struct buf *out);

/*
 * ACL-10 on one value: writes @acl without @server to @out; commands left
 * without identifiers go. @root: Add and Get that lost their last identifier
 * become "*". True when something changed.
 */
bool dm_acl_without(struct slice acl, struct slice server, bool root, struct buf *out);

/* ACL-10 on the whole tree. 0 or -ENOMEM (the caller rolls back). */
int dm_acl_remove_server(struct dm_tree *t, struct slice server, int64_t now) must_check;

#endif
