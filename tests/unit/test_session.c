// SPDX-License-Identifier: GPL-2.0-or-later
/* Sessions: packages, containers, splitting, large objects, aborts, the store's refusal. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"
#include "dm/acl.h"

#define ME FAR_SERVER
#define ALL "Add=" ME "&Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME

static void tree(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/a", "one", NULL);
}

/* --- packages ------------------------------------------------------------ */

static void package1(struct far_end *f)
{
	const struct dm_session_alert a = {.source = SLICE_LIT("./DevDetail/Ext/dmsc/Card/1"),
					   .type =
					       SLICE_LIT("Reversed-Domain-Name: org.example.card"),
					   .data = SLICE_LIT("x")};

	f->cfg.alerts = &a;
	f->cfg.nalerts = 1;
	far_start(f);
	far_says(f, "A 1201\nD 5\nA 1226\nF\n");
	assert_non_null(strstr(buf_cstr(&f->out), "<LocURI>./DevInfo/DevId</LocURI>"));
	assert_int_equal(far_message(f, 212,
				     "<Status><CmdID>9</CmdID><MsgRef>1</MsgRef><CmdRef>3</CmdRef>"
				     "<Cmd>Alert</Cmd><Data>202</Data></Status>",
				     true),
			 0);
	assert_int_equal(far_result(f)->end, DM_END_NORMAL);
	assert_true(far_result(f)->accepted);
	assert_int_equal(far_result(f)->alert_status[0], 202);
	assert_int_equal(far_result(f)->hdr_status, 212);
}

static void server_initiated(struct far_end *f)
{
	f->cfg.server_initiated = true;
	far_start(f);
	far_says(f, "A 1200\nD 5\nF\n");
	assert_string_equal(dm_session_id(f->s), "AB");
}

/* A package without commands ends the session; nothing is sent then. */
static void end_rule(struct far_end *f)
{
	tree(f);
	far_do(f, GET("2", "./T/a"), "S 2 Get 200\nR 2 ./T/a one\n");
	assert_int_equal(far_message(f, 212, "", true), 0);
	assert_int_equal(far_result(f)->end, DM_END_NORMAL);
	assert_int_equal(f->out.len, 0);
	assert_int_equal(far_message(f, 212, GET("2", "./T/a"), true), 0);
}

static void noresp(struct far_end *f)
{
	tree(f);
	far_do(f,
	       "<Replace><CmdID>2</CmdID><NoResp/>" ITEM("./T/a", "",
							 "quiet") "</Replace>" GET("3", "./T/a"),
	       "S 3 Get 200\nR 3 ./T/a quiet\n");
}

static void resp_uri(struct far_end *f)
{
	far_start(f);
	assert_true(slice_eq_str(dm_session_next_uri(f->s), "https://srv.example/dm"));
	f->hdr_extra = "<RespURI>https://srv.example/dm?s=1</RespURI>";
	assert_int_equal(far_message(f, 212, GET("2", "."), true), 1);
	assert_true(slice_eq_str(dm_session_next_uri(f->s), "https://srv.example/dm?s=1"));
	assert_non_null(strstr(buf_cstr(&f->out), "dm?s=1"));
}

/* --- what is refused ------------------------------------------------------ */

static void cmd_ids(struct far_end *f)
{
	tree(f);
	far_do(f,
	       GET("2", "./T/a") DEL("2", "./T/a")
		   DEL("0", "./T/a") "<Delete>" BARE("./T/a") "</Delete>"
							      "<Map><CmdID>5</CmdID></Map>",
	       "S 2 Get 200\nR 2 ./T/a one\nS 2 Delete 400\nS  Delete 400\nS  Delete 400\nS 5 Map "
	       "405\n");
	assert_non_null(far_find(f, "./T/a"));
}

static void refused(struct far_end *f, enum dm_session_end end, const char *want)
{
	assert_int_equal(far_result(f)->end, end);
	far_says(f, want);
	assert_non_null(far_find(f, "./T/a"));
}

static void wrong_session(struct far_end *f)
{
	tree(f);
	far_start(f);
	f->sid_wrong = 1;
	assert_int_equal(far_message(f, 212, DEL("2", "./T/a"), true), 2);
	refused(f, DM_END_PROTOCOL, "H 400\nS 2 Delete 400\nA 1223\nF\n");
}

static void wrong_target(struct far_end *f)
{
	tree(f);
	far_start(f);
	f->target = "IMEI:1";
	assert_int_equal(far_message(f, 212, DEL("2", "./T/a"), true), 2);
	refused(f, DM_END_PROTOCOL, "H 404\nS 2 Delete 404\nA 1223\nF\n");
}

