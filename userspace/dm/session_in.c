// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A received message as it is decoded: header checks, commands run in order,
 * Atomic and Sequence (RepPro 1.2 section 6.6). Answers are queued, not written.
 */
#include <errno.h>

#include "dm/session_int.h"
#include "util/str.h"

static bool done_well(unsigned int code)
{
	return code >= 200 && code < 300 && code != DM_ST_CANCELLED && code != DM_ST_NOT_EXECUTED &&
	       code != DM_ST_ROLLED_BACK;
}

/* --- header -------------------------------------------------------------- */

static void refuse_message(struct dm_session *s, enum dm_status code, const char *why)
{
	s->in.hdr_code = s->in.refuse = code;
	s->in.fatal = true;
	session_end(s, DM_END_PROTOCOL, "%s", why);
}

static void take_limits(struct dm_session *s, const struct dm_hdr *h)
{
	if (h->meta.has_max_msg_size)
		s->peer_max_msg = h->meta.max_msg_size;
	if (h->meta.has_max_obj_size)
		s->peer_max_obj = h->meta.max_obj_size;
	if (h->resp_uri.n && h->resp_uri.n <= SESSION_MAX_URI && dm_cmd_is_text(h->resp_uri)) {
		buf_reset(&s->resp_uri);
		buf_put_slice(&s->resp_uri, h->resp_uri);
		if (buf_error(&s->resp_uri))
			s->reply.err = -ENOMEM;	/* it must not go elsewhere */
	}
}

static int on_header(void *ctx, const struct dm_hdr *h)
{
	struct dm_session *s = ctx;
	struct session_in *in = &s->in;

	if (!in->begun || in->hdr || s->result.end)
		return 0;
	in->hdr = true;
	in->no_resp = h->no_resp;
	buf_reset(&s->source);
	if (h->source.n <= SESSION_MAX_URI && dm_cmd_is_text(h->source))
		buf_put_slice(&s->source, h->source);
	if (str_parse_u32(str_trim(h->msg_id), &in->msg_id) || !in->msg_id)
		refuse_message(s, DM_ST_BAD_REQUEST, "the server's message has no proper MsgID");
	else if (!slice_eq_str(str_trim(h->ver_dtd), "1.2"))
		refuse_message(s, DM_ST_BAD_DTD, "the server speaks another VerDTD than 1.2");
	else if (!slice_eq_str(str_trim(h->ver_proto), "DM/1.2"))
		refuse_message(s, DM_ST_BAD_PROTOCOL,
			       "the server speaks another VerProto than DM/1.2");
	else if (!slice_eq_str(str_trim(h->session_id), s->sid))
		refuse_message(s, DM_ST_BAD_REQUEST,
			       "the server's message belongs to another session");
	else if (!slice_eq_str(str_trim(h->target), s->device_id))
		refuse_message(s, DM_ST_NOT_FOUND, "the server's message is for another device");
	else if (in->msg_id < s->last_in)
		refuse_message(s, DM_ST_BAD_REQUEST, "the server's MsgID runs backwards");
	else if (in->msg_id == s->last_in && ++s->repeats > SESSION_MAX_REPEATS)
		refuse_message(s, DM_ST_BAD_REQUEST, "the server says the same again and again");
	if (in->fatal)
		return 0;
	if (in->msg_id == s->last_in) {
		in->duplicate = true;
		return 0;
	}
	s->last_in = in->msg_id;
	s->repeats = 0;
	take_limits(s, h);
	session_check_server(s, h);
	return 0;
}

/* --- statuses we receive ------------------------------------------------- */

