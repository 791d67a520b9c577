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
#define ENTRIES_MAX 1024	/* entries looked at in one file */

#define APPS_MAX 64	/* of EF(DIR) */

#define PKCS15_AID "a000000063504b43532d3135"
#define DF_2G "3f00.7f50"

const struct pkcs15_oid PKCS15_OID_DM_BOOTSTRAP = { 4, { 0x67, 0x2b, 0x07, 0x01 } };
const struct pkcs15_oid PKCS15_OID_PROVSC_BOOTSTRAP = { 4, { 0x67, 0x2b, 0x05, 0x01 } };
const struct pkcs15_oid PKCS15_OID_PROVSC_CONFIG1 = { 4, { 0x67, 0x2b, 0x05, 0x02 } };
const struct pkcs15_oid PKCS15_OID_PROVSC_CONFIG2 = { 4, { 0x67, 0x2b, 0x05, 0x03 } };
const struct pkcs15_oid PKCS15_OID_LWM2M_BOOTSTRAP = { 4, { 0x67, 0x2b, 0x09, 0x01 } };
const struct pkcs15_oid PKCS15_OID_INDICATOR = { 19, {
	0x69, 0x96, 0xdd, 0xcf, 0x9c, 0xe5, 0xbd, 0xd2, 0x8c, 0xa3,
	0xa4, 0xb7, 0xd0, 0xf2, 0xdd, 0xb8, 0xbe, 0x98, 0x20 } };

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
	if (out->off >= CARD_EF_MAX || out->len > CARD_EF_MAX - out->off)
		return -EBADMSG;
	return 0;
}

/* --- data objects -------------------------------------------------------- */

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

/* A new entry of @f at @off; what is not known of it is not there. */
static void entry_begin(struct walk *w, const struct dirfile *f, size_t off, uint32_t tag)
{
	w->now = (struct pkcs15_entry){ .file = f->path, .off = off, .tag = tag };
}

/* @err as pkcs15_entry has it; returns it. */
static int entry_end(struct walk *w, int err)
{
	w->now.err = err;
	if (w->explain && w->told++ < PKCS15_ENTRIES_MAX)
		w->explain(w->ctx, &w->now);
	return err;
}

/* What is at @off of @f, and behind it, cannot be read, or is no entry: @r says why. */
static void entries_broken(struct walk *w, const struct dirfile *f, size_t off, int r)
{
	if (r >= 0)
		return;
	entry_begin(w, f, off, 0);
	entry_end(w, r);
}

