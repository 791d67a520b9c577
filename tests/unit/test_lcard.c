// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The card on a line of the kernel's selftests (tests/kselftest/lcard.h), read here by the
 * drivers' own protocols over the pty, with no driver between: each is known to be good by
 * the other one, at every byte of an exchange.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../kernel/transport/iso7816.h"
#include "../kselftest/lcard.h"

#define T1_ATR	"3B 80 81 31 FE 45"	/* T=1, IFSC 254, BWI 4, CWI 5 */

struct reader {
	struct lcard *card;
	struct iso7816_line line;
	struct iso7816_t1 t1;
	struct uicc_atr atr;
	uint8_t raw[40];
	int n_raw;
	bool hasty;	/* does not wait long for a card that may be silent */
};

static uint8_t turned(uint8_t byte)
{
	uint8_t out = 0;
	int i;

	for (i = 0; i < 8; i++)
		out |= (byte >> i & 1) << (7 - i);
	return ~out;
}

static int get(struct reader *r, uint32_t us)
{
	struct pollfd fd = { .fd = r->card->slave, .events = POLLIN };
	uint8_t byte;

	if (poll(&fd, 1, us / 1000) < 1)
		return -ETIMEDOUT;
	if (read(fd.fd, &byte, 1) != 1)
		return -ENODEV;
	return byte;
}

static int line_send(void *ctx, const u8 *buf, size_t len, u32 gap_us)
{
	struct reader *r = ctx;
	uint8_t byte;
	size_t i;

	tcflush(r->card->slave, TCIFLUSH);
	for (i = 0; i < len; i++) {
		byte = r->card->inverse ? turned(buf[i]) : buf[i];
		assert_int_equal(write(r->card->slave, &byte, 1), 1);
	}
	for (i = 0; i < len && r->card->echo; i++)
		get(r, 1000000);
	return 0;
}

static int line_recv(void *ctx, u8 *buf, size_t len, u32 first_us, u32 next_us)
{
	struct reader *r = ctx;
	size_t n;
	int c;

	for (n = 0; n < len; n++) {
		c = get(r, n ? next_us : first_us);
		if (c == -ETIMEDOUT && n)
			return n;
		if (c < 0)
			return c;
		buf[n] = r->card->inverse ? turned(c) : c;
	}
	return n;
}

static u64 now_ms(void *ctx)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

static int t1_block(void *ctx, const u8 *out, size_t len, u8 *in, size_t size, u8 multiplier)
{
	struct reader *r = ctx;

	return iso7816_line_block(&r->line, out, len, in, size, multiplier);
}

static const struct iso7816_line_ops line_ops = { line_send, line_recv, now_ms };
static const struct iso7816_t1_ops t1_ops = { t1_block, now_ms };

/* What is computed from an ATR is for a card, not for a thread on a busy machine. */
static void times(struct reader *r)
{
	struct iso7816_timing *t = &r->line.timing;

	t->turn_us = 0;
	t->iwt_us = t->wwt_us = t->bwt_us = r->hasty ? 30000 : 5000000;
	t->cwt_us = r->hasty ? 30000 : 200000;
}

static int reset(struct reader *r)
{
	int c;

	tcflush(r->card->slave, TCIOFLUSH);
	assert_int_equal(write(r->card->slave, "\xff\xff", 2), 2);
	for (r->n_raw = 0; r->n_raw < (int)r->card->n_atr; r->n_raw++) {
		c = get(r, r->hasty ? 30000 : 5000000);
		if (c < 0)
			break;
		/* Its echo, where there is one. */
		if (!r->n_raw && c == 0xff) {
			r->n_raw = -1;
			continue;
		}
		r->raw[r->n_raw] = r->card->inverse ? turned(c) : c;
	}
	if (!r->n_raw)
		return -ETIMEDOUT;
	if (uicc_atr_parse(&r->atr, r->raw, r->n_raw))
		return -EPROTO;
	times(r);
	r->line.crc = r->atr.crc;
	iso7816_t1_init(&r->t1, &r->atr, &t1_ops, r);
	return 0;
}

static struct reader *reader(const char *atr)
{
	struct reader *r = calloc(1, sizeof(*r));

	r->card = lcard_new();
	lcard_set_atr(r->card, atr);
	r->card->cwt_ms = 15;
	r->line.ops = &line_ops;
	r->line.ctx = r;
	lcard_in(r->card);
	return r;
}

static void done(struct reader *r)
{
	lcard_free(r->card);
	free(r);
}

static int command(struct reader *r, const char *hex, uint8_t *out)
{
	uint8_t cmd[300];
	size_t n = 0;
	unsigned int byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		cmd[n++] = byte;
	if (r->card->protocol == 1)
		return iso7816_t1_transmit(&r->t1, cmd, n, out, 600);
	return iso7816_t0_tpdu(&r->line, cmd, n, out, 600);
}

/* Select the ICCID's file, by an FCP, and read it. */
static int exchange(struct reader *r)
{
	bool t1 = r->card->protocol == 1;
	uint8_t out[600];
	int ret;

	ret = command(r, t1 ? "00A40804022FE200" : "00A40804022FE2", out);
	if (ret < 0)
		return ret;
	if (t1 ? ret < 10 || out[0] != 0x62 : ret != 2 || out[0] != 0x61)
		return -EPROTO;
	ret = command(r, "00B000000A", out);
	if (ret < 0)
		return ret;
	return ret == 12 && out[0] == 0xe2 && out[9] == 0xeb && out[10] == 0x90 ? 0 : -EPROTO;
}

static void session(struct reader *r)
{
	assert_int_equal(reset(r), 0);
	assert_int_equal(r->n_raw, r->card->n_atr);
	assert_int_equal(exchange(r), 0);
	assert_int_equal(r->card->t1.broken, 0);
}

