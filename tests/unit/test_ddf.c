// SPDX-License-Identifier: GPL-2.0-or-later
/* What descriptions allow a server: DevInfo, DevDetail, DMAcc and Inbox as they stand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm/bootstrap.h"
#include "dm/cmd_int.h"
#include "dm/ddf.h"
#include "dm_far_end.h"
#include "mo/dmacc.h"
#include "mo/mo.h"
#include "util/str.h"

#define S(s) slice_str(s)
#define ME FAR_SERVER
#define ALL "Add=*&Get=*&Replace=*&Delete=*&Exec=*"
#define ACC "./DMAcc/me"

static void open_root(struct far_end *f)
{
	assert_int_equal(dm_tree_set_acl(f->tree, dm_tree_root(f->tree), S(ALL), 1), 0);
	dm_tree_committed(f->tree);
}

/* An account as this server made it, with everything it may hold. */
static void account(struct far_end *f)
{
	static const char *const leaves[] = {
		"/AppID", "/ServerID", "/Name", "/PrefConRef", "/ToConRef/1/ConRef", "/AppAddr/1/Addr",
		"/AppAddr/1/AddrType", "/AppAddr/1/Port/1/PortNbr", "/AAuthPref",
		"/AppAuth/1/AAuthLevel", "/AppAuth/1/AAuthType", "/AppAuth/1/AAuthName",
		"/AppAuth/1/AAuthSecret", "/Ext/vendor",
	};
	char uri[100];

	far_node(f, ACC, NULL, ALL);
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		snprintf(uri, sizeof(uri), ACC "%s", leaves[i]);
		far_node(f, uri, i == 1 ? ME : "x", NULL);
	}
}

/* Rules: INFO-1 INFO-2 INFO-3 DDF-12 */
static void devinfo(struct far_end *f)
{
	open_root(f);
	assert_string_equal(far_find(f, "./DevInfo")->type, "urn:oma:mo:oma-dm-devinfo:1.0");
	far_do(f, GET("2", "./DevInfo") GET("3", "./DevInfo/Man") GET("4", "./DevInfo/Mod")
	       GET("5", "./DevInfo/DmV") GET("6", "./DevInfo/Lang") REP("7", "./DevInfo/Man", "x")
	       DEL("8", "./DevInfo/Lang") ADD("9", "./DevInfo/Other", "x") DEL("10", "./DevInfo")
	       REP("11", "./DevInfo/Man?prop=Name", "M") ADD("12", "./DevInfo/Ext/x", "x"),
	       "S 2 Get 200\nR 2 ./DevInfo [node] DevId/Man/Mod/DmV/Lang\n"
	       "S 3 Get 200\nR 3 ./DevInfo/Man Maker\nS 4 Get 200\nR 4 ./DevInfo/Mod Model\n"
	       "S 5 Get 200\nR 5 ./DevInfo/DmV 1\nS 6 Get 200\nR 6 ./DevInfo/Lang en\n"
	       "S 7 Replace 405\nS 8 Delete 405\nS 9 Add 405\nS 10 Delete 405\nS 11 Replace 405\n"
	       "S 12 Add 405 @./DevInfo/Ext\n");
}

/* Rules: DETAIL-1 DETAIL-2 DETAIL-3 DDF-12 */
static void devdetail(struct far_end *f)
{
	open_root(f);
	assert_string_equal(far_find(f, "./DevDetail")->type, "urn:oma:mo:oma-dm-devdetail:1.0");
	far_do(f, GET("2", "./DevDetail") GET("3", "./DevDetail/URI") GET("4", "./DevDetail/LrgObj")
	       GET("5", "./DevDetail/URI/MaxDepth") REP("6", "./DevDetail/SwV", "x")
	       ADD("7", "./DevDetail/Ext/dmsc/Card/1/ICCID", "89") DEL("8", "./DevDetail/Ext/dmsc"),
	       "S 2 Get 200\nR 2 ./DevDetail [node] URI/DevTyp/OEM/FwV/SwV/HwV/LrgObj/Ext\n"
	       "S 3 Get 200\nR 3 ./DevDetail/URI [node] MaxDepth/MaxTotLen/MaxSegLen\n"
	       "S 4 Get 200\nR 4 ./DevDetail/LrgObj [bool] true\n"
	       "S 5 Get 200\nR 5 ./DevDetail/URI/MaxDepth 16\nS 6 Replace 405\n"
	       "S 7 Add 405 @./DevDetail/Ext/dmsc/Card/1\n"
	       "S 8 Delete 405\n");
}

