// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages that prove who sent them by x-syncml-hmac, in both directions. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"
#include "mo/dmacc.h"

#define CHAL(type, nonce) "<Chal><Meta><Type xmlns='syncml:metinf'>syncml:auth-" type "</Type>" \
	"<Format xmlns='syncml:metinf'>b64</Format>" nonce "</Meta></Chal>"
#define NEXT(n) "<NextNonce xmlns='syncml:metinf'>" n "</NextNonce>"
#define STATUS(ref, code, chal)                                                                    \
	"<Status><CmdID>1</CmdID><MsgRef>" ref "</MsgRef><CmdRef>0</CmdRef>"                       \
	"<Cmd>SyncHdr</Cmd>" chal "<Data>" code "</Data></Status>"
#define OK(ref, nonce) STATUS(ref, "200", CHAL("MAC", NEXT(nonce)))
#define MAN GET("2", "./DevInfo/Man")
#define GOT_MAN "S 2 Get 200\nR 2 ./DevInfo/Man Maker\nF\n"
#define FRESH "ZZZZZZZZZZZZZZZZ"	/* what the far end's random source gives */
#define N1 "bjE="			/* n1 */
#define N2 "bjI="			/* n2 */

/* CLCRED and, with @srv, SRVCRED: both HMAC. */
static void account(struct far_end *f, const char *nonce, bool srv)
{
	struct dmacc_new n = {
		.server_id = SLICE_LIT(FAR_SERVER), .url = SLICE_LIT("https://srv.example/dm"),
		.auth = DM_AUTH_MAC, .user = SLICE_LIT("Bruce2"), .secret = SLICE_LIT("OhBehave"),
		.nonce = slice_str(nonce),
	};

	if (srv) {
		n.srv_user = SLICE_LIT("srv");
		n.srv_secret = SLICE_LIT("pw");
		n.srv_nonce = SLICE_LIT("snonce");
		f->cfg.transport_authenticated = false;
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

/* The client's last message is signed with @nonce over exactly its bytes; NULL: it is not. */
static void signed_with(struct far_end *f, const char *nonce)
{
	_cleanup_buf_ struct buf mac = BUF_INIT, want = BUF_INIT;

	if (!nonce) {
		assert_int_equal(f->signature.len, 0);
		return;
	}
	assert_int_equal(dm_auth_mac(SLICE_LIT("Bruce2"), SLICE_LIT("OhBehave"), slice_str(nonce),
				     buf_slice(&f->out), &mac), 0);
	buf_printf(&want, "algorithm=MD5, username=\"Bruce2\", mac=%s", buf_cstr(&mac));
	assert_string_equal(buf_cstr(&f->signature), buf_cstr(&want));
}

/* --- we to the server -------------------------------------------------------- */

/* Rules: AUTH-40 AUTH-42 AUTH-44 */
static void first_message(struct far_end *f)
{
	account(f, "Nonce", false);
	far_start(f);
	assert_string_equal(buf_cstr(&f->said), "A 1201\nD 5\nF\n");
	signed_with(f, "Nonce");
	assert_non_null(strstr(buf_cstr(&f->out), "<LocName>Bruce2</LocName>"));
	assert_null(strstr(buf_cstr(&f->out), "<Cred>"));
	assert_int_equal(far_message(f, 0, OK("1", N1), true), 0);
	assert_int_equal(far_result(f)->end, DM_END_NORMAL);
	assert_true(far_result(f)->accepted);
	nonce_is(f, "1", "n1");
}

/* Rules: AUTH-44 */
static void wbxml(struct far_end *f)
{
	f->cfg.encoder = codec_encoder(CODEC_WBXML);
	f->wbxml = true;
	account(f, "Nonce", false);
	far_start(f);
	signed_with(f, "Nonce");
}

/* Rules: AUTH-45 AUTH-52 */
static void every_message(struct far_end *f)
{
	account(f, "Nonce", false);
	far_start(f);
	assert_int_equal(far_message(f, 0, OK("1", N1) MAN, true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200\n" GOT_MAN);
	signed_with(f, "n1");
	nonce_is(f, "1", "n1");
	assert_int_equal(far_message(f, 0, OK("2", N2) MAN, true), 1);
	signed_with(f, "n2");
	nonce_is(f, "1", "n2");
	/* So is a goodbye, in place of the answer that was not sent. */
	assert_int_equal(dm_session_abort(f->s, "enough", &f->out), 1);
	buf_reset(&f->signature);
	buf_put_slice(&f->signature, dm_session_hmac(f->s));
	signed_with(f, "n2");
}

/* Rules: AUTH-55 */
static void challenged(struct far_end *f)
{
	account(f, "", false);
	far_start(f);
	signed_with(f, NULL);
	assert_int_equal(far_message(f, 0, STATUS("1", "407", CHAL("MAC", NEXT(N1))) MAN, true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200\nA 1201\nD 5\nF\n");
	signed_with(f, "n1");
	nonce_is(f, "1", "(none)");
	assert_int_equal(far_message(f, 0, STATUS("2", "401", CHAL("MAC", NEXT(N2))) MAN, true), 0);
	assert_int_equal(far_result(f)->end, DM_END_AUTH_REFUSED);
}

/* An account for md5 whose server asks for MAC, and the other way round: as it asks. */
/* Rules: AUTH-55 */
static void other_scheme(struct far_end *f)
{
	account(f, "Nonce", false);
	far_start(f);
	assert_int_equal(far_message(f, 0, STATUS("1", "401", CHAL("md5", NEXT("Tm9uY2U="))), true), 1);
	assert_string_equal(buf_cstr(&f->said), "C md5\nH 200\nA 1201\nD 5\nF\n");
	assert_string_equal(buf_cstr(&f->cred), "Zz6EivR3yeaaENcRN6lpAQ==");
	signed_with(f, NULL);
}

/* Rules: AUTH-49 */
static void no_next_nonce(struct far_end *f)
{
	static const char *const bodies[] = {
		STATUS("1", "200", "") ADD("2", "./Kept", "x"),
		STATUS("1", "200", CHAL("MAC", "")) ADD("2", "./Kept", "x"),
		STATUS("1", "200", CHAL("MAC", NEXT("?"))) ADD("2", "./Kept", "x"),
		STATUS("1", "200", CHAL("basic", NEXT(N1))) ADD("2", "./Kept", "x"),
		ADD("2", "./Kept", "x"),
	};

	account(f, "Nonce", false);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		f->msg_id = 0;
		far_start(f);
		assert_int_equal(far_message(f, 0, bodies[i], true), 2);
		assert_string_equal(buf_cstr(&f->said), "H 200\nA 1223\nF\n");
		assert_int_equal(far_result(f)->end, DM_END_PROTOCOL);
		assert_string_equal(far_value(f, "./Kept"), "(none)");
		signed_with(f, NULL);
		dm_session_free(f->s);
	}
	f->s = NULL;
}

/* Rules: AUTH-51 */
static void for_the_session(struct far_end *f)
{
	account(f, "Nonce", false);
	far_start(f);
	assert_int_equal(far_message(f, 0, STATUS("1", "212", CHAL("MAC", NEXT(N1)))
				     ADD("2", "./Kept", "x"), true), 2);
	assert_int_equal(far_result(f)->end, DM_END_PROTOCOL);
	assert_string_equal(far_value(f, "./Kept"), "(none)");
	dm_session_free(f->s);
	/* Said behind a command: it was run, is not done any more, and not told of. */
	f->msg_id = 0;
	far_start(f);
	assert_int_equal(far_message(f, 0, ADD("2", "./Kept", "x")
				     STATUS("1", "212", CHAL("MAC", NEXT(N1))), true), 2);
	assert_string_equal(buf_cstr(&f->said), "H 200\nA 1223\nF\n");
	assert_string_equal(far_value(f, "./Kept"), "(none)");
}

/* Rules: AUTH-45 */
static void refused_in_mid_session(struct far_end *f)
{
	account(f, "Nonce", false);
	far_start(f);
	assert_int_equal(far_message(f, 0, OK("1", N1) MAN, true), 1);
	assert_int_equal(far_message(f, 0, STATUS("2", "401", CHAL("MAC", NEXT(N2))) MAN, true), 0);
	assert_int_equal(far_result(f)->end, DM_END_AUTH_REFUSED);
}

/* A name that would break out of the header cannot be signed with. */
static void bad_name(struct far_end *f)
{
	account(f, "Nonce", false);
	buf_put_str(&f->account.client.name, "\r\nX-Evil: 1");
	f->s = dm_session_new(&f->cfg);
	assert_int_equal(dm_session_start(f->s, f->now, &f->out), -EINVAL);
	assert_int_equal(far_result(f)->end, DM_END_INTERNAL);
	assert_false(slice_present(dm_session_hmac(f->s)));
}

/* --- the server to us -------------------------------------------------------- */

/* Rules: AUTH-46 AUTH-52 AUTH-53 */
static void server_signs(struct far_end *f)
{
	account(f, "Nonce", true);
	far_start(f);
	f->sign = "snonce";
	f->hdr_extra = NULL;
	assert_int_equal(far_message(f, 0, OK("1", N1) MAN, true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200 chal\n" GOT_MAN);
	assert_string_equal(buf_cstr(&f->nonce), "WlpaWlpaWlpaWlpaWlpaWg==");
	assert_true(far_result(f)->authenticated);
	nonce_is(f, "2", FRESH);
	f->sign = FRESH;
	assert_int_equal(far_message(f, 0, OK("2", N2) MAN, true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200 chal\n" GOT_MAN);
}

static void refused(struct far_end *f, const char *said)
{
	char want[128];

	assert_int_equal(far_message(f, 0, OK("1", N1) ADD("2", "./Kept", "x"), true), 1);
	snprintf(want, sizeof(want), "H %s chal\nS 2 Add %s\nF\n", said, said);
	assert_string_equal(buf_cstr(&f->said), want);
	assert_string_equal(far_value(f, "./Kept"), "(none)");
	assert_false(far_result(f)->authenticated);
	nonce_is(f, "1", "Nonce");
	nonce_is(f, "2", "snonce");
	/* Challenged once, with a nonce; then it may go on. */
	f->hmac = f->source_name = NULL;
	f->sign = FRESH;
	assert_int_equal(far_message(f, 0, OK("2", N2) MAN, true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200 chal\n" GOT_MAN);
	nonce_is(f, "1", "n2");
}

/* Rules: AUTH-47 AUTH-54 */
static void wrong_mac(struct far_end *f)
{
	account(f, "Nonce", true);
	far_start(f);
	f->sign = "another nonce";
	refused(f, "401");
}

/* Rules: AUTH-48 AUTH-54 */
static void missing_mac(struct far_end *f)
{
	account(f, "Nonce", true);
	far_start(f);
	refused(f, "407");
}

/* Rules: AUTH-43 */
static void malformed_header(struct far_end *f)
{
	account(f, "Nonce", true);
	far_start(f);
	f->hmac = "username=\"srv\"";
	refused(f, "401");
}

/* A MAC in Cred is none; neither is md5 what the account says. */
/* Rules: AUTH-40 AUTH-47 */
static void cred_instead(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char header[512];

	account(f, "Nonce", true);
	far_start(f);
	assert_int_equal(dm_auth_md5(SLICE_LIT("srv"), SLICE_LIT("pw"), SLICE_LIT("snonce"), &b), 0);
	snprintf(header, sizeof(header), "<Cred><Meta><Type xmlns='syncml:metinf'>syncml:auth-MAC"
		 "</Type><Format xmlns='syncml:metinf'>b64</Format></Meta><Data>%s</Data></Cred>",
		 buf_cstr(&b));
	f->hdr_extra = header;
	assert_int_equal(far_message(f, 0, OK("1", N1) ADD("2", "./Kept", "x"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 401 chal\nS 2 Add 401\nF\n");
}

/* Rules: AUTH-54 */
static void wrong_twice(struct far_end *f)
{
	account(f, "Nonce", true);
	far_start(f);
	assert_int_equal(far_message(f, 0, OK("1", N1) MAN, true), 1);
	f->sign = "snonce";
	assert_int_equal(far_message(f, 0, OK("2", N2) MAN, true), 2);
	assert_string_equal(buf_cstr(&f->said), "H 401\nS 2 Get 401\nA 1223\nF\n");
	assert_int_equal(far_result(f)->end, DM_END_SERVER_UNAUTHENTICATED);
}

/* Rules: AUTH-48 */
static void missing_in_mid_session(struct far_end *f)
{
	account(f, "Nonce", true);
	far_start(f);
	f->sign = "snonce";
	assert_int_equal(far_message(f, 0, OK("1", N1) MAN, true), 1);
	f->sign = NULL;
	assert_int_equal(far_message(f, 0, OK("2", N2) ADD("2", "./Kept", "x"), true), 2);
	assert_string_equal(buf_cstr(&f->said), "H 407\nS 2 Add 407\nA 1223\nF\n");
	assert_int_equal(far_result(f)->end, DM_END_SERVER_UNAUTHENTICATED);
	assert_string_equal(far_value(f, "./Kept"), "(none)");
}

/* Over TLS, too: who signs once signs always. */
/* Rules: AUTH-48 AUTH-50 */
static void replayed(struct far_end *f)
{
	account(f, "Nonce", true);
	f->cfg.transport_authenticated = true;
	far_start(f);
	f->sign = "snonce";
	assert_int_equal(far_message(f, 0, OK("1", N1) MAN, true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200 chal\n" GOT_MAN);
	assert_int_equal(far_message(f, 0, OK("2", N2) ADD("2", "./Kept", "x"), true), 2);
	assert_int_equal(far_result(f)->end, DM_END_SERVER_UNAUTHENTICATED);
	assert_string_equal(far_value(f, "./Kept"), "(none)");
	nonce_is(f, "2", FRESH);
}

/* Rules: AUTH-53 */
static void another_name(struct far_end *f)
{
	account(f, "Nonce", true);
	far_start(f);
	f->sign = "snonce";
	f->hdr_extra = "";
	f->source_name = "other";
	refused(f, "401");
}

/* Without a nonce ever agreed on no signature proves anything. */
static void no_nonce(struct far_end *f)
{
	account(f, "Nonce", true);
	buf_reset(&f->account.server.nonce);
	far_start(f);
	f->sign = "";
	assert_int_equal(far_message(f, 0, OK("1", N1) MAN, true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 401 chal\nS 2 Get 401\nF\n");
}

#define CASES(X) \
	X(first_message) X(wbxml) X(every_message) X(challenged) X(other_scheme) \
	X(no_next_nonce) X(for_the_session) X(refused_in_mid_session) X(bad_name) \
	X(server_signs) X(wrong_mac) X(missing_mac) X(malformed_header) \
	X(cred_instead) X(wrong_twice) X(missing_in_mid_session) X(replayed) \
	X(another_name) X(no_nonce)

FAR_TESTS(CASES)
