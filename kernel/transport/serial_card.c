// SPDX-License-Identifier: GPL-2.0-only
/*
 * A card at the end of a line: it is fed and reset, answers, is brought to the fastest
 * speed both sides have, and gets commands. How often and when, serial.c knows.
 *
 * All is called with reader->op held and an operation on the line.
 */
#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/string.h>
#include "transport/serial.h"

/* ISO 7816-3 6.2.2: an answer begins within so many clocks after the reset. */
#define ATR_CLOCKS	40000
/* 8.1: and each of its characters within so many etu after the one before. */
#define ATR_ETU		9600
/* TS 102 221 6.3.3 (and EMV): a card that answers wrongly gets another chance, twice. */
#define ATR_TRIES	3
/* VCC is low for so long that a card forgets everything. */
#define COLD_MS		10

static const struct {
	u8 class;
	enum uicc_supply supply;
} serial_classes[] = {
	{ UICC_ATR_CLASS_C, UICC_SUPPLY_C },
	{ UICC_ATR_CLASS_B, UICC_SUPPLY_B },
	{ UICC_ATR_CLASS_A, UICC_SUPPLY_A },
};

static u32 serial_card_initial(const struct serial_reader *reader)
{
	return DIV_ROUND_CLOSEST(reader->config.clock_hz, ISO7816_FD);
}

/* etu as they are now, to microseconds, and what the UART may be late. */
static u32 serial_card_wait(const struct serial_reader *reader, u64 etu)
{
	return div_u64(etu * reader->line.etu_ns, NSEC_PER_USEC) + reader->iso.slack_us;
}

/**
 * serial_atr_missing() - how much of an answer to reset is still to come?
 * @atr: what came, TS first
 * @len: how many characters that is
 *
 * Context: any.
 * Return: the number of characters that come at least, 0 when it is whole, -EPROTO when
 * it would be longer than any may be.
 */
int serial_atr_missing(const u8 *atr, size_t len)
{
	size_t at = 1;		/* T0, later TDi */
	bool tck = false;
	size_t whole;

	if (len < 2)
		return 2 - len;
	for (;;) {
		u8 y = atr[at] >> 4;

		if (at > 1 && atr[at] & 0x0f)
			tck = true;	/* 8.2.5: another protocol than T=0 is named */
		whole = at + hweight8(y) + 1;
		if (whole > UICC_ATR_MAX)
			return -EPROTO;
		if (!(y & BIT(3)))
			break;
		if (len < whole)
			return whole - len;
		at = whole - 1;
	}
	whole += (atr[1] & 0x0f) + tck;
	if (whole > UICC_ATR_MAX)
		return -EPROTO;
	return len < whole ? whole - len : 0;
}

/* The echo of a reset; what has piled up on a line where the card was not reset by us. */
static bool serial_card_before_ts(const struct serial_reader *reader, int c, int i)
{
	switch (reader->config.reset) {
	case SERIAL_RESET_INBAND:
		return c >= 0 && (u8)c == reader->inband && i < 2;
	case SERIAL_RESET_NONE:
		return c >= 0 && !serial_is_ts(c) && i < SERIAL_FIFO;
	default:
		return false;
	}
}

