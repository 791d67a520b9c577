// SPDX-License-Identifier: GPL-2.0-or-later
/* The firmware update object: what a server sees, may set and may run there. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mo/fumo.h"
#include "mo_far_end.h"
#include "util/str.h"

#define S(s) slice_str(s)
#define X MO_FUMO_URI

struct world {
	struct far_end f;
	struct mo_set *set;
	struct mo_fumo *fumo;
	struct buf heard;		/* the orders */
	enum dm_status answer;
};

static enum dm_status begin(void *ctx, const struct mo_fumo_order *o)
{
	struct world *w = ctx;

	buf_printf(&w->heard, "%d '%s' '%s'\n", o->op, o->url, o->correlator);
	return w->answer;
}

static void world_init(struct world *w)
{
	static const struct mo_facts facts = { .dev_id = FAR_DEVICE, .mod = "Model", .fwv = "1.0",
					       .limits = { 16, 255, 64 } };

	memset(w, 0, sizeof(*w));
	far_init(&w->f);
	w->set = mo_set_new(&facts);
	assert_non_null(w->set);
	assert_null(mo_fumo_of(w->set));
	assert_int_equal(mo_fumo_add(w->set), 0);
	assert_int_equal(mo_fumo_add(w->set), -EEXIST);
	w->fumo = mo_fumo_of(w->set);
	assert_non_null(w->fumo);
	mo_far_objects(&w->f, w->set);
	assert_int_equal(mo_set_install(w->set, w->f.tree, w->f.now), 0);
	dm_tree_committed(w->f.tree);
	w->fumo->tree = w->f.tree;
	w->fumo->begin = begin;
	w->fumo->ctx = w;
	w->answer = DM_ST_ACCEPTED;
}

