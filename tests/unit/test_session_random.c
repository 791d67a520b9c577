// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sessions made at random, by seed: commands, containers, pieces, sizes, and
 * what a network and a bad server do: messages lost, repeated, skipped, from
 * before, cut off. A model that knows nothing of the engine says what each
 * command has to be answered with and what the tree must then be.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"
#include "dm_transcript.h"

#define ME	  FAR_SERVER
#define ALL	  "Add=" ME "&Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME
#define NODES	  6
#define MAX_VALUE 4000
#define SEEDS	  400
#define ASK	  "<Alert><CmdID>" TRANSCRIPT_ASK "</CmdID><Data>1222</Data></Alert>"

struct model {
	bool there[NODES];
	char value[NODES][MAX_VALUE + 1];
};

struct piece {
	bool active, wrong, add;
	bool sized; /* Size was said: it is in the first piece alone */
	unsigned int node, left;
	size_t at;
	char value[MAX_VALUE + 1];
};

struct run {
	struct far_end f;
	struct transcript t;
	struct model now, before; /* before the message */
	struct piece lo;
	struct buf body, want, last;
	unsigned int seed, id, max_obj;
	size_t max_msg;
	bool failed; /* an Atomic that goes nowhere any more */
};

static unsigned int current_seed;
/* What came about in all: a test of many seeds must not pass for want of matter. */
static struct {
	unsigned int answers, statuses, pieces_out, pieces_in, broken, lost, split, atomics, early;
} sum;
static uint64_t state;

/* xorshift64*: the same on every machine. */
static unsigned int rnd(unsigned int n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned int)(state * 2685821657736338717ull >> 33) % n;
}

static void some_value(char *v)
{
	static const char *const bits[] = {"a", "<", "\xc3\xa4", "\xe2\x82\xac", "0", " ", "&"};
	size_t n = rnd(6) ? rnd(12) : rnd(MAX_VALUE / 3 - 1), at = 0;

	v[at++] = 'x'; /* blanks at the ends are for the codec's tests */
	for (size_t i = 0; i < n; i++) {
		const char *b = bits[rnd(7)];

		memcpy(v + at, b, strlen(b));
		at += strlen(b);
	}
	v[at++] = 'x';
	v[at] = '\0';
}

static void put_value(struct buf *b, const char *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i] == '<')
			buf_put_str(b, "&lt;");
		else if (v[i] == '&')
			buf_put_str(b, "&amp;");
		else
			buf_put_u8(b, v[i]);
	}
}

static void want(struct run *r, unsigned int id, const char *cmd, unsigned int code, int node)
{
	buf_printf(&r->want, "S %u %s %u ", id, cmd, code);
	if (node < 0)
		buf_put_str(&r->want, "-\n");
	else
		buf_printf(&r->want, "./T/n%d\n", node);
}

static void target(struct run *r, const char *cmd, unsigned int id, bool noresp, unsigned int node)
{
	buf_printf(&r->body,
		   "<%s><CmdID>%u</CmdID>%s<Item><Target><LocURI>./T/n%u</LocURI></Target>", cmd,
		   id, noresp ? "<NoResp/>" : "", node);
}

static void get(struct run *r, bool atomic)
{
	unsigned int id = r->id++, node = rnd(NODES);
	const char *v = r->now.value[node];

	target(r, "Get", id, false, node);
	buf_put_str(&r->body, "</Item></Get>");
	if (atomic) {
		want(r, id, "Get", r->failed ? 215 : 500, node);
		r->failed = true;
	} else if (!r->now.there[node]) {
		want(r, id, "Get", 404, node);
	} else if (r->max_obj && strlen(v) > r->max_obj) {
		want(r, id, "Get", 413, node);
	} else {
		want(r, id, "Get", 200, node);
		buf_printf(&r->want, "R %u ./T/n%u - - %s\n", id, node, v);
	}
}

/* What the model says to a write; it is done when it can be. */
static unsigned int apply(struct model *m, const char *cmd, unsigned int node, const char *v)
{
	bool add = !strcmp(cmd, "Add");

	if (m->there[node] == add)
		return add ? 418 : 404;
	m->there[node] = strcmp(cmd, "Delete") != 0;
	strcpy(m->value[node], m->there[node] ? v : "");
	return 200;
}

