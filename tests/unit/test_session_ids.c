// SPDX-License-Identifier: GPL-2.0-or-later
/* What a message of either side says about itself: versions, identifiers, references, end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"

#define ME		       FAR_SERVER
#define ALL		       "Add=" ME "&Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME
#define STATUS(msg, cmd, name, code)                                                               \
	"<Status><CmdID>90</CmdID><MsgRef>" msg "</MsgRef><CmdRef>" cmd "</CmdRef><Cmd>" name      \
	"</Cmd><Data>" code "</Data></Status>"

static bool has(struct far_end *f, const char *text)
{
	return strstr(buf_cstr(&f->out), text);
}

static void tree(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/a", "one", NULL);
}

/* Bytes as they are; the header's parts can be chosen. */
static int message(struct far_end *f, const char *sid, const char *msg_id, const char *body)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_printf(&b,
		   "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD>"
		   "<VerProto>DM/1.2</VerProto><SessionID>%s</SessionID>%s"
		   "<Target><LocURI>" FAR_DEVICE "</LocURI></Target>"
		   "<Source><LocURI>https://other.example</LocURI></Source></SyncHdr>"
		   "<SyncBody>%s<Final/></SyncBody></SyncML>",
		   sid, msg_id, body);
	return far_raw(f, buf_cstr(&b));
}

/* --- package 1 -------------------------------------------------------------- */

/* Rules: PKG-1 PKG-2 PKG-4 PKG-5 PKG-7 ID-5 MULTI-12 */
static void first_message(struct far_end *f)
{
	static const char *const leaves[][2] = {{"Lang", "en"},
						{"DmV", "1"},
						{"Mod", "Model"},
						{"Man", "Maker"},
						{"DevId", FAR_DEVICE}};

	f->cfg.max_msg_size = 4321;
	f->cfg.max_obj_size = 54321;
	far_start(f);
	far_says(f, "A 1201\nD 5\nF\n");
	assert_true(has(f, "<VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>"));
	assert_true(has(f,
			"<MsgID>1</MsgID><Target><LocURI>https://srv.example/dm</LocURI></Target>"
			"<Source><LocURI>" FAR_DEVICE "</LocURI>"));
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		char want[256];

		snprintf(want, sizeof(want),
			 "<Item><Source><LocURI>./DevInfo/%s</LocURI></Source>"
			 "<Data>%s</Data></Item>",
			 leaves[i][0], leaves[i][1]);
		assert_true(has(f, want));
	}
	assert_true(has(f, "4321</MaxMsgSize>"));
	assert_true(has(f, "54321</MaxObjSize>"));
	assert_int_equal(far_message(f, 212, GET("2", "."), true), 1);
	assert_true(has(f, "<VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>"));
	assert_true(has(f, "<MsgID>2</MsgID>"));
	assert_true(has(f, "4321</MaxMsgSize>"));
	assert_true(has(f, "54321</MaxObjSize>"));
}

/* Rules: PKG-2 PKG-3 */
static void notified(struct far_end *f)
{
	f->cfg.server_initiated = true;
	f->cfg.session_id = 0xab;
	far_start(f);
	far_says(f, "A 1200\nD 5\nF\n");
	assert_true(has(f, "<SessionID>AB</SessionID>"));
}

/* Rules: PKG-6 */
static void generic_alerts(struct far_end *f)
{
	const struct dm_session_alert a[] = {
	    {.type = SLICE_LIT("Reversed-Domain-Name: org.example.a"),
	     .data = SLICE_LIT("1"),
	     .format = SLICE_LIT("int")},
	    {.type = SLICE_LIT("Reversed-Domain-Name: org.example.b"),
	     .data = SLICE_LIT("2"),
	     .source = SLICE_LIT("./T"),
	     .mark = SLICE_LIT("minor")},
	};

	f->cfg.alerts = a;
	f->cfg.nalerts = 2;
	far_start(f);
	far_says(f, "A 1201\nD 5\nA 1226\nA 1226\nF\n");
	assert_true(has(f, "<Mark xmlns=\"syncml:metinf\">minor</Mark>"));
	assert_true(has(f, "<Format xmlns=\"syncml:metinf\">int</Format>"));
	assert_true(has(f, "<Source><LocURI>./T</LocURI></Source>"));
	/* What was not said is said all the same. */
	assert_true(has(f, "<Format xmlns=\"syncml:metinf\">chr</Format>"));
	assert_int_equal(
	    far_message(f, 212, STATUS("1", "3", "Alert", "202") STATUS("1", "4", "Alert", "415"),
			true),
	    0);
	assert_int_equal(far_result(f)->alert_status[0], 202);
	assert_int_equal(far_result(f)->alert_status[1], 415);
	assert_int_equal(far_result(f)->end, DM_END_NORMAL);
}

