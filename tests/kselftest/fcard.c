// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A card with one elementary file. See fcard.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcard.h"

struct answer {
	uint8_t *data;
	size_t len;
};

static size_t end(struct answer *a, uint16_t sw)
{
	a->data[a->len++] = sw >> 8;
	a->data[a->len++] = sw;
	return a->len;
}

static size_t give(struct answer *a, const uint8_t *data, size_t len, uint16_t sw)
{
	memcpy(a->data, data, len);
	a->len = len;
	return end(a, sw);
}

/* What a command with data answers: at once to an APDU, else by GET RESPONSE. */
static size_t give_later(struct fcard *f, struct answer *a, const uint8_t *data, size_t len,
			 uint16_t sw)
{
	if (f->apdu)
		return give(a, data, len, sw);
	memcpy(f->answer, data, len);
	f->n_answer = len;
	f->answer_sw = sw;
	return end(a, (f->sim2g ? 0x9f00 : 0x6100) | (len & 0xff));
}

static size_t get_response(struct fcard *f, struct answer *a, size_t le)
{
	if (le != f->n_answer)
		return end(a, 0x6c00 | (f->n_answer & 0xff));
	return give(a, f->answer, f->n_answer, f->answer_sw);
}

static size_t fcp(struct fcard *f, uint8_t *out)
{
	size_t n = 2;

	if (f->sim2g) {
		uint8_t structure = f->type == FCARD_LINEAR ? 1 : f->type == FCARD_CYCLIC ? 3 : 0;
		const uint8_t sim[] = { 0, 0, f->size >> 8, f->size, 0x2f, 0xe2, 4, 0, 0x11, 0xff,
					0xff, 1, 2, structure, f->record };

		memcpy(out, sim, sizeof(sim));
		return sizeof(sim);
	}
	out[0] = 0x62;
	out[n++] = 0x82;
	out[n++] = f->record ? 5 : 2;
	out[n++] = f->type;
	out[n++] = 0x21;
	if (f->record) {
		out[n++] = f->record >> 8;
		out[n++] = f->record;
		out[n++] = f->no_size ? 0 : f->size / f->record;
	}
	if (!f->no_size) {
		const uint8_t size[] = { 0x80, 2, f->size >> 8, f->size };

		memcpy(out + n, size, sizeof(size));
		n += sizeof(size);
	}
	out[1] = n - 2;
	return n;
}

static size_t do_select(struct fcard *f, struct answer *a, uint8_t p2)
{
	uint8_t out[64];

	f->selects++;
	if (!f->sim2g && p2 == 0x0c)
		return end(a, 0x9000);
	return give_later(f, a, out, fcp(f, out), 0x9000);
}

static size_t read_at(struct fcard *f, struct answer *a, size_t at, size_t le, size_t have)
{
	if (++f->reads == f->fail_read)
		return end(a, f->fail_sw);
	if (le > have && !f->apdu)
		return end(a, 0x6c00 | have);
	if (le > have)
		le = have;
	if (le > f->longest)
		f->longest = le;
	return give(a, f->data + at, le, 0x9000);
}

static size_t read_binary(struct fcard *f, struct answer *a, size_t at, size_t le)
{
	if (f->type != FCARD_TRANSPARENT)
		return end(a, f->sim2g ? 0x9408 : 0x6981);
	if (at >= f->size)
		return end(a, f->sim2g ? 0x9402 : 0x6b00);
	return read_at(f, a, at, le, f->size - at);
}

static size_t read_record(struct fcard *f, struct answer *a, uint8_t number, size_t le)
{
	if (!f->record)
		return end(a, f->sim2g ? 0x9408 : 0x6981);
	if (!number || number > f->size / f->record)
		return end(a, f->sim2g ? 0x9402 : 0x6a83);
	return read_at(f, a, (number - 1) * f->record, le, f->record);
}

/* Says what comes of an update; when it is to be done, done is true. */
static size_t update(struct fcard *f, struct answer *a, bool *done)
{
	*done = false;
	if (++f->updates == f->fail_at)
		return f->fail_sw ? end(a, f->fail_sw) : 0;
	*done = !f->forgets;
	return end(a, f->update_sw ? f->update_sw : 0x9000);
}

