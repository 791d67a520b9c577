// SPDX-License-Identifier: GPL-2.0-or-later
/* The store's rows about cards: origins, card state, pairs. */
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
#include "store/firmware.h"
#include "store/wish.h"
#include "util/log.h"

static char dir[STORE_DIR_MAX];

static int setup(void **state)
{
	if (store_dir_name(dir))
		return -1;
	log_init("test_store_card", LOG_LVL_ERR);
	return 0;
}

static int teardown(void **state)
{
	return store_dir_remove(dir);
}

static struct store_origin make_origin(uint8_t tag)
{
	struct store_origin o = { .slot = "virt:demo", .iccid_len = 10, .created = 5 };

	memset(o.iccid, 0x98, 10);
	memset(o.digest, tag, sizeof(o.digest));
	return o;
}

static int count_origin(void *ctx, const struct store_origin *o)
{
	++*(int *)ctx;
	return 0;
}

static void test_origins(void **state)
{
	struct store *s = store_dir_open(dir);
	struct store_origin a = make_origin(1), b = make_origin(2), again = make_origin(1), got;
	struct store_origin none = { .slot = "virt:x" };
	int n = 0;

	assert_int_equal(store_origin_put(s, &a), 0);
	assert_int_equal(store_origin_put(s, &b), 0);
	assert_int_not_equal(a.id, 0);
	assert_int_not_equal(a.id, b.id);
	strcpy(again.slot, "serial:ttyS1");
	assert_int_equal(store_origin_put(s, &again), 0);
	assert_int_equal(again.id, a.id);
	assert_int_equal(store_origin_get(s, a.id, &got), 0);
	assert_string_equal(got.slot, "serial:ttyS1");
	assert_int_equal(got.iccid_len, 10);
	assert_memory_equal(got.iccid, a.iccid, 10);
	assert_memory_equal(got.digest, a.digest, sizeof(a.digest));
	assert_int_equal(store_origin_put(s, &none), 0);
	assert_int_equal(store_origin_get(s, none.id, &got), 0);
	assert_int_equal(got.iccid_len, 0);
	assert_int_equal(store_origin_each(s, count_origin, &n), 0);
	assert_int_equal(n, 3);

	/* The same one with another content; no other is touched. */
	memset(again.digest, 0x77, sizeof(again.digest));
	strcpy(again.slot, "virt:demo");
	assert_int_equal(store_origin_renew(s, &again), 0);
	assert_int_equal(store_origin_get(s, a.id, &got), 0);
	assert_string_equal(got.slot, "virt:demo");
	assert_memory_equal(got.digest, again.digest, sizeof(got.digest));
	assert_memory_equal(got.iccid, a.iccid, 10);
	assert_int_equal(store_origin_get(s, b.id, &got), 0);
	assert_memory_equal(got.digest, b.digest, sizeof(got.digest));
	again.id = 4711;
	assert_int_equal(store_origin_renew(s, &again), -ENOENT);

	/* An id is never used twice: a node that was left behind must not change its card. */
	uint32_t last = none.id;

	assert_int_equal(store_origin_delete(s, last), 0);
	assert_int_equal(store_origin_put(s, &none), 0);
	assert_true(none.id > last);

	a.iccid_len = STORE_ICCID_MAX + 1;
	assert_int_equal(store_origin_put(s, &a), -EINVAL);
	memset(b.slot, 'x', sizeof(b.slot));
	assert_int_equal(store_origin_put(s, &b), -EINVAL);
	assert_int_equal(store_origin_renew(s, &b), -EINVAL);
	store_close(s);
}

static void test_card_state(void **state)
{
	struct store *s = store_dir_open(dir);
	struct store_card c = { .iccid_len = 2, .phase = STORE_CARD_PENDING, .seq = UINT64_MAX,
				.attempts = 3, .next_attempt = 99, .updated = 5 };
	struct store_card got = { .attempts = 42 };
	struct slice iccid = slice_of(c.iccid, 2);

	memcpy(c.iccid, "\x98\x10", 2);
	memset(c.digest, 9, sizeof(c.digest));
	strcpy(c.reason, "server down");
	strcpy(c.boot_id, "1b4e28ba");
	strcpy(c.slot, "virt:demo");
	assert_int_equal(store_card_get(s, iccid, c.digest, "", &got), -ENOENT);
	assert_int_equal(got.attempts, 42);
	assert_int_equal(store_card_put(s, &c), 0);
	assert_int_equal(store_card_get(s, iccid, c.digest, "", &got), 0);
	assert_int_equal(got.phase, STORE_CARD_PENDING);
	assert_true(got.seq == UINT64_MAX);
	assert_int_equal(got.attempts, 3);
	assert_int_equal(got.next_attempt, 99);
	assert_string_equal(got.reason, "server down");
	assert_string_equal(got.boot_id, "1b4e28ba");

	c.phase = STORE_CARD_DONE;
	assert_int_equal(store_card_put(s, &c), 0);
	assert_int_equal(store_card_get(s, iccid, c.digest, "", &got), 0);
	assert_int_equal(got.phase, STORE_CARD_DONE);
	/* Another content of the same card is another wish. */
	c.digest[0] ^= 1;
	assert_int_equal(store_card_get(s, iccid, c.digest, "", &got), -ENOENT);
	c.digest[0] ^= 1;
	assert_int_equal(store_card_delete(s, iccid, c.digest, ""), 0);
	assert_int_equal(store_card_get(s, iccid, c.digest, "", &got), -ENOENT);
	c.phase = STORE_CARD_PHASES;
	assert_int_equal(store_card_put(s, &c), -EINVAL);
	store_close(s);
}

