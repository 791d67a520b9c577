// SPDX-License-Identifier: GPL-2.0-or-later
/* Both ends of the control socket: the lines `simcard serve` takes, and `simcard ctl`. */
#include "control.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "simcard.h"
#include "util/cleanup.h"

static int make_address(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	if (!path[0] || strlen(path) >= sizeof(a->sun_path))
		return -ENAMETOOLONG;
	strcpy(a->sun_path, path);
	return 0;
}

static int connect_to(const char *path)
{
	struct sockaddr_un a;
	int err = make_address(&a, path), fd;

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* Removes a socket that nobody listens at; -EADDRINUSE when somebody does. */
static int remove_dead(const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = connect_to(path);
	if (fd >= 0) {
		close(fd);
		return -EADDRINUSE;
	}
	return unlink(path) < 0 ? -errno : 0;
}

int control_open(struct control *c, const char *path)
{
	struct sockaddr_un a;
	mode_t mask;
	int err;

	c->fd = -1;
	c->path = path;
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		c->clients[i].fd = -1;
	if (!path)
		return 0;
	err = make_address(&a, path);
	if (!err)
		err = remove_dead(path);
	if (err)
		return err;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return -errno;
	mask = umask(0177);
	err = bind(c->fd, (struct sockaddr *)&a, sizeof(a)) < 0 ? -errno : 0;
	umask(mask);
	if (!err && listen(c->fd, CONTROL_CLIENTS_MAX) < 0)
		err = -errno;
	if (err) {
		close(c->fd);
		c->fd = -1;
	}
	return err;
}

static void client_close(struct control_client *client)
{
	close(client->fd);
	client->fd = -1;
}

void control_close(struct control *c)
{
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (c->clients[i].fd >= 0)
			client_close(&c->clients[i]);
	}
	if (c->fd >= 0) {
		close(c->fd);
		unlink(c->path);
	}
	c->fd = -1;
}

void control_poll(const struct control *c, struct pollfd *fds)
{
	bool room = false;

	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		fds[i + 1] = (struct pollfd){ .fd = c->clients[i].fd, .events = POLLIN };
		room = room || c->clients[i].fd < 0;
	}
	/* With no place left the next one waits in the backlog. */
	fds[0] = (struct pollfd){ .fd = room ? c->fd : -1, .events = POLLIN };
}

static void accept_client(struct control *c)
{
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (int i = 0; fd >= 0 && i < CONTROL_CLIENTS_MAX; i++) {
		if (c->clients[i].fd < 0) {
			c->clients[i].fd = fd;
			c->clients[i].n = 0;
			return;
		}
	}
	if (fd >= 0)
		close(fd);
}

/* Runs the whole lines in the buffer. A client that does not take its answer is dropped. */
static void run_lines(struct control_client *client, control_run *run, void *ctx)
{
	char *end;

	while (client->fd >= 0 && (end = memchr(client->line, '\n', client->n))) {
		char reply[CONTROL_LINE_MAX];
		size_t used = (size_t)(end - client->line) + 1, n;

		*end = '\0';
		run(ctx, client->line, reply, sizeof(reply) - 1);
		n = strlen(reply);
		reply[n++] = '\n';
		if (send(client->fd, reply, n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)n) {
			client_close(client);
			return;
		}
		client->n -= used;
		memmove(client->line, client->line + used, client->n);
	}
	if (client->n == sizeof(client->line))
		client_close(client);
}

void control_serve(struct control *c, const struct pollfd *fds, control_run *run, void *ctx)
{
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_client *client = &c->clients[i];
		ssize_t n;

		if (client->fd < 0 || !fds[i + 1].revents)
			continue;
		n = read(client->fd, client->line + client->n, sizeof(client->line) - client->n);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0) {
			client_close(client);
			continue;
		}
		client->n += (size_t)n;
		run_lines(client, run, ctx);
	}
	if (fds[0].revents)
		accept_client(c);
}

/* The words as one line; the path of `insert` is made absolute, as the server sits elsewhere. */
static int make_line(struct buf *line, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		char *path = i == 1 && !strcmp(argv[0], "insert") ? realpath(argv[i], NULL) : NULL;

		buf_printf(line, "%s%s", i ? " " : "", path ? path : argv[i]);
		free(path);
	}
	if (memchr(buf_cstr(line), '\n', line->len))
		return -EINVAL;
	buf_put_u8(line, '\n');
	return buf_error(line);
}

int ctl_main(const char *path, int argc, char **argv)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	_cleanup_close_ int fd = -1;
	char reply[CONTROL_LINE_MAX];
	size_t n = 0;

	buf_init(&line, CONTROL_LINE_MAX - 1);
	if (make_line(&line, argc, argv)) {
		fputs("simcard: the words do not make one line\n", stderr);
		return SIMCARD_USAGE;
	}
	fd = connect_to(path);
	if (fd < 0) {
		fprintf(stderr, "simcard: %s: %s\n", path, strerror(-fd));
		return SIMCARD_FAILED;
	}
	if (send(fd, line.data, line.len, MSG_NOSIGNAL) != (ssize_t)line.len) {
		fprintf(stderr, "simcard: %s: %s\n", path, strerror(errno));
		return SIMCARD_FAILED;
	}
	while (n < sizeof(reply) && (!n || reply[n - 1] != '\n')) {
		ssize_t got = read(fd, reply + n, sizeof(reply) - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (!n || reply[n - 1] != '\n') {
		fprintf(stderr, "simcard: %s: no answer\n", path);
		return SIMCARD_FAILED;
	}
	fwrite(reply, 1, n, stdout);
	return n > 2 && !memcmp(reply, "ok", 2) ? SIMCARD_OK : SIMCARD_FAILED;
}
