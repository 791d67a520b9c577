// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client's Status and Results against what was sent: references, order,
 * expectations. It decides nothing about the next message.
 */
#include "session.h"

#include <errno.h>
#include <stdlib.h>

#include "json.h"
#include "util/digest.h"
#include "util/log.h"
#include "util/str.h"

static bool success(uint32_t status)
{
	return status >= 200 && status < 300;
}

void answers_clear(struct session *s)
{
	size_t i;

	for (i = 0; i < s->nsent; i++)
		buf_fini(&s->sent[i].value);
	free(s->sent);
	s->sent = NULL;
	s->nsent = 0;
	s->cap_sent = 0;
}

struct sent *answers_add(struct session *s, const struct script_cmd *cmd, enum dm_cmd_kind kind,
			 uint32_t cmd_id)
{
	size_t cap = s->cap_sent ? 2 * s->cap_sent : 16;
	struct sent *more;

	if (s->nsent == s->cap_sent) {
		more = realloc(s->sent, cap * sizeof(*more));
		if (!more)
			return NULL;
		s->sent = more;
		s->cap_sent = cap;
	}
	s->sent[s->nsent] = (struct sent){
		.cmd = cmd,
		.kind = kind,
		.msg_id = s->out_msgid,
		.cmd_id = cmd_id,
	};
	return &s->sent[s->nsent++];
}

static struct sent *find_sent(struct session *s, uint32_t msg_id, uint32_t cmd_id)
{
	size_t i;

	for (i = 0; i < s->nsent; i++)
		if (s->sent[i].msg_id == msg_id && s->sent[i].cmd_id == cmd_id)
			return &s->sent[i];
	return NULL;
}

/* --- expect-value ------------------------------------------------------------- */

/* Base64 is unpacked: a script says what the value is, not how it travelled. */
static void unpack(const struct dm_meta *meta, const struct dm_item *it, struct slice data,
		   struct buf *out)
{
	struct slice format = slice_present(it->meta.format) ? it->meta.format : meta->format;

	buf_reset(out);
	if (!it->data_opaque &&
	    (slice_eq_str(format, "b64") || slice_eq_str(format, "bin")) &&
	    !base64_decode(out, data))
		return;
	buf_reset(out);
	buf_put_slice(out, data);
}

static void match_wants(struct sent *sent, struct slice uri, struct slice raw)
{
	const struct script_want *w;
	unsigned int i = 0;

	if (!sent->cmd)
		return;
	for (w = sent->cmd->wants; w && i < 64; w = w->next, i++)
		if ((!slice_present(w->uri) || slice_eq(w->uri, uri)) &&
		    (slice_eq(w->value, buf_slice(&sent->value)) || slice_eq(w->value, raw)))
			sent->wants_met |= 1ull << i;
}

static void take_items(struct session *s, struct sent *sent, const struct dm_cmd *c,
		       struct answers *a)
{
	struct slice uri, data;
	size_t i;

	for (i = 0; i < c->nitems; i++) {
		const struct dm_item *it = &c->items[i];

		uri = slice_present(it->source) ? it->source : c->source_ref;
		data = it->data;
		if (it->more_data || s->large.len) {
			s->large.max = SENT_VALUE_MAX;
			buf_put_slice(&s->large, it->data);
			if (it->more_data) {
				a->more = true;
				continue;
			}
			data = buf_slice(&s->large);
		}
		unpack(&c->meta, it, data, &sent->value);
		match_wants(sent, uri, data);
		buf_reset(&s->large);
	}
}

/* --- Status ---------------------------------------------------------------------- */

