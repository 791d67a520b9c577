// SPDX-License-Identifier: GPL-2.0-or-later
/* The WBXML side of the codec: tokens one by one, hostile numbers, what it writes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "codec_dump.h"

/* A literal's bytes without its NUL. Tokens: see codec/tags.h; 0x40 = has content. */
#define WB(s) slice_of(s, sizeof(s) - 1)

#define HEAD "\x02\xa4\x01\x6a\x00"			/* 1.2, SyncML 1.2, UTF-8, no strings */
#define SYNCML "\x6d"
#define HDR "\x6c\x5b\x03" "1\x00\x01\x01"		/* SyncHdr, MsgID "1" */
#define OPEN SYNCML HDR "\x6b"				/* SyncBody */
#define CLOSE "\x01\x01"
#define MSG(body) HEAD OPEN body CLOSE
#define HDR_TEXT "header msg=\"1\"\n"
#define CMDID(text) "\x53\x4b" text "\x01\x01"		/* Get with a CmdID */

static const char *const vectors[] = { "package2", "containers" };

#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static void check_ret_why(struct slice msg, const struct codec_limits *lim, int want,
			  const char *why)
{
	struct codec_dump d = { .out = BUF_INIT };
	struct codec_error err;
	/* An exact copy, so that a read behind the end is seen. */
	uint8_t *copy = malloc(msg.n + !msg.n);
	int ret;

	assert_non_null(copy);
	if (msg.n)
		memcpy(copy, msg.p, msg.n);
	ret = codec_decode(CODEC_WBXML, slice_of(copy, msg.n), lim, &codec_dump_sink, &d, &err);
	if (ret != want)
		fail_msg("returned %d (%s), not %d", ret, err.text, want);
	assert_int_equal(d.ends, ret == 0);
	if (why)
		assert_string_equal(err.text, why);
	if (ret)
		assert_true(err.offset <= msg.n);
	free(copy);
	buf_fini(&d.out);
}

static void check_ret(struct slice msg, int want)
{
	check_ret_why(msg, NULL, want, NULL);
}

static void check_bad(struct slice msg, const char *why)
{
	check_ret_why(msg, NULL, -EBADMSG, why);
}

static void check_dump(struct slice msg, const char *want)
{
	struct buf got = BUF_INIT;

	assert_int_equal(codec_dump(CODEC_WBXML, msg, NULL, &got), 0);
	assert_string_equal(buf_cstr(&got), want);
	buf_fini(&got);
}

static void test_vectors(void **state)
{
	char name[64];

	for (size_t i = 0; i < VECTORS; i++) {
		struct buf msg = BUF_INIT, again = BUF_INIT;

		snprintf(name, sizeof(name), "%s.wbxml", vectors[i]);
		codec_vector(name, &msg);
		snprintf(name, sizeof(name), "%s.txt", vectors[i]);
		codec_expect(CODEC_WBXML, buf_slice(&msg), name);
		assert_int_equal(codec_convert(CODEC_WBXML, buf_slice(&msg), CODEC_WBXML, &again), 0);
		codec_expect(CODEC_WBXML, buf_slice(&again), name);
		buf_reset(&again);
		assert_int_equal(codec_convert(CODEC_WBXML, buf_slice(&msg), CODEC_XML, &again), 0);
		codec_expect(CODEC_XML, buf_slice(&again), name);
		buf_fini(&msg);
		buf_fini(&again);
	}
}

/* Rules: ENC-23 */
static void test_truncated(void **state)
{
	char name[64];

	for (size_t i = 0; i < VECTORS; i++) {
		struct buf msg = BUF_INIT;

		snprintf(name, sizeof(name), "%s.wbxml", vectors[i]);
		codec_vector(name, &msg);
		for (size_t n = 0; n < msg.len; n++)
			check_ret(slice_of(msg.data, n), -EBADMSG);
		check_ret(buf_slice(&msg), 0);
		buf_fini(&msg);
	}
}

