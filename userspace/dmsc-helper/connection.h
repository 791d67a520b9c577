/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What connection-hook is told, and for which cards it set a connection up, so that it
 * is taken down when the card is gone. When it is run is insertion_connect.c's.
 */
#ifndef DMSC_HELPER_CONNECTION_H
#define DMSC_HELPER_CONNECTION_H

#include "dmsc-helper/helper.h"
#include "util/buf.h"

#define CONNECTION_LATER 75	/* exit status: not yet (EX_TEMPFAIL of sysexits.h) */

/*
 * The object of Documentation/connectivity.rst. @q NULL: the one of "down", which names the
 * reader alone. @slot->name "": no card's. 0 or -ENOMEM.
 */
int connection_json(struct buf *out, const struct ef_slot *slot, const struct ipc_connect *q)
	must_check;
/*
 * From now on the card in @slot has a connection. The descriptor is to be kept open as long
 * as the program runs; -EWOULDBLOCK: it runs already for this reader; -errno.
 */
int connection_mark(const struct ef_slot *slot) must_check;
/*
 * Takes down what was set up for cards of which present readers say that they are gone
 * (decision 7); waits for the program.
 */
void connections_down(const struct helper *h);

#endif
