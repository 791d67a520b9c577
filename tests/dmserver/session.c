// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of sessions and the way of one request through it: find the
 * session, check, authenticate, take the answers, decide what comes next.
 */
#include "session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "json.h"
#include "util/log.h"
#include "util/str.h"

#define ENDED_KEEP_MS 60000
#define MESSAGES_MAX 10000	/* of one session; keeps what it holds bounded */
#define VIOLATIONS_MAX 1000	/* events per session; a hostile client must not fill the disk */

uint64_t session_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A view that was cut within a character, or bytes that are none, must not hide the text. */
static void printable(struct buf *text)
{
	size_t i;

	if (str_utf8_valid(buf_slice(text)))
		return;
	for (i = 0; i < text->len; i++)
		if (text->data[i] >= 0x80)
			text->data[i] = '?';
}

void violation(struct server *srv, struct session *s, const char *clause, const char *fmt, ...)
{
	struct buf text = BUF_INIT, *e;
	va_list ap;

	s->sum.violations++;
	srv->sum.violations++;
	if (s->sum.violations > VIOLATIONS_MAX)
		return;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	printable(&text);
	e = record_begin(srv->record, "violation");
	json_num(e, "session", s->number);
	json_num(e, "after_msg_id", s->in_msgid);
	json_str(e, "clause", clause);
	json_bytes(e, "text", buf_slice(&text));
	record_end(srv->record);
	log_warn("session %u violates %s: %s", s->number, clause, buf_cstr(&text));
	buf_fini(&text);
}

/* --- the table ------------------------------------------------------------------ */

static void session_fini(struct session *s)
{
	answers_clear(s);
	buf_fini(&s->device);
	buf_fini(&s->id);
	buf_wipe_fini(&s->nonce);
	buf_wipe_fini(&s->last_server_nonce);
	buf_wipe_fini(&s->try_nonce);
	buf_fini(&s->reply_hmac);
	buf_fini(&s->large);
	buf_fini(&s->reply);
	memset(s, 0, sizeof(*s));
}

static struct device *find_device(struct server *srv, struct slice id)
{
	struct device *d;
	unsigned int i;

	for (i = 0; i < srv->ndevices; i++)
		if (slice_eq(buf_slice(&srv->devices[i].id), id))
			return &srv->devices[i];
	/* The table is a ring: the oldest device starts anew. */
	if (srv->ndevices < DEVICES_MAX)
		d = &srv->devices[srv->ndevices++];
	else
		d = &srv->devices[srv->begun % DEVICES_MAX];
	buf_reset(&d->id);
	buf_put_slice(&d->id, id);
	d->next = srv->script->sessions;
	return d;
}

void session_end(struct server *srv, struct session *s, const char *outcome)
{
	if (s->ended)
		return;
	/* Who never got in has not used up its part of the script. */
	if (!s->authed && !s->behaved && s->play)
		find_device(srv, buf_slice(&s->device))->next = s->play;
	s->ended = true;
	srv->ended++;
	trace_session(srv, s, "session-end", outcome, SLICE_NONE);
	answers_clear(s);
	buf_fini(&s->large);
}

void session_expire(struct server *srv, uint64_t now_ms)
{
	unsigned int i;

	for (i = 0; i < srv->max_sessions; i++) {
		struct session *s = &srv->sessions[i];

		if (!s->used)
			continue;
		if (!s->ended && now_ms - s->last_ms > srv->session_timeout_s * 1000ull)
			session_end(srv, s, s->authed ? "timed out" : "not authenticated");
		if (s->ended && now_ms - s->last_ms > ENDED_KEEP_MS)
			session_fini(s);
	}
}

void session_stop(struct server *srv)
{
	unsigned int i;

	for (i = 0; i < srv->max_sessions; i++) {
		if (!srv->sessions[i].used)
			continue;
		session_end(srv, &srv->sessions[i], "server stopped");
		session_fini(&srv->sessions[i]);
	}
	for (i = 0; i < srv->ndevices; i++)
		buf_fini(&srv->devices[i].id);
}

