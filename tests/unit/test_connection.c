// SPDX-License-Identifier: GPL-2.0-or-later
/* util/connection: what a described connection may hold, edge by edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "util/connection.h"

#define S(s) slice_str(s)
#define L10 "abcdefghij"
#define L60 L10 L10 L10 L10 L10 L10

/* Rules: CONN-2 */
static void access_point_names(void **state)
{
	static const char *const good[] = {
		"a", "internet", "internet.t-mobile.example", "IoT_1.example",
		"4g.mnc001.mcc262.gprs", L60 "abc",
		L60 ".abcdefghijklmnopqrstuvwxyzabcdefghijkl",	/* 99, and one byte more as DNS has it */
	};
	static const char *const bad[] = {
		"", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "a;b", "a/b", "a\nb", "*", "a=b",
		"\xc3\xa4", L60 "abcd", L60 ".abcdefghijklmnopqrstuvwxyzabcdefghijklm",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!connection_apn_ok(S(good[i])))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (connection_apn_ok(S(bad[i])))
			fail_msg("taken: %s", bad[i]);
	assert_false(connection_apn_ok(slice_of("a\0b", 3)));
}

static void addresses_and_interfaces(void **state)
{
	static const char *const no_address[] = {
		"192.0.2.256", "192.0.2", "192.0.2.1/24", "fe80::1%eth0", "[2001:db8::1]", "", " ",
	};
	static const char *const no_name[] = {
		"abcdefghijklmnop", "", ".", "..", "a b", "a/b", "a:1", "a\tb", "\xc3\xa4",
	};

	assert_int_equal(connection_ip(S("192.0.2.1")), 4);
	assert_int_equal(connection_ip(S("2001:db8::1")), 6);
	assert_int_equal(connection_ip(S("::ffff:192.0.2.1")), 6);
	for (size_t i = 0; i < sizeof(no_address) / sizeof(no_address[0]); i++)
		assert_int_equal(connection_ip(S(no_address[i])), 0);
	assert_int_equal(connection_ip(slice_of("192.0.2.1\0x", 11)), 0);
	assert_true(connection_ifname_ok(S("wwan0")));
	assert_true(connection_ifname_ok(S("abcdefghijklmno")));
	for (size_t i = 0; i < sizeof(no_name) / sizeof(no_name[0]); i++)
		assert_false(connection_ifname_ok(S(no_name[i])));
}

static struct connection c;

static void good(void)
{
	c = (struct connection){
		.kind = CONNECTION_APN, .auth = CONNECTION_CHAP, .ndns = 1, .name = "N",
		.bearer = "GSM-GPRS", .apn = "a.b", .user = "\xc3\xa4", .password = "p \\;",
		.ipv4 = "192.0.2.1", .ipv6 = "2001:db8::1", .dns = { "192.0.2.53" },
	};
	assert_null(connection_check(&c));
}

#define BAD(change) do { good(); change; assert_non_null(connection_check(&c)); } while (0)

/* Rules: CONN-2 */
static void values(void **state)
{
	BAD(c.kind = CONNECTION_KINDS);
	BAD(c.auth = CONNECTION_AUTHS);
	BAD(c.ndns = CONNECTION_DNS_MAX + 1);
	BAD(strcpy(c.profile, "x"));
	BAD(c.apn[0] = 0);
	BAD(memset(c.apn, 'a', sizeof(c.apn)));
	BAD(strcpy(c.bearer, "GSM GPRS"));
	BAD(strcpy(c.user, "a\nb"));
	BAD(strcpy(c.password, "\x7f"));
	BAD(strcpy(c.password, "\xff"));
	BAD(strcpy(c.name, "\xe2\x80\xae"));
	BAD(memset(c.password, 'a', sizeof(c.password)));
	BAD(strcpy(c.ipv4, "2001:db8::1"));
	BAD(strcpy(c.ipv6, "192.0.2.1"));
	BAD(strcpy(c.dns[0], "ns.example"));
	BAD(c.dns[0][0] = 0);
	BAD(memset(c.dns[0], '1', sizeof(c.dns[0])));
	good();
	c.ndns = 0;
	strcpy(c.dns[0], "behind the last one nothing is looked at");
	assert_null(connection_check(&c));
}

static void profiles(void **state)
{
	c = (struct connection){ .kind = CONNECTION_PROFILE, .profile = "Office \xc3\xa4" };
	assert_null(connection_check(&c));
	strcpy(c.user, "u");
	assert_non_null(connection_check(&c));
	c = (struct connection){ .kind = CONNECTION_PROFILE };
	assert_non_null(connection_check(&c));
}

static void words(void **state)
{
	assert_string_equal(connection_kind_name(CONNECTION_APN), "apn");
	assert_string_equal(connection_kind_name(CONNECTION_KINDS), "?");
	assert_string_equal(connection_auth_name(CONNECTION_AUTH_ANY), "");
	assert_string_equal(connection_auth_name(CONNECTION_MSCHAPV2), "mschapv2");
	assert_string_equal(connection_auth_name(CONNECTION_AUTHS), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(access_point_names), cmocka_unit_test(addresses_and_interfaces),
		cmocka_unit_test(values), cmocka_unit_test(profiles), cmocka_unit_test(words),
	};

	return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
