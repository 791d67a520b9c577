// SPDX-License-Identifier: GPL-2.0-or-later
/* What would follow from a card's data: the profile, both gates, the accounts. Into a tree that is thrown away. */
#include <errno.h>
#include <time.h>

#include "card/plan.h"
#include "dmsc-client/client.h"
#include "dmsc-client/decode.h"
#include "mo/dmacc.h"
#include "net/http.h"

#define ORIGIN 1	/* some card's: a card's rules hold */

/* The documents of one profile, in the order in which they are one content. */
static size_t content(const struct decode *d, enum client_profile profile,
		      struct client_bootstrap_doc *out)
{
	size_t n = 0;

	for (unsigned int oid = DECODE_DM; oid <= DECODE_CONFIG2; oid++)
		for (size_t i = 0; i < d->ndocs; i++)
			if (d->doc[i].obj->oid == oid && !d->doc[i].erased &&
			    d->doc[i].profile == profile)
				out[n++] = (struct client_bootstrap_doc){
					profile, buf_slice(&d->doc[i].bytes) };
	return n;
}

static struct dm_tree *tree_new(void)
{
	struct dm_tree *t = dm_tree_new();

	if (t && mo_install(t, NULL, time(NULL))) {
		dm_tree_free(t);
		t = NULL;
	}
	return t;
}

static const char *auth_name(const struct dm_credential *c)
{
	static const char *const names[] = {
		[DM_AUTH_NONE] = "none", [DM_AUTH_BASIC] = "basic", [DM_AUTH_MD5] = "md5",
		[DM_AUTH_MAC] = "hmac", [DM_AUTH_TRANSPORT] = "transport", [DM_AUTH_OTHER] = "unsupported" };

	return names[c->present ? c->type : DM_AUTH_NONE];
}

static const char *verdict_name(enum plan_verdict v)
{
	static const char *const names[] = {
		[PLAN_SESSION] = "start", [PLAN_SESSION_NOTICE] = "notice",
		[PLAN_SESSION_ASK] = "ask", [PLAN_NO_SESSION] = "none" };

	return names[v];
}

/* A session to an address of plain http ends before anything is sent, but for those allowed. */
static void plain_http_show(struct decode *d, const char *id, const struct dm_account *a)
{
	bool allowed = conf_list_has(&d->conf->allow_http, id);

	if (http_url_is_https(buf_cstr(&a->url)))
		return;
	decode_line(d, 2, "plain http: a session is %s (allow-http of dmsc.conf)",
		    allowed ? "possible" : "refused before anything is sent");
	decode_member_str(d, "plain_http", allowed ? "allowed" : "refused");
}

static void account_show(struct decode *d, struct dm_tree *t, const char *id, bool init)
{
	static const char *const words[] = {
		[PLAN_SESSION] = "a session, nobody is asked", [PLAN_SESSION_NOTICE] = "a notice and a session",
		[PLAN_SESSION_ASK] = "a session once a person agreed", [PLAN_NO_SESSION] = "no session" };
	const char *why = "";
	struct dm_account a;
	struct plan_input in = { .ind = &d->ind, .bootstrapped = true, .cp_init = init,
				 .connect_without_indicator = d->conf->connect_without_indicator,
				 .server_id = slice_str(id) };
	enum plan_verdict v = plan_session(&in, &why);
	int r = dmacc_read(t, slice_str(id), &a);

	decode_line(d, 1, "account %s at %s: the client shows %s, the server %s", id,
		    r ? "no usable address" : buf_cstr(&a.url), auth_name(&a.client),
		    auth_name(&a.server));
	if (!r && a.conref.len)
		decode_line(d, 2, "connected by %s", buf_cstr(&a.conref));
	decode_line(d, 2, "gate two: %s (%s)", words[v], why);
	decode_open(d, NULL, '{');
	decode_member_str(d, "server", id);
	if (!r)
		decode_member_str(d, "address", buf_cstr(&a.url));
	decode_member_str(d, "client_auth", auth_name(&a.client));
	decode_member_str(d, "server_auth", auth_name(&a.server));
	if (!r && a.conref.len)
		decode_member_str(d, "connected_by", buf_cstr(&a.conref));
	decode_member_bool(d, "init", init);
	decode_member_str(d, "session", verdict_name(v));
	decode_member_str(d, "why", why);
	if (!r)
		plain_http_show(d, id, &a);
	decode_close(d, '}');
	dm_account_fini(&a);
	if (r) {
		d->malformed = true;
		decode_problem(d, "", DECODE_NO_OFFSET, "STD w7",
			       "the account of '%s' has no address that can be used", id);
	}
}

/* Tries one profile; true when it would be applied. */
static bool profile_try(struct decode *d, enum client_profile profile, struct dm_tree *t,
			struct client_bootstrap_result *res)
{
	struct client_bootstrap_doc docs[DECODE_DOCS_MAX];
	size_t n = content(d, profile, docs);

	memset(res, 0, sizeof(*res));
	if (!n)
		return false;
	if (!client_bootstrap_try(t, docs, n, ORIGIN, res))
		return true;
	d->malformed = true;
	decode_problem(d, "", DECODE_NO_OFFSET,
		       profile == CLIENT_PROFILE_DM ? "BOOT 3.1.4.5" : "BOOT 3.1.3.6",
		       "the %s profile is refused as a whole: %s",
		       profile == CLIENT_PROFILE_DM ? "DM" : "CP", res->reason);
	return false;
}

static void gate_one(struct decode *d)
{
	bool ask = plan_incorporate(&d->ind, false, false) == PLAN_ASK;

	decode_line(d, 1, "gate one: %s", ask ? "a person is asked before the data is taken over" :
					       "the data is taken over, nobody is asked");
	decode_member_str(d, "gate_one", ask ? "ask" : "go");
}

static void nothing(struct decode *d, const char *why)
{
	decode_line(d, 1, "nothing: %s", why);
	decode_member_str(d, "profile", "none");
	decode_member_str(d, "why", why);
	decode_open(d, "accounts", '[');
	decode_close(d, ']');
}

static bool all_read(const struct decode *d)
{
	bool all = !d->unreadable;

	for (size_t i = 0; i < d->ndocs; i++)
		all = all && !d->doc[i].unread;
	return all;
}

void decode_plan(struct decode *d)
{
	struct client_bootstrap_result res = { 0 };
	struct client_bootstrap_doc docs[DECODE_DOCS_MAX];
	struct dm_tree *t = tree_new();
	bool dm, usable;

	decode_line(d, 0, "What dmsc would do");
	decode_open(d, "plan", '{');
	if (!t) {
		d->out.err = -ENOMEM;
	} else if (!all_read(d)) {
		nothing(d, "something could not be read, and unreadable is not absent");
	} else {
		dm = profile_try(d, CLIENT_PROFILE_DM, t, &res);
		usable = dm || profile_try(d, CLIENT_PROFILE_CP, t, &res);
		if (usable) {
			decode_line(d, 1, "the %s profile is used%s", dm ? "DM" : "CP",
				    dm && content(d, CLIENT_PROFILE_CP, docs) ?
				    ", the CP documents are left alone" : "");
			decode_member_str(d, "profile", dm ? "dm" : "cp");
			gate_one(d);
			decode_open(d, "accounts", '[');
			for (unsigned int i = 0; i < res.nservers; i++)
				account_show(d, t, res.server_id[i], res.init[i]);
			decode_close(d, ']');
		} else {
			nothing(d, d->ndocs ? "no document can be used" : "the card has no document");
		}
	}
	decode_close(d, '}');
	dm_tree_free(t);
}
