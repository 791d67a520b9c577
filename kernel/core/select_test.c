// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of selection: the fewest commands that reach a file, on cards as they
 * should be and as they are.
 */
#include "core_test.h"

#define ICCID	"3f00.2fe2"
#define DIR	"3f00.2f00"
#define ADN	"3f00.7f10.6f3c"
#define FDN	"3f00.7f10.6f3b"
#define SMS	"3f00.7f20.6f3e"
#define ODF	TEST_AID ".5031"
#define TOKEN	TEST_AID ".5032"
#define DEEP	TEST_AID ".7f01.4401"
#define DEEPER	TEST_AID ".7f02.4401"

/* One byte, where the content is not the point. */
#define READ_AA	{ "00B00000 01", "AA 9000" }

static void select_neighbours(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	TEST_READ(tc, ODF, 0, 1, 1, "AA",
		  { SELECT_AID_NO_FCP, "9000" }, { "00A4000C 02 5031", "9000" }, READ_AA);
	/* In the same directory: its identifier alone. */
	TEST_READ(tc, TOKEN, 0, 1, 1, "AA", { "00A4000C 02 5032", "9000" }, READ_AA);
	/* The selected file: nothing. */
	TEST_READ(tc, TOKEN, 1, 1, 1, "BB", { "00B00001 01", "BB 9000" });
	/* Further down in the application: by path from there. */
	TEST_READ(tc, DEEP, 0, 1, 1, "AA", { "00A4080C 06 7FFF7F014401", "9000" }, READ_AA);
	/* The MF's: by path; and back, the application is still the current one. */
	TEST_READ(tc, ICCID, 0, 1, 1, "AA", { "00A4080C 02 2FE2", "9000" }, READ_AA);
	TEST_READ(tc, ODF, 1, 1, 1, "BB",
		  { "00A4080C 04 7FFF5031", "9000" }, { "00B00001 01", "BB 9000" });
	TEST_READ(tc, ADN, 0, 1, 1, "AA", { "00A4080C 04 7F106F3C", "9000" }, READ_AA);
	TEST_READ(tc, FDN, 0, 1, 1, "AA", { "00A4000C 02 6F3B", "9000" }, READ_AA);
}

/*
 * Cards look identifiers up in all applications: one alone never leads from one
 * application, or from the MF, to another.
 */
static void select_same_identifier(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	TEST_READ(tc, ODF, 0, 1, 1, "AA",
		  { SELECT_AID_NO_FCP, "9000" }, { "00A4000C 02 5031", "9000" }, READ_AA);
	TEST_READ(tc, "a000000087.5031", 0, 1, 1, "BB",
		  { "00A4040C 05 A000000087", "9000" }, { "00A4000C 02 5031", "9000" },
		  { "00B00000 01", "BB 9000" });
	TEST_READ(tc, "3f00.5031", 0, 1, 1, "CC",
		  { "00A4080C 02 5031", "9000" }, { "00B00000 01", "CC 9000" });
	TEST_READ(tc, ODF, 1, 1, 1, "DD",
		  { SELECT_AID_NO_FCP, "9000" }, { "00A4000C 02 5031", "9000" },
		  { "00B00001 01", "DD 9000" });
}

static void select_cut_aid(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	TEST_READ(tc, "a000000087.6f07", 0, 1, 1, "AA",
		  { "00A4040C 05 A000000087", "9000" }, { "00A4000C 02 6F07", "9000" }, READ_AA);
	/* An AID of 16 bytes that begins with it is another name: asked for anew. */
	TEST_READ(tc, "a0000000871002ffffffff8907090000.6f07", 0, 1, 1, "AA",
		  { "00A4040C 10 A0000000871002FFFFFFFF8907090000", "9000" },
		  { "00A4000C 02 6F07", "9000" }, READ_AA);
}

static void select_no_application(struct kunit *test)
{
	static const char * const sws[] = { "6A82", "6A88", "6999", "6A84" };
	struct test_card *tc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sws); i++) {
		tc = test_card_new(test, 0, TEST_ATR);
		TEST_READ(tc, ODF, 0, 1, -ENOENT, NULL, { SELECT_AID_NO_FCP, sws[i] });
		/* What was selected before is not known any more. */
		TEST_READ(tc, ODF, 0, 1, 1, "AA",
			  { SELECT_AID_NO_FCP, "9000" }, { "00A4000C 02 5031", "9000" }, READ_AA);
		test_card_free(tc);
	}
}

