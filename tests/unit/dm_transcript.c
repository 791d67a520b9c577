// SPDX-License-Identifier: GPL-2.0-or-later
/* The transcript of a client's messages; see the header. */
#include "dm_transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "util/str.h"

void transcript_fini(struct transcript *t)
{
	buf_fini(&t->text);
	buf_fini(&t->head);
	buf_fini(&t->value);
	memset(t, 0, sizeof(*t));
}

static uint32_t number(struct slice s)
{
	uint32_t n = 0;

	if (str_parse_u32(s, &n))
		fail_msg("no number: %.*s", (int)s.n, (const char *)s.p);
	return n;
}

static void put(struct buf *b, struct slice s)
{
	buf_put_u8(b, ' ');
	buf_put_slice(b, slice_present(s) ? s : SLICE_LIT("-"));
}

static int on_header(void *ctx, const struct dm_hdr *h)
{
	struct transcript *t = ctx;

	assert_int_equal(number(h->msg_id), t->msg_id + 1);
	t->msg_id++;
	t->cmd_id = 0;
	t->final = t->next = t->abort = false;
	t->hdr_code = 0;
	return 0;
}

static void on_status(struct transcript *t, const struct dm_cmd *c)
{
	if (slice_eq_str(c->cmd_ref, "0")) {
		assert_int_equal(t->cmd_id, 1);
		t->hdr_code = number(c->data);
		t->msg_ref = number(c->msg_ref);
		return;
	}
	if (slice_eq_str(c->cmd_ref, TRANSCRIPT_ASK)) {
		/* At once, that is: about the message that is answered here. */
		assert_int_equal(number(c->msg_ref), t->msg_ref);
		assert_int_equal(t->cmd_id, 2);
		t->asked++;
		return;
	}
	assert_false(t->more);
	buf_put_u8(&t->text, 'S');
	put(&t->text, c->cmd_ref);
	put(&t->text, c->cmd);
	put(&t->text, c->data);
	put(&t->text, c->target_ref);
	buf_put_u8(&t->text, '\n');
	t->statuses++;
}

static void on_results(struct transcript *t, const struct dm_cmd *c)
{
	const struct dm_item *it = &c->items[0];
	struct buf head = BUF_INIT;

	assert_int_equal(c->nitems, 1);
	put(&head, c->msg_ref);
	put(&head, c->cmd_ref);
	put(&head, it->source);
	put(&head, it->meta.format);
	put(&head, it->meta.type);
	if (t->more) {
		assert_string_equal(buf_cstr(&head), buf_cstr(&t->head));
		assert_false(it->meta.has_size);
	} else {
		buf_reset(&t->head);
		buf_put_slice(&t->head, buf_slice(&head));
		buf_reset(&t->value);
		assert_int_equal(it->meta.has_size, it->more_data);
		if (it->meta.has_size)
			t->size = it->meta.size;
	}
	buf_fini(&head);
	if (it->more_data || t->more) {
		t->pieces++;
		assert_true(it->data.n > 0);
		assert_true(it->data_opaque || str_utf8_valid(it->data));
	}
	buf_put_slice(&t->value, it->data);
	if (!it->more_data && t->more)
		assert_int_equal(t->value.len, t->size);
	t->more = it->more_data;
	if (t->more)
		return;
	/* Without MsgRef, which is another when a session is repeated. */
	buf_put_u8(&t->text, 'R');
	buf_put_str(&t->text, strchr(buf_cstr(&t->head) + 1, ' '));
	put(&t->text, buf_slice(&t->value));
	buf_put_u8(&t->text, '\n');
	t->results++;
}

static int on_command(void *ctx, const struct dm_cmd *c)
{
	struct transcript *t = ctx;

	assert_int_equal(number(c->cmd_id), ++t->cmd_id);
	assert_false(t->next);
	assert_false(t->abort);
	switch (c->kind) {
	case DM_CMD_STATUS:
		on_status(t, c);
		break;
	case DM_CMD_RESULTS:
		on_results(t, c);
		break;
	case DM_CMD_ALERT:
		t->next = slice_eq_str(c->data, "1222");
		t->abort = slice_eq_str(c->data, "1223");
		if (t->next || t->abort)
			break;
		buf_put_u8(&t->text, 'A');
		put(&t->text, c->data);
		put(&t->text, c->nitems ? c->items[0].target : SLICE_NONE);
		buf_put_u8(&t->text, '\n');
		break;
	default:
		fail_msg("the client sent a %s", dm_cmd_kind_name(c->kind));
	}
	return 0;
}

static int on_end(void *ctx, bool final)
{
	struct transcript *t = ctx;

	t->final = final;
	assert_false(final && t->next);
	assert_true(final || !t->abort);
	return 0;
}

void transcript_add(struct transcript *t, enum codec_format format, struct slice msg, size_t limit)
{
	static const struct dm_sink sink = {
	    .header = on_header, .command = on_command, .end = on_end};
	struct codec_error err = {0};

	if (limit && msg.n > limit)
		fail_msg("%zu bytes where %zu are taken", msg.n, limit);
	if (codec_decode(format, msg, NULL, &sink, t, &err))
		fail_msg("the client's message is malformed: %s", err.text);
	t->messages++;
}
