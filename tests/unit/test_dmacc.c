// SPDX-License-Identifier: GPL-2.0-or-later
/* Accounts, standing objects, card numbers and what goes with a card. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm/acl.h"
#include "dm/origin.h"
#include "dm_far_end.h"
#include "mo/dmacc.h"
#include "mo/mo.h"

#define S(s) slice_str(s)

static void add(struct far_end *f, const char *server, uint32_t origin)
{
	struct dmacc_new n = {
	    .server_id = S(server),
	    .url = S("https://h/dm"),
	    .name = S("Name"),
	    .auth = DM_AUTH_MD5,
	    .user = S("u"),
	    .secret = S("p"),
	    .nonce = S("n"),
	    .srv_user = S("s"),
	    .srv_secret = S("q"),
	};
	struct dm_node *x;

	assert_int_equal(dmacc_add(f->tree, &n, f->now), 0);
	x = dm_account_find(f->tree, S(server));
	for (struct dm_node *i = x; i; i = dm_tree_next(x, i))
		i->origin = origin;
	dm_tree_committed(f->tree);
}

/* Rules: ACCT-6 */
static void by_hand(struct far_end *f)
{
	struct dmacc_new n = { .server_id = S("a b"), .url = S("https://h/dm") };
	struct dm_account a;

	add(f, "s1", 0);
	assert_int_equal(dmacc_read(f->tree, S("s1"), &a), 0);
	assert_string_equal(buf_cstr(&a.url), "https://h/dm");
	assert_string_equal(buf_cstr(&a.client.secret), "p");
	assert_string_equal(buf_cstr(&a.client.nonce), "n");
	assert_string_equal(buf_cstr(&a.server.name), "s");
	assert_int_equal(a.client.type, DM_AUTH_MD5);
	assert_int_equal(a.pref, DM_AUTH_MD5);
	assert_string_equal(a.node_name, "s1");
	dm_account_fini(&a);
	assert_string_equal(far_find(f, "./DMAcc/s1")->acl, "Get=s1&Replace=s1&Delete=s1");
	assert_int_equal(dmacc_add(f->tree, &n, 0), -EINVAL);	/* no ACL could name it */
	n.server_id = S("s1");
	assert_int_equal(dmacc_add(f->tree, &n, 0), -EEXIST);
	n.server_id = S("x/y");
	assert_int_equal(dmacc_add(f->tree, &n, 0), 0); /* no node name, but an identifier */
	assert_non_null(far_find(f, "./DMAcc/1/ServerID"));
	n.server_id = S("z");
	n.url = S("nonsense");
	assert_int_equal(dmacc_add(f->tree, &n, 0), -EINVAL);
	assert_int_equal(dmacc_read(f->tree, S("nobody"), &a), -ENOENT);
	dm_account_fini(&a);
	far_node(f, "./A", NULL, "Get=s1+t");
	assert_int_equal(dmacc_remove(f->tree, S("s1"), 1), 0);
	assert_string_equal(far_find(f, "./A")->acl, "Get=t");
	assert_null(far_find(f, "./DMAcc/s1"));
	assert_int_equal(dmacc_remove(f->tree, S("s1"), 1), -ENOENT);
}

static void url_is(struct far_end *f, const char *addr, const char *type, const char *port,
		   const char *want)
{
	struct dm_account a;
	struct dm_node *x = far_find(f, "./DMAcc/u");

	if (x)
		assert_int_equal(dm_tree_delete(f->tree, x), 0);
	far_node(f, "./DMAcc/u/ServerID", "u", NULL);
	far_node(f, "./DMAcc/u/AppAddr/1/Addr", addr, NULL);
	if (type)
		far_node(f, "./DMAcc/u/AppAddr/1/AddrType", type, NULL);
	if (port)
		far_node(f, "./DMAcc/u/AppAddr/1/Port/1/PortNbr", port, NULL);
	assert_int_equal(dmacc_read(f->tree, S("u"), &a), want ? 0 : -EINVAL);
	if (want)
		assert_string_equal(buf_cstr(&a.url), want);
	dm_account_fini(&a);
}

/* Rules: ACCT-8 */
static void urls(struct far_end *f)
{
	url_is(f, "https://h/dm", NULL, "8443", "https://h:8443/dm");
	url_is(f, "https://h:1/dm", "URI", "8443", "https://h:1/dm");
	url_is(f, "https://[2001:db8::1]/dm", "URI", "8443", "https://[2001:db8::1]:8443/dm");
	url_is(f, "http://h", NULL, NULL, "http://h");
	url_is(f, "192.0.2.1", "IPv4", "443", "https://192.0.2.1:443/");
	url_is(f, "2001:db8::1", "IPv6", "443", "https://[2001:db8::1]:443/");
	url_is(f, "https://h/dm", NULL, "70000", NULL);
	url_is(f, "h/dm", NULL, NULL, NULL);
	url_is(f, "https:///dm", NULL, NULL, NULL);
	url_is(f, "", NULL, NULL, NULL);
}

