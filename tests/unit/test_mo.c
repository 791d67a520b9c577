// SPDX-License-Identifier: GPL-2.0-or-later
/* Management objects of integrators: what they may describe, and when they are asked and told. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "mo/hook.h"
#include "mo/hook_int.h"
#include "mo/library.h"
#include "mo/mo.h"
#include "mo_far_end.h"
#include "util/str.h"

#define S(s) slice_str(s)
#define ALL "Add=*&Get=*&Replace=*&Delete=*&Exec=*"
#define NODE DMSC_FMT(DMSC_NODE)
#define CHR DMSC_FMT(DMSC_CHR)
#define END { .formats = 0 }

/* --- a world with one object ----------------------------------------------- */

struct world {
	struct far_end f;
	struct mo_set *set;
	struct buf heard;		/* what the object was asked and told */
	const char *live;
	int read_status, check_status, exec_status, install_status;
	int ended;
};

static int op_commit(void *ctx, struct dm_tree *t)
{
	const struct far_end *f = ctx;
	int rc = mo_set_collect(mo_far_set, t);

	if (!rc)
		rc = f->commit_rc;
	if (rc) {
		mo_set_forget(mo_far_set);
		return rc;
	}
	dm_tree_committed(t);
	mo_set_tell(mo_far_set);
	return 0;
}

static const struct dmsc_ddf item[] = { { .name = "Leaf", .formats = CHR, .access = 0x3f, DMSC_ONE },
					END };
static const struct dmsc_ddf items[] = {
	{ .formats = NODE, .access = 0x3f, DMSC_ZERO_OR_MORE, .children = item }, END
};

static const struct dmsc_ddf children[] = {
	{ .name = "Live", .formats = CHR, .access = DMSC_GET | DMSC_REPLACE,
	  .flags = DMSC_PERMANENT | DMSC_LIVE, DMSC_ONE },
	{ .name = "Kept", .formats = CHR, .access = DMSC_GET | DMSC_REPLACE, .flags = DMSC_PERMANENT,
	  DMSC_ONE },
	{ .name = "Run", .formats = DMSC_FMT(DMSC_NULL), .access = DMSC_EXEC,
	  .flags = DMSC_PERMANENT, DMSC_ONE },
	{ .name = "Items", .formats = NODE, .access = DMSC_ADD | DMSC_GET, .flags = DMSC_PERMANENT,
	  DMSC_ONE, .children = items },
	END
};

static const struct dmsc_ddf object_ddf = {
	.formats = NODE, .access = DMSC_GET, .flags = DMSC_PERMANENT, DMSC_ONE,
	.type = "urn:x:mo:1.0", .children = children,
};

static int install(void *ctx, const struct dmsc_host *h)
{
	struct world *w = ctx;
	struct dmsc_value old;
	int rc = h->put(h, "./Vendor/O/Live", (struct dmsc_value){ DMSC_CHR, "stale", 5 });

	if (!rc)
		rc = h->put(h, "./Vendor/O/Run", (struct dmsc_value){ .format = DMSC_NULL });
	if (!rc)
		rc = h->put(h, "./Vendor/O/Items", (struct dmsc_value){ .format = DMSC_NODE });
	if (!rc && h->get(h, "./Vendor/O/Kept", &old) == -ENOENT)
		rc = h->put(h, "./Vendor/O/Kept", (struct dmsc_value){ DMSC_CHR, "first", 5 });
	return rc ? rc : w->install_status;
}

static int read_value(void *ctx, const char *uri, struct dmsc_value *out)
{
	struct world *w = ctx;

	buf_printf(&w->heard, "read %s\n", uri);
	out->data = w->live;
	out->len = strlen(w->live);
	return w->read_status;
}

static int check(void *ctx, const char *uri, const struct dmsc_value *v)
{
	struct world *w = ctx;

	buf_printf(&w->heard, "check %s %.*s\n", uri, (int)v->len, (const char *)v->data);
	return w->check_status;
}

static int run(void *ctx, const char *uri, const void *data, size_t len, const char *correlator)
{
	struct world *w = ctx;

	buf_printf(&w->heard, "exec %s '%s'\n", uri, correlator);
	return w->exec_status;
}

static void committed(void *ctx, const struct dmsc_change *c, size_t n)
{
	struct world *w = ctx;

	for (size_t i = 0; i < n; i++)
		buf_printf(&w->heard, "%s %s%s%.*s\n", c[i].gone ? "gone" : "set", c[i].uri,
			   c[i].value.len ? " " : "", (int)c[i].value.len,
			   (const char *)c[i].value.data);
	buf_put_str(&w->heard, "commit\n");
}

static const char *const roots[] = { "./Vendor/O", NULL };

static void end(void *arg)
{
	((struct world *)arg)->ended++;
}

