// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The line of a card on a pty, and what goes wrong on it. See lcard.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "lcard.h"

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

/* Inverse convention: the levels and the order of the bits are the other way round. */
static uint8_t inverted(uint8_t byte)
{
	uint8_t out = 0;
	int i;

	for (i = 0; i < 8; i++)
		out |= (byte >> i & 1) << (7 - i);
	return ~out;
}

static uint8_t coded(const struct lcard *c, uint8_t byte)
{
	return c->inverse ? inverted(byte) : byte;
}

static void line_write(struct lcard *c, const uint8_t *p, size_t n)
{
	struct pollfd room = { c->master, POLLOUT, 0 };
	ssize_t done;

	while (n && c->master >= 0) {
		done = write(c->master, p, n);
		if (done < 0 && errno == EAGAIN && poll(&room, 1, 1000) > 0)
			continue;
		if (done <= 0)
			return;
		p += done;
		n -= done;
	}
}

static void note(struct lcard *c, uint16_t entry)
{
	if (c->n_log < LCARD_LOG)
		c->log[c->n_log++] = entry;
}

void lcard_put(struct lcard *c, uint8_t byte, unsigned int ms)
{
	unsigned int next = (c->tail + 1) % LCARD_QUEUE;

	if (next == c->head)
		die("the card says too much");
	c->queue[c->tail].byte = byte;
	c->queue[c->tail].ms = ms;
	c->tail = next;
}

void lcard_puts(struct lcard *c, const uint8_t *bytes, size_t n)
{
	while (n--)
		lcard_put(c, *bytes++, 0);
}

static void stop_talking(struct lcard *c)
{
	c->head = c->tail;
	c->due = 0;
	c->endless = false;
}

static void rest(struct lcard *c)
{
	stop_talking(c);
	c->state = LCARD_OFF;
	c->n_block = 0;
	c->n_pps = 0;
	c->t0.n_cmd = 0;
}

static void noise(struct lcard *c)
{
	unsigned int i;
	uint8_t byte;

	for (i = 0; i < c->value; i++) {
		byte = 0x5a + 37 * i;
		line_write(c, &byte, 1);
	}
}

/* Does the armed fault come at this byte? Says whether the byte goes on its way. */
static bool passes(struct lcard *c, uint8_t *byte)
{
	if (c->fault == LCARD_NONE || (int)c->count++ != c->fault_at)
		return true;
	c->hits++;
	c->hit_us = now_us();
	pthread_cond_broadcast(&c->changed);
	switch (c->fault) {
	case LCARD_SILENT:
		c->deaf = true;
		rest(c);
		return false;
	case LCARD_DOZE:
		rest(c);
		return false;
	case LCARD_PULL:
		c->inserted = false;
		rest(c);
		return false;
	case LCARD_HANGUP:
		close(c->master);
		c->master = -1;
		rest(c);
		return false;
	case LCARD_DAMAGE:
		*byte ^= c->value;
		return true;
	case LCARD_LOSE:
		return false;
	case LCARD_NOISE:
		noise(c);
		return true;
	case LCARD_NULLS:
		rest(c);
		c->endless = true;
		return false;
	default:
		return true;
	}
}

/* The byte that comes later. */
static void wait_first(struct lcard *c, struct lcard_out *o)
{
	if (c->fault != LCARD_WAIT || (int)c->count != c->fault_at)
		return;
	o->ms = c->ms;
	c->hits++;
	c->fault_at = -1;	/* even when nobody waits for it */
}

/* All that may go out now. */
static void send_ready(struct lcard *c)
{
	uint8_t buf[512], byte;
	struct lcard_out *o;
	size_t n = 0;

	while (c->head != c->tail) {
		o = &c->queue[c->head];
		wait_first(c, o);
		if (o->ms && !c->due)
			c->due = now_us() + o->ms * 1000ull;
		if (c->due > now_us())
			break;
		c->due = 0;
		byte = o->byte;
		c->head = (c->head + 1) % LCARD_QUEUE;
		/* What comes before a fault has gone when it comes. */
		if (c->fault != LCARD_NONE && (int)c->count == c->fault_at) {
			line_write(c, buf, n);
			n = 0;
		}
		if (!passes(c, &byte))
			continue;
		note(c, byte);
		buf[n++] = coded(c, byte);
		if (c->singly || n == sizeof(buf)) {
			line_write(c, buf, n);
			n = 0;
		}
	}
	line_write(c, buf, n);
}

