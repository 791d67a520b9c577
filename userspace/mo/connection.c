// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * References of an account and where they lead. Bounded: an account has so many of them, a
 * proxy too, and a proxy leads to an access point, never to another proxy.
 */
#include "mo/connection.h"

#include <errno.h>
#include <stdio.h>

#include "dm/account.h"
#include "util/str.h"
#include "util/text.h"

#define PROXY_REFS_MAX 8
#define PORTS_MAX 16
#define DNS_LOOKED_AT 32
#define PORT_DEFAULT 8080
#define LABEL_MAX 63
#define NAME_MAX_DNS 253

struct walk {
	struct dm_tree *t;
	void (*say)(void *ctx, const char *line);
	void *ctx;
};

/* --- nodes ---------------------------------------------------------------- */

static struct dm_node *child(struct walk *w, const struct dm_node *n, const char *name)
{
	return n ? dm_tree_child(w->t, n, slice_str(name)) : NULL;
}

/* The value of the leaf, trimmed; objects of different makers spell some names differently. */
static struct slice leaf(struct walk *w, const struct dm_node *n, const char *name,
			 const char *other)
{
	struct dm_node *x = child(w, n, name);

	if (!x && other)
		x = child(w, n, other);
	return x && x->format != DM_FMT_NODE ? str_trim(dm_node_value(x)) : SLICE_NONE;
}

/* Credentials: all of their bytes count. */
static struct slice raw(struct walk *w, const struct dm_node *n, const char *name,
			const char *other)
{
	struct dm_node *x = child(w, n, name);

	if (!x && other)
		x = child(w, n, other);
	return x && x->format != DM_FMT_NODE ? dm_node_value(x) : SLICE_NONE;
}

static bool is_word(struct slice s, const char *const *words)
{
	for (; *words; words++)
		if (str_eq_nocase(s, *words))
			return true;
	return false;
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define TAKE(field, value) (str_copy(field, sizeof(field), value) == 0)

/* --- access points -------------------------------------------------------- */

static bool bearer_has_packets(struct slice bearer)
{
	static const char *const none[] = { "CSD", "SMS", "USSD", "SDS", "GUTS", "GHOST" };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (str_ends(bearer, none[i]))
			return false;
	return true;
}

static const char *nap_auth(struct walk *w, const struct dm_node *nap, struct connection *c)
{
	struct dm_node *auth = child(w, nap, "AuthInfo");
	struct slice type;

	/* Some have a list here; the first is meant. */
	if (auth && auth->first_child && auth->first_child->format == DM_FMT_NODE &&
	    !child(w, auth, "AuthName") && !child(w, auth, "AuthType"))
		auth = auth->first_child;
	type = leaf(w, auth, "AuthType", NULL);
	if (is_word(type, WORDS("PAP")))
		c->auth = CONNECTION_PAP;
	else if (is_word(type, WORDS("CHAP")))
		c->auth = CONNECTION_CHAP;
	else if (is_word(type, WORDS("MSCHAPV2", "MS-CHAPV2", "MSCHAP-V2")))
		c->auth = CONNECTION_MSCHAPV2;
	else if (type.n)
		return "its AuthType is not one of PAP, CHAP and MSCHAPv2";
	if (!TAKE(c->user, raw(w, auth, "AuthName", NULL)))
		return "its AuthName is too long";
	if (!TAKE(c->password, raw(w, auth, "AuthSecret", NULL)))
		return "its AuthSecret is too long";
	return NULL;
}

/* A list of name servers: @dir/<X>/DNSAddr, or @dir/<X> itself. */
static const char *nap_dns(struct walk *w, const struct dm_node *dir, struct connection *c)
{
	const struct dm_node *x = dir ? dir->first_child : NULL;

	for (unsigned int i = 0; x && i < DNS_LOOKED_AT; x = x->next, i++) {
		struct slice v = x->format != DM_FMT_NODE ? str_trim(dm_node_value(x)) :
							    leaf(w, x, "DNSAddr", "Addr");

		if (!v.n || c->ndns == CONNECTION_DNS_MAX)
			continue;
		if (!TAKE(c->dns[c->ndns], v))
			return "the address of a name server is none";
		c->ndns++;
	}
	return NULL;
}

static const char *nap_read(struct walk *w, const struct dm_node *nap, struct connection *c)
{
	struct dm_node *v4 = child(w, nap, "IPv4"), *v6 = child(w, nap, "IPv6");
	struct slice type = leaf(w, nap, "AddrType", NULL), name = leaf(w, nap, "Name", NULL);
	struct slice bearer = leaf(w, nap, "BearerType", NULL);
	const char *why;

	*c = (struct connection){ .kind = CONNECTION_APN };
	if (type.n && !is_word(type, WORDS("APN")))
		return "its address is no access point name";
	if (!bearer_has_packets(bearer))
		return "its bearer carries no packet data";
	if (!TAKE(c->apn, leaf(w, nap, "Addr", NULL)))
		return "the access point's name is too long";
	if (!TAKE(c->bearer, bearer))
		return "its bearer is no word";
	/* A person sees it; who cannot have all of it can do without. */
	text_printable(name, c->name, sizeof(c->name));
	if (!TAKE(c->ipv4, leaf(w, v4, "LocalAddr", NULL)) ||
	    !TAKE(c->ipv6, leaf(w, v6, "LocalAddr", NULL)))
		return "the device's own address is none";
	why = nap_auth(w, nap, c);
	if (!why)
		why = nap_dns(w, child(w, v4, "DNS"), c);
	if (!why)
		why = nap_dns(w, child(w, v6, "DNS"), c);
	if (!why)
		why = nap_dns(w, child(w, nap, "DNSAddr"), c);
	return why ? why : connection_check(c);
}

/* --- proxies -------------------------------------------------------------- */

static bool host_ok(struct slice host)
{
	struct slice rest = host, label;

	if (connection_ip(host))
		return true;
	if (!host.n || host.n > NAME_MAX_DNS)
		return false;
	while (str_split(&rest, '.', &label)) {
		if (!label.n || label.n > LABEL_MAX || label.p[0] == '-')
			return false;
		for (size_t i = 0; i < label.n; i++) {
			uint8_t c = label.p[i];

			if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			      (c >= 'A' && c <= 'Z') || c == '-' || c == '_'))
				return false;
		}
	}
	return true;
}

