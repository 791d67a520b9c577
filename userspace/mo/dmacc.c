// SPDX-License-Identifier: GPL-2.0-or-later
/* DMAcc (DM StdObj 1.2): accounts of the tree read, made by hand, and their nonces kept. */
#include "mo/dmacc.h"

#include <errno.h>
#include <stdio.h>

#include "dm/acl.h"
#include "mo/mo_int.h"
#include "util/digest.h"
#include "util/str.h"

const struct dmsc_mo mo_dmacc = {
	.abi = DMSC_MO_ABI, .id = DM_DMACC_TYPE, .ddf = &mo_builtin_ddf[MO_DMACC],
	.roots = (const char *const[]){ "./DMAcc", NULL },
};

/* --- reading ------------------------------------------------------------- */

static struct slice leaf(struct dm_tree *t, const struct dm_node *n, const char *name)
{
	struct dm_node *x = n ? dm_tree_child(t, n, slice_str(name)) : NULL;

	return x && x->format != DM_FMT_NODE ? dm_node_value(x) : SLICE_NONE;
}

static struct dm_node *dir(struct dm_tree *t, const struct dm_node *n, const char *name)
{
	return n ? dm_tree_child(t, n, slice_str(name)) : NULL;
}

/* AAuthData: raw when it is bin; text is base64 by the rules, raw when it is none. */
static int read_nonce(struct dm_tree *t, const struct dm_node *auth, struct buf *out)
{
	struct dm_node *x = dir(t, auth, "AAuthData");

	if (!x || x->format == DM_FMT_NODE)
		return 0;
	if (x->format == DM_FMT_BIN || dm_auth_decode(dm_node_value(x), false, out))
		buf_put_slice(out, dm_node_value(x));
	return buf_error(out);
}

/* The levels by their names in DMAcc, and by those of w7 some cards carry over. */
static bool is_level(struct slice level, bool client)
{
	return slice_eq_str(level, client ? "CLCRED" : "SRVCRED") ||
	       slice_eq_str(level, client ? "APPSRV" : "CLIENT");
}

/* Which HTTP authentication the entry is for; DM_AUTH_NONE = it is not HTTP's. */
static enum dm_auth http_type(struct dm_tree *t, const struct dm_node *auth)
{
	struct slice type = leaf(t, auth, "AAuthType"), part;
	bool level = slice_eq_str(leaf(t, auth, "AAuthLevel"), "HTTP");

	while (slice_present(type) && str_split(&type, ',', &part)) {
		part = str_trim(part);
		if (str_eq_nocase(part, "HTTP-BASIC") || (level && str_eq_nocase(part, "BASIC")))
			return DM_AUTH_BASIC;
		if (str_eq_nocase(part, "HTTP-DIGEST") || (level && str_eq_nocase(part, "DIGEST")))
			return DM_AUTH_MD5;
	}
	return DM_AUTH_NONE;
}

static bool is_certificate(struct dm_tree *t, const struct dm_node *auth)
{
	struct slice type = str_trim(leaf(t, auth, "AAuthType"));

	return str_eq_nocase(type, "TRANSPORT") || str_eq_nocase(type, "X509");
}

/* The first at its level that is the messages' own; else one for what is below them. */
static struct dm_node *find_auth(struct dm_tree *t, const struct dm_node *account, bool client)
{
	struct dm_node *d = dir(t, account, "AppAuth"), *below = NULL;

	for (struct dm_node *x = d ? d->first_child : NULL; x; x = x->next) {
		if (!is_level(leaf(t, x, "AAuthLevel"), client))
			continue;
		if (http_type(t, x) == DM_AUTH_NONE && !is_certificate(t, x))
			return x;
		below = below ? below : x;
	}
	return below;
}

static struct dm_node *find_http(struct dm_tree *t, const struct dm_node *account)
{
	struct dm_node *d = dir(t, account, "AppAuth");

	for (struct dm_node *x = d ? d->first_child : NULL; x; x = x->next) {
		struct slice level = leaf(t, x, "AAuthLevel");

		if ((slice_eq_str(level, "HTTP") || is_level(level, true)) &&
		    http_type(t, x) != DM_AUTH_NONE)
			return x;
	}
	return NULL;
}

static int read_secret(struct dm_tree *t, struct dm_node *x, struct dm_credential *c)
{
	c->present = true;
	buf_put_slice(&c->name, leaf(t, x, "AAuthName"));
	buf_put_slice(&c->secret, leaf(t, x, "AAuthSecret"));
	return buf_error(&c->name) || buf_error(&c->secret) ? -ENOMEM : 0;
}

