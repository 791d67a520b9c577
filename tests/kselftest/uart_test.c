// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * uicc_serial.ko with a card at the end of a pty: what a good card may do, and how the
 * line is used. Bad cards and bad lines are in uart_bad_test.c.
 */
#define _GNU_SOURCE
#include <sys/ioctl.h>
#include <termios.h>

#include "ktap.h"
#include "uart.h"
#include "vcard.h"

#define ICCID		"ef-3f00.2fe2/data"
#define PARODD_FLAG	0001000		/* PARODD and CSTOPB of <asm/termbits.h> */
#define CSTOPB_FLAG	0000100
/* TCSETS2 of the same header, which cannot be had beside <termios.h> */
#define SET_TERMIOS2	_IOC(_IOC_WRITE, 'T', 0x2b, 44)

/* Short waits: WI 1; BWI 0, CWI 0. */
#define T0_QUICK	"3B 80 40 01"
#define T1_QUICK	"3B 80 81 31 FE 00"

/* A card goes in, is read, comes out. */
static bool session(struct uart *u)
{
	CHECK(uart_insert(u));
	CHECK(uart_works(u));
	CHECK_EQ(u->card->t1.broken, 0);
	return true;
}

static bool good_card(const char *atr)
{
	struct uart *u = uart_new(atr);
	bool ok = session(u);

	uart_free(u);
	return ok;
}

static bool test_t0(void)
{
	return good_card(LCARD_ATR_T0) && good_card("3B 00") && good_card(T0_QUICK);
}

/* Rules: TZERO-2 TZERO-3 TZERO-4 */
static bool procedure_bytes(struct uart *u)
{
	struct lcard *c = u->card;

	/*
	 * A pty has no speed: where the driver does not run meanwhile, all that the card says
	 * to a command has to fit into SERIAL_FIFO, of which a true line fills the half in 6 ms
	 * at its fastest.
	 */
	unsigned int nulls = uart_virtual_time() ? 5 : 1;

	for (c->t0.ack = LCARD_ACK_ALL; c->t0.ack <= LCARD_ACK_MIX; c->t0.ack++) {
		for (c->t0.nulls = 0; c->t0.nulls <= nulls; c->t0.nulls += nulls) {
			c->singly = !c->singly;
			lcard_arm(c, LCARD_NONE, 0, 0, 0);
			CHECK(session(u));
			CHECK(uart_remove(u));
		}
	}
	return true;
}

static bool test_procedure_bytes(void)
{
	struct uart *u = uart_new(T0_QUICK);
	bool ok = procedure_bytes(u);

	uart_free(u);
	return ok;
}

/* A card that says its status at once, where the reader has data for it. */
static bool test_t0_refuses(void)
{
	struct uart *u = uart_new(T0_QUICK);
	uint8_t buf[16];
	int ret = 0;
	bool ok;

	u->card->t0.status_first = true;
	if (uart_insert(u))
		ret = uart_read(u, ICCID, buf, sizeof(buf));
	u->card->t0.status_first = false;
	ok = uart_works(u);
	uart_free(u);
	CHECK_EQ(ret, -EPROTO);
	CHECK(ok);
	return true;
}

static bool test_t1(void)
{
	/* LRC; CRC; an IFSC of one byte; all that may be in an ATR of T=1. */
	return good_card("3B 80 81 31 FE 45") && good_card("3B 80 81 71 FE 45 01") &&
	       good_card("3B 80 81 71 01 45 01") && good_card("3B 80 81 11 20") &&
	       good_card("3B F3 11 00 FF 81 31 FE 45 80 31 E0");
}