/* Rules: ACCT-1 ACCT-2 ACCT-3 DDF-1 */
static void account_leaves(struct far_end *f)
{
	account(f);
	far_do(f, GET("2", ACC "/AppID") REP("3", ACC "/Name", "n") REP("4", ACC "/AppAddr/1/Addr", "a")
	       REP("5", ACC "/AppAuth/1/AAuthSecret", "s") GET("6", ACC "/AppAuth/1/AAuthSecret")
	       ADDF("7", ACC "/AppAuth/1/AAuthData", "b64", "Tm9uY2U=")
	       GET("8", ACC "/AppAuth/1/AAuthData") GET("9", ACC "/AppAuth/1/AAuthData?prop=Size")
	       GET("10", ACC "/AppAuth/1?list=StructData")
	       COPY("11", ACC "/AppAuth/1/AAuthSecret", "./Out")
	       REP("12", ACC "/AppAuth/1/AAuthSecret?prop=Name", "AAuthName2")
	       GET("13", ACC "/ServerID") REP("14", ACC "/ServerID", "z"),
	       "S 2 Get 200\nR 2 " ACC "/AppID x\nS 3 Replace 200\nS 4 Replace 200\nS 5 Replace 200\n"
	       "S 6 Get 405\nS 7 Add 200\nS 8 Get 405\nS 9 Get 405\nS 10 Get 200\n"
	       "R 10 " ACC "/AppAuth/1 [node]\nR 10 " ACC "/AppAuth/1/AAuthLevel [chr] x\n"
	       "R 10 " ACC "/AppAuth/1/AAuthType [chr] x\nR 10 " ACC "/AppAuth/1/AAuthName [chr] x\n"
	       "S 11 Copy 405\nS 12 Replace 405\nS 13 Get 200\nR 13 " ACC "/ServerID " ME "\n"
	       "S 14 Replace 405\n");
	assert_string_equal(far_value(f, ACC "/AppAuth/1/AAuthData"), "Nonce");
}

/* Rules: DDF-2 DDF-3 DDF-4 DDF-13 */
static void shape(struct far_end *f)
{
	account(f);
	far_do(f, ADD("2", ACC "/Unknown", "x") ADD("3", ACC "/AppAddr/1/Vendor", "x")
	       ADD("4", ACC "/Ext/any", "x") ADDN("5", ACC "/Ext/deep/er")
	       REPF("6", ACC "/Name", "int", "1") REPF("7", ACC "/AAuthPref", "bin", "x")
	       ADDF("8", ACC "/AppAuth/1/AAuthData", "chr", "x") ADD("9", ACC "/AppAuth/2", "leaf")
	       ADDN("10", ACC "/AppAuth/2") ADDN("11", ACC "/AppAuth/2/AAuthName")
	       COPY("12", ACC "/Name", ACC "/AppAuth/2/AAuthName")
	       COPY("13", ACC "/Name", ACC "/AppAuth/2/Else")
	       TNDS("Add", "14", ACC "/AppAddr/2", TDIR("2", "", TLEAF("Addr", "https://b/")))
	       TNDS("Add", "15", ACC "/AppAddr/3", TDIR("3", "", TLEAF("Odd", "x"))),
	       "S 2 Add 405\nS 3 Add 405\nS 4 Add 200\nS 5 Add 200\nS 6 Replace 415\n"
	       "S 7 Replace 415\nS 8 Add 415\nS 9 Add 415\nS 10 Add 200\nS 11 Add 415\n"
	       "S 12 Copy 200\nS 13 Copy 405\nS 14 Add 200\nS 15 Add 405\n");
	assert_string_equal(far_value(f, ACC "/AppAddr/2/Addr"), "https://b/");
	assert_null(far_find(f, ACC "/AppAddr/3"));
}

