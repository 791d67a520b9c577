/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generic netlink family "uicc": dumps, events and consent. The only file
 * that knows libnl; no decisions are taken here.
 */
#ifndef DMSC_KERNEL_NL_H
#define DMSC_KERNEL_NL_H

#include <stdint.h>
#include "util/cleanup.h"

#define NL_TEXT_MAX 1025	/* with the NUL */
#define NL_ORIGIN_MAX 257
#define NL_CHOICES_MAX 32

struct nl;

/* Values are those of the uapi header; nl.c asserts it. */
enum nl_kind {
	NL_KIND_SESSION, NL_KIND_PROVISION, NL_KIND_PIN, NL_KIND_DISPLAY, NL_KIND_CONFIRM,
	NL_KIND_TEXT, NL_KIND_SINGLE_CHOICE, NL_KIND_MULTIPLE_CHOICE,
};
enum nl_outcome { NL_YES, NL_NO, NL_CANCELLED, NL_TIMEOUT, NL_WITHDRAWN };

struct nl_question {
	uint32_t id;			/* given by the kernel */
	uint32_t slot;
	uint64_t seq;			/* card insertion; 0 = not bound to a card */
	enum nl_kind kind;
	uint32_t timeout_ms;		/* from accept; 0 = kernel's default */
	bool accepted;			/* in a dump: an agent holds it */
	char origin[NL_ORIGIN_MAX];	/* who asks */
	char text[NL_TEXT_MAX];
	char options[NL_ORIGIN_MAX];	/* DM options, "MINDT=30&DR=1" */
	size_t nchoices;
	char choices[NL_CHOICES_MAX][NL_ORIGIN_MAX];
};

struct nl_answer {
	uint32_t id;
	enum nl_outcome outcome;
	char value[NL_TEXT_MAX];	/* text entered; "" = none */
	size_t nselected;
	uint32_t selected[NL_CHOICES_MAX];
};

enum nl_event_type {
	NL_EV_SLOT_ADD, NL_EV_SLOT_DEL, NL_EV_CARD_ADD, NL_EV_CARD_DEL,
	NL_EV_READY,		/* agents: a question waits; id */
	NL_EV_COMPLETED,	/* asker: answer */
	NL_EV_QUESTION_WITHDRAWN,	/* agent that holds it: answer.id, answer.outcome = why */
	NL_EV_OVERRUN,		/* messages were lost: look at the state again */
};

struct nl_event {
	enum nl_event_type type;
	uint32_t slot;
	uint64_t seq;
	uint32_t id;
	struct nl_answer answer;
};

struct nl_slot {
	uint32_t slot;
	char name[32], transport[32], location[128];
	uint32_t state;
	uint64_t seq;
};

struct nl_card {
	uint32_t slot;
	uint64_t seq;
	char protocol[16];
	char atr[68];		/* hex */
};

/* 0; -ENOENT: the kernel has no family "uicc" (module not loaded); -errno. */
int nl_open(struct nl **out) must_check;
void nl_close(struct nl *nl);
/* Readable when nl_event_next() may have something. */
int nl_fd(const struct nl *nl);
/* @group: "events" or "agents". 0, -ENOENT or -errno (-EPERM). */
int nl_subscribe(struct nl *nl, const char *group) must_check;
/* Next event without blocking: 1 filled, 0 none, -errno the connection is broken. */
int nl_event_next(struct nl *nl, struct nl_event *ev) must_check;

/* Asker. -EPERM without CAP_NET_ADMIN, -EBUSY too many, -ENODEV card gone. */
int nl_ask(struct nl *nl, const struct nl_question *q, uint32_t *id) must_check;
int nl_withdraw(struct nl *nl, uint32_t id) must_check;

/* Agent. -EPERM: neither CAP_NET_ADMIN nor in the agent group. */
int nl_agent_register(struct nl *nl) must_check;
/* @id 0 = any. -ENOENT nothing pending, -EAGAIN another agent goes first. */
int nl_accept(struct nl *nl, uint32_t id, struct nl_question *out) must_check;
int nl_done(struct nl *nl, const struct nl_answer *a) must_check;

/* Dumps: the callback's first non-zero return stops it and is returned. */
int nl_slots(struct nl *nl, int (*fn)(void *ctx, const struct nl_slot *s), void *ctx) must_check;
int nl_cards(struct nl *nl, int (*fn)(void *ctx, const struct nl_card *c), void *ctx) must_check;
int nl_questions(struct nl *nl, int (*fn)(void *ctx, const struct nl_question *q), void *ctx) must_check;

#endif
