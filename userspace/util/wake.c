// SPDX-License-Identifier: GPL-2.0-or-later
/* The file that wakes dmsc-helper --pending, and who makes it; the contract is in wake.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/log.h"
#include "util/wake.h"

#define SYSTEMD_DIR "/run/systemd/system"
#define HELPER DMSC_PREFIX "/sbin/dmsc-helper"
#define SAID_MS 5000

static int dir_open(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int wake_mark(const char *dir)
{
	bool is_new = !mkdir(dir, 0755);
	int fd, file, r = 0;

	if (!is_new && errno != EEXIST)
		return -errno;
	fd = dir_open(dir);
	if (fd < 0)
		return fd;
	/* Our umask keeps others out; there will be things for everybody in it. */
	if (is_new && fchmod(fd, 0755))
		r = -errno;
	file = openat(fd, WAKE_FILE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (file < 0)
		r = -errno;
	else
		close(file);
	close(fd);
	return r;
}

int wake_take(const char *dir)
{
	int fd = dir_open(dir), r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = unlinkat(fd, WAKE_FILE, 0) ? -errno : 1;
	close(fd);
	return r == -ENOENT ? 0 : r;
}

/* It detaches itself and finds out whether another one is at work. */
static int helper_start(void)
{
	char *argv[] = { (char *)HELPER, (char *)"--" "pending", (char *)"--" "detach", NULL };
	char *env[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	sigset_t none;
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execve(HELPER, argv, env);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

int wake_pending(void)
{
	int r = wake_mark(WAKE_DIR);

	if (r) {
		log_warn(WAKE_DIR "/" WAKE_FILE ": %s: what is to be done waits for the next start",
			 strerror(-r));
		return r;
	}
	if (!access(SYSTEMD_DIR, F_OK))
		return 0;
	r = helper_start();
	if (r)
		log_warn(HELPER " --" "pending: %s: what is to be done waits for the next start",
			 strerror(-r));
	return r;
}

static void __attribute__((noreturn)) waker(int fd)
{
	char word;

	/* What ends the other one is not meant for the work it leaves. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (dup2(fd, 3) < 0 || close_range(4, ~0U, 0))
		_exit(1);
	if (read(3, &word, 1) == 1)
		(void)!wake_pending();
	_exit(0);
}

int waker_new(void)
{
	int fds[2];
	pid_t pid;

	if (geteuid() != 0)
		return -EPERM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		waker(fds[1]);
	}
	close(fds[1]);
	if (pid > 0)
		return fds[0];
	close(fds[0]);
	return -EAGAIN;
}

void waker_end(int fd, bool wake)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return;
	if (wake && write(fd, "", 1) == 1)
		(void)!poll(&p, 1, SAID_MS);	/* its end is the answer */
	close(fd);
}
