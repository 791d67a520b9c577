// SPDX-License-Identifier: GPL-2.0-or-later
/* Elements as XML 1.0 text. It needs no library: only escaping is more than copying. */
#include <errno.h>
#include "codec/tags.h"
#include "codec/write.h"
#include "util/str.h"

/* Longest replacement of one byte: "&amp;" and "&#13;". */
#define MAX_GROWTH 5u

static const struct {
	const char *attr;
	size_t n;
} namespaces[CODEC_PAGES] = {
#define NS(s) { s, sizeof(s) - 1 }
	[CODEC_PAGE_SYNCML] = NS(" xmlns=\"SYNCML:SYNCML1.2\""),
	[CODEC_PAGE_METINF] = NS(" xmlns=\"syncml:metinf\""),
	[CODEC_PAGE_DDF] = NS(" xmlns=\"syncml:dmddf1.2\""),
#undef NS
};

#define MAX_NS 32u
#define MAX_CLOSE 24u	/* bytes written for an end tag, what is behind its '>' included */
#define MAX_OPEN (MAX_CLOSE + MAX_NS)

/* End tags, to be copied in one piece of fixed size; a start tag is the same without the '/'. */
static const struct {
	char close[MAX_CLOSE - 1];
	uint8_t n;		/* of the name */
} tags[CODEC_PAGES * CODEC_PAGE_TAGS] = {
#define X(token, sym, name) [TAG_##sym] = { "</" name ">", sizeof(name) - 1 },
	CODEC_TAGS_SYNCML(X)
	CODEC_TAGS_METINF(X)
	CODEC_TAGS_DDF(X)
#undef X
};

/* A default namespace begins at the roots and at each child of Meta. */
static bool needs_namespace(unsigned int tag)
{
	return tag == TAG_SML_SYNC_ML || tag == TAG_DDF_MGMT_TREE ||
	       codec_tag_page(tag) == CODEC_PAGE_METINF;
}

static uint8_t *put(uint8_t *p, const void *s, size_t n)
{
	memcpy(p, s, n);
	return p + n;
}

/* These may write MAX_CLOSE bytes, whatever the length they return. */
static uint8_t *put_open(uint8_t *p, unsigned int tag)
{
	*p++ = '<';
	memcpy(p, tags[tag].close + 2, sizeof(tags[tag].close) - 2);
	p += tags[tag].n;
	if (needs_namespace(tag))
		p = put(p, namespaces[codec_tag_page(tag)].attr, namespaces[codec_tag_page(tag)].n);
	return p;
}

static uint8_t *put_close(uint8_t *p, unsigned int tag)
{
	memcpy(p, tags[tag].close, sizeof(tags[tag].close));
	return p + tags[tag].n + 3;
}

static void advance(struct codec_writer *w, const uint8_t *end)
{
	w->out->len = (size_t)(end - w->out->data);
	w->out->data[w->out->len] = '\0';
}

static void xml_open(struct codec_writer *w, unsigned int tag)
{
	uint8_t *p = buf_room(w->out, MAX_OPEN);

	if (!p)
		return;
	p = put_open(p, tag);
	*p++ = '>';
	advance(w, p);
}

static void xml_close(struct codec_writer *w, unsigned int tag)
{
	uint8_t *p = buf_room(w->out, MAX_CLOSE);

	if (p)
		advance(w, put_close(p, tag));
}

static void xml_empty(struct codec_writer *w, unsigned int tag)
{
	uint8_t *p = buf_room(w->out, MAX_OPEN);

	if (!p)
		return;
	p = put_open(p, tag);
	*p++ = '/';
	*p++ = '>';
	advance(w, p);
}

enum char_class {
	CH_PLAIN,
	CH_ESCAPE,
	CH_BAD,
};

static enum char_class class_of(uint8_t c)
{
	if (c < 0x20) {
		if (c == '\t' || c == '\n')
			return CH_PLAIN;
		/* A bare CR would be read back as LF (XML 1.0, 2.11). */
		return c == '\r' ? CH_ESCAPE : CH_BAD;
	}
	/* '>' too: "]]>" must not stand in text (XML 1.0, 2.4). */
	return c == '<' || c == '>' || c == '&' ? CH_ESCAPE : CH_PLAIN;
}

