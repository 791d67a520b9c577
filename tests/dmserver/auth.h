/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials of DM Security: basic, md5 and MAC, checked and made. Which
 * answer follows from a verdict is the session's business.
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

/* What a message's transport brought: its bytes, and x-syncml-hmac or SLICE_NONE. */
struct auth_signed {
	struct slice header, body;
};

/*
 * Judges the credentials of @hdr. @scheme: what is asked for, AUTH_NONE = the
 * user's own. @nonce: challenged in this session; SLICE_NONE = the user's.
 */
void auth_check(const struct users *users, const struct dm_hdr *hdr, enum auth_scheme scheme,
		struct slice nonce, const struct auth_signed *sig, struct auth_verdict *v);

/* Appends the Data of a Cred element (base64 text). @nonce counts for md5 only. */
void auth_make(struct buf *out, enum auth_scheme scheme, struct slice name, struct slice password,
	       struct slice nonce);

/* mac.c: the value of x-syncml-hmac for @body, appended. */
void auth_sign(struct buf *out, struct slice name, struct slice password, struct slice nonce,
	       struct slice body);
/* NULL when @sig is right, else why not; *@user as far as it is known. */
const char *auth_check_mac(const struct users *users, const struct dm_hdr *hdr,
			   const struct auth_signed *sig, struct slice nonce, struct user **user);

#endif
