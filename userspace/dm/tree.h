/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management tree in memory (OMA DM TND 1.2).
 *
 * It holds nodes and nothing of their meaning: access decisions are dm/acl,
 * commands are dm/cmd. Every change is journalled; dm_tree_mark()/_rollback()
 * undo (Atomic, a broken message), dm_tree_changes()/_committed() hand the net
 * effect to a store. The tree reads no clock: callers pass the time.
 */
#ifndef DMSC_DM_TREE_H
#define DMSC_DM_TREE_H

#include "util/cleanup.h"
#include "util/slice.h"

enum dm_format {
	DM_FMT_NODE, DM_FMT_CHR, DM_FMT_BIN, DM_FMT_B64, DM_FMT_BOOL, DM_FMT_INT,
	DM_FMT_NULL, DM_FMT_XML, DM_FMT_DATE, DM_FMT_TIME, DM_FMT_FLOAT,
	DM_FMT_COUNT
};

const char *dm_format_name(enum dm_format f);
/* 0 or -EINVAL. */
int dm_format_parse(struct slice s, enum dm_format *out);

enum dm_access {		/* DDF AccessType (TND 8.5) */
	DM_ACC_ADD = 1 << 0,
	DM_ACC_COPY = 1 << 1,
	DM_ACC_DELETE = 1 << 2,
	DM_ACC_EXEC = 1 << 3,
	DM_ACC_GET = 1 << 4,
	DM_ACC_REPLACE = 1 << 5,
	DM_ACC_ALL = (1 << 6) - 1,
};

enum dm_node_flag {
	DM_NODE_PERMANENT = 1 << 0,	/* a server can neither create, delete nor rename it */
	DM_NODE_VOLATILE = 1 << 1,	/* made anew at every start; never stored */
};

struct dmsc_ddf;

struct dm_node {
	uint64_t id; /* stable for the node's life, never reused; the root is 1 */
	struct dm_node *parent;		/* NULL at the root */
	struct dm_node *first_child, *last_child, *prev, *next;	/* creation order */
	char *name;			/* NUL terminated; "." at the root */
	char *type;			/* MIME type or MO identifier; NULL = empty */
	uint8_t *value;			/* leaf's decoded bytes, NUL follows; NULL when empty */
	char *acl;			/* NULL = no value, inherit */
	char *title;			/* NULL = empty */
	const struct dmsc_ddf *ddf;	/* what describes it (dm/ddf.h); NULL = nothing */
	int64_t tstamp;			/* seconds since the epoch, UTC */
	uint32_t value_len;		/* bytes */
	uint32_t origin;		/* store's id of the card it came from; 0 = none */
	uint16_t name_len;		/* bytes */
	uint16_t verno;
	uint8_t format;			/* enum dm_format */
	uint8_t access;			/* enum dm_access bits */
	uint8_t flags;			/* enum dm_node_flag bits */
};

struct dm_tree;

/* Only the root exists: interior, permanent, ACL "Add=*&Get=*" (ACL-1). NULL without memory. */
struct dm_tree *dm_tree_new(void);
void dm_tree_free(struct dm_tree *t);
struct dm_node *dm_tree_root(struct dm_tree *t);
size_t dm_tree_count(const struct dm_tree *t);
/* The id the next new node gets: what is made from now on has this or a greater one. */
uint64_t dm_tree_next_id(const struct dm_tree *t);

/* What the nodes take, with what a rollback would need of those changed since the last commit. */
size_t dm_tree_bytes(const struct dm_tree *t);

/* By URI without a query part ("./A/B", "A/B", "." are all fine); NULL when there is none. */
struct dm_node *dm_tree_find(struct dm_tree *t, struct slice uri);
struct dm_node *dm_tree_child(struct dm_tree *t, const struct dm_node *parent, struct slice name);
/* Appends "./A/B" (or "." for the root). */
void dm_node_uri(const struct dm_node *n, struct buf *out);
/* Characters of its shortest URI, "A/B"; 0 for the root. */
size_t dm_node_uri_chars(const struct dm_node *n);