/* What must be there goes only together with what it is part of. Rules: DDF-5 DDF-6 */
static void occurrence(struct far_end *f)
{
	account(f);
	far_do(f, DEL("2", ACC "/AppID") DEL("3", ACC "/AppAddr") DEL("4", ACC "/AppAddr/1")
	       DEL("5", ACC "/AppAuth/1/AAuthLevel") DEL("6", ACC "/Name") DEL("7", ACC "/ToConRef")
	       ADDN("8", ACC "/AppAddr/2") DEL("9", ACC "/AppAddr/1") DEL("10", ACC "/AppAddr/2")
	       DEL("11", ACC "/AppAuth") DEL("12", ACC),
	       "S 2 Delete 405\nS 3 Delete 405\nS 4 Delete 405\nS 5 Delete 405\nS 6 Delete 200\n"
	       "S 7 Delete 200\nS 8 Add 200\nS 9 Delete 200\nS 10 Delete 405\nS 11 Delete 200\n"
	       "S 12 Delete 200\n");
}

/* As card and server make them: what is described is held to it, what is not may stand beside. */
/* Rules: DDF-15 */
static void access_points(struct far_end *f)
{
	open_root(f);
	far_do(f, ADDN("2", "./NAP") ADDN("3", "./NAP/1") ADD("4", "./NAP/1/Addr", "a.b")
	       ADDF("5", "./NAP/1/Linger", "int", "5") ADDF("6", "./NAP/1/Name", "bin", "x")
	       ADD("7", "./NAP/1/AuthInfo/AuthSecret", "s") GET("8", "./NAP/1/AuthInfo/AuthSecret")
	       GET("9", "./NAP/1/AuthInfo?list=StructData")
	       COPY("10", "./NAP/1/AuthInfo/AuthSecret", "./Out")
	       REP("11", "./NAP/1/AuthInfo/AuthSecret", "t") ADD("12", "./NAP/1/IPv4/Other", "x")
	       ADD("13", "./NAP/1/IPv4/DNS/1/DNSAddr", "192.0.2.1") DEL("14", "./NAP/1/IPv4/DNS/1")
	       ADD("15", "./NAP/1/BearerParams/Vendor", "x") ADD("16", "./NAP/2", "leaf")
	       ADDN("17", "./NAP/1/BearerType"),
	       "S 2 Add 200\nS 3 Add 200\nS 4 Add 200\nS 5 Add 200\nS 6 Add 415\nS 7 Add 200\n"
	       "S 8 Get 405\nS 9 Get 200\nR 9 ./NAP/1/AuthInfo [node]\nS 10 Copy 405\n"
	       "S 11 Replace 200\nS 12 Add 405\nS 13 Add 200\nS 14 Delete 405\nS 15 Add 200\n"
	       "S 16 Add 415\nS 17 Add 415\n");
	assert_string_equal(far_value(f, "./NAP/1/AuthInfo/AuthSecret"), "t");
}

/* Rules: DDF-15 */
static void proxies(struct far_end *f)
{
	open_root(f);
	far_do(f, TNDS("Add", "2", "./Proxy/1", TDIR("1", "", TLEAF("Addr", "h")
		    TDIR("Ports", "", TDIR("1", "", TLEAF("PortNbr", "8080")))
		    TDIR("AuthInfo", "", TDIR("1", "", TLEAF("AuthID", "u") TLEAF("AuthPW", "p")))
		    TDIR("ConRefs", "", TDIR("1", "", TLEAF("ConRef", "./NAP/1")))))
	       GET("3", "./Proxy/1/AuthInfo/1/AuthPW") REP("4", "./Proxy/1/AuthInfo/1/AuthPW", "q")
	       DEL("5", "./Proxy/1/Ports/1") ADD("6", "./Proxy/1/ConRefs/1/Other", "x")
	       TNDS("Add", "7", "./Proxy/2", TDIR("2", "",
		    TDIR("Ports", "", TDIR("1", "", TLEAF("Odd", "8080")))))
	       REPF("8", "./Proxy/1/Ports/1/PortNbr", "int", "3128") DEL("9", "./Proxy/1"),
	       "S 2 Add 200\nS 3 Get 405\nS 4 Replace 200\nS 5 Delete 405\nS 6 Add 405\nS 7 Add 405\n"
	       "S 8 Replace 200\nS 9 Delete 200\n");
	assert_null(far_find(f, "./Proxy/2"));
}

