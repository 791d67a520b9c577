// SPDX-License-Identifier: GPL-2.0-or-later
/* Atomic and Sequence, rule by rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"

#define ME  FAR_SERVER
#define ALL "Add=" ME "&Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME

#define ASK(id)                                                                                    \
	CMD("Alert", id,                                                                           \
	    "<Data>1101</Data><Item><Data></Data></Item><Item><Data>Sure?</Data></Item>")

static void tree(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/leaf", "one", NULL);
	far_node(f, "./T/dir/a", "two", NULL);
	far_node(f, "./T/dir/b/c", "three", "Get=*");
}

/* All of it, in order; one member sees what the one before did. Rules: CMD-ATOMIC-1 */
static void atomic_all(struct far_end *f)
{
	tree(f);
	far_do(f,
	       ATOMIC("2", ADD("3", "./T/x", "1") REP("4", "./T/x", "2") COPY("5", "./T/x", "./T/y")
			       DEL("6", "./T/x")),
	       "S 2 Atomic 200\nS 3 Add 200\nS 4 Replace 200\nS 5 Copy 200\nS 6 Delete 200\n");
	assert_string_equal(far_value(f, "./T/y"), "2");
	assert_null(far_find(f, "./T/x"));
}

/* "uri format acl title type verno tstamp value;" of every node, in order. */
static void dump(struct far_end *f, struct buf *b)
{
	struct dm_node *root = dm_tree_root(f->tree);

	for (struct dm_node *n = root; n; n = dm_tree_next(root, n)) {
		dm_node_uri(n, b);
		buf_printf(b, " %u %s %s %s %u %d %s;\n", n->format, n->acl ? n->acl : "-",
			   n->title ? n->title : "-", n->type ? n->type : "-", n->verno,
			   (int)n->tstamp, n->value ? (char *)n->value : "-");
	}
}

#define WORK                                                                                       \
	ADD("3", "./T/p/q", "1")                                                                   \
	REPF("4", "./T/leaf", "int", "7") REP("5", "./T/leaf?prop=Title", "t")                     \
	    REP("6", "./T/leaf?prop=Name", "moved")                                                \
		REP("7", "./T/dir?prop=ACL", "Get=*&amp;Delete=*&amp;Add=*") DEL("8", "./T/dir")   \
		    ADD("9", "./T/dir", "a leaf now") COPY("10", "./T/moved", "./T/copy")          \
			TNDS("Replace", "11", "./T/p", TLEAF("fresh", "z"))                        \
			    REP("12", "./T?prop=Name", "U") ADD("13", "./T/again", "v")

/*
 * Every kind of change is taken back to the last property: the failing member keeps its code, what
 * was done says 216, what was not run 215. Rules: CMD-ATOMIC-2 CMD-ATOMIC-3 CMD-ATOMIC-4 STATUS-507
 * STATUS-216 STATUS-215
 */
static void atomic_rollback(struct far_end *f)
{
	_cleanup_buf_ struct buf before = BUF_INIT, after = BUF_INIT;

	tree(f);
	assert_int_equal(
	    dm_tree_set_acl(f->tree, dm_tree_root(f->tree), SLICE_LIT("Add=*&Get=*&Replace=*"), 0),
	    0);
	dm_tree_committed(f->tree);
	dump(f, &before);
	f->now++;
	far_do(f,
	       ATOMIC("2", WORK DEL("14", "./none") ADD("15", "./T/never", "v") CMD(
			       "Delete", "16", BARE("./U") BARE("./T"))) GET("17", "./T/dir/b/c"),
	       "S 2 Atomic 507\nS 3 Add 216\nS 4 Replace 216\nS 5 Replace 216\nS 6 Replace 216\nS "
	       "7 Replace 216\n"
	       "S 8 Delete 216\nS 9 Add 216\nS 10 Copy 216\nS 11 Replace 216\nS 12 Replace 216\nS "
	       "13 Add 216\n"
	       "S 14 Delete 404\nS 15 Add 215\nS 16 Delete 215\nS 17 Get 200\nR 17 ./T/dir/b/c "
	       "three\n");
	dump(f, &after);
	assert_string_equal(buf_cstr(&after), buf_cstr(&before));
	assert_false(dm_tree_dirty(f->tree));
	/* Without the failure all of it holds. */
	far_do(f, ATOMIC("2", WORK),
	       "S 2 Atomic 200\nS 3 Add 200\nS 4 Replace 200\nS 5 Replace 200\nS 6 Replace 200\nS "
	       "7 Replace 200\n"
	       "S 8 Delete 200\nS 9 Add 200\nS 10 Copy 200\nS 11 Replace 200\nS 12 Replace 200\nS "
	       "13 Add 200\n");
	assert_string_equal(far_value(f, "./U/p/fresh"), "z");
	assert_string_equal(far_value(f, "./T/again"), "v");
}

