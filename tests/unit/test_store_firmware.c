// SPDX-License-Identifier: GPL-2.0-or-later
/* store/firmware: one row for each firmware update object, kept whole or not at all. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "store_dir.h"
#include "store/firmware.h"

static char dir[STORE_DIR_MAX];

static int setup(void **state)
{
	return store_dir_name(dir);
}

static int teardown(void **state)
{
	return store_dir_remove(dir);
}

static struct store_firmware full(void)
{
	return (struct store_firmware){
		.uri = "./FUMO/dmsc", .server = "srv", .op = STORE_FIRMWARE_OP_DOWNLOAD_UPDATE,
		.url = "https://h/x", .correlator = "c1", .phase = STORE_FIRMWARE_REBOOT,
		.path = "0123", .size = 1ull << 40, .result = 599, .reason = "why", .boot_id = "b",
		.attempts = 3, .first = 4, .spent = 5, .next_attempt = 6, .created = 7, .updated = 8,
	};
}

static void round_trip(void **state)
{
	struct store_firmware f = full(), g;
	struct store *s = store_dir_open(dir);

	assert_int_equal(store_firmware_get(s, f.uri, &g), -ENOENT);
	for (int phase = 0; phase < STORE_FIRMWARE_PHASES; phase++) {
		f.phase = phase;
		f.op = phase % STORE_FIRMWARE_OPS;
		assert_int_equal(store_firmware_put(s, &f), 0);
		store_close(s);
		s = store_dir_open(dir);
		assert_int_equal(store_firmware_get(s, f.uri, &g), 0);
		assert_memory_equal(&f, &g, sizeof(f));
		assert_int_equal(store_firmware_open(f.phase), phase <= STORE_FIRMWARE_REBOOT);
	}
	store_close(s);
}

static void refused(void **state)
{
	struct store *s = store_dir_open(dir);
	struct store_firmware f, g;

	f = full(), f.uri[0] = 0;
	assert_int_equal(store_firmware_put(s, &f), -EINVAL);
	f = full(), f.server[0] = 0;
	assert_int_equal(store_firmware_put(s, &f), -EINVAL);
	f = full(), memset(f.url, 'a', sizeof(f.url));
	assert_int_equal(store_firmware_put(s, &f), -EINVAL);
	f = full(), f.phase = STORE_FIRMWARE_PHASES;
	assert_int_equal(store_firmware_put(s, &f), -EINVAL);
	f = full(), f.op = STORE_FIRMWARE_OPS;
	assert_int_equal(store_firmware_put(s, &f), -EINVAL);
	f = full(), f.size = UINT64_MAX;
	assert_int_equal(store_firmware_put(s, &f), -EINVAL);
	f = full(), f.result = 1000;
	assert_int_equal(store_firmware_put(s, &f), -EINVAL);
	assert_int_equal(store_firmware_get(s, full().uri, &g), -ENOENT);
	store_close(s);
}

static int count(void *ctx, const struct store_firmware *f)
{
	++*(int *)ctx;
	return f->uri[0] == 'b' ? 7 : 0;
}

static void each(void **state)
{
	struct store *s = store_dir_open(dir);
	struct store_firmware f = full();
	int n = 0;

	for (char c = 'a'; c < 'd'; c++) {
		snprintf(f.uri, sizeof(f.uri), "%c", c);
		assert_int_equal(store_firmware_put(s, &f), 0);
		assert_int_equal(store_firmware_put(s, &f), 0);
	}
	assert_int_equal(store_firmware_each(s, count, &n), 7);
	assert_int_equal(n, 2);
	/* What was begun together is taken back together. */
	assert_int_equal(store_begin(s), 0);
	strcpy(f.uri, "z");
	assert_int_equal(store_firmware_put(s, &f), 0);
	store_rollback(s);
	assert_int_equal(store_firmware_get(s, "z", &f), -ENOENT);
	store_close(s);
}

/* What no commit of ours wrote. */
static void damaged(void **state)
{
	static const char *const bad[] = { "op = 'x'", "phase = 'x'", "size = -1", "result = 1000" };
	struct store_firmware f = full(), g;
	char path[100], sql[100];
	struct store *s;
	sqlite3 *db;

	for (size_t i = 0; i < 4; i++) {
		s = store_dir_open(dir);
		assert_int_equal(store_firmware_put(s, &f), 0);
		store_close(s);
		snprintf(path, sizeof(path), "%s/store.db", dir);
		snprintf(sql, sizeof(sql), "UPDATE firmware SET %s", bad[i]);
		assert_int_equal(sqlite3_open(path, &db), 0);
		assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), 0);
		sqlite3_close(db);
		s = store_dir_open(dir);
		assert_int_equal(store_firmware_get(s, f.uri, &g), -EBADMSG);
		store_close(s);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { T(round_trip), T(refused), T(each), T(damaged) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
