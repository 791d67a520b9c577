/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client provisioning document (OMA ProvCont 1.1) as its reader sees it:
 * characteristics and parameters in document order. What they mean for the
 * management tree is not said here.
 */
#ifndef DMSC_DM_PROV_H
#define DMSC_DM_PROV_H

#include "util/slice.h"

enum dm_prov_kind {
	DM_PROV_CHARACTERISTIC,
	DM_PROV_PARM,
};

struct dm_prov_item {
	enum dm_prov_kind kind;
	unsigned int depth;		/* characteristics around it; 0 = directly under the root */
	struct slice name;		/* the type of a characteristic, the name of a parm */
	struct slice value;		/* of a parm; SLICE_NONE when it has none */
};

struct dm_prov {
	struct slice version;		/* of the root; SLICE_NONE = not given */
	const struct dm_prov_item *items;
	size_t n;
};

#endif
