// SPDX-License-Identifier: GPL-2.0-or-later
/* Large objects (PRO 2.2): values in pieces, in both directions. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"
#include "dm_transcript.h"
#include "util/digest.h"

#define ME		    FAR_SERVER
#define ALL		    "Add=" ME "&Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME
#define ASK		    "<Alert><CmdID>" TRANSCRIPT_ASK "</CmdID><Data>1222</Data></Alert>"
#define M(inner)	    "<Meta>" inner "</Meta>"
#define SIZE(n)		    "<Size xmlns='syncml:metinf'>" n "</Size>"
#define FORMAT(n)	    "<Format xmlns='syncml:metinf'>" n "</Format>"
#define TYPE(n)		    "<Type xmlns='syncml:metinf'>" n "</Type>"
#define PIECE_ITEM(u, meta, d)                                                                     \
	"<Item><Target><LocURI>" u "</LocURI></Target>" meta "<Data>" d "</Data><MoreData/></"     \
									"Item>"
#define PIECE(cmd, id, u, meta, d) CMD(cmd, id, PIECE_ITEM(u, meta, d))
#define LAST(cmd, id, u, d)	   CMD(cmd, id, ITEM(u, "", d))

static void tree(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/a", "one", NULL);
}

/* One message without Final, and what is said to it behind the header's Status. */
static void goes_on(struct far_end *f, const char *body, const char *want)
{
	char text[512];

	if (!f->s)
		far_start(f);
	assert_int_equal(far_message(f, 212, body, false), 1);
	snprintf(text, sizeof(text), "H 200\n%sA 1222\n", want);
	far_says(f, text);
}

/* --- in ------------------------------------------------------------------------ */

/* Rules: LO-1 LO-2 LO-3 */
static void in_three_pieces(struct far_end *f)
{
	tree(f);
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("9")), "abc"), "S 2 Add 213\n");
	assert_null(far_find(f, "./T/l"));
	goes_on(f, PIECE("Add", "2", "./T/l", "", "def"), "S 2 Add 213\n");
	assert_null(far_find(f, "./T/l"));
	assert_int_equal(f->commits, 0);
	far_do(f, LAST("Add", "2", "./T/l", "ghi") GET("3", "./T/l"),
	       "S 2 Add 200\nS 3 Get 200\nR 3 ./T/l abcdefghi\n");
	assert_int_equal(f->commits, 1);
	assert_int_equal(far_result(f)->commands, 2);
}

/* A server that puts Final into each of its messages means the last one only. */
/* Rules: LO-2 */
static void final_in_each(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(far_message(f, 212, PIECE("Add", "2", "./T/l", M(SIZE("6")), "abc"), true),
			 1);
	far_says(f, "H 200\nS 2 Add 213\nA 1222\n");
	far_do(f, LAST("Add", "2", "./T/l", "def"), "S 2 Add 200\n");
	assert_string_equal(far_value(f, "./T/l"), "abcdef");
}

/* The last piece may come in a message that is not the last of its package. */
/* Rules: LO-2 LO-3 */
static void package_goes_on(struct far_end *f)
{
	tree(f);
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("6")), "abc"), "S 2 Add 213\n");
	goes_on(f, LAST("Add", "2", "./T/l", "def"), "S 2 Add 200\n");
	goes_on(f, PIECE("Add", "2", "./T/m", M(SIZE("4")), "ab"), "S 2 Add 213\n");
	far_do(f, LAST("Add", "2", "./T/m", "cd"), "S 2 Add 200\n");
	assert_string_equal(far_value(f, "./T/m"), "abcd");
}

/* Rules: LO-4 LO-3 */
static void whole_command_fails(struct far_end *f)
{
	tree(f);
	goes_on(f, PIECE("Add", "2", "./T/a", M(SIZE("4")), "ab"), "S 2 Add 213\n");
	far_do(f, LAST("Add", "2", "./T/a", "cd"), "S 2 Add 418\n");
	assert_string_equal(far_value(f, "./T/a"), "one");
	goes_on(f, PIECE("Replace", "2", "./DevInfo/Man", M(SIZE("4")), "ab"), "S 2 Replace 213\n");
	far_do(f, LAST("Replace", "2", "./DevInfo/Man", "cd"), "S 2 Replace 425\n");
	goes_on(f, PIECE("Replace", "2", "./T/a", M(SIZE("4") FORMAT("int")), "ab"),
		"S 2 Replace 213\n");
	far_do(f, LAST("Replace", "2", "./T/a", "cd"), "S 2 Replace 415\n");
	assert_string_equal(far_value(f, "./T/a"), "one");
}

