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

/* Rules: AUTH-1 AUTH-7 */
static void basic(struct far_end *f)
{
	account(f, DM_AUTH_BASIC, "", false);
	far_start(f);
	assert_string_equal(buf_cstr(&f->said), "C basic\nA 1201\nD 5\nF\n");
	assert_string_equal(buf_cstr(&f->cred), "QnJ1Y2UyOk9oQmVoYXZl");
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\nF\n");
	assert_true(far_result(f)->accepted);
}

/* The stored nonce is used at once. */
/* Rules: AUTH-2 AUTH-4 AUTH-7 AUTH-22 */
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
/* Rules: AUTH-3 AUTH-12 AUTH-20 AUTH-25 PKG-24 */
static void md5_challenge(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "", false);
	far_start(f);
	assert_string_equal(buf_cstr(&f->said), "A 1201\nD 5\nF\n");
	assert_int_equal(
	    far_message(f, 0, STATUS("1", "407", CHAL("md5", NEXT("Tm9uY2U="))) ADD("2", "./Kept", "x"),
			true),
	    1);
	assert_string_equal(far_value(f, "./Kept"), "(none)");
	assert_string_equal(buf_cstr(&f->said), "C md5\nH 200\nA 1201\nD 5\nF\n");
	assert_string_equal(buf_cstr(&f->cred), "Zz6EivR3yeaaENcRN6lpAQ==");
	assert_non_null(strstr(buf_cstr(&f->out), "<MsgID>2</MsgID>"));
	nonce_is(f, "1", "(none)");
	/* As long as the server has not accepted it, it is not kept either. */
	assert_int_equal(far_message(f, 0, GET("2", "./DevInfo/Man"), true), 1);
	nonce_is(f, "1", "(none)");
	assert_int_equal(far_message(f, 212, "", true), 0);
	assert_int_equal(far_result(f)->end, DM_END_NORMAL);
	assert_true(far_result(f)->accepted);
	nonce_is(f, "1", "Nonce");
}

/* Also when the same message aborts: what it changed does not stay, its nonce does. */
/* Rules: AUTH-22 */
static void nonce_of_a_goodbye(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "Nonce", false);
	assert_int_equal(dm_tree_set_acl(f->tree, dm_tree_root(f->tree), SLICE_LIT("Add=*"), 1), 0);
	dm_tree_committed(f->tree);
	far_start(f);
	assert_int_equal(far_message(f, 0, STATUS("1", "212", CHAL("md5", NEXT("bmV4dA==")))
				     ADD("2", "./Kept", "x") CMD("Alert", "3", "<Data>1223</Data>"),
				     true), 0);
	assert_int_equal(far_result(f)->end, DM_END_ABORTED_BY_SERVER);
	nonce_is(f, "1", "next");
	assert_string_equal(far_value(f, "./Kept"), "(none)");
	assert_int_equal(f->commits, 1);
}

/* A stale nonce costs one challenge; the same again ends it. */
/* Rules: AUTH-13 AUTH-17 */
static void md5_refused(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "stale", false);
	far_start(f);
	assert_string_not_equal(buf_cstr(&f->cred), "Zz6EivR3yeaaENcRN6lpAQ==");
	assert_int_equal(far_message(f, 0, STATUS("1", "401", CHAL("md5", NEXT("Tm9uY2U="))), true),
			 1);
	assert_string_equal(buf_cstr(&f->said), "C md5\nH 200\nA 1201\nD 5\nF\n");
	assert_string_equal(buf_cstr(&f->cred), "Zz6EivR3yeaaENcRN6lpAQ==");
	assert_int_equal(far_message(f, 0, STATUS("2", "401", CHAL("md5", NEXT("Tm9uY2U="))), true),
			 0);
	assert_int_equal(far_result(f)->end, DM_END_AUTH_REFUSED);
	assert_string_equal(far_result(f)->text, "the server refused our credentials again (401)");
	assert_false(far_result(f)->accepted);
	assert_int_equal(far_result(f)->hdr_status, 401);
	nonce_is(f, "1", "stale");
}

