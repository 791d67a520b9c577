/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bootstrap documents (OMA DM Bootstrap 1.2) into the tree and the store. It
 * asks nobody and opens no connection.
 */
#ifndef DMSC_CLIENT_BOOTSTRAP_H
#define DMSC_CLIENT_BOOTSTRAP_H

#include "codec/codec.h"
#include "store/store.h"

#define CLIENT_BOOTSTRAP_MAX (64 * 1024)	/* bytes of one document */
#define CLIENT_BOOTSTRAP_SERVERS 8

enum client_profile {
	CLIENT_PROFILE_DM,		/* a message of SyncML */
	CLIENT_PROFILE_CP,		/* a provisioning document */
};

struct client_bootstrap_doc {
	enum client_profile profile;	/* what its place on the card says it is */
	struct slice bytes;
};

struct client_bootstrap_result {
	unsigned int nservers;		/* accounts made or replaced, in the order of the documents;
					   0 when provisioning documents brought connectivity alone */
	char server_id[CLIENT_BOOTSTRAP_SERVERS][STORE_SERVER_MAX];
	bool init[CLIENT_BOOTSTRAP_SERVERS];	/* CP: the server wants a session at once */
	bool changed;			/* false: the tree had all of it already */
	char reason[STORE_REASON_MAX];	/* why it failed, for a person; "" on success */
};

/*
 * What the document is, by its public identifier or root element; what is
 * neither counts as a message.
 */
enum client_profile client_bootstrap_profile(struct slice bytes);

/*
 * @s is open for writing. @origin: store_origin.id of the card, 0 = none. From
 * a card messages are taken in WBXML only (Bootstrap 3.1.4), provisioning
 * documents in both notations, and FF or 00 padding behind them is ignored.
 * Otherwise XML is recognised by its first byte too. A document that is
 * recognised as one of the CP profile is one, whatever its place says.
 *
 * @origin stands for one content, for ever. When the tree holds anything of it, the
 * documents were applied before: as long as each server has an account nothing is
 * changed, whatever the servers have made of theirs since; else all is applied anew.
 *
 * The documents, in this order, are one content: all or nothing, one durable
 * transaction that includes what the caller did
 * since store_begin() (the origin's row, say). On failure that transaction is
 * rolled back and the stored tree is as before.
 *
 * 0; -EBADMSG (no bootstrap message, or one without an account, or provisioning
 * documents without account and connectivity), -EMSGSIZE,
 * -EEXIST (would replace an account that is not this card's own), another
 * -errno of the tree or store.
 */
int client_bootstrap_apply(struct store *s, const struct client_bootstrap_doc *docs, size_t ndocs,
			   uint32_t origin, struct client_bootstrap_result *result) must_check;

/* The same into @t alone, for who keeps no store; on failure @t is as it was. */
int client_bootstrap_try(struct dm_tree *t, const struct client_bootstrap_doc *docs, size_t ndocs,
			 uint32_t origin, struct client_bootstrap_result *result) must_check;

/*
 * The same for documents that take the place of what the origins @old brought: those are
 * taken back in the same transaction, so that one or the other is there. *@res may be
 * looked at whatever this returns.
 */
int client_bootstrap_replace(struct store *s, const struct client_bootstrap_doc *docs, size_t ndocs,
			     uint32_t origin, const uint32_t *old, size_t nold,
			     struct client_bootstrap_result *result) must_check;

/* What client_bootstrap_replace() would give; the transaction is rolled back whatever that is. */
int client_bootstrap_check(struct store *s, const struct client_bootstrap_doc *docs, size_t ndocs,
			   uint32_t origin, const uint32_t *old, size_t nold,
			   struct client_bootstrap_result *result) must_check;

/*
 * Do the objects of @origin say that these documents made them? Not when a server has
 * replaced the object that said it. Outside of a transaction; nothing is changed.
 */
bool client_bootstrap_is(struct store *s, const struct client_bootstrap_doc *docs, size_t ndocs,
			 uint32_t origin);

/*
 * Takes back everything of @origin: its management objects, its accounts, and
 * their servers from every ACL, and the origin's row; one transaction. @removed
 * (may be NULL) gets the number of accounts. 0 when there was nothing.
 */
int client_bootstrap_remove(struct store *s, uint32_t origin, unsigned int *removed) must_check;

/*
 * Inside dmsc-client: bootstrap_cp.c. The part of @bytes that is a provisioning document:
 * without the prolog of XML and what fills the file behind it; *@format gets its notation.
 */
struct slice client_cp_document(struct slice bytes, enum codec_format *format);

/*
 * Decodes what a provisioning document is
 * and hands the objects of all of them to @b. 0 or -errno with @reason set.
 */
struct client_cp;
struct dm_bootstrap;

struct client_cp *client_cp_new(size_t ndocs);
int client_cp_add(struct client_cp *cp, struct slice bytes, char *reason, size_t size) must_check;
int client_cp_finish(struct client_cp *cp, struct dm_bootstrap *b, char *reason,
		     size_t size) must_check;
bool client_cp_init(const struct client_cp *cp, const char *server);
void client_cp_free(struct client_cp *cp);

#endif
