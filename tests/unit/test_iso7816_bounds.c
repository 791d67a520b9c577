// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ISO 7816-3 with cards, lines and readers that have no end, no sense or no time; and what it costs
 * to read a bootstrap, by the code itself.
 */
#include "iso7816.h"

#define BEGAN_MS	10000000ull	/* no clock begins at 0 */

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
	int ret;

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
				ret = iso7816_line_block(&line, read, sizeof(read), block, sizeof(block), 255);
				assert_true(c.now_us - began < 181000000);
				/* noise that never ends is no block, and LEN FF is none either */
				if (steps[s] == 100 && c.damaged && bytes[b] == 0xb0)
					assert_int_equal(ret, -EBADMSG);
				else if (steps[s] == 100 && !c.damaged && bytes[b] == 0xff)
					assert_int_equal(ret, 3);
				else
					assert_true(ret == -EBADMSG || ret == -ETIMEDOUT || ret > 0);
			}
}

/* A card that says so many characters, so late each; what it was asked for is noted. */
struct slow {
	u64 now_us;
	u32 late_us;
	unsigned int left, calls;
	u32 first_us[32], next_us[32];
};

static int slow_recv(void *ctx, u8 *buf, size_t len, u32 first_us, u32 next_us)
{
	struct slow *c = ctx;
	size_t got = 0;

	assert_true(c->calls < 32);
	c->first_us[c->calls] = first_us;
	c->next_us[c->calls++] = next_us;
	while (got < len && c->left) {
		u32 wait = got ? next_us : first_us;

		if (c->late_us > wait) {
			c->now_us += wait;
			break;
		}
		c->now_us += c->late_us;
		c->left--;
		buf[got++] = 0xaa;
	}
	return got ? (int)got : -ETIMEDOUT;
}

static u64 slow_now(void *ctx)
{
	return ((struct slow *)ctx)->now_us / 1000;
}

/* Never more characters at a time than there is time for, and none behind the end. */
/* Rules: TONE-20 TZERO-8 */
static void test_time_that_runs_out(void **state)
{
	static const struct iso7816_line_ops ops = { .send = chatter_send, .recv = slow_recv, .now_ms = slow_now };
	struct slow c = { .late_us = 100000, .left = 20 };
	struct iso7816_line line = { .ops = &ops, .ctx = &c };
	u8 buf[32];

	/* in time: pieces of what fits into 5 s, then 4.5, 4.1 ..., each waited for as the one before */
	assert_int_equal(iso7816_line_recv(&line, buf, 20, 2000000, 1000000, 5000), 20);
	assert_true(c.calls > 4);
	assert_int_equal(c.first_us[0], 2000000);
	assert_int_equal(c.first_us[1], 1000000);
	assert_int_equal(c.next_us[0], 1000000);
	/* silent behind five, which were a piece */
	c = (struct slow){ .late_us = 100000, .left = 5 };
	assert_int_equal(iso7816_line_recv(&line, buf, 20, 2000000, 1000000, 5000), 5);
	assert_int_equal(c.calls, 2);
	/* each in its time, all of them not */
	c = (struct slow){ .late_us = 900000, .left = 20 };
	assert_int_equal(iso7816_line_recv(&line, buf, 20, 2000000, 1000000, 5000), 5);
	assert_true(c.now_us <= 5000000);
	/* the waits are no longer than what is left */
	assert_int_equal(c.first_us[c.calls - 1], 500000);
	/* it is over already */
	c = (struct slow){ .now_us = 5000000, .left = 20 };
	assert_int_equal(iso7816_line_recv(&line, buf, 20, 2000000, 1000000, 5000), -ETIMEDOUT);
	assert_int_equal(c.calls, 0);
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
		cmocka_unit_test(test_cards_without_an_end),
		cmocka_unit_test(test_ifsd_that_is_known),
		cmocka_unit_test(test_blocks_of_any_length),
		cmocka_unit_test(test_lines_without_an_end),
		cmocka_unit_test(test_time_that_runs_out),
		cmocka_unit_test(test_cost_of_a_bootstrap),
		cmocka_unit_test(test_wrong_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
