/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's netlink family as a pipe of events, which a test writes: the part of
 * kernel/nl.h that is the same for all programs. Whoever includes it has the other
 * functions of his own; the library's are then not linked.
 */
#ifndef DMSC_TEST_PLAYED_KERNEL_H
#define DMSC_TEST_PLAYED_KERNEL_H

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "kernel/nl.h"

static int events[2];	/* made by the test */

int unl_fd(const struct unl *nl)
{
	return events[0];
}

bool unl_pending(const struct unl *nl)
{
	return false;
}

int unl_subscribe(struct unl *nl, const char *group)
{
	return 0;
}

/* 1 with the event that is next; 0: there is none. */
static int played_event(struct unl_event *ev)
{
	struct pollfd p = { .fd = events[0], .events = POLLIN };

	if (poll(&p, 1, 0) <= 0)
		return 0;
	return read(events[0], ev, sizeof(*ev)) == sizeof(*ev) ? 1 : -EIO;
}

#endif
