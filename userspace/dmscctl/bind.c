// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dmscctl readers, bind and unbind: which USB readers there are, and which of them are
 * uicc_ccid's. That driver takes none of its own accord, so pcscd keeps them until
 * somebody says otherwise.
 *
 * pcscd learns of readers from what udev sends: an interface of which it hears "remove"
 * it lets go, one of which it hears "add" it looks at. Both can be had for an interface
 * that stays, by its attribute uevent.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "dmscctl/ctl.h"
#include "dmscctl/usb.h"

#define DRIVERS "bus/usb/drivers"
#define DEVICES "bus/usb/devices"
#define STEP_MS 20
#define LET_GO_MS 3000	/* pcscd may be in an exchange with the card */
#define PROBE_MS 5000

static int fail(const char *what, int err)
{
	fprintf(stderr, "dmscctl: %s: %s\n", what, strerror(-err));
	return CTL_FAILED;
}

int ctl_readers(const struct ctl *c)
{
	static const char *const columns[] = { "location", "ids", "name", "driver", "slots" };
	static struct usb_reader readers[USB_READERS_MAX];
	int n = usb_readers(readers);
	struct table t;

	/* A machine without USB has no USB readers. */
	if (n < 0 && n != -ENOENT)
		return fail("USB", n);
	table_init(&t, c->json, columns, 5);
	for (int i = 0; i < n; i++) {
		const struct usb_reader *r = &readers[i];

		table_cell(&t, "%s", r->name);
		table_cell(&t, "%s:%s", r->vendor, r->product);
		table_cell(&t, "%s", r->text[0] ? r->text : "-");
		table_cell(&t, "%s", r->driver[0] ? r->driver : "-");
		table_cell(&t, "%s", r->slots[0] ? r->slots : "-");
	}
	table_print(&t);
	return CTL_OK;
}

/* By its interface, its device, its ids, or the name of a slot in it. */
static bool is_meant(const struct usb_reader *r, const char *word)
{
	size_t n = strlen(word);
	char ids[16];

	snprintf(ids, sizeof(ids), "%s:%s", r->vendor, r->product);
	if (!strcmp(r->name, word) || !strcasecmp(ids, word))
		return true;
	if (!strncmp(r->name, word, n) && r->name[n] == ':')
		return true;
	for (const char *s = strstr(r->slots, word); s && n; s = strstr(s + 1, word))
		if ((s == r->slots || s[-1] == ' ') && (!s[n] || s[n] == ' '))
			return true;
	return false;
}

/* The one reader that @word means; NULL with a message. */
static const struct usb_reader *find(const struct usb_reader *readers, int n, const char *word)
{
	const struct usb_reader *found = NULL;
	unsigned int several = 0;

	for (int i = 0; i < n; i++) {
		if (is_meant(&readers[i], word)) {
			found = &readers[i];
			several++;
		}
	}
	if (several == 1)
		return found;
	if (several) {
		fprintf(stderr, "dmscctl: '%s' is several readers; which location?\n", word);
		for (int i = 0; i < n; i++)
			if (is_meant(&readers[i], word))
				fprintf(stderr, "  %s\n", readers[i].name);
	} else if (word[0] && !strchr(word, '/') && usb_there(DEVICES "/%s", word)) {
		fprintf(stderr, "dmscctl: '%s' is no card reader (CCID)\n", word);
	} else {
		fprintf(stderr, "dmscctl: there is no USB card reader '%s': see dmscctl readers\n", word);
	}
	return NULL;
}

/* Waits until the interface has @driver (or, if @not, has it no more). */
static bool wait_driver(const char *name, const char *driver, bool not, unsigned int ms)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000 };

	for (unsigned int t = 0;; t += STEP_MS) {
		char now[32];

		usb_driver_of(name, now, sizeof(now));
		if (!strcmp(now, driver) != not)
			return true;
		if (t >= ms)
			return false;
		nanosleep(&step, NULL);
	}
}

/* pcscd, told that the reader is gone, closes it; whatever else has it loses it. */
static int take_from_program(const struct usb_reader *r)
{
	int err = usb_write("remove", DEVICES "/%s/uevent", r->name);

	if (err)
		return err;
	if (wait_driver(r->name, USB_PROGRAM, true, LET_GO_MS))
		return 0;
	err = usb_write(r->name, DRIVERS "/" USB_PROGRAM "/unbind");
	/* It may have let go just now. */
	return wait_driver(r->name, USB_PROGRAM, true, STEP_MS) ? 0 : err ? err : -EBUSY;
}

/* Whether an id for @r would also take reader @other, which nobody has. */
static bool is_bystander(const struct usb_reader *r, const struct usb_reader *other)
{
	return strcmp(other->name, r->name) && !strcmp(other->vendor, r->vendor) &&
	       !strcmp(other->product, r->product) && !other->driver[0];
}

