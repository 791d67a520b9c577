/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BER-TLV objects, one behind the other, as a BER-TLV EF holds them. */
#ifndef SIMCARD_TLV_H
#define SIMCARD_TLV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLV_TAG_MAX 3
#define TLV_HEAD_MAX (TLV_TAG_MAX + 4)

/* Bytes of the tag at @p, at most TLV_TAG_MAX; 0 when it does not end within @n bytes. */
size_t tlv_tag(const uint8_t *p, size_t n);

/* Bytes of tag and length at @p, and of the value (not looked at); 0 when they are no TLV's. */
size_t tlv_head(const uint8_t *p, size_t n, size_t *value);

/* Writes the shortest form of @len to @p (up to 4 bytes); returns its bytes. */
size_t tlv_put_length(uint8_t *p, size_t len);

/*
 * Where the object with this tag begins among the @n bytes of objects at @p, and
 * in *@len its bytes; @n when it is not there.
 */
size_t tlv_find(const uint8_t *p, size_t n, const uint8_t *tag, size_t tag_len, size_t *len);

#endif
