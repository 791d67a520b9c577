// SPDX-License-Identifier: GPL-2.0-or-later
/* card/lwm2m and util/lwm2m_json: cards' forms, every broken one, and the JSON. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "card/lwm2m.h"
#include "util/json.h"
#include "util/str.h"

#include "dmsc-helper/lwm2m.c"

/* "coap://leshan.eclipseprojects.io:5783" and "coaps://bootstrap.example.net:5684" */
#define URI "636F61703A2F2F6C657368616E2E65636C6970736570726F6A656374732E696F3A35373833"
#define URIS "636F6170733A2F2F626F6F7473747261702E6578616D706C652E6E65743A35363834"

#define RESOURCES "C80025" URI "C10101 C10203"
#define ONE "0001 0036 0000 00 0031 08002E " RESOURCES
#define TWO "0002 007A" \
	"0000 00 005E 08015B C80022" URIS "C10100 C10200" \
	"C8030F 73696D2D6964656E746974792D3031 C80510 000102030405060708090A0B0C0D0E0F" \
	"C10A01 C20B0005 C20C003C" \
	"0001 00 0012 08010F C10001 C40100015180 C10600 C10755"

struct got {
	size_t n;
	struct lwm2m_value v[32];
	struct buf json;
	int stop_at;
};

static struct got got;
static struct lwm2m_report rep;
static struct buf file;

static int tell(void *ctx, const struct lwm2m_value *v)
{
	struct got *g = ctx;

	if (g->n < 32)
		g->v[g->n] = *v;
	lwm2m_json_value(&g->json, v, false);
	return ++g->n == (size_t)g->stop_at ? -ECANCELED : 0;
}

static int decode_bytes(struct slice s)
{
	struct buf json = got.json;
	int stop_at = got.stop_at;

	memset(&got, 0, sizeof(got));
	got.json = json;
	got.stop_at = stop_at;
	buf_reset(&got.json);
	lwm2m_json_begin(&got.json);
	stop_at = lwm2m_decode(s, tell, &got, &rep);
	lwm2m_json_end(&got.json);
	return stop_at;
}

static int decode(const char *hex)
{
	struct buf text = BUF_INIT;

	for (; *hex; hex++)
		if (*hex != ' ')
			buf_put_u8(&text, (uint8_t)*hex);
	buf_reset(&file);
	assert_int_equal(hex_decode(&file, buf_slice(&text)), 0);
	buf_fini(&text);
	return decode_bytes(buf_slice(&file));
}

/* Rules: LWM-1 LWM-3 */
static void one_object_with_the_outer_header(void **state)
{
	assert_int_equal(decode(ONE "FFFF"), 0);
	assert_false(rep.bare);
	assert_int_equal(rep.objects, 1);
	assert_int_equal(rep.values, 3);
	assert_string_equal(buf_cstr(&got.json),
		"[{\"object\":0,\"instance\":0,\"resource\":0,\"kind\":\"string\","
		"\"value\":\"coap://leshan.eclipseprojects.io:5783\"},"
		"{\"object\":0,\"instance\":0,\"resource\":1,\"kind\":\"boolean\",\"value\":true},"
		"{\"object\":0,\"instance\":0,\"resource\":2,\"kind\":\"integer\",\"value\":3}]");
}

static void two_objects(void **state)
{
	assert_int_equal(decode(TWO "0000FF"), 0);
	assert_int_equal(rep.objects, 2);
	assert_int_equal(got.n, 12);
	assert_int_equal(got.v[0].instance, 1);
	assert_int_equal(got.v[3].kind, LWM2M_OPAQUE);
	assert_true(got.v[3].secret && got.v[4].secret);
	assert_false(got.v[2].secret);
	assert_int_equal(got.v[4].bytes.n, 16);
	assert_int_equal(got.v[6].number, 5);
	assert_int_equal(got.v[8].object, 1);
	assert_int_equal(got.v[9].number, 86400);
	assert_string_equal((const char *)got.v[11].bytes.p, "U");
}

