// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sessions recorded and replayed: the answers of persons and programs, repeated
 * and broken messages, an abort; and that a difference in what the engine does
 * is noticed. tests/client/test does the same with whole programs.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"

/* The program's own files: they are not part of the library. */
#include "dmsc-client/player.c"
#include "dmsc-client/player_diff.c"
#include "dmsc-client/player_world.c"
#include "dmsc-client/record.c"
#include "dmsc-client/tape.c"
#include "dmsc-client/trace.c"

#define ME FAR_SERVER
#define ALL "Add=" ME "&Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME

struct session {
	struct far_end f;
	struct record r;
	char dir[64];
	unsigned int msg_id;
};

static enum dm_status answer(void *ctx, const struct dm_ui_request *req, struct dm_ui_answer *a)
{
	if (req->code == 1101)
		return DM_ST_NOT_MODIFIED;
	buf_put_str(&a->text, "what was typed");
	a->chosen[0] = 3;
	a->chosen[1] = 1;
	a->nchosen = 2;
	return DM_ST_OK;
}

/* Counts up, so that no two draws are alike. */
static int draw(void *ctx, void *p, size_t n)
{
	static uint8_t next;

	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = next++;
	return 0;
}

static void begin(struct session *s)
{
	strcpy(s->dir, "/tmp/dmsc-test-replay-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	far_init(&s->f);
	far_node(&s->f, "./T", NULL, ALL);
	far_node(&s->f, "./T/a", "one", NULL);
	far_node(&s->f, "./T/Run", "", NULL);
	s->f.ops.cmd.ui = answer;
	s->f.ops.random = draw;
}

static void start(struct session *s)
{
	assert_int_equal(record_open(&s->r, s->dir), 0);
	record_config(&s->r, &s->f.cfg, CODEC_XML);
	s->f.s = dm_session_new(&s->f.cfg);
	assert_non_null(s->f.s);
	assert_int_equal(record_start(&s->r, s->f.s, s->f.now, &s->f.out), 0);
}

static int receive(struct session *s, const char *bytes)
{
	int rc;

	s->f.now += 7;
	record_message(&s->r, s->f.s, s->f.now);
	record_in(&s->r, CODEC_XML, "", slice_str(bytes));
	rc = codec_decode(CODEC_XML, slice_str(bytes), NULL, dm_session_sink(), s->f.s, NULL);
	record_decoded(&s->r, rc);
	return record_reply(&s->r, s->f.s, s->f.now, &s->f.out);
}

static int message(struct session *s, const char *hdr, const char *body)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_printf(&b, "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD>"
		   "<VerProto>DM/1.2</VerProto><SessionID>AB</SessionID><MsgID>%u</MsgID><Target>"
		   "<LocURI>" FAR_DEVICE "</LocURI></Target><Source><LocURI>x</LocURI></Source>%s"
		   "</SyncHdr><SyncBody><Status><CmdID>1</CmdID><MsgRef>%u</MsgRef><CmdRef>0</CmdRef>"
		   "<Cmd>SyncHdr</Cmd><Data>212</Data></Status>%s<Final/></SyncBody></SyncML>",
		   s->msg_id, hdr, dm_session_result(s->f.s)->messages_out, body);
	return receive(s, buf_cstr(&b));
}

static int next_message(struct session *s, const char *body)
{
	s->msg_id++;
	return message(s, "", body);
}

/* Ends the recording; nothing of the session is left but its files. */
static void end(struct session *s)
{
	assert_true(record_close(&s->r, s->f.s));
	far_fini(&s->f);
}

/* What the replay says, in @said when it differs. */
static enum player_end replay(struct session *s, char said[512])
{
	struct player p = { .tnds = &far_tnds_ops };
	enum player_end e = player_run(&p, s->dir);

	if (said)
		snprintf(said, 512, "%s%s", buf_cstr(&p.text), p.tape.error);
	if (e == PLAYER_BAD)
		print_message("%s\n", p.tape.error);
	player_fini(&p);
	return e;
}

