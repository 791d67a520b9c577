// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A message that ends anywhere: aborted by us, or broken off, behind each of its
 * parts; and parts in an order that no decoder brings. The tree is as it was, and
 * what is said is a message.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"
#include "dm_transcript.h"

#define ALL "Add=*&Get=*&Replace=*&Delete=*&Exec=*"
#define SIZED "<Meta><Size xmlns='syncml:metinf'>9</Size></Meta>"
#define PIECE(id, d) "<Add><CmdID>" id "</CmdID><Item><Target><LocURI>./T/l</LocURI></Target>" \
	SIZED "<Data>" d "</Data><MoreData/></Item></Add>"
#define HEAD "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD>" \
	"<VerProto>DM/1.2</VerProto><SessionID>AB</SessionID><MsgID>%u</MsgID><Target><LocURI>" \
	FAR_DEVICE "</LocURI></Target><Source><LocURI>srv</LocURI></Source></SyncHdr><SyncBody>"

static const char body[] =
	"<Status><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>"
	"<Data>212</Data></Status>" ADD("2", "./T/n", "new") REP("3", "./T/a", "two")
	DEL("4", "./T/d") "<Sequence><CmdID>5</CmdID>" REP("6", "./T/a?prop=Name", "b")
	"<Atomic><CmdID>7</CmdID>" ADD("8", "./T/x", "x") DEL("9", "./none") ADD("10", "./T/y", "y")
	"</Atomic>" GET("11", "./T") "</Sequence><Atomic><CmdID>12</CmdID>" ADD("13", "./T/z", "z")
	REP("14", "./T?prop=ACL", "Get=*") "</Atomic>" PIECE("15", "abc");

/* --- the sink of the session, that stops behind so many calls ---------------------- */

struct stopper {
	struct dm_session *s;
	unsigned int left;
};

static int stop(struct stopper *st)
{
	return --st->left ? 0 : -ECANCELED;
}

static int stop_header(void *ctx, const struct dm_hdr *h)
{
	struct stopper *st = ctx;

	dm_session_sink()->header(st->s, h);
	return stop(st);
}

static int stop_command(void *ctx, const struct dm_cmd *c)
{
	struct stopper *st = ctx;

	dm_session_sink()->command(st->s, c);
	return stop(st);
}

static int stop_container(void *ctx, const struct dm_cmd *c)
{
	struct stopper *st = ctx;

	dm_session_sink()->container_begin(st->s, c);
	return stop(st);
}

static int stop_container_end(void *ctx)
{
	struct stopper *st = ctx;

	dm_session_sink()->container_end(st->s);
	return stop(st);
}

static int stop_end(void *ctx, bool final)
{
	struct stopper *st = ctx;

	dm_session_sink()->end(st->s, final);
	return stop(st);
}

static const struct dm_sink stop_sink = { stop_header, stop_command, stop_container,
					  stop_container_end, stop_end };

/* --- the tree ---------------------------------------------------------------------- */

static void print(struct far_end *f, struct buf *out)
{
	struct dm_node *root = dm_tree_root(f->tree);
	_cleanup_buf_ struct buf uri = BUF_INIT;

	buf_reset(out);
	for (struct dm_node *n = root; n; n = dm_tree_next(root, n)) {
		buf_reset(&uri);
		dm_node_uri(n, &uri);
		buf_printf(out, "%s=%s acl %s\n", buf_cstr(&uri), n->value ? (char *)n->value : "-",
			   n->acl ? n->acl : "-");
	}
}

static void begin(struct far_end *f, struct buf *before, const char *first)
{
	far_init(f);
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/a", "one", NULL);
	far_node(f, "./T/d", "gone", NULL);
	far_node(f, "./T/big", "0123456789", NULL);
	far_start(f);
	assert_int_equal(far_message(f, 212, first, true), 1);
	print(f, before);
}

static void unchanged(struct far_end *f, const struct buf *before)
{
	_cleanup_buf_ struct buf now = BUF_INIT;

	print(f, &now);
	assert_string_equal(buf_cstr(&now), buf_cstr(before));
	assert_false(dm_tree_dirty(f->tree));
}

static void next_session(struct far_end *f)
{
	dm_session_free(f->s);
	f->s = NULL;
	f->msg_id = 0;
	far_do(f, GET("2", "./T/a") ADD("3", "./T/l", "v"),
	       "S 2 Get 200\nR 2 ./T/a one\nS 3 Add 200\n");
}

/* @first: the message before it. True as long as there are parts behind which to end. */
static bool ends_behind(unsigned int parts, bool by_us, const char *first)
{
	struct transcript t = { .msg_id = 2 };
	_cleanup_buf_ struct buf before = BUF_INIT, doc = BUF_INIT;
	struct stopper st = { .left = parts + 1 };
	struct far_end f;
	int rc = 0;

	begin(&f, &before, first);
	st.s = f.s;
	buf_printf(&doc, HEAD "%s<Final/></SyncBody></SyncML>", 2, body);
	dm_session_message(f.s, f.now);
	if (parts) {
		st.left = parts;
		rc = codec_decode(CODEC_XML, buf_slice(&doc), NULL, &stop_sink, &st, NULL);
	}
	/* All of it was read: that is no place to break off. */
	if (parts && !rc && !by_us) {
		far_fini(&f);
		return false;
	}
	if (by_us) {
		assert_int_equal(dm_session_abort(f.s, "why not", &f.out), 1);
		assert_int_equal(dm_session_result(f.s)->end, DM_END_ABORTED_BY_US);
	} else if (rc && !st.left && dm_session_reply(f.s, f.now, &f.out) == 1) {
		/* It stopped behind its very end, which makes it whole. */
		far_fini(&f);
		return false;
	} else {
		assert_int_equal(dm_session_result(f.s)->end, DM_END_MALFORMED);
	}
	transcript_add(&t, CODEC_XML, buf_slice(&f.out), 0);
	assert_true(t.abort && t.final);
	assert_string_equal(buf_cstr(&t.text), "");
	assert_int_equal(t.hdr_code, !by_us && parts ? 400 : 0);
	unchanged(&f, &before);
	/* Whatever comes now, it is over. */
	assert_int_equal(far_message(&f, 212, DEL("2", "./T"), true), 0);
	unchanged(&f, &before);
	next_session(&f);
	transcript_fini(&t);
	far_fini(&f);
	return !parts || rc;
}

