// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Typed records into the JSON of Documentation/lwm2m.rst. The card's file is not
 * seen here; what the child may have made up is bounded by what a file can hold.
 */
#include <errno.h>

#include "dmsc-helper/lwm2m.h"
#include "util/json.h"

#define BYTES_MAX 32768		/* of values: the largest file */
#define RECORDS_MAX 1024
#define JSON_MAX (512 * 1024)

void lwm2m_input_init(struct lwm2m_input *l)
{
	*l = (struct lwm2m_input){ .records = 0 };
	buf_init(&l->json, JSON_MAX);
	buf_init(&l->value, BYTES_MAX);
}

int lwm2m_input_add(struct lwm2m_input *l, const struct ipc_lwm2m *v)
{
	struct lwm2m_value out = {
		.object = v->object, .instance = v->instance, .resource = v->resource,
		.item = v->item, .major = v->major, .minor = v->minor, .secret = v->secret,
		.kind = v->kind, .number = v->number,
	};

	if (l->over || ++l->records > RECORDS_MAX || v->len > BYTES_MAX - l->bytes ||
	    (l->open && v->kind != LWM2M_OPAQUE))
		return -EPROTO;
	l->bytes += v->len;
	buf_put(&l->value, v->data, v->len);
	l->open = v->more;
	if (l->open)
		return 0;
	out.bytes = buf_slice(&l->value);
	if (!l->json.len)
		lwm2m_json_begin(&l->json);
	lwm2m_json_value(&l->json, &out, false);
	buf_reset(&l->value);
	return buf_error(&l->json) ? -EPROTO : 0;
}

int lwm2m_input_end(struct lwm2m_input *l, const struct ef_slot *slot)
{
	struct buf all;

	if (l->over || l->open || !l->records)
		return -EPROTO;
	l->over = true;
	buf_init(&all, 0);
	buf_put_u8(&all, '{');
	json_key(&all, "format");
	json_string(&all, SLICE_LIT("dmsc-lwm2m-1"));
	json_key(&all, "slot");
	json_string(&all, slice_str(slot->name));
	json_key(&all, "transport");
	json_string(&all, slice_str(slot->transport));
	json_key(&all, "location");
	json_string(&all, slice_str(slot->location));
	json_key(&all, "resources");
	lwm2m_json_end(&l->json);
	buf_put_slice(&all, buf_slice(&l->json));
	buf_put_str(&all, "}\n");
	buf_wipe_fini(&l->json);
	l->json = all;
	return buf_error(&all);
}

void lwm2m_input_fini(struct lwm2m_input *l)
{
	buf_wipe_fini(&l->json);
	buf_wipe_fini(&l->value);
}
