// SPDX-License-Identifier: GPL-2.0-only
/*
 * Consent broker: questions of askers, answers of agents, exactly one
 * completion for each question.
 * It knows no socket and reads no clock: who asks is a number, now is an argument.
 *
 * The promise is kept by one function: question_end() is the only way out of
 * the list of questions, and it completes what it takes out.
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "consent.h"

/* A registered agent, in the list by order of registration. */
struct consent_agent {
	struct list_head node;
	u32 name;
};

/* Who has to do something next. All but UICC_KIND_PIN are only ever of the first. */
enum consent_stage {
	STAGE_PERSON,	/* an agent: pending, or held by one */
	STAGE_CHECK,	/* the card: is there a PIN to ask for? No agent knows of it yet */
	STAGE_PRESENT,	/* the card: is it the PIN? The agent is done with it */
};

/* A question not yet completed. */
struct consent_item {
	struct list_head node;
	enum consent_stage stage;
	struct uicc_consent_question q;	/* strings point into @blob */
	struct consent_agent *holder;	/* NULL = pending */
	u64 answer_by;			/* accepted: when the time to answer is over */
	u64 grace_end;			/* pending: when anyone registered may accept */
	bool grace_over;		/* pending: and ready was sent again for it */
	char blob[];
};

static void broker_assert_locked(const struct uicc_consent_broker *b)
{
	if (b->lock)
		lockdep_assert_held(b->lock);
}

static struct consent_agent *agent_find(const struct uicc_consent_broker *b, u32 name)
{
	struct consent_agent *agent;

	list_for_each_entry(agent, &b->agents, node)
		if (agent->name == name)
			return agent;
	return NULL;
}

static struct consent_item *question_find(const struct uicc_consent_broker *b, u32 id)
{
	struct consent_item *item;

	list_for_each_entry(item, &b->questions, node)
		if (item->q.id == id)
			return item;
	return NULL;
}

/* Waits for an agent to take it. */
static bool question_is_pending(const struct consent_item *item)
{
	return item->stage == STAGE_PERSON && !item->holder;
}

static bool agent_is_free(const struct uicc_consent_broker *b, const struct consent_agent *agent)
{
	const struct consent_item *item;

	list_for_each_entry(item, &b->questions, node)
		if (item->holder == agent)
			return false;
	return true;
}

/* The agent whose turn @item is: the first free one that did not ask it itself. */
static struct consent_agent *agent_first(const struct uicc_consent_broker *b,
					 const struct consent_item *item)
{
	struct consent_agent *agent;

	list_for_each_entry(agent, &b->agents, node)
		if (agent->name != item->q.asker && agent_is_free(b, agent))
			return agent;
	return NULL;
}

static void question_ready(struct uicc_consent_broker *b, struct consent_item *item, u64 now_ms)
{
	item->stage = STAGE_PERSON;
	item->holder = NULL;
	item->grace_end = now_ms + UICC_CONSENT_GRACE_MS;
	item->grace_over = false;
	b->ops->ready(b->ctx, item->q.id);
}

/* The one way out: @answer is the question's completion. */
static void question_end(struct uicc_consent_broker *b, struct consent_item *item,
			 const struct uicc_consent_answer *answer)
{
	bool by_broker = answer->outcome == UICC_OUTCOME_TIMEOUT ||
			 answer->outcome == UICC_OUTCOME_WITHDRAWN;

	list_del(&item->node);
	b->n_questions--;
	if (by_broker && item->holder)
		b->ops->withdrawn(b->ctx, item->holder->name, item->q.id, answer->outcome);
	b->ops->complete(b->ctx, &item->q, answer);
	kfree_sensitive(item);
}

static void question_end_as(struct uicc_consent_broker *b, struct consent_item *item,
			    enum uicc_outcome outcome)
{
	struct uicc_consent_answer answer = { .outcome = outcome };

	question_end(b, item, &answer);
}

/**
 * uicc_consent_init() - make a broker without agents and questions
 * @b: the broker
 * @ops: callbacks, all set; must outlive the broker
 * @ctx: first argument of the callbacks
 * @lock: the mutex the caller holds around every other call; NULL = not checked
 *
 * Context: any.
 */
