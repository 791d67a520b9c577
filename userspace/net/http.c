// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HTTP POST over libcurl; the contract is in http.h. The only file that knows
 * curl, and the place where every default of curl that would reach further
 * than one server (redirects, netrc, other schemes) is switched off.
 */
#include "net/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "net/tls_why.h"
#include "util/str.h"

#define CONNECT_MS 20000
#define TOTAL_MS 120000
#define GET_MS 3600000		/* others may wait: a server that drips has no longer than a session */
#define MAX_RESPONSE (1u << 20)
#define RETRY_AFTER_MAX_S 3600

#ifndef DMSC_BUILT
#define DMSC_BUILT 0
#endif

/* What was given as text, copied. */
enum text { T_CA, T_CERT, T_KEY, T_USER, T_PASSWORD, T_AGENT, T_INTERFACE, T_PROXY, T_PROXY_USER,
	    T_PROXY_PASSWORD, T_COUNT };

struct http {
	CURL *curl;
	char *text[T_COUNT];		/* NULL = not given */
	char home[HTTP_URL_MAX];	/* see http_home() */
	enum http_auth auth;
	bool asked;			/* the server wants HTTP credentials, and took ours */
	bool proxy_env;
	bool allow_http;
	unsigned int connect_ms, total_ms, get_ms;
	int64_t get_end_ms;		/* 0 = nothing was got yet */
	size_t max_response;
	const volatile sig_atomic_t *stop;
	char errbuf[CURL_ERROR_SIZE];
};

/* What curl's callbacks see of one POST. */
struct transfer {
	struct http *h;
	struct http_response *r;
	bool too_large;
	bool no_memory;
};

const char *http_err_name(enum http_err e)
{
	static const char *const names[HTTP_ERR_COUNT] = {
		[HTTP_OK] = "ok",
		[HTTP_ERR_URL] = "url",
		[HTTP_ERR_DNS] = "dns",
		[HTTP_ERR_CONNECT] = "connect",
		[HTTP_ERR_TLS] = "tls",
		[HTTP_ERR_TIMEOUT] = "timeout",
		[HTTP_ERR_TOO_LARGE] = "too-large",
		[HTTP_ERR_STOPPED] = "stopped",
		[HTTP_ERR_IO] = "io",
		[HTTP_ERR_PROXY] = "proxy",
		[HTTP_ERR_FILE] = "file",
		[HTTP_ERR_INTERFACE] = "interface",
	};

	return (unsigned int)e < HTTP_ERR_COUNT ? names[e] : "?";
}

void http_response_init(struct http_response *r)
{
	memset(r, 0, sizeof(*r));
}

void http_response_fini(struct http_response *r)
{
	buf_wipe_fini(&r->body);	/* a server may set passwords */
}

/* --- callbacks --- */

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * n;

	buf_put(&t->r->body, p, len);
	if (buf_error(&t->r->body) == 0)
		return len;
	t->too_large = buf_error(&t->r->body) == -EMSGSIZE;
	t->no_memory = !t->too_large;
	return 0;
}

/*
 * Headers may come in any case; the x-syncml-hmac of a server is kept as it is,
 * several of them as the one list they stand for (RFC 9110, 5.3).
 */
static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	static const char name[] = "x-syncml-hmac:";
	struct transfer *t = ctx;
	size_t len = size * n;
	size_t skip = sizeof(name) - 1, end = len, have = strlen(t->r->hmac);

	/* What an interim answer (1xx) carried is not the answer's. */
	if (len > 5 && memcmp(p, "HTTP/", 5) == 0)
		t->r->hmac[0] = '\0';
	if (len <= skip || strncasecmp(p, name, skip) != 0)
		return len;
	while (skip < len && (p[skip] == ' ' || p[skip] == '\t'))
		skip++;
	while (end > skip && (p[end - 1] == '\r' || p[end - 1] == '\n' || p[end - 1] == ' '))
		end--;
	/* Too long, or with a NUL inside: as if it were there and wrong. */
	if (have + 2 + (end - skip) >= sizeof(t->r->hmac) || memchr(p + skip, '\0', end - skip))
		snprintf(t->r->hmac, sizeof(t->r->hmac), "?");
	else
		snprintf(t->r->hmac + have, sizeof(t->r->hmac) - have, "%s%.*s", have ? ", " : "",
			 (int)(end - skip), p + skip);
	return len;
}

