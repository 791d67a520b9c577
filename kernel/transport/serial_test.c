// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of a serial line and the card at its end: a UART that is asked and answers
 * at once, with whatever flags. What feeds the card is a fake here, see serial_power_test.c.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/tty.h>
#include <linux/workqueue.h>

#define serial_power_on		serial_test_power_on
#define serial_power_off	serial_test_power_off
#define serial_power_reset	serial_test_power_reset
#define uicc_slot_set_supply	serial_test_set_supply
#define uicc_slot_card_removed	serial_test_removed

#include "transport/serial.h"

#include "serial_line.c"
#include "serial_card.c"

#define TEST_SLACK_MS	20
#define TEST_ATR_T0	"\x3b\x10\x96"		/* 512/32 */
#define TEST_PPS	"\xff\x10\x96\x79"

/* What the card says: to the n-th reset, or behind so many bytes of ours. */
struct serial_test_say {
	unsigned int after;
	const char *bytes;
	size_t len;
	u8 flag;
};

struct serial_test_card {
	struct kunit *test;
	struct serial_reader reader;
	bool echo;
	u8 wrong_echo;
	unsigned int sent_len;
	u8 sent[64];
	ktime_t sent_at[64];
	const struct serial_test_say *says;
	unsigned int n_says;
	const struct serial_test_say *atrs;
	unsigned int n_atrs;
	unsigned int resets;
	unsigned int baud;
	enum serial_parity parity;
	unsigned int cannot;
	unsigned int room;
	u8 answers_at;
	bool cancels;
	char classes[16];
	enum uicc_supply supply;
	unsigned int removed;
	struct delayed_work later;
};

static struct serial_test_card *serial_test_of(struct serial_reader *reader)
{
	return container_of(reader, struct serial_test_card, reader);
}

static struct serial_test_card *serial_test_at(struct serial_line *line)
{
	return serial_test_of(container_of(line, struct serial_reader, line));
}

static void serial_test_speak(struct serial_test_card *card, const struct serial_test_say *say)
{
	u8 flags[64];

	memset(flags, say->flag, sizeof(flags));
	serial_line_receive(&card->reader.line, (const u8 *)say->bytes, flags, say->len);
}

static unsigned int serial_test_configure(struct serial_line *line, unsigned int baud,
					  enum serial_parity parity)
{
	struct serial_test_card *card = serial_test_at(line);

	card->baud = baud;
	card->parity = parity;
	return baud == card->cannot ? baud + baud / 30 : baud - baud / 50;
}

static int serial_test_write(struct serial_line *line, const u8 *buf, size_t len)
{
	struct serial_test_card *card = serial_test_at(line);
	unsigned int i, n = 0;
	u8 back;

	while (n < len && (!card->room || n < card->room) &&
	       card->sent_len < sizeof(card->sent)) {
		card->sent_at[card->sent_len] = ktime_get();
		card->sent[card->sent_len++] = buf[n];
		back = buf[n++] ^ card->wrong_echo;
		if (card->echo)
			serial_line_receive(line, &back, NULL, 1);
		for (i = 0; i < card->n_says; i++)
			if (card->says[i].after == card->sent_len)
				serial_test_speak(card, card->says + i);
	}
	if (card->cancels)
		serial_line_cancel(line);
	return n;
}

static void serial_test_flush(struct serial_line *line)
{
}

static const struct serial_port_ops serial_test_port = {
	.configure = serial_test_configure,
	.write = serial_test_write,
	.flush = serial_test_flush,
};

int serial_test_power_on(struct serial_reader *reader, u8 class)
{
	struct serial_test_card *card = serial_test_of(reader);

	if (!reader->power.on && reader->power.vcc)
		strlcat(card->classes, class == UICC_ATR_CLASS_A ? "A" :
			class == UICC_ATR_CLASS_B ? "B" : "C", sizeof(card->classes));
	reader->power.on = true;
	return 0;
}

void serial_test_power_off(struct serial_reader *reader)
{
	reader->power.on = false;
}

