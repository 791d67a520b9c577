// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-helper's way to a card's PINs: what is done in what order, and one end for each request. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The program's own files: they are not part of the library. */
#include "dmsc-helper/pin.c"
#include "dmsc-helper/pin_rules.c"

#define FILE_1 "a000000063504b43532d3135.6431"

/* --- the kernel and the insertion ---------------------------------------- */

static struct {
	int read, access, get, ask;	/* what each returns */
	struct ef_access want;
	unsigned int reads, gets, asks, ends;
	size_t off;
	uint32_t last;			/* number of the last request or question */
	uint8_t ref;
	enum unl_kind kind;
	char text[UNL_TEXT_MAX];
	enum ipc_result result;
	char reason[IPC_REASON_MAX];
	int64_t now;
} k;

static struct pin p;

int ef_read(const char *root, const char *card, uint64_t seq, const char *path, size_t off,
	    uint8_t *buf, size_t n)
{
	assert_string_equal(root, "sysfs");
	assert_string_equal(card, "uicc5.card");
	assert_int_equal(seq, 9);
	assert_int_equal(n, 1);
	k.reads++;
	k.off = off;
	return k.read;
}

int ef_read_access(const char *root, const char *card, uint64_t seq, const char *path,
		   struct ef_access *out)
{
	*out = k.want;
	return k.access;
}

int unl_pin_get(struct unl *nl, uint32_t slot, uint64_t seq, uint8_t key_ref, uint32_t *id)
{
	assert_int_equal(slot, 5);
	assert_int_equal(seq, 9);
	k.gets++;
	k.ref = key_ref;
	if (!k.get)
		*id = ++k.last;
	return k.get;
}

static int put(void *ctx, struct unl_question *q, uint32_t *id)
{
	assert_ptr_equal(ctx, &k);
	k.asks++;
	k.kind = q->kind;
	k.ref = q->key_ref;
	strcpy(k.text, q->text);
	if (!k.ask)
		*id = ++k.last;
	return k.ask;
}

static void ended(void *ctx, enum ipc_result result, const char *reason)
{
	k.ends++;
	k.result = result;
	snprintf(k.reason, sizeof(k.reason), "%s", reason);
}

static int64_t clock_ms(void)
{
	return k.now;
}

static int fresh(void **state)
{
	memset(&k, 0, sizeof(k));
	memset(&p, 0, sizeof(p));
	k.read = -EACCES;
	k.now = 1000;
	k.want = (struct ef_access){ .kind = EF_PINS, .n = 1, .ref = { 0x01 } };
	pin_rules_init(&p.rules, "uicc5");
	p.sysfs = "sysfs";
	p.card = "uicc5.card";
	p.index = 5;
	p.seq = 9;
	p.now_ms = clock_ms;
	p.ask = put;
	p.end = ended;
	p.ctx = &k;
	return 0;
}

static void checked(enum unl_pin_result result, uint32_t retries)
{
	struct unl_pin got = { .id = k.last, .key_ref = k.ref, .result = result,
			       .retries = retries };

	pin_checked(&p, &got);
}

static void by_card(enum unl_pin_result result, uint32_t retries)
{
	struct unl_answer a = { .outcome = UNL_NO, .by_card = true, .pin_result = result,
				.retries = retries };

	pin_answered(&p, &a);
}

/* --- tests --------------------------------------------------------------- */

static void from_refusal_to_yes(void **state)
{
	struct unl_answer yes = { .outcome = UNL_YES };

	pin_need(&p, FILE_1, 77);
	assert_int_equal(k.off, 77);	/* the byte the child was refused, not another */
	assert_int_equal(k.gets, 1);
	assert_int_equal(k.asks + k.ends, 0);
	assert_int_equal(pin_wait_ms(&p), -1);
	checked(UNL_PIN_NOT_VERIFIED, 3);
	assert_int_equal(k.asks, 1);
	assert_int_equal(k.kind, UNL_KIND_PIN);
	assert_int_equal(k.ref, 0x01);
	assert_non_null(strstr(k.text, "3 tries"));
	assert_int_equal(k.ends, 0);
	pin_answered(&p, &yes);
	assert_int_equal(k.ends, 1);
	assert_int_equal(k.result, IPC_DONE);
}

