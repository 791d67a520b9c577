/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generic netlink family "uicc": dumps, events and consent. The only file
 * that knows libnl; no decisions are taken here.
 */
#ifndef DMSC_KERNEL_NL_H
#define DMSC_KERNEL_NL_H

#include <stdint.h>
#include "util/cleanup.h"

#define UNL_TEXT_MAX 1025	/* with the NUL */
#define UNL_ORIGIN_MAX 257
#define UNL_CHOICES_MAX 32

struct unl;

/* Values are those of the uapi header; nl.c asserts it. */
enum unl_kind {
	UNL_KIND_SESSION, UNL_KIND_PROVISION, UNL_KIND_PIN, UNL_KIND_DISPLAY, UNL_KIND_CONFIRM,
	UNL_KIND_TEXT, UNL_KIND_SINGLE_CHOICE, UNL_KIND_MULTIPLE_CHOICE,
};
enum unl_outcome { UNL_YES, UNL_NO, UNL_CANCELLED, UNL_TIMEOUT, UNL_WITHDRAWN };
enum unl_pin_result {
	UNL_PIN_VERIFIED, UNL_PIN_NOT_VERIFIED, UNL_PIN_WRONG, UNL_PIN_BLOCKED, UNL_PIN_DISABLED,
	UNL_PIN_REFUSED, UNL_PIN_GONE, UNL_PIN_TIMEOUT,
};

#define UNL_RETRIES_UNKNOWN UINT32_MAX	/* the card does not tell */
#define UNL_PIN_MIN 4			/* digits of a person's PIN */
#define UNL_PIN_MAX 8

struct unl_question {
	uint32_t id;			/* given by the kernel */
	uint32_t slot;
	uint64_t seq;			/* card insertion; 0 = the card that is there now */
	enum unl_kind kind;
	uint32_t timeout_ms;		/* from accept; 0 = kernel's default */
	bool accepted;			/* in a dump: an agent holds it */
	char origin[UNL_ORIGIN_MAX];	/* who asks */
	char text[UNL_TEXT_MAX];
	char options[UNL_ORIGIN_MAX];	/* DM options, "MINDT=30&DR=1" */
	uint8_t key_ref;		/* UNL_KIND_PIN: which; else 0 */
	uint32_t retries;		/* accepted UNL_KIND_PIN: tries left, or UNL_RETRIES_UNKNOWN */
	size_t nchoices;
	char choices[UNL_CHOICES_MAX][UNL_ORIGIN_MAX];
};

struct unl_answer {
	uint32_t id;
	enum unl_outcome outcome;
	char value[UNL_TEXT_MAX];	/* text entered; "" = none */
	size_t nselected;
	uint32_t selected[UNL_CHOICES_MAX];
	bool by_card;			/* UNL_KIND_PIN: the card decided; it said: */
	enum unl_pin_result pin_result;
	uint32_t retries;		/* or UNL_RETRIES_UNKNOWN */
};

/* What a card said of one of its PINs. */
struct unl_pin {
	uint32_t id;			/* of the request */
	uint8_t key_ref;
	enum unl_pin_result result;
	uint32_t retries;		/* or UNL_RETRIES_UNKNOWN */
};

enum unl_event_type {
	UNL_EV_SLOT_ADD, UNL_EV_SLOT_DEL, UNL_EV_CARD_ADD, UNL_EV_CARD_DEL,
	UNL_EV_READY,		/* agents: a question waits; id */
	UNL_EV_COMPLETED,	/* asker: answer */
	UNL_EV_QUESTION_WITHDRAWN,	/* agent that holds it: answer.id, answer.outcome = why */
	UNL_EV_PIN,		/* who sent unl_pin_get(): pin */
	UNL_EV_OVERRUN,		/* messages were lost: look at the state again */
};

struct unl_event {
	enum unl_event_type type;
	uint32_t slot;
	uint64_t seq;
	uint32_t id;
	union {
		struct unl_answer answer;
		struct unl_pin pin;
	};
};

struct unl_slot {
	uint32_t slot;
	char name[32], transport[32], location[128];
	uint32_t state;
	uint64_t seq;
};

struct unl_card {
	uint32_t slot;
	uint64_t seq;
	char protocol[16];
	char atr[68];		/* hex */
};

/* 0; -ENOENT: the kernel has no family "uicc" (module not loaded); -errno. */
int unl_open(struct unl **out) must_check;
void unl_close(struct unl *nl);
/*
 * Readable when something comes. What came while a request waited for its end
 * was taken in with it and makes nothing readable: before every poll() comes
 * unl_pending().
 */
int unl_fd(const struct unl *nl);
/* unl_event_next() has something already. */
bool unl_pending(const struct unl *nl) must_check;
/* @group: "events" or "agents". 0, -ENOENT or -errno (-EPERM). */
int unl_subscribe(struct unl *nl, const char *group) must_check;
/* Next event without blocking: 1 filled, 0 none, -errno the connection is broken. */
int unl_event_next(struct unl *nl, struct unl_event *ev) must_check;

/* Asker. -EPERM without CAP_NET_ADMIN, -EBUSY too many, -ENODEV card gone. */
int unl_ask(struct unl *nl, const struct unl_question *q, uint32_t *id) must_check;
int unl_withdraw(struct unl *nl, uint32_t id) must_check;
/* What does the card say of this PIN? One UNL_EV_PIN with *@id follows within 60 s. */
int unl_pin_get(struct unl *nl, uint32_t slot, uint64_t seq, uint8_t key_ref, uint32_t *id) must_check;

/* Agent. -EPERM: neither CAP_NET_ADMIN nor in the agent group. */
int unl_agent_register(struct unl *nl) must_check;
/* @id 0 = any. -ENOENT nothing pending, -EAGAIN another agent goes first. */
int unl_accept(struct unl *nl, uint32_t id, struct unl_question *out) must_check;
int unl_done(struct unl *nl, const struct unl_answer *a) must_check;

/* Dumps: the callback's first non-zero return stops it and is returned. */
int unl_slots(struct unl *nl, int (*fn)(void *ctx, const struct unl_slot *s), void *ctx) must_check;
int unl_cards(struct unl *nl, int (*fn)(void *ctx, const struct unl_card *c), void *ctx) must_check;
int unl_questions(struct unl *nl, int (*fn)(void *ctx, const struct unl_question *q), void *ctx) must_check;

#endif