/* Rules: LO-5 */
static void size_missing(struct far_end *f)
{
	tree(f);
	far_do(f, PIECE("Add", "2", "./T/l", "", "abc"), "S 2 Add 411\n");
	assert_null(far_find(f, "./T/l"));
	/* Nothing is left over that would turn the next into a piece. */
	far_do(f, ADD("2", "./T/l", "whole"), "S 2 Add 200\n");
	assert_string_equal(far_value(f, "./T/l"), "whole");
}

/* Rules: LO-6 LO-20 */
static void size_wrong(struct far_end *f)
{
	tree(f);
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("6")), "abc"), "S 2 Add 213\n");
	far_do(f, LAST("Add", "2", "./T/l", "de"), "S 2 Add 424\n");
	assert_null(far_find(f, "./T/l"));
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("6")), "abc"), "S 2 Add 213\n");
	far_do(f, LAST("Add", "2", "./T/l", "defg"), "S 2 Add 424\n");
	assert_null(far_find(f, "./T/l"));
	/* Past its size nothing is kept, but it still is one object to its end. */
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("2")), "abc"), "S 2 Add 213\n");
	goes_on(f, PIECE("Add", "2", "./T/l", "", "def"), "S 2 Add 213\n");
	far_do(f, LAST("Add", "2", "./T/l", ""), "S 2 Add 424\n");
	assert_null(far_find(f, "./T/l"));
	assert_int_equal(f->commits, 0);
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("6")), "abc"), "S 2 Add 213\n");
	far_do(f, LAST("Add", "2", "./T/l", "def"), "S 2 Add 200\n");
}

/* Rules: LO-7 LO-20 */
static void another_command(struct far_end *f)
{
	static const char *const others[][2] = {
	    {GET("2", "./T/a"), "S 2 Get 200\nR 2 ./T/a one\n"},
	    {DEL("2", "./T/none"), "S 2 Delete 404\n"},
	    {"<Alert><CmdID>2</CmdID><Data>1100</Data></Alert>", "S 2 Alert 406\n"},
	    {SEQ("2", GET("3", "./T/a")), "S 2 Sequence 200\nS 3 Get 200\nR 3 ./T/a one\n"},
	    {ATOMIC("2", DEL("3", "./T/none")), "S 2 Atomic 507\nS 3 Delete 404\n"},
	    {"<Map><CmdID>2</CmdID></Map>", "S 2 Map 405\n"},
	};

	tree(f);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char want[256];

		goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("6")), "abc"), "S 2 Add 213\n");
		snprintf(want, sizeof(want), "A 1225 ./T/l\n%s", others[i][1]);
		far_do(f, others[i][0], want);
		assert_null(far_find(f, "./T/l"));
	}
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("6")), "abc"), "S 2 Add 213\n");
	far_do(f, LAST("Add", "2", "./T/l", "def"), "S 2 Add 200\n");
}

/* Rules: LO-7 LO-15 */
static void source_in_1225(struct far_end *f)
{
	tree(f);
	goes_on(f,
		"<Add><CmdID>2</CmdID><Item><Target><LocURI>./T/l</LocURI></"
		"Target><Source><LocURI>./srv"
		"</LocURI></Source>" M(SIZE("6")) "<Data>abc</Data><MoreData/></Item></Add>",
		"S 2 Add 213\n");
	far_do(f, DEL("2", "./none"), "A 1225 ./T/l\nS 2 Delete 404\n");
	assert_non_null(strstr(buf_cstr(&f->out),
			       "<Data>1225</Data><Item><Target><LocURI>./T/l</LocURI>"
			       "</Target><Source><LocURI>./srv</LocURI></Source></Item>"));
}

