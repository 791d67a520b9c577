/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in a card's file where nobody wrote anything: bytes FF, and 00 of some cards. */
#ifndef DMSC_CARD_FILLING_H
#define DMSC_CARD_FILLING_H

#include "util/slice.h"

/* Nothing else in @s? Of no bytes, too. */
bool filling_only(struct slice s);
/* @s, which it points into, without that at its end. */
struct slice filling_cut(struct slice s);

#endif
