// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server's question from the engine to the helper and the answer back. What a
 * person could see a part of only is not asked: a yes is one to the whole.
 */
#include "dmsc-client/child_ui.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "util/log.h"
#include "util/text.h"

#define SEND_MS 2000
#define LOOK_MS 5000		/* a signal that came just before the wait is seen then */
#define HELPER_MS 15000		/* what the helper may need beyond the session's time */
#define PROGRESS_MS 500		/* no more often */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Fit to be shown, lines joined by blanks; false: not as a whole. */
static bool text_put(char *out, size_t size, struct slice text)
{
	char line[DM_UI_MAX_TEXT], shown[DM_UI_MAX_TEXT + 1];
	size_t n;

	if (text.n > sizeof(line))
		return false;
	for (size_t i = 0; i < text.n; i++)
		line[i] = text.p[i] == '\n' || text.p[i] == '\t' ? ' ' : (char)text.p[i];
	n = text_printable(slice_of(line, text.n), shown, sizeof(shown));
	if (n >= size)
		return false;
	memset(out, 0, size);
	memcpy(out, shown, n);
	return true;
}

enum dm_status ui_question_fill(const struct dm_ui_request *req, unsigned int left_s,
				struct ipc_question *q)
{
	const struct dm_ui_options *o = &req->opts;

	q->kind = req->code - DM_UI_DISPLAY;
	q->min_s = o->min_s;
	q->max_s = o->max_s;
	q->left_s = left_s < IPC_UI_SECONDS_MAX ? left_s : IPC_UI_SECONDS_MAX;
	q->max_len = o->max_len;
	q->input = o->input;
	q->masked = o->masked;
	q->accept = o->accept;
	q->chosen = o->chosen;
	q->has_default = o->has_default && (req->code != DM_UI_CHOICE || o->chosen);
	q->nchoices = (uint8_t)req->nchoices;
	if (!text_put(q->text, sizeof(q->text), req->text) ||
	    !text_put(q->initial, sizeof(q->initial), slice_str(o->text)))
		return DM_ST_UNSUPPORTED;
	for (size_t i = 0; i < req->nchoices; i++) {
		if (!text_put(q->choices[i], sizeof(q->choices[i]), req->choices[i].data))
			return DM_ST_CHOICE_TOO_LARGE;
		if (!q->choices[i][0])
			return DM_ST_UNSUPPORTED;
	}
	return DM_ST_NONE;
}

/* 0, -EINTR when we are to stop, -ETIMEDOUT, -errno of ipc_recv(). */
static int answer_wait(unsigned int left_s, struct ipc_msg *m)
{
	int64_t end = now_ms() + (int64_t)left_s * 1000 + HELPER_MS, left;
	struct pollfd p = { .fd = IPC_CHILD_FD, .events = POLLIN };

	while ((left = end - now_ms()) > 0) {
		if (client_stop)
			return -EINTR;
		if (poll(&p, 1, left < LOOK_MS ? (int)left : LOOK_MS) > 0)
			return ipc_recv(IPC_CHILD_FD, m, SEND_MS);
	}
	return -ETIMEDOUT;
}

static void choose(uint32_t bits, struct dm_ui_answer *answer)
{
	for (unsigned int i = 0; i < DM_UI_MAX_CHOICES; i++)
		if (bits & 1u << i)
			answer->chosen[answer->nchosen++] = i + 1;
}

/* Somebody was shown it and said nothing: what the server wants to be taken then, if anything. */
static enum dm_status default_take(const struct dm_ui_request *req, const struct ipc_question *q,
				   struct dm_ui_answer *answer)
{
	if (req->code == DM_UI_DISPLAY)
		return DM_ST_OK;
	if (!q->has_default)
		return DM_ST_TIMEOUT;
	if (req->code == DM_UI_CONFIRM)
		return q->accept ? DM_ST_OK : DM_ST_NOT_MODIFIED;
	if (req->code == DM_UI_TEXT)
		buf_put_str(&answer->text, q->initial);
	choose(q->chosen, answer);
	return DM_ST_OK;
}

enum dm_status ui_answer_take(const struct dm_ui_request *req, const struct ipc_question *q,
			      const struct ipc_answer *a, struct dm_ui_answer *answer)
{
	switch (a->answer) {
	case IPC_ANSWER_YES:
		if (req->code == DM_UI_TEXT)
			buf_put_str(&answer->text, a->text);
		choose(a->chosen, answer);
		return buf_error(&answer->text) ? DM_ST_FAILED : DM_ST_OK;
	case IPC_ANSWER_NO:
		return req->code == DM_UI_CONFIRM ? DM_ST_NOT_MODIFIED : DM_ST_CANCELLED;
	case IPC_ANSWER_CANCELLED:
		return DM_ST_CANCELLED;
	case IPC_ANSWER_TIMEOUT:
		return default_take(req, q, answer);
	case IPC_ANSWER_UNABLE:
		return DM_ST_UNSUPPORTED;
	default:
		return DM_ST_TIMEOUT;	/* nobody was asked: nobody's default is given either */
	}
}

enum dm_status child_ui_ask(void *ctx, const struct dm_ui_request *req, unsigned int left_s,
			    struct dm_ui_answer *answer)
{
	static struct ipc_msg out, in;	/* too large for the stack */
	enum dm_status st;
	int r;

	if (client_stop)
		return DM_ST_TIMEOUT;
	ipc_prepare(&out, IPC_UI);
	st = ui_question_fill(req, left_s, &out.question);
	if (st) {
		log_notice("a question of the server is not asked: it could not be shown whole");
		return st;
	}
	r = ipc_send(IPC_CHILD_FD, &out, SEND_MS);
	if (!r)
		r = answer_wait(out.question.left_s, &in);
	if (!r && in.type != IPC_UI_ANSWER)
		r = -EPROTO;
	if (r && r != -EINTR) {
		/* A late answer would be taken for the next question's: there is none. */
		log_err("the helper does not answer a question: %s; the session ends", strerror(-r));
		client_stop = 1;
	}
	st = r ? DM_ST_TIMEOUT : ui_answer_take(req, &out.question, &in.answer, answer);
	explicit_bzero(&in, sizeof(in));
	return st;
}

void child_ui_progress(void *ctx, struct slice uri, bool sent, uint64_t done, uint64_t total)
{
	static int64_t next;
	char name[IPC_WHAT_MAX - 16];
	int64_t now = now_ms();
	struct ipc_msg m;

	if (total && now < next)
		return;
	next = now + PROGRESS_MS;
	ipc_prepare(&m, IPC_PROGRESS);
	if (total) {
		text_printable(uri, name, sizeof(name));
		snprintf(m.progress.what, sizeof(m.progress.what), "%s %s",
			 sent ? "sending" : "receiving", name);
		m.progress.done = done;
		m.progress.total = total;
	}
	/* Nobody waits for it: a helper that is busy misses one. */
	(void)!ipc_send(IPC_CHILD_FD, &m, 0);
}
