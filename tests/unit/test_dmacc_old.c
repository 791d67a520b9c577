// SPDX-License-Identifier: GPL-2.0-or-later
/* mo/dmacc_old: accounts of DM 1.1 and what they become, or why they stay. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"
#include "mo/dmacc.h"
#include "mo/dmacc_old.h"

#define S(s) slice_str(s)
#define OLD "./SyncML/DMAcc/old"

static struct far_end f;

static int setup(void **state)
{
	far_init(&f);
	return 0;
}

static int teardown(void **state)
{
	far_fini(&f);
	return 0;
}

static void old_account(void)
{
	static const char *const leaves[][2] = {
		{ "ServerId", "srv" }, { "Addr", "https://h/dm" }, { "AddrType", "1" },
		{ "PortNbr", "8443" }, { "ConRef", "./NAP/1" }, { "Name", "Operator" },
		{ "UserName", "user" }, { "ClientPW", "cpw" }, { "ClientNonce", "Tm9uY2U=" },
		{ "ServerPW", "spw" }, { "ServerNonce", ")raw(" }, { "AuthPref", "syncml:auth-md5" },
	};
	char uri[64];

	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		snprintf(uri, sizeof(uri), OLD "/%s", leaves[i][0]);
		far_node(&f, uri, leaves[i][1], NULL);
	}
}

static unsigned int take(bool bootstrap)
{
	unsigned int n = 99;

	assert_int_equal(dmacc_old_take(f.tree, bootstrap, 5, &n), 0);
	return n;
}

/* Rules: ACCT-10 */
static void every_node(void **state)
{
	struct dm_node *x;
	struct dm_account a;

	old_account();
	x = far_find(&f, OLD);
	for (struct dm_node *i = x; i; i = dm_tree_next(x, i))
		i->origin = 7;
	assert_int_equal(take(true), 1);
	assert_null(far_find(&f, "./SyncML"));
	assert_int_equal(dmacc_read(f.tree, S("srv"), &a), 0);
	assert_string_equal(a.node_name, "old");
	assert_string_equal(buf_cstr(&a.url), "https://h:8443/dm");
	assert_string_equal(buf_cstr(&a.name), "Operator");
	assert_string_equal(buf_cstr(&a.conref), "./NAP/1");
	assert_int_equal(a.origin, 7);
	assert_int_equal(a.pref, DM_AUTH_MD5);
	assert_int_equal(a.client.type, DM_AUTH_MD5);
	assert_string_equal(buf_cstr(&a.client.name), "user");
	assert_string_equal(buf_cstr(&a.client.secret), "cpw");
	assert_string_equal(buf_cstr(&a.client.nonce), "Nonce");
	assert_string_equal(buf_cstr(&a.server.name), "srv");
	assert_string_equal(buf_cstr(&a.server.secret), "spw");
	assert_string_equal(buf_cstr(&a.server.nonce), ")raw(");
	dm_account_fini(&a);
	x = far_find(&f, "./DMAcc/old");
	assert_string_equal(x->type, DM_DMACC_TYPE);
	assert_string_equal(x->acl, "Get=srv&Replace=srv&Delete=srv");
	for (struct dm_node *i = x; i; i = dm_tree_next(x, i))
		assert_int_equal(i->origin, 7);
	/* What is a secret stays one. */
	assert_int_equal(far_find(&f, "./DMAcc/old/AppAuth/1/AAuthSecret")->access & DM_ACC_GET, 0);
	assert_int_equal(take(true), 0);
}

