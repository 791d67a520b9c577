// SPDX-License-Identifier: GPL-2.0-or-later
/* Delete, Copy, Exec, and what every command has in common, rule by rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm/account.h"
#include "dm_far_end.h"

#define ME  FAR_SERVER
#define ALL "Add=" ME "&Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME

static void tree(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/leaf", "one", NULL);
	far_node(f, "./T/dir/a/b", "two", NULL);
	far_node(f, "./T/dir/c", "three", "Get=other");
}

/* The whole subtree goes, whatever the ACLs below say. Rules: CMD-DEL-1 NODE-6 */
static void deletes(struct far_end *f)
{
	size_t n;

	tree(f);
	n = dm_tree_count(f->tree);
	far_do(f,
	       DEL("2", "./T/dir") GET("3", "./T/dir") GET("4", "./T/dir/a/b") GET("5", "./T")
		   DEL("6", "./T/leaf"),
	       "S 2 Delete 200\nS 3 Get 404\nS 4 Get 404\nS 5 Get 200\nR 5 ./T [node] leaf\nS 6 "
	       "Delete 200\n");
	assert_int_equal(dm_tree_count(f->tree), n - 5);
	assert_null(far_find(f, "./T")->first_child);
}

/* Rules: CMD-DEL-2 CMD-DEL-3 CMD-DEL-4 CMD-DEL-5 CMD-DEL-6 NODE-5 NODE-7 */
static void delete_refused(struct far_end *f)
{
	tree(f);
	assert_int_equal(dm_tree_set_acl(f->tree, dm_tree_root(f->tree),
					 SLICE_LIT("Add=*&Get=*&Replace=*&Delete=*&Exec=*"), 0),
			 0);
	far_node(f, "./D/p", "x", NULL)->flags = DM_NODE_PERMANENT;
	far_node(f, "./E/nodelete", "x", NULL)->access = DM_ACC_GET;
	far_do(f,
	       DEL("2", "./DevInfo") DEL("3", ".") DEL("4", "./D/p") DEL("5", "./D")
		   DEL("6", "./E/nodelete") DEL("7", "./E") DEL("8", "./none") DEL("9", "./E"),
	       "S 2 Delete 405\nS 3 Delete 405\nS 4 Delete 405\nS 5 Delete 405\nS 6 Delete 405\nS "
	       "7 Delete 200\n"
	       "S 8 Delete 404\nS 9 Delete 404\n");
	assert_string_equal(far_value(f, "./D/p"), "x");
}

/* The root answers 405 to a server without the right, too. Rules: CMD-DEL-3 CMD-DEL-7 */
static void delete_rights(struct far_end *f)
{
	tree(f);
	far_node(f, "./T/other", NULL, "Get=*");
	far_do(f, DEL("2", ".") DEL("3", "./T/other") DEL("4", "./T/dir/c"),
	       "S 2 Delete 405\nS 3 Delete 425\nS 4 Delete 425\n");
	assert_non_null(far_find(f, "./T/other"));
}

/* Rules: CMD-COPY-1 CMD-COPY-2 CMD-COPY-3 CMD-COPY-4 */
static void copies(struct far_end *f)
{
	struct dm_node *n;

	tree(f);
	n = far_node(f, "./T/src", "x", NULL);
	assert_int_equal(
	    dm_tree_set_value(f->tree, n, DM_FMT_INT, SLICE_LIT("text/x-n"), SLICE_LIT("7"), 0), 0);
	far_do(f,
	       COPY("2", "./T/src", "./T/new") COPY("3", "./T/src", "./T/leaf")
		   COPY("4", "T/src", "./T/p/q") REP("5", "./T/src", "8") GET("6", "./T/new")
		       GET("7", "./T/leaf") GET("8", "./T/leaf?prop=Type") GET("9", "./T/p/q")
			   COPY("10", "./T/leaf", "./T/leaf"),
	       "S 2 Copy 200\nS 3 Copy 200\nS 4 Copy 200\nS 5 Replace 200\nS 6 Get 200\nR 6 "
	       "./T/new [int] 7\n"
	       "S 7 Get 200\nR 7 ./T/leaf [int] 7\nS 8 Get 200\nR 8 ./T/leaf?prop=Type text/x-n\n"
	       "S 9 Get 200\nR 9 ./T/p/q [int] 7\nS 10 Copy 200\n");
	assert_string_equal(far_value(f, "./T/leaf"), "7");
	assert_null(far_find(f, "./T/new")->acl);
}

