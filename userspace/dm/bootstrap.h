/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applies a DM-profile bootstrap message (DM Bootstrap 1.2 section 5.4) to
 * the tree: no session, no answer, no ACL check (the card is trusted), all or
 * nothing. Whether the card may do this is the caller's question.
 *
 *	b = dm_bootstrap_new(&config);
 *	rc = decode(bytes, dm_bootstrap_sink(), b);	(again for each message of one content)
 *	rc = dm_bootstrap_finish(b, rc, &result);
 */
#ifndef DMSC_DM_BOOTSTRAP_H
#define DMSC_DM_BOOTSTRAP_H

#include "dm/msg.h"
#include "dm/tnds.h"
#include "dm/tree.h"
#include "dm/uri.h"

#define DM_BOOTSTRAP_MAX_SERVERS 8

struct dm_bootstrap_config {
	struct dm_tree *tree;
	const struct dm_tnds_ops *tnds;
	uint32_t origin;		/* store's id of the card; never 0 for a card */
	/*
	 * @origin brought this very content before, and has not been taken back: what its
	 * servers have made of it since is left alone, as long as each has an account.
	 */
	bool known;
	bool dry_run;			/* find out what it would do, then undo it */
	bool no_account;		/* connectivity objects alone are content, too */
	int64_t now;
};

struct dm_bootstrap_result {
	bool changed;			/* false: the tree had all of it already */
	size_t nservers;
	char *servers[DM_BOOTSTRAP_MAX_SERVERS];	/* ServerIDs in document order; owned */
	size_t ignored;			/* MOs of unknown type */
	char text[160];			/* why it failed */
};

struct dm_bootstrap;

struct dm_bootstrap *dm_bootstrap_new(const struct dm_bootstrap_config *cfg);
const struct dm_sink *dm_bootstrap_sink(void);
/*
 * Ends and frees @b. @decoded: what the decoder returned. 0, or -errno with
 * the tree as it was and result->text set: -EPROTO malformed, -ENOENT no
 * account in it, -EEXIST the account belongs to another origin, -EINVAL
 * refused content, -ENOMEM. Nothing is committed: that is the caller's.
 */
int dm_bootstrap_finish(struct dm_bootstrap *b, int decoded,
			struct dm_bootstrap_result *result) must_check;
void dm_bootstrap_result_fini(struct dm_bootstrap_result *r);

#endif
