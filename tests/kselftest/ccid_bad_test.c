// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Readers on USB that lie: in their descriptors, in any message, in what they leave
 * out. What comes of it is an errno of the ABI within a bounded time, and the next
 * card, in the same reader when it has come to itself, works.
 */
#define _GNU_SOURCE
#include "ktap.h"
#include "ucard.h"
#include "vcard.h"

#define TIMEOUT_MS	"250"
/* Whatever a reader does, an insertion is over by then, and so is a read. */
#define BOUND_MS	20000

static struct ucard *u;

/* All lies where the checkers are, some of them elsewhere. */
static unsigned int step(void)
{
	return access("/sys/kernel/debug/kmemleak", F_OK) ? 3 : 1;
}

static bool begin(unsigned int protocol)
{
	ucard_param("timeout_ms", TIMEOUT_MS, NULL, 0);
	ucard_param("extension_ms", "1000", NULL, 0);
	ucard_card(u, 0, ucard_atr(protocol, 0x11, 254, false, false));
	ucard_start(u);
	CHECK(ucard_ready(u));
	return true;
}

static bool start(uint32_t level, unsigned int protocol)
{
	u = ucard_new(level, 1);
	return begin(protocol);
}

static bool finish(void)
{
	ucard_param("timeout_ms", "10000", NULL, 0);
	ucard_param("extension_ms", "60000", NULL, 0);
	ucard_free(u);
	return true;
}

/* Until the core is done with an insertion, whatever came of it. */
static bool settled(long long begun)
{
	unsigned int n, same = 0, before = 0;
	char path[80], state[16];

	snprintf(path, sizeof(path), "%s/state", ucard_class(u, 0));
	while (same < 15) {
		CHECK(ucard_now_ms() - begun < BOUND_MS);
		usleep(20000);
		n = u->messages;
		same = n == before ? same + 1 : 0;
		before = n;
		/* Silent between two messages: as long as a silent reader is waited for. */
		memset(state, 0, sizeof(state));
		if (attr_read(path, state, sizeof(state) - 1, 0) < 0)
			break;
	}
	return true;
}

static bool abi_errno(int ret)
{
	return ret >= 0 || ret == -ENODEV || ret == -ETIMEDOUT || ret == -EPROTO || ret == -ENOENT ||
	       ret == -EOPNOTSUPP || ret == -EACCES;
}

static bool works_anew(void)
{
	ucard_pull(u, 0);
	CHECK(ucard_wait_card(u, 0, false));
	/* A reader that was given up may be left alone for a while. */
	CHECK(ucard_insert(u, 0));
	CHECK(ucard_files(u, 0));
	return true;
}

/*
 * The reader is honest from now on: so is what comes of it. What it has said before may
 * still be on its way and be believed once, that a card is gone for example.
 */
static bool recovered(void)
{
	ucard_no_lie(u);
	u->slots[0].think_ms = 0;
	return works_anew() || works_anew();
}

struct lie {
	const char *name;
	enum ucard_lie lie;
	int arg;
};

static const struct lie lies[] = {
	{ "never answers", UCARD_SILENT, 0 },
	{ "answers late", UCARD_LATE, 0 },
	{ "answers twice", UCARD_TWICE, 0 },
	{ "for another slot", UCARD_OTHER_SLOT, 1 },
	{ "for slot 255", UCARD_OTHER_SLOT, -1 },
	{ "with the number before", UCARD_OTHER_SEQ, -1 },
	{ "with the number after", UCARD_OTHER_SEQ, 1 },
	{ "of another type", UCARD_OTHER_TYPE, 0x83 },
	{ "of the other known type", UCARD_OTHER_TYPE, CCID_IS_PARAMETERS },
	{ "of a command's type", UCARD_OTHER_TYPE, CCID_XFR_BLOCK },
	{ "of type 0", UCARD_OTHER_TYPE, 0 },
	{ "longer than it says", UCARD_OTHER_LENGTH, -1 },
	{ "shorter than it says", UCARD_OTHER_LENGTH, 1 },
	{ "says 16 MB", UCARD_OTHER_LENGTH, 0x1000000 },
	{ "says 4 GB", UCARD_OTHER_LENGTH, -11 },
	{ "empty transfer", UCARD_CUT, 0 },
	{ "one byte", UCARD_CUT, 1 },
	{ "nine bytes", UCARD_CUT, 9 },
	{ "header alone", UCARD_CUT, 10 },
	{ "too much data", UCARD_PADDED, 500 },
	{ "more than any message", UCARD_PADDED, 6000 },
	{ "failed, card mute", UCARD_ERROR, 0xfe },
	{ "failed, hardware", UCARD_ERROR, 0xfb },
	{ "failed, not supported", UCARD_ERROR, 0x00 },
	{ "failed, reserved", UCARD_ERROR, 0x90 },
	{ "busy for ever", UCARD_ERROR, 0xe0 },
	{ "status: reserved command state", UCARD_STATUS, 0xc0 },
	{ "status: reserved card state", UCARD_STATUS, 0x03 },
	{ "status: no card, no failure", UCARD_STATUS, 0x02 },
	{ "status: card without power", UCARD_STATUS, 0x01 },
	{ "chain: begins", UCARD_PARAM, 1 },
	{ "chain: goes on", UCARD_PARAM, 3 },
	{ "chain: ends", UCARD_PARAM, 2 },
	{ "chain: wants more", UCARD_PARAM, 0x10 },
	{ "chain: nonsense", UCARD_PARAM, 0x77 },
	{ "time without end", UCARD_TIME, -1 },
	{ "halts the pipe in", UCARD_STALL_IN, 0 },
	{ "halts the pipe out", UCARD_STALL_OUT, 0 },
	{ "rubbish", UCARD_RUBBISH, 37 },
	{ "much rubbish", UCARD_RUBBISH, 3000 },
};

