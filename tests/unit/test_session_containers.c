// SPDX-License-Identifier: GPL-2.0-or-later
/* Atomic and Sequence. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"
#include "dm/acl.h"

#define ME		       FAR_SERVER
#define ALL		       "Add=" ME "&Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME
#define CONFIRM(id)	       ALERT(id, "1101", DATA("") DATA("?"))
#define MAX_MSG(n)	       "<Meta><MaxMsgSize xmlns='syncml:metinf'>" n "</MaxMsgSize></Meta>"

static void tree(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/a", "one", NULL);
	far_node(f, "./T/d", NULL, NULL);
	far_node(f, "./T/d/x", "deep", NULL);
}

/* --- Sequence ----------------------------------------------------------------- */

/* Rules: CONT-1 CONT-2 CONT-4 CONT-5 STATUS-200 */
static void sequence_order(struct far_end *f)
{
	tree(f);
	f->ui_answer = DM_ST_OK;
	far_node(f, "./T/Run", "", NULL);
	far_do(f,
	       SEQ("2", ADD("3", "./T/n", "1") GET("4", "./T/n") REP("5", "./T/n", "2")
			    GET("6", "./T/n") COPY("7", "./T/n", "./T/m") DEL("8", "./T/n")
				GET("9", "./T/n") GET("10", "./T/m") EXEC("11", "./T/Run") ALERT(
				    "12", "1100", DATA("") DATA("x")) ADD("13", "./T/n", "3")),
	       "S 2 Sequence 200\nS 3 Add 200\nS 4 Get 200\nR 4 ./T/n 1\nS 5 Replace 200\n"
	       "S 6 Get 200\nR 6 ./T/n 2\nS 7 Copy 200\nS 8 Delete 200\nS 9 Get 404\n"
	       "S 10 Get 200\nR 10 ./T/m 2\nS 11 Exec 202\nS 12 Alert 200\nS 13 Add 200\n");
	assert_string_equal(far_value(f, "./T/n"), "3");
}

/* Rules: CONT-2 CONT-5 */
static void sequence_all_fail(struct far_end *f)
{
	tree(f);
	far_do(f, SEQ("2", DEL("3", "./none") REP("4", "./none", "v")),
	       "S 2 Sequence 200\nS 3 Delete 404\nS 4 Replace 404\n");
}

/* Rules: CONT-3 */
static void sequence_no(struct far_end *f)
{
	tree(f);
	f->ui_answer = DM_ST_NOT_MODIFIED;
	far_do(f,
	       SEQ("2", ADD("3", "./T/n", "1") CONFIRM("4") ADD("5", "./T/m", "1") GET("6", "./T/a")
			    SEQ("7", DEL("8", "./T/a")) ATOMIC("9", DEL("10", "./T/a"))
				CONFIRM("11")) DEL("12", "./T/a"),
	       "S 2 Sequence 200\nS 3 Add 200\nS 4 Alert 304\nS 5 Add 215\nS 6 Get 215\n"
	       "S 7 Sequence 215\nS 8 Delete 215\nS 9 Atomic 215\nS 10 Delete 215\nS 11 Alert 215\n"
	       "S 12 Delete 200\n");
	assert_non_null(far_find(f, "./T/n"));
	assert_null(far_find(f, "./T/m"));
}

/* Only the Sequence that asked stops. */
/* Rules: CONT-3 */
static void sequence_no_within(struct far_end *f)
{
	tree(f);
	f->ui_answer = DM_ST_NOT_MODIFIED;
	far_do(f, SEQ("2", SEQ("3", CONFIRM("4") ADD("5", "./T/n", "1")) ADD("6", "./T/m", "1")),
	       "S 2 Sequence 200\nS 3 Sequence 200\nS 4 Alert 304\nS 5 Add 215\nS 6 Add 200\n");
}