/* Rules: LWM-1 LWM-3 */
static void without_the_outer_header(void **state)
{
	/* as a deployed card has it: resources at once, "boot.iot.example.test" */
	assert_int_equal(decode("C80015 626F6F742E696F742E6578616D706C652E74657374 C10101 C10203 FFFFFF"), 0);
	assert_true(rep.bare);
	assert_int_equal(got.n, 3);
	assert_int_equal(got.v[0].object, 0);
	assert_int_equal(got.v[0].instance, 0);
	/* and with instances */
	assert_int_equal(decode("08002E " RESOURCES " 080103 C10101 FF"), 0);
	assert_true(rep.bare);
	assert_int_equal(got.n, 4);
	assert_int_equal(got.v[3].instance, 1);
	assert_int_equal(decode("08002E " RESOURCES), 0);	/* no filling at all */
	assert_int_equal(decode("C10101 01"), -EBADMSG);
	assert_int_equal(decode("FFFFFFFF"), -ENODATA);
	assert_int_equal(decode("00000000FF"), -ENODATA);
	assert_int_equal(decode(""), -ENODATA);
}

/* Rules: LWM-2 */
static void versions_and_wide_numbers(void **state)
{
	/* object 0 in version 1.1; a 16-bit instance, 16-bit ids, lengths of 8, 16 and 24 bits */
	assert_int_equal(decode("0001 0025 0000 0101 001F"
				"28 0102 001C" /* 16-bit id, 8-bit length: not this */), -EBADMSG);
	assert_int_equal(decode("0001 0023 0000 0101 001D 28 0102 19"
				"E8 0123 02 AABB  F0 0124 0002 CCDD  F8 0125 000002 EEFF  E1 0126 77"), 0);
	assert_int_equal(got.n, 4);
	assert_int_equal(got.v[0].major, 1);
	assert_int_equal(got.v[0].minor, 1);
	assert_int_equal(got.v[0].instance, 0x102);
	assert_int_equal(got.v[2].resource, 0x125);
	assert_int_equal(got.v[2].bytes.n, 2);
	assert_int_equal(got.v[3].bytes.p[0], 0x77);
	assert_true(got.v[3].secret);	/* nobody knows what it is */
	assert_non_null(strstr(buf_cstr(&got.json), "\"version\":\"1.1\",\"instance\":258"));
	/* a 16-bit length of an instance is 16-bit, of a resource 24-bit: the same */
	assert_int_equal(decode("0001 0008 0001 00 0003 C10102"), 0);
	assert_int_equal(rep.values, 1);
}

/* Rules: LWM-2 */
static void multiple_resources(void **state)
{
	/* object 2, instance 0: { 0: 1, 2: { 101: 15, 102: 1 } }, an empty multiple resource */
	assert_int_equal(decode("0001 0016 0002 00 0011 08000E C10001 8206 4100"
				/* wrong: 41 00 is cut short */), -EBADMSG);
	assert_int_equal(decode("0001 0015 0002 00 0010 08000D C10001 8602 41650F 416601 8003"), 0);
	assert_int_equal(got.n, 3);
	assert_int_equal(got.v[0].item, LWM2M_ID_NONE);
	assert_int_equal(got.v[1].resource, 2);
	assert_int_equal(got.v[1].item, 101);
	assert_int_equal(got.v[1].kind, LWM2M_INTEGER);
	assert_int_equal(got.v[2].item, 102);
	assert_non_null(strstr(buf_cstr(&got.json),
			       "\"resource\":2,\"item\":101,\"kind\":\"integer\",\"value\":15"));
	/* straight in the object: its only instance */
	assert_int_equal(decode("0001 000D 0002 00 0008 8603 416501 416602"), 0);
	assert_int_equal(got.n, 2);
	assert_int_equal(decode("0001 0010 0002 00 000B 8603 416501 416602 C10001"), 0);
	assert_int_equal(got.n, 3);
}

