// SPDX-License-Identifier: GPL-2.0-or-later
/* Credentials, challenges and nonces of a session, both directions (DM Security 1.2 section 5). */
#include <errno.h>

#include "dm/session_int.h"
#include "util/digest.h"
#include "util/str.h"

/* Half a nonce must be neither used nor stored: without memory the session ends. */
static void nonce_set(struct dm_session *s, struct buf *b, struct slice raw)
{
	buf_reset(b);
	buf_put_slice(b, raw);
	if (buf_error(b))
		s->reply.err = -ENOMEM;
}

void session_auth_init(struct dm_session *s)
{
	const struct dm_account *a = s->cfg.account;
	bool unknown = a->pref == DM_AUTH_NONE || a->pref == DM_AUTH_OTHER;
	enum dm_auth pref = unknown ? a->client.type : a->pref;

	if (!a->client.present)
		pref = DM_AUTH_NONE;
	nonce_set(s, &s->nonce, buf_slice(&a->client.nonce));
	nonce_set(s, &s->srv_nonce, buf_slice(&a->server.nonce));
	if (pref == DM_AUTH_BASIC)
		s->auth = DM_AUTH_BASIC;
	/* Without a nonce a digest cannot succeed: let the server challenge. */
	if ((pref == DM_AUTH_MD5 || pref == DM_AUTH_MAC) && s->nonce.len)
		s->auth = pref;
	s->nonce_fresh = s->nonce.len;
	s->srv_auth = a->server.type == DM_AUTH_BASIC || a->server.type == DM_AUTH_MAC
			  ? a->server.type
			  : DM_AUTH_MD5;
}

/* --- we to the server ---------------------------------------------------- */

bool session_cred(struct dm_session *s, struct dm_cred *cred, struct buf *out)
{
	const struct dm_credential *c = &s->cfg.account->client;
	struct slice user = buf_slice(&c->name), secret = buf_slice(&c->secret);
	int rc;

	/* A last word to a server that proved nothing needs no password in it. */
	if (s->auth == DM_AUTH_NONE || s->result.end || (s->result.accepted && !s->cred_each))
		return false;
	if (s->auth == DM_AUTH_MAC)
		return false;		/* travels in the transport's header */
	if (s->auth == DM_AUTH_BASIC)
		rc = dm_auth_basic(user, secret, out);
	else
		rc = dm_auth_md5(user, secret, buf_slice(&s->nonce), out);
	if (rc)
		return false;
	cred->meta.type = slice_str(dm_auth_meta_name(s->auth));
	cred->meta.format = SLICE_LIT("b64");
	cred->data = buf_slice(out);
	return true;
}

int session_sign(struct dm_session *s, const struct buf *out)
{
	const struct dm_credential *c = &s->cfg.account->client;
	int rc;

	buf_reset(&s->hmac);
	if (s->auth != DM_AUTH_MAC || !s->nonce_fresh)
		return 0;
	s->nonce_fresh = false;
	rc = dm_auth_hmac_header(buf_slice(&c->name), buf_slice(&c->secret), buf_slice(&s->nonce),
				 buf_slice(out), &s->hmac);
	if (rc)
		buf_reset(&s->hmac);
	return rc;
}

bool session_mute(const struct dm_session *s)
{
	return s->auth == DM_AUTH_MAC && !s->nonce_fresh;
}

/* NextNonce of a challenge becomes ours, whoever sent it (DM Security 5.3.4). */
static bool take_nonce(struct dm_session *s, const struct dm_meta *chal)
{
	enum dm_auth type = dm_auth_from_meta(chal->type);
	struct buf raw = BUF_INIT;
	bool ok;

	if (!slice_present(chal->next_nonce) || (type != DM_AUTH_MD5 && type != DM_AUTH_MAC))
		return false;
	ok = dm_auth_decode(chal->next_nonce, chal->nonce_opaque, &raw) == 0 && raw.len;
	if (ok) {
		nonce_set(s, &s->nonce, buf_slice(&raw));
		s->nonce_new = true;
		s->nonce_fresh = true;
	}
	buf_wipe_fini(&raw);
	return ok;
}