static void clean(struct session *s)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -r %s", s->dir);
	assert_int_equal(system(cmd), 0);
}

static bool recorded(struct session *s, const char *text)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char name[96];

	snprintf(name, sizeof(name), "%s/" RECORD_FILE, s->dir);
	assert_int_equal(buf_read_file(&b, name), 0);
	return memmem(b.data, b.len, text, strlen(text)) != NULL;
}

/* --- tests --------------------------------------------------------------- */

static void answers(void **state)
{
	struct session s = { 0 };

	begin(&s);
	start(&s);
	assert_int_equal(next_message(&s, ALERT("2", "1102", DATA("") DATA("Name?"))
				      ALERT("3", "1104", DATA("") DATA("Which?") DATA("a") DATA("b")
					    DATA("c")) EXEC("4", "./T/Run") EXEC("5", "./T/a")
				      "<Sequence><CmdID>6</CmdID>"
				      ALERT("7", "1101", DATA("") DATA("Sure?")) DEL("8", "./T/a")
				      "</Sequence>"), 1);
	assert_non_null(strstr(buf_cstr(&s.f.out), "what was typed"));
	assert_int_equal(next_message(&s, REP("2", "./T/a", "two") GET("3", "./T?list=TNDS")), 1);
	assert_int_equal(next_message(&s, ""), 0);
	end(&s);
	assert_true(recorded(&s, "\nui 1102 200 =what%20was%20typed 2 3 1\n"));
	assert_true(recorded(&s, " 202 0\nexec "));
	assert_int_equal(replay(&s, NULL), PLAYER_SAME);
	clean(&s);
}

/* The same message again, one that breaks off, one of another session. */
static void repeated_and_broken(void **state)
{
	struct session s = { 0 };

	begin(&s);
	start(&s);
	assert_int_equal(next_message(&s, ADD("2", "./T/b", "x")), 1);
	assert_int_equal(message(&s, "", ADD("2", "./T/b", "x")), 1);
	assert_int_equal(next_message(&s, ADD("2", "./T/c", "x")), 1);
	assert_int_equal(receive(&s, "<SyncML><SyncHdr><VerDTD>1.2"), 2);
	end(&s);
	assert_true(recorded(&s, "decoded malformed\nreply "));
	assert_true(recorded(&s, "end malformed "));
	assert_int_equal(replay(&s, NULL), PLAYER_SAME);
	clean(&s);
}

/* Nonces are drawn and kept, the store refuses once, and what was dirty before. */
static void nonces_and_stores(void **state)
{
	struct session s = { 0 };

	begin(&s);
	s.f.account.server.present = true;
	s.f.account.server.type = DM_AUTH_MD5;
	buf_put_str(&s.f.account.server.secret, "theirs");
	s.f.cfg.insist_srvcred = true;
	s.f.cfg.session_id = 0;
	s.f.cfg.max_obj_size = 5000;
	assert_int_equal(dm_tree_set_title(s.f.tree, far_find(&s.f, "./T"), SLICE_LIT("t"), 5), 0);
	start(&s);
	assert_int_equal(next_message(&s, ADD("2", "./T/b", "x")), 2);
	end(&s);
	assert_true(recorded(&s, "\nrandom 0 ="));
	assert_int_equal(replay(&s, NULL), PLAYER_SAME);
	clean(&s);

	memset(&s, 0, sizeof(s));
	begin(&s);
	assert_int_equal(dm_tree_set_title(s.f.tree, far_find(&s.f, "./T"), SLICE_LIT("t"), 5), 0);
	start(&s);
	assert_int_equal(next_message(&s, GET("2", "./T?list=Struct")), 1);
	s.f.commit_rc = -ENOSPC;
	assert_int_equal(next_message(&s, ADD("2", "./T/b", "x")), 2);
	end(&s);
	assert_true(recorded(&s, "\ntree ") && recorded(&s, "commit 0\n") && recorded(&s, "commit -28\n"));
	assert_int_equal(replay(&s, NULL), PLAYER_SAME);
	clean(&s);
}

