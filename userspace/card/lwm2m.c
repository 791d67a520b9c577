// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The TLV format of LwM2M TS 1.0 6.4.3 inside the file of its appendix G.3.3.
 * Every length is held against what encloses it; nesting is three levels, kept
 * in an array.
 */
#include <errno.h>

#include "card/filling.h"
#include "card/lwm2m.h"
#include "util/text.h"

/* --- what a resource is (LwM2M TS 1.0 E.1 to E.3, 1.1 E.1) ---------------- */

enum { SECURITY = 0, SERVER = 1, ACCESS = 2, OSCORE = 21 };

struct known {
	uint16_t object, resource;
	uint8_t kind;
	bool secret;
};

static const struct known known[] = {
	{ SECURITY, 0, LWM2M_STRING, false },	/* server URI */
	{ SECURITY, 1, LWM2M_BOOLEAN, false },	/* is it the bootstrap server */
	{ SECURITY, 2, LWM2M_INTEGER, false },	/* security mode */
	{ SECURITY, 3, LWM2M_OPAQUE, true },	/* public key or identity: the PSK's name */
	{ SECURITY, 4, LWM2M_OPAQUE, false },	/* the server's public key */
	{ SECURITY, 5, LWM2M_OPAQUE, true },	/* secret key */
	{ SECURITY, 6, LWM2M_INTEGER, false },	/* SMS security mode */
	{ SECURITY, 7, LWM2M_OPAQUE, true },	/* SMS binding key parameters */
	{ SECURITY, 8, LWM2M_OPAQUE, true },	/* SMS binding secret keys */
	{ SECURITY, 9, LWM2M_STRING, false },	/* the server's SMS number */
	{ SECURITY, 10, LWM2M_INTEGER, false },	/* short server id */
	{ SECURITY, 11, LWM2M_INTEGER, false },	/* hold off time */
	{ SECURITY, 12, LWM2M_INTEGER, false },	/* time-out of the bootstrap account */
	{ SECURITY, 13, LWM2M_INTEGER, false },	/* 1.1: matching type */
	{ SECURITY, 14, LWM2M_STRING, false },	/* SNI */
	{ SECURITY, 15, LWM2M_INTEGER, false },	/* certificate usage */
	{ SECURITY, 16, LWM2M_INTEGER, false },	/* cipher suite */
	{ SECURITY, 17, LWM2M_LINK, false },	/* OSCORE object */
	{ SERVER, 0, LWM2M_INTEGER, false },	/* short server id */
	{ SERVER, 1, LWM2M_INTEGER, false },	/* lifetime */
	{ SERVER, 2, LWM2M_INTEGER, false },	/* minimum period */
	{ SERVER, 3, LWM2M_INTEGER, false },	/* maximum period */
	{ SERVER, 5, LWM2M_INTEGER, false },	/* disable time-out */
	{ SERVER, 6, LWM2M_BOOLEAN, false },	/* keep notifications while offline */
	{ SERVER, 7, LWM2M_STRING, false },	/* binding */
	{ SERVER, 10, LWM2M_LINK, false },	/* APN link */
	{ ACCESS, 0, LWM2M_INTEGER, false },	/* object id */
	{ ACCESS, 1, LWM2M_INTEGER, false },	/* instance id */
	{ ACCESS, 2, LWM2M_INTEGER, false },	/* rights of one server */
	{ ACCESS, 3, LWM2M_INTEGER, false },	/* owner */
	{ OSCORE, 0, LWM2M_OPAQUE, true },	/* master secret */
	{ OSCORE, 5, LWM2M_OPAQUE, true },	/* master salt */
};

/* LwM2M TS 1.0 C: integers have 1, 2, 4 or 8 bytes and a sign. */
static bool integer_read(struct slice s, int64_t *out)
{
	uint64_t v = s.n && s.p[0] & 0x80 ? UINT64_MAX : 0;
	size_t i;

	if (s.n != 1 && s.n != 2 && s.n != 4 && s.n != 8)
		return false;
	for (i = 0; i < s.n; i++)
		v = v << 8 | s.p[i];
	*out = (int64_t)v;
	return true;
}

