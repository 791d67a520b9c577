// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a card on a line makes of its bytes: resets, PPS (ISO 7816-3 clause 9), T=0
 * (clause 10), the blocks of T=1. See lcard.h.
 */
#include <stdio.h>
#include <string.h>

#include "lcard.h"

#define NULL_BYTE	0x60

static void t0_reset(struct lcard *c)
{
	c->t0.n_cmd = 0;
	c->t0.want = 0;
	c->t0.one = false;
}

static void nulls(struct lcard *c)
{
	unsigned int i;

	for (i = 0; i < c->t0.nulls; i++)
		lcard_put(c, NULL_BYTE, c->t0.null_ms);
}

/* Does the reader have data for it? P3 alone does not say. */
static bool takes_data(const uint8_t *head)
{
	switch (head[1]) {
	case 0x20:
	case 0xa4:
	case 0xd6:
	case 0xdb:
	case 0xdc:
		return head[4];
	case 0xcb:
		return head[4] && (head[3] & 0x80);
	}
	return false;
}

static void status(struct lcard *c, const uint8_t *sw)
{
	nulls(c);
	lcard_put(c, sw[0], 0);
	lcard_put(c, sw[1], 0);
	t0_reset(c);
}

static bool next_is_one(struct lcard *c)
{
	switch (c->t0.ack) {
	case LCARD_ACK_ALL:
		return false;
	case LCARD_ACK_ONE:
		return true;
	case LCARD_ACK_MIX:
		c->t0.one = !c->t0.one;
		return c->t0.one;
	}
	return false;
}

/* The procedure byte for what remains; returns how many bytes it stands for. */
static size_t acknowledge(struct lcard *c, size_t rest)
{
	uint8_t ins = c->t0.cmd[1];

	nulls(c);
	if (c->t0.bad_procedure) {
		lcard_put(c, c->t0.bad_procedure, 0);
		c->t0.bad_procedure = 0;
	}
	if (!next_is_one(c)) {
		lcard_put(c, ins, 0);
		return rest;
	}
	lcard_put(c, ins ^ 0xff, 0);
	return 1;
}

static void run(struct lcard *c)
{
	struct lcard_t0 *t = &c->t0;
	size_t n, i, part;

	n = chip_tpdu(&c->chip, t->cmd, t->n_cmd, t->rsp) - 2;
	if (t->ack_status && n)
		lcard_put(c, t->cmd[1], 0);
	for (i = 0; i < n && !t->ack_status; i += part) {
		part = acknowledge(c, n - i);
		lcard_puts(c, t->rsp + i, part);
	}
	status(c, t->rsp + n);
}

static void t0_take(struct lcard *c, uint8_t byte)
{
	struct lcard_t0 *t = &c->t0;

	if (t->n_cmd == sizeof(t->cmd))
		return;
	t->cmd[t->n_cmd++] = byte;
	if (t->n_cmd < 5)
		return;
	if (!takes_data(t->cmd)) {
		run(c);
	} else if (t->n_cmd == 5u + t->cmd[4]) {
		run(c);
	} else if (t->n_cmd == 5 && t->status_first) {
		status(c, (const uint8_t []){ 0x6f, 0x00 });
	} else if (t->n_cmd == 5 || t->n_cmd == t->want) {
		t->want = t->n_cmd + acknowledge(c, 5u + t->cmd[4] - t->n_cmd);
	}
}

/* PPS bytes until the request is whole; false: it is none, or wrong. */
static bool pps_whole(const uint8_t *p, size_t n, size_t *need)
{
	*need = 3;
	if (n >= 2)
		*need += !!(p[1] & 0x10) + !!(p[1] & 0x20) + !!(p[1] & 0x40);
	return n == *need;
}

static void pps_answer(struct lcard *c, size_t n)
{
	const uint8_t *p = c->pps_rx;
	uint8_t out[6], pck = 0;
	size_t i, len = n;

	memcpy(out, p, n);
	switch (c->pps) {
	case LCARD_PPS_SILENT:
		return;
	case LCARD_PPS_PLAIN:
		out[1] &= 0x0f;
		len = 3;
		break;
	case LCARD_PPS_OTHER:
		if (n > 3)
			out[2] ^= 0x03;
		break;
	case LCARD_PPS_PROTOCOL:
		out[1] ^= 0x01;
		break;
	default:
		break;
	}
	for (i = 0; i < len - 1; i++)
		pck ^= out[i];
	out[len - 1] = c->pps == LCARD_PPS_PCK ? pck ^ 0x40 : pck;
	lcard_puts(c, out, c->pps == LCARD_PPS_HALF ? 2 : len);
	if (c->pps == LCARD_PPS_AGREE || c->pps == LCARD_PPS_PLAIN)
		c->protocol = out[1] & 0x0f;
}

