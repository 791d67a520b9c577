/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One HTTP POST at a time: a message out, the answer in. Or a file that is got.
 *
 * It knows nothing of SyncML. It never follows a redirect by itself, never
 * uses a cookie or netrc nor a proxy it was not told of, and speaks https only
 * (TLS 1.2 or later, peer and host name verified) unless plain http was allowed
 * explicitly. Answers may be compressed (gzip).
 */
#ifndef DMSC_NET_HTTP_H
#define DMSC_NET_HTTP_H

#include <signal.h>
#include "net/url.h"
#include "util/buf.h"
#include "util/cleanup.h"

struct http;

enum http_err {
	HTTP_OK,		/* an answer came; look at its status */
	HTTP_ERR_URL,		/* not a URL, or a scheme that is not allowed */
	HTTP_ERR_DNS,
	HTTP_ERR_CONNECT,	/* refused, unreachable */
	HTTP_ERR_TLS,		/* handshake, certificate or CA file */
	HTTP_ERR_TIMEOUT,
	HTTP_ERR_TOO_LARGE,
	HTTP_ERR_STOPPED,	/* *opts.stop became true */
	HTTP_ERR_IO,		/* everything else between connect and the last byte */
	HTTP_ERR_PROXY,		/* not there, refused us, or would not connect to the server */
	HTTP_ERR_FILE,		/* a certificate or key of ours is missing or broken */
	HTTP_ERR_INTERFACE,	/* there is no such network device now */
	HTTP_ERR_COUNT
};

/* How HTTP 401 is answered. One scheme: a server does not talk us into a weaker one. */
enum http_auth { HTTP_AUTH_NONE, HTTP_AUTH_BASIC, HTTP_AUTH_DIGEST };

struct http_opts {
	const char *ca_file;		/* PEM, in place of the system's store; a server's own counts, too */
	const char *cert_file, *key_file;	/* PEM, of ours for TLS; NULL = none */
	bool allow_http;
	enum http_auth auth;
	const char *auth_user, *auth_password;
	const char *interface;		/* name of the device all goes through; NULL, "" = routing decides */
	/*
	 * "http://host:port"; NULL, "" = none, or with proxy_env that of https_proxy, http_proxy,
	 * all_proxy and no_proxy. Its credentials are not in it.
	 */
	const char *proxy;
	const char *proxy_user, *proxy_password;
	bool proxy_env;
	unsigned int connect_timeout_ms;	/* 0 = 20 s */
	unsigned int total_timeout_ms;		/* per POST; 0 = 120 s. All GETs; 0 = 1 h */
	size_t max_response;			/* bytes, decoded; 0 = 1 MiB */
	const char *user_agent;			/* NULL = "dmsc/VERSION" */
	const volatile sig_atomic_t *stop;	/* looked at while waiting; may be NULL */
};

#define HTTP_URL_MAX 2048	/* bytes, the NUL included */

struct http_response {
	enum http_err err;
	char error[256];		/* for a person; "" when HTTP_OK */
	bool sent;			/* the message, or a part of it, left this machine */
	long status;			/* HTTP status; 0 when none came */
	char content_type[128];		/* lower case, without parameters; "" = none */
	char location[HTTP_URL_MAX];	/* absolute; "" = none */
	char hmac[512];			/* x-syncml-hmac of the answer; "" = none */
	unsigned int retry_after_s;	/* Retry-After, at most an hour; 0 = none */
	bool foreign;			/* it is not from http_home(): our credentials stayed here */
	bool auth_sent;			/* with a 401: it was answered, and refused */
	struct buf body;
};

/* Options are copied, but *stop. -ENOMEM, or -EINVAL: what is given cannot be used at all. */
int http_new(const struct http_opts *opts, struct http **out) must_check;
void http_free(struct http *h);

void http_response_init(struct http_response *r);
void http_response_fini(struct http_response *r);

/*
 * Posts @body as @content_type; the connection is kept for the next POST.
 * @hmac: value for x-syncml-hmac, or NULL. 0 with @r filled when the server
 * answered anything at all; -EIO with r->err and r->error otherwise; -ENOMEM.
 */
int http_post(struct http *h, const char *url, const char *content_type, const char *hmac,
	      struct slice body, struct http_response *r) must_check;

/*
 * Whose our credentials are: HTTP ones and the TLS certificate go to the origin (scheme,
 * host, port) of @url alone. None do before this is called. At most HTTP_URL_MAX - 1 bytes.
 */
void http_home(struct http *h, const char *url);

#define HTTP_VALIDATOR_MAX 256

/* What a server says of a file before its bytes come. */
struct http_file {
	long status;			/* 200 or 206: others have no bytes for anybody */
	uint64_t from;			/* where the bytes begin in the file */
	uint64_t total;			/* of the whole file; 0 = not said */
	char validator[HTTP_VALIDATOR_MAX];	/* a strong ETag, or Last-Modified; "" = none */
};

/* Where the bytes of a file go. Each returns 0, or a -errno that ends the transfer. */
struct http_sink {
	/* Once, before the first byte; not for another status than 200 and 206. */
	int (*file)(void *ctx, const struct http_file *f);
	int (*bytes)(void *ctx, const void *p, size_t n);
	void *ctx;
};

/*
 * Gets @url, from byte @from on when the file is still the one that @validator names (""
 * = as far as sizes tell). Nothing is decoded. A server that sends nothing has a minute, all
 * that @h gets @total_timeout_ms from the first call on. 0 with @r filled when the server answered and all
 * bytes it announced came (r->body stays empty); what @k returned; -EIO as for http_post().
 */
int http_get(struct http *h, const char *url, uint64_t from, const char *validator,
	     const struct http_sink *k, struct http_response *r) must_check;

/*
 * For the goodbye after a stop: from now on *opts.stop is not looked at and
 * one POST takes at most @total_timeout_ms.
 */
void http_last_words(struct http *h, unsigned int total_timeout_ms);

/* "ok", "url", "dns" ... */
const char *http_err_name(enum http_err e);
#endif
