// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a card's line is set to: any speed, which the C library's <termios.h> does not
 * know, and whose names are in the way of the kernel's. See lcard.h.
 */
#include <asm/termbits.h>
#include <sys/ioctl.h>

#include "lcard.h"

unsigned int lcard_speed(struct lcard *c, unsigned int *flags)
{
	struct termios2 tio;

	if (ioctl(c->slave, TCGETS2, &tio))
		return 0;
	if (flags)
		*flags = tio.c_cflag;
	return tio.c_ospeed;
}
