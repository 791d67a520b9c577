// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random commands, Atomics among them, against a naive model of tree, ACLs and
 * statuses that shares no code with the engine: it copies whole trees where the
 * engine keeps a journal, and reads ACLs as strings. After each message all
 * statuses, results and nodes must agree. DMSC_SEED runs one seed alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"

#define ME	 FAR_SERVER
#define KIDS	 12
#define SEEDS	 120
#define MESSAGES 25

/* --- the model ------------------------------------------------------------- */

struct mnode {
	char name[8], value[8], acl[160], title[8];
	bool leaf, number;
	unsigned int verno;
	long tstamp;
	struct mnode *parent, *kid[KIDS];
	int n;
};

static struct mnode *model;
static long now;

static struct mnode *m_new(struct mnode *parent, const char *name, bool leaf, const char *value)
{
	struct mnode *m = calloc(1, sizeof(*m));

	assert_true(m && (!parent || parent->n < KIDS));
	snprintf(m->name, sizeof(m->name), "%s", name);
	snprintf(m->value, sizeof(m->value), "%s", value);
	m->leaf = leaf;
	m->parent = parent;
	m->tstamp = now;
	if (parent)
		parent->kid[parent->n++] = m;
	return m;
}

static void m_free(struct mnode *m)
{
	for (int i = 0; i < m->n; i++)
		m_free(m->kid[i]);
	free(m);
}

static struct mnode *m_copy(const struct mnode *m, struct mnode *parent)
{
	struct mnode *c = malloc(sizeof(*c));

	assert_non_null(c);
	*c = *m;
	c->parent = parent;
	for (int i = 0; i < m->n; i++)
		c->kid[i] = m_copy(m->kid[i], c);
	return c;
}

static void m_remove(struct mnode *m)
{
	struct mnode *p = m->parent;
	int at = 0;

	while (p->kid[at] != m)
		at++;
	memmove(&p->kid[at], &p->kid[at + 1], (p->n - at - 1) * sizeof(p->kid[0]));
	p->n--;
	m_free(m);
}

static struct mnode *m_child(const struct mnode *m, const char *name)
{
	for (int i = 0; i < m->n; i++)
		if (strcmp(m->kid[i]->name, name) == 0)
			return m->kid[i];
	return NULL;
}

/* @path: "a/b"; each name is one character. */
static struct mnode *m_find(const char *path)
{
	struct mnode *m = model;

	for (; m && *path; path += path[1] ? 2 : 1)
		m = m_child(m, (char[]){*path, 0});
	return m;
}

static bool granted(const struct mnode *m, const char *command)
{
	char acl[160], *entry, *save;

	while (!m->acl[0] && m->parent)
		m = m->parent;
	snprintf(acl, sizeof(acl), "%s", m->acl);
	for (entry = strtok_r(acl, "&", &save); entry; entry = strtok_r(NULL, "&", &save)) {
		char *ids = strchr(entry, '='), *id, *more;

		*ids++ = 0;
		if (strcmp(entry, command) != 0)
			continue;
		for (id = strtok_r(ids, "+", &more); id; id = strtok_r(NULL, "+", &more))
			if (!strcmp(id, "*") || !strcmp(id, ME))
				return true;
	}
	return false;
}

static void touched(struct mnode *m)
{
	m->verno = (m->verno + 1) & 0xffff;
	m->tstamp = now;
}

static void m_uri(const struct mnode *m, char *out, size_t size)
{
	char up[64] = ".";

	if (m->parent)
		m_uri(m->parent, up, sizeof(up));
	snprintf(out, size, m->parent ? "%s/%s" : ".", up, m->name);
}

static void m_dump(const struct mnode *m, struct buf *b)
{
	char uri[64];

	m_uri(m, uri, sizeof(uri));
	if (m->parent)
		buf_printf(b, "%s %s '%s' acl=%s title=%s %u %ld\n", uri,
			   m->leaf ? m->number ? "int" : "chr" : "node", m->value, m->acl, m->title,
			   m->verno, m->tstamp);
	for (int i = 0; i < m->n; i++)
		m_dump(m->kid[i], b);
}

/* The same of the engine's tree; the standing objects have longer names. */
static void dump(struct dm_tree *t, struct buf *b)
{
	struct dm_node *root = dm_tree_root(t);

	for (struct dm_node *n = root; n; n = dm_tree_next(root, n)) {
		const struct dm_node *top = n;

		while (top->parent && top->parent->parent)
			top = top->parent;
		if (top->name_len > 1 || !n->parent)
			continue;
		dm_node_uri(n, b);
		buf_printf(b, " %s '%s' acl=%s title=%s %u %ld\n", dm_format_name(n->format),
			   n->value ? (char *)n->value : "", n->acl ? n->acl : "",
			   n->title ? n->title : "", n->verno, (long)n->tstamp);
	}
}

