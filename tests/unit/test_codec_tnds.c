// SPDX-License-Identifier: GPL-2.0-or-later
/* Stand-alone serialized trees in both syntaxes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include "codec_dump.h"
#include "util/str.h"

#define WB(s) ((struct slice){ (const uint8_t *)(s), sizeof(s) - 1 })

static void check_tree(enum codec_format format, struct slice doc, const char *want)
{
	struct codec_tnds *t = NULL;
	struct codec_error err;
	struct buf got = BUF_INIT;
	/* A copy that is gone before the tree is read: the tree owns its texts. */
	uint8_t *copy = malloc(doc.n + !doc.n);
	int ret;

	assert_non_null(copy);
	memcpy(copy, doc.p, doc.n);
	ret = codec_tnds_decode(format, slice_of(copy, doc.n), NULL, &t, &err);
	memset(copy, 0xa5, doc.n);
	free(copy);
	if (ret)
		fail_msg("returned %d (%s)", ret, err.text);
	codec_dump_tnds(&got, codec_tnds_get(t));
	assert_string_equal(buf_cstr(&got), want);
	codec_tnds_free(t);
	buf_fini(&got);
}

static void check_ret(enum codec_format format, struct slice doc, const struct codec_limits *lim,
		      int want)
{
	struct codec_tnds *const untouched = (struct codec_tnds *)&want, *t = untouched;
	struct codec_error err;
	int ret = codec_tnds_decode(format, doc, lim, &t, &err);

	if (ret != want)
		fail_msg("returned %d (%s), not %d", ret, err.text, want);
	if (ret)
		assert_ptr_equal(t, untouched);
	else
		codec_tnds_free(t);
}

static void test_vector(void **state)
{
	struct buf xml = BUF_INIT, wbxml = BUF_INIT, want = BUF_INIT, out = BUF_INIT;
	struct codec_tnds *t;

	codec_vector("tnds.xml", &xml);
	codec_vector("tnds.wbxml", &wbxml);
	codec_vector("tnds.txt", &want);
	check_tree(CODEC_XML, buf_slice(&xml), buf_cstr(&want));
	check_tree(CODEC_WBXML, buf_slice(&wbxml), buf_cstr(&want));
	/* Written as either. */
	assert_int_equal(codec_tnds_decode(CODEC_XML, buf_slice(&xml), NULL, &t, NULL), 0);
	codec_tnds_encode(CODEC_XML, &out, codec_tnds_get(t));
	assert_int_equal(buf_error(&out), 0);
	check_tree(CODEC_XML, buf_slice(&out), buf_cstr(&want));
	buf_reset(&out);
	codec_tnds_encode(CODEC_WBXML, &out, codec_tnds_get(t));
	assert_int_equal(buf_error(&out), 0);
	check_tree(CODEC_WBXML, buf_slice(&out), buf_cstr(&want));
	codec_tnds_free(t);
	buf_fini(&xml);
	buf_fini(&wbxml);
	buf_fini(&want);
	buf_fini(&out);
}

static void test_truncated(void **state)
{
	static const char *const names[] = { "tnds.xml", "tnds.wbxml" };

	for (enum codec_format f = CODEC_XML; f <= CODEC_WBXML; f++) {
		struct buf doc = BUF_INIT;
		size_t whole;

		codec_vector(names[f], &doc);
		whole = f == CODEC_XML ? str_trim(buf_slice(&doc)).n : doc.len;
		for (size_t n = 0; n < whole; n++) {
			uint8_t *copy = malloc(n + !n);

			assert_non_null(copy);
			memcpy(copy, doc.data, n);
			check_ret(f, slice_of(copy, n), NULL, -EBADMSG);
			free(copy);
		}
		buf_fini(&doc);
	}
}

/* Rules: ENC-35 ENC-44 */
static void test_wbxml_forms(void **state)
{
	static const char want[] = "  node 0 name=\"A\" format=\"bin\" value(opaque)=\"\\x00\\xff\"\n";
#define TREE "\x60\x64\x66\x03" "A\0\x01\x6f\x5c\x09\x01\x01\x76\xc3\x02\x00\xff\x01\x01\x01"

	/* Public identifier in the string table and the page switched to. */
	check_tree(CODEC_WBXML, WB("\x02\0\0\x6a\x1b-//OMA//DTD-DM-DDF 1.2//EN\0\0\x02" TREE), want);
	/* Unknown identifier, no switch: seen from servers. */
	check_tree(CODEC_WBXML, WB("\x03\x01\x6a\0" TREE), want);
	check_tree(CODEC_WBXML, WB("\x03\x01\x6a\0\0\x02" TREE), want);
	check_ret(CODEC_WBXML, WB("\x03\x0b\x6a\0\0\x02" TREE), NULL, -EBADMSG);
	/* As a file of a card: filled up. */
	check_ret(CODEC_WBXML, WB("\x03\x01\x6a\0" TREE "\xff\xff"), NULL, -EBADMSG);
	check_ret(CODEC_WBXML, WB("\x03\x01\x6a\0" TREE "\xff\xff"),
		  &(struct codec_limits){ .allow_padding = true }, 0);
	/* A message is no tree. */
	check_ret(CODEC_WBXML, WB("\x02\xa4\x01\x6a\0\x6d\x6c\x01\x6b\x01\x01"), NULL, -EBADMSG);
}

