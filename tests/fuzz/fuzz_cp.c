// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of client provisioning documents: the input is a document, in
 * either notation, or several that are one content, FF FE between them. What was
 * read is written as XML and must read alike. Then all of it goes the whole way
 * into a tree: what fails leaves it as it was, what came from the card goes with
 * it, and a server that stood there before keeps what it had.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The program's own file: it is not part of the library. */
#include "dmsc-client/bootstrap_cp.c"

#include "dm/account.h"
#include "dm/acl.h"
#include "dm/origin.h"
#include "mo/connection.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything that attribute values may hold, tabs and line ends included. */
static void put_value(struct buf *out, const char *attr, struct slice s)
{
	if (!slice_present(s))
		return;
	buf_printf(out, " %s=\"", attr);
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("<>&\"\t\n\r", s.p[i]))
			buf_printf(out, "&#%u;", s.p[i]);
		else
			buf_put_u8(out, s.p[i]);
	}
	buf_put_u8(out, '"');
}

static void write_xml(struct buf *out, const struct dm_prov *p)
{
	unsigned int open = 0;

	buf_put_str(out, "<wap-provisioningdoc");
	put_value(out, "version", p->version);
	buf_put_u8(out, '>');
	for (size_t i = 0; i < p->n; i++) {
		const struct dm_prov_item *it = &p->items[i];
		bool parm = it->kind == DM_PROV_PARM;

		/* Depths grow by one at most, and below a characteristic alone. */
		if (it->depth > open || !slice_present(it->name))
			abort();
		for (; open > it->depth; open--)
			buf_put_str(out, "</characteristic>");
		buf_put_str(out, parm ? "<parm" : "<characteristic");
		put_value(out, parm ? "name" : "type", it->name);
		put_value(out, "value", it->value);
		buf_put_str(out, parm ? "/>" : ">");
		open += !parm;
	}
	for (; open; open--)
		buf_put_str(out, "</characteristic>");
	buf_put_str(out, "</wap-provisioningdoc>");
}

/* XML has no way to write these. */
static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x20 && !strchr("\t\n\r", s.p[i]))
			return true;
		if (i + 2 < s.n && s.p[i] == 0xef && s.p[i + 1] == 0xbf && s.p[i + 2] >= 0xbe)
			return true;
	}
	return false;
}

static bool writable(const struct dm_prov *p, const struct buf *xml)
{
	bool good = !has_control(p->version) && xml->len < 16384;

	for (size_t i = 0; i < p->n; i++)
		good = good && !has_control(p->items[i].name) && !has_control(p->items[i].value);
	return good;
}

static void check_notation(struct slice doc)
{
	struct codec_limits lim = { .allow_padding = doc.n && doc.p[doc.n - 1] != 0x01 };
	struct buf xml = BUF_INIT, xml2 = BUF_INIT;
	struct codec_prov *p, *again;
	int ret = codec_prov_decode(codec_guess(SLICE_NONE, doc), doc, &lim, &p, NULL);

	if (ret && ret != -EBADMSG && ret != -E2BIG && ret != -ENOMEM)
		abort();
	if (ret)
		return;
	write_xml(&xml, codec_prov_get(p));
	if (writable(codec_prov_get(p), &xml)) {
		if (client_bootstrap_profile(buf_slice(&xml)) != CLIENT_PROFILE_CP)
			abort();
		if (codec_prov_decode(CODEC_XML, buf_slice(&xml), NULL, &again, NULL))
			abort();
		write_xml(&xml2, codec_prov_get(again));
		if (!slice_eq(buf_slice(&xml), buf_slice(&xml2)))
			abort();
		codec_prov_free(again);
	}
	codec_prov_free(p);
	buf_fini(&xml);
	buf_fini(&xml2);
}

/* --- into a tree ---------------------------------------------------------- */

#define ORIGIN 7
#define DOCS 8

void client_reason(char *out, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out, size, fmt, ap);
	va_end(ap);
}

