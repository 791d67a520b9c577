// SPDX-License-Identifier: GPL-2.0-or-later
/* Back-off arithmetic; the contract is in retry.h. No clock, no state. */
#include "net/retry.h"

const struct retry_policy retry_default = {
	.first_s = 16,
	.max_s = 3600,
	.patience_s = 7 * 24 * 3600,
};

uint32_t retry_delay_s(const struct retry_policy *p, uint32_t attempts, uint32_t random)
{
	uint64_t d = p->first_s ? p->first_s : 1;
	uint64_t max = p->max_s ? p->max_s : 1;
	uint64_t spread;

	for (uint32_t i = 1; i < attempts && d < max; i++)
		d *= 2;
	if (d > max)
		d = max;
	spread = d / 4;
	return (uint32_t)(d - (spread ? random % (spread + 1) : 0));
}

bool retry_next(const struct retry_policy *p, uint32_t attempts, int64_t first_try, int64_t now,
		uint32_t random, int64_t *next)
{
	int64_t at;

	if (now < first_try)
		now = first_try;
	at = now + retry_delay_s(p, attempts, random);
	if (p->patience_s && at - first_try > (int64_t)p->patience_s)
		return false;
	*next = at;
	return true;
}