/* --- what a command does to the model -------------------------------------- */

struct act {
	const char *name;	 /* of the command */
	char path[20], from[20]; /* "a/b"; source of Copy */
	const char *query, *arg; /* of the URI; data */
	bool node, number, tnds;
	char pair[2]; /* names of the object's two leaves */
};

static char culprit[32], results[2048];

static struct mnode *make(struct mnode *parent, const char *name, bool leaf, const char *value)
{
	bool master = granted(parent, "Replace");
	struct mnode *m = m_new(parent, name, leaf, value);

	if (!leaf && !master)
		snprintf(m->acl, sizeof(m->acl), "Add=" ME "&Delete=" ME "&Replace=" ME);
	return m;
}

static int may_add(const struct mnode *parent)
{
	if (!granted(parent, "Add"))
		return 425;
	return parent->leaf ? 405 : 200;
}

/* The parent of the last name, made as need be; the last name is at *name. */
static int parents(const char *path, struct mnode **parent, char *name)
{
	*parent = model;
	for (const char *p = path;; p += 2) {
		struct mnode *m;
		int st;

		name[0] = *p;
		name[1] = 0;
		if (!p[1])
			return may_add(*parent);
		m = m_child(*parent, name);
		if (!m) {
			st = may_add(*parent);
			if (st != 200) {
				snprintf(culprit, sizeof(culprit), " @./%.*s", (int)(p - path) + 1,
					 path);
				return st;
			}
			m = make(*parent, name, false, "");
		}
		*parent = m;
	}
}

static int number_bad(const char *v)
{
	return v[strspn(v, "0123456789")] || !*v;
}

static int do_add(const struct act *a)
{
	struct mnode *parent, *m = m_find(a->path);
	char name[2];
	int st = 200;

	if (a->tnds && m) {
		st = may_add(m);
		parent = m;
	} else {
		st = parents(a->path, &parent, name);
		if (st == 200 && m)
			return 418;
		if (st == 200 && a->tnds)
			parent = make(parent, name, false, "");
	}
	if (st != 200)
		return st;
	if (!a->tnds && a->number && !a->node && number_bad(a->arg))
		return 415;
	if (!a->tnds) {
		m = make(parent, name, !a->node, a->node ? "" : a->arg);
		m->number = a->number && !a->node;
		return 200;
	}
	for (int i = 0; i < 2; i++) {
		char leaf[2] = {a->pair[i], 0};

		if (may_add(parent) != 200)
			return may_add(parent);
		if (m_child(parent, leaf))
			return 418;
		make(parent, leaf, true, "t");
	}
	return 200;
}

static int replace_object(struct mnode *m, const struct act *a)
{
	while (m->n)
		m_remove(m->kid[0]);
	if (a->pair[0] == a->pair[1])
		return 418;
	for (int i = 0; i < 2; i++)
		m_new(m, (char[]){a->pair[i], 0}, true, "t");
	return 200;
}

static int replace_acl(struct mnode *m, const char *acl)
{
	bool own = !m->leaf && granted(m, "Replace");

	if (!own && !(m->parent && granted(m->parent, "Replace")))
		return 425;
	snprintf(m->acl, sizeof(m->acl), "%s", acl);
	touched(m);
	return 200;
}

static int do_replace(const struct act *a)
{
	struct mnode *m = m_find(a->path);

	if (!m)
		return 404;
	if (a->query && !strcmp(a->query, "ACL"))
		return replace_acl(m, a->arg);
	if (a->query && !strcmp(a->query, "VerNo"))
		return 405;
	if (!granted(m, "Replace"))
		return 425;
	if (a->query && !strcmp(a->query, "Title")) {
		snprintf(m->title, sizeof(m->title), "%s", a->arg);
		touched(m);
		return 200;
	}
	if (a->query) {
		if (!strcmp(m->name, a->arg))
			return 200;
		if (m_child(m->parent, a->arg))
			return 418;
		snprintf(m->name, sizeof(m->name), "%s", a->arg);
		touched(m);
		return 200;
	}
	if (m->leaf == a->tnds)
		return 405;
	if (a->tnds)
		return replace_object(m, a);
	if (m->number && number_bad(a->arg))
		return 415;
	snprintf(m->value, sizeof(m->value), "%s", a->arg);
	touched(m);
	return 200;
}

