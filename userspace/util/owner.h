/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What root must not do with what another user could have written. */
#ifndef DMSC_UTIL_OWNER_H
#define DMSC_UTIL_OWNER_H

#include <stdbool.h>

/*
 * Becomes, for good, the user and group that own @dir, when the caller is root
 * and the owner is not: what an unprivileged process wrote (a database file is
 * a program's input) is then never parsed with root's rights. Anybody else, and
 * a directory that is not there, changes nothing.
 * 0, or -errno; after an error the process may have lost groups and must end.
 */
int owner_become(const char *dir);

/*
 * -EPERM unless the open file is root's and only root can write it; -ENODEV when it
 * is no regular file, or with @directory no directory.
 */
int owner_root_alone(int fd, bool directory) __attribute__((warn_unused_result));
/*
 * Opens a program for execve(): it, and every directory on its absolute path, must
 * pass owner_root_alone(), or another could put his own in its place. The
 * descriptor (CLOEXEC) or -errno.
 */
int owner_open_program(const char *path) __attribute__((warn_unused_result));

#endif
