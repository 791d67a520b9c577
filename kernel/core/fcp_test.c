// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the FCP parser: answers of real cards, the liberties that card
 * emulators take, and lies.
 */
#include <kunit/test.h>
#include <linux/slab.h>

#include "fcp.c"

#define PARSE(fcp, ...)								\
	uicc_fcp_parse(fcp, (const u8[]){ __VA_ARGS__ }, sizeof((u8[]){ __VA_ARGS__ }))
#define PARSE_2G(fcp, ...)							\
	uicc_fcp_parse_2g(fcp, (const u8[]){ __VA_ARGS__ }, sizeof((u8[]){ __VA_ARGS__ }))

/* The PKCS#15 application of an operator's card. */
static const u8 adf[] = {
	0x62, 0x25, 0x82, 0x02, 0x78, 0x21, 0x84, 0x0c, 0xa0, 0x00, 0x00, 0x00, 0x63,
	0x50, 0x4b, 0x43, 0x53, 0x2d, 0x31, 0x35, 0x8a, 0x01, 0x05, 0x8b, 0x03, 0x2f,
	0x06, 0x0c, 0xc6, 0x09, 0x90, 0x01, 0x40, 0x83, 0x01, 0x01, 0x83, 0x01, 0x0a,
};

/* EF(ODF) of the same card. */
static const u8 odf[] = {
	0x62, 0x16, 0x82, 0x02, 0x41, 0x21, 0x83, 0x02, 0x50, 0x31, 0x8a, 0x01,
	0x05, 0x8b, 0x03, 0x6f, 0x06, 0x02, 0x80, 0x02, 0x00, 0x20, 0x88, 0x00,
};

static void fcp_application(struct kunit *test)
{
	struct uicc_fcp f;

	KUNIT_ASSERT_EQ(test, uicc_fcp_parse(&f, adf, sizeof(adf)), 0);
	KUNIT_EXPECT_EQ(test, f.type, UICC_FILE_DF);
	KUNIT_EXPECT_EQ(test, f.df_name_len, 12);
	KUNIT_EXPECT_EQ(test, memcmp(f.df_name, adf + 8, 12), 0);
	KUNIT_EXPECT_TRUE(test, f.has_lcsi);
	KUNIT_EXPECT_EQ(test, f.lcsi, 5);
	KUNIT_EXPECT_EQ(test, f.security, UICC_SECURITY_ARR);
	KUNIT_EXPECT_EQ(test, f.arr_fid, 0x2f06);
	KUNIT_EXPECT_EQ(test, f.arr_record, 12);
	KUNIT_EXPECT_FALSE(test, f.has_size);
	KUNIT_EXPECT_FALSE(test, f.has_fid);
}

static void fcp_transparent(struct kunit *test)
{
	struct uicc_fcp f;

	KUNIT_ASSERT_EQ(test, uicc_fcp_parse(&f, odf, sizeof(odf)), 0);
	KUNIT_EXPECT_EQ(test, f.type, UICC_FILE_TRANSPARENT);
	KUNIT_EXPECT_FALSE(test, f.internal);
	KUNIT_EXPECT_TRUE(test, f.has_size);
	KUNIT_EXPECT_EQ(test, f.size, 32);
	KUNIT_EXPECT_TRUE(test, f.has_fid);
	KUNIT_EXPECT_EQ(test, f.fid, 0x5031);
	KUNIT_EXPECT_EQ(test, f.sfi, 0);	/* 88 of length 0: none */
	KUNIT_EXPECT_EQ(test, f.record_length, 0);
}

static void fcp_records(struct kunit *test)
{
	struct uicc_fcp f;

	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x0e, 0x82, 0x05, 0x42, 0x21, 0x00, 0x6e, 0x05,
				    0x80, 0x02, 0x02, 0x26, 0x88, 0x01, 0xf0), 0);
	KUNIT_EXPECT_EQ(test, f.type, UICC_FILE_LINEAR_FIXED);
	KUNIT_EXPECT_EQ(test, f.record_length, 110);
	KUNIT_EXPECT_EQ(test, f.record_count, 5);
	KUNIT_EXPECT_EQ(test, f.size, 550);
	KUNIT_EXPECT_EQ(test, f.sfi, 30);
	/* no count: worked out from the size, which comes later */
	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x0a, 0x82, 0x04, 0x46, 0x21, 0x00, 0x0a,
				    0x80, 0x02, 0x00, 0x1e), 0);
	KUNIT_EXPECT_EQ(test, f.type, UICC_FILE_CYCLIC);
	KUNIT_EXPECT_EQ(test, f.record_count, 3);
	/* a size in four bytes */
	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x06, 0x80, 0x04, 0x00, 0x01, 0x00, 0x02), 0);
	KUNIT_EXPECT_EQ(test, f.size, 0x10002);
	/* neither: 0, so the reader goes on until the card ends it */
	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x06, 0x82, 0x04, 0x42, 0x21, 0x00, 0x0a), 0);
	KUNIT_EXPECT_EQ(test, f.record_count, 0);
	/* a record without length, or longer than a command can read */
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x04, 0x82, 0x02, 0x42, 0x21), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x07, 0x82, 0x05, 0x42, 0x21, 0, 0, 5), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x07, 0x82, 0x05, 0x42, 0x21, 1, 0, 5), -EPROTO);
}

