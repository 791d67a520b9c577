// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sessions without memory: each allocation of a session of all kinds of commands
 * fails once, and once with all that follow it, in XML and WBXML, in one message
 * and over many. Nothing may crash or be lost, what is told must be true, and the
 * next session must work. The Makefile puts the __wrap_*() below in front of the
 * allocators (-Wl,--wrap).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libxml/xmlerror.h>
#include <libxml/xmlmemory.h>

#include "dm_far_end.h"
#include "dm_transcript.h"
#include "mo/dmacc.h"
#include "util/digest.h"
#include "util/library.h"
#include "util/str.h"

/* --- allocators that fail ----------------------------------------------------- */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

static bool watching;		/* the engine and the codec are at work */
static unsigned long count;	/* allocations since it began */
static unsigned long fail_at;	/* the one that fails, from 1; 0 = none */
static bool fail_on;		/* ... with all behind it */

static bool denied(void)
{
	if (!watching)
		return false;
	count++;
	return fail_at && (fail_on ? count >= fail_at : count == fail_at);
}

void *__wrap_malloc(size_t n)
{
	return denied() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return denied() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return denied() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return denied() ? NULL : __real_reallocarray(p, n, size);
}

/* libxml2 2.9 loses its input buffer when there is no room for a parser to read it. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:xmlAllocParserInputBuffer\n";
}

/* libxml2 is a shared library: it is asked to use these. */
static char *xml_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = malloc(n);

	return p ? memcpy(p, s, n) : NULL;
}

/* --- the session ----------------------------------------------------------------- */

#define ALL "Add=*&Get=*&Replace=*&Delete=*&Exec=*"
#define LEAF(id, cmd, uri, meta, d) CMD(cmd, id, ITEM(uri, meta, d))
#define UI(id, code) "<Alert><CmdID>" id "</CmdID><Data>" code "</Data>" \
	"<Item><Data>DR=x</Data></Item><Item><Data>Well?</Data></Item>" \
	"<Item><Data>a</Data></Item><Item><Data>b</Data></Item></Alert>"
#define SIZE "<Meta><Size xmlns='syncml:metinf'>600</Size></Meta>"
#define PIECE(id, d) "<Add><CmdID>" id "</CmdID><Item><Target><LocURI>./T/large</LocURI></Target>" \
	SIZE "<Data>" d "</Data><MoreData/></Item></Add>"
#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define HUNDREDS FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY

struct step {
	const char *body;
	bool final;
	const char *piece;		/* goes on with the object whose piece this was, if it was taken */
};

/* No CmdID comes twice in all of it, so that each line tells what it is about. */
static const struct step steps[] = {
	{ GET("2", "./T/a") GET("3", "./T") GET("4", "./T/sub?list=TNDS")
	  GET("5", "./T/sub?list=StructData") GET("6", "./T?prop=ACL") GET("7", "./T/none")
	  GET("8", "./T/long"), true, NULL },
	{ ADD("10", "./T/add", "new") ADD("11", "./T/p1/p2/p3", "deep")
	  ADDF("12", "./T/bin", "b64", "AAECAwQFBgc=") ADDN("13", "./T/dir")
	  REP("14", "./T/rep", "after") REP("15", "./T/name?prop=Name", "named")
	  REP("16", "./T/acl?prop=ACL", "Get=*&amp;Replace=*") REP("17", "./T/title?prop=Title", "Tt")
	  DEL("18", "./T/del") COPY("19", "./T/a", "./T/copy") EXEC("20", "./T/Run")
	  UI("21", "1102") UI("22", "1104") ADD("23", "./T/a", "exists"), true, NULL },
	{ "<Sequence><CmdID>30</CmdID>" ADD("31", "./T/seq", "s") REP("32", "./T/rep2", "s2")
	  "</Sequence><Atomic><CmdID>33</CmdID>" ADD("34", "./T/at1", "x") REP("35", "./T/rep3", "y")
	  DEL("36", "./T/del2") "</Atomic><Atomic><CmdID>37</CmdID>" ADD("38", "./T/at2", "x")
	  DEL("39", "./T/none") ADD("40", "./T/at3", "x") "</Atomic>"
	  TNDS("Add", "41", "./T/tnds", TDIR("t", "", TLEAF("l1", "v1") TLEAF("l2", "v2")))
	  TNDS("Replace", "42", "./T/sub2", TDIR("sub2", "", TLEAF("n", "new"))), true, NULL },
	{ PIECE("50", HUNDREDS), false, NULL },
	{ LEAF("51", "Add", "./T/large", "", HUNDREDS), false, "50" },
	{ ADD("52", "./T/last", "l"), true, NULL },
	{ "", true, NULL },
};