static void world_init(struct world *w)
{
	const struct mo_facts facts = { .dev_id = FAR_DEVICE, .limits = { 16, 255, 64 } };

	memset(w, 0, sizeof(*w));
	far_init(&w->f);
	w->live = "fresh";
	w->set = mo_set_new(&facts);
	assert_non_null(w->set);
	mo_far_objects(&w->f, w->set);
	w->f.ops.commit = op_commit;
	assert_int_equal(dm_tree_set_acl(w->f.tree, dm_tree_root(w->f.tree), S(ALL), 1), 0);
}

static void world_fini(struct world *w)
{
	far_fini(&w->f);
	mo_set_free(w->set);
	buf_fini(&w->heard);
}

static struct dmsc_mo object(struct world *w)
{
	return (struct dmsc_mo){ DMSC_MO_ABI, "urn:x:mo:1.0", roots, &object_ddf, NULL, w, install,
				 read_value, check, run, committed };
}

static void start(struct world *w, const struct dmsc_mo *mo)
{
	assert_int_equal(mo_set_add(w->set, mo, end, w), 0);
	assert_int_equal(mo_set_install(w->set, w->f.tree, w->f.now), 0);
	dm_tree_committed(w->f.tree);
}

static void heard(struct world *w, const char *want)
{
	assert_string_equal(buf_cstr(&w->heard), want);
	buf_reset(&w->heard);
}

/* The next message of a session that runs. */
static void say(struct world *w, const char *body, const char *want)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (!w->f.s)
		far_start(&w->f);
	assert_int_equal(far_message(&w->f, 200, body, true), 1);
	buf_printf(&b, "H 200\n%sF\n", want);
	assert_string_equal(buf_cstr(&w->f.said), buf_cstr(&b));
}

/* --- what a server sees ----------------------------------------------------- */

/* Rules: DDF-11 */
static void live(struct world *w)
{
	const struct dmsc_mo mo = object(w);

	start(w, &mo);
	assert_string_equal(far_find(&w->f, "./Vendor/O")->type, "urn:x:mo:1.0");
	say(w, GET("2", "./Vendor/O/Live") GET("3", "./Vendor/O/Live?prop=Size")
	    GET("4", "./Vendor/O/Kept") GET("5", "./Vendor/O?list=StructData"),
	    "S 2 Get 200\nR 2 ./Vendor/O/Live fresh\nS 3 Get 200\nR 3 ./Vendor/O/Live?prop=Size 5\n"
	    "S 4 Get 200\nR 4 ./Vendor/O/Kept first\nS 5 Get 200\nR 5 ./Vendor/O [node]\n"
	    "R 5 ./Vendor/O/Live [chr] fresh\nR 5 ./Vendor/O/Items [node]\n"
	    "R 5 ./Vendor/O/Kept [chr] first\n");
	heard(w, "read ./Vendor/O/Live\nread ./Vendor/O/Live\nread ./Vendor/O/Live\n");
	assert_int_equal(w->f.commits, 0);	/* looking changes nothing */
	w->read_status = 404;
	say(w, GET("2", "./Vendor/O/Live") GET("3", "./Vendor/O?list=StructData"),
	    "S 2 Get 404\nS 3 Get 200\nR 3 ./Vendor/O [node]\nR 3 ./Vendor/O/Items [node]\n"
	    "R 3 ./Vendor/O/Kept [chr] first\n");
	w->read_status = 12;			/* no status at all */
	say(w, GET("2", "./Vendor/O/Live"), "S 2 Get 500\n");
	w->read_status = 200;
	buf_reset(&w->heard);
	/* What was written in this message is what is read in it. */
	say(w, REP("2", "./Vendor/O/Live", "mine") GET("3", "./Vendor/O/Live"),
	    "S 2 Replace 200\nS 3 Get 200\nR 3 ./Vendor/O/Live mine\n");
	heard(w, "check ./Vendor/O/Live mine\nset ./Vendor/O/Live mine\ncommit\n");
}

static void live_tnds(struct world *w)
{
	const struct dmsc_mo mo = object(w);

	start(w, &mo);
	if (!w->f.s)
		far_start(&w->f);
	assert_int_equal(far_message(&w->f, 200, GET("2", "./Vendor/O?list=TNDS+Value"), true), 1);
	assert_non_null(strstr(buf_cstr(&w->f.said), "<Value>fresh</Value>"));
	assert_null(strstr(buf_cstr(&w->f.said), "stale"));
	w->read_status = 500;
	assert_int_equal(far_message(&w->f, 200, GET("2", "./Vendor/O?list=TNDS+Value"), true), 1);
	assert_null(strstr(buf_cstr(&w->f.said), "Live"));
	assert_non_null(strstr(buf_cstr(&w->f.said), "first"));
}

