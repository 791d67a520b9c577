// SPDX-License-Identifier: GPL-2.0-or-later
/* Bootstrap documents of a card into a store: notations, several as one content, all or nothing. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "store_dir.h"
/* The program's own files: they are not part of the library. */
#include "dmsc-client/bootstrap.c"
#include "dmsc-client/bootstrap_cp.c"
#include "dmsc-client/common.c"

#include "codec_dump.h"
#include "dm/account.h"

#define NAP "urn:oma:mo:oma-connmo-nap:1.0"
#define PROV(body) "<wap-provisioningdoc>" body "</wap-provisioningdoc>"
#define W7(id) \
	"<characteristic type='APPLICATION'><parm name='APPID' value='w7'/>" \
	"<parm name='PROVIDER-ID' value='" id "'/><parm name='ADDR' value='https://" id "/'/>" \
	"<parm name='INIT'/></characteristic>"

static char dir[STORE_DIR_MAX];
static struct store *store;
static uint32_t card;

static int setup(void **state)
{
	struct store_origin o = { .slot = "serial:1", .created = 1 };

	if (store_dir_name(dir) || store_open(dir, STORE_WRITE, 0, &store) ||
	    store_begin(store) || store_origin_put(store, &o) || store_commit(store))
		return -1;
	card = o.id;
	return 0;
}

static int teardown(void **state)
{
	store_close(store);
	store = NULL;
	return store_dir_remove(dir);
}

/* What the store holds: accounts and access points, by name, joined. */
static const char *held(void)
{
	static char text[256];
	static const char *const dirs[] = { "./DMAcc", "./NAP" };
	struct dm_tree *t = dm_tree_new();

	text[0] = 0;
	assert_int_equal(store_tree_load(store, t), 0);
	for (size_t i = 0; i < 2; i++) {
		struct dm_node *top = dm_tree_find(t, slice_str(dirs[i])), *n;

		for (n = top ? top->first_child : NULL; n; n = n->next) {
			struct dm_node *id = dm_tree_child(t, n, SLICE_LIT("ServerID"));

			assert_int_equal(n->origin, card);
			if (!id)
				id = dm_tree_child(t, n, SLICE_LIT("NapId"));
			if (!id)
				id = dm_tree_child(t, n, SLICE_LIT("NAPID"));
			assert_non_null(id);
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
				 text[0] ? " " : "", (char *)id->value);
		}
	}
	dm_tree_free(t);
	return text;
}

static int apply_docs(const struct client_bootstrap_doc *docs, size_t n, const char *reason)
{
	struct client_bootstrap_result res;
	int err = client_bootstrap_apply(store, docs, n, card, &res);

	if (reason)
		assert_string_equal(res.reason, reason);
	if (err)
		assert_int_equal(res.nservers, 0);
	return err;
}

static int apply_one(struct slice s, const char *reason)
{
	struct client_bootstrap_doc d = { CLIENT_PROFILE_DM, s };

	return apply_docs(&d, 1, reason);
}

/* --- messages ------------------------------------------------------------ */

static const struct dm_hdr hdr = {
	.ver_dtd = SLICE_LIT("1.2"), .ver_proto = SLICE_LIT("DM/1.2"), .session_id = SLICE_LIT("0"),
	.msg_id = SLICE_LIT("0"), .target = SLICE_LIT("/"), .source = SLICE_LIT("s"),
};

static struct dm_tnds_node node(unsigned int depth, const char *name, const char *type,
				const char *value)
{
	return (struct dm_tnds_node){
	    .depth = (uint16_t)depth, .name = slice_str(name),
	    .type = type ? slice_str(type) : SLICE_NONE,
	    .format = value ? SLICE_LIT("chr") : SLICE_LIT("node"),
	    .has_value = value, .value = value ? slice_str(value) : SLICE_NONE};
}