/* An error of the reader says more: another time there may be more to see. */
static void malformed(struct walk *w)
{
	if (!w->dir->incomplete)
		w->dir->incomplete = -EBADMSG;
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

/* The first element with @tag, whatever stands before it: 1, 0 none, -EBADMSG. */
static int element_find(struct slice in, uint32_t tag, struct slice *value)
{
	struct tlv t = { 0 };
	int r;

	while ((r = tlv_next(&in, TLV_BER, &t)) == 1) {
		if (t.tag == tag) {
			*value = t.value;
			return 1;
		}
	}
	return r;
}

/* CommonObjectAttributes: only the private flag is of use; the label is for people. */
static bool attributes_private(struct slice attrs, struct slice *label)
{
	struct slice v;

	if (element_find(attrs, DER_UTF8, label) < 0)
		return false;
	/* BIT STRING: number of unused bits, then bit 0 (private) first */
	return element_find(attrs, DER_BITS, &v) == 1 && v.n >= 2 && v.p[1] & 0x80;
}

static void entry_oid(struct pkcs15_entry *e, struct slice oid)
{
	e->oid = der_oid_unwrap(oid);
	e->twice = e->oid.p != oid.p;
}

/*
 * ObjectValue: a Path; or [0], the value itself, which then is a part of the
 * directory file @f, as it is or as one OCTET STRING. 0 or -EINVAL: it is neither.
 */
static int value_parse(const struct walk *w, const struct dirfile *f, struct slice in,
		       struct pkcs15_object *out)
{
	struct slice v, octets;
	struct path path;

	if (der_optional(&in, DER_SEQUENCE, &v) == 1) {
		if (path_parse(w->base, v, &path))
			return -EINVAL;
		memcpy(out->path, path.ef, sizeof(out->path));
		out->off = path.off;
		out->len = path.len;
		return 0;
	}
	if (der_optional(&in, 0xa0, &v) != 1)
		return -EINVAL;
	in = v;
	if (!der_expect(&in, DER_OCTETS, &octets) && in.n == 0)
		v = octets;
	if (v.n == 0 || str_copy(out->path, sizeof(out->path), slice_str(f->path)))
		return -EINVAL;
	out->off = dirfile_offset(f, v.p);
	out->len = v.n;
	return 0;
}

/*
 * One data object: SEQUENCE { commonObjectAttributes, classAttributes,
 * [0] subClassAttributes OPTIONAL, [1] typeAttributes }. The OID stands in the
 * class attributes of an opaqueDO and in the type attributes of an oidDO; the
 * first match is taken, whichever form the object has.
 * 0; -ENOENT: of no OID that is asked for; -EBADMSG: malformed; -EINVAL: wanted, and
 * of no use (then out->oid is set).
 */
static int object_parse(struct walk *w, const struct dirfile *f, struct slice in, bool opaque,
			struct pkcs15_object *out)
{
	struct slice common, cls, v, type, oid, name = SLICE_NONE;
	struct pkcs15_entry *e = &w->now;
	int index = -1, r;

	if (der_expect(&in, DER_SEQUENCE, &common) || der_expect(&in, DER_SEQUENCE, &cls))
		return -EBADMSG;
	if (der_optional(&in, 0xa0, &v) < 0 || der_expect(&in, 0xa1, &type))
		return -EBADMSG;
	e->opaque = opaque;
	e->is_private = attributes_private(common, &e->label);
	if (element_find(cls, DER_UTF8, &name) < 0)
		return -EBADMSG;
	if (!slice_present(e->label))
		e->label = name;
	r = element_find(cls, DER_OID, &oid);
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
		if (r >= 0 || index < 0)
			entry_oid(e, oid);
		if (r >= 0)
			index = r;
	}
	*out = (struct pkcs15_object){
		.oid = (unsigned int)index, .is_private = e->is_private, .opaque = opaque,
	};
	r = value_parse(w, f, type, out);
	if (!r) {
		memcpy(e->path, out->path, sizeof(e->path));
		e->pos = out->off;
		e->len = out->len;
	}
	return index < 0 ? -ENOENT : r;
}

/*
 * [0] to [15], the kinds of entries there are and may be. Anything else means that a
 * length before it was wrong, and who knows what that swallowed.
 */
static bool is_choice(uint32_t tag)
{
	return tag >= 0xa0 && tag <= 0xaf;
}

/* The entry that entry_begin() began. 0; -EBADMSG: malformed; -ECANCELED: the caller has enough. */
static int object_entry(struct walk *w, const struct dirfile *f, const struct tlv *t)
{
	struct pkcs15_dir *d = w->dir;
	struct pkcs15_object obj;
	int r;

	if (t->tag == DER_SEQUENCE || t->tag == 0xa1)	/* opaqueDO, oidDO */
		r = object_parse(w, f, t->value, t->tag == DER_SEQUENCE, &obj);
	else
		r = is_choice(t->tag) ? -ENOENT : -EBADMSG;
	entry_end(w, !r && d->n == PKCS15_OBJECTS_MAX ? -ENOSPC : r);
	if (r == -ENOENT) {
		d->foreign++;
		return 0;
	}
	if (r == -EBADMSG)	/* this object only: its neighbours keep their lengths */
		return r;
	if (r || d->n == PKCS15_OBJECTS_MAX) {
		d->dropped++;
		d->dropped_oids |= 1u << (obj.oid & 31);
		return 0;
	}
	d->obj[d->n++] = obj;
	return w->seen && w->seen(w->ctx, &obj) ? -ECANCELED : 0;
}

/* --- EF(DODF) ------------------------------------------------------------ */

