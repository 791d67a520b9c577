/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Management objects in shared libraries: the only place that loads code. */
#ifndef DMSC_MO_LIBRARY_H
#define DMSC_MO_LIBRARY_H

#include "mo/mo.h"

/*
 * Adds the object of every *.so of @dir, in the order of their names. What is
 * not root's, or can be written by others, is not loaded; what fails is left
 * out with a log line. A missing directory holds none. Returns how many were
 * added. Call it before a system call filter forbids what loading needs.
 */
size_t mo_libraries_add(struct mo_set *s, const char *dir);

#endif
