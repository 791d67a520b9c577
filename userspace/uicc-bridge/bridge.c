// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reader's side of a bridge: messages of /dev/uicc-virt in, requests to the
 * backend out, and the waiting times. It knows no backend from another.
 */
#include "bridge.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

#include "kernel/virt_reader.h"
#include "util/log.h"

/* What is taken of a backend at once: one that never ends to speak keeps nobody waiting. */
#define EVENTS_AT_ONCE 16

enum waiting { WAIT_NOTHING, WAIT_FIRST_ATR, WAIT_ATR, WAIT_RESPONSE };

struct bridge {
	const struct bridge_backend *backend;
	void *ctx;
	int fd;
	int signal_fd;
	bool registered;
	unsigned int answer_ms;
	size_t response_max;
	enum waiting waiting;
	uint32_t seq;
	uint64_t deadline_ms;
	bool inserted;
	/*
	 * A request was given up and its answer may still come. Until it does, or
	 * a reset, no other command is sent: its answer would be taken for that one.
	 * Never so with a backend that drops late answers itself.
	 */
	bool stale;
	bool more;		/* the backend may have events that no descriptor tells of */
	bool said_unasked;	/* since the last request */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool is_atr(const uint8_t *p, size_t n)
{
	return n >= UICC_VIRT_ATR_MIN && n <= UICC_VIRT_ATR_MAX && (p[0] == 0x3B || p[0] == 0x3F);
}

/* -EPIPE is the card's; the reader's own end is told apart as -ENODEV. */
static int reader_error(int err)
{
	return err == -EPIPE || err == -ECONNRESET ? -ENODEV : err;
}

static int tell(struct bridge *b, enum uicc_virt_type type, uint32_t seq, const uint8_t *data,
		size_t n)
{
	return reader_error(virt_reader_send(b->fd, type, seq, data, n));
}

static int ask(struct bridge *b, enum waiting what, uint32_t seq, const uint8_t *data, size_t n)
{
	int err = b->backend->request(b->ctx, data, n);

	if (err)
		return err;
	b->waiting = what;
	b->said_unasked = false;
	b->seq = seq;
	b->deadline_ms = now_ms() + b->answer_ms;
	return 0;
}

static void give_up(struct bridge *b)
{
	if (b->waiting != WAIT_NOTHING && !b->backend->sees_cards)
		b->stale = true;
	b->waiting = WAIT_NOTHING;
}

static int on_message(struct bridge *b, const struct virt_msg *m)
{
	int slot;

	switch (m->type) {
	case UICC_VIRT_REGISTERED:
		slot = virt_msg_slot(m);
		if (slot < 0)
			return slot;
		printf("slot %d uicc%d\n", slot, slot);
		fflush(stdout);
		b->registered = true;
		return b->backend->sees_cards ? 0 : ask(b, WAIT_FIRST_ATR, 0, NULL, 0);
	case UICC_VIRT_RESET:
		give_up(b);
		return ask(b, WAIT_ATR, m->seq, NULL, 0);
	case UICC_VIRT_COMMAND:
		give_up(b);
		if (!b->stale)
			return ask(b, WAIT_RESPONSE, m->seq, m->data, m->len);
		log_warn("an earlier command is unanswered: the next one waits for a reset");
		return 0;
	case UICC_VIRT_CANCEL:
		if (m->seq == b->seq)
			give_up(b);
		return 0;
	default:
		/* Power off needs no answer, and a newer kernel may say more. */
		return 0;
	}
}

static int on_atr(struct bridge *b, const uint8_t *data, size_t n)
{
	int err;

	if (!is_atr(data, n)) {
		/* Behind an unanswered command this is its late answer. */
		if (b->stale)
			return 0;
		log_err("a reset was answered by %zu bytes that are no ATR", n);
		return -EPROTO;
	}
	b->stale = false;
	if (b->waiting == WAIT_FIRST_ATR) {
		err = tell(b, UICC_VIRT_INSERT, 0, data, n);
		b->inserted = !err;
	} else {
		err = tell(b, UICC_VIRT_ATR, b->seq, data, n);
	}
	b->waiting = WAIT_NOTHING;
	return err;
}

static int on_answer(struct bridge *b, const uint8_t *data, size_t n)
{
	switch (b->waiting) {
	case WAIT_FIRST_ATR:
	case WAIT_ATR:
		return on_atr(b, data, n);
	case WAIT_RESPONSE:
		if (n < 2 || n > b->response_max) {
			log_err("a command was answered by %zu bytes; 2 to %zu are possible", n,
				b->response_max);
			return -EPROTO;
		}
		b->waiting = WAIT_NOTHING;
		return tell(b, UICC_VIRT_RESPONSE, b->seq, data, n);
	case WAIT_NOTHING:
		break;
	}
	if (!b->stale && !b->said_unasked) {
		log_warn("%zu bytes came unasked and are dropped", n);
		b->said_unasked = true;
	}
	b->stale = false;
	return 0;
}

/* A card came or went: whatever was asked, nobody waits for the answer of the one before. */
static int on_card(struct bridge *b, const uint8_t *atr, size_t n)
{
	int err;

	b->waiting = WAIT_NOTHING;
	if (atr && !is_atr(atr, n)) {
		log_err("a card was put in with %zu bytes that are no ATR", n);
		atr = NULL;
	}
	if (atr)
		err = tell(b, UICC_VIRT_INSERT, 0, atr, n);
	else
		err = b->inserted ? tell(b, UICC_VIRT_REMOVE, 0, NULL, 0) : 0;
	b->inserted = atr && !err;
	return err;
}

static int on_no_answer(struct bridge *b)
{
	enum waiting what = b->waiting;

	b->waiting = WAIT_NOTHING;
	return what == WAIT_ATR ? tell(b, UICC_VIRT_ATR, b->seq, NULL, 0) : 0;
}

static int on_event(struct bridge *b, const struct bridge_event *e)
{
	switch (e->type) {
	case BRIDGE_ANSWER:
		return on_answer(b, e->data, e->n);
	case BRIDGE_NO_ANSWER:
		return on_no_answer(b);
	case BRIDGE_INSERTED:
		return on_card(b, e->data, e->n);
	case BRIDGE_REMOVED:
		return on_card(b, NULL, 0);
	}
	return -EPROTO;
}

/* The waiting time is over. */
static int on_timeout(struct bridge *b)
{
	enum waiting what = b->waiting;

	give_up(b);
	log_warn("no answer to a %s within %u ms", what == WAIT_RESPONSE ? "command" : "reset",
		 b->answer_ms);
	if (what == WAIT_FIRST_ATR)
		return -ETIMEDOUT;
	/* A mute card is a fact the kernel wants; an unanswered command it times itself. */
	if (what == WAIT_ATR)
		return tell(b, UICC_VIRT_ATR, b->seq, NULL, 0);
	return 0;
}

/* What passes here may be a PIN, or what a PIN protects: nothing stays on the stack. */
static int drain_reader(struct bridge *b)
{
	struct virt_msg m = { .len = 0 };
	int err;

	do {
		err = reader_error(virt_reader_recv(b->fd, &m));
		if (!err)
			err = on_message(b, &m);
		explicit_bzero(m.data, m.len);
	} while (!err);
	return err;
}

static int drain_backend(struct bridge *b)
{
	struct bridge_event e = { .n = 0 };
	int err = 0;

	for (int i = 0; !err && i < EVENTS_AT_ONCE; i++) {
		err = b->backend->receive(b->ctx, &e);
		if (!err)
			err = on_event(b, &e);
		explicit_bzero(e.data, e.n);
	}
	b->more = !err;
	return err ? err : -EAGAIN;
}

static int wait_ms(const struct bridge *b)
{
	uint64_t now = now_ms();

	if (b->more)
		return 0;
	if (b->waiting == WAIT_NOTHING)
		return -1;
	return b->deadline_ms > now ? (int)(b->deadline_ms - now) : 0;
}

enum { POLL_READER, POLL_SIGNAL, POLL_CARD, POLL_ALL = POLL_CARD + BRIDGE_FDS_MAX };

/* A backend is not looked at before the slot is there: the kernel would take no card. */
static int wait_for_input(const struct bridge *b, struct pollfd *fds)
{
	int card[BRIDGE_FDS_MAX], n;

	for (int i = 0; i < BRIDGE_FDS_MAX; i++)
		card[i] = -1;
	if (b->registered)
		b->backend->fds(b->ctx, card);
	fds[POLL_READER] = (struct pollfd){ .fd = b->fd, .events = POLLIN };
	fds[POLL_SIGNAL] = (struct pollfd){ .fd = b->signal_fd, .events = POLLIN };
	for (int i = 0; i < BRIDGE_FDS_MAX; i++)
		fds[POLL_CARD + i] = (struct pollfd){ .fd = card[i], .events = POLLIN };
	n = poll(fds, POLL_ALL, wait_ms(b));
	if (n < 0 && errno != EINTR)
		return -errno;
	for (int i = 0; n < 0 && i < POLL_ALL; i++)
		fds[i].revents = 0;
	return 0;
}

/* One round: 0 to go on. */
static int bridge_turn(struct bridge *b)
{
	struct pollfd fds[POLL_ALL];
	int err = wait_for_input(b, fds);
	bool card = b->more;

	if (err)
		return err;
	if (fds[POLL_SIGNAL].revents)
		return -EINTR;
	for (int i = POLL_CARD; i < POLL_ALL; i++)
		card |= fds[i].revents != 0;
	if (card) {
		err = drain_backend(b);
		if (err != -EAGAIN)
			return err;
	}
	if (fds[POLL_READER].revents) {
		err = drain_reader(b);
		/* A reader that only reports an error has nothing to read. */
		if (err == -EAGAIN && !(fds[POLL_READER].revents & POLLIN))
			return -ENODEV;
		if (err != -EAGAIN)
			return err;
	}
	if (b->waiting != WAIT_NOTHING && now_ms() >= b->deadline_ms)
		return on_timeout(b);
	return 0;
}

/*
 * Returns -EPIPE when the card is gone, -ENODEV when the reader is, -EINTR when the
 * bridge shall end, or what failed.
 */
static int bridge_loop(struct bridge *b)
{
	int err;

	do {
		err = bridge_turn(b);
	} while (!err);
	return err;
}

/* SIGTERM and its like are input: a card is let go in order. Threads inherit the mask. */
static int take_signals(void)
{
	sigset_t ends;
	int fd;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* The device first, as without it nothing needs to be tried; the reader when its flags are known. */
static int open_all(struct bridge *b, struct bridge_options *o, int argc, char **argv)
{
	_cleanup_close_ int device = -1;
	int err;

	if (o->reader_fd < 0) {
		device = virt_device_open();
		if (device < 0) {
			log_err("%s", virt_reader_hint(device));
			return device;
		}
	}
	err = b->backend->open(&b->ctx, o, argc, argv);
	if (err)
		return err;
	if (o->reader_fd < 0) {
		b->fd = virt_reader_new(device, o->reader, o->flags);
	} else {
		err = virt_reader_adopt(o->reader_fd);
		b->fd = err ? err : o->reader_fd;
	}
	if (b->fd >= 0)
		return 0;
	log_err("%s", virt_reader_hint(b->fd));
	b->backend->close(b->ctx);
	return b->fd;
}

static int bridge_end(struct bridge *b, const char *what, int err)
{
	int status;

	if (err == -ENODEV)
		log_err("the reader is gone");
	else if (err != -EPIPE && err != -EINTR)
		log_err("%s: %s", what, strerror(-err));
	/* Fails only when the reader is gone already, and the card with it. */
	if (b->inserted && tell(b, UICC_VIRT_REMOVE, 0, NULL, 0))
		log_debug("the reader did not take the removal");
	status = b->backend->close(b->ctx);
	close(b->fd);
	return err == -EPIPE || err == -EINTR ? status : BRIDGE_FAILED;
}

int bridge_run(const struct bridge_backend *backend, struct bridge_options *o, int argc,
	       char **argv)
{
	struct bridge b = { .backend = backend, .fd = -1, .answer_ms = o->answer_ms };
	int err = backend->prepare ? backend->prepare(o, argc, argv) : 0, status;

	if (err)
		return err > 0 ? BRIDGE_OK : err == -EINVAL ? BRIDGE_USAGE : BRIDGE_FAILED;
	b.signal_fd = take_signals();
	if (b.signal_fd < 0)
		return BRIDGE_FAILED;
	status = BRIDGE_FAILED;
	if (!open_all(&b, o, argc, argv)) {
		b.response_max = o->flags & UICC_VIRT_READER_EXTENDED ?
				 UICC_VIRT_RESPONSE_EXT_MAX : UICC_VIRT_RESPONSE_MAX;
		status = bridge_end(&b, argc ? argv[0] : backend->name, bridge_loop(&b));
	}
	close(b.signal_fd);
	return status;
}