int serial_test_power_reset(struct serial_reader *reader)
{
	struct serial_test_card *card = serial_test_of(reader);
	unsigned int n = card->resets++;
	u8 class;

	serial_line_drop(&reader->line);
	serial_line_mark(&reader->line);
	class = card->classes[0] ? card->classes[strlen(card->classes) - 1] : 0;
	if (card->answers_at && class < card->answers_at)
		return 0;
	n = min(n, card->n_atrs - 1);
	if (card->n_atrs && card->atrs[n].len)
		serial_test_speak(card, card->atrs + n);
	return 0;
}

void serial_test_set_supply(struct uicc_slot *slot, enum uicc_supply supply)
{
	container_of((struct uicc_slot **)slot, struct serial_test_card, reader.slot)->supply =
		supply;
}

void serial_test_removed(struct uicc_slot *slot)
{
	container_of((struct uicc_slot **)slot, struct serial_test_card, reader.slot)->removed++;
}

static int serial_test_init(struct kunit *test)
{
	struct serial_test_card *card = kunit_kzalloc(test, sizeof(*card), GFP_KERNEL);
	struct serial_reader *reader;

	KUNIT_ASSERT_NOT_NULL(test, card);
	card->test = test;
	reader = &card->reader;
	mutex_init(&reader->op);
	serial_line_init(&reader->line, &serial_test_port, NULL);
	/* Only a token: whose supply is told. */
	reader->slot = (struct uicc_slot *)&reader->slot;
	reader->config.clock_hz = 3571200;
	reader->config.slack_ms = TEST_SLACK_MS;
	reader->config.reset = SERIAL_RESET_RTS;
	reader->line.slack_us = TEST_SLACK_MS * USEC_PER_MSEC;
	test->priv = card;
	mutex_lock(&reader->op);
	KUNIT_ASSERT_EQ(test, serial_line_begin(&reader->line, 60000), 0);
	KUNIT_ASSERT_EQ(test, serial_line_speed(&reader->line, 9600, false), 0);
	return 0;
}

static void serial_test_exit(struct kunit *test)
{
	struct serial_test_card *card = test->priv;

	serial_line_done(&card->reader.line);
	mutex_unlock(&card->reader.op);
}

#define SAY(after_, bytes_, flag_) { after_, bytes_, sizeof(bytes_) - 1, flag_ }

static void serial_test_says(struct serial_test_card *card, const struct serial_test_say *says,
			     unsigned int n)
{
	card->says = says;
	card->n_says = n;
	card->sent_len = 0;
}

static int serial_test_start(struct serial_test_card *card, const struct serial_test_say *atrs,
			     unsigned int n, u8 *atr)
{
	card->atrs = atrs;
	card->n_atrs = n;
	card->resets = 0;
	card->sent_len = 0;
	card->classes[0] = 0;
	return serial_card_start(&card->reader, atr);
}

/* Rules: LINE-9 */
static void serial_atr_has_an_end(struct kunit *test)
{
	static const struct {
		const char *atr;
		size_t len;
	} whole[] = {
		{ "\x3b\x00", 2 },
		{ "\x3b\x02\x14\x50", 4 },
		{ "\x3b\x10\x96", 3 },
		{ "\x3b\x80\x01\x81", 4 },
		{ "\x3b\x80\x80\x00", 4 },
		{ "\x3b\x9e\x96\x80\x1f\xc7\x80\x31\xe0\x73\xfe\x21\x1b\x64\x6d\x73\x63\x30\x31"
		  "\x00\xae", 21 },
	};
	static const u8 endless[] = { 0x3b, 0xff, 1, 2, 3, 0xff, 1, 2, 3, 0xff, 1, 2, 3, 0xff,
				      1, 2, 3, 0xff, 1, 2, 3, 0xff, 1, 2, 3, 0xff, 1, 2, 3, 0xff,
				      1, 2, 3, 0xff, 1, 2, 3, 0xff };
	size_t i, len;
	int more;

	for (i = 0; i < ARRAY_SIZE(whole); i++) {
		/* Never more than there are, and never none too early. */
		for (len = 1; len < whole[i].len; len += more) {
			more = serial_atr_missing((const u8 *)whole[i].atr, len);
			KUNIT_ASSERT_GT(test, more, 0);
			KUNIT_ASSERT_LE(test, len + more, whole[i].len);
		}
		KUNIT_EXPECT_EQ(test, serial_atr_missing((const u8 *)whole[i].atr, len), 0);
	}
	for (len = 1, more = 1; more > 0 && len < sizeof(endless); len += more)
		more = serial_atr_missing(endless, len);
	KUNIT_EXPECT_EQ(test, more, -EPROTO);
}

