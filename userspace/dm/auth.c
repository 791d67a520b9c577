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

/* --- x-syncml-hmac ------------------------------------------------------- */

int dm_auth_hmac_header(struct slice user, struct slice secret, struct slice nonce,
			struct slice body, struct buf *out)
{
	buf_put_str(out, "algorithm=MD5, username=\"");
	for (size_t i = 0; i < user.n; i++) {
		/* A line break here would begin a header of somebody else's choice. */
		if (user.p[i] < 0x20 || user.p[i] == 0x7f)
			return -EINVAL;
		if (user.p[i] == '"' || user.p[i] == '\\')
			buf_put_u8(out, '\\');
		buf_put_u8(out, user.p[i]);
	}
	buf_put_str(out, "\", mac=");
	return dm_auth_mac(user, secret, nonce, body, out);
}

static void skip_blanks(struct slice *s)
{
	while (s->n && (s->p[0] == ' ' || s->p[0] == '\t'))
		*s = slice_of(s->p + 1, s->n - 1);
}

/* A quoted string, @s standing behind its first quote. */
static int take_quoted(struct slice *s, struct buf *value)
{
	while (s->n && s->p[0] != '"') {
		if (s->p[0] == '\\' && s->n > 1)
			*s = slice_of(s->p + 1, s->n - 1);
		buf_put_u8(value, s->p[0]);
		*s = slice_of(s->p + 1, s->n - 1);
	}
	if (!s->n)
		return -EINVAL;
	*s = slice_of(s->p + 1, s->n - 1);
	return buf_error(value);
}

/* One "name=value" of the list and the comma behind it. 0, -EINVAL, -ENOMEM. */
static int take_param(struct slice *s, struct slice *name, struct buf *value)
{
	const uint8_t *end = s->n ? memchr(s->p, '=', s->n) : NULL;
	int rc = 0;

	if (!end)
		return -EINVAL;
	*name = str_trim(slice_of(s->p, end - s->p));
	*s = slice_of(end + 1, s->p + s->n - end - 1);
	skip_blanks(s);
	if (s->n && s->p[0] == '"') {
		*s = slice_of(s->p + 1, s->n - 1);
		rc = take_quoted(s, value);
	} else {
		end = s->n ? memchr(s->p, ',', s->n) : NULL;
		if (!end)
			end = s->p + s->n;
		buf_put_slice(value, str_trim(slice_of(s->p, end - s->p)));
		*s = slice_of(end, s->p + s->n - end);
		rc = buf_error(value);
	}
	skip_blanks(s);
	if (rc || !s->n)
		return rc;
	if (s->p[0] != ',')
		return -EINVAL;
	*s = slice_of(s->p + 1, s->n - 1);
	skip_blanks(s);
	return s->n ? 0 : -EINVAL;
}

int dm_auth_hmac_parse(struct slice header, struct buf *user, struct buf *mac)
{
	_cleanup_buf_ struct buf value = BUF_INIT;
	bool have_user = false, have_mac = false;
	struct slice rest = str_trim(header), name;

	if (!rest.n || rest.n > DM_HMAC_MAX)
		return -EINVAL;
	while (rest.n) {
		int rc;

		buf_reset(&value);
		rc = take_param(&rest, &name, &value);
		if (rc)
			return rc;
		if (str_eq_nocase(name, "algorithm")) {
			if (!str_eq_nocase(buf_slice(&value), "MD5"))
				return -EINVAL;
		} else if (str_eq_nocase(name, "username")) {
			if (have_user)
				return -EINVAL;
			have_user = true;
			buf_put_slice(user, buf_slice(&value));
		} else if (str_eq_nocase(name, "mac")) {
			if (have_mac || !value.len)
				return -EINVAL;
			have_mac = true;
			buf_put_slice(mac, buf_slice(&value));
		}
	}
	if (buf_error(user) || buf_error(mac))
		return -ENOMEM;
	return have_user && have_mac ? 0 : -EINVAL;
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
