// SPDX-License-Identifier: GPL-2.0-or-later
/* The eight properties and each command on each of them, rule by rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"

#define ME  FAR_SERVER
#define ALL "Add=" ME "&Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME

static void tree(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/leaf", "one", NULL);
	far_node(f, "./T/dir/x", "two", NULL);
}

/* Rules: PROP-1 PROP-2 PROP-SIZE-1 PROP-TSTAMP-1 PROP-TYPE-1 PROP-FORMAT-1 PROP-NAME-1 PROP-VERNO-1
 */
static void get_each(struct far_end *f)
{
	struct dm_node *n;

	tree(f);
	n = far_find(f, "./T/leaf");
	n->tstamp = 994869497;
	n->verno = 65535;
	far_do(f,
	       GET("2", "./T/leaf?prop=ACL") GET("3", "./T/leaf?prop=Format")
		   GET("4", "T/leaf?prop=Name") GET("5", "./T/leaf?prop=Size")
		       GET("6", "./T/leaf?prop=Title") GET("7", "./T/leaf?prop=TStamp")
			   GET("8", "./T/leaf?prop=Type") GET("9", "./T/leaf?prop=VerNo"),
	       "S 2 Get 200\nR 2 ./T/leaf?prop=ACL \nS 3 Get 200\nR 3 ./T/leaf?prop=Format chr\n"
	       "S 4 Get 200\nR 4 T/leaf?prop=Name leaf\nS 5 Get 200\nR 5 ./T/leaf?prop=Size 3\n"
	       "S 6 Get 200\nR 6 ./T/leaf?prop=Title \nS 7 Get 200\nR 7 ./T/leaf?prop=TStamp "
	       "20010711T163817Z\n"
	       "S 8 Get 200\nR 8 ./T/leaf?prop=Type text/plain\nS 9 Get 200\nR 9 "
	       "./T/leaf?prop=VerNo 65535\n");
	assert_null(strstr(strstr(buf_cstr(&f->out), "<Results>"), "<Meta>"));
}

/* Rules: PROP-SIZE-3 PROP-3 PROP-FORMAT-3 */
static void get_interior(struct far_end *f)
{
	tree(f);
	far_do(
	    f,
	    GET("2", "./T?prop=Size") GET("3", "./T?prop=Format") GET("4", "./T?prop=Type")
		GET("5", ".?prop=Name") GET("6", "./T?prop=Nonsense") GET("7", "./T?prop=acl")
		    GET("8", "./T?prop=") GET("9", "./T?prop=Value")
			REP("10", "./T?prop=Nonsense", "v") GET("11", "./none?prop=ACL"),
	    "S 2 Get 406\nS 3 Get 200\nR 3 ./T?prop=Format node\nS 4 Get 200\nR 4 ./T?prop=Type \n"
	    "S 5 Get 200\nR 5 .?prop=Name .\nS 6 Get 406\nS 7 Get 406\nS 8 Get 406\nS 9 Get 406\n"
	    "S 10 Replace 406\nS 11 Get 404\n");
}

#define ON(p)                                                                                      \
	ADD("2", "./T/leaf?prop=" p, "v")                                                          \
	DEL("3", "./T/leaf?prop=" p)                                                               \
	EXEC("4", "./T/leaf?prop=" p) COPY("5", "./T/leaf?prop=" p, "./T/y")                       \
	    COPY("6", "./T/leaf", "./T/leaf?prop=" p)
#define REFUSED "S 2 Add 405\nS 3 Delete 405\nS 4 Exec 405\nS 5 Copy 405\nS 6 Copy 405\n"

/* Add, Delete, Exec and Copy are for no property. Rules: PROP-4 PROP-5 */
static void other_commands(struct far_end *f)
{
	tree(f);
	far_do(f, ON("ACL"), REFUSED);
	far_do(f, ON("Format"), REFUSED);
	far_do(f, ON("Name"), REFUSED);
	far_do(f, ON("Size"), REFUSED);
	far_do(f, ON("Title"), REFUSED);
	far_do(f, ON("TStamp"), REFUSED);
	far_do(f, ON("Type"), REFUSED);
	far_do(f, ON("VerNo"), REFUSED);
	far_do(f,
	       ADD("2", "./T/new?prop=Mine", "v")
		   TNDS("Add", "3", "./T/new?prop=ACL", TLEAF("a", "1")),
	       "S 2 Add 405\nS 3 Add 405\n");
	assert_null(far_find(f, "./T/y"));
	assert_string_equal(far_value(f, "./T/leaf"), "one");
}