void uicc_consent_init(struct uicc_consent_broker *b, const struct uicc_consent_ops *ops,
		       void *ctx, struct mutex *lock)
{
	memset(b, 0, sizeof(*b));
	b->ops = ops;
	b->ctx = ctx;
	b->lock = lock;
	INIT_LIST_HEAD(&b->agents);
	INIT_LIST_HEAD(&b->questions);
}

/**
 * uicc_consent_fini() - withdraw all questions and forget all agents
 * @b: the broker; an empty one afterwards
 *
 * Context: caller's mutex held.
 */
void uicc_consent_fini(struct uicc_consent_broker *b)
{
	struct consent_agent *agent, *next_agent;
	struct consent_item *item, *next;

	broker_assert_locked(b);
	list_for_each_entry_safe(item, next, &b->questions, node)
		question_end_as(b, item, UICC_OUTCOME_WITHDRAWN);
	list_for_each_entry_safe(agent, next_agent, &b->agents, node) {
		list_del(&agent->node);
		kfree(agent);
	}
	b->n_agents = 0;
}

/**
 * uicc_consent_tick() - do what is due
 * @b: the broker
 * @now_ms: time now, any monotonic clock, the same one in all calls
 *
 * Ends accepted questions whose time is over (timeout) and opens to every agent
 * those that the first one did not take (ready again). Every other call that is
 * given the time does the same first, so a late timer changes no outcome.
 * Context: caller's mutex held; may sleep.
 */
void uicc_consent_tick(struct uicc_consent_broker *b, u64 now_ms)
{
	struct consent_item *item, *next;

	broker_assert_locked(b);
	list_for_each_entry_safe(item, next, &b->questions, node) {
		if (item->holder && now_ms >= item->answer_by) {
			question_end_as(b, item, UICC_OUTCOME_TIMEOUT);
		} else if (question_is_pending(item) && !item->grace_over &&
			   now_ms >= item->grace_end) {
			item->grace_over = true;
			b->ops->ready(b->ctx, item->q.id);
		}
	}
}

/**
 * uicc_consent_deadline() - when to call uicc_consent_tick()
 * @b: the broker
 *
 * Worth asking after every call that was given the time.
 * Context: caller's mutex held.
 * Return: time in ms, maybe past; UICC_CONSENT_NEVER when nothing is due.
 */
u64 uicc_consent_deadline(const struct uicc_consent_broker *b)
{
	const struct consent_item *item;
	u64 when = UICC_CONSENT_NEVER;

	broker_assert_locked(b);
	list_for_each_entry(item, &b->questions, node) {
		if (item->holder)
			when = min(when, item->answer_by);
		else if (question_is_pending(item) && !item->grace_over)
			when = min(when, item->grace_end);
	}
	return when;
}

/**
 * uicc_consent_agent_add() - register an agent
 * @b: the broker
 * @now_ms: time now
 * @agent: its number, unique among the agents; may be an asker's too
 *
 * The order of registration is the priority. Ready is sent for every question
 * that waits, so that an agent that comes late learns of them.
 * Context: caller's mutex held; may sleep.
 * Return: 0; -EALREADY registered; -EBUSY too many agents; -ENOMEM.
 */
int uicc_consent_agent_add(struct uicc_consent_broker *b, u64 now_ms, u32 agent)
{
	struct consent_agent *new;
	struct consent_item *item;

	uicc_consent_tick(b, now_ms);
	if (agent_find(b, agent))
		return -EALREADY;
	if (b->n_agents >= UICC_CONSENT_AGENTS_MAX)
		return -EBUSY;
	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	new->name = agent;
	list_add_tail(&new->node, &b->agents);
	b->n_agents++;

	list_for_each_entry(item, &b->questions, node)
		if (question_is_pending(item))
			b->ops->ready(b->ctx, item->q.id);
	return 0;
}

/**
 * uicc_consent_agent_gone() - an agent died or left
 * @b: the broker
 * @now_ms: time now
 * @agent: its number; one that is not registered does nothing
 *
 * What it held is given back: ready is sent again, and the time to answer starts
 * anew at the next accept.
 * Context: caller's mutex held; may sleep.
 */