static void world_fini(struct world *w)
{
	far_fini(&w->f);
	mo_set_free(w->set);
	buf_fini(&w->heard);
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

static void heard(struct world *w, const char *want)
{
	assert_string_equal(buf_cstr(&w->heard), want);
	buf_reset(&w->heard);
}

/* Rules: DDF-14 FUMO-1 */
static void stands(struct world *w)
{
	assert_string_equal(far_find(&w->f, X)->type, "urn:oma:mo:oma-fumo:1.0");
	say(w, GET("2", "./FUMO") GET("3", X) GET("4", X "/State") GET("5", X "/PkgName")
	    GET("6", X "/PkgVersion") GET("7", X "/Download") GET("8", X "/Download/PkgURL")
	    GET("9", X "/Update") GET("10", X "/DownloadAndUpdate/PkgURL") GET("11", X "/Ext"),
	    "S 2 Get 200\nR 2 ./FUMO [node] dmsc\nS 3 Get 200\nR 3 " X
	    " [node] PkgName/PkgVersion/Download/DownloadAndUpdate/Update/Ext/State\n"
	    "S 4 Get 200\nR 4 " X "/State [int] 10\n"
	    "S 5 Get 200\nR 5 " X "/PkgName Model\nS 6 Get 200\nR 6 " X "/PkgVersion 1.0\n"
	    "S 7 Get 200\nR 7 " X "/Download [node] PkgURL\nS 8 Get 200\nR 8 " X "/Download/PkgURL \n"
	    "S 9 Get 200\nR 9 " X "/Update [node] PkgData\n"
	    "S 10 Get 200\nR 10 " X "/DownloadAndUpdate/PkgURL \nS 11 Get 200\nR 11 " X "/Ext [node] \n");
	/* What the standard does not name. */
	say(w, REP("2", X "/State", "50") GET("3", X "/Update/PkgData") DEL("4", X)
	    DEL("5", X "/PkgName") ADDN("6", "./FUMO/other") ADD("7", X "/Other", "x")
	    EXEC("8", X) EXEC("9", X "/State") REPF("10", X "/PkgName", "int", "5")
	    REP("11", X "/Download?prop=Name", "D") ADD("12", X "/Ext/Severity", "high"),
	    "S 2 Replace 405\nS 3 Get 405\nS 4 Delete 405\nS 5 Delete 405\nS 6 Add 405\n"
	    "S 7 Add 405\nS 8 Exec 405\nS 9 Exec 405\nS 10 Replace 405\nS 11 Replace 405\n"
	    "S 12 Add 200\n");
	heard(w, "");
}

/* Rules: FUMO-2 */
static void urls(struct world *w)
{
	static const char *const bad[] = {
		"ftp://a/b", "https://", "https:///x", "https://:80/x", "https://a b/", "//a/b", "x",
		"file:///etc/passwd", "https://user:pw@h/x", "https://h/\xc3\xa9", "javascript:1",
		"https://h/\"x", "https:/h/x", " https://h/x",
	};
	static const char *const good[] = {
		"https://h/x", "HTTPS://h:8443/a/b?c=@d#e", "http://h", "https://[::1]:443/x",
	};
	char url[MO_FUMO_URL_MAX + 1];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(mo_fumo_url_good(S(bad[i])));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(mo_fumo_url_good(S(good[i])));
	memset(url, 'a', sizeof(url));
	memcpy(url, "https://", 8);
	assert_true(mo_fumo_url_good(slice_of(url, MO_FUMO_URL_MAX - 1)));
	assert_false(mo_fumo_url_good(slice_of(url, MO_FUMO_URL_MAX)));
	assert_false(mo_fumo_url_good(slice_of("https://h\0/x", 12)));
	say(w, REP("2", X "/Download/PkgURL", "ftp://h/x") REP("3", X "/Download/PkgURL", "http://h/x")
	    REP("4", X "/DownloadAndUpdate/PkgURL", "https://h/x") REP("5", X "/PkgName", "-o")
	    REP("6", X "/PkgName", "image A") REP("7", X "/PkgVersion", "a\nb"),
	    "S 2 Replace 400\nS 3 Replace 403\nS 4 Replace 200\nS 5 Replace 400\nS 6 Replace 200\n"
	    "S 7 Replace 400\n");
	w->fumo->allow_http = true;
	say(w, REP("2", X "/Download/PkgURL", "http://h/x") REP("3", X "/Download/PkgURL", ""),
	    "S 2 Replace 200\nS 3 Replace 200\n");
}

/* Rules: FUMO-3 */
static void exclusive(struct world *w)
{
	say(w, REP("2", X "/Download/PkgURL", "https://h/x") REPF("3", X "/Update/PkgData", "bin", "P")
	    REP("4", X "/Download/PkgURL", "") REPF("5", X "/Update/PkgData", "bin", "P")
	    REP("6", X "/Download/PkgURL", "https://h/x") GET("7", X "/State"),
	    "S 2 Replace 200\nS 3 Replace 405\nS 4 Replace 200\nS 5 Replace 200\nS 6 Replace 405\n"
	    "S 7 Get 200\nR 7 " X "/State [int] 50\n");
	assert_int_equal(mo_fumo_drop_data(w->f.tree, 1), 0);
	assert_int_equal(mo_fumo_drop_data(w->f.tree, 1), 0);
	say(w, REP("2", X "/Download/PkgURL", "https://h/x") GET("3", X "/State"),
	    "S 2 Replace 200\nS 3 Get 200\nR 3 " X "/State [int] 10\n");
}

#define RUN(id, u) CMD("Exec", id, "<Correlator>c" id "</Correlator>" BARE(u))

/* Rules: FUMO-4 */
static void orders(struct world *w)
{
	say(w, RUN("2", X "/Download") RUN("3", X "/DownloadAndUpdate") RUN("4", X "/Update"),
	    "S 2 Exec 412\nS 3 Exec 412\nS 4 Exec 405\n");
	heard(w, "");
	/* The address that counts is the one below what is run, set in the same message. */
	say(w, REP("2", X "/Download/PkgURL", "https://h/1") RUN("3", X "/Download")
	    RUN("4", X "/DownloadAndUpdate") GET("5", X "/State"),
	    "S 2 Replace 200\nS 3 Exec 202\nS 4 Exec 417\nS 5 Get 200\nR 5 " X "/State [int] 30\n");
	heard(w, "0 'https://h/1' 'c3'\n");
	w->fumo->busy = false;
	say(w, REP("2", X "/DownloadAndUpdate/PkgURL", "https://h/2") RUN("3", X "/DownloadAndUpdate"),
	    "S 2 Replace 200\nS 3 Exec 202\n");
	heard(w, "2 'https://h/2' 'c3'\n");
	w->fumo->busy = false;
	w->answer = DM_ST_STORE_FAILED;
	say(w, EXEC("2", X "/Download"), "S 2 Exec 510\n");
	heard(w, "0 'https://h/1' ''\n");
	say(w, ATOMIC("2", EXEC("3", X "/Download")), "S 2 Atomic 507\nS 3 Exec 500\n");
	heard(w, "");
	/* Without a session there is nobody to hand it to. */
	w->fumo->begin = NULL;
	say(w, EXEC("2", X "/Download"), "S 2 Exec 405\n");
}

/* Rules: FUMO-5 */
static void busy(struct world *w)
{
	say(w, REP("2", X "/Download/PkgURL", "https://h/1"), "S 2 Replace 200\n");
	w->fumo->busy = true;
	w->fumo->state = MO_FUMO_DOWNLOADING;
	say(w, EXEC("2", X "/Download") EXEC("3", X "/Update") REP("4", X "/PkgVersion", "2")
	    REP("5", X "/Download/PkgURL", "https://h/2") REPF("6", X "/Update/PkgData", "bin", "P")
	    ADD("7", X "/Ext/x", "y") GET("8", X "/State"),
	    "S 2 Exec 417\nS 3 Exec 417\nS 4 Replace 417\nS 5 Replace 417\nS 6 Replace 417\n"
	    "S 7 Add 200\nS 8 Get 200\nR 8 " X "/State [int] 30\n");
	heard(w, "");
}

/* Rules: FUMO-4 */
static void states(struct world *w)
{
	static const struct { enum mo_fumo_state s; enum dm_status update; } table[] = {
		{ MO_FUMO_IDLE, 405 }, { MO_FUMO_DOWNLOAD_FAILED, 405 }, { MO_FUMO_READY, 202 },
		{ MO_FUMO_FAILED_DATA, 202 }, { MO_FUMO_FAILED, 405 }, { MO_FUMO_DONE_DATA, 202 },
		{ MO_FUMO_DONE, 405 },
	};

	say(w, REP("2", X "/Download/PkgURL", "https://h/1"), "S 2 Replace 200\n");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char want[200];

		w->fumo->state = table[i].s;
		/* A new download may begin from wherever nothing is under way. */
		snprintf(want, sizeof(want), "S 2 Get 200\nR 2 " X "/State [int] %d\nS 3 Exec %d\n",
			 table[i].s, table[i].update);
		say(w, GET("2", X "/State") EXEC("3", X "/Update"), want);
		assert_int_equal(w->fumo->busy, table[i].update == 202);
		w->fumo->busy = false;
		w->fumo->state = table[i].s;
		say(w, EXEC("2", X "/Download") GET("3", X "/State"), "S 2 Exec 202\nS 3 Get 200\nR 3 "
		    X "/State [int] 30\n");
		w->fumo->busy = false;
	}
}

