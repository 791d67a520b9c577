// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of T=1: a card made of blocks that are foretold, in text. Every way in which blocks
 * are lost is in tests/lines of the sources; here is that the module goes some of them.
 */
#include <kunit/test.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/module.h>

#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(symbol)

#include "t1.c"

/**
 * struct t1_step - a block of ours and what comes back
 * @out: our block without its EDC, in hexadecimal
 * @in: the card's, likewise; NULL: silence; "": a damaged one; "!": the reader is gone
 * @times: how many BWT it may take; 0: 1
 */
struct t1_step {
	const char *out;
	const char *in;
	u8 times;
};

struct t1_card {
	struct kunit *test;
	struct iso7816_t1 t1;
	const struct t1_step *steps;
	unsigned int n, at;
	u64 now_ms;
};

static size_t t1_unhex(const char *text, u8 *buf)
{
	size_t n = strlen(text) / 2;

	return hex2bin(buf, text, n) ? 0 : n;
}

static int t1_card_block(void *ctx, const u8 *out, size_t len, u8 *in, size_t size,
			 u8 bwt_multiplier)
{
	struct t1_card *card = ctx;
	const struct t1_step *step = &card->steps[card->at];
	u8 want[ISO7816_BLOCK_MAX];
	size_t n;

	if (card->at >= card->n) {
		KUNIT_FAIL(card->test, "block %u was not expected", card->at);
		return -ENODEV;
	}
	n = t1_unhex(step->out, want);
	n += t1_edc(&card->t1, want, n, want + n);
	if (n != len || memcmp(want, out, n)) {
		KUNIT_FAIL(card->test, "block %u is %*phN, not %s", card->at, (int)len, out,
			   step->out);
		return -ENODEV;
	}
	KUNIT_EXPECT_EQ(card->test, bwt_multiplier, step->times ?: 1);
	KUNIT_EXPECT_EQ(card->test, (int)size, ISO7816_BLOCK_MAX);
	card->at++;
	card->now_ms += 10;
	if (!step->in)
		return -ETIMEDOUT;
	if (!*step->in)
		return -EBADMSG;
	if (*step->in == '!')
		return -ENODEV;
	n = t1_unhex(step->in, in);
	return n + t1_edc(&card->t1, in, n, in + n);
}

static u64 t1_card_now(void *ctx)
{
	return ((struct t1_card *)ctx)->now_ms;
}

static const struct iso7816_t1_ops t1_card_ops = {
	.block = t1_card_block,
	.now_ms = t1_card_now,
};

/* An ATR with this IFSC, and a CRC when @crc. */
static struct t1_card *t1_card(struct kunit *test, u8 ifsc, bool crc)
{
	struct t1_card *card = kunit_kzalloc(test, sizeof(*card), GFP_KERNEL);
	struct uicc_atr atr = { .ifsc = ifsc, .crc = crc };

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, card);
	card->test = test;
	iso7816_t1_init(&card->t1, &atr, &t1_card_ops, card);
	return card;
}

static int t1_ask(struct t1_card *card, const char *command, const char *want,
		  const struct t1_step *steps, unsigned int n)
{
	u8 apdu[64], expect[64], response[64];
	size_t len = t1_unhex(command, apdu);
	int ret;

	card->steps = steps;
	card->n = n;
	card->at = 0;
	ret = iso7816_t1_transmit(&card->t1, apdu, len, response, sizeof(response));
	KUNIT_EXPECT_EQ(card->test, card->at, n);
	if (ret > 0 && want) {
		len = t1_unhex(want, expect);
		KUNIT_EXPECT_EQ(card->test, ret, (int)len);
		KUNIT_EXPECT_EQ(card->test, memcmp(expect, response, min_t(size_t, ret, len)), 0);
	}
	return ret;
}

#define T1_ASK(card, command, want, ...) \
	t1_ask(card, command, want, (const struct t1_step[]){ __VA_ARGS__ }, \
	       ARRAY_SIZE(((const struct t1_step[]){ __VA_ARGS__ })))
#define T1_ANNOUNCE	{ "00c101fe", "00e101fe" }

