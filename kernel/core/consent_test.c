// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the consent broker; every order of events is in
 * consent_storm_test.c. Time is an argument, so an hour takes no
 * time; a recorder counts what each question was told.
 */
#include <kunit/test.h>

#include "consent.c"

#define ASKER	100u
#define OTHER	101u
#define SLOT	3u
#define KEY_REF	1
#define IDS	128

/* What the broker said about one question. */
struct told {
	unsigned int ready;
	unsigned int completed;
	unsigned int withdrawn;		/* to its holder */
	u32 asker;
	u32 holder;
	enum uicc_outcome outcome;
	bool after_end;			/* something was said after the completion */
	bool content_ok;
	unsigned int presented;		/* PINs, to the card */
	bool by_card;
	enum uicc_pin_result pin_result;
	u32 tries;
	char value[16];
	u32 n_selected;
	u32 selected[UICC_CHOICES_MAX];
};

struct world {
	struct kunit *test;
	struct uicc_consent_broker b;
	struct told told[IDS];
	unsigned int completions;
	int pin_err;	/* what the callbacks about PINs return */
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
	struct told *t = &w->told[q->id % IDS];

	t->completed++;
	t->asker = q->asker;
	t->outcome = a->outcome;
	t->by_card = a->by_card;
	t->pin_result = a->pin_result;
	t->tries = a->tries;
	t->content_ok = !strcmp(q->origin, "origin") && !strcmp(q->text, "text?");
	t->n_selected = a->n_selected;
	memcpy(t->selected, a->selected, sizeof(t->selected));
	if (a->value_len < sizeof(t->value) && a->value_len)
		memcpy(t->value, a->value, a->value_len);
	w->completions++;
}

static void world_withdrawn(void *ctx, u32 agent, u32 id, enum uicc_outcome why)
{
	struct world *w = ctx;
	struct told *t = &w->told[id % IDS];

	t->withdrawn++;
	t->holder = agent;
	t->outcome = why;
	t->after_end |= t->completed;
}

static int world_pin_check(void *ctx, const struct uicc_consent_question *q)
{
	struct world *w = ctx;

	KUNIT_EXPECT_EQ(w->test, q->kind, UICC_KIND_PIN);
	KUNIT_EXPECT_EQ(w->test, w->told[q->id % IDS].ready, 0u);
	return w->pin_err;
}

static int world_pin_present(void *ctx, const struct uicc_consent_question *q, const char *pin,
			     u32 len)
{
	struct world *w = ctx;
	struct told *t = &w->told[q->id % IDS];

	if (w->pin_err)
		return w->pin_err;
	t->presented++;
	memcpy(t->value, pin, min_t(u32, len, sizeof(t->value) - 1));
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
	memset(w->told, 0, sizeof(w->told));
	w->completions = 0;
	w->pin_err = 0;
	w->test = test;
	/* One thread: no lock, so none to check. */
	uicc_consent_init(&w->b, &world_ops, w, NULL);
}

static int consent_test_init(struct kunit *test)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, w);
	world_begin(w, test);
	test->priv = w;
	return 0;
}

static void consent_test_exit(struct kunit *test)
{
	struct world *w = test->priv;

	uicc_consent_fini(&w->b);
}

static u32 ask_kind(struct world *w, u64 now, u32 asker, enum uicc_kind kind, u32 timeout_ms)
{
	struct uicc_consent_question q = {
		.slot = SLOT, .seq = 7, .kind = kind, .origin = "origin", .text = "text?",
		.timeout_ms = timeout_ms,
	};
	u32 id = 0;

	if (kind == UICC_KIND_SINGLE_CHOICE || kind == UICC_KIND_MULTIPLE_CHOICE) {
		q.n_choices = 3;
		q.choices[0] = "one";
		q.choices[1] = "two";
		q.choices[2] = "three";
	}
	q.key_ref = kind == UICC_KIND_PIN ? KEY_REF : 0;
	KUNIT_ASSERT_EQ(w->test, uicc_consent_ask(&w->b, now, asker, &q, &id), 0);
	KUNIT_ASSERT_NE(w->test, id, 0u);
	if (kind == UICC_KIND_PIN)
		uicc_consent_pin_result(&w->b, now, id, UICC_PIN_RESULT_NOT_VERIFIED, 3);
	return id;
}

static u32 ask(struct world *w, u64 now, u32 asker)
{
	return ask_kind(w, now, asker, UICC_KIND_SESSION, 0);
}

static int answer(struct world *w, u64 now, u32 agent, u32 id, enum uicc_outcome outcome)
{
	struct uicc_consent_answer a = { .outcome = outcome };

	return uicc_consent_done(&w->b, now, agent, id, &a);
}

static int accept(struct world *w, u64 now, u32 agent, u32 id)
{
	const struct uicc_consent_question *q;

	return uicc_consent_accept(&w->b, now, agent, id, &q);
}

/* --- the plain way -------------------------------------------------------- */

