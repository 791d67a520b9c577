/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of card-child share: one card, what was read of it, and the steps in their order. */
#ifndef DMSC_CLIENT_CARD_INT_H
#define DMSC_CLIENT_CARD_INT_H

#include "card/indicator.h"
#include "card/plan.h"
#include "dmsc-client/bootstrap.h"
#include "dmsc-client/child_common.h"

#define CARD_FILES_MAX 8	/* documents of one content */

struct server {
	char id[STORE_SERVER_MAX];
	bool init;		/* its w7 has INIT */
	struct store_card row;
	enum plan_verdict verdict;
	bool open;		/* a try is still to come */
	int64_t due;		/* when, by uptime_s(); 0 = now */
	unsigned int backoff_s;
	int64_t woken;		/* the last try for a new route's sake, by uptime_s() */
	unsigned int woken_pause_s;	/* until the next one */
};

/* The kinds of files with documents: the places of their OIDs in what pkcs15_walk() is given. */
enum card_kind { CARD_DM, CARD_PROVSC, CARD_CONFIG1, CARD_CONFIG2, CARD_INDICATOR };

struct card_file {
	enum card_kind kind;		/* as the directory has it */
	enum client_profile profile;	/* as its bytes have it */
	struct pkcs15_object obj;
	struct buf bytes;
};

/* What was read of a card. It must not be copied: the indicator points into itself. */
struct card_data {
	struct pkcs15_dir dir;
	struct indicator ind;
	uint8_t iccid[STORE_ICCID_MAX];
	size_t iccid_len;		/* 0: the card has none */
	size_t nfiles;			/* not the erased ones */
	struct card_file file[CARD_FILES_MAX];
	enum client_profile profile;	/* the one that is applied; never both */
	bool quiet;			/* read before, and said */
	int err;			/* why a file could not be read, while the directory is walked */
	uint8_t digest[STORE_DIGEST_LEN];	/* of the indicator and that profile's files */
};

struct card {
	struct client_args args;
	struct ipc_start start;
	char slot[STORE_SLOT_MAX];	/* "TRANSPORT:LOCATION" */
	bool gone;			/* the card, or the helper */
	bool network;			/* a default route came since this was looked at last */
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
	struct pkcs15_object lwm2m;	/* EF(LwM2M_Bootstrap); no path: none, or nobody wants it */
	unsigned int lwm2m_oid;		/* its place in the list of OIDs */
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
/* An error of reading, in words for the log. */
const char *card_error(int r);

/* --- card_data.c --- */

void card_data_init(struct card_data *d);
void card_data_fini(struct card_data *d);
/* Reads into a fresh @d. 1: there is something to apply; 0: there is not; -errno, logged. */
int card_data_read(struct card *c, struct card_data *d) must_check;
/*
 * The DM profile is of no use: the CP profile takes its place in @d. 1; 0: there is none;
 * -errno, logged.
 */
int card_data_fall_back(struct card *c, struct card_data *d) must_check;
/* The documents of the profile that is applied; at most CARD_FILES_MAX, the count is returned. */
size_t card_data_docs(const struct card_data *d, struct client_bootstrap_doc *docs);

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
 * make an account? 1 go on; -ECANCELED: nobody said yes; -EEXIST: an account is in the
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

/* The walk came by EF(LwM2M_Bootstrap); the first one counts. */
void card_lwm2m_seen(struct card *c, const struct pkcs15_object *o);
/*
 * Reads it and gives it to the helper for lwm2m-hook, the first time it is called;
 * later calls do nothing. What is wrong with it is logged and no error: 0, or
 * -errno of the store or for a card or helper that is gone.
 */
int card_lwm2m(struct card *c) must_check;

#endif
