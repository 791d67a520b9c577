/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Digests, keyed digests, base64 and a comparison in constant time.
 *
 * How a DM credential is built from them is dm/auth's business. Nothing here
 * can fail for lack of memory unless it appends to a struct buf.
 */
#ifndef DMSC_UTIL_DIGEST_H
#define DMSC_UTIL_DIGEST_H

#include "util/buf.h"
#include "util/slice.h"

#define DIGEST_MD5_SIZE 16
#define DIGEST_SHA1_SIZE 20
#define DIGEST_SHA256_SIZE 32

/* Of the @n @parts one after the other, as if they were joined. */
void digest_md5_parts(const struct slice *parts, size_t n, uint8_t out[DIGEST_MD5_SIZE]);
void digest_sha256_parts(const struct slice *parts, size_t n, uint8_t out[DIGEST_SHA256_SIZE]);

static inline void digest_md5(struct slice in, uint8_t out[DIGEST_MD5_SIZE])
{
	digest_md5_parts(&in, 1, out);
}

static inline void digest_sha256(struct slice in, uint8_t out[DIGEST_SHA256_SIZE])
{
	digest_sha256_parts(&in, 1, out);
}

/* RFC 2104. The MAC of the DM protocol is not one of these: see dm/auth. */
void digest_hmac_md5(struct slice key, struct slice in, uint8_t out[DIGEST_MD5_SIZE]);
void digest_hmac_sha1(struct slice key, struct slice in, uint8_t out[DIGEST_SHA1_SIZE]);
void digest_hmac_sha256(struct slice key, struct slice in, uint8_t out[DIGEST_SHA256_SIZE]);

/* Takes as long for equal as for different bytes. */
bool digest_equal(const void *a, const void *b, size_t n);
/* The same for slices; only the lengths show in the time taken. */
bool digest_equal_slice(struct slice a, struct slice b);

/* Characters of the base64 text of @n bytes, padding included, no NUL. */
static inline size_t base64_len(size_t n)
{
	return (n + 2) / 3 * 4;
}

/* Appends the base64 text (RFC 4648 section 4, padded, one line). */
void base64_encode(struct buf *out, struct slice in);
/*
 * Appends the decoded bytes. White space anywhere is skipped; anything else
 * that is not canonical padded base64 is refused.
 * 0; -EBADMSG with @out as it was; or @out's sticky error.
 */
int base64_decode(struct buf *out, struct slice in) __attribute__((warn_unused_result));

#endif
