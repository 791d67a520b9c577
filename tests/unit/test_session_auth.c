// SPDX-License-Identifier: GPL-2.0-or-later
/* Credentials, challenges and nonces of a session, in both directions. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"
#include "mo/dmacc.h"
#include "util/digest.h"

#define CHAL(type, nonce) "<Chal><Meta><Type xmlns='syncml:metinf'>syncml:auth-" type "</Type>" \
	"<Format xmlns='syncml:metinf'>b64</Format>" nonce "</Meta></Chal>"
#define NEXT(n) "<NextNonce xmlns='syncml:metinf'>" n "</NextNonce>"
#define STATUS(ref, code, chal)                                                                    \
	"<Status><CmdID>1</CmdID><MsgRef>" ref "</MsgRef><CmdRef>0</CmdRef>"                       \
	"<Cmd>SyncHdr</Cmd>" chal "<Data>" code "</Data></Status>"

static const struct dm_session_result *result(struct far_end *f)
{
	return dm_session_result(f->s);
}

static void set(struct buf *b, const char *s)
{
	buf_reset(b);
	buf_put_str(b, s);
}

/* An account in the tree and the session's copy of it. */
static void account(struct far_end *f, enum dm_auth type, const char *nonce, bool srv)
{
	struct dmacc_new n = {
	    .server_id = SLICE_LIT(FAR_SERVER),
	    .url = SLICE_LIT("https://srv.example/dm"),
	    .auth = type,
	    .user = SLICE_LIT("Bruce2"),
	    .secret = SLICE_LIT("OhBehave"),
	    .nonce = slice_str(nonce),
	};

	if (srv) {
		n.srv_user = SLICE_LIT("srv");
		n.srv_secret = SLICE_LIT("pw");
		n.srv_nonce = SLICE_LIT("snonce");
	}
	assert_int_equal(dmacc_add(f->tree, &n, f->now), 0);
	dm_tree_committed(f->tree);
	dm_account_fini(&f->account);
	assert_int_equal(dmacc_read(f->tree, n.server_id, &f->account), 0);
}

static void nonce_is(struct far_end *f, const char *entry, const char *want)
{
	char uri[128];

	snprintf(uri, sizeof(uri), "./DMAcc/" FAR_SERVER "/AppAuth/%s/AAuthData", entry);
	assert_string_equal(far_value(f, uri), want);
}

static void basic(struct far_end *f)
{
	account(f, DM_AUTH_BASIC, "", false);
	far_start(f);
	assert_string_equal(buf_cstr(&f->said), "C basic\nA 1201\nD 5\nF\n");
	assert_string_equal(buf_cstr(&f->cred), "QnJ1Y2UyOk9oQmVoYXZl");
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\nF\n");
	assert_true(result(f)->accepted);
}

/* The stored nonce is used at once. */
static void md5_first(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "Nonce", false);
	far_start(f);
	assert_string_equal(buf_cstr(&f->said), "C md5\nA 1201\nD 5\nF\n");
	assert_string_equal(buf_cstr(&f->cred), "Zz6EivR3yeaaENcRN6lpAQ==");
	assert_non_null(strstr(buf_cstr(&f->out), "<LocName>Bruce2</LocName>"));
	/* 212 with a Chal: the nonce is for the next session. */
	assert_int_equal(far_message(f, 0, STATUS("1", "212", CHAL("md5", NEXT("bmV4dA=="))), true),
			 0);
	nonce_is(f, "1", "next");
	assert_int_equal(f->commits, 1);
}

/* Challenged: package 1 again, same session, next MsgID, right credentials. */
/* Rules: PKG-24 */
static void md5_challenge(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "", false);
	far_start(f);
	assert_string_equal(buf_cstr(&f->said), "A 1201\nD 5\nF\n");
	assert_int_equal(
	    far_message(f, 0, STATUS("1", "407", CHAL("md5", NEXT("Tm9uY2U="))) GET("2", "."),
			true),
	    1);
	assert_string_equal(buf_cstr(&f->said), "C md5\nH 200\nA 1201\nD 5\nF\n");
	assert_string_equal(buf_cstr(&f->cred), "Zz6EivR3yeaaENcRN6lpAQ==");
	assert_non_null(strstr(buf_cstr(&f->out), "<MsgID>2</MsgID>"));
	nonce_is(f, "1", "(none)");
	/* As long as the server has not accepted it, it is not kept either. */
	assert_int_equal(far_message(f, 0, GET("2", "./DevInfo/Man"), true), 1);
	nonce_is(f, "1", "(none)");
	assert_int_equal(far_message(f, 212, "", true), 0);
	assert_int_equal(result(f)->end, DM_END_NORMAL);
	assert_true(result(f)->accepted);
	nonce_is(f, "1", "Nonce");
}

