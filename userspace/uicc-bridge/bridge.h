/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bridge makes something outside the kernel the card of a new slot. Each way
 * to reach such a card is a backend, one file each; the reader's side
 * (bridge.c) is the same for all of them.
 */
#ifndef UICC_BRIDGE_BRIDGE_H
#define UICC_BRIDGE_BRIDGE_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/cleanup.h"

#define BRIDGE_FDS_MAX 4
#define BRIDGE_FRAME_MAX 4105	/* an APDU of extended length, UICC_VIRT_COMMAND_EXT_MAX */
#define BRIDGE_OWN_MAX 8

enum bridge_exit { BRIDGE_OK = 0, BRIDGE_FAILED = 1, BRIDGE_USAGE = 2 };

enum bridge_event_type {
	BRIDGE_ANSWER,		/* to the last request: an ATR, or data and status word */
	BRIDGE_NO_ANSWER,	/* the last request failed: a reset found a mute card; the kernel
				 * is told nothing of a command, its waiting time ends */
	BRIDGE_INSERTED,	/* a card was put in, also in place of another: its ATR */
	BRIDGE_REMOVED,		/* the card is gone, another one may come */
};

struct bridge_event {
	enum bridge_event_type type;
	size_t n;
	uint8_t data[BRIDGE_FRAME_MAX];
};

/* What is logged of a value that an option cannot have: its name and the value. */
#define BRIDGE_BAD_VALUE "--%s cannot be '%s'"

/* The value of a backend's own option number @i in its table. */
#define BRIDGE_OPTION(i) (256 + (i))

struct bridge_options {
	const char *reader;		/* name of the slot's reader */
	int reader_fd;			/* an open reader, or -1 */
	unsigned int flags;		/* UICC_VIRT_READER_*; of a reader that is open already, too */
	unsigned int answer_ms;		/* how long the card may take */
	const char *own[BRIDGE_OWN_MAX];	/* of BRIDGE_OPTION(i): its word, "" where it takes none */
};

/*
 * A backend takes one request at a time and answers it some time later; it never
 * blocks, but for open and close (worker.h is for what can only block). All return
 * 0 or -errno and log what went wrong.
 */
struct bridge_backend {
	const char *name;
	const char *usage;		/* what stands behind the common options */
	const char *reader;		/* the reader's name where no option says it */
	const struct option *options;	/* its own, or NULL; the last one is zero */
	unsigned int flags;		/* which of UICC_VIRT_READER_* options may name */
	/*
	 * It sees cards come and go: INSERTED comes from it, unasked. And it drops the
	 * answer to a request that another one has followed.
	 * Else the card is in from the first ATR on, for which bridge.c asks, and a late
	 * answer can come for any request.
	 */
	bool sees_cards;
	/*
	 * May be NULL. First of all, before the reader is opened: looks at options and
	 * words. 0; 1 when all is done, and there is nothing to run; -EINVAL for wrong
	 * usage; else what failed.
	 */
	int (*prepare)(const struct bridge_options *o, int argc, char **argv);
	/*
	 * Reaches the card, or what has it. @argv: the words behind the options,
	 * NULL-terminated. It may set @o->flags, by which the slot is made afterwards.
	 */
	int (*open)(void **ctx, struct bridge_options *o, int argc, char **argv);
	/* The descriptors to poll for input; those that are not set here are none. */
	void (*fds)(void *ctx, int fds[BRIDGE_FDS_MAX]);
	/* Sends a command (TPDU or APDU); @n == 0 asks for a cold reset. */
	int (*request)(void *ctx, const uint8_t *data, size_t n);
	/*
	 * The next event into @out: 0, -EAGAIN when there is none, -EPIPE when the card
	 * is gone for good, -EPROTO when what came is no answer. Nothing is received
	 * before the slot is there.
	 */
	int (*receive)(void *ctx, struct bridge_event *out);
	/* Lets go; returns the exit status that the bridge shall end with (BRIDGE_OK or BRIDGE_FAILED). */
	int (*close)(void *ctx);
};

extern const struct bridge_backend bridge_pipe;
extern const struct bridge_backend bridge_at;
extern const struct bridge_backend bridge_qmi;		/* where libqmi-glib is */
extern const struct bridge_backend bridge_mbim;		/* where libmbim-glib is */
extern const struct bridge_backend bridge_pcsc;		/* where libpcsclite is */

/* Runs until the card or the reader is gone, or a signal ends it. Returns the exit status. */
must_check int bridge_run(const struct bridge_backend *backend, struct bridge_options *o,
			  int argc, char **argv);

#endif
