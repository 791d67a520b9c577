/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BIT() for the kernel's pure files in userspace. */
#ifndef FUZZ_SHIM_BITS_H
#define FUZZ_SHIM_BITS_H

#define BIT(n) (1ul << (n))

#endif
