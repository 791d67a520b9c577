/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EF(LwM2M_Bootstrap), the sibling of EF(DM_Bootstrap) for OMA LwM2M, into
 * typed values (Documentation/lwm2m.rst). It acts on none of them.
 */
#ifndef DMSC_CARD_LWM2M_H
#define DMSC_CARD_LWM2M_H

#include "util/cleanup.h"
#include "util/lwm2m_json.h"

#define LWM2M_FILE_MAX 32768	/* LwM2M TS 1.0 G.3.3 */
#define LWM2M_OBJECTS_MAX 64
#define LWM2M_RESOURCES_MAX 512

/* Told of each resource in the card's order; @v borrows the file. Not 0 ends the decoding. */
typedef int lwm2m_value_fn(void *ctx, const struct lwm2m_value *v);

struct lwm2m_report {
	size_t objects, values;
	bool bare;		/* the outer header was missing: everything is of object 0 */
	size_t error_at;	/* offset of what is wrong */
	const char *reason;	/* static text; NULL: nothing is wrong */
};

/*
 * Decodes a whole file. A malformed one is told of no value: it is looked
 * through before the first call of @fn (which may be NULL).
 * 0; -ENODATA: nothing but filling; -EBADMSG with reason and offset in *@rep;
 * what @fn returned.
 */
int lwm2m_decode(struct slice file, lwm2m_value_fn *fn, void *ctx, struct lwm2m_report *rep) must_check;

#endif
