// SPDX-License-Identifier: GPL-2.0-or-later
/* card/indicator and card/plan: the format's rules and the statements T1-T9 that are decisions. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "card/plan.h"
#include "fake_card.h"
#include "util/str.h"
#include "util/text.h"

static struct indicator ind;

/* Parses hex text with blanks. */
static enum indicator_state parse(const char *hex)
{
	struct fake_card c = { 0 };

	fake_card_add_hex(&c, "x", hex);
	indicator_parse(slice_of(c.file[0].data, c.file[0].size), &ind);
	fake_card_free(&c);
	return ind.state;
}

#define CONNECT "E106 C00101 C10101"
#define CONFIRM "E109 C00101 C10101 C20103"

/* Rules: IND-1 IND-2 IND-3 */
static void the_documented_examples(void **state)
{
	assert_int_equal(parse(CONNECT), INDICATOR_VALID);
	assert_true(ind.connect);
	assert_false(ind.every_power_on || ind.ask_incorporate);
	assert_int_equal(ind.ui, INDICATOR_UI_UNSPECIFIED);
	assert_int_equal(parse(CONFIRM), INDICATOR_VALID);
	assert_int_equal(ind.ui, INDICATOR_UI_CONFIRM);
	assert_int_equal(parse("E12F C00101 C10101 C20103 C30E 646D2E6578616D706C652E6E6574"
			       "C414 436F6E6E65637420746F206F70657261746F723F"), INDICATOR_VALID);
	assert_string_equal(ind.text, "Connect to operator?");
	assert_int_equal(ind.nservers, 1);
	assert_true(indicator_covers(&ind, SLICE_LIT("dm.example.net")));
	assert_false(indicator_covers(&ind, SLICE_LIT("dm.example.org")));
	assert_false(indicator_covers(&ind, SLICE_LIT("dm.example.ne")));
	assert_int_equal(parse("FFFFFFFFFF"), INDICATOR_ABSENT);
	assert_int_equal(parse(""), INDICATOR_ABSENT);
}

/* Rules: IND-2 IND-4 IND-6 */
static void fields(void **state)
{
	assert_int_equal(parse("E10A C1012F C00101 C502012C"), INDICATOR_VALID);	/* any order */
	assert_true(ind.connect && ind.every_power_on && ind.ask_incorporate);	/* reserved bits ignored */
	assert_int_equal(ind.timeout_s, 300);
	assert_int_equal(ind.nservers, 0);
	assert_true(indicator_covers(&ind, SLICE_LIT("anyone")));
	assert_int_equal(parse("E109 C00101 C10100 C20100"), INDICATOR_VALID);
	assert_false(ind.connect);
	assert_int_equal(parse("E10B C00101 C10101 C30161 C300"), INDICATOR_MALFORMED);
	assert_int_equal(parse("E10C C00101 C10101 C30161 C30162"), INDICATOR_VALID);
	assert_int_equal(ind.nservers, 2);
	/* unknown fields, one with a long tag */
	assert_int_equal(parse("E10D C00101 C10101 C60199 DF2D0101 FFFF"), INDICATOR_VALID);
}

/* Rules: IND-8 FIND-8 */
static void filling_behind_is_ignored(void **state)
{
	assert_int_equal(parse(CONNECT "FFFF0000FF"), INDICATOR_VALID);
	assert_int_equal(parse(CONNECT "FF01"), INDICATOR_MALFORMED);
	assert_int_equal(parse(CONNECT CONNECT), INDICATOR_MALFORMED);
}