/* An access point and an account that refers to it. */
static size_t tree_object(struct dm_tnds_node *n, const char *server)
{
	size_t i = 0;

	n[i++] = node(0, "wire", NAP, NULL);
	n[i++] = node(1, "NAPID", NULL, "n");
	n[i++] = node(0, "acc", DM_DMACC_TYPE, NULL);
	n[i - 1].acl = SLICE_LIT("Get=s&Replace=s");
	n[i++] = node(1, "AppID", NULL, "w7");
	n[i++] = node(1, "ServerID", NULL, server);
	n[i++] = node(1, "PrefConRef", NULL, "./Inbox/wire");
	n[i++] = node(1, "AppAddr", NULL, NULL);
	n[i++] = node(2, "1", NULL, NULL);
	n[i++] = node(3, "Addr", NULL, "https://s/");
	return i;
}

enum way { INLINE, OPAQUE, BASE64, WAYS };

/* One command with the object, in WBXML. */
static void message(struct buf *out, enum dm_cmd_kind kind, const char *target, enum way way,
		    const struct dm_tnds *tnds)
{
	const struct dm_encoder *enc = codec_encoder(CODEC_WBXML);
	struct dm_item item = { .target = slice_str(target) };
	struct dm_cmd cmd = { .kind = kind, .cmd_id = SLICE_LIT("1"), .items = &item, .nitems = 1 };
	_cleanup_buf_ struct buf doc = BUF_INIT, text = BUF_INIT;

	if (way == INLINE) {
		item.tnds = tnds;
	} else {
		codec_tnds_encode(CODEC_WBXML, &doc, tnds);
		base64_encode(&text, buf_slice(&doc));
		item.data = way == OPAQUE ? buf_slice(&doc) : buf_slice(&text);
		item.data_opaque = way == OPAQUE;
	}
	item.meta.type = SLICE_LIT("application/vnd.syncml.dmtnds+wbxml");
	item.meta.format = way == BASE64 ? SLICE_LIT("b64") : SLICE_LIT("bin");
	enc->begin(out, &hdr);
	enc->command(out, &cmd);
	enc->finish(out, true);
	assert_int_equal(buf_error(out), 0);
}

/* --- tests --------------------------------------------------------------- */

/* Rules: DMP-2 DMP-9 DMP-13 */
static void every_way_of_a_tree_object(void **state)
{
	static const struct {
		enum dm_cmd_kind kind;
		const char *target;
	} rows[] = {
		{ DM_CMD_ADD, "./Inbox" }, { DM_CMD_REPLACE, "./Inbox" }, { DM_CMD_ADD, "Inbox" },
		{ DM_CMD_ADD, "./Inbox/any" }, { DM_CMD_REPLACE, "./Inbox/any" },
	};
	struct dm_tnds_node n[16];
	const struct dm_tnds tnds = { n, tree_object(n, "s") };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (enum way w = INLINE; w < WAYS; w++) {
			_cleanup_buf_ struct buf m = BUF_INIT;
			struct dm_tree *t = NULL;
			unsigned int removed;
			struct store_origin o = { .slot = "serial:1", .created = 1 };

			message(&m, rows[i].kind, rows[i].target, w, &tnds);
			assert_int_equal(apply_one(buf_slice(&m), ""), 0);
			assert_string_equal(held(), "s n");
			assert_int_equal(client_tree_open(store, NULL, &t), 0);
			assert_string_equal(dm_tree_find(t, SLICE_LIT("./DMAcc/acc/PrefConRef"))->value,
					    "./NAP/wire");
			assert_string_equal(dm_tree_find(t, SLICE_LIT("./DMAcc/acc"))->acl,
					    "Get=s&Replace=s");
			assert_null(dm_tree_find(t, SLICE_LIT("./Inbox"))->first_child);
			dm_tree_free(t);
			assert_int_equal(client_bootstrap_remove(store, card, &removed), 0);
			assert_int_equal(removed, 1);
			assert_string_equal(held(), "");
			assert_int_equal(store_begin(store), 0);
			assert_int_equal(store_origin_put(store, &o), 0);
			assert_int_equal(store_commit(store), 0);
			card = o.id;
		}
	}
	/* At a real URI it is the object itself that is there. */
	for (enum way w = INLINE; w < WAYS; w++) {
		_cleanup_buf_ struct buf m = BUF_INIT;
		const struct dm_tnds account = { n + 2, tnds.n - 2 };

		message(&m, DM_CMD_REPLACE, "./DMAcc/acc", w, &account);
		assert_int_equal(apply_one(buf_slice(&m), ""), 0);
		assert_string_equal(held(), "s");
	}
}

