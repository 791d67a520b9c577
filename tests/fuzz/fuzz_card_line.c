// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of a card's line: an ATR, PPS, and commands of T=0 or T=1 in characters, by the
 * same source files as in the module. The card says anything, at any time, with wrong parity, or
 * nothing; we have to stay within buffers and time, and to send nothing but what was asked for.
 *
 * Input: length of the ATR and the ATR, the reader's speed, then for each piece that we wait
 * for a byte: below 0x40 so many tenths of a second of silence, and then a character (0 is for
 * ever), at 0x40 one with wrong parity, above it as many characters as the rest of the byte says.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include <linux/kernel.h>

#include "../../kernel/core/atr.c"
#include "../../kernel/transport/line.c"
#include "../../kernel/transport/pps.c"
#include "../../kernel/transport/t0.c"
#include "../../kernel/transport/t1.c"
#include "card.h"

struct wire {
	const uint8_t *data;
	size_t size;
	u64 now_us;
	unsigned int run;	/* characters that are left of a piece */
	uint8_t *sent;		/* T=0: what may go out */
	size_t left;
	bool t0;
	struct iso7816_line line;
};

static uint8_t take(struct wire *w)
{
	if (!w->size)
		return 0;
	w->size--;
	return *w->data++;
}

static int wire_send(void *ctx, const u8 *buf, size_t len, u32 gap_us)
{
	struct wire *w = ctx;

	if (!len || len > ISO7816_BLOCK_MAX + 5)
		abort();
	if (w->t0) {
		if (len > w->left || memcmp(buf, w->sent, len))
			abort();
		w->sent += len;
		w->left -= len;
	}
	return 0;
}

static int wire_recv(void *ctx, u8 *buf, size_t len, u32 first_us, u32 next_us)
{
	struct wire *w = ctx;
	u64 wait = first_us, silence;
	size_t got = 0;
	uint8_t how;

	if (!len)
		abort();
	while (got < len) {
		if (w->run) {
			w->run--;
			w->now_us += 1000;
			buf[got++] = take(w);
			wait = next_us;
			continue;
		}
		how = take(w);
		if (how == 0x40)
			return -EBADMSG;
		w->run = how > 0x40 ? how - 0x40 : 0;
		silence = how < 0x40 ? how * 100000ull : 0;
		if (!how || silence > wait) {
			w->now_us += wait;
			return got ? (int)got : -ETIMEDOUT;
		}
		w->now_us += silence;
		w->run = w->run ?: 1;
	}
	return got;
}

static u64 wire_now(void *ctx)
{
	return ((struct wire *)ctx)->now_us / 1000;
}

static const struct iso7816_line_ops wire_ops = { .send = wire_send, .recv = wire_recv, .now_ms = wire_now };

static int wire_block(void *ctx, const u8 *out, size_t len, u8 *in, size_t size, u8 bwt_multiplier)
{
	struct wire *w = ctx;

	return iso7816_line_block(&w->line, out, len, in, size, bwt_multiplier);
}

static const struct iso7816_t1_ops block_ops = { .block = wire_block, .now_ms = wire_now };

/* Parameters that both sides have, whatever the card said. */
static void check_params(const struct iso7816_params *p, const struct uicc_atr *atr, const struct iso7816_reader *r)
{
	if (p->protocol > 1 || p->f < 372 || !p->d || p->f > atr->fi || p->d > atr->di ||
	    (p->f != 372 && p->d != 1 && iso7816_baud(p) > r->max_baud) ||
	    (p->f == 372 && p->d == 1 && p->fd != 0x11 && p->fd != 0x01))
		abort();
}

static void check_timing(const struct iso7816_timing *t)
{
	const u32 most = ISO7816_WAIT_MAX_MS * 1000;

	if (!t->iwt_us || !t->wwt_us || !t->cwt_us || !t->bwt_us || t->iwt_us > most || t->wwt_us > most ||
	    t->cwt_us > most || t->bwt_us > most || t->extra_us > most || t->guard_etu < 11 || t->guard_etu > 12)
		abort();
}

static void commands(struct wire *w, const struct uicc_atr *atr, const struct iso7816_params *params)
{
	uint8_t *command, *response;
	struct iso7816_t1 t1;
	size_t len, i;
	u64 began;
	int ret;

	iso7816_t1_init(&t1, atr, &block_ops, w);
	while (w->size) {
		len = 5 + take(w);
		command = malloc(len);
		response = malloc(258);
		for (i = 0; i < len; i++)
			command[i] = take(w);
		if (len > 5 && take(w) % 8)
			command[4] = len - 5;
		began = w->now_us;
		w->sent = command;
		w->left = len;
		w->t0 = params->protocol == 0;
		ret = w->t0 ? iso7816_t0_tpdu(&w->line, command, len, response, 258) :
			      iso7816_t1_transmit(&t1, command, len, response, 258);
		if (ret > 258 || (ret >= 0 && ret < 2))
			abort();
		/* the limit, and one wait or block that began before it */
		if (w->now_us - began > 2ull * (ISO7816_LIMIT_MS + ISO7816_WAIT_MAX_MS) * 1000)
			abort();
		free(command);
		free(response);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire w = { .data = data, .size = size };
	struct iso7816_params params;
	struct iso7816_reader reader;
	u8 raw[UICC_ATR_MAX];
	struct uicc_atr atr;
	size_t len = take(&w) % (UICC_ATR_MAX + 1), i;

	for (i = 0; i < len; i++)
		raw[i] = take(&w);
	if (uicc_atr_parse(&atr, raw, len))
		return 0;
	reader = (struct iso7816_reader){ .clock_hz = 1000000 + take(&w) * 50000 };
	reader.max_baud = take(&w) * 2000;
	iso7816_params_initial(&params, &atr, reader.clock_hz);
	w.line = (struct iso7816_line){ .ops = &wire_ops, .ctx = &w, .slack_us = 1000, .crc = atr.crc };
	iso7816_timing(&w.line.timing, &atr, &params);
	check_timing(&w.line.timing);
	if (iso7816_pps_choose(&params, &atr, &reader))
		return 0;
	check_params(&params, &atr, &reader);
	if (params.pps && iso7816_pps(&w.line, &params))
		return 0;
	check_params(&params, &atr, &reader);
	iso7816_timing(&w.line.timing, &atr, &params);
	check_timing(&w.line.timing);
	commands(&w, &atr, &params);
	return 0;
}
