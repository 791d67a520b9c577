// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `simcard serve`: the card behind a /dev/uicc-virt reader, steered by a control
 * socket. It keeps nothing outside the process: when it dies its descriptor
 * closes, and with it the reader is gone.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "card.h"
#include "control.h"
#include "kernel/virt_reader.h"
#include "simcard.h"
#include "util/log.h"

struct server {
	int fd;
	struct control control;
	struct profile *profile;
	struct card card;
	unsigned int flags;	/* of the reader */
	bool registered;
	bool present;		/* the card is (or, before registration, will be) in the slot */
	bool mute;
	bool log;
	bool quit;
	uint64_t got_ns;	/* when the command at hand was received */
	uint64_t answer_ns;	/* sum, from receiving a command to having sent its answer */
	/* The answer that waits for its delay to pass. */
	struct {
		bool set;
		uint32_t seq;
		uint64_t due_ms, got_ns;
		uint8_t data[REPLY_MAX];
		size_t n;
	} late;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t now_ms(void)
{
	return now_ns() / 1000000;
}

static int send_answer(struct server *s, uint32_t seq, const uint8_t *data, size_t n,
		       uint64_t got_ns)
{
	int err = virt_reader_send(s->fd, UICC_VIRT_RESPONSE, seq, data, n);

	s->answer_ns += now_ns() - got_ns;
	return err;
}

static int send_insert(struct server *s)
{
	uint8_t atr[ATR_MAX];

	/* A mute card is inserted with its ATR as well; it falls silent behind it. */
	card_reset(&s->card, atr);
	return virt_reader_send(s->fd, UICC_VIRT_INSERT, 0, s->profile->atr, s->profile->atr_len);
}

static int on_reset(struct server *s, uint32_t seq)
{
	bool shared = s->flags & UICC_VIRT_READER_SHARED;
	uint8_t atr[ATR_MAX];
	size_t n;

	/* Who shares the card gets its ATR; the card goes on as it was. */
	n = shared ? card_atr(&s->card, atr) : card_reset(&s->card, atr);
	s->late.set = false;
	if (s->log)
		log_info("%s%s", shared ? "atr" : "reset", n && !s->mute ? "" : ", mute");
	if (!s->present || s->mute)
		n = 0;
	return virt_reader_send(s->fd, UICC_VIRT_ATR, seq, atr, n);
}

/* Never the data: a command may carry a PIN, an answer a subscriber's identity. */
static void log_command(const uint8_t *in, size_t n, const uint8_t *out, size_t len)
{
	const char *name = n > 1 ? ins_name(in[1]) : NULL;

	if (n < 4)
		log_info("a command of %zu bytes", n);
	else if (len >= 2)
		log_info("%02X%02X%02X%02X %-12s %3zu bytes -> %3zu bytes %02X%02X", in[0], in[1],
			 in[2], in[3], name ? name : "?", n, len - 2, out[len - 2], out[len - 1]);
	else
		log_info("%02X%02X%02X%02X %-12s %3zu bytes -> silence", in[0], in[1], in[2], in[3],
			 name ? name : "?", n);
}

static int on_command(struct server *s, const struct virt_msg *m)
{
	unsigned int delay_ms = 0;
	uint8_t out[REPLY_MAX];
	size_t n = 0;

	if (s->present && !s->mute)
		n = card_command(&s->card, m->data, m->len, out, &delay_ms);
	if (s->log)
		log_command(m->data, m->len, out, n);
	if (!n)
		return 0;
	if (!delay_ms)
		return send_answer(s, m->seq, out, n, s->got_ns);
	s->late.set = true;
	s->late.got_ns = s->got_ns;
	s->late.seq = m->seq;
	s->late.due_ms = now_ms() + delay_ms;
	memcpy(s->late.data, out, n);
	s->late.n = n;
	return 0;
}

static int on_message(struct server *s, const struct virt_msg *m)
{
	int slot;

	switch (m->type) {
	case UICC_VIRT_REGISTERED:
		slot = virt_msg_slot(m);
		if (slot < 0)
			return slot;
		printf("slot %d uicc%d\n", slot, slot);
		fflush(stdout);
		s->registered = true;
		return s->present ? send_insert(s) : 0;
	case UICC_VIRT_RESET:
		return on_reset(s, m->seq);
	case UICC_VIRT_COMMAND:
		return on_command(s, m);
	case UICC_VIRT_POWER_OFF:
		s->late.set = false;
		return 0;
	case UICC_VIRT_CANCEL:
		if (s->late.seq == m->seq)
			s->late.set = false;
		return 0;
	default:
		/* A newer kernel may say more than this program knows. */
		return 0;
	}
}

/* What the reader of this card says of itself. */
static unsigned int reader_flags(const struct profile *p, bool shared)
{
	return (p->apdu ? UICC_VIRT_READER_APDU : 0) |
	       (p->extended ? UICC_VIRT_READER_EXTENDED : 0) |
	       (p->shared || shared ? UICC_VIRT_READER_SHARED : 0);
}

/* Whether another card can be put into this reader. */
static bool reader_takes(unsigned int flags, const struct profile *p)
{
	unsigned int want = reader_flags(p, false);

	if (want & ~flags)
		return false;
	/* With APDUs a T=0 card must do its reader's part of T=0 too. */
	return p->protocol || !(flags & UICC_VIRT_READER_APDU) || p->apdu;
}

static void do_insert(struct server *s, const char *path, char *reply, size_t size)
{
	struct card_stats stats = s->card.stats;
	struct profile *p;
	char error[CONTROL_LINE_MAX / 2];
	int err = 0;

	if (s->present) {
		snprintf(reply, size, "error a card is in the slot already");
		return;
	}
	if (path) {
		p = malloc(sizeof(*p));
		if (!p || profile_load(p, path, error, sizeof(error))) {
			snprintf(reply, size, "error %s", p ? error : "out of memory");
			free(p);
			return;
		}
		if (!reader_takes(s->flags, p)) {
			snprintf(reply, size, "error that card needs a reader with other flags");
			profile_unload(p);
			return;
		}
		profile_unload(s->profile);
		s->profile = p;
		card_init(&s->card, p);
		s->card.stats = stats;
	}
	if (s->registered)
		err = send_insert(s);
	if (err) {
		snprintf(reply, size, "error %s", strerror(-err));
		return;
	}
	s->present = true;
	snprintf(reply, size, "ok inserted");
}

static void do_remove(struct server *s, char *reply, size_t size)
{
	int err = 0;

	if (!s->present) {
		snprintf(reply, size, "error no card is in the slot");
		return;
	}
	if (s->registered)
		err = virt_reader_send(s->fd, UICC_VIRT_REMOVE, 0, NULL, 0);
	if (err) {
		snprintf(reply, size, "error %s", strerror(-err));
		return;
	}
	s->present = false;
	s->late.set = false;
	snprintf(reply, size, "ok removed");
}

static void do_stats(const struct server *s, char *reply, size_t size)
{
	const struct card_stats *st = &s->card.stats;
	int used = snprintf(reply, size, "ok commands=%lu in=%lu out=%lu resets=%lu silent=%lu answer_ns=%llu",
			    st->commands, st->bytes_in, st->bytes_out, st->resets, st->silent,
			    (unsigned long long)s->answer_ns);

	for (int i = 0; i < 256 && used > 0 && (size_t)used < size; i++) {
		const char *name = ins_name((uint8_t)i);

		if (!st->ins[i])
			continue;
		if (name)
			used += snprintf(reply + used, size - (size_t)used, " %s=%lu", name,
					 st->ins[i]);
		else
			used += snprintf(reply + used, size - (size_t)used, " %02X=%lu",
					 (unsigned int)i, st->ins[i]);
	}
}

/* A command from elsewhere, the modem of a shared card say. */
static void do_command(struct server *s, const char *hex, char *reply, size_t size)
{
	uint8_t in[CONTROL_LINE_MAX / 2], out[REPLY_MAX];
	unsigned int delay_ms;
	size_t n = 0, used = 3;

	for (; hex && *hex; hex += 2) {
		if (n == sizeof(in) || sscanf(hex, "%2hhx", &in[n]) != 1 || !hex[1]) {
			n = 0;
			break;
		}
		n++;
	}
	if (!n) {
		snprintf(reply, size, "error a command in hex digits is missing");
		return;
	}
	n = card_command(&s->card, in, n, out, &delay_ms);
	if (!n || used + 2 * n >= size) {
		snprintf(reply, size, "error %s", n ? "a long answer" : "no answer");
		return;
	}
	strcpy(reply, "ok ");
	for (size_t i = 0; i < n; i++, used += 2)
		snprintf(reply + used, size - used, "%02X", out[i]);
}

static void run_line(void *ctx, char *line, char *reply, size_t size)
{
	struct server *s = ctx;
	char *argument = strchr(line, ' ');
	uint8_t atr[ATR_MAX];

	if (argument)
		*argument++ = '\0';
	if (!strcmp(line, "insert")) {
		do_insert(s, argument, reply, size);
	} else if (!strcmp(line, "command")) {
		do_command(s, argument, reply, size);
	} else if (argument) {
		snprintf(reply, size, "error \"%.32s\" takes nothing behind it", line);
	} else if (!strcmp(line, "remove")) {
		do_remove(s, reply, size);
	} else if (!strcmp(line, "mute") || !strcmp(line, "unmute")) {
		s->mute = line[0] == 'm';
		if (s->mute)
			s->late.set = false;
		snprintf(reply, size, "ok %s", s->mute ? "mute" : "answering");
	} else if (!strcmp(line, "reset")) {
		card_reset(&s->card, atr);
		snprintf(reply, size, "ok reset");
	} else if (!strcmp(line, "stats")) {
		do_stats(s, reply, size);
	} else if (!strcmp(line, "quit")) {
		s->quit = true;
		snprintf(reply, size, "ok leaving");
	} else {
		snprintf(reply, size, "error unknown word \"%.32s\"", line);
	}
}

/* Takes every waiting message. -EAGAIN when all is done. */
static int drain(struct server *s)
{
	for (;;) {
		struct virt_msg m;
		int err = virt_reader_recv(s->fd, &m);

		s->got_ns = now_ns();
		if (!err)
			err = on_message(s, &m);
		if (err)
			return err;
	}
}

static int serve_late(struct server *s)
{
	if (!s->late.set || now_ms() < s->late.due_ms)
		return 0;
	s->late.set = false;
	return send_answer(s, s->late.seq, s->late.data, s->late.n, s->late.got_ns);
}

static int wait_ms(const struct server *s)
{
	uint64_t now = now_ms();

	if (!s->late.set)
		return -1;
	return s->late.due_ms > now ? (int)(s->late.due_ms - now) : 0;
}

static int serve_loop(struct server *s)
{
	while (!s->quit) {
		struct pollfd fds[CONTROL_CLIENTS_MAX + 2];
		int err;

		fds[0] = (struct pollfd){ .fd = s->fd, .events = POLLIN };
		control_poll(&s->control, fds + 1);
		if (poll(fds, CONTROL_CLIENTS_MAX + 2, wait_ms(s)) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		err = fds[0].revents ? drain(s) : 0;
		if (err && err != -EAGAIN)
			return err;
		/* No progress is possible on a reader that only reports errors. */
		if (err == -EAGAIN && !(fds[0].revents & POLLIN))
			return -EPIPE;
		err = serve_late(s);
		if (err)
			return err;
		control_serve(&s->control, fds + 1, run_line, s);
	}
	return 0;
}

int serve_main(const struct serve_options *o)
{
	static struct server s;
	int err;

	s.profile = profile_or_complain(o->profile);
	if (!s.profile)
		return SIMCARD_FAILED;
	signal(SIGPIPE, SIG_IGN);
	card_init(&s.card, s.profile);
	s.present = !o->absent;
	s.log = o->log;
	s.flags = reader_flags(s.profile, o->shared);
	if (o->reader_fd >= 0) {
		err = virt_reader_adopt(o->reader_fd);
		s.fd = err ? err : o->reader_fd;
	} else {
		s.fd = virt_reader_open(o->reader, s.flags);
	}
	if (s.fd < 0) {
		fprintf(stderr, "simcard: %s\n", virt_reader_hint(s.fd));
		profile_unload(s.profile);
		return SIMCARD_FAILED;
	}
	err = control_open(&s.control, o->control);
	if (err) {
		fprintf(stderr, "simcard: %s: %s\n", o->control, strerror(-err));
	} else {
		err = serve_loop(&s);
		if (err)
			log_err("the reader is gone: %s", strerror(-err));
		control_close(&s.control);
	}
	close(s.fd);
	profile_unload(s.profile);
	return err ? SIMCARD_FAILED : SIMCARD_OK;
}
