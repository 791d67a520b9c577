// SPDX-License-Identifier: GPL-2.0-or-later
/* A provisioning document: characteristics and parms, and which node each becomes. */
#include <errno.h>

#include "codec/prov.h"
#include "dmsc-client/client.h"
#include "dmsc-client/decode.h"
#include "util/str.h"

#define INDENT 1
#define DEPTH_MAX 32

/* DM StdObj 1.2 appendix B; Documentation/management-objects.rst. @open: never a secret. */
static const struct meaning {
	const char *type, *parm, *node;
	bool open;
} meanings[] = {
	{ "APPLICATION", "APPID", "AppID", true },
	{ "APPLICATION", "PROVIDER-ID", "ServerID", true },
	{ "APPLICATION", "NAME", "Name", true },
	{ "APPLICATION", "TO-PROXY", "PrefConRef, ToConRef", true },
	{ "APPLICATION", "TO-NAPID", "PrefConRef, ToConRef", true },
	{ "APPLICATION", "ADDR", "AppAddr/<X>/Addr", true },
	{ "APPLICATION", "INIT", "no node: a session at once", true },
	{ "APPADDR", "ADDR", "AppAddr/<X>/Addr", true },
	{ "APPADDR", "ADDRTYPE", "AppAddr/<X>/AddrType", true },
	{ "APPAUTH", "AAUTHLEVEL", "AppAuth/<X>/AAuthLevel: APPSRV is CLCRED, CLIENT is SRVCRED", true },
	{ "APPAUTH", "AAUTHTYPE", "AppAuth/<X>/AAuthType", true },
	{ "APPAUTH", "AAUTHNAME", "AppAuth/<X>/AAuthName", true },
	{ "APPAUTH", "AAUTHSECRET", "AppAuth/<X>/AAuthSecret", false },
	{ "APPAUTH", "AAUTHDATA", "AppAuth/<X>/AAuthData, a nonce", false },
	{ "NAPDEF", "NAPID", "NapId", true },
	{ "NAPDEF", "NAME", "Name", true },
	{ "NAPDEF", "BEARER", "BearerType", true },
	{ "NAPDEF", "INTERNET", "what INTERNET in TO-NAPID means", true },
	{ "NAPDEF", "NAP-ADDRESS", "Addr", true },
	{ "NAPDEF", "NAP-ADDRTYPE", "AddrType", true },
	{ "NAPAUTHINFO", "AUTHTYPE", "AuthInfo/AuthType", true },
	{ "NAPAUTHINFO", "AUTHNAME", "AuthInfo/AuthName", true },
	{ "NAPAUTHINFO", "AUTHSECRET", "AuthInfo/AuthSecret", false },
	{ "PXLOGICAL", "PROXY-ID", "ProxyId", true },
	{ "PXLOGICAL", "NAME", "Name", true },
	{ "PXAUTHINFO", "PXAUTH-TYPE", "AuthInfo/<X>/AuthType", true },
	{ "PXAUTHINFO", "PXAUTH-ID", "AuthInfo/<X>/AuthID", true },
	{ "PXAUTHINFO", "PXAUTH-PW", "AuthInfo/<X>/AuthPW", false },
	{ "PXPHYSICAL", "PHYSICAL-PROXY-ID", "no node", true },
	{ "PXPHYSICAL", "PXADDR", "Addr", true },
	{ "PXPHYSICAL", "PXADDRTYPE", "AddrType", true },
	{ "PXPHYSICAL", "TO-NAPID", "ConRefs/<X>/ConRef", true },
	{ "PORT", "PORTNBR", "PortNbr of the address or proxy", true },
	{ "PORT", "SERVICE", "ServiceName of a proxy's port", true },
};

static const struct meaning *meaning_of(struct slice type, struct slice parm)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (slice_eq_str(type, meanings[i].type) && slice_eq_str(parm, meanings[i].parm))
			return &meanings[i];
	return NULL;
}

