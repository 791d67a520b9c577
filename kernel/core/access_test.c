// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of access rules and PIN status: rules of real cards, each in the
 * text that a reader sees, and what hostile ones may hold.
 */
#include <kunit/test.h>
#include <linux/slab.h>

#include "access.c"

static size_t unhex(struct kunit *test, const char *hex, u8 *out, size_t size)
{
	size_t n = 0;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		KUNIT_ASSERT_LT(test, n, size);
		KUNIT_ASSERT_EQ(test, hex2bin(out + n++, hex++, 1), 0);
	}
	return n;
}

static void expect_texts(struct kunit *test, const struct uicc_access *acc, const char *read,
			 const char *update, const char *what)
{
	char text[UICC_CONDITION_TEXT_MAX + 1];

	text[UICC_CONDITION_TEXT_MAX] = 'x';
	uicc_condition_print(&acc->read, text);
	KUNIT_EXPECT_STREQ_MSG(test, text, read, "read of %s", what);
	uicc_condition_print(&acc->update, text);
	KUNIT_EXPECT_STREQ_MSG(test, text, update, "update of %s", what);
	KUNIT_EXPECT_EQ(test, text[UICC_CONDITION_TEXT_MAX], 'x');
}

struct rule {
	const char *rules;
	const char *read;
	const char *update;
	int ret;
};

static void check_rules(struct kunit *test, const struct rule *row, size_t n)
{
	struct uicc_access acc;
	u8 raw[160], *copy;
	size_t i, len;

	for (i = 0; i < n; i++) {
		len = unhex(test, row[i].rules, raw, sizeof(raw));
		/* from the heap, so that a read behind the end is seen */
		copy = kmemdup(raw, len ?: 1, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, copy);
		KUNIT_EXPECT_EQ_MSG(test, uicc_access_rules(&acc, copy, len), row[i].ret, "%s",
				    row[i].rules);
		expect_texts(test, &acc, row[i].read, row[i].update, row[i].rules);
		kfree(copy);
	}
}

/* Records of EF(ARR) as real cards have them. */
static void access_records(struct kunit *test)
{
	static const struct rule row[] = {
		{ "800101 A406 83010A 950108", "pin 0a", "never" },
		{ "800101 A406 83010A 950108 800106 9000 800160 9700 8401D4 A406 83010A 950108",
		  "pin 0a", "always" },
		{ "800101 9000 800102 9700 800118 A406 83010A 950108", "always", "never" },
		{ "800101 9000 80011A A010 A406 83010A 950108 A406 83010B 950108 FFFFFFFF",
		  "always", "pin 0a or 0b" },
		{ "800103 A406 830101 950108 800158 A406 83010A 950108", "pin 01", "pin 01" },
		{ "800101 A406 830101 950108 800102 A406 830181 950108", "pin 01", "pin 81" },
		{ "800101 9000 800102 A710 A406 830101 950108 A406 830181 950108", "always",
		  "pin 01 and 81" },
	};

	check_rules(test, row, ARRAY_SIZE(row));
}