/* Rules: AUTH-18 */
static void refused_flat(struct far_end *f)
{
	account(f, DM_AUTH_BASIC, "", false);
	far_start(f);
	assert_int_equal(far_message(f, 401, "", true), 0);
	assert_int_equal(far_result(f)->end, DM_END_AUTH_REFUSED);
}

/* Rules: AUTH-16 */
static void unsupported(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", false);
	far_start(f);
	assert_int_equal(far_message(f, 0, STATUS("1", "401", CHAL("X509", NEXT("Tm9uY2U="))), true),
			 0);
	assert_int_equal(far_result(f)->end, DM_END_AUTH_UNSUPPORTED);
}

/* Rules: AUTH-19 */
static void no_nonce(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", false);
	far_start(f);
	assert_int_equal(far_message(f, 0, STATUS("1", "401", CHAL("md5", "")), true), 0);
	assert_int_equal(far_result(f)->end, DM_END_AUTH_UNSUPPORTED);
}

/* Rules: AUTH-19 */
static void bad_nonce(struct far_end *f)
{
	static const char *const bad[] = { NEXT(""), NEXT("*"), NEXT("Tm9u*2U="), NEXT("Tm9uY2U") };
	char long_nonce[64 + DM_NONCE_MAX * 2], body[1024 + sizeof(long_nonce)];

	account(f, DM_AUTH_MD5, "stale", false);
	for (size_t i = 0; i < 5; i++) {
		/* 4 characters make 3 bytes: a good deal more than DM_NONCE_MAX of them. */
		snprintf(long_nonce, sizeof(long_nonce), NEXT("%0*d"), DM_NONCE_MAX / 3 * 4 + 4, 0);
		snprintf(body, sizeof(body), STATUS("1", "401", CHAL("md5", "%s")),
			 i < 4 ? bad[i] : long_nonce);
		f->msg_id = 0;
		far_start(f);
		assert_int_equal(far_message(f, 0, body, true), 0);
		if (far_result(f)->end != DM_END_AUTH_UNSUPPORTED)
			fail_msg("%zu: %d", i, far_result(f)->end);
		dm_session_free(f->s);
	}
	f->s = NULL;
	nonce_is(f, "1", "stale");
}

/* --- what goes first, and how it looks --------------------------------------- */

static void prefers(struct far_end *f, enum dm_auth pref, const char *said)
{
	f->account.pref = pref;
	f->msg_id = 0;
	far_start(f);
	assert_string_equal(buf_cstr(&f->said), said);
	dm_session_free(f->s);
	f->s = NULL;
}

/* Rules: AUTH-8 AUTH-9 AUTH-10 */
static void preference(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "Nonce", false);
	prefers(f, DM_AUTH_BASIC, "C basic\nA 1201\nD 5\nF\n");
	prefers(f, DM_AUTH_MD5, "C md5\nA 1201\nD 5\nF\n");
	prefers(f, DM_AUTH_TRANSPORT, "A 1201\nD 5\nF\n");
	/* Nothing, or nothing we know, is preferred: AAuthType. */
	prefers(f, DM_AUTH_NONE, "C md5\nA 1201\nD 5\nF\n");
	prefers(f, DM_AUTH_OTHER, "C md5\nA 1201\nD 5\nF\n");
	f->account.client.type = DM_AUTH_BASIC;
	prefers(f, DM_AUTH_NONE, "C basic\nA 1201\nD 5\nF\n");
	f->account.pref = DM_AUTH_MAC;
	far_start(f);
	assert_true(f->signature.len > 0);
	dm_session_free(f->s);
	f->account.client.present = false;
	prefers(f, DM_AUTH_BASIC, "A 1201\nD 5\nF\n");
}

