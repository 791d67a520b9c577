// SPDX-License-Identifier: GPL-2.0-or-later
/* Provisioning documents in both notations: what counts, what does not, what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "codec_dump.h"
#include "codec/prov_tokens.h"

#define WB(s) slice_of(s, sizeof(s) - 1)

#define HEAD "\x03\x0b\x6a\x00"		/* 1.3, PROV 1.0, UTF-8, no strings */
#define TABLE "\x03\x0b\x6a\x05" "INIT\x00"
#define XML(body) "<wap-provisioningdoc>" body "</wap-provisioningdoc>"

static int decode(enum codec_format f, struct slice doc, const struct codec_limits *lim,
		  struct buf *out, struct codec_error *err)
{
	/* An exact copy, so that a read behind the end is seen. */
	uint8_t *copy = malloc(doc.n + !doc.n);
	struct codec_prov *p;
	int ret;

	assert_non_null(copy);
	if (doc.n)
		memcpy(copy, doc.p, doc.n);
	ret = codec_prov_decode(f, slice_of(copy, doc.n), lim, &p, err);
	/* What was read lives without the document. */
	free(copy);
	if (!ret) {
		codec_dump_prov(out, codec_prov_get(p));
		codec_prov_free(p);
	}
	return ret;
}

static void check(enum codec_format f, struct slice doc, const char *want)
{
	struct buf got = BUF_INIT;
	struct codec_error err;

	if (decode(f, doc, NULL, &got, &err))
		fail_msg("refused: %s", err.text);
	assert_string_equal(buf_cstr(&got), want);
	buf_fini(&got);
}

static void check_fails(enum codec_format f, struct slice doc, const struct codec_limits *lim,
			int want, const char *why)
{
	struct buf got = BUF_INIT;
	struct codec_error err;
	int ret = decode(f, doc, lim, &got, &err);

	if (ret != want)
		fail_msg("returned %d (%s), not %d", ret, err.text, want);
	if (why)
		assert_string_equal(err.text, why);
	buf_fini(&got);
}

static void check_bad(struct slice doc, const char *why)
{
	check_fails(CODEC_WBXML, doc, NULL, -EBADMSG, why);
}

/* Rules: ENC-45 */
static void test_vectors(void **state)
{
	struct buf doc = BUF_INIT, want = BUF_INIT;

	codec_vector("prov.txt", &want);
	codec_vector("prov.xml", &doc);
	check(CODEC_XML, buf_slice(&doc), buf_cstr(&want));
	buf_reset(&doc);
	codec_vector("prov.wbxml", &doc);
	check(CODEC_WBXML, buf_slice(&doc), buf_cstr(&want));
	for (size_t n = 0; n < doc.len; n++)
		check_fails(CODEC_WBXML, slice_of(doc.data, n), NULL, -EBADMSG, NULL);
	buf_fini(&doc);
	buf_fini(&want);
}

/* Every byte of the vector set to some other values: any result but a crash, or a hang. */
static void test_damaged(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x03, 0x04, 0x7f, 0x83, 0xc3, 0xc4, 0xff };
	struct buf doc = BUF_INIT;

	codec_vector("prov.wbxml", &doc);
	for (size_t i = 0; i < doc.len; i++) {
		uint8_t was = doc.data[i];

		for (size_t v = 0; v < sizeof(values); v++) {
			struct buf got = BUF_INIT;
			int ret;

			doc.data[i] = values[v];
			ret = decode(CODEC_WBXML, buf_slice(&doc), NULL, &got, NULL);
			assert_true(ret == 0 || ret == -EBADMSG);
			buf_fini(&got);
		}
		doc.data[i] = was;
	}
	buf_fini(&doc);
}

