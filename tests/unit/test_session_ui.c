// SPDX-License-Identifier: GPL-2.0-or-later
/* Alerts in a session: questions to the person, Generic Alerts, those about the session. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"
#include "util/str.h"

#define ASK(id, code) ALERT(id, code, DATA("") DATA("?") DATA("a") DATA("b") DATA("c"))

/* --- a person of the tests' own ---------------------------------------------- */

static struct {
	enum dm_status answer;
	const char *text;
	unsigned int chosen[DM_UI_MAX_CHOICES + 2];
	size_t nchosen;
	struct buf asked;	/* "1101 [options] text|choice|choice\n" */
	struct dm_ui_options opts;
	unsigned int times;
} person;

static enum dm_status ui(void *ctx, const struct dm_ui_request *req, struct dm_ui_answer *a)
{
	buf_printf(&person.asked, "%u [%.*s] %.*s", req->code, (int)req->options.n,
		   req->options.p ? (const char *)req->options.p : "", (int)req->text.n,
		   (const char *)req->text.p);
	for (size_t i = 0; i < req->nchoices; i++)
		buf_printf(&person.asked, "|%.*s", (int)req->choices[i].data.n,
			   (const char *)req->choices[i].data.p);
	buf_put_u8(&person.asked, '\n');
	person.opts = req->opts;
	person.times++;
	if (person.text)
		buf_put_str(&a->text, person.text);
	memcpy(a->chosen, person.chosen, sizeof(a->chosen));
	a->nchosen = person.nchosen;
	return person.answer;
}

static void asks(struct far_end *f, enum dm_status answer)
{
	person.answer = answer;
	f->ui = ui;
	far_node(f, "./T", NULL, "Add=*&Get=*&Replace=*&Delete=*");
}

static void chooses(unsigned int a, unsigned int b, unsigned int c, size_t n)
{
	person.chosen[0] = a;
	person.chosen[1] = b;
	person.chosen[2] = c;
	person.nchosen = n;
}

/* --- what is asked ------------------------------------------------------------ */

/* Rules: UI-1 */
static void nobody(struct far_end *f)
{
	far_do(f, ASK("2", "1100") ASK("3", "1101") ASK("4", "1102") ASK("5", "1103")
	       ASK("6", "1104") GET("7", "./DevInfo/Man"),
	       "S 2 Alert 406\nS 3 Alert 406\nS 4 Alert 406\nS 5 Alert 406\nS 6 Alert 406\n"
	       "S 7 Get 200\nR 7 ./DevInfo/Man Maker\n");
}

/* Rules: UI-2 UI-3 UI-20 UI-24 */
static void items(struct far_end *f)
{
	asks(f, DM_ST_OK);
	chooses(1, 0, 0, 1);
	far_do(f, ALERT("2", "1103", DATA("MINDT=7&amp;DR=2") DATA("Which?") DATA("one") DATA("")
			DATA("three"))
	       ALERT("3", "1100", "<Item></Item>" DATA("shown")), "S 2 Alert 200 1\nS 3 Alert 200\n");
	assert_string_equal(buf_cstr(&person.asked),
			    "1103 [MINDT=7&DR=2] Which?|one||three\n1100 [] shown\n");
	assert_false(person.opts.has_default);
}

/* Rules: UI-18 UI-24 */
static void options(struct far_end *f)
{
	asks(f, DM_ST_OK);
	chooses(1, 0, 0, 1);
	far_do(f, ALERT("2", "1103", DATA("MINDT=7&amp;DR=2") DATA("?") DATA("a") DATA("b")),
	       "S 2 Alert 200 1\n");
	assert_int_equal(person.opts.min_s, 7);
	assert_int_equal(person.opts.chosen, 2);
}

/* Rules: UI-28 */
static void incomplete(struct far_end *f)
{
	asks(f, DM_ST_OK);
	far_do(f, ALERT("2", "1100", "") ALERT("3", "1101", DATA("")) ALERT("4", "1102",
		DATA("") "<Item></Item>") ALERT("5", "1103", DATA("") DATA("?"))
	       ALERT("6", "1104", DATA("") DATA("?") "<Item></Item>"),
	       "S 2 Alert 400\nS 3 Alert 400\nS 4 Alert 400\nS 5 Alert 400\nS 6 Alert 400\n");
	assert_int_equal(person.times, 0);
}

