/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials of DM Security: basic and md5, checked and made. Which answer
 * follows from a verdict is the session's business.
 */
#ifndef DMSERVER_AUTH_H
#define DMSERVER_AUTH_H

#include "dm/msg.h"
#include "users.h"

enum auth_result {
	AUTH_ACCEPTED,
	AUTH_MISSING,	/* 407 */
	AUTH_WRONG,	/* 401 */
};

struct auth_verdict {
	enum auth_result result;
	struct user *user;	/* who it says it is, when known; also with AUTH_WRONG */
	const char *why;	/* a fixed text for people; names no secret */
};

/*
 * Judges the credentials of @hdr. @scheme: what is asked for, AUTH_NONE = the
 * user's own. @nonce: challenged in this session; SLICE_NONE = the user's.
 */
void auth_check(const struct users *users, const struct dm_hdr *hdr, enum auth_scheme scheme,
		struct slice nonce, struct auth_verdict *v);

/* Appends the Data of a Cred element (base64 text). @nonce counts for md5 only. */
void auth_make(struct buf *out, enum auth_scheme scheme, struct slice name, struct slice password,
	       struct slice nonce);

#endif