/* A stale nonce costs one challenge; the same again ends it. */
static void md5_refused(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "stale", false);
	far_start(f);
	assert_int_equal(far_message(f, 0, STATUS("1", "401", CHAL("md5", NEXT("Tm9uY2U="))), true),
			 1);
	assert_int_equal(far_message(f, 0, STATUS("2", "401", CHAL("md5", NEXT("Tm9uY2U="))), true),
			 0);
	assert_int_equal(result(f)->end, DM_END_AUTH_REFUSED);
	assert_false(result(f)->accepted);
	assert_int_equal(result(f)->hdr_status, 401);
	nonce_is(f, "1", "stale");
}

static void refused_flat(struct far_end *f)
{
	account(f, DM_AUTH_BASIC, "", false);
	far_start(f);
	assert_int_equal(far_message(f, 401, "", true), 0);
	assert_int_equal(result(f)->end, DM_END_AUTH_REFUSED);
}

static void unsupported(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", false);
	far_start(f);
	assert_int_equal(far_message(f, 0, STATUS("1", "401", CHAL("X509", NEXT("Tm9uY2U="))), true),
			 0);
	assert_int_equal(result(f)->end, DM_END_AUTH_UNSUPPORTED);
}

static void no_nonce(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", false);
	far_start(f);
	assert_int_equal(far_message(f, 0, STATUS("1", "401", CHAL("md5", "")), true), 0);
	assert_int_equal(result(f)->end, DM_END_AUTH_UNSUPPORTED);
}

/* Without TLS nobody gets the password of an MD5 account by asking for basic. */
static void downgrade(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", true);
	f->cfg.transport_authenticated = false;
	far_start(f);
	assert_int_equal(far_message(f, 0, STATUS("1", "401", CHAL("basic", "")), true), 0);
	assert_int_equal(result(f)->end, DM_END_AUTH_UNSUPPORTED);
}

/* 200 instead of 212: credentials in every message, with the newest nonce. */
static void each_message(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "x", false);
	far_start(f);
	assert_int_equal(far_message(f, 0,
				     STATUS("1", "200", CHAL("md5", NEXT("Tm9uY2U=")))
					 GET("2", "./DevInfo/Man"),
				     true),
			 1);
	assert_string_equal(buf_cstr(&f->said),
			    "C md5\nH 200\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\nF\n");
	assert_string_equal(buf_cstr(&f->cred), "Zz6EivR3yeaaENcRN6lpAQ==");
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\nF\n");
}

/* --- the server's credentials ---------------------------------------------- */

#define CRED(type, data) "<Cred><Meta><Type xmlns='syncml:metinf'>syncml:auth-" type "</Type>" \
	"<Format xmlns='syncml:metinf'>b64</Format></Meta><Data>%s</Data></Cred>" data

static char header[512];

static void server_cred(struct far_end *f, const char *nonce)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_int_equal(dm_auth_md5(SLICE_LIT("srv"), SLICE_LIT("pw"), slice_str(nonce), &b), 0);
	snprintf(header, sizeof(header), CRED("md5", ""), buf_cstr(&b));
	f->hdr_extra = header;
}

#define FRESH "ZZZZZZZZZZZZZZZZ"	/* what the far end's random source gives */

static void srv_good(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", true);
	f->cfg.transport_authenticated = false;
	far_start(f);
	server_cred(f, "snonce");
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->said),
			    "H 212 chal\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\nF\n");
	assert_string_equal(buf_cstr(&f->nonce), "WlpaWlpaWlpaWlpaWlpaWg==");
	nonce_is(f, "2", FRESH);
	assert_true(result(f)->authenticated);
	/* Proven for the whole session. */
	f->hdr_extra = NULL;
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 212\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\nF\n");
}

