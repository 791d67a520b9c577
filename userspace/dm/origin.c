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

static int remove_nodes(struct dm_tree *t, uint32_t origin)
{
	struct dm_node *root = dm_tree_root(t), *n = dm_tree_next(root, root);

	while (n) {
		struct dm_node *victim = n;
		int rc;

		if (n->origin != origin) {
			n = dm_tree_next(root, n);
			continue;
		}
		/* What another origin put below it goes too: it has no place without it. */
		while (n && n != root && !n->next)
			n = n->parent;
		n = n && n != root ? n->next : NULL;
		rc = dm_tree_delete(t, victim);
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

static bool is_kept(struct slice id, char *const *servers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq_str(id, servers[i]))
			return true;
	return false;
}

static int drop_account(struct dm_tree *t, struct dm_node *x, struct slice id, int64_t now)
{
	int rc = dm_acl_remove_server(t, id, now);

	return rc ? rc : dm_tree_delete(t, x);
}

int dm_origin_keep(struct dm_tree *t, uint32_t origin, char *const *servers, size_t n, int64_t now)
{
	struct dm_node *dir = dm_tree_find(t, SLICE_LIT("./DMAcc")), *next;
	dm_mark mark = dm_tree_mark(t);
	int rc = origin ? 0 : -EINVAL;

	for (struct dm_node *x = dir ? dir->first_child : NULL; x && !rc; x = next) {
		struct dm_node *id = dm_tree_child(t, x, SLICE_LIT("ServerID"));

		next = x->next;
		if (x->origin == origin && id && !is_kept(dm_node_value(id), servers, n))
			rc = drop_account(t, x, dm_node_value(id), now);
	}
	if (rc && dm_tree_rollback(t, mark))
		return -EIO;
	return rc;
}