static void consent_plain(struct kunit *test)
{
	const struct uicc_consent_question *q = NULL;
	struct world *w = test->priv;
	struct told *t;
	u32 id;

	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, accept(w, 0, 1, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, uicc_consent_deadline(&w->b), UICC_CONSENT_NEVER);
	id = ask_kind(w, 5, ASKER, UICC_KIND_SINGLE_CHOICE, 1000);
	t = &w->told[id];
	KUNIT_EXPECT_EQ(test, t->ready, 1);
	KUNIT_EXPECT_EQ(test, uicc_consent_deadline(&w->b), 5 + UICC_CONSENT_GRACE_MS);
	KUNIT_ASSERT_EQ(test, uicc_consent_accept(&w->b, 10, 1, 0, &q), 0);
	KUNIT_EXPECT_EQ(test, q->id, id);
	KUNIT_EXPECT_EQ(test, q->asker, ASKER);
	KUNIT_EXPECT_EQ(test, q->slot, SLOT);
	KUNIT_EXPECT_EQ(test, q->seq, 7ull);
	KUNIT_EXPECT_EQ(test, q->timeout_ms, 1000u);
	KUNIT_EXPECT_STREQ(test, q->origin, "origin");
	KUNIT_EXPECT_STREQ(test, q->text, "text?");
	KUNIT_EXPECT_STREQ(test, q->options, "");
	KUNIT_EXPECT_STREQ(test, q->choices[2], "three");
	KUNIT_EXPECT_EQ(test, uicc_consent_deadline(&w->b), 1010ull);
	KUNIT_EXPECT_EQ(test, accept(w, 11, 1, id), -ENOENT);
	KUNIT_EXPECT_EQ(test, answer(w, 20, 1, id, UICC_OUTCOME_NO), 0);
	KUNIT_EXPECT_EQ(test, t->completed, 1);
	KUNIT_EXPECT_EQ(test, t->outcome, UICC_OUTCOME_NO);
	KUNIT_EXPECT_EQ(test, t->asker, ASKER);
	KUNIT_EXPECT_TRUE(test, t->content_ok);
	KUNIT_EXPECT_EQ(test, t->withdrawn, 0);
	KUNIT_EXPECT_EQ(test, answer(w, 20, 1, id, UICC_OUTCOME_NO), -ENOENT);
	KUNIT_EXPECT_EQ(test, w->b.n_questions, 0u);
	KUNIT_EXPECT_EQ(test, uicc_consent_deadline(&w->b), UICC_CONSENT_NEVER);
}

static void consent_rights(struct kunit *test)
{
	struct world *w = test->priv;
	u32 id = ask(w, 0, ASKER);

	KUNIT_EXPECT_EQ(test, accept(w, 0, 1, id), -EPERM);	/* not registered */
	KUNIT_EXPECT_EQ(test, answer(w, 0, 1, id, UICC_OUTCOME_YES), -EPERM);
	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), -EALREADY);
	KUNIT_EXPECT_EQ(test, w->told[id].ready, 2);	/* the late agent learns of it */
	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 2), 0);
	KUNIT_EXPECT_EQ(test, answer(w, 0, 1, id, UICC_OUTCOME_YES), -EPERM); /* not accepted */
	KUNIT_ASSERT_EQ(test, accept(w, 0, 1, id), 0);
	KUNIT_EXPECT_EQ(test, answer(w, 0, 2, id, UICC_OUTCOME_YES), -EPERM);
	KUNIT_EXPECT_EQ(test, answer(w, 0, 1, id + 1, UICC_OUTCOME_YES), -ENOENT);
	KUNIT_EXPECT_EQ(test, uicc_consent_withdraw(&w->b, 0, OTHER, id), -ENOENT);
	KUNIT_EXPECT_EQ(test, uicc_consent_withdraw(&w->b, 0, ASKER, id + 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, w->completions, 0);
}

/* Who asks never answers, though it be an agent and the only one. */
static void consent_asker_may_not_answer(struct kunit *test)
{
	struct world *w = test->priv;
	u32 id;

	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, ASKER), 0);
	id = ask(w, 0, ASKER);
	KUNIT_EXPECT_EQ(test, accept(w, 0, ASKER, id), -EPERM);
	KUNIT_EXPECT_EQ(test, accept(w, 0, ASKER, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, accept(w, 10000, ASKER, id), -EPERM);
	KUNIT_EXPECT_EQ(test, answer(w, 10000, ASKER, id, UICC_OUTCOME_YES), -EPERM);
	/* nor does it take the turn of the next agent */
	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 10000, 2), 0);
	id = ask(w, 10000, ASKER);
	KUNIT_EXPECT_EQ(test, accept(w, 10000, 2, id), 0);
}

/* --- whose turn it is ----------------------------------------------------- */

static void consent_priority(struct kunit *test)
{
	struct world *w = test->priv;
	u32 id, second;

	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 9), 0);
	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 2), 0);
	id = ask(w, 0, ASKER);
	KUNIT_EXPECT_EQ(test, accept(w, 0, 2, id), -EAGAIN);
	KUNIT_EXPECT_EQ(test, accept(w, 0, 2, 0), -EAGAIN);
	KUNIT_EXPECT_EQ(test, accept(w, UICC_CONSENT_GRACE_MS - 1, 2, id), -EAGAIN);
	KUNIT_EXPECT_EQ(test, w->told[id].ready, 1);
	KUNIT_EXPECT_EQ(test, accept(w, UICC_CONSENT_GRACE_MS - 1, 9, id), 0);
	/* agent 9 is busy now: agent 2 is the first free one, at once */
	second = ask(w, UICC_CONSENT_GRACE_MS, ASKER);
	KUNIT_EXPECT_EQ(test, accept(w, UICC_CONSENT_GRACE_MS, 9, 0), -EAGAIN);
	KUNIT_EXPECT_EQ(test, accept(w, UICC_CONSENT_GRACE_MS, 2, 0), 0);
	KUNIT_EXPECT_EQ(test, answer(w, 3000, 2, second, UICC_OUTCOME_YES), 0);
	/* all busy: whoever comes */
	KUNIT_EXPECT_EQ(test, accept(w, 3000, 2, ask(w, 3000, ASKER)), 0);
	KUNIT_EXPECT_EQ(test, accept(w, 3000, 2, ask(w, 3000, ASKER)), 0);
}

