// SPDX-License-Identifier: GPL-2.0-or-later
/* store/: durability, one writer beside readers, bounds, and what happens to damaged or foreign files. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_dir.h"
#include "store/db.h"
#include "store/store.h"
#include "util/log.h"

static char dir[STORE_DIR_MAX];
static char file[128];

static int setup(void **state)
{
	if (store_dir_name(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/" STORE_FILE, dir);
	log_init("test_store", LOG_LVL_ERR);
	return 0;
}

static int teardown(void **state)
{
	return store_dir_remove(dir);
}

static struct dm_tree *load(struct store *s)
{
	struct dm_tree *t = dm_tree_new();

	assert_non_null(t);
	assert_int_equal(store_tree_load(s, t), 0);
	return t;
}

static struct dm_node *add(struct dm_tree *t, const char *parent, const char *name,
			   enum dm_format f, struct slice value)
{
	const struct dm_node_init init = {
		.name = slice_str(name), .format = f, .value = value, .access = DM_ACC_GET,
		.type = f == DM_FMT_NODE ? SLICE_LIT("urn:x") : SLICE_LIT("text/plain"),
		.acl = f == DM_FMT_NODE ? SLICE_LIT("Get=*") : SLICE_NONE, .origin = 7,
	};
	struct dm_node *n;

	assert_int_equal(dm_tree_add(t, dm_tree_find(t, slice_str(parent)), &init, 1000, &n), 0);
	return n;
}

static void fill_file(const char *path, size_t off, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, p, n, (off_t)off), n);
	close(fd);
}

static void read_all(struct buf *b)
{
	buf_reset(b);
	assert_int_equal(buf_read_file(b, file), 0);
}

static void test_private_files(void **state)
{
	struct store *s = store_dir_open(dir);
	struct stat st;

	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	store_close(s);
	chmod(file, 0644);
	store_close(store_dir_open(dir));
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_tree_round_trip(void **state)
{
	struct store *s = store_dir_open(dir);
	struct dm_tree *t = load(s);
	struct dm_node *n;
	uint64_t id;

	add(t, ".", "A", DM_FMT_NODE, SLICE_NONE);
	n = add(t, "./A", "bin", DM_FMT_BIN, slice_of("\0\1\377", 3));
	id = n->id;
	add(t, "./A", "empty", DM_FMT_CHR, SLICE_LIT(""));
	assert_int_equal(dm_tree_set_title(t, n, SLICE_LIT("T"), 2000), 0);
	assert_int_equal(store_tree_commit(s, t), 0);
	assert_false(dm_tree_dirty(t));
	dm_tree_free(t);
	store_close(s);

	s = store_dir_open(dir);
	t = load(s);
	assert_false(dm_tree_dirty(t));
	n = dm_tree_find(t, SLICE_LIT("./A/bin"));
	assert_non_null(n);
	assert_int_equal(n->id, id);
	assert_int_equal(n->format, DM_FMT_BIN);
	assert_int_equal(n->value_len, 3);
	assert_memory_equal(n->value, "\0\1\377", 3);
	assert_string_equal(n->title, "T");
	assert_string_equal(n->type, "text/plain");
	assert_int_equal(n->origin, 7);
	assert_int_equal(n->access, DM_ACC_GET);
	assert_int_equal(n->tstamp, 2000);
	assert_int_equal(n->verno, dm_tree_find(t, SLICE_LIT("./A/bin"))->verno);
	assert_string_equal(dm_tree_find(t, SLICE_LIT("./A"))->acl, "Get=*");
	assert_int_equal(dm_tree_find(t, SLICE_LIT("./A/empty"))->value_len, 0);

	assert_int_equal(dm_tree_delete(t, n), 0);
	assert_int_equal(store_tree_commit(s, t), 0);
	dm_tree_free(t);
	t = load(s);
	assert_null(dm_tree_find(t, SLICE_LIT("./A/bin")));
	assert_non_null(dm_tree_find(t, SLICE_LIT("./A/empty")));
	dm_tree_free(t);
	store_close(s);
}

static struct store_origin make_origin(uint8_t tag)
{
	struct store_origin o = { .slot = "virt:demo", .iccid_len = 10, .created = 5 };

	memset(o.iccid, 0x98, 10);
	memset(o.digest, tag, sizeof(o.digest));
	return o;
}

static void test_transaction_joins_tree_and_rows(void **state)
{
	struct store *s = store_dir_open(dir);
	struct dm_tree *t = load(s);
	struct store_origin o = make_origin(1);

	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_origin_put(s, &o), 0);
	add(t, ".", "A", DM_FMT_NODE, SLICE_NONE);
	store_rollback(s);
	assert_int_equal(store_origin_get(s, o.id, &o), -ENOENT);
	assert_true(dm_tree_dirty(t));

	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_begin(s), -EINVAL);
	assert_int_equal(store_origin_put(s, &o), 0);
	assert_int_equal(store_tree_commit(s, t), 0);
	assert_false(store_in_transaction(s));
	dm_tree_free(t);
	store_close(s);

	s = store_dir_open(dir);
	t = load(s);
	assert_non_null(dm_tree_find(t, SLICE_LIT("./A")));
	assert_int_equal(store_origin_get(s, o.id, &o), 0);
	dm_tree_free(t);
	store_close(s);
}

/* A writer killed before its commit leaves nothing, after it everything. */
static void test_killed_writer(void **state)
{
	for (int commit = 0; commit < 2; commit++) {
		struct dm_tree *t;
		struct store *s;
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			if (store_open(dir, STORE_WRITE, 0, &s) < 0)
				_exit(1);
			t = load(s);
			struct store_origin o = make_origin(2);

			add(t, ".", "K", DM_FMT_NODE, SLICE_NONE);
			if (store_begin(s) < 0 || store_origin_put(s, &o) < 0)
				_exit(1);
			if (commit && store_tree_commit(s, t) < 0)
				_exit(1);
			raise(SIGKILL);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		s = store_dir_open(dir);
		t = load(s);
		assert_int_equal(dm_tree_find(t, SLICE_LIT("./K")) != NULL, commit);
		dm_tree_free(t);
		store_close(s);
	}
}

