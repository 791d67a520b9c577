// SPDX-License-Identifier: GPL-2.0-or-later
/* store/wish: sessions that are wanted, one open for a server. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "store_dir.h"
#include "store/wish.h"

static char dir[STORE_DIR_MAX];

static int setup(void **state)
{
	return store_dir_name(dir);
}

static int teardown(void **state)
{
	return store_dir_remove(dir);
}

struct all {
	unsigned int n;
	struct store_wish w[8];
};

static int take(void *ctx, const struct store_wish *w)
{
	struct all *a = ctx;

	if (a->n < 8)
		a->w[a->n] = *w;
	a->n++;
	return 0;
}

static struct all all(struct store *s)
{
	struct all a = { 0 };

	assert_int_equal(store_wish_each(s, take, &a), 0);
	return a;
}

static void want(struct store *s, const char *server, const char *cause, uint32_t ui, uint16_t id,
		 int64_t now)
{
	struct store_wish w = { .ui = ui, .session_id = id };

	strcpy(w.server, server);
	strcpy(w.cause, cause);
	assert_int_equal(store_wish_put(s, &w, now), 0);
}

/* Rules: PEND-1 */
static void one_is_kept_over_a_restart(void **state)
{
	struct store *s = store_dir_open(dir);
	struct store_wish got;
	struct all a;

	want(s, "dm.example.net", STORE_CAUSE_NOTIFICATION, STORE_WISH_ASK, 0xfffe, 100);
	store_close(s);
	s = store_dir_open(dir);
	a = all(s);
	assert_int_equal(a.n, 1);
	assert_int_equal(store_wish_get(s, a.w[0].id, &got), 0);
	assert_string_equal(got.server, "dm.example.net");
	assert_string_equal(got.cause, "notification");
	assert_int_equal(got.ui, STORE_WISH_ASK);
	assert_int_equal(got.session_id, 0xfffe);
	assert_int_equal(got.phase, STORE_WISH_PENDING);
	assert_int_equal(got.created, 100);
	assert_int_equal(store_wish_get(s, got.id + 1, &got), -ENOENT);
	assert_int_equal(store_wish_delete(s, got.id), 0);
	assert_int_equal(store_wish_delete(s, got.id), 0);
	assert_int_equal(all(s).n, 0);
	store_close(s);
}

/* Rules: PEND-2 */
static void another_of_the_server_joins_it(void **state)
{
	struct store *s = store_dir_open(dir);
	struct all a;

	want(s, "a", STORE_CAUSE_NOTIFICATION, STORE_WISH_ASK, 7, 100);
	a = all(s);
	assert_int_equal(store_wish_claim(s, a.w[0].id, 110), 0);
	a.w[0].phase = STORE_WISH_PENDING;
	a.w[0].spent = 50;
	a.w[0].next_attempt = 500;
	strcpy(a.w[0].reason, "no network");
	assert_int_equal(store_wish_update(s, &a.w[0], 120), 0);
	want(s, "b", STORE_CAUSE_ALERT, STORE_WISH_QUIET, 0, 130);
	want(s, "a", STORE_CAUSE_ASKED, STORE_WISH_NOTICE, 0, 140);
	a = all(s);
	assert_int_equal(a.n, 2);
	assert_string_equal(a.w[0].cause, "asked");
	assert_int_equal(a.w[0].ui, STORE_WISH_NOTICE);
	assert_int_equal(a.w[0].session_id, 7);
	assert_int_equal(a.w[0].attempts, 0);
	assert_int_equal(a.w[0].spent, 0);
	assert_int_equal(a.w[0].next_attempt, 0);
	assert_int_equal(a.w[0].created, 100);
	assert_string_equal(a.w[0].reason, "");
	want(s, "a", STORE_CAUSE_NOTIFICATION, STORE_WISH_ASK, 8, 150);
	a = all(s);
	assert_int_equal(a.w[0].session_id, 8);
	assert_int_equal(a.w[0].ui, STORE_WISH_NOTICE);
	store_close(s);
}

