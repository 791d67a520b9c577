// SPDX-License-Identifier: GPL-2.0-or-later
/* The benchmark's messages and tree, written by the project's own encoders. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "mo/mo.h"

#define GROUP 100	/* leaves below one node */

/* The numbers of Knuth's MMIX generator: the same message every time. */
static uint32_t draw(uint64_t *x, uint32_t below)
{
	*x = *x * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*x >> 33) % below;
}

static void header(struct buf *out, const struct dm_encoder *enc, unsigned int round)
{
	static const struct {
		enum dm_cmd_kind kind;
		const char *ref, *code;
	} answers[] = {
		{ DM_CMD_OTHER, "0", "212" }, { DM_CMD_ALERT, "1", "200" },
		{ DM_CMD_REPLACE, "2", "200" },
	};
	char no[12];
	struct dm_hdr h = {
		.ver_dtd = SLICE_LIT("1.2"), .ver_proto = SLICE_LIT("DM/1.2"),
		.session_id = SLICE_LIT("1"), .target = SLICE_LIT(BENCH_DEVICE),
		.source = SLICE_LIT(BENCH_SERVER),
	};

	snprintf(no, sizeof(no), "%u", round);
	h.msg_id = slice_str(no);
	enc->begin(out, &h);
	for (unsigned int i = 0; i < 3; i++) {
		char id[12];
		struct dm_cmd st = {
			.kind = DM_CMD_STATUS, .msg_ref = slice_str(no),
			.cmd_ref = slice_str(answers[i].ref), .data = slice_str(answers[i].code),
		};

		/* Behind package 1 the client sends nothing that needs an answer. */
		if (round > 1 && i)
			break;
		snprintf(id, sizeof(id), "%u", i + 1);
		st.cmd_id = slice_str(id);
		st.cmd = i ? slice_str(dm_cmd_kind_name(answers[i].kind)) : SLICE_LIT("SyncHdr");
		enc->command(out, &st);
	}
}

struct one {
	char id[12], uri[64], value[40];
};

static void command(struct buf *out, const struct dm_encoder *enc, enum dm_cmd_kind kind,
		    struct one *o)
{
	struct dm_item it = { .target = slice_str(o->uri) };
	struct dm_cmd c = { .kind = kind, .cmd_id = slice_str(o->id), .items = &it, .nitems = 1 };

	if (kind != DM_CMD_GET) {
		it.meta.format = SLICE_LIT("chr");
		it.meta.type = SLICE_LIT("text/plain");
		it.data = slice_str(o->value);
	}
	enc->command(out, &c);
}

static void leaf_uri(struct one *o, unsigned int leaf)
{
	snprintf(o->uri, sizeof(o->uri), "./Vendor/Bench/g%u/n%05u", leaf / GROUP, leaf);
}

int bench_message(struct buf *out, enum codec_format f, unsigned int n, unsigned int leaves)
{
	const struct dm_encoder *enc = codec_encoder(f);
	enum dm_cmd_kind *kinds = calloc(n ? n : 1, sizeof(*kinds));
	uint64_t x = 42;

	if (!kinds)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++)
		kinds[i] = i < n * 7ul / 10 ? DM_CMD_GET : i < n * 9ul / 10 ? DM_CMD_REPLACE : DM_CMD_ADD;
	for (unsigned int i = n; i > 1; i--) {	/* Fisher and Yates */
		unsigned int j = draw(&x, i);
		enum dm_cmd_kind k = kinds[i - 1];

		kinds[i - 1] = kinds[j];
		kinds[j] = k;
	}
	header(out, enc, 1);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int leaf = draw(&x, leaves);
		struct one o;

		snprintf(o.id, sizeof(o.id), "%u", i + 4);
		leaf_uri(&o, leaf);
		if (kinds[i] == DM_CMD_ADD) {
			snprintf(o.uri, sizeof(o.uri), "./Vendor/Bench/g%u/a%05u", leaf / GROUP, i);
			snprintf(o.value, sizeof(o.value), "new-value-%05u-abcdef", i);
		} else {
			snprintf(o.value, sizeof(o.value), "changed-%05u-%05u", leaf, i);
		}
		command(out, enc, kinds[i], &o);
	}
	enc->finish(out, true);
	free(kinds);
	return buf_error(out);
}