#define MESSAGE(dtd, proto, body)                                                                  \
	"<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>" dtd "</VerDTD>"                       \
	"<VerProto>" proto                                                                         \
	"</VerProto><SessionID>AB</SessionID><MsgID>1</MsgID><Target><LocURI>" FAR_DEVICE          \
	"</LocURI></Target><Source><LocURI>x</LocURI></Source></SyncHdr><SyncBody>" body

static void versions(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(far_raw(f, MESSAGE("1.9", "DM/1.2", "<Final/></SyncBody></SyncML>")), 2);
	refused(f, DM_END_PROTOCOL, "H 505\nA 1223\nF\n");
}

static void versions_proto(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(far_raw(f, MESSAGE("1.2", "DM/1.9", "<Final/></SyncBody></SyncML>")), 2);
	refused(f, DM_END_PROTOCOL, "H 513\nA 1223\nF\n");
}

/* What a message did before it broke off is taken back. */
static void truncated(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(
	    far_raw(f, MESSAGE("1.2", "DM/1.2", DEL("2", "./T/a") GET("3", "./T") "<Get><Cmd")), 2);
	refused(f, DM_END_MALFORMED, "H 400\nA 1223\nF\n");
	assert_int_equal(f->commits, 0);
}

static void garbage(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(far_raw(f, "<html><body>Login</body></html>"), 2);
	refused(f, DM_END_MALFORMED, "A 1223\nF\n");
	assert_int_equal(far_raw(f, ""), 0);
}

static void server_aborts(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(far_message(f, 212, DEL("2", "./T/a") ALERT("3", "1223", ""), true), 0);
	assert_int_equal(far_result(f)->end, DM_END_ABORTED_BY_SERVER);
	assert_non_null(far_find(f, "./T/a"));
}

static void we_abort(struct far_end *f)
{
	far_start(f);
	assert_int_equal(dm_session_abort(f->s, "card removed", &f->out), 1);
	assert_non_null(strstr(buf_cstr(&f->out), "<Data>1223</Data>"));
	assert_int_equal(far_result(f)->end, DM_END_ABORTED_BY_US);
	assert_string_equal(far_result(f)->text, "card removed");
	assert_int_equal(dm_session_abort(f->s, NULL, &f->out), 0);
}

/* The same message twice: the same answer twice, and nothing done again. */
static void repeated(struct far_end *f)
{
	_cleanup_buf_ struct buf first = BUF_INIT;

	tree(f);
	far_do(f, ADD("2", "./T/n", "v"), "S 2 Add 200\n");
	buf_put_slice(&first, buf_slice(&f->out));
	f->msg_id--;
	assert_int_equal(far_message(f, 212, ADD("2", "./T/n", "v"), true), 1);
	assert_string_equal(buf_cstr(&f->out), buf_cstr(&first));
	far_do(f, ADD("2", "./T/n", "v"), "S 2 Add 418\n");
	f->msg_id = 0;
	assert_int_equal(far_message(f, 212, DEL("2", "./T/a"), true), 2);
	refused(f, DM_END_PROTOCOL, "H 400\nS 2 Delete 400\nA 1223\nF\n");
}

static void hdr_status(struct far_end *f)
{
	far_start(f);
	assert_int_equal(far_message(f, 503, "", true), 0);
	assert_int_equal(far_result(f)->end, DM_END_STATUS);
	assert_int_equal(far_result(f)->hdr_status, 503);
	assert_false(far_result(f)->accepted);
}

/* --- user ------------------------------------------------------------------ */

static void ui_absent(struct far_end *f)
{
	far_do(f,
	       ALERT("2", "1100", DATA("") DATA("Hello")) ALERT("3", "1226", "")
		   ALERT("4", "x", ""),
	       "S 2 Alert 406\nS 3 Alert 406\nS 4 Alert 400\n");
}

static void ui_answers(struct far_end *f)
{
	f->ui_answer = DM_ST_OK;
	f->ui_text = "typed";
	far_do(f,
	       ALERT("2", "1101", DATA("") DATA("Sure?"))
		   ALERT("3", "1102", DATA("MAXLEN=5") DATA("Name?"))
		       ALERT("4", "1103", DATA("") DATA("Which?") DATA("a") DATA("b"))
			   ALERT("5", "1104", DATA("") DATA("Which?") DATA("a") DATA("b"))
			       ALERT("6", "1101", DATA("")),
	       "S 2 Alert 200\nS 3 Alert 200 typed\nS 4 Alert 200 2\nS 5 Alert 200 2 1\nS 6 Alert "
	       "400\n");
}

