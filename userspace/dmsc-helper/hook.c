// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs the programs of dmsc.conf(5) for a card; what they are told and what follows is the caller's. */
#include "dmsc-helper/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/log.h"
#include "util/owner.h"

#define EXE_FD 3
#define EXE "/proc/self/fd/3"
#define PIECE 4096	/* bytes moved at a time */
#define DRAIN_MAX 32	/* pieces looked at once it has ended */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void hook_init(struct hook *k)
{
	*k = (struct hook){ .in = -1, .out = -1 };
	buf_init(&k->input, 0);
}

/* --- the process --------------------------------------------------------- */

static bool confine(pid_t parent)
{
	const struct rlimit none = { 0, 0 };
	sigset_t set;

	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGPIPE, SIG_DFL);
	umask(077);
	/* It goes with the helper, also with one that is killed. */
	return !setrlimit(RLIMIT_CORE, &none) && !prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) &&
	       getppid() == parent && setsid() >= 0 && !chdir("/");
}

static void __attribute__((noreturn))
run(const struct hook *k, int exe, const char *path, const char **argv, int in, int out,
    pid_t parent)
{
	char *env[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", (char *)"LANG=C.UTF-8", NULL };
	int err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);

	argv[0] = path;
	/*
	 * A script is opened by its interpreter through the descriptor that it
	 * was executed by, so that one stays; all others close.
	 */
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(out, STDERR_FILENO) >= 0 && dup2(exe, EXE_FD) >= 0 &&
	    !fcntl(EXE_FD, F_SETFD, 0) && !close_range(EXE_FD + 1, 99, 0) &&
	    !close_range(101, ~0U, 0) && confine(parent))
		execve(EXE, (char *const *)argv, env);
	in = errno;	/* the pipe is for what the program says */
	dup2(err, STDERR_FILENO);
	log_err("%s: %s: %s cannot be run: %s", k->card, k->word, path,
		in == ENOENT ? "its interpreter is not there" : strerror(in));
	_exit(127);
}

static int pipes_open(int in[2], int out[2])
{
	int i, r;

	if (pipe2(in, O_CLOEXEC))
		return -errno;
	if (pipe2(out, O_CLOEXEC)) {
		r = -errno;
		close(in[0]);
		close(in[1]);
		return r;
	}
	/* Its ends block, as a program expects of them; ours do not. */
	r = fcntl(in[1], F_SETFL, O_NONBLOCK) || fcntl(out[0], F_SETFL, O_NONBLOCK) ? -errno : 0;
	for (i = 0; r && i < 2; i++) {
		close(in[i]);
		close(out[i]);
	}
	return r;
}

static void input_close(struct hook *k)
{
	if (k->in >= 0)
		close(k->in);
	k->in = -1;
	buf_wipe_fini(&k->input);
}

/* @file: its stdin; -1: a pipe that we write to. */
static int spawn(struct hook *k, int exe, const char *path, const char **argv, int file)
{
	pid_t parent = getpid();
	int in[2], out[2], r;

	r = pipes_open(in, out);
	if (r)
		return r;
	k->pid = fork();
	if (k->pid == 0)
		run(k, exe, path, argv, file < 0 ? in[0] : file, out[1], parent);
	r = k->pid < 0 ? -errno : 0;
	close(in[0]);
	close(out[1]);
	if (r) {
		k->pid = 0;
		close(in[1]);
		close(out[0]);
		return r;
	}
	k->in = in[1];
	k->out = out[0];
	return 0;
}

static int start(struct hook *k, const char *word, const char *card, const char *path,
		 const char **argv, int file, int time_ms)
{
	int exe, r;

	if (k->pid)
		return -EBUSY;
	hook_init(k);
	k->word = word;
	k->card = card;
	exe = owner_open_program(path);
	r = exe < 0 ? exe : spawn(k, exe, path, argv, file);
	if (exe >= 0)
		close(exe);
	if (r) {
		log_err("%s: %s: %s is not run: %s", card, word, path, r == -EPERM ?
			"it, or a directory that leads to it, is not root's alone" : strerror(-r));
		return r;
	}
	k->time_ms = time_ms;
	k->deadline = now_ms() + time_ms;
	return 0;
}

