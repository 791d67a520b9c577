// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands of TS 27.007 to the letter, their answers, and SELECT made of +CRSM. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "uicc-bridge/at_crsm.h"
#include "uicc-bridge/at_sim.h"

/* Rules: MODEM-1 MODEM-2 */
static void commands(void **state)
{
	const uint8_t apdu[] = { 0x01, 0xB0, 0x00, 0x00, 0xFF }, aid[] = { 0xA0, 0x00, 0x00, 0x00, 0x87 };
	struct at_command c;

	assert_int_equal(at_put_csim(&c, apdu, sizeof(apdu)), 0);
	assert_string_equal(c.text, "AT+CSIM=10,\"01B00000FF\"");
	assert_string_equal(c.prefix, "+CSIM:");
	assert_int_equal(at_put_cgla(&c, 4294967295U, apdu, sizeof(apdu)), 0);
	assert_string_equal(c.text, "AT+CGLA=4294967295,10,\"01B00000FF\"");
	assert_int_equal(at_put_ccho(&c, aid, sizeof(aid)), 0);
	assert_string_equal(c.text, "AT+CCHO=\"A000000087\"");
	assert_true(c.number);
	at_put_cchc(&c, 7);
	assert_string_equal(c.text, "AT+CCHC=7");
	assert_false(c.number);
}

/* Rules: MODEM-3 */
static void crsm_commands(void **state)
{
	const uint8_t data[] = { 0xDE, 0xAD }, path[] = { 0x7F, 0x10, 0x5F, 0x3A };
	struct at_crsm r = { .ins = 0xB0, .has_file = true, .fid = 0x2FE2, .p3 = 10 };
	struct at_command c;

	assert_int_equal(at_put_crsm(&c, &r), 0);
	assert_string_equal(c.text, "AT+CRSM=176,12258,0,0,10");
	r.path = path;
	r.path_n = 4;
	assert_int_equal(at_put_crsm(&c, &r), 0);
	assert_string_equal(c.text, "AT+CRSM=176,12258,0,0,10,\"\",\"7F105F3A\"");
	r.ins = 0xD6;
	r.p3 = 2;
	r.data = data;
	assert_int_equal(at_put_crsm(&c, &r), 0);
	assert_string_equal(c.text, "AT+CRSM=214,12258,0,0,2,\"DEAD\",\"7F105F3A\"");
	r.path = NULL;
	r.path_n = 0;
	assert_int_equal(at_put_crsm(&c, &r), 0);
	assert_string_equal(c.text, "AT+CRSM=214,12258,0,0,2,\"DEAD\"");
	r = (struct at_crsm){ .ins = 0xF2 };
	assert_int_equal(at_put_crsm(&c, &r), 0);
	assert_string_equal(c.text, "AT+CRSM=242");
	r.path_n = AT_PATH_MAX + 1;
	assert_int_equal(at_put_crsm(&c, &r), -EMSGSIZE);
}

/* The longest of each fits, one byte more is refused. */
static void longest(void **state)
{
	static uint8_t data[AT_APDU_MAX + 1], path[AT_PATH_MAX];
	struct at_crsm r = { .ins = 0xDC, .has_file = true, .fid = 0xFFFF, .p1 = 255, .p2 = 255, .p3 = 255,
			     .data = data, .path = path, .path_n = sizeof(path) };
	struct at_command *c = malloc(sizeof(*c));

	assert_non_null(c);
	assert_int_equal(at_put_csim(c, data, AT_APDU_MAX), 0);
	assert_int_equal(at_put_csim(c, data, AT_APDU_MAX + 1), -EMSGSIZE);
	assert_int_equal(at_put_cgla(c, 4294967295U, data, AT_APDU_MAX), 0);
	assert_int_equal(at_put_cgla(c, 1, data, AT_APDU_MAX + 1), -EMSGSIZE);
	assert_int_equal(at_put_ccho(c, data, 16), 0);
	assert_int_equal(at_put_ccho(c, data, 17), -EMSGSIZE);
	assert_int_equal(at_put_crsm(c, &r), 0);
	assert_true(strlen(c->text) < AT_COMMAND_MAX);
	free(c);
}

static void rapdu(const char *line, const char *want)
{
	uint8_t out[AT_RAPDU_MAX];
	char hex[2 * AT_RAPDU_MAX + 1] = "";
	int n = at_get_rapdu(line, out);

	for (int i = 0; i < n; i++)
		sprintf(hex + 2 * i, "%02X", out[i]);
	if (want)
		assert_string_equal(hex, want);
	else
		assert_int_equal(n, -EPROTO);
}

