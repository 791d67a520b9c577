// SPDX-License-Identifier: GPL-2.0-or-later
/* The XML side of the codec: what it reads, what it refuses, what it writes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "codec_dump.h"
#include "util/str.h"

#define HDR "<SyncHdr><VerDTD>1.2</VerDTD><MsgID>1</MsgID></SyncHdr>"
#define HDR_TEXT "header verdtd=\"1.2\" msg=\"1\"\n"
#define MSG(body) "<SyncML>" HDR "<SyncBody>" body "</SyncBody></SyncML>"

static const char *const vectors[] = { "package2", "containers", "inline-tnds" };

#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static void file_name(char *out, size_t size, const char *vector, const char *ext)
{
	snprintf(out, size, "%s%s", vector, ext);
}

/* What decoding @xml gives; checks the return value. */
static void check_ret(struct slice xml, const struct codec_limits *limits, int want)
{
	struct codec_dump d = { .out = BUF_INIT };
	struct codec_error err;
	int ret = codec_decode(CODEC_XML, xml, limits, &codec_dump_sink, &d, &err);

	if (ret != want)
		fail_msg("returned %d (%s), not %d", ret, err.text, want);
	assert_int_equal(d.ends, ret == 0);
	if (ret) {
		assert_true(err.text[0] != '\0');
		assert_true(strlen(err.text) < sizeof(err.text));
	}
	buf_fini(&d.out);
}

static void check_dump(const char *xml, const char *want)
{
	struct buf got = BUF_INIT;

	assert_int_equal(codec_dump(CODEC_XML, slice_str(xml), NULL, &got), 0);
	assert_string_equal(buf_cstr(&got), want);
	buf_fini(&got);
}

static void test_vectors(void **state)
{
	char name[64];

	for (size_t i = 0; i < VECTORS; i++) {
		struct buf xml = BUF_INIT, again = BUF_INIT;

		file_name(name, sizeof(name), vectors[i], ".xml");
		codec_vector(name, &xml);
		file_name(name, sizeof(name), vectors[i], ".txt");
		codec_expect(CODEC_XML, buf_slice(&xml), name);
		/* Written as either and read again it is still the same. */
		assert_int_equal(codec_convert(CODEC_XML, buf_slice(&xml), CODEC_XML, &again), 0);
		codec_expect(CODEC_XML, buf_slice(&again), name);
		buf_reset(&again);
		assert_int_equal(codec_convert(CODEC_XML, buf_slice(&xml), CODEC_WBXML, &again), 0);
		codec_expect(CODEC_WBXML, buf_slice(&again), name);
		buf_fini(&xml);
		buf_fini(&again);
	}
}

/* Rules: ENC-23 */
static void test_truncated(void **state)
{
	char name[64];

	for (size_t i = 0; i < VECTORS; i++) {
		struct buf xml = BUF_INIT;
		size_t whole;

		file_name(name, sizeof(name), vectors[i], ".xml");
		codec_vector(name, &xml);
		whole = str_trim(buf_slice(&xml)).n;
		for (size_t n = 0; n < whole; n++) {
			/* An exact copy, so that a read behind the end is seen. */
			uint8_t *copy = malloc(n + !n);

			assert_non_null(copy);
			memcpy(copy, xml.data, n);
			check_ret(slice_of(copy, n), NULL, -EBADMSG);
			free(copy);
		}
		check_ret(slice_of(xml.data, whole), NULL, 0);
		buf_fini(&xml);
	}
}

static void test_stops_where_told(void **state)
{
	struct buf xml = BUF_INIT;
	struct codec_dump all = { .out = BUF_INIT };

	codec_vector("containers.xml", &xml);
	assert_int_equal(codec_decode(CODEC_XML, buf_slice(&xml), NULL, &codec_dump_sink, &all,
				      NULL), 0);
	assert_true(all.calls > 12);
	for (unsigned int at = 1; at <= all.calls; at++) {
		struct codec_dump d = { .out = BUF_INIT, .fail_at = at, .fail_with = -EXDEV };

		assert_int_equal(codec_decode(CODEC_XML, buf_slice(&xml), NULL, &codec_dump_sink,
					      &d, NULL), -EXDEV);
		assert_int_equal(d.calls, at);
		buf_fini(&d.out);
	}
	buf_fini(&all.out);
	buf_fini(&xml);
}