void uicc_consent_agent_gone(struct uicc_consent_broker *b, u64 now_ms, u32 agent)
{
	struct consent_agent *gone;
	struct consent_item *item;

	uicc_consent_tick(b, now_ms);
	gone = agent_find(b, agent);
	if (!gone)
		return;
	list_del(&gone->node);
	b->n_agents--;
	list_for_each_entry(item, &b->questions, node)
		if (item->holder == gone)
			question_ready(b, item, now_ms);
	kfree(gone);
}

/* Whether @s has @min..@max bytes; NULL counts as empty. Returns its length. */
static int string_length(const char *s, size_t min, size_t max)
{
	size_t n = s ? strnlen(s, max + 1) : 0;

	return n < min || n > max ? -EINVAL : n;
}

/* Bytes the strings of @q take, with their NULs; -EINVAL when one is out of bounds. */
static int question_check(const struct uicc_consent_question *q)
{
	bool choice = q->kind == UICC_KIND_SINGLE_CHOICE || q->kind == UICC_KIND_MULTIPLE_CHOICE;
	bool pin = q->kind == UICC_KIND_PIN;
	int origin, text, options, n, total;
	u32 i;

	if ((unsigned int)q->kind > UICC_KIND_MULTIPLE_CHOICE ||
	    q->timeout_ms > UICC_TIMEOUT_MAX_MS ||
	    q->n_choices > UICC_CHOICES_MAX || choice != !!q->n_choices ||
	    pin != !!q->key_ref)
		return -EINVAL;
	origin = string_length(q->origin, 1, UICC_ORIGIN_MAX);
	text = string_length(q->text, 0, UICC_TEXT_MAX);
	options = string_length(q->options, 0, UICC_OPTIONS_MAX);
	if (origin < 0 || text < 0 || options < 0)
		return -EINVAL;
	total = origin + text + options + 3;
	for (i = 0; i < q->n_choices; i++) {
		n = string_length(q->choices[i], 1, UICC_CHOICE_MAX);
		if (n < 0)
			return n;
		total += n + 1;
	}
	return total;
}

static const char *blob_put(char **p, const char *s)
{
	const char *start = *p;
	size_t n = s ? strlen(s) : 0;

	if (n)
		memcpy(*p, s, n);
	(*p)[n] = '\0';
	*p += n + 1;
	return start;
}

static struct consent_item *question_copy(const struct uicc_consent_question *ask, size_t size)
{
	struct consent_item *item = kzalloc(struct_size(item, blob, size), GFP_KERNEL);
	char *p;
	u32 i;

	if (!item)
		return NULL;
	p = item->blob;
	item->q = *ask;
	item->q.tries = UICC_CONSENT_TRIES_UNKNOWN;
	item->q.timeout_ms = ask->timeout_ms ?: UICC_CONSENT_TIMEOUT_MS;
	item->q.origin = blob_put(&p, ask->origin);
	item->q.text = blob_put(&p, ask->text);
	item->q.options = blob_put(&p, ask->options);
	for (i = 0; i < ask->n_choices; i++)
		item->q.choices[i] = blob_put(&p, ask->choices[i]);
	return item;
}

/* Numbers go round after 2^32 questions: skip 0 and those in use. */
static u32 question_new_id(struct uicc_consent_broker *b)
{
	do {
		b->last_id++;
	} while (!b->last_id || question_find(b, b->last_id));
	return b->last_id;
}

/**
 * uicc_consent_ask() - ask a question
 * @b: the broker
 * @now_ms: time now
 * @asker: who asks
 * @ask: the question; copied. Its @id and @asker are not read
 * @id: out: the number of the question
 *
 * After success exactly one @complete follows, whatever happens; @ready is sent
 * before this returns, but for UICC_KIND_PIN: then when the card has answered. An
 * unaccepted question waits for ever.
 * Context: caller's mutex held; may sleep.
 * Return: 0; -EINVAL kind, size, number or time out of bounds; -EBUSY too many
 * questions, of this asker or of all; -ENOMEM; what @pin_check returned.
 */
