// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The walk EF(ODF) -> EF(DODF) -> data objects of PKCS#15 v1.1. It reads
 * directory files only; what the objects point to is left to others.
 */
#include <errno.h>
#include <stdio.h>

#include "card/der.h"
#include "card/pkcs15.h"
#include "util/str.h"

#define ODF_FIRST 16	/* bytes asked for at first: one or two entries */
#define DODF_FIRST 64	/* one or two objects */
#define DODF_MAX 8	/* DODFs followed */
#define ENTRIES_MAX 1024	/* entries looked at in one file */
#define EF_MAX 32768	/* bytes of one directory file (15-bit READ BINARY offset) */

#define PKCS15_AID "a000000063504b43532d3135"

const struct pkcs15_oid PKCS15_OID_DM_BOOTSTRAP = { 4, { 0x67, 0x2b, 0x07, 0x01 } };
const struct pkcs15_oid PKCS15_OID_PROVSC_BOOTSTRAP = { 4, { 0x67, 0x2b, 0x05, 0x01 } };
const struct pkcs15_oid PKCS15_OID_PROVSC_CONFIG1 = { 4, { 0x67, 0x2b, 0x05, 0x02 } };
const struct pkcs15_oid PKCS15_OID_PROVSC_CONFIG2 = { 4, { 0x67, 0x2b, 0x05, 0x03 } };
const struct pkcs15_oid PKCS15_OID_LWM2M_BOOTSTRAP = { 4, { 0x67, 0x2b, 0x09, 0x01 } };
const struct pkcs15_oid PKCS15_OID_INDICATOR = { 19, {
	0x69, 0x96, 0xdd, 0xcf, 0x9c, 0xe5, 0xbd, 0xd2, 0x8c, 0xa3,
	0xa4, 0xb7, 0xd0, 0xf2, 0xdd, 0xb8, 0xbe, 0x98, 0x20 } };

/* --- a file read piece by piece ------------------------------------------ */

struct ef {
	const struct card_reader *rd;
	const char *path;
	size_t chunk;	/* asked for when nothing says how much */
	size_t pos;	/* parsed so far */
	size_t start;	/* of the entry parsed last */
	bool eof;
	struct buf data;
};

static void ef_init(struct ef *f, const struct card_reader *rd, const char *path, size_t chunk)
{
	*f = (struct ef){ .rd = rd, .path = path, .chunk = chunk };
	buf_init(&f->data, EF_MAX);
}

static struct slice ef_rest(const struct ef *f)
{
	struct slice s = buf_slice(&f->data);

	return slice_of(s.p + f->pos, s.n - f->pos);
}

/* Has @n bytes behind f->pos been read, as far as the file has them? 0 or -errno. */
static int ef_need(struct ef *f, size_t n)
{
	size_t want;
	uint8_t *room;
	int r;

	while (!f->eof && f->data.len - f->pos < n) {
		want = f->pos + n - f->data.len;
		if (f->data.len + want > EF_MAX)
			return -EBADMSG;
		room = buf_room(&f->data, want);
		if (!room)
			return -ENOMEM;
		r = f->rd->read(f->rd->ctx, f->path, f->data.len, room, want);
		if (r < 0)
			return r;
		if ((size_t)r > want)
			return -EPROTO;
		f->data.len += r;
		f->eof = (size_t)r < want;
	}
	return 0;
}

/*
 * Bytes that are no entry: FF and 00 fill a file, and a removed entry has its
 * tag set to 00 while its length stays. Nothing is read just to see filling:
 * when all that is here is filling, the file has ended.
 */
static bool ef_skip_filling(struct ef *f)
{
	struct slice s = ef_rest(f);
	size_t i = 0;

	while (i < s.n && (s.p[i] == 0xff || s.p[i] == 0x00)) {
		if (s.p[i] == 0x00 && i + 1 < s.n && s.p[i + 1] != 0x00 && s.p[i + 1] < 0x80 &&
		    (size_t)s.p[i + 1] + 2 <= s.n - i)
			i += s.p[i + 1] + 2;
		else
			i++;
	}
	if (i && i == s.n)
		return false;
	f->pos += i;
	return true;
}

