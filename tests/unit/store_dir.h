/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a test's store is, and the end of it. */
#ifndef DMSC_TEST_STORE_DIR_H
#define DMSC_TEST_STORE_DIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/store.h"

#define STORE_DIR_MAX 64

/* The name of a directory that is not there: store_open() makes it. 0 or -1. */
int store_dir_name(char dir[STORE_DIR_MAX]);
/* Away with it and the files in it. 0 or -1: something else was there. */
int store_dir_remove(const char *dir);

/* To be written, at once: a test that asks has the store for itself. */
static inline struct store *store_dir_open(const char *dir)
{
	struct store *s = NULL;

	assert_int_equal(store_open(dir, STORE_WRITE, 0, &s), 0);
	return s;
}

#endif