static int on_progress(void *ctx, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
		       curl_off_t ulnow)
{
	const struct http *h = ctx;

	return h->stop && *h->stop;
}

/* --- the handle --- */

#define SET(opt, val) (rc = rc ? rc : curl_easy_setopt(h->curl, opt, val))

/* An empty string, unlike NULL, also switches off the proxies of the environment. */
static CURLcode set_proxy(struct http *h)
{
	CURLcode rc = CURLE_OK;

	if (h->text[T_PROXY]) {
		SET(CURLOPT_PROXY, h->text[T_PROXY]);
		SET(CURLOPT_NOPROXY, "");
		SET(CURLOPT_PROXYUSERNAME, h->text[T_PROXY_USER]);
		SET(CURLOPT_PROXYPASSWORD, h->text[T_PROXY_PASSWORD]);
	} else if (!h->proxy_env) {
		SET(CURLOPT_PROXY, "");
	}
	SET(CURLOPT_PROXYAUTH, (long)(CURLAUTH_BASIC | CURLAUTH_DIGEST));
	/* What a proxy says while it connects is no answer of the server's. */
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	return rc;
}

static CURLcode set_tls(struct http *h)
{
	CURLcode rc = CURLE_OK;

	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	/* For the words about one that is refused. */
	SET(CURLOPT_CERTINFO, 1L);
	if (h->text[T_CA]) {
		SET(CURLOPT_CAINFO, h->text[T_CA]);
		/* Otherwise the system's certificates would count beside the given one. */
		SET(CURLOPT_CAPATH, NULL);
	}
	return rc;
}

static CURLcode set_interface(struct http *h)
{
	char name[64];

	if (!h->text[T_INTERFACE])
		return CURLE_OK;
	/* A device, never an address or host of that name. */
	snprintf(name, sizeof(name), "if!%s", h->text[T_INTERFACE]);
	return curl_easy_setopt(h->curl, CURLOPT_INTERFACE, name);
}

/* Options that hold for every POST. */
static CURLcode set_fixed(struct http *h)
{
	CURLcode rc = CURLE_OK;

	SET(CURLOPT_ERRORBUFFER, h->errbuf);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(CURLOPT_PROTOCOLS_STR, h->allow_http ? "http,https" : "https");
#else
	SET(CURLOPT_PROTOCOLS, (long)(h->allow_http ? CURLPROTO_HTTP | CURLPROTO_HTTPS
						    : CURLPROTO_HTTPS));
#endif
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	/* on_body() counts what comes out of it. */
	SET(CURLOPT_ACCEPT_ENCODING, "gzip");
	SET(CURLOPT_USERAGENT, h->text[T_AGENT]);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)h->connect_ms);
	SET(CURLOPT_TIMEOUT_MS, (long)h->total_ms);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, h);
	SET(CURLOPT_NOPROGRESS, 0L);
	rc = rc ? rc : set_proxy(h);
	rc = rc ? rc : set_tls(h);
	return rc ? rc : set_interface(h);
}

/*
 * Ours go home and nowhere else, and a password in the clear only where plain http was
 * allowed. Before the server has asked they stay here, too.
 */
static CURLcode set_credentials(struct http *h, const char *url)
{
	bool home = http_url_same_origin(url, h->home);
	bool auth = home && h->auth != HTTP_AUTH_NONE;
	long scheme = h->auth == HTTP_AUTH_BASIC ? (long)CURLAUTH_BASIC : (long)CURLAUTH_DIGEST;
	CURLcode rc = CURLE_OK;

	if (!h->asked)
		scheme |= (long)CURLAUTH_ONLY;
	SET(CURLOPT_HTTPAUTH, auth ? scheme : (long)CURLAUTH_NONE);
	SET(CURLOPT_USERNAME, auth ? h->text[T_USER] : NULL);
	SET(CURLOPT_PASSWORD, auth ? h->text[T_PASSWORD] : NULL);
	SET(CURLOPT_SSLCERT, home ? h->text[T_CERT] : NULL);
	SET(CURLOPT_SSLKEY, home ? h->text[T_KEY] : NULL);
	return rc;
}

