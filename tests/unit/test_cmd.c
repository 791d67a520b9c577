// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands on the tree: every status each of them can give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"
#include "dm/account.h"
#include "dm/acl.h"

#define ME FAR_SERVER
#define ALL "Add=" ME "&Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME

static void get_values(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/a", "one", NULL);
	far_node(f, "./T/d", NULL, NULL);
	far_node(f, "./T/no", "x", NULL)->access = DM_ACC_REPLACE;
	far_do(
	    f,
	    GET("2", "./T/a") GET("3", "./T") GET("4", "./T/d") GET("5", "./nowhere")
		GET("6", "./T/no") GET("7", "./T//a") GET("8", "./Inbox") GET("9", "./Inbox/x"),
	    "S 2 Get 200\nR 2 ./T/a one\nS 3 Get 200\nR 3 ./T [node] a/d/no\n"
	    "S 4 Get 200\nR 4 ./T/d [node] \nS 5 Get 404\nS 6 Get 405\nS 7 Get 400\nS 8 Get 405\n"
	    "S 9 Get 405\n");
}

static void get_props(struct far_end *f)
{
	struct dm_node *n = far_node(f, "./T/a", "one", NULL);

	n->tstamp = 0;
	n->verno = 7;
	far_do(f,
	       GET("2", "./T/a?prop=ACL") GET("3", "./T/a?prop=Format") GET("4", "./T/a?prop=Name")
		   GET("5", "./T/a?prop=Size") GET("6", "./T/a?prop=Title")
		       GET("7", "./T/a?prop=TStamp") GET("8", "./T/a?prop=Type")
			   GET("9", "./T/a?prop=VerNo") GET("10", "./T/a?prop=Nonsense")
			       GET("11", "./T?prop=Size") GET("12", "./DevInfo?prop=Type"),
	       "S 2 Get 200\nR 2 ./T/a?prop=ACL \nS 3 Get 200\nR 3 ./T/a?prop=Format chr\n"
	       "S 4 Get 200\nR 4 ./T/a?prop=Name a\nS 5 Get 200\nR 5 ./T/a?prop=Size 3\n"
	       "S 6 Get 200\nR 6 ./T/a?prop=Title \nS 7 Get 200\nR 7 ./T/a?prop=TStamp "
	       "19700101T000000Z\n"
	       "S 8 Get 200\nR 8 ./T/a?prop=Type text/plain\nS 9 Get 200\nR 9 ./T/a?prop=VerNo 7\n"
	       "S 10 Get 406\nS 11 Get 406\nS 12 Get 200\n"
	       "R 12 ./DevInfo?prop=Type urn:oma:mo:oma-dm-devinfo:1.0\n");
}

static void get_list(struct far_end *f)
{
	far_node(f, "./T", NULL, NULL);
	far_node(f, "./T/a", "one", NULL);
	far_node(f, "./T/hidden", NULL, "Get=other");
	far_node(f, "./T/hidden/x", "two", "Get=*");
	far_node(f, "./T/d/b", "three", NULL);
	far_do(f,
	       GET("2", "./T?list=Struct") GET("3", "./T?list=StructData")
		   GET("4", "./T?list=Other") GET("5", "./T?list=TNDS+Nonsense")
		       GET("6", "./T?list=TNDS+Value-ACL"),
	       "S 2 Get 200\nR 2 ./T [node]\nR 2 ./T/a [chr]\nR 2 ./T/d [node]\nR 2 ./T/d/b [chr]\n"
	       "S 3 Get 200\nR 3 ./T [node]\nR 3 ./T/a [chr] one\nR 3 ./T/d [node]\nR 3 ./T/d/b "
	       "[chr] three\n"
	       "S 4 Get 406\nS 5 Get 406\nS 6 Get 406\n");
	assert_int_equal(far_message(f, 212, GET("2", "./T?list=TNDS+Value+Format"), true), 1);
	assert_non_null(strstr(buf_cstr(&f->said), "<MgmtTree"));
	assert_non_null(strstr(buf_cstr(&f->said), "three"));
	assert_null(strstr(buf_cstr(&f->said), "hidden"));
}