/* --- P2 ----------------------------------------------------------------------- */

static void select_p2(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	/* "No data" is refused, and so is 00; what the card takes is remembered. */
	TEST_READ(tc, ICCID, 0, 1, 1, "AA",
		  { "00A4080C 02 2FE2", "6A86" }, { "00A40800 02 2FE2", "6B00" },
		  { "00A40804 02 2FE2", "6118" }, READ_AA);
	TEST_READ(tc, ADN, 0, 1, 1, "AA", { "00A40804 04 7F106F3C", "6118" }, READ_AA);
	test_card_free(tc);

	/* 00 gives 9000, and no data. */
	tc = test_card_new(test, 0, TEST_ATR);
	TEST_READ(tc, ICCID, 0, 1, 1, "AA",
		  { "00A4080C 02 2FE2", "6B00" }, { "00A40800 02 2FE2", "9000" }, READ_AA);
	TEST_READ(tc, ADN, 0, 1, 1, "AA", { "00A40800 04 7F106F3C", "9000" }, READ_AA);
	test_card_free(tc);

	/* All are refused: then it is the path that is. */
	tc = test_card_new(test, 0, TEST_ATR);
	TEST_READ(tc, ICCID, 0, 1, 1, "AA",
		  { "00A4080C 02 2FE2", "6A86" }, { "00A40800 02 2FE2", "6A86" },
		  { "00A40804 02 2FE2", "6A86" },
		  { "00A4000C 02 3F00", "9000" }, { "00A4000C 02 2FE2", "9000" }, READ_AA);
}

static void select_fcp_p2(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);
	struct uicc_fcp fcp;

	/* P2 = 00 gives the FCP where 04 is refused. */
	TEST_READ(tc, DIR, 0, 2, 2, "AABB",
		  { "00A40804 02 2F00", "6A86" }, { "00A40800 02 2F00", "610D" },
		  { "00C00000 0D", "620B 8205 4221 0002 01 8302 2F00 9000" },
		  { "00B20104 02", "AABB 9000" });
	test_card_free(tc);

	/* Nor that, or it gives none: without an FCP there are no records. */
	tc = test_card_new(test, 0, TEST_ATR);
	TEST_READ(tc, DIR, 0, 2, -EPROTO, NULL,
		  { "00A40804 02 2F00", "6A86" }, { "00A40800 02 2F00", "9000" });
	test_card_free(tc);

	/* The FCP of another file is none of this one. */
	tc = test_card_new(test, 0, TEST_ATR);
	TEST_READ(tc, DIR, 0, 2, -EPROTO, NULL,
		  { "00A40804 02 2F00", "610D" },
		  { "00C00000 0D", "620B 8205 4221 0002 01 8302 6F3A 9000" });
	KUNIT_EXPECT_FALSE(test, tc->card->sel.ef_valid);
	/* It is asked for once, and with the file selected it is. */
	test_script(tc, (const struct test_step[]){
		{ "00A40804 02 2F00", "610D" },
		{ "00C00000 0D", "620B 8205 4221 0002 01 8302 2F00 9000" },
	}, 2);
	KUNIT_EXPECT_EQ(test, uicc_file_fcp(test_file(tc, DIR), &fcp), 0);
	KUNIT_EXPECT_EQ(test, uicc_file_fcp(test_file(tc, DIR), &fcp), 0);
	KUNIT_EXPECT_EQ(test, fcp.record_length, 2);
	test_played(tc);
	TEST_READ(tc, DIR, 0, 2, 2, "AABB", { "00B20104 02", "AABB 9000" });
}

/* --- paths ---------------------------------------------------------------------- */

