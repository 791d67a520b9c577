// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests, sessions and the watch over a card, in a thread: see modem_card.h. */
#include "modem_card.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "made_up_atr.h"
#include "session.h"
#include "util/log.h"
#include "worker.h"

#define ASK_MS 30000		/* also when nothing was said: an indication may get lost */
#define SLICE_MS 1000

enum { CONNECT = 1, WATCH, RESET, TRANSMIT, LEAVE };

struct modem_card {
	const struct modem_ops *ops;
	void *modem;
	unsigned int answer_ms;
	struct worker *worker;
	bool watching;		/* the last request is our own */
	atomic_bool gone;

	/* Of the thread. */
	bool reached;		/* a connection was begun, and has to be let go of */
	struct session session;
	bool present;
	uint8_t atr[MODEM_ATR_MAX];
	size_t atr_n;
};

static void gone(struct modem_card *c)
{
	atomic_store(&c->gone, true);
}

/* --- in the thread ------------------------------------------------------------ */

static void read_atr(struct modem_card *c)
{
	int n = c->ops->atr(c->modem, c->atr);

	if (n < 2 || n > MODEM_ATR_MAX || (c->atr[0] != 0x3B && c->atr[0] != 0x3F)) {
		n = sizeof(made_up_atr);
		memcpy(c->atr, made_up_atr, sizeof(made_up_atr));
	}
	c->atr_n = (size_t)n;
}

static void look(struct modem_card *c, struct worker *w)
{
	int present = c->ops->present(c->modem);

	if (present == -EPIPE)
		gone(c);
	/* An answer that says nothing of the card changes nothing. */
	if (present < 0 || c->present == (present > 0))
		return;
	c->present = present > 0;
	session_forget(&c->session);
	if (c->present)
		read_atr(c);
	worker_post(w, c->present ? BRIDGE_INSERTED : BRIDGE_REMOVED, c->atr,
		    c->present ? c->atr_n : 0);
}

/* Until something else is to be done. */
static void watch(struct modem_card *c, struct worker *w)
{
	unsigned int waited = ASK_MS;

	while (!worker_interrupted(w) && !atomic_load(&c->gone)) {
		int err = 0;

		if (waited >= ASK_MS) {
			waited = 0;
			look(c, w);
		} else {
			err = c->ops->wait(c->modem, SLICE_MS);
			waited = err > 0 ? ASK_MS : waited + SLICE_MS;
		}
		if (err == -EPIPE)
			gone(c);
	}
}

/* One step of a command: how it went, its answer in @data. */
static struct session_result take(struct modem_card *c, enum session_step step,
				  uint8_t data[MODEM_RAPDU_MAX])
{
	struct session_result r = { .data = data };
	struct session *s = &c->session;
	int n = 0;

	switch (step) {
	case SESSION_OPEN:
		n = c->ops->open(c->modem, s->aid, s->aid_n, &r.id);
		break;
	case SESSION_CLOSE:
		n = c->ops->close(c->modem, s->id);
		break;
	case SESSION_SEND:
	case SESSION_BASIC:
		n = c->ops->transmit(c->modem, step == SESSION_BASIC, s->id, s->apdu, s->apdu_n,
				     data);
		r.n = n > 0 ? (size_t)n : 0;
		break;
	case SESSION_ANSWER:
		break;
	}
	if (n == -EPIPE)
		gone(c);
	r.err = n < 0 ? n : 0;
	return r;
}

static void transmit(struct modem_card *c, const uint8_t *data, size_t n, struct bridge_event *out)
{
	enum session_step step = session_begin(&c->session, data, n);
	uint8_t answer[MODEM_RAPDU_MAX];

	/* A command has a handful of steps (session.h); a time that ran out ends them all. */
	while (step != SESSION_ANSWER) {
		struct session_result r = take(c, step, answer);

		if (r.err == -ETIMEDOUT || r.err == -EPIPE) {
			log_warn("no answer of the modem within %u ms", c->answer_ms);
			explicit_bzero(answer, sizeof(answer));
			return;
		}
		step = session_next(&c->session, &r);
	}
	explicit_bzero(answer, sizeof(answer));
	out->type = BRIDGE_ANSWER;
	out->n = c->session.answer_n;
	memcpy(out->data, c->session.answer, out->n);
	explicit_bzero(c->session.answer, c->session.answer_n);
}

