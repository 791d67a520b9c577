/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer to reset of a card whose modem does not tell it. It says what is true of
 * every card here (ISO 7816-4 8.1.1): T=0 and nothing else, historical bytes in
 * compact TLV, applications by full and partial name, EF(DIR), and "modem" as
 * pre-issuing data.
 */
#ifndef UICC_BRIDGE_MADE_UP_ATR_H
#define UICC_BRIDGE_MADE_UP_ATR_H

#include <stdint.h>

static const uint8_t made_up_atr[] = {
	0x3B, 0x09, 0x80, 0x31, 0xE0, 0x65, 'm', 'o', 'd', 'e', 'm',
};

#endif
