// SPDX-License-Identifier: GPL-2.0-or-later
/* net/notification: package 0 bare and wrapped, its digest, every shorter and every odd one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/notification.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/str.h"

/*
 * Made with Python's hashlib alone:
 *	def h(b): return hashlib.md5(b).digest()
 *	digest = h(b64(h(server + b":" + secret)) + b":" + nonce + b":" + b64(h(trigger)))
 */
#define NAME "646d2e6578616d706c652e6e6574"	/* dm.example.net */
#define VENDOR "76656e646f7200626f6479"
/* 1.2, informative, by the server, 1234; secret "srvpass", nonce "Nonce" */
#define ONE "8c6a52928fab1170821dd5df8496bffa" "032800000012340e" NAME VENDOR
/* 1.1, ask, by the person, FFFF, server "x"; "secret", four zero bytes */
#define ZEROS "817c1a4e3abff7175625a0b1822e87b6" "02f0000000ffff01" "78"
/* 1.0, background, by the person, 1; "secret", the text 0x00000000 */
#define TEXT "1577c4471860b4929dd2277da01007f3" "029800000000010e" NAME

/* In memory of its own size, so that a byte too far is noticed. */
static int parse(const char *hex, struct notification *n, void **keep)
{
	struct buf b = BUF_INIT;
	uint8_t *exact;
	int rc;

	assert_int_equal(hex_decode(&b, slice_str(hex)), 0);
	exact = malloc(b.len ? b.len : 1);
	assert_non_null(exact);
	if (b.len)
		memcpy(exact, b.data, b.len);
	rc = notification_parse(slice_of(exact, b.len), n);
	buf_fini(&b);
	*keep = exact;
	return rc;
}

static int fails(const char *hex)
{
	struct notification n, before;
	void *keep;
	int rc;

	memset(&n, 0x5a, sizeof(n));
	before = n;
	rc = parse(hex, &n, &keep);
	free(keep);
	assert_memory_equal(&n, &before, sizeof(n));
	return rc;
}

static void is_one(const char *hex)
{
	struct notification n;
	void *keep;

	assert_int_equal(parse(hex, &n, &keep), 0);
	assert_int_equal(n.session_id, 0x1234);
	assert_true(slice_eq_str(n.server_id, "dm.example.net"));
	assert_true(notification_signed(&n, SLICE_LIT("srvpass"), SLICE_LIT("Nonce")));
	free(keep);
}

/* Rules: NOTI-5 NOTI-6 NOTI-9 NOTI-10 */
static void test_fields(void **state)
{
	struct notification n;
	void *keep;

	assert_int_equal(parse(ONE, &n, &keep), 0);
	assert_int_equal(n.version, 12);
	assert_int_equal(n.ui, NOTIFICATION_UI_INFORMATIVE);
	assert_true(n.by_server);
	assert_int_equal(n.session_id, 0x1234);
	assert_true(slice_eq_str(n.server_id, "dm.example.net"));
	assert_int_equal(n.vendor.n, 11);
	free(keep);
	assert_int_equal(parse(ZEROS, &n, &keep), 0);
	assert_int_equal(n.version, 11);
	assert_int_equal(n.ui, NOTIFICATION_UI_ASK);
	assert_false(n.by_server);
	assert_int_equal(n.session_id, 0xffff);
	assert_true(slice_eq_str(n.server_id, "x"));
	assert_int_equal(n.vendor.n, 0);
	free(keep);
	assert_int_equal(parse(TEXT, &n, &keep), 0);
	assert_int_equal(n.version, 10);
	assert_int_equal(n.ui, NOTIFICATION_UI_BACKGROUND);
	assert_true(n.by_server);
	free(keep);
}

/* Rules: NOTI-1 NOTI-2 NOTI-10 */
static void test_digest(void **state)
{
	struct notification n;
	_cleanup_buf_ struct buf b = BUF_INIT;
	void *keep;

	assert_int_equal(parse(ONE, &n, &keep), 0);
	assert_true(notification_signed(&n, SLICE_LIT("srvpass"), SLICE_LIT("Nonce")));
	assert_false(notification_signed(&n, SLICE_LIT("srvpasS"), SLICE_LIT("Nonce")));
	assert_false(notification_signed(&n, SLICE_LIT("srvpass"), SLICE_LIT("nonce")));
	assert_false(notification_signed(&n, SLICE_LIT(""), SLICE_LIT("Nonce")));
	assert_false(notification_signed(&n, SLICE_NONE, SLICE_NONE));
	free(keep);
	/* Each bit of it counts, the vendor's too. */
	assert_int_equal(hex_decode(&b, slice_str(ONE)), 0);
	for (size_t i = 0; i < b.len * 8; i++) {
		b.data[i / 8] ^= 1 << i % 8;
		if (!notification_parse(buf_slice(&b), &n))
			assert_false(notification_signed(&n, SLICE_LIT("srvpass"), SLICE_LIT("Nonce")));
		b.data[i / 8] ^= 1 << i % 8;
	}
}

