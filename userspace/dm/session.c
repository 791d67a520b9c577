// SPDX-License-Identifier: GPL-2.0-or-later
/* The session's life: start, what follows from a received message, end. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "dm/session_int.h"
#include "util/str.h"

static const char *const end_names[] = {
    [DM_END_NOT] = "running",
    [DM_END_NORMAL] = "normal",
    [DM_END_ABORTED_BY_SERVER] = "aborted-by-server",
    [DM_END_ABORTED_BY_US] = "aborted",
    [DM_END_AUTH_REFUSED] = "auth-refused",
    [DM_END_AUTH_UNSUPPORTED] = "auth-unsupported",
    [DM_END_SERVER_UNAUTHENTICATED] = "server-unauthenticated",
    [DM_END_MALFORMED] = "malformed",
    [DM_END_PROTOCOL] = "protocol",
    [DM_END_STATUS] = "refused",
    [DM_END_STORE] = "store",
    [DM_END_LIMIT] = "limit",
    [DM_END_INTERNAL] = "internal",
};

const char *dm_session_end_name(enum dm_session_end e)
{
	return (unsigned int)e < sizeof(end_names) / sizeof(end_names[0]) ? end_names[e]
									  : "internal";
}

void session_end(struct dm_session *s, enum dm_session_end end, const char *fmt, ...)
{
	va_list ap;

	if (s->result.end)
		return;			/* the first reason is the reason */
	va_start(ap, fmt);
	vsnprintf(s->text, sizeof(s->text), fmt, ap);
	va_end(ap);
	s->result.end = end;
	s->result.text = s->text;
}

struct dm_session *dm_session_new(const struct dm_session_config *cfg)
{
	struct dm_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->cfg = *cfg;
	if (!s->cfg.max_msg_size)
		s->cfg.max_msg_size = SESSION_DEF_MSG_SIZE;
	if (!s->cfg.max_obj_size)
		s->cfg.max_obj_size = SESSION_DEF_OBJ_SIZE;
	if (s->cfg.nalerts > DM_SESSION_MAX_ALERTS)
		s->cfg.nalerts = DM_SESSION_MAX_ALERTS;
	s->result.text = "";
	dm_reply_init(&s->reply);
	s->env = (struct dm_cmd_env){
		.tree = cfg->tree, .server = buf_slice(&cfg->account->server_id),
		.limits = cfg->limits, .max_obj_size = s->cfg.max_obj_size, .tnds = cfg->tnds,
		.tnds_mime = cfg->encoder->tnds_mime, .ops = &cfg->ops->cmd, .ctx = cfg->ctx,
	};
	session_auth_init(s);
	return s;
}

void dm_session_free(struct dm_session *s)
{
	if (!s)
		return;
	session_lo_fini(s);
	dm_reply_fini(&s->reply);
	buf_fini(&s->resp_uri);
	buf_fini(&s->source);
	buf_wipe_fini(&s->nonce);
	buf_fini(&s->hmac);
	buf_wipe_fini(&s->srv_nonce);
	free(s);
}

static int choose_id(struct dm_session *s)
{
	uint16_t id = s->cfg.session_id;

	if (s->cfg.session_id > 0xffff)
		return -EINVAL;
	while (!id) {
		int rc =
		    s->cfg.ops->random ? s->cfg.ops->random(s->cfg.ctx, &id, sizeof(id)) : -ENOSYS;

		if (rc)
			return rc;
	}
	snprintf(s->sid, sizeof(s->sid), "%X", id);
	return 0;
}

int dm_session_start(struct dm_session *s, int64_t now, struct buf *out)
{
	int rc;

	if (s->started)
		return -EINVAL;
	rc = str_copy(s->device_id, sizeof(s->device_id), s->cfg.device_id);
	if (!rc && !s->device_id[0])
		rc = -EINVAL;
	if (!rc)
		rc = choose_id(s);
	if (!rc)
		rc = session_package1(s, out);
	if (rc < 0) {
		session_end(s, DM_END_INTERNAL, "the session could not be started: %s",
			    strerror(-rc));
		return rc;
	}
	s->started = true;
	return 0;
}