static void consent_grace_lifted(struct kunit *test)
{
	struct world *w = test->priv;
	u32 id;

	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 2), 0);
	id = ask(w, 100, ASKER);
	uicc_consent_tick(&w->b, 100 + UICC_CONSENT_GRACE_MS - 1);
	KUNIT_EXPECT_EQ(test, w->told[id].ready, 1);
	uicc_consent_tick(&w->b, 100 + UICC_CONSENT_GRACE_MS);
	KUNIT_EXPECT_EQ(test, w->told[id].ready, 2);
	/* once, not at every tick; and nothing more is due */
	uicc_consent_tick(&w->b, 100000);
	KUNIT_EXPECT_EQ(test, w->told[id].ready, 2);
	KUNIT_EXPECT_EQ(test, uicc_consent_deadline(&w->b), UICC_CONSENT_NEVER);
	KUNIT_EXPECT_EQ(test, accept(w, 100000, 2, id), 0);
}

/* With id 0 the oldest question that this agent may take. */
static void consent_oldest_first(struct kunit *test)
{
	const struct uicc_consent_question *q;
	struct world *w = test->priv;
	u32 own, first, second;

	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	own = ask(w, 0, 1);
	first = ask(w, 0, ASKER);
	second = ask(w, 0, ASKER);
	KUNIT_ASSERT_EQ(test, uicc_consent_accept(&w->b, 0, 1, 0, &q), 0);
	KUNIT_EXPECT_EQ(test, q->id, first);
	KUNIT_ASSERT_EQ(test, uicc_consent_accept(&w->b, 0, 1, 0, &q), 0);
	KUNIT_EXPECT_EQ(test, q->id, second);
	KUNIT_EXPECT_EQ(test, uicc_consent_accept(&w->b, 0, 1, 0, &q), -ENOENT);
	KUNIT_EXPECT_EQ(test, w->told[own].completed, 0);
}

/* --- time ----------------------------------------------------------------- */

static void consent_waits_for_an_agent(struct kunit *test)
{
	struct world *w = test->priv;
	u32 id = ask_kind(w, 0, ASKER, UICC_KIND_CONFIRM, 1);

	uicc_consent_tick(&w->b, 1000000000ull);
	KUNIT_EXPECT_EQ(test, w->told[id].completed, 0);
	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 1000000000ull, 1), 0);
	KUNIT_EXPECT_EQ(test, accept(w, 1000000000ull, 1, id), 0);
	KUNIT_EXPECT_EQ(test, answer(w, 1000000000ull, 1, id, UICC_OUTCOME_YES), 0);
}

static void consent_timeout(struct kunit *test)
{
	struct world *w = test->priv;
	u32 id;

	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	id = ask(w, 0, ASKER);
	KUNIT_ASSERT_EQ(test, accept(w, 500, 1, id), 0);
	KUNIT_EXPECT_EQ(test, uicc_consent_deadline(&w->b), 500ull + UICC_CONSENT_TIMEOUT_MS);
	uicc_consent_tick(&w->b, 500 + UICC_CONSENT_TIMEOUT_MS - 1);
	KUNIT_EXPECT_EQ(test, w->told[id].completed, 0);
	/* the timer is late, the answer too: time decides, not who comes first */
	KUNIT_EXPECT_EQ(test, answer(w, 500 + UICC_CONSENT_TIMEOUT_MS, 1, id, UICC_OUTCOME_YES),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, w->told[id].completed, 1);
	KUNIT_EXPECT_EQ(test, w->told[id].outcome, UICC_OUTCOME_TIMEOUT);
	KUNIT_EXPECT_EQ(test, w->told[id].withdrawn, 1);
	KUNIT_EXPECT_EQ(test, w->told[id].holder, 1u);
}

/* --- agents that die ------------------------------------------------------ */