/* TS: which convention? Returns TS, or an errno. */
static int serial_card_ts(struct serial_reader *reader)
{
	struct serial_line *line = &reader->line;
	u64 first = div_u64((u64)ATR_CLOCKS * USEC_PER_SEC, reader->config.clock_hz);
	int i = 0, c;

	first += serial_card_wait(reader, 12);
	do {
		c = serial_line_get_raw(line, first);
	} while (serial_card_before_ts(reader, c, i++));
	/* One 00 alone, where a reset of 00 00 may have an echo, is no half of one. */
	if (c == -ETIMEDOUT && i == 2 && reader->config.reset == SERIAL_RESET_INBAND &&
	    reader->inband == SERIAL_INBAND_ABSENT)
		return -ENOMEDIUM;
	if (c < 0)
		return c;
	if (c & SERIAL_DAMAGED)
		return -EIO;
	if (reader->config.reset == SERIAL_RESET_INBAND && c == SERIAL_INBAND_ABSENT)
		return -ENOMEDIUM;
	switch (c) {
	case SERIAL_TS_DIRECT:
	case SERIAL_TS_INVERSE:	/* a UART for cards, which converts by itself */
		line->inverse = false;
		line->blind = false;
		return c;
	case SERIAL_TS_INVERSE_RAW:
	case SERIAL_TS_INVERSE_RAW | SERIAL_PARITY:
		/*
		 * Odd parity to the UART. It is not switched before the answer is over, as
		 * the next character is on its way: until then right is what it calls wrong.
		 */
		line->inverse = true;
		line->flipped = true;
		line->blind = !(c & SERIAL_PARITY);
		reader->inverse = true;
		return SERIAL_TS_INVERSE;
	case SERIAL_TS_DIRECT | SERIAL_PARITY:
		return -EIO;
	default:
		return -EPROTO;
	}
}

/* Returns the length of the answer to a reset that was just done, or an errno. */
static int serial_card_answer(struct serial_reader *reader, u8 *atr)
{
	u32 wait = serial_card_wait(reader, ATR_ETU);
	int len = 1, more, ret;

	ret = serial_card_ts(reader);
	if (ret < 0)
		return ret;
	atr[0] = ret;
	while ((more = serial_atr_missing(atr, len)) > 0) {
		ret = serial_line_recv(&reader->line, atr + len, more, wait, wait);
		if (ret == -EBADMSG)
			return -EIO;
		if (ret < 0)
			return ret;
		if (ret < more)
			return -ETIMEDOUT;
		len += ret;
	}
	if (more < 0)
		return more;
	ret = uicc_atr_parse(&reader->atr, atr, len);
	return ret ?: len;
}

/* Feeds the card and resets it, until it answers as it should. Returns as above. */
static int serial_card_reset(struct serial_reader *reader, u8 class, u8 *atr)
{
	struct serial_line *line = &reader->line;
	int i, ret;

	for (i = 0; i < ATR_TRIES; i++) {
		ret = 0;
		if (reader->power.on && (reader->power.vcc || reader->power.clk)) {
			serial_power_off(reader);
			ret = serial_line_sleep(line, COLD_MS * NSEC_PER_MSEC);
		}
		ret = ret ?: serial_power_on(reader, class);
		ret = ret ?: serial_line_speed(line, serial_card_initial(reader), false);
		if (ret == -ERANGE && reader->dev)
			dev_warn_ratelimited(reader->dev, "the UART has no %u baud\n",
					     serial_card_initial(reader));
		ret = ret ?: serial_power_reset(reader);
		if (ret)
			return ret;
		ret = serial_card_answer(reader, atr);
		if (ret > 0 || ret == -ETIMEDOUT || ret == -ENODEV || ret == -ENOMEDIUM ||
		    ret == -EINTR)
			return ret;
	}
	return ret;
}

/*
 * From the lowest voltage up (ISO 7816-3 6.2.1), unless it is known which one the card
 * wants. Returns as above.
 */
static int serial_card_power(struct serial_reader *reader, u8 *atr)
{
	u8 allowed = reader->power.classes, class;
	int i, ret = -ETIMEDOUT;

	if (!allowed)
		return serial_card_reset(reader, 0, atr);
	if (reader->class)
		allowed = reader->class;
	for (i = 0; i < ARRAY_SIZE(serial_classes); i++) {
		class = serial_classes[i].class;
		if (!(allowed & class))
			continue;
		ret = serial_card_reset(reader, class, atr);
		if (ret == -ENODEV || ret == -EINTR)
			return ret;
		if (ret < 0)
			continue;
		if (!reader->atr.classes || reader->atr.classes & class) {
			reader->class = class;
			uicc_slot_set_supply(reader->slot, serial_classes[i].supply);
			return ret;
		}
		/* It works, by chance: it says that it wants another voltage. */
		allowed &= reader->atr.classes;
		ret = -EOPNOTSUPP;
	}
	reader->class = 0;
	return ret;
}

