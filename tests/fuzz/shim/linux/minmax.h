/* SPDX-License-Identifier: GPL-2.0-or-later */
/* min_t() for the kernel's pure files in userspace. */
#ifndef FUZZ_SHIM_MINMAX_H
#define FUZZ_SHIM_MINMAX_H

#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))

#endif
