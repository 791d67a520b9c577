// SPDX-License-Identifier: GPL-2.0-only
/*
 * Protocol and parameters selection (ISO 7816-3 clause 9): what to ask a card for, how to ask,
 * and what its answer means. It sets no speed; who owns the line does.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "iso7816.h"

#define PPS_PPSS	0xff
#define PPS_HAS_PPS1	BIT(4)
#define PPS_HAS_PPS2	BIT(5)
#define PPS_HAS_PPS3	BIT(6)

/* ISO 7816-3 table 7: F and the highest clock that goes with it, by code; 0 = reserved */
static const struct {
	u16 f;
	u16 fmax_khz;
} pps_f[16] = {
	{ 372, 4000 }, { 372, 5000 }, { 558, 6000 }, { 744, 8000 },
	{ 1116, 12000 }, { 1488, 16000 }, { 1860, 20000 }, { 0, 0 },
	{ 0, 0 }, { 512, 5000 }, { 768, 7500 }, { 1024, 10000 },
	{ 1536, 15000 }, { 2048, 20000 }, { 0, 0 }, { 0, 0 },
};

/* ISO 7816-3 table 8 */
static const u8 pps_d[16] = { 0, 1, 2, 4, 8, 16, 32, 64, 12, 20, 0, 0, 0, 0, 0, 0 };

/* Is the rate one that the reader has, with the clock that it has? */
static bool pps_possible(const struct iso7816_reader *reader, const struct iso7816_params *params,
			 u32 fmax_khz)
{
	u32 baud = iso7816_baud(params);

	return baud <= reader->max_baud && reader->clock_hz <= fmax_khz * 1000ull &&
	       (!reader->can_baud || reader->can_baud(reader->ctx, baud));
}

/*
 * The fastest rate up to TA1's, with F between Fd and Fi and D between Dd and Di (9.2);
 * TA1's own comes first among equals, since there are cards that take no other.
 */
static void pps_fastest(struct iso7816_params *params, const struct uicc_atr *atr,
			const struct iso7816_reader *reader)
{
	struct iso7816_params try = *params;
	unsigned int i, fd;

	for (i = 0; i < 256; i++) {
		fd = atr->ta1 ^ i;
		try.fd = fd;
		try.f = pps_f[fd >> 4].f;
		try.d = pps_d[fd & 0x0f];
		if (!try.f || !try.d || try.f > atr->fi || try.d > atr->di)
			continue;
		/* 372/32 is within the ranges of a card that says 512/32, but faster than that. */
		if (try.d * atr->fi > atr->di * try.f)
			continue;
		if (try.d * params->f > params->d * try.f &&
		    pps_possible(reader, &try, pps_f[fd >> 4].fmax_khz))
			*params = try;
	}
}

/**
 * iso7816_pps_choose() - choose protocol and speed for a card
 * @params: result; @params->pps says whether a PPS exchange has to bring them about
 * @atr: ATR of the card
 * @reader: what the reader can do
 *
 * The protocol is the ATR's first one, which is what the core expects; T=1 where that one is
 * neither T=0 nor T=1. A card in specific mode (8.3, TA2) speaks what it speaks.
 *
 * Context: any.
 * Return: 0, or -EOPNOTSUPP: the card speaks neither protocol, or at once a speed that the
 * reader does not have.
 */
int iso7816_pps_choose(struct iso7816_params *params, const struct uicc_atr *atr,
		       const struct iso7816_reader *reader)
{
	iso7816_params_initial(params, atr, reader->clock_hz);
	if (params->protocol > 1) {
		if (!uicc_atr_offers(atr, 1))
			return -EOPNOTSUPP;
		params->protocol = 1;
		params->pps = true;
	}
	if (atr->specific) {
		if (atr->specific_implicit)
			return 0;
		if (atr->fd_reserved)
			return -EOPNOTSUPP;
		params->fd = atr->ta1;
		params->f = atr->fi;
		params->d = atr->di;
		if (params->f == ISO7816_FD && params->d == ISO7816_DD)
			return 0;
		return pps_possible(reader, params, atr->fmax_khz) ? 0 : -EOPNOTSUPP;
	}
	if (!atr->fd_reserved)
		pps_fastest(params, atr, reader);
	if (params->f != ISO7816_FD || params->d != ISO7816_DD)
		params->pps = true;
	return 0;
}
EXPORT_SYMBOL_GPL(iso7816_pps_choose);

