/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmsc-agent: the reference agent on a terminal; what its two files share. */
#ifndef DMSC_AGENT_AGENT_H
#define DMSC_AGENT_AGENT_H

#include "kernel/nl.h"

/* --- show.c: what the person sees and what a typed line means --- */

/* Prints who asks and what, control characters removed. */
void show_question(const struct unl_question *q);
void show_prompt(const struct unl_question *q, unsigned int seconds_left);

enum typed {
	TYPED_ANSWER,	/* *a is complete */
	TYPED_AGAIN,	/* not understood: said so, prompt again */
};

/* Is the answer to be typed without being shown? */
bool question_secret(const struct unl_question *q);
/* Needs nobody's answer: showing it is the answer. */
bool question_shown_only(const struct unl_question *q);
enum typed line_understand(const struct unl_question *q, struct slice line, struct unl_answer *a);

/* The first of two times that a last try has to be typed; "" = not yet. */
struct pin_first {
	char digits[UNL_PIN_MAX + 1];
};

/* The same for UNL_KIND_PIN. @first: cleared before the question and after it. */
enum typed pin_understand(const struct unl_question *q, struct slice line,
			  struct pin_first *first, struct unl_answer *a);

#endif
