/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attributes of the kernel's pure files in userspace. */
#ifndef FUZZ_SHIM_COMPILER_H
#define FUZZ_SHIM_COMPILER_H

#define __must_check __attribute__((warn_unused_result))

#endif
