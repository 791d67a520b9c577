// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of what the kernel reads from a card: the same source files
 * as in the module. The first byte selects what the rest is: 0 FCP, 1 the 2G
 * answer to SELECT, 2 ATR, modulo 3.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../../kernel/core/fcp.c"
#include "../../kernel/core/atr.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What every reader of these facts relies on. */
static void check_fcp(const struct uicc_fcp *f)
{
	if (f->df_name_len > sizeof(f->df_name) || f->sfi > 30 || f->record_length > 255 ||
	    (f->record_length && f->type != UICC_FILE_LINEAR_FIXED && f->type != UICC_FILE_CYCLIC) ||
	    f->type > UICC_FILE_DF || !uicc_file_type_name(f->type))
		abort();
}

static void check_atr(const struct uicc_atr *a, const uint8_t *data, size_t size)
{
	if (a->len > UICC_ATR_MAX || a->len > size || memcmp(a->raw, data, a->len) ||
	    a->hist + a->hist_len > a->len || a->hist_len > 15 || !a->protocols ||
	    !(a->protocols & BIT(a->first_protocol)) || !a->fi || !a->di || !a->fmax_khz ||
	    uicc_atr_protocol(a) > 14)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uicc_fcp fcp;
	struct uicc_atr atr;
	uint8_t *copy;

	if (!size)
		return 0;
	/* An exact copy: one byte too far is seen. */
	copy = malloc(size - 1 ? size - 1 : 1);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	switch (data[0] % 3) {
	case 0:
		if (uicc_fcp_parse(&fcp, copy, size - 1) == 0)
			check_fcp(&fcp);
		break;
	case 1:
		if (uicc_fcp_parse_2g(&fcp, copy, size - 1) == 0)
			check_fcp(&fcp);
		break;
	default:
		if (uicc_atr_parse(&atr, copy, size - 1) == 0)
			check_atr(&atr, copy, size - 1);
		break;
	}
	free(copy);
	return 0;
}
