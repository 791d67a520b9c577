// SPDX-License-Identifier: GPL-2.0-or-later
/* ./Inbox (DM StdObj 1.2): only its root stands; dm/inbox places what is added to it. */
#include "mo/mo_int.h"

static int install(struct dm_tree *t, const struct mo_facts *f, int64_t now)
{
	return mo_put_dir(t, dm_tree_root(t), "Inbox", mo_inbox.type, DM_ACC_ADD | DM_ACC_REPLACE,
			  now, NULL);
}

const struct mo_ops mo_inbox = {
	.root = "./Inbox", .type = "urn:oma:mo:oma-dm-inbox:1.0", .install = install,
};