static void refused(struct world *w)
{
	const struct dmsc_mo mo = object(w);

	start(w, &mo);
	w->check_status = 416;
	say(w, REP("2", "./Vendor/O/Kept", "bad") ADDN("3", "./Vendor/O/Items/1")
	    ADD("4", "./Vendor/O/Items/1/Leaf", "x")
	    TNDS("Add", "5", "./Vendor/O/Items/2", TDIR("2", "", TLEAF("Leaf", "y")))
	    COPY("6", "./Vendor/O/Kept", "./Vendor/O/Live"),
	    "S 2 Replace 416\nS 3 Add 200\nS 4 Add 416\nS 5 Add 416\nS 6 Copy 405\n");
	assert_string_equal(far_value(&w->f, "./Vendor/O/Kept"), "first");
	assert_null(far_find(&w->f, "./Vendor/O/Items/2"));
	heard(w, "check ./Vendor/O/Kept bad\ncheck ./Vendor/O/Items/1/Leaf x\n"
	      "check ./Vendor/O/Items/2/Leaf y\nset ./Vendor/O/Items/1\ncommit\n");
	w->check_status = 202;			/* a success is no consent */
	say(w, REP("2", "./Vendor/O/Kept", "bad"), "S 2 Replace 500\n");
}

static void exec(struct world *w)
{
	struct dmsc_mo mo = object(w);

	start(w, &mo);
	say(w, EXEC("2", "./Vendor/O/Run")
	    CMD("Exec", "3", "<Correlator>c1</Correlator>" BARE("./Vendor/O/Run")) EXEC("4", "./Vendor/O"),
	    "S 2 Exec 200\nS 3 Exec 200\nS 4 Exec 405\n");
	heard(w, "exec ./Vendor/O/Run ''\nexec ./Vendor/O/Run 'c1'\n");
	w->exec_status = 202;
	say(w, EXEC("2", "./Vendor/O/Run"), "S 2 Exec 202\n");
	mo.exec = NULL;
	say(w, EXEC("2", "./Vendor/O/Run"), "S 2 Exec 405\n");
}

/* --- after the commit -------------------------------------------------------- */

static void told(struct world *w)
{
	const struct dmsc_mo mo = object(w);

	start(w, &mo);
	say(w, REP("2", "./Vendor/O/Kept", "a") REP("3", "./Vendor/O/Kept", "b")
	    TNDS("Add", "4", "./Vendor/O/Items/1", TDIR("1", "", TLEAF("Leaf", "x")))
	    ADD("5", "./Elsewhere", "y"),
	    "S 2 Replace 200\nS 3 Replace 200\nS 4 Add 200\nS 5 Add 200\n");
	heard(w, "check ./Vendor/O/Kept a\ncheck ./Vendor/O/Kept b\ncheck ./Vendor/O/Items/1/Leaf x\n"
	      "set ./Vendor/O/Kept b\nset ./Vendor/O/Items/1\nset ./Vendor/O/Items/1/Leaf x\ncommit\n");
	say(w, REP("2", "./Vendor/O/Items/1?prop=Name", "one"), "S 2 Replace 200\n");
	heard(w, "gone ./Vendor/O/Items/1\nset ./Vendor/O/Items/one\n"
	      "set ./Vendor/O/Items/one/Leaf x\ncommit\n");
	/* Gone and made again in one message: in this order. */
	say(w, DEL("2", "./Vendor/O/Items/one") ADDN("3", "./Vendor/O/Items/one"),
	    "S 2 Delete 200\nS 3 Add 200\n");
	heard(w, "gone ./Vendor/O/Items/one\ngone ./Vendor/O/Items/one/Leaf\n"
	      "set ./Vendor/O/Items/one\ncommit\n");
	say(w, ADDN("2", "./Vendor/O/Items/x") DEL("3", "./Vendor/O/Items/x"),
	    "S 2 Add 200\nS 3 Delete 200\n");
	heard(w, "");
}

/* What an Atomic takes back, and what the store does not take, never gets out. */
static void taken_back(struct world *w)
{
	const struct dmsc_mo mo = object(w);

	start(w, &mo);
	say(w, ATOMIC("2", REP("3", "./Vendor/O/Kept", "x") DEL("4", "./Nothing")),
	    "S 2 Atomic 507\nS 3 Replace 216\nS 4 Delete 404\n");
	heard(w, "check ./Vendor/O/Kept x\n");
	w->f.commit_rc = -EIO;
	assert_int_equal(far_message(&w->f, 200, REP("2", "./Vendor/O/Kept", "x"), true), 2);
	heard(w, "check ./Vendor/O/Kept x\n");
	assert_string_equal(far_value(&w->f, "./Vendor/O/Kept"), "first");
}

/* --- what an object may be ----------------------------------------------------- */

