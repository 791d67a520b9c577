// SPDX-License-Identifier: GPL-2.0-or-later
/* The blocks of a description: servers, access points, proxies, the indicator. */
#include <errno.h>
#include <string.h>

#include "desc_int.h"
#include "dm/acl.h"

#define OFF(type, field) offsetof(struct type, field)
#define TEXT(w, type, field, least) \
	{ w, KEY_TEXT, OFF(type, field), least, sizeof(((struct type *)0)->field) - 1, NULL, NULL }

static const char *const auth_names[] = {
	[DESC_AUTH_NONE] = "", [DESC_AUTH_BASIC] = "basic", [DESC_AUTH_MD5] = "md5",
	[DESC_AUTH_HMAC] = "hmac", NULL };

static void block_open(struct desc_reader *r, const struct desc_block *b, void *what)
{
	r->block = b;
	r->what = what;
	r->block_line = desc_line_now(r);
	r->seen = 0;
}

/* --- credentials ---------------------------------------------------------------- */

/* user "NAME" secret "SECRET" from word @at on, in this order; where it ends goes to *@end. */
static int user_secret(struct desc_reader *r, int at, char *user, char *secret, int *end)
{
	int err;

	if (!desc_word_is(r, at, "user") || !desc_word_is(r, at + 2, "secret"))
		return reader_fail(&r->r, "user \"NAME\" secret \"SECRET\" expected");
	err = desc_text(r, at + 1, 1, DESC_TEXT_MAX, user);
	if (!err)
		err = desc_text(r, at + 3, 1, DESC_TEXT_MAX, secret);
	r->d->secrets = true;
	*end = at + 4;
	return err;
}

/* client | server TYPE user "NAME" secret "SECRET" [nonce "BYTES"] */
static int credentials(struct desc_reader *r, struct desc_cred *c)
{
	const struct word *w;
	int type = 0, at = 0, err = desc_choice(r, 1, auth_names + 1, &type);

	if (err)
		return err;
	c->type = type + 1;
	err = user_secret(r, 2, c->user, c->secret, &at);
	if (err || !desc_word_is(r, at, "nonce"))
		return err ? err : desc_no_more(r, at);
	w = &r->r.words[at + 1];
	if (at + 1 >= r->r.n_words || !w->quoted || !w->n || w->n > DESC_NONCE_MAX)
		return reader_fail(&r->r, "a nonce is a \"quoted string\" of 1 to %d bytes",
				   DESC_NONCE_MAX);
	if (c->type == DESC_AUTH_BASIC)
		return reader_fail(&r->r, "basic has no nonce");
	memcpy(c->nonce, w->s, w->n);
	c->nonce_len = w->n;
	return desc_no_more(r, at + 2);
}

/* --- server ---------------------------------------------------------------------- */

static int do_client(struct desc_reader *r, void *what)
{
	return credentials(r, &((struct desc_server *)what)->client);
}

static int do_server(struct desc_reader *r, void *what)
{
	return credentials(r, &((struct desc_server *)what)->server);
}

static int do_connect(struct desc_reader *r, void *what)
{
	struct desc_server *s = what;
	int err;

	if (s->nconnects == DESC_CONNECTS_MAX)
		return reader_fail(&r->r, "more than %d ways to connect", DESC_CONNECTS_MAX);
	err = desc_text(r, 1, 1, DESC_ID_MAX, s->connect[s->nconnects++]);
	return err ? err : desc_no_more(r, 2);
}

static int end_server(struct desc_reader *r, void *what)
{
	const struct desc_server *s = what;

	if (!s->url[0])
		return reader_fail(&r->r, "server \"%s\" has no url", s->id);
	return 0;
}

static const struct desc_key server_keys[] = {
	TEXT("url", desc_server, url, 1),
	TEXT("name", desc_server, name, 1),
	TEXT("acl", desc_server, acl, 1),
	{ "port", KEY_NUMBER, OFF(desc_server, port), 1, 65535, NULL, NULL },
	{ "prefer", KEY_CHOICE, OFF(desc_server, prefer), 0, 0, auth_names, NULL },
	{ "client", KEY_CALL_ONCE, .run = do_client },
	{ "server", KEY_CALL_ONCE, .run = do_server },
	{ "init", KEY_FLAG, OFF(desc_server, init), 0, 0, NULL, NULL },
	{ "connect", KEY_CALL, .run = do_connect },
};