/* Rules: IND-1 IND-3 IND-7 */
static void malformed(void **state)
{
	static const char *const bad[] = {
		"E106 C00102 C10101",		/* version 2 */
		"E106 C00100 C10101",
		"E103 C10101",			/* no version */
		"E103 C00101",			/* no flags */
		"E100",
		"E109 C00101 C00101 C10101",	/* twice */
		"E109 C00101 C10101 C10101",
		"E10C C00101 C10101 C20103 C20103",
		"E10C C00101 C10101 C40161 C40162",
		"E10E C00101 C10101 C5020001 C5020001",
		"E109 C00101 C10101 C20104",	/* unknown ui-mode */
		"E107 C0020101 C10101",		/* wrong lengths */
		"E105 C000 C10101",
		"E107 C00101 C1020101",
		"E10A C00101 C10101 C2020303",
		"E109 C00101 C10101 C50105",
		"E10B C00101 C10101 C503000005",
		"E108 C00101 C10101 C400",
		"E108 C00101 C10101 C300",
		"E109 C00101 C10101 C3010A",	/* control character in a server id */
		"E10A C00101 C10101 C302C3FF",	/* no UTF-8 */
		"E106 C00101 C10201",		/* inner beyond outer */
		"E107 C00101 C10101",		/* outer beyond the file */
		"E180 C00101 C10101 0000",	/* indefinite */
		"E18106 C00101 C10101",		/* not the shortest length */
		"E107 C00101 C1810101",
		"C00101 C10101",		/* no outer object */
		"FFE106 C00101 C10101",
		"E1",
		"E1820200",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i]) != INDICATOR_MALFORMED)
			fail_msg("taken: %s", bad[i]);
		assert_non_null(ind.reason);
		/* nothing of it is believed */
		assert_false(ind.connect || ind.every_power_on || ind.ask_incorporate);
		assert_int_equal(ind.nservers, 0);
	}
}

/* Rules: IND-7 */
static void size_limits(void **state)
{
	uint8_t raw[600];
	size_t len;

	memset(raw, 0, sizeof(raw));
	/* E1 82 LL LL C0 01 01 C1 01 01 C9 82 LL LL ... */
	for (len = 511; len <= 513; len++) {
		size_t outer = len - 4, inner = outer - 6 - 4;

		memcpy(raw, (uint8_t[]){ 0xe1, 0x82, (uint8_t)(outer >> 8), (uint8_t)outer, 0xc0, 1,
					 1, 0xc1, 1, 1, 0xc9, 0x82, (uint8_t)(inner >> 8),
					 (uint8_t)inner }, 14);
		indicator_parse(slice_of(raw, len), &ind);
		assert_int_equal(ind.state, len <= 512 ? INDICATOR_VALID : INDICATOR_MALFORMED);
	}
	/* text: 120 bytes fit, 121 do not */
	for (len = 120; len <= 121; len++) {
		memset(raw, 'a', sizeof(raw));
		memcpy(raw, (uint8_t[]){ 0xe1, 0x81, (uint8_t)(len + 8), 0xc0, 1, 1, 0xc1, 1, 1, 0xc4,
					 (uint8_t)len }, 11);
		indicator_parse(slice_of(raw, len + 11), &ind);
		assert_int_equal(ind.state, len == 120 ? INDICATOR_VALID : INDICATOR_MALFORMED);
	}
	assert_int_equal(ind.text[0], 0);
}

static void truncated_everywhere(void **state)
{
	static const char hex[] = "E10CC00101C10101C20103C30161";
	char cut[sizeof(hex)];
	size_t n;

	for (n = 2; n < sizeof(hex) - 1; n += 2) {
		memcpy(cut, hex, n);
		cut[n] = 0;
		assert_int_equal(parse(cut), INDICATOR_MALFORMED);
	}
	assert_int_equal(parse(hex), INDICATOR_VALID);
}

/* Rules: IND-5 OPEN-15 */
static void text_loses_what_could_deceive(void **state)
{
	struct buf esc = BUF_INIT;
	char out[32];

	/* ESC, BEL, newline, right-to-left override U+202E, a stray byte, U+00E4 kept */
	assert_int_equal(parse("E117 C00101 C10101 C40F 1B5B6D 41 0A07 E280AE 42 C3A4 FF 43 7F"),
			 INDICATOR_VALID);
	assert_string_equal(ind.text, "[mAB\xc3\xa4" "C");
	assert_int_equal(text_printable(SLICE_LIT("\xc0\xaf\xed\xa0\x80\xf8\xf4\x90\x80\x80 x"), out, sizeof(out)), 2);
	assert_string_equal(out, " x");
	/* cut between characters, never inside one */
	assert_int_equal(text_printable(SLICE_LIT("a\xc3\xa4\xc3\xa4"), out, 5), 3);
	assert_string_equal(out, "a\xc3\xa4");
	assert_int_equal(text_printable(SLICE_LIT("abc"), out, 1), 0);
	text_escape(&esc, SLICE_LIT("a\xc3\xa4\n\xc2\x9b\xff\xe2\x80\xaey"));
	assert_string_equal(buf_cstr(&esc), "a\xc3\xa4\\x0a\\xc2\\x9b\\xff\\xe2\\x80\\xaey");
	buf_fini(&esc);
}

