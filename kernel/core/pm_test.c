// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of suspend and resume: the same card is known again, another one is
 * a new insertion, and nobody talks to a card in between. The freezer itself, and a
 * transport that suspends, are not tested here.
 */
#include <linux/delay.h>

#include "core_test.h"

#define ICCID	"3f00.2fe2"
#define ADN	"3f00.7f10.6f3c"
#define TEN	"98010000000000000001"

#define SELECT_ICCID	{ "00A4080C 02 2FE2", "9000" }
#define READ_ICCID	{ "00B00000 0A", TEN "9000" }

/* A card of which EF(ICCID) and one byte of another file were read. */
static struct test_card *known(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	TEST_READ(tc, ICCID, 0, 10, 10, TEN, SELECT_ICCID, READ_ICCID);
	TEST_READ(tc, ADN, 0, 1, 1, "AA",
		  { "00A4080C 04 7F106F3C", "9000" }, { "00B00000 01", "AA 9000" });
	return tc;
}

#define SCRIPT(tc, ...)								\
	test_script(tc, (const struct test_step[]){ __VA_ARGS__ },		\
		    ARRAY_SIZE(((const struct test_step[]){ __VA_ARGS__ })))

static void pm_same_card(struct kunit *test)
{
	struct test_card *tc = known(test);
	struct uicc_card *before = tc->card;

	test_sleep();
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->off), 1);
	KUNIT_EXPECT_EQ(test, uicc_slot_state(tc->slot), UICC_SLOT_STATE_READY);
	/* What is known needs no card. */
	TEST_READ_CACHED(tc, ADN, 0, 1, 1, "AA");
	SCRIPT(tc, SELECT_ICCID, READ_ICCID);
	test_wake(tc);
	test_played(tc);
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 2);
	KUNIT_EXPECT_EQ(test, uicc_slot_seq(tc->slot), 1);
	test_card_forget(tc);
	KUNIT_EXPECT_PTR_EQ(test, tc->card, before);
	/* It was without power: what was read before is read anew. */
	TEST_READ(tc, ADN, 0, 1, 1, "BB",
		  { "00A4080C 04 7F106F3C", "9000" }, { "00B00000 01", "BB 9000" });
	/* And asleep again, with nothing read of EF(ICCID) since. */
	test_sleep();
	test_wake(tc);
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 3);
	KUNIT_EXPECT_EQ(test, uicc_slot_state(tc->slot), UICC_SLOT_STATE_READY);
}

static void pm_another_card(struct kunit *test)
{
	/* Another number, none, less of it, no such file, a card that talks nonsense. */
	static const char * const iccids[] = {
		"98010000000000000002 9000", "9000", "9801 9000", "6A82", "6982", "0000",
	};
	struct test_card *tc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(iccids); i++) {
		tc = known(test);
		test_sleep();
		SCRIPT(tc, SELECT_ICCID, { "00B00000 0A", iccids[i] });
		test_wake(tc);
		test_played(tc);
		KUNIT_EXPECT_EQ(test, uicc_slot_seq(tc->slot), 2);
		TEST_READ_CACHED(tc, ADN, 0, 1, -ENODEV, NULL);
		test_card_forget(tc);
		KUNIT_ASSERT_NOT_NULL(test, tc->card);
		TEST_READ(tc, ICCID, 0, 10, 10, TEN, SELECT_ICCID, READ_ICCID);
		test_card_free(tc);
	}
	/* The answer to reset tells it at once. */
	tc = known(test);
	test_sleep();
	tc->atr = TEST_ATR_OTHER;
	test_wake(tc);
	KUNIT_EXPECT_EQ(test, uicc_slot_seq(tc->slot), 2);
	test_card_forget(tc);
	KUNIT_ASSERT_NOT_NULL(test, tc->card);
	KUNIT_EXPECT_EQ(test, tc->card->atr.len, 3);
}

static void pm_no_card(struct kunit *test)
{
	struct test_card *tc = known(test);

	/* Mute after the sleep; and what was mute before it is looked at again. */
	test_sleep();
	tc->atr = NULL;
	test_wake(tc);
	KUNIT_EXPECT_EQ(test, uicc_slot_state(tc->slot), UICC_SLOT_STATE_MUTE);
	TEST_READ_CACHED(tc, ADN, 0, 1, -ENODEV, NULL);
	test_card_forget(tc);
	KUNIT_EXPECT_NULL(test, tc->card);
	test_sleep();
	tc->atr = TEST_ATR;
	test_wake(tc);
	KUNIT_EXPECT_EQ(test, uicc_slot_state(tc->slot), UICC_SLOT_STATE_READY);
	test_card_free(tc);

	/* Pulled out, or swapped, in between: done when the system is awake. */
	tc = known(test);
	test_sleep();
	uicc_slot_card_removed(tc->slot);
	test_card_settle(tc);
	KUNIT_EXPECT_EQ(test, uicc_slot_state(tc->slot), UICC_SLOT_STATE_READY);
	test_wake(tc);
	KUNIT_EXPECT_EQ(test, uicc_slot_state(tc->slot), UICC_SLOT_STATE_EMPTY);
	test_card_free(tc);
	tc = known(test);
	test_sleep();
	uicc_slot_card_inserted(tc->slot);
	test_wake(tc);
	KUNIT_EXPECT_EQ(test, uicc_slot_seq(tc->slot), 2);
	KUNIT_EXPECT_EQ(test, uicc_slot_state(tc->slot), UICC_SLOT_STATE_READY);
	test_card_free(tc);

	/* A reader that goes while all sleep. */
	tc = known(test);
	test_sleep();
	test_card_free(tc);
	test_card_new(test, 0, TEST_ATR);	/* and one that comes */
	tc = test->priv;
	KUNIT_EXPECT_NULL(test, tc->card);
	test_wake(tc);
	test_card_forget(tc);
	KUNIT_EXPECT_NOT_NULL(test, tc->card);
}