/* Rules: DDF-7 */
static void names(struct far_end *f)
{
	account(f);
	far_do(f, REP("2", ACC "/Name?prop=Name", "Label") REP("3", ACC "/Name?prop=Name", "AAuthPref")
	       REP("4", ACC "/AppAddr/1?prop=Name", "first") REP("5", ACC "/Ext/vendor?prop=Name", "w")
	       REP("6", ACC "?prop=Name", "mine"),
	       "S 2 Replace 405\nS 3 Replace 405\nS 4 Replace 200\nS 5 Replace 200\nS 6 Replace 200\n");
	assert_non_null(far_find(f, "./DMAcc/mine/AppAddr/first/Addr"));
}

/* A server that can only Get may be let extend its own account, by ACL. Rules: ACCT-4 */
static void extension(struct far_end *f)
{
	account(f);
	far_do(f, ADDN("2", "./DMAcc/second") ADD("3", "./DMAcc/second/ServerID", "other.example")
	       ADD("4", "./DMAcc/second/AppAddr/1/Addr", "https://o/")
	       ADDF("5", ACC "/AppAuth/2/AAuthData", "bin", "Tm9uY2U=")
	       ADD("6", ACC "/AppAuth/2/AAuthSecret", "pw"),
	       "S 2 Add 200\nS 3 Add 200\nS 4 Add 200\nS 5 Add 200\nS 6 Add 200\n");
	assert_int_equal(far_find(f, ACC "/AppAuth/2/AAuthSecret")->access & DM_ACC_GET, 0);
}

/* Rules: DDF-8 */
static void mime(struct far_end *f)
{
	static const struct dmsc_ddf leaf[] = {
		{ .name = "Doc", .formats = DMSC_FMT(DMSC_CHR) | DMSC_FMT(DMSC_XML), .access = 0x3f,
		  DMSC_ZERO_OR_ONE, .type = "text/xml" },
		{ .formats = 0 }
	};
	static const struct dmsc_ddf none[] = { { .formats = 0 } };
	static const struct dmsc_ddf tops[] = {
		{ .name = "V", .formats = DMSC_FMT(DMSC_NODE), .access = 0x3f, DMSC_ONE,
		  .children = leaf },
		{ .name = "W", .formats = DMSC_FMT(DMSC_NODE), .access = 0x3f, DMSC_ONE,
		  .children = none },
		{ .formats = 0 }
	};
	static const struct dmsc_ddf root = { .name = ".", .formats = DMSC_FMT(DMSC_NODE),
					      .access = 0x3f, DMSC_ONE, .flags = DMSC_OPEN,
					      .children = tops };

	open_root(f);
	dm_ddf_bind(f->tree, &root);
	far_node(f, "./V", NULL, ALL);
	far_do(f, ADD("2", "./V/Doc", "x")
	       CMD("Add", "3", ITEM("./V/Doc", "<Meta><Type xmlns='syncml:metinf'>text/xml</Type></Meta>",
				    "x"))
	       CMD("Replace", "4", ITEM("./V/Doc", "<Meta><Type xmlns='syncml:metinf'>text/css</Type>"
						   "</Meta>", "y"))
	       REP("5", "./V/Doc", "z") ADDN("6", "./W/x"),
	       "S 2 Add 415\nS 3 Add 200\nS 4 Replace 415\nS 5 Replace 200\nS 6 Add 405\n");
	dm_ddf_bind(f->tree, NULL);
}