static void consent_agent_death_gives_back(struct kunit *test)
{
	struct world *w = test->priv;
	u32 id;

	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 2), 0);
	id = ask_kind(w, 0, ASKER, UICC_KIND_SESSION, 5000);
	KUNIT_ASSERT_EQ(test, accept(w, 0, 1, id), 0);
	uicc_consent_agent_gone(&w->b, 4000, 77);	/* a stranger */
	KUNIT_EXPECT_EQ(test, w->told[id].ready, 1);
	uicc_consent_agent_gone(&w->b, 4000, 1);
	KUNIT_EXPECT_EQ(test, w->told[id].completed, 0);
	KUNIT_EXPECT_EQ(test, w->told[id].withdrawn, 0);
	KUNIT_EXPECT_EQ(test, w->told[id].ready, 2);
	KUNIT_EXPECT_EQ(test, answer(w, 4000, 1, id, UICC_OUTCOME_YES), -EPERM);
	/* the next one has the whole time */
	KUNIT_ASSERT_EQ(test, accept(w, 4500, 2, id), 0);
	uicc_consent_tick(&w->b, 9499);
	KUNIT_EXPECT_EQ(test, w->told[id].completed, 0);
	KUNIT_EXPECT_EQ(test, answer(w, 9499, 2, id, UICC_OUTCOME_YES), 0);
	KUNIT_EXPECT_EQ(test, w->told[id].completed, 1);
}

static void consent_agent_comes_back_last(struct kunit *test)
{
	struct world *w = test->priv;
	u32 id;

	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 2), 0);
	id = ask(w, 0, ASKER);
	KUNIT_EXPECT_EQ(test, accept(w, 0, 2, id), -EAGAIN);
	uicc_consent_agent_gone(&w->b, 0, 1);
	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, accept(w, 0, 1, id), -EAGAIN);
	KUNIT_EXPECT_EQ(test, accept(w, 0, 2, id), 0);
}

static void consent_give_back(struct kunit *test)
{
	struct world *w = test->priv;
	u32 id;

	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	id = ask(w, 0, ASKER);
	KUNIT_EXPECT_EQ(test, uicc_consent_give_back(&w->b, 0, 1, id), -EPERM);
	KUNIT_ASSERT_EQ(test, accept(w, 0, 1, id), 0);
	KUNIT_EXPECT_EQ(test, uicc_consent_give_back(&w->b, 0, 2, id), -EPERM);
	KUNIT_EXPECT_EQ(test, uicc_consent_give_back(&w->b, 0, 1, id + 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, uicc_consent_give_back(&w->b, 0, 1, id), 0);
	KUNIT_EXPECT_EQ(test, w->told[id].ready, 2);
	KUNIT_EXPECT_EQ(test, accept(w, 0, 1, id), 0);
}

/* --- PINs ----------------------------------------------------------------- */

static u32 ask_pin(struct kunit *test)
{
	struct uicc_consent_question q = {
		.slot = SLOT, .kind = UICC_KIND_PIN, .origin = "origin", .text = "text?",
		.key_ref = KEY_REF,
	};
	struct world *w = test->priv;
	u32 id = 0;

	KUNIT_ASSERT_EQ(test, uicc_consent_ask(&w->b, 0, ASKER, &q, &id), 0);
	return id;
}

/* The card is asked before the person: who accepts sees the tries left. */
static void consent_pin_check(struct kunit *test)
{
	const struct uicc_consent_question *q = NULL;
	struct world *w = test->priv;
	u32 id;

	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	id = ask_pin(test);
	KUNIT_EXPECT_EQ(test, w->told[id].ready, 0);
	KUNIT_EXPECT_EQ(test, uicc_consent_deadline(&w->b), UICC_CONSENT_NEVER);
	KUNIT_EXPECT_EQ(test, accept(w, 0, 1, id), -ENOENT);
	KUNIT_EXPECT_EQ(test, accept(w, 0, 1, 0), -ENOENT);
	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 2), 0);
	uicc_consent_tick(&w->b, 1000000);
	KUNIT_EXPECT_EQ(test, w->told[id].ready, 0);
	uicc_consent_pin_result(&w->b, 1000000, id + 1, UICC_PIN_RESULT_NOT_VERIFIED, 2);
	KUNIT_EXPECT_EQ(test, w->told[id].ready, 0);
	uicc_consent_pin_result(&w->b, 1000000, id, UICC_PIN_RESULT_NOT_VERIFIED, 1);
	KUNIT_EXPECT_EQ(test, w->told[id].ready, 1);
	/* a second result is not awaited any more */
	uicc_consent_pin_result(&w->b, 1000000, id, UICC_PIN_RESULT_BLOCKED, 0);
	KUNIT_EXPECT_EQ(test, w->told[id].completed, 0);
	KUNIT_ASSERT_EQ(test, uicc_consent_accept(&w->b, 1000000, 1, id, &q), 0);
	KUNIT_EXPECT_EQ(test, q->key_ref, KEY_REF);
	KUNIT_EXPECT_EQ(test, q->tries, 1u);
	KUNIT_EXPECT_EQ(test, answer(w, 1000000, 1, id, UICC_OUTCOME_CANCELLED), 0);
	KUNIT_EXPECT_FALSE(test, w->told[id].by_card);
	KUNIT_EXPECT_EQ(test, w->told[id].presented, 0);
}