static bool may_answer(const struct dm_session *s, enum dm_auth want)
{
	const struct dm_credential *c = &s->cfg.account->client;

	if (!c->present)
		return false;
	if (want == DM_AUTH_MD5 || want == DM_AUTH_MAC)
		return true;
	/* A password in the clear only where the account says so or the server is proven. */
	return want == DM_AUTH_BASIC &&
	       (c->type == DM_AUTH_BASIC ||
		(s->cfg.transport_authenticated && !s->cfg.transport_plain));
}

/* Why a challenge is not answered; DM_END_NOT when it is. */
static enum dm_session_end unanswerable(const struct dm_session *s, const struct dm_cmd *cmd,
					enum dm_auth want, bool nonce)
{
	bool digest = want == DM_AUTH_MD5 || want == DM_AUTH_MAC;

	if (!cmd->has_chal || s->challenges)
		return DM_END_AUTH_REFUSED;
	/* With MAC the nonces went along in every message: nothing can be stale. */
	if (s->result.accepted && s->auth == DM_AUTH_MAC)
		return DM_END_AUTH_REFUSED;
	if (!may_answer(s, want) || (digest && !nonce))
		return DM_END_AUTH_UNSUPPORTED;
	return DM_END_NOT;
}

static void challenged(struct dm_session *s, unsigned int code, const struct dm_cmd *cmd)
{
	enum dm_auth want = cmd->has_chal ? dm_auth_from_meta(cmd->chal.type) : DM_AUTH_NONE;
	bool nonce = cmd->has_chal && take_nonce(s, &cmd->chal);
	enum dm_session_end end = unanswerable(s, cmd, want, nonce);

	s->result.accepted = s->settled = false;
	if (end == DM_END_AUTH_UNSUPPORTED) {
		session_end(s, end,
			    "the server asks for an authentication the account does not offer");
	} else if (end) {
		session_end(s, end, "the server refused our credentials%s (%u)",
			    s->challenges ? " again" : "", code);
	} else {
		s->challenges++;
		s->auth = want;
		s->in.challenged = true;
		return;
	}
	s->in.fatal = true;
}

void session_hdr_status(struct dm_session *s, unsigned int code, const struct dm_cmd *cmd)
{
	s->result.hdr_status = code;
	if (code == DM_ST_AUTH_ACCEPTED || code == DM_ST_OK) {
		s->result.accepted = true;
		s->settled = s->settled || code == DM_ST_AUTH_ACCEPTED;
		s->cred_each = !s->settled && s->auth != DM_AUTH_NONE;
		if (cmd->has_chal)
			take_nonce(s, &cmd->chal);
		/* A MAC is for one message (DM Security 5.4.2); "for the session" breaks that. */
		if (s->settled && s->auth == DM_AUTH_MAC) {
			session_end(s, DM_END_PROTOCOL,
				    "the server takes a MAC for more than one message");
			s->in.fatal = true;
		}
		return;
	}
	if (code == DM_ST_INVALID_CRED || code == DM_ST_MISSING_CRED) {
		challenged(s, code, cmd);
	} else if (code >= 300) {
		session_end(s, DM_END_STATUS, "the server refused our message with status %u",
			    code);
		s->in.fatal = true;
	}
}

/* --- the server to us ---------------------------------------------------- */

/* The name is the account's, or the server's identifier when it has none. */
static struct slice server_name(const struct dm_session *s)
{
	const struct dm_account *a = s->cfg.account;

	return a->server.name.len ? buf_slice(&a->server.name) : buf_slice(&a->server_id);
}

/*
 * Credentials as they are compared: decoded, for base64 may be broken into lines.
 * 0, or -errno; -ENOMEM says nothing about them.
 */