/* What a command changes: told that it did, it has, and else it has not. */
static const struct effect {
	const char *id, *uri, *before, *after;
} effects[] = {
	{ "10", "./T/add", NULL, "new" },
	{ "11", "./T/p1/p2/p3", NULL, "deep" },
	{ "12", "./T/bin", NULL, "" },
	{ "13", "./T/dir", NULL, "" },
	{ "14", "./T/rep", "before", "after" },
	{ "15", "./T/named", NULL, "n" },
	{ "15", "./T/name", "n", NULL },
	{ "18", "./T/del", "d", NULL },
	{ "19", "./T/copy", NULL, "one" },
	{ "23", "./T/a", "one", "exists" },
	{ "31", "./T/seq", NULL, "s" },
	{ "32", "./T/rep2", "before", "s2" },
	{ "34", "./T/at1", NULL, "x" },
	{ "33", "./T/at1", NULL, "x" },
	{ "33", "./T/rep3", "before", "y" },
	{ "33", "./T/del2", "d", NULL },
	{ "38", "./T/at2", NULL, "x" },
	{ "40", "./T/at3", NULL, "x" },
	{ "41", "./T/tnds/t/l2", NULL, "v2" },
	{ "42", "./T/sub2/n", NULL, "new" },
	{ "42", "./T/sub2/old", "o", NULL },
	{ "51", "./T/large", NULL, HUNDREDS HUNDREDS },
	{ "52", "./T/last", NULL, "l" },
};

struct run {
	struct far_end f;
	enum codec_format format;
	const char *limit;		/* MaxMsgSize of the server, or NULL */
	struct transcript t;
	struct buf doc;			/* the server's message, encoded */
	const struct dm_encoder *enc;
	enum dm_cmd_kind open[4];	/* containers of the message being encoded */
	unsigned int depth;
	int rc;				/* of the reply written last */
};

static int enc_header(void *ctx, const struct dm_hdr *h)
{
	struct run *r = ctx;

	r->enc->begin(&r->doc, h);
	return 0;
}

static int enc_command(void *ctx, const struct dm_cmd *c)
{
	struct run *r = ctx;

	r->enc->command(&r->doc, c);
	return 0;
}

static int enc_container(void *ctx, const struct dm_cmd *c)
{
	struct run *r = ctx;

	r->open[r->depth++] = c->kind;
	r->enc->container_begin(&r->doc, c);
	return 0;
}

static int enc_container_end(void *ctx)
{
	struct run *r = ctx;

	r->enc->container_end(&r->doc, r->open[--r->depth]);
	return 0;
}

static int enc_end(void *ctx, bool final)
{
	struct run *r = ctx;

	r->enc->finish(&r->doc, final);
	return 0;
}

