// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `simcard apdu`: the card on stdin and stdout, in frames of a big-endian 16-bit
 * length and that many bytes. Length 0 is a reset, answered with the ATR.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "card.h"
#include "simcard.h"

/* Reads exactly @n bytes: 1, or 0 at the end of input before the first one, or -errno. */
static int read_full(uint8_t *p, size_t n)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = read(STDIN_FILENO, p + have, n - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return have ? -EPIPE : 0;
		have += (size_t)got;
	}
	return 1;
}

static int write_frame(const uint8_t *p, size_t n)
{
	uint8_t frame[2 + REPLY_MAX];
	size_t done = 0;

	frame[0] = (uint8_t)(n >> 8);
	frame[1] = (uint8_t)n;
	memcpy(frame + 2, p, n);
	while (done < n + 2) {
		ssize_t put = write(STDOUT_FILENO, frame + done, n + 2 - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		done += (size_t)put;
	}
	return 0;
}

static int one_frame(struct card *card, const uint8_t *in, size_t n)
{
	uint8_t out[REPLY_MAX];
	unsigned int delay_ms;
	struct timespec pause;
	size_t len;

	if (n == 0) {
		len = card_reset(card, out);
		return len ? write_frame(out, len) : 0;
	}
	len = card_command(card, in, n, out, &delay_ms);
	if (!len)
		return 0;
	pause.tv_sec = delay_ms / 1000;
	pause.tv_nsec = (long)(delay_ms % 1000) * 1000000;
	if (delay_ms)
		nanosleep(&pause, NULL);
	return write_frame(out, len);
}

int apdu_main(const char *path)
{
	struct profile *p = profile_or_complain(path);
	struct card card;
	int err = 0;

	if (!p)
		return SIMCARD_FAILED;
	card_init(&card, p);
	for (;;) {
		uint8_t head[2], in[COMMAND_MAX];
		size_t n;

		err = read_full(head, sizeof(head));
		if (err <= 0)
			break;
		n = (size_t)(head[0] << 8 | head[1]);
		if (n > sizeof(in)) {
			err = -EMSGSIZE;
			break;
		}
		err = n ? read_full(in, n) : 1;
		if (err == 0)
			err = -EPIPE;
		if (err < 0)
			break;
		err = one_frame(&card, in, n);
		if (err < 0)
			break;
	}
	profile_unload(p);
	if (err >= 0)
		return SIMCARD_OK;
	fprintf(stderr, "simcard: %s\n", err == -EMSGSIZE ? "a frame longer than any APDU" :
		err == -EPIPE ? "the input ends inside a frame" : strerror(-err));
	return SIMCARD_FAILED;
}
