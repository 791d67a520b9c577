/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notifications that were taken, so that none is taken twice and no server asks for
 * more sessions than anybody needs. Only those whose digest was right get here.
 */
#ifndef DMSC_STORE_NOTIFIED_H
#define DMSC_STORE_NOTIFIED_H

#include "store/store.h"

#define STORE_NOTIFIED_DIGEST 16
#define STORE_NOTIFIED_ROWS 64		/* of one server; older ones are forgotten */
#define STORE_NOTIFIED_ALL 4096		/* of all servers */
#define STORE_NOTIFIED_ID_S 604800	/* a SessionID is taken again after a week: it has 16 bits */
#define STORE_NOTIFIED_PER_HOUR 12	/* of one server */

enum store_notified {
	STORE_NOTIFIED_NEW,	/* noted now */
	STORE_NOTIFIED_AGAIN,	/* its digest was there, or its SessionID within a week */
	STORE_NOTIFIED_TOO_MANY,
};

/* Notes one unless it was taken before, or too many were in the hour around @now. */
int store_notified_take(struct store *s, const char *server, uint16_t session_id,
			const uint8_t digest[STORE_NOTIFIED_DIGEST], int64_t now,
			enum store_notified *out) must_check;

#endif
