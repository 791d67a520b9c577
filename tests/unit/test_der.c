// SPDX-License-Identifier: GPL-2.0-or-later
/* card/der and card/iccid: the small types. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "card/der.h"
#include "card/iccid.h"

#define S(...) slice_of((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void expect_and_optional(void **state)
{
	struct slice in = S(0x04, 0x02, 0x64, 0x31, 0x02, 0x01, 0x00), v;

	assert_int_equal(der_optional(&in, DER_INTEGER, &v), 0);
	assert_int_equal(in.n, 7);
	assert_int_equal(der_expect(&in, DER_INTEGER, &v), -ENOMSG);
	assert_int_equal(der_expect(&in, DER_OCTETS, &v), 0);
	assert_int_equal(v.n, 2);
	assert_int_equal(der_optional(&in, DER_INTEGER, &v), 1);
	assert_int_equal(der_optional(&in, DER_INTEGER, &v), 0);
	assert_int_equal(der_expect(&in, DER_INTEGER, &v), -ENOMSG);
}

static void integers(void **state)
{
	uint32_t v = 0;

	assert_int_equal(der_uint(S(0x00), &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(der_uint(S(0x7f, 0xff), &v), 0);
	assert_int_equal(v, 0x7fff);
	assert_int_equal(der_uint(S(0x00, 0xff, 0xff, 0xff, 0xff), &v), 0);
	assert_int_equal(v, 0xffffffff);
	assert_int_equal(der_uint(S(0x80), &v), -ERANGE);	/* negative */
	assert_int_equal(der_uint(S(0x01, 0x00, 0x00, 0x00, 0x00), &v), -ERANGE);
	assert_int_equal(der_uint(S(0, 0, 0, 0, 0, 0), &v), -ERANGE);
	assert_int_equal(der_uint(slice_of("", 0), &v), -ERANGE);
}

static void double_wrapped_oids(void **state)
{
	struct slice plain = S(0x67, 0x2b, 0x07, 0x01);
	struct slice twice = S(0x06, 0x04, 0x67, 0x2b, 0x07, 0x01);
	struct slice longer = S(0x06, 0x04, 0x67, 0x2b, 0x07, 0x01, 0x00);

	assert_true(slice_eq(der_oid_unwrap(plain), plain));
	assert_true(slice_eq(der_oid_unwrap(twice), plain));
	assert_true(slice_eq(der_oid_unwrap(longer), longer));	/* something else */
	assert_true(slice_eq(der_oid_unwrap(slice_of("", 0)), slice_of("", 0)));
}

static void iccid_digits(void **state)
{
	char out[ICCID_DIGITS];

	/* nibbles swapped, 19 digits and a filler (TS 102 221 13.2) */
	assert_int_equal(iccid_format(S(0x98, 0x94, 0x10, 0x32, 0x54, 0x76, 0x98, 0x10, 0x32, 0xf4),
				      out), 0);
	assert_string_equal(out, "8949012345678901234");
	assert_int_equal(iccid_format(S(0xff, 0xff), out), -EINVAL);
	assert_int_equal(iccid_format(S(0x1f), out), -EINVAL);	/* a digit behind the filler */
	assert_int_equal(iccid_format(slice_of("", 0), out), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expect_and_optional),
		cmocka_unit_test(integers),
		cmocka_unit_test(double_wrapped_oids),
		cmocka_unit_test(iccid_digits),
	};

	return cmocka_run_group_tests_name("der", tests, NULL, NULL);
}
