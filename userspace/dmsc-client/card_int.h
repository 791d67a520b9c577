/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of card-child share: one card, what was read of it, and the steps in their order. */
#ifndef DMSC_CLIENT_CARD_INT_H
#define DMSC_CLIENT_CARD_INT_H

#include "card/plan.h"
#include "dmsc-client/card_data.h"
#include "dmsc-client/child_common.h"
#include "dmsc-client/turns.h"

struct server {
	char id[STORE_SERVER_MAX];
	bool init;		/* its w7 has INIT */
	struct store_card row;
	enum plan_verdict verdict;
	struct turn turn;
};

struct card {
	struct client_args args;
	struct ipc_start start;
	char slot[STORE_SLOT_MAX];	/* "TRANSPORT:LOCATION" */
	bool gone;			/* the card, or the helper */
	bool asks_nobody;		/* decode-child: a PIN is not asked for either */
	bool no_pin;			/* a person was asked for a PIN and gave none, or not the right one */
	bool holds_store;		/* so no person may be asked */
	struct card_data data;
	int room_s;			/* waited last for an account in the way; 0 = not yet */
	struct {			/* a person said yes to this card's content, now */
		bool yes;
		uint8_t iccid[STORE_ICCID_MAX], digest[STORE_DIGEST_LEN];
	} agreed;
	size_t nservers;
	struct server server[CLIENT_BOOTSTRAP_SERVERS];
	struct turns turns;		/* theirs */
	bool lwm2m_done;		/* it was given, or could not be */
};

/* --- card_helper.c --- */

/* Sends @q and waits for the answer, which must be of @type. 0 or -errno; then c->gone. */
int card_request(struct card *c, const struct ipc_msg *q, struct ipc_msg *a, int timeout_ms,
		 enum ipc_type type) must_check;
/* Waits so long for the helper to go, or for the network to come. 0, or -EPIPE; then c->gone. */
int card_wait(struct card *c, int64_t ms) must_check;
/* A card_read_fn; @ctx is the struct card. */
int card_read_ef(void *ctx, const char *path, size_t off, uint8_t *buf, size_t n);

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
/* The card is readable and holds nothing: what it and earlier cards brought goes. 0 or -errno. */
int card_take_back(struct card *c) must_check;
/*
 * Gate one, and before it what a person must not be asked in vain: do the documents
 * make an account? 0: nobody is to be asked, and they were applied as by
 * card_incorporate(); 1: that may be done now; -ECANCELED: nobody said yes; -EEXIST: an account is in the
 * way that may go; other -errno; all logged. Nobody holds the store while the user thinks.
 */
int card_gate(struct card *c) must_check;
/*
 * What was read into the tree, and the accounts into c->server[]. 0; -ESTALE: the card
 * holds something else by now; -EEXIST as card_gate(); other -errno, logged.
 */
int card_incorporate(struct card *c) must_check;

/* --- card_sessions.c --- */

/* Decides about every server; 0 or -errno. */
int card_sessions_plan(struct card *c) must_check;
/* One session after the other, in card order, until each is done or given up. */
int card_sessions_run(struct card *c) must_check;

/* --- card_lwm2m.c --- */

/*
 * Reads EF(LwM2M_Bootstrap) when somebody wants it, and gives it to the helper for lwm2m-hook, the first time it is called;
 * later calls do nothing. What is wrong with it is logged and no error: 0, or
 * -errno of the store or for a card or helper that is gone.
 */
int card_lwm2m(struct card *c) must_check;

#endif
