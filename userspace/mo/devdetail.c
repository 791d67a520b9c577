// SPDX-License-Identifier: GPL-2.0-or-later
/* DevDetail (DM StdObj 1.2) and, below its Ext, which cards this device was told about. */
#include <errno.h>
#include <stdio.h>

#include "dm/origin.h"
#include "mo/mo_int.h"
#include "util/str.h"

#define CARDS "./DevDetail/Ext/dmsc/Card"

static int install(void *ctx, const struct dmsc_host *h)
{
	const struct mo_facts *f = ctx;
	char depth[8], total[8], segment[8];
	const struct mo_leaf leaves[] = {
		{ "./DevDetail/URI/MaxDepth", depth }, { "./DevDetail/URI/MaxTotLen", total },
		{ "./DevDetail/URI/MaxSegLen", segment }, { "./DevDetail/DevTyp", f->dev_typ },
		{ "./DevDetail/OEM", f->oem }, { "./DevDetail/FwV", f->fwv },
		{ "./DevDetail/SwV", f->swv }, { "./DevDetail/HwV", f->hwv },
	};
	const struct dmsc_value lrg = { DMSC_BOOL, f->large_objects ? "true" : "false",
					f->large_objects ? 4 : 5 };
	int rc;

	snprintf(depth, sizeof(depth), "%u", f->limits.max_depth);
	snprintf(total, sizeof(total), "%u", f->limits.max_total);
	snprintf(segment, sizeof(segment), "%u", f->limits.max_segment);
	rc = mo_host_text(h, leaves, sizeof(leaves) / sizeof(leaves[0]));
	if (!rc)
		rc = h->put(h, "./DevDetail/LrgObj", lrg);
	return rc ? rc : h->put(h, CARDS, (struct dmsc_value){ .format = DMSC_NODE });
}

const struct dmsc_mo mo_devdetail = {
	.abi = DMSC_MO_ABI, .id = MO_DEVDETAIL_ID, .ddf = &mo_builtin_ddf[MO_DEVDETAIL],
	.roots = (const char *const[]){ "./DevDetail", NULL }, .install = install,
};

/* --- cards --------------------------------------------------------------- */

static int add_server(void *ctx, struct slice server_id)
{
	struct buf *acl = ctx;

	buf_put_str(acl, acl->len ? "+" : "Exec=*&Get=");
	buf_put_slice(acl, server_id);
	return buf_error(acl);
}

static struct dm_node *card_of(struct dm_node *dir, uint32_t origin)
{
	struct dm_node *n = dir ? dir->first_child : NULL;

	while (n && n->origin != origin)
		n = n->next;
	return n;
}

static int new_card(struct dm_tree *t, struct dm_node *dir, uint32_t origin, int64_t now,
		    struct dm_node **out)
{
	struct dm_node_init in = { .format = DM_FMT_NODE, .origin = origin, .access = DM_ACC_GET };
	char name[12];

	for (unsigned int i = 1; i < 10000; i++) {
		snprintf(name, sizeof(name), "%u", i);
		in.name = slice_str(name);
		if (!dm_tree_child(t, dir, in.name))
			return dm_tree_add(t, dir, &in, now, out);
	}
	return -ENOSPC;
}

static int put_card(struct dm_tree *t, struct dm_node *dir, uint32_t origin, struct slice iccid,
		    struct slice acl, int64_t now)
{
	const struct dm_node_init leaf = {
		.name = SLICE_LIT("ICCID"), .format = DM_FMT_CHR, .type = SLICE_LIT("text/plain"),
		.value = iccid, .origin = origin, .access = DM_ACC_GET,
	};
	struct dm_node *x = card_of(dir, origin);
	int rc = 0;

	if (!x)
		rc = new_card(t, dir, origin, now, &x);
	if (!rc && !(x->acl && slice_eq_str(acl, x->acl)))
		rc = dm_tree_set_acl(t, x, acl, now);
	return rc ? rc : mo_put(t, x, &leaf, now, NULL);
}

/*
 * The ACL always holds Exec=*, which the access types make worthless: so it
 * stays a value of its own, and does not fall back to the root's Get=*, when
 * the last server is taken out of it (ACL-10).
 */
int mo_card_set(struct dm_tree *t, uint32_t origin, struct slice iccid, int64_t now)
{
	struct dm_node *dir = dm_tree_find(t, SLICE_LIT(CARDS));
	dm_mark mark = dm_tree_mark(t);
	_cleanup_buf_ struct buf acl = BUF_INIT;
	int rc;

	if (!origin || !dir)
		return -EINVAL;
	rc = dm_origin_servers(t, origin, add_server, &acl);
	if (!rc && !acl.len)
		rc = mo_card_remove(t, origin, now);	/* nobody may know it */
	else if (!rc)
		rc = put_card(t, dir, origin, iccid, buf_slice(&acl), now);
	if (rc && dm_tree_rollback(t, mark))
		return -EIO;
	return rc;
}

int mo_card_remove(struct dm_tree *t, uint32_t origin, int64_t now)
{
	struct dm_node *x = card_of(dm_tree_find(t, SLICE_LIT(CARDS)), origin);

	return x && origin ? dm_tree_delete(t, x) : 0;
}