static void hear(struct lcard *c, uint8_t raw)
{
	uint8_t byte = coded(c, raw);
	bool goes = passes(c, &byte);

	if (c->echo) {
		raw = coded(c, byte);
		line_write(c, &raw, 1);
	}
	note(c, byte | LCARD_READER);
	if (goes && c->inserted && !c->deaf)
		lcard_take(c, byte);
}

/*
 * The driver threw away what it still had to say: it is about to reset the card. What
 * was under way is over, so that FF FF is what it stands for.
 */
static void flushed(struct lcard *c)
{
	stop_talking(c);
	c->n_block = 0;
	c->n_pps = 0;
	c->t0.n_cmd = 0;
	c->flushed = true;
	c->flushes++;
}

/* FF FF as the card reads it, in the convention that the driver knows of: of the last ATR. */
static bool is_reset(struct lcard *c, const uint8_t *p, ssize_t n)
{
	return c->in_band && c->flushed && n >= 2 && p[n - 1] == p[n - 2] &&
	       (p[n - 1] == 0xff || (c->inverse && !p[n - 1]));
}

static void line_read(struct lcard *c)
{
	const uint8_t absent = 0;
	uint8_t buf[600];
	ssize_t n = read(c->master, buf, sizeof(buf)), i;

	if (n < 0 && errno == EAGAIN)
		return;		/* it was flushed meanwhile: to wait here would be for ever */
	if (n <= 0) {
		/* No slave is open any more. */
		usleep(1000);
		return;
	}
	if (buf[0]) {
		if (buf[0] & TIOCPKT_FLUSHWRITE)
			flushed(c);
		return;
	}
	if (is_reset(c, buf + 1, n - 1)) {
		c->flushed = false;
		if (c->echo)
			line_write(c, buf + 1, n - 1);
		if (c->inserted && !c->deaf) {
			rest(c);
			lcard_reset(c);
			c->resets++;
		} else if (c->tells) {
			line_write(c, &absent, 1);
		}
		pthread_cond_broadcast(&c->changed);
		return;
	}
	for (i = 1; i < n; i++)
		hear(c, buf[i]);
}

/*
 * When to look at the line without being asked to; 0: never. By a timer of its own: the
 * time of poll() is lengthened by a thousandth of it.
 */
static uint64_t next_look(const struct lcard *c)
{
	if (c->head != c->tail)
		return c->due ? c->due : 1;
	if (c->endless)
		return now_us() + (c->ms ? c->ms : 1) * 1000;
	return lcard_waits(c) ? now_us() + c->cwt_ms * 1000ull : 0;
}

static void set_timer(struct lcard *c)
{
	uint64_t us = next_look(c);
	struct itimerspec t = {
		.it_value.tv_sec = us / 1000000, .it_value.tv_nsec = us % 1000000 * 1000,
	};

	if (timerfd_settime(c->timer, TFD_TIMER_ABSTIME, &t, NULL))
		die("timer");
}

/* Its time has come: what was to wait goes out by send_ready(). */
static void look(struct lcard *c)
{
	uint8_t null = coded(c, 0x60);

	if (c->head != c->tail)
		return;
	if (c->endless)
		line_write(c, &null, 1);
	else if (lcard_waits(c))
		lcard_quiet(c);
}