/* Every byte of a vector set to some other values: any result but a crash, or a hang. */
static void test_damaged(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x03, 0x04, 0x7f, 0x83, 0xc3, 0xc4, 0xff };
	struct buf msg = BUF_INIT;

	codec_vector("containers.wbxml", &msg);
	for (size_t i = 0; i < msg.len; i++) {
		uint8_t was = msg.data[i];

		for (size_t v = 0; v < sizeof(values); v++) {
			struct codec_dump d = { .out = BUF_INIT };
			int ret;

			msg.data[i] = values[v];
			ret = codec_decode(CODEC_WBXML, buf_slice(&msg), NULL, &codec_dump_sink, &d, NULL);
			assert_true(ret == 0 || ret == -EBADMSG);
			assert_int_equal(d.ends, ret == 0);
			buf_fini(&d.out);
		}
		msg.data[i] = was;
	}
	buf_fini(&msg);
}

static void test_stops_where_told(void **state)
{
	struct buf msg = BUF_INIT;
	struct codec_dump all = { .out = BUF_INIT };

	codec_vector("containers.wbxml", &msg);
	assert_int_equal(codec_decode(CODEC_WBXML, buf_slice(&msg), NULL, &codec_dump_sink, &all,
				      NULL), 0);
	assert_true(all.calls > 12);
	for (unsigned int at = 1; at <= all.calls; at++) {
		struct codec_dump d = { .out = BUF_INIT, .fail_at = at, .fail_with = -ENOLINK };

		assert_int_equal(codec_decode(CODEC_WBXML, buf_slice(&msg), NULL, &codec_dump_sink,
					      &d, NULL), -ENOLINK);
		assert_int_equal(d.calls, at);
		buf_fini(&d.out);
	}
	buf_fini(&all.out);
	buf_fini(&msg);
}

/* Rules: ENC-11 ENC-12 ENC-13 ENC-14 */
static void test_header(void **state)
{
#define BODY OPEN "\x12" CLOSE
	static const char want[] = HDR_TEXT "end final\n";

	check_dump(WB("\x01\xa4\x01\x6a\x00" BODY), want);
	check_dump(WB("\x03\xa4\x01\x6a\x00" BODY), want);
	check_dump(WB("\x02\x9f\x53\x6a\x00" BODY), want);		/* SyncML 1.1 */
	check_dump(WB("\x02\x01\x6a\x00" BODY), want);			/* unknown */
	check_dump(WB("\x02\xa4\x01\x00\x00" BODY), want);		/* charset unknown */
	check_dump(WB("\x02\xa4\x01\x03\x00" BODY), want);		/* US-ASCII */
	check_dump(WB("\x02\x00\x00\x6a\x1e-//SYNCML//DTD SyncML 1.2//EN\x00" BODY), want);
	check_dump(WB("\x02\x00\x00\x6a\x1d-//SYNCML//DTD SyncML 1.2//EN" BODY), want);
	check_dump(WB("\x02\x00\x02\x6a\x20xx-//SYNCML//DTD SyncML 1.1//EN\x00" BODY), want);
	check_bad(WB("\x00\xa4\x01\x6a\x00" BODY), "not WBXML 1.1 to 1.3");
	check_bad(WB("\x04\xa4\x01\x6a\x00" BODY), "not WBXML 1.1 to 1.3");
	check_bad(WB("\x03\x0b\x6a\x00" BODY), "not a document of this type");
	check_bad(WB("\x02\x00\x00\x6a\x04" "abc\x00" BODY), "not a document of this type");
	check_bad(WB("\x02\x00\x04\x6a\x04" "abc\x00" BODY),
		  "public identifier outside the string table");
	check_bad(WB("\x02\x00\x00\x6a\x00" BODY), "public identifier outside the string table");
	check_bad(WB("\x02\xa4\x01\x04\x00" BODY), "character set is not UTF-8");	/* Latin 1 */
	check_bad(WB("\x02\xa4\x01\x87\x68\x00" BODY), "character set is not UTF-8");	/* UCS-2 */
	check_bad(WB("\x02\xa4\x01\x87\x77\x00" BODY), "character set is not UTF-8");	/* UTF-16 */
	/* What is said to be ASCII and is not: UTF-8 is taken all the same, other bytes are not. */
	check_dump(WB("\x02\xa4\x01\x03\x00" OPEN CMDID("\x03\xc3\xa4\x00") CLOSE),
		   HDR_TEXT "0 Get id=\"\\xc3\\xa4\"\nend\n");
	check_bad(WB("\x02\xa4\x01\x03\x00" OPEN CMDID("\x03\xe4\x00") CLOSE), "text is not UTF-8");
	check_bad(WB("\x02\xa4\x01\x6a\x70" BODY), "string table longer than the document");
	check_bad(WB("\x02\xa4\x01\x6a\x8f\xff\xff\xff\x7f" BODY),
		  "string table longer than the document");
	check_bad(WB("\x02\xa4\x01\x6a\x90\x80\x80\x80\x00" BODY), "number exceeds 32 bits");
	check_bad(WB("\x02\x80\x80\x80\x80\x80\x01\x6a\x00" BODY), "number of more than five bytes");
	check_bad(WB(""), "the document is empty");
#undef BODY
}

