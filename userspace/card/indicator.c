// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The connection indicator's bytes into facts (Documentation/card-data.rst).
 * Fail closed: whatever is not exactly as written there is malformed.
 */
#include <errno.h>

#include "card/filling.h"
#include "card/indicator.h"
#include "util/text.h"

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
		if (v.n == 0 || !text_is_printable(v))
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
		o->error_at = (size_t)(in.p - o->raw);
	}
	if (r < 0)
		return "a field's length is wrong";
	o->error_at = 0;
	if (!seen.version)
		return "no version";
	if (!seen.flags)
		return "no flags";
	return NULL;
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
	if (!filling_only(rest)) {
		o->error_at = size;
		return "more than one outer object";
	}
	memcpy(o->raw, file.p, size);
	o->raw_len = size;
	o->error_at = (size_t)(t.value.p - file.p);
	return fields_parse(o, slice_of(o->raw + (t.value.p - file.p), t.value.n));
}

void indicator_parse(struct slice file, struct indicator *out)
{
	const char *why;
	size_t at;

	memset(out, 0, sizeof(*out));
	if (filling_only(file))	/* erased: nothing was ever written, or it was taken away */
		return;
	why = outer_parse(file, out);
	if (!why) {
		out->state = INDICATOR_VALID;
		return;
	}
	/* Nothing of a malformed indicator is believed; its bytes still tell contents apart. */
	at = out->error_at;
	memset(out, 0, sizeof(*out));
	out->state = INDICATOR_MALFORMED;
	out->error_at = at;
	out->reason = why;
	out->raw_len = file.n < sizeof(out->raw) ? file.n : sizeof(out->raw);
	memcpy(out->raw, file.p, out->raw_len);
}

/*
 * Must more than @head be read, and how many bytes are it then in all? An
 * erased beginning proves no erased file: absent must not be a guess.
 */
static bool rest_size(struct slice head, const struct pkcs15_object *obj, size_t *size)
{
	if (filling_only(head))
		*size = obj->len && obj->len < INDICATOR_SIZE_MAX ? obj->len : INDICATOR_SIZE_MAX;
	else if (head.p[0] != TAG_OUTER || tlv_size(head, TLV_DER, size))
		return false;
	return *size > head.n && *size <= INDICATOR_SIZE_MAX && (!obj->len || *size <= obj->len);
}

int indicator_read(const struct card_reader *rd, const struct pkcs15_object *obj,
		   struct indicator *out)
{
	uint8_t raw[INDICATOR_SIZE_MAX];
	size_t want = FIRST_READ, have, size;
	int r;

	if (obj->len && obj->len < want)
		want = obj->len;
	if (want > CARD_EF_MAX - obj->off)
		want = CARD_EF_MAX - obj->off;
	r = rd->read(rd->ctx, obj->path, obj->off, raw, want);
	if (r > 0 && (size_t)r == want && (!obj->len || want < obj->len) &&
	    rest_size(slice_of(raw, want), obj, &size)) {
		have = want;
		if (size > CARD_EF_MAX - obj->off)
			size = CARD_EF_MAX - obj->off;
		r = size == have ? 0 : rd->read(rd->ctx, obj->path, obj->off + have, raw + have,
						size - have);
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
