// SPDX-License-Identifier: GPL-2.0-or-later
/* The DER types of PKCS#15 files. */
#include <errno.h>

#include "card/der.h"

/*
 * Lengths are taken in any definite form: cards are personalised by many
 * hands, and a long-form length misleads nobody.
 */
int der_optional(struct slice *in, uint32_t tag, struct slice *value)
{
	struct slice rest = *in;
	struct tlv t;
	int r = tlv_next(&rest, TLV_BER, &t);

	if (r <= 0)
		return r;
	if (t.tag != tag)
		return 0;
	*in = rest;
	*value = t.value;
	return 1;
}

int der_expect(struct slice *in, uint32_t tag, struct slice *value)
{
	int r = der_optional(in, tag, value);

	if (r < 0)
		return r;
	return r ? 0 : -ENOMSG;
}

int der_uint(struct slice content, uint32_t *out)
{
	uint32_t v = 0;
	size_t i;

	if (content.n == 0 || content.p[0] & 0x80)
		return -ERANGE;
	if (content.n > 5 || (content.n == 5 && content.p[0] != 0))
		return -ERANGE;
	for (i = 0; i < content.n; i++)
		v = v << 8 | content.p[i];
	*out = v;
	return 0;
}

struct slice der_oid_unwrap(struct slice content)
{
	struct slice in = content, inner;

	/* 06 04 67.. could be an OID of its own (0.6.4...), but none such is used on cards. */
	if (der_optional(&in, DER_OID, &inner) == 1 && in.n == 0 && inner.n)
		return inner;
	return content;
}
