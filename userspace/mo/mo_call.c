// SPDX-License-Identifier: GPL-2.0-or-later
/* Whom a described node belongs to, and what that object is asked and told. */
#include <errno.h>
#include <stdlib.h>

#include "mo/mo_int.h"
#include "util/log.h"
#include "util/str.h"

#define CORRELATOR_MAX 255
#define CHANGED_MAX (32u << 20)		/* bytes noted of one message */

struct mo_entry *mo_set_owner(struct mo_set *s, const struct dm_node *n)
{
	for (; s && n; n = n->parent)
		for (size_t i = 0; i < s->n && n->ddf; i++)
			for (size_t k = 0; k < s->v[i].nroots; k++)
				if (n->ddf == s->v[i].roots[k])
					return &s->v[i];
	return NULL;
}

/* An object's word for a status; what is none is a failure of its own. */
static enum dm_status status_of(int code)
{
	if (code == 0)
		return DM_ST_NONE;
	return code >= 200 && code < 600 ? (enum dm_status)code : DM_ST_FAILED;
}

/* NULL without memory. */
static const char *uri_of(struct mo_set *s, const struct dm_node *n, struct slice below)
{
	buf_reset(&s->uri);
	dm_node_uri(n, &s->uri);
	if (slice_present(below)) {
		buf_put_u8(&s->uri, '/');
		buf_put_slice(&s->uri, below);
	}
	return buf_error(&s->uri) ? NULL : buf_cstr(&s->uri);
}

enum dm_status mo_set_read(struct mo_set *s, const struct dm_node *n, struct buf *out)
{
	const struct mo_entry *e = mo_set_owner(s, n);
	struct dmsc_value v = { (enum dmsc_format)n->format, NULL, 0 };
	enum dm_status st;
	const char *uri;

	if (!e || !e->mo->read) {
		buf_put_slice(out, dm_node_value(n));
		return buf_error(out) ? DM_ST_DEVICE_FULL : DM_ST_NONE;
	}
	uri = uri_of(s, n, SLICE_NONE);
	if (!uri)
		return DM_ST_DEVICE_FULL;
	st = status_of(e->mo->read(e->ctx, uri, &v));
	if (st && st != DM_ST_OK)
		return st < 300 ? DM_ST_FAILED : st;
	if (v.format != (enum dmsc_format)n->format || v.len > DM_VALUE_MAX || (v.len && !v.data))
		return DM_ST_FAILED;
	buf_put(out, v.data, v.len);
	return buf_error(out) ? DM_ST_DEVICE_FULL : DM_ST_NONE;
}

enum dm_status mo_set_check(struct mo_set *s, const struct dm_node *parent, struct slice name,
			    enum dm_format format, struct slice value)
{
	const struct mo_entry *e = mo_set_owner(s, parent);
	const struct dmsc_value v = { (enum dmsc_format)format, value.p, value.n };
	enum dm_status st;
	const char *uri;

	if (!e || !e->mo->check)
		return DM_ST_NONE;
	uri = uri_of(s, parent, name);
	if (!uri)
		return DM_ST_DEVICE_FULL;
	st = status_of(e->mo->check(e->ctx, uri, &v));
	return st == DM_ST_OK ? DM_ST_NONE : st && st < 300 ? DM_ST_FAILED : st;
}

enum dm_status mo_set_exec(struct mo_set *s, struct dm_node *n, struct slice data,
			   struct slice correlator)
{
	const struct mo_entry *e = mo_set_owner(s, n);
	char corr[CORRELATOR_MAX + 1] = "";
	enum dm_status st;
	const char *uri;

	if (!e || !e->mo->exec)
		return DM_ST_NONE;
	if (str_copy(corr, sizeof(corr), correlator))
		return DM_ST_BAD_REQUEST;
	uri = uri_of(s, n, SLICE_NONE);
	if (!uri)
		return DM_ST_DEVICE_FULL;
	st = status_of(e->mo->exec(e->ctx, uri, data.p, data.n, corr));
	return st ? st : DM_ST_OK;
}

/* --- after a commit ------------------------------------------------------- */

