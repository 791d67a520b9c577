// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the ATR parser. Real ATRs, and what a broken card might send.
 */
#include <kunit/test.h>
#include <linux/export.h>
#include <linux/module.h>

/* The core of a running system may be loaded beside this one. */
#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(symbol)

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

static void quirk_atr_specific_mode(struct kunit *test)
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

/* Historical bytes, of @hist alone. */
static int parse_hist(struct uicc_atr *a, const u8 *hist, size_t n)
{
	u8 raw[2 + 15] = { 0x3b, n };

	memcpy(raw + 2, hist, n);
	return uicc_atr_parse(a, raw, 2 + n);
}

/* Card capabilities: extended length and logical channels. */
static void atr_capabilities(struct kunit *test)
{
	static const struct {
		u8 hist[15];
		u8 len;
		u8 caps_len;
		u8 channels;
		bool extended;
	} row[] = {
		/* a USIM, four channels; a Java card, extended length too */
		{ { 0x80, 0x31, 0xa0, 0x73, 0xbe, 0x21, 0x13, 0x67, 0x43, 0x20, 0x07, 0x18, 0x00,
		    0x00, 0x01 }, 15, 3, 4, false },
		{ { 0x80, 0x73, 0xc8, 0x21, 0x57 }, 5, 3, 8, true },
		{ { 0x80, 0x73, 0xc0, 0x21, 0xc0 }, 5, 3, 1, true },
		/* category 00: the last three bytes are status, not objects */
		{ { 0x00, 0x73, 0xc0, 0x21, 0x41, 0x05, 0x90, 0x00 }, 8, 3, 2, true },
		{ { 0x00, 0x31, 0x80, 0x73, 0xc0, 0x21, 0x41 }, 7, 0, 0, false },
		{ { 0x00, 0x90 }, 2, 0, 0, false },
		/* software functions in fewer bytes; none; of four bytes */
		{ { 0x80, 0x71, 0xc0 }, 3, 1, 0, false },
		{ { 0x80, 0x72, 0xc0, 0x21 }, 4, 2, 0, false },
		{ { 0x80, 0x70 }, 2, 0, 0, false },
		{ { 0x80, 0x74, 1, 2, 0x40, 3 }, 6, 0, 0, false },
		{ { 0x80, 0x31, 0xa0 }, 3, 0, 0, false },
		/* an object that is cut hides what is behind it, nothing before it */
		{ { 0x80, 0x73, 0xc0, 0x21, 0x40, 0x32, 0x01 }, 7, 3, 1, true },
		{ { 0x80, 0x3f, 0x73, 0xc0, 0x21, 0x40 }, 6, 0, 0, false },
		{ { 0x80, 0x73, 0xc0, 0x21 }, 4, 0, 0, false },
		/* other categories, and no byte at all */
		{ { 0x10, 0x73, 0xc0, 0x21, 0x40 }, 5, 0, 0, false },
		{ { 0x41, 0x73, 0xc0, 0x21, 0x40 }, 5, 0, 0, false },
		{ { 0x80 }, 1, 0, 0, false },
		{ { 0 }, 0, 0, 0, false },
	};
	struct uicc_atr a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		KUNIT_ASSERT_EQ(test, parse_hist(&a, row[i].hist, row[i].len), 0);
		KUNIT_EXPECT_EQ_MSG(test, a.caps_len, row[i].caps_len, "%zu", i);
		KUNIT_EXPECT_EQ_MSG(test, uicc_atr_channels(&a), row[i].channels, "%zu", i);
		KUNIT_EXPECT_EQ_MSG(test, uicc_atr_extended(&a), row[i].extended, "%zu", i);
	}
}

/* Any historical bytes are good: no pair of them leads out of the ATR. */
static void atr_any_historical_bytes(struct kunit *test)
{
	u8 hist[15];
	struct uicc_atr a;
	int i, n;

	for (n = 1; n <= 15; n++) {
		for (i = 0; i < 256; i++) {
			memset(hist, i, sizeof(hist));
			hist[0] = i & 1 ? 0x80 : 0x00;
			KUNIT_ASSERT_EQ(test, parse_hist(&a, hist, n), 0);
			KUNIT_ASSERT_LE(test, a.caps_len, 3);
		}
	}
}

static void atr_offers(struct kunit *test)
{
	struct uicc_atr a;

	/* T=0 and T=1 */
	KUNIT_ASSERT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x80, 0x01, 0x80 ^ 0x80 ^ 0x01), 0);
	KUNIT_EXPECT_TRUE(test, uicc_atr_offers(&a, 0));
	KUNIT_EXPECT_TRUE(test, uicc_atr_offers(&a, 1));
	KUNIT_EXPECT_FALSE(test, uicc_atr_offers(&a, 14));
	KUNIT_EXPECT_EQ(test, uicc_atr_supply_classes(&a), 0);
	/* the same, but TA2: T=1 alone; classes A and B behind T=15 */
	KUNIT_ASSERT_EQ(test, PARSE(test, &a, 0x3b, 0x80, 0x90, 0x11, 0x81, 0x1f, 0xc3,
				    0x80 ^ 0x90 ^ 0x11 ^ 0x81 ^ 0x1f ^ 0xc3), 0);
	KUNIT_EXPECT_FALSE(test, uicc_atr_offers(&a, 0));
	KUNIT_EXPECT_TRUE(test, uicc_atr_offers(&a, 1));
	KUNIT_EXPECT_EQ(test, uicc_atr_protocol(&a), 1);
	KUNIT_EXPECT_EQ(test, uicc_atr_supply_classes(&a),
			UICC_ATR_CLASS_A | UICC_ATR_CLASS_B);
}

static struct kunit_case atr_cases[] = {
	KUNIT_CASE(atr_shortest),
	KUNIT_CASE(atr_usim),
	KUNIT_CASE(atr_t1_parameters),
	KUNIT_CASE(atr_t1_first_group_counts),
	KUNIT_CASE(atr_both_protocols),
	KUNIT_CASE(quirk_atr_specific_mode),
	KUNIT_CASE(atr_guard_and_waiting_time),
	KUNIT_CASE(atr_inverse),
	KUNIT_CASE(atr_reserved_speed),
	KUNIT_CASE(atr_nonsense),
	KUNIT_CASE(atr_longest),
	KUNIT_CASE(atr_cut_anywhere),
	KUNIT_CASE(atr_capabilities),
	KUNIT_CASE(atr_any_historical_bytes),
	KUNIT_CASE(atr_offers),
	{}
};

static struct kunit_suite atr_suite = {
	.name = "uicc_atr",
	.test_cases = atr_cases,
};

kunit_test_suite(atr_suite);

MODULE_DESCRIPTION("KUnit suites of uicc");
MODULE_LICENSE("GPL");