static void fcp_descriptors(struct kunit *test)
{
	static const struct {
		u8 descriptor;
		enum uicc_file_type type;
	} row[] = {
		{ 0x01, UICC_FILE_TRANSPARENT },
		{ 0x41, UICC_FILE_TRANSPARENT },
		{ 0x02, UICC_FILE_LINEAR_FIXED },
		{ 0x06, UICC_FILE_CYCLIC },
		{ 0x38, UICC_FILE_DF },
		{ 0x78, UICC_FILE_DF },
		{ 0x39, UICC_FILE_BER_TLV },
		{ 0x79, UICC_FILE_BER_TLV },
		{ 0x00, UICC_FILE_UNKNOWN },
		{ 0x03, UICC_FILE_UNKNOWN },
		{ 0x11, UICC_FILE_UNKNOWN },
		{ 0x3f, UICC_FILE_UNKNOWN },
		{ 0xc1, UICC_FILE_UNKNOWN },
	};
	struct uicc_fcp f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x07, 0x82, 0x05, row[i].descriptor, 0x21,
					    0x00, 0x10, 0x02), 0);
		KUNIT_EXPECT_EQ_MSG(test, f.type, row[i].type, "%02x", row[i].descriptor);
		KUNIT_EXPECT_FALSE(test, f.internal);
	}
}

/* An EF that calls itself internal is read like any other. */
static void quirk_fcp_internal_ef(struct kunit *test)
{
	static const struct {
		u8 descriptor;
		enum uicc_file_type type;
	} row[] = {
		{ 0x09, UICC_FILE_TRANSPARENT }, { 0x49, UICC_FILE_TRANSPARENT },
		{ 0x0a, UICC_FILE_LINEAR_FIXED }, { 0x4a, UICC_FILE_LINEAR_FIXED },
		{ 0x0e, UICC_FILE_CYCLIC }, { 0x4e, UICC_FILE_CYCLIC },
	};
	struct uicc_fcp f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x07, 0x82, 0x05, row[i].descriptor, 0x21,
					    0x00, 0x10, 0x02), 0);
		KUNIT_EXPECT_EQ_MSG(test, f.type, row[i].type, "%02x", row[i].descriptor);
		KUNIT_EXPECT_TRUE(test, f.internal);
	}
}

/* Any order of tags, unknown ones (two bytes long too), padding between them. */
static void quirk_fcp_any_order(struct kunit *test)
{
	struct uicc_fcp f;

	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x1c, 0x88, 0x01, 0x10, 0x00, 0x00,
				    0xa5, 0x03, 0x80, 0x01, 0x71, 0xbf, 0x81, 0x01, 0x01, 0xaa,
				    0x80, 0x02, 0x01, 0x00, 0xff, 0x83, 0x02, 0x6f, 0x07,
				    0x82, 0x02, 0x41, 0x21), 0);
	KUNIT_EXPECT_EQ(test, f.type, UICC_FILE_TRANSPARENT);
	KUNIT_EXPECT_EQ(test, f.size, 256);
	KUNIT_EXPECT_EQ(test, f.fid, 0x6f07);
	KUNIT_EXPECT_EQ(test, f.sfi, 2);
}

/* A second descriptor of another kind: records of the first are none of it. */
static void fcp_descriptor_twice(struct kunit *test)
{
	struct uicc_fcp f;

	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x0b, 0x82, 0x05, 0x42, 0x21, 0x00, 0x26, 0x02,
				    0x82, 0x02, 0x41, 0x21), 0);
	KUNIT_EXPECT_EQ(test, f.type, UICC_FILE_TRANSPARENT);
	KUNIT_EXPECT_EQ(test, f.record_length, 0);
	KUNIT_EXPECT_EQ(test, f.record_count, 0);
}

