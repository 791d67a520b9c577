// SPDX-License-Identifier: GPL-2.0-or-later
/* The thread of a bridge's backend (userspace/uicc-bridge/worker.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "uicc-bridge/worker.h"

enum { ECHO, SILENT, SLOW, POSTS, BLOCKED, UNTIL_CANCELLED };

static _Atomic int cancelled, runs, free_it, posted;
static const uint8_t *_Atomic seen;

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static void run(void *ctx, struct worker *w, int what, const uint8_t *data, size_t n,
		struct bridge_event *out)
{
	uint8_t number;

	runs++;
	seen = data;
	switch (what) {
	case SILENT:
		return;
	case SLOW:
		worker_sleep(w, 20000);
		break;
	case POSTS:
		for (int i = 0; i < 20 && !worker_interrupted(w); i++) {
			number = (uint8_t)i;
			worker_post(w, BRIDGE_INSERTED, &number, 1);
			posted++;
		}
		break;
	case UNTIL_CANCELLED:
		while (!cancelled)
			pause_ms(1);
		break;
	case BLOCKED:
		while (!free_it)
			pause_ms(5);
		break;
	}
	out->type = BRIDGE_ANSWER;
	out->n = n;
	if (n)
		memcpy(out->data, data, n);
}

static void cancel(void *ctx)
{
	cancelled++;
}

static const struct worker_ops ops = { .run = run, .cancel = cancel };

static struct worker *begin(void)
{
	struct worker *w = worker_new(&ops, NULL);

	cancelled = runs = free_it = posted = 0;
	assert_non_null(w);
	return w;
}

static int next(struct worker *w, struct bridge_event *e, int ms)
{
	struct pollfd p = { .fd = worker_fd(w), .events = POLLIN };

	return poll(&p, 1, ms) == 1 ? worker_take(w, e) : -ETIMEDOUT;
}

/* The next event behind those that are dropped. */
static int after_dropped(struct worker *w, struct bridge_event *e)
{
	int err;

	do {
		err = next(w, e, 5000);
	} while (err == -EAGAIN);
	return err;
}

static void answers(void **state)
{
	struct worker *w = begin();
	struct bridge_event e;
	uint8_t most[BRIDGE_FRAME_MAX + 1] = { 1, 2, 3 };

	assert_int_equal(worker_take(w, &e), -EAGAIN);
	assert_int_equal(worker_request(w, ECHO, (const uint8_t *)"\x12\x34", 2), 0);
	assert_int_equal(next(w, &e, 5000), 0);
	assert_int_equal(e.type, BRIDGE_ANSWER);
	assert_int_equal(e.n, 2);
	assert_memory_equal(e.data, "\x12\x34", 2);
	/* Nothing more, and poll() knows. */
	assert_int_equal(next(w, &e, 50), -ETIMEDOUT);
	assert_int_equal(worker_request(w, ECHO, most, sizeof(most)), -EMSGSIZE);
	assert_int_equal(worker_request(w, ECHO, most, BRIDGE_FRAME_MAX), 0);
	assert_int_equal(next(w, &e, 5000), 0);
	assert_memory_equal(e.data, most, BRIDGE_FRAME_MAX);
	assert_int_equal(worker_request(w, SILENT, NULL, 0), 0);
	assert_int_equal(next(w, &e, 5000), 0);
	assert_int_equal(e.type, BRIDGE_NO_ANSWER);
	assert_int_equal(e.n, 0);
	assert_int_equal(worker_end(w, 1000), 0);
}

/* A request may hold a PIN: nothing of it stays where the thread had it. */
static void wiped(void **state)
{
	static const uint8_t zero[8];
	struct worker *w = begin();
	struct bridge_event e;

	assert_int_equal(worker_request(w, ECHO, (const uint8_t *)"12345678", 8), 0);
	assert_int_equal(next(w, &e, 5000), 0);
	assert_memory_equal(e.data, "12345678", 8);
	assert_memory_equal(seen, zero, 8);
	assert_int_equal(worker_end(w, 1000), 0);
}

