// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server that answers an XML client in WBXML can put into names and identifiers
 * what no XML can carry. The client's messages stay XML, and say what they can.
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

#define ALL "Add=*&Get=*&Replace=*&Delete=*"

struct talk {
	struct far_end f;
	struct transcript t;
	struct dm_hdr hdr;
	bool ill;		/* the message could not be decoded */
};

static void begin(struct talk *k)
{
	memset(k, 0, sizeof(*k));
	far_init(&k->f);
	far_node(&k->f, "./T", NULL, ALL);
	far_node(&k->f, "./T/a", "one", NULL);
	far_start(&k->f);
	k->t.msg_id = 1;
	k->hdr = (struct dm_hdr){
		.ver_dtd = SLICE_LIT("1.2"), .ver_proto = SLICE_LIT("DM/1.2"),
		.session_id = SLICE_LIT("AB"), .target = SLICE_LIT(FAR_DEVICE),
		.source = SLICE_LIT("https://srv.example/dm"),
	};
}

static void end(struct talk *k)
{
	transcript_fini(&k->t);
	far_fini(&k->f);
}

static int deliver(struct talk *k, struct slice msg)
{
	int rc;

	dm_session_message(k->f.s, k->f.now);
	k->ill = codec_decode(CODEC_WBXML, msg, NULL, dm_session_sink(), k->f.s, NULL);
	rc = dm_session_reply(k->f.s, k->f.now, &k->f.out);
	buf_reset(&k->t.text);
	if (rc > 0)
		transcript_add(&k->t, CODEC_XML, buf_slice(&k->f.out), 0);
	return rc;
}

static int say(struct talk *k, const struct dm_cmd *cmds, size_t n)
{
	const struct dm_encoder *e = codec_encoder(CODEC_WBXML);
	_cleanup_buf_ struct buf b = BUF_INIT;
	char id[12];

	snprintf(id, sizeof(id), "%u", ++k->f.msg_id);
	k->hdr.msg_id = slice_str(id);
	e->begin(&b, &k->hdr);
	for (size_t i = 0; i < n; i++)
		e->command(&b, &cmds[i]);
	e->finish(&b, true);
	assert_int_equal(buf_error(&b), 0);
	return deliver(k, buf_slice(&b));
}

static const struct dm_item item_a = { .target = SLICE_LIT("./T/a") };
static const struct dm_cmd get_a = {
	.kind = DM_CMD_GET, .cmd_id = SLICE_LIT("3"), .items = &item_a, .nitems = 1,
};
#define GOT_A "S 3 Get 200 ./T/a\nR 3 ./T/a - - one\n"

/* Its own name is not repeated, where it goes to is not followed. */
static void header(void **state)
{
	static const char *const texts[] = { "https://x\001", "x\xef\xbf\xbe", "\033[2J" };
	struct talk k;

	for (size_t i = 0; i < 3; i++) {
		begin(&k);
		k.hdr.source = slice_str(texts[i]);
		assert_int_equal(say(&k, &get_a, 1), 1);
		assert_string_equal(buf_cstr(&k.t.text), GOT_A);
		k.hdr.source = SLICE_LIT("srv");
		k.hdr.resp_uri = slice_str(texts[i]);
		assert_int_equal(say(&k, &get_a, 1), 1);
		assert_string_equal(buf_cstr(&k.t.text), GOT_A);
		assert_true(slice_eq_str(dm_session_next_uri(k.f.s), "https://srv.example/dm"));
		end(&k);
	}
}

/* An identifier that cannot be referred to is none: 400, nothing is done. */
/* Rules: ID-11 */
static void identifiers(void **state)
{
	static const char *const ids[] = { "7\001", "a\xef\xbf\xbf", "\n\0337" };
	struct dm_item item = { .target = SLICE_LIT("./T/n"), .data = SLICE_LIT("x") };
	struct dm_cmd cmds[] = {
		{ .kind = DM_CMD_ADD, .items = &item, .nitems = 1 }, get_a,
		{ .kind = DM_CMD_GET, .items = &item_a, .nitems = 1 },
	};
	struct talk k;

	for (size_t i = 0; i < 3; i++) {
		begin(&k);
		cmds[0].cmd_id = cmds[2].cmd_id = slice_str(ids[i]);
		assert_int_equal(say(&k, cmds, 3), 1);
		/* Such a Status names no target either, when the encoding refuses it. */
		assert_non_null(strstr(buf_cstr(&k.t.text), "S  Add 400"));
		assert_non_null(strstr(buf_cstr(&k.t.text), "S  Get 400"));
		assert_non_null(strstr(buf_cstr(&k.t.text), GOT_A));
		assert_null(far_find(&k.f, "./T/n"));
		assert_int_equal(dm_session_result(k.f.s)->end, DM_END_NOT);
		end(&k);
	}
}

