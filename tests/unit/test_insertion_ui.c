// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server's questions in dmsc-helper's loop: what the kernel is asked, what the session
 * child is told, and progress. The world around the loop is test_insertion.c's.
 */
#define INSERTION_MAIN insertion_tests
int insertion_tests(void);
#include "test_insertion.c"

static void card_one_session(int fd)
{
	start_take(fd);
	session_request(fd, IPC_UI_NONE);
	reply_take(fd, PLAY_MS);
}

static unsigned int ui_times;

static void session_ui_once(int fd)
{
	start_take(fd);
	for (unsigned int i = 0; i < ui_times; i++)
		if (!ui_play(fd))
			break;
	outcome_say(fd, IPC_DONE);
}

/* An agent that answers, as the kernel tells it. */
static struct unl_answer agent;
static unsigned int agent_times;

static pid_t agent_start(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	for (unsigned int i = 1; i <= agent_times; i++) {
		struct unl_event ev = { .type = UNL_EV_COMPLETED, .slot = SLOT, .seq = SEQ, .id = i };

		WAIT_FOR(w->last >= i);
		ev.answer = agent;
		ev.answer.id = i;
		(void)!write(events[1], &ev, sizeof(ev));
	}
	_exit(0);
}

/* One session in which @ui is asked @times. */
static void ui_run(unsigned int times, unsigned int answers)
{
	pid_t pid;

	world_new();
	card_part = card_one_session;
	session_part = session_ui_once;
	ui_times = times;
	agent_times = answers;
	pid = agent_start();
	assert_int_equal(run_insertion("trusted-slots = virt:*\nconsent-timeout = 90\n"), HELPER_OK);
	waitpid(pid, NULL, 0);
	assert_false(w->lost);
	assert_int_equal(w->ui_answers, times);
	assert_int_equal(w->result, IPC_DONE);
}

static void answers_of_all_kinds(void **state)
{
	static const struct {
		enum unl_outcome outcome;
		enum ipc_answered answered, of_text;
	} cases[] = {
		{ UNL_YES, IPC_ANSWER_YES, IPC_ANSWER_YES },
		{ UNL_NO, IPC_ANSWER_NO, IPC_ANSWER_CANCELLED },
		{ UNL_CANCELLED, IPC_ANSWER_CANCELLED, IPC_ANSWER_CANCELLED },
		{ UNL_TIMEOUT, IPC_ANSWER_TIMEOUT, IPC_ANSWER_TIMEOUT },
		{ UNL_WITHDRAWN, IPC_ANSWER_NOBODY, IPC_ANSWER_NOBODY },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		agent = (struct unl_answer){ .outcome = cases[i].outcome };
		ui_new(IPC_KIND_CONFIRM);
		ui_run(1, 1);
		assert_int_equal(w->ui_answer.answer, cases[i].answered);
		assert_int_equal(w->question.kind, UNL_KIND_CONFIRM);
		if (agent.outcome == UNL_YES)
			strcpy(agent.value, "K\xc3\xb6ln\033[2J");
		ui_new(IPC_KIND_TEXT);
		ui_run(1, 1);
		assert_int_equal(w->ui_answer.answer, cases[i].of_text);
		assert_string_equal(w->ui_answer.text, agent.outcome == UNL_YES ? "K\xc3\xb6ln[2J" : "");
	}
	agent = (struct unl_answer){ .outcome = UNL_YES, .nselected = 2, .selected = { 3, 1 } };
	ui_new(IPC_KIND_CHOICES);
	ui_run(1, 1);
	assert_int_equal(w->ui_answer.chosen, 5);
	assert_int_equal(w->question.nchoices, 3);
	assert_string_equal(w->question.choices[1], "green");
	assert_string_equal(w->question.origin,
			    "server \"" SERVER "\", over dmsc, for the card in uicc5");
	assert_true(w->question.slot == SLOT && w->question.seq == SEQ);
}

/* Rules: UI-29 */
static void options_reach_the_agent(void **state)
{
	static const char *const defaults[] = { "", "&DR=1", "&DR=a%26b+c%2B%3D%25", "&DR=2", "&DR=1-3" };
	char want[80];

	agent = (struct unl_answer){ .outcome = UNL_CANCELLED };
	for (enum ipc_kind kind = 0; kind < IPC_KINDS; kind++) {
		struct ipc_question *q = &ui.question;

		ui_new(kind);
		ui_run(1, 1);
		assert_string_equal(w->question.options, kind == IPC_KIND_TEXT ? "IT=A&ET=T" : "");
		assert_int_equal(w->question.timeout_ms, 90000);
		q->min_s = 10;
		q->max_s = 30;
		q->max_len = 8;
		q->input = 'D';
		q->masked = q->accept = q->has_default = 1;
		q->chosen = kind == IPC_KIND_CHOICE ? 2 : kind == IPC_KIND_CHOICES ? 5 : 0;
		strcpy(q->initial, "a&b c+=%");
		ui_run(1, 1);
		snprintf(want, sizeof(want), "MINDT=10&MAXDT=30%s%s", defaults[kind],
			 kind == IPC_KIND_TEXT ? "&MAXLEN=8&IT=D&ET=P" : "");
		assert_string_equal(w->question.options, want);
		assert_int_equal(w->question.timeout_ms, 30000);
		/* No longer than the session goes on; a display no shorter than it is to be seen. */
		q->left_s = 20;
		q->min_s = 0;
		ui_run(1, 1);
		assert_int_equal(w->question.timeout_ms, 20000);
		q->left_s = 3000;
		q->min_s = 100;
		ui_run(1, 1);
		assert_int_equal(w->question.timeout_ms, kind == IPC_KIND_DISPLAY ? 105000 : 30000);
	}
}

