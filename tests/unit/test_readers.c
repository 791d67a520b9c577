// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dmscctl readers, bind and unbind on a sysfs of the test's own: plain files, and a kernel
 * that looks at what was written whenever the program sleeps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "dmscctl/ctl.h"
#include "dmscctl/usb.h"

#define DEV "bus/usb/devices/"
#define DRV "bus/usb/drivers/"

static char root[64];
static uid_t user;
/* How this kernel and its programs are today. */
static bool lets_go, can_be_cut, takes;
static unsigned int slept;

static char *at(const char *where)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", root, where);
	return path;
}

static void dir(const char *where)
{
	char *path = at(where);

	for (char *p = path + strlen(root) + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		mkdir(path, 0700);
		*p = '/';
	}
	assert_true(!mkdir(path, 0700) || errno == EEXIST);
}

static void bytes(const char *where, const void *data, size_t n)
{
	FILE *f = fopen(at(where), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	fclose(f);
}

static void text(const char *device, const char *attr, const char *value)
{
	char where[128];

	snprintf(where, sizeof(where), DEV "%s/%s", device, attr);
	bytes(where, value, strlen(value));
}

/* What was written to an attribute. */
static const char *written(const char *where)
{
	static char out[64];
	FILE *f = fopen(at(where), "r");

	out[0] = 0;
	if (f) {
		out[fread(out, 1, sizeof(out) - 1, f)] = 0;
		fclose(f);
	}
	return out;
}

static void set_driver(const char *interface, const char *driver)
{
	char where[128], to[64];

	snprintf(where, sizeof(where), DEV "%s/driver", interface);
	unlink(at(where));
	snprintf(to, sizeof(to), "../../drivers/%s", driver);
	if (driver)
		assert_int_equal(symlink(to, at(where)), 0);
}

static void add_device(const char *name, const char *vendor, const char *product, const char *called)
{
	char where[128];

	snprintf(where, sizeof(where), DEV "%s", name);
	dir(where);
	text(name, "idVendor", vendor);
	text(name, "idProduct", product);
	if (called)
		text(name, "product", called);
}

static void add_interface(const char *name, const char *number, const char *class)
{
	char where[128];

	snprintf(where, sizeof(where), DEV "%s", name);
	dir(where);
	text(name, "bInterfaceNumber", number);
	text(name, "bInterfaceClass", class);
	text(name, "uevent", "");
	text(name, "authorized", "1");
}

static void add_slot(const char *name, const char *transport, const char *location)
{
	char where[128];

	snprintf(where, sizeof(where), "class/uicc/%s", name);
	dir(where);
	snprintf(where, sizeof(where), "class/uicc/%s/transport", name);
	bytes(where, transport, strlen(transport));
	snprintf(where, sizeof(where), "class/uicc/%s/location", name);
	bytes(where, location, strlen(location));
}

uid_t __wrap_geteuid(void);
uid_t __wrap_geteuid(void)
{
	return user;
}

/* The kernel's turn: it and pcscd do what was asked since the last one. */
int __wrap_nanosleep(const struct timespec *t, struct timespec *rest);
int __wrap_nanosleep(const struct timespec *t, struct timespec *rest)
{
	slept++;
	if (lets_go && !strcmp(written(DEV "1-2:1.0/uevent"), "remove"))
		set_driver("1-2:1.0", NULL);
	if (can_be_cut && !strcmp(written(DRV "usbfs/unbind"), "1-2:1.0"))
		set_driver("1-2:1.0", NULL);
	if (takes && !strcmp(written(DRV "uicc_ccid/new_id"), "08e6 3437 0b")) {
		/* The others that have the id and no driver are not to be had. */
		assert_string_equal(written(DEV "1-4:1.0/authorized"), "0");
		assert_string_equal(written(DEV "1-3:1.0/authorized"), "1");
		set_driver("1-2:1.0", "uicc_ccid");
	}
	if (!strcmp(written(DRV "uicc_ccid/unbind"), "1-2:1.0"))
		set_driver("1-2:1.0", NULL);
	return 0;
}

/*
 * 1-2: a reader that a program has; 1-3: an equal one with a program, 1-4 without; 1-5:
 * composite, a vendor's class with the descriptor behind an endpoint; 1-6: no reader.
 */
static int setup(void **state)
{
	static const uint8_t composite[] = {
		18, 1, 0, 2, 0, 0, 0, 64, 1, 2, 3, 4, 0, 1, 0, 0, 0, 1, 9, 2, 0, 0, 2, 1, 0, 0x80, 50,
		9, 4, 0, 0, 1, 0xFF, 0, 0, 0, 7, 5, 0x81, 2, 64, 0, 0,
		9, 4, 1, 0, 1, 0xFF, 0, 0, 0, 7, 5, 0x82, 2, 64, 0, 0, 54, 0x21 };
	uint8_t all[sizeof(composite) + 52] = { 0 };

	memcpy(all, composite, sizeof(composite));
	strcpy(root, "/tmp/test-readers-XXXXXX");
	assert_non_null(mkdtemp(root));
	usb_sysfs = root;
	user = 0;
	lets_go = can_be_cut = takes = true;
	slept = 0;
	dir(DRV "usbfs");
	dir(DRV "uicc_ccid");
	bytes(DRV "usbfs/unbind", "", 0);
	bytes(DRV "uicc_ccid/unbind", "", 0);
	bytes(DRV "uicc_ccid/new_id", "", 0);
	bytes(DRV "uicc_ccid/remove_id", "", 0);
	for (int i = 2; i <= 4; i++) {
		char device[8], interface[16];

		snprintf(device, sizeof(device), "1-%d", i);
		snprintf(interface, sizeof(interface), "1-%d:1.0", i);
		add_device(device, "08e6\n", "3437\n", i == 2 ? "PC Twin\nx" : NULL);
		add_interface(interface, "00\n", "0b\n");
		set_driver(interface, i == 4 ? NULL : "usbfs");
	}
	text("1-2", "manufacturer", "Ge\033malto\n");
	add_device("1-5", "1111\n", "2222\n", NULL);
	bytes(DEV "1-5/descriptors", all, sizeof(all));
	add_interface("1-5:1.0", "00\n", "ff\n");
	add_interface("1-5:1.1", "01\n", "ff\n");
	set_driver("1-5:1.1", "uicc_ccid");
	add_device("1-6", "3333\n", "4444\n", "Mouse");
	add_interface("1-6:1.0", "00\n", "03\n");
	add_slot("uicc0", "ccid\n", "1-5:1.1.0\n");
	add_slot("uicc1", "ccid\n", "1-5:1.1.1\n");
	add_slot("uicc2", "virt\n", "1-2:1.0\n");
	add_slot("uicc2.card", "ccid\n", "1-2:1.0\n");
	return 0;
}

static int teardown(void **state)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void list(void **state)
{
	struct usb_reader r[USB_READERS_MAX];

	assert_int_equal(usb_readers(r), 4);
	assert_string_equal(r[0].name, "1-2:1.0");
	assert_string_equal(r[0].vendor, "08e6");
	assert_string_equal(r[0].product, "3437");
	assert_string_equal(r[0].text, "Ge\033malto PC Twin");
	assert_string_equal(r[0].driver, "usbfs");
	assert_string_equal(r[0].slots, "");
	assert_string_equal(r[2].name, "1-4:1.0");
	assert_string_equal(r[2].driver, "");
	assert_string_equal(r[2].text, "");
	assert_string_equal(r[3].name, "1-5:1.1");
	assert_string_equal(r[3].driver, "uicc_ccid");
	assert_true(!strcmp(r[3].slots, "uicc0 uicc1") || !strcmp(r[3].slots, "uicc1 uicc0"));
	usb_sysfs = "/nonexistent";
	assert_int_equal(usb_readers(r), -ENOENT);
	assert_int_equal(ctl_readers(&(struct ctl){ .json = false }), CTL_OK);
}

/* Descriptors that lie about their lengths end the search, not the program. */
static void bad_descriptors(void **state)
{
	static const uint8_t bad[][12] = {
		{ 9, 4, 1, 0, 1, 0xFF, 0, 0, 0, 0, 0x21 },	/* none may be empty */
		{ 9, 4, 1, 0, 1, 0xFF, 0, 0, 0, 54, 0x21 },	/* longer than what is there */
		{ 9, 4, 1, 0, 1, 0xFF, 0, 0, 0, 2, 0x21 },	/* of another size */
		{ 2, 4, 54, 0x21 },				/* an interface that is none */
		{ 9 }, { 0 },
	};
	struct usb_reader r[USB_READERS_MAX];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bytes(DEV "1-5/descriptors", bad[i], sizeof(bad[i]));
		assert_int_equal(usb_readers(r), 3);
	}
}

