// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the messages and descriptors of USB readers: real ones, and what a
 * reader might send that lies.
 */
#include <kunit/test.h>

#include "ccid_proto.c"

/* A short APDU reader for T=0 and T=1, one slot, 4 MHz, all voltages. */
static const u8 ccid_good[CCID_DESCRIPTOR_LEN] = {
	0x36, 0x21, 0x10, 0x01, 0x00, 0x07, 0x03, 0x00, 0x00, 0x00,
	0xa0, 0x0f, 0x00, 0x00, 0xa0, 0x0f, 0x00, 0x00, 0x00,
	0x00, 0x2a, 0x00, 0x00, 0x40, 0xe3, 0x09, 0x00, 0x00,
	0xfe, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0xba, 0x04, 0x02, 0x00, 0x0f, 0x01, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
};

static void put_le32(u8 *p, u32 value)
{
	p[0] = value;
	p[1] = value >> 8;
	p[2] = value >> 16;
	p[3] = value >> 24;
}

/* Parses the good descriptor with one field of four bytes changed. */
static int find_with(struct ccid_desc *desc, size_t at, u32 value)
{
	u8 raw[CCID_DESCRIPTOR_LEN];

	memcpy(raw, ccid_good, sizeof(raw));
	put_le32(raw + at, value);
	return uicc_ccid_find(desc, raw, sizeof(raw));
}

/* Rules: CCID-1 */
static void ccid_descriptor(struct kunit *test)
{
	struct ccid_desc d;

	KUNIT_ASSERT_EQ(test, uicc_ccid_find(&d, ccid_good, sizeof(ccid_good)), 0);
	KUNIT_EXPECT_EQ(test, d.bcd, 0x110);
	KUNIT_EXPECT_EQ(test, d.slots, 1);
	KUNIT_EXPECT_EQ(test, d.slots_claimed, 1);
	KUNIT_EXPECT_EQ(test, d.voltages, CCID_VOLTAGE_5V | CCID_VOLTAGE_3V | CCID_VOLTAGE_1V8);
	KUNIT_EXPECT_EQ(test, d.protocols, 3);
	KUNIT_EXPECT_EQ(test, d.clock_khz, 4000);
	KUNIT_EXPECT_EQ(test, d.rate, 10752);
	KUNIT_EXPECT_EQ(test, d.rate_max, 648000);
	KUNIT_EXPECT_EQ(test, d.n_rates, 0);
	KUNIT_EXPECT_EQ(test, d.ifsd_max, 254);
	KUNIT_EXPECT_EQ(test, d.features, 0x204ba);
	KUNIT_EXPECT_EQ(test, (int)d.level, (int)CCID_LEVEL_SHORT);
	KUNIT_EXPECT_EQ(test, d.message_max, 271);
	KUNIT_EXPECT_EQ(test, d.busy_slots, 1);
}

/*
 * Wherever it stands among others; cut anywhere it is none.
 * Rules: CCID-1
 */
static void ccid_descriptor_among_others(struct kunit *test)
{
	u8 raw[5 + CCID_DESCRIPTOR_LEN + 3] = { 0x05, 0x24, 0x21, 0x36, 0x21 };
	struct ccid_desc d;
	size_t len;

	memcpy(raw + 5, ccid_good, sizeof(ccid_good));
	raw[sizeof(raw) - 3] = 3;
	KUNIT_EXPECT_EQ(test, uicc_ccid_find(&d, raw, sizeof(raw)), 0);
	KUNIT_EXPECT_EQ(test, d.message_max, 271);
	for (len = 0; len < 5 + CCID_DESCRIPTOR_LEN; len++)
		KUNIT_EXPECT_EQ(test, uicc_ccid_find(&d, raw, len), -ENOENT);

	raw[0] = 0;	/* would never end */
	KUNIT_EXPECT_EQ(test, uicc_ccid_find(&d, raw, sizeof(raw)), -ENOENT);
	raw[0] = 1;
	KUNIT_EXPECT_EQ(test, uicc_ccid_find(&d, raw, sizeof(raw)), -ENOENT);
	raw[0] = 0xff;
	KUNIT_EXPECT_EQ(test, uicc_ccid_find(&d, raw, sizeof(raw)), -ENOENT);
	raw[0] = 5;
	raw[5] = CCID_DESCRIPTOR_LEN - 1;	/* too short to be one */
	KUNIT_EXPECT_EQ(test, uicc_ccid_find(&d, raw, sizeof(raw)), -ENOENT);
}

