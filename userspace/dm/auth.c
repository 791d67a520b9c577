// SPDX-License-Identifier: GPL-2.0-or-later
/* Credential formulas of DM Security 1.2 (basic, MD5, MAC); when to use which is dm/session. */
#include "dm/auth.h"

#include <errno.h>

#include "util/digest.h"
#include "util/str.h"

static const struct {
	enum dm_auth auth;
	const char *meta;		/* Meta Type of Cred and Chal */
	const char *aauth;		/* AAuthType, AAuthPref */
} names[] = {
	{ DM_AUTH_BASIC, "syncml:auth-basic", "BASIC" },
	{ DM_AUTH_MD5, "syncml:auth-md5", "DIGEST" },
	{ DM_AUTH_MAC, "syncml:auth-MAC", "HMAC" },
	{ DM_AUTH_TRANSPORT, NULL, "TRANSPORT" },
	{ DM_AUTH_TRANSPORT, NULL, "HTTP-BASIC" },
	{ DM_AUTH_TRANSPORT, NULL, "HTTP-DIGEST" },
	{ DM_AUTH_MD5, NULL, "MD5" },	/* seen in the field */
};
#define NNAMES (sizeof(names) / sizeof(names[0]))

const char *dm_auth_meta_name(enum dm_auth a)
{
	for (size_t i = 0; i < NNAMES; i++)
		if (names[i].auth == a && names[i].meta)
			return names[i].meta;
	return NULL;
}

enum dm_auth dm_auth_from_meta(struct slice type)
{
	for (size_t i = 0; i < NNAMES; i++)
		if (names[i].meta && str_eq_nocase(type, names[i].meta))
			return names[i].auth;
	return type.n ? DM_AUTH_OTHER : DM_AUTH_NONE;
}

enum dm_auth dm_auth_from_aauth(struct slice type)
{
	struct slice rest = type, part;

	while (slice_present(rest) && str_split(&rest, ',', &part)) {
		part = str_trim(part);
		for (size_t i = 0; i < NNAMES; i++)
			if (str_eq_nocase(part, names[i].aauth))
				return names[i].auth;
	}
	return type.n ? DM_AUTH_OTHER : DM_AUTH_NONE;
}

const char *dm_auth_aauth_name(enum dm_auth a)
{
	for (size_t i = 0; i < NNAMES; i++)
		if (names[i].auth == a)
			return names[i].aauth;
	return "";
}

int dm_auth_basic(struct slice user, struct slice secret, struct buf *out)
{
	struct buf b = BUF_INIT;
	int rc;

	buf_put_slice(&b, user);
	buf_put_u8(&b, ':');
	buf_put_slice(&b, secret);
	if (!buf_error(&b))
		base64_encode(out, buf_slice(&b));
	rc = buf_error(&b) ? buf_error(&b) : buf_error(out);
	buf_wipe_fini(&b);
	return rc;
}

/* Appends B64(H(parts)). */
static void put_b64_md5(struct buf *out, const struct slice *parts, size_t n)
{
	uint8_t md[DIGEST_MD5_SIZE];

	digest_md5_parts(parts, n, md);
	base64_encode(out, slice_of(md, sizeof(md)));
	explicit_bzero(md, sizeof(md));
}

/* B64(H(user ":" secret)), the part both sides may keep instead of the password. */
static void put_user_hash(struct buf *out, struct slice user, struct slice secret)
{
	const struct slice parts[] = { user, SLICE_LIT(":"), secret };

	put_b64_md5(out, parts, 3);
}

int dm_auth_md5(struct slice user, struct slice secret, struct slice nonce, struct buf *out)
{
	struct buf key = BUF_INIT;
	int rc;

	put_user_hash(&key, user, secret);
	rc = buf_error(&key);
	if (!rc) {
		const struct slice parts[] = { buf_slice(&key), SLICE_LIT(":"), nonce };

		put_b64_md5(out, parts, 3);
		rc = buf_error(out);
	}
	buf_wipe_fini(&key);
	return rc;
}

int dm_auth_mac(struct slice user, struct slice secret, struct slice nonce, struct slice body,
		struct buf *out)
{
	struct buf key = BUF_INIT, sum = BUF_INIT;
	int rc;

	put_user_hash(&key, user, secret);
	put_b64_md5(&sum, &body, 1);
	rc = buf_error(&key) ? buf_error(&key) : buf_error(&sum);
	if (!rc) {
		const struct slice parts[] = {
			buf_slice(&key), SLICE_LIT(":"), nonce, SLICE_LIT(":"), buf_slice(&sum),
		};

		put_b64_md5(out, parts, 5);
		rc = buf_error(out);
	}
	buf_wipe_fini(&key);
	buf_fini(&sum);
	return rc;
}

bool dm_auth_equal(struct slice a, struct slice b)
{
	return digest_equal_slice(a, b);
}

int dm_auth_decode(struct slice data, bool raw, struct buf *out)
{
	size_t mark = out->len;
	int rc = 0;

	if (raw)
		buf_put_slice(out, data);
	else
		rc = base64_decode(out, data);
	if (buf_error(out))
		return buf_error(out);
	if (rc || out->len - mark > DM_NONCE_MAX) {
		buf_truncate(out, mark);
		return -EINVAL;
	}
	return 0;
}
