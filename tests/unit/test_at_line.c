// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of a modem: whole, in pieces, echoed, joined, and such as are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "uicc-bridge/at_line.h"

struct want {
	enum at_kind kind;
	const char *text;
};

/* What @said is, fed @step bytes at a time. */
static void lines(const char *command, const char *prefix, bool number, const char *said, size_t len,
		  size_t step, const struct want *want)
{
	struct at_line *l = malloc(sizeof(*l));
	size_t i = 0;

	assert_non_null(l);
	at_line_init(l);
	at_line_expect(l, command, prefix, number);
	for (size_t at = 0; at < len; at += step) {
		/* A copy of its own, so that reading beyond is seen. */
		size_t n = len - at < step ? len - at : step;
		char *piece = malloc(n);
		const char *p = piece;
		enum at_kind kind;

		assert_non_null(piece);
		memcpy(piece, said + at, n);
		while ((kind = at_line_next(l, &p, &n)) != AT_NOTHING) {
			assert_non_null(want[i].text);
			assert_int_equal(kind, want[i].kind);
			assert_string_equal(l->text, want[i].text);
			i++;
		}
		assert_int_equal(n, 0);
		free(piece);
	}
	assert_null(want[i].text);
	free(l);
}

static void all_steps(const char *command, const char *prefix, const char *said, const struct want *want)
{
	size_t len = strlen(said);

	for (size_t step = 1; step <= len; step++)
		lines(command, prefix, false, said, len, step, want);
}

#define CSIM "AT+CSIM=10,\"00B0000002\""
#define ANSWER { AT_ANSWER, "+CSIM: 8,\"12349000\"" }, { AT_OK, "OK" }, { 0, NULL }

/* Rules: MODEM-6 */
static void plain(void **state)
{
	static const struct want want[] = { ANSWER };

	all_steps(CSIM, "+CSIM:", "\r\n+CSIM: 8,\"12349000\"\r\n\r\nOK\r\n", want);
	all_steps(CSIM, "+CSIM:", "+CSIM: 8,\"12349000\"\nOK\n", want);
	all_steps(CSIM, "+CSIM:", "\r\r\n\n  +CSIM: 8,\"12349000\" \t\r\r OK \r", want);
}

/* Rules: MODEM-6 */
static void echo(void **state)
{
	static const struct want want[] = { ANSWER };

	all_steps(CSIM, "+CSIM:", CSIM "\r\r\n+CSIM: 8,\"12349000\"\r\n\r\nOK\r\n", want);
	all_steps(CSIM, "+CSIM:", CSIM "\r" CSIM "\r\n+CSIM: 8,\"12349000\"\r\nOK\r\n", want);
	/* No end of line between them. */
	all_steps(CSIM, "+CSIM:", CSIM "+CSIM: 8,\"12349000\"\r\nOK\r\n", want);
	all_steps(CSIM, "+CSIM:", "at+csim=10,\"00b0000002\"\r\n+CSIM: 8,\"12349000\"\r\nOK\r\n", want);
}

/* Rules: MODEM-6 */
static void in_one_line(void **state)
{
	static const struct want want[] = { ANSWER };
	static const struct want bare[] = { { AT_ANSWER, "+CSIM: 4,9000" }, { AT_OK, "OK" }, { 0, NULL } };
	static const struct want behind[] = {
		{ AT_ANSWER, "+CSIM: 4,\"9000\"" }, { AT_OK, "OK" }, { AT_UNASKED, "+CREG: 1" }, { 0, NULL },
	};
	static const struct want before[] = { { AT_UNASKED, "RING" }, ANSWER };

	all_steps(CSIM, "+CSIM:", "+CSIM: 8,\"12349000\"OK\r\n", want);
	all_steps(CSIM, "+CSIM:", "+CSIM: 4,9000OK\r\n", bare);
	all_steps(CSIM, "+CSIM:", "+CSIM: 4,\"9000\" OK+CREG: 1\r\n", behind);
	all_steps(CSIM, "+CSIM:", "RING+CSIM: 8,\"12349000\"\r\nOK\r\n", before);
}