int bench_changes(struct buf *out, enum codec_format f, unsigned int n, unsigned int leaves,
		  unsigned int round)
{
	const struct dm_encoder *enc = codec_encoder(f);
	uint64_t x = round;

	header(out, enc, round);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int leaf = draw(&x, leaves);
		struct one o;

		snprintf(o.id, sizeof(o.id), "%u", i + 4);
		leaf_uri(&o, leaf);
		snprintf(o.value, sizeof(o.value), "round-%05u-%05u", round, i);
		command(out, enc, DM_CMD_REPLACE, &o);
	}
	enc->finish(out, false);
	return buf_error(out);
}

/* --- the tree ------------------------------------------------------------ */

static void leaf_value(char *out, size_t size, unsigned int i)
{
	snprintf(out, size, "content-of-%05u-abc", i);
}

int bench_tree(struct dm_tree *t, unsigned int leaves)
{
	static const struct mo_facts facts = { .dev_id = BENCH_DEVICE, .man = "maker", .mod = "model",
					       .dmv = "1", .lang = "en", .large_objects = true };
	struct dm_node_init dir = { .format = DM_FMT_NODE, .access = DM_ACC_ALL };
	struct dm_node_init leaf = {
		.format = DM_FMT_CHR, .type = SLICE_LIT("text/plain"), .access = DM_ACC_ALL,
	};
	struct dm_node *top, *group = NULL;
	char name[16], value[40];
	int err;

	err = mo_install(t, &facts, BENCH_NOW);
	dir.name = SLICE_LIT("Vendor");
	if (!err)
		err = dm_tree_add(t, dm_tree_root(t), &dir, BENCH_NOW, &top);
	dir.name = SLICE_LIT("Bench");
	dir.acl = SLICE_LIT("Add=*&Get=*&Replace=*&Delete=*");
	if (!err)
		err = dm_tree_add(t, top, &dir, BENCH_NOW, &top);
	dir.acl = SLICE_NONE;
	for (unsigned int i = 0; i < leaves && !err; i++) {
		if (i % GROUP == 0) {
			snprintf(name, sizeof(name), "g%u", i / GROUP);
			dir.name = slice_str(name);
			err = dm_tree_add(t, top, &dir, BENCH_NOW, &group);
			if (err)
				break;
		}
		snprintf(name, sizeof(name), "n%05u", i);
		leaf_value(value, sizeof(value), i);
		leaf.name = slice_str(name);
		leaf.value = slice_str(value);
		err = dm_tree_add(t, group, &leaf, BENCH_NOW, NULL);
	}
	return err;
}

int bench_tnds(struct buf *out, enum codec_format f, unsigned int leaves)
{
	size_t groups = (leaves + GROUP - 1) / GROUP, n = 1 + groups + leaves, at = 0;
	struct dm_tnds_node *nodes = calloc(n, sizeof(*nodes));
	char (*texts)[48] = calloc(n, sizeof(*texts));
	struct dm_tnds tnds = { nodes, n };

	if (nodes && texts) {
		nodes[at++] = (struct dm_tnds_node){
			.name = SLICE_LIT("Bench"), .path = SLICE_LIT("./Vendor"), .format = SLICE_LIT("node"),
			.acl = SLICE_LIT("Add=*&Get=*&Replace=*&Delete=*"),
		};
		for (unsigned int i = 0; i < leaves; i++) {
			if (i % GROUP == 0) {
				snprintf(texts[at], 16, "g%u", i / GROUP);
				nodes[at] = (struct dm_tnds_node){ .depth = 1, .name = slice_str(texts[at]),
								   .format = SLICE_LIT("node") };
				at++;
			}
			snprintf(texts[at], 16, "n%05u", i);
			leaf_value(texts[at] + 16, 32, i);
			nodes[at] = (struct dm_tnds_node){
				.depth = 2, .has_value = true, .name = slice_str(texts[at]),
				.format = SLICE_LIT("chr"), .type = SLICE_LIT("text/plain"),
				.value = slice_str(texts[at] + 16),
			};
			at++;
		}
		codec_tnds_encode(f, out, &tnds);
	}
	free(nodes);
	free(texts);
	return at == n ? buf_error(out) : -ENOMEM;
}
