// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-client's session child: a server's question to its helper, and what the server is told. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The program's own file: it is not part of the library. */
#include "dmsc-client/child_ui.c"

volatile sig_atomic_t client_stop;

static int helper = -1;
static struct dm_item choices[DM_UI_MAX_CHOICES];
static struct dm_ui_request req;
static struct dm_ui_answer got;
static struct ipc_msg m;

static int setup(void **state)
{
	int fds[2];

	if (ipc_pair(fds))
		return -1;
	helper = fcntl(fds[0], F_DUPFD, IPC_CHILD_FD + 1);
	if (helper < 0 || dup2(fds[1], IPC_CHILD_FD) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		if (fds[i] != IPC_CHILD_FD)
			close(fds[i]);
	client_stop = 0;
	return 0;
}

static int teardown(void **state)
{
	close(helper);
	close(IPC_CHILD_FD);
	buf_fini(&got.text);
	return 0;
}

static void request(unsigned int code, const char *options, const char *text, size_t nchoices)
{
	static const char *const colours[] = { "red", "green", "blue" };

	req = (struct dm_ui_request){ .code = code, .text = slice_str(text), .choices = choices,
				      .nchoices = nchoices };
	for (size_t i = 0; i < nchoices; i++)
		choices[i].data = slice_str(colours[i % 3]);
	dm_ui_options_parse(slice_str(options), code, nchoices, &req.opts);
}

static enum dm_status ask(unsigned int left_s)
{
	buf_fini(&got.text);
	memset(&got, 0, sizeof(got));
	return child_ui_ask(NULL, &req, left_s, &got);
}

/* The helper answers before it is asked, which is all the same to a socket. */
static enum dm_status answered(enum ipc_answered answer, uint32_t chosen, const char *text)
{
	enum dm_status st;

	ipc_prepare(&m, IPC_UI_ANSWER);
	m.answer.answer = answer;
	m.answer.chosen = chosen;
	strcpy(m.answer.text, text);
	assert_int_equal(ipc_send(helper, &m, 1000), 0);
	st = ask(1800);
	assert_int_equal(ipc_recv(helper, &m, 1000), 0);
	assert_int_equal(m.type, IPC_UI);
	return st;
}

/* Rules: UI-4 UI-5 UI-6 UI-7 UI-8 UI-12 UI-13 UI-14 UI-16 UI-30 */
static void what_the_server_is_told(void **state)
{
	static const struct {
		unsigned int code;
		const char *options;
		enum dm_status no, timeout;
	} cases[] = {
		{ DM_UI_DISPLAY, "", DM_ST_CANCELLED, DM_ST_OK },
		{ DM_UI_CONFIRM, "", DM_ST_NOT_MODIFIED, DM_ST_TIMEOUT },
		{ DM_UI_CONFIRM, "DR=1", DM_ST_NOT_MODIFIED, DM_ST_OK },
		{ DM_UI_CONFIRM, "DR=0", DM_ST_NOT_MODIFIED, DM_ST_NOT_MODIFIED },
		{ DM_UI_TEXT, "", DM_ST_CANCELLED, DM_ST_TIMEOUT },
		{ DM_UI_CHOICE, "", DM_ST_CANCELLED, DM_ST_TIMEOUT },
		{ DM_UI_CHOICE, "DR=", DM_ST_CANCELLED, DM_ST_TIMEOUT },	/* one has to be chosen */
		{ DM_UI_CHOICES, "", DM_ST_CANCELLED, DM_ST_TIMEOUT },
		{ DM_UI_CHOICES, "DR=1-3", DM_ST_CANCELLED, DM_ST_OK },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		request(cases[i].code, cases[i].options, "Text", cases[i].code >= DM_UI_CHOICE ? 3 : 0);
		assert_int_equal(answered(IPC_ANSWER_YES, 0, ""), DM_ST_OK);
		assert_int_equal(m.question.kind, cases[i].code - DM_UI_DISPLAY);
		assert_int_equal(answered(IPC_ANSWER_NO, 0, ""), cases[i].no);
		assert_int_equal(answered(IPC_ANSWER_CANCELLED, 0, ""), DM_ST_CANCELLED);
		assert_int_equal(answered(IPC_ANSWER_TIMEOUT, 0, ""), cases[i].timeout);
		assert_int_equal(answered(IPC_ANSWER_NOBODY, 0, ""), DM_ST_TIMEOUT);
		assert_int_equal(got.nchosen, 0);
		assert_int_equal(answered(IPC_ANSWER_UNABLE, 0, ""), DM_ST_UNSUPPORTED);
		assert_int_equal(client_stop, 0);
	}
}

static void answers_and_defaults(void **state)
{
	request(DM_UI_TEXT, "DR=old+name", "Name?", 0);
	assert_int_equal(answered(IPC_ANSWER_YES, 0, "K\xc3\xb6ln"), DM_ST_OK);
	assert_string_equal(buf_cstr(&got.text), "K\xc3\xb6ln");
	assert_int_equal(answered(IPC_ANSWER_TIMEOUT, 0, ""), DM_ST_OK);
	assert_string_equal(buf_cstr(&got.text), "old name");
	request(DM_UI_CHOICES, "DR=1-3", "Which?", 3);
	assert_int_equal(answered(IPC_ANSWER_YES, 6, ""), DM_ST_OK);
	assert_true(got.nchosen == 2 && got.chosen[0] == 2 && got.chosen[1] == 3);
	assert_int_equal(answered(IPC_ANSWER_TIMEOUT, 0, ""), DM_ST_OK);
	assert_true(got.nchosen == 2 && got.chosen[0] == 1 && got.chosen[1] == 3);
	/* All that there can be; the engine judges them. */
	assert_int_equal(answered(IPC_ANSWER_YES, UINT32_MAX, ""), DM_ST_OK);
	assert_int_equal(got.nchosen, DM_UI_MAX_CHOICES);
}

/* Rules: UI-29 */
static void options_go_along(void **state)
{
	request(DM_UI_TEXT, "MINDT=5&MAXDT=30&MAXLEN=7&IT=N&ET=P&DR=12", "Number?", 0);
	answered(IPC_ANSWER_CANCELLED, 0, "");
	assert_int_equal(m.question.min_s, 5);
	assert_int_equal(m.question.max_s, 30);
	assert_int_equal(m.question.left_s, 1800);
	assert_int_equal(m.question.max_len, 7);
	assert_int_equal(m.question.input, 'N');
	assert_true(m.question.masked && m.question.has_default);
	assert_string_equal(m.question.initial, "12");
	request(DM_UI_CHOICES, "DR=3-2", "Which?", 3);
	answered(IPC_ANSWER_CANCELLED, 0, "");
	assert_int_equal(m.question.chosen, 6);
	assert_int_equal(m.question.nchoices, 3);
	assert_string_equal(m.question.choices[2], "blue");
	request(DM_UI_CONFIRM, "DR=1", "Yes?", 0);
	answered(IPC_ANSWER_CANCELLED, 0, "");
	assert_true(m.question.has_default && m.question.accept);
}

static void not_asked(enum dm_status want)
{
	assert_int_equal(ask(100), want);
	assert_int_equal(ipc_recv(helper, &m, 0), -ETIMEDOUT);
}

/*
 * A yes to a part of a question is none; what is only removed does not count.
 * Rules: UI-31
 */
static void shown_whole_or_not_at_all(void **state)
{
	static char text[DM_UI_MAX_TEXT + 1], choice[300];

	memset(text, 'x', 1024);
	request(DM_UI_CONFIRM, "", text, 0);
	assert_int_equal(answered(IPC_ANSWER_YES, 0, ""), DM_ST_OK);
	assert_int_equal(strlen(m.question.text), 1024);
	text[1024] = 'x';
	request(DM_UI_CONFIRM, "", text, 0);
	not_asked(DM_ST_UNSUPPORTED);
	request(DM_UI_DISPLAY, "", text, 0);
	not_asked(DM_ST_UNSUPPORTED);
	memset(text, '\033', DM_UI_MAX_TEXT);
	memcpy(text, "a\nb\tc\r", 6);
	request(DM_UI_CONFIRM, "", text, 0);
	assert_int_equal(answered(IPC_ANSWER_YES, 0, ""), DM_ST_OK);
	assert_string_equal(m.question.text, "a b c");

	memset(choice, 'y', 256);
	request(DM_UI_CHOICE, "", "Which?", 3);
	choices[1].data = slice_of(choice, 255);
	assert_int_equal(answered(IPC_ANSWER_YES, 2, ""), DM_ST_OK);
	choices[1].data = slice_of(choice, 256);
	not_asked(DM_ST_CHOICE_TOO_LARGE);
	choices[1].data = SLICE_LIT("\033");
	not_asked(DM_ST_UNSUPPORTED);
	/* A multibyte character that would be cut is too long as well. */
	memcpy(choice + 254, "\xc3\xb6", 2);
	choices[1].data = slice_of(choice, 256);
	not_asked(DM_ST_CHOICE_TOO_LARGE);
}

static void more_than_anybody_shows(void **state)
{
	request(DM_UI_CHOICE, "", "Which?", DM_UI_MAX_CHOICES);
	assert_int_equal(answered(IPC_ANSWER_YES, 1u << 31, ""), DM_ST_OK);
	assert_true(got.nchosen == 1 && got.chosen[0] == 32);
	assert_int_equal(m.question.nchoices, 32);
}

/* No answer may be taken for that to the next question. */
static void a_helper_that_is_none(void **state)
{
	request(DM_UI_CONFIRM, "DR=1", "Yes?", 0);
	ipc_prepare(&m, IPC_OUTCOME);
	assert_int_equal(ipc_send(helper, &m, 1000), 0);
	assert_int_equal(ask(100), DM_ST_TIMEOUT);
	assert_int_equal(client_stop, 1);
	assert_int_equal(ipc_recv(helper, &m, 1000), 0);
	not_asked(DM_ST_TIMEOUT);	/* told to stop */

	client_stop = 0;
	close(helper);
	helper = -1;
	assert_int_equal(ask(100), DM_ST_TIMEOUT);
	assert_int_equal(client_stop, 1);
}

static void progress_is_told_rarely(void **state)
{
	child_ui_progress(NULL, SLICE_LIT("./Big\n"), false, 10, 100);
	child_ui_progress(NULL, SLICE_LIT("./Big"), false, 20, 100);
	child_ui_progress(NULL, SLICE_NONE, false, 0, 0);
	assert_int_equal(ipc_recv(helper, &m, 1000), 0);
	assert_int_equal(m.type, IPC_PROGRESS);
	assert_string_equal(m.progress.what, "receiving ./Big");
	assert_true(m.progress.done == 10 && m.progress.total == 100);
	assert_int_equal(ipc_recv(helper, &m, 1000), 0);	/* the end is never left out */
	assert_string_equal(m.progress.what, "");
	assert_int_equal(ipc_recv(helper, &m, 0), -ETIMEDOUT);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(what_the_server_is_told), T(answers_and_defaults), T(options_go_along),
		T(shown_whole_or_not_at_all), T(more_than_anybody_shows), T(a_helper_that_is_none),
		T(progress_is_told_rarely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
