// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * XML to events through libxml2's SAX2 interface, the only use of that library
 * for reading. No tree is built; there are no entities but the predefined
 * ones, no DTD, no network, no character set but UTF-8.
 */
#include <errno.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include "codec/events.h"

#define CACHE_SIZE 64u

/*
 * What libxml2 does in more than linear time is bounded here: its dictionary
 * of names stops growing at some thousand buckets, and each attribute of a tag
 * is compared with all before it, ahead of the callback that could object.
 */
#define MAX_NAMES 65536u	/* lookups of unknown element names, past the cache */
#define MAX_ATTRS 1024u		/* of the whole document, where none but xmlns is known */
#define MAX_WANTED 16384u	/* the same where attributes matter */
#define MAX_TAG 16384u		/* bytes read for one tag */

/* A name looked up before. libxml2 keeps one copy of a name for all of a document. */
struct cached {
	const xmlChar *name;
	unsigned int page, tag;
};

struct xml_parse {
	xmlParserCtxtPtr xml;
	const struct codec_events *ev;
	void *ctx;
	struct codec_error *err;
	struct slice rest;	/* not yet read by libxml2 */
	int ret;		/* why events stopped */
	bool stopped;
	unsigned int names, attrs;
	size_t quiet;		/* bytes read since the last event */
	struct cached cache[CACHE_SIZE];
};

static void stop(struct xml_parse *p, int ret)
{
	if (p->err) {
		p->err->line = p->xml->input ? (unsigned int)p->xml->input->line : 0;
		p->err->offset = (size_t)xmlByteConsumed(p->xml);
	}
	p->ret = ret;
	p->stopped = true;
	xmlStopParser(p->xml);
}

static unsigned int find(struct xml_parse *p, const xmlChar *name)
{
	unsigned int page = p->ev->page(p->ctx);
	uintptr_t key = (uintptr_t)name;
	struct cached *c = &p->cache[((key >> 2) ^ (key >> 8) ^ page) % CACHE_SIZE];

	if (c->name != name || c->page != page) {
		c->name = name;
		c->page = page;
		c->tag = p->ev->find(page, name, strlen((const char *)name));
		/* Ours are few, however often two of them share a place in the cache. */
		p->names += !c->tag;
	}
	return c->tag;
}

/* Namespaces are tolerated: the local name and the place decide. */
static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
		     int nns, const xmlChar **ns, int nattrs, int ndefaulted,
		     const xmlChar **attrs)
{
	struct xml_parse *p = ctx;
	unsigned int max_attrs = p->ev->attr ? MAX_WANTED : MAX_ATTRS;
	int ret;

	if (p->stopped)
		return;
	p->quiet = 0;
	/* Declarations of namespaces are legion, but few in one tag. */
	p->attrs += (unsigned int)nattrs + (nns > 8 ? (unsigned int)nns : 0);
	ret = p->ev->start(p->ctx, find(p, name));
	if (!ret && (p->attrs > max_attrs || p->names > MAX_NAMES))
		ret = codec_fail(p->err, -E2BIG, "too many attributes or names");
	/* Five pointers an attribute: name, prefix, URI, value, end of value. */
	for (int i = 0; p->ev->attr && !ret && i < nattrs; i++) {
		const xmlChar **a = attrs + 5 * (size_t)i;

		ret = p->ev->attr(p->ctx, slice_str((const char *)a[0]),
				  slice_of(a[3], (size_t)(a[4] - a[3])));
	}
	if (ret)
		stop(p, ret);
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct xml_parse *p = ctx;
	int ret;

	if (p->stopped)
		return;
	p->quiet = 0;
	ret = p->ev->end(p->ctx);
	if (ret)
		stop(p, ret);
}

static void on_text(void *ctx, const xmlChar *s, int n)
{
	struct xml_parse *p = ctx;
	int ret;

	if (p->stopped)
		return;
	p->quiet = 0;
	ret = p->ev->text(p->ctx, slice_of(s, (size_t)n), 0);
	if (ret)
		stop(p, ret);
}

static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *id, const xmlChar *uri)
{
	struct xml_parse *p = ctx;

	stop(p, codec_fail(p->err, -EBADMSG, "a DOCTYPE is not allowed"));
}