/* Conditions that are put together. */
static void access_combined(struct kunit *test)
{
	static const struct rule row[] = {
		/* several behind one access mode, and several rules for one: alternatives */
		{ "800101 A403 830101 A403 83010A", "pin 01 or 0a", "never" },
		{ "800101 A403 830101 800101 A403 83010A", "pin 01 or 0a", "never" },
		{ "800101 A403 830101 800103 9000", "always", "always" },
		{ "800101 A403 830101 800103 9700", "pin 01", "never" },
		/* the same PIN twice is one */
		{ "800101 A00A A403 830101 A403 830101", "pin 01", "never" },
		{ "800101 A70A A403 830101 A403 830101", "pin 01", "never" },
		/* always and never swallow, or vanish */
		{ "800101 A007 A403 830101 9000", "always", "never" },
		{ "800101 A007 A403 830101 9700", "pin 01", "never" },
		{ "800101 A707 A403 830101 9000", "pin 01", "never" },
		{ "800101 A707 A403 830101 9700", "never", "never" },
		/* nested: what is still a plain list, and what is not */
		{ "800101 A011 A403 830101 A00A A403 83010A A403 83010B",
		  "pin 01 or 0a or 0b", "never" },
		{ "800101 A00C A70A A403 83010A A403 83010B", "pin 0a and 0b", "never" },
		{ "800101 A011 A403 830101 A70A A403 83010A A403 83010B", "unknown", "never" },
		{ "800101 A711 A403 830101 A00A A403 83010A A403 83010B", "unknown", "never" },
		{ "800101 A70C A70A A403 830101 A403 830181 800102 A403 830101",
		  "pin 01 and 81", "pin 01" },
		/* not: only of what is certain */
		{ "800103 AF02 9000", "never", "never" },
		{ "800103 AF02 9700", "always", "always" },
		{ "800103 AF05 A403 830101", "unknown", "unknown" },
		/* what is not known spoils an alternative, unless it is always so */
		{ "800101 A008 A403 830101 9E0110", "unknown", "never" },
		{ "800101 A005 9000 9E0110", "always", "never" },
		{ "800101 A705 9700 9E0110", "never", "never" },
	};

	check_rules(test, row, ARRAY_SIZE(row));
}

/* What a PIN alone does not fulfil, and what is said of commands. */
static void access_not_a_pin(struct kunit *test)
{
	static const struct rule row[] = {
		/* external authentication; two keys; no key; secure messaging */
		{ "800101 A406 830101 950180", "unknown", "never" },
		{ "800101 A406 830101 950108", "pin 01", "never" },
		{ "800101 A406 830101 83010A", "unknown", "never" },
		{ "800101 A403 950108", "unknown", "never" },
		{ "800101 A404 83020101", "unknown", "never" },
		{ "800101 B406 830101 950130", "unknown", "never" },
		/* security condition bytes */
		{ "800101 9E0100 800102 9E01FF", "always", "never" },
		{ "800101 9E0190 800102 9E020000", "unknown", "unknown" },
		/* no condition at all, empty templates */
		{ "800101 800102 9000", "unknown", "always" },
		{ "800101 A000 800102 A700", "unknown", "unknown" },
		/* command headers: READ BINARY, UPDATE RECORD and SET DATA; others */
		{ "8401B0 9000 8402DCDB A403 83010A", "always", "pin 0a" },
		{ "8401D4 9000", "never", "never" },
		{ "8402CAB3 9000", "always", "never" },
		/* with class or parameters it is a part of them; without INS of any */
		{ "8C02 00B0 9000", "unknown", "never" },
		{ "8C02 B000 9000", "never", "never" },
		{ "8F04 00D60000 9000 800101 9000", "always", "unknown" },
		{ "880180 9000", "unknown", "unknown" },
		/* bits of a DF, proprietary modes */
		{ "800178 9000", "never", "never" },
		{ "9C0101 9000 800101 9000", "always", "never" },
	};

	check_rules(test, row, ARRAY_SIZE(row));
}

static void access_bounds(struct kunit *test)
{
	static const struct rule row[] = {
		/* as deep as is looked, and one deeper, which hides nothing behind it */
		{ "800101 A009 A007 A005 A403830101", "pin 01", "never" },
		{ "800101 A00B A009 A007 A005 A403830101 800102 9000", "unknown", "always" },
		/* records without a rule */
		{ "", "unknown", "unknown", -ENODATA },
		{ "FFFFFFFF", "unknown", "unknown", -ENODATA },
		/* no rules */
		{ "9000", "unknown", "unknown", -EPROTO },
		{ "A403830101 800101 9000", "unknown", "unknown", -EPROTO },
		{ "8000 9000", "unknown", "unknown", -EPROTO },
		{ "8400 9000", "unknown", "unknown", -EPROTO },
		{ "800101 A403 8302", "unknown", "unknown", -EPROTO },
		{ "800101 A403 830201", "unknown", "unknown", -EPROTO },
		{ "800101 A007 A406 830101 9000", "unknown", "unknown", -EPROTO },
		{ "800101 9000 80", "unknown", "unknown", -EPROTO },
	};

	check_rules(test, row, ARRAY_SIZE(row));
}

