// SPDX-License-Identifier: GPL-2.0-or-later
/* Provisioning documents become objects: each row of the tables, references, rights, repetition. */
#include "cp_far_end.h"

#include "mo/dmacc.h"

static void apply(struct far_end *f, const char *const *docs, size_t n, struct cp_applied *a)
{
	struct slice s[4];

	for (size_t i = 0; i < n; i++)
		s[i] = slice_str(docs[i]);
	cp_apply(f, s, n, a);
}

/* Applies, commits and wants the objects to be exactly these. */
static void gives_all(struct far_end *f, const char *const *docs, size_t n, const char *want)
{
	_cleanup_buf_ struct buf got = BUF_INIT;
	struct cp_applied a;

	apply(f, docs, n, &a);
	if (a.err)
		fail_msg("refused: %s", a.reason);
	dm_bootstrap_result_fini(&a.res);
	dm_tree_committed(f->tree);
	cp_lines(f, &got);
	assert_string_equal(buf_cstr(&got), want);
}

static void gives(struct far_end *f, const char *doc, const char *want)
{
	gives_all(f, &doc, 1, want);
}

#define RIGHTS(s) "[Get=" s "&Replace=" s "&Delete=" s "]"
#define ROOT(x, s) "./DMAcc/" x " " RIGHTS(s) "/ urn:oma:mo:oma-dm-dmacc:1.0\n" \
	"./DMAcc/" x "/AppID = w7\n./DMAcc/" x "/ServerID = " s "\n"
#define SHORT(x, s) ROOT(x, s) ADDRESSES(x, s)
#define ADDRESSES(x, s) "./DMAcc/" x "/AppAddr/1/Addr = https://" s "/dm\n" \
	"./DMAcc/" x "/AppAddr/1/AddrType = URI\n"
#define NAPROOT(x, acl) "./NAP/" x acl "/ urn:oma:mo:oma-connmo-nap:1.0\n"
#define PXROOT(x, acl) "./Proxy/" x acl "/ urn:oma:mo:oma-connmo-proxy:1.0\n"

/* Each row of the table of w7. Rules: CPP-1 CPP-3 CPP-4 CPP-6 CPP-7 CPP-10 */
static void w7_table(struct far_end *f)
{
	gives(f, DOC(C("APPLICATION",
		P("APPID", "w7") P("PROVIDER-ID", "dm.example") P("NAME", "The operator")
		P("TO-NAPID", "private") FLAG("INIT")
		C("APPADDR", P("ADDR", "https://dm.example/a") P("ADDRTYPE", "URI")
		  C("PORT", P("PORTNBR", "8443")) C("PORT", P("PORTNBR", "443")))
		C("APPADDR", P("ADDR", "192.0.2.1") P("ADDRTYPE", "IPV4"))
		C("APPADDR", P("ADDR", "2001:db8::1") P("ADDRTYPE", "IPV6"))
		C("APPAUTH", P("AAUTHLEVEL", "APPSRV") P("AAUTHTYPE", "DIGEST")
		  P("AAUTHNAME", "us") P("AAUTHSECRET", "ours") P("AAUTHDATA", "Tm9uY2U="))
		C("APPAUTH", P("AAUTHLEVEL", "CLIENT") P("AAUTHTYPE", "HMAC")
		  P("AAUTHNAME", "them") P("AAUTHSECRET", "theirs"))
		C("APPAUTH", P("AAUTHLEVEL", "OBEX") P("AAUTHTYPE", "HTTP-BASIC")))),
	      ROOT("1", "dm.example")
	      "./DMAcc/1/Name = The operator\n"
	      "./DMAcc/1/PrefConRef = private\n"
	      "./DMAcc/1/AppAddr/1/Addr = https://dm.example/a\n"
	      "./DMAcc/1/AppAddr/1/AddrType = URI\n"
	      "./DMAcc/1/AppAddr/1/Port/1/PortNbr = 8443\n"
	      "./DMAcc/1/AppAddr/1/Port/2/PortNbr = 443\n"
	      "./DMAcc/1/AppAddr/2/Addr = 192.0.2.1\n"
	      "./DMAcc/1/AppAddr/2/AddrType = IPv4\n"
	      "./DMAcc/1/AppAddr/3/Addr = 2001:db8::1\n"
	      "./DMAcc/1/AppAddr/3/AddrType = IPv6\n"
	      "./DMAcc/1/AppAuth/1/AAuthLevel = CLCRED\n"
	      "./DMAcc/1/AppAuth/1/AAuthType = DIGEST\n"
	      "./DMAcc/1/AppAuth/1/AAuthName = us\n"
	      "./DMAcc/1/AppAuth/1/AAuthSecret = ours\n"
	      "./DMAcc/1/AppAuth/1/AAuthData = (bin) Nonce\n"
	      "./DMAcc/1/AppAuth/2/AAuthLevel = SRVCRED\n"
	      "./DMAcc/1/AppAuth/2/AAuthType = HMAC\n"
	      "./DMAcc/1/AppAuth/2/AAuthName = them\n"
	      "./DMAcc/1/AppAuth/2/AAuthSecret = theirs\n"
	      "./DMAcc/1/AppAuth/3/AAuthLevel = OBEX\n"
	      "./DMAcc/1/AppAuth/3/AAuthType = HTTP-BASIC\n");
	/* No server reads these, and the account can be used. */
	assert_int_equal(far_find(f, "./DMAcc/1/AppAuth/1/AAuthSecret")->access & DM_ACC_GET, 0);
	assert_int_equal(far_find(f, "./DMAcc/1/AppAuth/1/AAuthData")->access & DM_ACC_GET, 0);
	assert_int_equal(far_find(f, "./DMAcc/1/AppAuth")->origin, CP_ORIGIN);
}

