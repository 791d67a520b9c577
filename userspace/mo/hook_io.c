// SPDX-License-Identifier: GPL-2.0-or-later
/* A hook's process and its lines; nothing of what they mean. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mo/hook_int.h"
#include "util/log.h"
#include "util/str.h"

#define FIRST_FREE_FD 3
#define SELF "/proc/self/fd/3"

int64_t hook_io_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- the process ----------------------------------------------------------- */

static bool confine(pid_t parent)
{
	static const struct {
		int what;
		rlim_t max;
	} limits[] = {
		{ RLIMIT_CORE, 0 }, { RLIMIT_CPU, 60 }, { RLIMIT_NOFILE, 64 },
		{ RLIMIT_DATA, 256UL << 20 }, { RLIMIT_FSIZE, 16UL << 20 },
	};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct rlimit l = { limits[i].max, limits[i].max };

		if (setrlimit(limits[i].what, &l) && errno != EPERM)
			return false;
	}
	/* It goes with the session, also with one that is killed. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != parent)
		return false;
	return setsid() >= 0 && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !chdir("/");
}

static void __attribute__((noreturn)) run(int exe, const char *path, int sock, pid_t parent)
{
	char *const argv[] = { (char *)path, NULL };
	char *const env[] = { (char *)"PATH=/usr/bin:/bin", (char *)"LANG=C.UTF-8", NULL };

	/*
	 * A script is opened by its interpreter through the descriptor it was
	 * executed by, so that one stays; no other does. By its name in /proc:
	 * fexecve() would have the interpreter look in /dev/fd, which not every
	 * system has.
	 */
	if (dup2(sock, STDIN_FILENO) >= 0 && dup2(sock, STDOUT_FILENO) >= 0 &&
	    dup2(exe, FIRST_FREE_FD) >= 0 && !fcntl(FIRST_FREE_FD, F_SETFD, 0) &&
	    !close_range(FIRST_FREE_FD + 1, ~0U, 0) &&
	    confine(parent))
		execve(SELF, argv, env);
	log_err("management object of %s: cannot be run: %s", path, errno == ENOENT ?
		"its interpreter is not there" : strerror(errno));
	_exit(127);
}

static pid_t running[MO_HOOKS_RUNNING_MAX];	/* 0: free */

static void running_change(pid_t from, pid_t to)
{
	for (size_t i = 0; i < MO_HOOKS_RUNNING_MAX; i++) {
		if (running[i] == from) {
			running[i] = to;
			return;
		}
	}
}

size_t mo_hooks_running(pid_t out[MO_HOOKS_RUNNING_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < MO_HOOKS_RUNNING_MAX; i++)
		if (running[i])
			out[n++] = running[i];
	return n;
}

int hook_io_start(struct hook_io *io, int exe, const char *path)
{
	pid_t parent = getpid();
	int fds[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return -errno;
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK)) {
		rc = -errno;
		goto fail;
	}
	io->pid = fork();
	if (io->pid < 0) {
		rc = -errno;
		goto fail;
	}
	if (!io->pid)
		run(exe, path, fds[1], parent);
	running_change(0, io->pid);
	close(fds[1]);
	io->fd = fds[0];
	io->name = path;
	io->taken = 0;
	buf_init(&io->in, 2 * MO_HOOK_LINE_MAX);
	buf_init(&io->out, 0);
	return 0;
fail:
	close(fds[0]);
	close(fds[1]);
	return rc;
}

/*
 * Under the filter it can be killed, for mo_hooks_running() named it, and not be
 * waited for: that is done by who waits for us.
 */
void hook_io_stop(struct hook_io *io)
{
	if (io->fd >= 0)
		close(io->fd);
	io->fd = -1;
	/* What it started goes with it: it leads a session of its own. */
	if (io->pid > 0 && (!kill(-io->pid, SIGKILL) || !kill(io->pid, SIGKILL)))
		waitpid(io->pid, NULL, 0);
	if (io->pid > 0)
		running_change(io->pid, 0);
	io->pid = 0;
	buf_wipe_fini(&io->in);
	buf_wipe_fini(&io->out);
}

