/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The card behind a modem's AT commands: a command of the kernel becomes one or
 * more of AT+CSIM, +CCHO, +CGLA, +CCHC and +CRSM, by what this modem has and what it
 * turned out to refuse. It sends nothing and keeps no time.
 */
#ifndef UICC_BRIDGE_AT_CARD_H
#define UICC_BRIDGE_AT_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "at_crsm.h"
#include "at_sim.h"
#include "session.h"

/* What a modem has. */
#define AT_HAS_CSIM 1U
#define AT_HAS_CHANNELS 2U	/* +CCHO, +CGLA */
#define AT_HAS_CRSM 4U

enum at_act {
	AT_ACT_SEND,	/* send @command and tell its end by at_card_next() */
	AT_ACT_ANSWER,	/* done: @answer */
	AT_ACT_GONE,	/* done: the modem says that there is no card */
};

struct at_card {
	struct at_command command;
	uint8_t answer[AT_RAPDU_MAX];
	size_t answer_n;
	/* private */
	unsigned int has;
	bool csim_works;	/* it has answered once */
	bool csim_channels;	/* and is not known to refuse another channel than the basic one */
	bool no_le;		/* it refuses an Le behind data, as a card of T=0 does */
	unsigned int channel;	/* opened by +CSIM; 0: none */
	struct session session;
	struct crsm crsm;
	uint8_t apdu[AT_APDU_MAX];
	size_t apdu_n;
	bool without_le;	/* the command under way was cut so */
	enum at_doing { AT_DO_CSIM, AT_DO_CRSM, AT_DO_SESSION, AT_DO_CLOSE } doing;
	enum session_step step;
};

/* @has: AT_HAS_*. */
void at_card_init(struct at_card *c, unsigned int has);
/* The modem or its card has begun anew: no channel is open. */
void at_card_forget(struct at_card *c);

enum at_act at_card_begin(struct at_card *c, const uint8_t *apdu, size_t n);
/* @kind: AT_OK or AT_ERROR; @line: the answer before the OK or NULL, or the error. */
enum at_act at_card_next(struct at_card *c, enum at_kind kind, const char *line);

/* What closes the channel that is open: true and @command, false when none is. */
bool at_card_leave(struct at_card *c);

#endif
