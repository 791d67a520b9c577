// SPDX-License-Identifier: GPL-2.0-or-later
/* The far end of the engine's tests; see the header. */
#include "dm_far_end.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mo/dmacc.h"
#include "mo/mo.h"
#include "util/str.h"

static int far_random(void *ctx, void *p, size_t n)
{
	memset(p, 0x5a, n);
	return 0;
}

static int far_commit(void *ctx, struct dm_tree *t)
{
	struct far_end *f = ctx;

	f->commits++;
	if (f->commit_rc)
		return f->commit_rc;
	dm_tree_committed(t);
	return 0;
}

static int far_nonces(void *ctx, struct dm_tree *t, struct slice id, struct slice mine,
		      struct slice theirs, int64_t now)
{
	return dmacc_save_nonces(t, id, mine, theirs, now);
}

static enum dm_status far_exec(void *ctx, struct dm_tree *t, struct dm_node *n, struct slice data,
			       struct slice correlator)
{
	return strcmp(n->name, "Run") == 0 ? DM_ST_ACCEPTED : DM_ST_NONE;
}

static enum dm_status far_ui(void *ctx, const struct dm_ui_request *req, struct dm_ui_answer *a)
{
	struct far_end *f = ctx;

	if (req->code == 1102)
		buf_put_str(&a->text, f->ui_text ? f->ui_text : "");
	if (req->code >= 1103) {
		a->chosen[0] = 2;
		a->chosen[1] = 1;
		a->nchosen = req->code == 1104 ? 2 : 1;
	}
	return f->ui_answer;
}

static int tnds_decode(struct slice doc, struct slice mime,
		       int (*fn)(void *, const struct dm_tnds *), void *ctx)
{
	struct codec_tnds *t;
	int rc = codec_tnds_decode(codec_guess(mime, doc), doc, NULL, &t, NULL);

	if (rc)
		return rc;
	rc = fn(ctx, codec_tnds_get(t));
	codec_tnds_free(t);
	return rc;
}

static int tnds_encode(struct buf *out, const struct dm_tnds *t, struct slice mime)
{
	codec_tnds_encode(str_ends(mime, "+xml") ? CODEC_XML : CODEC_WBXML, out, t);
	return buf_error(out);
}

const struct dm_tnds_ops far_tnds_ops = { tnds_decode, tnds_encode };

void far_init(struct far_end *f)
{
	struct mo_facts facts = { .dev_id = FAR_DEVICE, .man = "Maker", .mod = "Model", .dmv = "1",
				  .lang = "en", .limits = { 16, 255, 64 },
				  .large_objects = true };

	memset(f, 0, sizeof(*f));
	f->now = 1000000000;
	f->tree = dm_tree_new();
	assert_non_null(f->tree);
	assert_int_equal(mo_install(f->tree, &facts, f->now), 0);
	dm_account_init(&f->account);
	buf_put_str(&f->account.server_id, FAR_SERVER);
	buf_put_str(&f->account.url, "https://srv.example/dm");
	f->ops = (struct dm_session_ops){ far_random, far_commit, far_nonces,
					  { .exec = far_exec } };
	f->cfg = (struct dm_session_config){
		.tree = f->tree, .encoder = codec_encoder(CODEC_XML), .tnds = &far_tnds_ops,
		.account = &f->account, .device_id = SLICE_LIT(FAR_DEVICE), .session_id = 0xab,
		.transport_authenticated = true, .limits = facts.limits, .ops = &f->ops, .ctx = f,
	};
	dm_tree_committed(f->tree);
}

void far_fini(struct far_end *f)
{
	dm_session_free(f->s);
	dm_account_fini(&f->account);
	dm_tree_free(f->tree);
	buf_fini(&f->out);
	buf_fini(&f->said);
	buf_fini(&f->nonce);
	buf_fini(&f->cred);
	buf_fini(&f->signature);
}

struct dm_node *far_find(struct far_end *f, const char *uri)
{
	return dm_tree_find(f->tree, slice_str(uri));
}