/* Rules: TONE-7 TONE-8 */
static bool wtx(struct uart *u)
{
	struct t1card *t = &u->card->t1;
	uint8_t buf[16];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		CHECK(uart_insert(u));
		t->fault = i ? T1_IFS : T1_WTX;
		t->wtx = 3;
		t->new_ifsc = 5;
		t->blocks = 0;
		t->fault_at = 3;
		CHECK_EQ(uart_read(u, ICCID, buf, sizeof(buf)), 10);
		CHECK(t->blocks > 4);
		CHECK(uart_works(u));
		t->fault_at = -1;
		CHECK(uart_remove(u));
	}
	CHECK_EQ(t->broken, 0);
	return true;
}

static bool test_t1_requests(void)
{
	struct uart *u = uart_new(T1_QUICK);
	bool ok = wtx(u);

	uart_free(u);
	return ok;
}

static unsigned int speed_after(struct uart *u, enum lcard_pps pps)
{
	unsigned int speed;

	u->card->pps = pps;
	u->card->pps_seen = 0;
	u->card->resets = 0;
	if (!session(u))
		return 0;
	speed = lcard_speed(u->card, NULL);
	return uart_remove(u) ? speed : 0;
}

/* Rules: PPS-2 PPS-4 PPS-5 */
static bool pps(struct uart *u)
{
	struct lcard *c = u->card;

	CHECK_EQ(speed_after(u, LCARD_PPS_AGREE), 3571200 * 8 / 512);
	CHECK_EQ(c->pps_seen, 1);
	CHECK(!memcmp(c->pps_bytes, "\xff\x10\x94\x7b", 4));
	CHECK_EQ(speed_after(u, LCARD_PPS_PLAIN), 9600);
	CHECK_EQ(c->pps_seen, 1);
	return true;
}

static bool test_pps(void)
{
	struct uart *u = uart_new("3B 10 94");
	bool ok = pps(u);

	uart_free(u);
	return ok;
}

/* A card that makes a mess of PPS is reset and left at the speed it has. */
static bool pps_failed(const char *atr, enum lcard_pps how)
{
	struct uart *u = uart_new(atr);
	bool ok = speed_after(u, how) == 9600 && u->card->pps_seen == 1 && u->card->resets == 2;

	if (!ok)
		printf("# PPS %d: seen %u, resets %u\n", how, u->card->pps_seen, u->card->resets);
	uart_free(u);
	return ok;
}

/* Rules: LINE-11 PPS-6 PPS-7 */
static bool test_pps_failed(void)
{
	enum lcard_pps how;

	for (how = LCARD_PPS_SILENT; how <= LCARD_PPS_HALF; how++) {
		/* Both at each, unless the waits between them take time. */
		if (uart_virtual_time() || how & 1)
			CHECK(pps_failed("3B 10 94", how));
		if (uart_virtual_time() || !(how & 1))
			CHECK(pps_failed("3B 90 94 81 31 FE 00", how));
	}
	return true;
}

/* Speeds of ATRs that ask for none, or have one from the start. */
static bool speed_is(const char *atr, unsigned int want, unsigned int exchanges)
{
	struct uart *u = uart_new(atr);
	unsigned int is = speed_after(u, LCARD_PPS_AGREE), seen = u->card->pps_seen;

	uart_free(u);
	CHECK_EQ(is, want);
	CHECK_EQ(seen, exchanges);
	return true;
}

/* Rules: PPS-1 PPS-3 PPS-8 */
static bool test_speeds(void)
{
	bool ok = speed_is("3B 10 11", 9600, 0) && speed_is("3B 10 96", 3571200 * 32 / 512, 1) &&
		  speed_is("3B 90 94 81 31 FE 00", 3571200 * 8 / 512, 1) &&
		  /* specific mode: T=1 at TA1 at once, or at what holds anyway */
		  speed_is("3B 90 94 91 01 31 FE 00", 3571200 * 8 / 512, 0) &&
		  speed_is("3B 90 94 91 11 31 FE 00", 9600, 0);

	CHECK(ok);
	uart_set("max_baud", "38400");
	ok = speed_is("3B 10 96", 3571200 * 4 / 372, 1);
	uart_defaults();
	CHECK(ok);
	return true;
}

