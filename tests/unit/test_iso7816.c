// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The protocols of ISO 7816-3 where no recorded line leads: durations, the choice of a speed, and
 * cards without an end. Same source files as in the module.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/kernel.h>

#include "../../kernel/core/atr.c"
#include "../../kernel/transport/line.c"
#include "../../kernel/transport/pps.c"
#include "../../kernel/transport/t0.c"
#include "../../kernel/transport/t1.c"

#include <cmocka.h>

#define BEGAN_MS	10000000ull	/* no clock begins at 0 */
#define CLOCK	3571200u	/* 9600 etu a second at F = 372 */

/* An ATR of these bytes behind TS, with a TCK where it wants one. */
static struct uicc_atr atr_of(const u8 *bytes, size_t len)
{
	u8 raw[UICC_ATR_MAX] = { 0x3b };
	struct uicc_atr atr;
	size_t i;

	memcpy(raw + 1, bytes, len);
	if (uicc_atr_parse(&atr, raw, len + 1)) {
		for (i = 1; i <= len; i++)
			raw[len + 1] ^= raw[i];
		assert_int_equal(uicc_atr_parse(&atr, raw, len + 2), 0);
	}
	return atr;
}

#define ATR(...) atr_of((const u8[]){ __VA_ARGS__ }, sizeof((u8[]){ __VA_ARGS__ }))

static struct iso7816_timing timing_of(const struct uicc_atr *atr, u8 t, u16 f, u8 d, u32 clock_hz)
{
	struct iso7816_params params = { .protocol = t, .f = f, .d = d, .clock_hz = clock_hz };
	struct iso7816_timing timing;

	iso7816_timing(&timing, atr, &params);
	return timing;
}

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

/* --- cards without an end -------------------------------------------------------- */

struct endless {
	u64 now_ms;
	unsigned int blocks;
	unsigned int step_ms;
	u8 ns;
	/* makes the card's answer, without EDC */
	size_t (*answer)(struct endless *card, const u8 *out, u8 *in);
};

static int endless_block(void *ctx, const u8 *out, size_t len, u8 *in, size_t size, u8 bwt_multiplier)
{
	struct endless *card = ctx;
	size_t n, i;

	assert_true(size >= ISO7816_BLOCK_MAX);
	assert_true(bwt_multiplier >= 1);
	assert_true(++card->blocks < 10000);
	card->now_ms += card->step_ms;
	if (out[1] == 0xc1 || out[1] == 0xc2) {		/* S(IFS), S(ABORT) are answered well */
		memcpy(in, out, len - 1);
		in[1] |= 0x20;
		n = len - 1;
	} else {
		n = card->answer(card, out, in);
	}
	for (i = 0, in[n] = 0; i < n; i++)
		in[n] ^= in[i];
	return n + 1;
}

static u64 endless_now(void *ctx)
{
	return ((struct endless *)ctx)->now_ms;
}

static const struct iso7816_t1_ops endless_ops = { .block = endless_block, .now_ms = endless_now };

static size_t block_of(u8 *in, u8 pcb, u8 len)
{
	memset(in, 0xaa, 3 + len);
	in[0] = 0;
	in[1] = pcb;
	in[2] = len;
	return 3 + len;
}

static size_t wtx_for_ever(struct endless *card, const u8 *out, u8 *in)
{
	return block_of(in, 0xc3, 1);
}

static size_t ifs_for_ever(struct endless *card, const u8 *out, u8 *in)
{
	return block_of(in, 0xc1, 1);
}

static size_t abort_for_ever(struct endless *card, const u8 *out, u8 *in)
{
	return block_of(in, 0xc2, 0);
}

static size_t resynch_for_ever(struct endless *card, const u8 *out, u8 *in)
{
	return block_of(in, 0xc0, 0);
}

static size_t chain_of(struct endless *card, u8 *in, u8 len)
{
	card->ns ^= 1;
	return block_of(in, 0x20 | (card->ns ? 0 : 0x40), len);
}

static size_t empty_chain(struct endless *card, const u8 *out, u8 *in)
{
	return chain_of(card, in, 0);
}

static size_t long_chain(struct endless *card, const u8 *out, u8 *in)
{
	return chain_of(card, in, 254);
}