/* What the card says, before a person is asked and after. */
static void consent_pin_results(struct kunit *test)
{
	static const struct {
		enum uicc_pin_result result;
		bool asked;		/* after the check */
		enum uicc_outcome outcome;
	} row[] = {
		{ UICC_PIN_RESULT_VERIFIED, true, UICC_OUTCOME_YES },
		{ UICC_PIN_RESULT_NOT_VERIFIED, true, UICC_OUTCOME_NO },
		{ UICC_PIN_RESULT_WRONG, false, UICC_OUTCOME_NO },
		{ UICC_PIN_RESULT_BLOCKED, false, UICC_OUTCOME_NO },
		{ UICC_PIN_RESULT_DISABLED, false, UICC_OUTCOME_NO },
		{ UICC_PIN_RESULT_REFUSED, false, UICC_OUTCOME_NO },
		{ UICC_PIN_RESULT_GONE, false, UICC_OUTCOME_WITHDRAWN },
		{ UICC_PIN_RESULT_TIMEOUT, false, UICC_OUTCOME_TIMEOUT },
	};
	struct uicc_consent_answer pin = { UICC_OUTCOME_YES, "1234", 4 };
	struct world *w = test->priv;
	struct told *t;
	size_t i;
	u32 id;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		world_begin(w, test);
		KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
		id = ask_pin(test);
		t = &w->told[id];
		uicc_consent_pin_result(&w->b, 0, id, row[i].result, 2);
		KUNIT_EXPECT_EQ_MSG(test, t->ready, row[i].asked, "row %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, t->completed, !row[i].asked, "row %zu", i);
		if (!row[i].asked)
			KUNIT_EXPECT_EQ_MSG(test, t->outcome, row[i].outcome, "row %zu", i);
		uicc_consent_fini(&w->b);

		world_begin(w, test);
		KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
		id = ask_kind(w, 0, ASKER, UICC_KIND_PIN, 0);
		KUNIT_ASSERT_EQ(test, accept(w, 0, 1, id), 0);
		KUNIT_ASSERT_EQ(test, uicc_consent_done(&w->b, 0, 1, id, &pin), 0);
		KUNIT_EXPECT_EQ(test, t->presented, 1);
		KUNIT_EXPECT_EQ(test, t->completed, 0);
		/* the agent is done: it holds nothing, may leave, and is free */
		KUNIT_EXPECT_EQ(test, uicc_consent_done(&w->b, 0, 1, id, &pin), -EPERM);
		KUNIT_EXPECT_EQ(test, accept(w, 0, 1, ask(w, 0, OTHER)), 0);
		uicc_consent_agent_gone(&w->b, 0, 1);
		uicc_consent_tick(&w->b, 10 * UICC_CONSENT_TIMEOUT_MS);
		KUNIT_EXPECT_EQ(test, t->completed, 0);
		uicc_consent_pin_result(&w->b, 0, id, row[i].result, 2);
		KUNIT_EXPECT_EQ_MSG(test, t->completed, 1, "row %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, t->outcome, row[i].outcome, "row %zu", i);
		KUNIT_EXPECT_EQ(test, t->by_card, row[i].result != UICC_PIN_RESULT_GONE);
		if (t->by_card) {
			KUNIT_EXPECT_EQ(test, t->pin_result, row[i].result);
			KUNIT_EXPECT_EQ(test, t->tries, 2u);
		}
		KUNIT_EXPECT_EQ(test, t->withdrawn, 0);
		uicc_consent_fini(&w->b);
	}
}

/* When the card cannot be asked there is no question; when the PIN cannot be presented it stays. */
static void consent_pin_errors(struct kunit *test)
{
	struct uicc_consent_question q = {
		.slot = SLOT, .kind = UICC_KIND_PIN, .origin = "origin", .key_ref = KEY_REF,
	};
	struct uicc_consent_answer pin = { UICC_OUTCOME_YES, "1234", 4 };
	struct world *w = test->priv;
	u32 id;

	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	w->pin_err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, uicc_consent_ask(&w->b, 0, ASKER, &q, &id), -ENOMEM);
	KUNIT_EXPECT_EQ(test, w->b.n_questions, 0u);
	w->pin_err = 0;
	id = ask_kind(w, 0, ASKER, UICC_KIND_PIN, 0);
	KUNIT_ASSERT_EQ(test, accept(w, 0, 1, id), 0);
	w->pin_err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, uicc_consent_done(&w->b, 0, 1, id, &pin), -ENOMEM);
	w->pin_err = 0;
	KUNIT_EXPECT_EQ(test, uicc_consent_done(&w->b, 0, 1, id, &pin), 0);
	KUNIT_EXPECT_STREQ(test, w->told[id].value, "1234");
	KUNIT_EXPECT_EQ(test, uicc_consent_withdraw(&w->b, 0, ASKER, id), 0);
	KUNIT_EXPECT_EQ(test, w->told[id].outcome, UICC_OUTCOME_WITHDRAWN);
	KUNIT_EXPECT_EQ(test, w->completions, 1);
	/* a key belongs to this kind, and to no other */
	q.key_ref = 0;
	KUNIT_EXPECT_EQ(test, uicc_consent_ask(&w->b, 0, ASKER, &q, &id), -EINVAL);
	q.key_ref = KEY_REF;
	q.kind = UICC_KIND_CONFIRM;
	KUNIT_EXPECT_EQ(test, uicc_consent_ask(&w->b, 0, ASKER, &q, &id), -EINVAL);
}

/* --- ends of more than one ------------------------------------------------ */

