// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the per-file cache: against expectations, then against a plain
 * array that does the same thing byte by byte.
 */
#include <kunit/test.h>

#include "cache.c"

static int cache_test_init(struct kunit *test)
{
	struct uicc_cache *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	uicc_cache_init(c);
	test->priv = c;
	return 0;
}

static void cache_test_exit(struct kunit *test)
{
	uicc_cache_drop(test->priv);
}

static void expect_missing(struct kunit *test, size_t off, size_t len, size_t at, size_t n)
{
	size_t miss = ~0, miss_len = ~0;

	KUNIT_EXPECT_TRUE(test, uicc_cache_missing(test->priv, off, len, &miss, &miss_len));
	KUNIT_EXPECT_EQ(test, miss, at);
	KUNIT_EXPECT_EQ(test, miss_len, n);
}

static void expect_there(struct kunit *test, size_t off, size_t len)
{
	size_t miss, miss_len;

	KUNIT_EXPECT_FALSE(test, uicc_cache_missing(test->priv, off, len, &miss, &miss_len));
}

static void cache_empty(struct kunit *test)
{
	u8 buf[4];

	expect_missing(test, 0, 16, 0, 16);
	expect_missing(test, 1000, 1, 1000, 1);
	expect_there(test, 0, 0);
	KUNIT_EXPECT_EQ(test, uicc_cache_copy(test->priv, 0, buf, sizeof(buf)), 0);
}

static void cache_holes(struct kunit *test)
{
	struct uicc_cache *c = test->priv;
	u8 buf[16] = { 0 };

	KUNIT_ASSERT_EQ(test, uicc_cache_store(c, 4, "abcd", 4), 0);
	KUNIT_ASSERT_EQ(test, uicc_cache_store(c, 10, "xy", 2), 0);
	expect_missing(test, 0, 16, 0, 4);
	expect_missing(test, 4, 12, 8, 2);
	expect_missing(test, 5, 4, 8, 1);
	expect_missing(test, 10, 6, 12, 4);
	expect_missing(test, 0, 1000, 0, 4);
	expect_missing(test, 11, 1000, 12, 999);
	expect_there(test, 4, 4);
	expect_there(test, 11, 1);
	KUNIT_EXPECT_EQ(test, uicc_cache_copy(c, 5, buf, sizeof(buf)), 3);
	KUNIT_EXPECT_EQ(test, memcmp(buf, "bcd", 3), 0);
	KUNIT_EXPECT_EQ(test, buf[3], 0);
	/* the hole is filled, the two ranges become one */
	KUNIT_ASSERT_EQ(test, uicc_cache_store(c, 8, "--", 2), 0);
	expect_there(test, 4, 8);
	KUNIT_EXPECT_EQ(test, uicc_cache_copy(c, 4, buf, sizeof(buf)), 8);
	KUNIT_EXPECT_EQ(test, memcmp(buf, "abcd--xy", 8), 0);
}

static void cache_replace(struct kunit *test)
{
	u8 buf[4];

	KUNIT_ASSERT_EQ(test, uicc_cache_store(test->priv, 0, "abcd", 4), 0);
	KUNIT_ASSERT_EQ(test, uicc_cache_store(test->priv, 1, "XY", 2), 0);
	KUNIT_EXPECT_EQ(test, uicc_cache_copy(test->priv, 0, buf, 4), 4);
	KUNIT_EXPECT_EQ(test, memcmp(buf, "aXYd", 4), 0);
}

static void cache_eof(struct kunit *test)
{
	struct uicc_cache *c = test->priv;
	u8 buf[8];

	KUNIT_ASSERT_EQ(test, uicc_cache_store(c, 0, "abcd", 4), 0);
	KUNIT_EXPECT_EQ(test, uicc_cache_set_eof(c, 3), -EPROTO);
	KUNIT_EXPECT_FALSE(test, c->eof_known);
	KUNIT_ASSERT_EQ(test, uicc_cache_set_eof(c, 6), 0);
	KUNIT_EXPECT_EQ(test, uicc_cache_set_eof(c, 6), 0);
	KUNIT_EXPECT_EQ(test, uicc_cache_set_eof(c, 7), -EPROTO);
	KUNIT_EXPECT_EQ(test, uicc_cache_set_eof(c, 5), -EPROTO);
	/* nothing is missing behind the end */
	expect_missing(test, 0, 100, 4, 2);
	expect_there(test, 6, 100);
	expect_there(test, SIZE_MAX, SIZE_MAX);
	KUNIT_EXPECT_EQ(test, uicc_cache_copy(c, 6, buf, 8), 0);
	KUNIT_EXPECT_EQ(test, uicc_cache_store(c, 4, "efg", 3), -EPROTO);
	KUNIT_ASSERT_EQ(test, uicc_cache_store(c, 4, "ef", 2), 0);
	expect_there(test, 0, 100);
	KUNIT_EXPECT_EQ(test, uicc_cache_copy(c, 2, buf, 8), 4);
}

