// SPDX-License-Identifier: GPL-2.0-or-later
/* LocURI syntax and limits; it knows no tree. */
#include "dm/uri.h"

#include "util/str.h"

bool dm_uri_next_segment(struct slice *path, struct slice *segment)
{
	const uint8_t *p = path->p;
	size_t n = 0;

	if (!path->n)
		return false;
	while (n < path->n && p[n] != '/')	/* names are short: no call is worth it */
		n++;
	*segment = slice_of(p, n);
	n += n < path->n;
	*path = slice_of(p + n, path->n - n);
	return true;
}

size_t dm_uri_chars(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

bool dm_uri_over(struct slice s, unsigned int most)
{
	/* There are never more characters than bytes. */
	return most && s.n > most && dm_uri_chars(s) > most;
}

/* What a byte may be in a path; a byte of a longer UTF-8 character is looked at again. */
enum { C_NAME, C_SLASH, C_HIGH, C_BAD };

static const uint8_t classes[256] = {
	[0 ... 0x1f] = C_BAD, [0x7f] = C_BAD, ['?'] = C_BAD, ['/'] = C_SLASH,
	[0x80 ... 0xff] = C_HIGH,
};

/* Well-formed UTF-8 without control characters, '/' or '?'. */
static bool name_chars_valid(struct slice s)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < s.n; i++)
		seen |= 1u << classes[s.p[i]];
	if (seen & (1u << C_BAD | 1u << C_SLASH))
		return false;
	return !(seen & 1u << C_HIGH) || (str_utf8_valid(s) && !str_has_nonchar(s));
}

/* Empty, "." or "..". */
static bool is_no_name(struct slice s)
{
	return !s.n || (s.p[0] == '.' && (s.n == 1 || (s.n == 2 && s.p[1] == '.')));
}

bool dm_uri_segment_valid(struct slice s)
{
	return s.n <= DM_URI_MAX && !is_no_name(s) && name_chars_valid(s);
}

/* The segment that begins at @start. False when it is no name. */
static bool take_segment(struct slice path, size_t start, struct slice *seg)
{
	const uint8_t *p = path.p;
	size_t end = start;
	bool plain;

	while (end < path.n && classes[p[end]] == C_NAME)
		end++;
	plain = end == path.n || classes[p[end]] == C_SLASH;
	while (end < path.n && p[end] != '/')
		end++;
	*seg = slice_of(p + start, end - start);
	return !is_no_name(*seg) && (plain || name_chars_valid(*seg));
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
	size_t start = 0;

	if (path.n && path.p[path.n - 1] == '/')
		return DM_ST_BAD_REQUEST;
	while (start < path.n) {
		struct slice seg;
		bool good = take_segment(path, start, &seg);

		if (lim && dm_uri_over(seg, lim->max_segment))
			return DM_ST_URI_TOO_LONG;
		if (++out->depth > DM_URI_MAX_DEPTH ||
		    (lim && lim->max_depth && out->depth > lim->max_depth))
			return DM_ST_URI_TOO_LONG;
		if (!good)
			return DM_ST_BAD_REQUEST;
		out->name = seg;
		out->parent = slice_of(path.p, start ? start - 1 : 0);
		start += seg.n + 1;
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
	if (text.n > DM_URI_MAX || (lim && dm_uri_over(text, lim->max_total)))
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