static int foreign_install(void *ctx, const struct dmsc_host *h)
{
	struct dmsc_value v;

	assert_int_equal(h->get(h, "./DevInfo/DevId", &v), -ENOENT);
	assert_int_equal(h->drop(h, "./DevInfo/DevId"), -EPERM);
	assert_int_equal(h->drop(h, "./Vendor/O/Nothing"), 0);
	assert_int_equal(h->put(h, "./Vendor/O/Kept", (struct dmsc_value){ DMSC_INT, "1", 1 }), -EINVAL);
	assert_int_equal(h->put(h, "./Vendor/O?prop=ACL", (struct dmsc_value){ DMSC_CHR, "1", 1 }),
			 -EINVAL);
	return h->put(h, "./DMAcc/x/ServerID", (struct dmsc_value){ DMSC_CHR, "1", 1 });
}

static void own_place_only(struct world *w)
{
	struct dmsc_mo mo = object(w);

	mo.install = foreign_install;
	assert_int_equal(mo_set_add(w->set, &mo, end, w), 0);
	assert_int_equal(mo_set_install(w->set, w->f.tree, w->f.now), 0);
	assert_null(far_find(&w->f, "./DMAcc/x"));
	assert_null(far_find(&w->f, "./Vendor/O"));	/* all of it was taken back */
	assert_string_equal(far_value(&w->f, "./DevInfo/DevId"), FAR_DEVICE);
	mo_set_free(w->set);
	w->set = NULL;
	assert_int_equal(w->ended, 1);
}

/* --- what it wants told --------------------------------------------------------- */

static int on_alert(void *ctx, const struct dmsc_alert *a)
{
	struct world *w = ctx;

	buf_printf(&w->heard, "alert %s %s %s %s %.*s\n", a->type, a->source ? a->source : "-",
		   a->mark ? a->mark : "-", a->correlator ? a->correlator : "-",
		   (int)a->value.len, (const char *)a->value.data);
	return strcmp(a->type, "full") ? 0 : -ENOSPC;
}

static int alert_install(void *ctx, const struct dmsc_host *h)
{
	struct world *w = ctx;
	struct dmsc_alert a = { .type = "t", .source = "./Vendor/O/Kept", .mark = "minor",
				.correlator = "c", .value = { DMSC_CHR, "x", 1 } };
	int rc = install(ctx, h);
	bool nobody = !w->ended;	/* the first time */

	if (rc)
		return rc;
	assert_true(h->abi >= 2);
	assert_int_equal(h->alert(h, &a), nobody ? -EOPNOTSUPP : 0);
	if (nobody)
		return 0;
	a = (struct dmsc_alert){ .type = "full" };
	assert_int_equal(h->alert(h, &a), -ENOSPC);
	a.source = "./DevInfo/DevId";
	assert_int_equal(h->alert(h, &a), -EPERM);
	a.source = "./Vendor/O/Nothing";
	assert_int_equal(h->alert(h, &a), -EPERM);
	a = (struct dmsc_alert){ .value = { DMSC_CHR, NULL, 0 } };
	assert_int_equal(h->alert(h, &a), -EINVAL);
	a = (struct dmsc_alert){ .type = "t", .value = { DMSC_FLOAT + 1, "x", 1 } };
	assert_int_equal(h->alert(h, &a), -EINVAL);
	a = (struct dmsc_alert){ .type = "t", .value = { DMSC_CHR, NULL, 1 } };
	assert_int_equal(h->alert(h, &a), -EINVAL);
	assert_int_equal(h->alert(h, NULL), -EINVAL);
	return 0;
}

static void alerts(struct world *w)
{
	struct dmsc_mo mo = object(w);

	mo.install = alert_install;
	start(w, &mo);
	heard(w, "");
	w->ended = 1;
	mo_set_on_alert(w->set, on_alert, w);
	mo_set_on_alert(NULL, on_alert, w);
	assert_int_equal(mo_set_install(w->set, w->f.tree, w->f.now), 0);
	heard(w, "alert t ./Vendor/O/Kept minor c x\nalert full - - - \n");
	dm_tree_committed(w->f.tree);
}

