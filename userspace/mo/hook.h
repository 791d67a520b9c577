/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A management object behind a program of the integrator's: a "hook". It is
 * started before the system call filter, as the same user, and talked to over
 * a socket by the lines that Documentation/management-objects.rst specifies.
 *
 * A hook is not trusted to be right: lines, sizes and waiting are bounded, and
 * the first time it is late, dies or says what is no answer it is done for
 * this session; what it would have been asked is then answered 500 at once.
 */
#ifndef DMSC_MO_HOOK_H
#define DMSC_MO_HOOK_H

#include <sys/types.h>

#include "mo/mo.h"

#define MO_HOOK_LINE_MAX (96u << 10)	/* bytes of a line, its end included */
#define MO_HOOK_VALUE_MAX (30u << 10)	/* bytes of a value: each may take three in a line */
#define MO_HOOK_NODES_MAX 256		/* nodes a hook describes */
#define MO_HOOK_PUTS_MAX 1024		/* values it has at the start */

struct mo_hook_limits {
	int describe_ms, call_ms;	/* waiting for an answer */
	int session_ms;			/* waiting for all answers to calls together */
};

extern const struct mo_hook_limits mo_hook_defaults;

/*
 * Starts the program and adds what it describes. @limits NULL: the defaults. 0, or
 * -errno with a log line: -EPERM when the file is not root's or others may
 * write it, -ETIMEDOUT, -EPIPE (it went), -EPROTO (no proper answer).
 */
int mo_hook_add(struct mo_set *s, const char *path, const struct mo_hook_limits *limits) must_check;

#define MO_HOOKS_RUNNING_MAX 16
/*
 * The programs that run now: for a system call filter that has to let through
 * their end, SIGKILL for each and for its process group.
 */
size_t mo_hooks_running(pid_t out[MO_HOOKS_RUNNING_MAX]);

#endif
