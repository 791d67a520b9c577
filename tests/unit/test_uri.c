// SPDX-License-Identifier: GPL-2.0-or-later
/* LocURIs: parts, forms that are none, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm/uri.h"

static enum dm_status parse(const char *s, const struct dm_uri_limits *l, struct dm_uri *u)
{
	return dm_uri_parse(slice_str(s), l, u);
}

/* Rules: NODE-17 NODE-18 NODE-19 */
static void test_parts(void **state)
{
	struct dm_uri u;

	assert_int_equal(parse("./A/B/C", NULL, &u), 0);
	assert_true(slice_eq_str(u.path, "A/B/C") && slice_eq_str(u.parent, "A/B"));
	assert_true(slice_eq_str(u.name, "C") && u.depth == 3 && u.query == DM_URI_NODE);
	assert_int_equal(parse("A", NULL, &u), 0);
	assert_true(slice_eq_str(u.path, "A") && u.parent.n == 0 && u.depth == 1);
	assert_int_equal(parse(".", NULL, &u), 0);
	assert_true(u.depth == 0 && u.path.n == 0);
	assert_int_equal(parse(".?prop=ACL", NULL, &u), 0);
	assert_true(u.depth == 0 && u.query == DM_URI_PROP && slice_eq_str(u.arg, "ACL"));
	assert_int_equal(parse("./A?list=TNDS+Value", NULL, &u), 0);
	assert_true(u.query == DM_URI_LIST && slice_eq_str(u.arg, "TNDS+Value"));
	assert_int_equal(parse("./\xc3\xa4", NULL, &u), 0);
}

/* Rules: NODE-20 NODE-21 NODE-22 NODE-23 NODE-24 */
static void test_bad(void **state)
{
	static const char *const bad[] = {
	    "",	      "/",     "/A",	   "./",     "A/",    "A//B",	   "../A",
	    "A/../B", "A/./B", "./../A",   "A?x=1",  "A?",    "?prop=ACL", "A\x01",
	    "A/\x7f", "\xff",  "\xc0\x80", "A?prop", "././A",
	    "A/\xef\xbf\xbe", "\xef\xbf\xbf",
	};
	struct dm_uri u;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i], NULL, &u) != DM_ST_BAD_REQUEST)
			fail_msg("'%s' was taken", bad[i]);
}

/* Rules: NODE-25 NODE-26 NODE-27 NODE-28 STATUS-414 */
static void test_limits(void **state)
{
	const struct dm_uri_limits l = { .max_depth = 2, .max_total = 12, .max_segment = 4 };
	struct dm_uri u;
	char big[10 * DM_URI_MAX];

	assert_int_equal(parse("./abcd/efgh", &l, &u), 0);
	assert_int_equal(parse("./a/b/c", &l, &u), DM_ST_URI_TOO_LONG);
	assert_int_equal(parse("./abcde", &l, &u), DM_ST_URI_TOO_LONG);
	/* Characters count, not the bytes of UTF-8. */
	assert_int_equal(parse("./\xc3\xa4" "bcd/\xe2\x82\xac" "fgh", &l, &u), 0);
	assert_int_equal(parse("./\xc3\xa4" "bcde", &l, &u), DM_ST_URI_TOO_LONG);
	assert_int_equal(parse("./\xc3\xa4" "bcd/\xe2\x82\xac" "fgh?", &l, &u), DM_ST_BAD_REQUEST);
	assert_int_equal(parse("./abcd/efgh", &(struct dm_uri_limits){ 0 }, &u), 0);
	assert_int_equal(parse("./abcd/efgh?p", &l, &u), DM_ST_URI_TOO_LONG);
	memset(big, 'a', sizeof(big));
	assert_int_equal(dm_uri_parse(slice_of(big, sizeof(big)), NULL, &u), DM_ST_URI_TOO_LONG);
	for (size_t i = 1; i < sizeof(big); i += 2)
		big[i] = '/';
	assert_int_equal(dm_uri_parse(slice_of(big, 2 * DM_URI_MAX_DEPTH - 1), NULL, &u), 0);
	assert_int_equal(dm_uri_parse(slice_of(big, 2 * DM_URI_MAX_DEPTH + 1), NULL, &u),
			 DM_ST_URI_TOO_LONG);
	assert_int_equal(dm_uri_parse(slice_of(big, 20000), NULL, &u), DM_ST_URI_TOO_LONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parts),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
