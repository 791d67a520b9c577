// SPDX-License-Identifier: GPL-2.0-or-later
/* Credential formulas against the vectors of the specifications. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "dm/auth.h"
#include "util/digest.h"

static void test_basic(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_int_equal(dm_auth_basic(SLICE_LIT("Bruce2"), SLICE_LIT("OhBehave"), &b), 0);
	assert_string_equal(buf_cstr(&b), "QnJ1Y2UyOk9oQmVoYXZl");
}

static void test_md5(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_int_equal(
	    dm_auth_md5(SLICE_LIT("Bruce2"), SLICE_LIT("OhBehave"), SLICE_LIT("Nonce"), &b), 0);
	assert_string_equal(buf_cstr(&b), "Zz6EivR3yeaaENcRN6lpAQ==");
}

/* B64(H(B64(H(user:pw)) ":" nonce ":" B64(H(body)))), composed here step by step. */
static void test_mac(void **state)
{
	_cleanup_buf_ struct buf got = BUF_INIT, text = BUF_INIT, want = BUF_INIT;
	uint8_t md[16];

	digest_md5(SLICE_LIT("u:p"), md);
	base64_encode(&text, slice_of(md, 16));
	assert_int_equal(text.len, 24);
	buf_put_str(&text, ":n:");
	digest_md5(SLICE_LIT("body"), md);
	base64_encode(&text, slice_of(md, 16));
	digest_md5(buf_slice(&text), md);
	base64_encode(&want, slice_of(md, 16));
	assert_int_equal(
	    dm_auth_mac(SLICE_LIT("u"), SLICE_LIT("p"), SLICE_LIT("n"), SLICE_LIT("body"), &got),
	    0);
	assert_string_equal(buf_cstr(&got), buf_cstr(&want));
}

static void test_names(void **state)
{
	assert_int_equal(dm_auth_from_meta(SLICE_LIT("syncml:auth-md5")), DM_AUTH_MD5);
	assert_int_equal(dm_auth_from_meta(SLICE_LIT("syncml:auth-basic")), DM_AUTH_BASIC);
	assert_int_equal(dm_auth_from_meta(SLICE_LIT("syncml:auth-MAC")), DM_AUTH_MAC);
	assert_int_equal(dm_auth_from_meta(SLICE_LIT("syncml:auth-X509")), DM_AUTH_OTHER);
	assert_int_equal(dm_auth_from_meta(SLICE_NONE), DM_AUTH_NONE);
	assert_int_equal(dm_auth_from_aauth(SLICE_LIT("DIGEST")), DM_AUTH_MD5);
	assert_int_equal(dm_auth_from_aauth(SLICE_LIT("DIGEST,MD5")), DM_AUTH_MD5);
	assert_int_equal(dm_auth_from_aauth(SLICE_LIT("X509, BASIC")), DM_AUTH_BASIC);
	assert_int_equal(dm_auth_from_aauth(SLICE_LIT("SECURID")), DM_AUTH_OTHER);
	assert_int_equal(dm_auth_from_aauth(SLICE_LIT("")), DM_AUTH_NONE);
	assert_string_equal(dm_auth_meta_name(DM_AUTH_MD5), "syncml:auth-md5");
	assert_string_equal(dm_auth_aauth_name(DM_AUTH_MAC), "HMAC");
}

static void test_decode(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	uint8_t big[2 * DM_NONCE_MAX] = { 0 };

	assert_int_equal(dm_auth_decode(SLICE_LIT("Tm9uY2U="), false, &b), 0);
	assert_string_equal(buf_cstr(&b), "Nonce");
	buf_reset(&b);
	assert_int_equal(dm_auth_decode(SLICE_LIT("\x00\x01"), true, &b), 0);
	assert_int_equal(b.len, 2);
	assert_int_equal(dm_auth_decode(SLICE_LIT("not base64!"), false, &b), -EINVAL);
	assert_int_equal(dm_auth_decode(slice_of(big, sizeof(big)), true, &b), -EINVAL);
	assert_int_equal(b.len, 2);
	assert_true(dm_auth_equal(SLICE_LIT("ab"), SLICE_LIT("ab")));
	assert_false(dm_auth_equal(SLICE_LIT("ab"), SLICE_LIT("ac")));
	assert_false(dm_auth_equal(SLICE_LIT("ab"), SLICE_LIT("abc")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_basic), cmocka_unit_test(test_md5),	 cmocka_unit_test(test_mac),
	    cmocka_unit_test(test_names), cmocka_unit_test(test_decode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