static bool copy_texts(struct http *h, const struct http_opts *o)
{
	const char *const given[T_COUNT] = {
		[T_CA] = o->ca_file, [T_CERT] = o->cert_file, [T_KEY] = o->key_file,
		[T_USER] = o->auth_user, [T_PASSWORD] = o->auth_password,
		[T_AGENT] = o->user_agent ? o->user_agent : "dmsc/" DMSC_VERSION,
		[T_INTERFACE] = o->interface, [T_PROXY] = o->proxy,
		[T_PROXY_USER] = o->proxy_user, [T_PROXY_PASSWORD] = o->proxy_password,
	};

	for (size_t i = 0; i < T_COUNT; i++) {
		/* Of a user's name and a password the empty one is one. */
		bool none = !given[i] || (!given[i][0] && i != T_USER && i != T_PASSWORD);

		h->text[i] = none ? NULL : strdup(given[i]);
		if (!none && !h->text[i])
			return false;
	}
	return true;
}

int http_new(const struct http_opts *opts, struct http **out)
{
	static bool initialised;
	struct http *h;

	if (opts->ca_file && access(opts->ca_file, R_OK) < 0)
		return -EINVAL;
	if (!initialised && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	initialised = true;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->allow_http = opts->allow_http;
	h->proxy_env = opts->proxy_env;
	h->auth = opts->auth;
	h->connect_ms = opts->connect_timeout_ms ? opts->connect_timeout_ms : CONNECT_MS;
	h->total_ms = opts->total_timeout_ms ? opts->total_timeout_ms : TOTAL_MS;
	h->get_ms = opts->total_timeout_ms ? opts->total_timeout_ms : GET_MS;
	h->max_response = opts->max_response ? opts->max_response : MAX_RESPONSE;
	h->stop = opts->stop;
	h->curl = curl_easy_init();
	if (!h->curl || !copy_texts(h, opts) || set_fixed(h) != CURLE_OK) {
		http_free(h);
		return -ENOMEM;
	}
	*out = h;
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	for (size_t i = 0; i < T_COUNT; i++) {
		if (h->text[i])
			explicit_bzero(h->text[i], strlen(h->text[i]));
		free(h->text[i]);
	}
	free(h);
}

void http_home(struct http *h, const char *url)
{
	snprintf(h->home, sizeof(h->home), "%s", url);
}

void http_last_words(struct http *h, unsigned int total_timeout_ms)
{
	h->stop = NULL;
	h->total_ms = total_timeout_ms;
	if (h->connect_ms > total_timeout_ms)
		h->connect_ms = total_timeout_ms;
	curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS, (long)h->total_ms);
	curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)h->connect_ms);
}

/* --- one POST --- */

/* What the proxy said to CONNECT; 0 = nothing, or it was fine. */
static long proxy_refusal(struct http *h)
{
	long code = 0;

	if (curl_easy_getinfo(h->curl, CURLINFO_HTTP_CONNECTCODE, &code) != CURLE_OK ||
	    code / 100 == 2)
		return 0;
	return code;
}

/* Libraries tell of a file of ours as of a failed handshake. */
static bool is_file_trouble(const struct http *h)
{
	return strncasecmp(h->errbuf, "error reading", 13) == 0;
}

static enum http_err classify(CURLcode rc, const struct transfer *t)
{
	struct http *h = t->h;

	if (rc != CURLE_OK && proxy_refusal(h))
		return HTTP_ERR_PROXY;
	switch (rc) {
	case CURLE_OK:
		return HTTP_OK;
	/* CURLE_UNSUPPORTED_PROTOCOL is none of these: url_allowed() saw the scheme, so it means HTTP/0.9. */
	case CURLE_URL_MALFORMAT:
	case CURLE_LOGIN_DENIED:
		return HTTP_ERR_URL;
	case CURLE_COULDNT_RESOLVE_HOST:
		return HTTP_ERR_DNS;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return HTTP_ERR_PROXY;
	case CURLE_COULDNT_CONNECT:
		return HTTP_ERR_CONNECT;
	case CURLE_INTERFACE_FAILED:
		return HTTP_ERR_INTERFACE;
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		return HTTP_ERR_FILE;
	case CURLE_SSL_CONNECT_ERROR:
		return is_file_trouble(h) ? HTTP_ERR_FILE : HTTP_ERR_TLS;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_CLIENTCERT:
		return HTTP_ERR_TLS;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_ERR_TIMEOUT;
	case CURLE_ABORTED_BY_CALLBACK:
		return HTTP_ERR_STOPPED;
	case CURLE_FILESIZE_EXCEEDED:
		return HTTP_ERR_TOO_LARGE;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		/* TLS 1.3 refuses our certificate, or the lack of one, after its handshake. */
		return strcasestr(h->errbuf, "fatal alert") || strcasestr(h->errbuf, "tlsv13 alert") ?
			HTTP_ERR_TLS : HTTP_ERR_IO;
	default:
		return t->too_large ? HTTP_ERR_TOO_LARGE : HTTP_ERR_IO;
	}
}

