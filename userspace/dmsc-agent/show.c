// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A question in words, and a typed line as an answer. Everything shown passes
 * text_printable(): a card or server cannot move the cursor or forge a line.
 */
#include <stdio.h>

#include "dmsc-agent/agent.h"
#include "util/str.h"
#include "util/text.h"

static void print_clean(const char *before, const char *text)
{
	char clean[UNL_TEXT_MAX];

	text_printable(slice_str(text), clean, sizeof(clean));
	printf("%s%s\n", before, clean);
}

static const char *kind_words(enum unl_kind k)
{
	switch (k) {
	case UNL_KIND_SESSION:
		return "may a device management session start?";
	case UNL_KIND_PROVISION:
		return "may settings from a card be taken over?";
	case UNL_KIND_PIN:
		return "the PIN of a card";
	case UNL_KIND_DISPLAY:
		return "a notice";
	case UNL_KIND_TEXT:
		return "a text to type";
	case UNL_KIND_SINGLE_CHOICE:
		return "one of several choices";
	case UNL_KIND_MULTIPLE_CHOICE:
		return "any of several choices";
	default:
		return "yes or no?";
	}
}

/* What the kernel says of it; the text above is the asker's. */
static void show_pin(const struct unl_question *q)
{
	printf("    PIN:      key reference %02x, ", q->key_ref);
	if (q->retries == UNL_RETRIES_UNKNOWN)
		puts("the card does not say how many tries are left");
	else if (q->retries == 1)
		puts("the LAST try: a wrong one blocks it. Type it twice");
	else
		printf("%u tries left\n", q->retries);
	puts("              4 to 8 digits; an empty line gives none");
}

void show_question(const struct unl_question *q)
{
	char number[32];
	size_t i;

	printf("\n--- question %u: %s\n", q->id, kind_words(q->kind));
	print_clean("    asked by: ", q->origin);
	printf("    slot:     uicc%u\n", q->slot);
	print_clean("    text:     ", q->text);
	if (q->kind == UNL_KIND_PIN)
		show_pin(q);
	for (i = 0; i < q->nchoices; i++) {
		snprintf(number, sizeof(number), "    %4zu. ", i + 1);
		print_clean(number, q->choices[i]);
	}
	fflush(stdout);
}

void show_prompt(const struct unl_question *q, unsigned int seconds_left)
{
	const char *what = "y or n";

	if (q->kind == UNL_KIND_TEXT)
		what = "text";
	else if (q->kind == UNL_KIND_PIN)
		what = "PIN, not shown";
	else if (q->kind == UNL_KIND_SINGLE_CHOICE)
		what = "number";
	else if (q->kind == UNL_KIND_MULTIPLE_CHOICE)
		what = "numbers";
	printf("    (%u s left) %s: ", seconds_left, what);
	fflush(stdout);
}

bool question_secret(const struct unl_question *q)
{
	/* ET=2 of a DM text alert is "obscured" (Protocol 10.3) */
	return q->kind == UNL_KIND_PIN ||
	       (q->kind == UNL_KIND_TEXT && strstr(q->options, "ET=2"));
}

bool question_shown_only(const struct unl_question *q)
{
	return q->kind == UNL_KIND_DISPLAY;
}

static enum typed again(const char *why)
{
	printf("    %s\n", why);
	return TYPED_AGAIN;
}

static enum typed yes_no(struct slice line, struct unl_answer *a)
{
	if (str_eq_nocase(line, "y") || str_eq_nocase(line, "yes"))
		a->outcome = UNL_YES;
	else if (str_eq_nocase(line, "n") || str_eq_nocase(line, "no"))
		a->outcome = UNL_NO;
	else
		return again("please type y or n");
	return TYPED_ANSWER;
}

static enum typed choices(const struct unl_question *q, struct slice line, struct unl_answer *a)
{
	bool taken[UNL_CHOICES_MAX + 1] = { false };
	struct slice word;
	uint32_t n;

	a->nselected = 0;
	while (str_split(&line, ' ', &word)) {
		word = str_trim(word);
		if (word.n == 0)
			continue;
		if (str_parse_u32(word, &n) || n < 1 || n > q->nchoices)
			return again("please type numbers of the list");
		if (!taken[n])
			a->selected[a->nselected++] = n;
		taken[n] = true;
	}
	if (q->kind == UNL_KIND_SINGLE_CHOICE && a->nselected != 1)
		return again("please type one number of the list");
	a->outcome = UNL_YES;
	return TYPED_ANSWER;
}

enum typed line_understand(const struct unl_question *q, struct slice line, struct unl_answer *a)
{
	switch (q->kind) {
	case UNL_KIND_TEXT:
		if (str_copy(a->value, sizeof(a->value), line))
			return again("that is too long");
		a->outcome = UNL_YES;
		return TYPED_ANSWER;
	case UNL_KIND_SINGLE_CHOICE:
	case UNL_KIND_MULTIPLE_CHOICE:
		return choices(q, line, a);
	default:
		return yes_no(str_trim(line), a);
	}
}

static bool is_pin(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n >= UNL_PIN_MIN && s.n <= UNL_PIN_MAX;
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
