/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit suites of the core share: a slot whose transport is a script. Each
 * command has to be the one the script says next; any other fails the test.
 */
#ifndef UICC_CORE_TEST_H
#define UICC_CORE_TEST_H

#include <kunit/test.h>
#include <linux/completion.h>

#include "internal.h"

#define TEST_ATR	"3B00"		/* T=0, nothing else */
#define TEST_ATR_OTHER	"3B0141"	/* of another card */
#define TEST_ATR_T1	"3B800181"
/* T=1; the card capabilities say: extended length. */
#define TEST_ATR_EXT	"3B8501 8073000040 37"

#define TEST_AID	"a000000063504b43532d3135"
#define SELECT_AID_NO_FCP	"00A4040C 0C A000000063504B43532D3135"

/* One command expected, and the answer; hexadecimal, spaces ignored. */
struct test_step {
	const char *cmd;
	const char *rsp;	/* NULL: @ret instead */
	int ret;
};

/* What becomes of the command at which a card is torn. */
enum test_tear {
	TEAR_REMOVE,	/* pulled out */
	TEAR_HANG,	/* pulled out; transmit waits for the core's cancel */
	TEAR_SWAP,	/* another card put in */
	TEAR_UNREGISTER,	/* the reader goes */
	TEAR_MUTE,
	TEAR_KILL,	/* the reading task got a fatal signal */
	TEAR_SHORT,	/* an answer without status word */
	TEAR_GARBAGE,	/* a status word that is none */
	TEAR_LONG,	/* the transport lies about the length */
	TEAR_OTHER_ATR,	/* mute, and then another card answers the reset */
	TEAR_N,
	TEAR_CLOSE,	/* silent until the core cancels by itself */
};

/**
 * struct test_card - a slot and the card in it
 * @test: whose
 * @slot: the slot
 * @card: the card, with a reference of its own, or NULL
 * @atr: what power_on gives, in hexadecimal; NULL: @power_ret
 * @power_ret: what power_on returns then
 * @steps: the script
 * @n_steps: their number
 * @at: the next one
 * @answers: an endless card: answers every command with this; NULL: the script
 * @sent: commands so far
 * @powered: calls of power_on so far
 * @cancelled: calls of cancel so far
 * @off: calls of power_off so far
 * @tear_after: commands until @tear happens; negative: never
 * @tear: what happens
 * @hung: completed by cancel
 * @leave: unregisters the slot
 * @buf: where uicc_test_read() reads to
 */
struct test_card {
	struct kunit *test;
	struct uicc_slot *slot;
	struct uicc_card *card;
	const char *atr;
	int power_ret;
	const struct test_step *steps;
	unsigned int n_steps;
	unsigned int at;
	const char *answers;
	unsigned int sent;
	atomic_t powered;
	atomic_t cancelled;
	atomic_t off;
	int tear_after;
	enum test_tear tear;
	struct completion hung;
	struct work_struct leave;
	char buf[4096];
};

/* What the core told netlink. */
struct test_events {
	atomic_t added;
	atomic_t deleted;
	atomic_t gone;
};

extern struct test_events test_events;

void test_sleep(void);
void test_wake(struct test_card *tc);

int test_core_begin(struct kunit_suite *suite);
void test_core_end(struct kunit_suite *suite);

struct test_card *test_card_new(struct kunit *test, u32 flags, const char *atr);
void test_card_free(struct test_card *tc);
void test_card_exit(struct kunit *test);
void test_card_settle(struct test_card *tc);
void test_card_forget(struct test_card *tc);

int test_unhex(const char *hex, u8 *out, size_t size);
struct uicc_file *test_file(struct test_card *tc, const char *name);
void test_script(struct test_card *tc, const struct test_step *steps, unsigned int n);
void test_played(struct test_card *tc);
void test_read(struct test_card *tc, const char *name, loff_t off, size_t count, int want,
	       const char *content, const struct test_step *steps, unsigned int n);

/* Reads; @want is what comes back, @content what is in it (NULL: not looked at). */
#define TEST_READ(tc, name, off, count, want, content, ...)			\
	test_read(tc, name, off, count, want, content,				\
		  (const struct test_step[]){ __VA_ARGS__ },			\
		  ARRAY_SIZE(((const struct test_step[]){ __VA_ARGS__ })))
/* The same without a word to the card. */
#define TEST_READ_CACHED(tc, name, off, count, want, content)			\
	test_read(tc, name, off, count, want, content, NULL, 0)

#endif /* UICC_CORE_TEST_H */