static int apply(struct dm_tree *t, const struct slice *docs, size_t n,
		 struct dm_bootstrap_result *res)
{
	const struct dm_bootstrap_config cfg = { .tree = t, .tnds = &world_tnds, .origin = ORIGIN,
						 .now = WORLD_NOW + 1, .no_account = true };
	struct dm_bootstrap *b = dm_bootstrap_new(&cfg);
	struct client_cp *cp = client_cp_new(n);
	uint64_t before = world_print(t);
	char reason[256] = "";
	int rc = 0;

	if (!b || !cp)
		abort();
	for (size_t i = 0; i < n && !rc; i++)
		rc = client_cp_add(cp, docs[i], reason, sizeof(reason));
	if (!rc)
		rc = client_cp_finish(cp, b, reason, sizeof(reason));
	rc = dm_bootstrap_finish(b, rc, res);
	if ((rc || !res->changed) && world_print(t) != before)
		abort();
	if (rc && !reason[0] && !res->text[0])
		abort();
	for (size_t i = 0; i < res->nservers; i++)
		client_cp_init(cp, res->servers[i]);
	client_cp_free(cp);
	return rc;
}

/* Nobody but the servers of the content got a right anywhere in it. */
static void check_rights(struct dm_tree *t, const struct dm_bootstrap_result *res)
{
	struct dm_node *root = dm_tree_root(t);

	for (struct dm_node *n = root; n; n = dm_tree_next(root, n)) {
		if (n->origin != ORIGIN)
			continue;
		if (n->acl && !dm_acl_valid(slice_str(n->acl)))
			abort();
		if (n->acl && (!res->nservers || strchr(n->acl, '*')))
			abort();
		if (n->format == DM_FMT_CHR && str_starts(dm_node_value(n), "./Inbox/"))
			abort();
	}
	for (size_t i = 0; i < res->nservers; i++)
		if (!dm_account_find(t, slice_str(res->servers[i])))
			abort();
}

static void no_controls(void *ctx, const char *line)
{
	for (; *line; line++)
		if ((uint8_t)*line < 0x20 || *line == 0x7f)
			abort();
}

/* Whatever it describes, a program of root's gets it in its form or not at all. */
static void check_connections(struct dm_tree *t, const struct dm_bootstrap_result *res)
{
	struct mo_proxy p;
	struct mo_link l;

	for (size_t i = 0; i < res->nservers; i++)
		for (unsigned int turn = 0; turn < 3; turn++) {
			struct slice server = slice_str(res->servers[i]);

			if (!mo_link_read(t, server, turn, &l, no_controls, NULL) &&
			    ((l.has_connection && connection_check(&l.connection)) ||
			     (!l.has_connection && !l.has_proxy) || !l.conref))
				abort();
			if (!mo_link_proxy(t, server, turn, &p) && (!p.port || !p.host[0]))
				abort();
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool quiet;
	struct slice docs[DOCS], rest = slice_of(data, size);
	struct dm_bootstrap_result res = { 0 }, again = { 0 };
	struct dm_tree *t = world_tree();
	size_t n = 0;

	if (!quiet)
		log_init("fuzz_cp", LOG_LVL_ERR);
	quiet = true;
	while (n < DOCS && rest.n) {
		const uint8_t *end = n + 1 < DOCS ? memmem(rest.p, rest.n, "\xff\xfe", 2) : NULL;

		docs[n] = slice_of(rest.p, end ? (size_t)(end - rest.p) : rest.n);
		check_notation(docs[n]);
		client_bootstrap_profile(docs[n]);
		rest = end ? slice_of(end + 2, rest.n - docs[n].n - 2) : SLICE_NONE;
		n++;
	}
	if (!apply(t, docs, n, &res)) {
		check_rights(t, &res);
		check_connections(t, &res);
		dm_tree_committed(t);
		/* Once is enough. */
		if (apply(t, docs, n, &again) || again.changed)
			abort();
		dm_bootstrap_result_fini(&again);
	}
	dm_bootstrap_result_fini(&res);
	world_check(t);
	dm_tree_committed(t);
	if (dm_origin_remove(t, ORIGIN, WORLD_NOW + 2, NULL) || dm_origin_exists(t, ORIGIN))
		abort();
	world_check(t);
	dm_tree_free(t);
	return 0;
}