static const struct desc_block server_block = {
	"server", server_keys, COUNT(server_keys), end_server };

/* A block of a profile with a name: there is a profile, it has room, the name is new there. */
static int named(struct desc_reader *r, size_t n, size_t max, char *id)
{
	const char *word = r->r.words[0].s;
	int err;

	if (!r->doc)
		return reader_fail(&r->r, "\"%s\" stands before any \"profile\"", word);
	if (n == max)
		return reader_fail(&r->r, "more than %zu of \"%s\"", max, word);
	err = desc_text(r, 1, 1, DESC_ID_MAX, id);
	return err ? err : desc_no_more(r, 2);
}

int desc_open_server(struct desc_reader *r, void *what)
{
	struct desc_doc *doc = r->doc;
	struct desc_server *s = doc ? &doc->servers[doc->nservers] : NULL;
	int err = named(r, doc ? doc->nservers : 0, DESC_SERVERS_MAX, s ? s->id : NULL);

	if (err)
		return err;
	for (size_t i = 0; i < doc->nservers; i++)
		if (!strcmp(doc->servers[i].id, s->id))
			return reader_fail(&r->r, "a second server \"%s\"", s->id);
	s->line = desc_line_now(r);
	if (!dm_acl_server_valid(slice_str(s->id)))
		return reader_fail(&r->r, "no ACL can name a server \"%s\": ASCII, no blanks, none of & = + *",
				   s->id);
	doc->nservers++;
	block_open(r, &server_block, s);
	return 0;
}

/* --- nap --------------------------------------------------------------------------- */

static int do_nap_auth(struct desc_reader *r, void *what)
{
	static const char *const names[] = { "pap", "chap", NULL };
	struct desc_nap *n = what;
	int kind = 0, at = 0, err = desc_choice(r, 1, names, &kind);

	strcpy(n->auth, kind ? "CHAP" : "PAP");
	if (!err)
		err = user_secret(r, 2, n->user, n->secret, &at);
	return err ? err : desc_no_more(r, at);
}

static const struct desc_key nap_keys[] = {
	TEXT("name", desc_nap, name, 1),
	TEXT("bearer", desc_nap, bearer, 1),
	TEXT("apn", desc_nap, apn, 1),
	{ "internet", KEY_FLAG, OFF(desc_nap, internet), 0, 0, NULL, NULL },
	{ "auth", KEY_CALL_ONCE, .run = do_nap_auth },
};

static const struct desc_block nap_block = { "nap", nap_keys, COUNT(nap_keys), NULL };

static bool connection_taken(const struct desc_doc *doc, const char *id)
{
	for (size_t i = 0; i < doc->nnaps; i++)
		if (!strcmp(doc->naps[i].id, id))
			return true;
	for (size_t i = 0; i < doc->nproxies; i++)
		if (!strcmp(doc->proxies[i].id, id))
			return true;
	return false;
}

int desc_open_nap(struct desc_reader *r, void *what)
{
	struct desc_doc *doc = r->doc;
	struct desc_nap *n = doc ? &doc->naps[doc->nnaps] : NULL;
	int err = named(r, doc ? doc->nnaps : 0, DESC_NAPS_MAX, n ? n->id : NULL);

	if (err)
		return err;
	if (connection_taken(doc, n->id))
		return reader_fail(&r->r, "a second nap or proxy \"%s\"", n->id);
	strcpy(n->bearer, "GSM-GPRS");
	n->line = desc_line_now(r);
	doc->nnaps++;
	block_open(r, &nap_block, n);
	return 0;
}

/* --- proxy -------------------------------------------------------------------------- */

static int do_proxy_auth(struct desc_reader *r, void *what)
{
	static const char *const names[] = { "basic", "digest", NULL };
	struct desc_proxy *p = what;
	int kind = 0, at = 0, err = desc_choice(r, 1, names, &kind);

	strcpy(p->auth, kind ? "HTTP-DIGEST" : "HTTP-BASIC");
	if (!err)
		err = user_secret(r, 2, p->user, p->secret, &at);
	return err ? err : desc_no_more(r, at);
}