static void t1_good(struct kunit *test)
{
	struct t1_card *card = t1_card(test, 32, false);

	KUNIT_EXPECT_EQ(test, T1_ASK(card, "00b0000002", "aabb9000", T1_ANNOUNCE,
				     { "00000500b0000002", "000004aabb9000" }), 4);
	KUNIT_EXPECT_EQ(test, T1_ASK(card, "00b0000002", "aabb9000",
				     { "00400500b0000002", "00c30110" },
				     { "00e30110", "004004aabb9000", 0x10 }), 4);
	/* The check value of ISO/IEC 13239 without its last inversion; high byte first. */
	card = t1_card(test, 32, true);
	KUNIT_EXPECT_EQ(test, t1_crc("123456789", 9), 0x6f91);
	KUNIT_EXPECT_EQ(test, T1_ASK(card, "00b0000002", "aabb9000", T1_ANNOUNCE,
				     { "00000500b0000002", "000004aabb9000" }), 4);
	/* somebody else told the card how long its blocks may be */
	card = t1_card(test, 32, false);
	card->t1.ifsd_known = true;
	KUNIT_EXPECT_EQ(test, T1_ASK(card, "00b0000002", "aabb9000",
				     { "00000500b0000002", "000004aabb9000" }), 4);
}

static void t1_chains(struct kunit *test)
{
	struct t1_card *card = t1_card(test, 4, false);

	KUNIT_EXPECT_EQ(test, T1_ASK(card, "00d600000411223344", "0102039000", T1_ANNOUNCE,
				     { "00200400d60000", "009000" },
				     { "00600404112233", "008000" },
				     { "00000144", "0020020102" },
				     { "009000", "00c10106" },
				     { "00e10106", "004003039000" }), 5);
}

static void t1_recovers(struct kunit *test)
{
	struct t1_card *card = t1_card(test, 32, false);

	KUNIT_EXPECT_EQ(test, T1_ASK(card, "00b0000002", "aabb9000", T1_ANNOUNCE,
				     { "00000500b0000002", "" },
				     { "008100", "009200" },
				     { "008100", NULL },
				     { "008100", "000004aabb9000" }), 4);
	KUNIT_EXPECT_EQ(test, T1_ASK(card, "00b0000002", "aabb9000",
				     { "00400500b0000002", NULL },
				     { "009200", "009100" },
				     { "00400500b0000002", "004004aabb9000" }), 4);
}

static void t1_resynchronizes(struct kunit *test)
{
	struct t1_card *card = t1_card(test, 32, false);

	/* never carried out twice */
	KUNIT_EXPECT_EQ(test, T1_ASK(card, "00b0000002", NULL, T1_ANNOUNCE,
				     { "00000500b0000002", NULL },
				     { "008200", NULL },
				     { "008200", NULL },
				     { "008200", NULL },
				     { "00c000", NULL },
				     { "00c000", "00e000" }), -EIO);
	KUNIT_EXPECT_EQ(test, T1_ASK(card, "00b0000002", "aabb9000", T1_ANNOUNCE,
				     { "00000500b0000002", "000004aabb9000" }), 4);
	/* a call that was torn: the next one finds out where the card is */
	KUNIT_EXPECT_EQ(test, T1_ASK(card, "00b0000002", NULL,
				     { "00400500b0000002", "!" }), -ENODEV);
	KUNIT_EXPECT_EQ(test, T1_ASK(card, "00b0000002", "aabb9000",
				     { "00c000", "00e000" }, T1_ANNOUNCE,
				     { "00000500b0000002", "000004aabb9000" }), 4);
}

static void t1_aborts(struct kunit *test)
{
	struct t1_card *card = t1_card(test, 32, false);

	KUNIT_EXPECT_EQ(test, T1_ASK(card, "00b0000002", NULL, T1_ANNOUNCE,
				     { "00000500b0000002", "002002aabb" },
				     { "009000", "00c200" },
				     { "00e200", "009000" }), -ECONNABORTED);
	KUNIT_EXPECT_EQ(test, T1_ASK(card, "00b0000002", "9000",
				     { "00400500b0000002", "0040029000" }), 2);
}

static struct kunit_case t1_cases[] = {
	KUNIT_CASE(t1_good),
	KUNIT_CASE(t1_chains),
	KUNIT_CASE(t1_recovers),
	KUNIT_CASE(t1_resynchronizes),
	KUNIT_CASE(t1_aborts),
	{}
};

static struct kunit_suite t1_suite = {
	.name = "uicc_iso7816_t1",
	.test_cases = t1_cases,
};

kunit_test_suite(t1_suite);
