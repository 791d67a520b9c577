// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of the Answer to Reset, by the same source file as in the
 * module.
 */
#include "../../kernel/core/atr.c"
#include "card.h"

/* What every reader of these facts relies on. */
static void check(const struct uicc_atr *a, const uint8_t *data, size_t size)
{
	if (a->len > UICC_ATR_MAX || a->len > size || memcmp(a->raw, data, a->len) ||
	    a->hist + a->hist_len > a->len || a->hist_len > 15 || !a->protocols ||
	    !(a->protocols & BIT(a->first_protocol)) || !a->fi || !a->di || !a->fmax_khz ||
	    uicc_atr_protocol(a) > 14 || !uicc_atr_offers(a, uicc_atr_protocol(a)) ||
	    a->caps_len > a->hist_len || a->caps_len > sizeof(a->caps) || uicc_atr_channels(a) > 8 ||
	    uicc_atr_supply_classes(a) > 7 || (uicc_atr_extended(a) && !uicc_atr_channels(a)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = card_copy(data, size);
	struct uicc_atr atr;

	if (uicc_atr_parse(&atr, copy, size) == 0)
		check(&atr, copy, size);
	free(copy);
	return 0;
}