/* Rules: PKG-30 */
static void credentials_in_header(struct far_end *f)
{
	const char *end, *cred;

	f->account.client.present = true;
	f->account.client.type = f->account.pref = DM_AUTH_BASIC;
	buf_put_str(&f->account.client.name, "u");
	buf_put_str(&f->account.client.secret, "s");
	tree(f);
	far_start(f);
	for (int i = 0; i < 3; i++) {
		end = strstr(buf_cstr(&f->out), "</SyncHdr>");
		cred = strstr(buf_cstr(&f->out), "<Cred>");
		assert_non_null(end);
		assert_non_null(cred);
		assert_true(cred < end);
		assert_null(strstr(end, "Cred"));
		assert_int_equal(far_message(f, 200, GET("2", "./T/a"), true), 1);
	}
}

/* What the server makes of Alert and DevInfo is its business: it says what comes next. */
/* Rules: PKG-22 */
static void package1_refused(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(far_message(f, 212,
				     STATUS("1", "1", "Alert", "500")
					 STATUS("1", "2", "Replace", "403") GET("2", "./T/a"),
				     true),
			 1);
	far_says(f, "H 200\nS 2 Get 200\nR 2 ./T/a one\nF\n");
}

/* Rules: PKG-23 */
static void in_progress(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(far_message(f, 101, GET("2", "./T/a"), true), 1);
	far_says(f, "H 200\nS 2 Get 200\nR 2 ./T/a one\nF\n");
	assert_false(far_result(f)->accepted);
	assert_int_equal(far_result(f)->hdr_status, 101);
}

/* --- package 3 and the end ---------------------------------------------------- */

/* The far end fails when the client sends any other command. */
/* Rules: PKG-8 PKG-10 PKG-25 ID-15 ID-16 ID-17 CONT-21 */
static void answers_in_order(struct far_end *f)
{
	tree(f);
	far_node(f, "./T/b", "two", NULL);
	far_do(
	    f,
	    REP("7", "./T/a", "x") "<Get><CmdID>3</CmdID>" BARE("./T/a") BARE("./none")
		BARE("./T/b") "</Get>"
			      "<Sequence><CmdID>9</CmdID>" ADD("5", "./T/c", "v")
				  DEL("4", "./T/b") "</Sequence>" ALERT("2", "1100", "")
				      DEL("1", "./T/none"),
	    "S 7 Replace 200\nS 3 Get 200\nR 3 ./T/a x\nS 3 Get 404\nS 3 Get 200\nR 3 ./T/b two\n"
	    "S 9 Sequence 200\nS 5 Add 200\nS 4 Delete 200\nS 2 Alert 406\nS 1 Delete 404\n");
	assert_true(has(f, "<TargetRef>./T/a</TargetRef>"));
	assert_true(has(f, "<TargetRef>./none</TargetRef>"));
}

/* Rules: PKG-9 */
static void results_meta(struct far_end *f)
{
	tree(f);
	assert_int_equal(dm_tree_set_value(f->tree, far_node(f, "./T/n", "5", NULL), DM_FMT_INT,
					   SLICE_LIT("text/plain"), SLICE_LIT("5"), 1),
			 0);
	assert_int_equal(dm_tree_set_value(f->tree, far_node(f, "./T/x", "5", NULL), DM_FMT_CHR,
					   SLICE_LIT("text/html"), SLICE_LIT("5"), 1),
			 0);
	far_do(f, GET("2", "./T/n") GET("3", "./T/x") GET("4", "./T"),
	       "S 2 Get 200\nR 2 ./T/n [int] 5\nS 3 Get 200\nR 3 ./T/x 5\n"
	       "S 4 Get 200\nR 4 ./T [node] a/n/x\n");
	assert_true(has(f, "<Type xmlns=\"syncml:metinf\">text/html</Type>"));
	assert_true(has(f, "<Source><LocURI>./T/n</LocURI></Source>"));
}

