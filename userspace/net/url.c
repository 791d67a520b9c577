// SPDX-License-Identifier: GPL-2.0-or-later
/* URLs as far as their origin goes; the contract is in url.h. */
#include "net/url.h"

#include <string.h>
#include <strings.h>

#include "util/str.h"

struct origin {
	bool https;
	struct slice host;
	uint32_t port;
};

bool http_url_is_https(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0;
}

bool http_url_is_plain(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0;
}

/* "host", "host:port", "[v6]:port" */
static bool split_authority(struct slice a, struct origin *o)
{
	const uint8_t *colon = a.n ? memchr(a.p, ':', a.n) : NULL;
	struct slice port = SLICE_NONE;

	o->host = a;
	if (a.n && a.p[0] == '[') {
		const uint8_t *end = memchr(a.p, ']', a.n);

		if (!end)
			return false;
		o->host = slice_of(a.p + 1, (size_t)(end - a.p) - 1);
		port = slice_of(end + 1, (size_t)(a.p + a.n - end) - 1);
	} else if (colon) {
		o->host = slice_of(a.p, (size_t)(colon - a.p));
		port = slice_of(colon, (size_t)(a.p + a.n - colon));
	}
	if (!o->host.n || (port.n && port.p[0] != ':'))
		return false;
	/* "host:" has the port of its scheme. */
	return port.n <= 1 ||
	       (!str_parse_u32(slice_of(port.p + 1, port.n - 1), &o->port) && o->port <= 65535);
}

static bool split(const char *url, struct origin *o)
{
	struct slice a;

	o->https = http_url_is_https(url);
	if (!o->https && !http_url_is_plain(url))
		return false;
	url += o->https ? 8 : 7;
	a = slice_of(url, strcspn(url, "/?#"));
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] <= ' ' || a.p[i] >= 0x7f || strchr("@\\%", a.p[i]))
			return false;
	o->port = o->https ? 443 : 80;
	return split_authority(a, o);
}

struct slice http_url_host(const char *url)
{
	struct origin o;

	return split(url, &o) ? o.host : SLICE_NONE;
}

bool http_url_same_origin(const char *a, const char *b)
{
	struct origin x, y;

	return split(a, &x) && split(b, &y) && x.https == y.https && x.port == y.port &&
	       x.host.n == y.host.n &&
	       strncasecmp((const char *)x.host.p, (const char *)y.host.p, x.host.n) == 0;
}