static uint8_t *put_escape(uint8_t *p, uint8_t c)
{
	switch (c) {
	case '<':
		return put(p, "&lt;", 4);
	case '>':
		return put(p, "&gt;", 4);
	case '&':
		return put(p, "&amp;", 5);
	default:
		return put(p, "&#13;", 5);
	}
}

/* U+FFFE and U+FFFF are UTF-8 but no characters of XML. */
static bool has_noncharacter(struct slice s)
{
	for (size_t i = 0; i + 2 < s.n; i++) {
		if (s.p[i] == 0xef && s.p[i + 1] == 0xbf && s.p[i + 2] >= 0xbe)
			return true;
	}
	return false;
}

#define BYTES(c) ((c) * 0x0101010101010101ull)

/* Whole words at the start that hold nothing but plain ASCII: most text is no more than that. */
static size_t plain_prefix(struct slice s)
{
	size_t i;

	for (i = 0; i + 8 <= s.n; i += 8) {
		uint64_t w, special;

		memcpy(&w, s.p + i, 8);
		/* A byte is 0 in one of these, or has its top bit, or is below 0x20 ... */
		special = ((w & ~BYTES(0x02)) ^ BYTES('<')) - BYTES(0x01);	/* '<', '>' */
		special |= (w ^ BYTES('&')) - BYTES(0x01);
		special |= (w - BYTES(0x20)) | w;
		/* ... or merely stands above one that is: then the bytes are looked at. */
		if (special & BYTES(0x80))
			break;
	}
	return i;
}

/* How many bytes need a replacement, or -EILSEQ for what XML cannot carry. */
static int64_t survey(struct slice s)
{
	size_t i = plain_prefix(s);
	int64_t escapes = 0;
	uint8_t high = 0;

	for (; i < s.n; i++) {
		high |= s.p[i];
		/* Everything special is below '@'. */
		if (s.p[i] > '>')
			continue;
		switch (class_of(s.p[i])) {
		case CH_ESCAPE:
			escapes++;
			break;
		case CH_BAD:
			return -EILSEQ;
		default:
			break;
		}
	}
	if (high & 0x80 && (!str_utf8_valid(s) || has_noncharacter(s)))
		return -EILSEQ;
	return escapes;
}

static void xml_text(struct codec_writer *w, unsigned int tag, struct slice s)
{
	int64_t escapes = survey(s);
	uint8_t *p;

	if (escapes < 0) {
		codec_write_fail(w, (int)escapes);
		return;
	}
	if (s.n == 0) {
		xml_empty(w, tag);
		return;
	}
	p = buf_room(w->out, MAX_OPEN + s.n + (size_t)escapes * (MAX_GROWTH - 1) + MAX_CLOSE);
	if (!p)
		return;
	p = put_open(p, tag);
	*p++ = '>';
	if (!escapes) {
		p = put(p, s.p, s.n);
	} else {
		for (size_t i = 0; i < s.n; i++) {
			if (class_of(s.p[i]) == CH_ESCAPE)
				p = put_escape(p, s.p[i]);
			else
				*p++ = s.p[i];
		}
	}
	advance(w, put_close(p, tag));
}

static void xml_data(struct codec_writer *w, unsigned int tag, struct slice s, bool opaque)
{
	xml_text(w, tag, s);
}

static void xml_prolog(struct codec_writer *w)
{
	buf_put_str(w->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
}

/* A tree mostly travels inside Data, where a declaration would be in the way. */
static void xml_nothing(struct codec_writer *w)
{
}

const struct codec_syntax codec_xml_syntax = {
	.prolog = xml_prolog,
	.tnds_prolog = xml_nothing,
	.open = xml_open,
	.close = xml_close,
	.empty = xml_empty,
	.text = xml_text,
	.data = xml_data,
	.settle = xml_nothing,
};