/* Rules: PKG-11 PKG-15 */
static void end_without_commands(struct far_end *f)
{
	tree(f);
	far_do(f, GET("2", "./T/a"), "S 2 Get 200\nR 2 ./T/a one\n");
	assert_int_equal(far_message(f, 212, STATUS("2", "2", "Results", "200"), true), 0);
	assert_int_equal(f->out.len, 0);
	assert_int_equal(far_result(f)->end, DM_END_NORMAL);
	assert_int_equal(far_message(f, 212, DEL("2", "./T/a"), true), 0);
	assert_int_equal(f->out.len, 0);
	assert_non_null(far_find(f, "./T/a"));
	assert_int_equal(dm_session_abort(f->s, "late", &f->out), 0);
}

/* Our package was still open: it is closed before the session ends. */
/* Rules: PKG-12 MULTI-4 */
static void open_package_is_closed(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "./T/a"), false), 1);
	far_says(f, "H 200\nS 2 Get 200\nR 2 ./T/a one\nA 1222\n");
	assert_int_equal(far_message(f, 212, "", true), 1);
	far_says(f, "H 200\nF\n");
	assert_int_equal(far_message(f, 212, "", true), 0);
	assert_int_equal(far_result(f)->end, DM_END_NORMAL);
}

/* Rules: PKG-13 */
static void we_abort(struct far_end *f)
{
	tree(f);
	far_do(f, GET("2", "./T/a"), "S 2 Get 200\nR 2 ./T/a one\n");
	assert_int_equal(dm_session_abort(f->s, "card removed", &f->out), 1);
	assert_true(has(f, "<MsgID>3</MsgID>"));
	assert_true(has(f, "<Data>1223</Data>"));
	assert_true(has(f, "<Final/></SyncBody>"));
	assert_int_equal(far_result(f)->end, DM_END_ABORTED_BY_US);
	assert_int_equal(dm_session_abort(f->s, NULL, &f->out), 0);
}

/* Rules: PKG-14 */
static void server_aborts(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(
	    far_message(f, 212, DEL("2", "./T/a") ALERT("3", "1223", "") DEL("4", "./T"), true), 0);
	assert_int_equal(f->out.len, 0);
	assert_int_equal(far_result(f)->end, DM_END_ABORTED_BY_SERVER);
	assert_non_null(far_find(f, "./T/a"));
	assert_int_equal(f->commits, 0);
}

/* Rules: PKG-14 */
static void server_aborts_in_container(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(far_message(f, 212,
				     "<Sequence><CmdID>2</CmdID>" DEL("3", "./T/a")
					 ALERT("4", "1223", "") "</Sequence>",
				     true),
			 0);
	assert_int_equal(far_result(f)->end, DM_END_ABORTED_BY_SERVER);
	assert_non_null(far_find(f, "./T/a"));
}

static const char *next_uri(struct far_end *f)
{
	static char uri[256];
	struct slice s = dm_session_next_uri(f->s);

	snprintf(uri, sizeof(uri), "%.*s", (int)s.n, (const char *)s.p);
	return uri;
}

/* Rules: PKG-16 PKG-17 */
static void resp_uri(struct far_end *f)
{
	static char huge[3000];

	far_start(f);
	assert_string_equal(next_uri(f), "https://srv.example/dm");
	f->hdr_extra = "<RespURI>https://srv.example/dm?s=1</RespURI>";
	assert_int_equal(far_message(f, 212, GET("2", "."), true), 1);
	assert_string_equal(next_uri(f), "https://srv.example/dm?s=1");
	assert_true(has(f, "<Target><LocURI>https://srv.example/dm?s=1</LocURI>"));
	f->hdr_extra = NULL;
	assert_int_equal(far_message(f, 212, GET("2", "."), true), 1);
	assert_string_equal(next_uri(f), "https://srv.example/dm?s=1");
	f->hdr_extra = "<RespURI>https://srv.example/dm?s=2</RespURI>";
	assert_int_equal(far_message(f, 212, GET("2", "."), true), 1);
	assert_string_equal(next_uri(f), "https://srv.example/dm?s=2");
	/* One that is no address any more is not followed. */
	strcpy(huge, "<RespURI>https://srv.example/");
	memset(huge + strlen(huge), 'x', 2500);
	strcat(huge, "</RespURI>");
	f->hdr_extra = huge;
	assert_int_equal(far_message(f, 212, GET("2", "."), true), 1);
	assert_string_equal(next_uri(f), "https://srv.example/dm?s=2");
}

