// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vpcd's protocol: frames of a 16-bit big-endian length and that many bytes.
 * From the reader, one byte alone is power off (0), on (1), reset (2) or "your
 * ATR?" (4), which is answered with the ATR; anything longer is a command.
 */
#include "vicc.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../simcard/card.h"

#define VPCD_PORT 35963
#define FRAME_MAX 261

static struct profile profile;
static struct card card;
static pthread_t thread;
static unsigned int delay_ms;
static atomic_int sock = -1;
static _Atomic uint64_t inserted_ns, answer_ns;
static atomic_ulong commands;

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void sleep_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

int vicc_open(const char *path)
{
	char error[256];

	if (profile_load(&profile, path, error, sizeof(error))) {
		fprintf(stderr, "pcsc-probe: %s\n", error);
		return -1;
	}
	card_init(&card, &profile);
	return 0;
}

static bool recv_full(int fd, uint8_t *p, size_t n)
{
	while (n) {
		ssize_t got = recv(fd, p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

/* In one piece, or Nagle's algorithm would hold the second back. */
static bool send_frame(int fd, const uint8_t *p, size_t n)
{
	uint8_t frame[2 + REPLY_MAX];

	frame[0] = (uint8_t)(n >> 8);
	frame[1] = (uint8_t)n;
	memcpy(frame + 2, p, n);
	return send(fd, frame, n + 2, MSG_NOSIGNAL) == (ssize_t)(n + 2);
}

static bool serve_command(int fd, const uint8_t *in, size_t n)
{
	uint64_t start = now_ns();
	uint8_t out[REPLY_MAX];
	unsigned int wait_ms = 0;
	size_t len = card_command(&card, in, n, out, &wait_ms);
	bool sent;

	if (!len)
		return true;	/* a card that stays silent */
	if (wait_ms)
		sleep_ms(wait_ms);
	commands++;	/* before the answer, which another thread waits for */
	sent = send_frame(fd, out, len);
	answer_ns += now_ns() - start;
	return sent;
}

static bool serve_one(int fd)
{
	uint8_t head[2], in[FRAME_MAX], atr[ATR_MAX];
	size_t n;

	if (!recv_full(fd, head, sizeof(head)))
		return false;
	n = (size_t)(head[0] << 8 | head[1]);
	if (!n || n > sizeof(in) || !recv_full(fd, in, n))
		return false;
	if (n > 1)
		return serve_command(fd, in, n);
	switch (in[0]) {
	case 4:
		return send_frame(fd, profile.atr, profile.atr_len);
	case 1:
	case 2:
		card_reset(&card, atr);
		return true;
	default:
		return true;
	}
}

static void *serve(void *unused)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(VPCD_PORT),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), tries = 100, err;

	if (fd < 0)
		return NULL;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	sleep_ms(delay_ms);
	do {	/* the driver listens again a moment after the last card */
		inserted_ns = now_ns();
		err = connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ? errno : 0;
		if (err == ECONNREFUSED)
			sleep_ms(50);
	} while (err == ECONNREFUSED && --tries);
	if (err) {
		fprintf(stderr, "pcsc-probe: the vpcd driver: %s\n", strerror(err));
		close(fd);
		return NULL;
	}
	sock = fd;
	while (serve_one(fd))
		;
	sock = -1;
	close(fd);
	return NULL;
}

int vicc_insert(unsigned int after_ms)
{
	delay_ms = after_ms;
	return -pthread_create(&thread, NULL, serve, NULL);
}

uint64_t vicc_inserted_ns(void)
{
	return inserted_ns;
}

void vicc_remove(void)
{
	int fd = sock;

	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
	pthread_join(thread, NULL);
}

uint64_t vicc_answer_ns(unsigned long *n)
{
	*n = commands;
	return answer_ns;
}