/* Rules: NOTI-3 */
static void test_nonce_of_a_reset(void **state)
{
	const char *const vectors[] = { ZEROS, TEXT };
	struct notification n;
	void *keep;

	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(parse(vectors[i], &n, &keep), 0);
		for (unsigned int k = 0; k < 2; k++)
			assert_int_equal(notification_signed(&n, SLICE_LIT("secret"),
							     notification_reset_nonce(k)), i == k);
		free(keep);
	}
	assert_false(slice_present(notification_reset_nonce(2)));
}

/* Rules: NOTI-4 */
static void test_versions(void **state)
{
	char hex[sizeof(TEXT)];

	for (unsigned int version = 0; version < 1024; version++) {
		struct notification n;
		void *keep;
		int rc;

		memcpy(hex, TEXT, sizeof(hex));
		snprintf(hex + 32, 5, "%04x", version << 6);
		hex[36] = '0';
		rc = parse(hex, &n, &keep);
		free(keep);
		assert_int_equal(rc, version < 10 || version > 12 ? -EPROTONOSUPPORT : 0);
	}
}

/* What a modem has of others' is not taken for one of an unknown version. */
static void test_others_messages(void **state)
{
	/* An MMS notification, as operators send it. */
	assert_int_equal(fails("0106226170706c69636174696f6e2f766e642e7761702e6d6d732d6d65737361676500af84"
			       "b4868c8298494431323334353637008d9083687474703a2f2f6d6d7363006e65742f61620000"), -EBADMSG);
	/* Reserved bits: only where the wrapping says what it is. */
	assert_int_equal(fails("8c6a52928fab1170821dd5df8496bffa" "032900000012340e" NAME), -EBADMSG);
	assert_int_equal(fails("8c6a52928fab1170821dd5df8496bffa" "032800000112340e" NAME), -EBADMSG);
	assert_int_equal(fails("8c6a52928fab1170821dd5df8496bffa" "7fffffffffffffff" NAME), -EBADMSG);
	assert_int_equal(fails("0106" "03" "c4af87" "8c6a52928fab1170821dd5df8496bffa"
			       "7fffffffffffffff" NAME), -EPROTONOSUPPORT);
}

/* Rules: NOTI-11 */
static void test_reserved_bits_in_a_push(void **state)
{
	struct notification n;
	void *keep;

	assert_int_equal(parse("0106" "03" "c4af87" "8c6a52928fab1170821dd5df8496bffa"
			       "032900000112340e" NAME, &n, &keep), 0);
	assert_int_equal(n.session_id, 0x1234);
	free(keep);
}

static void test_broken(void **state)
{
	char cut[sizeof(ONE)];

	/* Cut anywhere but in the vendor's part. */
	for (size_t n = 0; n < 2 * (24 + 14); n += 2) {
		memcpy(cut, ONE, n);
		cut[n] = 0;
		assert_int_equal(fails(cut), -EBADMSG);
	}
	assert_int_equal(fails("8c6a52928fab1170821dd5df8496bffa" "032800000000000e" NAME), -EBADMSG);
	assert_int_equal(fails("8c6a52928fab1170821dd5df8496bffa" "0328000000123400"), -EBADMSG);
	assert_int_equal(fails("8c6a52928fab1170821dd5df8496bffa" "0328000000123402" "6100"), -EBADMSG);
	assert_int_equal(fails("8c6a52928fab1170821dd5df8496bffa" "0328000000123402" "6120"), -EBADMSG);
	assert_int_equal(fails("8c6a52928fab1170821dd5df8496bffa" "0328000000123402" "c328"), -EBADMSG);
}

