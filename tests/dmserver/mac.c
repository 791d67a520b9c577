// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x-syncml-hmac as a server makes and judges it (DM Security, MAC scheme):
 * mac = B64(H(B64(H(name ":" password)) ":" nonce ":" B64(H(body)))), H = MD5.
 */
#include "auth.h"

#include "util/cleanup.h"
#include "util/digest.h"
#include "util/str.h"

static void put_b64_hash(struct buf *out, struct slice text)
{
	uint8_t h[DIGEST_MD5_SIZE];

	digest_md5(text, h);
	base64_encode(out, slice_of(h, sizeof(h)));
}

static void put_mac(struct buf *out, struct slice name, struct slice password, struct slice nonce,
		    struct slice body)
{
	struct buf who = BUF_INIT, whole = BUF_INIT;

	buf_put_slice(&who, name);
	buf_put_u8(&who, ':');
	buf_put_slice(&who, password);
	put_b64_hash(&whole, buf_slice(&who));
	buf_put_u8(&whole, ':');
	buf_put_slice(&whole, nonce);
	buf_put_u8(&whole, ':');
	put_b64_hash(&whole, body);
	put_b64_hash(out, buf_slice(&whole));
	buf_wipe_fini(&who);
	buf_wipe_fini(&whole);
}

void auth_sign(struct buf *out, struct slice name, struct slice password, struct slice nonce,
	       struct slice body)
{
	buf_put_str(out, "algorithm=MD5, username=\"");
	buf_put_slice(out, name);
	buf_put_str(out, "\", mac=");
	put_mac(out, name, password, nonce, body);
}

/* The value of @key in the list, quotes off; SLICE_NONE when it is not there. */
static struct slice param(struct slice list, const char *key, bool *quoted)
{
	while (list.n) {
		struct slice name, value;
		const uint8_t *end;

		if (!str_split(&list, '=', &name) || !slice_present(list))
			return SLICE_NONE;
		*quoted = list.n && list.p[0] == '"';
		if (*quoted)
			list = slice_of(list.p + 1, list.n - 1);
		end = list.n ? memchr(list.p, *quoted ? '"' : ',', list.n) : NULL;
		if (!end && *quoted)
			return SLICE_NONE;
		value = slice_of(list.p, end ? (size_t)(end - list.p) : list.n);
		list = slice_of(list.p + value.n, list.n - value.n);
		if (str_eq_nocase(str_trim(name), key))
			return value;
		while (list.n && (list.p[0] == '"' || list.p[0] == ',' || list.p[0] == ' '))
			list = slice_of(list.p + 1, list.n - 1);
	}
	return SLICE_NONE;
}

/* NULL, or what is wrong with the form of the header. */
static const char *take_apart(struct slice header, struct slice *name, struct slice *mac)
{
	bool quoted = false;
	struct slice alg = param(header, "algorithm", &quoted);

	if (slice_present(alg) && !str_eq_nocase(str_trim(alg), "MD5"))
		return "x-syncml-hmac: the algorithm is not MD5";
	*name = param(header, "username", &quoted);
	if (!slice_present(*name) || !quoted)
		return "x-syncml-hmac: no username in quotes";
	*mac = str_trim(param(header, "mac", &quoted));
	if (!mac->n || quoted)
		return "x-syncml-hmac: no mac without quotes";
	return NULL;
}

const char *auth_check_mac(const struct users *users, const struct dm_hdr *hdr,
			   const struct auth_signed *sig, struct slice nonce, struct user **user)
{
	_cleanup_buf_ struct buf want = BUF_INIT;
	struct slice name, mac;
	const char *why = take_apart(sig->header, &name, &mac);

	if (why)
		return why;
	if (!slice_eq(name, hdr->source_name))
		return "x-syncml-hmac: the username is not Source/LocName";
	*user = users_find(users, name);
	if (!*user)
		return "the user is unknown";
	if (!slice_present(nonce)) {
		if (!(*user)->has_nonce)
			return "no nonce was ever agreed on";
		nonce = buf_slice(&(*user)->nonce);
	}
	put_mac(&want, name, (*user)->password, nonce, sig->body);
	return digest_equal_slice(mac, buf_slice(&want)) ?
		       NULL :
		       "the mac is wrong: another password, a stale nonce or changed bytes";
}
