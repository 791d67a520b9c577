/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal device of a modem: opened for this process alone, bytes as they are,
 * and left as it was. What is said on it, it does not know.
 */
#ifndef UICC_BRIDGE_AT_TTY_H
#define UICC_BRIDGE_AT_TTY_H

#include <stdbool.h>
#include <termios.h>

#include "util/cleanup.h"

#define AT_LOCK_MAX 128

struct at_tty {
	int fd;
	/* private */
	struct termios before;
	char lock[AT_LOCK_MAX];		/* the lock file that is ours; "" for none */
};

/* Whether there is a speed of @baud. */
must_check bool at_tty_baud(unsigned long baud);

/*
 * Opens @path, which is a terminal, at @baud, without blocking. Others are kept off by
 * TIOCEXCL, flock() and, where @locks (NULL for none) is a directory that we may write
 * to, a lock file there as uucp has it. 0; -EBUSY when somebody else has it; -ENOTTY; or
 * another errno; it has logged why.
 */
must_check int at_tty_open(struct at_tty *t, const char *path, unsigned long baud, const char *locks);

/* Restores and closes it. */
void at_tty_close(struct at_tty *t);

#endif