/* Page 1 is that of applications; a page is of the attributes alone, and stays. */
/* Rules: ENC-41 */
static void test_pages(void **state)
{
	check(CODEC_WBXML,
	      WB(HEAD "\xc5\x46\x01\xc6\x00\x01\x55\x01\x87\x36\x06\x03w7\x00\x01\x87\x33\x06"
	      "\x91\x92\x90\x93\x01"
		 "\x87\x07\x00\x00\x06\x86\x01\x01\x01"),
	      "prov version=\"1.0\"\n0 characteristic type=\"APPLICATION\"\n"
	      "1 parm name=\"APPID\" value=\"w7\"\n"
	      "1 parm name=\"AAUTHTYPE\" value=\"HTTP-BASIC,DIGEST\"\n"
	      "1 parm name=\"NAME\" value=\"IPV6\"\n");
	/* Elements have their own page, on which the tokens are the same. */
	check(CODEC_WBXML, WB(HEAD "\x45\x00\x01\xc6\x55\x01\x87\x11\x06\x03x\x00\x01\x01\x01"),
	      "prov\n0 characteristic type=\"NAPDEF\"\n1 parm name=\"NAPID\" value=\"x\"\n");
	/* The same token means different things. */
	check(CODEC_WBXML, WB(HEAD "\x45\xc6\x55\x01\x01\xc6\x00\x01\x55\x01\x01\x01"),
	      "prov\n0 characteristic type=\"NAPDEF\"\n0 characteristic type=\"APPLICATION\"\n");
}

/* Values come in pieces of every kind. */
/* Rules: ENC-42 */
static void test_values(void **state)
{
	check(CODEC_WBXML, WB(TABLE "\x45\x87\x05\x83\x00\x01\x01"), "prov\n"
	   "0 parm name=\"INIT\"\n");
	check(CODEC_WBXML, WB(TABLE "\x45\x87\x05\x03IN\x00\x83\x02\x06\x01\x01"),
	      "prov\n0 parm name=\"INIT\" value=\"\"\n");
	check(CODEC_WBXML, WB(TABLE "\x45\x87\x08\x06\x03" "a\x00\x02\x80\x26\xc3\x01" "b\x83"
	   "\x00\xab\x01\x01"),
	      "prov\n0 parm name=\"NAP-ADDRESS\" value=\"a&bINITGSM-GPRS\"\n");
	/* More behind the part that a start token gave. */
	check(CODEC_WBXML, WB(HEAD "\xc5\x46\x03.5\x00\x01\x87\x07\x03X\x00\x01\x01"),
	      "prov version=\"1.0.5\"\n0 parm name=\"NAMEX\"\n");
	/* An attribute, and an element, by their names. */
	check(CODEC_WBXML, WB("\x03\x0b\x6a\x18parm\x00name\x00type\x00\x00value\x00xx" "\x45"
	   "\xc4\x00\x04\x05\x03N\x00"
			      "\x04\x10\x03V\x00\x01\x01\x01"), "prov\n"
			      "0 parm name=\"N\" value=\"V\"\n");
	check_bad(WB(HEAD "\x45\x87\x08\x06\x81\x00\x01"
	   "\x01"), "extension tokens mean nothing here");
	check_bad(WB(HEAD "\x45\x87\x08\x06\xf0\x01\x01"), "unknown attribute value token");
	check_bad(WB(HEAD "\x45\x87\x85\x01\x01"), "attribute value without an attribute");
	check_bad(WB(HEAD "\x45\x87\x08\x06\x03\xff\x00\x01\x01"), "an attribute is not UTF-8");
	check_bad(WB(HEAD "\x45\x87\x08\x06\xc3\x01\x00\x01\x01"), "an attribute is not UTF-8");
	check(CODEC_XML, WB(XML("<parm name='a&amp;&#38;&lt;&#x20ac;' value='&quot;'/>")),
	      "prov\n0 parm name=\"a&&<\\xe2\\x82\\xac\" value=\"\\x22\"\n");
}

