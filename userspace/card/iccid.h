/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EF(ICCID) (TS 102 221 13.2): ten bytes of swapped BCD into digits. */
#ifndef DMSC_CARD_ICCID_H
#define DMSC_CARD_ICCID_H

#include "util/cleanup.h"
#include "util/slice.h"

#define ICCID_LEN 10
#define ICCID_DIGITS 21		/* with the NUL */

/*
 * 0, or -EINVAL when the bytes hold no digit or one after the filler F.
 * Digits A-E, seen on some cards, are written as lower-case hex.
 */
int iccid_format(struct slice ef, char out[ICCID_DIGITS]) must_check;

#endif