/* Rules: DMP-1 */
static void notations_of_a_message(void **state)
{
	struct dm_tnds_node n[16];
	const struct dm_tnds tnds = { n, tree_object(n, "s") };
	_cleanup_buf_ struct buf m = BUF_INIT, xml = BUF_INIT;
	struct client_bootstrap_doc d;
	struct client_bootstrap_result res;
	const struct dm_encoder *enc = codec_encoder(CODEC_XML);
	struct dm_item item = { .target = SLICE_LIT("./Inbox"), .tnds = &tnds };
	const struct dm_cmd cmd = { .kind = DM_CMD_ADD, .cmd_id = SLICE_LIT("1"), .items = &item,
				    .nitems = 1 };

	message(&m, DM_CMD_ADD, "./Inbox", INLINE, &tnds);
	for (uint8_t version = 0; version < 6; version++) {
		m.data[0] = version;
		if (version >= 1 && version <= 3) {
			assert_int_equal(apply_one(buf_slice(&m), ""), 0);
			assert_string_equal(held(), "s n");
		} else {
			assert_int_equal(apply_one(buf_slice(&m), NULL), -EBADMSG);
		}
	}
	enc->begin(&xml, &hdr);
	enc->command(&xml, &cmd);
	enc->finish(&xml, true);
	assert_int_equal(apply_one(buf_slice(&xml), NULL), -EBADMSG);
	/* By hand, where nobody's card says so, XML is fine. */
	d = (struct client_bootstrap_doc){ CLIENT_PROFILE_DM, buf_slice(&xml) };
	assert_int_equal(client_bootstrap_apply(store, &d, 1, 0, &res), -EEXIST);
}

/* Newest version that is supported; objects nobody knows. Rules: DMP-10 */
static void versions_of_an_object(void **state)
{
	struct dm_tnds_node n[16] = {
		node(0, "x", "com.example/1.0/Unknown", NULL), node(1, "ServerID", NULL, "no"),
		node(0, "old", "urn:oma:mo:oma-connmo-nap:1.0", NULL), node(1, "NAPID", NULL, "net"),
		node(1, "Name", NULL, "old"),
		node(0, "new", "urn:oma:mo:oma-connmo-nap:1.1", NULL), node(1, "NAPID", NULL, "net"),
		node(1, "Name", NULL, "new"),
		node(0, "acc", DM_DMACC_TYPE, NULL), node(1, "ServerID", NULL, "s"),
		node(1, "PrefConRef", NULL, "./Inbox/old"),
		node(0, "future", "urn:oma:mo:oma-dm-dmacc:2.0", NULL),
		node(1, "ServerID", NULL, "future"),
	};
	_cleanup_buf_ struct buf m = BUF_INIT;
	struct dm_tree *t = NULL;

	message(&m, DM_CMD_ADD, "./Inbox", OPAQUE, &(struct dm_tnds){ n, 13 });
	assert_int_equal(apply_one(buf_slice(&m), ""), 0);
	assert_string_equal(held(), "s net");
	assert_int_equal(client_tree_open(store, NULL, &t), 0);
	assert_non_null(dm_tree_find(t, SLICE_LIT("./NAP/new")));
	assert_string_equal(dm_tree_find(t, SLICE_LIT("./DMAcc/acc/PrefConRef"))->value, "./NAP/new");
	dm_tree_free(t);
}

