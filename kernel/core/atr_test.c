// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the ATR parser. Real ATRs, and what a broken card might send.
 */
#include <kunit/test.h>
#include <linux/module.h>

#include "atr.c"

#define PARSE(test, atr, ...)							\
	uicc_atr_parse(atr, (const u8[]){ __VA_ARGS__ }, sizeof((u8[]){ __VA_ARGS__ }))

static void atr_shortest(struct kunit *test)
{
	struct uicc_atr a;

	KUNIT_ASSERT_EQ(test, PARSE(test, &a, 0x3b, 0x00), 0);
	KUNIT_EXPECT_EQ(test, a.len, 2);
	KUNIT_EXPECT_EQ(test, a.protocols, BIT(0));
	KUNIT_EXPECT_EQ(test, uicc_atr_protocol(&a), 0);
	KUNIT_EXPECT_FALSE(test, a.inverse);
	KUNIT_EXPECT_FALSE(test, a.specific);
	KUNIT_EXPECT_EQ(test, a.fi, 372);
	KUNIT_EXPECT_EQ(test, a.di, 1);
	KUNIT_EXPECT_EQ(test, a.ta1, 0x11);
	KUNIT_EXPECT_EQ(test, a.wi, 10);
	KUNIT_EXPECT_EQ(test, a.ifsc, 32);
	KUNIT_EXPECT_EQ(test, a.bwi, 4);
	KUNIT_EXPECT_EQ(test, a.cwi, 13);
	KUNIT_EXPECT_EQ(test, a.classes, 0);
	KUNIT_EXPECT_EQ(test, a.hist_len, 0);
}

/* A USIM: T=0, TA1 = 96, T=15 with class indicator C|B|A, historical bytes, TCK. */
static void atr_usim(struct kunit *test)
{
	static const u8 raw[] = {
		0x3b, 0x9f, 0x96, 0x80, 0x1f, 0xc7, 0x80, 0x31, 0xa0, 0x73, 0xbe,
		0x21, 0x13, 0x67, 0x43, 0x20, 0x07, 0x18, 0x00, 0x00, 0x01, 0xa5,
	};
	struct uicc_atr a;

	KUNIT_ASSERT_EQ(test, uicc_atr_parse(&a, raw, sizeof(raw)), 0);
	KUNIT_EXPECT_EQ(test, a.protocols, BIT(0));
	KUNIT_EXPECT_EQ(test, a.fi, 512);
	KUNIT_EXPECT_EQ(test, a.di, 32);
	KUNIT_EXPECT_EQ(test, a.fmax_khz, 5000);
	KUNIT_EXPECT_EQ(test, a.classes,
			UICC_ATR_CLASS_A | UICC_ATR_CLASS_B | UICC_ATR_CLASS_C);
	KUNIT_EXPECT_EQ(test, a.hist, 6);
	KUNIT_EXPECT_EQ(test, a.hist_len, 15);
	KUNIT_EXPECT_EQ(test, a.raw[a.hist], 0x80);
	KUNIT_EXPECT_EQ(test, memcmp(a.raw, raw, sizeof(raw)), 0);
}

/* TD1 = T=1, so T=1 first; IFSC, BWI/CWI and CRC in the third group. */
static void atr_t1_parameters(struct kunit *test)
{
	struct uicc_atr a;

	KUNIT_ASSERT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x81, 0x71, 0xfe, 0x45, 0x01,
				    0x80 ^ 0x81 ^ 0x71 ^ 0xfe ^ 0x45 ^ 0x01), 0);
	KUNIT_EXPECT_EQ(test, a.protocols, BIT(1));
	KUNIT_EXPECT_EQ(test, a.first_protocol, 1);
	KUNIT_EXPECT_EQ(test, a.ifsc, 254);
	KUNIT_EXPECT_EQ(test, a.bwi, 4);
	KUNIT_EXPECT_EQ(test, a.cwi, 5);
	KUNIT_EXPECT_TRUE(test, a.crc);
}

