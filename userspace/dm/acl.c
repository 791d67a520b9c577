// SPDX-License-Identifier: GPL-2.0-or-later
/* ACLs: grammar, inheritance, decision, removal of a server. No command is run here. */
#include "dm/acl.h"

#include <errno.h>

static const struct {
	const char *name;
	enum dm_access right;
} commands[] = {
	{ "Add", DM_ACC_ADD }, { "Delete", DM_ACC_DELETE }, { "Exec", DM_ACC_EXEC },
	{ "Get", DM_ACC_GET }, { "Replace", DM_ACC_REPLACE },
};

/* Cuts *s at the first @sep and returns the part before it. */
static struct slice cut(struct slice *s, char sep)
{
	const uint8_t *p = s->n ? memchr(s->p, sep, s->n) : NULL;
	struct slice head = *s;

	if (!p) {
		*s = slice_of(s->p + s->n, 0);
		return head;
	}
	head.n = p - s->p;
	*s = slice_of(p + 1, s->n - head.n - 1);
	return head;
}

/* 0 for a name that is no ACL command. */
static unsigned int right_of(struct slice name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (slice_eq_str(name, commands[i].name))
			return commands[i].right;
	return 0;
}

/* The inverse; empty for what an ACL cannot grant. */
static struct slice name_of(enum dm_access right)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].right == right)
			return slice_str(commands[i].name);
	return SLICE_NONE;
}

static bool id_valid(struct slice id)
{
	if (!id.n)
		return false;
	if (slice_eq_str(id, "*"))
		return true;
	for (size_t i = 0; i < id.n; i++) {
		uint8_t c = id.p[i];

		if (c <= 0x20 || c >= 0x7f || c == '=' || c == '&' || c == '*' || c == '+')
			return false;
	}
	return true;
}

bool dm_acl_server_valid(struct slice id)
{
	return id_valid(id) && !slice_eq_str(id, "*");
}

static bool ids_valid(struct slice ids)
{
	if (!ids.n || ids.p[ids.n - 1] == '+')
		return false;
	while (ids.n)
		if (!id_valid(cut(&ids, '+')))
			return false;
	return true;
}

bool dm_acl_valid(struct slice acl)
{
	if (acl.n > DM_ACL_MAX || (acl.n && acl.p[acl.n - 1] == '&'))
		return false;
	while (acl.n) {
		struct slice entry = cut(&acl, '&');
		struct slice name = cut(&entry, '=');

		if (!right_of(name) || !ids_valid(entry))
			return false;
	}
	return true;
}

static bool has_id(struct slice ids, struct slice server)
{
	while (ids.n) {
		struct slice id = cut(&ids, '+');

		if (slice_eq_str(id, "*") || slice_eq(id, server))
			return true;
	}
	return false;
}

bool dm_acl_grants(struct slice acl, enum dm_access right, struct slice server)
{
	struct slice name = name_of(right);

	while (name.n && acl.n) {
		struct slice entry = cut(&acl, '&');

		if (entry.n > name.n && entry.p[name.n] == '=' &&
		    memcmp(entry.p, name.p, name.n) == 0 &&
		    has_id(slice_of(entry.p + name.n + 1, entry.n - name.n - 1), server))
			return true;
	}
	return false;
}

struct slice dm_acl_effective(const struct dm_node *n)
{
	while (!n->acl && n->parent)
		n = n->parent;
	return slice_str(n->acl ? n->acl : "");
}

bool dm_acl_allows(const struct dm_node *n, enum dm_access right, struct slice server)
{
	return dm_acl_grants(dm_acl_effective(n), right, server);
}

bool dm_acl_may_change(const struct dm_node *n, struct slice server)
{
	if (n->format == DM_FMT_NODE && dm_acl_allows(n, DM_ACC_REPLACE, server))
		return true;
	return n->parent && dm_acl_allows(n->parent, DM_ACC_REPLACE, server);
}

void dm_acl_for_creator(struct slice server, struct buf *out)
{
	static const char *const names[] = { "Add=", "&Delete=", "&Replace=" };

	/* Anything else would write an ACL of its own. */
	if (!dm_acl_server_valid(server))
		return;
	for (size_t i = 0; i < 3; i++) {
		buf_put_str(out, names[i]);
		buf_put_slice(out, server);
	}
}

/* One "Cmd=id+id" without @server; nothing when no identifier is left. */
static bool entry_without(struct slice name, struct slice ids, struct slice server, struct buf *out,
			  size_t start, bool star)
{
	size_t mark = out->len, kept = 0;
	bool changed = false;

	if (out->len > start)
		buf_put_u8(out, '&');
	buf_put_slice(out, name);
	buf_put_u8(out, '=');
	while (ids.n) {
		struct slice id = cut(&ids, '+');

		if (slice_eq(id, server)) {
			changed = true;
			continue;
		}
		if (kept++)
			buf_put_u8(out, '+');
		buf_put_slice(out, id);
	}
	if (!kept && star)
		buf_put_u8(out, '*');
	else if (!kept && !buf_error(out))
		buf_truncate(out, mark);
	return changed;
}

bool dm_acl_without(struct slice acl, struct slice server, bool root, struct buf *out)
{
	size_t start = out->len;
	bool changed = false;

	while (acl.n) {
		struct slice entry = cut(&acl, '&');
		struct slice name = cut(&entry, '=');
		unsigned int right = right_of(name);

		changed |= entry_without(name, entry, server, out, start,
					 root && (right == DM_ACC_ADD || right == DM_ACC_GET));
	}
	if (root && out->len == start)
		buf_put_str(out, "Add=*&Get=*");
	return changed;
}

int dm_acl_remove_server(struct dm_tree *t, struct slice server, int64_t now)
{
	struct dm_node *root = dm_tree_root(t);
	_cleanup_buf_ struct buf b = BUF_INIT;
	int rc;

	/* What no ACL can name is in none; above all "*" is no server's. */
	if (!dm_acl_server_valid(server))
		return 0;
	for (struct dm_node *n = root; n; n = dm_tree_next(root, n)) {
		if (!n->acl)
			continue;
		buf_reset(&b);
		if (!dm_acl_without(slice_str(n->acl), server, !n->parent, &b))
			continue;
		if (buf_error(&b))
			return buf_error(&b);
		rc = dm_tree_set_acl(t, n, buf_slice(&b), now);
		if (rc)
			return rc;
	}
	return 0;
}