static void quirk_fcp_security_forms(struct kunit *test)
{
	struct uicc_fcp f;

	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x04, 0x8c, 0x02, 0x01, 0x00), 0);
	KUNIT_EXPECT_EQ(test, f.security, UICC_SECURITY_COMPACT);
	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x07, 0xab, 0x05, 0x80, 0x01, 0x01, 0x90, 0x00), 0);
	KUNIT_EXPECT_EQ(test, f.security, UICC_SECURITY_EXPANDED);
	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x06, 0x8b, 0x04, 0x6f, 0x06, 0x01, 0x07), 0);
	KUNIT_EXPECT_EQ(test, f.security, UICC_SECURITY_ARR);
	KUNIT_EXPECT_EQ(test, f.arr_record, 7);
	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x04, 0x8a, 0x01, 0x05, 0x00), 0);
	KUNIT_EXPECT_EQ(test, f.security, UICC_SECURITY_NONE);
}

/* Which record of EF(ARR): the one of the environment with a PIN, else the first. */
static void fcp_arr_records(struct kunit *test)
{
	static const struct {
		u8 len;
		u8 val[8];
		u16 fid;
		u8 record;
	} row[] = {
		{ 3, { 0x6f, 0x06, 0x02 }, 0x6f06, 2 },
		{ 4, { 0x6f, 0x06, 0x00, 0x03 }, 0x6f06, 3 },
		{ 6, { 0x6f, 0x06, 0x00, 0x03, 0x01, 0x04 }, 0x6f06, 4 },
		{ 6, { 0x6f, 0x06, 0x01, 0x04, 0x00, 0x03 }, 0x6f06, 4 },
		{ 6, { 0x6f, 0x06, 0x05, 0x07, 0x06, 0x08 }, 0x6f06, 7 },
		{ 5, { 0x6f, 0x06, 0x00, 0x03, 0x01 }, 0x6f06, 3 },
		{ 1, { 0x05 }, 0, 5 },
		{ 2, { 0x6f, 0x06 }, 0, 0 },
		{ 0, { }, 0, 0 },
	};
	u8 raw[4 + 8] = { 0x62, 0, 0x8b };
	struct uicc_fcp f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		raw[1] = 2 + row[i].len;
		raw[3] = row[i].len;
		memcpy(raw + 4, row[i].val, row[i].len);
		KUNIT_ASSERT_EQ(test, uicc_fcp_parse(&f, raw, 4 + row[i].len), 0);
		KUNIT_EXPECT_EQ(test, f.security, UICC_SECURITY_ARR);
		KUNIT_EXPECT_EQ_MSG(test, f.arr_fid, row[i].fid, "%zu", i);
		KUNIT_EXPECT_EQ_MSG(test, f.arr_record, row[i].record, "%zu", i);
	}
}

/* Where access rules and PINs are in the bytes. */
static void fcp_parts(struct kunit *test)
{
	struct uicc_fcp f;

	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x6f, 0x0f, 0x62, 0x0d, 0xc6, 0x06, 0x90, 0x01, 0x80,
				    0x83, 0x01, 0x01, 0x00, 0x8c, 0x02, 0x01, 0x00), 0);
	KUNIT_EXPECT_EQ(test, f.pins.at, 6);
	KUNIT_EXPECT_EQ(test, f.pins.len, 6);
	KUNIT_EXPECT_EQ(test, f.rules.at, 15);
	KUNIT_EXPECT_EQ(test, f.rules.len, 2);
	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x04, 0x82, 0x02, 0x41, 0x21), 0);
	KUNIT_EXPECT_EQ(test, f.pins.len, 0);
	KUNIT_EXPECT_EQ(test, f.rules.len, 0);
}

/* A name padded to 16 bytes stays as it is: real AIDs end in 00 and FF too. */
static void quirk_fcp_padded_name(struct kunit *test)
{
	struct uicc_fcp f;

	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x12, 0x84, 0x10, 0xa0, 0x00, 0x00, 0x00, 0x63,
				    0x50, 0x4b, 0x43, 0x53, 0x2d, 0x31, 0x35,
				    0xff, 0xff, 0xff, 0xff), 0);
	KUNIT_EXPECT_EQ(test, f.df_name_len, 16);
	KUNIT_EXPECT_EQ(test, memcmp(f.df_name, adf + 8, 12), 0);
	/* 17 bytes are no AID */
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x13, 0x84, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
				    0, 0, 0, 0, 0, 0), -EPROTO);
}

