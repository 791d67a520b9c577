// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-helper/hook: programs that answer, hang, flood, linger, and that must not be run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dmsc-helper/hook.c"

#define SH "/bin/sh"

static struct hook k;
static enum hook_end how;
static int status;

/* All that hook.c logs goes to a file meanwhile. */
static char logged[32768];

static void end_wait(void)
{
	for (int i = 0; i < 3000; i++) {
		struct pollfd p[2];

		hook_poll(&k, p);
		poll(p, 2, 10);
		hook_ready(&k, p);
		hook_tick(&k, now_ms());
		if (hook_reap(&k, &how, &status))
			return;
	}
	fail_msg("the program does not end");
}

static int log_begin(FILE **f)
{
	int old = dup(STDERR_FILENO);

	*f = tmpfile();
	assert_non_null(*f);
	dup2(fileno(*f), STDERR_FILENO);
	return old;
}

static void log_end(FILE *f, int old)
{
	size_t n;

	dup2(old, STDERR_FILENO);
	close(old);
	rewind(f);
	n = fread(logged, 1, sizeof(logged) - 1, f);
	logged[n] = 0;
	fclose(f);
}

/* Runs a shell script to its end; its exit status, or -1 when it has none. */
static int sh(const char *script, const char *input)
{
	const char *argv[] = { NULL, "-c", script, "sh", "uicc0", "virt", "a place", NULL };
	struct buf in = BUF_INIT;
	FILE *f;
	int old;

	buf_put_str(&in, input);
	old = log_begin(&f);
	hook_init(&k);
	if (hook_start(&k, "card-check", "uicc0.card", SH, argv, &in, HOOK_TIME_MS)) {
		log_end(f, old);
		fail_msg("not started: %s", logged);
	}
	end_wait();
	log_end(f, old);
	return how == HOOK_EXITED ? status : -1;
}

/* Rules: DECISION-13 */
static void words_input_and_answer(void **state)
{
	assert_int_equal(sh("read a; test \"$a\" = 98430100 && test \"$1,$2,$3\" = 'uicc0,virt,a place'",
			    "98430100\n"), 0);
	assert_int_equal(sh("read a; test \"$a\" = 98430101", "98430100\n"), 1);
	assert_int_equal(sh("exit 7", ""), 7);
	assert_int_equal(sh("kill -9 $$", ""), -1);
	assert_int_equal(how, HOOK_KILLED);
	assert_int_equal(status, 9);
	/* it need not listen, however much there is to say */
	static char much[1 << 18];
	memset(much, 'x', sizeof(much) - 1);
	assert_int_equal(sh("exec <&-; exit 3", much), 3);
	assert_int_equal(sh("test $(wc -c) = 262143", much), 0);
}

static void nothing_of_ours_is_inherited(void **state)
{
	assert_int_equal(dup2(0, 50), 50);
	setenv("DMSC_TEST_LEAK", "1", 1);
	/* three streams, and the program itself; the shell opens one to look */
	assert_int_equal(sh("test -z \"$DMSC_TEST_LEAK\" && test $PWD = / && test $(umask) = 0077 || exit 8;"
			    "for f in /proc/$$/fd/*; do test ${f##*/} -le 4 || exit 9; done", ""), 0);
	unsetenv("DMSC_TEST_LEAK");
	close(50);
}

static void output_is_logged_by_lines_and_bounded(void **state)
{
	size_t n = 0;
	char *at;

	assert_int_equal(sh("echo one; echo two >&2; printf 'three\\033[2J'", ""), 0);
	assert_non_null(strstr(logged, "uicc0.card: card-check: one\n"));
	assert_non_null(strstr(logged, "uicc0.card: card-check: two\n"));
	assert_non_null(strstr(logged, "uicc0.card: card-check: three\\x1b[2J\n"));
	assert_int_equal(sh("i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done", ""), 0);
	for (at = logged; (at = strstr(at, ": line ")); at++)
		n++;
	assert_int_equal(n, HOOK_LINES_MAX);
	assert_non_null(strstr(logged, "no more is logged"));
	assert_int_equal(sh("head -c 100000 /dev/zero | tr '\\0' y; echo; echo end", ""), 0);
	assert_non_null(strstr(logged, ": end\n"));
	assert_true(strlen(logged) < 2 * HOOK_LINE_MAX);
}

static bool take_interface(void *ctx, const char *line)
{
	unsigned int *n = ctx;

	if (strncmp(line, "interface ", 10) != 0)
		return false;
	++*n;
	return true;
}

static void lines_can_be_taken(void **state)
{
	const char *argv[] = { NULL, "-c", "echo interface wwan0; echo other; printf 'interface x'", NULL };
	struct buf in = BUF_INIT;
	unsigned int n = 0;
	FILE *f;
	int old = log_begin(&f);

	assert_int_equal(hook_start(&k, "connection-hook", "c", SH, argv, &in, HOOK_CONNECTION_MS), 0);
	assert_true(k.deadline - now_ms() > HOOK_CONNECTION_MS - 5000);
	k.take = take_interface;
	k.ctx = &n;
	end_wait();
	log_end(f, old);
	assert_int_equal(n, 2);
	assert_non_null(strstr(logged, "c: connection-hook: other\n"));
	assert_null(strstr(logged, "interface"));
	hook_init(&k);
}

