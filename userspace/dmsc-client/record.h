/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing down all that enters the engine in a session, and what comes out, so
 * that dmsc-client replay --trace can run it again: Documentation/session-trace.rst
 * is the format. It stands between the session and its engine; without a
 * directory every call goes straight through. It changes nothing of a session:
 * a trace that cannot be written is said to be incomplete, and that is all.
 */
#ifndef DMSC_CLIENT_RECORD_H
#define DMSC_CLIENT_RECORD_H

#include "codec/codec.h"
#include "dm/session.h"
#include "dmsc-client/trace.h"
#include "util/digest.h"

#define RECORD_VERSION 1
#define RECORD_FILE "session.trace"
#define RECORD_FILE_MAX (256u << 20)	/* bytes of RECORD_FILE, written or read */

struct record {
	struct trace files;		/* the messages */
	int fd;				/* RECORD_FILE; -1 = nothing is recorded */
	bool broken;			/* something could not be written */
	struct buf lines;		/* not yet written */
	size_t line_at;			/* where the open line begins in them */
	const char *ext;		/* of the messages sent */
	size_t written;
	uint8_t chain[DIGEST_SHA256_SIZE]; /* of every line so far */
	const struct dm_session_ops *next; /* the session's own */
	void *next_ctx;
	struct dm_session_ops ops;	/* what the engine calls instead */
};

/* @dir NULL: records nothing. 0 or -errno (-EEXIST: a trace is there already). */
int record_open(struct record *r, const char *dir) must_check;
/*
 * Writes what the session begins with, and has the engine call the recorder
 * where @cfg names ops. @cfg must then be used for dm_session_new() as it is.
 */
void record_config(struct record *r, struct dm_session_config *cfg, enum codec_format format);
/* The end of it; @s may be NULL. False when the trace is not complete, which was logged. */
bool record_close(struct record *r, const struct dm_session *s);

/* The engine's calls of the same names. */
int record_start(struct record *r, struct dm_session *s, int64_t now, struct buf *out) must_check;
void record_message(struct record *r, struct dm_session *s, int64_t now);
int record_reply(struct record *r, struct dm_session *s, int64_t now, struct buf *out) must_check;
int record_abort(struct record *r, struct dm_session *s, const char *why, struct buf *out);

/* What was received and will now be decoded; what the decoder returned. */
void record_in(struct record *r, enum codec_format format, const char *content_type,
	       struct slice body);
/* dm_session_message_hmac(), with the message that record_in() had. */
void record_hmac(struct record *r, struct dm_session *s, struct slice body, struct slice hmac);
void record_decoded(struct record *r, int rc);
/* An answer that is no message: kept for people, the engine never sees it. */
void record_other(struct record *r, struct slice body);

/* "ok", "malformed", "limit", "memory", "stopped": codec_decode()'s returns, alike everywhere. */
const char *record_decode_word(int rc);

#endif
