// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A CCID reader by FunctionFS: the device on its bus, and cards in its slots. See
 * ucard.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <linux/usb/functionfs.h>

#include "ucard.h"
#include "vcard.h"

#define GADGETS		"/sys/kernel/config/usb_gadget"
#define UDC		"dummy_udc.0"
#define DRIVER		"/sys/bus/usb/drivers/uicc_ccid"

/* There is one controller. */
static struct ucard *on_bus;

static void die(const char *what)
{
	printf("Bail out! ucard: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void put(const char *path, const char *text)
{
	int ret = attr_write(path, text);

	if (ret) {
		errno = -ret;
		die(path);
	}
}

static void nap_ms(unsigned int ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Says why, and ends the program, where a kernel has not what it takes. */
static void skip(const char *what)
{
	printf("1..0 # SKIP no %s\n", what);
	exit(4);
}

void ucard_need(void)
{
	static const char * const modules[] = { "dummy_hcd", "libcomposite", "usb_f_fs", "uicc_ccid" };
	char command[64];
	unsigned int i;

	/* Some are built in, maybe; what is missing is seen below. */
	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		snprintf(command, sizeof(command), "modprobe -q %s 2>/dev/null", modules[i]);
		if (system(command) < 0)
			die("modprobe");
	}
	if (access("/sys/class/udc/" UDC, F_OK))
		skip("dummy_hcd");
	if (access(DRIVER, F_OK))
		skip("driver uicc_ccid");
	if (access(GADGETS, F_OK))
		mount("none", "/sys/kernel/config", "configfs", 0, NULL);
	if (access(GADGETS, F_OK))
		skip("USB gadgets in configfs");
}

/* --- descriptors ------------------------------------------------------------------ */

struct ucard *ucard_new(uint32_t level, unsigned int slots)
{
	struct ucard *u = calloc(1, sizeof(*u));
	unsigned int i;

	if (!u)
		die("no memory");
	u->desc = (struct ccid_desc){
		.bLength = sizeof(u->desc), .bDescriptorType = 0x21, .bcdCCID = 0x110,
		.bMaxSlotIndex = slots - 1, .bVoltageSupport = 7, .dwProtocols = 3,
		.dwDefaultClock = 4000, .dwMaximumClock = 4000,
		.dwDataRate = 10752, .dwMaxDataRate = 344086, .dwMaxIFSD = 254,
		.dwFeatures = level | CCID_AUTO_CONFIG | CCID_AUTO_VOLTAGE | CCID_AUTO_CLOCK |
			      CCID_AUTO_BAUD | CCID_AUTO_PPS,
		.dwMaxCCIDMessageLength = level == CCID_EXTENDED ? 1034 : 271,
		.bClassGetResponse = 0xff, .bClassEnvelope = 0xff, .bMaxCCIDBusySlots = 1,
	};
	u->endpoints = UCARD_ALL;
	u->class = 0x0b;
	u->n_slots = slots;
	u->tear_at = -1;
	for (i = 0; i < UCARD_SLOTS; i++) {
		u->slots[i].u = u;
		u->slots[i].number = i;
		u->slots[i].classes = 7;
		t1card_init(&u->slots[i].t1, &u->slots[i].chip, 32, false);
	}
	pthread_mutex_init(&u->lock, NULL);
	pthread_mutex_init(&u->in_lock, NULL);
	pthread_cond_init(&u->changed, NULL);
	return u;
}

static size_t endpoint(uint8_t *out, uint8_t address, uint8_t attributes, uint16_t mps,
		       uint8_t interval)
{
	const uint8_t d[7] = { 7, USB_DT_ENDPOINT, address, attributes, mps, mps >> 8, interval };

	memcpy(out, d, sizeof(d));
	return sizeof(d);
}

/* Interface, class descriptor and endpoints for one speed; how many in @count. */
static size_t describe(struct ucard *u, uint8_t *out, bool high, uint32_t *count)
{
	unsigned int n_eps = __builtin_popcount(u->endpoints);
	const uint8_t interface[9] = { 9, USB_DT_INTERFACE, 0, 0, n_eps, u->class, u->subclass, 0, 0 };
	uint16_t mps = high ? 512 : 64;
	uint8_t address = 1;
	size_t n = 0;

	memcpy(out, interface, sizeof(interface));
	n += sizeof(interface);
	if (!u->no_desc) {
		memcpy(out + n, &u->desc, sizeof(u->desc));
		n += sizeof(u->desc);
	}
	if (u->endpoints & UCARD_OUT)
		n += endpoint(out + n, address++, USB_ENDPOINT_XFER_BULK, mps, 0);
	if (u->endpoints & UCARD_IN)
		n += endpoint(out + n, address++ | USB_DIR_IN, USB_ENDPOINT_XFER_BULK, mps, 0);
	if (u->endpoints & UCARD_IRQ)
		n += endpoint(out + n, address++ | USB_DIR_IN, USB_ENDPOINT_XFER_INT, 8, high ? 4 : 1);
	*count = 1 + !u->no_desc + n_eps;
	return n;
}

static int open_endpoint(struct ucard *u, unsigned int number)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "%s/ep%u", u->dir, number);
	fd = open(path, O_RDWR | O_CLOEXEC | (number ? O_NONBLOCK : 0));
	if (fd < 0)
		die(path);
	return fd;
}

