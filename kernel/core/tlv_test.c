// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of BER-TLV: what cards may write, and what they may get wrong.
 */
#include <kunit/test.h>
#include <linux/slab.h>

#include "tlv.c"

static void tlv_objects(struct kunit *test)
{
	static const u8 raw[] = {
		0x00, 0xff, 0x82, 0x02, 0x41, 0x21, 0xff, 0x88, 0x00, 0x7f, 0x49, 0x01, 0x05,
		0xdf, 0x81, 0x01, 0x81, 0x01, 0x06, 0xa1, 0x82, 0x00, 0x01, 0x07,
		0xa2, 0x83, 0x00, 0x00, 0x01, 0x08, 0xff, 0x00,
	};
	static const struct {
		u32 tag;
		size_t len;
		u8 first;
	} want[] = {
		{ 0x82, 2, 0x41 }, { 0x88, 0, 0 }, { 0x7f49, 1, 5 }, { 0xdf8101, 1, 6 },
		{ 0xa1, 1, 7 }, { 0xa2, 1, 8 },
	};
	const u8 *p = raw, *end = raw + sizeof(raw);
	struct uicc_tlv tlv;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		KUNIT_ASSERT_EQ(test, uicc_tlv_next(&p, end, &tlv), 1);
		KUNIT_EXPECT_EQ(test, tlv.tag, want[i].tag);
		KUNIT_ASSERT_EQ(test, tlv.len, want[i].len);
		if (tlv.len)
			KUNIT_EXPECT_EQ(test, tlv.val[0], want[i].first);
	}
	KUNIT_EXPECT_EQ(test, uicc_tlv_next(&p, end, &tlv), 0);
	KUNIT_EXPECT_PTR_EQ(test, p, end);
}

static int next(const u8 *raw, size_t len)
{
	struct uicc_tlv tlv;

	return uicc_tlv_next(&raw, raw + len, &tlv);
}

#define NEXT(...) next((const u8[]){ __VA_ARGS__ }, sizeof((u8[]){ __VA_ARGS__ }))

static void tlv_nonsense(struct kunit *test)
{
	/* tags: cut, and of four bytes */
	KUNIT_EXPECT_EQ(test, NEXT(0x82), -EPROTO);
	KUNIT_EXPECT_EQ(test, NEXT(0xdf), -EPROTO);
	KUNIT_EXPECT_EQ(test, NEXT(0xdf, 0x81), -EPROTO);
	KUNIT_EXPECT_EQ(test, NEXT(0xdf, 0x81, 0x82, 0x03, 0x00), -EPROTO);
	/* lengths: cut, indefinite, of five bytes, lying */
	KUNIT_EXPECT_EQ(test, NEXT(0x82, 0x81), -EPROTO);
	KUNIT_EXPECT_EQ(test, NEXT(0x82, 0x82, 0x00), -EPROTO);
	KUNIT_EXPECT_EQ(test, NEXT(0x82, 0x83, 0x00, 0x00), -EPROTO);
	KUNIT_EXPECT_EQ(test, NEXT(0x82, 0x80, 0x00, 0x00), -EPROTO);
	KUNIT_EXPECT_EQ(test, NEXT(0x82, 0x84, 0x00, 0x00, 0x00, 0x00), -EPROTO);
	KUNIT_EXPECT_EQ(test, NEXT(0x82, 0xff, 0x00, 0x00, 0x00, 0x00), -EPROTO);
	KUNIT_EXPECT_EQ(test, NEXT(0x82, 0x02, 0x41), -EPROTO);
	KUNIT_EXPECT_EQ(test, NEXT(0x82, 0x83, 0xff, 0xff, 0xff, 0x00), -EPROTO);
	KUNIT_EXPECT_EQ(test, NEXT(0xff, 0x00, 0xff), 0);
}

/* From the heap, so that a read behind the end is seen. */
static void tlv_cut_anywhere(struct kunit *test)
{
	static const u8 raw[] = { 0xdf, 0x81, 0x01, 0x83, 0x00, 0x00, 0x02, 0x01, 0x02 };
	u32 tag, len;
	size_t i;
	u8 *buf;

	for (i = 1; i <= sizeof(raw); i++) {
		bool header = i >= 7;

		buf = kmemdup(raw, i, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, buf);
		KUNIT_EXPECT_EQ(test, next(buf, i), i < sizeof(raw) ? -EPROTO : 1);
		KUNIT_EXPECT_EQ(test, uicc_tlv_header(buf, i, &tag, &len), header ? 7 : -EPROTO);
		if (header) {
			KUNIT_EXPECT_EQ(test, tag, 0xdf8101);
			KUNIT_EXPECT_EQ(test, len, 2);
		}
		kfree(buf);
	}
	KUNIT_EXPECT_EQ(test, next(raw, 0), 0);
	KUNIT_EXPECT_EQ(test, uicc_tlv_header(raw, 0, &tag, &len), -EPROTO);
}

