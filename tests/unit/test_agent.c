// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-agent: what a typed line is as an answer, PINs above all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ask/ask.h"
#include "util/str.h"

static struct pin_first first;
static struct unl_answer a;

static enum typed pin(uint32_t retries, const char *line)
{
	const struct unl_question q = { .kind = UNL_KIND_PIN, .key_ref = 1, .retries = retries };

	memset(&a, 0, sizeof(a));
	return pin_understand(&q, slice_str(line), &first, &a);
}

static bool wiped(void)
{
	static const struct pin_first none;

	return !memcmp(&first, &none, sizeof(none));
}

static void a_pin_is_digits(void **state)
{
	static const char *const good[] = { "0000", "1234", "12345678", " 1234\r" };
	static const char *const bad[] = { "123", "123456789", "12a4", "12 34", "-1234", "1234.",
					   "١٢٣٤", "y", "yes", "0x1234", "12345678901234567890" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(pin(3, good[i]), TYPED_ANSWER);
		assert_int_equal(a.outcome, UNL_YES);
		assert_true(strlen(a.value) >= 4 && strspn(a.value, "0123456789") == strlen(a.value));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(pin(3, bad[i]), TYPED_AGAIN);
		assert_string_equal(a.value, "");
	}
	assert_int_equal(pin(UNL_RETRIES_UNKNOWN, "1234"), TYPED_ANSWER);
	assert_true(wiped());
}

static void no_pin_is_a_no(void **state)
{
	for (uint32_t retries = 1; retries < 4; retries++) {
		assert_int_equal(pin(retries, ""), TYPED_ANSWER);
		assert_int_equal(a.outcome, UNL_NO);
		assert_int_equal(pin(retries, " \r"), TYPED_ANSWER);
		assert_int_equal(a.outcome, UNL_NO);
		assert_string_equal(a.value, "");
	}
}

static void last_try_is_typed_twice(void **state)
{
	assert_int_equal(pin(1, "1234"), TYPED_AGAIN);
	assert_string_equal(a.value, "");
	assert_int_equal(pin(1, "1234"), TYPED_ANSWER);
	assert_int_equal(a.outcome, UNL_YES);
	assert_string_equal(a.value, "1234");
	assert_true(wiped());
	/* A slip: from the beginning. */
	assert_int_equal(pin(1, "1234"), TYPED_AGAIN);
	assert_int_equal(pin(1, "12345"), TYPED_AGAIN);
	assert_string_equal(a.value, "");
	assert_true(wiped());
	assert_int_equal(pin(1, "12345"), TYPED_AGAIN);
	assert_int_equal(pin(1, "12"), TYPED_AGAIN);	/* no PIN: the first one stands */
	assert_int_equal(pin(1, "12345"), TYPED_ANSWER);
	assert_string_equal(a.value, "12345");
	assert_true(wiped());
	assert_int_equal(pin(1, "12345678"), TYPED_AGAIN);
	assert_int_equal(pin(1, "12345678"), TYPED_ANSWER);
	assert_true(wiped());
}

static void lines_of_other_kinds(void **state)
{
	struct unl_question q = { .kind = UNL_KIND_SESSION };

	assert_int_equal(line_understand(&q, SLICE_LIT(" Yes "), &a), TYPED_ANSWER);
	assert_int_equal(a.outcome, UNL_YES);
	assert_int_equal(line_understand(&q, SLICE_LIT("n"), &a), TYPED_ANSWER);
	assert_int_equal(a.outcome, UNL_NO);
	assert_int_equal(line_understand(&q, SLICE_LIT("1234"), &a), TYPED_AGAIN);
	assert_int_equal(line_understand(&q, SLICE_LIT(""), &a), TYPED_AGAIN);
	q = (struct unl_question){ .kind = UNL_KIND_MULTIPLE_CHOICE, .nchoices = 3 };
	memset(&a, 0, sizeof(a));
	assert_int_equal(line_understand(&q, SLICE_LIT("3 1 3"), &a), TYPED_ANSWER);
	assert_true(a.nselected == 2 && a.selected[0] == 3 && a.selected[1] == 1);
	assert_int_equal(line_understand(&q, SLICE_LIT("0 1"), &a), TYPED_AGAIN);
	assert_int_equal(line_understand(&q, SLICE_LIT("0"), &a), TYPED_ANSWER);
	assert_int_equal(a.nselected, 0);
	assert_int_equal(line_understand(&q, SLICE_LIT(""), &a), TYPED_ANSWER);
	assert_int_equal(a.nselected, 0);
	assert_int_equal(line_understand(&q, SLICE_LIT("1,3, 2"), &a), TYPED_ANSWER);
	assert_int_equal(a.nselected, 3);
	assert_int_equal(line_understand(&q, SLICE_LIT("4"), &a), TYPED_AGAIN);
	q.kind = UNL_KIND_SINGLE_CHOICE;
	assert_int_equal(line_understand(&q, SLICE_LIT("1 2"), &a), TYPED_AGAIN);
	assert_int_equal(line_understand(&q, SLICE_LIT("0"), &a), TYPED_AGAIN);
	assert_int_equal(line_understand(&q, SLICE_LIT(""), &a), TYPED_AGAIN);
	assert_int_equal(line_understand(&q, SLICE_LIT("2"), &a), TYPED_ANSWER);
	q = (struct unl_question){ .kind = UNL_KIND_TEXT, .options = "MINDT=30&ET=P" };
	assert_int_equal(line_understand(&q, SLICE_LIT(" as it is "), &a), TYPED_ANSWER);
	assert_string_equal(a.value, " as it is ");
	assert_true(question_secret(&q));
	q.options[0] = 0;
	assert_false(question_secret(&q));
	q.kind = UNL_KIND_PIN;
	assert_true(question_secret(&q));
}

