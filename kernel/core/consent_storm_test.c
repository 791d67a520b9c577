// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the consent broker's promise: exactly one completion for each
 * question, in every order of events and in a long random one. It uses what
 * consent.h promises and nothing else.
 */
#include <kunit/test.h>

#include "consent.h"

#define ASKER	100u
#define SLOT	3u
#define IDS	256	/* more than the questions of one storm */

struct told {
	unsigned int ready;
	unsigned int completed;
	unsigned int withdrawn;
	enum uicc_outcome outcome;
	bool after_end;			/* something was said after the completion */
};

struct world {
	struct kunit *test;
	struct uicc_consent_broker b;
	struct told told[IDS];
	unsigned int completions;
};

static void world_ready(void *ctx, u32 id)
{
	struct world *w = ctx;

	w->told[id % IDS].ready++;
	w->told[id % IDS].after_end |= w->told[id % IDS].completed;
}

static void world_complete(void *ctx, const struct uicc_consent_question *q,
			   const struct uicc_consent_answer *a)
{
	struct world *w = ctx;

	w->told[q->id % IDS].completed++;
	w->told[q->id % IDS].outcome = a->outcome;
	w->completions++;
}

static void world_withdrawn(void *ctx, u32 agent, u32 id, enum uicc_outcome why)
{
	struct world *w = ctx;

	w->told[id % IDS].withdrawn++;
	w->told[id % IDS].after_end |= w->told[id % IDS].completed;
}

static int world_pin_check(void *ctx, const struct uicc_consent_question *q)
{
	return 0;
}

static int world_pin_present(void *ctx, const struct uicc_consent_question *q, const char *pin,
			     u32 len)
{
	return 0;
}

static const struct uicc_consent_ops world_ops = {
	.ready = world_ready,
	.complete = world_complete,
	.withdrawn = world_withdrawn,
	.pin_check = world_pin_check,
	.pin_present = world_pin_present,
};

static void world_begin(struct world *w, struct kunit *test)
{
	memset(w, 0, sizeof(*w));
	w->test = test;
	uicc_consent_init(&w->b, &world_ops, w, NULL);
}

static int storm_init(struct kunit *test)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, w);
	world_begin(w, test);
	test->priv = w;
	return 0;
}

static void storm_exit(struct kunit *test)
{
	struct world *w = test->priv;

	uicc_consent_fini(&w->b);
}

static int ask_kind(struct world *w, u64 now, u32 asker, u32 slot, enum uicc_kind kind, u32 *id)
{
	struct uicc_consent_question q = {
		.slot = slot, .kind = kind, .origin = "origin", .text = "text?",
		.key_ref = kind == UICC_KIND_PIN,
	};

	if (kind == UICC_KIND_SINGLE_CHOICE || kind == UICC_KIND_MULTIPLE_CHOICE) {
		q.n_choices = 2;
		q.choices[0] = "one";
		q.choices[1] = "two";
	}
	return uicc_consent_ask(&w->b, now, asker, &q, id);
}

static int answer_yes(struct world *w, u64 now, u32 agent, u32 id, enum uicc_kind kind)
{
	struct uicc_consent_answer a = { .outcome = UICC_OUTCOME_YES };

	if (kind == UICC_KIND_PIN) {
		a.value = "1234";
		a.value_len = 4;
	} else if (kind == UICC_KIND_SINGLE_CHOICE) {
		a.n_selected = 1;
		a.selected[0] = 2;
	}
	return uicc_consent_done(&w->b, now, agent, id, &a);
}

/* --- every order of events, in every state --------------------------------- */

enum event {
	DONE, TIME_OUT, WITHDRAW, AGENT_GONE, ASKER_GONE, SLOT_GONE, CARD_YES, CARD_NO, EVENTS
};

static const char * const event_name[EVENTS] = {
	"done", "timeout", "withdraw", "agent gone", "asker gone", "slot gone", "card: yes",
	"card: no",
};

/* Where a question stands, and what the events do to it there. */
enum state { CHECK, PENDING, HELD, PRESENT, YES, NO, TIMED_OUT, WITHDRAWN };

