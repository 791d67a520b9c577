// SPDX-License-Identifier: GPL-2.0-or-later
/* The store's rows about Generic Alerts and about notifications. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_dir.h"
#include "store/alert.h"
#include "store/db.h"
#include "store/notified.h"
#include "util/log.h"

#define NOW 1800000000

static char dir[STORE_DIR_MAX];

static int setup(void **state)
{
	if (store_dir_name(dir))
		return -1;
	log_init("test_store_alert", LOG_LVL_ERR);
	return 0;
}

static int teardown(void **state)
{
	return store_dir_remove(dir);
}

static struct store_alert make(const char *server, const char *data, const char *correlator)
{
	struct store_alert a = { .code = 1226, .source = "./X", .format = "chr", .mark = "minor",
				 .type = "Content-Type: text/plain" };

	strcpy(a.server, server);
	strcpy(a.correlator, correlator);
	a.data = slice_str(data);
	return a;
}

struct seen {
	char text[4096];	/* "server:data:correlator:tries " for each */
	int64_t last;
	size_t n;
};

static int see(void *ctx, const struct store_alert *a)
{
	struct seen *x = ctx;
	size_t len = strlen(x->text);

	assert_int_equal(a->code, 1226);
	assert_string_equal(a->source, "./X");
	assert_string_equal(a->type, "Content-Type: text/plain");
	assert_string_equal(a->format, "chr");
	assert_string_equal(a->mark, "minor");
	assert_int_equal(a->created, NOW);
	assert_true(a->id > x->last);
	x->last = a->id;
	x->n++;
	snprintf(x->text + len, sizeof(x->text) - len, "%s:%.*s:%s:%u ", a->server, (int)a->data.n,
		 (const char *)a->data.p, a->correlator, a->tries);
	return 0;
}

static void waits(struct store *s, const char *server, const char *expected)
{
	struct seen x = { .last = 0 };

	assert_int_equal(store_alert_each(s, server, see, &x), 0);
	assert_string_equal(x.text, expected);
}

static void put(struct store *s, const char *server, const char *data, const char *correlator)
{
	const struct store_alert a = make(server, data, correlator);

	assert_int_equal(store_alert_put(s, &a, NOW), 0);
}

static void test_alerts_wait_for_their_server(void **state)
{
	struct store *s = store_dir_open(dir);
	struct seen x = { .last = 0 };

	put(s, "a", "1", "");
	put(s, "", "2", "");
	put(s, "b", "3", "c-1");
	put(s, "b", "", "");
	waits(s, "a", "a:1::0 :2::0 ");
	waits(s, "b", ":2::0 b:3:c-1:0 b:::0 ");
	waits(s, "c", ":2::0 ");
	assert_int_equal(store_alert_each(s, NULL, see, &x), 0);
	assert_int_equal(x.n, 4);
	/* The same again is the same one. */
	put(s, "b", "3", "c-1");
	put(s, "b", "3", "c-2");
	waits(s, "b", ":2::0 b:3:c-1:0 b:::0 b:3:c-2:0 ");
	store_close(s);
	/* And all of it is there the next time. */
	s = store_dir_open(dir);
	waits(s, "a", "a:1::0 :2::0 ");
	store_close(s);
}

static int first_id(void *ctx, const struct store_alert *a)
{
	*(int64_t *)ctx = a->id;
	return 7;
}

static void test_alerts_go(void **state)
{
	struct store *s = store_dir_open(dir);
	int64_t id = 0;

	put(s, "a", "1", "");
	put(s, "a", "2", "");
	assert_int_equal(store_alert_each(s, "a", first_id, &id), 7);
	assert_int_equal(store_alert_tried(s, id), 0);
	assert_int_equal(store_alert_tried(s, id), 0);
	waits(s, "a", "a:1::2 a:2::0 ");
	assert_int_equal(store_alert_delete(s, id), 0);
	assert_int_equal(store_alert_delete(s, id), 0);
	assert_int_equal(store_alert_tried(s, id), 0);
	waits(s, "a", "a:2::0 ");
	store_close(s);
}

static void test_alerts_are_bounded(void **state)
{
	static char large[STORE_ALERT_DATA_MAX + 2];
	struct store *s = store_dir_open(dir);
	struct store_alert a = make("", "", "");
	char data[16];

	memset(large, 'x', sizeof(large) - 1);
	a.data = slice_str(large);
	assert_int_equal(store_alert_put(s, &a, NOW), -EINVAL);
	a.data.n--;
	assert_int_equal(store_alert_put(s, &a, NOW), 0);
	a.type[0] = 0;
	assert_int_equal(store_alert_put(s, &a, NOW), -EINVAL);
	for (int i = 1; i < STORE_ALERTS_MAX; i++) {
		snprintf(data, sizeof(data), "%d", i);
		put(s, "", data, "");
	}
	log_init("test_store_alert", 0);	/* it says so */
	a = make("", "one more", "");
	assert_int_equal(store_alert_put(s, &a, NOW), -ENOSPC);
	put(s, "", "1", "");	/* waits already */
	store_close(s);
}