static bool inverse(const char *atr)
{
	struct uart *u = uart_new(atr);
	unsigned int flags = 0;
	bool ok = session(u);

	lcard_speed(u->card, &flags);
	uart_free(u);
	/* What is even to the card is odd to a UART. */
	CHECK(flags & PARODD_FLAG);
	CHECK(flags & CSTOPB_FLAG);
	return ok;
}

/* Rules: LINE-7 */
static bool test_inverse(void)
{
	return inverse("3F 80 40 01") && inverse("3F 80 81 31 FE 00") &&
	       inverse("3F 93 11 80 1F 43 80 31 E0") && inverse("3F 10 94");
}

static bool echo(const char *atr, const char *mode, bool echoes)
{
	struct uart *u;
	bool ok;

	uart_set("echo", mode);
	u = uart_new(atr);
	u->card->echo = echoes;
	ok = session(u);
	uart_free(u);
	uart_defaults();
	return ok;
}

static bool test_echo(void)
{
	static const char * const atrs[] = {
		T0_QUICK, T1_QUICK, "3F 80 40 01", "3F 80 81 31 FE 00", "3B 10 94",
		"3B 90 94 81 31 FE 00",
	};
	size_t i;

	for (i = 0; i < sizeof(atrs) / sizeof(atrs[0]); i++) {
		CHECK(echo(atrs[i], "auto", true));
		/* A sample, where time is real. */
		if (i > 1 && !uart_virtual_time())
			continue;
		CHECK(echo(atrs[i], "on", true));
		CHECK(echo(atrs[i], "off", false));
	}
	return true;
}

/* One line, cards with and without an echo one after the other. */
static bool changes(struct uart *u)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		lcard_set_atr(u->card, i & 1 ? T1_QUICK : "3F 80 40 01");
		u->card->echo = i & 2;
		CHECK(session(u));
		CHECK(uart_remove(u));
	}
	return true;
}

static bool test_changes(void)
{
	struct uart *u = uart_new(T0_QUICK);
	bool ok = changes(u);

	uart_free(u);
	return ok;
}

/* Nobody can reset it: its first answer is all that there is. */
static bool test_no_reset(void)
{
	struct uart *u;
	bool ok;

	uart_set("reset", "none");
	u = uart_new(T0_QUICK);
	u->card->in_band = false;
	ok = session(u);
	uart_free(u);
	uart_defaults();
	CHECK(ok);
	return true;
}

/* A reader that is always looking for a card finds one, whenever that is put in. */
static bool moments(struct uart *u, unsigned int n, unsigned int step_ms)
{
	struct timespec wait = { 0 };
	unsigned int i;

	for (i = 0; i < n; i++) {
		wait.tv_sec = i * step_ms / 1000;
		wait.tv_nsec = i * step_ms % 1000 * 1000000;
		nanosleep(&wait, NULL);
		if (!uart_insert(u) || !uart_works(u)) {
			printf("# put in after %u ms\n", i * step_ms);
			return false;
		}
		CHECK(uart_remove(u));
	}
	return true;
}

static bool test_moments(void)
{
	bool virtual = uart_virtual_time(), ok;
	struct uart *u;

	uart_set("poll_ms", "100");
	u = uart_new(T0_QUICK);
	ok = moments(u, virtual ? 24 : 8, virtual ? 13 : 61);
	uart_free(u);
	uart_defaults();
	return ok;
}

static bool slot_is_empty(struct uart *u)
{
	const struct timespec tick = { .tv_nsec = 50000000 };
	char path[96], state[16];
	int i;

	snprintf(path, sizeof(path), "%s/state", u->slot_dir);
	for (i = 0; i < 200; i++) {
		if (attr_read(path, state, sizeof(state), 0) == 6 && !memcmp(state, "empty\n", 6))
			break;
		nanosleep(&tick, NULL);
	}
	return attr_is(path, "empty\n") && access(u->dir, F_OK);
}