/* The server's next message, in r->doc. */
static void compose(struct run *r, const char *body, bool final)
{
	static const struct dm_sink sink = { enc_header, enc_command, enc_container,
					     enc_container_end, enc_end };
	struct far_end *f = &r->f;
	_cleanup_buf_ struct buf b = BUF_INIT, cred = BUF_INIT;
	bool first = ++f->msg_id == 1;

	assert_int_equal(dm_auth_md5(SLICE_LIT("srv"), SLICE_LIT("pw"), SLICE_LIT("snonce"), &cred),
			 0);
	buf_printf(&b, "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD>"
		   "<VerProto>DM/1.2</VerProto><SessionID>AB</SessionID><MsgID>%u</MsgID>"
		   "<Target><LocURI>" FAR_DEVICE "</LocURI></Target>"
		   "<Source><LocURI>https://srv.example/dm</LocURI><LocName>srv</LocName></Source>"
		   "<RespURI>https://srv.example/dm/%u</RespURI>", f->msg_id, f->msg_id);
	if (first)
		buf_printf(&b, "<Cred><Meta><Type xmlns='syncml:metinf'>syncml:auth-md5</Type>"
			   "<Format xmlns='syncml:metinf'>b64</Format></Meta><Data>%s</Data></Cred>",
			   buf_cstr(&cred));
	if (r->limit)
		buf_printf(&b, "<Meta><MaxMsgSize xmlns='syncml:metinf'>%s</MaxMsgSize></Meta>",
			   r->limit);
	buf_printf(&b, "</SyncHdr><SyncBody><Status><CmdID>1</CmdID><MsgRef>%u</MsgRef>"
		   "<CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>%s<Data>212</Data></Status>%s%s"
		   "</SyncBody></SyncML>", dm_session_result(f->s)->messages_out,
		   first ? "<Chal><Meta><Type xmlns='syncml:metinf'>syncml:auth-md5</Type>"
			   "<Format xmlns='syncml:metinf'>b64</Format>"
			   "<NextNonce xmlns='syncml:metinf'>bmV4dA==</NextNonce></Meta></Chal>" : "",
		   body, final ? "<Final/>" : "");
	buf_reset(&r->doc);
	r->enc = codec_encoder(r->format);
	assert_int_equal(codec_decode(CODEC_XML, buf_slice(&b), NULL, &sink, r, NULL), 0);
	assert_int_equal(buf_error(&r->doc), 0);
}

/* One message to the client and its answer into r->t; false: the session is over. */
static bool exchange(struct run *r, const char *body, bool final)
{
	struct far_end *f = &r->f;
	int rc;

	compose(r, body, final);
	watching = true;
	dm_session_message(f->s, f->now);
	rc = codec_decode(r->format, buf_slice(&r->doc), NULL, dm_session_sink(), f->s, NULL);
	(void)rc;
	r->rc = dm_session_reply(f->s, f->now, &f->out);
	watching = false;
	/* Nothing hangs between the tree and what is stored. */
	assert_false(dm_tree_dirty(f->tree));
	if (r->rc > 0) {
		size_t was = r->t.text.len;

		transcript_add(&r->t, r->format, buf_slice(&f->out),
			       r->limit ? strtoul(r->limit, NULL, 10) : 0);
		/* Its credentials are right, whether we can see that or not. */
		assert_int_not_equal(r->t.hdr_code, DM_ST_INVALID_CRED);
		assert_int_not_equal(r->t.hdr_code, DM_ST_MISSING_CRED);
		/* A serialized tree is full of them. */
		for (size_t i = was; i < r->t.text.len; i++)
			if (!r->t.text.data[i])
				r->t.text.data[i] = '?';
	}
	if (r->rc == 1) {
		char uri[64];

		snprintf(uri, sizeof(uri), "https://srv.example/dm/%u", f->msg_id);
		assert_true(slice_eq_str(dm_session_next_uri(f->s), uri));
	}
	if (r->rc != 1)
		assert_int_not_equal(dm_session_result(f->s)->end, DM_END_NOT);
	return r->rc == 1;
}

static void account(struct far_end *f)
{
	const struct dmacc_new n = {
		.server_id = SLICE_LIT(FAR_SERVER), .url = SLICE_LIT("https://srv.example/dm"),
		.auth = DM_AUTH_MD5, .user = SLICE_LIT("Bruce2"), .secret = SLICE_LIT("OhBehave"),
		.nonce = SLICE_LIT("Nonce"), .srv_user = SLICE_LIT("srv"),
		.srv_secret = SLICE_LIT("pw"), .srv_nonce = SLICE_LIT("snonce"),
	};

	assert_int_equal(dmacc_add(f->tree, &n, f->now), 0);
	dm_account_fini(&f->account);
	assert_int_equal(dmacc_read(f->tree, n.server_id, &f->account), 0);
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/a", "one", NULL);
	far_node(f, "./T/long", HUNDREDS HUNDREDS HUNDREDS, NULL);
	far_node(f, "./T/sub/x/y", "z", NULL);
	far_node(f, "./T/sub/v", "w", NULL);
	far_node(f, "./T/sub2/old", "o", NULL);
	far_node(f, "./T/name", "n", NULL);
	far_node(f, "./T/acl", "n", NULL);
	far_node(f, "./T/title", "n", NULL);
	far_node(f, "./T/Run", "n", NULL);
	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++)
		if (effects[i].before && !far_find(f, effects[i].uri))
			far_node(f, effects[i].uri, effects[i].before, NULL);
}

