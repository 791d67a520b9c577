/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DM sessions: the server's state, and the request that enters it. Bytes in,
 * bytes out; no HTTP. The parts: session.c (table and flow), check.c (is the
 * message right by itself), answers.c (statuses and results against what was
 * sent), reply.c (the next message), trace.c (messages as events).
 */
#ifndef DMSERVER_SESSION_H
#define DMSERVER_SESSION_H

#include "auth.h"
#include "message.h"
#include "record.h"
#include "script.h"
#include "users.h"

#define SESSION_ID_MAX 64	/* bytes we keep; the protocol allows 4 */
#define DEVICE_ID_MAX 256
#define DEVICES_MAX 256
#define SENT_VALUE_MAX (1 << 20)

/* One command of ours whose answers are awaited. */
struct sent {
	const struct script_cmd *cmd;	/* NULL: Alert 1222 or 1223 of our own making */
	enum dm_cmd_kind kind;
	uint32_t msg_id, cmd_id;
	uint32_t status;		/* 0 = none yet */
	bool chunk;			/* a piece of a large object, more follows */
	uint64_t wants_met;		/* bit i: the i-th expect-value was seen */
	struct buf value;		/* the last value that came back, for the report */
};

struct totals {
	unsigned int in, out;		/* messages */
	unsigned int commands, ok;	/* sent; with a status of 2xx */
	unsigned int violations, failed;	/* failed: expectations */
	unsigned int alerts;		/* generic ones */
};

struct session {
	bool used, ended;
	unsigned int number;		/* of this run, from 1 */
	uint64_t started_ms, last_ms;	/* monotonic */
	struct buf device, id;
	struct user *user;
	bool authed, challenged;
	bool has_nonce;
	struct buf nonce;		/* the client was challenged with it */
	enum auth_scheme server_scheme;	/* what the client asked us for; AUTH_NONE: the user's */
	unsigned int server_refused;	/* times the client refused our credentials */
	bool server_accepted;		/* it took them for the whole session (212) */
	bool server_nonce_used;		/* no new one came since our last signature */
	struct buf last_server_nonce;	/* of that signature */
	struct buf try_nonce;		/* of a client not let in: for the next answer, not kept */
	uint32_t in_msgid, out_msgid;	/* last ones */
	uint32_t initiation;		/* 1200, 1201 or 0 */
	bool devinfo_seen;
	enum codec_format format;
	uint64_t max_msg, max_obj;	/* the client's limits; 0 = none */

	struct script_pkg *pkg;		/* to be sent, or sent and awaited; NULL: nothing left */
	struct script_cmd *cur;		/* next command of it */
	size_t chunk_off;		/* bytes of cur's value already sent */
	bool mid_package;		/* our last message had no Final */
	bool awaiting;			/* the package is out, answers are not */
	struct script_pkg *played;	/* the last bad behaviour, when it came after pkg */
	const struct script_session *play;
	bool behaved;			/* any was played */
	struct sent *sent;
	size_t nsent, cap_sent;
	struct buf large;		/* pieces of a large object that comes in */

	bool lost;			/* the last message was answered badly on purpose */
	uint64_t request_hash;		/* of the last request */
	struct buf reply, reply_hmac;	/* the last answer, for a repeated request */
	struct totals sum;
};

struct device {
	struct buf id;
	const struct script_session *next;	/* what it gets in its next session */
};

struct server {
	const struct script *script;
	struct users *users;
	struct record *record;
	struct slice server_id;
	unsigned int max_sessions;
	uint32_t session_timeout_s;
	struct session *sessions;
	struct device devices[DEVICES_MAX];
	unsigned int ndevices;
	unsigned int begun, ended;
	struct totals sum;
};

struct dm_request {
	struct slice content_type;
	struct slice body;
	struct slice hmac;	/* x-syncml-hmac; SLICE_NONE = none */
	struct slice peer;	/* address, for the record */
	struct slice path;
	unsigned int refused;	/* an HTTP status the transport chose: 401, 405, 413; 0 = none */
};

