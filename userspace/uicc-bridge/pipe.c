// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pipe backend: a program is the card. Frames of a big-endian 16-bit length
 * and that many bytes go to its standard input and come from its standard output;
 * length 0 asks for a reset. The program is started directly, never by a shell.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <linux/uicc_virt.h>

#include "bridge.h"
#include "util/log.h"

#define END_WAIT_MS 1000

struct pipe_card {
	const char *name;
	pid_t pid;
	int pidfd;		/* -1 where the kernel has none */
	int to, from;
	uint8_t in[2 + BRIDGE_FRAME_MAX];
	size_t n;
};

/* In the child: pipes to 0 and 1, then the program. Only async-signal-safe calls. */
static void child(int in, int out, int report, char **argv)
{
	sigset_t none;
	int err;

	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		execvp(argv[0], argv);
	err = errno;
	/* The parent is told by the number; an unwritten one reads as "it runs". */
	if (write(report, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			close(pair[i]);
		pair[i] = -1;
	}
}

/* A pipe whose ends are not 0, 1 or 2, so that the child's dup2() cannot meet them. */
static int make_pipe(int pair[2])
{
	int raw[2], err = 0;

	if (pipe2(raw, O_CLOEXEC) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		pair[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
		if (pair[i] < 0)
			err = -errno;
	}
	close_pair(raw);
	if (err)
		close_pair(pair);
	return err;
}

/* Waits until the child runs its program: 0, or why it does not. */
static int started(int report)
{
	int err = 0;
	ssize_t n;

	do {
		n = read(report, &err, sizeof(err));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(err) ? -err : 0;
}

static int spawn(struct pipe_card *c, char **argv)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, report[2] = { -1, -1 };
	int err = make_pipe(in);

	if (!err)
		err = make_pipe(out);
	if (!err)
		err = make_pipe(report);
	if (!err) {
		c->pid = fork();
		if (c->pid == 0)
			child(in[0], out[1], report[1], argv);
		if (c->pid < 0)
			err = -errno;
	}
	if (!err) {
		close(report[1]);
		report[1] = -1;
		err = started(report[0]);
		if (err)
			waitpid(c->pid, NULL, 0);
	}
	close_pair(report);
	if (err) {
		close_pair(in);
		close_pair(out);
		return err;
	}
	close(in[0]);
	close(out[1]);
	c->to = in[1];
	c->from = out[0];
	/* Neither a program that does not read nor one that does not write may hold us. */
	fcntl(c->to, F_SETFL, O_NONBLOCK);
	fcntl(c->from, F_SETFL, O_NONBLOCK);
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	return 0;
}

static int pipe_prepare(const struct bridge_options *o, int argc, char **argv)
{
	return argc ? 0 : -EINVAL;
}

static int pipe_open(void **ctx, struct bridge_options *o, int argc, char **argv)
{
	struct pipe_card *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	signal(SIGPIPE, SIG_IGN);
	c->name = argv[0];
	err = spawn(c, argv);
	if (err) {
		log_err("%s: %s", argv[0], strerror(-err));
		free(c);
		return err;
	}
	*ctx = c;
	return 0;
}

static void pipe_fds(void *ctx, int fds[BRIDGE_FDS_MAX])
{
	const struct pipe_card *c = ctx;

	fds[0] = c->from;
	fds[1] = c->pidfd;
}

static int pipe_request(void *ctx, const uint8_t *data, size_t n)
{
	const struct pipe_card *c = ctx;
	uint8_t frame[2 + BRIDGE_FRAME_MAX];
	ssize_t put;

	if (n > BRIDGE_FRAME_MAX)
		return -EMSGSIZE;
	frame[0] = (uint8_t)(n >> 8);
	frame[1] = (uint8_t)n;
	if (n)
		memcpy(frame + 2, data, n);
	/* Nothing else waits in the pipe: it goes whole, or the program does not read. */
	put = write(c->to, frame, n + 2);
	explicit_bzero(frame, n + 2);
	if (put == (ssize_t)n + 2)
		return 0;
	if (put < 0 && errno != EAGAIN)
		return -errno;
	log_err("%s does not read its input", c->name);
	return -EPROTO;
}

/* Takes the frame at the head of the buffer. */
static int take_frame(struct pipe_card *c, struct bridge_event *out)
{
	size_t len;

	if (c->n < 2)
		return -EAGAIN;
	len = (size_t)(c->in[0] << 8 | c->in[1]);
	if (len == 0 || len > BRIDGE_FRAME_MAX) {
		log_err("%s sent a frame of %zu bytes", c->name, len);
		return -EPROTO;
	}
	if (c->n < len + 2)
		return -EAGAIN;
	memcpy(out->data, c->in + 2, len);
	out->type = BRIDGE_ANSWER;
	out->n = len;
	c->n -= len + 2;
	memmove(c->in, c->in + len + 2, c->n);
	explicit_bzero(c->in + c->n, len + 2);
	return 0;
}

static int pipe_receive(void *ctx, struct bridge_event *out)
{
	struct pipe_card *c = ctx;

	for (;;) {
		struct pollfd gone = { .fd = c->pidfd, .events = POLLIN };
		int err = take_frame(c, out);
		ssize_t got;

		if (err != -EAGAIN)
			return err;
		got = read(c->from, c->in + c->n, sizeof(c->in) - c->n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			return -EPIPE;
		if (got < 0 && errno != EAGAIN)
			return -errno;
		/* All it wrote is read; a grandchild may hold the pipe, the card is gone. */
		if (got < 0)
			return c->pidfd >= 0 && poll(&gone, 1, 0) > 0 ? -EPIPE : -EAGAIN;
		c->n += (size_t)got;
	}
}

/* Ends the program: its input closed first, then TERM, then KILL, each with a second. */
static int end_child(const struct pipe_card *c, int *status)
{
	static const int signals[] = { 0, SIGTERM, SIGKILL };
	const struct timespec step = { .tv_nsec = 10 * 1000000 };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (signals[i])
			kill(c->pid, signals[i]);
		for (int ms = 0; ms < END_WAIT_MS; ms += 10) {
			pid_t pid = waitpid(c->pid, status, WNOHANG);

			if (pid == c->pid)
				return 0;
			if (pid < 0 && errno != EINTR)
				return -errno;
			nanosleep(&step, NULL);
		}
	}
	return -ETIMEDOUT;
}

static int pipe_close(void *ctx)
{
	struct pipe_card *c = ctx;
	int status = 0, err;

	close(c->to);
	close(c->from);
	err = end_child(c, &status);
	if (c->pidfd >= 0)
		close(c->pidfd);
	if (err)
		log_err("%s does not end: %s", c->name, strerror(-err));
	else if (WIFSIGNALED(status))
		log_notice("%s was ended by signal %d", c->name, WTERMSIG(status));
	else
		log_notice("%s ended with status %d", c->name, WEXITSTATUS(status));
	free(c);
	return err || !WIFEXITED(status) || WEXITSTATUS(status) ? BRIDGE_FAILED : BRIDGE_OK;
}

const struct bridge_backend bridge_pipe = {
	.name = "pipe",
	.usage = "[--apdu] [--extended] [--shared] -- COMMAND [ARGUMENT]...",
	.reader = "bridge",
	.flags = UICC_VIRT_READER_APDU | UICC_VIRT_READER_EXTENDED | UICC_VIRT_READER_SHARED,
	.prepare = pipe_prepare,
	.open = pipe_open,
	.fds = pipe_fds,
	.request = pipe_request,
	.receive = pipe_receive,
	.close = pipe_close,
};
