// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Provisioning documents without memory: each allocation on their way into a tree
 * fails once, and once with all that follow it. The content is refused for that
 * reason alone, the tree is as it was, nothing is lost, and the next try works.
 * The Makefile puts the __wrap_*() below in front of the allocators (-Wl,--wrap).
 */
#include "cp_far_end.h"

#include "codec_dump.h"
#include "dm/origin.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

static bool watching;
static unsigned long count;	/* allocations since it began */
static unsigned long fail_at;	/* the one that fails, from 1; 0 = none */
static bool fail_on;		/* ... with all behind it */

static bool denied(void)
{
	if (!watching)
		return false;
	count++;
	return fail_at && (fail_on ? count >= fail_at : count == fail_at);
}

void *__wrap_malloc(size_t n)
{
	return denied() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return denied() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return denied() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return denied() ? NULL : __real_reallocarray(p, n, size);
}

static int apply(struct far_end *f, struct slice doc, struct cp_applied *a)
{
	count = 0;
	watching = true;
	cp_apply(f, &doc, 1, a);
	watching = false;
	dm_bootstrap_result_fini(&a->res);
	return a->err;
}

static unsigned long without(struct far_end *f, struct slice doc)
{
	_cleanup_buf_ struct buf before = BUF_INIT, after = BUF_INIT;
	struct cp_applied a;
	unsigned long all;

	cp_lines(f, &before);
	fail_at = 0;
	assert_int_equal(apply(f, doc, &a), 0);
	all = count;
	dm_tree_committed(f->tree);
	assert_int_equal(dm_origin_remove(f->tree, CP_ORIGIN, f->now, NULL), 0);
	dm_tree_committed(f->tree);
	for (fail_at = 1; fail_at <= all; fail_at++) {
		for (int on = 0; on < 2; on++) {
			int err;

			fail_on = on;
					err = apply(f, doc, &a);
			if (!err) {	/* what failed was not needed */
				dm_tree_committed(f->tree);
				assert_int_equal(dm_origin_remove(f->tree, CP_ORIGIN, f->now, NULL),
						 0);
				dm_tree_committed(f->tree);
				continue;
			}
			if (err != -ENOMEM)
				fail_msg("allocation %lu: %d, %s", fail_at, err, a.reason);
			assert_false(dm_tree_dirty(f->tree));
			buf_reset(&after);
			cp_lines(f, &after);
			assert_string_equal(buf_cstr(&before), buf_cstr(&after));
		}
	}
	fail_at = 0;
	assert_int_equal(apply(f, doc, &a), 0);
	return all;
}

static void wbxml(struct far_end *f)
{
	_cleanup_buf_ struct buf doc = BUF_INIT;

	codec_vector("prov.wbxml", &doc);
	assert_true(without(f, buf_slice(&doc)) > 50);
}

#define CASES(X) X(wbxml)

FAR_TESTS(CASES)
