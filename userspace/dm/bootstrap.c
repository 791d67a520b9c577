// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bootstrap message becomes an account. Each management object made carries
 * a digest of the message (Ext/dmsc/Content, readable by nobody), so that the
 * same content is known again although nonces and other leaves have changed
 * since; a nonce in use is never replaced by the card's old one.
 */
#include "dm/bootstrap.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "dm/account.h"
#include "dm/acl.h"
#include "dm/cmd_int.h"
#include "util/digest.h"
#include "util/str.h"
#include "util/text.h"

#define MAX_CONTENT (4u << 20)		/* bytes of one message, as digested */
#define MAX_COMMANDS 4096
#define SERVER_ID_MAX 255			/* bytes */

struct retired {
	char *server, *name;		/* ServerID and node name of an account that is replaced */
	uint8_t digest[DIGEST_SHA256_SIZE];
	bool has_digest;
};

struct dm_bootstrap {
	struct dm_bootstrap_config cfg;
	struct dm_cmd_env env;
	dm_mark mark;
	uint64_t first_id;		/* nodes from this id on are made by this message */
	struct buf content;
	struct retired retired[DM_BOOTSTRAP_MAX_SERVERS];
	size_t nretired;
	bool foreign;			/* what stood there was made anew by somebody */
	size_t ignored, commands;
	int err;
	char text[160];
};

static int fail(struct dm_bootstrap *b, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct dm_bootstrap *b, int err, const char *fmt, ...)
{
	va_list ap;

	if (b->err)
		return b->err;
	va_start(ap, fmt);
	vsnprintf(b->text, sizeof(b->text), fmt, ap);
	va_end(ap);
	return b->err = err;
}

struct dm_bootstrap *dm_bootstrap_new(const struct dm_bootstrap_config *cfg)
{
	struct dm_bootstrap *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->cfg = *cfg;
	b->env = (struct dm_cmd_env){
		.tree = cfg->tree, .trusted = true, .origin = cfg->origin, .now = cfg->now,
		.tnds = cfg->tnds,
	};
	b->mark = dm_tree_mark(cfg->tree);
	b->first_id = dm_tree_next_id(cfg->tree);
	buf_init(&b->content, MAX_CONTENT);
	return b;
}

/* --- content digest ------------------------------------------------------ */

static void put_field(struct dm_bootstrap *b, struct slice s)
{
	buf_printf(&b->content, "%c%zu:", slice_present(s) ? 's' : 'n', s.n);
	buf_put_slice(&b->content, s);
}

static void put_item(struct dm_bootstrap *b, const struct dm_cmd *cmd, const struct dm_item *item)
{
	buf_printf(&b->content, "[%d]", cmd->kind);
	put_field(b, item->target);
	put_field(b, dm_cmd_format(cmd, item));
	put_field(b, dm_cmd_type(cmd, item));
	put_field(b, item->data);
	for (size_t i = 0; item->tnds && i < item->tnds->n; i++) {
		const struct dm_tnds_node *n = &item->tnds->nodes[i];

		buf_printf(&b->content, "<%u>", n->depth);
		put_field(b, n->name);
		put_field(b, n->path);
		put_field(b, n->format);
		put_field(b, n->type);
		put_field(b, n->acl);
		put_field(b, n->value);
	}
}

/* Where a management object keeps the digest; NULL = nowhere. */
static struct dm_node *tag_of(struct dm_bootstrap *b, const struct dm_node *mo)
{
	static const char *const path[] = { "Ext", "dmsc", "Content" };
	struct dm_node *n = (struct dm_node *)mo;

	for (size_t i = 0; n && i < 3; i++)
		n = dm_tree_child(b->cfg.tree, n, slice_str(path[i]));
	return n && n->value_len == DIGEST_SHA256_SIZE && n->origin == b->cfg.origin ? n : NULL;
}