/* A free place, or that of the session that ended longest ago; NULL: all are busy. */
static struct session *free_place(struct server *srv)
{
	struct session *oldest = NULL;
	unsigned int i;

	session_expire(srv, session_now_ms());
	for (i = 0; i < srv->max_sessions; i++) {
		struct session *s = &srv->sessions[i];

		if (!s->used)
			return s;
		if (s->ended && (!oldest || s->last_ms < oldest->last_ms))
			oldest = s;
	}
	if (oldest)
		session_fini(oldest);
	return oldest;
}

static struct slice clip(struct slice s, size_t max)
{
	if (!s.p)
		return slice_str("");
	return slice_of(s.p, s.n > max ? max : s.n);
}

static struct session *find_session(struct server *srv, struct slice device, struct slice id)
{
	unsigned int i;

	for (i = 0; i < srv->max_sessions; i++) {
		struct session *s = &srv->sessions[i];

		if (s->used && slice_eq(buf_slice(&s->device), device) &&
		    slice_eq(buf_slice(&s->id), id))
			return s;
	}
	return NULL;
}

/* A device has one session at a time: a new one shows that it gave the old one up. */
static void give_up_others(struct server *srv, struct slice device)
{
	unsigned int i;

	for (i = 0; i < srv->max_sessions; i++) {
		struct session *s = &srv->sessions[i];

		if (s->used && !s->ended && slice_eq(buf_slice(&s->device), device))
			session_end(srv, s, "given up by the client");
	}
}

static struct session *begin(struct server *srv, const struct message *m, struct slice device,
			     struct slice id, struct slice peer)
{
	struct session *s;
	struct device *d;

	give_up_others(srv, device);
	s = free_place(srv);
	if (!s)
		return NULL;
	s->used = true;
	s->number = ++srv->begun;
	s->started_ms = session_now_ms();
	s->last_ms = s->started_ms;
	s->format = m->format;
	buf_put_slice(&s->device, device);
	buf_put_slice(&s->id, id);
	d = find_device(srv, device);
	s->play = d->next;
	if (s->play) {
		s->pkg = s->play->pkgs;
		s->cur = s->pkg ? s->pkg->cmds : NULL;
		d->next = s->play->next;
		if (!d->next && srv->script->repeat)
			d->next = srv->script->sessions;
	}
	trace_session(srv, s, "session-begin", NULL, peer);
	return s;
}

/* FNV-1a: tells a repeated request from a new one; nobody's security rests on it. */
static uint64_t hash(struct slice s)
{
	uint64_t h = 0xcbf29ce484222325ull;
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h ^ s.p[i]) * 0x100000001b3ull;
	return h;
}

/* The session of @m, new when it is none of ours or starts over; NULL: no room. */
static struct session *session_of(struct server *srv, const struct message *m,
				  const struct dm_request *req, bool *repeated)
{
	struct slice device = clip(m->hdr.source, DEVICE_ID_MAX);
	struct slice id = clip(m->hdr.session_id, SESSION_ID_MAX);
	struct session *s = find_session(srv, device, id);
	bool first = slice_eq_str(m->hdr.msg_id, "1");

	*repeated = s && s->request_hash == hash(req->body) && !s->lost && s->reply.len;
	if (s && first && !*repeated && !s->lost) {
		session_end(srv, s, "started over by the client");
		session_fini(s);
		s = NULL;
	}
	return s ? s : begin(srv, m, device, id, req->peer);
}

/* --- script positions --------------------------------------------------------------- */

static struct script_pkg *following(struct script_pkg *pkg)
{
	return !pkg || pkg->repeat ? pkg : pkg->next;
}

/* The package whose turn comes with this message, were all its answers in it. */
static struct script_pkg *due(const struct session *s, const struct message *m)
{
	if (s->mid_package || !m->final)
		return NULL;
	if (s->played)
		return following(s->played);
	if (s->awaiting)
		return following(s->pkg);
	return s->pkg;
}

