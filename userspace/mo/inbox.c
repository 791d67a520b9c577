// SPDX-License-Identifier: GPL-2.0-or-later
/* ./Inbox (DM StdObj 1.2): only its root stands; dm/inbox places what is added to it. */
#include "mo/mo_int.h"

const struct dmsc_mo mo_inbox = {
	.abi = DMSC_MO_ABI, .id = MO_INBOX_ID, .ddf = &mo_builtin_ddf[MO_INBOX],
	.roots = (const char *const[]){ "./Inbox", NULL },
};