/* The predefined entities never come here. */
static void on_reference(void *ctx, const xmlChar *name)
{
	struct xml_parse *p = ctx;

	stop(p, codec_fail(p->err, -EBADMSG, "an entity is not allowed"));
}

static void on_error(void *ctx, xmlErrorPtr error)
{
	/* Read from the parser's context at the end; nothing goes to stderr. */
}

/* These are read whole before an event, in linear time. */
static bool in_section(const struct xml_parse *p)
{
	return p->xml && (p->xml->instate == XML_PARSER_CDATA_SECTION ||
			  p->xml->instate == XML_PARSER_COMMENT || p->xml->instate == XML_PARSER_PI);
}

static int on_read(void *ctx, char *to, int n)
{
	struct xml_parse *p = ctx;
	size_t len = (size_t)n < p->rest.n ? (size_t)n : p->rest.n;

	p->quiet = in_section(p) ? 0 : p->quiet + len;
	if (p->quiet > MAX_TAG) {
		if (!p->stopped)
			p->ret = codec_fail(p->err, -E2BIG, "a tag is too long");
		p->stopped = true;
		return 0;
	}
	if (len)
		memcpy(to, p->rest.p, len);
	p->rest.p += len;
	p->rest.n -= len;
	return (int)len;
}

/* UTF-8 or ASCII: a mark, white space or '<' first, and no NUL after it. */
static bool plausible(struct slice doc)
{
	if (doc.n >= 3 && memcmp(doc.p, "\xef\xbb\xbf", 3) == 0) {
		doc.p += 3;
		doc.n -= 3;
	}
	return doc.n >= 4 && doc.p[0] == '<' && !memchr(doc.p, 0, 4);
}

static int result(struct xml_parse *p)
{
	xmlParserCtxtPtr xml = p->xml;

	if (p->stopped)
		return p->ret;
	if (xml->wellFormed)
		return 0;
	if (p->err) {
		p->err->line = (unsigned int)xml->lastError.line;
		p->err->offset = (size_t)xmlByteConsumed(xml);
	}
	if (xml->errNo == XML_ERR_NO_MEMORY)
		return codec_fail(p->err, -ENOMEM, "out of memory");
	if (p->err && !p->err->text[0])
		snprintf(p->err->text, sizeof(p->err->text), "not well-formed (libxml2 error %d)",
			 xml->errNo);
	return -EBADMSG;
}

int codec_xml_parse(struct slice doc, const struct codec_events *ev, void *ctx,
		    struct codec_error *err)
{
	struct xml_parse p = { .ev = ev, .ctx = ctx, .err = err };
	xmlSAXHandler sax = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.ignorableWhitespace = on_text,
		.cdataBlock = on_text,
		.internalSubset = on_doctype,
		.reference = on_reference,
		.serror = on_error,
	};
	int ret;

	/* Leading white space is not XML, but a TNDS inside an element often has it. */
	while (doc.n && (doc.p[0] == ' ' || (doc.p[0] >= '\t' && doc.p[0] <= '\r'))) {
		doc.p++;
		doc.n--;
	}
	if (!plausible(doc))
		return codec_fail(err, -EBADMSG, "not XML in UTF-8");
	p.rest = doc;
	/*
	 * Reading through a callback lets libxml2 see a few kB at a time: it never
	 * holds a second copy of the message.
	 */
	p.xml = xmlCreateIOParserCtxt(&sax, &p, on_read, NULL, &p, XML_CHAR_ENCODING_UTF8);
	if (!p.xml)
		return codec_fail(err, -ENOMEM, "out of memory");
	/*
	 * IGNORE_ENC: no declaration may start a converter; bytes that are no UTF-8 are
	 * an error. NOENT: without it an '&' in an attribute comes as "&#38;"; there are
	 * no entities but the predefined ones, as a DOCTYPE ends the parse.
	 */
	xmlCtxtUseOptions(p.xml, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_NOENT);
	xmlParseDocument(p.xml);
	ret = result(&p);
	if (p.xml->myDoc)
		xmlFreeDoc(p.xml->myDoc);
	xmlFreeParserCtxt(p.xml);
	return ret;
}
