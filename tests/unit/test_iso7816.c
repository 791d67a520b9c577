// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ISO 7816-3 where no recorded line leads: durations for every parameter, the choice of a speed for
 * every TA1, PPS without a line.
 */
#include "iso7816.h"

/* Rules: LINE-1 LINE-4 LINE-5 LINE-6 */
static void test_durations(void **state)
{
	struct uicc_atr plain = ATR(0x00), wi = ATR(0x90, 0x96, 0x40, 0xff), t1 = ATR(0x80, 0x81, 0x21, 0x9f);
	struct iso7816_timing t = timing_of(&plain, 0, 372, 1, CLOCK);

	assert_int_equal(t.etu_ns, 104166);
	assert_int_equal(t.iwt_us, 1000000);
	assert_int_equal(t.wwt_us, 1000000);	/* 960 * 10 * 372/f */
	assert_int_equal(t.turn_us, 625);	/* 6 etu behind the ten of the character */
	t = timing_of(&plain, 1, 372, 1, CLOCK);
	assert_int_equal(t.turn_us, 1250);	/* 12 */
	assert_int_equal(t.cwt_us, 854480);	/* 8203 etu = 854479.17 us: never less */
	assert_int_equal(t.bwt_us, 1146 + 1600000);
	/* faster: what is counted in etu is shorter, what is counted in clocks is not */
	t = timing_of(&plain, 1, 512, 32, CLOCK);
	assert_int_equal(t.etu_ns, 4480);
	assert_int_equal(t.iwt_us, 43011);
	assert_int_equal(t.cwt_us, 36752);
	assert_int_equal(t.bwt_us, 50 + 1600000);
	/* WI 255 at Fi = 512 would be 35 s */
	t = timing_of(&wi, 0, 372, 1, CLOCK);
	assert_int_equal(t.wwt_us, 255ull * 960 * 512 * 1000000 / CLOCK + 1);
	/* BWI 9, CWI 15: 51.2 s and 3.4 s */
	t = timing_of(&t1, 1, 372, 1, CLOCK);
	assert_int_equal(t.bwt_us, 1146 + 51200000);
	assert_int_equal(t.cwt_us, 3414480);
	/* no wait is longer than a minute, and nothing overflows */
	t = timing_of(&t1, 1, 2048, 1, 1000000);
	assert_int_equal(t.bwt_us, 60000000);
	assert_int_equal(t.cwt_us, 60000000);
	t = timing_of(&wi, 0, 2048, 1, 1);
	assert_int_equal(t.wwt_us, 60000000);
	assert_int_equal(t.iwt_us, 60000000);
	assert_int_equal(timing_of(&wi, 0, 372, 64, UINT32_MAX).etu_ns, 1);
}

/* Rules: LINE-2 LINE-3 */
static void test_guard_time(void **state)
{
	struct uicc_atr none = ATR(0x00), five = ATR(0x50, 0x96, 0x05), least = ATR(0x40, 0xff);
	/* the same with T=15, first and last of the protocols */
	struct uicc_atr global = ATR(0xd0, 0x96, 0x05, 0x80, 0x1f, 0x07);
	struct uicc_atr later = ATR(0xd0, 0x96, 0x05, 0x81, 0x81, 0x0f);
	/* with TB1 in between; without T=15, but bytes that look like it */
	struct uicc_atr full = ATR(0xf0, 0x96, 0x25, 0x05, 0x80, 0x1f, 0x07);
	struct uicc_atr like = ATR(0xf0, 0x96, 0x8f, 0x05, 0x40, 0x0f), last = ATR(0xd2, 0x96, 0x05, 0x00, 0x9f, 0x1f);
	struct iso7816_timing t = timing_of(&none, 0, 372, 1, CLOCK);

	assert_int_equal(t.guard_etu, 12);
	assert_int_equal(t.extra_us, 0);
	t = timing_of(&five, 0, 372, 1, CLOCK);
	assert_int_equal(t.guard_etu, 12);
	assert_int_equal(t.extra_us, 521);	/* 5 etu of 104.17 us */
	t = timing_of(&five, 0, 512, 32, CLOCK);
	assert_int_equal(t.extra_us, 23);
	t = timing_of(&global, 0, 372, 1, CLOCK);
	assert_int_equal(t.extra_us, 23);	/* at 512/32 although it is not in use */
	t = timing_of(&later, 1, 372, 1, CLOCK);
	assert_int_equal(t.extra_us, 23);
	t = timing_of(&full, 0, 372, 1, CLOCK);
	assert_int_equal(t.extra_us, 23);
	t = timing_of(&like, 0, 372, 1, CLOCK);
	assert_int_equal(t.extra_us, 521);
	t = timing_of(&last, 0, 372, 1, CLOCK);
	assert_int_equal(t.extra_us, 521);
	t = timing_of(&least, 0, 372, 1, CLOCK);
	assert_int_equal(t.guard_etu, 12);
	assert_int_equal(t.extra_us, 0);
	t = timing_of(&least, 1, 372, 1, CLOCK);
	assert_int_equal(t.guard_etu, 11);
	assert_int_equal(t.extra_us, 0);
}

