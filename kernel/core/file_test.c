// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of files: what is read of which kind, what a card that is odd does to
 * it, who may, and what is updated. How files are selected, select_test.c asks.
 */
#include <linux/delay.h>

#include "core_test.h"

#define ICCID	"3f00.2fe2"
#define EF	"3f00.7f10.6f50"

#define TEN	"98010000000000000001"
#define X16	"000102030405060708090A0B0C0D0E0F"
#define X64	X16 X16 X16 "000102030405060708090A0B0C0D0E0F"
#define X255	X64 X64 X64 X16 X16 X16 "000102030405060708090A0B0C0D0E"
#define X45	X16 X16 "000102030405060708090A0B0C"
#define X600	X255 X255 X64 X16 "00010203040506070809"

#define SELECT_EF	{ "00A4080C 04 7F106F50", "9000" }
#define SELECT_FCP	"00A40804 04 7F106F50"
/* The FCP of EF: descriptor, and bytes of data in hexadecimal. */
#define FCP_BINARY(size)	"620C 8202 4121 8002" size "8302 6F50 9000"
#define FCP_LINEAR		"620B 8205 4221 0002 02 8302 6F50 9000"
#define FCP_CYCLIC		"620B 8205 4621 0002 02 8302 6F50 9000"
#define FCP_TLV			"6208 8202 3921 8302 6F50 9000"

/* Of a card that does not speak T=0: one step each. */
#define ASK(fcp)		{ SELECT_FCP "00", fcp }
#define OBJECT(tag, object)	{ "80CB0080 01" tag "00", object "9000" }

/* Has the FCP of a file; the file is selected then, unless it is a directory. */
static void ask_fcp(struct test_card *tc, const char *name, enum uicc_file_type type,
		    const struct test_step *steps, unsigned int n)
{
	struct uicc_fcp fcp;

	test_script(tc, steps, n);
	KUNIT_EXPECT_EQ(tc->test, uicc_file_fcp(test_file(tc, name), &fcp), 0);
	test_played(tc);
	KUNIT_EXPECT_EQ(tc->test, fcp.type, type);
}

#define ASK_FCP(tc, name, type, ...)						\
	ask_fcp(tc, name, type, (const struct test_step[]){ __VA_ARGS__ },	\
		ARRAY_SIZE(((const struct test_step[]){ __VA_ARGS__ })))

/* Writes to EF; @want is what comes back. */
static void test_write(struct test_card *tc, loff_t off, const char *content, int want,
		       const struct test_step *steps, unsigned int n)
{
	static u8 bytes[4096];
	int len = test_unhex(content, bytes, sizeof(bytes));
	ssize_t got;

	KUNIT_ASSERT_GE(tc->test, len, 0);
	test_script(tc, steps, n);
	got = uicc_file_write(test_file(tc, EF), bytes, off, len);
	KUNIT_EXPECT_EQ_MSG(tc->test, (int)got, want, "%s at %d", content, (int)off);
	test_played(tc);
}

#define TEST_WRITE(tc, off, content, want, ...)					\
	test_write(tc, off, content, want,					\
		   (const struct test_step[]){ __VA_ARGS__ },			\
		   ARRAY_SIZE(((const struct test_step[]){ __VA_ARGS__ })))
#define TEST_WRITE_REFUSED(tc, off, content, want)				\
	test_write(tc, off, content, want, NULL, 0)

static struct test_card *writable(struct kunit *test, u32 flags, const char *atr)
{
	struct test_card *tc = test_card_new(test, flags, atr);

	WRITE_ONCE(tc->slot->allow_update, true);
	return tc;
}

/* --- directories ------------------------------------------------------------ */

/* Once a directory is selected, its neighbours are not found by identifier. */
static void file_directory(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	ASK_FCP(tc, "3f00.7f10.5f3a", UICC_FILE_DF,
		{ "00A40804 04 7F105F3A", "610A" },
		{ "00C00000 0A", "6208 8202 7821 8302 5F3A 9000" });
	TEST_READ(tc, EF, 0, 2, 2, "AABB", SELECT_EF, { "00B00000 02", "AABB 9000" });
	TEST_READ(tc, "3f00.7f10.5f3a", 0, 2, -EOPNOTSUPP, NULL,
		  { "00A4000C 02 5F3A", "9000" }, { "00B00000 02", "6986" });
	TEST_READ(tc, EF, 2, 2, 2, "CCDD", SELECT_EF, { "00B00002 02", "CCDD 9000" });
}