static void serial_answers_and_agrees(struct kunit *test)
{
	static const struct serial_test_say atrs[] = { SAY(0, TEST_ATR_T0, TTY_NORMAL) };
	static const struct serial_test_say says[] = { SAY(4, TEST_PPS, TTY_NORMAL) };
	struct serial_test_card *card = test->priv;
	u8 atr[UICC_ATR_MAX];

	serial_test_says(card, says, 1);
	KUNIT_ASSERT_EQ(test, serial_test_start(card, atrs, 1, atr), 3);
	KUNIT_EXPECT_EQ(test, memcmp(atr, TEST_ATR_T0, 3), 0);
	KUNIT_EXPECT_EQ(test, memcmp(card->sent, TEST_PPS, 4), 0);
	KUNIT_EXPECT_EQ(test, card->baud, 223200U);
	KUNIT_EXPECT_EQ(test, card->parity, SERIAL_EVEN);
	KUNIT_EXPECT_EQ(test, card->resets, 1U);
}

/* Rules: LINE-7 */
/* A UART reads TS of the inverse convention as 03, and finds all parities wrong. */
static void serial_inverse_convention(struct kunit *test)
{
	static const char raw[] = { 0x03, (char)0xf7, (char)0x96 };
	static const struct serial_test_say told[] = {{ 0, raw, 3, TTY_PARITY }};
	static const struct serial_test_say blind[] = {{ 0, raw, 3, TTY_NORMAL }};
	static const struct serial_test_say mixed[] = {{ 0, raw, 1, TTY_PARITY }};
	static const struct serial_test_say rest = { 0, raw + 1, 2, TTY_NORMAL };
	struct serial_test_card *card = test->priv;
	u8 atr[UICC_ATR_MAX];

	card->reader.config.max_baud = 9600;
	KUNIT_ASSERT_EQ(test, serial_test_start(card, told, 1, atr), 3);
	KUNIT_EXPECT_EQ(test, memcmp(atr, "\x3f\x10\x96", 3), 0);
	KUNIT_EXPECT_EQ(test, card->parity, SERIAL_ODD);
	KUNIT_EXPECT_TRUE(test, card->reader.line.inverse);
	KUNIT_EXPECT_FALSE(test, card->reader.line.flipped);

	KUNIT_ASSERT_EQ(test, serial_test_start(card, blind, 1, atr), 3);
	KUNIT_EXPECT_EQ(test, memcmp(atr, "\x3f\x10\x96", 3), 0);
	KUNIT_EXPECT_EQ(test, card->parity, SERIAL_ODD);

	/* Where the port tells, a character whose parity it finds right is damaged. */
	KUNIT_ASSERT_EQ(test, serial_test_start(card, mixed, 1, atr), -ETIMEDOUT);
	serial_test_power_reset(&card->reader);
	serial_test_speak(card, &rest);
	KUNIT_EXPECT_EQ(test, serial_card_answer(&card->reader, atr), -EIO);
}