/* The code, 0 when a Status is not wanted. */
static unsigned int write_one(struct run *r, bool noresp, const char **cmd, unsigned int *node)
{
	static const char *const cmds[] = {"Add", "Replace", "Delete"};
	char v[MAX_VALUE + 1] = "";
	unsigned int id = r->id++;

	*cmd = cmds[rnd(3)];
	*node = rnd(NODES);
	target(r, *cmd, id, noresp, *node);
	if (strcmp(*cmd, "Delete") != 0) {
		some_value(v);
		buf_put_str(&r->body, "<Data>");
		put_value(&r->body, v, strlen(v));
		buf_put_str(&r->body, "</Data>");
	}
	buf_printf(&r->body, "</Item></%s>", *cmd);
	return r->failed ? 215 : apply(&r->now, *cmd, *node, v);
}

static void change(struct run *r)
{
	bool noresp = !rnd(12);
	unsigned int node, id = r->id, code;
	const char *cmd;

	code = write_one(r, noresp, &cmd, &node);
	if (!noresp)
		want(r, id, cmd, code, (int)node);
}

/* A CmdID that was there already. */
static void twice(struct run *r)
{
	unsigned int node = rnd(NODES);

	if (r->id == 2)
		return;
	target(r, "Delete", r->id - 1, false, node);
	buf_put_str(&r->body, "</Item></Delete>");
	want(r, r->id - 1, "Delete", 400, (int)node);
}

static void sequence(struct run *r)
{
	unsigned int id = r->id++, n = 1 + rnd(3);

	buf_printf(&r->body, "<Sequence><CmdID>%u</CmdID>", id);
	want(r, id, "Sequence", 200, -1);
	while (n--)
		rnd(2) ? change(r) : get(r, false);
	buf_put_str(&r->body, "</Sequence>");
}

static void atomic(struct run *r)
{
	struct {
		unsigned int id, code, node;
		const char *cmd;
	} m[4];
	struct model saved = r->now;
	unsigned int id = r->id++, n = 1 + rnd(4);
	bool nested = !rnd(10);

	sum.atomics++;
	buf_printf(&r->body, "<Atomic><CmdID>%u</CmdID>", id);
	for (unsigned int i = 0; i < n; i++) {
		m[i].id = r->id;
		if (rnd(12)) {
			m[i].code = write_one(r, false, &m[i].cmd, &m[i].node);
		} else {
			m[i].cmd = "Get";
			m[i].node = rnd(NODES);
			target(r, "Get", r->id++, false, m[i].node);
			buf_put_str(&r->body, "</Item></Get>");
			m[i].code = r->failed ? 215 : 500;
		}
		r->failed = r->failed || m[i].code != 200;
	}
	if (nested)
		buf_printf(&r->body, "<Atomic><CmdID>%u</CmdID></Atomic>", r->id++);
	buf_put_str(&r->body, "</Atomic>");
	want(r, id, "Atomic", r->failed || nested ? 507 : 200, -1);
	for (unsigned int i = 0; i < n; i++)
		want(r, m[i].id, m[i].cmd,
		     (r->failed || nested) && m[i].code == 200 ? 216 : m[i].code, (int)m[i].node);
	if (nested)
		want(r, r->id - 1, "Atomic", r->failed ? 215 : 500, -1);
	if (r->failed || nested)
		r->now = saved;
	r->failed = false;
}

/* The first piece of a value, or the next; in the end what the whole comes to. */
static void piece(struct run *r)
{
	struct piece *p = &r->lo;
	size_t n, total;
	unsigned int id = r->id++;
	const char *cmd;

	if (!p->active) {
		*p = (struct piece){.active = true,
				    .wrong = !rnd(4),
				    .add = rnd(2),
				    .node = rnd(NODES),
				    .left = 2 + rnd(4)};
		some_value(p->value);
	}
	cmd = p->add ? "Add" : "Replace";
	total = strlen(p->value);
	n = --p->left ? rnd((unsigned int)(total - p->at) + 1) : total - p->at;
	/* In XML a character cannot be parted. */
	while (p->at + n < total && (p->value[p->at + n] & 0xc0) == 0x80)
		n++;
	target(r, cmd, id, false, p->node);
	if (!p->sized)
		buf_printf(&r->body, "<Meta><Size xmlns='syncml:metinf'>%zu</Size></Meta>",
			   total + (p->wrong ? 1 + rnd(5) : 0));
	p->sized = true;
	buf_put_str(&r->body, "<Data>");
	put_value(&r->body, p->value + p->at, n);
	buf_printf(&r->body, "</Data>%s</Item></%s>", p->left ? "<MoreData/>" : "", cmd);
	p->at += n;
	sum.pieces_in++;
	if (p->left) {
		want(r, id, cmd, 213, (int)p->node);
		return;
	}
	want(r, id, cmd, p->wrong ? 424 : apply(&r->now, cmd, p->node, p->value), (int)p->node);
	p->active = false;
}