static void ui_no(struct far_end *f)
{
	tree(f);
	f->ui_answer = DM_ST_NOT_MODIFIED;
	far_do(f,
	       SEQ("2", ALERT("3", "1101", DATA("") DATA("?")) ADD("4", "./T/x", "1"))
		   ATOMIC("5", ADD("6", "./T/y", "1") ALERT("7", "1101", DATA("") DATA("?"))
				   ADD("8", "./T/z", "1")) ALERT("9", "1101", DATA("") DATA("?"))
		       ADD("10", "./T/w", "1"),
	       "S 2 Sequence 200\nS 3 Alert 304\nS 4 Add 215\nS 5 Atomic 507\nS 6 Add 216\nS 7 "
	       "Alert 304\n"
	       "S 8 Add 215\nS 9 Alert 304\nS 10 Add 200\n");
}

static void ui_cancel(struct far_end *f)
{
	tree(f);
	f->ui_answer = DM_ST_CANCELLED;
	far_do(f, ALERT("2", "1100", DATA("") DATA("?")) ADD("3", "./T/x", "1")
	       ALERT("4", "1102", DATA("") DATA("?")) ADD("5", "./T/y", "1") GET("6", "./T/a"),
	       "S 2 Alert 214\nS 3 Add 200\nS 4 Alert 214\nS 5 Add 215\nS 6 Get 215\n");
}

/* --- size ------------------------------------------------------------------ */

/* All that does not fit comes in further messages, in order, nothing lost. */
static void split(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT, all = BUF_INIT;
	static const char asked[] = "H 200\nS 2 Alert 200\n";
	unsigned int messages = 0;

	tree(f);
	far_start(f);
	f->hdr_extra = "<Meta><MaxMsgSize xmlns='syncml:metinf'>1500</MaxMsgSize></Meta>";
	for (int i = 2; i < 42; i++)
		buf_printf(&b, "<Get><CmdID>%d</CmdID>" BARE("./T/a") "</Get>", i);
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	for (;;) {
		assert_true(f->out.len <= 1500);
		assert_int_equal(strncmp(buf_cstr(&f->said), "H 200\n", 6), 0);
		buf_put_str(&all, buf_cstr(&f->said) + (messages ? strlen(asked) : 6));
		assert_true(++messages < 40);
		if (!f->split)
			break;
		assert_int_equal(far_message(f, 212, ALERT("2", "1222", ""), false), 1);
		assert_int_equal(strncmp(buf_cstr(&f->said), asked, strlen(asked)), 0);
	}
	assert_true(messages > 3);
	for (int i = 2; i < 42; i++) {
		char want[64];

		snprintf(want, sizeof(want), "S %d Get 200\nR %d ./T/a one\n", i, i);
		if (!strstr(buf_cstr(&all), want))
			fail_msg("lost: %s", want);
	}
	assert_int_equal(far_message(f, 212, "", true), 0);
	assert_int_equal(far_result(f)->end, DM_END_NORMAL);
}

/* A value larger than a message goes out in pieces. */
static void large_out(struct far_end *f)
{
	_cleanup_buf_ struct buf big = BUF_INIT, got = BUF_INIT;

	tree(f);
	for (int i = 0; i < 500; i++)
		buf_printf(&big, "%05d,", i);
	far_node(f, "./T/big", buf_cstr(&big), NULL);
	far_start(f);
	f->hdr_extra = "<Meta><MaxMsgSize xmlns='syncml:metinf'>1500</MaxMsgSize></Meta>";
	assert_int_equal(far_message(f, 212, GET("2", "./T/big"), true), 1);
	assert_non_null(strstr(buf_cstr(&f->said), "size=3000 more"));
	for (int n = 0; ; n++) {
		char *p = strstr(buf_cstr(&f->said), "./T/big ");

		assert_true(f->out.len <= 1500);
		assert_non_null(p);
		p += 8;
		buf_put(&got, p, strcspn(p, " \n"));
		if (!f->split)
			break;
		assert_true(n < 10);
		assert_int_equal(far_message(f, 212, ALERT("2", "1222", ""), false), 1);
	}
	assert_string_equal(buf_cstr(&got), buf_cstr(&big));
}

static void peer_max_obj(struct far_end *f)
{
	tree(f);
	far_start(f);
	f->hdr_extra = "<Meta><MaxObjSize xmlns='syncml:metinf'>2</MaxObjSize></Meta>";
	assert_int_equal(far_message(f, 212, GET("2", "./T/a"), true), 1);
	far_says(f, "H 200\nS 2 Get 413\nF\n");
}

