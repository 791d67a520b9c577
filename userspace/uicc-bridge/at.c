// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The AT backend: a modem's card by its AT commands (3GPP TS 27.007), on a terminal
 * device. What is said when, at_modem.c knows; here are the device, the clock and
 * the options.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

#include <linux/uicc_virt.h>

#include "at_modem.h"
#include "at_tty.h"
#include "bridge.h"
#include "made_up_atr.h"
#include "util/log.h"

#define BAUD_DEFAULT 115200
#define POLL_S_DEFAULT 10
#define POLL_S_MAX 86400
#define LOCKS "/run/lock"
#define SEND_AGAIN_MS 10	/* after a device that took nothing more */
#define LEAVE_MS 1000

enum own { OPT_BAUD, OPT_POLL, OPT_WAY, OPT_REMOVED, OPT_INSERTED, OPT_ATR, OPT_LOCKS };

static const struct option options[] = {
	{ "baud", required_argument, NULL, BRIDGE_OPTION(OPT_BAUD) },
	{ "poll", required_argument, NULL, BRIDGE_OPTION(OPT_POLL) },
	{ "way", required_argument, NULL, BRIDGE_OPTION(OPT_WAY) },
	{ "removed-code", required_argument, NULL, BRIDGE_OPTION(OPT_REMOVED) },
	{ "inserted-code", required_argument, NULL, BRIDGE_OPTION(OPT_INSERTED) },
	{ "atr", required_argument, NULL, BRIDGE_OPTION(OPT_ATR) },
	{ "lock-dir", required_argument, NULL, BRIDGE_OPTION(OPT_LOCKS) },
	{ NULL, 0, NULL, 0 },
};

struct at_backend {
	struct at_tty tty;
	int timer;
	bool gone;
	const char *path;
	struct at_modem modem;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int number(const char *word, unsigned long fallback, unsigned long max, unsigned long *out)
{
	char *end;

	*out = fallback;
	if (!word)
		return 0;
	*out = strtoul(word, &end, 10);
	return word[0] >= '0' && word[0] <= '9' && !*end && *out <= max ? 0 : -EINVAL;
}

static int ways(const char *word, unsigned int *has)
{
	static const struct {
		const char *word;
		unsigned int has;
	} known[] = {
		{ "csim", AT_HAS_CSIM },
		{ "ccho", AT_HAS_CHANNELS },
		{ "crsm", AT_HAS_CRSM },
		{ "any", AT_HAS_CSIM | AT_HAS_CHANNELS | AT_HAS_CRSM },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(word ? word : "any", known[i].word)) {
			*has = known[i].has;
			return 0;
		}
	}
	return -EINVAL;
}

static int get_atr(const char *word, struct at_options *o)
{
	size_t n = word ? strlen(word) : 0;

	if (!word) {
		memcpy(o->atr, made_up_atr, sizeof(made_up_atr));
		o->atr_n = sizeof(made_up_atr);
		return 0;
	}
	if (n % 2 || n < 4 || n > 2 * sizeof(o->atr) || strspn(word, "0123456789abcdefABCDEF") != n)
		return -EINVAL;
	for (o->atr_n = 0; o->atr_n < n / 2; o->atr_n++) {
		unsigned int byte = 0;

		if (sscanf(word + 2 * o->atr_n, "%2x", &byte) != 1)
			return -EINVAL;
		o->atr[o->atr_n] = (uint8_t)byte;
	}
	return o->atr[0] == 0x3B || o->atr[0] == 0x3F ? 0 : -EINVAL;
}

static int bad_value(const struct bridge_options *o, enum own option)
{
	log_err(BRIDGE_BAD_VALUE, options[option].name, o->own[option]);
	return -EINVAL;
}

static int get_options(const struct bridge_options *o, struct at_options *out, unsigned long *baud)
{
	unsigned long poll_s;

	*out = (struct at_options){ .answer_ms = o->answer_ms, .removed = o->own[OPT_REMOVED],
				    .inserted = o->own[OPT_INSERTED] };
	if (number(o->own[OPT_BAUD], BAUD_DEFAULT, ~0UL, baud) || !at_tty_baud(*baud))
		return bad_value(o, OPT_BAUD);
	if (number(o->own[OPT_POLL], POLL_S_DEFAULT, POLL_S_MAX, &poll_s))
		return bad_value(o, OPT_POLL);
	if (ways(o->own[OPT_WAY], &out->has))
		return bad_value(o, OPT_WAY);
	if (get_atr(o->own[OPT_ATR], out))
		return bad_value(o, OPT_ATR);
	out->poll_ms = (unsigned int)poll_s * 1000;
	return 0;
}

static int at_prepare(const struct bridge_options *o, int argc, char **argv)
{
	struct at_options out;
	unsigned long baud;

	return argc == 1 ? get_options(o, &out, &baud) : -EINVAL;
}

