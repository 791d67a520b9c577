// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the life of a card: how it comes, is read, is reset and goes, at
 * any command. How files are selected, select_test.c asks.
 */
#include "core_test.h"

#define ICCID	"3f00.2fe2"
#define DIR	"3f00.2f00"
#define ODF	TEST_AID ".5031"
#define ADN	"3f00.7f10.6f3c"

#define TEN	"98010000000000000001"
#define X15	"000102030405060708090A0B0C0D0E"
#define X16	X15 "0F"
#define X64	X16 X16 X16 "000102030405060708090A0B0C0D0E0F"
#define X255	X64 X64 X64 X16 X16 X16 "000102030405060708090A0B0C0D0E"
#define X45	X16 X16 "000102030405060708090A0B0C"

/* The files of one card, each in a directory of its own: none helps another. */
static const struct test_step iccid_steps[] = {
	{ "00A4080C 02 2FE2", "9000" },
	{ "00B00000 0A", TEN "9000" },
};

static const struct test_step dir_steps[] = {
	{ "00A40804 02 2F00", "610D" },
	{ "00C00000 0D", "620B 8205 4221 0008 02 8302 2F00 9000" },
	{ "00B20104 08", "6106 4F04 A0A1A2A3 9000" },
	{ "00B20204 08", "FFFFFFFFFFFFFFFF 9000" },
};

static const struct test_step odf_steps[] = {
	{ "00A4040C 0C A000000063504B43532D3135", "9000" },
	{ "00A4000C 02 5031", "9000" },
	{ "00B00000 10", X16 "9000" },
};

static const struct test_step adn_steps[] = {
	{ "00A4080C 04 7F106F3C", "9000" },
	{ "00B00000 FF", X255 "9000" },
	{ "00B000FF 2D", X45 "9000" },
};

static const struct {
	const char *name;
	size_t count;
	const char *content;
	const struct test_step *steps;
	unsigned int n;
} walk[] = {
	{ ICCID, 10, TEN, iccid_steps, ARRAY_SIZE(iccid_steps) },
	{ DIR, 16, "6106 4F04 A0A1A2A3 FFFFFFFFFFFFFFFF", dir_steps, ARRAY_SIZE(dir_steps) },
	{ ODF, 16, X16, odf_steps, ARRAY_SIZE(odf_steps) },
	{ ADN, 300, X255 X45, adn_steps, ARRAY_SIZE(adn_steps) },
};

static void walk_one(struct test_card *tc, unsigned int i)
{
	test_read(tc, walk[i].name, 0, walk[i].count, walk[i].count, walk[i].content,
		  walk[i].steps, walk[i].n);
}

static void walk_all(struct test_card *tc)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(walk); i++)
		walk_one(tc, i);
}

static void walk_cached(struct test_card *tc)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(walk); i++)
		TEST_READ_CACHED(tc, walk[i].name, 0, walk[i].count, walk[i].count,
				 walk[i].content);
}

/* --- coming, being read, going --------------------------------------------- */

static void card_cold(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	walk_all(tc);
	KUNIT_EXPECT_EQ(test, tc->sent, 12);
	walk_cached(tc);
	TEST_READ_CACHED(tc, ADN, 290, 5, 5, "0304050607");
	KUNIT_EXPECT_EQ(test, tc->sent, 12);
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 1);
	KUNIT_EXPECT_EQ(test, (int)atomic64_read(&tc->slot->stats[UICC_STAT_TPDUS]), 12);
	KUNIT_EXPECT_EQ(test, (int)atomic64_read(&tc->card->stats[UICC_STAT_RESETS]), 0);
	KUNIT_EXPECT_EQ(test, (int)atomic64_read(&tc->card->stats[UICC_STAT_ERRORS]), 0);
}