/* An Atomic within a Sequence fails alone, and a Sequence in a Sequence works. Rules: CONT-17 CONT-28 */
static void sequence_nests(struct far_end *f)
{
	tree(f);
	far_do(f,
	       SEQ("2",
		   ATOMIC("3", REP("4", "./T/a", "2") DEL("5", "./T/none")) GET("6", "./T/a")
		       SEQ("7", REP("8", "./T/a", "3")) GET("9", "./T/a")),
	       "S 2 Sequence 200\nS 3 Atomic 507\nS 4 Replace 216\nS 5 Delete 404\nS 6 Get 200\nR "
	       "6 ./T/a one\n"
	       "S 7 Sequence 200\nS 8 Replace 200\nS 9 Get 200\nR 9 ./T/a 3\n");
}

/* Rules: CONT-19 */
static void cancel_in_containers(struct far_end *f)
{
	tree(f);
	f->ui_answer = DM_ST_CANCELLED;
	far_do(f,
	       ADD("2", "./T/k", "1")
		   SEQ("3", ADD("4", "./T/n", "1")
				ATOMIC("5", DEL("6", "./T/a") CONFIRM("7") ADD("8", "./T/m", "1"))
				    ADD("9", "./T/o", "1")) ADD("10", "./T/p", "1")
		       ATOMIC("11", ADD("12", "./T/q", "1")),
	       "S 2 Add 200\nS 3 Sequence 200\nS 4 Add 200\nS 5 Atomic 507\nS 6 Delete 216\nS 7 "
	       "Alert 214\n"
	       "S 8 Add 215\nS 9 Add 215\nS 10 Add 215\nS 11 Atomic 215\nS 12 Add 215\n");
	assert_non_null(far_find(f, "./T/a"));
	assert_non_null(far_find(f, "./T/n"));
	assert_null(far_find(f, "./T/p"));
}

/* --- Atomic ------------------------------------------------------------------- */

/* Rules: CONT-6 CONT-21 CONT-25 */
static void atomic_done(struct far_end *f)
{
	tree(f);
	f->ui_answer = DM_ST_OK;
	far_do(f,
	       ATOMIC("2", ADD("3", "./T/n", "1") REP("4", "./T/n", "2") COPY("5", "./T/n", "./T/m")
			       CONFIRM("6") DEL("7", "./T/d")),
	       "S 2 Atomic 200\nS 3 Add 200\nS 4 Replace 200\nS 5 Copy 200\nS 6 Alert 200\nS 7 "
	       "Delete 200\n");
	assert_string_equal(far_value(f, "./T/m"), "2");
	assert_null(far_find(f, "./T/d"));
	assert_int_equal(f->commits, 1);
}

/* Everything a command can change is as it was: values, names, rights, subtrees. */
/* Rules: CONT-7 CONT-8 */
static void atomic_rolled_back(struct far_end *f)
{
	struct dm_node *t;

	tree(f);
	far_do(f,
	       ATOMIC("2",
		      ADD("3", "./T/n", "1") REP("4", "./T/a", "2") COPY("5", "./T/a", "./T/d/x")
			  REP("6", "./T/a?prop=ACL", "Get=*&amp;Replace=*")
			      REP("7", "./T/a?prop=Title", "t") REP("8", "./T/a?prop=Name", "b")
				  ADD("9", "./T/i/j/k", "1") DEL("10", "./T/d")
				      REP("11", "./T/none", "v") ADD("12", "./T/z", "1")
					  DEL("13", "./T/b")) GET("14", "./T")
		   GET("15", "./T/a?prop=ACL") GET("16", "./T/a?prop=Title") GET("17", "./T/a")
		       GET("18", "./T/d/x"),
	       "S 2 Atomic 507\nS 3 Add 216\nS 4 Replace 216\nS 5 Copy 216\nS 6 Replace 216\n"
	       "S 7 Replace 216\nS 8 Replace 216\nS 9 Add 216\nS 10 Delete 216\nS 11 Replace 404\n"
	       "S 12 Add 215\nS 13 Delete 215\n"
	       "S 14 Get 200\nR 14 ./T [node] a/d\nS 15 Get 200\nR 15 ./T/a?prop=ACL \n"
	       "S 16 Get 200\nR 16 ./T/a?prop=Title \nS 17 Get 200\nR 17 ./T/a one\n"
	       "S 18 Get 200\nR 18 ./T/d/x deep\n");
	t = far_find(f, "./T");
	assert_non_null(t);
	assert_int_equal(f->commits, 0);
}