/* One lie to messages of a type from number @at on, @count of them, at an insertion. */
static bool lie_once(const struct lie *l, uint8_t type, unsigned int at, unsigned int count)
{
	long long begun;
	int ret;

	ucard_no_lie(u);
	ucard_lie_more(u, l->lie, type, at, l->arg)->count = count;
	begun = ucard_now_ms();
	ucard_put(u, 0);
	if (!settled(begun))
		return false;
	begun = ucard_now_ms();
	ret = ucard_class(u, 0) ? ucard_probe(u, 0) : -ENOENT;
	if (!abi_errno(ret) || ucard_now_ms() - begun > BOUND_MS) {
		printf("# read: %d after %lld ms\n", ret, ucard_now_ms() - begun);
		return false;
	}
	return recovered();
}

static bool lie_all(uint32_t level, unsigned int protocol, uint8_t type, unsigned int at,
		    unsigned int count)
{
	unsigned int i;
	long long begun;

	CHECK(start(level, protocol));
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i += step()) {
		begun = ucard_now_ms();
		if (!lie_once(&lies[i], type, at, count)) {
			printf("# a reader that %s%s\n", count > 1 ? "always: " : "once: ", lies[i].name);
			return false;
		}
		if (ucard_now_ms() - begun > 5000)
			printf("# %s: %lld ms\n", lies[i].name, ucard_now_ms() - begun);
	}
	return finish();
}

static bool test_power(void) { return lie_all(CCID_SHORT, 0, CCID_POWER_ON, 0, 10000); }
/* Rules: CCID-4 CCID-5 CCID-6 */
static bool test_tpdu_t0(void) { return lie_all(CCID_TPDU, 0, CCID_XFR_BLOCK, 3, 1); }
static bool test_tpdu_t1(void) { return lie_all(CCID_TPDU, 1, CCID_XFR_BLOCK, 3, 1); }
static bool test_extended(void) { return lie_all(CCID_EXTENDED, 1, CCID_XFR_BLOCK, 2, 10000); }

/* Some of the lies, where they are told about parameters, power off, and slots. */
static bool lie_some(uint8_t type, uint32_t features, uint8_t endpoints)
{
	static const unsigned int some[] = { 0, 1, 2, 3, 6, 8, 12, 13, 15, 18, 20, 23, 28, 36, 38 };
	unsigned int i;

	u = ucard_new(CCID_TPDU, 1);
	u->desc.dwFeatures = features;
	u->endpoints = endpoints;
	CHECK(begin(1));
	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		if (!lie_once(&lies[some[i]], type, 0, type == CCID_SLOT_STATUS ? 1 : 10000)) {
			printf("# a reader that: %s\n", lies[some[i]].name);
			return false;
		}
	}
	return finish();
}

static bool test_parameters(void)
{
	return lie_some(CCID_SET_PARAMETERS, CCID_TPDU | CCID_AUTO_VOLTAGE, UCARD_ALL);
}

static bool test_power_off(void)
{
	return lie_some(CCID_POWER_OFF, CCID_TPDU | CCID_AUTO_VOLTAGE | CCID_AUTO_CONFIG, UCARD_ALL);
}

/* Asked again and again, as it has no other way to tell. */
static bool test_slot_status(void)
{
	return lie_some(CCID_SLOT_STATUS, CCID_TPDU | CCID_AUTO_VOLTAGE | CCID_AUTO_CONFIG,
			UCARD_OUT | UCARD_IN);
}

/* --- descriptors ---------------------------------------------------------------------- */

