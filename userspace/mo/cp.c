// SPDX-License-Identifier: GPL-2.0-or-later
/* Provisioning documents to one serialized tree: what is in them, what refers to what, who may. */
#include "mo/cp_int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/str.h"

#define NODES_MAX 16384

struct cp_kept {
	struct cp_kept *next;
	size_t n;
	uint8_t bytes[];
};

int cp_fail(struct cp_map *m, int err, const char *fmt, ...)
{
	va_list ap;

	if (m->err)
		return m->err;
	va_start(ap, fmt);
	vsnprintf(m->why, m->why_size, fmt, ap);
	va_end(ap);
	return m->err = err;
}

/* --- reading ------------------------------------------------------------- */

bool cp_next(struct cp_at at, enum dm_prov_kind kind, const char *name, size_t *i)
{
	const struct dm_prov_item *items = at.doc->items;
	unsigned int depth = items[at.i].depth;

	for (size_t j = *i + 1; j < at.doc->n && items[j].depth > depth; j++) {
		if (items[j].depth == depth + 1 && items[j].kind == kind &&
		    slice_eq_str(items[j].name, name)) {
			*i = j;
			return true;
		}
	}
	return false;
}

bool cp_part(struct cp_at at, const char *type, struct cp_at *out)
{
	*out = at;
	return cp_next(at, DM_PROV_CHARACTERISTIC, type, &out->i);
}

struct slice cp_value(struct cp_at at, const char *parm)
{
	size_t i = at.i;

	if (!cp_next(at, DM_PROV_PARM, parm, &i))
		return SLICE_NONE;
	return slice_present(at.doc->items[i].value) ? at.doc->items[i].value : SLICE_LIT("");
}

/* --- writing ------------------------------------------------------------- */

struct slice cp_keep(struct cp_map *m, struct slice s)
{
	struct cp_kept *t = m->err ? NULL : malloc(sizeof(*t) + s.n + 1);

	if (!t) {
		cp_fail(m, -ENOMEM, "no memory");
		return SLICE_NONE;
	}
	t->next = m->texts;
	t->n = s.n;
	memcpy(t->bytes, s.p, s.n);
	m->texts = t;
	return slice_of(t->bytes, s.n);
}

static void put(struct cp_map *m, const struct dm_tnds_node *x)
{
	if (m->err)
		return;
	if (m->tnds.n == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 64;
		struct dm_tnds_node *nodes = NULL;

		if (cap > NODES_MAX) {
			cp_fail(m, -EBADMSG, "the documents hold too much");
			return;
		}
		nodes = reallocarray(m->nodes, cap, sizeof(*nodes));
		if (!nodes) {
			cp_fail(m, -ENOMEM, "no memory");
			return;
		}
		m->nodes = nodes;
		m->cap = cap;
	}
	m->nodes[m->tnds.n++] = *x;
}

void cp_dir(struct cp_map *m, unsigned int depth, const char *name)
{
	put(m, &(struct dm_tnds_node){ .depth = (uint16_t)depth, .format = SLICE_LIT("node"),
				       .name = slice_str(name) });
}

static struct slice decimal(struct cp_map *m, unsigned int n)
{
	char text[12];
	int len = snprintf(text, sizeof(text), "%u", n);

	return cp_keep(m, slice_of(text, (size_t)len));
}

void cp_numbered(struct cp_map *m, unsigned int depth, unsigned int number)
{
	put(m, &(struct dm_tnds_node){ .depth = (uint16_t)depth, .format = SLICE_LIT("node"),
				       .name = decimal(m, number) });
}

void cp_member(struct cp_map *m, unsigned int depth, const char *name, unsigned int *number)
{
	if (!*number)
		cp_dir(m, depth, name);
	cp_numbered(m, depth + 1, ++*number);
}

/* Get, Replace and Delete for the servers of the document; for an account, its own alone. */
static struct slice rights(struct cp_map *m, const struct cp_object *o)
{
	static const char *const cmds[] = { "Get=", "&Replace=", "&Delete=" };
	_cleanup_buf_ struct buf acl = BUF_INIT;

	for (size_t c = 0; c < 3; c++) {
		bool first = true;

		for (size_t i = 0; i < m->nobjects; i++) {
			const struct cp_object *a = &m->objects[i];

			if (a->kind != CP_ACCOUNT || a->doc != o->doc ||
			    (o->kind == CP_ACCOUNT && a != o))
				continue;
			buf_put_str(&acl, first ? cmds[c] : "+");
			buf_put_slice(&acl, a->id);
			first = false;
		}
	}
	if (buf_error(&acl)) {
		cp_fail(m, -ENOMEM, "no memory");
		return SLICE_NONE;
	}
	return acl.len ? cp_keep(m, buf_slice(&acl)) : SLICE_NONE;
}

void cp_root(struct cp_map *m, const struct cp_object *o, const char *type)
{
	put(m, &(struct dm_tnds_node){ .depth = 1, .format = SLICE_LIT("node"),
				       .name = decimal(m, o->number), .type = slice_str(type),
				       .acl = rights(m, o) });
}

