/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual card: takes a command, gives the answer, remembers what a card
 * remembers. It knows nothing of how the bytes travel.
 *
 * With T=0 it takes command TPDUs (CLA INS P1 P2 P3 and P3 bytes of data for a
 * command that carries data) and plays the card's part of ISO 7816-3: 61xx, 6Cxx
 * and GET RESPONSE. With T=1 it takes short APDUs and answers directly.
 */
#ifndef SIMCARD_CARD_H
#define SIMCARD_CARD_H

#include "profile.h"

#define CARD_CHANNELS 4

struct channel {
	bool open;
	int dir;		/* current directory; index into the profile's files */
	int ef;			/* current EF, or -1 */
	int adf;		/* current application (7FFF), or -1 */
	size_t record;		/* current record from 1; 0 = none yet */
};

struct card_stats {
	unsigned long commands, bytes_in, bytes_out, resets, silent;
	unsigned long ins[256];
};

struct card {
	struct profile *p;
	struct channel channels[CARD_CHANNELS];
	uint8_t waiting[256];	/* what GET RESPONSE will fetch */
	size_t waiting_len;
	int waiting_channel;
	bool mode_known, gsm;	/* the class of the first command after reset decides */
	bool verified[PROFILE_KEYS];
	int tries[PROFILE_KEYS];
	unsigned int since_reset;
	unsigned int hits[PROFILE_QUIRKS_MAX];
	struct card_stats stats;	/* survives resets */
};

/* @p is borrowed and, by UPDATE commands, changed. */
void card_init(struct card *c, struct profile *p);

/* Cold reset. Copies the ATR to @atr (ATR_MAX bytes); 0 bytes when the card is mute. */
size_t card_reset(struct card *c, uint8_t *atr);

/*
 * Runs one command. The answer (data and status word) goes to @out, which has
 * REPLY_MAX bytes. Returns its length, or 0 when the card does not answer.
 * *@delay_ms is how long the card takes to answer.
 */
size_t card_command(struct card *c, const uint8_t *cmd, size_t n, uint8_t *out,
		    unsigned int *delay_ms);

#endif
