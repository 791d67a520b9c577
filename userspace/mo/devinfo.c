// SPDX-License-Identifier: GPL-2.0-or-later
/* DevInfo (DM StdObj 1.2): what every session tells the server of the device. */
#include "mo/mo_int.h"

static int install(void *ctx, const struct dmsc_host *h)
{
	const struct mo_facts *f = ctx;
	const struct mo_leaf leaves[] = {
		{ "./DevInfo/DevId", f->dev_id }, { "./DevInfo/Man", f->man },
		{ "./DevInfo/Mod", f->mod }, { "./DevInfo/DmV", f->dmv },
		{ "./DevInfo/Lang", f->lang },
	};

	return mo_host_text(h, leaves, sizeof(leaves) / sizeof(leaves[0]));
}

const struct dmsc_mo mo_devinfo = {
	.abi = DMSC_MO_ABI, .id = MO_DEVINFO_ID, .ddf = &mo_builtin_ddf[MO_DEVINFO],
	.roots = (const char *const[]){ "./DevInfo", NULL }, .install = install,
};