/* Rules: LO-8 LO-24 */
static void several_items(struct far_end *f)
{
	tree(f);
	goes_on(
	    f, CMD("Add", "2", ITEM("./T/b", "", "whole") PIECE_ITEM("./T/l", M(SIZE("6")), "abc")),
	    "S 2 Add 200\nS 2 Add 213\n");
	far_do(f, CMD("Add", "2", ITEM("./T/l", "", "def") ITEM("./T/c", "", "whole")),
	       "S 2 Add 200\nS 2 Add 200\n");
	assert_string_equal(far_value(f, "./T/l"), "abcdef");
	assert_string_equal(far_value(f, "./T/c"), "whole");
	far_do(f,
	       CMD("Add", "2", PIECE_ITEM("./T/m", M(SIZE("6")), "abc") ITEM("./T/d", "", "whole")),
	       "S 2 Add 213\nA 1225 ./T/m\nS 2 Add 200\n");
	far_do(f,
	       CMD("Add", "2", PIECE_ITEM("./T/m", M(SIZE("6")), "abc") ITEM("./T/m", "", "def")),
	       "S 2 Add 213\nA 1225 ./T/m\nS 2 Add 200\n");
	assert_string_equal(far_value(f, "./T/m"), "def");
}

/* Rules: LO-9 */
static void another_object(struct far_end *f)
{
	tree(f);
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("6")), "abc"), "S 2 Add 213\n");
	goes_on(f, PIECE("Add", "2", "./T/m", M(SIZE("4")), "ab"), "A 1225 ./T/l\nS 2 Add 213\n");
	goes_on(f, PIECE("Replace", "2", "./T/m", M(SIZE("4")), "xy"),
		"A 1225 ./T/m\nS 2 Replace 213\n");
	goes_on(f, PIECE("Add", "2", "./T/m", "", "cd"), "A 1225 ./T/m\nS 2 Add 411\n");
	far_do(f, ADD("2", "./T/m", "whole"), "S 2 Add 200\n");
	assert_null(far_find(f, "./T/l"));
	assert_string_equal(far_value(f, "./T/m"), "whole");
}

/* Rules: LO-10 LO-15 */
static void size_again(struct far_end *f)
{
	tree(f);
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("6") FORMAT("chr") TYPE("text/x")), "abc"),
		"S 2 Add 213\n");
	far_do(f, CMD("Add", "2", ITEM("./T/l", M(SIZE("6") FORMAT("int")), "def")),
	       "S 2 Add 200\n");
	assert_string_equal(far_value(f, "./T/l"), "abcdef");
	assert_int_equal(far_find(f, "./T/l")->format, DM_FMT_CHR);
	goes_on(f, PIECE("Replace", "2", "./T/l", M(SIZE("6")), "uvw"), "S 2 Replace 213\n");
	goes_on(f, PIECE("Replace", "2", "./T/l", M(SIZE("4")), "12"),
		"A 1225 ./T/l\nS 2 Replace 213\n");
	far_do(f, LAST("Replace", "2", "./T/l", "34"), "S 2 Replace 200\n");
	assert_string_equal(far_value(f, "./T/l"), "1234");
}

/* Rules: LO-11 */
static void final_too_early(struct far_end *f)
{
	tree(f);
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("6")), "abc"), "S 2 Add 213\n");
	far_do(f, "", "A 1225 ./T/l\n");
	assert_int_equal(far_message(f, 212, "", true), 0);
	assert_int_equal(far_result(f)->end, DM_END_NORMAL);
	assert_null(far_find(f, "./T/l"));
}

/* Rules: LO-12 */
static void talk_between(struct far_end *f)
{
	tree(f);
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("6")), "abc"), "S 2 Add 213\n");
	goes_on(f, ASK, "S 1222 Alert 200\n");
	goes_on(
	    f,
	    "<Status><CmdID>7</CmdID><MsgRef>2</MsgRef><CmdRef>3</CmdRef><Cmd>Alert</"
	    "Cmd><Data>200</Data>"
	    "</Status><Results><CmdID>8</CmdID><CmdRef>3</CmdRef>" ITEM("./x", "", "") "</Results>",
	    "");
	far_do(f, LAST("Add", "2", "./T/l", "def"), "S 2 Add 200\n");
	assert_string_equal(far_value(f, "./T/l"), "abcdef");
}

/* Rules: LO-13 */
static void above_our_size(struct far_end *f)
{
	tree(f);
	f->cfg.max_obj_size = 10;
	far_do(f, PIECE("Add", "2", "./T/l", M(SIZE("11")), "abc"), "S 2 Add 413\n");
	far_do(f, PIECE("Add", "2", "./T/l", M(SIZE("18446744073709551615")), "abc"),
	       "S 2 Add 413\n");
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("10")), "abcde"), "S 2 Add 213\n");
	far_do(f, LAST("Add", "2", "./T/l", "fghij"), "S 2 Add 200\n");
	far_do(f, ADD("2", "./T/m", "more than ten"), "S 2 Add 413\n");
}