static bool only_57600(void *ctx, u32 baud)
{
	return baud == 57600;
}

/* Each TA1 and each rate: never more than either side has, and never less than what there was. */
/* Rules: PPS-3 PPS-2 */
static void test_every_speed(void **state)
{
	static const u32 bauds[] = { 0, 9600, 19200, 57600, 115200, 230400, 10000000 };
	unsigned int ta1, b;

	for (ta1 = 0; ta1 < 256; ta1++) {
		struct uicc_atr atr = ATR(0x10, ta1);

		for (b = 0; b < ARRAY_SIZE(bauds); b++) {
			struct iso7816_reader reader = { .clock_hz = CLOCK, .max_baud = bauds[b] };
			struct iso7816_params p;
			u8 request[ISO7816_PPS_MAX];
			size_t len;

			assert_int_equal(iso7816_pps_choose(&p, &atr, &reader), 0);
			assert_true(p.f >= 372 && p.f <= atr.fi && p.d >= 1 && p.d <= atr.di);
			assert_true(iso7816_baud(&p) >= 9600);
			assert_true(iso7816_baud(&p) == 9600 || iso7816_baud(&p) <= bauds[b]);
			assert_int_equal(p.pps, p.f != 372 || p.d != 1);
			if (atr.fd_reserved)
				assert_false(p.pps);
			/* what the card offers itself is taken when the reader has it */
			else if (atr.di * 372 > atr.fi && (u64)CLOCK * atr.di / atr.fi + 1 < bauds[b])
				assert_true(p.f == atr.fi && p.d == atr.di);
			len = iso7816_pps_request(&p, request);
			assert_int_equal(len, p.pps ? 4 : 3);
			assert_int_equal(pps_sum(request, len), 0);
			if (p.pps)
				assert_true(pps_f[request[2] >> 4].f == p.f && pps_d[request[2] & 15] == p.d);
		}
	}
}

/* Rules: PPS-3 */
static void test_speeds_of_a_reader(void **state)
{
	struct uicc_atr atr = ATR(0x10, 0x18);
	struct iso7816_reader reader = { .clock_hz = CLOCK, .max_baud = 115200, .can_baud = only_57600 };
	struct iso7816_params p;

	/* 372/12 is 115200, which it has not; 558/8 and the like are not 57600, 744/12 is no offer */
	assert_int_equal(iso7816_pps_choose(&p, &atr, &reader), 0);
	assert_int_equal(iso7816_baud(&p), 9600);
	/* no F that the clock is too fast for: at 4.8 MHz not 372 by code 0 (4 MHz), but by code 1 */
	atr = ATR(0x10, 0x08);
	reader = (struct iso7816_reader){ .clock_hz = 4800000, .max_baud = 200000 };
	assert_int_equal(iso7816_pps_choose(&p, &atr, &reader), 0);
	assert_int_equal(p.fd, 0x18);
	reader.clock_hz = 6000000;
	assert_int_equal(iso7816_pps_choose(&p, &atr, &reader), 0);
	assert_false(p.pps);
}

