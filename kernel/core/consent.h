/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Consent broker: questions of askers, answers of agents, exactly one
 * completion for each question.
 * It knows no socket and reads no clock: who asks is a number, now is an argument.
 *
 * Locking: a broker has no lock of its own. Every call, and whatever uses a
 * borrowed pointer it returned, runs under one mutex of the caller's, named to
 * uicc_consent_init() so that lockdep can check it. Callbacks run inside the
 * call, under that mutex; they may allocate with GFP_KERNEL, must not wait for
 * a card or a person, and must not call the broker.
 */
#ifndef UICC_CORE_CONSENT_H
#define UICC_CORE_CONSENT_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <uapi/linux/uicc.h>

#define UICC_CONSENT_PENDING_MAX	64	/* questions not yet completed */
#define UICC_CONSENT_PER_ASKER_MAX	8
#define UICC_CONSENT_AGENTS_MAX		32
#define UICC_CONSENT_GRACE_MS		2000	/* the first free agent's head start */
#define UICC_CONSENT_TIMEOUT_MS		60000	/* when the asker says 0 */
#define UICC_CONSENT_NEVER		U64_MAX
#define UICC_CONSENT_TRIES_UNKNOWN	U32_MAX

/**
 * struct uicc_consent_question - content of a question
 * @id: set by the broker, never 0
 * @asker: set by the broker: who asked
 * @slot: slot number the question is about
 * @seq: card insertion it is about
 * @kind: what is asked
 * @timeout_ms: answer time, from accept; 0 = UICC_CONSENT_TIMEOUT_MS
 * @origin: who asks, for the person to read; 1..UICC_ORIGIN_MAX bytes
 * @text: 0..UICC_TEXT_MAX bytes; NULL counts as ""
 * @options: 0..UICC_OPTIONS_MAX bytes; NULL counts as ""
 * @n_choices: for the two choice kinds 1..UICC_CHOICES_MAX, else 0
 * @choices: each 1..UICC_CHOICE_MAX bytes
 * @key_ref: for UICC_KIND_PIN which PIN, else 0
 * @tries: set by the broker for UICC_KIND_PIN: how many are left, or UICC_CONSENT_TRIES_UNKNOWN
 *
 * As an argument of uicc_consent_ask() all strings are the caller's and are copied.
 */
struct uicc_consent_question {
	u32 id;
	u32 asker;
	u32 slot;
	u64 seq;
	enum uicc_kind kind;
	u32 timeout_ms;
	const char *origin;
	const char *text;
	const char *options;
	u32 n_choices;
	const char *choices[UICC_CHOICES_MAX];
	u8 key_ref;
	u32 tries;
};

/**
 * struct uicc_consent_answer - how a question ended
 * @outcome: yes, no or cancelled from an agent; timeout or withdrawn from the broker
 * @value: text entered or PIN, not NUL-terminated; NULL when there is none
 * @value_len: bytes in @value
 * @n_selected: number of choices selected
 * @selected: choices taken, counted from 1, each once
 * @by_card: a card ended the question: the two below are set
 * @pin_result: what it said of the PIN
 * @tries: how many are left, or UICC_CONSENT_TRIES_UNKNOWN
 *
 * When the kind is UICC_KIND_PIN, @value is the PIN: it goes to the card, never
 * to the asker, and whoever copies it clears the copy.
 */
struct uicc_consent_answer {
	enum uicc_outcome outcome;
	const char *value;
	u32 value_len;
	u32 n_selected;
	u32 selected[UICC_CHOICES_MAX];
	bool by_card;
	enum uicc_pin_result pin_result;
	u32 tries;
};