/* Every way to cut base64 in three. */
/* Rules: LO-14 */
static void base64_cut_anywhere(struct far_end *f)
{
	static const char raw[] = "\0bytes\xff\xfe of any kind\r\n", *uri = "./T/l";
	_cleanup_buf_ struct buf text = BUF_INIT, body = BUF_INIT;
	struct dm_node *n;

	tree(f);
	base64_encode(&text, slice_of(raw, sizeof(raw) - 1));
	far_start(f);
	for (size_t i = 0; i <= text.len; i++) {
		size_t j = i + (text.len - i) / 2;

		buf_reset(&body);
		buf_printf(&body,
			   "<Add><CmdID>2</CmdID><Meta>" FORMAT("b64")
			       SIZE("%zu") "</Meta><Item><Target>"
					   "<LocURI>%s</LocURI></Target><Data>%.*s</Data><MoreData/"
					   "></Item></Add>",
			   text.len, uri, (int)i, (char *)text.data);
		goes_on(f, buf_cstr(&body), "S 2 Add 213\n");
		buf_reset(&body);
		buf_printf(&body, PIECE("Add", "2", "%s", "", "%.*s"), uri, (int)(j - i),
			   (char *)text.data + i);
		goes_on(f, buf_cstr(&body), "S 2 Add 213\n");
		buf_reset(&body);
		buf_printf(&body, LAST("Add", "2", "%s", "%s") GET("3", "./T/a"), uri,
			   (char *)text.data + j);
		far_do(f, buf_cstr(&body), "S 2 Add 200\nS 3 Get 200\nR 3 ./T/a one\n");
		n = far_find(f, uri);
		assert_int_equal(n->format, DM_FMT_BIN);
		assert_true(slice_eq(dm_node_value(n), slice_of(raw, sizeof(raw) - 1)));
		far_do(f, DEL("2", "./T/l"), "S 2 Delete 200\n");
	}
	/* The length of the bytes behind it is not what was sent. */
	goes_on(f, PIECE("Add", "2", "./T/l", M(FORMAT("b64") SIZE("3")), "YWJ"), "S 2 Add 213\n");
	far_do(f, LAST("Add", "2", "./T/l", "j"), "S 2 Add 424\n");
}

static enum dm_status ran(void *ctx, struct dm_tree *t, struct dm_node *n, struct slice data,
			  struct slice correlator)
{
	struct far_end *f = ctx;

	assert_true(slice_eq_str(correlator, "c1"));
	buf_reset(&f->cred);
	buf_put_slice(&f->cred, data);
	return DM_ST_ACCEPTED;
}

/* Rules: LO-16 */
static void replace_and_exec(struct far_end *f)
{
	tree(f);
	f->ops.cmd.exec = ran;
	goes_on(f, PIECE("Replace", "2", "./T/a", M(SIZE("4")), "ab"), "S 2 Replace 213\n");
	assert_string_equal(far_value(f, "./T/a"), "one");
	far_do(f, LAST("Replace", "2", "./T/a", "cd"), "S 2 Replace 200\n");
	assert_string_equal(far_value(f, "./T/a"), "abcd");
	goes_on(f,
		"<Exec><CmdID>2</CmdID><Correlator>c1</Correlator>" PIECE_ITEM(
		    "./T/a", M(SIZE("4")), "ab") "</Exec>",
		"S 2 Exec 213\n");
	assert_int_equal(f->cred.len, 0);
	assert_int_equal(far_message(f, 212, LAST("Exec", "2", "./T/a", "cd"), true), 1);
	far_says(f, "H 200\nS 2 Exec 202\nF\n");
}

/* A message in WBXML as a server would write it. */
static int binary(struct far_end *f, struct slice data, bool more, uint64_t size)
{
	const struct dm_encoder *e = codec_encoder(CODEC_WBXML);
	struct dm_item item = {
	    .target = SLICE_LIT("./T/l"), .data = data, .data_opaque = true, .more_data = more};
	struct dm_cmd cmd = {
	    .kind = DM_CMD_ADD, .cmd_id = SLICE_LIT("2"), .items = &item, .nitems = 1};
	_cleanup_buf_ struct buf b = BUF_INIT;
	char id[12];
	struct dm_hdr h = {
	    .ver_dtd = SLICE_LIT("1.2"),
	    .ver_proto = SLICE_LIT("DM/1.2"),
	    .session_id = SLICE_LIT("AB"),
	    .target = SLICE_LIT(FAR_DEVICE),
	    .source = SLICE_LIT("https://srv.example/dm"),
	};
	int rc;

	snprintf(id, sizeof(id), "%u", ++f->msg_id);
	h.msg_id = slice_str(id);
	item.meta.format = SLICE_LIT("bin");
	item.meta.has_size = size;
	item.meta.size = size;
	e->begin(&b, &h);
	e->command(&b, &cmd);
	e->finish(&b, !more);
	dm_session_message(f->s, f->now);
	assert_int_equal(
	    codec_decode(CODEC_WBXML, buf_slice(&b), NULL, dm_session_sink(), f->s, NULL), 0);
	rc = dm_session_reply(f->s, f->now, &f->out);
	return rc;
}