/* Rules: LINE-10 */
static void serial_damaged_answers(struct kunit *test)
{
	static const struct serial_test_say third[] = {
		SAY(0, TEST_ATR_T0, TTY_PARITY),
		SAY(0, "\x55\xaa", TTY_NORMAL),
		SAY(0, TEST_ATR_T0, TTY_NORMAL),
	};
	static const struct serial_test_say never[] = { SAY(0, TEST_ATR_T0, TTY_FRAME) };
	static const struct serial_test_say broken[] = { SAY(0, TEST_ATR_T0, TTY_BREAK) };
	static const struct serial_test_say half[] = { SAY(0, "\x3b\x10", TTY_NORMAL) };
	static const struct serial_test_say mute[] = { SAY(0, "", TTY_NORMAL) };
	struct serial_test_card *card = test->priv;
	u8 atr[UICC_ATR_MAX];

	card->reader.config.max_baud = 9600;
	KUNIT_EXPECT_EQ(test, serial_test_start(card, third, 3, atr), 3);
	KUNIT_EXPECT_EQ(test, card->resets, 3U);
	KUNIT_EXPECT_EQ(test, serial_test_start(card, never, 1, atr), -EIO);
	KUNIT_EXPECT_EQ(test, card->resets, 3U);
	KUNIT_EXPECT_EQ(test, serial_test_start(card, broken, 1, atr), -EIO);
	KUNIT_EXPECT_EQ(test, serial_test_start(card, half, 1, atr), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, card->resets, 1U);
	KUNIT_EXPECT_EQ(test, serial_test_start(card, mute, 1, atr), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, card->resets, 1U);
}

/* Rules: LINE-8 */
/* 40,000 clocks, 12 etu and the slack: 11.2 + 1.25 + 20 ms. */
static void serial_mute_card_takes_its_time(struct kunit *test)
{
	static const struct serial_test_say mute[] = { SAY(0, "", TTY_NORMAL) };
	struct serial_test_card *card = test->priv;
	u8 atr[UICC_ATR_MAX];
	ktime_t begin = ktime_get();
	s64 us;

	KUNIT_EXPECT_EQ(test, serial_test_start(card, mute, 1, atr), -ETIMEDOUT);
	us = ktime_us_delta(ktime_get(), begin);
	KUNIT_EXPECT_GE(test, us, 32450LL);
	KUNIT_EXPECT_LT(test, us, 2000000LL);	/* of a machine that is busy */
}

/* Rules: LINE-11 */
/* A card that refuses is reset, stays at 372/1, and is not asked again. */
static void serial_refused_pps_is_remembered(struct kunit *test)
{
	static const struct serial_test_say atrs[] = { SAY(0, TEST_ATR_T0, TTY_NORMAL) };
	static const struct serial_test_say other[] = { SAY(0, "\x3b\x11\x95\x00", TTY_NORMAL) };
	static const struct serial_test_say says[] = { SAY(4, "\xff\x10\x95\x7a", TTY_NORMAL) };
	struct serial_test_card *card = test->priv;
	u8 atr[UICC_ATR_MAX];

	serial_test_says(card, says, 1);
	KUNIT_ASSERT_EQ(test, serial_test_start(card, atrs, 1, atr), 3);
	KUNIT_EXPECT_EQ(test, card->resets, 2U);
	KUNIT_EXPECT_EQ(test, card->sent_len, 4U);
	KUNIT_EXPECT_EQ(test, card->baud, 9600U);

	KUNIT_ASSERT_EQ(test, serial_test_start(card, atrs, 1, atr), 3);
	KUNIT_EXPECT_EQ(test, card->resets, 1U);
	KUNIT_EXPECT_EQ(test, card->sent_len, 0U);

	/* Another card is another matter. */
	KUNIT_ASSERT_EQ(test, serial_test_start(card, other, 1, atr), 4);
	KUNIT_EXPECT_EQ(test, card->sent_len, 4U);
	KUNIT_EXPECT_EQ(test, card->baud, 111600U);
}

