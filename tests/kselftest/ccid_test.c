// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The driver of USB readers with readers that do what the specification says, at each
 * level of exchange: binding, both protocols, slots, voltages, parameters, time,
 * aborts, errors, sleep, and unbinding in the middle of it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <linux/usbdevice_fs.h>

#include "ktap.h"
#include "ucard.h"
#include "vcard.h"

#define DRIVER	"/sys/bus/usb/drivers/uicc_ccid"

/* What the driver has to do itself for a reader of TPDUs that does nothing. */
#define PLAIN	(CCID_TPDU | CCID_AUTO_CLOCK)

static struct ucard *start(uint32_t level, unsigned int slots)
{
	struct ucard *u = ucard_new(level, slots);

	ucard_start(u);
	return u;
}

/* The end of a test: the reader goes, and has nothing to say against the driver. */
static bool finish(struct ucard *u)
{
	unsigned int i, broken = u->broken;

	for (i = 0; i < u->n_slots; i++)
		broken += u->slots[i].t1.broken;
	ucard_free(u);
	CHECK_EQ(broken, 0);
	return true;
}

/* Its name on the bus, as "1-1:1.0". */
static const char *interface_name(void)
{
	static char name[64];
	DIR *dir = opendir(DRIVER);
	struct dirent *e;

	name[0] = '\0';
	while (dir && (e = readdir(dir)))
		if (strchr(e->d_name, ':'))
			snprintf(name, sizeof(name), "%.60s", e->d_name);
	if (dir)
		closedir(dir);
	return name;
}

static int usb_attr(const char *name, const char *value)
{
	char path[200], device[64];

	snprintf(device, sizeof(device), "%.60s", interface_name());
	*strchrnul(device, ':') = '\0';
	snprintf(path, sizeof(path), "/sys/bus/usb/devices/%s/%s", device, name);
	return attr_write(path, value);
}

/* --- which readers are taken ---------------------------------------------------------- */

/* No program that drives readers itself is robbed: nothing is bound that nobody named. */
static bool test_not_by_itself(void)
{
	struct ucard *u = ucard_new(CCID_SHORT, 1);
	unsigned int i;

	u->unbound = true;
	ucard_card(u, 0, ucard_atr(0, 0x11, 0, false, false));
	ucard_insert_quiet(u, 0);
	ucard_start(u);
	for (i = 0; i < 200 && !u->enabled; i++)
		usleep(10000);
	CHECK_EQ(u->enabled, 1);
	usleep(300000);
	CHECK(!ucard_class(u, 0));
	CHECK_EQ(u->messages, 0);
	CHECK(system("modinfo -F alias uicc_ccid | grep -q .") != 0);
	return finish(u);
}

static const struct {
	const char *name;
	uint32_t level;
	unsigned int protocol;
	bool full_speed;
	uint8_t ifsc;
	bool crc;
} ways[] = {
	{ "TPDU, T=0", CCID_TPDU, 0, false, 0, false },
	{ "TPDU, T=0, full speed", CCID_TPDU, 0, true, 0, false },
	{ "TPDU, T=1, IFSC 32", CCID_TPDU, 1, true, 32, false },
	{ "TPDU, T=1, IFSC 254, CRC", CCID_TPDU, 1, false, 254, true },
	{ "TPDU, T=1, IFSC 5", CCID_TPDU, 1, false, 5, false },
	{ "short APDU, T=0", CCID_SHORT, 0, false, 0, false },
	{ "short APDU, T=1", CCID_SHORT, 1, true, 254, false },
	{ "extended APDU, T=0", CCID_EXTENDED, 0, false, 0, false },
	{ "extended APDU, T=1", CCID_EXTENDED, 1, true, 254, false },
};

static bool one_way(unsigned int i)
{
	struct ucard *u = ucard_new(ways[i].level, 1);
	char path[64];

	u->full_speed = ways[i].full_speed;
	ucard_card(u, 0, ucard_atr(ways[i].protocol, 0x95, ways[i].ifsc, ways[i].crc, false));
	ucard_insert_quiet(u, 0);
	ucard_start(u);
	CHECK(ucard_ready(u));
	CHECK(ucard_wait_card(u, 0, true));
	CHECK(ucard_files(u, 0));
	snprintf(path, sizeof(path), "%s/location", ucard_class(u, 0));
	CHECK(strlen(interface_name()) > 0);
	CHECK(!strncmp(interface_name(), "1-1:1.0", 7));
	CHECK(attr_is(path, "1-1:1.0\n"));
	/* The core's own T=1 is used where blocks go out, and only there. */
	CHECK_EQ(u->slots[0].t1.blocks > 0, ways[i].level == CCID_TPDU && ways[i].protocol == 1);
	CHECK_EQ(u->slots[0].power_ons, 1);
	return finish(u);
}