void dm_session_message(struct dm_session *s, int64_t now)
{
	memset(&s->in, 0, sizeof(s->in));
	s->in.begun = true;
	s->in.now = s->env.now = now;
	s->env.work = 0;
	s->in.first_rec = s->reply.n;
	s->in.mark = dm_tree_mark(s->cfg.tree);
}

/* --- the answer ---------------------------------------------------------- */

/* Nothing of the received message stays. */
static void take_back(struct dm_session *s)
{
	if (dm_tree_rollback(s->cfg.tree, s->in.mark))
		session_end(s, DM_END_INTERNAL, "the changes could not be taken back");
}

static int abort_with(struct dm_session *s, struct buf *out)
{
	int rc = session_message(s, out, true);

	dm_reply_clear(&s->reply);
	if (rc >= 0 && s->peer_max_msg && out->len > s->peer_max_msg) {
		buf_reset(out);		/* not even this would be taken */
		return 0;
	}
	return rc < 0 ? rc : 2;
}

/* True for a Status that tells of a change. What ran outside did run, what did not is as it was. */
static bool said_to_be_stored(const struct dm_rec *r)
{
	switch (r->kind) {
	case DM_CMD_GET:
	case DM_CMD_ALERT:
	case DM_CMD_EXEC:
		return false;
	default:
		return r->code >= 200 && r->code <= DM_ST_CHUNK_BUFFERED;
	}
}

/* The promise: what the answer reports is durable before it leaves. */
static int commit(struct dm_session *s, int64_t now)
{
	int rc = session_save_nonces(s, now);

	if (!rc && dm_tree_dirty(s->cfg.tree)) {
		rc = s->cfg.ops->commit ? s->cfg.ops->commit(s->cfg.ctx, s->cfg.tree) : 0;
		if (!rc) {
			dm_tree_committed(s->cfg.tree);
			s->result.changed = true;
		}
	}
	if (!rc)
		return 0;
	take_back(s);
	for (size_t i = s->in.first_rec; i < s->reply.n; i++) {
		struct dm_rec *r = &s->reply.recs[i];

		if (r->type == DM_CMD_STATUS && said_to_be_stored(r))
			r->code = DM_ST_STORE_FAILED;
	}
	session_end(s, DM_END_STORE, "the changes could not be stored: %s", strerror(-rc));
	return rc;
}

/* The message cannot be answered as a whole: -1 = it can, else what reply returns. */
static int give_up(struct dm_session *s, struct buf *out)
{
	if (s->in.aborted) {
		take_back(s);
		session_end(s, DM_END_ABORTED_BY_SERVER, "the server aborted the session");
		/* Its nonce for the next session counts all the same. */
		(void)commit(s, s->in.now);
		return 0;
	}
	if (!s->in.ended || !s->in.hdr) {
		session_end(s, DM_END_MALFORMED,
			    "the server's answer is no DM message, or breaks off");
		s->in.hdr_code = s->in.hdr_code ? DM_ST_BAD_REQUEST : DM_ST_NONE;
		s->in.chal = false;
	} else if (s->reply.err == -EMSGSIZE) {
		session_end(s, DM_END_LIMIT, "the server's message takes too long an answer");
	} else if (s->reply.err) {
		session_end(s, DM_END_INTERNAL, "no memory for the answer");
	} else if (s->result.messages_in > SESSION_MAX_MESSAGES) {
		session_end(s, DM_END_LIMIT, "the server does not come to an end");
	} else if (!s->in.fatal) {
		return -1;
	}
	take_back(s);
	/* What was done is not done any more: nothing of it may be told. */
	if (!s->in.refuse)
		s->reply.n = s->in.first_rec;
	switch (s->result.end) {
	case DM_END_AUTH_REFUSED:
	case DM_END_AUTH_UNSUPPORTED:
	case DM_END_STATUS:
		return 0;
	case DM_END_INTERNAL:
		dm_reply_clear(&s->reply);
		return abort_with(s, out);
	default:
		return abort_with(s, out);
	}
}

