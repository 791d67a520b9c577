/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the XML and the WBXML parser say to a builder: the seam between the
 * two syntaxes and the meaning of a document. Each call returns 0, or any
 * other value to stop, which the parser hands back unchanged.
 */
#ifndef DMSC_CODEC_EVENTS_H
#define DMSC_CODEC_EVENTS_H

#include "codec/codec.h"
#include "util/slice.h"

enum codec_text_flag {
	CODEC_TEXT_STABLE = 1 << 0,	/* the bytes outlive the parse: no copy needed */
	CODEC_TEXT_OPAQUE = 1 << 1,	/* WBXML OPAQUE: bytes, not characters */
};

#define CODEC_EVENT_PAGES 4u

struct codec_events {
	/* XML only: the code page of the elements that may stand here, below CODEC_EVENT_PAGES. */
	unsigned int (*page)(void *ctx);
	/* XML only: the tag of an element name on a page, 0 for an unknown one. */
	unsigned int (*find)(unsigned int page, const void *name, size_t n);
	/* @tag: page * 64 + token; 0 = unknown. */
	int (*start)(void *ctx, unsigned int tag);
	/* After start, before anything else; NULL = attributes do not matter. */
	int (*attr)(void *ctx, struct slice name, struct slice value);
	int (*text)(void *ctx, struct slice s, unsigned int flags);
	int (*end)(void *ctx);
};

/* Writes @text (a literal) and @ret into @err, which may be NULL; returns @ret. */
int codec_fail(struct codec_error *err, int ret, const char *text);

/*
 * libxml2 behind events. 0, -EBADMSG not well-formed or with a DOCTYPE,
 * -ENOMEM, or what an event returned.
 */
int codec_xml_parse(struct slice doc, const struct codec_events *ev, void *ctx,
		    struct codec_error *err);

/* What a WBXML document type looks like. */
struct codec_wbxml_type {
	unsigned int pages;		/* tag code pages known; tags of others are unknown elements */
	const uint32_t *public_ids;	/* accepted, ends with 0 */
	const char *const *fpis;	/* accepted prefixes of a public identifier in the string table, NULL ends */
	/* Attribute tokens by code page; NULL when attributes only have literal names. */
	const struct codec_wbxml_attrs *attrs;
	unsigned int attr_pages;
};

struct codec_wbxml_attrs {
	/* By token 05..7F minus 5: "NAME" or "NAME=prefix of the value"; NULL = unknown. */
	const char *const *starts;
	unsigned int nstarts;
	/* By token 85..FF minus 0x85: a piece of value; NULL = unknown. */
	const char *const *values;
	unsigned int nvalues;
};

/* Our own parser. Return as codec_xml_parse(). */
int codec_wbxml_parse(struct slice doc, const struct codec_wbxml_type *type, bool allow_padding,
		      const struct codec_events *ev, void *ctx, struct codec_error *err);

#endif
