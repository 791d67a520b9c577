// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A firmware update between the Exec and the alert: every step with what is durable
 * after it, from the point of view of one who comes after a power cut.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "dmsc-client/client.h"
#include "dmsc-client/firmware.h"
#include "dmsc-client/firmware_job.h"
#include "store/alert.h"
#include "store/wish.h"
#include "util/str.h"

#define X MO_FUMO_URI

volatile sig_atomic_t client_stop;

struct world {
	char dir[64];
	struct store *s;
	struct mo_set *objects;
	struct firmware_env e;
	struct firmware_job j;
	struct buf told;
	char boot[40];
};

static void boot(struct world *w, const char *id)
{
	mo_set_free(w->objects);
	store_close(w->s);
	w->s = NULL;
	w->objects = mo_set_new(&(struct mo_facts){ .dev_id = "d", .mod = "M", .limits = { 16, 255, 64 } });
	assert_non_null(w->objects);
	assert_int_equal(mo_fumo_add(w->objects), 0);
	assert_int_equal(store_open(w->dir, STORE_WRITE, 0, &w->s), 0);
	snprintf(w->boot, sizeof(w->boot), "%s", id);
	w->e = (struct firmware_env){ .store = w->s, .objects = w->objects, .dir = w->dir,
				      .boot_id = w->boot, .now = 1000 };
}

static void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	strcpy(w->dir, "/tmp/dmsc-fwjob-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	boot(w, "boot-1");
}

static void world_fini(struct world *w)
{
	char cmd[100];

	mo_set_free(w->objects);
	store_close(w->s);
	buf_fini(&w->told);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", w->dir);
	assert_int_equal(system(cmd), 0);
}

/* What a server does in a session: sets a leaf, runs something. */
static int session(struct world *w, const char *leaf, const char *value, const char *run)
{
	struct firmware_session fs = { .store = w->s, .server = "srv" };
	struct dm_tree *t = NULL;
	struct dm_node *n;
	int st = 0;

	assert_int_equal(client_tree_open(w->s, w->objects, &t), 0);
	firmware_session_begin(&fs, w->objects, t, false);
	if (leaf) {
		n = dm_tree_find(t, slice_str(leaf));
		assert_non_null(n);
		assert_int_equal(dm_tree_set_value(t, n, n->format, SLICE_NONE, slice_str(value), 1), 0);
	}
	if (run) {
		n = dm_tree_find(t, slice_str(run));
		st = mo_set_exec(w->objects, n, SLICE_NONE, SLICE_LIT("c-1"));
		assert_int_equal(fs.begun, st == 202);
	}
	assert_int_equal(store_tree_commit(w->s, t), 0);
	firmware_session_end(w->objects);
	dm_tree_free(t);
	return st;
}

/* As the tree has it for everybody: from the store, without us. */
static int state(struct world *w)
{
	struct dm_tree *t = NULL;
	int st;

	assert_int_equal(client_tree_open(w->s, NULL, &t), 0);
	st = atoi((const char *)dm_node_value(dm_tree_find(t, SLICE_LIT(X "/State"))).p);
	dm_tree_free(t);
	return st;
}

static int on_alert(void *ctx, const struct store_alert *a)
{
	buf_printf(ctx, "%s %u %s %s %s %s %.*s '%s'\n", a->server, a->code, a->source,
		   strrchr(a->type, '.') + 1, a->format, a->mark, (int)a->data.n,
		   (const char *)a->data.p, a->correlator);
	assert_true(str_starts(slice_str(a->type),
			       "Reversed-Domain-Name: org.openmobilealliance.dm.firmwareupdate."));
	return 0;
}

static int on_wish(void *ctx, const struct store_wish *w)
{
	buf_printf(ctx, "wish %s %s\n", w->server, w->cause);
	return 0;
}

static void told(struct world *w, const char *want)
{
	buf_reset(&w->told);
	assert_int_equal(store_alert_each(w->s, NULL, on_alert, &w->told), 0);
	assert_int_equal(store_wish_each(w->s, on_wish, &w->told), 0);
	assert_string_equal(buf_cstr(&w->told), want);
}

static void next(struct world *w, enum firmware_todo want)
{
	assert_int_equal(firmware_next(&w->e, &w->j), 0);
	assert_int_equal(w->j.todo, want);
}

static void package(struct world *w, const char *path, const char *text)
{
	int dir = firmware_dir(w->dir);

	assert_true(dir >= 0);
	assert_int_equal(firmware_package_write(dir, path, slice_str(text)), 0);
	close(dir);
}

static bool has_package(struct world *w)
{
	int dir = firmware_dir(w->dir);
	uint64_t size;
	int r = firmware_package_size(dir, w->j.row.path, &size);

	close(dir);
	return r == 0;
}