static void descriptions(struct world *w)
{
	static const struct dmsc_ddf after_any[] = {
		{ .formats = CHR, .access = 1, DMSC_ZERO_OR_MORE },
		{ .name = "x", .formats = CHR, .access = 1, DMSC_ONE }, END };
	static const struct dmsc_ddf two_kinds[] = { { .name = "x", .formats = CHR | NODE, DMSC_ONE }, END };
	static const struct dmsc_ddf bad_name[] = { { .name = "a/b", .formats = CHR, DMSC_ONE }, END };
	static const struct dmsc_ddf live_node[] = {
		{ .name = "x", .formats = NODE, .flags = DMSC_LIVE, DMSC_ONE }, END };
	static const struct dmsc_ddf live_copy[] = {
		{ .name = "x", .formats = CHR, .access = DMSC_COPY, .flags = DMSC_LIVE, DMSC_ONE }, END };
	static const struct dmsc_ddf leaf_children[] = {
		{ .name = "x", .formats = CHR, DMSC_ONE, .children = item }, END };
	static const struct dmsc_ddf many[] = {
		{ .name = "x", .formats = CHR, DMSC_ZERO_OR_N(60000) }, END };
	static const struct dmsc_ddf *const bad[] = { after_any, two_kinds, bad_name, live_node,
						      live_copy, leaf_children, many };
	struct dmsc_ddf ddf = object_ddf, loop[2] = { { .name = "l", .formats = NODE, DMSC_ONE }, END };
	struct dmsc_mo mo = object(w), second;
	static const char *const other[] = { "./Vendor/P", "./Vendor/O", NULL };
	static const char *const inside[] = { "./DevInfo/Ext/x", NULL }, *const none[] = { NULL };
	static const char *const nonsense[] = { "/x/", NULL };

	mo.abi = 99;
	assert_int_equal(mo_set_add(w->set, &mo, end, w), -EPROTO);
	assert_int_equal(mo_set_add(w->set, NULL, NULL, NULL), -EPROTO);
	mo.abi = DMSC_MO_ABI;
	mo.ddf = &ddf;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ddf.children = bad[i];
		assert_int_equal(mo_set_add(w->set, &mo, end, w), -EINVAL);
	}
	loop[0].children = loop;		/* without end */
	ddf.children = loop;
	assert_int_equal(mo_set_add(w->set, &mo, end, w), -EINVAL);
	mo.ddf = NULL;
	assert_int_equal(mo_set_add(w->set, &mo, end, w), -EINVAL);
	mo.ddf = &object_ddf;
	mo.roots = none;
	assert_int_equal(mo_set_add(w->set, &mo, end, w), -EINVAL);
	mo.roots = nonsense;
	assert_int_equal(mo_set_add(w->set, &mo, end, w), -EINVAL);
	mo.acl = "Get=";
	mo.roots = roots;
	assert_int_equal(mo_set_add(w->set, &mo, end, w), -EINVAL);
	mo.acl = "Get=a";
	mo.roots = inside;
	assert_int_equal(mo_set_add(w->set, &mo, end, w), -EEXIST);
	mo.roots = roots;
	assert_int_equal(mo_set_add(w->set, &mo, end, w), 0);
	assert_int_equal(w->ended, 14);		/* each that was not taken */
	/* A second one there, and nothing of it stays. */
	second = mo;
	second.roots = other;
	assert_int_equal(mo_set_add(w->set, &second, end, w), -EEXIST);
	assert_int_equal(mo_set_install(w->set, w->f.tree, 1), 0);
	assert_non_null(far_find(&w->f, "./Vendor/O/Kept"));
	assert_string_equal(far_find(&w->f, "./Vendor/O")->acl, "Get=a");
	/* It is a server's to change. */
	assert_int_equal(dm_tree_set_acl(w->f.tree, far_find(&w->f, "./Vendor/O"), S("Get=b"), 1), 0);
	assert_int_equal(mo_set_install(w->set, w->f.tree, 1), 0);
	assert_string_equal(far_find(&w->f, "./Vendor/O")->acl, "Get=b");
	assert_null(far_find(&w->f, "./Vendor/P"));
	say(w, ADD("2", "./Vendor/P", "free"), "S 2 Add 200\n");
}

/* What an object that is gone left behind can be tidied up, and is its own again when it comes back. */
static void left_behind(struct world *w)
{
	const struct mo_facts facts = { .dev_id = FAR_DEVICE, .limits = { 16, 255, 64 } };
	const struct dmsc_mo mo = object(w);
	struct mo_set *without = mo_set_new(&facts);

	start(w, &mo);
	assert_int_equal(mo_set_install(without, w->f.tree, w->f.now), 0);
	dm_tree_committed(w->f.tree);
	say(w, GET("2", "./Vendor/O/Kept") DEL("3", "./Vendor/O/Kept") REP("4", "./Vendor/O/Live", "x"),
	    "S 2 Get 200\nR 2 ./Vendor/O/Kept first\nS 3 Delete 200\nS 4 Replace 200\n");
	heard(w, "");
	mo_set_free(without);
	assert_int_equal(mo_set_install(w->set, w->f.tree, w->f.now), 0);
	dm_tree_committed(w->f.tree);
	say(w, DEL("2", "./Vendor/O/Kept"), "S 2 Delete 405\n");
}

/* --- hooks ------------------------------------------------------------------------ */