/*
 * An id is all that a USB driver can be given, and it takes all that have it: the id is
 * there for this one moment, in which no driver may have the others.
 */
static int attach(const struct usb_reader *readers, int n, const struct usb_reader *r)
{
	char id[32];
	int err;

	for (int i = 0; i < n; i++)
		if (is_bystander(r, &readers[i]) &&
		    usb_write("0", DEVICES "/%s/authorized", readers[i].name))
			fprintf(stderr, "dmscctl: %s may be bound, too\n", readers[i].name);
	snprintf(id, sizeof(id), "%s %s %02x", r->vendor, r->product, r->interface_class);
	err = usb_write(id, DRIVERS "/" USB_DRIVER "/new_id");
	if (!err) {
		if (!wait_driver(r->name, USB_DRIVER, false, PROBE_MS))
			err = -ENODEV;
		snprintf(id, sizeof(id), "%s %s", r->vendor, r->product);
		if (usb_write(id, DRIVERS "/" USB_DRIVER "/remove_id"))
			fputs("dmscctl: the driver keeps the reader's id\n", stderr);
	}
	for (int i = 0; i < n; i++)
		if (is_bystander(r, &readers[i]) &&
		    usb_write("1", DEVICES "/%s/authorized", readers[i].name))
			fprintf(stderr, "dmscctl: %s may be bound by no driver any more\n",
				readers[i].name);
	return err;
}

/* May this be, and is there somebody to have it? CTL_OK, or the exit status with a message. */
static int may(void)
{
	if (geteuid() != 0) {
		fputs("dmscctl: only root may say who has a reader\n", stderr);
		return CTL_FAILED;
	}
	if (!usb_there(DRIVERS "/" USB_DRIVER)) {
		fputs("dmscctl: the module " USB_DRIVER " is not loaded: modprobe " USB_DRIVER "\n", stderr);
		return CTL_MODULE;
	}
	return CTL_OK;
}

/* One at a time; and no signal between what is begun and what has to follow. */
static int begin(void)
{
	char path[256];
	sigset_t all;
	int fd;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	snprintf(path, sizeof(path), "%s/" DRIVERS "/" USB_DRIVER, usb_sysfs);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
}

static int bind_reader(const struct usb_reader *readers, int n, const struct usb_reader *r)
{
	int err = 0;

	if (!strcmp(r->driver, USB_DRIVER))
		return CTL_OK;
	if (r->driver[0] && strcmp(r->driver, USB_PROGRAM)) {
		fprintf(stderr, "dmscctl: %s has the driver %s, which would have to let it go first\n",
			r->name, r->driver);
		return CTL_FAILED;
	}
	if (r->driver[0])
		err = take_from_program(r);
	if (err) {
		fprintf(stderr, "dmscctl: the program that has %s does not let it go: %s\n", r->name,
			strerror(-err));
		return CTL_FAILED;
	}
	err = attach(readers, n, r);
	if (!err)
		return CTL_OK;
	/* Whoever had it may have it again. */
	if (r->driver[0] && usb_write("add", DEVICES "/%s/uevent", r->name))
		fputs("dmscctl: and pcscd could not be told\n", stderr);
	if (err == -ENODEV)
		fprintf(stderr, "dmscctl: " USB_DRIVER " does not take %s: the kernel's log says why\n",
			r->name);
	else
		fail(r->name, err);
	return CTL_FAILED;
}

static int unbind_reader(const struct usb_reader *r)
{
	int err;

	if (strcmp(r->driver, USB_DRIVER)) {
		fprintf(stderr, "dmscctl: %s is not bound\n", r->name);
		return CTL_FAILED;
	}
	err = usb_write(r->name, DRIVERS "/" USB_DRIVER "/unbind");
	if (!err && !wait_driver(r->name, USB_DRIVER, true, PROBE_MS))
		err = -EBUSY;
	/* To pcscd this is a reader that was just plugged in. */
	if (!err)
		err = usb_write("add", DEVICES "/%s/uevent", r->name);
	return err ? fail(r->name, err) : CTL_OK;
}

static int change(const char *word, bool bind)
{
	static struct usb_reader readers[USB_READERS_MAX];
	_cleanup_close_ int lock = -1;
	const struct usb_reader *r;
	int n, status = may();

	if (status)
		return status;
	lock = begin();
	n = usb_readers(readers);
	if (n < 0)
		return fail("USB", n);
	r = find(readers, n, word);
	if (!r)
		return CTL_FAILED;
	return bind ? bind_reader(readers, n, r) : unbind_reader(r);
}

int ctl_bind(const char *reader)
{
	return change(reader, true);
}

int ctl_unbind(const char *reader)
{
	return change(reader, false);
}
