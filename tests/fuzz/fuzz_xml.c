// SPDX-License-Identifier: GPL-2.0-or-later
/* libFuzzer target of messages in XML: the input is the message. */
#include "codec_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	codec_check_message(CODEC_XML, slice_of(data, size));
	return 0;
}