enum how { LESS, MORE, NONE, HUGE1, HUGE4, INDEFINITE, LONG_FORM, REMOVED, DOUBLED, NESTED, HOWS, GOOD };

/* An element in hex, in one of the wrong forms. */
static void element(struct buf *out, const char *tag, const char *content, enum how how)
{
	static const char *const lengths[] = { [NONE] = "00", [HUGE1] = "FF", [HUGE4] = "84FFFFFFFF",
					       [INDEFINITE] = "80" };
	unsigned int len = (unsigned int)strlen(content) / 2;

	if (how == REMOVED)
		return;
	if (how == NESTED)
		buf_printf(out, "%s%02X", tag, len + 2);
	if (how >= NONE && how <= INDEFINITE)
		buf_printf(out, "%s%s%s", tag, lengths[how], content);
	else
		buf_printf(out, "%s%s%02X%s", tag, how == LONG_FORM ? "81" : "",
			   how == LESS ? len - 1 : how == MORE ? len + 1 : len, content);
	if (how == DOUBLED)
		buf_printf(out, "%s%02X%s", tag, len, content);
}

/*
 * Each element of a good indicator in each wrong form, and what may be left out or said
 * twice.
 */
/* Rules: IND-7 */
static void every_element_broken_in_every_way(void **state)
{
	static const struct {
		const char *tag, *content;
	} fields[] = {
		{ "C0", "01" }, { "C1", "05" }, { "C2", "03" }, { "C3", "61622E63" },
		{ "C4", "676F3F21" }, { "C5", "003C" },
	};
	struct buf body = BUF_INIT, all = BUF_INIT;
	size_t bad, i;
	enum how how;
	bool good;

	for (bad = 0; bad < 7; bad++) {
		for (how = LESS; how < HOWS; how++) {
			buf_reset(&body);
			buf_reset(&all);
			for (i = 0; i < 6; i++)
				element(&body, fields[i].tag, fields[i].content, i == bad ? how : GOOD);
			element(&all, "E1", buf_cstr(&body), bad == 6 ? how : GOOD);
			if (bad == 6 && how == REMOVED)
				buf_put_slice(&all, buf_slice(&body));
			buf_put_str(&all, "FFFF");
			/* An optional field may be missing, a server may be named twice; text is text. */
			good = (how == REMOVED && bad >= 2 && bad < 6) || (how == DOUBLED && bad == 3) ||
			       (how == NESTED && bad == 4);
			if (parse(buf_cstr(&all)) != (good ? INDICATOR_VALID : INDICATOR_MALFORMED))
				fail_msg("%s: %s", buf_cstr(&all), good ? ind.reason : "taken");
		}
	}
	buf_fini(&body);
	buf_fini(&all);
}