#define DESCRIBE "describe) echo 'id urn:x:1.0'; echo 'root ./H'; " \
	"echo 'node . node get,add one permanent'; echo 'node Live chr get,replace one permanent live'; " \
	"echo 'node Run null exec one permanent'; echo 'node Sub node get,add one permanent'; " \
	"echo 'node Sub/* chr get,replace,delete,add zero-or-2'; " \
	"echo 'put ./H/Live chr a%20b'; echo 'put ./H/Run null'; echo 'put ./H/Sub node'; echo ok;; "

static char dir[] = "/tmp/dmsc-test-mo-XXXXXX", script[100], record[100];

/* What works may be slow on a busy machine; what does not is waited for. */
static const struct mo_hook_limits patient = { .describe_ms = 10000, .call_ms = 10000,
					       .session_ms = 60000 };
static const struct mo_hook_limits quick = { .describe_ms = 10000, .call_ms = 300,
					     .session_ms = 60000 };

/* Writes a hook: a loop over requests with these cases. */
static void write_hook(const char *cases)
{
	FILE *f = fopen(script, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\nexec 2>>%s\nwhile read -r verb uri rest; do\n"
		"echo \"$verb $uri $rest\" >&2\ncase $verb in\n%s\nesac; done\n", record, cases);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(script, 0755), 0);
	unlink(record);
}

static const char *recorded(void)
{
	static struct buf b;

	buf_reset(&b);
	(void)!buf_read_file(&b, record);
	return buf_cstr(&b);
}

/* What is run or loaded has to be root's. */
static bool not_root(void)
{
	if (geteuid())
		fprintf(stderr, "skipped: only root can own a hook\n");
	return geteuid() != 0;
}

static void hook_begin(struct world *w, const char *cases, const struct mo_hook_limits *limits)
{
	write_hook(cases);
	assert_int_equal(mo_hook_add(w->set, script, limits), 0);
	assert_int_equal(mo_set_install(w->set, w->f.tree, w->f.now), 0);
	dm_tree_committed(w->f.tree);
	assert_int_equal(truncate(record, 0), 0);
}

static void hook_start(struct world *w, const char *cases)
{
	hook_begin(w, cases, &patient);
}

static void hook_works(struct world *w)
{
	if (not_root())
		return;
	hook_start(w, DESCRIBE "get) echo 'value 100%25 %E4';; check) case $rest in *bad*) echo status 416;; "
		   "*) echo ok;; esac;; exec) echo status 202;; set|gone) ;; commit) echo ok;;");
	assert_string_equal(far_value(&w->f, "./H/Live"), "a b");
	say(w, GET("2", "./H/Live") REP("3", "./H/Live", "very bad") REP("4", "./H/Live", "50% off")
	    CMD("Exec", "5", "<Correlator>c 1</Correlator>" BARE("./H/Run"))
	    ADD("6", "./H/Sub/a", "1") ADD("7", "./H/Sub/b", "2") ADD("8", "./H/Sub/c", "3")
	    ADD("9", "./H/x", "1"),
	    "S 2 Get 200\nR 2 ./H/Live [b64] MTAwJSDk\nS 3 Replace 416\nS 4 Replace 200\n"
	    "S 5 Exec 202\nS 6 Add 200\nS 7 Add 200\nS 8 Add 405\nS 9 Add 405\n");
	say(w, DEL("2", "./H/Sub/a")
	    ATOMIC("3", REP("4", "./H/Live", "never") DEL("5", "./Nothing")),
	    "S 2 Delete 200\nS 3 Atomic 507\nS 4 Replace 216\nS 5 Delete 404\n");
	assert_string_equal(recorded(),
		"get ./H/Live \ncheck ./H/Live chr very bad\ncheck ./H/Live chr 50%25 off\n"
		"exec ./H/Run c%201\ncheck ./H/Sub/a chr 1\ncheck ./H/Sub/b chr 2\n"
		"set ./H/Live chr 50%25 off\nset ./H/Sub/a chr 1\nset ./H/Sub/b chr 2\ncommit  \n"
		"check ./H/Live chr never\ngone ./H/Sub/a \ncommit  \n");
}