static void set_package(struct session *s, struct script_pkg *pkg)
{
	s->pkg = pkg;
	s->cur = pkg ? pkg->cmds : NULL;
	s->chunk_off = 0;
	s->played = NULL;
	s->awaiting = false;
	s->mid_package = false;
}

static void next_package(struct session *s)
{
	if (s->played)
		set_package(s, following(s->played));
	else if (s->awaiting)
		set_package(s, following(s->pkg));
}

/* --- authentication ---------------------------------------------------------------------- */

static enum auth_scheme asked_scheme(const struct server *srv)
{
	switch (srv->script->auth) {
	case SCRIPT_AUTH_BASIC:
		return AUTH_BASIC;
	case SCRIPT_AUTH_MD5:
		return AUTH_MD5;
	case SCRIPT_AUTH_MAC:
		return AUTH_MAC;
	default:
		return AUTH_NONE;
	}
}

static bool anyone(const struct server *srv)
{
	return srv->script->auth == SCRIPT_AUTH_NONE ||
	       (srv->script->auth == SCRIPT_AUTH_USERS && !srv->users->head);
}

/* What this session's user is asked for. */
static enum auth_scheme scheme_of(const struct server *srv, const struct user *u)
{
	enum auth_scheme scheme = asked_scheme(srv);

	if (scheme != AUTH_NONE)
		return scheme;
	return u ? u->scheme : AUTH_MD5;
}

/* Does each message of the client need credentials? */
static bool each_message(const struct server *srv, const struct session *s)
{
	return srv->script->per_message || scheme_of(srv, s->user) == AUTH_MAC;
}

static void judge(const struct server *srv, const struct session *s, const struct message *m,
		  const struct dm_request *req, struct auth_verdict *v)
{
	const struct auth_signed sig = { .header = req->hmac, .body = req->body };

	*v = (struct auth_verdict){ .result = AUTH_ACCEPTED, .why = "nobody is asked" };
	if (anyone(srv)) {
		v->user = users_find(srv->users, m->hdr.source_name);
	} else if (s->authed && !each_message(srv, s)) {
		v->user = s->user;
		v->why = "authenticated before";
	} else {
		auth_check(srv->users, &m->hdr, asked_scheme(srv),
			   s->has_nonce ? buf_slice(&s->nonce) : SLICE_NONE, &sig, v);
	}
}

/* A new nonce: for the next message of this session, and for the user's next session. */
static void renew_nonce(struct server *srv, struct session *s)
{
	if (srv->script->nonces_reused && s->user && s->user->has_nonce) {
		buf_reset(&s->nonce);
		buf_put_slice(&s->nonce, buf_slice(&s->user->nonce));
	} else {
		nonce_fresh(&s->nonce);
	}
	s->has_nonce = true;
	if (!s->user)
		return;
	buf_reset(&s->user->nonce);
	buf_put_slice(&s->user->nonce, buf_slice(&s->nonce));
	s->user->has_nonce = true;
	users_save(srv->users);
}

static void accept_client(struct server *srv, struct session *s, struct reply_plan *plan)
{
	bool before = s->authed, each = each_message(srv, s);
	enum auth_scheme scheme;

	s->authed = true;
	plan->hdr_status = 200;
	if (anyone(srv))
		return;
	/* 200 would mean: show them again in the next message. */
	if (!each)
		plan->hdr_status = 212;
	if (before && !each)
		return;
	scheme = scheme_of(srv, s->user);
	if (scheme != AUTH_BASIC) {
		renew_nonce(srv, s);
		plan->challenge = scheme;
	}
}

/* The outcome when it ends the session, else NULL. */
static const char *refuse_client(struct server *srv, struct session *s,
				 const struct auth_verdict *v, struct reply_plan *plan)
{
	enum auth_scheme scheme = scheme_of(srv, v->user);

	plan->hdr_status = v->result == AUTH_MISSING ? 407 : 401;
	plan->statuses_only = true;
	log_notice("session %u: %u: %s", s->number, plan->hdr_status, v->why);
	if (s->authed && scheme == AUTH_MAC) {
		violation(srv, s, "DM Security, MAC", "a message in mid-session: %s", v->why);
		return "a message was not signed";
	}
	plan->challenge = scheme;
	s->challenged = true;
	if (scheme != AUTH_BASIC)
		renew_nonce(srv, s);
	return NULL;
}

