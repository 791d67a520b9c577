/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling dmsc-helper --pending that there is work for it: a file that is there until
 * it has noticed, as a path unit of systemd wants it (Documentation/sessions.rst).
 * Without systemd it is started.
 */
#ifndef DMSC_UTIL_WAKE_H
#define DMSC_UTIL_WAKE_H

#include <stdbool.h>

#define WAKE_DIR "/run/dmsc"
#define WAKE_FILE "wake"

/* Root's alone. 0 or -errno, which was logged. */
int wake_pending(void);
/* Its first half, in a directory @dir, which is made when missing. 0 or -errno. */
int wake_mark(const char *dir);
/* Takes the file away; was it there? -errno when it stays. */
int wake_take(const char *dir);

/*
 * For a process that gives up root's rights before it knows whether there will be
 * work: another one keeps them, and does nothing but wait for one word. A descriptor,
 * or -errno (-EPERM: the caller is not root).
 */
int waker_new(void);
/* Says it, waits until it is done, and closes @fd; or with @wake false only that. < 0 is fine. */
void waker_end(int fd, bool wake);

#endif
