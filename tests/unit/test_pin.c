// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-helper's rules for files behind a PIN: who is asked for which, how often, and in what words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The program's own file: it is not part of the library. */
#include "dmsc-helper/pin_rules.c"

#define AID "a000000063504b43532d3135"
#define FILE_1 AID ".6431"
#define FILE_2 AID ".6433"
#define UNKNOWN UNL_RETRIES_UNKNOWN

static struct pin_rules p;

static enum pin_next begin_at(const char *path, const char *access)
{
	struct ef_access want;

	assert_int_equal(ef_access_parse(access, &want), 0);
	return pin_rules_begin(&p, path, &want);
}

static enum pin_next begin(const char *access)
{
	pin_rules_init(&p, "uicc7");
	return begin_at(FILE_1, access);
}

static enum pin_next person(enum unl_outcome o)
{
	struct unl_answer a = { .outcome = o, .retries = UNKNOWN };

	return pin_rules_answered(&p, &a);
}

static enum pin_next card(enum unl_pin_result result, uint32_t retries)
{
	struct unl_answer a = { .outcome = UNL_NO, .by_card = true, .pin_result = result,
				.retries = retries };

	if (result == UNL_PIN_TIMEOUT)
		a.outcome = UNL_TIMEOUT;
	return pin_rules_answered(&p, &a);
}

static void says(const char *words)
{
	if (!strstr(p.text, words))
		fail_msg("not said: %s; but: %s", words, p.text);
}

/* Rules: DECISION-9 */
static void decision_9_right_pin(void **state)
{
	assert_int_equal(begin("pin 01"), PIN_CHECK);
	assert_int_equal(p.ref, 0x01);
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 3), PIN_ASK);
	says("uicc7");
	says("PIN 1");
	says("3 tries are left");
	assert_int_equal(person(UNL_YES), PIN_OVER);
	assert_int_equal(p.result, IPC_DONE);
	/* Another file behind it that is kept back nevertheless: nobody is asked again. */
	assert_int_equal(begin_at(FILE_2, "pin 01"), PIN_OVER);
	assert_int_equal(p.result, IPC_FAILED);
	/* One of a card that says "verified" of any PIN: the file tells otherwise. */
	assert_int_equal(begin("pin 01"), PIN_CHECK);
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_VERIFIED, UNKNOWN), PIN_ASK);
	says("does not say how many");
}

/* Rules: DECISION-9 */
static void decision_9_wrong_then_right(void **state)
{
	begin("pin 01");
	pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 3);
	assert_int_equal(card(UNL_PIN_WRONG, 2), PIN_CHECK);
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 2), PIN_ASK);
	says("was not PIN 1");
	says("2 tries are left");
	assert_int_equal(person(UNL_YES), PIN_OVER);
	assert_int_equal(p.result, IPC_DONE);
}

/* Whatever is answered: from three tries, two at most are used up in one insertion. */
/* Rules: DECISION-9 */
static void decision_9_one_try_is_left(void **state)
{
	begin("pin 01");
	pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 3);
	card(UNL_PIN_WRONG, 2);
	pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 2);
	assert_int_equal(card(UNL_PIN_WRONG, 1), PIN_TELL);
	says("One try is left");
	assert_int_equal(p.result, IPC_REFUSED);
	assert_int_equal(begin_at(FILE_2, "pin 01"), PIN_OVER);
	assert_int_equal(p.result, IPC_REFUSED);
	/* The counter fell meanwhile, by another's hand. */
	begin("pin 01");
	pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 3);
	assert_int_equal(card(UNL_PIN_WRONG, 2), PIN_CHECK);
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 1), PIN_TELL);
	/* A card that does not say how many are left gets one wrong PIN and no more. */
	begin("pin 01");
	pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, UNKNOWN);
	assert_int_equal(card(UNL_PIN_WRONG, UNKNOWN), PIN_CHECK);
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, UNKNOWN), PIN_TELL);
	says("does not say");
}

static void last_try_is_called_so(void **state)
{
	begin("pin 01");
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 1), PIN_ASK);
	says("LAST try");
	assert_int_equal(card(UNL_PIN_BLOCKED, 0), PIN_TELL);
	says("blocked");
	assert_int_equal(p.result, IPC_FAILED);
}