static void d_none(struct ucard *c) { c->no_desc = true; }
static void d_character(struct ucard *c) { c->desc.dwFeatures &= ~CCID_LEVEL; }
static void d_levels(struct ucard *c) { c->desc.dwFeatures |= CCID_LEVEL; }
static void d_no_protocol(struct ucard *c) { c->desc.dwProtocols = 0; }
static void d_protocols(struct ucard *c) { c->desc.dwProtocols = 0xffffffff; }
static void d_no_message(struct ucard *c) { c->desc.dwMaxCCIDMessageLength = 0; }
static void d_ten(struct ucard *c) { c->desc.dwMaxCCIDMessageLength = 10; }
static void d_endless(struct ucard *c) { c->desc.dwMaxCCIDMessageLength = 0xffffffff; }
static void d_slots(struct ucard *c) { c->desc.bMaxSlotIndex = 255; }
static void d_no_voltage(struct ucard *c)
{
	c->desc.bVoltageSupport = 0;
	c->desc.dwFeatures |= CCID_AUTO_VOLTAGE;
}
static void d_voltages(struct ucard *c) { c->desc.bVoltageSupport = 0xff; }
static void d_no_clock(struct ucard *c) { c->desc.dwDefaultClock = 0; }
static void d_clock(struct ucard *c) { c->desc.dwDefaultClock = 0xffffffff; }
static void d_no_rate(struct ucard *c) { c->desc.dwDataRate = c->desc.dwMaxDataRate = 0; }
static void d_rates(struct ucard *c) { c->desc.bNumDataRatesSupported = 255; }
static void d_rate(struct ucard *c) { c->desc.dwMaxDataRate = 0xffffffff; }
static void d_no_ifsd(struct ucard *c) { c->desc.dwMaxIFSD = 0; }
static void d_ifsd(struct ucard *c) { c->desc.dwMaxIFSD = 0xffffffff; }
static void d_features(struct ucard *c) { c->desc.dwFeatures |= 0xffffffff & ~CCID_LEVEL; }
static void d_no_features(struct ucard *c) { c->desc.dwFeatures = CCID_TPDU; }
static void d_version(struct ucard *c) { c->desc.bcdCCID = 0xffff; }
static void d_busy(struct ucard *c) { c->desc.bMaxCCIDBusySlots = 0; }
static void d_no_out(struct ucard *c) { c->endpoints = UCARD_IN | UCARD_IRQ; }
static void d_no_in(struct ucard *c) { c->endpoints = UCARD_OUT | UCARD_IRQ; }
static void d_no_endpoints(struct ucard *c) { c->endpoints = 0; }

static const struct {
	const char *name;
	void (*change)(struct ucard *c);
	bool refused;
} descriptors[] = {
	{ "none", d_none, true },
	{ "character level", d_character, true },
	{ "all levels at once", d_levels, true },
	{ "no protocol", d_no_protocol, true },
	{ "protocols there are not", d_protocols, false },
	{ "no message", d_no_message, true },
	{ "headers alone", d_ten, true },
	{ "messages of 4 GB", d_endless, false },
	{ "256 slots, and one is there", d_slots, false },
	{ "no voltage", d_no_voltage, false },
	{ "voltages there are not", d_voltages, false },
	{ "no clock", d_no_clock, false },
	{ "4 THz", d_clock, false },
	{ "no rate", d_no_rate, false },
	{ "255 rates, tells two", d_rates, false },
	{ "4 Gbit/s", d_rate, false },
	{ "no IFSD", d_no_ifsd, false },
	{ "IFSD of 4 GB", d_ifsd, false },
	{ "does all", d_features, false },
	{ "does nothing", d_no_features, false },
	{ "revision ff.ff", d_version, false },
	{ "no busy slot", d_busy, false },
	{ "no pipe out", d_no_out, true },
	{ "no pipe in", d_no_in, true },
	{ "no pipe", d_no_endpoints, true },
};

static bool describe(unsigned int i)
{
	unsigned int k;

	u = ucard_new(CCID_TPDU, 1);
	ucard_card(u, 0, ucard_atr(1, 0x95, 254, false, false));
	ucard_insert_quiet(u, 0);
	descriptors[i].change(u);
	ucard_start(u);
	if (descriptors[i].refused) {
		for (k = 0; k < 300 && !u->enabled; k++)
			usleep(10000);
		CHECK_EQ(u->enabled, 1);
		usleep(100000);
		CHECK(!ucard_class(u, 0));
		CHECK_EQ(u->messages, 0);
	} else {
		CHECK(ucard_ready(u));
		CHECK(ucard_wait_card(u, 0, true));
		/* It believes what it said of itself, too. */
		CHECK(ucard_files(u, 0));
	}
	return finish();
}