/* --- one message ---------------------------------------------------------------------------- */

static void note_limits(struct session *s, const struct message *m)
{
	if (m->hdr.meta.has_max_msg_size)
		s->max_msg = m->hdr.meta.max_msg_size;
	if (m->hdr.meta.has_max_obj_size)
		s->max_obj = m->hdr.meta.max_obj_size;
	if (str_parse_u32(m->hdr.msg_id, &s->in_msgid))
		s->in_msgid++;
}

static unsigned int generic_alerts(const struct message *m)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < m->n; i++)
		n += m->cmds[i].c.kind == DM_CMD_ALERT && slice_eq_str(m->cmds[i].c.data, "1226");
	return n;
}

/* What follows from an authenticated message. NULL, or the outcome when it ends the session. */
static const char *decide(struct session *s, const struct message *m, const struct answers *a,
			  struct server *srv, struct reply_plan *plan)
{
	if (s->ended)
		return NULL;
	if (a->refused) {
		if (++s->server_refused > 1 || !s->user || s->user->server_scheme == AUTH_NONE)
			return "the client refuses the server's credentials";
		set_package(s, s->pkg);
		answers_clear(s);
		plan->commands = true;
		return NULL;
	}
	if (s->mid_package) {
		plan->commands = true;
		return NULL;
	}
	if (!m->final || a->more) {
		plan->next_message = true;
		return NULL;
	}
	if (s->awaiting)
		answers_finish(srv, s);
	next_package(s);
	plan->commands = true;
	plan->wrong_session = s->pkg && s->pkg->wrong_session;
	return NULL;
}

static void bad_request(struct server *srv, struct dm_response *res, unsigned int exchange,
			const struct codec_error *why, const struct dm_request *req)
{
	struct buf *e = record_begin(srv->record, "malformed");

	json_num(e, "exchange", exchange);
	json_bytes(e, "peer", req->peer);
	json_bytes(e, "content_type", req->content_type);
	json_num(e, "size", req->body.n);
	json_num(e, "offset", why->offset);
	if (why->line)
		json_num(e, "line", why->line);
	json_str(e, "text", why->text);
	record_end(srv->record);
	log_warn("malformed message of %zu bytes from %.*s: offset %zu: %s", req->body.n,
		 VIEW(req->peer), why->offset, why->text);
	res->http_status = 400;
	res->content_type = "text/plain";
	buf_printf(&res->body, "offset %zu: %s\n", why->offset, why->text);
	srv->sum.violations++;
}

static void check_transport(struct server *srv, struct session *s, const struct message *m,
			    const struct dm_request *req)
{
	if (!str_starts(req->content_type, "application/vnd.syncml.dm+"))
		violation(srv, s, "DM RepPro, MIME types",
			  "Content-Type \"%.*s\", must be %s", VIEW(req->content_type),
			  codec_encoder(m->format)->mime);
	if (srv->script->max_msg_size && req->body.n > srv->script->max_msg_size && s->out_msgid)
		violation(srv, s, "RepPro MaxMsgSize", "%zu bytes, we take %u", req->body.n,
			  srv->script->max_msg_size);
}

/* 505 or 513 when the client speaks another version; 0 when it does not. */
static uint32_t version_status(const struct message *m)
{
	if (!slice_eq_str(m->hdr.ver_dtd, "1.2"))
		return 505;
	return slice_eq_str(m->hdr.ver_proto, "DM/1.2") ? 0 : 513;
}

static const char *handle(struct server *srv, struct session *s, const struct message *m,
			  struct auth_verdict *v, struct reply_plan *plan)
{
	struct answers a = { 0 };
	const char *outcome = NULL;