/* Only the first group for T=1 counts, ISO 7816-3 11.4.2. */
static void atr_t1_first_group_counts(struct kunit *test)
{
	struct uicc_atr a;

	KUNIT_ASSERT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x81, 0x91, 0x20, 0x11, 0x40,
				    0x80 ^ 0x81 ^ 0x91 ^ 0x20 ^ 0x11 ^ 0x40), 0);
	KUNIT_EXPECT_EQ(test, a.ifsc, 32);
}

static void atr_both_protocols(struct kunit *test)
{
	struct uicc_atr a;

	/* TD1: T=0, TD2: T=1 */
	KUNIT_ASSERT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x80, 0x01, 0x80 ^ 0x80 ^ 0x01), 0);
	KUNIT_EXPECT_EQ(test, a.protocols, BIT(0) | BIT(1));
	KUNIT_EXPECT_EQ(test, uicc_atr_protocol(&a), 0);
}

static void atr_specific_mode(struct kunit *test)
{
	struct uicc_atr a;

	/* TA2 = 11: T=1 at once, implicit speed; TD1 names T=0 first */
	KUNIT_ASSERT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x90, 0x11, 0x01,
				    0x80 ^ 0x90 ^ 0x11 ^ 0x01), 0);
	KUNIT_EXPECT_TRUE(test, a.specific);
	KUNIT_EXPECT_TRUE(test, a.specific_implicit);
	KUNIT_EXPECT_EQ(test, a.first_protocol, 0);
	KUNIT_EXPECT_EQ(test, uicc_atr_protocol(&a), 1);
}

static void atr_guard_and_waiting_time(struct kunit *test)
{
	struct uicc_atr a;

	/* TC1 = FF; TD1: T=0 with TC2 = 20 */
	KUNIT_ASSERT_EQ(test, PARSE(test, &a, 0x3b, 0xc0, 0xff, 0x40, 0x14), 0);
	KUNIT_EXPECT_EQ(test, a.tc1, 0xff);
	KUNIT_EXPECT_EQ(test, a.wi, 20);
	/* TC2 = 0 is reserved: the default stays */
	KUNIT_ASSERT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x40, 0x00), 0);
	KUNIT_EXPECT_EQ(test, a.wi, 10);
}

static void atr_inverse(struct kunit *test)
{
	struct uicc_atr a;

	KUNIT_ASSERT_EQ(test, PARSE(test, &a, 0x3f, 0x01, 0xaa), 0);
	KUNIT_EXPECT_TRUE(test, a.inverse);
	KUNIT_EXPECT_EQ(test, a.hist, 2);
	KUNIT_EXPECT_EQ(test, a.hist_len, 1);
}

static void atr_reserved_speed(struct kunit *test)
{
	struct uicc_atr a;

	KUNIT_ASSERT_EQ(test, PARSE(test, &a, 0x3b, 0x10, 0x7f), 0);
	KUNIT_EXPECT_TRUE(test, a.fd_reserved);
	KUNIT_EXPECT_EQ(test, a.ta1, 0x7f);
	KUNIT_EXPECT_EQ(test, a.fi, 372);
	KUNIT_EXPECT_EQ(test, a.di, 1);
}

static void atr_nonsense(struct kunit *test)
{
	static const u8 longest[34] = { 0x3b, 0x0f };
	struct uicc_atr a;

	KUNIT_EXPECT_EQ(test, uicc_atr_parse(&a, longest, 0), -EPROTO);
	KUNIT_EXPECT_EQ(test, uicc_atr_parse(&a, longest, 1), -EPROTO);
	KUNIT_EXPECT_EQ(test, uicc_atr_parse(&a, longest, 34), -EPROTO);
	/* TS */
	KUNIT_EXPECT_EQ(test, PARSE(test, &a, 0x3c, 0x00), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(test, &a, 0x03, 0x00), -EPROTO);
	/* bytes left over, historical bytes missing */
	KUNIT_EXPECT_EQ(test, PARSE(test, &a, 0x3b, 0x00, 0x00), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(test, &a, 0x3b, 0x02, 0x00), -EPROTO);
	/* TCK missing, wrong, or there for T=0 alone */
	KUNIT_EXPECT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x01), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x01, 0x80), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x00, 0x80), -EPROTO);
	/* TD1 names T=15; TA2 does */
	KUNIT_EXPECT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x0f, 0x8f), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x10, 0x0f), -EPROTO);
	/* IFSC 0 and 255, BWI 10 */
	KUNIT_EXPECT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x81, 0x11, 0x00,
				    0x80 ^ 0x81 ^ 0x11), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x81, 0x11, 0xff,
				    0x80 ^ 0x81 ^ 0x11 ^ 0xff), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x81, 0x21, 0xa5,
				    0x80 ^ 0x81 ^ 0x21 ^ 0xa5), -EPROTO);
}