static void pm_shared(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, UICC_SLOT_SHARED, TEST_ATR);

	TEST_READ(tc, ADN, 0, 1, 1, "AA", { "0070000001", "01 9000" },
		  { "01A4080C 04 7F106F3C", "9000" }, { "01B00000 01", "AA 9000" });
	SCRIPT(tc, { "01708001 00", "9000" });
	test_sleep();
	test_played(tc);
	/* The modem goes on talking to it. */
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->off), 0);
	SCRIPT(tc, { "0070000001", "02 9000" });
	test_wake(tc);
	test_played(tc);
	TEST_READ(tc, ADN, 0, 1, 1, "AA",
		  { "02A4080C 04 7F106F3C", "9000" }, { "02B00000 01", "AA 9000" });
	SCRIPT(tc, { "02708002 00", "9000" });
	uicc_slot_unregister(tc->slot);
	test_played(tc);
}

static void pm_shared_another(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, UICC_SLOT_SHARED, TEST_ATR);

	TEST_READ(tc, ICCID, 0, 10, 10, TEN, { "0070000001", "01 9000" },
		  { "01A4080C 02 2FE2", "9000" }, { "01B00000 0A", TEN "9000" });
	/* Broken off, but not silent: the channel is closed all the same. */
	TEST_READ(tc, ADN, 0, 1, -EINTR, NULL, { "01A4080C 04 7F106F3C", NULL, -EINTR });
	SCRIPT(tc, { "01708001 00", "9000" });
	test_sleep();
	test_played(tc);
	/* The card that is there now is left as it was. */
	SCRIPT(tc, { "0070000001", "02 9000" }, { "02A4080C 02 2FE2", "9000" },
	       { "02B00000 0A", "98010000000000000002 9000" }, { "02708002 00", "9000" });
	test_wake(tc);
	test_played(tc);
	KUNIT_EXPECT_EQ(test, uicc_slot_seq(tc->slot), 2);
	test_card_forget(tc);
	KUNIT_ASSERT_NOT_NULL(test, tc->card);
	uicc_slot_unregister(tc->slot);
}

/* --- who reads meanwhile ------------------------------------------------------- */

struct reader {
	struct work_struct work;
	struct uicc_file *file;
	char buf[16];
	int got;
};

static void reader_work(struct work_struct *work)
{
	struct reader *reader = container_of(work, struct reader, work);

	WRITE_ONCE(reader->got, uicc_file_read(reader->file, reader->buf, 0, 10));
}

static void reader_begin(struct reader *reader, struct test_card *tc, const char *name)
{
	reader->file = test_file(tc, name);
	reader->got = 1;	/* nothing yet */
	INIT_WORK_ONSTACK(&reader->work, reader_work);
	schedule_work(&reader->work);
}

static int reader_end(struct reader *reader)
{
	flush_work(&reader->work);
	destroy_work_on_stack(&reader->work);
	return reader->got;
}

static void pm_waits(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);
	struct reader reader;

	test_sleep();
	reader_begin(&reader, tc, ICCID);
	msleep(50);
	KUNIT_EXPECT_EQ(test, READ_ONCE(reader.got), 1);
	KUNIT_EXPECT_EQ(test, tc->sent, 0);
	SCRIPT(tc, SELECT_ICCID, READ_ICCID);
	test_wake(tc);
	KUNIT_EXPECT_EQ(test, reader_end(&reader), 10);
	test_played(tc);
	/* Or until there is nothing to wait for. */
	test_sleep();
	reader_begin(&reader, tc, ADN);
	msleep(50);
	KUNIT_EXPECT_EQ(test, READ_ONCE(reader.got), 1);
	uicc_slot_unregister(tc->slot);
	KUNIT_EXPECT_EQ(test, reader_end(&reader), -ENODEV);
	test_wake(tc);
}

static void pm_breaks_off(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);
	struct reader reader;

	/* A command that does not end is cancelled; the system call begins anew. */
	tc->tear_after = 0;
	tc->tear = TEAR_CLOSE;
	reader_begin(&reader, tc, ICCID);
	while (!READ_ONCE(tc->sent))
		msleep(20);
	test_sleep();
	KUNIT_EXPECT_EQ(test, reader_end(&reader), -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->off), 1);
	test_wake(tc);
	KUNIT_EXPECT_EQ(test, uicc_slot_seq(tc->slot), 1);
	TEST_READ(tc, ICCID, 0, 10, 10, TEN, SELECT_ICCID, READ_ICCID);
}

static struct kunit_case pm_cases[] = {
	KUNIT_CASE(pm_same_card),
	KUNIT_CASE(pm_another_card),
	KUNIT_CASE(pm_no_card),
	KUNIT_CASE(pm_shared),
	KUNIT_CASE(pm_shared_another),
	KUNIT_CASE(pm_waits),
	KUNIT_CASE(pm_breaks_off),
	{}
};

static struct kunit_suite pm_suite = {
	.name = "uicc_pm",
	.suite_init = test_core_begin,
	.suite_exit = test_core_end,
	.exit = test_card_exit,
	.test_cases = pm_cases,
};

kunit_test_suite(pm_suite);
