// SPDX-License-Identifier: GPL-2.0-or-later
/* mo/connection: what references of an account lead to, and those that lead to nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"
#include "mo/connection.h"

#define S(s) slice_str(s)
#define ACC "./DMAcc/a"

static struct far_end f;
static struct mo_link link_;
static char said[2048];

static int setup(void **state)
{
	far_init(&f);
	far_node(&f, ACC "/ServerID", "srv", NULL);
	return 0;
}

static int teardown(void **state)
{
	far_fini(&f);
	return 0;
}

static void set(const char *uri, const char *value)
{
	struct dm_node *n = far_find(&f, uri);

	if (n)
		assert_int_equal(dm_tree_delete(f.tree, n), 0);
	if (value)
		far_node(&f, uri, value, NULL);
}

static void say(void *ctx, const char *line)
{
	size_t n = strlen(said);

	snprintf(said + n, sizeof(said) - n, "%s\n", line);
}

static int read_link(unsigned int turn)
{
	said[0] = 0;
	memset(&link_, 0xee, sizeof(link_));
	return mo_link_read(f.tree, S("srv"), turn, &link_, say, NULL);
}

/* Of one reference: nothing, and why. */
static void refused(const char *why)
{
	assert_int_equal(read_link(0), -ENOENT);
	if (!strstr(said, why))
		fail_msg("'%s' is not in: %s", why, said);
}

static void nap(const char *x, const char *apn)
{
	char uri[64];

	snprintf(uri, sizeof(uri), "./NAP/%s/Addr", x);
	set(uri, apn);
}

/* Rules: CONN-1 CONN-2 */
static void every_value_of_an_access_point(void **state)
{
	set(ACC "/PrefConRef", "./NAP/1");
	set("./NAP/1/NapId", "id");
	set("./NAP/1/Name", "Operator \xc3\xa4");
	set("./NAP/1/AddrType", "APN");
	set("./NAP/1/Addr", " internet.example ");
	set("./NAP/1/BearerType", "GSM-GPRS");
	set("./NAP/1/IPv4/LocalAddr", "192.0.2.7");
	set("./NAP/1/IPv4/DNS/1/DNSAddr", "192.0.2.53");
	set("./NAP/1/IPv4/DNS/2/DNSAddr", "192.0.2.54");
	set("./NAP/1/IPv6/LocalAddr", "2001:db8::7");
	set("./NAP/1/IPv6/DNS/1/DNSAddr", "2001:db8::53");
	set("./NAP/1/AuthInfo/AuthType", "CHAP");
	set("./NAP/1/AuthInfo/AuthName", " u;\\ser");
	set("./NAP/1/AuthInfo/AuthSecret", "p=w ");
	assert_int_equal(read_link(0), 0);
	assert_string_equal(said, "");
	assert_int_equal(link_.conref, 1);
	assert_true(link_.has_connection);
	assert_false(link_.has_proxy);
	assert_int_equal(link_.connection.kind, CONNECTION_APN);
	assert_int_equal(link_.connection.auth, CONNECTION_CHAP);
	assert_string_equal(link_.connection.name, "Operator \xc3\xa4");
	assert_string_equal(link_.connection.apn, "internet.example");
	assert_string_equal(link_.connection.bearer, "GSM-GPRS");
	assert_string_equal(link_.connection.user, " u;\\ser");
	assert_string_equal(link_.connection.password, "p=w ");
	assert_string_equal(link_.connection.ipv4, "192.0.2.7");
	assert_string_equal(link_.connection.ipv6, "2001:db8::7");
	assert_int_equal(link_.connection.ndns, 3);
	assert_string_equal(link_.connection.dns[0], "192.0.2.53");
	assert_string_equal(link_.connection.dns[2], "2001:db8::53");
	mo_link_wipe(&link_);
	assert_string_equal(link_.connection.password, "");
	set("./NAP/1/AuthInfo/AuthType", "PAP");
	assert_int_equal(read_link(0), 0);
	assert_int_equal(link_.connection.auth, CONNECTION_PAP);
	set("./NAP/1/AuthInfo/AuthType", "MSCHAPv2");
	assert_int_equal(read_link(0), 0);
	assert_int_equal(link_.connection.auth, CONNECTION_MSCHAPV2);
}

