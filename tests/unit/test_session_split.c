// SPDX-License-Identifier: GPL-2.0-or-later
/* Packages of several messages, and MaxMsgSize. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"
#include "dm_transcript.h"

#define ME  FAR_SERVER
#define ALL "Add=" ME "&Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME
#define ASK "<Alert><CmdID>" TRANSCRIPT_ASK "</CmdID><Data>1222</Data></Alert>"

static void tree(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/a", "one", NULL);
}

static char header[256];

static void take(struct far_end *f, size_t max_msg)
{
	snprintf(header, sizeof(header),
		 "<Meta><MaxMsgSize xmlns='syncml:metinf'>%zu</MaxMsgSize></Meta>", max_msg);
	f->hdr_extra = max_msg ? header : NULL;
}

static void gets(struct buf *b, int from, int n)
{
	for (int i = from; i < from + n; i++)
		buf_printf(b, "<Get><CmdID>%d</CmdID>" BARE("./T/a") "</Get>", i);
}

/* --- packages ------------------------------------------------------------------ */

/* Rules: MULTI-1 MULTI-2 MULTI-4 */
static void not_final(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "./T/a"), false), 1);
	far_says(f, "H 200\nS 2 Get 200\nR 2 ./T/a one\nA 1222\n");
	assert_int_equal(far_message(f, 212, "", false), 1);
	far_says(f, "H 200\nA 1222\n");
	assert_int_equal(far_message(f, 212, GET("2", "./T/a"), true), 1);
	far_says(f, "H 200\nS 2 Get 200\nR 2 ./T/a one\nF\n");
}

/* The whole answer of @body with Next Messages between, as the server has to send them. */
static void whole_answer(struct far_end *f, struct transcript *t, const char *body, size_t max_msg)
{
	enum codec_format format = f->wbxml ? CODEC_WBXML : CODEC_XML;
	int rc;

	f->msg_id = 0;
	far_start(f);
	t->msg_id = 1;
	take(f, max_msg);
	rc = far_message(f, 212, body, true);
	for (;;) {
		if (!rc && far_result(f)->end == DM_END_LIMIT) {
			assert_int_equal(f->out.len, 0);
			return;
		}
		transcript_add(t, format, buf_slice(&f->out), max_msg);
		if (rc == 2) {
			assert_true(t->abort);
			return;
		}
		assert_int_equal(rc, 1);
		assert_int_equal(far_result(f)->messages_out, t->msg_id);
		if (t->final)
			return;
		/* Something still waits: that is why it is not final, and it is not asked for. */
		assert_false(t->next);
		assert_true(t->messages < 8000);
		rc = far_message(f, 212, ASK, false);
	}
}

static void end_of_answer(struct far_end *f, struct transcript *t)
{
	assert_true(t->final);
	assert_int_equal(t->asked, t->messages - 1);
	assert_int_equal(far_message(f, 212, "", true), 0);
	assert_int_equal(far_result(f)->end, DM_END_NORMAL);
}

/* Rules: MULTI-3 MULTI-4 MULTI-5 MULTI-6 MULTI-7 */
static void next_messages(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct transcript t = {0};

	tree(f);
	gets(&b, 2, 40);
	whole_answer(f, &t, buf_cstr(&b), 1500);
	assert_true(t.messages > 3);
	assert_int_equal(t.statuses, 40);
	assert_int_equal(t.results, 40);
	end_of_answer(f, &t);
	transcript_fini(&t);
}

/* A server that repeats its Final with each Next Message is understood, too. */
/* Rules: MULTI-5 */
static void next_messages_with_final(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	unsigned int n = 0;

	tree(f);
	far_start(f);
	take(f, 1500);
	gets(&b, 2, 40);
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	for (; f->split && n < 100; n++)
		assert_int_equal(far_message(f, 212, n % 2 ? ASK : "", true), 1);
	assert_true(n > 3 && n < 100);
	assert_non_null(strstr(buf_cstr(&f->said), "R 41 ./T/a one\nF\n"));
	assert_int_equal(far_message(f, 212, "", true), 0);
	assert_int_equal(far_result(f)->end, DM_END_NORMAL);
}