/* Rules: CMD-COPY-5 CMD-COPY-6 CMD-COPY-7 CMD-COPY-8 CMD-COPY-9 STATUS-403 */
static void copy_refused(struct far_end *f)
{
	tree(f);
	far_node(f, "./T/ro", "x", NULL)->access = DM_ACC_GET;
	far_node(f, "./T/fixed", "5", NULL)->flags = DM_NODE_PERMANENT;
	far_find(f, "./T/fixed")->format = DM_FMT_INT;
	far_node(f, "./T/nocopy", "x", NULL)->access = DM_ACC_ALL & ~DM_ACC_COPY;
	far_do(f,
	       COPY("2", "./T/dir", "./T/x") COPY("3", "./T/leaf", "./T/dir")
		   COPY("4", "./T/leaf", "./T/ro") COPY("5", "./T/leaf", "./T/fixed")
		       COPY("6", "./T/none", "./T/x") COPY("7", "./T/nocopy", "./T/x")
			   CMD("Copy", "8", BARE("./T/x")) COPY("9", "./T/leaf", "./Inbox/x")
			       COPY("10", "./Inbox/x", "./T/x") COPY("11", "./T/leaf", "./T/leaf/x")
				   COPY("12", "./T/leaf", "."),
	       "S 2 Copy 405\nS 3 Copy 403\nS 4 Copy 403\nS 5 Copy 403\nS 6 Copy 404\nS 7 Copy "
	       "405\nS 8 Copy 400\n"
	       "S 9 Copy 405\nS 10 Copy 405\nS 11 Copy 405\nS 12 Copy 425\n");
	assert_null(far_find(f, "./T/x"));
	assert_string_equal(far_value(f, "./T/ro"), "x");
}

static enum dm_status answer;
static char told[64];

static enum dm_status exec(void *ctx, struct dm_tree *t, struct dm_node *n, struct slice data,
			   struct slice correlator)
{
	snprintf(told, sizeof(told), "%s %.*s %.*s", n->name, (int)data.n,
		 data.n ? (const char *)data.p : "", (int)correlator.n,
		 correlator.n ? (const char *)correlator.p : "");
	return answer;
}

/* What the target answers is the status; it hears data and Correlator. Rules: CMD-EXEC-1 CMD-EXEC-2
 * STATUS-202 */
static void execs(struct far_end *f)
{
	tree(f);
	f->ops.cmd.exec = exec;
	answer = DM_ST_OK;
	far_do(f, CMD("Exec", "2", "<Correlator>c7</Correlator>" ITEM("./T/dir", "", "args")),
	       "S 2 Exec 200\n");
	assert_string_equal(told, "dir args c7");
	answer = DM_ST_ACCEPTED;
	far_do(f, EXEC("2", "./T/leaf"), "S 2 Exec 202\n");
	assert_string_equal(told, "leaf  ");
	answer = DM_ST_FAILED;
	far_do(f, CMD("Sequence", "2", EXEC("3", "./T/leaf") GET("4", "./T/leaf")),
	       "S 2 Sequence 200\nS 3 Exec 500\nS 4 Get 200\nR 4 ./T/leaf one\n");
}

/* Rules: CMD-EXEC-3 CMD-EXEC-4 CMD-EXEC-5 */
static void exec_refused(struct far_end *f)
{
	tree(f);
	far_node(f, "./ro", "x", "Get=*");
	far_node(f, "./T/noexec", "x", NULL)->access = DM_ACC_ALL & ~DM_ACC_EXEC;
	f->ops.cmd.exec = exec;
	answer = DM_ST_NONE;
	told[0] = 0;
	far_do(f,
	       EXEC("2", "./T/leaf") EXEC("3", "./T/none") EXEC("4", "./ro")
		   EXEC("5", "./T/noexec"),
	       "S 2 Exec 405\nS 3 Exec 404\nS 4 Exec 425\nS 5 Exec 405\n");
	assert_string_equal(told, "leaf  ");
}