static int tag(struct dm_bootstrap *b, struct dm_node *mo, const uint8_t *digest)
{
	static const char *const path[] = { "Ext", "dmsc" };
	struct dm_node_init in = { .format = DM_FMT_NODE, .origin = b->cfg.origin };
	struct dm_node *n = mo;
	int rc = 0;

	for (size_t i = 0; i < 2 && !rc; i++) {
		struct dm_node *child = dm_tree_child(b->cfg.tree, n, slice_str(path[i]));

		in.name = slice_str(path[i]);
		in.access = i ? 0 : DM_ACC_ALL;
		if (!child)
			rc = dm_tree_add(b->cfg.tree, n, &in, b->cfg.now, &child);
		n = child;
	}
	in.name = SLICE_LIT("Content");
	in.access = 0;
	in.format = DM_FMT_BIN;
	in.value = slice_of(digest, DIGEST_SHA256_SIZE);
	return rc ? rc : dm_tree_add(b->cfg.tree, n, &in, b->cfg.now, NULL);
}

/* --- what stood there before --------------------------------------------- */

/* Takes an account of this card away, to be replaced by the message's. */
static int retire(struct dm_bootstrap *b, struct dm_node *account)
{
	struct dm_node *sid = dm_tree_child(b->cfg.tree, account, SLICE_LIT("ServerID"));
	const struct dm_node *t = tag_of(b, account);
	struct retired *r = &b->retired[b->nretired];
	bool own = account->origin == b->cfg.origin;

	b->foreign |= !own;
	/* One that its server has deleted and made anew is nobody's: it may do as it is. */
	if (!own && (!b->cfg.known || account->origin))
		return fail(b, -EEXIST,
			    "an account of server %s exists already and is not this card's",
			    sid && sid->value && sid->value_len <= 80 && text_is_printable(dm_node_value(sid)) ?
			    (const char *)sid->value : "?");
	if (b->nretired == DM_BOOTSTRAP_MAX_SERVERS)
		return fail(b, -EINVAL, "too many accounts in one message");
	r->server = sid ? str_dup(dm_node_value(sid)) : str_dup(SLICE_LIT(""));
	r->name = str_dup(slice_of(account->name, account->name_len));
	b->nretired++;
	if (!r->server || !r->name)
		return fail(b, -ENOMEM, "no memory");
	if (t) {
		memcpy(r->digest, t->value, sizeof(r->digest));
		r->has_digest = true;
	}
	if (dm_tree_delete(b->cfg.tree, account))
		return fail(b, -ENOMEM, "no memory");
	return 0;
}

/*
 * A command with a real URI. What stood there before this message goes when it
 * is this card's, and is nobody else's to touch; what the device itself shows
 * (DevInfo, DevDetail) is no card's at all.
 */
static int clear_way(struct dm_bootstrap *b, const struct dm_uri *u)
{
	struct slice rest = u->path, seg = SLICE_NONE;
	struct dm_node *n = dm_tree_root(b->cfg.tree);

	if (!dm_uri_next_segment(&rest, &seg) || slice_eq_str(seg, "DevInfo") ||
	    slice_eq_str(seg, "DevDetail"))
		return fail(b, -EINVAL, "a card may not set this part of the tree");
	rest = u->path;
	while (dm_uri_next_segment(&rest, &seg)) {
		n = dm_tree_child(b->cfg.tree, n, seg);
		if (!n || n->id >= b->first_id)
			return 0;
		if (dm_account_is_root(n))
			return retire(b, n);
	}
	if (n->format == DM_FMT_NODE && u->query == DM_URI_NODE)
		return 0;
	b->foreign |= n->origin != b->cfg.origin;
	if (!b->cfg.origin || (n->origin != b->cfg.origin && (!b->cfg.known || n->origin)))
		return fail(b, -EEXIST, "the message would overwrite what another source set");
	return dm_tree_delete(b->cfg.tree, n) ? fail(b, -ENOMEM, "no memory") : 0;
}

/* --- commands ------------------------------------------------------------ */

