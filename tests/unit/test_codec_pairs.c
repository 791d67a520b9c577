// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One message in two notations must decode to the same calls.
 *
 * Always with the vectors of this project; with DMSC_CORPUS also for every
 * X.xml beside an X.wbxml below that directory (DOCTYPEs removed before).
 * With DMSC_CORPUS_OUT what was read is written there again in both notations,
 * for tests/codec-judges to show to other programs.
 */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "codec_dump.h"
#include "util/str.h"

static unsigned int pairs, differ;

static int dump(enum codec_format format, struct slice doc, struct buf *out)
{
	struct codec_dump d = { .out = BUF_INIT, .unify = true };
	struct codec_error err;
	struct codec_prov *p;
	struct codec_tnds *t;
	int ret = codec_decode(format, doc, NULL, &codec_dump_sink, &d, &err);

	if (ret == -EBADMSG && codec_tnds_decode(format, doc, NULL, &t, NULL) == 0) {
		codec_dump_tnds(&d.out, codec_tnds_get(t));
		codec_tnds_free(t);
		ret = 0;
	}
	if (ret == -EBADMSG && codec_prov_decode(format, doc, NULL, &p, NULL) == 0) {
		codec_dump_prov(&d.out, codec_prov_get(p));
		codec_prov_free(p);
		ret = 0;
	}
	buf_put_slice(out, buf_slice(&d.out));
	if (ret)
		buf_printf(out, "refused: %d %s\n", ret, err.text);
	buf_fini(&d.out);
	return ret;
}

static void write_again(struct slice xml, const char *base)
{
	static const char *const ext[] = { ".xml", ".wbxml" };
	const char *dir = getenv("DMSC_CORPUS_OUT"), *name = strrchr(base, '/');
	const char *parent = name;

	if (!dir || !name)
		return;
	while (parent > base && parent[-1] != '/')
		parent--;
	for (enum codec_format f = CODEC_XML; f <= CODEC_WBXML; f++) {
		struct buf out = BUF_INIT;
		char path[512];
		FILE *to;

		if (codec_convert(CODEC_XML, xml, f, &out) == 0) {
			snprintf(path, sizeof(path), "%s/%.*s-%s%s", dir, (int)(name - parent), parent,
				 name + 1, ext[f]);
			to = fopen(path, "w");
			assert_non_null(to);
			assert_int_equal(fwrite(out.data, 1, out.len, to), out.len);
			assert_int_equal(fclose(to), 0);
		}
		buf_fini(&out);
	}
}

/* @base: the path without its extension. */
static void compare(const char *base)
{
	struct buf xml = BUF_INIT, wbxml = BUF_INIT, a = BUF_INIT, b = BUF_INIT;
	char path[512];

	snprintf(path, sizeof(path), "%s.xml", base);
	assert_int_equal(buf_read_file(&xml, path), 0);
	snprintf(path, sizeof(path), "%s.wbxml", base);
	if (buf_read_file(&wbxml, path) == 0) {
		int from_xml = dump(CODEC_XML, buf_slice(&xml), &a);
		int from_wbxml = dump(CODEC_WBXML, buf_slice(&wbxml), &b);

		pairs++;
		if (from_xml != from_wbxml || strcmp(buf_cstr(&a), buf_cstr(&b))) {
			differ++;
			print_error("%s: the notations differ\n--- XML\n%s--- WBXML\n%s", base,
				    buf_cstr(&a), buf_cstr(&b));
		}
	}
	write_again(buf_slice(&xml), base);
	buf_fini(&xml);
	buf_fini(&wbxml);
	buf_fini(&a);
	buf_fini(&b);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	size_t n = strlen(path);
	char base[500];

	if (type != FTW_F || !str_ends(slice_str(path), ".xml") || n >= sizeof(base))
		return 0;
	snprintf(base, sizeof(base), "%.*s", (int)(n - strlen(".xml")), path);
	compare(base);
	return 0;
}

static void test_own(void **state)
{
	pairs = differ = 0;
	assert_int_equal(nftw("tests/vectors/codec", visit, 8, FTW_PHYS), 0);
	assert_true(pairs >= 3);
	assert_int_equal(differ, 0);
}

static void test_corpus(void **state)
{
	const char *dir = getenv("DMSC_CORPUS");

	if (!dir)
		skip();
	pairs = differ = 0;
	assert_int_equal(nftw(dir, visit, 8, FTW_PHYS), 0);
	print_message("%u pairs, %u differ\n", pairs, differ);
	assert_true(pairs > 0);
	assert_int_equal(differ, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