/* What does not have the form of its type stays opaque: nothing is guessed. */
static void value_type(struct lwm2m_value *v)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].object == v->object && known[i].resource == v->resource)
			break;
	if (i == sizeof(known) / sizeof(known[0])) {
		/* What nobody here knows may be a key. */
		v->secret = v->object != SERVER && v->object != ACCESS;
		return;
	}
	v->secret = known[i].secret;
	switch (known[i].kind) {
	case LWM2M_STRING:
		if (text_is_printable(v->bytes))
			v->kind = LWM2M_STRING;
		break;
	case LWM2M_INTEGER:
		if (integer_read(v->bytes, &v->number))
			v->kind = LWM2M_INTEGER;
		break;
	case LWM2M_BOOLEAN:
		if (v->bytes.n == 1 && v->bytes.p[0] <= 1) {
			v->kind = LWM2M_BOOLEAN;
			v->number = v->bytes.p[0];
		}
		break;
	case LWM2M_LINK:
		if (v->bytes.n == 4 && integer_read(v->bytes, &v->number)) {
			v->kind = LWM2M_LINK;
			v->number &= 0xffffffff;
		}
		break;
	default:
		break;
	}
}

/* --- TLV ----------------------------------------------------------------- */

/* Bits 7-6 of the type byte. */
enum tlv_type { INSTANCE, ITEM, MULTIPLE, RESOURCE };

struct lwm2m_tlv {
	enum tlv_type type;
	uint16_t id;
	size_t head, len;
};

struct decoder {
	struct slice file;
	size_t at;		/* next byte */
	lwm2m_value_fn *fn;
	void *ctx;
	struct lwm2m_report *rep;
	struct lwm2m_value value;	/* where we are */
	struct { uint16_t object, instance, resource, item; } seen[LWM2M_RESOURCES_MAX];
};

static int bad(struct decoder *d, size_t at, const char *why)
{
	d->rep->error_at = at;
	d->rep->reason = why;
	return -EBADMSG;
}

static unsigned int u16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

/* The header at d->at of an element that ends before @end. */
static int header_read(struct decoder *d, size_t end, struct lwm2m_tlv *t)
{
	const uint8_t *p = d->file.p + d->at;
	size_t left = end - d->at, nid = p[0] & 0x20 ? 2 : 1, nlen = p[0] >> 3 & 3, i;

	t->type = p[0] >> 6;
	t->head = 1 + nid + nlen;
	if (t->head > left)
		return bad(d, d->at, "an element's header is cut short");
	t->id = (uint16_t)(nid == 2 ? u16(p + 1) : p[1]);
	if (t->id == LWM2M_ID_NONE)
		return bad(d, d->at, "identifier 65535 is reserved");
	t->len = nlen ? 0 : p[0] & 7;
	for (i = 0; i < nlen; i++)
		t->len = t->len << 8 | p[1 + nid + i];
	if (t->len > left - t->head)
		return bad(d, d->at, "an element is longer than what it stands in");
	return 0;
}

static int value_tell(struct decoder *d, size_t len)
{
	struct lwm2m_value *v = &d->value;
	size_t i;

	for (i = 0; i < d->rep->values; i++)
		if (d->seen[i].object == v->object && d->seen[i].instance == v->instance &&
		    d->seen[i].resource == v->resource && d->seen[i].item == v->item)
			return bad(d, d->at, "a resource is given twice");
	if (i == LWM2M_RESOURCES_MAX)
		return bad(d, d->at, "too many resources");
	d->seen[i].object = v->object;
	d->seen[i].instance = v->instance;
	d->seen[i].resource = v->resource;
	d->seen[i].item = v->item;
	d->rep->values++;
	v->kind = LWM2M_OPAQUE;
	v->secret = false;
	v->number = 0;
	v->bytes = slice_of(d->file.p + d->at, len);
	value_type(v);
	return d->fn ? d->fn(d->ctx, v) : 0;
}

/* Where in the tree the elements of a level stand. */
enum level { IN_OBJECT, IN_INSTANCE, IN_MULTIPLE };

static const char *type_check(enum level level, enum tlv_type type, int *first)
{
	switch (level) {
	case IN_OBJECT:
		/* One instance may be given by its resources alone, but not beside others. */
		if (type == ITEM)
			return "a resource instance outside of a multiple resource";
		if (*first < 0)
			*first = type == INSTANCE;
		return *first == (type == INSTANCE) ? NULL :
		       "resources beside object instances";
	case IN_INSTANCE:
		return type == RESOURCE || type == MULTIPLE ? NULL :
		       "an object instance holds what is no resource";
	default:
		return type == ITEM ? NULL : "a multiple resource holds what is no instance of it";
	}
}

/*
 * The elements between d->at and @end: one object's, or, @bare, a file's whose
 * filling follows the last one.
 */