struct dm_node *far_node(struct far_end *f, const char *uri, const char *value, const char *acl)
{
	struct dm_node *n = dm_tree_root(f->tree), *child;
	struct slice rest = slice_str(uri + 2), seg;

	while (dm_uri_next_segment(&rest, &seg)) {
		bool last = !rest.n;
		struct dm_node_init in = {
			.name = seg, .format = last && value ? DM_FMT_CHR : DM_FMT_NODE,
			.value = last && value ? slice_str(value) : SLICE_NONE,
			.acl = last && acl ? slice_str(acl) : SLICE_NONE, .access = DM_ACC_ALL,
			.type = last && value ? SLICE_LIT("text/plain") : SLICE_NONE,
		};

		child = dm_tree_child(f->tree, n, seg);
		if (!child)
			assert_int_equal(dm_tree_add(f->tree, n, &in, f->now, &child), 0);
		n = child;
	}
	dm_tree_committed(f->tree);
	return n;
}

const char *far_value(struct far_end *f, const char *uri)
{
	struct dm_node *n = far_find(f, uri);

	return n ? (n->value ? (const char *)n->value : "") : "(none)";
}

/* --- what the client says ------------------------------------------------ */

static void put(struct far_end *f, const char *fmt, struct slice s)
{
	buf_printf(&f->said, fmt, (int)s.n, s.p ? (const char *)s.p : "");
}

static int said_header(void *ctx, const struct dm_hdr *h)
{
	struct far_end *f = ctx;

	assert_true(slice_eq_str(h->ver_dtd, "1.2"));
	assert_true(slice_eq_str(h->ver_proto, "DM/1.2"));
	assert_true(slice_eq_str(h->session_id, "AB"));
	assert_true(slice_eq_str(h->source, FAR_DEVICE));
	buf_reset(&f->cred);
	if (h->has_cred) {
		put(f, "C %.*s\n", slice_of(h->cred.meta.type.p + 12, h->cred.meta.type.n - 12));
		buf_put_slice(&f->cred, h->cred.data);
	}
	return 0;
}

static int said_command(void *ctx, const struct dm_cmd *c)
{
	struct far_end *f = ctx;

	assert_true(slice_present(c->cmd_id));
	switch (c->kind) {
	case DM_CMD_STATUS:
		if (slice_eq_str(c->cmd_ref, "0")) {
			put(f, "H %.*s", c->data);
			if (c->has_chal) {
				buf_put_str(&f->said, " chal");
				buf_reset(&f->nonce);
				buf_put_slice(&f->nonce, c->chal.next_nonce);
			}
		} else {
			put(f, "S %.*s ", c->cmd_ref);
			put(f, "%.*s ", c->cmd);
			put(f, "%.*s", c->data);
			for (size_t i = 0; i < c->nitems; i++)
				put(f, slice_present(c->items[i].target) ? " @%.*s" : " %.*s",
				    slice_present(c->items[i].target) ? c->items[i].target
								      : c->items[i].data);
		}
		break;
	case DM_CMD_RESULTS:
		put(f, "R %.*s ", c->cmd_ref);
		put(f, "%.*s", c->items[0].source);
		if (c->items[0].meta.format.n)
			put(f, " [%.*s]", c->items[0].meta.format);
		if (slice_present(c->items[0].data))
			put(f, " %.*s", c->items[0].data);
		if (c->items[0].meta.has_size)
			buf_printf(&f->said, " size=%u", (unsigned int)c->items[0].meta.size);
		if (c->items[0].more_data)
			buf_put_str(&f->said, " more");
		break;
	case DM_CMD_ALERT:
		put(f, "A %.*s", c->data);
		if (c->nitems && c->items[0].target.n)
			put(f, " %.*s", c->items[0].target);
		break;
	case DM_CMD_REPLACE:
		buf_printf(&f->said, "D %zu", c->nitems);
		break;
	default:
		fail_msg("the client sent a %s", dm_cmd_kind_name(c->kind));
	}
	buf_put_u8(&f->said, '\n');
	return 0;
}

static int said_container(void *ctx, const struct dm_cmd *c)
{
	fail_msg("the client sent a container");
	return 0;
}

