// SPDX-License-Identifier: GPL-2.0-or-later
/* The tree: structure, look-up, undo, net changes, loading. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm/tree.h"

#define S(s) slice_str(s)

static struct dm_node *add(struct dm_tree *t, struct dm_node *p, const char *name,
			   const char *value)
{
	struct dm_node_init in = { .name = S(name), .format = value ? DM_FMT_CHR : DM_FMT_NODE,
				   .value = value ? S(value) : SLICE_NONE };
	struct dm_node *n = NULL;

	assert_int_equal(dm_tree_add(t, p, &in, 5, &n), 0);
	return n;
}

/* "id uri=value;" per change; deletions "-id;". */
static int note(void *ctx, uint64_t id, const struct dm_node *n)
{
	struct buf *b = ctx;

	if (!n) {
		buf_printf(b, "-%u;", (unsigned int)id);
		return 0;
	}
	dm_node_uri(n, b);
	buf_printf(b, "=%s;", n->value ? (char *)n->value : "");
	return 0;
}

static void expect_changes(struct dm_tree *t, const char *want)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_int_equal(dm_tree_changes(t, note, &b), 0);
	assert_string_equal(buf_cstr(&b), want);
}

static void test_structure(void **state)
{
	struct dm_tree *t = dm_tree_new();
	struct dm_node *root = dm_tree_root(t), *a, *b;
	struct dm_node_init in = { .name = S("x"), .format = DM_FMT_CHR };

	assert_string_equal(root->acl, "Add=*&Get=*");
	assert_int_equal(root->id, 1);
	assert_true(root->flags & DM_NODE_PERMANENT);
	a = add(t, root, "A", NULL);
	b = add(t, a, "B", "v");
	assert_ptr_equal(dm_tree_find(t, S("./A/B")), b);
	assert_ptr_equal(dm_tree_find(t, S("A/B")), b);
	assert_ptr_equal(dm_tree_find(t, S(".")), root);
	assert_null(dm_tree_find(t, S("./A/b")));
	assert_null(dm_tree_find(t, S("./A/B/C")));
	assert_int_equal(dm_tree_add(t, b, &in, 0, NULL), -ENOTDIR);
	in.name = S("B");
	assert_int_equal(dm_tree_add(t, a, &in, 0, NULL), -EEXIST);
	in.name = S("x/y");
	assert_int_equal(dm_tree_add(t, a, &in, 0, NULL), -EINVAL);
	assert_int_equal(dm_tree_set_value(t, a, DM_FMT_CHR, SLICE_NONE, S("v"), 0), -EINVAL);
	assert_int_equal(dm_tree_delete(t, root), -EINVAL);
	assert_int_equal(dm_tree_rename(t, a, S("A"), 0), -EEXIST);
	assert_int_equal(dm_tree_count(t), 3);
	assert_int_equal(b->tstamp, 5);
	assert_int_equal(dm_tree_set_value(t, b, DM_FMT_INT, S("t"), S("7"), 9), 0);
	assert_int_equal(b->verno, 1);
	assert_int_equal(b->tstamp, 9);
	b->verno = 0xffff;
	assert_int_equal(dm_tree_set_title(t, b, S("T"), 9), 0);
	assert_int_equal(b->verno, 0);
	dm_tree_free(t);
}

static void test_rollback(void **state)
{
	struct dm_tree *t = dm_tree_new();
	struct dm_node *a = add(t, dm_tree_root(t), "A", NULL), *b = add(t, a, "B", "1");
	struct dm_node *c = add(t, a, "C", "2"), *d = add(t, c->parent, "D", NULL);
	dm_mark m, inner;

	dm_tree_committed(t);
	m = dm_tree_mark(t);
	assert_int_equal(dm_tree_set_value(t, b, DM_FMT_BIN, S("x/y"), S("new"), 7), 0);
	assert_int_equal(dm_tree_set_acl(t, b, S("Get=x"), 7), 0);
	assert_int_equal(dm_tree_set_title(t, b, S("t"), 7), 0);
	assert_int_equal(dm_tree_rename(t, b, S("BB"), 7), 0);
	assert_int_equal(dm_tree_rename(t, b, S("BBB"), 7), 0);
	add(t, d, "E", "3");
	inner = dm_tree_mark(t);
	assert_int_equal(dm_tree_delete(t, c), 0);
	assert_null(dm_tree_find(t, S("A/C")));
	assert_int_equal(dm_tree_rollback(t, inner), 0);
	assert_ptr_equal(dm_tree_find(t, S("A/C")), c);
	assert_int_equal(dm_tree_delete(t, a), 0);
	assert_int_equal(dm_tree_count(t), 1);
	add(t, dm_tree_root(t), "A", "other");
	assert_int_equal(dm_tree_rollback(t, m), 0);
	assert_false(dm_tree_dirty(t));
	assert_int_equal(dm_tree_count(t), 5);
	assert_ptr_equal(dm_tree_find(t, S("A/B")), b);
	assert_string_equal((char *)b->value, "1");
	assert_int_equal(b->format, DM_FMT_CHR);
	assert_null(b->acl);
	assert_null(b->title);
	assert_int_equal(b->verno, 0);
	assert_int_equal(b->tstamp, 5);
	assert_null(dm_tree_find(t, S("A/D/E")));
	assert_ptr_equal(a->first_child, b);
	assert_ptr_equal(b->next, c);
	assert_ptr_equal(a->last_child, d);
	assert_int_equal(dm_tree_rollback(t, 99), -EINVAL);
	dm_tree_free(t);
}

