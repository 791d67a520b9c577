// SPDX-License-Identifier: GPL-2.0-or-later
/* SELECT and STATUS of the virtual card: which file is current, per channel. */
#include <string.h>

#include "card_int.h"

static bool is_dir(const struct card *c, int file)
{
	return c->p->files[file].kind != FILE_EF;
}

static bool has_fid(const struct card *c, int file, uint16_t fid)
{
	return c->p->files[file].has_fid && c->p->files[file].fid == fid;
}

/* Children by FID; an ADF that has a FID counts as a child of the MF. */
static bool is_child(const struct card *c, int dir, int file)
{
	const struct card_file *f = &c->p->files[file];

	if (f->kind == FILE_ADF)
		return dir == 0 && f->has_fid && !c->gsm;
	return f->parent == dir;
}

static int parent_of(const struct card *c, int dir)
{
	const struct card_file *f = &c->p->files[dir];

	return f->kind == FILE_ADF && f->has_fid ? 0 : f->parent;
}

static int find_child(const struct card *c, int dir, uint16_t fid)
{
	for (int i = 1; i < c->p->n_files; i++) {
		if (is_child(c, dir, i) && has_fid(c, i, fid))
			return i;
	}
	return -1;
}

/* SELECT by FID reaches what TS 102 221 8.4.1 lists, and nothing else. */
static int find_by_fid(const struct card *c, const struct channel *ch, uint16_t fid)
{
	int up = parent_of(c, ch->dir), i;

	if (fid == 0x3F00)
		return 0;
	if (fid == 0x3FFF)
		return ch->dir;
	if (fid == 0x7FFF)
		return c->gsm ? -1 : ch->adf;
	i = find_child(c, ch->dir, fid);
	if (i >= 0)
		return i;
	if (has_fid(c, ch->dir, fid))
		return ch->dir;
	if (up >= 0 && has_fid(c, up, fid))
		return up;
	i = up >= 0 ? find_child(c, up, fid) : -1;
	if (i >= 0 && is_dir(c, i))
		return i;
	for (i = 1; card_has_quirk(c, QUIRK_GLOBAL_FID) && i < c->p->n_files; i++) {
		if (has_fid(c, i, fid))
			return i;
	}
	return -1;
}

static int find_by_path(const struct card *c, int dir, int adf, const uint8_t *path, size_t n)
{
	size_t i = 0;

	if (n >= 2 && path[0] == 0x7F && path[1] == 0xFF) {
		if (adf < 0)
			return -1;
		dir = adf;
		i = 2;
	}
	for (; i + 1 < n; i += 2) {
		if (!is_dir(c, dir))
			return -1;
		dir = find_child(c, dir, (uint16_t)(path[i] << 8 | path[i + 1]));
		if (dir < 0)
			return -1;
	}
	return dir;
}

static bool aid_matches(const struct card_file *f, const struct command *cmd)
{
	return f->kind == FILE_ADF && cmd->lc <= f->aid_len && !memcmp(f->aid, cmd->data, cmd->lc);
}

/* The AID may be cut on its right; P2 says which of the matches is meant. */
static int find_by_aid(const struct card *c, const struct channel *ch, const struct command *cmd)
{
	int first = -1, last = -1, next = -1, previous = -1;

	for (int i = 1; i < c->p->n_files; i++) {
		if (!aid_matches(&c->p->files[i], cmd))
			continue;
		if (first < 0)
			first = i;
		last = i;
		if (i < ch->adf)
			previous = i;
		if (i > ch->adf && next < 0)
			next = i;
	}
	switch (cmd->p2 & 3) {
	case 0:
		return first;
	case 1:
		return last;
	case 2:
		return next;
	default:
		return previous;
	}
}

/* Makes @file current. */
static void enter(const struct card *c, struct channel *ch, int file)
{
	ch->record = 0;
	if (!is_dir(c, file)) {
		ch->ef = file;
		ch->dir = c->p->files[file].parent;
		return;
	}
	ch->ef = -1;
	ch->dir = file;
	if (c->p->files[file].kind == FILE_ADF)
		ch->adf = file;
}