static bool test_ways(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!one_way(i)) {
			printf("# %s\n", ways[i].name);
			return false;
		}
	}
	return true;
}

/* A file of 600 bytes in one answer, in messages of 128 bytes: both ways go in parts. */
/* Rules: CCID-10 */
static bool test_chaining(void)
{
	struct ucard *u = ucard_new(CCID_EXTENDED, 1);
	unsigned int before;

	u->desc.dwMaxCCIDMessageLength = 128;
	ucard_card(u, 0, ucard_atr(1, 0x95, 254, false, false));
	ucard_insert_quiet(u, 0);
	ucard_start(u);
	CHECK(ucard_ready(u) && ucard_wait_card(u, 0, true));
	CHECK(ucard_files(u, 0));
	before = u->slots[0].chip.commands;
	attr_write(ucard_path(u, 0, "unexport"), "a000000063504b43532d3135.6432");
	attr_write(ucard_path(u, 0, "export"), "a000000063504b43532d3135.6432");
	CHECK_EQ(ucard_read(u, 0, "a000000063504b43532d3135.6432"), 600);
	/* SELECT and one READ, maybe another SELECT: not three READs of 255. */
	CHECK(u->slots[0].chip.commands - before <= 4);
	return finish(u);
}

/* --- cards come and go ------------------------------------------------------------------ */

static long seq_of(struct ucard *u, unsigned int slot)
{
	char text[24] = "";

	/* The card's, which is there with its own device, not the slot's. */
	return attr_read(ucard_path(u, slot, "seq"), text, sizeof(text) - 1, 0) > 0 ? atol(text) : -1;
}

static bool come_and_go(struct ucard *u)
{
	long seq;
	int i;

	CHECK(ucard_ready(u));
	CHECK(ucard_wait_card(u, 0, false));
	for (i = 0; i < 3; i++) {
		ucard_card(u, 0, ucard_atr(i & 1, 0x11, 254, false, false));
		CHECK(ucard_insert(u, 0));
		CHECK(ucard_files(u, 0));
		CHECK(ucard_remove(u, 0));
	}
	CHECK(ucard_insert(u, 0));
	/*
	 * Another card before anybody looked: one report, with "changed" in it. In the
	 * first second that means no more than "there is a card".
	 */
	usleep(1200000);
	seq = seq_of(u, 0);
	ucard_card(u, 0, ucard_atr(1, 0x11, 100, false, false));
	if (u->endpoints & UCARD_IRQ) {
		ucard_put(u, 0);
		for (i = 0; i < 500 && seq_of(u, 0) <= seq; i++)
			usleep(10000);
		CHECK(seq_of(u, 0) > seq);
		CHECK(ucard_wait_card(u, 0, true));
		CHECK(ucard_files(u, 0));
	}
	return finish(u);
}

/* Rules: CCID-9 */
static bool test_notified(void)
{
	return come_and_go(start(CCID_SHORT, 1));
}

/* A reader without that endpoint, or whose endpoint does not work, is asked. */
static bool test_polled(void)
{
	struct ucard *u = ucard_new(CCID_TPDU, 1);

	u->endpoints = UCARD_OUT | UCARD_IN;
	ucard_start(u);
	return come_and_go(u);
}

struct reading {
	pthread_t thread;
	struct ucard *u;
	unsigned int slot;
	bool ok;
};

static void *read_files(void *arg)
{
	struct reading *r = arg;

	r->ok = ucard_files(r->u, r->slot);
	return NULL;
}