static void open_function(struct ucard *u)
{
	const struct usb_functionfs_strings_head strings = {
		.magic = FUNCTIONFS_STRINGS_MAGIC, .length = sizeof(strings),
	};
	struct {
		struct usb_functionfs_descs_head_v2 head;
		uint32_t full, high;
		uint8_t bytes[256];
	} d = {
		.head.magic = FUNCTIONFS_DESCRIPTORS_MAGIC_V2,
		.head.flags = FUNCTIONFS_HAS_FS_DESC | FUNCTIONFS_HAS_HS_DESC,
	};
	size_t n = describe(u, d.bytes, false, &d.full);
	unsigned int number = 1;

	n += describe(u, d.bytes + n, true, &d.high);
	n += sizeof(d) - sizeof(d.bytes);
	d.head.length = n;
	u->ep0 = open_endpoint(u, 0);
	if (write(u->ep0, &d, n) != (ssize_t)n)
		die("descriptors");
	if (write(u->ep0, &strings, sizeof(strings)) != sizeof(strings))
		die("strings");
	u->out = u->endpoints & UCARD_OUT ? open_endpoint(u, number++) : -1;
	u->in = u->endpoints & UCARD_IN ? open_endpoint(u, number++) : -1;
	u->irq = u->endpoints & UCARD_IRQ ? open_endpoint(u, number++) : -1;
}

/* --- the device -------------------------------------------------------------------- */

static const char *gadget(const struct ucard *u, const char *name)
{
	static __thread char path[2][160];
	static __thread int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), GADGETS "/%s%s%s", u->name, name[0] ? "/" : "", name);
	return path[turn];
}

static const char *function(const struct ucard *u)
{
	static __thread char path[160];

	snprintf(path, sizeof(path), GADGETS "/%s/functions/ffs.%s", u->name, u->name);
	return path;
}

static void make_gadget(struct ucard *u)
{
	static unsigned int number;
	char id[16];

	/*
	 * The name is that of a driver, which lives on for seconds where releases of
	 * kobjects are late on purpose: no two times the same.
	 */
	snprintf(u->name, sizeof(u->name), "ucard%u-%u", (unsigned int)getpid(), number++);
	if (mkdir(gadget(u, ""), 0755))
		die(u->name);
	snprintf(id, sizeof(id), "%#x", UCARD_VENDOR);
	put(gadget(u, "idVendor"), id);
	snprintf(id, sizeof(id), "%#x", UCARD_PRODUCT);
	put(gadget(u, "idProduct"), id);
	if (u->full_speed)
		put(gadget(u, "max_speed"), "full-speed");
	if (mkdir(gadget(u, "configs/c.1"), 0755) || mkdir(function(u), 0755) ||
	    symlink(function(u), gadget(u, "configs/c.1/f")))
		die("configuration");
	strcpy(u->dir, "/tmp/ucard-XXXXXX");
	if (!mkdtemp(u->dir) || mount(u->name, u->dir, "functionfs", 0, NULL))
		die("functionfs");
}

