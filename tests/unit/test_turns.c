// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-client/turns: whose turn it is, on a clock of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <cmocka.h>

static int64_t now_s;
static uint32_t drawn;

static int fake_clock(clockid_t id, struct timespec *t)
{
	assert_int_equal(id, CLOCK_BOOTTIME);
	*t = (struct timespec){ .tv_sec = now_s };
	return 0;
}

static ssize_t fake_random(void *p, size_t n, unsigned int flags)
{
	memcpy(p, &drawn, n);
	return (ssize_t)n;
}

#define clock_gettime fake_clock
#define getrandom fake_random
#include "dmsc-client/turns.c"
#undef clock_gettime
#undef getrandom

#define N 3
#define TRIES 64

static struct turn turn[N];
static struct turns x;
static char order[TRIES + 1];		/* whose turns came: "abc" */
static int64_t at[TRIES];
static size_t tries, good_after;	/* that many tries fail; 0 = all */
static uint32_t at_least;
static int64_t network_at[8];		/* when the network comes; 0 = no more */
static size_t network_next;

static int try_one(void *ctx, struct turn *t)
{
	if (tries == TRIES)
		return 7;
	at[tries] = now_s;
	order[tries++] = (char)('a' + (t - turn));
	if (good_after && tries > good_after)
		turn_close(t);
	else
		turn_again(&x, t, at_least);
	return 0;
}

static int wait_some(void *ctx, int64_t ms)
{
	int64_t until = now_s + ms / 1000;

	assert_true(ms > 0 && ms % 1000 == 0);
	if (network_at[network_next] && network_at[network_next] <= until) {
		if (network_at[network_next] > now_s)
			now_s = network_at[network_next];
		network_next++;
		x.network = true;
		return 0;
	}
	now_s = until;
	return 0;
}

static void world(size_t n, unsigned int patience)
{
	memset(&x, 0, sizeof(x));
	memset(order, 0, sizeof(order));
	memset(network_at, 0, sizeof(network_at));
	network_next = tries = good_after = at_least = drawn = 0;
	now_s = 1000;
	x.policy = turns_policy(patience);
	x.who = "test";
	x.try = try_one;
	x.wait = wait_some;
	for (size_t i = 0; i < n; i++) {
		turn[i] = (struct turn){ .open = true, .first = now_s, .name = "a server" };
		x.turn[x.n++] = &turn[i];
	}
}

static void one_after_the_other(void **state)
{
	world(3, 3600);
	good_after = 3;
	assert_int_equal(turns_run(&x), 0);
	assert_string_equal(order, "abcabc");
	assert_int_equal(at[2], 1000);
	assert_int_equal(at[3], 1016);
}

/* Rules: PEND-4 */
static void waits_grow_to_the_longest_and_patience_ends(void **state)
{
	static const int64_t waits[] = { 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600 };

	world(1, 4 * 3600);
	assert_int_equal(turns_run(&x), 0);
	for (size_t i = 1; i < tries; i++)
		assert_int_equal(at[i] - at[i - 1], waits[i - 1]);
	assert_true(at[tries - 1] <= 1000 + 4 * 3600);
	assert_true(at[tries - 1] + waits[tries - 1] > 1000 + 4 * 3600);
	assert_false(turn[0].open);
}

/* Rules: PEND-4 */
static void devices_do_not_come_back_together(void **state)
{
	int64_t low = INT64_MAX, high = 0;

	for (uint32_t i = 0; i < 200; i++) {
		world(1, 3600);
		good_after = 1;
		drawn = i;
		assert_int_equal(turns_run(&x), 0);
		low = at[1] < low ? at[1] : low;
		high = at[1] > high ? at[1] : high;
	}
	assert_int_equal(low, 1012);
	assert_int_equal(high, 1016);
}

static void no_patience_is_one_try(void **state)
{
	world(2, 0);
	assert_int_equal(turns_run(&x), 0);
	assert_string_equal(order, "ab");
}

/*
 * It began before: in another boot, even.
 * Rules: PEND-3
 */
static void patience_began_earlier(void **state)
{
	world(1, 600);
	turn[0].first = now_s - 590;
	assert_int_equal(turns_run(&x), 0);
	assert_int_equal(tries, 1);
	world(1, 600);
	turn[0].first = now_s - 580;
	assert_int_equal(turns_run(&x), 0);
	assert_int_equal(tries, 2);
}

/* Rules: PEND-4 */
static void the_network_ends_a_wait(void **state)
{
	world(1, 7200);
	good_after = 6;
	network_at[0] = 1500;
	assert_int_equal(turns_run(&x), 0);
	assert_int_equal(at[5], 1496);	/* 1000 and 16 + 32 + 64 + 128 + 256 */
	assert_int_equal(at[6], 1501);
}

/* Once at once, and then no sooner than without it. */
static void a_route_that_flaps(void **state)
{
	world(1, 7200);
	good_after = 5;
	for (size_t i = 0; i < 7; i++)
		network_at[i] = 1001 + (int64_t)i;
	assert_int_equal(turns_run(&x), 0);
	assert_int_equal(at[1], 1002);
	assert_int_equal(at[2], 1018);
	assert_int_equal(at[3], 1050);
}

/* Rules: PEND-4 */
static void a_server_that_wants_to_be_left_alone(void **state)
{
	world(1, 7200);
	good_after = 1;
	at_least = 300;
	network_at[0] = 1010;
	assert_int_equal(turns_run(&x), 0);
	assert_int_equal(at[1], 1300);
	world(1, 200);
	at_least = 300;
	assert_int_equal(turns_run(&x), 0);
	assert_int_equal(tries, 1);
}

static int make_anew(void *ctx)
{
	/* What came meanwhile is looked at before the next turn. */
	if (tries == 1 && x.n == 1) {
		turn[1] = (struct turn){ .open = true, .first = now_s, .name = "another" };
		x.turn[x.n++] = &turn[1];
	}
	return tries < 5 ? 0 : 9;
}

static void the_list_is_made_anew(void **state)
{
	world(1, 7200);
	x.refresh = make_anew;
	assert_int_equal(turns_run(&x), 9);
	assert_string_equal(order, "ababa");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(waits_grow_to_the_longest_and_patience_ends),
		cmocka_unit_test(devices_do_not_come_back_together),
		cmocka_unit_test(no_patience_is_one_try),
		cmocka_unit_test(patience_began_earlier),
		cmocka_unit_test(the_network_ends_a_wait),
		cmocka_unit_test(a_route_that_flaps),
		cmocka_unit_test(a_server_that_wants_to_be_left_alone),
		cmocka_unit_test(the_list_is_made_anew),
	};

	return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
