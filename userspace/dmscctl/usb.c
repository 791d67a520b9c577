// SPDX-License-Identifier: GPL-2.0-or-later
/* What sysfs says of USB card readers. It changes nothing but what it is told to write. */
#include "dmscctl/usb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICES "bus/usb/devices"
#define CLASS_CCID 0x0B
#define CLASS_VENDOR 0xFF
/* Of a device with every configuration it may have; more is not looked at. */
#define DESCRIPTORS_MAX 65536
#define ENTRIES_MAX 4096

const char *usb_sysfs = "/sys";

static bool path_of(char out[PATH_MAX], const char *where, va_list args)
{
	int n = snprintf(out, PATH_MAX, "%s/", usb_sysfs), m;

	if (n < 0 || n >= PATH_MAX)
		return false;
	m = vsnprintf(out + n, PATH_MAX - (size_t)n, where, args);
	return m >= 0 && m < PATH_MAX - n;
}

static ssize_t read_bytes(uint8_t *out, size_t size, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	while (n < size && (got = read(fd, out + n, size - n)) != 0) {
		if (got < 0 && errno != EINTR)
			return -errno;
		n += got > 0 ? (size_t)got : 0;
	}
	return (ssize_t)n;
}

/* The first line of an attribute; "" when it is not there. */
__attribute__((format(printf, 3, 4)))
static bool read_line(char *out, size_t size, const char *where, ...)
{
	char path[PATH_MAX];
	va_list args;
	ssize_t n;
	bool ok;

	out[0] = 0;
	va_start(args, where);
	ok = path_of(path, where, args);
	va_end(args);
	n = ok ? read_bytes((uint8_t *)out, size - 1, path) : -1;
	out[n > 0 ? n : 0] = 0;
	out[strcspn(out, "\n")] = 0;
	return n > 0;
}

int usb_write(const char *text, const char *where, ...)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	va_list args;
	ssize_t n;
	bool ok;

	va_start(args, where);
	ok = path_of(path, where, args);
	va_end(args);
	if (!ok)
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	return n < 0 ? -errno : n == (ssize_t)strlen(text) ? 0 : -EIO;
}

bool usb_there(const char *where, ...)
{
	char path[PATH_MAX];
	va_list args;
	bool ok;

	va_start(args, where);
	ok = path_of(path, where, args);
	va_end(args);
	return ok && !access(path, F_OK);
}

void usb_driver_of(const char *name, char *out, size_t size)
{
	char path[PATH_MAX], to[PATH_MAX];
	const char *last;
	ssize_t n;

	out[0] = 0;
	n = snprintf(path, sizeof(path), "%s/" DEVICES "/%s/driver", usb_sysfs, name);
	if (n < 0 || n >= (ssize_t)sizeof(path))
		return;
	n = readlink(path, to, sizeof(to) - 1);
	if (n <= 0)
		return;
	to[n] = 0;
	last = strrchr(to, '/');
	snprintf(out, size, "%s", last ? last + 1 : to);
}

/*
 * Whether interface @number has the descriptor of a CCID reader: some name a class of
 * their own for it.
 */
static bool describes_ccid(const char *device, unsigned int number)
{
	_cleanup_free_ uint8_t *all = malloc(DESCRIPTORS_MAX);
	char path[PATH_MAX];
	bool ours = false;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/" DEVICES "/%s/descriptors", usb_sysfs, device);
	n = all ? read_bytes(all, DESCRIPTORS_MAX, path) : -1;
	for (ssize_t at = 0; at + 2 <= n && all[at] >= 2 && at + all[at] <= n; at += all[at]) {
		/* USB 2.0 9.6.5: an interface; CCID 5.1: its class descriptor */
		if (all[at + 1] == 0x04 && all[at] >= 9)
			ours = all[at + 2] == number;
		else if (ours && all[at + 1] == 0x21 && all[at] == 54)
			return true;
	}
	return false;
}

static void add_slot(struct usb_reader *r, const char *slot)
{
	size_t n = strlen(r->slots);

	snprintf(r->slots + n, sizeof(r->slots) - n, "%s%s", n ? " " : "", slot);
}

/* A reader of one slot is the slot's location; of several it is followed by .N. */
static void find_slots(struct usb_reader *r)
{
	char path[PATH_MAX], text[64];
	size_t n = strlen(r->name);
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/class/uicc", usb_sysfs);
	dir = opendir(path);
	for (int i = 0; dir && i < ENTRIES_MAX && (e = readdir(dir)); i++) {
		if (e->d_name[0] == '.' || strchr(e->d_name, '.'))
			continue;
		if (!read_line(text, sizeof(text), "class/uicc/%s/transport", e->d_name) ||
		    strcmp(text, "ccid"))
			continue;
		if (read_line(text, sizeof(text), "class/uicc/%s/location", e->d_name) &&
		    !strncmp(text, r->name, n) && (!text[n] || text[n] == '.'))
			add_slot(r, e->d_name);
	}
	if (dir)
		closedir(dir);
}

/* Fills in the reader whose interface is @name: false when it is none. */
static bool look(struct usb_reader *r, const char *name)
{
	char device[sizeof(r->name)], maker[64], model[64], text[16];
	const char *colon = strchr(name, ':');
	unsigned int number;

	if (!colon || strlen(name) >= sizeof(r->name))
		return false;
	memset(r, 0, sizeof(*r));
	strcpy(r->name, name);
	snprintf(device, sizeof(device), "%.*s", (int)(colon - name), name);
	if (!read_line(text, sizeof(text), DEVICES "/%s/bInterfaceClass", name))
		return false;
	r->interface_class = (unsigned int)strtoul(text, NULL, 16);
	read_line(text, sizeof(text), DEVICES "/%s/bInterfaceNumber", name);
	number = (unsigned int)strtoul(text, NULL, 16);
	if (r->interface_class != CLASS_CCID &&
	    (r->interface_class != CLASS_VENDOR || !describes_ccid(device, number)))
		return false;
	read_line(r->vendor, sizeof(r->vendor), DEVICES "/%s/idVendor", device);
	read_line(r->product, sizeof(r->product), DEVICES "/%s/idProduct", device);
	read_line(maker, sizeof(maker), DEVICES "/%s/manufacturer", device);
	read_line(model, sizeof(model), DEVICES "/%s/product", device);
	snprintf(r->text, sizeof(r->text), "%s%s%s", maker, maker[0] && model[0] ? " " : "", model);
	usb_driver_of(name, r->driver, sizeof(r->driver));
	find_slots(r);
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct usb_reader *)a)->name, ((const struct usb_reader *)b)->name);
}

int usb_readers(struct usb_reader out[USB_READERS_MAX])
{
	char path[PATH_MAX];
	struct dirent *e;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/" DEVICES, usb_sysfs);
	dir = opendir(path);
	if (!dir)
		return -errno;
	for (int i = 0; n < USB_READERS_MAX && i < ENTRIES_MAX && (e = readdir(dir)); i++)
		n += look(&out[n], e->d_name);
	closedir(dir);
	qsort(out, (size_t)n, sizeof(*out), by_name);
	return n;
}
