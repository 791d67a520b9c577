/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the three child modes share: start-up and the helper's socket. */
#ifndef DMSC_CLIENT_CHILD_COMMON_H
#define DMSC_CLIENT_CHILD_COMMON_H

#include "dmsc-client/children.h"
#include "dmsc-client/client.h"
#include "ipc/ipc.h"

/*
 * Reads the configuration and enters the sandbox; from here on hostile bytes
 * may come. CHILD_OK or the exit status, with the reason logged.
 */
int child_start(int argc, char **argv, bool network, struct client_args *a,
		int (*prepare)(void *ctx, struct client_args *a), void *ctx) must_check;

/* Puts card or server text, made printable, into a message's field. */
void child_text(char *out, size_t size, const char *text);

#endif