/* Rules: CCID-2 */
static void ccid_levels(struct kunit *test)
{
	struct ccid_desc d;

	KUNIT_EXPECT_EQ(test, find_with(&d, 40, 0x10000), 0);
	KUNIT_EXPECT_EQ(test, (int)d.level, (int)CCID_LEVEL_TPDU);
	KUNIT_EXPECT_EQ(test, find_with(&d, 40, 0x40000), 0);
	KUNIT_EXPECT_EQ(test, (int)d.level, (int)CCID_LEVEL_EXTENDED);
	KUNIT_EXPECT_EQ(test, find_with(&d, 40, 0x000ba), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, find_with(&d, 40, 0x30000), -EINVAL);
	KUNIT_EXPECT_EQ(test, find_with(&d, 40, 0x50000), -EINVAL);
	KUNIT_EXPECT_EQ(test, find_with(&d, 40, 0x60000), -EINVAL);
	KUNIT_EXPECT_EQ(test, find_with(&d, 40, 0x70000), -EINVAL);
}

static void ccid_descriptor_lies(struct kunit *test)
{
	u8 raw[CCID_DESCRIPTOR_LEN];
	struct ccid_desc d;

	KUNIT_EXPECT_EQ(test, find_with(&d, 6, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, find_with(&d, 6, 0xfffffffc), -EINVAL);
	KUNIT_EXPECT_EQ(test, find_with(&d, 44, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, find_with(&d, 44, CCID_MESSAGE_MIN - 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, find_with(&d, 44, CCID_MESSAGE_MIN), 0);
	KUNIT_EXPECT_EQ(test, find_with(&d, 44, 0xffffffff), 0);
	KUNIT_EXPECT_EQ(test, d.message_max, 0xffffffff);
	KUNIT_EXPECT_EQ(test, find_with(&d, 10, 0), 0);
	KUNIT_EXPECT_EQ(test, d.clock_khz, CLOCK_DEFAULT_KHZ);
	KUNIT_EXPECT_EQ(test, find_with(&d, 10, 0xffffffff), 0);
	KUNIT_EXPECT_EQ(test, d.clock_khz, CLOCK_DEFAULT_KHZ);
	KUNIT_EXPECT_EQ(test, find_with(&d, 10, CLOCK_MAX_KHZ), 0);
	KUNIT_EXPECT_EQ(test, d.clock_khz, CLOCK_MAX_KHZ);

	memcpy(raw, ccid_good, sizeof(raw));
	raw[4] = 0xff;	/* 256 slots */
	raw[5] = 0xf8;	/* no voltage anybody knows */
	raw[53] = 0;
	KUNIT_EXPECT_EQ(test, uicc_ccid_find(&d, raw, sizeof(raw)), 0);
	KUNIT_EXPECT_EQ(test, d.slots_claimed, 256);
	KUNIT_EXPECT_EQ(test, d.slots, CCID_SLOTS_MAX);
	KUNIT_EXPECT_EQ(test, d.voltages, 0);
	KUNIT_EXPECT_EQ(test, d.busy_slots, 1);
}

/* Rules: CCID-3 */
static void ccid_header(struct kunit *test)
{
	static const u8 want[CCID_HEADER_LEN] = { 0x6f, 0x04, 0x03, 0x02, 0x01, 0x05, 0xfe };
	u8 msg[CCID_HEADER_LEN];

	memset(msg, 0xff, sizeof(msg));
	uicc_ccid_header(msg, CCID_XFR_BLOCK, 0x01020304, 5, 0xfe);
	KUNIT_EXPECT_EQ(test, memcmp(msg, want, sizeof(want)), 0);
	KUNIT_EXPECT_EQ(test, uicc_ccid_total(msg, sizeof(msg)), CCID_HEADER_LEN + 0x01020304);
	KUNIT_EXPECT_EQ(test, uicc_ccid_total(msg, sizeof(msg) - 1), 0);
	put_le32(msg + 1, 0xffffffff);
	KUNIT_EXPECT_GT(test, uicc_ccid_total(msg, sizeof(msg)), (size_t)0x7fffffff);
}

/* Judges an answer to the command of slot 1, number 7, of which one byte is changed. */
static enum ccid_verdict judge(struct ccid_msg *msg, u8 command, u8 type, size_t at, u8 value)
{
	static u8 buf[12];

	memset(buf, 0, sizeof(buf));
	buf[0] = type;
	buf[1] = 2;
	buf[5] = 1;
	buf[6] = 7;
	buf[10] = 0x90;
	if (at < sizeof(buf))
		buf[at] = value;
	return uicc_ccid_judge(msg, command, 1, 7, buf, sizeof(buf));
}

#define JUDGE(command, type, at, value) \
	((int)judge(&msg, command, type, at, value))

/* Rules: CCID-4 */
static void ccid_answer_of_ours(struct kunit *test)
{
	struct ccid_msg msg;
	u8 buf[CCID_HEADER_LEN] = { CCID_SLOT_STATUS, 0, 0, 0, 0, 1, 7, 0x02, 0x00, 0x03 };
	size_t len;

	KUNIT_EXPECT_EQ(test, JUDGE(CCID_XFR_BLOCK, CCID_DATA_BLOCK, 99, 0), (int)CCID_ANSWER);
	KUNIT_EXPECT_EQ(test, msg.type, CCID_DATA_BLOCK);
	KUNIT_EXPECT_EQ(test, msg.len, 2);
	KUNIT_EXPECT_EQ(test, msg.data[0], 0x90);
	KUNIT_EXPECT_FALSE(test, msg.failed);
	KUNIT_EXPECT_EQ(test, (int)msg.icc, (int)CCID_ICC_ACTIVE);

	/* of another slot, of another command, no answer at all */
	KUNIT_EXPECT_EQ(test, JUDGE(CCID_XFR_BLOCK, CCID_DATA_BLOCK, 5, 0), (int)CCID_STALE);
	KUNIT_EXPECT_EQ(test, JUDGE(CCID_XFR_BLOCK, CCID_DATA_BLOCK, 6, 6), (int)CCID_STALE);
	KUNIT_EXPECT_EQ(test, JUDGE(CCID_XFR_BLOCK, 0x7f, 99, 0), (int)CCID_STALE);
	KUNIT_EXPECT_EQ(test, JUDGE(CCID_XFR_BLOCK, 0x85, 99, 0), (int)CCID_STALE);

	KUNIT_EXPECT_EQ(test, (int)uicc_ccid_judge(&msg, CCID_GET_SLOT_STATUS, 1, 7, buf, 10),
			(int)CCID_ANSWER);
	KUNIT_EXPECT_EQ(test, (int)msg.icc, (int)CCID_ICC_ABSENT);
	KUNIT_EXPECT_EQ(test, msg.param, 3);
	KUNIT_EXPECT_EQ(test, msg.len, 0);
	for (len = 0; len < CCID_HEADER_LEN; len++)
		KUNIT_EXPECT_EQ(test, (int)uicc_ccid_judge(&msg, CCID_GET_SLOT_STATUS, 1, 7, buf,
							   len), (int)CCID_STALE);
}

/* Rules: CCID-5 */
static void ccid_answer_types(struct kunit *test)
{
	static const u8 commands[][2] = {
		{ CCID_ICC_POWER_ON, CCID_DATA_BLOCK },
		{ CCID_XFR_BLOCK, CCID_DATA_BLOCK },
		{ CCID_ICC_POWER_OFF, CCID_SLOT_STATUS },
		{ CCID_GET_SLOT_STATUS, CCID_SLOT_STATUS },
		{ CCID_ABORT, CCID_SLOT_STATUS },
		{ CCID_GET_PARAMETERS, CCID_PARAMETERS },
		{ CCID_RESET_PARAMETERS, CCID_PARAMETERS },
		{ CCID_SET_PARAMETERS, CCID_PARAMETERS },
	};
	struct ccid_msg msg;
	size_t i;
	u8 type;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		for (type = CCID_DATA_BLOCK; type <= CCID_LAST_ANSWER; type++)
			KUNIT_EXPECT_EQ(test, JUDGE(commands[i][0], type, 99, 0),
					(int)(type == commands[i][1] ? CCID_ANSWER : CCID_BROKEN));
	/* A reader that does not know the command. */
	KUNIT_EXPECT_EQ(test, JUDGE(CCID_SET_PARAMETERS, CCID_SLOT_STATUS, 7, 0x40),
			(int)CCID_ANSWER);
	KUNIT_EXPECT_EQ(test, uicc_ccid_errno(&msg), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, JUDGE(CCID_SET_PARAMETERS, CCID_DATA_BLOCK, 7, 0x40),
			(int)CCID_BROKEN);
}

/* Rules: CCID-6 */
static void ccid_answer_broken(struct kunit *test)
{
	struct ccid_msg msg;

	KUNIT_EXPECT_EQ(test, JUDGE(CCID_XFR_BLOCK, CCID_DATA_BLOCK, 1, 1), (int)CCID_BROKEN);
	KUNIT_EXPECT_EQ(test, JUDGE(CCID_XFR_BLOCK, CCID_DATA_BLOCK, 1, 3), (int)CCID_BROKEN);
	KUNIT_EXPECT_EQ(test, JUDGE(CCID_XFR_BLOCK, CCID_DATA_BLOCK, 4, 0x80), (int)CCID_BROKEN);
	KUNIT_EXPECT_EQ(test, JUDGE(CCID_XFR_BLOCK, CCID_DATA_BLOCK, 7, 0x03), (int)CCID_BROKEN);
	KUNIT_EXPECT_EQ(test, JUDGE(CCID_XFR_BLOCK, CCID_DATA_BLOCK, 7, 0xc0), (int)CCID_BROKEN);
	/* Bits 2 to 5 are reserved: nobody's business. */
	KUNIT_EXPECT_EQ(test, JUDGE(CCID_XFR_BLOCK, CCID_DATA_BLOCK, 7, 0x3c), (int)CCID_ANSWER);
}

/* Rules: CCID-7 */
static void ccid_time_extension(struct kunit *test)
{
	struct ccid_msg msg;

	KUNIT_EXPECT_EQ(test, JUDGE(CCID_XFR_BLOCK, CCID_DATA_BLOCK, 7, 0x80), (int)CCID_EXTENSION);
	KUNIT_EXPECT_FALSE(test, msg.failed);
	KUNIT_EXPECT_EQ(test, JUDGE(CCID_XFR_BLOCK, CCID_SLOT_STATUS, 7, 0x80), (int)CCID_BROKEN);
	KUNIT_EXPECT_EQ(test, JUDGE(CCID_XFR_BLOCK, CCID_DATA_BLOCK, 6, 0x06), (int)CCID_STALE);
}

/* Rules: CCID-8 */
static void ccid_error_codes(struct kunit *test)
{
	static const struct {
		u8 code;
		int ret;
	} want[] = {
		{ 0xff, -ECANCELED }, { 0xfe, -ETIMEDOUT }, { 0xfd, -EBADMSG }, { 0xfc, -EBADMSG },
		{ 0xfb, -EIO }, { 0xf8, -EPROTO }, { 0xf7, -EPROTO }, { 0xf6, -EPROTONOSUPPORT },
		{ 0xf5, -EPROTONOSUPPORT }, { 0xf4, -EPROTO }, { 0xf3, -EPROTONOSUPPORT },
		{ 0xf2, -EBUSY }, { 0xf0, -ETIMEDOUT }, { 0xef, -ECANCELED }, { 0xe0, -EBUSY },
		{ 0xc0, -EIO }, { 0x81, -EIO }, { 0x80, -EPROTO }, { 0xfa, -EPROTO },
		{ 0xd0, -EPROTO }, { 0x7f, -EINVAL }, { 0x07, -EINVAL }, { 0x05, -ENXIO },
		{ 0x01, -EINVAL }, { 0x00, -EOPNOTSUPP },
	};
	struct ccid_msg msg = { .icc = CCID_ICC_INACTIVE, .failed = true };
	unsigned int code;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		msg.error = want[i].code;
		KUNIT_EXPECT_EQ(test, uicc_ccid_errno(&msg), want[i].ret);
	}
	/* Each has a meaning, and none is an errno of the transfer's. */
	for (code = 0; code <= 0xff; code++) {
		msg.error = code;
		KUNIT_EXPECT_LT(test, uicc_ccid_errno(&msg), 0);
		KUNIT_EXPECT_NE(test, uicc_ccid_errno(&msg), -ENODEV);
		KUNIT_EXPECT_NE(test, uicc_ccid_errno(&msg), -ETIME);
		msg.icc = CCID_ICC_ABSENT;
		KUNIT_EXPECT_EQ(test, uicc_ccid_errno(&msg), -ENODEV);
		msg.icc = CCID_ICC_ACTIVE;
	}
	msg.failed = false;
	KUNIT_EXPECT_EQ(test, uicc_ccid_errno(&msg), 0);
	msg.icc = CCID_ICC_ABSENT;	/* to a question for the slot's state */
	KUNIT_EXPECT_EQ(test, uicc_ccid_errno(&msg), 0);
}

/* Rules: CCID-9 */
static void ccid_slot_changes(struct kunit *test)
{
	/* slot 0 came, 1 went, 2 is there, 3 is not; 4 came */
	static const u8 buf[] = { CCID_NOTIFY_SLOT_CHANGE, 0x1b, 0x03 };
	static const struct {
		int present;
		bool changed;
	} want[] = {
		{ 1, true }, { 0, true }, { 1, false }, { 0, false }, { 1, true }, { 0, false },
	};
	bool changed;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		changed = !want[i].changed;
		KUNIT_EXPECT_EQ(test, uicc_ccid_slot_change(buf, sizeof(buf), i, &changed),
				want[i].present);
		KUNIT_EXPECT_EQ(test, changed, want[i].changed);
	}
	KUNIT_EXPECT_EQ(test, uicc_ccid_slot_change(buf, sizeof(buf), 8, &changed), -EPROTO);
	KUNIT_EXPECT_EQ(test, uicc_ccid_slot_change(buf, sizeof(buf), 255, &changed), -EPROTO);
	KUNIT_EXPECT_EQ(test, uicc_ccid_slot_change(buf, 1, 0, &changed), -EPROTO);
	KUNIT_EXPECT_EQ(test, uicc_ccid_slot_change(buf, 0, 0, &changed), -EPROTO);
	KUNIT_EXPECT_EQ(test, uicc_ccid_slot_change(buf + 1, 2, 0, &changed), -EPROTO);
}

/* --- APDUs in several messages ----------------------------------------------------- */

static int take(struct ccid_chain *chain, u8 param, const char *data)
{
	const struct ccid_msg msg = {
		.type = CCID_DATA_BLOCK,
		.param = param,
		.data = (const u8 *)data,
		.len = strlen(data),
	};

	return uicc_ccid_chain_take(chain, &msg);
}

/* Rules: CCID-10 */
static void ccid_chain_whole(struct kunit *test)
{
	u8 rsp[8];
	struct ccid_chain c = { .cmd = "abcde", .cmd_len = 5, .room = 5, .rsp = rsp,
				.rsp_size = sizeof(rsp), .chained = true };
	const u8 *data;
	u16 level;

	KUNIT_EXPECT_EQ(test, uicc_ccid_chain_next(&c, &data, &level), 5);
	KUNIT_EXPECT_EQ(test, level, CCID_CHAIN_WHOLE);
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_WHOLE, "xy"), 0);
	KUNIT_EXPECT_EQ(test, c.rsp_len, 2);
	KUNIT_EXPECT_EQ(test, memcmp(rsp, "xy", 2), 0);
}

