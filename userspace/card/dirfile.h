/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory file of a card, one BER-TLV entry behind the other with filling
 * between, read piece by piece as the lengths say. What an entry means is left to
 * others.
 */
#ifndef DMSC_CARD_DIRFILE_H
#define DMSC_CARD_DIRFILE_H

#include "card/reader.h"
#include "card/tlv.h"
#include "util/buf.h"

/*
 * Whatever the file says, reading it to its end takes no more reads than these: a
 * few of just what an entry needs, then large pieces.
 */
#define DIRFILE_SMALL_READS 6
#define DIRFILE_PIECE (4 * CARD_READ_MAX)
#define DIRFILE_READS_MAX (DIRFILE_SMALL_READS + CARD_EF_MAX / DIRFILE_PIECE + 1)

struct dirfile {
	const struct card_reader *rd;
	const char *path;	/* borrowed */
	size_t first;		/* asked for when nothing says how much */
	size_t pos;		/* parsed so far */
	size_t start;		/* of the entry parsed last */
	unsigned int reads;
	bool eof;
	struct buf data;
};

void dirfile_init(struct dirfile *f, const struct card_reader *rd, const char *path, size_t first);
void dirfile_fini(struct dirfile *f);
/*
 * Next entry, valid until the next call: 1, 0 at the end, -errno (-EBADMSG: what
 * follows is no entry). FF and 00 fill a file, and a removed entry has its tag set
 * to 00 while its length stays. Filling up to the end of what was read ends the file,
 * unless @through: then it is read to its end, so that "not there" is no guess.
 */
int dirfile_next(struct dirfile *f, bool through, struct tlv *out) must_check;
/* Where in the file something of an entry stands. */
size_t dirfile_offset(const struct dirfile *f, const uint8_t *p);

#endif
