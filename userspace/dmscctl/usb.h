/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USB card readers, as sysfs shows them, and who has them. */
#ifndef DMSC_CTL_USB_H
#define DMSC_CTL_USB_H

#include <stdbool.h>
#include <stddef.h>

#include "util/cleanup.h"

#define USB_READERS_MAX 64
#define USB_DRIVER "uicc_ccid"	/* ours */
#define USB_PROGRAM "usbfs"	/* of an interface that a program has, such as pcscd */

struct usb_reader {
	char name[32];		/* the interface's, such as 1-2:1.0 */
	char vendor[5], product[5];
	char text[128];		/* what the device calls itself */
	char driver[32];	/* "" for none */
	char slots[64];		/* names of our slots, with blanks between; "" for none */
	unsigned int interface_class;
};

/* Where sysfs is; another place is for tests. */
extern const char *usb_sysfs;

/* All readers, by their names. Returns how many, or -errno when there is no USB here. */
must_check int usb_readers(struct usb_reader out[USB_READERS_MAX]);

/* The name of the driver that @name has now, "" for none. */
void usb_driver_of(const char *name, char *out, size_t size);

/* One attribute, written whole: 0 or -errno. @where: a printf format below usb_sysfs. */
must_check int usb_write(const char *text, const char *where, ...) __attribute__((format(printf, 2, 3)));

bool usb_there(const char *where, ...) __attribute__((format(printf, 1, 2)));

#endif