/* Rules: MODEM-1 */
static void answers(void **state)
{
	static const char *const bad[] = {
		"+CSIM:", "+CSIM: 4", "+CSIM: 4,", "+CSIM: ,\"9000\"", "+CSIM: 2,\"90\"", "+CSIM: 6,\"9000\"", "+CSIM: 3,\"900\"",
		"+CSIM: 4,\"9000", "+CSIM: 4,\"90 0\"", "+CSIM: 4,\"9000\"x", "+CSIM: 4,\"90G0\"", "+CSIM: -4,\"9000\"",
		"+CSIM: 99999999999999999999,\"9000\"", "+CSIM: 4;\"9000\"", "4", "", "9000", ":", "+", "+CSIM: 4,\"\"9000\"\"",
	};
	char line[600];

	rapdu("+CSIM: 4,\"9000\"", "9000");
	rapdu("+CSIM:4,9000", "9000");
	rapdu("+CSIM: 4 , \"9000\" ", "9000");
	rapdu("+CGLA: 10,\"aBcDeF9000\"", "ABCDEF9000");
	/* Of a modem that counts bytes. */
	rapdu("+CSIM: 5,\"ABCDEF9000\"", "ABCDEF9000");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		rapdu(bad[i], NULL);
	sprintf(line, "+CSIM: 518,\"%0518d\"", 0);
	rapdu(line, NULL);
	sprintf(line, "+CSIM: 516,\"%0516d\"", 0);
	assert_int_equal(at_get_rapdu(line, (uint8_t[AT_RAPDU_MAX]){ 0 }), 258);
}

/* Rules: MODEM-3 */
static void crsm_answers(void **state)
{
	static const char *const bad[] = {
		"+CRSM: 144", "+CRSM: 256,0", "+CRSM: 144,256", "+CRSM: 144,0,\"1\"", "+CRSM: 144;0", "+CRSM: 144,0x",
		"+CRSM: x,0", "+CRSM: 144,0,\"12\",1",
	};
	uint8_t out[AT_RAPDU_MAX];
	char line[600];

	assert_int_equal(at_get_crsm("+CRSM: 144,0,\"0102\"", out), 4);
	assert_memory_equal(out, "\x01\x02\x90\x00", 4);
	assert_int_equal(at_get_crsm("+CRSM: 106,130", out), 2);
	assert_memory_equal(out, "\x6A\x82", 2);
	assert_int_equal(at_get_crsm("+CRSM:144,0,", out), 2);
	assert_int_equal(at_get_crsm("+CRSM: 144,0,\"\"", out), 2);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(at_get_crsm(bad[i], out), -EPROTO);
	sprintf(line, "+CRSM: 144,0,\"%0512d\"", 0);
	assert_int_equal(at_get_crsm(line, out), 258);
	sprintf(line, "+CRSM: 144,0,\"%0514d\"", 0);
	assert_int_equal(at_get_crsm(line, out), -EPROTO);
}

/* Rules: MODEM-2 */
static void sessions(void **state)
{
	uint32_t id = 0;

	assert_int_equal(at_get_session("+CCHO: 17", &id), 0);
	assert_int_equal(id, 17);
	assert_int_equal(at_get_session("4294967295", &id), 0);
	assert_int_equal(id, 4294967295U);
	assert_int_equal(at_get_session("4294967296", &id), -EPROTO);
	assert_int_equal(at_get_session("+CCHO:", &id), -EPROTO);
	assert_int_equal(at_get_session("+CCHO: 1,2", &id), -EPROTO);
	assert_int_equal(at_get_session("+CCHO: -1", &id), -EPROTO);
}

