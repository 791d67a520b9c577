// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of package 0, bare and wrapped: the input is what a modem hands
 * over. What it means lies inside it, in its order; it is bounded; and nobody without
 * the secret has made it.
 */
#include <errno.h>
#include <stdlib.h>

#include "net/notification.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(struct slice part, struct slice whole)
{
	return part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice msg = slice_of(data, size);
	struct notification n;
	int rc = notification_parse(msg, &n);

	if (rc) {
		if (rc != -EBADMSG && rc != -EPROTONOSUPPORT)
			abort();
		return 0;
	}
	if (size > NOTIFICATION_MAX || !inside(n.digest, msg) || !inside(n.trigger, msg))
		abort();
	if (n.digest.n != NOTIFICATION_DIGEST || n.trigger.p != n.digest.p + n.digest.n ||
	    n.trigger.p + n.trigger.n != data + size)
		abort();
	if (!inside(n.server_id, n.trigger) || !inside(n.vendor, n.trigger) ||
	    n.vendor.p != n.server_id.p + n.server_id.n ||
	    n.vendor.p + n.vendor.n != data + size)
		abort();
	if (!n.session_id || !n.server_id.n || n.server_id.n > 255 || n.ui > NOTIFICATION_UI_ASK ||
	    n.version < 10 || n.version > 12)
		abort();
	for (size_t i = 0; i < n.server_id.n; i++)
		if (n.server_id.p[i] <= 0x20 || n.server_id.p[i] == 0x7f)
			abort();
	/* The seeds are signed with other secrets. */
	if (notification_signed(&n, SLICE_NONE, SLICE_LIT("")) ||
	    notification_signed(&n, SLICE_LIT("not the secret of any seed"),
				notification_reset_nonce(0)))
		abort();
	return 0;
}
