// SPDX-License-Identifier: GPL-2.0-only
/*
 * A line of characters as ISO 7816-3 has it: how long things take, and a block of T=1 sent
 * and received character by character. What is in the block, t1.c knows.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "iso7816.h"

#define LINE_USEC	1000000ull
#define LINE_NSEC	1000000000ull

/* A character has ten moments: start, eight bits, parity (7.2). */
#define LINE_CHARACTER_ETU	10
/* 10.2: between leading edges of characters in opposite directions, T=0. */
#define LINE_TURN_T0_ETU	16
/* 11.2: the same between blocks of T=1: BGT. */
#define LINE_BGT_ETU		22
/* 8.1: initial waiting time, between characters of an ATR; 9.2: those of PPS. */
#define LINE_IWT_ETU		9600

static u32 line_cap(u64 us)
{
	return min_t(u64, us, ISO7816_WAIT_MAX_MS * 1000ull);
}

/* Rounded up: a wait that is too short loses what comes in time. */
static u32 line_us(u64 clocks, u64 clock_hz)
{
	return line_cap(div64_u64(clocks * LINE_USEC + clock_hz - 1, clock_hz));
}

static u32 line_etu_us(const struct iso7816_params *params, u64 etu)
{
	return line_us(etu * params->f, (u64)params->clock_hz * params->d);
}

/* Is T=15 among the protocols of the ATR? The first T=15 stands behind TD2 or later. */
static bool line_has_t15(const struct uicc_atr *atr)
{
	u8 at = 1, td = atr->raw[1];

	while (td & BIT(7)) {
		at += !!(td & BIT(4)) + !!(td & BIT(5)) + !!(td & BIT(6)) + 1;
		if (at >= atr->len)
			return false;
		td = atr->raw[at];
		if ((td & 0x0f) == 15)
			return true;
	}
	return false;
}

/**
 * iso7816_params_initial() - what holds between the reset and the end of a PPS
 * @params: result; the protocol is the one of the ATR
 * @atr: a parsed ATR
 * @clock_hz: frequency on CLK, not 0
 *
 * Context: any.
 */
void iso7816_params_initial(struct iso7816_params *params, const struct uicc_atr *atr,
			    u32 clock_hz)
{
	*params = (struct iso7816_params){
		.protocol = uicc_atr_protocol(atr),
		.fd = 0x11,
		.f = ISO7816_FD,
		.d = ISO7816_DD,
		.clock_hz = clock_hz,
	};
}
EXPORT_SYMBOL_GPL(iso7816_params_initial);

/**
 * iso7816_baud() - bits per second of parameters
 * @params: parameters
 *
 * Context: any.
 * Return: f * D / F, rounded.
 */
u32 iso7816_baud(const struct iso7816_params *params)
{
	return div_u64((u64)params->clock_hz * params->d + params->f / 2, params->f);
}
EXPORT_SYMBOL_GPL(iso7816_baud);

/**
 * iso7816_timing() - compute the durations of a line
 * @timing: result
 * @atr: ATR of the card
 * @params: parameters in use
 *
 * Context: any.
 */
void iso7816_timing(struct iso7816_timing *timing, const struct uicc_atr *atr,
		    const struct iso7816_params *params)
{
	memset(timing, 0, sizeof(*timing));
	timing->etu_ns = div64_u64(params->f * LINE_NSEC, (u64)params->clock_hz * params->d);
	timing->guard_etu = 12;
	if (atr->tc1 == 255) {
		/* 11.2: the shortest one; for T=0 that is what it is anyway */
		timing->guard_etu = params->protocol == 1 ? 11 : 12;
	} else if (atr->tc1) {
		/* 8.3: N etu of the rate in use, or of TA1 where T=15 is named */
		timing->extra_us = line_has_t15(atr) ?
			line_us((u64)atr->tc1 * atr->fi, (u64)params->clock_hz * atr->di) :
			line_etu_us(params, atr->tc1);
	}
	timing->turn_us = line_etu_us(params, (params->protocol == 1 ? LINE_BGT_ETU :
					       LINE_TURN_T0_ETU) - LINE_CHARACTER_ETU);
	timing->iwt_us = line_etu_us(params, LINE_IWT_ETU);
	/* 10.2: WT = WI * 960 * Fi/f, Fi of TA1 whatever is in use */
	timing->wwt_us = line_us((u64)atr->wi * 960 * atr->fi, params->clock_hz);
	/* 11.4.3: CWT = (11 + 2^CWI) etu, BWT = 11 etu + 2^BWI * 960 * Fd/f */
	timing->cwt_us = line_etu_us(params, 11 + (1u << atr->cwi));
	timing->bwt_us = line_cap((u64)line_etu_us(params, 11) +
				  line_us((960ull << atr->bwi) * ISO7816_FD, params->clock_hz));
}
EXPORT_SYMBOL_GPL(iso7816_timing);

