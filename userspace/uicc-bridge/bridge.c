// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reader's side of a bridge: messages of /dev/uicc-virt in, requests to the
 * backend out, and the waiting times. It knows no backend from another.
 */
#include "bridge.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kernel/virt_reader.h"
#include "util/log.h"

enum waiting { WAIT_NOTHING, WAIT_FIRST_ATR, WAIT_ATR, WAIT_RESPONSE };

struct bridge {
	const struct bridge_backend *backend;
	void *ctx;
	int fd;
	unsigned int answer_ms;
	size_t response_max;
	enum waiting waiting;
	uint32_t seq;
	uint64_t deadline_ms;
	bool inserted;
	/*
	 * A request was given up and its answer may still come. Until it does, or
	 * a reset, no other command is sent: its answer would be taken for that one.
	 */
	bool stale;
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
	b->seq = seq;
	b->deadline_ms = now_ms() + b->answer_ms;
	return 0;
}

static void give_up(struct bridge *b)
{
	if (b->waiting != WAIT_NOTHING)
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
		return ask(b, WAIT_FIRST_ATR, 0, NULL, 0);
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
	if (!b->stale)
		log_warn("%zu bytes came unasked and are dropped", n);
	b->stale = false;
	return 0;
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

static int drain_reader(struct bridge *b)
{
	for (;;) {
		struct virt_msg m;
		int err = reader_error(virt_reader_recv(b->fd, &m));

		if (!err)
			err = on_message(b, &m);
		if (err)
			return err;
	}
}

static int drain_backend(struct bridge *b)
{
	for (;;) {
		uint8_t data[BRIDGE_FRAME_MAX];
		int n = b->backend->receive(b->ctx, data);

		if (n < 0)
			return n;
		n = on_answer(b, data, (size_t)n);
		if (n < 0)
			return n;
	}
}

static int wait_ms(const struct bridge *b)
{
	uint64_t now = now_ms();

	if (b->waiting == WAIT_NOTHING)
		return -1;
	return b->deadline_ms > now ? (int)(b->deadline_ms - now) : 0;
}

/* Returns -EPIPE when the card is gone, -ENODEV when the reader is, or what failed. */
static int bridge_loop(struct bridge *b)
{
	for (;;) {
		struct pollfd fds[1 + BRIDGE_FDS_MAX] = { { .fd = b->fd, .events = POLLIN } };
		int card[BRIDGE_FDS_MAX], n, err;

		b->backend->fds(b->ctx, card);
		for (int i = 0; i < BRIDGE_FDS_MAX; i++)
			fds[1 + i] = (struct pollfd){ .fd = card[i], .events = POLLIN };
		n = poll(fds, 1 + BRIDGE_FDS_MAX, wait_ms(b));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (fds[1].revents || fds[2].revents) {
			err = drain_backend(b);
			if (err != -EAGAIN)
				return err;
		}
		if (fds[0].revents) {
			err = drain_reader(b);
			/* A reader that only reports an error has nothing to read. */
			if (err == -EAGAIN && !(fds[0].revents & POLLIN))
				return -ENODEV;
			if (err != -EAGAIN)
				return err;
		}
		if (b->waiting != WAIT_NOTHING && now_ms() >= b->deadline_ms) {
			err = on_timeout(b);
			if (err)
				return err;
		}
	}
}

int bridge_run(const struct bridge_backend *backend, const struct bridge_options *o, int argc,
	       char **argv)
{
	struct bridge b = { .backend = backend, .answer_ms = o->answer_ms };
	int err, status;

	b.response_max = o->flags & UICC_VIRT_READER_EXTENDED ? UICC_VIRT_RESPONSE_EXT_MAX :
								UICC_VIRT_RESPONSE_MAX;
	if (o->reader_fd >= 0) {
		err = virt_reader_adopt(o->reader_fd);
		b.fd = err ? err : o->reader_fd;
	} else {
		b.fd = virt_reader_open(o->reader, o->flags);
	}
	if (b.fd < 0) {
		log_err("%s", virt_reader_hint(b.fd));
		return BRIDGE_FAILED;
	}
	err = backend->open(&b.ctx, argc, argv);
	if (err) {
		close(b.fd);
		return BRIDGE_FAILED;
	}
	err = bridge_loop(&b);
	if (err == -ENODEV)
		log_err("the reader is gone");
	else if (err != -EPIPE)
		log_err("%s: %s", argv[0], strerror(-err));
	/* Fails only when the reader is gone already, and the card with it. */
	if (b.inserted && tell(&b, UICC_VIRT_REMOVE, 0, NULL, 0))
		log_debug("the reader did not take the removal");
	status = backend->close(b.ctx);
	close(b.fd);
	return err == -EPIPE ? status : BRIDGE_FAILED;
}