/* Rules: CONN-2 */
static void values_that_cannot_be_used(void **state)
{
	static const struct { const char *uri, *value, *why; } bad[] = {
		{ "./NAP/1/Addr", "", "name is none" },
		{ "./NAP/1/Addr", "a b", "name is none" },
		{ "./NAP/1/Addr", "a;b", "name is none" },
		{ "./NAP/1/Addr", "a\n[vpn]", "control characters" },
		{ "./NAP/1/AddrType", "E164", "no access point name" },
		{ "./NAP/1/BearerType", "GSM-CSD", "no packet data" },
		{ "./NAP/1/BearerType", "GSM GPRS", "the bearer is no word" },
		{ "./NAP/1/IPv4/LocalAddr", "2001:db8::1", "not one of IPv4" },
		{ "./NAP/1/IPv6/LocalAddr", "192.0.2.1", "not one of IPv6" },
		{ "./NAP/1/IPv4/DNS/1/DNSAddr", "ns.example", "name server is none" },
		{ "./NAP/1/AuthInfo/AuthType", "KERBEROS", "AuthType" },
		{ "./NAP/1/AuthInfo/AuthName", "a\nb", "control characters" },
		{ "./NAP/1/AuthInfo/AuthSecret", "a\x1b", "control characters" },
		{ "./NAP/1/AuthInfo/AuthSecret", "\xff\xfe", "UTF-8" },
	};
	char much[200];

	set(ACC "/PrefConRef", "./NAP/1");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set("./NAP/1", NULL);
		set("./NAP/1/Addr", "good");
		assert_int_equal(read_link(0), 0);
		set(bad[i].uri, bad[i].value);
		refused(bad[i].why);
		assert_null(strstr(said, "\n["));
	}
	set("./NAP/1", NULL);
	set("./NAP/1/Addr", "good");
	memset(much, 'x', sizeof(much) - 1);
	much[sizeof(much) - 1] = 0;
	set("./NAP/1/AuthInfo/AuthSecret", much);
	refused("AuthSecret is too long");
	assert_null(strstr(said, "xxx"));
	much[127] = 0;
	set("./NAP/1/AuthInfo/AuthSecret", much);
	assert_int_equal(read_link(0), 0);
	/* What only a person reads is made fit for one. */
	set("./NAP/1/Name", "a\x1b[2Jb");
	assert_int_equal(read_link(0), 0);
	assert_string_equal(link_.connection.name, "a[2Jb");
}

/* Rules: CONN-1 */
static void order_and_turns(void **state)
{
	assert_int_equal(read_link(0), -ENOENT);
	assert_string_equal(said, "");
	nap("1", "one");
	nap("2", "two");
	nap("3", "three");
	set(ACC "/ToConRef/1/ConRef", "./NAP/2");
	set(ACC "/ToConRef/2/ConRef", "");
	set(ACC "/ToConRef/3/ConRef", "INTERNET");
	set(ACC "/ToConRef/4/ConRef", "./NAP/3");
	assert_int_equal(read_link(0), 0);
	assert_string_equal(link_.connection.apn, "two");
	set(ACC "/PrefConRef", "./NAP/1");
	assert_int_equal(read_link(0), 0);
	assert_string_equal(link_.connection.apn, "one");
	assert_int_equal(link_.conref, 1);
	assert_int_equal(read_link(1), 0);
	assert_string_equal(link_.connection.apn, "two");
	assert_int_equal(read_link(2), 0);
	assert_string_equal(link_.connection.apn, "three");
	assert_int_equal(link_.conref, 3);
	assert_int_equal(read_link(3), 0);
	assert_string_equal(link_.connection.apn, "one");
	/* One that cannot be used is no turn. */
	nap("1", "no name");
	assert_int_equal(read_link(0), 0);
	assert_string_equal(link_.connection.apn, "two");
	assert_string_equal(said, "reference 1 (./NAP/1) cannot be used: the access point's name is none\n");
	set(ACC "/PrefConRef", "INTERNET");
	assert_int_equal(read_link(0), 0);
	assert_int_equal(link_.conref, 1);
	assert_string_equal(link_.connection.apn, "two");
	assert_int_equal(mo_link_read(f.tree, S("nobody"), 0, &link_, NULL, NULL), -ENOENT);
}

