/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DM application-layer credentials (DM Security 1.2 section 5): the formulas, no policy. */
#ifndef DMSC_DM_AUTH_H
#define DMSC_DM_AUTH_H

#include "util/buf.h"
#include "util/cleanup.h"

enum dm_auth {
	DM_AUTH_NONE,			/* not given */
	DM_AUTH_BASIC,
	DM_AUTH_MD5,
	DM_AUTH_MAC,
	DM_AUTH_TRANSPORT,		/* left to TLS or HTTP */
	DM_AUTH_OTHER,			/* known to exist, not supported */
};

#define DM_NONCE_MAX 256		/* bytes, decoded */
#define DM_HMAC_MAX 1024		/* bytes of x-syncml-hmac taken */

/* "syncml:auth-md5" ...; NULL when it has no such name. */
const char *dm_auth_meta_name(enum dm_auth a);
enum dm_auth dm_auth_from_meta(struct slice type);
/* AAuthType and AAuthPref values: BASIC, DIGEST, HMAC ... (lists: the first known one). */
enum dm_auth dm_auth_from_aauth(struct slice type);
const char *dm_auth_aauth_name(enum dm_auth a);

/* Cred Data, base64 text appended to @out. 0 or -ENOMEM. @nonce: raw bytes. */
int dm_auth_basic(struct slice user, struct slice secret, struct buf *out) must_check;
int dm_auth_md5(struct slice user, struct slice secret, struct slice nonce,
		struct buf *out) must_check;
/* The mac= of x-syncml-hmac over @body, the exact bytes sent. */
int dm_auth_mac(struct slice user, struct slice secret, struct slice nonce, struct slice body,
		struct buf *out) must_check;

/*
 * The value of x-syncml-hmac for @body, appended. -EINVAL when @user holds what
 * no header may carry (control characters).
 */
int dm_auth_hmac_header(struct slice user, struct slice secret, struct slice nonce,
			struct slice body, struct buf *out) must_check;
/*
 * Takes one apart: the name (quotes off) is appended to @user, the mac to @mac
 * as base64 text. 0, -EINVAL (not of that form, or not MD5), -ENOMEM.
 */
int dm_auth_hmac_parse(struct slice header, struct buf *user, struct buf *mac) must_check;

/* Compares two credentials in a time that does not depend on where they differ. */
bool dm_auth_equal(struct slice a, struct slice b);

/*
 * Cred Data or NextNonce as received: base64 text, or raw bytes when @opaque
 * and not b64. Appends the raw bytes. 0, -EINVAL (no base64, too long), -ENOMEM.
 */
int dm_auth_decode(struct slice data, bool raw, struct buf *out) must_check;

#endif