/* Rules: MODEM-7 */
static void errors(void **state)
{
	static const struct {
		const char *line;
		enum at_error error;
		uint16_t sw;
	} all[] = {
		{ "ERROR", AT_ERR_UNKNOWN, 0x6F00 },
		{ "+CME ERROR: 0", AT_ERR_UNKNOWN, 0x6F00 },
		{ "+CME ERROR: 3", AT_ERR_REFUSED, 0x6A81 },
		{ "+CME ERROR: operation not supported", AT_ERR_REFUSED, 0x6A81 },
		{ "+CME ERROR: 10", AT_ERR_NO_CARD, 0x6F00 },
		{ "+CME ERROR: SIM not inserted", AT_ERR_NO_CARD, 0x6F00 },
		{ "+CME ERROR: 11", AT_ERR_LOCKED, 0x6982 },
		{ "+CME ERROR: 13", AT_ERR_CARD, 0x6F00 },
		{ "+CME ERROR:14", AT_ERR_BUSY, 0x9300 },
		{ "+CME ERROR: sim BUSY", AT_ERR_BUSY, 0x9300 },
		{ "+CME ERROR: 22", AT_ERR_NOT_FOUND, 0x6A82 },
		{ "+CME ERROR: 22222222222", AT_ERR_UNKNOWN, 0x6F00 },
		{ "+CMS ERROR: 10", AT_ERR_UNKNOWN, 0x6F00 },
		{ "+CME ERROR:", AT_ERR_UNKNOWN, 0x6F00 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(at_get_error(all[i].line), all[i].error);
		assert_int_equal(at_error_sw(all[i].error), all[i].sw);
	}
}

/* --- +CRSM in place of SELECT ------------------------------------------------ */

static struct crsm crsm;

static size_t bytes(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned int b;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &b), 1);
		out[i] = (uint8_t)b;
	}
	return n;
}

static void is_answer(const char *want)
{
	uint8_t out[AT_RAPDU_MAX];
	size_t n = bytes(want, out);

	assert_int_equal(crsm.answer_n, n);
	assert_memory_equal(crsm.answer, out, n);
}

/* A command of the kernel that is answered at once. */
static void at_once(const char *apdu, const char *want)
{
	uint8_t in[AT_APDU_MAX];
	size_t n = bytes(apdu, in);

	assert_int_equal(crsm_begin(&crsm, in, n), CRSM_ANSWER);
	is_answer(want);
}

/* Pairs of a command that must be sent and its answer ("!": an error), NULL, and what the kernel gets. */
static void asks(const char *apdu, const char *const *script, const char *want)
{
	uint8_t in[AT_RAPDU_MAX];
	size_t n = bytes(apdu, in);
	enum crsm_step step = crsm_begin(&crsm, in, n);
	struct at_command c;

	for (; *script; script += 2) {
		bool refused = script[1][0] == '!';

		assert_int_equal(step, CRSM_SEND);
		assert_int_equal(at_put_crsm(&c, &crsm.command), 0);
		assert_string_equal(c.text, script[0]);
		n = bytes(refused ? "6F00" : script[1], in);
		step = crsm_next(&crsm, in, n, refused);
	}
	assert_int_equal(step, CRSM_ANSWER);
	is_answer(want);
}

#define SCRIPT(...) (const char *const[]){ __VA_ARGS__, NULL }

/* Rules: MODEM-3 */
static void crsm_basic(void **state)
{
	crsm_init(&crsm);
	at_once("0070000001", "6881");
	at_once("01A4000C022FE2", "6881");
	at_once("A0A40000022FE2", "6E00");
	at_once("00B000000A", "6986");
	at_once("00A4040C05A000000063", "6A82");
	at_once("00A4000C027FFF", "6A82");
	at_once("00A4030C", "6A86");
	at_once("00A4000C032FE200", "6700");
	at_once("00A4080C032FE200", "6700");
	at_once("00A4000C052FE2", "6700");
	at_once("002000010831323334FFFFFFFF", "6D00");
	at_once("00A4000C023F00", "9000");
	asks("00A4000C022FE2", SCRIPT("AT+CRSM=192,12258,0,0,0", "62049000"), "9000");
	asks("00B000000A", SCRIPT("AT+CRSM=176,12258,0,0,10", "010203049000"), "010203049000");
	asks("00B0010203", SCRIPT("AT+CRSM=176,12258,1,2,3", "6B00"), "6B00");
	asks("00B2010428", SCRIPT("AT+CRSM=178,12258,1,4,40", "6A83"), "6A83");
	asks("00D60000021122", SCRIPT("AT+CRSM=214,12258,0,0,2,\"1122\"", "9000"), "9000");
	asks("80F2000C", SCRIPT("AT+CRSM=242", "9000"), "9000");
	/* Of a SIM: too many bytes were asked for. */
	asks("00B00000FF", SCRIPT("AT+CRSM=176,12258,0,0,255", "670A"), "6C0A");
	asks("00B00000FF", SCRIPT("AT+CRSM=176,12258,0,0,255", "6700"), "6700");
	/* What a file that is named each time cannot have. */
	at_once("00B082000A", "6A86");
	at_once("00B2010C28", "6A86");
	at_once("00B2000428", "6A86");
	at_once("00B2010228", "6A86");
	at_once("00B00000", "6700");
	at_once("00D600000311", "6700");
}

