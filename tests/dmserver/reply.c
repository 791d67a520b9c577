// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the server's next message: statuses for what came, then as much of
 * the script's package as fits. Why it is written is session.c's business.
 */
#include "session.h"

#include <errno.h>
#include <stdio.h>

#include "util/digest.h"
#include "util/log.h"
#include "util/str.h"

#define MESSAGE_MAX_OUT (16 << 20)

struct number {
	char text[12];
};

struct builder {
	struct server *srv;
	struct session *s;
	const struct message *m;
	const struct reply_plan *plan;
	struct buf *out;
	const struct dm_encoder *enc;
	uint32_t cmd_id;	/* the last one used */
	size_t limit;		/* bytes of the message; 0 = none */
	bool no_memory;
};

static struct slice number(struct number *n, uint32_t v)
{
	snprintf(n->text, sizeof(n->text), "%u", v);
	return slice_str(n->text);
}

/* --- header and statuses ---------------------------------------------------- */

/* Our own credentials, when this user's client is to see some. */
static void fill_cred(struct builder *b, struct dm_hdr *h, struct buf *data)
{
	const struct buf *try_nonce = &b->s->try_nonce;
	struct user *u = b->s->user;
	enum auth_scheme scheme;
	struct slice name, nonce = SLICE_NONE;

	if (!u || u->server_scheme == AUTH_NONE || b->s->server_accepted ||
	    b->plan->cred == CRED_MISSING)
		return;
	scheme = b->s->server_scheme != AUTH_NONE ? b->s->server_scheme : u->server_scheme;
	if (try_nonce->len)
		nonce = buf_slice(try_nonce);
	else if (u->has_server_nonce)
		nonce = buf_slice(&u->server_nonce);
	name = slice_present(u->server_name) ? u->server_name : b->srv->server_id;
	if (scheme == AUTH_MAC) {
		h->source_name = name;	/* the rest goes into the transport's header */
		return;
	}
	auth_make(data, scheme, name,
		  b->plan->cred == CRED_WRONG ? SLICE_LIT("not the password") : u->server_password,
		  b->plan->cred == CRED_REUSED ? buf_slice(&b->s->last_server_nonce) : nonce);
	buf_reset(&b->s->last_server_nonce);
	buf_put_slice(&b->s->last_server_nonce, nonce);
	h->source_name = name;
	h->has_cred = true;
	h->cred.meta.type = slice_str(auth_scheme_name(scheme));
	h->cred.meta.format = SLICE_LIT("b64");
	h->cred.data = buf_slice(data);
}

static void put_header(struct builder *b)
{
	const struct script *script = b->srv->script;
	struct buf cred = BUF_INIT;
	struct number id;
	struct dm_hdr h = {
		.ver_dtd = SLICE_LIT("1.2"),
		.ver_proto = SLICE_LIT("DM/1.2"),
		.session_id = b->plan->wrong_session ? SLICE_LIT("F0F0") : b->m->hdr.session_id,
		.msg_id = number(&id, b->s->out_msgid),
		.target = b->m->hdr.source,
		.source = slice_present(b->m->hdr.target) ? b->m->hdr.target : b->srv->server_id,
		.resp_uri = script->resp_uri,
	};

	if (b->plan->wrong_session && slice_eq_str(b->m->hdr.session_id, "F0F0"))
		h.session_id = SLICE_LIT("F0F1");
	h.meta.has_max_msg_size = script->max_msg_size != 0;
	h.meta.max_msg_size = script->max_msg_size;
	h.meta.has_max_obj_size = script->max_obj_size != 0;
	h.meta.max_obj_size = script->max_obj_size;
	fill_cred(b, &h, &cred);
	b->enc->begin(b->out, &h);
	buf_wipe_fini(&cred);
}

static void put_status(struct builder *b, struct dm_cmd *st, uint32_t code)
{
	struct number id, data;

	st->kind = DM_CMD_STATUS;
	st->cmd_id = number(&id, ++b->cmd_id);
	st->msg_ref = b->m->hdr.msg_id;
	st->data = number(&data, code);
	b->enc->command(b->out, st);
}