/* Rules: CCID-10 */
static void ccid_chain_parts(struct kunit *test)
{
	u8 rsp[8];
	struct ccid_chain c = { .cmd = "abcdefg", .cmd_len = 7, .room = 3, .rsp = rsp,
				.rsp_size = sizeof(rsp), .chained = true };
	const u8 *data;
	u16 level;

	KUNIT_EXPECT_EQ(test, uicc_ccid_chain_next(&c, &data, &level), 3);
	KUNIT_EXPECT_EQ(test, level, CCID_CHAIN_FIRST);
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_GO_ON, ""), 1);
	KUNIT_EXPECT_EQ(test, uicc_ccid_chain_next(&c, &data, &level), 3);
	KUNIT_EXPECT_EQ(test, level, CCID_CHAIN_MIDDLE);
	KUNIT_EXPECT_EQ(test, data[0], 'd');
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_GO_ON, ""), 1);
	KUNIT_EXPECT_EQ(test, uicc_ccid_chain_next(&c, &data, &level), 1);
	KUNIT_EXPECT_EQ(test, level, CCID_CHAIN_LAST);
	KUNIT_EXPECT_EQ(test, data[0], 'g');

	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_FIRST, "tuv"), 1);
	KUNIT_EXPECT_EQ(test, uicc_ccid_chain_next(&c, &data, &level), 0);
	KUNIT_EXPECT_EQ(test, level, CCID_CHAIN_GO_ON);
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_MIDDLE, "wxy"), 1);
	KUNIT_EXPECT_EQ(test, uicc_ccid_chain_next(&c, &data, &level), 0);
	KUNIT_EXPECT_EQ(test, level, CCID_CHAIN_GO_ON);
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_LAST, "z!"), 0);
	KUNIT_EXPECT_EQ(test, c.rsp_len, 8);
	KUNIT_EXPECT_EQ(test, memcmp(rsp, "tuvwxyz!", 8), 0);
}

