// SPDX-License-Identifier: GPL-2.0-or-later
/* The connection indicator, field by field (Documentation/card-data.rst). */
#include <errno.h>
#include <stdio.h>

#include "dmsc-client/decode.h"
#include "util/str.h"

static const char *const ui_names[] = { "unspecified", "background", "informative", "confirm" };

static const char *state_name(enum indicator_state s)
{
	static const char *const names[] = { "absent", "valid", "malformed", "unreadable" };

	return names[s];
}

/* The meaning of one field, or why it has none. */
static void meaning(const struct tlv *t, char *out, size_t size)
{
	unsigned int v = t->value.n ? t->value.p[0] : 0;
	bool one = t->value.n == 1;

	snprintf(out, size, "of no meaning here");
	if (t->tag == 0xc0)
		snprintf(out, size, one && v == 1 ? "version 1" : "a version nobody knows");
	else if (t->tag == 0xc1 && one)
		snprintf(out, size, "%s, %s%s", v & 1 ? "connect after bootstrap" : "do not connect",
			 v & 2 ? "at every power-on" : "once for this content",
			 v & 4 ? ", ask before the data is taken over" : "");
	else if (t->tag == 0xc2 && one && v < 4)
		snprintf(out, size, "ui-mode %s", ui_names[v]);
	else if (t->tag == 0xc3)
		snprintf(out, size, "meant for this server");
	else if (t->tag == 0xc4)
		snprintf(out, size, "text for the person");
	else if (t->tag == 0xc5 && t->value.n == 2)
		snprintf(out, size, "%u seconds to answer", v << 8 | t->value.p[1]);
	else if (t->tag >= 0xc0 && t->tag <= 0xc5)
		snprintf(out, size, "of a wrong length");
}

static void field_show(struct decode *d, size_t off, const struct tlv *t)
{
	bool text = t->tag == 0xc3 || t->tag == 0xc4;
	_cleanup_buf_ struct buf v = BUF_INIT;
	char what[96];

	meaning(t, what, sizeof(what));
	if (!text)
		hex_encode(&v, t->value);
	decode_line(d, 1, "@%zu  %02X  %s%.*s%s  %s", off, t->tag, text ? "\"" : "",
		    (int)(text ? t->value.n : v.len),
		    text ? (const char *)t->value.p : buf_cstr(&v), text ? "\"" : "", what);
	decode_open(d, NULL, '{');
	decode_member_number(d, "offset", off);
	decode_member_number(d, "tag", t->tag);
	if (text)
		decode_member(d, "value", t->value);
	else
		decode_member_str(d, "hex", buf_cstr(&v));
	decode_member_str(d, "meaning", what);
	decode_close(d, '}');
}

/* All fields that there are, well formed as a whole or not. */
static void fields_show(struct decode *d, struct slice file)
{
	struct slice in = file;
	struct tlv t;

	if (tlv_next(&in, TLV_BER, &t) != 1 || t.tag != 0xe1)
		return;
	in = t.value;
	while (tlv_next(&in, TLV_BER, &t) == 1)
		field_show(d, (size_t)(in.p - t.value.n - file.p), &t);
}

static void facts_json(struct decode *d)
{
	const struct indicator *i = &d->ind;

	if (i->state != INDICATOR_VALID)
		return;
	decode_member_bool(d, "connect", i->connect);
	decode_member_bool(d, "every_power_on", i->every_power_on);
	decode_member_bool(d, "ask_incorporate", i->ask_incorporate);
	decode_member_str(d, "ui_mode", ui_names[i->ui]);
	decode_open(d, "servers", '[');
	for (size_t k = 0; d->json && k < i->nservers; k++) {
		decode_open(d, NULL, '{');
		decode_member(d, "id", i->servers[k]);
		decode_close(d, '}');
	}
	decode_close(d, ']');
	if (i->text[0])
		decode_member_str(d, "text", i->text);
	decode_member_number(d, "timeout", i->timeout_s);
}

void decode_indicator(struct decode *d)
{
	int hidden;
	const struct pkcs15_object *o = card_data_indicator(&d->dir, d->noids, &hidden);
	struct indicator *i = &d->ind;

	memset(i, 0, sizeof(*i));
	if (o && indicator_read(&d->rd, o, i) && i->state != INDICATOR_UNREADABLE)
		i->state = INDICATOR_UNREADABLE;
	if (!o && hidden) {
		i->state = INDICATOR_UNREADABLE;
		i->reason = "part of the directory cannot be read, so that absence proves nothing";
	}
	decode_line(d, 0, "Connection indicator%s%s: %s%s%s", o ? " in " : "", o ? o->path : "",
		    state_name(i->state), i->reason ? ": " : "", i->reason ? i->reason : "");
	decode_open(d, "indicator", '{');
	if (o)
		decode_member_str(d, "file", o->path);
	decode_member_str(d, "state", state_name(i->state));
	if (i->reason)
		decode_member_str(d, "reason", i->reason);
	facts_json(d);
	decode_open(d, "fields", '[');
	fields_show(d, slice_of(i->raw, i->raw_len));
	decode_close(d, ']');
	decode_close(d, '}');
	if (i->state == INDICATOR_MALFORMED) {
		d->malformed = true;
		decode_problem(d, o ? o->path : "", (o ? o->off : 0) + i->error_at, "dmsc, card-data.rst",
			       "the indicator is malformed: %s", i->reason);
	} else if (i->state == INDICATOR_UNREADABLE && o) {
		decode_unreadable(d, o->path, i->err ? i->err : -EPROTO);
	}
}