/* Rules: CONN-3 */
static void references_to_nowhere(void **state)
{
	char uri[64];

	set(ACC "/PrefConRef", "./NAP/9");
	refused("no such node");
	set(ACC "/PrefConRef", ".");
	refused("neither");
	set(ACC "/PrefConRef", "./DMAcc/a");
	refused("neither");
	set(ACC "/PrefConRef", ACC "/PrefConRef");
	refused("neither");
	set("./Other/Addr", "a");	/* looks like one, and is none */
	set(ACC "/PrefConRef", "./Other");
	refused("neither");
	nap("1", "a");
	set(ACC "/PrefConRef", "./NAP");
	refused("neither");
	set(ACC "/PrefConRef", "./\x1b[2J");
	refused("reference 1 (./[2J)");
	/* In a circle, and from proxy to proxy. */
	set(ACC "/PrefConRef", "./Proxy/1");
	set("./Proxy/1/Addr", "proxy.example");
	set("./Proxy/1/ConRefs/1/ConRef", "./Proxy/2");
	set("./Proxy/2/Addr", "proxy.example");
	set("./Proxy/2/ConRefs/1/ConRef", "./Proxy/1");
	refused("none of its access points");
	set("./Proxy/1/ConRefs/1/ConRef", "./Proxy/1");
	refused("none of its access points");
	/* As many as there may be, and one more. */
	set(ACC "/PrefConRef", NULL);
	for (int i = 0; i < MO_CONREF_MAX + 1; i++) {
		snprintf(uri, sizeof(uri), ACC "/ToConRef/%d/ConRef", i);
		set(uri, i < MO_CONREF_MAX ? "./NAP/9" : "./NAP/1");
	}
	refused("reference 32");
	set(ACC "/ToConRef/31/ConRef", NULL);
	assert_int_equal(read_link(0), 0);
	assert_int_equal(link_.conref, 32);
}

static void profiles(void **state)
{
	set(ACC "/PrefConRef", "Office \xc3\xa4");
	assert_int_equal(read_link(0), 0);
	assert_int_equal(link_.connection.kind, CONNECTION_PROFILE);
	assert_string_equal(link_.connection.profile, "Office \xc3\xa4");
	assert_string_equal(link_.connection.apn, "");
	set(ACC "/PrefConRef", "a\nb");
	refused("control characters");
	set(ACC "/PrefConRef", "0123456789012345678901234567890123456789012345678901234567890123"
			       "0123456789012345678901234567890123456789012345678901234567890123");
	refused("too long");
}

/* Also what older devices and other makers have. */
static void other_shapes(void **state)
{
	struct dm_node *x;

	set(ACC "/PrefConRef", "./ConnMO/1");
	set("./ConnMO/1/NAPID", "n");
	set("./ConnMO/1/Addr", "old.example");
	set("./ConnMO/1/DNSAddr/1", "192.0.2.53");
	set("./ConnMO/1/AuthInfo/1/AuthType", "PAP");
	set("./ConnMO/1/AuthInfo/1/AuthName", "u");
	assert_int_equal(read_link(0), 0);
	assert_string_equal(link_.connection.apn, "old.example");
	assert_string_equal(link_.connection.dns[0], "192.0.2.53");
	assert_string_equal(link_.connection.user, "u");
	set("./ConnMO/1/PortNbr", "8080");
	assert_int_equal(read_link(0), 0);
	assert_true(link_.has_proxy);
	/* By its identifier, wherever it stands. */
	set("./Vendor/Con/Addr", "vendor.example");
	set(ACC "/PrefConRef", "./Vendor/Con");
	refused("neither");
	x = far_find(&f, "./Vendor/Con");
	assert_int_equal(dm_tree_set_type(f.tree, x, S("urn:oma:mo:oma-connmo-nap:1.0"), 0), 0);
	assert_int_equal(read_link(0), 0);
	assert_string_equal(link_.connection.apn, "vendor.example");
}

