// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel sends on a channel, as sessions of a modem: step by step. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "uicc-bridge/session.h"

static struct session s;
static enum session_step step;

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

static void same(const uint8_t *got, size_t n, const char *want)
{
	uint8_t out[300];

	assert_int_equal(n, bytes(want, out));
	assert_memory_equal(got, out, n);
}

static void command(const char *apdu)
{
	uint8_t in[300];
	size_t n = bytes(apdu, in);

	step = session_begin(&s, in, n);
}

/* The step is to open @aid, which ends so. */
static void open_is(const char *aid, int err, uint32_t id)
{
	struct session_result r = { .err = err, .id = id };

	assert_int_equal(step, SESSION_OPEN);
	same(s.aid, s.aid_n, aid);
	step = session_next(&s, &r);
}

static void close_is(uint32_t id, int err)
{
	struct session_result r = { .err = err };

	assert_int_equal(step, SESSION_CLOSE);
	assert_int_equal(s.id, id);
	step = session_next(&s, &r);
}

static void send_is(uint32_t id, const char *apdu, int err, const char *answer)
{
	uint8_t data[300];
	struct session_result r = { .err = err, .data = data };

	r.n = bytes(answer, data);
	assert_int_equal(step, SESSION_SEND);
	assert_int_equal(s.id, id);
	same(s.apdu, s.apdu_n, apdu);
	step = session_next(&s, &r);
}

static void answer_is(const char *want)
{
	assert_int_equal(step, SESSION_ANSWER);
	same(s.answer, s.answer_n, want);
	/* What was asked is not kept: it may be a PIN. */
	for (size_t i = 0; i < s.apdu_n; i++)
		assert_int_equal(s.apdu[i], 0);
}

#define PKCS15 "A000000063504B43532D3135"
#define USIM "A0000000871002"

static void channel(void)
{
	command("0070000001");
	answer_is("019000");
}

/* Rules: MODEM-2 */
static void classes(void **state)
{
	assert_int_equal(session_cla_channel(0x00), 0);
	assert_int_equal(session_cla_channel(0x83), 3);
	assert_int_equal(session_cla_channel(0x40), 4);
	assert_int_equal(session_cla_channel(0xCF), 19);
	assert_int_equal(session_cla_basic(0x83), 0x80);
	assert_int_equal(session_cla_basic(0xC7), 0x80);
	assert_int_equal(session_cla_basic(0x47), 0x00);
}

/* Rules: MODEM-2 */
static void by_name(void **state)
{
	session_init(&s, false);
	channel();
	command("01A4040C0C" PKCS15);
	open_is(PKCS15, 0, 4711);
	answer_is("9000");
	command("01A4000C025031");
	send_is(4711, "00A4000C025031", 0, "9000");
	answer_is("9000");
	command("81F2000C00");
	send_is(4711, "80F2000C00", 0, "6D00");
	answer_is("6D00");
	/* Another one takes the place of the session; it is not there. */
	command("01A4040C0E" PKCS15 "FFFF");
	close_is(4711, -ENOENT);
	open_is(PKCS15 "FFFF", -ENOENT, 0);
	answer_is("6A82");
	/* With its FCP. */
	command("01A4040407" USIM "00");
	open_is(USIM, 0, 5);
	send_is(5, "80F2000000", 0, "6C20");
	send_is(5, "80F2000020", 0, "62029000");
	answer_is("62029000");
	/* A length that is corrected once, and to another one. */
	command("01A4040407" USIM "00");
	close_is(5, 0);
	open_is(USIM, 0, 5);
	send_is(5, "80F2000000", 0, "6C20");
	send_is(5, "80F2000020", 0, "6C21");
	answer_is("6C21");
	command("01A4040407" USIM "00");
	close_is(5, 0);
	open_is(USIM, 0, 5);
	send_is(5, "80F2000000", 0, "6C00");
	answer_is("6C00");
	command("0170800100");
	close_is(5, 0);
	answer_is("9000");
	command("01B0000001");
	answer_is("6881");
}