/* Rules: MODEM-6 */
static void broken_string(void **state)
{
	static const struct want want[] = { ANSWER };
	static const struct want between[] = { { AT_UNASKED, "+CREG: 1" }, ANSWER };
	static const struct want given_up[] = { { AT_ERROR, "ERROR" }, { AT_UNASKED, "9000\"" }, { 0, NULL } };

	all_steps(CSIM, "+CSIM:", "+CSIM: 8,\"1234\r\n9000\"\r\nOK\r\n", want);
	all_steps(CSIM, "+CSIM:", "+CSIM: 8,\"\r\n12\r\n34\r\n90\r\n00\r\n\"OK\r\n", want);
	all_steps(CSIM, "+CSIM:", "+CSIM: 8,\"1234\r\n+CREG: 1\r\n9000\"\r\nOK\r\n", between);
	all_steps(CSIM, "+CSIM:", "+CSIM: 8,\"1234\r\nERROR\r\n9000\"\r\n", given_up);
}

/* Rules: MODEM-6 */
static void unasked_between(void **state)
{
	static const struct want want[] = {
		{ AT_UNASKED, "+CPIN: READY" }, { AT_UNASKED, "OK computer" }, { AT_ANSWER, "+CSIM: 4,\"9000\"" },
		{ AT_UNASKED, "NO CARRIER" }, { AT_OK, "OK" }, { AT_UNASKED, "RDY" }, { 0, NULL },
	};
	static const struct want none[] = { { AT_UNASKED, "+CSIM: 4,\"9000\"" }, { AT_OK, "OK" }, { 0, NULL } };

	all_steps(CSIM, "+CSIM:", "\r\n+CPIN: READY\r\n\r\nOK computer\r\n+CSIM: 4,\"9000\"\r\nNO CARRIER\r\nOK\r\nRDY\r\n",
		  want);
	all_steps("ATE0", "", "+CSIM: 4,\"9000\"\r\nOK\r\n", none);
}

/* Rules: MODEM-7 */
static void errors(void **state)
{
	static const char *const all[] = {
		"ERROR", "+CME ERROR: 10", "+CME ERROR: SIM not inserted", "+CMS ERROR: 500", "+cme error: 3", "ABORTED",
		"COMMAND NOT SUPPORT", "TOO MANY PARAMETERS", NULL,
	};

	for (size_t i = 0; all[i]; i++) {
		const struct want want[] = { { AT_ERROR, all[i] }, { 0, NULL } };
		char said[64] = "\r\n";

		strcat(strcat(said, all[i]), "\r\n");
		all_steps(CSIM, "+CSIM:", said, want);
	}
}

/* TS 27.007 8.45 has had "<sessionid>" alone and "+CCHO: <sessionid>". */
static void numbers(void **state)
{
	static const struct want one[] = { { AT_ANSWER, "7" }, { AT_OK, "OK" }, { 0, NULL } };
	static const struct want two[] = { { AT_ANSWER, "+CCHO: 7" }, { AT_OK, "OK" }, { 0, NULL } };
	static const struct want none[] = { { AT_UNASKED, "7" }, { AT_OK, "OK" }, { 0, NULL } };

	lines("AT+CCHO=\"A0\"", "+CCHO:", true, "7\r\nOK\r\n", 7, 1, one);
	lines("AT+CCHO=\"A0\"", "+CCHO:", true, "+CCHO: 7\r\nOK\r\n", 14, 3, two);
	lines(CSIM, "+CSIM:", false, "7\r\nOK\r\n", 7, 1, none);
}

/* Rules: MODEM-6 */
static void noise(void **state)
{
	static const char said[] = "\x80\xFF\0\x1B[0m\r\n\0+CSIM: 4,\"90\x07\x90" "00\"\r\n\x01OK\r\n";
	static const struct want want[] = {
		{ AT_UNASKED, "[0m" }, { AT_ANSWER, "+CSIM: 4,\"9000\"" }, { AT_OK, "OK" }, { 0, NULL },
	};

	for (size_t step = 1; step < sizeof(said); step++)
		lines(CSIM, "+CSIM:", false, said, sizeof(said) - 1, step, want);
}

