// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One document in two notations must decode to the same calls: the vectors of
 * this project. For tests/codec-judges, which has documents of other people, it
 * also shows and converts single ones:
 *
 *	test_codec_pairs --dump xml|wbxml FILE
 *	test_codec_pairs --convert xml|wbxml FILE xml|wbxml TO
 *
 * with exit code 0, 1 when the document is refused, 2 when what it says cannot
 * be written in that notation.
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

/* Refused for what it is rather than for an error in it. */
static bool is_another(const struct codec_error *err)
{
	return strstr(err->text, "root element is not") || strstr(err->text, "document of this type");
}

static int dump(enum codec_format format, struct slice doc, struct buf *out)
{
	struct codec_dump d = { .out = BUF_INIT, .unify = true };
	struct codec_error err;
	struct codec_prov *p;
	struct codec_tnds *t;
	int ret = codec_decode(format, doc, NULL, &codec_dump_sink, &d, &err);

	if (ret == -EBADMSG && is_another(&err)) {
		ret = codec_tnds_decode(format, doc, NULL, &t, &err);
		if (!ret) {
			codec_dump_tnds(&d.out, codec_tnds_get(t));
			codec_tnds_free(t);
		}
	}
	if (ret == -EBADMSG && is_another(&err)) {
		ret = codec_prov_decode(format, doc, NULL, &p, &err);
		if (!ret) {
			codec_dump_prov(&d.out, codec_prov_get(p));
			codec_prov_free(p);
		}
	}
	buf_put_slice(out, buf_slice(&d.out));
	if (ret)
		buf_printf(out, "refused: %d %s\n", ret, err.text);
	buf_fini(&d.out);
	return ret;
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

/* Rules: ENC-25 */
static void test_own(void **state)
{
	pairs = differ = 0;
	assert_int_equal(nftw("tests/vectors/codec", visit, 8, FTW_PHYS), 0);
	assert_true(pairs >= 4);
	assert_int_equal(differ, 0);
}

static enum codec_format format_of(const char *name)
{
	return strcmp(name, "xml") == 0 ? CODEC_XML : CODEC_WBXML;
}

static int show(enum codec_format format, struct slice doc)
{
	struct buf out = BUF_INIT;
	int ret = dump(format, doc, &out);

	fputs(buf_cstr(&out), stdout);
	buf_fini(&out);
	return ret ? 1 : 0;
}

static int convert(enum codec_format from, struct slice doc, enum codec_format to, struct buf *out)
{
	struct codec_tnds *t;
	int ret = codec_convert(from, doc, to, out);

	if (ret == -EBADMSG && codec_tnds_decode(from, doc, NULL, &t, NULL) == 0) {
		buf_reset(out);
		codec_tnds_encode(to, out, codec_tnds_get(t));
		codec_tnds_free(t);
		ret = 0;
	}
	if (ret)
		return 1;
	return buf_error(out) ? 2 : 0;
}

static int tool(int argc, char **argv)
{
	struct buf doc = BUF_INIT, out = BUF_INIT;
	int code = 64;

	if (argc < 4 || buf_read_file(&doc, argv[3]))
		return code;
	if (argc == 4 && strcmp(argv[1], "--dump") == 0)
		code = show(format_of(argv[2]), buf_slice(&doc));
	if (argc == 6 && strcmp(argv[1], "--convert") == 0) {
		FILE *to = fopen(argv[5], "w");

		code = convert(format_of(argv[2]), buf_slice(&doc), format_of(argv[4]), &out);
		if (!to || fwrite(out.data, 1, out.len, to) != out.len || fclose(to))
			code = 64;
	}
	buf_fini(&doc);
	buf_fini(&out);
	return code;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
	};

	if (argc > 1)
		return tool(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