static void repeat(struct buf *b, const char *s, unsigned int n)
{
	while (n--)
		buf_put_str(b, s);
}

/* Rules: ENC-26 */
static void test_deep(void **state)
{
	static const char *const heads[] = {
		"", "<SyncML>", "<SyncML>" HDR "<SyncBody><Add><Item><Data>",
		"<SyncML>" HDR "<SyncBody><Add><Item><Data><MgmtTree>",
	};
	static const char *const tags[] = { "<x>", "<SyncML>", "<Data>", "<Node>", "<Atomic>" };

	for (size_t h = 0; h < 4; h++) {
		for (size_t t = 0; t < 5; t++) {
			struct buf b = BUF_INIT;

			buf_put_str(&b, heads[h]);
			repeat(&b, tags[t], 100000);
			/* The root is looked at first: a wrong one is malformed already. */
			check_ret(buf_slice(&b), NULL, h == 0 && t != 1 ? -EBADMSG : -E2BIG);
			buf_fini(&b);
		}
	}
}

static void test_containers_nested(void **state)
{
	struct buf b = BUF_INIT;
	struct codec_limits lim = { .containers = 3 };

	buf_put_str(&b, "<SyncML>" HDR "<SyncBody>");
	repeat(&b, "<Sequence><CmdID>1</CmdID>", 3);
	repeat(&b, "</Sequence>", 3);
	buf_put_str(&b, "</SyncBody></SyncML>");
	check_ret(buf_slice(&b), &lim, 0);
	lim.containers = 2;
	check_ret(buf_slice(&b), &lim, -E2BIG);
	buf_fini(&b);
}