static void card_states(struct kunit *test)
{
	/* Mute, no ATR, an ATR that breaks off. */
	static const char * const bad[] = { NULL, "3C00", "3B80" };
	struct test_card *tc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		tc = test_card_new(test, 0, bad[i]);
		KUNIT_EXPECT_NULL(test, tc->card);
		KUNIT_EXPECT_EQ(test, uicc_slot_state(tc->slot), UICC_SLOT_STATE_MUTE);
		/* Nobody talks to it, so it needs no power. */
		KUNIT_EXPECT_EQ(test, atomic_read(&tc->off), 1);
		uicc_slot_card_removed(tc->slot);
		test_card_settle(tc);
		KUNIT_EXPECT_EQ(test, uicc_slot_state(tc->slot), UICC_SLOT_STATE_EMPTY);
		test_card_free(tc);
	}
	/* TA2: specific mode, nothing to negotiate */
	tc = test_card_new(test, 0, "3B801000");
	KUNIT_ASSERT_NOT_NULL(test, tc->card);
	walk_one(tc, 0);
}

static void card_events(struct kunit *test)
{
	struct test_card *tc;

	memset(&test_events, 0, sizeof(test_events));
	tc = test_card_new(test, 0, TEST_ATR);
	KUNIT_EXPECT_EQ(test, uicc_slot_state(tc->slot), UICC_SLOT_STATE_READY);
	KUNIT_EXPECT_EQ(test, atomic_read(&test_events.added), 1);
	uicc_slot_card_inserted(tc->slot);	/* a swap */
	test_card_settle(tc);
	KUNIT_EXPECT_EQ(test, atomic_read(&test_events.added), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&test_events.deleted), 1);
	KUNIT_EXPECT_EQ(test, uicc_slot_seq(tc->slot), 2);
	TEST_READ_CACHED(tc, ICCID, 0, 10, -ENODEV, NULL);
	test_card_forget(tc);
	walk_one(tc, 0);
	uicc_slot_card_removed(tc->slot);
	uicc_slot_card_removed(tc->slot);	/* harmless */
	test_card_settle(tc);
	KUNIT_EXPECT_EQ(test, atomic_read(&test_events.deleted), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&test_events.gone), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->off), 2);
	/* Who finds another card in the slot, just when it was pulled out, is late. */
	uicc_slot_card_swapped(tc->slot, tc->card->event);
	test_card_settle(tc);
	KUNIT_EXPECT_EQ(test, uicc_slot_seq(tc->slot), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 2);
	KUNIT_EXPECT_EQ(test, uicc_slot_state(tc->slot), UICC_SLOT_STATE_EMPTY);
	test_card_free(tc);
	KUNIT_EXPECT_EQ(test, atomic_read(&test_events.added), 2);
}

/* A second that is not now says nothing of how many insertions are too many. */
static void card_pace(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);
	unsigned long start = jiffies;

	/* As if jiffies had gone round since; or had not yet, after the machine's start. */
	tc->slot->second = jiffies + 20 * HZ;
	tc->slot->insertions = 1000000;
	uicc_slot_card_inserted(tc->slot);
	test_card_settle(tc);
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, start + 10 * HZ));
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 2);
	/* In this second they are: the card has to wait for the next. */
	tc->slot->second = jiffies;
	tc->slot->insertions = 1000000;
	start = jiffies;
	uicc_slot_card_inserted(tc->slot);
	test_card_settle(tc);
	KUNIT_EXPECT_TRUE(test, time_after(jiffies, start + HZ / 2));
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 3);
}

/* --- what a reader is told -------------------------------------------------- */

static void card_errnos(struct kunit *test)
{
	static const struct {
		const char *select, *read;
		int want;
	} cases[] = {
		{ "6A82", NULL, -ENOENT },
		{ "6A88", NULL, -ENOENT },
		{ "6A84", NULL, -ENOENT },
		{ "9404", NULL, -ENOENT },
		{ "6982", NULL, -EACCES },
		{ "6F00", NULL, -EPROTO },
		{ "9300", NULL, -EPROTO },
		{ "9000", "6982", -EACCES },
		{ "9000", "6900", -EACCES },
		{ "9000", "9804", -EACCES },
		{ "9000", "6985", -EACCES },
		{ "9000", "6983", -EACCES },
		{ "9000", "6581", -EPROTO },
		{ "9000", "6281", -EPROTO },
		{ "9000", "6F00", -EPROTO },
		{ "9000", "6001", -EPROTO },
		/* success in all its spellings */
		{ "9000", TEN "9110", 10 },
		{ "9110", TEN "9000", 10 },
		{ "6283", TEN "9000", 10 },
		{ "9000", TEN "9230", 10 },
		{ "612C", TEN "9000", 10 },
	};
	struct test_card *tc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct test_step steps[] = {
			{ "00A4080C 02 2FE2", cases[i].select },
			{ "00B00000 0A", cases[i].read },
		};

		tc = test_card_new(test, 0, TEST_ATR);
		test_read(tc, ICCID, 0, 10, cases[i].want, TEN, steps, 1 + !!cases[i].read);
		test_card_free(tc);
	}
}

