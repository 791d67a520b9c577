/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic Alerts that wait for a session (DM Protocol 1.2 2.3.7). What one may say is
 * the client's business (dmsc-client/alerts.h); here it is kept. Every function
 * returns as store.h says.
 */
#ifndef DMSC_STORE_ALERT_H
#define DMSC_STORE_ALERT_H

#include "store/store.h"

#define STORE_ALERTS_MAX 64		/* waiting, for all servers together */
#define STORE_ALERT_DATA_MAX 16384	/* bytes of one */
#define STORE_ALERT_WORD_MAX 256	/* a type, a correlator */
#define STORE_ALERTS_EXPECTED 64	/* Execs whose end may be told; older ones are forgotten */

struct store_alert {
	int64_t id;
	char server[STORE_SERVER_MAX];	/* "" = whichever is talked to next */
	unsigned int code;		/* 1226 */
	char source[STORE_URI_MAX];	/* "" = none, and so below */
	char type[STORE_ALERT_WORD_MAX];
	char format[16];
	char mark[16];
	char correlator[STORE_ALERT_WORD_MAX];
	struct slice data;		/* borrowed */
	int64_t created;
	uint32_t tries;			/* sessions that brought no lasting answer */
};

/*
 * Adds one; @a->id, tries and created are not looked at. One without a server whose
 * correlator is that of an expected Exec is for that Exec's server. One that waits
 * already, the same in all it says, is not added again. -ENOSPC: STORE_ALERTS_MAX wait.
 */
int store_alert_put(struct store *s, const struct store_alert *a, int64_t now) must_check;
/*
 * In the order they were added; @server: those for it, or for whichever; NULL: all. The
 * callback's first non-zero return ends the walk and is returned.
 */
typedef int store_alert_fn(void *ctx, const struct store_alert *a);
int store_alert_each(struct store *s, const char *server, store_alert_fn *fn, void *ctx);
/* It was told, or never will be. 0 also when there is none. */
int store_alert_delete(struct store *s, int64_t id) must_check;
/* One more try. 0 also when there is none. */
int store_alert_tried(struct store *s, int64_t id) must_check;
/* An Exec of @server with this correlator was begun: its end will be told to that server. */
int store_alert_expect(struct store *s, const char *server, const char *correlator,
		       int64_t now) must_check;

#endif