/* An item that fails takes the items before it back. Rules: CMD-ATOMIC-4 */
static void atomic_items(struct far_end *f)
{
	tree(f);
	far_do(f,
	       ATOMIC("2",
		      CMD("Add", "3",
			  ITEM("./T/x", "", "1") ITEM("./T/leaf", "", "2") ITEM("./T/y", "", "3"))),
	       "S 2 Atomic 507\nS 3 Add 216\nS 3 Add 418\nS 3 Add 215\n");
	assert_null(far_find(f, "./T/x"));
}

/* Rules: CMD-ATOMIC-5 CMD-ATOMIC-6 CMD-ATOMIC-7 CMD-EXEC-6 STATUS-500 */
static void atomic_illegal(struct far_end *f)
{
	tree(f);
	far_do(f,
	       ATOMIC("2", ADD("3", "./T/x", "1") GET("4", "./T/leaf"))
		   ATOMIC("5", ADD("6", "./T/x", "1") ATOMIC("7", ADD("8", "./T/y", "1")))
		       ATOMIC("9", ADD("10", "./T/x", "1") EXEC("11", "./T/leaf"))
			   ATOMIC("12", ADD("13", "./T/x", "1") SEQ("14", ADD("15", "./T/y", "1")))
			       ADD("16", "./T/z", "1"),
	       "S 2 Atomic 507\nS 3 Add 216\nS 4 Get 500\nS 5 Atomic 507\nS 6 Add 216\nS 7 Atomic "
	       "500\nS 8 Add 215\n"
	       "S 9 Atomic 507\nS 10 Add 216\nS 11 Exec 500\nS 12 Atomic 507\nS 13 Add 216\nS 14 "
	       "Sequence 500\n"
	       "S 15 Add 215\nS 16 Add 200\n");
	assert_null(far_find(f, "./T/x"));
	assert_null(far_find(f, "./T/y"));
}

/* A no in an Atomic takes it back. Rules: CMD-ATOMIC-8 CMD-ATOMIC-9 STATUS-304 */
static void atomic_asks(struct far_end *f)
{
	tree(f);
	f->ui_answer = DM_ST_NOT_MODIFIED;
	far_do(f,
	       ATOMIC("2", ADD("3", "./T/x", "1") ASK("4") ADD("5", "./T/y", "1"))
		   ADD("6", "./T/z", "1"),
	       "S 2 Atomic 507\nS 3 Add 216\nS 4 Alert 304\nS 5 Add 215\nS 6 Add 200\n");
	assert_null(far_find(f, "./T/x"));
}

/* What a person has answered stays answered. Rules: CMD-ATOMIC-8 */
static void atomic_asked(struct far_end *f)
{
	tree(f);
	f->ui_answer = DM_ST_OK;
	far_do(f,
	       ATOMIC("2", ASK("3") ADD("4", "./T/x", "1") DEL("5", "./none"))
		   ATOMIC("6", ASK("7") ADD("8", "./T/y", "1")),
	       "S 2 Atomic 507\nS 3 Alert 200\nS 4 Add 216\nS 5 Delete 404\nS 6 Atomic 200\nS 7 "
	       "Alert 200\nS 8 Add 200\n");
}

/* Statuses that would not fit one message: nothing is done. Rules: CMD-ATOMIC-10 STATUS-517 */
static void atomic_too_large(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	tree(f);
	far_start(f);
	f->hdr_extra = "<Meta><MaxMsgSize xmlns='syncml:metinf'>2000</MaxMsgSize></Meta>";
	buf_put_str(&b, "<Atomic><CmdID>2</CmdID>");
	for (int i = 3; i < 40; i++)
		buf_printf(&b, "<Add><CmdID>%d</CmdID>" ITEM("./T/n%d", "", "v") "</Add>", i, i);
	buf_put_str(&b, "</Atomic>");
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	assert_non_null(strstr(buf_cstr(&f->said), "S 2 Atomic 517\nS 3 Add 216\n"));
	assert_null(far_find(f, "./T/n3"));
}

