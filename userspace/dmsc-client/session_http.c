// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One message of a session there and back: which address it goes to, what an
 * answer has to look like. It knows nothing of what the messages say.
 */
#include "dmsc-client/session_int.h"

#include <errno.h>
#include <stdio.h>

#include "dmsc-client/client.h"
#include "util/str.h"

#define REDIRECTS_MAX 3

int run_open_http(struct run *x)
{
	const struct http_opts ho = {
		.ca_file = x->o->ca_file,
		.allow_http = x->o->allow_http && x->plain,
		.connect_timeout_ms = x->o->connect_timeout_ms,
		.total_timeout_ms = x->o->total_timeout_ms,
		.stop = x->o->stop,
	};
	int err = http_new(&ho, &x->http);

	if (err == -EINVAL)
		return run_fail(x, CLIENT_CONFIG, err, "the CA file cannot be read");
	return err ? run_fail(x, CLIENT_NETWORK, err, "out of memory") : 0;
}

static enum client_outcome http_outcome(enum http_err e)
{
	switch (e) {
	case HTTP_ERR_TLS:
		return CLIENT_TLS;
	case HTTP_ERR_STOPPED:
		return CLIENT_ABORTED;
	case HTTP_ERR_URL:
		return CLIENT_CONFIG;
	case HTTP_ERR_TOO_LARGE:
		return CLIENT_PROTOCOL;
	default:
		return CLIENT_NETWORK;
	}
}

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 307 || status == 308;
}

/* The engine's buffers end in a NUL. */
static const char *hmac(const struct run *x)
{
	struct slice h = dm_session_hmac(x->session);

	return slice_present(h) ? (const char *)h.p : NULL;
}

/* Follows redirects to https, keeping the POST; they are not remembered. */
static int post(struct run *x, const char *url)
{
	char target[HTTP_URL_MAX];
	char why[128];
	int err;

	client_reason(target, sizeof(target), "%s", url);
	for (int i = 0; i <= REDIRECTS_MAX; i++) {
		err = http_post(x->http, target, codec_encoder(x->format)->mime, hmac(x),
				buf_slice(&x->out), &x->answer);
		x->r->http_status = x->answer.status;
		x->r->sent = x->r->sent || x->answer.sent;
		if (err == -EIO)
			return run_fail(x, http_outcome(x->answer.err), err, x->answer.error);
		if (err)
			return run_fail(x, CLIENT_NETWORK, err, "out of memory");
		if (!is_redirect(x->answer.status))
			return 0;
		if (!http_url_is_https(x->answer.location)) {
			snprintf(why, sizeof(why), "HTTP %ld redirects to an address that is not https",
				 x->answer.status);
			return run_fail(x, CLIENT_NETWORK, -EIO, why);
		}
		client_reason(target, sizeof(target), "%s", x->answer.location);
	}
	return run_fail(x, CLIENT_NETWORK, -EIO, "too many HTTP redirects");
}

static bool is_syncml_type(const char *type)
{
	/* The data-sync types are wrong but common. */
	return strncmp(type, "application/vnd.syncml.dm+", 26) == 0 ||
	       strncmp(type, "application/vnd.syncml+", 23) == 0;
}

static int check_answer(struct run *x)
{
	const struct http_response *a = &x->answer;
	char why[200];

	if (a->status != 200) {
		snprintf(why, sizeof(why), "the server answered HTTP %ld", a->status);
		return run_fail(x, CLIENT_NETWORK, -EIO, why);
	}
	if (strcmp(a->content_type, "text/html") == 0 ||
	    strcmp(a->content_type, "application/xhtml+xml") == 0)
		return run_fail(x, CLIENT_NETWORK, -EIO,
				"a web page (HTML) came instead of SyncML: a login page of the network, "
				"or a wrong address");
	if (a->content_type[0] && !is_syncml_type(a->content_type)) {
		snprintf(why, sizeof(why), "content of type %.100s came instead of SyncML",
			 a->content_type);
		return run_fail(x, CLIENT_NETWORK, -EIO, why);
	}
	if (a->body.len == 0)
		return run_fail(x, CLIENT_NETWORK, -EIO, "the server's answer is empty");
	return 0;
}

/* RespURI may not lead away from TLS, nor lead at all before the server is known. */
static int next_url(struct run *x, char *url, size_t size)
{
	struct slice u = dm_session_next_uri(x->session);

	if (str_copy(url, size, u) < 0)
		return run_fail(x, CLIENT_PROTOCOL, -EMSGSIZE, "the server's RespURI is too long");
	if (slice_eq(u, buf_slice(&x->account.url)))
		return 0;
	if (!http_url_is_https(url) && !(x->plain && strncmp(url, "http://", 7) == 0))
		return run_fail(x, CLIENT_PROTOCOL, -EPERM, "the server's RespURI is not https");
	if (!dm_session_result(x->session)->authenticated)
		return run_fail(x, CLIENT_AUTH, -EPERM, "a RespURI from a server that is not authenticated");
	return 0;
}

int run_exchange(struct run *x, bool want_answer)
{
	char url[HTTP_URL_MAX];
	int err = next_url(x, url, sizeof(url));

	if (err)
		return err;
	run_say(x, "->", ++x->sent);
	err = post(x, url);
	if (err || !want_answer)
		return err;
	err = check_answer(x);
	if (err)
		record_other(&x->record, buf_slice(&x->answer.body));
	return err;
}
