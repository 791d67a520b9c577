// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The power is cut while an older store is brought up to date. Whoever opens it then
 * finds every step done once: the step of this test counts, so that half of it, or
 * twice, would show. A dmsc of before finds its own store, or one that is too new.
 */
#include "crash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db.h"
#include "vfs.h"

#define FIXED_STEPS_MAX 64

#define STEP(between) \
	"UPDATE node SET verno = verno + 1;" between \
	"CREATE TABLE later (id INTEGER PRIMARY KEY, what BLOB NOT NULL) STRICT;" \
	"INSERT INTO later SELECT id, zeroblob(600) FROM node;" \
	"ALTER TABLE node ADD COLUMN more TEXT;" \
	/* A column of the key: the way of step 2. */ \
	"CREATE TABLE card2 (iccid BLOB NOT NULL, digest BLOB NOT NULL, server TEXT NOT NULL," \
	" phase TEXT NOT NULL, reason TEXT NOT NULL, boot_id TEXT NOT NULL, slot TEXT NOT NULL," \
	" seq INTEGER NOT NULL, attempts INTEGER NOT NULL, next_attempt INTEGER NOT NULL," \
	" updated INTEGER NOT NULL, PRIMARY KEY (iccid, digest, server, phase)) STRICT, WITHOUT ROWID;" \
	"INSERT INTO card2 SELECT iccid, digest, server, phase, reason, boot_id, slot, seq, attempts," \
	" next_attempt, updated FROM card;" \
	"DROP TABLE card;" \
	"ALTER TABLE card2 RENAME TO card"

static const char step[] = STEP("");
/* What a migration in two transactions would be. */
static const char split_step[] = STEP("COMMIT; BEGIN;");

static const struct db_schema *old;
static struct db_schema new;

static void add_step(const char *added)
{
	static const char *steps[FIXED_STEPS_MAX];

	old = db_schema;
	memcpy(steps, old->steps, (size_t)old->version * sizeof(steps[0]));
	steps[old->version] = added;
	new = (struct db_schema){ steps, old->version + 1 };
}

/* The store as text, opened by a dmsc with that schema; NULL: *err says why not. */
static char *open_with(const struct db_schema *schema, const char *dir, int *err)
{
	struct store *s = NULL;
	struct dm_tree *t = NULL;
	char *text = NULL;

	db_schema = schema;
	*err = crash_open(dir, &s, &t);
	if (!*err) {
		text = dump_store(s, t);
		dm_tree_free(t);
		store_close(s);
	}
	db_schema = old;
	return text;
}

static const char *one(const struct history *h, const struct disk_walk *w, enum disk_loss loss,
		       uint64_t seed, const char *before, const char *after)
{
	const char *wrong = NULL;
	struct disk *d = disk_found(w, loss, seed);
	char *text;
	int err;

	vfs_use(d);
	text = open_with(old, h->dir, &err);
	if (err ? err != -EPROTO : strcmp(text, before) != 0)
		wrong = "the older dmsc finds neither its store nor a newer one";
	free(text);
	disk_free(d);

	d = disk_found(w, loss, seed);
	vfs_use(d);
	text = open_with(&new, h->dir, &err);
	if (err)
		wrong = "the store does not open";
	else if (strcmp(text, after) != 0)
		wrong = "the store is not what the whole migration makes of it";
	free(text);
	disk_free(d);
	return wrong;
}

static size_t all_cuts(const struct history *h, const struct disk *d, unsigned int seeds,
		       const char *before, const char *after, bool quiet)
{
	struct disk_walk *w = disk_walk_new(d);
	size_t wrong = 0, disks = 0, p;

	for (p = 0; p <= disk_ops(d); p++) {
		disk_walk_to(w, p);
		for (unsigned int i = 0; i < seeds + 2; i++) {
			enum disk_loss loss = i == 0 ? DISK_LOSE_NOTHING :
					      i == 1 ? DISK_LOSE_UNSYNCED : DISK_LOSE_SOME;
			const char *why = one(h, w, loss, p * 1000 + i, before, after);

			disks++;
			if (why && wrong++ < 10 && !quiet)
				printf("not ok migration cut at %zu, %u: %s\n", p, i, why);
		}
	}
	if (!quiet)
		printf("migration: %zu crash points, %zu disks\n", p, disks);
	disk_walk_free(w);
	return wrong;
}

/* Each node but the root, which is the first and was never stored. */
static bool counted_once(const char *before, const char *after)
{
	size_t lines = 0;

	before = strchr(before, '\n');
	after = strchr(after, '\n');
	for (; (before = strstr(before, " v=")) && (after = strstr(after, " v=")); lines++)
		if (strtoul(before += 3, NULL, 10) + 1 != strtoul(after += 3, NULL, 10))
			return false;
	return lines > 10 && !before && !strstr(after, " v=");
}

bool migration(const struct history *h, unsigned int seeds, bool split)
{
	struct disk_walk *w = disk_walk_new(h->disk);
	struct disk *d, *first;
	char *before, *after;
	size_t wrong = 1;
	int err;

	disk_walk_to(w, disk_ops(h->disk));
	first = disk_found(w, DISK_LOSE_NOTHING, 0);
	d = disk_found(w, DISK_LOSE_NOTHING, 0);
	disk_walk_free(w);
	add_step(split ? split_step : step);
	vfs_use(first);
	before = open_with(old, h->dir, &err);
	vfs_use(d);
	after = open_with(&new, h->dir, &err);
	if (!before || !after)
		printf("not ok migration: the store does not open\n");
	else if (!counted_once(before, after))
		printf("not ok migration: the step was not done, or not once\n");
	else
		wrong = all_cuts(h, d, seeds, before, after, split);
	printf("%s migration%s: %zu operations on the disk, %zu wrong\n",
	       !wrong == split ? "not ok" : "ok",
	       split ? " in two transactions, which has to be noticed" : "", disk_ops(d), wrong);
	free(before);
	free(after);
	disk_free(first);
	disk_free(d);
	return !wrong != split;
}