/* Rules: PROP-6 */
static void read_only(struct far_end *f)
{
	tree(f);
	far_do(f,
	       REP("2", "./T/leaf?prop=Format", "int") REP("3", "./T/leaf?prop=Size", "1")
		   REP("4", "./T/leaf?prop=TStamp", "20010711T163817Z")
		       REP("5", "./T/leaf?prop=Type", "x/y") REP("6", "./T/leaf?prop=VerNo", "1")
			   REP("7", "./T?prop=Size", "1"),
	       "S 2 Replace 405\nS 3 Replace 405\nS 4 Replace 405\nS 5 Replace 405\nS 6 Replace "
	       "405\nS 7 Replace 405\n");
	assert_int_equal(far_find(f, "./T/leaf")->verno, 0);
	assert_int_equal(far_find(f, "./T/leaf")->format, DM_FMT_CHR);
}

#define T50 "ttttttttttttttttttttttttttttttttttttttttttttttttttt" /* 51 */
/* Rules: PROP-TITLE-1 PROP-TITLE-2 PROP-7 */
static void title(struct far_end *f)
{
	tree(f);
	far_do(f,
	       REP("2", "./T/leaf?prop=Title", T50 T50 T50 T50 T50)
		   REP("3", "./T?prop=Title", T50 T50 T50 T50 T50 "t")
		       REP("4", "./T?prop=Title", "\xc3\xa4") GET("5", "./T?prop=Title")
			   CMD("Replace", "6", ITEM("./T?prop=Title", META("b64"), "AAEC"))
			       REP("7", "./T?prop=Title", "") GET("8", "./T?prop=Title")
				   CMD("Replace", "9", ITEM("./T?prop=Title", META("chr"), "x")),
	       "S 2 Replace 200\nS 3 Replace 413\nS 4 Replace 200\nS 5 Get 200\nR 5 ./T?prop=Title "
	       "\xc3\xa4\n"
	       "S 6 Replace 415\nS 7 Replace 200\nS 8 Get 200\nR 8 ./T?prop=Title \nS 9 Replace "
	       "200\n");
	assert_int_equal(strlen(far_find(f, "./T/leaf")->title), 255);
	assert_null(far_find(f, "./T/dir")->title);
}

/* A rename: the node is the same, what is below it too. Rules: PROP-NAME-2 PROP-NAME-3 */
static void rename_node(struct far_end *f)
{
	tree(f);
	far_do(f,
	       REP("2", "./T/dir?prop=Name", "New") GET("3", "./T/New/x") GET("4", "./T/dir")
		   GET("5", "./T") REP("6", "./T/New?prop=Name", "leaf")
		       REP("7", "./T/New?prop=Name", "New") REP("8", "./T/leaf?prop=Name", "New")
			   GET("9", "./T/leaf?prop=Name") ADD("10", "./T/dir", "v"),
	       "S 2 Replace 200\nS 3 Get 200\nR 3 ./T/New/x two\nS 4 Get 404\nS 5 Get 200\nR 5 ./T "
	       "[node] leaf/New\n"
	       "S 6 Replace 418\nS 7 Replace 200\nS 8 Replace 418\nS 9 Get 200\nR 9 "
	       "./T/leaf?prop=Name leaf\nS 10 Add 200\n");
}

/* Names are names; permanent nodes and the root keep theirs. Rules: PROP-NAME-4 PROP-NAME-5 NODE-5
 */
