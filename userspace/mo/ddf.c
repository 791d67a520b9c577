// SPDX-License-Identifier: GPL-2.0-or-later
/* The descriptions of the built-in objects (DM StdObj 1.2), and of nothing else. */
#include "mo/mo_int.h"

#define NODE DMSC_FMT(DMSC_NODE)
#define CHR DMSC_FMT(DMSC_CHR)
/* The standard names Get alone and lets a device allow more: an account is the server's to keep. */
#define EDIT (DMSC_GET | DMSC_REPLACE | DMSC_COPY)
#define EDIT_DEL (EDIT | DMSC_DELETE)
#define DIR (DMSC_ADD | DMSC_GET | DMSC_REPLACE)
#define DIR_DEL (DIR | DMSC_DELETE)
#define END { .formats = 0 }

/* A permanent leaf of text that servers may only read. */
#define FACT(n) { .name = n, .formats = CHR, .access = DMSC_GET, .flags = DMSC_PERMANENT, DMSC_ONE }
/* A place for the device's own extensions. */
#define EXTENSION(n, c) { .name = n, .formats = NODE, .access = DMSC_GET, \
	.flags = DMSC_PERMANENT | DMSC_OPEN, DMSC_ZERO_OR_ONE, .children = c }
#define BRANCH(n, o, c) { .name = n, .formats = NODE, .access = DIR_DEL, o, .children = c }
#define TEXT(n) { .name = n, .formats = CHR, .access = EDIT, DMSC_ONE }
#define TEXT_OPT(n) { .name = n, .formats = CHR, .access = EDIT_DEL, DMSC_ZERO_OR_ONE }

/* --- DevInfo ------------------------------------------------------------- */

static const struct dmsc_ddf devinfo[] = {
	FACT("DevId"), FACT("Man"), FACT("Mod"), FACT("DmV"), FACT("Lang"),
	EXTENSION("Ext", NULL), EXTENSION("Bearer", NULL), END
};

/* --- DevDetail ----------------------------------------------------------- */

static const struct dmsc_ddf devdetail_uri[] = {
	FACT("MaxDepth"), FACT("MaxTotLen"), FACT("MaxSegLen"), END
};

static const struct dmsc_ddf card[] = {
	{ .name = "ICCID", .formats = CHR, .access = DMSC_GET, DMSC_ONE }, END
};

static const struct dmsc_ddf cards[] = {
	{ .formats = NODE, .access = DMSC_GET, DMSC_ZERO_OR_MORE, .children = card }, END
};

static const struct dmsc_ddf own[] = {
	{ .name = "Card", .formats = NODE, .access = DMSC_GET, .flags = DMSC_PERMANENT, DMSC_ONE,
	  .children = cards }, END
};

static const struct dmsc_ddf devdetail_ext[] = {
	{ .name = "dmsc", .formats = NODE, .access = DMSC_GET, .flags = DMSC_PERMANENT, DMSC_ONE,
	  .children = own }, END
};

static const struct dmsc_ddf devdetail[] = {
	{ .name = "URI", .formats = NODE, .access = DMSC_GET, .flags = DMSC_PERMANENT, DMSC_ONE,
	  .children = devdetail_uri },
	FACT("DevTyp"), FACT("OEM"), FACT("FwV"), FACT("SwV"), FACT("HwV"),
	{ .name = "LrgObj", .formats = DMSC_FMT(DMSC_BOOL), .access = DMSC_GET,
	  .flags = DMSC_PERMANENT, DMSC_ONE },
	EXTENSION("Ext", devdetail_ext), EXTENSION("Bearer", NULL), END
};

/* --- DMAcc --------------------------------------------------------------- */

static const struct dmsc_ddf conref[] = { TEXT("ConRef"), END };
static const struct dmsc_ddf conrefs[] = { BRANCH(NULL, DMSC_ONE_OR_MORE, conref), END };
static const struct dmsc_ddf port[] = { TEXT("PortNbr"), END };
static const struct dmsc_ddf ports[] = { BRANCH(NULL, DMSC_ONE_OR_MORE, port), END };

