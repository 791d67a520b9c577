// SPDX-License-Identifier: GPL-2.0-or-later
/* EF(ICCID) into digits. */
#include <errno.h>

#include "card/iccid.h"

int iccid_format(struct slice ef, char out[ICCID_DIGITS])
{
	size_t i, n = 0;
	bool end = false;

	if (ef.n > ICCID_LEN)
		ef.n = ICCID_LEN;
	for (i = 0; i < 2 * ef.n; i++) {
		/* low nibble first; F fills up (ITU-T E.118 allows 19 digits) */
		uint8_t d = i % 2 ? ef.p[i / 2] >> 4 : ef.p[i / 2] & 0xf;

		if (d == 0xf) {
			end = true;
			continue;
		}
		if (end)
			return -EINVAL;
		out[n++] = "0123456789abcde"[d];
	}
	out[n] = 0;
	return n ? 0 : -EINVAL;
}