/*
 * A far end says what comes and goes: no 00 within an answer to reset is a card that went,
 * and where it said that there is none one is looked for all the same.
 */
static bool test_far_end_tells(void)
{
	struct uart *u;
	int i;

	uart_set("poll_ms", "500");
	u = uart_new("3B 93 11 80 1F 43 00 00 00");
	pthread_mutex_lock(&u->card->lock);
	u->card->tells = true;
	pthread_mutex_unlock(&u->card->lock);
	for (i = 0; i < 3; i++) {
		CHECK(slot_is_empty(u));
		if (i) {
			CHECK(uart_insert(u));
		} else {
			lcard_in(u->card);
			CHECK(wait_path(u->dir, true));
		}
		CHECK(uart_works(u));
		lcard_out(u->card);
	}
	CHECK(slot_is_empty(u));
	uart_free(u);
	uart_defaults();
	return true;
}

static bool test_attach(void)
{
	struct uart *u = uart_new(T0_QUICK);
	uint8_t termios2[64] = {};
	struct termios tio;
	int n = 29;
	char byte;

	CHECK(session(u));
	CHECK(attr_is("/sys/module/uicc_serial/parameters/reset", "inband\n"));
	/* The line is the driver's. */
	CHECK_EQ(tcgetattr(u->card->slave, &tio), 0);
	CHECK(tcsetattr(u->card->slave, TCSANOW, &tio) && errno == EBUSY);
	CHECK(ioctl(u->card->slave, SET_TERMIOS2, termios2) && errno == EBUSY);
	CHECK(tcflush(u->card->slave, TCIFLUSH) && errno == EBUSY);
	CHECK(read(u->card->slave, &byte, 1) < 0 && errno == EIO);
	CHECK(write(u->card->slave, "x", 1) < 0 && errno == EIO);
	/* The same discipline again is none. */
	CHECK_EQ(ioctl(u->card->slave, TIOCSETD, &n), 0);
	CHECK(uart_works(u));
	CHECK(uart_detach(u));
	CHECK_EQ(uart_attach(u), 0);
	CHECK(session(u));
	CHECK(uart_detach(u));
	/* A pty has no RTS. */
	uart_set("reset", "rts");
	CHECK_EQ(uart_attach(u), -EOPNOTSUPP);
	uart_set("reset", "!dtr");
	CHECK_EQ(uart_attach(u), -EOPNOTSUPP);
	uart_defaults();
	CHECK_EQ(uart_attach(u), 0);
	CHECK(session(u));
	uart_free(u);
	return true;
}

static bool test_parameters(void)
{
	CHECK_EQ(attr_write("/sys/module/uicc_serial/parameters/reset", "never"), -EINVAL);
	CHECK_EQ(attr_write("/sys/module/uicc_serial/parameters/echo", "maybe"), -EINVAL);
	CHECK(attr_is("/sys/module/uicc_serial/parameters/reset", "inband\n"));
	return true;
}

static const struct ktap_test tests[] = {
	{ "T=0", test_t0 },
	{ "T=0: procedure bytes", test_procedure_bytes },
	{ "T=0: status in place of a procedure byte", test_t0_refuses },
	{ "T=1", test_t1 },
	{ "T=1: requests of the card", test_t1_requests },
	{ "PPS", test_pps },
	{ "PPS that fails", test_pps_failed },
	{ "speeds", test_speeds },
	{ "inverse convention", test_inverse },
	{ "echo", test_echo },
	{ "other cards on one line", test_changes },
	{ "no reset", test_no_reset },
	{ "a card that comes at any time", test_moments },
	{ "the far end tells of cards", test_far_end_tells },
	{ "attach and detach", test_attach },
	{ "parameters", test_parameters },
};

int main(void)
{
	ktap_need_root();
	ktap_need_module("uicc_serial");
	uart_defaults();
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