static void srv_basic(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	account(f, DM_AUTH_BASIC, "", true);
	f->cfg.transport_authenticated = false;
	far_start(f);
	assert_int_equal(dm_auth_basic(SLICE_LIT("srv"), SLICE_LIT("pw"), &b), 0);
	snprintf(header, sizeof(header), CRED("basic", ""), buf_cstr(&b));
	f->hdr_extra = header;
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 212\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\nF\n");
}

/* Nothing is run before the proof; then the challenge is answered. */
static void srv_challenge(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", true);
	f->cfg.transport_authenticated = false;
	far_node(f, "./T", NULL, "Delete=" FAR_SERVER);
	far_start(f);
	server_cred(f, "wrong nonce");
	assert_int_equal(far_message(f, 212, DEL("2", "./T") GET("3", "."), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 401 chal\nS 2 Delete 401\nS 3 Get 401\nF\n");
	assert_non_null(far_find(f, "./T"));
	nonce_is(f, "2", "snonce");
	server_cred(f, FRESH);
	assert_int_equal(far_message(f, 212, DEL("2", "./T"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 212 chal\nS 2 Delete 200\nF\n");
}

static void srv_missing(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", true);
	f->cfg.transport_authenticated = false;
	far_node(f, "./T", NULL, "Delete=" FAR_SERVER);
	far_start(f);
	assert_int_equal(far_message(f, 212, DEL("2", "./T"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 407 chal\nS 2 Delete 407\nF\n");
	assert_int_equal(far_message(f, 212, DEL("2", "./T"), true), 2);
	assert_string_equal(buf_cstr(&f->said), "H 407\nS 2 Delete 407\nA 1223\nF\n");
	assert_int_equal(result(f)->end, DM_END_SERVER_UNAUTHENTICATED);
	assert_non_null(far_find(f, "./T"));
	assert_int_equal(f->commits, 0);
}

/* No proof and nothing asked: a challenge alone must not be sent. */
static void srv_silent(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", true);
	f->cfg.transport_authenticated = false;
	far_start(f);
	assert_int_equal(far_message(f, 212, "", true), 0);
	assert_int_equal(result(f)->end, DM_END_SERVER_UNAUTHENTICATED);
	nonce_is(f, "1", "n");
}

/* TLS proves it too, unless the account's secret is insisted on; wrong ones never pass. */
static void srv_tls(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", true);
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\nF\n");
	server_cred(f, "wrong");
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 401 chal\nS 2 Get 401\nF\n");
}

static void srv_insist(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", true);
	f->cfg.insist_srvcred = true;
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 407 chal\nS 2 Get 407\nF\n");
}

/* Neither TLS nor a secret: no way to know who it is. */
static void srv_nobody(struct far_end *f)
{
	account(f, DM_AUTH_BASIC, "", false);
	f->cfg.transport_authenticated = false;
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "."), true), 2);
	assert_string_equal(buf_cstr(&f->said), "H 401\nS 2 Get 401\nA 1223\nF\n");
	assert_int_equal(result(f)->end, DM_END_SERVER_UNAUTHENTICATED);
}

/* Challenged on both sides: package 1 again carries our challenge, too. */
static void both(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "stale", true);
	f->cfg.transport_authenticated = false;
	far_start(f);
	assert_int_equal(far_message(f, 0, STATUS("1", "401", CHAL("md5", NEXT("Tm9uY2U="))), true),
			 1);
	assert_string_equal(buf_cstr(&f->said), "C md5\nH 407 chal\nA 1201\nD 5\nF\n");
	server_cred(f, FRESH);
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->said),
			    "H 212 chal\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\nF\n");
	nonce_is(f, "1", "Nonce");
}

static void with(void (*fn)(struct far_end *f))
{
	struct far_end f;

	far_init(&f);
	set(&f.account.server_id, FAR_SERVER);
	fn(&f);
	far_fini(&f);
}

#define CASES(X)                                                                                   \
	X(basic)                                                                                   \
	X(md5_first) X(md5_challenge) X(md5_refused) X(refused_flat) X(unsupported) X(no_nonce)    \
	    X(downgrade) X(each_message) X(srv_good) X(srv_basic) X(srv_challenge) X(srv_missing)  \
		X(srv_silent) X(srv_tls) X(srv_insist) X(srv_nobody) X(both)
#define DEFINE(fn) static void test_##fn(void **state) { with(fn); }
#define LIST(fn) cmocka_unit_test(test_##fn),
CASES(DEFINE)

int main(void)
{
	const struct CMUnitTest tests[] = { CASES(LIST) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
