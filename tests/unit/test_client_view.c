// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-client's view of passing messages: what it shows, what it must not, and statuses matched to commands. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The program's own file: it is not part of the library. */
#include "dmsc-client/view.c"

#define HEAD \
	"<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>" \
	"<SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>t</LocURI></Target>" \
	"<Source><LocURI>s</LocURI></Source></SyncHdr><SyncBody>"
#define TAIL "<Final/></SyncBody></SyncML>"
#define ITEM(uri, data) \
	"<Item><Target><LocURI>" uri "</LocURI></Target><Data>" data "</Data></Item>"
#define STATUS(ref, cmd, target, code) \
	"<Status><CmdID>9</CmdID><MsgRef>1</MsgRef><CmdRef>" ref "</CmdRef><Cmd>" cmd "</Cmd>" target \
	"<Data>" code "</Data></Status>"
#define TARGET(uri) "<TargetRef>" uri "</TargetRef>"

struct engine {
	int headers, commands, ends;
	int fail;
};

static int eat_header(void *ctx, const struct dm_hdr *h)
{
	((struct engine *)ctx)->headers++;
	return 0;
}

static int eat_command(void *ctx, const struct dm_cmd *c)
{
	struct engine *e = ctx;

	e->commands++;
	return e->fail;
}

static int eat_end(void *ctx, bool final)
{
	((struct engine *)ctx)->ends++;
	return 0;
}

static const struct dm_sink engine_sink = { .header = eat_header, .command = eat_command, .end = eat_end };

static int feed(struct view *v, struct engine *e, const char *msg)
{
	return view_in(v, CODEC_XML, slice_str(msg), &engine_sink, e, NULL);
}

static void test_engine_sees_everything(void **state)
{
	struct engine e = { 0 };
	struct view v;

	view_init(&v);
	assert_int_equal(feed(&v, &e, HEAD "<Get><CmdID>2</CmdID>" ITEM("./A", "") "</Get>" TAIL), 0);
	assert_int_equal(e.headers, 1);
	assert_int_equal(e.commands, 1);
	assert_int_equal(e.ends, 1);
	e.fail = -ECANCELED;
	assert_int_equal(feed(&v, &e, HEAD "<Get><CmdID>2</CmdID>" ITEM("./A", "") "</Get>" TAIL),
			 -ECANCELED);
	assert_int_equal(e.ends, 1);
	view_fini(&v);
}

static void test_line_has_names_but_no_values(void **state)
{
	struct engine e = { 0 };
	struct view v;

	view_init(&v);
	assert_int_equal(feed(&v, &e, HEAD STATUS("0", "SyncHdr", "", "212")
			      "<Replace><CmdID>2</CmdID>" ITEM("./A/Secret", "hush") "</Replace>"
			      "<Alert><CmdID>3</CmdID><Data>1101</Data></Alert>" TAIL), 0);
	assert_string_equal(view_line(&v), "Status 212 SyncHdr, Replace ./A/Secret, Alert 1101");
	view_out(&v, CODEC_XML, slice_str(HEAD STATUS("2", "Replace", "", "200")
		 "<Results><CmdID>4</CmdID><CmdRef>2</CmdRef><Item><Source><LocURI>./A</LocURI></Source>"
		 "<Data>hush</Data></Item></Results>" TAIL));
	assert_null(strstr(view_line(&v), "hush"));
	assert_non_null(strstr(view_line(&v), "Results ./A"));
	view_fini(&v);
}

static void test_statuses_find_their_commands(void **state)
{
	struct engine e = { 0 };
	struct view v;

	view_init(&v);
	assert_int_equal(feed(&v, &e, HEAD
			      "<Add><CmdID>2</CmdID>" ITEM("./A", "1") ITEM("./B", "2") "</Add>"
			      "<Get><CmdID>3</CmdID>" ITEM("./A", "") ITEM("./B", "") "</Get>"
			      "<Delete><CmdID>4</CmdID>" ITEM("./C", "") "</Delete>" TAIL), 0);
	assert_int_equal(v.nops, 5);
	/* One for the whole Get; the Add's by target and in the other order; none for Delete. */
	view_out(&v, CODEC_XML, slice_str(HEAD STATUS("0", "SyncHdr", "", "200")
		 STATUS("2", "Add", TARGET("./B"), "418") STATUS("2", "Add", TARGET("./A"), "200")
		 STATUS("3", "Get", "", "425") TAIL));
	assert_int_equal(v.ops[0].status, 200);
	assert_string_equal(v.ops[0].uri, "./A");
	assert_int_equal(v.ops[1].status, 418);
	assert_int_equal(v.ops[2].status, 425);
	assert_int_equal(v.ops[3].status, 425);
	assert_int_equal(v.ops[4].status, 0);
	assert_int_equal(v.ops[4].kind, DM_CMD_DELETE);
	view_fini(&v);
}

