/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logical channels of modems that open one with an application only (AT+CCHO, QMI,
 * MBIM). The kernel opens a channel with MANAGE CHANNEL and selects on it what it
 * likes; here its commands are turned into steps: open a session with an AID,
 * close it, send a command in it. Whoever takes the steps tells how they went. A
 * session's id is the modem's word for it and no number of a channel: the kernel
 * is given the number SESSION_CHANNEL. Nothing is sent here and nothing waits.
 */
#ifndef UICC_BRIDGE_SESSION_H
#define UICC_BRIDGE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_CHANNEL 1
#define SESSION_AID_MAX 16
#define SESSION_APDU_MAX 4105
#define SESSION_RAPDU_MAX 4098

enum session_step {
	SESSION_OPEN,	/* open a session with @aid */
	SESSION_CLOSE,	/* close session @id; however that ends */
	SESSION_SEND,	/* send @apdu in session @id */
	SESSION_BASIC,	/* send @apdu on the basic channel */
	SESSION_ANSWER,	/* done: @answer is what the kernel gets */
};

/* How a step went. */
struct session_result {
	/*
	 * 0; -ENOENT: the modem refuses this session (OPEN), or does not know it any
	 * more (SEND); -EBUSY: it has no time for the card now.
	 */
	int err;
	uint32_t id;		/* OPEN: of the session */
	const uint8_t *data;	/* SEND, BASIC: the answer, 2 to SESSION_RAPDU_MAX bytes */
	size_t n;
};

struct session {
	/* what the step works on; for the one who takes it to read */
	uint32_t id;
	uint8_t aid[SESSION_AID_MAX];
	size_t aid_n;
	uint8_t apdu[SESSION_APDU_MAX];
	size_t apdu_n;
	uint8_t answer[SESSION_RAPDU_MAX];
	size_t answer_n;
	/* private */
	bool basic;		/* commands can go to the basic channel */
	bool open;		/* there is a session, @id */
	bool given;		/* the kernel has been given the channel */
	bool refused;		/* no session can be had: there is no channel */
	enum session_doing {
		SESSION_IDLE,
		SESSION_CHANNEL_OPEN,	/* an old session is closed before a channel is given */
		SESSION_CHANNEL_CLOSE,
		SESSION_SELECT_CLOSE,	/* SELECT by AID: the session before it goes */
		SESSION_SELECT_OPEN,
		SESSION_SELECT_STATUS,	/* and its FCP is asked for */
		SESSION_CARRIER,	/* a session in which any file can be selected */
		SESSION_COMMAND,
		SESSION_PLAIN,		/* on the basic channel */
		SESSION_LOST,		/* a session that is not known any more is closed */
	} doing;
	size_t carrier;		/* how many applications were tried */
	uint8_t wanted[SESSION_AID_MAX];	/* of the SELECT under way */
	size_t wanted_n;
};

/* @basic: commands can go to the basic channel; else all of them go into sessions. */
void session_init(struct session *s, bool basic);
/* The modem has forgotten its sessions (it was reset, the card is another). */
void session_forget(struct session *s);
/* The first step of a command (@n: 4 to SESSION_APDU_MAX bytes), and the one after that. */
enum session_step session_begin(struct session *s, const uint8_t *apdu, size_t n);
enum session_step session_next(struct session *s, const struct session_result *r);
/* The session that is to be closed before one lets go of the modem: true and its @id. */
bool session_leave(struct session *s, uint32_t *id);
/* The answer @sw alone, for a command that was not sent. */
enum session_step session_say(struct session *s, uint16_t sw);

/* The logical channel in a class byte (TS 102 221 10.1.1), and the class of the same on channel 0. */
unsigned int session_cla_channel(uint8_t cla);
uint8_t session_cla_basic(uint8_t cla);
/* The class of the same on @channel; beyond 19 there is none, and it stays as it is. */
uint8_t session_cla_on(uint8_t cla, uint32_t channel);

#endif
