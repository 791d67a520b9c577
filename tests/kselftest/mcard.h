/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card with a few files behind /dev/uicc-virt, for tests that care about what
 * happens to a card and not about the commands that it gets. It can be told to
 * misbehave at one command. A test of the commands themselves uses vcard.h.
 */
#ifndef MCARD_H
#define MCARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* What becomes of the card at command number @tear_at. */
enum mcard_tear {
	MCARD_REMOVE,	/* pulled out */
	MCARD_MUTE,	/* gives no answer to this command */
	MCARD_GARBAGE,	/* answers what is no answer */
	MCARD_NOISE,	/* answers 9000 with as many bytes as fit, of no sense */
	MCARD_RESET,	/* its contacts bounce: inserted anew */
};

struct mcard {
	int fd;
	unsigned int slot;
	char dir[64];		/* /sys/class/uicc/uicc0.card */
	pthread_t thread;
	int stop[2];

	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int commands;	/* since mcard_arm() */
	unsigned int resets;
	int tear_at;		/* -1: never */
	enum mcard_tear tear;
	unsigned int torn;	/* how often it came to that */
	bool silent;		/* answers nothing at all, resets neither */

	/* the card's own state */
	unsigned int df, ef;	/* what is selected, indices of its files */
	uint8_t pending[256];
	unsigned int n_pending;
};

/* The files it has, as paths for "export"; the discovery files are among them. */
extern const char * const mcard_paths[];
extern const unsigned int mcard_n_paths;

struct mcard *mcard_new(const char *name);
/* Closes the reader and waits until its slot is gone. */
void mcard_free(struct mcard *c);
/* Counts commands from 0 again, and tears at number @at (-1: not). */
void mcard_arm(struct mcard *c, enum mcard_tear tear, int at);
/* Puts a card in, and waits for its device and discovery files. */
bool mcard_insert(struct mcard *c);
bool mcard_remove(struct mcard *c);
/* Waits until @n commands have come since mcard_arm(). */
bool mcard_wait_commands(struct mcard *c, unsigned int n);

#endif /* MCARD_H */