static void not_asked_but_answered(void **state)
{
	agent_times = 0;
	/* The agent could not be told what the default is. */
	ui_new(IPC_KIND_TEXT);
	ui.question.has_default = 1;
	memset(ui.question.initial, '&', 100);
	ui_run(1, 0);
	assert_int_equal(w->ui_answer.answer, IPC_ANSWER_UNABLE);
	assert_int_equal(w->asked, 0);
	memset(ui.question.initial + 79, 0, 21);
	agent = (struct unl_answer){ .outcome = UNL_YES };
	ui_run(1, 1);
	assert_int_equal(w->ui_answer.answer, IPC_ANSWER_YES);
	assert_int_equal(strlen(w->question.options), 3 + 79 * 3 + 10);
	/* A server that does not end of asking. */
	ui_new(IPC_KIND_CONFIRM);
	ui_run(UI_MAX + 1, UI_MAX);
	assert_int_equal(w->asked, UI_MAX);
	assert_int_equal(w->ui_answer.answer, IPC_ANSWER_UNABLE);
}

static void session_ui_unable(int fd)
{
	w->ask_fails = true;
	w->ask_error = -EBUSY;
	session_ui_once(fd);
}

static void cannot_be_put(void **state)
{
	world_new();
	ui_new(IPC_KIND_CONFIRM);
	card_part = card_one_session;
	session_part = session_ui_unable;
	ui_times = 1;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_int_equal(w->ui_answer.answer, IPC_ANSWER_UNABLE);
}

static pid_t later(void (*what)(void))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	what();
	_exit(0);
}

static void take_then_time_out(void)
{
	WAIT_FOR(w->open);
	w->taken = true;
	usleep(600000);		/* beyond the look */
	w->lost |= !w->open;
	event(UNL_EV_COMPLETED, w->open, UNL_TIMEOUT);
}

/* The kernel waits for an agent for ever, a server does not. */
static void nobody_is_there(void **state)
{
	int64_t start = now_ms();
	pid_t pid;

	ui_new(IPC_KIND_CONFIRM);
	ui.question.max_s = 1;
	ui_run(1, 0);
	assert_int_equal(w->ui_answer.answer, IPC_ANSWER_NOBODY);
	assert_int_equal(w->open, 0);
	assert_true(now_ms() - start >= 1000);
	/* Somebody has it, and has the session's time; then he has not any more. */
	ui.question.max_s = 0;
	ui.question.left_s = 1;
	world_new();
	w->taken = true;
	card_part = card_one_session;
	session_part = session_ui_once;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_int_equal(w->ui_answer.answer, IPC_ANSWER_TIMEOUT);
	assert_int_equal(w->open, 0);
	/* Or the kernel says so first. */
	ui.question.max_s = 2;
	ui.question.left_s = 3000;
	world_new();
	pid = later(take_then_time_out);
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	waitpid(pid, NULL, 0);
	assert_false(w->lost);
	assert_int_equal(w->ui_answer.answer, IPC_ANSWER_TIMEOUT);
	assert_int_equal(w->withdrawn, 0);
}

static void session_asks_twice(int fd)
{
	start_take(fd);
	ui_new(IPC_KIND_CONFIRM);
	say(fd, &ui);
	say(fd, &ui);
	sleep(20);
}

/* One request is open at a time; what was asked is taken back. */
static void two_questions_at_once(void **state)
{
	world_new();
	card_part = card_one_session;
	session_part = session_asks_twice;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_int_equal(w->result, IPC_FAILED);
	assert_int_equal(w->asked, 1);
	assert_int_equal(w->open, 0);
}

/* One that goes on when it is refused is no server's. */
static void session_asks_for_ever(int fd)
{
	struct ipc_msg m;

	w->ask_fails = true;
	w->ask_error = -EBUSY;
	start_take(fd);
	while (!ipc_send(fd, &ui, PLAY_MS) && !ipc_recv(fd, &m, PLAY_MS))
		w->ui_answers++;
	sleep(20);
}

static void session_tells_for_ever(int fd)
{
	struct ipc_msg m;

	start_take(fd);
	ipc_prepare(&m, IPC_PROGRESS);
	while (!ipc_send(fd, &m, PLAY_MS))
		;
	sleep(20);
}

static void floods_end(void **state)
{
	world_new();
	ui_new(IPC_KIND_CONFIRM);
	card_part = card_one_session;
	session_part = session_asks_for_ever;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_int_equal(w->result, IPC_FAILED);
	assert_int_equal(w->ui_answers, UI_MAX + UI_OVER_MAX);
	world_new();
	session_part = session_tells_for_ever;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_int_equal(w->result, IPC_FAILED);
	assert_false(w->lost);
}

