// SPDX-License-Identifier: GPL-2.0-or-later
/* Events of either parser to the flat list of a provisioning document. */
#include "codec/prov.h"

#include <errno.h>
#include <stdlib.h>

#include "codec/arena.h"
#include "codec/events.h"
#include "codec/prov_tokens.h"
#include "codec/tags.h"
#include "codec/wbxml.h"
#include "util/str.h"

const struct codec_limits codec_prov_limits_default = {
	.message = 256u << 10,
	.memory = 1u << 20,
	.depth = 32,
	.elements = 16384,
	.nodes = 4096,
};

struct codec_prov {
	struct arena texts;
	struct dm_prov_item *items;
	struct dm_prov doc;
};

/* What attributes of the element that just began go to. */
enum prov_element {
	EL_NONE,	/* none: no attribute counts */
	EL_ROOT,
	EL_CHARACTERISTIC,
	EL_PARM,
};

struct prov {
	struct codec_limits lim;
	struct codec_error *err;
	struct codec_prov *out;
	size_t cap;
	unsigned int elements;
	unsigned int depth;	/* open elements, the root included */
	unsigned int skip;	/* depth of an element whose content does not count; 0 = none */
	enum prov_element now;
	struct dm_prov_item item;	/* begun, its attributes still come */
};

/* --- elements ------------------------------------------------------------------ */

/* The item that began, once its attributes are all there. */
static int settle(struct prov *p)
{
	struct codec_prov *out = p->out;
	enum prov_element now = p->now;

	p->now = EL_NONE;
	if (now != EL_CHARACTERISTIC && now != EL_PARM)
		return 0;
	/* It is the innermost. A parm holds nothing, and what has no name none that counts. */
	if (now == EL_PARM || !slice_present(p->item.name))
		p->skip = p->depth;
	if (!slice_present(p->item.name))
		return 0;
	if (out->doc.n == p->lim.nodes)
		return codec_fail(p->err, -E2BIG, "too many characteristics and parms");
	if (out->doc.n == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 32;
		struct dm_prov_item *items = reallocarray(out->items, cap, sizeof(*items));

		if (!items)
			return codec_fail(p->err, -ENOMEM, "out of memory");
		out->items = items;
		p->cap = cap;
	}
	out->items[out->doc.n++] = p->item;
	return 0;
}

static unsigned int on_page(void *ctx)
{
	return 0;
}

static unsigned int on_find(unsigned int page, const void *name, size_t n)
{
	struct slice s = slice_of(name, n);

	if (slice_eq_str(s, "parm"))
		return PROV_TAG_PARM;
	if (slice_eq_str(s, "characteristic"))
		return PROV_TAG_CHARACTERISTIC;
	return slice_eq_str(s, "wap-provisioningdoc") ? (unsigned int)PROV_TAG_DOC : 0;
}

static int on_start(void *ctx, unsigned int tag)
{
	struct prov *p = ctx;
	int ret = settle(p);

	if (ret)
		return ret;
	if (p->depth == p->lim.depth)
		return codec_fail(p->err, -E2BIG, "elements are nested too deep");
	if (++p->elements > p->lim.elements)
		return codec_fail(p->err, -E2BIG, "too many elements");
	p->depth++;
	if (p->depth == 1) {
		if (tag != PROV_TAG_DOC)
			return codec_fail(p->err, -EBADMSG,
					  "the root element is not wap-provisioningdoc");
		p->now = EL_ROOT;
		return 0;
	}
	if (p->skip)
		return 0;
	tag %= CODEC_PAGE_TAGS;
	p->item = (struct dm_prov_item){ .depth = p->depth - 2 };
	if (tag == PROV_TAG_CHARACTERISTIC) {
		p->now = EL_CHARACTERISTIC;
		p->item.kind = DM_PROV_CHARACTERISTIC;
	} else if (tag == PROV_TAG_PARM) {
		p->now = EL_PARM;
		p->item.kind = DM_PROV_PARM;
	} else {
		p->skip = p->depth;
	}
	return 0;
}

static int on_end(void *ctx)
{
	struct prov *p = ctx;
	int ret = settle(p);

	if (p->skip == p->depth)
		p->skip = 0;
	p->depth--;
	return ret;
}