static void on_status(struct dm_session *s, const struct dm_cmd *cmd)
{
	uint32_t msg_ref = s->msg_id, cmd_ref, code;

	if (slice_present(cmd->msg_ref) && str_parse_u32(str_trim(cmd->msg_ref), &msg_ref))
		return;
	if (str_parse_u32(str_trim(cmd->cmd_ref), &cmd_ref) ||
	    str_parse_u32(str_trim(cmd->data), &code))
		return;
	if (cmd_ref == 0 && msg_ref == s->msg_id)
		session_hdr_status(s, code, cmd);
	/* It will not have the rest of a value it refuses. */
	if (cmd_ref && cmd_ref == s->piece_id && msg_ref == s->msg_id && code >= 300)
		dm_reply_drop_pieces(&s->reply);
	if (cmd_ref == 0 || msg_ref != s->pkg1_msg_id)
		return;
	for (size_t i = 0; i < s->cfg.nalerts; i++)
		if (s->alert_cmd_id[i] == cmd_ref)
			s->result.alert_status[i] = code;
}

/* --- commands ------------------------------------------------------------ */

bool session_skipping(const struct dm_session *s)
{
	if (s->in.stop || s->in.over_depth)
		return true;
	for (unsigned int i = 0; i < s->in.depth; i++)
		if (s->in.frames[i].failed || s->in.frames[i].stopped)
			return true;
	return false;
}

static struct session_frame *top(struct dm_session *s)
{
	return s->in.depth ? &s->in.frames[s->in.depth - 1] : NULL;
}

/* Takes back what an Atomic did; the failing member's record is the last one. */
static void fail_atomic(struct dm_session *s, struct session_frame *f, size_t members_end)
{
	enum dm_status member = DM_ST_ROLLED_BACK;

	if (dm_tree_rollback(s->cfg.tree, f->mark))
		member = DM_ST_ROLLBACK_FAILED;
	for (size_t i = f->first; i < members_end && i < s->reply.n; i++) {
		struct dm_rec *r = &s->reply.recs[i];

		/* What a person answered stays answered. */
		if (r->type == DM_CMD_STATUS && r->kind != DM_CMD_ALERT && done_well(r->code))
			r->code = member;
	}
	f->failed = true;
	dm_reply_code(&s->reply, f->rec, DM_ST_ATOMIC_FAILED);
}

static bool silent(const struct dm_session *s, const struct dm_cmd *cmd)
{
	return cmd->no_resp || s->in.no_resp;
}

/* Queues a Status; within an Atomic a failure takes the rest back. */
void session_status(struct dm_session *s, const struct dm_cmd *cmd, const struct dm_item *item,
		    enum dm_status code)
{
	struct session_frame *f = top(s);
	size_t at = s->reply.n;

	if (!silent(s, cmd))
		dm_reply_status(&s->reply, s->in.msg_id, cmd, item, code);
	if (f && f->kind == DM_CMD_ATOMIC && !f->failed && !done_well(code))
		fail_atomic(s, f, at);
}

struct get_ctx {
	struct dm_session *s;
	const struct dm_cmd *cmd;
};

static int on_result(void *ctx, const struct dm_cmd_result *r)
{
	struct get_ctx *g = ctx;
	struct dm_session *s = g->s;
	bool binary_ok = s->cfg.encoder->binary;
	size_t n = r->binary && !binary_ok ? (r->data.n + 2) / 3 * 4 : r->data.n;

	if (s->peer_max_obj && n > s->peer_max_obj)
		return -EMSGSIZE;
	if (dm_reply_held(&s->reply) + n > DM_MAX_RESULTS)
		return -EMSGSIZE;
	dm_reply_results(&s->reply, s->in.msg_id, g->cmd, r, binary_ok);
	return s->reply.err;
}

/* Results come behind the Status of their command, whose code is known last. */
static void run_get(struct dm_session *s, const struct dm_cmd *cmd, const struct dm_item *item)
{
	struct get_ctx g = { s, cmd };
	size_t at = SIZE_MAX, results, held;
	enum dm_status st;

	if (!silent(s, cmd))
		at = dm_reply_status(&s->reply, s->in.msg_id, cmd, item, DM_ST_OK);
	results = s->reply.n;
	held = s->reply.arena.len;
	st = dm_cmd_item(&s->env, cmd, item, on_result, &g);
	if (st == DM_ST_OK)
		return;
	/* All Results of an item or none; their room is for the next. */
	if (s->reply.n > results) {
		s->reply.n = results;
		if (!s->reply.err)
			buf_truncate(&s->reply.arena, held);
	}
	dm_reply_code(&s->reply, at, st);
}