static void cache_empty_file(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, uicc_cache_set_eof(test->priv, 0), 0);
	expect_there(test, 0, 100);
	KUNIT_EXPECT_EQ(test, uicc_cache_store(test->priv, 0, "a", 1), -EPROTO);
	KUNIT_EXPECT_EQ(test, uicc_cache_store(test->priv, 0, "", 0), 0);
}

static void cache_bounds(struct kunit *test)
{
	struct uicc_cache *c = test->priv;

	KUNIT_EXPECT_EQ(test, uicc_cache_set_eof(c, UICC_CACHE_MAX + 1), -EFBIG);
	KUNIT_EXPECT_EQ(test, uicc_cache_store(c, UICC_CACHE_MAX, "a", 1), -EFBIG);
	KUNIT_EXPECT_EQ(test, uicc_cache_store(c, UICC_CACHE_MAX - 1, "ab", 2), -EFBIG);
	KUNIT_EXPECT_EQ(test, uicc_cache_store(c, SIZE_MAX, "ab", 2), -EFBIG);
	KUNIT_EXPECT_EQ(test, uicc_cache_store(c, 1, "ab", SIZE_MAX), -EFBIG);
	KUNIT_EXPECT_EQ(test, c->alloc, 0);
	KUNIT_ASSERT_EQ(test, uicc_cache_store(c, UICC_CACHE_MAX - 1, "z", 1), 0);
	KUNIT_EXPECT_EQ(test, c->alloc, UICC_CACHE_MAX);
	expect_missing(test, 0, SIZE_MAX, 0, UICC_CACHE_MAX - 1);
	expect_there(test, UICC_CACHE_MAX - 1, SIZE_MAX);
	expect_there(test, UICC_CACHE_MAX, 1);
	KUNIT_EXPECT_EQ(test, uicc_cache_set_eof(c, UICC_CACHE_MAX), 0);
}

static void cache_drop(struct kunit *test)
{
	struct uicc_cache *c = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_cache_store(c, 0, "abcd", 4), 0);
	KUNIT_ASSERT_EQ(test, uicc_cache_set_eof(c, 4), 0);
	uicc_cache_drop(c);
	KUNIT_EXPECT_NULL(test, c->data);
	KUNIT_EXPECT_FALSE(test, c->eof_known);
	expect_missing(test, 0, 8, 0, 8);
	/* and it works again */
	KUNIT_ASSERT_EQ(test, uicc_cache_store(c, 300, "q", 1), 0);
	expect_missing(test, 300, 2, 301, 1);
}

static void cache_forget(struct kunit *test)
{
	struct uicc_cache *c = test->priv;
	u8 buf[8];

	uicc_cache_forget(c, 0, 10);		/* of an empty one: nothing */
	uicc_cache_forget(c, UICC_CACHE_MAX, SIZE_MAX);
	KUNIT_EXPECT_EQ(test, c->alloc, 0);
	KUNIT_ASSERT_EQ(test, uicc_cache_store(c, 0, "abcdefgh", 8), 0);
	KUNIT_ASSERT_EQ(test, uicc_cache_set_eof(c, 8), 0);
	uicc_cache_forget(c, 2, 3);
	expect_missing(test, 0, 100, 2, 3);
	KUNIT_EXPECT_EQ(test, uicc_cache_copy(c, 0, buf, 8), 2);
	/* No byte of it stays in memory, and the end is still known. */
	KUNIT_EXPECT_NULL(test, memchr_inv(c->data + 2, 0, 3));
	KUNIT_EXPECT_EQ(test, uicc_cache_store(c, 7, "xy", 2), -EPROTO);
	KUNIT_ASSERT_EQ(test, uicc_cache_store(c, 2, "CDE", 3), 0);
	expect_there(test, 0, 100);
	uicc_cache_forget(c, 0, SIZE_MAX);
	expect_missing(test, 0, 100, 0, 8);
	KUNIT_EXPECT_NULL(test, memchr_inv(c->data, 0, c->alloc));
}