static void card_quirks(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	/* 6C00 at the end of a file, then 9000 without data. */
	TEST_READ(tc, ICCID, 0, 10, 10, TEN,
		  { "00A4080C 02 2FE2", "9000" }, { "00B00000 0A", TEN "9000" });
	TEST_READ(tc, ICCID, 10, 5, 0, NULL,
		  { "00B0000A 05", "6C00" }, { "00B0000A 00", "9000" });
	TEST_READ_CACHED(tc, ICCID, 0, 100, 10, TEN);
	/* 6Cxx instead of a short answer; GET RESPONSE gives more than its Le. */
	TEST_READ(tc, DIR, 0, 8, 8, "6106 4F04 A0A1A2A3",
		  { "00A40804 02 2F00", "610D" },
		  { "00C00000 0D", "620B 8205 4221 0008 02 8302 2F00 FFFF 9000" },
		  { "00B20104 08", "6106 4F04 A0A1A2A3 9000" });
	/* No such record, in another spelling. */
	TEST_READ(tc, DIR, 8, 8, 0, NULL, { "00B20204 08", "6A84" });
}

/* Whatever a card repeats for ever, a read ends, and soon. */
static void card_endless(struct kunit *test)
{
	static const char * const answers[] = {
		"6100", "61FF", "6C00", "6CFF", "6C01", "9F00", "9F10", "6700", "6282", "9000",
		"6E00", "6D00", "6881", "6A82", "6A86", "6B00", "6981", "00 9000", X255 "61FF",
		"", "90", "0000", "6000",
	};
	struct test_card *tc;
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		for (k = 0; k < ARRAY_SIZE(walk); k++) {
			struct uicc_file *file;

			tc = test_card_new(test, k % 2 ? UICC_SLOT_SHARED : 0, TEST_ATR);
			file = test_file(tc, walk[k].name);
			tc->answers = answers[i];
			KUNIT_EXPECT_LE(test, (int)uicc_file_read(file, tc->buf, 0, 16), 16);
			KUNIT_EXPECT_LE_MSG(test, tc->sent, 300, "%s: %s", answers[i],
					    walk[k].name);
			KUNIT_EXPECT_LE(test, atomic_read(&tc->powered), 3);
			test_card_free(tc);
		}
	}
}

/* --- protocols --------------------------------------------------------------- */

static void card_apdus(struct kunit *test)
{
	static const struct {
		u32 flags;
		const char *atr;
	} cases[] = {
		{ 0, TEST_ATR_T1 },
		{ UICC_SLOT_APDU, TEST_ATR },
		{ UICC_SLOT_APDU | UICC_SLOT_EXTENDED, TEST_ATR },
		{ UICC_SLOT_APDU | UICC_SLOT_EXTENDED, TEST_ATR_T1 },
	};
	struct test_card *tc;
	unsigned int i;

	/* Le behind the data of a case 4 command; no P3 = 00 for nothing. */
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		tc = test_card_new(test, cases[i].flags, cases[i].atr);
		TEST_READ(tc, DIR, 0, 8, 8, "6106 4F04 A0A1A2A3",
			  { "00A40804 02 2F00 00", "620B 8205 4221 0008 02 8302 2F00 9000" },
			  { "00B20104 08", "6106 4F04 A0A1A2A3 9000" });
		KUNIT_EXPECT_FALSE(test, tc->card->io.t0);
		KUNIT_EXPECT_FALSE(test, tc->card->io.extended);
		test_card_free(tc);
	}
	/* Extended where the transport and the card say so, not where one does. */
	tc = test_card_new(test, UICC_SLOT_EXTENDED, TEST_ATR_EXT);
	KUNIT_EXPECT_TRUE(test, tc->card->io.extended);
	test_card_free(tc);
	tc = test_card_new(test, 0, TEST_ATR_EXT);
	KUNIT_EXPECT_FALSE(test, tc->card->io.extended);
}

