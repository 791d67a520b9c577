// SPDX-License-Identifier: GPL-2.0-or-later
/* Start-up of the child modes; nothing of what they do. */
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "dmsc-client/child_common.h"
#include "util/log.h"
#include "util/text.h"

int child_start(int argc, char **argv, bool network, struct client_args *a,
		int (*prepare)(void *ctx, struct client_args *a), void *ctx)
{
	int i, r;

	log_init("dmsc-client", LOG_LVL_INFO);
	/* No core file, and no /proc/PID/mem for another child of the same user. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) {
		log_err("%s: PR_SET_DUMPABLE: %s; nothing was read or changed", argv[0],
			strerror(errno));
		return CHILD_SANDBOX;
	}
	*a = (struct client_args){ .wait_ms = STORE_WAIT_FOREVER };
	for (i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--config"))
			break;
		a->config = argv[i + 1];
	}
	if (i < argc) {
		log_err("%s is started by dmsc-helper only", argv[0]);
		return CHILD_USAGE;
	}
	if (a->config && access(a->config, F_OK) && errno == ENOENT)
		a->config = NULL;	/* without the file the defaults hold, as in the helper */
	if (client_args_finish(a))
		return CHILD_USAGE;
	if (prepare) {
		r = prepare(ctx, a);
		if (r)
			return r;
	}
	r = seccomp_enter(network);
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