/* Every character that moves a cursor, turns the text or is not seen, and some that must stay. */
/* Rules: IND-5 OPEN-15 */
static void characters_of_the_text(void **state)
{
	static const struct {
		uint32_t first, last;
		bool stays;
	} rows[] = {
		{ 0x01, 0x1f, false }, { 0x20, 0x7e, true }, { 0x7f, 0x9f, false },	/* C0, DEL, C1 */
		{ 0xa0, 0xac, true }, { 0xad, 0xad, false }, { 0xae, 0x2ff, true },	/* soft hyphen */
		{ 0x61c, 0x61c, false }, { 0x180e, 0x180e, false },
		{ 0x200a, 0x200a, true }, { 0x200b, 0x200f, false }, { 0x2010, 0x2027, true },
		{ 0x2028, 0x202e, false },	/* line and paragraph end, embeddings, overrides */
		{ 0x202f, 0x205f, true }, { 0x2060, 0x206f, false },	/* with the isolates */
		{ 0x2070, 0x20cf, true }, { 0xe4, 0xe4, true }, { 0x4e00, 0x4e10, true },
		{ 0xd800, 0xdfff, false },	/* surrogates are no characters */
		{ 0xfeff, 0xfeff, false }, { 0xfff9, 0xfffb, false }, { 0x1f600, 0x1f610, true },
		{ 0xe0000, 0xe007f, false }, { 0x10ffff, 0x10ffff, true }, { 0x110000, 0x110010, false },
	};
	uint8_t raw[32];
	uint32_t cp;
	size_t i, n;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (cp = rows[i].first; cp <= rows[i].last; cp++) {
			uint8_t *c = raw + 10;

			n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
			if (n == 1)
				c[0] = (uint8_t)cp;
			else if (n == 2)
				memcpy(c, (uint8_t[]){ 0xc0 | cp >> 6, 0x80 | (cp & 0x3f) }, 2);
			else if (n == 3)
				memcpy(c, (uint8_t[]){ 0xe0 | cp >> 12, 0x80 | (cp >> 6 & 0x3f),
						       0x80 | (cp & 0x3f) }, 3);
			else
				memcpy(c, (uint8_t[]){ 0xf0 | cp >> 18, 0x80 | (cp >> 12 & 0x3f),
						       0x80 | (cp >> 6 & 0x3f), 0x80 | (cp & 0x3f) }, 4);
			c[n] = '!';
			memcpy(raw, (uint8_t[]){ 0xe1, (uint8_t)(9 + n), 0xc0, 1, 1, 0xc1, 1, 1, 0xc4,
						 (uint8_t)(n + 1) }, 10);
			indicator_parse(slice_of(raw, 11 + n), &ind);
			/* it never makes an indicator malformed: an issuer's typo must not stop a card */
			assert_int_equal(ind.state, INDICATOR_VALID);
			if (strlen(ind.text) != (rows[i].stays ? n + 1 : 1))
				fail_msg("U+%04X %s", cp, rows[i].stays ? "is lost" : "stays");
		}
	}
	/* a text of nothing else is none */
	assert_int_equal(parse("E10B C00101 C10101 C403 E280AE"), INDICATOR_VALID);
	assert_string_equal(ind.text, "");
	/* the same characters in a server id: nobody could tell which one was meant */
	assert_int_equal(parse("E10B C00101 C10101 C303 E280AE"), INDICATOR_MALFORMED);
	assert_int_equal(parse("E10A C00101 C10101 C302 C29B"), INDICATOR_MALFORMED);
}

static struct indicator from_card(struct fake_card *c, struct pkcs15_object *o, int want)
{
	struct card_reader rd = fake_card_reader(c);

	assert_int_equal(indicator_read(&rd, o, &ind), want);
	return ind;
}

#define FF32 "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"

static void reading(void **state)
{
	struct pkcs15_object o = { .path = "3f00.6433" };
	struct fake_card c = { 0 };

	fake_card_add_hex(&c, o.path, CONFIRM "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
			  "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
			  "FFFFFFFFFFFFFFFFFFFFFFFF");
	from_card(&c, &o, 0);
	assert_int_equal(ind.state, INDICATOR_VALID);
	assert_int_equal(c.reads, 1);
	assert_int_equal(c.bytes, 64);
	fake_card_free(&c);

	/* longer than the first read: exactly the rest is fetched */
	fake_card_add_hex(&c, o.path, "E148 C00101 C10101 C440"
			  "61616161616161616161616161616161616161616161616161616161616161616161616161"
			  "616161616161616161616161616161616161616161616161616161 FFFFFFFF");
	from_card(&c, &o, 0);
	assert_int_equal(ind.state, INDICATOR_VALID);
	assert_int_equal(c.reads, 2);
	assert_int_equal(c.bytes, 2 + 0x48);
	fake_card_free(&c);

	/* an erased beginning is no erased file: what stands behind it makes it malformed */
	fake_card_add_hex(&c, o.path, FF32 FF32 "E106 C00101 C10101");
	from_card(&c, &o, 0);
	assert_int_equal(ind.state, INDICATOR_MALFORMED);
	fake_card_free(&c);
	fake_card_add_hex(&c, o.path, FF32 FF32 FF32);
	from_card(&c, &o, 0);
	assert_int_equal(ind.state, INDICATOR_ABSENT);
	fake_card_free(&c);

	/* Path.length ends before the object does */
	fake_card_add_hex(&c, o.path, CONFIRM);
	o.len = 8;
	from_card(&c, &o, 0);
	assert_int_equal(ind.state, INDICATOR_MALFORMED);
	o.len = 0;
	fake_card_free(&c);
}

