// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of the exchange of APDUs with a hostile card, by the same
 * source files as in the module. Byte 0: way and mode; 1, 2: Lc; 3, 4: Le; 5:
 * instruction; 6: room for the answer in units of 17. The rest is what the card
 * says, command by command: two bytes of length (15 bits, or b16: an errno) and
 * that many bytes; then it says the last again and again.
 */
#include "../../kernel/core/tlv.c"
#include "../../kernel/core/apdu.c"
#include "../../kernel/core/apdu_build.c"
#include "card.h"

#define HEADER 7

struct card {
	const struct uicc_apdu_io *io;
	const uint8_t *data;
	size_t size;
	size_t at;
	unsigned int commands;
};

/* The command is one that ISO 7816-4 5.1 knows, or a TPDU of T=0. */
static void check_command(const struct card *card, const u8 *cmd, size_t len)
{
	size_t lc;

	if (card->io->t0) {
		if (len < 5 || (len > 5 && len != 5u + cmd[4]))
			abort();
		return;
	}
	if (len < 4)
		abort();
	if (len <= 5 || (cmd[4] == 0 && len == 7 && card->io->extended))
		return;
	lc = cmd[4] ? cmd[4] : (size_t)cmd[5] << 8 | cmd[6];
	if (cmd[4] ? len < 5 + lc || len > 5 + lc + 1 : !card->io->extended || len < 7 + lc || len > 7 + lc + 2)
		abort();
}

static int transmit(void *ctx, const u8 *cmd, size_t cmd_len, u8 *rsp, size_t rsp_size)
{
	struct card *card = ctx;
	size_t len;

	if (++card->commands > 3 * (UICC_GET_RESPONSE_MAX + 1) || cmd_len > card->io->cmd_size)
		abort();
	check_command(card, cmd, cmd_len);
	if (card->size - card->at < 2)
		return -ETIMEDOUT;
	len = (size_t)card->data[card->at] << 8 | card->data[card->at + 1];
	if (len & 0x8000)
		return -(int)(len & 0xff) - 1;
	if (len > card->size - card->at - 2)
		len = card->size - card->at - 2;
	/* A transport gives no more than there is room for, but may say so. */
	memcpy(rsp, card->data + card->at + 2, len < rsp_size ? len : rsp_size);
	if (card->size - card->at - 2 - len >= 2)
		card->at += 2 + len;
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct card card = { .data = data + HEADER, .size = size - HEADER };
	struct uicc_apdu_io io = { .transmit = transmit, .ctx = &card };
	struct uicc_apdu apdu = { .cla = 0x00 };
	struct uicc_rapdu r = { 0 };
	int ret;

	if (size < HEADER)
		return 0;
	io.t0 = data[0] & 1;
	io.extended = data[0] & 2;
	io.mode = data[0] & 4 ? UICC_MODE_SIM2G : UICC_MODE_UICC;
	io.channel = data[0] >> 3;
	io.cmd_size = io.extended ? 4 + 3 + UICC_APDU_EXT_MAX + 2 : 261;
	io.rsp_size = io.extended ? UICC_APDU_EXT_MAX + 2 : 258;
	io.cmd = malloc(io.cmd_size);
	io.rsp = malloc(io.rsp_size);
	card.io = &io;
	apdu.lc = data[1] << 8 | data[2];
	apdu.le = data[3] << 8 | data[4];
	apdu.ins = data[5];
	apdu.data = apdu.lc > sizeof(apdu.built) ? calloc(1, apdu.lc) : NULL;
	r.size = data[6] * 17;
	r.data = malloc(r.size ? r.size : 1);
	if (!io.cmd || !io.rsp || !r.data)
		abort();

	ret = uicc_apdu_command(&io, &apdu, &r);
	if (ret > 0 || r.len > r.size || (apdu.le != 256 && r.len > apdu.le))
		abort();
	/* Nothing of it stays behind. */
	for (size_t i = 0; card.commands && i < io.cmd_size; i++)
		if (io.cmd[i])
			abort();
	for (size_t i = 0; card.commands && i < io.rsp_size; i++)
		if (io.rsp[i])
			abort();
	free(io.cmd);
	free(io.rsp);
	free((void *)apdu.data);
	free(r.data);
	return 0;
}
