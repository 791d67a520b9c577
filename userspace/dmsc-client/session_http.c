// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One message of a session there and back: which address it goes to and with
 * whose credentials, what an answer has to look like. It knows nothing of what
 * the messages say. Documentation/transport.rst tells what is decided here.
 */
#include "dmsc-client/session_int.h"

#include <errno.h>
#include <stdio.h>

#include "dmsc-client/client.h"
#include "mo/connection.h"
#include "mo/dmacc.h"
#include "net/server_files.h"
#include "util/log.h"
#include "util/str.h"

#define REDIRECTS_MAX 3
#define ADDRESSES_MAX 8

/* --- where it goes --- */

/* Takes the next address that may be used, from the @nth on. 0, -ENOENT or -ENOMEM. */
static int take_address(struct run *x, unsigned int nth)
{
	struct buf url = BUF_INIT;
	int err = -ENOENT;

	for (; nth < ADDRESSES_MAX; nth++) {
		err = dmacc_url(x->tree, slice_str(x->o->server_id), nth, &url);
		/* What begins with TLS does not go on without. */
		if (err || http_url_is_https(buf_cstr(&url)) ||
		    (x->o->allow_http && (!x->address.len || x->plain)))
			break;
		err = -ENOENT;
	}
	if (err) {
		buf_fini(&url);
		return err;
	}
	buf_fini(&x->address);
	x->address = url;
	x->nth = nth;
	return 0;
}

int run_first_address(struct run *x)
{
	int err = take_address(x, 0);

	if (err == -ENOENT)
		return run_fail(x, CLIENT_CONFIG, -EPERM,
				"the account's address is not https and plain http is not allowed "
				"for it");
	if (!err) {
		x->plain = !http_url_is_https(buf_cstr(&x->address));
		buf_reset(&x->account.url);
		buf_put_slice(&x->account.url, buf_slice(&x->address));
		err = buf_error(&x->account.url);
	}
	return err ? run_fail(x, CLIENT_STORE, err, "out of memory") : 0;
}

/* --- what it takes along --- */

static const char *given(const char *s)
{
	return s && s[0] ? s : NULL;
}

static enum http_auth http_auth_of(const struct dm_credential *c)
{
	if (!c->present)
		return HTTP_AUTH_NONE;
	return c->type == DM_AUTH_BASIC ? HTTP_AUTH_BASIC : HTTP_AUTH_DIGEST;
}

/* The files of this server, and what the account wants of them. */
static int find_files(struct run *x, struct server_files *f)
{
	char why[SERVER_FILES_ERROR_MAX];
	const char *ca = x->o->ca_file;
	int err = server_files_find(x->o->server_files ? x->o->server_files : "",
				    slice_str(x->o->server_id), f, why);

	if (!err && !ca && !f->ca[0])
		ca = x->o->ca_default;
	if (!err && ca)
		err = server_files_check_ca(ca, x->o->ca_name ? x->o->ca_name : ca, why);
	if (err)
		return run_fail(x, CLIENT_CONFIG, err, why);
	if (x->account.tls && x->plain)
		return run_fail(x, CLIENT_CONFIG, -EPERM,
				"the account wants TLS to prove who we are, and its address is plain http");
	if (x->account.tls && !f->cert[0])
		return run_fail(x, CLIENT_CONFIG, -ENOENT,
				"the account wants a TLS certificate of ours, and there is none: put "
				"cert.pem and key.pem below server-files");
	return 0;
}

#define PROXY_URL_MAX (MO_HOST_MAX + 32)

/* The account's proxy, when it has one that is of use here; else that of the environment is left. */
static void find_proxy(struct run *x, struct mo_proxy *p, char url[PROXY_URL_MAX],
		       struct http_opts *ho)
{
	bool v6;

	if (mo_link_proxy(x->tree, slice_str(x->o->server_id), x->o->conref, p))
		return;
	v6 = strchr(p->host, ':');
	snprintf(url, PROXY_URL_MAX, v6 ? "http://[%s]:%u" : "http://%s:%u", p->host, p->port);
	log_info("session with %s: through the account's proxy", x->o->server_id);
	ho->proxy = url;
	ho->proxy_user = given(p->user);
	ho->proxy_password = given(p->password);
}

int run_open_http(struct run *x)
{
	struct server_files files;
	struct mo_proxy proxy;
	char proxy_url[PROXY_URL_MAX];
	struct http_opts ho = {
		.auth = http_auth_of(&x->account.http),
		.auth_user = buf_cstr(&x->account.http.name),
		.auth_password = buf_cstr(&x->account.http.secret),
		.allow_http = x->o->allow_http && x->plain,
		.interface = x->o->interface,
		.proxy_env = true,
		.connect_timeout_ms = x->o->connect_timeout_ms,
		.total_timeout_ms = x->o->total_timeout_ms,
		.stop = x->o->stop,
	};
	int err = find_files(x, &files);

	if (err)
		return err;
	ho.ca_file = x->o->ca_file ? x->o->ca_file : given(files.ca);
	if (!ho.ca_file)
		ho.ca_file = x->o->ca_default;
	ho.cert_file = given(files.cert);
	ho.key_file = given(files.key);
	find_proxy(x, &proxy, proxy_url, &ho);
	err = http_new(&ho, &x->http);
	explicit_bzero(&proxy, sizeof(proxy));
	if (err == -EINVAL)
		return run_fail(x, CLIENT_CONFIG, err, "the CA file cannot be read");
	return err ? run_fail(x, CLIENT_NETWORK, err, "out of memory") : 0;
}

/* --- one POST, and the ones it leads to --- */

