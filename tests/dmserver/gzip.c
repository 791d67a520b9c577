// SPDX-License-Identifier: GPL-2.0-or-later
#include "gzip.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16)	/* the largest, with gzip's header and trailer */

/* Puts @in through @z, all of what comes out to the end of @out. */
static int push(z_stream *z, struct buf *out, struct slice in, int flush)
{
	unsigned char piece[4096];
	int err;

	z->next_in = (unsigned char *)(uintptr_t)in.p;
	z->avail_in = (unsigned int)in.n;
	do {
		z->next_out = piece;
		z->avail_out = sizeof(piece);
		err = deflate(z, flush);
		buf_put(out, piece, sizeof(piece) - z->avail_out);
	} while (err == Z_OK && (z->avail_in || !z->avail_out || flush == Z_FINISH));
	return buf_error(out) ? -ENOMEM : 0;
}

int gzip_pack(struct buf *out, struct slice in, size_t blanks)
{
	uint8_t space[16384];
	z_stream z = { 0 };
	int err;

	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	memset(space, ' ', sizeof(space));
	buf_reset(out);
	err = push(&z, out, in, Z_NO_FLUSH);
	for (; !err && blanks; blanks -= blanks < sizeof(space) ? blanks : sizeof(space))
		err = push(&z, out, slice_of(space, blanks < sizeof(space) ? blanks : sizeof(space)),
			   Z_NO_FLUSH);
	if (!err)
		err = push(&z, out, slice_of(space, 0), Z_FINISH);
	deflateEnd(&z);
	return err;
}
