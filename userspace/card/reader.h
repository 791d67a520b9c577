/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the code of card/ gets at a card's files: a callback, and its bounds. */
#ifndef DMSC_CARD_READER_H
#define DMSC_CARD_READER_H

#include <stddef.h>
#include <stdint.h>

/* EF paths follow the grammar of the card device's sysfs groups, "3f00.2fe2". */
#define CARD_PATH_MAX 80	/* with its NUL */
/*
 * The most that the kernel gets with one READ BINARY. Who asks for more in
 * one go asks for a multiple, or a command is spent on the last few bytes.
 */
#define CARD_READ_MAX 255
#define CARD_EF_MAX 32768	/* bytes of a file that can be read (15-bit READ BINARY offset) */

/*
 * Reads up to @n bytes of an EF from @off. Returns the count, less than @n
 * only at the end of the file, or -errno: -ENOENT no such file, -EACCES a PIN
 * is needed, -ENODEV the card is gone, -ETIMEDOUT, -EPROTO.
 */
typedef int card_read_fn(void *ctx, const char *path, size_t off, uint8_t *buf, size_t n);

struct card_reader {
	card_read_fn *read;
	void *ctx;
};

#endif