static const struct dmsc_ddf addr[] = {
	TEXT("Addr"), TEXT("AddrType"), BRANCH("Port", DMSC_ZERO_OR_ONE, ports), END
};

static const struct dmsc_ddf addrs[] = { BRANCH(NULL, DMSC_ONE_OR_MORE, addr), END };

/* What may be set but never read, nor copied to where it could be. */
#define SECRET(n, f) { .name = n, .formats = DMSC_FMT(f), .access = DMSC_REPLACE | DMSC_DELETE, \
	DMSC_ZERO_OR_ONE }

static const struct dmsc_ddf auth[] = {
	TEXT("AAuthLevel"), TEXT("AAuthType"), TEXT_OPT("AAuthName"),
	SECRET("AAuthSecret", DMSC_CHR), SECRET("AAuthData", DMSC_BIN), END
};

static const struct dmsc_ddf auths[] = { BRANCH(NULL, DMSC_ONE_OR_MORE, auth), END };

static const struct dmsc_ddf account[] = {
	TEXT("AppID"),
	/* Who a server is stays what it was: every ACL names it by this. */
	{ .name = "ServerID", .formats = CHR, .access = DMSC_GET | DMSC_COPY, DMSC_ONE },
	TEXT_OPT("Name"), TEXT_OPT("PrefConRef"),
	BRANCH("ToConRef", DMSC_ZERO_OR_ONE, conrefs), BRANCH("AppAddr", DMSC_ONE, addrs),
	TEXT_OPT("AAuthPref"), BRANCH("AppAuth", DMSC_ZERO_OR_ONE, auths),
	{ .name = "Ext", .formats = NODE, .access = DIR_DEL, .flags = DMSC_OPEN, DMSC_ZERO_OR_ONE },
	END
};

/* A device before its bootstrap has no account, so the standard's "one or more" cannot hold. */
static const struct dmsc_ddf accounts[] = { BRANCH(NULL, DMSC_ZERO_OR_MORE, account), END };

/* --- NAP and Proxy -------------------------------------------------------- */

/*
 * Their standard we have not seen: what we make and read of them is described, and what a
 * server knows beyond that may stand beside it.
 */
#define LIST(n, c) BRANCH(n, DMSC_ZERO_OR_ONE, c)
#define OPEN_BRANCH(n, o, c) { .name = n, .formats = NODE, .access = DIR_DEL, \
	.flags = DMSC_OPEN, o, .children = c }
#define NUMBER_OPT(n) { .name = n, .formats = DMSC_FMT(DMSC_INT) | CHR, .access = EDIT_DEL, \
	DMSC_ZERO_OR_ONE }

static const struct dmsc_ddf dns_addr[] = { TEXT("DNSAddr"), END };
static const struct dmsc_ddf dns[] = { BRANCH(NULL, DMSC_ONE_OR_MORE, dns_addr), END };
static const struct dmsc_ddf ip[] = { TEXT_OPT("LocalAddr"), LIST("DNS", dns), END };
static const struct dmsc_ddf entity[] = { TEXT("AuthEntity"), END };
static const struct dmsc_ddf entities[] = { BRANCH(NULL, DMSC_ONE_OR_MORE, entity), END };

static const struct dmsc_ddf nap_auth[] = {
	TEXT_OPT("AuthType"), TEXT_OPT("AuthName"), SECRET("AuthSecret", DMSC_CHR),
	LIST("AuthEntities", entities), TEXT_OPT("SPI"), END
};

static const struct dmsc_ddf nap[] = {
	TEXT_OPT("NapId"), TEXT_OPT("Name"), TEXT_OPT("AddrType"), TEXT_OPT("Addr"),
	NUMBER_OPT("Linger"), LIST("IPv4", ip), LIST("IPv6", ip), TEXT_OPT("BearerType"),
	OPEN_BRANCH("Bearer", DMSC_ZERO_OR_ONE, NULL),
	OPEN_BRANCH("AuthInfo", DMSC_ZERO_OR_ONE, nap_auth),
	OPEN_BRANCH("Ext", DMSC_ZERO_OR_ONE, NULL), END
};

