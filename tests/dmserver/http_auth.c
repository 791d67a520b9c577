// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What HTTP and TLS ask of a client, apart from DM: basic and digest
 * credentials (RFC 7617, 7616), and a certificate.
 */
#include "http_int.h"

#include <stdlib.h>

#include "http_tls.h"
#include "util/digest.h"

#define REALM "dm-server"
#define OPAQUE "dmsc"
#define DIGEST_NONCE_S 300

const char *http_header(const struct call *c, const char *name)
{
	return MHD_lookup_connection_value(c->conn, MHD_HEADER_KIND, name);
}

static const char *password_of(const struct call *c, struct slice name)
{
	return c->http->cfg.password(c->http->cfg.ctx, name);
}

static bool basic_right(struct call *c)
{
	const char *header = http_header(c, MHD_HTTP_HEADER_AUTHORIZATION), *password;
	struct buf plain = BUF_INIT;
	struct slice name, rest;
	bool right = false;

	if (header && !strncmp(header, "Basic ", 6) &&
	    !base64_decode(&plain, slice_str(header + 6))) {
		const uint8_t *colon = plain.len ? memchr(plain.data, ':', plain.len) : NULL;

		if (colon) {
			name = slice_of(plain.data, (size_t)(colon - plain.data));
			rest = slice_of(colon + 1, plain.len - name.n - 1);
			password = password_of(c, name);
			right = password && digest_equal_slice(rest, slice_str(password));
		}
	}
	buf_wipe_fini(&plain);
	return right;
}

static bool digest_right(struct call *c)
{
	char *name = MHD_digest_auth_get_username(c->conn);
	const char *password = name ? password_of(c, slice_str(name)) : NULL;
	int ret = MHD_NO;

	if (password)
		ret = MHD_digest_auth_check2(c->conn, REALM, name, password, DIGEST_NONCE_S,
					     MHD_DIGEST_ALG_MD5);
	c->stale = ret == MHD_INVALID_NONCE;
	MHD_free(name);
	return ret == MHD_YES;
}

bool http_authorized(struct call *c)
{
	switch (c->http->cfg.auth) {
	case HTTP_AUTH_BASIC:
		return basic_right(c);
	case HTTP_AUTH_DIGEST:
		return digest_right(c);
	default:
		return true;
	}
}

enum MHD_Result http_challenge(struct call *c, struct MHD_Response *r)
{
	if (c->http->cfg.auth == HTTP_AUTH_DIGEST)
		return MHD_queue_auth_fail_response2(c->conn, REALM, OPAQUE, r,
						     c->stale ? MHD_YES : MHD_NO,
						     MHD_DIGEST_ALG_MD5);
	MHD_add_response_header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Basic realm=\"" REALM "\"");
	return MHD_queue_response(c->conn, MHD_HTTP_UNAUTHORIZED, r);
}

void http_on_connection(void *ctx, struct MHD_Connection *conn, void **state,
			enum MHD_ConnectionNotificationCode what)
{
	const struct http *h = ctx;
	const union MHD_ConnectionInfo *info;

	if (!h->cfg.client_ca || what != MHD_CONNECTION_NOTIFY_STARTED)
		return;
	info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (!info || !info->tls_session)
		abort();	/* nobody may come in unseen */
	http_tls_demand(info->tls_session);
}
