// SPDX-License-Identifier: GPL-2.0-or-later
/* What an Atomic leaves of the tree, done or taken back; how its Statuses go is test_session_containers. */
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

/* All of it, in order; one member sees what the one before did. Rules: CONT-26 */
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
 * was done says 216, what was not run 215. Rules: CONT-7 CONT-8 STATUS-507
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

/* An item that fails takes the items before it back. Rules: CONT-7 */
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

/* What a person has answered stays answered. Rules: CONT-27 */
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

/* A long one is taken back to its beginning, too. Rules: CONT-7 CONT-8 */
static void atomic_large(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT, before = BUF_INIT, after = BUF_INIT;

	tree(f);
	dump(f, &before);
	far_start(f);
	buf_put_str(&b, "<Atomic><CmdID>2</CmdID>");
	for (int i = 3; i < 2000; i += 2)
		buf_printf(&b, "<Add><CmdID>%d</CmdID>" ITEM("./T/p%d/n", "", "v") "</Add>"
			   "<Delete><CmdID>%d</CmdID>" BARE("./T/p%d") "</Delete>", i, i, i + 1,
			   i % 4 == 1 ? i : i - 2);
	buf_put_str(&b, DEL("3000", "./none") ADD("3001", "./T/never", "v") "</Atomic>");
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	assert_non_null(strstr(buf_cstr(&f->said), "S 2 Atomic 507\n"));
	dump(f, &after);
	assert_string_equal(buf_cstr(&after), buf_cstr(&before));
}

#define CASES(X) \
	X(atomic_all) X(atomic_rollback) X(atomic_items) X(atomic_asked) \
	X(atomic_large)

FAR_TESTS(CASES)