/* What is known of the server's own certificate, the first of its chain. */
static void cert_facts(struct http *h, struct tls_facts *f)
{
	static const char *const names[] = { "Subject:", "Issuer:", "Start date:", "Expire date:" };
	struct curl_certinfo *info = NULL;

	if (curl_easy_getinfo(h->curl, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
	    info->num_of_certs < 1)
		return;
	for (const struct curl_slist *l = info->certinfo[0]; l; l = l->next) {
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			const char *value = l->data + strlen(names[i]);

			/* Some libraries write Start Date. */
			if (strncasecmp(l->data, names[i], strlen(names[i])) != 0)
				continue;
			if (i == 0)
				f->subject = value;
			else if (i == 1)
				f->issuer = value;
			else
				*(i == 2 ? &f->not_before : &f->not_after) = tls_time(value);
		}
	}
}

static void explain_tls(struct http *h, const char *url, const char *detail, struct http_response *r)
{
	struct slice name = http_url_host(url);
	struct tls_facts f = { .detail = detail, .subject = "", .issuer = "", .now = time(NULL),
			       .built = DMSC_BUILT };
	char host[128];

	snprintf(host, sizeof(host), "%.*s", (int)name.n, name.n ? (const char *)name.p : "");
	f.host = host;
	f.own_certificate = h->text[T_CERT] && http_url_same_origin(url, h->home);
	cert_facts(h, &f);
	tls_why(&f, r->error, sizeof(r->error));
}

/* Not in libcurl's words: they may hold the proxy's whole address, a password in it. */
static void explain_proxy(struct http *h, CURLcode rc, struct http_response *r)
{
	long code = proxy_refusal(h);

	if (code == 407)
		snprintf(r->error, sizeof(r->error), "the proxy wants a name and a password, or "
			 "other ones (HTTP 407)");
	else if (code)
		snprintf(r->error, sizeof(r->error),
			 "the proxy does not connect to the server (HTTP %ld)", code);
	else if (rc == CURLE_COULDNT_RESOLVE_PROXY)
		snprintf(r->error, sizeof(r->error), "the proxy's name is not found (DNS), or its "
			 "address is none");
	else
		snprintf(r->error, sizeof(r->error), "the proxy does not connect to the server");
}

static void explain_connect(struct http *h, const char *detail, struct http_response *r)
{
	bool proxy = h->text[T_PROXY] || h->proxy_env;
	long os = 0;

	/* libcurl's own words name host and port, the system's say why. */
	if (curl_easy_getinfo(h->curl, CURLINFO_OS_ERRNO, &os) != CURLE_OK || !os)
		os = ENOTCONN;
	snprintf(r->error, sizeof(r->error), "no connection to the server%s (%.60s): %.140s",
		 proxy ? " or its proxy" : "", strerror((int)os), detail);
}