	/* A client that refuses us may say goodbye when we have given up, too. */
	if (s->ended && !(s->server_refused && message_has_alert(m, "1223")))
		violation(srv, s, "DM Protocol, end of session", "a message behind the end");
	check_header(srv, s, m);
	if (version_status(m)) {
		plan->hdr_status = version_status(m);
		plan->statuses_only = true;
		return "version refused";
	}
	check_body(srv, s, m);
	s->sum.alerts += generic_alerts(m);
	if (v->user)
		s->user = v->user;
	if (message_has_alert(m, "1223")) {
		/* Nobody is challenged on the way out. */
		if (!s->ended)
			outcome = "aborted by the client";
	} else if (v->result == AUTH_ACCEPTED) {
		buf_reset(&s->try_nonce);
		accept_client(srv, s, plan);
		answers_take(srv, s, m, &a);
		s->challenged = false;
		outcome = decide(s, m, &a, srv, plan);
	} else {
		answers_stranger(s, m);
		outcome = refuse_client(srv, s, v, plan);
	}
	note_limits(s, m);
	return outcome;
}

/* Our own signature, when this user's client is to see one. */
static void sign(struct server *srv, struct session *s, const struct reply_plan *plan,
		 struct dm_response *res)
{
	struct user *u = s->user;
	struct slice name, nonce, password;
	enum auth_scheme scheme;

	buf_reset(&s->reply_hmac);
	if (!u || u->server_scheme == AUTH_NONE || (!u->has_server_nonce && !s->try_nonce.len))
		return;
	scheme = s->server_scheme != AUTH_NONE ? s->server_scheme : u->server_scheme;
	if (scheme != AUTH_MAC || plan->hmac == HMAC_MISSING)
		return;
	name = slice_present(u->server_name) ? u->server_name : srv->server_id;
	password = plan->hmac == HMAC_WRONG ? SLICE_LIT("not the password") : u->server_password;
	nonce = plan->hmac == HMAC_REUSED ? buf_slice(&s->last_server_nonce) :
		s->try_nonce.len	  ? buf_slice(&s->try_nonce) :
					    buf_slice(&u->server_nonce);
	auth_sign(&res->hmac, name, password, nonce, buf_slice(&res->body));
	buf_put_slice(&s->reply_hmac, buf_slice(&res->hmac));
	if (plan->hmac != HMAC_REUSED) {
		buf_reset(&s->last_server_nonce);
		buf_put_slice(&s->last_server_nonce, nonce);
	}
	s->server_nonce_used = true;
}

static void answer(struct server *srv, struct session *s, const struct message *m,
		   const struct dm_request *req, unsigned int exchange, struct dm_response *res)
{
	struct reply_plan plan = { .hdr_status = 200 };
	const char *outcome, *note = "";
	struct auth_verdict v;
	bool ends = false;
	int err;

	judge(srv, s, m, req, &v);
	trace_message_in(srv, s, m, exchange, req->body.n, req, v.why);
	check_transport(srv, s, m, req);
	outcome = handle(srv, s, m, &v, &plan);
	s->lost = plan.wrong_session;
	s->format = m->format;
	if (plan.commands && s->pkg && !s->mid_package && !s->ended) {
		misbehave_send(res, s->pkg);
		s->lost = s->lost || misbehave_undelivered(s->pkg);
	}
	if (plan.commands && s->pkg) {
		plan.hmac = s->pkg->hmac;
		plan.cred = s->pkg->cred;
	}
	if (plan.hmac == HMAC_SESSION)
		plan.hdr_status = 212;
	err = reply_build(srv, s, m, &plan, &res->body, &ends);
	if (err) {
		log_err("session %u: the answer cannot be encoded: %s", s->number, strerror(-err));
		buf_fini(&res->body);
		res->http_status = 500;
		session_end(srv, s, "the answer could not be encoded");
		return;
	}
	sign(srv, s, &plan, res);
	res->content_type = codec_encoder(m->format)->mime;
	s->sum.out++;
	srv->sum.out++;
	record_response(srv->record, exchange, m->format, buf_slice(&res->body));
	if (v.result != AUTH_ACCEPTED)
		note = plan.hdr_status == 401 ? "401 challenge" : "407 challenge";
	else if (plan.hdr_status == 212)
		note = "212 authenticated";
	trace_message_out(srv, s, buf_slice(&res->body), exchange, note);
	s->request_hash = hash(req->body);
	buf_reset(&s->reply);
	buf_put_slice(&s->reply, buf_slice(&res->body));
	if (!outcome && ends)
		outcome = s->pkg && s->pkg->abort ? "aborted by the server" : "done";
	if (outcome)
		session_end(srv, s, outcome);
}

