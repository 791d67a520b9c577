// SPDX-License-Identifier: GPL-2.0-or-later
/* The bridge's backend pcsc (userspace/uicc-bridge/pcsc.c) with a pcscd of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <linux/uicc_virt.h>

#include "../../tests/pcsc/fake.h"
#include "uicc-bridge/bridge.h"

#define NAME "Reader One 00 00"

static const uint8_t atr_t0[] = { 0x3B, 0x02, 0x14, 0x50 };
static const uint8_t atr_t1[] = { 0x3B, 0x80, 0x01, 0x81 };
static const uint8_t atr_other[] = { 0x3B, 0x01, 0x22 };
/* T=0 first, T=1 in TA2. */
static const uint8_t atr_ta2[] = { 0x3B, 0x80, 0x90, 0x11, 0x00, 0x01 };
static const uint8_t select_mf[] = { 0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00 };

struct run {
	void *ctx;
	struct bridge_options o;
	struct bridge_event e;
};

static struct run run;

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int setup(void **state)
{
	memset(&run, 0, sizeof(run));
	fake_reset();
	fake_reader(NAME, true);
	return 0;
}

static int prepare(const char *word)
{
	char *argv[] = { (char *)word, NULL };

	return bridge_pcsc.prepare(&run.o, word ? 1 : 0, argv);
}

static void start(const char *word)
{
	char *argv[] = { (char *)word, NULL };

	assert_int_equal(prepare(word), 0);
	assert_int_equal(bridge_pcsc.open(&run.ctx, &run.o, 1, argv), 0);
}

