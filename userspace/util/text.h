/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of a card or server on its way to a person: nothing in it may move a
 * cursor, turn the direction of writing or hide what stands beside it.
 */
#ifndef DMSC_UTIL_TEXT_H
#define DMSC_UTIL_TEXT_H

#include "util/buf.h"

/*
 * Copies UTF-8 text for a person: control and format characters (C0, C1, DEL,
 * bidirectional overrides, line separators) and bytes that are no UTF-8 are
 * left out. Returns the bytes written without the NUL; never cuts a character.
 */
size_t text_printable(struct slice in, char *out, size_t size);

/* Appends text for a person, each byte text_printable() would leave out as \xNN. */
void text_escape(struct buf *out, struct slice in);

/* One well-formed UTF-8 character (RFC 3629) off the front: its length, or 0. */
size_t text_char(struct slice in, uint32_t *cp);
/* Controls, and the format characters that turn or hide what stands beside them. */
bool text_is_control(uint32_t cp);

/* Would text_printable() keep every byte? */
bool text_is_printable(struct slice in);

#endif