/* As many PINs as fit, and one more. */
static void access_many_pins(struct kunit *test)
{
	static const char * const any = "pin 01 or 02 or 03 or 04 or 05 or 06 or 07 or 08";
	static const char * const all = "pin 01 and 02 and 03 and 04 and 05 and 06 and 07 and 08";
	u8 raw[5 + 9 * 5] = { 0x80, 0x01, 0x01, 0xa0, 8 * 5 };
	struct uicc_access acc;
	int i;

	for (i = 0; i < 9; i++)
		memcpy(raw + 5 + 5 * i, ((u8[]){ 0xa4, 0x03, 0x83, 0x01, i + 1 }), 5);
	KUNIT_EXPECT_EQ(test, uicc_access_rules(&acc, raw, 5 + 8 * 5), 0);
	expect_texts(test, &acc, any, "never", "8, any");
	raw[3] = 0xa7;
	KUNIT_EXPECT_EQ(test, uicc_access_rules(&acc, raw, 5 + 8 * 5), 0);
	expect_texts(test, &acc, all, "never", "8, all");
	raw[4] = 9 * 5;
	KUNIT_EXPECT_EQ(test, uicc_access_rules(&acc, raw, 5 + 9 * 5), 0);
	expect_texts(test, &acc, "unknown", "never", "9");
}

/* A whole record of nothing but templates: bounded, whatever their number. */
static void access_deep(struct kunit *test)
{
	struct uicc_access acc;
	u8 *raw;
	int i;

	raw = kunit_kzalloc(test, 255, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, raw);
	memcpy(raw, "\x80\x01\x01", 3);
	for (i = 3; i < 131; i += 2) {
		raw[i] = i % 4 == 3 ? 0xa0 : 0xaf;
		raw[i + 1] = 131 - i - 2;
	}
	KUNIT_EXPECT_EQ(test, uicc_access_rules(&acc, raw, 131), 0);
	expect_texts(test, &acc, "unknown", "never", "deep");
	/* and side by side */
	for (i = 3; i < 255; i += 2)
		memcpy(raw + i, "\xa7\x00", 2);
	KUNIT_EXPECT_EQ(test, uicc_access_rules(&acc, raw, 255), 0);
	expect_texts(test, &acc, "unknown", "never", "wide");
}

/* Every cut of a record: refused, or the rules before the cut and nothing else. */
static void access_cut_anywhere(struct kunit *test)
{
	static const char rules[] = "800101 9000 80011A A010 A406 83010A 950108 A406 83010B 950108";
	struct uicc_access acc;
	u8 raw[64], *copy;
	size_t len, i;
	int want;

	len = unhex(test, rules, raw, sizeof(raw));
	for (i = 0; i <= len; i++) {
		copy = kmemdup(raw, i ?: 1, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, copy);
		want = !i ? -ENODATA : i == 3 || i == 5 || i == 8 || i == len ? 0 : -EPROTO;
		KUNIT_EXPECT_EQ_MSG(test, uicc_access_rules(&acc, copy, i), want, "%zu", i);
		expect_texts(test, &acc, want || i == 3 ? "unknown" : "always",
			     want || i == 8 ? "unknown" : i == len ? "pin 0a or 0b" : "never",
			     "cut");
		kfree(copy);
	}
}

struct fcp_rule {
	const char *fcp;
	const char *read;
	const char *update;
	int ret;
};