/* Nothing but a Status of SyncHdr would be left: it must not be sent. */
static bool nothing_to_say(const struct dm_session *s)
{
	return dm_reply_empty(&s->reply) && !s->in.commands && s->in.final &&
	       (!s->open || s->in.refuse);
}

int dm_session_reply(struct dm_session *s, int64_t now, struct buf *out)
{
	int rc;

	if (s->started && s->in.begun && s->in.duplicate && !s->result.end &&
	    s->result.messages_in < SESSION_MAX_MESSAGES) {
		s->in.begun = false;
		s->result.messages_in++;
		return out->len ? 1 : -EINVAL;	/* what it was answered with is still there */
	}
	buf_reset(out);
	if (!s->started || (s->result.end && !s->in.fatal) || !s->in.begun)
		return s->started ? 0 : -EINVAL;
	s->in.begun = false;
	s->result.messages_in++;
	rc = give_up(s, out);
	if (rc != -1)
		return rc;
	if (session_mute(s) && !nothing_to_say(s)) {
		take_back(s);
		session_end(s, DM_END_PROTOCOL, "the server gave no nonce for the next message");
		dm_reply_clear(&s->reply);
		return abort_with(s, out);
	}
	if (s->in.challenged) {
		take_back(s);
		dm_reply_clear(&s->reply);
		session_lo_drop(s);
		rc = session_package1(s, out);
	} else if (commit(s, now)) {
		return abort_with(s, out);
	} else if (nothing_to_say(s)) {
		if (s->in.refuse)
			session_end(s, DM_END_SERVER_UNAUTHENTICATED,
				    "the server did not prove who it is");
		else
			session_end(s, DM_END_NORMAL, "the server has nothing more to say");
		return 0;
	} else {
		rc = session_message(s, out, false);
	}
	if (rc == -ENOBUFS) {
		session_end(s, DM_END_LIMIT,
			    "the server's MaxMsgSize leaves no room for an answer");
		dm_reply_clear(&s->reply);
		return abort_with(s, out);
	}
	if (rc < 0)
		session_end(s, DM_END_INTERNAL, "the answer could not be written: %s",
			    strerror(-rc));
	return rc;
}

int dm_session_abort(struct dm_session *s, const char *why, struct buf *out)
{
	if (!s->started || s->result.end)
		return 0;
	if (s->in.begun)
		take_back(s);
	session_end(s, DM_END_ABORTED_BY_US, "%s", why ? why : "aborted");
	s->in.hdr = false;
	dm_reply_clear(&s->reply);
	/* The message written last may not have left: its nonce serves for this one. */
	s->nonce_fresh = s->nonce.len;
	return abort_with(s, out) == 2;
}

struct slice dm_session_hmac(const struct dm_session *s)
{
	return s->hmac.len ? buf_slice(&s->hmac) : SLICE_NONE;
}

struct slice dm_session_next_uri(const struct dm_session *s)
{
	return s->resp_uri.len ? buf_slice(&s->resp_uri) : buf_slice(&s->cfg.account->url);
}

bool dm_session_progress(const struct dm_session *s, struct dm_session_progress *out)
{
	*out = (struct dm_session_progress){ .uri = buf_slice(&s->lo.target), .done = s->lo.got,
					     .total = s->lo.size };
	if (s->lo.active)
		return true;
	out->sent = dm_reply_progress(&s->reply, &out->uri, &out->done, &out->total);
	return out->sent;
}

const char *dm_session_id(const struct dm_session *s)
{
	return s->sid;
}

const struct dm_session_result *dm_session_result(const struct dm_session *s)
{
	return &s->result;
}