static void consent_fini_completes_all(struct kunit *test)
{
	struct world *w = test->priv;
	u32 id[3], i;

	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	for (i = 0; i < 3; i++)
		id[i] = ask(w, 0, ASKER + i);
	KUNIT_ASSERT_EQ(test, accept(w, 0, 1, id[1]), 0);
	uicc_consent_fini(&w->b);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, w->told[id[i]].completed, 1);
		KUNIT_EXPECT_EQ(test, w->told[id[i]].outcome, UICC_OUTCOME_WITHDRAWN);
		KUNIT_EXPECT_EQ(test, w->told[id[i]].withdrawn, i == 1);
	}
	KUNIT_EXPECT_EQ(test, accept(w, 0, 1, 0), -EPERM);
}

/* Only what is meant is withdrawn. */
static void consent_others_stay(struct kunit *test)
{
	struct uicc_consent_question q = { .slot = 9, .origin = "origin", .text = "text?" };
	struct world *w = test->priv;
	u32 mine = ask(w, 0, ASKER), other = ask(w, 0, OTHER), elsewhere;

	KUNIT_ASSERT_EQ(test, uicc_consent_ask(&w->b, 0, OTHER, &q, &elsewhere), 0);
	uicc_consent_asker_gone(&w->b, 0, ASKER);
	KUNIT_EXPECT_EQ(test, w->told[mine].completed, 1);
	KUNIT_EXPECT_EQ(test, w->told[other].completed, 0);
	uicc_consent_slot_gone(&w->b, 0, SLOT);
	KUNIT_EXPECT_EQ(test, w->told[other].completed, 1);
	KUNIT_EXPECT_EQ(test, w->told[elsewhere].completed, 0);
	KUNIT_EXPECT_EQ(test, w->b.n_questions, 1u);
}

/* --- bounds and content --------------------------------------------------- */

static void consent_bounds(struct kunit *test)
{
	struct uicc_consent_question q = { .slot = SLOT, .origin = "origin", .text = "text?" };
	struct world *w = test->priv;
	u32 asker, i, id;

	for (asker = 0; asker < UICC_CONSENT_PENDING_MAX / UICC_CONSENT_PER_ASKER_MAX; asker++) {
		for (i = 0; i < UICC_CONSENT_PER_ASKER_MAX; i++)
			ask(w, 0, asker);
		KUNIT_EXPECT_EQ(test, uicc_consent_ask(&w->b, 0, asker, &q, &id), -EBUSY);
	}
	KUNIT_EXPECT_EQ(test, w->b.n_questions, (u32)UICC_CONSENT_PENDING_MAX);
	KUNIT_EXPECT_EQ(test, uicc_consent_ask(&w->b, 0, 1000, &q, &id), -EBUSY);
	KUNIT_EXPECT_EQ(test, uicc_consent_withdraw(&w->b, 0, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, uicc_consent_ask(&w->b, 0, 1000, &q, &id), 0);

	for (i = 1; i <= UICC_CONSENT_AGENTS_MAX; i++)
		KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, i), 0);
	KUNIT_EXPECT_EQ(test, uicc_consent_agent_add(&w->b, 0, i), -EBUSY);
	uicc_consent_agent_gone(&w->b, 0, 1);
	KUNIT_EXPECT_EQ(test, uicc_consent_agent_add(&w->b, 0, i), 0);
}

static int ask_with(struct kunit *test, const struct uicc_consent_question *q)
{
	struct world *w = test->priv;
	u32 id = 0;
	int ret = uicc_consent_ask(&w->b, 0, ASKER, q, &id);

	if (!ret)
		uicc_consent_withdraw(&w->b, 0, ASKER, id);
	return ret;
}

static void consent_question_limits(struct kunit *test)
{
	const struct uicc_consent_question good = { .slot = SLOT, .origin = "origin" };
	char *s = kunit_kzalloc(test, UICC_TEXT_MAX + 2, GFP_KERNEL);
	struct uicc_consent_question q = good;
	u32 i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
	memset(s, 'x', UICC_TEXT_MAX + 1);
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), 0);
	q.origin = NULL;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), -EINVAL);
	q.origin = "";
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), -EINVAL);
	q.origin = s + UICC_TEXT_MAX + 1 - UICC_ORIGIN_MAX;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), 0);
	q.origin--;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), -EINVAL);
	q = good;
	q.text = s + 1;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), 0);
	q.text = s;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), -EINVAL);
	q = good;
	q.options = s;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), -EINVAL);
	q = good;
	q.timeout_ms = UICC_TIMEOUT_MAX_MS;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), 0);
	q.timeout_ms++;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), -EINVAL);
	q = good;
	q.kind = UICC_KIND_MULTIPLE_CHOICE + 1;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), -EINVAL);
	q.kind = (enum uicc_kind)-1;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), -EINVAL);
	/* choices: where they belong, and only there */
	q = good;
	q.kind = UICC_KIND_SINGLE_CHOICE;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), -EINVAL);
	for (i = 0; i < UICC_CHOICES_MAX; i++)
		q.choices[i] = s + UICC_TEXT_MAX + 1 - UICC_CHOICE_MAX;
	q.n_choices = UICC_CHOICES_MAX;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), 0);
	q.n_choices++;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), -EINVAL);
	q.n_choices = 2;
	q.choices[1] = "";
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), -EINVAL);
	q.choices[1] = s + UICC_TEXT_MAX - UICC_CHOICE_MAX;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), -EINVAL);
	q.choices[1] = "b";
	q.kind = UICC_KIND_CONFIRM;
	KUNIT_EXPECT_EQ(test, ask_with(test, &q), -EINVAL);
}

