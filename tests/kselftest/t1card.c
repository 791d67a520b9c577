// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The card's side of T=1. See t1card.h.
 */
#include <stdio.h>
#include <string.h>

#include "t1card.h"

#define PCB_M		0x20
#define PCB_NS		0x40
#define PCB_R		0x80
#define PCB_R_NR	0x10
#define PCB_RESYNCH	0xc0
#define PCB_IFS		0xc1
#define PCB_ABORT	0xc2
#define PCB_WTX		0xc3
#define PCB_RESPONSE	0x20

/*
 * ISO/IEC 13239: x^16 + x^12 + x^5 + 1, bits reversed, preset FFFF; the high byte goes
 * first and nothing is complemented, as readers and cards have it.
 */
static uint16_t crc16(const uint8_t *p, size_t n)
{
	uint16_t crc = 0xffff;
	int bit;

	while (n--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1;
	}
	return crc;
}

size_t t1card_edc(bool crc, uint8_t *block, size_t n)
{
	uint8_t lrc = 0;
	uint16_t check;
	size_t i;

	if (crc) {
		check = crc16(block, n);
		block[n++] = check >> 8;
		block[n++] = check;
		return n;
	}
	for (i = 0; i < n; i++)
		lrc ^= block[i];
	block[n++] = lrc;
	return n;
}

static size_t make(struct t1card *t, uint8_t *out, uint8_t pcb, const uint8_t *inf, size_t len)
{
	out[0] = 0;
	out[1] = pcb;
	out[2] = len;
	if (len)
		memcpy(out + 3, inf, len);
	return t1card_edc(t->crc, out, 3 + len);
}

static void broken(struct t1card *t, const char *rule)
{
	if (!t->quiet)
		printf("# T=1: the reader broke a rule: %s\n", rule);
	t->broken++;
}

static size_t r_block(struct t1card *t, uint8_t *out, unsigned int error)
{
	return make(t, out, PCB_R | (t->nr ? PCB_R_NR : 0) | error, NULL, 0);
}

static size_t s_block(struct t1card *t, uint8_t *out, uint8_t pcb, const uint8_t *value)
{
	t->waits_s = true;
	t->s_pcb = pcb;
	t->s_value = value ? *value : 0;
	return make(t, out, pcb, value, value ? 1 : 0);
}

/* The I-block at @at of the answer. */
static size_t i_block(struct t1card *t, uint8_t *out)
{
	size_t left = t->n_answer - t->at;
	bool more = left > t->ifsd;

	t->sent = more ? t->ifsd : left;
	return make(t, out, (t->ns ? PCB_NS : 0) | (more ? PCB_M : 0), t->answer + t->at, t->sent);
}

static void forget(struct t1card *t)
{
	t->n_command = 0;
	t->n_answer = 0;
	t->at = 0;
	t->sent = 0;
	t->waits_s = false;
	t->n_held = 0;
}

/* The other side has taken the I-block that is out. */
static void taken(struct t1card *t)
{
	if (!t->sent)
		return;
	t->at += t->sent;
	t->sent = 0;
	t->ns ^= 1;
}

static size_t on_i(struct t1card *t, const uint8_t *in, uint8_t *out)
{
	bool ns = in[1] & PCB_NS;
	size_t len = in[2];

	if (in[1] & 0x1f)
		broken(t, "bits of an I-block that are to be 0");
	if (t->waits_s)
		broken(t, "an I-block that answers an S-block");
	if (ns != t->nr)
		return r_block(t, out, 2);
	if (len > t->longest)
		t->longest = len;
	if (len > t->ifsc)
		broken(t, "INF longer than IFSC");
	if (t->sent && t->at + t->sent < t->n_answer)
		broken(t, "an I-block in the middle of the card's chain");
	if (t->n_command + len > sizeof(t->command)) {
		broken(t, "a command longer than any");
		return 0;
	}
	taken(t);
	memcpy(t->command + t->n_command, in + 3, len);
	t->n_command += len;
	t->nr ^= 1;
	if (in[1] & PCB_M)
		return r_block(t, out, 0);
	t->n_answer = chip_apdu(t->chip, t->command, t->n_command, t->answer);
	t->n_command = 0;
	t->at = 0;
	return i_block(t, out);
}

static size_t again(struct t1card *t, uint8_t *out)
{
	t->retries++;
	if (!t->n_last)
		return r_block(t, out, 0);
	memcpy(out, t->last, t->n_last);
	return t->n_last;
}

static size_t on_r(struct t1card *t, const uint8_t *in, uint8_t *out)
{
	bool nr = in[1] & PCB_R_NR;

	if (in[2])
		broken(t, "an R-block with INF");
	if (t->waits_s)
		return again(t, out);
	if (t->sent && nr != t->ns && t->at + t->sent < t->n_answer) {
		if (in[1] & 0x0f)
			broken(t, "an R-block that acknowledges and complains");
		taken(t);
		return i_block(t, out);
	}
	return again(t, out);
}

