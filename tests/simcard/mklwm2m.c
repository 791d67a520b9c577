// SPDX-License-Identifier: GPL-2.0-or-later
/* EF(LwM2M_Bootstrap): objects, instances and resources as LwM2M TLV (LwM2M Core 7.4.3, appendix G.3.3). */
#include <errno.h>

#include "mkcard.h"

enum { TLV_INSTANCE = 0x00, TLV_RESOURCE = 0xC0, TLV_ID_16 = 0x20 };

static void put_u16(struct buf *out, size_t v)
{
	buf_put_u8(out, (uint8_t)(v >> 8));
	buf_put_u8(out, (uint8_t)v);
}

static void put_tlv(struct buf *out, uint8_t kind, uint16_t id, struct slice value)
{
	unsigned int length_of_length = value.n < 8 ? 0 : value.n < 0x100 ? 1 : 2;

	buf_put_u8(out, (uint8_t)(kind | (id > 255 ? TLV_ID_16 : 0) | length_of_length << 3 |
				  (length_of_length ? 0 : value.n)));
	if (id > 255)
		buf_put_u8(out, (uint8_t)(id >> 8));
	buf_put_u8(out, (uint8_t)id);
	if (length_of_length == 2)
		buf_put_u8(out, (uint8_t)(value.n >> 8));
	if (length_of_length)
		buf_put_u8(out, (uint8_t)value.n);
	buf_put_slice(out, value);
}

/* The instance that resource @*i is in; @*i is then behind it. */
static void put_instance(struct buf *out, const struct desc_lwm2m *l, size_t *i)
{
	const struct desc_resource *first = &l->r[*i];
	struct buf in = BUF_INIT;

	for (; *i < l->n && l->r[*i].object == first->object &&
	     l->r[*i].instance == first->instance; ++*i)
		put_tlv(&in, TLV_RESOURCE, l->r[*i].id, slice_of(l->r[*i].value, l->r[*i].len));
	if (l->headless)
		buf_put_slice(out, buf_slice(&in));
	else
		put_tlv(out, TLV_INSTANCE, first->instance, buf_slice(&in));
	if (buf_error(&in) && !out->err)
		out->err = buf_error(&in);
	buf_wipe_fini(&in);
}

void mklwm2m_data(struct buf *out, const struct desc_lwm2m *l)
{
	struct buf all = BUF_INIT, object = BUF_INIT;
	size_t i = 0, objects = 0;

	buf_init(&all, MKCARD_EF_MAX);
	while (i < l->n) {
		uint16_t id = l->r[i].object;

		buf_reset(&object);
		while (i < l->n && l->r[i].object == id)
			put_instance(&object, l, &i);
		if (!l->headless) {
			put_u16(&all, id);
			buf_put_u8(&all, 0);	/* no version */
			put_u16(&all, object.len);
		}
		buf_put_slice(&all, buf_slice(&object));
		objects++;
	}
	if (!l->headless) {
		put_u16(out, objects);
		put_u16(out, all.len);
	}
	buf_put_slice(out, buf_slice(&all));
	if ((buf_error(&all) || buf_error(&object)) && !out->err)
		out->err = -EMSGSIZE;
	buf_wipe_fini(&all);
	buf_wipe_fini(&object);
}
