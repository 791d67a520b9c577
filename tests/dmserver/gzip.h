/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compression of an answer; the only user of zlib. */
#ifndef DMSERVER_GZIP_H
#define DMSERVER_GZIP_H

#include "util/buf.h"

/* Sets @out to @in and @blanks blanks behind it, as gzip. 0 or -ENOMEM. */
int gzip_pack(struct buf *out, struct slice in, size_t blanks);

#endif