static int do_delete(const struct act *a)
{
	struct mnode *m = m_find(a->path);

	if (!m)
		return 404;
	if (!granted(m, "Delete"))
		return 425;
	m_remove(m);
	return 200;
}

static int do_copy(const struct act *a)
{
	struct mnode *src = m_find(a->from), *dst = m_find(a->path), *parent;
	char name[2];
	int st;

	if (!src)
		return 404;
	if (!granted(src, "Get"))
		return 425;
	if (!src->leaf)
		return 405;
	if (dst) {
		if (!granted(dst, "Replace"))
			return 425;
		if (!dst->leaf)
			return 403;
		touched(dst);
	} else {
		st = parents(a->path, &parent, name);
		if (st != 200)
			return st;
		dst = make(parent, name, true, "");
	}
	memmove(dst->value, src->value, sizeof(dst->value));
	dst->number = src->number;
	return 200;
}

static void list(const struct mnode *m, const char *id)
{
	size_t at = strlen(results);
	char uri[64];

	m_uri(m, uri, sizeof(uri));
	snprintf(results + at, sizeof(results) - at, "R %s %s [%s]\n", id, uri,
		 m->leaf ? m->number ? "int" : "chr" : "node");
	for (int i = 0; i < m->n; i++)
		if (granted(m->kid[i], "Get"))
			list(m->kid[i], id);
}

static int get_prop(const struct mnode *m, const struct act *a, char *out, size_t size)
{
	if (!strcmp(a->query, "ACL"))
		snprintf(out, size, "%s", m->acl);
	else if (!strcmp(a->query, "Title"))
		snprintf(out, size, "%s", m->title);
	else if (!strcmp(a->query, "Name"))
		snprintf(out, size, "%s", m->name);
	else
		snprintf(out, size, "%u", m->verno);
	return 200;
}

static int do_get(const struct act *a, const char *id)
{
	const struct mnode *m = m_find(a->path);
	char text[200] = "";

	if (!m)
		return 404;
	if (!granted(m, "Get"))
		return 425;
	if (a->node) {
		list(m, id);
		return 200;
	}
	if (a->query) {
		get_prop(m, a, text, sizeof(text));
		snprintf(results, sizeof(results), "R %s ./%s?prop=%s %s\n", id, a->path, a->query,
			 text);
		return 200;
	}
	for (int i = 0; i < m->n; i++)
		snprintf(text + strlen(text), 10, "%s%s", i ? "/" : "", m->kid[i]->name);
	snprintf(results, sizeof(results), "R %s ./%s%s %s\n", id, a->path,
		 m->leaf ? m->number ? " [int]" : "" : " [node]", m->leaf ? m->value : text);
	return 200;
}

static int do_exec(const struct act *a)
{
	const struct mnode *m = m_find(a->path);

	if (!m)
		return 404;
	return granted(m, "Exec") ? 405 : 425;
}

/* A command that fails leaves the model as it was. */
static int act(const struct act *a, const char *id)
{
	struct mnode *before = m_copy(model, NULL);
	int st = 0;

	culprit[0] = results[0] = 0;
	switch (a->name[0]) {
	case 'A':
		st = do_add(a);
		break;
	case 'R':
		st = do_replace(a);
		break;
	case 'D':
		st = do_delete(a);
		break;
	case 'C':
		st = do_copy(a);
		break;
	case 'G':
		st = do_get(a, id);
		break;
	default:
		st = do_exec(a);
	}
	if (st == 200) {
		m_free(before);
	} else {
		m_free(model);
		model = before;
	}
	return st;
}

/* --- chance ------------------------------------------------------------------ */

static uint64_t state;

static unsigned int chance(unsigned int n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 20) % n;
}

static void some_path(char *out)
{
	const struct mnode *m = model;
	size_t n = 0;

	/* Mostly of a node that there is. */
	while (chance(4) && m->n && n < 4) {
		m = m->kid[chance(m->n)];
		out[2 * n] = m->name[0];
		out[2 * n++ + 1] = '/';
	}
	if (n && chance(4)) {
		out[2 * n - 1] = 0;
		return;
	}
	for (size_t i = n, end = n + 1 + chance(n < 2 ? 3 : 1); i < end; i++) {
		out[2 * i] = "abcd"[chance(4)];
		out[2 * i + 1] = i + 1 < end ? '/' : 0;
	}
}

