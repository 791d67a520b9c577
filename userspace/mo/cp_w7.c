// SPDX-License-Identifier: GPL-2.0-or-later
/* APPLICATION w7 as an account (DM StdObj 1.2 appendix B); the rest of it is left out. */
#include <errno.h>

#include "dm/account.h"
#include "dm/acl.h"
#include "mo/cp_int.h"
#include "util/digest.h"
#include "util/str.h"

#define ID_MAX 255			/* bytes of a ServerID */

void cp_w7_note(struct cp_map *m, struct cp_object *o)
{
	o->id = cp_value(o->at, "PROVIDER-ID");
	o->init = slice_present(cp_value(o->at, "INIT"));
	if (!o->id.n)
		cp_fail(m, -EBADMSG, "a w7 application has no PROVIDER-ID");
	else if (o->id.n > ID_MAX || !dm_acl_server_valid(o->id))
		cp_fail(m, -EBADMSG, "a PROVIDER-ID holds what no ACL can name, or is too long");
	for (size_t i = 0; &m->objects[i] != o; i++)
		if (m->objects[i].kind == CP_ACCOUNT && slice_eq(m->objects[i].id, o->id))
			cp_fail(m, -EBADMSG, "two w7 applications have the same PROVIDER-ID");
}

/* --- connectivity -------------------------------------------------------- */

struct conrefs {
	size_t n;			/* of all */
	struct slice first;
	unsigned int written;
};

static void count_ref(struct cp_map *m, void *ctx, struct slice ref)
{
	struct conrefs *c = ctx;

	if (!c->n++)
		c->first = ref;
}

static void write_ref(struct cp_map *m, void *ctx, struct slice ref)
{
	struct conrefs *c = ctx;

	cp_member(m, 2, "ToConRef", &c->written);
	cp_ref(m, 4, "ConRef", ref);
}

static void references(struct cp_map *m, struct cp_at at)
{
	struct conrefs c = { 0 };

	cp_refs(m, at, count_ref, &c);
	if (c.n == 1)
		cp_ref(m, 2, "PrefConRef", c.first);
	else if (c.n)
		cp_refs(m, at, write_ref, &c);
}

/* --- addresses ----------------------------------------------------------- */

/* AddrType of DMAcc; "" = it has no word for this one. */
static const char *addr_type(struct slice t)
{
	if (!t.n || slice_eq_str(t, "URI") || slice_eq_str(t, "ALPHA"))
		return "URI";
	if (slice_eq_str(t, "IPV4"))
		return "IPv4";
	return slice_eq_str(t, "IPV6") ? "IPv6" : "";
}

static void ports(struct cp_map *m, struct cp_at at)
{
	struct cp_at port = at;
	unsigned int n = 0;

	while (cp_next(at, DM_PROV_CHARACTERISTIC, "PORT", &port.i) && !m->err) {
		struct slice nbr = cp_port(m, cp_value(port, "PORTNBR"));

		if (!nbr.n)
			continue;
		cp_member(m, 4, "Port", &n);
		cp_leaf(m, 6, "PortNbr", "chr", nbr, "PORTNBR");
	}
}

static void addresses(struct cp_map *m, struct cp_at app)
{
	struct cp_at at = app;
	unsigned int n = 0;
	size_t i = app.i;

	/* The short form: an address and nothing else. */
	while (cp_next(app, DM_PROV_PARM, "ADDR", &i) && !m->err) {
		struct slice addr = app.doc->items[i].value;

		if (!addr.n)
			continue;
		cp_member(m, 2, "AppAddr", &n);
		cp_leaf(m, 4, "Addr", "chr", addr, "ADDR");
		cp_leaf(m, 4, "AddrType", "chr", SLICE_LIT("URI"), "ADDRTYPE");
	}
	while (cp_next(app, DM_PROV_CHARACTERISTIC, "APPADDR", &at.i) && !m->err) {
		const char *type = addr_type(cp_value(at, "ADDRTYPE"));

		if (!type[0] || !cp_value(at, "ADDR").n) {
			m->ignored++;
			continue;
		}
		cp_member(m, 2, "AppAddr", &n);
		cp_text(m, 4, "Addr", at, "ADDR");
		cp_leaf(m, 4, "AddrType", "chr", slice_str(type), "ADDRTYPE");
		ports(m, at);
	}
	if (!n)
		cp_fail(m, -EBADMSG, "a w7 application has no ADDR that can be used");
}

/* --- credentials --------------------------------------------------------- */

/* From the client's side in w7 to the direction of the credential in DMAcc. */
static const char *auth_level(struct slice level)
{
	if (slice_eq_str(level, "APPSRV"))
		return "CLCRED";
	if (slice_eq_str(level, "CLIENT"))
		return "SRVCRED";
	return slice_eq_str(level, "OBEX") ? "OBEX" : NULL;
}

/* DMAcc has one type for an entry: of a list, the first it has a word for. */
static struct slice auth_type(struct slice list)
{
	static const char *const words[] = {
		"BASIC", "DIGEST", "HMAC", "HTTP-BASIC", "HTTP-DIGEST", "X509", "SECURID",
		"SAFEWORD", "DIGIPASS", "TRANSPORT",
	};
	struct slice rest = list, part;

	while (slice_present(rest) && str_split(&rest, ',', &part)) {
		part = str_trim(part);
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (slice_eq_str(part, words[i]))
				return part;
		if (slice_eq_str(part, "MD5"))
			return SLICE_LIT("DIGEST");
	}
	return list;
}

/* The nonce: base64 text; what is none is taken as it is, as in a serialized tree of a card. */
static struct slice auth_data(struct cp_map *m, struct slice text)
{
	struct slice kept = text;
	struct buf raw = BUF_INIT;
	int err = text.n ? base64_decode(&raw, text) : -EBADMSG;

	if (!err)
		kept = cp_keep(m, buf_slice(&raw));
	else if (err != -EBADMSG)
		cp_fail(m, -ENOMEM, "no memory");
	buf_wipe_fini(&raw);
	return kept;
}

static void credentials(struct cp_map *m, struct cp_at app)
{
	struct cp_at at = app;
	unsigned int n = 0;

	while (cp_next(app, DM_PROV_CHARACTERISTIC, "APPAUTH", &at.i) && !m->err) {
		const char *level = auth_level(cp_value(at, "AAUTHLEVEL"));

		if (!level) {
			cp_fail(m, -EBADMSG, "an APPAUTH has no known AAUTHLEVEL");
			return;
		}
		cp_member(m, 2, "AppAuth", &n);
		cp_leaf(m, 4, "AAuthLevel", "chr", slice_str(level), "AAUTHLEVEL");
		cp_leaf(m, 4, "AAuthType", "chr", auth_type(cp_value(at, "AAUTHTYPE")),
			"AAUTHTYPE");
		cp_text(m, 4, "AAuthName", at, "AAUTHNAME");
		cp_text(m, 4, "AAuthSecret", at, "AAUTHSECRET");
		cp_leaf(m, 4, "AAuthData", "bin", auth_data(m, cp_value(at, "AAUTHDATA")),
			"AAUTHDATA");
	}
}

void cp_w7_make(struct cp_map *m, const struct cp_object *o)
{
	cp_root(m, o, DM_DMACC_TYPE);
	cp_leaf(m, 2, "AppID", "chr", SLICE_LIT("w7"), "APPID");
	cp_leaf(m, 2, "ServerID", "chr", o->id, "PROVIDER-ID");
	cp_text(m, 2, "Name", o->at, "NAME");
	references(m, o->at);
	addresses(m, o->at);
	credentials(m, o->at);
}