/* Rules: LO-17 */
static void opaque_pieces(struct far_end *f)
{
	struct dm_node *n;

	tree(f);
	far_start(f);
	assert_int_equal(binary(f, slice_of("\0\1\2", 3), true, 8), 1);
	assert_non_null(strstr(buf_cstr(&f->out), "<Data>213</Data>"));
	assert_int_equal(binary(f, slice_of("\xff\0\xfe", 3), true, 0), 1);
	assert_int_equal(binary(f, slice_of("</", 2), false, 0), 1);
	assert_non_null(strstr(buf_cstr(&f->out),
			       "<Cmd>Add</Cmd><TargetRef>./T/l</TargetRef><Data>200</Data>"));
	n = far_find(f, "./T/l");
	assert_non_null(n);
	assert_int_equal(n->format, DM_FMT_BIN);
	assert_true(slice_eq(dm_node_value(n), slice_of("\0\1\2\xff\0\xfe</", 8)));
}

/* Rules: LO-18 */
static void in_containers(struct far_end *f)
{
	tree(f);
	far_do(f,
	       ATOMIC("2", ADD("3", "./T/n", "1") PIECE("Add", "4", "./T/l", M(SIZE("6")), "abc")),
	       "S 2 Atomic 507\nS 3 Add 216\nS 4 Add 413\n");
	far_do(f, SEQ("2", PIECE("Add", "3", "./T/l", M(SIZE("6")), "abc") GET("4", "./T/a")),
	       "S 2 Sequence 200\nS 3 Add 413\nS 4 Get 200\nR 4 ./T/a one\n");
	/* A container between the pieces is another command. */
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("6")), "abc"), "S 2 Add 213\n");
	far_do(f, SEQ("2", LAST("Add", "3", "./T/l", "def")),
	       "A 1225 ./T/l\nS 2 Sequence 200\nS 3 Add 200\n");
	assert_string_equal(far_value(f, "./T/l"), "def");
}

/* Rules: LO-19 */
static void no_value_to_part(struct far_end *f)
{
	tree(f);
	far_do(f,
	       PIECE("Get", "2", "./T/a", M(SIZE("3")), "a")
		   PIECE("Delete", "3", "./T/a", M(SIZE("3")), "a")
		       PIECE("Copy", "4", "./T/a", M(SIZE("3")), "a"),
	       "S 2 Get 400\nS 3 Delete 400\nS 4 Copy 400\n");
	assert_non_null(far_find(f, "./T/a"));
}

/* Rules: LO-21 */
static void session_ends_between(struct far_end *f)
{
	tree(f);
	goes_on(f, PIECE("Replace", "2", "./T/a", M(SIZE("6")), "abc"), "S 2 Replace 213\n");
	assert_int_equal(
	    far_message(f, 212, "<Alert><CmdID>2</CmdID><Data>1223</Data></Alert>", true), 0);
	assert_string_equal(far_value(f, "./T/a"), "one");
	dm_session_free(f->s);
	f->s = NULL;
	f->msg_id = 0;
	/* Nor does it go on in the next one. */
	far_do(f, PIECE("Replace", "2", "./T/a", "", "def"), "S 2 Replace 411\n");
	dm_session_free(f->s);
	f->s = NULL;
	f->msg_id = 0;
	goes_on(f, PIECE("Replace", "2", "./T/a", M(SIZE("6")), "abc"), "S 2 Replace 213\n");
	assert_int_equal(dm_session_abort(f->s, "x", &f->out), 1);
	assert_string_equal(far_value(f, "./T/a"), "one");
	assert_int_equal(f->commits, 0);
}