static enum dm_status place(void *ctx, const struct dm_tnds *tnds)
{
	struct dm_bootstrap *b = ctx;
	struct dm_inbox_result res = { 0 };
	enum dm_status st = dm_inbox_place(&b->env, tnds, &res);

	b->ignored += res.ignored;
	return st;
}

static enum dm_status at_uri(struct dm_bootstrap *b, const struct dm_cmd *cmd,
			     const struct dm_item *item, const struct dm_uri *u)
{
	struct dm_node *n;

	if (clear_way(b, u))
		return DM_ST_FAILED;
	n = dm_tree_find(b->cfg.tree, u->path);
	if (n && (cmd->kind == DM_CMD_REPLACE || u->query != DM_URI_NODE)) {
		if (n->id < b->first_id)
			return DM_ST_NOT_ALLOWED;
		return dm_cmd_replace(&b->env, cmd, item);
	}
	/* A directory that is there already is as good as added. */
	if (n && n->format == DM_FMT_NODE && !dm_cmd_has_tnds(cmd, item))
		return DM_ST_OK;
	return dm_cmd_add(&b->env, cmd, item);
}

static int run_item(struct dm_bootstrap *b, const struct dm_cmd *cmd, const struct dm_item *item)
{
	struct dm_uri u;
	enum dm_status st = DM_ST_BAD_REQUEST;

	if (item->more_data)
		return fail(b, -EPROTO, "the message holds a part of a large object only");
	if (slice_present(item->target))
		st = dm_uri_parse(item->target, NULL, &u);
	if (st)
		return fail(b, -EINVAL, "a command's target is no URI of the tree");
	put_item(b, cmd, item);
	if (buf_error(&b->content))
		return fail(b, buf_error(&b->content), "the message is too large");
	if (!dm_cmd_is_inbox(&u))
		st = at_uri(b, cmd, item, &u);
	else if (dm_cmd_has_tnds(cmd, item))
		st = dm_cmd_with_tnds(&b->env, cmd, item, place, b);
	else
		st = DM_ST_NOT_ALLOWED;
	if (st == DM_ST_DEVICE_FULL)
		return fail(b, -ENOMEM, "no memory");
	if (st >= 300)
		return fail(b, -EINVAL, "the tree refused an object of the message (status %u)",
			    st);
	return 0;
}

static int on_command(void *ctx, const struct dm_cmd *cmd)
{
	struct dm_bootstrap *b = ctx;
	int rc = 0;

	if (cmd->kind == DM_CMD_DELETE || cmd->kind == DM_CMD_COPY)
		return fail(b, -EINVAL, "the message wants more than to add");
	/* Get, Exec and Alert have no answer to give here. */
	if (cmd->kind != DM_CMD_ADD && cmd->kind != DM_CMD_REPLACE)
		return 0;
	if (++b->commands > MAX_COMMANDS)
		return fail(b, -EINVAL, "the message holds too many commands");
	for (size_t i = 0; i < cmd->nitems && !rc; i++)
		rc = run_item(b, cmd, &cmd->items[i]);
	return rc;
}

static int on_header(void *ctx, const struct dm_hdr *hdr)
{
	return 0;			/* present, and without a meaning (Bootstrap 1.2) */
}

static int on_container(void *ctx, const struct dm_cmd *cmd)
{
	return 0;			/* all or nothing, in order: that holds anyway */
}

static int on_container_end(void *ctx)
{
	return 0;
}

static int on_end(void *ctx, bool final)
{
	return 0;
}

const struct dm_sink *dm_bootstrap_sink(void)
{
	static const struct dm_sink sink = {
		.header = on_header, .command = on_command, .container_begin = on_container,
		.container_end = on_container_end, .end = on_end,
	};

	return &sink;
}

/* --- the end ------------------------------------------------------------- */

static const struct retired *retired_find(const struct dm_bootstrap *b, const char *server)
{
	for (size_t i = 0; i < b->nretired; i++)
		if (strcmp(b->retired[i].server, server) == 0)
			return &b->retired[i];
	return NULL;
}