static int read_credential(struct dm_tree *t, const struct dm_node *account, bool client,
			   struct dm_credential *c)
{
	struct dm_node *x = find_auth(t, account, client);
	int rc;

	if (!x)
		return 0;
	c->type = dm_auth_from_aauth(leaf(t, x, "AAuthType"));
	rc = read_secret(t, x, c);
	return rc ? rc : read_nonce(t, x, &c->nonce);
}

/* What works below the messages: HTTP's credentials, or TLS's when there are no others. */
static int read_below(struct dm_tree *t, const struct dm_node *account, struct dm_account *a)
{
	struct dm_node *client = find_auth(t, account, true), *x = find_http(t, account);

	a->tls = client && !x && is_certificate(t, client);
	/* A certificate's entry has nothing that could answer a challenge to a message. */
	a->client.present = a->client.present && !(a->tls && !a->client.secret.len);
	if (!x)
		return 0;
	a->http.type = http_type(t, x);
	return read_secret(t, x, &a->http);
}

/* Has the authority of @url a port already? */
static bool has_port(struct slice host)
{
	const uint8_t *end = host.n ? memchr(host.p, ']', host.n) : NULL;
	size_t from = end ? (size_t)(end - host.p) : 0;

	return host.n && memchr(host.p + from, ':', host.n - from);
}

/* "https://host/path" and port 8443 become "https://host:8443/path". */
static int put_url(struct slice addr, struct slice type, struct slice port, struct buf *out)
{
	uint32_t nbr = 0;
	struct slice host;
	const uint8_t *p;

	if (port.n && (str_parse_u32(str_trim(port), &nbr) || !nbr || nbr > 65535))
		return -EINVAL;
	addr = str_trim(addr);
	if (slice_eq_str(type, "IPv4") || slice_eq_str(type, "IPv6")) {
		bool v6 = slice_eq_str(type, "IPv6") && addr.n && addr.p[0] != '[';

		buf_printf(out, v6 ? "https://[%.*s]" : "https://%.*s", (int)addr.n,
			   (const char *)addr.p);
		if (nbr)
			buf_printf(out, ":%u", nbr);
		buf_put_u8(out, '/');
		return addr.n ? buf_error(out) : -EINVAL;
	}
	p = addr.n ? memmem(addr.p, addr.n, "://", 3) : NULL;
	if (!p)
		return -EINVAL;
	host = slice_of(p + 3, addr.p + addr.n - (p + 3));
	p = host.n ? memchr(host.p, '/', host.n) : NULL;
	if (p)
		host.n = p - host.p;
	if (!host.n)
		return -EINVAL;
	buf_put(out, addr.p, host.p + host.n - addr.p);
	if (nbr && !has_port(host))
		buf_printf(out, ":%u", nbr);
	buf_put(out, host.p + host.n, addr.p + addr.n - (host.p + host.n));
	return buf_error(out);
}

/* Several addresses are alternatives in their order. */
int dmacc_url(struct dm_tree *t, struct slice server_id, unsigned int nth, struct buf *out)
{
	struct dm_node *d = dir(t, dm_account_find(t, server_id), "AppAddr");

	for (struct dm_node *x = d ? d->first_child : NULL; x; x = x->next) {
		struct dm_node *ports = dir(t, x, "Port");
		struct slice port = ports ? leaf(t, ports->first_child, "PortNbr") : SLICE_NONE;
		int rc;

		buf_reset(out);
		rc = put_url(leaf(t, x, "Addr"), str_trim(leaf(t, x, "AddrType")), port, out);
		if (buf_error(out))
			return buf_error(out);
		if (!rc && !nth--)
			return 0;
	}
	return -ENOENT;
}

