// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A card with a few files behind /dev/uicc-virt. See mcard.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <linux/uicc_virt.h>

#include "mcard.h"
#include "vcard.h"

#define MF	0

enum { TRANSPARENT = 0x41, LINEAR = 0x42, CYCLIC = 0x46, OBJECTS = 0x79, DF = 0x78 };

static const uint8_t pkcs15[] = { 0xa0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5' };

/* The content of a file is made from its FID: byte i is FID + i. */
static const struct mfile {
	uint16_t fid;
	uint8_t parent;
	uint8_t type;
	uint16_t size;
	uint8_t record;		/* bytes of one */
} files[] = {
	{ 0x3f00, MF, DF, 0, 0 },
	{ 0x2f00, MF, LINEAR, 64, 32 },
	{ 0x2fe2, MF, TRANSPARENT, 10, 0 },
	{ 0x7f10, MF, DF, 0, 0 },		/* 3: also the PKCS#15 application */
	{ 0x5031, 3, TRANSPARENT, 32, 0 },
	{ 0x6432, 3, TRANSPARENT, 600, 0 },
	{ 0x7f20, MF, DF, 0, 0 },		/* 6 */
	{ 0x6f07, 6, CYCLIC, 40, 10 },
	{ 0x6f40, 6, OBJECTS, 0, 0 },
	{ 0x2f06, MF, LINEAR, 12, 12 },		/* 9 */
};

#define ARR	9

/* EF(ARR), record 1: read always, update never (TS 102 221 9.2.7). */
static const uint8_t arr[12] = {
	0x80, 0x01, 0x01, 0x90, 0x00, 0x80, 0x01, 0x02, 0x97, 0x00, 0xff, 0xff,
};

/* The objects of 6F40, and the list of their tags. */
static const uint8_t objects[][6] = {
	{ 0x5c, 2, 0x80, 0x81 }, { 0x80, 4, 1, 2, 3, 4 }, { 0x81, 1, 5 },
};

#define N_FILES		(sizeof(files) / sizeof(files[0]))
#define APPLICATION	3

const char * const mcard_paths[] = {
	"a000000063504b43532d3135.5031", "3f00.2f00", "3f00.2fe2", "3f00.7f50.5031",
	"a000000063504b43532d3135.6432", "3f00.7f20.6f07", "3f00.7f20.6f40",
	"3f00.7f20.6f99",
};
const unsigned int mcard_n_paths = sizeof(mcard_paths) / sizeof(mcard_paths[0]);

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static int find(unsigned int parent, uint16_t fid)
{
	unsigned int i;

	for (i = 1; i < N_FILES; i++)
		if (files[i].parent == parent && files[i].fid == fid)
			return i;
	return -1;
}

static unsigned int sw(uint8_t *out, uint16_t word)
{
	out[0] = word >> 8;
	out[1] = word;
	return 2;
}

static void take(struct mcard *c, unsigned int i)
{
	c->ef = files[i].type == DF ? 0 : i;
	c->df = files[i].type == DF ? i : files[i].parent;
}

static unsigned int fcp(const struct mfile *f, uint8_t *out)
{
	unsigned int n = 2;

	out[n++] = 0x82;
	out[n++] = f->record ? 5 : 2;
	out[n++] = f->type;
	out[n++] = 0x21;
	if (f->record) {
		out[n++] = 0;
		out[n++] = f->record;
		out[n++] = f->size / f->record;
	}
	memcpy(out + n, (uint8_t []){ 0x83, 2, f->fid >> 8, f->fid, 0x8a, 1, 5 }, 7);
	n += 7;
	if (f->type != DF) {
		memcpy(out + n, (uint8_t []){ 0x80, 2, f->size >> 8, f->size, 0x88, 0 }, 6);
		n += 6;
		memcpy(out + n, (uint8_t []){ 0x8b, 3, files[ARR].fid >> 8, files[ARR].fid, 1 }, 5);
		n += 5;
	}
	out[0] = 0x62;
	out[1] = n - 2;
	return n;
}

/* Which file a SELECT names; -1 when it is not there. */
static int selects(const struct mcard *c, const uint8_t *cmd)
{
	const uint8_t *data = cmd + 5;
	unsigned int i, len = cmd[4];
	int at = MF;

	switch (cmd[2]) {
	case 0x04:
		return len <= sizeof(pkcs15) && !memcmp(data, pkcs15, len) ? APPLICATION : -1;
	case 0x08:
		for (i = 0; i + 1 < len && at >= 0; i += 2)
			at = data[i] == 0x7f && data[i + 1] == 0xff ?
				APPLICATION : find(at, data[i] << 8 | data[i + 1]);
		return at;
	case 0x00:
		if (len != 2)
			return -1;
		if (data[0] == 0x3f && !data[1])
			return MF;
		at = find(c->df, data[0] << 8 | data[1]);
		return at >= 0 ? at : find(MF, data[0] << 8 | data[1]);
	}
	return -1;
}

static unsigned int do_select(struct mcard *c, const uint8_t *cmd, uint8_t *out)
{
	int at = selects(c, cmd);

	if (at < 0)
		return sw(out, 0x6a82);
	take(c, at);
	if (cmd[3] & 0x08)
		return sw(out, 0x9000);
	c->n_pending = fcp(&files[at], c->pending);
	return sw(out, 0x6100 | c->n_pending);
}

static unsigned int content(const struct mfile *f, unsigned int from, unsigned int len, uint8_t *out)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		out[i] = f->fid + from + i;
	return len + sw(out + len, 0x9000);
}

