// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The clock of the card's benchmark: how soon an insertion is told of, and how
 * long a read takes. It prints one nanosecond count a line; what they mean, its
 * caller says (tests/bench/guest/card.py).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "kernel/virt_reader.h"
#include "util/str.h"

#define EVENT_MS 20000
#define IDLE_MS 100		/* behind udev's last event, for what it started */

static const uint8_t atr[] = { 0x3b, 0x00 };

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* --- the card ------------------------------------------------------------ */

/* Answers what waits: this card has an ATR and no file. 0, or -errno other than -EAGAIN. */
static int card_serve(int reader)
{
	static const uint8_t not_found[] = { 0x6a, 0x82 };
	struct virt_msg m;
	int err;

	while (!(err = virt_reader_recv(reader, &m))) {
		if (m.type == UICC_VIRT_RESET)
			err = virt_reader_send(reader, UICC_VIRT_ATR, m.seq, atr, sizeof(atr));
		else if (m.type == UICC_VIRT_COMMAND)
			err = virt_reader_send(reader, UICC_VIRT_RESPONSE, m.seq, not_found,
					       sizeof(not_found));
		if (err)
			return err;
	}
	return err == -EAGAIN ? 0 : err;
}

static int card_register(int reader)
{
	struct pollfd p = { .fd = reader, .events = POLLIN };
	struct virt_msg m;

	if (poll(&p, 1, EVENT_MS) != 1)
		return -ETIMEDOUT;
	return virt_reader_recv(reader, &m) || virt_msg_slot(&m) < 0 ? -EPROTO : 0;
}

/* --- the event ----------------------------------------------------------- */

static int events_open(void)
{
	/* group 1: what the kernel itself sends; udev's work is not measured */
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		close(fd);
		return -EACCES;
	}
	return fd;
}

/* "ACTION@PATH", then NUL-terminated KEY=VALUE. */
static bool is_card_event(const char *event, size_t n, const char *action)
{
	size_t i;

	if (strncmp(event, action, strlen(action)) || event[strlen(action)] != '@')
		return false;
	for (i = strlen(event) + 1; i < n; i += strlen(event + i) + 1)
		if (!strcmp(event + i, "DEVTYPE=uicc_card"))
			return true;
	return false;
}

/* Returns the time of the event, or 0. Serves the card meanwhile. */
static uint64_t event_wait(int events, int reader, const char *action)
{
	uint64_t give_up = now_ns() + EVENT_MS * 1000000ull;
	char event[8192];

	while (now_ns() < give_up) {
		struct pollfd p[2] = { { .fd = events, .events = POLLIN },
				       { .fd = reader, .events = POLLIN } };
		ssize_t n;

		if (poll(p, 2, EVENT_MS) <= 0)
			return 0;
		if (p[0].revents) {
			n = recv(events, event, sizeof(event) - 1, 0);
			if (n > 0) {
				event[n] = 0;
				if (is_card_event(event, (size_t)n, action))
					return now_ns();
			}
		}
		if (p[1].revents && card_serve(reader))
			return 0;
	}
	return 0;
}

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Every insertion finds the machine at rest, as a person's hand would. */
static void rest(int events)
{
	char event[8192];
	int i;

	for (i = 0; i < EVENT_MS / 20 && !access("/run/udev/queue", F_OK); i++)
		sleep_ms(20);
	sleep_ms(IDLE_MS);
	while (recv(events, event, sizeof(event), 0) > 0)
		;
}

static int uevents(const char *name, unsigned int rounds)
{
	_cleanup_close_ int reader = virt_reader_open(name, 0);
	_cleanup_close_ int events = events_open();
	uint64_t start, end;

	if (reader < 0 || events < 0) {
		fprintf(stderr, "card-probe: %s\n", reader < 0 ? virt_reader_hint(reader) :
			strerror(-events));
		return 1;
	}
	if (card_register(reader)) {
		fputs("card-probe: the reader was not registered\n", stderr);
		return 1;
	}
	while (rounds--) {
		rest(events);
		start = now_ns();
		if (virt_reader_send(reader, UICC_VIRT_INSERT, 0, atr, sizeof(atr)))
			return 1;
		end = event_wait(events, reader, "add");
		if (!end) {
			fputs("card-probe: no event for an insertion\n", stderr);
			return 1;
		}
		printf("%llu\n", (unsigned long long)(end - start));
		if (virt_reader_send(reader, UICC_VIRT_REMOVE, 0, NULL, 0) ||
		    !event_wait(events, reader, "remove")) {
			fputs("card-probe: no event for a removal\n", stderr);
			return 1;
		}
	}
	return 0;
}

/* --- reading ------------------------------------------------------------- */

static int reads(const char *path, size_t size, unsigned int rounds)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *buf = malloc(size);
	uint64_t start, end;
	size_t got = 0;
	ssize_t n;
	int err = 0;

	if (fd < 0 || !buf)
		err = errno;
	while (!err && rounds--) {
		start = now_ns();
		for (got = 0; got < size; got += (size_t)n) {
			n = pread(fd, buf + got, size - got, (off_t)got);
			if (n <= 0) {
				err = n ? errno : ENODATA;
				break;
			}
		}
		end = now_ns();
		if (!err)
			printf("%llu\n", (unsigned long long)(end - start));
	}
	free(buf);
	if (err)
		fprintf(stderr, "card-probe: %s: %s\n", path, strerror(err));
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	unsigned int size, rounds;

	if (argc == 4 && !strcmp(argv[1], "uevent") && !str_parse_uint(argv[3], &rounds))
		return uevents(argv[2], rounds);
	if (argc == 5 && !strcmp(argv[1], "read") && !str_parse_uint(argv[3], &size) &&
	    !str_parse_uint(argv[4], &rounds) && size && size <= 65536)
		return reads(argv[2], size, rounds);
	fputs("usage: card-probe uevent READER ROUNDS\n"
	      "       card-probe read FILE SIZE ROUNDS\n", stderr);
	return 2;
}