#define GSM_EF(fid)	"0000 000A" fid "04 00 0FFFFF 01 02 00 00 9000"
#define GSM_DF(fid)	"0000 0000" fid "02 00 0000000000 0000 00 00 9000"

static void file_2g(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	/* What a card gives for another file is not this one's content. */
	TEST_READ(tc, EF, 0, 2, -EPROTO, NULL,
		  { "00A4080C 04 7F106F50", "6E00" },
		  { "A0A40000 02 3F00", "9F16" }, { "A0A40000 02 7F10", "9F16" },
		  { "A0A40000 02 6F50", "9F0F" }, { "A0C00000 0F", GSM_EF("6F51") });
	TEST_READ(tc, "3f00.7f10.5f3a", 0, 2, -EOPNOTSUPP, NULL,
		  { "A0A40000 02 3F00", "9F16" }, { "A0A40000 02 7F10", "9F16" },
		  { "A0A40000 02 5F3A", "9F10" }, { "A0C00000 10", GSM_DF("5F3A") });
	TEST_READ(tc, EF, 0, 2, 2, "AABB",
		  { "A0A40000 02 3F00", "9F16" }, { "A0A40000 02 7F10", "9F16" },
		  { "A0A40000 02 6F50", "9F0F" }, { "A0C00000 0F", GSM_EF("6F50") },
		  { "A0B00000 02", "AABB 9000" });
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 2);
}

/* --- where a file ends ------------------------------------------------------- */

/* A card that refuses to give what there is when more was asked for. */
static void quirk_read_beyond(struct kunit *test)
{
	static const char * const sws[] = { "6B00", "6700" };
	struct test_card *tc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sws); i++) {
		tc = test_card_new(test, 0, TEST_ATR);
		TEST_READ(tc, EF, 0, 4096, 300, X255 X45,
			  SELECT_EF, { "00B00000 FF", X255 "9000" }, { "00B000FF FF", sws[i] },
			  { "00A40004 02 6F50", "610E" }, { "00C00000 0E", FCP_BINARY("012C") },
			  { "00B000FF 2D", X45 "9000" });
		TEST_READ(tc, ICCID, 0, 4096, 10, TEN,
			  { "00A4080C 02 2FE2", "9000" }, { "00B00000 FF", sws[i] },
			  { "00A40804 02 2FE2", "610E" },
			  { "00C00000 0E", "620C 8202 4121 8002 000A 8302 2FE2 9000" },
			  { "00B00000 0A", TEN "9000" });
		test_card_free(tc);

		/* It is the end. */
		tc = test_card_new(test, 0, TEST_ATR);
		TEST_READ(tc, EF, 0, 4096, 255, X255,
			  SELECT_EF, { "00B00000 FF", X255 "9000" }, { "00B000FF FF", sws[i] },
			  { "00A40004 02 6F50", "610E" }, { "00C00000 0E", FCP_BINARY("00FF") });
		test_card_free(tc);

		/* It gives nothing, whatever it says. */
		tc = test_card_new(test, 0, TEST_ATR);
		TEST_READ(tc, EF, 0, 10, -EPROTO, NULL,
			  SELECT_EF, { "00B00000 0A", sws[i] },
			  { "00A40004 02 6F50", "610E" }, { "00C00000 0E", FCP_BINARY("012C") },
			  { "00B00000 0A", sws[i] });
		test_card_free(tc);
	}

	/* Nor does the FCP say it: 6B00 is believed. */
	tc = test_card_new(test, 0, TEST_ATR);
	TEST_READ(tc, EF, 0, 4096, 255, X255,
		  SELECT_EF, { "00B00000 FF", X255 "9000" }, { "00B000FF FF", "6B00" },
		  { "00A40004 02 6F50", "9000" });
	test_card_free(tc);

	/* The last answer was short already: no need to ask. */
	tc = test_card_new(test, 0, TEST_ATR);
	TEST_READ(tc, EF, 0, 4096, 10, TEN,
		  SELECT_EF, { "00B00000 FF", "6C0A" }, { "00B00000 0A", TEN "9000" },
		  { "00B0000A FF", "6B00" });
}