static int at_open(void **ctx, struct bridge_options *o, int argc, char **argv)
{
	const char *locks = o->own[OPT_LOCKS] ? o->own[OPT_LOCKS] : LOCKS;
	struct at_backend *b = calloc(1, sizeof(*b));
	struct at_options modem;
	unsigned long baud;
	int err;

	if (!b)
		return -ENOMEM;
	b->path = argv[0];
	err = get_options(o, &modem, &baud);
	if (!err)
		err = at_tty_open(&b->tty, argv[0], baud, locks[0] ? locks : NULL);
	if (!err) {
		b->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
		err = b->timer < 0 ? -errno : 0;
		if (err)
			at_tty_close(&b->tty);
	}
	if (err) {
		free(b);
		return err;
	}
	at_modem_init(&b->modem, &modem, now_ms());
	/* The modem does what T=0 needs, and has the card for itself. */
	o->flags = UICC_VIRT_READER_APDU | UICC_VIRT_READER_SHARED;
	*ctx = b;
	return 0;
}

/* Sends what there is; what the device does not take now it is offered again. */
static void send_out(struct at_backend *b)
{
	size_t n;
	const char *out = at_modem_output(&b->modem, &n);
	ssize_t put = n ? write(b->tty.fd, out, n) : 0;

	if (put > 0)
		at_modem_sent(&b->modem, (size_t)put);
	else if (put < 0 && errno != EAGAIN && errno != EINTR)
		b->gone = true;
}

static void set_timer(struct at_backend *b)
{
	uint64_t at = at_modem_deadline(&b->modem), now = now_ms();
	struct itimerspec t = { .it_value = { .tv_nsec = 0 } };
	size_t left;

	at_modem_output(&b->modem, &left);
	if (b->gone || b->modem.n_events)
		at = now;
	else if (left && at > now + SEND_AGAIN_MS)
		at = now + SEND_AGAIN_MS;
	if (at != AT_NEVER) {
		t.it_value.tv_sec = (time_t)(at / 1000);
		t.it_value.tv_nsec = (long)(at % 1000) * 1000000 + 1;
	}
	timerfd_settime(b->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static void at_fds(void *ctx, int fds[BRIDGE_FDS_MAX])
{
	struct at_backend *b = ctx;

	send_out(b);
	set_timer(b);
	fds[0] = b->tty.fd;
	fds[1] = b->timer;
}

static int at_request(void *ctx, const uint8_t *data, size_t n)
{
	struct at_backend *b = ctx;

	return at_modem_request(&b->modem, data, n, now_ms());
}

/* One read of what the modem has sent: 0, -EAGAIN, or -EPIPE when the device is gone. */
static int read_in(struct at_backend *b)
{
	char in[256];
	ssize_t n = read(b->tty.fd, in, sizeof(in));

	if (n > 0) {
		at_modem_input(&b->modem, in, (size_t)n, now_ms());
		explicit_bzero(in, sizeof(in));
		return 0;
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? -EAGAIN : -EPIPE;
}

static int at_receive(void *ctx, struct bridge_event *out)
{
	struct at_backend *b = ctx;
	uint64_t expired;
	int err = 0;

	/* It expires again when there still is something to do. */
	if (read(b->timer, &expired, sizeof(expired)) < 0 && errno != EAGAIN)
		return -errno;
	/* A modem that never ends to speak must not keep the kernel waiting: 16 reads. */
	for (int i = 0; i < 16 && !err && !b->modem.n_events; i++)
		err = read_in(b);
	if (!at_modem_event(&b->modem, out)) {
		if (err == -EPIPE || b->gone) {
			log_err("%s: the modem is gone", b->path);
			b->gone = true;
			return -EPIPE;
		}
		err = at_modem_tick(&b->modem, now_ms());
		if (err == -ETIMEDOUT)
			log_err("%s: the modem does not answer", b->path);
		if (err == -EOPNOTSUPP)
			log_err("%s: the modem has none of AT+CSIM, AT+CGLA and AT+CRSM", b->path);
		if (err)
			return err;
		return at_modem_event(&b->modem, out) ? 0 : -EAGAIN;
	}
	return 0;
}

/* Closes the channel that is open, if the modem takes that within a second. */
static void leave(struct at_backend *b)
{
	uint64_t until = now_ms() + LEAVE_MS;

	if (b->gone || !at_modem_leave(&b->modem))
		return;
	while (!b->gone && b->modem.running && now_ms() < until) {
		struct pollfd p = { .fd = b->tty.fd, .events = POLLIN };

		send_out(b);
		if (poll(&p, 1, SEND_AGAIN_MS) > 0 && read_in(b) == -EPIPE)
			b->gone = true;
	}
}

/* A modem never goes away in order: whoever started this is to start it again. */
static int at_close(void *ctx)
{
	struct at_backend *b = ctx;
	bool gone = b->gone;

	leave(b);
	at_tty_close(&b->tty);
	close(b->timer);
	explicit_bzero(b, sizeof(*b));
	free(b);
	return gone ? BRIDGE_FAILED : BRIDGE_OK;
}

const struct bridge_backend bridge_at = {
	.name = "at",
	.usage = "[--baud N] [--poll SECONDS] [--way any|csim|ccho|crsm] [--atr HEX]\n"
		 "                          [--removed-code PATTERN] [--inserted-code PATTERN]\n"
		 "                          [--lock-dir DIR] DEVICE",
	.reader = "modem",
	.options = options,
	.sees_cards = true,
	.prepare = at_prepare,
	.open = at_open,
	.fds = at_fds,
	.request = at_request,
	.receive = at_receive,
	.close = at_close,
};
