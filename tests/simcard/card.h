/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual card: takes a command, gives the answer, remembers what a card
 * remembers. It knows nothing of how the bytes travel.
 *
 * With T=0 it takes command TPDUs (CLA INS P1 P2 P3 and P3 bytes of data for a
 * command that carries data) and plays the card's part of ISO 7816-3: 61xx, 6Cxx
 * and GET RESPONSE. With T=1, or where the profile says "apdu", it takes APDUs
 * (with "extended" also such of extended length) and answers directly.
 */
#ifndef SIMCARD_CARD_H
#define SIMCARD_CARD_H

#include "profile.h"

struct channel {
	bool open;
	int dir;		/* current directory; index into the profile's files */
	int ef;			/* current EF, or -1 */
	int adf;		/* current application (7FFF), or -1 */
	size_t record;		/* current record from 1; 0 = none yet */
	/* What RETRIEVE DATA is in the midst of: offsets into the EF's objects. */
	struct {
		bool active;
		size_t before, at, end;	/* the block given last begins at @before */
	} get;
};

struct card_stats {
	unsigned long commands, bytes_in, bytes_out, resets, silent;
	unsigned long ins[256];
};

struct card {
	struct profile *p;
	struct channel channels[CHANNELS_MAX];
	uint8_t waiting[256];	/* what GET RESPONSE will fetch */
	size_t waiting_len;
	unsigned int waiting_sw;	/* and how it will end */
	int waiting_channel;
	/* The object that SET DATA brings in blocks; one at a time. */
	struct {
		bool active;
		int channel, ef;
		size_t n, size;
		uint8_t data[EF_SIZE_MAX];
	} set;
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

/* The ATR alone, as card_reset() gives it, without a reset. */
size_t card_atr(const struct card *c, uint8_t *atr);

/*
 * Runs one command. The answer (data and status word) goes to @out, which has
 * REPLY_MAX bytes. Returns its length, or 0 when the card does not answer.
 * *@delay_ms is how long the card takes to answer.
 */
size_t card_command(struct card *c, const uint8_t *cmd, size_t n, uint8_t *out,
		    unsigned int *delay_ms);

#endif