/* Can the UART do it? The line is idle, and set to a known speed afterwards. */
static bool serial_card_can_baud(void *ctx, u32 baud)
{
	struct serial_reader *reader = ctx;
	int i;

	for (i = 0; i < ARRAY_SIZE(reader->speeds) && reader->speeds[i].baud; i++)
		if (reader->speeds[i].baud == baud)
			return reader->speeds[i].possible;
	if (i == ARRAY_SIZE(reader->speeds))
		i = 0;
	reader->speeds[i].baud = baud;
	reader->speeds[i].possible = !serial_line_speed(&reader->line, baud, false);
	return reader->speeds[i].possible;
}

static bool serial_card_refuses(const struct serial_reader *reader)
{
	return reader->refused_len == reader->atr.len &&
	       !memcmp(reader->refused, reader->atr.raw, reader->refused_len);
}

/* From now on characters are as @params say. */
static int serial_card_apply(struct serial_reader *reader, const struct iso7816_params *params,
			     bool inverse)
{
	struct iso7816_timing *timing = &reader->iso.timing;
	int ret = serial_line_speed(&reader->line, iso7816_baud(params), inverse);

	iso7816_timing(timing, &reader->atr, params);
	/*
	 * A UART with one stop bit leaves 11 etu. For T=0 that is too little, as a card may
	 * complain in the 12th; for T=1 to pace each character is worse, as one that comes
	 * late ends the block.
	 */
	if (params->protocol == 1 && !timing->extra_us)
		serial_line_guard(&reader->line, SERIAL_GUARD_MIN, 0);
	else
		serial_line_guard(&reader->line, timing->guard_etu, timing->extra_us);
	return ret;
}

/* Returns 0, -EPROTO when the card refused, or another errno. */
static int serial_card_negotiate(struct serial_reader *reader)
{
	bool inverse = reader->line.inverse;
	bool stay = serial_card_refuses(reader) || reader->config.reset == SERIAL_RESET_NONE;
	struct iso7816_reader limits = {
		.clock_hz = reader->config.clock_hz,
		.max_baud = reader->config.max_baud ?: U32_MAX,
		.can_baud = serial_card_can_baud,
		.ctx = reader,
	};
	struct iso7816_params initial;
	int ret;

	/* A PPS that failed can be undone by a reset alone. One that failed, fails again. */
	if (stay && !reader->atr.specific)
		limits.max_baud = 0;
	ret = iso7816_pps_choose(&reader->params, &reader->atr, &limits);
	if (!ret && reader->params.pps && stay)
		ret = -EOPNOTSUPP;
	if (ret)
		return ret;
	iso7816_params_initial(&initial, &reader->atr, reader->config.clock_hz);
	ret = serial_card_apply(reader, &initial, inverse);
	if (!ret && reader->params.pps) {
		reader->line.pps = true;
		ret = iso7816_pps(&reader->iso, &reader->params);
		reader->line.pps = false;
	}
	return ret ?: serial_card_apply(reader, &reader->params, inverse);
}

static int serial_card_send(void *ctx, const u8 *buf, size_t len, u32 gap_us)
{
	struct serial_reader *reader = ctx;

	return serial_line_send(&reader->line, buf, len, gap_us);
}

static int serial_card_recv(void *ctx, u8 *buf, size_t len, u32 first_us, u32 next_us)
{
	struct serial_reader *reader = ctx;

	return serial_line_recv(&reader->line, buf, len, first_us, next_us);
}

static u64 serial_card_now(void *ctx)
{
	return ktime_to_ms(ktime_get());
}

static const struct iso7816_line_ops serial_card_line_ops = {
	.send = serial_card_send,
	.recv = serial_card_recv,
	.now_ms = serial_card_now,
};

static int serial_card_block(void *ctx, const u8 *out, size_t len, u8 *in, size_t size,
			     u8 bwt_multiplier)
{
	struct serial_reader *reader = ctx;
	struct iso7816_line *iso = &reader->iso;
	int ret = iso7816_line_block(iso, out, len, in, size, bwt_multiplier);

	if (ret != -EIO)
		return ret;
	/* The echo was another: a block that was damaged on its way. T=1 can repair that. */
	ret = serial_line_quiet(&reader->line, iso->timing.cwt_us + iso->slack_us);
	return ret ?: -EBADMSG;
}