/* Rules: BIND-1 BIND-2 */
static void taken_from_a_program(void **state)
{
	assert_int_equal(ctl_bind("1-2:1.0"), CTL_OK);
	assert_string_equal(written(DEV "1-2:1.0/uevent"), "remove");
	/* It let go by itself. */
	assert_string_equal(written(DRV "usbfs/unbind"), "");
	assert_string_equal(written(DRV "uicc_ccid/remove_id"), "08e6 3437");
	assert_string_equal(written(DEV "1-4:1.0/authorized"), "1");
	/* Again is no error, and does nothing. */
	bytes(DRV "uicc_ccid/new_id", "", 0);
	assert_int_equal(ctl_bind("1-2"), CTL_OK);
	assert_string_equal(written(DRV "uicc_ccid/new_id"), "");

	assert_int_equal(ctl_unbind("1-2"), CTL_OK);
	assert_string_equal(written(DEV "1-2:1.0/uevent"), "add");
	assert_string_equal(written(DRV "uicc_ccid/unbind"), "1-2:1.0");
	assert_int_equal(ctl_unbind("1-2"), CTL_FAILED);
}

/* Rules: BIND-1 */
static void cut_off(void **state)
{
	lets_go = false;
	assert_int_equal(ctl_bind("1-2"), CTL_OK);
	assert_string_equal(written(DRV "usbfs/unbind"), "1-2:1.0");
}