/* Rules: AUTH-5 AUTH-6 */
static void cred_element(struct far_end *f)
{
	static const char want[] = "<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type "
		"xmlns=\"syncml:metinf\">syncml:auth-md5</Type></Meta><Data>";
	const char *cred, *end;

	account(f, DM_AUTH_MD5, "Nonce", false);
	far_start(f);
	cred = strstr(buf_cstr(&f->out), "<Cred>");
	end = strstr(buf_cstr(&f->out), "</SyncHdr>");
	assert_true(cred && end && cred < end);
	assert_null(strstr(cred + 1, "<Cred>"));
	assert_int_equal(strncmp(cred, want, sizeof(want) - 1), 0);
}

/* Rules: AUTH-15 AUTH-57 */
static void asked_for_another(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "Nonce", false);
	far_start(f);
	assert_int_equal(far_message(f, 0, STATUS("1", "401", CHAL("basic", "")), true), 1);
	assert_string_equal(buf_cstr(&f->said), "C basic\nH 200\nA 1201\nD 5\nF\n");
	assert_string_equal(buf_cstr(&f->cred), "QnJ1Y2UyOk9oQmVoYXZl");
	/* Once is enough: another one, of any scheme, is not answered. */
	assert_int_equal(far_message(f, 0, STATUS("2", "401", CHAL("md5", NEXT("Tm9uY2U="))), true),
			 0);
	assert_int_equal(far_result(f)->end, DM_END_AUTH_REFUSED);
	assert_non_null(strstr(far_result(f)->text, "again"));
}

/* Rules: AUTH-14 */
static void to_the_respuri(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "", false);
	far_start(f);
	f->hdr_extra = "<RespURI>https://srv.example/other?s=1</RespURI>";
	assert_int_equal(far_message(f, 0, STATUS("1", "407", CHAL("md5", NEXT("Tm9uY2U="))), true),
			 1);
	assert_string_equal(buf_cstr(&f->said), "C md5\nH 200\nA 1201\nD 5\nF\n");
	assert_true(slice_eq_str(dm_session_next_uri(f->s), "https://srv.example/other?s=1"));
	assert_non_null(strstr(buf_cstr(&f->out), "<SessionID>AB</SessionID>"));
}

/* Rules: AUTH-24 */
static void same_again(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "Nonce", false);
	far_start(f);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(far_message(f, 200, GET("2", "./DevInfo/Man"), true), 1);
		assert_string_equal(buf_cstr(&f->said),
				    "C md5\nH 200\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\nF\n");
		assert_string_equal(buf_cstr(&f->cred), "Zz6EivR3yeaaENcRN6lpAQ==");
	}
}

