// SPDX-License-Identifier: GPL-2.0-or-later
/* kernel/ef: the path grammar, the allow-list, and reading from a directory that looks like sysfs. */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "kernel/ef.h"

#define AID "a000000063504b43532d3135"

static void grammar(void **state)
{
	static const char *const good[] = {
		"3f00.2fe2", "3f00.7f50.5031", AID ".5031", "a000000001.6f07",
		"3f00.7f10.5f3a.4f30", "3f00.0001.0002.0003.0004.0005",
		"a0000000871002ffffffff8907090000.6f07",
	};
	static const char *const bad[] = {
		"", "3f00", "3f00.", ".2fe2", "3f00..2fe2", "3f00.2fe", "3f00.2fe22", "3F00.2FE2",
		"7f10.6f07", "3f00/2fe2", "3f00.2fe2/../..", "../../etc/passwd", "3f00.2fe2\n",
		"a00000000.6f07", "a0000000.6f07", "a0000000871002ffffffff890709000011.6f07",
		"3f00.2fe2.", "3f00.0001.0002.0003.0004.0005.0006", "3f00.2g00", "3f00. 2fe",
		"3f00.2fe2.3f00.2fe2.3f00.2fe2.3f00.2fe2.3f00.2fe2.3f00.2fe2.3f00.2fe2.3f00.2fe2.3f00",
	};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!ef_path_valid(good[i]))
			fail_msg("refused: %s", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ef_path_valid(bad[i]) || ef_path_allowed(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

static void allow_list(void **state)
{
	static const char *const yes[] = {
		"3f00.2f00", "3f00.2fe2", AID ".5031", AID ".5020.6431", "3f00.7f50.5031",
		"3f00.5015.6430",
	};
	static const char *const no[] = {
		"3f00.2f05", "3f00.7f20.6f07", "3f00.7f50", "3f00.6431",
		"a0000000871002ff49ff0589.6f07",	/* EF(IMSI) of a USIM */
		"a000000063504b43532d3136.5031",
		"a000000063504b43532d313501.5031",	/* a longer AID is another application */
		"3f00.7f5.5031",
	};
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!ef_path_allowed(yes[i]))
			fail_msg("refused: %s", yes[i]);
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (ef_path_allowed(no[i]))
			fail_msg("allowed: %s", no[i]);
}

static void device_names(void **state)
{
	char out[32];

	assert_int_equal(ef_slot_name("uicc0.card", out, sizeof(out)), 0);
	assert_string_equal(out, "uicc0");
	assert_int_equal(ef_slot_name("uicc12", out, sizeof(out)), 0);
	assert_string_equal(out, "uicc12");
	assert_int_equal(ef_slot_name("uicc", out, sizeof(out)), -EINVAL);
	assert_int_equal(ef_slot_name("uicc0.reader", out, sizeof(out)), -EINVAL);
	assert_int_equal(ef_slot_name("uicc0/../x", out, sizeof(out)), -EINVAL);
	assert_int_equal(ef_slot_name("../uicc0.card", out, sizeof(out)), -EINVAL);
	assert_int_equal(ef_slot_name("uiccx.card", out, sizeof(out)), -EINVAL);
	assert_int_equal(ef_slot_name("uicc0.card", out, 4), -EINVAL);
}

/* --- a directory that looks like sysfs ----------------------------------- */

static char root[32];

static void make_dir(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	strcpy(root, "/tmp/efpath-XXXXXX");
	assert_non_null(mkdtemp(root));
	make_dir("uicc0");
	put("uicc0/transport", "virt\n");
	put("uicc0/location", "demo\n");
	put("uicc0/state", "ready\n");
	put("uicc0/seq", "7\n");
	make_dir("uicc0.card");
	put("uicc0.card/seq", "7\n");
	put("uicc0.card/export", "");
	make_dir("uicc0.card/ef-3f00.2fe2");
	put("uicc0.card/ef-3f00.2fe2/data", "0123456789");
	return 0;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	return nftw(root, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static void slots(void **state)
{
	char names[4][32];
	struct ef_slot s;

	make_dir("uicc3");
	assert_int_equal(ef_slot_list(root, names, 4), 2);
	assert_string_equal(names[0], "uicc0");
	assert_string_equal(names[1], "uicc3");
	assert_int_equal(ef_slot_read(root, "uicc0", &s), 0);
	assert_string_equal(s.transport, "virt");
	assert_string_equal(s.location, "demo");
	assert_int_equal(s.state, EF_SLOT_READY);
	assert_int_equal(s.seq, 7);
	assert_int_equal(ef_slot_read(root, "uicc3", &s), -ENODEV);
	put("uicc0/state", "odd\n");
	assert_int_equal(ef_slot_read(root, "uicc0", &s), -EPROTO);
	assert_int_equal(ef_slot_list("/nonexistent", names, 4), -ENOENT);
}

/* Its count begins anew, but it is not taken for what it was before it went. */
static void slot_that_comes_back(void **state)
{
	struct ef_slot before, after;

	assert_int_equal(ef_slot_read(root, "uicc0", &before), 0);
	put("uicc0/seq", "8\n");
	assert_int_equal(ef_slot_read(root, "uicc0", &after), 0);
	assert_true(after.insertion == before.insertion + 1);
	put("uicc0/seq", "7\n");
	make_dir("uicc1");
	put("uicc1/transport", "virt\n");
	put("uicc1/location", "demo\n");
	put("uicc1/state", "ready\n");
	put("uicc1/seq", "7\n");
	assert_int_equal(ef_slot_read(root, "uicc1", &after), 0);
	assert_true(after.seq == before.seq && after.insertion != before.insertion);
}

static void reading(void **state)
{
	uint8_t b[16];

	assert_int_equal(ef_read(root, "uicc0.card", 7, "3f00.2fe2", 0, b, 10), 10);
	assert_memory_equal(b, "0123456789", 10);
	assert_int_equal(ef_read(root, "uicc0.card", 7, "3f00.2fe2", 8, b, 10), 2);
	assert_memory_equal(b, "89", 2);
	assert_int_equal(ef_read(root, "uicc0.card", 7, "3f00.2fe2", 10, b, 10), 0);
	assert_int_equal(ef_read(root, "uicc0.card", 7, "../uicc0/seq", 0, b, 10), -EINVAL);
	/* not this insertion's card */
	assert_int_equal(ef_read(root, "uicc0.card", 8, "3f00.2fe2", 0, b, 10), -ENODEV);
	assert_int_equal(ef_read(root, "uicc1.card", 7, "3f00.2fe2", 0, b, 10), -ENODEV);
}

static void exports_what_has_no_group(void **state)
{
	char text[32];
	uint8_t b[4];

	/* no kernel makes the group here, so the card counts as gone; but it was asked to */
	assert_int_equal(ef_read(root, "uicc0.card", 7, "3f00.7f50.5031", 0, b, 4), -ENODEV);
	assert_int_equal(ef_attr_read(root, "uicc0.card", "export", text, sizeof(text)), 0);
	assert_string_equal(text, "3f00.7f50.5031");
}

static void access_words(void **state)
{
	static const char *const bad[] = {
		"", "pin", "pin ", "pin 1", "pin 001", "pin 00", "pin g1", "pin 01 ", "pin 01 or",
		"pin 01 or ", "pin 01 xor 02", "pin 01 or 02 and 03", "pin 01 and 02 or 03",
		"pin 01  or 02", "pin 01\n", "Always", "always ", "sometimes",
		"pin 01 or 02 or 03 or 04 or 05 or 06 or 07 or 08 or 81",
	};
	struct ef_access a;

	assert_int_equal(ef_access_parse("always", &a), 0);
	assert_int_equal(a.kind, EF_ALWAYS);
	assert_int_equal(ef_access_parse("never", &a), 0);
	assert_int_equal(a.kind, EF_NEVER);
	assert_int_equal(ef_access_parse("unknown", &a), 0);
	assert_int_equal(a.kind, EF_UNKNOWN);
	assert_int_equal(ef_access_parse("pin 01 or 0a or 8e", &a), 0);
	assert_int_equal(a.kind, EF_PINS);
	assert_false(a.all);
	assert_int_equal(a.n, 3);
	assert_int_equal(a.ref[1], 0x0a);
	assert_int_equal(a.ref[2], 0x8e);
	assert_int_equal(ef_access_parse("pin 01 and 81", &a), 0);
	assert_true(a.all && a.n == 2);
	assert_int_equal(ef_access_parse("pin 01 or 02 or 03 or 04 or 05 or 06 or 07 or 08", &a), 0);
	assert_int_equal(a.n, EF_PINS_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (ef_access_parse(bad[i], &a) != -EPROTO)
			fail_msg("taken: '%s'", bad[i]);
		assert_true(a.kind == EF_UNKNOWN && !a.n);
	}
}

static void access_of_a_file(void **state)
{
	struct ef_access a;

	put("uicc0.card/ef-3f00.2fe2/read_access", "pin 11\n");
	assert_int_equal(ef_read_access(root, "uicc0.card", 7, "3f00.2fe2", &a), 0);
	assert_true(a.kind == EF_PINS && a.n == 1 && a.ref[0] == 0x11);
	assert_int_equal(ef_read_access(root, "uicc0.card", 8, "3f00.2fe2", &a), -ENODEV);
	assert_int_equal(ef_read_access(root, "uicc0.card", 7, "3f00.2f00", &a), -ENODEV);
	assert_int_equal(ef_read_access(root, "uicc0.card", 7, "../uicc0.card", &a), -EINVAL);
	put("uicc0.card/ef-3f00.2fe2/read_access", "ask your doctor\n");
	assert_int_equal(ef_read_access(root, "uicc0.card", 7, "3f00.2fe2", &a), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grammar),
		cmocka_unit_test(allow_list),
		cmocka_unit_test(device_names),
		cmocka_unit_test_setup_teardown(slots, setup, teardown),
		cmocka_unit_test_setup_teardown(slot_that_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(reading, setup, teardown),
		cmocka_unit_test_setup_teardown(exports_what_has_no_group, setup, teardown),
		cmocka_unit_test(access_words),
		cmocka_unit_test_setup_teardown(access_of_a_file, setup, teardown),
	};

	return cmocka_run_group_tests_name("efpath", tests, NULL, NULL);
}
