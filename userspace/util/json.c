// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON strings and commas; no reading, no numbers beyond what printf does. */
#include "util/json.h"

#include "util/text.h"

static void escape_unit(struct buf *out, uint32_t u)
{
	buf_printf(out, "\\u%04x", u);
}

static void escape(struct buf *out, uint32_t cp)
{
	if (cp >= 0x10000) {	/* RFC 8259 7: a surrogate pair */
		escape_unit(out, 0xd800 + ((cp - 0x10000) >> 10));
		escape_unit(out, 0xdc00 + ((cp - 0x10000) & 0x3ff));
	} else {
		escape_unit(out, cp);
	}
}

void json_string(struct buf *out, struct slice s)
{
	size_t i, n;
	uint32_t cp;

	buf_put_u8(out, '"');
	for (i = 0; i < s.n; i += n) {
		n = text_char(slice_of(s.p + i, s.n - i), &cp);
		if (!n) {
			n = 1;
			escape(out, 0xfffd);
		} else if (cp == '"' || cp == '\\') {
			buf_put_u8(out, '\\');
			buf_put_u8(out, (uint8_t)cp);
		} else if (text_is_control(cp)) {
			escape(out, cp);
		} else {
			buf_put(out, s.p + i, n);
		}
	}
	buf_put_u8(out, '"');
}

void json_comma(struct buf *out)
{
	uint8_t last = out->len ? out->data[out->len - 1] : '{';

	if (last != '{' && last != '[' && last != ':')
		buf_put_u8(out, ',');
}

void json_key(struct buf *out, const char *key)
{
	json_comma(out);
	json_string(out, slice_str(key));
	buf_put_u8(out, ':');
}