int dmacc_read(struct dm_tree *t, struct slice server_id, struct dm_account *a)
{
	struct dm_node *x = dm_account_find(t, server_id);
	struct slice ref;
	int rc;

	dm_account_init(a);
	if (!x)
		return -ENOENT;
	ref = leaf(t, x, "PrefConRef");
	if (!ref.n) {
		struct dm_node *d = dir(t, x, "ToConRef");

		ref = d ? leaf(t, d->first_child, "ConRef") : SLICE_NONE;
	}
	snprintf(a->node_name, sizeof(a->node_name), "%s", x->name);
	a->origin = x->origin;
	buf_put_slice(&a->server_id, server_id);
	buf_put_slice(&a->name, leaf(t, x, "Name"));
	buf_put_slice(&a->conref, ref);
	if (buf_error(&a->server_id) || buf_error(&a->name) || buf_error(&a->conref))
		return -ENOMEM;
	a->pref = dm_auth_from_aauth(str_trim(leaf(t, x, "AAuthPref")));
	rc = read_credential(t, x, true, &a->client);
	if (!rc)
		rc = read_credential(t, x, false, &a->server);
	if (!rc)
		rc = read_below(t, x, a);
	if (!rc)
		rc = dmacc_url(t, server_id, 0, &a->url);
	return rc == -ENOENT ? -EINVAL : rc;
}

