// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NAPDEF and PXLOGICAL as connectivity objects. The names of their nodes are
 * those of published descriptions of devices; management-objects.rst says
 * which, and what is our own.
 */
#include "mo/cp_int.h"
#include "mo/mo_int.h"

#include "util/str.h"

static struct slice item_value(struct cp_at at, size_t i)
{
	return at.doc->items[i].value;
}

/* Every @parm of @at as a member of list @list: @list/<X>/@leaf. */
static void each(struct cp_map *m, unsigned int depth, const char *list, const char *leaf,
		 struct cp_at at, const char *parm)
{
	unsigned int n = 0;
	size_t i = at.i;

	while (cp_next(at, DM_PROV_PARM, parm, &i) && !m->err) {
		struct slice v = item_value(at, i);

		/* A blank domain means every domain. */
		if (!str_trim(v).n)
			continue;
		cp_member(m, depth, list, &n);
		cp_leaf(m, depth + 2, leaf, "chr", v, parm);
	}
}

/* --- network access points ------------------------------------------------ */

static void nap_auth(struct cp_map *m, unsigned int depth, struct cp_at at)
{
	cp_text(m, depth, "AuthType", at, "AUTHTYPE");
	cp_text(m, depth, "AuthName", at, "AUTHNAME");
	cp_text(m, depth, "AuthSecret", at, "AUTHSECRET");
	each(m, depth, "AuthEntities", "AuthEntity", at, "AUTH-ENTITY");
	cp_text(m, depth, "SPI", at, "SPI");
}

static void nap_auths(struct cp_map *m, struct cp_at nap)
{
	struct cp_at at = nap;
	unsigned int n = 0;

	if (!cp_next(nap, DM_PROV_CHARACTERISTIC, "NAPAUTHINFO", &at.i))
		return;
	cp_dir(m, 2, "AuthInfo");
	nap_auth(m, 3, at);
	/* The object has one place for them; a document may have more. */
	while (cp_next(nap, DM_PROV_CHARACTERISTIC, "NAPAUTHINFO", &at.i) && !m->err) {
		if (!n) {
			cp_dir(m, 2, "Ext");
			cp_dir(m, 3, "dmsc");
		}
		cp_member(m, 4, "AuthInfo", &n);
		nap_auth(m, 6, at);
	}
}

static bool is_v6(struct slice addr)
{
	return addr.n && memchr(addr.p, ':', addr.n);
}

/* IPv4 or IPv6: what is the device's own address, and its name servers. */
static void nap_ip(struct cp_map *m, struct cp_at at, bool v6)
{
	struct slice local = cp_value(at, "LOCAL-ADDR");
	bool any = false;
	unsigned int n = 0;
	size_t i = at.i;

	if (local.n && slice_eq_str(cp_value(at, "LOCAL-ADDRTYPE"), "IPV6") == v6) {
		cp_dir(m, 2, v6 ? "IPv6" : "IPv4");
		cp_text(m, 3, "LocalAddr", at, "LOCAL-ADDR");
		any = true;
	}
	while (cp_next(at, DM_PROV_PARM, "DNS-ADDR", &i) && !m->err) {
		struct slice v = item_value(at, i);

		if (!v.n || is_v6(v) != v6)
			continue;
		if (!any)
			cp_dir(m, 2, v6 ? "IPv6" : "IPv4");
		any = true;
		cp_member(m, 3, "DNS", &n);
		cp_leaf(m, 5, "DNSAddr", "chr", v, "DNS-ADDR");
	}
}

static bool has(struct cp_at at, const char *parm)
{
	return slice_present(cp_value(at, parm));
}

static void nap_bearer(struct cp_map *m, struct cp_at at)
{
	bool cs = cp_value(at, "CALLTYPE").n || cp_value(at, "LINKSPEED").n;
	bool cdma = cp_is_number(cp_value(at, "MAX-NUM-RETRY")) ||
		    cp_is_number(cp_value(at, "FIRST-RETRY-TIMEOUT")) ||
		    cp_is_number(cp_value(at, "REREG-THRESHOLD")) || has(at, "T-BIT");

	if (cs || cdma)
		cp_dir(m, 2, "Bearer");
	if (cs) {
		cp_dir(m, 3, "3GPPCS");
		cp_text(m, 4, "CallType", at, "CALLTYPE");
		cp_text(m, 4, "LinkSpeed", at, "LINKSPEED");
	}
	if (cdma)
		cp_dir(m, 3, "CDMA");
	cp_number(m, 4, "MaxNumRetry", at, "MAX-NUM-RETRY");
	cp_number(m, 4, "FirstRetryTimeout", at, "FIRST-RETRY-TIMEOUT");
	cp_number(m, 4, "ReRegThreshold", at, "REREG-THRESHOLD");
	if (has(at, "T-BIT"))
		cp_leaf(m, 4, "TBit", "bool", SLICE_LIT("true"), "T-BIT");
}

