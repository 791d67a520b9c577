// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server's questions to the person during its session: from the session child's
 * typed fields to the kernel, and the answer back. Nothing waits in here, and no
 * text of the server's is parsed: it is shown or it is not.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dmsc-helper/insertion_int.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/text.h"

#define UI_MAX 64		/* questions of one session */
#define UI_OVER_MAX 16		/* refused because of that bound, before the child is stopped */
#define DISPLAY_MORE_S 5	/* an agent may not lose what it has to show for so long */
#define OPTIONS_MAX 255		/* bytes, the kernel's limit */
#define SERVER_SHOWN 164	/* bytes of a server's name, of the 255 of a question's origin */

static const enum unl_kind kinds[IPC_KINDS] = {
	UNL_KIND_DISPLAY, UNL_KIND_CONFIRM, UNL_KIND_TEXT, UNL_KIND_SINGLE_CHOICE,
	UNL_KIND_MULTIPLE_CHOICE,
};

void insertion_ui_begin(struct insertion *in)
{
	in->ui = (struct ui){ .look_ms = INT64_MAX };
}

static void answer_send(struct insertion *in, const struct ipc_answer *answer)
{
	struct ipc_msg m;

	in->ui.id = 0;
	in->ui.look_ms = INT64_MAX;
	if (in->sess.fd < 0)
		return;
	ipc_prepare(&m, IPC_UI_ANSWER);
	m.answer = *answer;
	if (ipc_send(in->sess.fd, &m, SEND_MS))
		log_warn("%s: the session child does not take its answer", in->card);
	explicit_bzero(&m, sizeof(m));
}

static void answer_say(struct insertion *in, enum ipc_answered answer)
{
	answer_send(in, &(struct ipc_answer){ .answer = answer });
}

/* Who asks, and over what. A name too long to be shown ends in dots, never the rest. */
static void origin_put(const struct insertion *in, struct unl_question *q)
{
	struct slice server = slice_str(in->want.server_id);
	char name[SERVER_SHOWN];
	size_t n = text_printable(server, name, sizeof(name) - 3);

	if (n < server.n)
		strcpy(name + n, "...");
	for (char *c = name; *c; c++)
		if (*c == '"')
			*c = '\'';
	snprintf(q->origin, sizeof(q->origin), "server \"%s\", over dmsc%s%s", name,
		 in->slot.name[0] ? ", for the card in " : "", in->slot.name);
}

static void escaped_put(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == ' ')
			buf_put(b, "+", 1);
		else if (strchr("&=+%", *text))
			buf_printf(b, "%%%02X", (unsigned char)*text);
		else
			buf_put(b, text, 1);
	}
}

static void default_put(struct buf *b, const struct ipc_question *q)
{
	const char *between = "";

	buf_printf(b, "&DR=");
	if (q->kind == IPC_KIND_CONFIRM)
		buf_printf(b, "%u", q->accept);
	else if (q->kind == IPC_KIND_TEXT)
		escaped_put(b, q->initial);
	for (unsigned int i = 0; i < q->nchoices; i++) {
		if (!(q->chosen & 1u << i))
			continue;
		buf_printf(b, "%s%u", between, i + 1);
		between = "-";
	}
}

/* The options as DM Protocol 1.2 writes them, in one order; false: an agent cannot be told them all. */
static bool options_put(const struct ipc_question *q, char *out, size_t size)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (q->min_s)
		buf_printf(&b, "&MINDT=%u", q->min_s);
	if (q->max_s)
		buf_printf(&b, "&MAXDT=%u", q->max_s);
	if (q->has_default && q->kind != IPC_KIND_DISPLAY)
		default_put(&b, q);
	if (q->kind == IPC_KIND_TEXT) {
		if (q->max_len)
			buf_printf(&b, "&MAXLEN=%u", q->max_len);
		buf_printf(&b, "&IT=%c&ET=%c", (int)q->input, q->masked ? 'P' : 'T');
	}
	/* An '&' in front stands for the NUL at the end. */
	if (buf_error(&b) || b.len > size)
		return false;
	snprintf(out, size, "%s", b.len ? buf_cstr(&b) + 1 : "");
	return true;
}

/* Seconds for the person, from the moment an agent has it. */
static unsigned int answer_time(const struct insertion *in, const struct ipc_question *q)
{
	unsigned int s = q->max_s ? q->max_s : in->h->conf.consent_timeout_s;

	if (q->kind == IPC_KIND_DISPLAY && s < q->min_s + DISPLAY_MORE_S)
		s = q->min_s + DISPLAY_MORE_S;
	if (s > q->left_s)
		s = q->left_s;
	return s > CONSENT_MAX_S ? CONSENT_MAX_S : s;
}