int hook_start(struct hook *k, const char *word, const char *card, const char *path,
	       const char **argv, struct buf *input, int time_ms)
{
	int r = buf_error(input);

	if (r)
		log_err("%s: %s: %s is not run: %s", card, word, path, strerror(-r));
	else
		r = start(k, word, card, path, argv, -1, time_ms);
	if (r)
		return r;
	k->input = *input;
	buf_init(input, 0);
	return 0;
}

int hook_start_file(struct hook *k, const char *word, const char *card, const char *path,
		    const char **argv, int input, int time_ms)
{
	int r = start(k, word, card, path, argv, input, time_ms);

	/* Nothing of ours is told. */
	if (!r)
		input_close(k);
	return r;
}

/* --- its streams --------------------------------------------------------- */

static void input_move(struct hook *k)
{
	ssize_t n = 0;

	while (k->sent < k->input.len) {
		n = write(k->in, k->input.data + k->sent, k->input.len - k->sent);
		if (n < 0)
			break;
		k->sent += (size_t)n;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	input_close(k);	/* all is told, or it does not listen */
}

static void line_end(struct hook *k)
{
	k->line[k->len] = 0;
	if (k->len && k->take && k->take(k->ctx, k->line))
		k->len = 0;
	if (k->len && k->lines < HOOK_LINES_MAX)
		log_info("%s: %s: %s", k->card, k->word, k->line);
	if (k->len && ++k->lines == HOOK_LINES_MAX)
		log_warn("%s: %s: it prints too much, no more is logged", k->card, k->word);
	k->len = 0;
}

/* false at its end, or when nothing is there for now. */
static bool output_move(struct hook *k)
{
	char piece[PIECE];
	ssize_t i, n = read(k->out, piece, sizeof(piece));

	for (i = 0; i < n; i++) {
		if (piece[i] == '\n')
			line_end(k);
		else if (k->len < HOOK_LINE_MAX)
			k->line[k->len++] = piece[i];
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		close(k->out);
		k->out = -1;
	}
	return n > 0;
}

void hook_poll(const struct hook *k, struct pollfd p[2])
{
	p[0] = (struct pollfd){ .fd = k->in, .events = POLLOUT };
	p[1] = (struct pollfd){ .fd = k->out, .events = POLLIN };
}

void hook_ready(struct hook *k, const struct pollfd p[2])
{
	if (p[0].revents && k->in >= 0 && p[0].fd == k->in)
		input_move(k);
	if (p[1].revents && k->out >= 0 && p[1].fd == k->out)
		output_move(k);
}

/* --- its end ------------------------------------------------------------- */

void hook_kill(struct hook *k)
{
	if (!k->pid)
		return;
	/* It leads a session of its own, once it runs. */
	if (kill(-k->pid, SIGKILL))
		kill(k->pid, SIGKILL);
}

void hook_tick(struct hook *k, int64_t now)
{
	if (!k->pid || k->late || now < k->deadline)
		return;
	k->late = true;
	log_err("%s: %s: it takes longer than %d s and is killed", k->card, k->word,
		k->time_ms / 1000);
	hook_kill(k);
}

static void finish(struct hook *k)
{
	int i;

	input_close(k);
	for (i = 0; i < DRAIN_MAX && k->out >= 0 && output_move(k); i++)
		;
	if (k->out >= 0)
		close(k->out);
	k->out = -1;
	line_end(k);
	k->pid = 0;
}

bool hook_reap(struct hook *k, enum hook_end *end, int *status)
{
	siginfo_t si = { 0 };

	/* Its number must still be its own when the rest of its session is killed. */
	if (!k->pid || waitid(P_PID, (id_t)k->pid, &si, WEXITED | WNOHANG | WNOWAIT) ||
	    si.si_pid != k->pid)
		return false;
	kill(-k->pid, SIGKILL);
	waitpid(k->pid, NULL, 0);
	*end = k->late ? HOOK_LATE : si.si_code == CLD_EXITED ? HOOK_EXITED : HOOK_KILLED;
	*status = si.si_status;
	finish(k);
	return true;
}

void hook_stop(struct hook *k)
{
	if (!k->pid)
		return;
	hook_kill(k);
	waitpid(k->pid, NULL, 0);
	finish(k);
}
