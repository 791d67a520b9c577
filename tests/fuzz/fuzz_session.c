// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of a whole session with a hostile server. The first byte
 * sets the session up, the rest is the server's messages, parted by FF FE:
 *
 *	bit 0  we speak WBXML (the server may speak either)
 *	bit 1  each message is only the inside of a SyncBody in XML, the header is put around it
 *	bit 2  the server has to prove itself with its credentials (MD5)
 *	bit 3  with bit 1: the header says that ours may be no longer than SMALL bytes
 *	bit 4  the store fails at the second commit
 *	bit 5  our credentials are plain ones, else MD5
 *	bit 6  so are the server's
 *	bits 5 and 6 together: both sides sign (MAC), the server each message but those
 *	       that begin with '!'
 *	bit 7  a server need not prove anything, and the connection does not either
 *
 * What we answer must be a message, and what is not committed must be as before.
 */
#include <errno.h>
#include <stdlib.h>

#include "dm/auth.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SETUP_WBXML 1
#define SETUP_WRAP 2
#define SETUP_SRVCRED 4
#define SETUP_SMALL 8
#define SETUP_STORE_FAILS 16
#define SETUP_BASIC 32
#define SETUP_SRVBASIC 64
#define SETUP_MAC (SETUP_BASIC | SETUP_SRVBASIC)
#define SETUP_PLAIN 128
#define SMALL "1100"		/* bytes: an Atomic's statuses and a piece of a value fit */

struct run {
	struct dm_tree *tree;
	struct dm_account account;
	uint8_t setup;
	unsigned int commits;
	uint64_t committed;	/* print of what the store has */
};

static int op_random(void *ctx, void *p, size_t n)
{
	memset(p, 0x42, n);
	return 0;
}

static int op_commit(void *ctx, struct dm_tree *t)
{
	struct run *r = ctx;

	if (++r->commits == 2 && r->setup & SETUP_STORE_FAILS)
		return -ENOSPC;
	dm_tree_committed(t);
	r->committed = world_print(t);
	return 0;
}

static int op_nonces(void *ctx, struct dm_tree *t, struct slice id, struct slice mine,
		     struct slice theirs, int64_t now)
{
	return 0;
}

static enum dm_status op_exec(void *ctx, struct dm_tree *t, struct dm_node *n, struct slice data,
			      struct slice correlator)
{
	return data.n % 2 ? DM_ST_ACCEPTED : DM_ST_NONE;
}

static enum dm_status op_ui(void *ctx, const struct dm_ui_request *req, struct dm_ui_answer *a)
{
	if (req->nchoices > DM_UI_MAX_CHOICES)
		abort();
	if (req->code == 1102)
		buf_put_slice(&a->text, req->text);
	if (req->code >= 1103 && req->nchoices)
		a->chosen[a->nchosen++] = (unsigned int)req->nchoices;
	return req->text.n % 5 == 4 ? DM_ST_NOT_MODIFIED : DM_ST_OK;
}

static enum dm_status op_check(void *ctx, const struct dm_node *parent, struct slice name,
			       enum dm_format format, struct slice value)
{
	return value.n % 7 == 6 ? DM_ST_FORBIDDEN : DM_ST_NONE;
}

static const struct dm_session_ops ops = {
	op_random, op_commit, op_nonces, { .exec = op_exec, .check = op_check, .ui = op_ui },
};

static bool signs(const struct run *r)
{
	return (r->setup & SETUP_MAC) == SETUP_MAC;
}

static void init_account(struct run *r)
{
	struct dm_credential *creds[] = { &r->account.client, &r->account.server };

	dm_account_init(&r->account);
	buf_put_str(&r->account.server_id, WORLD_SERVER);
	buf_put_str(&r->account.url, "https://" WORLD_SERVER "/dm");
	for (size_t i = 0; i < 2; i++) {
		creds[i]->present = true;
		if (signs(r))
			creds[i]->type = DM_AUTH_MAC;
		else if (r->setup & (i ? SETUP_SRVBASIC : SETUP_BASIC))
			creds[i]->type = DM_AUTH_BASIC;
		else
			creds[i]->type = DM_AUTH_MD5;
		buf_put_str(&creds[i]->name, "name");
		buf_put_str(&creds[i]->secret, "secret");
		buf_put_str(&creds[i]->nonce, "nonce");
	}
	if (r->setup & SETUP_PLAIN)
		r->account.server.present = false;
}

/* The next message of the input. */
static struct slice next(struct slice *rest)
{
	struct slice msg = *rest;

	for (size_t i = 0; i + 1 < rest->n; i++) {
		if (rest->p[i] == 0xff && rest->p[i + 1] == 0xfe) {
			msg.n = i;
			*rest = slice_of(rest->p + i + 2, rest->n - i - 2);
			return msg;
		}
	}
	*rest = SLICE_NONE;
	return msg;
}