/* As long as an ATR may be: every interface byte of four groups, 15 historical bytes. */
static void atr_longest(struct kunit *test)
{
	u8 raw[UICC_ATR_MAX + 1] = {
		0x3b, 0xff, 0x18, 0x00, 0x02, 0xf0, 0x00, 0x00, 0x0b, 0xf1,
		0xfe, 0x93, 0x00, 0x7f, 0x06, 0x00, 0x00,
	};
	struct uicc_atr a;
	int i;

	memset(raw + 17, 'h', 15);
	for (i = 1; i < UICC_ATR_MAX - 1; i++)
		raw[UICC_ATR_MAX - 1] ^= raw[i];
	KUNIT_ASSERT_EQ(test, uicc_atr_parse(&a, raw, UICC_ATR_MAX), 0);
	KUNIT_EXPECT_EQ(test, a.di, 12);
	KUNIT_EXPECT_EQ(test, a.tc1, 2);
	KUNIT_EXPECT_TRUE(test, a.specific);
	KUNIT_EXPECT_FALSE(test, a.specific_implicit);
	KUNIT_EXPECT_EQ(test, a.wi, 11);
	KUNIT_EXPECT_EQ(test, a.ifsc, 254);
	KUNIT_EXPECT_EQ(test, a.bwi, 9);
	KUNIT_EXPECT_EQ(test, a.cwi, 3);
	KUNIT_EXPECT_EQ(test, a.classes, UICC_ATR_CLASS_B | UICC_ATR_CLASS_C);
	KUNIT_EXPECT_EQ(test, a.hist, 17);
	KUNIT_EXPECT_EQ(test, a.hist_len, 15);
	KUNIT_EXPECT_EQ(test, uicc_atr_parse(&a, raw, UICC_ATR_MAX + 1), -EPROTO);
}

/* Every cut of a good ATR is refused, and interface bytes without end too. */
static void atr_cut_anywhere(struct kunit *test)
{
	static const u8 raw[] = {
		0x3b, 0x9f, 0x96, 0x80, 0x1f, 0xc7, 0x80, 0x31, 0xa0, 0x73, 0xbe,
		0x21, 0x13, 0x67, 0x43, 0x20, 0x07, 0x18, 0x00, 0x00, 0x01, 0xa5,
	};
	u8 chain[UICC_ATR_MAX];
	struct uicc_atr a;
	size_t i;

	for (i = 0; i < sizeof(raw); i++)
		KUNIT_EXPECT_EQ(test, uicc_atr_parse(&a, raw, i), -EPROTO);
	memset(chain, 0x81, sizeof(chain));
	chain[0] = 0x3b;
	for (i = 2; i <= sizeof(chain); i++)
		KUNIT_EXPECT_EQ(test, uicc_atr_parse(&a, chain, i), -EPROTO);
}

static struct kunit_case atr_cases[] = {
	KUNIT_CASE(atr_shortest),
	KUNIT_CASE(atr_usim),
	KUNIT_CASE(atr_t1_parameters),
	KUNIT_CASE(atr_t1_first_group_counts),
	KUNIT_CASE(atr_both_protocols),
	KUNIT_CASE(atr_specific_mode),
	KUNIT_CASE(atr_guard_and_waiting_time),
	KUNIT_CASE(atr_inverse),
	KUNIT_CASE(atr_reserved_speed),
	KUNIT_CASE(atr_nonsense),
	KUNIT_CASE(atr_longest),
	KUNIT_CASE(atr_cut_anywhere),
	{}
};

static struct kunit_suite atr_suite = {
	.name = "uicc_atr",
	.test_cases = atr_cases,
};

kunit_test_suite(atr_suite);

MODULE_DESCRIPTION("KUnit suites of uicc");
MODULE_LICENSE("GPL");