static void repeat_reply(struct server *srv, struct session *s, unsigned int exchange,
			 struct dm_response *res)
{
	struct buf *e = record_begin(srv->record, "repeated");

	json_num(e, "session", s->number);
	json_num(e, "exchange", exchange);
	record_end(srv->record);
	log_notice("session %u: the same message again; the same answer", s->number);
	res->content_type = codec_encoder(s->format)->mime;
	buf_put_slice(&res->body, buf_slice(&s->reply));
	buf_put_slice(&res->hmac, buf_slice(&s->reply_hmac));
}

static void no_room(struct server *srv, struct dm_response *res, const struct dm_request *req)
{
	struct buf *e = record_begin(srv->record, "no-room");

	json_bytes(e, "peer", req->peer);
	record_end(srv->record);
	log_warn("%u sessions are open: no room for one from %.*s", srv->max_sessions,
		 VIEW(req->peer));
	res->http_status = 503;
}

/* True when the request is no DM message at all: the answer is an HTTP status. */
static bool refuse_http(struct server *srv, const struct dm_request *req, struct dm_response *res)
{
	const char *text = req->refused == 405 ? "only POST is answered here" :
			   req->refused == 401 ? "HTTP credentials are asked for" : "too large";
	unsigned int status = req->refused;
	struct buf *e;

	if (!status && !str_starts(req->content_type, "application/vnd.syncml")) {
		status = 415;
		text = "Content-Type must be application/vnd.syncml.dm+xml or +wbxml";
	}
	if (!status)
		return false;
	e = record_begin(srv->record, "http-refused");
	json_bytes(e, "peer", req->peer);
	json_bytes(e, "path", req->path);
	json_bytes(e, "content_type", req->content_type);
	json_num(e, "status", status);
	record_end(srv->record);
	log_warn("HTTP request from %.*s refused with %u: %s", VIEW(req->peer), status, text);
	res->http_status = status;
	res->content_type = "text/plain";
	buf_printf(&res->body, "%s\n", text);
	return true;
}

void session_request(struct server *srv, const struct dm_request *req, struct dm_response *res)
{
	enum codec_format format = codec_guess(req->content_type, req->body);
	unsigned int exchange;
	struct script_pkg *pkg;
	struct codec_error why;
	struct session *s;
	struct message m;
	bool repeated;

	*res = (struct dm_response){ .http_status = 200 };
	if (refuse_http(srv, req, res))
		return;
	exchange = record_request(srv->record, format, req->body);
	srv->sum.in++;
	if (message_decode(&m, format, req->body, &why)) {
		bad_request(srv, res, exchange, &why, req);
		message_fini(&m);
		return;
	}
	s = session_of(srv, &m, req, &repeated);
	if (!s) {
		no_room(srv, res, req);
	} else if (repeated) {
		repeat_reply(srv, s, exchange, res);
	} else if (s->sum.in == MESSAGES_MAX) {
		session_end(srv, s, "too many messages");
		res->http_status = 503;
	} else {
		s->sum.in++;
		s->last_ms = session_now_ms();
		pkg = s->ended ? NULL : due(s, &m);
		if (pkg && pkg->behave != BEHAVE_NONE) {
			trace_message_in(srv, s, &m, exchange, req->body.n, req, "not looked at");
			misbehave_play(srv, s, pkg, &m, exchange, res);
		} else {
			answer(srv, s, &m, req, exchange, res);
		}
	}
	message_fini(&m);
}
