// SPDX-License-Identifier: GPL-2.0-or-later
/* The queue of answers and its way into messages; it knows no session. */
#include "dm/reply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/digest.h"
#include "util/str.h"

#define MIN_CHUNK 64			/* bytes; a smaller piece waits for an empty message */

void dm_reply_init(struct dm_reply *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->arena, DM_REPLY_MAX);
}

void dm_reply_fini(struct dm_reply *r)
{
	buf_wipe_fini(&r->arena);
	free(r->recs);
	memset(r, 0, sizeof(*r));
}

void dm_reply_clear(struct dm_reply *r)
{
	buf_reset(&r->arena);
	r->n = r->head = 0;
	r->err = 0;
}

bool dm_reply_empty(const struct dm_reply *r)
{
	return r->head == r->n;
}

/* The record of the value in pieces, what was hurried may stand before it; r->n: none. */
static size_t in_pieces(const struct dm_reply *r)
{
	size_t i = r->head;

	while (i < r->n && r->recs[i].hurried)
		i++;
	return i < r->n && r->recs[i].sent ? i : r->n;
}

bool dm_reply_in_pieces(const struct dm_reply *r)
{
	return in_pieces(r) < r->n;
}

void dm_reply_drop_pieces(struct dm_reply *r)
{
	size_t i = in_pieces(r);

	if (i == r->n)
		return;
	memmove(&r->recs[r->head + 1], &r->recs[r->head], (i - r->head) * sizeof(*r->recs));
	r->head++;
}

void dm_reply_hurry(struct dm_reply *r)
{
	/* What was sent leaves a free place before the first that was not. */
	if (!r->head || r->n - r->head < 2)
		return;
	r->recs[--r->head] = r->recs[--r->n];
	r->recs[r->head].hurried = true;
}

void dm_reply_together(struct dm_reply *r, size_t first)
{
	if (first < r->n && r->n - first - 1 <= UINT16_MAX)
		r->recs[first].together = r->n - first - 1;
}

static struct dm_span put(struct dm_reply *r, struct slice s)
{
	struct dm_span sp = { r->arena.len, s.n };

	if (!slice_present(s))
		return (struct dm_span){ UINT32_MAX, 0 };
	buf_put_slice(&r->arena, s);
	if (!buf_error(&r->arena))
		return sp;
	/* What is not there must not be looked at. */
	r->err = buf_error(&r->arena);
	return (struct dm_span){ UINT32_MAX, 0 };
}

static struct slice get(const struct dm_reply *r, struct dm_span sp)
{
	if (sp.off == UINT32_MAX)
		return SLICE_NONE;
	return slice_of(sp.len ? r->arena.data + sp.off : (const uint8_t *)"", sp.len);
}

bool dm_reply_progress(const struct dm_reply *r, struct slice *uri, uint64_t *done, uint64_t *total)
{
	size_t i = in_pieces(r);

	if (i == r->n)
		return false;
	*uri = get(r, r->recs[i].source);
	*done = r->recs[i].sent;
	*total = r->recs[i].data.len;
	return true;
}

/* The same text need not be kept twice: Results mostly repeat what their Status says. */
static struct dm_span put_as(struct dm_reply *r, struct slice s, const struct dm_span *like)
{
	if (like && slice_present(s) && slice_eq(get(r, *like), s))
		return *like;
	return put(r, s);
}

static struct dm_rec *rec_new(struct dm_reply *r)
{
	struct dm_rec *x;

	/* A command of one byte makes a record of many. */
	if (dm_reply_held(r) > DM_REPLY_MAX) {
		r->err = -EMSGSIZE;
		return NULL;
	}
	if (r->n == r->cap) {
		/* By half: what was outgrown is still part of the peak. */
		size_t cap = r->cap ? r->cap + r->cap / 2 : 32;

		x = reallocarray(r->recs, cap, sizeof(*x));
		if (!x) {
			r->err = -ENOMEM;
			return NULL;
		}
		r->recs = x;
		r->cap = cap;
	}
	x = &r->recs[r->n++];
	memset(x, 0, sizeof(*x));
	x->cmd_ref = x->name = x->target = x->source = x->data =
		(struct dm_span){ UINT32_MAX, 0 };
	return x;
}

/* A command without a proper CmdID is answered without one: CmdRef 0 would mean the SyncHdr. */
static struct slice ref_of(const struct dm_cmd *cmd)
{
	struct slice id = str_trim(cmd->cmd_id);
	size_t i = 0;

