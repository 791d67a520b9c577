// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sessions and messages as events of the record. It judges nothing; it keeps
 * credentials and secrets out.
 */
#include "session.h"

#include <stdlib.h>

#include "json.h"
#include "util/log.h"
#include "util/str.h"

#define TRACE_VALUE_MAX 4096
#define TRACE_CMDS_MAX 1000

static bool contains(struct slice s, const char *needle)
{
	return s.n && memmem(s.p, s.n, needle, strlen(needle));
}

static bool is_secret(const struct dm_item *it)
{
	static const char *const names[] = { "AAuthSecret", "AAuthData", "ClientPW", "ServerPW",
					     "ClientNonce", "ServerNonce" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (contains(it->target, names[i]) || contains(it->source, names[i]) ||
		    contains(it->data, names[i]))
			return true;
	return false;
}

static void put_value(struct buf *e, const struct dm_item *it)
{
	struct slice v = it->data;

	if (!slice_present(v))
		return;
	if (is_secret(it)) {
		json_bool(e, "secret", true);
		return;
	}
	if (v.n > TRACE_VALUE_MAX) {
		json_num(e, "bytes", v.n);
		v.n = TRACE_VALUE_MAX;
		/* Not in the middle of a character. */
		while (v.n && (v.p[v.n] & 0xc0) == 0x80)
			v.n--;
	}
	json_bytes(e, "value", v);
}

/* @meta: the command's, used where the item has none of its own. */
static void put_items(struct buf *e, const struct dm_cmd *c)
{
	size_t i;

	if (!c->nitems)
		return;
	json_open(e, "items", '[');
	for (i = 0; i < c->nitems; i++) {
		const struct dm_item *it = &c->items[i];
		const struct dm_meta *m = &it->meta;

		json_open(e, NULL, '{');
		json_bytes(e, "target", it->target);
		json_bytes(e, "source", it->source);
		json_bytes(e, "format", slice_present(m->format) ? m->format : c->meta.format);
		json_bytes(e, "type", slice_present(m->type) ? m->type : c->meta.type);
		json_bytes(e, "mark", slice_present(m->mark) ? m->mark : c->meta.mark);
		if (m->has_size)
			json_num(e, "size", m->size);
		if (it->more_data)
			json_bool(e, "more_data", true);
		put_value(e, it);
		json_close(e, '}');
	}
	json_close(e, ']');
}

static void put_cmd(struct buf *e, const struct message_cmd *mc)
{
	const struct dm_cmd *c = &mc->c;
	const char *name = dm_cmd_kind_name(c->kind);
	uint32_t code;

	json_open(e, NULL, '{');
	json_bytes(e, "cmd_id", c->cmd_id);
	switch (c->kind) {
	case DM_CMD_STATUS:
		json_bytes(e, "msg_ref", c->msg_ref);
		json_bytes(e, "cmd_ref", c->cmd_ref);
		json_bytes(e, "cmd", c->cmd);
		json_bytes(e, "target_ref", c->target_ref);
		json_bytes(e, "source_ref", c->source_ref);
		if (!str_parse_u32(c->data, &code))
			json_num(e, "code", code);
		if (c->has_chal)
			json_bytes(e, "challenge", c->chal.type);
		break;
	case DM_CMD_RESULTS:
		json_bytes(e, "msg_ref", c->msg_ref);
		json_bytes(e, "cmd_ref", c->cmd_ref);
		break;
	case DM_CMD_ALERT:
		if (!str_parse_u32(c->data, &code))
			json_num(e, "code", code);
		json_bytes(e, "correlator", c->correlator);
		break;
	default:
		json_bytes(e, "cmd", name ? slice_str(name) : c->name);
		json_num(e, "depth", mc->depth);
		json_bytes(e, "correlator", c->correlator);
	}
	put_items(e, c);
	json_close(e, '}');
}

enum group { GROUP_STATUSES, GROUP_RESULTS, GROUP_ALERTS, GROUP_COMMANDS, GROUPS };

static enum group group_of(const struct dm_cmd *c)
{
	switch (c->kind) {
	case DM_CMD_STATUS:
		return GROUP_STATUSES;
	case DM_CMD_RESULTS:
		return GROUP_RESULTS;
	case DM_CMD_ALERT:
		return GROUP_ALERTS;
	default:
		return GROUP_COMMANDS;
	}
}

static void put_message(struct buf *e, const struct message *m)
{
	static const char *const names[GROUPS] = { "statuses", "results", "alerts", "commands" };
	enum group g;
	size_t i;

	json_bytes(e, "session_id", m->hdr.session_id);
	json_bytes(e, "msg_id", m->hdr.msg_id);
	json_bytes(e, "source", m->hdr.source);
	json_bytes(e, "user", m->hdr.source_name);
	json_bytes(e, "target", m->hdr.target);
	if (m->hdr.has_cred)
		json_bytes(e, "cred", m->hdr.cred.meta.type);
	if (m->hdr.meta.has_max_msg_size)
		json_num(e, "max_msg_size", m->hdr.meta.max_msg_size);
	if (m->hdr.meta.has_max_obj_size)
		json_num(e, "max_obj_size", m->hdr.meta.max_obj_size);
	json_bool(e, "final", m->final);
	for (g = GROUP_STATUSES; g < GROUPS; g++) {
		json_open(e, names[g], '[');
		for (i = 0; i < m->n && i < TRACE_CMDS_MAX; i++)
			if (group_of(&m->cmds[i].c) == g)
				put_cmd(e, &m->cmds[i]);
		json_close(e, ']');
	}
}

/* One short word for each command, for the log line: "Alert 1201, Replace x5". */
static void put_digest(struct buf *line, const struct message *m)
{
	size_t i;

	for (i = 0; i < m->n && line->len < 400; i++) {
		const struct dm_cmd *c = &m->cmds[i].c;
		const char *name = dm_cmd_kind_name(c->kind);

		buf_put_str(line, line->len ? ", " : "");
		buf_printf(line, "%s", name ? name : "other");
		if (c->kind == DM_CMD_ALERT)
			buf_printf(line, " %.*s", VIEW(c->data));
		else if (c->kind == DM_CMD_STATUS)
			buf_printf(line, "(%.*s) %.*s", VIEW(c->cmd), VIEW(c->data));
		else if (c->nitems)
			buf_printf(line, " %.*s",
				   VIEW(slice_present(c->items[0].target) ? c->items[0].target :
									    c->items[0].source));
	}
	if (i < m->n)
		buf_put_str(line, " ...");
}

static void log_message(const struct session *s, const char *arrow, const struct message *m,
			const char *note)
{
	struct buf line = BUF_INIT;

	put_digest(&line, m);
	log_info("session %u %s message %.*s%s%s: %s%s", s->number, arrow, VIEW(m->hdr.msg_id),
		 note[0] ? ", " : "", note, buf_cstr(&line), m->final ? ", Final" : "");
	buf_fini(&line);
}

static const char *encoding(enum codec_format f)
{
	return f == CODEC_WBXML ? "wbxml" : "xml";
}

void trace_message_in(struct server *srv, struct session *s, const struct message *m,
		      unsigned int exchange, size_t bytes, const struct dm_request *req,
		      const char *auth)
{
	struct buf *e = record_begin(srv->record, "message-in");

	json_num(e, "session", s->number);
	json_num(e, "exchange", exchange);
	json_str(e, "encoding", encoding(m->format));
	json_num(e, "size", bytes);
	json_bytes(e, "path", req->path);
	json_str(e, "auth", auth);
	put_message(e, m);
	record_end(srv->record);
	log_message(s, "<-", m, auth);
}

void trace_message_out(struct server *srv, struct session *s, struct slice bytes,
		       unsigned int exchange, const char *note)
{
	struct buf *e = record_begin(srv->record, "message-out");
	struct codec_error why;
	struct message m;

	json_num(e, "session", s->number);
	json_num(e, "exchange", exchange);
	json_str(e, "encoding", encoding(s->format));
	json_num(e, "size", bytes.n);
	if (note[0])
		json_str(e, "note", note);
	if (message_decode(&m, s->format, bytes, &why)) {
		/* Our own encoder's fault: a message no decoder takes is never sent silently. */
		log_err("session %u: our own message does not decode: %s", s->number, why.text);
		json_str(e, "error", why.text);
		record_end(srv->record);
	} else {
		put_message(e, &m);
		record_end(srv->record);
		log_message(s, "->", &m, note);
	}
	message_fini(&m);
}

void trace_session(struct server *srv, struct session *s, const char *event, const char *outcome,
		   struct slice peer)
{
	struct buf *e = record_begin(srv->record, event);

	json_num(e, "session", s->number);
	json_bytes(e, "device", buf_slice(&s->device));
	json_bytes(e, "session_id", buf_slice(&s->id));
	json_bytes(e, "peer", peer);
	if (outcome) {
		json_str(e, "outcome", outcome);
		if (s->user)
			json_bytes(e, "user", s->user->name);
		json_bool(e, "authenticated", s->authed);
		json_num(e, "initiation", s->initiation);
		json_num(e, "duration_ms", s->last_ms - s->started_ms);
		json_num(e, "messages_in", s->sum.in);
		json_num(e, "messages_out", s->sum.out);
		json_num(e, "commands", s->sum.commands);
		json_num(e, "ok", s->sum.ok);
		json_num(e, "generic_alerts", s->sum.alerts);
		json_num(e, "violations", s->sum.violations);
		json_num(e, "failed_expects", s->sum.failed);
		log_notice("session %u of %.*s ends: %s; %u in, %u out, %u commands (%u ok), %u violations, %u failed expectations",
			   s->number, VIEW(buf_slice(&s->device)), outcome, s->sum.in, s->sum.out,
			   s->sum.commands, s->sum.ok, s->sum.violations, s->sum.failed);
	} else {
		log_notice("session %u begins: device %.*s, SessionID %.*s, from %.*s", s->number,
			   VIEW(buf_slice(&s->device)), VIEW(buf_slice(&s->id)), VIEW(peer));
	}
	record_end(srv->record);
}