static void put_hdr_status(struct builder *b)
{
	const struct dm_hdr *h = &b->m->hdr;
	struct buf nonce = BUF_INIT;
	struct dm_cmd st = {
		.cmd_ref = SLICE_LIT("0"),
		.cmd = SLICE_LIT("SyncHdr"),
		.target_ref = h->target,
		.source_ref = h->source,
	};
	/* A status of ours tells which versions we speak. */
	struct dm_item version = { .data = SLICE_LIT("1.2") };

	if (b->plan->challenge != AUTH_NONE) {
		st.has_chal = true;
		st.chal.type = slice_str(auth_scheme_name(b->plan->challenge));
		st.chal.format = SLICE_LIT("b64");
		if (b->plan->challenge != AUTH_BASIC && b->plan->hmac != HMAC_NO_NONCE) {
			base64_encode(&nonce, buf_slice(&b->s->nonce));
			st.chal.next_nonce = buf_slice(&nonce);
		}
	}
	if (b->plan->hdr_status == 505 || b->plan->hdr_status == 513) {
		if (b->plan->hdr_status == 513)
			version.data = SLICE_LIT("DM/1.2");
		st.items = &version;
		st.nitems = 1;
	}
	put_status(b, &st, b->plan->hdr_status);
	buf_wipe_fini(&nonce);
}

/* 0 = no Status is due for this command. */
static uint32_t status_for(const struct builder *b, const struct dm_cmd *c)
{
	uint32_t code;
	size_t i;

	if (c->kind == DM_CMD_STATUS)
		return 0;
	if (b->plan->statuses_only)
		return b->plan->hdr_status;
	if (c->kind == DM_CMD_RESULTS) {
		for (i = 0; i < c->nitems; i++)
			if (c->items[i].more_data)
				return 213;
		return 0;
	}
	if (c->kind == DM_CMD_ALERT) {
		if (str_parse_u32(c->data, &code) || code < 1200 || code > 1226)
			return 406;
		if (code == 1226 && b->srv->script->alert_status)
			return b->srv->script->alert_status > 1 ? b->srv->script->alert_status : 0;
		return 200;
	}
	return c->kind == DM_CMD_REPLACE ? 200 : 406;
}

static void put_statuses(struct builder *b)
{
	uint32_t code;
	size_t i;

	put_hdr_status(b);
	for (i = 0; i < b->m->n; i++) {
		const struct dm_cmd *c = &b->m->cmds[i].c;
		const char *name = dm_cmd_kind_name(c->kind);
		struct dm_cmd st = {
			.cmd_ref = slice_present(c->cmd_id) ? c->cmd_id : SLICE_LIT("0"),
			.cmd = name ? slice_str(name) : c->name,
		};

		code = status_for(b, c);
		if (code)
			put_status(b, &st, code);
	}
}

/* Alert 1222 or 1223 of our own. */
static void put_alert(struct builder *b, uint32_t code)
{
	struct number id, data;
	struct dm_cmd c = {
		.kind = DM_CMD_ALERT,
		.cmd_id = number(&id, ++b->cmd_id),
		.data = number(&data, code),
	};

	b->enc->command(b->out, &c);
	if (!answers_add(b->s, NULL, DM_CMD_ALERT, b->cmd_id))
		b->no_memory = true;
}

/* --- the script's commands ----------------------------------------------------- */

static struct sent *announce(struct builder *b, const struct script_cmd *cmd)
{
	struct sent *sent = answers_add(b->s, cmd, cmd->kind, b->cmd_id);

	if (!sent)
		b->no_memory = true;
	return sent;
}

static void put_ui_alert(struct builder *b, const struct script_cmd *cmd)
{
	struct dm_item items[SCRIPT_MAX_ITEMS] = { 0 };
	struct number id, data;
	struct dm_cmd c = {
		.kind = DM_CMD_ALERT,
		.cmd_id = number(&id, ++b->cmd_id),
		.data = number(&data, cmd->alert),
		.items = items,
		.nitems = cmd->nitems,
	};
	unsigned int i;

	for (i = 0; i < cmd->nitems; i++)
		items[i].data = cmd->items[i];
	b->enc->command(b->out, &c);
	announce(b, cmd);
}

