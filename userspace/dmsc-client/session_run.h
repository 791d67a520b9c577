/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One DM session from the stored account to the journal entry: the engine
 * (dm/session) driven over HTTP (net/http), each message's changes committed
 * before the reply that reports them leaves. No protocol knowledge of its own.
 */
#ifndef DMSC_CLIENT_SESSION_RUN_H
#define DMSC_CLIENT_SESSION_RUN_H

#include <signal.h>
#include "dm/session.h"
#include "mo/mo.h"
#include "store/store.h"

/* How it ended; also the exit code of `dmsc-client session`. */
enum client_outcome {
	CLIENT_OK = 0,
	CLIENT_USAGE = 1,
	CLIENT_CONFIG = 2,	/* configuration, no such account, no device id */
	CLIENT_STORE = 3,
	CLIENT_NETWORK = 4,	/* DNS, connection, time-out, HTTP status, not SyncML: try later */
	CLIENT_TLS = 5,
	CLIENT_AUTH = 6,	/* the server refused us, or did not prove itself */
	CLIENT_PROTOCOL = 7,	/* broken SyncML, a limit exceeded, a bad bootstrap message */
	CLIENT_ABORTED = 8,	/* 1223 from either side, a signal, the person cancelled */
	CLIENT_DIFFERS = 9,	/* replay --trace: not what was recorded */
	CLIENT_TRACE = 10,	/* replay --trace: no trace, or damaged, newer, incomplete */
	CLIENT_SANDBOX = 11,	/* rights could not be given up; nothing was read or changed */
	CLIENT_IGNORED = 12,	/* a notification that starts nothing, and is not refused */
};

/* "completed", "config", "store", "network", "tls", "auth", "protocol", "aborted". */
const char *client_outcome_name(enum client_outcome o);
/* How an ended session counts; one that did not end is CLIENT_PROTOCOL. */
enum client_outcome client_outcome_of(enum dm_session_end e);

struct client_session_opts {
	const char *server_id;
	const char *cause;		/* for the journal, STORE_CAUSE_*; NULL = "" */
	const char *device_id;		/* DevInfo/DevId; NULL = found out by client_device_id() */
	const char *ca_file;		/* counts in place of all others; NULL = the server's own, or: */
	const char *ca_default;		/* for servers without one; NULL = system's store */
	const char *ca_name;		/* what a person calls that of both which is set; NULL = as it is */
	const char *server_files;	/* directory of net/server_files.h; NULL = none */
	unsigned int conref;		/* of the account's references, the one that was set up; 0 = none */
	const char *interface;		/* network device that all goes through; NULL, "" = routing decides */
	struct mo_set *objects;		/* of the tree; outlives the session */
	const char *trace_dir;		/* NULL = no trace; made with mode 0700 when missing */
	const char *traces_of;		/* a store, for a trace as of traces.h; NULL = none of those */
	bool allow_http;		/* plain http for this server */
	bool insist_credentials;	/* TLS is no proof of this server: its own credentials are */
	bool wbxml;			/* encoding of our first message; answers follow the server's */
	bool by_hand;			/* a person starts it: that lifts a refusal of the card's wish */
	bool server_initiated;		/* Alert 1200, with @session_id of a Package 0 */
	uint16_t session_id;		/* 0 = random */
	/* Generic Alerts of package 1, at most DM_SESSION_MAX_ALERTS - 1: the last is our own. */
	const struct dm_session_alert *alerts;
	size_t nalerts;
	unsigned int connect_timeout_ms, total_timeout_ms;	/* of one POST; 0 = defaults */
	unsigned int session_timeout_ms;	/* of all messages together; 0 = an hour */
	/* True = stop: 1223 is sent when that takes less than 5 s. NULL = never. */
	const volatile sig_atomic_t *stop;
	/*
	 * A question of the server's to the person (dm/cmd.h), for at most @left_s seconds:
	 * those the session has left. NULL = answered 406.
	 */
	enum dm_status (*ui)(void *ctx, const struct dm_ui_request *req, unsigned int left_s,
			     struct dm_ui_answer *answer);
	/*
	 * After a message with a part of a large object: so much of its @total bytes came,
	 * or was @sent; once more with @total 0 when it is over. NULL = nobody wants to know.
	 */
	void (*progress)(void *ctx, struct slice uri, bool sent, uint64_t done, uint64_t total);
	/* One line per message for a person, "-> 1: Alert 1201, ..."; NULL = log_info. */
	void (*say)(void *ctx, const char *line);
	void *ctx;
};

struct client_session_result {
	enum client_outcome outcome;
	char reason[STORE_REASON_MAX];	/* for a person; "" when CLIENT_OK */
	bool authenticated;		/* the server accepted our credentials (212, or 200 with MAC) */
	bool sent;			/* a message, or part of one, left this machine */
	bool more;			/* there is work for dmsc-helper --pending now */
	unsigned int messages;		/* received */
	unsigned int changes;		/* commands that changed the tree */
	long http_status;		/* of the last answer; 0 = none came */
	unsigned int retry_after_s;	/* the server wants to be left alone so long, at most 1 h; 0 = not said */
	bool web_page;			/* HTML came: rather a network's login page than the server */
	bool no_space;			/* the store had no room */
	bool busy;			/* the server's message said that it cannot just now */
};

/*
 * May the same session end well later, with nobody changing anything? The one place that
 * says so; Documentation/transport.rst has the table. False for one that ended well.
 */
bool client_worth_retry(const struct client_session_result *r);

/*
 * @s is open for writing and stays so: the lock is held over the session. The
 * result is always filled. Returns 0 when outcome is CLIENT_OK, else -errno.
 *
 * When the account came from a card, the card's ICCID stands in the tree for
 * this server alone, and the first session of a new (device, card) pair says
 * so in a Generic Alert "Reversed-Domain-Name: org.dmsc.newcard".
 */
int client_session_run(struct store *s, const struct client_session_opts *opts,
		       struct client_session_result *result) must_check;

/*
 * The device's own name for DevInfo/DevId when none is configured: an IMEI is
 * not ours to guess, so "urn:uuid:..." made from /etc/machine-id by hashing,
 * which keeps the machine-id itself private. -ENOENT without one.
 */
int client_device_id(char *out, size_t size) must_check;

#endif