/* Whatever it does instead of answering: 500 soon, and at once from then on. */
static void hook_fails(struct world *w)
{
	static const char *const instead[] = {
		"sleep 100;;",				/* hangs */
		"exit 0;;",				/* dies */
		"kill -9 $$;;",
		"echo hello;;",				/* garbage */
		"printf 'value \\377\\n';;",
		"echo 'value %zz';;",
		"echo 'value %1';;",
		"echo status 99;;",
		"echo status 2000;;",
		"echo ok; echo ok;;",
		"printf 'value 1\\nvalue 2\\n';;",	/* answers twice */
		"while :; do echo 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'; done;;",
		"head -c 1000000 /dev/zero | tr '\\0' x; echo;;",	/* a line without end */
		"printf value;;",
	};

	if (not_root())
		return;
	for (size_t i = 0; i < sizeof(instead) / sizeof(instead[0]); i++) {
		_cleanup_buf_ struct buf cases = BUF_INIT;
		int64_t before;

		world_fini(w);
		world_init(w);
		buf_put_str(&cases, DESCRIBE "get) ");
		buf_put_str(&cases, instead[i]);
		buf_put_str(&cases, " check) echo ok;; commit) echo ok;;");
		hook_begin(w, buf_cstr(&cases), &quick);
		before = hook_io_now();
		say(w, GET("2", "./H/Live"), "S 2 Get 500\n");
		assert_in_range(hook_io_now() - before, 0, 1500);
		before = hook_io_now();
		say(w, GET("2", "./H/Live") REP("3", "./H/Live", "x") EXEC("4", "./H/Run")
		    GET("5", "./DevInfo/DevId"),
		    "S 2 Get 500\nS 3 Replace 500\nS 4 Exec 500\nS 5 Get 200\nR 5 ./DevInfo/DevId "
		    FAR_DEVICE "\n");
		assert_in_range(hook_io_now() - before, 0, 250);
	}
}

/* A first answer, and then without end. */
static void hook_floods(struct world *w)
{
	if (not_root())
		return;
	hook_start(w, DESCRIBE "get) echo value 1; sleep 0.1; while :; do echo value 2; done;;");
	say(w, GET("2", "./H/Live"), "S 2 Get 200\nR 2 ./H/Live 1\n");
	usleep(200000);
	say(w, GET("2", "./H/Live"), "S 2 Get 500\n");
}

/* Each answer in time, and all of them together not. */
static void hook_dawdles(struct world *w)
{
	const struct mo_hook_limits limits = { 10000, 10000, 400 };

	if (not_root())
		return;
	hook_begin(w, DESCRIBE "get) sleep 0.3; echo value 1;;", &limits);
	say(w, GET("2", "./H/Live") GET("3", "./H/Live") GET("4", "./H/Live"),
	    "S 2 Get 200\nR 2 ./H/Live 1\nS 3 Get 500\nS 4 Get 500\n");
}

/* It dies between consent and commit: the change stands, and the session goes on. */
static void hook_dies_late(struct world *w)
{
	if (not_root())
		return;
	hook_start(w, DESCRIBE "check) echo ok;; set) exit 1;;");
	say(w, REP("2", "./H/Live", "x") GET("3", "./DevInfo/DevId"),
	    "S 2 Replace 200\nS 3 Get 200\nR 3 ./DevInfo/DevId " FAR_DEVICE "\n");
	assert_string_equal(far_value(&w->f, "./H/Live"), "x");
	say(w, REP("2", "./H/Live", "y"), "S 2 Replace 500\n");
}

static void hook_value_too_long(struct world *w)
{
	struct dm_node *n;
	char *big = calloc(1, MO_HOOK_VALUE_MAX + 2);

	if (!not_root()) {
		hook_start(w, DESCRIBE "check) echo ok;; commit) echo ok;;");
		n = far_find(&w->f, "./H");
		memset(big, '%', MO_HOOK_VALUE_MAX + 1);
		assert_int_equal(mo_set_check(w->set, n, S("Live"), DM_FMT_CHR, S(big)),
				 DM_ST_TOO_LARGE);
		big[MO_HOOK_VALUE_MAX] = 0;	/* the longest fits, whatever is in it */
		assert_int_equal(mo_set_check(w->set, n, S("Live"), DM_FMT_CHR, S(big)), DM_ST_NONE);
	}
	free(big);
}

/* What was refused halfway leaves nothing behind: no entry, no level, and no gap. */
static void refused_halfway(struct world *w)
{
	static const struct dmsc_ddf ddf = { .formats = NODE, .flags = DMSC_PERMANENT, DMSC_ONE };
	static const char *const cases[][4] = {
		{ "./R0", "./X/R1", "./DevInfo/Y" }, { "./X/Y/R0", "./R1", "./R1" }, { "./R0", "./R0" },
		{ "./R0", "./X/Y", "./X/Y/Z" },
	};
	const char *good[] = { "./X/R0", NULL }, *after[] = { "./R0", NULL }, *deep[7] = { NULL };
	char deep_uris[6][200];
	struct dmsc_mo mo = { .abi = DMSC_MO_ABI, .id = "a", .ddf = &ddf }, last = mo;

	for (int i = 0; i < 1000; i++) {	/* more than there is room for */
		mo.roots = cases[i % 4];
		assert_int_equal(mo_set_add(w->set, &mo, NULL, NULL), -EEXIST);
	}
	/* More levels than are kept is no lack of memory. */
	for (int i = 0; i < 6; i++) {
		char *at = deep_uris[i] + snprintf(deep_uris[i], 8, "./%c", 'a' + i);

		for (int k = 0; k < 60; k++, at += 2)
			memcpy(at, "/x", 3);
		deep[i] = deep_uris[i];
	}
	mo.roots = deep;
	assert_int_equal(mo_set_add(w->set, &mo, NULL, NULL), -ENOSPC);
	mo.roots = good;
	assert_int_equal(mo_set_add(w->set, &mo, NULL, NULL), 0);
	last.roots = after;
	assert_int_equal(mo_set_add(w->set, &last, NULL, NULL), 0);
	assert_int_equal(mo_set_install(w->set, w->f.tree, 1), 0);
	assert_non_null(far_find(&w->f, "./X/R0"));
	assert_non_null(far_find(&w->f, "./R0"));
	assert_null(far_find(&w->f, "./R1"));
}

