/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client says over several messages, put together again: one line for
 * each Status and each whole value. It checks on the way what must hold in any
 * session, and fails the test where it does not:
 *
 *	MsgIDs go up by one; CmdIDs go up by one from 1; the first command is the
 *	Status of the header; no message is above its limit; pieces of a value
 *	follow each other with nothing but Status between, carry Size in the first
 *	alone, and are together as long as that; Final and 1222 come last.
 */
#ifndef DM_TRANSCRIPT_H
#define DM_TRANSCRIPT_H

#include "codec/codec.h"

#define TRANSCRIPT_ASK "1222" /* the CmdID the server's Alert 1222 has */

struct transcript {
	struct buf
	    text; /* "S 2 Get 200 ./T/a\n", "R 2 ./T/a [bin] type value\n", "A 1225 ./T/a\n" */
	unsigned int messages, statuses, results, pieces;
	unsigned int asked;	 /* Statuses of Alert 1222 */
	unsigned int hdr_code;	 /* of the last message */
	uint32_t msg_ref;	 /* what its header Status refers to */
	bool final, next, abort; /* the last message has Final, Alert 1222, Alert 1223 */
	bool binary;		 /* values are counted as raw bytes */
	/* Within a message, or a value in pieces. */
	uint32_t msg_id;
	unsigned int cmd_id;
	bool more;
	uint64_t size;
	struct buf head, value;
};

void transcript_fini(struct transcript *t);
/* One message of the client; @limit: its size at most, 0 = any. */
void transcript_add(struct transcript *t, enum codec_format format, struct slice msg, size_t limit);

#endif
