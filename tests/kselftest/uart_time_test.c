// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long uicc_serial.ko waits for a card, to a millisecond, where time is virtual
 * (User Mode Linux with time-travel=inf-cpu): a card that is late by the waiting time of
 * ISO 7816-3, and by the documented slack, is in time, and one that takes 2 ms more is
 * not. What the waiting times are is computed here once more, from the standard.
 */
#define _GNU_SOURCE
#include <time.h>

#include "ktap.h"
#include "uart.h"
#include "vcard.h"

#define ICCID		"ef-3f00.2fe2/data"
#define CLOCK		3571200u

static unsigned int slack;	/* slack_ms, as set */

static void msleep(unsigned int ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static unsigned long clocks_us(unsigned long clocks)
{
	return clocks * 1000000ull / CLOCK;
}

static unsigned long etu_us(unsigned long etu)
{
	return clocks_us(etu * 372);
}

/* Where in the log these bytes of the reader end; -1: nowhere. */
static int end_of(const struct lcard *c, const uint8_t *bytes, unsigned int n)
{
	unsigned int i, k;

	for (i = 0; i + n <= c->n_log; i++) {
		for (k = 0; k < n && c->log[i + k] == (bytes[k] | LCARD_READER); k++)
			;
		if (k == n)
			return i + n;
	}
	return -1;
}

/* A late byte in a read of a card that was just put in. */
struct late {
	const char *atr;
	int at;			/* byte of the line since the insertion */
	unsigned int wtx;	/* 0, or: behind the answer to S(WTX request) */
	unsigned int nulls;	/* NULL bytes before each procedure byte ... */
	unsigned int null_ms;	/* ... each after such a time */
};

static void manners(struct uart *u, const struct late *l)
{
	struct lcard *c = u->card;

	lcard_set_atr(c, l->atr);
	c->t0.nulls = l->nulls;
	c->t0.null_ms = l->null_ms;
	/* A card that finds a block damaged by then says so; that is not what is measured. */
	c->cwt_ms = 1000000;
	if (l->wtx) {
		c->t1.fault = T1_WTX;
		c->t1.wtx = l->wtx;
		c->t1.fault_at = c->t1.blocks + 1;
	}
}

/* Which byte it is; found in a session without a fault. */
static int where(struct uart *u, const struct late *l, unsigned int *blocks)
{
	const uint8_t response[] = { 0x00, 0xe3, 0x01, l->wtx };
	uint8_t buf[16];
	int at;

	manners(u, l);
	if (!uart_insert(u))
		return -1;
	lcard_arm(u->card, LCARD_NONE, 0, 0, 0);
	*blocks = u->card->t1.blocks;
	if (uart_read(u, ICCID, buf, sizeof(buf)) != 10)
		return -1;
	*blocks = u->card->t1.blocks - *blocks;
	at = l->wtx ? end_of(u->card, response, sizeof(response)) + 1 : l->at;
	return uart_remove(u) ? at : -1;
}

/* 1: the byte was in time; 0: it was too late; -1: something else. */
static int in_time(struct uart *u, const struct late *l, unsigned long ms)
{
	struct lcard *c = u->card;
	unsigned int resets, blocks, before;
	uint8_t buf[16];
	int ret, at = where(u, l, &blocks);

	manners(u, l);
	if (at < 0 || !uart_insert(u))
		return -1;
	resets = c->resets;
	before = c->t1.blocks;
	lcard_arm(c, LCARD_WAIT, at, 0, ms);
	ret = uart_read(u, ICCID, buf, sizeof(buf));
	if (c->hits != 1)
		return -1;
	/* T=1 asks again, and gets its answer; T=0 cannot. */
	blocks = c->t1.blocks - before - blocks;
	if (c->resets != resets || !uart_remove(u))
		return -1;
	lcard_arm(c, LCARD_NONE, 0, 0, 0);
	if (ret == 10)
		return !blocks;
	return ret == -ETIMEDOUT ? 0 : -1;
}

/* @us: what the standard gives it. What we sent is taken to last as long as on a line. */
static bool bounded(struct uart *u, const char *name, const struct late *l, unsigned long us,
		    unsigned int sent)
{
	unsigned long ms = (us + etu_us(12 * sent)) / 1000 + slack;
	int before = in_time(u, l, ms - 1), after = in_time(u, l, ms + 2);

	printf("# %s: %lu us, slack %u ms: %lu ms is %s, %lu ms is %s\n", name, us, slack, ms - 1,
	       before == 1 ? "in time" : "?", ms + 2, after ? "?" : "too late");
	CHECK_EQ(before, 1);
	CHECK_EQ(after, 0);
	return true;
}

/* WT = WI * 960 * Fi/f (10.2): for the procedure byte, the SW; anew with each NULL. */
/* Rules: LINE-4 TZERO-4 TZERO-7 */
static bool wwt(struct uart *u)
{
	static const struct late ten = { .atr = "3B 00", .at = 5 };
	static const struct late one = { .atr = "3B 80 40 01", .at = 5 };
	static const struct late most = { .atr = "3B 80 40 FF", .at = 5 };
	/* Behind the ACK of SELECT and the data that follow it: SW1, and then SW2. */
	static const struct late sw1 = { .atr = "3B 80 40 01", .at = 8 };
	static const struct late sw2 = { .atr = "3B 80 40 01", .at = 9 };
	static const struct late nulls = { "3B 80 40 01", 8, 0, 3, 90 };
	unsigned long unit = clocks_us(960 * 372);

	CHECK(bounded(u, "WT, WI 10", &ten, 10 * unit, 5));
	CHECK(bounded(u, "WT, WI 1", &one, unit, 5));
	CHECK(bounded(u, "WT, WI 255", &most, 255 * unit, 5));
	CHECK(bounded(u, "WT, SW1", &sw1, unit, 2));
	CHECK(bounded(u, "WT, SW2", &sw2, unit, 0));
	CHECK(bounded(u, "WT, behind NULLs", &nulls, unit, 0));
	return true;
}

/* BWT = 11 etu + 2^BWI * 960 * 372/f, CWT = (11 + 2^CWI) etu (11.4.3). */
/* Rules: LINE-5 TONE-7 TONE-12 */
static bool t1(struct uart *u)
{
	/* The first block is S(IFS request) of five bytes, and so is its answer. */
	static const struct late bwt4 = { .atr = "3B 80 81 31 FE 45", .at = 5 };
	static const struct late bwt0 = { .atr = "3B 80 81 31 FE 00", .at = 5 };
	static const struct late bwt9 = { .atr = "3B 80 81 31 FE 95", .at = 5 };
	static const struct late cwt13 = { .atr = "3B 80 81 31 FE 4D", .at = 6 };
	static const struct late cwt10 = { .atr = "3B 80 81 31 FE 4A", .at = 9 };
	static const struct late cwt0 = { .atr = "3B 80 81 31 FE 40", .at = 7 };
	static const struct late wtx = { "3B 80 81 31 FE 00", 0, 10, 0, 0 };
	unsigned long unit = clocks_us(960 * 372);

	CHECK(bounded(u, "BWT, BWI 4", &bwt4, etu_us(11) + 16 * unit, 5));
	CHECK(bounded(u, "BWT, BWI 0", &bwt0, etu_us(11) + unit, 5));
	CHECK(bounded(u, "BWT, BWI 9", &bwt9, etu_us(11) + 512 * unit, 5));
	CHECK(bounded(u, "CWT, CWI 13", &cwt13, etu_us(11 + 8192), 0));
	CHECK(bounded(u, "CWT, CWI 10", &cwt10, etu_us(11 + 1024), 0));
	CHECK(bounded(u, "CWT, CWI 0", &cwt0, etu_us(11 + 1), 0));
	CHECK(bounded(u, "10 times BWT after S(WTX)", &wtx, 10 * (etu_us(11) + unit), 5));
	return true;
}

/* 1: the card came at its first reset, 0: not so. */
static int comes(struct uart *u, const char *atr, unsigned int first_ms, unsigned int gap_at,
		 unsigned int gap_ms)
{
	struct lcard *c = u->card;
	unsigned int resets, i;

	lcard_set_atr(c, atr);
	c->atr_ms = first_ms;
	c->atr_gap_at = gap_at;
	c->atr_gap_ms = gap_ms;
	lcard_in(c);
	/* The reader looks for a card by itself. */
	resets = c->resets;
	for (i = 0; i < 1000 && c->resets == resets; i++)
		msleep(10);
	resets = c->resets;
	for (i = 0; i < 500; i++)
		msleep(10);
	i = !access(u->dir, F_OK) && c->resets == resets + 1;
	lcard_set_atr(c, atr);
	if (!uart_remove(u))
		return -1;
	return i;
}

/* The probe, and then the reset that brings the card: both wait alike. */
static bool answer(struct uart *u, const char *name, unsigned long us, unsigned int gap_at)
{
	unsigned int ms = us / 1000 + slack;

	CHECK_EQ(comes(u, "3B 00", gap_at ? 0 : ms - 1, gap_at, gap_at ? ms - 1 : 0), 1);
	CHECK_EQ(comes(u, "3B 00", gap_at ? 0 : ms + 2, gap_at, gap_at ? ms + 2 : 0), 0);
	printf("# %s: %lu us, slack %u ms\n", name, us, slack);
	return true;
}

/* 6.2.2: the answer begins within 40,000 clocks, and is a character; 8.1: 9,600 etu. */
/* Rules: LINE-8 */
static bool atr(struct uart *u)
{
	CHECK(answer(u, "40,000 clocks and a character", clocks_us(40000) + etu_us(12), 0));
	CHECK(answer(u, "9,600 etu between characters of an ATR", etu_us(9600), 1));
	return true;
}

/* 1: agreed in time, 0: the card was reset and left as it was. */
static int agrees(struct uart *u, const char *atr, unsigned int at, unsigned long ms)
{
	struct lcard *c = u->card;
	unsigned int speed;

	lcard_set_atr(c, atr);
	c->pps_seen = 0;
	/* The ATR that it says by itself, the one after the reset, and the request. */
	lcard_arm(c, LCARD_WAIT, at, 0, ms);
	if (!uart_insert(u) || c->hits != 1 || c->pps_seen != 1)
		return -1;
	speed = lcard_speed(c, NULL);
	lcard_arm(c, LCARD_NONE, 0, 0, 0);
	if (!uart_remove(u))
		return -1;
	return speed == CLOCK * 8 / 512 ? 1 : speed == 9600 ? 0 : -1;
}

/* 9.2: 9,600 etu for each character of a PPS response. */
/* Rules: PPS-7 */
static bool pps(struct uart *u)
{
	unsigned long first = (etu_us(9600) + etu_us(12 * 4)) / 1000 + slack;
	unsigned long next = etu_us(9600) / 1000 + slack;

	/* Each is another card: what one has refused, it is not asked again. */
	CHECK_EQ(agrees(u, "3B 11 94 00", 4 + 4 + 4, first - 1), 1);
	CHECK_EQ(agrees(u, "3B 11 94 01", 4 + 4 + 4, first + 2), 0);
	CHECK_EQ(agrees(u, "3B 11 94 02", 4 + 4 + 6, next - 1), 1);
	CHECK_EQ(agrees(u, "3B 11 94 03", 4 + 4 + 6, next + 2), 0);
	return true;
}

static bool with(bool (*run)(struct uart *u))
{
	static const unsigned int slacks[] = { 50, 1 };
	struct uart *u;
	char text[8];
	size_t i;
	bool ok = true;

	for (i = 0; i < sizeof(slacks) / sizeof(slacks[0]) && ok; i++) {
		slack = slacks[i];
		snprintf(text, sizeof(text), "%u", slack);
		uart_set("slack_ms", text);
		/* Nor time to find out whether there is one. */
		uart_set("echo", "off");
		u = uart_new("3B 00");
		/* It has seen by then that there is no card. */
		msleep(500);
		ok = run(u);
		uart_free(u);
	}
	uart_defaults();
	return ok;
}

static bool test_wwt(void) { return with(wwt); }
static bool test_t1(void) { return with(t1); }
static bool test_atr(void) { return with(atr); }
static bool test_pps(void) { return with(pps); }

/* What a person waits for a silent card, from the byte that does not come. */
static bool test_silence(void)
{
	struct uart *u = uart_new("3B 80 40 01");
	unsigned long want = clocks_us(960 * 372) + 50000, is;
	struct timespec t;
	uint8_t buf[16];
	int ret;

	CHECK(uart_insert(u));
	lcard_arm(u->card, LCARD_SILENT, 9, 0, 0);
	ret = uart_read(u, ICCID, buf, sizeof(buf));
	clock_gettime(CLOCK_MONOTONIC, &t);
	is = t.tv_sec * 1000000ul + t.tv_nsec / 1000 - u->card->hit_us;
	uart_free(u);
	printf("# silent for %lu us, %lu by the standard and the slack\n", is, want);
	CHECK_EQ(ret, -ETIMEDOUT);
	CHECK(is >= want && is < want + 1000);
	return true;
}

static const struct ktap_test tests[] = {
	{ "a silent card", test_silence },
	{ "T=0: WT", test_wwt },
	{ "T=1: BWT, CWT, WTX", test_t1 },
	{ "answer to reset", test_atr },
	{ "PPS", test_pps },
};

int main(void)
{
	ktap_need_root();
	ktap_need_module("uicc_serial");
	if (!uart_virtual_time()) {
		printf("1..0 # SKIP time is real here\n");
		return KSFT_SKIP;
	}
	uart_defaults();
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
