// SPDX-License-Identifier: GPL-2.0-or-later
/* DevDetail (DM StdObj 1.2) and, below its Ext, which cards this device was told about. */
#include <errno.h>
#include <stdio.h>

#include "dm/origin.h"
#include "mo/mo_int.h"
#include "util/str.h"

static int install_uri(struct dm_tree *t, struct dm_node *top, const struct dm_uri_limits *l,
		       int64_t now)
{
	char depth[8], total[8], segment[8];
	const struct mo_leaf leaves[] = {
		{ "MaxDepth", depth }, { "MaxTotLen", total }, { "MaxSegLen", segment },
	};
	struct dm_node *uri;
	int rc = mo_put_dir(t, top, "URI", NULL, DM_ACC_GET, now, &uri);

	snprintf(depth, sizeof(depth), "%u", l->max_depth);
	snprintf(total, sizeof(total), "%u", l->max_total);
	snprintf(segment, sizeof(segment), "%u", l->max_segment);
	return rc ? rc : mo_put_leaves(t, uri, leaves, 3, now);
}

static int install(struct dm_tree *t, const struct mo_facts *f, int64_t now)
{
	const struct mo_leaf leaves[] = {
		{ "DevTyp", f->dev_typ }, { "OEM", f->oem }, { "FwV", f->fwv }, { "SwV", f->swv },
		{ "HwV", f->hwv },
	};
	const struct dm_node_init lrg = {
		.name = SLICE_LIT("LrgObj"), .format = DM_FMT_BOOL, .type = SLICE_LIT("text/plain"),
		.value = f->large_objects ? SLICE_LIT("true") : SLICE_LIT("false"),
		.access = DM_ACC_GET, .flags = DM_NODE_PERMANENT,
	};
	struct dm_node *top, *ext, *own;
	int rc;

	rc = mo_put_dir(t, dm_tree_root(t), "DevDetail", mo_devdetail.type, DM_ACC_GET, now, &top);
	if (!rc)
		rc = install_uri(t, top, &f->limits, now);
	if (!rc)
		rc = mo_put_leaves(t, top, leaves, sizeof(leaves) / sizeof(leaves[0]), now);
	if (!rc)
		rc = mo_put(t, top, &lrg, now, NULL);
	if (!rc)
		rc = mo_put_dir(t, top, "Ext", NULL, DM_ACC_GET, now, &ext);
	if (!rc)
		rc = mo_put_dir(t, ext, "dmsc", NULL, DM_ACC_GET, now, &own);
	return rc ? rc : mo_put_dir(t, own, "Card", NULL, DM_ACC_GET, now, NULL);
}

const struct mo_ops mo_devdetail = {
	.root = "./DevDetail", .type = "urn:oma:mo:oma-dm-devdetail:1.0", .install = install,
};

/* --- cards --------------------------------------------------------------- */

#define CARDS "./DevDetail/Ext/dmsc/Card"

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
