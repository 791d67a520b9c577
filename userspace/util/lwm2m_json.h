/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One resource of an LwM2M bootstrap as a typed value, and such values as JSON
 * (Documentation/lwm2m.rst). Nothing here reads a card's bytes: who decoded them
 * says what they are.
 */
#ifndef DMSC_UTIL_LWM2M_JSON_H
#define DMSC_UTIL_LWM2M_JSON_H

#include "util/buf.h"

enum lwm2m_kind {
	LWM2M_OPAQUE,	/* bytes; also what the resource's type is not known for */
	LWM2M_STRING,	/* bytes, all of them printable UTF-8 */
	LWM2M_INTEGER,	/* number */
	LWM2M_BOOLEAN,	/* number, 0 or 1 */
	LWM2M_LINK,	/* number: object id << 16 | instance id */
	LWM2M_KINDS
};

#define LWM2M_ID_NONE 0xffff	/* reserved by the standard: "there is none" */

struct lwm2m_value {
	uint16_t object, instance, resource;
	uint16_t item;		/* resource instance; LWM2M_ID_NONE: it is not multiple */
	uint8_t major, minor;	/* of the object; 0, 0: the card does not say */
	bool secret;		/* a key: never shown unless asked for */
	enum lwm2m_kind kind;
	int64_t number;
	struct slice bytes;
};

/* `[`, the values with commas, `]`. */
void lwm2m_json_begin(struct buf *out);
/* @mask: of a secret value only its length is written. */
void lwm2m_json_value(struct buf *out, const struct lwm2m_value *v, bool mask);
void lwm2m_json_end(struct buf *out);
const char *lwm2m_kind_name(enum lwm2m_kind k);

#endif