/* A 200 for later messages takes nothing of the 212 back. */
/* Rules: AUTH-21 */
static void once_for_all(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "Nonce", false);
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), true), 1);
	assert_int_equal(far_message(f, 200, GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\nF\n");
	assert_null(strstr(buf_cstr(&f->out), "<Cred>"));
}

/* The server writes our account; what is in use stays until the session is over. */
/* Rules: AUTH-39 */
static void new_password(struct far_end *f)
{
	static const char base[] = "./DMAcc/" FAR_SERVER;
	struct dm_node *n;

	account(f, DM_AUTH_BASIC, "", false);
	n = far_find(f, base);
	assert_int_equal(dm_tree_set_acl(f->tree, n, SLICE_LIT("Replace=*"), f->now), 0);
	dm_tree_committed(f->tree);
	far_start(f);
	assert_int_equal(far_message(f, 200,
		REP("2", "./DMAcc/" FAR_SERVER "/AppAuth/1/AAuthSecret", "changed")
		REP("3", "./DMAcc/" FAR_SERVER "/AppAuth/1/AAuthName", "Other"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "C basic\nH 200\nS 2 Replace 200\nS 3 Replace 200\nF\n");
	assert_string_equal(buf_cstr(&f->cred), "QnJ1Y2UyOk9oQmVoYXZl");
	assert_string_equal(far_value(f, "./DMAcc/" FAR_SERVER "/AppAuth/1/AAuthName"), "Other");
	dm_session_free(f->s);
	dm_account_fini(&f->account);
	assert_int_equal(dmacc_read(f->tree, SLICE_LIT(FAR_SERVER), &f->account), 0);
	f->msg_id = 0;
	far_start(f);
	assert_string_equal(buf_cstr(&f->cred), "T3RoZXI6Y2hhbmdlZA==");	/* Other:changed */
}

/* Without TLS nobody gets the password of an MD5 account by asking for basic. */
static void downgrade(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", true);
	f->cfg.transport_authenticated = false;
	far_start(f);
	assert_int_equal(far_message(f, 0, STATUS("1", "401", CHAL("basic", "")), true), 0);
	assert_int_equal(far_result(f)->end, DM_END_AUTH_UNSUPPORTED);
}

/* 200 instead of 212: credentials in every message, with the newest nonce. */
/* Rules: AUTH-23 AUTH-21 */
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

/* Rules: AUTH-27 AUTH-33 AUTH-34 */
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
	assert_true(far_result(f)->authenticated);
	/* Proven for the whole session. */
	f->hdr_extra = NULL;
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 212\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\nF\n");
}

/* Rules: AUTH-27 AUTH-33 */
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
/* Rules: AUTH-29 AUTH-32 */
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

/* Rules: AUTH-28 AUTH-32 */
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
	assert_int_equal(far_result(f)->end, DM_END_SERVER_UNAUTHENTICATED);
	assert_non_null(far_find(f, "./T"));
	assert_int_equal(f->commits, 0);
}

/* No proof and nothing asked: a challenge alone must not be sent. */
/* Rules: AUTH-35 */
static void srv_silent(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", true);
	f->cfg.transport_authenticated = false;
	far_start(f);
	assert_int_equal(far_message(f, 212, "", true), 0);
	assert_int_equal(far_result(f)->end, DM_END_SERVER_UNAUTHENTICATED);
	nonce_is(f, "1", "n");
}

/* TLS proves it too, unless the account's secret is insisted on; wrong ones never pass. */
/* Rules: AUTH-36 AUTH-37 */
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

/* Rules: AUTH-30 */
static void our_challenge(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", true);
	f->cfg.transport_authenticated = false;
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "."), true), 1);
	assert_non_null(strstr(buf_cstr(&f->out),
		"<Chal><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns="
		"\"syncml:metinf\">syncml:auth-md5</Type><NextNonce xmlns=\"syncml:metinf\">"
		"WlpaWlpaWlpaWlpaWlpaWg==</NextNonce></Meta></Chal>"));
	dm_session_free(f->s);
	f->account.server.type = DM_AUTH_BASIC;
	f->msg_id = 0;
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "."), true), 1);
	assert_non_null(strstr(buf_cstr(&f->out),
		"<Chal><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns="
		"\"syncml:metinf\">syncml:auth-basic</Type></Meta></Chal>"));
}

static unsigned int drawn;

static int counted_random(void *ctx, void *p, size_t n)
{
	memset(p, 'A' + (int)drawn++, n);
	return n == 16 ? 0 : -EIO;
}

static int no_random(void *ctx, void *p, size_t n)
{
	return -EIO;
}

/* Rules: AUTH-31 */
static void new_nonces(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", true);
	f->cfg.transport_authenticated = false;
	f->ops.random = counted_random;
	drawn = 0;
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "."), true), 1);
	assert_string_equal(buf_cstr(&f->nonce), "QUFBQUFBQUFBQUFBQUFBQQ==");
	server_cred(f, "AAAAAAAAAAAAAAAA");
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->nonce), "QkJCQkJCQkJCQkJCQkJCQg==");
	nonce_is(f, "2", "BBBBBBBBBBBBBBBB");
	dm_session_free(f->s);
	/* None to be had: no session. */
	f->ops.random = no_random;
	f->msg_id = 0;
	f->hdr_extra = NULL;
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "."), true), 2);
	assert_int_equal(far_result(f)->end, DM_END_INTERNAL);
	nonce_is(f, "2", "BBBBBBBBBBBBBBBB");
}

