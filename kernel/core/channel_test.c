// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of logical channels: a shared card is talked to on a channel that it
 * gave, or as if somebody else had the basic one, and it is left as it was.
 */
#include "core_test.h"

#define ICCID	"3f00.2fe2"
#define ADN	"3f00.7f10.6f3c"
#define ODF	TEST_AID ".5031"

#define OPEN	"0070000001"

static struct test_card *shared(struct kunit *test)
{
	return test_card_new(test, UICC_SLOT_SHARED, TEST_ATR);
}

/* On channel 1, with EF(ICCID) selected. */
static struct test_card *opened(struct kunit *test)
{
	struct test_card *tc = shared(test);

	TEST_READ(tc, ICCID, 0, 1, 1, "AA",
		  { OPEN, "01 9000" }, { "01A4080C 02 2FE2", "9000" },
		  { "01B00000 01", "AA 9000" });
	return tc;
}

/* Lets go of the card; the script is what it hears meanwhile. */
static void leave(struct test_card *tc, const struct test_step *steps, unsigned int n)
{
	test_script(tc, steps, n);
	uicc_slot_unregister(tc->slot);
	test_played(tc);
	test_card_free(tc);
}

#define LEAVE(tc, ...)								\
	leave(tc, (const struct test_step[]){ __VA_ARGS__ },			\
	      ARRAY_SIZE(((const struct test_step[]){ __VA_ARGS__ })))
#define LEAVE_SILENTLY(tc)	leave(tc, NULL, 0)

static void channel_open(struct kunit *test)
{
	struct test_card *tc = opened(test);

	KUNIT_EXPECT_EQ(test, tc->card->io.channel, 1);
	/* It is ours: what is selected there stays. */
	TEST_READ(tc, ICCID, 1, 1, 1, "BB", { "01B00001 01", "BB 9000" });
	TEST_READ(tc, ADN, 0, 1, 1, "AA",
		  { "01A4080C 04 7F106F3C", "9000" }, { "01B00000 01", "AA 9000" });
	LEAVE(tc, { "01708001 00", "9000" });
	KUNIT_EXPECT_NULL(test, test->priv);
}

static void channel_numbers(struct kunit *test)
{
	static const struct {
		const char *answer, *select, *read, *close;
	} cases[] = {
		{ "03 9000", "03A4080C 02 2FE2", "03B00000 01", "03708003 00" },
		/* TS 102 221 10.1.1: 4 and above in another form */
		{ "04 9000", "40A4080C 02 2FE2", "40B00000 01", "40708004 00" },
		{ "13 9110", "4FA4080C 02 2FE2", "4FB00000 01", "4F708013 00" },
	};
	struct test_card *tc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		tc = shared(test);
		TEST_READ(tc, ICCID, 0, 1, 1, "AA", { OPEN, cases[i].answer },
			  { cases[i].select, "9000" }, { cases[i].read, "AA 9000" });
		/* A refusal to close it is no reason to stay. */
		LEAVE(tc, { cases[i].close, "6A86" });
	}
	/* Two steps to the number, and APDUs in place of TPDUs. */
	tc = shared(test);
	TEST_READ(tc, ICCID, 0, 1, 1, "AA", { OPEN, "6101" }, { "00C00000 01", "02 9000" },
		  { "02A4080C 02 2FE2", "9000" }, { "02B00000 01", "AA 9000" });
	LEAVE(tc, { "02708002 00", "9000" });
	tc = test_card_new(test, UICC_SLOT_SHARED | UICC_SLOT_APDU, TEST_ATR);
	TEST_READ(tc, ICCID, 0, 1, 1, "AA", { OPEN, "02 9000" },
		  { "02A4080C 02 2FE2", "9000" }, { "02B00000 01", "AA 9000" });
	LEAVE(tc, { "02708002", "9000" });
}

static void channel_refused(struct kunit *test)
{
	/* A refusal in all its spellings, a number that is none, more than a number. */
	static const char * const answers[] = {
		"6881", "6D00", "6A81", "6E00", "6A86", "6700", "6985", "6F00",
		"9000", "00 9000", "14 9000", "FF 9000", "01 02 9000", "01 6A81",
	};
	struct test_card *tc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		tc = shared(test);
		TEST_READ(tc, ICCID, 0, 1, 1, "AA", { OPEN, answers[i] },
			  { "00A4080C 02 2FE2", "9000" }, { "00B00000 01", "AA 9000" });
		KUNIT_EXPECT_EQ(test, tc->card->io.channel, 0);
		/* Not asked again; and nothing is selected for sure from now on. */
		TEST_READ(tc, ICCID, 1, 1, 1, "BB",
			  { "00A4080C 02 2FE2", "9000" }, { "00B00001 01", "BB 9000" });
		TEST_READ(tc, ODF, 0, 1, 1, "AA",
			  { SELECT_AID_NO_FCP, "9000" }, { "00A4000C 02 5031", "9000" },
			  { "00B00000 01", "AA 9000" });
		TEST_READ(tc, ODF, 1, 1, 1, "BB",
			  { SELECT_AID_NO_FCP, "9000" }, { "00A4000C 02 5031", "9000" },
			  { "00B00001 01", "BB 9000" });
		/* But within one operation it is. */
		TEST_READ(tc, ICCID, 2, 3, 3, "AABBCC",
			  { "00A4080C 02 2FE2", "9000" }, { "00B00002 03", "AABB 9000" },
			  { "00B00004 01", "CC 9000" });
		KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 1);
		LEAVE_SILENTLY(tc);
	}
}