#define CHUNK(cmd, id, u, size, d)                                                                 \
	CMD(cmd, id,                                                                               \
	    "<Item><Target><LocURI>" u "</LocURI></Target>" size "<Data>" d                        \
	    "</Data><MoreData/></Item>")
#define SIZE(n) "<Meta><Size xmlns='syncml:metinf'>" n "</Size></Meta>"

static void large_in(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(far_message(f, 212, CHUNK("Add", "2", "./T/l", SIZE("6"), "abc"), false),
			 1);
	far_says(f, "H 200\nS 2 Add 213\nA 1222\n");
	assert_null(far_find(f, "./T/l"));
	far_do(f, ADD("2", "./T/l", "def"), "S 2 Add 200\n");
	assert_string_equal(far_value(f, "./T/l"), "abcdef");
}

static void large_in_bad(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(far_message(f, 212, CHUNK("Add", "2", "./T/l", SIZE("6"), "abc"), false),
			 1);
	far_do(f, ADD("2", "./T/l", "de"), "S 2 Add 424\n");
	assert_null(far_find(f, "./T/l"));
	assert_int_equal(far_message(f, 212, CHUNK("Add", "2", "./T/l", "", "abc"), true), 1);
	far_says(f, "H 200\nS 2 Add 411\nF\n");
	assert_int_equal(
	    far_message(f, 212, CHUNK("Add", "2", "./T/l", SIZE("99999999999"), "a"), true), 1);
	far_says(f, "H 200\nS 2 Add 413\nF\n");
	assert_int_equal(far_message(f, 212, CHUNK("Add", "2", "./T/l", SIZE("6"), "abc"), false),
			 1);
	far_do(f, GET("2", "./T/a"), "A 1225 ./T/l\nS 2 Get 200\nR 2 ./T/a one\n");
	assert_null(far_find(f, "./T/l"));
	assert_int_equal(
	    far_message(f, 212, ATOMIC("2", CHUNK("Add", "3", "./T/l", SIZE("6"), "abc")), true),
	    1);
	far_says(f, "H 200\nS 2 Atomic 507\nS 3 Add 413\nF\n");
}

/* In WBXML binary values travel as they are, in XML as base64. */
static void wbxml(struct far_end *f)
{
	struct dm_node *n;

	f->wbxml = true;
	f->cfg.encoder = codec_encoder(CODEC_WBXML);
	tree(f);
	n = far_node(f, "./T/bin", "x", NULL);
	assert_int_equal(
		dm_tree_set_value(f->tree, n, DM_FMT_BIN, SLICE_NONE, SLICE_LIT("raw&<"), 1), 0);
	far_do(f, GET("2", "./T/bin") GET("3", "./T/a") GET("4", "./none"),
	       "S 2 Get 200\nR 2 ./T/bin [bin] raw&<\nS 3 Get 200\nR 3 ./T/a one\nS 4 Get 404\n");
}

/* --- the store -------------------------------------------------------------- */

static void commit_once(struct far_end *f)
{
	tree(f);
	far_do(f, GET("2", "./T/a"), "S 2 Get 200\nR 2 ./T/a one\n");
	assert_int_equal(f->commits, 0);
	far_do(f, REP("2", "./T/a", "x") ADD("3", "./T/y", "z"), "S 2 Replace 200\nS 3 Add 200\n");
	assert_int_equal(f->commits, 1);
	assert_true(far_result(f)->changed);
}

static void commit_fails(struct far_end *f)
{
	tree(f);
	far_start(f);
	f->commit_rc = -ENOSPC;
	assert_int_equal(
	    far_message(f, 212, REP("2", "./T/a", "x") GET("3", "./T/a") DEL("4", "./none"), true),
	    2);
	far_says(f, "H 200\nS 2 Replace 510\nS 3 Get 200\nR 3 ./T/a x\nS 4 Delete 404\nA 1223\nF\n");
	assert_int_equal(far_result(f)->end, DM_END_STORE);
	assert_string_equal(far_value(f, "./T/a"), "one");
	assert_false(far_result(f)->changed);
}

#define CASES(X) \
	X(package1) X(server_initiated) X(end_rule) X(noresp) X(resp_uri) X(cmd_ids) \
	X(wrong_session) X(wrong_target) X(versions) X(versions_proto) X(truncated) \
	X(garbage) X(server_aborts) X(we_abort) X(repeated) X(hdr_status) X(ui_absent) \
	X(ui_answers) X(ui_no) X(ui_cancel) X(split) X(large_out) X(peer_max_obj) \
	X(large_in) X(large_in_bad) X(wbxml) X(commit_once) X(commit_fails)

FAR_TESTS(CASES)
