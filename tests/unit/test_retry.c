// SPDX-License-Identifier: GPL-2.0-or-later
/* net/retry: growth, ceiling, spread and patience. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/retry.h"

static void test_doubles_up_to_the_ceiling(void **state)
{
	const struct retry_policy p = { .first_s = 16, .max_s = 100 };

	assert_int_equal(retry_delay_s(&p, 1, 0), 16);
	assert_int_equal(retry_delay_s(&p, 2, 0), 32);
	assert_int_equal(retry_delay_s(&p, 3, 0), 64);
	assert_int_equal(retry_delay_s(&p, 4, 0), 100);
	assert_int_equal(retry_delay_s(&p, UINT32_MAX, 0), 100);
	assert_int_equal(retry_delay_s(&p, 0, 0), 16);
}

static void test_spread_stays_within_a_quarter(void **state)
{
	const struct retry_policy p = { .first_s = 100, .max_s = 100 };
	uint32_t low = 1000, high = 0;

	for (uint32_t r = 0; r < 1000; r++) {
		uint32_t d = retry_delay_s(&p, 1, r);

		low = d < low ? d : low;
		high = d > high ? d : high;
	}
	assert_int_equal(low, 75);
	assert_int_equal(high, 100);
}

static void test_extreme_policies_do_not_overflow(void **state)
{
	const struct retry_policy zero = { 0 };
	const struct retry_policy huge = { .first_s = UINT32_MAX, .max_s = UINT32_MAX };

	assert_int_equal(retry_delay_s(&zero, 5, 7), 1);
	assert_int_equal(retry_delay_s(&huge, 40, 0), UINT32_MAX);
}

static void test_patience_ends(void **state)
{
	const struct retry_policy p = { .first_s = 10, .max_s = 10, .patience_s = 60 };
	int64_t next = -1;

	assert_true(retry_next(&p, 1, 1000, 1000, 0, &next));
	assert_int_equal(next, 1010);
	assert_true(retry_next(&p, 5, 1000, 1050, 0, &next));
	assert_int_equal(next, 1060);
	next = -1;
	assert_false(retry_next(&p, 6, 1000, 1051, 0, &next));
	assert_int_equal(next, -1);
}

static void test_clock_that_went_back(void **state)
{
	const struct retry_policy p = { .first_s = 10, .max_s = 10, .patience_s = 60 };
	int64_t next = 0;

	assert_true(retry_next(&p, 1, 1000, 5, 0, &next));
	assert_int_equal(next, 1010);
}

static void test_no_patience_means_for_ever(void **state)
{
	const struct retry_policy p = { .first_s = 10, .max_s = 10 };
	int64_t next = 0;

	assert_true(retry_next(&p, 1000, 0, 1000000000, 0, &next));
	assert_int_equal(next, 1000000010);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubles_up_to_the_ceiling),
		cmocka_unit_test(test_spread_stays_within_a_quarter),
		cmocka_unit_test(test_extreme_policies_do_not_overflow),
		cmocka_unit_test(test_patience_ends),
		cmocka_unit_test(test_clock_that_went_back),
		cmocka_unit_test(test_no_patience_means_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