int dmacc_each(struct dm_tree *t,
	       int (*fn)(void *ctx, struct dm_node *account, struct slice server_id), void *ctx)
{
	struct dm_node *d = dm_tree_find(t, SLICE_LIT("./DMAcc")), *next;

	for (struct dm_node *x = d ? d->first_child : NULL; x; x = next) {
		struct slice id = leaf(t, x, "ServerID");
		int rc;

		next = x->next;		/* @fn may delete the account */
		rc = slice_present(id) ? fn(ctx, x, id) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

/* --- changing ------------------------------------------------------------ */

static int put_leaf(struct dm_tree *t, struct dm_node *parent, const char *name, enum dm_format f,
		    struct slice value, int64_t now)
{
	const struct dm_node_init in = {
		.name = slice_str(name), .format = f, .value = value, .origin = parent->origin,
		.type = f == DM_FMT_BIN ? SLICE_NONE : SLICE_LIT("text/plain"),
		.access = dm_account_access(parent, slice_str(name)),
	};

	return mo_put(t, parent, &in, now, NULL);
}

static int put_dir(struct dm_tree *t, struct dm_node *parent, const char *name, int64_t now,
		   struct dm_node **out)
{
	const struct dm_node_init in = { .name = slice_str(name), .format = DM_FMT_NODE,
					 .origin = parent->origin, .access = DM_ACC_ALL };

	return mo_put(t, parent, &in, now, out);
}

static int save_nonce(struct dm_tree *t, const struct dm_node *account, bool client,
		      struct slice nonce, int64_t now)
{
	struct dm_node *x = find_auth(t, account, client);

	if (!slice_present(nonce) || !x)
		return 0;
	return put_leaf(t, x, "AAuthData", DM_FMT_BIN, nonce, now);
}

int dmacc_save_nonces(struct dm_tree *t, struct slice server_id, struct slice client_nonce,
		      struct slice server_nonce, int64_t now)
{
	struct dm_node *x = dm_account_find(t, server_id);
	int rc;

	if (!x)
		return -ENOENT;
	rc = save_nonce(t, x, true, client_nonce, now);
	return rc ? rc : save_nonce(t, x, false, server_nonce, now);
}

struct auth_new {
	const char *entry, *level;
	enum dm_auth type;
	struct slice user, secret, nonce;
};

static int add_auth(struct dm_tree *t, struct dm_node *auths, const struct auth_new *a, int64_t now)
{
	struct dm_node *x;
	int rc = put_dir(t, auths, a->entry, now, &x);

	if (!rc)
		rc = put_leaf(t, x, "AAuthLevel", DM_FMT_CHR, slice_str(a->level), now);
	if (!rc)
		rc = put_leaf(t, x, "AAuthType", DM_FMT_CHR, slice_str(dm_auth_aauth_name(a->type)),
			      now);
	if (!rc)
		rc = put_leaf(t, x, "AAuthName", DM_FMT_CHR, a->user, now);
	if (!rc)
		rc = put_leaf(t, x, "AAuthSecret", DM_FMT_CHR, a->secret, now);
	if (!rc && a->nonce.n)
		rc = put_leaf(t, x, "AAuthData", DM_FMT_BIN, a->nonce, now);
	return rc;
}

static int add_auths(struct dm_tree *t, struct dm_node *x, const struct dmacc_new *n, int64_t now)
{
	const struct auth_new cl = { "1", "CLCRED", n->auth, n->user, n->secret, n->nonce };
	const struct auth_new srv = {
	    "2",	 "SRVCRED",	n->auth == DM_AUTH_NONE ? DM_AUTH_MD5 : n->auth,
	    n->srv_user, n->srv_secret, n->srv_nonce};
	struct dm_node *auths;
	int rc;

	if (n->auth == DM_AUTH_NONE && !slice_present(n->srv_secret))
		return 0;
	rc = put_dir(t, x, "AppAuth", now, &auths);
	if (!rc && n->auth != DM_AUTH_NONE)
		rc = add_auth(t, auths, &cl, now);
	if (!rc && slice_present(n->srv_secret))
		rc = add_auth(t, auths, &srv, now);
	if (!rc && n->auth != DM_AUTH_NONE)
		rc = put_leaf(t, x, "AAuthPref", DM_FMT_CHR, slice_str(dm_auth_aauth_name(n->auth)),
			      now);
	return rc;
}

static int add_address(struct dm_tree *t, struct dm_node *x, struct slice url, int64_t now)
{
	struct dm_node *addrs, *one;
	int rc = put_dir(t, x, "AppAddr", now, &addrs);

	if (!rc)
		rc = put_dir(t, addrs, "1", now, &one);
	if (!rc)
		rc = put_leaf(t, one, "Addr", DM_FMT_CHR, url, now);
	return rc ? rc : put_leaf(t, one, "AddrType", DM_FMT_CHR, SLICE_LIT("URI"), now);
}

/* Its own name when it is free and fit, else a number. */
static int new_root(struct dm_tree *t, struct dm_node *accounts, struct slice server_id,
		    struct slice acl, int64_t now, struct dm_node **out)
{
	struct dm_node_init in = {
	    .name = server_id,
	    .format = DM_FMT_NODE,
	    .type = SLICE_LIT(DM_DMACC_TYPE),
	    .acl = acl,
	    .access = DM_ACC_ALL,
	};
	int rc = server_id.n <= 64 ? dm_tree_add(t, accounts, &in, now, out) : -EINVAL;
	char name[12];

	for (unsigned int i = 1; (rc == -EINVAL || rc == -EEXIST) && i < 10000; i++) {
		snprintf(name, sizeof(name), "%u", i);
		in.name = slice_str(name);
		rc = dm_tree_add(t, accounts, &in, now, out);
	}
	return rc;
}

static int add(struct dm_tree *t, struct dm_node *accounts, const struct dmacc_new *n,
	       struct slice acl, int64_t now)
{
	struct dm_node *x;
	int rc = new_root(t, accounts, n->server_id, acl, now, &x);

	if (!rc)
		rc = put_leaf(t, x, "AppID", DM_FMT_CHR, SLICE_LIT("w7"), now);
	if (!rc)
		rc = put_leaf(t, x, "ServerID", DM_FMT_CHR, n->server_id, now);
	if (!rc && n->name.n)
		rc = put_leaf(t, x, "Name", DM_FMT_CHR, n->name, now);
	if (!rc)
		rc = add_address(t, x, n->url, now);
	return rc ? rc : add_auths(t, x, n, now);
}

int dmacc_add(struct dm_tree *t, const struct dmacc_new *n, int64_t now)
{
	struct dm_node *accounts = dm_tree_find(t, SLICE_LIT("./DMAcc"));
	_cleanup_buf_ struct buf acl = BUF_INIT, url = BUF_INIT;
	dm_mark mark = dm_tree_mark(t);
	int rc;

	for (int i = 0; i < 3; i++) {
		buf_put_str(&acl, i == 0 ? "Get=" : i == 1 ? "&Replace=" : "&Delete=");
		buf_put_slice(&acl, n->server_id);
	}
	if (buf_error(&acl))
		return buf_error(&acl);
	if (!accounts || n->server_id.n > 255 || !dm_acl_server_valid(n->server_id))
		return -EINVAL;
	rc = put_url(n->url, SLICE_LIT("URI"), SLICE_NONE, &url);
	if (rc)
		return rc;
	if (dm_account_find(t, n->server_id))
		return -EEXIST;
	rc = add(t, accounts, n, buf_slice(&acl), now);
	if (rc && dm_tree_rollback(t, mark))
		return -EIO;
	return rc;
}

int dmacc_remove(struct dm_tree *t, struct slice server_id, int64_t now)
{
	struct dm_node *x = dm_account_find(t, server_id);
	dm_mark mark = dm_tree_mark(t);
	int rc;

	if (!x)
		return -ENOENT;
	rc = dm_acl_remove_server(t, server_id, now);
	if (!rc)
		rc = dm_tree_delete(t, x);
	if (rc && dm_tree_rollback(t, mark))
		return -EIO;
	return rc;
}
