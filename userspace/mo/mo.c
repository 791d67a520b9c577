// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of management objects and what they are built with; none of their content. */
#include "mo/mo.h"

#include "mo/mo_int.h"
#include "util/str.h"

static const struct mo_ops *const objects[] = { &mo_devinfo, &mo_devdetail, &mo_dmacc, &mo_inbox };
#define NOBJECTS (sizeof(objects) / sizeof(objects[0]))

int mo_put(struct dm_tree *t, struct dm_node *parent, const struct dm_node_init *want, int64_t now,
	   struct dm_node **out)
{
	struct dm_node *n = dm_tree_child(t, parent, want->name);
	int rc = 0;

	if (!n)
		return dm_tree_add(t, parent, want, now, out);
	if (want->format != DM_FMT_NODE &&
	    (n->format != want->format || !slice_eq(dm_node_value(n), want->value)))
		rc = dm_tree_set_value(t, n, want->format, slice_str(n->type ? n->type : ""),
				       want->value, now);
	if (!rc && out)
		*out = n;
	return rc;
}

int mo_put_dir(struct dm_tree *t, struct dm_node *parent, const char *name, const char *type,
	       unsigned int access, int64_t now, struct dm_node **out)
{
	const struct dm_node_init want = {
		.name = slice_str(name), .type = slice_str(type), .format = DM_FMT_NODE,
		.access = access, .flags = DM_NODE_PERMANENT,
	};

	return mo_put(t, parent, &want, now, out);
}

int mo_put_leaves(struct dm_tree *t, struct dm_node *parent, const struct mo_leaf *leaves, size_t n,
		  int64_t now)
{
	struct dm_node_init want = {
		.format = DM_FMT_CHR, .type = SLICE_LIT("text/plain"), .access = DM_ACC_GET,
		.flags = DM_NODE_PERMANENT,
	};
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++) {
		want.name = slice_str(leaves[i].name);
		want.value = slice_str(leaves[i].value);
		rc = mo_put(t, parent, &want, now, NULL);
	}
	return rc;
}

int mo_install(struct dm_tree *t, const struct mo_facts *f, int64_t now)
{
	dm_mark mark = dm_tree_mark(t);

	for (size_t i = 0; i < NOBJECTS; i++) {
		int rc = objects[i]->install(t, f, now);

		if (rc) {
			int bad = dm_tree_rollback(t, mark);

			return bad ? bad : rc;
		}
	}
	return 0;
}

enum dm_status mo_exec(void *ctx, struct dm_tree *t, struct dm_node *n, struct slice data,
		       struct slice correlator)
{
	for (size_t i = 0; i < NOBJECTS; i++) {
		struct dm_node *root = dm_tree_find(t, slice_str(objects[i]->root));

		for (struct dm_node *x = n; root && x && objects[i]->exec; x = x->parent)
			if (x == root)
				return objects[i]->exec(t, n, data, correlator);
	}
	return DM_ST_NONE;
}