static void one_that_comes_meanwhile_has_a_session_of_its_own(void **state)
{
	struct store *s = store_dir_open(dir);
	struct all a;

	want(s, "a", STORE_CAUSE_ALERT, 0, 0, 100);
	a = all(s);
	assert_int_equal(store_wish_claim(s, a.w[0].id, 110), 0);
	assert_int_equal(store_wish_claim(s, a.w[0].id, 110), -ENOENT);
	want(s, "a", STORE_CAUSE_ASKED, 0, 0, 120);
	assert_int_equal(all(s).n, 2);
	/* What failed for the moment need not be tried twice. */
	a.w[0].phase = STORE_WISH_PENDING;
	assert_int_equal(store_wish_update(s, &a.w[0], 130), 0);
	a = all(s);
	assert_int_equal(a.n, 1);
	assert_string_equal(a.w[0].cause, "asked");
	assert_int_equal(a.w[0].attempts, 0);
	store_close(s);
}

/* The server waits for the session that it named, whatever else was wanted while that one ran. */
static void a_notification_is_not_lost_by_what_comes_meanwhile(void **state)
{
	struct store *s = store_dir_open(dir);
	struct all a;

	want(s, "a", STORE_CAUSE_NOTIFICATION, STORE_WISH_ASK, 7, 100);
	want(s, "b", STORE_CAUSE_NOTIFICATION, STORE_WISH_ASK, 8, 100);
	want(s, "c", STORE_CAUSE_NOTIFICATION, STORE_WISH_ASK, 9, 100);
	a = all(s);
	for (int i = 0; i < 3; i++)
		assert_int_equal(store_wish_claim(s, a.w[i].id, 110), 0);
	want(s, "a", STORE_CAUSE_ALERT, STORE_WISH_QUIET, 0, 120);
	want(s, "b", STORE_CAUSE_ALERT, STORE_WISH_QUIET, 0, 120);
	want(s, "c", STORE_CAUSE_NOTIFICATION, STORE_WISH_QUIET, 10, 120);
	a.w[0].phase = STORE_WISH_PENDING;
	assert_int_equal(store_wish_update(s, &a.w[0], 130), 0);
	assert_int_equal(store_wish_recover(s, 140), 0);
	a = all(s);
	assert_int_equal(a.n, 3);
	assert_string_equal(a.w[0].server, "a");
	assert_string_equal(a.w[0].cause, "alert");
	assert_int_equal(a.w[0].session_id, 7);
	assert_int_equal(a.w[1].session_id, 8);
	assert_int_equal(a.w[2].session_id, 10);
	store_close(s);
}

/* Rules: PEND-1 */
static void what_ran_when_the_power_went_is_due(void **state)
{
	struct store *s = store_dir_open(dir);
	struct all a;

	want(s, "a", STORE_CAUSE_ALERT, 0, 0, 100);
	want(s, "b", STORE_CAUSE_ALERT, 0, 0, 100);
	a = all(s);
	assert_int_equal(store_wish_claim(s, a.w[0].id, 110), 0);
	assert_int_equal(store_wish_claim(s, a.w[1].id, 110), 0);
	want(s, "b", STORE_CAUSE_ASKED, 0, 0, 120);
	assert_int_equal(store_wish_recover(s, 130), 0);
	a = all(s);
	assert_int_equal(a.n, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(a.w[i].phase, STORE_WISH_PENDING);
		assert_int_equal(a.w[i].next_attempt, 0);
	}
	assert_int_equal(a.w[0].attempts, 1);
	assert_int_equal(a.w[0].first, 110);
	assert_string_equal(a.w[1].cause, "asked");
	store_close(s);
}