/* Rules: MULTI-14 */
static void commands_in_between(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT, said = BUF_INIT;
	const char *last, *added;

	tree(f);
	far_start(f);
	take(f, 1500);
	gets(&b, 2, 20);
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	buf_put_str(&said, buf_cstr(&f->said));
	assert_int_equal(far_message(f, 212, ADD("2", "./T/n", "new"), true), 1);
	assert_string_equal(far_value(f, "./T/n"), "new");
	buf_put_str(&said, buf_cstr(&f->said));
	while (f->split) {
		assert_int_equal(far_message(f, 212, ASK, false), 1);
		buf_put_str(&said, buf_cstr(&f->said));
	}
	last = strstr(buf_cstr(&said), "R 21 ./T/a one\n");
	added = strstr(buf_cstr(&said), "S 2 Add 200\n");
	assert_non_null(last);
	assert_non_null(added);
	assert_true(added > last);
}

/* A package of the server that begins while ours waits has to be closed by it first. */
/* Rules: MULTI-2 */
static void another_package_in_between(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	unsigned int n = 0;

	tree(f);
	far_start(f);
	take(f, 1500);
	gets(&b, 2, 12);
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	assert_true(f->split);
	assert_int_equal(far_message(f, 212, ADD("2", "./T/n", "new"), false), 1);
	while (!strstr(buf_cstr(&f->said), "A 1222\n") && n++ < 20) {
		assert_true(f->split);
		assert_int_equal(far_message(f, 212, ASK, false), 1);
	}
	assert_true(n < 20);
	assert_int_equal(far_message(f, 212, "", true), 1);
	far_says(f, "H 200\nF\n");
}

/* --- size ------------------------------------------------------------------------ */

/* A message with all kinds of answers: short and long, text and bytes, in containers. */
static void world(struct far_end *f, struct buf *body)
{
	_cleanup_buf_ struct buf text = BUF_INIT, raw = BUF_INIT;
	struct dm_node *n;

	tree(f);
	for (int i = 0; i < 60; i++)
		buf_printf(&text, "%d<&>\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\x9f", i);
	far_node(f, "./T/text", buf_cstr(&text), NULL);
	for (int i = 0; i < 200; i++)
		buf_put_u8(&raw, i * 7);
	n = far_node(f, "./T/raw", "x", NULL);
	assert_int_equal(dm_tree_set_value(f->tree, n, DM_FMT_BIN, SLICE_NONE, buf_slice(&raw), 1),
			 0);
	far_node(f, "./T/empty", "", NULL);
	far_node(f, "./T/a-rather-long-name-of-a-node-that-takes-its-room/b", "2", NULL);
	dm_tree_committed(f->tree);
	buf_put_str(body, GET("2", "./T") GET("3", "./T/text") DEL("4", "./T/none"));
	buf_put_str(body, GET("5", "./T/raw") ADD("6", "./DevInfo/x", "1"));
	buf_put_str(body, "<Sequence><CmdID>7</CmdID>" GET("8", "./T/empty"));
	buf_put_str(body, GET("9", "./T/a-rather-long-name-of-a-node-that-takes-its-room/b"));
	buf_put_str(body, "</Sequence><Atomic><CmdID>10</CmdID>" REP("11", "./T/none", "1"));
	buf_put_str(body, DEL("12", "./T/a") "</Atomic>" GET("13", "./T/a?list=Struct"));
	buf_put_str(body, CMD("Get", "14", BARE("./T/a") BARE("./T/no") BARE("./T/raw")));
	buf_put_str(body, "<Alert><CmdID>15</CmdID><Data>1100</Data></Alert>");
	buf_put_str(body, GET("16", "./T?list=StructData"));
}