static int same_bytes(struct slice sent, bool raw, struct slice want)
{
	struct buf got = BUF_INIT, bytes = BUF_INIT;
	int rc;

	if (raw)
		buf_put_slice(&got, sent);
	rc = raw ? buf_error(&got) : base64_decode(&got, sent);
	if (!rc)
		rc = base64_decode(&bytes, want);
	if (!rc && !dm_auth_equal(buf_slice(&got), buf_slice(&bytes)))
		rc = -EACCES;
	buf_wipe_fini(&got);
	buf_wipe_fini(&bytes);
	return rc;
}

static bool cred_matches(struct dm_session *s, const struct dm_cred *cred)
{
	struct slice user = server_name(s), secret = buf_slice(&s->cfg.account->server.secret);
	bool raw = cred->data_opaque && !slice_eq_str(cred->meta.format, "b64");
	struct buf want = BUF_INIT;
	int rc = -EINVAL;

	/* A MAC stands in the transport's header, and a nonce never given proves nothing. */
	if (dm_auth_from_meta(cred->meta.type) != s->srv_auth)
		return false;
	if (s->srv_auth == DM_AUTH_BASIC)
		rc = dm_auth_basic(user, secret, &want);
	else if (s->srv_auth == DM_AUTH_MD5 && s->srv_nonce.len)
		rc = dm_auth_md5(user, secret, buf_slice(&s->srv_nonce), &want);
	if (!rc)
		rc = same_bytes(cred->data, raw, buf_slice(&want));
	if (rc == -ENOMEM)
		s->reply.err = rc;
	buf_wipe_fini(&want);
	return !rc;
}

void dm_session_message_hmac(struct dm_session *s, struct slice body, struct slice hmac)
{
	struct slice user = server_name(s), secret = buf_slice(&s->cfg.account->server.secret);
	struct buf name = BUF_INIT, mac = BUF_INIT, want = BUF_INIT;
	int rc;

	if (!slice_present(hmac) || s->srv_auth != DM_AUTH_MAC)
		return;
	rc = dm_auth_hmac_parse(hmac, &name, &mac);
	if (!rc && (!slice_eq(buf_slice(&name), user) || !s->srv_nonce.len))
		rc = -EACCES;
	if (!rc)
		rc = dm_auth_mac(user, secret, buf_slice(&s->srv_nonce), body, &want);
	if (!rc)
		rc = same_bytes(buf_slice(&mac), false, buf_slice(&want));
	if (rc == -ENOMEM)
		s->reply.err = rc;
	s->in.mac = rc ? MAC_BAD : MAC_GOOD;
	buf_fini(&name);
	buf_wipe_fini(&mac);
	buf_wipe_fini(&want);
}

/* A fresh nonce for the server's next credentials. */
static void renew_srv_nonce(struct dm_session *s)
{
	uint8_t n[SESSION_NONCE_LEN];

	if (!s->cfg.ops->random || s->cfg.ops->random(s->cfg.ctx, n, sizeof(n))) {
		session_end(s, DM_END_INTERNAL, "no random bytes");
		s->in.fatal = true;
		return;
	}
	nonce_set(s, &s->srv_nonce, slice_of(n, sizeof(n)));
	s->srv_nonce_new = true;
}

static void refuse_server(struct dm_session *s, enum dm_status code)
{
	/* Without memory nobody can tell: the session ends, but not for that. */
	if (s->reply.err) {
		s->in.hdr_code = DM_ST_FAILED;
		return;
	}
	s->in.hdr_code = s->in.refuse = code;
	s->in.chal = true;
	/* Nothing of this message is to be believed, whatever came before it. */
	s->result.authenticated = false;
	if (s->srv_challenges++ || s->srv_signs) {
		/* One answer to a challenge is enough. */
		session_end(s, DM_END_SERVER_UNAUTHENTICATED,
			    "the server did not prove who it is (%s)",
			    code == DM_ST_MISSING_CRED ? "no credentials" : "wrong credentials");
		s->in.fatal = true;
		s->in.chal = false;
		return;
	}
	if (s->srv_auth != DM_AUTH_BASIC)
		renew_srv_nonce(s);
}

