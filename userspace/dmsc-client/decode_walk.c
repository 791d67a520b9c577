// SPDX-License-Identifier: GPL-2.0-or-later
/* The PKCS#15 directory of a card, entry by entry, as the walk sees it. */
#include <errno.h>
#include <stdio.h>

#include "card/iccid.h"
#include "dmsc-client/decode.h"
#include "util/str.h"

#define ARC_DIGITS 64
#define OID_TEXT_MAX 256

/* An arc in decimal: those of a 2.25.UUID fit no integer. */
struct arc {
	size_t n;
	uint8_t digit[ARC_DIGITS];	/* the lowest first */
};

/* arc * 128 + @v; false when there is no room. */
static bool arc_take(struct arc *a, unsigned int v)
{
	for (size_t i = 0; i < a->n; i++) {
		v += a->digit[i] * 128u;
		a->digit[i] = v % 10;
		v /= 10;
	}
	for (; v; v /= 10) {
		if (a->n == ARC_DIGITS)
			return false;
		a->digit[a->n++] = v % 10;
	}
	return true;
}

static void arc_put(struct buf *out, const struct arc *a)
{
	if (!a->n)
		buf_put_u8(out, '0');
	for (size_t i = a->n; i; i--)
		buf_put_u8(out, (uint8_t)('0' + a->digit[i - 1]));
}

/* The first number holds two arcs: 40 times the first of 0, 1 and 2, and the second (X.690 8.19.4). */
static void arcs_first(struct buf *out, struct arc *a)
{
	unsigned int low = a->n > 2 ? 80 : (a->n > 1 ? a->digit[1] * 10u : 0) + (a->n ? a->digit[0] : 0);

	if (low < 80) {
		buf_printf(out, "%u.%u", low / 40, low % 40);
		return;
	}
	/* Minus 80; there is a higher digit to borrow from, or the tens suffice. */
	for (size_t i = 1, take = 8; take && i < a->n; i++) {
		bool borrow = a->digit[i] < take;

		a->digit[i] = (uint8_t)(a->digit[i] + (borrow ? 10 : 0) - take);
		take = borrow;
	}
	while (a->n && !a->digit[a->n - 1])
		a->n--;
	buf_put_str(out, "2.");
	arc_put(out, a);
}

/* Dotted; as hex where it is none, or an arc is endless. */
static void oid_text(struct slice oid, char out[OID_TEXT_MAX])
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct arc a = { .n = 0 };
	bool ok = oid.n && !(oid.p[oid.n - 1] & 0x80), first = true;

	for (size_t i = 0; ok && i < oid.n; i++) {
		ok = arc_take(&a, oid.p[i] & 0x7f);
		if (!ok || oid.p[i] & 0x80)
			continue;
		if (!first)
			buf_put_u8(&b, '.');
		if (first)
			arcs_first(&b, &a);
		else
			arc_put(&b, &a);
		first = false;
		a.n = 0;
	}
	if (!ok || b.len >= OID_TEXT_MAX) {
		buf_reset(&b);
		hex_encode(&b, slice_of(oid.p, oid.n < OID_TEXT_MAX / 2 - 1 ? oid.n : OID_TEXT_MAX / 2 - 1));
	}
	snprintf(out, OID_TEXT_MAX, "%s", buf_cstr(&b));
}

static const char *oid_name(const struct decode *d, struct slice oid)
{
	static const uint8_t access[] = { 0x2a, 0x86, 0x48, 0x86, 0xfc, 0x6b, 0x81, 0x48 };

	for (size_t i = 0; i < d->noids; i++)
		if (slice_eq(oid, slice_of(d->oids[i].v, d->oids[i].len)))
			return card_kind_name((unsigned int)i);
	if (oid.n >= sizeof(access) && !memcmp(oid.p, access, sizeof(access)))
		return "GlobalPlatform access control";
	return NULL;
}

static const char *state_name(int err)
{
	switch (err) {
	case 0:
		return "ok";
	case -ENOENT:
		return "foreign";
	case -EBADMSG:
		return "malformed";
	case -EINVAL:
		return "unusable";
	case -ENOSPC:
		return "too many";
	default:
		return "unreadable";
	}
}

/* What an entry of EF(ODF) is for (PKCS#15 6.2) and one of EF(DODF) is (6.7). */
static const char *kind_name(const struct pkcs15_entry *e, bool odf)
{
	static const char *const odf_kinds[] = {
		"private keys", "public keys", "trusted public keys", "secret keys",
		"certificates", "trusted certificates", "useful certificates", "data objects",
		"authentication objects" };

	if (!e->tag)
		return "no entry";
	if (odf)
		return e->tag >= 0xa0 && e->tag <= 0xa8 ? odf_kinds[e->tag - 0xa0] : "unknown";
	return e->tag == 0x30 ? "opaqueDO" : e->tag == 0xa1 ? "oidDO" :
	       e->tag == 0xa0 ? "externalIDO" : "unknown";
}

static void entry_problem(struct decode *d, const struct pkcs15_entry *e, bool odf)
{
	const char *clause = odf ? "PKCS#15 6.1" : "PKCS#15 6.9";

	switch (e->err) {
	case 0:
	case -ENOENT:
		return;
	case -EBADMSG:
		d->malformed = true;
		decode_problem(d, e->file, e->off, clause, "%s",
			       e->tag ? "the entry is malformed" : "here begins no whole entry");
		return;
	case -EINVAL:
		d->malformed = true;
		decode_problem(d, e->file, e->off, "PKCS#15 6.1.8",
			       "the object has no path that can be used");
		return;
	case -ENOSPC:
		d->malformed = true;
		decode_problem(d, e->file, e->off, "dmsc", "more than %d objects",
			       PKCS15_OBJECTS_MAX);
		return;
	default:
		decode_unreadable(d, e->file, e->err);
	}
}