static void downloaded(struct world *w, uint32_t code, bool retry, uint64_t size, uint32_t wait)
{
	const struct firmware_report r = { code, retry, size, code < 300 ? "" : "why" };

	assert_int_equal(firmware_downloaded(&w->e, &w->j, &r, wait, 5), 0);
}

static void updated(struct world *w, uint32_t code)
{
	const struct firmware_report r = { code, false, 0, "" };

	assert_int_equal(firmware_updated(&w->e, &w->j, &r), 0);
}

static void fetch(struct world *w, const char *text)
{
	next(w, FIRMWARE_DOWNLOAD);
	assert_int_equal(strlen(w->j.row.path), 16);
	package(w, w->j.row.path, text);
	downloaded(w, 200, false, strlen(text), 0);
}

/* Rules: FUMO-6 FUMO-7 */
static void whole_way(struct world *w)
{
	next(w, FIRMWARE_NOTHING);
	assert_int_equal(session(w, X "/DownloadAndUpdate/PkgURL", "https://h/x",
				 X "/DownloadAndUpdate"), 202);
	/* What a server in another session sees, before anything was done. */
	assert_int_equal(session(w, NULL, NULL, X "/Download"), 417);
	fetch(w, "PACKAGE");
	assert_int_equal(state(w), 40);
	told(w, "");
	next(w, FIRMWARE_UPDATE);
	assert_string_equal(w->j.name, "M");
	assert_int_equal(w->j.row.size, 7);
	assert_int_equal(state(w), 60);
	updated(w, 200);
	assert_int_equal(state(w), 100);
	told(w, "srv 1226 ./FUMO/dmsc downloadandupdate int informational 200 'c-1'\n"
	     "wish srv firmware\n");
	/* Nothing is done twice, and the package has gone. */
	next(w, FIRMWARE_NOTHING);
	assert_false(has_package(w));
	assert_int_equal(session(w, NULL, NULL, X "/Update"), 405);
	assert_int_equal(session(w, NULL, NULL, X "/DownloadAndUpdate"), 202);
}

/* Rules: FUMO-6 FUMO-7 */
static void two_steps(struct world *w)
{
	assert_int_equal(session(w, X "/Download/PkgURL", "https://h/x", X "/Download"), 202);
	fetch(w, "P");
	next(w, FIRMWARE_NOTHING);
	assert_int_equal(state(w), 50);
	told(w, "srv 1226 ./FUMO/dmsc download int informational 200 'c-1'\nwish srv firmware\n");
	assert_true(has_package(w));
	assert_int_equal(session(w, NULL, NULL, X "/Update"), 202);
	next(w, FIRMWARE_UPDATE);
	assert_true(has_package(w));
	/* The package is whole and may be tried again, says the updater. */
	updated(w, 410);
	assert_int_equal(state(w), 70);
	assert_int_equal(session(w, NULL, NULL, X "/Update"), 202);
	next(w, FIRMWARE_UPDATE);
	updated(w, 404);
	assert_int_equal(state(w), 80);
	next(w, FIRMWARE_NOTHING);
	assert_false(has_package(w));
	assert_int_equal(session(w, NULL, NULL, X "/Update"), 405);
	told(w, "srv 1226 ./FUMO/dmsc download int informational 200 'c-1'\n"
	     "srv 1226 ./FUMO/dmsc update int critical 410 'c-1'\n"
	     "srv 1226 ./FUMO/dmsc update int critical 404 'c-1'\nwish srv firmware\n");
}

static void by_value(struct world *w)
{
	assert_int_equal(session(w, X "/Update/PkgData", "DATA", X "/Update"), 202);
	next(w, FIRMWARE_UPDATE);
	assert_true(has_package(w));
	assert_int_equal(w->j.row.size, 4);
	/* It is a file now, and nowhere else. */
	updated(w, 200);
	assert_int_equal(state(w), 100);
	assert_int_equal(session(w, NULL, NULL, X "/Update"), 405);
	told(w, "srv 1226 ./FUMO/dmsc update int informational 200 'c-1'\nwish srv firmware\n");
}

/* Rules: FUMO-8 */
static void download_fails(struct world *w)
{
	assert_int_equal(session(w, X "/Download/PkgURL", "https://h/x", X "/Download"), 202);
	next(w, FIRMWARE_DOWNLOAD);
	downloaded(w, 503, true, 100000, 16);
	assert_int_equal(state(w), 30);
	assert_int_equal(w->j.row.next_attempt, 1016);
	assert_int_equal(w->j.row.attempts, 1);
	boot(w, "boot-2");
	next(w, FIRMWARE_DOWNLOAD);
	assert_int_equal(w->j.row.size, 100000);
	/* Patience begins anew with what came, not with what trickles. */
	assert_false(firmware_progress(&w->j, &(struct firmware_report){ .size = 100001 }));
	assert_true(firmware_progress(&w->j, &(struct firmware_report){ .size = 200000 }));
	downloaded(w, 407, true, 100001, 0);
	assert_int_equal(state(w), 20);
	told(w, "srv 1226 ./FUMO/dmsc download int critical 407 'c-1'\nwish srv firmware\n");
	next(w, FIRMWARE_NOTHING);
	/* What cannot get better is not tried again. */
	assert_int_equal(session(w, NULL, NULL, X "/Download"), 202);
	next(w, FIRMWARE_DOWNLOAD);
	downloaded(w, 411, false, 0, 16);
	assert_int_equal(state(w), 20);
}

