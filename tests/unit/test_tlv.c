// SPDX-License-Identifier: GPL-2.0-or-later
/* card/tlv: headers, lengths and their refusals. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "card/tlv.h"

#define S(...) slice_of((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void takes_elements_in_order(void **state)
{
	struct slice in = S(0xc0, 0x01, 0x05, 0xc1, 0x00);
	struct tlv t;

	assert_int_equal(tlv_next(&in, TLV_DER, &t), 1);
	assert_int_equal(t.tag, 0xc0);
	assert_int_equal(t.value.n, 1);
	assert_int_equal(t.value.p[0], 5);
	assert_int_equal(tlv_next(&in, TLV_DER, &t), 1);
	assert_int_equal(t.tag, 0xc1);
	assert_int_equal(t.value.n, 0);
	assert_int_equal(tlv_next(&in, TLV_DER, &t), 0);
}

static void long_tags(void **state)
{
	struct slice in = S(0x5f, 0x2d, 0x02, 'e', 'n'), more = S(0x5f, 0x81, 0x82, 0x03, 0x00);
	struct tlv t;

	assert_int_equal(tlv_next(&in, TLV_DER, &t), 1);
	assert_int_equal(t.tag, 0x5f2d);
	assert_int_equal(tlv_next(&more, TLV_BER, &t), -EBADMSG);	/* four tag octets */
}

static void long_lengths(void **state)
{
	uint8_t raw[3 + 200] = { 0x30, 0x81, 200 };
	struct slice in = slice_of(raw, sizeof(raw));
	struct tlv t;

	assert_int_equal(tlv_next(&in, TLV_DER, &t), 1);
	assert_int_equal(t.value.n, 200);
	assert_int_equal(in.n, 0);
}

static void der_wants_the_shortest_length(void **state)
{
	struct slice a = S(0x30, 0x81, 0x01, 0xaa), b = S(0x30, 0x82, 0x00, 0x80), in;
	struct tlv t;
	size_t size;

	in = a;
	assert_int_equal(tlv_next(&in, TLV_DER, &t), -EBADMSG);
	assert_int_equal(in.n, a.n);
	assert_int_equal(tlv_next(&in, TLV_BER, &t), 1);
	assert_int_equal(tlv_size(b, TLV_DER, &size), -EBADMSG);
	assert_int_equal(tlv_size(b, TLV_BER, &size), 0);
	assert_int_equal(size, 4 + 128);
}

static void indefinite_and_giant_lengths_are_refused(void **state)
{
	struct slice in = S(0x30, 0x80, 0x00, 0x00);
	struct tlv t;

	assert_int_equal(tlv_next(&in, TLV_BER, &t), -EBADMSG);
	in = S(0x30, 0x85, 1, 0, 0, 0, 0);
	assert_int_equal(tlv_next(&in, TLV_BER, &t), -EBADMSG);
	in = S(0x30, 0x84, 0xff, 0xff, 0xff, 0xff);
	assert_int_equal(tlv_next(&in, TLV_BER, &t), -EBADMSG);
}

/* Every proper prefix of an element is refused and leaves its input alone. */
static void truncation(void **state)
{
	struct slice whole = S(0xe1, 0x81, 0x80), in;
	size_t i, size;
	struct tlv t;

	for (i = 1; i <= whole.n; i++) {
		in = slice_of(whole.p, i);
		assert_int_equal(tlv_next(&in, TLV_DER, &t), -EBADMSG);
		assert_int_equal(in.n, i);
	}
	assert_int_equal(tlv_size(slice_of(whole.p, 0), TLV_DER, &size), -ENODATA);
	assert_int_equal(tlv_size(slice_of(whole.p, 1), TLV_DER, &size), -ENODATA);
	assert_int_equal(tlv_size(slice_of(whole.p, 2), TLV_DER, &size), -ENODATA);
	assert_int_equal(tlv_size(whole, TLV_DER, &size), 0);
	assert_int_equal(size, 3 + 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_elements_in_order),
		cmocka_unit_test(long_tags),
		cmocka_unit_test(long_lengths),
		cmocka_unit_test(der_wants_the_shortest_length),
		cmocka_unit_test(indefinite_and_giant_lengths_are_refused),
		cmocka_unit_test(truncation),
	};

	return cmocka_run_group_tests_name("tlv", tests, NULL, NULL);
}
