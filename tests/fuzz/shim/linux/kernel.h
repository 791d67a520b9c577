/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sprintf() for the kernel's pure files in userspace. */
#ifndef FUZZ_SHIM_KERNEL_H
#define FUZZ_SHIM_KERNEL_H

#include <stdio.h>

#endif