/* Rules: UI-17 */
static void too_many(struct far_end *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	asks(f, DM_ST_OK);
	chooses(DM_UI_MAX_CHOICES, 0, 0, 1);
	far_start(f);
	for (int n = DM_UI_MAX_CHOICES; n <= DM_UI_MAX_CHOICES + 1; n++) {
		buf_printf(&b, "<Alert><CmdID>%d</CmdID><Data>1103</Data>" DATA("") DATA("?"), n);
		for (int i = 0; i < n; i++)
			buf_put_str(&b, DATA("x"));
		buf_put_str(&b, "</Alert>");
	}
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200\nS 32 Alert 200 32\nS 33 Alert 416\nF\n");
	assert_int_equal(person.times, 1);
}

/* --- what is answered ---------------------------------------------------------- */

/* Rules: UI-4 UI-5 RD-4 RD-6 */
static void yes(struct far_end *f)
{
	asks(f, DM_ST_OK);
	person.text = "not wanted";
	chooses(1, 2, 3, 3);
	far_do(f, ASK("2", "1100") ASK("3", "1101"), "S 2 Alert 200\nS 3 Alert 200\n");
}

/* Rules: UI-6 UI-11 RD-4 RD-6 */
static void no(struct far_end *f)
{
	asks(f, DM_ST_NOT_MODIFIED);
	far_do(f, ADD("2", "./T/x", "1") ASK("3", "1101") ADD("4", "./T/y", "1"),
	       "S 2 Add 200\nS 3 Alert 304\nS 4 Add 200\n");
	assert_non_null(far_find(f, "./T/y"));
}

/* Rules: UI-9 ALERT-16 */
static void no_in_atomic(struct far_end *f)
{
	asks(f, DM_ST_NOT_MODIFIED);
	far_do(f, ATOMIC("2", ADD("3", "./T/x", "1") ASK("4", "1101") ADD("5", "./T/y", "1"))
	       ADD("6", "./T/z", "1"),
	       "S 2 Atomic 507\nS 3 Add 216\nS 4 Alert 304\nS 5 Add 215\nS 6 Add 200\n");
	assert_null(far_find(f, "./T/x"));
	assert_null(far_find(f, "./T/y"));
	assert_non_null(far_find(f, "./T/z"));
	/* Also when nothing comes behind it. */
	far_do(f, ATOMIC("2", ADD("3", "./T/x", "1") ASK("4", "1101")),
	       "S 2 Atomic 507\nS 3 Add 216\nS 4 Alert 304\n");
	assert_null(far_find(f, "./T/x"));
}

/* Yes lets it through. */
/* Rules: UI-5 ALERT-16 */
static void yes_in_atomic(struct far_end *f)
{
	asks(f, DM_ST_OK);
	far_do(f, ATOMIC("2", ADD("3", "./T/x", "1") ASK("4", "1101") ADD("5", "./T/y", "1")),
	       "S 2 Atomic 200\nS 3 Add 200\nS 4 Alert 200\nS 5 Add 200\n");
}

/* Rules: UI-10 ALERT-16 */
static void no_in_sequence(struct far_end *f)
{
	asks(f, DM_ST_NOT_MODIFIED);
	far_do(f, SEQ("2", ADD("3", "./T/x", "1") ASK("4", "1101") ADD("5", "./T/y", "1")
		      SEQ("6", ADD("7", "./T/z", "1"))) ADD("8", "./T/w", "1"),
	       "S 2 Sequence 200\nS 3 Add 200\nS 4 Alert 304\nS 5 Add 215\nS 6 Sequence 215\n"
	       "S 7 Add 215\nS 8 Add 200\n");
	assert_non_null(far_find(f, "./T/x"));
	assert_null(far_find(f, "./T/y"));
	assert_null(far_find(f, "./T/z"));
}

