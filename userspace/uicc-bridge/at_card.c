// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which AT command a command of the kernel goes out with. +CSIM takes it as it is,
 * its channel in the class byte too. Where that is refused, channels are sessions
 * (session.h) of +CCHO; what is for the basic channel then goes by +CSIM still, or,
 * where that is missing, becomes +CRSM (at_crsm.h).
 */
#include "at_card.h"

#include <errno.h>
#include <string.h>

#define INS_MANAGE_CHANNEL 0x70
#define CHANNEL_MAX 19

void at_card_init(struct at_card *c, unsigned int has)
{
	memset(c, 0, sizeof(*c));
	c->has = has;
	c->csim_channels = has & AT_HAS_CSIM;
	crsm_init(&c->crsm);
	session_init(&c->session, has & (AT_HAS_CSIM | AT_HAS_CRSM));
	c->session.refused = !(has & AT_HAS_CHANNELS);
}

void at_card_forget(struct at_card *c)
{
	c->channel = 0;
	/* Another card may have channels, and the modem nothing against them. */
	c->csim_channels = c->has & AT_HAS_CSIM;
	session_forget(&c->session);
	c->session.refused = !(c->has & AT_HAS_CHANNELS);
	crsm_init(&c->crsm);
	explicit_bzero(c->apdu, sizeof(c->apdu));
	explicit_bzero(c->answer, sizeof(c->answer));
}

static enum at_act answer(struct at_card *c, const uint8_t *data, size_t n)
{
	explicit_bzero(c->apdu, sizeof(c->apdu));	/* it may have been a PIN */
	if (n > sizeof(c->answer))
		n = 0;
	memcpy(c->answer, data, n);
	c->answer_n = n;
	return AT_ACT_ANSWER;
}

static enum at_act say(struct at_card *c, uint16_t sw)
{
	uint8_t data[] = { (uint8_t)(sw >> 8), (uint8_t)sw };

	return answer(c, data, sizeof(data));
}

/* Of a form that the lengths were looked at for: an error is one of the program. */
static enum at_act put(struct at_card *c, int err)
{
	return err ? say(c, 0x6700) : AT_ACT_SEND;
}

/* Header, Lc, data, Le (ISO 7816-4 5.1): the Le is behind what Lc counts. */
static bool has_le_behind_data(const uint8_t *apdu, size_t n)
{
	return n > 6 && apdu[4] && n == 6U + apdu[4];
}

static enum at_act put_csim(struct at_card *c)
{
	bool cut = c->no_le && has_le_behind_data(c->apdu, c->apdu_n);

	return put(c, at_put_csim(&c->command, c->apdu, c->apdu_n - cut));
}

static enum at_act put_crsm(struct at_card *c, enum crsm_step step)
{
	if (step == CRSM_ANSWER)
		return AT_ACT_ANSWER;
	return put(c, at_put_crsm(&c->command, &c->crsm.command));
}

static enum at_act basic(struct at_card *c)
{
	if (c->has & AT_HAS_CSIM) {
		c->doing = AT_DO_CSIM;
		return put_csim(c);
	}
	c->doing = AT_DO_CRSM;
	if (put_crsm(c, crsm_begin(&c->crsm, c->apdu, c->apdu_n)) == AT_ACT_SEND)
		return AT_ACT_SEND;
	return answer(c, c->crsm.answer, c->crsm.answer_n);
}

static enum at_act take_step(struct at_card *c, enum session_step step)
{
	struct session *s = &c->session;

	c->doing = AT_DO_SESSION;
	c->step = step;
	switch (step) {
	case SESSION_OPEN:
		return put(c, at_put_ccho(&c->command, s->aid, s->aid_n));
	case SESSION_CLOSE:
		at_put_cchc(&c->command, s->id);
		return AT_ACT_SEND;
	case SESSION_SEND:
		return put(c, at_put_cgla(&c->command, s->id, s->apdu, s->apdu_n));
	case SESSION_BASIC:
		explicit_bzero(s->apdu, s->apdu_n);
		return basic(c);
	case SESSION_ANSWER:
		break;
	}
	return answer(c, s->answer, s->answer_n);
}

/* Without +CSIM's own channels. */
static enum at_act by_session(struct at_card *c)
{
	return take_step(c, session_begin(&c->session, c->apdu, c->apdu_n));
}

static bool is_channel_open(const uint8_t *apdu)
{
	return apdu[1] == INS_MANAGE_CHANNEL && apdu[2] == 0x00;
}

/* Of the channel that +CSIM has opened, or to open one. */
static bool csim_has_it(const struct at_card *c)
{
	if (!(c->has & AT_HAS_CSIM) || !c->csim_channels)
		return false;
	if (is_channel_open(c->apdu))
		return true;
	if (c->apdu[1] == INS_MANAGE_CHANNEL)
		return c->channel && c->apdu[3] == c->channel;
	return c->channel && session_cla_channel(c->apdu[0]) == c->channel;
}

enum at_act at_card_begin(struct at_card *c, const uint8_t *apdu, size_t n)
{
	if (n < 4 || n > sizeof(c->apdu))
		return say(c, 0x6700);
	memcpy(c->apdu, apdu, n);
	c->apdu_n = n;
	c->without_le = false;
	if (!csim_has_it(c))
		return by_session(c);
	c->doing = AT_DO_CSIM;
	return put_csim(c);
}

static enum at_act close_channel(struct at_card *c)
{
	const uint8_t apdu[] = { 0x00, INS_MANAGE_CHANNEL, 0x80, (uint8_t)c->channel };

