// SPDX-License-Identifier: GPL-2.0-or-later
/* What a recorded session began with: its configuration, its account, its tree. */
#include <errno.h>

#include <stdlib.h>

#include "dm/ddf.h"
#include "dmsc-client/player.h"
#include "mo/ddf_table.h"
#include "store/store.h"
#include "util/str.h"
#include "util/text.h"

#define DDF_MAX 4096			/* described nodes */

static void keep(struct tape *t, struct buf *b)
{
	buf_put_slice(b, tape_text(t));
	if (buf_error(b))
		tape_fail(t, "out of memory");
}

static void load_config(struct player *p)
{
	struct dm_session_config *c = &p->cfg;
	struct tape *t = &p->tape;
	struct slice format;

	tape_take(t, "config");
	format = tape_word(t);
	if (!slice_eq_str(format, "xml") && !slice_eq_str(format, "wbxml"))
		tape_fail(t, "an encoding that is not known");
	p->format = slice_eq_str(format, "xml") ? CODEC_XML : CODEC_WBXML;
	c->encoder = codec_encoder(p->format);
	c->device_id = tape_text(t);
	c->session_id = (uint32_t)tape_number(t, 0, UINT32_MAX);
	c->server_initiated = tape_flag(t);
	c->transport_authenticated = tape_flag(t);
	c->insist_srvcred = tape_flag(t);
	c->transport_plain = tape_flag(t);
	c->max_msg_size = (uint32_t)tape_number(t, 0, UINT32_MAX);
	c->max_obj_size = (uint32_t)tape_number(t, 0, UINT32_MAX);
	c->limits.max_depth = (uint16_t)tape_number(t, 0, UINT16_MAX);
	c->limits.max_total = (uint16_t)tape_number(t, 0, UINT16_MAX);
	c->limits.max_segment = (uint16_t)tape_number(t, 0, UINT16_MAX);
	if (tape_flag(t))
		c->tnds = p->tnds;
	c->nalerts = (size_t)tape_number(t, 0, DM_SESSION_MAX_ALERTS);
	tape_line_end(t);
}

/* An op the session did not have is not there now either. */
static void load_ops(struct player *p)
{
	struct tape *t = &p->tape;

	tape_take(t, "ops");
	if (!tape_flag(t))
		p->ops.random = NULL;
	if (!tape_flag(t))
		p->ops.commit = NULL;
	if (!tape_flag(t))
		p->ops.save_nonces = NULL;
	if (!tape_flag(t))
		p->ops.cmd.exec = NULL;
	if (!tape_flag(t))
		p->ops.cmd.ui = NULL;
	if (!tape_flag(t))
		p->ops.cmd.read = NULL;
	if (!tape_flag(t))
		p->ops.cmd.check = NULL;
	tape_line_end(t);
}

static void load_alerts(struct player *p)
{
	struct tape *t = &p->tape;

	for (size_t i = 0; i < p->cfg.nalerts && !tape_bad(t); i++) {
		struct dm_session_alert *a = &p->alerts[i];

		a->code = tape_is(t, "event") ? 1224 : 1226;
		tape_take(t, a->code == 1224 ? "event" : "alert");
		a->source = tape_text(t);
		a->type = tape_text(t);
		a->format = tape_text(t);
		a->mark = tape_text(t);
		a->data = tape_text(t);
		a->correlator = tape_text(t);
		tape_line_end(t);
	}
	p->cfg.alerts = p->alerts;
}

static void load_credential(struct tape *t, const char *word, struct dm_credential *c)
{
	tape_take(t, word);
	c->present = tape_flag(t);
	c->type = (enum dm_auth)tape_number(t, 0, DM_AUTH_OTHER);
	keep(t, &c->name);
	keep(t, &c->secret);
	keep(t, &c->nonce);
	tape_line_end(t);
}

static void load_account(struct player *p)
{
	struct dm_account *a = &p->account;
	struct tape *t = &p->tape;

	tape_take(t, "account");
	keep(t, &a->server_id);
	keep(t, &a->name);
	keep(t, &a->url);
	keep(t, &a->conref);
	if (str_copy(a->node_name, sizeof(a->node_name), tape_text(t)) < 0)
		tape_fail(t, "a name that is too long");
	a->origin = (uint32_t)tape_number(t, 0, UINT32_MAX);
	a->pref = (enum dm_auth)tape_number(t, 0, DM_AUTH_OTHER);
	tape_line_end(t);
	load_credential(t, "client-cred", &a->client);
	load_credential(t, "server-cred", &a->server);
}