static void any_size(struct far_end *f, size_t to)
{
	_cleanup_buf_ struct buf body = BUF_INIT;
	struct transcript whole = {0};
	unsigned int ended = 0, split = 0;

	world(f, &body);
	whole_answer(f, &whole, buf_cstr(&body), 0);
	assert_int_equal(whole.messages, 1);
	dm_session_free(f->s);
	for (size_t max = 1; max < to; max += split < 20 ? 1 + max % 3 : max / 23) {
		struct transcript t = {0};

		whole_answer(f, &t, buf_cstr(&body), max);
		if (far_result(f)->end == DM_END_LIMIT) {
			/* Too small for what cannot be parted: from some size on it never is. */
			assert_int_equal(split, 0);
			ended++;
		} else {
			split += t.messages > 1;
			assert_string_equal(buf_cstr(&t.text), buf_cstr(&whole.text));
			end_of_answer(f, &t);
		}
		transcript_fini(&t);
		dm_session_free(f->s);
	}
	f->s = NULL;
	assert_true(ended > 0);
	assert_true(split > 50);
	transcript_fini(&whole);
}

/* Rules: MULTI-7 MULTI-8 MULTI-10 LO-26 LO-27 LO-28 LO-29 LO-34 */
static void any_size_xml(struct far_end *f)
{
	any_size(f, 30000);
}

/* Rules: MULTI-7 MULTI-8 MULTI-10 LO-26 LO-27 LO-28 LO-29 LO-34 */
static void any_size_wbxml(struct far_end *f)
{
	f->wbxml = true;
	f->cfg.encoder = codec_encoder(CODEC_WBXML);
	any_size(f, 20000);
}

/* Rules: MULTI-10 */
static void no_room_at_all(struct far_end *f)
{
	static const struct {
		size_t max;
		int rc;
	} sizes[] = {{1, 0}, {100, 0}, {800, 2}};

	tree(f);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		far_start(f);
		f->msg_id = 0;
		take(f, sizes[i].max);
		/* The abort has room where the Status has none. */
		assert_int_equal(
		    far_message(f, 212,
				"<Delete><CmdID>a-very-long-identifier-of-a-command"
				"-that-has-to-be-repeated-in-the-status-of-the-command-and-takes-"
				"all-the-room"
				"-that-there-is-so-that-nothing-else-fits</CmdID>" BARE(
				    "./none") "</Delete>",
				true),
		    sizes[i].rc);
		assert_int_equal(far_result(f)->end, DM_END_LIMIT);
		assert_true(f->out.len <= sizes[i].max);
		assert_int_equal(far_message(f, 212, GET("2", "./T/a"), true), 0);
		dm_session_free(f->s);
	}
	f->s = NULL;
}

/* Not even what asks for more, or ends it, has room: nothing is sent. */
/* Rules: MULTI-10 */
static void no_room_for_alerts(struct far_end *f)
{
	tree(f);
	far_start(f);
	take(f, 500);
	assert_int_equal(far_message(f, 212, "", false), 0);
	assert_int_equal(f->out.len, 0);
	assert_int_equal(far_result(f)->end, DM_END_LIMIT);
	dm_session_free(f->s);
	f->msg_id = 0;
	far_start(f);
	take(f, 2000);
	assert_int_equal(far_message(f, 212, GET("2", "./T/a"), true), 1);
	/* Received, not answered yet, and the card goes. */
	dm_session_message(f->s, f->now);
	assert_int_equal(
	    codec_decode(
		CODEC_XML,
		SLICE_LIT(
		    "<SyncML "
		    "xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</"
		    "VerProto>"
		    "<SessionID>AB</SessionID><MsgID>2</MsgID><Target><LocURI>" FAR_DEVICE
		    "</LocURI></Target>"
		    "<Source><LocURI>x</LocURI></Source><Meta><MaxMsgSize "
		    "xmlns='syncml:metinf'>300</MaxMsgSize>"
		    "</Meta></SyncHdr><SyncBody>" GET("2", "./T/a") "<Final/></SyncBody></SyncML>"),
		NULL, dm_session_sink(), f->s, NULL),
	    0);
	assert_int_equal(dm_session_abort(f->s, "card removed", &f->out), 0);
	assert_int_equal(f->out.len, 0);
	assert_int_equal(far_result(f)->end, DM_END_ABORTED_BY_US);
}