static void serial_speeds_the_uart_has(struct kunit *test)
{
	static const struct serial_test_say atrs[] = { SAY(0, TEST_ATR_T0, TTY_NORMAL) };
	struct serial_test_card *card = test->priv;
	u8 atr[UICC_ATR_MAX];

	/* 512/32 is 3.3 % off: what is next is asked for. */
	card->cannot = 223200;
	serial_test_start(card, atrs, 1, atr);
	KUNIT_EXPECT_EQ(test, card->sent[0], 0xff);
	KUNIT_EXPECT_NE(test, card->sent[2], 0x96);
	/* The initial one is no speed of it. */
	card->cannot = 9600;
	KUNIT_EXPECT_EQ(test, serial_test_start(card, atrs, 1, atr), -ERANGE);
	/* A line that cannot reset a card does not ask it for what it may not agree to. */
	card->cannot = 0;
	card->reader.config.reset = SERIAL_RESET_NONE;
	KUNIT_EXPECT_EQ(test, serial_test_start(card, atrs, 1, atr), 3);
	KUNIT_EXPECT_EQ(test, card->sent_len, 0U);
}

/* Rules: LINE-12 */
static void serial_lowest_class_first(struct kunit *test)
{
	static const struct serial_test_say any[] = { SAY(0, "\x3b\x00", TTY_NORMAL) };
	/* TA3 behind T=15: class A alone */
	static const struct serial_test_say only_a[] = {
		SAY(0, "\x3b\x80\x80\x1f\x01\x1e", TTY_NORMAL)
	};
	struct serial_test_card *card = test->priv;
	struct serial_power *power = &card->reader.power;
	u8 atr[UICC_ATR_MAX];

	power->vcc = (struct regulator *)card;
	power->classes = UICC_ATR_CLASS_A | UICC_ATR_CLASS_B | UICC_ATR_CLASS_C;
	card->answers_at = 0;
	KUNIT_ASSERT_EQ(test, serial_test_start(card, any, 1, atr), 2);
	KUNIT_EXPECT_STREQ(test, card->classes, "C");
	KUNIT_EXPECT_EQ(test, card->supply, UICC_SUPPLY_C);

	/* Known to work, so first; it does not any more, and what works is not known again. */
	serial_test_power_off(&card->reader);
	KUNIT_EXPECT_EQ(test, serial_test_start(card, only_a, 1, atr), -EOPNOTSUPP);
	KUNIT_EXPECT_STREQ(test, card->classes, "C");
	KUNIT_ASSERT_EQ(test, serial_test_start(card, only_a, 1, atr), 6);
	KUNIT_EXPECT_STREQ(test, card->classes, "CA");
	KUNIT_EXPECT_EQ(test, card->supply, UICC_SUPPLY_A);

	/* What the reader has not, it does not try. */
	serial_test_power_off(&card->reader);
	card->reader.class = 0;
	power->classes = UICC_ATR_CLASS_B | UICC_ATR_CLASS_C;
	KUNIT_EXPECT_EQ(test, serial_test_start(card, only_a, 1, atr), -EOPNOTSUPP);
	KUNIT_EXPECT_STREQ(test, card->classes, "C");
}

/* Rules: LINE-13 */
static void serial_echo_is_found(struct kunit *test)
{
	static const struct serial_test_say says[] = { SAY(3, "\x90\x00", TTY_NORMAL) };
	struct serial_test_card *card = test->priv;
	struct serial_line *line = &card->reader.line;
	u8 got[2];

	serial_test_says(card, says, 1);
	card->echo = true;
	KUNIT_ASSERT_EQ(test, serial_line_send(line, "abc", 3, 0), 0);
	KUNIT_EXPECT_EQ(test, line->echo, SERIAL_ECHO_ON);
	KUNIT_ASSERT_EQ(test, serial_line_recv(line, got, 2, 1000, 1000), 2);
	KUNIT_EXPECT_EQ(test, got[0], 0x90);

	card->wrong_echo = 4;
	KUNIT_EXPECT_EQ(test, serial_line_send(line, "abc", 3, 0), -EIO);
	card->wrong_echo = 0;
	card->echo = false;
	KUNIT_EXPECT_EQ(test, serial_line_send(line, "abc", 3, 0), -EIO);

	line->echo = SERIAL_ECHO_AUTO;
	serial_test_says(card, says, 1);
	KUNIT_ASSERT_EQ(test, serial_line_send(line, "abc", 3, 0), 0);
	KUNIT_EXPECT_EQ(test, line->echo, SERIAL_ECHO_OFF);
	KUNIT_ASSERT_EQ(test, serial_line_recv(line, got, 2, 1000, 1000), 2);
	KUNIT_EXPECT_EQ(test, got[0], 0x90);
}