/* A reader that answers before it has the command, without end, or too much. */
static void ccid_chain_nonsense(struct kunit *test)
{
	u8 rsp[4];
	const struct ccid_chain begun = { .cmd = "abc", .cmd_len = 3, .cmd_off = 2, .room = 2,
					  .rsp = rsp, .rsp_size = sizeof(rsp), .chained = true };
	struct ccid_chain sent = begun, going, c;

	c = begun;
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_WHOLE, "xy"), -EPROTO);
	c = begun;
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_GO_ON, "x"), -EPROTO);
	c = begun;
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_FIRST, "x"), -EPROTO);

	sent.cmd_off = 3;
	c = sent;
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_GO_ON, ""), -EPROTO);
	c = sent;
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_MIDDLE, "x"), -EPROTO);
	c = sent;
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_LAST, "x"), -EPROTO);
	c = sent;
	KUNIT_EXPECT_EQ(test, take(&c, 0x04, "x"), -EPROTO);
	c = sent;
	KUNIT_EXPECT_EQ(test, take(&c, 0xff, "x"), -EPROTO);
	c = sent;
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_FIRST, ""), -EPROTO);
	c = sent;
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_WHOLE, "12345"), -EPROTO);

	going = sent;
	KUNIT_EXPECT_EQ(test, take(&going, CCID_CHAIN_FIRST, "123"), 1);
	c = going;
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_MIDDLE, ""), -EPROTO);
	c = going;
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_MIDDLE, "45"), -EPROTO);
	c = going;
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_WHOLE, "4"), -EPROTO);
	c = going;
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_FIRST, "4"), -EPROTO);
	c = going;
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_LAST, "4"), 0);
	c = going;
	KUNIT_EXPECT_EQ(test, take(&c, CCID_CHAIN_LAST, ""), 0);
}

