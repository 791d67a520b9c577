// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of what the kernel reads from the answer to SELECT: the same
 * source files as in the module. The first byte selects what the rest is: an FCP
 * when it is even, else the answer of a 2G card.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../../kernel/core/tlv.c"
#include "../../kernel/core/fcp.c"
#include "../../kernel/core/access.c"
#include "card.h"

/* What every reader of these facts relies on. */
static void check_fcp(const struct uicc_fcp *f, const uint8_t *raw, size_t len)
{
	struct uicc_access acc;
	struct uicc_pins pins;
	int ret;

	if (f->df_name_len > sizeof(f->df_name) || f->sfi > 30 || f->record_length > 255 ||
	    (f->record_length && f->type != UICC_FILE_LINEAR_FIXED && f->type != UICC_FILE_CYCLIC) ||
	    f->type > UICC_FILE_DF || !uicc_file_type_name(f->type) ||
	    f->rules.at + f->rules.len > len || f->pins.at + f->pins.len > len)
		abort();
	ret = uicc_access_fcp(&acc, f, raw, len);
	card_check_access(&acc, ret == 0);
	if (ret == 1 && !f->arr_record)
		abort();
	if (uicc_pins_fcp(&pins, f, raw, len) == 0 && pins.n > UICC_PINS_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uicc_pins pins;
	struct uicc_fcp fcp;
	uint8_t *copy;

	if (!size)
		return 0;
	copy = card_copy(data + 1, size - 1);
	if (data[0] % 2 == 0) {
		if (uicc_fcp_parse(&fcp, copy, size - 1) == 0)
			check_fcp(&fcp, copy, size - 1);
	} else {
		if (uicc_fcp_parse_2g(&fcp, copy, size - 1) == 0)
			check_fcp(&fcp, copy, size - 1);
		if (uicc_pins_2g(&pins, copy, size - 1) == 0 && pins.n > 2)
			abort();
	}
	free(copy);
	return 0;
}