/* One answer to a question of one kind; the question goes on when it is refused. */
static int answer_with(struct kunit *test, enum uicc_kind kind,
		       const struct uicc_consent_answer *a, struct told *told)
{
	struct world *w = test->priv;
	u32 id;
	int ret;

	world_begin(w, test);
	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	id = ask_kind(w, 0, ASKER, kind, 0);
	KUNIT_ASSERT_EQ(test, accept(w, 0, 1, id), 0);
	ret = uicc_consent_done(&w->b, 0, 1, id, a);
	if (!ret && kind == UICC_KIND_PIN && a->outcome == UICC_OUTCOME_YES)
		uicc_consent_pin_result(&w->b, 0, id, UICC_PIN_RESULT_VERIFIED, 3);
	*told = w->told[id];
	KUNIT_EXPECT_EQ(test, told->completed, ret == 0);
	if (ret)
		KUNIT_EXPECT_EQ(test, answer(w, 0, 1, id, UICC_OUTCOME_CANCELLED), 0);
	uicc_consent_fini(&w->b);
	return ret;
}

static void consent_answers(struct kunit *test)
{
	static char text[UICC_VALUE_MAX + 1];
	static const struct {
		enum uicc_kind kind;
		struct uicc_consent_answer a;
		int ret;
	} row[] = {
		{ UICC_KIND_SESSION, { .outcome = UICC_OUTCOME_YES }, 0 },
		{ UICC_KIND_SESSION, { .outcome = UICC_OUTCOME_NO }, 0 },
		{ UICC_KIND_SESSION, { .outcome = UICC_OUTCOME_CANCELLED }, 0 },
		{ UICC_KIND_SESSION, { .outcome = UICC_OUTCOME_TIMEOUT }, -EINVAL },
		{ UICC_KIND_SESSION, { .outcome = UICC_OUTCOME_WITHDRAWN }, -EINVAL },
		{ UICC_KIND_SESSION, { .outcome = 77 }, -EINVAL },
		{ UICC_KIND_SESSION, { UICC_OUTCOME_YES, "x", 1 }, -EINVAL },
		{ UICC_KIND_SESSION, { UICC_OUTCOME_YES, NULL, 0, 1, { 1 } }, -EINVAL },
		{ UICC_KIND_TEXT, { UICC_OUTCOME_YES, "hello", 5 }, 0 },
		{ UICC_KIND_TEXT, { .outcome = UICC_OUTCOME_YES }, 0 },
		{ UICC_KIND_TEXT, { UICC_OUTCOME_YES, NULL, 5 }, -EINVAL },
		{ UICC_KIND_TEXT, { UICC_OUTCOME_YES, text, UICC_VALUE_MAX }, 0 },
		{ UICC_KIND_TEXT, { UICC_OUTCOME_YES, text, UICC_VALUE_MAX + 1 }, -EINVAL },
		{ UICC_KIND_TEXT, { UICC_OUTCOME_NO, "hello", 5 }, -EINVAL },
		{ UICC_KIND_PIN, { UICC_OUTCOME_YES, "0919", 4 }, 0 },
		{ UICC_KIND_PIN, { UICC_OUTCOME_YES, "12345678", 8 }, 0 },
		{ UICC_KIND_PIN, { UICC_OUTCOME_YES, "123", 3 }, -EINVAL },
		{ UICC_KIND_PIN, { UICC_OUTCOME_YES, "123456789", 9 }, -EINVAL },
		{ UICC_KIND_PIN, { UICC_OUTCOME_YES, "/234", 4 }, -EINVAL },
		{ UICC_KIND_PIN, { UICC_OUTCOME_YES, "123:", 4 }, -EINVAL },
		{ UICC_KIND_PIN, { .outcome = UICC_OUTCOME_YES }, -EINVAL },
		{ UICC_KIND_PIN, { .outcome = UICC_OUTCOME_CANCELLED }, 0 },
		{ UICC_KIND_SINGLE_CHOICE, { UICC_OUTCOME_YES, NULL, 0, 1, { 3 } }, 0 },
		{ UICC_KIND_SINGLE_CHOICE, { UICC_OUTCOME_YES, NULL, 0, 1, { 0 } }, -EINVAL },
		{ UICC_KIND_SINGLE_CHOICE, { UICC_OUTCOME_YES, NULL, 0, 1, { 4 } }, -EINVAL },
		{ UICC_KIND_SINGLE_CHOICE, { UICC_OUTCOME_YES, NULL, 0, 0 }, -EINVAL },
		{ UICC_KIND_SINGLE_CHOICE, { UICC_OUTCOME_YES, NULL, 0, 2, { 1, 2 } }, -EINVAL },
		{ UICC_KIND_SINGLE_CHOICE, { UICC_OUTCOME_NO, NULL, 0, 1, { 1 } }, -EINVAL },
		{ UICC_KIND_MULTIPLE_CHOICE, { UICC_OUTCOME_YES, NULL, 0, 0 }, 0 },
		{ UICC_KIND_MULTIPLE_CHOICE, { UICC_OUTCOME_YES, NULL, 0, 3, { 3, 1, 2 } }, 0 },
		{ UICC_KIND_MULTIPLE_CHOICE, { UICC_OUTCOME_YES, NULL, 0, 2, { 1, 1 } }, -EINVAL },
		{ UICC_KIND_MULTIPLE_CHOICE, { UICC_OUTCOME_YES, NULL, 0, 4, { 1, 2, 3 } },
		  -EINVAL },
		{ UICC_KIND_MULTIPLE_CHOICE, { UICC_OUTCOME_YES, NULL, 0, 1, { ~0u } }, -EINVAL },
		{ UICC_KIND_MULTIPLE_CHOICE, { UICC_OUTCOME_YES, NULL, 0, ~0u }, -EINVAL },
	};
	struct told *told = kunit_kzalloc(test, sizeof(*told), GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, told);
	for (i = 0; i < ARRAY_SIZE(row); i++)
		KUNIT_EXPECT_EQ_MSG(test, answer_with(test, row[i].kind, &row[i].a, told),
				    row[i].ret, "row %zu", i);
	/* and the answer arrives as it was given */
	KUNIT_ASSERT_EQ(test, answer_with(test, UICC_KIND_TEXT, &row[8].a, told), 0);
	KUNIT_EXPECT_STREQ(test, told->value, "hello");
	KUNIT_ASSERT_EQ(test, answer_with(test, UICC_KIND_SINGLE_CHOICE, &row[22].a, told), 0);
	KUNIT_EXPECT_EQ(test, told->n_selected, 1u);
	KUNIT_EXPECT_EQ(test, told->selected[0], 3u);
	KUNIT_EXPECT_EQ(test, told->outcome, UICC_OUTCOME_YES);
}