/* No answer to the question where the file ends is no end of it. */
static void file_end_garbled(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR);

	TEST_READ(tc, EF, 0, 4096, -EPROTO, NULL,
		  SELECT_EF, { "00B00000 FF", X255 "9000" }, { "00B000FF FF", "6B00" },
		  { "00A40004 02 6F50", "0000" });
	TEST_READ(tc, EF, 0, 4096, -EPROTO, NULL,
		  SELECT_EF, { "00B00000 FF", "6B00" }, { "00A40004 02 6F50", "0000" });
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 2);
}

/* --- extended length ---------------------------------------------------------- */

static void file_extended(struct kunit *test)
{
	struct test_card *tc = writable(test, UICC_SLOT_EXTENDED, TEST_ATR_EXT);

	/* All of it at once; that it ends there, the next one says. */
	TEST_READ(tc, EF, 0, 4096, 600, X600,
		  SELECT_EF, { "00B00000 00 1000", X600 "9000" },
		  { "00B00258 00 0DA8", "6B00" });
	TEST_READ_CACHED(tc, EF, 300, 400, 300, NULL);
	/* No more than the file has, and 255 where that is as good. */
	ASK_FCP(tc, ICCID, UICC_FILE_TRANSPARENT,
		{ "00A40804 02 2FE2 00", "620C 8202 4121 8002 012C 8302 2FE2 9000" });
	TEST_READ(tc, ICCID, 256, 4096, 44, NULL, { "00B00100 2C", X45 "9000" });
	TEST_READ(tc, ICCID, 0, 256, 256, X255 "00",
		  { "00B00000 FF", X255 "9000" }, { "00B000FF 01", "00 9000" });
}

static void file_extended_objects(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, UICC_SLOT_EXTENDED, TEST_ATR_EXT);

	ASK_FCP(tc, EF, UICC_FILE_BER_TLV, ASK(FCP_TLV));
	TEST_READ(tc, EF, 0, 4096, 300, NULL,
		  { "80CB0080 000001 5C 1000", "5C01 80 9000" },
		  { "80CB0080 000001 80 1000", "8082 0128" X255 "62F1" },
		  { "80CB0000 00 1000", X16 X16 "000102030405060708 9000" });
}

/* --- BER-TLV -------------------------------------------------------------------- */

static void file_objects(struct kunit *test)
{
	static const struct test_step lost[] = {
		{ "80CB0080 01 81 00", "6A88" }, OBJECT("82", "8201 CC"),
	};
	struct test_card *tc = test_card_new(test, 0, TEST_ATR_T1);
	struct uicc_file *file;

	ASK_FCP(tc, EF, UICC_FILE_BER_TLV, ASK(FCP_TLV));
	file = test_file(tc, EF);
	/* Ordered, none twice; one that is gone meanwhile is left out. */
	TEST_READ(tc, EF, 0, 3, 3, "8002AA",
		  OBJECT("5C", "5C04 82 81 80 81"), OBJECT("80", "8002 AABB"));
	/* As when memory is short: nothing of it is left out then. */
	KUNIT_ASSERT_EQ(test, uicc_card_get(tc->card), 0);
	test_script(tc, lost, ARRAY_SIZE(lost));
	file->cache.eof = file->cache.top;
	file->cache.eof_known = true;
	KUNIT_EXPECT_EQ(test, (int)uicc_file_fetch_object(file), -EPROTO);
	file->cache.eof_known = false;
	test_played(tc);
	uicc_card_put(tc->card);
	TEST_READ(tc, EF, 0, 100, 7, "8002AABB 8201CC", OBJECT("82", "8201 CC"));
	TEST_READ_CACHED(tc, EF, 4, 100, 3, "8201CC");
}

