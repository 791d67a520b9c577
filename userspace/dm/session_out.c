// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of the client: package 1, and answers with their end rules (DM Protocol 1.2). */
#include <errno.h>
#include <stdio.h>

#include "dm/session_int.h"
#include "util/str.h"

/* Texts a header borrows while it is written. */
struct hdr_text {
	char msg_id[12];
	struct buf cred;
};

static void begin_message(struct dm_session *s, struct buf *out, struct hdr_text *t)
{
	const struct dm_credential *c = &s->cfg.account->client;
	struct dm_hdr h = {
		.ver_dtd = SLICE_LIT("1.2"), .ver_proto = SLICE_LIT("DM/1.2"),
		.session_id = slice_str(s->sid), .target = dm_session_next_uri(s),
		.source = slice_str(s->device_id),
		.meta = {
			.has_max_msg_size = true, .max_msg_size = s->cfg.max_msg_size,
			.has_max_obj_size = true, .max_obj_size = s->cfg.max_obj_size,
		},
	};

	buf_reset(out);
	buf_init(&t->cred, 0);
	snprintf(t->msg_id, sizeof(t->msg_id), "%u", ++s->msg_id);
	h.msg_id = slice_str(t->msg_id);
	/* With MD5 the name travels beside the device's identity. */
	if (c->present && c->name.len)
		h.source_name = buf_slice(&c->name);
	h.has_cred = session_cred(s, &h.cred, &t->cred);
	s->cfg.encoder->begin(out, &h);
	buf_wipe_fini(&t->cred);
}

static int end_message(struct dm_session *s, struct buf *out, bool final)
{
	s->cfg.encoder->finish(out, final);
	if (buf_error(out))
		return buf_error(out);
	s->result.messages_out++;
	return session_sign(s, out);
}

/* Status of the SyncHdr received last; nothing when there was none. */
static void put_hdr_status(struct dm_session *s, struct buf *out, unsigned int *cmd_id)
{
	char id[12], msg[12], code[8];
	struct dm_item versions = { .data = s->in.hdr_code == DM_ST_BAD_DTD ? SLICE_LIT("1.2")
									    : SLICE_LIT("DM/1.2") };
	struct dm_cmd c = {
	    .kind = DM_CMD_STATUS,
	    .cmd_ref = SLICE_LIT("0"),
	    .cmd = SLICE_LIT("SyncHdr"),
	    .target_ref = slice_str(s->device_id),
	    .source_ref = s->source.len ? buf_slice(&s->source)
					: buf_slice(&s->cfg.account->url),
	};
	struct buf nonce = BUF_INIT;

	if (!s->in.hdr || !s->in.hdr_code)
		return;
	snprintf(id, sizeof(id), "%u", (*cmd_id)++);
	snprintf(msg, sizeof(msg), "%u", s->in.msg_id);
	snprintf(code, sizeof(code), "%u", s->in.hdr_code);
	c.cmd_id = slice_str(id);
	c.msg_ref = slice_str(msg);
	c.data = slice_str(code);
	c.has_chal = session_chal(s, &c.chal, &nonce);
	if (s->in.hdr_code == DM_ST_BAD_DTD || s->in.hdr_code == DM_ST_BAD_PROTOCOL) {
		c.items = &versions;
		c.nitems = 1;
	}
	s->cfg.encoder->command(out, &c);
	buf_wipe_fini(&nonce);
}

static void put_alert(struct dm_session *s, struct buf *out, unsigned int *cmd_id, const char *code)
{
	char id[12];
	struct dm_cmd c = { .kind = DM_CMD_ALERT, .data = slice_str(code) };

	snprintf(id, sizeof(id), "%u", (*cmd_id)++);
	c.cmd_id = slice_str(id);
	s->cfg.encoder->command(out, &c);
}

/* What is behind a message that was written: who has closed its package, and pieces. */
static void message_sent(struct dm_session *s, bool final, unsigned int last_id)
{
	s->open = !final;
	if (final)
		s->server_closed = false;
	s->piece_id = dm_reply_in_pieces(&s->reply) ? last_id : 0;
}

/* --- package 1 ----------------------------------------------------------- */

#define MAX_DEVINFO 64			/* leaves sent */

static int put_devinfo(struct dm_session *s, struct buf *out, unsigned int *cmd_id)
{
	struct dm_node *top = dm_tree_find(s->cfg.tree, SLICE_LIT("./DevInfo"));
	struct dm_item items[MAX_DEVINFO] = { 0 };
	_cleanup_buf_ struct buf uris = BUF_INIT;
	size_t ends[MAX_DEVINFO];
	struct dm_cmd c = { .kind = DM_CMD_REPLACE, .items = items };
	char id[12];

	for (struct dm_node *n = top; n && c.nitems < MAX_DEVINFO; n = dm_tree_next(top, n)) {
		struct dm_item *it = &items[c.nitems];

		if (n->format == DM_FMT_NODE)
			continue;
		dm_node_uri(n, &uris);
		ends[c.nitems++] = uris.len;
		it->data = dm_node_value(n);
		if (n->format != DM_FMT_CHR)
			it->meta.format = slice_str(dm_format_name(n->format));
	}
	if (buf_error(&uris))
		return buf_error(&uris);
	if (!c.nitems)
		return -ENOENT;
	for (size_t i = 0, at = 0; i < c.nitems; at = ends[i++])
		items[i].source = slice_of(uris.data + at, ends[i] - at);
	snprintf(id, sizeof(id), "%u", (*cmd_id)++);
	c.cmd_id = slice_str(id);
	s->cfg.encoder->command(out, &c);
	return 0;
}