enum dm_status session_run_item(struct dm_session *s, const struct dm_cmd *cmd,
				const struct dm_item *item)
{
	s->result.commands++;
	return dm_cmd_item(&s->env, cmd, item, NULL, NULL);
}

/* The parent that could not be made, in the Status that was queued last. */
static void name_parent(struct dm_session *s, const struct dm_cmd *cmd, const struct dm_item *item)
{
	size_t n = s->env.failed_at.n;

	/* It points into the target of the first piece; the last one's is the same, or none. */
	s->env.failed_at = SLICE_NONE;
	if (!silent(s, cmd) && n <= item->target.n)
		dm_reply_failed_at(&s->reply, slice_of(item->target.p, n));
}

static void run_items(struct dm_session *s, const struct dm_cmd *cmd)
{
	struct session_frame *f = top(s);
	bool atomic = f && f->kind == DM_CMD_ATOMIC;

	if (!cmd->nitems) {
		session_status(s, cmd, NULL, DM_ST_BAD_REQUEST);
		return;
	}
	if (atomic && (cmd->kind == DM_CMD_GET || cmd->kind == DM_CMD_EXEC)) {
		session_status(s, cmd, &cmd->items[0], DM_ST_FAILED);
		return;
	}
	for (size_t i = 0; i < cmd->nitems; i++) {
		const struct dm_item *item = &cmd->items[i];

		if (i && s->lo.active)
			session_lo_break(s);	/* another item before its end */
		if (session_skipping(s)) {
			session_status(s, cmd, item, DM_ST_NOT_EXECUTED);
		} else if (session_lo_wanted(s, cmd, item)) {
			session_status(s, cmd, item, session_lo_item(s, cmd, item));
		} else if (cmd->kind == DM_CMD_GET) {
			s->result.commands++;
			run_get(s, cmd, item);
		} else {
			session_status(s, cmd, item, session_run_item(s, cmd, item));
		}
		if (slice_present(s->env.failed_at))
			name_parent(s, cmd, item);
	}
}

/* A CmdID must be there, be text, must not be 0 and must not come twice in a message. */
static bool cmd_id_good(struct dm_session *s, const struct dm_cmd *cmd)
{
	struct slice id = str_trim(cmd->cmd_id);
	uint32_t n;

	if (!id.n)
		return false;
	if (str_parse_u32(id, &n))
		return dm_cmd_is_text(id);	/* it goes back as CmdRef */
	if (n >= SESSION_CMD_IDS)
		return true;
	if (!n)
		return false;
	if (s->in.seen[n / 8] & 1u << n % 8)
		return false;
	s->in.seen[n / 8] |= 1u << n % 8;
	return true;
}

/* Alerts about what we send: they may come behind the server's Final. */
static bool about_package(const struct dm_cmd *cmd)
{
	struct slice code = str_trim(cmd->data);

	return cmd->kind == DM_CMD_ALERT &&
	       (slice_eq_str(code, "1222") || slice_eq_str(code, "1225"));
}

/* True when the command is to be run; else it is answered here. */
static bool admit(struct dm_session *s, const struct dm_cmd *cmd)
{
	const struct dm_item *item = cmd->nitems == 1 ? &cmd->items[0] : NULL;

	s->in.commands++;
	s->in.work = s->in.work || !about_package(cmd);
	if (!cmd_id_good(s, cmd))
		session_status(s, cmd, item, DM_ST_BAD_REQUEST);
	else if (s->in.refuse)
		session_status(s, cmd, item, s->in.refuse);
	else if (session_skipping(s))
		session_status(s, cmd, item, DM_ST_NOT_EXECUTED);
	else
		return true;
	return false;
}

/* Not ours to look at: no header yet, refused as a whole, a repetition, or over. */
static bool ignored(const struct dm_session *s)
{
	return !s->in.hdr || s->in.duplicate || s->in.aborted || s->in.challenged || s->reply.err ||
	       (s->in.fatal && !s->in.refuse);
}