/* The client's own challenge: its nonce for our credentials. */
static void take_challenge(struct server *srv, struct session *s, const struct dm_cmd *c,
			   uint32_t code, struct answers *a)
{
	struct buf nonce = BUF_INIT;

	if (code == 401 || code == 407) {
		a->refused = true;
		if (!c->has_chal)
			violation(srv, s, "DM Protocol, authentication",
				  "Status %u of SyncHdr without Chal", code);
	}
	if (!c->has_chal)
		return;
	if (slice_eq_str(c->chal.type, auth_scheme_name(AUTH_BASIC)))
		s->server_scheme = AUTH_BASIC;
	else if (slice_eq_str(c->chal.type, auth_scheme_name(AUTH_MD5)))
		s->server_scheme = AUTH_MD5;
	else if (slice_eq_str(c->chal.type, auth_scheme_name(AUTH_MAC)))
		s->server_scheme = AUTH_MAC;
	else
		violation(srv, s, "RepPro Chal", "Meta/Type \"%.*s\" is no scheme",
			  VIEW(c->chal.type));
	if (s->server_scheme != AUTH_BASIC && !c->chal.next_nonce.n)
		violation(srv, s, "RepPro Chal", "a challenge without NextNonce");
	if (!s->user || !c->chal.next_nonce.n)
		return;
	if (base64_decode(&nonce, c->chal.next_nonce)) {
		buf_reset(&nonce);
		if (c->chal.nonce_opaque)
			buf_put_slice(&nonce, c->chal.next_nonce);
		else
			violation(srv, s, "RepPro NextNonce", "is no base64");
	}
	if (nonce.len) {
		buf_reset(&s->user->server_nonce);
		buf_put_slice(&s->user->server_nonce, buf_slice(&nonce));
		s->user->has_server_nonce = true;
		s->server_nonce_used = false;
		users_save(srv->users);
	}
	buf_wipe_fini(&nonce);
}

void answers_stranger(struct session *s, const struct message *m)
{
	size_t i;

	buf_reset(&s->try_nonce);
	for (i = 0; i < m->n; i++) {
		const struct dm_cmd *c = &m->cmds[i].c;

		if (c->kind == DM_CMD_STATUS && slice_eq_str(c->cmd_ref, "0") && c->has_chal &&
		    c->chal.next_nonce.n && base64_decode(&s->try_nonce, c->chal.next_nonce))
			buf_reset(&s->try_nonce);
	}
}

/* Do we sign what we send to this client? */
static bool signs(const struct session *s)
{
	return (s->server_scheme != AUTH_NONE ? s->server_scheme : s->user->server_scheme) ==
	       AUTH_MAC;
}

struct order {
	bool hdr_seen;
	uint32_t msg_ref, cmd_ref;	/* of the last Status */
};

static void check_order(struct server *srv, struct session *s, struct order *o, uint32_t msg_ref,
			uint32_t cmd_ref, const struct sent *sent)
{
	/* A container's own status is known last; no clause says where it stands. */
	if (sent && (sent->kind == DM_CMD_ATOMIC || sent->kind == DM_CMD_SEQUENCE))
		return;
	if (msg_ref < o->msg_ref || (msg_ref == o->msg_ref && cmd_ref < o->cmd_ref))
		violation(srv, s, "RepPro Status",
			  "Status of command %u behind that of command %u: order of receipt",
			  cmd_ref, o->cmd_ref);
	o->msg_ref = msg_ref;
	o->cmd_ref = cmd_ref;
}

static void take_hdr_status(struct server *srv, struct session *s, const struct dm_cmd *c,
			    uint32_t msg_ref, uint32_t code, struct order *o, struct answers *a)
{
	if (msg_ref == s->out_msgid)
		o->hdr_seen = true;
	if (slice_present(c->cmd) && !slice_eq_str(c->cmd, "SyncHdr"))
		violation(srv, s, "RepPro Status", "CmdRef 0 with Cmd \"%.*s\", must be SyncHdr",
			  VIEW(c->cmd));
	if (!success(code) && code != 401 && code != 407)
		log_notice("session %u: the client answers %u to our SyncHdr", s->number, code);
	s->server_accepted = code == 212;
	take_challenge(srv, s, c, code, a);
	if (!s->user || !signs(s) || !s->last_server_nonce.len || !success(code))
		return;
	if (code != 200)
		violation(srv, s, "DM Security, MAC", "a signed message is answered with %u", code);
	if (s->server_nonce_used)
		violation(srv, s, "DM Security, MAC", "no NextNonce for the next signature");
}

