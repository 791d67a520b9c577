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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opaque_texts),
	};

	return cmocka_run_group_tests_name("bytes no XML can carry", tests, NULL, NULL);
}
