// SPDX-License-Identifier: GPL-2.0-or-later
/* READ and UPDATE of the virtual card, with access conditions. */
#include <string.h>

#include "card_int.h"

static bool allowed(const struct card *c, int access)
{
	if (access == ACCESS_ALWAYS)
		return true;
	return access >= 0 && (c->verified[access] || c->p->keys[access].disabled);
}

static int find_sfi(const struct card *c, int dir, int sfi)
{
	for (int i = 1; i < c->p->n_files; i++) {
		const struct card_file *f = &c->p->files[i];

		if (f->kind == FILE_EF && f->parent == dir && f->sfi == sfi)
			return i;
	}
	return -1;
}

static bool holds(const struct card_file *f, enum content content)
{
	switch (content) {
	case CONTENT_BINARY:
		return f->structure == EF_TRANSPARENT;
	case CONTENT_RECORDS:
		return f->structure == EF_LINEAR_FIXED || f->structure == EF_CYCLIC;
	default:
		return f->structure == EF_BER_TLV;
	}
}

unsigned int card_ef(struct card *c, struct channel *ch, int sfi, enum content content,
		     bool update, struct card_file **out)
{
	struct card_file *f;

	if (sfi) {
		int i = find_sfi(c, ch->dir, sfi);

		if (i < 0)
			return SW_NOT_FOUND;
		if (i != ch->ef)
			ch->record = 0;
		ch->ef = i;
	}
	if (ch->ef < 0)
		return SW_NO_EF;
	f = &c->p->files[ch->ef];
	if (!holds(f, content))
		return SW_STRUCTURE;
	if (!allowed(c, update ? f->update : f->read))
		return SW_SECURITY;
	if (f->deactivated)
		return SW_CONDITIONS;
	*out = f;
	return SW_OK;
}

/* P1 P2 as a 15-bit offset, or b5-b1 of P1 as SFI and P2 as offset (TS 102 221 11.1.3). */
static unsigned int get_offset(struct card *c, struct channel *ch, const struct command *cmd,
			       bool update, struct card_file **f, size_t *offset)
{
	int sfi = 0;

	*offset = (size_t)(cmd->p1 << 8 | cmd->p2);
	if (cmd->p1 & 0x80 && !c->gsm) {
		sfi = cmd->p1 & 0x1F;
		*offset = cmd->p2;
		if (cmd->p1 & 0x60 || !sfi || sfi == 31)
			return SW_P1P2;
	}
	return card_ef(c, ch, sfi, CONTENT_BINARY, update, f);
}

unsigned int cmd_read_binary(struct card *c, struct channel *ch, const struct command *cmd,
			     struct answer *a)
{
	const struct quirk *q;
	struct card_file *f;
	size_t offset, have;
	unsigned int sw = get_offset(c, ch, cmd, false, &f, &offset);

	if (sw != SW_OK)
		return sw;
	if (!cmd->le)
		return SW_LENGTH;
	if (cmd->any && card_quirk(c, QUIRK_LE_00_NONE, ch))
		return SW_OK;
	if (offset >= f->size && offset && card_has_quirk(c, QUIRK_EOF_6C00))
		return cmd->any ? SW_OK : 0x6C00;
	if (offset > f->size || (offset == f->size && offset))
		return SW_OFFSET;
	have = f->size - offset;
	q = card_quirk(c, QUIRK_LE_6C, ch);
	if (q && q->number) {
		size_t want = have < q->number ? have : q->number;

		if (cmd->le != want)
			return 0x6C00 | (unsigned int)want;
	}
	a->n = have < cmd->le ? have : cmd->le;
	if (a->n > DATA_MAX)
		a->n = DATA_MAX;
	memcpy(a->data, f->data + offset, a->n);
	a->shorter = true;
	if (card_apdus(c) && have < cmd->le && !cmd->any)
		return SW_EOF;
	return SW_OK;
}

unsigned int cmd_update_binary(struct card *c, struct channel *ch, const struct command *cmd)
{
	struct card_file *f;
	size_t offset;
	unsigned int sw = get_offset(c, ch, cmd, true, &f, &offset);

	if (sw != SW_OK)
		return sw;
	if (!cmd->lc)
		return SW_LENGTH;
	if (offset >= f->size)
		return SW_OFFSET;
	if (cmd->lc > f->size - offset)
		return SW_LENGTH;
	memcpy(f->data + offset, cmd->data, cmd->lc);
	return SW_OK;
}