/* In order, and a member that fails ends nothing. Rules: CMD-SEQ-1 CMD-SEQ-2 CMD-SEQ-3 STATUS-200
 */
static void sequence(struct far_end *f)
{
	tree(f);
	f->ui_answer = DM_ST_OK;
	far_do(f,
	       SEQ("2", ADD("3", "./T/x", "1") REP("4", "./T/none", "v") GET("5", "./T/x") ASK("11")
			    REP("6", "./T/x", "2") COPY("7", "./T/x", "./T/y") DEL("8", "./T/x")
				GET("9", "./T/y") EXEC("10", "./T/y")),
	       "S 2 Sequence 200\nS 3 Add 200\nS 4 Replace 404\nS 5 Get 200\nR 5 ./T/x 1\nS 11 "
	       "Alert 200\nS 6 Replace 200\n"
	       "S 7 Copy 200\nS 8 Delete 200\nS 9 Get 200\nR 9 ./T/y 2\nS 10 Exec 405\n");
}

/* An Atomic within a Sequence fails alone, and a Sequence in a Sequence works. Rules: CMD-SEQ-4 */
static void sequence_nests(struct far_end *f)
{
	tree(f);
	far_do(f,
	       SEQ("2",
		   ATOMIC("3", REP("4", "./T/leaf", "2") DEL("5", "./T/none")) GET("6", "./T/leaf")
		       SEQ("7", REP("8", "./T/leaf", "3")) GET("9", "./T/leaf")),
	       "S 2 Sequence 200\nS 3 Atomic 507\nS 4 Replace 216\nS 5 Delete 404\nS 6 Get 200\nR "
	       "6 ./T/leaf one\n"
	       "S 7 Sequence 200\nS 8 Replace 200\nS 9 Get 200\nR 9 ./T/leaf 3\n");
}

/* After a no the rest of the Sequence is not run, what stands behind it is. Rules: CMD-SEQ-5 */
static void sequence_no(struct far_end *f)
{
	tree(f);
	f->ui_answer = DM_ST_NOT_MODIFIED;
	far_do(f,
	       SEQ("2", ADD("3", "./T/x", "1") ASK("4") ADD("5", "./T/y", "1")
			    SEQ("6", GET("7", "./T/leaf"))) ADD("8", "./T/z", "1"),
	       "S 2 Sequence 200\nS 3 Add 200\nS 4 Alert 304\nS 5 Add 215\nS 6 Sequence 215\nS 7 "
	       "Get 215\nS 8 Add 200\n");
	assert_string_equal(far_value(f, "./T/x"), "1");
	assert_null(far_find(f, "./T/y"));
}

/* An Atomic that cannot find room for a node takes the ones before it back. Rules: CMD-ATOMIC-3 */
static void atomic_large(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT, before = BUF_INIT, after = BUF_INIT;

	tree(f);
	dump(f, &before);
	far_start(f);
	buf_put_str(&b, "<Atomic><CmdID>2</CmdID>");
	for (int i = 3; i < 1000; i++)
		buf_printf(&b,
			   "<Add><CmdID>%d</CmdID>" ITEM(
			       "./T/p%d/n", "",
			       "v") "</Add><Delete><CmdID>%d</CmdID>" BARE("./T/p%d") "</Delete>",
			   2 * i, i, 2 * i + 1, i - 1);
	buf_put_str(&b, "</Atomic>");
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	assert_non_null(strstr(buf_cstr(&f->said),
			       "S 2 Atomic 507\nS 6 Add 216\nS 7 Delete 404\nS 8 Add 215\n"));
	dump(f, &after);
	assert_string_equal(buf_cstr(&after), buf_cstr(&before));
}

#define CASES                                                                                      \
	X(atomic_all)                                                                              \
	X(atomic_rollback) X(atomic_items) X(atomic_illegal) X(atomic_asks) X(atomic_asked)        \
	    X(atomic_too_large) X(atomic_large) X(sequence) X(sequence_nests) X(sequence_no)
#define X(fn) FAR_TEST(fn)
CASES
#undef X

int main(void)
{
#define X(fn) cmocka_unit_test(test_##fn),
	const struct CMUnitTest tests[] = {CASES};
#undef X

	return cmocka_run_group_tests(tests, NULL, NULL);
}
