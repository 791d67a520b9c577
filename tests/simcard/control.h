/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket of a served card: a unix stream socket of one-line commands,
 * each answered by one line. It carries lines; what they do is serve.c's.
 */
#ifndef SIMCARD_CONTROL_H
#define SIMCARD_CONTROL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#define CONTROL_CLIENTS_MAX 8
#define CONTROL_LINE_MAX 1024

struct control_client {
	int fd;			/* -1 = free */
	char line[CONTROL_LINE_MAX];
	size_t n;
};

struct control {
	int fd;			/* the listening socket; -1 = none */
	const char *path;
	struct control_client clients[CONTROL_CLIENTS_MAX];
};

/* Runs one line (it may be changed); writes one answer line, without newline, to @reply. */
typedef void control_run(void *ctx, char *line, char *reply, size_t size);

/*
 * Makes the socket at @path (borrowed), mode 0600; a dead one in its place is
 * replaced. @path NULL makes a control without socket. 0 or -errno.
 */
int control_open(struct control *c, const char *path);
/* Closes all and removes the socket. */
void control_close(struct control *c);
/* Fills @fds (CONTROL_CLIENTS_MAX + 1 of them) for poll(); free places have fd -1. */
void control_poll(const struct control *c, struct pollfd *fds);
/* Serves what poll() found. */
void control_serve(struct control *c, const struct pollfd *fds, control_run *run, void *ctx);

#endif