/* Four cards, of which no two are alike, read at the same time; one goes meanwhile. */
static bool test_four_slots(void)
{
	struct ucard *u = ucard_new(CCID_TPDU, 4);
	struct reading r[4];
	unsigned int i;
	char path[64];

	for (i = 0; i < 4; i++) {
		ucard_card(u, i, ucard_atr(i & 1, 0x95, i < 2 ? 32 : 254, i > 2, false));
		ucard_insert_quiet(u, i);
		u->slots[i].think_ms = 3;
	}
	ucard_start(u);
	CHECK(ucard_ready(u));
	for (i = 0; i < 4; i++)
		CHECK(ucard_wait_card(u, i, true));
	snprintf(path, sizeof(path), "%s/location", ucard_class(u, 2));
	CHECK(attr_is(path, "1-1:1.0.2\n"));
	for (i = 0; i < 4; i++) {
		r[i] = (struct reading){ .u = u, .slot = i };
		CHECK(!pthread_create(&r[i].thread, NULL, read_files, &r[i]));
	}
	for (i = 0; i < 4; i++)
		pthread_join(r[i].thread, NULL);
	for (i = 0; i < 4; i++)
		CHECK(r[i].ok);
	/* Who is left does not notice. */
	CHECK(ucard_remove(u, 1));
	CHECK(!access(ucard_path(u, 0, ""), F_OK));
	CHECK_EQ(ucard_probe(u, 3), 40);
	CHECK(ucard_insert(u, 1));
	CHECK(ucard_files(u, 1));
	return finish(u);
}

/* --- power and parameters ---------------------------------------------------------------- */

/* The lowest voltage that reader and card have in common (ISO 7816-3 6.2.2). */
static bool test_voltage(void)
{
	static const struct {
		uint8_t reader, card;	/* 1 = 5 V, 2 = 3 V, 4 = 1.8 V */
		const char *selects, *class;
	} rows[] = {
		{ 7, 7, "\3", "C\n" }, { 7, 3, "\3\2", "B\n" }, { 7, 1, "\3\2\1", "A\n" },
		{ 3, 7, "\2", "B\n" }, { 1, 7, "\1", "A\n" }, { 5, 1, "\3\1", "A\n" },
	};
	unsigned int i;
	char path[64];

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ucard *u = ucard_new(CCID_SHORT, 1);

		u->desc.bVoltageSupport = rows[i].reader;
		u->desc.dwFeatures &= ~CCID_AUTO_VOLTAGE;
		u->slots[0].classes = rows[i].card;
		ucard_card(u, 0, ucard_atr(0, 0x11, 0, false, false));
		ucard_insert_quiet(u, 0);
		ucard_start(u);
		CHECK(ucard_ready(u) && ucard_wait_card(u, 0, true));
		CHECK_EQ(u->slots[0].power_ons, strlen(rows[i].selects));
		CHECK(!memcmp(u->slots[0].power_selects, rows[i].selects, u->slots[0].power_ons));
		snprintf(path, sizeof(path), "%s/supply_class", ucard_class(u, 0));
		CHECK(attr_is(path, rows[i].class));
		CHECK(finish(u));
	}
	return true;
}

static bool configured(struct ucard *u, uint8_t speed, unsigned int pps)
{
	struct ucard_slot *s = &u->slots[0];

	ucard_insert_quiet(u, 0);
	ucard_start(u);
	CHECK(ucard_ready(u) && ucard_wait_card(u, 0, true));
	CHECK(ucard_files(u, 0));
	CHECK_EQ(s->speed, speed);
	CHECK_EQ(s->reader_speed, speed);
	CHECK_EQ(s->reader_protocol, s->protocol);
	CHECK_EQ(s->pps, pps);
	return finish(u);
}

static struct ucard *plain(unsigned int protocol, uint8_t ta1, bool specific)
{
	struct ucard *u = ucard_new(CCID_TPDU, 1);

	u->desc.dwFeatures = PLAIN | CCID_AUTO_VOLTAGE;
	ucard_card(u, 0, ucard_atr(protocol, ta1, 254, false, specific));
	return u;
}

/* Speed and protocol where the reader leaves them to us: both sides agree in the end. */
/* Rules: CCID-11 */
static bool test_parameters(void)
{
	struct ucard *u;

	CHECK(configured(plain(0, 0x95, false), 0x95, 1));
	CHECK(configured(plain(1, 0x96, false), 0x96, 1));
	CHECK(configured(plain(0, 0x11, false), 0x11, 0));
	CHECK(configured(plain(1, 0x11, false), 0x11, 0));
	/* TA2: the card is so from the start, and takes no PPS. */
	CHECK(configured(plain(0, 0x94, true), 0x94, 0));
	CHECK(configured(plain(1, 0x94, true), 0x94, 0));
	/* A reader too slow for what the card offers. */
	u = plain(0, 0x96, false);
	u->desc.dwMaxDataRate = u->desc.dwDataRate;
	CHECK(configured(u, 0x11, 0));
	return true;
}

