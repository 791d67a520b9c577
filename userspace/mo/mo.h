/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management objects of a session: what stands in the tree before any
 * server wrote to it, and whom a described node's reads, writes and Execs are
 * for. An object is a struct dmsc_mo (dmsc/mo.h), whether it is built in, in a
 * shared library (mo/library.h) or behind a program (mo/hook.h).
 */
#ifndef DMSC_MO_MO_H
#define DMSC_MO_MO_H

#include "dm/cmd.h"
#include "dm/tree.h"
#include "dmsc/mo.h"

#define MO_MAX 32			/* objects beside the built-in ones */

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

/* Fills @f from os-release, DMI or device tree, uname and locale; @dev_id may be NULL. */
void mo_facts_from_system(struct mo_facts *f, const char *dev_id);

/* DevInfo, DevDetail, DMAcc and Inbox. NULL without memory. */
struct mo_set *mo_set_new(const struct mo_facts *f);
void mo_set_free(struct mo_set *s);
/*
 * One more; @end (may be NULL) is called with @arg when the set goes, on an
 * error at once. 0; -EPROTO: its struct is not understood; -EINVAL: a bad
 * description or root; -EEXIST: it stands where another does; -ENOSPC, -ENOMEM.
 */
int mo_set_add(struct mo_set *s, const struct dmsc_mo *mo, void (*end)(void *arg), void *arg)
	must_check;
/*
 * Describes the tree and installs every object; after loading the store. The
 * tree borrows the set. An object that fails is left out with a log line, a
 * built-in one is an error. 0 or -errno with nothing changed.
 */
int mo_set_install(struct mo_set *s, struct dm_tree *t, int64_t now) must_check;

/* Who keeps what objects want told; @fn NULL: nobody; @s may be NULL. 0 or -errno, as dmsc_host.alert() returns it. */
typedef int mo_alert_fn(void *ctx, const struct dmsc_alert *a);
void mo_set_on_alert(struct mo_set *s, mo_alert_fn *fn, void *ctx);

/* Objects in it. */
size_t mo_set_count(const struct mo_set *s);
const struct mo_facts *mo_set_facts(const struct mo_set *s);

/* For the members of that name in struct dm_cmd_ops; @s may be NULL. */
enum dm_status mo_set_read(struct mo_set *s, const struct dm_node *n, struct buf *out);
enum dm_status mo_set_check(struct mo_set *s, const struct dm_node *parent, struct slice name,
			    enum dm_format format, struct slice value);
enum dm_status mo_set_exec(struct mo_set *s, struct dm_node *n, struct slice data,
			   struct slice correlator);
/*
 * Around a commit. Before it: notes what objects will want to hear of; 0 or
 * -errno, then nothing is noted. After it: tells them, or forgets it all.
 */
int mo_set_collect(struct mo_set *s, struct dm_tree *t) must_check;
void mo_set_tell(struct mo_set *s);
void mo_set_forget(struct mo_set *s);

/*
 * The built-in ones alone, for who runs no session. @f NULL: nothing is said of
 * the device, what the store holds stays. 0 or -errno.
 */
int mo_install(struct dm_tree *t, const struct mo_facts *f, int64_t now) must_check;

/*
 * ./DevDetail/Ext/dmsc/Card/<X>/ICCID: readable only by the servers whose
 * account has @origin. Called again it brings ACL and value up to date.
 * @iccid: decimal digits. 0 or -errno.
 */
int mo_card_set(struct dm_tree *t, uint32_t origin, struct slice iccid, int64_t now) must_check;
int mo_card_remove(struct dm_tree *t, uint32_t origin, int64_t now) must_check;

#endif