/**
 * struct uicc_consent_ops - what the broker tells the world
 * @ready: a question waits for an agent (multicast; the number only)
 * @complete: the one completion of question @q, for its asker @q->asker, who may be gone. The
 *	question is already out of the broker; @q and @a are valid during the call only.
 * @withdrawn: @agent holds question @id and need not answer it any more: timeout or withdrawn
 * @pin_check: a new question of UICC_KIND_PIN: have the card asked for the state of @q->key_ref.
 *	Returns 0, and one uicc_consent_pin_result() has to follow unless @complete comes first; or
 *	an errno, and there is no question
 * @pin_present: its answer: have @pin presented to the card, copied. Likewise; after an errno the
 *	agent goes on holding the question
 *
 * ORDER: for one question @pin_check, @ready, @pin_present; @withdrawn comes before @complete, and
 * nothing after @complete.
 */
struct uicc_consent_ops {
	void (*ready)(void *ctx, u32 id);
	void (*complete)(void *ctx, const struct uicc_consent_question *q,
			 const struct uicc_consent_answer *a);
	void (*withdrawn)(void *ctx, u32 agent, u32 id, enum uicc_outcome why);
	int (*pin_check)(void *ctx, const struct uicc_consent_question *q);
	int (*pin_present)(void *ctx, const struct uicc_consent_question *q, const char *pin,
			   u32 len);
};

/**
 * struct uicc_consent_broker - one broker; all members are its own
 * @ops: callbacks
 * @ctx: their first argument
 * @lock: the caller's mutex, for lockdep; NULL = not checked
 * @agents: registered agents, first registered first
 * @questions: questions not yet completed, oldest first
 * @n_agents: length of @agents
 * @n_questions: length of @questions
 * @last_id: number given last
 */
struct uicc_consent_broker {
	const struct uicc_consent_ops *ops;
	void *ctx;
	struct mutex *lock;	/* the caller's; never taken here */
	struct list_head agents;
	struct list_head questions;
	u32 n_agents;
	u32 n_questions;
	u32 last_id;
};

/**
 * struct uicc_consent_info - what anyone may know about a question
 * @id: its number
 * @slot: slot number
 * @kind: what is asked
 * @accepted: an agent holds it, or has answered it and the card has not
 */
struct uicc_consent_info {
	u32 id;
	u32 slot;
	enum uicc_kind kind;
	bool accepted;
};

void uicc_consent_init(struct uicc_consent_broker *b, const struct uicc_consent_ops *ops,
		       void *ctx, struct mutex *lock);
void uicc_consent_fini(struct uicc_consent_broker *b);

int uicc_consent_agent_add(struct uicc_consent_broker *b, u64 now_ms, u32 agent);
void uicc_consent_agent_gone(struct uicc_consent_broker *b, u64 now_ms, u32 agent);
int uicc_consent_ask(struct uicc_consent_broker *b, u64 now_ms, u32 asker,
		     const struct uicc_consent_question *ask, u32 *id);
int uicc_consent_accept(struct uicc_consent_broker *b, u64 now_ms, u32 agent, u32 id,
			const struct uicc_consent_question **q);
int uicc_consent_give_back(struct uicc_consent_broker *b, u64 now_ms, u32 agent, u32 id);
int uicc_consent_done(struct uicc_consent_broker *b, u64 now_ms, u32 agent, u32 id,
		      const struct uicc_consent_answer *a);
int uicc_consent_withdraw(struct uicc_consent_broker *b, u64 now_ms, u32 asker, u32 id);
void uicc_consent_asker_gone(struct uicc_consent_broker *b, u64 now_ms, u32 asker);
void uicc_consent_slot_gone(struct uicc_consent_broker *b, u64 now_ms, u32 slot);
void uicc_consent_pin_result(struct uicc_consent_broker *b, u64 now_ms, u32 id,
			     enum uicc_pin_result result, u32 tries);
void uicc_consent_tick(struct uicc_consent_broker *b, u64 now_ms);
u64 uicc_consent_deadline(const struct uicc_consent_broker *b);
bool uicc_consent_next(const struct uicc_consent_broker *b, u32 after_id,
		       struct uicc_consent_info *info);

#endif /* UICC_CORE_CONSENT_H */