	while (i < id.n && id.p[i] == '0')
		i++;
	return i < id.n ? id : SLICE_LIT("");
}

size_t dm_reply_status(struct dm_reply *r, uint32_t msg_ref, const struct dm_cmd *cmd,
		       const struct dm_item *item, enum dm_status code)
{
	struct dm_rec *x = rec_new(r);

	if (!x)
		return SIZE_MAX;
	x->type = DM_CMD_STATUS;
	x->kind = cmd->kind;
	x->code = code;
	x->msg_ref = msg_ref;
	x->cmd_ref = put(r, ref_of(cmd));
	if (cmd->kind == DM_CMD_OTHER)
		x->name = put(r, cmd->name);
	if (item) {
		x->target = put(r, item->target);
		x->source = put(r, item->source);
	}
	return r->n - 1;
}

void dm_reply_results(struct dm_reply *r, uint32_t msg_ref, const struct dm_cmd *cmd,
		      const struct dm_cmd_result *res, bool binary_ok)
{
	struct dm_rec *x = rec_new(r), *status;

	if (!x)
		return;
	x->type = DM_CMD_RESULTS;
	x->kind = cmd->kind;
	x->msg_ref = msg_ref;
	x->raw = res->binary && binary_ok;
	status = r->n > 1 ? x - 1 : NULL;
	if (status && status->type != DM_CMD_STATUS)
		status = NULL;
	x->cmd_ref = put_as(r, ref_of(cmd), status ? &status->cmd_ref : NULL);
	x->source = put_as(r, res->source, status ? &status->target : NULL);
	x->mime = put(r, res->type);
	if (!res->binary || binary_ok) {
		x->format = put(r, res->binary && !res->format.n ? SLICE_LIT("bin") : res->format);
		x->data = put(r, res->data);
		return;
	}
	x->format = put(r, SLICE_LIT("b64"));
	x->data.off = r->arena.len;
	base64_encode(&r->arena, res->data);
	x->data.len = r->arena.len - x->data.off;
	if (buf_error(&r->arena))
		r->err = buf_error(&r->arena);
}

void dm_reply_alert(struct dm_reply *r, unsigned int code, struct slice target, struct slice source)
{
	struct dm_rec *x = rec_new(r);

	if (!x)
		return;
	x->type = DM_CMD_ALERT;
	x->code = code;
	x->target = put(r, target);
	x->source = put(r, source);
}

void dm_reply_answer(struct dm_reply *r, struct slice text)
{
	struct dm_rec *x = r->n ? &r->recs[r->n - 1] : NULL;
	uint32_t len = text.n;
	struct dm_span sp;

	if (!x || x->nitems == UINT8_MAX)
		return;
	sp = put(r, slice_of(&len, sizeof(len)));
	if (!x->nitems++)
		x->data = sp;
	put(r, slice_of(text.p ? text.p : (const uint8_t *)"", text.n));
	x->data.len = r->arena.len - x->data.off;
}

void dm_reply_failed_at(struct dm_reply *r, struct slice uri)
{
	struct dm_rec *x = r->n ? &r->recs[r->n - 1] : NULL;

	if (!x || x->type != DM_CMD_STATUS || x->nitems)
		return;
	x->data = put(r, uri);
	x->failed_at = true;
}

/* --- writing ------------------------------------------------------------- */

struct number {
	char text[12];
	struct slice s;
};

static struct slice number(struct number *n, unsigned int v)
{
	char *p = n->text + sizeof(n->text);

	do {
		*--p = '0' + v % 10;
		v /= 10;
	} while (v);
	return n->s = slice_of(p, n->text + sizeof(n->text) - p);
}

/* The answers of a UI alert as items; @items has room for DM_UI_MAX_CHOICES. */
static size_t answers(const struct dm_reply *r, const struct dm_rec *x, struct dm_item *items)
{
	struct slice a = get(r, x->data);
	size_t n = 0;

	for (; n < x->nitems && n < DM_UI_MAX_CHOICES && a.n >= 4; n++) {
		uint32_t len;

		memcpy(&len, a.p, 4);
		if (len > a.n - 4)
			break;
		items[n].data = slice_of(a.p + 4, len);
		a = slice_of(a.p + 4 + len, a.n - 4 - len);
	}
	return n;
}