static unsigned int do_read(const struct mcard *c, const uint8_t *cmd, uint8_t *out)
{
	const struct mfile *f = &files[c->ef];
	unsigned int from, len = cmd[4] ?: 256;

	if (!c->ef)
		return sw(out, 0x6986);
	if (cmd[1] == 0xb0) {
		from = cmd[2] << 8 | cmd[3];
		if (f->type != TRANSPARENT)
			return sw(out, 0x6981);
		if (from >= f->size)
			return sw(out, 0x6b00);
		if (from + len > f->size)
			return sw(out, 0x6c00 | (f->size - from));
		return content(f, from, len, out);
	}
	if (!f->record || (cmd[3] & 7) != 4)
		return sw(out, 0x6981);
	if (!cmd[2] || cmd[2] > f->size / f->record)
		return sw(out, 0x6a83);
	if (len != f->record)
		return sw(out, 0x6c00 | f->record);
	if (c->ef == ARR) {
		memcpy(out, arr, sizeof(arr));
		return sizeof(arr) + sw(out + sizeof(arr), 0x9000);
	}
	return content(f, (cmd[2] - 1) * f->record, len, out);
}

/* RETRIEVE DATA, TS 102 221 11.3.1: each object fits in one block. */
static unsigned int do_retrieve(struct mcard *c, const uint8_t *cmd, uint8_t *out)
{
	unsigned int i;

	if (files[c->ef].type != OBJECTS)
		return sw(out, 0x6981);
	for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		if (cmd[4] != 1 || cmd[5] != objects[i][0])
			continue;
		c->n_pending = 2 + objects[i][1];
		memcpy(c->pending, objects[i], c->n_pending);
		return sw(out, 0x6100 | c->n_pending);
	}
	return sw(out, 0x6a88);
}

static unsigned int answer(struct mcard *c, const uint8_t *cmd, uint8_t *out)
{
	unsigned int n;

	switch (cmd[1]) {
	case 0xa4:
		return do_select(c, cmd, out);
	case 0xb0:
	case 0xb2:
		return do_read(c, cmd, out);
	case 0x20:	/* a PIN's state; any PIN will do */
		return sw(out, cmd[4] ? 0x9000 : 0x63c3);
	case 0xcb:
		return do_retrieve(c, cmd, out);
	case 0xc0:
		n = cmd[4] && cmd[4] < c->n_pending ? cmd[4] : c->n_pending;
		memcpy(out, c->pending, n);
		c->n_pending = 0;
		return n + sw(out + n, 0x9000);
	}
	return sw(out, 0x6d00);
}

/* Returns the length of the answer, 0 for none. */
static unsigned int torn(struct mcard *c, const uint8_t *cmd, uint8_t *out)
{
	uint8_t atr[40];
	unsigned int i, n;

	c->torn++;
	switch (c->tear) {
	case MCARD_REMOVE:
		vcard_send(c->fd, UICC_VIRT_REMOVE, 0, NULL, 0);
		return 0;
	case MCARD_MUTE:
		return 0;
	case MCARD_GARBAGE:
		return sw(out, 0x1234);
	case MCARD_NOISE:
		/* No more than asked: more is a lie of another kind. */
		n = cmd[1] == 0xa4 ? 2 : cmd[4] ?: 256;
		for (i = 0; i < n; i++)
			out[i] = 37 * i + c->commands;
		return n + sw(out + n, 0x9000);
	case MCARD_RESET:
		vcard_send(c->fd, UICC_VIRT_INSERT, 0, atr, vcard_unhex(atr, sizeof(atr), VCARD_ATR));
		return 0;
	}
	return 0;
}

