// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The history whose every moment is then lost: a store is made, a card
 * bootstraps an account into it, and that server holds a session of ten
 * messages; store, engine and codec are the client's.
 */
#include "crash.h"

#include <fcntl.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../unit/dm_far_end.h"
#include "mo/dmacc.h"
#include "mo/mo.h"
#include "vfs.h"

#define BIG 3000	/* times "large object " in the longest value */

/* In order. Message 0: what the bootstrap left. */
static const struct fact facts[] = {
	{ 0, "./DMAcc/" FAR_SERVER "/ServerID", 'v', FAR_SERVER, 0 },
	{ 1, "./DMAcc/" FAR_SERVER "/AppAuth/1/AAuthData", 'v', "next", 0 },
	{ 1, "./Vendor/a", 'v', "one", 0 },
	{ 1, "./Vendor/b", 'v', "two", 0 },
	{ 2, "./Vendor/a", 'v', "changed", 0 },
	{ 2, "./Vendor", 'a', "Add=*&Get=*&Replace=*&Delete=*", 0 },
	{ 2, "./Vendor/a", 't', "A title", 0 },
	{ 3, "./Vendor/long", 'v', "0123456789abcdef", 640 },
	{ 4, "./Vendor/b", '0', NULL, 0 },
	{ 4, "./Vendor/moved", 'v', "two", 0 },
	/* Atomic, failed: nothing of it. */
	{ 5, "./Vendor/x", '0', NULL, 0 },
	{ 5, "./Vendor/a", 'v', "changed", 0 },
	/* Atomic, done. */
	{ 6, "./Vendor/x", 'v', "here", 0 },
	{ 6, "./Vendor/a", 'v', "atomic", 0 },
	{ 6, "./Vendor/moved", '0', NULL, 0 },
	{ 7, "./Vendor/copy", 'v', "0123456789abcdef", 640 },
	{ 7, "./Vendor/sub/one", 'v', "1", 0 },
	{ 7, "./Vendor/sub/two", 'v', "2", 0 },
	/* 8: the first part of a large object, not a change yet; 9: its end. */
	{ 8, "./Vendor/big", '0', NULL, 0 },
	{ 9, "./Vendor/big", 'v', "large object ", BIG },
	{ 10, "./Vendor/sub", '0', NULL, 0 },
	{ 10, "./Vendor/sub/one", '0', NULL, 0 },
	{ 10, "./Vendor/sub/two", '0', NULL, 0 },
	{ 10, "./Vendor/long", '0', NULL, 0 },
	{ 10, "./Vendor/copy", 'v', "short", 0 },
};

static const char *const harm_names[HARMS] = {
	"none", "deaf-disk", "synchronous-normal", "no-journal", "reply-first", "two-commits",
};

const char *harm_name(enum harm h)
{
	return harm_names[h];
}

struct run {
	struct far_end far;	/* first: its ctx is ours */
	struct history *h;
	struct store *store;
	int64_t journal;
	enum harm harm;
	int message;		/* of the server, that is being worked on */
	size_t durable;		/* the last state whose commit waited for the disk */
	size_t begun;
};

/* --- what is recorded --- */

static void *grown(void *p, size_t n, size_t size)
{
	p = realloc(p, n * size);
	assert_non_null(p);
	return p;
}

/* A commit is under way from here. */
static void begin(struct run *r)
{
	r->begun = disk_ops(r->h->disk);
}

static void add_state(struct run *r, struct dm_tree *t)
{
	struct history *h = r->h;

	h->states = grown(h->states, h->nstates + 1, sizeof(*h->states));
	h->states[h->nstates++] = (struct state){ dump_store(r->store, t), r->begun, r->message };
}

/* A commit that promises more than that readers see it. */
static void add_durable(struct run *r, struct dm_tree *t)
{
	add_state(r, t);
	r->durable = r->h->nstates - 1;
}

/* Somebody outside relies on @state from now on. */
static void say(struct run *r, size_t state)
{
	struct history *h = r->h;

	h->saids = grown(h->saids, h->nsaids + 1, sizeof(*h->saids));
	h->saids[h->nsaids++] = (struct said){ disk_ops(h->disk), state, r->message };
}

/* --- the client's part --- */

static int commit_halves(struct run *r, struct dm_tree *t)
{
	int err = store_begin(r->store);

	if (!err)
		err = store_session_note(r->store, r->journal, "half", SLICE_LIT("."), 0);
	if (!err)
		err = store_commit(r->store);
	return err ? err : store_tree_commit(r->store, t);
}

static int commit(void *ctx, struct dm_tree *t)
{
	struct run *r = ctx;
	int err;

	begin(r);
	if (r->harm == HARM_REPLY_FIRST)
		say(r, r->h->nstates);
	err = r->harm == HARM_TWO_COMMITS ? commit_halves(r, t) : store_tree_commit(r->store, t);
	if (!err)
		add_durable(r, t);
	return err;
}