/* Next entry of a directory file: 1, 0 at its end, -errno. */
static int ef_entry(struct ef *f, struct tlv *out)
{
	struct slice s;
	size_t size;
	int r;

	if (f->data.len == f->pos) {
		r = ef_need(f, f->chunk);
		if (r)
			return r;
	}
	if (!ef_skip_filling(f))
		return 0;
	if (ef_rest(f).n == 0)
		return 0;
	r = tlv_size(ef_rest(f), TLV_BER, &size);
	if (r == -ENODATA) {
		r = ef_need(f, 8);	/* no header is longer */
		if (r)
			return r;
		r = tlv_size(ef_rest(f), TLV_BER, &size);
	}
	if (r)
		return -EBADMSG;
	if (size > EF_MAX)
		return -EBADMSG;
	r = ef_need(f, size);
	if (r)
		return r;
	s = ef_rest(f);
	f->start = f->pos;
	r = tlv_next(&s, TLV_BER, out);
	if (r != 1)
		return -EBADMSG;	/* the file ends inside the entry */
	f->pos = f->data.len - s.n;
	return 1;
}

/* --- Path ---------------------------------------------------------------- */

/*
 * Path.path into the sysfs grammar. @base: the PKCS#15 application or DF.
 * 3F00 first: from the MF; 3FFF or 7FFF first: from the current DF or ADF,
 * which is @base; else relative to @base.
 */
static int path_format(const char *base, struct slice id, char out[CARD_PATH_MAX])
{
	size_t i, n;

	if (id.n < 2 || id.n % 2 || id.n > 12)
		return -EBADMSG;
	if (id.p[0] == 0x3f && id.p[1] == 0x00) {
		base = "3f00";
		id = slice_of(id.p + 2, id.n - 2);
	} else if ((id.p[0] == 0x3f || id.p[0] == 0x7f) && id.p[1] == 0xff) {
		id = slice_of(id.p + 2, id.n - 2);
	}
	if (id.n == 0)
		return -EBADMSG;
	n = strlen(base);
	if (n + id.n / 2 * 5 + 1 > CARD_PATH_MAX)
		return -EBADMSG;
	memcpy(out, base, n);
	for (i = 0; i < id.n; i += 2, n += 5)
		snprintf(out + n, 6, ".%02x%02x", id.p[i], id.p[i + 1]);
	return 0;
}

struct path {
	char ef[CARD_PATH_MAX];
	uint32_t off, len;
};

/* Path ::= SEQUENCE { path OCTET STRING, index INTEGER OPTIONAL, length [0] INTEGER OPTIONAL } */
static int path_parse(const char *base, struct slice seq, struct path *out)
{
	struct slice id, v;
	int r;

	*out = (struct path){ .off = 0 };
	r = der_expect(&seq, DER_OCTETS, &id);
	if (r)
		return -EBADMSG;
	r = path_format(base, id, out->ef);
	if (r)
		return r;
	r = der_optional(&seq, DER_INTEGER, &v);
	if (r < 0 || (r && der_uint(v, &out->off)))
		return -EBADMSG;
	r = der_optional(&seq, 0x80, &v);
	if (r < 0 || (r && der_uint(v, &out->len)))
		return -EBADMSG;
	if (out->off > EF_MAX || out->len > EF_MAX)
		return -EBADMSG;
	return 0;
}

/* --- EF(DODF) ------------------------------------------------------------ */

struct walk {
	const struct card_reader *rd;
	const struct pkcs15_oid *oids;
	size_t noids;
	const char *base;
	pkcs15_seen_fn *seen;
	void *ctx;
	struct pkcs15_dir *dir;
	pkcs15_entry_fn *explain;	/* NULL: nobody looks on */
	struct pkcs15_entry now;	/* what it sees */
	unsigned int told;
};

/* A new entry; what is not known of it is not there. */
static void entry_begin(struct walk *w, const struct ef *f, uint32_t tag)
{
	w->now = (struct pkcs15_entry){ .file = f->path, .off = f->start, .tag = tag };
}

/* @err as pkcs15_entry has it; returns it. */
static int entry_end(struct walk *w, int err)
{
	w->now.err = err;
	if (w->explain && w->told++ < PKCS15_ENTRIES_MAX)
		w->explain(w->ctx, &w->now);
	return err;
}

/* The rest of @f cannot be read, or holds no entry; @r as ef_entry() returned it. */
static void entries_broken(struct walk *w, const struct ef *f, int r)
{
	if (r >= 0)
		return;
	entry_begin(w, f, 0);
	w->now.off = f->pos;
	entry_end(w, r);
}