/* The node is there again in the next session, with what the server set and where the work stands. */
static void again(struct world *w)
{
	char name[MO_FUMO_NAME_MAX], version[MO_FUMO_NAME_MAX];

	say(w, REP("2", X "/PkgName", "rootfs") REP("3", X "/PkgVersion", "2.0"),
	    "S 2 Replace 200\nS 3 Replace 200\n");
	w->fumo->state = MO_FUMO_DONE;
	assert_int_equal(mo_set_install(w->set, w->f.tree, w->f.now), 0);
	assert_string_equal(far_value(&w->f, X "/State"), "100");
	mo_fumo_package(w->f.tree, name, version);
	assert_string_equal(name, "rootfs");
	assert_string_equal(version, "2.0");
	/* A card may have written anything: it is no word for a program. */
	assert_int_equal(dm_tree_set_value(w->f.tree, far_find(&w->f, X "/PkgName"), DM_FMT_CHR, S(""),
					   S("--help"), 1), 0);
	mo_fumo_package(w->f.tree, name, version);
	assert_string_equal(name, "");
}

#define CASES(F) F(stands) F(urls) F(exclusive) F(orders) F(busy) F(states) F(again)
#define TEST(fn) static void test_##fn(void **state) { struct world w; world_init(&w); fn(&w); \
	world_fini(&w); }
#define LISTED(fn) cmocka_unit_test(test_##fn),
CASES(TEST)

int main(void)
{
	const struct CMUnitTest tests[] = { CASES(LISTED) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
