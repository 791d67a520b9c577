// SPDX-License-Identifier: GPL-2.0-or-later
/* Options of UI alerts (DM Protocol 1.2, user interaction options); see ui.h. */
#include "dm/ui.h"

#include "util/str.h"

#define OPTIONS_MAX 2048		/* bytes of the whole string */

/* One value without its URL encoding, NUL terminated; false: it is none. */
static bool decode(struct slice s, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c == '%') {
			int hi = i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1;
			int lo = i + 2 < s.n ? hex_digit(s.p[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return false;
			c = (uint8_t)(hi << 4 | lo);
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		if (!c || n + 1 >= size)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return str_utf8_valid(slice_of(out, n));
}

static void number(const char *value, uint32_t max, uint32_t *out)
{
	uint32_t n;

	if (!str_parse_u32(slice_str(value), &n))
		*out = n < max ? n : max;
}

/* "2" or "2-3": numbers of choices there are. */
static bool choices(const char *value, bool several, size_t nchoices, uint32_t *out)
{
	struct slice rest = slice_str(value), part;
	uint32_t bits = 0, n;

	while (str_split(&rest, '-', &part)) {
		if (str_parse_u32(part, &n) || !n || n > nchoices || n > DM_UI_MAX_CHOICES)
			return false;
		if (bits && !several)
			return false;
		bits |= 1u << (n - 1);
	}
	*out = bits;
	return true;
}

static void default_response(struct dm_ui_options *o, unsigned int code, size_t nchoices,
			     const char *value)
{
	switch (code) {
	case DM_UI_CONFIRM:
		if (strcmp(value, "0") && strcmp(value, "1"))
			return;
		o->accept = value[0] == '1';
		break;
	case DM_UI_TEXT:
		memcpy(o->text, value, strlen(value) + 1);
		break;
	case DM_UI_CHOICE:
	case DM_UI_CHOICES:
		if (!choices(value, code == DM_UI_CHOICES, nchoices, &o->chosen))
			return;
		break;
	default:
		return;			/* a display has no response */
	}
	o->has_default = true;
}

void dm_ui_options_parse(struct slice text, unsigned int code, size_t nchoices,
			 struct dm_ui_options *out)
{
	struct slice rest = text, part, name;
	char value[DM_UI_MAX_DEFAULT + 1];

	*out = (struct dm_ui_options){ .input = DM_UI_ALPHANUMERIC };
	if (text.n > OPTIONS_MAX)
		return;
	while (slice_present(rest) && str_split(&rest, '&', &part)) {
		part = str_trim(part);
		if (!str_split(&part, '=', &name) || !slice_present(part) ||
		    !decode(part, value, sizeof(value)))
			continue;
		if (slice_eq_str(name, "MINDT"))
			number(value, DM_UI_MAX_S, &out->min_s);
		else if (slice_eq_str(name, "MAXDT"))
			number(value, DM_UI_MAX_S, &out->max_s);
		else if (slice_eq_str(name, "MAXLEN"))
			number(value, DM_UI_MAX_TEXT, &out->max_len);
		else if (slice_eq_str(name, "DR"))
			default_response(out, code, nchoices, value);
		else if (slice_eq_str(name, "IT") && value[0] && !value[1] &&
			 strchr("ANDTPI", value[0]))
			out->input = (enum dm_ui_input)value[0];
		else if (slice_eq_str(name, "ET") && (!strcmp(value, "T") || !strcmp(value, "P")))
			out->masked = value[0] == 'P';
	}
}
