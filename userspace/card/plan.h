/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From facts to intentions: which sessions a card's data asks for, and who
 * must be asked first. Pure: no clock, no store, no I/O. The rules are the
 * decisions in Documentation/card-data.rst.
 */
#ifndef DMSC_CARD_PLAN_H
#define DMSC_CARD_PLAN_H

#include "card/indicator.h"

/* Gate one, before anything of the card enters the tree. */
enum plan_gate {
	PLAN_GO,		/* incorporate, ask nobody */
	PLAN_ASK,		/* ask first (flag b3, or an indicator that cannot be trusted) */
	PLAN_REFUSED,		/* a person said no to this content before */
};

/* @refused: an explicit no is remembered for (ICCID, content). @agreed: a yes is. */
enum plan_gate plan_incorporate(const struct indicator *ind, bool refused, bool agreed);

/* What is remembered of one server of this card and this content. */
enum plan_past {
	PLAN_PAST_NONE,
	PLAN_PAST_PENDING,	/* wanted, not done: try again */
	PLAN_PAST_DONE,		/* the server accepted us and the session ended normally */
	PLAN_PAST_REFUSED,	/* explicit no */
};

struct plan_input {
	const struct indicator *ind;
	bool bootstrapped;		/* this server has an account from this card, now */
	bool cp_init;			/* w7 INIT was given for this server */
	bool connect_without_indicator;	/* configuration */
	struct slice server_id;
	enum plan_past past;		/* for this content */
	bool done_in_this_power_on;	/* PAST_DONE or a refusal happened in this insertion and boot */
};

enum plan_verdict {
	PLAN_SESSION,		/* start it, ask nobody */
	PLAN_SESSION_NOTICE,	/* start it and tell the person (ui-mode 02) */
	PLAN_SESSION_ASK,	/* start it after a yes (ui-mode 03) */
	PLAN_NO_SESSION,
};

/* Gate two. *@why gets a static sentence for the log. */
enum plan_verdict plan_session(const struct plan_input *in, const char **why);

#endif