/*
 * Does the characteristic that item @at is in name credentials as it should: each parm
 * once, one of them the secret? In one that does not, a secret may stand under
 * another's name, and nothing of it is shown.
 */
static bool credentials_orderly(const struct dm_prov *p, size_t at)
{
	unsigned int depth = p->items[at].depth, secrets = 0;
	size_t i = at;

	while (i && p->items[i - 1].depth >= depth)
		i--;
	for (size_t first = i; i < p->n && p->items[i].depth >= depth; i++) {
		struct slice name = p->items[i].name;

		if (p->items[i].depth != depth || p->items[i].kind != DM_PROV_PARM)
			continue;
		for (size_t k = first; k < i; k++)
			if (p->items[k].kind == DM_PROV_PARM && slice_eq(p->items[k].name, name))
				return false;
		secrets += slice_eq_str(name, "AAUTHSECRET") || slice_eq_str(name, "AUTHSECRET") ||
			   slice_eq_str(name, "PXAUTH-PW");
	}
	return secrets == 1;
}

static bool is_credentials(struct slice type)
{
	return slice_eq_str(type, "APPAUTH") || slice_eq_str(type, "NAPAUTHINFO") ||
	       slice_eq_str(type, "PXAUTHINFO");
}

/*
 * Names are upper case (ProvCont 1.1). One that is not is no name of any characteristic:
 * a name that lost its end goes on with its value.
 */
static struct slice name_shown(const struct decode *d, struct slice name)
{
	for (size_t i = 0; i < name.n && !d->secrets; i++) {
		uint8_t c = name.p[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
			return SLICE_LIT("(no name)");
	}
	return name;
}

static void item_show(struct decode *d, const struct dm_prov *p, size_t at, struct slice inside)
{
	const struct dm_prov_item *x = &p->items[at];
	const struct meaning *m = meaning_of(inside, x->name);
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct slice name = name_shown(d, x->name);
	bool parm = x->kind == DM_PROV_PARM;

	decode_open(d, NULL, '{');
	decode_member_number(d, "depth", x->depth);
	decode_member_str(d, "kind", parm ? "parm" : "characteristic");
	decode_member(d, "name", name);
	buf_printf(&line, "%s%.*s", parm ? "" : "characteristic ", (int)name.n, (const char *)name.p);
	if (slice_present(x->value))
		decode_value(d, &line, x->value,
			     !m || !m->open || (is_credentials(inside) && !credentials_orderly(p, at)));
	if (m) {
		decode_member_str(d, "node", m->node);
		buf_printf(&line, "  -> %s", m->node);
	}
	decode_line(d, INDENT + x->depth, "%s", buf_cstr(&line));
	decode_close(d, '}');
}

void decode_cp(struct decode *d, struct decode_doc *doc)
{
	struct codec_limits limits = { .message = CLIENT_BOOTSTRAP_MAX, .allow_padding = true };
	struct slice file = buf_slice(&doc->bytes), bytes, around[DEPTH_MAX] = { 0 };
	enum codec_format f;
	struct codec_error e = { .text = "" };
	struct codec_prov *prov = NULL;
	const struct dm_prov *p;

	bytes = client_cp_document(file, &f);
	doc->err = codec_prov_decode(f, bytes, &limits, &prov, &e);
	if (doc->err) {
		decode_problem(d, doc->obj->path, doc->obj->off + (size_t)(bytes.p - file.p) + e.offset,
			       "WAP-183", "no provisioning document: %s", e.text);
		return;
	}
	p = codec_prov_get(prov);
	decode_member(d, "version", decode_text(d, p->version));
	decode_open(d, "items", '[');
	for (size_t i = 0; i < p->n; i++) {
		unsigned int depth = p->items[i].depth < DEPTH_MAX - 1 ? p->items[i].depth : DEPTH_MAX - 1;

		item_show(d, p, i, depth ? around[depth - 1] : SLICE_NONE);
		if (p->items[i].kind == DM_PROV_CHARACTERISTIC)
			around[depth] = p->items[i].name;
	}
	decode_close(d, ']');
	codec_prov_free(prov);
}
