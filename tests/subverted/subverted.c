// SPDX-License-Identifier: GPL-2.0-or-later
/* Which child it is, and what it is to try: the word is what the configuration calls the device. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/subverted/subverted.h"

int __real_child_start(int argc, char **argv, bool network, struct client_args *a,
		       int (*prepare)(void *ctx, struct client_args *a), void *ctx);
int __wrap_child_start(int argc, char **argv, bool network, struct client_args *a,
		       int (*prepare)(void *ctx, struct client_args *a), void *ctx);

void say(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (n < 0 || n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n] = '\n';
	(void)!write(STDERR_FILENO, line, (size_t)n + 1);
}

void tried(const char *what, bool got)
{
	if (got)
		say("GOT %s", what);
	else
		say("denied %s: %s", what, strerror(errno));
}

int __wrap_child_start(int argc, char **argv, bool network, struct client_args *a,
		       int (*prepare)(void *ctx, struct client_args *a), void *ctx)
{
	int r = __real_child_start(argc, argv, network, a, prepare, ctx);

	if (r)
		return r;
	say("%s taken over", argv[0]);
	if (!strcmp(argv[0], "session-child")) {
		session_requests(a->store);
		_exit(0);
	}
	/* It follows a helper's failure; once is enough. */
	if (!strcmp(a->conf.device_id, strcmp(argv[0], "reconcile-child") ? "confined" : "claim-start")) {
		try_files(a->store);
		try_writing(a->store);
		try_processes();
		try_sockets(network);
		try_limits(a->store);
	}
	if (!strcmp(argv[0], "card-child"))
		card_requests(a->conf.device_id, a->store);
	say("end of %s", argv[0]);
	_exit(0);
}