/* Rules: ACCT-10 */
static void little_of_it(void **state)
{
	struct dm_account a;

	far_node(&f, OLD "/ServerId", "srv", NULL);
	far_node(&f, OLD "/Addr", " https://h/dm ", NULL);
	far_node(&f, OLD "/AuthPref", "something", NULL);
	assert_int_equal(dm_tree_set_acl(f.tree, far_find(&f, OLD), S("Get=other"), 1), 0);
	far_node(&f, "./DMAcc/old", NULL, NULL);	/* its name is taken */
	far_node(&f, "./SyncML/Con/1", "x", NULL);	/* and there is more beside it */
	assert_int_equal(take(true), 1);
	assert_int_equal(dmacc_read(f.tree, S("srv"), &a), 0);
	assert_string_equal(a.node_name, "1");
	assert_string_equal(buf_cstr(&a.url), "https://h/dm");
	assert_false(a.client.present || a.server.present);
	assert_int_equal(a.pref, DM_AUTH_NONE);
	dm_account_fini(&a);
	assert_string_equal(far_find(&f, "./DMAcc/1")->acl, "Get=other");
	assert_null(far_find(&f, "./SyncML/DMAcc"));
	assert_non_null(far_find(&f, "./SyncML/Con/1"));
}

static void types(void **state)
{
	static const struct { const char *pref; enum dm_auth a; } all[] = {
		{ "syncml:auth-basic", DM_AUTH_BASIC }, { "syncml:auth-MAC", DM_AUTH_MAC },
		{ "HMAC", DM_AUTH_MAC }, { "DIGEST", DM_AUTH_MD5 },
	};
	struct dm_account a;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		old_account();
		assert_int_equal(dm_tree_delete(f.tree, far_find(&f, OLD "/AuthPref")), 0);
		far_node(&f, OLD "/AuthPref", all[i].pref, NULL);
		assert_int_equal(take(true), 1);
		assert_int_equal(dmacc_read(f.tree, S("srv"), &a), 0);
		assert_int_equal(a.client.type, all[i].a);
		assert_int_equal(a.pref, all[i].a);
		dm_account_fini(&a);
		assert_int_equal(dm_tree_delete(f.tree, far_find(&f, "./DMAcc/old")), 0);
	}
}

/* Rules: ACCT-10 */
static void what_is_none_stays(void **state)
{
	static const char *const bad[][2] = {
		{ "ServerId", "a b" }, { "ServerId", "" }, { "Addr", "h/dm" }, { "Addr", "" },
		{ "AddrType", "2" }, { "PortNbr", "0" }, { "PortNbr", "65536" }, { "PortNbr", "x" },
	};
	char uri[64];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		old_account();
		snprintf(uri, sizeof(uri), OLD "/%s", bad[i][0]);
		assert_int_equal(dm_tree_delete(f.tree, far_find(&f, uri)), 0);
		far_node(&f, uri, bad[i][1], NULL);
		dm_tree_committed(f.tree);
		assert_int_equal(take(true), 0);
		assert_false(dm_tree_dirty(f.tree));
		assert_int_equal(dm_tree_delete(f.tree, far_find(&f, OLD)), 0);
	}
	far_node(&f, "./SyncML/DMAcc/leaf", "x", NULL);
	assert_int_equal(take(true), 0);
}

/* Nobody knows who made what is found: it takes nobody's place, and no closed door. */
/* Rules: ACCT-10 */
static void found_in_the_tree(void **state)
{
	far_node(&f, "./DMAcc/x/ServerID", "srv", NULL);
	old_account();
	assert_int_equal(take(false), 0);
	assert_non_null(far_find(&f, OLD));
	assert_int_equal(dm_tree_delete(f.tree, far_find(&f, "./DMAcc/x")), 0);
	assert_int_equal(dm_tree_set_acl(f.tree, far_find(&f, "./DMAcc"), S("Add=one&Get=*"), 1), 0);
	assert_int_equal(take(false), 0);
	assert_int_equal(dm_tree_set_acl(f.tree, far_find(&f, "./DMAcc"), S("Add=*&Get=*"), 1), 0);
	assert_int_equal(take(false), 1);
	assert_non_null(far_find(&f, "./DMAcc/old/ServerID"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_node), T(little_of_it), T(types), T(what_is_none_stays), T(found_in_the_tree),
	};

	return cmocka_run_group_tests_name("dmacc_old", tests, NULL, NULL);
}
