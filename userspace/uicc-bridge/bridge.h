/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bridge makes something outside the kernel the card of a new slot. Each way
 * to reach such a card is a backend, one file each; the reader's side
 * (bridge.c) is the same for all of them.
 */
#ifndef UICC_BRIDGE_BRIDGE_H
#define UICC_BRIDGE_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

#include "util/cleanup.h"

#define BRIDGE_FDS_MAX 2
#define BRIDGE_FRAME_MAX 4105	/* an APDU of extended length, UICC_VIRT_COMMAND_EXT_MAX */

enum bridge_exit { BRIDGE_OK = 0, BRIDGE_FAILED = 1, BRIDGE_USAGE = 2 };

/*
 * A backend takes one request at a time and answers it some time later; it never
 * blocks. All return 0 or -errno and log what went wrong.
 */
struct bridge_backend {
	const char *name;
	const char *usage;	/* what stands behind the options */
	/* Reaches the card. @argv: the words behind the options, NULL-terminated. */
	int (*open)(void **ctx, int argc, char **argv);
	/* The descriptors to poll for input; -1 for none. */
	void (*fds)(void *ctx, int fds[BRIDGE_FDS_MAX]);
	/* Sends a command (TPDU or APDU); @n == 0 asks for a cold reset. */
	int (*request)(void *ctx, const uint8_t *data, size_t n);
	/*
	 * The next answer (an ATR, or data and status word) into @out: its length,
	 * -EAGAIN when none is whole yet, -EPIPE when the card is gone for good,
	 * -EPROTO when what came is no answer.
	 */
	int (*receive)(void *ctx, uint8_t out[BRIDGE_FRAME_MAX]);
	/* Lets go; returns the exit status that the bridge shall end with (BRIDGE_OK or BRIDGE_FAILED). */
	int (*close)(void *ctx);
};

extern const struct bridge_backend bridge_pipe;

struct bridge_options {
	const char *reader;		/* name of the slot's reader */
	int reader_fd;			/* an open reader, or -1 */
	unsigned int flags;		/* UICC_VIRT_READER_*; of a reader that is open already, too */
	unsigned int answer_ms;		/* how long the card may take */
};

/* Runs until the card or the reader is gone. Returns the exit status. */
must_check int bridge_run(const struct bridge_backend *backend, const struct bridge_options *o,
			  int argc, char **argv);

#endif
