// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * decode-child: reads one card's data through the helper and prints it. It has
 * no network and no store, and the helper looks at none of it.
 */
#include <errno.h>

#include "dmsc-client/card_int.h"
#include "dmsc-client/decode.h"
#include "util/log.h"

#define START_MS 10000

int child_decode_main(int argc, char **argv)
{
	static struct card c;
	static struct decode d;
	struct ipc_msg m;
	int rc = child_start(argc, argv, false, &c.args, NULL, NULL);

	if (rc)
		return rc;
	if (ipc_recv(IPC_CHILD_FD, &m, START_MS) || m.type != IPC_DECODE) {
		log_err("decode-child: no word of the helper");
		return CHILD_IPC;
	}
	/* What the decoders find is said as a problem of the card, with its place. */
	log_init("dmsc-client", LOG_LVL_ERR);
	c.asks_nobody = true;
	d = (struct decode){ .rd = { card_read_ef, &c }, .conf = &c.args.conf,
			     .source = m.decode.slot, .json = m.decode.json,
			     .secrets = m.decode.secrets };
	rc = decode_run(&d);
	return c.gone && rc == DECODE_USABLE ? DECODE_UNREADABLE : rc;
}
