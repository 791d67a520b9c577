// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A modem got into step, asked what it has, watched for its card; the far end is a
 * script that knows each command to come and fails on any other. The time is told.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "util/log.h"
#include "uicc-bridge/at_modem.h"

static struct at_modem m;
static uint64_t now;

static void begin(unsigned int poll_ms)
{
	const struct at_options o = { .answer_ms = 1000, .poll_ms = poll_ms, .has = 7, .removed = "^GONE*",
				      .inserted = "^HERE", .atr = { 0x3B, 0x00 }, .atr_n = 2 };

	log_init("test", LOG_LVL_ERR);
	now = 1000000;
	at_modem_init(&m, &o, now);
	assert_int_equal(at_modem_tick(&m, now), 0);
}

/* The modem was sent this command, whole. */
static void sent(const char *command)
{
	size_t n;
	const char *out = at_modem_output(&m, &n);

	assert_int_equal(n, strlen(command) + 1);
	assert_memory_equal(out, command, n - 1);
	assert_int_equal(out[n - 1], '\r');
	at_modem_sent(&m, n);
}

static void nothing_sent(void)
{
	size_t n;

	at_modem_output(&m, &n);
	assert_int_equal(n, 0);
}

static void says(const char *text)
{
	char said[700];

	assert_true(snprintf(said, sizeof(said), "\r\n%s\r\n", text) < (int)sizeof(said));
	at_modem_input(&m, said, strlen(said), now);
}

static void expect(const char *command, const char *answer)
{
	sent(command);
	if (answer)
		says(answer);
}

static void event_is(enum bridge_event_type type, const char *data, size_t n)
{
	struct bridge_event e;

	assert_true(at_modem_event(&m, &e));
	assert_int_equal(e.type, type);
	assert_int_equal(e.n, n);
	assert_memory_equal(e.data, data, n);
}

static void no_event(void)
{
	struct bridge_event e;

	assert_false(at_modem_event(&m, &e));
}

/* As much later as the modem has asked for; what became of it. */
static int late(void)
{
	assert_true(at_modem_deadline(&m) != AT_NEVER);
	if (at_modem_deadline(&m) > now)
		now = at_modem_deadline(&m);
	return at_modem_tick(&m, now);
}

static void request(const char *apdu, size_t n)
{
	assert_int_equal(at_modem_request(&m, (const uint8_t *)apdu, n, now), 0);
}

static void settings(void)
{
	expect("ATE0", "OK");
	expect("AT+CMEE=1", "OK");
}

static void has(const char *csim, const char *ccho, const char *cgla, const char *crsm)
{
	settings();
	expect("AT+CSIM=?", csim);
	expect("AT+CCHO=?", ccho);
	expect("AT+CGLA=?", cgla);
	expect("AT+CRSM=?", crsm);
}

/* To where a card is in that +CSIM reaches. */
static void ready(unsigned int poll_ms)
{
	begin(poll_ms);
	expect("AT+CMEE?", "+CMEE: 0\r\n\r\nOK");
	has("OK", "ERROR", "ERROR", "ERROR");
	expect("AT+CPIN?", "+CPIN: READY\r\n\r\nOK");
	event_is(BRIDGE_INSERTED, "\x3B\x00", 2);
	nothing_sent();
}

#define READ "\x00\xB0\x00\x00\x01", 5
#define AT_READ "AT+CSIM=10,\"00B0000001\""

/* Rules: MODEM-1 */
static void one_command(void **state)
{
	ready(0);
	request(READ);
	expect(AT_READ, "+CSIM: 6,\"A79000\"\r\nOK");
	event_is(BRIDGE_ANSWER, "\xA7\x90\x00", 3);
	request(NULL, 0);
	event_is(BRIDGE_ANSWER, "\x3B\x00", 2);
	nothing_sent();
	assert_true(at_modem_deadline(&m) == AT_NEVER);
	no_event();
	assert_int_equal(at_modem_request(&m, NULL, AT_APDU_MAX + 1, now), -EMSGSIZE);
}

/* Rules: MODEM-5 */
static void in_step(void **state)
{
	/* The end of a command that was sent before us, and then ours. */
	begin(0);
	expect("AT+CMEE?", "OK");
	says("+CMEE: 1\r\n\r\nOK");
	expect("ATE0", NULL);
	/* A modem that does not know the question: its error, and silence behind. */
	begin(0);
	expect("AT+CMEE?", "ERROR");
	nothing_sent();
	assert_int_equal(late(), 0);
	expect("ATE0", NULL);
	/* One that is slow: two answers to two questions. */
	begin(0);
	expect("AT+CMEE?", NULL);
	assert_int_equal(late(), 0);
	expect("AT+CMEE?", "+CMEE: 1\r\n\r\nOK");
	nothing_sent();
	says("+CMEE: 1\r\n\r\nOK");
	nothing_sent();
	assert_int_equal(late(), 0);
	expect("ATE0", NULL);
}

