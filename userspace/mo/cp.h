/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Client provisioning documents as management objects (DM Bootstrap 1.2
 * section 5.3, DM StdObj 1.2 appendix B): w7 becomes a DMAcc, NAPDEF a network
 * access point, PXLOGICAL a proxy. What is made is one serialized tree, to be
 * added to ./Inbox; nothing is done to a tree here.
 * Documentation/management-objects.rst has the tables.
 */
#ifndef DMSC_MO_CP_H
#define DMSC_MO_CP_H

#include "dm/msg.h"
#include "dm/prov.h"
#include "util/cleanup.h"

#define CP_OBJECTS_MAX 64		/* objects of all documents together */
#define CP_VALUE_MAX 2048		/* bytes of one value */

struct cp_map;

/*
 * The objects of @n documents, which are one content: a document may refer to
 * what another one defines. 0; -EBADMSG with @why set; -ENOMEM. The documents
 * are borrowed until cp_map_free().
 */
int cp_map_new(const struct dm_prov *const *docs, size_t n, struct cp_map **out, char *why,
	       size_t size) must_check;
/* What goes to ./Inbox; no nodes when the documents hold nothing that is understood. */
const struct dm_tnds *cp_map_tnds(const struct cp_map *m);
/* Did the w7 of @server ask for a session at once (INIT)? */
bool cp_map_init(const struct cp_map *m, struct slice server);
/* Characteristics and values that were left out: unknown, incomplete or no number. */
size_t cp_map_ignored(const struct cp_map *m);
/* NULL is fine. Wipes the texts made here. */
void cp_map_free(struct cp_map *m);

#endif
