// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tree's undo journal and its net changes for a store. A deleted subtree
 * stays whole, only cut off, until the journal is forgotten: undoing needs no
 * memory and cannot fail.
 */
#include <errno.h>
#include <stdlib.h>

#include "dm/tree_int.h"

int dm_tree_journal_room(struct dm_tree *t, size_t n)
{
	size_t cap = t->journal_cap ? t->journal_cap : 64;
	struct jrec *j;

	while (cap < t->njournal + n)
		cap *= 2;
	if (cap == t->journal_cap)
		return 0;
	j = reallocarray(t->journal, cap, sizeof(*j));
	if (!j)
		return -ENOMEM;
	t->journal = j;
	t->journal_cap = cap;
	return 0;
}

void dm_tree_journal_put(struct dm_tree *t, enum jop op, struct tnode *n, void *old, uint32_t len)
{
	t->journal[t->njournal++] = (struct jrec){
		.node = n, .old = old, .tstamp = n->n.tstamp, .verno = n->n.verno,
		.len = len, .op = op, .format = n->n.format,
	};
}

dm_mark dm_tree_mark(struct dm_tree *t)
{
	return t->njournal;
}

static void undo_delete(struct dm_tree *t, struct jrec *r)
{
	struct tnode *n = r->node;

	n->detached = 0;
	dm_tree_link(n, r->old);
	dm_tree_hash_insert(t, n);
	t->count += dm_tree_subtree_size(n);
}

static void undo_name(struct dm_tree *t, struct jrec *r)
{
	struct tnode *n = r->node;

	dm_tree_hash_remove(t, n);
	if (n->n.name != n->own_name)
		dm_tree_str_free(t, n->n.name);
	n->n.name = r->old;
	n->n.name_len = r->len;
	dm_tree_hash_insert(t, n);
}

static void undo(struct dm_tree *t, struct jrec *r)
{
	struct dm_node *n = &r->node->n;

	switch (r->op) {
	case J_ADD:
		t->count--;
		dm_tree_hash_remove(t, r->node);
		dm_tree_unlink(r->node);
		dm_tree_destroy(t, r->node);
		return;
	case J_DELETE:
		undo_delete(t, r);
		return;
	case J_VALUE:
		dm_tree_value_free(t, n->value, n->value_len);
		n->value = r->old;
		n->value_len = r->len;
		n->format = r->format;
		break;
	case J_TYPE:
		dm_tree_str_free(t, n->type);
		n->type = r->old;
		break;
	case J_ACL:
		dm_tree_str_free(t, n->acl);
		n->acl = r->old;
		break;
	case J_TITLE:
		dm_tree_str_free(t, n->title);
		n->title = r->old;
		break;
	case J_NAME:
		undo_name(t, r);
		break;
	}
	n->tstamp = r->tstamp;
	n->verno = r->verno;
}

int dm_tree_rollback(struct dm_tree *t, dm_mark mark)
{
	if (mark > t->njournal)
		return -EINVAL;
	while (t->njournal > mark)
		undo(t, &t->journal[--t->njournal]);
	return 0;
}

bool dm_tree_dirty(const struct dm_tree *t)
{
	return t->njournal > 0;
}

/* --- net changes --------------------------------------------------------- */

enum { SEEN = 1, SEEN_NEW = 2, SEEN_GONE = 4, SEEN_NAMED = 8 };

struct set {
	struct tnode **v;
	size_t n, cap;
};

static int set_put(struct set *s, struct tnode *n)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct tnode **v = reallocarray(s->v, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n++] = n;
	return 0;
}

/* Each node the journal names, once, and everything below a deleted one. */
static int collect(struct dm_tree *t, struct set *s)
{
	for (size_t i = 0; i < t->njournal; i++) {
		struct jrec *r = &t->journal[i];
		struct dm_node *top = &r->node->n;

		for (struct dm_node *n = top; n;
		     n = r->op == J_DELETE ? dm_tree_next(top, n) : NULL) {
			struct tnode *x = tn(n);

			if (!x->seen && set_put(s, x))
				return -ENOMEM;
			x->seen |= SEEN;
			if (r->op == J_DELETE)
				x->seen |= SEEN_GONE;
		}
		if (r->op == J_ADD)
			r->node->seen |= SEEN_NEW;
		if (r->op == J_NAME)
			r->node->seen |= SEEN_NAMED;
	}
	return 0;
}

