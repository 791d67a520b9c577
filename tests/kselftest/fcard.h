/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card with one elementary file, of any structure, for the program of a vcard.
 * Every SELECT finds it. It obeys the standard but for the ways to lie that a test
 * sets.
 */
#ifndef FCARD_H
#define FCARD_H

#include "vcard.h"

/* File descriptor bytes (TS 102 221 11.1.1.4.3) */
#define FCARD_TRANSPARENT	0x41
#define FCARD_LINEAR		0x42
#define FCARD_CYCLIC		0x46
#define FCARD_BER_TLV		0x79

struct fcard {
	uint8_t type;
	uint8_t data[65536];	/* content: bytes, records, or objects */
	size_t size;
	size_t record;		/* bytes of a record */
	bool sim2g;		/* knows class A0 alone */
	bool apdu;		/* takes APDUs: no GET RESPONSE */
	bool forgets;		/* takes updates and does nothing */
	bool no_size;		/* does not say it in the FCP */
	unsigned int fail_at;	/* this update, from 1, is not done but fails ... */
	uint16_t fail_sw;	/* ... with this; 0 = no answer */
	uint16_t update_sw;	/* answers updates that were done, 0 = 9000 */
	unsigned int fail_read;	/* and so does this READ, from 1 */

	unsigned int selects, reads, updates;
	size_t longest;		/* largest READ answered */

	uint8_t answer[4096];	/* waits for GET RESPONSE */
	size_t n_answer;
	uint16_t answer_sw;
	uint8_t block[4096];	/* object in transit, either way */
	size_t n_block, at_block;
};

struct fcard *fcard_new(uint8_t type, size_t size, size_t record);
/* Inserts @f into a new reader. Dies when it cannot. */
struct vcard *fcard_insert(struct fcard *f, const char *name, uint32_t flags);
/* Adds an object of @len bytes, filled with @fill, behind the others. */
size_t fcard_object(struct fcard *f, uint32_t tag, size_t len, uint8_t fill);
size_t fcard_put_object(uint8_t *out, uint32_t tag, size_t len, uint8_t fill);

#endif /* FCARD_H */
