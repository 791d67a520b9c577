/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accounts of the tree (DMAcc 1.2, ./DMAcc/<X>) read, made and kept. */
#ifndef DMSC_MO_DMACC_H
#define DMSC_MO_DMACC_H

#include "dm/account.h"
#include "dm/tree.h"

/*
 * Reads the account of @server_id into @a (initialised here; dm_account_fini()
 * also after an error). 0, -ENOENT no such account, -EINVAL it has no usable
 * address, -ENOMEM.
 */
int dmacc_read(struct dm_tree *t, struct slice server_id, struct dm_account *a) must_check;

/*
 * The account's usable addresses, one at a time: the @nth (from 0) replaces @out, the 0th is
 * that of dmacc_read(). 0, -ENOENT there is none, -ENOMEM.
 */
int dmacc_url(struct dm_tree *t, struct slice server_id, unsigned int nth, struct buf *out) must_check;

/* For struct dm_session_ops.save_nonces. Raw bytes; SLICE_NONE = leave. */
int dmacc_save_nonces(struct dm_tree *t, struct slice server_id, struct slice client_nonce,
		      struct slice server_nonce, int64_t now) must_check;

/* Each account in tree order, until @fn returns non-zero (returned). */
int dmacc_each(struct dm_tree *t,
	       int (*fn)(void *ctx, struct dm_node *account, struct slice server_id), void *ctx);

struct dmacc_new {
	struct slice server_id, url, name;
	enum dm_auth auth;		/* DM_AUTH_NONE = no CLCRED */
	struct slice user, secret;	/* CLCRED */
	struct slice nonce;		/* raw; may be empty */
	struct slice srv_user, srv_secret;	/* SRVCRED; secret SLICE_NONE = none */
	struct slice srv_nonce;
};
/* Makes an account by hand (origin 0). 0, -EEXIST, -EINVAL, -ENOMEM; not committed. */
int dmacc_add(struct dm_tree *t, const struct dmacc_new *n, int64_t now) must_check;
/* Deletes it and takes its server out of every ACL. 0, -ENOENT, -ENOMEM. */
int dmacc_remove(struct dm_tree *t, struct slice server_id, int64_t now) must_check;

#endif