static void channel_not_shared(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	TEST_READ(tc, ICCID, 0, 1, 1, "AA",
		  { "00A4080C 02 2FE2", "9000" }, { "00B00000 01", "AA 9000" });
	TEST_READ(tc, ICCID, 1, 1, 1, "BB", { "00B00001 01", "BB 9000" });
	/* 6881 is the card's business here. */
	TEST_READ(tc, ADN, 0, 1, -EPROTO, NULL, { "00A4080C 04 7F106F3C", "6881" });
	LEAVE_SILENTLY(tc);
}

static void channel_lost(struct kunit *test)
{
	struct test_card *tc = opened(test);

	/* At a READ: opened again, the file is selected and read anew. */
	TEST_READ(tc, ICCID, 1, 1, 1, "BB",
		  { "01B00001 01", "6881" }, { OPEN, "02 9000" },
		  { "02A4080C 02 2FE2", "9000" }, { "02B00001 01", "BB 9000" });
	/* Somebody has reset the card, so what was read is not known to be true. */
	TEST_READ(tc, ICCID, 0, 2, 2, "CCBB", { "02B00000 01", "CC 9000" });
	/* At a SELECT. */
	TEST_READ(tc, ADN, 0, 1, 1, "AA",
		  { "02A4080C 04 7F106F3C", "6881" }, { OPEN, "01 9000" },
		  { "01A4080C 04 7F106F3C", "9000" }, { "01B00000 01", "AA 9000" });
	/* At the first SELECT, and the card has no other to give. */
	TEST_READ(tc, ODF, 0, 1, 1, "AA",
		  { "01A4040C 0C A000000063504B43532D3135", "6881" }, { OPEN, "6881" },
		  { SELECT_AID_NO_FCP, "9000" }, { "00A4000C 02 5031", "9000" },
		  { "00B00000 01", "AA 9000" });
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 1);
	LEAVE_SILENTLY(tc);
}

/* What a reader gets is of one time, also when the channel goes in the middle. */
static void channel_lost_halfway(struct kunit *test)
{
	struct test_card *tc = opened(test);

	TEST_READ(tc, ICCID, 0, 4, 4, "11223344",
		  { "01B00001 03", "BBCC 9000" }, { "01B00003 01", "6881" },
		  { OPEN, "01 9000" }, { "01A4080C 02 2FE2", "9000" },
		  { "01B00000 04", "11223344 9000" });
	/* Lost twice in one operation: the basic channel has to do. */
	TEST_READ(tc, ICCID, 4, 1, 1, "AA",
		  { "01B00004 01", "6881" }, { OPEN, "01 9000" },
		  { "01A4080C 02 2FE2", "6881" },
		  { "00A4080C 02 2FE2", "9000" }, { "00B00004 01", "AA 9000" });
	LEAVE_SILENTLY(tc);
}

static void channel_broken_off(struct kunit *test)
{
	struct test_card *tc = shared(test);

	/* No answer to the very first command. */
	TEST_READ(tc, ICCID, 0, 1, -ETIMEDOUT, NULL, { OPEN, NULL, -ETIMEDOUT });
	TEST_READ(tc, ICCID, 0, 1, -EPROTO, NULL, { OPEN, "90" });
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 2);
	TEST_READ(tc, ICCID, 0, 1, 1, "AA",
		  { OPEN, "01 9000" }, { "01A4080C 02 2FE2", "9000" },
		  { "01B00000 01", "AA 9000" });
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 3);
	/*
	 * Broken off later: power_on does not reset a shared card, so the channel is
	 * there still, and a second one would never be closed.
	 */
	TEST_READ(tc, ICCID, 1, 1, -ETIMEDOUT, NULL, { "01B00001 01", NULL, -ETIMEDOUT });
	TEST_READ(tc, ICCID, 1, 1, 1, "BB",
		  { "01A4080C 02 2FE2", "9000" }, { "01B00001 01", "BB 9000" });
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 4);
	LEAVE(tc, { "01708001 00", "9000" });
}