static void broken(struct run *r)
{
	sum.broken++;
	buf_printf(&r->want, "A 1225 ./T/n%u\n", r->lo.node);
	r->lo.active = false;
}

/* --- one message ------------------------------------------------------------------ */

static void compare(struct run *r, const struct model *m)
{
	for (unsigned int i = 0; i < NODES; i++) {
		char uri[16];

		snprintf(uri, sizeof(uri), "./T/n%u", i);
		assert_string_equal(far_value(&r->f, uri), m->there[i] ? m->value[i] : "(none)");
	}
}

static void limits(struct run *r)
{
	static char meta[200];

	r->f.hdr_extra = NULL;
	if (rnd(3))
		return;
	r->max_msg = 1200 + rnd(4000);
	r->max_obj = 1 + rnd(4000);
	snprintf(meta, sizeof(meta),
		 "<Meta><MaxMsgSize xmlns='syncml:metinf'>%zu</MaxMsgSize>"
		 "<MaxObjSize xmlns='syncml:metinf'>%u</MaxObjSize></Meta>",
		 r->max_msg, r->max_obj);
	r->f.hdr_extra = meta;
}

/* Commands of one message; true when it ends the server's package. */
static bool fill(struct run *r)
{
	unsigned int n = rnd(30) ? 1 + rnd(6) : 0;

	if (r->lo.active && rnd(5)) {
		piece(r);
		if (r->lo.active)
			return false;
	} else if (r->lo.active) {
		broken(r);
		if (!n)
			return true; /* Final alone says so */
		get(r, false);
	}
	while (n--) {
		unsigned int what = rnd(20);

		if (what < 6)
			get(r, false);
		else if (what < 13)
			change(r);
		else if (what < 15)
			sequence(r);
		else if (what < 17 && (!r->max_msg || r->max_msg > 2600))
			atomic(r);
		else if (what < 18)
			twice(r);
	}
	if (!rnd(4)) {
		piece(r);
		return false;
	}
	return rnd(6) != 0;
}

static void heard(struct run *r)
{
	transcript_add(&r->t, r->f.wbxml ? CODEC_WBXML : CODEC_XML, buf_slice(&r->f.out),
		       r->max_msg);
	buf_reset(&r->last);
	buf_put_slice(&r->last, buf_slice(&r->f.out));
}

/* The answer was lost on its way: the server says the same again, and hears the same. */
static void lost(struct run *r, bool final)
{
	sum.lost++;
	r->f.msg_id--;
	assert_int_equal(far_message(&r->f, 212, buf_cstr(&r->body), final), 1);
	assert_true(slice_eq(buf_slice(&r->f.out), buf_slice(&r->last)));
}

/* One message of commands and the whole answer. False: the session is over as it should. */
static bool exchange(struct run *r)
{
	bool final;
	int rc;

	buf_reset(&r->body);
	r->id = 2;
	r->before = r->now;
	limits(r);
	final = fill(r);
	if (!rnd(8))
		r->f.msg_id += rnd(5); /* a MsgID that was used for nothing */
	rc = far_message(&r->f, 212, buf_cstr(&r->body), final);
	if (!rc) {
		/* Nothing to answer: rightly so? */
		assert_true(final && !r->body.len);
		assert_int_equal(dm_session_result(r->f.s)->end, DM_END_NORMAL);
		return false;
	}
	assert_int_equal(rc, 1);
	heard(r);
	compare(r, &r->now);
	if (!rnd(4))
		lost(r, final);
	r->f.hdr_extra = NULL;
	/* It waits for what is left, or goes on with its object. */
	while (final && !r->t.final) {
		sum.split++;
		assert_false(r->t.next);
		buf_reset(&r->body);
		buf_put_str(&r->body, ASK);
		assert_int_equal(far_message(&r->f, 212, ASK, false), 1);
		heard(r);
		if (!rnd(6))
			lost(r, false);
	}
	if (final)
		assert_string_equal(buf_cstr(&r->t.text), buf_cstr(&r->want));
	else
		assert_false(r->t.final);
	return true;
}

