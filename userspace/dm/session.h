/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One DM session of the client (DM Protocol 1.2): message in, message out.
 * It opens, sleeps and reads nothing: time, random bytes, the store and the
 * person are arguments.
 *
 *	s = dm_session_new(&config);
 *	dm_session_start(s, now, &out);			package 1
 *	do {
 *		... send out with dm_session_hmac(s), receive the answer ...
 *		dm_session_message(s, now);
 *		dm_session_message_hmac(s, answer, its header);
 *		decode(answer, dm_session_sink(s), s);	the result need not be looked at
 *		rc = dm_session_reply(s, now, &out);
 *	} while (rc == 1);
 *	dm_session_result(s);
 */
#ifndef DMSC_DM_SESSION_H
#define DMSC_DM_SESSION_H

#include "dm/account.h"
#include "dm/cmd.h"
#include "dm/msg.h"

struct dm_session;

struct dm_session_ops {
	/* Fills @n random bytes. 0 or -errno. */
	int (*random)(void *ctx, void *buf, size_t n);
	/*
	 * Makes the tree's changes durable and calls dm_tree_committed(). Runs before
	 * the bytes that report them are returned. 0 or -errno: the session rolls
	 * the message back, answers 510 and ends. Not called when nothing changed.
	 */
	int (*commit)(void *ctx, struct dm_tree *tree);
	/*
	 * Puts the nonces for the next session into the account (raw bytes;
	 * SLICE_NONE = unchanged). Called only when the server is authenticated.
	 */
	int (*save_nonces)(void *ctx, struct dm_tree *tree, struct slice server_id,
			   struct slice client_nonce, struct slice server_nonce, int64_t now);
	/* Exec and UI alerts; see dm/cmd.h. */
	struct dm_cmd_ops cmd;
};

/* A Generic Alert (1226), or Client Event (1224), of package 1. Its server status arrives in struct dm_session_result. */
struct dm_session_alert {
	unsigned int code;		/* 1226 or 1224; 0 = 1226 */
	struct slice source;		/* MO URI; may be SLICE_NONE */
	/* "Reversed-Domain-Name: org.example.x" or "Content-Type: a/b"; of 1224 any. */
	struct slice type;
	struct slice format;		/* SLICE_NONE = "chr" */
	struct slice mark;		/* one of the seven words; SLICE_NONE = informational */
	struct slice data;
	struct slice correlator;	/* SLICE_NONE = none */
};
#define DM_SESSION_MAX_ALERTS 8
/* By its code, type and mark it can be sent. */
bool dm_session_alert_valid(const struct dm_session_alert *a);

/* Borrowed for the session's whole life, what it points to included. */
struct dm_session_config {
	struct dm_tree *tree;
	const struct dm_encoder *encoder;
	const struct dm_tnds_ops *tnds;		/* may be NULL */
	const struct dm_account *account;
	struct slice device_id;			/* "IMEI:..." or another URN */
	uint32_t session_id;			/* 1..0xffff; 0 = made from random bytes */
	bool server_initiated;			/* Alert 1200 instead of 1201 */
	/*
	 * TLS verified the server (or the configuration vouches for it): it may come
	 * without credentials. Credentials it does send are checked all the same.
	 */
	bool transport_authenticated;
	bool insist_srvcred;  /* ... but the account's SRVCRED is demanded all the same */
	bool transport_plain; /* no TLS: a password goes in the clear only if the account says BASIC
			       */
	uint32_t max_msg_size;			/* bytes we take; 0 = 65536 */
	uint32_t max_obj_size;			/* bytes we take; 0 = 1 MiB */
	struct dm_uri_limits limits;
	const struct dm_session_alert *alerts;
	size_t nalerts;
	const struct dm_session_ops *ops;
	void *ctx;				/* handed to every op */
};