static void aborted(void **state)
{
	struct session s = { 0 };

	begin(&s);
	s.f.ops.cmd.ui = NULL;
	s.f.cfg.tnds = NULL;
	start(&s);
	assert_int_equal(next_message(&s, ALERT("2", "1100", DATA("")) GET("3", "./T?list=TNDS")), 1);
	assert_int_equal(record_abort(&s.r, s.f.s, "no more", &s.f.out), 1);
	end(&s);
	assert_int_equal(replay(&s, NULL), PLAYER_SAME);
	clean(&s);
}

/* An Exec that works on the tree itself cannot be replayed, and it is said. */
static enum dm_status exec_changes(void *ctx, struct dm_tree *t, struct dm_node *n,
				   struct slice data, struct slice correlator)
{
	assert_int_equal(dm_tree_set_title(t, n, SLICE_LIT("ran"), 5), 0);
	return DM_ST_OK;
}

static void exec_with_consequences(void **state)
{
	struct session s = { 0 };
	char said[512];

	begin(&s);
	s.f.ops.cmd.exec = exec_changes;
	start(&s);
	assert_int_equal(next_message(&s, EXEC("2", "./T/Run")), 1);
	end(&s);
	assert_int_equal(replay(&s, said), PLAYER_BAD);
	assert_non_null(strstr(said, "is not recorded"));
	clean(&s);
}

/* The recorded tree, account and time matter: with another one, the replay differs. */
static void a_difference(void **state)
{
	static const struct { const char *from, *to, *word; } changes[] = {
		{ " =a =text/plain - - =one\n", " =a =text/plain - - =One\n", "message 2 (002-out.xml)" },
		{ "=IMEI:004999010640000 171", "=IMEI:004999010640001 171", "message 1 (001-out.xml)" },
		{ "message 1000000007\n", "message 1000000008\n", "message 2 (002-out.xml)" },
		{ "reply 1000000014\n", "reply 1000000015\n", NULL },
		{ "replied 1\n", "replied 2\n", "'replied' gives 1" },
		{ "end normal ", "end formal ", "ends as 'normal'" },
	};
	char said[512], name[96];
	struct session s = { 0 };

	begin(&s);
	start(&s);
	assert_int_equal(next_message(&s, REP("2", "./T/Run", "x") GET("3", "./T/a")
				      GET("4", "./T/Run?prop=TStamp")), 1);
	assert_int_equal(next_message(&s, ""), 0);
	end(&s);
	assert_int_equal(replay(&s, said), PLAYER_SAME);
	snprintf(name, sizeof(name), "%s/" RECORD_FILE, s.dir);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		size_t n = strlen(changes[i].from);
		uint8_t *at;
		FILE *f;

		assert_int_equal(buf_read_file(&b, name), 0);
		at = memmem(b.data, b.len, changes[i].from, n);
		assert_non_null(at);
		memcpy(at, changes[i].to, n);
		/* Changed by hand: without its sum it is replayed as far as it goes. */
		at = memmem(b.data, b.len, "\nsum ", 5);
		f = fopen(name, "w");
		assert_int_equal(fwrite(b.data, 1, (size_t)(at - b.data) + 1, f), at - b.data + 1);
		fclose(f);
		if (changes[i].word) {
			assert_int_equal(replay(&s, said), PLAYER_DIFFERS);
			assert_non_null(strstr(said, changes[i].word));
		} else {
			assert_int_equal(replay(&s, said), PLAYER_BAD);
			assert_non_null(strstr(said, "all is identical"));
		}
		at = memmem(b.data, b.len, changes[i].to, n);
		memcpy(at, changes[i].from, n);
		f = fopen(name, "w");
		assert_int_equal(fwrite(b.data, 1, b.len, f), b.len);
		fclose(f);
	}
	assert_int_equal(replay(&s, said), PLAYER_SAME);
	clean(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(repeated_and_broken),
		cmocka_unit_test(nonces_and_stores),
		cmocka_unit_test(aborted),
		cmocka_unit_test(exec_with_consequences),
		cmocka_unit_test(a_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
