/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A script: what the server plays, parsed. The grammar is described in
 * Documentation/dm-server-script.rst. It knows nothing of a running session.
 */
#ifndef DMSERVER_SCRIPT_H
#define DMSERVER_SCRIPT_H

#include "pool.h"
#include "codec/codec.h"
#include "dm/msg.h"

#define SCRIPT_MAX_ITEMS 34	/* alert: options, text, 32 choices */
#define SCRIPT_MAX_EXPECT 8
#define SCRIPT_MAX_DEPTH 4

enum script_auth { SCRIPT_AUTH_USERS, SCRIPT_AUTH_NONE, SCRIPT_AUTH_BASIC, SCRIPT_AUTH_MD5,
		   SCRIPT_AUTH_MAC };

/* What is wrong with the signatures of a package, or with what is said of the client's. */
enum script_hmac {
	HMAC_RIGHT,
	HMAC_MISSING,
	HMAC_WRONG,
	HMAC_REUSED,	/* made with the nonce of the signature before */
	HMAC_NO_NONCE,	/* the client gets no NextNonce */
	HMAC_SESSION,	/* its signature is answered with 212 */
};

/* The same for the server's credentials within the message. */
enum script_cred {
	CRED_RIGHT,
	CRED_MISSING,
	CRED_WRONG,	/* of another password */
	CRED_REUSED,	/* md5: with the nonce of the credentials before */
};

/* How the bytes of an answer reach the client. */
enum script_body {
	BODY_WHOLE,
	BODY_HANG,	/* the headers, and no more */
	BODY_TRUNCATED,	/* the first half, and the connection ends */
	BODY_ENDLESS,	/* blanks behind it, as long as the client takes them */
	BODY_TRICKLE,	/* one byte at a time */
	BODY_GZIP,	/* compressed, for a client that takes that */
	BODY_BOMB,	/* compressed, and 16 MiB of blanks behind it */
};

/* What HTTP itself asks of a client. */
enum script_http_auth { HTTP_AUTH_NONE, HTTP_AUTH_BASIC, HTTP_AUTH_DIGEST };

enum script_op {
	SCRIPT_CMD,
	SCRIPT_OPEN,	/* begin atomic|sequence */
	SCRIPT_CLOSE,	/* its end */
};

/* What a value must be: expect-value [URI] "text". */
struct script_want {
	struct script_want *next;
	unsigned int line;
	struct slice uri;	/* Source of the Results; absent = any */
	struct slice value;
};

struct script_cmd {
	struct script_cmd *next;
	unsigned int line;
	enum script_op op;
	enum dm_cmd_kind kind;
	struct slice target, source;
	struct slice format, type, correlator;
	struct slice value;			/* raw; absent = no Data element */
	const struct dm_tnds *tnds;		/* sent in place of a value */
	bool tnds_document;			/* as a document of its own, not as markup */
	uint32_t chunk;				/* bytes per message; 0 = what fits */
	uint32_t alert;
	struct slice items[SCRIPT_MAX_ITEMS];	/* of an alert */
	unsigned int nitems;
	uint32_t expect[SCRIPT_MAX_EXPECT];	/* any of these */
	unsigned int nexpect;
	struct script_want *wants;
};

/* Answers that take the place of a DM message. */
enum script_behave {
	BEHAVE_NONE,
	BEHAVE_HTTP,		/* an HTTP error status */
	BEHAVE_HTML,		/* 200 with a page, as a captive portal does */
	BEHAVE_GARBAGE,		/* 200, the right type, no message */
	BEHAVE_DROP,		/* the connection ends without an answer */
	BEHAVE_REDIRECT,
	BEHAVE_REPLAY,		/* the message before once more */
};

struct script_pkg {
	struct script_pkg *next;
	unsigned int line;
	struct script_cmd *cmds;
	enum script_behave behave;
	uint32_t http_status;
	struct slice url;
	uint32_t delay_ms;
	bool wrong_session;
	bool abort;
	bool repeat;			/* behind it comes the same package again */
	enum script_hmac hmac;
	enum script_cred cred;
	enum script_body body;
	uint32_t trickle_ms;
	uint32_t retry_after_s;		/* 0 = no such header */
	struct slice content_type;	/* absent = the right one */
};

struct script_session {
	struct script_session *next;
	struct script_pkg *pkgs;
};

struct script_tree {
	struct script_tree *next;
	struct codec_tnds *tnds;
};

struct script {
	struct pool mem;
	struct slice server_id;		/* absent: the command line's */
	struct slice resp_uri;
	enum script_auth auth;
	enum script_http_auth http_auth;
	bool nonces_reused;		/* a client gets the same NextNonce again and again */
	bool per_message;		/* credentials in every message: 200 in place of 212 */
	bool repeat;			/* after the last session section comes the first again */
	uint32_t max_msg_size, max_obj_size;	/* what our SyncHdr announces; 0 = nothing */
	uint32_t client_max_msg_size;	/* cap on what we send, whatever the client announced */
	uint32_t alert_status;		/* of each Generic Alert; 0 = 200, 1 = none at all */
	struct script_session *sessions;
	struct script_tree *trees;
};

/*
 * Reads @path into *@s. 0, or -errno after a "FILE:LINE: what" on stderr; *@s
 * then holds nothing. Give it back with script_fini().
 */
int script_load(struct script *s, const char *path);
void script_fini(struct script *s);

#endif
