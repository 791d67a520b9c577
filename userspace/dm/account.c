// SPDX-License-Identifier: GPL-2.0-or-later
/* Where accounts are in the tree; reading them out is mo/dmacc. */
#include "dm/account.h"

#include "util/str.h"

static void credential_fini(struct dm_credential *c)
{
	buf_fini(&c->name);
	buf_wipe_fini(&c->secret);
	buf_wipe_fini(&c->nonce);
}

void dm_account_init(struct dm_account *a)
{
	memset(a, 0, sizeof(*a));
}

void dm_account_fini(struct dm_account *a)
{
	buf_fini(&a->server_id);
	buf_fini(&a->name);
	buf_fini(&a->url);
	buf_fini(&a->conref);
	credential_fini(&a->client);
	credential_fini(&a->server);
	credential_fini(&a->http);
	dm_account_init(a);
}

bool dm_account_is_type(struct slice type)
{
	/* Minor versions are compatible by the OMNA naming rules. */
	return str_starts(type, "urn:oma:mo:oma-dm-dmacc:1.") ||
	       slice_eq_str(type, DM_DMACC_TYPE_OLD);
}

struct dm_node *dm_account_find(struct dm_tree *t, struct slice server_id)
{
	struct dm_node *dir = dm_tree_find(t, SLICE_LIT("./DMAcc"));

	for (struct dm_node *x = dir ? dir->first_child : NULL; x; x = x->next) {
		struct dm_node *id = dm_tree_child(t, x, SLICE_LIT("ServerID"));

		if (id && slice_eq(dm_node_value(id), server_id))
			return x;
	}
	return NULL;
}

bool dm_account_is_root(const struct dm_node *n)
{
	const struct dm_node *p = n->parent;

	return p && p->parent && !p->parent->parent && strcmp(p->name, "DMAcc") == 0;
}

#define UNREADABLE (DM_ACC_ALL & ~(DM_ACC_GET | DM_ACC_COPY))

/* Is @n an object of the directory ./@dir, or below one? */
static bool in_object(const struct dm_node *n, const char *dir)
{
	if (!n->parent || !n->parent->parent)
		return false;
	while (n->parent->parent)
		n = n->parent;
	return strcmp(n->name, dir) == 0;
}

uint8_t dm_account_access(const struct dm_node *parent, struct slice name)
{
	/* Who a server is stays what it was: every ACL names it by this. */
	if (slice_eq_str(name, "ServerID") && dm_account_is_root(parent))
		return DM_ACC_ALL & ~(DM_ACC_REPLACE | DM_ACC_DELETE);
	if (slice_eq_str(name, "AAuthSecret") || slice_eq_str(name, "AAuthData"))
		return in_object(parent, "DMAcc") ? UNREADABLE : DM_ACC_ALL;
	if ((slice_eq_str(name, "AuthSecret") || slice_eq_str(name, "AuthPW")) &&
	    (in_object(parent, "NAP") || in_object(parent, "Proxy") || in_object(parent, "ConnMO")))
		return UNREADABLE;
	return DM_ACC_ALL;
}
