// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MANAGE CHANNEL and SELECT (TS 102 221 11.1.17, 11.1.1) as sessions.
 *
 * MANAGE CHANNEL gives a channel at once, and SELECT by AID on it opens the
 * session. What comes before (the kernel reads EF(DIR) and EF(ICCID) first) needs
 * a session too, in which files are selected by their path from the MF: that of an
 * application which is there for certain, or likely so. A session that the modem
 * does not know any more is a channel that the card does not know any more: 6881,
 * whereupon the kernel opens another one.
 */
#include "session.h"

#include <errno.h>
#include <string.h>

#define INS_MANAGE_CHANNEL 0x70
#define INS_SELECT 0xA4
#define SELECT_BY_AID 0x04
#define SELECT_ANSWER 0x0C	/* P2: what is to be returned; all bits: nothing */

#define SW_OK 0x9000
#define SW_CHANNEL 0x6881
#define SW_NOT_FOUND 0x6A82
#define SW_P1P2 0x6A86
#define SW_BUSY 0x9300
#define SW_NOTHING 0x6F00

/*
 * Applications that can carry what belongs to none: PKCS#15, which the kernel wants
 * next anyway and which has no state that a second user could disturb; then the
 * USIM, cut to what all of them have in common (TS 101 220 annex E).
 */
