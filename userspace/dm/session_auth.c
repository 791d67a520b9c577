// SPDX-License-Identifier: GPL-2.0-or-later
/* Credentials, challenges and nonces of a session, both directions (DM Security 1.2 section 5). */
#include <errno.h>

#include "dm/session_int.h"
#include "util/digest.h"
#include "util/str.h"

static void nonce_set(struct buf *b, struct slice raw)
{
	buf_reset(b);
	buf_put_slice(b, raw);
}

void session_auth_init(struct dm_session *s)
{
	const struct dm_account *a = s->cfg.account;
	enum dm_auth pref = a->pref != DM_AUTH_NONE ? a->pref : a->client.type;

	if (!a->client.present)
		pref = DM_AUTH_NONE;
	nonce_set(&s->nonce, buf_slice(&a->client.nonce));
	nonce_set(&s->srv_nonce, buf_slice(&a->server.nonce));
	if (pref == DM_AUTH_BASIC)
		s->auth = DM_AUTH_BASIC;
	/* Without a nonce MD5 cannot succeed: let the server challenge. */
	if (pref == DM_AUTH_MD5 && s->nonce.len)
		s->auth = DM_AUTH_MD5;
	s->srv_auth = a->server.type == DM_AUTH_BASIC ? DM_AUTH_BASIC : DM_AUTH_MD5;
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

/* NextNonce of a challenge becomes ours, whoever sent it (DM Security 5.3.4). */
static bool take_nonce(struct dm_session *s, const struct dm_meta *chal)
{
	struct buf raw = BUF_INIT;
	bool ok;

	if (!slice_present(chal->next_nonce))
		return false;
	ok = dm_auth_decode(chal->next_nonce, chal->nonce_opaque, &raw) == 0;
	if (ok) {
		nonce_set(&s->nonce, buf_slice(&raw));
		s->nonce_new = true;
	}
	buf_wipe_fini(&raw);
	return ok;
}

static bool may_answer(const struct dm_session *s, enum dm_auth want)
{
	const struct dm_credential *c = &s->cfg.account->client;

	if (!c->present)
		return false;
	if (want == DM_AUTH_MD5)
		return true;
	/* A password in the clear only where the account says so or the server is proven. */
	return want == DM_AUTH_BASIC &&
	       (c->type == DM_AUTH_BASIC ||
		(s->cfg.transport_authenticated && !s->cfg.transport_plain));
}

static void challenged(struct dm_session *s, unsigned int code, const struct dm_cmd *cmd)
{
	enum dm_auth want = cmd->has_chal ? dm_auth_from_meta(cmd->chal.type) : DM_AUTH_NONE;
	bool nonce = cmd->has_chal && take_nonce(s, &cmd->chal);

	s->result.accepted = false;
	if (!cmd->has_chal) {
		session_end(s, DM_END_AUTH_REFUSED, "the server refused our credentials (%u)",
			    code);
	} else if (s->challenges) {
		session_end(s, DM_END_AUTH_REFUSED,
			    "the server refused our credentials again (%u)", code);
	} else if (!may_answer(s, want) || (want == DM_AUTH_MD5 && !nonce)) {
		session_end(s, DM_END_AUTH_UNSUPPORTED,
			    "the server asks for an authentication the account does not offer");
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
		s->cred_each = code == DM_ST_OK && s->auth != DM_AUTH_NONE;
		if (cmd->has_chal)
			take_nonce(s, &cmd->chal);
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

static bool cred_matches(struct dm_session *s, const struct dm_cred *cred)
{
	const struct dm_credential *c = &s->cfg.account->server;
	struct slice user = buf_slice(&c->name), secret = buf_slice(&c->secret);
	struct buf got = BUF_INIT, want = BUF_INIT, raw = BUF_INIT;
	bool raw_sent = cred->data_opaque && !slice_eq_str(cred->meta.format, "b64");
	bool ok = false;

	/* The name is the account's, or the server's identifier when it has none. */
	if (!user.n)
		user = buf_slice(&s->cfg.account->server_id);
	if (dm_auth_from_meta(cred->meta.type) != s->srv_auth)
		goto out;
	if (s->srv_auth == DM_AUTH_BASIC
		? dm_auth_basic(user, secret, &want)
		: dm_auth_md5(user, secret, buf_slice(&s->srv_nonce), &want))
		goto out;
	/* Compared decoded: base64 may be broken into lines, or come as raw bytes. */
	if (dm_auth_decode(cred->data, raw_sent, &got) ||
	    dm_auth_decode(buf_slice(&want), false, &raw))
		goto out;
	ok = dm_auth_equal(buf_slice(&got), buf_slice(&raw));
out:
	buf_wipe_fini(&got);
	buf_wipe_fini(&want);
	buf_wipe_fini(&raw);
	return ok;
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
	nonce_set(&s->srv_nonce, slice_of(n, sizeof(n)));
	s->srv_nonce_new = true;
}

static void refuse_server(struct dm_session *s, enum dm_status code)
{
	s->in.hdr_code = s->in.refuse = code;
	s->in.chal = true;
	if (s->srv_challenges++) {
		/* One answer to a challenge is enough. */
		session_end(s, DM_END_SERVER_UNAUTHENTICATED,
			    "the server did not prove who it is (%s)",
			    code == DM_ST_MISSING_CRED ? "no credentials" : "wrong credentials");
		s->in.fatal = true;
		s->in.chal = false;
		return;
	}
	if (s->srv_auth == DM_AUTH_MD5)
		renew_srv_nonce(s);
}

void session_check_server(struct dm_session *s, const struct dm_hdr *hdr)
{
	const struct dm_credential *c = &s->cfg.account->server;
	bool secret = c->present && c->secret.len;

	s->in.hdr_code = DM_ST_OK;
	if (s->srv_ok) {
		s->in.hdr_code = DM_ST_AUTH_ACCEPTED;
		return;
	}
	if (hdr->has_cred && secret) {
		if (!cred_matches(s, &hdr->cred)) {
			refuse_server(s, DM_ST_INVALID_CRED);
			return;
		}
		s->srv_ok = s->result.authenticated = true;
		s->in.hdr_code = DM_ST_AUTH_ACCEPTED;
		if (s->srv_auth == DM_AUTH_MD5) {
			renew_srv_nonce(s);	/* for the next session */
			s->in.chal = true;
		}
		return;
	}
	if (s->cfg.transport_authenticated && !(secret && s->cfg.insist_srvcred)) {
		s->result.authenticated = true;
		return;
	}
	if (secret) {
		refuse_server(s, DM_ST_MISSING_CRED);
		return;
	}
	s->in.hdr_code = s->in.refuse = DM_ST_INVALID_CRED;
	session_end(
	    s, DM_END_SERVER_UNAUTHENTICATED,
	    "the server cannot be authenticated: no TLS, and the account holds no secret for it");
	s->in.fatal = true;
}

bool session_chal(struct dm_session *s, struct dm_meta *chal, struct buf *out)
{
	if (!s->in.chal)
		return false;
	chal->type = slice_str(dm_auth_meta_name(s->srv_auth));
	chal->format = SLICE_LIT("b64");
	if (s->srv_auth == DM_AUTH_MD5) {
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