static void values_that_are_not_of_their_type_stay_bytes(void **state)
{
	/* a URI with a newline, a boolean of 2, an integer of three bytes, an integer below 0 */
	assert_int_equal(decode("C3000A6162 C10102 C302000001 C10AFE"), 0);
	assert_int_equal(got.v[0].kind, LWM2M_OPAQUE);
	assert_int_equal(got.v[1].kind, LWM2M_OPAQUE);
	assert_int_equal(got.v[2].kind, LWM2M_OPAQUE);
	assert_int_equal(got.v[3].kind, LWM2M_INTEGER);
	assert_int_equal(got.v[3].number, -2);
	assert_non_null(strstr(buf_cstr(&got.json), "\"kind\":\"opaque\",\"hex\":\"0a6162\""));
	/* 8 bytes, an empty string, a link */
	assert_int_equal(decode("C80B08 8000000000000000 C000 C411 0015 0002"), 0);
	assert_int_equal(got.v[0].number, INT64_MIN);
	assert_int_equal(got.v[1].kind, LWM2M_STRING);
	assert_non_null(strstr(buf_cstr(&got.json), "\"value\":-9223372036854775808"));
	assert_non_null(strstr(buf_cstr(&got.json), "\"kind\":\"string\",\"value\":\"\""));
	assert_non_null(strstr(buf_cstr(&got.json), "\"kind\":\"link\",\"value\":\"21:2\""));
}

/* Rules: LWM-2 LWM-3 */
static void malformed(void **state)
{
	static const struct {
		const char *hex;
		size_t at;
	} bad[] = {
		{ "0001", 0 }, { "000100", 0 },
		{ "00010001", 2 },			/* shorter than it says */
		{ "0041 0001 00", 0 },			/* 65 objects */
		{ "0001 0004 00000000", 4 },		/* no room for an object's header */
		{ "0001 0005 0000010000", 4 },		/* nor for one with a version */
		{ "0001 0005 FFFF000000", 4 },
		{ "0001 0005 0000000001", 7 },		/* longer than the file says */
		{ "0001 0006 0000000000 00", 9 },	/* not announced */
		{ "0002 0005 0000000000", 9 },		/* announced, not there */
		{ "0001 0005 0000000000 01", 9 },	/* behind the end */
		{ "0001 0006 0000000001 C1", 9 },	/* a header cut short */
		{ "0001 0007 0000000002 C100", 9 },	/* no value */
		{ "0001 0009 0000000004 F8000000", 9 },
		{ "0001 000A 0000000005 F800FFFFFF", 9 },
		{ "0001 0008 0000000003 E1FFFF", 9 },
		{ "0001 0009 0000000004 E1FFFF00", 9 },	/* a reserved id */
		{ "0001 0008 0000000003 410000", 9 },	/* an instance of no resource */
		{ "0001 000A 0000000005 0200C10100", 11 },	/* longer than its instance */
		{ "0001 0009 0000000004 0202 0000", 11 },	/* an instance in one */
		{ "0001 0009 0000000004 8202 C000", 11 },	/* a resource in a multiple one */
		{ "0001 000D 0000000008 0300 410000 C10100", 11 },
		{ "0001 000D 0000000008 0300 C10100 C10100", 14 },	/* instances, then resources */
		{ "0001 000D 0000000008 C10100 0300 C10100", 12 },	/* the other way */
		{ "0001 000B 0000000006 C10100 C10100", 14 },	/* twice */
		{ "0002 0010 0001000003 C10100 0001000003 C10100", 19 },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int r = decode(bad[i].hex);

		if (r != -EBADMSG || !rep.reason || rep.error_at != bad[i].at)
			fail_msg("%s: %d at %zu (%s), not at %zu", bad[i].hex, r, rep.error_at,
				 rep.reason ? rep.reason : "-", bad[i].at);
		assert_int_equal(got.n, 0);	/* told of nothing */
	}
}

