// SPDX-License-Identifier: GPL-2.0-or-later
/* Foreign text made fit for a person's eyes; what the text says is not judged. */
#include "util/text.h"

size_t text_char(struct slice in, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n, i;
	uint8_t b;

	if (in.n == 0)
		return 0;
	b = in.p[0];
	if (b < 0x80) {
		*cp = b;
		return 1;
	}
	n = b >= 0xf0 && b < 0xf8 ? 4 : b >= 0xe0 && b < 0xf0 ? 3 : b >= 0xc0 && b < 0xe0 ? 2 : 0;
	if (n == 0 || in.n < n)
		return 0;
	*cp = b & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((in.p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (in.p[i] & 0x3f);
	}
	if (*cp < least[n] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp < 0xe000))
		return 0;
	return n;
}

bool text_is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0xad || cp == 0x61c || cp == 0x180e ||
	       (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff || (cp >= 0xfff9 && cp <= 0xfffb) ||
	       (cp >= 0xe0000 && cp <= 0xe007f);
}

size_t text_printable(struct slice in, char *out, size_t size)
{
	size_t i = 0, n = 0, k;
	uint32_t cp;

	while (i < in.n) {
		k = text_char(slice_of(in.p + i, in.n - i), &cp);
		if (k == 0) {
			i++;
			continue;
		}
		if (!text_is_control(cp)) {
			if (n + k >= size)
				break;
			memcpy(out + n, in.p + i, k);
			n += k;
		}
		i += k;
	}
	if (size)
		out[n] = 0;
	return n;
}

void text_escape(struct buf *out, struct slice in)
{
	size_t i, j, k;
	uint32_t cp;

	for (i = 0; i < in.n; i += k) {
		k = text_char(slice_of(in.p + i, in.n - i), &cp);
		if (k && !text_is_control(cp)) {
			buf_put(out, in.p + i, k);
			continue;
		}
		if (!k)
			k = 1;
		for (j = i; j < i + k; j++)
			buf_printf(out, "\\x%02x", in.p[j]);
	}
}

bool text_is_printable(struct slice in)
{
	size_t i, k;
	uint32_t cp;

	for (i = 0; i < in.n; i += k) {
		k = text_char(slice_of(in.p + i, in.n - i), &cp);
		if (k == 0 || text_is_control(cp))
			return false;
	}
	return true;
}
