// SPDX-License-Identifier: GPL-2.0-only
/*
 * T=0 (ISO 7816-3 clause 10): one TPDU over a line of characters. GET RESPONSE and the
 * repetition after 6Cxx are the core's.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/string.h>

#include "iso7816.h"

#define T0_HEADER	5
#define T0_NULL		0x60
/* A card may say NULL as long as it likes, a command may not take for ever. */
#define T0_NULLS_MAX	4096

/**
 * struct t0_tpdu - a command on its way
 * @line: the line
 * @deadline_ms: when it has to be over
 * @nulls: how many NULL came
 * @ins: instruction byte
 * @data: data of the command that are still to be sent
 * @data_len: their number
 * @want: data that the card may still send
 * @response: room for the response
 * @got: bytes in it
 */
struct t0_tpdu {
	const struct iso7816_line *line;
	u64 deadline_ms;
	unsigned int nulls;
	u8 ins;
	const u8 *data;
	size_t data_len;
	size_t want;
	u8 *response;
	size_t got;
};

static int t0_recv(struct t0_tpdu *tpdu, u8 *buf, size_t len)
{
	u32 wait = tpdu->line->timing.wwt_us + tpdu->line->slack_us;

	return iso7816_line_recv(tpdu->line, buf, len, wait, wait, tpdu->deadline_ms);
}

/* The next procedure byte that is not NULL. */
static int t0_procedure_byte(struct t0_tpdu *tpdu)
{
	u8 byte;
	int ret;

	do {
		ret = t0_recv(tpdu, &byte, 1);
		if (ret < 0)
			return ret;
		if (byte != T0_NULL)
			return byte;
	} while (tpdu->nulls++ < T0_NULLS_MAX);
	return -EPROTO;
}

static bool t0_is_sw1(u8 byte)
{
	return (byte & 0xf0) == 0x90 || ((byte & 0xf0) == 0x60 && byte != T0_NULL);
}

/* @n: how many bytes the procedure byte allows */
static int t0_transfer(struct t0_tpdu *tpdu, size_t n)
{
	int ret;

	if (tpdu->data_len) {
		n = min(n, tpdu->data_len);
		ret = tpdu->line->ops->send(tpdu->line->ctx, tpdu->data, n,
					    tpdu->line->timing.turn_us);
		if (ret)
			return ret;
		tpdu->data += n;
		tpdu->data_len -= n;
		return 0;
	}
	n = min(n, tpdu->want);
	if (!n)
		return -EPROTO;		/* there is nothing to transfer, or no more */
	ret = t0_recv(tpdu, tpdu->response + tpdu->got, n);
	if (ret < 0)
		return ret;
	tpdu->got += ret;
	tpdu->want -= ret;
	if (ret == (int)n)
		return 0;
	/* Cards are known that acknowledge, have no data and send their status. */
	if (tpdu->got == 2 && t0_is_sw1(tpdu->response[0]))
		return 2;
	return -ETIMEDOUT;
}

static int t0_run(struct t0_tpdu *tpdu)
{
	int byte, ret;
	u8 sw2;

	/* Each turn takes a byte of the data or ends. */
	for (;;) {
		byte = t0_procedure_byte(tpdu);
		if (byte < 0)
			return byte;
		if (t0_is_sw1(byte)) {
			ret = t0_recv(tpdu, &sw2, 1);
			if (ret < 0)
				return ret;
			tpdu->response[tpdu->got++] = byte;
			tpdu->response[tpdu->got++] = sw2;
			return tpdu->got;
		}
		if (byte == tpdu->ins)
			ret = t0_transfer(tpdu, SIZE_MAX);
		else if (byte == (tpdu->ins ^ 0xff))
			ret = t0_transfer(tpdu, 1);
		else
			ret = -EPROTO;
		if (ret)
			return ret;
	}
}

/**
 * iso7816_t0_tpdu() - send a command of T=0 and receive its response
 * @line: a line at the card's parameters
 * @command: header of five bytes, and P3 bytes of data for a command that has some
 * @len: length of @command
 * @response: room for the response
 * @size: its size
 *
 * Context: process context, sleeps.
 * Return: length of the response, SW1 SW2 included; -EINVAL: this is no TPDU, or @size cannot
 * hold what it asks for; -ETIMEDOUT: the card fell silent, or took longer than the line's
 * limit; -EPROTO: a procedure byte that nothing allows, or NULL without an end; -EIO: a
 * character came or arrived damaged; or what the callbacks return.
 */
int iso7816_t0_tpdu(const struct iso7816_line *line, const u8 *command, size_t len,
		    u8 *response, size_t size)
{
	struct t0_tpdu tpdu = {
		.line = line,
		.response = response,
	};
	int ret;

	if (len < T0_HEADER || (len > T0_HEADER && len != T0_HEADER + (size_t)command[4]))
		return -EINVAL;
	tpdu.ins = command[1];
	if (command[0] == 0xff || (tpdu.ins & 0xf0) == 0x60 || (tpdu.ins & 0xf0) == 0x90)
		return -EINVAL;		/* PPSS; 10.3.2: they would be status bytes */
	tpdu.data = command + T0_HEADER;
	tpdu.data_len = len - T0_HEADER;
	if (len == T0_HEADER)
		tpdu.want = command[4] ?: 256;
	if (size < tpdu.want + 2)
		return -EINVAL;

	tpdu.deadline_ms = line->ops->now_ms(line->ctx) + (line->limit_ms ?: ISO7816_LIMIT_MS);
	ret = line->ops->send(line->ctx, command, T0_HEADER, line->timing.turn_us);
	ret = ret ?: t0_run(&tpdu);
	return ret == -EBADMSG ? -EIO : ret;
}
EXPORT_SYMBOL_GPL(iso7816_t0_tpdu);

MODULE_AUTHOR("The dmsc authors");
MODULE_DESCRIPTION("Protocols of ISO 7816-3 for readers of smart cards");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