/* Any length of the file, and any byte of it another: no crash, and either all or nothing. */
static void cut_and_changed_everywhere(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xc8, 0xf8, 0xff };
	struct buf whole = BUF_INIT;
	size_t i, k;

	assert_int_equal(decode(TWO), 0);
	buf_put_slice(&whole, buf_slice(&file));
	for (i = 0; i < whole.len; i++) {
		/* its own memory, so that a read behind its end is seen */
		uint8_t *cut = malloc(i ? i : 1);

		memcpy(cut, whole.data, i);
		assert_int_equal(decode_bytes(slice_of(cut, i)), i > 1 ? -EBADMSG : -ENODATA);
		assert_int_equal(got.n, 0);
		free(cut);
	}
	for (i = 0; i < whole.len; i++) {
		for (k = 0; k < sizeof(values); k++) {
			uint8_t old = whole.data[i];
			int r;

			whole.data[i] = values[k];
			r = decode_bytes(buf_slice(&whole));
			assert_true(r == 0 || (r == -EBADMSG && rep.reason && got.n == 0));
			assert_int_equal(got.n, r ? 0 : rep.values);
			whole.data[i] = old;
		}
	}
	buf_fini(&whole);
}

static void bounds(void **state)
{
	struct buf b = BUF_INIT;
	unsigned int i;

	for (i = 0; i < LWM2M_RESOURCES_MAX; i++)
		buf_put(&b, (uint8_t[]){ 0xe1, (uint8_t)(i >> 8), (uint8_t)i, 0 }, 4);
	assert_int_equal(decode_bytes(buf_slice(&b)), 0);
	assert_int_equal(got.n, LWM2M_RESOURCES_MAX);
	buf_put(&b, (uint8_t[]){ 0xe1, 0x7f, 0, 0 }, 4);
	assert_int_equal(decode_bytes(buf_slice(&b)), -EBADMSG);
	assert_int_equal(rep.error_at, 4 * LWM2M_RESOURCES_MAX + 3);
	buf_reset(&b);
	buf_put(&b, (uint8_t[]){ 0xc1, 0, 0 }, 3);
	while (b.len < LWM2M_FILE_MAX)
		buf_put_u8(&b, 0xff);
	assert_int_equal(decode_bytes(buf_slice(&b)), 0);
	buf_put_u8(&b, 0xff);
	assert_int_equal(decode_bytes(buf_slice(&b)), -EBADMSG);
	buf_fini(&b);
	/* who is told may stop it */
	got.stop_at = 2;
	assert_int_equal(decode(ONE), -ECANCELED);
	assert_int_equal(got.n, 2);
	got.stop_at = 0;
}

static void secrets_are_masked_unless_asked_for(void **state)
{
	struct buf b = BUF_INIT;
	size_t i;

	assert_int_equal(decode(TWO), 0);
	assert_non_null(strstr(buf_cstr(&got.json), "000102030405060708090a0b0c0d0e0f"));
	lwm2m_json_begin(&b);
	for (i = 0; i < got.n; i++)
		lwm2m_json_value(&b, &got.v[i], true);
	lwm2m_json_end(&b);
	assert_null(strstr(buf_cstr(&b), "0405060708"));
	assert_non_null(strstr(buf_cstr(&b), "\"resource\":5,\"kind\":\"opaque\",\"secret\":true,\"length\":16}"));
	assert_non_null(strstr(buf_cstr(&b), "coaps://bootstrap.example.net:5684"));
	buf_fini(&b);
	assert_string_equal(lwm2m_kind_name(LWM2M_KINDS), "?");
}

static void json_strings(void **state)
{
	struct buf b = BUF_INIT;

	json_string(&b, SLICE_LIT("a\"\\\n\x7f\xc2\x85\xe2\x80\xae\xff\xc3\xa4\xf0\x9f\x98\x80\xf3\xa0\x80\xa1"));
	assert_string_equal(buf_cstr(&b), "\"a\\\"\\\\\\u000a\\u007f\\u0085\\u202e\\ufffd\xc3\xa4"
			    "\xf0\x9f\x98\x80\\udb40\\udc21\"");
	buf_reset(&b);
	buf_put_u8(&b, '{');
	json_key(&b, "a");
	json_string(&b, SLICE_LIT(""));
	json_key(&b, "b");
	buf_put_str(&b, "[]}");
	assert_string_equal(buf_cstr(&b), "{\"a\":\"\",\"b\":[]}");
	buf_fini(&b);
}

