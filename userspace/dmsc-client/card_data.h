/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a card holds for device management, and which of its profiles counts: the
 * one place of that rule, for card-child, which applies it, and for who explains a
 * card. It changes nothing and asks nobody.
 */
#ifndef DMSC_CLIENT_CARD_DATA_H
#define DMSC_CLIENT_CARD_DATA_H

#include "card/indicator.h"
#include "card/pkcs15.h"
#include "dmsc-client/bootstrap.h"
#include "util/conf.h"

#define CARD_FILES_MAX 8	/* documents of one content */

/* The kinds of files that are looked for: the places of their OIDs in card_data_oids(). */
enum card_kind { CARD_DM, CARD_PROVSC, CARD_CONFIG1, CARD_CONFIG2, CARD_LWM2M, CARD_INDICATOR };
#define CARD_OIDS_MAX (CARD_INDICATOR + CONF_LIST_MAX)

struct card_doc {
	enum card_kind kind;		/* as the directory has it */
	enum client_profile profile;	/* as its bytes have it */
	struct pkcs15_object obj;
	struct buf bytes;
};

enum card_say {
	CARD_SAY_ALL,			/* what is found is logged */
	CARD_SAY_ERRORS,		/* read before, and said */
	CARD_SAY_NOTHING,		/* the caller shows @reason */
};

/* What was read of a card. It must not be copied: the indicator points into itself. */
struct card_data {
	/* given */
	struct card_reader rd;
	const struct conf *conf;
	const char *name;		/* of the slot, for the log */
	enum card_say say;
	/* read */
	struct pkcs15_dir dir;
	struct indicator ind;
	uint8_t iccid[STORE_ICCID_MAX];
	size_t iccid_len;		/* 0: the card has none */
	size_t nfiles;			/* not the erased ones */
	struct card_doc file[CARD_FILES_MAX];
	enum client_profile profile;	/* the one that is applied; never both */
	struct pkcs15_object lwm2m;	/* EF(LwM2M_Bootstrap), the first one; no path: none */
	int err;			/* why a file could not be read, while the directory is walked */
	char reason[STORE_REASON_MAX];	/* for a person, when there is nothing to apply */
	uint8_t digest[STORE_DIGEST_LEN];	/* of the indicator and that profile's files */
};

void card_data_init(struct card_data *d);
void card_data_fini(struct card_data *d);
/* Reads into a fresh @d. 1: there is something to apply; 0: there is not; -errno; both with a reason. */
int card_data_read(struct card_data *d) must_check;
/*
 * The profile in @d was refused as a whole with @err. When that was the DM profile, and
 * the error is one of the data, the CP profile takes its place. 1; 0: there is none, or
 * that must not be; -errno with a reason.
 */
int card_data_fall_back(struct card_data *d, int err) must_check;
/* The documents of the profile that is applied; at most CARD_FILES_MAX, the count is returned. */
size_t card_data_docs(const struct card_data *d, struct client_bootstrap_doc *docs);

/* The OIDs that are looked for; the count. */
size_t card_data_oids(const struct conf *conf, struct pkcs15_oid oids[CARD_OIDS_MAX]);
/* What a file is, by its place in that list. */
const char *card_kind_name(unsigned int oid);
/* The profile of a document that is of @kind. */
enum client_profile card_data_profile(unsigned int kind, struct slice bytes);
/*
 * The indicator, among @noids OIDs: of several, the one whose OID the configuration
 * names first, then the first of the card. NULL: there is none, or when *@hidden is not
 * 0 that cannot be told.
 */
const struct pkcs15_object *card_data_indicator(const struct pkcs15_dir *dir, size_t noids,
						int *hidden);
/* An error of reading, in words. */
const char *card_error(int r);

#endif