static void add_nodes(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/leaf", "x", NULL);
	far_node(f, "./closed", NULL, "Get=*");
	far_do(
	    f,
	    ADD("2", "./T/a", "v") ADD("3", "./T/a", "w") ADD("4", "./T/p/q/r", "deep") ADD(
		"5", "./T/leaf/x", "v") ADD("6", "./closed/x", "v") ADDF("7", "./T/i", "int", "12x")
		ADDF("8", "./T/i", "int", "-12") ADDF("9", "./T/b", "bool", "true")
		    ADDF("10", "./T/z", "nonsense", "v") ADDF("11", "./T/n", "node", "v")
			ADDN("12", "./T/n") ADD("13", "./T/a?prop=ACL", "v")
			    CMD("Add", "14", BARE("./T/nodata"))
				ADDF("15", "./T/bin", "b64", "AAEC")
				    ADDF("16", "./T/bad", "b64", "A!") ADD("17", ".", "v")
					ADD("18", "./DevInfo/x", "v") ADD("19", "./Inbox/x", "v")
					    ADDF("20", "./T/null", "null", "") GET("21", "./T/bin")
						ADDF("22", "./T/o", "int", "2147483648"),
	    "S 2 Add 200\nS 3 Add 418\nS 4 Add 200\nS 5 Add 405\nS 6 Add 425\nS 7 Add 415\nS 8 Add "
	    "200\n"
	    "S 9 Add 200\nS 10 Add 415\nS 11 Add 415\nS 12 Add 200\nS 13 Add 405\nS 14 Add 400\n"
	    "S 15 Add 200\nS 16 Add 400\nS 17 Add 418\nS 18 Add 405\nS 19 Add 405\nS 20 Add 200\n"
	    "S 21 Get 200\nR 21 ./T/bin [b64] AAEC\nS 22 Add 415\n");
	assert_string_equal(far_value(f, "./T/p/q/r"), "deep");
	assert_int_equal(far_find(f, "./T/bin")->format, DM_FMT_BIN);
	assert_int_equal(far_find(f, "./T/bin")->value_len, 3);
	assert_int_equal(far_find(f, "./T/i")->format, DM_FMT_INT);
}