static const struct dmsc_ddf naps[] = { OPEN_BRANCH(NULL, DMSC_ZERO_OR_MORE, nap), END };

static const struct dmsc_ddf service[] = { TEXT("ServiceName"), END };
static const struct dmsc_ddf services[] = { BRANCH(NULL, DMSC_ONE_OR_MORE, service), END };
static const struct dmsc_ddf proxy_port[] = {
	{ .name = "PortNbr", .formats = DMSC_FMT(DMSC_INT) | CHR, .access = EDIT, DMSC_ONE },
	LIST("Services", services), END
};
static const struct dmsc_ddf proxy_ports[] = { BRANCH(NULL, DMSC_ONE_OR_MORE, proxy_port), END };
static const struct dmsc_ddf proxy_auth[] = {
	TEXT_OPT("AuthType"), TEXT_OPT("AuthID"), SECRET("AuthPW", DMSC_CHR), END
};
static const struct dmsc_ddf proxy_auths[] = { BRANCH(NULL, DMSC_ONE_OR_MORE, proxy_auth), END };
static const struct dmsc_ddf domain[] = { TEXT("DomainName"), END };
static const struct dmsc_ddf domains[] = { BRANCH(NULL, DMSC_ONE_OR_MORE, domain), END };

static const struct dmsc_ddf proxy[] = {
	TEXT_OPT("ProxyId"), TEXT_OPT("Name"), TEXT_OPT("AddrType"), TEXT_OPT("Addr"),
	LIST("ConRefs", conrefs), LIST("Ports", proxy_ports), LIST("AuthInfo", proxy_auths),
	LIST("Domains", domains), OPEN_BRANCH("ProxyParams", DMSC_ZERO_OR_ONE, NULL),
	OPEN_BRANCH("Ext", DMSC_ZERO_OR_ONE, NULL), END
};

static const struct dmsc_ddf proxies[] = { OPEN_BRANCH(NULL, DMSC_ZERO_OR_MORE, proxy), END };

const struct dmsc_mo mo_nap = {
	.abi = DMSC_MO_ABI, .id = MO_NAP_ID, .ddf = &mo_builtin_ddf[MO_NAP],
	.roots = (const char *const[]){ "./NAP", NULL },
};

const struct dmsc_mo mo_proxy = {
	.abi = DMSC_MO_ABI, .id = MO_PROXY_ID, .ddf = &mo_builtin_ddf[MO_PROXY],
	.roots = (const char *const[]){ "./Proxy", NULL },
};

/* --- the root ------------------------------------------------------------ */

const struct dmsc_ddf mo_builtin_ddf[] = {
	[MO_DEVINFO] = { .name = "DevInfo", .formats = NODE, .access = DMSC_GET,
			 .flags = DMSC_PERMANENT, DMSC_ONE, .type = MO_DEVINFO_ID,
			 .children = devinfo },
	[MO_DEVDETAIL] = { .name = "DevDetail", .formats = NODE, .access = DMSC_GET,
			   .flags = DMSC_PERMANENT, DMSC_ONE, .type = MO_DEVDETAIL_ID,
			   .children = devdetail },
	/* The identifier is that of each account below it. */
	[MO_DMACC] = { .name = "DMAcc", .formats = NODE, .access = DIR, .flags = DMSC_PERMANENT,
		       DMSC_ONE, .children = accounts },
	/* Nothing stays in it, and nothing of it is ever read (dm/inbox.c). */
	[MO_INBOX] = { .name = "Inbox", .formats = NODE, .access = DMSC_ADD | DMSC_REPLACE,
		       .flags = DMSC_PERMANENT, DMSC_ONE, .type = MO_INBOX_ID },
	/* They stand only when there is something in them; their identifiers are as DMAcc's. */
	[MO_NAP] = BRANCH("NAP", DMSC_ZERO_OR_ONE, naps),
	[MO_PROXY] = BRANCH("Proxy", DMSC_ZERO_OR_ONE, proxies),
	[MO_BUILTIN] = END
};