/* At the other levels the byte has no meaning: some readers leave anything there. */
static void ccid_chain_of_other_levels(struct kunit *test)
{
	u8 rsp[4];
	struct ccid_chain c = { .cmd = "abc", .cmd_len = 3, .room = 3, .rsp = rsp,
				.rsp_size = sizeof(rsp) };
	const u8 *data;
	u16 level;

	KUNIT_EXPECT_EQ(test, uicc_ccid_chain_next(&c, &data, &level), 3);
	KUNIT_EXPECT_EQ(test, level, 0);
	KUNIT_EXPECT_EQ(test, take(&c, 0x55, "xy"), 0);
	KUNIT_EXPECT_EQ(test, c.rsp_len, 2);
}

/* --- speed ------------------------------------------------------------------------ */

/* Rules: CCID-11 */
static void ccid_parameters(struct kunit *test)
{
	const struct uicc_atr atr = { .inverse = true, .tc1 = 3, .wi = 10, .bwi = 4, .cwi = 5,
				      .ifsc = 0x20, .crc = true };
	static const u8 t0[] = { 0x96, 0x02, 0x03, 0x0a, 0x00 };
	static const u8 t1[] = { 0x11, 0x13, 0x03, 0x45, 0x00, 0x20, 0x00 };
	u8 data[CCID_PARAMETERS_MAX];
	struct ccid_msg msg = { .type = CCID_PARAMETERS, .data = data, .len = 7, .param = 1 };

	KUNIT_EXPECT_EQ(test, uicc_ccid_put_parameters(data, &atr, 0, 0x96), 5);
	KUNIT_EXPECT_EQ(test, memcmp(data, t0, 5), 0);
	KUNIT_EXPECT_EQ(test, uicc_ccid_put_parameters(data, &atr, 1, 0x11), 7);
	KUNIT_EXPECT_EQ(test, memcmp(data, t1, 7), 0);

	KUNIT_EXPECT_EQ(test, uicc_ccid_parameters(&msg, 1), 0x11);
	KUNIT_EXPECT_EQ(test, uicc_ccid_parameters(&msg, 0), -EPROTO);
	msg.len = 6;
	KUNIT_EXPECT_EQ(test, uicc_ccid_parameters(&msg, 1), -EPROTO);
	msg.param = 0;
	msg.len = 5;
	KUNIT_EXPECT_EQ(test, uicc_ccid_parameters(&msg, 0), 0x11);
	msg.len = 0;
	KUNIT_EXPECT_EQ(test, uicc_ccid_parameters(&msg, 0), -EPROTO);
}