static void test_changes(void **state)
{
	struct dm_tree *t = dm_tree_new();
	struct dm_node *root = dm_tree_root(t), *a = add(t, root, "A", NULL),
		       *b = add(t, a, "B", "1");
	struct dm_node *v, *x;
	struct dm_node_init in = {.name = S("V"), .format = DM_FMT_NODE, .flags = DM_NODE_VOLATILE};

	expect_changes(t, "./A=;./A/B=1;");
	dm_tree_committed(t);
	expect_changes(t, "");
	x = add(t, root, "X", NULL);
	add(t, x, "Y", "y");
	assert_int_equal(dm_tree_set_value(t, b, DM_FMT_CHR, SLICE_NONE, S("2"), 6), 0);
	assert_int_equal(dm_tree_set_value(t, b, DM_FMT_CHR, SLICE_NONE, S("3"), 6), 0);
	assert_int_equal(dm_tree_add(t, root, &in, 5, &v), 0);
	add(t, v, "W", "never stored");
	expect_changes(t, "./A/B=3;./X=;./X/Y=y;");
	assert_int_equal(dm_tree_delete(t, x), 0);
	expect_changes(t, "./A/B=3;");
	assert_int_equal(dm_tree_delete(t, b), 0);
	assert_int_equal(dm_tree_delete(t, a), 0);
	expect_changes(t, "-3;-2;");
	dm_tree_committed(t);
	assert_int_equal(dm_tree_count(t), 3);
	dm_tree_free(t);
}

static int stop(void *ctx, uint64_t id, const struct dm_node *n)
{
	return 42;
}

static void test_changes_stop(void **state)
{
	struct dm_tree *t = dm_tree_new();

	add(t, dm_tree_root(t), "A", NULL);
	assert_int_equal(dm_tree_changes(t, stop, NULL), 42);
	expect_changes(t, "./A=;");
	dm_tree_free(t);
}

static void test_load(void **state)
{
	struct dm_tree *t = dm_tree_new();
	struct dm_node_row r = {.id = 10,
				.parent = 1,
				.init = {.name = S("A"), .format = DM_FMT_NODE},
				.tstamp = 77,
				.verno = 3};
	struct dm_node *n;

	assert_int_equal(dm_tree_load(t, &r), 0);
	assert_false(dm_tree_dirty(t));
	assert_int_equal(dm_tree_load(t, &r), -EINVAL);		/* id used */
	r.id = 11;
	assert_int_equal(dm_tree_load(t, &r), -EINVAL);		/* name taken */
	r.parent = 99;
	assert_int_equal(dm_tree_load(t, &r), -EINVAL);		/* no parent */
	r.parent = 10;
	r.init.format = DM_FMT_CHR;
	r.init.value = S("v");
	assert_int_equal(dm_tree_load(t, &r), 0);
	n = dm_tree_find(t, S("A/A"));
	assert_non_null(n);
	assert_int_equal(n->tstamp, 77);
	assert_int_equal(n->verno, 3);
	assert_int_equal(n->id, 11);
	assert_int_equal(dm_tree_next_id(t), 12);
	r = (struct dm_node_row){ .id = 1, .init = { .name = S("."), .format = DM_FMT_NODE,
						     .acl = S("Add=*&Get=x") } };
	assert_int_equal(dm_tree_load(t, &r), 0);
	assert_string_equal(dm_tree_root(t)->acl, "Add=*&Get=x");
	assert_true(dm_tree_root(t)->flags & DM_NODE_PERMANENT);
	dm_tree_free(t);
}

/* Every look-up right in a large tree, and undone as a whole. */
static void test_large(void **state)
{
	struct dm_tree *t = dm_tree_new();
	struct dm_node *dir = add(t, dm_tree_root(t), "D", NULL);
	char name[24];

	dm_tree_committed(t);
	for (unsigned int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		add(t, dir, name, name);
	}
	for (unsigned int i = 0; i < 100000; i += 7) {
		struct dm_node *n;

		snprintf(name, sizeof(name), "D/n%u", i);
		n = dm_tree_find(t, S(name));
		assert_non_null(n);
		assert_string_equal(n->name, name + 2);
	}
	assert_int_equal(dm_tree_rollback(t, 0), 0);
	assert_int_equal(dm_tree_count(t), 2);
	dm_tree_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structure), cmocka_unit_test(test_rollback),
		cmocka_unit_test(test_changes), cmocka_unit_test(test_changes_stop),
		cmocka_unit_test(test_load), cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
