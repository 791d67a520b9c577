// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The connection indicator's bytes into facts (Documentation/card-data.rst).
 * Fail closed: whatever is not exactly as written there is malformed.
 */
#include <errno.h>

#include "card/indicator.h"
#include "util/str.h"

enum {
	TAG_OUTER = 0xe1,
	TAG_VERSION = 0xc0,
	TAG_FLAGS = 0xc1,
	TAG_UI = 0xc2,
	TAG_SERVER = 0xc3,
	TAG_TEXT = 0xc4,
	TAG_TIMEOUT = 0xc5,
};

#define FLAG_CONNECT 0x01
#define FLAG_EVERY_POWER_ON 0x02
#define FLAG_ASK_INCORPORATE 0x04

#define FIRST_READ 64	/* holds all but indicators with several servers */

/* --- text ---------------------------------------------------------------- */

/* One well-formed UTF-8 character (RFC 3629): its length, or 0. */
static size_t utf8_char(struct slice in, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n, i;
	uint8_t b;

	if (in.n == 0)
		return 0;
	b = in.p[0];
	if (b < 0x80) {
		*cp = b;
		return 1;
	}
	n = b >= 0xf0 && b < 0xf8 ? 4 : b >= 0xe0 && b < 0xf0 ? 3 : b >= 0xc0 && b < 0xe0 ? 2 : 0;
	if (n == 0 || in.n < n)
		return 0;
	*cp = b & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((in.p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (in.p[i] & 0x3f);
	}
	if (*cp < least[n] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp < 0xe000))
		return 0;
	return n;
}

/* Controls, and the format characters that turn or hide what stands beside them. */
static bool is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0xad || cp == 0x61c ||
	       (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff || (cp >= 0xfff9 && cp <= 0xfffb) ||
	       (cp >= 0xe0000 && cp <= 0xe007f);
}

size_t text_printable(struct slice in, char *out, size_t size)
{
	size_t i = 0, n = 0, k;
	uint32_t cp;

	while (i < in.n) {
		k = utf8_char(slice_of(in.p + i, in.n - i), &cp);
		if (k == 0) {
			i++;
			continue;
		}
		if (!is_control(cp)) {
			if (n + k >= size)
				break;
			memcpy(out + n, in.p + i, k);
			n += k;
		}
		i += k;
	}
	if (size)
		out[n] = 0;
	return n;
}

static bool is_printable(struct slice in)
{
	size_t i, k;
	uint32_t cp;

	for (i = 0; i < in.n; i += k) {
		k = utf8_char(slice_of(in.p + i, in.n - i), &cp);
		if (k == 0 || is_control(cp))
			return false;
	}
	return true;
}

/* --- fields -------------------------------------------------------------- */

struct seen {
	bool version, flags, ui, text, timeout;
};

/* NULL, or what is wrong. */
static const char *field_parse(struct indicator *o, struct seen *seen, const struct tlv *t)
{
	struct slice v = t->value;

	switch (t->tag) {
	case TAG_VERSION:
		if (seen->version)
			return "two versions";
		seen->version = true;
		if (v.n != 1)
			return "version is not one byte";
		return v.p[0] == 1 ? NULL : "unknown version";
	case TAG_FLAGS:
		if (seen->flags)
			return "flags twice";
		seen->flags = true;
		if (v.n != 1)
			return "flags are not one byte";
		o->connect = v.p[0] & FLAG_CONNECT;
		o->every_power_on = v.p[0] & FLAG_EVERY_POWER_ON;
		o->ask_incorporate = v.p[0] & FLAG_ASK_INCORPORATE;
		return NULL;
	case TAG_UI:
		if (seen->ui)
			return "ui-mode twice";
		seen->ui = true;
		if (v.n != 1)
			return "ui-mode is not one byte";
		if (v.p[0] > INDICATOR_UI_CONFIRM)
			return "unknown ui-mode";
		o->ui = v.p[0];
		return NULL;
	case TAG_SERVER:
		if (v.n == 0 || !is_printable(v))
			return "server id is empty or not printable";
		if (o->nservers == INDICATOR_SERVERS_MAX)
			return "too many server ids";
		o->servers[o->nservers++] = v;
		return NULL;
	case TAG_TEXT:
		if (seen->text)
			return "text twice";
		seen->text = true;
		if (v.n == 0 || v.n > INDICATOR_TEXT_MAX)
			return "text is empty or too long";
		text_printable(v, o->text, sizeof(o->text));
		return NULL;
	case TAG_TIMEOUT:
		if (seen->timeout)
			return "timeout twice";
		seen->timeout = true;
		if (v.n != 2)
			return "timeout is not two bytes";
		o->timeout_s = (unsigned int)v.p[0] << 8 | v.p[1];
		return NULL;
	default:	/* later versions of the format may add fields */
		return NULL;
	}
}

