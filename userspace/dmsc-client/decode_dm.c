// SPDX-License-Identifier: GPL-2.0-or-later
/* A bootstrap message of the DM profile: commands, management objects, nodes. */
#include <errno.h>

#include "codec/codec.h"
#include "dmsc-client/client.h"
#include "dmsc-client/decode.h"
#include "util/str.h"
#include "util/text.h"

#define INDENT 2	/* of a command; nodes are deeper */
#define INDENT_MAX 40

struct show {
	struct decode *d;
	unsigned int containers;
};

/*
 * Nodes of accounts and connectivity objects whose values are no secret. Any
 * other value is masked: nobody here knows what a vendor's node holds.
 */
static bool is_open(struct slice name)
{
	static const char *const names[] = {
		"AppID", "ServerID", "Name", "PrefConRef", "ConRef", "Addr", "AddrType", "PortNbr",
		"AAuthPref", "AAuthLevel", "AAuthType", "AAuthName", "NAPID", "BearerType",
		"AuthType", "AuthName", "ProxyID", "Service", "DNSAddr", "Internet",
		"NapId", "ProxyId", "AuthID", "ServiceName" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_eq_str(name, names[i]))
			return true;
	return false;
}

static bool is_name(struct slice name)
{
	return slice_eq_str(name, "AAuthName") || slice_eq_str(name, "AuthName") ||
	       slice_eq_str(name, "AuthID");
}

/*
 * Does a user's name stand beside one secret, and is it the only name? In a damaged
 * message the secret may stand where the name should.
 */
static bool credentials_orderly(const struct dm_tnds *t, size_t at)
{
	unsigned int depth = t->nodes[at].depth, names = 0, secrets = 0;

	while (at && t->nodes[at - 1].depth >= depth)
		at--;
	for (; at < t->n && t->nodes[at].depth >= depth; at++) {
		const struct dm_tnds_node *n = &t->nodes[at];

		if (n->depth != depth)
			continue;
		names += is_name(n->name);
		secrets += n->has_value && (slice_eq_str(n->name, "AAuthSecret") ||
					    slice_eq_str(n->name, "AuthSecret") ||
					    slice_eq_str(n->name, "AuthPW"));
	}
	return names == 1 && secrets == 1;
}

/* A value is shown when its node is in order, and known to be no secret. */
static bool is_shown(const struct dm_tnds *t, size_t at)
{
	const struct dm_tnds_node *n = &t->nodes[at];

	return is_open(n->name) && (!slice_present(n->type) || text_is_printable(n->type)) &&
	       (!slice_present(n->acl) || text_is_printable(n->acl)) &&
	       (!is_name(n->name) || credentials_orderly(t, at));
}

static void put_slice(const struct decode *d, struct buf *b, const char *before, struct slice s,
		      const char *after)
{
	s = decode_text(d, s);
	if (slice_present(s) && s.n)
		buf_printf(b, "%s%.*s%s", before, (int)s.n, (const char *)s.p, after);
}

static void node_show(struct decode *d, const struct dm_tnds *t, size_t at)
{
	const struct dm_tnds_node *n = &t->nodes[at];
	unsigned int indent = INDENT + n->depth;
	_cleanup_buf_ struct buf line = BUF_INIT;

	decode_open(d, NULL, '{');
	decode_member_number(d, "depth", n->depth);
	decode_member(d, "name", decode_text(d, n->name));
	if (n->depth == 0)
		decode_member(d, "path", decode_text(d, n->path));
	decode_member(d, "format", decode_text(d, n->format));
	decode_member(d, "type", decode_text(d, n->type));
	decode_member(d, "acl", decode_text(d, n->acl));
	put_slice(d, &line, "", n->name, "");
	if (n->has_value)
		decode_value(d, &line, n->value, !is_shown(t, at));
	put_slice(d, &line, "  (", n->format, ")");
	if (!n->has_value)
		put_slice(d, &line, "  ", n->type, "");
	put_slice(d, &line, "  [", n->acl, "]");
	decode_line(d, indent < INDENT_MAX ? indent : INDENT_MAX, "%s", buf_cstr(&line));
	decode_close(d, '}');
}