/**
 * iso7816_line_recv() - receive characters, for no longer than a command may take
 * @line: a line
 * @buf: room for them
 * @len: how many
 * @first_us: longest wait for the first one
 * @next_us: longest wait for each one after it
 * @deadline_ms: when all of it has to be over
 *
 * Context: process context, sleeps.
 * Return: as recv of struct iso7816_line_ops. A card that needs more time than there is has
 * fallen silent.
 */
int iso7816_line_recv(const struct iso7816_line *line, u8 *buf, size_t len,
		      u32 first_us, u32 next_us, u64 deadline_ms)
{
	size_t got = 0, piece;
	u64 now, left_us;
	int ret;

	while (got < len) {
		now = line->ops->now_ms(line->ctx);
		if (now >= deadline_ms)
			return (int)got ?: -ETIMEDOUT;
		/* Never more at a time than come in time, however late each one is. */
		left_us = (deadline_ms - now) * 1000;
		piece = clamp_t(u64, div_u64(left_us, next_us ?: 1), 1, len - got);
		ret = line->ops->recv(line->ctx, buf + got, piece,
				      min_t(u64, got ? next_us : first_us, left_us),
				      min_t(u64, next_us, left_us));
		if (ret == -ETIMEDOUT && got)
			return got;
		if (ret < 0)
			return ret;
		got += ret;
		if (ret < (int)piece)
			return got;
	}
	return got;
}

/* Waits until the card has stopped talking: nothing that it still says is the next block. */
static int line_drain(const struct iso7816_line *line, u32 next_us, u64 deadline_ms)
{
	u8 junk[16];
	int i, ret;

	for (i = 0; i < 2 * ISO7816_BLOCK_MAX; i++) {
		ret = iso7816_line_recv(line, junk, sizeof(junk), next_us, next_us, deadline_ms);
		if (ret == -ETIMEDOUT || (ret >= 0 && ret < (int)sizeof(junk)))
			return -EBADMSG;
		if (ret < 0 && ret != -EBADMSG)
			return ret;
	}
	return -EBADMSG;
}

/**
 * iso7816_line_block() - send a block of T=1 and receive one
 * @line: a line at the card's parameters
 * @out: block to send
 * @len: its length
 * @in: room for the answer
 * @size: size of @in, at least ISO7816_BLOCK_MAX
 * @bwt_multiplier: how many times BWT to wait for the answer; 0 is 1
 *
 * A block that came damaged is over when it is reported: the card has been silent for a
 * character waiting time.
 *
 * Context: process context, sleeps.
 * Return: the answer's length (less than its prologue says where the card stopped within it, and
 * 3 where that says what no block may have), -ETIMEDOUT when none came, -EBADMSG when a
 * character came damaged, or what the callbacks return.
 */
int iso7816_line_block(const struct iso7816_line *line, const u8 *out, size_t len,
		       u8 *in, size_t size, u8 bwt_multiplier)
{
	const struct iso7816_timing *timing = &line->timing;
	u32 first = line_cap((u64)timing->bwt_us * (bwt_multiplier ?: 1)) + line->slack_us;
	u32 next = timing->cwt_us + line->slack_us;
	u64 deadline_ms;
	int ret, rest;

	if (size < ISO7816_BLOCK_MAX)
		return -EINVAL;
	deadline_ms = line->ops->now_ms(line->ctx) + (line->limit_ms ?: ISO7816_LIMIT_MS);
	ret = line->ops->send(line->ctx, out, len, timing->turn_us);
	if (ret)
		return ret;
	ret = iso7816_line_recv(line, in, 3, first, next, deadline_ms);
	if (ret == -EBADMSG)
		return line_drain(line, next, deadline_ms);
	if (ret < 3)
		return ret;
	if (in[2] > ISO7816_IFS_MAX) {
		ret = line_drain(line, next, deadline_ms);
		return ret == -EBADMSG ? 3 : ret;
	}
	rest = in[2] + 1 + line->crc;
	ret = iso7816_line_recv(line, in + 3, rest, next, next, deadline_ms);
	if (ret == -EBADMSG)
		return line_drain(line, next, deadline_ms);
	return ret == -ETIMEDOUT ? 3 : ret < 0 ? ret : 3 + ret;
}
EXPORT_SYMBOL_GPL(iso7816_line_block);