static void usable(struct far_end *f)
{
	struct cp_applied a;
	struct dm_account acc;
	const char *doc = DOC(APP("s", C("APPADDR", P("ADDR", "https://h/p")
						       C("PORT", P("PORTNBR", "8443")))
				     C("APPAUTH", P("AAUTHLEVEL", "APPSRV") P("AAUTHTYPE", "HMAC")
					   P("AAUTHNAME", "u") P("AAUTHSECRET", "p")
					   P("AAUTHDATA", "no base64!"))
				     C("APPAUTH", P("AAUTHLEVEL", "CLIENT")
					   P("AAUTHNAME", "v") P("AAUTHSECRET", "q"))));

	apply(f, &doc, 1, &a);
	assert_int_equal(a.err, 0);
	assert_true(a.res.changed);
	dm_bootstrap_result_fini(&a.res);
	assert_int_equal(dmacc_read(f->tree, SLICE_LIT("s"), &acc), 0);
	assert_string_equal(buf_cstr(&acc.url), "https://h:8443/p");
	assert_int_equal(acc.pref, DM_AUTH_NONE);
	assert_int_equal(acc.client.type, DM_AUTH_MAC);
	assert_string_equal(buf_cstr(&acc.client.name), "u");
	assert_string_equal(buf_cstr(&acc.client.nonce), "no base64!");
	/* The document does not say how: the server will. */
	assert_int_equal(acc.server.type, DM_AUTH_NONE);
	assert_string_equal(buf_cstr(&acc.server.secret), "q");
	dm_account_fini(&acc);
}

/* Rules: CPP-9 */
static void short_address(struct far_end *f)
{
	gives(f, DOC(APP("s", C("APPADDR", P("ADDR", "https://second"))
				 P("ADDR", "https://first") P("ADDR", "") P("ADDR", "https://other"))),
	      ROOT("1", "s")
	      "./DMAcc/1/AppAddr/1/Addr = https://first\n./DMAcc/1/AppAddr/1/AddrType = URI\n"
	      "./DMAcc/1/AppAddr/2/Addr = https://other\n./DMAcc/1/AppAddr/2/AddrType = URI\n"
	      "./DMAcc/1/AppAddr/3/Addr = https://second\n./DMAcc/1/AppAddr/3/AddrType = URI\n");
}