/* Rules: PKG-18 PKG-19 */
static void versions(struct far_end *f)
{
	static const char *const msg =
	    "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>%s</VerDTD><VerProto>%s</VerProto>"
	    "<SessionID>AB</SessionID><MsgID>1</MsgID><Target><LocURI>" FAR_DEVICE
	    "</LocURI></Target>"
	    "<Source><LocURI>x</LocURI></Source></SyncHdr><SyncBody>" DEL(
		"2", "./T/a") "<Atomic><CmdID>3</CmdID>" DEL("4", "./T/a") "</Atomic><Final/></"
									   "SyncBody></SyncML>";
	char text[1024];

	tree(f);
	far_start(f);
	snprintf(text, sizeof(text), msg, "1.1", "DM/1.2");
	assert_int_equal(far_raw(f, text), 2);
	far_says(f, "H 505\nS 2 Delete 505\nS 3 Atomic 505\nS 4 Delete 505\nA 1223\nF\n");
	assert_true(has(f, "<Data>505</Data><Item><Data>1.2</Data></Item>"));
	assert_int_equal(far_result(f)->end, DM_END_PROTOCOL);
	dm_session_free(f->s);
	far_start(f);
	snprintf(text, sizeof(text), msg, "1.2", "DM/1.1");
	assert_int_equal(far_raw(f, text), 2);
	far_says(f, "H 513\nS 2 Delete 513\nS 3 Atomic 513\nS 4 Delete 513\nA 1223\nF\n");
	assert_true(has(f, "<Data>513</Data><Item><Data>DM/1.2</Data></Item>"));
	assert_non_null(far_find(f, "./T/a"));
}

/* Rules: PKG-20 */
static void breaks_off(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(
	    far_raw(f, "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD>"
		       "<VerProto>DM/1.2</VerProto><SessionID>AB</SessionID><MsgID>1</MsgID>"
		       "<Target><LocURI>" FAR_DEVICE "</LocURI></Target><Source><LocURI>x</LocURI>"
		       "</Source></SyncHdr><SyncBody>" DEL("2", "./T/a") GET("3", "./T") "<Ge"),
	    2);
	far_says(f, "H 400\nA 1223\nF\n");
	assert_int_equal(far_result(f)->end, DM_END_MALFORMED);
	assert_non_null(far_find(f, "./T/a"));
	assert_int_equal(f->commits, 0);
}

/* Rules: PKG-21 */
static void header_refused(struct far_end *f)
{
	static const unsigned int codes[] = {301, 400, 404, 403, 417, 500, 503, 505, 511, 513};

	tree(f);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		far_start(f);
		f->msg_id = 0;
		assert_int_equal(far_message(f, codes[i], DEL("2", "./T/a"), true), 0);
		assert_int_equal(far_result(f)->end, DM_END_STATUS);
		assert_int_equal(far_result(f)->hdr_status, codes[i]);
		assert_int_equal(f->out.len, 0);
		assert_non_null(far_find(f, "./T/a"));
		dm_session_free(f->s);
	}
	f->s = NULL;
}

/* A Status that is about another message of ours, or about nothing, says nothing. */
/* Rules: ID-21 */
static void old_status(struct far_end *f)
{
	tree(f);
	far_do(f, GET("2", "./T/a"), "S 2 Get 200\nR 2 ./T/a one\n");
	assert_int_equal(
	    far_message(f, 212,
			STATUS("1", "0", "SyncHdr", "503") STATUS("x", "0", "SyncHdr", "503")
			    STATUS("2", "y", "Alert", "503") STATUS("2", "0", "SyncHdr", "z")
				STATUS("2", "77", "Get", "500") GET("2", "./T/a"),
			true),
	    1);
	far_says(f, "H 200\nS 2 Get 200\nR 2 ./T/a one\nF\n");
	assert_int_equal(far_result(f)->hdr_status, 212);
}

