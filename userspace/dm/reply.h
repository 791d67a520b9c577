/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is still to be told the server: Status, Results and Alert in order,
 * kept compactly until a message has room for them. It decides no status.
 */
#ifndef DMSC_DM_REPLY_H
#define DMSC_DM_REPLY_H

#include "dm/cmd.h"
#include "dm/msg.h"

struct dm_span {
	uint32_t off, len;		/* in the arena; off == UINT32_MAX: not present */
};

struct dm_rec {
	uint8_t type;			/* DM_CMD_STATUS, DM_CMD_RESULTS or DM_CMD_ALERT */
	uint8_t kind;			/* enum dm_cmd_kind of the command answered */
	uint8_t nitems; /* Status: answers of a UI alert, one after the other in @data */
	bool raw : 1;			/* Results: data are raw bytes (OPAQUE) */
	bool hurried : 1;		/* the next counts as the first of its message, too */
	bool failed_at : 1;		/* Status: @data is the LocURI of its one item's target */
	uint16_t code;			/* enum dm_status, or the alert's code */
	uint16_t together;		/* records behind it that belong into the same message */
	uint32_t msg_ref;
	uint32_t sent;			/* Results: bytes of data that earlier messages carried */
	/* A message of thousands of commands has as many of these: the unions count. */
	struct dm_span cmd_ref, source, data;
	union {
		struct dm_span target;	/* Status, Alert */
		struct dm_span format;	/* Results */
	};
	union {
		struct dm_span name;	/* Status */
		struct dm_span mime;	/* Results */
	};
};

struct dm_reply {
	struct buf arena;
	struct dm_rec *recs;
	size_t n, cap;
	size_t head;			/* first not sent */
	int err;			/* sticky: -ENOMEM, -EMSGSIZE */
};

#define DM_REPLY_MAX (64u << 20)	/* bytes held */

static inline size_t dm_reply_held(const struct dm_reply *r)
{
	return r->arena.len + r->n * sizeof(*r->recs);
}

void dm_reply_init(struct dm_reply *r);
void dm_reply_fini(struct dm_reply *r);
void dm_reply_clear(struct dm_reply *r);
bool dm_reply_empty(const struct dm_reply *r);

/* Index of the record, for dm_reply_code(). Lack of memory is sticky in @r. */
size_t dm_reply_status(struct dm_reply *r, uint32_t msg_ref, const struct dm_cmd *cmd,
		       const struct dm_item *item, enum dm_status code);
void dm_reply_results(struct dm_reply *r, uint32_t msg_ref, const struct dm_cmd *cmd,
		      const struct dm_cmd_result *res, bool binary_ok);
void dm_reply_alert(struct dm_reply *r, unsigned int code, struct slice target,
		    struct slice source);
/* One more answer of a UI alert to the newest record, which is its Status. */
void dm_reply_answer(struct dm_reply *r, struct slice text);

/* The newest record, a Status, has an item that names the parent that could not be made. */
void dm_reply_failed_at(struct dm_reply *r, struct slice uri);

static inline void dm_reply_code(struct dm_reply *r, size_t i, enum dm_status code)
{
	if (i < r->n)
		r->recs[i].code = code;
}

/*
 * The newest record goes before all that wait, when a message has taken some of
 * them already; else it stays the last.
 */
void dm_reply_hurry(struct dm_reply *r);
/* The record @first and all behind it do not part as long as one message can hold them. */
void dm_reply_together(struct dm_reply *r, size_t first);

/* True when the last message ended with a piece of a value that has more to come. */
bool dm_reply_in_pieces(const struct dm_reply *r);
/* That value: how much of it was sent. False: there is none. */
bool dm_reply_progress(const struct dm_reply *r, struct slice *uri, uint64_t *done, uint64_t *total);
/* The rest of such a value is not sent. */
void dm_reply_drop_pieces(struct dm_reply *r);

/* Bytes that @n records from @first on would take. */
size_t dm_reply_measure(const struct dm_reply *r, const struct dm_encoder *enc, size_t first,
			size_t n);

enum dm_reply_left {
	DM_REPLY_ALL,			/* nothing is left */
	DM_REPLY_MORE,			/* for the next message */
	DM_REPLY_STUCK,			/* not even one record fits an empty message */
};

/*
 * Writes as many records to @out as fit below @limit bytes (0 = no limit),
 * @reserve kept free; a value that alone is too large goes out in pieces
 * (PRO 2.2). Nothing ever goes beyond @limit. Look at buf_error() first.
 */
enum dm_reply_left dm_reply_write(struct dm_reply *r, const struct dm_encoder *enc, struct buf *out,
				  size_t limit, size_t reserve, unsigned int *cmd_id);

#endif