/* A new request ends what sleeps, takes the place of what waits, and alone is answered. */
static void followed(void **state)
{
	struct worker *w = begin();
	struct bridge_event e;

	assert_int_equal(worker_request(w, SLOW, (const uint8_t *)"\x01", 1), 0);
	while (!runs)
		pause_ms(1);
	assert_int_equal(worker_request(w, ECHO, (const uint8_t *)"\x02", 1), 0);
	assert_int_equal(after_dropped(w, &e), 0);
	assert_int_equal(e.data[0], 2);

	assert_int_equal(worker_request(w, BLOCKED, (const uint8_t *)"\x03", 1), 0);
	while (runs < 3)
		pause_ms(1);
	assert_int_equal(worker_request(w, ECHO, (const uint8_t *)"\x04", 1), 0);
	assert_int_equal(worker_request(w, ECHO, (const uint8_t *)"\x05", 1), 0);
	free_it = 1;
	assert_int_equal(after_dropped(w, &e), 0);
	assert_int_equal(e.data[0], 5);
	assert_int_equal(runs, 4);
	assert_int_equal(next(w, &e, 50), -ETIMEDOUT);
	assert_int_equal(worker_end(w, 1000), 0);
}

/* Events keep their order, and who does not take them holds the thread, not memory. */
static void posts(void **state)
{
	struct worker *w = begin();
	struct bridge_event e;

	assert_int_equal(worker_request(w, POSTS, NULL, 0), 0);
	pause_ms(100);
	assert_int_equal(posted, 8);
	for (uint8_t i = 0; i < 20; i++) {
		assert_int_equal(next(w, &e, 5000), 0);
		assert_int_equal(e.type, BRIDGE_INSERTED);
		assert_int_equal(e.data[0], i);
	}
	assert_int_equal(next(w, &e, 5000), 0);
	assert_int_equal(e.type, BRIDGE_ANSWER);
	/* And not when it shall end. */
	assert_int_equal(worker_request(w, POSTS, NULL, 0), 0);
	pause_ms(50);
	assert_int_equal(worker_end(w, 1000), 0);
}

static void ends(void **state)
{
	struct worker *w = begin();

	/* What sleeps wakes up, what is in a call is cancelled. */
	assert_int_equal(worker_request(w, SLOW, NULL, 0), 0);
	while (!runs)
		pause_ms(1);
	assert_int_equal(worker_end(w, 5000), 0);
	w = begin();
	assert_int_equal(worker_request(w, UNTIL_CANCELLED, NULL, 0), 0);
	while (!runs)
		pause_ms(1);
	assert_int_equal(worker_end(w, 5000), 0);
	/* One that never began anything. */
	w = begin();
	assert_int_equal(worker_end(w, 5000), 0);
	assert_int_equal(cancelled, 0);
}

static void does_not_end(void **state)
{
	struct worker *w = begin();

	assert_int_equal(worker_request(w, BLOCKED, NULL, 0), 0);
	while (!runs)
		pause_ms(1);
	worker_cancel(w);
	assert_int_equal(cancelled, 1);
	assert_int_equal(worker_end(w, 200), -ETIMEDOUT);
	/* Cancelled again and again. */
	assert_in_range(cancelled, 4, 6);
	/* Left alone, not freed: it may still end. */
	free_it = 1;
	assert_int_equal(worker_end(w, 5000), 0);
}

/* Signals are the program's, whose main thread waits for them. */
static void no_signals(void **state)
{
	struct worker *w = begin();
	struct timespec none = { 0 };
	sigset_t set, before;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	kill(getpid(), SIGTERM);
	pause_ms(50);
	assert_int_equal(sigtimedwait(&set, NULL, &none), SIGTERM);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(worker_end(w, 1000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(wiped),
		cmocka_unit_test(followed),
		cmocka_unit_test(posts),
		cmocka_unit_test(ends),
		cmocka_unit_test(does_not_end),
		cmocka_unit_test(no_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
