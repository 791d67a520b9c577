// SPDX-License-Identifier: GPL-2.0-or-later
/* Get: values, children, properties and lists, rule by rule. */
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
	far_node(f, "./T/empty", NULL, NULL);
	far_node(f, "./T/dir/b", "two", NULL);
	far_node(f, "./T/dir/hidden", NULL, "Get=other");
	far_node(f, "./T/dir/hidden/x", "three", "Get=*");
	far_node(f, "./T/dir/secret", "four", NULL)->access = DM_ACC_ALL & ~DM_ACC_GET;
}

/* Rules: CMD-GET-1 CMD-GET-2 CMD-GET-3 NODE-2 NODE-3 NODE-4 */
static void get_value(struct far_end *f)
{
	tree(f);
	far_do(f, GET("2", "./T/leaf") GET("3", "T/leaf") GET("4", "./T") GET("5", "./T/empty"),
	       "S 2 Get 200\nR 2 ./T/leaf one\nS 3 Get 200\nR 3 T/leaf one\n"
	       "S 4 Get 200\nR 4 ./T [node] leaf/empty/dir\nS 5 Get 200\nR 5 ./T/empty [node] \n");
	/* The list of children is text, and says so. */
	assert_int_equal(far_message(f, 212, GET("2", "./T/empty"), true), 1);
	assert_non_null(strstr(buf_cstr(&f->out), ">node</Format>"));
	assert_non_null(strstr(buf_cstr(&f->out), ">text/plain</Type>"));
	assert_non_null(strstr(buf_cstr(&f->out), "<Data/>"));
}

/* Each item has its own Status, its Results right behind. Rules: CMD-GET-4 CMD-1 */
static void get_items(struct far_end *f)
{
	tree(f);
	far_do(f,
	       CMD("Get", "2",
		   BARE("./T/leaf") BARE("./T/none") BARE("./T/dir/b") BARE("./T/dir/hidden")),
	       "S 2 Get 200\nR 2 ./T/leaf one\nS 2 Get 404\nS 2 Get 200\nR 2 ./T/dir/b two\nS 2 "
	       "Get 425\n");
}

/* Rules: CMD-GET-5 CMD-GET-6 CMD-GET-7 STATUS-404 STATUS-425 STATUS-405 */
static void get_fails(struct far_end *f)
{
	tree(f);
	far_node(f, "./hidden", "x", "Replace=" ME);
	far_do(f,
	       GET("2", "./T/none") GET("3", "./hidden") GET("4", "./T/dir/secret")
		   GET("5", "./T/dir/hidden") GET("6", "./T/leaf/none") GET("7", "./hidden/none"),
	       "S 2 Get 404\nS 3 Get 425\nS 4 Get 405\nS 5 Get 425\nS 6 Get 404\nS 7 Get 404\n");
}

/* Nothing of the Inbox is ever read. Rules: CMD-GET-8 */
static void get_inbox(struct far_end *f)
{
	assert_int_equal(dm_tree_set_acl(f->tree, far_find(f, "./Inbox"), SLICE_LIT("Get=*"), 0),
			 0);
	far_do(f,
	       GET("2", "./Inbox") GET("3", "./Inbox/x") GET("4", "./Inbox?prop=ACL")
		   GET("5", "Inbox?list=Struct"),
	       "S 2 Get 405\nS 3 Get 405\nS 4 Get 405\nS 5 Get 405\n");
	assert_int_equal(far_message(f, 212, GET("2", ".?list=Struct"), true), 1);
	assert_non_null(strstr(buf_cstr(&f->said), "R 2 ./DevInfo "));
	assert_null(strstr(buf_cstr(&f->said), "Inbox"));
}

/* A value of another format than chr says so, and of another type than text/plain. Rules: CMD-GET-9
 */