/* Each code of a failing member stays its own. */
/* Rules: CONT-7 */
static void atomic_codes(struct far_end *f)
{
	tree(f);
	far_do(f,
	       ATOMIC("2", ADD("3", "./T/a", "1")) ATOMIC("4", DEL("5", "./DevInfo")) ATOMIC(
		   "6", COPY("7", "./T/none", "./T/m")) ATOMIC("8", "<Add><CmdID>9</CmdID></Add>")
		   ATOMIC("10", ADD("11", "./T/k", "1") CONFIRM("12") ADD("13", "./T/l", "1"))
		       ATOMIC("14", ADD("15", "./T/k", "1") "<Map><CmdID>16</CmdID></Map>"),
	       "S 2 Atomic 507\nS 3 Add 418\nS 4 Atomic 507\nS 5 Delete 425\nS 6 Atomic 507\nS 7 "
	       "Copy 404\n"
	       "S 8 Atomic 507\nS 9 Add 400\nS 10 Atomic 507\nS 11 Add 216\nS 12 Alert 406\nS 13 "
	       "Add 215\n"
	       "S 14 Atomic 507\nS 15 Add 216\nS 16 Map 405\n");
	assert_null(far_find(f, "./T/k"));
}

/* Rules: CONT-9 STATUS-500 */
static void atomic_get(struct far_end *f)
{
	tree(f);
	far_do(
	    f,
	    ATOMIC("2", ADD("3", "./T/n", "1") GET("4", "./T/a") ADD("5", "./T/m", "1"))
		ATOMIC("6", GET("7", "./T/a")),
	    "S 2 Atomic 507\nS 3 Add 216\nS 4 Get 500\nS 5 Add 215\nS 6 Atomic 507\nS 7 Get 500\n");
	assert_null(far_find(f, "./T/n"));
}

/* Rules: CONT-10 */
static void atomic_nested(struct far_end *f)
{
	tree(f);
	far_do(
	    f,
	    ATOMIC("2", ADD("3", "./T/n", "1") ATOMIC("4", ADD("5", "./T/o", "1"))
			    ADD("6", "./T/m", "1"))
		SEQ("7", ATOMIC("8", SEQ("9", ATOMIC("10", ADD("11", "./T/o", "1"))))),
	    "S 2 Atomic 507\nS 3 Add 216\nS 4 Atomic 500\nS 5 Add 215\nS 6 Add 215\n"
	    "S 7 Sequence 200\nS 8 Atomic 507\nS 9 Sequence 500\nS 10 Atomic 215\nS 11 Add 215\n");
	assert_null(far_find(f, "./T/n"));
	assert_null(far_find(f, "./T/o"));
}

/* Rules: CONT-11 CONT-12 */
static void atomic_exec_and_sequence(struct far_end *f)
{
	tree(f);
	far_node(f, "./T/Run", "", NULL);
	far_do(f,
	       ATOMIC("2", ADD("3", "./T/n", "1") EXEC("4", "./T/Run"))
		   ATOMIC("5", SEQ("6", ADD("7", "./T/n", "1"))),
	       "S 2 Atomic 507\nS 3 Add 216\nS 4 Exec 500\nS 5 Atomic 507\nS 6 Sequence 500\nS 7 "
	       "Add 215\n");
	assert_null(far_find(f, "./T/n"));
}

/* Rules: CONT-13 CONT-29 STATUS-304 */
static void atomic_no(struct far_end *f)
{
	tree(f);
	f->ui_answer = DM_ST_NOT_MODIFIED;
	far_do(f,
	       ATOMIC("2", DEL("3", "./T/a") CONFIRM("4") ADD("5", "./T/m", "1")) CONFIRM("6")
		   ADD("7", "./T/o", "1"),
	       "S 2 Atomic 507\nS 3 Delete 216\nS 4 Alert 304\nS 5 Add 215\nS 6 Alert 304\nS 7 Add "
	       "200\n");
	assert_non_null(far_find(f, "./T/a"));
}