static size_t on_s_response(struct t1card *t, const uint8_t *in, uint8_t *out)
{
	size_t n = t->n_held;

	if (!t->waits_s || in[1] != (t->s_pcb | PCB_RESPONSE)) {
		broken(t, "an S-block that answers nothing");
		return r_block(t, out, 2);
	}
	if (in[2] && in[3] != t->s_value)
		broken(t, "an S-block that answers something else");
	t->waits_s = false;
	t->n_held = 0;
	if (!n)
		return r_block(t, out, 0);
	memcpy(out, t->held, n);
	return n;
}

static size_t on_s(struct t1card *t, const uint8_t *in, uint8_t *out)
{
	uint8_t value = in[3];

	switch (in[1]) {
	case PCB_RESYNCH:
		t->resyncs++;
		forget(t);
		t->ns = 0;
		t->nr = 0;
		t->ifsd = 32;
		return make(t, out, PCB_RESYNCH | PCB_RESPONSE, NULL, 0);
	case PCB_IFS:
		if (in[2] != 1 || !value || value == 255)
			broken(t, "an impossible IFSD");
		else
			t->ifsd = value;
		return make(t, out, PCB_IFS | PCB_RESPONSE, &value, 1);
	case PCB_ABORT:
		t->aborts++;
		forget(t);
		return make(t, out, PCB_ABORT | PCB_RESPONSE, NULL, 0);
	}
	return on_s_response(t, in, out);
}

/* What the fault makes of the answer. */
static size_t fail(struct t1card *t, uint8_t *out, size_t n)
{
	switch (t->fault) {
	case T1_MUTE:
		return 0;
	case T1_BAD_EDC:
		out[n - 1] ^= 0x55;
		return n;
	case T1_CUT:
		return n - 1;
	case T1_NAD:
		out[0] = 0x21;
		return t1card_edc(t->crc, out, 3 + out[2]);
	case T1_WRONG_NS:
		out[1] ^= out[1] & 0x80 ? PCB_R_NR : PCB_NS;
		return t1card_edc(t->crc, out, 3 + out[2]);
	case T1_S_UNKNOWN:
		return make(t, out, 0xcf, NULL, 0);
	default:
		return n;
	}
}

/* Its own S-block first; what it would have said comes when that is answered. */
static size_t hold(struct t1card *t, uint8_t *out, size_t n)
{
	memcpy(t->held, out, n);
	t->n_held = n;
	switch (t->fault) {
	case T1_WTX:
		return s_block(t, out, PCB_WTX, &t->wtx);
	case T1_IFS:
		t->ifsc = t->new_ifsc;
		return s_block(t, out, PCB_IFS, &t->new_ifsc);
	default:
		forget(t);
		return s_block(t, out, PCB_ABORT, NULL);
	}
}

static bool faulty(struct t1card *t)
{
	unsigned int n = t->fault_for ? t->fault_for : 1;

	return t->fault_at >= 0 && t->blocks - 1 >= (unsigned int)t->fault_at &&
	       t->blocks - 1 - t->fault_at < n;
}

static bool sound(struct t1card *t, const uint8_t *in, size_t len)
{
	uint8_t copy[T1_BLOCK_MAX];
	size_t edc = t->crc ? 2 : 1;

	if (len < 3 + edc || len > sizeof(copy) || len != 3 + in[2] + edc)
		return false;
	memcpy(copy, in, 3 + in[2]);
	t1card_edc(t->crc, copy, 3 + in[2]);
	return !memcmp(copy, in, len);
}

size_t t1card_block(struct t1card *t, const uint8_t *in, size_t len, uint8_t *out)
{
	bool fault;
	size_t n;

	t->blocks++;
	fault = faulty(t);
	if (!sound(t, in, len)) {
		broken(t, "a damaged block");
		return r_block(t, out, 1);
	}
	if (in[0])
		broken(t, "a node address");
	if (fault && (t->fault == T1_R_EDC || t->fault == T1_R_OTHER)) {
		/* What is said to have come damaged was not heard. */
		return r_block(t, out, t->fault == T1_R_EDC ? 1 : 2);
	}
	if (!(in[1] & 0x80))
		n = on_i(t, in, out);
	else if (!(in[1] & 0x40))
		n = on_r(t, in, out);
	else
		n = on_s(t, in, out);
	if (fault && (t->fault == T1_WTX || t->fault == T1_IFS || t->fault == T1_ABORT))
		n = hold(t, out, n);
	memcpy(t->last, out, n);
	t->n_last = n;
	return fault && n ? fail(t, out, n) : n;
}

void t1card_reset(struct t1card *t)
{
	forget(t);
	chip_reset(t->chip);
	t->ns = 0;
	t->nr = 0;
	t->ifsd = 32;
	t->n_last = 0;
}

void t1card_init(struct t1card *t, struct chip *chip, uint8_t ifsc, bool crc)
{
	memset(t, 0, sizeof(*t));
	t->chip = chip;
	t->ifsc = ifsc;
	t->crc = crc;
	t->fault_at = -1;
	t1card_reset(t);
}
