/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic Alerts: what one may say, and how those that wait become part of a session
 * (DM Protocol 1.2 2.3.7). They are kept by store/alert.
 */
#ifndef DMSC_CLIENT_ALERTS_H
#define DMSC_CLIENT_ALERTS_H

#include "dm/session.h"
#include "mo/mo.h"
#include "store/alert.h"

#define ALERTS_BYTES_MAX 32768	/* data of all in one package 1; the first may be any */
#define ALERTS_TRIES_MAX 8	/* sessions whose answer was none that lasts */

/*
 * Is it one that can be sent? Fills in what was left out. Binary data (format "bin")
 * becomes base64 in @text, which @a->data then borrows. 0; -EINVAL and @why; -ENOMEM.
 */
int alert_prepare(struct store_alert *a, struct buf *text, const char **why) must_check;

/* For mo_set_on_alert(): keeps what a management object wants told; @ctx is the store. */
int alert_of_object(void *ctx, const struct dmsc_alert *a);

/* Those of a session that were taken from the store. */
struct alerts {
	struct alerts_one {
		int64_t id;
		uint32_t tries;
		size_t at;		/* in the session's list */
		bool settled;
		struct buf text;	/* what the list's entry borrows */
	} v[DM_SESSION_MAX_ALERTS];
	size_t n;
};

/* Appends those for @server to @list, of *n entries and room for @max. 0 or -errno. */
int alerts_load(struct alerts *q, struct store *s, const char *server,
		struct dm_session_alert *list, size_t *n, size_t max) must_check;
/*
 * What the server said of them: those it took go, those it will never take go with a
 * line in the log. Before the @end of the session, only those it took. With @normal, a
 * session that came to its own end, silence counts as a try. The journal entry @journal
 * gets a note for each. 0 or -errno.
 */
int alerts_settle(struct alerts *q, struct store *s, const struct dm_session_alert *list,
		  const struct dm_session_result *r, int64_t journal, bool end, bool normal)
	must_check;
/*
 * HTTP refused package 1 as a whole, for its size it seems: that counts as a try of the
 * largest, so that it does not keep the server from us for ever. 0 or -errno.
 */
int alerts_too_large(struct alerts *q, struct store *s, const struct dm_session_alert *list) must_check;
void alerts_fini(struct alerts *q);

#endif
