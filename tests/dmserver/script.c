// SPDX-License-Identifier: GPL-2.0-or-later
/* The script parser of script.h: statements and their words, no session. */
#include "script.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lex.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/str.h"

#define SCRIPT_MAX_FILE (1 << 20)
#define SCRIPT_MAX_VALUE (4 << 20)
#define SCRIPT_MAX_CMDS 10000
#define SCRIPT_MAX_DELAY_MS 600000

struct parser {
	struct script *s;
	const char *path;
	unsigned int line;
	struct lex_line l;
	struct script_session *session;
	struct script_pkg *pkg;
	struct script_cmd *last;		/* what expect speaks of */
	struct script_session **session_tail;
	struct script_pkg **pkg_tail;
	struct script_cmd **cmd_tail;
	struct script_cmd *open[SCRIPT_MAX_DEPTH];
	unsigned int depth;
	unsigned int ncmds;
};

struct statement {
	const char *word;
	unsigned int min, max;			/* words behind it */
	int (*parse)(struct parser *p);
};

__attribute__((format(printf, 2, 3)))
static int fail(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%u: ", p->path, p->line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return -EINVAL;
}

static int no_memory(struct parser *p)
{
	fail(p, "out of memory");
	return -ENOMEM;
}

static int dup_word(struct parser *p, unsigned int i, struct slice *out)
{
	if (i >= p->l.n)
		return 0;
	return pool_dup(&p->s->mem, p->l.word[i], out) ? 0 : no_memory(p);
}

/* --- where a statement lands ------------------------------------------- */

static int st_session(struct parser *p)
{
	struct script_session *ses;

	if (p->depth)
		return fail(p, "\"begin\" of line %u has no \"end\"", p->open[p->depth - 1]->line);
	ses = pool_alloc(&p->s->mem, sizeof(*ses));
	if (!ses)
		return no_memory(p);
	*p->session_tail = ses;
	p->session_tail = &ses->next;
	p->session = ses;
	p->pkg_tail = &ses->pkgs;
	p->pkg = NULL;
	p->last = NULL;
	return 0;
}

static int st_package(struct parser *p)
{
	struct script_pkg *pkg;
	int err;

	if (p->depth)
		return fail(p, "\"begin\" of line %u has no \"end\"", p->open[p->depth - 1]->line);
	if (!p->session) {
		err = st_session(p);
		if (err)
			return err;
	}
	if (p->pkg && p->pkg->abort)
		return fail(p, "nothing can follow \"abort\" in a session");
	pkg = pool_alloc(&p->s->mem, sizeof(*pkg));
	if (!pkg)
		return no_memory(p);
	pkg->line = p->line;
	*p->pkg_tail = pkg;
	p->pkg_tail = &pkg->next;
	p->pkg = pkg;
	p->cmd_tail = &pkg->cmds;
	p->last = NULL;
	return 0;
}

static int new_cmd(struct parser *p, enum script_op op, enum dm_cmd_kind kind)
{
	struct script_cmd *c;

	if (!p->pkg)
		return fail(p, "\"%s\" stands outside a package", lex_word(&p->l, 0));
	if (p->pkg->behave != BEHAVE_NONE || p->pkg->abort)
		return fail(p, "this package answers without commands already");
	if (++p->ncmds > SCRIPT_MAX_CMDS)
		return fail(p, "more than %d commands", SCRIPT_MAX_CMDS);
	c = pool_alloc(&p->s->mem, sizeof(*c));
	if (!c)
		return no_memory(p);
	c->line = p->line;
	c->op = op;
	c->kind = kind;
	*p->cmd_tail = c;
	p->cmd_tail = &c->next;
	p->last = c;
	return 0;
}

/* --- words of the whole script ------------------------------------------ */

static int st_server_id(struct parser *p)
{
	return dup_word(p, 1, &p->s->server_id);
}