/* Rules: DECISION-6 */
static void unreadable_is_not_absent(void **state)
{
	static const int errors[] = { -EACCES, -ETIMEDOUT, -EPROTO, -ENOENT, -EPERM };
	struct pkcs15_object o = { .path = "3f00.6433" };
	struct fake_card c = { 0 };
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_card_add_error(&c, o.path, errors[i]);
		from_card(&c, &o, 0);
		assert_int_equal(ind.state, INDICATOR_UNREADABLE);
		assert_int_equal(ind.err, errors[i]);
		assert_non_null(ind.reason);
		fake_card_free(&c);
	}
	fake_card_add_error(&c, o.path, -ENODEV);
	from_card(&c, &o, -ENODEV);
	fake_card_free(&c);
}

/* --- the two gates ------------------------------------------------------- */

static enum plan_verdict verdict(const char *hex, struct plan_input in)
{
	const char *why = NULL;
	enum plan_verdict v;

	parse(hex);
	in.ind = &ind;
	if (!in.server_id.p)
		in.server_id = SLICE_LIT("dm.example.net");
	v = plan_session(&in, &why);
	assert_non_null(why);
	return v;
}

#define BOOTED .bootstrapped = true
#define VERDICT(hex, ...) verdict(hex, (struct plan_input){ __VA_ARGS__ })

/* Rules: CHECK-1 */
static void T1_connect(void **state)
{
	assert_int_equal(VERDICT(CONNECT, BOOTED), PLAN_SESSION);
	assert_int_equal(VERDICT("E109 C00101 C10101 C20101", BOOTED), PLAN_SESSION);
	assert_int_equal(VERDICT("E109 C00101 C10101 C20102", BOOTED), PLAN_SESSION_NOTICE);
}

/* Rules: CHECK-2 USE-1 */
static void T2_confirm(void **state)
{
	assert_int_equal(VERDICT(CONFIRM, BOOTED), PLAN_SESSION_ASK);
}

/* Rules: CHECK-3 DECISION-4 */
static void T3_refusal_is_remembered_the_rest_is_not(void **state)
{
	assert_int_equal(VERDICT(CONFIRM, BOOTED, .past = PLAN_PAST_REFUSED), PLAN_NO_SESSION);
	assert_int_equal(VERDICT(CONFIRM, BOOTED, .past = PLAN_PAST_PENDING), PLAN_SESSION_ASK);
}

/* Rules: CHECK-4 OPEN-3 */
static void T4_no_indicator_or_not_connect(void **state)
{
	assert_int_equal(VERDICT("FF", BOOTED), PLAN_NO_SESSION);
	assert_int_equal(VERDICT("E106 C00101 C10100", BOOTED), PLAN_NO_SESSION);
	assert_int_equal(VERDICT("FF", BOOTED, .connect_without_indicator = true), PLAN_SESSION);
	assert_int_equal(VERDICT("FF", BOOTED, .cp_init = true), PLAN_SESSION);
	/* the EF decides when both exist */
	assert_int_equal(VERDICT("E106 C00101 C10100", BOOTED, .cp_init = true,
				 .connect_without_indicator = true), PLAN_NO_SESSION);
	assert_int_equal(VERDICT(CONFIRM, BOOTED, .cp_init = true), PLAN_SESSION_ASK);
}

/* Rules: CHECK-5 */
static void T5_no_account_no_session(void **state)
{
	assert_int_equal(VERDICT(CONNECT, .bootstrapped = false), PLAN_NO_SESSION);
	assert_int_equal(VERDICT(CONFIRM, .cp_init = true, .connect_without_indicator = true),
			 PLAN_NO_SESSION);
}

/* Rules: CHECK-6 */
static void T6_confirm_without_connect(void **state)
{
	assert_int_equal(VERDICT("E109 C00101 C10100 C20103", BOOTED), PLAN_NO_SESSION);
}