static void accept_server(struct dm_session *s, enum dm_status code)
{
	s->result.authenticated = true;
	s->in.hdr_code = code;
	if (s->srv_auth == DM_AUTH_BASIC)
		return;
	renew_srv_nonce(s);	/* for the next session, or with MAC the next message */
	s->in.chal = true;
}

/* A server that signs does so in every message, and is believed for that one alone. */
static void check_signature(struct dm_session *s, const struct dm_hdr *hdr)
{
	bool named = slice_present(hdr->source_name);

	if (s->in.mac == MAC_GOOD && (!named || slice_eq(hdr->source_name, server_name(s)))) {
		s->srv_signs = true;
		accept_server(s, DM_ST_OK);
		return;
	}
	refuse_server(s, s->in.mac == MAC_NONE && !hdr->has_cred ? DM_ST_MISSING_CRED
								 : DM_ST_INVALID_CRED);
}

void session_check_server(struct dm_session *s, const struct dm_hdr *hdr)
{
	const struct dm_credential *c = &s->cfg.account->server;
	bool secret = c->present && c->secret.len;
	bool mac = secret && s->srv_auth == DM_AUTH_MAC;

	s->in.hdr_code = DM_ST_OK;
	if (s->srv_ok) {
		s->in.hdr_code = DM_ST_AUTH_ACCEPTED;
	} else if (mac && (s->in.mac != MAC_NONE || s->srv_signs)) {
		check_signature(s, hdr);
	} else if (hdr->has_cred && secret) {
		s->srv_ok = cred_matches(s, &hdr->cred);
		if (s->srv_ok)
			accept_server(s, DM_ST_AUTH_ACCEPTED);
		else
			refuse_server(s, DM_ST_INVALID_CRED);
	} else if (s->cfg.transport_authenticated && !(secret && s->cfg.insist_srvcred)) {
		s->result.authenticated = true;
	} else if (secret) {
		refuse_server(s, DM_ST_MISSING_CRED);
	} else {
		s->in.hdr_code = s->in.refuse = DM_ST_INVALID_CRED;
		session_end(s, DM_END_SERVER_UNAUTHENTICATED,
			    "the server cannot be authenticated: no TLS, and the account holds no "
			    "secret for it");
		s->in.fatal = true;
	}
}

bool session_chal(struct dm_session *s, struct dm_meta *chal, struct buf *out)
{
	if (!s->in.chal)
		return false;
	chal->type = slice_str(dm_auth_meta_name(s->srv_auth));
	chal->format = SLICE_LIT("b64");
	if (s->srv_auth != DM_AUTH_BASIC) {
		base64_encode(out, buf_slice(&s->srv_nonce));
		chal->next_nonce = buf_slice(out);
	}
	return true;
}

int session_save_nonces(struct dm_session *s, int64_t now)
{
	struct slice mine = s->nonce_new ? buf_slice(&s->nonce) : SLICE_NONE;
	struct slice theirs = s->srv_nonce_new ? buf_slice(&s->srv_nonce) : SLICE_NONE;
	int rc;

	if (!s->result.authenticated || (!s->nonce_new && !s->srv_nonce_new) ||
	    !s->cfg.ops->save_nonces)
		return 0;
	/* A nonce the server has not accepted yet may still be replaced. */
	if (!s->result.accepted)
		mine = SLICE_NONE;
	if (!slice_present(mine) && !slice_present(theirs))
		return 0;
	rc = s->cfg.ops->save_nonces(s->cfg.ctx, s->cfg.tree, buf_slice(&s->cfg.account->server_id),
				     mine, theirs, now);
	if (rc == -ENOENT)
		rc = 0;			/* the server deleted its own account */
	if (!rc) {
		s->nonce_new = s->nonce_new && !slice_present(mine);
		s->srv_nonce_new = false;
	}
	return rc;
}
