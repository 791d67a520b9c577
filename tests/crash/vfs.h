/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SQLite made to keep its files on a struct disk. The store is not told: the
 * VFS is the process's default one, and behaves as the unix one does where that
 * matters (which syncs sync the directory, what it says of the disk).
 */
#ifndef DMSC_TESTS_CRASH_VFS_H
#define DMSC_TESTS_CRASH_VFS_H

#include "disk.h"

int vfs_register(void);
/* The disk that files are on from now on; nothing may be open. */
void vfs_use(struct disk *d);
/* Runs SQL on the connection that was opened last: to weaken the store for a self-test. */
int vfs_sql(const char *sql);
/* Syncs do nothing. */
void vfs_deaf(bool deaf);

enum vfs_error { VFS_EIO, VFS_FULL, VFS_NOMEM };
/* The @nth call from now on that may fail does (from 1 on); 0 = none. */
void vfs_fail(unsigned long nth, enum vfs_error e, bool from_then_on);
/* It did since vfs_fail(). */
bool vfs_failed(void);

#endif