/* Rules: PKG-27 PKG-28 ID-18 */
static void no_command_of_dm(struct far_end *f)
{
	tree(f);
	far_do(f,
	       "<Map><CmdID>2</CmdID></Map><Put><CmdID>3</CmdID>" BARE(
		   "./T/a") "</Put>"
			    "<Search><CmdID>4</CmdID></Search><Sync><CmdID>5</CmdID></Sync>"
			    "<Results><CmdID>6</CmdID><CmdRef>1</CmdRef>" ITEM(
				"./T/a", "", "v") "</Results>" STATUS("1", "2", "Replace", "200"),
	       "S 2 Map 405\nS 3 Put 405\nS 4 Search 405\nS 5 Sync 405\n");
	assert_string_equal(far_value(f, "./T/a"), "one");
}

/* Rules: PKG-31 */
static void other_alerts(struct far_end *f)
{
	far_do(f,
	       ALERT("2", "1200", "") ALERT("3", "1201", "") ALERT("4", "1224", "")
		   ALERT("5", "1226", "") ALERT("6", "1105", "") ALERT("7", "", "")
		       ALERT("8", "12x2", "")
			   ALERT("9", "-1", "") "<Alert><CmdID>10</CmdID></Alert>" ALERT(
			       "11", "99999999999", "") ALERT("12", " 1222 ", ""),
	       "S 2 Alert 406\nS 3 Alert 406\nS 4 Alert 406\nS 5 Alert 406\nS 6 Alert 406\nS 7 "
	       "Alert 400\n"
	       "S 8 Alert 400\nS 9 Alert 400\nS 10 Alert 400\nS 11 Alert 400\nS 12 Alert 200\n");
}

/* Nothing in the engine counts the time between packages. */
/* Rules: PKG-32 */
static void late_answer(struct far_end *f)
{
	tree(f);
	far_start(f);
	for (int i = 0; i < 4; i++) {
		f->now += i % 2 ? -1000000 : 100000000;
		assert_int_equal(far_message(f, 212, GET("2", "./T/a"), true), 1);
		far_says(f, "H 200\nS 2 Get 200\nR 2 ./T/a one\nF\n");
	}
}

/* Rules: PKG-26 */
static void stored_before_said(struct far_end *f)
{
	tree(f);
	far_do(f, REP("2", "./T/a", "x") ADD("3", "./T/y", "z"), "S 2 Replace 200\nS 3 Add 200\n");
	assert_int_equal(f->commits, 1);
	far_node(f, "./T/Run", "", NULL);
	f->commit_rc = -EIO;
	assert_int_equal(
	    far_message(
		f, 212,
		REP("2", "./T/a", "w") GET("3", "./T/y")
		    DEL("4", "./none") "<Sequence><CmdID>5</CmdID>" DEL(
			"6",
			"./T/y") "</Sequence>" EXEC("7",
						    "./T/Run") "<Atomic><CmdID>8</CmdID>" DEL("9",
											      "./T/"
											      "a")
			DEL("10", "./none") DEL("11", "./T/a") "</Atomic>",
		true),
	    2);
	far_says(f, "H 200\nS 2 Replace 510\nS 3 Get 200\nR 3 ./T/y z\nS 4 Delete 404\n"
		"S 5 Sequence 510\nS 6 Delete 510\nS 7 Exec 202\nS 8 Atomic 507\nS 9 Delete 216\n"
		"S 10 Delete 404\nS 11 Delete 215\nA 1223\nF\n");
	assert_int_equal(far_result(f)->end, DM_END_STORE);
	assert_string_equal(far_value(f, "./T/a"), "x");
	assert_non_null(far_find(f, "./T/y"));
}

/* --- identifiers -------------------------------------------------------------- */

static int some_id(void *ctx, void *p, size_t n)
{
	static const uint8_t bytes[2] = {0x0c, 0xb0};

	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = bytes[i % 2];
	return 0;
}

/* Rules: ID-1 ID-2 */
static void session_id_form(struct far_end *f)
{
	static const struct {
		unsigned int id;
		const char *text;
	} good[] = {
	    {1, "1"}, {0xa, "A"}, {0x10, "10"}, {0xfff, "FFF"}, {0xffff, "FFFF"},
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		f->cfg.session_id = good[i].id;
		f->s = dm_session_new(&f->cfg);
		assert_int_equal(dm_session_start(f->s, f->now, &f->out), 0);
		assert_string_equal(dm_session_id(f->s), good[i].text);
		dm_session_free(f->s);
	}
	f->cfg.session_id = 0x10000;
	f->s = dm_session_new(&f->cfg);
	assert_int_equal(dm_session_start(f->s, f->now, &f->out), -EINVAL);
	dm_session_free(f->s);
	f->cfg.session_id = 0;
	f->ops.random = some_id;
	f->s = dm_session_new(&f->cfg);
	assert_int_equal(dm_session_start(f->s, f->now, &f->out), 0);
	assert_string_equal(dm_session_id(f->s), "B00C");
}

