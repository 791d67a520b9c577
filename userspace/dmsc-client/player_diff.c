// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where two messages differ, for people: the bytes around the place, with
 * every secret of the session covered.
 */
#include <stdio.h>

#include "dmsc-client/player.h"
#include "util/digest.h"

#define CONTEXT 40u		/* bytes shown before and behind the place */
#define SECRET_MIN 3u		/* what is shorter stands everywhere */

struct cover {
	struct slice msg;
	struct buf mask;	/* a byte for each of the message's: 1 = covered */
};

static void cover_all(struct cover *c, struct slice secret)
{
	size_t at = 0;

	while (secret.n >= SECRET_MIN && secret.n <= c->msg.n - at) {
		const uint8_t *p = memmem(c->msg.p + at, c->msg.n - at, secret.p, secret.n);

		if (!p)
			break;
		at = (size_t)(p - c->msg.p);
		memset(c->mask.data + at, 1, secret.n);
		at++;
	}
}

/* As it is, and as base64. */
static void cover(struct cover *c, struct slice secret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	cover_all(c, secret);
	base64_encode(&text, secret);
	if (secret.n >= SECRET_MIN)
		cover_all(c, buf_slice(&text));
}

/* What the message itself says is one: credentials and nonces, whoever's they are. */
static int cover_header(void *ctx, const struct dm_hdr *h)
{
	cover(ctx, h->cred.data);
	cover(ctx, h->meta.next_nonce);
	return 0;
}

static int cover_command(void *ctx, const struct dm_cmd *cmd)
{
	cover(ctx, cmd->cred.data);
	cover(ctx, cmd->chal.next_nonce);
	return 0;
}

/* Leaves that nobody may read, and the number of the card. */
static void cover_tree(struct cover *c, struct dm_tree *t)
{
	struct dm_node *root = dm_tree_root(t);

	for (const struct dm_node *n = root; n; n = dm_tree_next(root, n))
		if (n->value_len && (!(n->access & DM_ACC_GET) || strcmp(n->name, "ICCID") == 0))
			cover(c, dm_node_value(n));
}

static void cover_message(struct player *p, struct cover *c)
{
	static const struct dm_sink sink = { .header = cover_header, .command = cover_command };
	const struct dm_credential *creds[] = { &p->account.client, &p->account.server };

	for (size_t i = 0; i < 2; i++) {
		cover(c, buf_slice(&creds[i]->secret));
		cover(c, buf_slice(&creds[i]->nonce));
	}
	for (size_t i = 0; i < p->cfg.nalerts; i++)
		cover(c, p->alerts[i].data);
	cover(c, buf_slice(&p->random));
	cover_tree(c, p->tree);
	/* As far as it can be read. */
	(void)!codec_decode(p->format, c->msg, NULL, &sink, c, NULL);
}

/* What is covered in one is in the other: counted from the front, and from the end. */
static void cover_both(struct cover *a, struct cover *b)
{
	size_t n = a->msg.n < b->msg.n ? a->msg.n : b->msg.n;
	uint8_t *x = a->mask.data, *y = b->mask.data;
	size_t dx = a->msg.n - n, dy = b->msg.n - n;

	for (size_t i = 0; i < n; i++)
		x[i] = y[i] = x[i] | y[i];
	for (size_t i = 0; i < n; i++)
		x[dx + i] = y[dy + i] = x[dx + i] | y[dy + i];
}

static bool cover_begin(struct cover *c, struct slice msg)
{
	*c = (struct cover){ .msg = msg };
	if (!buf_room(&c->mask, msg.n + 1))
		return false;
	memset(c->mask.data, 0, msg.n + 1);
	return true;
}

static void show(struct player *p, const char *word, const struct cover *c, size_t at)
{
	size_t from = at > CONTEXT ? at - CONTEXT : 0;
	size_t to = c->msg.n - at > CONTEXT ? at + CONTEXT : c->msg.n;

	buf_printf(&p->text, "\n  %s: %s", word, from ? "..." : "");
	for (size_t i = from; i < to; i++) {
		uint8_t b = c->msg.p[i];

		if (c->mask.data[i])
			buf_put_u8(&p->text, '*');
		else if (b < ' ' || b > '~')
			buf_printf(&p->text, "\\x%02x", b);
		else
			buf_put_u8(&p->text, b);
	}
	buf_put_str(&p->text, to < c->msg.n ? "..." : " (end)");
}

void player_diff(struct player *p)
{
	struct slice was = buf_slice(&p->was), is = buf_slice(&p->out);
	struct cover a = { 0 }, b = { 0 };
	size_t at = 0;

	while (at < was.n && at < is.n && was.p[at] == is.p[at])
		at++;
	buf_printf(&p->text, "from byte %zu on (%zu bytes then, %zu now)", at, was.n, is.n);
	if (cover_begin(&a, was) && cover_begin(&b, is)) {
		cover_message(p, &a);
		cover_message(p, &b);
		cover_both(&a, &b);
		show(p, "then", &a, at);
		show(p, "now ", &b, at);
	}
	buf_fini(&a.mask);
	buf_fini(&b.mask);
}