/* The next event, within @ms: its type, or -1. */
static int event(int ms)
{
	uint64_t end = now_ms() + (uint64_t)ms, now;

	while ((now = now_ms()) < end) {
		int fds[BRIDGE_FDS_MAX] = { -1, -1, -1, -1 };
		struct pollfd p[BRIDGE_FDS_MAX];

		bridge_pcsc.fds(run.ctx, fds);
		for (int i = 0; i < BRIDGE_FDS_MAX; i++)
			p[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
		if (poll(p, BRIDGE_FDS_MAX, (int)(end - now)) <= 0)
			break;
		if (!bridge_pcsc.receive(run.ctx, &run.e))
			return (int)run.e.type;
	}
	return -1;
}

/* A reader that comes between look and wait is seen by the next look alone, 5 s later. */
static void expect_card(const uint8_t *atr, size_t n)
{
	assert_int_equal(event(10000), BRIDGE_INSERTED);
	assert_int_equal(run.e.n, n);
	assert_memory_equal(run.e.data, atr, n);
}

#define expect_atr(atr) expect_card(atr, sizeof(atr))
#define put_card(atr) fake_card(NAME, atr, sizeof(atr))

static void expect_answer(const void *data, size_t n)
{
	assert_int_equal(event(5000), BRIDGE_ANSWER);
	assert_int_equal(run.e.n, n);
	assert_memory_equal(run.e.data, data, n);
}

static int send_select(void)
{
	return bridge_pcsc.request(run.ctx, select_mf, sizeof(select_mf));
}

static void stop(void)
{
	struct fake_counts c;

	assert_int_equal(bridge_pcsc.close(run.ctx), BRIDGE_OK);
	c = fake_counts();
	assert_int_equal(c.contexts, 0);
	assert_int_equal(c.handles, 0);
}

/* Rules: PCSC-1 */
static void names(void **state)
{
	char long_name[MAX_READERNAME + 1];

	fake_reader("Reader One 00 001", true);
	fake_reader("Two", true);
	/* The whole name of one is a part of another's. */
	assert_int_equal(prepare(NAME), 0);
	assert_int_equal(prepare("Two"), 0);
	assert_int_equal(prepare("One 00 001"), 0);
	assert_int_equal(prepare("One"), -ENOTUNIQ);
	/* It may come later. */
	assert_int_equal(prepare("Three"), 0);
	assert_int_equal(prepare(""), -EINVAL);
	assert_int_equal(prepare(NULL), -EINVAL);
	memset(long_name, 'x', sizeof(long_name));
	long_name[MAX_READERNAME] = 0;
	assert_int_equal(prepare(long_name), -EINVAL);
	long_name[MAX_READERNAME - 1] = 0;
	assert_int_equal(prepare(long_name), 0);
	/* Not even pcscd needs to be there yet. */
	fake_pcscd(false);
	assert_int_equal(prepare("One"), 0);
	assert_int_equal(fake_counts().contexts, 0);
}

/* A reader's name comes from the reader: it moves no cursor. */
static void bad_name(void **state)
{
	int terminal = dup(STDOUT_FILENO), out[2];
	char text[100] = "";

	fake_reader("Two\033[2J", true);
	run.o.own[0] = "";
	assert_int_equal(pipe(out), 0);
	fflush(stdout);
	assert_int_equal(dup2(out[1], STDOUT_FILENO), STDOUT_FILENO);
	assert_int_equal(prepare(NULL), 1);
	fflush(stdout);
	assert_int_equal(dup2(terminal, STDOUT_FILENO), STDOUT_FILENO);
	close(out[1]);
	assert_true(read(out[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, NAME "\nTwo\\x1b[2J\n");
	close(out[0]);
	close(terminal);
}

static void list(void **state)
{
	run.o.own[0] = "";
	assert_int_equal(prepare(NULL), 1);
	assert_int_equal(prepare(NAME), -EINVAL);
	fake_reader(NAME, false);
	assert_int_equal(prepare(NULL), -EIO);
	fake_pcscd(false);
	assert_int_equal(prepare(NULL), -EIO);
	assert_int_equal(fake_counts().contexts, 0);
}

/* From the card that is in to the one that another took the place of. */
/* Rules: PCSC-2 PCSC-5 */
static void cards(void **state)
{
	put_card(atr_t0);
	start("One");
	assert_int_equal(run.o.flags, UICC_VIRT_READER_EXTENDED);
	expect_atr(atr_t0);
	assert_int_equal(fake_counts().share, SCARD_SHARE_EXCLUSIVE);
	/* It begins with a reset: nothing that somebody did before is left. */
	assert_int_equal(fake_counts().init, SCARD_UNPOWER_CARD);
	assert_int_equal(fake_counts().calls[F_RECONNECT], 1);
	assert_int_equal(send_select(), 0);
	expect_answer("\x90\x00", 2);
	assert_int_equal(fake_counts().protocol, SCARD_PROTOCOL_T0);
	assert_int_equal(fake_counts().command_n, sizeof(select_mf));
	assert_memory_equal(fake_counts().command, select_mf, sizeof(select_mf));

	fake_card(NAME, NULL, 0);
	assert_int_equal(event(5000), BRIDGE_REMOVED);
	/* Nobody answers for a card that is not there. */
	assert_int_equal(send_select(), 0);
	assert_int_equal(event(200), -1);
	put_card(atr_t1);
	expect_atr(atr_t1);
	assert_int_equal(send_select(), 0);
	expect_answer("\x90\x00", 2);
	assert_int_equal(fake_counts().protocol, SCARD_PROTOCOL_T1);

	/* So fast that it was never seen out. */
	put_card(atr_other);
	assert_int_equal(event(5000), BRIDGE_REMOVED);
	expect_atr(atr_other);
	stop();
	assert_int_equal(fake_counts().left, SCARD_UNPOWER_CARD);
}

/* Rules: PCSC-4 */
static void resets(void **state)
{
	put_card(atr_t0);
	start(NAME);
	expect_atr(atr_t0);
	assert_int_equal(bridge_pcsc.request(run.ctx, NULL, 0), 0);
	expect_answer(atr_t0, sizeof(atr_t0));
	assert_int_equal(fake_counts().init, SCARD_UNPOWER_CARD);
	fake_mute(NAME, true);
	assert_int_equal(event(5000), BRIDGE_REMOVED);
	fake_mute(NAME, false);
	expect_atr(atr_t0);
	/* Mute at a reset, which the watcher has not noticed. */
	fake_fail(F_RECONNECT, SCARD_W_UNRESPONSIVE_CARD, 1);
	assert_int_equal(bridge_pcsc.request(run.ctx, NULL, 0), 0);
	assert_int_equal(event(5000), BRIDGE_NO_ANSWER);
	assert_int_equal(bridge_pcsc.request(run.ctx, NULL, 0), 0);
	expect_answer(atr_t0, sizeof(atr_t0));
	stop();
}

/* The kernel takes a card for what its ATR says first, so pcscd has to. */
/* Rules: PCSC-3 */
static void protocols(void **state)
{
	put_card(atr_t0);
	fake_protocol(SCARD_PROTOCOL_T1);
	start(NAME);
	expect_atr(atr_t0);
	assert_int_equal(fake_counts().calls[F_RECONNECT], 2);
	assert_int_equal(send_select(), 0);
	expect_answer("\x90\x00", 2);
	assert_int_equal(fake_counts().protocol, SCARD_PROTOCOL_T0);
	fake_protocol(SCARD_PROTOCOL_T1);
	put_card(atr_ta2);
	assert_int_equal(event(5000), BRIDGE_REMOVED);
	expect_atr(atr_ta2);
	assert_int_equal(fake_counts().calls[F_RECONNECT], 3);
	stop();
}

/* With others on the card nothing is reset, and neither is the protocol changed. */
/* Rules: PCSC-3 */
static void shared_protocol(void **state)
{
	run.o.flags = UICC_VIRT_READER_SHARED;
	put_card(atr_t0);
	fake_protocol(SCARD_PROTOCOL_T1);
	start(NAME);
	assert_int_equal(event(800), -1);
	fake_protocol(0);
	put_card(atr_other);
	expect_atr(atr_other);
	stop();
}

/* Rules: PCSC-2 PCSC-4 PCSC-6 */
static void shared(void **state)
{
	run.o.flags = UICC_VIRT_READER_SHARED;
	run.o.own[1] = "";
	put_card(atr_t0);
	start(NAME);
	assert_int_equal(run.o.flags, UICC_VIRT_READER_SHARED);
	expect_atr(atr_t0);
	assert_int_equal(fake_counts().share, SCARD_SHARE_SHARED);
	assert_int_equal(bridge_pcsc.request(run.ctx, NULL, 0), 0);
	expect_answer(atr_t0, sizeof(atr_t0));
	assert_int_equal(fake_counts().calls[F_RECONNECT], 1);
	assert_int_equal(fake_counts().init, SCARD_LEAVE_CARD);
	/* Another program's reset: the command goes again. */
	fake_reset_by_other();
	fake_answer((const uint8_t *)"\x68\x81", 2);
	assert_int_equal(send_select(), 0);
	expect_answer("\x68\x81", 2);
	assert_int_equal(fake_counts().calls[F_RECONNECT], 2);
	assert_int_equal(fake_counts().init, SCARD_LEAVE_CARD);
	fake_reset_by_other();
	assert_int_equal(bridge_pcsc.request(run.ctx, NULL, 0), 0);
	expect_answer(atr_t0, sizeof(atr_t0));
	stop();
	assert_int_equal(fake_counts().left, SCARD_LEAVE_CARD);
}

/* Rules: PCSC-6 */
static void reset_by_others(void **state)
{
	put_card(atr_t0);
	start(NAME);
	expect_atr(atr_t0);
	fake_reset_by_other();
	assert_int_equal(send_select(), 0);
	expect_atr(atr_t0);
	assert_int_equal(fake_counts().init, SCARD_LEAVE_CARD);
	assert_int_equal(send_select(), 0);
	expect_answer("\x90\x00", 2);
	stop();
}

static void extended(void **state)
{
	uint8_t command[BRIDGE_FRAME_MAX] = { 0x00, 0xB0 }, answer[UICC_VIRT_RESPONSE_EXT_MAX];

	memset(answer, 0x5A, sizeof(answer));
	fake_answer(answer, sizeof(answer));
	put_card(atr_t1);
	start(NAME);
	expect_atr(atr_t1);
	assert_int_equal(bridge_pcsc.request(run.ctx, command, sizeof(command)), 0);
	expect_answer(answer, sizeof(answer));
	assert_int_equal(fake_counts().command_n, sizeof(command));
	fake_fail(F_TRANSMIT, SCARD_E_NOT_TRANSACTED, 1);
	assert_int_equal(bridge_pcsc.request(run.ctx, command, sizeof(command)), 0);
	assert_int_equal(event(5000), BRIDGE_NO_ANSWER);
	stop();
}

/* The slot stays whatever goes, and has its card again when that is back. */
/* Rules: PCSC-7 */
static void coming_and_going(void **state)
{
	fake_pcscd(false);
	put_card(atr_t0);
	start("One");
	assert_int_equal(event(600), -1);
	fake_pcscd(true);
	expect_atr(atr_t0);
	fake_pcscd(false);
	assert_int_equal(event(5000), BRIDGE_REMOVED);
	assert_int_equal(event(300), -1);
	fake_pcscd(true);
	expect_atr(atr_t0);
	/* Its name has a number, and gets another. */
	fake_reader(NAME, false);
	assert_int_equal(event(5000), BRIDGE_REMOVED);
	fake_reader("Reader One 01 00", true);
	fake_card("Reader One 01 00", atr_t1, sizeof(atr_t1));
	expect_atr(atr_t1);
	stop();
}

/* One that matches as well comes while ours is away: rather none than the wrong one. */
/* Rules: PCSC-1 */
static void several_later(void **state)
{
	start("One");
	assert_int_equal(event(200), -1);
	fake_reader(NAME, false);
	fake_reader("One A", true);
	fake_reader("One B", true);
	fake_card("One A", atr_t0, sizeof(atr_t0));
	assert_int_equal(event(1000), -1);
	fake_reader("One B", false);
	expect_atr(atr_t0);
	stop();
}

static void had_by_another(void **state)
{
	put_card(atr_t0);
	fake_fail(F_CONNECT, SCARD_E_SHARING_VIOLATION, 3);
	start(NAME);
	assert_int_equal(event(400), -1);
	expect_atr(atr_t0);
	/* While it waits the card goes, and another comes. */
	fake_card(NAME, NULL, 0);
	assert_int_equal(event(5000), BRIDGE_REMOVED);
	fake_fail(F_CONNECT, SCARD_W_SECURITY_VIOLATION, 1000);
	put_card(atr_t0);
	assert_int_equal(event(700), -1);
	put_card(atr_other);
	assert_int_equal(event(300), -1);
	fake_fail(F_CONNECT, 0, 0);
	expect_atr(atr_other);
	stop();
}

/* What each error of PC/SC makes of an exchange; all that are not here are FAILED. */
static const struct {
	LONG rv;
	enum bridge_event_type transmit;
	bool come_back;		/* a connect that fails so is tried again until it works */
} known[] = {
	{ SCARD_E_SHARING_VIOLATION, BRIDGE_NO_ANSWER, true },
	{ SCARD_W_SECURITY_VIOLATION, BRIDGE_NO_ANSWER, true },
	{ SCARD_W_RESET_CARD, BRIDGE_INSERTED, true },
	{ SCARD_W_UNPOWERED_CARD, BRIDGE_INSERTED, true },
	{ SCARD_W_REMOVED_CARD, BRIDGE_NO_ANSWER, false },
	{ SCARD_E_NO_SMARTCARD, BRIDGE_NO_ANSWER, false },
	{ SCARD_E_NO_SERVICE, BRIDGE_REMOVED, true },
	{ SCARD_E_SERVICE_STOPPED, BRIDGE_REMOVED, true },
	{ SCARD_E_INVALID_HANDLE, BRIDGE_REMOVED, true },
	{ SCARD_E_READER_UNAVAILABLE, BRIDGE_REMOVED, true },
	{ SCARD_E_UNKNOWN_READER, BRIDGE_REMOVED, true },
	{ SCARD_E_NO_READERS_AVAILABLE, BRIDGE_REMOVED, true },
	{ SCARD_P_SHUTDOWN, BRIDGE_REMOVED, true },
	{ SCARD_E_SYSTEM_CANCELLED, BRIDGE_REMOVED, true },
	{ SCARD_F_INTERNAL_ERROR, BRIDGE_REMOVED, true },
};

static LONG next_error(LONG rv)
{
	if (rv == SCARD_S_SUCCESS)
		return SCARD_F_INTERNAL_ERROR;		/* 80100001 */
	if (rv == SCARD_E_NO_READERS_AVAILABLE + 3)	/* 80100031 */
		return SCARD_W_UNSUPPORTED_CARD;	/* 80100065 */
	if (rv == (LONG)0x80100072)
		return 1;
	return rv == 1 ? -1 : rv == -1 ? 0 : rv + 1;
}

static enum bridge_event_type wanted(LONG rv, bool *come_back)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].rv == rv) {
			*come_back = known[i].come_back;
			return known[i].transmit;
		}
	}
	*come_back = true;
	return BRIDGE_NO_ANSWER;
}