static size_t update_binary(struct fcard *f, struct answer *a, size_t at, const uint8_t *data,
			    size_t len)
{
	bool done;
	size_t n;

	if (f->type != FCARD_TRANSPARENT)
		return end(a, f->sim2g ? 0x9408 : 0x6981);
	if (at + len > f->size)
		return end(a, f->sim2g ? 0x9402 : 0x6b00);
	n = update(f, a, &done);
	if (done)
		memcpy(f->data + at, data, len);
	return n;
}

static size_t update_record(struct fcard *f, struct answer *a, uint8_t number, uint8_t mode,
			    const uint8_t *data, size_t len)
{
	bool done;
	size_t n;

	if (!f->record || (mode == 3) != (f->type == FCARD_CYCLIC))
		return end(a, f->sim2g ? 0x9408 : 0x6981);
	if (len != f->record)
		return end(a, f->sim2g ? 0x6700 | f->record : 0x6700);
	if (mode != 3 && (!number || number > f->size / f->record))
		return end(a, f->sim2g ? 0x9402 : 0x6a83);
	n = update(f, a, &done);
	if (!done)
		return n;
	if (mode == 3) {
		memmove(f->data + f->record, f->data, f->size - f->record);
		number = 1;
	}
	memcpy(f->data + (number - 1) * f->record, data, len);
	return n;
}

static size_t header(const uint8_t *p, uint32_t *tag, size_t *len)
{
	size_t n = 0, more;

	*tag = p[n++];
	if ((*tag & 0x1f) == 0x1f)
		do
			*tag = *tag << 8 | p[n];
		while (p[n++] & 0x80);
	*len = p[n++];
	if (*len & 0x80)
		for (more = *len & 0x7f, *len = 0; more; more--)
			*len = *len << 8 | p[n++];
	return n;
}

/* Where the object is, and its bytes; false when there is none. */
static bool find(struct fcard *f, uint32_t tag, size_t *at, size_t *bytes)
{
	uint32_t is;
	size_t len;

	for (*at = 0; *at < f->size; *at += *bytes) {
		*bytes = header(f->data + *at, &is, &len) + len;
		if (is == tag)
			return true;
	}
	return false;
}

static void list_tags(struct fcard *f)
{
	size_t at, n = 0, len, h, i;
	uint8_t tags[600];
	uint32_t tag;

	for (at = 0; at < f->size; at += h + len) {
		h = header(f->data + at, &tag, &len);
		for (i = tag > 0xffff ? 3 : tag > 0xff ? 2 : 1; i; i--)
			tags[n++] = tag >> 8 * (i - 1);
	}
	f->n_block = fcard_put_object(f->block, 0x5c, n, 0);
	memcpy(f->block + f->n_block - n, tags, n);
}

static size_t retrieve(struct fcard *f, struct answer *a, bool first, const uint8_t *tag,
		       size_t n_tag)
{
	size_t at, n, i;
	uint32_t want = 0;
	uint16_t sw;

	if (f->type != FCARD_BER_TLV)
		return end(a, 0x6981);
	if (++f->reads == f->fail_read)
		return end(a, f->fail_sw);
	if (first) {
		for (i = 0; i < n_tag; i++)
			want = want << 8 | tag[i];
		if (want == 0x5c) {
			list_tags(f);
		} else if (find(f, want, &at, &f->n_block)) {
			memcpy(f->block, f->data + at, f->n_block);
		} else {
			return end(a, 0x6a88);
		}
		f->at_block = 0;
	}
	n = f->n_block - f->at_block;
	n = n > 200 ? 200 : n;
	at = f->at_block;
	f->at_block += n;
	sw = f->at_block < f->n_block ? 0x62f1 : 0x9000;
	if (first)
		return give_later(f, a, f->block + at, n, sw);
	return give(a, f->block + at, n, sw);
}

