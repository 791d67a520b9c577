/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BER-TLV as cards use it (ISO 7816-4 5.2.2, TS 102 221 11.3): tags of one to
 * three bytes, lengths of one to four. What the tags mean, others know.
 */
#ifndef UICC_CORE_TLV_H
#define UICC_CORE_TLV_H

#include <linux/types.h>

#define UICC_TLV_HEADER_MAX	(3 + 4)
#define UICC_TLV_LEN_MAX	0xffffff	/* 83 and three bytes */

/**
 * struct uicc_tlv - one data object
 * @tag: its tag with all its bytes, the first one highest
 * @val: its value, inside the caller's buffer
 * @len: bytes of @val
 */
struct uicc_tlv {
	u32 tag;
	const u8 *val;
	size_t len;
};

int uicc_tlv_next_tag(const u8 **p, const u8 *end, u32 *tag);
int uicc_tlv_header(const u8 *buf, size_t size, u32 *tag, u32 *len);
int uicc_tlv_next(const u8 **p, const u8 *end, struct uicc_tlv *tlv);
int uicc_tlv_put_tag(u8 *buf, size_t size, u32 tag);
int uicc_tlv_put_header(u8 *buf, size_t size, u32 tag, u32 len);

#endif /* UICC_CORE_TLV_H */