/* What ends a session early leaves nothing of its message. */
static void end(struct run *r)
{
	int rc;

	r->f.hdr_extra = NULL;
	r->id = 2;
	r->before = r->now;
	buf_reset(&r->body);
	get(r, false); /* no piece of anything */
	change(r);
	change(r);
	switch (rnd(5)) {
	case 0:
		buf_put_str(&r->body, "<Alert><CmdID>99</CmdID><Data>1223</Data></Alert>");
		assert_int_equal(far_message(&r->f, 212, buf_cstr(&r->body), true), 0);
		break;
	case 1:
		buf_put_str(&r->body, "<Get><CmdID>");
		rc = far_message(&r->f, 212, buf_cstr(&r->body), true);
		assert_int_equal(rc, 2);
		break;
	case 2:
		r->f.msg_id = r->f.msg_id > 1 ? r->f.msg_id - 2 : 0;
		rc = far_message(&r->f, 212, buf_cstr(&r->body), true);
		assert_true(rc == 2 || r->f.msg_id == 1);
		if (rc != 2)
			return;
		break;
	case 3:
		r->f.commit_rc = -EIO;
		rc = far_message(&r->f, 212, buf_cstr(&r->body), true);
		if (rc == 1) { /* nothing was to be stored */
			assert_memory_equal(&r->now, &r->before, sizeof(r->now));
			return;
		}
		assert_int_equal(rc, 2);
		break;
	default:
		assert_int_equal(dm_session_abort(r->f.s, "enough", &r->f.out), 1);
	}
	compare(r, &r->before);
	assert_true(dm_session_result(r->f.s)->end != DM_END_NOT);
	assert_int_equal(far_message(&r->f, 212, buf_cstr(&r->body), true), 0);
	compare(r, &r->before);
}

static void one_session(unsigned int seed)
{
	struct run *r = calloc(1, sizeof(*r));
	bool over = false;

	assert_non_null(r);
	current_seed = seed;
	state = 88172645463325252ull ^ (uint64_t)seed * 0x9e3779b97f4a7c15ull;
	far_init(&r->f);
	far_node(&r->f, "./T", NULL, ALL);
	if (seed % 2) {
		r->f.wbxml = true;
		r->f.cfg.encoder = codec_encoder(CODEC_WBXML);
	}
	far_start(&r->f);
	r->t.msg_id = 1;
	for (int i = 0; i < 25 && !over; i++)
		over = !exchange(r);
	if (!over)
		end(r);
	sum.answers += r->t.messages;
	sum.statuses += r->t.statuses;
	sum.pieces_out += r->t.pieces;
	sum.early += !over;
	far_fini(&r->f);
	transcript_fini(&r->t);
	buf_fini(&r->body);
	buf_fini(&r->want);
	buf_fini(&r->last);
	free(r);
}

/* Rules: PKG-10 ID-5 ID-6 ID-10 ID-15 ID-16 MULTI-7 MULTI-8 LO-3 LO-6 LO-7 CONT-7 CONT-8 */
static void random_sessions(void **unused)
{
	const char *one = getenv("DMSC_SEED");

	if (one) {
		one_session((unsigned int)atoi(one));
		return;
	}
	for (unsigned int seed = 1; seed <= SEEDS; seed++)
		one_session(seed);
	current_seed = 0;
	assert_true(sum.answers > 5000 && sum.statuses > 20000 && sum.early > 50);
	assert_true(sum.pieces_in > 1000 && sum.pieces_out > 300 && sum.broken > 50);
	assert_true(sum.lost > 1000 && sum.split > 100 && sum.atomics > 500);
}

static int which(void **unused)
{
	if (current_seed)
		print_error("it was DMSC_SEED=%u\n", current_seed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(random_sessions, NULL, which),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
