// SPDX-License-Identifier: GPL-2.0-or-later
/* What SELECT tells about a file: FCP templates, and the 2G form. */
#include <string.h>

#include "card_int.h"

#define OBJECTS_MAX 12

/* The template's objects, kept apart so that a quirk can turn their order round. */
struct fcp {
	uint8_t objects[OBJECTS_MAX][48];
	size_t len[OBJECTS_MAX];
	int n;
};

static void put(struct fcp *f, uint8_t tag, const void *value, size_t n)
{
	uint8_t *o = f->objects[f->n];

	o[0] = tag;
	o[1] = (uint8_t)n;
	if (n)
		memcpy(o + 2, value, n);
	f->len[f->n++] = n + 2;
}

/* File descriptor, TS 102 221 11.1.1.4.3: shareable, data coding byte 21. */
static void put_descriptor(struct fcp *f, const struct card *c, const struct card_file *file)
{
	uint8_t v[5] = { 0x78, 0x21 };

	if (file->kind != FILE_EF) {
		put(f, 0x82, v, 2);
		return;
	}
	v[0] = (uint8_t)(0x40 | file->structure);
	if (card_has_quirk(c, QUIRK_FCP_INTERNAL) && file->structure != EF_BER_TLV)
		v[0] |= 0x08;
	v[2] = (uint8_t)(file->record_len >> 8);
	v[3] = (uint8_t)file->record_len;
	v[4] = (uint8_t)file->record_count;
	put(f, 0x82, v, file->record_len ? 5 : 2);
}

/* One condition as SC_DO, TS 102 221 9.2.7 and table 9.3. */
static size_t put_condition(uint8_t *out, int access)
{
	if (access == ACCESS_ALWAYS || access == ACCESS_NEVER) {
		out[0] = access == ACCESS_ALWAYS ? 0x90 : 0x97;
		out[1] = 0;
		return 2;
	}
	memcpy(out, "\xA4\x06\x83\x01\x00\x95\x01\x08", 8);
	out[4] = key_reference(access);
	return 8;
}

/* ISO 7816-4 table 38: user authentication, as security environment n says. */
static uint8_t compact_condition(int access)
{
	if (access == ACCESS_ALWAYS)
		return 0x00;
	return access == ACCESS_NEVER ? 0xFF : (uint8_t)(0x10 | (access + 1));
}

static void put_security(struct fcp *f, const struct card *c, const struct card_file *file)
{
	const struct quirk *q = profile_quirk(c->p, QUIRK_FCP_SECURITY);
	uint8_t v[40];
	size_t n = 0;

	if (file->arr_fid) {
		v[0] = (uint8_t)(file->arr_fid >> 8);
		v[1] = (uint8_t)file->arr_fid;
		v[2] = file->arr_record;
		if (file->arr_has_se) {
			v[2] = file->arr_se;
			v[3] = file->arr_record;
		}
		put(f, 0x8B, v, file->arr_has_se ? 4 : 3);
		return;
	}
	if (q && q->number == FCP_SECURITY_NONE)
		return;
	if (q && q->number == FCP_SECURITY_COMPACT) {
		/* Access mode byte: b2 update, b1 read; conditions from the high bit down. */
		v[0] = 0x03;
		v[1] = compact_condition(file->update);
		v[2] = compact_condition(file->read);
		put(f, 0x8C, v, 3);
		return;
	}
	memcpy(v, (const uint8_t[]){ 0x80, 0x01, 0x01 }, 3);
	n = 3 + put_condition(v + 3, file->read);
	memcpy(v + n, (const uint8_t[]){ 0x80, 0x01, 0x02 }, 3);
	n += 3;
	n += put_condition(v + n, file->update);
	put(f, 0xAB, v, n);
}

/* PIN status template, TS 102 221 9.5.2: which keys are enabled, then their references. */
static void put_pin_status(struct fcp *f, const struct card *c)
{
	uint8_t v[3 + 3 * PROFILE_KEYS] = { 0x90, 0x01, 0x00 };
	size_t n = 3;
	int bit = 7;

	for (int i = 0; i < PROFILE_KEYS; i++) {
		if (!c->p->keys[i].present)
			continue;
		if (!c->p->keys[i].disabled)
			v[2] |= (uint8_t)(1 << bit);
		bit--;
		v[n++] = 0x83;
		v[n++] = 0x01;
		v[n++] = key_reference(i);
	}
	put(f, 0xC6, v, n);
}

