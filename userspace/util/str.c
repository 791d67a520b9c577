// SPDX-License-Identifier: GPL-2.0-or-later
/* The text helpers of util/str.h. */
#include <errno.h>
#include <stdlib.h>
#include "util/str.h"

int str_parse_u64(struct slice s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		unsigned int d = (unsigned int)s.p[i] - '0';

		if (d > 9)
			return -EINVAL;
		if (v > (UINT64_MAX - d) / 10)
			return -ERANGE;
		v = v * 10 + d;
	}
	*out = v;
	return 0;
}

int str_parse_u32(struct slice s, uint32_t *out)
{
	uint64_t v;
	int ret = str_parse_u64(s, &v);

	if (ret)
		return ret;
	if (v > UINT32_MAX)
		return -ERANGE;
	*out = (uint32_t)v;
	return 0;
}

int str_parse_uint(const char *s, unsigned int *out)
{
	uint32_t v;
	int ret = str_parse_u32(slice_str(s), &v);

	if (!ret)
		*out = v;
	return ret;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice str_trim(struct slice s)
{
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	return s;
}

bool str_starts(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

bool str_ends(struct slice s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.n >= n && memcmp(s.p + s.n - n, suffix, n) == 0;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool str_eq_nocase(struct slice s, const char *t)
{
	if (s.n != strlen(t))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (lower(s.p[i]) != lower((uint8_t)t[i]))
			return false;
	}
	return true;
}

bool str_split(struct slice *rest, char sep, struct slice *part)
{
	const uint8_t *at;

	if (!slice_present(*rest))
		return false;
	*part = *rest;
	at = rest->n ? memchr(rest->p, sep, rest->n) : NULL;
	if (!at) {
		*rest = SLICE_NONE;
		return true;
	}
	part->n = (size_t)(at - rest->p);
	rest->p = at + 1;
	rest->n -= part->n + 1;
	return true;
}

char *str_dup(struct slice s)
{
	char *p;

	if (!slice_present(s))
		return NULL;
	p = malloc(s.n + 1);
	if (!p)
		return NULL;
	memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

int str_copy(char *out, size_t size, struct slice s)
{
	if (size)
		out[0] = '\0';
	if (s.n >= size)
		return -ENAMETOOLONG;
	if (s.n && memchr(s.p, 0, s.n))
		return -EINVAL;
	if (s.n)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return 0;
}

/* Bytes of the character at @p of @n left, or 0. RFC 3629 section 4. */
static size_t utf8_char(const uint8_t *p, size_t n)
{
	uint8_t c = p[0], lo = 0x80, hi = 0xbf;
	size_t len;

	if (c >= 0xc2 && c <= 0xdf)
		len = 2;
	else if (c >= 0xe0 && c <= 0xef)
		len = 3;
	else if (c >= 0xf0 && c <= 0xf4)
		len = 4;
	else
		return 0;
	if (len > n)
		return 0;
	if (c == 0xe0)
		lo = 0xa0;
	else if (c == 0xed)
		hi = 0x9f;
	else if (c == 0xf0)
		lo = 0x90;
	else if (c == 0xf4)
		hi = 0x8f;
	if (p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

/* Eight bytes at a time: most text is ASCII. */
static bool is_ascii(const uint8_t *p, size_t n)
{
	uint64_t w, all = 0;
	size_t i;

	for (i = 0; i + sizeof(w) <= n; i += sizeof(w)) {
		memcpy(&w, p + i, sizeof(w));
		all |= w;
	}
	for (; i < n; i++)
		all |= p[i];
	return !(all & 0x8080808080808080u);
}

#define BYTES(c) ((c) * 0x0101010101010101u)

/* The top bit of each byte of @w that is a control character, DEL or not ASCII. */
static uint64_t not_plain(uint64_t w)
{
	uint64_t low = w & BYTES(0x7full);

	/* Sums of two numbers of seven bits stay within their byte. */
	return w | ~(low + BYTES(0x60ull)) | (low + BYTES(0x01ull));
}

bool str_plain(struct slice s)
{
	uint64_t w, bad = 0;

	if (s.n < sizeof(w)) {
		/* All of it at once, some bytes twice, among blanks. */
		if (s.n >= sizeof(uint32_t)) {
			uint32_t a, b;

			memcpy(&a, s.p, sizeof(a));
			memcpy(&b, s.p + s.n - sizeof(b), sizeof(b));
			w = (uint64_t)b << 32 | a;
		} else if (s.n) {
			w = BYTES(0x20ull) << 24 | (uint64_t)s.p[s.n - 1] << 16 |
			    (uint64_t)s.p[s.n / 2] << 8 | s.p[0];
		} else {
			return true;
		}
		return !(not_plain(w) & BYTES(0x80ull));
	}
	for (size_t i = 0; i + sizeof(w) < s.n; i += sizeof(w)) {
		memcpy(&w, s.p + i, sizeof(w));
		bad |= not_plain(w);
	}
	/* The last word, which may overlap the one before. */
	memcpy(&w, s.p + s.n - sizeof(w), sizeof(w));
	return !((bad | not_plain(w)) & BYTES(0x80ull));
}

bool str_utf8_valid(struct slice s)
{
	size_t i = 0, len;

	if (is_ascii(s.p, s.n))
		return true;
	while (i < s.n) {
		if (s.p[i] < 0x80) {
			i++;
			continue;
		}
		len = utf8_char(s.p + i, s.n - i);
		if (!len)
			return false;
		i += len;
	}
	return true;
}

bool str_has_nonchar(struct slice s)
{
	for (size_t i = 0; i + 2 < s.n; i++)
		if (s.p[i] == 0xef && s.p[i + 1] == 0xbf && s.p[i + 2] >= 0xbe)
			return true;
	return false;
}

static void hex_put(struct buf *out, struct slice in, const char *digits)
{
	uint8_t *p;

	if (in.n > SIZE_MAX / 4) {
		out->err = -EMSGSIZE;
		return;
	}
	p = buf_room(out, 2 * in.n);
	if (!p)
		return;
	for (size_t i = 0; i < in.n; i++) {
		*p++ = (uint8_t)digits[in.p[i] >> 4];
		*p++ = (uint8_t)digits[in.p[i] & 15];
	}
	out->len += 2 * in.n;
	out->data[out->len] = '\0';
}

void hex_encode(struct buf *out, struct slice in)
{
	hex_put(out, in, "0123456789abcdef");
}

void hex_encode_upper(struct buf *out, struct slice in)
{
	hex_put(out, in, "0123456789ABCDEF");
}

int hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_decode(struct buf *out, struct slice in)
{
	uint8_t *p;

	if (buf_error(out))
		return buf_error(out);
	if (in.n % 2)
		return -EBADMSG;
	for (size_t i = 0; i < in.n; i++) {
		if (hex_digit(in.p[i]) < 0)
			return -EBADMSG;
	}
	p = buf_room(out, in.n / 2);
	if (!p)
		return buf_error(out);
	for (size_t i = 0; i < in.n; i += 2)
		*p++ = (uint8_t)(hex_digit(in.p[i]) << 4 | hex_digit(in.p[i + 1]));
	out->len += in.n / 2;
	out->data[out->len] = '\0';
	return 0;
}
