// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * card-child: reads one card's data through the helper, incorporates it,
 * and asks the helper for the sessions the data wants. It has no network and
 * never holds the store while a person or a server is waited for.
 */
#include <errno.h>
#include <stdio.h>

#include "dmsc-client/card_int.h"
#include "util/log.h"

#define START_MS 10000

static int card_run(struct card *c)
{
	int r = card_data_read(c);

	if (r < 0)
		return r;
	if (r == 0) {
		/* A card without data still ends what an earlier one brought. */
		_cleanup_store_ struct store *s = NULL;

		if (client_store_open(&c->args, STORE_WRITE, &s))
			return -EIO;
		r = card_stale_remove(c, s, false);
		if (!r)
			r = card_stale_remove(c, s, true);
		store_close(s);
		s = NULL;
		return r ? r : card_lwm2m(c);
	}
	r = card_gate(c);
	if (r <= 0)
		return r;
	r = card_incorporate(c);
	if (!r)
		r = card_sessions_plan(c);
	if (!r)
		r = card_sessions_run(c);
	if (!c->gone) {		/* also when the management data was of no use */
		int later = card_lwm2m(c);

		r = r ? r : later;
	}
	return r;
}

int child_card_main(int argc, char **argv)
{
	static struct card c;
	struct ipc_msg m;
	int r;

	r = child_start(argc, argv, false, &c.args, NULL, NULL);
	if (r)
		return r;
	r = ipc_recv(IPC_CHILD_FD, &m, START_MS);
	if (r || m.type != IPC_START) {
		log_err("card-child: no start message: %s", strerror(r ? -r : EPROTO));
		return CHILD_IPC;
	}
	c.start = m.start;
	if (snprintf(c.slot, sizeof(c.slot), "%s:%s", m.start.transport, m.start.location) >=
	    (int)sizeof(c.slot))
		return CHILD_IPC;
	buf_init(&c.bootstrap, CLIENT_BOOTSTRAP_MAX);
	r = card_run(&c);
	buf_wipe_fini(&c.bootstrap);
	if (r == 0)
		return CHILD_OK;
	if (c.gone || r == -ENODEV) {
		log_info("%s: the card or the helper is gone; what was committed stays",
			 c.start.slot);
		return CHILD_IPC;
	}
	return CHILD_FAILED;
}