static int count_card(void *ctx, const struct store_card *c)
{
	++*(unsigned int *)ctx;
	return 0;
}

/* What a person said of the content is one thing, what became of each server another. */
static void test_card_state_of_servers(void **state)
{
	struct store *s = store_dir_open(dir);
	struct store_card c = { .iccid_len = 1, .iccid = { 0x98 }, .updated = 5 }, got;
	struct slice iccid = slice_of(c.iccid, 1);
	static const char *const servers[] = { "", "a.example", "b.example" };
	unsigned int n = 0;

	for (int i = 0; i < 3; i++) {
		strcpy(c.server, servers[i]);
		c.phase = (enum store_card_phase)(STORE_CARD_PENDING + i);
		assert_int_equal(store_card_put(s, &c), 0);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(store_card_get(s, iccid, c.digest, servers[i], &got), 0);
		assert_int_equal(got.phase, STORE_CARD_PENDING + i);
		assert_string_equal(got.server, servers[i]);
	}
	assert_int_equal(store_card_delete(s, iccid, c.digest, "a.example"), 0);
	assert_int_equal(store_card_get(s, iccid, c.digest, "a.example", &got), -ENOENT);
	assert_int_equal(store_card_each(s, count_card, &n), 0);
	assert_int_equal(n, 2);
	memset(c.server, 'x', sizeof(c.server));
	assert_int_equal(store_card_put(s, &c), -EINVAL);
	store_close(s);
}

/* A card with other content at each insertion does not fill the disk, nor push out what is in use. */
static void test_card_state_is_bounded(void **state)
{
	struct store *s = store_dir_open(dir);
	struct store_origin o = { .slot = "virt:demo", .iccid_len = 1 };
	struct store_card c = { .iccid_len = 1 }, got;
	unsigned int n = 0;

	assert_int_equal(store_origin_put(s, &o), 0);
	assert_int_equal(store_card_put(s, &c), 0);	/* the oldest of all, and of that origin */
	assert_int_equal(store_begin(s), 0);
	for (unsigned int i = 1; i <= STORE_CARD_ROWS + 3; i++) {
		c.digest[0] = (uint8_t)i;
		c.digest[1] = (uint8_t)(i >> 8);
		c.updated = 100 + i;
		assert_int_equal(store_card_put(s, &c), 0);
	}
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_card_each(s, count_card, &n), 0);
	assert_int_equal(n, 1 + STORE_CARD_ROWS);
	assert_int_equal(store_card_get(s, slice_of(c.iccid, 1), o.digest, "", &got), 0);
	assert_int_equal(store_card_get(s, slice_of(c.iccid, 1), c.digest, "", &got), 0);
	/* The clock was set back: what is written now is not taken for the oldest. */
	c.digest[2] = 1;
	c.updated = 1;
	assert_int_equal(store_card_put(s, &c), 0);
	assert_int_equal(store_card_get(s, slice_of(c.iccid, 1), c.digest, "", &got), 0);
	store_close(s);
}

/* A store of step 1, with every table filled, comes to today's step with all of it. */
static void test_card_state_of_step_1(void **state)
{
	const struct db_schema *now = db_schema;
	const struct db_schema one = { now->steps, 1 };
	struct store *s;
	struct store_card got;
	const uint8_t digest[STORE_DIGEST_LEN] = { 0 };
	unsigned int n = 0;

	db_schema = &one;
	s = store_dir_open(dir);
	assert_int_equal(sqlite3_exec(s->db,
		"INSERT INTO card VALUES (x'98', zeroblob(32), 'refused', 'the user said no',"
		" 'boot', 'virt:demo', 7, 3, 99, 5);"
		"INSERT INTO origin VALUES (4, 'virt:demo', x'98', zeroblob(32), 9);",
		NULL, NULL, NULL), SQLITE_OK);
	store_close(s);
	db_schema = now;
	s = store_dir_open(dir);
	assert_int_equal(store_card_get(s, SLICE_LIT("\x98"), digest, "", &got), 0);
	assert_int_equal(got.phase, STORE_CARD_REFUSED);
	assert_string_equal(got.reason, "the user said no");
	assert_string_equal(got.boot_id, "boot");
	assert_string_equal(got.slot, "virt:demo");
	assert_true(got.seq == 7);
	assert_int_equal(got.attempts, 3);
	assert_int_equal(got.next_attempt, 99);
	assert_int_equal(got.updated, 5);
	assert_int_equal(store_origin_each(s, count_origin, &n), 0);
	assert_int_equal(n, 1);
	store_close(s);
}