/* Of several addresses the first that can be used, in the order they were put there. */
/* Rules: HTTP-17 */
static void addresses(struct far_end *f)
{
	struct dm_account a;

	far_node(f, "./DMAcc/u/ServerID", "u", NULL);
	far_node(f, "./DMAcc/u/AppAddr/3/Addr", "no address", NULL);
	far_node(f, "./DMAcc/u/AppAddr/1/Addr", "https://first/", NULL);
	far_node(f, "./DMAcc/u/AppAddr/1/Port/1/PortNbr", "8443", NULL);
	far_node(f, "./DMAcc/u/AppAddr/2/Addr", "https://second/", NULL);
	assert_int_equal(dmacc_read(f->tree, S("u"), &a), 0);
	assert_string_equal(buf_cstr(&a.url), "https://first:8443/");
	assert_int_equal(dmacc_url(f->tree, S("u"), 0, &a.url), 0);
	assert_string_equal(buf_cstr(&a.url), "https://first:8443/");
	assert_int_equal(dmacc_url(f->tree, S("u"), 1, &a.url), 0);
	assert_string_equal(buf_cstr(&a.url), "https://second/");
	assert_int_equal(dmacc_url(f->tree, S("u"), 2, &a.url), -ENOENT);
	assert_int_equal(dmacc_url(f->tree, S("nobody"), 0, &a.url), -ENOENT);
	dm_account_fini(&a);
}

/* One entry of AppAuth, made anew. */
static void auth_entry(struct far_end *f, const char *entry, const char *level, const char *type,
		       const char *name)
{
	static const char *const leaves[] = { "AAuthLevel", "AAuthType", "AAuthName", "AAuthSecret" };
	const char *const values[] = { level, type, name, "secret" };
	char uri[64];

	for (size_t i = 0; i < 4; i++) {
		snprintf(uri, sizeof(uri), "./DMAcc/u/AppAuth/%s/%s", entry, leaves[i]);
		far_node(f, uri, values[i], NULL);
	}
}

struct auth_case {
	const char *one[2], *two[2];		/* level and type; NULL = no such entry */
	const char *client;			/* name of the messages' entry; NULL = none */
	enum dm_auth type;
	const char *http;			/* and of HTTP's */
	enum dm_auth http_type;
	bool tls;
};

