// SPDX-License-Identifier: GPL-2.0-or-later
/* A store as text, and what statuses say held against a tree. */
#include "crash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/digest.h"

static void put_hex(struct buf *b, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%02x", p[i]);
}

/* Long values by their digest. */
static void put_value(struct buf *b, struct slice v)
{
	uint8_t digest[DIGEST_SHA256_SIZE];

	if (v.n <= 64) {
		put_hex(b, v.p, v.n);
		return;
	}
	digest_sha256_parts(&v, 1, digest);
	buf_printf(b, "%zu:", v.n);
	put_hex(b, digest, sizeof(digest));
}

static void put_node(struct buf *b, const struct dm_node *n)
{
	buf_printf(b, "%" PRIu64 " ", n->id);
	dm_node_uri(n, b);
	buf_printf(b, " %s type=%s acl=%s title=%s t=%" PRId64 " v=%u o=%u a=%u f=%u ",
		   dm_format_name(n->format), n->type ? n->type : "-", n->acl ? n->acl : "-",
		   n->title ? n->title : "-", n->tstamp, n->verno, n->origin, n->access, n->flags);
	put_value(b, dm_node_value(n));
	buf_put_u8(b, '\n');
}

static int put_origin(void *ctx, const struct store_origin *o)
{
	buf_printf(ctx, "origin %u %s %" PRId64 " ", o->id, o->slot, o->created);
	put_hex(ctx, o->iccid, o->iccid_len);
	put_hex(ctx, o->digest, sizeof(o->digest));
	buf_put_u8(ctx, '\n');
	return 0;
}

static int put_card(void *ctx, const struct store_card *c)
{
	buf_printf(ctx, "card %s %s %s %s %s %" PRIu64 " %u %" PRId64 " %" PRId64 "\n",
		   c->server, store_card_phase_name(c->phase), c->reason, c->boot_id, c->slot, c->seq,
		   c->attempts, c->next_attempt, c->updated);
	return 0;
}

struct journal {
	struct buf *b;
	struct store *s;
};

static int put_note(void *ctx, const struct store_note *n)
{
	buf_printf(ctx, " note %s %s %d\n", n->op, n->uri, n->status);
	return 0;
}

static int put_session(void *ctx, const struct store_session *j)
{
	struct journal *x = ctx;

	buf_printf(x->b, "session %" PRId64 " %s %" PRId64 " %" PRId64 " %s %s %u %u\n", j->id,
		   j->server_id, j->started, j->ended, j->outcome, j->reason, j->messages, j->notes);
	return store_note_each(x->s, j->id, put_note, x->b);
}

char *dump_store(struct store *s, struct dm_tree *t)
{
	struct buf b = BUF_INIT;
	struct journal j = { &b, s };
	struct dm_node *root = dm_tree_root(t);

	for (struct dm_node *n = root; n; n = dm_tree_next(root, n))
		if (!(n->flags & DM_NODE_VOLATILE))
			put_node(&b, n);
	if (store_origin_each(s, put_origin, &b) || store_card_each(s, put_card, &b) ||
	    store_session_each(s, 0, put_session, &j))
		buf_put_str(&b, "rows cannot be read\n");
	buf_put_u8(&b, '\0');
	if (buf_error(&b)) {
		fputs("crash: out of memory\n", stderr);
		exit(2);
	}
	return (char *)b.data;
}

static bool is_repeated(struct slice v, const char *unit, size_t times)
{
	size_t n = strlen(unit);

	if (v.n != n * times)
		return false;
	for (size_t i = 0; i < times; i++)
		if (memcmp(v.p + i * n, unit, n) != 0)
			return false;
	return true;
}

static bool holds(const struct fact *f, struct dm_tree *t)
{
	const struct dm_node *n = dm_tree_find(t, slice_str(f->uri));

	if (f->what == '0' || !n)
		return f->what == '0' && !n;
	switch (f->what) {
	case 'v':
		return is_repeated(dm_node_value(n), f->is, f->repeat ? f->repeat : 1);
	case 'a':
		return n->acl && strcmp(n->acl, f->is) == 0;
	default:
		return n->title && strcmp(n->title, f->is) == 0;
	}
}

/* A later status about the same node took its place: that it is gone ends all, any ends that. */
static bool superseded(const struct fact *facts, size_t n, size_t i, int message)
{
	for (size_t k = i + 1; k < n && facts[k].message <= message; k++)
		if (strcmp(facts[k].uri, facts[i].uri) == 0 &&
		    (facts[k].what == facts[i].what || facts[k].what == '0' || facts[i].what == '0'))
			return true;
	return false;
}

const char *facts_broken(const struct fact *facts, size_t n, int message, struct dm_tree *t)
{
	static char text[256];

	for (size_t i = 0; i < n && facts[i].message <= message; i++) {
		if (superseded(facts, n, i, message) || holds(&facts[i], t))
			continue;
		snprintf(text, sizeof(text), "a status of message %d is not true of %s",
			 facts[i].message, facts[i].uri);
		return text;
	}
	return NULL;
}