/* Rules: ENC-31 ENC-34 */
static void test_xml_forms(void **state)
{
	/* The prolog and white space a CDATA section may bring; Format as text. */
	check_tree(CODEC_XML, SLICE_LIT("\n  <?xml version='1.0'?>\n<MgmtTree><Node><NodeName/><RTProperties>"
					"<Format>chr</Format><Type><MIME>a/b</MIME></Type></RTProperties>"
					"<Value> x </Value></Node></MgmtTree>\n"),
		   "  node 0 name=\"\" format=\"chr\" type=\"a/b\" value=\" x \"\n");
	check_tree(CODEC_XML, SLICE_LIT("<MgmtTree/>"), "");
	check_tree(CODEC_XML, SLICE_LIT("<MgmtTree><Node><RTProperties><Format/><Format><Strange/></Format>"
					"</RTProperties><DFProperties><Format><chr/></Format>"
					"</DFProperties></Node></MgmtTree>"), "  node 0\n");
	check_tree(CODEC_XML, SLICE_LIT("<MgmtTree><Node><RTProperties><Format><int/><chr/></Format>"
					"</RTProperties></Node></MgmtTree>"),
		   "  node 0 format=\"int\"\n");
	check_ret(CODEC_XML, SLICE_LIT("<SyncML/>"), NULL, -EBADMSG);
	check_ret(CODEC_XML, SLICE_LIT("<!DOCTYPE MgmtTree><MgmtTree/>"), NULL, -EBADMSG);
	check_ret(CODEC_XML, SLICE_LIT("<MgmtTree/><MgmtTree/>"), NULL, -EBADMSG);
}

static void test_limits(void **state)
{
	struct codec_limits lim = { .nodes = 99 };
	struct buf b = BUF_INIT;

	buf_put_str(&b, "<MgmtTree>");
	for (int i = 0; i < 100; i++)
		buf_put_str(&b, "<Node><NodeName>n</NodeName></Node>");
	buf_put_str(&b, "</MgmtTree>");
	check_ret(CODEC_XML, buf_slice(&b), &lim, -E2BIG);
	lim.nodes = 100;
	check_ret(CODEC_XML, buf_slice(&b), &lim, 0);
	lim.memory = 99;
	check_ret(CODEC_XML, buf_slice(&b), &lim, -E2BIG);
	lim.memory = 100;
	check_ret(CODEC_XML, buf_slice(&b), &lim, 0);
	buf_reset(&b);
	buf_put_str(&b, "<MgmtTree>");
	for (int i = 0; i < 50000; i++)
		buf_put_str(&b, "<Node>");
	check_ret(CODEC_XML, buf_slice(&b), NULL, -E2BIG);
	buf_reset(&b);
	buf_put(&b, "\x03\x01\x6a\0\x60", 5);
	for (int i = 0; i < 50000; i++)
		buf_put_u8(&b, 0x64);
	check_ret(CODEC_WBXML, buf_slice(&b), NULL, -E2BIG);
	buf_fini(&b);
}

static int encode(enum codec_format f, const struct dm_tnds_node *nodes, size_t n)
{
	struct buf b = BUF_INIT;
	int err;

	codec_tnds_encode(f, &b, &(struct dm_tnds){ nodes, n });
	err = buf_error(&b);
	buf_fini(&b);
	return err;
}

static void test_refuses_to_write(void **state)
{
	static const struct dm_tnds_node jump[] = { { .depth = 0 }, { .depth = 2 } };
	static const struct dm_tnds_node root[] = { { .depth = 1 } };
	static const struct dm_tnds_node fmt[] = { { .format = SLICE_LIT("Node") } };
	static const struct dm_tnds_node unknown[] = { { .format = SLICE_LIT("blob") } };
	static const struct dm_tnds_node raw[] = {
		{ .has_value = true, .value_opaque = true, .value = SLICE_LIT("\0\xff") }
	};

	for (enum codec_format f = CODEC_XML; f <= CODEC_WBXML; f++) {
		assert_int_equal(encode(f, jump, 2), -EINVAL);
		assert_int_equal(encode(f, root, 1), -EINVAL);
		assert_int_equal(encode(f, fmt, 1), -EINVAL);
		assert_int_equal(encode(f, unknown, 1), -EINVAL);
		assert_int_equal(encode(f, jump, 1), 0);
	}
	assert_int_equal(encode(CODEC_XML, raw, 1), -EILSEQ);
	assert_int_equal(encode(CODEC_WBXML, raw, 1), 0);
}

/* Rules: ENC-30 ENC-32 ENC-33 */
static void test_written(void **state)
{
	static const struct dm_tnds_node nodes[] = {
		{ .name = SLICE_LIT("a"), .format = SLICE_LIT("node"), .type = SLICE_LIT("urn:x") },
		{ .name = SLICE_LIT("b"), .depth = 1, .type = SLICE_LIT("text/plain"), .has_value = true,
		  .value = SLICE_LIT("v") },
		{ .name = SLICE_LIT(""), .depth = 1, .type = SLICE_LIT("urn:y") },
		{ .name = SLICE_LIT("c") },
	};
	static const struct dm_tnds tree = { nodes, 4 };
	struct buf b = BUF_INIT;

	codec_tnds_encode(CODEC_XML, &b, &tree);
	assert_string_equal(buf_cstr(&b),
			    "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD><Node><NodeName>a</NodeName>"
			    "<RTProperties><Format><node/></Format><Type><DDFName>urn:x</DDFName></Type></RTProperties>"
			    "<Node><NodeName>b</NodeName><RTProperties><Type><MIME>text/plain</MIME></Type>"
			    "</RTProperties><Value>v</Value></Node><Node><NodeName/><RTProperties><Type>"
			    "<DDFName>urn:y</DDFName></Type></RTProperties></Node></Node><Node><NodeName>c</NodeName>"
			    "<RTProperties/></Node></MgmtTree>");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_wbxml_forms),
		cmocka_unit_test(test_xml_forms),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_refuses_to_write),
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
