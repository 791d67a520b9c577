// SPDX-License-Identifier: GPL-2.0-or-later
/* Get: values, child lists, properties and ?list= (TND 1.2 section 7). It changes nothing. */
#include <errno.h>
#include <time.h>

#include "dm/acl.h"
#include "dm/cmd_int.h"
#include "dm/ddf.h"
#include "util/digest.h"
#include "util/str.h"

struct get {
	struct dm_cmd_env *env;
	struct slice uri;		/* as asked */
	struct dm_node *node;
	dm_cmd_result_fn *fn;
	void *ctx;
	struct buf live;		/* values that objects gave */
};

static enum dm_status emit(struct get *g, const struct dm_cmd_result *r)
{
	int rc = g->fn(g->ctx, r);

	return rc ? dm_cmd_errno(rc) : DM_ST_OK;
}

/* Format, Type and Data of a leaf; defaults (chr, text/plain) stay away. */
static void describe_leaf(struct get *g, const struct dm_node *n, struct slice value,
			  struct dm_cmd_result *r)
{
	struct slice type = slice_str(n->type ? n->type : "");

	dm_cmd_worked(g->env, value.n);

	if (n->format != DM_FMT_CHR)
		r->format = slice_str(dm_format_name(n->format));
	if (type.n && !slice_eq_str(type, "text/plain"))
		r->type = type;
	r->data = value;
	r->binary = n->format == DM_FMT_BIN || !dm_cmd_is_text(r->data);
}

/* What the server wrote in this message is what it sees, also where an object has not heard yet. */
static bool is_live(const struct get *g, const struct dm_node *n)
{
	if (!n->ddf || !(n->ddf->flags & DMSC_LIVE) || !g->env->ops || !g->env->ops->read)
		return false;
	dm_cmd_worked(g->env, dm_tree_mark(g->env->tree));
	return !dm_tree_pending(g->env->tree, n);
}

/* *value is valid until the next call. */
static enum dm_status leaf_value(struct get *g, const struct dm_node *n, struct slice *value)
{
	enum dm_status st;

	*value = dm_node_value(n);
	if (!is_live(g, n))
		return DM_ST_NONE;
	buf_reset(&g->live);
	st = g->env->ops->read(g->env->ctx, n, &g->live);
	*value = buf_slice(&g->live);
	return st;
}

static enum dm_status get_children(struct get *g)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct dm_cmd_result r = { .source = g->uri, .format = SLICE_LIT("node"),
				   .type = SLICE_LIT("text/plain") };

	for (const struct dm_node *c = g->node->first_child; c; c = c->next) {
		g->env->work++;
		if (b.len)
			buf_put_u8(&b, '/');
		buf_put(&b, c->name, c->name_len);
	}
	if (buf_error(&b))
		return dm_cmd_errno(buf_error(&b));
	dm_cmd_worked(g->env, b.len);
	r.data = buf_slice(&b);
	return emit(g, &r);
}

static enum dm_status get_value(struct get *g)
{
	struct dm_cmd_result r = { .source = g->uri };
	struct slice value;
	enum dm_status st;

	if (g->node->format == DM_FMT_NODE)
		return get_children(g);
	st = leaf_value(g, g->node, &value);
	if (st)
		return st;
	describe_leaf(g, g->node, value, &r);
	return emit(g, &r);
}

/* --- properties ---------------------------------------------------------- */

enum prop { P_ACL, P_FORMAT, P_NAME, P_SIZE, P_TITLE, P_TSTAMP, P_TYPE, P_VERNO, P_VALUE, P_NONE };

static const char *const prop_names[] = {
	[P_ACL] = "ACL", [P_FORMAT] = "Format", [P_NAME] = "Name", [P_SIZE] = "Size",
	[P_TITLE] = "Title", [P_TSTAMP] = "TStamp", [P_TYPE] = "Type", [P_VERNO] = "VerNo",
	[P_VALUE] = "Value",
};

static enum prop prop_parse(struct slice s)
{
	for (unsigned int i = 0; i < P_NONE; i++)
		if (slice_eq_str(s, prop_names[i]))
			return i;
	return P_NONE;
}

