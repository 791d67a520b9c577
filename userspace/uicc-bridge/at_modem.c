// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One command at a time, and what the modem says unasked. A command that does not
 * end in time leaves it open which answer is whose: then the modem is asked something
 * whose answer cannot be mistaken, until it gives that one.
 */
#include "at_modem.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "util/log.h"

#define SYNC_MS 2000
#define SYNC_TRIES 5
#define SETTLE_MS 500		/* an end of a command and then nothing: no other one runs */
#define BUSY_MS 1000		/* when to ask again after the card, when it was busy */

/* What the modem is told, and asked for, once; the last ones are in the order of AT_HAS_*. */
static const struct {
	const char *command;
	unsigned int has;
} setup[] = {
	{ "ATE0", 0 },
	{ "AT+CMEE=1", 0 },
	{ "AT+CSIM=?", AT_HAS_CSIM },
	{ "AT+CCHO=?", AT_HAS_CHANNELS },
	{ "AT+CGLA=?", AT_HAS_CHANNELS },
	{ "AT+CRSM=?", AT_HAS_CRSM },
};

#define SETUP_STEPS (sizeof(setup) / sizeof(setup[0]))

/*
 * What modems say when the card is gone, has come, and when they have started. Only the
 * first is TS 27.007's (8.3, as an answer); the others are what vendors write in their
 * manuals, and were seen with none of them.
 */
static const char *const removed_codes[] = { "+CPIN: NOT INSERTED", "+QSIMSTAT: [0-9],0" };
static const char *const inserted_codes[] = { "+CPIN: *", "+QSIMSTAT: [0-9],[0-9]", "^SIMST:*" };
static const char *const started_codes[] = { "RDY", "^SYSSTART*", "+SYSSTART*" };

void at_modem_init(struct at_modem *m, const struct at_options *o, uint64_t now_ms)
{
	memset(m, 0, sizeof(*m));
	m->o = *o;
	at_line_init(&m->line);
	m->state = AT_SYNC;
	m->deadline = now_ms;
	m->poll_at = AT_NEVER;
}

/* --- events ---------------------------------------------------------------- */

static void event(struct at_modem *m, enum bridge_event_type type, const uint8_t *data, size_t n)
{
	if (m->n_events == AT_EVENTS_MAX || n > sizeof(m->events[0].data))
		return;	/* never: a removal, an insertion behind it and one answer are all */
	m->events[m->n_events].type = type;
	if (n)
		memcpy(m->events[m->n_events].data, data, n);
	m->events[m->n_events++].n = n;
}

bool at_modem_event(struct at_modem *m, struct bridge_event *out)
{
	if (!m->n_events)
		return false;
	out->type = m->events[0].type;
	out->n = m->events[0].n;
	memcpy(out->data, m->events[0].data, out->n);
	m->n_events--;
	memmove(&m->events[0], &m->events[1], m->n_events * sizeof(m->events[0]));
	explicit_bzero(&m->events[m->n_events], sizeof(m->events[0]));
	return true;
}

/* An answer that nobody has taken yet has no asker any more. */
static void drop_answers(struct at_modem *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_events; i++) {
		if (m->events[i].type == BRIDGE_INSERTED || m->events[i].type == BRIDGE_REMOVED)
			m->events[n++] = m->events[i];
	}
	explicit_bzero(&m->events[n], (AT_EVENTS_MAX - n) * sizeof(m->events[0]));
	m->n_events = n;
}

/* Whatever came before it, there is no card now. */
static void removed_event(struct at_modem *m)
{
	explicit_bzero(m->events, sizeof(m->events));
	m->n_events = 0;
	event(m, BRIDGE_REMOVED, NULL, 0);
}

static void drop_request(struct at_modem *m)
{
	explicit_bzero(m->want, sizeof(m->want));
	m->wanted = false;
	m->dropped = true;
}

static void card_gone(struct at_modem *m)
{
	if (m->present || !m->known)
		removed_event(m);
	m->present = false;
	m->known = true;
	at_card_forget(&m->card);
	drop_request(m);
}