/* Garbage and S(WTX) by turns: no three things in a row go wrong. */
static size_t garbage_and_wtx(struct endless *card, const u8 *out, u8 *in)
{
	return card->blocks % 2 ? block_of(in, 0xff, 0) : block_of(in, 0xc3, 1);
}

static int play_endless(size_t (*answer)(struct endless *card, const u8 *out, u8 *in), unsigned int step_ms,
			struct endless *card)
{
	struct uicc_atr atr = ATR(0x80, 0x81, 0x31, 0xfe, 0x45);
	static u8 response[UICC_ATR_MAX + 258];
	static const u8 command[] = { 0x00, 0xb0, 0x00, 0x00, 0x00 };
	struct iso7816_t1 t1;
	int ret;

	*card = (struct endless){ .answer = answer, .step_ms = step_ms, .now_ms = BEGAN_MS };
	iso7816_t1_init(&t1, &atr, &endless_ops, card);
	ret = iso7816_t1_transmit(&t1, command, sizeof(command), response, 258);
	assert_true(ret < 0);
	/* whatever it was, the next command finds a way of its own */
	assert_true(t1.lost || ret == -EMSGSIZE);
	return ret;
}

/* Rules: TONE-20 */
static void test_cards_without_an_end(void **state)
{
	struct endless card;

	assert_int_equal(play_endless(wtx_for_ever, 1, &card), -EPROTO);
	assert_true(card.blocks < 1500);
	assert_int_equal(play_endless(wtx_for_ever, 1600, &card), -ETIMEDOUT);
	assert_true(card.now_ms - BEGAN_MS < 122000);
	assert_int_equal(play_endless(ifs_for_ever, 1, &card), -EPROTO);
	assert_int_equal(play_endless(abort_for_ever, 1, &card), -EPROTO);
	assert_int_equal(play_endless(garbage_and_wtx, 1, &card), -EPROTO);
	assert_true(card.blocks < 1500);
	assert_int_equal(play_endless(empty_chain, 1, &card), -EPROTO);
	assert_true(card.blocks < 1500);
	assert_int_equal(play_endless(long_chain, 1, &card), -EMSGSIZE);
	assert_true(card.blocks < 6);
	assert_int_equal(play_endless(resynch_for_ever, 1, &card), -EIO);
	assert_true(card.blocks < 10);
	assert_int_equal(play_endless(resynch_for_ever, 50000, &card), -ETIMEDOUT);
	assert_true(card.now_ms - BEGAN_MS < 200000);
}

static size_t field_of_100(struct endless *card, const u8 *out, u8 *in)
{
	assert_int_not_equal(out[1], 0xc1);
	/* one byte too many, then as many as there may be */
	return block_of(in, 0x00, out[1] & 0x80 ? 100 : 101);
}

static int play_known_ifsd(struct endless *card, u8 ifsd)
{
	struct uicc_atr atr = ATR(0x80, 0x81, 0x31, 0xfe, 0x45);
	static const u8 command[] = { 0x00, 0xb0, 0x00, 0x00, 0x00 };
	struct iso7816_t1 t1;
	u8 response[258];

	*card = (struct endless){ .answer = field_of_100 };
	iso7816_t1_init(&t1, &atr, &endless_ops, card);
	t1.ifsd_known = true;
	t1.ifsd_max = ifsd;
	return iso7816_t1_transmit(&t1, command, sizeof(command), response, 258);
}

/* Somebody else, a CCID reader, tells the card its IFSD. */
/* Rules: TONE-2 TONE-18 */
static void test_ifsd_that_is_known(void **state)
{
	struct endless card;

	assert_int_equal(play_known_ifsd(&card, 100), 100);
	assert_int_equal(card.blocks, 2);
	assert_int_equal(play_known_ifsd(&card, 101), 101);
	assert_int_equal(card.blocks, 1);
}

/* --- readers that hand over anything ----------------------------------------------------- */

struct odd {
	const u8 *bytes;
	int len;
	u8 asked[ISO7816_BLOCK_MAX];
	unsigned int blocks;
};