/* Objects that are not what was asked for, or not whole. */
static void file_objects_lie(struct kunit *test)
{
	static const struct {
		const char *answer;
		int want;
	} cases[] = {
		{ "8101 AA 9000", -EPROTO },
		{ "8003 AABB 9000", -EPROTO },
		{ "8083 010000 AA 9000", -EPROTO },
		{ "9000", -EPROTO },
		{ "62F1", -EPROTO },
		{ "80 9000", -EPROTO },
		{ "6982", -EACCES },
		{ "8001 AA FFFF 9000", 3 },
	};
	struct test_card *tc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct test_step steps[] = {
			{ "80CB0080 01 5C 00", "5C01 80 9000" },
			{ "80CB0080 01 80 00", cases[i].answer },
		};

		tc = test_card_new(test, 0, TEST_ATR_T1);
		ASK_FCP(tc, EF, UICC_FILE_BER_TLV, ASK(FCP_TLV));
		test_read(tc, EF, 0, 100, cases[i].want, NULL, steps, ARRAY_SIZE(steps));
		test_card_free(tc);
	}
}

/* --- updates ---------------------------------------------------------------------- */

static void update_binary(struct kunit *test)
{
	struct test_card *tc = writable(test, 0, TEST_ATR_T1);

	TEST_WRITE(tc, 8, "A1A2", 2, ASK(FCP_BINARY("000A")),
		   { "00D60008 02 A1A2", "9000" }, { "00B00008 02", "A1A2 9000" });
	TEST_READ_CACHED(tc, EF, 8, 10, 2, "A1A2");
	TEST_WRITE_REFUSED(tc, 9, "A1A2", -ENOSPC);
	TEST_WRITE_REFUSED(tc, 65536, "A1", -ENOSPC);
	/* A card that does not do what it says: what is on it is what is read. */
	TEST_WRITE(tc, 8, "B1B2", -EIO,
		   { "00D60008 02 B1B2", "9000" }, { "00B00008 02", "B1A2 9000" });
	TEST_READ_CACHED(tc, EF, 8, 10, 2, "B1A2");
	/* Nobody knows what it did: it is asked. */
	TEST_WRITE(tc, 9, "C1", -EIO, { "00D60009 01 C1", "6581" });
	TEST_READ(tc, EF, 8, 10, 2, "B1A2", { "00B00009 01", "A2 9000" });
	TEST_WRITE(tc, 9, "C1", -EACCES, { "00D60009 01 C1", "6982" });
	TEST_WRITE(tc, 9, "C1", -ENOSPC, { "00D60009 01 C1", "6B00" });
	TEST_WRITE(tc, 9, "C1", 1, { "00D60009 01 C1", "63C2" }, { "00B00009 01", "C1 9000" });
	TEST_WRITE(tc, 8, "D1", -ETIMEDOUT, { "00D60008 01 D1", NULL, -ETIMEDOUT });
	TEST_READ(tc, EF, 8, 2, 2, "D1C1", SELECT_EF, { "00B00008 02", "D1C1 9000" });
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 2);
}

/* More than one command: what was done before the failure stays known. */
static void update_parts(struct kunit *test)
{
	struct test_card *tc = writable(test, 0, TEST_ATR_T1);

	TEST_WRITE(tc, 0, X255 X45, -EIO, ASK(FCP_BINARY("012C")),
		   { "00D60000 FF" X255, "9000" }, { "00B00000 FF", X255 "9000" },
		   { "00D600FF 2D" X45, "6581" });
	TEST_READ_CACHED(tc, EF, 0, 255, 255, X255);
	TEST_READ(tc, EF, 0, 300, 300, X255 X45, { "00B000FF 2D", X45 "9000" });
}

static void update_extended(struct kunit *test)
{
	struct test_card *tc = writable(test, UICC_SLOT_EXTENDED, TEST_ATR_EXT);

	TEST_WRITE(tc, 0, X255 "AABB", 257, ASK(FCP_BINARY("0258")),
		   { "00D60000 000101" X255 "AABB", "9000" },
		   { "00B00000 00 0101", X255 "AABB 9000" });
}

