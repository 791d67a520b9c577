// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A reader on USB torn off at every transfer of an insertion and the reads of the
 * discovery files: after each message to it, each from it, in the middle of each of
 * those, and after each notification. Nothing of it stays, and the next one works.
 * Under kmemleak at each of them; else, as what can go wrong then is less, at some.
 */
#define _GNU_SOURCE
#include "ktap.h"
#include "ucard.h"
#include "vcard.h"

static unsigned int step(void)
{
	return access("/sys/kernel/debug/kmemleak", F_OK) ? 9 : 1;
}

/* The files of an insertion, whatever becomes of it; true: an errno of the ABI at worst. */
static bool walk(struct ucard *u)
{
	static const char * const files[] = {
		"a000000063504b43532d3135.5031", "3f00.2f00", "3f00.2fe2",
	};
	unsigned int i;
	int ret;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		ret = ucard_read(u, 0, files[i]);
		if (ret < 0 && ret != -ENODEV && ret != -ENOENT) {
			printf("# %s: %d\n", files[i], ret);
			return false;
		}
	}
	return true;
}

/* Until the reader is off the bus and its slot is gone. */
static bool gone(struct ucard *u)
{
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		if (!ucard_class(u, 0))
			return true;
		usleep(5000);
	}
	printf("# the slot stays\n");
	return false;
}

/* One insertion with the cable pulled at @at; true in @torn when it came to that. */
static bool tear_at(struct ucard *u, int at, bool half, bool *torn)
{
	long long begun = ucard_now_ms();
	bool ok;

	u->torn = 0;
	ucard_tear(u, at, half);
	ucard_plug(u);
	/* Attributes are read as soon as they are there, until they or the reader go. */
	do {
		ok = walk(u);
		usleep(3000);
		if (!ok || ucard_now_ms() - begun > 15000)
			return false;
	} while (!u->torn && ucard_read(u, 0, "3f00.2fe2") < 0);
	/* What was read last may be read now, and have ended. */
	ok = walk(u);
	*torn = u->torn;
	if (*torn)
		return ok && gone(u);
	ucard_unplug(u);
	return ok && gone(u);
}

static bool tear_all(uint32_t level, unsigned int protocol, bool half)
{
	struct ucard *u = ucard_new(level, 1);
	unsigned int n = 0, at;
	bool torn = true;

	/* Small packets, so that answers have a middle. */
	u->full_speed = true;
	ucard_card(u, 0, ucard_atr(protocol, 0x11, 32, false, false));
	ucard_insert_quiet(u, 0);
	ucard_start(u);
	CHECK(ucard_ready(u) && ucard_wait_card(u, 0, true));
	CHECK(ucard_files(u, 0));
	ucard_unplug(u);
	CHECK(gone(u));
	for (at = 0; torn; at += step()) {
		if (!tear_at(u, at, half, &torn)) {
			printf("# torn at transfer %u\n", at);
			return false;
		}
		n += torn;
		CHECK(at < 500);
	}
	printf("# torn at %u of %u transfers\n", n, at);
	CHECK(at >= (half ? 10 : 20));
	/* And it works as ever. */
	ucard_tear(u, -1, false);
	ucard_plug(u);
	CHECK(ucard_ready(u) && ucard_wait_card(u, 0, true));
	CHECK(ucard_files(u, 0));
	CHECK_EQ(u->broken, 0);
	ucard_free(u);
	return true;
}

static bool test_tpdu_t0(void) { return tear_all(CCID_TPDU, 0, false); }
static bool test_tpdu_t1(void) { return tear_all(CCID_TPDU, 1, false); }
static bool test_short(void) { return tear_all(CCID_SHORT, 0, false); }
static bool test_extended(void) { return tear_all(CCID_EXTENDED, 1, false); }
static bool test_half(void) { return tear_all(CCID_SHORT, 1, true); }

static const struct ktap_test tests[] = {
	{ "torn: TPDUs of T=0", test_tpdu_t0 },
	{ "torn: blocks of T=1", test_tpdu_t1 },
	{ "torn: short APDUs", test_short },
	{ "torn: extended APDUs", test_extended },
	{ "torn: in the middle of an answer", test_half },
};

int main(void)
{
	ktap_need_root();
	ucard_need();
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