/* Rules: INFO-4 INFO-5 DETAIL-4 */
static void package1(struct far_end *f)
{
	far_start(f);		/* the far end wants DevId for Source */
	assert_string_equal(buf_cstr(&f->said), "A 1201\nD 5\nF\n");
	assert_string_equal(far_value(f, "./DevInfo/DevId"), FAR_DEVICE);
	assert_null(strstr(buf_cstr(&f->out), "DevDetail"));
	assert_non_null(strstr(buf_cstr(&f->out), "./DevInfo/Lang"));
}

/* As DevDetail says: 16 segments, 255 bytes, 64 bytes a segment. Rules: DETAIL-5 */
static void uri_limits(struct far_end *f)
{
#define A16 "aaaaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16
	open_root(f);
	far_do(f, ADDN("2", "./1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16")
	       ADDN("3", "./1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17") ADDN("4", "./" A64)
	       ADDN("5", "./" A64 "b") ADDN("6", "./" A64 "/" A64 "/" A64 "/" A64),
	       "S 2 Add 200\nS 3 Add 414\nS 4 Add 200\nS 5 Add 414\nS 6 Add 414\n");
}

/* Rules: ACCT-11 ACCT-12 */
static void own_account_goes(struct far_end *f)
{
	account(f);
	far_node(f, "./N", "still read", "Get=" ME);
	far_node(f, "./M", "x", "Get=*&Replace=*");
	far_do(f, DEL("2", ACC), "S 2 Delete 200\n");
	assert_null(far_find(f, ACC));
	assert_null(far_find(f, "./DMAcc")->first_child);
	assert_int_equal(far_message(f, 200, GET("3", "./M"), true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200\nS 3 Get 200\nR 3 ./M x\nF\n");
}

/* N of ZeroOrN, and the last of OneOrN. Rules: DDF-6 */
static void at_most(struct far_end *f)
{
	static const struct dmsc_ddf any[] = {
		{ .formats = DMSC_FMT(DMSC_CHR), .access = 0x3f, DMSC_ONE_OR_N(2) }, { .formats = 0 }
	};
	static const struct dmsc_ddf tops[] = {
		{ .name = "V", .formats = DMSC_FMT(DMSC_NODE), .access = 0x3f, DMSC_ONE,
		  .children = any }, { .formats = 0 }
	};
	static const struct dmsc_ddf root = { .name = ".", .formats = DMSC_FMT(DMSC_NODE),
					      .access = 0x3f, DMSC_ONE, .children = tops };

	dm_ddf_bind(f->tree, &root);
	far_node(f, "./V", NULL, ALL);
	far_do(f, ADD("2", "./V/a", "x") ADD("3", "./V/b", "x") ADD("4", "./V/c", "x") DEL("5", "./V/a")
	       DEL("6", "./V/b") ADD("7", "./V/d", "x"),
	       "S 2 Add 200\nS 3 Add 200\nS 4 Add 405\nS 5 Delete 200\nS 6 Delete 405\nS 7 Add 200\n");
	dm_ddf_bind(f->tree, NULL);
}

/* What a card wrote is kept, and does not get in the way of what is described. Rules: DDF-9 */
static void card_is_lenient(struct far_end *f)
{
	struct dm_cmd_env env = { .tree = f->tree, .trusted = true, .origin = 3, .now = 1 };
	const struct dm_item item = { .target = S(ACC "/Odd/Node"), .data = S("kept") };
	const struct dm_item leaf = { .target = S(ACC "/ToConRef"), .data = S("flat") };
	const struct dm_item nonce = { .target = S(ACC "/AppAuth/1/AAuthData"), .data = S("Tm8=") };
	const struct dm_cmd cmd = { .kind = DM_CMD_ADD };

	far_node(f, ACC, NULL, ALL);
	far_node(f, ACC "/AppAuth/1", NULL, NULL);
	assert_int_equal(dm_cmd_add(&env, &cmd, &item), DM_ST_OK);
	assert_int_equal(dm_cmd_add(&env, &cmd, &leaf), DM_ST_OK);
	assert_int_equal(dm_cmd_add(&env, &cmd, &nonce), DM_ST_OK);
	dm_tree_committed(f->tree);
	far_do(f, GET("2", ACC "/Odd/Node") REP("3", ACC "/Odd/Node", "x") REP("4", ACC "/ToConRef", "y")
	       REP("5", ACC "/AppAuth/1/AAuthData", "TnU=") GET("6", ACC "/AppAuth/1/AAuthData")
	       DEL("7", ACC "/Odd"),
	       "S 2 Get 200\nR 2 " ACC "/Odd/Node kept\nS 3 Replace 200\nS 4 Replace 200\n"
	       "S 5 Replace 200\nS 6 Get 405\nS 7 Delete 200\n");
}

/* Rules: INBOX-1 INBOX-2 INBOX-3 INBOX-6 ACCT-9 */
static void inbox(struct far_end *f)
{
	open_root(f);
	assert_string_equal(far_find(f, "./Inbox")->type, "urn:oma:mo:oma-dm-inbox:1.0");
	far_do(f, GET("2", "./Inbox") GET("3", "./Inbox/x") GET("4", "./Inbox?list=Struct")
	       GET("5", "./Inbox?prop=ACL") ADD("6", "./Inbox/x", "y") DEL("7", "./Inbox")
	       TNDS("Add", "8", "./Inbox", TDIR("n", "urn:oma:mo:oma-dm-dmacc:1.0",
						TLEAF("ServerID", "new.example")))
	       TNDS("Replace", "9", "./Inbox", TDIR("m", "org.openmobilealliance/1.0/w7",
						    TLEAF("ServerID", "n2.example")))
	       TNDS("Add", "10", "./Inbox", TDIR("u", "urn:unknown", TLEAF("a", "b")))
	       /* Nor does another way lead into it. */
	       TNDS("Add", "11", ".", "<Node><NodeName>x</NodeName><Path>Inbox</Path><Value>v</Value>"
		    "</Node>")
	       TNDS("Add", "12", ".", TDIR("Inbox", "", TLEAF("x", "v")))
	       ADD("13", "./Inbox/x/y", "v") COPY("14", "./DevInfo/Man", "./Inbox/x")
	       REP("15", "./Inbox?prop=Name", "I") REP("16", "./Inbox", "v"),
	       "S 2 Get 405\nS 3 Get 405\nS 4 Get 405\nS 5 Get 405\nS 6 Add 405\nS 7 Delete 405\n"
	       "S 8 Add 200\nS 9 Replace 200\nS 10 Add 404\nS 11 Add 405\nS 12 Add 418\n"
	       "S 13 Add 405\nS 14 Copy 405\nS 15 Replace 405\nS 16 Replace 405\n");
	assert_string_equal(far_value(f, "./DMAcc/n/ServerID"), "new.example");
	assert_string_equal(far_value(f, "./DMAcc/m/ServerID"), "n2.example");
	assert_null(far_find(f, "./Inbox")->first_child);
}

#define V(name, type, id, rest) TDIR(name, type, TLEAF("ServerID", id) rest)

/* Several versions of one object: the newest we know, whatever their order. Rules: INBOX-4 */
static void versions(struct far_end *f)
{
	open_root(f);
	far_do(f, TNDS("Add", "2", "./Inbox",
		       V("old", "org.openmobilealliance/1.0/w7", "a", TLEAF("Name", "w7"))
		       V("new", "urn:oma:mo:oma-dm-dmacc:1.2", "a", TLEAF("Name", "1.2"))
		       V("mid", "urn:oma:mo:oma-dm-dmacc:1.1", "a", TLEAF("Name", "1.1"))
		       V("far", "urn:oma:mo:oma-dm-dmacc:2.0", "a", TLEAF("Name", "2.0"))
		       V("b", "urn:oma:mo:oma-dm-dmacc:1.0", "b", TLEAF("PrefConRef", "./Inbox/N1"))
		       TDIR("N1", "urn:oma:mo:oma-connmo-nap:1.0", TLEAF("NAPID", "n"))
		       TDIR("N2", "urn:oma:mo:oma-connmo-nap:1.1", TLEAF("NAPID", "n"))),
	       "S 2 Add 200\n");
	assert_string_equal(far_value(f, "./DMAcc/new/Name"), "1.2");
	assert_null(far_find(f, "./DMAcc/old"));
	assert_null(far_find(f, "./DMAcc/mid"));
	assert_null(far_find(f, "./DMAcc/far"));
	assert_non_null(far_find(f, "./NAP/N2"));
	assert_null(far_find(f, "./NAP/N1"));
	assert_string_equal(far_value(f, "./DMAcc/b/PrefConRef"), "./NAP/N2");
}

/* Work grows as the object does, not faster. Rules: INBOX-5 */
static void inbox_work(struct far_end *f)
{
	enum { N = 20000 };
	struct dm_tnds_node *v = calloc(2 * N + 1, sizeof(*v));
	struct dm_cmd_env env = { .tree = f->tree, .trusted = true, .now = 1 };
	struct dm_tnds t = { v, 2 * N + 1 };
	struct dm_inbox_result res = { 0 };

	/* Each looks like an account, in a directory that has a ServerID of its own. */
	v[0] = (struct dm_tnds_node){ .name = S("d"), .type = S("urn:oma:mo:oma-dm-dmacc:1.0") };
	for (size_t i = 0; i < N; i++) {
		v[2 * i + 1] = (struct dm_tnds_node){ .depth = 1, .name = S("x"), .type = S("urn:u") };
		v[2 * i + 2] = (struct dm_tnds_node){ .depth = 2, .name = S("ServerID"),
						      .has_value = true, .value = S("s") };
	}
	v[0].type = S("urn:other");
	assert_int_equal(dm_inbox_place(&env, &t, &res), DM_ST_OK);
	assert_int_equal(res.placed, 0);
	assert_in_range(res.steps, 2 * N, 6 * N);
	/* Names that are taken are not tried again for each object. */
	for (unsigned int i = 1; i < 1000; i++) {
		char uri[40];

		snprintf(uri, sizeof(uri), "./DMAcc/%u", i);
		far_node(f, uri, NULL, NULL);
	}
	res.steps = 0;
	t.n = 100;
	for (size_t i = 0; i < 50; i++) {
		v[2 * i] = (struct dm_tnds_node){ .type = S("urn:oma:mo:oma-dm-dmacc:1.0") };
		v[2 * i + 1] = (struct dm_tnds_node){ .depth = 1, .name = S("ServerID"),
						      .has_value = true, .value = S("s") };
	}
	assert_int_equal(dm_inbox_place(&env, &t, &res), DM_ST_OK);
	assert_int_equal(res.placed, 50);
	assert_in_range(res.steps, 1000, 2000);
	free(v);
}

/* A serialized Replace that leaves an account out deletes it, ACLs and all. Rules: ACL-10 ACCT-5 */
static void replaced_away(struct far_end *f)
{
	open_root(f);
	far_node(f, "./DMAcc/a/ServerID", "a.example", NULL);
	far_node(f, "./DMAcc/b/ServerID", "b.example", NULL);
	far_node(f, "./N", NULL, "Get=a.example+b.example&Replace=a.example");
	far_do(f, TNDS("Replace", "2", "./DMAcc", V("a", "", "a.example", "")), "S 2 Replace 200\n");
	assert_null(far_find(f, "./DMAcc/b"));
	assert_string_equal(far_find(f, "./N")->acl, "Get=a.example&Replace=a.example");
	/* Changed to be another's: refused to a server, done for who may do all. */
	assert_int_equal(far_message(f, 200, TNDS("Replace", "3", "./DMAcc/a", V("a", "", "c.example", "")),
				     true), 1);
	assert_string_equal(buf_cstr(&f->said), "H 200\nS 3 Replace 405\nF\n");
	assert_string_equal(far_find(f, "./N")->acl, "Get=a.example&Replace=a.example");
}

static void replaced_by_device(struct far_end *f)
{
	struct dm_tnds_node v[] = {
		{ .name = S("a") }, { .depth = 1, .name = S("ServerID"), .has_value = true,
				      .value = S("c.example") },
	};
	const struct dm_tnds t = { v, 2 };
	const struct dm_item item = { .target = S("./DMAcc/a"), .tnds = &t };
	const struct dm_cmd cmd = { .kind = DM_CMD_REPLACE };
	struct dm_cmd_env env = { .tree = f->tree, .trusted = true, .now = 1 };

	far_node(f, "./DMAcc/a/ServerID", "a.example", NULL);
	far_node(f, "./N", NULL, "Get=a.example+b.example&Replace=a.example");
	assert_int_equal(dm_cmd_replace(&env, &cmd, &item), DM_ST_OK);
	assert_string_equal(far_find(f, "./N")->acl, "Get=b.example");
}

/* Rules: DDF-10 */
static void budget(struct far_end *f)
{
	struct dm_cmd_env env = { .tree = f->tree, .server = S(ME), .now = 1 };
	struct dm_item item = { .target = S("./B/x"), .data = S("0123456789") };
	const struct dm_cmd cmd = { .kind = DM_CMD_ADD };
	char big[4000];
	size_t before;

	far_node(f, "./B", NULL, ALL);
	before = dm_tree_bytes(f->tree);
	env.max_bytes = before + 1000;
	assert_int_equal(dm_cmd_add(&env, &cmd, &item), DM_ST_OK);
	assert_in_range(dm_tree_bytes(f->tree), before + sizeof(struct dm_node), before + 1000);
	memset(big, 'x', sizeof(big));
	item.data = slice_of(big, sizeof(big));
	assert_int_equal(dm_cmd_replace(&env, &cmd, &item), DM_ST_DEVICE_FULL);
	item.target = S("./B/y");
	assert_int_equal(dm_cmd_add(&env, &cmd, &item), DM_ST_DEVICE_FULL);
	item.target = S("./B/x?prop=Title");
	item.data = slice_of(big, 200);
	env.max_bytes = dm_tree_bytes(f->tree) + 100;
	assert_int_equal(dm_cmd_replace(&env, &cmd, &item), DM_ST_DEVICE_FULL);
	item.target = S("./B?prop=Name");
	assert_int_equal(dm_cmd_replace(&env, &cmd, &item), DM_ST_DEVICE_FULL);
	env.max_bytes += 1000;
	item.target = S("./B/x?prop=Title");
	assert_int_equal(dm_cmd_replace(&env, &cmd, &item), DM_ST_OK);
	/* What can still be taken back is still held, and given back when it is. */
	item.target = S("./B/x");
	assert_int_equal(dm_cmd_delete(&env, &item), DM_ST_OK);
	assert_in_range(dm_tree_bytes(f->tree), before + 200, SIZE_MAX);
	assert_int_equal(dm_tree_rollback(f->tree, 0), 0);
	assert_int_equal(dm_tree_bytes(f->tree), before);
}

#define TESTS(X)                                                                                   \
	X(devinfo) X(devdetail) X(account_leaves) X(shape) X(occurrence) X(access_points) X(proxies) X(names) X(extension)     \
	X(mime) X(at_most) X(card_is_lenient) X(inbox) X(versions) X(inbox_work)                   \
	X(package1) X(uri_limits) X(own_account_goes) X(replaced_away) X(replaced_by_device) X(budget)

#define RUN(n)                                                                                     \
	static void test_##n(void **state)                                                         \
	{                                                                                          \
		struct far_end f;                                                                  \
                                                                                                   \
		far_init(&f);                                                                      \
		n(&f);                                                                             \
		far_fini(&f);                                                                      \
	}
TESTS(RUN)

int main(void)
{
#define ENTRY(n) cmocka_unit_test(test_##n),
	const struct CMUnitTest tests[] = { TESTS(ENTRY) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