static int on_command(void *ctx, const struct dm_cmd *cmd)
{
	struct dm_session *s = ctx;

	if (ignored(s))
		return 0;
	if (cmd->kind == DM_CMD_STATUS) {
		if (!s->in.fatal)
			on_status(s, cmd);
		return 0;
	}
	if (cmd->kind == DM_CMD_RESULTS)
		return 0;		/* a server has none to give; no Status for Results */
	if (cmd->kind == DM_CMD_ALERT && slice_eq_str(str_trim(cmd->data), "1223")) {
		s->in.aborted = true;
		return 0;
	}
	session_lo_check(s, cmd);
	if (!admit(s, cmd))
		return 0;
	if (cmd->kind == DM_CMD_ALERT)
		session_alert(s, cmd);
	else if (cmd->kind == DM_CMD_OTHER)
		session_status(s, cmd, NULL, DM_ST_NOT_ALLOWED);
	else
		run_items(s, cmd);
	return 0;
}

/* --- containers ---------------------------------------------------------- */

static int on_container(void *ctx, const struct dm_cmd *cmd)
{
	struct dm_session *s = ctx;
	struct session_frame *outer = top(s), *f;
	bool run;

	if (ignored(s))
		return 0;
	session_lo_check(s, cmd);
	if (s->in.over_depth || s->in.depth == SESSION_MAX_CONTAINERS) {
		s->in.commands++;
		session_status(s, cmd, NULL, DM_ST_FAILED);
		s->in.over_depth++;
		return 0;
	}
	run = admit(s, cmd);
	if (run && outer && outer->kind == DM_CMD_ATOMIC) {
		session_status(s, cmd, NULL, DM_ST_FAILED);	/* nothing nests in an Atomic */
		run = false;
	}
	f = &s->in.frames[s->in.depth++];
	*f = (struct session_frame){ .kind = cmd->kind, .mark = dm_tree_mark(s->cfg.tree),
				     .rec = SIZE_MAX, .stopped = !run };
	if (run && !silent(s, cmd))
		f->rec = dm_reply_status(&s->reply, s->in.msg_id, cmd, NULL, DM_ST_OK);
	f->first = s->reply.n;
	return 0;
}

/*
 * The statuses of an Atomic must reach the server together: when they cannot
 * fit a message of its size, nothing is done (517).
 */
static void check_atomic_size(struct dm_session *s, struct session_frame *f)
{
	size_t n;

	if (!s->peer_max_msg || f->failed || f->stopped || f->rec == SIZE_MAX)
		return;
	n = dm_reply_measure(&s->reply, s->cfg.encoder, f->rec, SIZE_MAX);
	if (n + SESSION_HDR_ROOM <= s->peer_max_msg)
		return;
	fail_atomic(s, f, s->reply.n);
	if (s->reply.recs[f->rec].code == DM_ST_ATOMIC_FAILED)
		dm_reply_code(&s->reply, f->rec, DM_ST_ATOMIC_TOO_LARGE);
}

static int on_container_end(void *ctx)
{
	struct dm_session *s = ctx;

	if (ignored(s))
		return 0;
	if (s->in.over_depth) {
		s->in.over_depth--;
	} else if (s->in.depth) {
		struct session_frame *f = top(s);

		if (f->kind == DM_CMD_ATOMIC) {
			check_atomic_size(s, f);
			dm_reply_together(&s->reply, f->rec);
		}
		s->in.depth--;
	}
	return 0;
}

static int on_end(void *ctx, bool final)
{
	struct dm_session *s = ctx;

	s->in.ended = s->in.begun;
	s->in.final = final;
	/* A package ends with the last piece of its object, not before. */
	if (final && s->lo.active && !s->in.chunk && !s->in.refuse && !ignored(s))
		session_lo_break(s);
	return 0;
}

const struct dm_sink *dm_session_sink(void)
{
	static const struct dm_sink sink = {
		.header = on_header, .command = on_command, .container_begin = on_container,
		.container_end = on_container_end, .end = on_end,
	};

	return &sink;
}