/* A command that is broken off says nothing of the echo. */
static void serial_echo_stays_unknown(struct kunit *test)
{
	struct serial_test_card *card = test->priv;
	struct serial_line *line = &card->reader.line;

	card->cancels = true;
	KUNIT_EXPECT_EQ(test, serial_line_send(line, "abc", 3, 0), -ENODEV);
	KUNIT_EXPECT_EQ(test, line->echo, SERIAL_ECHO_AUTO);
}

/* Neither the blocks nor the characters of a PIN stay, whether the line is kept or not. */
static void serial_pin_is_wiped(struct kunit *test)
{
	static const struct serial_test_say atrs[] = { SAY(0, "\x3b\x80\x01\x81", TTY_NORMAL) };
	static const struct serial_test_say says[] = {
		SAY(5, "\x00\xe1\x01\xfe\x1e", TTY_NORMAL),
		SAY(22, "\x00\x00\x02\x90\x00\x92", TTY_NORMAL),
	};
	static const u8 verify[] = { 0x00, 0x20, 0x00, 0x01, 0x08, '1', '2', '3', '4',
				     0xff, 0xff, 0xff, 0xff };
	struct serial_test_card *card = test->priv;
	struct serial_line *line = &card->reader.line;
	u8 buf[UICC_ATR_MAX];

	line->echo = SERIAL_ECHO_OFF;
	KUNIT_ASSERT_EQ(test, serial_test_start(card, atrs, 1, buf), 4);
	serial_test_says(card, says, 2);
	KUNIT_ASSERT_EQ(test, serial_card_transmit(&card->reader, verify, sizeof(verify), buf, 2),
			2);
	KUNIT_EXPECT_EQ(test, memcmp(buf, "\x90\x00", 2), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(card->reader.t1.out, 0, sizeof(card->reader.t1.out)));
	KUNIT_EXPECT_NULL(test, memchr_inv(card->reader.t1.in, 0, sizeof(card->reader.t1.in)));

	/* What nobody has read yet stays where it is kept, and no more. */
	line->keep = true;
	serial_line_receive(line, "1234x", NULL, 5);
	KUNIT_ASSERT_EQ(test, serial_line_recv(line, buf, 4, 1000, 1000), 4);
	serial_line_done(line);
	KUNIT_EXPECT_EQ(test, line->head - line->tail, 1U);
	KUNIT_EXPECT_EQ(test, line->fifo[line->tail % SERIAL_FIFO], 'x');
	line->fifo[line->tail % SERIAL_FIFO] = 0;
	KUNIT_EXPECT_NULL(test, memchr_inv(line->fifo, 0, sizeof(line->fifo)));
}

/* Rules: LINE-2 */
/* Guard times that the UART does not keep: 12 + 8 etu are 2083 us at 9600 baud. */
static void serial_guard_time(struct kunit *test)
{
	struct serial_test_card *card = test->priv;
	struct serial_line *line = &card->reader.line;
	unsigned int i;

	line->echo = SERIAL_ECHO_OFF;
	serial_line_guard(line, 12, 834);
	KUNIT_ASSERT_EQ(test, serial_line_send(line, "abcd", 4, 0), 0);
	for (i = 1; i < 4; i++)
		KUNIT_EXPECT_GE(test, ktime_us_delta(card->sent_at[i], card->sent_at[i - 1]),
				2083LL);
	serial_line_guard(line, 12, 0);
	KUNIT_EXPECT_FALSE(test, line->paced);
	line->one_stop = true;
	serial_line_guard(line, 12, 0);
	KUNIT_EXPECT_TRUE(test, line->paced);
	serial_line_guard(line, 11, 0);
	KUNIT_EXPECT_FALSE(test, line->paced);
}