bool insertion_ui_ask(struct insertion *in, const struct ipc_question *q)
{
	static struct unl_question nq;	/* too large for the stack */
	unsigned int s = answer_time(in, q);
	int64_t now = insertion_now_ms(), wait = (int64_t)s * 1000;
	int r = 0;

	if (in->ui.id || in->stop)
		return in->stop;	/* it is told already that it has to end */
	if (in->ui.asked >= UI_MAX + UI_OVER_MAX)
		return false;
	nq = (struct unl_question){ .kind = kinds[q->kind], .nchoices = q->nchoices };
	memcpy(nq.text, q->text, sizeof(nq.text));
	for (size_t i = 0; i < q->nchoices; i++)
		memcpy(nq.choices[i], q->choices[i], IPC_CHOICE_MAX);
	origin_put(in, &nq);
	if (++in->ui.asked > UI_MAX)
		r = -EDQUOT;
	else if (!options_put(q, nq.options, OPTIONS_MAX + 1))
		r = -EMSGSIZE;
	if (!r)
		r = insertion_question_put(in, &nq, s, &in->ui.id);
	if (r) {
		log_warn("%s: the server's question could not be put: %s", in->card,
			 r == -ENODEV ? "no card is there, and without one no agent is asked" :
					strerror(-r));
		answer_say(in, IPC_ANSWER_UNABLE);
		return true;
	}
	in->ui.kind = q->kind;
	in->ui.taken = false;
	in->ui.look_ms = now + (wait < TAKEN_MIN_MS ? TAKEN_MIN_MS : wait);
	in->ui.end_ms = now + (int64_t)q->left_s * 1000;
	log_notice("%s: question %u put: the server '%s' asks the person", in->card, in->ui.id,
		   in->want.server_id);
	return true;
}

bool insertion_ui_completed(struct insertion *in, const struct unl_answer *a)
{
	static const char *const words[] = { "answered", "no", "cancelled", "no answer in time",
					     "withdrawn" };
	static const enum ipc_answered answers[] = {
		IPC_ANSWER_YES, IPC_ANSWER_NO, IPC_ANSWER_CANCELLED, IPC_ANSWER_TIMEOUT,
		IPC_ANSWER_NOBODY };
	struct ipc_answer m = { .answer = answers[a->outcome] };

	if (!in->ui.id || a->id != in->ui.id)
		return false;
	log_notice("%s: question %u: %s", in->card, a->id, words[a->outcome]);
	if (a->outcome == UNL_NO && in->ui.kind != IPC_KIND_CONFIRM)
		m.answer = IPC_ANSWER_CANCELLED;	/* there is no "no" to it */
	if (a->outcome == UNL_YES) {
		text_printable(slice_str(a->value), m.text, sizeof(m.text));
		for (size_t i = 0; i < a->nselected; i++)
			if (a->selected[i] >= 1 && a->selected[i] <= IPC_CHOICES_MAX)
				m.chosen |= 1u << (a->selected[i] - 1);
	}
	answer_send(in, &m);
	explicit_bzero(&m, sizeof(m));
	return true;
}

static void take_back(struct insertion *in, enum ipc_answered answer)
{
	int r = in->nl ? unl_withdraw(in->nl, in->ui.id) : 0;

	if (r && r != -ENOENT)
		log_warn("%s: the server's question could not be withdrawn: %s", in->card,
			 strerror(-r));
	answer_say(in, answer);
}

void insertion_ui_withdraw(struct insertion *in)
{
	if (in->ui.id)
		take_back(in, IPC_ANSWER_NOBODY);
}

int insertion_ui_wait_ms(const struct insertion *in)
{
	int64_t left = in->ui.look_ms < in->ui.end_ms ? in->ui.look_ms : in->ui.end_ms;

	if (!in->ui.id)
		return -1;
	left -= insertion_now_ms();
	return left < 0 ? 0 : (int)left;
}

/* The kernel would wait for an agent for ever, the server does not. */
static void look(struct insertion *in, int64_t now)
{
	bool over = now >= in->ui.end_ms;
	int r = in->ui.taken ? 1 : insertion_question_taken(in, in->ui.id);

	in->ui.taken |= r > 0;
	in->ui.look_ms = INT64_MAX;	/* the kernel ends what is taken in time */
	if (in->ui.taken && !over)
		return;
	if (r == -ENOENT && !over) {
		/* It was answered just now: its completion is in the socket, or lost. */
		in->ui.end_ms = now + LAST_LOOK_MS;
		return;
	}
	log_notice("%s: question %u: %s", in->card, in->ui.id,
		   in->ui.taken ? "the session can wait no longer" : "no agent took it in time");
	take_back(in, in->ui.taken ? IPC_ANSWER_TIMEOUT : IPC_ANSWER_NOBODY);
}

void insertion_ui_tick(struct insertion *in)
{
	int64_t now = insertion_now_ms();

	if (in->ui.id && (now >= in->ui.end_ms || now >= in->ui.look_ms))
		look(in, now);
}