static int oid_index(const struct walk *w, struct slice oid)
{
	size_t i;

	oid = der_oid_unwrap(oid);
	for (i = 0; i < w->noids; i++)
		if (slice_eq(oid, slice_of(w->oids[i].v, w->oids[i].len)))
			return (int)i;
	return -1;
}

/* CommonObjectAttributes: only the private flag is of use; the label is for people. */
static bool attributes_private(struct slice attrs, struct slice *label)
{
	struct slice v;

	if (der_optional(&attrs, DER_UTF8, label) < 0)
		return false;
	/* BIT STRING: number of unused bits, then bit 0 (private) first */
	return der_optional(&attrs, DER_BITS, &v) == 1 && v.n >= 2 && v.p[1] & 0x80;
}

static void entry_oid(struct pkcs15_entry *e, struct slice oid)
{
	e->oid = der_oid_unwrap(oid);
	e->twice = e->oid.p != oid.p;
}

/*
 * One data object: SEQUENCE { commonObjectAttributes, classAttributes,
 * [0] subClassAttributes OPTIONAL, [1] typeAttributes }. The OID stands in the
 * class attributes of an opaqueDO and in the type attributes of an oidDO; the
 * first match is taken, whichever form the object has.
 */
static int object_parse(struct walk *w, struct slice in, bool opaque, struct pkcs15_object *out)
{
	struct slice common, cls, v = SLICE_NONE, type, oid, name = SLICE_NONE;
	struct pkcs15_entry *e = &w->now;
	struct path path = { .off = 0 };
	int index = -1, r;

	if (der_expect(&in, DER_SEQUENCE, &common) || der_expect(&in, DER_SEQUENCE, &cls))
		return -EBADMSG;
	if (der_optional(&in, 0xa0, &v) < 0 || der_expect(&in, 0xa1, &type))
		return -EBADMSG;
	e->opaque = opaque;
	e->is_private = attributes_private(common, &e->label);
	if (der_optional(&cls, DER_UTF8, &name) < 0)
		return -EBADMSG;
	if (!slice_present(e->label))
		e->label = name;
	r = der_optional(&cls, DER_OID, &oid);
	if (r < 0)
		return -EBADMSG;
	if (r) {
		index = oid_index(w, oid);
		entry_oid(e, oid);
	}
	if (!opaque) {
		if (der_expect(&type, DER_SEQUENCE, &v) || der_expect(&v, DER_OID, &oid))
			return -EBADMSG;
		type = v;
		r = oid_index(w, oid);
		if (r >= 0)
			index = r;
		if (r >= 0 || index < 0)
			entry_oid(e, oid);
	}
	/* An object held in the DODF itself ([0] direct) is no file and has no Path. */
	r = der_expect(&type, DER_SEQUENCE, &v) || path_parse(w->base, v, &path) ? -EINVAL : 0;
	if (!r) {
		memcpy(e->path, path.ef, sizeof(e->path));
		e->pos = path.off;
		e->len = path.len;
	}
	if (index < 0)
		return -ENOENT;
	if (r)
		return r;
	*out = (struct pkcs15_object){
		.oid = index, .off = path.off, .len = path.len,
		.is_private = e->is_private, .opaque = opaque,
	};
	memcpy(out->path, path.ef, sizeof(out->path));
	return 0;
}

/* 0; -EBADMSG: malformed; -ECANCELED: the caller has enough. */
static int dodf_entry(struct walk *w, const struct tlv *t)
{
	struct pkcs15_dir *d = w->dir;
	struct pkcs15_object obj;
	int r = -ENOENT;

	if (t->tag == DER_SEQUENCE || t->tag == 0xa1)	/* opaqueDO, oidDO */
		r = object_parse(w, t->value, t->tag == DER_SEQUENCE, &obj);
	entry_end(w, !r && d->n == PKCS15_OBJECTS_MAX ? -ENOSPC : r);
	if (r == -ENOENT) {
		d->foreign++;
		return 0;
	}
	if (r == -EBADMSG)	/* this object only: its neighbours keep their lengths */
		return r;
	if (r || d->n == PKCS15_OBJECTS_MAX) {
		d->dropped++;
		return 0;
	}
	d->obj[d->n++] = obj;
	return w->seen && w->seen(w->ctx, &obj) ? -ECANCELED : 0;
}

