// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages in words, and operations with their statuses; the contract is in view.h. No value is ever kept. */
#include "dmsc-client/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/str.h"

#define LINE_MAX_BYTES 600
#define URI_SHOWN 120
#define ID_KEPT 16			/* bytes of a CmdID; a longer one gets no status here */
#define URI_KEPT 1024			/* bytes of a URI: no valid one is longer */

void view_init(struct view *v)
{
	memset(v, 0, sizeof(*v));
}

static void drop_ops(struct view *v)
{
	for (size_t i = 0; i < v->nops; i++) {
		free(v->ops[i].cmd_id);
		free(v->ops[i].uri);
	}
	free(v->ops);
	v->ops = NULL;
	v->nops = v->cursor = 0;
}

void view_fini(struct view *v)
{
	drop_ops(v);
	buf_fini(&v->line);
}

const char *view_line(const struct view *v)
{
	return buf_cstr(&v->line);
}

/* --- the line --- */

static void say(struct view *v, const char *word, struct slice what)
{
	if (v->line.len > LINE_MAX_BYTES) {
		v->hidden++;
		return;
	}
	if (what.n > URI_SHOWN)
		what.n = URI_SHOWN;
	buf_printf(&v->line, "%s%s%s%.*s", v->shown ? ", " : "", word, what.n ? " " : "", (int)what.n,
		   what.p ? (const char *)what.p : "");
	v->shown++;
}

static void say_status(struct view *v, const struct dm_cmd *cmd)
{
	char word[64];

	snprintf(word, sizeof(word), "Status %.*s", (int)(cmd->data.n > 8 ? 8 : cmd->data.n),
		 cmd->data.p ? (const char *)cmd->data.p : "");
	say(v, word, cmd->cmd);
}

static void say_cred(struct view *v, const struct dm_hdr *hdr)
{
	if (hdr->has_cred)
		say(v, "credentials", hdr->cred.meta.type);
}

static void start_line(struct view *v)
{
	buf_reset(&v->line);
	v->shown = v->hidden = 0;
}

static void end_line(struct view *v)
{
	if (v->hidden)
		buf_printf(&v->line, " and %u more", v->hidden);
}

static struct slice item_uri(const struct dm_item *it)
{
	return slice_present(it->target) ? it->target : it->source;
}

static void say_command(struct view *v, const struct dm_cmd *cmd)
{
	const char *name = dm_cmd_kind_name(cmd->kind);

	if (cmd->kind == DM_CMD_STATUS) {
		say_status(v, cmd);
		if (cmd->has_chal)
			say(v, "challenge", cmd->chal.type);
		return;
	}
	if (cmd->kind == DM_CMD_ALERT) {
		say(v, "Alert", cmd->data);
		return;
	}
	if (!name) {
		say(v, "(unknown command)", SLICE_NONE);
		return;
	}
	if (cmd->nitems == 0)
		say(v, name, SLICE_NONE);
	for (size_t i = 0; i < cmd->nitems; i++)
		say(v, name, item_uri(&cmd->items[i]));
}

/* --- the operations --- */

static void keep_op(struct view *v, const struct dm_cmd *cmd, struct slice uri)
{
	struct view_op *op;

	if (v->nops >= VIEW_OPS_MAX)
		return;
	if ((v->nops & (v->nops - 1)) == 0) {
		void *p = realloc(v->ops, (v->nops ? v->nops * 2 : 1) * sizeof(*op));

		if (!p)
			return;
		v->ops = p;
	}
	op = &v->ops[v->nops];
	*op = (struct view_op){ .kind = cmd->kind };
	/* Both are kept for each item: what is long here is long a thousand times. */
	op->cmd_id = str_dup(cmd->cmd_id.n && cmd->cmd_id.n <= ID_KEPT ? cmd->cmd_id : SLICE_LIT(""));
	op->uri = str_dup(uri.n <= URI_KEPT ? slice_of(uri.n ? (const void *)uri.p : "", uri.n)
					    : slice_of(uri.p, URI_KEPT));
	if (op->cmd_id && op->uri) {
		v->nops++;
		return;
	}
	free(op->cmd_id);
	free(op->uri);
}