/* Rules: LO-22 */
static void piece_repeated(struct far_end *f)
{
	tree(f);
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("6")), "abc"), "S 2 Add 213\n");
	f->msg_id--;
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("6")), "abc"), "S 2 Add 213\n");
	far_do(f, LAST("Add", "2", "./T/l", "def"), "S 2 Add 200\n");
	f->msg_id--;
	assert_int_equal(far_message(f, 212, LAST("Add", "2", "./T/l", "def"), true), 1);
	far_says(f, "H 200\nS 2 Add 200\nF\n");
	assert_string_equal(far_value(f, "./T/l"), "abcdef");
}

/* Rules: LO-23 */
static void tree_in_pieces(struct far_end *f)
{
	static const char doc[] = "<MgmtTree xmlns='syncml:dmddf1.2'><VerDTD>1.2</VerDTD>" TDIR(
	    "sub", "", TLEAF("x", "1") TLEAF("y", "2")) "</MgmtTree>";
	_cleanup_buf_ struct buf b = BUF_INIT;

	tree(f);
	far_start(f);
	buf_printf(&b,
		   "<Add><CmdID>2</CmdID><Meta>" FORMAT("xml")
		       TYPE("application/vnd.syncml.dmtnds+xml")
			   SIZE("%zu") "</Meta><Item><Target><LocURI>./T"
				       "</LocURI></Target><Data><![CDATA[%.100s]]></Data><MoreData/"
				       "></Item></Add>",
		   strlen(doc), doc);
	goes_on(f, buf_cstr(&b), "S 2 Add 213\n");
	buf_reset(&b);
	buf_printf(&b,
		   "<Add><CmdID>2</CmdID><Item><Target><LocURI>./T</LocURI></Target>"
		   "<Data><![CDATA[%s]]></Data></Item></Add>",
		   doc + 100);
	far_do(f, buf_cstr(&b), "S 2 Add 200\n");
	assert_string_equal(far_value(f, "./T/sub/y"), "2");
}

/* A question that was cancelled stops the piece, too: what comes behind cannot be whole. */
/* Rules: LO-6 */
static void piece_not_taken(struct far_end *f)
{
	tree(f);
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("9")), "abc"), "S 2 Add 213\n");
	goes_on(f, PIECE("Add", "0", "./T/l", "", "def"), "S  Add 400\n");
	far_do(f, LAST("Add", "2", "./T/l", "ghi"), "S 2 Add 424\n");
	assert_null(far_find(f, "./T/l"));
}

/* Rules: LO-25 */
static void lrg_obj(struct far_end *f)
{
	assert_string_equal(far_value(f, "./DevDetail/LrgObj"), "true");
}

/* --- out ------------------------------------------------------------------------- */

#define MAX(what, n) "<Meta><" what " xmlns='syncml:metinf'>" n "</" what "></Meta>"

static void bytes(struct far_end *f, const char *uri, size_t len)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i < len; i++)
		buf_put_u8(&b, i * 7 + i / 256);
	assert_int_equal(dm_tree_set_value(f->tree, far_node(f, uri, "x", NULL), DM_FMT_BIN,
					   SLICE_NONE, buf_slice(&b), 1),
			 0);
	dm_tree_committed(f->tree);
}

static void all_of(struct far_end *f, struct transcript *t, const char *body)
{
	t->msg_id = far_result(f)->messages_out;
	assert_int_equal(far_message(f, 212, body, true), 1);
	for (;;) {
		transcript_add(t, f->wbxml ? CODEC_WBXML : CODEC_XML, buf_slice(&f->out), 1500);
		if (t->final)
			return;
		assert_true(t->messages < 100);
		assert_int_equal(far_message(f, 212, ASK, false), 1);
	}
}

/* Rules: LO-26 LO-27 LO-28 LO-33 */
static void out_in_pieces(struct far_end *f)
{
	_cleanup_buf_ struct buf want = BUF_INIT, text = BUF_INIT;
	struct transcript t = {0};

	tree(f);
	bytes(f, "./T/big", 3000);
	far_start(f);
	f->hdr_extra = MAX("MaxMsgSize", "1500");
	all_of(f, &t, GET("2", "./T/big") GET("3", "./T/a"));
	assert_true(t.messages >= 4);
	assert_int_equal(t.pieces, t.messages);
	assert_int_equal(t.size, 4000); /* the base64 text of 3000 bytes */
	base64_encode(&text, dm_node_value(far_find(f, "./T/big")));
	buf_printf(
	    &want,
	    "S 2 Get 200 ./T/big\nR 2 ./T/big b64 - %s\nS 3 Get 200 ./T/a\nR 3 ./T/a - - one\n",
	    buf_cstr(&text));
	assert_string_equal(buf_cstr(&t.text), buf_cstr(&want));
	transcript_fini(&t);
}

