// SPDX-License-Identifier: GPL-2.0-or-later
/* LwM2M resources as JSON; the schema is in Documentation/lwm2m.rst. */
#include "util/lwm2m_json.h"

#include <inttypes.h>

#include "util/json.h"
#include "util/str.h"

const char *lwm2m_kind_name(enum lwm2m_kind k)
{
	static const char *const names[LWM2M_KINDS] = {
		"opaque", "string", "integer", "boolean", "link" };

	return k < LWM2M_KINDS ? names[k] : "?";
}

void lwm2m_json_begin(struct buf *out)
{
	buf_put_u8(out, '[');
}

static void member(struct buf *out, const char *key, unsigned int n)
{
	json_key(out, key);
	buf_printf(out, "%u", n);
}

static void value_put(struct buf *out, const struct lwm2m_value *v)
{
	switch (v->kind) {
	case LWM2M_STRING:
		json_key(out, "value");
		json_string(out, v->bytes);
		break;
	case LWM2M_INTEGER:
		json_key(out, "value");
		buf_printf(out, "%" PRId64, v->number);
		break;
	case LWM2M_BOOLEAN:
		json_key(out, "value");
		buf_put_str(out, v->number ? "true" : "false");
		break;
	case LWM2M_LINK:
		json_key(out, "value");
		buf_printf(out, "\"%u:%u\"", (unsigned int)(v->number >> 16 & 0xffff),
			   (unsigned int)(v->number & 0xffff));
		break;
	default:
		json_key(out, "hex");
		buf_put_u8(out, '"');
		hex_encode(out, v->bytes);
		buf_put_u8(out, '"');
		break;
	}
}

void lwm2m_json_value(struct buf *out, const struct lwm2m_value *v, bool mask)
{
	json_comma(out);
	buf_put_u8(out, '{');
	member(out, "object", v->object);
	if (v->major || v->minor) {
		json_key(out, "version");
		buf_printf(out, "\"%u.%u\"", v->major, v->minor);
	}
	member(out, "instance", v->instance);
	member(out, "resource", v->resource);
	if (v->item != LWM2M_ID_NONE)
		member(out, "item", v->item);
	json_key(out, "kind");
	buf_printf(out, "\"%s\"", lwm2m_kind_name(v->kind));
	if (v->secret) {
		json_key(out, "secret");
		buf_put_str(out, "true");
	}
	if (v->secret && mask)
		member(out, "length", (unsigned int)v->bytes.n);
	else
		value_put(out, v);
	buf_put_u8(out, '}');
}

void lwm2m_json_end(struct buf *out)
{
	buf_put_u8(out, ']');
}