/* --- lines ----------------------------------------------------------------- */

/* Waits until the socket is ready. 0 or -ETIMEDOUT. */
static int ready(const struct hook_io *io, short what, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - hook_io_now();
		struct pollfd p = { .fd = io->fd, .events = what };
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n > 0)
			return 0;
		if (!n)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

int hook_io_send(struct hook_io *io, int64_t deadline)
{
	size_t at = 0;
	int rc = io->fd < 0 ? -EPIPE : buf_error(&io->out);

	while (!rc && at < io->out.len) {
		ssize_t n = send(io->fd, io->out.data + at, io->out.len - at,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			at += n;
		else if (errno == EAGAIN)
			rc = ready(io, POLLOUT, deadline);
		else if (errno != EINTR)
			rc = -EPIPE;
	}
	buf_reset(&io->out);
	return rc;
}

static int receive(struct hook_io *io, int64_t deadline)
{
	uint8_t *room;
	ssize_t n;
	int rc = ready(io, POLLIN, deadline);

	if (rc)
		return rc;
	room = buf_room(&io->in, 4096);
	if (!room)
		return buf_error(&io->in) == -EMSGSIZE ? -EPROTO : -ENOMEM;
	n = recv(io->fd, room, 4096, MSG_DONTWAIT);
	if (n > 0)
		io->in.len += n;
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return 0;
	return -EPIPE;
}

bool hook_io_quiet(const struct hook_io *io)
{
	char c;

	return io->in.len <= io->taken &&
	       !(io->fd >= 0 && recv(io->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0);
}

int hook_io_line(struct hook_io *io, int64_t deadline, struct slice *line)
{
	size_t looked;

	if (io->fd < 0)
		return -EPIPE;
	if (io->taken) {
		memmove(io->in.data, io->in.data + io->taken, io->in.len - io->taken);
		io->in.len -= io->taken;
		io->taken = 0;
	}
	for (looked = 0;;) {
		const uint8_t *end = looked < io->in.len ? memchr(io->in.data + looked, '\n',
								  io->in.len - looked) : NULL;
		int rc;

		if (end) {
			*line = slice_of(io->in.data, end - io->in.data);
			io->taken = line->n + 1;
			return str_utf8_valid(*line) ? 0 : -EPROTO;
		}
		looked = io->in.len;
		if (looked >= MO_HOOK_LINE_MAX)
			return -EPROTO;
		rc = receive(io, deadline);
		if (rc)
			return rc;
	}
}

/* --- words ----------------------------------------------------------------- */

void hook_put(struct buf *b, struct slice s, bool word)
{
	bool text = str_utf8_valid(s);

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c < 0x20 || c == 0x7f || c == '%' || (word && c == ' ') || (c >= 0x80 && !text))
			buf_printf(b, "%%%02X", c);
		else
			buf_put_u8(b, c);
	}
}

int hook_decode(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		int hi, lo;

		if (s.p[i] != '%') {
			buf_put_u8(out, s.p[i]);
			continue;
		}
		hi = i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1;
		lo = hi >= 0 ? hex_digit(s.p[i + 2]) : -1;
		if (lo < 0)
			return -EPROTO;
		buf_put_u8(out, hi << 4 | lo);
		i += 2;
	}
	return buf_error(out);
}

struct slice hook_word(struct slice *line)
{
	const uint8_t *end = line->n ? memchr(line->p, ' ', line->n) : NULL;
	struct slice w = slice_of(line->p, end ? (size_t)(end - line->p) : line->n);

	*line = end ? slice_of(end + 1, line->n - w.n - 1) : slice_of(line->p + w.n, 0);
	return w;
}