/* The odd thing comes once, good blocks before and after. */
static int odd_block(void *ctx, const u8 *out, size_t len, u8 *in, size_t size, u8 bwt_multiplier)
{
	static const u8 ifs[] = { 0x00, 0xe1, 0x01, 0xfe, 0x1e }, good[] = { 0x00, 0x00, 0x02, 0x90, 0x00, 0x92 };
	struct odd *odd = ctx;

	memset(in, 0x5a, size);
	switch (odd->blocks++) {
	case 0:
		memcpy(in, ifs, sizeof(ifs));
		return sizeof(ifs);
	case 1:
		if (odd->len > 0)
			memcpy(in, odd->bytes, odd->len);
		return odd->len;
	default:
		memcpy(odd->asked, out, len);
		memcpy(in, good, sizeof(good));
		return sizeof(good);
	}
}

static u64 odd_now(void *ctx)
{
	return 0;
}

static const struct iso7816_t1_ops odd_ops = { .block = odd_block, .now_ms = odd_now };

/* What the R-block says of it; -1: the command is over without one. */
static int reason_of(const u8 *bytes, int len, int want)
{
	struct uicc_atr atr = ATR(0x80, 0x81, 0x31, 0xfe, 0x45);
	static const u8 command[] = { 0x00, 0xb0, 0x00, 0x00, 0x00 };
	struct odd odd = { .bytes = bytes, .len = len };
	struct iso7816_t1 t1;
	u8 response[258];

	iso7816_t1_init(&t1, &atr, &odd_ops, &odd);
	assert_int_equal(iso7816_t1_transmit(&t1, command, sizeof(command), response, 258), want);
	assert_int_equal(t1.lost, want < 0);
	return odd.blocks == 3 ? odd.asked[1] - 0x80 : -1;
}

/* Rules: TONE-9 TONE-18 */
static void test_blocks_of_any_length(void **state)
{
	static const u8 long_len[ISO7816_BLOCK_MAX] = { 0x00, 0x00, 0xff, 0x90, 0x00 };
	static const u8 block[] = { 0x00, 0x00, 0x02, 0x90, 0x00, 0x92, 0x92 };
	u8 full[ISO7816_BLOCK_MAX] = { 0x00, 0x00, 0xff };
	int i;

	for (i = 0; i < 6; i++)
		assert_int_equal(reason_of(block, i, 2), T1_OTHER);
	assert_int_equal(reason_of(block, 6, 2), -1);
	assert_int_equal(reason_of(block, 7, 2), T1_OTHER);
	assert_int_equal(reason_of(long_len, 3, 2), T1_OTHER);
	/* 255 bytes of field, and an EDC that is right: reserved all the same */
	for (i = 0; i < ISO7816_BLOCK_MAX - 1; i++)
		full[ISO7816_BLOCK_MAX - 1] ^= full[i];
	assert_int_equal(reason_of(full, ISO7816_BLOCK_MAX, 2), T1_OTHER);
	assert_int_equal(reason_of(NULL, -EBADMSG, 2), T1_EDC);
	assert_int_equal(reason_of(NULL, -ETIMEDOUT, 2), T1_OTHER);
	assert_int_equal(reason_of(NULL, -ENODEV, -ENODEV), -1);
	assert_int_equal(reason_of(NULL, -EINTR, -EINTR), -1);
	assert_int_equal(reason_of(NULL, -ECOMM, -ECOMM), -1);
}

/* --- a line that has no end -------------------------------------------------------- */

struct chatter {
	u64 now_us;
	u64 sent;
	u32 step_us;	/* between its characters */
	u8 byte;
	int damaged;	/* every nth character, 0 for none */
	unsigned int n;
};

static int chatter_send(void *ctx, const u8 *buf, size_t len, u32 gap_us)
{
	return 0;
}

static int chatter_recv(void *ctx, u8 *buf, size_t len, u32 first_us, u32 next_us)
{
	struct chatter *c = ctx;
	size_t i;

	for (i = 0; i < len; i++) {
		if (c->step_us > (i ? next_us : first_us)) {
			c->now_us += i ? next_us : first_us;
			return i ? (int)i : -ETIMEDOUT;
		}
		c->now_us += c->step_us;
		assert_true(++c->n < 2000000);
		if (c->damaged && c->n % c->damaged == 0)
			return -EBADMSG;
		buf[i] = c->byte;
	}
	return len;
}

static u64 chatter_now(void *ctx)
{
	return ((struct chatter *)ctx)->now_us / 1000;
}

static const struct iso7816_line_ops chatter_ops = {
	.send = chatter_send, .recv = chatter_recv, .now_ms = chatter_now,
};

