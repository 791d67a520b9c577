// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the requests about PINs and of what status words mean.
 */
#include <kunit/test.h>

#include "pin.c"

#define UNKNOWN	UICC_PIN_TRIES_UNKNOWN
#define IDS	64

static void pin_keys(struct kunit *test)
{
	static const struct {
		u8 ref;
		bool valid;
		u8 chv;
	} row[] = {
		{ 0x00, false, 0 }, { 0x01, true, 1 }, { 0x02, true, 2 }, { 0x08, true, 0 },
		{ 0x0a, true, 0 }, { 0x11, true, 0 }, { 0x1f, true, 0 }, { 0x20, false, 0 },
		{ 0x41, false, 0 }, { 0x80, false, 0 }, { 0x81, true, 2 }, { 0x8e, true, 0 },
		{ 0xc1, false, 0 }, { 0xff, false, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		KUNIT_EXPECT_EQ_MSG(test, uicc_pin_key_valid(row[i].ref), row[i].valid,
				    "row %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, uicc_pin_key_global(row[i].ref), row[i].ref < 0x80,
				    "row %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, uicc_pin_chv(row[i].ref), row[i].chv, "row %zu", i);
	}
}

static void pin_values(struct kunit *test)
{
	static const struct {
		u8 ref;
		const char *pin;
		size_t len;
		bool valid;
	} row[] = {
		{ 0x01, "1234", 4, true }, { 0x01, "12345678", 8, true },
		{ 0x01, "123", 3, false }, { 0x01, "123456789", 9, false },
		{ 0x01, "123/", 4, false }, { 0x81, "12:4", 4, false },
		{ 0x01, "1234", 5, false },	/* with the NUL */
		{ 0x11, "abcd", 4, false },
		{ 0x0a, "\x01\x00\xff\x80", 4, true }, { 0x8e, "\xff\xff\xff\xff", 4, true },
		{ 0x0a, "\x01\x02\x03", 3, false }, { 0x0f, "abcd", 4, false },
		{ 0x09, "abcd", 4, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(row); i++)
		KUNIT_EXPECT_EQ_MSG(test, uicc_pin_valid(row[i].ref, row[i].pin, row[i].len),
				    row[i].valid, "row %zu", i);
}

static void pin_status_words(struct kunit *test)
{
	static const struct {
		u16 sw;
		enum uicc_mode mode;
		enum uicc_pin_result state;
		enum uicc_pin_result verify;
		u32 tries;
	} row[] = {
#define ROW(sw, mode, state, verify, tries) \
	{ sw, UICC_MODE_##mode, UICC_PIN_RESULT_##state, UICC_PIN_RESULT_##verify, tries }
		ROW(0x9000, UICC, VERIFIED, VERIFIED, UNKNOWN),
		ROW(0x910c, UICC, VERIFIED, VERIFIED, UNKNOWN),
		ROW(0x9205, UICC, VERIFIED, VERIFIED, UNKNOWN),
		ROW(0x63c3, UICC, NOT_VERIFIED, WRONG, 3),
		ROW(0x63c1, UICC, NOT_VERIFIED, WRONG, 1),
		ROW(0x63c0, UICC, BLOCKED, BLOCKED, 0),
		ROW(0x63cf, UICC, NOT_VERIFIED, WRONG, 15),
		ROW(0x6300, UICC, REFUSED, REFUSED, UNKNOWN),
		ROW(0x6983, UICC, BLOCKED, BLOCKED, 0),
		ROW(0x6984, UICC, DISABLED, DISABLED, UNKNOWN),
		ROW(0x6982, UICC, NOT_VERIFIED, REFUSED, UNKNOWN),
		ROW(0x6700, UICC, NOT_VERIFIED, REFUSED, UNKNOWN),
		ROW(0x6a88, UICC, REFUSED, REFUSED, UNKNOWN),
		ROW(0x6a86, UICC, REFUSED, REFUSED, UNKNOWN),
		ROW(0x6d00, UICC, REFUSED, REFUSED, UNKNOWN),
		ROW(0x6281, UICC, REFUSED, REFUSED, UNKNOWN),
		ROW(0x6200, UICC, REFUSED, REFUSED, UNKNOWN),
		ROW(0x6104, UICC, REFUSED, REFUSED, UNKNOWN),
		ROW(0x6f00, UICC, REFUSED, REFUSED, UNKNOWN),
		ROW(0x9000, SIM2G, VERIFIED, VERIFIED, UNKNOWN),
		ROW(0x910c, SIM2G, VERIFIED, VERIFIED, UNKNOWN),
		ROW(0x9240, SIM2G, REFUSED, REFUSED, UNKNOWN),
		ROW(0x9804, SIM2G, WRONG, WRONG, UNKNOWN),
		ROW(0x9840, SIM2G, BLOCKED, BLOCKED, 0),
		ROW(0x9808, SIM2G, DISABLED, DISABLED, UNKNOWN),
		ROW(0x9802, SIM2G, REFUSED, REFUSED, UNKNOWN),
		ROW(0x6f00, SIM2G, REFUSED, REFUSED, UNKNOWN),
#undef ROW
	};
	size_t i;
	u32 tries;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		KUNIT_EXPECT_EQ_MSG(test, uicc_pin_judge(row[i].sw, row[i].mode, true, &tries),
				    row[i].verify, "verify, %04x", row[i].sw);
		KUNIT_EXPECT_EQ_MSG(test, tries, row[i].tries, "verify, %04x", row[i].sw);
		if (row[i].mode == UICC_MODE_SIM2G)
			continue;	/* STATUS is asked there */
		KUNIT_EXPECT_EQ_MSG(test, uicc_pin_judge(row[i].sw, row[i].mode, false, &tries),
				    row[i].state, "state, %04x", row[i].sw);
		KUNIT_EXPECT_EQ_MSG(test, tries, row[i].tries, "state, %04x", row[i].sw);
	}
	KUNIT_EXPECT_EQ(test, uicc_pin_judge_errno(-ENODEV), UICC_PIN_RESULT_GONE);
	KUNIT_EXPECT_EQ(test, uicc_pin_judge_errno(-ETIMEDOUT), UICC_PIN_RESULT_TIMEOUT);
	KUNIT_EXPECT_EQ(test, uicc_pin_judge_errno(-ERESTARTNOINTR), UICC_PIN_RESULT_TIMEOUT);
	KUNIT_EXPECT_EQ(test, uicc_pin_judge_errno(-ERESTARTSYS), UICC_PIN_RESULT_TIMEOUT);
	KUNIT_EXPECT_EQ(test, uicc_pin_judge_errno(-EPROTO), UICC_PIN_RESULT_REFUSED);
	KUNIT_EXPECT_EQ(test, uicc_pin_judge_errno(-EIO), UICC_PIN_RESULT_REFUSED);
}

static void pin_chv_status(struct kunit *test)
{
	u8 status[22] = { 0 };
	u32 tries;

	status[18] = 0x83;
	status[20] = 0x80;
	KUNIT_EXPECT_EQ(test, uicc_pin_judge_chv(status, 22, 1, &tries),
			UICC_PIN_RESULT_NOT_VERIFIED);
	KUNIT_EXPECT_EQ(test, tries, 3u);
	KUNIT_EXPECT_EQ(test, uicc_pin_judge_chv(status, 22, 2, &tries), UICC_PIN_RESULT_BLOCKED);
	KUNIT_EXPECT_EQ(test, tries, 0u);
	KUNIT_EXPECT_EQ(test, uicc_pin_judge_chv(status, 20, 2, &tries),
			UICC_PIN_RESULT_NOT_VERIFIED);
	KUNIT_EXPECT_EQ(test, tries, UNKNOWN);
	KUNIT_EXPECT_EQ(test, uicc_pin_judge_chv(status, 0, 1, &tries),
			UICC_PIN_RESULT_NOT_VERIFIED);
	status[20] = 0x03;	/* not initialised */
	KUNIT_EXPECT_EQ(test, uicc_pin_judge_chv(status, 22, 2, &tries), UICC_PIN_RESULT_REFUSED);
	status[13] = 0x80;	/* CHV1 is not in use, CHV2 always is */
	status[20] = 0x82;
	KUNIT_EXPECT_EQ(test, uicc_pin_judge_chv(status, 22, 1, &tries), UICC_PIN_RESULT_DISABLED);
	KUNIT_EXPECT_EQ(test, uicc_pin_judge_chv(status, 22, 2, &tries),
			UICC_PIN_RESULT_NOT_VERIFIED);
	KUNIT_EXPECT_EQ(test, tries, 2u);
}

/* --- requests -------------------------------------------------------------- */

struct world {
	struct uicc_pin_queue q;
	unsigned int completed[IDS];
	enum uicc_pin_result result[IDS];
	unsigned int completions;
	u32 forget;	/* question to be forgotten from inside the callback */
};

static void world_complete(void *ctx, const struct uicc_pin_request *request,
			   enum uicc_pin_result result, u32 tries)
{
	struct world *w = ctx;

	w->completed[request->id % IDS]++;
	w->result[request->id % IDS] = result;
	w->completions++;
	if (w->forget)
		uicc_pin_forget_question(&w->q, w->forget);
}

static int pin_test_init(struct kunit *test)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, w);
	uicc_pin_init(&w->q, world_complete, w, NULL);
	test->priv = w;
	return 0;
}

static void pin_test_exit(struct kunit *test)
{
	struct world *w = test->priv;

	uicc_pin_fini(&w->q);
}

static int add(struct kunit *test, u64 now, u32 owner, u32 question, u32 slot, u32 *id)
{
	struct uicc_pin_request what = {
		.owner = owner, .question = question, .slot = slot, .seq = 7, .key_ref = 1,
		.len = 4, .pin = "1234",
	};
	struct world *w = test->priv;

	return uicc_pin_add(&w->q, now, &what, id);
}

static u32 added(struct kunit *test, u64 now, u32 owner, u32 slot)
{
	u32 id = 0;

	KUNIT_ASSERT_EQ(test, add(test, now, owner, 0, slot, &id), 0);
	KUNIT_ASSERT_NE(test, id, 0u);
	return id;
}

static void pin_in_order(struct kunit *test)
{
	struct world *w = test->priv;
	u32 first = added(test, 0, 1, 3), other = added(test, 0, 1, 4), second;
	struct uicc_pin_request *r;

	second = added(test, 0, 2, 3);
	KUNIT_EXPECT_NULL(test, uicc_pin_take(&w->q, 0, 3, 8));	/* another insertion */
	r = uicc_pin_take(&w->q, 0, 3, 7);
	KUNIT_ASSERT_NOT_NULL(test, r);
	KUNIT_EXPECT_EQ(test, r->id, first);
	KUNIT_EXPECT_EQ(test, memcmp(r->pin, "1234", 4), 0);
	uicc_pin_finish(&w->q, r, UICC_PIN_RESULT_WRONG, 2);
	KUNIT_EXPECT_EQ(test, w->completed[first], 1);
	KUNIT_EXPECT_EQ(test, w->result[first], UICC_PIN_RESULT_WRONG);
	r = uicc_pin_take(&w->q, 0, 3, 7);
	KUNIT_ASSERT_NOT_NULL(test, r);
	KUNIT_EXPECT_EQ(test, r->id, second);
	KUNIT_EXPECT_NULL(test, uicc_pin_take(&w->q, 0, 3, 7));
	uicc_pin_finish(&w->q, r, UICC_PIN_RESULT_VERIFIED, UNKNOWN);
	uicc_pin_slot_gone(&w->q, 0, 4);
	KUNIT_EXPECT_EQ(test, w->result[other], UICC_PIN_RESULT_GONE);
	KUNIT_EXPECT_EQ(test, w->completions, 3);
	KUNIT_EXPECT_EQ(test, w->q.n_counted, 0u);
	KUNIT_EXPECT_EQ(test, uicc_pin_deadline(&w->q), UICC_PIN_NEVER);
}

static void pin_bounds(struct kunit *test)
{
	struct uicc_pin_request what = { .owner = 99, .key_ref = 1 };
	struct world *w = test->priv;
	u32 owner, i, id;

	for (owner = 1; owner <= UICC_PIN_PENDING_MAX / UICC_PIN_PER_OWNER_MAX; owner++) {
		for (i = 0; i < UICC_PIN_PER_OWNER_MAX; i++)
			added(test, 0, owner, 3);
		KUNIT_EXPECT_EQ(test, add(test, 0, owner, 0, 3, &id), -EBUSY);
	}
	KUNIT_EXPECT_EQ(test, add(test, 0, 50, 0, 3, &id), -EBUSY);
	/* questions are bounded elsewhere */
	KUNIT_EXPECT_EQ(test, add(test, 0, 0, 12, 3, &id), 0);
	uicc_pin_owner_gone(&w->q, 0, 1);
	KUNIT_EXPECT_EQ(test, w->completions, UICC_PIN_PER_OWNER_MAX);
	KUNIT_EXPECT_EQ(test, add(test, 0, 50, 0, 3, &id), 0);
	what.key_ref = 0;
	KUNIT_EXPECT_EQ(test, uicc_pin_add(&w->q, 0, &what, &id), -EINVAL);
	what.key_ref = 1;
	what.len = 3;
	KUNIT_EXPECT_EQ(test, uicc_pin_add(&w->q, 0, &what, &id), -EINVAL);
	uicc_pin_fini(&w->q);
	KUNIT_EXPECT_EQ(test, w->completions, UICC_PIN_PENDING_MAX + 2);
	KUNIT_EXPECT_EQ(test, w->q.n_counted, 0u);
}

enum event { FINISH, LATE, OWNER_GONE, SLOT_GONE, EVENTS };

static void event_do(struct world *w, enum event what, struct uicc_pin_request **r, u64 *now)
{
	switch (what) {
	case FINISH:
		if (*r)
			uicc_pin_finish(&w->q, *r, UICC_PIN_RESULT_VERIFIED, UNKNOWN);
		*r = NULL;
		break;
	case LATE:
		*now += UICC_PIN_TIMEOUT_MS;
		uicc_pin_tick(&w->q, *now);
		break;
	case OWNER_GONE:
		uicc_pin_owner_gone(&w->q, *now, 1);
		break;
	case SLOT_GONE:
		uicc_pin_slot_gone(&w->q, *now, 3);
		break;
	default:
		break;
	}
}

/* Each event first, of a request that waits and of one that runs, then all others. */
static void pin_exactly_one(struct kunit *test)
{
	static const enum uicc_pin_result want[EVENTS] = {
		UICC_PIN_RESULT_VERIFIED, UICC_PIN_RESULT_TIMEOUT, UICC_PIN_RESULT_GONE,
		UICC_PIN_RESULT_GONE,
	};
	struct world *w = test->priv;
	struct uicc_pin_request *r;
	unsigned int code, i;
	u64 now = 0;
	u32 id;

	for (code = 0; code < 2 * EVENTS; code++) {
		bool running = code & 1;
		enum event first = code / 2;

		id = added(test, now, 1, 3);
		KUNIT_EXPECT_EQ(test, uicc_pin_deadline(&w->q), now + UICC_PIN_TIMEOUT_MS);
		r = running ? uicc_pin_take(&w->q, now, 3, 7) : NULL;
		if (first == FINISH && !running)
			r = uicc_pin_take(&w->q, now, 3, 7);
		for (i = 0; i < EVENTS; i++)
			event_do(w, (first + i) % EVENTS, &r, &now);
		KUNIT_EXPECT_EQ_MSG(test, w->completed[id], 1, "event %d, running %d", first,
				    running);
		KUNIT_EXPECT_EQ_MSG(test, w->result[id], want[first], "event %d, running %d", first,
				    running);
		KUNIT_EXPECT_NULL(test, r);
		KUNIT_EXPECT_EQ(test, w->q.n_counted, 0u);
		KUNIT_EXPECT_TRUE(test, list_empty(&w->q.requests));
	}
}

/* What is forgotten is completed never, also when it runs and when a callback does it. */
static void pin_forgotten(struct kunit *test)
{
	struct world *w = test->priv;
	struct uicc_pin_request *r;
	u32 id, next;

	id = added(test, 0, 1, 3);
	uicc_pin_forget_id(&w->q, id);
	uicc_pin_forget_id(&w->q, id);
	KUNIT_ASSERT_EQ(test, add(test, 0, 0, 12, 3, &id), 0);
	r = uicc_pin_take(&w->q, 0, 3, 7);
	KUNIT_ASSERT_NOT_NULL(test, r);
	uicc_pin_forget_question(&w->q, 12);
	uicc_pin_finish(&w->q, r, UICC_PIN_RESULT_VERIFIED, UNKNOWN);
	KUNIT_EXPECT_EQ(test, w->completions, 0);

	KUNIT_ASSERT_EQ(test, add(test, 0, 0, 13, 3, &id), 0);
	next = added(test, 0, 1, 3);
	w->forget = 13;
	uicc_pin_slot_gone(&w->q, 0, 3);
	KUNIT_EXPECT_EQ(test, w->completed[id], 1);
	KUNIT_EXPECT_EQ(test, w->completed[next], 1);
	KUNIT_EXPECT_EQ(test, w->completions, 2);
}

static void pin_numbers_go_round(struct kunit *test)
{
	struct world *w = test->priv;

	w->q.last_id = U32_MAX - 1;
	KUNIT_EXPECT_EQ(test, added(test, 0, 1, 3), U32_MAX);
	KUNIT_EXPECT_EQ(test, added(test, 0, 1, 3), 1u);
	w->q.last_id = U32_MAX - 1;
	KUNIT_EXPECT_EQ(test, added(test, 0, 1, 3), 2u);
}

static struct kunit_case pin_cases[] = {
	KUNIT_CASE(pin_keys),
	KUNIT_CASE(pin_values),
	KUNIT_CASE(pin_status_words),
	KUNIT_CASE(pin_chv_status),
	KUNIT_CASE(pin_in_order),
	KUNIT_CASE(pin_bounds),
	KUNIT_CASE(pin_exactly_one),
	KUNIT_CASE(pin_forgotten),
	KUNIT_CASE(pin_numbers_go_round),
	{}
};

static struct kunit_suite pin_suite = {
	.name = "uicc_pin",
	.init = pin_test_init,
	.exit = pin_test_exit,
	.test_cases = pin_cases,
};

kunit_test_suite(pin_suite);