/* Rules: MULTI-9 MULTI-11 */
static void limit_comes_and_goes(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	tree(f);
	far_start(f);
	gets(&b, 2, 300);
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	assert_true(f->out.len > 50000 && !f->split);
	take(f, 2000);
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	assert_true(f->out.len <= 2000 && f->split);
	f->hdr_extra = NULL;
	assert_int_equal(far_message(f, 212, ASK, false), 1);
	assert_true(f->out.len <= 2000 && f->split);
	take(f, 9000);
	assert_int_equal(far_message(f, 212, ASK, false), 1);
	assert_true(f->out.len <= 9000 && f->out.len > 8000 && f->split);
	take(f, 1000000);
	assert_int_equal(far_message(f, 212, ASK, false), 1);
	assert_false(f->split);
	f->hdr_extra = "<Meta><MaxMsgSize xmlns='syncml:metinf'>0</MaxMsgSize></Meta>";
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	assert_true(f->out.len > 50000 && !f->split);
}

/* Rules: MULTI-13 */
static void status_without_refs(struct far_end *f)
{
	static const char name[] = "a-name-of-a-node-that-is-as-long-as-names-may-be-in-this-device"
				   "/and-another-one-below-it-that-takes-its-room-in-each-status"
				   "/and-one-more";
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t max;

	tree(f);
	buf_printf(&b,
		   "<Delete><CmdID>2</CmdID><Item><Target><LocURI>./T/%s</LocURI></Target></Item></"
		   "Delete>",
		   name);
	/* The smallest message that names the target, and the largest that cannot. */
	for (max = 2000; max; max--) {
		f->msg_id = 0;
		far_start(f);
		take(f, max);
		assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
		far_says(f, "H 200\nS 2 Delete 404\nF\n");
		if (!strstr(buf_cstr(&f->out), name))
			break;
		dm_session_free(f->s);
	}
	assert_in_range(max, 700, 1500);
	assert_non_null(
	    strstr(buf_cstr(&f->out), "<CmdRef>2</CmdRef><Cmd>Delete</Cmd><Data>404</Data>"));
}

#define CHAL                                                                                       \
	"<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</"               \
	"Cmd><Chal><Meta>"                                                                         \
	"<Type xmlns='syncml:metinf'>syncml:auth-basic</Type><Format "                             \
	"xmlns='syncml:metinf'>b64</Format>"                                                       \
	"</Meta></Chal><Data>407</Data></Status>"

/* Rules: MULTI-15 PKG-24 */
static void package1_again(struct far_end *f)
{
	f->account.client.present = true;
	f->account.client.type = DM_AUTH_BASIC;
	f->account.pref = DM_AUTH_MD5;
	buf_put_str(&f->account.client.name, "u");
	buf_put_str(&f->account.client.secret, "s");
	far_start(f);
	take(f, 500);
	assert_int_equal(far_message(f, 0, CHAL, true), 1);
	far_says(f, "C basic\nH 200\nA 1201\nD 5\nF\n");
	assert_true(f->out.len > 500);
	assert_non_null(strstr(buf_cstr(&f->out), "<SessionID>AB</SessionID><MsgID>2</MsgID>"));
}

#define CASES(X) \
	X(not_final) X(next_messages) X(next_messages_with_final) \
	X(commands_in_between) X(another_package_in_between) X(any_size_xml) \
	X(any_size_wbxml) X(no_room_at_all) X(no_room_for_alerts) \
	X(limit_comes_and_goes) X(status_without_refs) X(package1_again)

FAR_TESTS(CASES)