/* A card that does not agree: it is reset, and works slowly. */
static bool test_pps_refused(void)
{
	uint8_t how;

	for (how = 1; how <= 2; how++) {
		struct ucard *u = plain(how & 1, 0x95, false);

		u->slots[0].pps_answer = how;
		ucard_insert_quiet(u, 0);
		ucard_start(u);
		CHECK(ucard_ready(u) && ucard_wait_card(u, 0, true));
		CHECK(ucard_files(u, 0));
		CHECK_EQ(u->slots[0].speed, 0x11);
		CHECK_EQ(u->slots[0].pps, 1);
		CHECK_EQ(u->slots[0].power_ons, 2);
		CHECK(finish(u));
	}
	/* PPS1 left out of the response: the protocol it is, at the first speed. */
	{
		struct ucard *u = plain(1, 0x95, false);

		u->slots[0].pps_answer = 3;
		CHECK(configured(u, 0x11, 1));
	}
	return true;
}

/* --- time ---------------------------------------------------------------------------------- */

/* Rules: CCID-7 */
static bool test_time_extension(void)
{
	char timeout[16], longest[16];
	struct ucard *u = start(CCID_SHORT, 1);
	long long begun;
	int ret;

	CHECK(ucard_ready(u));
	ucard_param("timeout_ms", "500", timeout, sizeof(timeout));
	ucard_card(u, 0, ucard_atr(1, 0x11, 254, false, false));
	CHECK(ucard_insert(u, 0));
	/* Longer than the reader may be silent, but it is not. */
	ucard_lie(u, UCARD_TIME, CCID_XFR_BLOCK, 0, 50);
	begun = ucard_now_ms();
	CHECK_EQ(ucard_probe(u, 0), 40);
	CHECK(ucard_now_ms() - begun >= 1000);
	/* Without end there is one. */
	ucard_param("extension_ms", "1000", longest, sizeof(longest));
	ucard_lie(u, UCARD_TIME, CCID_XFR_BLOCK, 0, -1);
	u->lies[0].count = 1;
	begun = ucard_now_ms();
	ret = ucard_probe(u, 0);
	CHECK_EQ(ret, -ETIMEDOUT);
	CHECK(ucard_now_ms() - begun < 8000);
	ucard_param("extension_ms", longest, NULL, 0);
	ucard_param("timeout_ms", timeout, NULL, 0);
	ucard_no_lie(u);
	u->slots[0].present = false;
	return finish(u);
}

/* Nobody waits for ever: the command is aborted, on both pipes, and the card works on. */
static bool test_abort(void)
{
	char timeout[16];
	struct ucard *u = start(CCID_TPDU, 1);
	long long begun;

	CHECK(ucard_ready(u));
	ucard_card(u, 0, ucard_atr(0, 0x11, 0, false, false));
	CHECK(ucard_insert(u, 0));
	ucard_param("timeout_ms", "300", timeout, sizeof(timeout));
	ucard_lie(u, UCARD_SILENT, CCID_XFR_BLOCK, 0, 0);
	begun = ucard_now_ms();
	CHECK_EQ(ucard_probe(u, 0), -ETIMEDOUT);
	CHECK(ucard_now_ms() - begun < 5000);
	CHECK_EQ(u->control_aborts, 1);
	CHECK_EQ(u->slots[0].aborts, 1);
	ucard_param("timeout_ms", timeout, NULL, 0);
	CHECK(ucard_remove(u, 0));
	CHECK(ucard_insert(u, 0));
	CHECK(ucard_files(u, 0));
	return finish(u);
}

/* --- errors -------------------------------------------------------------------------------- */