static void test_one_writer_many_readers(void **state)
{
	struct store *w = store_dir_open(dir), *r = NULL, *w2 = NULL;
	struct dm_tree *t = load(w), *seen;

	assert_int_equal(store_open(dir, STORE_WRITE, 0, &w2), -EBUSY);
	assert_null(w2);
	assert_int_equal(store_open(dir, STORE_WRITE, 250, &w2), -EBUSY);
	assert_int_equal(store_open(dir, STORE_READ, 0, &r), 0);
	add(t, ".", "A", DM_FMT_NODE, SLICE_NONE);
	seen = load(r);
	assert_null(dm_tree_find(seen, SLICE_LIT("./A")));
	dm_tree_free(seen);
	assert_int_equal(store_tree_commit(w, t), 0);
	seen = load(r);
	assert_non_null(dm_tree_find(seen, SLICE_LIT("./A")));
	dm_tree_free(seen);

	assert_int_equal(store_begin(r), -EROFS);
	assert_int_equal(store_origin_delete(r, 1), -EROFS);
	store_close(r);
	store_close(w);
	dm_tree_free(t);
	store_close(store_dir_open(dir));
}

static void test_writer_waits_for_writer(void **state)
{
	struct store *s = NULL;
	int p[2], status;
	char c;
	pid_t pid;

	assert_int_equal(pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		struct store_origin o = make_origin(3);

		if (store_open(dir, STORE_WRITE, 0, &s) < 0 || write(p[1], "x", 1) != 1)
			_exit(1);
		usleep(300000);
		if (store_origin_put(s, &o) < 0)
			_exit(1);
		store_close(s);
		_exit(0);
	}
	assert_int_equal(read(p[0], &c, 1), 1);
	assert_int_equal(store_open(dir, STORE_WRITE, 10000, &s), 0);
	/* Its last commit is there before we got in. */
	struct store_origin o = make_origin(3);

	o.created = 77;
	assert_int_equal(store_origin_put(s, &o), 0);
	assert_int_equal(o.created, 5);
	store_close(s);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(p[0]);
	close(p[1]);
}

struct seen {
	int sessions, notes;
	struct store_session first;
	struct store_note last;
};

static int see_session(void *ctx, const struct store_session *j)
{
	struct seen *x = ctx;

	if (x->sessions++ == 0)
		x->first = *j;
	return 0;
}