/* Rules: FUMO-9 */
static void power_cuts(struct world *w)
{
	assert_int_equal(session(w, X "/DownloadAndUpdate/PkgURL", "https://h/x",
				 X "/DownloadAndUpdate"), 202);
	boot(w, "boot-2");		/* before anything was done */
	fetch(w, "P");
	boot(w, "boot-3");		/* with a package that nobody looked at */
	next(w, FIRMWARE_UPDATE);
	assert_int_equal(state(w), 60);
	boot(w, "boot-4");		/* in the middle of the updater: it is not run again */
	next(w, FIRMWARE_RESULT);
	next(w, FIRMWARE_RESULT);
	assert_string_equal(w->j.name, "M");
	updated(w, 0);
	next(w, FIRMWARE_NOTHING);	/* in this boot it knows no more */
	assert_int_equal(state(w), 60);
	boot(w, "boot-5");
	next(w, FIRMWARE_RESULT);
	updated(w, 250);
	assert_int_equal(state(w), 100);
	told(w, "srv 1226 ./FUMO/dmsc downloadandupdate int informational 250 'c-1'\n"
	     "wish srv firmware\n");
}

/* Rules: FUMO-9 */
static void after_reboot(struct world *w)
{
	char id[24];
	int boots = 0;

	assert_int_equal(session(w, X "/Update/PkgData", "DATA", X "/Update"), 202);
	next(w, FIRMWARE_UPDATE);
	updated(w, 0);
	assert_int_equal(state(w), 60);
	next(w, FIRMWARE_NOTHING);
	/* An updater that never knows is not asked for ever. */
	do {
		snprintf(id, sizeof(id), "boot-%d", 10 + boots++);
		boot(w, id);
		next(w, FIRMWARE_RESULT);
		updated(w, 0);
	} while (state(w) == 60 && boots < 20);
	assert_int_equal(boots, FIRMWARE_BOOTS_MAX);
	assert_int_equal(state(w), 70);
	told(w, "srv 1226 ./FUMO/dmsc update int critical 410 'c-1'\nwish srv firmware\n");
}

/* A package that is not what was noted is given to no updater. */
static void package_gone(struct world *w)
{
	assert_int_equal(session(w, X "/DownloadAndUpdate/PkgURL", "https://h/x",
				 X "/DownloadAndUpdate"), 202);
	fetch(w, "PACKAGE");
	package(w, w->j.row.path, "PACK");
	next(w, FIRMWARE_NOTHING);
	assert_int_equal(state(w), 80);
	told(w, "srv 1226 ./FUMO/dmsc downloadandupdate int critical 402 'c-1'\nwish srv firmware\n");
}

static void files(struct world *w)
{
	int dir = firmware_dir(w->dir);
	uint64_t size;
	struct stat st;

	package(w, "aaaaaaaaaaaaaaaa", "A");
	package(w, "bbbbbbbbbbbbbbbb", "BB");
	assert_int_equal(fstatat(dir, "aaaaaaaaaaaaaaaa.pkg", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fstat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(firmware_sweep(dir, "bbbbbbbbbbbbbbbb"), 0);
	assert_int_equal(firmware_package_size(dir, "aaaaaaaaaaaaaaaa", &size), -ENOENT);
	assert_int_equal(firmware_package_size(dir, "bbbbbbbbbbbbbbbb", &size), 0);
	assert_int_equal(size, 2);
	assert_int_equal(firmware_package_size(dir, "", &size), -ENOENT);
	assert_int_equal(symlinkat("bbbbbbbbbbbbbbbb.pkg", dir, "cccccccccccccccc.pkg"), 0);
	assert_int_equal(firmware_package_size(dir, "cccccccccccccccc", &size), -ENOENT);
	assert_int_equal(firmware_sweep(dir, NULL), 0);
	assert_int_equal(firmware_package_size(dir, "bbbbbbbbbbbbbbbb", &size), -ENOENT);
	close(dir);
}

#define CASES(F) F(whole_way) F(two_steps) F(by_value) F(download_fails) F(power_cuts) \
	F(after_reboot) F(package_gone) F(files)
#define TEST(fn) static void test_##fn(void **state) { struct world w; world_init(&w); fn(&w); \
	world_fini(&w); }
#define LISTED(fn) cmocka_unit_test(test_##fn),
CASES(TEST)

int main(void)
{
	const struct CMUnitTest tests[] = { CASES(LISTED) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
