/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two syntaxes behind the encoder: encode.c decides which elements stand
 * where, a writer how they look. All errors are sticky in the buffer.
 */
#ifndef DMSC_CODEC_WRITE_H
#define DMSC_CODEC_WRITE_H

#include "codec/codec.h"

struct codec_writer {
	struct buf *out;
	const struct codec_syntax *syntax;
	unsigned int page;	/* WBXML: the tag code page the reader is on */
};

struct codec_syntax {
	/* What stands before a SyncML and before a stand-alone MgmtTree root. */
	void (*prolog)(struct codec_writer *w);
	void (*tnds_prolog)(struct codec_writer *w);
	void (*open)(struct codec_writer *w, unsigned int tag);
	void (*close)(struct codec_writer *w, unsigned int tag);
	void (*empty)(struct codec_writer *w, unsigned int tag);
	/* An element with text. */
	void (*text)(struct codec_writer *w, unsigned int tag, struct slice s);
	/* The same for data, which WBXML may carry as raw bytes. */
	void (*data)(struct codec_writer *w, unsigned int tag, struct slice s, bool opaque);
	/* The code page back to SyncML's, where every command starts. */
	void (*settle)(struct codec_writer *w);
};

extern const struct codec_syntax codec_xml_syntax;
extern const struct codec_syntax codec_wbxml_syntax;

static inline void codec_write_fail(struct codec_writer *w, int err)
{
	if (!w->out->err)
		w->out->err = err;
}

#endif