/* Rules: ID-3 ID-5 ID-10 */
static void our_ids(struct far_end *f)
{
	tree(f);
	far_start(f);
	for (unsigned int n = 2; n < 12; n++) {
		char id[32];

		/* The far end reads SessionID, and that every command has a CmdID. */
		assert_int_equal(far_message(f, 212, GET("2", "./T/a") GET("3", "./T/none"), true),
				 1);
		snprintf(id, sizeof(id), "<MsgID>%u</MsgID>", n);
		assert_true(has(f, id));
		for (unsigned int c = 1; c < 5; c++) {
			char *at;

			snprintf(id, sizeof(id), "<CmdID>%u</CmdID>", c);
			at = strstr(buf_cstr(&f->out), id);
			assert_non_null(at);
			assert_null(strstr(at + 1, id));
		}
		assert_false(has(f, "<CmdID>0</CmdID>"));
	}
}

/* Rules: ID-4 PKG-19 */
static void wrong_session(struct far_end *f)
{
	static const char *const ids[] = {"AC",	   "",	    "0AB",
					  "ABCDE", "AB AB", "ffffffffffffffffffff"};

	tree(f);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		far_start(f);
		assert_int_equal(message(f, ids[i], "<MsgID>1</MsgID>", DEL("2", "./T/a")), 2);
		far_says(f, "H 400\nS 2 Delete 400\nA 1223\nF\n");
		assert_int_equal(far_result(f)->end, DM_END_PROTOCOL);
		assert_non_null(far_find(f, "./T/a"));
		dm_session_free(f->s);
	}
	f->s = NULL;
}

/* Rules: ID-20 PKG-19 */
static void wrong_target(struct far_end *f)
{
	tree(f);
	far_start(f);
	f->target = "IMEI:1";
	assert_int_equal(far_message(f, 212, DEL("2", "./T/a"), true), 2);
	far_says(f, "H 404\nS 2 Delete 404\nA 1223\nF\n");
	assert_int_equal(far_result(f)->end, DM_END_PROTOCOL);
	assert_non_null(far_find(f, "./T/a"));
	dm_session_free(f->s);
	far_start(f);
	f->msg_id = 0;
	f->target = " " FAR_DEVICE "\n";
	assert_int_equal(far_message(f, 212, GET("2", "./T/a"), true), 1);
}

/* Rules: ID-6 */
static void message_repeated(struct far_end *f)
{
	_cleanup_buf_ struct buf first = BUF_INIT;

	tree(f);
	far_do(f, ADD("2", "./T/n", "v"), "S 2 Add 200\n");
	for (int i = 0; i < 3; i++) {
		buf_reset(&first);
		buf_put_slice(&first, buf_slice(&f->out));
		f->msg_id--;
		assert_int_equal(
		    far_message(f, 212, ADD("2", "./T/n", "v") DEL("3", "./T/a"), true), 1);
		assert_string_equal(buf_cstr(&f->out), buf_cstr(&first));
		assert_non_null(far_find(f, "./T/a"));
	}
	assert_int_equal(f->commits, 1);
	far_do(f, DEL("2", "./T/n"), "S 2 Delete 200\n");
	assert_true(has(f, "<MsgID>3</MsgID>"));
}

/* Rules: ID-6 */
static void half_a_message_repeated(struct far_end *f)
{
	tree(f);
	far_do(f, ADD("2", "./T/n", "v"), "S 2 Add 200\n");
	assert_int_equal(
	    far_raw(f, "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD>"
		       "<VerProto>DM/1.2</VerProto><SessionID>AB</SessionID><MsgID>1</MsgID>"
		       "<Target><LocURI>" FAR_DEVICE "</LocURI></Target><Source><LocURI>x</LocURI>"
		       "</Source></SyncHdr><SyncBody>" DEL("2", "./T/n")),
	    1);
	far_says(f, "H 200\nS 2 Add 200\nF\n");
	assert_non_null(far_find(f, "./T/n"));
}