/* Each bError (CCID 6.2.6) is an errno of the ABI, and the next card works. */
/* Rules: CCID-8 */
static bool test_errors(void)
{
	static const struct {
		uint8_t error;
		int want;
	} rows[] = {
		{ 0xfe, -ETIMEDOUT }, { 0xfd, -EPROTO }, { 0xfc, -EPROTO }, { 0xfb, -EPROTO },
		{ 0xf8, -EPROTO }, { 0xf7, -EPROTO }, { 0xf6, -EPROTO }, { 0xf5, -EPROTO },
		{ 0xf4, -EPROTO }, { 0xf3, -EPROTO }, { 0xf0, -ETIMEDOUT }, { 0xef, -EPROTO },
		{ 0xff, -EPROTO }, { 0xa0, -EPROTO }, { 0x00, -EPROTO }, { 0x05, -EPROTO },
		{ 0x2a, -EPROTO },
	};
	struct ucard *u = start(CCID_TPDU, 1);
	unsigned int i;
	int ret;

	CHECK(ucard_ready(u));
	ucard_card(u, 0, ucard_atr(0, 0x11, 0, false, false));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(ucard_insert(u, 0));
		ucard_lie(u, UCARD_ERROR, CCID_XFR_BLOCK, 0, rows[i].error);
		/* For as long as the core tries again. */
		u->lies[0].count = 1000;
		ret = ucard_probe(u, 0);
		if (ret != rows[i].want) {
			printf("# bError %02X: %d, not %d\n", rows[i].error, ret, rows[i].want);
			return false;
		}
		ucard_no_lie(u);
		CHECK(ucard_remove(u, 0));
	}
	/* Busy: tried again. */
	CHECK(ucard_insert(u, 0));
	ucard_lie(u, UCARD_ERROR, CCID_XFR_BLOCK, 0, 0xe0);
	ucard_lie_more(u, UCARD_ERROR, CCID_XFR_BLOCK, 2, 0xf2);
	CHECK_EQ(ucard_probe(u, 0), 40);
	ucard_no_lie(u);
	return finish(u);
}

/* --- sleep, resets, unbinding ---------------------------------------------------------------- */

static int sleep_once(const char *level)
{
	int ret = attr_write("/sys/power/pm_test", level);

	ret = ret ?: attr_write("/sys/power/state", "freeze");
	attr_write("/sys/power/pm_test", "none");
	return ret;
}

/*
 * The device controller leaves the bus when the system sleeps, as a cable does that
 * is pulled and put in again. Where the USB core holds on to a device over that
 * ("persist"), the reader is reset and the slot stays; else it is another reader.
 */
static bool sleep_with(struct ucard *u, bool persist)
{
	char before[24] = "", after[24] = "";
	unsigned int i;

	CHECK_EQ(usb_attr("power/persist", persist ? "1" : "0"), 0);
	CHECK(attr_read(ucard_path(u, 0, "seq"), before, sizeof(before) - 1, 0) > 0);
	i = u->enabled;
	CHECK_EQ(sleep_once("devices"), 0);
	if (persist) {
		CHECK(ucard_class(u, 0));
	} else {
		while (u->enabled == i)
			usleep(10000);
		CHECK(ucard_ready(u));
	}
	CHECK(ucard_wait_card(u, 0, true));
	CHECK(ucard_files(u, 0));
	CHECK(attr_read(ucard_path(u, 0, "seq"), after, sizeof(after) - 1, 0) > 0);
	if (persist)
		CHECK(!strcmp(before, after));
	return true;
}

static bool test_suspend(void)
{
	struct ucard *u;

	if (access("/sys/power/pm_test", F_OK)) {
		ktap_skip = "no /sys/power/pm_test";
		return true;
	}
	attr_write("/sys/module/suspend/parameters/pm_test_delay", "0");
	u = start(CCID_TPDU, 1);
	CHECK(ucard_ready(u));
	ucard_card(u, 0, ucard_atr(1, 0x11, 254, false, false));
	CHECK(ucard_insert(u, 0));
	CHECK(sleep_with(u, true));
	/* It had no power in between. */
	CHECK(u->slots[0].power_offs >= 1);
	CHECK(u->slots[0].power_ons >= 2);
	CHECK(sleep_with(u, true));
	CHECK(sleep_with(u, false));
	CHECK(ucard_remove(u, 0));
	CHECK(ucard_insert(u, 0));
	CHECK(ucard_files(u, 0));
	return finish(u);
}