static int st_auth(struct parser *p)
{
	const char *w = lex_word(&p->l, 1);

	if (!strcmp(w, "none"))
		p->s->auth = SCRIPT_AUTH_NONE;
	else if (!strcmp(w, "basic"))
		p->s->auth = SCRIPT_AUTH_BASIC;
	else if (!strcmp(w, "md5"))
		p->s->auth = SCRIPT_AUTH_MD5;
	else if (!strcmp(w, "hmac"))
		p->s->auth = SCRIPT_AUTH_MAC;
	else
		return fail(p, "\"%s\" is no authentication: none, basic, md5, hmac", w);
	if (p->l.n == 3) {
		if (strcmp(lex_word(&p->l, 2), "per-message"))
			return fail(p, "\"%s\": only \"per-message\" can stand here",
				    lex_word(&p->l, 2));
		p->s->per_message = true;
	}
	return 0;
}

static int number(struct parser *p, unsigned int i, uint32_t min, uint32_t max, uint32_t *out)
{
	if (str_parse_u32(p->l.word[i], out) || *out < min || *out > max)
		return fail(p, "\"%s\" is no number from %u to %u", lex_word(&p->l, i), min, max);
	return 0;
}

static int st_max_msg_size(struct parser *p)
{
	return number(p, 1, 512, UINT32_MAX, &p->s->max_msg_size);
}

static int st_max_obj_size(struct parser *p)
{
	return number(p, 1, 1, UINT32_MAX, &p->s->max_obj_size);
}

static int st_client_max_msg_size(struct parser *p)
{
	return number(p, 1, 512, UINT32_MAX, &p->s->client_max_msg_size);
}

/* alert-status CODE | none */
static int st_alert_status(struct parser *p)
{
	if (!strcmp(lex_word(&p->l, 1), "none")) {
		p->s->alert_status = 1;
		return 0;
	}
	return number(p, 1, 200, 599, &p->s->alert_status);
}

static int st_resp_uri(struct parser *p)
{
	return dup_word(p, 1, &p->s->resp_uri);
}

static int st_repeat(struct parser *p)
{
	p->s->repeat = true;
	return 0;
}

static int st_nonces(struct parser *p)
{
	if (strcmp(lex_word(&p->l, 1), "reused"))
		return fail(p, "\"%s\": only \"reused\" can stand here", lex_word(&p->l, 1));
	p->s->nonces_reused = true;
	return 0;
}

static int st_http_auth(struct parser *p)
{
	const char *w = lex_word(&p->l, 1);

	if (!strcmp(w, "basic"))
		p->s->http_auth = HTTP_AUTH_BASIC;
	else if (!strcmp(w, "digest"))
		p->s->http_auth = HTTP_AUTH_DIGEST;
	else
		return fail(p, "\"%s\": HTTP asks for basic or digest", w);
	return 0;
}

/* --- commands ------------------------------------------------------------ */

static int st_get(struct parser *p)
{
	int err = new_cmd(p, SCRIPT_CMD, DM_CMD_GET);

	return err ? err : dup_word(p, 1, &p->last->target);
}

static int st_delete(struct parser *p)
{
	int err = new_cmd(p, SCRIPT_CMD, DM_CMD_DELETE);

	return err ? err : dup_word(p, 1, &p->last->target);
}

/* The bytes of file word @i, looked for beside the script. */
static int file_value(struct parser *p, unsigned int i, struct slice *out)
{
	_cleanup_buf_ struct buf data = { .max = SCRIPT_MAX_VALUE };
	_cleanup_buf_ struct buf path = BUF_INIT;
	const char *name = lex_word(&p->l, i), *slash = strrchr(p->path, '/');
	int err;

	if (name[0] != '/' && slash)
		buf_put(&path, p->path, (size_t)(slash - p->path) + 1);
	buf_put_str(&path, name);
	if (buf_error(&path))
		return no_memory(p);
	err = buf_read_file(&data, buf_cstr(&path));
	if (err)
		return fail(p, "%s: %s", buf_cstr(&path), strerror(-err));
	return pool_dup(&p->s->mem, buf_slice(&data), out) ? 0 : no_memory(p);
}

/* A value is the last word, or "file NAME". @from: its first word. */
static int value_words(struct parser *p, unsigned int from, struct slice *out)
{
	if (p->l.n == from + 1)
		return dup_word(p, from, out);
	if (p->l.n == from + 2 && !strcmp(lex_word(&p->l, from), "file") && !p->l.quoted[from])
		return file_value(p, from + 1, out);
	return fail(p, "a value is one word, \"quoted text\", or: file NAME");
}

static bool ends_with_file(const struct parser *p)
{
	return p->l.n >= 4 && !p->l.quoted[p->l.n - 2] &&
	       !strcmp(lex_word(&p->l, p->l.n - 2), "file");
}