static void card_there(struct at_modem *m)
{
	if (!m->present)
		event(m, BRIDGE_INSERTED, m->o.atr, m->o.atr_n);
	m->present = true;
	m->known = true;
}

/* --- sending --------------------------------------------------------------- */

static void send_command(struct at_modem *m, const struct at_command *c, uint64_t now, unsigned int ms)
{
	size_t n = strlen(c->text);

	explicit_bzero(m->out, sizeof(m->out));
	memcpy(m->out, c->text, n);
	m->out[n++] = '\r';
	m->out_n = n;
	m->out_done = 0;
	m->running = true;
	explicit_bzero(m->answer, sizeof(m->answer));
	m->deadline = now + ms;
	at_line_expect(&m->line, c->text, c->prefix, c->number);
}

static void send_text(struct at_modem *m, const char *text, const char *prefix, uint64_t now,
		      unsigned int ms)
{
	struct at_command c;

	at_put(&c, text, prefix);
	send_command(m, &c, now, ms);
}

static void sync_again(struct at_modem *m, uint64_t now)
{
	m->answered = false;
	m->ended = false;
	send_text(m, "AT+CMEE?", "+CMEE:", now, SYNC_MS);
}

static void sync_begin(struct at_modem *m, uint64_t now)
{
	m->state = AT_SYNC;
	m->tries = 0;
	sync_again(m, now);
}

static void ask_card(struct at_modem *m, uint64_t now)
{
	m->state = AT_ASK_CARD;
	m->ask_now = false;
	m->asked_last = true;
	send_text(m, "AT+CPIN?", "+CPIN:", now, m->o.answer_ms);
}

/* What is left of the setup. */
static void set_up(struct at_modem *m, uint64_t now)
{
	if (m->step < SETUP_STEPS) {
		m->state = AT_SETUP;
		send_text(m, setup[m->step].command, "", now, m->o.answer_ms);
		return;
	}
	m->found &= m->o.has;
	if (!m->found)
		m->err = -EOPNOTSUPP;
	at_card_init(&m->card, m->found);
	m->ready = true;
	ask_card(m, now);
}

static void card_act(struct at_modem *m, enum at_act act, uint64_t now);

/* Nothing runs: what is next? */
static void next(struct at_modem *m, uint64_t now)
{
	size_t n = m->want_n;

	m->running = false;
	m->deadline = AT_NEVER;
	explicit_bzero(m->answer, sizeof(m->answer));
	at_line_forget(&m->line);
	m->state = AT_IDLE;
	if (m->anew) {
		m->anew = false;
		m->ready = false;
		m->step = 0;
		m->found = 0;
		sync_begin(m, now);
		return;
	}
	/* A modem that always has something to say of its card must not keep the kernel waiting. */
	if ((m->ask_now || now >= m->poll_at) && !(m->asked_last && m->wanted)) {
		ask_card(m, now);
		return;
	}
	if (!m->wanted)
		return;
	m->asked_last = false;
	m->wanted = false;
	m->dropped = false;
	if (!m->present) {
		event(m, BRIDGE_NO_ANSWER, NULL, 0);
	} else if (!n) {
		/* A modem tells no ATR, and the card is its own: there is no reset of it. */
		event(m, BRIDGE_ANSWER, m->o.atr, m->o.atr_n);
	} else {
		m->state = AT_COMMAND;
		card_act(m, at_card_begin(&m->card, m->want, n), now);
	}
	explicit_bzero(m->want, sizeof(m->want));
	if (m->state == AT_IDLE && m->ask_now)
		ask_card(m, now);
}

static void card_act(struct at_modem *m, enum at_act act, uint64_t now)
{
	switch (act) {
	case AT_ACT_SEND:
		send_command(m, &m->card.command, now, m->o.answer_ms);
		explicit_bzero(&m->card.command, sizeof(m->card.command));
		return;
	case AT_ACT_ANSWER:
		if (!m->dropped)
			event(m, BRIDGE_ANSWER, m->card.answer, m->card.answer_n);
		explicit_bzero(m->card.answer, sizeof(m->card.answer));
		break;
	case AT_ACT_GONE:
		card_gone(m);
		break;
	}
	m->state = AT_IDLE;
}

