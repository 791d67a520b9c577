// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of EF(LwM2M_Bootstrap): the input is the file. What is malformed
 * must be told of nothing; every value lies inside the file; the JSON is bounded by
 * it and has no byte that could end a line.
 */
#include <errno.h>
#include <stdlib.h>

#include "card/lwm2m.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
	struct slice file;
	struct buf json;
	size_t n, bytes;
	size_t stop_at;
};

static int tell(void *ctx, const struct lwm2m_value *v)
{
	struct told *t = ctx;

	if (v->bytes.p < t->file.p || v->bytes.p + v->bytes.n > t->file.p + t->file.n)
		abort();
	if (v->kind >= LWM2M_KINDS || (v->kind == LWM2M_BOOLEAN && v->number >> 1))
		abort();
	if (v->object == LWM2M_ID_NONE || v->instance == LWM2M_ID_NONE ||
	    v->resource == LWM2M_ID_NONE)
		abort();
	t->bytes += v->bytes.n;
	lwm2m_json_value(&t->json, v, t->n & 1);
	return ++t->n == t->stop_at ? -ECANCELED : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct told t = { .file = slice_of(data, size), .json = BUF_INIT,
			  .stop_at = size ? data[size - 1] : 0 };
	struct lwm2m_report rep;
	int r;

	lwm2m_json_begin(&t.json);
	r = lwm2m_decode(t.file, tell, &t, &rep);
	lwm2m_json_end(&t.json);
	if (r == -EBADMSG ? !rep.reason || t.n || rep.error_at > size : rep.reason != NULL)
		abort();
	if (r != -ECANCELED && t.n != rep.values && !r)
		abort();
	if (t.bytes > size || t.json.len > 2 + t.n * 160 + 6 * size)
		abort();
	for (size_t i = 0; i < t.json.len; i++) {
		if (t.json.data[i] < 0x20 || t.json.data[i] == 0x7f)
			abort();
	}
	buf_fini(&t.json);
	return 0;
}
