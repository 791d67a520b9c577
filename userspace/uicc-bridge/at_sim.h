/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of 3GPP TS 27.007 that reach a SIM, as text, and their answers as
 * bytes. What is sent when, at_card.c knows.
 */
#ifndef UICC_BRIDGE_AT_SIM_H
#define UICC_BRIDGE_AT_SIM_H

#include <stddef.h>
#include <stdint.h>

#include "at_line.h"
#include "util/cleanup.h"

#define AT_APDU_MAX 261		/* what one command carries: a short APDU */
#define AT_RAPDU_MAX 258	/* and what comes back: 256 bytes, SW1 SW2 */
/* "AT+CGLA=4294967295,522," and the APDU in hex with its quotes. */
#define AT_COMMAND_MAX (64 + 2 * AT_APDU_MAX)
#define AT_PATH_MAX 16		/* bytes of a <pathid> */

struct at_command {
	char text[AT_COMMAND_MAX];	/* without the CR at its end */
	char prefix[AT_PREFIX_MAX];	/* what its answer begins with */
	bool number;			/* or a line of digits alone */
};

/* +CRSM (8.18): what it does to one file. */
struct at_crsm {
	uint8_t ins;
	bool has_file;			/* STATUS has none */
	uint16_t fid;
	uint8_t p1, p2, p3;
	const uint8_t *data;		/* of an UPDATE: p3 bytes */
	const uint8_t *path;		/* <pathid>, or NULL */
	size_t path_n;
};

/* A command without anything to fill in; @prefix as in struct at_command. */
void at_put(struct at_command *c, const char *text, const char *prefix);
/* All return 0, or -EMSGSIZE when the APDU or AID is longer than there are. */
must_check int at_put_csim(struct at_command *c, const uint8_t *apdu, size_t n);
must_check int at_put_cgla(struct at_command *c, uint32_t session, const uint8_t *apdu, size_t n);
must_check int at_put_ccho(struct at_command *c, const uint8_t *aid, size_t n);
void at_put_cchc(struct at_command *c, uint32_t session);
must_check int at_put_crsm(struct at_command *c, const struct at_crsm *crsm);

/* +CSIM and +CGLA: data and status word, 2 to AT_RAPDU_MAX bytes. The length or -EPROTO. */
must_check int at_get_rapdu(const char *line, uint8_t out[AT_RAPDU_MAX]);
/* +CRSM: the same, made of <sw1>, <sw2> and <response>. */
must_check int at_get_crsm(const char *line, uint8_t out[AT_RAPDU_MAX]);
/* +CCHO: the session's id. 0 or -EPROTO. */
must_check int at_get_session(const char *line, uint32_t *session);

/* What an error (9.2.1, and 9.1 for ERROR) says, as far as it makes a difference here. */
enum at_error {
	AT_ERR_UNKNOWN,		/* ERROR, and every code that is not here */
	AT_ERR_NO_CARD,		/* 10: SIM not inserted */
	AT_ERR_LOCKED,		/* 5, 11, 12, 17, 18: a PIN or PUK is missing */
	AT_ERR_BUSY,		/* 14 */
	AT_ERR_CARD,		/* 13, 15: SIM failure, SIM wrong */
	AT_ERR_REFUSED,		/* 3, 4: operation not allowed, not supported */
	AT_ERR_NOT_FOUND,	/* 22 */
};

enum at_error at_get_error(const char *line);
/* The status word that stands for it in the answer to a command. */
uint16_t at_error_sw(enum at_error error);

#endif