/* Rules: ENC-17 ENC-22 */
static void test_strings(void **state)
{
#define TABLE "\x02\xa4\x01\x6a\x08" "ab\x00" "cde\x00" "f"	/* the last one without an end */
	check_dump(WB(TABLE OPEN CMDID("\x83\x00") CMDID("\x83\x01") CMDID("\x83\x03") CMDID("\x83\x07")
		      CMDID("\x83\x02") CLOSE),
		   HDR_TEXT "0 Get id=\"ab\"\n0 Get id=\"b\"\n0 Get id=\"cde\"\n0 Get id=\"f\"\n"
		   "0 Get id=\"\"\nend\n");
	check_bad(WB(TABLE OPEN CMDID("\x83\x08") CLOSE), "reference outside the string table");
	check_bad(WB(TABLE OPEN CMDID("\x83\x8f\xff\xff\xff\x7f") CLOSE),
		  "reference outside the string table");
	check_bad(WB(MSG(CMDID("\x83\x00"))), "reference outside the string table");
	/* Pieces of all kinds make one text. */
	check_dump(WB(TABLE OPEN CMDID("\x03" "1\x00\x83\x00\x03\x00\x02\x26\x03" "2\x00") CLOSE),
		   HDR_TEXT "0 Get id=\"1ab&2\"\nend\n");
	check_bad(WB(HEAD OPEN "\x53\x4b\x03" "abc"), "string without an end");
	check_bad(WB(HEAD "\x03" "a\x00"), "text outside the root element");
	check_bad(WB(MSG(CMDID("\x03\xff\x00"))), "text is not UTF-8");
	check_bad(WB(MSG(CMDID("\xc3\x01" "9") CMDID("\x40" "x\x00"))),
		  "extension tokens mean nothing here");
#undef TABLE
}

/* Rules: ENC-18 */
static void test_entities(void **state)
{
	check_dump(WB(MSG(CMDID("\x02\x7f\x02\x81\x00\x02\x8f\x7f\x02\x90\x00\x02\xc1\x2c"
				"\x02\x83\xff\x7f\x02\x84\x80\x00\x02\xc3\xff\x7f"))),
		   HDR_TEXT "0 Get id=\"\\x7f\\xc2\\x80\\xdf\\xbf\\xe0\\xa0\\x80\\xe2\\x82\\xac"
		   "\\xef\\xbf\\xbf\\xf0\\x90\\x80\\x80\\xf4\\x8f\\xbf\\xbf\"\nend\n");
	check_bad(WB(MSG(CMDID("\x02\x00"))), "entity is no character");
	check_bad(WB(MSG(CMDID("\x02\x83\xb0\x00"))), "entity is no character");
	check_bad(WB(MSG(CMDID("\x02\xc4\x80\x00"))), "entity is no character");
	check_bad(WB(MSG(CMDID("\x02\x8f\xff\xff\xff\x7f"))), "entity is no character");
}

