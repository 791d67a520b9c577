// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of T=1, by the same source files as in the module. The input is a card: which
 * ATR it has, what is asked of it, and what it answers to each block. It may answer anything; our
 * own blocks have to be good ones all the same, and few enough.
 *
 * Each answer begins with a byte: 0 to 3 are no block at all (silence, damage, an error of the
 * line, a reader that went), 4 to 7 a block as it stands in the input, others one whose EDC is made
 * right; then PCB or NAD, length and field.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include <linux/kernel.h>

#include "../../kernel/core/atr.c"
#include "../../kernel/transport/line.c"
#include "../../kernel/transport/t1.c"
#include "card.h"

struct card {
	const uint8_t *data;
	size_t size;
	u64 now_ms;
	unsigned int blocks;	/* of one command */
	struct iso7816_t1 t1;
	u8 ifsc;		/* the largest that we may use, by what the card said */
	bool gone;
};

static uint8_t take(struct card *card)
{
	if (!card->size)
		return 0;
	card->size--;
	return *card->data++;
}

/* What a card may rely on: it is a block, of a kind that a reader sends, and not too long. */
static void check_ours(struct card *card, const u8 *out, size_t len)
{
	size_t edc = card->t1.crc ? 2 : 1;
	u8 sum[2], pcb = out[1];

	if (len < 3 + edc || len > ISO7816_BLOCK_MAX || len != 3 + out[2] + edc || out[0])
		abort();
	t1_edc(&card->t1, out, len - edc, sum);
	if (memcmp(sum, out + len - edc, edc))
		abort();
	if (!(pcb & 0x80)) {
		if (pcb & 0x1f || out[2] > card->ifsc || !out[2])
			abort();
	} else if ((pcb & 0xc0) == 0x80) {
		if (pcb & 0x2c || (pcb & 3) == 3 || out[2])
			abort();
	} else if (pcb != 0xc0 && pcb != 0xc1 && pcb != 0xc2 && pcb != 0xe1 && pcb != 0xe2 && pcb != 0xe3) {
		abort();
	} else if (out[2] != (pcb & 1)) {
		abort();
	}
	/* What it asked for, and we granted, counts from now on. */
	if (pcb == 0xe1)
		card->ifsc = out[3];
	/* no more than each byte by itself, and what is between them; each within its time */
	if (++card->blocks > 300 + 258 + 1100)
		abort();
}

static int answer(void *ctx, const u8 *out, size_t len, u8 *in, size_t size, u8 bwt_multiplier)
{
	static const int none[] = { -ETIMEDOUT, -EBADMSG, -EIO, -ENODEV };
	struct card *card = ctx;
	uint8_t how, n, i;

	if (size != ISO7816_BLOCK_MAX || card->gone || !bwt_multiplier)
		abort();
	check_ours(card, out, len);
	if (!card->size) {
		/* It has said all; a card that goes on for ever is another test's. */
		card->gone = true;
		return -ENODEV;
	}
	how = take(card);
	card->now_ms += how % 16 * 100;
	if (how < 4) {
		card->gone = how == 3;
		return none[how];
	}
	in[0] = how < 8 ? take(card) : 0;
	in[1] = take(card);
	n = take(card);
	if (how >= 8 && n > ISO7816_IFS_MAX)
		n = ISO7816_IFS_MAX;
	in[2] = n;
	if (n > ISO7816_IFS_MAX)
		return 3;
	for (i = 0; i < n; i++)
		in[3 + i] = take(card);
	if (how < 8)
		return 3 + n + (how & 3);
	if (out[1] == 0xc0 && in[1] == 0xe0 && !n)
		card->ifsc = card->t1.ifsc_initial;
	return 3 + n + t1_edc(&card->t1, in, 3 + n, in + 3 + n);
}

static u64 now(void *ctx)
{
	return ((struct card *)ctx)->now_ms;
}

static const struct iso7816_t1_ops ops = { .block = answer, .now_ms = now };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct card *card = calloc(1, sizeof(*card));
	struct uicc_atr atr = { 0 };
	uint8_t *command, *response;
	size_t len, i;
	int ret;

	if (!card)
		abort();
	card->data = data;
	card->size = size;
	atr.crc = take(card) & 1;
	atr.ifsc = take(card) % 254 + 1;
	card->ifsc = atr.ifsc;
	iso7816_t1_init(&card->t1, &atr, &ops, card);
	while (card->size && !card->gone) {
		len = 4 + take(card);
		command = malloc(len);
		response = malloc(258);
		for (i = 0; i < len; i++)
			command[i] = i;
		card->blocks = 0;
		ret = iso7816_t1_transmit(&card->t1, command, len, response, 258);
		if (ret > 258 || (ret >= 0 && ret < 2))
			abort();
		/* Whatever failed, we know whether the card is in step. */
		if (ret > 0 && card->t1.lost)
			abort();
		if (card->t1.ns > 1 || card->t1.nr > 1 || card->t1.ifsc != card->ifsc)
			abort();
		free(command);
		free(response);
	}
	free(card);
	return 0;
}