static int see_note(void *ctx, const struct store_note *n)
{
	struct seen *x = ctx;

	x->notes++;
	x->last = *n;
	return 0;
}

static void test_journal(void **state)
{
	struct store *s = store_dir_open(dir);
	struct seen x = { 0 };
	char longest[STORE_URI_MAX + 100];
	int64_t id;

	assert_int_equal(store_begin(s), 0);
	for (int i = 0; i < STORE_JOURNAL_SESSIONS + 3; i++)
		assert_int_equal(store_session_begin(s, "srv", "card", 100 + i, &id), 0);
	for (int i = 0; i < STORE_JOURNAL_NOTES + 2; i++)
		assert_int_equal(store_session_note(s, id, "Get", SLICE_LIT("./A"), 200), 0);
	assert_int_equal(store_session_end(s, id, "completed", "", 4, 900), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_session_each(s, 0, see_session, &x), 0);
	assert_int_equal(x.sessions, STORE_JOURNAL_SESSIONS);
	assert_int_equal(x.first.id, id);
	assert_int_equal(x.first.ended, 900);
	assert_int_equal(x.first.messages, 4);
	assert_int_equal(x.first.notes, STORE_JOURNAL_NOTES + 2);
	assert_string_equal(x.first.outcome, "completed");
	assert_int_equal(store_note_each(s, id, see_note, &x), 0);
	assert_int_equal(x.notes, STORE_JOURNAL_NOTES);
	assert_string_equal(x.last.op, "Get");
	assert_int_equal(x.last.status, 200);

	memset(longest, 'u', sizeof(longest));
	assert_int_equal(store_session_begin(s, "srv", "by hand", 1, &id), 0);
	assert_int_equal(store_session_note(s, id, "Add", slice_of(longest, sizeof(longest)), 414), 0);
	assert_int_equal(store_note_each(s, id, see_note, &x), 0);
	assert_int_equal(strlen(x.last.uri), STORE_URI_MAX - 1);
	assert_int_equal(store_session_note(s, 424242, "Get", SLICE_LIT("."), 200), -ENOENT);
	x.sessions = 0;
	assert_int_equal(store_session_each(s, 2, see_session, &x), 0);
	assert_int_equal(x.sessions, 2);
	store_close(s);
}

/* --- files that are not a store, or no longer --- */

