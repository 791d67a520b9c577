/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The environment that dmsc-helper gives a child: what it needs, and of the
 * helper's own where its log goes and, for a child with a network, which proxies
 * the system has. Nothing else gets there.
 */
#ifndef DMSC_UTIL_CHILD_ENV_H
#define DMSC_UTIL_CHILD_ENV_H

#include <stdbool.h>
#include "util/cleanup.h"

#define CHILD_ENV_MAX 12

/*
 * For execve(): PATH, LANG, JOURNAL_STREAM and the proxies where they are set. 0 or -ENOMEM.
 * child_env_free() also after an error; the first two are not the heap's.
 */
int child_env_make(char *env[CHILD_ENV_MAX], bool network) must_check;
void child_env_free(char *env[CHILD_ENV_MAX]);

#endif