static enum dm_status person(void *ctx, const struct dm_ui_request *req, struct dm_ui_answer *a)
{
	bool was = watching;

	/* Whoever asks the person is not of the engine. */
	watching = false;
	if (req->code == 1102)
		buf_put_str(&a->text, "an answer");
	a->chosen[0] = 2;
	a->nchosen = 1;
	watching = was;
	return DM_ST_OK;
}

static void begin(struct run *r, enum codec_format format, const char *limit)
{
	memset(r, 0, sizeof(*r));
	far_init(&r->f);
	account(&r->f);
	r->format = format;
	r->limit = limit;
	r->f.cfg.encoder = codec_encoder(format);
	r->f.ops.cmd.ui = person;
	r->t.binary = format == CODEC_WBXML;
}

/* The Status of a command; 0: none was told. */
static unsigned int told(const struct transcript *t, const char *id)
{
	char line[32];
	const char *p;
	unsigned int code = 0;

	snprintf(line, sizeof(line), "S %s ", id);
	p = strstr(buf_cstr(&t->text), line);
	if (!p || (p != buf_cstr(&t->text) && p[-1] != '\n') ||
	    sscanf(p, "S %*s %*s %u", &code) != 1)
		return 0;
	return code;
}

/* All of it, as far as it goes. */
static void play(struct run *r)
{
	struct far_end *f = &r->f;
	int rc;

	watching = true;
	f->s = dm_session_new(&f->cfg);
	rc = f->s ? dm_session_start(f->s, f->now, &f->out) : -ENOMEM;
	watching = false;
	if (rc)
		return;
	r->t.msg_id = 1;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].piece && told(&r->t, steps[i].piece) != DM_ST_CHUNK_BUFFERED)
			continue;
		if (!exchange(r, steps[i].body, steps[i].final))
			return;
		for (unsigned int n = 0; steps[i].final && !r->t.final && n < 100; n++)
			if (!exchange(r, "<Alert><CmdID>" TRANSCRIPT_ASK "</CmdID><Data>1222</Data>"
				      "</Alert>", true))
				return;
	}
}

static void end(struct run *r)
{
	transcript_fini(&r->t);
	buf_fini(&r->doc);
	far_fini(&r->f);
}

/* What was told is so; what was refused is not, nor is what nobody was told of and not stored. */
static void effects_true(struct run *r)
{
	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
		const struct effect *e = &effects[i];
		unsigned int code = told(&r->t, e->id);
		const struct dm_node *n = far_find(&r->f, e->uri);
		const char *want = code >= 200 && code < 213 ? e->after : e->before;

		if (!code)
			continue;
		if (!want != !n || (n && *want && strcmp(far_value(&r->f, e->uri), want)))
			fail_msg("command %s was told %u, but %s is %s\n%s", e->id, code, e->uri,
				 far_value(&r->f, e->uri), buf_cstr(&r->t.text));
	}
}

/* An old nonce or the new one, never a part of it. */
static void nonces_whole(struct run *r)
{
	const struct dm_node *mine = far_find(&r->f, "./DMAcc/" FAR_SERVER "/AppAuth/1/AAuthData");
	const struct dm_node *its = far_find(&r->f, "./DMAcc/" FAR_SERVER "/AppAuth/2/AAuthData");

	assert_true(slice_eq_str(dm_node_value(mine), "Nonce") ||
		    slice_eq_str(dm_node_value(mine), "next"));
	assert_true(slice_eq_str(dm_node_value(its), "snonce") ||
		    slice_eq_str(dm_node_value(its), "ZZZZZZZZZZZZZZZZ"));
}

/* Each line is one of the good session's, or refuses what that line accepts. */
static void lines_true(const struct run *r, const struct transcript *good)
{
	const char *p = buf_cstr(&r->t.text), *nl;

	for (; (nl = strchr(p, '\n')); p = nl + 1) {
		char line[2048], id[16], cmd[16];
		unsigned int code;

		snprintf(line, sizeof(line), "%.*s\n", (int)(nl - p), p);
		if (strstr(buf_cstr(&good->text), line))
			continue;
		if (sscanf(line, "S %15s %15s %u", id, cmd, &code) == 3 && told(good, id) &&
		    (code >= 400 || code == DM_ST_NOT_EXECUTED || code == DM_ST_ROLLED_BACK))
			continue;
		fail_msg("this is not so: %s", line);
	}
}

