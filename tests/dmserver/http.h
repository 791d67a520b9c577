/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTP and HTTPS end: one POST in, one answer out. It knows no DM; the
 * only file with libmicrohttpd is http.c.
 */
#ifndef DMSERVER_HTTP_H
#define DMSERVER_HTTP_H

#include "session.h"

struct http_config {
	const char *host, *port;	/* numeric or a name; port "0" = any */
	const char *cert, *key;		/* PEM files; both NULL = plain HTTP */
	const char *client_ca;		/* PEM; clients need a certificate of this CA; NULL = none */
	size_t max_body;		/* bytes */
	enum script_http_auth auth;
	/* The HTTP password of user @name, NULL when there is none; used at once. */
	const char *(*password)(void *ctx, struct slice name);
	void (*handle)(void *ctx, const struct dm_request *req, struct dm_response *res);
	void *ctx;
};

struct http;

/* NULL after a message on stderr. @cfg is copied; its texts must outlive the server. */
struct http *http_start(const struct http_config *cfg);
void http_stop(struct http *h);
unsigned int http_port(const struct http *h);
/*
 * Serves until @wake_fd is readable, at most @max_ms. 0, or -errno when the
 * loop cannot go on.
 */
int http_run(struct http *h, int wake_fd, unsigned int max_ms);

#endif