static void select_no_path(struct kunit *test)
{
	static const char * const sws[] = { "6A81", "6700", "6A80", "6A87" };
	struct test_card *tc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sws); i++) {
		bool p2 = !strcmp(sws[i], "6A81");

		tc = test_card_new(test, 0, TEST_ATR);
		if (p2)
			TEST_READ(tc, ADN, 0, 1, 1, "AA",
				  { "00A4080C 04 7F106F3C", sws[i] },
				  { "00A40800 04 7F106F3C", sws[i] },
				  { "00A40804 04 7F106F3C", sws[i] },
				  { "00A4000C 02 3F00", "9000" }, { "00A4000C 02 7F10", "9000" },
				  { "00A4000C 02 6F3C", "9000" }, READ_AA);
		else
			TEST_READ(tc, ADN, 0, 1, 1, "AA",
				  { "00A4080C 04 7F106F3C", sws[i] },
				  { "00A4000C 02 3F00", "9000" }, { "00A4000C 02 7F10", "9000" },
				  { "00A4000C 02 6F3C", "9000" }, READ_AA);
		/* Remembered; a neighbour needs no path anyway. */
		TEST_READ(tc, FDN, 0, 1, 1, "AA", { "00A4000C 02 6F3B", "9000" }, READ_AA);
		TEST_READ(tc, SMS, 0, 1, 1, "AA",
			  { "00A4000C 02 3F00", "9000" }, { "00A4000C 02 7F20", "9000" },
			  { "00A4000C 02 6F3E", "9000" }, READ_AA);
		TEST_READ(tc, DEEP, 0, 1, 1, "AA",
			  { SELECT_AID_NO_FCP, "9000" }, { "00A4000C 02 7F01", "9000" },
			  { "00A4000C 02 4401", "9000" }, READ_AA);
		test_card_free(tc);
	}
}

/* A path that finds nothing, on a card that may not know what a path is. */
static void select_path_nothing(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	TEST_READ(tc, ICCID, 0, 1, -ENOENT, NULL, { "00A4080C 02 2FE2", "6A82" });
	TEST_READ(tc, ADN, 0, 1, 1, "AA",
		  { "00A4080C 04 7F106F3C", "6A82" },
		  { "00A4000C 02 3F00", "9000" }, { "00A4000C 02 7F10", "9000" },
		  { "00A4000C 02 6F3C", "9000" }, READ_AA);
	/* It does not say that paths are nothing for this card. */
	TEST_READ(tc, SMS, 0, 1, 1, "AA", { "00A4080C 04 7F206F3E", "9000" }, READ_AA);
	/* Now it is believed: 6F3C may well be found somewhere else. */
	TEST_READ(tc, ADN, 1, 1, -ENOENT, NULL, { "00A4080C 04 7F106F3C", "6A82" });
	/* Nor is the rest of the path tried where its beginning is not there. */
	test_card_free(tc);
	tc = test_card_new(test, 0, TEST_ATR);
	TEST_READ(tc, ADN, 0, 1, -ENOENT, NULL,
		  { "00A4080C 04 7F106F3C", "6A82" },
		  { "00A4000C 02 3F00", "9000" }, { "00A4000C 02 7F10", "6A82" });
}

static void select_path_application(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	TEST_READ(tc, ODF, 0, 1, 1, "AA",
		  { SELECT_AID_NO_FCP, "9000" }, { "00A4000C 02 5031", "9000" }, READ_AA);
	/* By path into the application 6A82: by identifiers, from its top. */
	TEST_READ(tc, DEEP, 0, 1, 1, "AA",
		  { "00A4080C 06 7FFF7F014401", "6A82" },
		  { "00A4000C 02 7FFF", "9000" }, { "00A4000C 02 7F01", "9000" },
		  { "00A4000C 02 4401", "9000" }, READ_AA);
	/* A card that does not know 7FFF at all: the application anew. */
	TEST_READ(tc, DEEPER, 0, 1, 1, "AA",
		  { "00A4080C 06 7FFF7F024401", "6A82" }, { "00A4000C 02 7FFF", "6A82" },
		  { SELECT_AID_NO_FCP, "9000" }, { "00A4000C 02 7F02", "9000" },
		  { "00A4000C 02 4401", "9000" }, READ_AA);
	TEST_READ(tc, ICCID, 0, 1, 1, "AA", { "00A4080C 02 2FE2", "9000" }, READ_AA);
	TEST_READ(tc, ODF, 1, 1, 1, "AA",
		  { "00A4080C 04 7FFF5031", "6A82" },
		  { SELECT_AID_NO_FCP, "9000" }, { "00A4000C 02 5031", "9000" },
		  { "00B00001 01", "AA 9000" });
	/* Once a path into an application was found, one that is not is believed. */
	TEST_READ(tc, DEEP, 1, 1, 1, "AA",
		  { "00A4080C 06 7FFF7F014401", "9000" }, { "00B00001 01", "AA 9000" });
	TEST_READ(tc, DEEPER, 1, 1, -ENOENT, NULL, { "00A4080C 06 7FFF7F024401", "6A82" });
}