/* Rules: MODEM-3 */
static void crsm_paths(void **state)
{
	crsm_init(&crsm);
	/* As TS 27.007 has it; not there is not there, when it is known that paths are understood. */
	asks("00A4080C047F505031", SCRIPT("AT+CRSM=192,20529,0,0,0,\"\",\"7F50\"", "9000"), "9000");
	asks("00A4080C047F506F01", SCRIPT("AT+CRSM=192,28417,0,0,0,\"\",\"7F50\"", "6A82"), "6A82");
	/* What was selected before still is. */
	asks("00B0000001", SCRIPT("AT+CRSM=176,20529,0,0,1,\"\",\"7F50\"", "019000"), "019000");
	asks("00A4000C025032", SCRIPT("AT+CRSM=192,20530,0,0,0,\"\",\"7F50\"", "9000"), "9000");
	at_once("00A4000C025F3A", "9000");
	at_once("00A4000C025F3B", "9000");
	asks("00A4000C024F01", SCRIPT("AT+CRSM=192,20225,0,0,0,\"\",\"7F505F3B\"", "9000"), "9000");
	asks("00A4090C044F025032", SCRIPT("AT+CRSM=192,20530,0,0,0,\"\",\"7F505F3B4F02\"", "6A82"), "6A82");
	at_once("00A4080C103F00500150025003500450055006500750085009", "6A82");
	/* The other form, once the first does nothing. */
	crsm_init(&crsm);
	asks("00A4080C047F505031", SCRIPT("AT+CRSM=192,20529,0,0,0,\"\",\"7F50\"", "6A82",
					  "AT+CRSM=192,20529,0,0,0,\"\",\"3F007F50\"", "9000"), "9000");
	asks("00A4080C022F00", SCRIPT("AT+CRSM=192,12032,0,0,0,\"\",\"3F00\"", "9000"), "9000");
	/* None of them. */
	crsm_init(&crsm);
	asks("00A4080C047F505031", SCRIPT("AT+CRSM=192,20529,0,0,0,\"\",\"7F50\"", "!",
					  "AT+CRSM=192,20529,0,0,15,\"\",\"7F50\"", "!",
					  "AT+CRSM=192,20529,0,0,0,\"\",\"3F007F50\"", "!",
					  "AT+CRSM=192,20529,0,0,15,\"\",\"3F007F50\"", "!"), "6A82");
}

/* Rules: MODEM-3 */
static void crsm_2g(void **state)
{
	crsm_init(&crsm);
	/* A length that fits, then the 15 bytes of a SIM as an FCP. */
	asks("00A40804022FE200",
	     SCRIPT("AT+CRSM=192,12258,0,0,0", "670F",
		    "AT+CRSM=192,12258,0,0,15", "0000000A2FE204000000000102" "0000" "9000"),
	     "620C820241218302" "2FE2" "8002000A" "9000");
	asks("00A40804022F0000",
	     SCRIPT("AT+CRSM=192,12032,0,0,15", "000000502F0004000000000102" "0128" "9000"),
	     "620F8205422100280283022F0080020050" "9000");
	/* Half of one is none. */
	asks("00A40804022F0000", SCRIPT("AT+CRSM=192,12032,0,0,15", "000000502F00049000"),
	     "000000502F00049000");
	at_once("00A40004023F0000", "620882027821" "83023F00" "9000");
	at_once("00A40804027F5000", "620882027821" "83027F50" "9000");
}

/* Rules: MODEM-3 */
static void crsm_bounded(void **state)
{
	uint8_t in[] = { 0x00, 0xA4, 0x08, 0x0C, 0x02, 0x2F, 0x00 };
	unsigned int sent = 0;

	crsm_init(&crsm);
	/* Another length each time. */
	for (enum crsm_step step = crsm_begin(&crsm, in, sizeof(in)); step == CRSM_SEND; sent++) {
		const uint8_t sw[] = { 0x6C, (uint8_t)(sent + 1) };

		assert_true(sent < 10);
		step = crsm_next(&crsm, sw, 2, false);
	}
	assert_true(sent > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands),
		cmocka_unit_test(crsm_commands),
		cmocka_unit_test(longest),
		cmocka_unit_test(answers),
		cmocka_unit_test(crsm_answers),
		cmocka_unit_test(sessions),
		cmocka_unit_test(errors),
		cmocka_unit_test(crsm_basic),
		cmocka_unit_test(crsm_paths),
		cmocka_unit_test(crsm_2g),
		cmocka_unit_test(crsm_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