/* Rules: CCID-12 */
static void ccid_data_rates(struct kunit *test)
{
	static const u8 raw[] = { 0x00, 0x2a, 0x00, 0x00, 0xc0, 0x3f, 0x05, 0x00, 0xff, 0xff };
	const struct ccid_desc desc = { .rate_max = 344086 };
	u32 *rates = kunit_kzalloc(test, CCID_RATES_MAX * sizeof(u32), GFP_KERNEL);
	u8 *many = kunit_kzalloc(test, CCID_RATES_MAX * 4 + 8, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rates);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, many);
	KUNIT_EXPECT_EQ(test, uicc_ccid_rates(rates, raw, 0), 0);
	KUNIT_EXPECT_EQ(test, uicc_ccid_rates(rates, raw, 3), 0);
	KUNIT_EXPECT_EQ(test, uicc_ccid_rates(rates, many, CCID_RATES_MAX * 4 + 8), CCID_RATES_MAX);
	KUNIT_EXPECT_EQ(test, uicc_ccid_rates(rates, raw, sizeof(raw)), 2);
	KUNIT_EXPECT_EQ(test, rates[0], 10752);
	KUNIT_EXPECT_EQ(test, rates[1], 344000);

	KUNIT_EXPECT_TRUE(test, uicc_ccid_rate_ok(&desc, rates, 2, 10752));
	KUNIT_EXPECT_TRUE(test, uicc_ccid_rate_ok(&desc, rates, 2, 344086));
	KUNIT_EXPECT_TRUE(test, uicc_ccid_rate_ok(&desc, rates, 2, 10760));
	KUNIT_EXPECT_FALSE(test, uicc_ccid_rate_ok(&desc, rates, 2, 350000));
	KUNIT_EXPECT_FALSE(test, uicc_ccid_rate_ok(&desc, rates, 2, 172043));
	KUNIT_EXPECT_TRUE(test, uicc_ccid_rate_ok(&desc, rates, 0, 172043));
	KUNIT_EXPECT_FALSE(test, uicc_ccid_rate_ok(&desc, rates, 0, 400000));
	KUNIT_EXPECT_FALSE(test, uicc_ccid_rate_ok(&desc, rates, 1, 344086));
}

static struct kunit_case ccid_cases[] = {
	KUNIT_CASE(ccid_descriptor),
	KUNIT_CASE(ccid_descriptor_among_others),
	KUNIT_CASE(ccid_levels),
	KUNIT_CASE(ccid_descriptor_lies),
	KUNIT_CASE(ccid_header),
	KUNIT_CASE(ccid_answer_of_ours),
	KUNIT_CASE(ccid_answer_types),
	KUNIT_CASE(ccid_answer_broken),
	KUNIT_CASE(ccid_time_extension),
	KUNIT_CASE(ccid_error_codes),
	KUNIT_CASE(ccid_slot_changes),
	KUNIT_CASE(ccid_chain_whole),
	KUNIT_CASE(ccid_chain_parts),
	KUNIT_CASE(ccid_chain_nonsense),
	KUNIT_CASE(ccid_chain_of_other_levels),
	KUNIT_CASE(ccid_parameters),
	KUNIT_CASE(ccid_data_rates),
	{}
};

static struct kunit_suite ccid_suite = {
	.name = "uicc_ccid_proto",
	.test_cases = ccid_cases,
};

kunit_test_suite(ccid_suite);
