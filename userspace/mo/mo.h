/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Management objects: what stands in the tree before any server wrote to it.
 * mo_install() makes the standing ones; what they need of the world comes in
 * as strings (mo/world.c reads them from the running system).
 */
#ifndef DMSC_MO_MO_H
#define DMSC_MO_MO_H

#include "dm/cmd.h"
#include "dm/tree.h"

/* Facts of the device; every string NUL terminated, "" = unknown. */
struct mo_facts {
	char dev_id[128];		/* ./DevInfo/DevId */
	char man[128], mod[128];	/* maker, model */
	char dmv[64];			/* client version */
	char lang[32];			/* RFC 1766 */
	char dev_typ[64], oem[128];
	char fwv[128], swv[128], hwv[128];
	struct dm_uri_limits limits;
	bool large_objects;
};

struct mo_ops {
	const char *root;		/* "./DevInfo" */
	const char *type;		/* MO identifier */
	/* Makes or brings up to date what stands below the root. 0 or -errno. */
	int (*install)(struct dm_tree *t, const struct mo_facts *f, int64_t now);
	/* Exec below the root; NULL = none offered. */
	enum dm_status (*exec)(struct dm_tree *t, struct dm_node *n, struct slice data,
			       struct slice correlator);
};

/* Fills @f from os-release, DMI or device tree, uname and locale; @dev_id may be NULL. */
void mo_facts_from_system(struct mo_facts *f, const char *dev_id);

/* Installs every built-in MO; call it after loading the store. 0 or -errno. */
int mo_install(struct dm_tree *t, const struct mo_facts *f, int64_t now) must_check;
/* For struct dm_cmd_ops.exec. */
enum dm_status mo_exec(void *ctx, struct dm_tree *t, struct dm_node *n, struct slice data,
		       struct slice correlator);

/*
 * ./DevDetail/Ext/dmsc/Card/<X>/ICCID: readable only by the servers whose
 * account has @origin. Called again it brings ACL and value up to date.
 * @iccid: decimal digits. 0 or -errno.
 */
int mo_card_set(struct dm_tree *t, uint32_t origin, struct slice iccid, int64_t now) must_check;
int mo_card_remove(struct dm_tree *t, uint32_t origin, int64_t now) must_check;

#endif