/* Rules: CMD-EXEC-3 */
static void exec_nowhere(struct far_end *f)
{
	tree(f);
	f->ops.cmd.exec = NULL;
	far_do(f, EXEC("2", "./T/leaf"), "S 2 Exec 405\n");
}

/* One Status per item, in order, each with its TargetRef. Rules: CMD-2 CMD-3 */
static void items(struct far_end *f)
{
	const char *a, *b;

	tree(f);
	far_do(f,
	       CMD("Add", "2", ITEM("./T/x", "", "1") ITEM("./T/x", "", "2") ITEM("./T/y", "", "3"))
		   CMD("Delete", "3", BARE("./T/x") BARE("./T/none") BARE("./T/leaf"))
		       CMD("Replace", "4", ITEM("./T/leaf", "", "v") ITEM("./T/y", "", "w")),
	       "S 2 Add 200\nS 2 Add 418\nS 2 Add 200\nS 3 Delete 200\nS 3 Delete 404\nS 3 Delete "
	       "200\n"
	       "S 4 Replace 404\nS 4 Replace 200\n");
	a = strstr(buf_cstr(&f->out), "<TargetRef>./T/x</TargetRef>");
	b = strstr(buf_cstr(&f->out), "<TargetRef>./T/y</TargetRef>");
	assert_true(a && b && a < b);
	assert_string_equal(far_value(f, "./T/y"), "w");
}

/* Rules: CMD-6 CMD-7 STATUS-400 */
static void incomplete(struct far_end *f)
{
	tree(f);
	far_do(f,
	       CMD("Get", "2", "") CMD("Add", "3", "") CMD("Get", "4", DATA("v")) CMD("Add", "5", DATA("v"))
		   CMD("Replace", "6", DATA("v")) CMD("Delete", "7", DATA("v")) CMD("Copy", "8", DATA("v"))
		       CMD("Exec", "9", DATA("v")) GET("10", "") COPY("11", "./T/leaf", ""),
	       "S 2 Get 400\nS 3 Add 400\nS 4 Get 400\nS 5 Add 400\nS 6 Replace 400\nS 7 Delete "
	       "400\nS 8 Copy 400\n"
	       "S 9 Exec 400\nS 10 Get 400\nS 11 Copy 400\n");
}

#define CRED                                                                                       \
	"<Cred><Meta><Type "                                                                       \
	"xmlns='syncml:metinf'>syncml:auth-basic</Type></Meta><Data>QQ==</Data></Cred>"

/* Credentials of a command are nobody's, commands that DM has not are none. Rules: CMD-4 CMD-5 */
static void foreign(struct far_end *f)
{
	tree(f);
	far_do(f,
	       CMD("Add", "2", CRED ITEM("./T/x", "", "1")) CMD("Put", "3", BARE("./T/y"))
		   CMD("Search", "4", BARE("./T/y")) CMD("Map", "5", BARE("./T/y"))
		       CMD("Sync", "7", BARE("./T/y")) GET("6", "./T/x"),
	       "S 2 Add 200\nS 3 Put 405\nS 4 Search 405\nS 5 Map 405\nS 7 Sync 405\n"
	       "S 6 Get 200\nR 6 ./T/x 1\n");
}

/* Rights come before access types, these before existence, that before format and size.
 * Rules: CMD-10 */
static void order(struct far_end *f)
{
	tree(f);
	f->cfg.max_obj_size = 4;
	far_node(f, "./closed", NULL, "Get=*")->access = DM_ACC_GET;
	far_node(f, "./closed/x", "x", NULL)->access = DM_ACC_GET;
	far_node(f, "./T/fixed", NULL, NULL)->access = DM_ACC_GET;
	far_node(f, "./T/fixed/x", "x", NULL)->access = DM_ACC_GET;
	far_do(f,
	       ADDF("2", "./closed/x", "nonsense", "12345") ADDF(
		   "3", "./T/fixed/x", "nonsense",
		   "12345") ADDF("4", "./T/leaf", "nonsense",
				 "12345") ADDF("5", "./T/new", "nonsense",
					       "12345") ADD("6", "./T/new",
							    "12345") REPF("7", "./closed/x",
									  "nonsense",
									  "v") REPF("8",
										    "./T/fixed/x",
										    "int", "v")
		   DEL("9", "./closed/x") DEL("10", "./T/fixed/x") ADD(
		       "11",
		       "./closed/12345678901234567890123456789012345678901234567890123456789012345",
		       "v"),
	       "S 2 Add 425\nS 3 Add 405\nS 4 Add 418\nS 5 Add 415\nS 6 Add 413\nS 7 Replace "
	       "425\nS 8 Replace 405\n"
	       "S 9 Delete 425\nS 10 Delete 405\nS 11 Add 414\n");
}