static int said_end(void *ctx, bool final)
{
	struct far_end *f = ctx;

	f->split = !final;
	if (final)
		buf_put_str(&f->said, "F\n");
	return 0;
}

static void listen(struct far_end *f)
{
	static const struct dm_sink sink = {said_header, said_command, said_container, NULL,
					    said_end};
	struct codec_error err = { 0 };

	buf_reset(&f->said);
	buf_reset(&f->signature);
	buf_put_slice(&f->signature, dm_session_hmac(f->s));
	if (codec_decode(f->wbxml ? CODEC_WBXML : CODEC_XML, buf_slice(&f->out), NULL, &sink, f,
			 &err))
		fail_msg("the client's message is malformed: %s", err.text);
}

void far_start(struct far_end *f)
{
	f->ops.cmd.ui = f->ui_answer ? far_ui : f->ui;
	f->s = dm_session_new(&f->cfg);
	assert_non_null(f->s);
	assert_int_equal(dm_session_start(f->s, f->now, &f->out), 0);
	listen(f);
}

/* --- what we say --------------------------------------------------------- */

static void far_sign(struct far_end *f, struct slice body)
{
	_cleanup_buf_ struct buf h = BUF_INIT;

	if (f->sign) {
		assert_int_equal(dm_auth_hmac_header(SLICE_LIT("srv"), SLICE_LIT("pw"),
						     slice_str(f->sign), body, &h), 0);
		dm_session_message_hmac(f->s, body, buf_slice(&h));
	} else if (f->hmac) {
		dm_session_message_hmac(f->s, body, slice_str(f->hmac));
	}
}

int far_raw(struct far_end *f, const char *bytes)
{
	int rc;

	dm_session_message(f->s, f->now);
	far_sign(f, slice_str(bytes));
	rc = codec_decode(CODEC_XML, slice_str(bytes), NULL, dm_session_sink(), f->s, NULL);
	(void)rc;
	buf_reset(&f->said);
	rc = dm_session_reply(f->s, f->now, &f->out);
	assert_true(rc >= 0);
	if (rc)
		listen(f);
	return rc;
}

int far_message(struct far_end *f, unsigned int status, const char *body, bool final)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_printf(
	    &b,
	    "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD>"
	    "<VerProto>DM/1.2</VerProto><SessionID>%s</SessionID><MsgID>%u</MsgID>"
	    "<Target><LocURI>%s</LocURI></Target><Source><LocURI>https://srv.example/dm</LocURI>"
	    "%s%s%s</Source>%s</SyncHdr><SyncBody>",
	    f->sid_wrong ? "1" : "AB", ++f->msg_id, f->target ? f->target : FAR_DEVICE,
	    f->source_name ? "<LocName>" : "", f->source_name ? f->source_name : "",
	    f->source_name ? "</LocName>" : "", f->hdr_extra ? f->hdr_extra : "");
	if (status)
		buf_printf(&b, "<Status><CmdID>1</CmdID><MsgRef>%u</MsgRef><CmdRef>0</CmdRef>"
			   "<Cmd>SyncHdr</Cmd><Data>%u</Data></Status>",
			   dm_session_result(f->s)->messages_out, status);
	buf_put_str(&b, body);
	buf_printf(&b, "%s</SyncBody></SyncML>", final ? "<Final/>" : "");
	assert_int_equal(buf_error(&b), 0);
	return far_raw(f, buf_cstr(&b));
}

void far_do(struct far_end *f, const char *body, const char *expected)
{
	char want[4096];

	if (!f->s)
		far_start(f);
	assert_int_equal(far_message(f, 212, body, true), 1);
	snprintf(want, sizeof(want), "H 200\n%sF\n", expected);
	assert_string_equal(buf_cstr(&f->said), want);
}

void far_with(void (*fn)(struct far_end *f))
{
	struct far_end f;

	far_init(&f);
	fn(&f);
	far_fini(&f);
}

void far_says(struct far_end *f, const char *want)
{
	assert_string_equal(buf_cstr(&f->said), want);
}

const struct dm_session_result *far_result(struct far_end *f)
{
	return dm_session_result(f->s);
}