/* 0, or the reader's error; a malformed entry is noted in dir->incomplete. */
static int dodf_walk(struct walk *w, const char *path)
{
	struct tlv t = { 0 };
	struct dirfile f;
	int i, r = 0;

	dirfile_init(&f, w->rd, path, DODF_FIRST);
	for (i = 0; i < ENTRIES_MAX; i++) {
		/* An object that could stand behind filling is looked for until one was found. */
		r = dirfile_next(&f, w->dir->n == 0, &t);
		if (r <= 0)
			break;
		entry_begin(w, &f, f.start, t.tag);
		r = object_entry(w, &f, &t);
		if (r == -ECANCELED)
			break;
		if (r)
			malformed(w);
	}
	if (i == ENTRIES_MAX)
		r = -EBADMSG;
	if (r != -ECANCELED)
		entries_broken(w, &f, f.pos, r);
	dirfile_fini(&f);
	if (r == -EBADMSG) {
		malformed(w);
		r = 0;
	}
	return r;
}

/* --- EF(ODF) ------------------------------------------------------------- */

/* What EF(ODF) names, in its order. */
struct odf_item {
	char path[CARD_PATH_MAX];	/* EF(DODF); "" = objects that EF(ODF) holds itself */
	size_t off, len;		/* where they are */
};

struct odf {
	char path[CARD_PATH_MAX];
	struct dirfile file;
	size_t n;
	struct odf_item item[PKCS15_DODF_MAX];
	int incomplete;
};

/* A7 { 30 Path }, or A7 { A0 objects }. 0 or -EBADMSG. */
static int odf_entry(struct walk *w, struct slice v, struct odf *o)
{
	struct odf_item item = { .off = 0 };
	struct slice in;
	struct path p;
	size_t i;

	if (der_optional(&v, DER_SEQUENCE, &in) == 1) {
		if (path_parse(w->base, in, &p))
			return -EBADMSG;
		memcpy(item.path, p.ef, sizeof(item.path));
		memcpy(w->now.path, p.ef, sizeof(w->now.path));
		for (i = 0; i < o->n; i++)
			if (!strcmp(o->item[i].path, p.ef))
				return 0;	/* once is enough, and ends a circle */
	} else if (der_optional(&v, 0xa0, &in) == 1) {
		item.off = dirfile_offset(&o->file, in.p);
		item.len = in.n;
	} else {
		return -EBADMSG;
	}
	if (o->n == PKCS15_DODF_MAX)
		return -EBADMSG;
	o->item[o->n++] = item;
	return 0;
}

/* -errno of the reader for EF(ODF) itself. */
static int odf_read(struct walk *w, struct odf *o)
{
	struct tlv t = { 0 };
	int i, r;

	o->n = 0;
	o->incomplete = 0;
	if (snprintf(o->path, sizeof(o->path), "%s.5031", w->base) >= (int)sizeof(o->path))
		return -ENOENT;
	dirfile_fini(&o->file);
	dirfile_init(&o->file, w->rd, o->path, ODF_FIRST);
	for (i = 0; i < ENTRIES_MAX; i++) {
		r = dirfile_next(&o->file, o->n == 0, &t);
		if (r <= 0)
			break;
		entry_begin(w, &o->file, o->file.start, t.tag);
		/* A7: dataObjects */
		if (entry_end(w, t.tag == 0xa7 ? odf_entry(w, t.value, o) :
			      is_choice(t.tag) ? -ENOENT : -EBADMSG) == -EBADMSG)
			o->incomplete = -EBADMSG;
	}
	if (i == ENTRIES_MAX)
		r = -EBADMSG;
	if (r != -ENOENT)
		entries_broken(w, &o->file, o->file.pos, r);
	if (r == -EBADMSG) {
		o->incomplete = r;
		r = 0;
	}
	return r;
}

/* The objects that EF(ODF) holds itself. 0 or -ECANCELED. */
static int odf_objects(struct walk *w, const struct odf *o, const struct odf_item *item)
{
	struct slice in = slice_of(o->file.data.data + item->off, item->len);
	struct tlv t = { 0 };
	size_t at = item->off;
	int i, r, next = 1;

	for (i = 0; i < ENTRIES_MAX && (next = tlv_next(&in, TLV_BER, &t)) == 1; i++) {
		entry_begin(w, &o->file, at, t.tag);
		r = object_entry(w, &o->file, &t);
		if (r == -ECANCELED)
			return r;
		if (r)
			malformed(w);
		at = dirfile_offset(&o->file, in.p);
	}
	if (next) {
		malformed(w);
		entries_broken(w, &o->file, at, -EBADMSG);
	}
	return 0;
}

