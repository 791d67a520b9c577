// SPDX-License-Identifier: GPL-2.0-or-later
/* Is something left to be done without a card? For those that then wake dmsc-helper --pending. */
#include "dmsc-client/pending.h"
#include "store/firmware.h"

static int is_open(void *ctx, const struct store_wish *w)
{
	return w->phase != STORE_WISH_FAILED;
}

/* One that waits for a reboot may have had it: who looks into the row finds out. */
static int is_under_way(void *ctx, const struct store_firmware *f)
{
	return store_firmware_open(f->phase);
}

bool pending_any(struct store *s)
{
	return store_wish_each(s, is_open, NULL) == 1 ||
	       store_firmware_each(s, is_under_way, NULL) == 1;
}