static enum dm_status garbles(void *ctx, const struct dm_ui_request *req, struct dm_ui_answer *a)
{
	buf_put_str(&a->text, "an answer\001");
	return DM_ST_OK;
}

/* What an agent gives as the person's text, but is none, ends nothing. */
static void answers(void **state)
{
	struct dm_item items[] = { { .data = SLICE_LIT("") }, { .data = SLICE_LIT("Name?") } };
	struct dm_cmd cmds[] = {
		{ .kind = DM_CMD_ALERT, .cmd_id = SLICE_LIT("2"), .data = SLICE_LIT("1102"),
		  .items = items, .nitems = 2 }, get_a,
	};
	struct talk k;

	begin(&k);
	k.f.ui = garbles;
	dm_session_free(k.f.s);
	far_start(&k.f);
	assert_int_equal(say(&k, cmds, 2), 1);
	assert_string_equal(buf_cstr(&k.t.text), "S 2 Alert 500 -\n" GOT_A);
	end(&k);
}

/* Bytes are for data; where a text belongs they are read as one, or the message is none. */
static void opaque_texts(void **state)
{
	static const char *const targets[] = { "./T/\xc3(", "./T/\xff" };
	const struct dm_encoder *e = codec_encoder(CODEC_WBXML);
	struct talk k;

	for (size_t i = 0; i < 3; i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct slice text = i < 2 ? slice_str(targets[i]) : slice_of("./T/\0b", 6);

		begin(&k);
		k.hdr.msg_id = SLICE_LIT("1");
		e->begin(&b, &k.hdr);
		/* Get CmdID "3" Item Target LocURI OPAQUE */
		buf_put(&b, "\x53\x4b\x03" "3\0\x01\x54\x6e\x57\xc3", 10);
		buf_put_u8(&b, (uint8_t)text.n);
		buf_put_slice(&b, text);
		buf_put(&b, "\x01\x01\x01\x01", 4);
		e->finish(&b, true);
		assert_int_equal(deliver(&k, buf_slice(&b)), 2);
		assert_true(k.ill);
		assert_int_equal(dm_session_result(k.f.s)->end, DM_END_MALFORMED);
		end(&k);
	}
}

/* Rules: ENC-27 */
static void many_items(void **state)
{
	struct dm_item items[1025];
	struct dm_cmd c = get_a;
	struct talk k;

	for (size_t i = 0; i < 1025; i++)
		items[i] = item_a;
	c.items = items;
	c.nitems = 1024;
	begin(&k);
	assert_int_equal(say(&k, &c, 1), 1);
	assert_int_equal(k.t.results, 1024);
	c.nitems = 1025;
	assert_int_equal(say(&k, &c, 1), 2);
	assert_int_equal(k.t.hdr_code, 400);
	assert_true(k.t.abort);
	assert_string_equal(buf_cstr(&k.t.text), "");
	assert_int_equal(dm_session_result(k.f.s)->end, DM_END_MALFORMED);
	end(&k);
}

/* A byte makes a command, which wants a Status: what waits is bounded, not by the server. */
static void crumbs(void **state)
{
	const struct dm_encoder *e = codec_encoder(CODEC_WBXML);
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct talk k;

	begin(&k);
	k.hdr.msg_id = SLICE_LIT("1");
	e->begin(&b, &k.hdr);
	for (unsigned int i = 0; i < 3000000; i++)
		buf_put_u8(&b, 0x13);	/* <Get/> */
	e->finish(&b, true);
	assert_int_equal(deliver(&k, buf_slice(&b)), 2);
	assert_int_equal(dm_session_result(k.f.s)->end, DM_END_LIMIT);
	assert_true(k.f.out.cap < 8u << 20);
	end(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header),
		cmocka_unit_test(identifiers),
		cmocka_unit_test(answers),
		cmocka_unit_test(opaque_texts),
		cmocka_unit_test(many_items),
		cmocka_unit_test(crumbs),
	};

	return cmocka_run_group_tests_name("bytes no XML can carry", tests, NULL, NULL);
}