static void not_let_go(void **state)
{
	lets_go = can_be_cut = false;
	assert_int_equal(ctl_bind("1-2"), CTL_FAILED);
	assert_string_equal(written(DRV "uicc_ccid/new_id"), "");
	/* The wait has an end: three seconds in steps of 20 ms. */
	assert_in_range(slept, 140, 160);
}

/* The driver refuses it: whoever had it has it again, and the id is no more. */
/* Rules: BIND-2 BIND-3 */
static void not_taken(void **state)
{
	takes = false;
	assert_int_equal(ctl_bind("1-2"), CTL_FAILED);
	assert_string_equal(written(DEV "1-2:1.0/uevent"), "add");
	assert_string_equal(written(DRV "uicc_ccid/remove_id"), "08e6 3437");
	assert_string_equal(written(DEV "1-4:1.0/authorized"), "1");
}

static void words(void **state)
{
	static const char *const none[] = { "", "1", "1-", "1-2:", "1-2:1", "uicc", "uicc9", "1-9",
					    "08e6:3438", "../1-2:1.0", "1-6", "1-6:1.0", "1-5:1.0" };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(ctl_bind(none[i]), CTL_FAILED);
	/* Several have these ids. */
	assert_int_equal(ctl_bind("08e6:3437"), CTL_FAILED);
	assert_string_equal(written(DRV "uicc_ccid/new_id"), "");
	/* This one has them alone, and is bound. */
	assert_int_equal(ctl_bind("1111:2222"), CTL_OK);
	assert_int_equal(ctl_bind("uicc0"), CTL_OK);
	assert_int_equal(ctl_bind("uicc1"), CTL_OK);
	/* The slot of another transport that is called like a reader. */
	assert_int_equal(ctl_bind("uicc2"), CTL_FAILED);
}

static void refused(void **state)
{
	set_driver("1-2:1.0", "usbserial");
	assert_int_equal(ctl_bind("1-2"), CTL_FAILED);
	assert_string_equal(written(DEV "1-2:1.0/uevent"), "");
	user = 1000;
	assert_int_equal(ctl_bind("1-3"), CTL_FAILED);
	assert_int_equal(ctl_unbind("1-5"), CTL_FAILED);
	user = 0;
	usb_sysfs = "/nonexistent";
	assert_int_equal(ctl_bind("1-3"), CTL_MODULE);
	assert_int_equal(ctl_unbind("1-5"), CTL_MODULE);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(list), test(bad_descriptors), test(taken_from_a_program), test(cut_off),
		test(not_let_go), test(not_taken), test(words), test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
