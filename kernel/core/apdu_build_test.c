// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the builders of commands: what they make, and what they refuse.
 */
#include <kunit/test.h>

#include "apdu_build.c"

/* Header, Lc, Le, and the data of @apdu as hexadecimal. */
static void expect(struct kunit *test, const struct uicc_apdu *apdu, u32 header, u16 le,
		   const char *hex)
{
	const u8 *data = apdu->data ?: apdu->built;
	size_t n = strlen(hex) / 2;
	u8 want[UICC_APDU_DATA_MAX];

	KUNIT_EXPECT_EQ(test, apdu->cla << 24 | apdu->ins << 16 | apdu->p1 << 8 | apdu->p2, header);
	KUNIT_EXPECT_EQ(test, apdu->le, le);
	KUNIT_ASSERT_EQ(test, apdu->lc, n);
	KUNIT_ASSERT_EQ(test, hex2bin(want, hex, n), 0);
	KUNIT_EXPECT_EQ(test, memcmp(data, want, n), 0);
}

static void build_select(struct kunit *test)
{
	static const u16 fids[UICC_PATH_MAX + 1] = { 0x7f50, 0x5031 };
	static const u8 aid[17] = { 0xa0, 0, 0, 0, 0x63, 0x50 };
	struct uicc_apdu a;

	memset(&a, 0xee, sizeof(a));
	uicc_apdu_select_fid(&a, UICC_MODE_UICC, 0x2fe2, false);
	expect(test, &a, 0x00a4000c, 0, "2fe2");
	uicc_apdu_select_fid(&a, UICC_MODE_UICC, 0x2fe2, true);
	expect(test, &a, 0x00a40004, 256, "2fe2");
	uicc_apdu_select_fid(&a, UICC_MODE_SIM2G, 0x2fe2, true);
	expect(test, &a, 0x00a40000, 256, "2fe2");
	KUNIT_ASSERT_EQ(test, uicc_apdu_select_aid(&a, aid, 6, true), 0);
	expect(test, &a, 0x00a40404, 256, "a00000006350");
	KUNIT_EXPECT_EQ(test, uicc_apdu_select_aid(&a, aid, 16, false), 0);
	KUNIT_EXPECT_EQ(test, uicc_apdu_select_aid(&a, aid, 4, false), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_select_aid(&a, aid, 17, false), -EINVAL);
	KUNIT_ASSERT_EQ(test, uicc_apdu_select_path(&a, fids, 2, false), 0);
	expect(test, &a, 0x00a4080c, 0, "7f505031");
	KUNIT_EXPECT_EQ(test, uicc_apdu_select_path(&a, fids, UICC_PATH_MAX, false), 0);
	KUNIT_EXPECT_EQ(test, uicc_apdu_select_path(&a, fids, 0, false), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_select_path(&a, fids, UICC_PATH_MAX + 1, false), -EINVAL);
}

