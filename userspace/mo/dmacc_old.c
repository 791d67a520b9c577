// SPDX-License-Identifier: GPL-2.0-or-later
/* ./SyncML/DMAcc (SyncML DM 1.1.2) node by node into DMAcc 1.2; nothing writes the old form. */
#include "mo/dmacc_old.h"

#include <errno.h>
#include <stdio.h>

#include "dm/account.h"
#include "dm/acl.h"
#include "mo/mo_int.h"
#include "util/str.h"

#define SERVER_ID_MAX 255
#define NAMES_MAX 10000
#define ADDR_HTTP "1"			/* AddrType; 2 is WSP, 3 OBEX */

struct take {
	struct dm_tree *t;
	const struct dm_node *old;	/* ./SyncML/DMAcc/<X> */
	int64_t now;
};

/* Absent, or what is no text. */
static struct slice old_leaf(const struct take *k, const char *name)
{
	struct dm_node *x = dm_tree_child(k->t, k->old, slice_str(name));

	return x && x->format != DM_FMT_NODE ? dm_node_value(x) : SLICE_NONE;
}

static int dir(const struct take *k, struct dm_node *parent, const char *name, struct dm_node **out)
{
	const struct dm_node_init in = { .name = slice_str(name), .format = DM_FMT_NODE,
					 .origin = k->old->origin, .access = DM_ACC_ALL };

	return mo_put(k->t, parent, &in, k->now, out);
}

/* Nothing is made of what is not there, or empty. */
static int leaf(const struct take *k, struct dm_node *parent, const char *name, enum dm_format f,
		struct slice value)
{
	const struct dm_node_init in = {
		.name = slice_str(name), .format = f, .value = value, .origin = k->old->origin,
		.type = f == DM_FMT_BIN ? SLICE_NONE : SLICE_LIT("text/plain"),
		.access = dm_account_access(parent, slice_str(name)),
	};

	return value.n ? mo_put(k->t, parent, &in, k->now, NULL) : 0;
}

static int text(const struct take *k, struct dm_node *parent, const char *name, struct slice value)
{
	return leaf(k, parent, name, DM_FMT_CHR, value);
}

/* "syncml:auth-md5" is DIGEST; a word of DMAcc stays one. "" when it is neither. */
static struct slice auth_name(struct slice pref)
{
	enum dm_auth a = dm_auth_from_meta(str_trim(pref));

	if (a == DM_AUTH_OTHER)
		a = dm_auth_from_aauth(str_trim(pref));
	return a == DM_AUTH_NONE || a == DM_AUTH_OTHER ? SLICE_LIT("") :
							  slice_str(dm_auth_aauth_name(a));
}

/* Base64 text or the nonce itself, whatever its format says: both are in use. */
static int nonce(const struct take *k, struct dm_node *auth, struct slice value)
{
	_cleanup_buf_ struct buf raw = BUF_INIT;
	int rc = 0;

	if (value.n && dm_auth_decode(value, false, &raw) == 0)
		value = buf_slice(&raw);
	else if (buf_error(&raw))
		return buf_error(&raw);
	rc = leaf(k, auth, "AAuthData", DM_FMT_BIN, value);
	if (raw.data)
		explicit_bzero(raw.data, raw.len);
	return rc;
}

struct credential {
	const char *name, *level;
	struct slice type, user, secret, nonce;
};

static int credential(const struct take *k, struct dm_node *account, const struct credential *c)
{
	struct dm_node *list, *x;
	int rc;

	if (!c->secret.n)
		return 0;
	rc = dir(k, account, "AppAuth", &list);
	if (!rc)
		rc = dir(k, list, c->name, &x);
	if (!rc)
		rc = text(k, x, "AAuthLevel", slice_str(c->level));
	if (!rc)
		rc = text(k, x, "AAuthType", c->type.n ? c->type : SLICE_LIT("DIGEST"));
	if (!rc)
		rc = text(k, x, "AAuthName", c->user);
	if (!rc)
		rc = text(k, x, "AAuthSecret", c->secret);
	return rc ? rc : nonce(k, x, c->nonce);
}

static int credentials(const struct take *k, struct dm_node *account, struct slice server)
{
	struct slice type = auth_name(old_leaf(k, "AuthPref"));
	const struct credential client = {
		"1", "CLCRED", type, old_leaf(k, "UserName"), old_leaf(k, "ClientPW"),
		old_leaf(k, "ClientNonce"),
	};
	const struct credential own = {
		"2", "SRVCRED", type, server, old_leaf(k, "ServerPW"), old_leaf(k, "ServerNonce"),
	};
	int rc = credential(k, account, &client);

	if (!rc)
		rc = credential(k, account, &own);
	return rc ? rc : text(k, account, "AAuthPref", type);
}

static int address(const struct take *k, struct dm_node *account)
{
	struct slice port = str_trim(old_leaf(k, "PortNbr"));
	struct dm_node *list, *x, *ports;
	int rc = dir(k, account, "AppAddr", &list);

	if (!rc)
		rc = dir(k, list, "1", &x);
	if (!rc)
		rc = text(k, x, "Addr", str_trim(old_leaf(k, "Addr")));
	if (!rc)
		rc = text(k, x, "AddrType", SLICE_LIT("URI"));
	if (rc || !port.n)
		return rc;
	rc = dir(k, x, "Port", &ports);
	if (!rc)
		rc = dir(k, ports, "1", &x);
	return rc ? rc : text(k, x, "PortNbr", port);
}

