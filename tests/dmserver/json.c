// SPDX-License-Identifier: GPL-2.0-or-later
/* The JSON writer of json.h. */
#include "json.h"

#include <inttypes.h>

#include "util/digest.h"
#include "util/str.h"

static void put_string(struct buf *b, struct slice s)
{
	size_t i;

	buf_put_u8(b, '"');
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\') {
			buf_put_u8(b, '\\');
			buf_put_u8(b, s.p[i]);
		} else if (s.p[i] < 0x20 || s.p[i] == 0x7f) {
			buf_printf(b, "\\u%04x", s.p[i]);
		} else {
			buf_put_u8(b, s.p[i]);
		}
	}
	buf_put_u8(b, '"');
}

/* A value follows a bracket or another value: only the second needs a comma. */
static void lead(struct buf *b, const char *key)
{
	uint8_t last = b->len ? b->data[b->len - 1] : '{';

	if (last != '{' && last != '[')
		buf_put_u8(b, ',');
	if (key) {
		put_string(b, slice_str(key));
		buf_put_u8(b, ':');
	}
}

void json_open(struct buf *b, const char *key, char bracket)
{
	lead(b, key);
	buf_put_u8(b, (uint8_t)bracket);
}

void json_close(struct buf *b, char bracket)
{
	buf_put_u8(b, (uint8_t)bracket);
}

void json_num(struct buf *b, const char *key, uint64_t v)
{
	lead(b, key);
	buf_printf(b, "%" PRIu64, v);
}

void json_bool(struct buf *b, const char *key, bool v)
{
	lead(b, key);
	buf_put_str(b, v ? "true" : "false");
}

void json_str(struct buf *b, const char *key, const char *v)
{
	json_bytes(b, key, slice_str(v));
}

void json_bytes(struct buf *b, const char *key, struct slice v)
{
	if (!slice_present(v))
		return;
	if (str_utf8_valid(v)) {
		lead(b, key);
		put_string(b, v);
		return;
	}
	lead(b, NULL);
	buf_printf(b, "\"%s_base64\":\"", key ? key : "value");
	base64_encode(b, v);
	buf_put_u8(b, '"');
}
