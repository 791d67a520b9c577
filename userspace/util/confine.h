/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps by which a process gives up rights, for good, before it looks at
 * what a card or a server wrote. dmsc-helper takes all of them for its children,
 * dmsc-client for a command that root runs. Namespaces and mounts need root, so
 * they come before the identity; the system call filter comes last and is not here.
 *
 * Each step returns NULL, or the name of what failed with errno set; after a
 * failure the process may be half confined and must end.
 */
#ifndef DMSC_UTIL_CONFINE_H
#define DMSC_UTIL_CONFINE_H

#include <sys/types.h>
#include "util/cleanup.h"

#define CONFINE_USER "dmsc"

struct confine_id {
	uid_t uid;
	gid_t gid;
};

/* The user all of it runs as. 0, or -ENOENT: there is none, or it is root. */
int confine_user(struct confine_id *out) must_check;

/* An empty network namespace: not even loopback is up. */
const char *confine_network(void);
/*
 * A mount tree of its own: read-only but for @store (NULL: nothing is
 * writable), a /sys that describes the machine and holds no card, and a /proc
 * without the processes that the caller will have no right to look into.
 */
const char *confine_mounts(const char *store);
/* Memory, file size (0: the usual 256 MiB), descriptors, processes; no core file. */
const char *confine_limits(unsigned long file_size);
/*
 * No capability, none to be got back, no new privileges, no supplementary group,
 * and @id for user and group; NULL: they stay what they are.
 */
const char *confine_identity(const struct confine_id *id);

#endif
