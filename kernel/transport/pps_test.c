// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the choice of a speed, of durations and of PPS; what a whole exchange looks
 * like, tests/lines of the sources shows.
 */
#include <kunit/test.h>
#include <linux/export.h>
#include <linux/module.h>

/* The module of a running system may be loaded beside this one. */
#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(symbol)

#include "line.c"
#include "pps.c"

#define PPS_CLOCK	3571200		/* 9600 etu a second */

/* TA1 = 96: F = 512, D = 32; nothing else */
static void pps_test_atr(struct kunit *test, struct uicc_atr *atr, u8 ta1)
{
	const u8 raw[] = { 0x3b, 0x10, ta1 };

	KUNIT_ASSERT_EQ(test, uicc_atr_parse(atr, raw, sizeof(raw)), 0);
}

static void pps_durations(struct kunit *test)
{
	struct iso7816_timing timing;
	struct iso7816_params params;
	struct uicc_atr atr;

	pps_test_atr(test, &atr, 0x96);
	iso7816_params_initial(&params, &atr, PPS_CLOCK);
	KUNIT_EXPECT_EQ(test, iso7816_baud(&params), 9600);
	iso7816_timing(&timing, &atr, &params);
	KUNIT_EXPECT_EQ(test, timing.iwt_us, 1000000);
	KUNIT_EXPECT_EQ(test, timing.wwt_us, 1376345);	/* 960 * 10 * 512/f */
	KUNIT_EXPECT_EQ(test, timing.turn_us, 625);
	params.f = 512;
	params.d = 32;
	KUNIT_EXPECT_EQ(test, iso7816_baud(&params), 223200);
	iso7816_timing(&timing, &atr, &params);
	KUNIT_EXPECT_EQ(test, timing.iwt_us, 43011);
	KUNIT_EXPECT_EQ(test, timing.wwt_us, 1376345);
	/* The longest there are, on a machine of 32 bits too. */
	atr.wi = 255;
	atr.fi = 2048;
	atr.bwi = 9;
	atr.cwi = 15;
	params = (struct iso7816_params){ .protocol = 1, .f = 2048, .d = 1, .clock_hz = 1 };
	iso7816_timing(&timing, &atr, &params);
	KUNIT_EXPECT_EQ(test, timing.wwt_us, 60000000);
	KUNIT_EXPECT_EQ(test, timing.cwt_us, 60000000);
	KUNIT_EXPECT_EQ(test, timing.bwt_us, 60000000);
}

static bool pps_not_115200(void *ctx, u32 baud)
{
	return baud != 115200;
}

static void pps_choice(struct kunit *test)
{
	struct iso7816_reader reader = { .clock_hz = PPS_CLOCK, .max_baud = 230400 };
	struct iso7816_params params;
	struct uicc_atr atr;

	pps_test_atr(test, &atr, 0x96);
	KUNIT_ASSERT_EQ(test, iso7816_pps_choose(&params, &atr, &reader), 0);
	KUNIT_EXPECT_TRUE(test, params.pps);
	KUNIT_EXPECT_EQ(test, params.fd, 0x96);
	/* 372/12 is the fastest below, and the next one without it 512/16 */
	reader.max_baud = 115200;
	KUNIT_ASSERT_EQ(test, iso7816_pps_choose(&params, &atr, &reader), 0);
	KUNIT_EXPECT_EQ(test, params.fd, 0x18);
	reader.can_baud = pps_not_115200;
	KUNIT_ASSERT_EQ(test, iso7816_pps_choose(&params, &atr, &reader), 0);
	KUNIT_EXPECT_EQ(test, params.fd, 0x95);
	reader.max_baud = 0;
	KUNIT_ASSERT_EQ(test, iso7816_pps_choose(&params, &atr, &reader), 0);
	KUNIT_EXPECT_FALSE(test, params.pps);
	/* a reserved TA1 */
	reader.max_baud = 230400;
	pps_test_atr(test, &atr, 0x7f);
	KUNIT_ASSERT_EQ(test, iso7816_pps_choose(&params, &atr, &reader), 0);
	KUNIT_EXPECT_FALSE(test, params.pps);
}

/* Asks for 512/32 with T=0 and takes @response; 0 is what it was, 1 the initial speed. */
static int pps_answer(const u8 *response, size_t len)
{
	struct iso7816_params params = { .fd = 0x96, .f = 512, .d = 32, .pps = true };
	int ret = iso7816_pps_judge(&params, response, len);

	return ret ?: params.f == 372 && params.d == 1;
}

#define PPS_ANSWER(...) pps_answer((const u8[]){ __VA_ARGS__ }, sizeof((u8[]){ __VA_ARGS__ }))

static void pps_answers(struct kunit *test)
{
	struct iso7816_params params = { .fd = 0x96, .f = 512, .d = 32, .pps = true };
	u8 request[ISO7816_PPS_MAX];

	KUNIT_ASSERT_EQ(test, (int)iso7816_pps_request(&params, request), 4);
	KUNIT_EXPECT_EQ(test, memcmp(request, "\xff\x10\x96\x79", 4), 0);
	KUNIT_EXPECT_EQ(test, iso7816_pps_missing(request, 0), 2);
	KUNIT_EXPECT_EQ(test, iso7816_pps_missing(request, 1), 1);
	KUNIT_EXPECT_EQ(test, iso7816_pps_missing(request, 2), 2);
	KUNIT_EXPECT_EQ(test, iso7816_pps_missing(request, 4), 0);
	KUNIT_EXPECT_EQ(test, iso7816_pps_missing("\xff\x70", 2), 4);

	KUNIT_EXPECT_EQ(test, PPS_ANSWER(0xff, 0x10, 0x96, 0x79), 0);
	KUNIT_EXPECT_EQ(test, PPS_ANSWER(0xff, 0x00, 0xff), 1);
	KUNIT_EXPECT_EQ(test, PPS_ANSWER(0xff, 0x10, 0x95, 0x7a), -EPROTO);
	KUNIT_EXPECT_EQ(test, PPS_ANSWER(0xff, 0x11, 0x96, 0x78), -EPROTO);
	KUNIT_EXPECT_EQ(test, PPS_ANSWER(0xff, 0x01, 0xfe), -EPROTO);
	KUNIT_EXPECT_EQ(test, PPS_ANSWER(0xff, 0x10, 0x96, 0x78), -EPROTO);
	KUNIT_EXPECT_EQ(test, PPS_ANSWER(0xfe, 0x00, 0xfe), -EPROTO);
	KUNIT_EXPECT_EQ(test, PPS_ANSWER(0xff, 0x10, 0x96), -EPROTO);
	KUNIT_EXPECT_EQ(test, PPS_ANSWER(0xff, 0x80, 0x7f), -EPROTO);
	KUNIT_EXPECT_EQ(test, PPS_ANSWER(0xff), -EPROTO);
}

static struct kunit_case pps_cases[] = {
	KUNIT_CASE(pps_durations),
	KUNIT_CASE(pps_choice),
	KUNIT_CASE(pps_answers),
	{}
};

static struct kunit_suite pps_suite = {
	.name = "uicc_iso7816_pps",
	.test_cases = pps_cases,
};

kunit_test_suite(pps_suite);
