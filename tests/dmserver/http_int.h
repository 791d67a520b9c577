/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the HTTP end share: http*.c, the only ones with libmicrohttpd. */
#ifndef DMSERVER_HTTP_INT_H
#define DMSERVER_HTTP_INT_H

#include <microhttpd.h>

#include "http.h"

struct http {
	struct http_config cfg;
	struct MHD_Daemon *daemon;
	struct buf cert, key, client_ca;
	char random[32];		/* for nonces of HTTP digest */
	struct call *delayed;
	unsigned int port;
};

/* One request of one connection. */
struct call {
	struct http *http;
	struct MHD_Connection *conn;
	struct call *next;		/* in http->delayed */
	struct buf body;
	uint64_t started_ms, due_ms;
	char peer[80];
	bool refused, answered;
	bool stale;			/* the digest was right, its nonce too old */
	struct buf packed;		/* the compressed body */
	struct dm_response res;
};

/* NULL = none. */
const char *http_header(const struct call *c, const char *name);
/* The connection rests for @ms; then its callback is asked again. */
void http_pause(struct call *c, uint64_t ms);

/* http_send.c: the answer of @c, the way it is to be sent. */
enum MHD_Result http_send(struct call *c);

/* http_auth.c */
/* Does the request carry the HTTP credentials that are asked for, if any are? */
bool http_authorized(struct call *c);
/* Queues @r as a 401 with the challenge. */
enum MHD_Result http_challenge(struct call *c, struct MHD_Response *r);
/* Demands a certificate of each client when there is a CA for them. */
void http_on_connection(void *ctx, struct MHD_Connection *conn, void **state,
			enum MHD_ConnectionNotificationCode what);

#endif
