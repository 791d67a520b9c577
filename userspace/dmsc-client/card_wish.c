// SPDX-License-Identifier: GPL-2.0-or-later
/* What a session means for the card its account came from; the contract is in card_wish.h. */
#include "dmsc-client/card_wish.h"

#include <errno.h>
#include <time.h>

#include "dmsc-client/client.h"
#include "util/log.h"

static int row_get(struct store *s, const struct store_origin *o, const char *server,
		   struct store_card *row)
{
	return store_card_get(s, slice_of(o->iccid, o->iccid_len), o->digest, server, row);
}

static int row_put(struct store *s, struct store_card *row, enum store_card_phase phase,
		   const char *reason)
{
	row->phase = phase;
	client_reason(row->reason, sizeof(row->reason), "%s", reason);
	row->updated = time(NULL);
	return store_card_put(s, row);
}

int card_wish_lift(struct store *s, const struct store_origin *o, const char *server)
{
	struct store_card row;
	int r = row_get(s, o, server, &row);

	if (r)
		return r == -ENOENT ? 0 : r;
	if (row.phase != STORE_CARD_REFUSED)
		return 0;
	log_notice("the refusal of a session with %s is lifted: a person starts one", server);
	return row_put(s, &row, STORE_CARD_PENDING, "a person started a session after a refusal");
}

int card_wish_done(struct store *s, const struct store_origin *o, const char *server)
{
	struct store_card row, content;
	int r = row_get(s, o, server, &row);

	if (r && r != -ENOENT)
		return r;
	if (r) {	/* a session that the card did not ask for, but it will not be needed again */
		memset(&row, 0, sizeof(row));
		memcpy(row.iccid, o->iccid, sizeof(row.iccid));
		row.iccid_len = o->iccid_len;
		memcpy(row.digest, o->digest, sizeof(row.digest));
		client_reason(row.server, sizeof(row.server), "%s", server);
	}
	/* The insertion it happened in is the one that the content was last taken in. */
	r = row_get(s, o, "", &content);
	if (r && r != -ENOENT)
		return r;
	if (!r) {
		memcpy(row.boot_id, content.boot_id, sizeof(row.boot_id));
		memcpy(row.slot, content.slot, sizeof(row.slot));
		row.seq = content.seq;
	}
	return row_put(s, &row, STORE_CARD_DONE, "the server accepted us");
}