static size_t set_data(struct fcard *f, struct answer *a, bool first, const uint8_t *data,
		       size_t len)
{
	size_t n, at, bytes;
	uint32_t tag;
	bool done;

	if (f->type != FCARD_BER_TLV)
		return end(a, 0x6981);
	if (first)
		f->n_block = 0;
	memcpy(f->block + f->n_block, data, len);
	f->n_block += len;
	n = header(f->block, &tag, &bytes) + bytes;
	if (f->n_block < n)
		return end(a, 0x63f1);
	n = update(f, a, &done);
	if (!done)
		return n;
	if (find(f, tag, &at, &bytes)) {
		memmove(f->data + at, f->data + at + bytes, f->size - at - bytes);
		f->size -= bytes;
	}
	memcpy(f->data + f->size, f->block, f->n_block);
	f->size += f->n_block;
	return n;
}

/* Lc and Le of an APDU, or P3 of a TPDU. */
static const uint8_t *body(struct fcard *f, const uint8_t *p, size_t n, size_t *lc, size_t *le)
{
	bool has_data = p[1] == 0xa4 || p[1] == 0xd6 || p[1] == 0xdc || p[1] == 0xdb ||
			(p[1] == 0xcb && p[3] == 0x80);

	*lc = *le = 0;
	if (n > 7 && !p[4] && f->apdu) {
		*lc = p[5] << 8 | p[6];
		return p + 7;
	}
	if (n == 7 && !p[4] && f->apdu) {
		*le = p[5] << 8 | p[6];
	} else if (n > 4 && has_data) {
		*lc = p[4];
	} else if (n > 4) {
		*le = p[4] ? p[4] : 256;
	}
	return p + 5;
}

static size_t program(struct vcard *c, const uint8_t *p, size_t n, uint8_t *out)
{
	struct answer a = { .data = out };
	struct fcard *f = c->priv;
	const uint8_t *data;
	size_t lc, le;

	if (f->sim2g != (p[0] == 0xa0))
		return end(&a, 0x6e00);
	data = body(f, p, n, &lc, &le);
	switch (p[1]) {
	case 0xa4:
		return do_select(f, &a, p[3]);
	case 0xc0:
		return get_response(f, &a, le);
	case 0xb0:
		return read_binary(f, &a, p[2] << 8 | p[3], le);
	case 0xb2:
		return read_record(f, &a, p[2], le);
	case 0xd6:
		return update_binary(f, &a, p[2] << 8 | p[3], data, lc);
	case 0xdc:
		return update_record(f, &a, p[2], p[3] & 7, data, lc);
	case 0xcb:
		return retrieve(f, &a, p[3] == 0x80, data, lc);
	case 0xdb:
		return set_data(f, &a, p[3] == 0x80, data, lc);
	}
	return end(&a, 0x6d00);
}

struct fcard *fcard_new(uint8_t type, size_t size, size_t record)
{
	struct fcard *f = calloc(1, sizeof(*f));
	size_t i;

	if (!f) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	f->type = type;
	f->size = size;
	f->record = record;
	for (i = 0; i < size; i++)
		f->data[i] = i * 7 + (i >> 8);
	return f;
}

struct vcard *fcard_insert(struct fcard *f, const char *name, uint32_t flags)
{
	struct vcard *c = vcard_new_flags(name, flags);

	f->apdu = flags & UICC_VIRT_READER_APDU;
	/* Third byte of the card capabilities: extended Lc and Le (ISO 7816-4 8.1.1.2.7). */
	if (flags & UICC_VIRT_READER_EXTENDED)
		strcpy(c->atr, "3B9F95801FC78031E073FE215B640701020304900003");
	c->priv = f;
	c->program = program;
	if (!vcard_insert(c)) {
		printf("Bail out! the card does not come\n");
		exit(1);
	}
	return c;
}

size_t fcard_put_object(uint8_t *out, uint32_t tag, size_t len, uint8_t fill)
{
	size_t n = 0;

	if (tag > 0xffff)
		out[n++] = tag >> 16;
	if (tag > 0xff)
		out[n++] = tag >> 8;
	out[n++] = tag;
	if (len > 255) {
		out[n++] = 0x82;
		out[n++] = len >> 8;
	} else if (len > 127) {
		out[n++] = 0x81;
	}
	out[n++] = len;
	memset(out + n, fill, len);
	return n + len;
}

size_t fcard_object(struct fcard *f, uint32_t tag, size_t len, uint8_t fill)
{
	size_t n = fcard_put_object(f->data + f->size, tag, len, fill);

	f->size += n;
	return n;
}
