// SPDX-License-Identifier: GPL-2.0-or-later
/* ACL-1 to ACL-14 of the tree's rules, each with its case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm/acl.h"
#include "dm_far_end.h"

#define S(s) slice_str(s)
#define ME   FAR_SERVER

/* Rules: ACL-15 ACL-4 */
static void test_grammar(void **state)
{
	static const char *const good[] = {
	    "",
	    "Get=*",
	    "Add=www.sonera.fi-8765&Delete=www.sonera.fi-8765&"
	    "Replace=www.sonera.fi-8765+321_ibm.com&Get=*",
	    "Exec=a+b+c",
	};
	static const char *const bad[] = {
	    "Get=",  "Get",	"Get=a+",  "Get=+a", "Get=a&",	     "&Get=a", "Copy=a",
	    "get=a", "Get=a b", "Get=a=b", "Get=a*", "Get=a&&Add=b", "=a",     "Get=\xc3\xa4",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(dm_acl_valid(S(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (dm_acl_valid(S(bad[i])))
			fail_msg("'%s' was taken", bad[i]); /* ACL-4 among them */
}

/* Every node has the property; only the root's has a value from the start. Rules: ACL-1 */
static void acl_1(struct far_end *f)
{
	far_node(f, "./A/B", "v", NULL);
	far_do(f, GET("2", ".?prop=ACL") GET("3", "./A/B?prop=ACL"),
	       "S 2 Get 200\nR 2 .?prop=ACL Add=*&Get=*\nS 3 Get 200\nR 3 ./A/B?prop=ACL \n");
}

/* The nearest ancestor's value, whole, never merged. Rules: ACL-2 ACL-2a */
static void acl_2(struct far_end *f)
{
	far_node(f, "./A", NULL, "Replace=" ME);
	far_node(f, "./A/B", "v", NULL);
	far_node(f, "./A/C/D", "v", NULL);
	far_node(f, "./A/E", NULL, "Get=" ME);
	far_node(f, "./A/E/F", "v", NULL);
	far_do(f,
	       GET("2", "./A/B") REP("3", "./A/B", "w") REP("4", "./A/C/D", "w") GET("5", "./A/C/D")
		   GET("6", "./A/E/F") REP("7", "./A/E/F", "w"),
	       "S 2 Get 425\nS 3 Replace 200\nS 4 Replace 200\nS 5 Get 425\nS 6 Get 200\nR 6 "
	       "./A/E/F v\n"
	       "S 7 Replace 425\n");
}

/* The property of a node without a value is empty, not the inherited one. Rules: ACL-3 */
static void acl_3(struct far_end *f)
{
	far_node(f, "./A", NULL, "Get=" ME);
	far_node(f, "./A/B", NULL, NULL);
	far_do(f, GET("2", "./A/B?prop=ACL"), "S 2 Get 200\nR 2 ./A/B?prop=ACL \n");
}

/* A command without identifiers is no ACL. Rules: ACL-4 ACL-6b */
static void acl_4(struct far_end *f)
{
	far_node(f, "./A", NULL, "Replace=" ME);
	far_do(f, REP("2", "./A?prop=ACL", "Get=") REP("3", "./A?prop=ACL", "Get=a&amp;Nonsense"),
	       "S 2 Replace 400\nS 3 Replace 400\n");
	assert_string_equal(far_find(f, "./A")->acl, "Replace=" ME);
}

/* "*" wins beside others. Rules: ACL-5 */
static void test_acl_5(void **state)
{
	assert_true(dm_acl_grants(S("Get=a+*"), DM_ACC_GET, S("b")));
	assert_true(dm_acl_grants(S("Get=*"), DM_ACC_GET, S("b")));
	assert_false(dm_acl_grants(S("Get=a+c"), DM_ACC_GET, S("b")));
	assert_false(dm_acl_grants(S("Get=ab"), DM_ACC_GET, S("a")));
	assert_false(dm_acl_grants(S("Get=*"), DM_ACC_REPLACE, S("b")));
}

/* Replace of the property sets the whole value, by right only. Rules: ACL-6 ACL-6a */
static void acl_6(struct far_end *f)
{
	far_node(f, "./A", NULL, "Replace=" ME "&Get=" ME);
	far_do(f, REP("2", "./A?prop=ACL", "Delete=" ME) REP("3", "./A?prop=ACL", "Get=*"),
	       "S 2 Replace 200\nS 3 Replace 425\n");
	assert_string_equal(far_find(f, "./A")->acl, "Delete=" ME);
}

/*
 * Interior: Replace on it or its parent; leaf: Replace on its parent only.
 * Rules: ACL-7 ACL-7a ACL-7b ACL-7c
 */
static void acl_7(struct far_end *f)
{
	far_node(f, "./own", NULL, "Replace=" ME);
	far_node(f, "./par", NULL, "Replace=" ME);
	far_node(f, "./par/node", NULL, "Get=*");
	far_node(f, "./par/leaf", "v", "Get=*");
	far_node(f, "./other/leaf", "v", "Replace=" ME);
	far_do(f,
	       REP("2", "./own?prop=ACL", "Get=*") REP("3", "./par/node?prop=ACL", "Get=x")
		   REP("4", "./par/leaf?prop=ACL", "Get=x")
		       REP("5", "./other/leaf?prop=ACL", "Get=x")
			   REP("6", "./other/leaf?prop=Title", "t") REP("7", "./other/leaf", "w"),
	       "S 2 Replace 200\nS 3 Replace 200\nS 4 Replace 200\nS 5 Replace 425\nS 6 Replace "
	       "200\nS 7 Replace 200\n");
	assert_string_equal(far_value(f, "./other/leaf"), "w");
	assert_string_equal(far_find(f, "./other/leaf")->acl, "Replace=" ME);
}

/*
 * Who cannot Replace on the parent is given Add, Delete, Replace, but not Get.
 * Rules: ACL-8 ACL-8a ACL-8b ACL-8c ACL-8d
 */
static void acl_8(struct far_end *f)
{
	far_node(f, "./mine", NULL, "Add=" ME "&Replace=" ME "&Get=" ME);
	far_do(f,
	       ADDN("2", "./N") ADD("3", "./N/leaf", "v") GET("4", "./N/leaf") ADDN("5", "./mine/N")
		   ADD("6", "./P/Q/leaf", "v") ADD("7", "./leaf", "v") GET("8", "./leaf"),
	       "S 2 Add 200\nS 3 Add 200\nS 4 Get 425\nS 5 Add 200\nS 6 Add 200\nS 7 Add 200\n"
	       "S 8 Get 200\nR 8 ./leaf v\n");
	assert_null(far_find(f, "./leaf")->acl);	/* though its parent is not the server's */
	assert_string_equal(far_find(f, "./N")->acl, "Add=" ME "&Delete=" ME "&Replace=" ME);
	assert_null(far_find(f, "./N/leaf")->acl);
	assert_null(far_find(f, "./mine/N")->acl);
	assert_string_equal(far_find(f, "./P")->acl, "Add=" ME "&Delete=" ME "&Replace=" ME);
	assert_null(far_find(f, "./P/Q")->acl);
}

/* The root keeps Add=*, and keeps a value. Rules: ACL-9 ACL-9a */
static void acl_9(struct far_end *f)
{
	assert_int_equal(
	    dm_tree_set_acl(f->tree, dm_tree_root(f->tree), S("Add=*&Get=*&Replace=" ME), 0), 0);
	far_do(f,
	       REP("2", ".?prop=ACL", "Get=*") REP("3", ".?prop=ACL", "")
		   REP("4", ".?prop=ACL", "Add=*&amp;Get=" ME),
	       "S 2 Replace 405\nS 3 Replace 405\nS 4 Replace 200\n");
	assert_string_equal(dm_tree_root(f->tree)->acl, "Add=*&Get=" ME);
}

/* A removed server leaves every ACL; empty commands and values go. Rules: ACL-10 ACL-10a ACL-10c */
static void acl_10(struct far_end *f)
{
	struct dm_node *root = dm_tree_root(f->tree);

	far_node(f, "./A", NULL, "Get=s+t&Replace=s");
	far_node(f, "./B", NULL, "Get=s&Delete=s");
	far_node(f, "./C", NULL, "Get=*&Delete=ss");
	assert_int_equal(dm_tree_set_acl(f->tree, root, S("Add=s&Get=s&Replace=s"), 0), 0);
	assert_int_equal(dm_acl_remove_server(f->tree, S("s"), 1), 0);
	assert_string_equal(far_find(f, "./A")->acl, "Get=t");
	assert_null(far_find(f, "./B")->acl);
	assert_string_equal(far_find(f, "./C")->acl, "Get=*&Delete=ss");
	assert_string_equal(root->acl, "Add=*&Get=*");
}

/* The account that is deleted takes its server along. Rules: ACL-10b */
static void acl_10_account(struct far_end *f)
{
	far_node(f, "./DMAcc/x", NULL, "Delete=" ME);
	far_node(f, "./DMAcc/x/ServerID", "gone", NULL);
	far_node(f, "./A", NULL, "Get=gone+" ME);
	far_do(f, DEL("2", "./DMAcc/x"), "S 2 Delete 200\n");
	assert_string_equal(far_find(f, "./A")->acl, "Get=" ME);
}

/* The identity is the account's ServerID, whatever the header says. Rules: ACL-11 */
static void acl_11(struct far_end *f)
{
	far_node(f, "./A", "v", "Get=https://srv.example/dm");
	far_node(f, "./B", "v", "Get=" ME);
	far_do(f, GET("2", "./A") GET("3", "./B"), "S 2 Get 425\nS 3 Get 200\nR 3 ./B v\n");
}

/* Rights on the parent give no access to the child's value, but to its ACL. Rules: ACL-12 */
static void acl_12(struct far_end *f)
{
	far_node(f, "./P", NULL, "Get=" ME "&Replace=" ME);
	far_node(f, "./P/c", "v", "Get=other");
	far_do(f, GET("2", "./P/c") REP("3", "./P/c?prop=ACL", "Get=" ME) GET("4", "./P/c"),
	       "S 2 Get 425\nS 3 Replace 200\nS 4 Get 200\nR 4 ./P/c v\n");
}

/* After its own Add a server gives itself the rest. Rules: ACL-13 */
static void acl_13(struct far_end *f)
{
	far_do(f,
	       ADDN("2", "./N") GET("3", "./N")
		   REP("4", "./N?prop=ACL", "Get=" ME "&amp;Replace=" ME "&amp;Delete=" ME)
		       GET("5", "./N"),
	       "S 2 Add 200\nS 3 Get 425\nS 4 Replace 200\nS 5 Get 200\nR 5 ./N [node] \n");
}

/* Copy needs Get on the source and Add or Replace at the target. Rules: ACL-14 ACL-14a ACL-14b */
static void acl_14(struct far_end *f)
{
	far_node(f, "./hidden", "v", "Replace=" ME);
	far_node(f, "./src", "v", "Get=" ME);
	far_node(f, "./ro", "o", "Get=*");
	far_node(f, "./rw", "o", "Replace=" ME);
	far_node(f, "./noadd", NULL, "Get=*");
	far_do(f,
	       COPY("2", "./hidden", "./new") COPY("3", "./src", "./ro") COPY("4", "./src", "./rw")
		   COPY("5", "./src", "./noadd/x") COPY("6", "./src", "./new"),
	       "S 2 Copy 425\nS 3 Copy 425\nS 4 Copy 200\nS 5 Copy 425\nS 6 Copy 200\n");
	assert_string_equal(far_value(f, "./rw"), "v");
	assert_string_equal(far_value(f, "./new"), "v");
	assert_string_equal(far_value(f, "./ro"), "o");
}

/* Which ACL decides: of Add the parent's, of all others the node's. Rules: ACL-16 STATUS-425 */
static void decision(struct far_end *f)
{
	far_node(f, "./a", NULL, "Add=" ME);
	far_node(f, "./a/x", "v", "Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME);
	far_node(f, "./b", NULL, "Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME);
	far_node(f, "./b/Run", "v", "Add=" ME);
	far_do(
	    f,
	    ADD("2", "./a/y", "v") GET("3", "./a/x") REP("4", "./a/x", "w") EXEC("5", "./a/x")
		DEL("6", "./a/x") ADD("7", "./b/y", "v") GET("8", "./b/Run")
		    REP("9", "./b/Run", "w") EXEC("10", "./b/Run") DEL("11", "./b/Run")
			GET("12", "./b/Run?prop=ACL"),
	    "S 2 Add 200\nS 3 Get 200\nR 3 ./a/x v\nS 4 Replace 200\nS 5 Exec 405\nS 6 Delete 200\n"
	    "S 7 Add 425\nS 8 Get 425\nS 9 Replace 425\nS 10 Exec 425\nS 11 Delete 425\nS 12 Get "
	    "425\n");
}

/* A name that the grammar knows not is in no ACL, and puts nothing into one. Rules: ACL-11a */
static void odd_servers(struct far_end *f)
{
	static const char *const odd[] = {"a&Get=*", "a+b", "a b", "*", "", "a=b"};
	struct dm_item item = {.target = SLICE_LIT("./N"), .meta.format = SLICE_LIT("node")};
	struct dm_cmd cmd = {.kind = DM_CMD_ADD, .items = &item, .nitems = 1};

	far_node(f, "./A", NULL, "Get=*&Add=a+b");
	far_node(f, "./DMAcc/x", NULL, "Add=" ME);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct dm_cmd_env env = {.tree = f->tree, .server = S(odd[i])};

		assert_false(dm_acl_server_valid(S(odd[i])));
		assert_int_equal(dm_cmd_item(&env, &cmd, &item, NULL, NULL), DM_ST_DENIED);
		assert_int_equal(dm_acl_remove_server(f->tree, S(odd[i]), 1), 0);
		assert_string_equal(far_find(f, "./A")->acl, "Get=*&Add=a+b");
	}
	assert_true(dm_acl_server_valid(S("www.sonera.fi-8765")));
	far_do(f,
	       ADD("2", "./DMAcc/x/ServerID", "*") ADD("3", "./DMAcc/x/ServerID", "a&amp;Get=*")
		   ADD("4", "./DMAcc/x/ServerID", "good"),
	       "S 2 Add 415\nS 3 Add 415\nS 4 Add 200\n");
}

/* A value longer than is kept. Rules: ACL-6b */
static void too_long(struct far_end *f)
{
	struct dm_cmd_env env = {.tree = f->tree, .server = S(ME)};
	struct dm_item item = {.target = SLICE_LIT("./A?prop=ACL")};
	struct dm_cmd cmd = {.kind = DM_CMD_REPLACE, .items = &item, .nitems = 1};
	char acl[DM_ACL_MAX + 2];

	far_node(f, "./A", NULL, "Replace=" ME);
	memset(acl, 'a', sizeof(acl));
	memcpy(acl, "Get=", 4);
	item.data = slice_of(acl, DM_ACL_MAX + 1);
	assert_int_equal(dm_cmd_item(&env, &cmd, &item, NULL, NULL), DM_ST_TOO_LARGE);
	item.data = slice_of(acl, DM_ACL_MAX);
	assert_int_equal(dm_cmd_item(&env, &cmd, &item, NULL, NULL), DM_ST_OK);
}

/* The worked example of TND 1.2 (7.7.1.6). Rules: ACL-17 */
static void test_example(void **state)
{
	struct far_end f;

	far_init(&f);
	far_node(&f, "./A", NULL, "Get=C&Replace=C");
	far_node(&f, "./A/1", "v", "Get=*");
	far_node(&f, "./B", NULL, "Get=A&Replace=A");
	far_node(&f, "./B/3", NULL, "Get=B&Replace=B&Delete=B");
	far_node(&f, "./B/3/4", "v", NULL);
	assert_true(dm_acl_allows(far_find(&f, "./A/1"), DM_ACC_GET, S("anyone")));
	assert_true(dm_acl_may_change(far_find(&f, "./A/1"), S("C")));
	assert_false(dm_acl_may_change(far_find(&f, "./A/1"), S("B")));
	assert_false(dm_acl_allows(far_find(&f, "./A/1"), DM_ACC_DELETE, S("C")));
	assert_false(dm_acl_allows(far_find(&f, "./A/1"), DM_ACC_REPLACE, S("C")));
	assert_true(dm_acl_allows(far_find(&f, "./B/3/4"), DM_ACC_DELETE, S("B")));
	assert_false(dm_acl_allows(far_find(&f, "./B/3/4"), DM_ACC_GET, S("A")));
	far_fini(&f);
}

#define CASE(fn)                                                                                   \
	static void test_##fn(void **state)                                                        \
	{                                                                                          \
		far_with(fn);                                                                      \
	}
CASE(acl_1)
CASE(acl_2)
CASE(acl_3) CASE(acl_4) CASE(acl_6) CASE(acl_7) CASE(acl_8) CASE(acl_9) CASE(acl_10)
    CASE(acl_10_account) CASE(acl_11) CASE(acl_12) CASE(acl_13) CASE(acl_14) CASE(decision)
	CASE(odd_servers) CASE(too_long)

	    int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_grammar),	cmocka_unit_test(test_acl_1),
	    cmocka_unit_test(test_acl_2),	cmocka_unit_test(test_acl_3),
	    cmocka_unit_test(test_acl_4),	cmocka_unit_test(test_acl_5),
	    cmocka_unit_test(test_acl_6),	cmocka_unit_test(test_acl_7),
	    cmocka_unit_test(test_acl_8),	cmocka_unit_test(test_acl_9),
	    cmocka_unit_test(test_acl_10),	cmocka_unit_test(test_acl_10_account),
	    cmocka_unit_test(test_acl_11),	cmocka_unit_test(test_acl_12),
	    cmocka_unit_test(test_acl_13),	cmocka_unit_test(test_acl_14),
	    cmocka_unit_test(test_example),	cmocka_unit_test(test_decision),
	    cmocka_unit_test(test_odd_servers), cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
