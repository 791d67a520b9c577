/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BER-TLV, one element at a time (ISO 7816-4 5.2.2, X.690). It knows lengths
 * and tags, nothing of their meaning; it never recurses and never allocates.
 */
#ifndef DMSC_CARD_TLV_H
#define DMSC_CARD_TLV_H

#include "util/cleanup.h"
#include "util/slice.h"

/* Identifier octets as they stand on the card, big endian: 0x30, 0xA7, 0x5F2D. */
struct tlv {
	uint32_t tag;
	struct slice value;	/* borrowed from the input */
};

enum tlv_rules {
	TLV_BER,	/* any definite length of up to four octets */
	TLV_DER,	/* the shortest length form only */
};

/*
 * How many octets the element that starts at @in takes, as its header says;
 * they need not all be there. Used to read just enough of a file.
 * 0 with *@size set; -ENODATA: the header itself is cut short;
 * -EBADMSG: no element (indefinite length, tag over 3 octets, length over 4).
 */
int tlv_size(struct slice in, enum tlv_rules rules, size_t *size) must_check;

/*
 * Takes one element off the front of @in. 1: *@out holds it; 0: @in is empty;
 * -EBADMSG: malformed or longer than @in, both arguments unmodified.
 */
int tlv_next(struct slice *in, enum tlv_rules rules, struct tlv *out) must_check;

#endif
