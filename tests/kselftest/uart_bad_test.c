// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * uicc_serial.ko with a card, a line or a person that misbehaves: noise, halves of
 * answers, NULL without an end, blocks of T=1 that go wrong, a hangup in the middle.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>

#include "ktap.h"
#include "uart.h"
#include "vcard.h"

#define ICCID		"ef-3f00.2fe2/data"
#define T0_QUICK	"3B 80 40 01"
#define T1_QUICK	"3B 80 81 31 FE 00"
#define LONG_ATR	"3BFF110000F1110000F1110000F1110000F1110000F1110000F1110000F1110000F1"

static void msleep(unsigned int ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Of what bad cards do, most is waited for: some of that only where it costs no time. */
static bool takes_long(void)
{
	if (!uart_virtual_time())
		ktap_skip = "takes minutes where time is real";
	return !uart_virtual_time();
}

/* The next card works, whatever was before. */
static bool recovers(struct uart *u, const char *atr)
{
	lcard_set_atr(u->card, atr);
	CHECK(uart_remove(u));
	CHECK(uart_insert(u));
	CHECK(uart_works(u));
	return true;
}

/* An answer to reset that is none: no card comes, and a good one is found later. */
static bool bad_atr(struct uart *u, const char *atr, int len)
{
	struct lcard *c = u->card;
	unsigned int resets;

	lcard_set_atr(c, T0_QUICK);
	pthread_mutex_lock(&c->lock);
	c->n_atr = vcard_unhex(c->atr, sizeof(c->atr), atr);
	if (len)
		c->n_atr = len;
	resets = c->resets;
	pthread_mutex_unlock(&c->lock);
	lcard_in(c);
	lcard_say_atr(c);
	while (c->resets == resets)
		msleep(10);
	msleep(1500);
	CHECK(access(u->dir, F_OK) && errno == ENOENT);
	lcard_set_atr(c, T1_QUICK);
	/* It is found when the reader looks again, or when it says so. */
	lcard_say_atr(c);
	CHECK(wait_path(u->dir, true));
	CHECK(recovers(u, T0_QUICK));
	CHECK(uart_remove(u));
	return true;
}

/* Rules: LINE-9 */
static bool bad_atrs(struct uart *u)
{
	static const char * const atrs[] = {
		"3A 80 40 01", "00 00 00 00", "FF FF FF FF",
		/* a TCK that is wrong; none where one has to be; K longer than what comes */
		"3B 80 81 31 FE 00 00", "3B 80 81 31 FE 00", "3B 8F 40 01 02",
		/* T=2 alone, more interface bytes than there are places */
		"3B 80 02 82",
		LONG_ATR,
	};
	size_t i;

	for (i = 0; i < sizeof(atrs) / sizeof(atrs[0]); i++) {
		if (!bad_atr(u, atrs[i], 0)) {
			printf("# ATR %s\n", atrs[i]);
			return false;
		}
	}
	return true;
}

static bool with(bool (*run)(struct uart *u), const char *atr)
{
	struct uart *u = uart_new(atr);
	bool ok = run(u);

	uart_free(u);
	return ok;
}

static bool test_bad_atrs(void) { return takes_long() || with(bad_atrs, T0_QUICK); }

/* Half an answer, cut at each byte of a long one. */
static bool half_atrs(struct uart *u)
{
	int len;

	for (len = 1; len < 22; len++)
		CHECK(bad_atr(u, VCARD_ATR, len));
	return true;
}

static bool test_half_atrs(void) { return takes_long() || with(half_atrs, T0_QUICK); }

/* Bytes that nobody asked for, many at a time, while there is a card and while not. */
static bool noise(struct uart *u)
{
	uint8_t junk[4096];
	unsigned int i, k;

	for (i = 0; i < sizeof(junk); i++)
		junk[i] = i % 251 + i / 256;
	for (i = 0; i < 3; i++) {
		for (k = 0; k < 64; k++) {
			CHECK(write(u->card->master, junk, sizeof(junk)) > 0);
			msleep(1);
		}
		/* With a TS in it, it is what a card says that was put in. */
		msleep(500);
		CHECK(wait_path(u->slot_dir, true));
		if (!i)
			CHECK(uart_insert(u));
		CHECK(wait_path(u->dir, true));
		for (k = 0; k < 5 && !uart_works(u); k++)
			msleep(1000);
		CHECK(uart_works(u));
	}
	CHECK(uart_remove(u));
	return true;
}

static bool test_noise(void) { return takes_long() || with(noise, T0_QUICK); }

/* A card for which only a NULL is no silence: a command does not last for ever. */
static bool endless(struct uart *u, unsigned int ms, int want)
{
	uint8_t buf[16];

	CHECK(uart_insert(u));
	lcard_arm(u->card, LCARD_NULLS, 6, 0, ms);
	CHECK_EQ(uart_read(u, ICCID, buf, sizeof(buf)), want);
	CHECK_EQ(u->card->hits, 1);
	CHECK(recovers(u, T0_QUICK));
	CHECK(uart_remove(u));
	return true;
}

/* Rules: TZERO-8 */
static bool nulls(struct uart *u)
{
	/* By their number, and by the time. */
	CHECK(endless(u, 0, -EPROTO));
	CHECK(endless(u, 90, -ETIMEDOUT));
	return true;
}

static bool test_nulls(void) { return takes_long() || with(nulls, T0_QUICK); }

/* Rules: TZERO-6 */
static bool procedure(struct uart *u)
{
	static const uint8_t bytes[] = { 0x01, 0xff, 0x3b, 0x50, 0x70, 0xa0 };
	uint8_t buf[16];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++) {
		CHECK(uart_insert(u));
		u->card->t0.bad_procedure = bytes[i];
		CHECK_EQ(uart_read(u, ICCID, buf, sizeof(buf)), -EPROTO);
		/* The same card: a reset is all that it takes. */
		CHECK(uart_works(u));
		CHECK(uart_remove(u));
	}
	/* ACK, and then the status without the data: what it says counts. */
	CHECK(uart_insert(u));
	u->card->t0.ack_status = true;
	CHECK(uart_read(u, ICCID, buf, sizeof(buf)) <= 0);
	u->card->t0.ack_status = false;
	CHECK(recovers(u, T0_QUICK));
	return true;
}

