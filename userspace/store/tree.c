// SPDX-License-Identifier: GPL-2.0-or-later
/* The management tree's rows: loading all of them, committing what changed. Nothing of their meaning. */
#include <errno.h>
#include <inttypes.h>
#include "store/db.h"
#include "util/log.h"

static struct slice column_slice(sqlite3_stmt *st, int col)
{
	const void *p;

	if (sqlite3_column_type(st, col) == SQLITE_NULL)
		return SLICE_NONE;
	p = sqlite3_column_blob(st, col);
	/* SQLite gives NULL for an empty blob, which is still a value. */
	return slice_of(p ? p : (const void *)"", (size_t)sqlite3_column_bytes(st, col));
}

#define ID_MAX (INT64_MAX / 2)	/* room for what is made from now on */

/* What no commit of ours wrote: the tree itself looks at names and parents. */
static bool is_sound(sqlite3_stmt *st)
{
	int64_t id = sqlite3_column_int64(st, 0), parent = sqlite3_column_int64(st, 1);
	int64_t origin = sqlite3_column_int64(st, 10);
	int access = sqlite3_column_int(st, 11), flags = sqlite3_column_int(st, 12);

	return id > 0 && id < ID_MAX && parent >= 0 && parent < id && origin >= 0 &&
	       origin <= UINT32_MAX && access >= 0 && access <= DM_ACC_ALL &&
	       (flags & ~DM_NODE_PERMANENT) == 0;
}

static int load_row(struct dm_tree *t, sqlite3_stmt *st)
{
	struct dm_node_row row = {
		.id = (uint64_t)sqlite3_column_int64(st, 0),
		.parent = (uint64_t)sqlite3_column_int64(st, 1),
		.tstamp = sqlite3_column_int64(st, 8),
		.verno = (uint16_t)sqlite3_column_int(st, 9),
	};

	if (!is_sound(st) || dm_tree_count(t) > STORE_NODES_MAX)
		return -EINVAL;
	row.init.name = column_slice(st, 2);
	if (dm_format_parse(column_slice(st, 3), &row.init.format) < 0)
		return -EINVAL;
	row.init.type = column_slice(st, 4);
	row.init.value = column_slice(st, 5);
	row.init.acl = column_slice(st, 6);
	row.init.title = column_slice(st, 7);
	row.init.origin = (uint32_t)sqlite3_column_int64(st, 10);
	row.init.access = (uint8_t)sqlite3_column_int(st, 11);
	row.init.flags = (uint8_t)sqlite3_column_int(st, 12);
	return dm_tree_load(t, &row);
}

int store_tree_load(struct store *s, struct dm_tree *t)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err, rc;

	err = db_prepare(s, "SELECT id, parent, name, format, type, value, acl, title, tstamp,"
			    " verno, origin, access, flags FROM node ORDER BY id", &st);
	if (err)
		return err;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		err = load_row(t, st);
		if (err == -ENOMEM)
			return err;
		if (err) {
			log_err("store: node %" PRId64 " does not fit the tree (%s); the store is damaged",
				(int64_t)sqlite3_column_int64(st, 0), strerror(-err));
			s->damaged = true;
			return -EBADMSG;
		}
	}
	if (rc == SQLITE_DONE)
		return 0;
	err = db_error(s, rc, "loading the tree");
	if (rc != SQLITE_TOOBIG)
		return err;
	s->damaged = true;
	return -EBADMSG;
}

struct change_ctx {
	struct store *s;
	sqlite3_stmt *put, *del;
};

static int write_change(void *ctx, uint64_t id, const struct dm_node *n)
{
	struct change_ctx *c = ctx;
	sqlite3_stmt *st = c->put;

	if (!n) {
		sqlite3_bind_int64(c->del, 1, (int64_t)id);
		return db_run(c->s, c->del, "deleting a node");
	}
	sqlite3_bind_int64(st, 1, (int64_t)id);
	sqlite3_bind_int64(st, 2, n->parent ? (int64_t)n->parent->id : 0);
	db_bind_text(st, 3, n->name);
	db_bind_text(st, 4, dm_format_name(n->format));
	db_bind_text(st, 5, n->type);
	if (n->value)
		sqlite3_bind_blob64(st, 6, n->value, n->value_len, SQLITE_STATIC);
	db_bind_text(st, 7, n->acl);
	db_bind_text(st, 8, n->title);
	sqlite3_bind_int64(st, 9, n->tstamp);
	sqlite3_bind_int(st, 10, n->verno);
	sqlite3_bind_int64(st, 11, n->origin);
	sqlite3_bind_int(st, 12, n->access);
	sqlite3_bind_int(st, 13, n->flags);
	return db_run(c->s, st, "writing a node");
}

static int write_changes(struct store *s, struct dm_tree *t)
{
	struct change_ctx ctx = { .s = s };
	int err = db_keep(s, DB_PUT_NODE, &ctx.put);

	if (!err)
		err = db_keep(s, DB_DELETE_NODE, &ctx.del);
	return err ? err : dm_tree_changes(t, write_change, &ctx);
}

int store_tree_commit(struct store *s, struct dm_tree *t)
{
	bool own;
	int err;

	if (!dm_tree_dirty(t))
		return store_commit(s);
	err = db_write_begin(s, &own);
	if (err)
		return err;
	/* What could not be loaded again is not written. */
	err = dm_tree_count(t) > STORE_NODES_MAX ? -ENOSPC : write_changes(s, t);
	/* Also a transaction of the caller's ends here: see store.h. */
	err = db_write_end(s, true, err);
	if (!err)
		dm_tree_committed(t);
	return err;
}