/* As many Results as a Get has that was answered 200; the lines themselves are compared. */
static void results_whole(const struct run *r, const struct transcript *good)
{
	for (char id = '2'; id <= '8'; id++) {
		char line[8], n[2] = { id, 0 };
		unsigned int is = 0, want = 0;

		snprintf(line, sizeof(line), "\nR %c ", id);
		if (told(&r->t, n) != 200 || r->rc < 0 || r->t.abort)
			continue;
		for (const char *p = buf_cstr(&r->t.text); (p = strstr(p, line)); p++)
			is++;
		for (const char *p = buf_cstr(&good->text); (p = strstr(p, line)); p++)
			want++;
		assert_int_equal(is, want);
	}
}

/* The next one finds everything in order. */
static void next_session(struct run *r)
{
	struct far_end *f = &r->f;
	size_t was = r->t.text.len;

	dm_session_free(f->s);
	dm_account_fini(&f->account);
	assert_int_equal(dmacc_read(f->tree, SLICE_LIT(FAR_SERVER), &f->account), 0);
	f->cfg.transport_authenticated = true;
	f->s = dm_session_new(&f->cfg);
	assert_non_null(f->s);
	assert_int_equal(dm_session_start(f->s, f->now, &f->out), 0);
	/* It signs with the nonce of the first one, which may be an old one now. */
	f->msg_id = 1;
	r->t.msg_id = 1;
	r->t.more = false;
	assert_true(exchange(r, ADD("90", "./T/next", "n") GET("91", "./T/a"), true));
	assert_string_equal(buf_cstr(&r->t.text) + was,
			    "S 90 Add 200 ./T/next\nS 91 Get 200 ./T/a\nR 91 ./T/a - - one\n");
}

static void all_of(enum codec_format format, const char *limit)
{
	struct run good;
	unsigned long n;

	begin(&good, format, limit);
	fail_at = 0;
	count = 0;
	play(&good);
	n = count;
	assert_int_equal(dm_session_result(good.f.s)->end, DM_END_NORMAL);
	if (getenv("NOMEM_VERBOSE"))
		print_message("%lu allocations\n%s", n, buf_cstr(&good.t.text));
	assert_in_range(n, 50, 20000);
	effects_true(&good);
	for (unsigned int on = 0; on < 2; on++) {
		for (unsigned long i = 1; i <= n; i++) {
			struct run r;

			begin(&r, format, limit);
			fail_on = on;
			fail_at = i;
			count = 0;
			play(&r);
			fail_at = 0;
			effects_true(&r);
			nonces_whole(&r);
			lines_true(&r, &good.t);
			results_whole(&r, &good.t);
			next_session(&r);
			end(&r);
		}
	}
	end(&good);
}

static void xml(void **state)
{
	all_of(CODEC_XML, NULL);
}

static void wbxml(void **state)
{
	all_of(CODEC_WBXML, NULL);
}

static void xml_split(void **state)
{
	all_of(CODEC_XML, "1400");
}

static void wbxml_split(void **state)
{
	all_of(CODEC_WBXML, "700");
}

static void no_word(void *ctx, const char *fmt, ...)
{
}

int main(void)
{
	struct library libxml = { .soname = DMSC_LIBXML2 };
	__typeof__(xmlSetGenericErrorFunc) *silence;
	__typeof__(xmlMemSetup) *setup;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wbxml),
		cmocka_unit_test(wbxml_split),
		cmocka_unit_test(xml),
		cmocka_unit_test(xml_split),
	};

	/* The same that the decoder loads: it has its memory from here, and says nothing of each lack. */
	setup = library_function(&libxml, "xmlMemSetup");
	silence = library_function(&libxml, "xmlSetGenericErrorFunc");
	if (!setup || !silence)
		return 1;
	silence(NULL, no_word);
	setup(free, __wrap_malloc, __wrap_realloc, xml_strdup);
	return cmocka_run_group_tests_name("no memory", tests, NULL, NULL);
}