static void what_lingers_goes_with_it(void **state)
{
	int64_t start = now_ms();

	/* a child that holds the pipe open and ignores signals is not waited for */
	assert_int_equal(sh("(trap '' TERM HUP; exec sleep 100) & exit 0", ""), 0);
	assert_true(now_ms() - start < 5000);
}

static void time_is_bounded(void **state)
{
	const char *argv[] = { NULL, "-c", "trap '' TERM; sleep 100; exit 0", NULL };
	struct buf in = BUF_INIT;
	FILE *f;
	int old = log_begin(&f);

	hook_init(&k);
	assert_int_equal(hook_start(&k, "card-check", "c", SH, argv, &in, HOOK_TIME_MS), 0);
	assert_true(k.deadline - now_ms() > HOOK_TIME_MS - 5000 &&
		    k.deadline - now_ms() <= HOOK_TIME_MS);
	hook_tick(&k, k.deadline - 1);
	assert_false(k.late);
	k.deadline = now_ms() + 50;
	end_wait();
	log_end(f, old);
	assert_int_equal(how, HOOK_LATE);
	assert_non_null(strstr(logged, "takes longer than 30 s"));
}

static void a_removal_ends_it(void **state)
{
	const char *argv[] = { NULL, "-c", "sleep 100", NULL };
	struct buf in = BUF_INIT;
	int64_t start = now_ms();
	pid_t pid;

	hook_init(&k);
	assert_int_equal(hook_start(&k, "lwm2m-hook", "c", SH, argv, &in, HOOK_TIME_MS), 0);
	assert_int_equal(hook_start(&k, "lwm2m-hook", "c", SH, argv, &in, HOOK_TIME_MS), -EBUSY);
	pid = k.pid;
	hook_stop(&k);
	assert_int_equal(k.pid, 0);
	assert_int_equal(kill(pid, 0), -1);
	assert_true(now_ms() - start < 5000);
	assert_false(hook_reap(&k, &how, &status));
	hook_stop(&k);
	hook_tick(&k, INT64_MAX);
}

static int open_result(const char *path)
{
	int fd = owner_open_program(path);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static void only_roots_own_programs(void **state)
{
	char dir[] = "/tmp/hook-XXXXXX", path[64];
	const char *argv[] = { NULL, NULL };
	struct buf in = BUF_INIT;
	FILE *f;
	int fd, old, here = open(".", O_PATH | O_DIRECTORY);

	assert_int_equal(open_result("/bin/sh"), 0);
	assert_int_equal(open_result("//usr//bin/env"), 0);
	assert_int_equal(open_result("bin/sh"), -EINVAL);
	assert_int_equal(open_result("/nonexistent/x"), -ENOENT);
	assert_int_equal(open_result("/usr/bin/"), -ENODEV);
	assert_int_equal(open_result("/usr/bin"), -ENODEV);
	assert_int_equal(open_result("/dev/null"), -ENODEV);
	/* whoever can write a directory on the way decides what is run */
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x", dir);
	fd = open(path, O_WRONLY | O_CREAT, 0755);
	assert_true(fd >= 0);
	assert_int_equal(open_result(path), -EPERM);	/* /tmp is everybody's */
	assert_int_equal(owner_root_alone(fd, false), geteuid() ? -EPERM : 0);
	assert_int_equal(fchmod(fd, 0775), 0);
	assert_int_equal(owner_root_alone(fd, false), -EPERM);
	assert_int_equal(owner_root_alone(fd, true), -ENODEV);
	/* and so does who can write one on the way of a link */
	assert_int_equal(fchmod(fd, 0755), 0);
	close(fd);
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(chmod(".", 0755), 0);
	assert_int_equal(open_result("/proc/self/cwd/x"), -EPERM);
	assert_int_equal(fchdir(here), 0);
	close(here);
	hook_init(&k);
	old = log_begin(&f);
	assert_int_equal(hook_start(&k, "card-check", "c", path, argv, &in, HOOK_TIME_MS), -EPERM);
	log_end(f, old);
	assert_non_null(strstr(logged, "is not root's alone"));
	assert_int_equal(k.pid, 0);
	unlink(path);
	rmdir(dir);
}

static void what_cannot_be_executed_says_so(void **state)
{
	const char *argv[] = { NULL, NULL };
	struct buf in = BUF_INIT;
	FILE *f;
	int old = log_begin(&f);

	hook_init(&k);
	assert_int_equal(hook_start(&k, "card-check", "c", "/etc/passwd", argv, &in,
				    HOOK_TIME_MS), 0);
	end_wait();
	log_end(f, old);
	assert_int_equal(how, HOOK_EXITED);
	assert_int_equal(status, 127);
	assert_non_null(strstr(logged, "/etc/passwd cannot be run"));
}

#define T(f) cmocka_unit_test(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(words_input_and_answer), T(nothing_of_ours_is_inherited),
		T(output_is_logged_by_lines_and_bounded), T(lines_can_be_taken),
		T(what_lingers_goes_with_it),
		T(time_is_bounded), T(a_removal_ends_it), T(only_roots_own_programs),
		T(what_cannot_be_executed_says_so),
	};

	signal(SIGPIPE, SIG_IGN);	/* as in the helper */
	return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
