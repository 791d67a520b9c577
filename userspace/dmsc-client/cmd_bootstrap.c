// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-client bootstrap FILE: a document from a file instead of a card; the work is bootstrap.c's. */
#include <errno.h>
#include <stdio.h>

#include "dmsc-client/bootstrap.h"
#include "dmsc-client/client.h"
#include "util/log.h"

static int explain(int err, const char *file, const struct client_bootstrap_result *r)
{
	log_err("%s: not applied: %s", file, r->reason);
	switch (err) {
	case -EBADMSG:
	case -EMSGSIZE:
		return CLIENT_PROTOCOL;
	case -EEXIST:
		return CLIENT_CONFIG;
	default:
		return CLIENT_STORE;
	}
}

int cmd_bootstrap(int argc, char **argv, struct client_args *a)
{
	static const struct option options[] = { CLIENT_COMMON_OPTIONS, { NULL, 0, NULL, 0 } };
	_cleanup_store_ struct store *s = NULL;
	struct client_bootstrap_result r;
	struct client_bootstrap_doc doc = { CLIENT_PROFILE_DM, SLICE_NONE };
	struct buf msg = BUF_INIT;
	int c, rc, err;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		rc = client_common_option(a, c, optarg);
		if (rc)
			return rc;
	}
	if (argc - optind != 1) {
		log_err("bootstrap: give one FILE");
		return CLIENT_USAGE;
	}
	rc = client_args_finish(a);
	if (rc)
		return rc;
	msg.max = CLIENT_BOOTSTRAP_MAX;
	err = buf_read_file(&msg, argv[optind]);
	if (err) {
		log_err("%s: %s", argv[optind],
			err == -EMSGSIZE ? "larger than a bootstrap message may be" : strerror(-err));
		buf_wipe_fini(&msg);
		return err == -EMSGSIZE ? CLIENT_PROTOCOL : CLIENT_CONFIG;
	}
	rc = client_rights_store(a, STORE_WRITE, false, -1);
	if (!rc)
		rc = client_rights_filter(false);
	if (!rc)
		rc = client_store_open(a, STORE_WRITE, &s);
	if (!rc) {
		doc.bytes = buf_slice(&msg);
		err = client_bootstrap_apply(s, &doc, 1, 0, &r);
		rc = err ? explain(err, argv[optind], &r) : CLIENT_OK;
		for (unsigned int i = 0; !rc && i < r.nservers; i++)
			printf("account of server %s %s\n", r.server_id[i],
			       r.changed ? "bootstrapped" : "was there already");
		if (!rc && !r.nservers)
			printf("no account; connectivity %s\n",
			       r.changed ? "bootstrapped" : "was there already");
	}
	buf_wipe_fini(&msg);
	return rc;
}
