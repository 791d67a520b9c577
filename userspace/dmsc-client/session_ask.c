// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The person of a session by hand; what is shown and understood is ask/'s. A line is
 * read as the terminal gives it: nothing but the answer is waited for meanwhile.
 */
#include "dmsc-client/session_ask.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "ask/ask.h"
#include "dmsc-client/child_ui.h"
#include "util/log.h"
#include "util/str.h"

#define QUESTIONS_MAX 64	/* of one session */
#define LINE_MAX_LEN 2048
#define LOOK_MS 5000		/* a signal that came just before the wait is seen then */
#define COLUMNS 80

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool session_ask_possible(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* 1: time is over, or we are to stop; 0: a line is there. */
static int line_wait(int64_t end)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t left;

	while (!client_stop && (left = end - now_ms()) > 0)
		if (poll(&p, 1, left < LOOK_MS ? (int)left : LOOK_MS) > 0)
			return 0;
	return 1;
}

static unsigned int seconds_to(int64_t end)
{
	int64_t left = end - now_ms();

	return left > 0 ? (unsigned int)((left + 999) / 1000) : 0;
}

/* One line of the terminal's understood; an end of input closes the question. */
static enum typed line_read(const struct unl_question *q, struct unl_answer *a)
{
	char line[LINE_MAX_LEN];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line));
	enum typed t = TYPED_AGAIN;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return TYPED_AGAIN;
	if (n <= 0) {
		a->outcome = UNL_CANCELLED;
		return TYPED_ANSWER;
	}
	if (line[n - 1] == '\n')
		n--;
	memset(a, 0, sizeof(*a));
	if (!question_shown_only(q) || line_cancels(q, slice_of(line, (size_t)n)))
		t = line_understand(q, slice_of(line, (size_t)n), a);
	explicit_bzero(line, sizeof(line));
	return t;
}

/* Until it is answered, or @end; a notice that is not closed was seen then. */
static enum ipc_answered answer_get(const struct unl_question *q, int64_t end, struct unl_answer *a)
{
	static const enum ipc_answered answers[] = { IPC_ANSWER_YES, IPC_ANSWER_NO,
						     IPC_ANSWER_CANCELLED };

	do {
		show_prompt(q, seconds_to(end));
		if (line_wait(end)) {
			putchar('\n');
			return client_stop ? IPC_ANSWER_NOBODY : IPC_ANSWER_TIMEOUT;
		}
		if (question_secret(q))
			putchar('\n');	/* the line's own end was not shown either */
	} while (line_read(q, a) == TYPED_AGAIN);
	return answers[a->outcome];
}

static enum ipc_answered terminal_ask(const struct unl_question *q, int64_t end,
				      struct unl_answer *a)
{
	struct termios shown, hidden;
	bool hide = question_secret(q);
	enum ipc_answered r;

	if (tcgetattr(STDIN_FILENO, &shown))
		return IPC_ANSWER_UNABLE;
	hidden = shown;
	if (hide)
		hidden.c_lflag &= ~(tcflag_t)ECHO;
	/* What was typed before the question was seen answers nothing. */
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden))
		return IPC_ANSWER_UNABLE;
	r = answer_get(q, end, a);
	if (hide)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	return r;
}

static void question_make(const struct session_ask *x, const struct dm_ui_request *req,
			  const struct ipc_question *from, struct unl_question *q)
{
	*q = (struct unl_question){ .id = x->asked, .slot = ASK_NO_SLOT,
				    .kind = UNL_KIND_DISPLAY + (req->code - DM_UI_DISPLAY),
				    .nchoices = from->nchoices };
	snprintf(q->origin, sizeof(q->origin), "server %.240s", x->server_id);
	memcpy(q->text, from->text, sizeof(q->text));
	for (size_t i = 0; i < from->nchoices; i++)
		memcpy(q->choices[i], from->choices[i], sizeof(from->choices[i]));
}

enum dm_status session_ask_ui(void *ctx, const struct dm_ui_request *req, unsigned int left_s,
			      struct dm_ui_answer *answer)
{
	static struct ipc_question from;	/* all three are too large for the stack */
	static struct unl_question q;
	static struct unl_answer a;
	struct session_ask *x = ctx;
	struct ipc_answer got = { .answer = IPC_ANSWER_YES };
	unsigned int seconds = req->opts.max_s ? req->opts.max_s : x->timeout_s;
	enum dm_status st;

	memset(&from, 0, sizeof(from));
	st = ++x->asked > QUESTIONS_MAX ? DM_ST_UNSUPPORTED : ui_question_fill(req, left_s, &from);
	if (st)
		return st;
	question_make(x, req, &from, &q);
	/* The same parser reads them there as here. */
	if (slice_present(req->options) && str_copy(q.options, sizeof(q.options), req->options))
		return DM_ST_UNSUPPORTED;
	show_question(&q, COLUMNS);
	if (question_shown_only(&q))
		seconds = question_min_s(&q);
	if (seconds > left_s)
		seconds = left_s;
	if (seconds)
		got.answer = terminal_ask(&q, now_ms() + (int64_t)seconds * 1000, &a);
	if (got.answer == IPC_ANSWER_YES) {
		memcpy(got.text, a.value, sizeof(got.text));
		for (size_t i = 0; i < a.nselected; i++)
			got.chosen |= 1u << (a.selected[i] - 1);
	}
	st = ui_answer_take(req, &from, &got, answer);
	explicit_bzero(&a, sizeof(a));
	explicit_bzero(&got, sizeof(got));
	return st;
}
