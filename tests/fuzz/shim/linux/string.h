/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The C library's string functions for the kernel's pure files in userspace. */
#ifndef FUZZ_SHIM_STRING_H
#define FUZZ_SHIM_STRING_H

#include <string.h>

#define memzero_explicit(p, n) explicit_bzero(p, n)

#endif
