/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protocols of ISO 7816-3 by the same source files as in the module, and ATRs for them. */
#ifndef UNIT_ISO7816_H
#define UNIT_ISO7816_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/kernel.h>

#include "../../kernel/core/atr.c"
#include "../../kernel/transport/line.c"
#include "../../kernel/transport/pps.c"
#include "../../kernel/transport/t0.c"
#include "../../kernel/transport/t1.c"

#include <cmocka.h>

#define CLOCK	3571200u	/* 9600 etu a second at F = 372 */

/* An ATR of these bytes behind TS, with a TCK where it wants one. */
static inline struct uicc_atr atr_of(const u8 *bytes, size_t len)
{
	u8 raw[UICC_ATR_MAX] = { 0x3b };
	struct uicc_atr atr;
	size_t i;

	memcpy(raw + 1, bytes, len);
	if (uicc_atr_parse(&atr, raw, len + 1)) {
		for (i = 1; i <= len; i++)
			raw[len + 1] ^= raw[i];
		assert_int_equal(uicc_atr_parse(&atr, raw, len + 2), 0);
	}
	return atr;
}

#define ATR(...) atr_of((const u8[]){ __VA_ARGS__ }, sizeof((u8[]){ __VA_ARGS__ }))

static inline struct iso7816_timing timing_of(const struct uicc_atr *atr, u8 t, u16 f, u8 d, u32 clock_hz)
{
	struct iso7816_params params = { .protocol = t, .f = f, .d = d, .clock_hz = clock_hz };
	struct iso7816_timing timing;

	iso7816_timing(&timing, atr, &params);
	return timing;
}

#endif