static const char *fields_parse(struct indicator *o, struct slice in)
{
	struct seen seen = { 0 };
	const char *why;
	struct tlv t;
	int r;

	while ((r = tlv_next(&in, TLV_DER, &t)) == 1) {
		why = field_parse(o, &seen, &t);
		if (why)
			return why;
	}
	if (r < 0)
		return "a field's length is wrong";
	if (!seen.version)
		return "no version";
	if (!seen.flags)
		return "no flags";
	return NULL;
}

static bool is_filling(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] != 0xff && s.p[i] != 0x00)
			return false;
	return true;
}

static const char *outer_parse(struct slice file, struct indicator *o)
{
	struct slice rest = file;
	struct tlv t;
	size_t size;

	if (file.p[0] != TAG_OUTER)
		return "does not begin with E1";
	if (tlv_size(file, TLV_DER, &size))
		return "length of the outer object is wrong";
	if (size > INDICATOR_SIZE_MAX)
		return "larger than 512 bytes";
	if (tlv_next(&rest, TLV_DER, &t) != 1)
		return "the file ends inside the outer object";
	if (!is_filling(rest))
		return "more than one outer object";
	memcpy(o->raw, file.p, size);
	o->raw_len = size;
	return fields_parse(o, slice_of(o->raw + (t.value.p - file.p), t.value.n));
}

void indicator_parse(struct slice file, struct indicator *out)
{
	const char *why;

	memset(out, 0, sizeof(*out));
	if (is_filling(file))	/* erased: nothing was ever written, or it was taken away */
		return;
	why = outer_parse(file, out);
	if (!why) {
		out->state = INDICATOR_VALID;
		return;
	}
	/* Nothing of a malformed indicator is believed; its bytes still tell contents apart. */
	memset(out, 0, sizeof(*out));
	out->state = INDICATOR_MALFORMED;
	out->reason = why;
	out->raw_len = file.n < sizeof(out->raw) ? file.n : sizeof(out->raw);
	memcpy(out->raw, file.p, out->raw_len);
}

int indicator_read(const struct card_reader *rd, const struct pkcs15_object *obj,
		   struct indicator *out)
{
	uint8_t raw[INDICATOR_SIZE_MAX];
	size_t want = FIRST_READ, have, size;
	int r;

	if (obj->len && obj->len < want)
		want = obj->len;
	r = rd->read(rd->ctx, obj->path, obj->off, raw, want);
	if (r > 0 && (size_t)r == want && (!obj->len || want < obj->len) &&
	    raw[0] == TAG_OUTER && !tlv_size(slice_of(raw, want), TLV_DER, &size) &&
	    size > want && size <= sizeof(raw) && (!obj->len || size <= obj->len)) {
		have = want;
		r = rd->read(rd->ctx, obj->path, obj->off + have, raw + have, size - have);
		if (r >= 0)
			r += (int)have;
	}
	if (r >= 0 && (size_t)r <= sizeof(raw)) {
		indicator_parse(slice_of(raw, (size_t)r), out);
		return 0;
	}
	memset(out, 0, sizeof(*out));
	out->state = INDICATOR_UNREADABLE;
	out->err = r < 0 ? r : -EPROTO;
	out->reason = r == -ENOENT ? "the file it should be in does not exist" :
		      r == -EACCES ? "a PIN is needed" :
		      r == -ETIMEDOUT ? "the card did not answer" : "the card answered nonsense";
	return r == -ENODEV ? r : 0;
}

bool indicator_covers(const struct indicator *ind, struct slice server_id)
{
	size_t i;

	if (ind->nservers == 0)
		return true;
	for (i = 0; i < ind->nservers; i++)
		if (slice_eq(ind->servers[i], server_id))
			return true;
	return false;
}
