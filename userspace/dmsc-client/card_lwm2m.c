// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hands what a card holds for LwM2M clients to the helper, for lwm2m-hook. It is
 * read only when that is configured, and after management data was dealt with.
 */
#include <errno.h>

#include "card/lwm2m.h"
#include "dmsc-client/card_int.h"
#include "util/digest.h"
#include "util/log.h"

#define FIRST (4 * CARD_READ_MAX)	/* bytes asked for at first */
#define SEND_MS 10000

static int send_value(void *ctx, const struct lwm2m_value *v)
{
	struct card *c = ctx;
	struct ipc_msg m;
	size_t at = 0;
	int r;

	do {
		size_t n = v->bytes.n - at < IPC_DATA_MAX ? v->bytes.n - at : IPC_DATA_MAX;

		ipc_prepare(&m, IPC_LWM2M);
		m.lwm2m.object = v->object;
		m.lwm2m.instance = v->instance;
		m.lwm2m.resource = v->resource;
		m.lwm2m.item = v->item;
		m.lwm2m.major = v->major;
		m.lwm2m.minor = v->minor;
		m.lwm2m.secret = v->secret;
		m.lwm2m.kind = v->kind;
		/* Text and bytes travel as they are, a number as one. */
		m.lwm2m.number = v->number;
		if (v->kind == LWM2M_OPAQUE || v->kind == LWM2M_STRING) {
			m.lwm2m.len = (uint32_t)n;
			memcpy(m.lwm2m.data, v->bytes.p + at, n);
			at += n;
			m.lwm2m.more = at < v->bytes.n;
		} else {
			at = v->bytes.n;
		}
		/* A text too long for one message is nothing that a person wrote. */
		if (v->kind == LWM2M_STRING && v->bytes.n > IPC_DATA_MAX)
			m.lwm2m.kind = LWM2M_OPAQUE;
		r = ipc_send(IPC_CHILD_FD, &m, SEND_MS);
	} while (!r && at < v->bytes.n);
	explicit_bzero(&m, sizeof(m));
	if (r)
		c->gone = true;
	return r;
}

/* 1: this insertion has given it already; 0: it has not, and now it is noted; -errno. */
static int note(struct card *c, struct slice content)
{
	_cleanup_client_store_ struct store *s = NULL;
	struct slice parts[] = { SLICE_LIT("lwm2m"), content };
	struct store_card row = { .phase = STORE_CARD_NONE };
	int r;

	if (client_store_open(&c->args, STORE_WRITE, &s))
		return -EIO;
	digest_sha256_parts(parts, 2, row.digest);
	memcpy(row.iccid, c->data.iccid, c->data.iccid_len);
	row.iccid_len = (uint8_t)c->data.iccid_len;
	r = store_card_get(s, card_iccid(c), row.digest, "", &row);
	if (!r && card_same_insertion(c, &row))
		return 1;
	return r && r != -ENOENT ? r : card_row_put(c, s, &row, STORE_CARD_DONE,
						    "the LwM2M bootstrap was given to lwm2m-hook");
}

static int deliver(struct card *c, struct slice content)
{
	struct lwm2m_report rep;
	struct ipc_msg m;
	int r = lwm2m_decode(content, NULL, NULL, &rep);

	if (r == -ENODATA) {
		log_info("%s: EF(LwM2M_Bootstrap) is empty", c->start.slot);
		return 0;
	}
	if (r || !rep.values) {
		log_err("%s: EF(LwM2M_Bootstrap) is malformed at byte %zu (%s): lwm2m-hook gets nothing",
			c->start.slot, rep.error_at, r ? rep.reason : "no resources");
		return 0;
	}
	r = note(c, content);
	if (r > 0)
		log_info("%s: EF(LwM2M_Bootstrap) was given to lwm2m-hook in this insertion already",
			 c->start.slot);
	if (r)
		return r < 0 ? r : 0;
	r = lwm2m_decode(content, send_value, c, &rep);
	if (r)
		return r;
	ipc_prepare(&m, IPC_LWM2M_END);
	r = ipc_send(IPC_CHILD_FD, &m, SEND_MS);
	if (r)
		c->gone = true;
	return r;
}

int card_lwm2m(struct card *c)
{
	const struct pkcs15_object *o = &c->data.lwm2m;
	struct buf content;
	int r;

	if (!o->path[0] || c->lwm2m_done || !c->args.conf.lwm2m_hook[0])
		return 0;
	c->lwm2m_done = true;
	buf_init(&content, LWM2M_FILE_MAX);
	r = pkcs15_object_read(&c->data.rd, o, FIRST, &content);
	if (!r) {
		r = deliver(c, buf_slice(&content));
	} else if (r != -ENODEV) {
		log_err("%s: EF(LwM2M_Bootstrap): %s; lwm2m-hook gets nothing", c->start.slot,
			card_error(r));
		r = 0;
	}
	buf_wipe_fini(&content);
	return r;
}