static void *line_thread(void *arg)
{
	struct lcard *c = arg;
	struct pollfd fds[3] = {
		{ -1, POLLIN, 0 }, { c->stop[0], POLLIN, 0 }, { c->timer, POLLIN, 0 },
	};
	uint64_t times;
	uint8_t nudged;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		fds[0].fd = c->master;
		set_timer(c);
		pthread_mutex_unlock(&c->lock);
		poll(fds, 3, -1);
		pthread_mutex_lock(&c->lock);
		if (fds[1].revents & POLLHUP)
			break;
		if (fds[1].revents && read(c->stop[0], &nudged, 1) != 1)
			break;
		if (fds[0].fd >= 0 && fds[0].revents && c->master >= 0)
			line_read(c);
		else if (fds[2].revents && read(c->timer, &times, sizeof(times)) > 0)
			look(c);
		send_ready(c);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void nudge(struct lcard *c)
{
	if (write(c->stop[1], "", 1) != 1)
		die("pipe");
}

static void open_pty(struct lcard *c)
{
	struct termios tio;
	int on = 1, n = -1;

	c->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (c->master < 0 || fcntl(c->master, F_SETFL, O_RDWR | O_NONBLOCK) || unlockpt(c->master) || ioctl(c->master, TIOCGPTN, &n))
		die("pty");
	snprintf(c->tty, sizeof(c->tty), "pts%d", n);
	snprintf(c->path, sizeof(c->path), "/dev/pts/%d", n);
	c->slave = open(c->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (c->slave < 0 || tcgetattr(c->slave, &tio))
		die(c->path);
	cfmakeraw(&tio);
	cfsetspeed(&tio, B9600);
	if (tcsetattr(c->slave, TCSANOW, &tio) || ioctl(c->master, TIOCPKT, &on))
		die("TIOCPKT");
}

struct lcard *lcard_new(void)
{
	struct lcard *c = calloc(1, sizeof(*c));

	if (!c)
		die("memory");
	open_pty(c);
	c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->timer < 0 || pipe2(c->stop, O_CLOEXEC))
		die("pipe");
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	lcard_set_atr(c, LCARD_ATR_T0);
	if (pthread_create(&c->thread, NULL, line_thread, c))
		die("thread");
	return c;
}

void lcard_free(struct lcard *c)
{
	close(c->stop[1]);
	pthread_join(c->thread, NULL);
	close(c->stop[0]);
	close(c->timer);
	if (c->slave >= 0)
		close(c->slave);
	if (c->master >= 0)
		close(c->master);
	free(c);
}

void lcard_arm(struct lcard *c, enum lcard_fault fault, int at, unsigned int value,
	       unsigned int ms)
{
	pthread_mutex_lock(&c->lock);
	c->fault = fault;
	c->fault_at = at;
	c->value = value;
	c->ms = ms;
	c->t1.quiet = fault != LCARD_NONE;
	c->count = 0;
	c->hits = 0;
	c->n_log = 0;
	pthread_mutex_unlock(&c->lock);
}

void lcard_in(struct lcard *c)
{
	pthread_mutex_lock(&c->lock);
	rest(c);
	c->inserted = true;
	c->deaf = false;
	pthread_mutex_unlock(&c->lock);
}

void lcard_out(struct lcard *c)
{
	const uint8_t absent = 0;

	pthread_mutex_lock(&c->lock);
	rest(c);
	c->inserted = false;
	if (c->tells)
		line_write(c, &absent, 1);
	pthread_mutex_unlock(&c->lock);
	nudge(c);
}

void lcard_say_atr(struct lcard *c)
{
	pthread_mutex_lock(&c->lock);
	lcard_reset(c);
	pthread_mutex_unlock(&c->lock);
	nudge(c);
}

void lcard_bounce(struct lcard *c)
{
	const uint8_t ts = 0x3b;

	pthread_mutex_lock(&c->lock);
	line_write(c, &ts, 1);
	pthread_mutex_unlock(&c->lock);
}

void lcard_hangup(struct lcard *c)
{
	pthread_mutex_lock(&c->lock);
	if (c->master >= 0)
		close(c->master);
	c->master = -1;
	rest(c);
	pthread_mutex_unlock(&c->lock);
	nudge(c);
}