static void access_of_fcp(struct kunit *test)
{
	static const struct fcp_rule row[] = {
		/* compact: read and update; bits for others before, after and between */
		{ "62 05 8C 03 03 10 00", "always", "unknown", 0 },
		{ "62 04 8C 02 01 00", "always", "never", 0 },
		{ "62 07 8C 05 1B FFFFFF00", "always", "never", 0 },
		{ "62 07 8C 05 7B FFFFFFFF", "unknown", "unknown", -EPROTO },
		{ "62 0A 8C 08 7F 010203040500FF", "never", "always", 0 },
		{ "62 05 8C 03 82 00 00", "never", "always", 0 },
		/* several: alternatives */
		{ "62 07 8C 05 03 FF10 01 00", "always", "never", 0 },
		{ "62 03 8C 01 00", "never", "never", 0 },
		{ "62 02 8C 00", "unknown", "unknown", -ENODATA },
		{ "62 04 8C 02 03 00", "unknown", "unknown", -EPROTO },
		/* expanded, with bytes before and behind it */
		{ "62 12 82 02 4121 AB 08 800101 A403 830101 83 02 6F07", "pin 01", "never", 0 },
		{ "62 02 AB 00", "unknown", "unknown", -ENODATA },
		{ "62 04 AB 02 9000", "unknown", "unknown", -EPROTO },
		/* in EF(ARR); which record without which file does not say */
		{ "62 05 8B 03 6F06 02", "unknown", "unknown", 1 },
		{ "62 03 8B 01 02", "unknown", "unknown", -ENODATA },
		{ "62 05 8B 03 6F06 00", "unknown", "unknown", -ENODATA },
		{ "62 04 82 02 4121", "unknown", "unknown", -ENODATA },
		/* twice: the last counts */
		{ "62 09 8B 03 6F06 02 8C 02 01 00", "always", "never", 0 },
		{ "62 0A AB 05 800101 9000 8C 01 00", "never", "never", 0 },
	};
	struct uicc_access acc;
	struct uicc_fcp fcp;
	u8 raw[64], *copy;
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		len = unhex(test, row[i].fcp, raw, sizeof(raw));
		copy = kmemdup(raw, len, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, copy);
		KUNIT_ASSERT_EQ_MSG(test, uicc_fcp_parse(&fcp, copy, len), 0, "%s", row[i].fcp);
		KUNIT_EXPECT_EQ_MSG(test, uicc_access_fcp(&acc, &fcp, copy, len), row[i].ret,
				    "%s", row[i].fcp);
		expect_texts(test, &acc, row[i].read, row[i].update, row[i].fcp);
		kfree(copy);
	}
	/* not the bytes that were parsed: nothing behind them is looked at */
	len = unhex(test, "62 12 82 02 4121 83 02 6F07 AB 08 800101 A403 830101", raw, sizeof(raw));
	KUNIT_ASSERT_EQ(test, uicc_fcp_parse(&fcp, raw, len), 0);
	for (i = 0; i < len; i++)
		KUNIT_EXPECT_EQ(test, uicc_access_fcp(&acc, &fcp, raw, i), -ENODATA);
}

/* Every access mode byte with every number of conditions behind it. */
static void access_compact_cut_anywhere(struct kunit *test)
{
	struct uicc_fcp fcp = { .security = UICC_SECURITY_COMPACT };
	struct uicc_access acc;
	unsigned int am, n;
	int want;
	u8 *raw;

	for (am = 0; am < 256; am++) {
		for (n = 0; n <= 8; n++) {
			raw = kzalloc(1 + n, GFP_KERNEL);
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, raw);
			raw[0] = am;
			fcp.rules.len = 1 + n;
			want = n < hweight8(am & 0x7f) ? -EPROTO : 0;
			KUNIT_EXPECT_EQ(test, uicc_access_fcp(&acc, &fcp, raw, 1 + n), want);
			expect_texts(test, &acc, want ? "unknown" : am & 1 ? "always" : "never",
				     want ? "unknown" : am & 2 ? "always" : "never", "cut");
			kfree(raw);
		}
	}
}

static void access_2g(struct kunit *test)
{
	static const struct {
		u8 access;
		const char *read;
		const char *update;
	} row[] = {
		{ 0x0f, "always", "never" }, { 0x12, "pin 01", "pin 02" },
		{ 0x34, "unknown", "unknown" }, { 0xe1, "unknown", "pin 01" },
		{ 0xf0, "never", "always" },
	};
	struct uicc_fcp fcp = { .security = UICC_SECURITY_2G };
	struct uicc_access acc;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		fcp.access[0] = row[i].access;
		KUNIT_EXPECT_EQ(test, uicc_access_fcp(&acc, &fcp, NULL, 0), 0);
		expect_texts(test, &acc, row[i].read, row[i].update, "2G");
	}
}