/* Rules: MODEM-5 */
static void dead(void **state)
{
	unsigned int asked = 0;
	int err;

	begin(0);
	for (err = 0; !err; asked++) {
		assert_true(asked < 20);
		sent("AT+CMEE?");
		err = late();
	}
	assert_int_equal(err, -ETIMEDOUT);
	assert_true(now - 1000000 < 20000);
	assert_int_equal(at_modem_tick(&m, now), -ETIMEDOUT);
}

/* Rules: MODEM-5 */
static void has_nothing(void **state)
{
	begin(0);
	expect("AT+CMEE?", "+CMEE: 0\r\n\r\nOK");
	has("ERROR", "OK", "+CME ERROR: 4", "ERROR");
	assert_int_equal(at_modem_tick(&m, now), -EOPNOTSUPP);
}

/* Rules: MODEM-5 */
static void setup_that_hangs(void **state)
{
	/* What is not answered is not there. */
	begin(0);
	expect("AT+CMEE?", "+CMEE: 0\r\n\r\nOK");
	settings();
	expect("AT+CSIM=?", NULL);
	assert_int_equal(late(), 0);
	expect("AT+CMEE?", "+CMEE: 1\r\n\r\nOK");
	expect("AT+CCHO=?", "OK");
	expect("AT+CGLA=?", "OK");
	expect("AT+CRSM=?", "OK");
	expect("AT+CPIN?", NULL);
	assert_int_equal(late(), 0);
	expect("AT+CMEE?", "+CMEE: 1\r\n\r\nOK");
	nothing_sent();
	no_event();
	/* It asks again, also where it was told not to. */
	assert_int_equal(late(), 0);
	expect("AT+CPIN?", "+CPIN: SIM PIN\r\n\r\nOK");
	event_is(BRIDGE_INSERTED, "\x3B\x00", 2);
}

/* Rules: MODEM-5 */
static void command_that_hangs(void **state)
{
	ready(0);
	request(READ);
	expect(AT_READ, NULL);
	assert_int_equal(late(), 0);
	event_is(BRIDGE_NO_ANSWER, "", 0);
	/* The late answer is nobody's. */
	sent("AT+CMEE?");
	says("+CSIM: 6,\"A79000\"\r\nOK");
	says("+CMEE: 1\r\n\r\nOK");
	no_event();
	request(READ);
	expect(AT_READ, "+CSIM: 6,\"A89000\"\r\nOK");
	event_is(BRIDGE_ANSWER, "\xA8\x90\x00", 3);
}

/* Rules: MODEM-5 */
static void request_behind_another(void **state)
{
	ready(0);
	request(READ);
	sent(AT_READ);
	request(NULL, 0);
	nothing_sent();
	says("+CSIM: 6,\"A79000\"\r\nOK");
	event_is(BRIDGE_ANSWER, "\x3B\x00", 2);
	no_event();
	/* The last of several. */
	request(READ);
	sent(AT_READ);
	request("\x00\xB0\x00\x00\x02", 5);
	request("\x00\xB0\x00\x00\x03", 5);
	says("ERROR");
	expect("AT+CSIM=10,\"00B0000003\"", "+CSIM: 4,\"6B00\"\r\nOK");
	event_is(BRIDGE_ANSWER, "\x6B\x00", 2);
	no_event();
}

/* Rules: MODEM-5 */
static void answer_behind_a_request(void **state)
{
	/* The answers to a reset and to a command, which nobody took before the next command. */
	ready(0);
	request(NULL, 0);
	request(READ);
	expect(AT_READ, "+CSIM: 6,\"A79000\"\r\nOK");
	request("\x00\xB0\x00\x00\x02", 5);
	no_event();
	expect("AT+CSIM=10,\"00B0000002\"", "+CSIM: 6,\"A89000\"\r\nOK");
	event_is(BRIDGE_ANSWER, "\xA8\x90\x00", 3);
	no_event();
	/* But that the card went is not forgotten. */
	says("+CPIN: NOT INSERTED");
	request(READ);
	event_is(BRIDGE_REMOVED, "", 0);
}

