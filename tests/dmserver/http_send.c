// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers on their way: headers, and a body that comes as the script wants it to come. */
#include "http_int.h"

#include <stdio.h>

#include "gzip.h"

#define HANG_MS 60000		/* then the connection ends */
#define BOMB_BLANKS (16u << 20)

/* A body that comes bit by bit: the bytes from @pos on. */
static ssize_t on_read(void *ctx, uint64_t pos, char *out, size_t max)
{
	struct call *c = ctx;
	const struct buf *b = &c->res.body;
	size_t n = pos < b->len ? b->len - pos : 0;

	if (c->res.drop)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	switch (c->res.how) {
	case BODY_TRUNCATED:
		n = pos < b->len / 2 ? b->len / 2 - pos : 0;
		break;
	case BODY_ENDLESS:
		if (!n) {
			memset(out, ' ', max);
			return (ssize_t)max;
		}
		break;
	default:
		/* One byte when the time has come, none for BODY_HANG. */
		if (session_now_ms() < c->due_ms || !c->due_ms) {
			http_pause(c, c->res.how == BODY_HANG ? HANG_MS : c->res.trickle_ms);
			return 0;
		}
		c->due_ms = 0;
		n = c->res.how != BODY_HANG && n ? 1 : 0;
	}
	if (!n)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	n = n < max ? n : max;
	memcpy(out, b->data + pos, n);
	return (ssize_t)n;
}

static bool takes_gzip(const struct call *c)
{
	const char *list = http_header(c, MHD_HTTP_HEADER_ACCEPT_ENCODING);

	return list && strstr(list, "gzip");
}

static struct MHD_Response *make_response(struct call *c)
{
	struct buf *body = &c->res.body;
	uint64_t size = body->len;

	switch (c->res.how) {
	case BODY_HANG:
	case BODY_TRUNCATED:
	case BODY_ENDLESS:
	case BODY_TRICKLE:
		if (c->res.how == BODY_ENDLESS)
			size = MHD_SIZE_UNKNOWN;
		c->due_ms = 0;
		return MHD_create_response_from_callback(size, 4096, on_read, c, NULL);
	case BODY_GZIP:
	case BODY_BOMB:
		if (c->res.how == BODY_GZIP && !takes_gzip(c))
			break;
		if (gzip_pack(&c->packed, buf_slice(body),
			      c->res.how == BODY_BOMB ? BOMB_BLANKS : 0))
			return NULL;
		body = &c->packed;
		break;
	default:
		break;
	}
	return MHD_create_response_from_buffer(body->len, (void *)buf_cstr(body),
					       MHD_RESPMEM_MUST_COPY);
}

/* A text of the script as a header; it may be longer than any header is. */
static void add_slice(struct MHD_Response *r, const char *name, struct slice value)
{
	char text[1024];

	snprintf(text, sizeof(text), "%.*s", (int)(value.n > 1000 ? 1000 : value.n),
		 (const char *)value.p);
	MHD_add_response_header(r, name, text);
}

static void add_headers(const struct call *c, struct MHD_Response *r)
{
	char number[16];

	if (slice_present(c->res.other_type))
		add_slice(r, MHD_HTTP_HEADER_CONTENT_TYPE, c->res.other_type);
	else if (c->res.content_type)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, c->res.content_type);
	if (slice_present(c->res.location))
		add_slice(r, MHD_HTTP_HEADER_LOCATION, c->res.location);
	if (c->res.hmac.len)
		MHD_add_response_header(r, "x-syncml-hmac", buf_cstr(&c->res.hmac));
	if (c->packed.len)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	if (c->res.retry_after_s) {
		snprintf(number, sizeof(number), "%u", c->res.retry_after_s);
		MHD_add_response_header(r, MHD_HTTP_HEADER_RETRY_AFTER, number);
	}
	if (c->res.http_status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "POST");
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "private, no-store");
}

enum MHD_Result http_send(struct call *c)
{
	struct MHD_Response *r = c->res.drop ? NULL : make_response(c);
	enum MHD_Result ok;

	if (!r)
		return MHD_NO;
	add_headers(c, r);
	if (c->res.http_status == MHD_HTTP_UNAUTHORIZED && c->refused)
		ok = http_challenge(c, r);
	else
		ok = MHD_queue_response(c->conn, c->res.http_status, r);
	MHD_destroy_response(r);
	return ok;
}