static void explain(struct http *h, const char *url, CURLcode rc, struct http_response *r)
{
	const char *detail = h->errbuf;

	/* With an '@' they may name a proxy of the environment as it is there, password and all. */
	if (!detail[0] || (r->err != HTTP_ERR_TLS && strchr(detail, '@')))
		detail = curl_easy_strerror(rc);
	switch (r->err) {
	case HTTP_ERR_DNS:
		snprintf(r->error, sizeof(r->error), "server name not found (DNS): %.200s", detail);
		break;
	case HTTP_ERR_CONNECT:
		explain_connect(h, detail, r);
		break;
	case HTTP_ERR_TLS:
		explain_tls(h, url, detail, r);
		break;
	case HTTP_ERR_PROXY:
		explain_proxy(h, rc, r);
		break;
	case HTTP_ERR_FILE:
		snprintf(r->error, sizeof(r->error), "certificate or key of ours: %.200s", detail);
		break;
	case HTTP_ERR_INTERFACE:
		snprintf(r->error, sizeof(r->error), "there is no network device %.40s now",
			 h->text[T_INTERFACE] ? h->text[T_INTERFACE] : "");
		break;
	case HTTP_ERR_TIMEOUT:
		snprintf(r->error, sizeof(r->error), "time-out: %.200s", detail);
		break;
	case HTTP_ERR_TOO_LARGE:
		snprintf(r->error, sizeof(r->error), "answer larger than %zu bytes", h->max_response);
		break;
	case HTTP_ERR_STOPPED:
		snprintf(r->error, sizeof(r->error), "stopped");
		break;
	default:
		snprintf(r->error, sizeof(r->error), "the connection failed: %.200s", detail);
	}
}

/* "Application/X; charset=utf-8" -> "application/x" */
static void keep_type(const char *v, char *out, size_t size)
{
	size_t n = 0;

	while (v && v[n] && v[n] != ';' && v[n] != ' ' && v[n] != '\t' && n + 1 < size) {
		out[n] = v[n] >= 'A' && v[n] <= 'Z' ? (char)(v[n] + 32) : v[n];
		n++;
	}
	out[n] = '\0';
}

/* Which of the schemes the server offered with a 401 is ours; a 401 that is left is its answer to them. */
static void keep_auth(struct http *h, const char *url, struct http_response *r)
{
	long offered = 0, ours = h->auth == HTTP_AUTH_BASIC ? (long)CURLAUTH_BASIC : (long)CURLAUTH_DIGEST;

	r->foreign = !http_url_same_origin(url, h->home);
	if (h->auth == HTTP_AUTH_NONE || r->foreign ||
	    curl_easy_getinfo(h->curl, CURLINFO_HTTPAUTH_AVAIL, &offered) != CURLE_OK)
		return;
	if (r->status == 401)
		r->auth_sent = h->asked || (offered & ours);
	else
		h->asked = h->asked || (offered & ours);
}

/*
 * libcurl puts our own name and password into the URL that it makes of a Location without
 * a host. They have no business there, and it would not take such a URL again.
 */
static void drop_userinfo(char *url)
{
	char *host = strstr(url, "://"), *at;
	size_t n;

	if (!host)
		return;
	host += 3;
	n = strcspn(host, "/?#");
	at = memrchr(host, '@', n);
	if (!at)
		return;
	n = strlen(at + 1);
	memmove(host, at + 1, n + 1);
	explicit_bzero(host + n + 1, (size_t)(at - host));
}

static void keep_answer(struct http *h, struct http_response *r)
{
	curl_off_t after = 0;
	const char *v = NULL;

	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &r->status);
	if (curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &after) == CURLE_OK && after > 0)
		r->retry_after_s = after > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : (unsigned int)after;
	if (curl_easy_getinfo(h->curl, CURLINFO_CONTENT_TYPE, &v) == CURLE_OK)
		keep_type(v, r->content_type, sizeof(r->content_type));
	v = NULL;
	if (curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &v) == CURLE_OK && v &&
	    strlen(v) < sizeof(r->location)) {
		strcpy(r->location, v);
		drop_userinfo(r->location);
	}
}

static bool append(struct curl_slist **l, const char *name, const char *value)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct curl_slist *n;

	buf_printf(&b, "%s:%s%s", name, value[0] ? " " : "", value);
	n = buf_error(&b) ? NULL : curl_slist_append(*l, buf_cstr(&b));
	if (!n)
		return false;
	*l = n;
	return true;
}

static struct curl_slist *make_headers(const char *content_type, const char *hmac)
{
	struct curl_slist *l = NULL;
	bool ok = append(&l, "Content-Type", content_type) && append(&l, "Accept", content_type) &&
		  append(&l, "Accept-Charset", "utf-8") && append(&l, "Cache-Control", "no-store") &&
		  append(&l, "Expect", "");

	if (ok && hmac)
		ok = append(&l, "x-syncml-hmac", hmac);
	if (ok)
		return l;
	curl_slist_free_all(l);
	return NULL;
}

