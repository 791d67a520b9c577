// SPDX-License-Identifier: GPL-2.0-or-later
/* The part of a file that nobody wrote; contracts are in filling.h. */
#include "card/filling.h"

struct slice filling_cut(struct slice s)
{
	while (s.n && (s.p[s.n - 1] == 0xff || s.p[s.n - 1] == 0x00))
		s.n--;
	return s;
}

bool filling_only(struct slice s)
{
	return filling_cut(s).n == 0;
}