/* --- resets ------------------------------------------------------------------ */

static void card_reset_forgets(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);
	struct uicc_fcp fcp;

	walk_all(tc);
	KUNIT_EXPECT_EQ(test, uicc_file_fcp(test_file(tc, DIR), &fcp), 0);
	KUNIT_EXPECT_EQ(test, fcp.record_length, 8);
	/* Broken off behind the end of the cached part. */
	TEST_READ(tc, ICCID, 10, 1, -ETIMEDOUT, NULL,
		  { "00A4080C 02 2FE2", "9000" }, { "00B0000A 01", NULL, -ETIMEDOUT });
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 1);
	/* Until the reset it is as true as it was. */
	TEST_READ_CACHED(tc, ICCID, 0, 10, 10, TEN);
	/* New content: neither the old one nor a mixture of both. */
	TEST_READ(tc, ADN, 250, 60, 60, NULL,
		  { "00A4080C 04 7F106F3C", "9000" },
		  { "00B000FA 3C", X45 X15 "9000" });
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 2);
	TEST_READ(tc, ICCID, 0, 10, 10, "11111111111111111111",
		  { "00A4080C 02 2FE2", "9000" }, { "00B00000 0A", "11111111111111111111 9000" });
	/* The FCP too: the records are longer now. */
	TEST_READ(tc, DIR, 0, 10, 10, "0102030405060708090A",
		  { "00A40804 02 2F00", "610D" },
		  { "00C00000 0D", "620B 8205 4221 000A 01 8302 2F00 9000" },
		  { "00B20104 0A", "0102030405060708090A 9000" });
	KUNIT_EXPECT_EQ(test, uicc_file_fcp(test_file(tc, DIR), &fcp), 0);
	KUNIT_EXPECT_EQ(test, fcp.record_length, 10);
	KUNIT_EXPECT_EQ(test, (int)atomic64_read(&tc->card->stats[UICC_STAT_RESETS]), 1);
}

static void card_silent(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	TEST_READ(tc, ICCID, 0, 10, -ETIMEDOUT, NULL, { "00A4080C 02 2FE2", NULL, -ETIMEDOUT });
	tc->atr = NULL;
	TEST_READ_CACHED(tc, ICCID, 0, 10, -ETIMEDOUT, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 2);
	/* Left alone for a while, even if it could answer by now. */
	tc->atr = TEST_ATR;
	TEST_READ_CACHED(tc, ICCID, 0, 10, -ETIMEDOUT, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 2);
	tc->card->silent_until = jiffies;
	walk_one(tc, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 3);
	/* As if jiffies had gone round since it was silent. */
	tc->card->silent = true;
	tc->card->silent_until = jiffies + 100 * HZ;
	TEST_READ(tc, ADN, 0, 1, 1, "AA",
		  { "00A4080C 04 7F106F3C", "9000" }, { "00B00000 01", "AA 9000" });
	KUNIT_EXPECT_FALSE(test, tc->card->silent);
}

static void card_too_long(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);
	struct uicc_rapdu r = { .data = (u8 *)tc->buf, .size = 16 };
	struct uicc_apdu apdu;

	KUNIT_ASSERT_EQ(test, uicc_card_get(tc->card), 0);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_binary(&apdu, 0, 16), 0);
	tc->card->until = jiffies - 1;
	KUNIT_EXPECT_EQ(test, uicc_card_command(tc->card, &apdu, &r), -ETIMEDOUT);
	uicc_card_put(tc->card);
	KUNIT_EXPECT_EQ(test, tc->sent, 0);
	/* Nothing was broken off. */
	walk_one(tc, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 1);
}

/* --- torn at any command ------------------------------------------------------ */

