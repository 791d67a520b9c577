// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same card behind pcscd, for comparison: what a PC/SC program waits for the
 * event of an insertion, and for the bytes of a file. Prints "WORD nanoseconds"
 * lines; needs a pcscd with vpcd's driver and no other reader.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

#include "util/str.h"
#include "vicc.h"

#define WAIT_MS 20000
#define READ_MAX 255		/* what the kernel's class asks for as well */

static char reader[MAX_READERNAME];

static bool ok(LONG rv, const char *what)
{
	if (rv == SCARD_S_SUCCESS)
		return true;
	fprintf(stderr, "pcsc-probe: %s: %s\n", what, pcsc_stringify_error(rv));
	return false;
}

static void sleep_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

/* pcscd may be starting: both it and its reader are waited for. */
static bool start(SCARDCONTEXT *ctx)
{
	uint64_t give_up = now_ns() + WAIT_MS * 1000000ull;
	char names[1024];
	DWORD n;
	LONG rv;

	do {
		rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, ctx);
		n = sizeof(names);
		if (rv == SCARD_S_SUCCESS) {
			rv = SCardListReaders(*ctx, NULL, names, &n);
			if (rv != SCARD_S_SUCCESS)
				SCardReleaseContext(*ctx);
		}
		if (rv != SCARD_S_SUCCESS)
			sleep_ms(100);
	} while (rv != SCARD_S_SUCCESS && now_ns() < give_up);
	if (!ok(rv, "pcscd and its reader"))
		return false;
	snprintf(reader, sizeof(reader), "%.127s", names);	/* the first */
	return true;
}

/* Waits until the reader's state has @flag. */
static bool wait_state(SCARDCONTEXT ctx, SCARD_READERSTATE *state, DWORD flag)
{
	while (!(state->dwCurrentState & flag)) {
		if (!ok(SCardGetStatusChange(ctx, WAIT_MS, state, 1), "SCardGetStatusChange"))
			return false;
		state->dwCurrentState = state->dwEventState;
	}
	return true;
}

static int inserts(SCARDCONTEXT ctx, unsigned int rounds)
{
	SCARD_READERSTATE state = { .szReader = reader };

	srand(1);
	while (rounds--) {
		if (!wait_state(ctx, &state, SCARD_STATE_EMPTY))
			return 1;
		/* at any moment between two looks of a pcscd that polls */
		if (vicc_insert(100 + (unsigned int)rand() % 400))
			return 1;
		if (!wait_state(ctx, &state, SCARD_STATE_PRESENT))
			return 1;
		printf("event %llu\n", (unsigned long long)(now_ns() - vicc_inserted_ns()));
		fflush(stdout);
		vicc_remove();
	}
	return 0;
}

/* SELECT by FID in the MF, then READ BINARY up to @size: as the kernel's class does. */
static bool read_file(SCARDHANDLE card, const SCARD_IO_REQUEST *pci, unsigned int fid, size_t size)
{
	uint8_t select[] = { 0x00, 0xa4, 0x08, 0x0c, 0x02, (uint8_t)(fid >> 8), (uint8_t)fid };
	uint8_t out[READ_MAX + 2];
	DWORD n = sizeof(out);
	size_t got = 0;

	if (!ok(SCardTransmit(card, pci, select, sizeof(select), NULL, out, &n), "SELECT"))
		return false;
	if (n != 2 || out[0] != 0x90)
		return false;
	while (got < size) {
		size_t want = size - got < READ_MAX ? size - got : READ_MAX;
		uint8_t command[] = { 0x00, 0xb0, (uint8_t)(got >> 8), (uint8_t)got, (uint8_t)want };

		n = sizeof(out);
		if (!ok(SCardTransmit(card, pci, command, sizeof(command), NULL, out, &n), "READ"))
			return false;
		if (n != want + 2 || out[want] != 0x90)
			return false;
		got += want;
	}
	return true;
}

static int reads(SCARDCONTEXT ctx, unsigned int fid, unsigned int size, unsigned int rounds)
{
	SCARD_READERSTATE state = { .szReader = reader };
	unsigned long before, after;
	uint64_t begin, end, card_ns;
	SCARDHANDLE card;
	DWORD protocol;
	int err = 0;

	if (!wait_state(ctx, &state, SCARD_STATE_EMPTY) || vicc_insert(0) ||
	    !wait_state(ctx, &state, SCARD_STATE_PRESENT) ||
	    !ok(SCardConnect(ctx, reader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0, &card, &protocol),
		"SCardConnect"))
		return 1;
	while (!err && rounds--) {
		card_ns = vicc_answer_ns(&before);
		begin = now_ns();
		err = !read_file(card, SCARD_PCI_T0, fid, size);
		end = now_ns();
		if (err)
			break;
		card_ns = vicc_answer_ns(&after) - card_ns;
		printf("read %llu\ncard %llu\napdus %lu\n", (unsigned long long)(end - begin),
		       (unsigned long long)card_ns, after - before);
	}
	if (err)
		fputs("pcsc-probe: the file could not be read\n", stderr);
	SCardDisconnect(card, SCARD_LEAVE_CARD);
	vicc_remove();
	return err;
}

int main(int argc, char **argv)
{
	bool insert = argc == 4 && !strcmp(argv[2], "insert");
	bool read = argc == 6 && !strcmp(argv[2], "read");
	unsigned int rounds = 0, size = 0;
	SCARDCONTEXT ctx;
	int err;

	if ((!insert && !read) || str_parse_uint(argv[argc - 1], &rounds) ||
	    (read && (str_parse_uint(argv[4], &size) || !size || size > 32767))) {
		fputs("usage: pcsc-probe PROFILE insert ROUNDS\n"
		      "       pcsc-probe PROFILE read FID SIZE ROUNDS\n", stderr);
		return 2;
	}
	if (vicc_open(argv[1]) || !start(&ctx))
		return 1;
	err = insert ? inserts(ctx, rounds) :
		       reads(ctx, (unsigned int)strtoul(argv[3], NULL, 16), size, rounds);
	SCardReleaseContext(ctx);
	return err;
}
