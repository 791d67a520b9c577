// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A card with a few files. See chip.h.
 */
#include <stdbool.h>
#include <string.h>

#include "chip.h"

#define MF	0

enum { TRANSPARENT = 0x41, LINEAR = 0x42, CYCLIC = 0x46, OBJECTS = 0x79, DF = 0x78 };

static const uint8_t pkcs15[] = { 0xa0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5' };

/* The content of a file is made from its FID: byte i is FID + i. */
static const struct file {
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

const char * const chip_paths[] = {
	"a000000063504b43532d3135.5031", "3f00.2f00", "3f00.2fe2", "3f00.7f50.5031",
	"a000000063504b43532d3135.6432", "3f00.7f20.6f07", "3f00.7f20.6f40",
	"3f00.7f20.6f99",
};
const unsigned int chip_n_paths = sizeof(chip_paths) / sizeof(chip_paths[0]);

/* A command taken apart, and its answer. */
struct call {
	const uint8_t *head;	/* CLA INS P1 P2 */
	const uint8_t *data;
	size_t lc, le;		/* @le: 0 = none asked for */
	bool t0;
	uint8_t *out;
};

static int find(unsigned int parent, uint16_t fid)
{
	unsigned int i;

	for (i = 1; i < N_FILES; i++)
		if (files[i].parent == parent && files[i].fid == fid)
			return i;
	return -1;
}

static size_t sw(uint8_t *out, uint16_t word)
{
	out[0] = word >> 8;
	out[1] = word;
	return 2;
}

/* Data that a command with data asks for: T=0 has to fetch it. */
static size_t give(struct chip *c, struct call *call, const uint8_t *data, size_t len)
{
	if (!call->t0) {
		if (call->le && len > call->le)
			len = call->le;
		memcpy(call->out, data, len);
		return len + sw(call->out + len, 0x9000);
	}
	memcpy(c->pending, data, len);
	c->n_pending = len;
	return sw(call->out, 0x6100 | len);
}

static void take(struct chip *c, unsigned int i)
{
	c->ef = files[i].type == DF ? 0 : i;
	c->df = files[i].type == DF ? i : files[i].parent;
}

static unsigned int fcp(const struct file *f, uint8_t *out)
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
static int selects(const struct chip *c, const struct call *call)
{
	const uint8_t *data = call->data;
	size_t i, len = call->lc;
	int at = MF;

	switch (call->head[2]) {
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

static size_t do_select(struct chip *c, struct call *call)
{
	int at = selects(c, call);
	uint8_t info[64];

	if (at < 0)
		return sw(call->out, 0x6a82);
	take(c, at);
	if (call->head[3] & 0x08)
		return sw(call->out, 0x9000);
	return give(c, call, info, fcp(&files[at], info));
}

static size_t content(const struct file *f, size_t from, size_t len, uint8_t *out)
{
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = f->fid + from + i;
	return len + sw(out + len, 0x9000);
}

static size_t read_binary(const struct file *f, struct call *call)
{
	size_t from = call->head[2] << 8 | call->head[3], len = call->le;

	if (f->type != TRANSPARENT)
		return sw(call->out, 0x6981);
	if (from >= f->size)
		return sw(call->out, 0x6b00);
	if (from + len > f->size) {
		if (call->t0)
			return sw(call->out, 0x6c00 | (f->size - from));
		len = f->size - from;
	}
	return content(f, from, len, call->out);
}

static size_t read_record(const struct file *f, struct call *call)
{
	unsigned int number = call->head[2];

	if (!f->record || (call->head[3] & 7) != 4)
		return sw(call->out, 0x6981);
	if (!number || number > f->size / f->record)
		return sw(call->out, 0x6a83);
	if (call->t0 ? call->le != f->record : call->le < f->record)
		return sw(call->out, 0x6c00 | f->record);
	if (f == &files[ARR]) {
		memcpy(call->out, arr, sizeof(arr));
		return sizeof(arr) + sw(call->out + sizeof(arr), 0x9000);
	}
	return content(f, (number - 1) * f->record, f->record, call->out);
}

/* RETRIEVE DATA, TS 102 221 11.3.1: each object fits in one block. */
static size_t do_retrieve(struct chip *c, struct call *call)
{
	unsigned int i;

	if (files[c->ef].type != OBJECTS)
		return sw(call->out, 0x6981);
	for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (call->lc == 1 && call->data[0] == objects[i][0])
			return give(c, call, objects[i], 2 + objects[i][1]);
	return sw(call->out, 0x6a88);
}

static size_t get_response(struct chip *c, struct call *call)
{
	size_t n = call->le < c->n_pending ? call->le : c->n_pending;

	memcpy(call->out, c->pending, n);
	c->n_pending = 0;
	return n + sw(call->out + n, 0x9000);
}

static size_t answer(struct chip *c, struct call *call)
{
	c->commands++;
	switch (call->head[1]) {
	case 0xa4:
		return do_select(c, call);
	case 0xb0:
		return c->ef ? read_binary(&files[c->ef], call) : sw(call->out, 0x6986);
	case 0xb2:
		return c->ef ? read_record(&files[c->ef], call) : sw(call->out, 0x6986);
	case 0x20:	/* a PIN's state; any PIN will do */
		return sw(call->out, call->lc ? 0x9000 : 0x63c3);
	case 0xcb:
		return do_retrieve(c, call);
	case 0xc0:
		return get_response(c, call);
	}
	return sw(call->out, 0x6d00);
}

void chip_reset(struct chip *c)
{
	c->df = c->ef = c->n_pending = 0;
}

size_t chip_tpdu(struct chip *c, const uint8_t *cmd, size_t len, uint8_t *out)
{
	struct call call = { .head = cmd, .data = cmd + 5, .t0 = true, .out = out };

	if (len < 5)
		return sw(out, 0x6700);
	/* Only the length says that a command has data. */
	if (len > 5 && len - 5 != cmd[4])
		return sw(out, 0x6700);
	call.lc = len - 5;
	if (!call.lc)
		call.le = cmd[4] ? cmd[4] : 256;
	/* To ask for the state of a PIN is case 1, which T=0 writes with P3 = 0. */
	return answer(c, &call);
}

/* The cases of ISO 7816-4 5.1; false: the lengths do not agree. */
static bool lengths(struct call *call, const uint8_t *cmd, size_t len)
{
	size_t wide = len > 6 && !cmd[4] ? 2 : 0, rest;

	if (len == 4)
		return true;
	if (len == 5 || (wide && len == 7)) {
		call->le = wide ? cmd[5] << 8 | cmd[6] : cmd[4];
		if (!call->le)
			call->le = wide ? 65536 : 256;
		return true;
	}
	call->lc = wide ? cmd[5] << 8 | cmd[6] : cmd[4];
	call->data = cmd + 5 + wide;
	rest = len - 5 - wide;
	if (!call->lc || rest < call->lc)
		return false;
	rest -= call->lc;
	if (!rest)
		return true;
	if (rest != (wide ? 2 : 1))
		return false;
	call->le = wide ? cmd[len - 2] << 8 | cmd[len - 1] : cmd[len - 1];
	if (!call->le)
		call->le = wide ? 65536 : 256;
	return true;
}

size_t chip_apdu(struct chip *c, const uint8_t *cmd, size_t len, uint8_t *out)
{
	struct call call = { .head = cmd, .out = out };

	if (len < 4 || !lengths(&call, cmd, len))
		return sw(out, 0x6700);
	return answer(c, &call);
}