/* The driver has no ids of its own: it takes what it is told. */
static void bind_ids(bool bind)
{
	char id[32];
	int i;

	snprintf(id, sizeof(id), "%04x %04x", UCARD_VENDOR, UCARD_PRODUCT);
	for (i = 0; i < 20 && !attr_write(DRIVER "/remove_id", id); i++)
		;	/* as often as it was told, and has bound */
	if (bind)
		put(DRIVER "/new_id", id);
}

static void start_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
	if (pthread_create(thread, NULL, run, arg))
		die("thread");
}

void ucard_off(struct ucard *u)
{
	attr_write(gadget(u, "UDC"), "\n");
}

static void stop(struct ucard *u)
{
	unsigned int i;

	pthread_mutex_lock(&u->lock);
	u->stop = true;
	pthread_cond_broadcast(&u->changed);
	pthread_mutex_unlock(&u->lock);
	/* What waits for the host ends with this. */
	ucard_off(u);
	if (write(u->stop_pipe[1], "", 1) != 1)
		die("pipe");
	pthread_join(u->events, NULL);
	if (u->out >= 0)
		pthread_join(u->reader, NULL);
	if (u->irq >= 0)
		pthread_join(u->interrupts, NULL);
	for (i = 0; i < u->n_slots; i++)
		pthread_join(u->slots[i].thread, NULL);
	close(u->stop_pipe[0]);
	close(u->stop_pipe[1]);
	close(u->out);
	close(u->in);
	close(u->irq);
	close(u->ep0);
	unlink(gadget(u, "configs/c.1/f"));
	if (umount(u->dir) || rmdir(u->dir))
		die(u->dir);
	if (rmdir(function(u)) || rmdir(gadget(u, "configs/c.1")) || rmdir(gadget(u, "")))
		die("gadget stays");
	u->started = false;
	on_bus = NULL;
}

void ucard_start(struct ucard *u)
{
	unsigned int i;

	/* What a test that failed has left. */
	if (on_bus)
		stop(on_bus);
	on_bus = u;
	bind_ids(!u->unbound);
	make_gadget(u);
	open_function(u);
	u->stop = false;
	if (pipe2(u->stop_pipe, O_CLOEXEC))
		die("pipe");
	start_thread(&u->events, ucard_event_thread, u);
	if (u->out >= 0)
		start_thread(&u->reader, ucard_reader_thread, u);
	if (u->irq >= 0)
		start_thread(&u->interrupts, ucard_interrupt_thread, u);
	for (i = 0; i < u->n_slots; i++)
		start_thread(&u->slots[i].thread, ucard_slot_thread, &u->slots[i]);
	u->started = true;
	put(gadget(u, "UDC"), UDC);
}

void ucard_free(struct ucard *u)
{
	unsigned int i;

	if (u->started)
		stop(u);
	for (i = 0; i < 1000 && ucard_class(u, 0); i++)
		nap_ms(10);
	if (i == 1000) {
		printf("Bail out! ucard: the slot stays\n");
		exit(1);
	}
	free(u);
}

void ucard_unplug(struct ucard *u)
{
	pthread_mutex_lock(&u->lock);
	ucard_leave(u);
	pthread_mutex_unlock(&u->lock);
}

/* A function is bound to a controller once: the cable is put into another one. */
void ucard_plug(struct ucard *u)
{
	stop(u);
	ucard_start(u);
}

/* --- cards ---------------------------------------------------------------------------- */