/* What WAP 1 gateways and push proxies listen on is no HTTP, whatever is said of it. */
static bool is_wap_port(uint32_t nbr)
{
	return (nbr >= 9200 && nbr <= 9207) || nbr == 2805 || nbr == 2923 || nbr == 2948 ||
	       nbr == 2949;
}

static bool port_is_http(struct walk *w, const struct dm_node *port, uint32_t nbr)
{
	struct dm_node *services = child(w, port, "Services");
	const struct dm_node *x = services ? services->first_child : NULL;

	if (is_wap_port(nbr))
		return false;
	if (!x)
		return true;
	for (unsigned int i = 0; x && i < PORTS_MAX; x = x->next, i++)
		if (is_word(leaf(w, x, "ServiceName", "Service"),
			    WORDS("HTTP", "HTTPS", "http-proxy")))
			return true;
	return false;
}

static const char *proxy_port(struct walk *w, const struct dm_node *proxy, struct mo_proxy *out)
{
	struct dm_node *ports = child(w, proxy, "Ports"), *wap;
	struct slice own = leaf(w, proxy, "PortNbr", NULL);
	const struct dm_node *x = ports ? ports->first_child : NULL;
	uint32_t nbr;

	out->port = 0;
	for (unsigned int i = 0; x && i < PORTS_MAX && !out->port; x = x->next, i++)
		if (!str_parse_u32(leaf(w, x, "PortNbr", NULL), &nbr) && nbr && nbr <= 65535 &&
		    port_is_http(w, x, nbr))
			out->port = (uint16_t)nbr;
	if (!out->port && own.n && !str_parse_u32(own, &nbr) && nbr && nbr <= 65535 &&
	    !is_wap_port(nbr))
		out->port = (uint16_t)nbr;
	if (out->port)
		return NULL;
	wap = child(w, child(w, proxy, "ProxyParams"), "WAP");
	if (own.n || (ports && ports->first_child) || leaf(w, wap, "WSPVersion", NULL).n)
		return "it is no HTTP proxy: none of its ports is one";
	out->port = PORT_DEFAULT;
	return NULL;
}