/* 0, or the reader's error; a malformed entry is noted in dir->incomplete. */
static int dodf_walk(struct walk *w, const char *path)
{
	struct tlv t = { 0 };
	struct ef f;
	int i, r = 0;

	ef_init(&f, w->rd, path, DODF_FIRST);
	for (i = 0; i < ENTRIES_MAX; i++) {
		r = ef_entry(&f, &t);
		if (r <= 0)
			break;
		entry_begin(w, &f, t.tag);
		r = dodf_entry(w, &t);
		if (r == -ECANCELED)
			break;
		if (r)
			w->dir->incomplete = -EBADMSG;
	}
	if (i == ENTRIES_MAX)
		r = -EBADMSG;
	if (r != -ECANCELED)
		entries_broken(w, &f, r);
	buf_fini(&f.data);
	if (r == -EBADMSG) {
		w->dir->incomplete = r;
		r = 0;
	}
	return r;
}

/* --- EF(ODF) ------------------------------------------------------------- */

struct dodf_list {
	size_t n;
	char path[DODF_MAX][CARD_PATH_MAX];
	int incomplete;
};

/* A7 { 30 Path }, or A7 { A0 objects }: objects kept in the ODF itself. */
static int odf_entry(struct walk *w, struct slice v, struct dodf_list *l)
{
	struct slice seq;
	struct path p;
	size_t i;
	int r = der_optional(&v, DER_SEQUENCE, &seq);

	if (r == 0)
		r = der_optional(&v, 0xa0, &seq) == 1 ? 0 : -EBADMSG;
	else if (r > 0)
		r = path_parse(w->base, seq, &p) ? -EBADMSG : 1;
	if (r <= 0)
		return r;
	memcpy(w->now.path, p.ef, sizeof(w->now.path));
	for (i = 0; i < l->n; i++)
		if (!strcmp(l->path[i], p.ef))
			return 0;
	if (l->n == DODF_MAX)
		return -EBADMSG;
	memcpy(l->path[l->n++], p.ef, CARD_PATH_MAX);
	return 0;
}

/* -errno of the reader for EF(ODF) itself. */
static int odf_read(struct walk *w, struct dodf_list *l)
{
	char path[CARD_PATH_MAX];
	struct tlv t = { 0 };
	struct ef f;
	int i, r;

	if (snprintf(path, sizeof(path), "%s.5031", w->base) >= (int)sizeof(path))
		return -ENOENT;
	ef_init(&f, w->rd, path, ODF_FIRST);
	for (i = 0; i < ENTRIES_MAX; i++) {
		r = ef_entry(&f, &t);
		if (r <= 0)
			break;
		entry_begin(w, &f, t.tag);
		if (entry_end(w, t.tag == 0xa7 ? odf_entry(w, t.value, l) : -ENOENT) == -EBADMSG)
			l->incomplete = -EBADMSG;
	}
	if (i == ENTRIES_MAX)
		r = -EBADMSG;
	if (r != -ENOENT)
		entries_broken(w, &f, r);
	buf_fini(&f.data);
	if (r == -EBADMSG) {
		l->incomplete = r;
		r = 0;
	}
	return r;
}

/* EF(DIR): 61 { 4F AID, 51 path, ... }; the path of the PKCS#15 DF. TS 102 221 13.1 */
static int dir_find(const struct card_reader *rd, char base[CARD_PATH_MAX])
{
	static const uint8_t aid[] = {
		0xa0, 0x00, 0x00, 0x00, 0x63, 0x50, 0x4b, 0x43, 0x53, 0x2d, 0x31, 0x35 };
	struct tlv t = { 0 };
	struct ef f;
	int i, r = 0, found = -ENOENT;

	ef_init(&f, rd, "3f00.2f00", DODF_FIRST);
	for (i = 0; i < 64 && found == -ENOENT; i++) {
		struct tlv in = { 0 };
		struct slice id = SLICE_NONE, path = SLICE_NONE;

		r = ef_entry(&f, &t);
		if (r <= 0)
			break;
		if (t.tag != 0x61)
			continue;
		while (tlv_next(&t.value, TLV_BER, &in) == 1) {
			if (in.tag == 0x4f)
				id = in.value;
			else if (in.tag == 0x51)
				path = in.value;
		}
		if (slice_eq(id, slice_of(aid, sizeof(aid))) && slice_present(path))
			found = path_format("3f00", path, base) ? -ENOENT : 0;
	}
	buf_fini(&f.data);
	if (r < 0 && r != -EBADMSG)
		return r;
	return found;
}

