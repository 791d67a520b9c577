// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose turn it is and when; the contract is in turns.h. */
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "dmsc-client/turns.h"
#include "util/log.h"

#define NETWORK_SOON_S 1	/* names may be resolved a little later than packets go */

struct retry_policy turns_policy(unsigned int patience_s)
{
	struct retry_policy p = retry_default;

	p.patience_s = patience_s;
	return p;
}

int64_t turns_uptime_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

static uint32_t random32(void)
{
	uint32_t r = 0;

	/* Without it, devices may come back together; nothing else follows. */
	return getrandom(&r, sizeof(r), GRND_NONBLOCK) == sizeof(r) ? r : 0;
}

uint32_t turn_again(struct turns *x, struct turn *t, uint32_t at_least)
{
	int64_t now = turns_uptime_s(), next;

	/* A patience of 0 is none here, and no end in net/retry. */
	if (!x->policy.patience_s ||
	    !retry_next(&x->policy, ++t->failures, t->first, now, random32(), &next)) {
		turn_close(t);
		return 0;
	}
	t->not_before = now + at_least;
	if (next < t->not_before)
		next = t->not_before;
	if (next - t->first > x->policy.patience_s) {
		turn_close(t);
		return 0;
	}
	t->due = next;
	return (uint32_t)(next - now);
}

/* The open one whose turn is next, or NULL. In order among those due. */
static struct turn *turns_next(const struct turns *x, int64_t now)
{
	struct turn *best = NULL;

	for (size_t i = 0; i < x->n; i++) {
		struct turn *t = x->turn[i];

		if (!t->open)
			continue;
		if (t->due <= now)
			return t;
		if (!best || t->due < best->due)
			best = t;
	}
	return best;
}

/* A route that flaps is worth one try per pause, and the pauses grow. */
static void wake(const struct turns *x, struct turn *t, int64_t now)
{
	int64_t due = now + NETWORK_SOON_S, pause = 0;

	if (!t->woken || now > t->woken + x->policy.max_s)
		t->wakings = 0;
	if (t->wakings)
		pause = retry_delay_s(&x->policy, t->wakings, 0);
	if (t->woken && due < t->woken + pause)
		due = t->woken + pause;
	if (due < t->not_before)
		due = t->not_before;
	if (!t->open || t->due <= due)
		return;
	t->due = t->woken = due;
	t->wakings++;
	t->failures = 0;
	log_info("%s: a way into the network came: session with %s is tried again in %d s", x->who,
		 t->name, (int)(due - now));
}

int turns_run(struct turns *x)
{
	struct turn *t;
	int64_t now;
	int r = 0;

	while (!r) {
		if (x->refresh)
			r = x->refresh(x->ctx);
		if (r)
			break;
		now = turns_uptime_s();
		if (x->network)
			for (size_t i = 0; i < x->n; i++)
				wake(x, x->turn[i], now);
		x->network = false;
		t = turns_next(x, now);
		if (!t)
			break;
		r = t->due > now ? x->wait(x->ctx, (t->due - now) * 1000) : x->try(x->ctx, t);
	}
	return r;
}
