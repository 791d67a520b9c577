/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Package 0, by which a server asks for a session (DM Notification Initiated
 * Session 1.2): its fields, and whether its digest is the server's. It knows
 * neither accounts nor how the bytes came here.
 */
#ifndef DMSC_NET_NOTIFICATION_H
#define DMSC_NET_NOTIFICATION_H

#include "util/slice.h"

#define NOTIFICATION_MAX 4096		/* bytes taken, the transport's headers included */
#define NOTIFICATION_DIGEST 16

enum notification_ui {			/* NOTI 6.2.2.5 */
	NOTIFICATION_UI_UNSPECIFIED,
	NOTIFICATION_UI_BACKGROUND,
	NOTIFICATION_UI_INFORMATIVE,
	NOTIFICATION_UI_ASK,
};

struct notification {			/* slices lie in the message */
	struct slice digest;
	struct slice trigger;		/* what the digest is of: all behind it */
	unsigned int version;		/* 10, 11 or 12: tenths */
	enum notification_ui ui;
	bool by_server;			/* false: the person asked the server for it */
	uint16_t session_id;		/* never 0 */
	struct slice server_id;		/* 1 to 255 bytes of printing UTF-8 */
	struct slice vendor;		/* not ours to understand */
};

/*
 * Takes a message apart: a package 0 alone, or in what a modem delivers of a WAP
 * push (WSP Push, with the SMS's user data header in front of it or without).
 * 0; -EBADMSG: it is none; -EPROTONOSUPPORT: it is one, of a version that is not known.
 * One alone is known by its reserved bits, which are 0, its name and lengths.
 * *out is filled only on success.
 */
int notification_parse(struct slice msg, struct notification *out) __attribute__((warn_unused_result));

/*
 * Did who knows the server's @secret make the message, with @nonce? One without
 * @secret proves nothing: false. In a time that does not depend on where it differs.
 */
bool notification_signed(const struct notification *n, struct slice secret, struct slice nonce);

/*
 * The nonce 0x00000000 for a pair that lost step (NOTI 6.2), in the readings that exist:
 * @i 0: 4 bytes; 1: the text. SLICE_NONE behind the last.
 */
struct slice notification_reset_nonce(unsigned int i);

#endif