int uicc_consent_ask(struct uicc_consent_broker *b, u64 now_ms, u32 asker,
		     const struct uicc_consent_question *ask, u32 *id)
{
	struct consent_item *item;
	u32 of_asker = 0;
	int size, ret;

	uicc_consent_tick(b, now_ms);
	size = question_check(ask);
	if (size < 0)
		return size;
	list_for_each_entry(item, &b->questions, node)
		of_asker += item->q.asker == asker;
	if (b->n_questions >= UICC_CONSENT_PENDING_MAX || of_asker >= UICC_CONSENT_PER_ASKER_MAX)
		return -EBUSY;

	item = question_copy(ask, size);
	if (!item)
		return -ENOMEM;
	item->q.id = question_new_id(b);
	item->q.asker = asker;
	if (ask->kind == UICC_KIND_PIN) {
		item->stage = STAGE_CHECK;
		ret = b->ops->pin_check(b->ctx, &item->q);
		if (ret) {
			kfree_sensitive(item);
			return ret;
		}
	}
	list_add_tail(&item->node, &b->questions);
	b->n_questions++;
	*id = item->q.id;
	if (item->stage == STAGE_PERSON)
		question_ready(b, item, now_ms);
	return 0;
}

/* May @agent take the pending question @item now? */
static int question_may_accept(const struct uicc_consent_broker *b,
			       const struct consent_item *item,
			       const struct consent_agent *agent)
{
	const struct consent_agent *first;

	if (item->q.asker == agent->name)
		return -EPERM;
	if (item->grace_over)
		return 0;
	first = agent_first(b, item);
	return !first || first == agent ? 0 : -EAGAIN;
}

/**
 * uicc_consent_accept() - an agent takes a question
 * @b: the broker
 * @now_ms: time now; the time to answer starts here
 * @agent: who takes it
 * @id: number of the question, or 0 for the oldest it may take
 * @q: out: the question; borrowed, valid until the next call that is given the time
 *
 * For UICC_CONSENT_GRACE_MS after ready only the first agent in the order of
 * registration that holds no question may take it; then ready is sent again and
 * every agent may.
 * Context: caller's mutex held; may sleep.
 * Return: 0; -EPERM not registered, or @id is its own question; -ENOENT nothing
 * (or not @id) is pending; -EAGAIN it is another agent's turn: wait for ready.
 */
int uicc_consent_accept(struct uicc_consent_broker *b, u64 now_ms, u32 agent, u32 id,
			const struct uicc_consent_question **q)
{
	struct consent_item *item, *found = NULL;
	struct consent_agent *holder;
	int ret = -ENOENT, may;

	uicc_consent_tick(b, now_ms);
	holder = agent_find(b, agent);
	if (!holder)
		return -EPERM;
	list_for_each_entry(item, &b->questions, node) {
		if (!question_is_pending(item) || (id && item->q.id != id))
			continue;
		may = question_may_accept(b, item, holder);
		if (!may) {
			found = item;
			break;
		}
		if (may == -EAGAIN || id)
			ret = may;	/* one's own question is none when any would do */
	}
	if (!found)
		return ret;
	found->holder = holder;
	found->answer_by = now_ms + found->q.timeout_ms;
	*q = &found->q;
	return 0;
}

/* Finds a question that @agent holds. */
static int question_held(const struct uicc_consent_broker *b, u32 agent, u32 id,
			 struct consent_item **found)
{
	struct consent_item *item = question_find(b, id);

	if (!item)
		return -ENOENT;
	if (!item->holder || item->holder->name != agent)
		return -EPERM;
	*found = item;
	return 0;
}

/**
 * uicc_consent_give_back() - undo an accept
 * @b: the broker
 * @now_ms: time now
 * @agent: who holds the question
 * @id: its number
 *
 * For an agent that never got the content: ready is sent again.
 * Context: caller's mutex held; may sleep.
 * Return: 0; -ENOENT no such question; -EPERM @agent does not hold it.
 */
int uicc_consent_give_back(struct uicc_consent_broker *b, u64 now_ms, u32 agent, u32 id)
{
	struct consent_item *item;
	int ret;

	uicc_consent_tick(b, now_ms);
	ret = question_held(b, agent, id, &item);
	if (ret)
		return ret;
	question_ready(b, item, now_ms);
	return 0;
}