static void serial_characters_that_are_damaged(struct kunit *test)
{
	static const u8 flags[] = { TTY_PARITY, TTY_FRAME, TTY_BREAK, TTY_OVERRUN };
	struct serial_test_card *card = test->priv;
	struct serial_line *line = &card->reader.line;
	u8 got[4], flag[3] = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		flag[1] = flags[i];
		serial_line_receive(line, "xyz", flag, 3);
		KUNIT_EXPECT_EQ(test, serial_line_recv(line, got, 3, 1000, 1000), -EBADMSG);
		serial_line_drop(line);
	}
	/* More than there is room for: known to be lost, the bytes before are good. */
	for (i = 0; i < SERIAL_FIFO + 3; i++)
		KUNIT_ASSERT_EQ(test, serial_line_receive(line, "x", NULL, 1), 1U);
	for (i = 0; i < SERIAL_FIFO; i++)
		KUNIT_ASSERT_EQ(test, serial_line_recv(line, got, 1, 1000, 1000), 1);
	serial_line_receive(line, "yz", NULL, 2);
	KUNIT_EXPECT_EQ(test, serial_line_recv(line, got, 1, 1000, 1000), -EBADMSG);
	KUNIT_EXPECT_EQ(test, serial_line_recv(line, got, 1, 1000, 1000), 1);
	/* What came of more. */
	serial_line_receive(line, "ab", NULL, 2);
	KUNIT_EXPECT_EQ(test, serial_line_recv(line, got, 4, 1000, 1000), 2);
	KUNIT_EXPECT_EQ(test, serial_line_recv(line, got, 4, 1000, 1000), -ETIMEDOUT);
}

static void serial_test_later(struct work_struct *work)
{
	struct serial_test_card *card = container_of(to_delayed_work(work),
						     struct serial_test_card, later);

	serial_line_cancel(&card->reader.line);
}

static void serial_ends_when_told(struct kunit *test)
{
	struct serial_test_card *card = test->priv;
	struct serial_line *line = &card->reader.line;
	ktime_t begin = ktime_get();
	u8 got[1];

	serial_line_mark(line);
	INIT_DELAYED_WORK(&card->later, serial_test_later);
	schedule_delayed_work(&card->later, msecs_to_jiffies(20));
	KUNIT_EXPECT_EQ(test, serial_line_recv(line, got, 1, 50000000, 1000), -ENODEV);
	KUNIT_EXPECT_LT(test, ktime_ms_delta(ktime_get(), begin), 20000LL);
	KUNIT_EXPECT_EQ(test, serial_line_send(line, "a", 1, 0), -ENODEV);
	KUNIT_EXPECT_EQ(test, serial_line_sleep(line, NSEC_PER_SEC), -ENODEV);
	cancel_delayed_work_sync(&card->later);

	/* The next one is not affected, nor is one that begins after a cancel. */
	serial_line_done(line);
	serial_line_cancel(line);
	KUNIT_ASSERT_EQ(test, serial_line_begin(line, 60000), 0);
	KUNIT_EXPECT_EQ(test, serial_line_recv(line, got, 1, 100, 100), -ETIMEDOUT);
	serial_line_done(line);

	spin_lock_irq(&line->lock);
	serial_line_present(line, false);
	spin_unlock_irq(&line->lock);
	KUNIT_EXPECT_EQ(test, serial_line_begin(line, 60000), -ENODEV);
	spin_lock_irq(&line->lock);
	serial_line_present(line, true);
	spin_unlock_irq(&line->lock);
	KUNIT_ASSERT_EQ(test, serial_line_begin(line, 60000), 0);
	serial_line_done(line);
	serial_line_end(line);
	KUNIT_EXPECT_EQ(test, serial_line_begin(line, 60000), -ENODEV);
}