enum dm_session_end {
	DM_END_NOT,			/* still running */
	DM_END_NORMAL,			/* the server had no more to say */
	DM_END_ABORTED_BY_SERVER,	/* Alert 1223 received */
	DM_END_ABORTED_BY_US,		/* dm_session_abort() */
	DM_END_AUTH_REFUSED,		/* our credentials, after one answer to a challenge */
	DM_END_AUTH_UNSUPPORTED,	/* a challenge we cannot answer */
	DM_END_SERVER_UNAUTHENTICATED,	/* it did not prove who it is */
	DM_END_MALFORMED,		/* its message is no DM message, or breaks off */
	DM_END_PROTOCOL,		/* wrong session, version, target, order */
	DM_END_STATUS,			/* SyncHdr refused with another status (see hdr_status) */
	DM_END_STORE,			/* commit failed */
	DM_END_LIMIT,			/* too many messages, too much data */
	DM_END_INTERNAL,		/* no memory, no random bytes */
};

struct dm_session_result {
	enum dm_session_end end;
	const char *text;		/* why, for a person; static or owned by the session */
	bool accepted;			/* the server accepted our credentials: 212 or 200 */
	bool authenticated;		/* the server proved its identity (transport or SRVCRED) */
	unsigned int hdr_status;	/* last Status of our SyncHdr; 0 = none */
	unsigned int alert_status[DM_SESSION_MAX_ALERTS]; /* of each Generic Alert; 0 = none */
	unsigned int messages_in, messages_out;
	unsigned int commands;		/* executed, whatever their status */
	bool changed;			/* something of the tree was committed */
};

/* NULL without memory. */
struct dm_session *dm_session_new(const struct dm_session_config *cfg);
void dm_session_free(struct dm_session *s);

/* Writes package 1 to @out (emptied first). 0 or -errno (-EINVAL: an alert is none). */
int dm_session_start(struct dm_session *s, int64_t now, struct buf *out) must_check;

/* Announces that a received message will now be decoded into dm_session_sink(). */
void dm_session_message(struct dm_session *s, int64_t now);
/*
 * Then, when its transport has such a header, what proves a message of a server
 * that signs them (syncml:auth-MAC): the message's exact bytes and the value of
 * x-syncml-hmac. Without this call the message counts as unsigned.
 */
void dm_session_message_hmac(struct dm_session *s, struct slice body, struct slice hmac);
/* The consumer of a received message; its ctx is @s. */
const struct dm_sink *dm_session_sink(void);

/*
 * After decoding, successful or not. 1: send @out and receive again; 2: send
 * @out, the session is over and an answer is of no interest (abort); 0: the
 * session is over and nothing is to be sent; -errno: over, nothing to send.
 * All that @out reports is committed when this returns. @out is the same
 * buffer every time and is left alone in between: when the server repeats its
 * message, it is answered with what is still there.
 */
int dm_session_reply(struct dm_session *s, int64_t now, struct buf *out) must_check;

/* Writes Alert 1223 to @out: 1 = send it, 0 = nothing to send (not started, or over). */
int dm_session_abort(struct dm_session *s, const char *why, struct buf *out);

/*
 * The value of x-syncml-hmac that goes with the message written last, over its
 * exact bytes; SLICE_NONE = it has none. Borrowed until the next is written.
 */
struct slice dm_session_hmac(const struct dm_session *s);

/* A value too large for one message, on its way in, or (@sent) out. Borrowed. */
struct dm_session_progress {
	struct slice uri;
	bool sent;
	uint64_t done, total;		/* bytes */
};
/* False: there is none. */
bool dm_session_progress(const struct dm_session *s, struct dm_session_progress *out);

/* Where the next message goes: the server's RespURI, else the account's URL. Borrowed. */
struct slice dm_session_next_uri(const struct dm_session *s);
const char *dm_session_id(const struct dm_session *s);
const struct dm_session_result *dm_session_result(const struct dm_session *s);
/* "normal", "auth-refused" ...: stable words for logs and the store. */
const char *dm_session_end_name(enum dm_session_end e);

#endif