/* What has no name that we can know counts as not sent, with what is inside. */
/* Rules: ENC-43 */
static void test_unknown(void **state)
{
	check(CODEC_WBXML, WB(HEAD "\x45\xc6\x5f\x03x\x00\x01\x87\x07\x06\x03v\x00\x01\x01\x87"
	   "\x11\x01\x01"),
	      "prov\n0 parm name=\"NAPID\"\n");
	check(CODEC_WBXML, WB(HEAD "\x45\xc6\x00\x07\x55\x01\x87\x07\x01\x01\x87\x00\x00\x11"
	   "\x01\x01"),
	      "prov\n0 parm name=\"NAPID\"\n");
	check(CODEC_WBXML, WB(HEAD "\x45\x46\x87\x07\x01\x01\x07\x09\x49\x87\x07\x01\x01\x87"
	   "\x11\x01\x01"),
	      "prov\n0 parm name=\"NAPID\"\n");
	check(CODEC_XML, WB(XML("<characteristic><parm name='a'/></characteristic><x type='y'><parm name='b'/>"
				"</x>text<parm value='c'/><parm name='d' xmlns='e' f='g'><parm name='h'/></parm>"
				"<characteristic type='i'/>")),
	      "prov\n0 parm name=\"d\"\n0 characteristic type=\"i\"\n");
	/* The first counts; the version is of the root alone. */
	check(CODEC_WBXML, WB(HEAD "\xc5\x46\x45\x03z\x00\x01\x87\x07\x11\x46\x06\x03p\x00\x06"
	   "\x03q\x00\x01\x01"),
	      "prov version=\"1.0\"\n0 parm name=\"NAME\" value=\"p\"\n");
	check(CODEC_WBXML, WB(HEAD "\x05"), "prov\n");
}

/* Rules: ENC-40 ENC-44 */
static void test_header(void **state)
{
	struct codec_limits pad = { .allow_padding = true };
	struct buf got = BUF_INIT;

	/* By its name in the string table; of a type that is not told; WBXML 1.1, 1.2. */
	check(CODEC_WBXML, WB("\x01\x00\x00\x6a\x1e-//WAPFORUM//DTD PROV 1.0//EN\x00\x45"
	   "\x01"), "prov\n");
	check(CODEC_WBXML, WB("\x02\x01\x03\x00\x45\x01"), "prov\n");
	check_bad(WB("\x00\x0b\x00\x45\x01"), "not WBXML 1.1 to 1.3");
	check_bad(WB("\x04\x0b\x6a\x00\x45\x01"), "not WBXML 1.1 to 1.3");
	check_bad(WB("\x03\x0a\x6a\x00\x45\x01"), "not a document of this type");
	check_bad(WB("\x03\xa4\x01\x6a\x00\x45\x01"), "not a document of this type");
	check_bad(WB("\x03\x00\x00\x6a\x04WML\x00\x45\x01"), "not a document of this type");
	check_bad(WB("\x03\x0b\x87\x77\x00\x45\x01"), "character set is not UTF-8");	/* UTF-16 */
	check_bad(WB(HEAD "\x46\x01"), "the root element is not wap-provisioningdoc");
	check_bad(WB(""), "the document is empty");
	check_bad(WB(HEAD "\x45\x01\xff"), "bytes behind the end");
	assert_int_equal(decode(CODEC_WBXML, WB(HEAD "\x45\x01\xff\xff\x00"), &pad, &got, NULL), 0);
	assert_string_equal(buf_cstr(&got), "prov\n");
	check_fails(CODEC_XML, WB("<SyncML/>"), NULL, -EBADMSG,
		    "the root element is not wap-provisioningdoc");
	check_fails(CODEC_XML, WB("<!DOCTYPE a [<!ENTITY b 'c'>]><wap-provisioningdoc/>"), NULL, -EBADMSG,
		    "a DOCTYPE is not allowed");
	check_fails(CODEC_XML, WB(XML("<parm name='&b;'/>")), NULL, -EBADMSG, NULL);
	buf_fini(&got);
}

static void repeat(struct buf *out, const char *what, int n)
{
	while (n--)
		buf_put_str(out, what);
}