/* Rules: CPP-13 */
static void notations_of_a_document(void **state)
{
	static const char xml[] = "<?xml version='1.0'?>\n" PROV(W7("a")) "\xff\xff\xff";
	_cleanup_buf_ struct buf wbxml = BUF_INIT;
	struct client_bootstrap_doc d = { CLIENT_PROFILE_CP, slice_of(xml, sizeof(xml) - 1) };

	codec_vector("prov.wbxml", &wbxml);
	buf_put_str(&wbxml, "\xff\xff");
	assert_int_equal(apply_docs(&d, 1, ""), 0);
	d.profile = CLIENT_PROFILE_DM;		/* it says itself what it is */
	assert_int_equal(apply_docs(&d, 1, ""), 0);
	assert_string_equal(held(), "a");
	assert_int_equal(client_bootstrap_remove(store, card, NULL), 0);
	assert_int_equal(apply_one(buf_slice(&wbxml), ""), 0);
	assert_string_equal(held(), "dm.example.net nap-1");
	/* What stands where documents of this profile are, is one. */
	d = (struct client_bootstrap_doc){ CLIENT_PROFILE_CP, SLICE_LIT("<SyncML/>") };
	assert_int_equal(apply_docs(&d, 1,
				    "bad provisioning document at byte 7: the root element is not "
				    "wap-provisioningdoc"), -EBADMSG);
}

/* Rules: CPP-12 DMP-14 */
static void several_are_one_content(void **state)
{
	struct dm_tnds_node n[16];
	const struct dm_tnds tnds = { n, tree_object(n, "s") };
	struct client_bootstrap_doc docs[3];
	struct client_bootstrap_result res;
	_cleanup_buf_ struct buf m = BUF_INIT;

	message(&m, DM_CMD_ADD, "./Inbox", OPAQUE, &tnds);
	docs[0] = (struct client_bootstrap_doc){ CLIENT_PROFILE_CP, SLICE_LIT(PROV(W7("a"))) };
	docs[1] = (struct client_bootstrap_doc){ CLIENT_PROFILE_DM, buf_slice(&m) };
	docs[2] = (struct client_bootstrap_doc){ CLIENT_PROFILE_CP, SLICE_LIT(PROV("") "x") };
	assert_int_equal(apply_docs(docs, 3, NULL), -EBADMSG);
	assert_string_equal(held(), "");
	docs[2].bytes = SLICE_LIT(PROV(W7("a")));
	assert_int_equal(apply_docs(docs, 3, "two w7 applications have the same PROVIDER-ID"),
			 -EBADMSG);
	docs[2].bytes = SLICE_LIT(PROV(W7("s")));
	assert_int_equal(apply_docs(docs, 3, "the message holds two accounts of one server"),
			 -EBADMSG);
	docs[2].bytes = SLICE_NONE;
	assert_int_equal(apply_docs(docs, 3, "empty"), -EBADMSG);
	assert_int_equal(apply_docs(docs, 0, "empty"), -EBADMSG);
	docs[2].bytes = SLICE_LIT("<wap-provisioningdoc>");
	assert_int_equal(apply_docs(docs, 3, NULL), -EBADMSG);
	assert_string_equal(held(), "");
	docs[2].bytes = SLICE_LIT(PROV(W7("b")));
	assert_int_equal(client_bootstrap_apply(store, docs, 3, card, &res), 0);
	assert_string_equal(res.reason, "");
	assert_int_equal(res.nservers, 3);
	assert_string_equal(res.server_id[0], "s");
	assert_string_equal(res.server_id[2], "b");
	assert_true(!res.init[0] && res.init[1] && res.init[2]);
	assert_true(res.changed);
	assert_string_equal(held(), "s a b n");
	/* All of it again; and then nothing of it. */
	assert_int_equal(client_bootstrap_apply(store, docs, 3, card, &res), 0);
	assert_false(res.changed);
	assert_int_equal(res.nservers, 3);
	assert_true(!res.init[0] && res.init[1]);
	assert_int_equal(client_bootstrap_remove(store, card, NULL), 0);
	assert_string_equal(held(), "");
}