static void put_size(struct fcp *f, const struct card *c, const struct card_file *file)
{
	bool tlv = file->structure == EF_BER_TLV;
	size_t size = tlv ? file->used : file->size;
	uint8_t v[4];

	for (int i = 0; i < c->p->n_quirks; i++) {
		const struct quirk *q = &c->p->quirks[i];

		if (q->kind == QUIRK_FCP_SIZE && (q->on_fid < 0 || q->on_fid == file->fid))
			size = q->number;
	}
	v[0] = (uint8_t)(size >> 8);
	v[1] = (uint8_t)size;
	put(f, 0x80, v, 2);
	if (!tlv)
		return;
	/* To which size it may grow (TS 102 221 11.1.1.4.6.6). */
	v[0] = 0x86;
	v[1] = 2;
	v[2] = (uint8_t)(file->size >> 8);
	v[3] = (uint8_t)file->size;
	put(f, 0xA5, v, 4);
}

static void put_directory(struct fcp *f, const struct card *c, const struct card_file *file)
{
	/* UICC characteristics: clock stop allowed; all voltage classes. */
	static const uint8_t characteristics[] = { 0x80, 0x01, 0x71 };
	size_t n = card_has_quirk(c, QUIRK_FCP_PADDED_AID) ? AID_MAX : file->aid_len;
	uint8_t aid[AID_MAX];

	if (file->kind == FILE_ADF) {
		memset(aid, 0xFF, sizeof(aid));
		memcpy(aid, file->aid, file->aid_len);
		put(f, 0x84, aid, n);
	}
	put(f, 0xA5, characteristics, sizeof(characteristics));
}

size_t fcp_build(const struct card *c, int index, uint8_t out[LE_MAX])
{
	const struct card_file *file = &c->p->files[index];
	uint8_t fid[2] = { (uint8_t)(file->fid >> 8), (uint8_t)file->fid };
	uint8_t life = file->deactivated ? 0x04 : 0x05;
	uint8_t sfi = (uint8_t)(file->sfi << 3);
	bool reversed = card_has_quirk(c, QUIRK_FCP_REVERSED);
	struct fcp f = { .n = 0 };
	size_t n = 2;

	put_descriptor(&f, c, file);
	if (file->has_fid)
		put(&f, 0x83, fid, 2);
	if (file->kind != FILE_EF)
		put_directory(&f, c, file);
	put(&f, 0x8A, &life, 1);
	if (file->kind == FILE_EF) {
		put_security(&f, c, file);
		put_size(&f, c, file);
		put(&f, 0x88, &sfi, sfi ? 1 : 0);
	} else {
		put_pin_status(&f, c);
	}
	for (int i = 0; i < f.n; i++) {
		int o = reversed ? f.n - 1 - i : i;

		memcpy(out + n, f.objects[o], f.len[o]);
		n += f.len[o];
	}
	out[0] = 0x62;
	out[1] = (uint8_t)(n - 2);
	return n;
}

/* An access condition as a nibble, TS 51.011 9.3. */
static uint8_t gsm_access(int access)
{
	switch (access) {
	case ACCESS_ALWAYS:
		return 0x0;
	case ACCESS_NEVER:
		return 0xF;
	case 0:
		return 0x1;
	case 1:
		return 0x2;
	default:
		return 0x4;
	}
}

static uint8_t gsm_chv(const struct card *c, int key)
{
	return c->p->keys[key].present ? 0x80 | (uint8_t)c->tries[key] : 0;
}

static size_t gsm_directory(const struct card *c, int index, uint8_t *out)
{
	int dirs = 0, efs = 0;

	for (int i = 1; i < c->p->n_files; i++) {
		if (c->p->files[i].parent != index)
			continue;
		if (c->p->files[i].kind == FILE_EF)
			efs++;
		else
			dirs++;
	}
	out[6] = index ? 0x02 : 0x01;
	out[12] = 10;
	out[13] = c->p->keys[0].present && !c->p->keys[0].disabled ? 0x13 : 0x93;
	out[14] = (uint8_t)dirs;
	out[15] = (uint8_t)efs;
	out[16] = 4;
	out[18] = gsm_chv(c, 0);
	out[20] = gsm_chv(c, 1);
	return 23;
}

size_t gsm_response(const struct card *c, int index, uint8_t out[LE_MAX])
{
	const struct card_file *f = &c->p->files[index];

	memset(out, 0, 23);
	out[4] = (uint8_t)(f->fid >> 8);
	out[5] = (uint8_t)f->fid;
	if (f->kind != FILE_EF)
		return gsm_directory(c, index, out);
	out[2] = (uint8_t)(f->size >> 8);
	out[3] = (uint8_t)f->size;
	out[6] = 0x04;
	out[8] = (uint8_t)(gsm_access(f->read) << 4 | gsm_access(f->update));
	out[10] = 0x44;
	out[11] = f->deactivated ? 0x00 : 0x01;
	out[12] = 2;
	if (f->structure == EF_TRANSPARENT)
		return 15;
	out[13] = f->structure == EF_CYCLIC ? 0x03 : 0x01;
	out[14] = (uint8_t)f->record_len;
	return 15;
}