static int acl_of(const struct take *k, struct slice server, struct buf *out)
{
	if (k->old->acl) {
		buf_put_str(out, k->old->acl);
		return buf_error(out);
	}
	for (int i = 0; i < 3; i++) {
		buf_put_str(out, i == 0 ? "Get=" : i == 1 ? "&Replace=" : "&Delete=");
		buf_put_slice(out, server);
	}
	return buf_error(out);
}

/* Under its old name when that is free, else a number. */
static int root(const struct take *k, struct dm_node *accounts, struct slice acl,
		struct dm_node **out)
{
	struct dm_node_init in = {
		.name = slice_of(k->old->name, k->old->name_len), .format = DM_FMT_NODE,
		.type = SLICE_LIT(DM_DMACC_TYPE), .acl = acl, .origin = k->old->origin,
		.access = DM_ACC_ALL,
	};
	int rc = dm_tree_add(k->t, accounts, &in, k->now, out);
	char name[12];

	for (unsigned int i = 1; rc == -EEXIST && i < NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "%u", i);
		in.name = slice_str(name);
		rc = dm_tree_add(k->t, accounts, &in, k->now, out);
	}
	return rc;
}

static int make(const struct take *k, struct dm_node *accounts, struct slice server)
{
	_cleanup_buf_ struct buf acl = BUF_INIT;
	struct dm_node *x;
	int rc = acl_of(k, server, &acl);

	if (!rc)
		rc = root(k, accounts, buf_slice(&acl), &x);
	if (!rc)
		rc = text(k, x, "AppID", SLICE_LIT("w7"));
	if (!rc)
		rc = text(k, x, "ServerID", server);
	if (!rc)
		rc = text(k, x, "Name", old_leaf(k, "Name"));
	if (!rc)
		rc = text(k, x, "PrefConRef", str_trim(old_leaf(k, "ConRef")));
	if (!rc)
		rc = address(k, x);
	return rc ? rc : credentials(k, x, server);
}

/* Has it what an account cannot do without? */
static bool is_usable(const struct take *k, struct slice server)
{
	struct slice addr = str_trim(old_leaf(k, "Addr")), type = str_trim(old_leaf(k, "AddrType"));
	struct slice port = str_trim(old_leaf(k, "PortNbr"));
	uint32_t nbr;

	return server.n && server.n <= SERVER_ID_MAX && dm_acl_server_valid(server) && addr.n &&
	       memmem(addr.p, addr.n, "://", 3) && (!type.n || slice_eq_str(type, ADDR_HTTP)) &&
	       (!port.n || (!str_parse_u32(port, &nbr) && nbr && nbr <= 65535));
}

/* 1: it is an account now; 0: it stays; -errno. */
static int take_one(struct take *k, struct dm_node *old, struct dm_node *accounts, bool bootstrap)
{
	struct slice server;
	int rc;

	k->old = old;
	server = old->format == DM_FMT_NODE ? str_trim(old_leaf(k, "ServerId")) : SLICE_NONE;
	if (!server.n || !is_usable(k, server) || (!bootstrap && dm_account_find(k->t, server)))
		return 0;
	rc = make(k, accounts, server);
	if (!rc)
		rc = dm_tree_delete(k->t, old);
	return rc ? rc : 1;
}

/* The directory, when nothing is left in it. */
static int drop_empty(struct dm_tree *t, struct dm_node *n)
{
	return n->first_child || n->flags & DM_NODE_PERMANENT ? 0 : dm_tree_delete(t, n);
}

static int take_all(struct take *k, struct dm_node *list, struct dm_node *accounts, bool bootstrap,
		    unsigned int *taken)
{
	struct dm_node *above = list->parent, *next;
	int rc = 0;

	for (struct dm_node *x = list->first_child; x && rc >= 0; x = next) {
		next = x->next;
		rc = take_one(k, x, accounts, bootstrap);
		*taken += rc > 0;
	}
	if (rc >= 0)
		rc = *taken ? drop_empty(k->t, list) : 0;
	if (!rc && *taken && !above->first_child)
		rc = drop_empty(k->t, above);
	return rc;
}

int dmacc_old_take(struct dm_tree *t, bool bootstrap, int64_t now, unsigned int *taken)
{
	struct dm_node *list = dm_tree_find(t, SLICE_LIT("./SyncML/DMAcc"));
	struct dm_node *accounts = dm_tree_find(t, SLICE_LIT("./DMAcc"));
	struct take k = { .t = t, .now = now };
	dm_mark mark = dm_tree_mark(t);
	unsigned int n = 0;
	int rc = 0;

	if (taken)
		*taken = 0;
	if (!list || !accounts || list->format != DM_FMT_NODE)
		return 0;
	if (!bootstrap && !dm_acl_allows(accounts, DM_ACC_ADD, SLICE_LIT("*")))
		return 0;
	rc = take_all(&k, list, accounts, bootstrap, &n);
	if (rc < 0)
		return dm_tree_rollback(t, mark) ? -EIO : rc;
	if (taken)
		*taken = n;
	return 0;
}