/* A message must bring an account; documents may bring connectivity alone. Rules: DMP-3 */
static void without_an_account(void **state)
{
	struct dm_tnds_node n[16];
	const struct dm_tnds tnds = { n, 2 };
	_cleanup_buf_ struct buf m = BUF_INIT;
	struct client_bootstrap_result res;
	struct client_bootstrap_doc d[2] = {
		{ CLIENT_PROFILE_CP, SLICE_LIT(PROV("<characteristic type='NAPDEF'>"
			"<parm name='NAPID' value='x'/></characteristic>")) },
	};

	tree_object(n, "s");
	message(&m, DM_CMD_ADD, "./Inbox", INLINE, &tnds);
	assert_int_equal(apply_one(buf_slice(&m), "the message holds no DM account"), -EBADMSG);
	d[1] = (struct client_bootstrap_doc){ CLIENT_PROFILE_DM, buf_slice(&m) };
	assert_int_equal(apply_docs(d, 2, "the message holds no DM account"), -EBADMSG);
	assert_string_equal(held(), "");
	assert_int_equal(client_bootstrap_apply(store, d, 1, card, &res), 0);
	assert_int_equal(res.nservers, 0);
	assert_string_equal(held(), "x");
}

/* What servers do with what a card brought: the tree is loaded, changed and committed. */
static void change(void (*fn)(struct dm_tree *t, struct dm_node *account))
{
	struct dm_tree *t = dm_tree_new();
	struct dm_node *x;

	assert_int_equal(store_tree_load(store, t), 0);
	x = dm_account_find(t, SLICE_LIT("a"));
	assert_non_null(x);
	fn(t, x);
	assert_int_equal(store_tree_commit(store, t), 0);
	dm_tree_free(t);
}

/* As a Replace with a serialized tree does: nothing is left of what stood below. */
static void replace_all(struct dm_tree *t, struct dm_node *x)
{
	struct dm_node *nap = dm_tree_find(t, SLICE_LIT("./NAP/1"));
	struct dm_node_init id = { .name = SLICE_LIT("ServerID"), .format = DM_FMT_CHR,
				   .value = SLICE_LIT("a") };
	struct dm_node_init secret = { .name = SLICE_LIT("Name"), .format = DM_FMT_CHR,
				       .value = SLICE_LIT("of the server") };

	while (x->first_child)
		assert_int_equal(dm_tree_delete(t, x->first_child), 0);
	assert_int_equal(dm_tree_add(t, x, &id, 1, NULL), 0);
	assert_int_equal(dm_tree_add(t, x, &secret, 1, NULL), 0);
	assert_int_equal(dm_tree_rename(t, x, SLICE_LIT("mine"), 1), 0);
	assert_int_equal(dm_tree_delete(t, dm_tree_child(t, nap, SLICE_LIT("Ext"))), 0);
}

static void delete_it(struct dm_tree *t, struct dm_node *x)
{
	assert_int_equal(dm_tree_delete(t, x), 0);
}

/* What a server adds is of no card. */
static void make_anew(struct dm_tree *t, struct dm_node *x)
{
	struct dm_node_init in = { .name = SLICE_LIT("anew"), .format = DM_FMT_NODE };
	struct dm_node *dmacc = x->parent;

	assert_int_equal(dm_tree_delete(t, x), 0);
	assert_int_equal(dm_tree_add(t, dmacc, &in, 1, &x), 0);
	in = (struct dm_node_init){ .name = SLICE_LIT("ServerID"), .format = DM_FMT_CHR,
				    .value = SLICE_LIT("a") };
	assert_int_equal(dm_tree_add(t, x, &in, 1, NULL), 0);
}

static char *account_name(void)
{
	struct dm_tree *t = dm_tree_new();
	struct dm_node *x;
	char *name;

	assert_int_equal(store_tree_load(store, t), 0);
	x = dm_account_find(t, SLICE_LIT("a"));
	assert_non_null(x);
	name = strdup(x->name);
	dm_tree_free(t);
	return name;
}