/* What the reader has to know of an ATR: rate, protocol, and T=1's sizes. */
static void look_at_atr(struct ucard_slot *s)
{
	uint8_t y = s->atr[1] >> 4, t = 0, ifsc = 32;
	unsigned int at = 2, group;
	bool crc = false, specific = false;

	s->ta1 = 0x11;
	s->protocol = 0;
	for (group = 1; at < s->n_atr; group++) {
		if (y & 1) {
			if (group == 1)
				s->ta1 = s->atr[at];
			else if (group == 2)
				s->protocol = s->atr[at] & 0xf;
			else if (t == 1)
				ifsc = s->atr[at];
			specific |= group == 2;
			at++;
		}
		at += y >> 1 & 1;
		if (y & 4 && group > 2 && t == 1)
			crc = s->atr[at] & 1;
		at += y >> 2 & 1;
		if (!(y & 8))
			break;
		y = s->atr[at] >> 4;
		t = s->atr[at++] & 0xf;
		if (group == 1 && !specific)
			s->protocol = t;
	}
	s->first_protocol = s->protocol;
	s->specific = specific;
	t1card_init(&s->t1, &s->chip, ifsc, crc);
}

void ucard_card(struct ucard *u, unsigned int slot, const char *atr)
{
	struct ucard_slot *s = &u->slots[slot];

	pthread_mutex_lock(&u->lock);
	s->n_atr = vcard_unhex(s->atr, sizeof(s->atr), atr);
	look_at_atr(s);
	pthread_mutex_unlock(&u->lock);
}

static void set_present(struct ucard *u, unsigned int slot, bool present, bool notify)
{
	struct ucard_slot *s = &u->slots[slot];

	pthread_mutex_lock(&u->lock);
	s->present = present;
	s->changed = true;
	ucard_slot_reset(s);
	u->irq_due |= notify;
	pthread_cond_broadcast(&u->changed);
	pthread_mutex_unlock(&u->lock);
}

void ucard_insert_quiet(struct ucard *u, unsigned int slot) { set_present(u, slot, true, false); }
void ucard_remove_quiet(struct ucard *u, unsigned int slot) { set_present(u, slot, false, false); }
void ucard_put(struct ucard *u, unsigned int slot) { set_present(u, slot, true, true); }
void ucard_pull(struct ucard *u, unsigned int slot) { set_present(u, slot, false, true); }

bool ucard_insert(struct ucard *u, unsigned int slot)
{
	ucard_put(u, slot);
	return ucard_wait_card(u, slot, true);
}

bool ucard_remove(struct ucard *u, unsigned int slot)
{
	ucard_pull(u, slot);
	return ucard_wait_card(u, slot, false);
}

/* --- lies ------------------------------------------------------------------------------- */

void ucard_no_lie(struct ucard *u)
{
	pthread_mutex_lock(&u->lock);
	memset(u->lies, 0, sizeof(u->lies));
	u->n_late = 0;
	pthread_mutex_unlock(&u->lock);
}

struct ucard_fault *ucard_lie_more(struct ucard *u, enum ucard_lie lie, uint8_t type,
				   unsigned int at, int arg)
{
	struct ucard_fault *f = u->lies;

	pthread_mutex_lock(&u->lock);
	while (f->lie != UCARD_HONEST && f < u->lies + UCARD_LIES - 1)
		f++;
	*f = (struct ucard_fault){ .lie = lie, .type = type, .slot = -1, .at = at, .arg = arg };
	pthread_mutex_unlock(&u->lock);
	return f;
}

void ucard_lie(struct ucard *u, enum ucard_lie lie, uint8_t type, unsigned int at, int arg)
{
	ucard_no_lie(u);
	ucard_lie_more(u, lie, type, at, arg);
}

void ucard_tear(struct ucard *u, int at, bool half)
{
	pthread_mutex_lock(&u->lock);
	u->transfers = 0;
	u->answers = 0;
	u->tear_at = at;
	u->tear_half = half;
	pthread_mutex_unlock(&u->lock);
}