static bool wanted(enum dm_cmd_kind k)
{
	switch (k) {
	case DM_CMD_GET:
	case DM_CMD_ADD:
	case DM_CMD_REPLACE:
	case DM_CMD_DELETE:
	case DM_CMD_COPY:
	case DM_CMD_EXEC:
	case DM_CMD_ALERT:
		return true;
	default:
		return false;
	}
}

static void keep_ops(struct view *v, const struct dm_cmd *cmd)
{
	if (!wanted(cmd->kind))
		return;
	if (cmd->kind == DM_CMD_ALERT) {
		keep_op(v, cmd, cmd->data);
		return;
	}
	for (size_t i = 0; i < cmd->nitems; i++)
		keep_op(v, cmd, item_uri(&cmd->items[i]));
}

/* One Status may speak for every item of its command, or name one with TargetRef. */
static void give_status(struct view *v, const struct dm_cmd *st)
{
	size_t start = v->cursor;
	uint32_t code;

	if (str_parse_u32(st->data, &code) < 0 || code > 999)
		return;
	for (size_t i = 0; i < v->nops; i++) {
		size_t at = (start + i) % v->nops;
		struct view_op *op = &v->ops[at];

		if (!slice_eq_str(st->cmd_ref, op->cmd_id))
			continue;
		if (slice_present(st->target_ref) && op->kind != DM_CMD_ALERT &&
		    !slice_eq_str(st->target_ref, op->uri))
			continue;
		op->status = (int)code;
		v->cursor = at;
		if (slice_present(st->target_ref))
			return;
	}
}

/* --- received: look, then hand on --- */

static int in_header(void *ctx, const struct dm_hdr *hdr)
{
	struct view *v = ctx;

	say_cred(v, hdr);
	return v->next->header ? v->next->header(v->next_ctx, hdr) : 0;
}

static int in_command(void *ctx, const struct dm_cmd *cmd)
{
	struct view *v = ctx;

	say_command(v, cmd);
	keep_ops(v, cmd);
	return v->next->command ? v->next->command(v->next_ctx, cmd) : 0;
}

static int in_container_begin(void *ctx, const struct dm_cmd *cmd)
{
	struct view *v = ctx;

	say_command(v, cmd);
	return v->next->container_begin ? v->next->container_begin(v->next_ctx, cmd) : 0;
}

static int in_container_end(void *ctx)
{
	struct view *v = ctx;

	return v->next->container_end ? v->next->container_end(v->next_ctx) : 0;
}

static int in_end(void *ctx, bool final)
{
	struct view *v = ctx;

	return v->next->end ? v->next->end(v->next_ctx, final) : 0;
}

int view_in(struct view *v, enum codec_format format, struct slice msg, const struct dm_sink *next,
	    void *next_ctx, struct codec_error *err)
{
	static const struct dm_sink sink = {
		.header = in_header,
		.command = in_command,
		.container_begin = in_container_begin,
		.container_end = in_container_end,
		.end = in_end,
	};
	int rc;

	v->next = next;
	v->next_ctx = next_ctx;
	drop_ops(v);
	start_line(v);
	rc = codec_decode(format, msg, NULL, &sink, v, err);
	end_line(v);
	return rc;
}

/* --- sent --- */

static int out_header(void *ctx, const struct dm_hdr *hdr)
{
	say_cred(ctx, hdr);
	return 0;
}

/* DevInfo is a dozen items: the command is enough. Commands of ours keep no list. */
static int out_command(void *ctx, const struct dm_cmd *cmd)
{
	struct view *v = ctx;

	if (cmd->kind == DM_CMD_STATUS)
		give_status(v, cmd);
	if (cmd->kind == DM_CMD_REPLACE)
		say(v, "Replace DevInfo", SLICE_NONE);
	else
		say_command(v, cmd);
	return 0;
}

void view_out(struct view *v, enum codec_format format, struct slice msg)
{
	static const struct dm_sink sink = { .header = out_header, .command = out_command };

	v->cursor = 0;
	start_line(v);
	if (codec_decode(format, msg, NULL, &sink, v, NULL) < 0)
		buf_put_str(&v->line, " (unreadable)");
	end_line(v);
}