/* --- what a server may wish of an answer ---------------------------------- */

static enum typed typed(enum unl_kind kind, const char *options, const char *line)
{
	struct unl_question q = { .kind = kind };

	if (kind == UNL_KIND_SINGLE_CHOICE || kind == UNL_KIND_MULTIPLE_CHOICE)
		q.nchoices = 3;
	strcpy(q.options, options);
	memset(&a, 0, sizeof(a));
	return line_understand(&q, slice_str(line), &a);
}

/* Rules: UI-29 UI-32 */
static void what_a_text_consists_of(void **state)
{
	static const struct {
		const char *options;
		const char *good[12], *bad[14];
	} cases[] = {
		{ "IT=A", { "", "a", " b ", "K\xc3\xb6ln", "c", "24.12." },
			  { "a\tb", "\033[2J", "\xff", "a\x7f", "\xe2\x80\xae" "x" } },
		{ "IT=N", { "0", "12345678901234567890", "-5", "+5", "3.14", ".5", " 7 " },
			  { "", "-", ".", "1.2.3", "5-", "0x10", "1,5", "ten", "1 2", "1e5" } },
		{ "IT=D", { "01012026", "31122026", "29022024", "29022000", "28021900", " 01012026\r" },
			  { "", "00012026", "32012026", "01132026", "01002026", "29022026", "29021900",
			    "31042026", "1012026", "010120261", "01.01.26", "0101202x", "-1012026" } },
		{ "IT=T", { "000000", "235959", "120000" },
			  { "", "240000", "006000", "000060", "12:00:00", "1200", "-20000", "12000x" } },
		{ "IT=P", { "0", "+4930123", "112", "030p123w1s", "*100#" },
			  { "", "+", "49+30", "++49", "pws", "030-123", "030 123", "abc" } },
		{ "IT=I", { "192.0.2.1", "0.0.0.0", "255.255.255.255" },
			  { "", "256.0.0.1", "1.2.3", "1.2.3.4.5", "::1", "a.b.c.d", "1.2.3.4 x",
			    "111.111.111.1111" } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (const char *const *s = cases[i].good; *s; s++) {
			if (typed(UNL_KIND_TEXT, cases[i].options, *s) != TYPED_ANSWER)
				fail_msg("%s: not taken: '%s'", cases[i].options, *s);
			assert_int_equal(a.outcome, UNL_YES);
			if (i)	/* blanks around it are part of any text, and of nothing else */
				assert_true(slice_eq_str(str_trim(slice_str(*s)), a.value));
			else
				assert_string_equal(a.value, *s);
		}
		for (const char *const *s = cases[i].bad; *s; s++)
			if (typed(UNL_KIND_TEXT, cases[i].options, *s) != TYPED_AGAIN)
				fail_msg("%s: taken: '%s'", cases[i].options, *s);
	}
}

static void length_is_counted_in_characters(void **state)
{
	char line[1100];

	assert_int_equal(typed(UNL_KIND_TEXT, "MAXLEN=4", "K\xc3\xb6ln"), TYPED_ANSWER);
	assert_int_equal(typed(UNL_KIND_TEXT, "MAXLEN=4", "K\xc3\xb6lns"), TYPED_AGAIN);
	assert_string_equal(a.value, "");
	assert_int_equal(typed(UNL_KIND_TEXT, "MAXLEN=4", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80"), TYPED_ANSWER);
	/* The kernel takes 1024 bytes, whatever the server would. */
	memset(line, 'x', sizeof(line));
	line[1024] = 0;
	assert_int_equal(typed(UNL_KIND_TEXT, "MAXLEN=4000", line), TYPED_ANSWER);
	line[1024] = 'x';
	line[1025] = 0;
	assert_int_equal(typed(UNL_KIND_TEXT, "MAXLEN=4000", line), TYPED_AGAIN);
}

static void an_empty_line_takes_the_default(void **state)
{
	assert_int_equal(typed(UNL_KIND_CONFIRM, "DR=1", ""), TYPED_ANSWER);
	assert_int_equal(a.outcome, UNL_YES);
	assert_int_equal(typed(UNL_KIND_CONFIRM, "DR=0", " "), TYPED_ANSWER);
	assert_int_equal(a.outcome, UNL_NO);
	assert_int_equal(typed(UNL_KIND_CONFIRM, "DR=0", "y"), TYPED_ANSWER);
	assert_int_equal(a.outcome, UNL_YES);
	assert_int_equal(typed(UNL_KIND_CONFIRM, "", ""), TYPED_AGAIN);
	assert_int_equal(typed(UNL_KIND_TEXT, "DR=a%26b+c", ""), TYPED_ANSWER);
	assert_string_equal(a.value, "a&b c");
	assert_int_equal(typed(UNL_KIND_TEXT, "DR=ten&IT=N", ""), TYPED_AGAIN);	/* no number either */
	assert_int_equal(typed(UNL_KIND_SINGLE_CHOICE, "DR=2", ""), TYPED_ANSWER);
	assert_true(a.nselected == 1 && a.selected[0] == 2);
	assert_int_equal(typed(UNL_KIND_MULTIPLE_CHOICE, "DR=1-3", ""), TYPED_ANSWER);
	assert_true(a.nselected == 2 && a.selected[0] == 1 && a.selected[1] == 3);
	assert_int_equal(typed(UNL_KIND_MULTIPLE_CHOICE, "DR=1-3", "0"), TYPED_ANSWER);
	assert_int_equal(a.nselected, 0);
	/* What is no server's question has no options, whatever stands there. */
	assert_int_equal(typed(UNL_KIND_SESSION, "DR=1", ""), TYPED_AGAIN);
	assert_int_equal(typed(UNL_KIND_PROVISION, "DR=1", ""), TYPED_AGAIN);
}

static void cancelled(void **state)
{
	for (enum unl_kind k = UNL_KIND_SESSION; k <= UNL_KIND_MULTIPLE_CHOICE; k++) {
		if (k == UNL_KIND_PIN)
			continue;
		assert_int_equal(typed(k, "", "\033"), TYPED_ANSWER);
		assert_int_equal(a.outcome, UNL_CANCELLED);
		assert_int_equal(typed(k, "", " c"), TYPED_ANSWER);
		assert_int_equal(a.outcome, k == UNL_KIND_TEXT ? UNL_YES : UNL_CANCELLED);
	}
	assert_int_equal(typed(UNL_KIND_TEXT, "", "cancel"), TYPED_ANSWER);
	assert_string_equal(a.value, "cancel");
	assert_int_equal(pin(3, "\033"), TYPED_ANSWER);
	assert_int_equal(a.outcome, UNL_CANCELLED);
	assert_int_equal(pin(3, "c"), TYPED_AGAIN);
}

static void seconds_of_a_notice(void **state)
{
	struct unl_question q = { .kind = UNL_KIND_DISPLAY, .options = "MINDT=10" };

	assert_int_equal(question_min_s(&q), 10);
	q.kind = UNL_KIND_CONFIRM;
	assert_int_equal(question_min_s(&q), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pin_is_digits),
		cmocka_unit_test(no_pin_is_a_no),
		cmocka_unit_test(last_try_is_typed_twice),
		cmocka_unit_test(lines_of_other_kinds),
		cmocka_unit_test(what_a_text_consists_of),
		cmocka_unit_test(length_is_counted_in_characters),
		cmocka_unit_test(an_empty_line_takes_the_default),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(seconds_of_a_notice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
