// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The summary of summary.h, and the little JSON it must read: one object per
 * line, whose members it finds without building a tree.
 */
#include "summary.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/str.h"

#define OPEN_MAX_SESSIONS 4096
#define NOTES_MAX 65536	/* bytes about one session */

/* Behind the string that starts at @p (a quote), or NULL. */
static const uint8_t *skip_string(const uint8_t *p, const uint8_t *end)
{
	for (p++; p < end; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '"')
			return p + 1;
	}
	return NULL;
}

/* Behind the value at @p: up to the comma or bracket that ends it. */
static const uint8_t *skip_value(const uint8_t *p, const uint8_t *end)
{
	unsigned int depth = 0;

	while (p && p < end) {
		if (*p == '"') {
			p = skip_string(p, end);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		if (!depth && (*p == ',' || *p == '}'))
			return p;
		if (*p == '}' || *p == ']')
			depth--;
		p++;
	}
	return NULL;
}

/* The member @key of the object in @line, quotes and all; absent when it is not there. */
static struct slice member(struct slice line, const char *key)
{
	const uint8_t *p = line.p + 1, *end = line.p + line.n, *name, *value;
	size_t n = strlen(key);

	if (!line.n || line.p[0] != '{')
		return SLICE_NONE;
	while (p && p < end && *p == '"') {
		name = p + 1;
		p = skip_string(p, end);
		if (!p || p >= end || *p != ':')
			return SLICE_NONE;
		value = p + 1;
		p = skip_value(value, end);
		if (!p)
			return SLICE_NONE;
		if ((size_t)(value - 2 - name) == n && !memcmp(name, key, n))
			return slice_of(value, (size_t)(p - value));
		p++;
	}
	return SLICE_NONE;
}

static uint64_t number(struct slice line, const char *key)
{
	uint64_t v = 0;

	return str_parse_u64(member(line, key), &v) ? 0 : v;
}

/* A string as it may go to a terminal: escapes stay escapes. */
static struct slice text(struct slice line, const char *key)
{
	struct slice s = member(line, key);

	if (s.n < 2 || s.p[0] != '"')
		return slice_str("-");
	return slice_of(s.p + 1, s.n - 2);
}

#define S(s) (int)(s).n, (const char *)(s).p

struct open_session {
	uint64_t number;
	char device[80], time[32];
	struct buf notes;	/* lines to print below the session's own */
};

struct summary {
	struct open_session *open;
	size_t n;
	unsigned int sessions, problems;
};

static struct open_session *find_open(struct summary *sum, uint64_t session)
{
	size_t i;

	for (i = 0; i < sum->n; i++)
		if (sum->open[i].number == session)
			return &sum->open[i];
	return NULL;
}

/* Prints what was noted of a session and forgets it. */
static void close_open(struct summary *sum, struct open_session *o)
{
	if (!o)
		return;
	fputs(buf_cstr(&o->notes), stdout);
	buf_fini(&o->notes);
	*o = sum->open[--sum->n];
}

__attribute__((format(printf, 3, 4)))
static void note(struct summary *sum, struct slice line, const char *fmt, ...)
{
	struct open_session *o = find_open(sum, number(line, "session"));
	va_list ap;

	if (!o)
		return;
	va_start(ap, fmt);
	buf_vprintf(&o->notes, fmt, ap);
	va_end(ap);
}

static void session_begins(struct summary *sum, struct slice line)
{
	struct open_session *o;

	if (sum->n == OPEN_MAX_SESSIONS)
		return;
	o = &sum->open[sum->n++];
	o->number = number(line, "session");
	buf_init(&o->notes, NOTES_MAX);
	snprintf(o->device, sizeof(o->device), "%.*s", S(text(line, "device")));
	snprintf(o->time, sizeof(o->time), "%.*s", S(text(line, "time")));
}

static void session_ends(struct summary *sum, struct slice line)
{
	uint64_t violations = number(line, "violations"), failed = number(line, "failed_expects");
	uint64_t alerts = number(line, "generic_alerts"), ms = number(line, "duration_ms");

	sum->sessions++;
	printf("%.*s session %llu, device %.*s, user %.*s: %.*s after %llu.%03llu s\n",
	       S(text(line, "time")), (unsigned long long)number(line, "session"),
	       S(text(line, "device")), S(text(line, "user")), S(text(line, "outcome")),
	       (unsigned long long)ms / 1000, (unsigned long long)ms % 1000);
	printf("    %llu messages in, %llu out, %llu commands (%llu ok)",
	       (unsigned long long)number(line, "messages_in"),
	       (unsigned long long)number(line, "messages_out"),
	       (unsigned long long)number(line, "commands"),
	       (unsigned long long)number(line, "ok"));
	if (alerts)
		printf(", %llu generic alerts", (unsigned long long)alerts);
	if (violations || failed) {
		printf("; %llu violations, %llu failed expectations",
		       (unsigned long long)violations, (unsigned long long)failed);
		sum->problems++;
	}
	putchar('\n');
	close_open(sum, find_open(sum, number(line, "session")));
}

static void unfinished(struct summary *sum)
{
	while (sum->n) {
		printf("%s session %llu, device %s: its end is not in the record\n",
		       sum->open[0].time, (unsigned long long)sum->open[0].number,
		       sum->open[0].device);
		close_open(sum, &sum->open[0]);
	}
}

static void take_line(struct summary *sum, struct slice line)
{
	struct slice event = text(line, "event");

	if (slice_eq_str(event, "start"))
		unfinished(sum);
	else if (slice_eq_str(event, "session-begin"))
		session_begins(sum, line);
	else if (slice_eq_str(event, "session-end"))
		session_ends(sum, line);
	else if (slice_eq_str(event, "violation"))
		note(sum, line, "    violates %.*s: %.*s\n", S(text(line, "clause")),
		     S(text(line, "text")));
	else if (slice_eq_str(event, "expect-failed"))
		note(sum, line, "    script line %llu, %.*s: %.*s expected, %.*s came\n",
		     (unsigned long long)number(line, "line"), S(text(line, "uri")),
		     S(text(line, "expected")), S(text(line, "got")));
	else if (slice_eq_str(event, "misbehave"))
		note(sum, line, "    script line %llu: %.*s\n",
		     (unsigned long long)number(line, "line"), S(text(line, "what")));
	else if (slice_eq_str(event, "malformed"))
		printf("%.*s malformed message: %.*s\n", S(text(line, "time")),
		       S(text(line, "text")));
}

int summary_print(const char *dir)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_free_ char *line = NULL;
	struct summary sum = { 0 };
	size_t cap = 0;
	ssize_t n;
	FILE *f;

	buf_printf(&path, "%s/record.jsonl", dir);
	f = buf_error(&path) ? NULL : fopen(buf_cstr(&path), "re");
	if (!f) {
		n = -errno;
		fprintf(stderr, "%s: %s\n", buf_cstr(&path), strerror(errno));
		return (int)n;
	}
	sum.open = calloc(OPEN_MAX_SESSIONS, sizeof(*sum.open));
	while (sum.open && (n = getline(&line, &cap, f)) > 0)
		take_line(&sum, slice_of(line, (size_t)n));
	unfinished(&sum);
	printf("%u sessions, %u with violations or failed expectations\n", sum.sessions,
	       sum.problems);
	free(sum.open);
	fclose(f);
	return 0;
}
