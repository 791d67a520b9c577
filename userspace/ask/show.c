// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A question in words. Everything shown passes text_printable(): a card or server
 * cannot move the cursor or forge a line.
 */
#include <stdio.h>

#include "ask/options.h"
#include "util/text.h"

#define EDGE "            | "	/* in front of what did not fit the line before */
#define EDGE_COLUMNS 14
#define COLUMNS_MIN 40

/* Bytes of a line's beginning that fit @room columns; after a blank where there is one. */
static size_t line_fit(const char *s, size_t n, unsigned int room)
{
	size_t at = 0, blank = 0, k;
	unsigned int used = 0;
	uint32_t cp;

	while (at < n) {
		k = text_char(slice_of(s + at, n - at), &cp);
		used += cp >= 0x1100 ? 2 : 1;	/* at most */
		if (used > room)
			return blank ? blank : at;
		at += k;
		if (cp == ' ')
			blank = at;
	}
	return n;
}

/*
 * On a terminal a line is ended before the terminal does it: what begins at its
 * edge is ours, however many blanks a server sends.
 */
static void print_clean(const char *before, const char *text, unsigned int columns)
{
	char clean[UNL_TEXT_MAX];
	size_t n = text_printable(slice_str(text), clean, sizeof(clean)), at = 0, k;

	if (columns && columns < COLUMNS_MIN)
		columns = COLUMNS_MIN;
	do {
		k = columns ? line_fit(clean + at, n - at, columns - EDGE_COLUMNS - 1) : n;
		printf("%s%.*s\n", at ? EDGE : before, (int)k, clean + at);
		at += k;
	} while (at < n);
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

static void show_choices(const struct unl_question *q, const struct dm_ui_options *o,
			 unsigned int columns)
{
	char number[32];

	for (size_t i = 0; i < q->nchoices; i++) {
		snprintf(number, sizeof(number), "        %c %2zu. ",
			 o->chosen & 1u << i ? '*' : ' ', i + 1);
		print_clean(number, q->choices[i], columns);
	}
}

static const char *input_words(enum dm_ui_input input)
{
	switch (input) {
	case DM_UI_NUMERIC:
		return "a number";
	case DM_UI_DATE:
		return "a date: day, month and year as DDMMYYYY";
	case DM_UI_TIME:
		return "a time of day: hours, minutes and seconds as hhmmss";
	case DM_UI_PHONE:
		return "a phone number";
	case DM_UI_ADDRESS:
		return "an IP address, such as 192.0.2.1";
	default:
		return "any text";
	}
}

static void show_input(const struct dm_ui_options *o)
{
	printf("    type:     %s", input_words(o->input));
	if (o->max_len)
		printf(", at most %u character%s", o->max_len, o->max_len == 1 ? "" : "s");
	puts(o->masked ? "; it is not shown" : "");
}

static void show_default(const struct unl_question *q, const struct dm_ui_options *o,
			 unsigned int columns)
{
	if (q->kind == UNL_KIND_TEXT && o->masked)
		puts("    default:  there is one, not shown");
	else if (q->kind == UNL_KIND_TEXT)
		print_clean("    default:  ", o->text, columns);
	else if (q->kind == UNL_KIND_CONFIRM)
		puts(o->accept ? "    default:  y" : "    default:  n");
	else
		puts(o->chosen ? "    default:  marked *" : "    default:  none of them");
	puts("              an empty line takes it; so does the end of the time");
}

void show_question(const struct unl_question *q, unsigned int columns)
{
	struct dm_ui_options o = options_of(q);

	printf("\n--- question %u: %s\n", q->id, kind_words(q->kind));
	print_clean("    asked by: ", q->origin, columns);
	if (q->slot != ASK_NO_SLOT)
		printf("    slot:     uicc%u\n", q->slot);
	print_clean("    text:     ", q->text, columns);
	if (q->kind == UNL_KIND_PIN)
		show_pin(q);
	show_choices(q, &o, columns);
	if (q->kind == UNL_KIND_TEXT)
		show_input(&o);
	if (o.has_default)
		show_default(q, &o, columns);
	fflush(stdout);
}

void show_prompt(const struct unl_question *q, unsigned int seconds_left)
{
	const char *what = "y or n; c cancels";

	if (q->kind == UNL_KIND_TEXT)
		what = question_secret(q) ? "text, not shown; Esc cancels" : "text; Esc cancels";
	else if (q->kind == UNL_KIND_PIN)
		what = "PIN, not shown";
	else if (q->kind == UNL_KIND_SINGLE_CHOICE)
		what = "number; c cancels";
	else if (q->kind == UNL_KIND_MULTIPLE_CHOICE)
		what = "numbers, 0 for none; c cancels";
	else if (q->kind == UNL_KIND_DISPLAY)
		what = "shown for a while; c closes";
	printf("    (%u s left) %s: ", seconds_left, what);
	fflush(stdout);
}

bool question_secret(const struct unl_question *q)
{
	return q->kind == UNL_KIND_PIN || (q->kind == UNL_KIND_TEXT && options_of(q).masked);
}

bool question_shown_only(const struct unl_question *q)
{
	return q->kind == UNL_KIND_DISPLAY;
}

unsigned int question_min_s(const struct unl_question *q)
{
	return question_shown_only(q) ? options_of(q).min_s : 0;
}
