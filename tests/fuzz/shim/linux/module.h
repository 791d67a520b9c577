/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's pure files in userspace are no modules. */
#ifndef FUZZ_SHIM_MODULE_H
#define FUZZ_SHIM_MODULE_H

#define MODULE_AUTHOR(text) _Static_assert(1, text)
#define MODULE_VERSION(text) _Static_assert(1, text)
#define MODULE_DESCRIPTION(text) _Static_assert(1, text)
#define MODULE_LICENSE(text) _Static_assert(1, text)

#endif