static int odf_find(struct walk *w, struct dodf_list *l, char base[CARD_PATH_MAX])
{
	static const char *const places[] = { PKCS15_AID, "3f00.7f50" };
	size_t i;
	int r;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		w->base = places[i];
		r = odf_read(w, l);
		if (r != -ENOENT)
			return r;
	}
	r = dir_find(w->rd, base);
	if (r)
		return r;
	w->base = base;
	return odf_read(w, l);
}

static int walk_run(struct walk *w)
{
	struct pkcs15_dir *out = w->dir;
	struct dodf_list l = { 0 };
	char base[CARD_PATH_MAX];
	size_t i;
	int r;

	memset(out, 0, sizeof(*out));
	r = odf_find(w, &l, base);
	if (r)
		return r;
	if (l.n == 0 && l.incomplete)
		return l.incomplete;
	out->incomplete = l.incomplete;
	for (i = 0; i < l.n; i++) {
		r = dodf_walk(w, l.path[i]);
		if (r == -ENODEV || r == -ECANCELED) {
			memset(out, 0, sizeof(*out));
			return r;
		}
		if (r)
			out->incomplete = r;
	}
	return 0;
}

int pkcs15_walk(const struct card_reader *rd, const struct pkcs15_oid *oids, size_t noids,
		pkcs15_seen_fn *seen, void *ctx, struct pkcs15_dir *out)
{
	struct walk w = { .rd = rd, .oids = oids, .noids = noids, .seen = seen, .ctx = ctx,
			  .dir = out };

	return walk_run(&w);
}

int pkcs15_explain(const struct card_reader *rd, const struct pkcs15_oid *oids, size_t noids,
		   pkcs15_entry_fn *entry, void *ctx, struct pkcs15_dir *out)
{
	struct walk w = { .rd = rd, .oids = oids, .noids = noids, .explain = entry, .ctx = ctx,
			  .dir = out };

	return walk_run(&w);
}

int pkcs15_find(const struct card_reader *rd, const struct pkcs15_oid *oids, size_t noids,
		struct pkcs15_dir *out)
{
	return pkcs15_walk(rd, oids, noids, NULL, NULL, out);
}

const struct pkcs15_object *pkcs15_object_get(const struct pkcs15_dir *dir, unsigned int oid)
{
	size_t i;

	for (i = 0; i < dir->n; i++)
		if (dir->obj[i].oid == oid)
			return &dir->obj[i];
	return NULL;
}

int pkcs15_object_read(const struct card_reader *rd, const struct pkcs15_object *obj,
		       size_t first, struct buf *out)
{
	size_t got = 0, want;
	uint8_t *room;
	int r;

	while (!obj->len || got < obj->len) {
		want = got ? 4 * CARD_READ_MAX : first;
		if (obj->len && want > obj->len - got)
			want = obj->len - got;
		if (out->max && want > out->max - out->len)
			want = out->max - out->len;
		if (want == 0) {
			uint8_t more;

			/* the cap is reached: is there more? */
			r = rd->read(rd->ctx, obj->path, obj->off + got, &more, 1);
			return r < 0 ? r : r ? -EMSGSIZE : 0;
		}
		room = buf_room(out, want);
		if (!room)
			return -ENOMEM;
		r = rd->read(rd->ctx, obj->path, obj->off + got, room, want);
		if (r < 0)
			return r;
		if ((size_t)r > want)
			return -EPROTO;
		out->len += r;
		got += r;
		if ((size_t)r < want)
			return obj->len ? -ENODATA : 0;
	}
	return 0;
}

int pkcs15_oid_parse(struct slice hex, struct pkcs15_oid *out)
{
	struct buf text, raw;
	struct slice in, v;
	int r = -EINVAL;
	size_t i;

	buf_init(&text, 4 * PKCS15_OID_MAX);
	buf_init(&raw, 2 * PKCS15_OID_MAX);
	for (i = 0; i < hex.n; i++)
		if (hex.p[i] != ' ' && hex.p[i] != ':')
			buf_put_u8(&text, hex.p[i]);
	if (!buf_error(&text) && !hex_decode(&raw, buf_slice(&text))) {
		in = buf_slice(&raw);
		if (!der_expect(&in, DER_OID, &v) && in.n == 0 && v.n && v.n <= PKCS15_OID_MAX) {
			out->len = (uint8_t)v.n;
			memcpy(out->v, v.p, v.n);
			r = 0;
		}
	}
	buf_fini(&text);
	buf_fini(&raw);
	return r;
}
