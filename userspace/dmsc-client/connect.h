/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the account of a session that is about to be asked for says of its connection. */
#ifndef DMSC_CLIENT_CONNECT_H
#define DMSC_CLIENT_CONNECT_H

#include "dmsc-client/client.h"

/*
 * Tells the helper before the IPC_SESSION for @server, when connection-hook is configured and
 * there is something to tell: of several connections that can be used, the one whose turn
 * @attempt is, from 0. Values are those of the store now: a server may have changed them. What
 * cannot be used, or read, is logged and nothing is told: then the session goes over the
 * device's own connection. 0, or -errno of the socket to the helper.
 */
int client_connect_say(const struct client_args *a, const char *who, const char *server,
		       unsigned int attempt) must_check;

#endif