static enum client_outcome http_outcome(enum http_err e)
{
	switch (e) {
	case HTTP_ERR_TLS:
		return CLIENT_TLS;
	case HTTP_ERR_STOPPED:
		return CLIENT_ABORTED;
	case HTTP_ERR_URL:
	case HTTP_ERR_FILE:
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

/*
 * Follows redirects to https, keeping the POST; they are not remembered. The message and
 * its x-syncml-hmac go along, as they would be worth nothing without; credentials of HTTP
 * and our certificate go to @url's own server only.
 */
static int post(struct run *x, const char *url)
{
	char target[HTTP_URL_MAX];
	char why[128];
	int err;

	http_home(x->http, url);
	client_reason(target, sizeof(target), "%s", url);
	for (int i = 0; i <= REDIRECTS_MAX; i++) {
		err = http_post(x->http, target, codec_encoder(x->format)->mime, hmac(x),
				buf_slice(&x->out), &x->answer);
		x->r->http_status = x->answer.status;
		x->r->retry_after_s = x->answer.retry_after_s;
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

static bool is_web_page(const char *type)
{
	return strcmp(type, "text/html") == 0 || strcmp(type, "application/xhtml+xml") == 0;
}

/* Any status but 200. */
static int refused(struct run *x)
{
	const struct http_response *a = &x->answer;
	char why[128];

	if (a->status == 401 && x->account.http.present && a->foreign)
		return run_fail(x, CLIENT_AUTH, -EACCES, "a redirect led to a server that wants HTTP "
				"credentials (HTTP 401), and the account's are not for that one");
	if (a->status == 401 && a->auth_sent)
		return run_fail(x, CLIENT_AUTH, -EACCES, "the server refused the account's HTTP "
				"credentials (HTTP 401)");
	if (a->status == 401)
		return run_fail(x, CLIENT_AUTH, -EACCES, x->account.http.present ?
				"the server wants HTTP credentials of another kind than the "
				"account has (HTTP 401)" :
				"the server wants HTTP credentials, and the account has none "
				"(HTTP 401)");
	if (a->status == 407)
		return run_fail(x, CLIENT_NETWORK, -EIO, "the proxy wants a name and a password, or "
				"other ones (HTTP 407)");
	if (x->r->web_page)
		snprintf(why, sizeof(why), "HTTP %ld with a web page came: from the server, or from "
			 "the network before it", a->status);
	else
		snprintf(why, sizeof(why), "the server answered HTTP %ld", a->status);
	return run_fail(x, CLIENT_NETWORK, -EIO, why);
}

static int check_answer(struct run *x)
{
	const struct http_response *a = &x->answer;
	char why[200];

	x->r->web_page = is_web_page(a->content_type);
	if (a->status != 200)
		return refused(x);
	if (x->r->web_page)
		return run_fail(x, CLIENT_NETWORK, -EIO,
				"a web page (HTML) came instead of SyncML: a login page of the "
				"network, or a wrong address");
	if (a->content_type[0] && !is_syncml_type(a->content_type)) {
		snprintf(why, sizeof(why), "content of type %.100s came instead of SyncML",
			 a->content_type);
		return run_fail(x, CLIENT_NETWORK, -EIO, why);
	}
	if (a->body.len == 0)
		return run_fail(x, CLIENT_NETWORK, -EIO, "the server's answer is empty");
	return 0;
}

/*
 * RespURI may not lead away from TLS, nor to anybody else before the server is known. The
 * same server's other paths are no danger: whoever answers there got the first message, too.
 */
static int next_url(struct run *x, char *url, size_t size)
{
	struct slice u = dm_session_next_uri(x->session);
	bool own = slice_eq(u, buf_slice(&x->account.url));

	if (str_copy(url, size, own ? buf_slice(&x->address) : u) < 0)
		return run_fail(x, CLIENT_PROTOCOL, -EMSGSIZE, "the server's RespURI is too long");
	if (own || http_url_same_origin(url, buf_cstr(&x->address)))
		return 0;
	if (!http_url_is_https(url) && !(x->plain && http_url_is_plain(url)))
		return run_fail(x, CLIENT_PROTOCOL, -EPERM, "the server's RespURI is not https");
	if (!dm_session_result(x->session)->authenticated)
		return run_fail(x, CLIENT_AUTH, -EPERM,
				"a RespURI to another server, from one that is not authenticated");
	return 0;
}

int run_check_address(struct run *x)
{
	char url[HTTP_URL_MAX];

	return next_url(x, url, sizeof(url));
}

/* No answer came, and another address of the account may be asked. */
static bool another_address(struct run *x)
{
	switch (x->answer.err) {
	case HTTP_ERR_DNS:
	case HTTP_ERR_CONNECT:
	case HTTP_ERR_TLS:
	case HTTP_ERR_TIMEOUT:
	case HTTP_ERR_IO:
	case HTTP_ERR_PROXY:
		break;
	default:
		return false;
	}
	/* Once the server has answered, that is where it is. */
	if (x->r->messages || x->sent > 1 || take_address(x, x->nth + 1))
		return false;
	log_warn("%s; trying the next address of the account", x->r->reason);
	x->r->outcome = CLIENT_OK;
	x->r->reason[0] = '\0';
	return true;
}

int run_exchange(struct run *x, bool want_answer)
{
	char url[HTTP_URL_MAX];
	int err;

	x->sent++;
	do {
		err = next_url(x, url, sizeof(url));
		if (err)
			return err;
		run_say(x, "->", x->sent);
		err = post(x, url);
	} while (err && want_answer && another_address(x));
	if (err || !want_answer)
		return err;
	err = check_answer(x);
	if (err)
		record_other(&x->record, buf_slice(&x->answer.body));
	return err;
}