/* No error, known or not, ends the bridge, or is taken for an answer. */
/* Rules: PCSC-7 */
static void every_error_of_a_transmit(void **state)
{
	unsigned int n = 0;
	bool ignored;

	put_card(atr_t0);
	start(NAME);
	expect_atr(atr_t0);
	for (LONG rv = next_error(0); rv; rv = next_error(rv), n++) {
		enum bridge_event_type want = wanted(rv, &ignored);

		fake_fail(F_TRANSMIT, rv, 1);
		assert_int_equal(send_select(), 0);
		assert_int_equal(event(5000), want);
		if (want == BRIDGE_REMOVED)
			expect_atr(atr_t0);
		assert_int_equal(send_select(), 0);
		expect_answer("\x90\x00", 2);
	}
	assert_true(n > 60);
	stop();
}

/* Rules: PCSC-7 */
static void every_error_of_a_reset(void **state)
{
	bool ignored;

	put_card(atr_t0);
	start(NAME);
	expect_atr(atr_t0);
	for (int call = F_RECONNECT; call <= F_STATUS; call++) {
		for (LONG rv = next_error(0); rv; rv = next_error(rv)) {
			bool lost = wanted(rv, &ignored) == BRIDGE_REMOVED;

			fake_fail((enum fake_call)call, rv, 1);
			assert_int_equal(bridge_pcsc.request(run.ctx, NULL, 0), 0);
			assert_int_equal(event(5000), lost ? BRIDGE_REMOVED : BRIDGE_NO_ANSWER);
			if (lost)
				expect_atr(atr_t0);
		}
	}
	stop();
}