static void load_node(struct player *p)
{
	struct tape *t = &p->tape;
	struct dm_node_row row = { 0 };
	int err;

	tape_take(t, "node");
	row.id = (uint64_t)tape_number(t, 1, INT64_MAX);
	row.parent = (uint64_t)tape_number(t, 0, INT64_MAX);
	if (dm_format_parse(tape_word(t), &row.init.format) < 0)
		tape_fail(t, "a format that is not known");
	row.init.flags = (uint8_t)tape_number(t, 0, UINT8_MAX);
	row.init.access = (uint8_t)tape_number(t, 0, DM_ACC_ALL);
	row.init.origin = (uint32_t)tape_number(t, 0, UINT32_MAX);
	row.tstamp = tape_number(t, INT64_MIN + 1, INT64_MAX);
	row.verno = (uint16_t)tape_number(t, 0, UINT16_MAX);
	row.init.name = tape_text(t);
	row.init.type = tape_text(t);
	row.init.acl = tape_text(t);
	row.init.title = tape_text(t);
	row.init.value = tape_text(t);
	if (!tape_line_end(t))
		return;
	err = dm_tree_load(p->tree, &row);
	if (err)
		tape_fail(t, "the node does not fit the tree: %s", strerror(-err));
}

static void load_tree(struct player *p)
{
	struct tape *t = &p->tape;
	int64_t nodes;
	bool dirty;

	tape_take(t, "tree");
	nodes = tape_number(t, 1, STORE_NODES_MAX);	/* nothing larger was ever loaded */
	dirty = tape_flag(t);
	tape_line_end(t);
	p->tree = dm_tree_new();
	if (!p->tree) {
		tape_fail(t, "out of memory");
		return;
	}
	/*
	 * What was not committed then is not to be seen, only that there was
	 * something: the root's row comes after this and puts the root right again.
	 */
	if (dirty && dm_tree_set_title(p->tree, dm_tree_root(p->tree), SLICE_NONE, 0) < 0)
		tape_fail(t, "out of memory");
	for (int64_t i = 0; i < nodes && !tape_bad(t); i++)
		load_node(p);
	p->cfg.tree = p->tree;
}

static char *own_text(struct player *p)
{
	struct slice s = tape_text(&p->tape);
	char *copy;

	if (!slice_present(s))
		return NULL;
	if (p->nnames == 2 * DDF_MAX) {
		tape_fail(&p->tape, "more names than nodes are described");
		return NULL;
	}
	copy = str_dup(s);
	if (copy)
		p->names[p->nnames++] = copy;
	else
		tape_fail(&p->tape, "out of memory");
	return copy;
}

static void load_entry(struct player *p, struct mo_ddf_row *row, size_t i)
{
	struct tape *t = &p->tape;

	tape_take(t, "ddf");
	row->parent = (size_t)tape_number(t, 0, i ? (int64_t)i - 1 : 0);
	row->d.name = own_text(p);
	row->d.formats = (uint16_t)tape_number(t, 1, UINT16_MAX);
	row->d.access = (uint8_t)tape_number(t, 0, DM_ACC_ALL);
	row->d.flags = (uint8_t)tape_number(t, 0, UINT8_MAX);
	row->d.min = (uint16_t)tape_number(t, 0, UINT16_MAX);
	row->d.max = (uint16_t)tape_number(t, 0, UINT16_MAX);
	row->d.type = own_text(p);
	tape_line_end(t);
}

static void load_descriptions(struct player *p)
{
	_cleanup_free_ struct mo_ddf_row *rows = NULL;
	struct tape *t = &p->tape;
	size_t n;

	tape_take(t, "described");
	n = (size_t)tape_number(t, 0, DDF_MAX);
	if (!tape_line_end(t) || !n)
		return;
	rows = calloc(n, sizeof(*rows));
	p->names = calloc(2 * DDF_MAX, sizeof(*p->names));
	if (!rows || !p->names) {
		tape_fail(t, "out of memory");
		return;
	}
	for (size_t i = 0; i < n && !tape_bad(t); i++)
		load_entry(p, &rows[i], i);
	if (tape_bad(t))
		return;
	p->ddf = mo_ddf_tables(rows, n);
	if (p->ddf)
		dm_ddf_bind(p->tree, p->ddf);
	else
		tape_fail(t, "out of memory");
}

bool player_load(struct player *p)
{
	struct tape *t = &p->tape;

	tape_take(t, "dmsc-trace");
	(void)!tape_number(t, 0, INT64_MAX);
	tape_line_end(t);
	tape_take(t, "client");
	text_printable(tape_text(t), p->client, sizeof(p->client));
	tape_line_end(t);
	load_config(p);
	load_ops(p);
	load_alerts(p);
	load_account(p);
	load_tree(p);
	if (!tape_bad(t))
		load_descriptions(p);
	if (tape_bad(t))
		return false;
	p->cfg.account = &p->account;
	p->cfg.ops = &p->ops;
	p->cfg.ctx = p;
	p->session = dm_session_new(&p->cfg);
	if (!p->session)
		tape_fail(t, "out of memory");
	return !tape_bad(t);
}
