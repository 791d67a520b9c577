/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A modem whose library can only block (QMI, MBIM) as the reader of a card: its
 * calls run in the thread of worker.h, its channels are the sessions of session.h.
 * Between requests the thread waits for what the modem says of its card.
 */
#ifndef UICC_BRIDGE_MODEM_CARD_H
#define UICC_BRIDGE_MODEM_CARD_H

#include "bridge.h"

#define MODEM_ATR_MAX 33
#define MODEM_RAPDU_MAX 258

/*
 * What a library does: each call in the thread, each bounded in time. They return 0 or
 * -errno: -ENOENT where the modem refuses, -EBUSY where it has no time for the card,
 * -EPIPE when it is gone.
 */
struct modem_ops {
	/* Reaches the modem; it logs why it does not. */
	int (*connect)(void *modem);
	/* Lets go. Also after a connect that failed. */
	void (*disconnect)(void *modem);
	/* Is there a card? 1, 0, or -errno. */
	int (*present)(void *modem);
	/* The ATR's length, or -errno. */
	int (*atr)(void *modem, uint8_t out[MODEM_ATR_MAX]);
	int (*open)(void *modem, const uint8_t *aid, size_t n, uint32_t *id);
	int (*close)(void *modem, uint32_t id);
	/* A command in session @id, or on the basic channel (@basic). The answer's length, or -errno. */
	int (*transmit)(void *modem, bool basic, uint32_t id, const uint8_t *apdu, size_t n,
			uint8_t out[MODEM_RAPDU_MAX]);
	/* Waits for @ms at most: 1 when something may have changed, 0, or -EPIPE. */
	int (*wait)(void *modem, unsigned int ms);
	/* From another thread: wait() returns soon, if it waits. */
	void (*wake)(void *modem);
	bool basic;		/* commands can go to the basic channel */
};

struct modem_card;

/* Starts the thread and the connection. @modem lives until modem_card_end(). NULL with errno. */
must_check struct modem_card *modem_card_new(const struct modem_ops *ops, void *modem,
					     unsigned int answer_ms);

/* As the members of struct bridge_backend. */
void modem_card_fds(struct modem_card *c, int fds[BRIDGE_FDS_MAX]);
must_check int modem_card_request(struct modem_card *c, const uint8_t *data, size_t n);
must_check int modem_card_receive(struct modem_card *c, struct bridge_event *out);

/*
 * Closes what is open, ends the thread and frees @c: the exit status. When a call of the
 * library does not return *@left is set: nothing of the modem may be freed then.
 */
must_check int modem_card_end(struct modem_card *c, bool *left);

#endif
