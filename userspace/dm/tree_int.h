/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tree.c, tree_journal.c and tree_load.c share; nobody else includes this. */
#ifndef DMSC_DM_TREE_INT_H
#define DMSC_DM_TREE_INT_H

#include "dm/tree.h"

struct tnode {
	struct dm_node n;		/* first: a dm_node pointer is a tnode pointer */
	struct tnode *hnext;		/* hash chain */
	uint32_t hash;
	uint8_t detached;		/* deleted, kept for the undo journal */
	uint8_t seen;			/* scratch of dm_tree_changes() */
	uint16_t own_len;		/* bytes of own_name */
	char own_name[];		/* the first name; a rename allocates */
};

enum jop { J_ADD, J_DELETE, J_VALUE, J_TYPE, J_ACL, J_TITLE, J_NAME };

/* One change: what the node was before it. */
struct jrec {
	struct tnode *node;
	void *old; /* previous string or value, owned; J_DELETE: previous sibling */
	int64_t tstamp;
	uint32_t len;			/* of the previous value or name */
	uint16_t verno;
	uint8_t op;
	uint8_t format;
};

struct dm_tree {
	struct tnode *root;
	struct tnode **buckets;
	size_t nbuckets;		/* power of two */
	size_t count;			/* nodes reachable from the root */
	size_t hashed;			/* nodes in the table */
	size_t bytes;			/* of nodes, strings and values, the journal's old ones too */
	uint64_t next_id;
	uint64_t seed;
	struct jrec *journal;
	size_t njournal, journal_cap;
	struct tnode **by_id;		/* open addressing; only while loading */
	size_t by_id_size, by_id_used;
};

static inline struct tnode *tn(const struct dm_node *n)
{
	return (struct tnode *)n;
}

extern const char dm_tree_text_plain[];	/* shared type string, never freed */

void dm_tree_str_free(struct dm_tree *t, char *s);
void dm_tree_value_free(struct dm_tree *t, uint8_t *v, size_t len);
struct tnode *dm_tree_node_new(struct dm_tree *t, const struct dm_node_init *init);
void dm_tree_node_free(struct dm_tree *t, struct tnode *n);
/* Makes @n the last child of @parent. */
void dm_tree_attach(struct dm_tree *t, struct dm_node *parent, struct tnode *n);
/* A node came or went: the map of a load is stale. */
void dm_tree_id_map_drop(struct dm_tree *t);
void dm_tree_hash_insert(struct dm_tree *t, struct tnode *n);
void dm_tree_hash_remove(struct dm_tree *t, struct tnode *n);
void dm_tree_link(struct tnode *n, struct tnode *after);
void dm_tree_unlink(struct tnode *n);
size_t dm_tree_subtree_size(const struct tnode *n);
/* Frees a detached subtree, table entries included. */
void dm_tree_destroy(struct dm_tree *t, struct tnode *n);

/* Makes room for @n more records, so that the change after it cannot fail. */
int dm_tree_journal_room(struct dm_tree *t, size_t n);
/* Room must be there. The record takes over @old. */
void dm_tree_journal_put(struct dm_tree *t, enum jop op, struct tnode *n, void *old, uint32_t len);

#endif
