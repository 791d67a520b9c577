// SPDX-License-Identifier: GPL-2.0-or-later
/* Digests and base64 over nettle; the one file that knows that library. */
#include <errno.h>
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include "util/digest.h"

void digest_md5_parts(const struct slice *parts, size_t n, uint8_t out[DIGEST_MD5_SIZE])
{
	struct md5_ctx ctx;

	md5_init(&ctx);
	for (size_t i = 0; i < n; i++)
		md5_update(&ctx, parts[i].n, parts[i].p);
	md5_digest(&ctx, DIGEST_MD5_SIZE, out);
	explicit_bzero(&ctx, sizeof(ctx));
}

void digest_sha256_parts(const struct slice *parts, size_t n, uint8_t out[DIGEST_SHA256_SIZE])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	for (size_t i = 0; i < n; i++)
		sha256_update(&ctx, parts[i].n, parts[i].p);
	sha256_digest(&ctx, DIGEST_SHA256_SIZE, out);
	explicit_bzero(&ctx, sizeof(ctx));
}

void digest_hmac_md5(struct slice key, struct slice in, uint8_t out[DIGEST_MD5_SIZE])
{
	struct hmac_md5_ctx ctx;

	hmac_md5_set_key(&ctx, key.n, key.p);
	hmac_md5_update(&ctx, in.n, in.p);
	hmac_md5_digest(&ctx, DIGEST_MD5_SIZE, out);
	explicit_bzero(&ctx, sizeof(ctx));
}

void digest_hmac_sha1(struct slice key, struct slice in, uint8_t out[DIGEST_SHA1_SIZE])
{
	struct hmac_sha1_ctx ctx;

	hmac_sha1_set_key(&ctx, key.n, key.p);
	hmac_sha1_update(&ctx, in.n, in.p);
	hmac_sha1_digest(&ctx, DIGEST_SHA1_SIZE, out);
	explicit_bzero(&ctx, sizeof(ctx));
}

void digest_hmac_sha256(struct slice key, struct slice in, uint8_t out[DIGEST_SHA256_SIZE])
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, key.n, key.p);
	hmac_sha256_update(&ctx, in.n, in.p);
	hmac_sha256_digest(&ctx, DIGEST_SHA256_SIZE, out);
	explicit_bzero(&ctx, sizeof(ctx));
}

bool digest_equal(const void *a, const void *b, size_t n)
{
	return n == 0 || memeql_sec(a, b, n);
}

bool digest_equal_slice(struct slice a, struct slice b)
{
	return a.n == b.n && digest_equal(a.p, b.p, a.n);
}

void base64_encode(struct buf *out, struct slice in)
{
	uint8_t *p;

	if (in.n > SIZE_MAX / 2) {
		out->err = -EMSGSIZE;
		return;
	}
	p = buf_room(out, base64_len(in.n));
	if (!p)
		return;
	base64_encode_raw((char *)p, in.n, in.p);
	out->len += base64_len(in.n);
	out->data[out->len] = '\0';
}

int base64_decode(struct buf *out, struct slice in)
{
	struct base64_decode_ctx ctx;
	size_t room = BASE64_DECODE_LENGTH(in.n), used = room;
	uint8_t *p;

	if (buf_error(out))
		return buf_error(out);
	if (in.n == 0)
		return 0;
	if (in.n > SIZE_MAX / 2)
		return -EBADMSG;
	p = buf_room(out, room);
	if (!p)
		return buf_error(out);
	base64_decode_init(&ctx);
	if (!base64_decode_update(&ctx, &used, p, in.n, (const char *)in.p) ||
	    !base64_decode_final(&ctx)) {
		/* What was written may be a secret and lies behind the end. */
		explicit_bzero(p, room);
		return -EBADMSG;
	}
	out->len += used;
	out->data[out->len] = '\0';
	return 0;
}
