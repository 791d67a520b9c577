// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the names of files: what is a path, what is none, and that the
 * name made of a path is the path again.
 */
#include <kunit/test.h>

#include "path.c"

static int parse(struct uicc_path *path, const char *text)
{
	return uicc_path_parse(path, text, strlen(text));
}

static void path_mf(struct kunit *test)
{
	struct uicc_path path;

	KUNIT_ASSERT_EQ(test, parse(&path, "3f00.2fe2"), 0);
	KUNIT_EXPECT_EQ(test, path.aid_len, 0);
	KUNIT_EXPECT_EQ(test, path.n, 1);
	KUNIT_EXPECT_EQ(test, path.fids[0], 0x2fe2);
	KUNIT_ASSERT_EQ(test, parse(&path, "3f00.7f10.5f3a.4f09\n"), 0);
	KUNIT_EXPECT_EQ(test, path.n, 3);
	KUNIT_EXPECT_EQ(test, path.fids[0], 0x7f10);
	KUNIT_EXPECT_EQ(test, path.fids[2], 0x4f09);
}

static void path_application(struct kunit *test)
{
	static const u8 aid[] = { 0xa0, 0x00, 0x00, 0x00, 0x87 };
	struct uicc_path path;

	KUNIT_ASSERT_EQ(test, parse(&path, "a000000087.6f38"), 0);
	KUNIT_EXPECT_EQ(test, path.aid_len, 5);
	KUNIT_EXPECT_EQ(test, memcmp(path.aid, aid, sizeof(aid)), 0);
	KUNIT_EXPECT_EQ(test, path.fids[0], 0x6f38);
	KUNIT_ASSERT_EQ(test, parse(&path, "00112233445566778899aabbccddeeff.0001.ffff"), 0);
	KUNIT_EXPECT_EQ(test, path.aid_len, 16);
	KUNIT_EXPECT_EQ(test, path.aid[15], 0xff);
	KUNIT_EXPECT_EQ(test, path.n, 2);
}

static void path_bad(struct kunit *test)
{
	static const char * const bad[] = {
		"", "\n", ".", "..", "3f00", "3f00.", ".2fe2", "3f00..2fe2", "3f00.2fe2.",
		"3F00.2FE2", "3f00.2FE2", "3f00.2fe", "3f00.2fe22", "3f00.2fe2fe", "3f00.2f g",
		"3f01.2fe2", "3e00.2fe2", "3f00.3f00", "3f00.7fff", "3f00.7f10.3f00",
		"a0.5031", "a0000000.5031", "a00000008.5031",
		"00112233445566778899aabbccddeeff00.5031", " 3f00.2fe2", "3f00.2fe2 ",
		"3f00.2fe2\n\n", "\n3f00.2fe2", "3f00/2fe2", "../../3f00.2fe2", "ef-3f00.2fe2",
		"3f00.1111.2222.3333.4444.5555.6666.7777.8888.9999", "0x3f00.2fe2", "3f00.+fe2",
	};
	struct uicc_path path;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, parse(&path, bad[i]), -EINVAL, "\"%s\"", bad[i]);
	/* Bytes behind a NUL are part of what was written. */
	KUNIT_EXPECT_EQ(test, uicc_path_parse(&path, "3f00.2fe2\0", 10), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_path_parse(&path, "3f00\0.2fe2", 10), -EINVAL);
	/* And those behind @len are not. */
	KUNIT_EXPECT_EQ(test, uicc_path_parse(&path, "3f00.2fe2.7", 9), 0);
	KUNIT_EXPECT_EQ(test, uicc_path_parse(&path, "3f00.2fe2", 0), -EINVAL);
}

static void path_deepest(struct kunit *test)
{
	static const char text[] =
		"00112233445566778899aabbccddeeff.1111.2222.3333.4444.5555.6666.7777.8888";
	char name[UICC_FILE_NAME_MAX + 1];
	struct uicc_path path;

	KUNIT_ASSERT_EQ(test, parse(&path, text), 0);
	KUNIT_EXPECT_EQ(test, path.n, UICC_PATH_FIDS_MAX);
	memset(name, 0x5a, sizeof(name));
	uicc_path_print(&path, name);
	KUNIT_EXPECT_EQ(test, strlen(name), UICC_FILE_NAME_MAX - 1);
	KUNIT_EXPECT_EQ(test, name[UICC_FILE_NAME_MAX], 0x5a);
	KUNIT_EXPECT_STREQ(test, name + 3, text);
}

static void path_print(struct kunit *test)
{
	static const char * const good[] = {
		"3f00.2f00", "3f00.0001", "3f00.7f50.5031", "a000000063504b43532d3135.5031",
		"0000000000.0000", "a0000000871002.7f01.4401",
	};
	char name[UICC_FILE_NAME_MAX];
	struct uicc_path path;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		KUNIT_ASSERT_EQ_MSG(test, parse(&path, good[i]), 0, "%s", good[i]);
		uicc_path_print(&path, name);
		KUNIT_EXPECT_TRUE(test, !strncmp(name, "ef-", 3));
		KUNIT_EXPECT_STREQ(test, name + 3, good[i]);
	}
}

static void path_equal(struct kunit *test)
{
	static const char * const all[] = {
		"3f00.2fe2", "3f00.2fe3", "3f00.7f10.2fe2", "3f00.2fe2.2fe2",
		"a000000087.2fe2", "a00000008700.2fe2", "a000000087.2fe2.2fe2",
	};
	struct uicc_path a, b;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		memset(&a, 0xff, sizeof(a));
		KUNIT_ASSERT_EQ(test, parse(&a, all[i]), 0);
		for (j = 0; j < ARRAY_SIZE(all); j++) {
			memset(&b, 0, sizeof(b));
			KUNIT_ASSERT_EQ(test, parse(&b, all[j]), 0);
			KUNIT_EXPECT_EQ(test, uicc_path_equal(&a, &b), i == j);
		}
	}
}

static struct kunit_case path_cases[] = {
	KUNIT_CASE(path_mf),
	KUNIT_CASE(path_application),
	KUNIT_CASE(path_bad),
	KUNIT_CASE(path_deepest),
	KUNIT_CASE(path_print),
	KUNIT_CASE(path_equal),
	{}
};

static struct kunit_suite path_suite = {
	.name = "uicc_path",
	.test_cases = path_cases,
};

kunit_test_suite(path_suite);