static const char *const firsts[] = {
	GET("2", "./T/a"), PIECE("2", "123"), REP("2", "./T/big", "9876543210"),
};

/* Rules: PKG-13 PKG-15 LO-21 */
static void aborted_anywhere(void **state)
{
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		unsigned int n = 0;

		while (ends_behind(n, true, firsts[i]))
			n++;
		assert_in_range(n, 20, 30);
	}
}

/* Rules: PKG-20 LO-21 */
static void broken_off_anywhere(void **state)
{
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		unsigned int n = 1;

		while (ends_behind(n, false, firsts[i]))
			n++;
		assert_in_range(n, 20, 30);
	}
}

/* --- any order ---------------------------------------------------------------------- */

static uint32_t rnd(uint32_t *x)
{
	*x = *x * 1664525u + 1013904223u;
	return *x >> 16;
}

static void any_header(struct far_end *f, uint32_t *x)
{
	struct dm_hdr h = { .ver_dtd = SLICE_LIT("1.2"), .ver_proto = SLICE_LIT("DM/1.2"),
			    .session_id = SLICE_LIT("AB"), .target = SLICE_LIT(FAR_DEVICE),
			    .source = SLICE_LIT("srv") };
	char id[12];

	snprintf(id, sizeof(id), "%u", f->msg_id - (rnd(x) % 16 == 0));
	h.msg_id = slice_str(id);
	dm_session_sink()->header(f->s, &h);
}

static void any_part(struct far_end *f, uint32_t *x)
{
	static const char *const uris[] = { "./T/n", "./T/a", "./none", "./T/a?prop=ACL", "./T",
					    "./T?list=TNDS", "" };
	static const char *const codes[] = { "1222", "1225", "1101", "213", "401", "x" };
	const struct dm_sink *sink = dm_session_sink();
	struct dm_item items[2] = { { .target = slice_str(uris[rnd(x) % 7]),
				      .data = SLICE_LIT("abc"), .more_data = rnd(x) % 4 == 0,
				      .meta = { .has_size = rnd(x) % 2, .size = rnd(x) % 8 } } };
	struct dm_cmd c = { .kind = rnd(x) % (DM_CMD_OTHER + 1), .items = items,
			    .nitems = rnd(x) % 3, .cmd_id = SLICE_LIT("a"),
			    .data = slice_str(codes[rnd(x) % 6]), .msg_ref = SLICE_LIT("2"),
			    .cmd_ref = slice_str(rnd(x) % 2 ? "3" : "1"), .no_resp = !(rnd(x) % 8) };

	items[1] = (struct dm_item){ .target = slice_str(uris[rnd(x) % 7]) };
	switch (rnd(x) % 16) {
	case 0:
		any_header(f, x);
		break;
	case 1:
		sink->end(f->s, rnd(x) % 2);
		break;
	case 2:
	case 3:
		c.kind = rnd(x) % 2 ? DM_CMD_ATOMIC : DM_CMD_SEQUENCE;
		sink->container_begin(f->s, &c);
		break;
	case 4:
	case 5:
		sink->container_end(f->s);
		break;
	default:
		sink->command(f->s, &c);
	}
}

static void any_order(void **state)
{
	unsigned int answers = 0;

	for (uint32_t seed = 1; seed <= 400; seed++) {
		uint32_t x = seed;
		struct far_end f;
		int rc;

		far_init(&f);
		far_node(&f, "./T", NULL, ALL);
		far_node(&f, "./T/a", "one", NULL);
		if (seed % 2)
			f.hdr_extra = "<Meta><MaxMsgSize xmlns='syncml:metinf'>1100</MaxMsgSize>"
				      "</Meta>";
		far_start(&f);
		rc = far_message(&f, 212, GET("2", "./T/a"), false);
		for (unsigned int m = 0; rc == 1 && m < 8; m++) {
			f.msg_id++;
			dm_session_message(f.s, f.now);
			if (rnd(&x) % 16)
				any_header(&f, &x);
			for (unsigned int n = rnd(&x) % 40; n; n--)
				any_part(&f, &x);
			if (rnd(&x) % 32)
				dm_session_sink()->end(f.s, rnd(&x) % 2);
			rc = dm_session_reply(f.s, f.now, &f.out);
			assert_true(rc >= 0);
			assert_false(dm_tree_dirty(f.tree));
			answers += rc == 1;
		}
		f.hdr_extra = NULL;
		far_fini(&f);
	}
	assert_in_range(answers, 100, 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aborted_anywhere),
		cmocka_unit_test(broken_off_anywhere),
		cmocka_unit_test(any_order),
	};

	return cmocka_run_group_tests_name("messages that end anywhere", tests, NULL, NULL);
}