/* Rules: TZERO-8 TONE-20 */
static void test_lines_without_an_end(void **state)
{
	struct uicc_atr atr = ATR(0x80, 0x81, 0x21, 0x4f);
	static const u8 read[] = { 0x00, 0xb0, 0x00, 0x00, 0x00 };
	u8 response[258], block[ISO7816_BLOCK_MAX];
	struct chatter c = { .byte = 0xb0, .now_us = BEGAN_MS * 1000 };
	struct iso7816_line line = { .ops = &chatter_ops, .ctx = &c };
	static const u32 steps[] = { 0, 100, 90000, 990000, 3400000, 59000000 };
	static const u8 bytes[] = { 0xb0, 0x4f, 0x60, 0x90, 0x00, 0xff };
	unsigned int s, b;
	u64 began;

	for (s = 0; s < ARRAY_SIZE(steps); s++)
		for (b = 0; b < ARRAY_SIZE(bytes); b++)
			for (c.damaged = 0; c.damaged < 8; c.damaged += 7) {
				c.byte = bytes[b];
				c.step_us = steps[s];
				c.n = 0;
				line.timing = timing_of(&atr, 0, 372, 1, CLOCK);
				began = c.now_us;
				iso7816_t0_tpdu(&line, read, sizeof(read), response, sizeof(response));
				assert_true(c.now_us - began < 121000000);
				line.timing = timing_of(&atr, 1, 372, 1, CLOCK);
				began = c.now_us;
				iso7816_line_block(&line, read, sizeof(read), block, sizeof(block), 255);
				assert_true(c.now_us - began < 181000000);
			}
}

/* --- what reading a bootstrap costs --------------------------------------------------- */

/* A card that answers as bootstrap-600.walk says, and counts what crosses the line. */
struct payer {
	unsigned int data;	/* of the exchange that runs */
	u8 sw1, sw2;
	unsigned int command;
	u8 queue[512];		/* what it says next */
	size_t queued, at;
	unsigned int characters, turns;
	bool ours;		/* the last character was */
	struct iso7816_line line;
	/* T=1 */
	u8 block[ISO7816_BLOCK_MAX], ns, nr;
	size_t left;
};

static void payer_says(struct payer *p, u8 byte)
{
	p->queue[p->queued++] = byte;
}

static void payer_block(struct payer *p, u8 pcb, const u8 *inf, u8 len)
{
	const u8 head[3] = { 0, pcb, len };
	u8 sum = 0;
	int i;

	for (i = 0; i < 3 + len; i++) {
		payer_says(p, i < 3 ? head[i] : inf ? inf[i - 3] : 0xaa);
		sum ^= p->queue[p->queued - 1];
	}
	payer_says(p, sum);
}

/* Its response from where it stands, up to 254 bytes; status words in the last two. */
static void payer_sends_on(struct payer *p)
{
	u8 inf[254], n = p->left > 254 ? 254 : p->left, i;

	for (i = 0; i < n; i++)
		inf[i] = p->left - i == 2 ? p->sw1 : p->left - i == 1 ? p->sw2 : 0xaa;
	p->left -= n;
	payer_block(p, (p->ns ? 0x40 : 0) | (p->left ? 0x20 : 0), inf, n);
	p->ns ^= 1;
}

static int payer_send(void *ctx, const u8 *buf, size_t len, u32 gap_us)
{
	struct payer *p = ctx;
	unsigned int i;

	assert_int_equal(p->at, p->queued);
	p->at = p->queued = 0;
	p->characters += len;
	p->turns += !p->ours;
	p->ours = true;
	if (p->line.limit_ms == 1) {		/* T=1 */
		if (buf[1] == 0xc1) {
			payer_block(p, 0xe1, buf + 3, 1);
		} else {
			if (!(buf[1] & 0x80))
				p->left = p->data + 2;
			payer_sends_on(p);
		}
	} else if (len == 5 && p->command > 5) {
		payer_says(p, buf[1]);
	} else {
		for (i = 0; len == 5 && p->data && i <= p->data; i++)
			payer_says(p, i ? 0xaa : buf[1]);
		payer_says(p, p->sw1);
		payer_says(p, p->sw2);
	}
	return 0;
}

