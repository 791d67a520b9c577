/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small strict parsers and helpers for text in slices: numbers, hex, UTF-8.
 *
 * No locale, no allocation but where said, no dependency on any library.
 */
#ifndef DMSC_UTIL_STR_H
#define DMSC_UTIL_STR_H

#include "util/buf.h"
#include "util/slice.h"

/* Digits only, no sign, no blanks, no overflow. 0, or -EINVAL/-ERANGE with @out as it was. */
int str_parse_u64(struct slice s, uint64_t *out) __attribute__((warn_unused_result));
int str_parse_u32(struct slice s, uint32_t *out) __attribute__((warn_unused_result));
/* The same for a whole C string. */
int str_parse_uint(const char *s, unsigned int *out) __attribute__((warn_unused_result));

/* Without the blanks (space, tab, CR, LF) at both ends; a present slice stays present. */
struct slice str_trim(struct slice s);
bool str_starts(struct slice s, const char *prefix);
bool str_ends(struct slice s, const char *suffix);
/* ASCII letters compare without case. */
bool str_eq_nocase(struct slice s, const char *t);
/*
 * Cuts @rest at the first @sep: what is before it goes to @part, @rest becomes
 * what is behind. false when @rest is not present (all was taken).
 */
bool str_split(struct slice *rest, char sep, struct slice *part);
/* A NUL terminated copy the caller frees; NULL without memory or for SLICE_NONE. */
char *str_dup(struct slice s);
/* Into @out of @size bytes, NUL terminated. 0 or -ENAMETOOLONG with an empty @out; -EINVAL for a NUL inside. */
int str_copy(char *out, size_t size, struct slice s) __attribute__((warn_unused_result));

/* Nothing but printing ASCII and blanks (0x20..0x7e): eight bytes at a time. */
bool str_plain(struct slice s);
/* Well-formed UTF-8 (RFC 3629: shortest forms, no surrogates); NUL is allowed. */
bool str_utf8_valid(struct slice s);
/* Has U+FFFE or U+FFFF, which no XML document can hold? @s is well-formed UTF-8. */
bool str_has_nonchar(struct slice s);

/* Appends lower-case (or upper-case) hex digits. */
void hex_encode(struct buf *out, struct slice in);
void hex_encode_upper(struct buf *out, struct slice in);
/* Appends the bytes; digits of either case, nothing between. 0, -EBADMSG with @out as it was, or its sticky error. */
int hex_decode(struct buf *out, struct slice in) __attribute__((warn_unused_result));
/* -1 when @c is no hex digit. */
int hex_digit(unsigned char c);

#endif
