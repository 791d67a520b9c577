/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the session*.c files share; nobody else includes this. */
#ifndef DMSC_DM_SESSION_INT_H
#define DMSC_DM_SESSION_INT_H

#include "dm/reply.h"
#include "dm/session.h"

#define SESSION_MAX_MESSAGES 4096	/* per direction; a server that never ends is cut off */
#define SESSION_MAX_REPEATS 16	/* of one message; a server that never counts is cut off */
#define SESSION_MAX_CONTAINERS 8	/* nested Atomic and Sequence */
#define SESSION_CMD_IDS 65536		/* numeric CmdIDs below are checked for repetition */
#define SESSION_DEF_MSG_SIZE 65536u
#define SESSION_DEF_OBJ_SIZE (1u << 20)
#define SESSION_HDR_ROOM       1024 /* bytes a header and its Status take at most, by estimate */
#define SESSION_REC_ROOM 200 /* bytes of markup around one answer, by estimate */
#define SESSION_ALERT_ROOM 64		/* bytes kept for Alert 1222 or 1223 */
#define SESSION_MAX_URI 2048		/* bytes of a Source or RespURI that are kept */
#define SESSION_NONCE_LEN 16		/* 128 bit, DM Security 1.2 section 5.3 */

struct session_frame {
	enum dm_cmd_kind kind;		/* DM_CMD_ATOMIC or DM_CMD_SEQUENCE */
	dm_mark mark;			/* tree before it */
	size_t rec;			/* its Status in the reply queue; SIZE_MAX: none */
	size_t first;			/* first record of its members */
	bool failed;			/* Atomic: rolled back, the rest is 215 */
	bool stopped;			/* the rest is 215 */
};

enum session_mac {
	MAC_NONE,			/* no x-syncml-hmac came with it */
	MAC_BAD,
	MAC_GOOD,			/* right for these bytes; hmac_user says whose it is */
};

/* The message being received. */
struct session_in {
	bool begun, hdr, ended, final;
	bool chunk;			/* it carried a piece of a large object */
	bool work;			/* it carried a command, not just Alert 1222 or 1225 */
	bool duplicate;
	bool challenged;		/* our SyncHdr got 401 or 407 with a challenge */
	bool stop;			/* a cancelled UI alert: the rest is 215 */
	bool aborted;			/* Alert 1223 */
	enum dm_status hdr_code;	/* what our Status of its SyncHdr says */
	enum dm_status refuse;		/* what each command is answered with instead of run */
	bool chal;			/* a challenge goes with hdr_code */
	bool fatal;			/* answer, then end with s->result.end */
	bool no_resp;
	enum session_mac mac;
	uint32_t msg_id;
	unsigned int commands;		/* that want a Status */
	size_t first_rec;
	dm_mark mark;
	int64_t now;
	uint8_t seen[SESSION_CMD_IDS / 8];
	struct session_frame frames[SESSION_MAX_CONTAINERS];
	unsigned int depth;
	unsigned int over_depth;	/* containers too deep, counted only */
};

/* A large object on its way in (PRO 2.2). */
struct session_lo {
	bool active;
	enum dm_cmd_kind kind;
	uint64_t size;			/* as announced */
	uint64_t got;			/* bytes so far; past @size none are kept */
	bool opaque;
	struct buf target, source, format, type, data, correlator;
};

struct dm_session {
	struct dm_session_config cfg;
	struct dm_session_result result;
	char text[160];
	bool started;
	char sid[8];
	char device_id[256];
	uint32_t msg_id;		/* of our last message */
	uint32_t last_in;		/* MsgID last received; 0 = none */
	unsigned int repeats;		/* how often it came again */
	/*
	 * Packages (PRO 2.1.2). Ours is open from a message without Final to one
	 * with it; the server's is closed from its Final to ours, or to a new one.
	 */
	bool open, server_closed;
	unsigned int piece_id;		/* CmdID of the piece that ended our last message, or 0 */
	struct buf resp_uri;
	struct buf source;		/* the server's Source, as its message said it */
	uint64_t peer_max_msg, peer_max_obj;	/* 0 = unlimited */

	/* We to the server */
	enum dm_auth auth;		/* in use; DM_AUTH_NONE = no credentials */
	struct buf nonce;		/* for our next credentials */
	bool nonce_new;			/* to be stored */
	bool cred_each;			/* 200: credentials in every message */
	bool settled;			/* 212: none are wanted any more */
	unsigned int challenges;	/* answered */
	bool nonce_fresh;		/* not used yet: a MAC takes each one once */
	struct buf hmac;		/* header value for our last message; empty = none */

	/* The server to us */
	enum dm_auth srv_auth;
	struct buf srv_nonce;
	bool srv_ok;
	bool srv_nonce_new;
	unsigned int srv_challenges;
	bool srv_signs;			/* it signed a message: from now on every one */

	uint32_t pkg1_msg_id;
	unsigned int alert_cmd_id[DM_SESSION_MAX_ALERTS];
	struct dm_reply reply;
	struct session_in in;
	struct session_lo lo;
	struct dm_cmd_env env;
};

/* session.c */
void session_end(struct dm_session *s, enum dm_session_end end, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* session_auth.c */
void session_auth_init(struct dm_session *s);
/* Fills *cred for our next message; data goes to @out. False: no credentials. */
bool session_cred(struct dm_session *s, struct dm_cred *cred, struct buf *out);
/* Verifies the server; sets in.hdr_code, in.refuse and in.chal. */
void session_check_server(struct dm_session *s, const struct dm_hdr *hdr);
/* Signs the message in @out when MAC is in use. */
int session_sign(struct dm_session *s, const struct buf *out);
/* MAC without a new nonce: nothing more can be said. */
bool session_mute(const struct dm_session *s);
/* Status of our SyncHdr. */
void session_hdr_status(struct dm_session *s, unsigned int code, const struct dm_cmd *cmd);
/* Fills the Chal that goes with our Status of SyncHdr; text goes to @out. */
bool session_chal(struct dm_session *s, struct dm_meta *chal, struct buf *out);
int session_save_nonces(struct dm_session *s, int64_t now);

/* session_in.c */
enum dm_status session_run_item(struct dm_session *s, const struct dm_cmd *cmd,
				const struct dm_item *item);
void session_status(struct dm_session *s, const struct dm_cmd *cmd, const struct dm_item *item,
		    enum dm_status code);
bool session_skipping(const struct dm_session *s);

/* session_ui.c: alerts from the server. */
void session_alert(struct dm_session *s, const struct dm_cmd *cmd);

/* session_lo.c */
void session_lo_drop(struct dm_session *s);
void session_lo_fini(struct dm_session *s);
/* A command came: ends a broken object with 1225. */
void session_lo_check(struct dm_session *s, const struct dm_cmd *cmd);
/* Something else came where its next piece had to be: 1225. */
void session_lo_break(struct dm_session *s);
bool session_lo_wanted(const struct dm_session *s, const struct dm_cmd *cmd,
		       const struct dm_item *item);
/* Takes a chunk; the status of it, or of the whole command after the last one. */
enum dm_status session_lo_item(struct dm_session *s, const struct dm_cmd *cmd,
			       const struct dm_item *item);

/* session_out.c */
int session_package1(struct dm_session *s, struct buf *out);
/*
 * 1 or -errno; -ENOBUFS: the server's MaxMsgSize leaves no room for an answer,
 * nothing was written. @abort: with Alert 1223 and without what does not fit.
 */
int session_message(struct dm_session *s, struct buf *out, bool abort);

#endif
