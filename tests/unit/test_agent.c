// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-agent: what a typed line is as an answer, PINs above all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The program's own file: it is not part of the library. */
#include "dmsc-agent/show.c"

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
	assert_int_equal(line_understand(&q, SLICE_LIT("0"), &a), TYPED_AGAIN);
	assert_int_equal(line_understand(&q, SLICE_LIT("4"), &a), TYPED_AGAIN);
	q.kind = UNL_KIND_SINGLE_CHOICE;
	assert_int_equal(line_understand(&q, SLICE_LIT("1 2"), &a), TYPED_AGAIN);
	assert_int_equal(line_understand(&q, SLICE_LIT("2"), &a), TYPED_ANSWER);
	q = (struct unl_question){ .kind = UNL_KIND_TEXT, .options = "MINDT=30&ET=2" };
	assert_int_equal(line_understand(&q, SLICE_LIT(" as it is "), &a), TYPED_ANSWER);
	assert_string_equal(a.value, " as it is ");
	assert_true(question_secret(&q));
	q.options[0] = 0;
	assert_false(question_secret(&q));
	q.kind = UNL_KIND_PIN;
	assert_true(question_secret(&q));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pin_is_digits),
		cmocka_unit_test(no_pin_is_a_no),
		cmocka_unit_test(last_try_is_typed_twice),
		cmocka_unit_test(lines_of_other_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