static const char *proxy_auth(struct walk *w, const struct dm_node *proxy, struct mo_proxy *out)
{
	struct dm_node *list = child(w, proxy, "AuthInfo");
	const struct dm_node *x = list ? list->first_child : NULL;

	for (unsigned int i = 0; x && i < PORTS_MAX; x = x->next, i++) {
		struct slice type = leaf(w, x, "AuthType", NULL);
		struct slice user = raw(w, x, "AuthID", "AuthName");
		struct slice password = raw(w, x, "AuthPW", "AuthSecret");

		if (type.n && !is_word(type, WORDS("HTTP-BASIC", "HTTP-DIGEST", "BASIC", "DIGEST")))
			continue;
		if (!user.n)
			continue;
		if (!TAKE(out->user, user) || !TAKE(out->password, password) ||
		    !text_is_printable(user) || !text_is_printable(password) ||
		    memchr(user.p, ':', user.n))	/* RFC 7617: it ends there */
			return "its credentials are too long, or hold what they cannot";
		return NULL;
	}
	return NULL;
}

static const char *proxy_read(struct walk *w, const struct dm_node *proxy, struct mo_proxy *out)
{
	struct slice type = leaf(w, proxy, "AddrType", NULL), addr = leaf(w, proxy, "Addr", NULL);
	const char *why;

	*out = (struct mo_proxy){ .port = 0 };
	if (type.n && !is_word(type, WORDS("IPv4", "IPv6", "ALPHA", "FQDN", "URI")))
		return "its address is neither a name nor an address of IP";
	if (!host_ok(addr) || !TAKE(out->host, addr))
		return "its address is none";
	why = proxy_port(w, proxy, out);
	return why ? why : proxy_auth(w, proxy, out);
}

/* --- references ----------------------------------------------------------- */

enum what { NOTHING, IS_NAP, IS_PROXY };

/* By its identifier, else by where it stands and what it looks like. */
static enum what what_is(struct walk *w, const struct dm_node *n)
{
	struct slice type = slice_str(n->type);
	const char *dir = n->parent && n->parent->parent && !n->parent->parent->parent ?
			  n->parent->name : "";

	if (n->format != DM_FMT_NODE)
		return NOTHING;
	if (str_starts(type, "urn:oma:mo:oma-connmo-nap:") || !strcmp(dir, "NAP"))
		return IS_NAP;
	if (str_starts(type, "urn:oma:mo:oma-connmo-proxy:") || !strcmp(dir, "Proxy"))
		return IS_PROXY;
	if (!slice_eq_str(type, "org.openmobilealliance/1.0/ConnMO") && strcmp(dir, "ConnMO"))
		return NOTHING;
	if (child(w, n, "ProxyId") || child(w, n, "ProxyID") || child(w, n, "ConRefs") ||
	    child(w, n, "Ports") || child(w, n, "PortNbr"))
		return IS_PROXY;
	return child(w, n, "Addr") ? IS_NAP : NOTHING;
}

/* What is no URI of the tree is a name of the device's (StdObj 1.2 allows it). */
static bool is_private(struct slice ref)
{
	return !str_starts(ref, "./") && !slice_eq_str(ref, ".");
}

static const char *profile_read(struct slice ref, struct connection *c)
{
	*c = (struct connection){ .kind = CONNECTION_PROFILE };
	return TAKE(c->profile, ref) ? connection_check(c) : "the profile's name is too long";
}

/* From a proxy, or an account, to an access point. */
static const char *to_nap(struct walk *w, struct slice ref, struct connection *c)
{
	struct dm_node *n = dm_tree_find(w->t, ref);

	if (!n && is_private(ref))
		return profile_read(ref, c);
	if (!n)
		return "there is no such node";
	switch (what_is(w, n)) {
	case IS_NAP:
		return nap_read(w, n, c);
	case IS_PROXY:
		return "it is a proxy behind a proxy";
	default:
		return "it is neither an access point nor a proxy";
	}
}