/* Rules: CONT-17 CONT-22 */
static void atomics_apart(struct far_end *f)
{
	tree(f);
	far_do(
	    f,
	    SEQ("2", ADD("3", "./T/n", "1") ATOMIC("4", REP("5", "./T/n", "2") DEL("6", "./none"))
			 ATOMIC("7", REP("8", "./T/n", "3")) ATOMIC(
			     "9", REP("10", "./T/n", "4") DEL("11", "./none")) GET("12", "./T/n")),
	    "S 2 Sequence 200\nS 3 Add 200\nS 4 Atomic 507\nS 5 Replace 216\nS 6 Delete 404\n"
	    "S 7 Atomic 200\nS 8 Replace 200\nS 9 Atomic 507\nS 10 Replace 216\nS 11 Delete 404\n"
	    "S 12 Get 200\nR 12 ./T/n 3\n");
}

static enum dm_status commits_behind(void *ctx, const struct dm_ui_request *req,
				     struct dm_ui_answer *a)
{
	struct far_end *f = ctx;

	dm_tree_committed(f->tree);
	return DM_ST_NOT_MODIFIED;
}

/* What was made durable in between cannot be taken back. */
/* Rules: CONT-16 */
static void rollback_fails(struct far_end *f)
{
	tree(f);
	far_start(f);
	f->ops.cmd.ui = commits_behind;
	assert_int_equal(
	    far_message(f, 212,
			ADD("2", "./T/k", "1")
			    ATOMIC("3", ADD("4", "./T/n", "1") CONFIRM("5") DEL("6", "./T/a")),
			true),
	    1);
	far_says(f,
	     "H 200\nS 2 Add 200\nS 3 Atomic 507\nS 4 Add 516\nS 5 Alert 304\nS 6 Delete 215\nF\n");
}

static void many_adds(struct buf *b, const char *open, int from, int n, const char *close)
{
	buf_put_str(b, open);
	for (int i = from; i < from + n; i++)
		buf_printf(b, "<Add><CmdID>%d</CmdID>" ITEM("./T/n%d", "", "v") "</Add>", i, i);
	buf_put_str(b, close);
}

/* Rules: CONT-14 STATUS-517 */
static void atomic_too_large(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	tree(f);
	far_start(f);
	f->hdr_extra = MAX_MSG("2000");
	many_adds(&b, "<Atomic><CmdID>2</CmdID>", 3, 37, "</Atomic>" GET("99", "./T/a"));
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	assert_non_null(strstr(buf_cstr(&f->said), "S 2 Atomic 517\nS 3 Add 216\n"));
	assert_null(far_find(f, "./T/n3"));
	assert_int_equal(f->commits, 0);
	/* One that fails on its own keeps its 507. */
	while (f->split)
		assert_int_equal(far_message(f, 212, ALERT("2", "1222", ""), false), 1);
	buf_reset(&b);
	many_adds(&b, "<Atomic><CmdID>2</CmdID>", 3, 37, DEL("99", "./none") "</Atomic>");
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	assert_non_null(strstr(buf_cstr(&f->said), "S 2 Atomic 507\nS 3 Add 216\n"));
}