static const char *const acls[] = {
    "",
    "Get=*",
    "Add=*&Get=*&Replace=*&Delete=*",
    "Replace=" ME,
    "Add=" ME "+other&Get=other+" ME,
    "Get=other",
    "Add=" ME "&Delete=" ME "&Replace=" ME "&Get=" ME "&Exec=*",
    "Delete=*&Get=" ME,
    "Replace=other+" ME "&Get=*",
};

static struct act some_act(bool may_get)
{
	static const char *const names[] = {"Add",     "Add",	  "Add",     "Add",
					    "Replace", "Replace", "Replace", "Delete",
					    "Copy",    "Exec",	  "Get",     "Get"};
	static const char *const props[] = {"ACL", "ACL", "Name", "Title", "VerNo"};
	static const char *const values[] = {"1", "22", "x", "", "yy"};
	struct act a = {.name = names[chance(may_get ? 12 : 9)], .arg = values[chance(5)]};

	some_path(a.path);
	some_path(a.from);
	a.pair[0] = "abcd"[chance(4)];
	a.pair[1] = "abcd"[chance(4)];
	if (a.name[0] == 'A') {
		a.node = chance(3) == 0;
		a.number = chance(5) == 0;
		a.tnds = chance(6) == 0;
	}
	if (a.name[0] == 'R') {
		a.tnds = chance(5) == 0;
		if (!a.tnds && chance(2))
			a.query = props[chance(5)];
	}
	if (a.name[0] == 'G') {
		a.node = chance(4) == 0;
		if (!a.node && chance(2))
			a.query = props[chance(5)];
	}
	if (a.query && a.name[0] == 'R' && !strcmp(a.query, "ACL"))
		a.arg = acls[chance(sizeof(acls) / sizeof(acls[0]))];
	if (a.query && a.name[0] == 'R' && !strcmp(a.query, "Name"))
		a.arg = (const char *[]){"a", "b", "c", "d"}[chance(4)];
	return a;
}

static void put_escaped(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			buf_put_str(b, "&amp;");
		else
			buf_put_u8(b, *text);
	}
}

static void put_format(struct buf *b, const char *f)
{
	buf_printf(b, "<Meta><Format xmlns='syncml:metinf'>%s</Format></Meta>", f);
}

/* The command as the server sends it. */
static void put_act(struct buf *b, const struct act *a, unsigned int id)
{
	bool data = a->name[0] == 'R' || (a->name[0] == 'A' && !a->node);

	buf_printf(b, "<%s><CmdID>%u</CmdID>", a->name, id);
	if (a->tnds)
		buf_put_str(
		    b, "<Meta><Type "
		       "xmlns='syncml:metinf'>application/vnd.syncml.dmtnds+xml</Type></Meta>");
	else if (a->name[0] == 'A' && (a->node || a->number))
		put_format(b, a->node ? "node" : "int");
	buf_printf(b, "<Item><Target><LocURI>./%s", a->path);
	if (a->query)
		buf_printf(b, "?prop=%s", a->query);
	else if (a->name[0] == 'G' && a->node)
		buf_put_str(b, "?list=Struct");
	buf_put_str(b, "</LocURI></Target>");
	if (a->name[0] == 'C')
		buf_printf(b, "<Source><LocURI>./%s</LocURI></Source>", a->from);
	if (a->tnds) {
		buf_put_str(b, "<Data><MgmtTree xmlns='syncml:dmddf1.2'><VerDTD>1.2</VerDTD>");
		for (int i = 0; i < 2; i++)
			buf_printf(b, TLEAF("%c", "t"), a->pair[i]);
		buf_put_str(b, "</MgmtTree></Data>");
	} else if (data) {
		buf_put_str(b, "<Data>");
		put_escaped(b, a->arg);
		buf_put_str(b, "</Data>");
	}
	buf_printf(b, "</Item></%s>", a->name);
}

/* --- messages ---------------------------------------------------------------- */

static void single(struct buf *body, struct buf *want, unsigned int *id)
{
	struct act a = some_act(true);
	char name[12];
	int st;

	snprintf(name, sizeof(name), "%u", ++*id);
	put_act(body, &a, *id);
	st = act(&a, name);
	buf_printf(want, "S %u %s %d%s\n%s", *id, a.name, st, st == 200 ? "" : culprit,
		   st == 200 ? results : "");
}

