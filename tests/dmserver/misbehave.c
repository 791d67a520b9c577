// SPDX-License-Identifier: GPL-2.0-or-later
/* The bad behaviour a script asks for: answers that are none, and answers sent badly. */
#include "session.h"

#include "json.h"
#include "util/log.h"

static const char portal_page[] =
	"<!DOCTYPE html>\n<html><head><title>Welcome</title></head>"
	"<body><h1>Please log in to use this network</h1></body></html>\n";

void misbehave_send(struct dm_response *res, const struct script_pkg *pkg)
{
	res->delay_ms = pkg->delay_ms;
	res->how = pkg->body;
	res->trickle_ms = pkg->trickle_ms;
	res->retry_after_s = pkg->retry_after_s;
	res->other_type = pkg->content_type;
}

static const char *behave(struct dm_response *res, const struct script_pkg *pkg,
			  const struct session *s, enum codec_format format)
{
	static const uint8_t garbage[] = { 0x02, 0xa4, 0x01, 0x6a, 0x00, 0x6d, 0x6c, 0xff, 0xff,
					   0xff, 0xff, 0xff, 0xc3, 0x90, 0x80, 0x80, '<', 0x00 };

	misbehave_send(res, pkg);
	switch (pkg->behave) {
	case BEHAVE_HTTP:
		res->http_status = pkg->http_status;
		return "http status";
	case BEHAVE_HTML:
		res->content_type = "text/html";
		buf_put_str(&res->body, portal_page);
		return "html page";
	case BEHAVE_GARBAGE:
		res->content_type = codec_encoder(format)->mime;
		buf_put(&res->body, garbage, sizeof(garbage));
		return "garbage";
	case BEHAVE_REDIRECT:
		res->http_status = pkg->http_status;
		res->location = pkg->url;
		return "redirect";
	case BEHAVE_REPLAY:
		res->content_type = codec_encoder(s->format)->mime;
		buf_put_slice(&res->body, buf_slice(&s->reply));
		buf_put_slice(&res->hmac, buf_slice(&s->reply_hmac));
		return "replay";
	default:
		res->drop = true;
		return "drop";
	}
}

void misbehave_play(struct server *srv, struct session *s, struct script_pkg *pkg,
		    const struct message *m, unsigned int exchange, struct dm_response *res)
{
	const char *what = behave(res, pkg, s, m->format);
	struct buf *e = record_begin(srv->record, "misbehave");

	s->played = pkg;
	s->behaved = true;
	s->lost = true;
	json_num(e, "session", s->number);
	json_num(e, "exchange", exchange);
	json_num(e, "line", pkg->line);
	json_str(e, "what", what);
	json_num(e, "http_status", res->http_status);
	record_end(srv->record);
	log_notice("session %u -> %s, as the script says", s->number, what);
}

bool misbehave_undelivered(const struct script_pkg *pkg)
{
	switch (pkg->body) {
	case BODY_WHOLE:
	case BODY_GZIP:
	case BODY_TRICKLE:
		return slice_present(pkg->content_type);
	default:
		return true;
	}
}
