// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A CCID reader by FunctionFS: what goes over its pipes, and the lies. See ucard.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/usb/functionfs.h>

#include "ucard.h"

static void die(const char *what)
{
	printf("Bail out! ucard: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void nap(unsigned int ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

void ucard_broken(struct ucard *u, const char *rule)
{
	/* Who is lied to may believe it. */
	if (u->lies[0].lie != UCARD_HONEST || u->desc.bMaxSlotIndex >= UCARD_SLOTS)
		return;
	printf("# CCID: the driver broke a rule: %s\n", rule);
	u->broken++;
}

/* --- transfers ------------------------------------------------------------------ */

/* Off the bus without a word. With @lock held. */
void ucard_leave(struct ucard *u)
{
	unsigned int i;

	u->up = false;
	u->irq_due = false;
	for (i = 0; i < u->n_slots; i++)
		ucard_slot_reset(&u->slots[i]);
	pthread_mutex_unlock(&u->lock);
	ucard_off(u);
	pthread_mutex_lock(&u->lock);
	pthread_cond_broadcast(&u->changed);
}

static void tear(struct ucard *u)
{
	u->torn++;
	ucard_leave(u);
}

/* A transfer has ended: is this where the cable is pulled? With @lock held. */
static bool transferred(struct ucard *u)
{
	int n = u->transfers++;

	if (n != u->tear_at || u->tear_half)
		return false;
	tear(u);
	return true;
}

/* Into a pipe, or none where the host has let go of it meanwhile. */
static bool push(struct ucard *u, int fd, const uint8_t *data, size_t len)
{
	ssize_t n;

	for (;;) {
		pthread_mutex_lock(&u->lock);
		if (u->stop || !u->up) {
			pthread_mutex_unlock(&u->lock);
			return false;
		}
		pthread_mutex_unlock(&u->lock);
		n = write(fd, data, len);
		if (n >= 0)
			return true;
		if (errno != EAGAIN && errno != EINTR)
			return false;
		nap(2);
	}
}

/* One message into the bulk pipe; with @lock held, which is dropped meanwhile. */
static void send_raw(struct ucard *u, const uint8_t *data, size_t len)
{
	bool half = u->answers++ == u->tear_at && u->tear_half;
	bool sent;

	pthread_mutex_unlock(&u->lock);
	pthread_mutex_lock(&u->in_lock);
	/* The first packet of several: who reads knows that there is more. */
	sent = push(u, u->in, data, half && len > u->mps ? u->mps : len);
	/* Whole packets are ended by an empty one. */
	if (sent && !half && len && len % u->mps == 0)
		push(u, u->in, data, 0);
	pthread_mutex_unlock(&u->in_lock);
	pthread_mutex_lock(&u->lock);
	if (half)
		tear(u);
	else if (sent)
		transferred(u);
}

static void halt(struct ucard *u, int fd)
{
	uint8_t byte = 0;

	/* Against its direction: FunctionFS halts the endpoint. */
	pthread_mutex_unlock(&u->lock);
	if (fd == u->in ? read(fd, &byte, 1) >= 0 : write(fd, &byte, 1) >= 0)
		printf("# ucard: a pipe does not halt\n");
	pthread_mutex_lock(&u->lock);
}

/* --- answers, and lies ---------------------------------------------------------- */

static struct ucard_fault *fault_of(struct ucard *u, const struct ucard_message *m)
{
	struct ucard_fault *found = NULL;
	unsigned int i, n;

	for (i = 0; i < UCARD_LIES; i++) {
		struct ucard_fault *f = &u->lies[i];

		if (f->lie == UCARD_HONEST || f->lie == UCARD_STALL_OUT || (f->type && f->type != m->type) ||
		    (f->slot >= 0 && f->slot != m->slot))
			continue;
		/* What is not there cannot be pulled out. */
		if ((f->lie == UCARD_PULL || f->lie == UCARD_PULL_SILENT) &&
		    (m->slot >= u->n_slots || !u->slots[m->slot].present))
			continue;
		n = f->seen++;
		if (!found && n >= f->at && n - f->at < (f->count ? f->count : 1))
			found = f;
	}
	return found;
}

static size_t pack(uint8_t *out, const struct ucard_message *m, const struct ucard_reply *r)
{
	out[0] = r->type;
	out[1] = r->len;
	out[2] = r->len >> 8;
	out[3] = r->len >> 16;
	out[4] = r->len >> 24;
	out[5] = m->slot;
	out[6] = m->seq;
	out[7] = r->status;
	out[8] = r->error;
	out[9] = r->param;
	if (r->len)
		memcpy(out + 10, r->data, r->len);
	return 10 + r->len;
}

static void extend_time(struct ucard *u, const struct ucard_message *m, uint8_t type, int times)
{
	struct ucard_reply r = { .type = type, .status = 0x80, .error = 1 };
	const struct ucard_slot *s = &u->slots[m->slot];
	unsigned int aborts = s->aborts;
	uint8_t raw[16];
	int i;

	for (i = 0; (times < 0 || i < times) && u->up && !u->stop && !s->aborting && aborts == s->aborts;
	     i++) {
		send_raw(u, raw, pack(raw, m, &r));
		pthread_mutex_unlock(&u->lock);
		nap(20);
		pthread_mutex_lock(&u->lock);
	}
}

/* Lies that change a byte or the length. Returns the new length. */
static size_t twist(const struct ucard_fault *f, uint8_t *raw, size_t len)
{
	uint32_t n = raw[1] | raw[2] << 8 | raw[3] << 16 | (uint32_t)raw[4] << 24;
	size_t i;

	switch (f->lie) {
	case UCARD_OTHER_SLOT:
		raw[5] += f->arg;
		return len;
	case UCARD_OTHER_SEQ:
		raw[6] += f->arg;
		return len;
	case UCARD_OTHER_TYPE:
		raw[0] = f->arg;
		return len;
	case UCARD_OTHER_LENGTH:
	case UCARD_PADDED:
		n += f->arg;
		for (i = 0; i < 4; i++)
			raw[1 + i] = n >> 8 * i;
		if (f->lie == UCARD_PADDED) {
			memset(raw + len, 0x5a, f->arg);
			len += f->arg;
		}
		return len;
	case UCARD_CUT:
		return len < (size_t)f->arg ? len : (size_t)f->arg;
	case UCARD_ERROR:
		raw[7] = (raw[7] & 3) | 0x40;
		raw[8] = f->arg;
		memset(raw + 1, 0, 4);
		return 10;
	case UCARD_STATUS:
		raw[7] = f->arg;
		return len;
	case UCARD_PARAM:
		raw[9] = f->arg;
		return len;
	case UCARD_RUBBISH:
		for (i = 0; i < (size_t)f->arg; i++)
			raw[i] = 91 * i + 17;
		return f->arg;
	default:
		return len;
	}
}

static size_t pull_card(struct ucard *u, const struct ucard_message *m, uint8_t *raw)
{
	struct ucard_reply r = {
		.type = m->type == CCID_XFR_BLOCK || m->type == CCID_POWER_ON ? CCID_IS_DATA :
			CCID_IS_STATUS,
		.status = 0x42, .error = 0xfe,
	};
	struct ucard_slot *s = &u->slots[m->slot];

	s->present = false;
	s->changed = true;
	ucard_slot_reset(s);
	u->irq_due = true;
	pthread_cond_broadcast(&u->changed);
	return pack(raw, m, &r);
}

void ucard_reply(struct ucard *u, const struct ucard_message *m, const struct ucard_reply *r)
{
	static const struct ucard_fault none;
	const struct ucard_fault *f = fault_of(u, m);
	uint8_t *raw = calloc(1, 2 * UCARD_DATA_MAX);
	size_t len;

	if (!raw)
		die("no memory");
	if (!f)
		f = &none;
	len = twist(f, raw, pack(raw, m, r));
	switch (f->lie) {
	case UCARD_SILENT:
		goto out;
	case UCARD_LATE:
		memcpy(u->late, raw, len);
		u->n_late = len;
		goto out;
	case UCARD_PULL:
	case UCARD_PULL_SILENT:
		len = pull_card(u, m, raw);
		if (f->lie == UCARD_PULL_SILENT)
			goto out;
		break;
	case UCARD_UNPLUG:
		tear(u);
		goto out;
	case UCARD_STALL_IN:
		halt(u, u->in);
		goto out;
	case UCARD_TIME:
		extend_time(u, m, r->type, f->arg);
		break;
	case UCARD_TWICE:
		send_raw(u, raw, len);
		break;
	default:
		break;
	}
	if (u->n_late) {
		send_raw(u, u->late, u->n_late);
		u->n_late = 0;
	}
	send_raw(u, raw, len);
out:
	free(raw);
}

/* --- messages from the host ------------------------------------------------------ */

static void refuse(struct ucard *u, const struct ucard_message *m, uint8_t error)
{
	struct ucard_reply r = { .type = CCID_IS_STATUS, .status = 0x42, .error = error };

	switch (m->type) {
	case CCID_POWER_ON:
	case CCID_XFR_BLOCK:
		r.type = CCID_IS_DATA;
		break;
	case CCID_GET_PARAMETERS:
	case CCID_SET_PARAMETERS:
	case CCID_RESET_PARAMETERS:
		r.type = CCID_IS_PARAMETERS;
		break;
	}
	ucard_reply(u, m, &r);
}

/* To the thread of its slot; with @lock held. */
static void dispatch(struct ucard *u, const struct ucard_message *m)
{
	struct ucard_slot *s;

	if (u->messages++ && m->seq == u->last_seq)
		ucard_broken(u, "the same bSeq twice");
	u->last_seq = m->seq;
	if (m->slot >= u->n_slots) {
		ucard_broken(u, "a slot that there is not");
		refuse(u, m, 5);
		return;
	}
	s = &u->slots[m->slot];
	/* An abort is for the slot that is busy. */
	if (s->busy && m->type != CCID_ABORT) {
		ucard_broken(u, "a message to a busy slot");
		refuse(u, m, 0xe0);
		return;
	}
	if (m->type == CCID_ABORT) {
		s->busy = false;
		ucard_slot_message(s, m);
		return;
	}
	s->work = *m;
	s->busy = true;
	pthread_cond_broadcast(&u->changed);
}

void *ucard_slot_thread(void *arg)
{
	struct ucard_slot *s = arg;
	struct ucard *u = s->u;
	struct ucard_message *m = malloc(sizeof(*m));
	unsigned int aborts;

	pthread_mutex_lock(&u->lock);
	while (!u->stop && m) {
		if (!s->busy) {
			pthread_cond_wait(&u->changed, &u->lock);
			continue;
		}
		*m = s->work;
		aborts = s->aborts;
		if (s->think_ms) {
			pthread_mutex_unlock(&u->lock);
			nap(s->think_ms);
			pthread_mutex_lock(&u->lock);
		}
		if (aborts != s->aborts)
			continue;
		/* It is free for the next message before its answer can be read. */
		s->busy = false;
		ucard_slot_message(s, m);
	}
	pthread_mutex_unlock(&u->lock);
	free(m);
	return NULL;
}

/* Until the host has configured the device; false: the end. */
static bool wait_up(struct ucard *u)
{
	bool up;

	pthread_mutex_lock(&u->lock);
	while (!u->stop && !u->up)
		pthread_cond_wait(&u->changed, &u->lock);
	up = !u->stop;
	pthread_mutex_unlock(&u->lock);
	return up;
}

static void got_message(struct ucard *u, struct ucard_message *m, const uint8_t *raw, size_t len)
{
	unsigned int i;

	pthread_mutex_lock(&u->lock);
	m->type = raw[0];
	m->len = raw[1] | raw[2] << 8 | raw[3] << 16 | (uint32_t)raw[4] << 24;
	m->slot = raw[5];
	m->seq = raw[6];
	memcpy(m->p, raw + 7, 3);
	if (m->len != len - 10)
		ucard_broken(u, "dwLength is not what comes");
	memcpy(m->data, raw + 10, len - 10);
	if (len > u->desc.dwMaxCCIDMessageLength)
		ucard_broken(u, "longer than dwMaxCCIDMessageLength");
	if (!transferred(u))
		dispatch(u, m);
	/* The pipe halts when this message is through: the next one meets that. */
	for (i = 0; i < UCARD_LIES; i++) {
		struct ucard_fault *f = &u->lies[i];

		if (f->lie == UCARD_STALL_OUT && (!f->type || f->type == m->type) &&
		    f->seen++ == f->at)
			halt(u, u->out);
	}
	pthread_mutex_unlock(&u->lock);
}

/* Packet by packet: a message ends where its length says, or with a short one. */
/*
 * What happened to the device before this message came is done first, also when the
 * other thread is late with it: else a card would lose the power that it was just given.
 */
static void await_events(struct ucard *u)
{
	struct pollfd fd = { u->ep0, POLLIN, 0 };
	bool busy;
	int i;

	for (i = 0; i < 2000; i++) {
		/* In this order: it says so before it takes an event out. */
		busy = poll(&fd, 1, 0) > 0;
		pthread_mutex_lock(&u->lock);
		busy |= u->in_event;
		busy &= !u->stop;
		pthread_mutex_unlock(&u->lock);
		if (!busy)
			return;
		nap(1);
	}
}

void *ucard_reader_thread(void *arg)
{
	struct ucard *u = arg;
	struct ucard_message *m = malloc(sizeof(*m));
	static uint8_t raw[UCARD_DATA_MAX + 10];
	size_t have = 0, want;
	ssize_t n;

	while (m && wait_up(u)) {
		n = read(u->out, raw + have, u->mps);
		if (n < 0) {
			have = 0;
			nap(2);
			continue;
		}
		/* An empty packet ends a message of whole ones. */
		if (!n && !have)
			continue;
		have += n;
		want = have < 10 ? 10 :
		       10 + (raw[1] | raw[2] << 8 | raw[3] << 16 | (size_t)raw[4] << 24);
		if (have < want && (size_t)n == u->mps && have + u->mps <= sizeof(raw))
			continue;
		await_events(u);
		if (have >= 10) {
			got_message(u, m, raw, have);
		} else {
			pthread_mutex_lock(&u->lock);
			ucard_broken(u, "a message without a header");
			pthread_mutex_unlock(&u->lock);
		}
		have = 0;
	}
	free(m);
	return NULL;
}

/* --- interrupts ------------------------------------------------------------------ */

static size_t slot_change(struct ucard *u, uint8_t *out)
{
	unsigned int i;

	memset(out, 0, 4);
	out[0] = 0x50;
	for (i = 0; i < u->n_slots; i++) {
		struct ucard_slot *s = &u->slots[i];

		out[1 + i / 4] |= (s->present | s->changed << 1) << 2 * (i % 4);
		s->changed = false;
	}
	return 1 + (u->n_slots + 3) / 4;
}

void *ucard_interrupt_thread(void *arg)
{
	struct ucard *u = arg;
	uint8_t raw[8];
	size_t len;

	pthread_mutex_lock(&u->lock);
	while (!u->stop) {
		if (!u->irq_due || !u->up) {
			pthread_cond_wait(&u->changed, &u->lock);
			continue;
		}
		u->irq_due = false;
		len = slot_change(u, raw);
		pthread_mutex_unlock(&u->lock);
		if (push(u, u->irq, raw, len)) {
			pthread_mutex_lock(&u->lock);
			u->notified++;
			transferred(u);
			pthread_cond_broadcast(&u->changed);
		} else {
			pthread_mutex_lock(&u->lock);
		}
	}
	pthread_mutex_unlock(&u->lock);
	return NULL;
}

bool ucard_interrupt(struct ucard *u, const void *data, size_t len)
{
	return push(u, u->irq, data, len);
}

/* --- control --------------------------------------------------------------------- */

static void control(struct ucard *u, const struct usb_ctrlrequest *c)
{
	uint32_t clock[] = { u->desc.dwDefaultClock, u->desc.dwMaximumClock };
	uint32_t rates[] = { u->desc.dwDataRate, u->desc.dwMaxDataRate };
	unsigned int slot = c->wValue & 0xff;
	uint8_t byte;

	if (c->bRequestType == 0x21 && c->bRequest == 1 && slot < u->n_slots) {
		pthread_mutex_lock(&u->lock);
		u->control_aborts++;
		u->slots[slot].aborting = true;
		u->slots[slot].abort_seq = c->wValue >> 8;
		pthread_mutex_unlock(&u->lock);
		if (read(u->ep0, &byte, 0) < 0)
			printf("# ucard: control: %s\n", strerror(errno));
	} else if (c->bRequestType == 0xa1 && (c->bRequest == 2 || c->bRequest == 3)) {
		size_t len = sizeof(clock) < c->wLength ? sizeof(clock) : c->wLength;

		if (write(u->ep0, c->bRequest == 2 ? clock : rates, len) < 0)
			printf("# ucard: control: %s\n", strerror(errno));
	} else if (c->bRequestType & 0x80 ? read(u->ep0, &byte, 0) < 0 :
			write(u->ep0, &byte, 0) < 0) {
		return;	/* refused: that is what these do */
	}
}

static void configured(struct ucard *u)
{
	unsigned int i;

	u->up = true;
	u->enabled++;
	u->messages = 0;
	u->n_late = 0;
	u->mps = u->full_speed ? 64 : 512;
	for (i = 0; i < u->n_slots; i++) {
		ucard_slot_reset(&u->slots[i]);
		u->slots[i].changed = u->slots[i].present;
		u->irq_due |= u->slots[i].present && !u->quiet;
	}
}

static void on_event(struct ucard *u, const struct usb_functionfs_event *e)
{
	if (e->type == FUNCTIONFS_SETUP) {
		control(u, &e->u.setup);
		return;
	}
	pthread_mutex_lock(&u->lock);
	switch (e->type) {
	case FUNCTIONFS_ENABLE:
		configured(u);
		break;
	case FUNCTIONFS_DISABLE:
	case FUNCTIONFS_UNBIND:
		u->up = false;
		break;
	case FUNCTIONFS_SUSPEND:
		u->suspends++;
		break;
	case FUNCTIONFS_RESUME:
		u->resumes++;
		break;
	}
	pthread_cond_broadcast(&u->changed);
	pthread_mutex_unlock(&u->lock);
}

static void in_event(struct ucard *u, bool yes)
{
	pthread_mutex_lock(&u->lock);
	u->in_event = yes;
	pthread_mutex_unlock(&u->lock);
}

void *ucard_event_thread(void *arg)
{
	struct ucard *u = arg;
	struct pollfd fds[2] = { { u->ep0, POLLIN, 0 }, { u->stop_pipe[0], POLLIN, 0 } };
	struct usb_functionfs_event e;

	while (poll(fds, 2, -1) >= 0 && !fds[1].revents) {
		in_event(u, true);
		if (read(u->ep0, &e, sizeof(e)) == sizeof(e))
			on_event(u, &e);
		else
			nap(2);
		in_event(u, false);
	}
	return NULL;
}