static void test_t0(void **state)
{
	struct reader *r = reader(LCARD_ATR_T0);

	for (r->card->t0.ack = LCARD_ACK_ALL; r->card->t0.ack <= LCARD_ACK_MIX; r->card->t0.ack++) {
		r->card->t0.nulls = 0;
		session(r);
		r->card->t0.nulls = 3;
		session(r);
		r->card->singly = !r->card->singly;
	}
	done(r);
}

static void test_t1(void **state)
{
	struct reader *r = reader(T1_ATR);

	session(r);
	r->card->singly = true;
	session(r);
	/* CRC, and the least IFSC that there is, so that all commands are chains. */
	lcard_set_atr(r->card, "3B 80 81 71 01 45 01");
	lcard_in(r->card);
	assert_true(r->card->t1.crc);
	assert_int_equal(r->card->t1.ifsc, 1);
	session(r);
	assert_int_equal(r->card->t1.blocks, 14);
	done(r);
}

static void test_conventions(void **state)
{
	static const char * const atrs[] = {
		LCARD_ATR_T0, "3F 93 11 80 1F 43 80 31 E0", T1_ATR,
		"3F 80 81 31 FE 45",
	};
	struct reader *r = reader(LCARD_ATR_T0);
	size_t i;

	for (i = 0; i < sizeof(atrs) / sizeof(atrs[0]); i++) {
		lcard_set_atr(r->card, atrs[i]);
		lcard_in(r->card);
		session(r);
		r->card->echo = true;
		session(r);
	}
	done(r);
}

static int pps(struct reader *r, enum lcard_pps how)
{
	struct iso7816_reader able = { .clock_hz = 3571200, .max_baud = 115200 };
	struct iso7816_params params;
	int ret;

	lcard_set_atr(r->card, "3B 10 94");
	r->card->pps = how;
	lcard_in(r->card);
	assert_int_equal(reset(r), 0);
	assert_int_equal(iso7816_pps_choose(&params, &r->atr, &able), 0);
	assert_true(params.pps);
	ret = iso7816_pps(&r->line, &params);
	if (ret)
		return ret;
	assert_int_equal(exchange(r), 0);
	return params.d;
}

static void test_pps(void **state)
{
	struct reader *r = reader(LCARD_ATR_T0);

	assert_int_equal(pps(r, LCARD_PPS_AGREE), 8);
	assert_int_equal(r->card->pps_seen, 1);
	assert_memory_equal(r->card->pps_bytes, "\xff\x10\x94\x7b", 4);
	assert_int_equal(pps(r, LCARD_PPS_PLAIN), 1);
	r->hasty = true;
	assert_int_equal(pps(r, LCARD_PPS_SILENT), -ETIMEDOUT);
	r->hasty = false;
	assert_int_equal(pps(r, LCARD_PPS_OTHER), -EPROTO);
	assert_int_equal(pps(r, LCARD_PPS_PROTOCOL), -EPROTO);
	assert_int_equal(pps(r, LCARD_PPS_PCK), -EPROTO);
	r->hasty = true;
	assert_int_equal(pps(r, LCARD_PPS_HALF), -EPROTO);
	done(r);
}

/* One fault at each byte of an exchange; what has to be well afterwards is the next one. */
static void torn(const char *atr, enum lcard_fault fault, unsigned int value)
{
	struct reader *r = reader(atr);
	unsigned int at, failed = 0;
	int ret;

	lcard_arm(r->card, fault, 1000000, value, 10);
	session(r);
	for (at = 0; at < 1000; at++) {
		lcard_in(r->card);
		lcard_arm(r->card, fault, at, value, 10);
		r->hasty = fault == LCARD_SILENT || fault == LCARD_DOZE || fault == LCARD_LOSE;
		ret = reset(r);
		ret = ret ? ret : exchange(r);
		if (!r->card->hits)
			break;
		failed += ret != 0;
		r->hasty = false;
		if (ret && ret != -ETIMEDOUT && ret != -EPROTO && ret != -EIO)
			fail_msg("byte %u: %d", at, ret);
		lcard_arm(r->card, LCARD_NONE, 0, 0, 0);
		lcard_in(r->card);
		assert_int_equal(reset(r), 0);
		assert_int_equal(exchange(r), 0);
	}
	print_message("%u bytes, %u exchanges failed\n", at, failed);
	assert_true(at > 30 && at < 1000);
	if (fault == LCARD_SILENT || fault == LCARD_DOZE)
		assert_int_equal(failed, at);
	/* T=1 mends what was damaged after the ATR, which has its check byte. */
	if (fault == LCARD_DAMAGE && r->card->first_protocol == 1)
		assert_in_range(failed, r->card->n_atr - 1, r->card->n_atr + 1);
	if (fault == LCARD_WAIT)
		assert_int_equal(failed, 0);
	done(r);
}

static void test_torn_t0(void **state)
{
	torn(LCARD_ATR_T0, LCARD_SILENT, 0);
	torn(LCARD_ATR_T0, LCARD_WAIT, 0);
	torn(LCARD_ATR_T0, LCARD_LOSE, 0);
}

static void test_torn_t1(void **state)
{
	torn(T1_ATR, LCARD_DAMAGE, 0x01);
	torn(T1_ATR, LCARD_WAIT, 0);
	torn(T1_ATR, LCARD_DOZE, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_t0),	    cmocka_unit_test(test_t1),
		cmocka_unit_test(test_conventions), cmocka_unit_test(test_pps),
		cmocka_unit_test(test_torn_t0),	    cmocka_unit_test(test_torn_t1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
