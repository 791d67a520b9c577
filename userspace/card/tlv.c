// SPDX-License-Identifier: GPL-2.0-or-later
/* BER-TLV element headers and elements; not their meaning. */
#include <errno.h>

#include "card/tlv.h"

struct header {
	uint32_t tag;
	size_t head;	/* octets of identifier and length */
	size_t len;	/* octets of content */
};

/* -ENODATA: more octets are needed to tell. */
static int header_read(struct slice in, enum tlv_rules rules, struct header *h)
{
	size_t i = 0, k;
	uint8_t b;

	if (in.n == 0)
		return -ENODATA;
	b = in.p[i++];
	h->tag = b;
	if ((b & 0x1f) == 0x1f) {	/* X.690 8.1.2.4: further tag octets */
		do {
			if (i == 3)
				return -EBADMSG;
			if (i >= in.n)
				return -ENODATA;
			b = in.p[i++];
			h->tag = h->tag << 8 | b;
		} while (b & 0x80);
	}

	if (i >= in.n)
		return -ENODATA;
	b = in.p[i++];
	h->len = b;
	if (b & 0x80) {
		k = b & 0x7f;
		if (k == 0 || k > 4)	/* indefinite, or past any card */
			return -EBADMSG;
		if (in.n - i < k)
			return -ENODATA;
		h->len = 0;
		while (k--)
			h->len = h->len << 8 | in.p[i++];
		k = b & 0x7f;
		/* X.690 10.1: the shortest form */
		if (rules == TLV_DER && (h->len < 0x80 || (k > 1 && !(h->len >> (8 * (k - 1))))))
			return -EBADMSG;
	}
	h->head = i;
	return 0;
}

int tlv_size(struct slice in, enum tlv_rules rules, size_t *size)
{
	struct header h;
	int r = header_read(in, rules, &h);

	if (r)
		return r;
	*size = h.head + h.len;
	return 0;
}

int tlv_next(struct slice *in, enum tlv_rules rules, struct tlv *out)
{
	struct header h;

	if (in->n == 0)
		return 0;
	if (header_read(*in, rules, &h) || h.len > in->n - h.head)
		return -EBADMSG;
	out->tag = h.tag;
	out->value = slice_of(in->p + h.head, h.len);
	*in = slice_of(in->p + h.head + h.len, in->n - h.head - h.len);
	return 1;
}
