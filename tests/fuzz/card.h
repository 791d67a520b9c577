/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the targets of the kernel's parsers share; includes follow those of the kernel's files. */
#ifndef FUZZ_CARD_H
#define FUZZ_CARD_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An exact copy, to be freed: one byte too far is seen. */
static inline uint8_t *card_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	return copy;
}

#ifdef UICC_CORE_ACCESS_H
static inline void card_check_condition(const struct uicc_condition *c)
{
	char *text = malloc(UICC_CONDITION_TEXT_MAX);
	unsigned int i;

	if (!text || c->n > UICC_CONDITION_REFS_MAX || (c->kind == UICC_CONDITION_PINS) != (c->n > 0) ||
	    (c->all && c->n < 2))
		abort();
	for (i = 1; i < c->n; i++)
		if (memchr(c->refs, c->refs[i], i))
			abort();
	uicc_condition_print(c, text);
	if (!strlen(text))
		abort();
	free(text);
}

/* @known: the parser says that it understood. */
static inline void card_check_access(const struct uicc_access *acc, int known)
{
	card_check_condition(&acc->read);
	card_check_condition(&acc->update);
	if (!known && (acc->read.kind != UICC_CONDITION_UNKNOWN || acc->update.kind != UICC_CONDITION_UNKNOWN))
		abort();
}
#endif

#endif
