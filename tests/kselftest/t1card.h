/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The card's side of T=1 (ISO 7816-3 clause 11): one block in, one block out. It has
 * a chip behind it, and can be told to go wrong at one block. It watches that the
 * other side keeps to the rules.
 */
#ifndef T1CARD_H
#define T1CARD_H

#include <stdbool.h>

#include "chip.h"

#define T1_BLOCK_MAX	(3 + 254 + 2)

/* What it does at block number @fault_at in place of its answer, or with it. */
enum t1_fault {
	T1_MUTE,	/* says nothing */
	T1_BAD_EDC,	/* its answer is damaged on the way */
	T1_CUT,		/* its answer loses the last byte */
	T1_R_EDC,	/* says that the block came damaged */
	T1_R_OTHER,	/* says that it was wrong */
	T1_WRONG_NS,	/* its answer has the other sequence number */
	T1_WTX,		/* asks for time first, @wtx times as much */
	T1_IFS,		/* announces first that it takes no more than @new_ifsc */
	T1_ABORT,	/* gives a chain up, whose ever it is */
	T1_S_UNKNOWN,	/* an S-block that there is not */
	T1_NAD,		/* answers to somebody else */
};

struct t1card {
	struct chip *chip;
	uint8_t ifsc;		/* the most it takes; set it as the ATR has it */
	bool crc;

	int fault_at;		/* -1: never */
	unsigned int fault_for;	/* so many blocks in a row, 0 = one */
	enum t1_fault fault;
	uint8_t wtx, new_ifsc;

	unsigned int blocks;	/* that came */
	unsigned int resyncs, aborts, retries;
	unsigned int broken;	/* times that the other side broke a rule */
	bool quiet;		/* which is no news: the line is to blame */
	unsigned int longest;	/* INF that came */

	uint8_t ifsd;
	uint8_t ns, nr;		/* of the next I-block out, and in */
	uint8_t command[CHIP_COMMAND_MAX];
	size_t n_command;
	uint8_t answer[CHIP_RESPONSE_MAX];
	size_t n_answer, at, sent;	/* @sent: bytes of the I-block that is out */
	bool waits_s;			/* its own S-block is out, of ... */
	uint8_t s_pcb, s_value;
	uint8_t last[T1_BLOCK_MAX];	/* as it should have gone out */
	size_t n_last;
	uint8_t held[T1_BLOCK_MAX];	/* what it will say when that S-block is answered */
	size_t n_held;
};

void t1card_init(struct t1card *t, struct chip *chip, uint8_t ifsc, bool crc);
/* Power or reset; counters and faults stay. */
void t1card_reset(struct t1card *t);
/* Length of the block in @out (T1_BLOCK_MAX bytes), 0 when the card says nothing. */
size_t t1card_block(struct t1card *t, const uint8_t *in, size_t len, uint8_t *out);
/* Puts the EDC behind @n bytes of a block and returns the new length. */
size_t t1card_edc(bool crc, uint8_t *block, size_t n);

#endif /* T1CARD_H */