static void blocked_is_not_asked_for(void **state)
{
	assert_int_equal(begin("pin 01"), PIN_CHECK);
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_BLOCKED, 0), PIN_OVER);
	assert_int_equal(p.result, IPC_FAILED);
	assert_non_null(strstr(p.reason, "blocked"));
	assert_int_equal(begin_at(FILE_2, "pin 01"), PIN_OVER);
}

static void a_persons_no(void **state)
{
	static const struct {
		enum unl_outcome outcome;
		enum ipc_result result;
	} ends[] = {
		{ UNL_NO, IPC_REFUSED }, { UNL_CANCELLED, IPC_TIMEOUT },
		{ UNL_TIMEOUT, IPC_TIMEOUT }, { UNL_WITHDRAWN, IPC_WITHDRAWN },
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		begin("pin 01");
		pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 3);
		assert_int_equal(person(ends[i].outcome), PIN_OVER);
		assert_int_equal(p.result, ends[i].result);
		if (ends[i].outcome == UNL_WITHDRAWN)
			continue;
		/* That was the answer for this insertion; the next one asks again. */
		assert_int_equal(begin_at(FILE_2, "pin 01"), PIN_OVER);
		assert_int_equal(p.result, ends[i].result);
		assert_int_equal(begin("pin 01"), PIN_CHECK);
	}
}

static void silent_card(void **state)
{
	begin("pin 01");
	pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 3);
	assert_int_equal(card(UNL_PIN_TIMEOUT, UNKNOWN), PIN_OVER);
	assert_int_equal(p.result, IPC_FAILED);
	/* It may have counted: not a second time by itself. */
	assert_int_equal(begin_at(FILE_2, "pin 01"), PIN_OVER);
	begin("pin 01");
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_TIMEOUT, UNKNOWN), PIN_OVER);
	assert_int_equal(p.result, IPC_FAILED);
	begin("pin 01");
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_GONE, UNKNOWN), PIN_OVER);
	assert_int_equal(p.result, IPC_WITHDRAWN);
}

static void any_of_several(void **state)
{
	/* The issuer's key is nobody's to type; a PIN that is of no use is passed over. */
	assert_int_equal(begin("pin 0a or 01 or 11"), PIN_CHECK);
	assert_int_equal(p.ref, 0x01);
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_DISABLED, UNKNOWN), PIN_CHECK);
	assert_int_equal(p.ref, 0x11);
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 10), PIN_ASK);
	says("the universal PIN");
	assert_int_equal(person(UNL_YES), PIN_OVER);
	assert_int_equal(p.result, IPC_DONE);
	begin("pin 01 or 11");
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_BLOCKED, 0), PIN_CHECK);
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_REFUSED, UNKNOWN), PIN_OVER);
	assert_int_equal(p.result, IPC_FAILED);
	/* Who said no to one is not asked for the other. */
	begin("pin 01 or 11");
	pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 3);
	assert_int_equal(person(UNL_NO), PIN_OVER);
	assert_int_equal(p.result, IPC_REFUSED);
}

static void all_of_several(void **state)
{
	assert_int_equal(begin("pin 01 and 81"), PIN_CHECK);
	pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 3);
	assert_int_equal(person(UNL_YES), PIN_CHECK);
	assert_int_equal(p.ref, 0x81);
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 3), PIN_ASK);
	says("PIN 2");
	assert_int_equal(person(UNL_YES), PIN_OVER);
	assert_int_equal(p.result, IPC_DONE);
	/* A disabled one needs nothing; a blocked one ends it. */
	begin("pin 01 and 81");
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_DISABLED, UNKNOWN), PIN_CHECK);
	assert_int_equal(p.ref, 0x81);
	assert_int_equal(pin_rules_checked(&p, UNL_PIN_BLOCKED, 0), PIN_OVER);
	assert_int_equal(p.result, IPC_FAILED);
	assert_int_equal(begin("pin 01 and 0a"), PIN_OVER);
	assert_non_null(strstr(p.reason, "issuer"));
}

