// SPDX-License-Identifier: GPL-2.0-or-later
/* A typed line as an answer; what is shown of a question is show.c's. */
#include <arpa/inet.h>
#include <stdio.h>

#include "ask/options.h"
#include "util/str.h"
#include "util/text.h"

#define ESC "\033"

static enum typed again(const char *why)
{
	printf("    %s\n", why);
	return TYPED_AGAIN;
}

/* --- yes or no, choices --- */

static enum typed yes_no(const struct dm_ui_options *o, struct slice line, struct unl_answer *a)
{
	if (line.n == 0 && o->has_default)
		a->outcome = o->accept ? UNL_YES : UNL_NO;
	else if (str_eq_nocase(line, "y") || str_eq_nocase(line, "yes"))
		a->outcome = UNL_YES;
	else if (str_eq_nocase(line, "n") || str_eq_nocase(line, "no"))
		a->outcome = UNL_NO;
	else
		return again("please type y or n");
	return TYPED_ANSWER;
}

static void choose_default(const struct dm_ui_options *o, struct unl_answer *a)
{
	for (uint32_t i = 0; i < UNL_CHOICES_MAX; i++)
		if (o->chosen & 1u << i)
			a->selected[a->nselected++] = i + 1;
}

/* The next number off the front, which blanks or commas part from others. */
static struct slice word_take(struct slice *rest)
{
	size_t from = 0, to;

	while (from < rest->n && strchr(" \t,", rest->p[from]))
		from++;
	for (to = from; to < rest->n && !strchr(" \t,", rest->p[to]); to++)
		;
	*rest = slice_of(rest->p + to, rest->n - to);
	return slice_of(rest->p - (to - from), to - from);
}

static enum typed choices(const struct unl_question *q, const struct dm_ui_options *o,
			  struct slice line, struct unl_answer *a)
{
	bool several = q->kind == UNL_KIND_MULTIPLE_CHOICE, none = several && slice_eq_str(line, "0");
	bool taken[UNL_CHOICES_MAX + 1] = { false };
	struct slice word;
	uint32_t n;

	a->nselected = 0;
	if (line.n == 0 && o->has_default)
		choose_default(o, a);
	while (!none && (word = word_take(&line)).n) {
		if (str_parse_u32(word, &n) || n < 1 || n > q->nchoices)
			return again("please type numbers of the list");
		if (!taken[n])
			a->selected[a->nselected++] = n;
		taken[n] = true;
	}
	if (!several && a->nselected != 1)
		return again("please type one number of the list");
	a->outcome = UNL_YES;
	return TYPED_ANSWER;
}

/* --- text --- */

static bool all_digits(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

static unsigned int two_digits(const uint8_t *p)
{
	return (p[0] - '0') * 10u + (p[1] - '0');
}

/* Of the calendar in use today, also before it came into use. */
static bool is_date(struct slice s)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned int day, month, year, last;

	if (s.n != 8 || !all_digits(s))
		return false;
	day = two_digits(s.p);
	month = two_digits(s.p + 2);
	year = two_digits(s.p + 4) * 100 + two_digits(s.p + 6);
	if (month < 1 || month > 12)
		return false;
	last = days[month - 1];
	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		last = 29;
	return day >= 1 && day <= last;
}

static bool is_time(struct slice s)
{
	return s.n == 6 && all_digits(s) && two_digits(s.p) < 24 && two_digits(s.p + 2) < 60 &&
	       two_digits(s.p + 4) < 60;
}

/* Digits, with a sign in front or one decimal point, as DM Protocol 1.2 allows. */
static bool is_number(struct slice s)
{
	size_t digits = 0, points = 0;

	for (size_t i = s.n && (s.p[0] == '+' || s.p[0] == '-') ? 1 : 0; i < s.n; i++) {
		bool digit = s.p[i] >= '0' && s.p[i] <= '9';

		if (!digit && s.p[i] != '.')
			return false;
		digits += digit;
		points += !digit;
	}
	return digits && points < 2;
}

/* + in front alone; p, w and s are pauses and waits of DM Protocol 1.2, * and # keys. */
static bool is_phone(struct slice s)
{
	size_t digits = 0;

	for (size_t i = s.n && s.p[0] == '+' ? 1 : 0; i < s.n; i++) {
		bool digit = s.p[i] >= '0' && s.p[i] <= '9';

		if (!digit && !(s.p[i] && strchr("pws*#", s.p[i])))
			return false;
		digits += digit;
	}
	return digits;
}

