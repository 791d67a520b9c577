/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sprintf() and ARRAY_SIZE() for the kernel's pure files in userspace. */
#ifndef FUZZ_SHIM_KERNEL_H
#define FUZZ_SHIM_KERNEL_H

#include <stdio.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