/* For an event that can only end it, the outcome is the state's. */
static const enum state next_state[PRESENT + 1][EVENTS] = {
	[CHECK] =	{ CHECK, CHECK, WITHDRAWN, CHECK, WITHDRAWN, WITHDRAWN, PENDING, NO },
	[PENDING] =	{ PENDING, PENDING, WITHDRAWN, PENDING, WITHDRAWN, WITHDRAWN, PENDING,
			  PENDING },
	[HELD] =	{ YES, TIMED_OUT, WITHDRAWN, PENDING, WITHDRAWN, WITHDRAWN, HELD, HELD },
	[PRESENT] =	{ PRESENT, PRESENT, WITHDRAWN, PRESENT, WITHDRAWN, WITHDRAWN, YES, NO },
};

static const struct {
	enum uicc_kind kind;
	enum state state;
} start[] = {
	{ UICC_KIND_SESSION, PENDING },
	{ UICC_KIND_SESSION, HELD },
	{ UICC_KIND_PIN, CHECK },
	{ UICC_KIND_PIN, PENDING },
	{ UICC_KIND_PIN, HELD },
	{ UICC_KIND_PIN, PRESENT },
};

static void event_do(struct world *w, enum event what, u32 id, enum uicc_kind kind, u64 *now)
{
	switch (what) {
	case DONE:
		answer_yes(w, *now, 1, id, kind);
		break;
	case TIME_OUT:
		*now += UICC_CONSENT_TIMEOUT_MS;
		uicc_consent_tick(&w->b, *now);
		break;
	case WITHDRAW:
		uicc_consent_withdraw(&w->b, *now, ASKER, id);
		break;
	case AGENT_GONE:
		uicc_consent_agent_gone(&w->b, *now, 1);
		break;
	case ASKER_GONE:
		uicc_consent_asker_gone(&w->b, *now, ASKER);
		break;
	case SLOT_GONE:
		uicc_consent_slot_gone(&w->b, *now, SLOT);
		break;
	case CARD_YES:
		uicc_consent_pin_result(&w->b, *now, id, UICC_PIN_RESULT_VERIFIED, 3);
		break;
	case CARD_NO:
		uicc_consent_pin_result(&w->b, *now, id, UICC_PIN_RESULT_WRONG, 2);
		break;
	default:
		break;
	}
}

static enum state state_after(enum state state, const enum event *order, unsigned int n,
			      enum uicc_kind kind)
{
	unsigned int i;

	for (i = 0; i < n && state <= PRESENT; i++) {
		if (state == HELD && order[i] == DONE && kind == UICC_KIND_PIN)
			state = PRESENT;
		else
			state = next_state[state][order[i]];
	}
	return state;
}

/* Brings a new question to where a run starts. */
static u32 world_start(struct world *w, enum uicc_kind kind, enum state state)
{
	const struct uicc_consent_question *q;
	struct kunit *test = w->test;
	u32 id = 0;

	world_begin(w, test);
	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	KUNIT_ASSERT_EQ(test, ask_kind(w, 0, ASKER, SLOT, kind, &id), 0);
	if (state > CHECK && kind == UICC_KIND_PIN)
		uicc_consent_pin_result(&w->b, 0, id, UICC_PIN_RESULT_NOT_VERIFIED, 3);
	if (state > PENDING)
		KUNIT_ASSERT_EQ(test, uicc_consent_accept(&w->b, 0, 1, id, &q), 0);
	if (state > HELD)
		KUNIT_ASSERT_EQ(test, answer_yes(w, 0, 1, id, kind), 0);
	return id;
}

static void order_run(struct kunit *test, const enum event *order, unsigned int n,
		      enum uicc_kind kind, enum state state)
{
	static const enum uicc_outcome outcome[] = {
		[YES] = UICC_OUTCOME_YES, [NO] = UICC_OUTCOME_NO,
		[TIMED_OUT] = UICC_OUTCOME_TIMEOUT, [WITHDRAWN] = UICC_OUTCOME_WITHDRAWN,
	};
	enum state end = state_after(state, order, n, kind);
	bool ends = end > PRESENT;
	struct world *w = test->priv;
	struct told *t;
	unsigned int i;
	u64 now = 0;
	u32 id;

	id = world_start(w, kind, state);
	t = &w->told[id];
	for (i = 0; i < n; i++)
		event_do(w, order[i], id, kind, &now);

	KUNIT_ASSERT_EQ_MSG(test, t->completed, ends, "%s first, %u events, kind %d, state %d",
			    event_name[order[0]], n, kind, state);
	if (ends)
		KUNIT_ASSERT_EQ_MSG(test, t->outcome, outcome[end], "%s first, %u events, state %d",
				    event_name[order[0]], n, state);
	KUNIT_ASSERT_EQ(test, w->b.n_questions, ends ? 0u : 1u);
	KUNIT_ASSERT_LE(test, t->withdrawn, 1u);
	/* what is still open ends with the broker: then it is exactly one */
	uicc_consent_fini(&w->b);
	KUNIT_ASSERT_EQ(test, t->completed, 1u);
	KUNIT_ASSERT_EQ(test, w->completions, 1u);
	KUNIT_ASSERT_FALSE(test, t->after_end);
}

