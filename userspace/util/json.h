/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON text (RFC 8259) into a buffer: strings and the commas between members.
 * Whoever writes keeps objects and arrays balanced.
 */
#ifndef DMSC_UTIL_JSON_H
#define DMSC_UTIL_JSON_H

#include "util/buf.h"

/*
 * Appends a string with its quotation marks. Control characters, and what could
 * end a line or turn the text beside it, are escaped; @s must be UTF-8, other
 * bytes become U+FFFD.
 */
void json_string(struct buf *out, struct slice s);
/* Appends `"key":`, with a comma before it unless it is the first of its object. */
void json_key(struct buf *out, const char *key);
/* A comma, unless what is written last opened an object or an array. */
void json_comma(struct buf *out);

#endif