/* Rules: ID-23 */
static void message_repeated_for_ever(struct far_end *f)
{
	int n = 0, rc;

	tree(f);
	far_do(f, GET("2", "./T/a"), "S 2 Get 200\nR 2 ./T/a one\n");
	do {
		f->msg_id--;
		rc = far_message(f, 212, DEL("2", "./T/a"), true);
	} while (rc == 1 && ++n < 100);
	assert_int_equal(rc, 2);
	assert_in_range(n, 3, 20);
	far_says(f, "H 400\nS 2 Delete 400\nA 1223\nF\n");
	assert_int_equal(far_result(f)->end, DM_END_PROTOCOL);
	assert_non_null(far_find(f, "./T/a"));
}

/* Rules: ID-7 */
static void message_from_before(struct far_end *f)
{
	tree(f);
	far_do(f, GET("2", "./T/a"), "S 2 Get 200\nR 2 ./T/a one\n");
	far_do(f, GET("2", "./T/a"), "S 2 Get 200\nR 2 ./T/a one\n");
	f->msg_id = 0;
	assert_int_equal(far_message(f, 212, DEL("2", "./T/a"), true), 2);
	far_says(f, "H 400\nS 2 Delete 400\nA 1223\nF\n");
	assert_non_null(far_find(f, "./T/a"));
}

/* Rules: ID-8 ID-13 */
static void message_skipped(struct far_end *f)
{
	tree(f);
	far_start(f);
	f->msg_id = 40;
	assert_int_equal(far_message(f, 212, GET("2", "./T/a"), true), 1);
	assert_true(has(f, "<MsgRef>41</MsgRef><CmdRef>2</CmdRef>"));
	f->msg_id = 4000000;
	assert_int_equal(far_message(f, 212, GET("2", "./T/a"), true), 1);
	assert_true(has(f, "<MsgRef>4000001</MsgRef><CmdRef>2</CmdRef>"));
}

/* Rules: ID-9 PKG-19 */
static void bad_msg_id(struct far_end *f)
{
	static const char *const ids[] = {"",
					  "<MsgID>0</MsgID>",
					  "<MsgID/>",
					  "<MsgID>-1</MsgID>",
					  "<MsgID>one</MsgID>",
					  "<MsgID>4294967296</MsgID>"};

	tree(f);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		far_start(f);
		assert_int_equal(message(f, "AB", ids[i], DEL("2", "./T/a")), 2);
		assert_int_equal(strncmp(buf_cstr(&f->said), "H 400\n", 6), 0);
		assert_int_equal(far_result(f)->end, DM_END_PROTOCOL);
		assert_non_null(far_find(f, "./T/a"));
		dm_session_free(f->s);
	}
	f->s = NULL;
}

/* Rules: ID-11 ID-12 */
static void cmd_ids(struct far_end *f)
{
	tree(f);
	far_do(f,
	       GET("2", "./T/a") DEL("2", "./T/a") DEL("0", "./T/a") DEL("00", "./T/a")
		   DEL("", "./T/a")
		       DEL(" 0 ", "./T/a") "<Delete>" BARE("./T/a") "</Delete><Atomic>" DEL(
			   "3", "./T/a") "</Atomic>" DEL(" 2 ", "./T/a"),
	       "S 2 Get 200\nR 2 ./T/a one\nS 2 Delete 400\nS  Delete 400\nS  Delete 400\nS  "
	       "Delete 400\n"
	       "S  Delete 400\nS  Delete 400\nS  Atomic 400\nS 3 Delete 215\nS 2 Delete 400\n");
	assert_non_null(far_find(f, "./T/a"));
	/* They are unique in a message, no longer. */
	far_do(f, GET("2", "./T/a"), "S 2 Get 200\nR 2 ./T/a one\n");
}

/* Rules: ID-22 */
static void cmd_ids_not_looked_at(struct far_end *f)
{
	tree(f);
	far_do(f,
	       GET("x", "./T/a") GET("x", "./T/a") GET("65536", "./T/a") GET("65536", "./T/a")
		   GET("65535", "./T/a") GET("65535", "./T/a"),
	       "S x Get 200\nR x ./T/a one\nS x Get 200\nR x ./T/a one\n"
	       "S 65536 Get 200\nR 65536 ./T/a one\nS 65536 Get 200\nR 65536 ./T/a one\n"
	       "S 65535 Get 200\nR 65535 ./T/a one\nS 65535 Get 400\n");
}

