/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions of a server to the person (UI alerts 1100-1104, DM Protocol 1.2):
 * what is asked, with its options as typed fields, and what is answered. Who
 * asks the person is the caller's business.
 */
#ifndef DMSC_DM_UI_H
#define DMSC_DM_UI_H

#include "util/buf.h"
#include "util/slice.h"

#define DM_UI_MAX_CHOICES 32
#define DM_UI_MAX_TEXT 4096		/* bytes of a text shown or typed */
#define DM_UI_MAX_DEFAULT 256		/* bytes of a text to begin with */
#define DM_UI_MAX_S 3600		/* longest MINDT and MAXDT */

enum dm_ui_code {
	DM_UI_DISPLAY = 1100,
	DM_UI_CONFIRM,			/* 200 yes, 304 no */
	DM_UI_TEXT,
	DM_UI_CHOICE,
	DM_UI_CHOICES,
};

/* IT: what a text consists of. */
enum dm_ui_input {
	DM_UI_ALPHANUMERIC = 'A',
	DM_UI_NUMERIC = 'N',
	DM_UI_DATE = 'D',		/* DDMMYYYY */
	DM_UI_TIME = 'T',		/* hhmmss */
	DM_UI_PHONE = 'P',
	DM_UI_ADDRESS = 'I',		/* of IP */
};

struct dm_ui_options {
	uint32_t min_s;			/* MINDT: shown so many seconds at least; 0 = not given */
	uint32_t max_s;			/* MAXDT: waited so many at most; 0 = not given */
	uint32_t max_len;		/* MAXLEN: characters of a text; 0 = not given */
	enum dm_ui_input input;
	bool masked;			/* ET=P: what is typed is not to be read */
	bool has_default;		/* DR was given: one of the next three, by the code */
	bool accept;			/* DM_UI_CONFIRM */
	uint32_t chosen;		/* DM_UI_CHOICE, DM_UI_CHOICES: bit n-1 = choice n */
	char text[DM_UI_MAX_DEFAULT + 1];	/* DM_UI_TEXT; UTF-8 */
};

/*
 * Reads an options string ("MINDT=10&DR=1"), as sent. Unknown options, and
 * values that are none for @code, are as if they were not there; of an option
 * that stands there twice the last counts.
 */
void dm_ui_options_parse(struct slice text, unsigned int code, size_t nchoices,
			 struct dm_ui_options *out);

#endif