static void atomic(struct buf *body, struct buf *want, unsigned int *id)
{
	unsigned int n = 1 + chance(6), first = *id + 2, whole = ++*id;
	struct mnode *before = m_copy(model, NULL);
	const char *names[8];
	char named[32] = "";
	int codes[8];
	bool failed = false;

	buf_printf(body, "<Atomic><CmdID>%u</CmdID>", whole);
	for (unsigned int i = 0; i < n; i++) {
		struct act a = some_act(chance(30) == 0);
		bool legal = a.name[0] != 'G' && a.name[0] != 'E';

		put_act(body, &a, ++*id);
		names[i] = a.name;
		codes[i] = failed ? 215 : legal ? act(&a, "") : 500;
		if (failed || codes[i] == 200)
			continue;
		failed = true;
		snprintf(named, sizeof(named), "%s", legal ? culprit : "");
		for (unsigned int j = 0; j < i; j++)
			codes[j] = 216;
	}
	buf_put_str(body, "</Atomic>");
	if (failed) {
		m_free(model);
		model = before;
	} else {
		m_free(before);
	}
	buf_printf(want, "S %u Atomic %d\n", whole, failed ? 507 : 200);
	for (unsigned int i = 0; i < n; i++)
		buf_printf(want, "S %u %s %d%s\n", first + i, names[i], codes[i],
			   codes[i] >= 300 ? named : "");
}

/* The device's own changes: rights come and go behind the server's back. */
static void local(struct far_end *f)
{
	const char *acl = acls[chance(sizeof(acls) / sizeof(acls[0]))];
	char path[20], uri[24];
	struct mnode *m;

	some_path(path);
	m = m_find(path);
	if (!m)
		return;
	snprintf(uri, sizeof(uri), "./%s", path);
	assert_int_equal(dm_tree_set_acl(f->tree, far_find(f, uri), slice_str(acl), now), 0);
	dm_tree_committed(f->tree);
	snprintf(m->acl, sizeof(m->acl), "%s", acl);
	touched(m);
}

static void message(struct far_end *f, unsigned int seed, unsigned int number)
{
	_cleanup_buf_ struct buf body = BUF_INIT, want = BUF_INIT, is = BUF_INIT, shall = BUF_INIT;
	unsigned int id = 1, n = 1 + chance(10);

	now = ++f->now;
	if (chance(3) == 0)
		local(f);
	buf_put_str(&want, "H 200\n");
	for (unsigned int i = 0; i < n; i++) {
		if (chance(3) == 0)
			atomic(&body, &want, &id);
		else
			single(&body, &want, &id);
	}
	buf_put_str(&want, "F\n");
	assert_int_equal(far_message(f, 212, buf_cstr(&body), true), 1);
	dump(f->tree, &is);
	m_dump(model, &shall);
	if (strcmp(buf_cstr(&f->said), buf_cstr(&want)) || strcmp(buf_cstr(&is), buf_cstr(&shall)))
		print_message("DMSC_SEED=%u, message %u:\n%s\n", seed, number, buf_cstr(&body));
	assert_string_equal(buf_cstr(&f->said), buf_cstr(&want));
	assert_string_equal(buf_cstr(&is), buf_cstr(&shall));
}

static void play(unsigned int seed)
{
	struct far_end f;

	far_init(&f);
	state = seed * 0x9e3779b97f4a7c15ull + 1;
	now = f.now;
	/* Both encodings say the same. */
	f.wbxml = seed % 2;
	f.cfg.encoder = codec_encoder(f.wbxml ? CODEC_WBXML : CODEC_XML);
	model = m_new(NULL, ".", false, "");
	snprintf(model->acl, sizeof(model->acl), "Add=*&Get=*");
	/* Something to begin with that the server may use as it likes. */
	snprintf(m_new(model, "a", false, "")->acl, 160, "%s", acls[6]);
	far_node(&f, "./a", NULL, acls[6]);
	far_start(&f);
	for (unsigned int i = 0; i < MESSAGES; i++)
		message(&f, seed, i);
	m_free(model);
	far_fini(&f);
}

/*
 * Rules: CONT-7 CONT-8 CMD-ADD-2 CMD-ADD-3 CMD-ADD-4 CMD-ADD-5 CMD-ADD-6 CMD-ADD-7
 * CMD-REP-2 CMD-DEL-1 CMD-COPY-6 ACL-2 ACL-7 ACL-8 ACL-16 LIST-5 PROP-NAME-3 PROP-VERNO-2 TNDS-4
 */
static void test_model(void **state_)
{
	const char *one = getenv("DMSC_SEED");

	(void)state_;
	if (one) {
		play(strtoul(one, NULL, 10));
		return;
	}
	for (unsigned int seed = 1; seed <= SEEDS; seed++)
		play(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_model)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
