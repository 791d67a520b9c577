/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at messages as they pass: one readable line for each, and a list of
 * what the server asked for with the status it was given. It changes nothing
 * and shows names and codes only, never a value.
 */
#ifndef DMSC_CLIENT_VIEW_H
#define DMSC_CLIENT_VIEW_H

#include "codec/codec.h"
#include "dm/msg.h"

#define VIEW_OPS_MAX 4096

/* One item of one command of the server's. */
struct view_op {
	enum dm_cmd_kind kind;
	int status;			/* what we answered; 0 = nothing (yet) */
	char *cmd_id;			/* owned */
	char *uri;			/* owned, as sent; the Alert's code for an Alert */
};

struct view {
	struct buf line;
	unsigned int shown;		/* commands in the line */
	unsigned int hidden;		/* ... and those it had no room for */
	struct view_op *ops;		/* of the last message received */
	size_t nops;
	size_t cursor;			/* statuses come in the order of the commands */
	const struct dm_sink *next;	/* the engine */
	void *next_ctx;
};

void view_init(struct view *v);
void view_fini(struct view *v);

/* Decodes a received message for the engine (@next) and looks at it on the way. */
int view_in(struct view *v, enum codec_format format, struct slice msg, const struct dm_sink *next,
	    void *next_ctx, struct codec_error *err) __attribute__((warn_unused_result));
/* Looks at a message of ours; fills in the statuses of view->ops. */
void view_out(struct view *v, enum codec_format format, struct slice msg);
/* The line of the last message, "Status 212 SyncHdr, Get ./DevInfo/Man"; "" when it was empty. */
const char *view_line(const struct view *v);

#endif
