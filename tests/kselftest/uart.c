// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A reader of uicc_serial.ko whose line is a pty. See uart.h.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "uart.h"
#include "vcard.h"

#define PARAMETERS	"/sys/module/uicc_serial/parameters/"
#define CLASS		"/sys/class/uicc"
#define N_UICC		29
#define SLOTS_MAX	1024

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

void uart_set(const char *name, const char *value)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	ret = attr_write(path, value);
	if (ret) {
		errno = -ret;
		die(path);
	}
}

void uart_defaults(void)
{
	uart_set("reset", "inband");
	uart_set("echo", "auto");
	uart_set("clock_hz", "3571200");
	uart_set("max_baud", "0");
	/* An emulated machine may be late itself. */
	uart_set("slack_ms", uart_virtual_time() ? "50" : "300");
	uart_set("poll_ms", "2000");
}

/* The slots there are; numbers are used again only after long. */
static void slots(bool *there)
{
	DIR *dir = opendir(CLASS);
	struct dirent *e;
	unsigned int n;
	int used;

	memset(there, 0, SLOTS_MAX * sizeof(*there));
	while (dir && (e = readdir(dir)))
		if (sscanf(e->d_name, "uicc%u%n", &n, &used) == 1 && !e->d_name[used] &&
		    n < SLOTS_MAX)
			there[n] = true;
	if (dir)
		closedir(dir);
}

int uart_attach(struct uart *u)
{
	bool before[SLOTS_MAX], now[SLOTS_MAX];
	int discipline = N_UICC, i;

	slots(before);
	if (ioctl(u->card->slave, TIOCSETD, &discipline))
		return -errno;
	slots(now);
	for (i = 0; i < SLOTS_MAX && (!now[i] || before[i]); i++)
		;
	if (i == SLOTS_MAX)
		die("no slot for the line");
	u->slot = i;
	snprintf(u->slot_dir, sizeof(u->slot_dir), CLASS "/uicc%d", i);
	snprintf(u->dir, sizeof(u->dir), CLASS "/uicc%d.card", i);
	return 0;
}

bool uart_detach(struct uart *u)
{
	int discipline = 0;

	if (ioctl(u->card->slave, TIOCSETD, &discipline))
		return false;
	return wait_path(u->slot_dir, false);
}

/* Until a reset that is not answered is over: an ATR would be taken for the answer to it. */
static void settle(void)
{
	const struct timespec t = { .tv_nsec = uart_virtual_time() ? 300000000 : 700000000 };

	nanosleep(&t, NULL);
}

/* The same after the discipline was set, however long a busy machine takes for it. */
static void wait_mute(struct uart *u)
{
	const struct timespec tick = { .tv_nsec = 5000000 };
	char path[96], state[16];
	int i;

	snprintf(path, sizeof(path), "%s/state", u->slot_dir);
	for (i = 0; i < 4000; i++) {
		if (attr_read(path, state, sizeof(state), 0) == 5 && !memcmp(state, "mute\n", 5))
			return;
		nanosleep(&tick, NULL);
	}
	die("the empty line is not mute");
}

struct uart *uart_new(const char *atr)
{
	struct uart *u = calloc(1, sizeof(*u));
	int ret;

	if (!u)
		die("memory");
	u->card = lcard_new();
	lcard_set_atr(u->card, atr);
	ret = uart_attach(u);
	if (ret) {
		errno = -ret;
		die("line discipline");
	}
	if (uart_virtual_time())
		settle();
	else
		wait_mute(u);
	return u;
}

void uart_free(struct uart *u)
{
	lcard_free(u->card);
	if (!wait_path(u->slot_dir, false))
		die("the slot stays");
	free(u);
}

static const char *file_path(const struct uart *u, const char *file)
{
	static __thread char path[256];

	snprintf(path, sizeof(path), "%s/%s", u->dir, file);
	return path;
}

bool uart_insert(struct uart *u)
{
	lcard_in(u->card);
	lcard_say_atr(u->card);
	/* The last of its files. */
	return wait_path(file_path(u, "ef-3f00.7f50.5031/fcp"), true);
}

bool uart_remove(struct uart *u)
{
	const struct timespec tick = { .tv_nsec = 100000000 }, behind = { .tv_nsec = 200000000 };
	uint8_t byte;
	int i;

	lcard_out(u->card);
	/* What a card says just behind a command is not taken for another card. */
	if (!uart_virtual_time())
		nanosleep(&behind, NULL);
	/*
	 * Nobody knows before it is asked: with a command that is not answered, or when the
	 * contacts bounce, as they do, and there is no answer to a reset.
	 */
	for (i = 0; i < 100 && !access(u->dir, F_OK); i++) {
		if (i % 10 == 0)
			lcard_bounce(u->card);
		nanosleep(&tick, NULL);
		if (i % 10 == 5)
			attr_read(file_path(u, "ef-3f00.2f00/fcp"), &byte, 1, 0);
	}
	settle();
	return wait_path(u->dir, false);
}

int uart_read(struct uart *u, const char *file, void *buf, size_t size)
{
	return attr_read(file_path(u, file), buf, size, 0);
}

long uart_time(struct uart *u, const char *file, int *ret)
{
	struct timespec from, to;
	uint8_t buf[600];

	clock_gettime(CLOCK_MONOTONIC, &from);
	*ret = uart_read(u, file, buf, sizeof(buf));
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000;
}

/* Byte i of a file is the low byte of its FID, and i. */
static bool holds(struct uart *u, const char *path, uint8_t fid, int size)
{
	char file[128];
	uint8_t buf[700];
	int n, i;

	attr_write(file_path(u, "export"), path);
	snprintf(file, sizeof(file), "ef-%s/data", path);
	n = uart_read(u, file, buf, sizeof(buf));
	if (n != size) {
		printf("# %s: %d\n", file, n);
		return false;
	}
	for (i = 0; i < n && buf[i] == (uint8_t)(fid + i); i++)
		;
	return i == n;
}

bool uart_works(struct uart *u)
{
	return holds(u, "3f00.2fe2", 0xe2, 10) &&
	       holds(u, "a000000063504b43532d3135.6432", 0x32, 600);
}

bool uart_virtual_time(void)
{
	char line[1024] = "";

	return attr_read("/proc/cmdline", line, sizeof(line) - 1, 0) > 0 &&
	       strstr(line, "time-travel");
}
