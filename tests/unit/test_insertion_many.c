// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A card for which a thousand sessions are tried within one life of its helper, each with a
 * question of the server's and a word about progress: what the helper holds open stays the
 * same. The world around the loop is that of test_insertion.c.
 */
#include <dirent.h>

#define INSERTION_MAIN insertion_tests
int insertion_tests(void);
#include "test_insertion.c"

#define MANY 1000
#define FIRST 10	/* sessions in which everything has been seen once */

struct held {
	unsigned int first, rest;	/* descriptors at most */
	unsigned int children;		/* the same: processes that nobody waited for, and those that run */
};
static struct held *held;

/* Entries of @path that are numbers. */
static unsigned int numbers_in(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	unsigned int n = 0;

	while (d && (e = readdir(d)))
		n += e->d_name[0] >= '0' && e->d_name[0] <= '9';
	if (d)
		closedir(d);
	return n;
}

static unsigned int words_in(const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned int n = 0;

	while (f && fscanf(f, "%*s") != EOF)
		n++;
	if (f)
		fclose(f);
	return n;
}

static void look_at_loop(unsigned int session)
{
	char path[64];
	unsigned int fds, children;

	snprintf(path, sizeof(path), "/proc/%d/fd", loop_pid);
	fds = numbers_in(path);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", loop_pid, loop_pid);
	children = words_in(path);
	w->lost |= !fds || !children;
	if (session < FIRST && fds > held->first)
		held->first = fds;
	if (session >= FIRST && fds > held->rest)
		held->rest = fds;
	if (children > held->children)
		held->children = children;
}

static void card_many(int fd)
{
	start_take(fd);
	for (unsigned int i = 0; i < MANY; i++) {
		session_request(fd, IPC_UI_NONE);
		if (!reply_take(fd, PLAY_MS))
			return;
		look_at_loop(i);
	}
}

static void session_in_many(int fd)
{
	struct ipc_msg m;

	ipc_prepare(&m, IPC_PROGRESS);
	m.progress.done = 1;
	m.progress.total = 2;
	strcpy(m.progress.what, "receiving ./A");
	start_take(fd);
	say(fd, &m);
	ui_new(IPC_KIND_CONFIRM);
	ui_play(fd);
	outcome_say(fd, IPC_DONE);
}

/* An agent that says yes to each. */
static pid_t agent_of_many(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	for (uint32_t i = 1; i <= MANY; i++) {
		WAIT_FOR(w->last >= i);
		event(UNL_EV_COMPLETED, i, UNL_YES);
	}
	_exit(0);
}

static void a_thousand_sessions(void **state)
{
	pid_t pid;

	world_new();
	card_part = card_many;
	session_part = session_in_many;
	pid = agent_of_many();
	assert_int_equal(run_insertion("trusted-slots = virt:*\nconsent-timeout = 90\n"), HELPER_OK);
	waitpid(pid, NULL, 0);
	print_message("descriptors: at most %u in the first %d sessions, %u in the others; %u processes\n",
		      held->first, FIRST, held->rest, held->children);
	assert_false(w->lost);
	assert_int_equal(w->replies, MANY);
	assert_int_equal(w->sessions, MANY);
	assert_int_equal(w->ui_answers, MANY);
	assert_true(held->rest <= held->first);
	/* The card's, a session's, and the agent of this test. */
	assert_true(held->children <= 3);
}

/* A card that comes and goes a hundred times, with the helper's loop in one process. */
static void a_hundred_insertions(void **state)
{
	unsigned int before = 0, now;

	for (int i = 0; i < 100; i++) {
		world_new();
		the_stage = i % 2 ? AT_UI : AT_SESSION_RUNS;
		the_event = CARD_DEL;
		card_part = card_plays;
		session_part = the_stage == AT_UI ? session_ui : session_long;
		assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
		assert_false(w->lost);
		now = numbers_in("/proc/self/fd");
		if (i == 1)
			before = now;
		if (i > 1)
			assert_int_equal(now, before);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_sessions),
		cmocka_unit_test(a_hundred_insertions),
	};
	int r = world_begin();

	held = mmap(NULL, sizeof(*held), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!r && held != MAP_FAILED)
		r = cmocka_run_group_tests(tests, NULL, NULL);
	world_end();
	return r;
}