/* Rules: LO-27 LO-33 */
static void out_in_raw_pieces(struct far_end *f)
{
	struct transcript t = {0};

	f->wbxml = true;
	f->cfg.encoder = codec_encoder(CODEC_WBXML);
	tree(f);
	bytes(f, "./T/big", 3000);
	far_start(f);
	f->hdr_extra = MAX("MaxMsgSize", "1500");
	all_of(f, &t, GET("2", "./T/big"));
	assert_int_equal(t.size, 3000);
	assert_true(slice_eq(buf_slice(&t.value), dm_node_value(far_find(f, "./T/big"))));
	transcript_fini(&t);
}

/* Rules: LO-30 */
static void out_whole(struct far_end *f)
{
	struct transcript t = {0};

	tree(f);
	bytes(f, "./T/big", 400);
	far_start(f);
	f->hdr_extra = MAX("MaxMsgSize", "1500");
	all_of(f, &t, GET("2", "./T/big"));
	assert_int_equal(t.pieces, 0);
	assert_null(strstr(buf_cstr(&f->out), "MoreData"));
	assert_null(strstr(buf_cstr(&f->out), "<Size"));
	transcript_fini(&t);
}

/* Rules: LO-31 LO-32 */
static void above_their_size(struct far_end *f)
{
	tree(f);
	far_node(f, "./T/four", "1234", NULL);
	far_start(f);
	f->hdr_extra = MAX("MaxObjSize", "3");
	far_do(f, GET("2", "./T/a") GET("3", "./T/four") GET("4", "./T"),
	       "S 2 Get 200\nR 2 ./T/a one\nS 3 Get 413\nS 4 Get 413\n");
	f->hdr_extra = NULL;
	far_do(f, GET("2", "./T/four"), "S 2 Get 413\n");
	f->hdr_extra = MAX("MaxObjSize", "4");
	far_do(f, GET("2", "./T/four"), "S 2 Get 200\nR 2 ./T/four 1234\n");
	f->hdr_extra = MAX("MaxObjSize", "2");
	far_do(f, GET("2", "./T/four") GET("3", "./T/a") DEL("4", "./T/four"),
	       "S 2 Get 413\nS 3 Get 413\nS 4 Delete 200\n");
}

/* Rules: LO-33 */
static void base64_above_their_size(struct far_end *f)
{
	tree(f);
	bytes(f, "./T/b", 6);
	far_start(f);
	f->hdr_extra = MAX("MaxObjSize", "7");
	far_do(f, GET("2", "./T/b"), "S 2 Get 413\n");
	f->hdr_extra = MAX("MaxObjSize", "8");
	far_do(f, GET("2", "./T/b"), "S 2 Get 200\nR 2 ./T/b [b64] AAcOFRwj\n");
}

static void first_piece(struct far_end *f)
{
	tree(f);
	bytes(f, "./T/big", 3000);
	far_start(f);
	f->hdr_extra = MAX("MaxMsgSize", "1500");
	assert_int_equal(far_message(f, 212, GET("2", "./T/big") GET("3", "./T/a"), true), 1);
	assert_non_null(strstr(buf_cstr(&f->said), " more\n"));
}

/* Rules: LO-35 */
static void piece_refused(struct far_end *f)
{
	first_piece(f);
	/* Something else than the piece has a Status: no matter. */
	assert_int_equal(far_message(f, 212,
				     "<Status><CmdID>8</CmdID><MsgRef>2</MsgRef><CmdRef>2</CmdRef>"
				     "<Cmd>Results</Cmd><Data>500</Data></Status>" ASK,
				     false),
			 1);
	assert_non_null(strstr(buf_cstr(&f->said), " more\n"));
	assert_int_equal(far_message(f, 212,
				     "<Status><CmdID>8</CmdID><MsgRef>3</MsgRef><CmdRef>3</CmdRef>"
				     "<Cmd>Results</Cmd><Data>213</Data></Status>" ASK,
				     false),
			 1);
	assert_non_null(strstr(buf_cstr(&f->said), " more\n"));
	assert_int_equal(far_message(f, 212,
				     "<Status><CmdID>8</CmdID><MsgRef>4</MsgRef><CmdRef>3</CmdRef>"
				     "<Cmd>Results</Cmd><Data>413</Data></Status>" ASK,
				     false),
			 1);
	far_says(f, "H 200\nS 1222 Alert 200\nS 3 Get 200\nR 3 ./T/a one\nF\n");
}