static int see_cause(void *ctx, const struct store_session *j)
{
	assert_string_equal(j->server_id, "srv");
	assert_string_equal(j->outcome, "network");
	assert_string_equal(j->cause, "");
	assert_int_equal(j->messages, 3);
	++*(unsigned int *)ctx;
	return 0;
}

/* The journal of step 2 is kept, and what step 3 knows besides can be written. */
static void test_journal_of_step_2(void **state)
{
	const struct db_schema *now = db_schema;
	const struct db_schema two = { now->steps, 2 };
	struct store_wish w = { .server = "srv", .cause = STORE_CAUSE_ASKED };
	unsigned int n = 0;
	struct store *s;

	db_schema = &two;
	s = store_dir_open(dir);
	assert_int_equal(sqlite3_exec(s->db,
		"INSERT INTO session VALUES (9, 'srv', 5, 6, 'network', 'no answer', 3, 0);"
		"INSERT INTO note VALUES (9, 0, 'Get', './A', 200);", NULL, NULL, NULL), SQLITE_OK);
	store_close(s);
	db_schema = now;
	s = store_dir_open(dir);
	assert_int_equal(store_session_each(s, 0, see_cause, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(store_wish_put(s, &w, 7), 0);
	store_close(s);
}

static void test_pairs(void **state)
{
	struct store *s = store_dir_open(dir);
	struct slice iccid = SLICE_LIT("\x98\x10");
	bool known = true;

	assert_int_equal(store_pair_known(s, "IMEI:1", iccid, "srv", &known), 0);
	assert_false(known);
	assert_int_equal(store_pair_put(s, "IMEI:1", iccid, "srv", 1), 0);
	assert_int_equal(store_pair_known(s, "IMEI:1", iccid, "srv", &known), 0);
	assert_true(known);
	assert_int_equal(store_pair_known(s, "IMEI:2", iccid, "srv", &known), 0);
	assert_false(known);
	assert_int_equal(store_pair_known(s, "IMEI:1", iccid, "other", &known), 0);
	assert_false(known);
	store_close(s);
}

static int count_wish(void *ctx, const struct store_wish *w)
{
	++*(int *)ctx;
	return 0;
}

static int count_alert(void *ctx, const struct store_alert *a)
{
	++*(int *)ctx;
	return 0;
}

static int count_firmware(void *ctx, const struct store_firmware *f)
{
	++*(int *)ctx;
	return 0;
}

static int look_session(void *ctx, const struct store_session *j)
{
	assert_string_equal(j->server_id, "s");
	assert_string_equal(j->cause, "");
	++*(int *)ctx;
	return 0;
}

/* Who only reads comes before the first that writes: what is not there yet is empty. */
static void test_step_2_is_read(void **state)
{
	const struct db_schema *now = db_schema;
	const struct db_schema two = { now->steps, 2 };
	struct store_firmware f;
	int n = 0, sessions = 0;
	struct store *s;

	db_schema = &two;
	s = store_dir_open(dir);
	assert_int_equal(sqlite3_exec(s->db, "INSERT INTO session (server, started, ended, outcome, reason,"
				      " messages, notes) VALUES ('s', 1, 2, 'ok', '', 3, 4)", NULL, NULL,
				      NULL), SQLITE_OK);
	store_close(s);
	db_schema = now;
	assert_int_equal(store_open(dir, STORE_READ, 0, &s), 0);
	assert_int_equal(store_wish_each(s, count_wish, &n), 0);
	assert_int_equal(store_alert_each(s, NULL, count_alert, &n), 0);
	assert_int_equal(store_firmware_each(s, count_firmware, &n), 0);
	assert_int_equal(store_firmware_get(s, "./FUMO/dmsc", &f), -ENOENT);
	assert_int_equal(store_session_each(s, 0, look_session, &sessions), 0);
	assert_int_equal(n, 0);
	assert_int_equal(sessions, 1);
	store_close(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_origins),
		T(test_card_state),
		T(test_card_state_of_servers),
		T(test_card_state_is_bounded),
		T(test_card_state_of_step_1),
		T(test_journal_of_step_2),
		T(test_step_2_is_read),
		T(test_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