static int answer_check_value(const struct uicc_consent_question *q,
			      const struct uicc_consent_answer *a)
{
	u32 i;

	if (a->value_len && !a->value)
		return -EINVAL;
	switch (q->kind) {
	case UICC_KIND_TEXT:
		return a->value_len > UICC_VALUE_MAX ? -EINVAL : 0;
	case UICC_KIND_PIN:
		if (a->value_len < UICC_PIN_MIN || a->value_len > UICC_PIN_MAX)
			return -EINVAL;
		for (i = 0; i < a->value_len; i++)
			if (a->value[i] < '0' || a->value[i] > '9')
				return -EINVAL;
		return 0;
	default:
		return a->value_len ? -EINVAL : 0;
	}
}

static int answer_check_selected(const struct uicc_consent_question *q,
				 const struct uicc_consent_answer *a)
{
	DECLARE_BITMAP(seen, UICC_CHOICES_MAX + 1) = { 0 };
	u32 i;

	if (q->kind == UICC_KIND_SINGLE_CHOICE && a->n_selected != 1)
		return -EINVAL;
	if (a->n_selected > q->n_choices)	/* 0 for the other kinds */
		return -EINVAL;
	for (i = 0; i < a->n_selected; i++) {
		if (!a->selected[i] || a->selected[i] > q->n_choices ||
		    test_and_set_bit(a->selected[i], seen))
			return -EINVAL;
	}
	return 0;
}

static int answer_check(const struct uicc_consent_question *q, const struct uicc_consent_answer *a)
{
	switch (a->outcome) {
	case UICC_OUTCOME_YES:
		return answer_check_value(q, a) ?: answer_check_selected(q, a);
	case UICC_OUTCOME_NO:
	case UICC_OUTCOME_CANCELLED:
		return a->value_len || a->n_selected ? -EINVAL : 0;
	default:
		return -EINVAL;	/* the broker's own outcomes */
	}
}

/**
 * uicc_consent_done() - an agent answers the question it holds
 * @b: the broker
 * @now_ms: time now
 * @agent: who answers
 * @id: number of the question
 * @a: the answer; borrowed. A PIN is 4..8 digits; a single choice has one
 *	selection, a multiple choice any number; other kinds have none
 *
 * Context: caller's mutex held; may sleep.
 * Return: 0, and @complete was called, or @pin_present; -ENOENT no such question
 * (any more, as after a timeout); -EPERM @agent does not hold it; -EINVAL an
 * answer that does not fit the question, or what @pin_present returned, and
 * @agent goes on holding it.
 */
int uicc_consent_done(struct uicc_consent_broker *b, u64 now_ms, u32 agent, u32 id,
		      const struct uicc_consent_answer *a)
{
	struct consent_item *item;
	int ret;

	uicc_consent_tick(b, now_ms);
	ret = question_held(b, agent, id, &item) ?: answer_check(&item->q, a);
	if (ret)
		return ret;
	if (item->q.kind != UICC_KIND_PIN || a->outcome != UICC_OUTCOME_YES) {
		question_end(b, item, a);
		return 0;
	}
	ret = b->ops->pin_present(b->ctx, &item->q, a->value, a->value_len);
	if (ret)
		return ret;
	item->stage = STAGE_PRESENT;
	item->holder = NULL;
	return 0;
}

/* How a question about a PIN ends when the card, not a person, ends it. */
static enum uicc_outcome pin_outcome(enum uicc_pin_result result)
{
	switch (result) {
	case UICC_PIN_RESULT_VERIFIED:
		return UICC_OUTCOME_YES;
	case UICC_PIN_RESULT_TIMEOUT:
		return UICC_OUTCOME_TIMEOUT;
	default:
		return UICC_OUTCOME_NO;
	}
}

/**
 * uicc_consent_pin_result() - what became of @pin_check or @pin_present
 * @b: the broker
 * @now_ms: time now
 * @id: number of the question; one that is completed already does nothing
 * @result: what the card said
 * @tries: how many are left, or UICC_CONSENT_TRIES_UNKNOWN
 *
 * After @pin_check: when there is a PIN to ask for, the question is ready now.
 * A PIN that the card calls verified is asked for nevertheless: some cards say so
 * of any. Else the question ends here.
 * Context: caller's mutex held; may sleep.
 */