static void update_records(struct kunit *test)
{
	struct test_card *tc = writable(test, 0, TEST_ATR_T1);

	TEST_WRITE(tc, 2, "A1A2", 2, ASK(FCP_LINEAR),
		   { "00DC0204 02 A1A2", "9000" }, { "00B20204 02", "A1A2 9000" });
	TEST_WRITE_REFUSED(tc, 1, "A1A2", -EINVAL);
	TEST_WRITE_REFUSED(tc, 0, "A1A2A3", -EINVAL);
	TEST_WRITE_REFUSED(tc, 4, "A1A2", -ENOSPC);
	TEST_WRITE(tc, 0, "B1B2 B3B4", -ENOSPC,
		   { "00DC0104 02 B1B2", "9000" }, { "00B20104 02", "B1B2 9000" },
		   { "00DC0204 02 B3B4", "6A83" });
	TEST_READ_CACHED(tc, EF, 0, 2, 2, "B1B2");
	TEST_READ(tc, EF, 2, 2, 2, "A1A2", { "00B20204 02", "A1A2 9000" });
}

static void update_cyclic(struct kunit *test)
{
	struct test_card *tc = writable(test, 0, TEST_ATR_T1);

	TEST_READ(tc, EF, 0, 4, 4, "01010202",
		  SELECT_EF, { "00B00000 04", "6981" }, ASK(FCP_CYCLIC),
		  { "00B20104 02", "0101 9000" }, { "00B20204 02", "0202 9000" });
	TEST_WRITE(tc, 0, "A1A2", 2,
		   { "00DC0003 02 A1A2", "9000" }, { "00B20104 02", "A1A2 9000" });
	/* The others moved. */
	TEST_READ(tc, EF, 0, 4, 4, "A1A20101", { "00B20204 02", "0101 9000" });
	TEST_WRITE_REFUSED(tc, 2, "A1A2", -EINVAL);
	TEST_WRITE_REFUSED(tc, 0, "A1A2A3A4", -EINVAL);
}

static void update_object(struct kunit *test)
{
	struct test_card *tc = writable(test, 0, TEST_ATR_T1);

	TEST_WRITE(tc, 0, "8001AA", 3, ASK(FCP_TLV),
		   OBJECT("5C", "5C01 80"), OBJECT("80", "8002 AABB"),
		   { "80DB0080 03 8001AA", "9000" }, OBJECT("80", "8001 AA"));
	TEST_READ(tc, EF, 0, 100, 3, "8001AA",
		  OBJECT("5C", "5C01 80"), OBJECT("80", "8001 AA"));
	TEST_WRITE_REFUSED(tc, 0, "8000", -EINVAL);
	TEST_WRITE_REFUSED(tc, 0, "8002AA", -EINVAL);
	TEST_WRITE_REFUSED(tc, 0, "8101AA", -EINVAL);
	TEST_WRITE_REFUSED(tc, 1, "8001AA", -EINVAL);
	TEST_WRITE_REFUSED(tc, 3, "8001AA", -EINVAL);
	TEST_WRITE(tc, 0, "8001BB", -EIO,
		   { "80DB0080 03 8001BB", "9000" }, OBJECT("80", "8002 AABB"));
}

/* On the basic channel the other user may have selected another file. */
static void update_shared(struct kunit *test)
{
	struct test_card *tc = writable(test, UICC_SLOT_SHARED, TEST_ATR_T1);

	TEST_WRITE(tc, 0, "AA", 1, { "00700000 01", "01 9000" },
		   { "01A40804 04 7F106F50 00", FCP_BINARY("000A") },
		   { "01D60000 01 AA", "9000" }, { "01B00000 01", "AA 9000" });
	TEST_WRITE(tc, 0, "BB", -EOPNOTSUPP, { "01D60000 01 BB", "6881" },
		   { "00700000 01", "6881" },
		   { "00A40804 04 7F106F50 00", FCP_BINARY("000A") });
	test_card_free(tc);

	tc = writable(test, UICC_SLOT_SHARED, TEST_ATR_T1);
	TEST_WRITE(tc, 0, "AA", -EOPNOTSUPP, { "00700000 01", "6D00" }, ASK(FCP_BINARY("000A")));
}

struct late_write {
	struct work_struct work;
	struct uicc_file *file;
	ssize_t ret;
};

static void late_write(struct work_struct *work)
{
	struct late_write *late = container_of(work, struct late_write, work);

	late->ret = uicc_file_write(late->file, "\xaa", 0, 1);
}