static int end_proxy(struct desc_reader *r, void *what)
{
	const struct desc_proxy *p = what;

	if (!p->address[0])
		return reader_fail(&r->r, "proxy \"%s\" has no address", p->id);
	return 0;
}

static const char *const address_names[] = {
	[DESC_IPV4] = "ipv4", [DESC_IPV6] = "ipv6", [DESC_ALPHA] = "alpha", NULL };

static const struct desc_key proxy_keys[] = {
	TEXT("name", desc_proxy, name, 1),
	TEXT("address", desc_proxy, address, 1),
	{ "address-type", KEY_CHOICE, OFF(desc_proxy, address_type), 0, 0, address_names, NULL },
	{ "port", KEY_NUMBER, OFF(desc_proxy, port), 1, 65535, NULL, NULL },
	TEXT("through", desc_proxy, through, 1),
	{ "auth", KEY_CALL_ONCE, .run = do_proxy_auth },
};

static const struct desc_block proxy_block = {
	"proxy", proxy_keys, COUNT(proxy_keys), end_proxy };

int desc_open_proxy(struct desc_reader *r, void *what)
{
	struct desc_doc *doc = r->doc;
	struct desc_proxy *p = doc ? &doc->proxies[doc->nproxies] : NULL;
	int err = named(r, doc ? doc->nproxies : 0, DESC_PROXIES_MAX, p ? p->id : NULL);

	if (err)
		return err;
	if (connection_taken(doc, p->id))
		return reader_fail(&r->r, "a second nap or proxy \"%s\"", p->id);
	p->line = desc_line_now(r);
	doc->nproxies++;
	block_open(r, &proxy_block, p);
	return 0;
}

/* --- indicator -------------------------------------------------------------------------- */

static const char *const ui_names[] = {
	[INDICATOR_UI_UNSPECIFIED] = "unspecified", [INDICATOR_UI_BACKGROUND] = "background",
	[INDICATOR_UI_INFORMATIVE] = "informative", [INDICATOR_UI_CONFIRM] = "confirm", NULL };

static int do_ui_mode(struct desc_reader *r, void *what)
{
	struct desc_indicator *i = what;
	int err = desc_choice(r, 1, ui_names, &i->ui);

	i->has_ui = true;
	return err ? err : desc_no_more(r, 2);
}

static int do_timeout(struct desc_reader *r, void *what)
{
	struct desc_indicator *i = what;
	int err = word_number(&r->r, 1, 0, 65535, &i->timeout_s);

	i->has_timeout = true;
	return err ? err : desc_no_more(r, 2);
}

static int do_for(struct desc_reader *r, void *what)
{
	struct desc_indicator *i = what;
	int err;

	if (i->nservers == INDICATOR_SERVERS_MAX)
		return reader_fail(&r->r, "more than %d servers", INDICATOR_SERVERS_MAX);
	err = desc_text(r, 1, 1, DESC_ID_MAX, i->servers[i->nservers++]);
	return err ? err : desc_no_more(r, 2);
}

static const struct desc_key indicator_keys[] = {
	{ "connect", KEY_FLAG, OFF(desc_indicator, connect), 0, 0, NULL, NULL },
	{ "every-power-on", KEY_FLAG, OFF(desc_indicator, every_power_on), 0, 0, NULL, NULL },
	{ "ask-incorporate", KEY_FLAG, OFF(desc_indicator, ask_incorporate), 0, 0, NULL, NULL },
	{ "ui-mode", KEY_CALL_ONCE, .run = do_ui_mode },
	{ "for", KEY_CALL, .run = do_for },
	TEXT("text", desc_indicator, text, 1),
	{ "timeout", KEY_CALL_ONCE, .run = do_timeout },
};

static const struct desc_block indicator_block = {
	"indicator", indicator_keys, COUNT(indicator_keys), NULL };

int desc_open_indicator(struct desc_reader *r, void *what)
{
	r->d->indicator.present = true;
	block_open(r, &indicator_block, &r->d->indicator);
	return desc_no_more(r, 1);
}