/* --- short file identifiers ------------------------------------------------------- */

/* Known: ODF has SFI 1, and TOKEN, beside it, is selected. */
static struct test_card *sfi_card(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);
	struct uicc_fcp fcp;

	test_script(tc, (const struct test_step[]){
		{ SELECT_AID_NO_FCP, "9000" },
		{ "00A40004 02 5031", "6111" },
		{ "00C00000 11", "620F 8202 4121 8302 5031 8002 0400 8801 08 9000" },
	}, 3);
	KUNIT_EXPECT_EQ(test, uicc_file_fcp(test_file(tc, ODF), &fcp), 0);
	KUNIT_EXPECT_EQ(test, fcp.sfi, 1);
	test_played(tc);
	TEST_READ(tc, TOKEN, 0, 1, 1, "AA", { "00A4000C 02 5032", "9000" }, READ_AA);
	return tc;
}

static void select_sfi(struct kunit *test)
{
	struct test_card *tc = sfi_card(test);

	TEST_READ(tc, ODF, 16, 2, 2, "AABB", { "00B08110 02", "AABB 9000" });
	/* It is selected now. */
	TEST_READ(tc, ODF, 18, 2, 2, "CCDD", { "00B00012 02", "CCDD 9000" });
	TEST_READ(tc, TOKEN, 1, 1, 1, "AA",
		  { "00A4000C 02 5032", "9000" }, { "00B00001 01", "AA 9000" });
	/* An offset beyond one byte, or another directory: no use. */
	TEST_READ(tc, ODF, 256, 1, 1, "AA",
		  { "00A4000C 02 5031", "9000" }, { "00B00100 01", "AA 9000" });
	TEST_READ(tc, ICCID, 0, 1, 1, "AA", { "00A4080C 02 2FE2", "9000" }, READ_AA);
	TEST_READ(tc, ODF, 255, 1, 1, "AA",
		  { "00A4080C 04 7FFF5031", "9000" }, { "00B000FF 01", "AA 9000" });
	/* What is not allowed is not, with an identifier of either length. */
	TEST_READ(tc, TOKEN, 2, 1, 1, "AA",
		  { "00A4000C 02 5032", "9000" }, { "00B00002 01", "AA 9000" });
	TEST_READ(tc, ODF, 32, 1, -EACCES, NULL, { "00B08120 01", "6982" });
	KUNIT_EXPECT_FALSE(test, tc->card->no_sfi);
}

static void select_sfi_refused(struct kunit *test)
{
	static const char * const sws[] = { "6A82", "6A86", "6B00", "6A81", "6986" };
	struct test_card *tc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sws); i++) {
		tc = sfi_card(test);
		TEST_READ(tc, ODF, 0, 2, 2, "AABB",
			  { "00B08100 02", sws[i] }, { SELECT_AID_NO_FCP, "9000" },
			  { "00A4000C 02 5031", "9000" }, { "00B00000 02", "AABB 9000" });
		/* Once is enough. */
		TEST_READ(tc, TOKEN, 1, 1, 1, "AA",
			  { "00A4000C 02 5032", "9000" }, { "00B00001 01", "AA 9000" });
		TEST_READ(tc, ODF, 2, 1, 1, "CC",
			  { "00A4000C 02 5031", "9000" }, { "00B00002 01", "CC 9000" });
		test_card_free(tc);
	}
}

static void select_sfi_records(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	TEST_READ(tc, ADN, 0, 2, 2, "AABB",
		  { "00A4080C 04 7F106F3C", "9000" }, { "00B00000 02", "6981" },
		  { "00A40804 04 7F106F3C", "6110" },
		  { "00C00000 10", "620E 8205 4221 0002 03 8302 6F3C 8801 F0 9000" },
		  { "00B20104 02", "AABB 9000" });
	TEST_READ(tc, FDN, 0, 1, 1, "AA", { "00A4000C 02 6F3B", "9000" }, READ_AA);
	TEST_READ(tc, ADN, 2, 2, 2, "CCDD", { "00B202F4 02", "CCDD 9000" });
	TEST_READ(tc, ADN, 4, 4, 2, "EEFF", { "00B20304 02", "EEFF 9000" });
}