/* add URI FORMAT TYPE VALUE */
static int st_add(struct parser *p)
{
	int err = new_cmd(p, SCRIPT_CMD, DM_CMD_ADD);

	if (!err)
		err = dup_word(p, 1, &p->last->target);
	if (!err)
		err = dup_word(p, 2, &p->last->format);
	if (!err)
		err = dup_word(p, 3, &p->last->type);
	if (!err && p->l.n > 4)
		err = value_words(p, 4, &p->last->value);
	if (!err && p->l.n == 4 && !slice_eq_str(p->last->format, "null"))
		return fail(p, "only format null goes without a value");
	return err;
}

/* add-node URI [MO-IDENTIFIER] */
static int st_add_node(struct parser *p)
{
	int err = new_cmd(p, SCRIPT_CMD, DM_CMD_ADD);

	if (err)
		return err;
	p->last->format = SLICE_LIT("node");
	err = dup_word(p, 1, &p->last->target);
	return err ? err : dup_word(p, 2, &p->last->type);
}

/* replace URI [FORMAT [TYPE]] VALUE */
static int st_replace(struct parser *p)
{
	unsigned int value_at = p->l.n - (ends_with_file(p) ? 2 : 1);
	int err = new_cmd(p, SCRIPT_CMD, DM_CMD_REPLACE);

	if (err)
		return err;
	if (value_at < 2 || value_at > 4)
		return fail(p, "replace URI [FORMAT [TYPE]] VALUE");
	err = dup_word(p, 1, &p->last->target);
	if (!err && value_at > 2)
		err = dup_word(p, 2, &p->last->format);
	if (!err && value_at > 3)
		err = dup_word(p, 3, &p->last->type);
	return err ? err : value_words(p, value_at, &p->last->value);
}

static int st_copy(struct parser *p)
{
	int err = new_cmd(p, SCRIPT_CMD, DM_CMD_COPY);

	if (!err)
		err = dup_word(p, 1, &p->last->source);
	return err ? err : dup_word(p, 2, &p->last->target);
}

/* exec URI [VALUE [CORRELATOR]] */
static int st_exec(struct parser *p)
{
	int err = new_cmd(p, SCRIPT_CMD, DM_CMD_EXEC);

	if (!err)
		err = dup_word(p, 1, &p->last->target);
	if (!err)
		err = dup_word(p, 2, &p->last->value);
	return err ? err : dup_word(p, 3, &p->last->correlator);
}

/* alert CODE [OPTIONS TEXT [CHOICE...]] */
static int st_alert(struct parser *p)
{
	unsigned int i;
	int err = new_cmd(p, SCRIPT_CMD, DM_CMD_ALERT);

	if (!err)
		err = number(p, 1, 1, 9999, &p->last->alert);
	for (i = 2; !err && i < p->l.n; i++)
		err = dup_word(p, i, &p->last->items[p->last->nitems++]);
	return err;
}

/* acl URI VALUE */
static int st_acl(struct parser *p)
{
	_cleanup_buf_ struct buf uri = BUF_INIT;
	int err = new_cmd(p, SCRIPT_CMD, DM_CMD_REPLACE);

	if (err)
		return err;
	buf_put_slice(&uri, p->l.word[1]);
	buf_put_str(&uri, "?prop=ACL");
	if (buf_error(&uri) || !pool_dup(&p->s->mem, buf_slice(&uri), &p->last->target))
		return no_memory(p);
	return dup_word(p, 2, &p->last->value);
}

/* Decodes the TNDS file of word @i; the script owns the tree. */
static int tree_value(struct parser *p, unsigned int i)
{
	struct codec_error why = { 0 };
	struct slice doc = SLICE_NONE;
	struct script_tree *t = pool_alloc(&p->s->mem, sizeof(*t));
	int err;

	if (!t)
		return no_memory(p);
	err = file_value(p, i, &doc);
	if (err)
		return err;
	err = codec_tnds_decode(codec_guess(SLICE_NONE, doc), doc, NULL, &t->tnds, &why);
	if (err)
		return fail(p, "%s: no serialized tree: line %u, offset %zu: %s",
			    lex_word(&p->l, i), why.line, why.offset, why.text);
	t->next = p->s->trees;
	p->s->trees = t;
	p->last->tnds = codec_tnds_get(t->tnds);
	return 0;
}

