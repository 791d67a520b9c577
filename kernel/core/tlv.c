// SPDX-License-Identifier: GPL-2.0-only
/*
 * BER-TLV as cards use it (ISO 7816-4 5.2.2, TS 102 221 11.3): tags of one to
 * three bytes, lengths of one to four. What the tags mean, others know.
 */
#include <linux/bits.h>
#include <linux/errno.h>

#include "tlv.h"

#define TLV_TAG_BYTES_MAX	3
#define TLV_LEN_BYTES_MAX	3	/* behind the one that tells their number */

/**
 * uicc_tlv_next_tag() - take the next tag, as from a list of tags
 * @p: in: where to look; out: behind the tag
 * @end: end of the bytes
 * @tag: out: the tag
 *
 * 00 and FF may pad anywhere between tags.
 *
 * Context: any.
 * Return: 1; 0 when nothing is left; -EPROTO when the tag is cut or has more than
 * three bytes.
 */
int uicc_tlv_next_tag(const u8 **p, const u8 *end, u32 *tag)
{
	unsigned int bytes = 1;

	while (*p < end && (**p == 0x00 || **p == 0xff))
		(*p)++;
	if (*p == end)
		return 0;
	*tag = *(*p)++;
	if ((*tag & 0x1f) != 0x1f)
		return 1;
	do {
		if (*p == end || ++bytes > TLV_TAG_BYTES_MAX)
			return -EPROTO;
		*tag = *tag << 8 | *(*p)++;
	} while (*tag & BIT(7));
	return 1;
}

static int tlv_length(const u8 **p, const u8 *end, u32 *len)
{
	unsigned int bytes;

	if (*p == end)
		return -EPROTO;
	*len = *(*p)++;
	if (*len < 0x80)
		return 0;
	bytes = *len & 0x7f;
	if (!bytes || bytes > TLV_LEN_BYTES_MAX || bytes > end - *p)
		return -EPROTO;
	for (*len = 0; bytes; bytes--)
		*len = *len << 8 | *(*p)++;
	return 0;
}

/**
 * uicc_tlv_header() - read tag and length of an object that may be longer than the buffer
 * @buf: its first bytes
 * @size: their number
 * @tag: out
 * @len: out: bytes of the value, 0..UICC_TLV_LEN_MAX
 *
 * Context: any.
 * Return: bytes of tag and length, 2..UICC_TLV_HEADER_MAX; -EPROTO when they are
 * cut, or none.
 */
int uicc_tlv_header(const u8 *buf, size_t size, u32 *tag, u32 *len)
{
	const u8 *p = buf, *end = buf + size;

	if (!size || *buf == 0x00 || *buf == 0xff || uicc_tlv_next_tag(&p, end, tag) != 1 ||
	    tlv_length(&p, end, len))
		return -EPROTO;
	return p - buf;
}

/**
 * uicc_tlv_next() - take the next object
 * @p: in: where to look; out: behind the object
 * @end: end of the bytes
 * @tlv: out
 *
 * 00 and FF may pad anywhere between objects.
 *
 * Context: any.
 * Return: 1; 0 when nothing is left; -EPROTO when the object is cut or no object.
 */
int uicc_tlv_next(const u8 **p, const u8 *end, struct uicc_tlv *tlv)
{
	u32 len;
	int ret;

	ret = uicc_tlv_next_tag(p, end, &tlv->tag);
	if (ret != 1)
		return ret;
	if (tlv_length(p, end, &len) || len > end - *p)
		return -EPROTO;
	tlv->len = len;
	tlv->val = *p;
	*p += len;
	return 1;
}

/**
 * uicc_tlv_put_tag() - write a tag
 * @buf: where to
 * @size: room there
 * @tag: the tag as in struct uicc_tlv
 *
 * Context: any.
 * Return: bytes written, 1..3; -EINVAL when @tag is none or there is no room.
 */
int uicc_tlv_put_tag(u8 *buf, size_t size, u32 tag)
{
	int bytes = tag > 0xffff ? 3 : tag > 0xff ? 2 : 1, i;
	const u8 *p = buf;
	u32 again;

	if (size < bytes)
		return -EINVAL;
	for (i = 0; i < bytes; i++)
		buf[i] = tag >> 8 * (bytes - 1 - i);
	/* It has to be read as what it was meant to be. */
	if (uicc_tlv_next_tag(&p, buf + bytes, &again) != 1 || again != tag || p != buf + bytes)
		return -EINVAL;
	return bytes;
}

/**
 * uicc_tlv_put_header() - write tag and length of an object
 * @buf: where to
 * @size: room there, UICC_TLV_HEADER_MAX is always enough
 * @tag: the tag as in struct uicc_tlv
 * @len: bytes of the value, 0..UICC_TLV_LEN_MAX; written as short as it can be
 *
 * Context: any.
 * Return: bytes written, 2..UICC_TLV_HEADER_MAX; -EINVAL when @tag is none, @len is too
 * large or there is no room.
 */
int uicc_tlv_put_header(u8 *buf, size_t size, u32 tag, u32 len)
{
	int more = len < 0x80 ? 0 : len <= 0xff ? 1 : len <= 0xffff ? 2 : 3, n;

	n = uicc_tlv_put_tag(buf, size, tag);
	if (n < 0 || len > UICC_TLV_LEN_MAX || size < n + 1 + more)
		return -EINVAL;
	buf[n++] = more ? 0x80 | more : len;
	while (more--)
		buf[n++] = len >> 8 * more;
	return n;
}