/* What a text may hold: no control characters but tab and line ends. */
static bool is_text(struct slice v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] == 0x7f ||
		    (v.p[i] < 0x20 && v.p[i] != '\t' && v.p[i] != '\n' && v.p[i] != '\r'))
			return false;
	return !str_has_nonchar(v);
}

static void leaf(struct cp_map *m, unsigned int depth, const char *name, const char *format,
		 struct slice value, const char *parm)
{
	bool bin = strcmp(format, "bin") == 0;

	if (m->err || !value.n)
		return;
	if (value.n > CP_VALUE_MAX)
		cp_fail(m, -EBADMSG, "%s is too long", parm);
	else if (!bin && !is_text(value))
		cp_fail(m, -EBADMSG, "%s holds control characters", parm);
	put(m, &(struct dm_tnds_node){
		.depth = (uint16_t)depth, .name = slice_str(name), .format = slice_str(format),
		.type = bin ? SLICE_LIT("application/octet-stream") : SLICE_LIT("text/plain"),
		.has_value = true, .value_opaque = bin, .value = value });
}

void cp_leaf(struct cp_map *m, unsigned int depth, const char *name, const char *format,
	     struct slice value, const char *parm)
{
	/* References made here look like this: a text of a document may not pass for one. */
	if (str_starts(value, "./Inbox/"))
		cp_fail(m, -EBADMSG, "%s refers to the Inbox", parm);
	leaf(m, depth, name, format, value, parm);
}

void cp_ref(struct cp_map *m, unsigned int depth, const char *name, struct slice ref)
{
	leaf(m, depth, name, "chr", ref, "TO-NAPID or TO-PROXY");
}

void cp_text(struct cp_map *m, unsigned int depth, const char *name, struct cp_at at,
	     const char *parm)
{
	cp_leaf(m, depth, name, "chr", cp_value(at, parm), parm);
}

bool cp_is_number(struct slice v)
{
	uint32_t n;

	return v.n && !str_parse_u32(v, &n) && n <= INT32_MAX;
}

void cp_number(struct cp_map *m, unsigned int depth, const char *name, struct cp_at at,
	       const char *parm)
{
	struct slice v = cp_value(at, parm);

	if (cp_is_number(v))
		cp_leaf(m, depth, name, "int", v, parm);
	else
		m->ignored += v.n > 0;
}

struct slice cp_port(struct cp_map *m, struct slice value)
{
	uint32_t n;

	if (!value.n)
		return SLICE_NONE;
	if (str_parse_u32(value, &n) || !n || n > 65535) {
		cp_fail(m, -EBADMSG, "PORTNBR is no port number");
		return SLICE_NONE;
	}
	return value;
}

/* --- references ---------------------------------------------------------- */

static const char *const dirs[CP_KINDS] = { "NAP", "Proxy", "DMAcc" };

/* Any way to the internet: the NAPDEF of that name, else the first that says so of itself. */
static const struct cp_object *internet(const struct cp_map *m)
{
	for (size_t i = 0; i < m->nobjects; i++)
		if (m->objects[i].kind == CP_NAP && m->objects[i].internet)
			return &m->objects[i];
	return NULL;
}

static void refer(struct cp_map *m, const struct cp_object *o, cp_ref_fn *fn, void *ctx)
{
	char uri[32];
	int n = snprintf(uri, sizeof(uri), "./Inbox/%s/%u", dirs[o->kind], o->number);

	fn(m, ctx, cp_keep(m, slice_of(uri, (size_t)n)));
}

/* The objects that @id names; several for a proxy of several parts. */
static void resolve(struct cp_map *m, enum cp_kind kind, struct slice id, cp_ref_fn *fn, void *ctx)
{
	bool any = false;

	for (size_t i = 0; i < m->nobjects; i++) {
		const struct cp_object *o = &m->objects[i];

		if (o->kind != kind || !slice_eq(o->id, id) || (any && kind == CP_NAP))
			continue;
		refer(m, o, fn, ctx);
		any = true;
	}
	if (any)
		return;
	if (kind == CP_NAP && slice_eq_str(id, "INTERNET")) {
		/* Without one it is the device's own way, which no reference names. */
		if (internet(m))
			refer(m, internet(m), fn, ctx);
		return;
	}
	/* What no document defines may be a name the device knows. */
	if (str_starts(id, "./Inbox/"))
		cp_fail(m, -EBADMSG, "%s refers to the Inbox",
			kind == CP_NAP ? "TO-NAPID" : "TO-PROXY");
	fn(m, ctx, id);
}

void cp_refs(struct cp_map *m, struct cp_at at, cp_ref_fn *fn, void *ctx)
{
	const struct dm_prov_item *items = at.doc->items;
	unsigned int depth = items[at.i].depth + 1;

	for (size_t i = at.i + 1; i < at.doc->n && items[i].depth >= depth && !m->err; i++) {
		bool proxy = slice_eq_str(items[i].name, "TO-PROXY");

		if (items[i].depth != depth || items[i].kind != DM_PROV_PARM || !items[i].value.n)
			continue;
		if (proxy || slice_eq_str(items[i].name, "TO-NAPID"))
			resolve(m, proxy ? CP_PROXY : CP_NAP, items[i].value, fn, ctx);
	}
}

