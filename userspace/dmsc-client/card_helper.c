// SPDX-License-Identifier: GPL-2.0-or-later
/* card-child's way to the helper: requests and file ranges. */
#include <errno.h>
#include <limits.h>

#include "dmsc-client/card_int.h"
#include "util/log.h"
#include "util/str.h"

#define READ_MS 120000		/* the kernel bounds a card's silence; this bounds the helper's */

int card_request(struct card *c, const struct ipc_msg *q, struct ipc_msg *a, int timeout_ms,
		   enum ipc_type type)
{
	int r = ipc_send(IPC_CHILD_FD, q, READ_MS);

	do {
		if (!r)
			r = ipc_recv(IPC_CHILD_FD, a, timeout_ms);
		c->turns.network |= !r && a->type == IPC_NETWORK;
	} while (!r && a->type == IPC_NETWORK);
	if (!r && a->type != type)
		r = -EPROTO;
	if (r)
		c->gone = true;
	return r;
}

int card_wait(struct card *c, int64_t ms)
{
	struct ipc_msg m;
	int r = ipc_recv(IPC_CHILD_FD, &m, ms < INT_MAX ? (int)ms : INT_MAX);

	if (r == -ETIMEDOUT)
		return 0;
	if (!r && m.type == IPC_NETWORK) {
		c->turns.network = true;
		return 0;
	}
	c->gone = true;		/* nothing else is said to us unasked but the end */
	return -EPIPE;
}

/*
 * The card keeps @path back: has somebody the PIN? Each PIN is asked for once in
 * an insertion, which the helper sees to. 0: read again; -EACCES; -ENODEV.
 */
static int pin_ask(struct card *c, const char *path, size_t off)
{
	struct ipc_msg q, a;

	/* Only the data of PKCS#15 is worth a question, not EF(ICCID) and EF(DIR). */
	if (!strncmp(path, "3f00.2f", 7))
		return -EACCES;
	ipc_prepare(&q, IPC_PIN);
	q.pin.off = (uint32_t)off;
	if (str_copy(q.pin.path, sizeof(q.pin.path), slice_str(path)))
		return -EINVAL;
	if (card_request(c, &q, &a, -1, IPC_OUTCOME))
		return -ENODEV;
	if (a.outcome.result == IPC_WITHDRAWN)
		return -ENODEV;
	c->no_pin |= a.outcome.result == IPC_REFUSED || a.outcome.result == IPC_TIMEOUT;
	log_info("%s: a PIN is needed: %s", c->start.slot, a.outcome.reason);
	return a.outcome.result == IPC_DONE ? 0 : -EACCES;
}

int card_read_ef(void *ctx, const char *path, size_t off, uint8_t *buf, size_t n)
{
	struct card *c = ctx;
	struct ipc_msg q, a;
	size_t got = 0, want;
	bool asked = false;
	int r;

	while (got < n) {
		want = n - got < IPC_DATA_MAX ? n - got : IPC_DATA_MAX;
		ipc_prepare(&q, IPC_READ);
		q.read.off = (uint32_t)(off + got);
		q.read.len = (uint32_t)want;
		if (str_copy(q.read.path, sizeof(q.read.path), slice_str(path)))
			return -EINVAL;
		if (card_request(c, &q, &a, READ_MS, IPC_DATA))
			return -ENODEV;
		if (a.data.err == -EACCES && !asked && !c->holds_store && !c->asks_nobody) {
			asked = true;
			r = pin_ask(c, path, off + got);
			if (r)
				return r;
			continue;
		}
		if (a.data.err)
			return a.data.err;	/* a part would pass for the whole file */
		if (a.data.len > want)
			return -EPROTO;
		memcpy(buf + got, a.data.data, a.data.len);
		got += a.data.len;
		if (a.data.len < want)
			break;
	}
	return (int)got;
}