/* The order that @code numbers; false when an event is in it twice. */
static bool order_of(unsigned int code, unsigned int events, enum event *order, unsigned int n)
{
	unsigned int used = 0, i;

	for (i = 0; i < n; i++, code /= events) {
		order[i] = code % events;
		if (used & BIT(order[i]))
			return false;
		used |= BIT(order[i]);
	}
	return true;
}

/* Every order of up to @longest different ones of the first @events events, in every state. */
static unsigned int orders_run(struct kunit *test, unsigned int events, unsigned int longest)
{
	unsigned int runs = 0, n, codes, code, i;
	enum event order[EVENTS];

	for (n = 1, codes = events; n <= longest; n++, codes *= events) {
		for (code = 0; code < codes; code++) {
			if (!order_of(code, events, order, n))
				continue;
			for (i = 0; i < ARRAY_SIZE(start); i++)
				order_run(test, order, n, start[i].kind, start[i].state);
			runs++;
		}
	}
	return runs;
}

static void storm_every_order(struct kunit *test)
{
	/* 6 + 30 + 120 + 360 + 720 + 720, without the card's */
	KUNIT_EXPECT_EQ(test, orders_run(test, CARD_YES, CARD_YES), 1956u);
	/* 8 + 56 + 336 + 1680, with them */
	KUNIT_EXPECT_EQ(test, orders_run(test, EVENTS, 4), 2080u);
}

/* --- a long random one ------------------------------------------------------ */

#define AGENTS		20u
#define ASKERS		10u
#define SLOTS		3u
#define QUESTIONS	200u
#define STEPS		20000u

struct storm {
	struct world *w;
	u32 seed;
	u64 now;
	unsigned int asked;
	u32 ids[QUESTIONS];
	enum uicc_kind kinds[QUESTIONS];
	u32 taken_by[QUESTIONS];	/* the last agent that did; it need not hold it still */
	bool registered[AGENTS];
};

/* The same numbers in every run, on every machine. */
static u32 storm_random(struct storm *s, u32 below)
{
	s->seed = s->seed * 1664525u + 1013904223u;
	return (s->seed >> 8) % below;
}

/* One of the last few: the others are over, mostly. */
static unsigned int storm_recent(struct storm *s)
{
	return s->asked - 1 - storm_random(s, min(s->asked, 12u));
}

static void storm_ask(struct storm *s)
{
	enum uicc_kind kind = storm_random(s, UICC_KIND_MULTIPLE_CHOICE + 1);
	u32 id;
	int ret;

	if (s->asked == QUESTIONS)
		return;
	ret = ask_kind(s->w, s->now, ASKER + storm_random(s, ASKERS), storm_random(s, SLOTS), kind,
		       &id);
	if (ret) {
		KUNIT_EXPECT_EQ(s->w->test, ret, -EBUSY);
		return;
	}
	s->ids[s->asked] = id;
	s->kinds[s->asked++] = kind;
}

/* One that this agent took and that is open; or any. */
static unsigned int storm_taken(struct storm *s, u32 agent)
{
	unsigned int i;

	for (i = 0; i < s->asked; i++)
		if (s->taken_by[i] == agent + 1 && !s->w->told[s->ids[i] % IDS].completed)
			return i;
	return storm_recent(s);
}

static void storm_accept(struct storm *s, u32 agent)
{
	const struct uicc_consent_question *q;
	unsigned int i;
	int ret = uicc_consent_accept(&s->w->b, s->now, agent + 1, 0, &q);

	if (!s->registered[agent])
		KUNIT_EXPECT_EQ(s->w->test, ret, -EPERM);
	for (i = 0; !ret && i < s->asked; i++)
		if (s->ids[i] == q->id)
			s->taken_by[i] = agent + 1;
}

