/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A DM account as a session needs it, and where accounts are in the tree
 * (DMAcc 1.2). Reading one out and changing one is mo/dmacc.
 */
#ifndef DMSC_DM_ACCOUNT_H
#define DMSC_DM_ACCOUNT_H

#include "dm/auth.h"
#include "dm/tree.h"

#define DM_DMACC_TYPE "urn:oma:mo:oma-dm-dmacc:1.0"
#define DM_DMACC_TYPE_OLD "org.openmobilealliance/1.0/w7"

/* One AppAuth/<X>: names and secrets are raw bytes, nonce is decoded. */
struct dm_credential {
	bool present;
	enum dm_auth type;
	struct buf name;
	struct buf secret;
	struct buf nonce;
};

struct dm_account {
	struct buf server_id;
	struct buf name;		/* display name; may be empty */
	struct buf url;			/* the first usable AppAddr, PortNbr worked in */
	struct buf conref;		/* PrefConRef or the first ToConRef */
	char node_name[65];		/* <X> of ./DMAcc/<X>, cut at 64 bytes */
	uint32_t origin;		/* dm_node.origin of the account */
	enum dm_auth pref;		/* AAuthPref; DM_AUTH_NONE = empty */
	struct dm_credential client;	/* CLCRED: we to the server */
	struct dm_credential server;	/* SRVCRED: the server to us */
	/* Below the engine, which does not look at them. */
	struct dm_credential http;	/* what answers HTTP 401; type BASIC, or MD5 = digest */
	bool tls;			/* our certificate is all that proves who we are */
};

void dm_account_init(struct dm_account *a);
/* Wipes the secrets. */
void dm_account_fini(struct dm_account *a);

/* True for the MO identifiers of a DMAcc (any 1.x). */
bool dm_account_is_type(struct slice type);
/* ./DMAcc/<X> whose ServerID leaf is @server_id, or NULL. */
struct dm_node *dm_account_find(struct dm_tree *t, struct slice server_id);
/* True for ./DMAcc/<X>. */
bool dm_account_is_root(const struct dm_node *n);
/*
 * DDF access types (enum dm_access bits) of a new node @name below @parent:
 * secrets and nonces of an account can be set but never read (DMAcc 1.2), and
 * the passwords of connectivity objects likewise.
 */
uint8_t dm_account_access(const struct dm_node *parent, struct slice name);

#endif