static void forget_answer(struct http *h, struct http_response *r)
{
	buf_reset(&r->body);
	r->body.max = h->max_response;
	r->err = HTTP_OK;
	r->sent = r->auth_sent = r->foreign = false;
	r->status = 0;
	r->retry_after_s = 0;
	r->error[0] = r->content_type[0] = r->location[0] = r->hmac[0] = '\0';
}

/* False with @r filled when the URL cannot even be tried. */
static bool url_allowed(struct http *h, const char *url, struct http_response *r)
{
	bool plain = http_url_is_plain(url);

	if (strlen(url) < HTTP_URL_MAX && (http_url_is_https(url) || (plain && h->allow_http)))
		return true;
	r->err = HTTP_ERR_URL;
	snprintf(r->error, sizeof(r->error), "%s",
		 plain ? "plain http is not allowed for this server (allow-http)"
		       : "the server's address is not an https URL");
	return false;
}

int http_post(struct http *h, const char *url, const char *content_type, const char *hmac,
	      struct slice body, struct http_response *r)
{
	struct transfer t = { .h = h, .r = r };
	struct curl_slist *headers;
	curl_off_t uploaded = 0;
	CURLcode rc;

	forget_answer(h, r);
	if (!url_allowed(h, url, r))
		return -EIO;
	headers = make_headers(content_type, hmac);
	if (!headers)
		return -ENOMEM;
	h->errbuf[0] = '\0';
	rc = curl_easy_setopt(h->curl, CURLOPT_URL, url);
	if (!rc)
		rc = curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
	if (!rc)
		rc = set_credentials(h, url);
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, (const char *)body.p);
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, &t);
	curl_easy_setopt(h->curl, CURLOPT_HEADERDATA, &t);
	if (!rc)
		rc = curl_easy_perform(h->curl);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	if (curl_easy_getinfo(h->curl, CURLINFO_SIZE_UPLOAD_T, &uploaded) == CURLE_OK)
		r->sent = uploaded > 0;
	if (rc == CURLE_OUT_OF_MEMORY || t.no_memory)
		return -ENOMEM;
	r->err = classify(rc, &t);
	if (r->err != HTTP_OK) {
		explain(h, url, rc, r);
		return -EIO;
	}
	keep_answer(h, r);
	keep_auth(h, url, r);
	return 0;
}

/* --- a file ---------------------------------------------------------------- */

#define STALL_S 60		/* without a byte */

struct get {
	struct transfer t;		/* first: on_progress() and classify() see it */
	const struct http_sink *sink;
	struct http_file file;
	char etag[HTTP_VALIDATOR_MAX], modified[HTTP_VALIDATOR_MAX];
	uint64_t length;		/* of the body; 0 = not said */
	bool told;			/* sink->file() was */
	int err;			/* of the sink */
};

/* The value of the header @name in the line @p, or SLICE_NONE. */
static struct slice header_value(const char *p, size_t len, const char *name)
{
	size_t skip = strlen(name);

	if (len <= skip || strncasecmp(p, name, skip) != 0)
		return SLICE_NONE;
	return str_trim(slice_of(p + skip, len - skip));
}

static void keep_value(char *out, size_t size, struct slice v)
{
	/* One that is too long, or would be no header of ours, is as none. */
	if (!str_plain(v) || str_copy(out, size, v) < 0)
		out[0] = '\0';
}

/* "bytes 100-199/1000" (RFC 9110, 14.4). */
static void keep_range(struct http_file *f, struct slice v)
{
	struct slice first, last;

	f->from = f->total = 0;
	if (!str_starts(v, "bytes "))
		return;
	v = slice_of(v.p + 6, v.n - 6);
	if (!str_split(&v, '-', &first) || !str_split(&v, '/', &last) ||
	    str_parse_u64(first, &f->from) || !slice_present(v) || str_parse_u64(v, &f->total))
		f->from = UINT64_MAX;	/* nothing that could be appended anywhere */
}

/* All headers are there: is it something for the sink, and does the sink want it? */
static int tell_file(struct get *g)
{
	g->told = true;
	curl_easy_getinfo(g->t.h->curl, CURLINFO_RESPONSE_CODE, &g->file.status);
	if (g->file.status == 200) {
		g->file.from = 0;
		g->file.total = g->length;
	}
	if (g->file.status != 200 && g->file.status != 206)
		return 0;
	memcpy(g->file.validator, g->etag[0] ? g->etag : g->modified, sizeof(g->file.validator));
	return g->sink->file(g->sink->ctx, &g->file);
}

