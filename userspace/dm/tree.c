// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The management tree: nodes, look-up by a hash over (parent, name), changes.
 * Not here: undo and net changes (tree_journal.c), rights (acl.c).
 */
#include "dm/tree.h"

#include <errno.h>
#include <stdlib.h>

#include "dm/ddf.h"
#include "dm/tree_int.h"
#include "dm/uri.h"

const char dm_tree_text_plain[] = "text/plain";

static const char *const format_names[DM_FMT_COUNT] = {
	[DM_FMT_NODE] = "node", [DM_FMT_CHR] = "chr", [DM_FMT_BIN] = "bin", [DM_FMT_B64] = "b64",
	[DM_FMT_BOOL] = "bool", [DM_FMT_INT] = "int", [DM_FMT_NULL] = "null", [DM_FMT_XML] = "xml",
	[DM_FMT_DATE] = "date", [DM_FMT_TIME] = "time", [DM_FMT_FLOAT] = "float",
};

const char *dm_format_name(enum dm_format f)
{
	return (unsigned int)f < DM_FMT_COUNT ? format_names[f] : "chr";
}

int dm_format_parse(struct slice s, enum dm_format *out)
{
	for (unsigned int i = 0; i < DM_FMT_COUNT; i++) {
		if (slice_eq_str(s, format_names[i])) {
			*out = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* --- strings ------------------------------------------------------------- */

void dm_tree_str_free(struct dm_tree *t, char *s)
{
	if (!s || s == dm_tree_text_plain)
		return;
	t->bytes -= strlen(s) + 1;
	free(s);
}

void dm_tree_value_free(struct dm_tree *t, uint8_t *v, size_t len)
{
	if (!v)
		return;
	t->bytes -= len + 1;
	explicit_bzero(v, len);
	free(v);
}

/* NULL for an empty slice; *err set when memory is out. */
static uint8_t *value_copy(struct dm_tree *t, struct slice s, int *err)
{
	uint8_t *p;

	if (!s.n)
		return NULL;
	p = malloc(s.n + 1);
	if (!p) {
		*err = -ENOMEM;
		return NULL;
	}
	memcpy(p, s.p, s.n);
	p[s.n] = 0;
	t->bytes += s.n + 1;
	return p;
}

/*
 * As above, but what is behind a NUL is no part of a string, and the type of
 * most leaves is shared.
 */
static char *str_copy(struct dm_tree *t, struct slice s, int *err)
{
	char *p;

	if (!s.n)
		return NULL;
	if (slice_eq_str(s, dm_tree_text_plain))
		return (char *)dm_tree_text_plain;
	s.n = strnlen((const char *)s.p, s.n);
	p = (char *)value_copy(t, s, err);
	return p;
}

/* --- hash ---------------------------------------------------------------- */

/* Seeded by an address, so that a server cannot choose names that collide. */
static uint32_t hash_name(const struct dm_tree *t, const struct tnode *parent, struct slice name)
{
	uint64_t h = t->seed ^ (parent->n.id * 0x9e3779b97f4a7c15ull);
	size_t i = 0;

	for (; i + 8 <= name.n; i += 8) {
		uint64_t w;

		memcpy(&w, name.p + i, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	for (; i < name.n; i++)
		h = (h ^ name.p[i]) * 0x100000001b3ull;
	h ^= h >> 29;
	h *= 0xc4ceb9fe1a85ec53ull;
	return h >> 32;
}

/* Growing may fail: chains only get longer then. */
static void hash_grow(struct dm_tree *t)
{
	size_t nb = t->nbuckets * 2;
	struct tnode **b = calloc(nb, sizeof(*b));

	if (!b)
		return;
	for (size_t i = 0; i < t->nbuckets; i++) {
		struct tnode *n = t->buckets[i], *next;

		for (; n; n = next) {
			next = n->hnext;
			n->hnext = b[n->hash & (nb - 1)];
			b[n->hash & (nb - 1)] = n;
		}
	}
	free(t->buckets);
	t->buckets = b;
	t->nbuckets = nb;
}

void dm_tree_hash_insert(struct dm_tree *t, struct tnode *n)
{
	struct tnode **b;

	if (t->hashed >= t->nbuckets)
		hash_grow(t);
	n->hash = hash_name(t, tn(n->n.parent), slice_of(n->n.name, n->n.name_len));
	b = &t->buckets[n->hash & (t->nbuckets - 1)];
	n->hnext = *b;
	*b = n;
	t->hashed++;
}

void dm_tree_hash_remove(struct dm_tree *t, struct tnode *n)
{
	struct tnode **p = &t->buckets[n->hash & (t->nbuckets - 1)];

	for (; *p; p = &(*p)->hnext) {
		if (*p == n) {
			*p = n->hnext;
			t->hashed--;
			return;
		}
	}
}

struct dm_node *dm_tree_child(struct dm_tree *t, const struct dm_node *parent, struct slice name)
{
	uint32_t h = hash_name(t, tn(parent), name);
	struct tnode *n = t->buckets[h & (t->nbuckets - 1)];

	for (; n; n = n->hnext)
		if (n->hash == h && n->n.parent == parent && n->n.name_len == name.n &&
		    memcmp(n->n.name, name.p, name.n) == 0)
			return &n->n;
	return NULL;
}

struct dm_node *dm_tree_find(struct dm_tree *t, struct slice uri)
{
	struct dm_node *n = &t->root->n;
	struct slice seg;

	if (slice_eq_str(uri, "."))
		return n;
	if (uri.n >= 2 && uri.p[0] == '.' && uri.p[1] == '/')
		uri = slice_of(uri.p + 2, uri.n - 2);
	while (n && dm_uri_next_segment(&uri, &seg))
		n = dm_tree_child(t, n, seg);
	return n;
}

/* --- links --------------------------------------------------------------- */

void dm_tree_link(struct tnode *n, struct tnode *after)
{
	struct dm_node *p = n->n.parent;

	n->n.prev = after ? &after->n : NULL;
	n->n.next = after ? after->n.next : p->first_child;
	if (n->n.next)
		n->n.next->prev = &n->n;
	else
		p->last_child = &n->n;
	if (after)
		after->n.next = &n->n;
	else
		p->first_child = &n->n;
}

void dm_tree_unlink(struct tnode *n)
{
	struct dm_node *p = n->n.parent;

	if (n->n.prev)
		n->n.prev->next = n->n.next;
	else
		p->first_child = n->n.next;
	if (n->n.next)
		n->n.next->prev = n->n.prev;
	else
		p->last_child = n->n.prev;
}

struct dm_node *dm_tree_next(const struct dm_node *from, const struct dm_node *n)
{
	return n->first_child ? n->first_child : dm_tree_skip(from, n);
}

struct dm_node *dm_tree_skip(const struct dm_node *from, const struct dm_node *n)
{
	while (n != from) {
		if (n->next)
			return n->next;
		n = n->parent;
	}
	return NULL;
}

size_t dm_tree_subtree_size(const struct tnode *n)
{
	size_t c = 0;

	for (const struct dm_node *i = &n->n; i; i = dm_tree_next(&n->n, i))
		c++;
	return c;
}

/* --- life ---------------------------------------------------------------- */

static size_t node_size(const struct tnode *n)
{
	return sizeof(*n) + n->own_len + 1;
}

void dm_tree_node_free(struct dm_tree *t, struct tnode *n)
{
	dm_tree_value_free(t, n->n.value, n->n.value_len);
	dm_tree_str_free(t, n->n.type);
	dm_tree_str_free(t, n->n.acl);
	dm_tree_str_free(t, n->n.title);
	if (n->n.name != n->own_name)
		dm_tree_str_free(t, n->n.name);
	t->bytes -= node_size(n);
	free(n);
}

struct tnode *dm_tree_node_new(struct dm_tree *t, const struct dm_node_init *init)
{
	struct tnode *n = calloc(1, sizeof(*n) + init->name.n + 1);
	int err = 0;

	if (!n)
		return NULL;
	memcpy(n->own_name, init->name.p, init->name.n);
	n->n.name = n->own_name;
	n->n.name_len = n->own_len = init->name.n;
	t->bytes += node_size(n);
	n->n.type = str_copy(t, init->type, &err);
	n->n.acl = str_copy(t, init->acl, &err);
	n->n.title = str_copy(t, init->title, &err);
	n->n.value = value_copy(t, init->value, &err);
	n->n.value_len = n->n.value ? init->value.n : 0;
	n->n.format = init->format;
	n->n.access = init->access;
	n->n.flags = init->flags;
	n->n.origin = init->origin;
	if (err) {
		dm_tree_node_free(t, n);
		return NULL;
	}
	return n;
}

void dm_tree_destroy(struct dm_tree *t, struct tnode *top)
{
	struct dm_node *n = &top->n;

	/* Down to a leaf, free it, on with its parent: no recursion, no stack. */
	for (;;) {
		struct dm_node *parent = n->parent;

		if (n->first_child) {
			n = n->first_child;
			continue;
		}
		if (n == &top->n)
			break;
		dm_tree_unlink(tn(n));
		dm_tree_hash_remove(t, tn(n));
		dm_tree_node_free(t, tn(n));
		n = parent;
	}
	dm_tree_node_free(t, top);
}

struct dm_tree *dm_tree_new(void)
{
	static const struct dm_node_init root = {
		.name = { (const uint8_t *)".", 1 }, .format = DM_FMT_NODE,
		.acl = { (const uint8_t *)"Add=*&Get=*", 11 },
		.access = DM_ACC_ADD | DM_ACC_GET | DM_ACC_REPLACE, .flags = DM_NODE_PERMANENT,
	};
	struct dm_tree *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->nbuckets = 64;
	t->buckets = calloc(t->nbuckets, sizeof(*t->buckets));
	t->root = dm_tree_node_new(t, &root);
	if (!t->buckets || !t->root) {
		if (t->root)
			dm_tree_node_free(t, t->root);
		free(t->buckets);
		free(t);
		return NULL;
	}
	t->seed = ((uintptr_t)t >> 4) * 0xd6e8feb86659fd93ull;
	t->root->n.id = 1;
	t->next_id = 2;
	t->count = 1;
	return t;
}

void dm_tree_free(struct dm_tree *t)
{
	if (!t)
		return;
	dm_tree_committed(t);
	dm_tree_destroy(t, t->root);
	free(t->buckets);
	free(t->journal);
	free(t->by_id);
	free(t);
}

struct dm_node *dm_tree_root(struct dm_tree *t)
{
	return &t->root->n;
}

size_t dm_tree_count(const struct dm_tree *t)
{
	return t->count;
}

size_t dm_tree_bytes(const struct dm_tree *t)
{
	return t->bytes;
}

uint64_t dm_tree_next_id(const struct dm_tree *t)
{
	return t->next_id;
}

void dm_node_uri(const struct dm_node *n, struct buf *out)
{
	size_t len = 1, at;
	uint8_t *p;

	for (const struct dm_node *i = n; i->parent; i = i->parent)
		len += 1 + i->name_len;
	p = buf_room(out, len);
	if (!p)
		return;
	at = len;
	for (const struct dm_node *i = n; i->parent; i = i->parent) {
		at -= i->name_len;
		memcpy(p + at, i->name, i->name_len);
		p[--at] = '/';
	}
	p[0] = '.';
	out->len += len;
	if (out->data)
		out->data[out->len] = 0;
}

size_t dm_node_uri_chars(const struct dm_node *n)
{
	size_t chars = 0;

	for (; n->parent; n = n->parent)
		chars += dm_uri_chars(slice_of(n->name, n->name_len)) + !!n->parent->parent;
	return chars;
}

/* --- changes ------------------------------------------------------------- */

void dm_tree_attach(struct dm_tree *t, struct dm_node *parent, struct tnode *n)
{
	n->n.parent = parent;
	dm_tree_link(n, parent->last_child ? tn(parent->last_child) : NULL);
	dm_tree_hash_insert(t, n);
	t->count++;
}

int dm_tree_add(struct dm_tree *t, struct dm_node *parent, const struct dm_node_init *init,
		int64_t now, struct dm_node **out)
{
	struct tnode *n;

	if (parent->format != DM_FMT_NODE)
		return -ENOTDIR;
	if (!dm_uri_segment_valid(init->name) || init->format >= DM_FMT_COUNT ||
	    (init->format == DM_FMT_NODE && init->value.n) || init->value.n > UINT32_MAX)
		return -EINVAL;
	if (dm_tree_child(t, parent, init->name))
		return -EEXIST;
	if (dm_tree_journal_room(t, 1))
		return -ENOMEM;
	n = dm_tree_node_new(t, init);
	if (!n)
		return -ENOMEM;
	dm_tree_id_map_drop(t);
	n->n.id = t->next_id++;
	n->n.tstamp = now;
	n->n.flags |= parent->flags & DM_NODE_VOLATILE;
	dm_tree_attach(t, parent, n);
	if (parent->ddf)
		dm_ddf_attach(&n->n);
	dm_tree_journal_put(t, J_ADD, n, NULL, 0);
	if (out)
		*out = &n->n;
	return 0;
}

static void touch(struct dm_node *n, int64_t now)
{
	n->tstamp = now;
	n->verno++;
}

/* Puts a copy of @s into *field, the previous string into the journal. */
static int set_string(struct dm_tree *t, struct dm_node *n, enum jop op, char **field,
		      struct slice s, int64_t now)
{
	int err = 0;
	char *p;

	if (dm_tree_journal_room(t, 1))
		return -ENOMEM;
	p = str_copy(t, s, &err);
	if (err)
		return err;
	dm_tree_journal_put(t, op, tn(n), *field, 0);
	*field = p;
	touch(n, now);
	return 0;
}

int dm_tree_set_value(struct dm_tree *t, struct dm_node *n, enum dm_format format,
		      struct slice type, struct slice value, int64_t now)
{
	int err = 0;
	uint8_t *v;
	char *ty;

	if (n->format == DM_FMT_NODE || format == DM_FMT_NODE || format >= DM_FMT_COUNT ||
	    value.n > UINT32_MAX)
		return -EINVAL;
	if (dm_tree_journal_room(t, 2))
		return -ENOMEM;
	ty = str_copy(t, type, &err);
	v = err ? NULL : value_copy(t, value, &err);
	if (err) {
		dm_tree_str_free(t, ty);
		return err;
	}
	dm_tree_journal_put(t, J_TYPE, tn(n), n->type, 0);
	n->type = ty;
	dm_tree_journal_put(t, J_VALUE, tn(n), n->value, n->value_len);
	n->value = v;
	n->value_len = value.n;
	n->format = format;
	touch(n, now);
	return 0;
}

int dm_tree_set_acl(struct dm_tree *t, struct dm_node *n, struct slice acl, int64_t now)
{
	return set_string(t, n, J_ACL, &n->acl, acl, now);
}

int dm_tree_set_title(struct dm_tree *t, struct dm_node *n, struct slice title, int64_t now)
{
	return set_string(t, n, J_TITLE, &n->title, title, now);
}

int dm_tree_set_type(struct dm_tree *t, struct dm_node *n, struct slice type, int64_t now)
{
	return set_string(t, n, J_TYPE, &n->type, type, now);
}

int dm_tree_rename(struct dm_tree *t, struct dm_node *n, struct slice name, int64_t now)
{
	char *p, *old;
	int err = 0;

	if (!n->parent || !dm_uri_segment_valid(name))
		return -EINVAL;
	if (dm_tree_child(t, n->parent, name))
		return -EEXIST;
	if (dm_tree_journal_room(t, 1))
		return -ENOMEM;
	p = (char *)value_copy(t, name, &err);
	if (err)
		return err;
	old = n->name;
	dm_tree_hash_remove(t, tn(n));
	dm_tree_journal_put(t, J_NAME, tn(n), old, n->name_len);
	n->name = p;
	n->name_len = name.n;
	dm_tree_hash_insert(t, tn(n));
	touch(n, now);
	return 0;
}

int dm_tree_delete(struct dm_tree *t, struct dm_node *n)
{
	struct tnode *x = tn(n);

	if (!n->parent)
		return -EINVAL;
	if (dm_tree_journal_room(t, 1))
		return -ENOMEM;
	dm_tree_id_map_drop(t);
	t->count -= dm_tree_subtree_size(x);
	dm_tree_journal_put(t, J_DELETE, x, n->prev, 0);
	dm_tree_hash_remove(t, x);
	dm_tree_unlink(x);
	x->detached = 1;
	return 0;
}