static const struct iso7816_t1_ops serial_card_t1_ops = {
	.block = serial_card_block,
	.now_ms = serial_card_now,
};

/**
 * serial_card_start() - reset the card and agree with it
 * @reader: its reader
 * @atr: room for the answer to reset
 *
 * Context: process, may sleep.
 * Return: length of the answer; -ETIMEDOUT when the card is mute or falls silent, -EIO when
 * characters are damaged, -EPROTO or -EINVAL when it is no answer, -EOPNOTSUPP when there
 * is no voltage, protocol or speed that both have, -ENOMEDIUM when the far end says that
 * there is no card, -ENODEV, -EINTR.
 */
int serial_card_start(struct serial_reader *reader, u8 *atr)
{
	struct iso7816_line *iso = &reader->iso;
	int len, ret;

	lockdep_assert_held(&reader->op);
	iso->ops = &serial_card_line_ops;
	iso->ctx = reader;
	iso->slack_us = reader->config.slack_ms * USEC_PER_MSEC;
	len = serial_card_power(reader, atr);
	if (len < 0)
		return len;
	ret = serial_card_negotiate(reader);
	if ((ret == -EPROTO || ret == -ETIMEDOUT || ret == -EIO) && reader->params.pps) {
		reader->refused_len = len;
		memcpy(reader->refused, atr, len);
		len = serial_card_power(reader, atr);
		if (len < 0)
			return len;
		ret = serial_card_negotiate(reader);
	}
	if (ret)
		return ret;
	iso->crc = reader->atr.crc;
	iso7816_t1_init(&reader->t1, &reader->atr, &serial_card_t1_ops, reader);
	return len;
}

/**
 * serial_card_probe() - is there a card?
 * @reader: a reader that cannot tell
 *
 * Context: process, may sleep.
 * Return: 0 when something answers to a reset, an errno when nothing does.
 */
int serial_card_probe(struct serial_reader *reader)
{
	u8 atr[UICC_ATR_MAX];
	int ret;

	lockdep_assert_held(&reader->op);
	reader->class = 0;
	reader->iso.slack_us = reader->config.slack_ms * USEC_PER_MSEC;
	ret = serial_card_power(reader, atr);
	serial_power_off(reader);
	return ret < 0 ? ret : 0;
}

/**
 * serial_card_left() - report that the card is gone, as it did not answer to a reset
 * @reader: a reader that cannot tell
 *
 * Another one may have been put in since that reset was over. It has been told of, and
 * what is told last counts: nothing is said of the one before it then.
 *
 * Context: process; the operation on the line may be over.
 */
void serial_card_left(struct serial_reader *reader)
{
	lockdep_assert_held(&reader->op);
	spin_lock_irq(&reader->line.lock);
	if (!reader->told)
		uicc_slot_card_removed(reader->slot);
	spin_unlock_irq(&reader->line.lock);
}

/**
 * serial_card_transmit() - send a command
 * @reader: a reader whose card was started
 * @command: TPDU of T=0 or APDU
 * @len: its length
 * @response: room for the response
 * @size: its size
 *
 * Context: process, may sleep.
 * Return: length of the response, or an errno of iso7816_t0_tpdu() or iso7816_t1_transmit().
 */
int serial_card_transmit(struct serial_reader *reader, const u8 *command, size_t len,
			 u8 *response, size_t size)
{
	int ret;

	lockdep_assert_held(&reader->op);
	if (reader->params.protocol != 1)
		return iso7816_t0_tpdu(&reader->iso, command, len, response, size);
	ret = iso7816_t1_transmit(&reader->t1, command, len, response, size);
	/* Blocks of a PIN or a file. */
	memzero_explicit(reader->t1.out, sizeof(reader->t1.out));
	memzero_explicit(reader->t1.in, sizeof(reader->t1.in));
	return ret;
}
