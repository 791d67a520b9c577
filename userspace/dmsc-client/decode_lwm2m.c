// SPDX-License-Identifier: GPL-2.0-or-later
/* EF(LwM2M_Bootstrap): the resources, as Documentation/lwm2m.rst has them. */
#include <errno.h>

#include "card/lwm2m.h"
#include "dmsc-client/decode.h"

static int on_value(void *ctx, const struct lwm2m_value *v)
{
	struct decode *d = ctx;
	_cleanup_buf_ struct buf line = BUF_INIT;

	if (d->json) {
		lwm2m_json_value(&d->out, v, !d->secrets);
		return 0;
	}
	buf_printf(&line, "/%u/%u/%u", v->object, v->instance, v->resource);
	if (v->item != LWM2M_ID_NONE)
		buf_printf(&line, "/%u", v->item);
	buf_printf(&line, "  %s", lwm2m_kind_name(v->kind));
	if (v->kind == LWM2M_OPAQUE || v->kind == LWM2M_STRING)
		decode_value(d, &line, v->bytes, v->secret);
	else if (v->kind == LWM2M_LINK)
		buf_printf(&line, " = %u:%u", (unsigned int)(v->number >> 16 & 0xffff),
			   (unsigned int)(v->number & 0xffff));
	else if (v->kind == LWM2M_BOOLEAN)
		buf_printf(&line, " = %s", v->number ? "true" : "false");
	else
		buf_printf(&line, " = %lld", (long long)v->number);
	decode_line(d, 1, "%s", buf_cstr(&line));
	return 0;
}

static void file_show(struct decode *d, const struct pkcs15_object *o)
{
	struct lwm2m_report rep = { 0 };
	_cleanup_buf_ struct buf file = BUF_INIT;
	int r;

	buf_init(&file, LWM2M_FILE_MAX);
	r = pkcs15_object_read(&d->rd, o, CARD_READ_MAX, &file);
	if (r) {
		decode_unreadable(d, o->path, r);
		decode_member_str(d, "state", "unreadable");
		return;
	}
	decode_line(d, 0, "EF(LwM2M_Bootstrap) in %s, %zu bytes", o->path, file.len);
	decode_open(d, "resources", '[');
	r = lwm2m_decode(buf_slice(&file), on_value, d, &rep);
	decode_close(d, ']');
	explicit_bzero(file.data, file.len);
	decode_member_str(d, "state", !r ? "ok" : r == -ENODATA ? "empty" : "malformed");
	decode_member_bool(d, "bare", rep.bare);
	d->lwm2m = d->lwm2m || !r;
	if (!r || r == -ENODATA) {
		decode_line(d, 1, "%s", r ? "(empty)" : rep.bare ? "(without its outer header)" : "(with its outer header)");
		return;
	}
	d->malformed = true;
	decode_problem(d, o->path, o->off + rep.error_at, "LwM2M G.3.3, 6.4.3", "%s",
		       rep.reason ? rep.reason : "cannot be decoded");
}

void decode_lwm2m(struct decode *d)
{
	const struct pkcs15_object *o = pkcs15_object_get(&d->dir, CARD_LWM2M);

	if (!o)
		return;
	decode_open(d, "lwm2m", '{');
	decode_member_str(d, "file", o->path);
	file_show(d, o);
	decode_close(d, '}');
}
