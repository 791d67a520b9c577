/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When to try again: exponential back-off as pure arithmetic. It reads no clock and keeps no state. */
#ifndef DMSC_NET_RETRY_H
#define DMSC_NET_RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
	uint32_t first_s;	/* after the first failure; at least 1 */
	uint32_t max_s;		/* no single wait is longer */
	uint32_t patience_s;	/* give up this long after the first try; 0 = never */
};

/* 16 s (the first wait of the w7 registration's field practice), up to 1 h, for 7 days. */
extern const struct retry_policy retry_default;

/*
 * Seconds to wait after @attempts (>= 1) failures: first * 2^(attempts-1), at
 * most max, then spread over 75-100 % of it by @random so that a thousand
 * devices that lost one server do not return in the same second.
 */
uint32_t retry_delay_s(const struct retry_policy *p, uint32_t attempts, uint32_t random);

/*
 * The time (seconds) of the next try, or false when the patience that began at
 * @first_try is over before it. A clock that went back counts as no time.
 */
bool retry_next(const struct retry_policy *p, uint32_t attempts, int64_t first_try, int64_t now,
		uint32_t random, int64_t *next);

#endif
