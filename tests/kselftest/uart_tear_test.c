// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A card torn at every single byte of its insertion and of reads behind it, whoever sends
 * the byte: it falls silent, is pulled out, the line is gone, a byte is damaged, lost, or
 * comes with others. What is read is right or has the errno for it, and the next card
 * works.
 */
#define _GNU_SOURCE
#include <time.h>

#include "ktap.h"
#include "uart.h"
#include "vcard.h"

/* Short waits, so that they are no matter even where time is real. */
#define T0_ATR		"3B 93 11 80 40 01 80 31 E0"
#define T1_ATR		"3B 83 81 31 FE 00 80 31 E0"

static const struct {
	const char *name;
	int size;
} reads[] = {
	{ "ef-3f00.2fe2/data", 10 },
	{ "ef-a000000063504b43532d3135.5031/data", 32 },
	{ "ef-3f00.2f00/data", 64 },
	{ "ef-3f00.2f00/record_length", 3 },
};

#define N_READS		(sizeof(reads) / sizeof(reads[0]))

struct session {
	int torn;	/* the read during which it happened, -1: before all */
	int result[N_READS];
	uint8_t bytes[N_READS][80];
};

static void msleep(unsigned int ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Until the card has its files, or long enough for one that gives no answer. */
static bool comes(struct uart *u, unsigned int ms)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/ef-3f00.7f50.5031/fcp", u->dir);
	for (; ms && access(path, F_OK) && access(u->slot_dir, F_OK) == 0; ms -= 20)
		msleep(20);
	return !access(path, F_OK);
}

static void session(struct uart *u, struct session *s)
{
	unsigned int i, before;

	memset(s, 0, sizeof(*s));
	s->torn = -1;
	lcard_in(u->card);
	lcard_say_atr(u->card);
	comes(u, u->card->fault == LCARD_NONE ? 10000 : 1000);
	for (i = 0; i < N_READS; i++) {
		before = u->card->hits;
		s->result[i] = uart_read(u, reads[i].name, s->bytes[i], sizeof(s->bytes[i]));
		if (u->card->hits != before)
			s->torn = i;
	}
}

static bool same(const struct session *a, const struct session *b, unsigned int i)
{
	return a->result[i] == b->result[i] && !memcmp(a->bytes[i], b->bytes[i], sizeof(a->bytes[i]));
}

/* The errno for a card that is not there, was not found, or is not to be understood. */
static bool allowed(enum lcard_fault fault, bool during, int result)
{
	switch (fault) {
	case LCARD_HANGUP:
		return result == -ENODEV || (!during && result == -ENOENT);
	case LCARD_SILENT:
	case LCARD_DOZE:
		/*
		 * T=1 asks again, and then says that it was in vain. T=0 has cards that say
		 * their status in place of the data, and two bytes of an FCP look like one.
		 */
		return result == -ETIMEDOUT || result == -EIO || (during && result == -EPROTO) ||
		       (!during && (result == -ENOENT || result == -ENODEV));
	default:
		return result == -ETIMEDOUT || result == -EPROTO || result == -EIO ||
		       result == -ENODEV || result == -ENOENT;
	}
}

/* Nothing tells T=0 on a pty, which carries no parity, that a byte is not what it was. */
static bool may_lie(enum lcard_fault fault, bool t1)
{
	return !t1 && (fault == LCARD_DAMAGE || fault == LCARD_NOISE || fault == LCARD_LOSE);
}

static bool judge(const struct session *is, const struct session *want, enum lcard_fault fault,
		  bool t1)
{
	unsigned int i;

	for (i = 0; i < N_READS; i++) {
		bool during = (int)i == is->torn;

		if (same(is, want, i) || ((int)i >= is->torn && may_lie(fault, t1)))
			continue;
		if ((int)i >= is->torn && allowed(fault, during, is->result[i]))
			continue;
		printf("# %s: %d (torn at read %d, this is %u)\n", reads[i].name, is->result[i],
		       is->torn, i);
		return false;
	}
	return true;
}

