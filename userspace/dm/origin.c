// SPDX-License-Identifier: GPL-2.0-or-later
/* Removal of everything one card brought; the decision to do so is the caller's. */
#include "dm/origin.h"

#include <errno.h>

#include "dm/account.h"
#include "dm/acl.h"

bool dm_origin_exists(struct dm_tree *t, uint32_t origin)
{
	struct dm_node *root = dm_tree_root(t);

	for (struct dm_node *n = root; n; n = dm_tree_next(root, n))
		if (n->origin == origin)
			return true;
	return false;
}

int dm_origin_servers(struct dm_tree *t, uint32_t origin,
		      int (*fn)(void *ctx, struct slice server_id), void *ctx)
{
	struct dm_node *dir = dm_tree_find(t, SLICE_LIT("./DMAcc"));
	struct dm_node *next;
	int rc;

	for (struct dm_node *x = dir ? dir->first_child : NULL; x; x = next) {
		struct dm_node *id = dm_tree_child(t, x, SLICE_LIT("ServerID"));

		next = x->next;
		if (x->origin != origin || !id)
			continue;
		rc = fn(ctx, dm_node_value(id));
		if (rc)
			return rc;
	}
	return 0;
}

struct removal {
	struct dm_tree *t;
	int64_t now;
};

static int drop_from_acls(void *ctx, struct slice server_id)
{
	struct removal *r = ctx;

	return dm_acl_remove_server(r->t, server_id, r->now);
}

/* Is there something of another card below @n? */
static bool holds_others(const struct dm_node *n)
{
	for (const struct dm_node *x = dm_tree_next(n, n); x; x = dm_tree_next(n, x))
		if (x->origin && x->origin != n->origin)
			return true;
	return false;
}

/* Directories that stayed for this card's sake alone when theirs went. */
static int remove_empty(struct dm_tree *t, struct dm_node *n, uint32_t origin)
{
	while (n->parent && !n->first_child && n->origin && n->origin != origin) {
		struct dm_node *up = n->parent;
		int rc = dm_tree_delete(t, n);

		if (rc)
			return rc;
		n = up;
	}
	return 0;
}

static int remove_nodes(struct dm_tree *t, uint32_t origin)
{
	struct dm_node *root = dm_tree_root(t), *n = dm_tree_next(root, root);

	while (n) {
		struct dm_node *victim = n, *up = n->parent;
		int rc;

		/* A directory that two cards put something into stays until the last one goes. */
		if (n->origin != origin || holds_others(n)) {
			n = dm_tree_next(root, n);
			continue;
		}
		/* What servers put below it goes too: it has no place without it. */
		while (n && n != root && !n->next)
			n = n->parent;
		n = n && n != root ? n->next : NULL;
		rc = dm_tree_delete(t, victim);
		if (!rc)
			rc = remove_empty(t, up, origin);
		if (rc)
			return rc;
	}
	return 0;
}

int dm_origin_remove(struct dm_tree *t, uint32_t origin, int64_t now, size_t *removed)
{
	struct removal r = { t, now };
	dm_mark mark = dm_tree_mark(t);
	size_t before = dm_tree_count(t);
	int rc;

	if (!origin)
		return -EINVAL;
	rc = dm_origin_servers(t, origin, drop_from_acls, &r);
	if (!rc)
		rc = remove_nodes(t, origin);
	if (rc) {
		int bad = dm_tree_rollback(t, mark);

		return bad ? bad : rc;
	}
	if (removed)
		*removed = before - dm_tree_count(t);
	return 0;
}