static int judge(struct iso7816_params *p, const char *response, size_t len)
{
	*p = (struct iso7816_params){ .fd = 0x96, .f = 512, .d = 32, .pps = true, .clock_hz = CLOCK };
	return iso7816_pps_judge(p, (const u8 *)response, len);
}

/* A reader without a line, CCID, asks and judges by itself. */
/* Rules: PPS-4 PPS-5 PPS-6 */
static void test_pps_without_a_line(void **state)
{
	static const u8 all[] = { 0xff, 0x70, 0x96, 0x01, 0x02, 0x1a }, none[] = { 0xff, 0x00, 0xff };
	struct iso7816_params p;
	size_t i;

	for (i = 0; i < sizeof(all); i++)
		assert_int_equal(iso7816_pps_missing(all, i), i < 2 ? 2 - i : 6 - i);
	assert_int_equal(iso7816_pps_missing(all, 6), 0);
	assert_int_equal(iso7816_pps_missing(none, 2), 1);
	assert_int_equal(iso7816_pps_missing(none, 3), 0);
	assert_int_equal(iso7816_pps_missing(none, 5), 0);

	assert_int_equal(judge(&p, "\xff\x10\x96\x79", 4), 0);
	assert_true(p.fd == 0x96 && p.f == 512 && p.d == 32);
	assert_int_equal(judge(&p, "\xff\x00\xff", 3), 0);
	assert_true(p.fd == 0x11 && p.f == 372 && p.d == 1 && p.clock_hz == CLOCK);
	/* not whole, or more than whole */
	assert_int_equal(judge(&p, "\xff\x10\x96\x79", 0), -EPROTO);
	assert_int_equal(judge(&p, "\xff\xff", 2), -EPROTO);
	assert_int_equal(judge(&p, "\xff\x10\xef", 3), -EPROTO);
	assert_int_equal(judge(&p, "\xff\x10\x96\x79\x00", 5), -EPROTO);
	assert_int_equal(judge(&p, "\xff\x00\xff\x00", 4), -EPROTO);
}

/* Rules: PPS-8 PPS-9 */
static void test_cards_of_their_own_mind(void **state)
{
	struct uicc_atr fast = ATR(0x90, 0x96, 0x10, 0x00), plain = ATR(0x90, 0x11, 0x10, 0x00);
	struct uicc_atr slow = ATR(0x90, 0x91, 0x10, 0x00), odd = ATR(0x90, 0x7f, 0x10, 0x00);
	struct uicc_atr t2 = ATR(0x80, 0x82, 0x01), t2_alone = ATR(0x80, 0x02);
	struct iso7816_reader none = { .clock_hz = CLOCK }, any = { .clock_hz = CLOCK, .max_baud = 1000000 };
	struct iso7816_params p;

	assert_int_equal(iso7816_pps_choose(&p, &fast, &any), 0);
	assert_true(!p.pps && p.fd == 0x96 && p.f == 512 && p.d == 32);
	assert_int_equal(iso7816_pps_choose(&p, &fast, &none), -EOPNOTSUPP);
	/* the initial rate is one that every reader has; one slower than it is not */
	assert_int_equal(iso7816_pps_choose(&p, &plain, &none), 0);
	assert_true(!p.pps && p.f == 372 && p.d == 1);
	assert_int_equal(iso7816_pps_choose(&p, &slow, &none), -EOPNOTSUPP);
	assert_int_equal(iso7816_pps_choose(&p, &slow, &any), 0);
	assert_true(!p.pps && p.f == 512 && p.d == 1);
	assert_int_equal(iso7816_pps_choose(&p, &odd, &any), -EOPNOTSUPP);
	/* the first protocol is none of ours */
	assert_int_equal(iso7816_pps_choose(&p, &t2, &none), 0);
	assert_true(p.pps && p.protocol == 1 && p.f == 372);
	assert_int_equal(iso7816_pps_choose(&p, &t2_alone, &any), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_guard_time),
		cmocka_unit_test(test_every_speed),
		cmocka_unit_test(test_speeds_of_a_reader),
		cmocka_unit_test(test_pps_without_a_line),
		cmocka_unit_test(test_cards_of_their_own_mind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
