// SPDX-License-Identifier: GPL-2.0-or-later
/* The credential schemes of auth.h. */
#include "auth.h"

#include "util/cleanup.h"
#include "util/digest.h"

/*
 * DM Security, MD5 scheme: H(B64(H(name ":" password)) ":" nonce), the nonce as
 * raw bytes, H = MD5.
 */
static void md5_digest(struct slice name, struct slice password, struct slice nonce,
		       uint8_t out[DIGEST_MD5_SIZE])
{
	const struct slice inner[] = { name, SLICE_LIT(":"), password };
	uint8_t h[DIGEST_MD5_SIZE];
	struct buf b64 = BUF_INIT;

	digest_md5_parts(inner, 3, h);
	base64_encode(&b64, slice_of(h, sizeof(h)));
	digest_md5_parts((const struct slice[]){ buf_slice(&b64), SLICE_LIT(":"), nonce }, 3, out);
	buf_wipe_fini(&b64);
	explicit_bzero(h, sizeof(h));
}

void auth_make(struct buf *out, enum auth_scheme scheme, struct slice name, struct slice password,
	       struct slice nonce)
{
	uint8_t h[DIGEST_MD5_SIZE];
	struct buf plain = BUF_INIT;

	if (scheme == AUTH_MD5) {
		md5_digest(name, password, nonce, h);
		base64_encode(out, slice_of(h, sizeof(h)));
		explicit_bzero(h, sizeof(h));
		return;
	}
	buf_put_slice(&plain, name);
	buf_put_u8(&plain, ':');
	buf_put_slice(&plain, password);
	base64_encode(out, buf_slice(&plain));
	buf_wipe_fini(&plain);
}

static void wrong(struct auth_verdict *v, const char *why)
{
	v->result = AUTH_WRONG;
	v->why = why;
}

/* The bytes a Cred carries: base64 text, or raw when WBXML sent them OPAQUE. */
static bool cred_bytes(const struct dm_cred *c, struct buf *out)
{
	if (!base64_decode(out, c->data))
		return true;
	if (!c->data_opaque)
		return false;
	buf_reset(out);
	buf_put_slice(out, c->data);
	return !buf_error(out);
}

static void check_basic(const struct users *users, struct slice plain, struct auth_verdict *v)
{
	const uint8_t *colon = plain.n ? memchr(plain.p, ':', plain.n) : NULL;
	struct slice name, password;

	if (!colon) {
		wrong(v, "the basic credentials hold no colon");
		return;
	}
	name = slice_of(plain.p, (size_t)(colon - plain.p));
	password = slice_of(colon + 1, plain.n - name.n - 1);
	v->user = users_find(users, name);
	if (!v->user)
		wrong(v, "the user is unknown");
	else if (!digest_equal_slice(password, v->user->password))
		wrong(v, "the password is wrong");
}

static void check_md5(const struct users *users, const struct dm_hdr *hdr, struct slice got,
		      struct slice nonce, struct auth_verdict *v)
{
	uint8_t want[DIGEST_MD5_SIZE];

	v->user = users_find(users, hdr->source_name);
	if (!slice_present(hdr->source_name)) {
		wrong(v, "Source/LocName, which names the user, is missing");
		return;
	}
	if (!v->user) {
		wrong(v, "the user is unknown");
		return;
	}
	if (!slice_present(nonce)) {
		if (!v->user->has_nonce) {
			wrong(v, "no nonce was ever agreed on");
			return;
		}
		nonce = buf_slice(&v->user->nonce);
	}
	md5_digest(v->user->name, v->user->password, nonce, want);
	if (!digest_equal_slice(got, slice_of(want, sizeof(want))))
		wrong(v, "the digest is wrong: another password or a stale nonce");
	explicit_bzero(want, sizeof(want));
}

static void check_signed(const struct users *users, const struct dm_hdr *hdr,
			 const struct auth_signed *sig, struct slice nonce,
			 struct auth_verdict *v)
{
	const char *why = auth_check_mac(users, hdr, sig, nonce, &v->user);

	if (!v->user)
		v->user = users_find(users, hdr->source_name);
	if (why)
		wrong(v, why);
}

void auth_check(const struct users *users, const struct dm_hdr *hdr, enum auth_scheme scheme,
		struct slice nonce, const struct auth_signed *sig, struct auth_verdict *v)
{
	struct buf bytes = BUF_INIT;
	struct slice type = hdr->cred.meta.type;
	enum auth_scheme used = AUTH_NONE;

	*v = (struct auth_verdict){ .result = AUTH_ACCEPTED, .why = "accepted" };
	if (!hdr->has_cred && !slice_present(sig->header)) {
		v->result = AUTH_MISSING;
		v->why = "no credentials";
		v->user = users_find(users, hdr->source_name);
		return;
	}
	if (!hdr->has_cred)
		used = AUTH_MAC;
	else if (slice_eq_str(type, auth_scheme_name(AUTH_MD5)))
		used = AUTH_MD5;
	else if (slice_eq_str(type, auth_scheme_name(AUTH_BASIC)))
		used = AUTH_BASIC;

	if (used == AUTH_NONE)
		wrong(v, "the scheme is unknown");
	else if (used == AUTH_MAC)
		check_signed(users, hdr, sig, nonce, v);
	else if (!cred_bytes(&hdr->cred, &bytes))
		wrong(v, "the credentials are no base64");
	else if (used == AUTH_BASIC)
		check_basic(users, buf_slice(&bytes), v);
	else
		check_md5(users, hdr, buf_slice(&bytes), nonce, v);
	if (v->result == AUTH_ACCEPTED && scheme == AUTH_NONE)
		scheme = v->user->scheme;
	if (v->result == AUTH_ACCEPTED && used != scheme)
		wrong(v, "another scheme is asked for");
	buf_wipe_fini(&bytes);
}
