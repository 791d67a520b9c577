// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of a modem's AT commands: the input is what the modem says, with
 * the kernel's commands, the time and its own doings in between. What is sent is one
 * whole command at a time; what comes out are events as bridge.h has them; and a
 * modem that says nothing any more is found out within a bounded time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "uicc-bridge/at_modem.h"
#include "util/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COMMAND 0x01	/* bytes of the input that are no modem's: the kernel sends something */
#define RESET 0x02
#define TIME 0x03	/* it gets late */
#define ECHO 0x04	/* the modem sends back what it was sent */
#define LEAVE 0x05

static const uint8_t apdus[][24] = {
	{ 5, 0x00, 0x70, 0x00, 0x00, 0x01 },
	{ 4, 0x00, 0x70, 0x80, 0x01 },
	{ 7, 0x01, 0xA4, 0x08, 0x0C, 0x02, 0x2F, 0x00 },
	{ 8, 0x00, 0xA4, 0x08, 0x04, 0x02, 0x2F, 0xE2, 0x00 },
	{ 17, 0x01, 0xA4, 0x04, 0x0C, 0x0C, 0xA0, 0, 0, 0, 0x63, 0x50, 0x4B, 0x43, 0x53, 0x2D, 0x31, 0x35 },
	{ 12, 0x01, 0xA4, 0x04, 0x04, 0x07, 0xA0, 0, 0, 0, 0x87, 0x10, 0x02 },
	{ 5, 0x01, 0xB0, 0x00, 0x00, 0xFF },
	{ 5, 0x00, 0xB2, 0x01, 0x04, 0x28 },
	{ 13, 0x00, 0x20, 0x00, 0x01, 0x08, 0x31, 0x32, 0x33, 0x34, 0xFF, 0xFF, 0xFF, 0xFF },
	{ 7, 0x00, 0xD6, 0x00, 0x00, 0x02, 0xAA, 0xBB },
	{ 9, 0x00, 0xA4, 0x08, 0x0C, 0x04, 0x7F, 0x50, 0x50, 0x31 },
};

static struct at_modem *m;
static uint64_t now;

static void check_output(void)
{
	size_t n;
	const char *out = at_modem_output(m, &n);

	if (!n)
		return;
	if (n > AT_COMMAND_MAX + 1 || n < 3 || memcmp(out, "AT", 2) || out[n - 1] != '\r' ||
	    memchr(out, '\r', n - 1) || memchr(out, '\0', n))
		abort();
	at_modem_sent(m, n);
}

static void check_events(void)
{
	struct bridge_event e;

	while (at_modem_event(m, &e)) {
		switch (e.type) {
		case BRIDGE_ANSWER:
			/* Of a reset the ATR, which has two bytes here. */
			if (e.n < 2 || e.n > AT_RAPDU_MAX)
				abort();
			break;
		case BRIDGE_INSERTED:
			if (e.n != 2)
				abort();
			break;
		case BRIDGE_NO_ANSWER:
		case BRIDGE_REMOVED:
			if (e.n)
				abort();
			break;
		default:
			abort();
		}
	}
	if (at_modem_event(m, &e))
		abort();
}

static void say(const char *text, size_t n)
{
	/* A copy of its own, so that reading beyond is seen. */
	char *said = malloc(n ? n : 1);

	if (!said)
		abort();
	memcpy(said, text, n);
	at_modem_input(m, said, n, now);
	free(said);
}

static int later(void)
{
	uint64_t at = at_modem_deadline(m);

	if (at == AT_NEVER)
		return 0;
	if (at > now)
		now = at;
	return at_modem_tick(m, now);
}

static int one(uint8_t what, uint8_t with)
{
	const uint8_t *apdu = apdus[with % (sizeof(apdus) / sizeof(apdus[0]))];
	char sent[AT_COMMAND_MAX + 2];
	size_t n;

	switch (what) {
	case COMMAND:
		return at_modem_request(m, apdu + 1, apdu[0], now);
	case RESET:
		return at_modem_request(m, NULL, 0, now);
	case TIME:
		return later();
	case ECHO:
		memcpy(sent, m->line.echo, sizeof(sent));
		n = strnlen(sent, sizeof(sent));
		say(sent, n);
		return 0;
	default:
		if (at_modem_leave(m))
			check_output();
		return 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct at_options o = { .answer_ms = 1000, .has = 7, .removed = "^X*", .inserted = "^Y?", .atr = { 0x3B, 0 },
				.atr_n = 2 };
	unsigned int turns = 0;
	int err = 0;

	if (!size)
		return 0;
	log_init("fuzz", LOG_LVL_ERR);
	m = malloc(sizeof(*m));
	if (!m)
		abort();
	o.poll_ms = data[0] & 1 ? 5000 : 0;
	now = 1000;
	at_modem_init(m, &o, now);
	for (size_t i = 0; i < size && !err; i++) {
		size_t n = 0;

		while (i + n < size && (data[i + n] > LEAVE || !data[i + n]))
			n++;
		say((const char *)data + i, n);
		i += n;
		if (i < size)
			err = one(data[i], i + 1 < size ? data[i + 1] : 0);
		check_output();
		check_events();
	}
	/* From here on it is silent; a SELECT asks it, whatever it has. */
	o.poll_ms = m->o.poll_ms = 0;
	while (!err && turns++ < 40) {
		(void)!at_modem_request(m, apdus[3] + 1, apdus[3][0], now);
		check_output();
		err = later();
		check_events();
	}
	/* Only one that has no card to be asked is not asked any more. */
	if (err != -ETIMEDOUT && err != -EOPNOTSUPP && (err || m->present))
		abort();
	free(m);
	return 0;
}