/* An operation has an end, even where the characters have none. */
static void serial_noise_has_an_end(struct kunit *test)
{
	struct serial_test_card *card = test->priv;
	struct serial_line *line = &card->reader.line;
	ktime_t begin;
	u8 got[1];

	serial_line_done(line);
	KUNIT_ASSERT_EQ(test, serial_line_begin(line, 30), 0);
	serial_line_receive(line, "x", NULL, 1);
	KUNIT_EXPECT_EQ(test, serial_line_recv(line, got, 1, 1000, 1000), 1);
	KUNIT_EXPECT_EQ(test, serial_line_sleep(line, 40 * NSEC_PER_MSEC), 0);
	serial_line_receive(line, "x", NULL, 1);
	KUNIT_EXPECT_EQ(test, serial_line_recv(line, got, 1, 1000000, 1000), -ETIMEDOUT);

	/* Nor is one that waits for a character kept beyond it, however long that may take. */
	serial_line_done(line);
	begin = ktime_get();
	KUNIT_ASSERT_EQ(test, serial_line_begin(line, 30), 0);
	serial_line_mark(line);
	KUNIT_EXPECT_EQ(test, serial_line_recv(line, got, 1, 50000000, 1000), -ETIMEDOUT);
	KUNIT_EXPECT_LT(test, ktime_ms_delta(ktime_get(), begin), 20000LL);
}

/* A UART that takes little at a time, and one that is stuck. */
static void serial_uart_without_room(struct kunit *test)
{
	struct serial_test_card *card = test->priv;
	struct serial_line *line = &card->reader.line;

	line->echo = SERIAL_ECHO_OFF;
	card->room = 2;
	KUNIT_EXPECT_EQ(test, serial_line_send(line, "abcde", 5, 0), 0);
	KUNIT_EXPECT_EQ(test, memcmp(card->sent, "abcde", 5), 0);
	card->sent_len = sizeof(card->sent);
	KUNIT_EXPECT_EQ(test, serial_line_send(line, "abcde", 5, 0), -EIO);
}

/* What is said of a card that went must not come behind what was said of the next one. */
static void serial_next_card_is_not_gone(struct kunit *test)
{
	struct serial_test_card *card = test->priv;

	card->reader.told = true;
	serial_card_left(&card->reader);
	KUNIT_EXPECT_EQ(test, card->removed, 0U);
	card->reader.told = false;
	serial_card_left(&card->reader);
	KUNIT_EXPECT_EQ(test, card->removed, 1U);
}

static struct kunit_case serial_cases[] = {
	KUNIT_CASE(serial_atr_has_an_end),
	KUNIT_CASE(serial_answers_and_agrees),
	KUNIT_CASE(serial_inverse_convention),
	KUNIT_CASE(serial_damaged_answers),
	KUNIT_CASE(serial_mute_card_takes_its_time),
	KUNIT_CASE(serial_refused_pps_is_remembered),
	KUNIT_CASE(serial_speeds_the_uart_has),
	KUNIT_CASE(serial_lowest_class_first),
	KUNIT_CASE(serial_echo_is_found),
	KUNIT_CASE(serial_echo_stays_unknown),
	KUNIT_CASE(serial_pin_is_wiped),
	KUNIT_CASE(serial_guard_time),
	KUNIT_CASE(serial_characters_that_are_damaged),
	KUNIT_CASE(serial_ends_when_told),
	KUNIT_CASE(serial_noise_has_an_end),
	KUNIT_CASE(serial_uart_without_room),
	KUNIT_CASE(serial_next_card_is_not_gone),
	{}
};

static struct kunit_suite serial_suite = {
	.name = "uicc_serial",
	.init = serial_test_init,
	.exit = serial_test_exit,
	.test_cases = serial_cases,
};

kunit_test_suite(serial_suite);

MODULE_LICENSE("GPL");
