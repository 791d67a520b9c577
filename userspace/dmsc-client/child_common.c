// SPDX-License-Identifier: GPL-2.0-or-later
/* Start-up of the child modes; nothing of what they do. */
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "dmsc-client/child_common.h"
#include "mo/hook.h"
#include "util/log.h"
#include "util/text.h"

/*
 * The helper hands over the configuration that it has: a file that was changed,
 * or is being written, since then is not for its children alone. With --config,
 * for trials, it is read from a file.
 */
static int conf_take(int argc, char **argv, struct client_args *a)
{
	if (argc == 3 && !strcmp(argv[1], "--config")) {
		a->config = argv[2];
		return client_args_finish(a);
	}
	if (argc != 1 || conf_from_fd(IPC_CONF_FD, &a->conf)) {
		log_err("%s is started by dmsc-helper only", argv[0]);
		return CHILD_USAGE;
	}
	close(IPC_CONF_FD);
	client_args_use(a);
	return CHILD_OK;
}

int child_start(int argc, char **argv, bool network, struct client_args *a,
		int (*prepare)(void *ctx, struct client_args *a), void *ctx)
{
	pid_t hooks[MO_HOOKS_RUNNING_MAX];
	int r;

	log_init("dmsc-client", LOG_LVL_INFO);
	/* No core file, and no /proc/PID/mem for another child of the same user. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) {
		log_err("%s: PR_SET_DUMPABLE: %s; nothing was read or changed", argv[0],
			strerror(errno));
		return CHILD_SANDBOX;
	}
	*a = (struct client_args){ .wait_ms = STORE_WAIT_FOREVER };
	if (conf_take(argc, argv, a))
		return CHILD_USAGE;
	if (prepare) {
		r = prepare(ctx, a);
		if (r)
			return r;
	}
	r = seccomp_enter(network, hooks, mo_hooks_running(hooks));
	if (r) {
		log_err("%s: no system call filter: %s; nothing was read or changed", argv[0],
			strerror(-r));
		return CHILD_SANDBOX;
	}
	return CHILD_OK;
}

void child_text(char *out, size_t size, const char *text)
{
	memset(out, 0, size);
	text_printable(slice_str(text), out, size);
}