#define ADD(content) "\x45\x54" content "\x01\x01"	/* Add, Item */
/* Rules: ENC-19 */
static void test_opaque(void **state)
{
	check_dump(WB(MSG(ADD("\x4f\xc3\x03\x00\xff\x01\x01"))),
		   HDR_TEXT "0 Add\n item data(opaque)=\"\\x00\\xff\\x01\"\nend\n");
	check_dump(WB(MSG(ADD("\x4f\xc3\x00\x01"))),
		   HDR_TEXT "0 Add\n item data(opaque)=\"\"\nend\n");
	/* Layout around bytes is not data; text is. */
	check_dump(WB(MSG(ADD("\x4f\x03\n \x00\xc3\x01\x41\x03\n\x00\x01"))),
		   HDR_TEXT "0 Add\n item data(opaque)=\"A\"\nend\n");
	check_dump(WB(MSG(ADD("\x4f\x03-\x00\xc3\x01\x41\x03+\x00\x01"))),
		   HDR_TEXT "0 Add\n item data(opaque)=\"-A+\"\nend\n");
	/* Bytes sent as a string can only be bytes. */
	check_dump(WB(MSG(ADD("\x4f\x03\xff\xfe\x00\x01"))),
		   HDR_TEXT "0 Add\n item data(opaque)=\"\\xff\\xfe\"\nend\n");
	check_bad(WB(HEAD OPEN "\x45\x54\x4f\xc3\x02" "A"),
		  "opaque data longer than the document");
	check_bad(WB(HEAD OPEN "\x45\x54\x4f\xc3\x8f\xff\xff\xff\x7f" "A"),
		  "opaque data longer than the document");
	/* Nonces, in a Chal. */
	check_dump(WB(MSG("\x69\x49\x5a\x00\x01\x50\xc3\x04\x00\x00\x00\x00\x01\x01\x01\x00\x00\x01")),
		   HDR_TEXT "0 Status chal={ nonce=\"\\x00\\x00\\x00\\x00\" (opaque) }\nend\n");
}

/* Rules: ENC-15 ENC-16 ENC-36 */
static void test_pages(void **state)
{
	/* Meta with and without MetInf around, and back. */
	check_dump(WB(MSG("\x45\x5a\x00\x01\x47\x03int\x00\x01\x01\x00\x00\x4b\x03" "1\x00\x01\x01")),
		   HDR_TEXT "0 Add id=\"1\" meta={ format=\"int\" }\nend\n");
	check_dump(WB(MSG("\x45\x5a\x00\x01\x4e\x47\x03int\x00\x01\x52\x03" "9\x00\x01\x01\x01\x01")),
		   HDR_TEXT "0 Add meta={ format=\"int\" size=9 }\nend\n");
	/* A token of the wrong page is another element. */
	check_dump(WB(MSG("\x45\x5a\x47\x03int\x00\x01\x01\x01")), HDR_TEXT "0 Add\nend\n");
	/* Pages nobody knows hold elements nobody knows. */
	check_dump(WB(MSG("\x00\x03\x53\x4b\x03" "1\x00\x01\x01\x00\xff\x13\x00\x00\x13")),
		   HDR_TEXT "0 Get\nend\n");
	/* Tokens without a name, on a known page. */
	check_dump(WB(MSG("\x70\x4b\x03" "1\x00\x01\x01\x3f\x13")), HDR_TEXT "0 Get\nend\n");
	/* A tree on page 2, between commands of page 0. */
	check_dump(WB(MSG("\x45\x54\x4f\x00\x02\x60\x64\x66\x03x\x00\x01\x76\xc3\x01\x00\x01\x01\x01\x01\x01"
			  "\x00\x00\x01\x13")),
		   HDR_TEXT "0 Add\n item tnds\n  node 0 name=\"x\" value(opaque)=\"\\x00\"\n"
		   "0 Get\nend\n");
	check_bad(WB(HEAD OPEN "\x00"), "ends inside a token");
}

/* Rules: ENC-20 ENC-21 */
static void test_literals_and_attributes(void **state)
{
#define TABLE "\x02\xa4\x01\x6a\x04" "Get\x00"
	/* Literal elements are those of their names, in each of the four forms. */
	check_dump(WB(TABLE OPEN "\x04\x00\x44\x00\x4b\x03" "1\x00\x01\x01\x84\x00\x05\x01"
		      "\xc4\x00\x05\x03v\x00\x01\x4b\x03" "2\x00\x01\x01" CLOSE),
		   HDR_TEXT "0 Get\n0 Get id=\"1\"\n0 Get\n0 Get id=\"2\"\nend\n");
	/* ... where such may stand; else they are unknown ones. */
	check_dump(WB(TABLE OPEN "\x53\x44\x00\x4b\x03" "1\x00\x01\x01\x01\x04\x01" CLOSE),
		   HDR_TEXT "0 Get\nend\n");
	check_bad(WB(TABLE OPEN "\x44\x04\x01" CLOSE), "reference outside the string table");
	/* Attributes are skipped, with every form of value. */
	check_dump(WB(TABLE OPEN "\xd3\x05\x03v\x00\x83\x00\xc3\x01\x00\x02\x26\x00\x01\x06\x04\x00\x01"
		      "\x4b\x03" "1\x00\x01\x01" CLOSE), HDR_TEXT "0 Get id=\"1\"\nend\n");
	check_dump(WB(TABLE OPEN "\x93\x05\x01" CLOSE), HDR_TEXT "0 Get\nend\n");
	check_bad(WB(HEAD OPEN "\xd3\x05"), "ends inside a token");
	check_bad(WB(HEAD OPEN "\xd3\x03v\x00\x01"), "attribute value without an attribute");
	check_bad(WB(HEAD OPEN "\xd3\x05\x85\x01"), "unknown attribute value token");
	check_bad(WB(HEAD OPEN "\xd3\x05\xc0\x01"), "extension tokens mean nothing here");
	/* A processing instruction, before and inside. */
	check_dump(WB(TABLE "\x43\x05\x03v\x00\x01" OPEN "\x43\x05\x01\x13" CLOSE),
		   HDR_TEXT "0 Get\nend\n");
#undef TABLE
}