/* One account this message made. */
static int accept_account(struct dm_bootstrap *b, struct dm_node *x,
			  struct dm_bootstrap_result *res)
{
	struct dm_node *sid = dm_tree_child(b->cfg.tree, x, SLICE_LIT("ServerID")), *next;
	char *id;

	if (!sid || sid->value_len > SERVER_ID_MAX || !dm_acl_server_valid(dm_node_value(sid)))
		return fail(b, -EINVAL, "an account of the message has no usable ServerID");
	if (res->nservers == DM_BOOTSTRAP_MAX_SERVERS)
		return fail(b, -EINVAL, "too many accounts in one message");
	id = str_dup(dm_node_value(sid));
	if (!id)
		return fail(b, -ENOMEM, "no memory");
	res->servers[res->nservers++] = id;
	for (size_t i = 0; i + 1 < res->nservers; i++)
		if (strcmp(res->servers[i], id) == 0)
			return fail(b, -EINVAL, "the message holds two accounts of one server");
	for (struct dm_node *o = x->parent->first_child; o; o = next) {
		struct dm_node *osid = dm_tree_child(b->cfg.tree, o, SLICE_LIT("ServerID"));

		next = o->next;
		if (o->id < b->first_id && osid &&
		    slice_eq(dm_node_value(osid), dm_node_value(sid)) && retire(b, o))
			return b->err;
	}
	return 0;
}

typedef int each_fn(struct dm_bootstrap *b, struct dm_node *mo, void *arg);

/* Connectivity objects this card placed earlier together with a retired account. */
static int drop_old(struct dm_bootstrap *b, struct dm_node *mo, void *arg)
{
	const struct dm_node *t = tag_of(b, mo);

	if (mo->id >= b->first_id || mo->origin != b->cfg.origin)
		return 0;
	if (b->cfg.known)
		return dm_tree_delete(b->cfg.tree, mo);
	for (size_t i = 0; t && i < b->nretired; i++)
		if (b->retired[i].has_digest &&
		    !memcmp(b->retired[i].digest, t->value, DIGEST_SHA256_SIZE))
			return dm_tree_delete(b->cfg.tree, mo);
	return 0;
}

static int tag_new(struct dm_bootstrap *b, struct dm_node *mo, void *digest)
{
	int rc = mo->id >= b->first_id && mo->format == DM_FMT_NODE ? tag(b, mo, digest) : 0;

	return rc && rc != -ENOMEM ? fail(b, -EINVAL, "an object has something else in Ext/dmsc") : rc;
}

/* A Path, too, may lead into what another source set: nothing of this message may be there. */
static int untouched(struct dm_bootstrap *b, struct dm_node *mo, void *arg)
{
	if (mo->id >= b->first_id || (b->cfg.origin && mo->origin == b->cfg.origin))
		return 0;
	for (const struct dm_node *n = mo; n; n = dm_tree_next(mo, n))
		if (n->id >= b->first_id)
			return fail(b, -EEXIST, "the message would change what another source set");
	return 0;
}

static int each_mo(struct dm_bootstrap *b, each_fn *fn, void *arg)
{
	static const char *const dirs[] = { "DMAcc", "NAP", "Proxy", "ConnMO" };
	struct dm_node *root = dm_tree_root(b->cfg.tree), *next;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		struct dm_node *dir = dm_tree_child(b->cfg.tree, root, slice_str(dirs[i]));

		for (struct dm_node *mo = dir ? dir->first_child : NULL; mo; mo = next) {
			int rc;

			next = mo->next;
			rc = fn(b, mo, arg);
			if (rc)
				return rc;
		}
	}
	return 0;
}

/* The account keeps the name it had: others may refer to it. */
static int keep_name(struct dm_bootstrap *b, struct dm_node *x)
{
	struct dm_node *sid = dm_tree_child(b->cfg.tree, x, SLICE_LIT("ServerID"));
	char *id = sid ? str_dup(dm_node_value(sid)) : NULL;
	const struct retired *r = id ? retired_find(b, id) : NULL;
	int rc = 0;

	free(id);
	if (r && !dm_tree_child(b->cfg.tree, x->parent, slice_str(r->name)))
		rc = dm_tree_rename(b->cfg.tree, x, slice_str(r->name), b->cfg.now);
	return rc;
}