int at_modem_request(struct at_modem *m, const uint8_t *data, size_t n, uint64_t now_ms)
{
	if (n > sizeof(m->want))
		return -EMSGSIZE;
	if (n)
		memcpy(m->want, data, n);
	m->want_n = n;
	m->wanted = true;
	m->dropped = true;	/* what runs has lost its asker */
	drop_answers(m);
	if (m->state == AT_IDLE)
		next(m, now_ms);
	return 0;
}

/* --- what the modem says ----------------------------------------------------- */

/* Does the answer to AT+CPIN? tell of a card? 1, 0, or -EAGAIN when it does not say. */
static int card_state(const struct at_modem *m, enum at_kind kind, const char *line)
{
	if (kind == AT_OK) {
		/* Locked it is there; NOT INSERTED, NOT READY: it is not, or not yet. */
		if (m->answer[0])
			return !strstr(m->answer, "NOT ");
		return m->known ? m->present : 1;
	}
	switch (at_get_error(line)) {
	case AT_ERR_NO_CARD:
	case AT_ERR_CARD:	/* as some modems say it */
		return 0;
	case AT_ERR_LOCKED:
		return 1;
	case AT_ERR_BUSY:
		return -EAGAIN;
	default:
		/* It cannot tell. That of itself is no removal. */
		return m->known ? m->present : 1;
	}
}

static void card_asked(struct at_modem *m, enum at_kind kind, const char *line, uint64_t now)
{
	int there = card_state(m, kind, line);

	m->poll_at = m->o.poll_ms ? now + m->o.poll_ms : AT_NEVER;
	if (there == -EAGAIN) {
		m->poll_at = now + BUSY_MS;
	} else if (there) {
		card_there(m);
	} else {
		card_gone(m);
	}
}

static void setup_done(struct at_modem *m, enum at_kind kind)
{
	if (kind == AT_OK)
		m->found |= setup[m->step].has;
	else
		m->found &= ~setup[m->step].has;	/* both of +CCHO and +CGLA, or neither */
	m->step++;
}

static void sync_done(struct at_modem *m, uint64_t now)
{
	m->state = AT_IDLE;
	if (!m->ready)
		set_up(m, now);
}

/*
 * The end of a command in AT_SYNC: perhaps of one before, or it does not know +CMEE;
 * and when it was asked more than once more answers come. Only silence behind says
 * that this was the last; and one that has answered it before has to do so again.
 */
static void sync_end(struct at_modem *m, uint64_t now)
{
	m->ended = true;
	m->has_cmee |= m->answered;
	if (m->answered && !m->tries)
		sync_done(m, now);
	else
		m->deadline = now + SETTLE_MS;
}

static void command_end(struct at_modem *m, enum at_kind kind, const char *line, uint64_t now)
{
	const char *answer = m->answer[0] ? m->answer : NULL;

	if (!m->running)
		return;	/* the end of nothing */
	switch (m->state) {
	case AT_SYNC:
		sync_end(m, now);
		break;
	case AT_SETUP:
		setup_done(m, kind);
		set_up(m, now);
		break;
	case AT_ASK_CARD:
		m->state = AT_IDLE;
		card_asked(m, kind, line, now);
		break;
	case AT_COMMAND:
		if (kind == AT_OK)
			line = answer;
		card_act(m, at_card_next(&m->card, kind, line), now);
		break;
	case AT_IDLE:
		break;
	}
	if (m->state == AT_IDLE)
		next(m, now);
}

