// SPDX-License-Identifier: GPL-2.0-or-later
/* `simcard show`: a profile in words, as a check of what was written. */
#include <stdio.h>

#include "simcard.h"

#define SHOWN_BYTES 16

static const char *access_name(int access)
{
	if (access == ACCESS_ALWAYS)
		return "always";
	return access == ACCESS_NEVER ? "never" : key_name(access);
}

static void show_hex(const uint8_t *p, size_t n, size_t max)
{
	for (size_t i = 0; i < n && i < max; i++)
		printf("%02X", p[i]);
	if (n > max)
		fputs("...", stdout);
}

static const char *structure_name(enum ef_structure s)
{
	switch (s) {
	case EF_LINEAR_FIXED:
		return "linear-fixed";
	case EF_CYCLIC:
		return "cyclic";
	case EF_BER_TLV:
		return "ber-tlv";
	default:
		return "transparent";
	}
}

static void show_ef(const struct card_file *f, int depth)
{
	printf("%*sEF %04X %s", 2 * depth, "", f->fid, structure_name(f->structure));
	if (f->structure == EF_TRANSPARENT)
		printf(", %zu bytes", f->size);
	else if (f->structure == EF_BER_TLV)
		printf(", %zu of %zu bytes", f->used, f->size);
	else
		printf(", %zu records of %zu bytes", f->record_count, f->record_len);
	printf(", read %s, update %s", access_name(f->read), access_name(f->update));
	if (f->sfi)
		printf(", SFI %02X", (unsigned int)f->sfi);
	if (f->deactivated)
		fputs(", deactivated", stdout);
	if (f->label)
		printf(": %s", f->label);
	printf("\n%*s", 2 * depth + 2, "");
	show_hex(f->data, f->structure == EF_BER_TLV ? f->used : f->size, SHOWN_BYTES);
	putchar('\n');
}

static void show_dir(const struct card_file *f, int depth)
{
	printf("%*s%s", 2 * depth, "", f->kind == FILE_MF ? "MF" : f->kind == FILE_DF ? "DF" : "ADF");
	if (f->has_fid)
		printf(" %04X", f->fid);
	if (f->kind == FILE_ADF) {
		fputs(" AID ", stdout);
		show_hex(f->aid, f->aid_len, AID_MAX);
	}
	if (f->label)
		printf(": %s", f->label);
	putchar('\n');
}

static int depth_of(const struct profile *p, int file)
{
	int depth = 0;

	for (; p->files[file].parent >= 0; file = p->files[file].parent)
		depth++;
	return depth;
}

int show_main(const char *path)
{
	struct profile *p = profile_or_complain(path);

	if (!p)
		return SIMCARD_FAILED;
	printf("card %s, T=%d, ATR ", p->uicc && p->gsm ? "both" : p->uicc ? "uicc" : "2g",
	       p->protocol);
	show_hex(p->atr, p->atr_len, ATR_MAX);
	printf("\n%d logical channels%s%s%s\n", p->channels, p->apdu ? ", APDUs" : "",
	       p->extended ? " of extended length" : "", p->shared ? ", shared" : "");
	for (int i = 0; i < PROFILE_KEYS; i++) {
		if (p->keys[i].present)
			printf("key %s (reference %02X), a value not shown, %d tries%s\n",
			       key_name(i), key_reference(i), p->keys[i].tries,
			       p->keys[i].disabled ? ", disabled" : "");
	}
	/* Files stand in the order of the profile, each directory before what it holds. */
	for (int i = 0; i < p->n_files; i++) {
		if (p->files[i].kind == FILE_EF)
			show_ef(&p->files[i], depth_of(p, i));
		else
			show_dir(&p->files[i], depth_of(p, i));
	}
	for (int i = 0; i < p->n_quirks; i++)
		printf("quirk %s\n", p->quirks[i].text);
	profile_unload(p);
	return SIMCARD_OK;
}