/* The words and namespaces of DM Protocol 1.2, Generic Alert. */
bool dm_session_alert_valid(const struct dm_session_alert *a)
{
	static const char *const marks[] = { "fatal", "critical", "minor", "warning",
					     "informational", "harmless", "indeterminate" };
	size_t i = 0;

	if (a->code == 1224)
		return a->type.n;
	if (a->code && a->code != 1226)
		return false;
	if (!str_starts(a->type, "Reversed-Domain-Name: ") && !str_starts(a->type, "Content-Type: "))
		return false;
	while (i < sizeof(marks) / sizeof(marks[0]) && !slice_eq_str(a->mark, marks[i]))
		i++;
	return !slice_present(a->mark) || i < sizeof(marks) / sizeof(marks[0]);
}

static void put_generic_alerts(struct dm_session *s, struct buf *out, unsigned int *cmd_id)
{
	for (size_t i = 0; i < s->cfg.nalerts; i++) {
		const struct dm_session_alert *a = &s->cfg.alerts[i];
		/* Type, Format and Data have to be there (PRO 2.3.7.1). */
		struct dm_item it = {
			.source = a->source,
			.data = slice_present(a->data) ? a->data : SLICE_LIT(""),
			.meta = { .type = a->type, .mark = a->mark,
				  .format = slice_present(a->format) ? a->format
								     : SLICE_LIT("chr") },
		};
		struct dm_cmd c = { .kind = DM_CMD_ALERT,
				    .data = a->code == 1224 ? SLICE_LIT("1224") : SLICE_LIT("1226"),
				    .correlator = a->correlator, .items = &it, .nitems = 1 };
		char id[12];

		s->alert_cmd_id[i] = *cmd_id;
		snprintf(id, sizeof(id), "%u", (*cmd_id)++);
		c.cmd_id = slice_str(id);
		s->cfg.encoder->command(out, &c);
	}
}

int session_package1(struct dm_session *s, struct buf *out)
{
	unsigned int cmd_id = 1;
	struct hdr_text t;
	int rc;

	for (size_t i = 0; i < s->cfg.nalerts; i++)
		if (!dm_session_alert_valid(&s->cfg.alerts[i]))
			return -EINVAL;
	begin_message(s, out, &t);
	s->pkg1_msg_id = s->msg_id;
	/* A repeated package 1 answers the challenger's header, perhaps with a challenge too. */
	if (s->in.hdr)
		put_hdr_status(s, out, &cmd_id);
	put_alert(s, out, &cmd_id, s->cfg.server_initiated ? "1200" : "1201");
	rc = put_devinfo(s, out, &cmd_id);
	if (rc)
		return rc;
	put_generic_alerts(s, out, &cmd_id);
	rc = end_message(s, out, true);
	if (rc)
		return rc;
	message_sent(s, true, 0);
	return 1;
}

/* --- answers ------------------------------------------------------------- */

/*
 * What the answer will take, by estimate, is asked for at once: growing step
 * by step would have the old and the new bytes in memory together.
 */
static void reserve(struct dm_session *s, struct buf *out)
{
	size_t n = s->reply.arena.len + (s->reply.n - s->reply.head) * SESSION_REC_ROOM;

	if (s->peer_max_msg && n > s->peer_max_msg)
		n = s->peer_max_msg;
	buf_room(out, n + SESSION_HDR_ROOM);
}

/* The end included, @out would be more than the server takes. */
static bool too_long(const struct dm_session *s, const struct buf *out)
{
	return s->peer_max_msg && out->len + s->cfg.encoder->tail_size > s->peer_max_msg;
}

int session_message(struct dm_session *s, struct buf *out, bool abort)
{
	bool next, final;
	unsigned int cmd_id = 1, answers_end;
	enum dm_reply_left left;
	struct hdr_text t;
	int rc;

	if (s->in.final)
		s->server_closed = true;
	else if (s->in.work)
		s->server_closed = false;	/* it began another package */
	next = !abort && (!s->server_closed || s->lo.active);
	reserve(s, out);
	begin_message(s, out, &t);
	put_hdr_status(s, out, &cmd_id);
	if (buf_error(out))
		return buf_error(out);	/* behind a header that broke off nothing can follow */
	left = dm_reply_write(&s->reply, s->cfg.encoder, out, s->peer_max_msg,
			      next || abort ? SESSION_ALERT_ROOM : 0, &cmd_id);
	if (buf_error(out))
		return buf_error(out);
	answers_end = cmd_id - 1;
	if (abort)
		put_alert(s, out, &cmd_id, "1223");
	else if (next && left == DM_REPLY_ALL)
		put_alert(s, out, &cmd_id, "1222");
	if (!abort && (left == DM_REPLY_STUCK || too_long(s, out))) {
		s->msg_id--;		/* it was never sent */
		buf_reset(out);
		return -ENOBUFS;
	}
	final = abort || (left == DM_REPLY_ALL && !next);
	rc = end_message(s, out, final);
	if (rc)
		return rc;
	message_sent(s, final, answers_end);
	if (left == DM_REPLY_ALL || abort)
		dm_reply_clear(&s->reply);
	return 1;
}