static void local_pin_is_of_its_application(void **state)
{
	begin("pin 81");
	pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 3);
	person(UNL_NO);
	assert_int_equal(begin_at(FILE_2, "pin 81"), PIN_OVER);
	/* The same number in another application is another PIN; PIN 1 is the card's. */
	assert_int_equal(begin_at("3f00.7f50.6431", "pin 81"), PIN_CHECK);
	begin("pin 01");
	pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 3);
	person(UNL_NO);
	assert_int_equal(begin_at("3f00.7f50.6431", "pin 01"), PIN_OVER);
}

static void nothing_to_ask_for(void **state)
{
	static const char *const none[] = { "never", "always", "unknown", "pin 0a", "pin 0a or 8b" };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(begin(none[i]), PIN_OVER);
		assert_int_equal(p.result, IPC_FAILED);
	}
}

static void table_is_bounded(void **state)
{
	char access[16];

	pin_rules_init(&p, "uicc0");
	for (unsigned int i = 0; i < PIN_KEYS_MAX; i++) {
		snprintf(access, sizeof(access), "pin %02x", i < 8 ? i + 1 : i + 0x79);
		assert_int_equal(begin_at(FILE_1, access), PIN_CHECK);
		pin_rules_checked(&p, UNL_PIN_NOT_VERIFIED, 3);
		assert_int_equal(person(UNL_NO), PIN_OVER);
	}
	assert_int_equal(p.nkeys, PIN_KEYS_MAX);
	assert_int_equal(begin_at(FILE_1, "pin 11"), PIN_OVER);
	assert_int_equal(p.result, IPC_FAILED);
	assert_int_equal(begin_at(FILE_1, "pin 01"), PIN_OVER);
	assert_int_equal(p.result, IPC_REFUSED);
}

/*
 * A card with counters behind the rules, and people who answer at random. No PIN that
 * had more than one try left is blocked by it, however often its files are asked for,
 * and the end comes within bounds.
 */
static void no_walk_blocks_a_card(void **state)
{
	static const char *const wants[] = { "pin 01", "pin 01 or 11", "pin 01 and 81", "pin 81",
					     "pin 11 or 81 or 02" };
	unsigned int asked = 0;

	for (unsigned int seed = 0; seed < 20000; seed++) {
		uint32_t left[256], first[256];
		enum pin_next next;
		unsigned int steps = 0;

		srandom(seed);
		for (int i = 0; i < 256; i++)
			first[i] = left[i] = (uint32_t)random() % 5;
		pin_rules_init(&p, "uicc0");
		for (int file = 0; file < 3; file++) {
			next = begin_at(file ? FILE_2 : FILE_1, wants[random() % 5]);
			while (next == PIN_CHECK || next == PIN_ASK) {
				assert_true(++steps < 100);
				if (next == PIN_CHECK) {
					next = pin_rules_checked(&p, left[p.ref] ? UNL_PIN_NOT_VERIFIED :
								 UNL_PIN_BLOCKED, left[p.ref]);
					continue;
				}
				asked++;
				assert_true(p.text[0] && left[p.ref]);
				if (random() % 3 == 0)
					next = person(random() % 2 ? UNL_YES : UNL_NO);
				else if (--left[p.ref])
					next = card(UNL_PIN_WRONG, left[p.ref]);
				else
					next = card(UNL_PIN_BLOCKED, 0);
			}
			assert_true(next == PIN_OVER || next == PIN_TELL);
			assert_non_null(p.reason);
		}
		for (int i = 0; i < 256; i++)
			assert_true(left[i] || first[i] <= 1);
	}
	assert_true(asked > 20000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(decision_9_right_pin),
		cmocka_unit_test(decision_9_wrong_then_right),
		cmocka_unit_test(decision_9_one_try_is_left),
		cmocka_unit_test(last_try_is_called_so),
		cmocka_unit_test(blocked_is_not_asked_for),
		cmocka_unit_test(a_persons_no),
		cmocka_unit_test(silent_card),
		cmocka_unit_test(any_of_several),
		cmocka_unit_test(all_of_several),
		cmocka_unit_test(local_pin_is_of_its_application),
		cmocka_unit_test(nothing_to_ask_for),
		cmocka_unit_test(table_is_bounded),
		cmocka_unit_test(no_walk_blocks_a_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
