/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Root need not be root to look at what another user wrote. */
#ifndef DMSC_UTIL_OWNER_H
#define DMSC_UTIL_OWNER_H

/*
 * Becomes, for good, the user and group that own @dir, when the caller is root
 * and the owner is not: what an unprivileged process wrote (a database file is
 * a program's input) is then never parsed with root's rights. Anybody else, and
 * a directory that is not there, changes nothing.
 * 0, or -errno; after an error the process may have lost groups and must end.
 */
int owner_become(const char *dir);

#endif