/* Rules: ID-13 ID-14 ID-16 */
static void references(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(
	    message(f, "AB", "<MsgID>7</MsgID>", GET("21", "./T/a") COPY("22", "./T/a", "./T/c")),
	    1);
	far_says(f, "H 200\nS 21 Get 200\nR 21 ./T/a one\nS 22 Copy 200\nF\n");
	assert_true(has(f, "<CmdID>1</CmdID><MsgRef>7</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>"
			   "<TargetRef>" FAR_DEVICE "</TargetRef>"
			   "<SourceRef>https://other.example</SourceRef><Data>200</Data>"));
	assert_true(has(f, "<CmdID>2</CmdID><MsgRef>7</MsgRef><CmdRef>21</CmdRef><Cmd>Get</Cmd>"
			   "<TargetRef>./T/a</TargetRef><Data>200</Data>"));
	assert_true(has(f, "<Results><CmdID>3</CmdID><MsgRef>7</MsgRef><CmdRef>21</CmdRef>"));
	assert_true(has(f, "<CmdRef>22</CmdRef><Cmd>Copy</Cmd><TargetRef>./T/c</TargetRef>"
			   "<SourceRef>./T/a</SourceRef><Data>200</Data>"));
}

/* Rules: ID-19 */
static void noresp(struct far_end *f)
{
	tree(f);
	far_do(f,
	       "<Replace><CmdID>2</CmdID><NoResp/>" ITEM(
		   "./T/a", "", "quiet") "</Replace>"
					 "<Delete><CmdID>3</CmdID><NoResp/>" BARE(
					     "./none") "</Delete>" GET("4", "./T/a"),
	       "S 4 Get 200\nR 4 ./T/a quiet\n");
	far_do(f,
	       "<Atomic><CmdID>2</CmdID><NoResp/>" DEL("3", "./T/a") DEL("4", "./none") "</Atomic>",
	       "S 3 Delete 216\nS 4 Delete 404\n");
	assert_non_null(far_find(f, "./T/a"));
}

/* Rules: ID-19 */
static void noresp_for_all(struct far_end *f)
{
	tree(f);
	far_start(f);
	f->hdr_extra = "<NoResp/>";
	assert_int_equal(far_message(f, 212, REP("2", "./T/a", "quiet") DEL("3", "./none"), true),
			 1);
	far_says(f, "H 200\nF\n");
	assert_string_equal(far_value(f, "./T/a"), "quiet");
}

/* Rules: PKG-29 MULTI-16 */
static void without_end(struct far_end *f)
{
	unsigned int n = 0;
	int rc;

	tree(f);
	far_start(f);
	do {
		/* Which of them is the last: the value tells what was done. */
		rc = far_message(f, 212, n % 2 ? REP("2", "./T/a", "odd") : REP("2", "./T/a", "even"),
				 false);
		n++;
	} while (rc == 1 && n < 10000);
	assert_int_equal(rc, 2);
	assert_true(n < 10000);
	assert_int_equal(far_result(f)->end, DM_END_LIMIT);
	/* What the last message asked is taken back, so nothing is said of it. */
	far_says(f, "H 200\nA 1223\nF\n");
	assert_string_equal(far_value(f, "./T/a"), n % 2 ? "odd" : "even");
}

#define CASES(X) \
	X(first_message) X(notified) X(generic_alerts) X(credentials_in_header) \
	X(package1_refused) X(in_progress) X(answers_in_order) X(results_meta) \
	X(end_without_commands) X(open_package_is_closed) X(we_abort) X(server_aborts) \
	X(server_aborts_in_container) X(resp_uri) X(versions) X(breaks_off) \
	X(header_refused) X(old_status) X(no_command_of_dm) X(other_alerts) \
	X(late_answer) X(stored_before_said) X(session_id_form) X(our_ids) \
	X(wrong_session) X(wrong_target) X(message_repeated) \
	X(half_a_message_repeated) X(message_repeated_for_ever) X(message_from_before) \
	X(message_skipped) X(bad_msg_id) X(cmd_ids) X(cmd_ids_not_looked_at) \
	X(references) X(noresp) X(noresp_for_all) X(without_end)

FAR_TESTS(CASES)
