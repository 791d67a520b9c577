// SPDX-License-Identifier: GPL-2.0-or-later
/* DevInfo (DM StdObj 1.2): what every session tells the server of the device. */
#include "mo/mo_int.h"

static int install(struct dm_tree *t, const struct mo_facts *f, int64_t now)
{
	const struct mo_leaf leaves[] = {
		{ "DevId", f->dev_id }, { "Man", f->man }, { "Mod", f->mod }, { "DmV", f->dmv },
		{ "Lang", f->lang },
	};
	struct dm_node *top;
	int rc = mo_put_dir(t, dm_tree_root(t), "DevInfo", mo_devinfo.type, DM_ACC_GET, now, &top);

	return rc ? rc : mo_put_leaves(t, top, leaves, sizeof(leaves) / sizeof(leaves[0]), now);
}

const struct mo_ops mo_devinfo = {
	.root = "./DevInfo", .type = "urn:oma:mo:oma-dm-devinfo:1.0", .install = install,
};