static void take_status(struct server *srv, struct session *s, const struct dm_cmd *c,
			struct order *o, struct answers *a)
{
	uint32_t msg_ref, cmd_ref, code;
	const char *name;
	struct sent *sent;

	if (str_parse_u32(c->msg_ref, &msg_ref) || str_parse_u32(c->cmd_ref, &cmd_ref)) {
		violation(srv, s, "RepPro Status", "MsgRef \"%.*s\" or CmdRef \"%.*s\" is no number",
			  VIEW(c->msg_ref), VIEW(c->cmd_ref));
		return;
	}
	if (str_parse_u32(c->data, &code) || code < 100 || code > 599) {
		violation(srv, s, "RepPro Status", "Data \"%.*s\" is no status code",
			  VIEW(c->data));
		return;
	}
	if (!slice_present(c->cmd))
		violation(srv, s, "RepPro Status", "no Cmd");
	if (slice_eq_str(c->cmd, "Status")) {
		violation(srv, s, "RepPro Status", "a Status is not answered with a Status");
		return;
	}
	if (!msg_ref || msg_ref > s->out_msgid) {
		violation(srv, s, "RepPro Status", "MsgRef %u: no such message was sent", msg_ref);
		return;
	}
	if (!cmd_ref) {
		check_order(srv, s, o, msg_ref, cmd_ref, NULL);
		take_hdr_status(srv, s, c, msg_ref, code, o, a);
		return;
	}
	sent = find_sent(s, msg_ref, cmd_ref);
	if (!sent) {
		violation(srv, s, "RepPro Status",
			  "for MsgRef %u CmdRef %u, which asked for none", msg_ref, cmd_ref);
		return;
	}
	check_order(srv, s, o, msg_ref, cmd_ref, sent);
	name = dm_cmd_kind_name(sent->kind);
	if (slice_present(c->cmd) && !slice_eq_str(c->cmd, name))
		violation(srv, s, "RepPro Status", "Cmd is \"%.*s\", command %u was %s",
			  VIEW(c->cmd), cmd_ref, name);
	if (sent->status && !(sent->cmd && sent->cmd->nitems > 1))
		violation(srv, s, "RepPro Status", "a second one for command %u (%s)", cmd_ref,
			  name);
	sent->status = code;
	take_items(s, sent, c, a);
}

/* --- Results ------------------------------------------------------------------------ */

static void take_results(struct server *srv, struct session *s, const struct dm_cmd *c,
			 struct answers *a)
{
	uint32_t msg_ref = s->out_msgid, cmd_ref;
	struct sent *sent;
	size_t i;

	if (!slice_present(c->msg_ref) || str_parse_u32(c->msg_ref, &msg_ref))
		violation(srv, s, "RepPro Results", "MsgRef \"%.*s\" is no number",
			  VIEW(c->msg_ref));
	if (str_parse_u32(c->cmd_ref, &cmd_ref)) {
		violation(srv, s, "RepPro Results", "CmdRef \"%.*s\" is no number",
			  VIEW(c->cmd_ref));
		return;
	}
	sent = find_sent(s, msg_ref, cmd_ref);
	if (!sent || (sent->kind != DM_CMD_GET && sent->kind != DM_CMD_EXEC)) {
		violation(srv, s, "RepPro Results", "for MsgRef %u CmdRef %u, which is no Get",
			  msg_ref, cmd_ref);
		return;
	}
	if (!sent->status)
		violation(srv, s, "RepPro Results", "before the Status of the same command %u",
			  cmd_ref);
	else if (!success(sent->status))
		violation(srv, s, "RepPro Results", "for command %u, whose Status is %u", cmd_ref,
			  sent->status);
	if (!c->nitems)
		violation(srv, s, "RepPro Results", "without an Item");
	for (i = 0; i < c->nitems; i++)
		if (!c->items[i].source.n)
			violation(srv, s, "DM Protocol, package 3",
				  "an Item of Results has no Source/LocURI");
	take_items(s, sent, c, a);
}