static bool matches(const char *line, const char *const *patterns, size_t n, const char *own)
{
	if (own && !fnmatch(own, line, 0))
		return true;
	for (size_t i = 0; i < n; i++) {
		if (!fnmatch(patterns[i], line, 0))
			return true;
	}
	return false;
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void unasked(struct at_modem *m, const char *line, uint64_t now)
{
	if (matches(line, started_codes, COUNT(started_codes), NULL)) {
		/* The card has lost its power with the modem, and may be another one. */
		if (m->state == AT_SYNC || m->state == AT_SETUP)
			return;
		log_notice("the modem has started anew");
		card_gone(m);
		m->known = false;
		m->anew = true;
		/* What ran has no end any more. */
		next(m, now);
	} else if (!m->known) {
		return;
	} else if (matches(line, removed_codes, COUNT(removed_codes), m->o.removed)) {
		card_gone(m);
		m->ask_now = true;
	} else if (matches(line, inserted_codes, COUNT(inserted_codes), m->o.inserted)) {
		m->ask_now = true;
	}
	if (m->ask_now && m->state == AT_IDLE)
		next(m, now);
}

void at_modem_input(struct at_modem *m, const char *data, size_t n, uint64_t now_ms)
{
	for (;;) {
		enum at_kind kind = at_line_next(&m->line, &data, &n);
		char line[AT_LINE_MAX + 1];

		if (kind == AT_NOTHING)
			return;
		memcpy(line, m->line.text, sizeof(line));
		if (kind == AT_UNASKED) {
			unasked(m, line, now_ms);
		} else if (kind == AT_ANSWER) {
			memcpy(m->answer, line, sizeof(m->answer));
			m->answered = m->state == AT_SYNC;
		} else {
			command_end(m, kind, line, now_ms);
		}
		explicit_bzero(line, sizeof(line));
	}
}

/* --- time -------------------------------------------------------------------- */

static void sync_late(struct at_modem *m, uint64_t now)
{
	if (!m->running) {
		sync_begin(m, now);
	} else if (m->ended && (m->answered || !m->has_cmee)) {
		sync_done(m, now);
		if (m->state == AT_IDLE)
			next(m, now);
	} else if (m->tries++ == SYNC_TRIES) {
		m->err = -ETIMEDOUT;
	} else {
		sync_again(m, now);
	}
}

/* A command that has not ended in time. */
static void command_late(struct at_modem *m, uint64_t now)
{
	log_warn("no answer of the modem within %u ms", m->o.answer_ms);
	if (m->state == AT_SETUP)
		setup_done(m, AT_ERROR);
	if (m->state == AT_ASK_CARD)
		m->poll_at = now + (m->o.poll_ms ? m->o.poll_ms : m->o.answer_ms);
	if (m->state == AT_COMMAND && !m->dropped)
		event(m, BRIDGE_NO_ANSWER, NULL, 0);
	m->dropped = true;
	sync_begin(m, now);
}

int at_modem_tick(struct at_modem *m, uint64_t now_ms)
{
	if (m->err)
		return m->err;
	if (now_ms >= m->deadline) {
		if (m->state == AT_SYNC)
			sync_late(m, now_ms);
		else if (m->running)
			command_late(m, now_ms);
	} else if (m->state == AT_IDLE && now_ms >= m->poll_at) {
		next(m, now_ms);
	}
	return m->err;
}

uint64_t at_modem_deadline(const struct at_modem *m)
{
	return m->state == AT_IDLE && m->poll_at < m->deadline ? m->poll_at : m->deadline;
}

const char *at_modem_output(const struct at_modem *m, size_t *n)
{
	*n = m->out_n - m->out_done;
	return m->out + m->out_done;
}

void at_modem_sent(struct at_modem *m, size_t n)
{
	m->out_done += n;
	if (m->out_done >= m->out_n)
		explicit_bzero(m->out, sizeof(m->out));
}

bool at_modem_leave(struct at_modem *m)
{
	bool cut;

	drop_request(m);
	if (!m->known || !at_card_leave(&m->card))
		return false;
	/* Of a command that is half on its way the modem makes an error, and takes this one for itself. */
	cut = m->out_done && m->out_done < m->out_n;
	send_command(m, &m->card.command, 0, 0);
	if (cut) {
		memmove(m->out + 1, m->out, m->out_n);
		m->out[0] = '\r';
		m->out_n++;
	}
	m->state = AT_IDLE;
	return true;
}