static void get_meta(struct far_end *f)
{
	struct dm_node *n;

	tree(f);
	n = far_find(f, "./T/leaf");
	assert_int_equal(
	    dm_tree_set_value(f->tree, n, DM_FMT_INT, SLICE_LIT("text/x-n"), SLICE_LIT("5"), 0), 0);
	far_do(f, GET("2", "./T/leaf"), "S 2 Get 200\nR 2 ./T/leaf [int] 5\n");
	assert_non_null(strstr(buf_cstr(&f->out), ">text/x-n</Type>"));
	far_do(f, GET("2", "./T/dir/b"), "S 2 Get 200\nR 2 ./T/dir/b two\n");
	assert_null(strstr(strstr(buf_cstr(&f->out), "<Results>"), "<Meta>"));
}

/* Rules: CMD-GET-10 */
static void get_too_large(struct far_end *f)
{
	tree(f);
	far_start(f);
	f->hdr_extra = "<Meta><MaxObjSize xmlns='syncml:metinf'>2</MaxObjSize></Meta>";
	far_do(f,
	       GET("2", "./T/leaf") GET("3", "./T/dir?list=StructData")
		   GET("4", "./T/leaf?prop=Size"),
	       "S 2 Get 413\nS 3 Get 413\nS 4 Get 200\nR 4 ./T/leaf?prop=Size 3\n");
}

/* Rules: LIST-1 LIST-2 LIST-3 LIST-4 */
static void list_struct(struct far_end *f)
{
	tree(f);
	far_find(f, "./T/dir")->type = strdup("urn:x");
	far_do(f,
	       GET("2", "./T?list=Struct") GET("3", "T/dir?list=StructData")
		   GET("4", "./T/leaf?list=Struct"),
	       "S 2 Get 200\nR 2 ./T [node]\nR 2 ./T/leaf [chr]\nR 2 ./T/empty [node]\nR 2 ./T/dir "
	       "[node]\n"
	       "R 2 ./T/dir/b [chr]\nS 3 Get 200\nR 3 ./T/dir [node]\nR 3 ./T/dir/b [chr] two\n"
	       "S 4 Get 200\nR 4 ./T/leaf [chr]\n");
	assert_non_null(strstr(buf_cstr(&f->out), ">urn:x</Type>"));
}

/* What may not be read is as if it were not there, and so is all below it. Rules: LIST-5 LIST-6 */
static void list_unreadable(struct far_end *f)
{
	static const char *const lists[] = {"Struct", "StructData", "TNDS"};

	tree(f);
	far_start(f);
	for (size_t i = 0; i < 3; i++) {
		char body[200];

		snprintf(body, sizeof(body),
			 "<Get><CmdID>2</CmdID><Item><Target><LocURI>./T/dir?list=%s"
			 "</LocURI></Target></Item></Get>",
			 lists[i]);
		assert_int_equal(far_message(f, 212, body, true), 1);
		assert_non_null(strstr(buf_cstr(&f->said), "S 2 Get 200"));
		assert_non_null(strstr(buf_cstr(&f->said), "b"));
		assert_null(strstr(buf_cstr(&f->said), "hidden"));
		assert_null(strstr(buf_cstr(&f->said), "three"));
		assert_null(strstr(buf_cstr(&f->said), "secret"));
		assert_null(strstr(buf_cstr(&f->said), "four"));
	}
	far_do(f, GET("2", "./T/dir/hidden?list=Struct") GET("3", "./T/dir/secret?list=TNDS"),
	       "S 2 Get 425\nS 3 Get 405\n");
}

static bool has(struct far_end *f, const char *text)
{
	return strstr(buf_cstr(&f->said), text) != NULL;
}

/* The whole object: every property a serialized tree can have. Rules: LIST-7 LIST-8 LIST-9 TNDS-19
 */
