/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A question's options, for the other files here. */
#ifndef DMSC_ASK_OPTIONS_H
#define DMSC_ASK_OPTIONS_H

#include "ask/ask.h"
#include "dm/ui.h"

/* By the engine's own parser; those of a question that is no server's are empty. */
static inline struct dm_ui_options options_of(const struct unl_question *q)
{
	struct dm_ui_options o = { .input = DM_UI_ALPHANUMERIC };

	if (q->kind >= UNL_KIND_DISPLAY)
		dm_ui_options_parse(slice_str(q->options),
				    DM_UI_DISPLAY + (unsigned int)(q->kind - UNL_KIND_DISPLAY),
				    q->nchoices, &o);
	return o;
}

#endif