static void test_long_attribute(void **state)
{
	struct buf b = BUF_INIT;

	buf_put(&b, HEAD OPEN "\xd3\x05", sizeof(HEAD OPEN "\xd3\x05") - 1);
	for (int i = 0; i < 3000; i++)
		buf_put(&b, "\x03xyz\x00", 5);
	check_ret(buf_slice(&b), -E2BIG);
	buf_fini(&b);
}

/* Rules: ENC-23 ENC-44 */
static void test_end(void **state)
{
	struct codec_limits pad = { .allow_padding = true };

	check_bad(WB(MSG("\x12") "\x00"), "bytes behind the end");
	check_bad(WB(MSG("\x12") MSG("\x12")), "bytes behind the end");
	check_ret_why(WB(MSG("\x12") "\xff\xff\x00"), &pad, 0, NULL);
	check_bad(WB(HEAD "\x01"), "end without an element");
	check_bad(WB(HEAD), "ends inside an element");
	check_bad(WB(HEAD "\x2d"), "no SyncHdr");
	check_bad(WB(HEAD "\x2b"), "the root element is not SyncML");
	check_bad(WB(HEAD "\x00\x02\x60\x01"), "the root element is not SyncML");
	check_bad(WB(HEAD SYNCML "\x2c\x01"), "no SyncBody");
	check_bad(WB(HEAD SYNCML "\x2b\x01"), "SyncBody before SyncHdr");
}

/* Rules: ENC-26 */
static void test_deep(void **state)
{
	static const uint8_t tags[] = { 0x6d, 0x4f, 0x48, 0x54, 0x7f, 0xc4 };

	/* Nothing but 50,000 tags, of each kind, behind a header. */
	for (size_t t = 0; t < sizeof(tags); t++) {
		struct buf b = BUF_INIT;

		buf_put(&b, HEAD, sizeof(HEAD) - 1);
		for (int i = 0; i < 50000; i++)
			buf_put_u8(&b, tags[t]);
		check_ret(buf_slice(&b), tags[t] == 0x6d ? -E2BIG : -EBADMSG);
		buf_fini(&b);
	}

	for (size_t t = 0; t < sizeof(tags); t++) {
		struct buf b = BUF_INIT;

		buf_put(&b, "\x02\xa4\x01\x6a\x02x\x00" OPEN "\x45\x54\x4f",
			sizeof("\x02\xa4\x01\x6a\x02x\x00" OPEN "\x45\x54\x4f") - 1);
		for (int i = 0; i < 100000; i++) {
			buf_put_u8(&b, tags[t]);
			if (tags[t] == 0xc4)
				buf_put(&b, "\x00\x01", 2);	/* name, end of attributes */
		}
		check_ret_why(buf_slice(&b), NULL, -E2BIG, "elements are nested too deep");
		buf_fini(&b);
	}
}

