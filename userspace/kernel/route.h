/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells when the device may have got a way into the network. It looks at the kernel's words alone. */
#ifndef DMSC_KERNEL_ROUTE_H
#define DMSC_KERNEL_ROUTE_H

#include <stdbool.h>
#include "util/cleanup.h"
#include "util/slice.h"

/* A socket that hears of new routes, not blocking and CLOEXEC; or -errno. */
int route_open(void) must_check;
/*
 * Takes in what waits there. True: a default route came, or so many did that some
 * were lost.
 */
bool route_default_came(int fd);
/* Does this answer of rtnetlink's say so? For route_default_came(), and for tests. */
bool route_is_default(struct slice msgs);

#endif
