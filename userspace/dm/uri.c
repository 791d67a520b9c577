// SPDX-License-Identifier: GPL-2.0-or-later
/* LocURI syntax and limits; it knows no tree. */
#include "dm/uri.h"

#include "util/str.h"

bool dm_uri_next_segment(struct slice *path, struct slice *segment)
{
	const uint8_t *slash;
	size_t n;

	if (!path->n)
		return false;
	slash = memchr(path->p, '/', path->n);
	n = slash ? (size_t)(slash - path->p) : path->n;
	*segment = slice_of(path->p, n);
	if (slash)
		n++;
	*path = slice_of(path->p + n, path->n - n);
	return true;
}

/* Well-formed UTF-8 without control characters, '/' or '?'. */
static bool name_chars_valid(struct slice s)
{
	bool high = false;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c < 0x20 || c == 0x7f || c == '/' || c == '?')
			return false;
		high |= c >= 0x80;
	}
	return !high || str_utf8_valid(s);
}

bool dm_uri_segment_valid(struct slice s)
{
	if (!s.n || s.n > DM_URI_MAX)
		return false;
	if (slice_eq_str(s, ".") || slice_eq_str(s, ".."))
		return false;
	return name_chars_valid(s);
}

static enum dm_status parse_query(struct slice q, struct dm_uri *out)
{
	static const struct {
		struct slice prefix;
		enum dm_uri_query kind;
	} kinds[] = {
		{ { (const uint8_t *)"prop=", 5 }, DM_URI_PROP },
		{ { (const uint8_t *)"list=", 5 }, DM_URI_LIST },
	};

	for (size_t i = 0; i < 2; i++) {
		struct slice p = kinds[i].prefix;

		if (q.n >= p.n && memcmp(q.p, p.p, p.n) == 0) {
			out->query = kinds[i].kind;
			out->arg = slice_of(q.p + p.n, q.n - p.n);
			return DM_ST_NONE;
		}
	}
	return DM_ST_BAD_REQUEST;
}

static enum dm_status parse_path(struct slice path, const struct dm_uri_limits *lim,
				 struct dm_uri *out)
{
	struct slice rest = path, seg;

	if (path.n && path.p[path.n - 1] == '/')
		return DM_ST_BAD_REQUEST;
	while (dm_uri_next_segment(&rest, &seg)) {
		if (lim && lim->max_segment && seg.n > lim->max_segment)
			return DM_ST_URI_TOO_LONG;
		if (++out->depth > DM_URI_MAX_DEPTH ||
		    (lim && lim->max_depth && out->depth > lim->max_depth))
			return DM_ST_URI_TOO_LONG;
		if (!dm_uri_segment_valid(seg))
			return DM_ST_BAD_REQUEST;
		out->name = seg;
		out->parent = slice_of(path.p, seg.p == path.p ? 0 : seg.p - path.p - 1);
	}
	out->path = path;
	return DM_ST_NONE;
}

enum dm_status dm_uri_parse(struct slice text, const struct dm_uri_limits *lim, struct dm_uri *out)
{
	const uint8_t *q;
	struct slice path = text;
	enum dm_status st;

	*out = (struct dm_uri){ .query = DM_URI_NODE };
	if (text.n > DM_URI_MAX || (lim && lim->max_total && text.n > lim->max_total))
		return DM_ST_URI_TOO_LONG;
	if (!text.n)
		return DM_ST_BAD_REQUEST;
	q = memchr(text.p, '?', text.n);
	if (q) {
		path.n = q - text.p;
		st = parse_query(slice_of(q + 1, text.n - path.n - 1), out);
		if (st)
			return st;
	}
	if (slice_eq_str(path, "."))
		path = slice_of(path.p, 0);
	else if (path.n > 2 && path.p[0] == '.' && path.p[1] == '/')
		path = slice_of(path.p + 2, path.n - 2);
	else if (!path.n)
		return DM_ST_BAD_REQUEST;
	return parse_path(path, lim, out);
}
