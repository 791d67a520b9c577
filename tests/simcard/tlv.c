// SPDX-License-Identifier: GPL-2.0-or-later
/* BER-TLV objects (TS 101 220 7.1.1): tags of up to 3 bytes, lengths of up to 4. */
#include <string.h>

#include "tlv.h"

size_t tlv_tag(const uint8_t *p, size_t n)
{
	size_t len = 1;

	if (!n)
		return 0;
	if ((p[0] & 0x1F) != 0x1F)
		return 1;
	while (len < n && len < TLV_TAG_MAX) {
		if (!(p[len++] & 0x80))
			return len;
	}
	return 0;
}

size_t tlv_head(const uint8_t *p, size_t n, size_t *value)
{
	size_t at = tlv_tag(p, n), more;

	if (!at || at == n)
		return 0;
	*value = p[at++];
	if (*value < 0x80)
		return at;
	more = *value & 0x7F;
	if (more < 1 || more > 3 || at + more > n)
		return 0;
	for (*value = 0; more; more--)
		*value = *value << 8 | p[at++];
	return at;
}

size_t tlv_put_length(uint8_t *p, size_t len)
{
	size_t more = len < 0x80 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 : 3;

	p[0] = (uint8_t)(more ? 0x80 | more : len);
	for (size_t i = 0; i < more; i++)
		p[1 + i] = (uint8_t)(len >> 8 * (more - 1 - i));
	return 1 + more;
}

size_t tlv_find(const uint8_t *p, size_t n, const uint8_t *tag, size_t tag_len, size_t *len)
{
	size_t at = 0, head, value;

	*len = 0;
	while (at < n) {
		head = tlv_head(p + at, n - at, &value);
		if (!head || value > n - at - head)
			return n;
		*len = head + value;
		if (tlv_tag(p + at, n - at) == tag_len && !memcmp(p + at, tag, tag_len))
			return at;
		at += *len;
	}
	return n;
}