/* --- where EF(ODF) is ---------------------------------------------------- */

/*
 * EF(DIR): 61 { 4F AID, 51 path, ... }; the path of the PKCS#15 DF. TS 102 221 13.1
 * 0; -ENOENT: there is no EF(DIR), or it does not name the application; -EBADMSG:
 * that cannot be told, or its path is of no use; the reader's error.
 */
static int dir_find(const struct card_reader *rd, char base[CARD_PATH_MAX])
{
	static const uint8_t aid[] = {
		0xa0, 0x00, 0x00, 0x00, 0x63, 0x50, 0x4b, 0x43, 0x53, 0x2d, 0x31, 0x35 };
	int i, r = 0, found = -ENOENT;
	struct tlv t = { 0 };
	struct dirfile f;

	dirfile_init(&f, rd, "3f00.2f00", DODF_FIRST);
	for (i = 0; i < APPS_MAX && found; i++) {
		struct slice id = SLICE_NONE, path = SLICE_NONE;

		/* Each record has its own filling, so filling ends nothing here. */
		r = dirfile_next(&f, true, &t);
		if (r <= 0)
			break;
		if (t.tag != 0x61)
			continue;
		if (element_find(t.value, 0x4f, &id) < 0 || element_find(t.value, 0x51, &path) < 0) {
			found = -EBADMSG;
			continue;
		}
		/* Cards append a number of theirs to an AID. */
		if (id.n < sizeof(aid) || memcmp(id.p, aid, sizeof(aid)))
			continue;
		found = slice_present(path) ? path_format("3f00", path, base) : -EBADMSG;
	}
	dirfile_fini(&f);
	return r < 0 && found ? r : found;
}

/*
 * By the AID; then where EF(DIR) says; then DF 7F50, as of 2G cards. When nothing is
 * found, and it could not be seen that there is nothing, that is no -ENOENT.
 */
static int odf_find(struct walk *w, struct odf *o, char base[CARD_PATH_MAX])
{
	int r, dir;

	w->base = PKCS15_AID;
	r = odf_read(w, o);
	if (r != -ENOENT)
		return r;
	dir = dir_find(w->rd, base);
	if (dir == -ENODEV)
		return dir;
	if (!dir) {
		w->base = base;
		r = odf_read(w, o);
		if (r != -ENOENT)
			return r;
		dir = -EBADMSG;		/* it names what is not there */
	}
	w->base = DF_2G;
	r = odf_read(w, o);
	return r == -ENOENT ? dir : r;
}

static int items_walk(struct walk *w, const struct odf *o)
{
	size_t i;
	int r;

	for (i = 0; i < o->n; i++) {
		if (o->item[i].path[0])
			r = dodf_walk(w, o->item[i].path);
		else
			r = odf_objects(w, o, &o->item[i]);
		if (r == -ENODEV || r == -ECANCELED)
			return r;
		if (r && (r != -ENOENT || !w->dir->incomplete))
			w->dir->incomplete = r;
	}
	return 0;
}

static int walk_run(struct walk *w)
{
	struct odf o = { .n = 0 };
	char base[CARD_PATH_MAX];
	int r;

	memset(w->dir, 0, sizeof(*w->dir));
	r = odf_find(w, &o, base);
	if (!r && o.n == 0 && o.incomplete)
		r = o.incomplete;
	if (!r) {
		w->dir->incomplete = o.incomplete;
		r = items_walk(w, &o);
	}
	dirfile_fini(&o.file);
	if (r)
		memset(w->dir, 0, sizeof(*w->dir));
	return r;
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

int pkcs15_absence(const struct pkcs15_dir *dir, unsigned int oid)
{
	if (dir->incomplete)
		return dir->incomplete;
	return dir->dropped_oids & 1u << (oid & 31) ? -EBADMSG : 0;
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
		if (want > CARD_EF_MAX - obj->off - got)
			want = CARD_EF_MAX - obj->off - got;
		if (want == 0)
			return 0;	/* nothing behind it can be read from any card */
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