static void tree_show(struct decode *d, const struct dm_tnds *t)
{
	decode_open(d, "nodes", '[');
	for (size_t i = 0; i < t->n; i++)
		node_show(d, t, i);
	decode_close(d, ']');
}

/* A tree as a document of its own. */
static void inner_show(struct decode *d, const struct dm_item *it, struct slice type)
{
	enum codec_format f = str_ends(type, "+xml") ? CODEC_XML : CODEC_WBXML;
	struct codec_tnds *t = NULL;
	struct codec_error e = { .text = "" };

	if (codec_tnds_decode(f, it->data, NULL, &t, &e)) {
		decode_line(d, INDENT + 1, "(no serialized tree: %s)", e.text);
		decode_member_str(d, "error", e.text);
		return;
	}
	tree_show(d, codec_tnds_get(t));
	codec_tnds_free(t);
}

static struct slice last_segment(struct slice uri)
{
	size_t i = uri.n;

	while (i && uri.p[i - 1] != '/')
		i--;
	return slice_of(uri.p + i, uri.n - i);
}

static void item_show(struct decode *d, const char *command, const struct dm_cmd *cmd,
		      const struct dm_item *it, unsigned int indent)
{
	struct slice type = slice_present(it->meta.type) ? it->meta.type : cmd->meta.type;
	struct slice format = slice_present(it->meta.format) ? it->meta.format : cmd->meta.format;
	bool tree = it->tnds || str_starts(type, "application/vnd.syncml.dmtnds");
	_cleanup_buf_ struct buf line = BUF_INIT;

	decode_open(d, NULL, '{');
	decode_member_str(d, "command", command);
	decode_member(d, "target", decode_text(d, it->target));
	decode_member(d, "type", decode_text(d, type));
	decode_member(d, "format", decode_text(d, format));
	buf_put_str(&line, command);
	put_slice(d, &line, " ", it->target, "");
	put_slice(d, &line, "  ", type, "");
	if (!tree && slice_present(it->data))
		decode_value(d, &line, it->data, !is_open(last_segment(it->target)));
	decode_line(d, indent, "%s", buf_cstr(&line));
	if (it->tnds)
		tree_show(d, it->tnds);
	else if (tree && slice_present(it->data))
		inner_show(d, it, type);
	decode_close(d, '}');
}

static int on_command(void *ctx, const struct dm_cmd *cmd)
{
	struct show *s = ctx;
	const char *name = dm_cmd_kind_name(cmd->kind);

	for (size_t i = 0; i < cmd->nitems; i++)
		item_show(s->d, name ? name : "unknown command", cmd, &cmd->items[i],
			  INDENT - 1 + s->containers);
	if (cmd->nitems)
		return 0;
	decode_line(s->d, INDENT - 1, "%s without an item", name ? name : "unknown command");
	decode_open(s->d, NULL, '{');
	decode_member_str(s->d, "command", name ? name : "unknown command");
	decode_close(s->d, '}');
	return 0;
}

static int on_container(void *ctx, const struct dm_cmd *cmd)
{
	struct show *s = ctx;
	const char *name = dm_cmd_kind_name(cmd->kind);

	decode_line(s->d, INDENT - 1 + s->containers++, "%s", name);
	decode_open(s->d, NULL, '{');
	decode_member_str(s->d, "command", name);
	decode_close(s->d, '}');
	return 0;
}

static int on_container_end(void *ctx)
{
	struct show *s = ctx;

	s->containers -= s->containers > 0;
	return 0;
}

void decode_dm(struct decode *d, struct decode_doc *doc)
{
	static const struct dm_sink sink = {
		.command = on_command, .container_begin = on_container,
		.container_end = on_container_end };
	struct codec_limits limits = { .message = CLIENT_BOOTSTRAP_MAX, .allow_padding = true };
	struct codec_error e = { .text = "" };
	struct show s = { .d = d };

	decode_open(d, "commands", '[');
	doc->err = codec_decode(CODEC_WBXML, buf_slice(&doc->bytes), &limits, &sink, &s, &e);
	decode_close(d, ']');
	if (doc->err)
		decode_problem(d, doc->obj->path, doc->obj->off + e.offset, "BOOT 3.1.4.4",
			       "no WBXML message of SyncML DM: %s", e.text);
}
