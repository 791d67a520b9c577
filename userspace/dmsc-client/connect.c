// SPDX-License-Identifier: GPL-2.0-or-later
/* From the account's references to one IPC_CONNECT; what they lead to is mo/connection's. */
#include "dmsc-client/connect.h"

#include <errno.h>
#include <stdio.h>

#include "dm/account.h"
#include "dmsc-client/child_common.h"
#include "mo/connection.h"
#include "util/log.h"
#include "util/str.h"

#define SEND_MS 10000

struct about {
	const char *who, *server;
};

static void say(void *ctx, const char *line)
{
	const struct about *x = ctx;

	log_notice("%s: connection to %s: %s", x->who, x->server, line);
}

/* The reader of the card that the account came from, when it came from one. */
static void put_reader(struct store *s, struct dm_tree *t, struct ipc_connect *out)
{
	struct dm_node *account = dm_account_find(t, slice_str(out->server_id));
	struct slice rest, transport;
	struct store_origin o;

	if (!account || !account->origin || store_origin_get(s, account->origin, &o))
		return;
	rest = slice_str(o.slot);
	if (!str_split(&rest, ':', &transport) || !slice_present(rest) ||
	    str_copy(out->transport, sizeof(out->transport), transport) ||
	    str_copy(out->location, sizeof(out->location), rest))
		out->transport[0] = out->location[0] = 0;
}

/* 1: it is in @m. 0: there is nothing to tell. */
static int make(const struct client_args *a, struct about *x, unsigned int attempt,
		struct ipc_msg *m)
{
	_cleanup_store_ struct store *s = NULL;
	struct dm_tree *t = NULL;
	struct mo_link l;
	int r = store_open(a->store, STORE_READ, 0, &s);

	if (!r)
		r = client_tree_open(s, NULL, &t);
	if (r) {
		log_warn("%s: connection to %s: the store: %s", x->who, x->server,
			 store_strerror(r));
		return 0;
	}
	ipc_prepare(m, IPC_CONNECT);
	child_text(m->connect.server_id, sizeof(m->connect.server_id), x->server);
	r = mo_link_read(t, slice_str(x->server), attempt, &l, say, x);
	if (!r && l.has_connection) {
		m->connect.conref = l.conref;
		m->connect.c = l.connection;
		put_reader(s, t, &m->connect);
	}
	r = !r && l.has_connection;
	mo_link_wipe(&l);
	dm_tree_free(t);
	return r;
}

int client_connect_say(const struct client_args *a, const char *who, const char *server,
		       unsigned int attempt)
{
	struct about x = { who, server };
	struct ipc_msg m;
	int r = 0;

	if (!a->conf.connection_hook[0])
		return 0;
	if (make(a, &x, attempt, &m))
		r = ipc_send(IPC_CHILD_FD, &m, SEND_MS);
	explicit_bzero(&m, sizeof(m));
	return r;
}
