// SPDX-License-Identifier: GPL-2.0-or-later
/* Is something left to be done without a card? For those that then wake dmsc-helper --pending. */
#include "dmsc-client/pending.h"

static int is_open(void *ctx, const struct store_wish *w)
{
	return w->phase != STORE_WISH_FAILED;
}

bool pending_any(struct store *s)
{
	return store_wish_each(s, is_open, NULL) == 1;
}