/* References multiply what they mean: 64 of a table of 1 MiB are as many as may be. */
static void test_references_add_up(void **state)
{
	for (int n = 64; n <= 65; n++) {
		struct buf b = BUF_INIT;

		buf_put(&b, "\x02\xa4\x01\x6a\xc0\x80\x00", 7);	/* a table of 1 << 20 bytes */
		for (int i = 0; i < 1 << 17; i++)
			buf_put(&b, "01234567", 8);
		buf_put(&b, OPEN, sizeof(OPEN) - 1);
		for (int i = 0; i < n; i++)
			buf_put(&b, "\x7f\x83\x00\x01", 4);	/* an unknown element: <x>ref</x> */
		buf_put(&b, CLOSE, sizeof(CLOSE) - 1);
		check_ret_why(buf_slice(&b), NULL, n > 64 ? -E2BIG : 0,
			      n > 64 ? "too much text from the string table" : NULL);
		buf_fini(&b);
	}
}

static void test_borrows(void **state)
{
	/* Leaf data is not copied: a message of bytes needs no memory for them. */
	struct codec_limits lim = { .memory = 1 };

	check_ret_why(WB(MSG(ADD("\x4f\x03long enough to be seen in the account\x00\x01"))), &lim, 0,
		      NULL);
	check_ret_why(WB(MSG(ADD("\x4f\x03long enough\x00\x03 to be seen\x00\x01"))), &lim, -E2BIG,
		      "too much data for one command");
}

/* Rules: ENC-24 */
static void test_writes(void **state)
{
	const struct dm_encoder *e = codec_encoder(CODEC_WBXML);
	struct dm_item item = {
		.target = SLICE_LIT("./A"), .data = SLICE_LIT("\x00\xff"),
		.meta = { .format = SLICE_LIT("bin"), .has_size = true, .size = 18446744073709551615u },
	};
	struct dm_cmd cmd = {
		.kind = DM_CMD_ADD, .cmd_id = SLICE_LIT("1"), .items = &item, .nitems = 1,
	};
	struct dm_hdr hdr = { .msg_id = SLICE_LIT("1") };
	static const char want[] = MSG("\x45\x4b\x03" "1\x00\x01\x54\x6e\x57\x03./A\x00\x01\x01"
				       "\x5a\x00\x01\x47\x03" "bin\x00\x01\x52\x03" "18446744073709551615\x00"
				       "\x01\x01\x00\x00\x4f\xc3\x02\x00\xff\x01\x01\x01\x12");
	struct buf b = BUF_INIT;
	size_t len;

	e->begin(&b, &hdr);
	e->command(&b, &cmd);
	len = b.len;
	e->finish(&b, true);
	assert_int_equal(buf_error(&b), 0);
	assert_int_equal(b.len - len, e->tail_size);
	assert_int_equal(b.len, sizeof(want) - 1);
	assert_memory_equal(b.data, want, sizeof(want) - 1);
	/* Identifiers must be text. */
	item.target = SLICE_LIT("./\xff");
	e->command(&b, &cmd);
	assert_int_equal(buf_error(&b), -EILSEQ);
	buf_truncate(&b, 0);
	item.target = SLICE_LIT("./\0");
	e->command(&b, &cmd);
	assert_int_equal(buf_error(&b), -EILSEQ);
	buf_fini(&b);
}

static void test_writes_lengths(void **state)
{
	static const size_t sizes[] = { 1, 127, 128, 16383, 16384, 2097151, 2097152 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct dm_encoder *e = codec_encoder(CODEC_WBXML);
		uint8_t *raw = calloc(1, sizes[i]);
		struct dm_item item = { .data = slice_of(raw, sizes[i]), .data_opaque = true };
		struct dm_cmd cmd = { .kind = DM_CMD_ADD, .items = &item, .nitems = 1 };
		struct dm_hdr hdr = { .msg_id = SLICE_LIT("1") };
		struct codec_dump d = { .out = BUF_INIT };
		struct buf b = BUF_INIT;

		e->begin(&b, &hdr);
		e->command(&b, &cmd);
		e->finish(&b, false);
		assert_int_equal(codec_decode(CODEC_WBXML, buf_slice(&b), NULL, &codec_dump_sink, &d,
					      NULL), 0);
		/* Each NUL is dumped as four characters. */
		assert_int_equal(d.out.len, strlen(HDR_TEXT "0 Add\n item data(opaque)=\"\"\nend\n") +
				 4 * sizes[i]);
		free(raw);
		buf_fini(&b);
		buf_fini(&d.out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_stops_where_told),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_entities),
		cmocka_unit_test(test_opaque),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_literals_and_attributes),
		cmocka_unit_test(test_long_attribute),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_references_add_up),
		cmocka_unit_test(test_borrows),
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_writes_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