/* tnds add|replace URI FILE [document] */
static int st_tnds(struct parser *p)
{
	const char *w = lex_word(&p->l, 1);
	enum dm_cmd_kind kind;
	int err;

	if (!strcmp(w, "add"))
		kind = DM_CMD_ADD;
	else if (!strcmp(w, "replace"))
		kind = DM_CMD_REPLACE;
	else
		return fail(p, "\"%s\": tnds can add or replace", w);
	err = new_cmd(p, SCRIPT_CMD, kind);
	if (err)
		return err;
	if (p->l.n == 5 && strcmp(lex_word(&p->l, 4), "document"))
		return fail(p, "\"%s\": only \"document\" can stand here", lex_word(&p->l, 4));
	p->last->tnds_document = p->l.n == 5;
	p->last->format = SLICE_LIT("xml");
	err = dup_word(p, 2, &p->last->target);
	return err ? err : tree_value(p, 3);
}

static int st_begin(struct parser *p)
{
	const char *w = lex_word(&p->l, 1);
	enum dm_cmd_kind kind;
	int err;

	if (!strcmp(w, "atomic"))
		kind = DM_CMD_ATOMIC;
	else if (!strcmp(w, "sequence"))
		kind = DM_CMD_SEQUENCE;
	else
		return fail(p, "\"%s\": a block is atomic or sequence", w);
	if (p->depth == SCRIPT_MAX_DEPTH)
		return fail(p, "blocks nest deeper than %d", SCRIPT_MAX_DEPTH);
	err = new_cmd(p, SCRIPT_OPEN, kind);
	if (!err)
		p->open[p->depth++] = p->last;
	return err;
}

static int st_end(struct parser *p)
{
	int err;

	if (!p->depth)
		return fail(p, "\"end\" without \"begin\"");
	err = new_cmd(p, SCRIPT_CLOSE, p->open[p->depth - 1]->kind);
	/* An expect behind "end" speaks of the block. */
	if (!err)
		p->last = p->open[--p->depth];
	return err;
}

/* --- what must come back ------------------------------------------------- */

static int st_expect(struct parser *p)
{
	unsigned int i;
	int err = 0;

	if (!p->last)
		return fail(p, "no command before \"expect\"");
	if (p->last->nexpect)
		return fail(p, "a second \"expect\" for the command of line %u", p->last->line);
	for (i = 1; !err && i < p->l.n; i++)
		err = number(p, i, 100, 599, &p->last->expect[p->last->nexpect++]);
	return err;
}

static int st_expect_value(struct parser *p)
{
	struct script_want *w, **tail;
	int err = 0;

	if (!p->last)
		return fail(p, "no command before \"expect-value\"");
	w = pool_alloc(&p->s->mem, sizeof(*w));
	if (!w)
		return no_memory(p);
	w->line = p->line;
	if (p->l.n == 3)
		err = dup_word(p, 1, &w->uri);
	if (!err)
		err = dup_word(p, p->l.n - 1, &w->value);
	for (tail = &p->last->wants; *tail; tail = &(*tail)->next)
		;
	*tail = w;
	return err;
}

static int st_chunk(struct parser *p)
{
	if (!p->last || p->last->op != SCRIPT_CMD || !p->last->value.n || p->last->tnds || p->depth)
		return fail(p, "\"chunk\" follows a command with a value, outside blocks");
	return number(p, 1, 1, UINT32_MAX, &p->last->chunk);
}

/* --- bad behaviour ------------------------------------------------------- */

static int behave(struct parser *p, enum script_behave b)
{
	if (!p->pkg)
		return fail(p, "\"%s\" stands outside a package", lex_word(&p->l, 0));
	if (p->pkg->behave != BEHAVE_NONE || p->pkg->abort || p->pkg->cmds)
		return fail(p, "\"%s\" must be the only answer of its package", lex_word(&p->l, 0));
	p->pkg->behave = b;
	return 0;
}

static int st_http(struct parser *p)
{
	int err;

	if (!strcmp(lex_word(&p->l, 1), "html"))
		return behave(p, BEHAVE_HTML);
	err = behave(p, BEHAVE_HTTP);
	return err ? err : number(p, 1, 200, 599, &p->pkg->http_status);
}