static const struct {
	uint8_t aid[SESSION_AID_MAX];
	size_t n;
} carriers[] = {
	{ { 0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5' }, 12 },
	{ { 0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02 }, 7 },
};

#define CARRIERS (sizeof(carriers) / sizeof(carriers[0]))

unsigned int session_cla_channel(uint8_t cla)
{
	/* b7: further interindustry, channels 4 to 19 */
	return cla & 0x40 ? 4U + (cla & 0x0F) : cla & 0x03U;
}

uint8_t session_cla_basic(uint8_t cla)
{
	/* In that form b6 says what b4 and b3 do in the other: secure messaging, of which we have none. */
	return cla & 0x40 ? cla & 0x80 : cla & 0xFC;
}

uint8_t session_cla_on(uint8_t cla, uint32_t channel)
{
	if (channel > 19)
		return cla;
	cla = session_cla_basic(cla);
	return channel < 4 ? (uint8_t)(cla | channel) :
			     (uint8_t)((cla & 0x80) | 0x40 | (channel - 4));
}

void session_init(struct session *s, bool basic)
{
	memset(s, 0, sizeof(*s));
	s->basic = basic;
}

void session_forget(struct session *s)
{
	bool basic = s->basic;

	/* The kernel has its channel still; to the next command there it is told that it is none. */
	explicit_bzero(s, sizeof(*s));
	s->basic = basic;
}

bool session_leave(struct session *s, uint32_t *id)
{
	bool open = s->open;

	*id = s->id;
	s->open = false;
	return open;
}

static enum session_step answer(struct session *s, const uint8_t *data, size_t n, uint16_t sw)
{
	if (n)
		memmove(s->answer, data, n);
	s->answer[n] = (uint8_t)(sw >> 8);
	s->answer[n + 1] = (uint8_t)sw;
	s->answer_n = n + 2;
	s->doing = SESSION_IDLE;
	explicit_bzero(s->apdu, s->apdu_n);	/* it may have been a PIN */
	return SESSION_ANSWER;
}

enum session_step session_say(struct session *s, uint16_t sw)
{
	return answer(s, NULL, 0, sw);
}

static enum session_step pass(struct session *s, const struct session_result *r)
{
	if (r->n < 2 || r->n > sizeof(s->answer))
		return session_say(s, SW_NOTHING);
	return answer(s, r->data, r->n - 2, (uint16_t)(r->data[r->n - 2] << 8 | r->data[r->n - 1]));
}

static enum session_step step(struct session *s, enum session_doing doing, enum session_step what)
{
	s->doing = doing;
	return what;
}

static enum session_step close_first(struct session *s, enum session_doing doing)
{
	s->open = false;
	return step(s, doing, SESSION_CLOSE);
}

static enum session_step give_channel(struct session *s)
{
	static const uint8_t number = SESSION_CHANNEL;

	s->given = true;
	return answer(s, &number, 1, SW_OK);
}

static enum session_step manage_channel(struct session *s)
{
	uint8_t p1 = s->apdu[2], p2 = s->apdu[3];

	if (p1 == 0x00 && p2 == 0x00) {
		if (s->refused)
			return session_say(s, SW_CHANNEL);
		return s->open ? close_first(s, SESSION_CHANNEL_OPEN) : give_channel(s);
	}
	if (p1 != 0x80)
		return session_say(s, SW_P1P2);
	if (p2 != SESSION_CHANNEL || !s->given)
		return session_say(s, SW_CHANNEL);
	s->given = false;
	return s->open ? close_first(s, SESSION_CHANNEL_CLOSE) : session_say(s, SW_OK);
}

static enum session_step open_wanted(struct session *s)
{
	memcpy(s->aid, s->wanted, s->wanted_n);
	s->aid_n = s->wanted_n;
	return step(s, SESSION_SELECT_OPEN, SESSION_OPEN);
}

static enum session_step select_aid(struct session *s)
{
	size_t lc = s->apdu_n > 5 ? s->apdu[4] : 0;

	if (!lc || lc > SESSION_AID_MAX || s->apdu_n < 5 + lc)
		return session_say(s, 0x6700);
	memcpy(s->wanted, s->apdu + 5, lc);
	s->wanted_n = lc;
	/* Its own session has perhaps another file selected; a new one begins in the ADF. */
	return s->open ? close_first(s, SESSION_SELECT_CLOSE) : open_wanted(s);
}

static enum session_step open_carrier(struct session *s)
{
	if (s->carrier < CARRIERS) {
		memcpy(s->aid, carriers[s->carrier].aid, carriers[s->carrier].n);
		s->aid_n = carriers[s->carrier].n;
		return step(s, SESSION_CARRIER, SESSION_OPEN);
	}
	if (!s->basic)
		return session_say(s, SW_NOT_FOUND);
	/* The kernel shall ask for a channel, be refused and take the basic one. */
	s->refused = true;
	s->given = false;
	return session_say(s, SW_CHANNEL);
}

static enum session_step in_session(struct session *s)
{
	s->apdu[0] = session_cla_basic(s->apdu[0]);
	if (s->apdu[1] == INS_SELECT && s->apdu[2] == SELECT_BY_AID)
		return select_aid(s);
	if (s->open)
		return step(s, SESSION_COMMAND, SESSION_SEND);
	s->carrier = 0;
	return open_carrier(s);
}

enum session_step session_begin(struct session *s, const uint8_t *apdu, size_t n)
{
	unsigned int channel;

	if (n < 4 || n > sizeof(s->apdu))
		return session_say(s, SW_NOTHING);
	memcpy(s->apdu, apdu, n);
	s->apdu_n = n;
	if (s->apdu[1] == INS_MANAGE_CHANNEL)
		return manage_channel(s);
	channel = session_cla_channel(s->apdu[0]);
	if (channel == SESSION_CHANNEL ? !s->given : channel != 0)
		return session_say(s, SW_CHANNEL);
	if (channel == 0 && s->basic)
		return step(s, SESSION_PLAIN, SESSION_BASIC);
	return in_session(s);
}

/* The session that was asked for with SELECT is there, or not. */
static enum session_step selected(struct session *s, const struct session_result *r)
{
	static const uint8_t status[] = { 0x80, 0xF2, 0x00, 0x00, 0x00 };
	bool quiet = (s->apdu[3] & SELECT_ANSWER) == SELECT_ANSWER;

	if (r->err)
		return session_say(s, r->err == -EBUSY ? SW_BUSY : SW_NOT_FOUND);
	s->open = true;
	s->id = r->id;
	if (quiet)
		return session_say(s, SW_OK);
	/* What SELECT would have returned, STATUS returns (TS 102 221 11.1.2). */
	memcpy(s->apdu, status, sizeof(status));
	s->apdu_n = sizeof(status);
	return step(s, SESSION_SELECT_STATUS, SESSION_SEND);
}

static enum session_step carried(struct session *s, const struct session_result *r)
{
	if (r->err == -EBUSY)
		return session_say(s, SW_BUSY);
	if (r->err) {
		s->carrier++;
		return open_carrier(s);
	}
	s->open = true;
	s->id = r->id;
	return step(s, SESSION_COMMAND, SESSION_SEND);
}

static enum session_step sent(struct session *s, const struct session_result *r)
{
	if (r->err == -EBUSY)
		return session_say(s, SW_BUSY);
	if (r->err)
		return close_first(s, SESSION_LOST);
	/* The kernel knows of no STATUS whose length it could correct. 6C00 would correct nothing. */
	if (s->doing == SESSION_SELECT_STATUS && r->n == 2 && r->data[0] == 0x6C && r->data[1] &&
	    !s->apdu[4]) {
		s->apdu[4] = r->data[1];
		return SESSION_SEND;
	}
	return pass(s, r);
}

enum session_step session_next(struct session *s, const struct session_result *r)
{
	switch (s->doing) {
	case SESSION_CHANNEL_OPEN:
		return give_channel(s);
	case SESSION_CHANNEL_CLOSE:
		return session_say(s, SW_OK);
	case SESSION_SELECT_CLOSE:
		return open_wanted(s);
	case SESSION_SELECT_OPEN:
		return selected(s, r);
	case SESSION_CARRIER:
		return carried(s, r);
	case SESSION_SELECT_STATUS:
	case SESSION_COMMAND:
		return sent(s, r);
	case SESSION_PLAIN:
		return r->err ? session_say(s, r->err == -EBUSY ? SW_BUSY : SW_NOTHING) : pass(s, r);
	case SESSION_LOST:
		s->given = false;
		return session_say(s, SW_CHANNEL);
	case SESSION_IDLE:
		break;
	}
	return session_say(s, SW_NOTHING);
}
