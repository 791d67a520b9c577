// SPDX-License-Identifier: GPL-2.0-or-later
/* Large objects on their way in (PRO 2.2); out is dm/reply. */
#include "dm/session_int.h"
#include "util/str.h"

void session_lo_drop(struct dm_session *s)
{
	struct session_lo *lo = &s->lo;

	lo->active = false;
	buf_wipe_fini(&lo->data);
	buf_init(&lo->data, 0);
}

void session_lo_fini(struct dm_session *s)
{
	struct session_lo *lo = &s->lo;

	session_lo_drop(s);
	buf_fini(&lo->target);
	buf_fini(&lo->source);
	buf_fini(&lo->format);
	buf_fini(&lo->type);
	buf_fini(&lo->correlator);
}

static const struct dm_meta *sized(const struct dm_cmd *cmd, const struct dm_item *item)
{
	return item->meta.has_size ? &item->meta : &cmd->meta;
}

/*
 * The next piece is the first item of its command. Only the first piece names
 * the size: another size is another object.
 */
static bool continues(const struct session_lo *lo, const struct dm_cmd *cmd)
{
	const struct dm_meta *m;

	if (cmd->kind != lo->kind || !cmd->nitems)
		return false;
	m = sized(cmd, &cmd->items[0]);
	return slice_eq(cmd->items[0].target, buf_slice(&lo->target)) &&
	       (!m->has_size || m->size == lo->size);
}

void session_lo_break(struct dm_session *s)
{
	dm_reply_alert(&s->reply, 1225, buf_slice(&s->lo.target),
		       s->lo.source.len ? buf_slice(&s->lo.source) : SLICE_NONE);
	session_lo_drop(s);
}

void session_lo_check(struct dm_session *s, const struct dm_cmd *cmd)
{
	struct session_lo *lo = &s->lo;

	if (!lo->active || continues(lo, cmd))
		return;
	if (cmd->kind == DM_CMD_ALERT && slice_eq_str(str_trim(cmd->data), "1222"))
		return;
	session_lo_break(s);
}

bool session_lo_wanted(const struct dm_session *s, const struct dm_cmd *cmd,
		       const struct dm_item *item)
{
	return item->more_data ||
	       (s->lo.active && item == &cmd->items[0] && continues(&s->lo, cmd));
}

static void keep(struct buf *b, struct slice s)
{
	buf_reset(b);
	buf_put_slice(b, s);
}

static enum dm_status begin(struct dm_session *s, const struct dm_cmd *cmd,
			    const struct dm_item *item)
{
	const struct dm_meta *m = sized(cmd, item);
	struct session_lo *lo = &s->lo;

	/* Inside a container the parts would outlive it. */
	if (s->in.depth || item->tnds)
		return DM_ST_TOO_LARGE;
	if (cmd->kind != DM_CMD_ADD && cmd->kind != DM_CMD_REPLACE && cmd->kind != DM_CMD_EXEC)
		return DM_ST_BAD_REQUEST;
	if (!m->has_size)
		return DM_ST_SIZE_REQUIRED;
	if (m->size > s->env.max_obj_size)
		return DM_ST_TOO_LARGE;
	lo->kind = cmd->kind;
	lo->size = m->size;
	lo->got = 0;
	lo->opaque = item->data_opaque;
	keep(&lo->target, item->target);
	keep(&lo->source, item->source);
	keep(&lo->format, slice_present(item->meta.format) ? item->meta.format : cmd->meta.format);
	keep(&lo->type, slice_present(item->meta.type) ? item->meta.type : cmd->meta.type);
	keep(&lo->correlator, cmd->correlator);
	lo->active = true;
	return DM_ST_NONE;
}

static enum dm_status complete(struct dm_session *s, const struct dm_cmd *cmd)
{
	struct session_lo *lo = &s->lo;
	struct dm_item item = {
		.target = buf_slice(&lo->target), .data = buf_slice(&lo->data),
		.data_opaque = lo->opaque,
	};
	struct dm_cmd whole = {
		.kind = lo->kind, .cmd_id = cmd->cmd_id, .items = &item, .nitems = 1,
		.correlator = lo->correlator.len ? buf_slice(&lo->correlator) : SLICE_NONE,
	};

	if (lo->format.len)
		item.meta.format = buf_slice(&lo->format);
	if (lo->type.len)
		item.meta.type = buf_slice(&lo->type);
	return session_run_item(s, &whole, &item);
}

enum dm_status session_lo_item(struct dm_session *s, const struct dm_cmd *cmd,
			       const struct dm_item *item)
{
	struct session_lo *lo = &s->lo;
	enum dm_status st;

	if (!lo->active) {
		st = begin(s, cmd, item);
		if (st)
			return st;
	}
	s->in.chunk = true;
	lo->got += item->data.n;
	if (lo->got <= lo->size)
		buf_put_slice(&lo->data, item->data);
	if (buf_error(&lo->data) || buf_error(&lo->target) || buf_error(&lo->format) ||
	    buf_error(&lo->type) || buf_error(&lo->correlator)) {
		session_lo_drop(s);
		return DM_ST_DEVICE_FULL;
	}
	if (item->more_data)
		return DM_ST_CHUNK_BUFFERED;
	if (lo->got != lo->size) {
		session_lo_drop(s);
		return DM_ST_SIZE_MISMATCH;
	}
	st = complete(s, cmd);
	session_lo_drop(s);
	return st;
}