/* Rules: MODEM-6 */
static void too_long(void **state)
{
	static const struct want want[] = { { AT_OK, "OK" }, { AT_UNASKED, "x" }, { 0, NULL } };
	char *said = malloc(10000), *p = said;

	/* One line, and a string in many. */
	assert_non_null(said);
	p += sprintf(p, "+CSIM: 9000,\"");
	memset(p, '9', 4000);
	p += 4000;
	p += sprintf(p, "\"\r\nOK\r\nx\r\n");
	lines(CSIM, "+CSIM:", false, said, (size_t)(p - said), 100, want);
	/* Nor is the beginning of one that is no string anything. */
	said[12] = '9';
	lines(CSIM, "+CSIM:", false, said, (size_t)(p - said), 100, want);
	p = said + sprintf(said, "+CSIM: 9000,\"");
	for (int i = 0; i < 100; i++)
		p += sprintf(p, "%040d\r\n", 0);
	/* Behind the bound they are lines like others. */
	{
		struct at_line *l = calloc(1, sizeof(*l));
		const char *q = said;
		size_t n = (size_t)(p - said);
		enum at_kind kind;

		assert_non_null(l);
		at_line_expect(l, CSIM, "+CSIM:", false);
		while ((kind = at_line_next(l, &q, &n)) != AT_NOTHING)
			assert_int_equal(kind, AT_UNASKED);
		free(l);
	}
	free(said);
}

/* The longest answer there can be is not too long. */
static void longest(void **state)
{
	char said[AT_LINE_MAX + 20], *p = said;
	struct want want[] = { { AT_ANSWER, NULL }, { AT_OK, "OK" }, { 0, NULL } };
	char text[AT_LINE_MAX + 1];

	p += sprintf(p, "+CGLA: 516,\"");
	for (int i = 0; i < 258; i++)
		p += sprintf(p, "%02X", i & 0xFF);
	p += sprintf(p, "\"");
	memcpy(text, said, (size_t)(p - said));
	text[p - said] = '\0';
	want[0].text = text;
	p += sprintf(p, "\r\nOK\r\n");
	lines("AT+CGLA=1,10,\"00B0000000\"", "+CGLA:", false, said, (size_t)(p - said), 64, want);
}

/* What was sent may have been a PIN. */
static void forgotten(void **state)
{
	static const char pin[] = "AT+CSIM=26,\"0020000108313233FFFFFFFFFF\"";
	struct at_line l;
	const char *p = "AT+CSIM=26,\"0020000108313233FFFFFFFFFF\"\r\nOK\r\n";
	size_t n = strlen(p);

	at_line_init(&l);
	at_line_expect(&l, pin, "+CSIM:", false);
	assert_int_equal(at_line_next(&l, &p, &n), AT_OK);
	at_line_forget(&l);
	for (size_t i = 0; i + 6 < sizeof(l); i++)
		assert_memory_not_equal((const char *)&l + i, "313233", 6);
	/* Nor what stood behind another line in the same one. */
	p = "OK+CSIM: 6,\"3132339000\"OK\r";
	n = strlen(p);
	at_line_expect(&l, "AT", "+CSIM:", false);
	assert_int_equal(at_line_next(&l, &p, &n), AT_OK);
	assert_int_equal(at_line_next(&l, &p, &n), AT_ANSWER);
	assert_int_equal(at_line_next(&l, &p, &n), AT_OK);
	assert_int_equal(at_line_next(&l, &p, &n), AT_NOTHING);
	at_line_forget(&l);
	for (size_t i = 0; i + 6 < sizeof(l); i++)
		assert_memory_not_equal((const char *)&l + i, "313233", 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(echo),
		cmocka_unit_test(in_one_line),
		cmocka_unit_test(broken_string),
		cmocka_unit_test(unasked_between),
		cmocka_unit_test(errors),
		cmocka_unit_test(numbers),
		cmocka_unit_test(noise),
		cmocka_unit_test(too_long),
		cmocka_unit_test(longest),
		cmocka_unit_test(forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
