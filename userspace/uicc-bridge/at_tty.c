// SPDX-License-Identifier: GPL-2.0-or-later
/* A modem's terminal device: raw, locked, restored. */
#include "at_tty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/log.h"

static const struct {
	unsigned long baud;
	speed_t speed;
} speeds[] = {
	{ 1200, B1200 }, { 2400, B2400 }, { 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 },
	{ 38400, B38400 }, { 57600, B57600 }, { 115200, B115200 }, { 230400, B230400 },
	{ 460800, B460800 }, { 921600, B921600 }, { 1000000, B1000000 }, { 2000000, B2000000 },
	{ 3000000, B3000000 }, { 4000000, B4000000 },
};

static speed_t speed_of(unsigned long baud)
{
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		if (speeds[i].baud == baud)
			return speeds[i].speed;
	}
	return B0;
}

bool at_tty_baud(unsigned long baud)
{
	return speed_of(baud) != B0;
}

/* The process in a lock file: ten characters of its number; 0 when there is none such. */
static pid_t holder(const char *lock)
{
	char text[16] = "";
	int fd = open(lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	long pid = 0;

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) > 0)
		pid = strtol(text, NULL, 10);
	close(fd);
	if (pid <= 0 || (kill((pid_t)pid, 0) && errno == ESRCH))
		return 0;
	return (pid_t)pid;
}

static int write_lock(const char *lock)
{
	char text[16];
	int fd = open(lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644), n, err = 0;

	if (fd < 0)
		return -errno;
	n = snprintf(text, sizeof(text), "%10d\n", (int)getpid());
	/* Whoever looks for a lock reads it, whatever our umask. */
	if (write(fd, text, (size_t)n) != n || fchmod(fd, 0644))
		err = -EIO;
	close(fd);
	if (err)
		unlink(lock);
	return err;
}

/*
 * FHS 5.9: /run/lock/LCK..NAME, of the device and not of a link to it, which other programs may
 * not use. What a process that is no more has left is taken away.
 */
static int take_lock(struct at_tty *t, const char *path, const char *locks)
{
	_cleanup_free_ char *device = realpath(path, NULL);
	const char *name;
	int err;

	name = strrchr(device ? device : path, '/');
	name = name ? name + 1 : path;
	if (snprintf(t->lock, sizeof(t->lock), "%s/LCK..%s", locks, name) >= (int)sizeof(t->lock)) {
		t->lock[0] = '\0';
		return 0;
	}
	err = write_lock(t->lock);
	if (err == -EEXIST) {
		pid_t pid = holder(t->lock);

		if (pid) {
			log_err("%s: process %d has it", path, (int)pid);
			t->lock[0] = '\0';
			return -EBUSY;
		}
		if (!unlink(t->lock))
			err = write_lock(t->lock);
	}
	if (err) {
		log_info("%s: %s; without a lock file", t->lock, strerror(-err));
		t->lock[0] = '\0';
	}
	return 0;
}

/* V.24 lines and the like of a line that has them; a pty, or USB, just takes it. */
static int make_raw(const struct at_tty *t, unsigned long baud)
{
	struct termios raw = t->before;

	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL | CREAD;
	raw.c_cflag &= ~(unsigned int)(HUPCL | CSTOPB);
	raw.c_iflag |= IGNBRK;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (cfsetspeed(&raw, speed_of(baud)) || tcsetattr(t->fd, TCSANOW, &raw))
		return -errno;
	tcflush(t->fd, TCIOFLUSH);
	return 0;
}

int at_tty_open(struct at_tty *t, const char *path, unsigned long baud, const char *locks)
{
	int err;

	*t = (struct at_tty){ .fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) };
	if (t->fd < 0) {
		err = -errno;
	} else if (tcgetattr(t->fd, &t->before)) {
		err = -errno;
	} else if (flock(t->fd, LOCK_EX | LOCK_NB)) {
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	} else {
		err = locks ? take_lock(t, path, locks) : 0;
		if (!err && ioctl(t->fd, TIOCEXCL))
			err = -errno;
		if (!err)
			err = make_raw(t, baud);
	}
	if (!err)
		return 0;
	log_err("%s: %s", path, strerror(-err));
	if (t->lock[0])
		unlink(t->lock);
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	return err;
}

void at_tty_close(struct at_tty *t)
{
	if (t->fd < 0)
		return;
	/* A device that is gone takes neither, and needs neither. */
	tcsetattr(t->fd, TCSANOW, &t->before);
	ioctl(t->fd, TIOCNXCL);
	if (t->lock[0])
		unlink(t->lock);
	close(t->fd);
	t->fd = -1;
}
