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

static void account_show(struct decode *d, const struct indicator *ind, struct dm_tree *t,
			 const char *id, bool init)
{
	static const char *const words[] = {
		[PLAN_SESSION] = "a session, nobody is asked", [PLAN_SESSION_NOTICE] = "a notice and a session",
		[PLAN_SESSION_ASK] = "a session once a person agreed", [PLAN_NO_SESSION] = "no session" };
	const char *why = "";
	struct dm_account a;
	struct plan_input in = { .ind = ind, .bootstrapped = true, .cp_init = init,
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

/* Would the profile in @c be applied? 0 or -errno, said. */
static int profile_try(struct decode *d, const struct card_data *c, struct dm_tree *t,
		       struct client_bootstrap_result *res)
{
	struct client_bootstrap_doc docs[CARD_FILES_MAX];
	size_t n = card_data_docs(c, docs);
	bool dm = c->profile == CLIENT_PROFILE_DM;
	int r = client_bootstrap_try(t, docs, n, ORIGIN, res);

	if (!r)
		return 0;
	d->malformed = true;
	decode_problem(d, "", DECODE_NO_OFFSET, dm ? "BOOT 3.1.4.5" : "BOOT 3.1.3.6",
		       "the %s profile is refused as a whole: %s", dm ? "DM" : "CP", res->reason);
	return r;
}

static void gate_one(struct decode *d, const struct indicator *ind)
{
	bool ask = plan_incorporate(ind, false, false) == PLAN_ASK;

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

/* Documents of the other profile that are on the card, too. */
static bool left_alone(const struct decode *d)
{
	for (size_t i = 0; i < d->ndocs; i++)
		if (d->doc[i].profile == CLIENT_PROFILE_CP && !d->doc[i].erased)
			return true;
	return false;
}

static void content_show(struct decode *d, const struct card_data *c, struct dm_tree *t,
			 const struct client_bootstrap_result *res)
{
	bool dm = c->profile == CLIENT_PROFILE_DM;

	decode_line(d, 1, "the %s profile is used%s", dm ? "DM" : "CP",
		    dm && left_alone(d) ? ", the CP documents are left alone" : "");
	decode_member_str(d, "profile", dm ? "dm" : "cp");
	gate_one(d, &c->ind);
	decode_open(d, "accounts", '[');
	for (unsigned int i = 0; i < res->nservers; i++)
		account_show(d, &c->ind, t, res->server_id[i], res->init[i]);
	decode_close(d, ']');
}

/* The way of card-child, with its rules: what to read, which profile, and which when that is refused. */
static void card_follow(struct decode *d, struct card_data *c, struct dm_tree *t)
{
	struct client_bootstrap_result res;
	int r = card_data_read(c), next;

	if (r <= 0) {
		nothing(d, c->reason);
		return;
	}
	r = profile_try(d, c, t, &res);
	if (r) {
		next = card_data_fall_back(c, r);
		if (next < 0) {
			nothing(d, c->reason);
			return;
		}
		if (next)
			r = profile_try(d, c, t, &res);
	}
	if (r)
		nothing(d, "no document can be used");
	else
		content_show(d, c, t, &res);
}

/* The card is read once more: what is said of it is what card-child would see. */
void decode_plan(struct decode *d)
{
	static struct card_data c;
	struct dm_tree *t = tree_new();

	card_data_init(&c);
	c.rd = d->rd;
	c.conf = d->conf;
	c.name = d->source;
	c.say = CARD_SAY_NOTHING;
	decode_line(d, 0, "What dmsc would do");
	decode_open(d, "plan", '{');
	if (t)
		card_follow(d, &c, t);
	else
		d->out.err = -ENOMEM;
	decode_close(d, '}');
	dm_tree_free(t);
	card_data_fini(&c);
}