/* Within a Sequence of its own the No ends that one alone. */
/* Rules: UI-10 */
static void no_in_inner_sequence(struct far_end *f)
{
	asks(f, DM_ST_NOT_MODIFIED);
	far_do(f, SEQ("2", SEQ("3", ASK("4", "1101") ADD("5", "./T/x", "1")) ADD("6", "./T/y", "1")),
	       "S 2 Sequence 200\nS 3 Sequence 200\nS 4 Alert 304\nS 5 Add 215\nS 6 Add 200\n");
}

static void stops(struct far_end *f, const char *code)
{
	char want[256];

	far_do(f, ADD("2", "./T/x", "1") SEQ("3", ASK("4", "1102") ADD("5", "./T/y", "1"))
	       GET("6", "./T/x") ATOMIC("7", DEL("8", "./T/x")) ASK("9", "1100"),
	       (snprintf(want, sizeof(want), "S 2 Add 200\nS 3 Sequence 200\nS 4 Alert %s\n"
			 "S 5 Add 215\nS 6 Get 215\nS 7 Atomic 215\nS 8 Delete 215\nS 9 Alert 215\n",
			 code), want));
	assert_non_null(far_find(f, "./T/x"));
	assert_int_equal(person.times, 1);
	/* The message, not the session. */
	person.answer = DM_ST_OK;
	far_do(f, DEL("2", "./T/x"), "S 2 Delete 200\n");
}

/* Rules: UI-7 UI-15 */
static void cancelled(struct far_end *f)
{
	asks(f, DM_ST_CANCELLED);
	stops(f, "214");
}

/* Rules: UI-8 UI-15 */
static void too_late(struct far_end *f)
{
	asks(f, DM_ST_TIMEOUT);
	stops(f, "408");
}

/* Rules: UI-15 */
static void each_kind_stops(struct far_end *f)
{
	static const char *const bodies[] = {
		ASK("2", "1101") ADD("3", "./T/x", "1"), ASK("2", "1102") ADD("3", "./T/x", "1"),
		ASK("2", "1103") ADD("3", "./T/x", "1"), ASK("2", "1104") ADD("3", "./T/x", "1"),
	};

	asks(f, DM_ST_CANCELLED);
	for (size_t i = 0; i < 4; i++)
		far_do(f, bodies[i], "S 2 Alert 214\nS 3 Add 215\n");
}

/* Rules: UI-15 UI-9 */
static void cancelled_in_atomic(struct far_end *f)
{
	asks(f, DM_ST_CANCELLED);
	far_do(f, ATOMIC("2", ADD("3", "./T/x", "1") ASK("4", "1101") ADD("5", "./T/y", "1"))
	       ADD("6", "./T/z", "1"),
	       "S 2 Atomic 507\nS 3 Add 216\nS 4 Alert 214\nS 5 Add 215\nS 6 Add 215\n");
	assert_null(far_find(f, "./T/x"));
	assert_null(far_find(f, "./T/z"));
}

/* Rules: UI-16 */
static void display_closed(struct far_end *f)
{
	asks(f, DM_ST_CANCELLED);
	far_do(f, SEQ("2", ASK("3", "1100") ADD("4", "./T/x", "1")) ADD("5", "./T/y", "1"),
	       "S 2 Sequence 200\nS 3 Alert 214\nS 4 Add 200\nS 5 Add 200\n");
}

/* Rules: UI-12 */
static void text(struct far_end *f)
{
	asks(f, DM_ST_OK);
	person.text = "a <b> & \xc3\xa9";
	far_do(f, ASK("2", "1102"), "S 2 Alert 200 a <b> & \xc3\xa9\n");
	assert_non_null(strstr(buf_cstr(&f->out), "<Item><Data>"));
	person.text = "";
	far_do(f, ASK("2", "1102"), "S 2 Alert 200 \n");
}