/* Rules: PCSC-7 */
static void every_error_of_a_connect(void **state)
{
	start(NAME);
	for (LONG rv = next_error(0); rv; rv = next_error(rv)) {
		bool come_back;

		wanted(rv, &come_back);
		fake_fail(F_CONNECT, rv, 1);
		put_card(atr_t0);
		if (!come_back) {
			assert_int_equal(event(20), -1);
			put_card(atr_other);
			expect_atr(atr_other);
		} else {
			expect_atr(atr_t0);
		}
		fake_card(NAME, NULL, 0);
		assert_int_equal(event(5000), BRIDGE_REMOVED);
	}
	stop();
}

/* A few of each kind, as each time out is waited for. */
static void errors_of_the_watch(void **state)
{
	static const LONG rvs[] = { SCARD_E_NO_SERVICE, SCARD_F_COMM_ERROR, SCARD_E_INVALID_HANDLE,
				    SCARD_E_NO_MEMORY, SCARD_E_UNKNOWN_READER, -1, 1 };

	put_card(atr_t0);
	for (size_t i = 0; i < sizeof(rvs) / sizeof(rvs[0]); i++) {
		fake_fail(F_ESTABLISH, rvs[i], 1);
		start(NAME);
		fake_fail(F_LIST, rvs[i], 1);
		fake_fail(F_STATUS_CHANGE, rvs[i], 1);
		expect_atr(atr_t0);
		stop();
		fake_fail(F_ESTABLISH, 0, 0);
	}
}