/*
 * The record that P1 and the mode in P2 mean, from 1 (TS 102 221 11.1.5). Next
 * and previous move the record pointer; an absolute number leaves it alone.
 */
static unsigned int get_record(struct channel *ch, const struct card_file *f,
			       const struct command *cmd, size_t *record)
{
	bool cyclic = f->structure == EF_CYCLIC;
	size_t n = f->record_count;

	switch (cmd->p2 & 7) {
	case 4:
		*record = cmd->p1 ? cmd->p1 : ch->record;
		return *record >= 1 && *record <= n ? SW_OK : SW_NO_RECORD;
	case 2:
		if (ch->record >= n && (!cyclic || !n))
			return SW_NO_RECORD;
		*record = ch->record >= n ? 1 : ch->record + 1;
		break;
	case 3:
		if (!n || (ch->record == 1 && !cyclic))
			return SW_NO_RECORD;
		*record = ch->record <= 1 ? n : ch->record - 1;
		break;
	default:
		return SW_P1P2;
	}
	ch->record = *record;
	return SW_OK;
}

static unsigned int find_record(struct card *c, struct channel *ch, const struct command *cmd,
				bool update, struct card_file **f, uint8_t **data)
{
	int sfi = c->gsm ? 0 : cmd->p2 >> 3;
	size_t record;
	unsigned int sw;

	if (sfi == 31 || (c->gsm && cmd->p2 >> 3))
		return SW_P1P2;
	sw = card_ef(c, ch, sfi, CONTENT_RECORDS, update, f);
	if (sw == SW_OK)
		sw = get_record(ch, *f, cmd, &record);
	if (sw == SW_OK)
		*data = (*f)->data + (record - 1) * (*f)->record_len;
	return sw;
}

unsigned int cmd_read_record(struct card *c, struct channel *ch, const struct command *cmd,
			     struct answer *a)
{
	struct card_file *f;
	uint8_t *data;
	size_t before = ch->record;
	unsigned int sw = find_record(c, ch, cmd, false, &f, &data);

	if (sw != SW_OK)
		return sw;
	/* With the wrong Le the pointer stays, or the repeated command would skip a record. */
	if (!card_apdus(c) && cmd->le != f->record_len)
		ch->record = before;
	memcpy(a->data, data, f->record_len);
	a->n = f->record_len;
	return SW_OK;
}

/*
 * Only "previous" may write a cyclic EF (TS 102 221 11.1.6): the oldest record is
 * overwritten and becomes number 1, all others move up by one.
 */
static unsigned int update_cyclic(struct channel *ch, const struct command *cmd,
				  struct card_file *f)
{
	if ((cmd->p2 & 7) != 3 || cmd->p1)
		return SW_P1P2;
	if (cmd->lc != f->record_len)
		return SW_LENGTH;
	if (!f->record_count)
		return SW_NO_RECORD;
	memmove(f->data + f->record_len, f->data, (f->record_count - 1) * f->record_len);
	memcpy(f->data, cmd->data, cmd->lc);
	ch->record = 1;
	return SW_OK;
}

unsigned int cmd_update_record(struct card *c, struct channel *ch, const struct command *cmd)
{
	int sfi = c->gsm ? 0 : cmd->p2 >> 3;
	struct card_file *f;
	uint8_t *data;
	size_t before;
	unsigned int sw;

	if (sfi == 31 || (c->gsm && cmd->p2 >> 3))
		return SW_P1P2;
	sw = card_ef(c, ch, sfi, CONTENT_RECORDS, true, &f);
	if (sw != SW_OK)
		return sw;
	if (f->structure == EF_CYCLIC)
		return update_cyclic(ch, cmd, f);
	before = ch->record;
	sw = find_record(c, ch, cmd, true, &f, &data);
	if (sw != SW_OK)
		return sw;
	if (cmd->lc != f->record_len) {
		ch->record = before;
		return SW_LENGTH;
	}
	memcpy(data, cmd->data, cmd->lc);
	return SW_OK;
}