static int elements(struct decoder *d, size_t end, bool bare)
{
	size_t ends[3] = { end };
	enum level level = IN_OBJECT;
	struct lwm2m_tlv t;
	const char *why;
	int first = -1, r;

	d->value.instance = 0;
	for (;;) {
		while (level > IN_OBJECT && d->at == ends[level])
			/* A multiple resource may stand in the object itself. */
			level = level == IN_MULTIPLE && first == 1 ? IN_INSTANCE : IN_OBJECT;
		if (d->at == end)
			return 0;
		if (bare && level == IN_OBJECT &&
		    filling_only(slice_of(d->file.p + d->at, end - d->at)))
			return 0;
		r = header_read(d, ends[level], &t);
		if (r)
			return r;
		why = type_check(level, t.type, &first);
		if (why)
			return bad(d, d->at, why);
		d->at += t.head;
		switch (t.type) {
		case INSTANCE:
			d->value.instance = t.id;
			level = IN_INSTANCE;
			ends[level] = d->at + t.len;
			break;
		case MULTIPLE:
			d->value.resource = t.id;
			level = IN_MULTIPLE;
			ends[level] = d->at + t.len;
			break;
		default:
			if (t.type == RESOURCE)
				d->value.resource = t.id;
			d->value.item = t.type == ITEM ? t.id : LWM2M_ID_NONE;
			r = value_tell(d, t.len);
			if (r)
				return r;
			d->at += t.len;
		}
	}
}

/* --- the file ------------------------------------------------------------ */

/* objectId(2) version(1: 00, or 2: major, minor) length(2) elements */
static int object_read(struct decoder *d, size_t end)
{
	const uint8_t *p = d->file.p + d->at;
	size_t left = end - d->at, nver, len;

	if (left < 5)
		return bad(d, d->at, "an object's header is cut short");
	nver = p[2] ? 2 : 1;
	if (left < 4 + nver)
		return bad(d, d->at, "an object's header is cut short");
	d->value.object = (uint16_t)u16(p);
	if (d->value.object == LWM2M_ID_NONE)
		return bad(d, d->at, "identifier 65535 is reserved");
	d->value.major = p[2];
	d->value.minor = nver == 2 ? p[3] : 0;
	len = u16(p + 2 + nver);
	if (len > left - 4 - nver)
		return bad(d, d->at + 2 + nver, "an object is longer than what it stands in");
	d->at += 4 + nver;
	d->rep->objects++;
	return elements(d, d->at + len, false);
}

/*
 * Deployed cards leave the outer header away and begin with an element; the
 * objects are then the one there must be, Security. The first byte tells them
 * apart: a count of objects below 256 begins with 00, and no element does, for
 * that would be an empty object instance without a length.
 */
static int file_read(struct decoder *d)
{
	unsigned int count, i;
	size_t end;
	int r;

	d->rep->bare = d->file.p[0] != 0;
	if (d->rep->bare) {
		d->rep->objects = 1;
		return elements(d, d->file.n, true);
	}
	if (d->file.n < 4)
		return bad(d, 0, "the file's header is cut short");
	count = u16(d->file.p);
	end = 4 + u16(d->file.p + 2);
	if (count > LWM2M_OBJECTS_MAX)
		return bad(d, 0, "too many objects");
	if (end > d->file.n)
		return bad(d, 2, "the file is shorter than its header says");
	d->at = 4;
	for (i = 0; i < count; i++) {
		r = object_read(d, end);
		if (r)
			return r;
	}
	if (d->at != end)
		return bad(d, d->at, "more than the objects that were announced");
	if (!filling_only(slice_of(d->file.p + end, d->file.n - end)))
		return bad(d, end, "something behind the last object");
	return 0;
}

int lwm2m_decode(struct slice file, lwm2m_value_fn *fn, void *ctx, struct lwm2m_report *rep)
{
	struct decoder d = { .file = file, .rep = rep };
	int r;

	*rep = (struct lwm2m_report){ .objects = 0 };
	if (file.n > LWM2M_FILE_MAX)
		return bad(&d, LWM2M_FILE_MAX, "larger than 32 KiB");
	if (filling_only(file))
		return -ENODATA;
	r = file_read(&d);
	if (r || !fn)
		return r;
	d = (struct decoder){ .file = file, .rep = rep, .fn = fn, .ctx = ctx };
	*rep = (struct lwm2m_report){ .objects = 0 };
	return file_read(&d);
}