static void pps_take(struct lcard *c, uint8_t byte)
{
	uint8_t pck = 0;
	size_t need, i;

	c->pps_rx[c->n_pps++] = byte;
	if (!pps_whole(c->pps_rx, c->n_pps, &need))
		return;
	for (i = 0; i < need; i++)
		pck ^= c->pps_rx[i];
	memcpy(c->pps_bytes, c->pps_rx, need);
	c->pps_seen++;
	c->n_pps = 0;
	c->state = LCARD_WORKS;
	/* ISO 7816-3 9.3: a card that got a wrong request says nothing. */
	if (pck)
		c->state = LCARD_OFF;
	else
		pps_answer(c, need);
}

static bool sound(struct lcard *c)
{
	uint8_t copy[T1_BLOCK_MAX];
	size_t n = 3 + c->block[2];

	memcpy(copy, c->block, n);
	return t1card_edc(c->t1.crc, copy, n) == c->n_block && !memcmp(copy, c->block, c->n_block);
}

/*
 * A block is over with its last byte, or when the line is quiet: its length may be what
 * was damaged, so that an answer to a bad one waits for that.
 */
static void t1_take(struct lcard *c, uint8_t byte)
{
	if (c->n_block < sizeof(c->block))
		c->block[c->n_block++] = byte;
	if (c->n_block >= 3 && c->block[2] != 0xff &&
	    c->n_block == 3u + c->block[2] + (c->t1.crc ? 2 : 1) && sound(c))
		lcard_quiet(c);
}

void lcard_quiet(struct lcard *c)
{
	uint8_t out[T1_BLOCK_MAX];
	bool asked = c->t1.waits_s;
	size_t n;

	n = t1card_block(&c->t1, c->block, c->n_block, out);
	c->n_block = 0;
	if (!n)
		return;
	lcard_put(c, out[0], asked && c->wtx_ms ? c->wtx_ms : c->block_ms);
	lcard_puts(c, out + 1, n - 1);
}

bool lcard_waits(const struct lcard *c)
{
	return c->n_block;
}

void lcard_take(struct lcard *c, uint8_t byte)
{
	if (c->state == LCARD_OFF)
		return;
	if (c->state == LCARD_PTS && !c->specific && (c->n_pps || byte == 0xff)) {
		pps_take(c, byte);
		return;
	}
	c->state = LCARD_WORKS;
	if (c->protocol == 1)
		t1_take(c, byte);
	else
		t0_take(c, byte);
}

void lcard_reset(struct lcard *c)
{
	size_t i;

	c->n_pps = 0;
	c->n_block = 0;
	c->state = LCARD_PTS;
	c->protocol = c->first_protocol;
	chip_reset(&c->chip);
	t0_reset(c);
	t1card_reset(&c->t1);
	for (i = 0; i < c->n_atr; i++)
		lcard_put(c, c->atr[i], !i ? c->atr_ms :
			  c->atr_gap_ms && i == c->atr_gap_at ? c->atr_gap_ms : 0);
}

/* What an ATR says (ISO 7816-3 clause 8): as much of it as the card goes by. */
static bool read_atr(struct lcard *c)
{
	unsigned int y, i = 1, t = 0, group = 1, first = 0;
	bool named = false, need_tck = false;

	c->inverse = c->atr[0] == 0x3f;
	y = c->atr[i++];
	for (;;) {
		if (y & 0x10) {
			if (group == 2) {
				c->specific = true;
				first = c->atr[i] & 0x0f;
				named = true;
			}
			if (group > 2 && t == 1)
				c->t1.ifsc = c->atr[i];
			i++;
		}
		i += !!(y & 0x20);
		if (y & 0x40) {
			if (group > 2 && t == 1)
				c->t1.crc = c->atr[i] & 1;
			i++;
		}
		if (!(y & 0x80))
			break;
		y = c->atr[i++];
		t = y & 0x0f;
		if (!named)
			first = t;
		named = true;
		need_tck |= t != 0;
		group++;
	}
	c->first_protocol = first;
	return need_tck;
}

static size_t unhex(uint8_t *out, size_t size, const char *hex)
{
	unsigned int byte;
	size_t n = 0;
	int used;

	for (; n < size && sscanf(hex, " %2x%n", &byte, &used) == 1; hex += used)
		out[n++] = byte;
	return n;
}

void lcard_set_atr(struct lcard *c, const char *atr)
{
	bool need_tck;
	uint8_t tck = 0;
	size_t i;

	pthread_mutex_lock(&c->lock);
	c->n_atr = unhex(c->atr, sizeof(c->atr) - 1, atr);
	c->atr_ms = c->atr_gap_at = c->atr_gap_ms = 0;
	c->specific = c->echo = c->singly = false;
	c->in_band = true;
	c->pps = LCARD_PPS_AGREE;
	c->block_ms = c->wtx_ms = 0;
	c->cwt_ms = 100;
	memset(&c->t0, 0, sizeof(c->t0));
	t1card_init(&c->t1, &c->chip, 32, false);
	need_tck = read_atr(c);
	for (i = 1; i < c->n_atr; i++)
		tck ^= c->atr[i];
	if (need_tck)
		c->atr[c->n_atr++] = tck;
	c->fault = LCARD_NONE;
	pthread_mutex_unlock(&c->lock);
}
