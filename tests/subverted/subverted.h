/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dmsc-client as it would be once a card or a server had taken it over: the
 * program itself, linked with --wrap=child_start, so that what is below runs where
 * the first foreign byte would be read, with everything given up that a real
 * child has given up. It tries what it must not be able to do and says what came
 * of it, a line for each: "denied WHAT: why", "GOT WHAT", at last "end of WORD".
 * tests/e2e/guest/case_subverted.py reads them.
 */
#ifndef DMSC_TESTS_SUBVERTED_H
#define DMSC_TESTS_SUBVERTED_H

#include "dmsc-client/child_common.h"

/* @got: it worked, and should not have. */
void tried(const char *what, bool got);
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* --- confined.c: against the kernel --- */
void try_files(const char *store);
void try_writing(const char *store);
void try_processes(void);
void try_sockets(bool network);
void try_limits(const char *store);
/* One that ends the process; returns when there is no such attempt. */
void try_deadly(const char *name);
extern const char *const deadly_names[];	/* NULL behind the last */

/* --- requests.c: against the helper, as card child and as session child --- */
void card_requests(const char *word, const char *store);
void session_requests(const char *store);

#endif