/* GET RESPONSE may have returned more than was announced. */
static void fcp_bytes_behind(struct kunit *test)
{
	u8 buf[sizeof(odf) + 2];
	struct uicc_fcp f;

	memcpy(buf, odf, sizeof(odf));
	buf[sizeof(odf)] = 0x82;
	buf[sizeof(odf) + 1] = 0x7f;
	KUNIT_ASSERT_EQ(test, uicc_fcp_parse(&f, buf, sizeof(buf)), 0);
	KUNIT_EXPECT_EQ(test, f.size, 32);
}

static void fcp_long_lengths(struct kunit *test)
{
	struct uicc_fcp f;

	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x81, 0x04, 0x82, 0x02, 0x41, 0x21), 0);
	KUNIT_EXPECT_EQ(test, f.type, UICC_FILE_TRANSPARENT);
	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x62, 0x82, 0x00, 0x06, 0x82, 0x82, 0x00, 0x02,
				    0x41, 0x21), 0);
	KUNIT_EXPECT_EQ(test, f.type, UICC_FILE_TRANSPARENT);
	/* empty */
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x81, 0x00), 0);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x82, 0x00, 0x00), 0);
	/* indefinite, four bytes, cut in the length */
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x80, 0x82, 0x02, 0x41, 0x21), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x84, 0, 0, 0, 4, 0x82, 2, 0x41, 0x21), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x81), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x82, 0x00), -EPROTO);
}

static void fcp_fci(struct kunit *test)
{
	struct uicc_fcp f;

	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x6f, 0x06, 0x62, 0x04, 0x82, 0x02, 0x41, 0x21), 0);
	KUNIT_EXPECT_EQ(test, f.type, UICC_FILE_TRANSPARENT);
	KUNIT_ASSERT_EQ(test, PARSE(&f, 0x6f, 0x04, 0x82, 0x02, 0x78, 0x21), 0);
	KUNIT_EXPECT_EQ(test, f.type, UICC_FILE_DF);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x6f, 0x03, 0x62, 0x04, 0x82), -EPROTO);
}

static void fcp_lies(struct kunit *test)
{
	struct uicc_fcp f;
	u8 *buf;
	size_t i;

	KUNIT_EXPECT_EQ(test, uicc_fcp_parse(&f, odf, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0xff, 0xff, 0xff), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x61, 0x00), -EPROTO);
	/* the inner length crosses the template's end, though the bytes are there */
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x04, 0x82, 0x03, 0x41, 0x21, 0x00), -EPROTO);
	/* tag without length, tag without end */
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x01, 0x82), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x05, 0xbf, 0x81, 0x82, 0x83, 0x01), -EPROTO);
	/* values of the wrong size */
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x02, 0x80, 0x00), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x07, 0x80, 0x05, 1, 2, 3, 4, 5), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x03, 0x83, 0x01, 0x6f), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x02, 0x82, 0x00), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x04, 0x88, 0x02, 0x08, 0x08), -EPROTO);
	KUNIT_EXPECT_EQ(test, PARSE(&f, 0x62, 0x02, 0x8a, 0x00), -EPROTO);
	/* every cut; from the heap, so that a read behind the end is seen */
	for (i = 1; i < sizeof(adf); i++) {
		buf = kmemdup(adf, i, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, buf);
		KUNIT_EXPECT_EQ(test, uicc_fcp_parse(&f, buf, i), -EPROTO);
		kfree(buf);
	}
}