static void rename_refused(struct far_end *f)
{
	tree(f);
	far_node(f, "./T/fixed", "x", NULL)->flags = DM_NODE_PERMANENT;
	assert_int_equal(
	    dm_tree_set_acl(f->tree, dm_tree_root(f->tree), SLICE_LIT("Add=*&Get=*&Replace=*"), 0),
	    0);
	far_do(f,
	       REP("2", "./T/fixed?prop=Name", "y") REP("3", ".?prop=Name", "y")
		   REP("4", "./T/leaf?prop=Name", "a/b") REP("5", "./T/leaf?prop=Name", "")
		       REP("6", "./T/leaf?prop=Name", ".") REP("7", "./T/leaf?prop=Name", "..") REP(
			   "8", "./T/leaf?prop=Name", "a?b") REP("9", "./DevInfo?prop=Name", "x")
			   REP("10", "./T/leaf?prop=Name",
			       "12345678901234567890123456789012345678901234567890123456789012345"),
	       "S 2 Replace 405\nS 3 Replace 405\nS 4 Replace 400\nS 5 Replace 400\nS 6 Replace "
	       "400\nS 7 Replace 400\n"
	       "S 8 Replace 400\nS 9 Replace 405\nS 10 Replace 414\n");
	assert_string_equal(far_value(f, "./T/leaf"), "one");
}

/* Nothing below may become longer than a URI may be, in characters. Rules: PROP-NAME-6 */
static void rename_too_long(struct far_end *f)
{
	f->cfg.limits = (struct dm_uri_limits){.max_total = 20};
	tree(f);
	far_node(f, "./T/dir/0123456789", "v", NULL);
	far_do(f,
	       REP("2", "T/dir?prop=Name", "12345678") REP("3", "T/dir?prop=Name", "1234567")
		   REP("4", "T/1234567?prop=Name",
		       "\xc3\xa4"
		       "234567") REP("5", "T/leaf?prop=Name", "123456789012345678")
		       REP("6", "T/leaf?prop=Name", "1234567890123456789"),
	       "S 2 Replace 414\nS 3 Replace 200\nS 4 Replace 200\nS 5 Replace 200\nS 6 Replace "
	       "404\n");
	assert_non_null(far_find(f, "./T/\xc3\xa4"
				    "234567/0123456789"));
	assert_int_equal(dm_node_uri_chars(far_find(f, "./T/\xc3\xa4"
						       "234567/0123456789")),
			 20);
}

/* Looking at all that is below costs, and a message may not cost without end. */
static void rename_work(struct far_end *f)
{
	struct dm_cmd_env env = {.tree = f->tree, .server = SLICE_LIT(ME)};
	struct dm_item item = {.data = SLICE_LIT("longer")};
	struct dm_cmd cmd = {.kind = DM_CMD_REPLACE, .items = &item, .nitems = 1};
	enum dm_status st = DM_ST_OK;
	unsigned int n = 0;

	tree(f);
	for (unsigned int i = 0; i < 1000; i++) {
		char uri[32];

		snprintf(uri, sizeof(uri), "./T/dir/n%u", i);
		far_node(f, uri, "v", NULL);
	}
	for (; st == DM_ST_OK && n < 5000; n++) {
		item.target = SLICE_LIT("./T/dir?prop=Name");
		item.data = SLICE_LIT("longer");
		st = dm_cmd_item(&env, &cmd, &item, NULL, NULL);
		item.target = SLICE_LIT("./T/longer?prop=Name");
		item.data = SLICE_LIT("dir");
		if (st == DM_ST_OK)
			st = dm_cmd_item(&env, &cmd, &item, NULL, NULL);
	}
	assert_int_equal(st, DM_ST_TOO_LARGE);
	assert_in_range(n, DM_MAX_WORK / 1100, DM_MAX_WORK / 900);
}

/* Who may not Replace the node may not rename or entitle it. Rules: PROP-NAME-7 PROP-8 */
static void rights(struct far_end *f)
{
	far_node(f, "./ro", NULL, "Get=*");
	far_node(f, "./ro/leaf", "x", NULL);
	far_node(f, "./rw", "x", "Replace=" ME);
	far_do(f,
	       REP("2", "./ro?prop=Name", "y") REP("3", "./ro/leaf?prop=Title", "y")
		   GET("4", "./rw?prop=Title") REP("5", "./rw?prop=Title", "y")
		       REP("6", "./rw?prop=Name", "rx"),
	       "S 2 Replace 425\nS 3 Replace 425\nS 4 Get 425\nS 5 Replace 200\nS 6 Replace 200\n");
	assert_string_equal(far_find(f, "./rx")->title, "y");
}