static void put_tstamp(int64_t t, struct buf *b)
{
	time_t tt = t;
	struct tm tm;

	if (gmtime_r(&tt, &tm))
		buf_printf(b, "%04d%02d%02dT%02d%02d%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
			   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static enum dm_status put_size(struct get *g, struct buf *b)
{
	struct slice value;
	enum dm_status st = leaf_value(g, g->node, &value);

	buf_printf(b, "%zu", value.n);
	return st;
}

static void put_prop(const struct dm_node *n, enum prop p, struct buf *b)
{
	switch (p) {
	case P_ACL:
		buf_put_str(b, n->acl ? n->acl : "");	/* ACL-3: never the inherited one */
		break;
	case P_FORMAT:
		buf_put_str(b, dm_format_name(n->format));
		break;
	case P_NAME:
		buf_put(b, n->name, n->name_len);
		break;
	case P_TITLE:
		buf_put_str(b, n->title ? n->title : "");
		break;
	case P_TSTAMP:
		put_tstamp(n->tstamp, b);
		break;
	case P_TYPE:
		buf_put_str(b, n->type ? n->type : "");
		break;
	case P_VERNO:
		buf_printf(b, "%u", n->verno);
		break;
	default:
		break;
	}
}

static enum dm_status get_prop(struct get *g, struct slice arg)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	enum prop p = prop_parse(arg);
	struct dm_cmd_result r = { .source = g->uri };
	enum dm_status st = DM_ST_NONE;

	if (p >= P_VALUE || (p == P_SIZE && g->node->format == DM_FMT_NODE))
		return DM_ST_UNSUPPORTED;
	if (p == P_SIZE && !g->env->trusted && !(g->node->access & DM_ACC_GET))
		return DM_ST_NOT_ALLOWED;	/* the size of a secret is one */
	if (p == P_SIZE)
		st = put_size(g, &b);
	else
		put_prop(g->node, p, &b);
	if (st || buf_error(&b))
		return st ? st : dm_cmd_errno(buf_error(&b));
	r.data = buf_slice(&b);
	return emit(g, &r);
}

/* --- ?list= -------------------------------------------------------------- */

/* A node of a list whose parent is in it: without an ACL of its own, the parent's let it in. */
static bool readable(struct get *g, const struct dm_node *n)
{
	g->env->work++;
	if (!n->acl && n->access & DM_ACC_GET)
		return true;
	if (n->acl)
		g->env->work += strlen(n->acl) / 16;	/* each name is looked at */
	return dm_cmd_check(g->env, n, DM_ACC_GET) == DM_ST_NONE;
}

/* What the server may read of the subtree, in pre-order. */
static struct dm_node *next_readable(struct get *g, struct dm_node *n)
{
	n = dm_tree_next(g->node, n);
	while (n && !readable(g, n))
		n = dm_tree_skip(g->node, n);
	return n;
}

static enum dm_status list_struct(struct get *g, bool data)
{
	_cleanup_buf_ struct buf uri = BUF_INIT;

	for (struct dm_node *n = g->node; n; n = next_readable(g, n)) {
		struct dm_cmd_result r = { 0 };
		struct slice value = SLICE_NONE;
		enum dm_status st;

		/* A value that its object does not give is left out, as what may not be read is. */
		if (data && n->format != DM_FMT_NODE && leaf_value(g, n, &value))
			continue;

		buf_reset(&uri);
		dm_node_uri(n, &uri);
		if (buf_error(&uri))
			return dm_cmd_errno(buf_error(&uri));
		if (n->format != DM_FMT_NODE)
			describe_leaf(g, n, value, &r);
		else if (n->type)
			r.type = slice_str(n->type);
		r.source = buf_slice(&uri);
		r.format = slice_str(dm_format_name(n->format));
		if (!data || n->format == DM_FMT_NODE) {
			r.data = SLICE_NONE;
			r.binary = false;
		}
		st = emit(g, &r);
		if (st != DM_ST_OK)
			return st;
	}
	return DM_ST_OK;
}

/* What a serialized tree has of the properties (TNDS 1.2 section 6.1): neither Name nor Size. */
#define TNDS_PROPS (((1u << P_NONE) - 1) & ~(1u << P_NAME | 1u << P_SIZE))

/* "TNDS", "TNDS+Value+ACL" or "TNDS-Format": which properties; 0 = not understood. */
static unsigned int tnds_props(struct slice arg)
{
	unsigned int set = 0;
	char sign;

	arg = slice_of(arg.p + 4, arg.n - 4);	/* behind "TNDS" */
	if (!arg.n)
		return TNDS_PROPS;
	sign = arg.p[0];
	if (sign != '+' && sign != '-')
		return 0;
	arg = slice_of(arg.p + 1, arg.n - 1);
	for (struct slice part; slice_present(arg) && str_split(&arg, sign, &part); ) {
		enum prop p = prop_parse(part);

		if (p == P_NONE || !(TNDS_PROPS & 1u << p))
			return 0;
		set |= 1u << p;
	}
	return sign == '+' ? set : TNDS_PROPS & ~set;
}

/* Where in g->live texts of a node are, which have no address before all are there. */
struct tnds_at {
	size_t tstamp, verno, value;
};

#define ELSEWHERE SIZE_MAX
#define TOO_MANY SIZE_MAX

static void tnds_prop(struct get *g, const struct dm_node *n, enum prop p, struct slice *s,
		      size_t *at)
{
	*at = g->live.len;
	put_prop(n, p, &g->live);
	s->n = g->live.len - *at;
}

static void tnds_node(struct get *g, const struct dm_node *n, unsigned int props,
		      struct dm_tnds_node *o, struct tnds_at *at)
{
	*at = (struct tnds_at){ ELSEWHERE, ELSEWHERE, ELSEWHERE };
	o->name = slice_of(n->name, n->name_len);
	o->leaf = n->format != DM_FMT_NODE;
	if (props & 1u << P_FORMAT)
		o->format = slice_str(dm_format_name(n->format));
	if (props & 1u << P_TYPE && n->type)
		o->type = slice_str(n->type);
	if (props & 1u << P_ACL && n->acl)
		o->acl = slice_str(n->acl);
	if (props & 1u << P_TITLE && n->title)
		o->title = slice_str(n->title);
	if (props & 1u << P_TSTAMP)
		tnds_prop(g, n, P_TSTAMP, &o->tstamp, &at->tstamp);
	if (props & 1u << P_VERNO)
		tnds_prop(g, n, P_VERNO, &o->verno, &at->verno);
}

/* What is no text is base64 in XML, and its format is bin. */
static void tnds_binary(struct get *g, bool xml, struct dm_tnds_node *o, struct tnds_at *at)
{
	size_t raw = at->value, to = g->live.len;

	o->value_opaque = !xml;
	if (slice_present(o->format))
		o->format = slice_str(dm_format_name(DM_FMT_BIN));
	/* Room first: the raw bytes may be in the buffer that grows. */
	if (!xml || !buf_room(&g->live, o->value.n / 3 * 4 + 4))
		return;
	if (raw != ELSEWHERE)
		o->value.p = g->live.data + raw;
	base64_encode(&g->live, o->value);
	at->value = to;
	o->value.n = g->live.len - to;
}

static enum dm_status tnds_value(struct get *g, const struct dm_node *n, bool xml,
				 struct dm_tnds_node *o, struct tnds_at *at)
{
	size_t from = g->live.len;

	o->has_value = true;
	o->value = dm_node_value(n);
	if (is_live(g, n)) {
		enum dm_status st = g->env->ops->read(g->env->ctx, n, &g->live);

		if (st) {
			if (!buf_error(&g->live))
				buf_truncate(&g->live, from);
			return st;
		}
		at->value = from;
		o->value = slice_of(buf_slice(&g->live).p + from, g->live.len - from);
	}
	if (n->format == DM_FMT_BIN || !dm_cmd_is_text(o->value))
		tnds_binary(g, xml, o, at);
	return DM_ST_NONE;
}

static void tnds_addresses(struct get *g, struct dm_tnds_node *nodes, const struct tnds_at *at,
			   size_t n)
{
	const uint8_t *p = buf_slice(&g->live).p;

	for (size_t i = 0; i < n; i++) {
		if (at[i].tstamp != ELSEWHERE)
			nodes[i].tstamp.p = p + at[i].tstamp;
		if (at[i].verno != ELSEWHERE)
			nodes[i].verno.p = p + at[i].verno;
		if (at[i].value != ELSEWHERE)
			nodes[i].value.p = p + at[i].value;
	}
}

static enum dm_status tnds_emit(struct get *g, const struct dm_tnds *t)
{
	_cleanup_buf_ struct buf doc = BUF_INIT;
	struct slice mime = slice_str(g->env->tnds_mime);
	/* The node the tree begins with, without the query. */
	struct slice node = slice_of(g->uri.p, (const uint8_t *)memchr(g->uri.p, '?', g->uri.n) -
				     g->uri.p);
	struct dm_cmd_result r = { .source = node, .type = mime };
	int rc = g->env->tnds->encode(&doc, t, mime);

	if (!rc)
		rc = buf_error(&doc);
	if (rc)
		return dm_cmd_errno(rc);
	r.binary = str_ends(mime, "+wbxml");
	r.format = r.binary ? SLICE_LIT("bin") : SLICE_LIT("xml");
	r.data = buf_slice(&doc);
	return emit(g, &r);
}

/*
 * Takes the nodes together and returns how many there are; @nodes and @at have
 * room. More than can be sent is not even written: TOO_MANY.
 */
static size_t tnds_collect(struct get *g, unsigned int props, struct dm_tnds_node *nodes,
			   struct tnds_at *at)
{
	bool xml = str_ends(slice_str(g->env->tnds_mime), "+xml");
	size_t i = 0, bytes = 0;

	for (struct dm_node *x = g->node; x; x = next_readable(g, x)) {
		bool leaf = x->format != DM_FMT_NODE;

		memset(&nodes[i], 0, sizeof(nodes[i]));
		tnds_node(g, x, props, &nodes[i], &at[i]);
		/* A value that its object does not give is left out, as what may not be read is. */
		if (leaf && props & 1u << P_VALUE && tnds_value(g, x, xml, &nodes[i], &at[i]))
			continue;
		for (const struct dm_node *p = x; p != g->node; p = p->parent)
			nodes[i].depth++;
		bytes += nodes[i].value.n + nodes[i].acl.n;
		dm_cmd_worked(g->env, nodes[i].value.n);
		if (bytes > DM_MAX_RESULTS)
			return TOO_MANY;
		i++;
	}
	return i;
}

static enum dm_status list_tnds(struct get *g, struct slice arg)
{
	unsigned int props = tnds_props(arg);
	struct dm_tnds_node *nodes;
	struct tnds_at *at;
	enum dm_status st = DM_ST_DEVICE_FULL;
	size_t n = 0;

	if (!props || !g->env->tnds || !g->env->tnds->encode || !g->env->tnds_mime)
		return DM_ST_UNSUPPORTED;
	for (struct dm_node *x = g->node; x; x = next_readable(g, x))
		n++;
	nodes = calloc(n, sizeof(*nodes));
	at = calloc(n, sizeof(*at));
	if (nodes && at) {
		n = tnds_collect(g, props, nodes, at);
		st = DM_ST_TOO_LARGE;
		if (buf_error(&g->live)) {
			st = dm_cmd_errno(buf_error(&g->live));
		} else if (n != TOO_MANY) {
			tnds_addresses(g, nodes, at, n);
			st = tnds_emit(g, &(struct dm_tnds){ nodes, n });
		}
	}
	free(nodes);
	free(at);
	return st;
}

static enum dm_status get_list(struct get *g, struct slice arg)
{
	if (slice_eq_str(arg, "Struct"))
		return list_struct(g, false);
	if (slice_eq_str(arg, "StructData"))
		return list_struct(g, true);
	if (str_starts(arg, "TNDS"))
		return list_tnds(g, arg);
	return DM_ST_UNSUPPORTED;
}

enum dm_status dm_cmd_get(struct dm_cmd_env *env, struct slice uri, dm_cmd_result_fn *fn, void *ctx)
{
	struct get g = { env, uri, NULL, fn, ctx, BUF_INIT };
	struct dm_uri u;
	enum dm_status st = dm_uri_parse(uri, &env->limits, &u);

	if (st)
		return st;
	/* Nothing of the Inbox can ever be read (DM StdObj 1.2, Inbox). */
	if (dm_cmd_is_inbox(&u))
		return DM_ST_NOT_ALLOWED;
	g.node = dm_tree_find(env->tree, u.path);
	if (!g.node)
		return DM_ST_NOT_FOUND;
	st = dm_cmd_check(env, g.node, DM_ACC_GET);
	if (st && !(u.query == DM_URI_PROP && st == DM_ST_NOT_ALLOWED))
		return st;
	if (u.query == DM_URI_PROP)
		st = get_prop(&g, u.arg);
	else
		st = u.query == DM_URI_LIST ? get_list(&g, u.arg) : get_value(&g);
	buf_fini(&g.live);
	return st;
}
