// SPDX-License-Identifier: GPL-2.0-or-later
/* The word splitter of lex.h. */
#include "lex.h"

#include "util/str.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* *@in stands behind a backslash; false for an escape that does not exist. */
static bool unescape(char **in, char *out)
{
	char c = *(*in)++;
	int hi, lo;

	switch (c) {
	case '"':
	case '\\':
		*out = c;
		return true;
	case 'n':
		*out = '\n';
		return true;
	case 'r':
		*out = '\r';
		return true;
	case 't':
		*out = '\t';
		return true;
	case 'x':
		hi = hex_digit((unsigned char)(*in)[0]);
		lo = hi < 0 ? -1 : hex_digit((unsigned char)(*in)[1]);
		if (lo < 0)
			return false;
		*in += 2;
		*out = (char)(hi << 4 | lo);
		return true;
	default:
		return false;
	}
}

static const char *quoted_word(char **in, struct slice *word)
{
	char *p = *in + 1, *w = *in, *start = w;

	while (*p && *p != '"') {
		if (*p != '\\') {
			*w++ = *p++;
			continue;
		}
		p++;
		if (!unescape(&p, w))
			return "unknown escape: one of \\\" \\\\ \\n \\r \\t \\xNN is possible";
		w++;
	}
	if (!*p)
		return "a quote is not closed";
	p++;
	if (*p && !is_blank(*p))
		return "no blank behind the closing quote";
	*w = '\0';
	*word = slice_of(start, (size_t)(w - start));
	*in = p;
	return NULL;
}

const char *lex_split(char *line, struct lex_line *out)
{
	char *p = line, *start;
	const char *why;

	out->n = 0;
	for (;;) {
		while (is_blank(*p))
			p++;
		if (!*p || *p == '#')
			return NULL;
		if (out->n == LEX_MAX_WORDS)
			return "too many words";
		out->quoted[out->n] = *p == '"';
		if (*p == '"') {
			why = quoted_word(&p, &out->word[out->n]);
			if (why)
				return why;
		} else {
			start = p;
			while (*p && !is_blank(*p))
				p++;
			out->word[out->n] = slice_of(start, (size_t)(p - start));
			if (*p)
				*p++ = '\0';
		}
		out->n++;
	}
}

const char *lex_word(const struct lex_line *l, unsigned int i)
{
	return i < l->n ? (const char *)l->word[i].p : "";
}