static void fcp_2g(struct kunit *test)
{
	struct uicc_fcp f;

	KUNIT_ASSERT_EQ(test, PARSE_2G(&f, 0, 0, 0x00, 0x0a, 0x2f, 0xe2, 0x04, 0x00,
				       0x0f, 0xff, 0xff, 0x01, 0x02, 0x00, 0x00), 0);
	KUNIT_EXPECT_EQ(test, f.type, UICC_FILE_TRANSPARENT);
	KUNIT_EXPECT_EQ(test, f.size, 10);
	KUNIT_EXPECT_EQ(test, f.fid, 0x2fe2);
	KUNIT_EXPECT_EQ(test, f.security, UICC_SECURITY_2G);
	KUNIT_EXPECT_EQ(test, f.access[0], 0x0f);
	KUNIT_EXPECT_TRUE(test, f.has_size);
	KUNIT_EXPECT_TRUE(test, f.has_fid);

	KUNIT_ASSERT_EQ(test, PARSE_2G(&f, 0, 0, 0x00, 0x1c, 0x6f, 0x40, 0x04, 0x00,
				       0x11, 0xff, 0xff, 0x01, 0x02, 0x01, 0x0e), 0);
	KUNIT_EXPECT_EQ(test, f.type, UICC_FILE_LINEAR_FIXED);
	KUNIT_EXPECT_EQ(test, f.record_length, 14);
	KUNIT_EXPECT_EQ(test, f.record_count, 2);

	KUNIT_ASSERT_EQ(test, PARSE_2G(&f, 0, 0, 0x01, 0x00, 0x3f, 0x00, 0x01, 0, 0, 0, 0, 0,
				       0x09, 0x13, 0x02, 0x04, 0x04, 0x00, 0x83), 0);
	KUNIT_EXPECT_EQ(test, f.type, UICC_FILE_DF);
	KUNIT_EXPECT_EQ(test, f.fid, 0x3f00);
}

static void fcp_2g_lies(struct kunit *test)
{
	u8 cyclic[15] = { 0, 0, 0, 9, 0x6f, 0x39, 0x04, 0, 0, 0, 0, 1, 2, 3, 3 };
	struct uicc_fcp f;

	KUNIT_EXPECT_EQ(test, uicc_fcp_parse_2g(&f, cyclic, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, uicc_fcp_parse_2g(&f, cyclic, 6), -EPROTO);
	KUNIT_EXPECT_EQ(test, uicc_fcp_parse_2g(&f, cyclic, 13), -EPROTO);
	KUNIT_EXPECT_EQ(test, uicc_fcp_parse_2g(&f, cyclic, 14), -EPROTO);
	KUNIT_EXPECT_EQ(test, uicc_fcp_parse_2g(&f, cyclic, 15), 0);
	KUNIT_EXPECT_EQ(test, f.type, UICC_FILE_CYCLIC);
	KUNIT_EXPECT_EQ(test, f.record_count, 3);
	cyclic[14] = 0;
	KUNIT_EXPECT_EQ(test, uicc_fcp_parse_2g(&f, cyclic, 15), -EPROTO);
	cyclic[13] = 2;
	KUNIT_EXPECT_EQ(test, uicc_fcp_parse_2g(&f, cyclic, 15), -EPROTO);
	cyclic[6] = 3;
	KUNIT_EXPECT_EQ(test, uicc_fcp_parse_2g(&f, cyclic, 15), -EPROTO);
}

static void fcp_type_names(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, uicc_file_type_name(UICC_FILE_TRANSPARENT), "transparent");
	KUNIT_EXPECT_STREQ(test, uicc_file_type_name(UICC_FILE_LINEAR_FIXED), "linear-fixed");
	KUNIT_EXPECT_STREQ(test, uicc_file_type_name(UICC_FILE_CYCLIC), "cyclic");
	KUNIT_EXPECT_STREQ(test, uicc_file_type_name(UICC_FILE_BER_TLV), "ber-tlv");
	KUNIT_EXPECT_STREQ(test, uicc_file_type_name(UICC_FILE_DF), "df");
	KUNIT_EXPECT_STREQ(test, uicc_file_type_name(UICC_FILE_UNKNOWN), "unknown");
}

static struct kunit_case fcp_cases[] = {
	KUNIT_CASE(fcp_application),
	KUNIT_CASE(fcp_transparent),
	KUNIT_CASE(fcp_records),
	KUNIT_CASE(fcp_descriptors),
	KUNIT_CASE(quirk_fcp_internal_ef),
	KUNIT_CASE(quirk_fcp_any_order),
	KUNIT_CASE(fcp_descriptor_twice),
	KUNIT_CASE(quirk_fcp_security_forms),
	KUNIT_CASE(fcp_arr_records),
	KUNIT_CASE(fcp_parts),
	KUNIT_CASE(quirk_fcp_padded_name),
	KUNIT_CASE(fcp_bytes_behind),
	KUNIT_CASE(fcp_long_lengths),
	KUNIT_CASE(fcp_fci),
	KUNIT_CASE(fcp_lies),
	KUNIT_CASE(fcp_2g),
	KUNIT_CASE(fcp_2g_lies),
	KUNIT_CASE(fcp_type_names),
	{}
};

static struct kunit_suite fcp_suite = {
	.name = "uicc_fcp",
	.test_cases = fcp_cases,
};

kunit_test_suite(fcp_suite);
