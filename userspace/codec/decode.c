// SPDX-License-Identifier: GPL-2.0-or-later
/* The decoders' entrances: which parser, which document type, which limits. */
#include <errno.h>
#include <stdlib.h>
#include "codec/build.h"
#include "codec/tags.h"
#include "codec/wbxml.h"
#include "util/str.h"

static const uint32_t syncml_ids[] = {
	WBXML_ID_UNKNOWN, WBXML_ID_SYNCML_1_0, WBXML_ID_SYNCML_1_1, WBXML_ID_SYNCML_1_2, 0
};
static const char *const syncml_fpis[] = { WBXML_FPI_SYNCML, NULL };

static const struct codec_wbxml_type syncml_type = {
	.pages = CODEC_PAGES,
	.public_ids = syncml_ids,
	.fpis = syncml_fpis,
};

/* TND 1.2 section 8.6 registered no number. */
static const uint32_t tnds_ids[] = { WBXML_ID_UNKNOWN, WBXML_ID_SYNCML_1_2, 0 };
static const char *const tnds_fpis[] = { WBXML_FPI_DDF, WBXML_FPI_SYNCML, NULL };

static const struct codec_wbxml_type tnds_type = {
	.pages = CODEC_PAGES,
	.public_ids = tnds_ids,
	.fpis = tnds_fpis,
};

enum codec_format codec_guess(struct slice content_type, struct slice bytes)
{
	struct slice rest = content_type, mime = SLICE_NONE;

	str_split(&rest, ';', &mime);
	mime = str_trim(mime);
	if (mime.n > 6 && str_eq_nocase(slice_of(mime.p + mime.n - 6, 6), "+wbxml"))
		return CODEC_WBXML;
	if (mime.n > 4 && str_eq_nocase(slice_of(mime.p + mime.n - 4, 4), "+xml"))
		return CODEC_XML;
	/* A WBXML document begins with its version, which is no character of XML. */
	if (bytes.n && bytes.p[0] <= WBXML_VERSION_1_3)
		return CODEC_WBXML;
	return CODEC_XML;
}

static int decode(struct build *b, enum codec_format format, struct slice doc,
		  const struct codec_wbxml_type *type)
{
	int ret;

	if (doc.n > b->lim.message)
		return codec_fail(b->err, -E2BIG, "the document is too long");
	if (!doc.n)
		return codec_fail(b->err, -EBADMSG, "the document is empty");
	if (format == CODEC_XML) {
		ret = codec_xml_parse(doc, &build_events, b, b->err);
	} else {
		b->check_utf8 = true;
		ret = codec_wbxml_parse(doc, type, b->lim.allow_padding, &build_events, b, b->err);
	}
	return ret ? ret : build_finish(b);
}

int codec_decode(enum codec_format format, struct slice msg, const struct codec_limits *limits,
		 const struct dm_sink *sink, void *ctx, struct codec_error *err)
{
	struct build b;
	int ret;

	if (err)
		memset(err, 0, sizeof(*err));
	build_init(&b, limits, sink, ctx, err);
	b.borrow = true;
	ret = decode(&b, format, msg, &syncml_type);
	build_fini(&b);
	return ret;
}

struct codec_tnds {
	struct arena texts;
	struct dm_tnds_node *nodes;
	struct dm_tnds tnds;
};

int codec_tnds_decode(enum codec_format format, struct slice doc, const struct codec_limits *limits,
		      struct codec_tnds **out, struct codec_error *err)
{
	struct codec_tnds *t = NULL;
	struct build b;
	int ret;

	if (err)
		memset(err, 0, sizeof(*err));
	build_init(&b, limits, NULL, NULL, err);
	ret = decode(&b, format, doc, &tnds_type);
	if (!ret) {
		t = calloc(1, sizeof(*t));
		if (!t)
			ret = codec_fail(err, -ENOMEM, "out of memory");
	}
	if (!ret) {
		build_tnds_bind(&b);
		t->tnds = b.trees[0].tnds;
		t->nodes = b.nodes;
		t->texts = b.arena;
		b.nodes = NULL;
		arena_init(&b.arena, 0);
		*out = t;
	}
	build_fini(&b);
	return ret;
}

const struct dm_tnds *codec_tnds_get(const struct codec_tnds *t)
{
	return &t->tnds;
}

void codec_tnds_free(struct codec_tnds *t)
{
	if (!t)
		return;
	arena_fini(&t->texts);
	free(t->nodes);
	free(t);
}