/* The other user's mode is kept: no reset, no channel. */
static void channel_2g(struct kunit *test)
{
	struct test_card *tc = shared(test);

	TEST_READ(tc, ICCID, 0, 1, 1, "AA",
		  { OPEN, "6E00" }, { "00A4080C 02 2FE2", "6E00" },
		  { "A0A40000 02 3F00", "9F16" }, { "A0A40000 02 2FE2", "9F0F" },
		  { "A0C00000 0F", "0000 000A 2FE2 04 00 0FFFFF 01 02 00 00 9000" },
		  { "A0B00000 01", "AA 9000" });
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 1);
	TEST_READ(tc, ICCID, 1, 1, 1, "BB",
		  { "A0A40000 02 3F00", "9F16" }, { "A0A40000 02 2FE2", "9F0F" },
		  { "A0C00000 0F", "0000 000A 2FE2 04 00 0FFFFF 01 02 00 00 9000" },
		  { "A0B00001 01", "BB 9000" });
	LEAVE_SILENTLY(tc);
}

/* It gives a channel, and knows no class but those of the basic one. */
static void channel_no_class(struct kunit *test)
{
	static const char * const answers[] = { "6E00", "6D00" };
	struct test_card *tc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		tc = shared(test);
		TEST_READ(tc, ICCID, 0, 1, 1, "AA",
			  { OPEN, "01 9000" }, { "01A4080C 02 2FE2", answers[i] },
			  { "00708001 00", "9000" },
			  { "00A4080C 02 2FE2", "9000" }, { "00B00000 01", "AA 9000" });
		KUNIT_EXPECT_EQ(test, (int)tc->card->io.mode, UICC_MODE_UICC);
		LEAVE_SILENTLY(tc);
	}
	/* Nor even these: as if it had given none. */
	tc = shared(test);
	TEST_READ(tc, ICCID, 0, 1, 1, "AA",
		  { OPEN, "01 9000" }, { "01A4080C 02 2FE2", "6E00" }, { "00708001 00", "6E00" },
		  { "00A4080C 02 2FE2", "6E00" },
		  { "A0A40000 02 3F00", "9F16" }, { "A0A40000 02 2FE2", "9F0F" },
		  { "A0C00000 0F", "0000 000A 2FE2 04 00 0FFFFF 01 02 00 00 9000" },
		  { "A0B00000 01", "AA 9000" });
	LEAVE_SILENTLY(tc);
}

static void channel_close(struct kunit *test)
{
	struct test_card *tc;
	unsigned long start;

	/* The card went, or another came: there is nothing to close. */
	tc = opened(test);
	test_script(tc, NULL, 0);
	uicc_slot_card_removed(tc->slot);
	test_card_settle(tc);
	LEAVE_SILENTLY(tc);
	tc = opened(test);
	uicc_slot_card_inserted(tc->slot);
	test_card_settle(tc);
	LEAVE_SILENTLY(tc);
	/* A card that did not answer is not asked for that either. */
	tc = opened(test);
	TEST_READ(tc, ICCID, 1, 1, -ETIMEDOUT, NULL, { "01B00001 01", NULL, -ETIMEDOUT });
	LEAVE_SILENTLY(tc);
	/* One that is only in the middle of something is. */
	tc = opened(test);
	TEST_READ(tc, ICCID, 1, 1, -EINTR, NULL, { "01B00001 01", NULL, -EINTR });
	LEAVE(tc, { "01708001 00", "9000" });
	/* One that falls silent just now is not waited for long. */
	tc = opened(test);
	tc->tear_after = 0;
	tc->tear = TEAR_CLOSE;
	start = jiffies;
	LEAVE_SILENTLY(tc);
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, start + 5 * HZ));
	/* The last command may be nonsense. */
	tc = opened(test);
	LEAVE(tc, { "01708001 00", "" });
}

static struct kunit_case channel_cases[] = {
	KUNIT_CASE(channel_open),
	KUNIT_CASE(channel_numbers),
	KUNIT_CASE(channel_refused),
	KUNIT_CASE(channel_not_shared),
	KUNIT_CASE(channel_lost),
	KUNIT_CASE(channel_lost_halfway),
	KUNIT_CASE(channel_broken_off),
	KUNIT_CASE(channel_2g),
	KUNIT_CASE(channel_no_class),
	KUNIT_CASE(channel_close),
	{}
};

static struct kunit_suite channel_suite = {
	.name = "uicc_channel",
	.suite_init = test_core_begin,
	.suite_exit = test_core_end,
	.exit = test_card_exit,
	.test_cases = channel_cases,
};

kunit_test_suite(channel_suite);