/* Rules: MODEM-2 */
static void before_a_name(void **state)
{
	uint32_t id;

	session_init(&s, false);
	channel();
	command("01A4080C022F00");
	open_is(PKCS15, -ENOENT, 0);
	open_is(USIM, 0, 9);
	send_is(9, "00A4080C022F00", 0, "9000");
	answer_is("9000");
	command("01B2010428");
	send_is(9, "00B2010428", 0, "01029000");
	answer_is("01029000");
	/* The next one that opens begins anew, and what is open is told at the end. */
	command("0070000001");
	close_is(9, 0);
	answer_is("019000");
	assert_false(session_leave(&s, &id));
	command("01A4040C0C" PKCS15);
	open_is(PKCS15, 0, 10);
	answer_is("9000");
	assert_true(session_leave(&s, &id));
	assert_int_equal(id, 10);
	assert_false(session_leave(&s, &id));
}

/* Rules: MODEM-2 */
static void nothing_to_carry(void **state)
{
	/* There is the basic channel: the kernel is to take that. */
	session_init(&s, true);
	channel();
	command("01A4080C022F00");
	open_is(PKCS15, -ENOENT, 0);
	open_is(USIM, -ENOENT, 0);
	answer_is("6881");
	command("0070000001");
	answer_is("6881");
	command("00A4080C022F00");
	assert_int_equal(step, SESSION_BASIC);
	/* Another card may have what this one had not. */
	session_forget(&s);
	channel();
	/* There is none: the file is not found. */
	session_init(&s, false);
	channel();
	command("01A4080C022F00");
	open_is(PKCS15, -ENOENT, 0);
	open_is(USIM, -ENOENT, 0);
	answer_is("6A82");
	channel();
}

/* Rules: MODEM-2 */
static void basic(void **state)
{
	uint8_t data[] = { 0x90, 0x00 };
	struct session_result r = { .data = data, .n = 2 };

	session_init(&s, true);
	command("002000010831323334FFFFFFFF");
	assert_int_equal(step, SESSION_BASIC);
	assert_int_equal(s.apdu_n, 13);
	step = session_next(&s, &r);
	answer_is("9000");
	command("00A4000C023F00");
	assert_int_equal(step, SESSION_BASIC);
	r.err = -EBUSY;
	step = session_next(&s, &r);
	answer_is("9300");
	/* Without one it is a session too, so that nothing depends on the kernel's having a channel. */
	session_init(&s, false);
	command("00A4040C0C" PKCS15);
	open_is(PKCS15, 0, 1);
	answer_is("9000");
}

/* Rules: MODEM-2 */
static void lost(void **state)
{
	session_init(&s, true);
	channel();
	command("01A4040C0C" PKCS15);
	open_is(PKCS15, 0, 3);
	answer_is("9000");
	command("01B0000001");
	send_is(3, "00B0000001", -EBUSY, "");
	answer_is("9300");
	command("01B0000001");
	send_is(3, "00B0000001", -ENOENT, "");
	close_is(3, -ENOENT);
	answer_is("6881");
	/* It is no channel until another one is opened. */
	command("01B0000001");
	answer_is("6881");
	channel();
	command("01A4040C0C" PKCS15);
	open_is(PKCS15, -EBUSY, 0);
	answer_is("9300");
}

/* Rules: MODEM-2 */
static void wrong(void **state)
{
	uint8_t byte = 0x90;
	struct session_result r = { .data = &byte, .n = 1 };

	session_init(&s, false);
	command("02B0000001");
	answer_is("6881");
	command("01B0000001");
	answer_is("6881");
	command("0070800100");
	answer_is("6881");
	command("0070000500");
	answer_is("6A86");
	command("0070400000");
	answer_is("6A86");
	command("00A404");
	answer_is("6F00");
	command("00A4040C");
	answer_is("6700");
	command("00A4040C05A000");
	answer_is("6700");
	command("00A4040C11" PKCS15 PKCS15);
	answer_is("6700");
	/* An answer that is none, and one that nobody waits for. */
	command("00A4040C0C" PKCS15);
	open_is(PKCS15, 0, 3);
	command("00B0000001");
	step = session_next(&s, &r);
	answer_is("6F00");
	step = session_next(&s, &r);
	answer_is("6F00");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes),
		cmocka_unit_test(by_name),
		cmocka_unit_test(before_a_name),
		cmocka_unit_test(nothing_to_carry),
		cmocka_unit_test(basic),
		cmocka_unit_test(lost),
		cmocka_unit_test(wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
