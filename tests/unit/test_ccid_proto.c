// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What USB readers say, by the same source file as in the module: every length, every
 * number, every pair of bits, where the module's own suite has examples.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../kernel/transport/ccid_proto.c"

/* TPDU, T=0 alone, two slots, 3.58 MHz, 5 V alone, two rates. */
static const u8 reader[CCID_DESCRIPTOR_LEN] = {
	0x36, 0x21, 0x00, 0x01, 0x01, 0x01, 0x01, 0, 0, 0, 0xfc, 0x0d, 0, 0, 0xfc, 0x0d, 0, 0, 0,
	0x99, 0x25, 0, 0, 0x64, 0xb2, 0x04, 0, 0x02, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x38, 0, 0x01, 0, 0x0f, 0x01, 0, 0, 0xff, 0xff, 0, 0, 0, 0x02,
};

/* An exact copy, so that a byte too far is seen. */
static u8 *exact(const u8 *data, size_t len)
{
	u8 *copy = malloc(len + !len);

	assert_non_null(copy);
	memcpy(copy, data, len);
	return copy;
}

static int find(struct ccid_desc *desc, const u8 *data, size_t len)
{
	u8 *copy = exact(data, len);
	int ret = uicc_ccid_find(desc, copy, len);

	free(copy);
	return ret;
}

/* Behind others of every length, and cut at every byte. Rules: CCID-1 */
static void test_descriptor_anywhere(void **state)
{
	u8 raw[255 + CCID_DESCRIPTOR_LEN] = { 0 };
	struct ccid_desc d;
	size_t before, len;

	(void)state;
	for (before = 2; before <= 255; before++) {
		memset(raw, 0x21, sizeof(raw));	/* what looks like one is in another */
		raw[0] = before;
		raw[1] = 0x24;
		memcpy(raw + before, reader, sizeof(reader));
		assert_int_equal(find(&d, raw, before + sizeof(reader)), 0);
		assert_true(d.slots == 2 && d.message_max == 271 && d.clock_khz == 3580 && d.rate == 9625 &&
			    d.rate_max == 307812 && d.n_rates == 2 && d.ifsd_max == 32 && d.busy_slots == 2 &&
			    d.voltages == CCID_VOLTAGE_5V && d.protocols == 1 && d.level == CCID_LEVEL_TPDU);
	}
	for (len = 0; len < sizeof(reader); len++)
		assert_int_equal(find(&d, reader, len), -ENOENT);
}

/* One level or none: of the eight combinations four mean something. Rules: CCID-2 */
static void test_levels(void **state)
{
	static const int want[8] = { -EOPNOTSUPP, 0, 0, -EINVAL, 0, -EINVAL, -EINVAL, -EINVAL };
	u8 raw[CCID_DESCRIPTOR_LEN];
	struct ccid_desc d;
	unsigned int bits;

	(void)state;
	memcpy(raw, reader, sizeof(raw));
	for (bits = 0; bits < 8; bits++) {
		raw[42] = bits | 0xf8;
		assert_int_equal(find(&d, raw, sizeof(raw)), want[bits]);
	}
}

static enum ccid_verdict judge(struct ccid_msg *msg, u8 command, const u8 *data, size_t len)
{
	u8 *copy = exact(data, len);
	enum ccid_verdict verdict = uicc_ccid_judge(msg, command, 3, 9, copy, len);

	free(copy);
	return verdict;
}

/* Of all slots and numbers one pair is ours. Rules: CCID-4 */
static void test_answers_of_others(void **state)
{
	u8 raw[12] = { CCID_DATA_BLOCK, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x90, 0x00 };
	struct ccid_msg msg;
	unsigned int slot, seq;

	(void)state;
	for (slot = 0; slot < 256; slot++) {
		for (seq = 0; seq < 256; seq++) {
			raw[5] = slot;
			raw[6] = seq;
			assert_int_equal(judge(&msg, CCID_XFR_BLOCK, raw, sizeof(raw)),
					 slot == 3 && seq == 9 ? CCID_ANSWER : CCID_STALE);
		}
	}
}

/* The length it says is the length it has. Rules: CCID-6 */
static void test_answers_of_any_length(void **state)
{
	u8 raw[80] = { CCID_DATA_BLOCK, 0, 0, 0, 0, 3, 9 };
	struct ccid_msg msg;
	size_t len;
	unsigned int says;

	(void)state;
	for (len = 0; len <= sizeof(raw); len++) {
		for (says = 0; says < 256; says++) {
			enum ccid_verdict want = len < CCID_HEADER_LEN ? CCID_STALE :
						 says + CCID_HEADER_LEN == len ? CCID_ANSWER : CCID_BROKEN;

			raw[1] = says;
			assert_int_equal(judge(&msg, CCID_XFR_BLOCK, raw, len), want);
			if (want == CCID_ANSWER)
				assert_int_equal(msg.len, says);
		}
	}
}