static void open_store(struct run *r, int checkpoint)
{
	char sql[64];

	assert_int_equal(store_open(r->h->dir, STORE_WRITE, 0, &r->store), 0);
	if (r->harm == HARM_NORMAL)
		assert_int_equal(vfs_sql("PRAGMA synchronous = NORMAL"), 0);
	if (r->harm == HARM_NO_JOURNAL)
		assert_int_equal(vfs_sql("PRAGMA journal_mode = MEMORY"), 0);
	snprintf(sql, sizeof(sql), "PRAGMA wal_autocheckpoint = %d", checkpoint);
	if (checkpoint)
		assert_int_equal(vfs_sql(sql), 0);
}

static void load_tree(struct run *r)
{
	dm_tree_free(r->far.tree);
	r->far.tree = r->far.cfg.tree = dm_tree_new();
	assert_non_null(r->far.tree);
	assert_int_equal(store_tree_load(r->store, r->far.tree), 0);
}

static void install(struct run *r)
{
	struct mo_facts f = { .dev_id = FAR_DEVICE, .man = "Maker", .mod = "Model", .dmv = "1",
			      .lang = "en", .limits = { 16, 255, 64 } };

	assert_int_equal(mo_install(r->far.tree, &f, r->far.now), 0);
}

/* A card's account and what is remembered of the card come together. */
static void bootstrap(struct run *r)
{
	const struct dmacc_new n = {
		.server_id = SLICE_LIT(FAR_SERVER), .url = SLICE_LIT("https://srv.example/dm"),
		.auth = DM_AUTH_MD5, .user = SLICE_LIT("Bruce2"), .secret = SLICE_LIT("OhBehave"),
		.nonce = SLICE_LIT("Nonce"),
	};
	struct store_origin o = { .slot = "virt:demo", .iccid_len = 10, .created = 5 };
	struct store_card c = { .iccid_len = 10, .server = FAR_SERVER, .phase = STORE_CARD_PENDING, .seq = 7 };

	r->message = 0;
	begin(r);
	assert_int_equal(store_begin(r->store), 0);
	assert_int_equal(store_origin_put(r->store, &o), 0);
	assert_int_equal(store_card_put(r->store, &c), 0);
	assert_int_equal(dmacc_add(r->far.tree, &n, r->far.now), 0);
	assert_int_equal(store_tree_commit(r->store, r->far.tree), 0);
	add_durable(r, r->far.tree);
	say(r, r->durable);
}

/* The journal has each status before the server has it, unless the power goes. */
static void write_notes(struct run *r)
{
	const char *line = buf_cstr(&r->far.said);
	char cmd[16];
	int status;

	begin(r);
	assert_int_equal(store_begin_soon(r->store), 0);
	for (; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (sscanf(line, "S %*d %15s %d", cmd, &status) == 2)
			assert_int_equal(store_session_note(r->store, r->journal, cmd,
							    SLICE_LIT("./x"), status), 0);
	assert_int_equal(store_commit(r->store), 0);
	add_state(r, r->far.tree);
}

/* One message of the server; its answer is what @expected says, and leaves when all is done. */
static void message(struct run *r, unsigned int status, const char *body, bool final,
		    const char *expected)
{
	int rc;

	r->message++;
	r->far.now++;
	rc = far_message(&r->far, status, body, final);
	assert_true(rc == 1 || (rc == 0 && r->message == 10));
	if (strcmp(buf_cstr(&r->far.said), expected) != 0) {
		fprintf(stderr, "crash: message %d was answered\n%sinstead of\n%s", r->message,
			buf_cstr(&r->far.said), expected);
		exit(2);
	}
	write_notes(r);
	say(r, r->durable);
}

/* --- the session --- */

#define NEXT_NONCE "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef>" \
	"<Cmd>SyncHdr</Cmd><Chal><Meta><Type xmlns='syncml:metinf'>syncml:auth-md5</Type>" \
	"<Format xmlns='syncml:metinf'>b64</Format>" \
	"<NextNonce xmlns='syncml:metinf'>bmV4dA==</NextNonce></Meta></Chal><Data>212</Data></Status>"

static void repeated(struct buf *b, const char *head, const char *unit, size_t n, const char *tail)
{
	buf_reset(b);
	buf_put_str(b, head);
	for (size_t i = 0; i < n; i++)
		buf_put_str(b, unit);
	buf_put_str(b, tail);
	assert_int_equal(buf_error(b), 0);
}

static void first_half(struct run *r)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	message(r, 0, NEXT_NONCE ADDN("2", "./Vendor") ADD("3", "./Vendor/a", "one")
		ADD("4", "./Vendor/b", "two") GET("5", "./DevInfo/Man"), true,
		"H 200\nS 2 Add 200\nS 3 Add 200\nS 4 Add 200\nS 5 Get 200\n"
		"R 5 ./DevInfo/Man Maker\nF\n");
	message(r, 212, REP("2", "./Vendor/a", "changed")
		REP("3", "./Vendor?prop=ACL", "Add=*&amp;Get=*&amp;Replace=*&amp;Delete=*")
		REP("4", "./Vendor/a?prop=Title", "A title"), true,
		"H 200\nS 2 Replace 200\nS 3 Replace 200\nS 4 Replace 200\nF\n");
	repeated(&b, "<Add><CmdID>2</CmdID><Item><Target><LocURI>./Vendor/long</LocURI></Target><Data>",
		 "0123456789abcdef", 640, "</Data></Item></Add>");
	message(r, 212, buf_cstr(&b), true, "H 200\nS 2 Add 200\nF\n");
	message(r, 212, REP("2", "./Vendor/b?prop=Name", "moved") GET("3", "./Vendor/moved"), true,
		"H 200\nS 2 Replace 200\nS 3 Get 200\nR 3 ./Vendor/moved two\nF\n");
	message(r, 212, ATOMIC("2", ADD("3", "./Vendor/x", "lost") REP("4", "./Vendor/a", "lost")
		DEL("5", "./Vendor/none")), true,
		"H 200\nS 2 Atomic 507\nS 3 Add 216\nS 4 Replace 216\nS 5 Delete 404\nF\n");
}