static void test_members_of_containers_count(void **state)
{
	struct engine e = { 0 };
	struct view v;

	view_init(&v);
	assert_int_equal(feed(&v, &e, HEAD "<Atomic><CmdID>2</CmdID><Add><CmdID>3</CmdID>"
			      ITEM("./A", "1") "</Add></Atomic>" TAIL), 0);
	assert_int_equal(v.nops, 1);
	assert_string_equal(view_line(&v), "Atomic, Add ./A");
	view_fini(&v);
}

static void test_many_commands_are_bounded(void **state)
{
	struct engine e = { 0 };
	struct buf msg = BUF_INIT;
	struct view v;

	view_init(&v);
	buf_put_str(&msg, HEAD);
	for (int i = 0; i < VIEW_OPS_MAX + 10; i++)
		buf_printf(&msg, "<Get><CmdID>%d</CmdID>" ITEM("./A", "") "</Get>", i + 2);
	buf_put_str(&msg, TAIL);
	assert_int_equal(feed(&v, &e, buf_cstr(&msg)), 0);
	assert_int_equal(e.commands, VIEW_OPS_MAX + 10);
	assert_int_equal(v.nops, VIEW_OPS_MAX);
	assert_true(strlen(view_line(&v)) < 1000);
	assert_non_null(strstr(view_line(&v), " more"));
	/* The next message starts afresh. */
	assert_int_equal(feed(&v, &e, HEAD TAIL), 0);
	assert_int_equal(v.nops, 0);
	assert_string_equal(view_line(&v), "");
	buf_fini(&msg);
	view_fini(&v);
}

/* A long CmdID or URI, said once, counts for every item: neither is kept whole. */
static void test_long_names_are_kept_short(void **state)
{
	struct engine e = { 0 };
	struct buf m = BUF_INIT;
	struct view v;

	view_init(&v);
	buf_put_str(&m, HEAD "<Get><CmdID>");
	for (int i = 0; i < 5000; i++)
		buf_put_u8(&m, '7');
	buf_put_str(&m, "</CmdID>" ITEM("./A", "") "<Item><Target><LocURI>./");
	for (int i = 0; i < 5000; i++)
		buf_put_u8(&m, 'u');
	buf_put_str(&m, "</LocURI></Target></Item></Get>" TAIL);
	assert_int_equal(buf_error(&m), 0);
	assert_int_equal(feed(&v, &e, buf_cstr(&m)), 0);
	assert_int_equal(v.nops, 2);
	assert_string_equal(v.ops[0].cmd_id, "");
	assert_string_equal(v.ops[0].uri, "./A");
	assert_int_equal(strlen(v.ops[1].uri), 1024);
	buf_fini(&m);
	view_fini(&v);
}

static void test_what_is_no_message(void **state)
{
	struct engine e = { 0 };
	struct view v;

	view_init(&v);
	assert_true(feed(&v, &e, "<html>welcome</html>") < 0);
	assert_int_equal(e.ends, 0);
	view_out(&v, CODEC_WBXML, SLICE_LIT("\2garbage"));
	assert_non_null(strstr(view_line(&v), "unreadable"));
	view_fini(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_engine_sees_everything),
		cmocka_unit_test(test_line_has_names_but_no_values),
		cmocka_unit_test(test_statuses_find_their_commands),
		cmocka_unit_test(test_members_of_containers_count),
		cmocka_unit_test(test_many_commands_are_bounded),
		cmocka_unit_test(test_long_names_are_kept_short),
		cmocka_unit_test(test_what_is_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
