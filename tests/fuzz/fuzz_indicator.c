// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of the indicator. What is not valid must ask for nothing.
 *
 * Without make:
 *   clang -g -O1 -std=gnu11 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined \
 *     -fno-sanitize-recover=all -Iuserspace tests/fuzz/fuzz_indicator.c \
 *     userspace/card/?*.c userspace/util/{buf,str}.c -o fuzz_indicator
 *   ./fuzz_indicator -max_len=600 -max_total_time=60 CORPUS
 */
#include <stdlib.h>

#include "card/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct indicator ind;
	struct plan_input in = { .ind = &ind, .bootstrapped = true, .cp_init = true,
				 .connect_without_indicator = true, .server_id = SLICE_LIT("s") };
	const char *why;
	size_t i;

	indicator_parse(slice_of(data, size), &ind);
	if (ind.state == INDICATOR_MALFORMED) {
		if (!ind.reason || plan_session(&in, &why) != PLAN_NO_SESSION ||
		    plan_incorporate(&ind, false, false) != PLAN_ASK)
			abort();
		return 0;
	}
	if (ind.state == INDICATOR_VALID && (ind.raw_len < 8 || data[0] != 0xe1))
		abort();
	for (i = 0; i < ind.nservers; i++)	/* they lie inside what was kept */
		if (ind.servers[i].p < ind.raw ||
		    ind.servers[i].p + ind.servers[i].n > ind.raw + ind.raw_len)
			abort();
	for (i = 0; ind.text[i]; i++)
		if ((unsigned char)ind.text[i] < 0x20 || ind.text[i] == 0x7f)
			abort();
	return 0;
}