static u8 pps_sum(const u8 *bytes, size_t len)
{
	u8 sum = 0;

	while (len--)
		sum ^= *bytes++;
	return sum;
}

/**
 * iso7816_pps_request() - write a PPS request
 * @params: what to ask for
 * @request: room for ISO7816_PPS_MAX bytes
 *
 * Context: any.
 * Return: its length.
 */
size_t iso7816_pps_request(const struct iso7816_params *params, u8 *request)
{
	size_t len = 2;

	request[0] = PPS_PPSS;
	request[1] = params->protocol;
	if (params->f != ISO7816_FD || params->d != ISO7816_DD) {
		request[1] |= PPS_HAS_PPS1;
		request[len++] = params->fd;
	}
	request[len] = pps_sum(request, len);
	return len + 1;
}
EXPORT_SYMBOL_GPL(iso7816_pps_request);

/**
 * iso7816_pps_missing() - how much of a PPS response is still to come?
 * @response: what came
 * @len: how many bytes that is
 *
 * Context: any.
 * Return: the number of bytes that come at least, 0 when the response is whole.
 */
int iso7816_pps_missing(const u8 *response, size_t len)
{
	size_t whole = 3;

	if (len < 2)
		return 2 - len;
	whole += !!(response[1] & PPS_HAS_PPS1) + !!(response[1] & PPS_HAS_PPS2) +
		 !!(response[1] & PPS_HAS_PPS3);
	return len < whole ? whole - len : 0;
}
EXPORT_SYMBOL_GPL(iso7816_pps_missing);

/**
 * iso7816_pps_judge() - what does a card's PPS response mean?
 * @params: what it was asked for; what holds now, on success
 * @response: the card's bytes
 * @len: their number
 *
 * Context: any.
 * Return: 0, or -EPROTO: the exchange failed, and the card has to be reset (9.3).
 */
int iso7816_pps_judge(struct iso7816_params *params, const u8 *response, size_t len)
{
	u8 request[ISO7816_PPS_MAX];
	size_t want = iso7816_pps_request(params, request);

	if (len < 3 || iso7816_pps_missing(response, len) || pps_sum(response, len))
		return -EPROTO;
	if (len == want && !memcmp(request, response, len))
		return 0;
	/* 9.3: without PPS1, F and D stay what they are until the next reset. */
	if (len == 3 && response[0] == PPS_PPSS && response[1] == params->protocol) {
		params->fd = 0x11;
		params->f = ISO7816_FD;
		params->d = ISO7816_DD;
		return 0;
	}
	return -EPROTO;
}
EXPORT_SYMBOL_GPL(iso7816_pps_judge);

/**
 * iso7816_pps() - ask a card for parameters
 * @line: a line at the initial rate, directly after the ATR
 * @params: what to ask for; what holds now, on success
 *
 * Context: process context, sleeps.
 * Return: 0, -EPROTO when the card refused or said something else, -ETIMEDOUT when it said
 * nothing: in both cases it has to be reset; or what the callbacks return.
 */
int iso7816_pps(const struct iso7816_line *line, struct iso7816_params *params)
{
	u8 request[ISO7816_PPS_MAX], response[ISO7816_PPS_MAX];
	u32 wait = line->timing.iwt_us + line->slack_us;
	size_t len = 0;
	int ret;

	ret = line->ops->send(line->ctx, request, iso7816_pps_request(params, request),
			      line->timing.turn_us);
	while (!ret) {
		int more = iso7816_pps_missing(response, len);

		if (!more)
			return iso7816_pps_judge(params, response, len);
		ret = line->ops->recv(line->ctx, response + len, more, wait, wait);
		if (ret == -EBADMSG || (ret == -ETIMEDOUT && len) || (ret > 0 && ret < more))
			return -EPROTO;
		if (ret > 0) {
			len += ret;
			ret = 0;
		}
	}
	return ret;
}
EXPORT_SYMBOL_GPL(iso7816_pps);