static void second_half(struct run *r)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	message(r, 212, ATOMIC("2", ADD("3", "./Vendor/x", "here") REP("4", "./Vendor/a", "atomic")
		DEL("5", "./Vendor/moved")), true,
		"H 200\nS 2 Atomic 200\nS 3 Add 200\nS 4 Replace 200\nS 5 Delete 200\nF\n");
	message(r, 212, COPY("2", "./Vendor/long", "./Vendor/copy") ADD("3", "./Vendor/sub/one", "1")
		ADD("4", "./Vendor/sub/two", "2"), true,
		"H 200\nS 2 Copy 200\nS 3 Add 200\nS 4 Add 200\nF\n");
	repeated(&b, "<Add><CmdID>2</CmdID><Item><Target><LocURI>./Vendor/big</LocURI></Target>"
		 "<Meta><Size xmlns='syncml:metinf'>39000</Size></Meta><Data>", "large object ",
		 BIG / 3, "</Data><MoreData/></Item></Add>");
	message(r, 212, buf_cstr(&b), false, "H 200\nS 2 Add 213\nA 1222\n");
	repeated(&b, "<Add><CmdID>2</CmdID><Item><Target><LocURI>./Vendor/big</LocURI></Target><Data>",
		 "large object ", BIG - BIG / 3, "</Data></Item></Add>");
	message(r, 212, buf_cstr(&b), true, "H 200\nS 2 Add 200\nF\n");
	message(r, 212, DEL("2", "./Vendor/sub") DEL("3", "./Vendor/long")
		REP("4", "./Vendor/copy", "short"), true,
		"H 200\nS 2 Delete 200\nS 3 Delete 200\nS 4 Replace 200\nF\n");
}

static void session(struct run *r)
{
	dm_account_fini(&r->far.account);
	assert_int_equal(dmacc_read(r->far.tree, SLICE_LIT(FAR_SERVER), &r->far.account), 0);
	begin(r);
	assert_int_equal(store_session_begin(r->store, FAR_SERVER, "card", r->far.now, &r->journal), 0);
	add_durable(r, r->far.tree);
	far_start(&r->far);
	first_half(r);
	second_half(r);
	assert_int_equal(far_message(&r->far, 212, "", true), 0);
	assert_int_equal(dm_session_result(r->far.s)->end, DM_END_NORMAL);
	begin(r);
	assert_int_equal(store_session_end(r->store, r->journal, "completed", "", 11, r->far.now), 0);
	add_durable(r, r->far.tree);
	say(r, r->durable);
}

static void new_history(struct history *h)
{
	h->disk = disk_new();
	h->facts = facts;
	h->nfacts = sizeof(facts) / sizeof(facts[0]);
	strcpy(h->dir, "/tmp/dmsc-crash-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	vfs_use(h->disk);
}

struct history *history_make(enum harm harm, int checkpoint)
{
	struct history *h = calloc(1, sizeof(*h));
	struct run r = { .h = h, .harm = harm, .message = -1 };

	assert_non_null(h);
	new_history(h);
	far_init(&r.far);
	r.far.ops.commit = commit;
	vfs_deaf(harm == HARM_DEAF_DISK);
	begin(&r);
	open_store(&r, checkpoint);
	load_tree(&r);
	add_state(&r, r.far.tree);
	install(&r);
	bootstrap(&r);
	store_close(r.store);

	open_store(&r, checkpoint);
	load_tree(&r);
	install(&r);
	session(&r);
	store_close(r.store);
	vfs_deaf(false);
	far_fini(&r.far);
	return h;
}

void history_free(struct history *h)
{
	char path[128];

	for (size_t i = 0; i < h->nstates; i++)
		free(h->states[i].text);
	free(h->states);
	free(h->saids);
	disk_free(h->disk);
	snprintf(path, sizeof(path), "%s/" STORE_LOCK_FILE, h->dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/" STORE_FILE, h->dir);
	unlink(path);
	rmdir(h->dir);
	free(h);
}
