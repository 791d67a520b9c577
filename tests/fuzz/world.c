// SPDX-License-Identifier: GPL-2.0-or-later
/* The device of the engine's fuzz targets; see the header. */
#include "world.h"

#include <errno.h>
#include <stdlib.h>

#include "mo/mo.h"
#include "util/str.h"

static int tnds_decode(struct slice doc, struct slice mime,
		       int (*fn)(void *, const struct dm_tnds *), void *ctx)
{
	struct codec_tnds *t;
	int rc = codec_tnds_decode(codec_guess(mime, doc), doc, NULL, &t, NULL);

	if (rc)
		return rc == -ENOMEM ? rc : -EPROTO;
	rc = fn(ctx, codec_tnds_get(t));
	codec_tnds_free(t);
	return rc;
}

static int tnds_encode(struct buf *out, const struct dm_tnds *t, struct slice mime)
{
	codec_tnds_encode(str_ends(mime, "+xml") ? CODEC_XML : CODEC_WBXML, out, t);
	return buf_error(out);
}

const struct dm_tnds_ops world_tnds = { tnds_decode, tnds_encode };

static const struct {
	const char *parent, *name, *value, *acl;
	enum dm_format format;
} nodes[] = {
	{ ".", "Vendor", NULL, NULL, DM_FMT_NODE },
	{ "./Vendor", "A", NULL, "Add=*&Get=*&Replace=*&Delete=*&Exec=*", DM_FMT_NODE },
	{ "./Vendor/A", "text", "a value", NULL, DM_FMT_CHR },
	{ "./Vendor/A", "number", "17", NULL, DM_FMT_INT },
	{ "./Vendor/A", "bytes", "\x01\xff\x02", NULL, DM_FMT_BIN },
	{ "./Vendor/A", "Dir", NULL, NULL, DM_FMT_NODE },
	{ "./Vendor/A/Dir", "x", "x", NULL, DM_FMT_CHR },
	{ "./Vendor", "B", NULL, "Get=other.example&Replace=" WORLD_SERVER, DM_FMT_NODE },
	{ "./Vendor/B", "mine", "b", NULL, DM_FMT_CHR },
	{ "./DMAcc", "acc", NULL,
	  "Add=*&Get=*&Replace=" WORLD_SERVER "&Delete=" WORLD_SERVER, DM_FMT_NODE },
	{ "./DMAcc/acc", "AppID", "w7", NULL, DM_FMT_CHR },
	{ "./DMAcc/acc", "ServerID", WORLD_SERVER, NULL, DM_FMT_CHR },
};

struct dm_tree *world_tree(void)
{
	static const struct mo_facts facts = {
		.dev_id = WORLD_DEVICE, .man = "maker", .mod = "model", .dmv = "1", .lang = "en",
		.limits = { 16, 255, 64 }, .large_objects = true,
	};
	struct dm_tree *t = dm_tree_new();

	if (!t || mo_install(t, &facts, WORLD_NOW))
		abort();
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		struct dm_node_init in = {
			.name = slice_str(nodes[i].name), .format = nodes[i].format,
			.value = slice_str(nodes[i].value), .acl = slice_str(nodes[i].acl),
			.access = DM_ACC_ALL,
		};
		struct dm_node *parent = dm_tree_find(t, slice_str(nodes[i].parent));

		if (!parent || dm_tree_add(t, parent, &in, WORLD_NOW, NULL))
			abort();
	}
	dm_tree_committed(t);
	return t;
}

void world_check(struct dm_tree *t)
{
	struct dm_node *root = dm_tree_root(t);
	struct buf uri = BUF_INIT;
	size_t count = 0;

	for (struct dm_node *n = root; n; n = dm_tree_next(root, n)) {
		buf_reset(&uri);
		dm_node_uri(n, &uri);
		if (dm_tree_find(t, buf_slice(&uri)) != n)
			abort();
		if (n->format == DM_FMT_NODE ? n->value_len != 0 : n->first_child != NULL)
			abort();
		count++;
	}
	if (count != dm_tree_count(t))
		abort();
	buf_fini(&uri);
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const uint8_t *b = p;

	h = (h ^ n) * 0x100000001b3ull;
	while (n--)
		h = (h ^ *b++) * 0x100000001b3ull;
	return h;
}

static uint64_t mix_str(uint64_t h, const char *s)
{
	return mix(h, s ? s : "", s ? strlen(s) : 0);
}

uint64_t world_print(struct dm_tree *t)
{
	struct dm_node *root = dm_tree_root(t);
	uint64_t h = 0xcbf29ce484222325ull;

	for (struct dm_node *n = root; n; n = dm_tree_next(root, n)) {
		h = mix(h, &n->id, sizeof(n->id));
		h = mix(h, &n->tstamp, sizeof(n->tstamp));
		h = mix(h, &n->verno, sizeof(n->verno));
		h = mix(h, &n->format, sizeof(n->format));
		h = mix_str(mix_str(mix_str(mix_str(h, n->name), n->type), n->acl), n->title);
		h = mix(h, n->value ? (const void *)n->value : "", n->value_len);
	}
	return h;
}

void world_must_decode(enum codec_format f, struct slice msg)
{
	static const struct dm_sink nobody;

	if (codec_decode(f, msg, NULL, &nobody, NULL, NULL))
		abort();
}