static void wrap(const struct run *r, struct buf *out, struct slice body, unsigned int no)
{
	const char *limit = "<Meta><MaxMsgSize>" SMALL "</MaxMsgSize></Meta>";
	const char *nonce = "<Chal><Meta><Format>b64</Format><Type>syncml:auth-MAC</Type>"
			    "<NextNonce>bm9uY2U=</NextNonce></Meta></Chal><Data>200</Data>";

	buf_reset(out);
	buf_printf(out, "<SyncML><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>"
			"<SessionID>1</SessionID><MsgID>%u</MsgID><Target><LocURI>" WORLD_DEVICE
			"</LocURI></Target><Source><LocURI>" WORLD_SERVER
			"</LocURI></Source>%s</SyncHdr><SyncBody><Status><CmdID>9999</CmdID>"
			"<MsgRef>%u</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>%s</Status>", no,
		   r->setup & SETUP_SMALL ? limit : "", no, signs(r) ? nonce : "<Data>212</Data>");
	buf_put_slice(out, body);
	buf_put_str(out, "</SyncBody></SyncML>");
}

/* As the server signs: with the account's nonce first, then with those of op_random(). */
static void sign(const struct run *r, struct dm_session *s, struct slice msg, bool good,
		 unsigned int no)
{
	const struct dm_credential *c = &r->account.server;
	uint8_t random[16];
	struct slice nonce = no > 1 ? slice_of(random, sizeof(random)) : buf_slice(&c->nonce);
	struct buf header = BUF_INIT;

	op_random(NULL, random, sizeof(random));
	if (!good)
		nonce = SLICE_LIT("stale");
	if (dm_auth_hmac_header(buf_slice(&c->name), buf_slice(&c->secret), nonce, msg, &header))
		abort();
	dm_session_message_hmac(s, msg, buf_slice(&header));
	buf_fini(&header);
}

static void talk(struct run *r, struct dm_session *s, struct slice in)
{
	enum codec_format ours = r->setup & SETUP_WBXML ? CODEC_WBXML : CODEC_XML;
	struct buf out = BUF_INIT, wrapped = BUF_INIT;
	int rc = dm_session_start(s, WORLD_NOW, &out) ? -1 : 1;

	for (unsigned int no = 1; rc == 1 && slice_present(in) && no < 32; no++) {
		struct slice msg = next(&in);
		bool good = !msg.n || msg.p[0] != '!';

		if (!good)
			msg = slice_of(msg.p + 1, msg.n - 1);
		if (r->setup & SETUP_WRAP) {
			wrap(r, &wrapped, msg, no);
			msg = buf_slice(&wrapped);
		}
		dm_session_message(s, WORLD_NOW + no);
		if (signs(r))
			sign(r, s, msg, good, no);
		/* The result need not be looked at: that is the promise. */
		if (codec_decode(codec_guess(SLICE_NONE, msg), msg, NULL, dm_session_sink(), s,
				 NULL) == -ENOMEM)
			break;
		rc = dm_session_reply(s, WORLD_NOW + no, &out);
		if (slice_present(dm_session_hmac(s)) && !signs(r) && !r->account.client.present)
			abort();
		if (rc > 0)
			world_must_decode(ours, buf_slice(&out));
		if (world_print(r->tree) != r->committed)
			abort();
	}
	if (rc == 1 && dm_session_abort(s, "over", &out) == 1)
		world_must_decode(ours, buf_slice(&out));
	buf_fini(&out);
	buf_fini(&wrapped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dm_session_alert alert = {
		.type = SLICE_LIT("Reversed-Domain-Name: net.example.fuzz"),
		.format = SLICE_LIT("chr"), .data = SLICE_LIT("data"),
	};
	struct run r = { .setup = size ? data[0] : 0 };
	struct dm_session_config cfg = {
		.encoder = codec_encoder(r.setup & SETUP_WBXML ? CODEC_WBXML : CODEC_XML),
		.tnds = &world_tnds, .account = &r.account, .device_id = SLICE_LIT(WORLD_DEVICE),
		.transport_authenticated = !(r.setup & (SETUP_SRVCRED | SETUP_PLAIN)),
		.session_id = 1, .limits = { 16, 255, 64 },
		.max_obj_size = 4096, .ops = &ops, .ctx = &r,
		.alerts = &alert, .nalerts = 1,
	};
	struct dm_session *s;

	if (!size)
		return 0;
	init_account(&r);
	cfg.tree = r.tree = world_tree();
	r.committed = world_print(r.tree);
	s = dm_session_new(&cfg);
	if (s)
		talk(&r, s, slice_of(data + 1, size - 1));
	world_check(r.tree);
	if (s && (!*dm_session_end_name(dm_session_result(s)->end) || !*dm_session_id(s)))
		abort();
	dm_session_free(s);
	dm_account_fini(&r.account);
	dm_tree_free(r.tree);
	return 0;
}