static void consent_numbers_go_round(struct kunit *test)
{
	struct world *w = test->priv;
	u32 first, second;

	w->b.last_id = U32_MAX - 1;
	first = ask(w, 0, ASKER);
	KUNIT_EXPECT_EQ(test, first, U32_MAX);
	second = ask(w, 0, ASKER);
	KUNIT_EXPECT_EQ(test, second, 1u);	/* never 0 */
	w->b.last_id = U32_MAX - 1;
	KUNIT_EXPECT_EQ(test, ask(w, 0, ASKER), 2u);	/* none twice */
}

static void consent_walk(struct kunit *test)
{
	struct uicc_consent_info info = { 0 };
	struct world *w = test->priv;
	u32 a, b, c;

	KUNIT_EXPECT_FALSE(test, uicc_consent_next(&w->b, 0, &info));
	KUNIT_ASSERT_EQ(test, uicc_consent_agent_add(&w->b, 0, 1), 0);
	a = ask(w, 0, ASKER);
	b = ask_kind(w, 0, ASKER, UICC_KIND_PIN, 0);
	c = ask(w, 0, ASKER);
	KUNIT_ASSERT_EQ(test, accept(w, 0, 1, b), 0);
	KUNIT_ASSERT_TRUE(test, uicc_consent_next(&w->b, 0, &info));
	KUNIT_EXPECT_EQ(test, info.id, a);
	KUNIT_EXPECT_FALSE(test, info.accepted);
	KUNIT_ASSERT_TRUE(test, uicc_consent_next(&w->b, info.id, &info));
	KUNIT_EXPECT_EQ(test, info.id, b);
	KUNIT_EXPECT_EQ(test, info.kind, UICC_KIND_PIN);
	KUNIT_EXPECT_EQ(test, info.slot, SLOT);
	KUNIT_EXPECT_TRUE(test, info.accepted);
	/* one goes between two steps */
	KUNIT_ASSERT_EQ(test, answer(w, 0, 1, b, UICC_OUTCOME_CANCELLED), 0);
	KUNIT_ASSERT_TRUE(test, uicc_consent_next(&w->b, info.id, &info));
	KUNIT_EXPECT_EQ(test, info.id, c);
	KUNIT_EXPECT_FALSE(test, uicc_consent_next(&w->b, info.id, &info));
}

static struct kunit_case consent_cases[] = {
	KUNIT_CASE(consent_plain),
	KUNIT_CASE(consent_rights),
	KUNIT_CASE(consent_asker_may_not_answer),
	KUNIT_CASE(consent_priority),
	KUNIT_CASE(consent_grace_lifted),
	KUNIT_CASE(consent_oldest_first),
	KUNIT_CASE(consent_waits_for_an_agent),
	KUNIT_CASE(consent_timeout),
	KUNIT_CASE(consent_agent_death_gives_back),
	KUNIT_CASE(consent_agent_comes_back_last),
	KUNIT_CASE(consent_give_back),
	KUNIT_CASE(consent_pin_check),
	KUNIT_CASE(consent_pin_results),
	KUNIT_CASE(consent_pin_errors),
	KUNIT_CASE(consent_fini_completes_all),
	KUNIT_CASE(consent_others_stay),
	KUNIT_CASE(consent_bounds),
	KUNIT_CASE(consent_question_limits),
	KUNIT_CASE(consent_answers),
	KUNIT_CASE(consent_numbers_go_round),
	KUNIT_CASE(consent_walk),
	{}
};

static struct kunit_suite consent_suite = {
	.name = "uicc_consent",
	.init = consent_test_init,
	.exit = consent_test_exit,
	.test_cases = consent_cases,
};

kunit_test_suite(consent_suite);