/* Rules: UI-25 */
static void long_text(struct far_end *f)
{
	static char big[2 * DM_UI_MAX_TEXT];
	const char *at;

	asks(f, DM_ST_OK);
	person.text = "\xc3\xa9\xc3\xa9\xc3\xa9";
	far_do(f, ALERT("2", "1102", DATA("MAXLEN=2") DATA("?")), "S 2 Alert 200 \xc3\xa9\xc3\xa9\n");
	far_do(f, ALERT("2", "1102", DATA("MAXLEN=3") DATA("?")),
	       "S 2 Alert 200 \xc3\xa9\xc3\xa9\xc3\xa9\n");
	memset(big, 'x', sizeof(big) - 1);
	person.text = big;
	assert_int_equal(far_message(f, 212, ASK("2", "1102"), true), 1);
	at = strstr(buf_cstr(&f->said), "xxx");
	assert_non_null(at);
	assert_in_range(strspn(at, "x"), DM_UI_MAX_TEXT - 4, DM_UI_MAX_TEXT);
}

/* Rules: UI-13 */
static void choice(struct far_end *f)
{
	asks(f, DM_ST_OK);
	chooses(3, 0, 0, 1);
	far_do(f, ASK("2", "1103"), "S 2 Alert 200 3\n");
	/* What is no choice, or more than one, is no answer. */
	chooses(4, 0, 0, 1);
	far_do(f, ASK("2", "1103"), "S 2 Alert 214\n");
	chooses(0, 0, 0, 1);
	far_do(f, ASK("2", "1103"), "S 2 Alert 214\n");
	chooses(1, 2, 0, 2);
	far_do(f, ASK("2", "1103"), "S 2 Alert 214\n");
	chooses(1, 2, 0, 0);
	far_do(f, ASK("2", "1103"), "S 2 Alert 214\n");
}

/* Rules: UI-14 */
static void several_choices(struct far_end *f)
{
	asks(f, DM_ST_OK);
	chooses(3, 1, 0, 2);
	far_do(f, ASK("2", "1104"), "S 2 Alert 200 3 1\n");
	chooses(2, 9, 2, 3);
	far_do(f, ASK("2", "1104"), "S 2 Alert 200 2\n");
	chooses(0, 0, 0, 0);
	far_do(f, ASK("2", "1104"), "S 2 Alert 200\n");
	chooses(1, 2, 3, DM_UI_MAX_CHOICES + 1);
	far_do(f, ASK("2", "1104"), "S 2 Alert 200 1 2 3\n");
}

/* --- other alerts ---------------------------------------------------------------- */

/* Rules: ALERT-3 ALERT-7 ALERT-14 */
static void of_the_server(struct far_end *f)
{
	far_do(f, ALERT("2", "1200", "") ALERT("3", "1201", "") ALERT("4", "1222", "")
	       ALERT("5", "1224", "") ALERT("6", "1225", "") ALERT("7", "1226", "")
	       ALERT("8", "1105", "") ALERT("9", "1221", "") ALERT("10", "1299", "")
	       ALERT("11", "4294967295", "") ALERT("12", "100", ""),
	       "S 2 Alert 406\nS 3 Alert 406\nS 4 Alert 200\nS 5 Alert 406\nS 6 Alert 200\n"
	       "S 7 Alert 406\nS 8 Alert 406\nS 9 Alert 406\nS 10 Alert 406\nS 11 Alert 406\n"
	       "S 12 Alert 406\n");
}

/* Rules: ALERT-15 */
static void no_number(struct far_end *f)
{
	far_do(f, ALERT("2", "", "") ALERT("3", "x", "") ALERT("4", "-1", "")
	       ALERT("5", "4294967296", "") CMD("Alert", "6", ""),
	       "S 2 Alert 400\nS 3 Alert 400\nS 4 Alert 400\nS 5 Alert 400\nS 6 Alert 400\n");
}

/* Rules: ALERT-4 */
static void aborted_by_the_server(struct far_end *f)
{
	far_node(f, "./T", NULL, "Add=*");
	far_start(f);
	assert_int_equal(far_message(f, 212, ADD("2", "./T/x", "1") ALERT("3", "1223", "")
				     ADD("4", "./T/y", "1"), true), 0);
	assert_int_equal(dm_session_result(f->s)->end, DM_END_ABORTED_BY_SERVER);
	assert_int_equal(f->out.len, 0);
	assert_null(far_find(f, "./T/x"));
	assert_null(far_find(f, "./T/y"));
	assert_int_equal(dm_session_abort(f->s, "too late", &f->out), 0);
}

