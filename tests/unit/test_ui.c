// SPDX-License-Identifier: GPL-2.0-or-later
/* Options of UI alerts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm/ui.h"

static struct dm_ui_options o;

static const struct dm_ui_options *read_for(unsigned int code, const char *text)
{
	dm_ui_options_parse(slice_str(text), code, 3, &o);
	return &o;
}

static const struct dm_ui_options *read_text(const char *text)
{
	return read_for(DM_UI_TEXT, text);
}

static void is_empty(const char *text)
{
	static const struct dm_ui_options none = { .input = DM_UI_ALPHANUMERIC };

	for (unsigned int code = DM_UI_DISPLAY; code <= DM_UI_CHOICES; code++)
		if (memcmp(read_for(code, text), &none, sizeof(none)))
			fail_msg("%u: %s", code, text);
}

/* Rules: UI-3 UI-18 UI-19 */
static void test_none(void **state)
{
	dm_ui_options_parse(SLICE_NONE, DM_UI_TEXT, 0, &o);
	assert_int_equal(o.min_s + o.max_s + o.max_len, 0);
	is_empty("");
	is_empty("&&&");
	is_empty("=");
	is_empty("MINDT");
	is_empty("MINDT=");
	is_empty("MINDT=x&MAXDT=-1&MAXLEN=1.5&MINDT= 1");
	is_empty("MINDT=99999999999999999999");
	is_empty("MINDT=%3");
	is_empty("MINDT=%zz");
	is_empty("MINDT=%00");
	is_empty("mindt=1&Maxdt=1");
	is_empty("X-ANY=1&Y=%41");
	is_empty("IT=&IT=AN&IT=x&ET=&ET=X&ET=TP");
	is_empty("DR=%ff%fe");
}

/* Rules: UI-18 UI-20 UI-21 UI-25 UI-26 UI-27 */
static void test_fields(void **state)
{
	read_text("MINDT=10&MAXDT=30&MAXLEN=8&IT=N&ET=P&DR=007");
	assert_int_equal(o.min_s, 10);
	assert_int_equal(o.max_s, 30);
	assert_int_equal(o.max_len, 8);
	assert_int_equal(o.input, DM_UI_NUMERIC);
	assert_true(o.masked);
	assert_true(o.has_default);
	assert_string_equal(o.text, "007");
	/* Whatever stands between, and encoded where it need not be. */
	read_text("FOO=1&MINDT=%31%30&&BAR& MAXDT=5 &IT=%44&ET=T");
	assert_int_equal(o.min_s, 10);
	assert_int_equal(o.max_s, 5);
	assert_int_equal(o.input, DM_UI_DATE);
	assert_false(o.masked);
	assert_false(o.has_default);
	/* The last one counts, one that is none does not. */
	assert_int_equal(read_text("MINDT=1&MINDT=2&MINDT=x")->min_s, 2);
	assert_false(read_text("ET=P&ET=T")->masked);
}

/* Rules: UI-26 */
static void test_inputs(void **state)
{
	static const char words[] = "ANDTPI";
	char text[8];

	for (size_t i = 0; words[i]; i++) {
		snprintf(text, sizeof(text), "IT=%c", words[i]);
		assert_int_equal(read_text(text)->input, words[i]);
	}
	assert_int_equal(read_text("")->input, DM_UI_ALPHANUMERIC);
}

/* Rules: UI-20 UI-21 UI-25 */
static void test_bounds(void **state)
{
	char big[4096];

	assert_int_equal(read_text("MINDT=4294967295")->min_s, DM_UI_MAX_S);
	assert_int_equal(read_text("MAXDT=3601")->max_s, DM_UI_MAX_S);
	assert_int_equal(read_text("MAXDT=3600")->max_s, 3600);
	assert_int_equal(read_text("MAXLEN=4294967295")->max_len, DM_UI_MAX_TEXT);
	/* A response of the greatest length, one more, and a string that is too long. */
	snprintf(big, sizeof(big), "DR=%0*d", DM_UI_MAX_DEFAULT, 0);
	assert_int_equal(strlen(read_text(big)->text), DM_UI_MAX_DEFAULT);
	snprintf(big, sizeof(big), "DR=%0*d&MINDT=3", DM_UI_MAX_DEFAULT + 1, 0);
	assert_false(read_text(big)->has_default);
	assert_int_equal(o.min_s, 3);
	snprintf(big, sizeof(big), "MINDT=3&X=%03000d", 0);
	assert_int_equal(read_text(big)->min_s, 0);
}

/* Rules: UI-22 */
static void test_default_of_confirm(void **state)
{
	assert_true(read_for(DM_UI_CONFIRM, "DR=1")->accept);
	assert_true(o.has_default);
	assert_false(read_for(DM_UI_CONFIRM, "DR=0")->accept);
	assert_true(o.has_default);
	assert_false(read_for(DM_UI_CONFIRM, "DR=2")->has_default);
	assert_false(read_for(DM_UI_CONFIRM, "DR=")->has_default);
	assert_false(read_for(DM_UI_DISPLAY, "DR=1")->has_default);
}

/* Rules: UI-18 UI-23 */
static void test_default_text(void **state)
{
	assert_string_equal(read_text("DR=John+Doe%26Co%3D%25%2b")->text, "John Doe&Co=%+");
	assert_string_equal(read_text("DR=a=b")->text, "a=b");
	assert_string_equal(read_text("DR=J%C3%BCrgen")->text, "J\xc3\xbcrgen");
	assert_true(read_text("DR=")->has_default);
	assert_false(read_text("DR=%C3")->has_default);
	assert_false(read_text("DR=a%00b")->has_default);
	assert_false(read_text("DR=a%4")->has_default);
}

/* Rules: UI-24 */
static void test_default_choice(void **state)
{
	assert_int_equal(read_for(DM_UI_CHOICE, "DR=1")->chosen, 1);
	assert_int_equal(read_for(DM_UI_CHOICE, "DR=3")->chosen, 4);
	assert_int_equal(read_for(DM_UI_CHOICES, "DR=2-3")->chosen, 6);
	assert_int_equal(read_for(DM_UI_CHOICES, "DR=3-1-3")->chosen, 5);
	assert_true(o.has_default);
	assert_false(read_for(DM_UI_CHOICE, "DR=2-3")->has_default);
	assert_false(read_for(DM_UI_CHOICE, "DR=0")->has_default);
	assert_false(read_for(DM_UI_CHOICE, "DR=4")->has_default);
	assert_false(read_for(DM_UI_CHOICES, "DR=1-4")->has_default);
	assert_false(read_for(DM_UI_CHOICES, "DR=1-")->has_default);
	assert_false(read_for(DM_UI_CHOICES, "DR=")->has_default);
	assert_int_equal(o.chosen, 0);
	dm_ui_options_parse(SLICE_LIT("DR=1-32"), DM_UI_CHOICES, 32, &o);
	assert_int_equal(o.chosen, 0x80000001);
	dm_ui_options_parse(SLICE_LIT("DR=33"), DM_UI_CHOICES, 40, &o);
	assert_false(o.has_default);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none), cmocka_unit_test(test_fields),
		cmocka_unit_test(test_inputs), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_default_of_confirm), cmocka_unit_test(test_default_text),
		cmocka_unit_test(test_default_choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