static void write_answers(const struct dm_reply *r, const struct dm_rec *x,
			  const struct dm_encoder *enc, struct buf *out, struct dm_cmd *c)
{
	struct dm_item items[DM_UI_MAX_CHOICES] = { 0 };

	c->items = items;
	c->nitems = answers(r, x, items);
	enc->command(out, c);
}

static void write_failed_at(const struct dm_reply *r, const struct dm_rec *x,
			    const struct dm_encoder *enc, struct buf *out, struct dm_cmd *c)
{
	struct dm_item item = { .target = get(r, x->data) };

	c->items = &item;
	c->nitems = 1;
	enc->command(out, c);
}

/* What cannot be referred to is not: its Status says 400. */
static struct slice ref_text(struct slice ref)
{
	return dm_cmd_is_text(ref) ? ref : SLICE_LIT("");
}

static void write_status(const struct dm_reply *r, const struct dm_rec *x,
			 const struct dm_encoder *enc, struct buf *out, unsigned int cmd_id,
			 bool refs)
{
	struct number id, msg, code;
	const char *name = dm_cmd_kind_name(x->kind);
	struct dm_cmd c = {
		.kind = DM_CMD_STATUS,
		.cmd_id = number(&id, cmd_id),
		.msg_ref = number(&msg, x->msg_ref),
		.cmd_ref = refs ? get(r, x->cmd_ref) : ref_text(get(r, x->cmd_ref)),
		.cmd = name ? slice_str(name) : get(r, x->name),
		.target_ref = refs ? get(r, x->target) : SLICE_NONE,
		.source_ref = refs ? get(r, x->source) : SLICE_NONE,
		.data = number(&code, x->code),
	};

	if (x->nitems)
		write_answers(r, x, enc, out, &c);
	else if (x->failed_at && refs)
		write_failed_at(r, x, enc, out, &c);
	else
		enc->command(out, &c);
}

/* @take: bytes of data from x->sent on. */
static void write_results(const struct dm_reply *r, const struct dm_rec *x,
			  const struct dm_encoder *enc, struct buf *out, unsigned int cmd_id,
			  size_t take)
{
	struct number id, msg;
	struct slice data = get(r, x->data);
	struct dm_item item = {
		.source = get(r, x->source), .data_opaque = x->raw,
		.meta = { .format = get(r, x->format), .type = get(r, x->mime) },
		.more_data = x->sent + take < data.n,
	};
	struct dm_cmd c = {
	    .kind = DM_CMD_RESULTS,
	    .cmd_id = number(&id, cmd_id),
	    .msg_ref = number(&msg, x->msg_ref),
	    .cmd_ref = get(r, x->cmd_ref),
	    .items = &item,
	    .nitems = 1,
	};

	if (slice_present(data))
		item.data = slice_of(data.p + x->sent, take);
	if (item.more_data && !x->sent) {
		item.meta.has_size = true;
		item.meta.size = data.n;
	}
	enc->command(out, &c);
}

static void write_alert(const struct dm_reply *r, const struct dm_rec *x,
			const struct dm_encoder *enc, struct buf *out, unsigned int cmd_id,
			bool refs)
{
	struct number id, code;
	struct dm_item item = { .target = get(r, x->target), .source = get(r, x->source) };
	struct dm_cmd c = {
		.kind = DM_CMD_ALERT, .cmd_id = number(&id, cmd_id), .data = number(&code, x->code),
		.items = &item, .nitems = refs && (item.target.n || item.source.n) ? 1 : 0,
	};

	enc->command(out, &c);
}

/* @refs: what is addressed is named too; CmdRef alone says enough when there is no room for it. */
static void write_rec_refs(const struct dm_reply *r, const struct dm_rec *x,
			   const struct dm_encoder *enc, struct buf *out, unsigned int cmd_id,
			   bool refs)
{
	if (x->type == DM_CMD_RESULTS)
		write_results(r, x, enc, out, cmd_id, x->data.len - x->sent);
	else if (x->type == DM_CMD_ALERT)
		write_alert(r, x, enc, out, cmd_id, refs);
	else
		write_status(r, x, enc, out, cmd_id, refs);
}