/* Secrets of accounts are set and never seen, under whatever name. Rules: PROP-NAME-8 NODE-16 */
static void secrets(struct far_end *f)
{
	far_node(f, "./DMAcc/x", NULL, ALL);
	far_do(f,
	       ADD("2", "./DMAcc/x/AppAuth/1/AAuthSecret", "s3cret")
		   ADD("3", "./DMAcc/x/Ext/plain", "p") GET("4", "./DMAcc/x/AppAuth/1/AAuthSecret")
		       COPY("5", "./DMAcc/x/AppAuth/1/AAuthSecret", "./DMAcc/x/c")
			   REP("6", "./DMAcc/x/AppAuth/1/AAuthSecret?prop=Name", "y")
			       REP("7", "./DMAcc/x/Ext/plain?prop=Name", "AAuthData")
				   REP("8", "./DMAcc/x/AppAuth/1/AAuthSecret", "new")
				       GET("9", "./DMAcc/x/AppAuth/1?list=StructData")
					   GET("10", "./DMAcc/x/Ext?list=StructData"),
	       "S 2 Add 200\nS 3 Add 200\nS 4 Get 405\nS 5 Copy 405\nS 6 Replace 405\nS 7 Replace "
	       "405\n"
	       "S 8 Replace 200\nS 9 Get 200\nR 9 ./DMAcc/x/AppAuth/1 [node]\nS 10 Get 200\n"
	       "R 10 ./DMAcc/x/Ext [node]\nR 10 ./DMAcc/x/Ext/plain [chr] p\n");
	assert_string_equal(far_value(f, "./DMAcc/x/AppAuth/1/AAuthSecret"), "new");
}

#define NAP "./NAP/n/AuthInfo/1/"

/* So are those of access points and proxies, however they came. Rules: NODE-16a PROP-NAME-8 */
static void connectivity_secrets(struct far_end *f)
{
	far_node(f, "./NAP", NULL, ALL);
	far_node(f, "./Proxy/p", NULL, ALL);
	far_do(f,
	       ADD("2", NAP "AuthSecret", "s3cret") ADD("3", NAP "AuthName", "u")
	       GET("4", NAP "AuthSecret") COPY("5", NAP "AuthSecret", "./NAP/c")
	       REP("6", NAP "AuthSecret?prop=Name", "y") REP("7", NAP "AuthName?prop=Name", "AuthSecret")
	       TNDS("Replace", "8", "./Proxy/p", TDIR("p", "", TLEAF("AuthSecret", "other")))
	       GET("9", "./Proxy/p?list=StructData") GET("10", NAP "AuthName")
	       REP("11", NAP "AuthSecret", "new") GET("12", NAP "AuthSecret?prop=Size")
	       /* Elsewhere it is a name like another. */
	       ADD("13", "./closed2/AuthSecret", "v"),
	       "S 2 Add 200\nS 3 Add 200\nS 4 Get 405\nS 5 Copy 405\nS 6 Replace 405\n"
	       "S 7 Replace 405\nS 8 Replace 200\nS 9 Get 200\nR 9 ./Proxy/p [node]\n"
	       "S 10 Get 200\nR 10 " NAP "AuthName u\nS 11 Replace 200\nS 12 Get 405\n"
	       "S 13 Add 200\n");
	assert_string_equal(far_value(f, NAP "AuthSecret"), "new");
	assert_true(far_find(f, "./closed2/AuthSecret")->access & DM_ACC_GET);
}

#define CASES(X) \
	X(deletes) X(delete_refused) X(delete_rights) X(copies) X(copy_refused) \
	X(execs) X(exec_refused) X(exec_nowhere) X(items) X(incomplete) X(foreign) \
	X(order) X(secrets) X(connectivity_secrets)

FAR_TESTS(CASES)
