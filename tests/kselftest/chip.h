/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a card with a few files answers, whatever reader it is in: commands in,
 * responses out, no reader, no thread, no lock. mcard.h puts it into a reader behind
 * /dev/uicc-virt; readers with a line or a cable of their own use it the same way.
 */
#ifndef CHIP_H
#define CHIP_H

#include <stddef.h>
#include <stdint.h>

/* Longest command and response, extended ones included. */
#define CHIP_COMMAND_MAX	(4 + 3 + 4096 + 2)
#define CHIP_RESPONSE_MAX	(4096 + 2)

struct chip {
	unsigned int df, ef;	/* what is selected, indices of its files */
	uint8_t pending[256];	/* waits for GET RESPONSE */
	size_t n_pending;
	unsigned int commands;	/* since the program began; not set back by a reset */
};

/* The files it has, as paths for "export"; the discovery files are among them. */
extern const char * const chip_paths[];
extern const unsigned int chip_n_paths;

/* Power or reset: nothing is selected. */
void chip_reset(struct chip *c);
/*
 * One TPDU of T=0 (header, P3, data), to which it says 61xx and 6Cxx. Returns the
 * length of data and SW1 SW2 in @out, which has CHIP_RESPONSE_MAX bytes.
 */
size_t chip_tpdu(struct chip *c, const uint8_t *cmd, size_t len, uint8_t *out);
/* One APDU, short or extended, which it answers at once, as a T=1 card does. */
size_t chip_apdu(struct chip *c, const uint8_t *cmd, size_t len, uint8_t *out);

#endif /* CHIP_H */