/* --- what the helper makes of the records of the card child --- */

static struct ipc_lwm2m record(uint16_t resource, enum lwm2m_kind kind, const char *bytes, uint8_t more)
{
	struct ipc_lwm2m v = { .resource = resource, .item = LWM2M_ID_NONE, .kind = kind, .more = more,
			       .len = (uint32_t)strlen(bytes) };

	memcpy(v.data, bytes, v.len);
	return v;
}

static void input_of_the_hook(void **state)
{
	const struct ef_slot slot = { .name = "uicc0", .transport = "virt", .location = "a \"place\"" };
	struct ipc_lwm2m v = record(0, LWM2M_STRING, "coap://x", 0);
	struct lwm2m_input l;

	lwm2m_input_init(&l);
	assert_int_equal(lwm2m_input_add(&l, &v), 0);
	v = record(5, LWM2M_OPAQUE, "ab", 1);
	v.secret = 1;
	assert_int_equal(lwm2m_input_add(&l, &v), 0);
	assert_int_equal(lwm2m_input_end(&l, &slot), -EPROTO);	/* in the middle of a value */
	v = record(5, LWM2M_INTEGER, "", 0);
	assert_int_equal(lwm2m_input_add(&l, &v), -EPROTO);
	v = record(5, LWM2M_OPAQUE, "c", 0);
	v.secret = 1;
	assert_int_equal(lwm2m_input_add(&l, &v), 0);
	assert_int_equal(lwm2m_input_end(&l, &slot), 0);
	assert_string_equal(buf_cstr(&l.json),
		"{\"format\":\"dmsc-lwm2m-1\",\"slot\":\"uicc0\",\"transport\":\"virt\","
		"\"location\":\"a \\\"place\\\"\",\"resources\":["
		"{\"object\":0,\"instance\":0,\"resource\":0,\"kind\":\"string\",\"value\":\"coap://x\"},"
		"{\"object\":0,\"instance\":0,\"resource\":5,\"kind\":\"opaque\",\"secret\":true,"
		"\"hex\":\"616263\"}]}\n");
	/* once */
	assert_int_equal(lwm2m_input_add(&l, &v), -EPROTO);
	assert_int_equal(lwm2m_input_end(&l, &slot), -EPROTO);
	lwm2m_input_fini(&l);
	lwm2m_input_init(&l);
	assert_int_equal(lwm2m_input_end(&l, &slot), -EPROTO);	/* of nothing */
	lwm2m_input_fini(&l);
}

/* A child that never comes to an end costs the helper no more than a file can hold. */
static void input_of_the_hook_is_bounded(void **state)
{
	struct ipc_lwm2m v = record(0, LWM2M_OPAQUE, "", 1);
	struct lwm2m_input l;
	size_t n;

	v.len = IPC_DATA_MAX;
	lwm2m_input_init(&l);
	for (n = 0; !lwm2m_input_add(&l, &v); n++)
		assert_true(n < 8);
	assert_int_equal(n, 8);
	lwm2m_input_fini(&l);
	v = record(0, LWM2M_INTEGER, "", 0);
	lwm2m_input_init(&l);
	for (n = 0; !lwm2m_input_add(&l, &v); n++)
		assert_true(n < 1024);
	assert_int_equal(n, 1024);
	lwm2m_input_fini(&l);
}

static int teardown(void **state)
{
	buf_fini(&file);
	buf_fini(&got.json);
	return 0;
}

#define T(f) cmocka_unit_test(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_object_with_the_outer_header), T(two_objects), T(without_the_outer_header),
		T(versions_and_wide_numbers), T(multiple_resources),
		T(values_that_are_not_of_their_type_stay_bytes), T(malformed),
		T(cut_and_changed_everywhere), T(bounds), T(secrets_are_masked_unless_asked_for),
		T(json_strings), T(input_of_the_hook), T(input_of_the_hook_is_bounded),
	};

	return cmocka_run_group_tests_name("lwm2m", tests, NULL, teardown);
}
