// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-agent on a terminal: a PIN is not shown there, whatever signals come, and echo is back after each. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The program's own files: they are not part of the library. */
int agent_main(int argc, char **argv);
#define main agent_main
#include "dmsc-agent/main.c"
#undef main
#include "dmsc-agent/progress.c"

#include "played_kernel.h"

#define PATIENCE_MS 20000

/* --- the kernel: one question ---------------------------------------------- */

static int answers[2];
static bool asked;

int unl_open(struct unl **out)
{
	*out = (struct unl *)events;
	return 0;
}

void unl_close(struct unl *nl)
{
}

int unl_agent_register(struct unl *nl)
{
	return 0;
}

int unl_event_next(struct unl *nl, struct unl_event *ev)
{
	return played_event(ev);
}

int unl_accept(struct unl *nl, uint32_t id, struct unl_question *out)
{
	if (asked)
		return -ENOENT;
	asked = true;
	*out = (struct unl_question){ .id = 1, .kind = UNL_KIND_PIN, .key_ref = 1, .retries = 3,
				      .timeout_ms = 60000 };
	return 0;
}

int unl_done(struct unl *nl, const struct unl_answer *ans)
{
	(void)!write(answers[1], ans->value, 4);
	return 0;
}

/* --- the terminal ---------------------------------------------------------- */

static int master;
static pid_t pid, agent;	/* of the shell, and of the agent */
static int shells[2];
static char seen[16384];
static size_t nseen;

/* Leads the session: the agent is its job. Tells the agent's number, and each time that it was stopped. */
static void __attribute__((noreturn)) shell(int slave, char **argv)
{
	int status;
	pid_t job;

	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	for (int i = 0; i < 3; i++)
		dup2(slave, i);
	job = fork();
	if (!job) {
		setpgid(0, 0);
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(0, getpid());
		signal(SIGTTOU, SIG_DFL);
		setvbuf(stdout, NULL, _IOLBF, 0);
		exit(agent_main(1, argv));
	}
	(void)!write(shells[1], &job, sizeof(job));
	while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status))
		(void)!write(shells[1], &job, sizeof(job));
	_exit(WIFEXITED(status) ? 0 : 1);
}

static void agent_start(void)
{
	char *argv[] = { (char *)"dmsc-agent", NULL };
	int slave;

	nseen = 0;
	assert_int_equal(pipe(events) | pipe(answers) | pipe(shells), 0);
	master = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(master >= 0);
	assert_int_equal(grantpt(master) | unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	pid = fork();
	if (!pid)
		shell(slave, argv);
	assert_int_equal(read(shells[0], &agent, sizeof(agent)), sizeof(agent));
	close(slave);
}

/* Reads on until @words came @times times. */
static void see(const char *words, int times)
{
	int64_t end = now_ms() + PATIENCE_MS;

	for (;;) {
		struct pollfd p = { .fd = master, .events = POLLIN };
		const char *at = seen;
		ssize_t n;
		int found = 0;

		seen[nseen] = 0;
		while ((at = strstr(at, words)) && ++found < times)
			at++;
		if (found >= times)
			return;
		if (now_ms() > end)
			fail_msg("not seen %d times: %s; but\n%s", times, words, seen);
		if (poll(&p, 1, 100) <= 0)
			continue;
		n = read(master, seen + nseen, sizeof(seen) - 1 - nseen);
		assert_true(n > 0);
		nseen += (size_t)n;
	}
}

static bool echoes(void)
{
	struct termios t;

	assert_int_equal(tcgetattr(master, &t), 0);
	return t.c_lflag & ECHO;
}

static void agent_end(int sig)
{
	int status;

	kill(agent, sig);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(echoes());
	for (int i = 0; i < 2; i++) {
		close(events[i]);
		close(answers[i]);
		close(shells[i]);
	}
	close(master);
}

/* --- tests ----------------------------------------------------------------- */

static void echo_is_back_after_a_signal(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		agent_start();
		see("PIN, not shown", 1);
		assert_false(echoes());
		agent_end(signals[i]);
	}
}

/* The shell has its terminal as it was, and sets it its own way before it lets us go on. */
static void stopped_and_continued(void **state)
{
	char got[5] = "";
	pid_t stopped;

	agent_start();
	see("PIN, not shown", 1);
	kill(agent, SIGTSTP);
	assert_int_equal(read(shells[0], &stopped, sizeof(stopped)), sizeof(stopped));
	assert_true(echoes());
	kill(agent, SIGCONT);
	see("PIN, not shown", 2);
	assert_false(echoes());
	assert_int_equal(write(master, "1234\n", 5), 5);
	see("gets the PIN", 1);
	assert_int_equal(read(answers[0], got, 4), 4);
	assert_string_equal(got, "1234");
	assert_null(strstr(seen, "1234"));
	/* The answer is out before the terminal is as it was. */
	for (int64_t end = now_ms() + PATIENCE_MS; !echoes() && now_ms() < end;)
		poll(NULL, 0, 10);
	assert_true(echoes());
	agent_end(SIGTERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echo_is_back_after_a_signal),
		cmocka_unit_test(stopped_and_continued),
	};

	alarm(120);
	return cmocka_run_group_tests_name("agent_terminal", tests, NULL, NULL);
}
