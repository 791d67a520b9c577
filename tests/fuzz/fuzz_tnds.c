// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of serialized trees: the input is the document, in either notation.
 * What is no tree may be a message, which often has one inside.
 */
#include "codec_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice doc = slice_of(data, size);

	if (!codec_check_tree(codec_guess(SLICE_NONE, doc), doc))
		codec_check_message(codec_guess(SLICE_LIT("application/vnd.syncml"), doc), doc);
	return 0;
}
