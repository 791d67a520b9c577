// SPDX-License-Identifier: GPL-2.0-or-later
/* How the parts of decode.h print: lines for people, members for programs, problems for the end. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "dmsc-client/client.h"
#include "dmsc-client/decode.h"
#include "util/json.h"
#include "util/str.h"
#include "util/text.h"

#define VALUE_SHOWN 512	/* bytes of a value in a line of text */

void decode_line(struct decode *d, unsigned int indent, const char *fmt, ...)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	va_list ap;

	if (d->json)
		return;
	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	for (; indent; indent--)
		buf_put_str(&d->out, "  ");
	text_escape(&d->out, buf_slice(&line));
	buf_put_u8(&d->out, '\n');
	if (buf_error(&line) && !d->out.err)
		d->out.err = buf_error(&line);
}

/* --- JSON ------------------------------------------------------------------ */

void decode_member(struct decode *d, const char *key, struct slice s)
{
	if (!d->json || !slice_present(s))
		return;
	json_key(&d->out, key);
	json_string(&d->out, s);
}

void decode_member_str(struct decode *d, const char *key, const char *s)
{
	decode_member(d, key, slice_str(s));
}

void decode_member_number(struct decode *d, const char *key, uint64_t v)
{
	if (!d->json)
		return;
	json_key(&d->out, key);
	buf_printf(&d->out, "%llu", (unsigned long long)v);
}

void decode_member_bool(struct decode *d, const char *key, bool v)
{
	if (!d->json)
		return;
	json_key(&d->out, key);
	buf_put_str(&d->out, v ? "true" : "false");
}

void decode_open(struct decode *d, const char *key, char bracket)
{
	if (!d->json)
		return;
	if (key)
		json_key(&d->out, key);
	else if (d->out.len)
		json_comma(&d->out);
	buf_put_u8(&d->out, (uint8_t)bracket);
}

void decode_close(struct decode *d, char bracket)
{
	if (d->json)
		buf_put_u8(&d->out, (uint8_t)bracket);
}

/* --- values ------------------------------------------------------------------ */

struct slice decode_text(const struct decode *d, struct slice s)
{
	return d->secrets || !slice_present(s) || text_is_printable(s) ? s : SLICE_LIT("(no text)");
}

static void value_text(struct buf *line, struct slice v, bool hide)
{
	bool cut = v.n > VALUE_SHOWN;
	struct slice shown = slice_of(v.p, cut ? VALUE_SHOWN : v.n);

	if (!v.n)
		return;
	buf_put_str(line, " = ");
	if (hide) {
		buf_put_str(line, "****");
		return;
	}
	if (str_utf8_valid(v)) {
		text_escape(line, shown);
	} else {
		buf_put_str(line, "0x");
		hex_encode(line, shown);
	}
	if (cut)
		buf_printf(line, "... (%zu bytes)", v.n);
}

void decode_value(struct decode *d, struct buf *line, struct slice v, bool hide)
{
	hide = (hide || !text_is_printable(v)) && !d->secrets;
	if (!d->json) {
		value_text(line, v, hide && v.n);
		return;
	}
	if (hide && v.n) {
		decode_member_bool(d, "masked", true);
		decode_member_number(d, "length", v.n);
	} else if (str_utf8_valid(v) && !memchr(v.p, 0, v.n)) {
		decode_member(d, "value", v);
	} else {
		json_key(&d->out, "hex");
		buf_put_u8(&d->out, '"');
		hex_encode(&d->out, v);
		buf_put_u8(&d->out, '"');
	}
}

/* --- problems ------------------------------------------------------------------ */

void decode_problem(struct decode *d, const char *file, size_t offset, const char *clause,
		    const char *fmt, ...)
{
	struct decode_problem *p;
	va_list ap;

	if (d->nproblems == DECODE_PROBLEMS_MAX) {
		d->unsaid++;
		return;
	}
	p = &d->problem[d->nproblems++];
	p->offset = offset;
	p->clause = clause;
	snprintf(p->file, sizeof(p->file), "%s", file);
	va_start(ap, fmt);
	vsnprintf(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
}

static void problem_show(struct decode *d, const struct decode_problem *p)
{
	char at[32] = "";

	if (p->offset != DECODE_NO_OFFSET)
		snprintf(at, sizeof(at), " at byte %zu", p->offset);
	decode_line(d, 1, "%s%s%s%s (%s)", p->file, at, p->file[0] ? ": " : "", p->text, p->clause);
	decode_open(d, NULL, '{');
	if (p->file[0])
		decode_member_str(d, "file", p->file);
	if (p->offset != DECODE_NO_OFFSET)
		decode_member_number(d, "offset", p->offset);
	decode_member_str(d, "clause", p->clause);
	decode_member_str(d, "text", p->text);
	decode_close(d, '}');
}

void decode_problems(struct decode *d)
{
	decode_line(d, 0, "Problems");
	decode_open(d, "problems", '[');
	if (!d->nproblems)
		decode_line(d, 1, "none");
	for (size_t i = 0; i < d->nproblems; i++)
		problem_show(d, &d->problem[i]);
	if (d->unsaid)
		decode_line(d, 1, "and %zu more", d->unsaid);
	decode_close(d, ']');
	decode_member_number(d, "problems_unsaid", d->unsaid);
}

void decode_unreadable(struct decode *d, const char *file, int err)
{
	if (err == -EMSGSIZE || err == -ENODATA) {
		d->malformed = true;
		decode_problem(d, file, DECODE_NO_OFFSET, "PKCS#15 6.1.8",
			       err == -ENODATA ? "the file is shorter than its entry says" :
						 "the file is larger than bootstrap data may be");
		return;
	}
	d->unreadable = true;
	decode_problem(d, file, DECODE_NO_OFFSET, err == -EACCES ? "LwM2M G.2.4" : "BOOT 3.1.4.6",
		       "%s", card_error(err));
}