/* A proxy, and the first of its access points that can be used; none: any way leads to it. */
static const char *through_proxy(struct walk *w, const struct dm_node *proxy, struct mo_link *out)
{
	struct dm_node *refs = child(w, proxy, "ConRefs");
	const struct dm_node *x = refs ? refs->first_child : NULL;
	const char *why = proxy_read(w, proxy, &out->proxy), *first = NULL;

	if (why)
		return why;
	out->has_proxy = true;
	for (unsigned int i = 0; x && i < PROXY_REFS_MAX; x = x->next, i++) {
		struct slice ref = leaf(w, x, "ConRef", NULL);

		if (!ref.n)
			continue;
		why = to_nap(w, ref, &out->connection);
		out->has_connection = !why;
		if (!why)
			return NULL;
		if (!first)
			first = why;
	}
	return first ? "none of its access points can be used" : NULL;
}

static const char *follow(struct walk *w, struct slice ref, struct mo_link *out)
{
	struct dm_node *n = dm_tree_find(w->t, ref);
	const char *why;

	out->has_connection = out->has_proxy = false;
	if (n && what_is(w, n) == IS_PROXY)
		return through_proxy(w, n, out);
	why = to_nap(w, ref, &out->connection);
	out->has_connection = !why;
	return why;
}

/* The account's references in their order, without those that say nothing; their number. */
static unsigned int references(struct walk *w, const struct dm_node *account,
			       struct slice refs[MO_CONREF_MAX])
{
	struct slice pref = leaf(w, account, "PrefConRef", NULL);
	struct dm_node *list = child(w, account, "ToConRef");
	const struct dm_node *x = list ? list->first_child : NULL;
	unsigned int n = 0;

	/* INTERNET is the device's own way there, as in provisioning documents. */
	if (pref.n && !slice_eq_str(pref, "INTERNET"))
		refs[n++] = pref;
	for (; x && n < MO_CONREF_MAX; x = x->next) {
		struct slice ref = leaf(w, x, "ConRef", NULL);

		if (ref.n && !slice_eq_str(ref, "INTERNET"))
			refs[n++] = ref;
	}
	return n;
}

static void complain(struct walk *w, unsigned int conref, struct slice ref, const char *why)
{
	char name[80], line[256];

	if (!w->say)
		return;
	text_printable(ref, name, sizeof(name));
	snprintf(line, sizeof(line), "reference %u (%s) cannot be used: %s", conref, name, why);
	w->say(w->ctx, line);
}

void mo_link_wipe(struct mo_link *l)
{
	explicit_bzero(l, sizeof(*l));
}

int mo_link_read(struct dm_tree *t, struct slice server_id, unsigned int turn, struct mo_link *out,
		 void (*say)(void *ctx, const char *line), void *ctx)
{
	struct walk w = { t, say, ctx };
	struct dm_node *account = dm_account_find(t, server_id);
	struct slice refs[MO_CONREF_MAX];
	unsigned int usable[MO_CONREF_MAX], nusable = 0;
	unsigned int n = account ? references(&w, account, refs) : 0;

	for (unsigned int i = 0; i < n; i++) {
		const char *why = follow(&w, refs[i], out);

		if (why)
			complain(&w, i + 1, refs[i], why);
		else
			usable[nusable++] = i;
	}
	mo_link_wipe(out);
	if (!nusable)
		return -ENOENT;
	n = usable[turn % nusable];
	out->conref = n + 1;
	return follow(&w, refs[n], out) ? -ENOENT : 0;
}

int mo_link_proxy(struct dm_tree *t, struct slice server_id, unsigned int conref,
		  struct mo_proxy *out)
{
	struct walk w = { .t = t };
	struct dm_node *account = dm_account_find(t, server_id);
	struct slice refs[MO_CONREF_MAX];
	unsigned int n = account ? references(&w, account, refs) : 0;
	unsigned int from = conref ? conref - 1 : 0;
	struct mo_link l;
	int r = -ENOENT;

	for (unsigned int i = from; i < n && r; i++) {
		if (!follow(&w, refs[i], &l) && l.has_proxy && (conref || !l.has_connection)) {
			*out = l.proxy;
			r = 0;
		}
		if (conref)
			break;
	}
	mo_link_wipe(&l);
	return r;
}
