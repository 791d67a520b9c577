/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card of which a modem gives files alone (AT+CRSM): the kernel's SELECT and READ
 * become commands that name their file. There are no applications and no channels
 * then, and no PIN. Nothing is sent here.
 */
#ifndef UICC_BRIDGE_AT_CRSM_H
#define UICC_BRIDGE_AT_CRSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "at_sim.h"

enum crsm_step {
	CRSM_SEND,	/* send @command */
	CRSM_ANSWER,	/* done: @answer */
};

struct crsm_place {
	uint8_t dir[AT_PATH_MAX];	/* FIDs from the MF, which itself is not there */
	size_t n;
	uint16_t fid;			/* of the EF; 0: none is selected */
};

/* How this modem wants a directory; found out with the first file there. */
enum crsm_form { CRSM_PLAIN, CRSM_WITH_MF, CRSM_FORMS };

struct crsm {
	struct at_crsm command;
	uint8_t answer[AT_RAPDU_MAX];
	size_t answer_n;
	/* private */
	struct crsm_place at;		/* what is selected */
	struct crsm_place to;		/* what the SELECT under way goes to */
	enum crsm_form form;
	bool form_known;
	uint8_t p3;			/* of GET RESPONSE: 0, or 15 of a modem that wants it so */
	unsigned int tries;
	bool select, want_fcp;
	uint8_t path[2 + AT_PATH_MAX];
	uint8_t data[AT_APDU_MAX];
};

void crsm_init(struct crsm *c);
/* The first step of a command (@n: 4 to AT_APDU_MAX bytes). */
enum crsm_step crsm_begin(struct crsm *c, const uint8_t *apdu, size_t n);
/* After CRSM_SEND: data and status word, 2 to AT_RAPDU_MAX bytes; of a refusal at_error_sw() and @refused. */
enum crsm_step crsm_next(struct crsm *c, const uint8_t *data, size_t n, bool refused);

#endif