/* Right, but not of the scheme the account asks of it. */
/* Rules: AUTH-38 */
static void srv_other_scheme(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	account(f, DM_AUTH_MD5, "n", true);
	f->cfg.transport_authenticated = false;
	far_start(f);
	assert_int_equal(dm_auth_basic(SLICE_LIT("srv"), SLICE_LIT("pw"), &b), 0);
	snprintf(header, sizeof(header), CRED("basic", ""), buf_cstr(&b));
	f->hdr_extra = header;
	assert_int_equal(far_message(f, 212, ADD("2", "./Kept", "x"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 401 chal\nS 2 Add 401\nF\n");
	assert_string_equal(far_value(f, "./Kept"), "(none)");
}

/* A digest over a nonce that was never given proves nothing: it is the same every time. */
/* Rules: AUTH-32 */
static void srv_no_nonce(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", true);
	buf_reset(&f->account.server.nonce);
	f->cfg.transport_authenticated = false;
	far_start(f);
	server_cred(f, "");
	assert_int_equal(far_message(f, 212, GET("2", "."), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 401 chal\nS 2 Get 401\nF\n");
	server_cred(f, FRESH);
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->said),
			    "H 212 chal\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\nF\n");
}

/* An empty secret is none: everybody knows it. */
/* Rules: AUTH-36 */
static void srv_empty_secret(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	account(f, DM_AUTH_MD5, "n", true);
	buf_reset(&f->account.server.secret);
	f->cfg.transport_authenticated = false;
	far_start(f);
	assert_int_equal(dm_auth_md5(SLICE_LIT("srv"), SLICE_LIT(""), SLICE_LIT("snonce"), &b), 0);
	snprintf(header, sizeof(header), CRED("md5", ""), buf_cstr(&b));
	f->hdr_extra = header;
	assert_int_equal(far_message(f, 212, ADD("2", "./Kept", "x"), true), 2);
	assert_string_equal(buf_cstr(&f->said), "H 401\nS 2 Add 401\nA 1223\nF\n");
	assert_string_equal(far_value(f, "./Kept"), "(none)");
}

/* Believed once, wrong now: what this message says of nonces is not kept. */
/* Rules: AUTH-25 */
static void nonce_of_a_stranger(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", true);
	far_start(f);
	assert_int_equal(far_message(f, 0, STATUS("1", "200", CHAL("md5", NEXT("b25l")))
				     GET("2", "./DevInfo/Man"), true), 1);
	nonce_is(f, "1", "one");
	server_cred(f, "wrong");
	assert_int_equal(far_message(f, 0, STATUS("2", "200", CHAL("md5", NEXT("dHdv")))
				     GET("2", "./DevInfo/Man"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "C md5\nH 401 chal\nS 2 Get 401\nF\n");
	assert_false(far_result(f)->authenticated);
	nonce_is(f, "1", "one");
	nonce_is(f, "2", "snonce");
}

/* Every command has its status, in containers too, and none is run. */
/* Rules: AUTH-28 */
static void srv_missing_all(struct far_end *f)
{
	account(f, DM_AUTH_MD5, "n", true);
	f->cfg.transport_authenticated = false;
	far_start(f);
	assert_int_equal(far_message(f, 212,
		CMD("Atomic", "2", ADD("3", "./Kept", "x")) CMD("Sequence", "4", EXEC("5", "./Run"))
		CMD("Alert", "6", "<Data>1100</Data>") CMD("Alert", "7", "<Data>1222</Data>")
		CMD("Put", "8", BARE("./x")), true), 1);
	assert_string_equal(buf_cstr(&f->said),
		"H 407 chal\nS 2 Atomic 407\nS 3 Add 407\nS 4 Sequence 407\nS 5 Exec 407\n"
		"S 6 Alert 407\nS 7 Alert 407\nS 8 Put 407\nF\n");
	assert_string_equal(far_value(f, "./Kept"), "(none)");
	assert_int_equal(far_result(f)->commands, 0);
}

/* Raw bytes of WBXML, told from base64 by Format. */
/* Rules: AUTH-56 */
static void raw_bytes(struct far_end *f)
{
	_cleanup_buf_ struct buf b64 = BUF_INIT, raw = BUF_INIT;
	struct dm_hdr h = {
		.ver_dtd = SLICE_LIT("1.2"), .ver_proto = SLICE_LIT("DM/1.2"),
		.session_id = SLICE_LIT("AB"), .msg_id = SLICE_LIT("1"),
		.target = SLICE_LIT(FAR_DEVICE), .source = SLICE_LIT("x"), .has_cred = true,
		.cred = { .meta.type = SLICE_LIT("syncml:auth-md5"), .data_opaque = true },
	};
	const struct {
		struct slice data, format;
		bool good;
	} cases[] = {
		{ SLICE_NONE, SLICE_NONE, true }, { SLICE_NONE, SLICE_LIT("bin"), true },
		{ SLICE_NONE, SLICE_LIT("b64"), false },
	};

	account(f, DM_AUTH_MD5, "n", true);
	f->cfg.transport_authenticated = false;
	assert_int_equal(dm_auth_md5(SLICE_LIT("srv"), SLICE_LIT("pw"), SLICE_LIT("snonce"), &b64), 0);
	assert_int_equal(base64_decode(&raw, buf_slice(&b64)), 0);
	for (size_t i = 0; i < 4; i++) {
		far_start(f);
		dm_session_message(f->s, f->now);
		h.cred.data = i < 3 ? buf_slice(&raw) : buf_slice(&b64);
		h.cred.meta.format = i < 3 ? cases[i].format : SLICE_LIT("b64");
		assert_int_equal(dm_session_sink()->header(f->s, &h), 0);
		if (far_result(f)->authenticated != (i == 3 || cases[i].good))
			fail_msg("case %zu", i);
		dm_session_free(f->s);
	}
	f->s = NULL;
}

/* Neither TLS nor a secret: no way to know who it is. */
/* Rules: AUTH-36 */
static void srv_nobody(struct far_end *f)
{
	account(f, DM_AUTH_BASIC, "", false);
	f->cfg.transport_authenticated = false;
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "."), true), 2);
	assert_string_equal(buf_cstr(&f->said), "H 401\nS 2 Get 401\nA 1223\nF\n");
	assert_int_equal(far_result(f)->end, DM_END_SERVER_UNAUTHENTICATED);
}

/* Challenged on both sides: package 1 again carries our challenge, too. */
/* Rules: AUTH-26 AUTH-25 */
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

#define CASES(X)                                                                                \
	X(basic)                                                                                   \
	X(md5_first) X(md5_challenge) X(md5_refused) X(refused_flat) X(unsupported) X(no_nonce)    \
	    X(downgrade) X(each_message) X(srv_good) X(srv_basic) X(srv_challenge) X(srv_missing)  \
		X(srv_silent) X(srv_tls) X(srv_insist) X(srv_nobody) X(both) X(bad_nonce)          \
		X(preference) X(cred_element) X(asked_for_another) X(to_the_respuri) X(same_again) \
		X(once_for_all) X(new_password) X(our_challenge) X(new_nonces)                     \
		X(srv_other_scheme) X(srv_no_nonce) X(srv_empty_secret) X(nonce_of_a_stranger)     \
		X(srv_missing_all) X(raw_bytes) X(nonce_of_a_goodbye)
#define DEFINE(fn) static void test_##fn(void **state) { with(fn); }
#define LIST(fn) cmocka_unit_test(test_##fn),
CASES(DEFINE)

int main(void)
{
	const struct CMUnitTest tests[] = { CASES(LIST) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
