/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LocURIs of the management tree (TND 1.2 sections 6 and 7.2): syntax and limits, no look-up. */
#ifndef DMSC_DM_URI_H
#define DMSC_DM_URI_H

#include "dm/status.h"
#include "util/slice.h"

/* ./DevDetail/URI: 0 = unlimited (but never beyond DM_URI_MAX). */
struct dm_uri_limits {
	uint16_t max_depth;		/* segments, the root not counted */
	uint16_t max_total;		/* characters, as sent */
	uint16_t max_segment;		/* characters */
};

#define DM_URI_MAX 4096			/* bytes; hard limit whatever the limits say */
#define DM_URI_MAX_DEPTH 128		/* segments; hard limit */

enum dm_uri_query {
	DM_URI_NODE,			/* no query part */
	DM_URI_PROP,			/* ?prop=arg */
	DM_URI_LIST,			/* ?list=arg */
};

struct dm_uri {
	struct slice path;		/* without "./" and query; empty = the root */
	struct slice parent;		/* path of the parent; empty = the root */
	struct slice name;		/* last segment; empty at the root */
	unsigned int depth;		/* segments; 0 = the root */
	enum dm_uri_query query;
	struct slice arg;		/* of the query */
};

/*
 * Takes a URI apart; the slices of *out borrow from @text. @lim may be NULL.
 * DM_ST_NONE when good, else the status to answer: 414 over a limit, 400 for
 * what is no URI of the tree (empty or dot segment, leading or trailing
 * slash, unknown query, control characters).
 */
enum dm_status dm_uri_parse(struct slice text, const struct dm_uri_limits *lim, struct dm_uri *out);

/* Characters, not bytes: what the limits count. */
size_t dm_uri_chars(struct slice s);
/* Has @s more characters than @most? 0 = unlimited. */
bool dm_uri_over(struct slice s, unsigned int most);

/* True when @s may name a node: no '/', '?' or control character; not empty, "." or "..". */
bool dm_uri_segment_valid(struct slice s);

/* Splits the first segment off *path (which loses it and its slash). False at the end. */
bool dm_uri_next_segment(struct slice *path, struct slice *segment);

#endif