void uicc_consent_pin_result(struct uicc_consent_broker *b, u64 now_ms, u32 id,
			     enum uicc_pin_result result, u32 tries)
{
	struct uicc_consent_answer answer = {
		.outcome = pin_outcome(result), .by_card = true, .pin_result = result,
		.tries = tries,
	};
	struct consent_item *item;

	broker_assert_locked(b);
	item = question_find(b, id);
	if (!item || item->stage == STAGE_PERSON)
		return;
	if (item->stage == STAGE_CHECK && (result == UICC_PIN_RESULT_VERIFIED ||
					   result == UICC_PIN_RESULT_NOT_VERIFIED)) {
		item->q.tries = tries;
		question_ready(b, item, now_ms);
	} else if (result == UICC_PIN_RESULT_GONE) {
		/* As uicc_consent_slot_gone(), which may come first or after. */
		question_end_as(b, item, UICC_OUTCOME_WITHDRAWN);
	} else {
		question_end(b, item, &answer);
	}
}

/**
 * uicc_consent_withdraw() - an asker takes a question back
 * @b: the broker
 * @now_ms: time now
 * @asker: who asked
 * @id: number of the question
 *
 * Context: caller's mutex held; may sleep.
 * Return: 0, and @complete was called; -ENOENT @asker has no such question.
 */
int uicc_consent_withdraw(struct uicc_consent_broker *b, u64 now_ms, u32 asker, u32 id)
{
	struct consent_item *item;

	uicc_consent_tick(b, now_ms);
	item = question_find(b, id);
	if (!item || item->q.asker != asker)
		return -ENOENT;
	question_end_as(b, item, UICC_OUTCOME_WITHDRAWN);
	return 0;
}

/**
 * uicc_consent_asker_gone() - an asker died
 * @b: the broker
 * @now_ms: time now
 * @asker: who asked; its questions are withdrawn
 *
 * When the same number is an agent too, call uicc_consent_agent_gone() as well.
 * Context: caller's mutex held; may sleep.
 */
void uicc_consent_asker_gone(struct uicc_consent_broker *b, u64 now_ms, u32 asker)
{
	struct consent_item *item, *next;

	uicc_consent_tick(b, now_ms);
	list_for_each_entry_safe(item, next, &b->questions, node)
		if (item->q.asker == asker)
			question_end_as(b, item, UICC_OUTCOME_WITHDRAWN);
}

/**
 * uicc_consent_slot_gone() - the card of a slot was removed, or the slot itself
 * @b: the broker
 * @now_ms: time now
 * @slot: slot number; the questions about it are withdrawn
 *
 * Context: caller's mutex held; may sleep.
 */
void uicc_consent_slot_gone(struct uicc_consent_broker *b, u64 now_ms, u32 slot)
{
	struct consent_item *item, *next;

	uicc_consent_tick(b, now_ms);
	list_for_each_entry_safe(item, next, &b->questions, node)
		if (item->q.slot == slot)
			question_end_as(b, item, UICC_OUTCOME_WITHDRAWN);
}

/**
 * uicc_consent_next() - walk the open questions in the order of their numbers
 * @b: the broker
 * @after_id: number of the last one seen, 0 to begin
 * @info: out: the next one, without its content
 *
 * Context: caller's mutex held; it may be released between two steps.
 * Return: true, or false when there is no further one.
 */
bool uicc_consent_next(const struct uicc_consent_broker *b, u32 after_id,
		       struct uicc_consent_info *info)
{
	const struct consent_item *item, *best = NULL;

	broker_assert_locked(b);
	list_for_each_entry(item, &b->questions, node)
		if (item->q.id > after_id && (!best || item->q.id < best->q.id))
			best = item;
	if (!best)
		return false;
	info->id = best->q.id;
	info->slot = best->q.slot;
	info->kind = best->q.kind;
	info->accepted = best->holder || best->stage == STAGE_PRESENT;
	return true;
}