struct dm_response {
	unsigned int http_status;
	bool drop;		/* end the connection without an answer */
	const char *content_type;
	struct buf body;
	struct buf hmac;	/* x-syncml-hmac; empty = none */
	struct slice location;	/* of a redirect; borrowed from the script */
	struct slice other_type;	/* in place of content_type; the script's */
	uint32_t delay_ms;
	uint32_t retry_after_s;	/* 0 = no such header */
	enum script_body how;
	uint32_t trickle_ms;
};

/* Answers one POST. @res->body and @res->hmac are the caller's to free; the rest is static or the script's. */
void session_request(struct server *srv, const struct dm_request *req, struct dm_response *res);
/* Ends sessions that were silent too long. Call it now and then. */
void session_expire(struct server *srv, uint64_t now_ms);
/* Ends all that is left; the record says "server stopped". */
void session_stop(struct server *srv);
uint64_t session_now_ms(void);
void session_end(struct server *srv, struct session *s, const char *outcome);

/* A rule of the protocol that the client broke: into the record and the log. */
__attribute__((format(printf, 4, 5)))
void violation(struct server *srv, struct session *s, const char *clause, const char *fmt, ...);

/* printf's "%.*s" for a short view of bytes that came from the client. */
#define VIEW(s) (int)((s).n > 80 ? 80 : (s).n), (s).p ? (const char *)(s).p : ""

/* check.c */
void check_header(struct server *srv, struct session *s, const struct message *m);
void check_body(struct server *srv, struct session *s, const struct message *m);

/* misbehave.c */
/* The answer is what the script says in place of a message. */
void misbehave_play(struct server *srv, struct session *s, struct script_pkg *pkg,
		    const struct message *m, unsigned int exchange, struct dm_response *res);
/* What the script says of the way of an answer, whatever the answer is. */
void misbehave_send(struct dm_response *res, const struct script_pkg *pkg);
/* Nobody can tell whether the client took such an answer for one. */
bool misbehave_undelivered(const struct script_pkg *pkg);

/* answers.c */
struct answers {
	bool refused;		/* the client refused our credentials and challenges us */
	bool more;		/* a piece of a large object came: ask for the next */
};

/* Matches statuses and results of @m with what was sent. */
void answers_take(struct server *srv, struct session *s, const struct message *m,
		  struct answers *a);
/* All answers of a package must be there: checks what is missing and what was expected. */
void answers_finish(struct server *srv, struct session *s);
/* A client that is not let in may challenge us all the same (DM Security 5.3.4). */
void answers_stranger(struct session *s, const struct message *m);
/* Forgets what is awaited. */
void answers_clear(struct session *s);
struct sent *answers_add(struct session *s, const struct script_cmd *cmd, enum dm_cmd_kind kind,
			 uint32_t cmd_id);

/* reply.c */
struct reply_plan {
	uint32_t hdr_status;		/* for the client's SyncHdr */
	bool statuses_only;		/* authentication failed: nothing was executed */
	enum auth_scheme challenge;	/* AUTH_NONE: no Chal */
	enum script_hmac hmac;
	enum script_cred cred;
	bool next_message;		/* the client has more: Alert 1222, no Final */
	bool commands;			/* go on with the script */
	bool wrong_session;
	bool abort;
};

/*
 * Writes the answer to @m; *@ends: it ends the session. 0, or -errno when it
 * cannot be encoded.
 */
int reply_build(struct server *srv, struct session *s, const struct message *m,
		const struct reply_plan *plan, struct buf *out, bool *ends);

/* trace.c */
void trace_message_in(struct server *srv, struct session *s, const struct message *m,
		      unsigned int exchange, size_t bytes, const struct dm_request *req,
		      const char *auth);
void trace_message_out(struct server *srv, struct session *s, struct slice bytes,
		       unsigned int exchange, const char *note);
void trace_session(struct server *srv, struct session *s, const char *event, const char *outcome,
		   struct slice peer);

#endif