/* Rules: PEND-2 */
static void a_session_that_succeeded_settles_it(void **state)
{
	struct store *s = store_dir_open(dir);
	struct all a;

	want(s, "a", STORE_CAUSE_ALERT, 0, 0, 100);
	want(s, "b", STORE_CAUSE_NOTIFICATION, 0, 9, 100);
	want(s, "c", STORE_CAUSE_ALERT, 0, 0, 100);
	a = all(s);
	a.w[2].phase = STORE_WISH_FAILED;
	assert_int_equal(store_wish_update(s, &a.w[2], 100), 0);
	assert_int_equal(store_wish_settle(s, "a", 0), 0);
	assert_int_equal(store_wish_settle(s, "b", 0), 0);
	assert_int_equal(store_wish_settle(s, "c", 0), 0);
	a = all(s);
	assert_int_equal(a.n, 1);
	assert_string_equal(a.w[0].server, "b");
	assert_int_equal(store_wish_settle(s, "b", 8), 0);
	assert_int_equal(all(s).n, 1);
	assert_int_equal(store_wish_settle(s, "b", 9), 0);
	assert_int_equal(all(s).n, 0);
	store_close(s);
}

static void fail_all(struct store *s, int64_t now)
{
	struct all a = all(s);

	for (unsigned int i = 0; i < a.n && i < 8; i++) {
		if (a.w[i].phase == STORE_WISH_FAILED)
			continue;
		a.w[i].phase = STORE_WISH_FAILED;
		strcpy(a.w[i].reason, "no network");
		assert_int_equal(store_wish_update(s, &a.w[i], now), 0);
	}
}

/* Rules: PEND-1 */
static void what_failed_is_seen_for_a_while(void **state)
{
	struct store *s = store_dir_open(dir);
	struct all a;

	want(s, "a", STORE_CAUSE_ALERT, 0, 0, 100);
	fail_all(s, 1000);
	want(s, "b", STORE_CAUSE_ALERT, 0, 0, 100);
	fail_all(s, 1000 + STORE_WISH_KEEP_S);
	a = all(s);
	assert_int_equal(a.n, 2);
	assert_string_equal(a.w[0].reason, "no network");
	want(s, "b", STORE_CAUSE_ASKED, 0, 0, 100);	/* it is forgotten for a new one */
	fail_all(s, 1001 + STORE_WISH_KEEP_S);
	a = all(s);
	assert_int_equal(a.n, 1);
	assert_string_equal(a.w[0].server, "b");
	store_close(s);
}

static void rows_are_bounded(void **state)
{
	struct store *s = store_dir_open(dir);
	struct store_wish w = { .phase = STORE_WISH_FAILED };
	char server[16];

	assert_int_equal(store_begin(s), 0);
	for (int i = 0; i < STORE_WISH_ROWS; i++) {
		snprintf(server, sizeof(server), "s%d", i);
		want(s, server, STORE_CAUSE_ALERT, 0, 0, 100);
	}
	strcpy(w.server, "more");
	assert_int_equal(store_wish_put(s, &w, 100), -ENOSPC);
	strcpy(w.server, "s3");
	assert_int_equal(store_wish_put(s, &w, 100), 0);
	for (w.id = 1; w.id <= 3; w.id++)
		assert_int_equal(store_wish_update(s, &w, 100), 0);
	for (int i = 0; i < 3; i++) {
		snprintf(server, sizeof(server), "t%d", i);
		want(s, server, STORE_CAUSE_ALERT, 0, 0, 100);
	}
	for (w.id = 4; w.id <= STORE_WISH_ROWS + 3; w.id++)
		assert_int_equal(store_wish_update(s, &w, 101), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(all(s).n, STORE_WISH_ROWS);
	assert_string_equal(all(s).w[0].server, "s3");
	w = (struct store_wish){ .ui = STORE_WISH_ASK + 1, .server = "s" };
	assert_int_equal(store_wish_put(s, &w, 1), -EINVAL);
	w = (struct store_wish){ .server = "" };
	assert_int_equal(store_wish_put(s, &w, 1), -EINVAL);
	store_close(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(one_is_kept_over_a_restart),
		T(another_of_the_server_joins_it),
		T(one_that_comes_meanwhile_has_a_session_of_its_own),
		T(a_notification_is_not_lost_by_what_comes_meanwhile),
		T(what_ran_when_the_power_went_is_due),
		T(a_session_that_succeeded_settles_it),
		T(what_failed_is_seen_for_a_while),
		T(rows_are_bounded),
	};

	return cmocka_run_group_tests_name("store wish", tests, NULL, NULL);
}