/* Each value of bStatus and what it makes of the command. Rules: CCID-7 */
static void test_every_status(void **state)
{
	u8 raw[10] = { CCID_DATA_BLOCK, 0, 0, 0, 0, 3, 9, 0, 0xfe };
	struct ccid_msg msg;
	unsigned int status;

	(void)state;
	for (status = 0; status < 256; status++) {
		bool reserved = status >> 6 == 3 || (status & 3) == 3;

		raw[7] = status;
		assert_int_equal(judge(&msg, CCID_ICC_POWER_ON, raw, sizeof(raw)),
				 reserved ? CCID_BROKEN : status >> 6 == 2 ? CCID_EXTENSION : CCID_ANSWER);
		if (!reserved && status >> 6 == 1)
			assert_int_equal(uicc_ccid_errno(&msg), (status & 3) == 2 ? -ENODEV : -ETIMEDOUT);
		else if (!reserved)
			assert_int_equal(uicc_ccid_errno(&msg), 0);
	}
}

/* Four slots in a byte, two bits each. Rules: CCID-9 */
static void test_every_notification(void **state)
{
	unsigned int bits, slot;
	bool changed;

	(void)state;
	for (bits = 0; bits < 0x10000; bits += 7) {
		const u8 raw[3] = { CCID_NOTIFY_SLOT_CHANGE, bits, bits >> 8 };
		u8 *copy = exact(raw, sizeof(raw));

		for (slot = 0; slot < 8; slot++) {
			assert_int_equal(uicc_ccid_slot_change(copy, 3, slot, &changed), bits >> (2 * slot) & 1);
			assert_int_equal(changed, bits >> (2 * slot + 1) & 1);
		}
		assert_int_equal(uicc_ccid_slot_change(copy, 3, 8, &changed), -EPROTO);
		free(copy);
	}
}

/* A reader that puts an APDU together and gives it back in parts of @part bytes. */
static void chain_through(size_t len, size_t room, size_t part)
{
	u8 command[100], got[100], response[100];
	struct ccid_chain chain = { .cmd = command, .cmd_len = len, .room = room, .rsp = response,
				    .rsp_size = len, .chained = true };
	struct ccid_msg msg = { .type = CCID_DATA_BLOCK };
	size_t n, in = 0, out = 0;
	const u8 *data;
	u16 level;
	int ret;

	for (n = 0; n < len; n++)
		command[n] = n * 7 + len;
	do {
		n = uicc_ccid_chain_next(&chain, &data, &level);
		assert_true(n <= room && in + n <= len);
		memcpy(got + in, data, n);
		in += n;
		if (level == CCID_CHAIN_FIRST || level == CCID_CHAIN_MIDDLE) {
			assert_true(n && in < len && (level == CCID_CHAIN_FIRST) == (in == n));
			msg.param = CCID_CHAIN_GO_ON;
			msg.len = 0;
		} else {
			assert_int_equal(in, len);
			assert_int_equal(level, out ? CCID_CHAIN_GO_ON : in == n ? CCID_CHAIN_WHOLE : CCID_CHAIN_LAST);
			msg.data = got + out;
			msg.len = len - out < part ? len - out : part;
			msg.param = out + msg.len < len ? (out ? CCID_CHAIN_MIDDLE : CCID_CHAIN_FIRST) :
				    out ? CCID_CHAIN_LAST : CCID_CHAIN_WHOLE;
			out += msg.len;
		}
		ret = uicc_ccid_chain_take(&chain, &msg);
	} while (ret > 0);
	assert_int_equal(ret, 0);
	assert_int_equal(chain.rsp_len, len);
	assert_memory_equal(response, command, len);
}

/* Any command through messages of any size, and its answer. Rules: CCID-10 */
static void test_chains(void **state)
{
	size_t len, room, part;

	(void)state;
	for (len = 1; len <= 100; len += 3)
		for (room = 1; room <= 100; room += room < 12 ? 1 : 11)
			for (part = 1; part <= 100; part += part < 12 ? 1 : 11)
				chain_through(len, room, part);
}

/* Rates as readers round them. Rules: CCID-12 */
static void test_rates(void **state)
{
	const struct ccid_desc d = { .rate_max = 307812 };
	const u32 rates[2] = { 9625, 307800 };

	(void)state;
	assert_true(uicc_ccid_rate_ok(&d, rates, 2, 9623));
	assert_true(uicc_ccid_rate_ok(&d, rates, 2, 307813));
	assert_false(uicc_ccid_rate_ok(&d, rates, 2, 19250));
	assert_true(uicc_ccid_rate_ok(&d, rates, 0, 19250));
	assert_false(uicc_ccid_rate_ok(&d, rates, 0, 400000));
	assert_false(uicc_ccid_rate_ok(&d, rates, 1, 307800));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptor_anywhere),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_answers_of_others),
		cmocka_unit_test(test_answers_of_any_length),
		cmocka_unit_test(test_every_status),
		cmocka_unit_test(test_every_notification),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