/* Rules: CHECK-8 DECISION-6 */
static void T8_malformed_fails_closed(void **state)
{
	struct plan_input in = { BOOTED, .ind = &ind, .cp_init = true,
				 .connect_without_indicator = true,
				 .server_id = SLICE_LIT("dm.example.net") };
	const char *why;

	assert_int_equal(VERDICT("E106 C00102 C10101", BOOTED, .cp_init = true,
				 .connect_without_indicator = true), PLAN_NO_SESSION);
	assert_int_equal(plan_incorporate(&ind, false, false), PLAN_ASK);
	ind.state = INDICATOR_UNREADABLE;
	assert_int_equal(plan_session(&in, &why), PLAN_NO_SESSION);
	assert_int_equal(plan_incorporate(&ind, false, false), PLAN_ASK);
}

/* Rules: CHECK-9 OPEN-4 */
static void T9_once_per_content_or_every_power_on(void **state)
{
	static const char every[] = "E106 C00101 C10103";

	assert_int_equal(VERDICT(CONNECT, BOOTED, .past = PLAN_PAST_DONE), PLAN_NO_SESSION);
	assert_int_equal(VERDICT(CONNECT, BOOTED, .past = PLAN_PAST_PENDING), PLAN_SESSION);
	assert_int_equal(VERDICT(every, BOOTED, .past = PLAN_PAST_DONE), PLAN_SESSION);
	assert_int_equal(VERDICT(every, BOOTED, .past = PLAN_PAST_DONE,
				 .done_in_this_power_on = true), PLAN_NO_SESSION);
	/* a refusal outlives power-ons */
	assert_int_equal(VERDICT(every, BOOTED, .past = PLAN_PAST_REFUSED), PLAN_NO_SESSION);
}

/* Rules: OPEN-2 IND-4 */
static void named_servers_only(void **state)
{
	static const char named[] = "E109 C00101 C10101 C30161";

	assert_int_equal(VERDICT(named, BOOTED, .server_id = SLICE_LIT("a")), PLAN_SESSION);
	assert_int_equal(VERDICT(named, BOOTED, .server_id = SLICE_LIT("b")), PLAN_NO_SESSION);
}

/* Rules: RD-1 RD-2 DECISION-4 */
static void gate_before_incorporating(void **state)
{
	parse("E106 C00101 C10105");	/* connect, ask before taking over data */
	assert_int_equal(plan_incorporate(&ind, false, false), PLAN_ASK);
	assert_int_equal(plan_incorporate(&ind, false, true), PLAN_GO);
	assert_int_equal(plan_incorporate(&ind, true, false), PLAN_REFUSED);
	parse(CONFIRM);	/* asks before the session, not before the data */
	assert_int_equal(plan_incorporate(&ind, false, false), PLAN_GO);
	parse("FF");
	assert_int_equal(plan_incorporate(&ind, true, false), PLAN_GO);
}

/* Where it begins, for who shows a card: the element, or 0 for the whole. */
static void what_is_wrong_has_a_place(void **state)
{
	static const struct {
		const char *hex;
		size_t at;
	} bad[] = {
		{ "01" CONNECT, 0 }, { "E106 C00102 C10101", 2 }, { "E106 C00101 C00101", 5 },
		{ "E109 C00101 C10101 C20104", 8 }, { "E109 C00101 C10101 C20201", 8 },
		{ "E103 C00101", 0 }, { "E103 C10101", 0 }, { CONNECT CONNECT, 8 },
		{ "E181 06 C00101 C10101", 0 }, { "E107 C00101 C10101 C2", 8 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i].hex), INDICATOR_MALFORMED);
		assert_int_equal(ind.error_at, bad[i].at);
	}
}

#define T(f) cmocka_unit_test(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_documented_examples), T(fields), T(filling_behind_is_ignored), T(malformed),
		T(size_limits), T(truncated_everywhere), T(text_loses_what_could_deceive), T(characters_of_the_text),
		T(every_element_broken_in_every_way),
		T(reading), T(unreadable_is_not_absent), T(T1_connect), T(T2_confirm),
		T(T3_refusal_is_remembered_the_rest_is_not), T(T4_no_indicator_or_not_connect),
		T(T5_no_account_no_session), T(T6_confirm_without_connect),
		T(T8_malformed_fails_closed), T(T9_once_per_content_or_every_power_on),
		T(named_servers_only), T(gate_before_incorporating), T(what_is_wrong_has_a_place),
	};

	return cmocka_run_group_tests_name("indicator", tests, NULL, NULL);
}