static void childs_word_is_not_enough(void **state)
{
	k.read = 1;
	pin_need(&p, FILE_1, 0);
	assert_int_equal(k.ends, 1);
	assert_int_equal(k.result, IPC_DONE);
	assert_int_equal(k.gets + k.asks, 0);
	k.read = -ENODEV;
	pin_need(&p, FILE_1, 0);
	assert_int_equal(k.result, IPC_WITHDRAWN);
	k.read = -EPROTO;
	pin_need(&p, FILE_1, 0);
	assert_int_equal(k.result, IPC_FAILED);
	k.read = -EACCES;
	k.access = -ETIMEDOUT;
	pin_need(&p, FILE_1, 0);
	assert_int_equal(k.result, IPC_FAILED);
	assert_int_equal(k.ends, 4);
	assert_int_equal(k.gets + k.asks, 0);
}

static void what_cannot_be_put_ends_it(void **state)
{
	k.get = -EBUSY;
	pin_need(&p, FILE_1, 0);
	assert_int_equal(k.ends, 1);
	assert_int_equal(k.result, IPC_FAILED);
	k.get = -ENODEV;
	pin_need(&p, FILE_1, 0);
	assert_int_equal(k.ends, 2);
	assert_int_equal(k.result, IPC_WITHDRAWN);
	k.get = 0;
	k.ask = -EDQUOT;
	pin_need(&p, FILE_1, 0);
	checked(UNL_PIN_NOT_VERIFIED, 3);
	assert_int_equal(k.ends, 3);
	assert_int_equal(k.result, IPC_FAILED);
	checked(UNL_PIN_NOT_VERIFIED, 3);	/* the same answer again is nobody's */
	assert_int_equal(k.ends, 3);
	assert_int_equal(k.asks, 1);
}

static void others_answers_are_ignored(void **state)
{
	struct unl_pin other = { .id = 99, .result = UNL_PIN_BLOCKED };

	pin_need(&p, FILE_1, 0);
	pin_checked(&p, &other);
	assert_int_equal(k.ends + k.asks, 0);
	/* The insertion has told the child itself: what comes now is late. */
	pin_forget(&p);
	checked(UNL_PIN_NOT_VERIFIED, 3);
	assert_int_equal(k.ends + k.asks, 0);
}

/* The person who typed the wrong PIN is told how it stands; nobody waits for that longer than a moment. */
static void the_end_is_told(void **state)
{
	struct unl_answer shown = { .outcome = UNL_YES };

	for (int late = 0; late < 3; late++) {
		fresh(NULL);
		pin_need(&p, FILE_1, 0);
		checked(UNL_PIN_NOT_VERIFIED, 2);
		k.ask = late == 2 ? -EBUSY : 0;
		by_card(UNL_PIN_WRONG, 1);
		assert_int_equal(k.kind, UNL_KIND_DISPLAY);
		assert_int_equal(k.asks, 2);
		assert_int_equal(k.ends, late == 2);
		if (late == 0) {
			k.now += 10;
			pin_tick(&p);
			assert_int_equal(k.ends, 0);
			pin_answered(&p, &shown);
		} else if (late == 1) {
			assert_int_equal(pin_wait_ms(&p), TELL_MS);
			k.now += TELL_MS;
			assert_int_equal(pin_wait_ms(&p), 0);
			pin_tick(&p);
		}
		assert_int_equal(k.ends, 1);
		assert_int_equal(k.result, IPC_REFUSED);
		assert_string_equal(k.reason, "the PIN was wrong");
		pin_tick(&p);
		assert_int_equal(k.ends, 1);
		assert_int_equal(pin_wait_ms(&p), -1);
	}
	fresh(NULL);
	pin_need(&p, FILE_1, 0);
	checked(UNL_PIN_NOT_VERIFIED, 2);
	by_card(UNL_PIN_WRONG, 1);
	pin_forget(&p);
	k.now += 10 * TELL_MS;
	pin_tick(&p);
	assert_int_equal(k.ends, 0);
}

static void wrong_is_asked_again_after_a_look(void **state)
{
	pin_need(&p, FILE_1, 0);
	checked(UNL_PIN_NOT_VERIFIED, 3);
	by_card(UNL_PIN_WRONG, 2);
	assert_int_equal(k.gets, 2);
	assert_int_equal(k.asks, 1);
	checked(UNL_PIN_NOT_VERIFIED, 2);
	assert_int_equal(k.asks, 2);
	assert_non_null(strstr(k.text, "was not PIN 1"));
	assert_int_equal(k.ends, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(from_refusal_to_yes, fresh),
		cmocka_unit_test_setup(childs_word_is_not_enough, fresh),
		cmocka_unit_test_setup(what_cannot_be_put_ends_it, fresh),
		cmocka_unit_test_setup(others_answers_are_ignored, fresh),
		cmocka_unit_test_setup(the_end_is_told, fresh),
		cmocka_unit_test_setup(wrong_is_asked_again_after_a_look, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