/* Rules: CONT-15 */
static void atomic_in_one_message(struct far_end *f)
{
	tree(f);
	for (int before = 1; before < 14; before++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		char want[128];
		int found = 0;

		far_start(f);
		f->msg_id = 0;
		f->hdr_extra = MAX_MSG("3000");
		many_adds(&b, "", 100, before, "<Atomic><CmdID>2</CmdID>");
		many_adds(&b, "", 3, 6, "</Atomic>");
		many_adds(&b, "", 50, 6, "");
		assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
		for (int i = 0; i < 10; i++) {
			const char *at = strstr(buf_cstr(&f->said), "Atomic 200\n");

			assert_true(f->out.len <= 3000);
			snprintf(want, sizeof(want),
				 "Atomic 200\nS 3 Add %d\nS 4 Add %d\nS 5 Add %d\n"
				 "S 6 Add %d\nS 7 Add %d\nS 8 Add %d\n",
				 200, 200, 200, 200, 200, 200);
			if (at) {
				found++;
				assert_int_equal(strncmp(at, want, strlen(want)), 0);
			}
			if (!f->split)
				break;
			assert_int_equal(far_message(f, 212, ALERT("2", "1222", ""), false), 1);
		}
		assert_int_equal(found, 1);
		assert_false(f->split);
		dm_session_free(f->s);
		assert_int_equal(dm_tree_delete(f->tree, far_find(f, "./T")), 0);
		tree(f);
	}
	f->s = NULL;
}

/* Rules: CONT-18 */
static void too_deep(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	tree(f);
	far_start(f);
	for (int i = 0; i < 12; i++)
		buf_printf(&b, "<Sequence><CmdID>%d</CmdID>", 10 + i);
	buf_put_str(&b, DEL("50", "./T/a"));
	for (int i = 0; i < 12; i++)
		buf_put_str(&b, "</Sequence>");
	buf_put_str(&b, GET("60", "./T/a"));
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	assert_non_null(strstr(buf_cstr(&f->said), "S 17 Sequence 200\nS 18 Sequence 500\n"));
	assert_non_null(strstr(buf_cstr(&f->said), "S 50 Delete 215\nS 60 Get 200\n"));
	assert_non_null(far_find(f, "./T/a"));
}

/* Rules: CONT-20 */
static void without_id(struct far_end *f)
{
	tree(f);
	far_do(
	    f,
	    "<Atomic>" DEL("3", "./T/a") "</Atomic><Sequence><CmdID>0</CmdID>" DEL(
		"4", "./T/a") "</Sequence>" ATOMIC("5", ADD("6", "./T/n", "1") DEL("6", "./T/a")),
	    "S  Atomic 400\nS 3 Delete 215\nS  Sequence 400\nS 4 Delete 215\n"
	    "S 5 Atomic 507\nS 6 Add 216\nS 6 Delete 400\n");
	assert_non_null(far_find(f, "./T/a"));
	assert_null(far_find(f, "./T/n"));
}

/* Rules: CONT-24 */
static void store_fails(struct far_end *f)
{
	tree(f);
	far_start(f);
	f->commit_rc = -ENOSPC;
	assert_int_equal(far_message(f, 212,
				     ATOMIC("2", DEL("3", "./T/a") DEL("4", "./none"))
					 ATOMIC("5", DEL("6", "./T/a") ADD("7", "./T/n", "1")),
				     true),
			 2);
	far_says(f, "H 200\nS 2 Atomic 507\nS 3 Delete 216\nS 4 Delete 404\nS 5 Atomic 510\n"
		"S 6 Delete 510\nS 7 Add 510\nA 1223\nF\n");
	assert_non_null(far_find(f, "./T/a"));
}

/* Rules: CONT-23 */
static void empty(struct far_end *f)
{
	far_do(f, ATOMIC("2", "") SEQ("3", ATOMIC("4", "")) GET("5", "./DevInfo/Man"),
	       "S 2 Atomic 200\nS 3 Sequence 200\nS 4 Atomic 200\nS 5 Get 200\nR 5 ./DevInfo/Man "
	       "Maker\n");
}

#define CASES(X) \
	X(sequence_order) X(sequence_all_fail) X(sequence_no) X(sequence_no_within) \
	X(sequence_nests) X(cancel_in_containers) X(atomic_done) X(atomic_rolled_back) \
	X(atomic_codes) X(atomic_get) X(atomic_nested) X(atomic_exec_and_sequence) \
	X(atomic_no) X(atomics_apart) X(rollback_fails) X(atomic_too_large) \
	X(atomic_in_one_message) X(too_deep) X(without_id) X(empty) X(store_fails)

FAR_TESTS(CASES)
