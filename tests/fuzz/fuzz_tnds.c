// SPDX-License-Identifier: GPL-2.0-or-later
/* libFuzzer target of serialized trees: the input is the document, in either notation. */
#include "codec_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice doc = slice_of(data, size);

	codec_check_tree(codec_guess(SLICE_NONE, doc), doc);
	return 0;
}