/*
 * In set->changed, one behind the other: number of the object, gone, format,
 * lengths, then URI with its NUL, then the value.
 */
struct note {
	uint32_t entry, gone, format, uri_len, len;
};

/* NULL @name: what it is called now. */
static int note(struct mo_set *s, const struct mo_entry *e, const struct dm_node *n, bool gone,
		const char *name)
{
	struct slice value = gone ? SLICE_LIT("") : dm_node_value(n);
	struct note x = { .gone = gone, .format = n->format, .len = value.n, .entry = e - s->v };
	const char *uri = name ? uri_of(s, n->parent, slice_str(name)) : uri_of(s, n, SLICE_NONE);

	if (!uri)
		return -ENOMEM;
	x.uri_len = strlen(uri) + 1;
	buf_put(&s->changed, &x, sizeof(x));
	buf_put(&s->changed, uri, x.uri_len);
	buf_put_slice(&s->changed, value);
	return buf_error(&s->changed);
}

/* A node that was renamed is gone with all below it, and all of it is new elsewhere. */
static int note_renamed(struct mo_set *s, const struct mo_entry *e, const struct dm_node *top,
			const char *old_name)
{
	int rc = note(s, e, top, true, old_name);

	for (const struct dm_node *n = top; n && !rc; n = dm_tree_next(top, n))
		rc = note(s, e, n, false, NULL);
	return rc;
}

static int on_change(void *ctx, const struct dm_node *n, bool gone, const char *old_name)
{
	struct mo_set *s = ctx;
	const struct mo_entry *e = n->ddf ? mo_set_owner(s, n) : NULL;

	if (!e || !e->mo->committed)
		return 0;
	return old_name && !gone ? note_renamed(s, e, n, old_name) : note(s, e, n, gone, old_name);
}

static bool anybody(const struct mo_set *s)
{
	for (size_t i = 0; s && i < s->n; i++)
		if (s->v[i].mo->committed)
			return true;
	return false;
}

void mo_set_forget(struct mo_set *s)
{
	if (!s)
		return;
	buf_wipe_fini(&s->changed);
	buf_init(&s->changed, CHANGED_MAX);
}

int mo_set_collect(struct mo_set *s, struct dm_tree *t)
{
	int rc;

	if (!anybody(s))
		return 0;
	mo_set_forget(s);
	rc = dm_tree_diff(t, on_change, s);
	if (rc)
		mo_set_forget(s);
	return rc;
}

/* Those of one object, in the order of the tree. */
static void tell_one(struct mo_set *s, size_t entry, struct dmsc_change *list)
{
	const struct mo_entry *e = &s->v[entry];
	struct slice rest = buf_slice(&s->changed);
	struct note x;
	size_t n = 0;

	for (; rest.n; rest = slice_of(rest.p + x.uri_len + x.len, rest.n - x.uri_len - x.len)) {
		memcpy(&x, rest.p, sizeof(x));
		rest = slice_of(rest.p + sizeof(x), rest.n - sizeof(x));
		if (x.entry == entry)
			list[n++] = (struct dmsc_change){
				(const char *)rest.p, x.gone,
				{ (enum dmsc_format)x.format, rest.p + x.uri_len, x.len } };
	}
	if (n)
		e->mo->committed(e->ctx, list, n);
}

void mo_set_tell(struct mo_set *s)
{
	struct slice rest;
	struct dmsc_change *list;
	struct note x;
	size_t n = 0;

	if (!s || !s->changed.len)
		return;
	rest = buf_slice(&s->changed);
	for (; rest.n; n++) {
		memcpy(&x, rest.p, sizeof(x));
		rest = slice_of(rest.p + sizeof(x) + x.uri_len + x.len,
				rest.n - sizeof(x) - x.uri_len - x.len);
	}
	list = calloc(n, sizeof(*list));
	if (!list)
		log_err("no memory: management objects were not told of %zu changes", n);
	for (size_t i = 0; list && i < s->n; i++)
		if (s->v[i].mo->committed)
			tell_one(s, i, list);
	free(list);
	mo_set_forget(s);
}
