// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of T=0: a card of a few bytes at the end of a line.
 */
#include <kunit/test.h>
#include <linux/export.h>
#include <linux/module.h>

#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(symbol)

#include "t0.c"

/* What the card says, and how much of it was asked for; what was sent to it. */
struct t0_card {
	struct iso7816_line line;
	const u8 *says;
	size_t len;
	size_t at;
	bool endless;
	u8 sent[300];
	size_t sent_len;
	u64 now_ms;
};

static int t0_card_send(void *ctx, const u8 *buf, size_t len, u32 gap_us)
{
	struct t0_card *card = ctx;

	if (card->sent_len + len > sizeof(card->sent))
		return -ENOSPC;
	memcpy(card->sent + card->sent_len, buf, len);
	card->sent_len += len;
	return 0;
}

static int t0_card_recv(void *ctx, u8 *buf, size_t len, u32 first_us, u32 next_us)
{
	struct t0_card *card = ctx;
	size_t got = 0;

	while (got < len && card->at < card->len) {
		buf[got++] = card->says[card->at++];
		if (card->endless && card->at == card->len)
			card->at--;
		card->now_ms++;
	}
	if (got < len)
		card->now_ms += next_us / 1000;
	return got ?: -ETIMEDOUT;
}

static u64 t0_card_now(void *ctx)
{
	return ((struct t0_card *)ctx)->now_ms;
}

static const struct iso7816_line_ops t0_card_ops = {
	.send = t0_card_send,
	.recv = t0_card_recv,
	.now_ms = t0_card_now,
};

static int t0_ask(struct t0_card *card, const char *command, size_t command_len,
		  const char *says, size_t len, u8 *response)
{
	bool endless = card->endless;

	memset(card, 0, sizeof(*card));
	card->endless = endless;
	card->says = (const u8 *)says;
	card->len = len;
	card->line.ops = &t0_card_ops;
	card->line.ctx = card;
	card->line.timing.wwt_us = 1000000;
	return iso7816_t0_tpdu(&card->line, (const u8 *)command, command_len, response, 258);
}

#define T0_ASK(command, says) \
	t0_ask(card, command, sizeof(command) - 1, says, sizeof(says) - 1, response)
#define T0_READ		"\x00\xb0\x00\x00\x04"
#define T0_SELECT	"\x00\xa4\x00\x0c\x02\x3f\x00"

static void t0_receives(struct kunit *test)
{
	struct t0_card *card = kunit_kzalloc(test, sizeof(*card), GFP_KERNEL);
	u8 *response = kunit_kzalloc(test, 258, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, card);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, response);
	KUNIT_EXPECT_EQ(test, T0_ASK(T0_READ, "\x60\xb0\1\2\3\4\x60\x90\x00"), 6);
	KUNIT_EXPECT_EQ(test, memcmp(response, "\1\2\3\4\x90\x00", 6), 0);
	KUNIT_EXPECT_EQ(test, (int)card->sent_len, 5);
	KUNIT_EXPECT_EQ(test, T0_ASK(T0_READ, "\x4f\1\x4f\2\xb0\3\4\x62\x82"), 6);
	KUNIT_EXPECT_EQ(test, memcmp(response, "\1\2\3\4\x62\x82", 6), 0);
	KUNIT_EXPECT_EQ(test, T0_ASK(T0_READ, "\x6c\x02"), 2);
	/* acknowledged, but no data: quirk_ack_then_status of the core */
	KUNIT_EXPECT_EQ(test, T0_ASK(T0_READ, "\xb0\x6c\x02"), 2);
	KUNIT_EXPECT_EQ(test, memcmp(response, "\x6c\x02", 2), 0);
	KUNIT_EXPECT_EQ(test, T0_ASK(T0_READ, "\xb0\1\2"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, T0_ASK(T0_READ, ""), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, T0_ASK(T0_READ, "\xb1"), -EPROTO);
}

static void t0_sends(struct kunit *test)
{
	struct t0_card *card = kunit_kzalloc(test, sizeof(*card), GFP_KERNEL);
	u8 *response = kunit_kzalloc(test, 258, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, card);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, response);
	KUNIT_EXPECT_EQ(test, T0_ASK(T0_SELECT, "\xa4\x90\x00"), 2);
	KUNIT_EXPECT_EQ(test, (int)card->sent_len, 7);
	KUNIT_EXPECT_EQ(test, memcmp(card->sent, T0_SELECT, 7), 0);
	KUNIT_EXPECT_EQ(test, T0_ASK(T0_SELECT, "\x5b\x60\x5b\x90\x00"), 2);
	KUNIT_EXPECT_EQ(test, (int)card->sent_len, 7);
	/* the card wants no data: none goes out */
	KUNIT_EXPECT_EQ(test, T0_ASK(T0_SELECT, "\x6e\x00"), 2);
	KUNIT_EXPECT_EQ(test, (int)card->sent_len, 5);
	KUNIT_EXPECT_EQ(test, T0_ASK(T0_SELECT, "\xa4\xa4"), -EPROTO);
	/* no TPDU: nothing goes out */
	KUNIT_EXPECT_EQ(test, T0_ASK("\x00\xa4\x00\x0c\x03\x3f\x00", "\x90\x00"), -EINVAL);
	KUNIT_EXPECT_EQ(test, T0_ASK("\x00\x60\x00\x00\x00", "\x90\x00"), -EINVAL);
	KUNIT_EXPECT_EQ(test, (int)card->sent_len, 0);
}

static void t0_null_for_ever(struct kunit *test)
{
	struct t0_card *card = kunit_kzalloc(test, sizeof(*card), GFP_KERNEL);
	u8 *response = kunit_kzalloc(test, 258, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, card);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, response);
	card->endless = true;
	KUNIT_EXPECT_EQ(test, T0_ASK(T0_READ, "\x60"), -EPROTO);
	KUNIT_EXPECT_LE(test, card->now_ms, 5000ull);
}

static struct kunit_case t0_cases[] = {
	KUNIT_CASE(t0_receives),
	KUNIT_CASE(t0_sends),
	KUNIT_CASE(t0_null_for_ever),
	{}
};

static struct kunit_suite t0_suite = {
	.name = "uicc_iso7816_t0",
	.test_cases = t0_cases,
};

kunit_test_suite(t0_suite);
