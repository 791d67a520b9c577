// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of the PKCS#15 walk: the input is EF(ODF) up to the first
 * byte FE, then EF(DODF), which every path leads to.
 *
 * Without make:
 *   clang -g -O1 -std=gnu11 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined \
 *     -fno-sanitize-recover=all -Iuserspace tests/fuzz/fuzz_dodf.c \
 *     userspace/card/?*.c userspace/util/{buf,str}.c -o fuzz_dodf
 *   ./fuzz_dodf -max_len=2000 -max_total_time=60 CORPUS
 */
#include <stdlib.h>

#include "card/pkcs15.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct files {
	struct slice odf, dodf;
	unsigned int reads;
};

static int read_file(void *ctx, const char *path, size_t off, uint8_t *buf, size_t n)
{
	struct files *f = ctx;
	size_t len = strlen(path);
	struct slice s = len > 5 && !strcmp(path + len - 5, ".5031") ? f->odf : f->dodf;

	/* A path goes into a file name: nothing but lower-case hex and dots. */
	if (strspn(path, "0123456789abcdef.") != len || len >= CARD_PATH_MAX)
		abort();
	if (n == 0 || ++f->reads > 20000)
		abort();
	if (off >= s.n)
		return 0;
	if (n > s.n - off)
		n = s.n - off;
	memcpy(buf, s.p + off, n);
	return (int)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pkcs15_dir dir;
	const struct pkcs15_oid oids[] = { PKCS15_OID_DM_BOOTSTRAP, PKCS15_OID_INDICATOR };
	const uint8_t *cut = memchr(data, 0xfe, size);
	size_t odf = cut ? (size_t)(cut - data) : size, i;
	struct files f = { .odf = slice_of(data, odf) };
	struct card_reader rd = { read_file, &f };
	struct buf b;

	if (cut)
		f.dodf = slice_of(cut + 1, size - odf - 1);
	if (pkcs15_find(&rd, oids, 2, &dir))
		return 0;
	for (i = 0; i < dir.n; i++) {
		if (dir.obj[i].oid > 1 || !memchr(dir.obj[i].path, 0, CARD_PATH_MAX))
			abort();
		buf_init(&b, 4096);
		if (pkcs15_object_read(&rd, &dir.obj[i], 64, &b) == 0 && dir.obj[i].len &&
		    b.len != dir.obj[i].len)
			abort();
		buf_fini(&b);
	}
	return 0;
}
