// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines of a modem (ITU-T V.250 5.7): a line ends with CR or LF, a modem may send
 * any number of them, echo the command before its answer, break a long string
 * into several lines, put two lines into one, and say what it likes in between.
 */
#include "at_line.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

void at_line_init(struct at_line *l)
{
	memset(l, 0, sizeof(*l));
}

void at_line_forget(struct at_line *l)
{
	explicit_bzero(l->echo, sizeof(l->echo));
	explicit_bzero(l->text, sizeof(l->text));
	explicit_bzero(l->part, sizeof(l->part));
	/* An echo of it too, but not what has come since. */
	explicit_bzero(l->raw + l->n, sizeof(l->raw) - l->n);
	l->prefix[0] = '\0';
	l->number = false;
	l->joined = 0;
}

static void copy(char *to, size_t size, const char *from)
{
	size_t n = strlen(from);

	if (n >= size)
		n = 0;	/* none is better than half of one */
	memcpy(to, from, n);
	to[n] = '\0';
}

void at_line_expect(struct at_line *l, const char *command, const char *prefix, bool number)
{
	at_line_forget(l);
	copy(l->echo, sizeof(l->echo), command);
	copy(l->prefix, sizeof(l->prefix), prefix);
	l->number = number;
}

static bool begins(const char *line, const char *with)
{
	return !strncasecmp(line, with, strlen(with));
}

/* V.250 5.7.1, TS 27.007 9.2, TS 27.005 3.2.5, and what modems have beside them. */
static bool is_error(const char *line)
{
	static const char *const whole[] = {
		"ERROR", "ABORTED", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS",
	};

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		if (!strcmp(line, whole[i]))
			return true;
	}
	return begins(line, "+CME ERROR:") || begins(line, "+CMS ERROR:");
}

static bool is_number(const char *line)
{
	return line[0] && strspn(line, "0123456789") == strlen(line);
}

static bool string_open(const char *s)
{
	bool open = false;

	for (; *s; s++)
		open ^= *s == '"';
	return open;
}

/* What stands behind @at in the same line is a line of its own. */
static void split(struct at_line *l, char *at)
{
	while (*at == ' ')
		at++;
	if (*at)
		copy(l->rest, sizeof(l->rest), at);
}

/* An answer, whole or its beginning. */
static enum at_kind answer(struct at_line *l, char *line)
{
	char *end = strrchr(line, '"');
	size_t n = strlen(line);

	if (string_open(line)) {
		copy(l->part, sizeof(l->part), line);
		l->joined = n;
		return AT_NOTHING;
	}
	/* Neither digits nor hex has these letters. */
	if (!end && n > 2 && !strcmp(line + n - 2, "OK"))
		end = line + n - 3;
	if (end) {
		split(l, end + 1);
		end[1] = '\0';
	}
	copy(l->text, sizeof(l->text), line);
	return AT_ANSWER;
}

/* The next part of a string that was not closed: hex, and the rest of its line. */
static bool join(struct at_line *l, char *line, enum at_kind *kind)
{
	size_t n = strspn(line, "0123456789abcdefABCDEF");
	bool closed = line[n] == '"';

	if (!l->joined || (!closed && (line[n] || !n)))
		return false;
	if (closed)
		split(l, line + ++n);
	*kind = closed ? AT_ANSWER : AT_NOTHING;
	if (l->joined + n > AT_LINE_MAX) {
		/* Longer than any answer: as a line too long. */
		l->joined = 0;
		*kind = AT_NOTHING;
		return true;
	}
	memcpy(l->part + l->joined, line, n);
	l->joined += n;
	l->part[l->joined] = '\0';
	if (closed) {
		copy(l->text, sizeof(l->text), l->part);
		l->joined = 0;
	}
	return true;
}

static enum at_kind final(struct at_line *l, const char *line, enum at_kind kind)
{
	copy(l->text, sizeof(l->text), line);
	l->joined = 0;
	return kind;
}

/* One line without its end; @line is changed. */
static enum at_kind judge(struct at_line *l, char *line)
{
	enum at_kind kind;
	char *p;

	while (*line == ' ' || *line == '\t')
		line++;
	for (size_t n = strlen(line); n && (line[n - 1] == ' ' || line[n - 1] == '\t'); n--)
		line[n - 1] = '\0';
	if (l->echo[0] && begins(line, l->echo))
		line += strlen(l->echo);
	if (!*line)
		return AT_NOTHING;
	if (join(l, line, &kind))
		return kind;
	if (!strcmp(line, "OK"))
		return final(l, line, AT_OK);
	/* "OK" has no more to say: this is the next line. */
	if (begins(line, "OK") && (line[2] == '+' || line[2] == '^')) {
		split(l, line + 2);
		return final(l, "OK", AT_OK);
	}
	if (is_error(line))
		return final(l, line, AT_ERROR);
	p = l->prefix[0] ? strstr(line, l->prefix) : NULL;
	if (p == line || (l->number && is_number(line)))
		return answer(l, line);
	if (p) {
		split(l, p);
		*p = '\0';
	}
	/* The beginning of an answer stays where it is meanwhile. */
	copy(l->text, sizeof(l->text), line);
	return AT_UNASKED;
}

static enum at_kind judge_rest(struct at_line *l)
{
	char line[AT_LINE_MAX + 1];

	enum at_kind kind;

	copy(line, sizeof(line), l->rest);
	explicit_bzero(l->rest, sizeof(l->rest));
	kind = judge(l, line);
	explicit_bzero(line, sizeof(line));
	return kind;
}

/* The end of the line under way. */
static enum at_kind finish(struct at_line *l)
{
	bool drop = l->too_long;

	l->raw[l->n] = '\0';
	l->n = 0;
	l->too_long = false;
	return drop ? AT_NOTHING : judge(l, l->raw);
}

enum at_kind at_line_next(struct at_line *l, const char **p, size_t *n)
{
	enum at_kind kind = AT_NOTHING;

	/* Each line of the rest is shorter than the one it came from. */
	while (kind == AT_NOTHING && l->rest[0])
		kind = judge_rest(l);
	while (kind == AT_NOTHING && *n) {
		char c = *(*p)++;

		(*n)--;
		if (c == '\r' || c == '\n')
			kind = finish(l);
		else if (l->n == AT_LINE_MAX)
			l->too_long = true;
		else if (isprint((unsigned char)c) || c == '\t')
			l->raw[l->n++] = c;
		/* Neither NUL nor noise of the line belongs to any answer. */
		while (kind == AT_NOTHING && l->rest[0])
			kind = judge_rest(l);
	}
	return kind;
}
