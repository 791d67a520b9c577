/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recorded session once more: the engine gets what it got then, and each
 * message it makes is compared with the recorded one, byte for byte.
 */
#ifndef DMSC_CLIENT_PLAYER_H
#define DMSC_CLIENT_PLAYER_H

#include "codec/codec.h"
#include "dm/session.h"
#include "dmsc-client/tape.h"
#include "dmsc-client/trace.h"

enum player_end {
	PLAYER_SAME,
	PLAYER_DIFFERS,			/* the engine did something else; player.text says what */
	PLAYER_BAD,			/* the trace cannot be read, or not to its end */
};

struct player {
	struct tape tape;
	const struct dm_tnds_ops *tnds;	/* as the session had it; NULL = none */
	struct trace *copy;		/* gets what is sent now; NULL = nobody */
	/* The recorded world. */
	char client[64];		/* version that recorded it */
	struct dm_session_config cfg;
	struct dm_session_ops ops;
	struct dm_session_alert alerts[DM_SESSION_MAX_ALERTS];
	struct dm_account account;
	enum codec_format format;
	struct dm_tree *tree;
	struct dmsc_ddf *ddf;		/* what described it; NULL = nothing did */
	char **names;			/* that ddf borrows */
	size_t nnames;
	struct dm_session *session;
	struct buf random;		/* every draw: a difference must not show one */
	struct buf in, was, out;	/* messages: received, sent then, sent now */
	unsigned int n_in, n_out;
	bool differs;
	struct buf text;		/* for people: what differs */
};

/* @p zeroed but for tnds and copy; player_fini() in any case. */
enum player_end player_run(struct player *p, const char *dir);
void player_fini(struct player *p);

/* player_world.c: all lines up to the first call, and the session made from them. */
bool player_load(struct player *p);
/* player_diff.c: p->text for the messages p->was and p->out, which differ; secrets masked. */
void player_diff(struct player *p);

#endif
