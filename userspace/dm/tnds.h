/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seam to the serialized tree objects (TNDS 1.2) that travel as a
 * document inside leaf data; codec/ implements it, the engine only calls.
 */
#ifndef DMSC_DM_TNDS_H
#define DMSC_DM_TNDS_H

#include "dm/msg.h"

struct dm_tnds_ops {
	/*
	 * Decodes @doc, a document of MIME type @mime (dmtnds+xml or +wbxml), and
	 * hands the result to @fn, whose return value it returns; what @fn is handed
	 * is valid until it returns. -EPROTO: malformed; -EOPNOTSUPP: MIME type.
	 */
	int (*decode)(struct slice doc, struct slice mime,
		      int (*fn)(void *ctx, const struct dm_tnds *tnds), void *ctx);
	/* Appends the document for @tnds; NULL = cannot (?list=TNDS is then 406). 0 or -errno. */
	int (*encode)(struct buf *out, const struct dm_tnds *tnds, struct slice mime);
};

/* True for a TNDS MIME type. */
bool dm_tnds_is_mime(struct slice type);

#endif
