/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for libpcsclite when it is linked before it: one pcscd whose readers and
 * cards a test moves. What a caller may not do ends the test with a message.
 */
#ifndef TESTS_PCSC_FAKE_H
#define TESTS_PCSC_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winscard.h>

enum fake_call { F_ESTABLISH, F_LIST, F_STATUS_CHANGE, F_CONNECT, F_RECONNECT, F_STATUS, F_TRANSMIT, F_CALLS };

/* Back to a pcscd that runs and knows no reader. Nothing may be open. */
void fake_reset(void);

void fake_reader(const char *name, bool there);
/* Puts a card in, also in place of one (which nobody need see in between). NULL: takes it out. */
void fake_card(const char *name, const uint8_t *atr, size_t n);
void fake_mute(const char *name, bool mute);
/* Without one every call fails, and what was open is not any more. */
void fake_pcscd(bool runs);
/* The next @times calls fail like this. */
void fake_fail(enum fake_call call, LONG rv, unsigned int times);
/* Of which protocol pcscd has made the card; 0: the first of its ATR. */
void fake_protocol(DWORD protocol);
/* As another program does: the next call with a handle says so. */
void fake_reset_by_other(void);
/* A transmit does not return before this is taken back. */
void fake_hang(bool hangs);

/* What a command is answered with; the default is 9000. */
void fake_answer(const uint8_t *data, size_t n);

struct fake_counts {
	unsigned int calls[F_CALLS];
	unsigned int contexts, handles;	/* open now */
	DWORD share, left;		/* of the last connect, and how the last was let go */
	DWORD init;			/* of the last reconnect */
	DWORD protocol;			/* that of the last transmit */
	uint8_t command[8192];
	size_t command_n;
};

struct fake_counts fake_counts(void);

#endif
