/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test helper: a decoded message as canonical text, one fact a line. */
#ifndef DMSC_TESTS_CODEC_DUMP_H
#define DMSC_TESTS_CODEC_DUMP_H

#include "codec/codec.h"
#include "codec/prov.h"

struct codec_dump {
	struct buf out;
	unsigned int depth;	/* open containers */
	unsigned int headers, commands, ends;
	/* The n-th callback (from 1) returns @fail_with; 0 = never. */
	unsigned int fail_at, calls;
	int fail_with;
	/*
	 * Shows what two notations of one message have in common: opaque data that
	 * is a WBXML MgmtTree as the tree, other opaque texts as plain ones, types
	 * without their +xml or +wbxml.
	 */
	bool unify;
};

/* ctx is a struct codec_dump. */
extern const struct dm_sink codec_dump_sink;

/* @out gets the text; returns codec_decode()'s result. */
int codec_dump(enum codec_format format, struct slice msg, const struct codec_limits *limits,
	       struct buf *out);
void codec_dump_tnds(struct buf *out, const struct dm_tnds *t);
void codec_dump_prov(struct buf *out, const struct dm_prov *p);

/*
 * A sink that writes every message it is handed with @enc into @out: decode,
 * encode, decode again is how the round trips are tested.
 */
struct codec_copy {
	const struct dm_encoder *enc;
	struct buf out;
	enum dm_cmd_kind open[32];	/* containers */
	unsigned int nopen;
};

extern const struct dm_sink codec_copy_sink;

/* Decodes and writes again in the other or the same syntax. codec_decode()'s result. */
int codec_convert(enum codec_format from, struct slice msg, enum codec_format to, struct buf *out);
/* Reads tests/vectors/codec/@name, from the directory make runs in; fails the test without it. */
void codec_vector(const char *name, struct buf *out);
/* The golden text beside a vector is what the dump (unified) of @msg must be. */
void codec_expect(enum codec_format format, struct slice msg, const char *golden);

#endif
