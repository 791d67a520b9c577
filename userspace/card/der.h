/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few DER types PKCS#15 files are made of, on top of tlv. Not a general
 * ASN.1 decoder: OIDs are compared as bytes and never turned into numbers,
 * since arcs of 2.25.UUID do not fit any integer.
 */
#ifndef DMSC_CARD_DER_H
#define DMSC_CARD_DER_H

#include "card/tlv.h"

enum {
	DER_INTEGER = 0x02, DER_BITS = 0x03, DER_OCTETS = 0x04, DER_OID = 0x06,
	DER_UTF8 = 0x0c, DER_SEQUENCE = 0x30,
};

/* Takes the next element, which must carry @tag; its content goes to *@value. 0, -ENOMSG or -EBADMSG. */
int der_expect(struct slice *in, uint32_t tag, struct slice *value) must_check;
/* The same when the element may be missing: 1 taken, 0 not there (@in unmodified), -EBADMSG. */
int der_optional(struct slice *in, uint32_t tag, struct slice *value) must_check;
/* A non-negative INTEGER that fits 32 bits, from its content. 0 or -ERANGE. */
int der_uint(struct slice content, uint32_t *out) must_check;
/*
 * The content of an OID, whichever way the card wrapped it: deployed cards
 * carry a whole OID TLV inside the OID (06 06 06 04 67 2B 09 01).
 */
struct slice der_oid_unwrap(struct slice content);

#endif