static void test_limits(void **state)
{
	const struct codec_limits *def = &codec_prov_limits_default;
	struct codec_limits small = { .message = 10, .memory = 10, .elements = 2 };
	struct buf b = BUF_INIT;

	check_fails(CODEC_WBXML, WB(HEAD "\x45\x07\x07\x07\x07\x07\x01"), &small, -E2BIG,
		    "the document is too long");
	small.message = 0;
	check_fails(CODEC_WBXML, WB(HEAD "\x45\x07\x07\x01"), &small, -E2BIG, "too many elements");
	check_fails(CODEC_WBXML, WB(HEAD "\x45\x87\x08\x06\x03long enough\x00\x01"
	   "\x01"), &small, -E2BIG,
		    "too much text");
	/* 32 elements, the root among them; and 100,000 that do not even count. */
	for (int i = 0; i < 2; i++) {
		buf_put(&b, HEAD "\x45", 5);
		repeat(&b, "\x46", (int)def->depth - 1 + i);
		repeat(&b, "\x01", (int)def->depth + i);
		check_fails(CODEC_WBXML, buf_slice(&b), NULL, i ? -E2BIG : 0,
			    i ? "elements are nested too deep" : NULL);
		buf_reset(&b);
	}
	buf_put(&b, HEAD "\x45", 5);
	repeat(&b, "\x49", 100000);
	check_fails(CODEC_WBXML, buf_slice(&b), NULL, -E2BIG, "elements are nested too deep");
	buf_reset(&b);
	for (int i = 0; i < 2; i++) {
		buf_put(&b, HEAD "\x45", 5);
		repeat(&b, "\x87\x11\x01", (int)def->nodes + i);
		buf_put_u8(&b, 0x01);
		check_fails(CODEC_WBXML, buf_slice(&b), NULL, i ? -E2BIG : 0,
			    i ? "too many characteristics and parms" : NULL);
		buf_reset(&b);
	}
	/* As many attributes as there may be parms. */
	buf_put_str(&b, "<wap-provisioningdoc>");
	repeat(&b, "<parm name='n' value='v'/>", (int)def->nodes);
	buf_put_str(&b, "</wap-provisioningdoc>");
	check_fails(CODEC_XML, buf_slice(&b), NULL, 0, NULL);
	buf_reset(&b);
	buf_put(&b, HEAD "\x45\x87\x08\x06", 8);
	for (int i = 0; i < 600; i++)
		buf_put(&b, "\x03" "0123456789abcdef\x00", 18);
	buf_put(&b, "\x01\x01", 2);
	check_fails(CODEC_WBXML, buf_slice(&b), NULL, -E2BIG, "attribute value is too long");
	buf_fini(&b);
}

/* Each token of the tables, in a document of its own: those of neighbours are not mixed up. */
static void test_tokens(void **state)
{
	unsigned int starts = 0, values = 0;

	for (unsigned int page = 0; page < PROV_PAGES + 1; page++) {
		for (unsigned int t = 0; t < 0x100; t++) {
			const char *s = prov_attr_start(page, (uint8_t)t);
			const char *v = prov_attr_value(page, (uint8_t)t);

			assert_false(s && v);
			starts += s != NULL;
			values += v != NULL;
			if (s)
				assert_true(strcmp(s, "value") == 0 || strncmp(s, "name", 4) == 0 ||
					    strncmp(s, "type", 4) == 0 || strncmp(s, "version", 7) == 0);
		}
	}
	/* As many as the standard has. */
	assert_int_equal(starts, 110);
	assert_int_equal(values, 67);
	assert_string_equal(prov_attr_start(0, 0x3f), "name=PPGAUTH-TYPE");
	assert_null(prov_attr_start(0, 0x40));
	assert_string_equal(prov_attr_start(1, 0x3b), "name=RULE");
	assert_string_equal(prov_attr_value(0, 0xe1), "HA");
	assert_null(prov_attr_value(0, 0xe2));
	assert_null(prov_attr_value(1, 0x85));
	assert_string_equal(prov_attr_value(1, 0x8e), "OBEX");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