static size_t on_file_header(char *p, size_t size, size_t n, void *ctx)
{
	struct get *g = ctx;
	struct slice v;

	if (size * n > 5 && memcmp(p, "HTTP/", 5) == 0) {
		g->etag[0] = g->modified[0] = '\0';
		g->length = 0;
		g->told = false;
		g->file = (struct http_file){ .status = 0 };
	}
	v = header_value(p, size * n, "etag:");
	if (slice_present(v) && v.n && v.p[0] == '"')	/* not a weak one, "W/..." */
		keep_value(g->etag, sizeof(g->etag), v);
	v = header_value(p, size * n, "last-modified:");
	if (slice_present(v))
		keep_value(g->modified, sizeof(g->modified), v);
	v = header_value(p, size * n, "content-range:");
	if (slice_present(v))
		keep_range(&g->file, v);
	v = header_value(p, size * n, "content-length:");
	if (slice_present(v) && str_parse_u64(v, &g->length))
		g->length = 0;
	/* Before any byte of a body, which may be long in coming. */
	if (!g->told && size * n <= 2)
		g->err = tell_file(g);
	return g->err ? 0 : size * n;
}

static size_t on_file_bytes(char *p, size_t size, size_t n, void *ctx)
{
	struct get *g = ctx;

	/* A page that says what is wrong is nobody's. */
	if (!g->err && (g->file.status == 200 || g->file.status == 206))
		g->err = g->sink->bytes(g->sink->ctx, p, size * n);
	return g->err ? 0 : size * n;
}

/* What is left for this GET; redirects and second tries do not make it longer. */
static long get_left_ms(struct http *h)
{
	struct timespec t;
	int64_t now;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	if (!h->get_end_ms)
		h->get_end_ms = now + h->get_ms;
	return h->get_end_ms > now ? (long)(h->get_end_ms - now) : 1;
}

static CURLcode set_get(struct http *h, const char *url, struct get *g, struct curl_slist *headers)
{
	CURLcode rc = CURLE_OK;

	SET(CURLOPT_HTTPGET, 1L);
	SET(CURLOPT_URL, url);
	SET(CURLOPT_HTTPHEADER, headers);
	/* As it is: a part of a compressed file cannot be gone on with. */
	SET(CURLOPT_ACCEPT_ENCODING, NULL);
	SET(CURLOPT_TIMEOUT_MS, get_left_ms(h));
	SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
	SET(CURLOPT_WRITEFUNCTION, on_file_bytes);
	SET(CURLOPT_WRITEDATA, g);
	SET(CURLOPT_HEADERFUNCTION, on_file_header);
	SET(CURLOPT_HEADERDATA, g);
	return rc ? rc : set_credentials(h, url);
}

static int get_headers(uint64_t from, const char *validator, struct curl_slist **out)
{
	char range[48];

	snprintf(range, sizeof(range), "bytes=%llu-", (unsigned long long)from);
	if (append(out, "Accept", "*/*") && (!from || append(out, "Range", range)) &&
	    (!from || !validator[0] || append(out, "If-Range", validator)))
		return 0;
	curl_slist_free_all(*out);
	return -ENOMEM;
}

int http_get(struct http *h, const char *url, uint64_t from, const char *validator,
	     const struct http_sink *k, struct http_response *r)
{
	struct get g = { .t = { .h = h, .r = r }, .sink = k };
	struct curl_slist *headers = NULL;
	CURLcode rc;

	forget_answer(h, r);
	if (!url_allowed(h, url, r))
		return -EIO;
	if (get_headers(from, validator, &headers))
		return -ENOMEM;
	h->errbuf[0] = '\0';
	rc = set_get(h, url, &g, headers);
	if (!rc)
		rc = curl_easy_perform(h->curl);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	if (rc == CURLE_OUT_OF_MEMORY)
		return -ENOMEM;
	if (g.err)
		return g.err;
	r->err = classify(rc, &g.t);
	if (r->err != HTTP_OK) {
		explain(h, url, rc, r);
		return -EIO;
	}
	keep_answer(h, r);
	return 0;
}