/* Rules: ENC-6 */
static void test_doctype_and_entities(void **state)
{
	static const char *const bad[] = {
		"<!DOCTYPE SyncML><SyncML/>",
		"<!DOCTYPE SyncML PUBLIC \"-//SYNCML//DTD SyncML 1.2//EN\" \"http://x.invalid/d\">" MSG(""),
		"<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
		"<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;\">]>"
		"<SyncML>&d;</SyncML>",
		"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
		MSG("<Add><Item><Data>&x;</Data></Item></Add>"),
		"<!DOCTYPE a [<!ENTITY % p SYSTEM \"http://x.invalid/\">%p;]>" MSG(""),
		MSG("<Add><Item><Data>&unknown;</Data></Item></Add>"),
		MSG("<Add><Item><Data>&#0;</Data></Item></Add>"),
		MSG("<Add><Item><Data>&#xD800;</Data></Item></Add>"),
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_ret(slice_str(bad[i]), NULL, -EBADMSG);
	check_dump(MSG("<Get><CmdID>&#x31;&lt;&gt;&amp;&quot;&apos;&#8364;</CmdID></Get>"),
		   HDR_TEXT "0 Get id=\"1<>&\\x22'\\xe2\\x82\\xac\"\nend\n");
}

/* Rules: ENC-5 */
static void test_encodings(void **state)
{
	static const char latin[] = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"
		MSG("<Get><CmdID>\xe9</CmdID></Get>");
	static const char utf16[] = "\xff\xfe<\0S\0y\0n\0c\0M\0L\0/\0>\0";
	static const char ebcdic[] = "\x4c\x6f\xa7\x94\x93\x40";

	check_ret(SLICE_LIT(latin), NULL, -EBADMSG);
	check_ret(slice_of(utf16, sizeof(utf16) - 1), NULL, -EBADMSG);
	check_ret(slice_of(utf16 + 2, sizeof(utf16) - 3), NULL, -EBADMSG);
	check_ret(SLICE_LIT(ebcdic), NULL, -EBADMSG);
	check_ret(SLICE_LIT(MSG("<Get><CmdID>\xff</CmdID></Get>")), NULL, -EBADMSG);
	/* Declared as something else, but plain ASCII: readable all the same. */
	check_dump("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" MSG("<Final/>"),
		   HDR_TEXT "end final\n");
	check_ret(slice_of("", 0), NULL, -EBADMSG);
	check_ret(SLICE_LIT("garbage"), NULL, -EBADMSG);
	check_ret(SLICE_LIT(MSG("") "<more/>"), NULL, -EBADMSG);
}

/* Rules: ENC-8 ENC-9 ENC-10 */
static void test_structure(void **state)
{
	static const char *const bad[] = {
		"<NotSyncML/>", "<SyncML/>", "<SyncML>" HDR "</SyncML>",
		"<SyncML><SyncBody/></SyncML>", "<SyncML><SyncBody/>" HDR "</SyncML>",
		"<MgmtTree/>", "<SyncML>" HDR "<SyncBody></SyncML></SyncBody>",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_ret(slice_str(bad[i]), NULL, -EBADMSG);
	/* Unknown elements, wherever they are, and text where none belongs. */
	check_dump("<SyncML><X><CmdID>9</CmdID></X>" HDR "junk<SyncBody><Foo><Get/></Foo>"
		   "<Get><Lang>de</Lang><CmdID>1</CmdID><Bar><CmdID>2</CmdID></Bar>"
		   "<Item><Wrong/><Target><LocURI>./A<b>x</b>/B</LocURI></Target></Item></Get>"
		   "</SyncBody></SyncML>",
		   HDR_TEXT "0 Get id=\"1\"\n item target=\"./A/B\"\nend\n");
	/* Commands DM has no use for keep their name; what is inside Sync is not run. */
	check_dump(MSG("<Sync><CmdID>1</CmdID><Add><CmdID>2</CmdID></Add></Sync><Put><CmdID>3</CmdID>"
		       "<Item><Data>x</Data></Item></Put><Map/><Move/><Search/>"),
		   HDR_TEXT "0 other name=\"Sync\" id=\"1\"\n0 other name=\"Put\" id=\"3\"\n item data=\"x\"\n"
		   "0 other name=\"Map\"\n0 other name=\"Move\"\n0 other name=\"Search\"\nend\n");
	/* The first of a repeated element counts. */
	check_dump(MSG("<Get><CmdID>1</CmdID><CmdID>2</CmdID><Item><Target><LocURI>./A</LocURI>"
		       "</Target><Target><LocURI>./B</LocURI></Target></Item></Get>"),
		   HDR_TEXT "0 Get id=\"1\"\n item target=\"./A\"\nend\n");
	/* Missing parts are reported as missing. */
	check_dump(MSG("<Get/><Replace><Item/></Replace><Atomic/>"),
		   HDR_TEXT "0 Get\n0 Replace\n item\n0 Atomic\n0 close\nend\n");
	/* A container's own elements end at its first member. */
	check_dump(MSG("<Atomic><CmdID>1</CmdID><Get/><CmdID>2</CmdID><NoResp/></Atomic>"),
		   HDR_TEXT "0 Atomic id=\"1\"\n1 Get\n0 close\nend\n");
}

/* Rules: ENC-4 */
static void test_namespaces(void **state)
{
	check_dump("<s:SyncML xmlns:s=\"SYNCML:SYNCML1.2\" xmlns:m='syncml:metinf'><s:SyncHdr>"
		   "<s:VerDTD>1.2</s:VerDTD><s:MsgID>1</s:MsgID></s:SyncHdr><s:SyncBody><s:Add><s:Item>"
		   "<s:Meta><m:Format>chr</m:Format><m:Type>text/plain</m:Type></s:Meta></s:Item></s:Add>"
		   "</s:SyncBody></s:SyncML>",
		   HDR_TEXT "0 Add\n item meta={ format=\"chr\" type=\"text/plain\" }\nend\n");
	check_dump(MSG("<Add><Meta><MetInf xmlns='syncml:metinf'><Format>int</Format></MetInf></Meta></Add>"),
		   HDR_TEXT "0 Add meta={ format=\"int\" }\nend\n");
}

static void test_numbers(void **state)
{
	check_dump(MSG("<Add><Meta><Size> 12 </Size></Meta></Add><Add><Meta><Size>-1</Size></Meta></Add>"
		       "<Add><Meta><Size>18446744073709551615</Size></Meta></Add>"
		       "<Add><Meta><Size>18446744073709551616</Size></Meta></Add>"
		       "<Add><Meta><Size></Size></Meta></Add><Add><Meta><Size>0x10</Size></Meta></Add>"),
		   HDR_TEXT "0 Add meta={ size=12 }\n0 Add\n"
		   "0 Add meta={ size=18446744073709551615 }\n0 Add\n0 Add\n0 Add\nend\n");
}

/* Rules: ENC-7 ENC-37 */
static void test_data(void **state)
{
	/* CDATA, a CDATA end inside data, and markup as text. */
	check_dump(MSG("<Add><Item><Data>a<![CDATA[<MgmtTree>]]]]><![CDATA[>]]>&lt;b/></Data></Item></Add>"),
		   HDR_TEXT "0 Add\n item data=\"a<MgmtTree>]]><b/>\"\nend\n");
	/* White space is content, except around markup. */
	check_dump(MSG("<Add><Item><Data> \n </Data></Item></Add>"),
		   HDR_TEXT "0 Add\n item data=\" \\x0a \"\nend\n");
	check_dump(MSG("<Add><Item><Data> \n <DevInf><x/></DevInf> </Data></Item></Add>"),
		   HDR_TEXT "0 Add\n item data=\"\"\nend\n");
	/* One tree in each Data; Data beside a tree does not count. */
	check_dump(MSG("<Add><Item><Data> <MgmtTree><Node><NodeName>a</NodeName></Node></MgmtTree>"
		       "<MgmtTree><Node><NodeName>b</NodeName></Node></MgmtTree>junk</Data>"
		       "<Data>more</Data></Item></Add>"),
		   HDR_TEXT "0 Add\n item tnds\n  node 0 name=\"a\"\nend\n");
	check_dump(MSG("<Add><Item><Data>x</Data><Data><MgmtTree/></Data></Item></Add>"),
		   HDR_TEXT "0 Add\n item data=\"x\"\nend\n");
	check_dump(MSG("<Add><Item><Data><MgmtTree/></Data></Item><Item/></Add>"),
		   HDR_TEXT "0 Add\n item tnds\n item\nend\n");
}

static void test_long_data(void **state)
{
	struct codec_limits lim = { .memory = 1 << 20 };
	struct codec_dump d = { .out = BUF_INIT };
	struct buf b = BUF_INIT;

	/* In crumbs: each reference is an event of its own. */
	buf_put_str(&b, "<SyncML>" HDR "<SyncBody><Add><Item><Data>");
	repeat(&b, "x&lt;", 100000);
	buf_put_str(&b, "</Data></Item></Add></SyncBody></SyncML>");
	assert_int_equal(codec_decode(CODEC_XML, buf_slice(&b), NULL, &codec_dump_sink, &d, NULL), 0);
	assert_int_equal(d.out.len, strlen(HDR_TEXT "0 Add\n item data=\"\"\nend\n") + 200000);
	buf_fini(&d.out);
	check_ret(buf_slice(&b), &lim, 0);
	lim.memory = 150000;
	check_ret(buf_slice(&b), &lim, -E2BIG);
	buf_fini(&b);
}

/* Rules: ENC-27 */
static void test_limits(void **state)
{
	static const struct slice two = SLICE_LIT(MSG("<Get><Item/><Item/></Get><Get><Item/><Item/></Get>"));
	struct codec_limits lim = { 0 };

	lim.items = 2;
	check_ret(two, &lim, 0);
	lim.items = 1;
	check_ret(two, &lim, -E2BIG);
	lim = (struct codec_limits){ .elements = 11 };
	check_ret(two, &lim, 0);
	lim.elements = 10;
	check_ret(two, &lim, -E2BIG);
	lim = (struct codec_limits){ .message = two.n };
	check_ret(two, &lim, 0);
	lim.message--;
	check_ret(two, &lim, -E2BIG);
	lim = (struct codec_limits){ .depth = 4 };
	check_ret(two, &lim, 0);
	lim.depth = 3;
	check_ret(two, &lim, -E2BIG);
}

/* What libxml2 would do in quadratic time ends early. */
static void test_names_and_attributes(void **state)
{
	struct buf b = BUF_INIT;

	buf_put_str(&b, "<SyncML>" HDR "<SyncBody><Get>");
	for (int i = 0; i < 100000; i++)
		buf_printf(&b, "<u%d/>", i);
	check_ret(buf_slice(&b), NULL, -E2BIG);
	/* One tag ... */
	buf_reset(&b);
	buf_put_str(&b, "<SyncML>" HDR "<SyncBody><Get");
	for (int i = 0; i < 100000; i++)
		buf_printf(&b, " a%d=''", i);
	check_ret(buf_slice(&b), NULL, -E2BIG);
	/* ... or many, of attributes or of namespaces. */
	for (int ns = 0; ns < 2; ns++) {
		buf_reset(&b);
		buf_put_str(&b, "<SyncML>" HDR "<SyncBody>");
		for (int t = 0; t < 20; t++) {
			buf_put_str(&b, "<Get");
			for (int i = 0; i < 100; i++)
				buf_printf(&b, " %sa%d='x'", ns ? "xmlns:" : "", i);
			buf_put_str(&b, "/>");
		}
		buf_put_str(&b, "</SyncBody></SyncML>");
		check_ret(buf_slice(&b), NULL, -E2BIG);
	}
	/* A value as long as a message, and one that is long but fair. */
	buf_reset(&b);
	buf_put_str(&b, "<SyncML a='");
	repeat(&b, "xxxxxxxxxx", 100000);
	check_ret(buf_slice(&b), NULL, -E2BIG);
	buf_reset(&b);
	buf_put_str(&b, "<SyncML a='");
	repeat(&b, "xxxxxxxxxx", 800);
	buf_put_str(&b, "'>" HDR "<SyncBody/></SyncML>");
	check_ret(buf_slice(&b), NULL, 0);
	buf_fini(&b);
}

/* None of that touches data, in whatever form it comes. */
static void test_long_sections(void **state)
{
	static const char *const around[][2] = {
		{ "", "" }, { "<![CDATA[", "]]>" }, { "<!--", "-->" }, { "<?pi ", "?>" },
	};

	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		struct buf b = BUF_INIT;

		buf_put_str(&b, "<SyncML>" HDR "<SyncBody><Add><Item><Data>");
		buf_put_str(&b, around[i][0]);
		repeat(&b, "0123456789", 100000);
		buf_put_str(&b, around[i][1]);
		buf_put_str(&b, "</Data></Item></Add></SyncBody></SyncML>");
		check_ret(buf_slice(&b), NULL, 0);
		buf_fini(&b);
	}
}

static void test_error_place(void **state)
{
	struct codec_error err;

	assert_int_equal(codec_decode(CODEC_XML, SLICE_LIT("<SyncML>\n\n<a></b></SyncML>"), NULL,
				      &codec_dump_sink, &(struct codec_dump){ 0 }, &err), -EBADMSG);
	assert_int_equal(err.line, 3);
	assert_non_null(strstr(err.text, "not well-formed"));
	assert_int_equal(codec_decode(CODEC_XML, SLICE_LIT("<SyncML>\n<SyncBody/></SyncML>"), NULL,
				      &codec_dump_sink, &(struct codec_dump){ 0 }, &err), -EBADMSG);
	assert_int_equal(err.line, 2);
	assert_string_equal(err.text, "SyncBody before SyncHdr");
}

static void encode_text(struct slice s, struct buf *out)
{
	const struct dm_encoder *e = codec_encoder(CODEC_XML);
	struct dm_item item = { .data = s };
	struct dm_cmd cmd = { .kind = DM_CMD_ADD, .items = &item, .nitems = 1 };

	buf_reset(out);
	e->command(out, &cmd);
}

/* Rules: ENC-7 */
static void test_writes(void **state)
{
	static const struct slice bad[] = {
		SLICE_LIT("\0"), SLICE_LIT("a\x01"), SLICE_LIT("\x1b[0m"), SLICE_LIT("\xff"),
		SLICE_LIT("\xc0\x80"), SLICE_LIT("\xed\xa0\x80"), SLICE_LIT("\xef\xbf\xbe"),
		SLICE_LIT("\xef\xbf\xbf"), SLICE_LIT("abc\xe2\x82"),
	};
	struct buf b = BUF_INIT;

	encode_text(SLICE_LIT("a<b>&\"'\t\r\n]]>\x7f\xe2\x82\xac"), &b);
	assert_int_equal(buf_error(&b), 0);
	assert_string_equal(buf_cstr(&b), "<Add><Item><Data>a&lt;b&gt;&amp;\"'\t&#13;\n]]&gt;\x7f"
			    "\xe2\x82\xac</Data></Item></Add>");
	encode_text(SLICE_LIT(""), &b);
	assert_string_equal(buf_cstr(&b), "<Add><Item><Data/></Item></Add>");
	encode_text(SLICE_NONE, &b);
	assert_string_equal(buf_cstr(&b), "<Add><Item></Item></Add>");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		encode_text(bad[i], &b);
		assert_int_equal(buf_error(&b), -EILSEQ);
	}
	buf_fini(&b);
}

