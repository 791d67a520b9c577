// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of access rules: records of EF(ARR), by the same source files
 * as in the module.
 */
#include "../../kernel/core/tlv.c"
#include "../../kernel/core/access.c"
#include "card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = card_copy(data, size);
	struct uicc_access acc;
	int ret = uicc_access_rules(&acc, copy, size);

	if (ret != 0 && ret != -ENODATA && ret != -EPROTO)
		abort();
	card_check_access(&acc, ret == 0);
	free(copy);
	return 0;
}