	c->channel = 0;
	c->doing = AT_DO_CLOSE;
	return put(c, at_put_csim(&c->command, apdu, sizeof(apdu)));
}

/* The answer to the MANAGE CHANNEL that opens: sw, and whether it was one at all. */
static enum at_act channel_answer(struct at_card *c, const uint8_t *data, size_t n)
{
	if (n == 3 && data[1] == 0x90 && data[2] == 0x00 && data[0] && data[0] <= CHANNEL_MAX) {
		c->channel = data[0];
		return answer(c, data, n);
	}
	c->csim_channels = false;
	return by_session(c);
}

/*
 * +CSIM ended with an error: perhaps for the Le (once more without it), for the
 * channel (which is closed then, and 6881 has the kernel ask for another), or because
 * +CSIM is there by name alone.
 */
static enum at_act csim_failed(struct at_card *c, enum at_error error)
{
	bool maybe = error != AT_ERR_BUSY && error != AT_ERR_LOCKED;

	if (maybe && !c->no_le && !c->without_le && has_le_behind_data(c->apdu, c->apdu_n)) {
		c->without_le = true;
		return put(c, at_put_csim(&c->command, c->apdu, c->apdu_n - 1));
	}
	if (!maybe)
		return say(c, at_error_sw(error));
	if (is_channel_open(c->apdu)) {
		c->csim_channels = false;
		return by_session(c);
	}
	if (c->channel && session_cla_channel(c->apdu[0]) == c->channel) {
		c->csim_channels = false;
		return close_channel(c);
	}
	if (!c->csim_works && c->has & ~AT_HAS_CSIM) {
		c->has &= ~AT_HAS_CSIM;
		c->session.basic = c->has & AT_HAS_CRSM;
		return by_session(c);
	}
	return say(c, at_error_sw(error));
}

static enum at_act csim_done(struct at_card *c, enum at_kind kind, const char *line)
{
	uint8_t data[AT_RAPDU_MAX];
	enum at_act act;
	int n;

	if (kind != AT_OK)
		return csim_failed(c, at_get_error(line));
	n = line ? at_get_rapdu(line, data) : -EPROTO;
	if (n < 0)
		return say(c, 0x6F00);
	c->csim_works = true;
	if (c->without_le)
		c->no_le = c->no_le || data[0] != 0x67 || n != 2;
	else if (n == 2 && data[0] == 0x67 && !c->no_le && has_le_behind_data(c->apdu, c->apdu_n)) {
		c->without_le = true;
		return put(c, at_put_csim(&c->command, c->apdu, c->apdu_n - 1));
	}
	if (is_channel_open(c->apdu))
		act = channel_answer(c, data, (size_t)n);
	else
		act = answer(c, data, (size_t)n);
	explicit_bzero(data, sizeof(data));
	return act;
}

static enum at_act crsm_done(struct at_card *c, enum at_kind kind, const char *line)
{
	uint8_t data[AT_RAPDU_MAX];
	bool refused = false;
	enum crsm_step step;
	int n;

	if (kind == AT_OK) {
		n = line ? at_get_crsm(line, data) : -EPROTO;
	} else {
		enum at_error error = at_get_error(line);
		uint16_t sw = at_error_sw(error);

		data[0] = (uint8_t)(sw >> 8);
		data[1] = (uint8_t)sw;
		n = 2;
		refused = error != AT_ERR_BUSY && error != AT_ERR_LOCKED;
	}
	step = n < 0 ? crsm_next(&c->crsm, (const uint8_t[]){ 0x6F, 0x00 }, 2, false) :
		       crsm_next(&c->crsm, data, (size_t)n, refused);
	explicit_bzero(data, sizeof(data));
	if (put_crsm(c, step) == AT_ACT_SEND)
		return AT_ACT_SEND;
	return answer(c, c->crsm.answer, c->crsm.answer_n);
}

static enum at_act session_done(struct at_card *c, enum at_kind kind, const char *line)
{
	uint8_t data[AT_RAPDU_MAX];
	struct session_result r = { .data = data };
	enum at_act act;
	int n;

	if (kind != AT_OK) {
		enum at_error error = at_get_error(line);

		r.err = error == AT_ERR_BUSY ? -EBUSY : -ENOENT;
	} else if (c->step == SESSION_OPEN) {
		r.err = line && !at_get_session(line, &r.id) ? 0 : -ENOENT;
	} else if (c->step == SESSION_SEND) {
		n = line ? at_get_rapdu(line, data) : -EPROTO;
		/* Nonsense is no sign that the session is lost. */
		r.n = n < 0 ? 2 : (size_t)n;
		if (n < 0)
			memcpy(data, "\x6F\x00", 2);
	}
	act = take_step(c, session_next(&c->session, &r));
	explicit_bzero(data, sizeof(data));
	return act;
}

enum at_act at_card_next(struct at_card *c, enum at_kind kind, const char *line)
{
	if (kind == AT_ERROR && at_get_error(line) == AT_ERR_NO_CARD) {
		at_card_forget(c);
		return AT_ACT_GONE;
	}
	switch (c->doing) {
	case AT_DO_CSIM:
		return csim_done(c, kind, line);
	case AT_DO_CRSM:
		return crsm_done(c, kind, line);
	case AT_DO_SESSION:
		return session_done(c, kind, line);
	case AT_DO_CLOSE:
		break;
	}
	return say(c, 0x6881);
}

bool at_card_leave(struct at_card *c)
{
	uint32_t id;

	if (c->channel)
		return close_channel(c) == AT_ACT_SEND;
	if (!session_leave(&c->session, &id))
		return false;
	at_put_cchc(&c->command, id);
	return true;
}