void cp_nap_make(struct cp_map *m, const struct cp_object *o)
{
	cp_root(m, o, MO_NAP_ID);
	cp_text(m, 2, "NapId", o->at, "NAPID");
	cp_text(m, 2, "Name", o->at, "NAME");
	cp_text(m, 2, "AddrType", o->at, "NAP-ADDRTYPE");
	cp_text(m, 2, "Addr", o->at, "NAP-ADDRESS");
	cp_number(m, 2, "Linger", o->at, "LINGER");
	nap_ip(m, o->at, false);
	nap_ip(m, o->at, true);
	cp_text(m, 2, "BearerType", o->at, "BEARER");
	nap_bearer(m, o->at);
	nap_auths(m, o->at);
}

/* --- proxies -------------------------------------------------------------- */

static void proxy_ports(struct cp_map *m, struct cp_at at)
{
	struct cp_at port = at;
	unsigned int n = 0;

	while (cp_next(at, DM_PROV_CHARACTERISTIC, "PORT", &port.i) && !m->err) {
		struct slice nbr = cp_port(m, cp_value(port, "PORTNBR"));

		if (!nbr.n)
			continue;
		cp_member(m, 2, "Ports", &n);
		cp_leaf(m, 4, "PortNbr", "int", nbr, "PORTNBR");
		each(m, 4, "Services", "ServiceName", port, "SERVICE");
	}
}

static void proxy_auths(struct cp_map *m, struct cp_at logical)
{
	struct cp_at at = logical;
	unsigned int n = 0;

	while (cp_next(logical, DM_PROV_CHARACTERISTIC, "PXAUTHINFO", &at.i) && !m->err) {
		cp_member(m, 2, "AuthInfo", &n);
		cp_text(m, 4, "AuthType", at, "PXAUTH-TYPE");
		cp_text(m, 4, "AuthID", at, "PXAUTH-ID");
		cp_text(m, 4, "AuthPW", at, "PXAUTH-PW");
	}
}

static void write_ref(struct cp_map *m, void *ctx, struct slice ref)
{
	cp_member(m, 2, "ConRefs", ctx);
	cp_ref(m, 4, "ConRef", ref);
}

static void proxy_wap(struct cp_map *m, struct cp_at logical, struct cp_at physical)
{
	struct cp_at version = has(physical, "WSP-VERSION") ? physical : logical;

	if (!cp_value(version, "WSP-VERSION").n && !cp_value(logical, "STARTPAGE").n)
		return;
	cp_dir(m, 2, "ProxyParams");
	cp_dir(m, 3, "WAP");
	cp_text(m, 4, "WSPVersion", version, "WSP-VERSION");
	cp_text(m, 4, "Startpg", logical, "STARTPAGE");
}

void cp_proxy_make(struct cp_map *m, const struct cp_object *o)
{
	struct cp_at own;
	unsigned int refs = 0;

	cp_root(m, o, MO_PROXY_ID);
	cp_text(m, 2, "ProxyId", o->at, "PROXY-ID");
	cp_text(m, 2, "Name", o->at, "NAME");
	cp_text(m, 2, "AddrType", o->physical, "PXADDRTYPE");
	cp_text(m, 2, "Addr", o->physical, "PXADDR");
	/* What the part does not say of itself holds for all parts. */
	proxy_ports(m, cp_part(o->physical, "PORT", &own) ? o->physical : o->at);
	cp_refs(m, o->physical, write_ref, &refs);
	proxy_auths(m, o->at);
	each(m, 2, "Domains", "DomainName",
	     has(o->physical, "DOMAIN") ? o->physical : o->at, "DOMAIN");
	proxy_wap(m, o->at, o->physical);
}