/* --- attributes ----------------------------------------------------------------- */

/* The first of a name counts. */
static int keep(struct prov *p, struct slice *dest, struct slice s)
{
	uint8_t *copy;
	int ret = 0;

	if (slice_present(*dest))
		return 0;
	/* One byte more, so that an empty text has a place of its own. */
	copy = arena_grow(&p->out->texts, NULL, 0, s.n + 1, &ret);
	if (!copy)
		return codec_fail(p->err, ret, "too much text");
	memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	if (memchr(copy, 0, s.n) || !str_utf8_valid(slice_of(copy, s.n)))
		return codec_fail(p->err, -EBADMSG, "an attribute is not UTF-8");
	*dest = slice_of(copy, s.n);
	return 0;
}

static int on_attr(void *ctx, struct slice name, struct slice value)
{
	struct prov *p = ctx;

	switch (p->now) {
	case EL_ROOT:
		return slice_eq_str(name, "version") ? keep(p, &p->out->doc.version, value) : 0;
	case EL_CHARACTERISTIC:
		return slice_eq_str(name, "type") ? keep(p, &p->item.name, value) : 0;
	case EL_PARM:
		if (slice_eq_str(name, "name"))
			return keep(p, &p->item.name, value);
		return slice_eq_str(name, "value") ? keep(p, &p->item.value, value) : 0;
	default:
		return 0;
	}
}

/* The document type has no text; white space between elements is layout. */
static int on_text(void *ctx, struct slice s, unsigned int flags)
{
	return 0;
}

static const struct codec_events events = {
	.page = on_page,
	.find = on_find,
	.start = on_start,
	.attr = on_attr,
	.text = on_text,
	.end = on_end,
};

/* --- entrances -------------------------------------------------------------------- */

static const uint32_t public_ids[] = { WBXML_ID_PROV_1_0, WBXML_ID_UNKNOWN, 0 };
static const char *const fpis[] = { WBXML_FPI_PROV, NULL };

static const struct codec_wbxml_type type = {
	.pages = PROV_PAGES,
	.public_ids = public_ids,
	.fpis = fpis,
	.attr_start = prov_attr_start,
	.attr_value = prov_attr_value,
};

static struct codec_limits limits_of(const struct codec_limits *given)
{
	const struct codec_limits *def = &codec_prov_limits_default;
	struct codec_limits lim = given ? *given : *def;

	lim.message = lim.message ? lim.message : def->message;
	lim.memory = lim.memory ? lim.memory : def->memory;
	lim.depth = lim.depth ? lim.depth : def->depth;
	lim.elements = lim.elements ? lim.elements : def->elements;
	lim.nodes = lim.nodes ? lim.nodes : def->nodes;
	return lim;
}

static int decode(struct prov *p, enum codec_format format, struct slice doc)
{
	if (doc.n > p->lim.message)
		return codec_fail(p->err, -E2BIG, "the document is too long");
	if (!doc.n)
		return codec_fail(p->err, -EBADMSG, "the document is empty");
	if (format == CODEC_XML)
		return codec_xml_parse(doc, &events, p, p->err);
	return codec_wbxml_parse(doc, &type, p->lim.allow_padding, &events, p, p->err);
}

int codec_prov_decode(enum codec_format format, struct slice doc, const struct codec_limits *limits,
		      struct codec_prov **out, struct codec_error *err)
{
	struct prov p = { .lim = limits_of(limits), .err = err };
	int ret;

	if (err)
		memset(err, 0, sizeof(*err));
	p.out = calloc(1, sizeof(*p.out));
	if (!p.out)
		return codec_fail(err, -ENOMEM, "out of memory");
	arena_init(&p.out->texts, p.lim.memory);
	ret = decode(&p, format, doc);
	if (ret) {
		codec_prov_free(p.out);
		return ret;
	}
	p.out->doc.items = p.out->items;
	*out = p.out;
	return 0;
}

const struct dm_prov *codec_prov_get(const struct codec_prov *p)
{
	return &p->doc;
}

void codec_prov_free(struct codec_prov *p)
{
	if (!p)
		return;
	arena_fini(&p->texts);
	free(p->items);
	free(p);
}