/* --- the documents ------------------------------------------------------- */

static struct cp_object *note(struct cp_map *m, enum cp_kind kind, size_t doc, struct cp_at at)
{
	struct cp_object *o;

	if (m->nobjects == CP_OBJECTS_MAX) {
		cp_fail(m, -EBADMSG, "the documents hold more than %u objects", CP_OBJECTS_MAX);
		return NULL;
	}
	o = &m->objects[m->nobjects++];
	*o = (struct cp_object){ .kind = kind, .doc = doc, .at = at, .number = ++m->count[kind] };
	return o;
}

static void note_nap(struct cp_map *m, size_t doc, struct cp_at at)
{
	struct slice id = cp_value(at, "NAPID");
	struct cp_object *o = id.n ? note(m, CP_NAP, doc, at) : NULL;

	if (!o) {
		m->ignored++;
		return;
	}
	o->id = id;
	o->internet = slice_present(cp_value(at, "INTERNET"));
}

/* A proxy for each of its physical parts: one object has one address. */
static void note_proxy(struct cp_map *m, size_t doc, struct cp_at at)
{
	struct slice id = cp_value(at, "PROXY-ID");
	struct cp_at part = at;
	bool any = false;

	while (id.n && cp_next(at, DM_PROV_CHARACTERISTIC, "PXPHYSICAL", &part.i)) {
		struct cp_object *o = NULL;

		if (cp_value(part, "PXADDR").n)
			o = note(m, CP_PROXY, doc, at);
		if (!o)
			continue;
		o->id = id;
		o->physical = part;
		any = true;
	}
	m->ignored += !any;
}

static void note_application(struct cp_map *m, size_t doc, struct cp_at at)
{
	struct cp_object *o = NULL;

	if (slice_eq_str(cp_value(at, "APPID"), "w7"))
		o = note(m, CP_ACCOUNT, doc, at);
	if (o)
		cp_w7_note(m, o);
	else
		m->ignored++;
}

static void note_document(struct cp_map *m, size_t doc)
{
	struct cp_at at = { m->docs[doc], 0 };

	for (; at.i < at.doc->n && !m->err; at.i++) {
		const struct dm_prov_item *it = &at.doc->items[at.i];

		if (it->depth || it->kind != DM_PROV_CHARACTERISTIC)
			continue;
		if (slice_eq_str(it->name, "NAPDEF"))
			note_nap(m, doc, at);
		else if (slice_eq_str(it->name, "PXLOGICAL"))
			note_proxy(m, doc, at);
		else if (slice_eq_str(it->name, "APPLICATION"))
			note_application(m, doc, at);
		else
			m->ignored++;
	}
}

static void make(struct cp_map *m, enum cp_kind kind)
{
	static void (*const fns[CP_KINDS])(struct cp_map *, const struct cp_object *) = {
		cp_nap_make, cp_proxy_make, cp_w7_make,
	};

	if (m->count[kind])
		cp_dir(m, 0, dirs[kind]);
	for (size_t i = 0; i < m->nobjects && !m->err; i++)
		if (m->objects[i].kind == kind)
			fns[kind](m, &m->objects[i]);
}

int cp_map_new(const struct dm_prov *const *docs, size_t n, struct cp_map **out, char *why,
	       size_t size)
{
	struct cp_map *m = calloc(1, sizeof(*m));
	int err;

	if (!m) {
		snprintf(why, size, "no memory");
		return -ENOMEM;
	}
	m->docs = docs;
	m->ndocs = n;
	m->why = why;
	m->why_size = size;
	for (size_t i = 0; i < n && !m->err; i++)
		note_document(m, i);
	for (int k = 0; k < CP_KINDS && !m->err; k++)
		make(m, (enum cp_kind)k);
	m->tnds.nodes = m->nodes;
	err = m->err;
	if (err)
		cp_map_free(m);
	else
		*out = m;
	return err;
}

const struct dm_tnds *cp_map_tnds(const struct cp_map *m)
{
	return &m->tnds;
}

bool cp_map_init(const struct cp_map *m, struct slice server)
{
	for (size_t i = 0; i < m->nobjects; i++)
		if (m->objects[i].kind == CP_ACCOUNT && slice_eq(m->objects[i].id, server))
			return m->objects[i].init;
	return false;
}

size_t cp_map_ignored(const struct cp_map *m)
{
	return m->ignored;
}

void cp_map_free(struct cp_map *m)
{
	struct cp_kept *t, *next;

	for (t = m ? m->texts : NULL; t; t = next) {
		next = t->next;
		explicit_bzero(t->bytes, t->n);
		free(t);
	}
	if (m)
		free(m->nodes);
	free(m);
}