static void test_write_limits(void **state)
{
	const struct dm_encoder *e = codec_encoder(CODEC_XML);
	struct dm_hdr hdr = { .ver_dtd = SLICE_LIT("1.2") };
	struct dm_cmd cmd = { .kind = DM_CMD_GET, .cmd_id = SLICE_LIT("1") };
	struct dm_cmd other = { .kind = DM_CMD_OTHER, .name = SLICE_LIT("NoSuch") };
	struct buf b;
	size_t mark = 0, len;

	buf_init(&b, 400);
	e->begin(&b, &hdr);
	while (!buf_error(&b)) {
		mark = b.len;
		e->command(&b, &cmd);
	}
	assert_int_equal(buf_error(&b), -EMSGSIZE);
	buf_truncate(&b, mark);
	len = b.len;
	b.max = 0;
	e->finish(&b, true);
	assert_int_equal(buf_error(&b), 0);
	assert_int_equal(b.len - len, e->tail_size);
	check_ret(buf_slice(&b), NULL, 0);
	e->command(&b, &other);
	assert_int_equal(buf_error(&b), -EINVAL);
	buf_fini(&b);
}

/* Rules: ENC-2 */
static void test_guess(void **state)
{
	static const struct {
		const char *type, *bytes;
		enum codec_format want;
	} t[] = {
		{ "application/vnd.syncml.dm+xml", "\x02", CODEC_XML },
		{ "application/vnd.syncml.dm+wbxml", "<", CODEC_WBXML },
		{ "application/vnd.syncml+wbxml; charset=utf-8", "<", CODEC_WBXML },
		{ "Application/Vnd.Syncml.DM+XML ;charset=UTF-8", "\x02", CODEC_XML },
		{ "text/html", "\x03", CODEC_WBXML },
		{ "", "<?xml", CODEC_XML },
		{ NULL, "\x01", CODEC_WBXML },
		{ NULL, "", CODEC_XML },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(codec_guess(slice_str(t[i].type), slice_str(t[i].bytes)), t[i].want);
}

/* What names the notation to the far end, and what our XML says of itself. */
/* Rules: ENC-1 ENC-3 */
static void test_says_what_it_is(void **state)
{
	const struct dm_encoder *x = codec_encoder(CODEC_XML), *w = codec_encoder(CODEC_WBXML);
	struct dm_hdr hdr = { .ver_dtd = SLICE_LIT("1.2"), .meta = { .has_max_msg_size = true } };
	struct buf b = BUF_INIT;

	assert_string_equal(x->mime, "application/vnd.syncml.dm+xml");
	assert_string_equal(w->mime, "application/vnd.syncml.dm+wbxml");
	assert_string_equal(x->tnds_mime, "application/vnd.syncml.dmtnds+xml");
	assert_string_equal(w->tnds_mime, "application/vnd.syncml.dmtnds+wbxml");
	x->begin(&b, &hdr);
	x->finish(&b, true);
	assert_string_equal(buf_cstr(&b),
			    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SyncML xmlns=\"SYNCML:SYNCML1.2\">"
			    "<SyncHdr><VerDTD>1.2</VerDTD><Meta><MaxMsgSize xmlns=\"syncml:metinf\">0"
			    "</MaxMsgSize></Meta></SyncHdr><SyncBody><Final/></SyncBody></SyncML>");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_stops_where_told),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_containers_nested),
		cmocka_unit_test(test_doctype_and_entities),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_long_data),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_names_and_attributes),
		cmocka_unit_test(test_long_sections),
		cmocka_unit_test(test_error_place),
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_write_limits),
		cmocka_unit_test(test_guess),
		cmocka_unit_test(test_says_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