static int pins(struct kunit *test, struct uicc_pins *pins, const char *hex)
{
	struct uicc_fcp fcp;
	u8 raw[128], *copy;
	size_t len;
	int ret;

	len = unhex(test, hex, raw, sizeof(raw));
	copy = kmemdup(raw, len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, copy);
	KUNIT_ASSERT_EQ_MSG(test, uicc_fcp_parse(&fcp, copy, len), 0, "%s", hex);
	ret = uicc_pins_fcp(pins, &fcp, copy, len);
	kfree(copy);
	return ret;
}

/* PIN status templates of real cards. */
static void pins_status(struct kunit *test)
{
	struct uicc_pins p;

	/* PIN1 is disabled, ADM1 is not */
	KUNIT_ASSERT_EQ(test, pins(test, &p, "6210 8B032F060C C609 900140 830101 83010A"), 0);
	KUNIT_ASSERT_EQ(test, p.n, 2);
	KUNIT_EXPECT_EQ(test, p.pin[0].ref, 0x01);
	KUNIT_EXPECT_FALSE(test, p.pin[0].enabled);
	KUNIT_EXPECT_EQ(test, p.pin[1].ref, 0x0a);
	KUNIT_EXPECT_TRUE(test, p.pin[1].enabled);
	KUNIT_EXPECT_EQ(test, p.pin[1].usage, 0x08);
	KUNIT_EXPECT_EQ(test, p.pin[1].tries, UICC_FCP_TRIES_UNKNOWN);

	KUNIT_ASSERT_EQ(test, pins(test, &p, "62 11 C60F 900170 830101 830181 83010A 83010B"), 0);
	KUNIT_ASSERT_EQ(test, p.n, 4);
	KUNIT_EXPECT_FALSE(test, p.pin[0].enabled);
	KUNIT_EXPECT_TRUE(test, p.pin[1].enabled);
	KUNIT_EXPECT_EQ(test, p.pin[1].ref, 0x81);
	KUNIT_EXPECT_TRUE(test, p.pin[3].enabled);

	/* a usage qualifier is that of the next key alone */
	KUNIT_ASSERT_EQ(test, pins(test, &p, "62 11 C60F 9001C0 950100 830111 830101 000000"), 0);
	KUNIT_ASSERT_EQ(test, p.n, 2);
	KUNIT_EXPECT_EQ(test, p.pin[0].ref, 0x11);
	KUNIT_EXPECT_EQ(test, p.pin[0].usage, 0x00);
	KUNIT_EXPECT_EQ(test, p.pin[1].usage, 0x08);
	KUNIT_EXPECT_TRUE(test, p.pin[1].enabled);
}

static void pins_odd(struct kunit *test)
{
	char hex[2 * (4 + 4 + 3 * 17) + 1] = "6239C63790020180";
	struct uicc_pins p;
	int i;

	KUNIT_EXPECT_EQ(test, pins(test, &p, "62 04 8202 7821"), -ENODATA);
	KUNIT_EXPECT_EQ(test, pins(test, &p, "62 02 C600"), -ENODATA);
	/* no key reference; no bit for the second one, none at all */
	KUNIT_EXPECT_EQ(test, pins(test, &p, "62 05 C603 9001FF"), 0);
	KUNIT_EXPECT_EQ(test, p.n, 0);
	KUNIT_EXPECT_EQ(test, pins(test, &p, "62 08 C606 9000 83010A 9500"), -EPROTO);
	KUNIT_EXPECT_EQ(test, pins(test, &p, "62 07 C605 9000 83010A"), 0);
	KUNIT_ASSERT_EQ(test, p.n, 1);
	KUNIT_EXPECT_FALSE(test, p.pin[0].enabled);
	/* a key reference of two bytes is none */
	KUNIT_EXPECT_EQ(test, pins(test, &p, "62 09 C607 9001FF 8302010A"), 0);
	KUNIT_EXPECT_EQ(test, p.n, 0);
	KUNIT_EXPECT_EQ(test, pins(test, &p, "62 07 C605 9001FF 8301"), -EPROTO);
	/* seventeen, of which sixteen are kept; bits go on in the second byte */
	for (i = 0; i < 17; i++)
		sprintf(hex + strlen(hex), "8301%02x", i + 1);
	KUNIT_EXPECT_EQ(test, pins(test, &p, hex), 0);
	KUNIT_ASSERT_EQ(test, p.n, UICC_PINS_MAX);
	for (i = 0; i < UICC_PINS_MAX; i++)
		KUNIT_EXPECT_EQ(test, p.pin[i].enabled, i == 7 || i == 8);
}

