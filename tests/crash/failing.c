// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk that fails: each call in turn, once or for good, while a store is opened,
 * read and committed to. An error of the disk is never taken for damage, and
 * what is there afterwards is the state before or after the commit.
 */
#include "crash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vfs.h"

static const struct { enum vfs_error e; const char *name; } errors[] = {
	{ VFS_EIO, "EIO" }, { VFS_FULL, "ENOSPC" }, { VFS_NOMEM, "ENOMEM" },
};

/* One commit of something that is easily seen. */
static int change(struct store *s, struct dm_tree *t)
{
	const struct dm_node_init init = {
		.name = SLICE_LIT("Late"), .format = DM_FMT_CHR, .value = SLICE_LIT("v"),
	};
	int err = dm_tree_add(t, dm_tree_root(t), &init, 1, NULL);

	return err ? err : store_tree_commit(s, t);
}

/* The disk as the whole history left it. */
static struct disk *end_of(const struct history *h)
{
	struct disk_walk *w = disk_walk_new(h->disk);
	struct disk *d;

	disk_walk_to(w, disk_ops(h->disk));
	d = disk_found(w, DISK_LOSE_NOTHING, 0);
	disk_walk_free(w);
	return d;
}

static char *try_to_change(const struct history *h, int *err)
{
	struct dm_tree *t = NULL;
	struct store *s = NULL;
	char *text = NULL;

	*err = crash_open(h->dir, &s, &t);
	if (*err)
		return NULL;
	*err = change(s, t);
	/* What the reading client would show: not trusted on a failing disk. */
	text = *err ? NULL : dump_store(s, t);
	dm_tree_free(t);
	store_close(s);
	return text;
}

static const char *after(const struct history *h, const char *changed, int err)
{
	const char *before = h->states[h->nstates - 1].text, *wrong = NULL;
	struct dm_tree *t = NULL;
	struct store *s = NULL;
	char *text;

	if (crash_open(h->dir, &s, &t))
		return "the store does not open once the disk is well";
	text = dump_store(s, t);
	if (strcmp(text, changed) != 0 && (!err || strcmp(text, before) != 0))
		wrong = "what is there is neither before nor after the commit";
	free(text);
	dm_tree_free(t);
	store_close(s);
	return wrong;
}

static const char *one(const struct history *h, const char *changed, unsigned long nth,
		       enum vfs_error e, bool for_good, bool *failed)
{
	struct disk *d = end_of(h);
	const char *wrong = NULL;
	int err;

	vfs_use(d);
	vfs_fail(nth, e, for_good);
	free(try_to_change(h, &err));
	*failed = vfs_failed();
	vfs_fail(0, e, false);
	if (err == -EBADMSG || err == -EPROTO)
		wrong = "an error of the disk was taken for damage";
	else
		wrong = after(h, changed, err);
	disk_free(d);
	return wrong;
}

size_t failing_disk(const struct history *h, bool verbose)
{
	struct disk *d = end_of(h);
	size_t wrong = 0, tried = 0;
	char *changed;
	int err;

	vfs_use(d);
	changed = try_to_change(h, &err);
	disk_free(d);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]) * 2 && changed; i++) {
		bool failed = true;

		for (unsigned long nth = 1; failed; nth++) {
			const char *why = one(h, changed, nth, errors[i / 2].e, i % 2, &failed);

			tried++;
			if (why && wrong++ < 10)
				printf("not ok %s at call %lu%s: %s\n", errors[i / 2].name, nth,
				       i % 2 ? " and from then on" : "", why);
		}
	}
	printf("  a disk that fails: %zu times\n", tried);
	free(changed);
	return changed ? wrong : 1;
}