void answers_take(struct server *srv, struct session *s, const struct message *m,
		  struct answers *a)
{
	struct order o = { 0 };
	bool hdr_due;
	size_t i;

	memset(a, 0, sizeof(*a));
	/* A package 1 repeated with credentials need not answer the challenge's header. */
	hdr_due = s->out_msgid && !s->lost && !s->challenged;
	for (i = 0; i < m->n; i++) {
		const struct dm_cmd *c = &m->cmds[i].c;

		if (!i && hdr_due &&
		    (c->kind != DM_CMD_STATUS || !slice_eq_str(c->cmd_ref, "0")))
			violation(srv, s, "RepPro Status",
				  "the first command is not the Status of SyncHdr");
		if (c->kind == DM_CMD_STATUS)
			take_status(srv, s, c, &o, a);
		else if (c->kind == DM_CMD_RESULTS)
			take_results(srv, s, c, a);
	}
	if (hdr_due && !o.hdr_seen)
		violation(srv, s, "RepPro Status", "no Status for the SyncHdr of message %u",
			  s->out_msgid);
}

/* --- at the end of a package --------------------------------------------------------- */

static void failed_expect(struct server *srv, struct session *s, const struct sent *sent,
			  unsigned int line, const char *what, struct slice want,
			  struct slice got)
{
	struct buf *e = record_begin(srv->record, "expect-failed");

	s->sum.failed++;
	srv->sum.failed++;
	json_num(e, "session", s->number);
	json_num(e, "line", line);
	json_str(e, "what", what);
	json_str(e, "command", dm_cmd_kind_name(sent->kind));
	json_bytes(e, "uri", sent->cmd->target);
	json_bytes(e, "expected", want);
	json_bytes(e, "got", got);
	record_end(srv->record);
	log_warn("session %u: script line %u: %s %.*s: %s \"%.*s\" expected, \"%.*s\" came",
		 s->number, line, dm_cmd_kind_name(sent->kind), VIEW(sent->cmd->target), what,
		 VIEW(want), VIEW(got));
}

static void finish_status(struct server *srv, struct session *s, const struct sent *sent)
{
	const struct script_cmd *cmd = sent->cmd;
	struct buf want = BUF_INIT;
	unsigned int i;
	char got[16];

	for (i = 0; i < cmd->nexpect; i++) {
		if (cmd->expect[i] == sent->status)
			return;
		buf_printf(&want, "%s%u", i ? " " : "", cmd->expect[i]);
	}
	if (cmd->nexpect) {
		snprintf(got, sizeof(got), sent->status ? "%u" : "none", sent->status);
		failed_expect(srv, s, sent, cmd->line, "status", buf_slice(&want), slice_str(got));
	}
	buf_fini(&want);
}

static void finish_one(struct server *srv, struct session *s, const struct sent *sent)
{
	const struct script_want *w;
	unsigned int i = 0;

	/* Alert 1222: its Status is not insisted on. */
	if (!sent->cmd)
		return;
	if (!sent->status)
		violation(srv, s, "DM Protocol, package 3", "no Status for command %u (%s) of message %u",
			  sent->cmd_id, dm_cmd_kind_name(sent->kind), sent->msg_id);
	if (success(sent->status) && !sent->chunk) {
		s->sum.ok++;
		srv->sum.ok++;
	}
	if (sent->chunk)
		return;
	finish_status(srv, s, sent);
	for (w = sent->cmd->wants; w && i < 64; w = w->next, i++)
		if (!(sent->wants_met & 1ull << i))
			failed_expect(srv, s, sent, w->line, "value", w->value,
				      sent->value.data ? buf_slice(&sent->value) : SLICE_NONE);
}

void answers_finish(struct server *srv, struct session *s)
{
	size_t i;

	for (i = 0; i < s->nsent; i++)
		finish_one(srv, s, &s->sent[i]);
	answers_clear(s);
}