static inline struct slice dm_node_value(const struct dm_node *n)
{
	return slice_of(n->value ? n->value : (const uint8_t *)"", n->value_len);
}

/*
 * Changes. All return 0 or -errno (-EEXIST, -ENOENT, -ENOTDIR: parent is a
 * leaf, -EINVAL: bad name, -ENOMEM) and leave the tree unmodified on failure.
 * They check nothing but the structure: rights and access types are dm/cmd's.
 * @now: seconds since the epoch, for TStamp.
 */
struct dm_node_init {
	struct slice name;
	enum dm_format format;
	struct slice type, value, acl, title;
	uint32_t origin;
	uint8_t access, flags;
};
int dm_tree_add(struct dm_tree *t, struct dm_node *parent, const struct dm_node_init *init,
		int64_t now, struct dm_node **out) must_check;
int dm_tree_set_value(struct dm_tree *t, struct dm_node *n, enum dm_format format,
		      struct slice type, struct slice value, int64_t now) must_check;
int dm_tree_set_acl(struct dm_tree *t, struct dm_node *n, struct slice acl, int64_t now) must_check;
int dm_tree_set_title(struct dm_tree *t, struct dm_node *n, struct slice title,
		      int64_t now) must_check;
int dm_tree_set_type(struct dm_tree *t, struct dm_node *n, struct slice type,
		     int64_t now) must_check;
int dm_tree_rename(struct dm_tree *t, struct dm_node *n, struct slice name, int64_t now) must_check;
/* The node and everything below it. */
int dm_tree_delete(struct dm_tree *t, struct dm_node *n) must_check;

/* Pre-order walk below @from, itself included; dm_tree_next(from, NULL-terminated) without recursion. */
struct dm_node *dm_tree_next(const struct dm_node *from, const struct dm_node *n);
/* The same walk, leaving out what is below @n. */
struct dm_node *dm_tree_skip(const struct dm_node *from, const struct dm_node *n);

/* Undo: everything done after the mark is taken back, newest first. Marks nest. */
typedef size_t dm_mark;
dm_mark dm_tree_mark(struct dm_tree *t);
int dm_tree_rollback(struct dm_tree *t, dm_mark mark) must_check;

/*
 * The net effect since the last dm_tree_committed(): each touched id once,
 * deletions (node == NULL) first, then creations and modifications, parents
 * before children. Volatile nodes never appear. The callback's first non-zero
 * return ends the walk and is returned.
 */
typedef int dm_tree_change_fn(void *ctx, uint64_t id, const struct dm_node *node);
int dm_tree_changes(struct dm_tree *t, dm_tree_change_fn *fn, void *ctx);
/*
 * The same nodes, deleted ones first and still whole, so that URIs can be made
 * of them. @old_name: what it was called at the last commit when that differs.
 */
typedef int dm_tree_diff_fn(void *ctx, const struct dm_node *node, bool gone,
			    const char *old_name);
int dm_tree_diff(struct dm_tree *t, dm_tree_diff_fn *fn, void *ctx) must_check;
/* Was @n changed since the last commit? Takes as long as there were changes. */
bool dm_tree_pending(const struct dm_tree *t, const struct dm_node *n);
bool dm_tree_dirty(const struct dm_tree *t);
/* Forgets the journal: what is now in memory is what is stored. Marks become invalid. */
void dm_tree_committed(struct dm_tree *t);

/*
 * Loading: one stored row, parents before children, not journalled. A row for
 * an existing node (the root, a permanent one) replaces its properties.
 * -EINVAL for a row that cannot be (no parent, name taken, id used).
 */
struct dm_node_row {
	uint64_t id, parent;
	struct dm_node_init init;
	int64_t tstamp;
	uint16_t verno;
};
int dm_tree_load(struct dm_tree *t, const struct dm_node_row *row) must_check;

#endif