/* An object of which only the first block is there. No padding before it. */
static void tlv_headers(struct kunit *test)
{
	static const u8 large[] = { 0xa1, 0x83, 0x01, 0x02, 0x03, 0x55 };
	static const u8 pad[] = { 0x00, 0xa1, 0x01, 0x55 };
	u32 tag, len;

	KUNIT_EXPECT_EQ(test, uicc_tlv_header(large, sizeof(large), &tag, &len), 5);
	KUNIT_EXPECT_EQ(test, tag, 0xa1);
	KUNIT_EXPECT_EQ(test, len, 0x010203);
	KUNIT_EXPECT_EQ(test, uicc_tlv_header(pad, sizeof(pad), &tag, &len), -EPROTO);
}

static void tlv_tag_list(struct kunit *test)
{
	static const u8 list[] = { 0xa1, 0x7f, 0x49, 0xdf, 0x81, 0x01, 0x80, 0xff };
	static const u32 want[] = { 0xa1, 0x7f49, 0xdf8101, 0x80 };
	const u8 *p = list, *end = list + sizeof(list);
	size_t i;
	u32 tag;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		KUNIT_ASSERT_EQ(test, uicc_tlv_next_tag(&p, end, &tag), 1);
		KUNIT_EXPECT_EQ(test, tag, want[i]);
	}
	KUNIT_EXPECT_EQ(test, uicc_tlv_next_tag(&p, end, &tag), 0);
	p = list + 3;
	KUNIT_EXPECT_EQ(test, uicc_tlv_next_tag(&p, list + 5, &tag), -EPROTO);
}

/* What is written is read again, as short as can be. */
static void tlv_put(struct kunit *test)
{
	static const struct {
		u32 len;
		int bytes;
	} row[] = {
		{ 0, 1 }, { 0x7f, 1 }, { 0x80, 2 }, { 0xff, 2 }, { 0x100, 3 }, { 0xffff, 3 },
		{ 0x10000, 4 }, { UICC_TLV_LEN_MAX, 4 },
	};
	static const u32 tags[] = { 0x80, 0x7f49, 0xdf8101 };
	u8 buf[UICC_TLV_HEADER_MAX + 1];
	size_t i, k, size;
	u32 tag, len;

	for (k = 0; k < ARRAY_SIZE(tags); k++) {
		for (i = 0; i < ARRAY_SIZE(row); i++) {
			size = k + 1 + row[i].bytes;
			memset(buf, 0xee, sizeof(buf));
			KUNIT_EXPECT_EQ(test, uicc_tlv_put_header(buf, size, tags[k], row[i].len),
					size);
			KUNIT_EXPECT_EQ(test, buf[size], 0xee);
			KUNIT_EXPECT_EQ(test, uicc_tlv_header(buf, size, &tag, &len), size);
			KUNIT_EXPECT_EQ(test, tag, tags[k]);
			KUNIT_EXPECT_EQ(test, len, row[i].len);
			KUNIT_EXPECT_EQ(test, uicc_tlv_put_header(buf, size - 1, tags[k],
								  row[i].len), -EINVAL);
		}
	}
	KUNIT_EXPECT_EQ(test, uicc_tlv_put_header(buf, 7, 0x80, UICC_TLV_LEN_MAX + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_tlv_put_tag(buf, 0, 0x80), -EINVAL);
}

static void tlv_no_tags(struct kunit *test)
{
	static const u32 bad[] = {
		0x00, 0xff, 0x1f, 0x7f, 0x8001, 0x7f81, 0x800101, 0x7f4901, 0xdf8181, 0xff01,
		0x1000080, 0x80df8101,
	};
	u8 buf[4];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, uicc_tlv_put_tag(buf, sizeof(buf), bad[i]), -EINVAL,
				    "%x", bad[i]);
}

static struct kunit_case tlv_cases[] = {
	KUNIT_CASE(tlv_objects),
	KUNIT_CASE(tlv_nonsense),
	KUNIT_CASE(tlv_cut_anywhere),
	KUNIT_CASE(tlv_headers),
	KUNIT_CASE(tlv_tag_list),
	KUNIT_CASE(tlv_put),
	KUNIT_CASE(tlv_no_tags),
	{}
};

static struct kunit_suite tlv_suite = {
	.name = "uicc_tlv",
	.test_cases = tlv_cases,
};

kunit_test_suite(tlv_suite);