static const char *beside(const char *name)
{
	static char path[192];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static bool is_there(const char *name)
{
	return access(beside(name), F_OK) == 0;
}

static void read_beside(const char *name, struct buf *b)
{
	buf_reset(b);
	assert_int_equal(buf_read_file(b, beside(name)), 0);
}

/* Neither reader nor writer takes it, and nothing happens to it. */
static void expect_refused(int want)
{
	_cleanup_buf_ struct buf before = BUF_INIT;
	_cleanup_buf_ struct buf after = BUF_INIT;
	struct store *s = NULL;
	int err;

	read_all(&before);
	err = store_open(dir, STORE_WRITE, 0, &s);
	assert_int_equal(err, want);
	assert_null(s);
	assert_true(strlen(store_strerror(err)) > 20);
	assert_int_equal(store_open(dir, STORE_READ, 0, &s), want);
	assert_null(s);
	read_all(&after);
	assert_true(slice_eq(buf_slice(&before), buf_slice(&after)));
	assert_false(is_there(STORE_FILE ".damaged-1"));
}

/* A reader moves nothing; a writer keeps it, byte for byte, as damaged-@n, and begins anew. */
static void expect_kept(unsigned int n)
{
	_cleanup_buf_ struct buf before = BUF_INIT;
	_cleanup_buf_ struct buf after = BUF_INIT;
	struct store *s = NULL;
	struct dm_tree *t;
	char kept[64];

	snprintf(kept, sizeof(kept), STORE_FILE ".damaged-%u", n);
	read_all(&before);
	if (store_open(dir, STORE_READ, 0, &s) == 0)
		store_close(s);
	assert_false(is_there(kept));
	s = store_dir_open(dir);
	t = load(s);
	assert_int_equal(dm_tree_count(t), 1);
	dm_tree_free(t);
	store_close(s);
	read_beside(kept, &after);
	assert_true(slice_eq(buf_slice(&before), buf_slice(&after)));
}

static void test_garbage_is_kept(void **state)
{
	struct store *s = NULL;
	char junk[3000];

	store_close(store_dir_open(dir));
	memset(junk, 'j', sizeof(junk));
	fill_file(file, 0, junk, sizeof(junk));
	assert_int_equal(store_open(dir, STORE_READ, 0, &s), -EBADMSG);
	expect_kept(1);
	/* The next one gets the next name. */
	fill_file(file, 0, junk, sizeof(junk));
	expect_kept(2);
	assert_true(is_there(STORE_FILE ".damaged-1"));
}

static void test_torn_head_is_kept(void **state)
{
	store_close(store_dir_open(dir));
	assert_int_equal(truncate(file, 50), 0);
	expect_kept(1);
	fill_file(file, 0, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	expect_kept(2);
}

/* Where the creation of a file was cut short there is nothing to keep. */
static void test_empty_file_is_a_new_store(void **state)
{
	assert_int_equal(mkdir(dir, 0700), 0);
	fill_file(file, 0, "", 0);
	store_close(store_dir_open(dir));
	assert_false(is_there(STORE_FILE ".damaged-1"));
}

static void test_version_of_ours_is_missing(void **state)
{
	store_close(store_dir_open(dir));
	fill_file(file, 60, "\0\0\0\0", 4);
	expect_kept(1);
}

static void test_newer_is_left_alone(void **state)
{
	store_close(store_dir_open(dir));
	/* SQLite file format 1.3: the user version is at byte 60, big endian. */
	fill_file(file, 60, "\0\0\1\0", 4);
	/* Its log is none of our business either. */
	fill_file(beside(STORE_FILE "-wal"), 0, "log of a newer one", 18);
	expect_refused(-EPROTO);
	assert_true(is_there(STORE_FILE "-wal"));
}

static void test_foreign_is_left_alone(void **state)
{
	store_close(store_dir_open(dir));
	fill_file(file, 68, "else", 4);	/* the application id */
	expect_refused(-EEXIST);
	/* Most programs have none. */
	fill_file(file, 68, "\0\0\0\0", 4);
	expect_refused(-EEXIST);
}

static void test_directory_is_left_alone(void **state)
{
	struct store *s = NULL;

	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(mkdir(file, 0700), 0);
	assert_int_equal(store_open(dir, STORE_WRITE, 0, &s), -EEXIST);
	assert_int_equal(rmdir(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_int_equal(store_open(dir, STORE_WRITE, 0, &s), -EEXIST);
	assert_null(s);
}

static void many_nodes(const char *name)
{
	struct store *s = store_dir_open(dir);
	struct dm_tree *t = load(s);
	char text[16];

	add(t, ".", name, DM_FMT_CHR, SLICE_LIT("x"));
	for (int i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "n%d", i);
		add(t, ".", text, DM_FMT_CHR, SLICE_LIT("value value value value value"));
	}
	assert_int_equal(store_tree_commit(s, t), 0);
	dm_tree_free(t);
	store_close(s);
}

static void test_damaged_page_is_kept(void **state)
{
	char junk[512];

	many_nodes("a");
	memset(junk, 0xa5, sizeof(junk));
	fill_file(file, 4096 * 10, junk, sizeof(junk));
	fill_file(file, 4096 * 14, junk, sizeof(junk));
	expect_kept(1);
}

static void test_cut_file_is_kept(void **state)
{
	many_nodes("a");
	assert_int_equal(truncate(file, 4096 * 9), 0);
	expect_kept(1);
}

/* Writes @to over each @from of the file; both are as long. */
static void patch(const char *from, const char *to)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t n = strlen(from), found = 0;

	read_all(&b);
	for (size_t i = 0; i + n <= b.len; i++) {
		if (memcmp(b.data + i, from, n) != 0)
			continue;
		fill_file(file, i, to, n);
		found++;
	}
	assert_true(found > 0);
}

static void test_missing_table_is_damage(void **state)
{
	store_close(store_dir_open(dir));
	patch("pair", "pajr");
	expect_kept(1);
}

/* SQLite finds it whole, the tree does not: this run fails, the next one begins anew. */
static void test_impossible_row_is_damage(void **state)
{
	struct store *s;
	struct dm_tree *t;

	many_nodes("victim");
	patch("victim", "vic/im");
	s = store_dir_open(dir);
	t = dm_tree_new();
	assert_int_equal(store_tree_load(s, t), -EBADMSG);
	dm_tree_free(t);
	assert_false(is_there(STORE_FILE ".damaged-1"));
	store_close(s);
	assert_true(is_there(STORE_FILE ".damaged-1"));
	assert_false(is_there(STORE_FILE));
	s = store_dir_open(dir);
	dm_tree_free(load(s));
	store_close(s);

	/* A reader leaves it where it is. */
	many_nodes("victim");
	patch("victim", "vic/im");
	assert_int_equal(store_open(dir, STORE_READ, 0, &s), 0);
	t = dm_tree_new();
	assert_int_equal(store_tree_load(s, t), -EBADMSG);
	dm_tree_free(t);
	store_close(s);
	assert_false(is_there(STORE_FILE ".damaged-2"));
}

static void test_damaged_ones_are_bounded(void **state)
{
	struct store *s = NULL;
	char name[64], junk[600];

	memset(junk, 'j', sizeof(junk));
	store_close(store_dir_open(dir));
	for (unsigned int i = 1; i <= STORE_DAMAGED_MAX; i++) {
		fill_file(file, 0, junk, sizeof(junk));
		expect_kept(i);
	}
	fill_file(file, 0, junk, sizeof(junk));
	assert_int_equal(store_open(dir, STORE_WRITE, 0, &s), -EDQUOT);
	assert_true(strstr(store_strerror(-EDQUOT), "move them away") != NULL);
	snprintf(name, sizeof(name), STORE_FILE ".damaged-%u", STORE_DAMAGED_MAX + 1);
	assert_false(is_there(name));
	/* A part of one takes its name as well. */
	assert_int_equal(rename(beside(STORE_FILE ".damaged-3"), file), 0);
	fill_file(beside(STORE_FILE ".damaged-3-wal"), 0, "log", 3);
	assert_int_equal(store_open(dir, STORE_WRITE, 0, &s), -EDQUOT);
	assert_int_equal(unlink(beside(STORE_FILE ".damaged-3-wal")), 0);
	expect_kept(3);
}

/* The power went between two of the renames: a log without its store is nobody's. */
static void test_move_that_was_cut(void **state)
{
	_cleanup_buf_ struct buf log = BUF_INIT;
	struct store *s;

	store_close(store_dir_open(dir));
	fill_file(file, 0, "damage", 6);
	assert_int_equal(rename(file, beside(STORE_FILE ".damaged-1")), 0);
	fill_file(beside(STORE_FILE "-wal"), 0, "the log of that", 15);
	s = store_dir_open(dir);
	store_close(s);
	read_beside(STORE_FILE ".damaged-1-wal", &log);
	assert_true(slice_eq_str(buf_slice(&log), "the log of that"));
	assert_false(is_there(STORE_FILE "-wal"));
	/* A log alone is kept too. */
	assert_int_equal(unlink(file), 0);
	fill_file(beside(STORE_FILE "-wal"), 0, "another", 7);
	store_close(store_dir_open(dir));
	read_beside(STORE_FILE ".damaged-2-wal", &log);
	assert_true(slice_eq_str(buf_slice(&log), "another"));
}

/* What the log held is kept with the file. */
static void test_damage_with_a_log(void **state)
{
	struct store *s;
	int status;
	pid_t pid;

	/* A log that begins with the first page would make up for the file. */
	store_close(store_dir_open(dir));
	pid = fork();
	if (pid == 0) {
		struct store_origin o = make_origin(1);

		/* Killed: the log stays. */
		if (store_open(dir, STORE_WRITE, 0, &s) < 0 || store_origin_put(s, &o) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(is_there(STORE_FILE "-wal"));
	fill_file(file, 0, "no SQLite file any more", 23);
	expect_kept(1);
	assert_true(is_there(STORE_FILE ".damaged-1-wal"));
}

/* --- bounds ---------------------------------------------------------------- */

/* The engine makes nothing deeper than a URI leads; whoever else did is not believed. */
static void test_depth_is_bounded(void **state)
{
	struct store *s = store_dir_open(dir);
	struct dm_tree *t = load(s);
	struct dm_node *n = dm_tree_root(t);
	const struct dm_node_init init = { .name = SLICE_LIT("d"), .access = DM_ACC_GET };

	for (int i = 0; i < 128; i++)
		assert_int_equal(dm_tree_add(t, n, &init, 1, &n), 0);
	assert_int_equal(store_tree_commit(s, t), 0);
	dm_tree_free(load(s));
	assert_int_equal(dm_tree_add(t, n, &init, 1, &n), 0);
	assert_int_equal(store_tree_commit(s, t), 0);
	dm_tree_free(t);
	t = dm_tree_new();
	assert_int_equal(store_tree_load(s, t), -EBADMSG);
	dm_tree_free(t);
	store_close(s);
}

/* What no engine hands out is not believed when it comes from the disk. */
static void expect_unsound(const struct dm_node_row *row)
{
	struct store *s = store_dir_open(dir);
	struct dm_tree *t = load(s);
	struct dm_node *n;

	assert_int_equal(dm_tree_load(t, row), 0);
	n = dm_tree_child(t, dm_tree_root(t), row->init.name);
	assert_non_null(n);
	assert_int_equal(dm_tree_set_title(t, n, SLICE_LIT("T"), 1), 0);
	assert_int_equal(store_tree_commit(s, t), 0);
	dm_tree_free(t);
	t = dm_tree_new();
	assert_int_equal(store_tree_load(s, t), -EBADMSG);
	dm_tree_free(t);
	store_close(s);
}

static void test_rows_are_bounded(void **state)
{
	struct dm_node_row row = { .id = 5, .parent = 1, .init = { .name = SLICE_LIT("n"),
				   .format = DM_FMT_CHR, .access = DM_ACC_ALL } };

	row.id = INT64_MAX - 1;		/* no room for what is made next */
	expect_unsound(&row);
	row.id = (uint64_t)1 << 63;	/* negative where it is stored */
	expect_unsound(&row);
	row.id = 5;
	row.init.access = DM_ACC_ALL + 1;
	expect_unsound(&row);
	row.init.access = DM_ACC_ALL;
	row.init.flags = 0x80;
	expect_unsound(&row);
}

static void test_no_store_to_read(void **state)
{
	struct store *s = NULL;

	assert_int_equal(store_open(dir, STORE_READ, 0, &s), -ENOENT);
	assert_null(s);
	assert_int_equal(store_open("/nonexistent/dir", STORE_WRITE, 0, &s), -ENOENT);
	store_close(store_dir_open(dir));
}

static void test_link_is_not_followed(void **state)
{
	struct store *s = NULL;
	char other[160];

	assert_int_equal(mkdir(dir, 0700), 0);
	snprintf(other, sizeof(other), "%s.other", dir);
	fill_file(other, 0, "precious", 8);
	assert_int_equal(symlink(other, file), 0);
	assert_int_equal(store_open(dir, STORE_WRITE, 0, &s), -EEXIST);
	assert_null(s);
	unlink(other);
}

/* A second name of somebody else's file gets neither our owner nor our mode. */
static void test_other_name_is_not_changed(void **state)
{
	static const char *const names[] = { "store.lock", "store.db" };
	char other[160], name[200];
	struct store *s = NULL;
	struct stat st;

	assert_int_equal(mkdir(dir, 0700), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(dir, 65534, 65534), 0);
	snprintf(other, sizeof(other), "%s.other", dir);
	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s/%s", dir, names[i]);
		unlink(name);
		unlink(other);
		fill_file(other, 0, "", 0);
		assert_int_equal(chmod(other, 0644), 0);
		assert_int_equal(link(other, name), 0);
		assert_int_equal(store_open(dir, STORE_WRITE, 0, &s), -EEXIST);
		assert_int_equal(stat(other, &st), 0);
		assert_int_equal(st.st_uid, geteuid());
		assert_int_equal(st.st_mode & 0777, 0644);
		assert_int_equal(st.st_size, 0);
		unlink(name);
	}
	unlink(other);
}

static bool pair_known(struct store *s, const char *server)
{
	bool known = false;

	assert_int_equal(store_pair_known(s, "dev", SLICE_LIT("card"), server, &known), 0);
	return known;
}

/* One that rests keeps nobody out, and sees what others did meanwhile. */
static void rests(void **state)
{
	struct store *s = store_dir_open(dir), *other;

	assert_int_equal(store_pair_put(s, "dev", SLICE_LIT("card"), "a", 1), 0);
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_pair_put(s, "dev", SLICE_LIT("card"), "taken back", 1), 0);
	store_rest(s);
	other = store_dir_open(dir);
	assert_true(pair_known(other, "a"));
	assert_false(pair_known(other, "taken back"));
	assert_int_equal(store_pair_put(other, "dev", SLICE_LIT("card"), "b", 1), 0);
	assert_int_equal(store_resume(s, 0, NULL), -EBUSY);
	store_close(other);
	assert_int_equal(store_resume(s, 0, NULL), 0);
	assert_true(pair_known(s, "b"));
	assert_int_equal(store_open(dir, STORE_WRITE, 0, &other), -EBUSY);
	assert_int_equal(store_pair_put(s, "dev", SLICE_LIT("card"), "c", 1), 0);
	store_close(s);
	s = store_dir_open(dir);
	assert_true(pair_known(s, "c"));
	store_close(s);
}

static void rests_and_is_replaced(const char *name)
{
	struct store *s = store_dir_open(dir), *other;
	char path[160];

	assert_int_equal(store_pair_put(s, "dev", SLICE_LIT("card"), "old", 1), 0);
	store_rest(s);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(unlink(path), 0);
	other = store_dir_open(dir);
	store_close(other);
	assert_int_equal(store_resume(s, 0, NULL), -ESTALE);
	store_close(s);
}

/* What was put into its place belongs to others, its lock included. */
static void rests_on_other_files(void **state)
{
	char wal[160];

	rests_and_is_replaced(STORE_LOCK_FILE);
	snprintf(wal, sizeof(wal), "%s-wal", file);
	unlink(wal);
	snprintf(wal, sizeof(wal), "%s-shm", file);
	unlink(wal);
	rests_and_is_replaced(STORE_FILE);
}

/* Damage is put aside while the lock is held: what another one then began is not touched. */
static void rests_damaged(void **state)
{
	struct store *s, *other;
	struct dm_tree *t = dm_tree_new();

	many_nodes("victim");
	patch("victim", "vic/im");
	s = store_dir_open(dir);
	assert_int_equal(store_tree_load(s, t), -EBADMSG);
	dm_tree_free(t);
	store_rest(s);
	other = store_dir_open(dir);
	assert_int_equal(store_pair_put(other, "dev", SLICE_LIT("card"), "new", 1), 0);
	store_close(other);
	assert_int_equal(store_resume(s, 0, NULL), -ESTALE);
	store_close(s);
	assert_true(is_there(STORE_FILE ".damaged-1"));
	assert_false(is_there(STORE_FILE ".damaged-2"));
	s = store_dir_open(dir);
	assert_true(pair_known(s, "new"));
	store_close(s);
}

/* A newer dmsc was installed meanwhile: who opens it anew is told. */
static void rests_and_is_migrated(void **state)
{
	struct store *s = store_dir_open(dir);
	sqlite3 *db;

	store_rest(s);
	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_resume(s, 0, NULL), -ESTALE);
	store_close(s);
	assert_int_equal(store_open(dir, STORE_WRITE, 0, &s), -EPROTO);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_private_files),
		T(test_tree_round_trip),
		T(test_transaction_joins_tree_and_rows),
		T(test_killed_writer),
		T(test_one_writer_many_readers),
		T(test_writer_waits_for_writer),
		T(test_journal),
		T(test_garbage_is_kept),
		T(test_torn_head_is_kept),
		T(test_empty_file_is_a_new_store),
		T(test_version_of_ours_is_missing),
		T(test_newer_is_left_alone),
		T(test_foreign_is_left_alone),
		T(test_directory_is_left_alone),
		T(test_damaged_page_is_kept),
		T(test_cut_file_is_kept),
		T(test_missing_table_is_damage),
		T(test_impossible_row_is_damage),
		T(test_damaged_ones_are_bounded),
		T(test_move_that_was_cut),
		T(test_damage_with_a_log),
		T(test_depth_is_bounded),
		T(test_rows_are_bounded),
		T(test_no_store_to_read),
		T(test_link_is_not_followed),
		T(test_other_name_is_not_changed),
		T(rests),
		T(rests_on_other_files),
		T(rests_damaged),
		T(rests_and_is_migrated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