static void entry_text(struct decode *d, const struct pkcs15_entry *e, bool odf, const char *oid,
		       const char *name)
{
	struct slice label = decode_text(d, e->label);
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_printf(&b, "%s@%zu  %s", strrchr(e->file, '.') + 1, e->off, kind_name(e, odf));
	if (slice_present(label))
		buf_printf(&b, "  \"%.*s\"", (int)label.n, (const char *)label.p);
	if (oid[0])
		buf_printf(&b, "  %s%s%s%s", name ? name : oid, name ? ", " : "", name ? oid : "",
			   e->twice ? " (wrapped twice)" : "");
	if (e->path[0])
		buf_printf(&b, "  -> %s", e->path);
	if (e->pos || e->len)
		buf_printf(&b, ", %zu bytes from %zu", e->len, e->pos);
	if (e->is_private)
		buf_put_str(&b, "  private");
	if (e->err)
		buf_printf(&b, "  (%s)", state_name(e->err));
	decode_line(d, odf ? 1 : 2, "%s", buf_cstr(&b));
}

static void entry_json(struct decode *d, const struct pkcs15_entry *e, bool odf, const char *oid,
		       const char *name)
{
	decode_open(d, NULL, '{');
	decode_member_str(d, "file", e->file);
	decode_member_number(d, "offset", e->off);
	decode_member_number(d, "tag", e->tag);
	decode_member_str(d, "kind", kind_name(e, odf));
	decode_member_str(d, "state", state_name(e->err));
	decode_member(d, "label", decode_text(d, e->label));
	if (oid[0])
		decode_member_str(d, "oid", oid);
	if (name)
		decode_member_str(d, "name", name);
	if (oid[0]) {
		decode_member_bool(d, "wrapped_twice", e->twice);
		decode_member_bool(d, "private", e->is_private);
	}
	if (e->path[0]) {
		decode_member_str(d, "path", e->path);
		decode_member_number(d, "index", e->pos);
		decode_member_number(d, "length", e->len);
	}
	decode_close(d, '}');
}

static void on_entry(void *ctx, const struct pkcs15_entry *e)
{
	struct decode *d = ctx;
	const char *name = slice_present(e->oid) ? oid_name(d, e->oid) : NULL;
	size_t n = strlen(e->file);
	bool odf = n > 5 && !strcmp(e->file + n - 5, ".5031");
	char oid[OID_TEXT_MAX] = "";

	if (!d->dir_named)
		decode_line(d, 0, "Directory %.*s", (int)(strrchr(e->file, '.') - e->file), e->file);
	d->dir_named = true;
	if (slice_present(e->oid))
		oid_text(e->oid, oid);
	entry_problem(d, e, odf);
	if (d->json)
		entry_json(d, e, odf, oid, name);
	else
		entry_text(d, e, odf, oid, name);
}

/* The number is for nobody's terminal, but whether it can be read says which data is whose. */
static void iccid_show(struct decode *d)
{
	uint8_t ef[ICCID_LEN];
	char digits[ICCID_DIGITS];
	int r = d->rd.read(d->rd.ctx, "3f00.2fe2", 0, ef, sizeof(ef));

	if (r != ICCID_LEN) {
		decode_line(d, 0, "ICCID: cannot be read");
		decode_problem(d, "3f00.2fe2", DECODE_NO_OFFSET, "TS 102 221 13.2",
			       r < 0 ? "EF(ICCID) cannot be read: the card is known by its content alone"
				     : "EF(ICCID) is shorter than 10 bytes");
		d->unreadable = d->unreadable || r < 0;
		d->malformed = d->malformed || r >= 0;
		return;
	}
	if (iccid_format(slice_of(ef, sizeof(ef)), digits)) {
		d->malformed = true;
		decode_line(d, 0, "ICCID: no digits");
		decode_problem(d, "3f00.2fe2", 0, "TS 102 221 13.2", "EF(ICCID) holds no number");
		return;
	}
	if (d->secrets) {
		decode_line(d, 0, "ICCID: %s", digits);
		decode_member_str(d, "iccid", digits);
	} else {
		decode_line(d, 0, "ICCID: **** (%zu digits)", strlen(digits));
		decode_member_number(d, "iccid_digits", strlen(digits));
	}
}

void decode_walk(struct decode *d)
{
	iccid_show(d);
	decode_open(d, "directory", '[');
	d->walk_err = pkcs15_explain(&d->rd, d->oids, d->noids, on_entry, d, &d->dir);
	decode_close(d, ']');
	if (d->walk_err == -ENOENT)
		decode_line(d, 0, "The card has no PKCS#15 directory.");
	else if (d->walk_err && d->walk_err != -EBADMSG && !d->unreadable)
		decode_unreadable(d, "", d->walk_err);
	if (d->walk_err == -ENOENT || d->walk_err == 0)
		return;
	d->malformed = d->malformed || d->walk_err == -EBADMSG;
	decode_line(d, 0, "EF(ODF) cannot be used.");
}