/* The next card, of a reader that may have to find out first that there is another. */
static bool recovers(struct uart **up, const char *atr, enum lcard_fault fault,
		     const struct session *want)
{
	struct uart *u = *up;
	struct session s;
	unsigned int i, k;

	if (fault == LCARD_HANGUP) {
		if (!wait_path(u->slot_dir, false))
			return false;
		uart_free(u);
		*up = u = uart_new(atr);
	}
	lcard_arm(u->card, LCARD_NONE, 0, 0, 0);
	for (i = 0; i < 20; i++) {
		if (!uart_remove(u))
			return false;
		session(u, &s);
		for (k = 0; k < N_READS && same(&s, want, k); k++)
			;
		if (k == N_READS)
			return true;
		printf("# once more: %d %d %d %d\n", s.result[0], s.result[1], s.result[2],
		       s.result[3]);
		if (i)
			return false;
	}
	return false;
}

/* Of a T=1 card all that goes wrong behind its ATR is repaired. */
static bool tear_all(const char *atr, enum lcard_fault fault, unsigned int value,
		     unsigned int step)
{
	bool t1 = !strcmp(atr, T1_ATR);
	struct uart *u = uart_new(atr);
	unsigned int at, i, n = 0, failed = 0;
	struct session want, is;

	msleep(300);
	lcard_arm(u->card, LCARD_NONE, 0, 0, 0);
	session(u, &want);
	/* What a session is like behind a card that was taken out. */
	CHECK(uart_remove(u));
	session(u, &want);
	for (i = 0; i < N_READS; i++)
		CHECK_EQ(want.result[i], reads[i].size);
	for (at = 0;; at += step) {
		CHECK(uart_remove(u));
		lcard_arm(u->card, fault, at, value, 0);
		session(u, &is);
		/* Behind its last byte. */
		if (!u->card->hits)
			break;
		n++;
		for (i = 0; i < N_READS && same(&is, &want, i); i++)
			;
		failed += i != N_READS;
		if (!judge(&is, &want, fault, t1) || !recovers(&u, atr, fault, &want)) {
			printf("# T=%d, fault %d at byte %u\n", t1, fault, at);
			uart_free(u);
			return false;
		}
	}
	uart_free(u);
	printf("# T=%d, torn at %u of %u bytes: %u sessions with an error\n", t1, n, at, failed);
	CHECK(at > 200 && n >= 200 / step);
	return true;
}

static bool tear(enum lcard_fault fault, unsigned int value, unsigned int step)
{
	return tear_all(T0_ATR, fault, value, step) && tear_all(T1_ATR, fault, value, step);
}

/* On a line without a switch it is the same whether it is pulled out. */
static bool test_silent(void) { return tear(LCARD_SILENT, 0, 1); }
static bool test_doze(void) { return tear(LCARD_DOZE, 0, 1); }
static bool test_hangup(void) { return tear(LCARD_HANGUP, 0, 1); }
static bool test_damage(void) { return tear(LCARD_DAMAGE, 0x10, 1); }
static bool test_lose(void) { return tear(LCARD_LOSE, 0, 1); }
static bool test_noise(void) { return tear(LCARD_NOISE, 3, 1); }
/* Each takes thousands of bytes. */
static bool test_nulls(void) { return tear(LCARD_NULLS, 0, 29); }

static const struct ktap_test tests[] = {
	{ "torn: a byte is lost", test_lose },
	{ "torn: noise", test_noise },
	{ "torn: NULL for ever", test_nulls },
	{ "torn: silent, or pulled out", test_silent },
	{ "torn: silent until the next reset", test_doze },
	{ "torn: the line is gone", test_hangup },
	{ "torn: a byte is damaged", test_damage },
};

int main(void)
{
	ktap_need_root();
	ktap_need_module("uicc_serial");
	if (!uart_virtual_time()) {
		printf("1..0 # SKIP takes hours where time is real\n");
		return KSFT_SKIP;
	}
	uart_defaults();
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