static void build_read(struct kunit *test)
{
	struct uicc_apdu a;

	memset(&a, 0xee, sizeof(a));
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&a, 0x7fff, 255), 0);
	expect(test, &a, 0x00b07fff, 255, "");
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_binary(&a, 0, 4096), 0);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_binary(&a, 0x8000, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_binary(&a, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_binary(&a, 0, 256), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_binary(&a, 0, 4097), -EINVAL);
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary_sfi(&a, 2, 9, 1), 0);
	expect(test, &a, 0x00b08209, 1, "");
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_binary_sfi(&a, 0, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_binary_sfi(&a, 31, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_binary_sfi(&a, 1, 0, 0), -EINVAL);
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_record(&a, 0x1e, 1, 54), 0);
	expect(test, &a, 0x00b201f4, 54, "");
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_record(&a, 0, 254, 255), 0);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_record(&a, 0, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_record(&a, 0, 255, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_record(&a, 31, 1, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_record(&a, 0, 1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_record(&a, 0, 1, 256), -EINVAL);
}

static void build_read_max(struct kunit *test)
{
	static const struct {
		size_t want;
		u16 le;
		u16 extended;
	} row[] = {
		{ 1, 1, 1 }, { 255, 255, 255 }, { 256, 255, 255 }, { 257, 255, 257 },
		{ 4096, 255, 4096 }, { 4097, 255, 4096 }, { 1 << 20, 255, 4096 },
	};
	struct uicc_apdu_io io = { .t0 = true };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		io.extended = false;
		KUNIT_EXPECT_EQ(test, uicc_apdu_read_max(&io, row[i].want), row[i].le);
		io.extended = true;
		io.t0 = true;
		KUNIT_EXPECT_EQ(test, uicc_apdu_read_max(&io, row[i].want), row[i].le);
		io.t0 = false;
		KUNIT_EXPECT_EQ(test, uicc_apdu_read_max(&io, row[i].want), row[i].extended);
	}
}

static void build_update(struct kunit *test)
{
	static const u8 data[UICC_APDU_EXT_MAX + 1] = { 0x01, 0x02, 0x03 };
	struct uicc_apdu a;

	memset(&a, 0xee, sizeof(a));
	KUNIT_ASSERT_EQ(test, uicc_apdu_update_binary(&a, 0x1234, data, 3), 0);
	expect(test, &a, 0x00d61234, 0, "010203");
	KUNIT_EXPECT_PTR_EQ(test, a.data, &data[0]);
	KUNIT_EXPECT_EQ(test, uicc_apdu_update_binary(&a, 0x7fff, data, 4096), 0);
	KUNIT_EXPECT_EQ(test, a.lc, 4096);
	KUNIT_EXPECT_EQ(test, uicc_apdu_update_binary(&a, 0x8000, data, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_update_binary(&a, 0, data, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_update_binary(&a, 0, data, 4097), -EINVAL);
	KUNIT_ASSERT_EQ(test, uicc_apdu_update_record(&a, 3, 254, data, 2), 0);
	expect(test, &a, 0x00dcfe1c, 0, "0102");
	KUNIT_EXPECT_EQ(test, uicc_apdu_update_record(&a, 0, 1, data, 255), 0);
	KUNIT_EXPECT_EQ(test, uicc_apdu_update_record(&a, 0, 1, data, 256), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_update_record(&a, 0, 1, data, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_update_record(&a, 0, 0, data, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_update_record(&a, 0, 255, data, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_update_record(&a, 31, 1, data, 1), -EINVAL);
	KUNIT_ASSERT_EQ(test, uicc_apdu_update_record_previous(&a, 0, data, 2), 0);
	expect(test, &a, 0x00dc0003, 0, "0102");
	KUNIT_ASSERT_EQ(test, uicc_apdu_update_record_previous(&a, 30, data, 1), 0);
	expect(test, &a, 0x00dc00f3, 0, "01");
	KUNIT_EXPECT_EQ(test, uicc_apdu_update_record_previous(&a, 31, data, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_update_record_previous(&a, 0, data, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_update_record_previous(&a, 0, data, 256), -EINVAL);
}

static void build_ber_tlv(struct kunit *test)
{
	static const u8 data[] = { 0xa1, 0x01, 0x55 };
	struct uicc_apdu a;

	memset(&a, 0xee, sizeof(a));
	KUNIT_ASSERT_EQ(test, uicc_apdu_retrieve_data(&a, UICC_TAG_LIST, true), 0);
	expect(test, &a, 0x80cb0080, 256, "5c");
	KUNIT_ASSERT_EQ(test, uicc_apdu_retrieve_data(&a, 0x7f49, true), 0);
	expect(test, &a, 0x80cb0080, 256, "7f49");
	KUNIT_ASSERT_EQ(test, uicc_apdu_retrieve_data(&a, 0xdf8101, true), 0);
	expect(test, &a, 0x80cb0080, 256, "df8101");
	KUNIT_ASSERT_EQ(test, uicc_apdu_retrieve_data(&a, 0, false), 0);
	expect(test, &a, 0x80cb0000, 255, "");
	KUNIT_EXPECT_EQ(test, uicc_apdu_retrieve_data(&a, 0, true), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_retrieve_data(&a, 0x1f, true), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_retrieve_data(&a, 0x1000000, true), -EINVAL);
	KUNIT_ASSERT_EQ(test, uicc_apdu_set_data(&a, data, 3, true), 0);
	expect(test, &a, 0x80db0080, 0, "a10155");
	KUNIT_ASSERT_EQ(test, uicc_apdu_set_data(&a, data + 1, 2, false), 0);
	expect(test, &a, 0x80db0000, 0, "0155");
	KUNIT_EXPECT_EQ(test, uicc_apdu_set_data(&a, data, 0, true), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_set_data(&a, data, 4097, true), -EINVAL);
}

static void build_verify(struct kunit *test)
{
	struct uicc_apdu a;

	memset(&a, 0xee, sizeof(a));
	KUNIT_ASSERT_EQ(test, uicc_apdu_verify(&a, 0x01, "1234", 4), 0);
	expect(test, &a, 0x00200001, 0, "31323334ffffffff");
	KUNIT_ASSERT_EQ(test, uicc_apdu_verify(&a, 0x81, "12345678", 8), 0);
	expect(test, &a, 0x00200081, 0, "3132333435363738");
	KUNIT_EXPECT_EQ(test, uicc_apdu_verify(&a, 0x01, "123", 3), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_verify(&a, 0x01, "123456789", 9), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_verify(&a, 0x00, "1234", 4), -EINVAL);
	KUNIT_ASSERT_EQ(test, uicc_apdu_pin_status(&a, 0x0a), 0);
	expect(test, &a, 0x0020000a, 0, "");
	KUNIT_EXPECT_EQ(test, uicc_apdu_pin_status(&a, 0x00), -EINVAL);
}

static void build_status_and_channels(struct kunit *test)
{
	struct uicc_apdu a;

	memset(&a, 0xee, sizeof(a));
	uicc_apdu_status(&a, UICC_MODE_UICC, true);
	expect(test, &a, 0x80f20000, 256, "");
	uicc_apdu_status(&a, UICC_MODE_UICC, false);
	expect(test, &a, 0x80f2000c, 0, "");
	uicc_apdu_status(&a, UICC_MODE_SIM2G, true);
	expect(test, &a, 0x80f20000, 22, "");
	uicc_apdu_channel_open(&a);
	expect(test, &a, 0x00700000, 1, "");
	KUNIT_ASSERT_EQ(test, uicc_apdu_channel_close(&a, 19), 0);
	expect(test, &a, 0x00708013, 0, "");
	KUNIT_EXPECT_EQ(test, uicc_apdu_channel_close(&a, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_channel_close(&a, 20), -EINVAL);
}

static struct kunit_case build_cases[] = {
	KUNIT_CASE(build_select),
	KUNIT_CASE(build_read),
	KUNIT_CASE(build_read_max),
	KUNIT_CASE(build_update),
	KUNIT_CASE(build_ber_tlv),
	KUNIT_CASE(build_verify),
	KUNIT_CASE(build_status_and_channels),
	{}
};

static struct kunit_suite build_suite = {
	.name = "uicc_apdu_build",
	.test_cases = build_cases,
};

kunit_test_suite(build_suite);
