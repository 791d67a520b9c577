/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accounts in the form of DM 1.1 (./SyncML/DMAcc/<X>) taken over into ./DMAcc. */
#ifndef DMSC_MO_DMACC_OLD_H
#define DMSC_MO_DMACC_OLD_H

#include "dm/tree.h"

/*
 * Makes an account of DM 1.2 of each that can be one, and deletes the old node: what is there
 * twice would have its secrets twice. Origin and ACL stay; without an ACL its server gets
 * Get, Replace and Delete. What has no usable ServerId or address stays as it is.
 *
 * @bootstrap: they came with one, and who may have accounts is not our question. Else they
 * were found in the tree: those are taken whose server has no account, and only while
 * everybody may add to ./DMAcc, as nobody knows any more who made them. *@taken (may be NULL)
 * gets their number. 0 or -errno, with the tree as it was; nothing is committed.
 */
int dmacc_old_take(struct dm_tree *t, bool bootstrap, int64_t now, unsigned int *taken) must_check;

#endif