static void card_that_never_connects(void **state)
{
	struct fake_counts c;

	put_card(atr_t0);
	fake_fail(F_CONNECT, SCARD_W_UNRESPONSIVE_CARD, 1000);
	start(NAME);
	assert_int_equal(event(1000), -1);
	c = fake_counts();
	assert_in_range(c.calls[F_CONNECT], 2, 3);
	/* An ATR that is none. */
	fake_fail(F_CONNECT, 0, 0);
	fake_card(NAME, (const uint8_t *)"\x3B", 1);
	assert_int_equal(event(1000), -1);
	put_card(atr_t0);
	expect_atr(atr_t0);
	stop();
}

/* pcscd holds a call for ever: the end waits a bounded time, and leaves it. */
/* Rules: PCSC-8 */
static void hung(void **state)
{
	uint64_t begun;

	put_card(atr_t0);
	start(NAME);
	expect_atr(atr_t0);
	fake_hang(true);
	assert_int_equal(send_select(), 0);
	assert_int_equal(event(300), -1);
	/* The watcher is not held. */
	fake_card(NAME, NULL, 0);
	assert_int_equal(event(5000), BRIDGE_REMOVED);
	put_card(atr_other);
	assert_int_equal(event(300), -1);
	fake_hang(false);
	expect_atr(atr_other);

	fake_hang(true);
	assert_int_equal(send_select(), 0);
	assert_int_equal(event(100), -1);
	begun = now_ms();
	assert_int_equal(bridge_pcsc.close(run.ctx), BRIDGE_OK);
	assert_in_range(now_ms() - begun, 100, 6000);
	fake_hang(false);
	/* It is let go late, and then all of it. */
	for (int i = 0; i < 100 && fake_counts().calls[F_TRANSMIT] < 2; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(names, setup),
		cmocka_unit_test_setup(list, setup),
		cmocka_unit_test_setup(bad_name, setup),
		cmocka_unit_test_setup(cards, setup),
		cmocka_unit_test_setup(resets, setup),
		cmocka_unit_test_setup(protocols, setup),
		cmocka_unit_test_setup(shared_protocol, setup),
		cmocka_unit_test_setup(shared, setup),
		cmocka_unit_test_setup(reset_by_others, setup),
		cmocka_unit_test_setup(extended, setup),
		cmocka_unit_test_setup(coming_and_going, setup),
		cmocka_unit_test_setup(several_later, setup),
		cmocka_unit_test_setup(had_by_another, setup),
		cmocka_unit_test_setup(every_error_of_a_transmit, setup),
		cmocka_unit_test_setup(every_error_of_a_reset, setup),
		cmocka_unit_test_setup(every_error_of_a_connect, setup),
		cmocka_unit_test_setup(errors_of_the_watch, setup),
		cmocka_unit_test_setup(card_that_never_connects, setup),
		/* Last: what it leaves behind is only let go by the end of the program. */
		cmocka_unit_test_setup(hung, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
