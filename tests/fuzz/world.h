/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device for the fuzz targets of the engine: a small tree and what checks it. No target. */
#ifndef DMSC_FUZZ_WORLD_H
#define DMSC_FUZZ_WORLD_H

#include "codec/codec.h"
#include "dm/session.h"

#define WORLD_DEVICE "IMEI:493005100592800"
#define WORLD_SERVER "dm.example.net"
#define WORLD_NOW 1262304000

extern const struct dm_tnds_ops world_tnds;

/* The standing objects, and an account and some nodes of each kind. Committed. */
struct dm_tree *world_tree(void);
/* Aborts unless every node is found by its URI and the count is right. */
void world_check(struct dm_tree *t);
/* Differs when anything in the tree does. */
uint64_t world_print(struct dm_tree *t);
/* Aborts unless @msg is a message the project's own decoder takes. */
void world_must_decode(enum codec_format f, struct slice msg);

#endif
