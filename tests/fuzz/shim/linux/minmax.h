/* SPDX-License-Identifier: GPL-2.0-or-later */
/* min(), min_t() and clamp_t() for the kernel's pure files in userspace. */
#ifndef FUZZ_SHIM_MINMAX_H
#define FUZZ_SHIM_MINMAX_H

#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define clamp_t(type, v, lo, hi) \
	((type)(v) < (type)(lo) ? (type)(lo) : (type)(v) > (type)(hi) ? (type)(hi) : (type)(v))

#endif