static void limits(struct far_end *f)
{
	f->cfg.max_obj_size = 10;
	far_node(f, "./T", NULL, ALL);
	far_do(f,
	       ADD("2", "./T/12345678901234567890123456789012345678901234567890123456789012345",
		   "v") ADD("3", "./1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "v")
		   ADD("4", "./T/big", "12345678901") ADD("5", "./T/ok", "1234567890")
		       REP("6", "./T/ok", "12345678901"),
	       "S 2 Add 414\nS 3 Add 414\nS 4 Add 413\nS 5 Add 200\nS 6 Replace 413\n");
	assert_null(far_find(f, "./1"));
}

static void full(struct far_end *f)
{
	struct dm_cmd_env env = { .tree = f->tree, .server = SLICE_LIT(ME), .max_nodes = 3 };
	struct dm_item item = { .target = SLICE_LIT("./x"), .data = SLICE_LIT("v") };
	struct dm_cmd cmd = { .kind = DM_CMD_ADD, .items = &item, .nitems = 1 };

	assert_int_equal(dm_cmd_item(&env, &cmd, &item, NULL, NULL), DM_ST_DEVICE_FULL);
	item.target = SLICE_NONE;
	assert_int_equal(dm_cmd_item(&env, &cmd, &item, NULL, NULL), DM_ST_BAD_REQUEST);
}

static void replace(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/a", "one", NULL);
	far_node(f, "./T/b", "two", NULL);
	far_node(f, "./ro", "x", "Get=*");
	far_do(
	    f,
	    REP("2", "./T/a", "uno") REP("3", "./T/none", "v") REP("4", "./ro", "v")
		REP("5", "./DevInfo/Man", "v") REP("6", "./T", "v") REPF("7", "./T/a", "int", "x")
		    REP("8", "./T/a?prop=Name", "b") REP("9", "./T/a?prop=Name", "c")
			REP("10", "./T/c?prop=Title", "t") REP("11", "./T/c?prop=Format", "int")
			    REP("12", "./T/c?prop=Size", "1") REP("13", "./T/c?prop=TStamp", "1")
				REP("14", "./T/c?prop=Type", "1") REP("15", "./T/c?prop=VerNo", "1")
				    REP("16", "./T/c?prop=Nope", "1")
					REP("17", "./T/c?list=Struct", "1")
					    REP("18", "./T/c?prop=Name", "x/y")
						CMD("Replace", "19", BARE("./T/c"))
						    REPF("20", "./T/b", "int", "5")
							REP("21", "./DevInfo?prop=Name", "x"),
	    "S 2 Replace 200\nS 3 Replace 404\nS 4 Replace 425\nS 5 Replace 425\nS 6 Replace 405\n"
	    "S 7 Replace 415\nS 8 Replace 418\nS 9 Replace 200\nS 10 Replace 200\nS 11 Replace "
	    "405\n"
	    "S 12 Replace 405\nS 13 Replace 405\nS 14 Replace 405\nS 15 Replace 405\nS 16 Replace "
	    "406\n"
	    "S 17 Replace 405\nS 18 Replace 400\nS 19 Replace 400\nS 20 Replace 200\nS 21 Replace "
	    "425\n");
	assert_string_equal(far_value(f, "./T/c"), "uno");
	assert_string_equal(far_find(f, "./T/c")->title, "t");
	assert_int_equal(far_find(f, "./T/b")->format, DM_FMT_INT);
	assert_string_equal(far_value(f, "./DevInfo/Man"), "Maker");
}

/* With every right the ACL can give, permanent nodes stay. */
static void permanent(struct far_end *f)
{
	assert_int_equal(dm_tree_set_acl(f->tree, dm_tree_root(f->tree), SLICE_LIT(
		"Add=*&Get=*&Replace=*&Delete=*&Exec=*"), 0), 0);
	far_node(f, "./dyn", "v", NULL)->access = DM_ACC_GET;
	far_node(f, "./dyndir", NULL, NULL);
	far_node(f, "./dyndir/nodelete", "v", NULL)->access = DM_ACC_GET;
	far_do(f, DEL("2", "./DevInfo") DEL("3", ".") REP("4", "./DevInfo?prop=Name", "x")
	       REP("5", "./DevInfo/Man", "x") DEL("6", "./DMAcc") DEL("7", "./dyn")
	       DEL("8", "./dyndir/nodelete") DEL("9", "./dyndir"),
	       "S 2 Delete 405\nS 3 Delete 405\nS 4 Replace 405\nS 5 Replace 405\nS 6 Delete 405\n"
	       "S 7 Delete 405\nS 8 Delete 405\nS 9 Delete 200\n");
	assert_null(far_find(f, "./dyndir"));
	assert_non_null(far_find(f, "./DMAcc"));
}

static void delete_exec(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/d/e", "x", NULL);
	far_node(f, "./T/Run", NULL, NULL);
	far_node(f, "./T/NoExec", NULL, NULL)->access = DM_ACC_GET;
	far_node(f, "./ro", "x", "Get=*");
	far_do(f,
	       DEL("2", "./T/d?prop=ACL") DEL("3", "./T/d") DEL("4", "./T/d") DEL("5", "./ro")
		   DEL("6", ".") EXEC("7", "./T/Run") EXEC("8", "./T/NoExec") EXEC("9", "./T")
		       EXEC("10", "./ro") EXEC("11", "./none") EXEC("12", "./T?prop=ACL"),
	       "S 2 Delete 405\nS 3 Delete 200\nS 4 Delete 404\nS 5 Delete 425\nS 6 Delete 405\n"
	       "S 7 Exec 202\nS 8 Exec 405\nS 9 Exec 405\nS 10 Exec 425\nS 11 Exec 404\nS 12 Exec "
	       "405\n");
}

static void copy(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/a", "v", NULL);
	far_node(f, "./T/d", NULL, NULL);
	far_do(
	    f,
	    COPY("2", "./T/a", "./T/b") COPY("3", "./T/none", "./T/x") COPY("4", "./T/d", "./T/x")
		COPY("5", "./T/a", "./T/d") COPY("6", "./T/a?prop=ACL", "./T/x")
		    CMD("Copy", "7", BARE("./T/x")) COPY("8", "./T/a", "./DevDetail/LrgObj"),
	    "S 2 Copy 200\nS 3 Copy 404\nS 4 Copy 405\nS 5 Copy 403\nS 6 Copy 405\nS 7 Copy 400\n"
	    "S 8 Copy 425\n");
	assert_string_equal(far_value(f, "./T/b"), "v");
}

/* Secrets of accounts can be set, never read, copied or listed. */
static void secrets(struct far_end *f)
{
	far_node(f, "./DMAcc/x", NULL, ALL);
	far_do(f,
	       ADD("2", "./DMAcc/x/AppAuth/1/AAuthSecret", "s3cret")
		   GET("3", "./DMAcc/x/AppAuth/1/AAuthSecret")
		       COPY("4", "./DMAcc/x/AppAuth/1/AAuthSecret", "./DMAcc/x/c")
			   REP("5", "./DMAcc/x/AppAuth/1/AAuthSecret", "new")
			       GET("6", "./DMAcc/x/AppAuth/1/AAuthSecret?prop=Size")
				   GET("7", "./DMAcc/x/AppAuth/1?list=StructData"),
	       "S 2 Add 200\nS 3 Get 405\nS 4 Copy 405\nS 5 Replace 200\nS 6 Get 405\nS 7 Get 200\n"
	       "R 7 ./DMAcc/x/AppAuth/1 [node]\n");
	assert_string_equal(far_value(f, "./DMAcc/x/AppAuth/1/AAuthSecret"), "new");
}

static void tnds(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/old/gone", "x", NULL);
	far_node(f, "./T/old/kept", "x", NULL);
	far_do(f,
	       TNDS("Add", "2", "./T/new",
		    TDIR("new", "urn:x", TLEAF("a", "1") TDIR("d", "", TLEAF("b", "2"))))
		   TNDS("Add", "3", "./T/more", TLEAF("p", "1") TLEAF("q", "2"))
		       TNDS("Add", "4", "./T", TLEAF("ok", "1") TLEAF("new", "2"))
			   TNDS("Replace", "5", "./T/old",
				TDIR("old", "", TLEAF("kept", "y") TLEAF("fresh", "z")))
			       TNDS("Replace", "6", "./T/nowhere", TLEAF("a", "1"))
				   TNDS("Replace", "7", "./DevInfo", TLEAF("a", "1"))
				       TNDS("Add", "8", "./T/bad",
					    TNODE("bad",
						  "<ACL>Get=</ACL><Format><node/></Format>"
						  "<Type><DDFName/></Type>",
						  "")),
	       "S 2 Add 200\nS 3 Add 200\nS 4 Add 418\nS 5 Replace 200\nS 6 Replace 404\nS 7 "
	       "Replace 425\n"
	       "S 8 Add 400\n");
	assert_string_equal(far_value(f, "./T/new/d/b"), "2");
	assert_string_equal(far_find(f, "./T/new")->type, "urn:x");
	assert_string_equal(far_value(f, "./T/more/q"), "2");
	assert_null(far_find(f, "./T/ok"));
	assert_null(far_find(f, "./T/old/gone"));
	assert_string_equal(far_value(f, "./T/old/kept"), "y");
	assert_string_equal(far_value(f, "./T/old/fresh"), "z");
	assert_null(far_find(f, "./T/bad"));
}

/* A server's name is what every ACL knows it by: it cannot take another's, by any door. */
static void identity(struct far_end *f)
{
	far_node(f, "./DMAcc/me", NULL, ALL);
	far_node(f, "./DMAcc/me/Name", "other", NULL);
	far_node(f, "./DMAcc/me/ServerID", ME, NULL)->access =
		dm_account_access(far_find(f, "./DMAcc/me"), SLICE_LIT("ServerID"));
	far_node(f, "./DMAcc/o/ServerID", "other", NULL);
	far_do(f,
	       REP("2", "./DMAcc/me/ServerID", "other") DEL("3", "./DMAcc/me/ServerID")
	       REP("4", "./DMAcc/me/ServerID?prop=Name", "x")
	       REP("5", "./DMAcc/me/Name?prop=Name", "ServerID")
	       TNDS("Replace", "6", "./DMAcc/me", TLEAF("ServerID", "other"))
	       TNDS("Replace", "7", "./DMAcc/me", TLEAF("ServerID", "third"))
	       ADD("8", "./DMAcc/y/ServerID", "other") ADD("9", "./DMAcc/y/ServerID", ME)
	       ADD("10", "./DMAcc/y/ServerID", "new")
	       TNDS("Replace", "11", "./DMAcc/me", TLEAF("ServerID", ME)),
	       "S 2 Replace 405\nS 3 Delete 405\nS 4 Replace 405\nS 5 Replace 405\n"
	       "S 6 Replace 418\nS 7 Replace 405\nS 8 Add 418\nS 9 Add 418\nS 10 Add 200\n"
	       "S 11 Replace 200\n");
	assert_string_equal(far_value(f, "./DMAcc/me/ServerID"), ME);
	assert_null(far_find(f, "./DMAcc/me/Name"));
}

/* Opaque documents: escaped XML as the data of an item, and no decoder at all. */
static void tnds_document(struct far_end *f)
{
	static const char body[] =
	    CMD("Add", "2",
		"<Meta><Type xmlns='syncml:metinf'>"
		"application/vnd.syncml.dmtnds+xml</Type></Meta><Item><Target><LocURI>./T/n</"
		"LocURI></Target>"
		"<Data><![CDATA[<MgmtTree "
		"xmlns='syncml:dmddf1.2'><VerDTD>1.2</VerDTD><Node><NodeName>n</NodeName>"
		"<RTProperties><Format><node/></Format><Type><DDFName/></Type></RTProperties></"
		"Node></MgmtTree>]]>"
		"</Data></Item>");
	struct dm_cmd_env env = { .tree = f->tree, .trusted = true };
	struct dm_item item = { .target = SLICE_LIT("./T/m"), .data = SLICE_LIT("<x/>"),
				.meta.type = SLICE_LIT("application/vnd.syncml.dmtnds+xml") };
	struct dm_cmd cmd = { .kind = DM_CMD_ADD, .items = &item, .nitems = 1 };

	far_node(f, "./T", NULL, ALL);
	far_do(f, body, "S 2 Add 200\n");
	assert_non_null(far_find(f, "./T/n"));
	assert_int_equal(dm_cmd_add(&env, &cmd, &item), DM_ST_BAD_FORMAT);
	env.tnds = &far_tnds_ops;
	assert_int_equal(dm_cmd_add(&env, &cmd, &item), DM_ST_BAD_REQUEST);
}

static void per_item(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_do(f,
	       CMD("Add", "2", ITEM("./T/a", "", "1") ITEM("./T/a", "", "2") ITEM("./T/b", "", "3"))
		   CMD("Get", "3", BARE("./T/a") BARE("./T/x")) CMD("Get", "4", ""),
	       "S 2 Add 200\nS 2 Add 418\nS 2 Add 200\nS 3 Get 200\nR 3 ./T/a 1\nS 3 Get 404\nS 4 "
	       "Get 400\n");
}

#define CASE(fn) static void test_##fn(void **state) { far_with(fn); }
CASE(get_values)
CASE(get_props) CASE(get_list) CASE(add_nodes) CASE(limits) CASE(full) CASE(replace) CASE(permanent)
    CASE(delete_exec) CASE(copy) CASE(secrets) CASE(tnds) CASE(tnds_document) CASE(per_item)
    CASE(identity)

	int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_get_values),	  cmocka_unit_test(test_get_props),
	    cmocka_unit_test(test_get_list),	  cmocka_unit_test(test_add_nodes),
	    cmocka_unit_test(test_limits),	  cmocka_unit_test(test_full),
	    cmocka_unit_test(test_replace),	  cmocka_unit_test(test_permanent),
	    cmocka_unit_test(test_delete_exec),	  cmocka_unit_test(test_copy),
	    cmocka_unit_test(test_secrets),	  cmocka_unit_test(test_tnds),
	    cmocka_unit_test(test_tnds_document), cmocka_unit_test(test_per_item),
	    cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