/*
 * The value as it travels: raw bytes need base64 where the encoding has no
 * place for them (TND, Format: over XML a binary value goes as b64).
 */
static struct slice wire_value(struct builder *b, const struct script_cmd *cmd,
			       struct dm_item *it, struct buf *tmp)
{
	it->meta.format = cmd->format;
	it->meta.type = cmd->type;
	if (cmd->tnds) {
		it->meta.type = slice_str(b->enc->tnds_mime);
		if (!cmd->tnds_document) {
			it->tnds = cmd->tnds;
			return SLICE_NONE;
		}
		codec_tnds_encode(b->s->format, tmp, cmd->tnds);
		it->data_opaque = b->enc->binary;
		if (b->enc->binary)
			it->meta.format = SLICE_LIT("bin");
		return buf_slice(tmp);
	}
	if (!slice_eq_str(cmd->format, "bin") || !slice_present(cmd->value))
		return cmd->value;
	if (b->enc->binary) {
		it->data_opaque = true;
		return cmd->value;
	}
	it->meta.format = SLICE_LIT("b64");
	base64_encode(tmp, cmd->value);
	return buf_slice(tmp);
}

/* @piece: bytes of the value for this message; 0 = all of it. True when more is left. */
static bool put_plain(struct builder *b, const struct script_cmd *cmd, size_t piece)
{
	struct buf tmp = BUF_INIT;
	struct number id;
	struct dm_item it = { .target = cmd->target, .source = cmd->source };
	struct dm_cmd c = {
		.kind = cmd->kind,
		.cmd_id = number(&id, ++b->cmd_id),
		.correlator = cmd->correlator,
		.items = &it,
		.nitems = 1,
	};
	struct slice value = wire_value(b, cmd, &it, &tmp);
	size_t off = b->s->chunk_off;
	struct sent *sent;

	if (piece || off) {
		it.meta.size = value.n;
		if (piece && value.n - off > piece) {
			it.meta.has_size = off == 0;
			it.more_data = true;
			value.n = off + piece;
		}
		value = slice_of(value.p + off, value.n - off);
	}
	it.data = value;
	b->enc->command(b->out, &c);
	if (buf_error(&tmp))
		b->no_memory = true;
	buf_fini(&tmp);
	sent = announce(b, cmd);
	if (sent)
		sent->chunk = it.more_data;
	return it.more_data;
}

static void put_container(struct builder *b, const struct script_cmd *cmd)
{
	struct number id;
	struct dm_cmd c = { .kind = cmd->kind, .cmd_id = number(&id, ++b->cmd_id) };

	b->enc->container_begin(b->out, &c);
	announce(b, cmd);
}

static void put_cmd(struct builder *b, const struct script_cmd *cmd)
{
	if (cmd->op == SCRIPT_OPEN)
		put_container(b, cmd);
	else if (cmd->op == SCRIPT_CLOSE)
		b->enc->container_end(b->out, cmd->kind);
	else if (cmd->kind == DM_CMD_ALERT)
		put_ui_alert(b, cmd);
	else
		put_plain(b, cmd, 0);
}

/* One command, or a whole block. Returns what comes behind it. */
static struct script_cmd *put_unit(struct builder *b, struct script_cmd *cmd)
{
	unsigned int depth = 0;

	do {
		put_cmd(b, cmd);
		if (cmd->op == SCRIPT_OPEN)
			depth++;
		else if (cmd->op == SCRIPT_CLOSE)
			depth--;
		cmd = cmd->next;
	} while (cmd && depth);
	return cmd;
}

struct mark {
	size_t len, nsent;
	uint32_t cmd_id;
};

static struct mark take_mark(const struct builder *b)
{
	return (struct mark){ b->out->len, b->s->nsent, b->cmd_id };
}