static void auth_types(struct far_end *f)
{
	static const struct {
		const char *doc, *type;
	} rows[] = {
#define TYPED(t) DOC(W7("s", C("APPAUTH", P("AAUTHLEVEL", "APPSRV") P("AAUTHTYPE", t))))
		{ TYPED("DIGEST,MD5"), "DIGEST" }, { TYPED("MD5"), "DIGEST" },
		{ TYPED("HTTP-BASIC"), "HTTP-BASIC" }, { TYPED("BASIC"), "BASIC" },
		{ TYPED("HTTP-DIGEST,HTTP-BASIC"), "HTTP-DIGEST" }, { TYPED("X509"), "X509" },
		{ TYPED("odd, TRANSPORT"), "TRANSPORT" }, { TYPED("odd"), "odd" },
		{ TYPED(""), "(none)" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cp_applied a;

		apply(f, &rows[i].doc, 1, &a);
		assert_int_equal(a.err, 0);
		dm_bootstrap_result_fini(&a.res);
		assert_string_equal(far_value(f, "./DMAcc/1/AppAuth/1/AAuthType"), rows[i].type);
	}
}

/* Every parameter of an access point that has a place. Rules: CPP-2 */
static void napdef(struct far_end *f)
{
	gives(f, DOC(W7("s", "") C("NAPDEF",
		P("NAPID", "n1") P("BEARER", "GSM-GPRS") P("NAME", "Net") P("NAP-ADDRESS", "apn.x")
		P("NAP-ADDRTYPE", "APN") P("LINGER", "60") P("LOCAL-ADDR", "192.0.2.7")
		P("LOCAL-ADDRTYPE", "IPV4") P("DNS-ADDR", "192.0.2.53") P("DNS-ADDR", "2001:db8::53")
		P("DNS-ADDR", "192.0.2.54") P("CALLTYPE", "V.110") P("LINKSPEED", "9600")
		P("MAX-NUM-RETRY", "2") P("FIRST-RETRY-TIMEOUT", "6") P("REREG-THRESHOLD", "x")
		FLAG("T-BIT")
		C("NAPAUTHINFO", P("AUTHTYPE", "PAP") P("AUTHNAME", "u") P("AUTHSECRET", "p")
		  P("AUTH-ENTITY", "HA") P("AUTH-ENTITY", "AAA") P("SPI", "1f"))
		C("NAPAUTHINFO", P("AUTHTYPE", "CHAP") P("AUTHNAME", "v"))
		C("NAPAUTHINFO", P("AUTHTYPE", "MD5") P("AUTHSECRET", "q"))
		C("VALIDITY", P("COUNTRY", "228")))
		 C("NAPDEF", P("NAPID", "n2") P("LOCAL-ADDR", "2001:db8::7")
		   P("LOCAL-ADDRTYPE", "IPV6"))),
	      NAPROOT("1", " " RIGHTS("s"))
	      "./NAP/1/NapId = n1\n./NAP/1/Name = Net\n./NAP/1/AddrType = APN\n"
	      "./NAP/1/Addr = apn.x\n./NAP/1/Linger = (int) 60\n"
	      "./NAP/1/IPv4/LocalAddr = 192.0.2.7\n./NAP/1/IPv4/DNS/1/DNSAddr = 192.0.2.53\n"
	      "./NAP/1/IPv4/DNS/2/DNSAddr = 192.0.2.54\n"
	      "./NAP/1/IPv6/DNS/1/DNSAddr = 2001:db8::53\n"
	      "./NAP/1/BearerType = GSM-GPRS\n./NAP/1/Bearer/3GPPCS/CallType = V.110\n"
	      "./NAP/1/Bearer/3GPPCS/LinkSpeed = 9600\n./NAP/1/Bearer/CDMA/MaxNumRetry = (int) 2\n"
	      "./NAP/1/Bearer/CDMA/FirstRetryTimeout = (int) 6\n"
	      "./NAP/1/Bearer/CDMA/TBit = (bool) true\n"
	      "./NAP/1/AuthInfo/AuthType = PAP\n./NAP/1/AuthInfo/AuthName = u\n"
	      "./NAP/1/AuthInfo/AuthSecret = p\n./NAP/1/AuthInfo/AuthEntities/1/AuthEntity = HA\n"
	      "./NAP/1/AuthInfo/AuthEntities/2/AuthEntity = AAA\n./NAP/1/AuthInfo/SPI = 1f\n"
	      "./NAP/1/Ext/dmsc/AuthInfo/1/AuthType = CHAP\n"
	      "./NAP/1/Ext/dmsc/AuthInfo/1/AuthName = v\n"
	      "./NAP/1/Ext/dmsc/AuthInfo/2/AuthType = MD5\n"
	      "./NAP/1/Ext/dmsc/AuthInfo/2/AuthSecret = q\n"
	      NAPROOT("2", " " RIGHTS("s"))
	      "./NAP/2/NapId = n2\n./NAP/2/IPv6/LocalAddr = 2001:db8::7\n"
	      SHORT("1", "s"));
	assert_int_equal(far_find(f, "./NAP/1/AuthInfo/AuthSecret")->access & DM_ACC_GET, 0);
	assert_int_equal(far_find(f, "./NAP/1/Ext/dmsc/AuthInfo/2/AuthSecret")->access & DM_ACC_GET,
			 0);
}

#define PORTED(nbr) C("PORT", P("PORTNBR", nbr))

/* Rules: CPP-2 */
static void pxlogical(struct far_end *f)
{
	gives(f, DOC(C("PXLOGICAL",
		P("PROXY-ID", "p") P("NAME", "Proxy") P("STARTPAGE", "http://start/")
		P("WSP-VERSION", "1.2") P("DOMAIN", "x.example") P("PROXY-PW", "left out")
		C("PXAUTHINFO", P("PXAUTH-TYPE", "HTTP-BASIC") P("PXAUTH-ID", "u") P("PXAUTH-PW", "w"))
		PORTED("8080")
		C("PXPHYSICAL", P("PHYSICAL-PROXY-ID", "a") P("PXADDR", "192.0.2.9")
		  P("PXADDRTYPE", "IPV4") P("TO-NAPID", "n1") P("TO-NAPID", "elsewhere")
		  P("DOMAIN", " ") P("DOMAIN", "y.example") P("WSP-VERSION", "1.3")
		  C("PORT", P("PORTNBR", "9203") P("SERVICE", "CO-WSP") P("SERVICE", "CO-SEC-WSP"))
		  C("PORT", P("SERVICE", "without a number")))
		C("PXPHYSICAL", P("PXADDR", "proxy.example") P("TO-NAPID", "INTERNET"))
		C("PXPHYSICAL", P("PHYSICAL-PROXY-ID", "no address")))
		 C("NAPDEF", P("NAPID", "n0")) C("NAPDEF", P("NAPID", "n1") FLAG("INTERNET"))),
	      NAPROOT("1", "") "./NAP/1/NapId = n0\n" NAPROOT("2", "") "./NAP/2/NapId = n1\n"
	      PXROOT("1", "")
	      "./Proxy/1/ProxyId = p\n./Proxy/1/Name = Proxy\n./Proxy/1/AddrType = IPV4\n"
	      "./Proxy/1/Addr = 192.0.2.9\n./Proxy/1/Ports/1/PortNbr = (int) 9203\n"
	      "./Proxy/1/Ports/1/Services/1/ServiceName = CO-WSP\n"
	      "./Proxy/1/Ports/1/Services/2/ServiceName = CO-SEC-WSP\n"
	      "./Proxy/1/ConRefs/1/ConRef = ./NAP/2\n./Proxy/1/ConRefs/2/ConRef = elsewhere\n"
	      "./Proxy/1/AuthInfo/1/AuthType = HTTP-BASIC\n./Proxy/1/AuthInfo/1/AuthID = u\n"
	      "./Proxy/1/AuthInfo/1/AuthPW = w\n./Proxy/1/Domains/1/DomainName = y.example\n"
	      "./Proxy/1/ProxyParams/WAP/WSPVersion = 1.3\n"
	      "./Proxy/1/ProxyParams/WAP/Startpg = http://start/\n"
	      PXROOT("2", "")
	      "./Proxy/2/ProxyId = p\n./Proxy/2/Name = Proxy\n./Proxy/2/Addr = proxy.example\n"
	      "./Proxy/2/Ports/1/PortNbr = (int) 8080\n./Proxy/2/ConRefs/1/ConRef = ./NAP/2\n"
	      "./Proxy/2/AuthInfo/1/AuthType = HTTP-BASIC\n./Proxy/2/AuthInfo/1/AuthID = u\n"
	      "./Proxy/2/AuthInfo/1/AuthPW = w\n./Proxy/2/Domains/1/DomainName = x.example\n"
	      "./Proxy/2/ProxyParams/WAP/WSPVersion = 1.2\n"
	      "./Proxy/2/ProxyParams/WAP/Startpg = http://start/\n");
	assert_int_equal(far_find(f, "./Proxy/1/AuthInfo/1/AuthPW")->access & DM_ACC_GET, 0);
}

/* One reference, several, to a proxy of two parts, to nothing that is here. Rules: CPP-2 CPP-8 */
static void references(struct far_end *f)
{
	gives(f, DOC(W7("a", P("TO-NAPID", "n")) W7("b", P("TO-PROXY", "p") P("TO-NAPID", "n"))
		     W7("c", P("TO-PROXY", "none") P("TO-NAPID", ""))
		     W7("d", P("TO-NAPID", "INTERNET"))
		     C("NAPDEF", P("NAPID", "n")) C("NAPDEF", P("NAPID", "n") P("NAME", "again"))
		     C("PXLOGICAL", P("PROXY-ID", "p") C("PXPHYSICAL", P("PXADDR", "1"))
			   C("PXPHYSICAL", P("PXADDR", "2")))),
#define ALL " [Get=a+b+c+d&Replace=a+b+c+d&Delete=a+b+c+d]"
	      NAPROOT("1", ALL) "./NAP/1/NapId = n\n"
	      NAPROOT("2", ALL) "./NAP/2/NapId = n\n./NAP/2/Name = again\n"
	      PXROOT("1", ALL) "./Proxy/1/ProxyId = p\n./Proxy/1/Addr = 1\n"
	      PXROOT("2", ALL) "./Proxy/2/ProxyId = p\n./Proxy/2/Addr = 2\n"
	      ROOT("1", "a") "./DMAcc/1/PrefConRef = ./NAP/1\n" ADDRESSES("1", "a")
	      ROOT("2", "b") "./DMAcc/2/ToConRef/1/ConRef = ./Proxy/1\n"
	      "./DMAcc/2/ToConRef/2/ConRef = ./Proxy/2\n./DMAcc/2/ToConRef/3/ConRef = ./NAP/1\n"
	      ADDRESSES("2", "b")
	      ROOT("3", "c") "./DMAcc/3/PrefConRef = none\n" ADDRESSES("3", "c")
	      /* No access point here leads to the internet: the device's own way. */
	      SHORT("4", "d"));
}

/* A name that is taken: what refers to the object follows. Rules: DMP-8 CPP-2 */
static void renamed(struct far_end *f)
{
	far_node(f, "./NAP/1/NAPID", "somebody's", NULL);
	gives(f, DOC(C("NAPDEF", P("NAPID", "n")) W7("s", P("TO-NAPID", "n"))),
	      "./NAP/1/NAPID = somebody's\n"
	      NAPROOT("2", " " RIGHTS("s")) "./NAP/2/NapId = n\n"
	      ROOT("1", "s") "./DMAcc/1/PrefConRef = ./NAP/2\n" ADDRESSES("1", "s"));
}

/* Rights are those of each document, references reach all of them. Rules: CPP-4 CPP-5 CPP-11 */
static void documents(struct far_end *f)
{
	static const char *const docs[] = {
		DOC(C("NAPDEF", P("NAPID", "INTERNET"))),
		DOC(W7("a", P("TO-NAPID", "INTERNET")) C("NAPDEF", P("NAPID", "x")) W7("b", "")),
		DOC(W7("c", P("TO-NAPID", "x"))),
	};

	gives_all(f, docs, 3,
		  NAPROOT("1", "") "./NAP/1/NapId = INTERNET\n"
		  NAPROOT("2", " [Get=a+b&Replace=a+b&Delete=a+b]") "./NAP/2/NapId = x\n"
		  ROOT("1", "a") "./DMAcc/1/PrefConRef = ./NAP/1\n" ADDRESSES("1", "a")
		  SHORT("2", "b")
		  ROOT("3", "c") "./DMAcc/3/PrefConRef = ./NAP/2\n" ADDRESSES("3", "c"));
}

/* Rules: CPP-12 */
static void init(struct far_end *f)
{
	static const char *const docs[] = { DOC(W7("a", FLAG("INIT")) W7("b", "")),
					    DOC(W7("c", P("INIT", "1")) W7("d", C("INIT", ""))) };
	struct cp_applied a;

	apply(f, docs, 2, &a);
	assert_int_equal(a.err, 0);
	assert_int_equal(a.res.nservers, 4);
	assert_true(a.init[0] && !a.init[1] && a.init[2] && !a.init[3]);
	assert_string_equal(a.res.servers[3], "d");
	dm_bootstrap_result_fini(&a.res);
}

/* Names are told apart by case, and what is not known is left out. Rules: CPP-14 */
static void unknown(struct far_end *f)
{
	gives(f, DOC(C("BOOTSTRAP", P("NAME", "x")) P("stray", "1") C("VENDORCONFIG", "")
		     C("application", P("APPID", "w7") P("PROVIDER-ID", "no"))
		     C("APPLICATION", P("APPID", "w4") P("ADDR", "http://mms"))
		     C("APPLICATION", P("appid", "w7")) C("APPLICATION", P("APPID", "W7"))
		     C("NAPDEF", P("NAME", "without NAPID")) C("PXLOGICAL", P("NAME", "without id"))
		     C("PXLOGICAL", P("PROXY-ID", "without a part"))
		     W7("s", P("PROTOVER", "1.2") P("ROLE", "4") P("CONNRETRYFREQ", "6")
			P("INITIALBACKOFFTIME", "16000") P("MAXBACKOFFTIME", "1")
			P("DEFAULTENCODING", "x") FLAG("BACKCOMPATRETRYDISABLED") P("USEHWDEVID", "1")
			P("SSLCLIENTCERTSEARCHCRITERIA", "x") P("name", "no") P("PROVIDER-ID", "second")
			C("RESOURCE", P("URI", "x")) C("APPLICATION", P("APPID", "w7"))
			C("APPADDR", P("ADDR", "+1") P("ADDRTYPE", "E164")) C("APPADDR", ""))),
	      SHORT("1", "s"));
}

/* Rules: CPP-5 */
static void without_account(struct far_end *f)
{
	const char *doc = DOC(C("NAPDEF", P("NAPID", "n"))), *empty = DOC("");
	const char *more = DOC(C("NAPDEF", P("NAPID", "n") P("NAME", "N")));
	struct cp_applied a;

	gives(f, doc, NAPROOT("1", "") "./NAP/1/NapId = n\n");
	/* Once is enough. */
	apply(f, &doc, 1, &a);
	assert_int_equal(a.err, 0);
	assert_false(a.res.changed || dm_tree_dirty(f->tree));
	apply(f, &more, 1, &a);
	assert_true(a.res.changed);
	dm_tree_committed(f->tree);
	apply(f, &empty, 1, &a);
	assert_int_equal(a.err, -ENOENT);
	assert_false(dm_tree_dirty(f->tree));
	assert_string_equal(a.reason, "the content holds neither account nor connectivity");
}

/* Rules: OPEN-11 */
static void again(struct far_end *f)
{
	static const char doc[] = DOC(W7("s", P("TO-NAPID", "n")) C("NAPDEF", P("NAPID", "n")));
	const char *d = doc;
	struct cp_applied a;

	gives(f, doc, NAPROOT("1", " " RIGHTS("s")) "./NAP/1/NapId = n\n"
	      ROOT("1", "s") "./DMAcc/1/PrefConRef = ./NAP/1\n" ADDRESSES("1", "s"));
	apply(f, &d, 1, &a);
	assert_int_equal(a.err, 0);
	assert_false(a.res.changed || dm_tree_dirty(f->tree));
	dm_bootstrap_result_fini(&a.res);
	/* Other content replaces all of it, and the account keeps its name. */
	gives(f, DOC(W7("t", "") W7("s", "") C("NAPDEF", P("NAPID", "m"))),
	      NAPROOT("2", " [Get=t+s&Replace=t+s&Delete=t+s]") "./NAP/2/NapId = m\n"
	      "./DMAcc/2 " RIGHTS("t") "/ urn:oma:mo:oma-dm-dmacc:1.0\n./DMAcc/2/AppID = w7\n"
	      "./DMAcc/2/ServerID = t\n" ADDRESSES("2", "t") SHORT("1", "s"));
}

/* Declarations, comments, a document type, padding; WBXML by number and by name. Rules: CPP-13 */
static void recognised(struct far_end *f)
{
#define CP(text) assert_int_equal(client_bootstrap_profile(SLICE_LIT(text)), CLIENT_PROFILE_CP)
#define DM(text) assert_int_equal(client_bootstrap_profile(SLICE_LIT(text)), CLIENT_PROFILE_DM)
	static const char typed[] =
		"\xef\xbb\xbf<?xml version='1.0'?> <!-- <SyncML> -->\n<!DOCTYPE wap-provisioningdoc "
		"PUBLIC \"-//WAPFORUM//DTD PROV 1.0//EN\" \"http://prov.dtd\">\n"
		DOC(C("NAPDEF", P("NAPID", "n"))) "\n\xff\xff\0\0";
	static const struct slice padded = { (const uint8_t *)typed, sizeof(typed) - 1 };
	struct cp_applied a;

	CP(DOC(""));
	CP("<wap-provisioningdoc");
	DM("<SyncML/>");
	DM("<!-- <wap-provisioningdoc> --><SyncML/>");
	DM("<!DOCTYPE wap-provisioningdoc [ <!ENTITY x 'y'> ]><wap-provisioningdoc/>");
	DM("<?xml");
	DM("");
	CP("\x03\x0b\x6a\x00\xc5");
	CP("\x01\x0b");
	DM("\x03\x01\x6a\x00");
	DM("\x02\x9f\x51\x6a\x00");
	CP("\x03\x00\x02\x6a\x20zz-//WAPFORUM//DTD PROV 1.0//EN\0");
	DM("\x03\x00\x03\x6a\x20zz-//WAPFORUM//DTD PROV 1.0//EN\0");
	DM("\x03\x00\x7f\x6a\x20zz-//WAPFORUM");
	DM("\x03\x00\x00\x6a");
	DM("\x03\x00\x00");
	DM("\x03\x00");
	DM("\x03\xff\xff\xff\xff\xff\x0b");
	DM("\x03");
	assert_int_equal(client_bootstrap_profile(padded), CLIENT_PROFILE_CP);
	cp_apply(f, &padded, 1, &a);
	assert_int_equal(a.err, 0);
	assert_string_equal(far_value(f, "./NAP/1/NapId"), "n");
}

/* A server manages what its document brought, others do not. Rules: CPP-4 */
static void managed(struct far_end *f)
{
	struct cp_applied a;
	const char *doc = DOC(W7(FAR_SERVER, "") C("NAPDEF", P("NAPID", "n")) );
	const char *other = DOC(W7("else", "") C("NAPDEF", P("NAPID", "m")));

	apply(f, &doc, 1, &a);
	dm_bootstrap_result_fini(&a.res);
	apply(f, &other, 1, &a);
	dm_bootstrap_result_fini(&a.res);
	far_do(f, GET("2", "./NAP/1/NapId") REP("3", "./NAP/1/NapId", "x") DEL("4", "./NAP/1")
		  GET("5", "./NAP/2/NapId") DEL("6", "./DMAcc/2"),
	       "S 2 Get 200\nR 2 ./NAP/1/NapId n\nS 3 Replace 200\nS 4 Delete 200\n"
	       "S 5 Get 425\nS 6 Delete 425\n");
}

#define CASES(X) \
	X(w7_table) X(usable) X(short_address) X(auth_types) X(napdef) X(pxlogical) X(references) \
	X(renamed) X(documents) X(init) X(unknown) X(without_account) X(again) X(recognised) \
	X(managed)

FAR_TESTS(CASES)