static int st_garbage(struct parser *p)
{
	return behave(p, BEHAVE_GARBAGE);
}

static int st_drop(struct parser *p)
{
	return behave(p, BEHAVE_DROP);
}

static int st_replay(struct parser *p)
{
	if (p->pkg && p->pkg == p->session->pkgs)
		return fail(p, "no message comes before the first package");
	return behave(p, BEHAVE_REPLAY);
}

static int st_redirect(struct parser *p)
{
	int err = behave(p, BEHAVE_REDIRECT);

	p->pkg->http_status = 307;
	if (!err && p->l.n == 3)
		err = number(p, 2, 301, 308, &p->pkg->http_status);
	return err ? err : dup_word(p, 1, &p->pkg->url);
}

static int st_abort(struct parser *p)
{
	if (!p->pkg)
		return fail(p, "\"abort\" stands outside a package");
	if (p->pkg->behave != BEHAVE_NONE || p->depth)
		return fail(p, "\"abort\" cannot stand here");
	p->pkg->abort = true;
	return 0;
}

static int st_wrong_session(struct parser *p)
{
	if (!p->pkg)
		return fail(p, "\"wrong-session\" stands outside a package");
	p->pkg->wrong_session = true;
	return 0;
}

static int st_hmac(struct parser *p)
{
	static const char *const words[] = {
		[HMAC_MISSING] = "missing", [HMAC_WRONG] = "wrong", [HMAC_REUSED] = "reused",
		[HMAC_NO_NONCE] = "no-nonce", [HMAC_SESSION] = "session",
	};
	const char *w = lex_word(&p->l, 1);

	if (!p->pkg)
		return fail(p, "\"hmac\" stands outside a package");
	for (unsigned int i = HMAC_MISSING; i <= HMAC_SESSION; i++) {
		if (!strcmp(w, words[i])) {
			p->pkg->hmac = i;
			return 0;
		}
	}
	return fail(p, "\"%s\": missing, wrong, reused, no-nonce or session", w);
}

static int st_delay(struct parser *p)
{
	if (!p->pkg)
		return fail(p, "\"delay\" stands outside a package");
	return number(p, 1, 1, SCRIPT_MAX_DELAY_MS, &p->pkg->delay_ms);
}

/* The word behind the statement's: *@out is its place in @words, from 1. */
static int choice(struct parser *p, const char *const *words, unsigned int n, unsigned int *out)
{
	const char *w = lex_word(&p->l, 1);
	unsigned int i;

	if (!p->pkg)
		return fail(p, "\"%s\" stands outside a package", lex_word(&p->l, 0));
	for (i = 0; i < n; i++) {
		if (!strcmp(w, words[i])) {
			*out = i + 1;
			return 0;
		}
	}
	return fail(p, "\"%s\" can not stand behind \"%s\"", w, lex_word(&p->l, 0));
}

static int st_cred(struct parser *p)
{
	static const char *const words[] = { "missing", "wrong", "reused" };
	unsigned int which;
	int err = choice(p, words, 3, &which);

	if (!err)
		p->pkg->cred = which;
	return err;
}

/* body WORD, body trickle MS */
static int st_body(struct parser *p)
{
	static const char *const words[] = { "hang", "truncated", "endless", "trickle", "gzip",
					     "bomb" };
	unsigned int which;
	int err = choice(p, words, 6, &which);

	if (err)
		return err;
	p->pkg->body = which;
	if ((which == BODY_TRICKLE) != (p->l.n == 3))
		return fail(p, "\"trickle\" takes the milliseconds of a byte, the others nothing");
	return p->l.n == 3 ? number(p, 2, 1, SCRIPT_MAX_DELAY_MS, &p->pkg->trickle_ms) : 0;
}

static int st_content_type(struct parser *p)
{
	if (!p->pkg)
		return fail(p, "\"content-type\" stands outside a package");
	return dup_word(p, 1, &p->pkg->content_type);
}

static int st_retry_after(struct parser *p)
{
	if (!p->pkg)
		return fail(p, "\"retry-after\" stands outside a package");
	return number(p, 1, 1, 1000000, &p->pkg->retry_after_s);
}

