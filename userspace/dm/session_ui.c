// SPDX-License-Identifier: GPL-2.0-or-later
/* Alerts from the server: UI alerts for the person, and the few about the session itself. */
#include <stdio.h>

#include "dm/session_int.h"
#include "util/str.h"

enum { AL_NEXT = 1222, AL_NO_END = 1225 };

/* At most @max characters (0 = any number) and DM_UI_MAX_TEXT bytes, whole characters. */
static struct slice clip(struct slice text, uint32_t max)
{
	uint32_t chars = 0;

	for (size_t i = 0; i < text.n; i++) {
		bool begins = (text.p[i] & 0xc0) != 0x80;

		if (begins && ((max && chars == max) || i + 4 > DM_UI_MAX_TEXT))
			return slice_of(text.p, i);
		chars += begins;
	}
	return text;
}

static void put_answers(struct dm_session *s, const struct dm_ui_request *req,
			const struct dm_ui_answer *a)
{
	if (req->code == DM_UI_TEXT)
		dm_reply_answer(&s->reply, clip(buf_slice(&a->text), req->opts.max_len));
	if (req->code != DM_UI_CHOICE && req->code != DM_UI_CHOICES)
		return;
	for (size_t i = 0; i < a->nchosen; i++) {
		char n[12];

		snprintf(n, sizeof(n), "%u", a->chosen[i]);
		dm_reply_answer(&s->reply, slice_str(n));
	}
}

/* Leaves the numbers of real choices, each once. False: no proper answer. */
static bool check_choices(const struct dm_ui_request *req, struct dm_ui_answer *a)
{
	uint32_t seen = 0;
	size_t n = 0;

	for (size_t i = 0; i < a->nchosen && i < DM_UI_MAX_CHOICES; i++) {
		unsigned int c = a->chosen[i];

		if (!c || c > req->nchoices || seen & 1u << (c - 1))
			continue;
		seen |= 1u << (c - 1);
		a->chosen[n++] = c;
	}
	a->nchosen = n;
	return req->code != DM_UI_CHOICE || n == 1;
}

static bool all_have_data(const struct dm_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!slice_present(items[i].data))
			return false;
	return true;
}

static enum dm_status ask(struct dm_session *s, const struct dm_cmd *cmd,
			  struct dm_ui_request *req, struct dm_ui_answer *a)
{
	enum dm_status st;

	if (!s->env.ops || !s->env.ops->ui)
		return DM_ST_UNSUPPORTED;
	if (cmd->nitems < 2 || !all_have_data(cmd->items + 1, cmd->nitems - 1))
		return DM_ST_BAD_REQUEST;
	req->options = cmd->items[0].data;
	req->text = cmd->items[1].data;
	req->choices = cmd->items + 2;
	req->nchoices = cmd->nitems - 2;
	if (req->text.n > DM_UI_MAX_TEXT)
		return DM_ST_TOO_LARGE;
	if (req->code >= DM_UI_CHOICE && !req->nchoices)
		return DM_ST_BAD_REQUEST;
	if (req->nchoices > DM_UI_MAX_CHOICES)
		return DM_ST_CHOICE_TOO_LARGE;
	dm_ui_options_parse(req->options, req->code, req->nchoices, &req->opts);
	st = s->env.ops->ui(s->cfg.ctx, req, a);
	if (st == DM_ST_OK && req->code >= DM_UI_CHOICE && !check_choices(req, a))
		st = DM_ST_CANCELLED;
	if (st == DM_ST_OK && !dm_cmd_is_text(buf_slice(&a->text)))
		st = DM_ST_FAILED;	/* whoever asked the person garbled the answer */
	return st ? st : DM_ST_UNSUPPORTED;
}

static void ui_alert(struct dm_session *s, unsigned int code, const struct dm_cmd *cmd)
{
	struct dm_ui_request req = { .code = code };
	struct dm_ui_answer a = { 0 };
	enum dm_status st = ask(s, cmd, &req, &a);

	s->result.commands++;
	session_status(s, cmd, NULL, st);
	if (st == DM_ST_OK && !cmd->no_resp && !s->in.no_resp)
		put_answers(s, &req, &a);
	buf_wipe_fini(&a.text);
	/* "No" ends a Sequence; a cancel ends the message, but not that of a mere display. */
	if (st == DM_ST_NOT_MODIFIED && s->in.depth)
		s->in.frames[s->in.depth - 1].stopped = true;
	if ((st == DM_ST_CANCELLED || st == DM_ST_TIMEOUT) && code != DM_UI_DISPLAY)
		s->in.stop = true;
}

/*
 * The server asks for what waits: its Status goes before that, or there would be
 * one more to wait each time it asks.
 */
static void next_message(struct dm_session *s, const struct dm_cmd *cmd)
{
	bool waits = s->reply.head < s->in.first_rec && !s->in.depth;
	size_t n = s->reply.n;

	session_status(s, cmd, NULL, DM_ST_OK);
	if (waits && s->reply.n > n)
		dm_reply_hurry(&s->reply);
}

/* The server lost track of a value we send in pieces: the rest would be of no use to it. */
static void no_end(struct dm_session *s, const struct dm_cmd *cmd)
{
	dm_reply_drop_pieces(&s->reply);
	session_status(s, cmd, NULL, DM_ST_OK);
}

void session_alert(struct dm_session *s, const struct dm_cmd *cmd)
{
	uint32_t code;

	if (str_parse_u32(str_trim(cmd->data), &code))
		session_status(s, cmd, NULL, DM_ST_BAD_REQUEST);
	else if (code >= DM_UI_DISPLAY && code <= DM_UI_CHOICES)
		ui_alert(s, code, cmd);
	else if (code == AL_NEXT)
		next_message(s, cmd);
	else if (code == AL_NO_END)
		no_end(s, cmd);
	else
		session_status(s, cmd, NULL, DM_ST_UNSUPPORTED);
}
