// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A card with a few files, for the reader of a vcard. See mcard.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcard.h"

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

static void forget(struct mcard *c)
{
	c->df = c->ef = c->n_pending = 0;
}

/* Returns the length of the answer, 0 for none. */
static unsigned int torn(struct mcard *c, const uint8_t *cmd, uint8_t *out)
{
	unsigned int i, n;

	c->torn++;
	switch (c->tear) {
	case MCARD_REMOVE:
		vcard_send(c->reader->fd, UICC_VIRT_REMOVE, 0, NULL, 0);
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
		forget(c);
		vcard_insert_raw(c->reader, c->reader->atr);
		return 0;
	}
	return 0;
}

/* The program of the vcard, whose lock is held. */
static size_t program(struct vcard *v, const uint8_t *cmd, size_t len, uint8_t *out)
{
	struct mcard *c = v->priv;
	size_t n;

	(void)len;
	if (c->resets != v->resets)
		forget(c);
	c->resets = v->resets;
	if (c->tear_at >= 0 && c->commands == (unsigned int)c->tear_at)
		n = torn(c, cmd, out);
	else
		n = answer(c, cmd, out);
	c->commands++;
	return n;
}

struct mcard *mcard_new(const char *name)
{
	struct mcard *c = calloc(1, sizeof(*c));

	if (!c) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	c->reader = vcard_new(name);
	c->reader->priv = c;
	c->reader->program = program;
	c->dir = c->reader->dir;
	c->slot = c->reader->slot;
	c->tear_at = -1;
	return c;
}

void mcard_free(struct mcard *c)
{
	vcard_free(c->reader);
	free(c);
}

void mcard_arm(struct mcard *c, enum mcard_tear tear, int at)
{
	pthread_mutex_lock(&c->reader->lock);
	c->tear = tear;
	c->tear_at = at;
	c->commands = 0;
	c->torn = 0;
	pthread_mutex_unlock(&c->reader->lock);
}

bool mcard_insert(struct mcard *c)
{
	pthread_mutex_lock(&c->reader->lock);
	forget(c);
	pthread_mutex_unlock(&c->reader->lock);
	return vcard_insert(c->reader);
}

bool mcard_remove(struct mcard *c)
{
	return vcard_remove(c->reader);
}
