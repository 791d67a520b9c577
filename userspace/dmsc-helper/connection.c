// SPDX-License-Identifier: GPL-2.0-or-later
/* connection-hook's input as JSON; marks in /run of what was set up, and its end. */
#include "dmsc-helper/connection.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>

#include "dmsc-helper/hook.h"
#include "util/json.h"
#include "util/lock.h"
#include "util/log.h"
#include "util/str.h"

#ifndef CONNECTION_DIR			/* another one in tests */
#define CONNECTION_DIR HELPER_RUN_DIR
#endif
#define MARK_END ".connection"
#define MARK_MAX 256			/* bytes of a mark */
#define MARK_PATH_MAX 128
#define MARKS_MAX 64

/* --- what it is told ------------------------------------------------------ */

static void text(struct buf *out, const char *key, const char *value)
{
	if (!value[0])
		return;
	json_key(out, key);
	json_string(out, slice_str(value));
}

static void values(struct buf *out, const struct connection *c)
{
	text(out, "kind", connection_kind_name((enum connection_kind)c->kind));
	text(out, "profile", c->profile);
	text(out, "name", c->name);
	text(out, "bearer", c->bearer);
	text(out, "apn", c->apn);
	text(out, "auth", connection_auth_name((enum connection_auth)c->auth));
	text(out, "user", c->user);
	text(out, "password", c->password);
	text(out, "ipv4", c->ipv4);
	text(out, "ipv6", c->ipv6);
	if (!c->ndns)
		return;
	json_key(out, "dns");
	buf_put_u8(out, '[');
	for (size_t i = 0; i < c->ndns; i++) {
		json_comma(out);
		json_string(out, slice_str(c->dns[i]));
	}
	buf_put_u8(out, ']');
}

int connection_json(struct buf *out, const struct ef_slot *slot, const struct ipc_connect *q)
{
	buf_put_u8(out, '{');
	text(out, "format", "dmsc-connection-1");
	text(out, "slot", slot->name);
	text(out, "transport", slot->transport);
	text(out, "location", slot->location);
	if (q) {
		text(out, "server", q->server_id);
		values(out, &q->c);
	}
	buf_put_str(out, "}\n");
	return buf_error(out);
}

/* --- marks ---------------------------------------------------------------- */

static int mark_path(char out[MARK_PATH_MAX], const char *slot)
{
	return snprintf(out, MARK_PATH_MAX, "%s/%s" MARK_END, CONNECTION_DIR, slot) >= MARK_PATH_MAX;
}

/* Locked: one program at a time for one reader. */
static int mark_open(const char *slot, bool create)
{
	char path[MARK_PATH_MAX];

	if (mark_path(path, slot))
		return -ENAMETOOLONG;
	return lock_open(path, create);
}

int connection_mark(const struct ef_slot *slot)
{
	int fd = mark_open(slot->name, true);

	if (fd < 0)
		return fd;
	/* The reader's words are those of the time it was set up, should it be gone then. */
	if (ftruncate(fd, 0) || dprintf(fd, "%llu\n%s\n%s\n", (unsigned long long)slot->insertion,
					slot->transport, slot->location) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

static bool word(struct slice *rest, char *out, size_t size)
{
	struct slice line;

	return str_split(rest, '\n', &line) && !str_copy(out, size, line);
}

/* What the mark says. 0 or -EBADMSG: it is empty, or cut off. */
static int mark_read(int fd, struct ef_slot *out)
{
	char bytes[MARK_MAX];
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
	struct slice rest = slice_of(bytes, n > 0 ? (size_t)n : 0), line;

	if (n <= 0 || bytes[n - 1] != '\n' || !str_split(&rest, '\n', &line) ||
	    str_parse_u64(line, &out->insertion) ||
	    !word(&rest, out->transport, sizeof(out->transport)) ||
	    !word(&rest, out->location, sizeof(out->location)))
		return -EBADMSG;
	return 0;
}

static void mark_remove(const char *slot)
{
	char path[MARK_PATH_MAX];

	if (!mark_path(path, slot))
		unlink(path);
}

/* --- down ------------------------------------------------------------------ */

static int64_t uptime_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until the program has ended; hook_tick() sees to that. */
static void hook_wait(struct hook *k, enum hook_end *end, int *status)
{
	int fd = (int)syscall(SYS_pidfd_open, k->pid, 0);

	while (!hook_reap(k, end, status)) {
		struct pollfd p[3] = { [2] = { .fd = fd, .events = POLLIN } };
		int64_t left = k->late ? 1000 : k->deadline - uptime_ms();

		hook_poll(k, p);
		/* Without a descriptor of it, it is looked at now and then. */
		if (fd < 0 && left > 100)
			left = 100;
		if (poll(p, 3, left < 0 ? 0 : (int)left) > 0)
			hook_ready(k, p);
		hook_tick(k, uptime_ms());
	}
	if (fd >= 0)
		close(fd);
}

static void take_down(const struct helper *h, const struct ef_slot *slot)
{
	const char *argv[] = { NULL, "down", slot->name, slot->transport, slot->location, NULL };
	struct buf input = BUF_INIT;
	enum hook_end end;
	struct hook k;
	int r, status;

	hook_init(&k);
	log_info("%s: the card is gone: its connection is taken down", slot->name);
	r = connection_json(&input, slot, NULL);
	if (!r)
		r = hook_start(&k, "connection-hook", slot->name, h->conf.connection_hook, argv,
			       &input, HOOK_TIME_MS);
	buf_wipe_fini(&input);
	if (r)
		return;
	hook_wait(&k, &end, &status);
	if (end != HOOK_EXITED || status)
		log_warn("%s: connection-hook down: %s %d", slot->name,
			 end == HOOK_KILLED ? "signal" : end == HOOK_LATE ? "too late," : "status",
			 status);
}

/* Is the card that it was set up for gone? What is not known is not gone. */
static bool is_over(const struct helper *h, const struct ef_slot *marked)
{
	struct ef_slot now;

	if (ef_slot_read(h->sysfs, marked->name, &now))
		return false;
	return now.state == EF_SLOT_EMPTY ||
	       (now.state == EF_SLOT_READY && now.insertion != marked->insertion);
}

static void mark_look(const struct helper *h, const char *slot)
{
	struct ef_slot marked = { .name = "" };
	int fd = mark_open(slot, false);

	if (fd < 0)
		return;		/* one is being set up right now */
	snprintf(marked.name, sizeof(marked.name), "%s", slot);
	if (mark_read(fd, &marked)) {
		mark_remove(slot);
	} else if (is_over(h, &marked)) {
		/* Also when it fails: nobody would do it better a second time. */
		if (h->conf.connection_hook[0])
			take_down(h, &marked);
		mark_remove(slot);
	}
	close(fd);
}

void connections_down(const struct helper *h)
{
	DIR *d = opendir(CONNECTION_DIR);
	struct dirent *e;
	unsigned int n = 0;

	while (d && (e = readdir(d)) && n < MARKS_MAX) {
		struct slice name = slice_str(e->d_name);
		char slot[32];

		if (!str_starts(name, "uicc") || !str_ends(name, MARK_END))
			continue;
		name.n -= strlen(MARK_END);
		if (str_copy(slot, sizeof(slot), name))
			continue;
		n++;
		mark_look(h, slot);
	}
	if (d)
		closedir(d);
}