static void cache_equal(struct kunit *test)
{
	struct uicc_cache *c = test->priv;

	KUNIT_EXPECT_FALSE(test, uicc_cache_equal(c, 0, "a", 1));
	KUNIT_ASSERT_EQ(test, uicc_cache_store(c, 10, "abcd", 4), 0);
	KUNIT_EXPECT_TRUE(test, uicc_cache_equal(c, 10, "abcd", 4));
	KUNIT_EXPECT_TRUE(test, uicc_cache_equal(c, 11, "bc", 2));
	KUNIT_EXPECT_FALSE(test, uicc_cache_equal(c, 10, "abcx", 4));
	/* What is not there is equal to nothing, zeros least of all. */
	KUNIT_EXPECT_FALSE(test, uicc_cache_equal(c, 13, "d", 2));
	KUNIT_EXPECT_FALSE(test, uicc_cache_equal(c, 0, "\0", 1));
	KUNIT_EXPECT_FALSE(test, uicc_cache_equal(c, UICC_CACHE_MAX, "a", 1));
	uicc_cache_forget(c, 12, 1);
	KUNIT_EXPECT_FALSE(test, uicc_cache_equal(c, 10, "abcd", 4));
	KUNIT_EXPECT_FALSE(test, uicc_cache_equal(c, 12, "\0", 1));
}

/* The model: what was stored, and whether, byte by byte. */
#define MODEL_SIZE 1024

struct model {
	u8 data[MODEL_SIZE];
	u8 there[MODEL_SIZE];
	u8 buf[MODEL_SIZE];
};

static void model_compare(struct kunit *test, struct model *m, size_t off, size_t len)
{
	size_t miss = 0, miss_len = 0, first = off, end = off + len, stop;
	bool any;

	while (first < end && m->there[first])
		first++;
	for (stop = first; stop < end && !m->there[stop]; stop++)
		;
	any = uicc_cache_missing(test->priv, off, len, &miss, &miss_len);
	KUNIT_ASSERT_EQ(test, any, first < end);
	if (any) {
		KUNIT_ASSERT_EQ(test, miss, first);
		KUNIT_ASSERT_EQ(test, miss_len, stop - first);
	}
	KUNIT_ASSERT_EQ(test, uicc_cache_copy(test->priv, off, m->buf, len), first - off);
	KUNIT_ASSERT_EQ(test, memcmp(m->buf, m->data + off, first - off), 0);
}

static void cache_against_model(struct kunit *test)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	u32 rnd = 1, round;
	size_t off, len, i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m);
	for (round = 0; round < 2000; round++) {
		rnd = rnd * 1664525 + 1013904223;
		off = (rnd >> 8) % MODEL_SIZE;
		len = min_t(size_t, (rnd >> 20) % 40, MODEL_SIZE - off);
		model_compare(test, m, off, MODEL_SIZE - off);
		model_compare(test, m, off, len);
		if (round % 100 == 99) {	/* start again with a new card */
			uicc_cache_drop(test->priv);
			memset(m->there, 0, sizeof(m->there));
		}
		for (i = 0; i < len; i++)
			m->data[off + i] = rnd >> (i % 24);
		memset(m->there + off, 1, len);
		KUNIT_ASSERT_EQ(test, uicc_cache_store(test->priv, off, m->data + off, len), 0);
		KUNIT_ASSERT_TRUE(test, uicc_cache_equal(test->priv, off, m->data + off, len));
		if (round % 3 == 2) {	/* an update: what was there is not there any more */
			off = (rnd >> 12) % MODEL_SIZE;
			len = min_t(size_t, (rnd >> 24) % 60, MODEL_SIZE - off);
			memset(m->there + off, 0, len);
			uicc_cache_forget(test->priv, off, len);
		}
	}
}

static struct kunit_case cache_cases[] = {
	KUNIT_CASE(cache_empty),
	KUNIT_CASE(cache_holes),
	KUNIT_CASE(cache_replace),
	KUNIT_CASE(cache_eof),
	KUNIT_CASE(cache_empty_file),
	KUNIT_CASE(cache_bounds),
	KUNIT_CASE(cache_drop),
	KUNIT_CASE(cache_forget),
	KUNIT_CASE(cache_equal),
	KUNIT_CASE(cache_against_model),
	{}
};

static struct kunit_suite cache_suite = {
	.name = "uicc_cache",
	.init = cache_test_init,
	.exit = cache_test_exit,
	.test_cases = cache_cases,
};

kunit_test_suite(cache_suite);