static void list_tnds(struct far_end *f)
{
	struct dm_node *n;

	tree(f);
	n = far_find(f, "./T/dir/b");
	n->tstamp = 0;
	n->verno = 7;
	assert_int_equal(dm_tree_set_acl(f->tree, n, SLICE_LIT("Get=*"), 0), 0);
	assert_int_equal(dm_tree_set_title(f->tree, n, SLICE_LIT("a title"), 0), 0);
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "T/dir?list=TNDS"), true), 1);
	assert_true(has(f, "R 2 T/dir [xml] <MgmtTree"));
	assert_true(has(f, "<VerDTD>1.2</VerDTD>"));
	assert_true(has(f, "<NodeName>dir</NodeName>"));
	assert_true(has(f, "<Format><chr/></Format>"));
	assert_true(has(f, "<MIME>text/plain</MIME>"));
	assert_true(has(f, "<ACL>Get=*</ACL>"));
	assert_true(has(f, "<Title>a title</Title>"));
	assert_true(has(f, "<TStamp>19700101T000000Z</TStamp>"));
	assert_true(has(f, "<VerNo>9</VerNo>"));
	assert_true(has(f, "<Value>two</Value>"));
	assert_non_null(strstr(buf_cstr(&f->out), ">application/vnd.syncml.dmtnds+xml</Type>"));
	assert_int_equal(far_message(f, 212, GET("2", "./T/leaf?list=TNDS"), true), 1);
	assert_true(has(f, "<Value>one</Value>"));
}

/* Rules: LIST-10 LIST-11 */
static void list_tnds_some(struct far_end *f)
{
	struct dm_node *n;

	tree(f);
	n = far_find(f, "./T/dir/b");
	assert_int_equal(dm_tree_set_acl(f->tree, n, SLICE_LIT("Get=*"), 0), 0);
	assert_int_equal(dm_tree_set_title(f->tree, n, SLICE_LIT("a title"), 0), 0);
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "./T/dir?list=TNDS+Value+ACL"), true), 1);
	assert_true(has(f, "<Value>two</Value>") && has(f, "<ACL>Get=*</ACL>"));
	assert_false(has(f, "<Format>") || has(f, "<Type>") || has(f, "<VerNo>") ||
		     has(f, "<TStamp>") || has(f, "<Title>"));
	assert_int_equal(far_message(f, 212, GET("2", "./T/dir?list=TNDS-Format-Value"), true), 1);
	assert_true(has(f, "<MIME>text/plain</MIME>") && has(f, "<VerNo>") && has(f, "<TStamp>") &&
		    has(f, "<Title>") && has(f, "<ACL>"));
	assert_false(has(f, "<Value>") || has(f, "<Format>"));
}

/* Rules: LIST-12 LIST-13 STATUS-406 */
static void list_refused(struct far_end *f)
{
	tree(f);
	far_do(f,
	       GET("2", "./T?list=Other") GET("3", "./T?list=TNDS+Nonsense")
		   GET("4", "./T?list=TNDS+Value-ACL") GET("5", "./T?list=TNDS-Value+ACL")
		       GET("6", "./T?list=TNDS+") GET("7", "./T?list=TNDSx") GET("8", "./T?list=")
			   GET("9", "./T?list=TNDS+Size") GET("10", "./T?list=TNDS-Name")
			       GET("11", "./T?list=struct")
				   GET("12", "./T?list=TNDS+Value+Nonsense"),
	       "S 2 Get 406\nS 3 Get 406\nS 4 Get 406\nS 5 Get 406\nS 6 Get 406\nS 7 Get 406\nS 8 "
	       "Get 406\n"
	       "S 9 Get 406\nS 10 Get 406\nS 11 Get 406\nS 12 Get 406\n");
}

/* A list is to read only. Rules: LIST-14 */
static void list_read_only(struct far_end *f)
{
	tree(f);
	far_do(f,
	       REP("2", "./T?list=Struct", "v") ADD("3", "./T/x?list=Struct", "v")
		   DEL("4", "./T?list=Struct") EXEC("5", "./T?list=TNDS")
		       COPY("6", "./T/leaf?list=Struct", "./T/x")
			   COPY("7", "./T/leaf", "./T/x?list=TNDS"),
	       "S 2 Replace 405\nS 3 Add 405\nS 4 Delete 405\nS 5 Exec 405\nS 6 Copy 405\nS 7 Copy "
	       "405\n");
	assert_null(far_find(f, "./T/x"));
}

#define CASES(X) \
	X(get_value) X(get_items) X(get_fails) X(get_inbox) X(get_meta) \
	X(get_too_large) X(list_struct) X(list_unreadable) X(list_tnds) \
	X(list_tnds_some) X(list_refused) X(list_read_only)

FAR_TESTS(CASES)
