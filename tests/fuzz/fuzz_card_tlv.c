// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of BER-TLV, by the same source file as in the module: objects,
 * a list of tags, and a header alone; what was read is written and read again.
 */
#include "../../kernel/core/tlv.c"
#include "card.h"

/* What is written for a tag that was read is that tag. */
static void again(u32 tag, u32 len)
{
	uint8_t *buf = malloc(UICC_TLV_HEADER_MAX);
	u32 tag2, len2;
	int n;

	if (!buf)
		abort();
	n = uicc_tlv_put_header(buf, UICC_TLV_HEADER_MAX, tag, len);
	if (n < 2 || n > UICC_TLV_HEADER_MAX || uicc_tlv_header(buf, n, &tag2, &len2) != n ||
	    tag2 != tag || len2 != len)
		abort();
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = card_copy(data, size);
	const u8 *p = copy, *end = copy + size, *before = p;
	struct uicc_tlv tlv;
	u32 tag, len;
	int ret;

	while ((ret = uicc_tlv_next(&p, end, &tlv)) == 1) {
		if (p <= before || p > end || tlv.val < before || tlv.val + tlv.len != p)
			abort();
		again(tlv.tag, tlv.len);
		before = p;
	}
	if ((ret == 0 && p != end) || (ret != 0 && ret != -EPROTO))
		abort();

	p = copy;
	while ((ret = uicc_tlv_next_tag(&p, end, &tag)) == 1)
		again(tag, 0);
	if (ret == 0 && p != end)
		abort();

	ret = uicc_tlv_header(copy, size, &tag, &len);
	if (ret > 0) {
		if ((size_t)ret > size || len > UICC_TLV_LEN_MAX)
			abort();
		again(tag, len);
	}
	free(copy);
	return 0;
}