static int st_repeat_package(struct parser *p)
{
	if (!p->pkg)
		return fail(p, "\"repeat-package\" stands outside a package");
	p->pkg->repeat = true;
	return 0;
}

static const struct statement statements[] = {
	{ "server-id", 1, 1, st_server_id },
	{ "auth", 1, 2, st_auth },
	{ "max-msg-size", 1, 1, st_max_msg_size },
	{ "max-obj-size", 1, 1, st_max_obj_size },
	{ "client-max-msg-size", 1, 1, st_client_max_msg_size },
	{ "alert-status", 1, 1, st_alert_status },
	{ "resp-uri", 1, 1, st_resp_uri },
	{ "repeat", 0, 0, st_repeat },
	{ "nonces", 1, 1, st_nonces },
	{ "http-auth", 1, 1, st_http_auth },
	{ "session", 0, 0, st_session },
	{ "package", 0, 0, st_package },
	{ "get", 1, 1, st_get },
	{ "add", 3, 5, st_add },
	{ "add-node", 1, 2, st_add_node },
	{ "replace", 2, 5, st_replace },
	{ "delete", 1, 1, st_delete },
	{ "copy", 2, 2, st_copy },
	{ "exec", 1, 3, st_exec },
	{ "alert", 1, 1 + SCRIPT_MAX_ITEMS, st_alert },
	{ "acl", 2, 2, st_acl },
	{ "tnds", 3, 4, st_tnds },
	{ "begin", 1, 1, st_begin },
	{ "end", 0, 0, st_end },
	{ "expect", 1, SCRIPT_MAX_EXPECT, st_expect },
	{ "expect-value", 1, 2, st_expect_value },
	{ "chunk", 1, 1, st_chunk },
	{ "http", 1, 1, st_http },
	{ "garbage", 0, 0, st_garbage },
	{ "drop", 0, 0, st_drop },
	{ "redirect", 1, 2, st_redirect },
	{ "replay", 0, 0, st_replay },
	{ "abort", 0, 0, st_abort },
	{ "wrong-session", 0, 0, st_wrong_session },
	{ "hmac", 1, 1, st_hmac },
	{ "delay", 1, 1, st_delay },
	{ "cred", 1, 1, st_cred },
	{ "body", 1, 2, st_body },
	{ "content-type", 1, 1, st_content_type },
	{ "retry-after", 1, 1, st_retry_after },
	{ "repeat-package", 0, 0, st_repeat_package },
};

static int parse_line(struct parser *p, char *line)
{
	const struct statement *st;
	const char *why = lex_split(line, &p->l);
	unsigned int i, args;

	if (why)
		return fail(p, "%s", why);
	if (!p->l.n)
		return 0;
	args = p->l.n - 1;
	for (i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		st = &statements[i];
		if (strcmp(st->word, lex_word(&p->l, 0)))
			continue;
		if (args >= st->min && args <= st->max)
			return st->parse(p);
		return fail(p, "\"%s\" takes %u to %u words, not %u", st->word, st->min, st->max,
			    args);
	}
	return fail(p, "unknown statement \"%s\"", lex_word(&p->l, 0));
}

static int parse(struct parser *p, struct buf *text)
{
	char *line = (char *)text->data, *next;
	int err = 0;

	if (text->len && memchr(text->data, 0, text->len)) {
		p->line = 1;
		return fail(p, "a NUL byte: this is no script");
	}
	for (; !err && line && *line; line = next) {
		p->line++;
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		err = parse_line(p, line);
	}
	if (!err && p->depth)
		return fail(p, "\"begin\" of line %u has no \"end\"", p->open[p->depth - 1]->line);
	return err;
}

int script_load(struct script *s, const char *path)
{
	_cleanup_buf_ struct buf text = { .max = SCRIPT_MAX_FILE };
	struct parser p = { .s = s, .path = path, .session_tail = &s->sessions };
	int err;

	memset(s, 0, sizeof(*s));
	err = buf_read_file(&text, path);
	if (err) {
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
		return err;
	}
	err = parse(&p, &text);
	if (err)
		script_fini(s);
	return err;
}

void script_fini(struct script *s)
{
	struct script_tree *t;

	for (t = s->trees; t; t = t->next)
		codec_tnds_free(t->tnds);
	pool_free(&s->mem);
	memset(s, 0, sizeof(*s));
}
