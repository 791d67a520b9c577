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
	/*
	 * For an element by its name, XML or a WBXML literal: the code page of those
	 * that may stand here, below CODEC_EVENT_PAGES, ...
	 */
	unsigned int (*page)(void *ctx);
	/* ... and the tag of that name there, 0 for an unknown one. */
	unsigned int (*find)(unsigned int page, const void *name, size_t n);
	/* @tag: page * 64 + token; 0 = unknown. */
	int (*start)(void *ctx, unsigned int tag);
	/* After start, before anything else; NULL = attributes do not matter. Slices do not last. */
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
	/*
	 * By attribute code page: what a start token (05..7F) means, "NAME" or
	 * "NAME=beginning of its value", and the piece of a value that a value token
	 * (85..FF) means. NULL: unknown, or (the functions) there are no tokens.
	 */
	const char *(*attr_start)(unsigned int page, uint8_t token);
	const char *(*attr_value)(unsigned int page, uint8_t token);
};

/* Our own parser. Return as codec_xml_parse(). */
int codec_wbxml_parse(struct slice doc, const struct codec_wbxml_type *type, bool allow_padding,
		      const struct codec_events *ev, void *ctx, struct codec_error *err);

#endif
