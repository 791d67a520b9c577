// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HTTP POST over libcurl; the contract is in http.h. The only file that knows
 * curl, and the place where every default of curl that would reach further
 * than one server (proxies, redirects, netrc, other schemes) is switched off.
 */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include "net/http.h"

#define CONNECT_MS 20000
#define TOTAL_MS 120000
#define MAX_RESPONSE (1u << 20)

struct http {
	CURL *curl;
	char *ca_file;
	char *user_agent;
	bool allow_http;
	unsigned int connect_ms, total_ms;
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

bool http_url_is_https(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0;
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

/* Options that hold for every POST. */
static CURLcode set_fixed(struct http *h)
{
	CURL *c = h->curl;
	CURLcode rc = CURLE_OK;

#define SET(opt, val) (rc = rc ? rc : curl_easy_setopt(c, opt, val))
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
	/* An empty string, unlike NULL, also switches off the proxies of the environment. */
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (h->ca_file) {
		SET(CURLOPT_CAINFO, h->ca_file);
		/* Otherwise the system's certificates would count beside the given one. */
		SET(CURLOPT_CAPATH, NULL);
	}
	SET(CURLOPT_USERAGENT, h->user_agent);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)h->connect_ms);
	SET(CURLOPT_TIMEOUT_MS, (long)h->total_ms);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, h);
	SET(CURLOPT_NOPROGRESS, 0L);
#undef SET
	return rc;
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
	h->connect_ms = opts->connect_timeout_ms ? opts->connect_timeout_ms : CONNECT_MS;
	h->total_ms = opts->total_timeout_ms ? opts->total_timeout_ms : TOTAL_MS;
	h->max_response = opts->max_response ? opts->max_response : MAX_RESPONSE;
	h->stop = opts->stop;
	h->ca_file = opts->ca_file ? strdup(opts->ca_file) : NULL;
	h->user_agent = strdup(opts->user_agent ? opts->user_agent : "dmsc/" DMSC_VERSION);
	h->curl = curl_easy_init();
	if (!h->curl || !h->user_agent || (opts->ca_file && !h->ca_file) ||
	    set_fixed(h) != CURLE_OK) {
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
	free(h->ca_file);
	free(h->user_agent);
	free(h);
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

static enum http_err classify(CURLcode rc, const struct transfer *t)
{
	switch (rc) {
	case CURLE_OK:
		return HTTP_OK;
	/* CURLE_UNSUPPORTED_PROTOCOL is none of these: url_allowed() saw the scheme, so it means HTTP/0.9. */
	case CURLE_URL_MALFORMAT:
	case CURLE_LOGIN_DENIED:
		return HTTP_ERR_URL;
	case CURLE_COULDNT_RESOLVE_HOST:
		return HTTP_ERR_DNS;
	case CURLE_COULDNT_CONNECT:
		return HTTP_ERR_CONNECT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return HTTP_ERR_TLS;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_ERR_TIMEOUT;
	case CURLE_ABORTED_BY_CALLBACK:
		return HTTP_ERR_STOPPED;
	case CURLE_FILESIZE_EXCEEDED:
		return HTTP_ERR_TOO_LARGE;
	default:
		return t->too_large ? HTTP_ERR_TOO_LARGE : HTTP_ERR_IO;
	}
}

static void explain(struct http *h, CURLcode rc, struct http_response *r)
{
	const char *detail = h->errbuf[0] ? h->errbuf : curl_easy_strerror(rc);
	long os = 0;

	switch (r->err) {
	case HTTP_ERR_DNS:
		snprintf(r->error, sizeof(r->error), "server name not found (DNS): %.200s", detail);
		break;
	case HTTP_ERR_CONNECT:
		/* libcurl's own words name host and port, the system's say why. */
		if (curl_easy_getinfo(h->curl, CURLINFO_OS_ERRNO, &os) != CURLE_OK || !os)
			os = ENOTCONN;
		snprintf(r->error, sizeof(r->error), "no connection to the server (%.60s): %.160s",
			 strerror((int)os), detail);
		break;
	case HTTP_ERR_TLS:
		snprintf(r->error, sizeof(r->error), "TLS: %.200s", detail);
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

static void keep_answer(struct http *h, struct http_response *r)
{
	const char *v = NULL;

	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &r->status);
	if (curl_easy_getinfo(h->curl, CURLINFO_CONTENT_TYPE, &v) == CURLE_OK)
		keep_type(v, r->content_type, sizeof(r->content_type));
	v = NULL;
	if (curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &v) == CURLE_OK && v &&
	    strlen(v) < sizeof(r->location))
		strcpy(r->location, v);
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
	r->sent = false;
	r->status = 0;
	r->error[0] = r->content_type[0] = r->location[0] = r->hmac[0] = '\0';
}

/* False with @r filled when the URL cannot even be tried. */
static bool url_allowed(struct http *h, const char *url, struct http_response *r)
{
	bool plain = strncasecmp(url, "http://", 7) == 0;

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
		explain(h, rc, r);
		return -EIO;
	}
	keep_answer(h, r);
	return 0;
}
