/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a test's store is, and the end of it. */
#ifndef DMSC_TEST_STORE_DIR_H
#define DMSC_TEST_STORE_DIR_H

#define STORE_DIR_MAX 64

/* The name of a directory that is not there: store_open() makes it. 0 or -1. */
int store_dir_name(char dir[STORE_DIR_MAX]);
/* Away with it and the files in it. 0 or -1: something else was there. */
int store_dir_remove(const char *dir);

#endif