static int payer_recv(void *ctx, u8 *buf, size_t len, u32 first_us, u32 next_us)
{
	struct payer *p = ctx;

	assert_true(len <= p->queued - p->at);
	memcpy(buf, p->queue + p->at, len);
	p->at += len;
	p->characters += len;
	p->turns += p->ours;
	p->ours = false;
	return len;
}

static u64 payer_now(void *ctx)
{
	return 0;
}

static int payer_t1(void *ctx, const u8 *out, size_t len, u8 *in, size_t size, u8 bwt_multiplier)
{
	return iso7816_line_block(&((struct payer *)ctx)->line, out, len, in, size, bwt_multiplier);
}

static const struct iso7816_line_ops payer_ops = { .send = payer_send, .recv = payer_recv, .now_ms = payer_now };
static const struct iso7816_t1_ops payer_blocks = { .block = payer_t1, .now_ms = payer_now };

/* What tests/bench/uart.py computes, by the code itself. */
static void pay(const char *card, bool t1, struct payer *p)
{
	struct uicc_atr atr = ATR(0x80, 0x81, 0x31, 0xfe, 0x45);
	unsigned int header, status;
	u8 command[300], response[300];
	char line[200], name[40] = "";
	struct iso7816_t1 blocks;
	FILE *f = fopen("tests/bench/bootstrap-600.walk", "r");
	int ret;

	assert_non_null(f);
	*p = (struct payer){ .line = { .ops = &payer_ops, .ctx = p, .limit_ms = 1 + !t1 } };
	p->line.timing = timing_of(&atr, t1, 372, 1, CLOCK);
	iso7816_t1_init(&blocks, &atr, &payer_blocks, p);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "card %39s", name) == 1 || strcmp(name, card) ||
		    sscanf(line, "%8x %u %u %4x", &header, &p->command, &p->data, &status) != 4)
			continue;
		p->sw1 = status >> 8;
		p->sw2 = status;
		memset(command, 0, sizeof(command));
		command[1] = header >> 16;
		command[4] = p->command > 5 ? p->command - 5 : p->data ?: 255;
		ret = t1 ? iso7816_t1_transmit(&blocks, command, p->command, response, 258) :
			   iso7816_t0_tpdu(&p->line, command, p->command, response, 258);
		assert_int_equal(ret, p->data + 2);
		assert_memory_equal(response + p->data, &p->sw1, 2);
	}
	fclose(f);
}

static void test_cost_of_a_bootstrap(void **state)
{
	struct payer p;

	/* uart.bytes and uart.t1.bytes without the answers to reset, of 21 and 23 bytes */
	pay("bench600", false, &p);
	assert_int_equal(p.characters, 798 - 21);
	assert_int_equal(p.turns, 28);
	pay("bench600-t1", true, &p);
	assert_int_equal(p.characters, 882 - 23);
	assert_int_equal(p.turns, 24);
}

/* What a driver does not have to fear of its own callers. */
static void test_wrong_calls(void **state)
{
	struct uicc_atr atr = ATR(0x80, 0x01);
	static const u8 read[] = { 0x00, 0xb0, 0x00, 0x00, 0x00 };
	struct chatter c = { 0 };
	struct iso7816_line line = { .ops = &chatter_ops, .ctx = &c };
	struct endless card = { 0 };
	struct iso7816_t1 t1;
	u8 response[300];

	line.timing = timing_of(&atr, 0, 372, 1, CLOCK);
	assert_int_equal(iso7816_t0_tpdu(&line, read, 5, response, 257), -EINVAL);
	assert_int_equal(iso7816_t0_tpdu(&line, read, 4, response, 258), -EINVAL);
	assert_int_equal(iso7816_line_block(&line, read, 4, response, ISO7816_BLOCK_MAX - 1, 1), -EINVAL);
	iso7816_t1_init(&t1, &atr, &endless_ops, &card);
	assert_int_equal(iso7816_t1_transmit(&t1, read, 3, response, 258), -EINVAL);
	assert_int_equal(iso7816_t1_transmit(&t1, read, 5, response, 1), -EINVAL);
	assert_int_equal(card.blocks, 0);
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
		cmocka_unit_test(test_cards_without_an_end),
		cmocka_unit_test(test_ifsd_that_is_known),
		cmocka_unit_test(test_blocks_of_any_length),
		cmocka_unit_test(test_lines_without_an_end),
		cmocka_unit_test(test_cost_of_a_bootstrap),
		cmocka_unit_test(test_wrong_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