static int tear_errno(enum test_tear tear)
{
	switch (tear) {
	case TEAR_REMOVE:
	case TEAR_HANG:
	case TEAR_SWAP:
	case TEAR_UNREGISTER:
		return -ENODEV;
	case TEAR_KILL:
		return -EINTR;
	case TEAR_SHORT:
	case TEAR_GARBAGE:
	case TEAR_LONG:
		return -EPROTO;
	default:
		return -ETIMEDOUT;
	}
}

static void torn_after(struct test_card *tc, struct uicc_file *file, unsigned int at)
{
	struct kunit *test = tc->test;
	size_t count = walk[at].count;
	unsigned int i;

	switch (tc->tear) {
	case TEAR_REMOVE:
	case TEAR_HANG:
	case TEAR_UNREGISTER:
		KUNIT_EXPECT_EQ(test, uicc_slot_state(tc->slot), UICC_SLOT_STATE_EMPTY);
		KUNIT_EXPECT_EQ(test, (int)uicc_file_read(file, tc->buf, 0, count), -ENODEV);
		test_card_forget(tc);
		KUNIT_EXPECT_NULL(test, tc->card);
		return;
	case TEAR_OTHER_ATR:
		KUNIT_EXPECT_EQ(test, (int)uicc_file_read(file, tc->buf, 0, count), -ENODEV);
		test_card_settle(tc);
		fallthrough;
	case TEAR_SWAP:
		KUNIT_EXPECT_EQ(test, (int)uicc_file_read(file, tc->buf, 0, count), -ENODEV);
		test_card_forget(tc);
		KUNIT_ASSERT_NOT_NULL(test, tc->card);
		KUNIT_EXPECT_EQ(test, tc->card->seq, 2);
		walk_all(tc);
		return;
	default:
		/* The same card: reset once, all of it read anew. */
		for (i = at; i < ARRAY_SIZE(walk); i++)
			walk_one(tc, i);
		for (i = 0; i < at; i++)
			walk_one(tc, i);
		walk_cached(tc);
		KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 2);
	}
}

static bool torn_once(struct kunit *test, unsigned int after, enum test_tear tear)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);
	struct uicc_file *file = NULL;
	ssize_t got = 0;
	unsigned int i;
	bool torn;

	tc->tear_after = after;
	tc->tear = tear;
	for (i = 0; i < ARRAY_SIZE(walk); i++) {
		file = test_file(tc, walk[i].name);
		test_script(tc, walk[i].steps, walk[i].n);
		got = uicc_file_read(file, tc->buf, 0, walk[i].count);
		if (tc->tear_after < 0)
			break;
		test_played(tc);
	}
	torn = i < ARRAY_SIZE(walk);
	test_script(tc, NULL, 0);
	if (torn) {
		KUNIT_EXPECT_EQ_MSG(test, (int)got, tear_errno(tear), "%u at %u", tear, after);
		test_card_settle(tc);
		torn_after(tc, file, i);
	}
	test_card_free(tc);
	return torn;
}

static void card_torn(struct kunit *test)
{
	unsigned int tear, after;

	for (tear = 0; tear < TEAR_N; tear++) {
		for (after = 0; torn_once(test, after, tear); after++)
			;
		KUNIT_EXPECT_EQ(test, after, 12);
	}
}

static struct kunit_case card_cases[] = {
	KUNIT_CASE(card_cold),
	KUNIT_CASE(card_states),
	KUNIT_CASE(card_events),
	KUNIT_CASE(card_pace),
	KUNIT_CASE(card_errnos),
	KUNIT_CASE(card_quirks),
	KUNIT_CASE(card_endless),
	KUNIT_CASE(card_apdus),
	KUNIT_CASE(card_reset_forgets),
	KUNIT_CASE(card_silent),
	KUNIT_CASE(card_too_long),
	KUNIT_CASE(card_torn),
	{}
};

static struct kunit_suite card_suite = {
	.name = "uicc_card",
	.suite_init = test_core_begin,
	.suite_exit = test_core_end,
	.exit = test_card_exit,
	.test_cases = card_cases,
};

kunit_test_suite(card_suite);