/* Content that was applied is not applied again over what its servers made of it. Rules: OPEN-11 */
static void left_as_servers_made_it(void **state)
{
#define CONTENT(more) \
	PROV("<characteristic type='NAPDEF'><parm name='NAPID' value='x'/></characteristic>" \
	     W7("a") W7("b") more)
	struct client_bootstrap_doc d = { CLIENT_PROFILE_CP, SLICE_LIT(CONTENT("")) };
	struct client_bootstrap_result res;
	char *name;

	assert_int_equal(client_bootstrap_apply(store, &d, 1, card, &res), 0);
	change(replace_all);
	assert_int_equal(client_bootstrap_apply(store, &d, 1, card, &res), 0);
	assert_false(res.changed);
	assert_int_equal(res.nservers, 2);
	assert_true(res.init[0]);
	name = account_name();
	assert_string_equal(name, "mine");
	free(name);
	/* One that went comes back, and with it all of the content, once. */
	change(delete_it);
	assert_string_equal(held(), "b x");
	assert_int_equal(client_bootstrap_apply(store, &d, 1, card, &res), 0);
	assert_true(res.changed);
	assert_string_equal(held(), "a b x");
	/* One that its server made anew will do, but for a content that was never applied. */
	change(make_anew);
	assert_int_equal(client_bootstrap_apply(store, &d, 1, card, &res), 0);
	assert_false(res.changed);
	name = account_name();
	assert_string_equal(name, "anew");
	free(name);
	assert_int_equal(client_bootstrap_apply(store, &d, 1, card + 1, &res), -EEXIST);
	d.bytes = SLICE_LIT(CONTENT(W7("c")));
	assert_int_equal(client_bootstrap_apply(store, &d, 1, card, &res), -EEXIST);
}

/* The server's own version of what a message put at a real URI. */
static void make_leaf_anew(struct dm_tree *t, struct dm_node *x)
{
	struct dm_node *v = dm_tree_find(t, SLICE_LIT("./V"));
	struct dm_node_init in = { .name = SLICE_LIT("x"), .format = DM_FMT_CHR,
				   .value = SLICE_LIT("of the server") };

	assert_non_null(v);
	assert_int_equal(dm_tree_delete(t, dm_tree_find(t, SLICE_LIT("./V/x"))), 0);
	assert_int_equal(dm_tree_add(t, v, &in, 1, NULL), 0);
}

/* Rules: OPEN-11 */
static void left_at_real_uris(void **state)
{
	struct dm_item item = { .target = SLICE_LIT("./V/x"), .data = SLICE_LIT("of the card") };
	struct dm_cmd leaf = { .kind = DM_CMD_ADD, .cmd_id = SLICE_LIT("2"), .items = &item,
			       .nitems = 1 };
	const struct dm_encoder *enc = codec_encoder(CODEC_WBXML);
	struct dm_tnds_node n[16];
	const struct dm_tnds tnds = { n, tree_object(n, "a") };
	struct dm_item object = { .target = SLICE_LIT("./Inbox"), .tnds = &tnds };
	struct dm_cmd add = { .kind = DM_CMD_ADD, .cmd_id = SLICE_LIT("1"), .items = &object,
			      .nitems = 1 };
	struct client_bootstrap_result res;
	_cleanup_buf_ struct buf m = BUF_INIT;
	struct client_bootstrap_doc d = { .profile = CLIENT_PROFILE_DM };

	object.meta.type = SLICE_LIT("application/vnd.syncml.dmtnds+wbxml");
	enc->begin(&m, &hdr);
	enc->command(&m, &add);
	enc->command(&m, &leaf);
	enc->finish(&m, true);
	d.bytes = buf_slice(&m);
	assert_int_equal(client_bootstrap_apply(store, &d, 1, card, &res), 0);
	change(make_leaf_anew);
	assert_int_equal(client_bootstrap_apply(store, &d, 1, card, &res), 0);
	assert_false(res.changed);
	/* Nor is it overwritten when there is something to be made anew. */
	change(delete_it);
	assert_int_equal(client_bootstrap_apply(store, &d, 1, card, &res), -EEXIST);
}

static void too_large(void **state)
{
	static uint8_t big[CLIENT_BOOTSTRAP_MAX + 1];

	assert_int_equal(apply_one(slice_of(big, sizeof(big)),
				   "larger than a bootstrap message may be"), -EMSGSIZE);
	assert_int_equal(apply_one(slice_of(big, 0), "empty"), -EBADMSG);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(every_way_of_a_tree_object), T(notations_of_a_message), T(versions_of_an_object),
		T(notations_of_a_document), T(several_are_one_content), T(without_an_account),
		T(left_as_servers_made_it), T(left_at_real_uris),
		T(too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
