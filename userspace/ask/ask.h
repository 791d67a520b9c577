/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question to a person on a terminal: what is shown, and what a typed line
 * means. Where the lines come from and where answers go is the program's:
 * dmsc-agent's, or that of a session somebody started by hand.
 */
#ifndef DMSC_ASK_ASK_H
#define DMSC_ASK_ASK_H

#include "kernel/nl.h"
#include "util/slice.h"

/* --- show.c: what the person sees --- */

/* Of a question that is about no slot. */
#define ASK_NO_SLOT UINT32_MAX

/*
 * Prints who asks and what, control characters removed. @columns: of the terminal;
 * what is foreign is set apart from its edge. 0 = no terminal: each on one line.
 */
void show_question(const struct unl_question *q, unsigned int columns);
void show_prompt(const struct unl_question *q, unsigned int seconds_left);

/* Is the answer to be typed without being shown? */
bool question_secret(const struct unl_question *q);
/* Needs nobody's answer: showing it is the answer. */
bool question_shown_only(const struct unl_question *q);
/* ... and to be seen for so many seconds at least (MINDT). */
unsigned int question_min_s(const struct unl_question *q);

/* --- understand.c: what a typed line means --- */

enum typed {
	TYPED_ANSWER,	/* *a is complete */
	TYPED_AGAIN,	/* not understood: said so, prompt again */
};

/* A line that closes the question: Esc for every kind, c where it can be no answer. */
bool line_cancels(const struct unl_question *q, struct slice line);
enum typed line_understand(const struct unl_question *q, struct slice line, struct unl_answer *a);

/* The first of two times that a last try has to be typed; "" = not yet. */
struct pin_first {
	char digits[UNL_PIN_MAX + 1];
};

/* The same for UNL_KIND_PIN. @first: cleared before the question and after it. */
enum typed pin_understand(const struct unl_question *q, struct slice line,
			  struct pin_first *first, struct unl_answer *a);

#endif
