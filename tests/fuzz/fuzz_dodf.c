// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of the PKCS#15 walk: the input is EF(ODF) up to the first
 * byte FE, then EF(DODF), which every path leads to. Behind FE FE is EF(DIR), by
 * which alone EF(ODF) is then found.
 */
#include <errno.h>
#include <stdlib.h>

#include "card/pkcs15.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct files {
	struct slice odf, dodf, dir;
	unsigned int reads;
};

static int read_file(void *ctx, const char *path, size_t off, uint8_t *buf, size_t n)
{
	struct files *f = ctx;
	size_t len = strlen(path);
	bool odf = len > 5 && !strcmp(path + len - 5, ".5031");
	struct slice s = odf ? f->odf : f->dodf;

	if (!strcmp(path, "3f00.2f00"))
		s = f->dir;
	else if (odf && slice_present(f->dir) && f->reads < 2)
		s = SLICE_NONE;
	/* A path goes into a file name: nothing but lower-case hex and dots. */
	if (strspn(path, "0123456789abcdef.") != len || len >= CARD_PATH_MAX)
		abort();
	if (n == 0 || ++f->reads > 20000)
		abort();
	if (!slice_present(s))
		return -ENOENT;
	if (off >= s.n)
		return 0;
	if (n > s.n - off)
		n = s.n - off;
	memcpy(buf, s.p + off, n);
	return (int)n;
}

static void split(struct files *f, struct slice rest)
{
	const uint8_t *cut;

	for (size_t i = 0; i + 1 < rest.n; i++) {
		if (rest.p[i] == 0xfe && rest.p[i + 1] == 0xfe) {
			f->dir = slice_of(rest.p + i + 2, rest.n - i - 2);
			rest.n = i;
		}
	}
	f->odf = rest;
	cut = rest.n ? memchr(rest.p, 0xfe, rest.n) : NULL;
	if (cut) {
		f->odf.n = (size_t)(cut - rest.p);
		f->dodf = slice_of(cut + 1, rest.n - f->odf.n - 1);
	}
}

static void entry(void *ctx, const struct pkcs15_entry *e)
{
	unsigned int *n = ctx;

	if (++*n > PKCS15_ENTRIES_MAX || e->off > CARD_EF_MAX || !memchr(e->path, 0, CARD_PATH_MAX) ||
	    (!e->err && e->tag != 0x30 && e->tag != 0xa1 && e->tag != 0xa7))
		abort();
}

/* Who looks on sees every entry, and changes nothing. */
static void look_on(const struct card_reader *rd, const struct pkcs15_oid *oids)
{
	static struct pkcs15_dir again, plain;
	unsigned int n = 0;
	struct files *f = rd->ctx;
	int r = pkcs15_explain(rd, oids, 2, entry, &n, &again);

	f->reads = 0;
	if (pkcs15_find(rd, oids, 2, &plain) != r || again.n != plain.n ||
	    again.foreign != plain.foreign || again.dropped_oids != plain.dropped_oids ||
	    again.incomplete != plain.incomplete)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pkcs15_dir dir;
	const struct pkcs15_oid oids[] = { PKCS15_OID_DM_BOOTSTRAP, PKCS15_OID_INDICATOR };
	struct slice rest = slice_of(data, size);
	struct files f = { .odf = SLICE_NONE };
	struct card_reader rd = { read_file, &f };
	struct pkcs15_oid oid;
	struct buf b;

	split(&f, rest);
	/* The same notation is in the configuration, in hex. */
	if (!pkcs15_oid_parse(rest, &oid) && (!oid.len || oid.len > PKCS15_OID_MAX))
		abort();
	look_on(&rd, oids);
	f.reads = 0;
	if (pkcs15_find(&rd, oids, 2, &dir))
		return 0;
	if (f.reads > PKCS15_READS_MAX)
		abort();
	for (size_t i = 0; i < dir.n; i++) {
		if (dir.obj[i].oid > 1 || !pkcs15_object_get(&dir, dir.obj[i].oid) ||
		    !memchr(dir.obj[i].path, 0, CARD_PATH_MAX))
			abort();
		buf_init(&b, 4096);
		if (pkcs15_object_read(&rd, &dir.obj[i], 64, &b) == 0 && dir.obj[i].len &&
		    b.len != dir.obj[i].len)
			abort();
		buf_fini(&b);
	}
	return 0;
}