static void back_to(struct builder *b, const struct mark *mark)
{
	buf_truncate(b->out, mark->len);
	b->s->nsent = mark->nsent;
	b->cmd_id = mark->cmd_id;
}

static bool fits(const struct builder *b)
{
	return !b->limit || b->out->len + b->enc->tail_size <= b->limit;
}

/*
 * A piece of a value too large for the message. False when not even one byte
 * fits, nothing having been written.
 */
static bool put_piece(struct builder *b, struct script_cmd *cmd)
{
	struct mark mark = take_mark(b);
	size_t piece = cmd->chunk ? cmd->chunk : b->limit;
	bool more;

	while (piece) {
		more = put_plain(b, cmd, piece);
		if (fits(b)) {
			b->s->chunk_off = more ? b->s->chunk_off + piece : 0;
			if (!more)
				b->s->cur = cmd->next;
			return true;
		}
		back_to(b, &mark);
		/* Escapes and base64 make the size hard to foretell: try less. */
		piece = piece / 4 * 3 + (piece < 4 ? piece - 1 : 0);
	}
	return false;
}

static bool can_split(const struct script_cmd *cmd)
{
	return cmd->op == SCRIPT_CMD && cmd->value.n > 1 && !cmd->tnds;
}

/* True when the package is complete and the message may carry Final. */
static bool put_commands(struct builder *b)
{
	struct session *s = b->s;
	struct script_cmd *next;
	unsigned int units = 0;
	struct mark mark;

	while (s->cur) {
		if (s->chunk_off || s->cur->chunk) {
			next = s->cur;
			if (put_piece(b, s->cur)) {
				units++;
				/* Nothing else may stand between the pieces. */
				if (s->cur == next)
					return false;
				continue;
			}
			if (units)
				return false;
			s->chunk_off = 0;
		}
		mark = take_mark(b);
		next = put_unit(b, s->cur);
		if (fits(b)) {
			s->cur = next;
			units++;
			continue;
		}
		if (units) {
			back_to(b, &mark);
			return false;
		}
		if (can_split(s->cur)) {
			back_to(b, &mark);
			if (put_piece(b, s->cur))
				return !s->cur;
			next = put_unit(b, s->cur);
		}
		log_warn("session %u: script line %u does not fit into the %zu bytes the client takes",
			 s->number, s->cur->line, b->limit);
		s->cur = next;
		units++;
	}
	return true;
}

static size_t message_limit(const struct server *srv, const struct session *s)
{
	uint64_t own = srv->script->client_max_msg_size;

	if (s->max_msg && (!own || s->max_msg < own))
		own = s->max_msg;
	return own > SIZE_MAX ? SIZE_MAX : (size_t)own;
}

int reply_build(struct server *srv, struct session *s, const struct message *m,
		const struct reply_plan *plan, struct buf *out, bool *ends)
{
	struct builder b = {
		.srv = srv, .s = s, .m = m, .plan = plan, .out = out,
		.enc = codec_encoder(m->format), .limit = message_limit(srv, s),
	};
	bool final = true, commands = false;
	size_t before;

	buf_init(out, MESSAGE_MAX_OUT);
	s->out_msgid++;
	put_header(&b);
	put_statuses(&b);
	before = s->nsent;
	if (plan->next_message) {
		put_alert(&b, 1222);
		final = false;
	} else if (plan->commands && s->pkg) {
		final = put_commands(&b);
		commands = s->nsent > before;
		s->mid_package = !final;
		s->awaiting = final;
		if (final && s->pkg->abort)
			put_alert(&b, 1223);
	} else if (plan->abort) {
		put_alert(&b, 1223);
	}
	b.enc->finish(out, final);
	s->sum.commands += (unsigned int)(s->nsent - before);
	srv->sum.commands += (unsigned int)(s->nsent - before);
	/* DM Protocol: a package without commands and without challenge ends the session. */
	*ends = final && !commands && !plan->statuses_only;
	if (final && plan->commands && s->pkg && s->pkg->abort)
		*ends = true;
	if (b.no_memory)
		return -ENOMEM;
	return buf_error(out);
}