static void test_too_long(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct notification n;

	assert_int_equal(hex_decode(&b, slice_str(ONE)), 0);
	while (b.len < NOTIFICATION_MAX)
		buf_put_u8(&b, 'v');
	assert_int_equal(notification_parse(buf_slice(&b), &n), 0);
	buf_put_u8(&b, 'v');
	assert_int_equal(notification_parse(buf_slice(&b), &n), -EBADMSG);
}

#define PUSH_TEXT_TYPE "6170706c69636174696f6e2f766e642e73796e636d6c2e6e6f74696669636174696f6e00"
#define PUSH_TEXT_APP "782d7761702d6170706c69636174696f6e3a73796e636d6c2e646d00"
#define UDH "0605040b840b84"

/* Rules: NOTI-11 */
static void test_push(void **state)
{
	is_one("0106" "03" "c4af87" ONE);
	is_one("7f06" "01" "c4" ONE);
	/* The type with parameters; as an integer; by its name. */
	is_one("0106" "06" "03c48183" "af87" ONE);
	is_one("0106" "05" "020144" "af87" ONE);
	is_one("0106" "06" "1f020144" "af87" ONE);
	is_one("0106" "26" PUSH_TEXT_TYPE "af87" ONE);
	/* The application by its name, quoted too; as a long integer; with other fields. */
	is_one("0106" "1e" "c4" "af" PUSH_TEXT_APP ONE);
	is_one("0106" "1f" "c4" "af" "7f" PUSH_TEXT_APP ONE);
	is_one("0106" "04" "c4af" "0107" ONE);
	is_one("0106" "09" "c4" "8d81" "b484" "61006200" ONE);
	/* Its length of two bytes. */
	is_one("0106" "8003" "c4af87" ONE);
	/* A whole SMS to the port of WAP push. */
	is_one(UDH "0106" "03" "c4af87" ONE);
	is_one("0b" "00032a0101" "05040b8423f0" "0106" "03" "c4af87" ONE);
	is_one("0c" "08042a2a0101" "05040b8423f0" "0106" "03" "c4af87" ONE);
}

/* Rules: NOTI-11 */
static void test_push_of_others(void **state)
{
	static const char *const others[] = {
		"0107" "03" "c4af87" ONE,		/* confirmed push: another PDU */
		"0106" "03" "c2af87" ONE,		/* application/vnd.syncml.dm+wbxml */
		"0106" "03" "c4af84" ONE,		/* MMS */
		"0106" "03" "af87c4" ONE,
		"0106" "7f" "c4af87" ONE,		/* the headers are longer than all */
		"0106" "02" "c4af" ONE,			/* a field without a value */
		"0106" "ffffff03" "c4af87" ONE,
		"0106" "05" "1fff" "c4af87" ONE,
		"0106" "04" "c4" "610062" ONE,	/* a text without an end */
		"0605040b850b84" "0106" "03" "c4af87" ONE,	/* another port */
		"0b" "00032a0201" "05040b8423f0" "0106" "03" "c4af87" ONE,	/* half of an SMS */
		"0c" "08042a2a0201" "05040b8423f0" "0106" "03" "c4af87" ONE,
		"05" "00032a0101" "0106" "03" "c4af87" ONE,	/* no port */
		"06" "05090b840b84" "0106" "03" "c4af87" ONE,
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		/* Then it is looked at as a message itself, and is none. */
		assert_int_equal(fails(others[i]), -EBADMSG);
	}
	/* Well wrapped, and nothing inside. */
	assert_int_equal(fails("0106" "03" "c4af87"), -EBADMSG);
	assert_int_equal(fails("0106" "03" "c4af87" "8c6a52928fab1170821dd5df8496bffa" "07"), -EBADMSG);
}

/* A digest is any bytes: one that looks like a wrapping does not hide its message. */
static void test_digest_like_a_push(void **state)
{
	struct notification n;
	void *keep;

	assert_int_equal(parse("010603c4af870000000000000000000a" "032800000012340e" NAME, &n, &keep), 0);
	assert_int_equal(n.session_id, 0x1234);
	free(keep);
	assert_int_equal(parse(UDH "0106" "01c4" "000000000a" "032800000012340e" NAME, &n, &keep), 0);
	assert_int_equal(n.session_id, 0x1234);
	free(keep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_nonce_of_a_reset),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_others_messages),
		cmocka_unit_test(test_reserved_bits_in_a_push),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_push),
		cmocka_unit_test(test_push_of_others),
		cmocka_unit_test(test_digest_like_a_push),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
