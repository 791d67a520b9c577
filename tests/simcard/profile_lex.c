// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines and words of a card profile, with includes and errors that name file and line. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "profile_int.h"

int reader_fail(struct reader *r, const char *fmt, ...)
{
	const struct source *top = r->depth ? &r->stack[r->depth - 1] : NULL;
	va_list ap;
	int n = 0;

	if (top)
		n = snprintf(r->error, r->error_size, "%s:%u: ", top->path, top->line);
	if (n < 0 || (size_t)n >= r->error_size)
		n = 0;
	va_start(ap, fmt);
	vsnprintf(r->error + n, r->error_size - n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int reader_open(struct reader *r, const char *path)
{
	struct source *s;
	FILE *f;

	if (r->depth == INCLUDE_DEPTH_MAX)
		return reader_fail(r, "includes are nested more than %d deep", INCLUDE_DEPTH_MAX);
	f = fopen(path, "re");
	if (!f) {
		int err = errno;

		reader_fail(r, "%s: %s", path, strerror(err));
		return -err;
	}
	s = &r->stack[r->depth];
	s->path = strdup(path);
	if (!s->path) {
		fclose(f);
		reader_fail(r, "out of memory");
		return -ENOMEM;
	}
	s->f = f;
	s->line = 0;
	r->depth++;
	return 0;
}

static void reader_pop(struct reader *r)
{
	struct source *s = &r->stack[--r->depth];

	fclose(s->f);
	free(s->path);
}

void reader_close(struct reader *r)
{
	while (r->depth)
		reader_pop(r);
}

char *reader_beside(const struct reader *r, const char *name)
{
	const char *path = r->stack[r->depth - 1].path;
	const char *slash = strrchr(path, '/');
	char *out;

	if (name[0] == '/' || !slash)
		return strdup(name);
	if (asprintf(&out, "%.*s/%s", (int)(slash - path), path, name) < 0)
		return NULL;
	return out;
}

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tolower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Copies a quoted string behind *@in (past its opening quote) to *@out. */
static int lex_quoted(struct reader *r, const char **in, char **out)
{
	const char *p = *in;
	char *o = *out;

	while (*p && *p != '"') {
		if (*p != '\\') {
			*o++ = *p++;
			continue;
		}
		p++;
		if (*p == '"' || *p == '\\') {
			*o++ = *p++;
		} else if (*p == 'n') {
			*o++ = '\n';
			p++;
		} else if (*p == 'x' && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
			*o++ = (char)(hex_digit(p[1]) << 4 | hex_digit(p[2]));
			p += 3;
		} else {
			return reader_fail(r, "unknown escape in a string; there are \\\" \\\\ \\n \\xHH");
		}
	}
	if (*p != '"')
		return reader_fail(r, "the string has no closing quote");
	*in = p + 1;
	*out = o;
	return 0;
}

static int lex_line(struct reader *r, const char *line)
{
	const char *p = line;
	char *o = r->text;
	int err;

	r->n_words = 0;
	for (;;) {
		struct word *w;

		while (*p == ' ' || *p == '\t')
			p++;
		if (!*p || *p == '#')
			return 0;
		if (r->n_words == WORDS_MAX)
			return reader_fail(r, "more than %d words in a line", WORDS_MAX);
		w = &r->words[r->n_words++];
		w->s = o;
		w->quoted = *p == '"';
		if (w->quoted) {
			p++;
			err = lex_quoted(r, &p, &o);
			if (err)
				return err;
		} else {
			while (*p && *p != ' ' && *p != '\t' && *p != '#')
				*o++ = *p++;
		}
		w->n = o - w->s;
		/* Each word is followed by a blank, a '#', a quote or the end: room for its NUL. */
		*o++ = '\0';
	}
}

int reader_next(struct reader *r)
{
	/* Half of the text's room, since words set apart by a quote alone gain a NUL each. */
	char line[LINE_BYTES_MAX / 2];

	while (r->depth) {
		struct source *s = &r->stack[r->depth - 1];
		size_t n;
		int err;

		if (!fgets(line, sizeof(line), s->f)) {
			if (ferror(s->f))
				return reader_fail(r, "cannot be read: %s", strerror(errno));
			reader_pop(r);
			continue;
		}
		s->line++;
		n = strlen(line);
		if (n && line[n - 1] == '\n')
			line[--n] = '\0';
		else if (!feof(s->f))
			return reader_fail(r, "a NUL byte, or a line longer than %zu bytes",
					   sizeof(line) - 2);
		if (n && line[n - 1] == '\r')
			line[n - 1] = '\0';
		err = lex_line(r, line);
		if (err)
			return err;
		if (r->n_words)
			return 1;
	}
	return 0;
}

int word_hex(struct reader *r, int first, int end, uint8_t *out, size_t max, size_t *len)
{
	size_t n = 0;
	int high = -1;

	if (first >= end)
		return reader_fail(r, "hex digits expected");
	for (int i = first; i < end; i++) {
		for (size_t k = 0; k < r->words[i].n; k++) {
			int d = hex_digit((unsigned char)r->words[i].s[k]);

			if (d < 0)
				return reader_fail(r, "\"%s\" is not hex", r->words[i].s);
			if (high < 0) {
				high = d;
				continue;
			}
			if (n == max)
				return reader_fail(r, "more than %zu bytes", max);
			out[n++] = (uint8_t)(high << 4 | d);
			high = -1;
		}
		if (high >= 0)
			return reader_fail(r, "\"%s\" has an odd number of hex digits",
					   r->words[i].s);
	}
	*len = n;
	return 0;
}

int word_hex_exact(struct reader *r, int at, uint8_t *out, size_t len)
{
	size_t n = 0;
	int err;

	if (at >= r->n_words)
		return reader_fail(r, "%zu hex digits expected behind \"%s\"", 2 * len,
				   r->words[r->n_words - 1].s);
	err = word_hex(r, at, at + 1, out, len, &n);
	if (err)
		return err;
	if (n != len)
		return reader_fail(r, "\"%s\" is not %zu hex digits", r->words[at].s, 2 * len);
	return 0;
}

int word_number(struct reader *r, int at, unsigned int min, unsigned int max, unsigned int *out)
{
	unsigned long v;
	char *end;

	if (at >= r->n_words)
		return reader_fail(r, "a number of %u to %u expected behind \"%s\"", min, max,
				   r->words[r->n_words - 1].s);
	errno = 0;
	v = strtoul(r->words[at].s, &end, 10);
	if (!isdigit((unsigned char)r->words[at].s[0]) || *end || errno || v < min || v > max)
		return reader_fail(r, "\"%s\" is not a number of %u to %u", r->words[at].s, min,
				   max);
	*out = (unsigned int)v;
	return 0;
}
