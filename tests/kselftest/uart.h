/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reader of uicc_serial.ko whose line is a pty: the line discipline on the slave, a
 * card of lcard.h at the master.
 */
#ifndef UART_H
#define UART_H

#include "lcard.h"

struct uart {
	struct lcard *card;
	int slot;
	char slot_dir[64], dir[64];	/* /sys/class/uicc/uicc0, .../uicc0.card */
};

/* Sets a parameter of the module; dies when it cannot. */
void uart_set(const char *name, const char *value);
/* All parameters as the module has them when it is loaded, but for reset=inband. */
void uart_defaults(void);
/* A line with the discipline on it, and no card in it that the driver knows of. */
struct uart *uart_new(const char *atr);
/* Takes the discipline off the line; waits until the slot is gone. */
void uart_free(struct uart *u);
int uart_attach(struct uart *u);
bool uart_detach(struct uart *u);
/* Puts the card in; it says so itself. Waits until its files are there. */
bool uart_insert(struct uart *u);
/* Out, and waits until the driver has noticed. */
bool uart_remove(struct uart *u);
/* Reads a file of the card's: bytes, or -errno. */
int uart_read(struct uart *u, const char *file, void *buf, size_t size);
/* How long it takes, in microseconds; what it returns is in @ret. */
long uart_time(struct uart *u, const char *file, int *ret);
/* The ICCID's file and one of 600 bytes are what they should be. */
bool uart_works(struct uart *u);
/* Time passes only where somebody waits: waits can be measured. */
bool uart_virtual_time(void);

#endif /* UART_H */
