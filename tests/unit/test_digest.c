// SPDX-License-Identifier: GPL-2.0-or-later
/* util/digest against published vectors, and base64 and hex at their edges. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include "util/digest.h"
#include "util/str.h"

static void check_hex(const uint8_t *got, size_t n, const char *want)
{
	struct buf b = BUF_INIT;

	hex_encode(&b, slice_of(got, n));
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
}

static void test_digests(void **state)
{
	struct slice parts[3] = { SLICE_LIT("message "), SLICE_NONE, SLICE_LIT("digest") };
	uint8_t d[DIGEST_SHA256_SIZE];

	digest_md5(SLICE_NONE, d);			/* RFC 1321 A.5 */
	check_hex(d, DIGEST_MD5_SIZE, "d41d8cd98f00b204e9800998ecf8427e");
	digest_md5_parts(parts, 3, d);
	check_hex(d, DIGEST_MD5_SIZE, "f96b697d7cb7938d525a2f31aaf161d0");
	digest_sha256(SLICE_LIT("abc"), d);		/* FIPS 180-4 example */
	check_hex(d, DIGEST_SHA256_SIZE,
		  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_hmac(void **state)
{
	struct slice key = SLICE_LIT("Jefe"), text = SLICE_LIT("what do ya want for nothing?");
	uint8_t d[DIGEST_SHA256_SIZE];

	digest_hmac_md5(key, text, d);			/* RFC 2202 case 2 */
	check_hex(d, DIGEST_MD5_SIZE, "750c783e6ab0b503eaa86e310a5db738");
	digest_hmac_sha1(key, text, d);
	check_hex(d, DIGEST_SHA1_SIZE, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	digest_hmac_sha256(key, text, d);		/* RFC 4231 case 2 */
	check_hex(d, DIGEST_SHA256_SIZE,
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void test_equal(void **state)
{
	assert_true(digest_equal("abc", "abd", 2));
	assert_false(digest_equal("abc", "abd", 3));
	assert_true(digest_equal(NULL, NULL, 0));
	assert_true(digest_equal_slice(SLICE_LIT("x"), SLICE_LIT("x")));
	assert_false(digest_equal_slice(SLICE_LIT("x"), SLICE_LIT("xy")));
	assert_true(digest_equal_slice(SLICE_NONE, SLICE_LIT("")));
}

static void test_base64_encode(void **state)
{
	static const char *const t[][2] = {	/* RFC 4648 section 10 */
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "Bruce2:OhBehave", "QnJ1Y2UyOk9oQmVoYXZl" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct buf b = BUF_INIT;

		base64_encode(&b, slice_str(t[i][0]));
		assert_string_equal(buf_cstr(&b), t[i][1]);
		assert_int_equal(b.len, base64_len(strlen(t[i][0])));
		buf_reset(&b);
		assert_int_equal(base64_decode(&b, slice_str(t[i][1])), 0);
		assert_string_equal(buf_cstr(&b), t[i][0]);
		buf_fini(&b);
	}
}

static void test_base64_decode(void **state)
{
	static const char *const good[] = { "Zm9v", " Zm\r\n9v\t", "Zm9v\n", "Z m 9 v" };
	static const char *const bad[] = {
		"Z", "Zg", "Zg=", "Zg===", "Zm9", "Zm9v=", "====", "=", "Zh==", "Zm9=", "Zm9v!",
		"Zm9v-", "Zg==Zg==", "Zm\x01" "9v", "Zm9v\xff", "Zm=v",
	};
	struct buf b = BUF_INIT;

	buf_put_str(&b, "kept");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		buf_truncate(&b, 4);
		assert_int_equal(base64_decode(&b, slice_str(good[i])), 0);
		assert_string_equal(buf_cstr(&b), "keptfoo");
	}
	buf_truncate(&b, 4);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (base64_decode(&b, slice_str(bad[i])) != -EBADMSG)
			fail_msg("accepted \"%s\"", bad[i]);
		assert_int_equal(b.len, 4);
		assert_memory_equal(b.data, "kept", 4);
	}
	assert_int_equal(base64_decode(&b, slice_of("Zm\0v", 4)), -EBADMSG);
	assert_int_equal(base64_decode(&b, SLICE_NONE), 0);
	b.max = 5;
	assert_int_equal(base64_decode(&b, SLICE_LIT("Zm9v")), -EMSGSIZE);
	assert_int_equal(base64_decode(&b, SLICE_LIT("Zm9v")), -EMSGSIZE);
	buf_fini(&b);
}

static void test_base64_all_lengths(void **state)
{
	uint8_t in[200];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 37 + 11);
	for (size_t n = 0; n <= sizeof(in); n++) {
		struct buf text = BUF_INIT, back = BUF_INIT;

		base64_encode(&text, slice_of(in, n));
		assert_int_equal(base64_decode(&back, buf_slice(&text)), 0);
		assert_true(slice_eq(buf_slice(&back), slice_of(in, n)));
		buf_fini(&text);
		buf_fini(&back);
	}
}

static void test_hex(void **state)
{
	struct buf b = BUF_INIT;

	hex_encode_upper(&b, slice_of("\x00\xa5\xff", 3));
	assert_string_equal(buf_cstr(&b), "00A5FF");
	buf_reset(&b);
	assert_int_equal(hex_decode(&b, SLICE_LIT("00a5Ff")), 0);
	assert_true(slice_eq(buf_slice(&b), slice_of("\x00\xa5\xff", 3)));
	assert_int_equal(hex_decode(&b, SLICE_LIT("0")), -EBADMSG);
	assert_int_equal(hex_decode(&b, SLICE_LIT("0g")), -EBADMSG);
	assert_int_equal(hex_decode(&b, SLICE_LIT("0 ")), -EBADMSG);
	assert_int_equal(b.len, 3);
	buf_fini(&b);
}

static void test_numbers(void **state)
{
	uint64_t v = 5;
	uint32_t w = 5;
	unsigned int u = 5;

	assert_int_equal(str_parse_u64(SLICE_LIT("18446744073709551615"), &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(str_parse_u64(SLICE_LIT("18446744073709551616"), &v), -ERANGE);
	assert_int_equal(str_parse_u64(SLICE_LIT("99999999999999999999"), &v), -ERANGE);
	assert_int_equal(str_parse_u64(SLICE_LIT(""), &v), -EINVAL);
	assert_int_equal(str_parse_u64(SLICE_LIT("+1"), &v), -EINVAL);
	assert_int_equal(str_parse_u64(SLICE_LIT("1 "), &v), -EINVAL);
	assert_true(v == UINT64_MAX);
	assert_int_equal(str_parse_u32(SLICE_LIT("4294967295"), &w), 0);
	assert_true(w == UINT32_MAX);
	assert_int_equal(str_parse_u32(SLICE_LIT("4294967296"), &w), -ERANGE);
	assert_int_equal(str_parse_uint("007", &u), 0);
	assert_int_equal(u, 7);
}

static void test_text(void **state)
{
	struct slice rest = SLICE_LIT("a,,b"), part;
	char room[4];

	assert_true(str_split(&rest, ',', &part) && slice_eq_str(part, "a"));
	assert_true(str_split(&rest, ',', &part) && part.n == 0);
	assert_true(str_split(&rest, ',', &part) && slice_eq_str(part, "b"));
	assert_false(str_split(&rest, ',', &part));
	assert_true(slice_eq_str(str_trim(SLICE_LIT(" \t a b\r\n")), "a b"));
	assert_true(slice_present(str_trim(SLICE_LIT("  "))));
	assert_true(str_eq_nocase(SLICE_LIT("AbC@"), "aBc@"));
	assert_false(str_eq_nocase(SLICE_LIT("@"), "`"));
	assert_int_equal(str_copy(room, sizeof(room), SLICE_LIT("abc")), 0);
	assert_string_equal(room, "abc");
	assert_int_equal(str_copy(room, sizeof(room), SLICE_LIT("abcd")), -ENAMETOOLONG);
	assert_string_equal(room, "");
	assert_int_equal(str_copy(room, sizeof(room), slice_of("a\0b", 3)), -EINVAL);
	assert_true(str_starts(SLICE_LIT("abc"), "ab") && !str_starts(SLICE_LIT("a"), "ab"));
	assert_true(str_ends(SLICE_LIT("abc"), "bc") && !str_ends(SLICE_LIT("c"), "bc"));
}

static void test_utf8(void **state)
{
	static const char *const good[] = {
		"", "plain ascii that is longer than a word", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
		"12345678\xc3\xa9" "12345678",
	};
	static const char *const bad[] = {
		"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2" "A", "\xe0\x9f\xbf", "\xed\xa0\x80",
		"\xe2\x82", "\xe2\x82" "A", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xfe", "\xff", "12345678\xff" "2345678", "1234567890\xf0\x9f\x98",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(str_utf8_valid(slice_str(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (str_utf8_valid(slice_str(bad[i])))
			fail_msg("accepted text %zu", i);
	}
}

/* Each byte at each place of each length: short texts and last words overlap themselves. */
static void test_plain(void **state)
{
	const size_t longest = 24;

	assert_true(str_plain(SLICE_LIT("")) && str_plain(SLICE_NONE));
	for (size_t n = 1; n <= longest; n++) {
		for (size_t at = 0; at < n; at++) {
			uint8_t *p = malloc(n);

			assert_non_null(p);
			memset(p, 'x', n);
			for (unsigned int c = 0; c < 0x100; c++) {
				p[at] = (uint8_t)c;
				assert_int_equal(str_plain(slice_of(p, n)), c >= 0x20 && c <= 0x7e);
			}
			free(p);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_base64_encode),
		cmocka_unit_test(test_base64_decode),
		cmocka_unit_test(test_base64_all_lengths),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