static void session_dies_asking(int fd)
{
	start_take(fd);
	ui_new(IPC_KIND_TEXT);
	say(fd, &ui);
	WAIT_FOR(w->open);
	_exit(1);
}

static void session_child_dies_asking(void **state)
{
	world_new();
	card_part = card_one_session;
	session_part = session_dies_asking;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_int_equal(w->result, IPC_FAILED);
	assert_int_equal(w->open, 0);
}

/* A session that no card asked for: beside any card, since the kernel wants one. */
static void question_without_a_card(void **state)
{
	struct helper h = { 0 };
	struct insertion in = { .h = &h, .index = 99, .seq = 5 };
	struct unl_question q = { .kind = UNL_KIND_CONFIRM };
	uint32_t id;

	world_new();
	assert_int_equal(insertion_question_put(&in, &q, 0, &id), 0);
	assert_true(w->question.slot == 7 && w->question.seq == 0 && id == w->open);
	strcpy(in.want.server_id, "evil\" (trusted)");
	origin_put(&in, &q);
	assert_string_equal(q.origin, "server \"evil' (trusted)\", over dmsc");
	memset(in.want.server_id, 'x', 255);
	origin_put(&in, &q);
	assert_non_null(strstr(q.origin, "xxx...\", over dmsc"));
	w->gone = true;
	assert_int_equal(insertion_question_put(&in, &q, 0, &id), -ENODEV);
}

static void session_long_object(int fd)
{
	struct ipc_msg m;
	char path[128];
	FILE *f;
	size_t n = 0;

	start_take(fd);
	ipc_prepare(&m, IPC_PROGRESS);
	strcpy(m.progress.what, "receiving ./Big");
	m.progress.done = 10;
	m.progress.total = 100;
	say(fd, &m);
	snprintf(path, sizeof(path), "%s/uicc5", progress_dir);
	WAIT_FOR(access(path, F_OK) == 0);
	f = fopen(path, "r");
	if (f) {
		n = fread(w->progress, 1, sizeof(w->progress) - 1, f);
		fclose(f);
	}
	w->progress[n] = 0;
	memset(m.progress.what, 0, sizeof(m.progress.what));
	m.progress.done = m.progress.total = 0;
	say(fd, &m);
	WAIT_FOR(access(path, F_OK));
	strcpy(m.progress.what, "sending ./Big");
	say(fd, &m);		/* and it ends in the middle */
	WAIT_FOR(access(path, F_OK) == 0);
	outcome_say(fd, IPC_DONE);
}

static void progress_is_in_a_file(void **state)
{
	char path[128];

	world_new();
	card_part = card_one_session;
	session_part = session_long_object;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_false(w->lost);
	assert_string_equal(w->progress, "server " SERVER "\nwhat receiving ./Big\ndone 10\ntotal 100\n");
	snprintf(path, sizeof(path), "%s/uicc5", progress_dir);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void socket_breaks(void)
{
	WAIT_FOR(w->open);
	event(UNL_EV_READY, UINT32_MAX, UNL_YES);
}

/*
 * Without a card the loop goes on when the kernel's socket breaks: the child is told that
 * nobody answers, and not left to wait for an hour.
 */
static void pending_socket_breaks(void **state)
{
	struct insertion *in = calloc(1, sizeof(*in));
	struct helper h = { .conf_path = conf_path, .sysfs = "sysfs", .run_dir = run_dir };
	char err[CONF_ERROR_MAX];
	pid_t pid;

	conf_write("");
	assert_int_equal(conf_load(conf_path, &h.conf, err), 0);
	world_new();
	ui_new(IPC_KIND_CONFIRM);
	card_part = card_one_session;
	session_part = session_ui_once;
	ui_times = 1;
	insertion_init(in, &h, "pending");
	assert_int_equal(insertion_netlink_open(in), 0);
	pid = later(socket_breaks);
	insertion_work(in);
	insertion_fini(in);
	free(in);
	waitpid(pid, NULL, 0);
	assert_false(w->lost);
	assert_int_equal(w->ui_answers, 1);
	assert_int_equal(w->ui_answer.answer, IPC_ANSWER_NOBODY);
	assert_int_equal(w->result, IPC_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_of_all_kinds),
		cmocka_unit_test(options_reach_the_agent),
		cmocka_unit_test(not_asked_but_answered),
		cmocka_unit_test(cannot_be_put),
		cmocka_unit_test(nobody_is_there),
		cmocka_unit_test(two_questions_at_once),
		cmocka_unit_test(floods_end),
		cmocka_unit_test(session_child_dies_asking),
		cmocka_unit_test(question_without_a_card),
		cmocka_unit_test(progress_is_in_a_file),
		cmocka_unit_test(pending_socket_breaks),
	};
	int r = world_begin();

	if (!r)
		r = cmocka_run_group_tests(tests, NULL, NULL);
	world_end();
	return r;
}