/* Rules: MODEM-5 */
static void late_end_of_another(void **state)
{
	ready(0);
	request(READ);
	expect(AT_READ, NULL);
	assert_int_equal(late(), 0);
	event_is(BRIDGE_NO_ANSWER, "", 0);
	/* The late answer and silence behind: the modem has yet to answer the question. */
	expect("AT+CMEE?", "+CSIM: 6,\"A79000\"\r\nOK");
	request("\x00\xB0\x00\x00\x02", 5);
	assert_int_equal(late(), 0);
	expect("AT+CMEE?", "+CMEE: 1\r\n\r\nOK");
	nothing_sent();
	says("+CMEE: 1\r\n\r\nOK");
	assert_int_equal(late(), 0);
	expect("AT+CSIM=10,\"00B0000002\"", "+CSIM: 6,\"A89000\"\r\nOK");
	event_is(BRIDGE_ANSWER, "\xA8\x90\x00", 3);
	no_event();
}

/* Rules: MODEM-4 */
static void card_comes_and_goes(void **state)
{
	struct bridge_event e;
	unsigned int n = 0;

	/* More news than anybody takes in between: what holds is the last of it. */
	ready(0);
	for (int i = 0; i < 4; i++) {
		says("+CPIN: NOT INSERTED");
		expect("AT+CPIN?", "+CPIN: READY\r\n\r\nOK");
	}
	says("+CPIN: NOT INSERTED");
	expect("AT+CPIN?", "+CME ERROR: 10");
	while (at_modem_event(&m, &e))
		n++;
	assert_true(n > 0);
	assert_int_equal(e.type, BRIDGE_REMOVED);
}

/* Rules: MODEM-4 */
static void card_that_is_always_news(void **state)
{
	ready(0);
	says("^HERE");
	sent("AT+CPIN?");
	request(READ);
	says("^HERE\r\n+CPIN: READY\r\n\r\nOK");
	expect(AT_READ, "^HERE\r\n+CSIM: 6,\"A79000\"\r\nOK");
	event_is(BRIDGE_ANSWER, "\xA7\x90\x00", 3);
	sent("AT+CPIN?");
	/* A request that is answered at once leaves the question for afterwards. */
	request(NULL, 0);
	says("^HERE\r\n+CPIN: READY\r\n\r\nOK");
	event_is(BRIDGE_ANSWER, "\x3B\x00", 2);
	expect("AT+CPIN?", "+CPIN: READY\r\n\r\nOK");
	nothing_sent();
}

/* Rules: MODEM-4 */
static void card_goes(void **state)
{
	static const char *const codes[] = { "+CPIN: NOT INSERTED", "+QSIMSTAT: 1,0", "^GONE: 7", NULL };

	for (size_t i = 0; codes[i]; i++) {
		ready(0);
		says(codes[i]);
		event_is(BRIDGE_REMOVED, "", 0);
		expect("AT+CPIN?", "+CME ERROR: 10");
		no_event();
		request(READ);
		event_is(BRIDGE_NO_ANSWER, "", 0);
		says("^HERE");
		expect("AT+CPIN?", "+CME ERROR: 14");
		no_event();
		assert_int_equal(late(), 0);
		expect("AT+CPIN?", "+CPIN: READY\r\n\r\nOK");
		event_is(BRIDGE_INSERTED, "\x3B\x00", 2);
		no_event();
	}
}

/* Rules: MODEM-4 */
static void card_goes_meanwhile(void **state)
{
	/* While a command runs, whose answer is dropped. */
	ready(0);
	request(READ);
	sent(AT_READ);
	says("+CPIN: NOT INSERTED");
	event_is(BRIDGE_REMOVED, "", 0);
	says("+CSIM: 6,\"A79000\"\r\nOK");
	no_event();
	expect("AT+CPIN?", "+CPIN: NOT INSERTED\r\n\r\nOK");
	no_event();
	/* And as the answer itself. */
	ready(0);
	request(READ);
	expect(AT_READ, "+CME ERROR: 10");
	event_is(BRIDGE_REMOVED, "", 0);
	no_event();
}

/* Rules: MODEM-4 */
static void polling(void **state)
{
	ready(5000);
	assert_int_equal(at_modem_deadline(&m), now + 5000);
	assert_int_equal(at_modem_tick(&m, now + 4999), 0);
	nothing_sent();
	assert_int_equal(late(), 0);
	expect("AT+CPIN?", "+CPIN: READY\r\n\r\nOK");
	no_event();
	assert_int_equal(late(), 0);
	/* An error that says nothing of the card changes nothing. */
	expect("AT+CPIN?", "ERROR");
	no_event();
	assert_int_equal(late(), 0);
	expect("AT+CPIN?", "+CME ERROR: 13");
	event_is(BRIDGE_REMOVED, "", 0);
	assert_int_equal(late(), 0);
	/* Nor does an OK that says nothing of it put one in. */
	expect("AT+CPIN?", "OK");
	no_event();
	assert_int_equal(late(), 0);
	expect("AT+CPIN?", "+CPIN: SIM PUK\r\n\r\nOK");
	event_is(BRIDGE_INSERTED, "\x3B\x00", 2);
}

