// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-client want: a session that dmsc-helper --pending runs, and tries until patience is over. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "dmsc-client/client.h"
#include "mo/dmacc.h"
#include "store/wish.h"
#include "util/log.h"
#include "util/str.h"
#include "util/wake.h"

enum { OPT_SERVER = OPT_OWN };

static const struct option options[] = {
	CLIENT_COMMON_OPTIONS,
	{ "server", required_argument, NULL, OPT_SERVER },
	{ NULL, 0, NULL, 0 },
};

static int check_account(struct store *s, const char *server)
{
	struct dm_account a;
	struct dm_tree *t;
	int r;

	if (client_tree_open(s, NULL, &t))
		return CLIENT_STORE;
	r = dmacc_read(t, slice_str(server), &a);
	dm_account_fini(&a);
	dm_tree_free(t);
	if (r != -ENOENT)
		return CLIENT_OK;	/* with a bad address it is the session's to say so */
	log_err("want: there is no account for this server");
	return CLIENT_CONFIG;
}

static int note(struct client_args *a, const char *server)
{
	_cleanup_store_ struct store *s = NULL;
	struct store_wish w = { .ui = STORE_WISH_QUIET, .cause = STORE_CAUSE_ASKED };
	int rc = client_store_open(a, STORE_WRITE, &s);

	if (!rc)
		rc = str_copy(w.server, sizeof(w.server), slice_str(server)) ? CLIENT_CONFIG :
		     check_account(s, server);
	if (!rc && store_wish_put(s, &w, time(NULL)))
		rc = CLIENT_STORE;
	return rc;
}

int cmd_want(int argc, char **argv, struct client_args *a)
{
	const char *server = NULL;
	int c, rc, waker;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		rc = c == OPT_SERVER ? CLIENT_OK : client_common_option(a, c, optarg);
		if (rc)
			return rc;
		if (c == OPT_SERVER)
			server = optarg;
	}
	if (!server || optind != argc) {
		log_err("want: give --server ID and nothing else");
		return CLIENT_USAGE;
	}
	/* Nothing is made for what cannot be. */
	if (!server[0] || strlen(server) >= STORE_SERVER_MAX) {
		log_err("want: there is no account for this server");
		return CLIENT_CONFIG;
	}
	rc = client_args_finish(a);
	if (rc)
		return rc;
	waker = client_rights_systems(a) ? waker_new() : -1;
	rc = client_rights_store(a, STORE_WRITE, false, -1);
	if (!rc)
		rc = client_rights_filter(false);
	if (!rc)
		rc = note(a, server);
	waker_end(waker, rc == CLIENT_OK);
	return rc;
}