/* Rules: LO-35 */
static void no_end_of_data(struct far_end *f)
{
	first_piece(f);
	assert_int_equal(
	    far_message(f, 212,
			"<Alert><CmdID>8</CmdID><Data>1225</Data><Item><Source><LocURI>"
			"./T/big</LocURI></Source></Item></Alert>" ASK,
			false),
	    1);
	far_says(f, "H 200\nS 1222 Alert 200\nS 3 Get 200\nR 3 ./T/a one\nS 8 Alert 200\nF\n");
}

/* What it asks for the rest with may stand before it says that it will not have it. */
/* Rules: LO-35 */
static void asked_and_refused(struct far_end *f)
{
	first_piece(f);
	assert_int_equal(far_message(f, 212,
				     ASK
				     "<Status><CmdID>8</CmdID><MsgRef>2</MsgRef><CmdRef>3</CmdRef>"
				     "<Cmd>Results</Cmd><Data>413</Data></Status>",
				     false),
			 1);
	far_says(f, "H 200\nS 1222 Alert 200\nS 3 Get 200\nR 3 ./T/a one\nF\n");
}

/* A piece takes the room of a piece, not that of all which is to follow, each time anew. */
/* Rules: LO-26 */
static void out_in_little_room(struct far_end *f)
{
	tree(f);
	bytes(f, "./T/big", 500000);
	far_start(f);
	f->hdr_extra = MAX("MaxMsgSize", "1500");
	assert_int_equal(far_message(f, 212, GET("2", "./T/big"), true), 1);
	assert_true(f->split);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(far_message(f, 212, ASK, false), 1);
		assert_non_null(strstr(buf_cstr(&f->said), " more\n"));
	}
	assert_true(f->out.cap < 16384);
}

/* What a person may be shown of it: how far it has come, either way, and that it is over. */
static void progress(struct far_end *f)
{
	struct dm_session_progress p;

	tree(f);
	goes_on(f, PIECE("Add", "2", "./T/l", M(SIZE("9")), "abc"), "S 2 Add 213\n");
	assert_true(dm_session_progress(f->s, &p));
	assert_true(slice_eq_str(p.uri, "./T/l") && !p.sent && p.done == 3 && p.total == 9);
	goes_on(f, PIECE("Add", "2", "./T/l", "", "defg"), "S 2 Add 213\n");
	assert_true(dm_session_progress(f->s, &p) && p.done == 7);
	goes_on(f, LAST("Add", "2", "./T/l", "hi"), "S 2 Add 200\n");
	assert_false(dm_session_progress(f->s, &p));
}

static void progress_out(struct far_end *f)
{
	struct dm_session_progress p;
	uint64_t before = 0;

	tree(f);
	bytes(f, "./T/big", 3000);
	far_start(f);
	f->hdr_extra = MAX("MaxMsgSize", "1500");
	assert_false(dm_session_progress(f->s, &p));
	assert_int_equal(far_message(f, 212, GET("2", "./T/big"), true), 1);
	for (int i = 0; dm_session_progress(f->s, &p); i++) {
		assert_true(p.sent && slice_eq_str(p.uri, "./T/big") && p.total == 4000);
		assert_true(p.done > before && p.done < p.total && i < 20);
		before = p.done;
		assert_int_equal(far_message(f, 212, ASK, false), 1);
	}
	assert_true(before > 2000);
}

#define CASES(X) \
	X(in_three_pieces) X(final_in_each) X(package_goes_on) X(whole_command_fails) \
	X(size_missing) X(size_wrong) X(another_command) X(source_in_1225) \
	X(several_items) X(another_object) X(size_again) X(final_too_early) \
	X(talk_between) X(above_our_size) X(base64_cut_anywhere) X(replace_and_exec) \
	X(opaque_pieces) X(in_containers) X(no_value_to_part) X(session_ends_between) \
	X(piece_repeated) X(tree_in_pieces) X(piece_not_taken) X(lrg_obj) \
	X(out_in_pieces) X(out_in_raw_pieces) X(out_whole) X(above_their_size) \
	X(base64_above_their_size) X(piece_refused) X(no_end_of_data) \
	X(asked_and_refused) X(out_in_little_room) X(progress) X(progress_out)

FAR_TESTS(CASES)