/* Rules: MODEM-5 */
static void starts_anew(void **state)
{
	ready(0);
	request("\x00\x70\x00\x00\x01", 5);
	expect("AT+CSIM=10,\"0070000001\"", "+CSIM: 6,\"029000\"\r\nOK");
	event_is(BRIDGE_ANSWER, "\x02\x90\x00", 3);
	request("\x02\xB0\x00\x00\x01", 5);
	sent("AT+CSIM=10,\"02B0000001\"");
	says("RDY");
	event_is(BRIDGE_REMOVED, "", 0);
	expect("AT+CMEE?", "AT+CMEE?\r\n+CMEE: 0\r\n\r\nOK");
	has("OK", "ERROR", "ERROR", "ERROR");
	expect("AT+CPIN?", "+CPIN: READY\r\n\r\nOK");
	event_is(BRIDGE_INSERTED, "\x3B\x00", 2);
	/* The channel is none any more. */
	request("\x02\xB0\x00\x00\x01", 5);
	event_is(BRIDGE_ANSWER, "\x68\x81", 2);
	assert_false(at_modem_leave(&m));
}

/* Rules: MODEM-1 */
static void leaves(void **state)
{
	ready(0);
	assert_false(at_modem_leave(&m));
	request("\x00\x70\x00\x00\x01", 5);
	expect("AT+CSIM=10,\"0070000001\"", "+CSIM: 6,\"029000\"\r\nOK");
	assert_true(at_modem_leave(&m));
	expect("AT+CSIM=8,\"00708002\"", "+CSIM: 4,\"9000\"\r\nOK");
	assert_false(m.running);
	assert_false(at_modem_leave(&m));
	/* Nothing that waits opens another one; and what went half is ended first. */
	ready(0);
	request("\x00\x70\x00\x00\x01", 5);
	expect("AT+CSIM=10,\"0070000001\"", "+CSIM: 6,\"029000\"\r\nOK");
	event_is(BRIDGE_ANSWER, "\x02\x90\x00", 3);
	request("\x02\xB0\x00\x00\x01", 5);
	at_modem_sent(&m, 7);
	request("\x00\x70\x00\x00\x01", 5);
	assert_true(at_modem_leave(&m));
	expect("\rAT+CSIM=8,\"00708002\"", "ERROR\r\n+CSIM: 4,\"9000\"\r\nOK");
	nothing_sent();
	assert_false(m.running);
}

/* Whatever came before the card is known is no reason to do anything. */
static void codes_before(void **state)
{
	begin(0);
	says("+CPIN: NOT INSERTED\r\n\r\nRDY\r\n+CPIN: READY\r\n^GONE: 1");
	no_event();
	expect("AT+CMEE?", "+CMEE: 0\r\n\r\nOK");
	expect("ATE0", NULL);
}

/* An answer without its line, and a line without an answer. */
static void half_an_answer(void **state)
{
	ready(0);
	request(READ);
	expect(AT_READ, "OK");
	event_is(BRIDGE_ANSWER, "\x6F\x00", 2);
	says("+CSIM: 6,\"A79000\"\r\nOK\r\nOK\r\nERROR");
	no_event();
	nothing_sent();
	request(READ);
	expect(AT_READ, "+CSIM: 6,\"A790\"\r\nOK");
	event_is(BRIDGE_ANSWER, "\x6F\x00", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_command),
		cmocka_unit_test(in_step),
		cmocka_unit_test(dead),
		cmocka_unit_test(has_nothing),
		cmocka_unit_test(setup_that_hangs),
		cmocka_unit_test(command_that_hangs),
		cmocka_unit_test(request_behind_another),
		cmocka_unit_test(answer_behind_a_request),
		cmocka_unit_test(late_end_of_another),
		cmocka_unit_test(card_comes_and_goes),
		cmocka_unit_test(card_that_is_always_news),
		cmocka_unit_test(card_goes),
		cmocka_unit_test(card_goes_meanwhile),
		cmocka_unit_test(polling),
		cmocka_unit_test(starts_anew),
		cmocka_unit_test(leaves),
		cmocka_unit_test(codes_before),
		cmocka_unit_test(half_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
