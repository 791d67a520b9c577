/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A modem with AT commands as the reader of a card: it is got into step, asked what
 * it has, watched for its card, and given one command at a time. Bytes, requests and
 * the time come in; bytes to send and events come out. It opens nothing and waits
 * for nothing.
 */
#ifndef UICC_BRIDGE_AT_MODEM_H
#define UICC_BRIDGE_AT_MODEM_H

#include "at_card.h"
#include "at_line.h"
#include "bridge.h"

#define AT_EVENTS_MAX 4
#define AT_NEVER UINT64_MAX

struct at_options {
	unsigned int answer_ms;		/* how long one command may take */
	unsigned int poll_ms;		/* how often the card is asked after; 0: never */
	unsigned int has;		/* which AT_HAS_* may be used */
	const char *removed;		/* pattern of an unsolicited code, fnmatch(3); or NULL */
	const char *inserted;
	uint8_t atr[33];
	size_t atr_n;
};

struct at_modem {
	/* private */
	struct at_options o;
	struct at_line line;
	struct at_card card;
	enum at_state {
		AT_SYNC,	/* until it is known that the next answer is that to the next command */
		AT_SETUP,
		AT_IDLE,
		AT_ASK_CARD,	/* AT+CPIN?: is there a card? */
		AT_COMMAND,	/* one of the card's */
	} state;
	unsigned int step;	/* of the setup */
	unsigned int tries;	/* of AT_SYNC */
	bool ready;		/* the setup is done */
	bool running;		/* a command was sent and has not ended */
	bool answered, ended;	/* AT_SYNC: its own answer has come, any end of a command has */
	bool has_cmee;		/* it has given that answer at some time */
	char answer[AT_LINE_MAX + 1];	/* the line before the OK; "" for none */
	bool present, known;	/* a card is in; whether that is known */
	bool ask_now;
	bool asked_last;	/* and no request since */
	bool anew;		/* the modem has begun anew */
	unsigned int found;	/* AT_HAS_* */
	uint64_t deadline, poll_at;
	int err;
	bool wanted;		/* a request waits; of a reset wanted_n is 0 */
	uint8_t want[AT_APDU_MAX];
	size_t want_n;
	bool dropped;		/* another request has followed the one that runs */
	char out[AT_COMMAND_MAX + 2];
	size_t out_n, out_done;
	struct {
		enum bridge_event_type type;
		uint8_t data[AT_RAPDU_MAX];
		size_t n;
	} events[AT_EVENTS_MAX];
	size_t n_events;
};

void at_modem_init(struct at_modem *m, const struct at_options *o, uint64_t now_ms);

/* A command of the kernel, or a reset (@n == 0). It takes the place of one before it. */
must_check int at_modem_request(struct at_modem *m, const uint8_t *data, size_t n, uint64_t now_ms);

/* What the modem has sent. */
void at_modem_input(struct at_modem *m, const char *data, size_t n, uint64_t now_ms);

/*
 * Looks at the time. 0; -ETIMEDOUT: the modem does not answer any more; -EOPNOTSUPP:
 * it has no command that reaches a card.
 */
must_check int at_modem_tick(struct at_modem *m, uint64_t now_ms);

/* When at_modem_tick() is to be called at the latest; AT_NEVER. */
uint64_t at_modem_deadline(const struct at_modem *m);

/* What is to be sent; and how much of it was. */
const char *at_modem_output(const struct at_modem *m, size_t *n);
void at_modem_sent(struct at_modem *m, size_t n);

/* The next event: true, or false. */
must_check bool at_modem_event(struct at_modem *m, struct bridge_event *out);

/* What closes the channel that is open, whatever else runs: true and output, or false. */
must_check bool at_modem_leave(struct at_modem *m);

#endif
