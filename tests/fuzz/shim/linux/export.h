/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's pure files in userspace export nothing. */
#ifndef FUZZ_SHIM_EXPORT_H
#define FUZZ_SHIM_EXPORT_H

#define EXPORT_SYMBOL_GPL(symbol) _Static_assert(1, #symbol)

#endif