/* Rules: AUTH-11 HTTP-20 */
static void below_the_messages(struct far_end *f)
{
	static const struct auth_case cases[] = {
		{ { "CLCRED", "DIGEST" }, { NULL }, "1", DM_AUTH_MD5, NULL, DM_AUTH_NONE, false },
		{ { "CLCRED", "HTTP-BASIC" }, { NULL }, "1", DM_AUTH_TRANSPORT, "1", DM_AUTH_BASIC, false },
		{ { "HTTP", "HTTP-DIGEST" }, { NULL }, NULL, DM_AUTH_NONE, "1", DM_AUTH_MD5, false },
		{ { "HTTP", "BASIC" }, { NULL }, NULL, DM_AUTH_NONE, "1", DM_AUTH_BASIC, false },
		{ { "HTTP", "TRANSPORT" }, { NULL }, NULL, DM_AUTH_NONE, NULL, DM_AUTH_NONE, false },
		/* Both, in either order. */
		{ { "HTTP", "HTTP-BASIC" }, { "CLCRED", "HMAC" }, "2", DM_AUTH_MAC, "1", DM_AUTH_BASIC, false },
		{ { "CLCRED", "HTTP-DIGEST" }, { "CLCRED", "DIGEST" }, "2", DM_AUTH_MD5, "1", DM_AUTH_MD5, false },
		{ { "CLCRED", "TRANSPORT" }, { "CLCRED", "BASIC" }, "2", DM_AUTH_BASIC, NULL, DM_AUTH_NONE, false },
		{ { "CLCRED", "TRANSPORT" }, { NULL }, "1", DM_AUTH_TRANSPORT, NULL, DM_AUTH_NONE, true },
		{ { "CLCRED", "X509" }, { "SRVCRED", "DIGEST" }, "1", DM_AUTH_OTHER, NULL, DM_AUTH_NONE, true },
		{ { "CLCRED", "X509" }, { "HTTP", "HTTP-BASIC" }, "1", DM_AUTH_OTHER, "2", DM_AUTH_BASIC, false },
		/* The server's are never sent. */
		{ { "SRVCRED", "HTTP-BASIC" }, { NULL }, NULL, DM_AUTH_NONE, NULL, DM_AUTH_NONE, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct auth_case *c = &cases[i];
		struct dm_account a;

		if (i)
			assert_int_equal(dm_tree_delete(f->tree, far_find(f, "./DMAcc/u")), 0);
		far_node(f, "./DMAcc/u/ServerID", "u", NULL);
		far_node(f, "./DMAcc/u/AppAddr/1/Addr", "https://h/", NULL);
		auth_entry(f, "1", c->one[0], c->one[1], "1");
		if (c->two[0])
			auth_entry(f, "2", c->two[0], c->two[1], "2");
		assert_int_equal(dmacc_read(f->tree, S("u"), &a), 0);
		assert_int_equal(a.client.present, !!c->client);
		assert_string_equal(buf_cstr(&a.client.name), c->client ? c->client : "");
		assert_int_equal(a.client.type, c->type);
		assert_int_equal(a.http.present, !!c->http);
		assert_string_equal(buf_cstr(&a.http.name), c->http ? c->http : "");
		assert_string_equal(buf_cstr(&a.http.secret), c->http ? "secret" : "");
		assert_int_equal(a.http.type, c->http_type);
		assert_int_equal(a.tls, c->tls);
		dm_account_fini(&a);
	}
}

/* Nonces as text are base64; a later one is kept raw. */
/* Rules: AUTH-3 AUTH-27 ACCT-7 */
static void nonces(struct far_end *f)
{
	struct dm_account a;

	far_node(f, "./DMAcc/x/ServerID", "x", NULL);
	far_node(f, "./DMAcc/x/AppAddr/1/Addr", "https://h/", NULL);
	far_node(f, "./DMAcc/x/AppAuth/1/AAuthLevel", "APPSRV", NULL);
	far_node(f, "./DMAcc/x/AppAuth/1/AAuthData", "Tm9uY2U=", NULL);
	assert_int_equal(dmacc_read(f->tree, S("x"), &a), 0);
	assert_true(a.client.present);
	assert_false(a.server.present);
	assert_string_equal(buf_cstr(&a.client.nonce), "Nonce");
	dm_account_fini(&a);
	assert_int_equal(dmacc_save_nonces(f->tree, S("x"), S("Zm9v"), S("ignored"), 9), 0);
	assert_int_equal(dmacc_read(f->tree, S("x"), &a), 0);
	assert_string_equal(buf_cstr(&a.client.nonce), "Zm9v");
	dm_account_fini(&a);
	assert_int_equal(dmacc_save_nonces(f->tree, S("none"), S("a"), S("b"), 9), -ENOENT);
}

static void objects(struct far_end *f)
{
	struct mo_facts facts = { .dev_id = FAR_DEVICE, .man = "Maker", .mod = "Other", .dmv = "1",
				  .lang = "en", .limits = { 16, 255, 64 } };

	assert_string_equal(far_value(f, "./DevInfo/DevId"), FAR_DEVICE);
	assert_string_equal(far_value(f, "./DevDetail/URI/MaxDepth"), "16");
	assert_string_equal(far_value(f, "./DevDetail/LrgObj"), "true");
	assert_non_null(far_find(f, "./Inbox"));
	assert_int_equal(mo_install(f->tree, &facts, 5), 0);
	assert_string_equal(far_value(f, "./DevInfo/Mod"), "Other");
	assert_string_equal(far_value(f, "./DevDetail/LrgObj"), "false");
	dm_tree_committed(f->tree);
	assert_int_equal(mo_install(f->tree, &facts, 6), 0);
	assert_false(dm_tree_dirty(f->tree));
	assert_int_equal(mo_set_exec(NULL, far_find(f, "./DevInfo"), SLICE_NONE, SLICE_NONE),
			 DM_ST_NONE);
}

/* Rules: INFO-6 */
static void facts(struct far_end *f)
{
	struct mo_facts x;

	mo_facts_from_system(&x, "IMEI:1");
	assert_string_equal(x.dev_id, "IMEI:1");
	assert_true(x.swv[0] && x.lang[0] && x.dmv[0] && x.mod[0]);
	assert_int_equal(mo_install(f->tree, &x, 1), 0);
}

/* The card's number: for its own servers alone, and for nobody once they are gone. */
static void card(struct far_end *f)
{
	add(f, FAR_SERVER, 7);
	add(f, "other", 8);
	assert_int_equal(mo_card_set(f->tree, 7, S("8949"), 1), 0);
	assert_int_equal(mo_card_set(f->tree, 8, S("1234"), 1), 0);
	assert_int_equal(mo_card_set(f->tree, 9, S("5678"), 1), 0); /* no server: nobody may know */
	assert_null(far_find(f, "./DevDetail/Ext/dmsc/Card/3"));
	dm_tree_committed(f->tree);
	far_do(f,
	       GET("2", "./DevDetail/Ext/dmsc/Card/1/ICCID")
		   GET("3", "./DevDetail/Ext/dmsc/Card/2/ICCID")
		       GET("4", "./DevDetail/Ext/dmsc/Card/2")
			   GET("5", "./DevDetail/Ext/dmsc/Card/2?list=StructData")
			       EXEC("6", "./DevDetail/Ext/dmsc/Card/1")
				   DEL("7", "./DevDetail/Ext/dmsc/Card/1")
				       REP("8", "./DevDetail/Ext/dmsc/Card/2?prop=ACL", "Get=*")
					   ADD("9", "./DevDetail/Ext/dmsc/Card/1/x", "y"),
	       "S 2 Get 200\nR 2 ./DevDetail/Ext/dmsc/Card/1/ICCID 8949\nS 3 Get 425\nS 4 Get "
	       "425\nS 5 Get 425\n"
	       "S 6 Exec 405\nS 7 Delete 425\nS 8 Replace 425\nS 9 Add 425\n");
	assert_int_equal(dmacc_remove(f->tree, S("other"), 1), 0);
	dm_tree_committed(f->tree);
	far_do(f, GET("2", "./DevDetail/Ext/dmsc/Card/2/ICCID"), "S 2 Get 425\n");
	assert_int_equal(mo_card_set(f->tree, 7, S("8949"), 1), 0);
	assert_false(dm_tree_dirty(f->tree));
	assert_int_equal(mo_card_remove(f->tree, 7, 1), 0);
	assert_null(far_find(f, "./DevDetail/Ext/dmsc/Card/1"));
	assert_int_equal(mo_card_set(f->tree, 0, S("1"), 1), -EINVAL);
}

static int count(void *ctx, struct dm_node *n, struct slice id)
{
	++*(int *)ctx;
	return 0;
}

static void origin(struct far_end *f)
{
	size_t removed;
	int n = 0;

	add(f, "mine", 0);
	add(f, "card", 7);
	add(f, "card2", 7);
	add(f, "else", 8);
	assert_int_equal(mo_card_set(f->tree, 7, S("8949"), 1), 0);
	far_node(f, "./A", NULL, "Get=card+else&Replace=card2");
	assert_true(dm_origin_exists(f->tree, 7));
	assert_int_equal(dm_origin_remove(f->tree, 7, 5, &removed), 0);
	assert_true(removed > 20);
	assert_false(dm_origin_exists(f->tree, 7));
	assert_string_equal(far_find(f, "./A")->acl, "Get=else");
	assert_non_null(far_find(f, "./DMAcc/mine"));
	assert_non_null(far_find(f, "./DMAcc/else"));
	assert_null(far_find(f, "./DMAcc/card"));
	assert_null(far_find(f, "./DMAcc/card2"));
	assert_null(far_find(f, "./DevDetail/Ext/dmsc/Card/1"));
	assert_int_equal(dmacc_each(f->tree, count, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(dm_origin_remove(f->tree, 0, 5, NULL), -EINVAL);
}

static struct dm_node *of_card(struct far_end *f, const char *parent, const char *name,
			       uint32_t origin, const char *value)
{
	struct dm_node_init in = { .name = S(name), .origin = origin,
				   .format = value ? DM_FMT_CHR : DM_FMT_NODE,
				   .value = value ? S(value) : SLICE_NONE };
	struct dm_node *n;

	assert_int_equal(dm_tree_add(f->tree, far_find(f, parent), &in, 1, &n), 0);
	return n;
}

/* A directory that two cards put something into: each takes its own away, the last one all. */
static void shared(struct far_end *f)
{
	for (int first = 7; first <= 8; first++) {
		uint32_t last = first == 7 ? 8 : 7;

		of_card(f, ".", "V", 7, NULL);
		of_card(f, "./V", "d", 7, NULL);
		of_card(f, "./V/d", "a", 7, "of one");
		of_card(f, "./V/d", "b", 8, "of the other");
		of_card(f, "./V/d", "s", 0, "of a server");
		of_card(f, "./V", "e", 7, NULL);
		of_card(f, "./V/e", "s", 0, "of a server");
		assert_int_equal(dm_origin_remove(f->tree, (uint32_t)first, 5, NULL), 0);
		assert_int_equal(!!dm_tree_find(f->tree, S("./V/d/a")), first == 8);
		assert_int_equal(!!dm_tree_find(f->tree, S("./V/d/b")), first == 7);
		assert_int_equal(!!dm_tree_find(f->tree, S("./V/e")), first == 8);
		assert_int_equal(dm_tree_delete(f->tree, far_find(f, "./V/d/s")), 0);
		assert_int_equal(dm_origin_remove(f->tree, last, 5, NULL), 0);
		assert_null(dm_tree_find(f->tree, S("./V")));
	}
}

#define CASES(X) \
	X(by_hand) X(urls) X(addresses) X(below_the_messages) X(nonces) X(objects) X(facts) X(card) \
	X(origin) X(shared)

FAR_TESTS(CASES)