static void hook_not_described(struct world *w)
{
	static const struct {
		const char *cases;
		int rc;
	} bad[] = {
		{ "describe) sleep 100;;", -ETIMEDOUT }, { "describe) exit 0;;", -EPIPE },
		{ "describe) echo ok;;", -EPROTO }, { "describe) echo nonsense;;", -EPROTO },
		{ "describe) echo 'id x'; echo 'root ./H'; echo ok;;", -EPROTO },
		{ "describe) echo 'id x'; echo 'root ./H'; echo 'node . chr get one'; echo ok;;", -EINVAL },
		{ "describe) echo 'id x'; echo 'root ./DMAcc'; echo 'node . node get one'; echo ok;;",
		  -EEXIST },
		{ "describe) echo 'node a/b chr get one'; echo ok;;", -EPROTO },
		{ "describe) echo 'node . node get some'; echo ok;;", -EPROTO },
		{ "describe) echo 'node . node run one'; echo ok;;", -EPROTO },
		{ "describe) echo 'node . node get one'; echo 'node . node get one'; echo ok;;", -EPROTO },
		{ "describe) while :; do echo 'root ./H'; done;;", -EPROTO },
		{ "describe) while :; do echo 'put ./H/x chr y'; done;;", -EPROTO },
		{ "describe) echo 'id x'; echo 'root ./H'; echo 'node . node get one'; printf 'ok\\nok\\n';;",
		  -EPROTO },
	};

	if (not_root())
		return;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct mo_hook_limits limits = { i ? 10000 : 300, 300, 300 };
		int64_t before = hook_io_now();

		write_hook(bad[i].cases);
		assert_int_equal(mo_hook_add(w->set, script, &limits), bad[i].rc);
		assert_in_range(hook_io_now() - before, 0, 1500);
	}
	assert_int_equal(mo_set_count(w->set), 6);
}

/* Only root's own files are run or loaded. */
static void trust(struct world *w)
{
	if (not_root())
		return;
	write_hook(DESCRIBE);
	assert_int_equal(chmod(script, 0775), 0);
	assert_int_equal(mo_hook_add(w->set, script, &quick), -EPERM);
	assert_int_equal(chmod(script, 0757), 0);
	assert_int_equal(mo_hook_add(w->set, script, &quick), -EPERM);
	assert_int_equal(chmod(script, 0755), 0);
	assert_int_equal(chown(script, 65534, 0), 0);
	assert_int_equal(mo_hook_add(w->set, script, &quick), -EPERM);
	assert_int_equal(unlink(script), 0);
	assert_int_equal(mo_hook_add(w->set, script, &quick), -ENOENT);
	assert_int_equal(mo_hook_add(w->set, dir, &quick), -ENODEV);
	assert_int_equal(mo_libraries_add(w->set, "/nonexistent"), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(mo_libraries_add(w->set, dir), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(mo_libraries_add(w->set, dir), 0);
	assert_int_equal(mo_set_count(w->set), 6);
}

#define TESTS(X)                                                                                   \
	X(live) X(live_tnds) X(refused) X(exec) X(told) X(taken_back) X(own_place_only) X(alerts) X(left_behind) \
	X(descriptions) X(hook_works) X(hook_fails) X(hook_floods) X(hook_dawdles) X(hook_dies_late) X(hook_value_too_long) \
	X(hook_not_described) X(refused_halfway) X(trust)

#define RUN(n)                                                                                     \
	static void test_##n(void **state)                                                         \
	{                                                                                          \
		struct world w;                                                                    \
                                                                                                   \
		world_init(&w);                                                                    \
		n(&w);                                                                             \
		world_fini(&w);                                                                    \
	}
TESTS(RUN)

int main(void)
{
#define ENTRY(n) cmocka_unit_test(test_##n),
	const struct CMUnitTest tests[] = { TESTS(ENTRY) };
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(script, sizeof(script), "%s/hook", dir);
	snprintf(record, sizeof(record), "%s/record", dir);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(script);
	unlink(record);
	return rmdir(dir) || failed;
}