static void storm_agent(struct storm *s, u32 agent)
{
	unsigned int i;
	int ret;

	switch (storm_random(s, 12)) {
	case 0:		/* dies, or comes */
		if (s->registered[agent]) {
			uicc_consent_agent_gone(&s->w->b, s->now, agent + 1);
		} else {
			ret = uicc_consent_agent_add(&s->w->b, s->now, agent + 1);
			KUNIT_EXPECT_EQ(s->w->test, ret, 0);
		}
		s->registered[agent] = !s->registered[agent];
		break;
	case 1:
	case 2:
	case 3:
		storm_accept(s, agent);
		break;
	case 4:		/* answers, often what it does not hold */
	case 5:
		if (!s->asked)
			break;
		i = storm_random(s, 3) ? storm_taken(s, agent) : storm_recent(s);
		if (storm_random(s, 8))
			answer_yes(s->w, s->now, agent + 1, s->ids[i], s->kinds[i]);
		else
			uicc_consent_give_back(&s->w->b, s->now, agent + 1, s->ids[i]);
		break;
	default:	/* the person thinks */
		break;
	}
}

static void storm_others(struct storm *s)
{
	u32 asker = ASKER + storm_random(s, ASKERS);
	unsigned int i;

	switch (storm_random(s, 100)) {
	case 0:
		uicc_consent_asker_gone(&s->w->b, s->now, asker);
		break;
	case 1:
		uicc_consent_slot_gone(&s->w->b, s->now, storm_random(s, SLOTS));
		break;
	case 2:
	case 3:
		if (s->asked)
			uicc_consent_withdraw(&s->w->b, s->now, asker,
					      s->ids[storm_random(s, s->asked)]);
		break;
	case 4:
		s->now += UICC_CONSENT_TIMEOUT_MS / 2;
		fallthrough;
	case 5:
	case 6:
	case 7:
		s->now += storm_random(s, 3 * UICC_CONSENT_GRACE_MS);
		uicc_consent_tick(&s->w->b, s->now);
		break;
	default:
		if (!s->asked)
			break;
		i = storm_recent(s);
		uicc_consent_pin_result(&s->w->b, s->now, s->ids[i],
					storm_random(s, UICC_PIN_RESULT_TIMEOUT + 1), 1);
	}
}

/* 20 agents, 10 askers, 3 cards, 200 questions, 20,000 steps. */
static void storm_random_events(struct kunit *test)
{
	struct storm *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	unsigned int step, i, outcomes[UICC_OUTCOME_WITHDRAWN + 1] = { 0 };
	struct world *w = test->priv;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
	s->w = w;
	s->seed = 4711;
	for (step = 0; step < STEPS; step++) {
		/* In bursts: a quiet time, then more than is allowed at once. */
		if (step % 5000 >= 3000 && storm_random(s, 20) == 0)
			storm_ask(s);
		else if (step % 100 == 0)
			storm_ask(s);
		else if (storm_random(s, 3))
			storm_agent(s, storm_random(s, AGENTS));
		else
			storm_others(s);
		KUNIT_ASSERT_EQ(test, w->b.n_questions + w->completions, s->asked);
	}
	uicc_consent_fini(&w->b);
	KUNIT_EXPECT_EQ(test, s->asked, QUESTIONS);
	KUNIT_EXPECT_EQ(test, w->completions, QUESTIONS);
	KUNIT_EXPECT_EQ(test, w->b.n_questions, 0u);
	for (i = 0; i < s->asked; i++) {
		struct told *t = &w->told[s->ids[i] % IDS];

		KUNIT_EXPECT_EQ_MSG(test, t->completed, 1u, "question %u", s->ids[i]);
		KUNIT_EXPECT_FALSE(test, t->after_end);
		KUNIT_EXPECT_LE(test, t->withdrawn, 1u);
		outcomes[t->outcome]++;
	}
	/* The storm is one: every way out was taken, the card's "no" and "yes" included. */
	KUNIT_EXPECT_GT(test, outcomes[UICC_OUTCOME_YES], 20u);
	KUNIT_EXPECT_GT(test, outcomes[UICC_OUTCOME_NO], 2u);
	KUNIT_EXPECT_GT(test, outcomes[UICC_OUTCOME_TIMEOUT], 2u);
	KUNIT_EXPECT_GT(test, outcomes[UICC_OUTCOME_WITHDRAWN], 20u);
}

static struct kunit_case storm_cases[] = {
	KUNIT_CASE(storm_every_order),
	KUNIT_CASE(storm_random_events),
	{}
};

static struct kunit_suite storm_suite = {
	.name = "uicc_consent_storm",
	.init = storm_init,
	.exit = storm_exit,
	.test_cases = storm_cases,
};

kunit_test_suite(storm_suite);
