/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Divisions of 64 bits for the kernel's pure files in userspace. */
#ifndef FUZZ_SHIM_MATH64_H
#define FUZZ_SHIM_MATH64_H

#define div_u64(dividend, divisor) ((__u64)(dividend) / (__u32)(divisor))
#define div64_u64(dividend, divisor) ((__u64)(dividend) / (__u64)(divisor))

#endif