static void leave(struct modem_card *c)
{
	uint32_t id;

	if (!atomic_load(&c->gone) && session_leave(&c->session, &id))
		c->ops->close(c->modem, id);
	if (c->reached)
		c->ops->disconnect(c->modem);
	c->reached = false;
}

static void run(void *ctx, struct worker *w, int what, const uint8_t *data, size_t n,
		struct bridge_event *out)
{
	struct modem_card *c = ctx;

	switch (what) {
	case CONNECT:
		c->reached = true;
		if (c->ops->connect(c->modem))
			gone(c);
		break;
	case WATCH:
		watch(c, w);
		break;
	case RESET:
		if (!c->present)
			break;
		out->type = BRIDGE_ANSWER;
		out->n = c->atr_n;
		memcpy(out->data, c->atr, c->atr_n);
		break;
	case TRANSMIT:
		if (c->present && !atomic_load(&c->gone))
			transmit(c, data, n, out);
		break;
	case LEAVE:
		leave(c);
		break;
	}
}

static void cancel(void *ctx)
{
	const struct modem_card *c = ctx;

	c->ops->wake(c->modem);
}

static const struct worker_ops worker_ops = { .run = run, .cancel = cancel };

/* --- in the bridge ------------------------------------------------------------ */

static int ask(struct modem_card *c, int what, const uint8_t *data, size_t n)
{
	int err = worker_request(c->worker, what, data, n);

	c->watching = what == CONNECT || what == WATCH;
	/* The watch gives way at once. */
	worker_cancel(c->worker);
	return err;
}

struct modem_card *modem_card_new(const struct modem_ops *ops, void *modem, unsigned int answer_ms)
{
	struct modem_card *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->ops = ops;
	c->modem = modem;
	c->answer_ms = answer_ms;
	session_init(&c->session, ops->basic);
	c->worker = worker_new(&worker_ops, c);
	if (c->worker && !ask(c, CONNECT, NULL, 0))
		return c;
	free(c);
	return NULL;
}

void modem_card_fds(struct modem_card *c, int fds[BRIDGE_FDS_MAX])
{
	fds[0] = worker_fd(c->worker);
}

int modem_card_request(struct modem_card *c, const uint8_t *data, size_t n)
{
	return ask(c, n ? TRANSMIT : RESET, data, n);
}

int modem_card_receive(struct modem_card *c, struct bridge_event *out)
{
	int err = worker_take(c->worker, out);

	while (!err && (out->type == BRIDGE_ANSWER || out->type == BRIDGE_NO_ANSWER)) {
		bool own = c->watching;

		if (atomic_load(&c->gone))
			return -EPIPE;
		err = ask(c, WATCH, NULL, 0);
		if (err || !own)
			return err;
		err = worker_take(c->worker, out);
	}
	return err;
}

int modem_card_end(struct modem_card *c, bool *left)
{
	int status = atomic_load(&c->gone) ? BRIDGE_FAILED : BRIDGE_OK;
	struct bridge_event e;

	/* What runs ends within its time, what follows it in as much again. */
	*left = ask(c, LEAVE, NULL, 0) != 0;
	for (unsigned int ms = 0; !*left && ms < 2 * c->answer_ms; ms += 10) {
		if (!worker_take(c->worker, &e) && e.type == BRIDGE_NO_ANSWER)
			break;
		usleep(10000);
	}
	*left = worker_end(c->worker, c->answer_ms) != 0;
	if (*left)
		return BRIDGE_FAILED;
	explicit_bzero(c, sizeof(*c));
	free(c);
	return status;
}