/* Ids grow, and a node never changes its parent: parents sort before children. */
static int by_id(const void *a, const void *b)
{
	uint64_t x = (*(struct tnode *const *)a)->n.id, y = (*(struct tnode *const *)b)->n.id;

	return x < y ? -1 : x > y;
}

static int report(const struct set *s, dm_tree_change_fn *fn, void *ctx)
{
	int rc;

	/* Deletions children first, so that a store may insist on parents. */
	for (size_t i = s->n; i-- > 0; ) {
		struct tnode *x = s->v[i];

		if (!(x->seen & SEEN_GONE) || (x->seen & SEEN_NEW) ||
		    (x->n.flags & DM_NODE_VOLATILE))
			continue;
		rc = fn(ctx, x->n.id, NULL);
		if (rc)
			return rc;
	}
	for (size_t i = 0; i < s->n; i++) {
		struct tnode *x = s->v[i];

		if ((x->seen & SEEN_GONE) || (x->n.flags & DM_NODE_VOLATILE))
			continue;
		rc = fn(ctx, x->n.id, &x->n);
		if (rc)
			return rc;
	}
	return 0;
}

static const char *old_name(const struct dm_tree *t, const struct tnode *n)
{
	if (!(n->seen & SEEN_NAMED) || n->seen & SEEN_NEW)
		return NULL;
	for (size_t i = 0; i < t->njournal; i++)
		if (t->journal[i].op == J_NAME && t->journal[i].node == n)
			return t->journal[i].old;
	return NULL;
}

static int diff(const struct dm_tree *t, const struct set *s, dm_tree_diff_fn *fn, void *ctx)
{
	int rc = 0;

	for (int gone = 1; gone >= 0; gone--) {
		for (size_t i = 0; i < s->n && !rc; i++) {
			struct tnode *x = s->v[i];

			if (!!(x->seen & SEEN_GONE) == gone && !(gone && x->seen & SEEN_NEW) &&
			    !(x->n.flags & DM_NODE_VOLATILE))
				rc = fn(ctx, &x->n, gone, old_name(t, x));
		}
	}
	return rc;
}

static int walk(struct dm_tree *t, dm_tree_change_fn *change, dm_tree_diff_fn *fn, void *ctx)
{
	struct set s = { 0 };
	int rc = collect(t, &s);

	if (!rc && s.n) {
		qsort(s.v, s.n, sizeof(*s.v), by_id);
		rc = change ? report(&s, change, ctx) : diff(t, &s, fn, ctx);
	}
	for (size_t i = 0; i < s.n; i++)
		s.v[i]->seen = 0;
	free(s.v);
	return rc;
}

int dm_tree_changes(struct dm_tree *t, dm_tree_change_fn *fn, void *ctx)
{
	return walk(t, fn, NULL, ctx);
}

int dm_tree_diff(struct dm_tree *t, dm_tree_diff_fn *fn, void *ctx)
{
	return walk(t, NULL, fn, ctx);
}

bool dm_tree_pending(const struct dm_tree *t, const struct dm_node *n)
{
	for (size_t i = 0; i < t->njournal; i++)
		if (&t->journal[i].node->n == n)
			return true;
	return false;
}

void dm_tree_committed(struct dm_tree *t)
{
	/*
	 * Old strings first: a later record may free the node they belong to. A
	 * node's own_name is freed with the node, never by itself.
	 */
	for (size_t i = 0; i < t->njournal; i++) {
		struct jrec *r = &t->journal[i];

		if (r->op == J_VALUE)
			dm_tree_value_free(t, r->old, r->len);
		else if (r->op == J_NAME && r->old != r->node->own_name)
			dm_tree_str_free(t, r->old);
		else if (r->op == J_TYPE || r->op == J_ACL || r->op == J_TITLE)
			dm_tree_str_free(t, r->old);
	}
	/*
	 * A deleted subtree holds no other deleted node (those were cut off
	 * before), so each is freed exactly once.
	 */
	for (size_t i = 0; i < t->njournal; i++)
		if (t->journal[i].op == J_DELETE)
			dm_tree_destroy(t, t->journal[i].node);
	t->njournal = 0;
	if (t->journal_cap > 4096) {
		free(t->journal);
		t->journal = NULL;
		t->journal_cap = 0;
	}
}
