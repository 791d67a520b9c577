// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Our own WBXML 1.1-1.3 parser: bytes to events, one pass, no recursion, no
 * allocation. It knows tokens and no document type: that is struct
 * codec_wbxml_type. Clauses are those of WAP-192 (WBXML 1.3).
 */
#include <errno.h>
#include "codec/events.h"
#include "codec/tags.h"
#include "codec/wbxml.h"

struct wbxml {
	const uint8_t *start, *p, *end;
	struct slice strings;	/* string table */
	const struct codec_wbxml_type *type;
	const struct codec_events *ev;
	void *ctx;
	struct codec_error *err;
	unsigned int depth;	/* open elements */
	uint8_t page, attr_page;
	size_t referred;	/* bytes of the string table meant by references */
};

#define REFERRED_MAX (64u << 20)

static int bad(struct wbxml *w, const char *why)
{
	codec_fail(w->err, -EBADMSG, why);
	return -EBADMSG;
}

/* mb_u_int32 (5.1): 7 bits a byte, most significant first, 32 bits at most. */
static int get_mb(struct wbxml *w, uint32_t *out)
{
	uint32_t v = 0;

	for (unsigned int i = 0; i < 5; i++) {
		uint8_t c;

		if (w->p == w->end)
			return bad(w, "ends inside a number");
		c = *w->p++;
		if (v >> 25)
			return bad(w, "number exceeds 32 bits");
		v = v << 7 | (c & 0x7f);
		if (!(c & 0x80)) {
			*out = v;
			return 0;
		}
	}
	return bad(w, "number of more than five bytes");
}

static int get_byte(struct wbxml *w, uint8_t *out)
{
	if (w->p == w->end)
		return bad(w, "ends inside a token");
	*out = *w->p++;
	return 0;
}

/* termstr: up to a NUL, which is consumed. */
static int get_inline(struct wbxml *w, struct slice *out)
{
	const uint8_t *nul = NULL;

	if (w->p != w->end)
		nul = memchr(w->p, 0, (size_t)(w->end - w->p));
	if (!nul)
		return bad(w, "string without an end");
	*out = slice_of(w->p, (size_t)(nul - w->p));
	w->p = nul + 1;
	return 0;
}

static int get_ref(struct wbxml *w, struct slice *out)
{
	const uint8_t *at, *nul;
	uint32_t index;
	int ret = get_mb(w, &index);

	if (ret)
		return ret;
	if (index >= w->strings.n)
		return bad(w, "reference outside the string table");
	at = w->strings.p + index;
	nul = memchr(at, 0, w->strings.n - index);
	/* Servers are seen that do not terminate the last entry: the table's end does. */
	*out = slice_of(at, nul ? (size_t)(nul - at) : w->strings.n - index);
	/* Three bytes may mean a megabyte, as often as there is room for three bytes. */
	w->referred += out->n;
	if (w->referred > REFERRED_MAX)
		return codec_fail(w->err, -E2BIG, "too much text from the string table");
	return 0;
}

static int get_opaque(struct wbxml *w, struct slice *out)
{
	uint32_t n;
	int ret = get_mb(w, &n);

	if (ret)
		return ret;
	if (n > (size_t)(w->end - w->p))
		return bad(w, "opaque data longer than the document");
	*out = slice_of(w->p, n);
	w->p += n;
	return 0;
}