static bool is_address(struct slice s)
{
	struct in_addr v4;
	char text[INET_ADDRSTRLEN];

	return !str_copy(text, sizeof(text), s) && inet_pton(AF_INET, text, &v4) == 1;
}

static size_t characters(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

/* NULL, or what is wrong with it. */
static const char *input_fault(const struct dm_ui_options *o, struct slice s)
{
	switch (o->input) {
	case DM_UI_NUMERIC:
		return is_number(s) ? NULL : "please type a number: digits, a sign in front, one point";
	case DM_UI_DATE:
		return is_date(s) ? NULL : "please type a date that there is, as DDMMYYYY: 24122026";
	case DM_UI_TIME:
		return is_time(s) ? NULL : "please type a time of day as hhmmss: 235959";
	case DM_UI_PHONE:
		return is_phone(s) ? NULL : "please type a phone number: digits, + in front, p w s * #";
	case DM_UI_ADDRESS:
		return is_address(s) ? NULL : "please type an IP address: four numbers with points between";
	default:
		return NULL;
	}
}

static enum typed text(const struct dm_ui_options *o, struct slice line, struct unl_answer *a)
{
	char why[80];
	const char *fault;

	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n == 0 && o->has_default)
		line = slice_str(o->text);
	if (!text_is_printable(line))
		return again("please type text without control characters");
	if (o->input != DM_UI_ALPHANUMERIC)
		line = str_trim(line);
	fault = input_fault(o, line);
	if (fault)
		return again(fault);
	if (o->max_len && characters(line) > o->max_len) {
		snprintf(why, sizeof(why), "please type at most %u characters; that were %zu", o->max_len,
			 characters(line));
		return again(why);
	}
	if (str_copy(a->value, sizeof(a->value), line))
		return again("that is too long");
	a->outcome = UNL_YES;
	return TYPED_ANSWER;
}

/* --- all kinds --- */

bool line_cancels(const struct unl_question *q, struct slice line)
{
	line = str_trim(line);
	if (slice_eq_str(line, ESC))
		return true;
	return q->kind != UNL_KIND_TEXT && q->kind != UNL_KIND_PIN &&
	       (str_eq_nocase(line, "c") || str_eq_nocase(line, "cancel"));
}

enum typed line_understand(const struct unl_question *q, struct slice line, struct unl_answer *a)
{
	struct dm_ui_options o = options_of(q);

	if (line_cancels(q, line)) {
		a->outcome = UNL_CANCELLED;
		return TYPED_ANSWER;
	}
	switch (q->kind) {
	case UNL_KIND_TEXT:
		return text(&o, line, a);
	case UNL_KIND_SINGLE_CHOICE:
	case UNL_KIND_MULTIPLE_CHOICE:
		return choices(q, &o, str_trim(line), a);
	default:
		return yes_no(&o, str_trim(line), a);
	}
}

/* --- PINs --- */

static bool is_pin(struct slice s)
{
	return all_digits(s) && s.n >= UNL_PIN_MIN && s.n <= UNL_PIN_MAX;
}

/* What cannot be right is not presented: a card counts whatever it gets. */
enum typed pin_understand(const struct unl_question *q, struct slice line,
			  struct pin_first *first, struct unl_answer *a)
{
	bool last = q->retries == 1, same;

	line = str_trim(line);
	if (line.n == 0) {
		a->outcome = UNL_NO;
		return TYPED_ANSWER;
	}
	if (line_cancels(q, line)) {
		a->outcome = UNL_CANCELLED;
		return TYPED_ANSWER;
	}
	if (!is_pin(line))
		return again("a PIN has 4 to 8 digits; an empty line gives none");
	if (last && !first->digits[0]) {
		if (str_copy(first->digits, sizeof(first->digits), line))
			return again("that is too long");
		return again("once more: it is the last try");
	}
	same = !last || slice_eq_str(line, first->digits);
	explicit_bzero(first, sizeof(*first));
	if (!same)
		return again("that was not twice the same; type it anew, twice");
	if (str_copy(a->value, sizeof(a->value), line))
		return again("that is too long");
	a->outcome = UNL_YES;
	return TYPED_ANSWER;
}
