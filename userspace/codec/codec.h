/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DM messages and serialized trees (TNDS) as XML or WBXML: bytes to the types
 * of dm/msg.h and back. What a message means is the engine's business.
 *
 * The decoders stream: they hold one command at a time, never recurse, and
 * stop at the first limit. Input is hostile. XML may carry no DOCTYPE; only
 * UTF-8 is accepted.
 */
#ifndef DMSC_CODEC_CODEC_H
#define DMSC_CODEC_CODEC_H

#include "dm/msg.h"
#include "util/buf.h"
#include "util/slice.h"

enum codec_format {
	CODEC_XML,
	CODEC_WBXML,
};

/* A zero number means its default (codec_limits_default); flags default to false. */
struct codec_limits {
	size_t message;		/* bytes of the whole document */
	size_t memory;		/* bytes held for one command: texts, items, nodes */
	unsigned int depth;	/* nested elements, unknown ones included; at most 250 */
	unsigned int containers;	/* nested Atomic and Sequence */
	unsigned int elements;	/* of the whole document */
	unsigned int items;	/* of one command */
	unsigned int nodes;	/* of one serialized tree */
	/*
	 * WBXML: bytes behind the end of the root element are ignored, as files
	 * of a card are filled up with FF or 00. Without it they are an error.
	 */
	bool allow_padding;
};

extern const struct codec_limits codec_limits_default;

struct codec_error {
	size_t offset;		/* WBXML: of the byte; XML: about there */
	unsigned int line;	/* XML only, from 1; 0 = unknown */
	char text[96];		/* why, NUL terminated; holds nothing of the content but element names */
};

/*
 * Which one a peer sent, by Content-Type (parameters ignored; the data-sync
 * types application/vnd.syncml+... count as well) and, when that says nothing,
 * by the first byte. @content_type may be SLICE_NONE.
 */
enum codec_format codec_guess(struct slice content_type, struct slice bytes);

/*
 * Decodes one message into calls of @sink. @limits and @err may be NULL.
 * Returns 0; -EBADMSG malformed or no SyncML message; -E2BIG a limit was
 * passed; -ENOMEM; or what a callback returned, unchanged. On failure some
 * callbacks may have run already, sink->end has not. A callback left NULL is
 * skipped. WBXML: slices given to the sink that were contiguous in @msg point
 * into it.
 */
int codec_decode(enum codec_format format, struct slice msg, const struct codec_limits *limits,
		 const struct dm_sink *sink, void *ctx, struct codec_error *err)
	__attribute__((warn_unused_result));

/* Never NULL; static. Errors: sticky in the buffer, -EILSEQ for text XML or a WBXML string cannot carry. */
const struct dm_encoder *codec_encoder(enum codec_format format);

/* A serialized tree that owns its texts. */
struct codec_tnds;

/* Stand-alone TNDS document. Return as codec_decode(); on failure @out is unmodified. */
int codec_tnds_decode(enum codec_format format, struct slice doc, const struct codec_limits *limits,
		      struct codec_tnds **out, struct codec_error *err)
	__attribute__((warn_unused_result));
/* Borrowed, valid until codec_tnds_free(). */
const struct dm_tnds *codec_tnds_get(const struct codec_tnds *t);
/* NULL is fine. */
void codec_tnds_free(struct codec_tnds *t);

/* Appends @tnds as a stand-alone document. Errors are sticky in @out. */
void codec_tnds_encode(enum codec_format format, struct buf *out, const struct dm_tnds *tnds);

#endif
