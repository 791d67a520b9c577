// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of the commands. */
#include "dm/msg.h"

static const char *const names[] = {
	[DM_CMD_STATUS] = "Status", [DM_CMD_RESULTS] = "Results", [DM_CMD_ALERT] = "Alert",
	[DM_CMD_GET] = "Get", [DM_CMD_ADD] = "Add", [DM_CMD_REPLACE] = "Replace",
	[DM_CMD_DELETE] = "Delete", [DM_CMD_COPY] = "Copy", [DM_CMD_EXEC] = "Exec",
	[DM_CMD_ATOMIC] = "Atomic", [DM_CMD_SEQUENCE] = "Sequence",
};

const char *dm_cmd_kind_name(enum dm_cmd_kind kind)
{
	return (unsigned int)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : NULL;
}