static void pins_cut_anywhere(struct kunit *test)
{
	struct uicc_fcp fcp = { .pins = { .at = 0 } };
	struct uicc_pins p;
	u8 raw[16], *copy;
	size_t len, i;

	len = unhex(test, "900140 830101 83010A", raw, sizeof(raw));
	for (i = 0; i <= len; i++) {
		copy = kmemdup(raw, i ?: 1, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, copy);
		fcp.pins.len = i;
		KUNIT_EXPECT_EQ(test, uicc_pins_fcp(&p, &fcp, copy, i),
				!i ? -ENODATA : i % 3 ? -EPROTO : 0);
		/* a part that is not all there is not looked at */
		fcp.pins.len = i + 1;
		KUNIT_EXPECT_EQ(test, uicc_pins_fcp(&p, &fcp, copy, i), -ENODATA);
		kfree(copy);
	}
}

static void pins_of_2g(struct kunit *test)
{
	u8 df[22] = {
		[4] = 0x3f, [6] = 0x01, [12] = 9, [13] = 0x13, [18] = 0x83, [19] = 0x8a,
		[20] = 0x82, [21] = 0x8a,
	};
	struct uicc_pins p;
	size_t i;

	for (i = 0; i < 19; i++)
		KUNIT_EXPECT_EQ(test, uicc_pins_2g(&p, df, i), -ENODATA);
	KUNIT_ASSERT_EQ(test, uicc_pins_2g(&p, df, 20), 0);
	KUNIT_EXPECT_EQ(test, p.n, 1);
	KUNIT_ASSERT_EQ(test, uicc_pins_2g(&p, df, 22), 0);
	KUNIT_ASSERT_EQ(test, p.n, 2);
	KUNIT_EXPECT_EQ(test, p.pin[0].ref, 0x01);
	KUNIT_EXPECT_TRUE(test, p.pin[0].enabled);
	KUNIT_EXPECT_EQ(test, p.pin[0].tries, 3);
	KUNIT_EXPECT_EQ(test, p.pin[1].ref, 0x02);
	KUNIT_EXPECT_TRUE(test, p.pin[1].enabled);
	KUNIT_EXPECT_EQ(test, p.pin[1].tries, 2);
	/* CHV1 is disabled, CHV2 is not there; a DF; an EF */
	df[13] |= 0x80;
	df[20] = 0x02;
	df[6] = 0x02;
	KUNIT_ASSERT_EQ(test, uicc_pins_2g(&p, df, 22), 0);
	KUNIT_EXPECT_EQ(test, p.n, 1);
	KUNIT_EXPECT_FALSE(test, p.pin[0].enabled);
	df[6] = 0x04;
	KUNIT_EXPECT_EQ(test, uicc_pins_2g(&p, df, 22), -ENODATA);
}

static struct kunit_case access_cases[] = {
	KUNIT_CASE(access_records),
	KUNIT_CASE(access_combined),
	KUNIT_CASE(access_not_a_pin),
	KUNIT_CASE(access_bounds),
	KUNIT_CASE(access_many_pins),
	KUNIT_CASE(access_deep),
	KUNIT_CASE(access_cut_anywhere),
	KUNIT_CASE(access_of_fcp),
	KUNIT_CASE(access_compact_cut_anywhere),
	KUNIT_CASE(access_2g),
	KUNIT_CASE(pins_status),
	KUNIT_CASE(pins_odd),
	KUNIT_CASE(pins_cut_anywhere),
	KUNIT_CASE(pins_of_2g),
	{}
};

static struct kunit_suite access_suite = {
	.name = "uicc_access",
	.test_cases = access_cases,
};

kunit_test_suite(access_suite);