static int reset_device(void)
{
	char path[100], number[8] = "";
	int fd, ret;

	attr_read("/sys/bus/usb/devices/1-1/devnum", number, sizeof(number) - 1, 0);
	snprintf(path, sizeof(path), "/dev/bus/usb/001/%03d", atoi(number));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = ioctl(fd, USBDEVFS_RESET) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* Somebody resets the device, with a card in use: it counts as put in anew. */
static bool test_reset(void)
{
	struct ucard *u = start(CCID_SHORT, 1);
	unsigned int i;
	long seq;

	CHECK(ucard_ready(u));
	ucard_card(u, 0, ucard_atr(0, 0x11, 0, false, false));
	CHECK(ucard_insert(u, 0));
	for (i = 0; i < 3; i++) {
		seq = seq_of(u, 0);
		CHECK_EQ(reset_device(), 0);
		while (seq_of(u, 0) <= seq)
			usleep(10000);
		CHECK(ucard_wait_card(u, 0, true));
		CHECK(ucard_files(u, 0));
	}
	return finish(u);
}

/* Forbidden and allowed again, with its device still plugged. */
static bool test_authorized(void)
{
	struct ucard *u = start(CCID_EXTENDED, 1);

	CHECK(ucard_ready(u));
	ucard_card(u, 0, ucard_atr(1, 0x11, 254, false, false));
	CHECK(ucard_insert(u, 0));
	CHECK_EQ(usb_attr("authorized", "0"), 0);
	CHECK(!ucard_class(u, 0));
	CHECK_EQ(attr_write("/sys/bus/usb/devices/1-1/authorized", "1"), 0);
	CHECK(ucard_ready(u));
	CHECK(ucard_wait_card(u, 0, true));
	CHECK(ucard_files(u, 0));
	return finish(u);
}

static void *probe_always(void *arg)
{
	struct reading *r = arg;
	int ret = 0;

	while (ret >= 0)
		ret = ucard_probe(r->u, r->slot);
	/* -ENOENT: its files are gone before it is asked. */
	r->ok = ret == -ENODEV || ret == -ENOENT;
	if (!r->ok)
		printf("# read: %d\n", ret);
	return NULL;
}

/* Let go of while it is read: that ends at once, and the card has no power after it. */
static bool test_unbind(void)
{
	struct ucard *u = start(CCID_TPDU, 2);
	unsigned int i, offs;
	char name[64];

	CHECK(ucard_ready(u));
	ucard_card(u, 0, ucard_atr(0, 0x11, 0, false, false));
	ucard_card(u, 1, ucard_atr(1, 0x11, 254, false, false));
	ucard_put(u, 0);
	ucard_put(u, 1);
	for (i = 0; i < 4; i++) {
		struct reading r = { .u = u, .slot = i & 1 };
		long long begun;

		CHECK(ucard_wait_card(u, 0, true) && ucard_wait_card(u, 1, true));
		u->slots[i & 1].think_ms = 1 + 20 * i;
		CHECK(!pthread_create(&r.thread, NULL, probe_always, &r));
		usleep(50000 + 7000 * i);
		snprintf(name, sizeof(name), "%s", interface_name());
		offs = u->slots[i & 1].power_offs;
		begun = ucard_now_ms();
		CHECK_EQ(attr_write(DRIVER "/unbind", name), 0);
		CHECK(ucard_now_ms() - begun < 5000);
		pthread_join(r.thread, NULL);
		CHECK(r.ok);
		CHECK(!ucard_class(u, 0));
		CHECK_EQ(u->slots[i & 1].power_offs, offs + 1);
		CHECK_EQ(attr_write(DRIVER "/bind", name), 0);
		CHECK(ucard_ready(u));
		u->slots[i & 1].think_ms = 0;
	}
	CHECK(ucard_wait_card(u, 0, true) && ucard_wait_card(u, 1, true));
	CHECK(ucard_files(u, 0) && ucard_files(u, 1));
	return finish(u);
}

/* The module goes and comes while a card is in use. */
static bool test_unload(void)
{
	struct ucard *u = start(CCID_SHORT, 1);

	CHECK(ucard_ready(u));
	ucard_card(u, 0, ucard_atr(0, 0x11, 0, false, false));
	CHECK(ucard_insert(u, 0));
	CHECK_EQ(system("rmmod uicc_ccid"), 0);
	CHECK(!ucard_class(u, 0));
	CHECK_EQ(u->slots[0].power_offs, 1);
	CHECK_EQ(system("modprobe uicc_ccid"), 0);
	return finish(u);
}

static const struct ktap_test tests[] = {
	{ "nothing is bound by itself", test_not_by_itself },
	{ "each level with each protocol", test_ways },
	{ "extended APDUs in parts", test_chaining },
	{ "cards come and go, notified", test_notified },
	{ "cards come and go, polled", test_polled },
	{ "four slots at a time", test_four_slots },
	{ "lowest voltage of both", test_voltage },
	{ "parameters are left to us", test_parameters },
	{ "PPS refused", test_pps_refused },
	{ "time extension", test_time_extension },
	{ "abort", test_abort },
	{ "each error of a reader", test_errors },
	{ "suspend", test_suspend },
	{ "reset of the device", test_reset },
	{ "authorization", test_authorized },
	{ "unbound while reading", test_unbind },
	{ "unloaded with a card", test_unload },
};

int main(void)
{
	ktap_need_root();
	ucard_need();
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
