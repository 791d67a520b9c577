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
#define ROOM_MAX_S 30	/* between two looks whether an account that is in the way has gone */
#define CHANGES_MAX 3	/* times a card may say something else than just before */

/* Waits a while for another account to go. False: the card went, or patience is over. */
static bool wait_for_room(struct card *c, int64_t *left_s)
{
	if (!c->room_s)
		log_notice("%s: it is tried again as long as the card is there and patience lasts",
			   c->start.slot);
	c->room_s = !c->room_s ? 1 : c->room_s * 2 > ROOM_MAX_S ? ROOM_MAX_S : c->room_s * 2;
	if (*left_s < c->room_s)
		return false;
	*left_s -= c->room_s;
	return !card_wait(c, c->room_s * 1000);
}

/* From what was read to the tree, as soon as there is room for it. 0 or -errno. */
static int card_take(struct card *c)
{
	int64_t patience_s = c->args.conf.patience_s;
	int r, other;

	for (;;) {
		r = card_gate(c);
		if (r > 0)
			r = card_incorporate(c);
		if (r != -EEXIST)
			return r;
		other = card_lwm2m(c);	/* what another client waits for need not wait for that */
		if (other)
			return other;
		if (!wait_for_room(c, &patience_s))
			return r;
	}
}

static int card_run(struct card *c)
{
	unsigned int changes = 0;
	int r;

	do {
		r = card_data_read(&c->data);
		if (r == 0)	/* a card without data still ends what an earlier one brought */
			return card_take_back(c);
		if (r > 0)
			r = card_take(c);
		if (r == -ESTALE && ++changes == CHANGES_MAX) {
			log_err("%s: the card's data changes whenever it is read; nothing is applied",
				c->start.slot);
			return r;
		}
		if (r == -ESTALE)
			log_notice("%s: the card's data has changed since it was read; it is read anew",
				   c->start.slot);
	} while (r == -ESTALE);
	if (!r)
		r = card_sessions_plan(c);
	return r ? r : card_sessions_run(c);
}

static int card_all(struct card *c)
{
	int r = card_run(c), later = 0;

	if (!c->gone && r != -ECANCELED)	/* also when the management data was of no use */
		later = card_lwm2m(c);
	return r && r != -ECANCELED ? r : later;
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
	card_data_init(&c.data);
	c.data.rd = (struct card_reader){ card_read_ef, &c };
	c.data.conf = &c.args.conf;
	c.data.name = c.start.slot;
	r = card_all(&c);
	client_store_end();
	card_data_fini(&c.data);
	/* Who keeps the PIN, keeps the data: as a no to taking it over, that is no failure. */
	if (r == 0 || (r == -EACCES && c.no_pin))
		return CHILD_OK;
	if (c.gone || r == -ENODEV) {
		log_info("%s: the card or the helper is gone; what was committed stays",
			 c.start.slot);
		return CHILD_IPC;
	}
	return CHILD_FAILED;
}
