// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * uicc_serial.ko with a card at the end of a pty: what a good card may do, and what a
 * bad one, or a bad line, does.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>

#include "ktap.h"
#include "uart.h"
#include "vcard.h"

#define T1_ATR		"3B 80 81 31 FE 45"	/* T=1, IFSC 254, BWI 4, CWI 5 */
#define ICCID		"ef-3f00.2fe2/data"

static bool good_card(const char *atr)
{
	struct uart *u = uart_new(atr);
	bool ok = uart_insert(u) && uart_works(u);

	uart_free(u);
	return ok;
}

static bool test_t0(void)
{
	CHECK(good_card(LCARD_ATR_T0));
	return true;
}

static bool test_t1(void)
{
	CHECK(good_card(T1_ATR));
	return true;
}

static const struct ktap_test tests[] = {
	{ "T=0", test_t0 },
	{ "T=1", test_t1 },
};

int main(void)
{
	ktap_need_root();
	ktap_need_module("uicc_serial");
	uart_defaults();
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