static bool test_procedure(void) { return with(procedure, T0_QUICK); }

/* It says T=0 and means T=1, and the other way round; one that changes at a reset. */
static bool protocol(struct uart *u)
{
	uint8_t buf[16];
	int ret;

	lcard_set_atr(u->card, T0_QUICK);
	u->card->first_protocol = 1;
	CHECK(uart_insert(u));
	ret = uart_read(u, ICCID, buf, sizeof(buf));
	CHECK(ret == -ETIMEDOUT || ret == -EPROTO);
	lcard_set_atr(u->card, T1_QUICK);
	u->card->first_protocol = 0;
	CHECK(uart_remove(u));
	CHECK(uart_insert(u));
	ret = uart_read(u, ICCID, buf, sizeof(buf));
	CHECK(ret == -EIO || ret == -EPROTO || ret == -ETIMEDOUT);
	/* Another ATR is another card. */
	lcard_set_atr(u->card, T0_QUICK);
	ret = uart_read(u, ICCID, buf, sizeof(buf));
	CHECK_EQ(ret, -ENODEV);
	CHECK(wait_path(u->dir, true));
	CHECK(wait_path("/sys/class/uicc", true));
	CHECK(recovers(u, T0_QUICK));
	return true;
}

static bool test_protocol(void) { return with(protocol, T0_QUICK); }

static const enum t1_fault faults[] = {
	T1_MUTE, T1_BAD_EDC, T1_CUT, T1_R_EDC, T1_R_OTHER, T1_WRONG_NS, T1_WTX, T1_IFS,
	T1_S_UNKNOWN, T1_NAD, T1_ABORT,
};

/* One block goes wrong, each of a session in turn: it is repaired, with T=1's own means. */
/* Rules: TONE-9 TONE-12 TONE-13 TONE-18 */
static bool blocks(struct uart *u, bool chains)
{
	struct t1card *t = &u->card->t1;
	unsigned int n, at, i, resets;
	int ret;
	uint8_t buf[16];

	CHECK(uart_insert(u));
	t->blocks = 0;
	CHECK_EQ(uart_read(u, ICCID, buf, sizeof(buf)), 10);
	n = t->blocks;
	CHECK(n >= 3 && (!chains || n > 8));
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		for (at = 0; at < n; at++) {
			CHECK(uart_remove(u));
			CHECK(uart_insert(u));
			/* S(IFS) comes first: no other request may answer it. */
			if (!at && (faults[i] == T1_WTX || faults[i] == T1_IFS || faults[i] == T1_ABORT))
				continue;
			resets = u->card->resets;
			t->fault = faults[i];
			t->wtx = 2;
			t->new_ifsc = t->ifsc;
			t->blocks = 0;
			t->fault_at = at;
			ret = uart_read(u, ICCID, buf, sizeof(buf));
			t->fault_at = -1;
			/* Who gives a command up has no answer to it. */
			if (ret != 10 && faults[i] != T1_ABORT) {
				printf("# fault %u at block %u of %u: %d\n", faults[i], at, n, ret);
				return false;
			}
			CHECK(t->blocks > at);
			CHECK(u->card->resets == resets || faults[i] == T1_ABORT);
			if (!uart_works(u)) {
				printf("# after fault %u at block %u of %u: %d\n", faults[i], at, n, ret);
				return false;
			}
		}
	}
	printf("# each of %u blocks went wrong in %u ways\n", n, i);
	return true;
}

static bool plain_blocks(struct uart *u) { return blocks(u, false); }
static bool chained_blocks(struct uart *u) { return blocks(u, true); }
static bool test_blocks(void) { return takes_long() || with(plain_blocks, T1_QUICK); }