/* Rules: CONN-6 */
static void proxies(void **state)
{
	struct mo_proxy p;

	nap("1", "one");
	set(ACC "/PrefConRef", "./Proxy/1");
	set("./Proxy/1/ProxyId", "p");
	set("./Proxy/1/Addr", "2001:db8::8");
	set("./Proxy/1/AddrType", "IPV6");
	set("./Proxy/1/Ports/1/PortNbr", "9201");
	set("./Proxy/1/Ports/2/PortNbr", "4711");
	set("./Proxy/1/Ports/2/Services/1/ServiceName", "CO-WSP");
	set("./Proxy/1/Ports/3/PortNbr", "3128");
	set("./Proxy/1/Ports/3/Services/1/ServiceName", "http");
	set("./Proxy/1/AuthInfo/1/AuthType", "WTLS-SS");
	set("./Proxy/1/AuthInfo/1/AuthID", "no");
	set("./Proxy/1/AuthInfo/2/AuthType", "HTTP-BASIC");
	set("./Proxy/1/AuthInfo/2/AuthID", "user");
	set("./Proxy/1/AuthInfo/2/AuthPW", "pw");
	set("./Proxy/1/ConRefs/1/ConRef", "./NAP/7");
	set("./Proxy/1/ConRefs/2/ConRef", "./NAP/1");
	assert_int_equal(read_link(0), 0);
	assert_true(link_.has_connection && link_.has_proxy);
	assert_string_equal(link_.connection.apn, "one");
	assert_string_equal(link_.proxy.host, "2001:db8::8");
	assert_int_equal(link_.proxy.port, 3128);
	assert_string_equal(link_.proxy.user, "user");
	assert_string_equal(link_.proxy.password, "pw");
	/* It is of use behind its access point alone. */
	assert_int_equal(mo_link_proxy(f.tree, S("srv"), 1, &p), 0);
	assert_int_equal(p.port, 3128);
	assert_int_equal(mo_link_proxy(f.tree, S("srv"), 0, &p), -ENOENT);
	assert_int_equal(mo_link_proxy(f.tree, S("srv"), 2, &p), -ENOENT);
	assert_int_equal(mo_link_proxy(f.tree, S("nobody"), 1, &p), -ENOENT);
	set("./Proxy/1/ConRefs", NULL);
	assert_int_equal(read_link(0), 0);
	assert_false(link_.has_connection);
	assert_int_equal(mo_link_proxy(f.tree, S("srv"), 0, &p), 0);
	assert_string_equal(p.host, "2001:db8::8");
	/* The reference that was set up has none. */
	set(ACC "/ToConRef/1/ConRef", "./NAP/1");
	assert_int_equal(mo_link_proxy(f.tree, S("srv"), 2, &p), -ENOENT);
	/* The number that stands for none. */
	set("./Proxy/1/Ports", NULL);
	assert_int_equal(mo_link_proxy(f.tree, S("srv"), 0, &p), 0);
	assert_int_equal(p.port, 8080);
}

/* Rules: CONN-2 CONN-6 */
static void proxies_that_cannot_be_used(void **state)
{
	static const struct { const char *uri, *value, *why; } bad[] = {
		{ "./Proxy/1/Addr", "", "its address is none" },
		{ "./Proxy/1/Addr", "http://proxy.example/", "its address is none" },
		{ "./Proxy/1/Addr", "proxy.example:8080", "its address is none" },
		{ "./Proxy/1/Addr", "a b", "its address is none" },
		{ "./Proxy/1/Addr", "user@host", "its address is none" },
		{ "./Proxy/1/Addr", "-x", "its address is none" },
		{ "./Proxy/1/AddrType", "E164", "neither a name" },
		{ "./Proxy/1/Ports/1/PortNbr", "0", "no HTTP proxy" },
		{ "./Proxy/1/Ports/1/PortNbr", "65536", "no HTTP proxy" },
		{ "./Proxy/1/Ports/1/PortNbr", "9200", "no HTTP proxy" },
		{ "./Proxy/1/Ports/1/Services/1/ServiceName", "CL-WSP", "no HTTP proxy" },
		{ "./Proxy/1/ProxyParams/WAP/WSPVersion", "1.2", "no HTTP proxy" },
		{ "./Proxy/1/AuthInfo/1/AuthID", "a:b", "credentials" },
		{ "./Proxy/1/AuthInfo/1/AuthID", "a\nb", "credentials" },
	};

	set(ACC "/PrefConRef", "./Proxy/1");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set("./Proxy/1", NULL);
		set("./Proxy/1/Addr", "proxy.example");
		assert_int_equal(read_link(0), 0);
		set(bad[i].uri, bad[i].value);
		refused(bad[i].why);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_value_of_an_access_point), T(values_that_cannot_be_used),
		T(order_and_turns), T(references_to_nowhere), T(profiles), T(other_shapes),
		T(proxies), T(proxies_that_cannot_be_used),
	};

	return cmocka_run_group_tests_name("mo_connection", tests, NULL, NULL);
}
