/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of card-child share: one card, what was read of it, and the steps in their order. */
#ifndef DMSC_CLIENT_CARD_INT_H
#define DMSC_CLIENT_CARD_INT_H

#include "card/indicator.h"
#include "card/plan.h"
#include "dmsc-client/bootstrap.h"
#include "dmsc-client/child_common.h"

struct server {
	char id[STORE_SERVER_MAX];
	struct store_card row;
	enum plan_verdict verdict;
	bool open;		/* a try is still to come */
	int64_t due;		/* when, by uptime_s(); 0 = now */
	unsigned int backoff_s;
};

struct card {
	struct client_args args;
	struct ipc_start start;
	char slot[STORE_SLOT_MAX];	/* "TRANSPORT:LOCATION" */
	bool gone;			/* the card, or the helper */
	uint8_t iccid[STORE_ICCID_MAX];
	size_t iccid_len;
	bool bootstrap_read;
	int bootstrap_err;		/* when it was not */
	struct buf bootstrap;
	struct indicator ind;
	uint8_t digest[STORE_DIGEST_LEN];	/* of indicator and bootstrap */
	size_t nservers;
	struct server server[CLIENT_BOOTSTRAP_SERVERS];
	struct pkcs15_object lwm2m;	/* EF(LwM2M_Bootstrap); no path: none, or nobody wants it */
	unsigned int lwm2m_oid;		/* its place in the list of OIDs */
	bool lwm2m_done;		/* it was given, or could not be */
};

/* --- card_helper.c --- */

/* Sends @q and waits for the answer, which must be of @type. 0 or -errno; then c->gone. */
int card_request(struct card *c, const struct ipc_msg *q, struct ipc_msg *a, int timeout_ms,
		 enum ipc_type type) must_check;
/* A card_read_fn; @ctx is the struct card. */
int card_read_ef(void *ctx, const char *path, size_t off, uint8_t *buf, size_t n);
/* An error of reading, in words for the log. */
const char *card_error(int r);

/* --- card_data.c --- */

/* 1: there is something to apply; 0: there is not; -errno, logged. */
int card_data_read(struct card *c) must_check;

/* --- card_apply.c --- */

struct slice card_iccid(const struct card *c);
/* Was the row last written in this insertion? */
bool card_same_insertion(const struct card *c, const struct store_card *row);
/* The row of this content and @server ("" = the content itself), or a fresh one. */
int card_row_get(struct card *c, struct store *s, const char *server,
		 struct store_card *row) must_check;
int card_row_put(struct card *c, struct store *s, struct store_card *row,
		 enum store_card_phase phase, const char *reason) must_check;
/* One row written with the store opened for just that. */
int card_row_record(struct card *c, struct store_card *row, enum store_card_phase phase,
		    const char *reason) must_check;
/* Takes back what this slot's earlier cards, or this card's earlier content, left. */
int card_stale_remove(struct card *c, struct store *s, bool same_iccid) must_check;
/* Gate one: 1 go on, 0 stop here (logged), -errno. Nobody holds the store while the user thinks. */
int card_gate(struct card *c) must_check;
/* What was read into the tree, and the accounts into c->server[]. 0 or -errno, logged. */
int card_incorporate(struct card *c) must_check;

/* --- card_sessions.c --- */

/* Decides about every server; 0 or -errno. */
int card_sessions_plan(struct card *c) must_check;
/* One session after the other, in card order, until each is done or given up. */
int card_sessions_run(struct card *c) must_check;

/* --- card_lwm2m.c --- */

/* The walk came by EF(LwM2M_Bootstrap); the first one counts. */
void card_lwm2m_seen(struct card *c, const struct pkcs15_object *o);
/*
 * Reads it and gives it to the helper for lwm2m-hook, the first time it is called;
 * later calls do nothing. What is wrong with it is logged and no error: 0, or
 * -errno of the store or for a card or helper that is gone.
 */
int card_lwm2m(struct card *c) must_check;

#endif