/* Forbidden while it waits for the card: it is not done after that. */
static void update_forbidden(struct kunit *test)
{
	struct test_card *tc = writable(test, 0, TEST_ATR);
	struct late_write late = { .file = test_file(tc, EF) };

	INIT_WORK_ONSTACK(&late.work, late_write);
	KUNIT_ASSERT_EQ(test, uicc_card_get(tc->card), 0);
	schedule_work(&late.work);
	msleep(50);
	WRITE_ONCE(tc->slot->allow_update, false);
	uicc_card_put(tc->card);
	flush_work(&late.work);
	destroy_work_on_stack(&late.work);
	KUNIT_EXPECT_EQ(test, (int)late.ret, -EPERM);
	KUNIT_EXPECT_EQ(test, tc->sent, 0);
}

/* --- who may ------------------------------------------------------------------------ */

#define FCP_ARR		"620D 8202 4121 8302 6F50 8B03 6F06 01 9000"

static void file_rules(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR_T1);
	struct uicc_access acc;
	char text[UICC_CONDITION_TEXT_MAX];

	/* A card that answers nonsense has not said that it does not say. */
	test_script(tc, (const struct test_step[]){
			ASK(FCP_ARR), { "00A4000C 02 6F06", "9000" },
			{ "00B20104 FF", "0000" } }, 3);
	KUNIT_EXPECT_EQ(test, uicc_file_access(test_file(tc, EF), &acc), -EPROTO);
	test_played(tc);
	/* Not in the directory of the file: in the one above. */
	test_script(tc, (const struct test_step[]){
			ASK(FCP_ARR), { "00A4000C 02 6F06", "6A82" },
			{ "00A4080C 02 6F06", "9000" },
			{ "00B20104 FF", "800101 9000 800102 A406 83010A 950108 FFFF 9000" } },
		    4);
	KUNIT_EXPECT_EQ(test, uicc_file_access(test_file(tc, EF), &acc), 0);
	test_played(tc);
	uicc_condition_print(&acc.read, text);
	KUNIT_EXPECT_STREQ(test, text, "always");
	uicc_condition_print(&acc.update, text);
	KUNIT_EXPECT_STREQ(test, text, "pin 0a");
	/* Known now. */
	KUNIT_EXPECT_EQ(test, uicc_file_access(test_file(tc, EF), &acc), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tc->powered), 2);
}

/* The rules may have been found in another directory: no neighbour is looked for there. */
static void quirk_rules_elsewhere(struct kunit *test)
{
	struct test_card *tc = test_card_new(test, 0, TEST_ATR_T1);
	struct uicc_access acc;
	u8 buf[4];

	test_script(tc, (const struct test_step[]){
			ASK(FCP_ARR), { "00A4000C 02 6F06", "9000" },
			{ "00B20104 FF", "800101 9000 9000" },
			{ "00A4080C 04 7F10 6F51", "9000" }, { "00B00000 04", "01020304 9000" } },
		    5);
	KUNIT_EXPECT_EQ(test, uicc_file_access(test_file(tc, EF), &acc), 0);
	KUNIT_EXPECT_EQ(test, (int)uicc_file_read(test_file(tc, "3f00.7f10.6f51"), buf, 0, 4), 4);
	test_played(tc);
}

static struct kunit_case file_cases[] = {
	KUNIT_CASE(file_directory),
	KUNIT_CASE(file_2g),
	KUNIT_CASE(quirk_read_beyond),
	KUNIT_CASE(file_end_garbled),
	KUNIT_CASE(file_extended),
	KUNIT_CASE(file_extended_objects),
	KUNIT_CASE(file_objects),
	KUNIT_CASE(file_objects_lie),
	KUNIT_CASE(update_binary),
	KUNIT_CASE(update_parts),
	KUNIT_CASE(update_extended),
	KUNIT_CASE(update_records),
	KUNIT_CASE(update_cyclic),
	KUNIT_CASE(update_object),
	KUNIT_CASE(update_shared),
	KUNIT_CASE(update_forbidden),
	KUNIT_CASE(file_rules),
	KUNIT_CASE(quirk_rules_elsewhere),
	{}
};

static struct kunit_suite file_suite = {
	.name = "uicc_file",
	.suite_init = test_core_begin,
	.suite_exit = test_core_end,
	.exit = test_card_exit,
	.test_cases = file_cases,
};

kunit_test_suite(file_suite);
