/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the codec's fuzz targets ask of every input; each aborts when it is not so. */
#ifndef FUZZ_CODEC_CHECK_H
#define FUZZ_CODEC_CHECK_H

#include "codec/codec.h"

/*
 * A message that decodes must survive being written, in either format, and read
 * again. Bytes behind the end are padding unless the last one is an END.
 */
void codec_check_message(enum codec_format from, struct slice in);
/* The same for a serialized tree. True when it is one. */
bool codec_check_tree(enum codec_format from, struct slice in);

#endif