static int is_new(struct dm_bootstrap *b, struct dm_node *mo, void *arg)
{
	return mo->id >= b->first_id;
}

static int is_same(struct dm_bootstrap *b, struct dm_node *mo, void *digest)
{
	const struct dm_node *t = tag_of(b, mo);

	if (mo->id >= b->first_id)
		return 0;
	if (b->cfg.known)
		return mo->origin == b->cfg.origin;
	return t && !memcmp(t->value, digest, DIGEST_SHA256_SIZE);
}

static bool unchanged(struct dm_bootstrap *b, const struct dm_bootstrap_result *res,
		      uint8_t *digest)
{
	if (!res->nservers)
		return each_mo(b, is_same, digest);
	for (size_t i = 0; i < res->nservers; i++) {
		const struct retired *r = retired_find(b, res->servers[i]);

		if (!r)
			return false;
		if (b->cfg.known)	/* the tag may have gone with all that a server replaced */
			continue;
		if (!r->has_digest || memcmp(r->digest, digest, DIGEST_SHA256_SIZE) != 0)
			return false;
	}
	return true;
}

static int settle(struct dm_bootstrap *b, struct dm_bootstrap_result *res)
{
	struct dm_node *dir = dm_tree_find(b->cfg.tree, SLICE_LIT("./DMAcc"));
	uint8_t digest[DIGEST_SHA256_SIZE];

	for (struct dm_node *x = dir ? dir->first_child : NULL; x; x = x->next)
		if (x->id >= b->first_id && accept_account(b, x, res))
			return b->err;
	if (!res->nservers && !(b->cfg.no_account && each_mo(b, is_new, NULL)))
		return fail(b, -ENOENT, b->cfg.no_account ?
			    "the content holds neither account nor connectivity" :
			    "the message holds no DM account");
	digest_sha256(buf_slice(&b->content), digest);
	res->changed = !unchanged(b, res, digest);
	if (!res->changed)
		return 0;
	if (b->foreign)
		return fail(b, -EEXIST, "part of what the message made is not this card's any more");
	if (each_mo(b, untouched, NULL))
		return b->err;
	if (each_mo(b, drop_old, NULL) || each_mo(b, tag_new, digest))
		return fail(b, -ENOMEM, "no memory");
	for (struct dm_node *x = dir->first_child; x; x = x->next)
		if (x->id >= b->first_id && keep_name(b, x))
			return fail(b, -ENOMEM, "no memory");
	return 0;
}

void dm_bootstrap_result_fini(struct dm_bootstrap_result *r)
{
	for (size_t i = 0; i < r->nservers; i++)
		free(r->servers[i]);
	memset(r, 0, sizeof(*r));
}

int dm_bootstrap_finish(struct dm_bootstrap *b, int decoded, struct dm_bootstrap_result *res)
{
	int rc;

	memset(res, 0, sizeof(*res));
	if (decoded && !b->err)
		fail(b, decoded == -ENOMEM ? -ENOMEM : -EPROTO, "the message is malformed");
	rc = b->err ? b->err : settle(b, res);
	res->ignored = b->ignored;
	if (rc || !res->changed || b->cfg.dry_run) {
		if (dm_tree_rollback(b->cfg.tree, b->mark) && !rc)
			rc = fail(b, -EIO, "the changes could not be taken back");
	}
	if (rc) {
		dm_bootstrap_result_fini(res);
		memcpy(res->text, b->text, sizeof(res->text));
	}
	for (size_t i = 0; i < b->nretired; i++) {
		free(b->retired[i].server);
		free(b->retired[i].name);
	}
	buf_wipe_fini(&b->content);
	free(b);
	return rc;
}