static void message(struct mcard *c, const struct uicc_virt_msg *head, const uint8_t *p)
{
	uint8_t out[UICC_VIRT_RESPONSE_MAX + 2];
	unsigned int n;

	switch (head->type) {
	case UICC_VIRT_REGISTERED:
		memcpy(&c->slot, p, sizeof(c->slot));
		snprintf(c->dir, sizeof(c->dir), "/sys/class/uicc/uicc%u.card", c->slot);
		break;
	case UICC_VIRT_RESET:
		c->resets++;
		c->df = c->ef = c->n_pending = 0;
		if (!c->silent)
			vcard_send(c->fd, UICC_VIRT_ATR, head->seq, out,
				   vcard_unhex(out, sizeof(out), VCARD_ATR));
		break;
	case UICC_VIRT_COMMAND:
		n = 0;
		if (c->tear_at >= 0 && c->commands == (unsigned int)c->tear_at)
			n = torn(c, p, out);
		else if (!c->silent)
			n = answer(c, p, out);
		c->commands++;
		if (n)
			vcard_send(c->fd, UICC_VIRT_RESPONSE, head->seq, out, n);
		break;
	}
	pthread_cond_broadcast(&c->changed);
}

static void *mcard_thread(void *arg)
{
	struct mcard *c = arg;
	struct pollfd fds[2] = { { c->fd, POLLIN, 0 }, { c->stop[0], POLLIN, 0 } };
	uint8_t buf[UICC_VIRT_MSG_MAX];
	struct uicc_virt_msg head;
	ssize_t n;

	for (;;) {
		if (poll(fds, 2, -1) < 0 || fds[1].revents)
			return NULL;
		n = read(c->fd, buf, sizeof(buf));
		if (n < (ssize_t)sizeof(head))
			return NULL;
		memcpy(&head, buf, sizeof(head));
		pthread_mutex_lock(&c->lock);
		message(c, &head, buf + sizeof(head));
		pthread_mutex_unlock(&c->lock);
	}
}

/* Waits up to 20 s for the reader to be registered, or for @n commands. */
static bool wait_for(struct mcard *c, bool registered, unsigned int n)
{
	struct timespec until;
	bool ok;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	pthread_mutex_lock(&c->lock);
	while (!(ok = registered ? c->dir[0] : c->commands >= n))
		if (pthread_cond_timedwait(&c->changed, &c->lock, &until))
			break;
	pthread_mutex_unlock(&c->lock);
	return ok;
}

bool mcard_wait_commands(struct mcard *c, unsigned int n)
{
	return wait_for(c, false, n);
}

struct mcard *mcard_new(const char *name)
{
	struct uicc_virt_reader reader = { 0 };
	struct mcard *c = calloc(1, sizeof(*c));
	int dev = open("/dev/uicc-virt", O_RDWR | O_CLOEXEC);

	if (!c || dev < 0)
		die("/dev/uicc-virt");
	snprintf(reader.name, sizeof(reader.name), "%s", name);
	c->fd = ioctl(dev, UICC_VIRT_IOC_NEW_READER, &reader);
	if (c->fd < 0 || pipe2(c->stop, O_CLOEXEC))
		die("new reader");
	close(dev);
	c->tear_at = -1;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	if (pthread_create(&c->thread, NULL, mcard_thread, c))
		die("thread");
	if (!wait_for(c, true, 0))
		die("no REGISTERED");
	return c;
}

void mcard_free(struct mcard *c)
{
	char slot[64];

	if (write(c->stop[1], "", 1) != 1)
		die("pipe");
	pthread_join(c->thread, NULL);
	close(c->fd);
	close(c->stop[0]);
	close(c->stop[1]);
	snprintf(slot, sizeof(slot), "/sys/class/uicc/uicc%u", c->slot);
	if (!wait_path(slot, false))
		die("the slot stays");
	free(c);
}

void mcard_arm(struct mcard *c, enum mcard_tear tear, int at)
{
	pthread_mutex_lock(&c->lock);
	c->tear = tear;
	c->tear_at = at;
	c->commands = 0;
	c->torn = 0;
	pthread_mutex_unlock(&c->lock);
}

bool mcard_insert(struct mcard *c)
{
	uint8_t atr[40];
	char last[128];

	pthread_mutex_lock(&c->lock);
	c->df = c->ef = c->n_pending = 0;
	pthread_mutex_unlock(&c->lock);
	/* The directory comes before what is in it; this is the last of that. */
	snprintf(last, sizeof(last), "%s/ef-3f00.7f50.5031/fcp", c->dir);
	return !vcard_send(c->fd, UICC_VIRT_INSERT, 0, atr, vcard_unhex(atr, sizeof(atr), VCARD_ATR)) &&
	       wait_path(last, true);
}

bool mcard_remove(struct mcard *c)
{
	return !vcard_send(c->fd, UICC_VIRT_REMOVE, 0, NULL, 0) && wait_path(c->dir, false);
}