/* Rules: ALERT-5 */
static void aborted_by_us(struct far_end *f)
{
	far_start(f);
	assert_int_equal(dm_session_abort(f->s, "enough", &f->out), 1);
	assert_non_null(strstr(buf_cstr(&f->out), "<Data>1223</Data>"));
	assert_non_null(strstr(buf_cstr(&f->out), "<Final/>"));
	assert_int_equal(dm_session_result(f->s)->end, DM_END_ABORTED_BY_US);
}

/* Rules: ALERT-1 */
static void who_began(struct far_end *f)
{
	far_start(f);
	assert_string_equal(buf_cstr(&f->said), "A 1201\nD 5\nF\n");
	dm_session_free(f->s);
	f->cfg.server_initiated = true;
	far_start(f);
	assert_string_equal(buf_cstr(&f->said), "A 1200\nD 5\nF\n");
}

/* Rules: ALERT-2 */
static void asks_for_the_rest(struct far_end *f)
{
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "./DevInfo/Man"), false), 1);
	assert_string_equal(buf_cstr(&f->said),
			    "H 200\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\nA 1222\n");
}

/* Rules: ALERT-6 */
static void broken_off(struct far_end *f)
{
	far_node(f, "./T", NULL, "Add=*");
	far_start(f);
	assert_int_equal(far_message(f, 212, "<Add><CmdID>2</CmdID><Item><Target><LocURI>./T/l</LocURI>"
		"</Target><Meta><Size xmlns='syncml:metinf'>6</Size></Meta><Data>abc</Data><MoreData/>"
		"</Item></Add>", false), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200\nS 2 Add 213\nA 1222\n");
	far_do(f, GET("2", "./DevInfo/Man"),
	       "A 1225 ./T/l\nS 2 Get 200\nR 2 ./DevInfo/Man Maker\n");
	assert_null(far_find(f, "./T/l"));
}

/* --- alerts of package 1 ------------------------------------------------------------ */

static const struct dm_session_alert full = {
	.source = SLICE_LIT("./DevDetail"), .type = SLICE_LIT("Reversed-Domain-Name: org.x.y"),
	.format = SLICE_LIT("chr"), .mark = SLICE_LIT("critical"), .data = SLICE_LIT("d"),
	.correlator = SLICE_LIT("c7"),
};

static void with_alerts(struct far_end *f, const struct dm_session_alert *a, size_t n)
{
	f->cfg.alerts = a;
	f->cfg.nalerts = n;
	far_start(f);
}

/* Rules: ALERT-8 ALERT-9 ALERT-10 */
static void generic(struct far_end *f)
{
	with_alerts(f, &full, 1);
	assert_string_equal(buf_cstr(&f->said), "A 1201\nD 5\nA 1226\nF\n");
	assert_non_null(strstr(buf_cstr(&f->out),
		"<Data>1226</Data><Correlator>c7</Correlator><Item><Source><LocURI>./DevDetail"
		"</LocURI></Source><Meta><Format xmlns=\"syncml:metinf\">chr</Format>"
		"<Type xmlns=\"syncml:metinf\">Reversed-Domain-Name: org.x.y</Type>"
		"<Mark xmlns=\"syncml:metinf\">critical</Mark></Meta><Data>d</Data></Item></Alert>"));
}

/* Rules: ALERT-9 ALERT-10 */
static void generic_bare(struct far_end *f)
{
	const struct dm_session_alert a = {
		.type = SLICE_LIT("Content-Type: text/plain"), .data = SLICE_LIT(""),
	};

	with_alerts(f, &a, 1);
	assert_null(strstr(buf_cstr(&f->out), "Correlator"));
	assert_null(strstr(buf_cstr(&f->out), "Mark"));
	assert_non_null(strstr(buf_cstr(&f->out), "Content-Type: text/plain"));
}

/* Rules: ALERT-13 */
static void event(struct far_end *f)
{
	const struct dm_session_alert a = {
		.code = 1224, .type = SLICE_LIT("x"), .format = SLICE_LIT("int"),
		.data = SLICE_LIT("5"),
	};

	with_alerts(f, &a, 1);
	assert_string_equal(buf_cstr(&f->said), "A 1201\nD 5\nA 1224\nF\n");
	assert_non_null(strstr(buf_cstr(&f->out), "<Type xmlns=\"syncml:metinf\">x</Type>"));
	assert_non_null(strstr(buf_cstr(&f->out), "<Format xmlns=\"syncml:metinf\">int</Format>"));
}

static void refused_alert(struct far_end *f, const struct dm_session_alert *a)
{
	f->cfg.alerts = a;
	f->cfg.nalerts = 1;
	f->s = dm_session_new(&f->cfg);
	assert_int_equal(dm_session_start(f->s, f->now, &f->out), -EINVAL);
	dm_session_free(f->s);
	f->s = NULL;
}

/* Rules: ALERT-10 ALERT-11 */
static void generic_wrong(struct far_end *f)
{
	static const char *const types[] = { "", "text/plain", "reversed-domain-name: org.x",
					     "urn:x", "Content-Type" };
	static const char *const marks[] = { "", "Fatal", "worse" };
	struct dm_session_alert a;

	for (size_t i = 0; i < 5; i++) {
		a = full;
		a.type = slice_str(types[i]);
		refused_alert(f, &a);
	}
	for (size_t i = 0; i < 3; i++) {
		a = full;
		a.mark = slice_str(marks[i]);
		refused_alert(f, &a);
	}
	a = full;
	a.code = 1100;
	refused_alert(f, &a);
}

/* Rules: ALERT-10 */
static void every_mark(struct far_end *f)
{
	static const char *const marks[] = { "fatal", "critical", "minor", "warning",
					     "informational", "harmless", "indeterminate" };
	struct dm_session_alert a[7];

	for (size_t i = 0; i < 7; i++) {
		a[i] = full;
		a[i].mark = slice_str(marks[i]);
	}
	with_alerts(f, a, 7);
	for (size_t i = 0; i < 7; i++)
		assert_non_null(strstr(buf_cstr(&f->out), marks[i]));
}

/* Rules: ALERT-12 */
static void statuses(struct far_end *f)
{
	const struct dm_session_alert a[2] = { full, full };

	with_alerts(f, a, 2);
	assert_int_equal(far_message(f, 212,
		"<Status><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>3</CmdRef><Cmd>Alert</Cmd>"
		"<Data>202</Data></Status><Status><CmdID>3</CmdID><MsgRef>1</MsgRef>"
		"<CmdRef>4</CmdRef><Cmd>Alert</Cmd><Data>415</Data></Status>", true), 0);
	assert_int_equal(dm_session_result(f->s)->alert_status[0], 202);
	assert_int_equal(dm_session_result(f->s)->alert_status[1], 415);
}

static void with(void (*fn)(struct far_end *f))
{
	struct far_end f;

	memset(&person, 0, sizeof(person));
	far_init(&f);
	fn(&f);
	far_fini(&f);
	buf_fini(&person.asked);
}

#define CASES(X)                                                                                \
	X(nobody) X(items) X(options) X(incomplete) X(too_many) X(yes) X(no) X(no_in_atomic)       \
	X(yes_in_atomic) X(no_in_sequence) X(no_in_inner_sequence) X(cancelled) X(too_late)        \
	X(each_kind_stops) X(cancelled_in_atomic) X(display_closed) X(text) X(long_text)           \
	X(choice) X(several_choices) X(of_the_server) X(no_number) X(aborted_by_the_server)        \
	X(aborted_by_us) X(who_began) X(asks_for_the_rest) X(generic) X(generic_bare) X(event)     \
	X(generic_wrong) X(every_mark) X(statuses) X(broken_off)
#define DEFINE(fn) static void test_##fn(void **state) { with(fn); }
#define LIST(fn) cmocka_unit_test(test_##fn),
CASES(DEFINE)

int main(void)
{
	const struct CMUnitTest tests[] = { CASES(LIST) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