static void write_rec(const struct dm_reply *r, const struct dm_rec *x,
		      const struct dm_encoder *enc, struct buf *out, unsigned int cmd_id)
{
	size_t mark = out->len;

	write_rec_refs(r, x, enc, out, cmd_id, true);
	if (buf_error(out) != -EILSEQ || x->type == DM_CMD_RESULTS)
		return;
	/* A reference the encoding cannot carry is left out. */
	buf_truncate(out, mark);
	write_rec_refs(r, x, enc, out, cmd_id, false);
}

size_t dm_reply_measure(const struct dm_reply *r, const struct dm_encoder *enc, size_t first,
			size_t n)
{
	struct buf b = BUF_INIT;
	size_t sum = 0;

	for (size_t i = first; i < r->n && i - first < n; i++) {
		buf_reset(&b);
		write_rec(r, &r->recs[i], enc, &b, 65535);
		sum += b.len;
	}
	buf_fini(&b);
	return sum;
}

/* How much of @take bytes from @from on ends with a whole UTF-8 character; at least one. */
static size_t chunk_end(struct slice data, size_t from, size_t take)
{
	size_t end = from + take;

	while (end > from && end < data.n && (data.p[end] & 0xc0) == 0x80)
		end--;
	if (end > from)
		return end - from;
	for (end = from + take; end < data.n && (data.p[end] & 0xc0) == 0x80;)
		end++;
	return end - from;
}

/* A piece of a value that does not fit, no less than @least; true when one was written. */
static bool write_chunk(struct dm_reply *r, struct dm_rec *x, const struct dm_encoder *enc,
			struct buf *out, size_t room, unsigned int cmd_id, size_t least)
{
	size_t mark = out->len, take = x->data.len - x->sent, whole = room;

	for (;;) {
		size_t used, n;

		take = take > whole ? whole : take * 3 / 4;
		if (take < least)
			return false;
		n = x->raw ? take : chunk_end(get(r, x->data), x->sent, take);
		write_results(r, x, enc, out, cmd_id, n);
		used = out->len - mark;
		if (!buf_error(out) && used <= room) {
			x->sent += n;
			return true;
		}
		buf_truncate(out, mark);
		/* The markup's share is known now: next time it fits, unless escapes differ. */
		whole = used > room && used - room < take ? take - (used - room) : take * 3 / 4;
	}
}

/* A record that does not fit what is left of a message: in pieces, or with less in it. */
static bool squeeze(struct dm_reply *r, struct dm_rec *x, const struct dm_encoder *enc,
		    struct buf *out, size_t end, unsigned int cmd_id, bool first)
{
	size_t mark = out->len, room = mark < end ? end - mark : 0;

	if (x->type == DM_CMD_RESULTS)
		return x->data.len - x->sent > 1 &&
		       write_chunk(r, x, enc, out, room, cmd_id, first ? 1 : MIN_CHUNK);
	if (!first)
		return false;
	write_rec_refs(r, x, enc, out, cmd_id, false);
	if (out->len <= end) {
		r->head++;
		return true;
	}
	buf_truncate(out, mark);
	return false;
}

enum dm_reply_left dm_reply_write(struct dm_reply *r, const struct dm_encoder *enc, struct buf *out,
				  size_t limit, size_t reserve, unsigned int *cmd_id)
{
	size_t keep = reserve + enc->tail_size, end = limit > keep ? limit - keep : 0;
	bool first = true;

	for (; r->head < r->n; ++*cmd_id) {
		struct dm_rec *x = &r->recs[r->head];
		size_t mark = out->len;
		bool too_long;

		if (limit && !first && x->together &&
		    mark + dm_reply_measure(r, enc, r->head, 1u + x->together) > end)
			return DM_REPLY_MORE;
		/* Written, no value gets shorter: a long one is not, to find that out. */
		too_long = limit && x->type == DM_CMD_RESULTS && mark + x->data.len - x->sent > end;
		if (!too_long)
			write_rec(r, x, enc, out, *cmd_id);
		if (too_long || (limit && out->len > end)) {
			buf_truncate(out, mark);
			if (!squeeze(r, x, enc, out, end, *cmd_id, first))
				return first ? DM_REPLY_STUCK : DM_REPLY_MORE;
			if (x->sent) {
				++*cmd_id;
				return DM_REPLY_MORE;
			}
		} else {
			r->head++;
		}
		if (buf_error(out))
			return DM_REPLY_STUCK;
		first = first && x->hurried;
	}
	return DM_REPLY_ALL;
}