/* --- 2G ----------------------------------------------------------------------------- */

#define GSM_ICCID	"0000 000A 2FE2 04 00 0FFFFF 01 02 00 00 9000"

static void select_2g(struct kunit *test)
{
	static const char * const sws[] = { "6E00", "6D00" };
	struct test_card *tc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sws); i++) {
		tc = test_card_new(test, 0, TEST_ATR);
		TEST_READ(tc, ICCID, 0, 2, 2, "9801",
			  { "00A4080C 02 2FE2", sws[i] },
			  { "A0A40000 02 3F00", "9F16" }, { "A0A40000 02 2FE2", "9F0F" },
			  { "A0C00000 0F", GSM_ICCID }, { "A0B00000 02", "9801 9000" });
		KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 2);
		/* TS 51.011 has no applications. */
		TEST_READ_CACHED(tc, ODF, 0, 1, -ENOENT, NULL);
		/* After a reset it is the first guess. */
		TEST_READ(tc, ICCID, 2, 1, -ETIMEDOUT, NULL,
			  { "A0A40000 02 3F00", NULL, -ETIMEDOUT });
		TEST_READ(tc, ICCID, 2, 2, 2, "AABB",
			  { "A0A40000 02 3F00", "9F16" }, { "A0A40000 02 2FE2", "9F0F" },
			  { "A0C00000 0F", GSM_ICCID }, { "A0B00002 02", "AABB 9000" });
		KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 3);
		/* Not more than that. */
		TEST_READ(tc, ICCID, 4, 1, -ETIMEDOUT, NULL,
			  { "A0B00004 01", NULL, -ETIMEDOUT });
		TEST_READ(tc, ICCID, 4, 1, 1, "AA",
			  { "A0A40000 02 3F00", "6E00" },
			  { "00A4080C 02 2FE2", "9000" }, { "00B00004 01", "AA 9000" });
		KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 5);
		test_card_free(tc);
	}
}

static void select_2g_once(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	/* Neither class: no reset after reset. */
	TEST_READ(tc, ICCID, 0, 1, -EPROTO, NULL,
		  { "00A4080C 02 2FE2", "6E00" }, { "A0A40000 02 3F00", "6E00" });
	TEST_READ(tc, ICCID, 0, 1, -EPROTO, NULL, { "A0A40000 02 3F00", "6E00" });
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 2);
	test_card_free(tc);

	/* The class was taken before: then it is the file that is refused. */
	tc = test_card_new(test, 0, TEST_ATR);
	TEST_READ(tc, ICCID, 0, 1, -ENOENT, NULL, { "00A4080C 02 2FE2", "6A82" });
	TEST_READ(tc, ICCID, 0, 1, -EPROTO, NULL, { "00A4080C 02 2FE2", "6E00" });
	TEST_READ(tc, ICCID, 0, 1, -EPROTO, NULL, { "00A4080C 02 2FE2", "6D00" });
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 1);
	test_card_free(tc);

	/* Mute after the reset that leads to the other class. */
	tc = test_card_new(test, 0, TEST_ATR);
	tc->atr = NULL;
	TEST_READ(tc, ICCID, 0, 1, -ETIMEDOUT, NULL, { "00A4080C 02 2FE2", "6E00" });
}

static struct kunit_case select_cases[] = {
	KUNIT_CASE(select_neighbours),
	KUNIT_CASE(select_same_identifier),
	KUNIT_CASE(select_cut_aid),
	KUNIT_CASE(select_no_application),
	KUNIT_CASE(select_p2),
	KUNIT_CASE(select_fcp_p2),
	KUNIT_CASE(select_no_path),
	KUNIT_CASE(select_path_nothing),
	KUNIT_CASE(select_path_application),
	KUNIT_CASE(select_sfi),
	KUNIT_CASE(select_sfi_refused),
	KUNIT_CASE(select_sfi_records),
	KUNIT_CASE(select_2g),
	KUNIT_CASE(select_2g_once),
	{}
};

static struct kunit_suite select_suite = {
	.name = "uicc_select",
	.suite_init = test_core_begin,
	.suite_exit = test_core_end,
	.exit = test_card_exit,
	.test_cases = select_cases,
};

kunit_test_suite(select_suite);
