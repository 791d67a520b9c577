// SPDX-License-Identifier: GPL-2.0-or-later
/* RETRIEVE DATA and SET DATA: objects of BER-TLV EFs, in blocks (TS 102 221 11.3). */
#include <string.h>

#include "card_int.h"
#include "tlv.h"

#define BLOCK_FIRST 0x80	/* b8 b7 of P2 */
#define BLOCK_AGAIN 0x40
#define BLOCK_BITS 0xC0

static unsigned int check_p1p2(const struct command *cmd, int *sfi)
{
	*sfi = cmd->p2 & 0x1F;
	if (cmd->p1 || cmd->p2 & 0x20 || *sfi == 31)
		return SW_P1P2;
	/* Only a first block may say which file. */
	if ((cmd->p2 & BLOCK_BITS) != BLOCK_FIRST && *sfi)
		return SW_P1P2;
	return SW_OK;
}

/* The next block of what RETRIEVE DATA is in the midst of. */
static unsigned int give_block(struct card *c, struct channel *ch, const struct card_file *f,
			       const struct command *cmd, struct answer *a)
{
	size_t max = c->p->extended ? DATA_MAX : LE_MAX, left = ch->get.end - ch->get.at;
	size_t want = cmd->le ? cmd->le : LE_MAX;

	if (want > max)
		want = max;
	/* T=0 wants the exact length: nothing is given, the block is asked for again. */
	if (!card_apdus(c) && !cmd->lc && want > left) {
		memcpy(a->data, f->data + ch->get.at, left);
		a->n = left;
		return SW_OK;
	}
	a->n = want < left ? want : left;
	a->shorter = true;
	memcpy(a->data, f->data + ch->get.at, a->n);
	ch->get.before = ch->get.at;
	ch->get.at += a->n;
	return ch->get.at < ch->get.end ? SW_MORE_DATA : SW_OK;
}

unsigned int cmd_retrieve_data(struct card *c, struct channel *ch, const struct command *cmd,
			       struct answer *a)
{
	struct card_file *f;
	size_t at, len;
	unsigned int sw;
	int sfi;

	if (cmd->p2 & BLOCK_FIRST)
		ch->get.active = false;
	sw = check_p1p2(cmd, &sfi);
	if (sw == SW_OK)
		sw = card_ef(c, ch, sfi, CONTENT_OBJECTS, false, &f);
	if (sw != SW_OK)
		return sw;
	switch (cmd->p2 & BLOCK_BITS) {
	case BLOCK_FIRST:
		if (!cmd->lc || tlv_tag(cmd->data, cmd->lc) != cmd->lc)
			return SW_DATA;
		at = tlv_find(f->data, f->used, cmd->data, cmd->lc, &len);
		if (at == f->used)
			return SW_NO_REFERENCE;
		ch->get.active = true;
		ch->get.before = at;
		ch->get.at = at;
		ch->get.end = at + len;
		break;
	case BLOCK_AGAIN:
		if (!ch->get.active)
			return SW_CONDITIONS;
		ch->get.at = ch->get.before;
		break;
	case 0:
		if (!ch->get.active || ch->get.at == ch->get.end)
			return SW_CONDITIONS;
		break;
	default:
		return SW_P1P2;
	}
	return give_block(c, ch, f, cmd, a);
}

/* Nobody may go on reading an object whose file has changed. */
static void end_reading(struct card *c, int ef)
{
	for (int i = 0; i < CHANNELS_MAX; i++) {
		if (c->channels[i].ef == ef)
			c->channels[i].get.active = false;
	}
}

static void delete_object(struct card_file *f, size_t at, size_t len)
{
	memmove(f->data + at, f->data + at + len, f->used - at - len);
	f->used -= len;
}

/* The whole object is there: it takes the place of one with its tag. */
static unsigned int store_object(struct card *c, struct card_file *f)
{
	size_t tag_len = tlv_tag(c->set.data, c->set.n), len;
	size_t at = tlv_find(f->data, f->used, c->set.data, tag_len, &len);

	if (at == f->used)
		len = 0;
	if (f->used - len + c->set.n > f->size)
		return SW_NO_SPACE;
	if (len)
		delete_object(f, at, len);
	memcpy(f->data + f->used, c->set.data, c->set.n);
	f->used += c->set.n;
	end_reading(c, c->set.ef);
	return SW_OK;
}

static unsigned int set_first(struct card *c, struct channel *ch, struct card_file *f,
			      const struct command *cmd)
{
	size_t tag_len = tlv_tag(cmd->data, cmd->lc), value, head, at, len;

	c->set.active = false;
	if (!tag_len)
		return SW_DATA;
	if (tag_len == cmd->lc) {
		/* A tag alone deletes its object. */
		at = tlv_find(f->data, f->used, cmd->data, tag_len, &len);
		if (at == f->used)
			return SW_NO_REFERENCE;
		delete_object(f, at, len);
		end_reading(c, ch->ef);
		return SW_OK;
	}
	head = tlv_head(cmd->data, cmd->lc, &value);
	if (!head)
		return SW_DATA;
	if (value > sizeof(c->set.data) - head)
		return SW_NO_SPACE;
	c->set.active = true;
	c->set.channel = cmd->channel;
	c->set.ef = ch->ef;
	c->set.size = head + value;
	c->set.n = 0;
	return SW_OK;
}

unsigned int cmd_set_data(struct card *c, struct channel *ch, const struct command *cmd)
{
	struct card_file *f;
	unsigned int sw;
	int sfi;

	sw = check_p1p2(cmd, &sfi);
	if (sw == SW_OK)
		sw = card_ef(c, ch, sfi, CONTENT_OBJECTS, true, &f);
	if (sw != SW_OK)
		return sw;
	if (!cmd->lc)
		return SW_LENGTH;
	switch (cmd->p2 & BLOCK_BITS) {
	case BLOCK_FIRST:
		sw = set_first(c, ch, f, cmd);
		if (sw != SW_OK || !c->set.active)
			return sw;
		break;
	case 0:
		if (!c->set.active || c->set.channel != cmd->channel || c->set.ef != ch->ef)
			return SW_CONDITIONS;
		break;
	default:
		return SW_P1P2;
	}
	if (cmd->lc > c->set.size - c->set.n) {
		c->set.active = false;
		return SW_DATA;
	}
	memcpy(c->set.data + c->set.n, cmd->data, cmd->lc);
	c->set.n += cmd->lc;
	if (c->set.n < c->set.size)
		return SW_MORE_EXPECTED;
	c->set.active = false;
	return store_object(c, f);
}