static bool test_chains(void)
{
	if (takes_long())
		return true;
	return with(chained_blocks, "3B 80 81 71 02 00 01");
}

/* For good: an error, and after a reset it works. */
static bool lost(struct uart *u)
{
	struct t1card *t = &u->card->t1;
	uint8_t buf[16];
	unsigned int i;
	int ret;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		CHECK(uart_insert(u));
		t->fault = faults[i];
		t->fault_at = t->blocks;
		t->fault_for = 100000;
		t->wtx = 1;
		t->new_ifsc = 32;
		ret = uart_read(u, ICCID, buf, sizeof(buf));
		t->fault_at = -1;
		t->fault_for = 0;
		if (ret >= 0)
			printf("# fault %u: %d\n", faults[i], ret);
		CHECK(ret == -EIO || ret == -EPROTO || ret == -ETIMEDOUT || ret == -ECONNABORTED);
		CHECK(recovers(u, T1_QUICK));
		CHECK(uart_remove(u));
	}
	return true;
}

static bool test_lost(void) { return takes_long() || with(lost, T1_QUICK); }

/* --- things that happen while somebody reads ------------------------------------ */

struct pending {
	struct uart *u;
	int ret;
};

static void *read_it(void *arg)
{
	struct pending *p = arg;
	uint8_t buf[16];

	p->ret = uart_read(p->u, ICCID, buf, sizeof(buf));
	return NULL;
}

static void hangup(struct uart *u)
{
	lcard_hangup(u->card);
}

static void detach(struct uart *u)
{
	uart_detach(u);
}

/* Without a hangup; a pty is closed when both of its ends are. */
static void close_both(struct uart *u)
{
	close(u->card->slave);
	u->card->slave = -1;
	lcard_hangup(u->card);
}

static void hangup_slave(struct uart *u)
{
	pid_t pid = fork();

	/* vhangup() is for who has it as controlling terminal. */
	if (!pid) {
		setsid();
		if (!ioctl(u->card->slave, TIOCSCTTY, 1))
			vhangup();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* The line goes while a command waits for its answer. */
static bool goes(void (*how)(struct uart *u), const char *atr)
{
	struct uart *u = uart_new(atr);
	struct pending p = { .u = u };
	pthread_t thread;
	int i;

	CHECK(uart_insert(u));
	lcard_arm(u->card, LCARD_SILENT, 7, 0, 0);
	CHECK(!pthread_create(&thread, NULL, read_it, &p));
	for (i = 0; i < 5000 && !u->card->hits; i++)
		msleep(1);
	CHECK_EQ(u->card->hits, 1);
	how(u);
	pthread_join(thread, NULL);
	CHECK(wait_path(u->dir, false));
	CHECK(wait_path(u->slot_dir, false));
	uart_free(u);
	CHECK_EQ(p.ret, -ENODEV);
	u = uart_new(atr);
	CHECK(uart_insert(u));
	CHECK(uart_works(u));
	uart_free(u);
	return true;
}

/* Long waits: it is not their end that is seen. */
static bool test_goes(void)
{
	static void (* const ways[])(struct uart *u) = { hangup, detach, close_both, hangup_slave };
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		CHECK(goes(ways[i], "3B 80 40 FF"));
		CHECK(goes(ways[i], "3B 80 81 31 FE 95"));
	}
	return true;
}

/* The same at any moment of an insertion. */
static bool test_goes_early(void)
{
	static void (* const ways[])(struct uart *u) = { hangup, detach, close_both, hangup_slave };
	struct uart *u;
	unsigned int i;

	/* Where time is real each round costs one or two seconds of it. */
	for (i = 0; i < 120; i += uart_virtual_time() ? 1 : 5) {
		u = uart_new(i & 4 ? T0_QUICK : T1_QUICK);
		u->card->singly = true;
		lcard_in(u->card);
		lcard_say_atr(u->card);
		msleep(i / 8);
		ways[i % 4](u);
		if (!wait_path(u->slot_dir, false)) {
			printf("# way %u, time %u\n", i % 4, i / 8);
			return false;
		}
		uart_free(u);
	}
	return true;
}

static const struct ktap_test tests[] = {
	{ "answers to reset that are none", test_bad_atrs },
	{ "half an answer to reset", test_half_atrs },
	{ "noise", test_noise },
	{ "T=0: NULL for ever", test_nulls },
	{ "T=0: procedure bytes that are none", test_procedure },
	{ "another protocol than it says", test_protocol },
	{ "T=1: a block goes wrong", test_blocks },
	{ "T=1: a block of a chain goes wrong", test_chains },
	{ "T=1: all goes wrong", test_lost },
	{ "the line goes while a command waits", test_goes },
	{ "the line goes at any time", test_goes_early },
};

int main(void)
{
	ktap_need_root();
	ktap_need_module("uicc_serial");
	uart_defaults();
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