/* Rules: CCID-2 */
static bool test_descriptors(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]); i++) {
		if (!describe(i)) {
			printf("# descriptor: %s\n", descriptors[i].name);
			return false;
		}
	}
	return true;
}

/* --- notifications ----------------------------------------------------------------------- */

/* Whatever comes there, a card is where it is. */
static bool test_notifications(void)
{
	static const struct {
		uint8_t bytes[8], len;
	} rows[] = {
		{ { 0x50 }, 1 }, { { 0x50, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 8 },
		{ { 0x50, 0xfd }, 2 }, { { 0x51, 0, 0, 1 }, 4 }, { { 0x51, 0xff, 0xff, 0xff }, 4 },
		{ { 0x51 }, 1 }, { { 0x00 }, 1 }, { { 0xff, 0xff, 0xff }, 3 }, { { 0x50, 0x01 }, 0 },
		{ { 0x80, 1, 0, 0, 0, 0, 1, 0 }, 8 },
	};
	unsigned int i;

	CHECK(start(CCID_SHORT, 0));
	CHECK(ucard_insert(u, 0));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(ucard_interrupt(u, rows[i].bytes, rows[i].len));
		usleep(30000);
		if (!ucard_wait_card(u, 0, true)) {
			printf("# notification %u\n", i);
			return false;
		}
	}
	/* In and out, faster than anybody can look. */
	for (i = 0; i < 200; i++)
		CHECK(ucard_interrupt(u, i & 1 ? "\x50\x03" : "\x50\x02", 2));
	ucard_pull(u, 0);
	CHECK(ucard_wait_card(u, 0, false));
	CHECK(ucard_insert(u, 0));
	CHECK(ucard_files(u, 0));
	return finish();
}

/* The card is pulled out in the middle of each of the first messages. */
static bool pulled(enum ucard_lie how)
{
	unsigned int i, k;
	int ret;

	CHECK(start(CCID_SHORT, 1));
	/* At first "changed" means nothing, and another card is taken for the same. */
	usleep(1200000);
	for (i = 0; i < 6; i++) {
		ucard_lie(u, how, 0, i, 0);
		ucard_put(u, 0);
		/* The first message is the reset; the others are reads. */
		for (k = 0; k < 1000 && u->slots[0].present; k++) {
			ucard_read(u, 0, "3f00.2fe2");
			ucard_read(u, 0, "3f00.2f00");
			usleep(5000);
		}
		if (u->slots[0].present) {
			printf("# message %u did not come\n", i);
			return false;
		}
		CHECK(ucard_wait_card(u, 0, false));
		ret = ucard_read(u, 0, "3f00.2fe2");
		CHECK(ret == -ENOENT || ret == -ENODEV);
		CHECK(recovered());
		ucard_pull(u, 0);
		CHECK(ucard_wait_card(u, 0, false));
	}
	return finish();
}

/* An answer byte by byte, each of them in time: all together they are not. */
static bool test_drip(void)
{
	long long begun;
	unsigned int xfrs;
	int ret;

	CHECK(start(CCID_EXTENDED, 0));
	ucard_param("timeout_ms", "1000", NULL, 0);
	CHECK(ucard_insert(u, 0));
	CHECK(ucard_files(u, 0));
	u->slots[0].part_max = 1;
	u->slots[0].think_ms = 500;
	xfrs = u->slots[0].xfrs;
	begun = ucard_now_ms();
	ret = ucard_probe(u, 0);
	begun = ucard_now_ms() - begun;
	if (ret != -ETIMEDOUT || begun > BOUND_MS || u->slots[0].xfrs - xfrs < 3) {
		printf("# read: %d after %lld ms, %u messages\n", ret, begun,
		       u->slots[0].xfrs - xfrs);
		return false;
	}
	u->slots[0].part_max = 0;
	CHECK(recovered());
	return finish();
}

static bool test_pulled(void) { return pulled(UCARD_PULL); }
static bool test_pulled_silent(void) { return pulled(UCARD_PULL_SILENT); }

static const struct ktap_test tests[] = {
	{ "descriptors", test_descriptors },
	{ "power on", test_power },
	{ "parameters", test_parameters },
	{ "power off", test_power_off },
	{ "state of a slot", test_slot_status },
	{ "TPDU of T=0, once", test_tpdu_t0 },
	{ "block of T=1, once", test_tpdu_t1 },
	{ "extended APDU, always", test_extended },
	{ "an answer byte by byte", test_drip },
	{ "notifications", test_notifications },
	{ "card pulled during a message", test_pulled },
	{ "and the reader silent", test_pulled_silent },
};

int main(void)
{
	ktap_need_root();
	ucard_need();
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