/* -1: nothing there; -2: the parameters make no sense. */
static int find(const struct card *c, const struct channel *ch, const struct command *cmd)
{
	uint16_t fid = cmd->lc == 2 ? (uint16_t)(cmd->data[0] << 8 | cmd->data[1]) : 0;
	bool to_adf = cmd->lc >= 2 && cmd->data[0] == 0x7F && cmd->data[1] == 0xFF;
	int i;

	switch (cmd->p1) {
	case 0x00:
		return find_by_fid(c, ch, fid);
	case 0x01:
		i = find_child(c, ch->dir, fid);
		return i >= 0 && is_dir(c, i) ? i : -1;
	case 0x03:
		return parent_of(c, ch->dir);
	case 0x04:
		return find_by_aid(c, ch, cmd);
	case 0x08:
		if (to_adf && card_has_quirk(c, QUIRK_NO_PATH_TO_ADF))
			return -1;
		return find_by_path(c, 0, ch->adf, cmd->data, cmd->lc);
	case 0x09:
		return find_by_path(c, ch->dir, ch->adf, cmd->data, cmd->lc);
	default:
		return -2;
	}
}

static unsigned int check_length(const struct command *cmd)
{
	switch (cmd->p1) {
	case 0x00: case 0x01:
		return cmd->lc == 2 ? SW_OK : SW_LENGTH;
	case 0x03:
		return cmd->lc == 0 ? SW_OK : SW_LENGTH;
	case 0x04:
		return cmd->lc >= 1 && cmd->lc <= AID_MAX ? SW_OK : SW_LENGTH;
	case 0x08: case 0x09:
		return cmd->lc >= 2 && cmd->lc <= 16 && cmd->lc % 2 == 0 ? SW_OK : SW_LENGTH;
	default:
		return SW_P1P2;
	}
}

/* What SELECT returns once @file is current; b4-b3 of P2 (TS 102 221 table 11.2). */
static unsigned int select_answer(struct card *c, int file, const struct command *cmd,
				  struct answer *a)
{
	const struct card_file *f = &c->p->files[file];
	const struct quirk *q;

	if (f->deactivated)
		a->sw = SW_DEACTIVATED;
	else
		a->sw = SW_OK;
	if (c->gsm) {
		a->n = gsm_response(c, file, a->data);
		return SW_OK;
	}
	switch (cmd->p2 & 0x1C) {
	case 0x0C:
		return a->sw;
	case 0x00:
		q = profile_quirk(c->p, QUIRK_NO_FCI);
		if (q)
			return (unsigned int)(q->bytes[0] << 8 | q->bytes[1]);
		break;
	case 0x04:
		if (card_has_quirk(c, QUIRK_NO_FCP))
			return SW_OK;
		break;
	default:
		return SW_P1P2;
	}
	a->n = fcp_build(c, file, a->data);
	return a->sw;
}

unsigned int cmd_select(struct card *c, struct channel *ch, const struct command *cmd,
			struct answer *a)
{
	unsigned int sw = check_length(cmd);
	uint8_t ret = cmd->p2 & 0x1C;
	int file;

	if (sw != SW_OK)
		return sw;
	/* b8 is zero; b7-b6: 00 activate, 10 terminate. 2G cards know P1 P2 = 0 alone. */
	if (cmd->p2 & 0xA0 || (c->gsm && (cmd->p1 || cmd->p2)) ||
	    (!c->gsm && ret != 0x00 && ret != 0x04 && ret != 0x0C))
		return SW_P1P2;
	file = find(c, ch, cmd);
	if (file == -2)
		return SW_P1P2;
	if (file < 0)
		return SW_NOT_FOUND;
	enter(c, ch, file);
	sw = select_answer(c, file, cmd, a);
	if (cmd->p2 & 0x40 && c->p->files[file].kind == FILE_ADF) {
		enter(c, ch, 0);
		ch->adf = -1;
	}
	return sw;
}

unsigned int cmd_status(struct card *c, struct channel *ch, const struct command *cmd,
			struct answer *a)
{
	const struct card_file *adf = ch->adf >= 0 ? &c->p->files[ch->adf] : NULL;

	if (c->gsm) {
		if (cmd->p1 || cmd->p2)
			return SW_P1P2;
		a->n = gsm_response(c, ch->dir, a->data);
		/* Le may ask for less than there is (TS 51.011 9.2.2). */
		if (cmd->le && cmd->le < a->n)
			a->n = cmd->le;
		return SW_OK;
	}
	if (cmd->p1 > 2)
		return SW_P1P2;
	switch (cmd->p2) {
	case 0x00:
		a->n = fcp_build(c, ch->dir, a->data);
		return SW_OK;
	case 0x01:
		if (!adf)
			return SW_NO_REFERENCE;
		a->data[0] = 0x84;
		a->data[1] = (uint8_t)adf->aid_len;
		memcpy(a->data + 2, adf->aid, adf->aid_len);
		a->n = 2 + adf->aid_len;
		return SW_OK;
	case 0x0C:
		return SW_OK;
	default:
		return SW_P1P2;
	}
}
