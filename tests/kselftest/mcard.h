/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card with a few files, for tests that care about what happens to a card and not
 * about the commands that it gets. It can be told to misbehave at one command. A
 * test of the commands themselves uses vcard.h, one of a file's structure fcard.h.
 */
#ifndef MCARD_H
#define MCARD_H

#include "chip.h"
#include "vcard.h"

/* What becomes of the card at command number @tear_at. */
enum mcard_tear {
	MCARD_REMOVE,	/* pulled out */
	MCARD_MUTE,	/* gives no answer to this command */
	MCARD_GARBAGE,	/* answers what is no answer */
	MCARD_NOISE,	/* answers 9000 with as many bytes as fit, of no sense */
	MCARD_RESET,	/* its contacts bounce: inserted anew */
};

struct mcard {
	struct vcard *reader;
	const char *dir;	/* /sys/class/uicc/uicc0.card */
	unsigned int slot;

	/* With the reader's lock: */
	unsigned int commands;	/* since mcard_arm() */
	int tear_at;		/* -1: never */
	enum mcard_tear tear;
	unsigned int torn;	/* how often it came to that */

	unsigned int resets;	/* the reader's, when a command came last */
	struct chip chip;
};

struct mcard *mcard_new(const char *name);
/* Closes the reader and waits until its slot is gone. */
void mcard_free(struct mcard *c);
/* Counts commands from 0 again, and tears at number @at (-1: not). */
void mcard_arm(struct mcard *c, enum mcard_tear tear, int at);
/* Puts a card in, and waits for its device and discovery files. */
bool mcard_insert(struct mcard *c);
bool mcard_remove(struct mcard *c);

#endif /* MCARD_H */