/* Every change counts, and the count goes round. Rules: PROP-VERNO-2 PROP-VERNO-3 PROP-TSTAMP-2 */
static void counted(struct far_end *f)
{
	struct dm_node *n;

	tree(f);
	n = far_find(f, "./T/leaf");
	n->verno = 65533;
	n->tstamp = 1;
	far_do(
	    f,
	    REP("2", "./T/leaf", "x") REP("3", "./T/leaf?prop=Title", "t")
		REP("4", "./T/leaf?prop=ACL", "Get=*") GET("5", "./T/leaf?prop=VerNo")
		    REP("6", "./T/leaf", "none") GET("7", "./T/leaf?prop=VerNo")
			GET("8", "./T/leaf?prop=TStamp") ADD("9", "./T/new", "v")
			    GET("10", "./T/new?prop=TStamp") GET("11", "./T/new?prop=VerNo"),
	    "S 2 Replace 200\nS 3 Replace 200\nS 4 Replace 200\nS 5 Get 200\nR 5 "
	    "./T/leaf?prop=VerNo 0\n"
	    "S 6 Replace 425\nS 7 Get 200\nR 7 ./T/leaf?prop=VerNo 0\nS 8 Get 200\n"
	    "R 8 ./T/leaf?prop=TStamp 20010909T014640Z\nS 9 Add 200\nS 10 Get 200\n"
	    "R 10 ./T/new?prop=TStamp 20010909T014640Z\nS 11 Get 200\nR 11 ./T/new?prop=VerNo 0\n");
}

/* What the device itself changes counts too. Rules: PROP-9 */
static void local_changes(struct far_end *f)
{
	struct dm_node *n;

	tree(f);
	n = far_find(f, "./T/leaf");
	assert_int_equal(dm_tree_set_acl(f->tree, n, SLICE_LIT("Get=*"), 7), 0);
	assert_true(n->verno == 1 && n->tstamp == 7);
	assert_int_equal(dm_tree_set_value(f->tree, n, DM_FMT_CHR, SLICE_NONE, SLICE_LIT("v"), 8),
			 0);
	assert_true(n->verno == 2 && n->tstamp == 8);
	assert_int_equal(dm_tree_set_title(f->tree, n, SLICE_LIT("t"), 9), 0);
	assert_true(n->verno == 3 && n->tstamp == 9);
	assert_int_equal(dm_tree_rename(f->tree, n, SLICE_LIT("other"), 10), 0);
	assert_true(n->verno == 4 && n->tstamp == 10);
}

/* The property is the node's own; only the ACL is inherited. Rules: PROP-10 */
static void no_inheritance(struct far_end *f)
{
	tree(f);
	assert_int_equal(dm_tree_set_title(f->tree, far_find(f, "./T"), SLICE_LIT("t"), 0), 0);
	assert_int_equal(dm_tree_set_type(f->tree, far_find(f, "./T"), SLICE_LIT("urn:t"), 0), 0);
	far_do(f, GET("2", "./T/dir?prop=Title") GET("3", "./T/dir?prop=Type") GET("4", "./T/dir"),
	       "S 2 Get 200\nR 2 ./T/dir?prop=Title \nS 3 Get 200\nR 3 ./T/dir?prop=Type \n"
	       "S 4 Get 200\nR 4 ./T/dir [node] x\n");
}

/* How long a secret is says something about it. Rules: PROP-SIZE-4 */
static void size_of_secret(struct far_end *f)
{
	tree(f);
	far_node(f, "./T/secret", "four", NULL)->access = DM_ACC_ALL & ~DM_ACC_GET;
	far_do(f, GET("2", "./T/secret?prop=Size") GET("3", "./T/secret?prop=ACL"),
	       "S 2 Get 405\nS 3 Get 200\nR 3 ./T/secret?prop=ACL \n");
}

#define CASES(X) \
	X(get_each) X(get_interior) X(other_commands) X(read_only) X(title) \
	X(rename_node) X(rename_refused) X(rename_too_long) X(rename_work) X(rights) \
	X(counted) X(local_changes) X(no_inheritance) X(size_of_secret)

FAR_TESTS(CASES)