/* Rules: ALERT-17 */
static void test_the_end_of_an_exec_goes_to_its_server(void **state)
{
	struct store *s = store_dir_open(dir);
	char correlator[16];

	assert_int_equal(store_alert_expect(s, "a", "one", NOW), 0);
	assert_int_equal(store_alert_expect(s, "b", "two", NOW), 0);
	assert_int_equal(store_alert_expect(s, "b", "", NOW), -EINVAL);
	assert_int_equal(store_alert_expect(s, "", "x", NOW), -EINVAL);
	waits(s, "a", "");	/* nobody is told of these themselves */
	put(s, "", "1", "two");
	put(s, "", "2", "one");
	put(s, "", "3", "other");
	put(s, "c", "4", "one");
	waits(s, "a", "a:2:one:0 :3:other:0 ");
	waits(s, "b", "b:1:two:0 :3:other:0 ");
	waits(s, "c", ":3:other:0 c:4:one:0 ");
	/* The one begun last has the word. */
	assert_int_equal(store_alert_expect(s, "c", "two", NOW), 0);
	put(s, "", "5", "two");
	waits(s, "c", ":3:other:0 c:4:one:0 c:5:two:0 ");
	for (int i = 0; i < STORE_ALERTS_EXPECTED; i++) {
		snprintf(correlator, sizeof(correlator), "n%d", i);
		assert_int_equal(store_alert_expect(s, "d", correlator, NOW), 0);
	}
	put(s, "", "6", "one");		/* that is long ago */
	put(s, "", "7", "n0");
	waits(s, "d", ":3:other:0 :6:one:0 d:7:n0:0 ");
	store_close(s);
}

/* --- notifications --- */

static enum store_notified take(struct store *s, const char *server, uint16_t id, uint8_t digest,
				int64_t now)
{
	enum store_notified r = STORE_NOTIFIED_TOO_MANY;
	uint8_t d[STORE_NOTIFIED_DIGEST];

	memset(d, digest, sizeof(d));
	d[0] = id >> 8;
	assert_int_equal(store_notified_take(s, server, id, d, now, &r), 0);
	return r;
}

/* Rules: NOTI-8 */
static void test_a_notification_is_taken_once(void **state)
{
	struct store *s = store_dir_open(dir);

	assert_int_equal(take(s, "a", 1, 1, NOW), STORE_NOTIFIED_NEW);
	assert_int_equal(take(s, "a", 1, 1, NOW), STORE_NOTIFIED_AGAIN);
	assert_int_equal(take(s, "a", 1, 2, NOW), STORE_NOTIFIED_AGAIN);
	assert_int_equal(take(s, "a", 2, 1, NOW), STORE_NOTIFIED_AGAIN);
	assert_int_equal(take(s, "b", 1, 1, NOW), STORE_NOTIFIED_NEW);
	store_close(s);
	s = store_dir_open(dir);
	assert_int_equal(take(s, "a", 1, 3, NOW + 100000), STORE_NOTIFIED_AGAIN);
	/* A server has no more than 65535 of them; a message as such is never taken again. */
	assert_int_equal(take(s, "a", 1, 1, NOW + STORE_NOTIFIED_ID_S), STORE_NOTIFIED_AGAIN);
	assert_int_equal(take(s, "a", 1, 3, NOW + STORE_NOTIFIED_ID_S), STORE_NOTIFIED_NEW);
	store_close(s);
}

static void test_not_too_many_an_hour(void **state)
{
	struct store *s = store_dir_open(dir);

	for (uint16_t i = 1; i <= STORE_NOTIFIED_PER_HOUR; i++)
		assert_int_equal(take(s, "a", i, (uint8_t)i, NOW + i), STORE_NOTIFIED_NEW);
	assert_int_equal(take(s, "a", 100, 100, NOW + 3000), STORE_NOTIFIED_TOO_MANY);
	assert_int_equal(take(s, "b", 100, 100, NOW + 3000), STORE_NOTIFIED_NEW);
	/* It was not noted: later it may come. */
	assert_int_equal(take(s, "a", 100, 100, NOW + 3601), STORE_NOTIFIED_NEW);
	/* A clock that jumped back is no reason to refuse for years. */
	assert_int_equal(take(s, "a", 101, 101, 5), STORE_NOTIFIED_NEW);
	store_close(s);
}

static void test_notifications_are_forgotten_in_order(void **state)
{
	struct store *s = store_dir_open(dir);
	uint16_t i;

	for (i = 1; i <= STORE_NOTIFIED_ROWS; i++)
		assert_int_equal(take(s, "a", i, (uint8_t)i, NOW + i * 1000), STORE_NOTIFIED_NEW);
	assert_int_equal(take(s, "a", 1, 1, NOW + i * 1000), STORE_NOTIFIED_AGAIN);
	assert_int_equal(take(s, "a", i, (uint8_t)i, NOW + i * 1000), STORE_NOTIFIED_NEW);
	assert_int_equal(take(s, "a", 2, 2, NOW + i * 1000), STORE_NOTIFIED_AGAIN);
	assert_int_equal(take(s, "a", 1, 1, NOW + i * 1000), STORE_NOTIFIED_NEW);
	/* One that came with a wrong clock stays, too, when it is the last. */
	assert_int_equal(take(s, "a", 500, 200, 1), STORE_NOTIFIED_NEW);
	assert_int_equal(take(s, "a", 500, 200, 1), STORE_NOTIFIED_AGAIN);
	store_close(s);
}

static void test_what_cannot_be_one(void **state)
{
	uint8_t d[STORE_NOTIFIED_DIGEST] = { 0 };
	enum store_notified r;
	struct store *s = store_dir_open(dir);

	assert_int_equal(store_notified_take(s, "", 1, d, NOW, &r), -EINVAL);
	assert_int_equal(store_notified_take(s, "a", 0, d, NOW, &r), -EINVAL);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_alerts_wait_for_their_server, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alerts_go, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alerts_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_end_of_an_exec_goes_to_its_server, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_notification_is_taken_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_too_many_an_hour, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notifications_are_forgotten_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_one, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