/* entcode (5.8.4.3): a character by its number. @to holds 4 bytes. */
static int get_entity(struct wbxml *w, uint8_t *to, struct slice *out)
{
	size_t n = 0;
	uint32_t c;
	int ret = get_mb(w, &c);

	if (ret)
		return ret;
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return bad(w, "entity is no character");
	if (c < 0x80) {
		to[n++] = (uint8_t)c;
	} else if (c < 0x800) {
		to[n++] = (uint8_t)(0xc0 | c >> 6);
		to[n++] = (uint8_t)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		to[n++] = (uint8_t)(0xe0 | c >> 12);
		to[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		to[n++] = (uint8_t)(0x80 | (c & 0x3f));
	} else {
		to[n++] = (uint8_t)(0xf0 | c >> 18);
		to[n++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
		to[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		to[n++] = (uint8_t)(0x80 | (c & 0x3f));
	}
	*out = slice_of(to, n);
	return 0;
}

/* --- attributes ---------------------------------------------------------------- */

#define ATTR_VALUE_MAX 8192u

/* One attribute as it grows; long values come in pieces, so they are put together here. */
struct attr {
	bool open;
	struct slice name;
	size_t n;
	uint8_t value[ATTR_VALUE_MAX];
};

static int attr_add(struct wbxml *w, struct attr *a, struct slice s)
{
	if (!a->open)
		return bad(w, "attribute value without an attribute");
	if (s.n > sizeof(a->value) - a->n)
		return codec_fail(w->err, -E2BIG, "attribute value is too long");
	if (s.n)
		memcpy(a->value + a->n, s.p, s.n);
	a->n += s.n;
	return 0;
}

static int attr_close(struct wbxml *w, struct attr *a, bool report)
{
	bool open = a->open;

	a->open = false;
	if (!open || !report || !w->ev->attr)
		return 0;
	return w->ev->attr(w->ctx, a->name, slice_of(a->value, a->n));
}

static int attr_start(struct wbxml *w, struct attr *a, uint8_t token)
{
	const char *s = NULL, *eq;

	if (w->type->attr_start)
		s = w->type->attr_start(w->attr_page, token);
	a->open = true;
	a->n = 0;
	if (!s) {
		a->name = slice_of("", 0);	/* unknown: reported without a name */
		return 0;
	}
	eq = strchr(s, '=');
	if (!eq) {
		a->name = slice_str(s);
		return 0;
	}
	a->name = slice_of(s, (size_t)(eq - s));
	return attr_add(w, a, slice_str(eq + 1));
}

static int attr_value(struct wbxml *w, struct attr *a, uint8_t token)
{
	const char *s = NULL;

	if (w->type->attr_value)
		s = w->type->attr_value(w->attr_page, token);
	return s ? attr_add(w, a, slice_str(s)) : bad(w, "unknown attribute value token");
}

static int attr_token(struct wbxml *w, struct attr *a, uint8_t c, bool report)
{
	uint8_t room[4];
	struct slice s;
	int ret;

	switch (c) {
	case WBXML_SWITCH_PAGE:
		return get_byte(w, &w->attr_page);
	case WBXML_STR_I:
		ret = get_inline(w, &s);
		break;
	case WBXML_STR_T:
		ret = get_ref(w, &s);
		break;
	case WBXML_OPAQUE:
		ret = get_opaque(w, &s);
		break;
	case WBXML_ENTITY:
		ret = get_entity(w, room, &s);
		break;
	case WBXML_LITERAL:
		ret = attr_close(w, a, report);
		if (!ret)
			ret = get_ref(w, &a->name);
		a->open = true;
		a->n = 0;
		return ret;
	case WBXML_EXT_I_0 ... WBXML_EXT_I_0 + 2:
	case WBXML_EXT_T_0 ... WBXML_EXT_T_0 + 2:
	case WBXML_EXT_0 ... WBXML_EXT_0 + 2:
		return bad(w, "extension tokens mean nothing here");
	default:
		if (c >= 0x80)
			return attr_value(w, a, c);
		ret = attr_close(w, a, report);
		return ret ? ret : attr_start(w, a, c);
	}
	return ret ? ret : attr_add(w, a, s);
}

/* The list of an element or of a processing instruction (@report false), its END included. */
static int attributes(struct wbxml *w, bool report)
{
	struct attr a;
	uint8_t c;
	int ret;

	a.open = false;
	for (;;) {
		ret = get_byte(w, &c);
		if (ret)
			return ret;
		if (c == WBXML_END)
			return attr_close(w, &a, report);
		ret = attr_token(w, &a, c, report);
		if (ret)
			return ret;
	}
}

/* --- content --------------------------------------------------------------------- */

static int element(struct wbxml *w, uint8_t c)
{
	unsigned int tag = TAG_NONE;
	struct slice literal;
	int ret = 0;

	/* A literal is an element all the same: some encoders have smaller tables than we. */
	if ((c & WBXML_TAG_TOKEN) == WBXML_LITERAL) {
		ret = get_ref(w, &literal);
		if (!ret)
			tag = w->ev->find(w->ev->page(w->ctx), literal.p, literal.n);
	} else if (w->page < w->type->pages) {
		tag = w->page * CODEC_PAGE_TAGS + (c & WBXML_TAG_TOKEN);
	}
	if (!ret)
		ret = w->ev->start(w->ctx, tag);
	if (!ret && c & WBXML_TAG_ATTRS)
		ret = attributes(w, true);
	if (ret)
		return ret;
	if (!(c & WBXML_TAG_CONTENT))
		return w->ev->end(w->ctx);
	w->depth++;
	return 0;
}

static int text(struct wbxml *w, uint8_t c)
{
	unsigned int flags = CODEC_TEXT_STABLE;
	uint8_t room[4];
	struct slice s;
	int ret;

	if (w->depth == 0)
		return bad(w, "text outside the root element");
	switch (c) {
	case WBXML_STR_I:
		ret = get_inline(w, &s);
		break;
	case WBXML_STR_T:
		ret = get_ref(w, &s);
		break;
	case WBXML_OPAQUE:
		flags |= CODEC_TEXT_OPAQUE;
		ret = get_opaque(w, &s);
		break;
	default:
		flags = 0;
		ret = get_entity(w, room, &s);
		break;
	}
	return ret ? ret : w->ev->text(w->ctx, s, flags);
}

/* One token of the body. *@done once the root element is complete. */
static int token(struct wbxml *w, uint8_t c, bool *done)
{
	int ret;

	switch (c) {
	case WBXML_END:
		if (w->depth == 0)
			return bad(w, "end without an element");
		ret = w->ev->end(w->ctx);
		*done = --w->depth == 0;
		return ret;
	case WBXML_STR_I:
	case WBXML_STR_T:
	case WBXML_OPAQUE:
	case WBXML_ENTITY:
		return text(w, c);
	case WBXML_SWITCH_PAGE:
		return get_byte(w, &w->page);
	case WBXML_PI:
		return attributes(w, false);
	case WBXML_EXT_I_0 ... WBXML_EXT_I_0 + 2:
	case WBXML_EXT_T_0 ... WBXML_EXT_T_0 + 2:
	case WBXML_EXT_0 ... WBXML_EXT_0 + 2:
		return bad(w, "extension tokens mean nothing here");
	default:
		ret = element(w, c);
		*done = w->depth == 0;
		return ret;
	}
}

/* What most elements hold is one inline string: no detour through token() for these. */
static inline int string(struct wbxml *w)
{
	struct slice s;
	int ret;

	w->p++;
	ret = get_inline(w, &s);
	if (!ret)
		ret = w->ev->text(w->ctx, s, CODEC_TEXT_STABLE);
	if (ret || w->p == w->end || *w->p != WBXML_END)
		return ret;
	w->p++;
	w->depth--;
	return w->ev->end(w->ctx);
}

static int body(struct wbxml *w)
{
	bool done = false;
	int ret;

	while (!done) {
		uint8_t c;

		if (w->p == w->end)
			return bad(w, "ends inside an element");
		c = *w->p++;
		/* Global tokens have 0 to 4 in these bits; an element of the tables is the common case. */
		if ((c & WBXML_TAG_TOKEN) > WBXML_LITERAL && !(c & WBXML_TAG_ATTRS)) {
			ret = w->ev->start(w->ctx, w->page < w->type->pages ?
					   w->page * CODEC_PAGE_TAGS + (c & WBXML_TAG_TOKEN) :
					   (unsigned int)TAG_NONE);
			if (ret)
				return ret;
			if (!(c & WBXML_TAG_CONTENT)) {
				ret = w->ev->end(w->ctx);
			} else {
				w->depth++;
				if (w->p != w->end && *w->p == WBXML_STR_I)
					ret = string(w);
			}
			done = w->depth == 0;
		} else {
			ret = token(w, c, &done);
		}
		if (ret)
			return ret;
	}
	return 0;
}

static bool known_type(const struct wbxml *w, uint32_t id, struct slice fpi)
{
	if (id) {
		for (const uint32_t *k = w->type->public_ids; *k; k++) {
			if (*k == id)
				return true;
		}
		return false;
	}
	for (const char *const *k = w->type->fpis; *k; k++) {
		size_t n = strlen(*k);

		if (fpi.n >= n && memcmp(fpi.p, *k, n) == 0)
			return true;
	}
	return false;
}

/* version publicid charset strtbl (5.3) */
static int header(struct wbxml *w)
{
	uint32_t id, index = 0, charset, n;
	struct slice fpi = SLICE_NONE;
	uint8_t version;
	int ret;

	ret = get_byte(w, &version);
	if (!ret && (version < WBXML_VERSION_1_1 || version > WBXML_VERSION_1_3))
		ret = bad(w, "not WBXML 1.1 to 1.3");
	if (!ret)
		ret = get_mb(w, &id);
	if (!ret && id == 0)
		ret = get_mb(w, &index);
	if (!ret)
		ret = get_mb(w, &charset);
	if (!ret && charset != WBXML_UTF_8 && charset != WBXML_US_ASCII && charset != 0)
		ret = bad(w, "character set is not UTF-8");
	if (!ret)
		ret = get_mb(w, &n);
	if (!ret && n > (size_t)(w->end - w->p))
		ret = bad(w, "string table longer than the document");
	if (ret)
		return ret;
	w->strings = slice_of(w->p, n);
	w->p += n;
	if (id == 0) {
		if (index >= n)
			return bad(w, "public identifier outside the string table");
		fpi = slice_of(w->strings.p + index, n - index);
	}
	return known_type(w, id, fpi) ? 0 : bad(w, "not a document of this type");
}

int codec_wbxml_parse(struct slice doc, const struct codec_wbxml_type *type, bool allow_padding,
		      const struct codec_events *ev, void *ctx, struct codec_error *err)
{
	struct wbxml w = {
		.start = doc.p, .p = doc.p, .end = doc.p + doc.n,
		.type = type, .ev = ev, .ctx = ctx, .err = err,
	};
	int ret;

	ret = header(&w);
	if (!ret)
		ret = body(&w);
	if (!ret && !allow_padding && w.p != w.end)
		ret = bad(&w, "bytes behind the end");
	if (ret && err)
		err->offset = (size_t)(w.p - w.start);
	return ret;
}
