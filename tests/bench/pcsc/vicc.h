/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The card at the other end of vpcd's driver: simcard's card model behind a TCP
 * socket, in a thread of its own.
 */
#ifndef DMSC_TESTS_VICC_H
#define DMSC_TESTS_VICC_H

#include <stdint.h>

uint64_t now_ns(void);

/* Loads the profile. 0, or -1 and a line on standard error. */
int vicc_open(const char *profile);
/* A thread that puts the card in @after_ms from now. 0 or -errno. */
int vicc_insert(unsigned int after_ms);
/* When the last card was put in: before the connection was asked for. */
uint64_t vicc_inserted_ns(void);
/* Pulls the card out, and waits until its thread has ended. */
void vicc_remove(void);
/* What the card took from receiving a command to having sent the answer, and how many. */
uint64_t vicc_answer_ns(unsigned long *commands);

#endif
