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
	bool raw;			/* Results: data are raw bytes (OPAQUE) */
	uint16_t code;			/* enum dm_status, or the alert's code */
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

static inline void dm_reply_code(struct dm_reply *r, size_t i, enum dm_status code)
{
	if (i < r->n)
		r->recs[i].code = code;
}

/* Bytes the records from @first on would take. */
size_t dm_reply_measure(const struct dm_reply *r, const struct dm_encoder *enc, size_t first);

/*
 * Writes as many records to @out as fit below @limit bytes (0 = no limit),
 * @reserve kept free; a value that alone is too large goes out in pieces
 * (Pro 1.2 section 7). At least one record or piece is written when @first.
 * True when nothing is left.
 */
bool dm_reply_write(struct dm_reply *r, const struct dm_encoder *enc, struct buf *out, size_t limit,
		    size_t reserve, unsigned int *cmd_id, bool first);

#endif
